/* SPDX-License-Identifier: MIT */
/* SIFT: blobs where and as large as theory says, features that follow a turned and scaled
 * picture, masks, limits, the same bytes on every instruction set and thread count. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/status.h"
#include "sfm/feat/sift.h"
#include "sfm/feature.h"
#include "tests/check.h"
#include "tests/sfm/blob_texture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static hl_features features_of(const hl_image8 *image, const hl_image8 *mask,
                               const hl_feature_options *options)
{
    hl_features f;
    check_ok(hl_features_extract(&f, image, mask, options));
    return f;
}

/* A Gaussian of deviation s is largest, among differences G(k sigma) - G(sigma), at
 * sigma^2 = (s^2 - 0.5^2) / k: the photo is taken to bring a blur of 0.5 itself. */
static void gaussian_gives_one_blob_of_its_size(void **state)
{
    (void)state;
    const double sizes[] = {2.2, 3.1, 5.7, 9.3};
    for (int i = 0; i < 4; i++) {
        const double s = sizes[i], cx = 60.3 + i, cy = 64.8 - i;
        hl_image8 image;
        check_ok(hl_image8_create(&image, 128, 120, 3));
        for (int y = 0; y < 120; y++)
            for (int x = 0; x < 128; x++) {
                const double dx = x + 0.5 - cx, dy = y + 0.5 - cy;
                const double v = 40 + 180 * exp(-0.5 * (dx * dx + dy * dy) / (s * s));
                memset(image.data + 3 * (y * 128 + x), (int)lrint(v), 3);
            }
        const hl_feature_options o = {.upright = true, .min_features = -1};
        hl_features f = features_of(&image, NULL, &o);
        assert_true(f.count >= 1);
        int best = 0;
        for (int k = 0; k < f.count; k++)
            if (hypot((double)f.keypoints[k].x - cx, (double)f.keypoints[k].y - cy) <
                hypot((double)f.keypoints[best].x - cx, (double)f.keypoints[best].y - cy))
                best = k;
        const double got[3] = {(double)f.keypoints[best].x, (double)f.keypoints[best].y,
                               (double)f.keypoints[best].scale};
        const double want[3] = {cx, cy, sqrt((s * s - 0.25) / exp2(1.0 / 3))};
        check_close(got, want, 2, 0.06, 0);
        check_close(got + 2, want + 2, 1, 1e-9, 0.04);
        hl_features_release(&f);
        hl_image8_release(&image);
    }
}

static double dot_of(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    for (int k = 0; k < HL_DESCRIPTOR_BYTES; k++)
        sum += (double)a[k] * b[k];
    return sum / (512.0 * 512.0);
}

static double turned(double angle)
{
    return angle - 6.283185307179586 * floor(angle / 6.283185307179586 + 0.5);
}

/* Of the features of A that B can see: share with a twin in B at the right place, size and
 * direction; and, of those, share whose nearest descriptor in B is that twin. */
static void follow(const blob_view *va, const blob_view *vb, int32_t side, double *repeated,
                   double *recognised)
{
    hl_image8 ia, ib;
    blob_texture_render(&ia, side, side, 7, va);
    blob_texture_render(&ib, side, side, 7, vb);
    const hl_feature_options o = {.min_features = -1};
    hl_features fa = features_of(&ia, NULL, &o), fb = features_of(&ib, NULL, &o);
    assert_true(fa.count > 60 && fb.count > 60);
    int seen = 0, twins = 0, known = 0;
    for (int i = 0; i < fa.count; i++) {
        const hl_keypoint *k = &fa.keypoints[i];
        double t[2], p[2];
        blob_texture_at(va, side, side, (double)k->x, (double)k->y, t);
        blob_texture_back(vb, side, side, t, p);
        const double scale = (double)k->scale * va->scale / vb->scale;
        const double angle = (double)k->angle + va->angle - vb->angle;
        if (fmin(fmin(p[0], p[1]), fmin(side - p[0], side - p[1])) < 8 * scale || scale < 1.2)
            continue;
        seen++;
        int twin = -1, nearest = 0;
        for (int j = 0; j < fb.count; j++) {
            const hl_keypoint *q = &fb.keypoints[j];
            if (hypot((double)q->x - p[0], (double)q->y - p[1]) < 0.3 * scale &&
                fabs(log((double)q->scale / scale)) < 0.2 &&
                fabs(turned((double)q->angle - angle)) < 0.25)
                twin = j;
            if (dot_of(fa.descriptors + 128 * i, fb.descriptors + 128 * j) >
                dot_of(fa.descriptors + 128 * i, fb.descriptors + 128 * nearest))
                nearest = j;
        }
        twins += twin >= 0;
        const hl_keypoint *n = &fb.keypoints[nearest];
        known += twin >= 0 && hypot((double)n->x - p[0], (double)n->y - p[1]) < scale;
    }
    assert_true(seen > 25);
    *repeated = (double)twins / seen;
    *recognised = (double)known / (twins > 0 ? twins : 1);
    hl_image8_release(&ia);
    hl_image8_release(&ib);
    hl_features_release(&fa);
    hl_features_release(&fb);
}

