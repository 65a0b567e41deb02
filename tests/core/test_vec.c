/* SPDX-License-Identifier: MIT */
/* Vectors, quaternions and rigid motion against invariants, closed forms and differences. */
#define HL_REAL double
#include "core/rng.h"
#include "core/se3.h"
#include "tests/check.h"

#include <string.h>

enum { ROUNDS = 200 };
static const double PI = 3.14159265358979323846;

static hl_rng rng;

static void random_vector(double *v, int n)
{
    for (int i = 0; i < n; i++)
        v[i] = hl_rng_normal(&rng);
}

static void random_rotation(double q[4], double r[9])
{
    double raw[4];
    random_vector(raw, 4);
    hl_quat_unit(raw, q);
    hl_rotation(q, r);
}

static int seed_rng(void **state)
{
    (void)state;
    rng = hl_rng_at(42, 0, 0, HL_RNG_TEST);
    return 0;
}

static void cross_product_is_normal_and_has_the_area(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        double a[3], b[3], c[3];
        random_vector(a, 3);
        random_vector(b, 3);
        hl_cross3(a, b, c);
        const double zero[2] = {hl_dot3(a, c), hl_dot3(b, c)}, none[2] = {0, 0};
        check_close(zero, none, 2, 1e-13, 0);
        /* Lagrange's identity */
        const double area = hl_dot3(c, c);
        const double want = hl_dot3(a, a) * hl_dot3(b, b) - hl_dot3(a, b) * hl_dot3(a, b);
        check_close(&area, &want, 1, 1e-12, 1e-12);
    }
    const double x[3] = {1, 0, 0}, y[3] = {0, 1, 0}, z[3] = {0, 0, 1};
    double c[3];
    hl_cross3(x, y, c);
    check_close(c, z, 3, 1e-15, 0);
}

static void rotations_are_proper_and_follow_the_axis(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        double q[4], r[9], rt[9], id[9], axis[3];
        const double one[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
        random_rotation(q, r);
        for (int j = 0; j < 9; j++)
            rt[j] = r[j % 3 * 3 + j / 3];
        hl_matmul3(r, rt, id);
        check_close(id, one, 9, 1e-14, 0);
        const double det = hl_det3(r);
        check_close(&det, one, 1, 1e-13, 0);
        hl_mul3(r, q + 1, axis); /* the axis stays */
        check_close(axis, q + 1, 3, 1e-14, 0);
        const double trace = r[0] + r[4] + r[8], want = 4 * q[0] * q[0] - 1;
        check_close(&trace, &want, 1, 1e-13, 0);
    }
    /* A quarter turn about z takes x to y. */
    const double q[4] = {sqrt(0.5), 0, 0, sqrt(0.5)}, x[3] = {1, 0, 0}, y[3] = {0, 1, 0};
    double r[9], out[3];
    hl_rotation(q, r);
    hl_mul3(r, x, out);
    check_close(out, y, 3, 1e-15, 0);
}

static void matrix_products_agree_with_applying_twice(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        double a[9], b[9], ab[9], x[3], bx[3], abx[3], direct[3], t[3];
        random_vector(a, 9);
        random_vector(b, 9);
        random_vector(x, 3);
        hl_matmul3(a, b, ab);
        hl_mul3(b, x, bx);
        hl_mul3(a, bx, abx);
        hl_mul3(ab, x, direct);
        check_close(direct, abx, 3, 1e-12, 1e-12);
        hl_mul3_t(a, x, t); /* y . (A x) = (A^T y) . x */
        const double left = hl_dot3(t, bx);
        hl_mul3(a, bx, direct);
        const double right = hl_dot3(x, direct);
        check_close(&left, &right, 1, 1e-12, 1e-12);
        const double det = hl_det3(ab), want = hl_det3(a) * hl_det3(b);
        check_close(&det, &want, 1, 1e-11, 1e-11);
    }
}

static void the_least_component_is_the_first_of_the_least(void **state)
{
    (void)state;
    for (int i = 0; i < 27; i++) { /* every order, with ties */
        const double v[3] = {i % 3, i / 3 % 3, (double)(i / 9)};
        int want = 0;
        for (int k = 1; k < 3; k++)
            want = v[k] < v[want] ? k : want;
        assert_int_equal(hl_least3(v), want);
    }
}

static void quaternion_product_is_the_product_of_rotations(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        double a[4], b[4], ab[4], ra[9], rb[9], want[9], got[9];
        random_rotation(a, ra);
        random_rotation(b, rb);
        hl_quat_mul(a, b, ab);
        hl_rotation(ab, got);
        hl_matmul3(ra, rb, want);
        check_close(got, want, 9, 1e-14, 0);
    }
}

static void quaternions_come_back_from_matrices(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        double q[4], r[9], back[4];
        random_rotation(q, r);
        hl_quat_from_rotation(r, back);
        assert_true(back[0] >= 0);
        for (int c = 0; q[0] < 0 && c < 4; c++)
            back[c] = -back[c];
        check_close(back, q, 4, 1e-14, 0);
    }
    for (int axis = 0; axis < 3; axis++) { /* half turns: every branch of the pivot */
        double q[4] = {0, 0, 0, 0}, r[9], back[4];
        q[1 + axis] = 1;
        hl_rotation(q, r);
        hl_quat_from_rotation(r, back);
        check_close(back, q, 4, 1e-15, 0);
    }
}

