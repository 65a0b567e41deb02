/* SPDX-License-Identifier: MIT */
/* Residuals, Jacobians and the block sums of J^T J and J^T r.
 *
 * Points are the units of work: what belongs to a point is written by its block alone.  Sums over
 * an image run through the list of its sights in order; sums over a camera go through one partial
 * per block of points, added in order of blocks. */
#define HL_REAL double
#include "core/parallel.h"
#include "core/se3.h"
#include "sfm/ba/ba_problem.h"
#include "sfm/ba/ba_project.h"

#include <math.h>
#include <string.h>

/* rho and rho' of s = squared whitened residual. */
static double loss_value(const hl_ba *ba, double s, double *slope)
{
    const double c2 = ba->loss_scale * ba->loss_scale;
    *slope = 1;
    if (ba->o->loss == HL_LOSS_HUBER && s > c2) {
        const double root = sqrt(s);
        *slope = ba->loss_scale / root;
        return 2 * ba->loss_scale * root - c2;
    }
    if (ba->o->loss == HL_LOSS_CAUCHY) {
        *slope = 1 / (1 + s / c2);
        return c2 * log1p(s / c2);
    }
    return s;
}

typedef struct cost_job {
    hl_ba *ba;
    const hl_ba_state *state;
} cost_job;

typedef struct damp_job {
    hl_ba *ba;
    double lambda;
} damp_job;

static double sight_cost(const cost_job *job, const hl_ba_sight *sight)
{
    const hl_ba *ba = job->ba;
    const hl_pose *pose = &job->state->poses[sight->image];
    const hl_camera *camera = &job->state->cameras[ba->p->image_camera[sight->image]];
    double r[9], x[3], pixel[2], slope;
    hl_rotation(pose->q, r);
    hl_se3_apply(r, pose->t, job->state->points + 3 * (size_t)sight->point, x);
    if (!(x[2] > HL_BA_DEPTH_MIN))
        return loss_value(ba, HL_BA_BEHIND_COST, &slope);
    const hl_lens lens = hl_camera_lens(camera->model, camera->params);
    hl_ba_project(camera->model, &lens, x, pixel, NULL, NULL);
    const double k = sight->sigma_inv;
    const double a = (pixel[0] - sight->x) * k, b = (pixel[1] - sight->y) * k;
    const double s = a * a + b * b;
    return isfinite(s) ? loss_value(ba, s, &slope) : HUGE_VAL;
}

static void cost_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const cost_job *job = ctx;
    const hl_bundle_problem *p = job->ba->p;
    const int32_t first = block * HL_BA_POINT_BLOCK;
    const int32_t last =
        first + HL_BA_POINT_BLOCK < p->point_count ? first + HL_BA_POINT_BLOCK : p->point_count;
    double sum = 0;
    for (int64_t i = p->track_start[first]; i < p->track_start[last]; i++)
        sum += sight_cost(job, &job->ba->sights[i]);
    job->ba->partial[block] = sum;
}

double hl_ba_cost(hl_ba *ba, const hl_ba_state *state)
{
    cost_job job = {ba, state};
    const int32_t blocks = hl_block_count(ba->p->point_count, HL_BA_POINT_BLOCK);
    hl_parallel_for(blocks, cost_block, &job);
    return 0.5 * hl_ordered_sum(ba->partial, blocks) + hl_ba_prior_cost(ba, state);
}