static void features_follow_rotation_and_scale(void **state)
{
    (void)state;
    const blob_view a = {1, 0, 200, 200};
    const blob_view views[] = {
        {1, 0, 203.4, 198.7}, {1, 1.5707963, 200, 200}, {1, 0.6, 200, 200},
        {1, -2.5, 205, 190},  {0.7, 0.3, 200, 200},     {1.5, -1.1, 200, 200},
    };
    const double least[][2] = {{.9, .99},  {.85, .98}, {.85, .97},
                               {.85, .97}, {.75, .97}, {.7, .95}};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        double repeated, recognised;
        follow(&a, &views[i], 200, &repeated, &recognised);
        print_message("view %zu: repeated %.3f, recognised %.3f\n", i, repeated, recognised);
        assert_true(repeated >= least[i][0]);
        assert_true(recognised >= least[i][1]);
    }
}

static void descriptors_are_unit_vectors(void **state)
{
    (void)state;
    hl_image8 image;
    const blob_view v = {1, 0.2, 200, 200};
    blob_texture_render(&image, 160, 140, 3, &v);
    hl_features f = features_of(&image, NULL, NULL);
    assert_true(f.count > 50);
    assert_int_equal(f.width, 160);
    assert_int_equal(f.height, 140);
    for (int i = 0; i < f.count; i++) {
        const double norm = dot_of(f.descriptors + 128 * i, f.descriptors + 128 * i);
        assert_true(fabs(norm - 1) < 0.02);
        const hl_keypoint *k = &f.keypoints[i];
        assert_true(k->x >= 0 && k->x <= 160 && k->y >= 0 && k->y <= 140);
        assert_true(k->angle >= -3.1416f && k->angle <= 3.1416f);
        assert_true(i == 0 || k->scale <= f.keypoints[i - 1].scale);
    }
    hl_features_release(&f);
    hl_image8_release(&image);
}

static void mask_and_limits_are_kept(void **state)
{
    (void)state;
    hl_image8 image, mask;
    const blob_view v = {1, 0, 200, 200};
    blob_texture_render(&image, 200, 160, 3, &v);
    check_ok(hl_image8_create(&mask, 100, 80, 1));
    for (int k = 0; k < 100 * 80; k++)
        mask.data[k] = k % 100 < 50 ? 255 : 0;
    hl_features all = features_of(&image, NULL, NULL), left = features_of(&image, &mask, NULL);
    const hl_feature_options inverted = {.invert_mask = true};
    hl_features right = features_of(&image, &mask, &inverted);
    assert_true(left.count > 20 && right.count > 20);
    assert_int_equal(left.count + right.count, all.count);
    for (int i = 0; i < left.count; i++)
        assert_true(left.keypoints[i].x < 100.001f);
    for (int i = 0; i < right.count; i++)
        assert_true(right.keypoints[i].x > 99.999f);
    const hl_feature_options few = {.max_features = 40};
    hl_features some = features_of(&image, NULL, &few);
    assert_int_equal(some.count, 40);
    const hl_feature_options strict = {.min_features = -1};
    hl_features strong = features_of(&image, NULL, &strict);
    assert_true(strong.count <= all.count);
    hl_features_release(&strong);
    hl_features_release(&some);
    hl_features_release(&left);
    hl_features_release(&right);
    hl_features_release(&all);
    hl_image8_release(&mask);
    hl_image8_release(&image);
}

/* A crowd of large blobs in one corner, small ones all over: the quota is shared out, the rest goes
 * to the strongest. */
