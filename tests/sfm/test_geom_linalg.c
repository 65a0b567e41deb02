/* SPDX-License-Identifier: MIT */
/* Small dense algebra by its defining equations on random matrices, and on singular ones. */
#include "core/rng.h"
#include "sfm/geom/linalg.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static void fill(double *a, int n, uint64_t seed)
{
    hl_rng rng = hl_rng_at(seed, 1, 2, HL_RNG_TEST);
    for (int i = 0; i < n; i++)
        a[i] = (double)hl_rng_normal(&rng);
}

static void solve_and_determinant(void **state)
{
    (void)state;
    for (int n = 1; n <= 10; n++) {
        double a[100], work[100], x[10], b[10] = {0};
        fill(a, n * n, (uint64_t)n);
        fill(x, n, 50);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                b[i] += a[n * i + j] * x[j];
        memcpy(work, a, sizeof a);
        assert_true(hl_small_solve(n, work, b));
        check_close(b, x, n, 1e-9, 1e-9);
        /* det(A) grows by the factor that multiplies a row */
        memcpy(work, a, sizeof a);
        const double det = hl_small_det(n, work);
        for (int j = 0; j < n; j++)
            a[j] *= 3;
        memcpy(work, a, sizeof a);
        assert_true(fabs(hl_small_det(n, work) - 3 * det) < 1e-9 * fabs(det) + 1e-12);
    }
    double square[4] = {2, 1, 5, 4}, flat[4] = {1, 2, 2, 4}, b[2] = {1, 1};
    assert_true(fabs(hl_small_det(2, square) - 3) < 1e-12);
    assert_false(hl_small_solve(2, flat, b));
}

static void eigen(void **state)
{
    (void)state;
    for (int n = 2; n <= 12; n++) {
        double a[144], values[12], v[144];
        fill(a, n * n, (uint64_t)n + 20);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < i; j++)
                a[n * i + j] = a[n * j + i];
        hl_small_eigen(n, a, values, v);
        for (int k = 0; k < n; k++) {
            assert_true(k == 0 || values[k] >= values[k - 1]);
            double length = 0;
            for (int i = 0; i < n; i++) {
                double av = 0;
                for (int j = 0; j < n; j++)
                    av += a[n * i + j] * v[n * k + j];
                assert_true(fabs(av - values[k] * v[n * k + i]) < 1e-9);
                length += v[n * k + i] * v[n * k + i];
            }
            assert_true(fabs(length - 1) < 1e-12);
        }
    }
}

static void nullspace(void **state)
{
    (void)state;
    for (int m = 1; m < 9; m++) {
        double a[81], basis[81];
        fill(a, m * 9, (uint64_t)m + 40);
        hl_small_nullspace(m, 9, a, basis);
        for (int p = 0; p < 9 - m; p++) {
            for (int i = 0; i < m; i++) {
                double dot = 0;
                for (int k = 0; k < 9; k++)
                    dot += a[9 * i + k] * basis[9 * p + k];
                assert_true(fabs(dot) < 1e-11);
            }
            for (int q = 0; q < 9 - m; q++) {
                double dot = 0;
                for (int k = 0; k < 9; k++)
                    dot += basis[9 * p + k] * basis[9 * q + k];
                assert_true(fabs(dot - (p == q)) < 1e-12);
            }
        }
    }
}

static void svd(void **state)
{
    (void)state;
    for (int k = 0; k < 60; k++) {
        double a[9], u[9], s[3], v[9];
        fill(a, 9, (uint64_t)k + 60);
        if (k % 3 == 1) /* rank two */
            for (int i = 0; i < 3; i++)
                a[6 + i] = a[i] + a[3 + i];
        if (k % 3 == 2) /* rank one */
            for (int i = 0; i < 3; i++)
                a[6 + i] = a[3 + i] = 2 * a[i];
        hl_svd3(a, u, s, v);
        assert_true(s[0] >= s[1] && s[1] >= s[2] && s[2] >= 0);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                double sum = 0, uu = 0, vv = 0;
                for (int e = 0; e < 3; e++) {
                    sum += u[3 * i + e] * s[e] * v[3 * j + e];
                    uu += u[3 * e + i] * u[3 * e + j];
                    vv += v[3 * e + i] * v[3 * e + j];
                }
                assert_true(fabs(sum - a[3 * i + j]) < 1e-7);
                assert_true(fabs(uu - (i == j)) < 1e-9 && fabs(vv - (i == j)) < 1e-9);
            }
    }
}

/* Polynomials with known roots, near and far, and without any. */
static void roots(void **state)
{
    (void)state;
    static const double root[4][10] = {{-3, -1, 0, 0.5, 2, 4, 5, 7, 8, 9},
                                       {-1000, -10, -0.1, -0.001, 0.002, 0.3, 4, 50, 600, 7000},
                                       {1, 1.01, 1.1, 2, 3, 4, 5, 6, 7, 8},
                                       {-5, -4, -3, -2, -1, 1, 2, 3, 4, 5}};
    for (int k = 0; k < 4; k++) {
        double c[11] = {1}, found[11];
        for (int n = 0; n < 10; n++)
            for (int i = n + 1; i >= 0; i--)
                c[i] = (i ? c[i - 1] : 0) - root[k][n] * (i <= n ? c[i] : 0);
        assert_int_equal(hl_poly_roots(c, 10, found), 10);
        check_close(found, root[k], 10, 1e-6, 1e-6);
    }
    const double none[5] = {1, 0, 1, 0, 1}, line[3] = {6, -2, 0}, constant[2] = {3, 0};
    double found[5];
    assert_int_equal(hl_poly_roots(none, 4, found), 0);
    assert_int_equal(hl_poly_roots(line, 2, found), 1);
    assert_true(found[0] == 3);
    assert_int_equal(hl_poly_roots(constant, 1, found), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(solve_and_determinant),
        cmocka_unit_test(eigen),
        cmocka_unit_test(nullspace),
        cmocka_unit_test(svd),
        cmocka_unit_test(roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
