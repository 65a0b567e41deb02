/* SPDX-License-Identifier: MIT */
/* Rotation averaging.
 *
 * Edge (a, b) with measured M = b_from_a disagrees with R_a, R_b by r = log(R_b^T M R_a), a turn in
 * the world.  Under R_i <- R_i exp(d_i) it becomes r + d_a - d_b to first order: a graph Laplacian,
 * the same for each of the three components.
 *
 *   1. heaviest spanning tree, edges weighed by matches and by the triangles that confirm them
 *   2. sum |r|: reweighted squares with weights 1 / |r|, a few times per linearisation
 *   3. Geman and McClure's loss: weights (s^2 / (s^2 + |r|^2))^2, s = 5 degrees
 *   4. edges off by more than HL_ROTATIONS_LOOSE_DEG go, the largest part stays, 3. again
 *
 * The Laplacian is solved by conjugate gradients with its diagonal as preconditioner. */
#define HL_REAL double
#include "core/memory.h"
#include "core/se3.h"
#include "sfm/ba/cg.h"
#include "sfm/global/view_links.h"

#include <math.h>
#include <string.h>

enum { L1_STEPS = 8, L1_INNER = 4, IRLS_STEPS = 100, CG_MOST = 2000 };
#define DEGREE     (3.14159265358979323846 / 180)
#define GM_SCALE   (5 * DEGREE)
#define L1_LEAST   1e-3 /* rad: below, |r| counts as its square          */
#define STEP_STILL 1e-9 /* rad: the largest step that ends it            */
#define CG_STOP    1e-4 /* relative residual                             */
#define CG_RIDGE   1e-9 /* of the diagonal: chains that hang on one edge */

typedef struct averaging {
    const hl_view_links *g;
    int32_t root;
    double *r;        /* (count, 9)      */
    bool *active;     /* (edge_count)    */
    bool *has;        /* (count)         */
    double *residual; /* (edge_count, 3) */
    double *weight;   /* (edge_count)    */
    double *step;     /* (count, 3)      */
    double *diagonal; /* (count)         */
    double *cg;       /* (4, count, 3)   */
} averaging;

static void measure(averaging *w)
{
    for (int32_t e = 0; e < w->g->edge_count; e++) {
        if (!w->active[e])
            continue;
        const hl_turn_edge *edge = &w->g->edges[e];
        double ma[9], inv[9], loop[9];
        const double zero[3] = {0};
        double none[3];
        hl_matmul3(edge->b_from_a, w->r + 9 * (size_t)edge->a, ma);
        hl_se3_inverse(w->r + 9 * (size_t)edge->b, zero, inv, none);
        hl_matmul3(inv, ma, loop);
        hl_so3_log(loop, w->residual + 3 * (size_t)e);
    }
}

/* y = L x, with the root's row the identity. */
static void multiply(void *ctx, const double *x, double *y)
{
    const averaging *w = ctx;
    for (int32_t i = 0; i < w->g->count; i++)
        for (int k = 0; k < 3; k++)
            y[3 * i + k] = CG_RIDGE * w->diagonal[i] * x[3 * i + k];
    for (int32_t e = 0; e < w->g->edge_count; e++) {
        if (!w->active[e])
            continue;
        const int32_t a = w->g->edges[e].a, b = w->g->edges[e].b;
        for (int k = 0; k < 3; k++) {
            const double d = w->weight[e] * (x[3 * a + k] - x[3 * b + k]);
            y[3 * a + k] += d;
            y[3 * b + k] -= d;
        }
    }
    memcpy(y + 3 * (size_t)w->root, x + 3 * (size_t)w->root, 3 * sizeof *y);
}

static void precondition(void *ctx, const double *r, double *z)
{
    const averaging *w = ctx;
    for (int32_t i = 0; i < w->g->count; i++)
        for (int k = 0; k < 3; k++)
            z[3 * i + k] = w->diagonal[i] > 0 ? r[3 * i + k] / w->diagonal[i] : 0;
}

