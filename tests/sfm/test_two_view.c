/* SPDX-License-Identifier: MIT */
/* Robust two-view geometry and resection on scenes with noise and wrong matches: configurations
 * told apart, motions found, the same answer twice. */
#include "core/parallel.h"
#include "sfm/ransac.h"
#include "sfm/resection.h"
#include "sfm/two_view.h"
#include "tests/check.h"
#include "tests/sfm/views2.h"

enum { COUNT = 300, OUTLIERS = 90 };

static const hl_camera camera = {
    .model = HL_CAMERA_PINHOLE, .width = 1000, .height = 800, .params = {900, 900, 500, 400}};

typedef struct pixels2 {
    views2 s;
    double a[2 * COUNT], b[2 * COUNT];
} pixels2;

static void to_pixels(pixels2 *p, double noise, uint64_t seed)
{
    for (int i = 0; i < COUNT; i++) {
        hl_rng rng = hl_rng_at(seed, 3, (uint64_t)i, HL_RNG_TEST);
        for (int k = 0; k < 2; k++) {
            p->a[2 * i + k] =
                900 * p->s.x1[2 * i + k] + (k ? 400 : 500) + noise * (double)hl_rng_normal(&rng);
            p->b[2 * i + k] =
                900 * p->s.x2[2 * i + k] + (k ? 400 : 500) + noise * (double)hl_rng_normal(&rng);
        }
        if (i < OUTLIERS)
            for (int k = 0; k < 2; k++)
                p->b[2 * i + k] = views2_between(&rng, 0, k ? 800 : 1000);
    }
}

static double turn_between(const double a[9], const double b[9])
{
    double trace = 0;
    for (int i = 0; i < 9; i++)
        trace += a[i] * b[i];
    return acos(fmax(-1, fmin(1, (trace - 1) / 2)));
}

static hl_two_view estimate(const pixels2 *p, bool known, uint8_t *inlier)
{
    const hl_two_view_input in = {&camera, &camera, known, 7, COUNT, p->a, p->b};
    hl_two_view out;
    check_ok(hl_two_view_estimate(&out, inlier, &in, NULL));
    return out;
}

static void calibrated(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 6; k++) {
        pixels2 p;
        uint8_t inlier[COUNT];
        views2_create(&p.s, COUNT, k, 0);
        to_pixels(&p, 1, k);
        const hl_two_view v = estimate(&p, true, inlier);
        assert_int_equal(v.config, HL_TWO_VIEW_CALIBRATED);
        assert_true(v.inlier_count > 180 && v.inlier_count < 240);
        assert_true(turn_between(v.r, p.s.r) < 0.01); /* 210 points with 1 px of noise */
        const double along = v.t[0] * p.s.t[0] + v.t[1] * p.s.t[1] + v.t[2] * p.s.t[2];
        assert_true(acos(fmin(1, along)) < 0.03);
        const hl_two_view u = estimate(&p, false, inlier);
        assert_int_equal(u.config, HL_TWO_VIEW_UNCALIBRATED);
        assert_true(u.fundamental_inliers > 180);
    }
}

static void plane_and_turn(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 6; k++) {
        pixels2 p;
        uint8_t inlier[COUNT];
        views2_create(&p.s, COUNT, k, 1);
        to_pixels(&p, 0.5, k);
        assert_int_equal(estimate(&p, true, inlier).config, HL_TWO_VIEW_PLANAR);
        views2_create(&p.s, COUNT, k, 0);
        for (int i = 0; i < COUNT; i++) { /* no baseline */
            const double none[3] = {0, 0, 0};
            views2_project(p.s.r, none, p.s.point + 3 * i, p.s.x2 + 2 * i);
        }
        to_pixels(&p, 0.3, k);
        const hl_two_view v = estimate(&p, true, inlier);
        assert_int_equal(v.config, HL_TWO_VIEW_PANORAMIC);
        assert_true(v.t[0] == 0 && v.t[1] == 0 && v.t[2] == 0);
    }
}

static void watermark_and_nothing(void **state)
{
    (void)state;
    pixels2 p;
    uint8_t inlier[COUNT];
    for (int i = 0; i < COUNT; i++) { /* a line of text in the lower border, the same in both */
        hl_rng rng = hl_rng_at(1, 2, (uint64_t)i, HL_RNG_TEST);
        p.a[2 * i] = p.b[2 * i] = views2_between(&rng, 0, 1000);
        p.a[2 * i + 1] = p.b[2 * i + 1] = views2_between(&rng, 730, 795);
    }
    assert_int_equal(estimate(&p, true, inlier).config, HL_TWO_VIEW_WATERMARK);
    for (int i = 0; i < 2 * COUNT; i++) {
        hl_rng rng = hl_rng_at(1, 4, (uint64_t)i, HL_RNG_TEST);
        p.a[i] = views2_between(&rng, 0, 800);
        p.b[i] = views2_between(&rng, 0, 800);
    }
    const hl_two_view_input few = {&camera, &camera, true, 1, 10, p.a, p.b};
    hl_two_view v;
    check_ok(hl_two_view_estimate(&v, inlier, &few, NULL));
    assert_int_equal(v.config, HL_TWO_VIEW_DEGENERATE);
    assert_int_equal(v.inlier_count, 0);
    const hl_two_view_input none = {&camera, &camera, true, 1, 0, NULL, NULL};
    check_ok(hl_two_view_estimate(&v, inlier, &none, NULL));
    assert_int_equal(v.config, HL_TWO_VIEW_DEGENERATE);
}

/* The product of falling fractions, not a power. */
static void stopping_rule(void **state)
{
    (void)state;
    assert_int_equal(hl_ransac_trials(10, 10, 5, 0.99, 1000), 1);
    assert_int_equal(hl_ransac_trials(4, 10, 5, 0.99, 1000), 1000);
    const double clean = 5.0 / 10 * 4 / 9 * 3 / 8 * 2 / 7 * 1 / 6;
    const int want = (int)ceil(log(1 - 0.99) / log(1 - clean));
    assert_int_equal(hl_ransac_trials(5, 10, 5, 0.99, 100000), want);
}

static void resection(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 6; k++) {
        pixels2 p;
        uint8_t inlier[COUNT], again[COUNT];
        views2_create(&p.s, COUNT, k, 0);
        to_pixels(&p, 1, k);
        hl_resection_options o = {.image = k};
        hl_resection found, twice;
        check_ok(hl_resection_estimate(&found, inlier, &camera, p.b, p.s.point, COUNT, &o));
        check_ok(hl_resection_estimate(&twice, again, &camera, p.b, p.s.point, COUNT, &o));
        assert_memory_equal(&found, &twice, sizeof found);
        assert_memory_equal(inlier, again, sizeof inlier);
        assert_true(found.inlier_count >= 195);
        check_close(found.camera_from_world.t, p.s.t, 3, 0.02, 0);
        hl_camera wrong = camera; /* focal length off by a factor: found again */
        wrong.params[0] = wrong.params[1] = 2000;
        o.free_focal = true;
        check_ok(hl_resection_estimate(&found, inlier, &wrong, p.b, p.s.point, COUNT, &o));
        assert_true(found.inlier_count >= 195);
        assert_true(fabs(found.focal / 900 - 1) < 0.03);
    }
    hl_resection found;
    uint8_t inlier[4];
    check_ok(hl_resection_estimate(&found, inlier, &camera, NULL, NULL, 0, NULL));
    assert_int_equal(found.inlier_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibrated),
        cmocka_unit_test(plane_and_turn),
        cmocka_unit_test(watermark_and_nothing),
        cmocka_unit_test(stopping_rule),
        cmocka_unit_test(resection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
