/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/map/map_adjust.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOCAL_PHOTOS = 6 };
#define CENTER_PRIOR 0.01 /* of the longer side: sfm.md, after Strecha's cameras */
/* Cauchy's loss bends at the median residual, in sigmas, but not below this: most of the sights
 * that survive the filter are good to a quarter of a pixel, a few are off by two, and off together.
 */
#define LOSS_LEAST 0.5
#define LOSS_MOST  8.0
enum { MEDIAN_SAMPLE = 20000 };

/* Arrays of one adjustment. */
typedef struct work {
    hl_map_scene *s;
    uint8_t *pose_fixed;    /* (image_count)  */
    int32_t *image_camera;  /* (image_count)  */
    uint32_t *camera_free;  /* (camera_count) */
    hl_camera_prior *prior; /* (camera_count) */
    int32_t *from;          /* (points) their number in the scene */
    double *points;
    uint8_t *take; /* (point_count of the scene) */
    int64_t *start;
    hl_sight *sights;
    int32_t count;
} work;

static void release(work *w)
{
    void *const blocks[] = {w->pose_fixed, w->image_camera, w->camera_free, w->prior, w->from,
                            w->points,     w->take,         w->start,       w->sights};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        hl_free(blocks[i]);
}

double hl_map_center_sigma(const hl_camera *camera)
{
    return CENTER_PRIOR * (camera->width > camera->height ? camera->width : camera->height);
}

/* The photo and those that share most points with it; the oldest of equals first. */
static hl_status free_neighborhood(work *w, int32_t image)
{
    const hl_map_scene *s = w->s;
    int32_t *shared = hl_alloc((size_t)s->in->image_count, sizeof *shared);
    if (!shared)
        return HL_E_MEMORY;
    for (int32_t f = s->graph.base[image]; f < s->graph.base[image + 1]; f++)
        for (int32_t g = s->point_of[f] == HL_MAP_NONE ? HL_MAP_NONE
                                                       : s->points[s->point_of[f]].head;
             g != HL_MAP_NONE; g = s->next[g])
            shared[s->graph.image_of[g]]++;
    memset(w->pose_fixed, HL_POSE_FIXED, (size_t)s->in->image_count);
    w->pose_fixed[image] = 0;
    shared[image] = 0;
    for (int32_t k = 1; k < LOCAL_PHOTOS; k++) {
        int32_t best = HL_MAP_NONE;
        for (int32_t i = 0; i < s->registered_count; i++)
            if (shared[s->order[i]] > 0 && (best < 0 || shared[s->order[i]] > shared[best]))
                best = s->order[i];
        if (best < 0)
            break;
        shared[best] = 0;
        w->pose_fixed[best] = 0;
    }
    hl_free(shared);
    return HL_OK;
}

static void choose_cameras(work *w, const hl_map_adjustment *how)
{
    const hl_map_scene *s = w->s;
    for (int32_t c = 0; c < s->in->camera_count; c++) {
        if (s->in->camera_free && !how->cameras_fixed)
            w->camera_free[c] = s->in->camera_free[c];
        if (s->in->camera_prior)
            w->prior[c] = s->in->camera_prior[c];
        if (!how->free_center)
            continue;
        const hl_camera *camera = &s->in->cameras[c];
        const int at = hl_camera_single_focal(camera->model) ? 1 : 2;
        w->camera_free[c] |= 3u << at;
        for (int k = at; k < at + 2; k++)
            if (!(w->prior[c].sigma[k] > 0)) {
                w->prior[c].mean[k] = camera->params[k];
                w->prior[c].sigma[k] = hl_map_center_sigma(camera);
            }
    }
}

/* Points with a sight in a free photo, all with all of their sights. */
static hl_status gather(work *w)
{
    const hl_map_scene *s = w->s;
    int64_t sights = 0;
    for (int32_t p = 0; p < s->point_count; p++) {
        for (int32_t f = s->points[p].head; f != HL_MAP_NONE && !w->take[p]; f = s->next[f])
            w->take[p] = w->pose_fixed[s->graph.image_of[f]] != HL_POSE_FIXED;
        if (!w->take[p])
            continue;
        w->count++;
        sights += s->points[p].length;
    }
    w->from = hl_alloc((size_t)w->count, sizeof *w->from);
    w->points = hl_alloc((size_t)w->count, 3 * sizeof *w->points);
    w->start = hl_alloc((size_t)w->count + 1, sizeof *w->start);
    w->sights = hl_alloc((size_t)sights, sizeof *w->sights);
    if (!w->from || !w->points || !w->start || !w->sights)
        return HL_E_MEMORY;
    int32_t k = 0;
    int64_t n = 0;
    for (int32_t p = 0; p < s->point_count; p++) {
        if (!w->take[p])
            continue;
        for (int32_t f = s->points[p].head; f != HL_MAP_NONE; f = s->next[f]) {
            double px[2];
            hl_map_pixel(s, f, px);
            w->sights[n++] = (hl_sight){s->graph.image_of[f], px[0], px[1], hl_map_sigma(s, f)};
        }
        memcpy(w->points + 3 * (size_t)k, s->points[p].x, sizeof s->points[p].x);
        w->from[k++] = p;
        w->start[k] = n;
    }
    return HL_OK;
}

