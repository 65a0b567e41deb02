/* SPDX-License-Identifier: MIT */
/* View-graph calibration: focal lengths of several cameras from fundamental matrices.
 *
 * K_b^T F K_a has two equal singular values if both focal lengths are right (Huang and Faugeras
 * 1989).  The penalty of a pair is bounded, so that wrong and degenerate pairs cannot outvote the
 * rest; a bounded penalty has many minima, so each camera in turn is searched over a logarithmic
 * grid, then by golden section. */
#define HL_REAL double
#include "core/memory.h"
#include "core/vec.h"
#include "sfm/global.h"

#include <math.h>

enum { CELLS = 120, GOLDEN_STEPS = 30, SWEEPS = 20 };
#define WIDTH  0.08 /* of the relative difference of singular values that still counts */
#define MARGIN 0.15 /* the best focal length is so much below the worst, or says nothing */
#define STILL  1e-4 /* relative change that counts as none */

/* (s1 - s2) / (s1 + s2) of K_b^T F K_a, s1 >= s2 its two largest singular values. */
static double imbalance(const hl_focal_pair *p, const hl_focal_camera *cameras)
{
    const hl_focal_camera *ca = &cameras[p->camera_a], *cb = &cameras[p->camera_b];
    const double ka[9] = {ca->focal, 0, ca->center[0], 0, ca->focal, ca->center[1], 0, 0, 1};
    const double kb[9] = {cb->focal, 0, cb->center[0], 0, cb->focal, cb->center[1], 0, 0, 1};
    double fk[9], e[9], sum = 0, cofactors = 0;
    hl_matmul3(p->f, ka, fk);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            e[3 * i + j] = kb[i] * fk[j] + kb[3 + i] * fk[3 + j] + kb[6 + i] * fk[6 + j];
    for (int i = 0; i < 9; i++)
        sum += e[i] * e[i];
    for (int i = 0; i < 3; i++) {
        double cross[3];
        hl_cross3(e + 3 * i, e + 3 * ((i + 1) % 3), cross);
        cofactors += hl_dot3(cross, cross);
    }
    const double product = sqrt(cofactors), plus = sqrt(sum + 2 * product);
    return plus > 0 ? sqrt(fmax(sum - 2 * product, 0)) / plus : 1;
}

typedef struct search {
    hl_focal_camera *cameras;
    const hl_focal_pair *pairs;
    const int32_t *mine; /* (count) pairs of the camera */
    int32_t camera, count;
} search;

/* Pairs with a camera not found yet count half: its focal length is a guess. */
static double penalty(const search *s, double focal)
{
    double sum = 0;
    s->cameras[s->camera].focal = focal;
    for (int32_t i = 0; i < s->count; i++) {
        const hl_focal_pair *p = &s->pairs[s->mine[i]];
        const int32_t other = p->camera_a == s->camera ? p->camera_b : p->camera_a;
        const double e = imbalance(p, s->cameras) / WIDTH;
        const double trust = other == s->camera || s->cameras[other].found ? 1 : 0.5;
        sum += trust * p->weight * fmin(e * e, 1);
    }
    return sum;
}

/* The relative change of the focal length. */
static double improve(const search *s)
{
    hl_focal_camera *c = &s->cameras[s->camera];
    const double before = c->focal, ratio = pow(c->high / c->low, 1.0 / (CELLS - 1));
    const double golden = 0.6180339887498949;
    double best = HUGE_VAL, worst = 0, at = c->low, focal = c->low;
    for (int32_t k = 0; k < CELLS; k++, focal *= ratio) {
        const double value = penalty(s, focal);
        worst = fmax(worst, value);
        if (value < best) {
            best = value;
            at = focal;
        }
    }
    c->focal = before;
    /* A least penalty at the end of the range goes on falling beyond it. */
    if (s->count == 0 || !(best < (1 - MARGIN) * worst) || at < c->low * ratio ||
        at * ratio * ratio > c->high)
        return 0;
    double a = at / ratio, b = at * ratio;
    for (int32_t k = 0; k < GOLDEN_STEPS; k++) {
        const double x = b - golden * (b - a), y = a + golden * (b - a);
        if (penalty(s, x) < penalty(s, y))
            b = y;
        else
            a = x;
    }
    c->focal = (a + b) / 2;
    c->found = true;
    return fabs(c->focal / before - 1);
}

static hl_status check(const hl_focal_camera *cameras, int32_t camera_count,
                       const hl_focal_pair *pairs, int32_t pair_count)
{
    for (int32_t c = 0; c < camera_count; c++)
        if (!(cameras[c].focal > 0) || !(cameras[c].low > 0) ||
            !(cameras[c].high > cameras[c].low) || !isfinite(cameras[c].high))
            return hl_fail(HL_E_ARG, "focal lengths: camera %d: %g px in a range of %g to %g", c,
                           cameras[c].focal, cameras[c].low, cameras[c].high);
    for (int32_t p = 0; p < pair_count; p++)
        if (pairs[p].camera_a < 0 || pairs[p].camera_a >= camera_count || pairs[p].camera_b < 0 ||
            pairs[p].camera_b >= camera_count)
            return hl_fail(HL_E_ARG, "focal lengths: pair %d has cameras %d and %d of %d", p,
                           pairs[p].camera_a, pairs[p].camera_b, camera_count);
    return HL_OK;
}

hl_status hl_view_graph_focals(hl_focal_camera *cameras, int32_t camera_count,
                               const hl_focal_pair *pairs, int32_t pair_count)
{
    HL_TRY(check(cameras, camera_count, pairs, pair_count));
    int32_t *start = hl_alloc((size_t)camera_count + 1, sizeof *start);
    int32_t *fill = hl_alloc((size_t)camera_count, sizeof *fill);
    int32_t *list = hl_alloc((size_t)pair_count, 2 * sizeof *list);
    if (!start || !fill || !list) {
        hl_free(start);
        hl_free(fill);
        hl_free(list);
        return HL_E_MEMORY;
    }
    for (int32_t p = 0; p < pair_count; p++) {
        start[pairs[p].camera_a + 1]++;
        start[pairs[p].camera_b + 1] += pairs[p].camera_b != pairs[p].camera_a;
    }
    for (int32_t c = 0; c < camera_count; c++) {
        start[c + 1] += start[c];
        cameras[c].found = cameras[c].fixed;
    }
    for (int32_t p = 0; p < pair_count; p++) {
        const int32_t a = pairs[p].camera_a, b = pairs[p].camera_b;
        list[start[a] + fill[a]++] = p;
        if (b != a)
            list[start[b] + fill[b]++] = p;
    }
    double most = HUGE_VAL;
    for (int sweep = 0; sweep < SWEEPS && most > STILL; sweep++) {
        most = 0;
        for (int32_t c = 0; c < camera_count; c++) {
            const search s = {cameras, pairs, list + start[c], c, fill[c]};
            if (!cameras[c].fixed)
                most = fmax(most, improve(&s));
        }
    }
    hl_free(start);
    hl_free(fill);
    hl_free(list);
    return HL_OK;
}
