/* SPDX-License-Identifier: MIT */
/* Gaussian priors on intrinsics, camera centres and rotations.  With R' = exp(w) R and
 * t' = exp(w) t + dt the centre c = -R^T t moves by -R^T dt, whatever w. */
#define HL_REAL double
#include "core/se3.h"
#include "sfm/ba/ba_problem.h"

#include <math.h>

static double camera_residual(const hl_ba *ba, const hl_camera *cameras, int32_t camera,
                              int32_t slot, double *inv)
{
    const int32_t k = ba->slot_param[camera * HL_CAMERA_PARAMS_MAX + slot];
    const hl_camera_prior *prior = &ba->p->camera_prior[camera];
    *inv = prior->sigma[k] > 0 ? 1 / prior->sigma[k] : 0;
    return *inv > 0 ? (cameras[camera].params[k] - prior->mean[k]) * *inv : 0;
}

/* centre (3), turn (3): whitened residuals, 0 where there is no prior. */
static void pose_residual(const hl_pose_prior *prior, const hl_pose *pose, double center[3],
                          double turn[3])
{
    double r[9], r0[9], inv[9], c[3], c0[3], delta[9];
    hl_rotation(pose->q, r);
    hl_rotation(prior->pose.q, r0);
    hl_se3_inverse(r0, prior->pose.t, inv, c0);
    hl_matmul3(r, inv, delta);
    hl_se3_inverse(r, pose->t, inv, c);
    hl_so3_log(delta, turn);
    for (int i = 0; i < 3; i++) {
        center[i] = prior->center_sigma > 0 ? (c[i] - c0[i]) / prior->center_sigma : 0;
        turn[i] = prior->rotation_sigma > 0 ? turn[i] / prior->rotation_sigma : 0;
    }
}

double hl_ba_prior_cost(const hl_ba *ba, const hl_ba_state *state)
{
    double sum = 0, inv, center[3], turn[3];
    if (ba->p->camera_prior)
        for (int32_t c = 0; c < ba->p->camera_count; c++)
            for (int32_t a = 0; a < ba->camera_slots[c]; a++) {
                const double r = camera_residual(ba, state->cameras, c, a, &inv);
                sum += r * r;
            }
    for (int32_t i = 0; ba->p->pose_prior && i < ba->p->image_count; i++) {
        if (ba->image_at[i] < 0)
            continue;
        pose_residual(&ba->p->pose_prior[i], &state->poses[i], center, turn);
        sum += hl_dot3(center, center) + hl_dot3(turn, turn);
    }
    return 0.5 * sum;
}

static void add_pose(hl_ba *ba, int32_t image)
{
    const hl_pose_prior *prior = &ba->p->pose_prior[image];
    const hl_pose *pose = &ba->p->poses[image];
    const unsigned fixed = ba->p->pose_fixed ? ba->p->pose_fixed[image] : 0;
    double *u = ba->image_u + 36 * (size_t)image, r[9], center[3], turn[3], j[36] = {0};
    pose_residual(prior, pose, center, turn);
    hl_rotation(pose->q, r);
    const double kc = prior->center_sigma > 0 ? 1 / prior->center_sigma : 0;
    const double kr = prior->rotation_sigma > 0 ? 1 / prior->rotation_sigma : 0;
    for (int a = 0; a < 3; a++) {
        j[7 * a] = kr;
        for (int b = 0; b < 3; b++)
            j[6 * (3 + a) + 3 + b] = -kc * r[3 * b + a];
    }
    for (int row = 0; row < 6; row++) {
        const double value = row < 3 ? turn[row] : center[row - 3];
        for (int a = 0; a < 6; a++) {
            if (fixed >> a & 1)
                continue;
            ba->g[ba->image_at[image] + a] += j[6 * row + a] * value;
            for (int b = 0; b < 6; b++)
                if (!(fixed >> b & 1))
                    u[6 * a + b] += j[6 * row + a] * j[6 * row + b];
        }
    }
    for (int a = 0; a < 6; a++)
        ba->diag[ba->image_at[image] + a] = u[7 * a];
}

void hl_ba_prior_add(hl_ba *ba)
{
    const size_t slots = (size_t)ba->slots;
    if (ba->p->camera_prior)
        for (int32_t c = 0; c < ba->p->camera_count; c++)
            for (int32_t a = 0; a < ba->camera_slots[c]; a++) {
                double inv;
                const double r = camera_residual(ba, ba->p->cameras, c, a, &inv);
                double *u = ba->camera_u + (size_t)c * slots * slots + (size_t)a * (slots + 1);
                *u += inv * inv;
                ba->g[ba->camera_at[c] + a] += inv * r;
                ba->diag[ba->camera_at[c] + a] = *u;
            }
    for (int32_t i = 0; ba->p->pose_prior && i < ba->p->image_count; i++)
        if (ba->image_at[i] >= 0)
            add_pose(ba, i);
}
