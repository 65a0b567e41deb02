/* SPDX-License-Identifier: MIT */
/* The dense reduced system, and back substitution.
 *
 *   S = U + lambda D - sum_p W_p V_p^-1 W_p^T,     b = -(g - sum_p W_p V_p^-1 g_p)
 *
 * The columns of an image are written by that image's task alone; the blocks of cameras with
 * cameras serially. */
#define HL_REAL double
#include "core/parallel.h"
#include "core/vec.h"
#include "sfm/ba/ba_problem.h"
#include "sfm/ba/cholesky.h"

#include <string.h>

/* a (2,3) = jp V^-1 */
static void times_inverse(const double *jp, const double vi[6], double a[6])
{
    for (int row = 0; row < 2; row++)
        hl_ba_mul_sym3(vi, jp + 3 * row, a + 3 * row);
}

/* Lower block of two images: rows of `b`, columns of `a`.  s points at its first element. */
static void subtract_pair(double *s, size_t n, const double a_vi[6], const double *jac_a,
                          const double *jac_b)
{
    const double *jb = jac_b + HL_BA_JP, *ca = jac_a + HL_BA_JC, *cb = jac_b + HL_BA_JC;
    double e[4], m[12]; /* e = jp_b V^-1 jp_a^T;  m = e jc_a */
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            e[2 * i + j] = hl_dot3(jb + 3 * i, a_vi + 3 * j);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 6; k++)
            m[6 * i + k] = e[2 * i] * ca[k] + e[2 * i + 1] * ca[6 + k];
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++)
            s[(size_t)i * n + (size_t)k] -= cb[i] * m[k] + cb[6 + i] * m[6 + k];
}

typedef struct reduce_job {
    hl_ba *ba;
    double lambda;
} reduce_job;

/* Rows of the cameras below the columns of one image. */
static void couple_cameras(hl_ba *ba, int64_t sight, const double a_vi[6], int32_t at)
{
    const size_t n = (size_t)ba->unknowns;
    const double *jac = hl_ba_jac(ba, sight), *jc = jac + HL_BA_JC;
    const int32_t point = ba->sights[sight].point, slots = ba->slots;
    const int32_t own = ba->p->image_camera[ba->sights[sight].image];
    for (int32_t k = 0; k < ba->camera_slots[own]; k++) {
        double *row = ba->reduced + (size_t)(ba->camera_at[own] + k) * n + (size_t)at;
        for (int c = 0; c < 6; c++)
            row[c] += jac[HL_BA_JK + k] * jc[c] + jac[HL_BA_JK + slots + k] * jc[6 + c];
    }
    for (int64_t run = ba->run_start[point]; run < ba->run_start[point + 1]; run++) {
        const int32_t camera = ba->runs[run].camera;
        const double *w = ba->run_w + (size_t)run * (size_t)slots * 3;
        for (int32_t k = 0; k < ba->camera_slots[camera]; k++) {
            const double e0 = hl_dot3(w + 3 * k, a_vi), e1 = hl_dot3(w + 3 * k, a_vi + 3);
            double *row = ba->reduced + (size_t)(ba->camera_at[camera] + k) * n + (size_t)at;
            for (int c = 0; c < 6; c++)
                row[c] -= e0 * jc[c] + e1 * jc[6 + c];
        }
    }
}

static void reduce_image(void *ctx, int32_t image, int32_t thread)
{
    (void)thread;
    const reduce_job *job = ctx;
    hl_ba *ba = job->ba;
    const int32_t at = ba->image_at[image];
    const size_t n = (size_t)ba->unknowns;
    if (at < 0)
        return;
    for (int32_t row = at; row < ba->unknowns; row++)
        memset(ba->reduced + (size_t)row * n + (size_t)at, 0, 6 * sizeof(double));
    const double *u = ba->image_u + 36 * (size_t)image;
    for (int i = 0; i < 6; i++) {
        double *row = ba->reduced + (size_t)(at + i) * n + (size_t)at;
        memcpy(row, u + 6 * i, 6 * sizeof(double));
        row[i] += hl_ba_damping(ba->diag[at + i], job->lambda);
    }
    for (int64_t k = ba->image_start[image]; k < ba->image_start[image + 1]; k++) {
        const int64_t a = ba->of_image[k];
        const int32_t point = ba->sights[a].point;
        const double *jac_a = hl_ba_jac(ba, a);
        double a_vi[6];
        times_inverse(jac_a + HL_BA_JP, ba->point_vi + 6 * (size_t)point, a_vi);
        for (int64_t b = ba->p->track_start[point]; b < ba->p->track_start[point + 1]; b++) {
            const int32_t other = ba->image_at[ba->sights[b].image];
            if (other >= at)
                subtract_pair(ba->reduced + (size_t)other * n + (size_t)at, n, a_vi, jac_a,
                              hl_ba_jac(ba, b));
        }
        couple_cameras(ba, a, a_vi, at);
    }
}

static void reduce_cameras(hl_ba *ba, double lambda)
{
    const size_t n = (size_t)ba->unknowns;
    const int32_t slots = ba->slots;
    for (int32_t c = 0; c < ba->p->camera_count; c++) {
        const double *u = ba->camera_u + (size_t)c * (size_t)(slots * slots);
        const int32_t at = ba->camera_at[c];
        for (int32_t a = 0; a < ba->camera_slots[c]; a++) {
            double *row = ba->reduced + (size_t)(at + a) * n;
            memcpy(row + at, u + slots * a, (size_t)ba->camera_slots[c] * sizeof(double));
            row[at + a] += hl_ba_damping(ba->diag[at + a], lambda);
        }
    }
    if (slots == 0)
        return;
    for (int32_t point = 0; point < ba->p->point_count; point++)
        for (int64_t ra = ba->run_start[point]; ra < ba->run_start[point + 1]; ra++) {
            const int32_t ca = ba->runs[ra].camera;
            const double *wa = ba->run_w + (size_t)ra * (size_t)slots * 3;
            double y[3 * HL_CAMERA_PARAMS_MAX]; /* w V^-1 */
            for (int32_t k = 0; k < ba->camera_slots[ca]; k++)
                hl_ba_mul_sym3(ba->point_vi + 6 * (size_t)point, wa + 3 * k, y + 3 * k);
            for (int64_t rb = ba->run_start[point]; rb <= ra; rb++) {
                const int32_t cb = ba->runs[rb].camera; /* <= ca: runs rise by camera */
                const double *wb = ba->run_w + (size_t)rb * (size_t)slots * 3;
                for (int32_t i = 0; i < ba->camera_slots[ca]; i++)
                    for (int32_t k = 0; k < ba->camera_slots[cb]; k++)
                        ba->reduced[(size_t)(ba->camera_at[ca] + i) * n +
                                    (size_t)(ba->camera_at[cb] + k)] -=
                            hl_dot3(y + 3 * i, wb + 3 * k);
            }
        }
}

void hl_ba_reduce_dense(hl_ba *ba, double lambda)
{
    reduce_job job = {ba, lambda};
    int32_t first = ba->unknowns; /* cameras come last */
    for (int32_t c = ba->p->camera_count - 1; c >= 0; c--)
        if (ba->camera_at[c] >= 0)
            first = ba->camera_at[c];
    for (int32_t row = first; row < ba->unknowns; row++)
        memset(ba->reduced + (size_t)row * (size_t)ba->unknowns + (size_t)first, 0,
               (size_t)(ba->unknowns - first) * sizeof(double));
    hl_parallel_for(ba->p->image_count, reduce_image, &job);
    reduce_cameras(ba, lambda);
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
