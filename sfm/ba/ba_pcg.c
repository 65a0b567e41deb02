/* SPDX-License-Identifier: MIT */
/* Conjugate gradients on the reduced system without forming it.
 *
 *   S x = J_c^T (J_c x - J_p V^-1 J_p^T J_c x) + lambda D x + priors
 *
 * J_c stands for poses and intrinsics together.  Preconditioner: the diagonal blocks of S (6 x 6
 * of each image, one of each camera), by Cholesky ("Schur-Jacobi").  Ends at a relative residual
 * of 0.1 (inexact Newton, Agarwal et al. 2010) or after 100 products. */
#define HL_REAL double
#include "core/parallel.h"
#include "core/vec.h"
#include "sfm/ba/ba_problem.h"
#include "sfm/ba/cholesky.h"

#include <math.h>
#include <string.h>

enum { PCG_MOST = 100 };
#define PCG_ETA 0.1

typedef struct pcg_job {
    hl_ba *ba;
    double lambda;
    const double *x; /* (unknowns) */
    double *y;       /* (unknowns) */
} pcg_job;

/* e (2) = J_c x of one sight */
static void apply_sight(const hl_ba *ba, int64_t i, const double *x, double e[2])
{
    const int32_t image = ba->sights[i].image, c = ba->p->image_camera[image];
    const double *jac = hl_ba_jac(ba, i);
    for (int row = 0; row < 2; row++) {
        e[row] = 0;
        for (int k = 0; ba->image_at[image] >= 0 && k < 6; k++)
            e[row] += jac[HL_BA_JC + 6 * row + k] * x[ba->image_at[image] + k];
        for (int32_t k = 0; k < ba->camera_slots[c]; k++)
            e[row] += jac[HL_BA_JK + ba->slots * row + k] * x[ba->camera_at[c] + k];
    }
}

/* step_p doubles as V^-1 J_p^T J_c x of every point. */
static void point_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const pcg_job *job = ctx;
    hl_ba *ba = job->ba;
    const hl_bundle_problem *p = ba->p;
    const int32_t first = block * HL_BA_POINT_BLOCK;
    const int32_t last =
        first + HL_BA_POINT_BLOCK < p->point_count ? first + HL_BA_POINT_BLOCK : p->point_count;
    for (int32_t point = first; point < last; point++) {
        double sum[3] = {0}, e[2];
        for (int64_t i = p->track_start[point]; i < p->track_start[point + 1]; i++) {
            const double *jp = hl_ba_jac(ba, i) + HL_BA_JP;
            apply_sight(ba, i, job->x, e);
            for (int k = 0; k < 3; k++)
                sum[k] += jp[k] * e[0] + jp[3 + k] * e[1];
        }
        hl_ba_mul_sym3(ba->point_vi + 6 * (size_t)point, sum, ba->step_p + 3 * (size_t)point);
    }
}

/* Rows of an image: U holds its sights' own part, priors and the ones of fixed components; what is
 * left is J_c^T (J_k x_k - J_p z).  Its sights' part of the rows of its camera, J_k^T (J_c x_c +
 * J_k x_k - J_p z), goes to camera_part. */
static void image_block(void *ctx, int32_t image, int32_t thread)
{
    (void)thread;
    const pcg_job *job = ctx;
    const hl_ba *ba = job->ba;
    const int32_t at = ba->image_at[image], c = ba->p->image_camera[image];
    const int32_t n = ba->camera_slots[c], k_at = ba->camera_at[c];
    double y[6] = {0}, *part = ba->camera_part + (size_t)image * (size_t)ba->slots;
    memset(part, 0, (size_t)ba->slots * sizeof *part);
    for (int64_t i = ba->image_start[image]; i < ba->image_start[image + 1]; i++) {
        const double *jac = hl_ba_jac(ba, ba->of_image[i]);
        const double *z = ba->step_p + 3 * (size_t)ba->sights[ba->of_image[i]].point;
        for (int row = 0; row < 2; row++) {
            const double *jc = jac + HL_BA_JC + 6 * row, *jk = jac + HL_BA_JK + ba->slots * row;
            double e = -hl_dot3(jac + HL_BA_JP + 3 * row, z);
            for (int32_t k = 0; k < n; k++)
                e += jk[k] * job->x[k_at + k];
            if (at < 0) {
                for (int32_t k = 0; k < n; k++)
                    part[k] += jk[k] * e;
                continue;
            }
            double full = e;
            for (int a = 0; a < 6; a++) {
                y[a] += jc[a] * e;
                full += jc[a] * job->x[at + a];
            }
            for (int32_t k = 0; k < n; k++)
                part[k] += jk[k] * full;
        }
    }
    if (at < 0)
        return;
    const double *u = ba->image_u + 36 * (size_t)image;
    for (int a = 0; a < 6; a++) {
        y[a] += hl_ba_damping(ba->diag[at + a], job->lambda) * job->x[at + a];
        for (int b = 0; b < 6; b++)
            y[a] += u[6 * a + b] * job->x[at + b];
        job->y[at + a] = y[a];
    }
}

