/* SPDX-License-Identifier: MIT */
/* raster/covariance.h against closed forms, invariants and Rodrigues' rotation. */
#define HL_REAL double
#include "core/rng.h"
#include "raster/covariance.h"
#include "tests/check.h"
#include "tests/raster/oracle.h"

enum { TRIALS = 50 };

typedef struct turned {
    double axis[3], angle, q[4], r[9];
} turned;

static turned random_turn(uint64_t i)
{
    hl_rng rng = hl_rng_at(1, 0, i, HL_RNG_TEST);
    turned t;
    for (int k = 0; k < 3; k++)
        t.axis[k] = hl_rng_normal(&rng);
    t.angle = 6 * hl_rng_uniform(&rng);
    oracle_turn(t.axis, t.angle, t.q, t.r);
    return t;
}

static void axes_along_the_frame(void **state)
{
    (void)state;
    const double s[3] = {2, 3, 5}, identity[4] = {1, 0, 0, 0}, want[6] = {4, 0, 0, 9, 0, 25};
    double cov[6];
    hl_covariance(s, identity, cov);
    check_close(cov, want, 6, 1e-14, 0);
    /* a quarter turn about z carries x to y, y to -x */
    const double h = sqrt(0.5), quarter[4] = {h, 0, 0, h}, swapped[6] = {9, 0, 0, 4, 0, 25};
    hl_covariance(s, quarter, cov);
    check_close(cov, swapped, 6, 1e-14, 0);
    /* an eighth turn about x mixes y and z: yy = zz = (9 + 25) / 2, yz = (9 - 25) / 2 */
    const double a = acos(-1.0) / 8, eighth[4] = {cos(a), sin(a), 0, 0};
    const double mixed[6] = {4, 0, 0, 17, -8, 17};
    hl_covariance(s, eighth, cov);
    check_close(cov, mixed, 6, 1e-13, 0);
}

static void a_ball_does_not_turn(void **state)
{
    (void)state;
    const double s[3] = {2, 2, 2}, ball[6] = {4, 0, 0, 4, 0, 4};
    for (uint64_t i = 0; i < TRIALS; i++) {
        const turned t = random_turn(i);
        double cov[6];
        hl_covariance(s, t.q, cov);
        check_close(cov, ball, 6, 1e-13, 0);
    }
}

static void equals_rodrigues(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TRIALS; i++) {
        const turned t = random_turn(i);
        const double s[3] = {0.1, 1, 4}, d[9] = {0.01, 0, 0, 0, 1, 0, 0, 0, 16};
        double full[9], cov[6];
        oracle_sandwich(t.r, d, 3, 3, full);
        const double want[6] = {full[0], full[1], full[2], full[4], full[5], full[8]};
        hl_covariance(s, t.q, cov);
        check_close(cov, want, 6, 1e-12, 0);
    }
}

static void normal_is_the_shortest_axis_towards_the_eye(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TRIALS; i++) {
        const turned t = random_turn(i);
        const int axis = (int)(i % 3);
        double ls[3] = {-1, -1.5, -0.5}, n[3], want[3];
        ls[axis] = -4;
        const double mean[3] = {1, 2, 3}, eye[3] = {-1, 0.5, -2};
        const int which = hl_splat_normal(ls, t.q, mean, eye, n);
        double toward = 0;
        for (int k = 0; k < 3; k++)
            toward += t.r[3 * k + axis] * (eye[k] - mean[k]);
        for (int k = 0; k < 3; k++)
            want[k] = toward > 0 ? t.r[3 * k + axis] : -t.r[3 * k + axis];
        check_close(n, want, 3, 1e-13, 0);
        assert_int_equal(which, toward > 0 ? axis : axis + 3);
    }
}

/* The first of equal scales is the axis; edge-on counts as facing. */
static void normal_of_ties(void **state)
{
    (void)state;
    const double ls[3] = {0, 0, 0}, q[4] = {1, 0, 0, 0}, mean[3] = {0, 0, 0}, eye[3] = {0, 0, -1};
    double n[3];
    const double want[3] = {1, 0, 0};
    assert_int_equal(hl_splat_normal(ls, q, mean, eye, n), 0);
    check_close(n, want, 3, 1e-15, 0);
}

/* Along any path of rotations, <dL/dn, dn> = <dL/dR, dR>. */
static void normal_gradient_follows_rotation(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TRIALS; i++) {
        const turned t = random_turn(i);
        double ls[3] = {-1, -1, -1}, n[2][3], r[2][9], d_r[9], add[9];
        ls[i % 3] = -3;
        const double mean[3] = {0, 0, 0}, eye[3] = {3, -2, 1}, d_n[3] = {0.7, -1.3, 0.4};
        const int which = hl_splat_normal(ls, t.q, mean, eye, n[0]);
        const double h = 1e-6;
        for (int side = 0; side < 2; side++) {
            double q[4];
            oracle_turn(t.axis, t.angle + (side ? h : -h), q, r[side]);
            assert_int_equal(hl_splat_normal(ls, q, mean, eye, n[side]), which);
        }
        double left = 0, right = 0;
        for (int k = 0; k < 9; k++)
            d_r[k] = add[k] = 0.1 * k;
        hl_splat_normal_bwd(which, d_n, d_r);
        for (int k = 0; k < 3; k++)
            left += d_n[k] * (n[1][k] - n[0][k]) / (2 * h);
        for (int k = 0; k < 9; k++)
            right += (d_r[k] - add[k]) * (r[1][k] - r[0][k]) / (2 * h);
        check_close(&right, &left, 1, 1e-8, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_along_the_frame),
        cmocka_unit_test(a_ball_does_not_turn),
        cmocka_unit_test(equals_rodrigues),
        cmocka_unit_test(normal_is_the_shortest_axis_towards_the_eye),
        cmocka_unit_test(normal_of_ties),
        cmocka_unit_test(normal_gradient_follows_rotation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
