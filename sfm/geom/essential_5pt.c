/* SPDX-License-Identifier: MIT */
/* E lies in the null space of five epipolar constraints, E = x X + y Y + z Z + W.  The cubic
 * constraints det E = 0 and 2 E E^T E - tr(E E^T) E = 0 are ten equations in the twenty monomials
 * of (x, y, z) up to degree three.  Gauss-Jordan elimination in Nister's order leaves three
 * equations whose determinant is a polynomial of degree ten in z. */
#include "sfm/geom/epipolar.h"
#include "sfm/geom/linalg.h"

#include <math.h>
#include <string.h>

enum { LINEAR = 4, QUADRATIC = 10, CUBIC = 20, EQUATIONS = 10 };

/* Polynomials of degree one hold (x, y, z, 1); of degree two (x2, y2, z2, xy, xz, yz, x, y, z, 1);
 * of degree three, in Nister's order, of which the first ten are eliminated:
 * x3 y3 x2y xy2 x2z x2 y2z y2 xyz xy | xz2 xz x yz2 yz y z3 z2 z 1.  Where products land: */
static const int quadratic_of[LINEAR][LINEAR] = {
    {0, 3, 4, 6}, {3, 1, 5, 7}, {4, 5, 2, 8}, {6, 7, 8, 9}};
static const int cubic_of[QUADRATIC][LINEAR] = {
    {0, 2, 4, 5},   {3, 1, 6, 7},   {10, 13, 16, 17}, {2, 3, 8, 9},     {4, 8, 10, 11},
    {8, 6, 13, 14}, {5, 9, 11, 12}, {9, 7, 14, 15},   {11, 14, 17, 18}, {12, 15, 18, 19}};

/* out (10) += s a b for linear a, b (4). */
static void add_ll(const double *a, const double *b, double s, double *out)
{
    for (int i = 0; i < LINEAR; i++)
        for (int j = 0; j < LINEAR; j++)
            out[quadratic_of[i][j]] += s * a[i] * b[j];
}

/* out (20) += s a b for quadratic a (10), linear b (4). */
static void add_ql(const double *a, const double *b, double s, double *out)
{
    for (int i = 0; i < QUADRATIC; i++)
        for (int j = 0; j < LINEAR; j++)
            out[cubic_of[i][j]] += s * a[i] * b[j];
}

/* Entry (i, j) of E as a linear polynomial. */
static void entry(double basis[4][9], int i, int j, double out[LINEAR])
{
    for (int k = 0; k < LINEAR; k++)
        out[k] = basis[k][3 * i + j];
}

static void determinant(double basis[4][9], double out[CUBIC])
{
    static const int minor[3][2] = {{1, 2}, {2, 0}, {0, 1}};
    for (int c = 0; c < 3; c++) {
        double q[QUADRATIC] = {0}, a[LINEAR], b[LINEAR], e[LINEAR];
        entry(basis, 1, minor[c][0], a);
        entry(basis, 2, minor[c][1], b);
        add_ll(a, b, 1, q);
        entry(basis, 1, minor[c][1], a);
        entry(basis, 2, minor[c][0], b);
        add_ll(a, b, -1, q);
        entry(basis, 0, c, e);
        add_ql(q, e, 1, out);
    }
}

/* (2 E E^T - tr(E E^T) I) E, nine equations. */
static void trace_constraint(double basis[4][9], double out[9][CUBIC])
{
    double eet[9][QUADRATIC] = {{0}}, half_trace[QUADRATIC] = {0}, a[LINEAR], b[LINEAR];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++) {
                entry(basis, i, k, a);
                entry(basis, j, k, b);
                add_ll(a, b, 1, eet[3 * i + j]);
            }
    for (int q = 0; q < QUADRATIC; q++)
        half_trace[q] = 0.5 * (eet[0][q] + eet[4][q] + eet[8][q]);
    for (int i = 0; i < 3; i++)
        for (int q = 0; q < QUADRATIC; q++)
            eet[4 * i][q] -= half_trace[q];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++) {
                entry(basis, k, j, b);
                add_ql(eet[3 * i + k], b, 1, out[3 * i + j]);
            }
}