/* Rows of the cameras: damping, what camera_u holds beyond its sights (priors), and the parts of
 * the images in order. */
static void camera_rows(const pcg_job *job)
{
    const hl_ba *ba = job->ba;
    for (int32_t c = 0; c < ba->p->camera_count; c++) {
        const int32_t at = ba->camera_at[c];
        for (int32_t a = 0; a < ba->camera_slots[c]; a++)
            job->y[at + a] =
                (hl_ba_damping(ba->diag[at + a], job->lambda) + hl_ba_prior_weight(ba, c, a)) *
                job->x[at + a];
    }
    for (int32_t image = 0; image < ba->p->image_count; image++) {
        const int32_t c = ba->p->image_camera[image];
        const double *part = ba->camera_part + (size_t)image * (size_t)ba->slots;
        for (int32_t k = 0; k < ba->camera_slots[c]; k++)
            job->y[ba->camera_at[c] + k] += part[k];
    }
}

static void product(pcg_job *job)
{
    hl_parallel_for(hl_block_count(job->ba->p->point_count, HL_BA_POINT_BLOCK), point_block, job);
    hl_parallel_for(job->ba->p->image_count, image_block, job);
    camera_rows(job);
}

static void precond_image(void *ctx, int32_t image, int32_t thread)
{
    (void)thread;
    const pcg_job *job = ctx;
    const hl_ba *ba = job->ba;
    const int32_t at = ba->image_at[image];
    if (at < 0)
        return;
    double *m = ba->precond + 36 * (size_t)image, y[6];
    memcpy(m, ba->image_u + 36 * (size_t)image, 36 * sizeof *m);
    for (int64_t k = ba->image_start[image]; k < ba->image_start[image + 1]; k++) {
        const int64_t i = ba->of_image[k];
        const double *jp = hl_ba_jac(ba, i) + HL_BA_JP, *jc = hl_ba_jac(ba, i) + HL_BA_JC;
        const double *vi = ba->point_vi + 6 * (size_t)ba->sights[i].point;
        hl_ba_mul_sym3(vi, jp, y);
        hl_ba_mul_sym3(vi, jp + 3, y + 3);
        const double e00 = hl_dot3(jp, y), e01 = hl_dot3(jp, y + 3), e11 = hl_dot3(jp + 3, y + 3);
        for (int a = 0; a < 6; a++)
            for (int b = 0; b < 6; b++)
                m[6 * a + b] -= jc[a] * (e00 * jc[b] + e01 * jc[6 + b]) +
                                jc[6 + a] * (e01 * jc[b] + e11 * jc[6 + b]);
    }
    for (int a = 0; a < 6; a++)
        m[7 * a] += hl_ba_damping(ba->diag[at + a], job->lambda);
    if (hl_cholesky_factor(m, 6))
        return;
    memset(m, 0, 36 * sizeof *m); /* two sights of one point: fall back to the diagonal */
    for (int a = 0; a < 6; a++)
        m[7 * a] = sqrt(ba->diag[at + a] + hl_ba_damping(ba->diag[at + a], job->lambda));
}

