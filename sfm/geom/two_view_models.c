/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/geom/two_view_models.h"

#include "sfm/geom/epipolar.h"
#include "sfm/geom/linalg.h"
#include "sfm/geom/turn.h"

#include <math.h>
#include <string.h>

static void gather(const hl_point_pairs *p, const int32_t *sample, int n, double *a, double *b)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 2; k++) {
            a[2 * i + k] = p->a[2 * sample[i] + k];
            b[2 * i + k] = p->b[2 * sample[i] + k];
        }
}

static void sampson_residuals(void *ctx, const double *model, double *squared)
{
    const hl_point_pairs *p = ctx;
    for (int32_t i = 0; i < p->count; i++)
        squared[i] = hl_sampson(model, p->a + 2 * i, p->b + 2 * i);
}

/* ---- essential ------------------------------------------------------------------------------ */

static int essential_solve(void *ctx, const int32_t *sample, double *models)
{
    double a[10], b[10], e[HL_ESSENTIAL_MAX][9];
    gather(ctx, sample, 5, a, b);
    const int n = hl_essential_5pt(a, b, e);
    memcpy(models, e, (size_t)n * sizeof e[0]);
    return n;
}

/* Two unit vectors at right angles to unit t. */
static void tangents(const double t[3], double u[3], double v[3])
{
    const int k = fabs(t[0]) < fabs(t[1]) ? (fabs(t[0]) < fabs(t[2]) ? 0 : 2)
                                          : (fabs(t[1]) < fabs(t[2]) ? 1 : 2);
    double n = 0;
    for (int i = 0; i < 3; i++) {
        u[i] = (i == k) - t[i] * t[k];
        n += u[i] * u[i];
    }
    for (int i = 0; i < 3; i++)
        u[i] /= sqrt(n);
    v[0] = t[1] * u[2] - t[2] * u[1];
    v[1] = t[2] * u[0] - t[0] * u[2];
    v[2] = t[0] * u[1] - t[1] * u[0];
}

static void cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* C = b . (t x R a) over the root of Sampson's denominator; its derivatives by the turn (3) and
 * the two tangents of t, the denominator held. */
static void essential_row(const double r[9], const double t[3], double frame[2][3],
                          const double pa[2], const double pb[2], double row[5])
{
    const double a[3] = {pa[0], pa[1], 1}, b[3] = {pb[0], pb[1], 1};
    double y[3], bt[3], yb[3], by_turn[3];
    for (int i = 0; i < 3; i++)
        y[i] = r[3 * i] * a[0] + r[3 * i + 1] * a[1] + r[3 * i + 2] * a[2];
    cross(b, t, bt);
    cross(y, bt, by_turn); /* (b x t) . (phi x y) = phi . (y x (b x t)) */
    cross(y, b, yb);       /* b . (dt x y) = dt . (y x b) */
    for (int i = 0; i < 3; i++)
        row[i] = by_turn[i];
    for (int k = 0; k < 2; k++)
        row[3 + k] = frame[k][0] * yb[0] + frame[k][1] * yb[1] + frame[k][2] * yb[2];
}

static void essential_step(const hl_point_pairs *p, const double *squared, double threshold2,
                           double r[9], double t[3])
{
    double frame[2][3], e[9], normal[25] = {0}, right[5] = {0};
    tangents(t, frame[0], frame[1]);
    const double tx[9] = {0, -t[2], t[1], t[2], 0, -t[0], -t[1], t[0], 0};
    for (int i = 0; i < 9; i++)
        e[i] = tx[i / 3 * 3] * r[i % 3] + tx[i / 3 * 3 + 1] * r[3 + i % 3] +
               tx[i / 3 * 3 + 2] * r[6 + i % 3];
    for (int32_t i = 0; i < p->count; i++) {
        if (!(squared[i] <= threshold2))
            continue;
        const double *pa = p->a + 2 * i, *pb = p->b + 2 * i;
        const double u0 = e[0] * pa[0] + e[1] * pa[1] + e[2];
        const double u1 = e[3] * pa[0] + e[4] * pa[1] + e[5];
        const double u2 = e[6] * pa[0] + e[7] * pa[1] + e[8];
        const double v0 = e[0] * pb[0] + e[3] * pb[1] + e[6];
        const double v1 = e[1] * pb[0] + e[4] * pb[1] + e[7];
        const double w = 1 / (u0 * u0 + u1 * u1 + v0 * v0 + v1 * v1);
        const double c = pb[0] * u0 + pb[1] * u1 + u2;
        double row[5];
        if (!isfinite(w))
            continue;
        essential_row(r, t, frame, pa, pb, row);
        for (int j = 0; j < 5; j++) {
            right[j] -= w * row[j] * c;
            for (int k = 0; k < 5; k++)
                normal[5 * j + k] += w * row[j] * row[k];
        }
    }
    for (int j = 0; j < 5; j++)
        normal[6 * j] *= 1 + 1e-8;
    if (!hl_small_solve(5, normal, right))
        return;
    hl_turn_by(r, right);
    double n = 0;
    for (int i = 0; i < 3; i++) {
        t[i] += right[3] * frame[0][i] + right[4] * frame[1][i];
        n += t[i] * t[i];
    }
    for (int i = 0; i < 3; i++)
        t[i] /= sqrt(n);
}

