/* SPDX-License-Identifier: MIT */
/* Global positioning: centres c_i and points X_k from unit rays v_ik in the world.
 *
 *   cost = sum w huber(|v - d (X - c)|),  d >= D_LEAST one scale per sight
 *
 * With its best d a residual is the sine of the angle between ray and point, and 1 behind: bounded,
 * whatever the baseline.  With d as an unknown of its own the problem is bilinear, and Levenberg
 * and Marquardt's method finds its way from a random start.  With u = X - c, e = v - d u and the
 * weight w (loss included) one sight gives, its d eliminated,
 *
 *   M = w d^2 (I - u u^T / ((1 + lambda) u^2)),   q = w d (e - u (u.e) / ((1 + lambda) u^2)),
 *
 * and the normal equations  sum_k M (dc_i - dX_k) = -sum_k q,  sum_i M (dX_k - dc_i) = sum_i q.
 * Points go next, 3x3 each; what remains, 3 unknowns a photo, is solved by Cholesky while it is
 * small and by conjugate gradients beyond. */
#define HL_REAL double
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/vec.h"
#include "sfm/ba/cg.h"
#include "sfm/ba/cholesky.h"
#include "sfm/global.h"

#include <math.h>
#include <string.h>

enum { ITERATIONS = 100, REJECTS = 8, DENSE_MOST = 3000, CG_MOST = 400, BLOCK = 256 };
#define D_LEAST      1e-5 /* scale of a sight; Pan et al. 2024, as are the next three */
#define HUBER        0.1
#define START_SPREAD 100.0
#define TOLERANCE    1e-5
#define LAMBDA_FIRST 1e-4
#define LAMBDA_LEAST 1e-12
#define LAMBDA_MOST  1e8
#define CG_STOP      1e-3

typedef struct placing {
    const hl_position_problem *p;
    double lambda;
    int64_t sights;
    int32_t *point_of;                 /* (sights)                              */
    int64_t *image_start;              /* (image_count + 1) into of_image       */
    int64_t *of_image;                 /* (sights)                              */
    double *d;                         /* (sights)                              */
    double *m;                         /* (sights, 6) upper triangle of M       */
    double *q;                         /* (sights, 3)                           */
    double *vi;                        /* (point_count, 6) inverse of damped V  */
    double *point_q;                   /* (point_count, 3) sum of q             */
    double *step_p;                    /* (point_count, 3)                      */
    double *step_d;                    /* (sights)                              */
    double *step;                      /* (image_count, 3)                      */
    double *rhs;                       /* (image_count, 3)                      */
    double *diagonal;                  /* (image_count, 6) damped sum of M      */
    double *centers, *points, *scales; /* trial */
    double *partial;                   /* (blocks) */
    double *dense;                     /* (3 image_count)^2, or NULL */
    double *cg;                        /* (4, 3 image_count), or NULL */
    const double *x;                   /* what a product is taken of */
    double *y;
    bool trial; /* cost of the trial state */
} placing;

static void mul_sym(const double m[6], const double x[3], double y[3])
{
    y[0] = m[0] * x[0] + m[1] * x[1] + m[2] * x[2];
    y[1] = m[1] * x[0] + m[3] * x[1] + m[4] * x[2];
    y[2] = m[2] * x[0] + m[4] * x[1] + m[5] * x[2];
}

static bool invert_sym(const double v[6], double out[6])
{
    const double m0 = v[3] * v[5] - v[4] * v[4], m1 = v[2] * v[4] - v[1] * v[5];
    const double m2 = v[1] * v[4] - v[2] * v[3], det = v[0] * m0 + v[1] * m1 + v[2] * m2;
    const double inv = det > 0 && isfinite(1 / det) ? 1 / det : 0;
    out[0] = m0 * inv;
    out[1] = m1 * inv;
    out[2] = m2 * inv;
    out[3] = (v[0] * v[5] - v[2] * v[2]) * inv;
    out[4] = (v[1] * v[2] - v[0] * v[4]) * inv;
    out[5] = (v[0] * v[3] - v[1] * v[1]) * inv;
    return inv > 0;
}

static void damp(double m[6], double lambda)
{
    m[0] += lambda * m[0];
    m[3] += lambda * m[3];
    m[5] += lambda * m[5];
}

static int32_t block_last(int32_t block, int32_t count)
{
    return (block + 1) * BLOCK < count ? (block + 1) * BLOCK : count;
}

/* Huber's rho of a length. */
static double huber(double e)
{
    return e <= HUBER ? e * e : HUBER * (2 * e - HUBER);
}