static hl_status prepare(work *w, const hl_map_adjustment *how)
{
    const hl_map_scene *s = w->s;
    const size_t n = (size_t)s->in->image_count, c = (size_t)s->in->camera_count;
    w->pose_fixed = hl_alloc(n, 1);
    w->image_camera = hl_alloc(n, sizeof *w->image_camera);
    w->camera_free = hl_alloc(c, sizeof *w->camera_free);
    w->prior = hl_alloc(c, sizeof *w->prior);
    w->take = hl_alloc((size_t)s->point_count, 1);
    if (!w->pose_fixed || !w->image_camera || !w->camera_free || !w->prior || !w->take)
        return HL_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        w->image_camera[i] = s->in->images[i].camera;
    choose_cameras(w, how);
    if (how->around >= 0)
        HL_TRY(free_neighborhood(w, how->around));
    else
        memset(w->take, 1, (size_t)s->point_count);
    for (int32_t p = 0; how->around < 0 && p < s->point_count; p++)
        w->take[p] = s->points[p].head != HL_MAP_NONE;
    HL_TRY(gather(w));
    if (how->poses_fixed)
        memset(w->pose_fixed, HL_POSE_FIXED, n);
    for (size_t i = 0; how->rotations_fixed && i < n; i++)
        w->pose_fixed[i] |= HL_POSE_FIXED_TURN;
    w->pose_fixed[s->order[0]] = HL_POSE_FIXED;
    return HL_OK;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median length of the whitened residuals of every n-th sight. */
static hl_status median_residual(const work *w, double *median)
{
    const hl_map_scene *s = w->s;
    const int64_t sights = w->start[w->count], step = sights / MEDIAN_SAMPLE + 1;
    double *length = hl_alloc((size_t)(sights / step) + 1, sizeof *length);
    int64_t n = 0, at = 0;
    if (!length)
        return HL_E_MEMORY;
    for (int32_t k = 0; k < w->count; k++) {
        const hl_map_point *p = &s->points[w->from[k]];
        for (int32_t f = p->head; f != HL_MAP_NONE; f = s->next[f], at++)
            if (at % step == 0)
                length[n++] = sqrt(hl_map_error2(s, f, p->x)) / hl_map_sigma(s, f);
    }
    qsort(length, (size_t)n, sizeof *length, compare);
    *median = n > 0 ? length[n / 2] : 0;
    hl_free(length);
    return HL_OK;
}

hl_status hl_map_adjust(hl_map_scene *s, const hl_map_adjustment *how, hl_bundle_report *report)
{
    work w = {.s = s};
    double bend = 0;
    hl_status status = prepare(&w, how);
    if (status == HL_OK && w.count > 0)
        status = median_residual(&w, &bend);
    if (status == HL_OK && w.count > 0) {
        const hl_bundle_problem p = {.image_count = s->in->image_count,
                                     .poses = s->poses,
                                     .image_camera = w.image_camera,
                                     .pose_fixed = w.pose_fixed,
                                     .camera_count = s->in->camera_count,
                                     .cameras = s->cameras,
                                     .camera_free = w.camera_free,
                                     .camera_prior = w.prior,
                                     .point_count = w.count,
                                     .points = w.points,
                                     .track_start = w.start,
                                     .sights = w.sights};
        const hl_bundle_options o = {.loss = HL_LOSS_CAUCHY,
                                     .loss_scale = fmin(fmax(bend, LOSS_LEAST), LOSS_MOST),
                                     .iterations = how->iterations,
                                     .tolerance = how->tolerance,
                                     .camera_sigma = how->camera_sigma};
        status = hl_bundle_adjust(&p, &o, report);
        for (int32_t k = 0; k < w.count; k++)
            memcpy(s->points[w.from[k]].x, w.points + 3 * (size_t)k, sizeof s->points[0].x);
    }
    release(&w);
    return status;
}

hl_status hl_map_refine_pose(const hl_map_scene *s, int32_t image, const int32_t *features,
                             const int32_t *points, int32_t count, double loss_px, hl_pose *pose)
{
    double *x = hl_alloc((size_t)count, 3 * sizeof *x);
    uint8_t *fixed = hl_alloc((size_t)count, 1);
    int64_t *start = hl_alloc((size_t)count + 1, sizeof *start);
    hl_sight *sights = hl_alloc((size_t)count, sizeof *sights);
    hl_status status = HL_E_MEMORY;
    if (x && fixed && start && sights) {
        for (int32_t i = 0; i < count; i++) {
            double px[2];
            hl_map_pixel(s, features[i], px);
            memcpy(x + 3 * (size_t)i, s->points[points[i]].x, 3 * sizeof *x);
            sights[i] = (hl_sight){0, px[0], px[1], 1};
            fixed[i] = 1;
            start[i + 1] = i + 1;
        }
        hl_camera camera = *hl_map_camera(s, image);
        const int32_t zero = 0;
        const hl_bundle_problem p = {.image_count = 1,
                                     .poses = pose,
                                     .image_camera = &zero,
                                     .camera_count = 1,
                                     .cameras = &camera,
                                     .point_count = count,
                                     .points = x,
                                     .point_fixed = fixed,
                                     .track_start = start,
                                     .sights = sights};
        const hl_bundle_options o = {
            .loss = HL_LOSS_CAUCHY, .loss_scale = loss_px, .iterations = 30};
        status = hl_bundle_adjust(&p, &o, NULL);
    }
    hl_free(x);
    hl_free(fixed);
    hl_free(start);
    hl_free(sights);
    return status;
}