/* Reduced row echelon form of m (10, 20) on its first ten columns. */
static bool eliminate(double m[EQUATIONS][CUBIC])
{
    for (int k = 0; k < EQUATIONS; k++) {
        int best = k;
        for (int i = k + 1; i < EQUATIONS; i++)
            if (fabs(m[i][k]) > fabs(m[best][k]))
                best = i;
        if (!(fabs(m[best][k]) > 1e-14))
            return false;
        for (int j = 0; j < CUBIC; j++) {
            const double t = m[k][j];
            m[k][j] = m[best][j];
            m[best][j] = t;
        }
        for (int j = CUBIC - 1; j >= k; j--)
            m[k][j] /= m[k][k];
        for (int i = 0; i < EQUATIONS; i++) {
            const double f = m[i][k];
            for (int j = k; j < CUBIC && i != k; j++)
                m[i][j] -= f * m[k][j];
        }
    }
    return true;
}

/* Row a minus z times row b: polynomials in z that multiply x, y and 1 (lowest power first). */
static void combine(const double *a, const double *b, double row[3][5])
{
    for (int g = 0; g < 2; g++) {
        const double *p = a + 10 + 3 * g, *q = b + 10 + 3 * g; /* z^2, z, 1 */
        row[g][0] = p[2];
        row[g][1] = p[1] - q[2];
        row[g][2] = p[0] - q[1];
        row[g][3] = -q[0];
        row[g][4] = 0;
    }
    const double *p = a + 16, *q = b + 16; /* z^3, z^2, z, 1 */
    row[2][0] = p[3];
    row[2][1] = p[2] - q[3];
    row[2][2] = p[1] - q[2];
    row[2][3] = p[0] - q[1];
    row[2][4] = -q[0];
}

static void poly_mul(const double *a, int da, const double *b, int db, double s, double *out)
{
    for (int i = 0; i <= da; i++)
        for (int j = 0; j <= db; j++)
            out[i + j] += s * a[i] * b[j];
}

static void poly_det3(double row[3][3][5], double out[11])
{
    memset(out, 0, 11 * sizeof *out);
    for (int c = 0; c < 3; c++) {
        const int i = (c + 1) % 3, j = (c + 2) % 3;
        double minor[9] = {0};
        poly_mul(row[1][i], 4, row[2][j], 4, 1, minor);
        poly_mul(row[1][j], 4, row[2][i], 4, -1, minor);
        double full[13] = {0};
        poly_mul(row[0][c], 4, minor, 8, 1, full);
        for (int k = 0; k < 11; k++) /* the powers 11 and 12 cancel */
            out[k] += full[k];
    }
}

/* x, y at root z: the null vector of the three equations, by the largest cross product. */
static bool back_substitute(double row[3][3][5], double z, double xy[2])
{
    double b[3][3], best = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            b[i][j] =
                row[i][j][0] +
                z * (row[i][j][1] + z * (row[i][j][2] + z * (row[i][j][3] + z * row[i][j][4])));
    for (int k = 0; k < 3; k++) {
        const double *p = b[k], *q = b[(k + 1) % 3];
        const double n[3] = {p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2],
                             p[0] * q[1] - p[1] * q[0]};
        if (fabs(n[2]) > best) {
            best = fabs(n[2]);
            xy[0] = n[0] / n[2];
            xy[1] = n[1] / n[2];
        }
    }
    return best > 0;
}

/* Exponents of (x, y, z) behind the twenty monomials; the fourth variable, w, fills up to three. */
static const int exponent[CUBIC][3] = {{3, 0, 0}, {0, 3, 0}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1},
                                       {2, 0, 0}, {0, 2, 1}, {0, 2, 0}, {1, 1, 1}, {1, 1, 0},
                                       {1, 0, 2}, {1, 0, 1}, {1, 0, 0}, {0, 1, 2}, {0, 1, 1},
                                       {0, 1, 0}, {0, 0, 3}, {0, 0, 2}, {0, 0, 1}, {0, 0, 0}};

