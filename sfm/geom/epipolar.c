/* SPDX-License-Identifier: MIT */
#include "sfm/geom/epipolar.h"

#include "sfm/geom/linalg.h"

#include <math.h>
#include <string.h>

static void scale_to_unit(double m[9])
{
    double n = 0;
    for (int i = 0; i < 9; i++)
        n += m[i] * m[i];
    for (int i = 0; i < 9 && n > 0; i++)
        m[i] /= sqrt(n);
}

static void multiply(const double a[9], const double b[9], double out[9])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

static double determinant(const double m[9])
{
    return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
           m[2] * (m[3] * m[7] - m[4] * m[6]);
}

/* Coefficients of det(a + x b), lowest first. */
static void det_line(const double a[9], const double b[9], double c[4])
{
    double at[4];
    for (int k = 0; k < 4; k++) { /* interpolation at -1, 0, 1 and the leading term */
        double m[9];
        for (int i = 0; i < 9; i++)
            m[i] = k == 3 ? b[i] : a[i] + (k - 1) * b[i];
        at[k] = determinant(m);
    }
    c[0] = at[1];
    c[3] = at[3];
    c[2] = (at[0] + at[2]) / 2 - at[1];
    c[1] = (at[2] - at[0]) / 2 - at[3];
}

int hl_fundamental_7pt(const double x1[14], const double x2[14], double f[HL_FUNDAMENTAL_MAX][9])
{
    double a[7][9], basis[2][9], c[4], roots[4];
    for (int i = 0; i < 7; i++) {
        const double u[3] = {x1[2 * i], x1[2 * i + 1], 1}, v[3] = {x2[2 * i], x2[2 * i + 1], 1};
        for (int k = 0; k < 9; k++)
            a[i][k] = v[k / 3] * u[k % 3];
    }
    hl_small_nullspace(7, 9, a[0], basis[0]);
    det_line(basis[1], basis[0], c);
    const int count = hl_poly_roots(c, 3, roots);
    for (int k = 0; k < count; k++) {
        for (int i = 0; i < 9; i++)
            f[k][i] = basis[1][i] + roots[k] * basis[0][i];
        scale_to_unit(f[k]);
    }
    return count;
}

/* Similarity that moves the points to mean 0 and mean distance sqrt 2: x' = s (x - m). */
typedef struct frame2 {
    double s, mx, my;
} frame2;

static bool normalise(const double *x, int32_t count, frame2 *f)
{
    f->mx = f->my = 0;
    for (int32_t i = 0; i < count; i++) {
        f->mx += x[2 * i] / count;
        f->my += x[2 * i + 1] / count;
    }
    double mean = 0;
    for (int32_t i = 0; i < count; i++)
        mean += hypot(x[2 * i] - f->mx, x[2 * i + 1] - f->my) / count;
    f->s = sqrt(2.0) / mean;
    return mean > 0 && isfinite(f->s);
}

/* T of x' = T x. */
static void frame_matrix(const frame2 *f, double t[9])
{
    const double m[9] = {f->s, 0, -f->s * f->mx, 0, f->s, -f->s * f->my, 0, 0, 1};
    memcpy(t, m, sizeof m);
}

static void frame_inverse(const frame2 *f, double t[9])
{
    const double m[9] = {1 / f->s, 0, f->mx, 0, 1 / f->s, f->my, 0, 0, 1};
    memcpy(t, m, sizeof m);
}

