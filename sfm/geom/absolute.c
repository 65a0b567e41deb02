/* SPDX-License-Identifier: MIT */
#include "sfm/geom/absolute.h"

#include "sfm/geom/linalg.h"

#include <math.h>
#include <string.h>

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double distance2(const double a[3], const double b[3])
{
    const double d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
    return dot(d, d);
}

/* The three distances along the bearings, made exact by Newton on the law of cosines. */
static void polish_distances(const double cosine[3], const double side2[3], double s[3])
{
    static const int pair[3][2] = {{1, 2}, {0, 2}, {0, 1}};
    for (int step = 0; step < 4; step++) {
        double j[9] = {0}, d[3];
        for (int k = 0; k < 3; k++) {
            const int a = pair[k][0], b = pair[k][1];
            d[k] = side2[k] - (s[a] * s[a] + s[b] * s[b] - 2 * s[a] * s[b] * cosine[k]);
            j[3 * k + a] = 2 * s[a] - 2 * s[b] * cosine[k];
            j[3 * k + b] = 2 * s[b] - 2 * s[a] * cosine[k];
        }
        if (!hl_small_solve(3, j, d))
            return;
        for (int k = 0; k < 3; k++)
            s[k] += d[k];
    }
}

/* Grunert's quartic in v = s3 / s1; A4 .. A0 as printed by Haralick et al. */
static void grunert(const double cosine[3], const double side2[3], double c[5])
{
    const double a2 = side2[0], b2 = side2[1], c2 = side2[2];
    const double ca = cosine[0], cb = cosine[1], cg = cosine[2];
    const double p = (a2 - c2) / b2, q = (a2 + c2) / b2, rc = c2 / b2, ra = a2 / b2;
    c[4] = (p - 1) * (p - 1) - 4 * rc * ca * ca;
    c[3] = 4 * (p * (1 - p) * cb - (1 - q) * ca * cg + 2 * rc * ca * ca * cb);
    c[2] = 2 * (p * p - 1 + 2 * p * p * cb * cb + 2 * (1 - rc) * ca * ca - 4 * q * ca * cb * cg +
                2 * (1 - ra) * cg * cg);
    c[1] = 4 * (-p * (1 + p) * cb + 2 * ra * cg * cg * cb - (1 - q) * ca * cg);
    c[0] = (1 + p) * (1 + p) - 4 * ra * cg * cg;
}

int hl_p3p(const double x[6], const double point[9], double r[HL_P3P_MAX][9],
           double t[HL_P3P_MAX][3])
{
    double f[3][3], cosine[3], side2[3], c[5], roots[5];
    for (int i = 0; i < 3; i++) {
        const double n = sqrt(x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1] + 1);
        f[i][0] = x[2 * i] / n;
        f[i][1] = x[2 * i + 1] / n;
        f[i][2] = 1 / n;
    }
    static const int pair[3][2] = {{1, 2}, {0, 2}, {0, 1}};
    for (int k = 0; k < 3; k++) {
        cosine[k] = dot(f[pair[k][0]], f[pair[k][1]]);
        side2[k] = distance2(point + 3 * pair[k][0], point + 3 * pair[k][1]);
        if (!(side2[k] > 0))
            return 0;
    }
    grunert(cosine, side2, c);
    const int count = hl_poly_roots(c, 4, roots);
    int found = 0;
    for (int k = 0; k < count && found < HL_P3P_MAX; k++) {
        const double v = roots[k], p = (side2[0] - side2[2]) / side2[1];
        const double down = 2 * (cosine[2] - v * cosine[0]);
        const double u = ((p - 1) * v * v - 2 * p * cosine[1] * v + 1 + p) / down;
        const double s1 = sqrt(side2[1] / (1 + v * v - 2 * v * cosine[1]));
        double s[3] = {s1, u * s1, v * s1}, camera[9];
        if (!(v > 0 && u > 0 && isfinite(u) && isfinite(s1)))
            continue;
        polish_distances(cosine, side2, s);
        for (int i = 0; i < 9; i++)
            camera[i] = s[i / 3] * f[i / 3][i % 3];
        hl_similarity fit;
        if (s[0] > 0 && s[1] > 0 && s[2] > 0 && hl_similarity_fit(point, camera, 3, false, &fit)) {
            memcpy(r[found], fit.r, sizeof fit.r);
            memcpy(t[found], fit.t, sizeof fit.t);
            found++;
        }
    }
    return found;
}

