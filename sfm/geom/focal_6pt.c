/* SPDX-License-Identifier: MIT */
/* Six points, one unknown focal length f in both views.  F = x F0 + y F1 + F2 with det F = 0, and
 * with w = 1/f^2, Q = diag(1, 1, w):  2 F Q F^T Q F - tr(F Q F^T Q) F = 0.  For a given w these are
 * ten cubics in (x, y), that is ten linear equations in the ten monomials up to degree three; they
 * have a solution where their determinant, a polynomial of degree 15 in w, vanishes.  The roots
 * are found where it changes sign on a logarithmic grid of f, then closed in by bisection. */
#include "sfm/geom/epipolar.h"
#include "sfm/geom/linalg.h"

#include <math.h>
#include <string.h>

enum { MONOMIALS = 10, GRID = 64, FINE = 24 };

/* Polynomials in (x, y) up to degree three: index of x^i y^j. */
static const int place[4][4] = {{0, 1, 2, 3}, {4, 5, 6, -1}, {7, 8, -1, -1}, {9, -1, -1, -1}};
static const int power_x[MONOMIALS] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 3};
static const int power_y[MONOMIALS] = {0, 1, 2, 3, 0, 1, 2, 0, 1, 0};

typedef struct poly2 {
    double c[MONOMIALS];
} poly2;

static void add_product(poly2 *out, const poly2 *a, const poly2 *b, double s)
{
    for (int p = 0; p < MONOMIALS; p++)
        for (int q = 0; q < MONOMIALS && a->c[p] != 0; q++) {
            const int i = power_x[p] + power_x[q], j = power_y[p] + power_y[q];
            if (i + j <= 3)
                out->c[place[i][j]] += s * a->c[p] * b->c[q];
        }
}

/* The ten equations at w, one row each. */
static void equations(double basis[3][9], double w, double m[MONOMIALS * MONOMIALS])
{
    poly2 f[9], g[9], out[MONOMIALS], trace;
    memset(f, 0, sizeof f);
    memset(g, 0, sizeof g);
    memset(out, 0, sizeof out);
    memset(&trace, 0, sizeof trace);
    for (int i = 0; i < 9; i++) {
        f[i].c[place[1][0]] = basis[0][i];
        f[i].c[place[0][1]] = basis[1][i];
        f[i].c[0] = basis[2][i];
    }
    const double q[3] = {1, 1, w};
    for (int i = 0; i < 3; i++) /* G = F Q F^T */
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                add_product(&g[3 * i + j], &f[3 * i + k], &f[3 * j + k], q[k]);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < MONOMIALS; k++)
            trace.c[k] += q[i] * g[4 * i].c[k];
    for (int i = 0; i < 3; i++) /* 2 G Q F - trace F */
        for (int j = 0; j < 3; j++) {
            poly2 *e = &out[3 * i + j];
            for (int k = 0; k < 3; k++)
                add_product(e, &g[3 * i + k], &f[3 * k + j], 2 * q[k]);
            add_product(e, &trace, &f[3 * i + j], -1);
        }
    for (int c = 0; c < 3; c++) { /* det F along the first row */
        const int a = (c + 1) % 3, b = (c + 2) % 3;
        poly2 minor;
        memset(&minor, 0, sizeof minor);
        add_product(&minor, &f[3 + a], &f[6 + b], 1);
        add_product(&minor, &f[3 + b], &f[6 + a], -1);
        add_product(&out[9], &minor, &f[c], 1);
    }
    for (int i = 0; i < MONOMIALS; i++)
        memcpy(m + MONOMIALS * i, out[i].c, sizeof out[i].c);
}

enum { ENTRIES = MONOMIALS * MONOMIALS };

/* The equations are quadratic in w: three evaluations give them everywhere. */
typedef struct pencil {
    double c0[ENTRIES], c1[ENTRIES], c2[ENTRIES];
} pencil;

static void pencil_init(pencil *p, double basis[3][9])
{
    double minus[ENTRIES], plus[ENTRIES];
    equations(basis, 0, p->c0);
    equations(basis, -1, minus);
    equations(basis, 1, plus);
    for (int i = 0; i < ENTRIES; i++) {
        p->c1[i] = (plus[i] - minus[i]) / 2;
        p->c2[i] = (plus[i] + minus[i]) / 2 - p->c0[i];
    }
}