bool hl_fundamental_8pt(const double *x1, const double *x2, const double *weight, int32_t count,
                        double f[9])
{
    frame2 n1, n2;
    if (count < 8 || !normalise(x1, count, &n1) || !normalise(x2, count, &n2))
        return false;
    double ata[81] = {0}, values[9], vectors[81];
    for (int32_t i = 0; i < count; i++) {
        const double u[3] = {n1.s * (x1[2 * i] - n1.mx), n1.s * (x1[2 * i + 1] - n1.my), 1};
        const double v[3] = {n2.s * (x2[2 * i] - n2.mx), n2.s * (x2[2 * i + 1] - n2.my), 1};
        double row[9];
        for (int k = 0; k < 9; k++)
            row[k] = v[k / 3] * u[k % 3];
        const double w = weight ? weight[i] : 1;
        for (int p = 0; p < 9; p++)
            for (int q = 0; q < 9; q++)
                ata[9 * p + q] += w * row[p] * row[q];
    }
    hl_small_eigen(9, ata, values, vectors);
    if (!(values[1] > 1e-10 * values[8]))
        return false; /* a second solution: planar, or too few distinct points */
    double u[9], s[3], v[9], rank2[9], t1[9], t2t[9], half[9];
    hl_svd3(vectors, u, s, v);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            rank2[3 * i + j] = u[3 * i] * s[0] * v[3 * j] + u[3 * i + 1] * s[1] * v[3 * j + 1];
    frame_matrix(&n1, t1);
    frame_matrix(&n2, half);
    for (int i = 0; i < 9; i++)
        t2t[i] = half[i % 3 * 3 + i / 3];
    multiply(t2t, rank2, half);
    multiply(half, t1, f);
    scale_to_unit(f);
    return true;
}

static double turn(const double *x, int a, int b, int c)
{
    return (x[2 * b] - x[2 * a]) * (x[2 * c + 1] - x[2 * a + 1]) -
           (x[2 * b + 1] - x[2 * a + 1]) * (x[2 * c] - x[2 * a]);
}

/* A real plane never turns one triangle over and not another. */
static bool orientation_kept(const double *x1, const double *x2)
{
    static const int triangle[4][3] = {{0, 1, 2}, {0, 1, 3}, {0, 2, 3}, {1, 2, 3}};
    int same = 0;
    for (int k = 0; k < 4; k++) {
        const int *t = triangle[k];
        const double p = turn(x1, t[0], t[1], t[2]) * turn(x2, t[0], t[1], t[2]);
        if (!(fabs(p) > 0))
            return false; /* three on a line */
        same += p > 0;
    }
    return same == 4 || same == 0;
}

bool hl_homography(const double *x1, const double *x2, int32_t count, double h[9])
{
    frame2 n1, n2;
    if (count < 4 || (count == 4 && !orientation_kept(x1, x2)) || !normalise(x1, count, &n1) ||
        !normalise(x2, count, &n2))
        return false;
    double ata[81] = {0}, rows[8][9], values[9], vectors[81];
    for (int32_t i = 0; i < count; i++) {
        const double u = n1.s * (x1[2 * i] - n1.mx), v = n1.s * (x1[2 * i + 1] - n1.my);
        const double x = n2.s * (x2[2 * i] - n2.mx), y = n2.s * (x2[2 * i + 1] - n2.my);
        const double row[2][9] = {{u, v, 1, 0, 0, 0, -x * u, -x * v, -x},
                                  {0, 0, 0, u, v, 1, -y * u, -y * v, -y}};
        if (count == 4)
            memcpy(rows[2 * i], row, sizeof row);
        for (int e = 0; e < 2 && count > 4; e++)
            for (int p = 0; p < 9; p++)
                for (int q = 0; q < 9; q++)
                    ata[9 * p + q] += row[e][p] * row[e][q];
    }
    if (count == 4)
        hl_small_nullspace(8, 9, rows[0], vectors);
    else
        hl_small_eigen(9, ata, values, vectors);
    if (count > 4 && !(values[1] > 1e-10 * values[8]))
        return false;
    double t1[9], back[9], half[9];
    frame_matrix(&n1, t1);
    frame_inverse(&n2, back);
    multiply(back, vectors, half);
    multiply(half, t1, h);
    scale_to_unit(h);
    return fabs(determinant(h)) > 1e-15;
}

void hl_essential_from_motion(const double r[9], const double t[3], double e[9])
{
    const double tx[9] = {0, -t[2], t[1], t[2], 0, -t[0], -t[1], t[0], 0};
    multiply(tx, r, e);
    scale_to_unit(e);
}