static void cost_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const placing *w = ctx;
    const hl_position_problem *p = w->p;
    const double *centers = w->trial ? w->centers : p->centers;
    const double *points = w->trial ? w->points : p->points;
    const double *scales = w->trial ? w->scales : w->d;
    double sum = 0;
    for (int32_t k = block * BLOCK; k < block_last(block, p->point_count); k++)
        for (int64_t s = p->track_start[k]; s < p->track_start[k + 1]; s++) {
            const hl_ray_sight *sight = &p->sights[s];
            double e[3];
            for (int a = 0; a < 3; a++)
                e[a] = sight->ray[a] - scales[s] * (points[3 * (size_t)k + (size_t)a] -
                                                    centers[3 * (size_t)sight->image + (size_t)a]);
            sum += sight->weight * huber(hl_length3(e));
        }
    w->partial[block] = sum;
}

static double cost_of(placing *w, bool trial)
{
    const int32_t blocks = hl_block_count(w->p->point_count, BLOCK);
    w->trial = trial;
    hl_parallel_for(blocks, cost_block, w);
    return hl_ordered_sum(w->partial, blocks);
}

/* M and q of a sight. */
static void reduce_sight(placing *w, int64_t s, int32_t k)
{
    const hl_position_problem *p = w->p;
    const hl_ray_sight *sight = &p->sights[s];
    double u[3], e[3], *m = w->m + 6 * (size_t)s, *q = w->q + 3 * (size_t)s;
    const double d = w->d[s];
    for (int a = 0; a < 3; a++) {
        u[a] =
            p->points[3 * (size_t)k + (size_t)a] - p->centers[3 * (size_t)sight->image + (size_t)a];
        e[a] = sight->ray[a] - d * u[a];
    }
    const double length = hl_length3(e), u2 = hl_dot3(u, u);
    const double weight = sight->weight * (length > HUBER ? HUBER / length : 1);
    const double inv = u2 > 0 ? 1 / ((1 + w->lambda) * u2) : 0, ue = hl_dot3(u, e);
    for (int a = 0, n = 0; a < 3; a++) {
        q[a] = weight * d * (e[a] - u[a] * ue * inv);
        for (int b = a; b < 3; b++, n++)
            m[n] = weight * d * d * ((a == b) - u[a] * u[b] * inv);
    }
}

static void point_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    placing *w = ctx;
    const hl_position_problem *p = w->p;
    for (int32_t k = block * BLOCK; k < block_last(block, p->point_count); k++) {
        double v[6] = {0}, *q = w->point_q + 3 * (size_t)k;
        q[0] = q[1] = q[2] = 0;
        for (int64_t s = p->track_start[k]; s < p->track_start[k + 1]; s++) {
            reduce_sight(w, s, k);
            for (int a = 0; a < 6; a++)
                v[a] += w->m[6 * (size_t)s + (size_t)a];
            for (int a = 0; a < 3; a++)
                q[a] += w->q[3 * (size_t)s + (size_t)a];
        }
        damp(v, w->lambda);
        invert_sym(v, w->vi + 6 * (size_t)k);
    }
}

/* Right-hand side and diagonal block of an image. */
static void image_block(void *ctx, int32_t image, int32_t thread)
{
    (void)thread;
    placing *w = ctx;
    double *rhs = w->rhs + 3 * (size_t)image, *u = w->diagonal + 6 * (size_t)image;
    rhs[0] = rhs[1] = rhs[2] = 0;
    memset(u, 0, 6 * sizeof *u);
    for (int64_t i = w->image_start[image]; i < w->image_start[image + 1]; i++) {
        const size_t s = (size_t)w->of_image[i], k = (size_t)w->point_of[s];
        double y[3], z[3];
        mul_sym(w->vi + 6 * k, w->point_q + 3 * k, y);
        mul_sym(w->m + 6 * s, y, z);
        for (int a = 0; a < 3; a++)
            rhs[a] += z[a] - w->q[3 * s + (size_t)a];
        for (int a = 0; a < 6; a++)
            u[a] += w->m[6 * s + (size_t)a];
    }
    damp(u, w->lambda);
    if (w->image_start[image] == w->image_start[image + 1])
        u[0] = u[3] = u[5] = 1;
}