/* Homogeneous monomials at a (4) and their derivatives. */
static void monomials(const double a[4], double value[CUBIC], double slope[4][CUBIC])
{
    double power[4][4];
    for (int i = 0; i < 4; i++) {
        power[i][0] = 1;
        for (int k = 1; k < 4; k++)
            power[i][k] = power[i][k - 1] * a[i];
    }
    for (int m = 0; m < CUBIC; m++) {
        const int *x = exponent[m];
        const int e[4] = {x[0], x[1], x[2], 3 - x[0] - x[1] - x[2]};
        value[m] = power[0][e[0]] * power[1][e[1]] * power[2][e[2]] * power[3][e[3]];
        for (int i = 0; i < 4; i++) {
            slope[i][m] = e[i];
            for (int k = 0; k < 4 && e[i]; k++)
                slope[i][m] *= power[k][k == i ? e[k] - 1 : e[k]];
        }
    }
}

static void unit4(double a[4])
{
    const double n = sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2] + a[3] * a[3]);
    for (int i = 0; i < 4; i++)
        a[i] /= n;
}

/* Gauss-Newton on the unreduced equations, on the unit sphere: gives back the digits that the
 * elimination and the root cost. */
static void polish(double eq[EQUATIONS][CUBIC], double a[4])
{
    for (int step = 0; step < 3; step++) {
        double value[CUBIC], slope[4][CUBIC], normal[16], right[4] = {0};
        monomials(a, value, slope);
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++)
                normal[4 * i + j] = a[i] * a[j]; /* keeps the length */
        for (int e = 0; e < EQUATIONS; e++) {
            double r = 0, g[4] = {0};
            for (int m = 0; m < CUBIC; m++) {
                r += eq[e][m] * value[m];
                for (int i = 0; i < 4; i++)
                    g[i] += eq[e][m] * slope[i][m];
            }
            for (int i = 0; i < 4; i++) {
                right[i] -= g[i] * r;
                for (int j = 0; j < 4; j++)
                    normal[4 * i + j] += g[i] * g[j];
            }
        }
        if (!hl_small_solve(4, normal, right))
            return;
        for (int i = 0; i < 4; i++)
            a[i] += right[i];
        unit4(a);
    }
}

int hl_essential_5pt(const double x1[10], const double x2[10], double e[HL_ESSENTIAL_MAX][9])
{
    double a[5][9], basis[4][9], m[EQUATIONS][CUBIC] = {{0}}, row[3][3][5], det[11], roots[11];
    for (int i = 0; i < 5; i++) {
        const double u[3] = {x1[2 * i], x1[2 * i + 1], 1}, v[3] = {x2[2 * i], x2[2 * i + 1], 1};
        for (int k = 0; k < 9; k++)
            a[i][k] = v[k / 3] * u[k % 3];
    }
    hl_small_nullspace(5, 9, a[0], basis[0]);
    determinant(basis, m[0]);
    trace_constraint(basis, m + 1);
    double eq[EQUATIONS][CUBIC];
    memcpy(eq, m, sizeof eq);
    if (!eliminate(m))
        return 0;
    combine(m[4], m[5], row[0]);
    combine(m[6], m[7], row[1]);
    combine(m[8], m[9], row[2]);
    poly_det3(row, det);
    const int count = hl_poly_roots(det, 10, roots);
    int found = 0;
    for (int k = 0; k < count && found < HL_ESSENTIAL_MAX; k++) {
        double xy[2] = {0, 0}, norm = 0;
        if (!back_substitute(row, roots[k], xy))
            continue;
        double at[4] = {xy[0], xy[1], roots[k], 1};
        unit4(at);
        polish(eq, at);
        for (int i = 0; i < 9; i++) {
            e[found][i] = at[0] * basis[0][i] + at[1] * basis[1][i] + at[2] * basis[2][i] +
                          at[3] * basis[3][i];
            norm += e[found][i] * e[found][i];
        }
        for (int i = 0; i < 9; i++)
            e[found][i] /= sqrt(norm);
        found += isfinite(norm) && norm > 0;
    }
    return found;
}
