/* SPDX-License-Identifier: MIT */
/* Checks a problem and lays out its unknowns, sights and memory. */
#include "core/camera_model.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "sfm/ba/ba_blocks.h"

#include <math.h>
#include <string.h>

static bool finite_all(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static hl_status check_cameras(const hl_bundle_problem *p)
{
    for (int32_t c = 0; c < p->camera_count; c++) {
        const hl_camera *camera = &p->cameras[c];
        const int n = hl_camera_param_count(camera->model);
        if (n == 0 || camera->model == HL_CAMERA_FOV)
            return hl_fail(HL_E_ARG,
                           "bundle adjustment: camera %d has model %d, which has no derivatives", c,
                           (int)camera->model);
        if (!finite_all(camera->params, (size_t)n))
            return hl_fail(HL_E_ARG,
                           "bundle adjustment: camera %d has a parameter that is not finite", c);
    }
    for (int32_t i = 0; i < p->image_count; i++) {
        if (p->image_camera[i] < 0 || p->image_camera[i] >= p->camera_count)
            return hl_fail(HL_E_ARG, "bundle adjustment: image %d has camera %d of %d", i,
                           p->image_camera[i], p->camera_count);
        if (!finite_all(p->poses[i].q, 4) || !finite_all(p->poses[i].t, 3))
            return hl_fail(HL_E_ARG, "bundle adjustment: the pose of image %d is not finite", i);
    }
    return HL_OK;
}

static hl_status check(const hl_bundle_problem *p)
{
    if (p->image_count < 1 || p->camera_count < 1 || p->point_count < 1)
        return hl_fail(HL_E_ARG,
                       "bundle adjustment: %d images, %d cameras, %d points: none may be 0",
                       p->image_count, p->camera_count, p->point_count);
    HL_TRY(check_cameras(p));
    if (!finite_all(p->points, 3 * (size_t)p->point_count))
        return hl_fail(HL_E_ARG, "bundle adjustment: a point is not finite");
    if (p->track_start[0] != 0)
        return hl_fail(HL_E_ARG, "bundle adjustment: the first track does not start at 0");
    for (int32_t k = 0; k < p->point_count; k++) {
        if (p->track_start[k + 1] < p->track_start[k])
            return hl_fail(HL_E_ARG, "bundle adjustment: track %d ends before it starts", k);
        for (int64_t i = p->track_start[k]; i < p->track_start[k + 1]; i++) {
            const hl_sight *s = &p->sights[i];
            if (s->image < 0 || s->image >= p->image_count)
                return hl_fail(HL_E_ARG, "bundle adjustment: point %d is seen in image %d of %d", k,
                               s->image, p->image_count);
            if (!isfinite(s->x) || !isfinite(s->y) || !(s->sigma > 0) || !isfinite(s->sigma))
                return hl_fail(HL_E_ARG,
                               "bundle adjustment: a sight of point %d in image %d has no "
                               "finite position and sigma > 0",
                               k, s->image);
        }
    }
    return HL_OK;
}

/* Only cameras with sights get unknowns, after those of the images. */
static hl_status lay_out_cameras(hl_ba *ba)
{
    const hl_bundle_problem *p = ba->p;
    bool *used = hl_alloc((size_t)p->camera_count, sizeof *used);
    if (!used)
        return HL_E_MEMORY;
    for (int64_t i = 0; i < ba->sight_count; i++)
        used[p->image_camera[p->sights[i].image]] = true;
    for (int32_t c = 0; c < p->camera_count; c++) {
        const int n = hl_camera_param_count(p->cameras[c].model);
        ba->camera_at[c] = -1;
        for (int k = 0; p->camera_free && used[c] && k < n; k++)
            if (p->camera_free[c] >> k & 1)
                ba->slot_param[c * HL_CAMERA_PARAMS_MAX + ba->camera_slots[c]++] = (uint8_t)k;
        if (ba->camera_slots[c] == 0)
            continue;
        ba->camera_at[c] = ba->unknowns;
        ba->unknowns += ba->camera_slots[c];
        if (ba->camera_slots[c] > ba->slots)
            ba->slots = ba->camera_slots[c];
    }
    hl_free(used);
    return HL_OK;
}

static hl_status lay_out_unknowns(hl_ba *ba)
{
    const hl_bundle_problem *p = ba->p;
    ba->image_at = hl_alloc((size_t)p->image_count, sizeof *ba->image_at);
    ba->camera_at = hl_alloc((size_t)p->camera_count, sizeof *ba->camera_at);
    ba->camera_slots = hl_alloc((size_t)p->camera_count, sizeof *ba->camera_slots);
    ba->slot_param = hl_alloc((size_t)p->camera_count, HL_CAMERA_PARAMS_MAX);
    ba->image_start = hl_alloc((size_t)p->image_count + 1, sizeof *ba->image_start);
    if (!ba->image_at || !ba->camera_at || !ba->camera_slots || !ba->slot_param || !ba->image_start)
        return HL_E_MEMORY;
    for (int64_t i = 0; i < ba->sight_count; i++)
        ba->image_start[p->sights[i].image + 1]++;
    for (int32_t i = 0; i < p->image_count; i++) {
        const unsigned fixed = p->pose_fixed ? p->pose_fixed[i] : 0;
        /* An image that nothing holds would make the system singular. */
        const bool held = ba->image_start[i + 1] > 0 || p->pose_prior;
        ba->image_at[i] = -1;
        if ((fixed & HL_POSE_FIXED) != HL_POSE_FIXED && held) {
            ba->image_at[i] = ba->unknowns;
            ba->unknowns += 6;
        }
    }
    for (int32_t i = 0; i < p->image_count; i++)
        ba->image_start[i + 1] += ba->image_start[i];
    return lay_out_cameras(ba);
}

/* Insertion by camera: tracks are short, and mostly of one camera. */
static void sort_track(const hl_ba *ba, hl_ba_sight *track, int64_t count)
{
    const int32_t *camera = ba->p->image_camera;
    for (int64_t i = 1; i < count; i++) {
        const hl_ba_sight moved = track[i];
        int64_t k = i;
        for (; k > 0 && camera[track[k - 1].image] > camera[moved.image]; k--)
            track[k] = track[k - 1];
        track[k] = moved;
    }
}

static hl_status lay_out_sights(hl_ba *ba)
{
    const hl_bundle_problem *p = ba->p;
    ba->sights = hl_alloc((size_t)ba->sight_count, sizeof *ba->sights);
    ba->of_image = hl_alloc((size_t)ba->sight_count, sizeof *ba->of_image);
    ba->run_start = hl_alloc((size_t)p->point_count + 1, sizeof *ba->run_start);
    ba->runs = hl_alloc((size_t)ba->sight_count, sizeof *ba->runs);
    int64_t *fill = hl_alloc((size_t)p->image_count, sizeof *fill);
    if (!ba->sights || !ba->of_image || !ba->run_start || !ba->runs || !fill) {
        hl_free(fill);
        return HL_E_MEMORY;
    }
    int64_t runs = 0;
    for (int32_t k = 0; k < p->point_count; k++) {
        const int64_t first = p->track_start[k], last = p->track_start[k + 1];
        for (int64_t i = first; i < last; i++) {
            const hl_sight *s = &p->sights[i];
            ba->sights[i] = (hl_ba_sight){s->image, k, s->x, s->y, 1 / s->sigma};
        }
        sort_track(ba, ba->sights + first, last - first);
        for (int64_t i = first; i < last; i++) {
            const int32_t image = ba->sights[i].image, camera = p->image_camera[image];
            ba->of_image[ba->image_start[image] + fill[image]++] = i;
            if (i == first || camera != ba->runs[runs - 1].camera)
                ba->runs[runs++] = (hl_ba_run){i, i, camera};
            ba->runs[runs - 1].last = i + 1;
        }
        ba->run_start[k + 1] = runs;
    }
    hl_free(fill);
    return HL_OK;
}

static hl_status take_memory(hl_ba *ba, bool dense)
{
    const hl_bundle_problem *p = ba->p;
    const size_t images = (size_t)p->image_count, cameras = (size_t)p->camera_count;
    const size_t points = (size_t)p->point_count, n = (size_t)ba->unknowns;
    const size_t slots = (size_t)ba->slots, runs = (size_t)ba->run_start[points];
    const size_t d = sizeof(double);
    ba->stride = HL_BA_JK + 2 * ba->slots;
    const struct {
        void **block;
        size_t count, size;
    } blocks[] = {
        {(void **)&ba->jac, (size_t)ba->sight_count, (size_t)ba->stride * d},
        {(void **)&ba->point_v, points, 6 * d},
        {(void **)&ba->point_g, points, 3 * d},
        {(void **)&ba->point_vi, points, 6 * d},
        {(void **)&ba->image_u, images, 36 * d},
        {(void **)&ba->run_w, runs, 3 * slots * d},
        {(void **)&ba->camera_u, cameras, slots * slots * d},
        {(void **)&ba->g, n, d},
        {(void **)&ba->diag, n, d},
        {(void **)&ba->partial, (size_t)hl_block_count(p->point_count, HL_BA_POINT_BLOCK), d},
        {(void **)&ba->step, n, d},
        {(void **)&ba->step_p, points, 3 * d},
        {(void **)&ba->poses, images, sizeof *ba->poses},
        {(void **)&ba->cameras, cameras, sizeof *ba->cameras},
        {(void **)&ba->points, points, 3 * d},
        {(void **)&ba->reduced, dense ? n : 0, n * d},
        {(void **)&ba->pcg, dense ? 0 : n, 4 * d},
        {(void **)&ba->precond, dense ? 0 : 36 * images + cameras * slots * slots, d},
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        *blocks[i].block = hl_alloc(blocks[i].count, blocks[i].size);
        if (!*blocks[i].block)
            return hl_fail_context(HL_E_MEMORY, "bundle adjustment of %d images, %d points",
                                   p->image_count, p->point_count);
    }
    return HL_OK;
}

static bool want_dense(const hl_ba *ba)
{
    if (ba->o->solver == HL_SOLVER_AUTO)
        return ba->unknowns <= HL_BUNDLE_DENSE_MAX;
    return ba->o->solver == HL_SOLVER_DENSE;
}

hl_status hl_ba_init(hl_ba *ba, const hl_bundle_problem *problem, const hl_bundle_options *options)
{
    *ba = (hl_ba){.p = problem, .o = options};
    ba->loss_scale = options->loss_scale > 0 ? options->loss_scale : 1;
    HL_TRY(check(problem));
    ba->sight_count = problem->track_start[problem->point_count];
    hl_status s = lay_out_unknowns(ba);
    if (s == HL_OK)
        s = lay_out_sights(ba);
    ba->dense = want_dense(ba);
    if (s == HL_OK)
        s = take_memory(ba, ba->dense);
    if (s == HL_OK)
        s = hl_ba_lay_out_blocks(ba);
    if (s != HL_OK)
        hl_ba_release(ba);
    return s;
}

void hl_ba_release(hl_ba *ba)
{
    void *const blocks[] = {
        ba->sights,    ba->image_start,  ba->of_image,   ba->run_start, ba->runs,    ba->image_at,
        ba->camera_at, ba->camera_slots, ba->slot_param, ba->jac,       ba->point_v, ba->point_g,
        ba->point_vi,  ba->image_u,      ba->run_w,      ba->camera_u,  ba->g,       ba->diag,
        ba->partial,   ba->step,         ba->step_p,     ba->poses,     ba->cameras, ba->points,
        ba->reduced,   ba->pcg,          ba->precond};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        hl_free(blocks[i]);
    hl_ba_release_blocks(ba);
    *ba = (hl_ba){0};
}