/* Step from residuals and weights. */
static void solve(averaging *w)
{
    const int32_t n = 3 * w->g->count;
    double *r = w->cg;
    int32_t products = 0;
    memset(r, 0, (size_t)n * sizeof *r);
    memset(w->diagonal, 0, (size_t)w->g->count * sizeof *w->diagonal);
    for (int32_t e = 0; e < w->g->edge_count; e++) {
        if (!w->active[e])
            continue;
        const int32_t a = w->g->edges[e].a, b = w->g->edges[e].b;
        w->diagonal[a] += w->weight[e];
        w->diagonal[b] += w->weight[e];
        for (int k = 0; k < 3; k++) {
            const double pull = w->weight[e] * w->residual[3 * (size_t)e + (size_t)k];
            r[3 * a + k] -= pull;
            r[3 * b + k] += pull;
        }
    }
    memset(r + 3 * (size_t)w->root, 0, 3 * sizeof *r);
    w->diagonal[w->root] = 1;
    const hl_cg cg = {.ctx = w,
                      .multiply = multiply,
                      .precondition = precondition,
                      .n = n,
                      .most = CG_MOST,
                      .eta = CG_STOP};
    hl_cg_solve(&cg, w->step, r, &products);
}

/* Turns every photo by its step; the largest one. */
static double turn_all(averaging *w)
{
    double most = 0;
    for (int32_t i = 0; i < w->g->count; i++) {
        double turn[9], out[9];
        if (!w->has[i])
            continue;
        hl_so3_exp(w->step + 3 * (size_t)i, turn);
        hl_matmul3(w->r + 9 * (size_t)i, turn, out);
        memcpy(w->r + 9 * (size_t)i, out, sizeof out);
        most = fmax(most, hl_length3(w->step + 3 * (size_t)i));
    }
    return most;
}

/* |r + d_a - d_b| of an edge. */
static double length_after(const averaging *w, int32_t e)
{
    const double *a = w->step + 3 * (size_t)w->g->edges[e].a;
    const double *b = w->step + 3 * (size_t)w->g->edges[e].b, *r = w->residual + 3 * (size_t)e;
    const double v[3] = {r[0] + a[0] - b[0], r[1] + a[1] - b[1], r[2] + a[2] - b[2]};
    return hl_length3(v);
}

static void least_sum(averaging *w)
{
    double most = HUGE_VAL;
    for (int step = 0; step < L1_STEPS && most > L1_LEAST; step++) {
        measure(w);
        memset(w->step, 0, 3 * (size_t)w->g->count * sizeof *w->step);
        for (int inner = 0; inner < L1_INNER; inner++) {
            for (int32_t e = 0; e < w->g->edge_count; e++)
                w->weight[e] = w->active[e] ? 1 / fmax(length_after(w, e), L1_LEAST) : 0;
            solve(w);
        }
        most = turn_all(w);
    }
}

static void least_squares(averaging *w)
{
    double most = HUGE_VAL;
    for (int step = 0; step < IRLS_STEPS && most > STEP_STILL; step++) {
        measure(w);
        for (int32_t e = 0; e < w->g->edge_count; e++) {
            const double *r = w->residual + 3 * (size_t)e, s2 = GM_SCALE * GM_SCALE;
            const double k = s2 / (s2 + hl_dot3(r, r));
            w->weight[e] = k * k;
        }
        solve(w);
        most = turn_all(w);
    }
}

static hl_status drop_loose(averaging *w)
{
    measure(w);
    for (int32_t e = 0; e < w->g->edge_count; e++)
        if (w->active[e] &&
            hl_length3(w->residual + 3 * (size_t)e) > HL_ROTATIONS_LOOSE_DEG * DEGREE)
            w->active[e] = false;
    HL_TRY(hl_view_links_largest(w->g, w->active, w->has));
    if (w->has[w->root])
        return HL_OK;
    for (int32_t i = w->g->count - 1; i >= 0; i--)
        if (w->has[i])
            w->root = i;
    return HL_OK;
}

