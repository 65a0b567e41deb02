/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/bundle.h"

#include "core/camera_model.h"
#include "core/log.h"
#include "core/se3.h"
#include "sfm/ba/ba_problem.h"
#include "sfm/ba/ba_project.h"
#include "sfm/ba/cholesky.h"

#include <math.h>
#include <string.h>

enum { ITERATIONS = 50, REJECTS = 12 };
#define TOLERANCE    1e-6
#define LAMBDA_FIRST 1e-4
#define LAMBDA_MOST  1e16

/* Trial state = the problem's own plus the step. */
static void take_step(hl_ba *ba)
{
    const hl_bundle_problem *p = ba->p;
    memcpy(ba->cameras, p->cameras, (size_t)p->camera_count * sizeof *ba->cameras);
    for (int32_t i = 0; i < p->image_count; i++) {
        ba->poses[i] = p->poses[i];
        if (ba->image_at[i] < 0)
            continue;
        const double *d = ba->step + ba->image_at[i];
        double turn[9], r[9], q[9], t[3];
        hl_so3_exp(d, turn);
        hl_rotation(p->poses[i].q, r);
        hl_matmul3(turn, r, q);
        hl_quat_from_rotation(q, ba->poses[i].q);
        hl_quat_unit(ba->poses[i].q, ba->poses[i].q);
        hl_mul3(turn, p->poses[i].t, t);
        for (int k = 0; k < 3; k++)
            ba->poses[i].t[k] = t[k] + d[3 + k];
    }
    for (int32_t c = 0; c < p->camera_count; c++)
        for (int32_t k = 0; k < ba->camera_slots[c]; k++)
            ba->cameras[c].params[ba->slot_param[c * HL_CAMERA_PARAMS_MAX + k]] +=
                ba->step[ba->camera_at[c] + k];
    for (size_t i = 0; i < 3 * (size_t)p->point_count; i++)
        ba->points[i] = p->points[i] + ba->step_p[i];
}

static void keep_step(hl_ba *ba)
{
    const hl_bundle_problem *p = ba->p;
    memcpy(p->poses, ba->poses, (size_t)p->image_count * sizeof *p->poses);
    memcpy(p->cameras, ba->cameras, (size_t)p->camera_count * sizeof *p->cameras);
    memcpy(p->points, ba->points, 3 * (size_t)p->point_count * sizeof *p->points);
}

/* One trial at one damping.  True: a step was found, *next its cost, *ratio gain over promise. */
static bool try_step(hl_ba *ba, double lambda, double cost, hl_bundle_report *report, double *next,
                     double *ratio)
{
    const hl_ba_state here = {ba->p->poses, ba->p->cameras, ba->p->points};
    const hl_ba_state there = {ba->poses, ba->cameras, ba->points};
    hl_ba_damp_points(ba, lambda);
    const bool solved = ba->dense ? hl_ba_solve_dense(ba, lambda)
                                  : hl_ba_solve_pcg(ba, lambda, &report->pcg_iterations);
    if (!solved)
        return false;
    double promise = hl_ba_back_substitute(ba);
    take_step(ba);
    promise += hl_ba_prior_cost(ba, &here) - hl_ba_prior_cost(ba, &there);
    *next = hl_ba_cost(ba, &there);
    *ratio = promise > 0 ? (cost - *next) / promise : -1;
    return isfinite(*next) && *next <= cost;
}

static hl_status descend(hl_ba *ba, hl_bundle_report *report)
{
    const int32_t most = ba->o->iterations > 0 ? ba->o->iterations : ITERATIONS;
    const double tolerance = ba->o->tolerance > 0 ? ba->o->tolerance : TOLERANCE;
    double lambda = LAMBDA_FIRST, grow = 2, cost = hl_ba_linearize(ba);
    int32_t rejects = 0;
    report->initial_cost = report->final_cost = cost;
    if (!isfinite(cost))
        return hl_fail(HL_E_ARG, "bundle adjustment: the cost at the start is not finite");
    while (report->iterations < most && rejects < REJECTS && lambda < LAMBDA_MOST) {
        double next = cost, ratio = -1;
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "bundle adjustment: interrupted");
        report->iterations++;
        if (!try_step(ba, lambda, cost, report, &next, &ratio)) {
            lambda *= grow;
            grow *= 2;
            rejects++;
            continue;
        }
        keep_step(ba);
        report->accepted++;
        rejects = 0;
        const double gain = cost - next, bend = 2 * ratio - 1;
        report->final_cost = next;
        if (gain <= tolerance * cost) {
            report->converged = true;
            return HL_OK;
        }
        lambda *= fmax(1.0 / 3, 1 - bend * bend * bend);
        lambda = fmax(lambda, 1e-14);
        grow = 2;
        cost = report->iterations < most ? hl_ba_linearize(ba) : next;
    }
    report->converged = rejects > 0; /* no step downhill is left */
    return HL_OK;
}