static void essential_refine(void *ctx, const double *squared, double threshold2, double *model)
{
    double r[2][9], t[3]; /* either turn gives the same E up to sign */
    hl_essential_decompose(model, r, t);
    for (int step = 0; step < 3; step++)
        essential_step(ctx, squared, threshold2, r[0], t);
    hl_essential_from_motion(r[0], t, model);
}

hl_ransac_model hl_model_essential(hl_point_pairs *pairs)
{
    return (hl_ransac_model){5, 9, pairs, essential_solve, sampson_residuals, essential_refine};
}

/* ---- fundamental ---------------------------------------------------------------------------- */

static int fundamental_solve(void *ctx, const int32_t *sample, double *models)
{
    double a[14], b[14], f[HL_FUNDAMENTAL_MAX][9];
    gather(ctx, sample, 7, a, b);
    const int n = hl_fundamental_7pt(a, b, f);
    memcpy(models, f, (size_t)n * sizeof f[0]);
    return n;
}

/* Inliers to the front of the scratch, with Sampson's weights of the model. */
static int32_t inliers_of(const hl_point_pairs *p, const double *squared, double threshold2,
                          const double *model)
{
    double *a = p->scratch, *b = a + 2 * p->count, *w = b + 2 * p->count;
    int32_t n = 0;
    for (int32_t i = 0; i < p->count; i++) {
        if (!(squared[i] <= threshold2))
            continue;
        const double *pa = p->a + 2 * i, *pb = p->b + 2 * i;
        memcpy(a + 2 * n, pa, 2 * sizeof *a);
        memcpy(b + 2 * n, pb, 2 * sizeof *b);
        if (model) {
            const double u0 = model[0] * pa[0] + model[1] * pa[1] + model[2];
            const double u1 = model[3] * pa[0] + model[4] * pa[1] + model[5];
            const double v0 = model[0] * pb[0] + model[3] * pb[1] + model[6];
            const double v1 = model[1] * pb[0] + model[4] * pb[1] + model[7];
            w[n] = 1 / (u0 * u0 + u1 * u1 + v0 * v0 + v1 * v1);
            if (!isfinite(w[n]))
                continue;
        }
        n++;
    }
    return n;
}

static void fundamental_refine(void *ctx, const double *squared, double threshold2, double *model)
{
    const hl_point_pairs *p = ctx;
    for (int step = 0; step < 3; step++) {
        const int32_t n = inliers_of(p, squared, threshold2, model);
        double *a = p->scratch, *b = a + 2 * p->count, *w = b + 2 * p->count, f[9], largest = 0;
        for (int32_t i = 0; i < n; i++)
            largest = fmax(largest, w[i]);
        for (int32_t i = 0; i < n; i++)
            w[i] /= largest;
        if (!hl_fundamental_8pt(a, b, w, n, f))
            return;
        memcpy(model, f, sizeof f);
    }
}

hl_ransac_model hl_model_fundamental(hl_point_pairs *pairs)
{
    return (hl_ransac_model){7, 9, pairs, fundamental_solve, sampson_residuals, fundamental_refine};
}

/* ---- homography ----------------------------------------------------------------------------- */

static int homography_solve(void *ctx, const int32_t *sample, double *models)
{
    double a[8], b[8];
    gather(ctx, sample, 4, a, b);
    return hl_homography(a, b, 4, models);
}

static void homography_residuals(void *ctx, const double *model, double *squared)
{
    const hl_point_pairs *p = ctx;
    for (int32_t i = 0; i < p->count; i++)
        squared[i] = hl_transfer(model, p->a + 2 * i, p->b + 2 * i);
}

static void homography_refine(void *ctx, const double *squared, double threshold2, double *model)
{
    const hl_point_pairs *p = ctx;
    double h[9];
    const int32_t n = inliers_of(p, squared, threshold2, NULL);
    if (n > 4 && hl_homography(p->scratch, p->scratch + 2 * p->count, n, h))
        memcpy(model, h, sizeof h);
}

hl_ransac_model hl_model_homography(hl_point_pairs *pairs)
{
    return (hl_ransac_model){
        4, 9, pairs, homography_solve, homography_residuals, homography_refine};
}
