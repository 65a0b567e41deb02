/* SPDX-License-Identifier: MIT */
/* tests/raster/oracle.h -- small second opinions in double for the tests of raster's HD headers.
 *
 * Nothing here includes or repeats the code under test: rotations come from Rodrigues' formula,
 * matrices are plain triple loops, derivatives are central differences.
 */
#ifndef HL_TESTS_RASTER_ORACLE_H
#define HL_TESTS_RASTER_ORACLE_H

#include <math.h>
#include <string.h>

/* Unit axis and angle to the quaternion (w, x, y, z) and, separately, to the rotation matrix:
 * R = cos I + sin [a]x + (1 - cos) a a^T. */
static inline void oracle_turn(const double axis[3], double angle, double q[4], double r[9])
{
    const double n = sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
    const double a[3] = {axis[0] / n, axis[1] / n, axis[2] / n}, c = cos(angle), s = sin(angle);
    const double cross[9] = {0, -a[2], a[1], a[2], 0, -a[0], -a[1], a[0], 0};
    q[0] = cos(angle / 2);
    for (int i = 0; i < 3; i++)
        q[1 + i] = a[i] * sin(angle / 2);
    for (int i = 0; i < 9; i++)
        r[i] = (i % 4 == 0 ? c : 0) + s * cross[i] + (1 - c) * a[i / 3] * a[i % 3];
}

/* out (n, m) = a (n, k) b (k, m) */
static inline void oracle_matmul(const double *a, const double *b, int n, int k, int m, double *out)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            out[i * m + j] = 0;
            for (int l = 0; l < k; l++)
                out[i * m + j] += a[i * k + l] * b[l * m + j];
        }
}

/* out (m, n) = a^T, a (n, m) */
static inline void oracle_transpose(const double *a, int n, int m, double *out)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++)
            out[j * n + i] = a[i * m + j];
}

/* out (n, n) = a s a^T, a (n, m), s (m, m), n, m <= 3 */
static inline void oracle_sandwich(const double *a, const double *s, int n, int m, double *out)
{
    double at[9], as[9];
    oracle_transpose(a, n, m, at);
    oracle_matmul(a, s, n, m, m, as);
    oracle_matmul(as, at, n, m, n, out);
}

/* Derivative of f(ctx) along *x: five points, error of order h^4. */
static inline double oracle_slope(double (*f)(void *), void *ctx, double *x, double h)
{
    const double x0 = *x;
    double v[4];
    for (int k = 0; k < 4; k++) {
        *x = x0 + (k < 2 ? k - 2 : k - 1) * h;
        v[k] = f(ctx);
    }
    *x = x0;
    return (v[0] - 8 * v[1] + 8 * v[2] - v[3]) / (12 * h);
}

#endif /* HL_TESTS_RASTER_ORACLE_H */
