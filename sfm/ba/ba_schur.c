/* SPDX-License-Identifier: MIT */
/* The dense solver, the right-hand side of both, and back substitution.
 *
 *   S = U + lambda D - sum_p W_p V_p^-1 W_p^T,     b = -(g - sum_p W_p V_p^-1 g_p) */
#define HL_REAL double
#include "core/parallel.h"
#include "core/vec.h"
#include "sfm/ba/ba_blocks.h"
#include "sfm/ba/cholesky.h"

#include <string.h>

void hl_ba_reduce_dense(hl_ba *ba, double lambda)
{
    hl_ba_fill_blocks(ba, lambda);
    hl_ba_scatter_blocks(ba);
}

typedef struct rhs_job {
    hl_ba *ba;
    double *rhs;
} rhs_job;

static void rhs_image(void *ctx, int32_t image, int32_t thread)
{
    (void)thread;
    const rhs_job *job = ctx;
    hl_ba *ba = job->ba;
    const int32_t at = ba->image_at[image];
    if (at < 0)
        return;
    double *rhs = job->rhs + at;
    for (int i = 0; i < 6; i++)
        rhs[i] = -ba->g[at + i];
    for (int64_t k = ba->image_start[image]; k < ba->image_start[image + 1]; k++) {
        const int64_t a = ba->of_image[k];
        const size_t point = (size_t)ba->sights[a].point;
        const double *jac = hl_ba_jac(ba, a);
        double y[3];
        hl_ba_mul_sym3(ba->point_vi + 6 * point, ba->point_g + 3 * point, y);
        const double e0 = hl_dot3(jac + HL_BA_JP, y), e1 = hl_dot3(jac + HL_BA_JP + 3, y);
        for (int i = 0; i < 6; i++)
            rhs[i] += jac[HL_BA_JC + i] * e0 + jac[HL_BA_JC + 6 + i] * e1;
    }
}

void hl_ba_reduced_rhs(hl_ba *ba, double *rhs)
{
    rhs_job job = {ba, rhs};
    hl_parallel_for(ba->p->image_count, rhs_image, &job);
    for (int32_t c = 0; c < ba->p->camera_count; c++)
        for (int32_t k = 0; k < ba->camera_slots[c]; k++)
            rhs[ba->camera_at[c] + k] = -ba->g[ba->camera_at[c] + k];
    for (int32_t point = 0; ba->slots > 0 && point < ba->p->point_count; point++) {
        double y[3];
        hl_ba_mul_sym3(ba->point_vi + 6 * (size_t)point, ba->point_g + 3 * (size_t)point, y);
        for (int64_t run = ba->run_start[point]; run < ba->run_start[point + 1]; run++) {
            const int32_t c = ba->runs[run].camera;
            const double *w = ba->run_w + (size_t)run * (size_t)ba->slots * 3;
            for (int32_t k = 0; k < ba->camera_slots[c]; k++)
                rhs[ba->camera_at[c] + k] += hl_dot3(w + 3 * k, y);
        }
    }
}

bool hl_ba_solve_dense(hl_ba *ba, double lambda)
{
    hl_ba_reduce_dense(ba, lambda);
    hl_ba_reduced_rhs(ba, ba->step);
    if (!hl_cholesky_factor(ba->reduced, ba->unknowns))
        return false;
    hl_cholesky_solve(ba->reduced, ba->unknowns, ba->step);
    return true;
}

/* Row `row` of J d over the pose and the intrinsics of sight i. */
static double sight_change(const hl_ba *ba, int64_t i, int row)
{
    const int32_t image = ba->sights[i].image, c = ba->p->image_camera[image];
    const double *jac = hl_ba_jac(ba, i);
    double e = 0;
    for (int k = 0; ba->image_at[image] >= 0 && k < 6; k++)
        e += jac[HL_BA_JC + 6 * row + k] * ba->step[ba->image_at[image] + k];
    for (int32_t k = 0; k < ba->camera_slots[c]; k++)
        e += jac[HL_BA_JK + ba->slots * row + k] * ba->step[ba->camera_at[c] + k];
    return e;
}

/* The step d of one point, given that of poses and intrinsics; adds to *change. */
static void back_point(hl_ba *ba, int32_t point, double *change)
{
    const int64_t first = ba->p->track_start[point], last = ba->p->track_start[point + 1];
    double sum[3], *d = ba->step_p + 3 * (size_t)point;
    for (int k = 0; k < 3; k++)
        sum[k] = -ba->point_g[3 * (size_t)point + (size_t)k];
    for (int64_t i = first; i < last; i++)
        for (int row = 0; row < 2; row++) {
            const double e = sight_change(ba, i, row);
            for (int k = 0; k < 3; k++)
                sum[k] -= hl_ba_jac(ba, i)[HL_BA_JP + 3 * row + k] * e;
        }
    hl_ba_mul_sym3(ba->point_vi + 6 * (size_t)point, sum, d);
    for (int64_t i = first; i < last; i++)
        for (int row = 0; row < 2; row++) {
            const double *jac = hl_ba_jac(ba, i);
            const double e = sight_change(ba, i, row) + hl_dot3(jac + HL_BA_JP + 3 * row, d);
            *change += e * jac[HL_BA_R + row] + 0.5 * e * e;
        }
}

/* Decrease of the model per block of points: sum of -(g^T d) - 1/2 d^T H d over points. */
static void back_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_ba *ba = ctx;
    const hl_bundle_problem *p = ba->p;
    const int32_t first = block * HL_BA_POINT_BLOCK;
    const int32_t last =
        first + HL_BA_POINT_BLOCK < p->point_count ? first + HL_BA_POINT_BLOCK : p->point_count;
    double change = 0;
    for (int32_t point = first; point < last; point++)
        back_point(ba, point, &change);
    ba->partial[block] = change;
}

double hl_ba_back_substitute(hl_ba *ba)
{
    const int32_t blocks = hl_block_count(ba->p->point_count, HL_BA_POINT_BLOCK);
    hl_parallel_for(blocks, back_block, ba);
    return -hl_ordered_sum(ba->partial, blocks);
}