static void precond_cameras(const hl_ba *ba, double lambda)
{
    const int32_t slots = ba->slots;
    const size_t size = (size_t)slots * (size_t)slots;
    double *all = ba->precond + 36 * (size_t)ba->p->image_count;
    if (slots == 0)
        return;
    for (int32_t c = 0; c < ba->p->camera_count; c++) /* packed by the camera's own size */
        for (int32_t a = 0; a < ba->camera_slots[c]; a++)
            for (int32_t b = 0; b < ba->camera_slots[c]; b++)
                all[(size_t)c * size + (size_t)(ba->camera_slots[c] * a + b)] =
                    ba->camera_u[(size_t)c * size + (size_t)(slots * a + b)];
    for (int32_t point = 0; point < ba->p->point_count; point++)
        for (int64_t run = ba->run_start[point]; run < ba->run_start[point + 1]; run++) {
            const int32_t c = ba->runs[run].camera, n = ba->camera_slots[c];
            const double *w = ba->run_w + (size_t)run * (size_t)slots * 3;
            double *m = all + (size_t)c * size, y[3];
            for (int32_t a = 0; a < n; a++) {
                hl_ba_mul_sym3(ba->point_vi + 6 * (size_t)point, w + 3 * a, y);
                for (int32_t b = 0; b < n; b++)
                    m[n * a + b] -= hl_dot3(y, w + 3 * b);
            }
        }
    for (int32_t c = 0; c < ba->p->camera_count; c++) {
        const int32_t at = ba->camera_at[c], n = ba->camera_slots[c];
        double *m = all + (size_t)c * size;
        for (int32_t a = 0; a < n; a++)
            m[(n + 1) * a] += hl_ba_damping(ba->diag[at + a], lambda);
        if (hl_cholesky_factor(m, n))
            continue;
        memset(m, 0, size * sizeof *m);
        for (int32_t a = 0; a < n; a++)
            m[(n + 1) * a] = sqrt(ba->diag[at + a] + hl_ba_damping(ba->diag[at + a], lambda));
    }
}

/* z = M^-1 r */
static void precondition(const hl_ba *ba, const double *r, double *z)
{
    const size_t size = (size_t)ba->slots * (size_t)ba->slots;
    memcpy(z, r, (size_t)ba->unknowns * sizeof *z);
    for (int32_t i = 0; i < ba->p->image_count; i++)
        if (ba->image_at[i] >= 0)
            hl_cholesky_solve(ba->precond + 36 * (size_t)i, 6, z + ba->image_at[i]);
    const double *all = ba->precond + 36 * (size_t)ba->p->image_count;
    for (int32_t c = 0; c < ba->p->camera_count; c++)
        if (ba->camera_slots[c] > 0)
            hl_cholesky_solve(all + (size_t)c * size, ba->camera_slots[c], z + ba->camera_at[c]);
}

static double dot(const double *a, const double *b, int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

bool hl_ba_solve_pcg(hl_ba *ba, double lambda, int32_t *iterations)
{
    const int32_t n = ba->unknowns;
    double *r = ba->pcg, *z = r + n, *d = z + n, *q = d + n, *x = ba->step;
    pcg_job job = {ba, lambda, d, q};
    hl_parallel_for(ba->p->image_count, precond_image, &job);
    precond_cameras(ba, lambda);
    hl_ba_reduced_rhs(ba, r);
    memset(x, 0, (size_t)n * sizeof *x);
    precondition(ba, r, z);
    memcpy(d, z, (size_t)n * sizeof *d);
    double rz = dot(r, z, n);
    const double stop = PCG_ETA * PCG_ETA * rz; /* in the norm of the preconditioner */
    for (int32_t k = 0; k < PCG_MOST && rz > stop; k++) {
        product(&job);
        const double curve = dot(d, q, n);
        if (!(curve > 0) || !isfinite(curve))
            return k > 0;
        const double alpha = rz / curve;
        for (int32_t i = 0; i < n; i++) {
            x[i] += alpha * d[i];
            r[i] -= alpha * q[i];
        }
        precondition(ba, r, z);
        const double next = dot(r, z, n), beta = next / rz;
        for (int32_t i = 0; i < n; i++)
            d[i] = z[i] + beta * d[i];
        rz = next;
        ++*iterations;
    }
    return true;
}