/* Unweighted residuals at the end. */
static void measure(const hl_bundle_problem *p, hl_bundle_report *report)
{
    double sum = 0;
    int64_t count = 0;
    for (int32_t k = 0; k < p->point_count; k++)
        for (int64_t i = p->track_start[k]; i < p->track_start[k + 1]; i++) {
            const hl_sight *s = &p->sights[i];
            const hl_camera *camera = &p->cameras[p->image_camera[s->image]];
            double r[9], x[3], pixel[2];
            hl_rotation(p->poses[s->image].q, r);
            hl_se3_apply(r, p->poses[s->image].t, p->points + 3 * (size_t)k, x);
            if (!(x[2] > HL_BA_DEPTH_MIN)) {
                report->behind++;
                continue;
            }
            const hl_lens lens = hl_camera_lens(camera->model, camera->params);
            hl_ba_project(camera->model, &lens, x, pixel, NULL, NULL);
            sum += (pixel[0] - s->x) * (pixel[0] - s->x) + (pixel[1] - s->y) * (pixel[1] - s->y);
            count++;
        }
    report->rms_px = count > 0 ? sqrt(sum / (double)count) : 0;
}

/* sqrt((S^-1)_kk) times the scale of the residuals.  Poses are free up to a similarity: a little
 * damping makes S invertible and leaves the intrinsics, which do not depend on it, alone. */
static void camera_sigmas(hl_ba *ba, double cost)
{
    const int32_t n = ba->unknowns;
    for (size_t i = 0; i < (size_t)ba->p->camera_count * HL_CAMERA_PARAMS_MAX; i++)
        ba->o->camera_sigma[i] = -1;
    if (!ba->dense || ba->slots == 0)
        return;
    hl_ba_linearize(ba);
    hl_ba_damp_points(ba, 1e-9);
    hl_ba_reduce_dense(ba, 1e-9);
    if (!hl_cholesky_factor(ba->reduced, n))
        return;
    const double freedom = 2.0 * (double)ba->sight_count - 3.0 * ba->p->point_count - n;
    const double scale = sqrt(2 * cost / fmax(freedom, 1));
    for (int32_t c = 0; c < ba->p->camera_count; c++)
        for (int32_t k = 0; k < ba->camera_slots[c]; k++) {
            memset(ba->step, 0, (size_t)n * sizeof *ba->step);
            ba->step[ba->camera_at[c] + k] = 1;
            hl_cholesky_solve(ba->reduced, n, ba->step);
            const int param = ba->slot_param[c * HL_CAMERA_PARAMS_MAX + k];
            ba->o->camera_sigma[c * HL_CAMERA_PARAMS_MAX + param] =
                scale * sqrt(ba->step[ba->camera_at[c] + k]);
        }
}

hl_status hl_bundle_adjust(const hl_bundle_problem *problem, const hl_bundle_options *options,
                           hl_bundle_report *report)
{
    const hl_bundle_options defaults = {0};
    hl_bundle_report r = {0};
    hl_ba ba;
    HL_TRY(hl_ba_init(&ba, problem, options ? options : &defaults));
    const hl_status s = descend(&ba, &r);
    if (s == HL_OK && ba.o->camera_sigma)
        camera_sigmas(&ba, r.final_cost);
    hl_ba_release(&ba);
    measure(problem, &r);
    if (report)
        *report = r;
    return s;
}

uint64_t hl_bundle_bytes(int32_t images, int32_t camera_unknowns, int64_t points, int64_t sights)
{
    const uint64_t d = sizeof(double), n = 6 * (uint64_t)images + (uint64_t)camera_unknowns;
    const uint64_t slots = HL_CAMERA_PARAMS_MAX;
    const uint64_t per_sight = (HL_BA_JK + 2 * slots) * d + sizeof(hl_ba_sight) +
                               sizeof(hl_ba_run) + sizeof(int64_t) + 3 * slots * d;
    const uint64_t per_point = (6 + 3 + 6 + 3 + 3) * d + sizeof(int64_t);
    const uint64_t per_image = (36 + 36 + 8) * d + sizeof(hl_pose);
    const uint64_t others = (uint64_t)images / 2 + 1 < HL_BUNDLE_NEIGHBORS
                                ? (uint64_t)images / 2 + 1
                                : HL_BUNDLE_NEIGHBORS;
    const uint64_t per_block = 36 * d + sizeof(int32_t) + sizeof(int64_t) + sizeof(hl_ba_below);
    const uint64_t borders = (uint64_t)camera_unknowns * n * d;
    const uint64_t blocks =
        (uint64_t)images * others * per_block +
        (borders < per_sight * (uint64_t)sights ? borders : per_sight * (uint64_t)sights);
    const uint64_t system = blocks + (n <= HL_BUNDLE_DENSE_MAX ? n * n * d : 8 * n * d);
    return per_sight * (uint64_t)sights + per_point * (uint64_t)points +
           per_image * (uint64_t)images + system;
}