/* Rows of an image of the dense system: lower triangle. */
static void dense_rows(void *ctx, int32_t image, int32_t thread)
{
    (void)thread;
    const placing *w = ctx;
    const size_t n = 3 * (size_t)w->p->image_count;
    double *rows = w->dense + 3 * (size_t)image * n;
    const double *u = w->diagonal + 6 * (size_t)image;
    const double full[9] = {u[0], u[1], u[2], u[1], u[3], u[4], u[2], u[4], u[5]};
    for (size_t a = 0; a < 3; a++) {
        memset(rows + a * n, 0, (3 * (size_t)image + 3) * sizeof *rows);
        memcpy(rows + a * n + 3 * (size_t)image, full + 3 * a, 3 * sizeof *rows);
    }
    for (int64_t i = w->image_start[image]; i < w->image_start[image + 1]; i++) {
        const size_t s = (size_t)w->of_image[i];
        const int32_t k = w->point_of[s];
        const double *m = w->m + 6 * s;
        const double mine[9] = {m[0], m[1], m[2], m[1], m[3], m[4], m[2], m[4], m[5]};
        double y[9]; /* rows: M V^-1 */
        for (size_t a = 0; a < 3; a++)
            mul_sym(w->vi + 6 * (size_t)k, mine + 3 * a, y + 3 * a);
        for (int64_t o = w->p->track_start[k]; o < w->p->track_start[k + 1]; o++) {
            const int32_t other = w->p->sights[o].image;
            if (other > image)
                continue;
            for (size_t a = 0; a < 3; a++) {
                double z[3];
                mul_sym(w->m + 6 * (size_t)o, y + 3 * a, z);
                for (size_t b = 0; b < 3; b++)
                    rows[a * n + 3 * (size_t)other + b] -= z[b];
            }
        }
    }
}

static bool solve_dense(placing *w)
{
    const int32_t n = 3 * w->p->image_count;
    hl_parallel_for(w->p->image_count, dense_rows, w);
    memcpy(w->step, w->rhs, (size_t)n * sizeof *w->step);
    if (!hl_cholesky_factor(w->dense, n))
        return false;
    hl_cholesky_solve(w->dense, n, w->step);
    return true;
}

/* step_p = V^-1 sum_i M x_i */
static void product_points(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const placing *w = ctx;
    const hl_position_problem *p = w->p;
    for (int32_t k = block * BLOCK; k < block_last(block, p->point_count); k++) {
        double sum[3] = {0}, y[3];
        for (int64_t s = p->track_start[k]; s < p->track_start[k + 1]; s++) {
            mul_sym(w->m + 6 * (size_t)s, w->x + 3 * (size_t)p->sights[s].image, y);
            for (int a = 0; a < 3; a++)
                sum[a] += y[a];
        }
        mul_sym(w->vi + 6 * (size_t)k, sum, w->step_p + 3 * (size_t)k);
    }
}

static void product_image(void *ctx, int32_t image, int32_t thread)
{
    (void)thread;
    const placing *w = ctx;
    double *y = w->y + 3 * (size_t)image, z[3];
    mul_sym(w->diagonal + 6 * (size_t)image, w->x + 3 * (size_t)image, y);
    for (int64_t i = w->image_start[image]; i < w->image_start[image + 1]; i++) {
        const size_t s = (size_t)w->of_image[i];
        mul_sym(w->m + 6 * s, w->step_p + 3 * (size_t)w->point_of[s], z);
        for (int a = 0; a < 3; a++)
            y[a] -= z[a];
    }
}

static void precondition(void *ctx, const double *r, double *z)
{
    const placing *w = ctx;
    for (int32_t i = 0; i < w->p->image_count; i++) {
        double inv[6];
        invert_sym(w->diagonal + 6 * (size_t)i, inv);
        mul_sym(inv, r + 3 * (size_t)i, z + 3 * (size_t)i);
    }
}

static void multiply(void *ctx, const double *x, double *y)
{
    placing *w = ctx;
    w->x = x;
    w->y = y;
    hl_parallel_for(hl_block_count(w->p->point_count, BLOCK), product_points, w);
    hl_parallel_for(w->p->image_count, product_image, w);
}

static bool solve_cg(placing *w)
{
    const hl_cg cg = {.ctx = w,
                      .multiply = multiply,
                      .precondition = precondition,
                      .n = 3 * w->p->image_count,
                      .most = CG_MOST,
                      .eta = CG_STOP};
    int32_t products = 0;
    memcpy(w->cg, w->rhs, (size_t)cg.n * sizeof *w->cg);
    return hl_cg_solve(&cg, w->step, w->cg, &products);
}