/* One sight: fills its Jacobian; returns its cost. */
static double linearize_sight(hl_ba *ba, int64_t index)
{
    const hl_bundle_problem *p = ba->p;
    const hl_ba_sight *sight = &ba->sights[index];
    const hl_pose *pose = &p->poses[sight->image];
    const int32_t c = p->image_camera[sight->image];
    const hl_camera *camera = &p->cameras[c];
    double *jac = ba->jac + (size_t)index * (size_t)ba->stride;
    double r[9], x[3], pixel[2], by_x[6], by_k[2 * HL_CAMERA_PARAMS_MAX], slope;
    memset(jac, 0, (size_t)ba->stride * sizeof *jac);
    hl_rotation(pose->q, r);
    hl_se3_apply(r, pose->t, p->points + 3 * (size_t)sight->point, x);
    if (!(x[2] > HL_BA_DEPTH_MIN))
        return loss_value(ba, HL_BA_BEHIND_COST, &slope);
    const hl_lens lens = hl_camera_lens(camera->model, camera->params);
    hl_ba_project(camera->model, &lens, x, pixel, by_x, by_k);
    double k = sight->sigma_inv;
    const double a = (pixel[0] - sight->x) * k, b = (pixel[1] - sight->y) * k;
    const double cost = loss_value(ba, a * a + b * b, &slope);
    const double root = sqrt(slope);
    k *= root;
    jac[HL_BA_R] = a * root;
    jac[HL_BA_R + 1] = b * root;
    const bool point_free = !p->point_fixed || !p->point_fixed[sight->point];
    const unsigned fixed = p->pose_fixed ? p->pose_fixed[sight->image] : 0;
    const int32_t slots = ba->camera_slots[c], n = hl_camera_param_count(camera->model);
    for (int i = 0; i < 2; i++) {
        const double *d = by_x + 3 * i;
        if (point_free)
            for (int j = 0; j < 3; j++)
                jac[HL_BA_JP + 3 * i + j] = k * (d[0] * r[j] + d[1] * r[3 + j] + d[2] * r[6 + j]);
        /* d (exp(w) x) / dw = -[x]_x */
        const double turn[3] = {d[2] * x[1] - d[1] * x[2], d[0] * x[2] - d[2] * x[0],
                                d[1] * x[0] - d[0] * x[1]};
        for (int j = 0; j < 3; j++) {
            jac[HL_BA_JC + 6 * i + j] = fixed >> j & 1 ? 0 : k * turn[j];
            jac[HL_BA_JC + 6 * i + 3 + j] = fixed >> (3 + j) & 1 ? 0 : k * d[j];
        }
        for (int32_t j = 0; j < slots; j++)
            jac[HL_BA_JK + ba->slots * i + j] =
                k * by_k[n * i + ba->slot_param[c * HL_CAMERA_PARAMS_MAX + j]];
    }
    return cost;
}

/* What a point owns: V, g and the W of its runs. */
static void sum_point(hl_ba *ba, int32_t point)
{
    const hl_bundle_problem *p = ba->p;
    double v[6] = {0}, g[3] = {0};
    for (int64_t i = p->track_start[point]; i < p->track_start[point + 1]; i++) {
        const double *jac = hl_ba_jac(ba, i);
        for (int row = 0; row < 2; row++) {
            const double *jp = jac + HL_BA_JP + 3 * row, r = jac[HL_BA_R + row];
            for (int a = 0, k = 0; a < 3; a++) {
                g[a] += jp[a] * r;
                for (int b = a; b < 3; b++, k++)
                    v[k] += jp[a] * jp[b];
            }
        }
    }
    memcpy(ba->point_v + 6 * (size_t)point, v, sizeof v);
    memcpy(ba->point_g + 3 * (size_t)point, g, sizeof g);
    for (int64_t run = ba->run_start[point]; run < ba->run_start[point + 1]; run++) {
        const int32_t slots = ba->camera_slots[ba->runs[run].camera];
        double *w = ba->run_w + (size_t)run * (size_t)ba->slots * 3;
        memset(w, 0, (size_t)ba->slots * 3 * sizeof *w);
        for (int64_t i = ba->runs[run].first; i < ba->runs[run].last; i++) {
            const double *jac = hl_ba_jac(ba, i);
            for (int row = 0; row < 2; row++)
                for (int32_t a = 0; a < slots; a++)
                    for (int b = 0; b < 3; b++)
                        w[3 * a + b] +=
                            jac[HL_BA_JK + ba->slots * row + a] * jac[HL_BA_JP + 3 * row + b];
        }
    }
}

static void linearize_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_ba *ba = ctx;
    const hl_bundle_problem *p = ba->p;
    const int32_t first = block * HL_BA_POINT_BLOCK;
    const int32_t last =
        first + HL_BA_POINT_BLOCK < p->point_count ? first + HL_BA_POINT_BLOCK : p->point_count;
    double cost = 0;
    for (int32_t point = first; point < last; point++) {
        for (int64_t i = p->track_start[point]; i < p->track_start[point + 1]; i++)
            cost += linearize_sight(ba, i);
        sum_point(ba, point);
    }
    ba->partial[block] = cost;
}

