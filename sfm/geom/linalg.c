/* SPDX-License-Identifier: MIT */
#include "sfm/geom/linalg.h"

#include <math.h>
#include <string.h>

/* Row of the largest entry of column k at or below the diagonal. */
static int pivot_row(int n, const double *a, int k)
{
    int best = k;
    for (int i = k + 1; i < n; i++)
        if (fabs(a[i * n + k]) > fabs(a[best * n + k]))
            best = i;
    return best;
}

static void swap_rows(int n, double *a, int i, int j)
{
    for (int k = 0; k < n && i != j; k++) {
        const double t = a[i * n + k];
        a[i * n + k] = a[j * n + k];
        a[j * n + k] = t;
    }
}

static void eliminate_below(int n, double *a, double *b, int k)
{
    for (int i = k + 1; i < n; i++) {
        const double f = a[i * n + k] / a[k * n + k];
        for (int j = k; j < n; j++)
            a[i * n + j] -= f * a[k * n + j];
        if (b)
            b[i] -= f * b[k];
    }
}

bool hl_small_solve(int n, double *a, double *b)
{
    double largest = 0;
    for (int i = 0; i < n * n; i++)
        largest = fmax(largest, fabs(a[i]));
    for (int k = 0; k < n; k++) {
        const int p = pivot_row(n, a, k);
        if (!(fabs(a[p * n + k]) > 1e-14 * largest))
            return false;
        swap_rows(n, a, k, p);
        const double t = b[k];
        b[k] = b[p];
        b[p] = t;
        eliminate_below(n, a, b, k);
    }
    for (int k = n - 1; k >= 0; k--) {
        for (int j = k + 1; j < n; j++)
            b[k] -= a[k * n + j] * b[j];
        b[k] /= a[k * n + k];
    }
    return true;
}

double hl_small_det(int n, double *a)
{
    double det = 1;
    for (int k = 0; k < n; k++) {
        const int p = pivot_row(n, a, k);
        if (a[p * n + k] == 0)
            return 0;
        if (p != k) {
            swap_rows(n, a, k, p);
            det = -det;
        }
        det *= a[k * n + k];
        eliminate_below(n, a, NULL, k);
    }
    return det;
}

/* One Jacobi rotation that zeroes a[p][q]; applied to a and to the rows of v. */
static void rotate(int n, double *a, double *v, int p, int q)
{
    const double apq = a[p * n + q];
    if (apq == 0)
        return;
    const double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
    const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    const double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < n; k++) {
        const double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for (int k = 0; k < n; k++) {
        const double x = a[p * n + k], y = a[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        const double u = v[p * n + k], w = v[q * n + k];
        v[p * n + k] = c * u - s * w;
        v[q * n + k] = s * u + c * w;
    }
}

static double off_diagonal(int n, const double *a)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            sum += i == j ? 0 : a[i * n + j] * a[i * n + j];
    return sum;
}

void hl_small_eigen(int n, const double *a, double *values, double *vectors)
{
    double m[HL_SMALL_MAX * HL_SMALL_MAX], norm = 0;
    for (int i = 0; i < n * n; i++) {
        m[i] = a[i];
        norm += a[i] * a[i];
        vectors[i] = i % (n + 1) == 0;
    }
    for (int sweep = 0; sweep < 40 && off_diagonal(n, m) > 1e-30 * norm; sweep++)
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++)
                rotate(n, m, vectors, p, q);
    for (int i = 0; i < n; i++)
        values[i] = m[i * n + i];
    for (int i = 0; i < n; i++) { /* selection sort, with the rows */
        int least = i;
        for (int j = i + 1; j < n; j++)
            if (values[j] < values[least])
                least = j;
        const double t = values[i];
        values[i] = values[least];
        values[least] = t;
        swap_rows(n, vectors, i, least);
    }
}

/* x <- x (I - 2 v v^T / v^T v) for the rows of x (rows, n), on columns k and beyond. */
static void reflect_rows(int rows, int n, int k, const double *v, double v2, double *x)
{
    for (int i = 0; i < rows; i++) {
        double dot = 0;
        for (int j = k; j < n; j++)
            dot += x[i * n + j] * v[j];
        for (int j = k; j < n; j++)
            x[i * n + j] -= 2 * dot / v2 * v[j];
    }
}

void hl_small_nullspace(int m, int n, const double *a, double *basis)
{
    double r[HL_SMALL_MAX * HL_SMALL_MAX] = {0}, q[HL_SMALL_MAX * HL_SMALL_MAX] = {0};
    memcpy(r, a, (size_t)(m * n) * sizeof *r);
    for (int i = 0; i < n; i++)
        q[i * n + i] = 1;
    for (int k = 0; k < m; k++) { /* reflect row k onto axis k; q collects the reflections */
        double v[HL_SMALL_MAX] = {0}, norm = 0;
        for (int j = k; j < n; j++) {
            v[j] = r[k * n + j];
            norm += v[j] * v[j];
        }
        norm = sqrt(norm);
        const double first = v[k];
        v[k] += first >= 0 ? norm : -norm;
        const double v2 = norm * norm - first * first + v[k] * v[k];
        if (!(v2 > 0))
            continue;
        reflect_rows(m, n, k, v, v2, r);
        reflect_rows(n, n, k, v, v2, q);
    }
    for (int k = m; k < n; k++) /* columns m.. of q */
        for (int i = 0; i < n; i++)
            basis[(k - m) * n + i] = q[i * n + k];
}