/* Steps of points and scales from those of images; the trial state. */
static void back_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    placing *w = ctx;
    const hl_position_problem *p = w->p;
    for (int32_t k = block * BLOCK; k < block_last(block, p->point_count); k++) {
        double sum[3], step[3], y[3];
        memcpy(sum, w->point_q + 3 * (size_t)k, sizeof sum);
        for (int64_t s = p->track_start[k]; s < p->track_start[k + 1]; s++) {
            mul_sym(w->m + 6 * (size_t)s, w->step + 3 * (size_t)p->sights[s].image, y);
            for (int a = 0; a < 3; a++)
                sum[a] += y[a];
        }
        mul_sym(w->vi + 6 * (size_t)k, sum, step);
        for (size_t a = 0; a < 3; a++)
            w->points[3 * (size_t)k + a] = p->points[3 * (size_t)k + a] + step[a];
        for (int64_t s = p->track_start[k]; s < p->track_start[k + 1]; s++) {
            const double *c = p->centers + 3 * (size_t)p->sights[s].image;
            const double *dc = w->step + 3 * (size_t)p->sights[s].image, *x = p->points + 3 * k;
            double u2 = 0, push = 0;
            for (int a = 0; a < 3; a++) {
                const double u = x[a] - c[a], e = p->sights[s].ray[a] - w->d[s] * u;
                u2 += u * u;
                push += u * (e - w->d[s] * (step[a] - dc[a]));
            }
            const double change = u2 > 0 ? push / ((1 + w->lambda) * u2) : 0;
            w->scales[s] = fmax(w->d[s] + change, D_LEAST);
        }
    }
}

static bool try_step(placing *w)
{
    const hl_position_problem *p = w->p;
    const int32_t blocks = hl_block_count(p->point_count, BLOCK);
    hl_parallel_for(blocks, point_block, w);
    hl_parallel_for(p->image_count, image_block, w);
    if (!(w->dense ? solve_dense(w) : solve_cg(w)))
        return false;
    hl_parallel_for(blocks, back_block, w);
    for (size_t i = 0; i < 3 * (size_t)p->image_count; i++)
        w->centers[i] = p->centers[i] + w->step[i];
    return true;
}

static hl_status descend(placing *w, hl_position_report *report)
{
    const hl_position_problem *p = w->p;
    const int32_t most = p->iterations > 0 ? p->iterations : ITERATIONS;
    double cost = cost_of(w, false), grow = 2;
    int32_t rejects = 0;
    report->initial_cost = cost;
    w->lambda = LAMBDA_FIRST;
    while (report->iterations < most && rejects < REJECTS && w->lambda < LAMBDA_MOST) {
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "global positions: interrupted");
        report->iterations++;
        const double next = try_step(w) ? cost_of(w, true) : HUGE_VAL;
        if (!(next < cost)) {
            w->lambda *= grow;
            grow *= 2;
            rejects++;
            continue;
        }
        memcpy(p->centers, w->centers, 3 * (size_t)p->image_count * sizeof *p->centers);
        memcpy(p->points, w->points, 3 * (size_t)p->point_count * sizeof *p->points);
        memcpy(w->d, w->scales, (size_t)w->sights * sizeof *w->d);
        const double gain = cost - next;
        cost = next;
        rejects = 0;
        grow = 2;
        w->lambda = fmax(w->lambda / 3, LAMBDA_LEAST);
        if (gain <= TOLERANCE * cost)
            break;
    }
    report->final_cost = cost;
    return HL_OK;
}

static void start_anywhere(placing *w)
{
    const hl_position_problem *p = w->p;
    for (int32_t k = 0; k < p->image_count + p->point_count; k++) {
        hl_rng rng = hl_rng_at(p->seed, 0, (uint64_t)k, HL_RNG_POSITIONS);
        double *x = k < p->image_count ? p->centers + 3 * (size_t)k
                                       : p->points + 3 * (size_t)(k - p->image_count);
        for (int a = 0; a < 3; a++)
            x[a] = START_SPREAD * (2 * hl_rng_uniform(&rng) - 1);
    }
    for (int64_t s = 0; s < w->sights; s++)
        w->d[s] = 1;
}

/* Centres of photos with sights about the origin, at a mean square distance of 1. */
static void normalize(const placing *w)
{
    const hl_position_problem *p = w->p;
    double mean[3] = {0}, square = 0;
    int32_t n = 0;
    for (int32_t i = 0; i < p->image_count; i++) {
        if (w->image_start[i] == w->image_start[i + 1])
            continue;
        for (int a = 0; a < 3; a++)
            mean[a] += p->centers[3 * i + a];
        n++;
    }
    for (int32_t i = 0; i < p->image_count; i++) {
        double *c = p->centers + 3 * (size_t)i;
        const bool seen = w->image_start[i] < w->image_start[i + 1];
        for (int a = 0; a < 3; a++)
            c[a] = seen ? c[a] - mean[a] / n : 0;
        square += hl_dot3(c, c);
    }
    const double scale = square > 0 ? sqrt(n / square) : 1;
    for (size_t i = 0; i < 3 * (size_t)p->image_count; i++)
        p->centers[i] *= scale;
    for (size_t i = 0; i < 3 * (size_t)p->point_count; i++)
        p->points[i] = (p->points[i] - mean[i % 3] / n) * scale;
}

