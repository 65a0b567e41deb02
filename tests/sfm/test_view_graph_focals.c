/* SPDX-License-Identifier: MIT */
/* Focal lengths of several cameras from exact fundamental matrices, wrong ones among them. */
#define HL_REAL double
#include "core/rng.h"
#include "core/se3.h"
#include "sfm/geom/epipolar.h"
#include "sfm/global.h"
#include "tests/check.h"

#include <math.h>

enum { CAMERAS = 6, PAIRS = CAMERAS * (CAMERAS - 1) / 2 };

/* F = K_b^-T E K_a^-1 of two cameras that look at one place from different sides. */
static void fundamental(const double r[9], const double t[3], const double focal[2],
                        const double c[2], double f[9])
{
    double e[9], left[9];
    hl_essential_from_motion(r, t, e);
    const double ka[9] = {
        1 / focal[0], 0, -c[0] / focal[0], 0, 1 / focal[0], -c[1] / focal[0], 0, 0, 1};
    const double kb[9] = {1 / focal[1],     0, 0, 0, 1 / focal[1], 0, -c[0] / focal[1],
                          -c[1] / focal[1], 1};
    hl_matmul3(kb, e, left);
    hl_matmul3(left, ka, f);
}

static void make(hl_focal_camera cameras[CAMERAS], double truth[CAMERAS],
                 hl_focal_pair pairs[PAIRS])
{
    double r[CAMERAS][9], t[CAMERAS][3];
    for (int i = 0; i < CAMERAS; i++) {
        hl_rng rng = hl_rng_at(11, 0, (uint64_t)i, HL_RNG_TEST);
        const double w[3] = {0.5 * hl_rng_normal(&rng), 0.5 * hl_rng_normal(&rng),
                             0.5 * hl_rng_normal(&rng)};
        hl_so3_exp(w, r[i]);
        t[i][0] = 0.3 * hl_rng_normal(&rng);
        t[i][1] = 0.3 * hl_rng_normal(&rng);
        t[i][2] = 5 + hl_rng_normal(&rng);
        truth[i] = 700 + 150.0 * i;
        cameras[i] = (hl_focal_camera){{500, 375}, 1200, 350, 4000, false, false};
    }
    int n = 0;
    for (int a = 0; a < CAMERAS; a++)
        for (int b = a + 1; b < CAMERAS; b++, n++) {
            double inv[9], eye[3], rel[9], move[3];
            hl_se3_inverse(r[a], t[a], inv, eye);
            hl_se3_compose(r[b], t[b], inv, eye, rel, move);
            const double focal[2] = {truth[a], truth[b]};
            pairs[n] = (hl_focal_pair){a, b, {0}, 100 + n};
            fundamental(rel, move, focal, cameras[0].center, pairs[n].f);
        }
}

static void exact_pairs_give_exact_focal_lengths(void **state)
{
    (void)state;
    hl_focal_camera cameras[CAMERAS];
    hl_focal_pair pairs[PAIRS];
    double truth[CAMERAS];
    make(cameras, truth, pairs);
    cameras[2].fixed = true; /* one photo tells its own */
    cameras[2].focal = truth[2];
    check_ok(hl_view_graph_focals(cameras, CAMERAS, pairs, PAIRS));
    assert_true(cameras[2].focal == truth[2]);
    for (int i = 0; i < CAMERAS; i++) {
        assert_true(cameras[i].found);
        assert_true(fabs(cameras[i].focal / truth[i] - 1) < 0.01);
    }
}

static void wrong_pairs_are_outvoted(void **state)
{
    (void)state;
    hl_focal_camera cameras[CAMERAS];
    hl_focal_pair pairs[PAIRS];
    double truth[CAMERAS];
    make(cameras, truth, pairs);
    cameras[0].fixed = cameras[3].fixed = true;
    cameras[0].focal = truth[0];
    cameras[3].focal = truth[3];
    for (int k = 0; k < 9; k++) {
        pairs[4].f[k] = pairs[9].f[k] + 1e-6 * k;
        pairs[7].f[k] = 1e-3 * (k + 1) * (k % 2 ? 1 : -1);
    }
    check_ok(hl_view_graph_focals(cameras, CAMERAS, pairs, PAIRS));
    for (int i = 0; i < CAMERAS; i++)
        assert_true(fabs(cameras[i].focal / truth[i] - 1) < 0.05);
}

static void a_camera_without_pairs_keeps_its_guess(void **state)
{
    (void)state;
    hl_focal_camera cameras[CAMERAS];
    hl_focal_pair pairs[PAIRS];
    double truth[CAMERAS];
    make(cameras, truth, pairs);
    check_ok(hl_view_graph_focals(cameras, CAMERAS, pairs, 1)); /* cameras 0 and 1 */
    assert_false(cameras[5].found);
    assert_true(cameras[5].focal == 1200);
}

static void bad_input_gets_a_sentence(void **state)
{
    (void)state;
    hl_focal_camera cameras[CAMERAS];
    hl_focal_pair pairs[PAIRS];
    double truth[CAMERAS];
    make(cameras, truth, pairs);
    pairs[3].camera_b = 6;
    check_fails(hl_view_graph_focals(cameras, CAMERAS, pairs, PAIRS), "of 6");
    pairs[3].camera_b = 0;
    cameras[1].low = 0;
    check_fails(hl_view_graph_focals(cameras, CAMERAS, pairs, PAIRS), "camera 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_pairs_give_exact_focal_lengths),
        cmocka_unit_test(wrong_pairs_are_outvoted),
        cmocka_unit_test(a_camera_without_pairs_keeps_its_guess),
        cmocka_unit_test(bad_input_gets_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