bool hl_similarity_fit(const double *a, const double *b, int32_t count, bool scaled,
                       hl_similarity *out)
{
    double ma[3] = {0}, mb[3] = {0}, cov[9] = {0}, spread = 0;
    for (int32_t i = 0; i < count; i++)
        for (int k = 0; k < 3; k++) {
            ma[k] += a[3 * i + k] / count;
            mb[k] += b[3 * i + k] / count;
        }
    for (int32_t i = 0; i < count; i++)
        for (int p = 0; p < 3; p++) {
            const double da = a[3 * i + p] - ma[p];
            spread += da * da;
            for (int q = 0; q < 3; q++)
                cov[3 * q + p] += (b[3 * i + q] - mb[q]) * da;
        }
    double u[9], s[3], v[9];
    hl_svd3(cov, u, s, v);
    if (count < 3 || !(s[1] > 1e-12 * s[0]) || !(spread > 0))
        return false;
    const double *m[2] = {u, v};
    double det = 1;
    for (int k = 0; k < 2; k++)
        det *= m[k][0] * (m[k][4] * m[k][8] - m[k][5] * m[k][7]) -
               m[k][1] * (m[k][3] * m[k][8] - m[k][5] * m[k][6]) +
               m[k][2] * (m[k][3] * m[k][7] - m[k][4] * m[k][6]);
    const double flip = det < 0 ? -1 : 1;
    out->s = scaled ? (s[0] + s[1] + flip * s[2]) / spread : 1;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out->r[3 * i + j] = u[3 * i] * v[3 * j] + u[3 * i + 1] * v[3 * j + 1] +
                                flip * u[3 * i + 2] * v[3 * j + 2];
    for (int i = 0; i < 3; i++)
        out->t[i] = mb[i] - out->s * dot(out->r + 3 * i, ma);
    return true;
}

double hl_reprojection(const double r[9], const double t[3], const double point[3],
                       const double x[2])
{
    const double z = dot(r + 6, point) + t[2];
    if (!(z > 1e-12))
        return HUGE_VAL;
    const double dx = (dot(r, point) + t[0]) / z - x[0], dy = (dot(r + 3, point) + t[1]) / z - x[1];
    return dx * dx + dy * dy;
}

/* One Gauss-Newton step on the reprojection error; false where it is singular. */
static bool refine_point(const double *r, const double *t, const double *x, int32_t n,
                         double point[3])
{
    double normal[9] = {0}, right[3] = {0};
    for (int32_t i = 0; i < n; i++) {
        const double *ri = r + 9 * i, *ti = t + 3 * i;
        const double z = dot(ri + 6, point) + ti[2];
        for (int e = 0; e < 2; e++) {
            const double p = (dot(ri + 3 * e, point) + ti[e]) / z;
            double g[3];
            for (int k = 0; k < 3; k++)
                g[k] = (ri[3 * e + k] - p * ri[6 + k]) / z;
            for (int k = 0; k < 3; k++) {
                right[k] -= g[k] * (p - x[2 * i + e]);
                for (int l = 0; l < 3; l++)
                    normal[3 * k + l] += g[k] * g[l];
            }
        }
    }
    if (!hl_small_solve(3, normal, right))
        return false;
    for (int k = 0; k < 3; k++)
        point[k] += right[k];
    return true;
}

bool hl_triangulate(const double *r, const double *t, const double *x, int32_t n, double point[3])
{
    double ata[16] = {0}, values[4], vectors[16];
    for (int32_t i = 0; i < n; i++)
        for (int e = 0; e < 2; e++) {
            double row[4];
            for (int k = 0; k < 4; k++) {
                const double *p = r + 9 * i, *q = t + 3 * i;
                row[k] = x[2 * i + e] * (k < 3 ? p[6 + k] : q[2]) - (k < 3 ? p[3 * e + k] : q[e]);
            }
            for (int k = 0; k < 4; k++)
                for (int l = 0; l < 4; l++)
                    ata[4 * k + l] += row[k] * row[l];
        }
    hl_small_eigen(4, ata, values, vectors);
    double guess[3];
    for (int k = 0; k < 3; k++)
        guess[k] = vectors[k] / vectors[3];
    for (int step = 0; step < 3; step++)
        if (!isfinite(guess[0] + guess[1] + guess[2]) || !refine_point(r, t, x, n, guess))
            return false;
    for (int32_t i = 0; i < n; i++)
        if (!(hl_reprojection(r + 9 * i, t + 3 * i, guess, x + 2 * i) < HUGE_VAL))
            return false;
    memcpy(point, guess, sizeof guess);
    return true;
}

double hl_ray_angle(const double center_a[3], const double center_b[3], const double point[3])
{
    double u[3], v[3], c[3];
    for (int k = 0; k < 3; k++) {
        u[k] = center_a[k] - point[k];
        v[k] = center_b[k] - point[k];
    }
    c[0] = u[1] * v[2] - u[2] * v[1];
    c[1] = u[2] * v[0] - u[0] * v[2];
    c[2] = u[0] * v[1] - u[1] * v[0];
    return atan2(sqrt(dot(c, c)), dot(u, v));
}