static hl_status check(const hl_position_problem *p)
{
    if (p->image_count < 2 || p->point_count < 1 || p->image_count > INT32_MAX / 4)
        return hl_fail(HL_E_ARG, "global positions: %d photos and %d points", p->image_count,
                       p->point_count);
    for (int32_t k = 0; k < p->point_count; k++)
        for (int64_t s = p->track_start[k]; s < p->track_start[k + 1]; s++) {
            const hl_ray_sight *sight = &p->sights[s];
            if (sight->image < 0 || sight->image >= p->image_count)
                return hl_fail(HL_E_ARG, "global positions: point %d is seen by photo %d of %d", k,
                               sight->image, p->image_count);
            if (!(fabs(hl_dot3(sight->ray, sight->ray) - 1) < 1e-6) || !(sight->weight > 0) ||
                !isfinite(sight->weight))
                return hl_fail(
                    HL_E_ARG, "global positions: point %d, photo %d: ray (%g %g %g) of weight %g",
                    k, sight->image, sight->ray[0], sight->ray[1], sight->ray[2], sight->weight);
        }
    return HL_OK;
}

static hl_status list_sights(placing *w)
{
    const hl_position_problem *p = w->p;
    int64_t *fill = hl_alloc((size_t)p->image_count, sizeof *fill);
    if (!fill)
        return HL_E_MEMORY;
    for (int64_t s = 0; s < w->sights; s++)
        w->image_start[p->sights[s].image + 1]++;
    for (int32_t i = 0; i < p->image_count; i++)
        w->image_start[i + 1] += w->image_start[i];
    for (int32_t k = 0; k < p->point_count; k++)
        for (int64_t s = p->track_start[k]; s < p->track_start[k + 1]; s++) {
            const int32_t image = p->sights[s].image;
            w->point_of[s] = k;
            w->of_image[w->image_start[image] + fill[image]++] = s;
        }
    hl_free(fill);
    return HL_OK;
}

static hl_status take(placing *w)
{
    const hl_position_problem *p = w->p;
    const size_t n = (size_t)p->image_count, k = (size_t)p->point_count, s = (size_t)w->sights;
    const bool dense = 3 * p->image_count <= DENSE_MOST;
    w->point_of = hl_alloc(s, sizeof *w->point_of);
    w->image_start = hl_alloc(n + 1, sizeof *w->image_start);
    w->of_image = hl_alloc(s, sizeof *w->of_image);
    double **const blocks[] = {&w->d,        &w->scales,  &w->m,       &w->q,     &w->vi,
                               &w->point_q,  &w->step_p,  &w->points,  &w->step,  &w->rhs,
                               &w->diagonal, &w->centers, &w->partial, &w->dense, &w->cg};
    const size_t sizes[] = {s,
                            s,
                            6 * s,
                            3 * s,
                            6 * k,
                            3 * k,
                            3 * k,
                            3 * k,
                            3 * n,
                            3 * n,
                            6 * n,
                            3 * n,
                            k,
                            dense ? 9 * n * n : 0,
                            dense ? 0 : 12 * n};
    bool whole = w->point_of && w->image_start && w->of_image;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        *blocks[i] = sizes[i] > 0 ? hl_alloc(sizes[i], sizeof(double)) : NULL;
        whole = whole && (sizes[i] == 0 || *blocks[i]);
    }
    return whole ? HL_OK : HL_E_MEMORY;
}

static void release(placing *w)
{
    void *const blocks[] = {w->point_of, w->image_start, w->of_image, w->d,        w->scales,
                            w->m,        w->q,           w->vi,       w->point_q,  w->step_p,
                            w->points,   w->step,        w->rhs,      w->diagonal, w->centers,
                            w->partial,  w->dense,       w->cg};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        hl_free(blocks[i]);
}

hl_status hl_positions_solve(const hl_position_problem *problem, hl_position_report *report)
{
    hl_position_report r = {0};
    HL_TRY(check(problem));
    placing w = {.p = problem, .sights = problem->track_start[problem->point_count]};
    hl_status status = take(&w);
    if (status == HL_OK)
        status = list_sights(&w);
    if (status == HL_OK) {
        start_anywhere(&w);
        status = descend(&w, &r);
    }
    if (status == HL_OK) {
        normalize(&w);
        if (report)
            *report = r;
    }
    release(&w);
    return status;
}