static void degenerate_quaternions_become_identity(void **state)
{
    (void)state;
    const double bad[3][4] = {{0, 0, 0, 0}, {nan(""), 1, 0, 0}, {HUGE_VAL, 0, 0, 0}};
    const double one[4] = {1, 0, 0, 0}, zero[3] = {0, 0, 0};
    double unit[4], v[3];
    for (int i = 0; i < 3; i++) {
        hl_quat_unit(bad[i], unit);
        check_close(unit, one, 4, 1e-15, 0);
    }
    hl_normalize3(zero, v);
    check_close(v, zero, 3, 1e-15, 0);
}

/* L = sum of weights * R(q / |q|) */
static double rotation_loss(const double q[4], const double weights[9])
{
    double unit[4], r[9], sum = 0;
    hl_quat_unit(q, unit);
    hl_rotation(unit, r);
    for (int i = 0; i < 9; i++)
        sum += weights[i] * r[i];
    return sum;
}

static void rotation_gradient_matches_differences(void **state)
{
    (void)state;
    const double h = 1e-5;
    for (int i = 0; i < ROUNDS; i++) {
        double q[4], unit[4], w[9], d_unit[4], d_q[4], numeric[4];
        random_vector(q, 4);
        random_vector(w, 9);
        hl_quat_unit(q, unit);
        hl_rotation_bwd(unit, w, d_unit);
        const double norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
        hl_quat_unit_bwd(unit, norm, d_unit, d_q);
        if (norm < 0.3)
            continue; /* curvature ~ 1/norm^2 spoils the difference quotient */
        for (int c = 0; c < 4; c++) {
            double up[4], down[4];
            memcpy(up, q, sizeof up);
            memcpy(down, q, sizeof down);
            up[c] += h;
            down[c] -= h;
            numeric[c] = (rotation_loss(up, w) - rotation_loss(down, w)) / (2 * h);
        }
        check_close(d_q, numeric, 4, 1e-7, 1e-7);
    }
}

static void rigid_motions_invert_and_compose(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        double q[4], r1[9], r2[9], t1[3], t2[3], ri[9], ti[3], r[9], t[3], x[3], y[3], z[3], w[3];
        random_rotation(q, r1);
        random_rotation(q, r2);
        random_vector(t1, 3);
        random_vector(t2, 3);
        random_vector(x, 3);
        hl_se3_apply(r1, t1, x, y);
        hl_se3_inverse(r1, t1, ri, ti);
        hl_se3_apply(ri, ti, y, z);
        check_close(z, x, 3, 1e-13, 0);
        const double origin[3] = {0, 0, 0};
        hl_se3_apply(r1, t1, ti, z); /* the eye is at the camera's origin */
        check_close(z, origin, 3, 1e-13, 0);
        hl_se3_compose(r2, t2, r1, t1, r, t);
        hl_se3_apply(r2, t2, y, z);
        hl_se3_apply(r, t, x, w);
        check_close(w, z, 3, 1e-13, 0);
    }
}

static void exp_and_log_are_inverse(void **state)
{
    (void)state;
    const double sizes[] = {1e-9, 1e-5, 0.9999e-4, 1.0001e-4, 0.1, 1, 3, PI - 1e-6};
    for (int i = 0; i < ROUNDS; i++) {
        double phi[3], r[9], back[3];
        random_vector(phi, 3);
        hl_normalize3(phi, phi);
        const double size = sizes[(size_t)i % (sizeof sizes / sizeof *sizes)];
        for (int c = 0; c < 3; c++)
            phi[c] *= size;
        hl_so3_exp(phi, r);
        hl_so3_log(r, back);
        check_close(back, phi, 3, 1e-9 * (size + 1e-3), 1e-9);
    }
}

/* exp([phi]x) as its power series, summed until nothing changes. */
static void exp_matches_the_power_series(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        double phi[3], r[9], sum[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
        double term[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
        random_vector(phi, 3);
        const double k[9] = {0, -phi[2], phi[1], phi[2], 0, -phi[0], -phi[1], phi[0], 0};
        for (int n = 1; n < 60; n++) {
            double next[9];
            hl_matmul3(term, k, next);
            for (int c = 0; c < 9; c++) {
                term[c] = next[c] / n;
                sum[c] += term[c];
            }
        }
        hl_so3_exp(phi, r);
        check_close(r, sum, 9, 1e-13, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cross_product_is_normal_and_has_the_area),
        cmocka_unit_test(rotations_are_proper_and_follow_the_axis),
        cmocka_unit_test(matrix_products_agree_with_applying_twice),
        cmocka_unit_test(the_least_component_is_the_first_of_the_least),
        cmocka_unit_test(quaternion_product_is_the_product_of_rotations),
        cmocka_unit_test(quaternions_come_back_from_matrices),
        cmocka_unit_test(degenerate_quaternions_become_identity),
        cmocka_unit_test(rotation_gradient_matches_differences),
        cmocka_unit_test(rigid_motions_invert_and_compose),
        cmocka_unit_test(exp_and_log_are_inverse),
        cmocka_unit_test(exp_matches_the_power_series),
    };
    return cmocka_run_group_tests(tests, seed_rng, NULL);
}