static hl_status start_tree(averaging *w)
{
    const hl_view_links *g = w->g;
    double *trust = hl_alloc((size_t)g->edge_count, sizeof *trust);
    int32_t *parent = hl_alloc((size_t)g->count, sizeof *parent);
    int32_t *order = hl_alloc((size_t)g->count, sizeof *order);
    int32_t n = -1;
    if (trust && parent && order) {
        hl_view_links_trust(g, trust);
        n = hl_view_links_tree(g, trust, w->active, w->has, parent, order);
    }
    for (int32_t k = 0; k < n; k++) {
        double *r = w->r + 9 * (size_t)order[k], turn[9];
        if (k == 0) {
            w->root = order[0];
            r[0] = r[4] = r[8] = 1;
            continue;
        }
        const hl_turn_edge *edge = &g->edges[parent[order[k]]];
        const int32_t from = edge->a == order[k] ? edge->b : edge->a;
        hl_view_links_turn(edge, from, turn);
        hl_matmul3(turn, w->r + 9 * (size_t)from, r);
    }
    hl_free(trust);
    hl_free(parent);
    hl_free(order);
    return n < 0 ? HL_E_MEMORY : HL_OK;
}

static hl_status average(averaging *w)
{
    for (int32_t e = 0; e < w->g->edge_count; e++)
        w->active[e] = true;
    HL_TRY(hl_view_links_largest(w->g, w->active, w->has));
    HL_TRY(start_tree(w));
    least_sum(w);
    least_squares(w);
    HL_TRY(drop_loose(w));
    least_squares(w);
    return drop_loose(w);
}

/* In a frame in which the root does not turn. */
static void put_out(const averaging *w, double *rotations, bool *has, bool *kept)
{
    double inv[9], none[3];
    const double zero[3] = {0};
    hl_se3_inverse(w->r + 9 * (size_t)w->root, zero, inv, none);
    memcpy(has, w->has, (size_t)w->g->count * sizeof *has);
    for (int32_t i = 0; i < w->g->count; i++) {
        double q[4], r[9];
        if (!has[i])
            continue;
        hl_matmul3(w->r + 9 * (size_t)i, inv, r);
        hl_quat_from_rotation(r, q); /* the products of many turns are not quite orthogonal */
        hl_quat_unit(q, q);
        hl_rotation(q, rotations + 9 * (size_t)i);
    }
    if (kept)
        memcpy(kept, w->active, (size_t)w->g->edge_count * sizeof *kept);
}

hl_status hl_rotations_average(double *rotations, bool *has, bool *kept, int32_t count,
                               const hl_turn_edge *edges, int32_t edge_count)
{
    hl_view_links g;
    HL_TRY(hl_view_links_create(&g, count, edges, edge_count));
    const size_t n = (size_t)count, m = (size_t)edge_count;
    averaging w = {.g = &g,
                   .r = hl_alloc(n, 9 * sizeof(double)),
                   .active = hl_alloc(m, sizeof(bool)),
                   .has = hl_alloc(n, sizeof(bool)),
                   .residual = hl_alloc(m, 3 * sizeof(double)),
                   .weight = hl_alloc(m, sizeof(double)),
                   .step = hl_alloc(n, 3 * sizeof(double)),
                   .diagonal = hl_alloc(n, sizeof(double)),
                   .cg = hl_alloc(n, 12 * sizeof(double))};
    const bool whole =
        w.r && w.active && w.has && w.residual && w.weight && w.step && w.diagonal && w.cg;
    hl_status status = whole ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK && edge_count == 0)
        memset(has, 0, n * sizeof *has);
    else if (status == HL_OK)
        status = average(&w);
    if (status == HL_OK && edge_count > 0)
        put_out(&w, rotations, has, kept);
    void *const blocks[] = {w.r, w.active, w.has, w.residual, w.weight, w.step, w.diagonal, w.cg};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        hl_free(blocks[i]);
    hl_view_links_release(&g);
    return status;
}