static void cross(const double *a, const double *b, double *out)
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* A unit vector at right angles to unit x. */
static void any_normal(const double x[3], double out[3])
{
    const int least = fabs(x[0]) < fabs(x[1]) ? (fabs(x[0]) < fabs(x[2]) ? 0 : 2)
                                              : (fabs(x[1]) < fabs(x[2]) ? 1 : 2);
    double axis[3] = {0, 0, 0};
    axis[least] = 1;
    cross(x, axis, out);
    const double n = sqrt(out[0] * out[0] + out[1] * out[1] + out[2] * out[2]);
    for (int i = 0; i < 3; i++)
        out[i] /= n;
}

void hl_svd3(const double a[9], double u[9], double s[3], double v[9])
{
    double ata[9], values[3], rows[9], columns[3][3], left[3][3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            ata[3 * i + j] = a[i] * a[j] + a[3 + i] * a[3 + j] + a[6 + i] * a[6 + j];
    hl_small_eigen(3, ata, values, rows);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 3; i++)
            columns[k][i] = rows[3 * (2 - k) + i];
    cross(columns[0], columns[1], columns[2]);
    for (int k = 0; k < 3; k++) { /* a v_k = s_k u_k: accurate where ata lost digits */
        for (int i = 0; i < 3; i++)
            left[k][i] = a[3 * i] * columns[k][0] + a[3 * i + 1] * columns[k][1] +
                         a[3 * i + 2] * columns[k][2];
        s[k] = sqrt(left[k][0] * left[k][0] + left[k][1] * left[k][1] + left[k][2] * left[k][2]);
    }
    if (s[0] > 0)
        for (int i = 0; i < 3; i++)
            left[0][i] /= s[0];
    else
        left[0][0] = 1;
    double along = 0, n = 0;
    for (int i = 0; i < 3; i++)
        along += left[0][i] * left[1][i];
    for (int i = 0; i < 3; i++) {
        left[1][i] -= along * left[0][i];
        n += left[1][i] * left[1][i];
    }
    if (n > 1e-24 * s[0] * s[0] && n > 0)
        for (int i = 0; i < 3; i++)
            left[1][i] /= sqrt(n);
    else
        any_normal(left[0], left[1]);
    double third[3];
    cross(left[0], left[1], third);
    const double side = third[0] * left[2][0] + third[1] * left[2][1] + third[2] * left[2][2];
    for (int i = 0; i < 3; i++) {
        const double flip = side < 0 ? -1 : 1;
        u[3 * i] = left[0][i];
        u[3 * i + 1] = left[1][i];
        u[3 * i + 2] = flip * third[i];
        for (int k = 0; k < 3; k++)
            v[3 * i + k] = columns[k][i];
    }
    s[2] = fabs(side);
}

static double poly_at(const double *c, int degree, double x)
{
    double y = c[degree];
    for (int k = degree - 1; k >= 0; k--)
        y = y * x + c[k];
    return y;
}

/* The root in [lo, hi], where the signs differ: Newton where it halves the step before last,
 * bisection elsewhere (far out, Newton on a high power crawls). */
static double close_in(const double *c, const double *d, int degree, double lo, double hi)
{
    const bool rising = poly_at(c, degree, lo) < 0;
    double x = 0.5 * (lo + hi), step = hi - lo, before = step;
    for (int i = 0; i < 200; i++) {
        const double y = poly_at(c, degree, x), slope = poly_at(d, degree - 1, x);
        if (y == 0)
            return x;
        if ((y < 0) == rising)
            lo = x;
        else
            hi = x;
        double next = x - y / slope;
        if (!(next > lo && next < hi) || !(fabs(2 * y) < fabs(before * slope)))
            next = 0.5 * (lo + hi);
        before = step;
        step = fabs(next - x);
        if (step <= 1e-15 * fabs(x) || next == lo || next == hi)
            return next;
        x = next;
    }
    return x;
}

int hl_poly_roots(const double *c, int degree, double *roots)
{
    double scale = 0;
    for (int k = 0; k <= degree; k++)
        scale = fmax(scale, fabs(c[k]));
    while (degree > 0 && fabs(c[degree]) <= 1e-14 * scale)
        degree--;
    if (degree == 0)
        return 0;
    if (degree == 1) {
        roots[0] = -c[0] / c[1];
        return 1;
    }
    double d[HL_SMALL_MAX] = {0}, turning[HL_SMALL_MAX + 1] = {0}, bound = 0;
    for (int k = 1; k <= degree; k++)
        d[k - 1] = k * c[k];
    for (int k = 0; k < degree; k++) /* Cauchy's bound */
        bound = fmax(bound, fabs(c[k] / c[degree]));
    bound += 1;
    const int turns = hl_poly_roots(d, degree - 1, turning);
    int found = 0;
    double lo = -bound;
    for (int k = 0; k <= turns; k++) {
        const double hi = k < turns ? fmin(fmax(turning[k], -bound), bound) : bound;
        const double at_lo = poly_at(c, degree, lo), at_hi = poly_at(c, degree, hi);
        if (at_lo == 0 && (!found || roots[found - 1] != lo))
            roots[found++] = lo;
        if (at_lo * at_hi < 0)
            roots[found++] = close_in(c, d, degree, lo, hi);
        else if (at_hi == 0 && k == turns)
            roots[found++] = hi;
        lo = hi;
    }
    return found;
}