/* What an image owns: U, gradient and the diagonal of its unknowns. */
static void image_block(void *ctx, int32_t image, int32_t thread)
{
    (void)thread;
    hl_ba *ba = ctx;
    const int32_t at = ba->image_at[image];
    if (at < 0)
        return;
    double u[36] = {0}, g[6] = {0};
    for (int64_t k = ba->image_start[image]; k < ba->image_start[image + 1]; k++) {
        const double *jac = hl_ba_jac(ba, ba->of_image[k]);
        for (int row = 0; row < 2; row++) {
            const double *jc = jac + HL_BA_JC + 6 * row, r = jac[HL_BA_R + row];
            for (int a = 0; a < 6; a++) {
                g[a] += jc[a] * r;
                for (int b = 0; b < 6; b++)
                    u[6 * a + b] += jc[a] * jc[b];
            }
        }
    }
    for (int a = 0; a < 6; a++) {
        const bool fixed = ba->p->pose_fixed && ba->p->pose_fixed[image] >> a & 1;
        if (fixed)
            u[7 * a] = 1;
        ba->g[at + a] = fixed ? 0 : g[a];
        ba->diag[at + a] = u[7 * a];
    }
    memcpy(ba->image_u + 36 * (size_t)image, u, sizeof u);
}

/* Sums of the cameras.  Serial: two products per sight and pair of slots. */
static void sum_cameras(hl_ba *ba)
{
    const hl_bundle_problem *p = ba->p;
    const int32_t slots = ba->slots;
    memset(ba->camera_u, 0, (size_t)p->camera_count * (size_t)(slots * slots) * sizeof(double));
    for (int32_t c = 0; c < p->camera_count; c++)
        for (int32_t a = 0; a < ba->camera_slots[c]; a++)
            ba->g[ba->camera_at[c] + a] = 0;
    for (int64_t i = 0; slots > 0 && i < ba->sight_count; i++) {
        const int32_t c = p->image_camera[ba->sights[i].image], n = ba->camera_slots[c];
        double *u = ba->camera_u + (size_t)c * (size_t)(slots * slots);
        const double *jac = hl_ba_jac(ba, i);
        for (int row = 0; row < 2; row++) {
            const double *jk = jac + HL_BA_JK + slots * row, r = jac[HL_BA_R + row];
            for (int32_t a = 0; a < n; a++) {
                ba->g[ba->camera_at[c] + a] += jk[a] * r;
                for (int32_t b = 0; b <= a; b++)
                    u[slots * a + b] += jk[a] * jk[b];
            }
        }
    }
    for (int32_t c = 0; c < p->camera_count; c++) {
        double *u = ba->camera_u + (size_t)c * (size_t)(slots * slots);
        for (int32_t a = 0; a < ba->camera_slots[c]; a++) {
            for (int32_t b = 0; b < a; b++)
                u[slots * b + a] = u[slots * a + b];
            ba->diag[ba->camera_at[c] + a] = u[slots * a + a];
        }
    }
}

double hl_ba_linearize(hl_ba *ba)
{
    const hl_ba_state here = {ba->p->poses, ba->p->cameras, ba->p->points};
    const int32_t blocks = hl_block_count(ba->p->point_count, HL_BA_POINT_BLOCK);
    hl_parallel_for(blocks, linearize_block, ba);
    const double cost = 0.5 * hl_ordered_sum(ba->partial, blocks) + hl_ba_prior_cost(ba, &here);
    hl_parallel_for(ba->p->image_count, image_block, ba);
    sum_cameras(ba);
    hl_ba_prior_add(ba);
    return cost;
}

static void damp_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const damp_job *job = ctx;
    hl_ba *ba = job->ba;
    const double lambda = job->lambda;
    const int32_t first = block * HL_BA_POINT_BLOCK;
    const int32_t last = first + HL_BA_POINT_BLOCK < ba->p->point_count ? first + HL_BA_POINT_BLOCK
                                                                        : ba->p->point_count;
    for (int32_t i = first; i < last; i++) {
        const double *v = ba->point_v + 6 * (size_t)i;
        double *out = ba->point_vi + 6 * (size_t)i;
        const double a = v[0] + hl_ba_damping(v[0], lambda), b = v[1], c = v[2];
        const double d = v[3] + hl_ba_damping(v[3], lambda), e = v[4];
        const double f = v[5] + hl_ba_damping(v[5], lambda);
        const double m0 = d * f - e * e, m1 = c * e - b * f, m2 = b * e - c * d;
        const double det = a * m0 + b * m1 + c * m2;
        /* A fixed point, or one that no sight holds: it does not move. */
        const double inv = det > 0 && isfinite(1 / det) ? 1 / det : 0;
        out[0] = m0 * inv;
        out[1] = m1 * inv;
        out[2] = m2 * inv;
        out[3] = (a * f - c * c) * inv;
        out[4] = (b * c - a * e) * inv;
        out[5] = (a * d - b * b) * inv;
    }
}

void hl_ba_damp_points(hl_ba *ba, double lambda)
{
    damp_job job = {ba, lambda};
    hl_parallel_for(hl_block_count(ba->p->point_count, HL_BA_POINT_BLOCK), damp_block, &job);
}