void hl_essential_decompose(const double e[9], double r[2][9], double t[3])
{
    static const double w[2][9] = {{0, -1, 0, 1, 0, 0, 0, 0, 1}, {0, 1, 0, -1, 0, 0, 0, 0, 1}};
    double u[9], s[3], v[9], vt[9], half[9];
    hl_svd3(e, u, s, v);
    for (int i = 0; i < 9; i++)
        vt[i] = v[i % 3 * 3 + i / 3];
    for (int k = 0; k < 2; k++) {
        multiply(u, w[k], half);
        multiply(half, vt, r[k]);
        if (determinant(r[k]) < 0)
            for (int i = 0; i < 9; i++)
                r[k][i] = -r[k][i];
    }
    for (int i = 0; i < 3; i++)
        t[i] = u[3 * i + 2];
}

bool hl_two_view_depths(const double r[9], const double t[3], const double x1[2],
                        const double x2[2], double depth[2])
{
    /* d2 (x2, 1) = d1 R (x1, 1) + t, in the least-squares sense */
    double a[3];
    const double b[3] = {x2[0], x2[1], 1};
    for (int i = 0; i < 3; i++)
        a[i] = r[3 * i] * x1[0] + r[3 * i + 1] * x1[1] + r[3 * i + 2];
    const double aa = a[0] * a[0] + a[1] * a[1] + a[2] * a[2];
    const double bb = b[0] * b[0] + b[1] * b[1] + 1;
    const double ab = a[0] * b[0] + a[1] * b[1] + a[2];
    const double at = a[0] * t[0] + a[1] * t[1] + a[2] * t[2];
    const double bt = b[0] * t[0] + b[1] * t[1] + t[2];
    const double det = aa * bb - ab * ab;
    if (!(det > 1e-12 * aa * bb))
        return false;
    depth[0] = (ab * bt - bb * at) / det;
    depth[1] = (aa * bt - ab * at) / det;
    return true;
}

int32_t hl_essential_motion(const double e[9], const double *x1, const double *x2,
                            const uint8_t *inlier, int32_t count, double r[9], double t[3])
{
    double both[2][9], direction[3];
    int32_t best = -1;
    hl_essential_decompose(e, both, direction);
    for (int k = 0; k < 4; k++) {
        const double sign = k % 2 ? -1 : 1;
        const double move[3] = {sign * direction[0], sign * direction[1], sign * direction[2]};
        int32_t front = 0;
        for (int32_t i = 0; i < count; i++) {
            double depth[2];
            if ((!inlier || inlier[i]) &&
                hl_two_view_depths(both[k / 2], move, x1 + 2 * i, x2 + 2 * i, depth))
                front += depth[0] > 0 && depth[1] > 0;
        }
        if (front > best) {
            best = front;
            memcpy(r, both[k / 2], 9 * sizeof *r);
            memcpy(t, move, sizeof move);
        }
    }
    return best;
}

double hl_sampson(const double f[9], const double x1[2], const double x2[2])
{
    const double fx0 = f[0] * x1[0] + f[1] * x1[1] + f[2];
    const double fx1 = f[3] * x1[0] + f[4] * x1[1] + f[5];
    const double fx2 = f[6] * x1[0] + f[7] * x1[1] + f[8];
    const double ft0 = f[0] * x2[0] + f[3] * x2[1] + f[6];
    const double ft1 = f[1] * x2[0] + f[4] * x2[1] + f[7];
    const double c = x2[0] * fx0 + x2[1] * fx1 + fx2;
    const double n = fx0 * fx0 + fx1 * fx1 + ft0 * ft0 + ft1 * ft1;
    return n > 0 ? c * c / n : HUGE_VAL;
}

double hl_transfer(const double h[9], const double x1[2], const double x2[2])
{
    const double z = h[6] * x1[0] + h[7] * x1[1] + h[8];
    if (z == 0)
        return HUGE_VAL;
    const double dx = (h[0] * x1[0] + h[1] * x1[1] + h[2]) / z - x2[0];
    const double dy = (h[3] * x1[0] + h[4] * x1[1] + h[5]) / z - x2[1];
    return dx * dx + dy * dy;
}