static void choice_is_spread_and_strong(void **state)
{
    (void)state;
    enum { CROWD = 1000, SMALL = 300, KEPT = 400 };
    hl_sift_octave octave = {.width = 640, .height = 640, .pixel = 0.5f};
    hl_sift_blobs blobs = {hl_alloc(CROWD + SMALL, sizeof *blobs.list), 0, CROWD + SMALL};
    for (int i = 0; i < CROWD + SMALL; i++) {
        hl_rng rng = hl_rng_at(6, 0, (uint64_t)i, HL_RNG_TEST);
        const float reach = i < CROWD ? 40 : 639;
        hl_sift_blob *b = &blobs.list[blobs.count++];
        *b = (hl_sift_blob){.x = hl_rng_uniform(&rng) * reach, .y = hl_rng_uniform(&rng) * reach};
        b->sigma = i < CROWD ? 8 + hl_rng_uniform(&rng) : 2 + hl_rng_uniform(&rng);
        b->contrast = i % 10 ? 0.02f : 0.5f + hl_rng_uniform(&rng);
    }
    const hl_sift_settings s = {.max_features = KEPT, .peak = 0.01f};
    check_ok(hl_sift_select(&blobs, &octave, 320, 320, &s));
    assert_int_equal(blobs.count, KEPT);
    int strong = 0, small = 0;
    for (int i = 0; i < KEPT; i++) {
        strong += blobs.list[i].contrast > 0.1f;
        small += blobs.list[i].sigma < 4;
        assert_true(i == 0 || blobs.list[i].sigma <= blobs.list[i - 1].sigma);
    }
    assert_int_equal(strong, (CROWD + SMALL) / 10); /* all of them */
    assert_true(small >= 160); /* of some 176 cells that hold one, the crowd has one */
    hl_free(blobs.list);
}

/* Faint texture: weaker blobs are taken, up to the number asked for and not beyond. */
static void faint_blobs_fill_up(void **state)
{
    (void)state;
    hl_image8 image;
    const blob_view v = {1, 0, 200, 200};
    blob_texture_render(&image, 200, 160, 3, &v);
    for (int k = 0; k < 200 * 160; k++)
        image.data[k] = (uint8_t)(120 + image.data[k] / 8);
    const hl_feature_options strict = {.min_features = -1}, some = {.min_features = 40};
    hl_features strong = features_of(&image, NULL, &strict),
                filled = features_of(&image, NULL, NULL);
    hl_features forty = features_of(&image, NULL, &some);
    assert_true(strong.count > 0 && strong.count < 40);
    assert_true(filled.count > 3 * strong.count);
    assert_true(forty.count >= 40 && forty.count < 80); /* a blob may have two directions */
    for (int i = 0; i < strong.count; i++) {            /* none is lost */
        int j = 0;
        while (j < forty.count &&
               memcmp(&strong.keypoints[i], &forty.keypoints[j], sizeof strong.keypoints[i]) != 0)
            j++;
        assert_true(j < forty.count);
    }
    hl_features_release(&forty);
    hl_features_release(&filled);
    hl_features_release(&strong);
    hl_image8_release(&image);
}

/* A picture reduced for the work gives coordinates of the full size. */
static void coordinates_are_of_the_full_size(void **state)
{
    (void)state;
    hl_image8 image;
    check_ok(hl_image8_create(&image, 256, 256, 1));
    for (int y = 0; y < 256; y++)
        for (int x = 0; x < 256; x++) {
            const double dx = x + 0.5 - 130, dy = y + 0.5 - 118;
            image.data[y * 256 + x] =
                (uint8_t)lrint(30 + 200 * exp(-0.5 * (dx * dx + dy * dy) / 64.0));
        }
    const hl_feature_options o = {.max_side_px = 128, .upright = true, .min_features = -1};
    hl_features f = features_of(&image, NULL, &o);
    double nearest = 1e9;
    for (int i = 0; i < f.count; i++)
        nearest =
            fmin(nearest, hypot((double)f.keypoints[i].x - 130, (double)f.keypoints[i].y - 118));
    assert_true(nearest < 0.15);
    hl_features_release(&f);
    hl_image8_release(&image);
}

static uint64_t digest(const hl_features *f)
{
    uint64_t h = (uint64_t)f->count;
    for (int i = 0; i < f->count; i++) {
        uint64_t words[2];
        memcpy(words, &f->keypoints[i], sizeof words);
        h = hl_rng_mix(hl_rng_mix(h ^ words[0]) ^ words[1]);
        for (int k = 0; k < HL_DESCRIPTOR_BYTES; k++)
            h = hl_rng_mix(h ^ f->descriptors[HL_DESCRIPTOR_BYTES * i + k]);
    }
    return h;
}

