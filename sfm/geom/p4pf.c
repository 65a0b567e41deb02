/* SPDX-License-Identifier: MIT */
/* Four points, unknown focal length: a search over the focal length by P3P, then least squares. */
#define HL_REAL double
#include "sfm/geom/absolute.h"
#include "sfm/geom/linalg.h"
#include "sfm/geom/turn.h"

#include <math.h>
#include <string.h>

enum { GRID = 40, UNKNOWNS = 7, STEPS = 12 };

typedef struct guess {
    double r[9], t[3], focal, error; /* squared error of the fourth point, in focal lengths */
} guess;

/* Best P3P pose at one focal length, judged by the fourth point. */
static guess pose_at(const double x[8], const double point[12], double focal)
{
    double plane[8], r[HL_P3P_MAX][9], t[HL_P3P_MAX][3];
    guess best = {.focal = focal, .error = HUGE_VAL};
    for (int i = 0; i < 8; i++)
        plane[i] = x[i] / focal;
    const int n = hl_p3p(plane, point, r, t);
    for (int k = 0; k < n; k++) {
        const double e = hl_reprojection(r[k], t[k], point + 9, plane + 6);
        if (e < best.error) {
            best.error = e;
            memcpy(best.r, r[k], sizeof best.r);
            memcpy(best.t, t[k], sizeof best.t);
        }
    }
    return best;
}

/* Residuals (8) in pixels and their derivatives by (turn, t, log f); false behind the camera. */
static bool residuals(const double x[8], const double point[12], const guess *g, double e[8],
                      double j[8][UNKNOWNS])
{
    for (int i = 0; i < 4; i++) {
        const double *p = point + 3 * i;
        double c[3];
        for (int k = 0; k < 3; k++)
            c[k] = g->r[3 * k] * p[0] + g->r[3 * k + 1] * p[1] + g->r[3 * k + 2] * p[2];
        const double q[3] = {c[0] + g->t[0], c[1] + g->t[1], c[2] + g->t[2]};
        if (!(q[2] > 1e-12))
            return false;
        for (int k = 0; k < 2; k++) {
            const double value = g->focal * q[k] / q[2], iz = g->focal / q[2];
            double d[3] = {0, 0, -value / q[2]};
            d[k] = iz;
            double *row = j[2 * i + k];
            e[2 * i + k] = value - x[2 * i + k];
            row[0] = d[2] * c[1] - d[1] * c[2]; /* d . (turn x c) */
            row[1] = d[0] * c[2] - d[2] * c[0];
            row[2] = d[1] * c[0] - d[0] * c[1];
            memcpy(row + 3, d, sizeof d);
            row[6] = value;
        }
    }
    return true;
}

static double cost_of(const double e[8])
{
    double sum = 0;
    for (int i = 0; i < 8; i++)
        sum += e[i] * e[i];
    return sum;
}

/* Levenberg-Marquardt over pose and focal length; true where the eight equations are met. */
static bool refine(const double x[8], const double point[12], guess *g)
{
    double e[8], j[8][UNKNOWNS], lambda = 1e-6, size = 0;
    for (int i = 0; i < 8; i++)
        size += x[i] * x[i];
    if (!residuals(x, point, g, e, j))
        return false;
    for (int step = 0; step < STEPS; step++) {
        double normal[UNKNOWNS * UNKNOWNS] = {0}, right[UNKNOWNS] = {0};
        for (int i = 0; i < 8; i++)
            for (int p = 0; p < UNKNOWNS; p++) {
                right[p] -= j[i][p] * e[i];
                for (int q = 0; q < UNKNOWNS; q++)
                    normal[UNKNOWNS * p + q] += j[i][p] * j[i][q];
            }
        for (int p = 0; p < UNKNOWNS; p++)
            normal[UNKNOWNS * p + p] *= 1 + lambda;
        if (!hl_small_solve(UNKNOWNS, normal, right))
            return false;
        guess next = *g;
        double next_e[8], next_j[8][UNKNOWNS];
        hl_turn_by(next.r, right);
        for (int k = 0; k < 3; k++)
            next.t[k] += right[3 + k];
        next.focal *= exp(right[6]);
        if (residuals(x, point, &next, next_e, next_j) && cost_of(next_e) < cost_of(e)) {
            *g = next;
            memcpy(e, next_e, sizeof e);
            memcpy(j, next_j, sizeof j);
            lambda /= 10;
        } else {
            lambda *= 10;
        }
    }
    return cost_of(e) < 1e-8 * size;
}

int hl_p4pf(const double x[8], const double point[12], const double range[2],
            double r[HL_P4PF_MAX][9], double t[HL_P4PF_MAX][3], double focal[HL_P4PF_MAX])
{
    guess at[GRID + 1];
    for (int k = 0; k <= GRID; k++)
        at[k] = pose_at(x, point, range[0] * pow(range[1] / range[0], (double)k / GRID));
    int found = 0;
    for (int k = 0; k <= GRID && found < HL_P4PF_MAX; k++) {
        const double left = k ? at[k - 1].error : HUGE_VAL;
        const double right = k < GRID ? at[k + 1].error : HUGE_VAL;
        guess g = at[k];
        if (!(g.error < HUGE_VAL) || g.error > left || g.error > right || !refine(x, point, &g))
            continue;
        if (g.focal < range[0] || g.focal > range[1] ||
            (found && fabs(focal[found - 1] / g.focal - 1) < 1e-6))
            continue;
        memcpy(r[found], g.r, sizeof g.r);
        memcpy(t[found], g.t, sizeof g.t);
        focal[found++] = g.focal;
    }
    return found;
}
