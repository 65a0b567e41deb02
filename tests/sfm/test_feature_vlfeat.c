/* SPDX-License-Identifier: MIT */
/* Our SIFT against VLFeat's (Vedaldi and Fulkerson), which COLMAP uses: the same keypoints, the
 * same directions, descriptors that say the same.  Skips in builds without libvlfeat. */
#include "core/memory.h"
#include "core/status.h"
#include "sfm/feature.h"
#include "tests/check.h"
#include "tests/sfm/blob_texture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#if HL_TEST_VLFEAT

#include <vl/sift.h>

enum { DIM = HL_DESCRIPTOR_BYTES, ROWS_MAX = 8000 };

/* RootSIFT as COLMAP makes it from VLFeat's unit vector. */
static void root_bytes(const float v[DIM], uint8_t out[DIM])
{
    double sum = 0;
    for (int k = 0; k < DIM; k++)
        sum += fabs((double)v[k]);
    for (int k = 0; k < DIM; k++)
        out[k] = (uint8_t)fmin(255, floor(512 * sqrt((double)v[k] / sum) + 0.5));
}

static void add_octave(VlSiftFilt *sift, hl_features *f)
{
    vl_sift_detect(sift);
    const VlSiftKeypoint *k = vl_sift_get_keypoints(sift);
    for (int i = 0; i < vl_sift_get_nkeypoints(sift); i++) {
        double angles[4];
        const int n = vl_sift_calc_keypoint_orientations(sift, angles, &k[i]);
        for (int a = 0; a < n && a < 2 && f->count < ROWS_MAX; a++) {
            float v[DIM];
            vl_sift_calc_keypoint_descriptor(sift, v, &k[i], angles[a]);
            f->keypoints[f->count] =
                (hl_keypoint){k[i].x + 0.5f, k[i].y + 0.5f, k[i].sigma, (float)angles[a]};
            root_bytes(v, f->descriptors + (size_t)f->count++ * DIM);
        }
    }
}

static hl_features by_vlfeat(const hl_image8 *image)
{
    hl_features f = {.width = image->width, .height = image->height};
    f.keypoints = hl_alloc(ROWS_MAX, sizeof *f.keypoints);
    f.descriptors = hl_alloc(ROWS_MAX, DIM);
    hl_image grey;
    check_ok(hl_image_from_8(&grey, image));
    VlSiftFilt *sift = vl_sift_new(image->width, image->height, 4, 3, -1);
    vl_sift_set_peak_thresh(sift, 0.02 / 3);
    vl_sift_set_edge_thresh(sift, 10);
    for (int err = vl_sift_process_first_octave(sift, grey.data); !err;
         err = vl_sift_process_next_octave(sift))
        add_octave(sift, &f);
    vl_sift_delete(sift);
    hl_image_release(&grey);
    return f;
}

static double turned(double angle)
{
    return angle - 6.283185307179586 * floor(angle / 6.283185307179586 + 0.5);
}

/* Row of b at the same place, size and, with `directed`, direction as k; -1 if none. */
static int32_t twin_of(const hl_keypoint *k, const hl_features *b, bool directed)
{
    for (int32_t j = 0; j < b->count; j++) {
        const hl_keypoint *q = &b->keypoints[j];
        if (hypot((double)q->x - (double)k->x, (double)q->y - (double)k->y) <
                0.15 * (double)k->scale &&
            fabs(log((double)q->scale / (double)k->scale)) < 0.05 &&
            (!directed || fabs(turned((double)q->angle - (double)k->angle)) < 0.1))
            return j;
    }
    return -1;
}

typedef struct agreement {
    double placed, directed; /* shares of the rows of a                          */
    double angle, worst;     /* between descriptors: mean; 95 % are below worst   */
} agreement;

/* At the border the two continue the picture differently. */
static bool is_inside(const hl_keypoint *k, const hl_features *f)
{
    const float reach = 10.6f * k->scale; /* corner of the descriptor's window */
    return k->x > reach && k->y > reach && k->x < (float)f->width - reach &&
           k->y < (float)f->height - reach;
}

static agreement compare(const hl_features *a, const hl_features *b)
{
    agreement g = {0, 0, 0, 0};
    int32_t twins = 0, compared = 0, histogram[200] = {0};
    for (int32_t i = 0; i < a->count; i++) {
        const hl_keypoint *k = &a->keypoints[i];
        g.placed += twin_of(k, b, false) >= 0;
        const int32_t j = twin_of(k, b, true);
        twins += j >= 0;
        if (j < 0 || !is_inside(k, a))
            continue;
        double dot = 0;
        for (int c = 0; c < DIM; c++)
            dot += (double)a->descriptors[i * DIM + c] * b->descriptors[j * DIM + c];
        const double angle = acos(fmin(1, dot / (512.0 * 512.0)));
        g.angle += angle;
        histogram[(int)fmin(199, angle * 100)]++;
        compared++;
    }
    g.directed = twins / g.placed;
    g.placed /= a->count;
    g.angle /= compared;
    for (int32_t below = 0, bin = 0; below < 0.95 * compared; bin++) {
        below += histogram[bin];
        g.worst = 0.01 * (bin + 1);
    }
    return g;
}

static void check_agreement(const hl_image8 *image, int32_t least_rows)
{
    const hl_feature_options o = {.octaves = 4, .min_features = -1, .max_features = 20000};
    hl_features ours, theirs = by_vlfeat(image);
    check_ok(hl_features_extract(&ours, image, NULL, &o));
    assert_true(theirs.count >= least_rows);
    const agreement ab = compare(&ours, &theirs), ba = compare(&theirs, &ours);
    print_message("%d rows, VLFeat %d: place %.3f %.3f, direction %.3f %.3f, "
                  "descriptors %.3f rad, 95 %% below %.2f\n",
                  ours.count, theirs.count, ab.placed, ba.placed, ab.directed, ba.directed,
                  ab.angle, ab.worst);
    assert_true(fabs((double)ours.count / theirs.count - 1) < 0.05);
    assert_true(fmin(ab.placed, ba.placed) >= 0.95);
    assert_true(fmin(ab.directed, ba.directed) >= 0.93);
    assert_true(ab.angle < 0.08); /* 0.7 is the largest angle of a match */
    assert_true(ab.worst < 0.16);
    hl_features_release(&ours);
    hl_features_release(&theirs);
}

static void agrees_on_blobs(void **state)
{
    (void)state;
    hl_image8 image;
    const blob_view v = {0.8, 0.3, 200, 200};
    blob_texture_render(&image, 330, 290, 17, &v);
    check_agreement(&image, 150);
    hl_image8_release(&image);
}

static void agrees_on_a_photo(void **state)
{
    (void)state;
    hl_image8 photo, grey;
    check_ok(hl_image8_load(&photo, hl_test_data("gtpose/fountain-P11/images/0000.jpg"), 0));
    const int32_t width = 320, height = 280, x0 = photo.width / 3, y0 = photo.height / 3;
    check_ok(hl_image8_create(&grey, width, height, 1));
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            grey.data[y * width + x] =
                photo.data[((y + y0) * photo.width + x + x0) * photo.channels + 1];
    check_agreement(&grey, 300);
    hl_image8_release(&grey);
    hl_image8_release(&photo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_on_blobs),
        cmocka_unit_test(agrees_on_a_photo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    puts("SKIP: built without libvlfeat (Debian: libvlfeat-dev)");
    return 77;
}

#endif