static void every_path_gives_the_same_bytes(void **state)
{
    (void)state;
    hl_image8 image;
    const blob_view v = {1, 0.4, 200, 200};
    blob_texture_render(&image, 203, 150, 11, &v);
    hl_image grey;
    check_ok(hl_image_from_8(&grey, &image));
    const hl_sift_settings s = {.max_features = 500,
                                .min_features = 100,
                                .octaves = 5,
                                .peak = 0.006f,
                                .floor = 0.002f,
                                .edge = 10,
                                .upsample = true};
    const hl_sift_kernels *paths[] = {hl_sift_kernels_plain(), hl_sift_kernels_avx2(),
                                      hl_sift_kernels_avx512()};
    uint64_t want = 0;
    for (int32_t threads = 1; threads <= 3; threads++)
        for (int p = 0; p < 3; p++) {
            if (!paths[p])
                continue;
            hl_parallel_set_threads(threads);
            hl_features f = {.width = 203, .height = 150};
            check_ok(hl_sift_extract(&f, &grey, NULL, false, &s, paths[p]));
            assert_true(f.count > 100);
            if (want == 0)
                want = digest(&f);
            assert_true(digest(&f) == want);
            hl_features_release(&f);
        }
    hl_parallel_set_threads(0);
    hl_image_release(&grey);
    hl_image8_release(&image);
}

static void odd_pictures_give_no_features(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{1, 1}, {2, 2}, {1, 300}, {3, 3}, {64, 64}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        hl_image8 flat;
        check_ok(hl_image8_create(&flat, sizes[i][0], sizes[i][1], 3));
        hl_features f = features_of(&flat, NULL, NULL);
        assert_int_equal(f.count, 0);
        hl_features_release(&f);
        hl_image8_release(&flat);
    }
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    hl_image8 image;
    hl_features f = {0};
    check_ok(hl_image8_create(&image, 32, 32, 1));
    check_fails(hl_features_extract(&f, NULL, NULL, NULL), "no picture");
    hl_feature_options o = {.detector = "surf"};
    check_fails(hl_features_extract(&f, &image, NULL, &o), "no detector \"surf\"");
    o = (hl_feature_options){.max_features = 100000};
    check_fails(hl_features_extract(&f, &image, NULL, &o), "expected 1..65536");
    o = (hl_feature_options){.octaves = 99};
    check_fails(hl_features_extract(&f, &image, NULL, &o), "99 octaves");
    o = (hl_feature_options){.edge = 0.5f};
    check_fails(hl_features_extract(&f, &image, NULL, &o), "elongation");
    o = (hl_feature_options){.max_side_px = 4};
    check_fails(hl_features_extract(&f, &image, NULL, &o), "4 pixels a side");
    assert_null(f.keypoints);
    hl_image8_release(&image);
}

static void failing_memory_is_reported(void **state)
{
    (void)state;
    hl_image8 image;
    const blob_view v = {1, 0, 200, 200};
    blob_texture_render(&image, 64, 64, 3, &v);
    hl_parallel_set_threads(1);
    for (uint64_t n = 1;; n++) {
        hl_features f = {0};
        hl_alloc_fail_at(n);
        const hl_status status = hl_features_extract(&f, &image, NULL, NULL);
        hl_alloc_fail_at(0);
        assert_true(n < 1000);
        if (status == HL_OK) {
            hl_features_release(&f);
            break;
        }
        assert_int_equal(status, HL_E_MEMORY);
        assert_null(f.keypoints);
    }
    hl_image8_release(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaussian_gives_one_blob_of_its_size),
        cmocka_unit_test(features_follow_rotation_and_scale),
        cmocka_unit_test(descriptors_are_unit_vectors),
        cmocka_unit_test(mask_and_limits_are_kept),
        cmocka_unit_test(choice_is_spread_and_strong),
        cmocka_unit_test(faint_blobs_fill_up),
        cmocka_unit_test(coordinates_are_of_the_full_size),
        cmocka_unit_test(every_path_gives_the_same_bytes),
        cmocka_unit_test(odd_pictures_give_no_features),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(failing_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