static void pencil_at(const pencil *p, double w, double m[ENTRIES])
{
    for (int i = 0; i < ENTRIES; i++)
        m[i] = p->c0[i] + w * (p->c1[i] + w * p->c2[i]);
}

static double determinant_at(const pencil *p, double w)
{
    double m[ENTRIES];
    pencil_at(p, w, m);
    return hl_small_det(MONOMIALS, m);
}

/* x, y from the null vector of the equations: entries of x, y and 1. */
static bool solve_at(const pencil *p, double basis[3][9], double w, double f[9])
{
    double m[MONOMIALS * MONOMIALS], mtm[MONOMIALS * MONOMIALS] = {0};
    double values[MONOMIALS], vectors[MONOMIALS * MONOMIALS], norm = 0;
    pencil_at(p, w, m);
    for (int i = 0; i < MONOMIALS; i++)
        for (int j = 0; j < MONOMIALS; j++)
            for (int k = 0; k < MONOMIALS; k++)
                mtm[MONOMIALS * j + k] += m[MONOMIALS * i + j] * m[MONOMIALS * i + k];
    hl_small_eigen(MONOMIALS, mtm, values, vectors);
    if (!(fabs(vectors[0]) > 1e-9))
        return false;
    const double x = vectors[place[1][0]] / vectors[0], y = vectors[place[0][1]] / vectors[0];
    for (int i = 0; i < 9; i++) {
        f[i] = x * basis[0][i] + y * basis[1][i] + basis[2][i];
        norm += f[i] * f[i];
    }
    for (int i = 0; i < 9; i++)
        f[i] /= sqrt(norm);
    return isfinite(norm) && norm > 0;
}

static double close_in(const pencil *p, double lo, double hi, double at_lo)
{
    for (int i = 0; i < 60 && hi - lo > 1e-13 * hi; i++) {
        const double middle = 0.5 * (lo + hi), at = determinant_at(p, middle);
        if ((at < 0) == (at_lo < 0))
            lo = middle;
        else
            hi = middle;
    }
    return 0.5 * (lo + hi);
}

typedef struct hits {
    double (*basis)[9], (*f)[9], *focal;
    int count;
} hits;

/* Roots between the focal lengths from and to, at `steps` equal ratios.  A dip of |det| without a
 * change of sign may hide two roots: it is looked at once more, finer. */
static void scan(const pencil *p, double from, double to, int steps, hits *h)
{
    double w[GRID + 1], at[GRID + 1];
    for (int k = 0; k <= steps; k++) {
        const double length = from * pow(to / from, (double)k / steps);
        w[k] = 1 / (length * length);
        at[k] = determinant_at(p, w[k]);
    }
    for (int k = 1; k <= steps && h->count < HL_FOCAL_MAX; k++) {
        if (at[k - 1] * at[k] < 0) {
            const double root = close_in(p, w[k - 1], w[k], at[k - 1]);
            h->focal[h->count] = 1 / sqrt(root);
            h->count += solve_at(p, h->basis, root, h->f[h->count]);
        }
        const bool dip = steps == GRID && k < steps && at[k - 1] * at[k] > 0 &&
                         at[k] * at[k + 1] > 0 && fabs(at[k]) < fabs(at[k - 1]) &&
                         fabs(at[k]) < fabs(at[k + 1]);
        if (dip)
            scan(p, 1 / sqrt(w[k - 1]), 1 / sqrt(w[k + 1]), FINE, h);
    }
}

int hl_essential_6pt_focal(const double x1[12], const double x2[12], double lo, double hi,
                           double f[HL_FOCAL_MAX][9], double focal[HL_FOCAL_MAX])
{
    double a[6][9], basis[3][9];
    for (int i = 0; i < 6; i++) {
        const double u[3] = {x1[2 * i], x1[2 * i + 1], 1}, v[3] = {x2[2 * i], x2[2 * i + 1], 1};
        for (int k = 0; k < 9; k++)
            a[i][k] = v[k / 3] * u[k % 3];
    }
    pencil p;
    hl_small_nullspace(6, 9, a[0], basis[0]);
    pencil_init(&p, basis);
    hits h = {basis, f, focal, 0};
    scan(&p, hi, lo, GRID, &h);
    return h.count;
}
