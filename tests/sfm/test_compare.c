/* SPDX-License-Identifier: MIT */
/* Poses against truth: similar worlds agree, known disturbances are measured; the focal length of
 * fundamental matrices made from known cameras. */
#define HL_REAL double
#include "core/rng.h"
#include "core/se3.h"
#include "sfm/compare.h"
#include "sfm/run/run_state.h"
#include "tests/check.h"
#include "tests/sfm/ring_scene.h"

#include <math.h>
#include <string.h>

enum { N = 10 };
#define PI 3.14159265358979323846

static void ring_poses(hl_pose poses[N])
{
    ring_scene scene;
    const ring_options o = {.images = N, .points = 1, .cameras = 1, .arc = 5};
    ring_create(&scene, &o);
    memcpy(poses, scene.poses, N * sizeof *poses);
    ring_release(&scene);
}

/* The same poses seen from a world turned, shifted and scaled. */
static void move_world(const hl_pose *in, hl_pose *out)
{
    const double w[3] = {0.4, -1.1, 0.7}, shift[3] = {5, -3, 2}, scale = 2.5;
    double turn[9];
    hl_so3_exp(w, turn);
    for (int i = 0; i < N; i++) {
        /* x_old = turn (scale x_new) + shift;  x_in_camera / scale = R turn x_new + (R shift + t) /
         * s */
        double r[9], rt[9], t[3];
        hl_rotation(in[i].q, r);
        hl_matmul3(r, turn, rt);
        hl_quat_from_rotation(rt, out[i].q);
        hl_mul3(r, shift, t);
        for (int k = 0; k < 3; k++)
            out[i].t[k] = (t[k] + in[i].t[k]) / scale;
    }
}

static void a_similar_world_agrees(void **state)
{
    (void)state;
    hl_pose truth[N], moved[N];
    bool has[N];
    hl_pose_comparison c;
    ring_poses(truth);
    move_world(truth, moved);
    memset(has, 1, sizeof has);
    check_ok(hl_pose_compare(&c, moved, has, truth, N));
    assert_int_equal(c.compared, N);
    assert_true(c.center_max < 1e-9 && c.rotation_max < 1e-5);
    for (int k = 0; k < HL_COMPARE_LIMITS; k++)
        assert_true(fabs(c.auc[k] - 100) < 1e-2);
}

/* One camera turned in place by 2 degrees: its own error is 2, the mean 0.2; its 9 pairs of 45 err
 * by 2 degrees, so that the area up to 5 degrees is 100 (36 + 9 (5 - 2) / 5 + ...) / 45. */
static void a_known_turn_is_measured(void **state)
{
    (void)state;
    hl_pose truth[N], poses[N];
    bool has[N];
    hl_pose_comparison c;
    double r[9], turn[9], out[9], t[3];
    const double w[3] = {0, 2 * PI / 180, 0};
    ring_poses(truth);
    memcpy(poses, truth, sizeof poses);
    memset(has, 1, sizeof has);
    hl_so3_exp(w, turn);
    hl_rotation(truth[3].q, r);
    hl_matmul3(turn, r, out);
    hl_quat_from_rotation(out, poses[3].q);
    hl_mul3(turn, truth[3].t, t);
    memcpy(poses[3].t, t, sizeof t);
    check_ok(hl_pose_compare(&c, poses, has, truth, N));
    assert_true(c.center_max < 1e-9);
    assert_true(fabs(c.rotation_max - 2) < 1e-6 && fabs(c.rotation_mean - 0.2) < 1e-6);
    assert_true(fabs(c.auc[2] - 80) < 1.5); /* at 1 degree: 36 of 45 pairs */
    /* at 5: full share 0.8 until 2 degrees, rising to 1 there: between 0.8 and 1 */
    assert_true(c.auc[4] > 90 && c.auc[4] < 96.5);
    has[7] = false; /* lost: 9 pairs at 180 degrees */
    check_ok(hl_pose_compare(&c, poses, has, truth, N));
    assert_int_equal(c.compared, N - 1);
    assert_true(fabs(c.auc[2] - 100.0 * 28 / 45) < 2);
}

static void too_few_poses_are_refused(void **state)
{
    (void)state;
    hl_pose truth[N];
    bool has[N] = {true, true};
    hl_pose_comparison c;
    ring_poses(truth);
    check_fails(hl_pose_compare(&c, truth, has, truth, N), "2 photos");
}

/* F = K^-T [t]x R K^-1 of random motions. */
static void fundamental(double focal, const double c[2], uint64_t seed, double f[9])
{
    hl_rng rng = hl_rng_at(seed, 0, 0, HL_RNG_TEST);
    double w[3], t[3], r[9], e[9], left[9];
    for (int k = 0; k < 3; k++) {
        w[k] = 0.3 * hl_rng_normal(&rng);
        t[k] = hl_rng_normal(&rng);
    }
    hl_so3_exp(w, r);
    const double tx[9] = {0, -t[2], t[1], t[2], 0, -t[0], -t[1], t[0], 0};
    const double ki[9] = {1 / focal, 0, -c[0] / focal, 0, 1 / focal, -c[1] / focal, 0, 0, 1};
    double kit[9];
    for (int i = 0; i < 9; i++)
        kit[i] = ki[3 * (i % 3) + i / 3];
    hl_matmul3(tx, r, e);
    hl_matmul3(kit, e, left);
    hl_matmul3(left, ki, f);
}

static void votes_find_the_focal_length(void **state)
{
    (void)state;
    const double c[2] = {500, 370};
    double f[30 * 9], weight[30];
    for (int i = 0; i < 30; i++) {
        /* A third of the pairs belong to another focal length: they must not win. */
        fundamental(i % 3 == 0 ? 400 + 90.0 * i : 850, c, (uint64_t)i + 1, f + 9 * i);
        weight[i] = 100;
    }
    const double focal = hl_vote_focal(f, weight, 30, c, 300, 4000);
    assert_true(fabs(focal - 850) < 0.02 * 850);
    assert_true(fabs(hl_vote_focal(f + 9, weight, 1, c, 300, 4000) - 850) < 1);
    assert_true(hl_vote_focal(f, weight, 0, c, 300, 4000) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_similar_world_agrees),
        cmocka_unit_test(a_known_turn_is_measured),
        cmocka_unit_test(too_few_poses_are_refused),
        cmocka_unit_test(votes_find_the_focal_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
