/* SPDX-License-Identifier: MIT */
/* Every allocation of the mapper, of matching and of the geometry of two photos and of one fails
 * once: HL_E_MEMORY with a sentence, nothing is leaked (AddressSanitizer sees that). */
#define HL_REAL double
#include "core/rng.h"
#include "sfm/mapper.h"
#include "sfm/match.h"
#include "sfm/resection.h"
#include "sfm/two_view.h"
#include "tests/check.h"
#include "tests/faults.h"
#include "tests/sfm/ring_matches.h"

#include <string.h>

enum { ROWS = 60, MOST = 5000 };

static hl_status map_once(void *ctx)
{
    const ring_matches *m = ctx;
    hl_mapping mapping = {0};
    const hl_status status = hl_mapper_run(&mapping, &m->input, NULL);
    if (status == HL_OK)
        assert_int_equal(mapping.model_count, 1);
    hl_mapping_release(&mapping);
    return status;
}

static void mapper(void **state)
{
    (void)state;
    const ring_options o = {.images = 4,
                            .points = 120,
                            .model = HL_CAMERA_SIMPLE_RADIAL,
                            .cameras = 1,
                            .arc = 1,
                            .views = 4,
                            .seed = 3};
    ring_scene scene;
    ring_matches m;
    ring_create(&scene, &o);
    ring_match(&m, &scene, 0, 4);
    assert_true(check_every_allocation(map_once, &m, MOST) > 50);
    ring_matches_release(&m);
    ring_release(&scene);
}

typedef struct photos {
    hl_features f[2];
    double px[2][2 * ROWS], points[3 * ROWS];
    hl_camera camera;
} photos;

static hl_status match_once(void *ctx)
{
    const photos *p = ctx;
    const double f[9] = {0, 0, 0, 0, 0, -1, 0, 1, 0};
    hl_pair_matches plain = {0}, guided = {0};
    hl_status status = hl_match_features(&plain, &p->f[0], &p->f[1], NULL);
    if (status == HL_OK)
        status = hl_match_guided(&guided, &p->f[0], &p->f[1], f, 1000, NULL);
    if (status == HL_OK) {
        assert_int_equal(plain.count, ROWS);
        assert_int_equal(guided.count, ROWS);
    }
    hl_pair_matches_release(&plain);
    hl_pair_matches_release(&guided);
    return status;
}

static hl_status geometry_once(void *ctx)
{
    const photos *p = ctx;
    const hl_two_view_input in = {.camera_a = &p->camera,
                                  .camera_b = &p->camera,
                                  .focal_known = true,
                                  .count = ROWS,
                                  .a = p->px[0],
                                  .b = p->px[1]};
    uint8_t inlier[ROWS];
    hl_two_view view;
    hl_resection pose;
    HL_TRY(hl_two_view_estimate(&view, inlier, &in, NULL));
    HL_TRY(hl_two_view_motion(&view, inlier, &in, NULL));
    assert_int_equal(view.inlier_count, ROWS);
    HL_TRY(hl_resection_estimate(&pose, inlier, &p->camera, p->px[1], p->points, ROWS, NULL));
    assert_int_equal(pose.inlier_count, ROWS);
    return HL_OK;
}

static double uniform(uint64_t k)
{
    return (double)(hl_rng_mix(k) >> 11) * 0x1p-53;
}

static void matching_and_geometry(void **state)
{
    (void)state;
    static photos p;
    p.camera = (hl_camera){.id = 1, .model = HL_CAMERA_SIMPLE_PINHOLE, .width = 800, .height = 800};
    p.camera.params[0] = 700;
    p.camera.params[1] = p.camera.params[2] = 400;
    for (int k = 0; k < 2; k++) {
        p.f[k] = (hl_features){.count = ROWS, .width = 800, .height = 800};
        p.f[k].keypoints = hl_alloc(ROWS, sizeof *p.f[k].keypoints);
        p.f[k].descriptors = hl_alloc(ROWS, HL_DESCRIPTOR_BYTES);
        assert_true(p.f[k].keypoints && p.f[k].descriptors);
    }
    for (uint64_t i = 0; i < ROWS; i++) {
        const double x[3] = {4 * uniform(4 * i) - 2, 4 * uniform(4 * i + 1) - 2,
                             6 + 3 * uniform(4 * i + 2)};
        memcpy(p.points + 3 * i, x, sizeof x);
        for (uint64_t k = 0; k < 2; k++) { /* the second camera stands 1 to the left, .2 behind */
            const double left = (double)k, back = 0.2 * (double)k;
            p.px[k][2 * i] = 700 * (x[0] + left) / (x[2] + back) + 400;
            p.px[k][2 * i + 1] = 700 * x[1] / (x[2] + back) + 400;
            p.f[k].keypoints[i].x = (float)p.px[k][2 * i];
            p.f[k].keypoints[i].y = (float)p.px[k][2 * i + 1];
            p.f[k].descriptors[i * HL_DESCRIPTOR_BYTES + i] = 255;
            p.f[k].descriptors[i * HL_DESCRIPTOR_BYTES + i + 60] = 255;
            p.f[k].descriptors[i * HL_DESCRIPTOR_BYTES + 122] = 255; /* length 510 of 512 */
            p.f[k].descriptors[i * HL_DESCRIPTOR_BYTES + 123] = 255;
        }
    }
    assert_true(check_every_allocation(match_once, &p, MOST) > 10);
    assert_true(check_every_allocation(geometry_once, &p, MOST) > 8);
    for (int k = 0; k < 2; k++)
        hl_features_release(&p.f[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mapper),
        cmocka_unit_test(matching_and_geometry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
