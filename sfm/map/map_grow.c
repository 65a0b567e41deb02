/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/map/map_grow.h"

#include "core/log.h"
#include "core/memory.h"
#include "sfm/map/map_adjust.h"
#include "sfm/map/map_register.h"
#include "sfm/map/map_triangulate.h"

#include <math.h>
#include <string.h>

enum { GROW_ROUNDS = 2, LAST_ROUNDS = 5, LOCAL_ITERATIONS = 15, GROW_ITERATIONS = 20 };
enum { CAMERAS_FROM = 3, CENTER_FROM = 8, SIGHTS_LEAST = 10 };
#define GROWTH      1.1
#define STILL       5e-4  /* share of sights that a round may change at the end */
#define CENTER_HELD 0.005 /* of the longer side: posterior sigma of a principal point */

/* Adjusts everything, then lets tracks follow, until fewer than `still` of the sights change. */
static hl_status refine_all(hl_map_scene *s, int32_t rounds, double still,
                            const hl_map_adjustment *how)
{
    for (int32_t round = 0; round < rounds; round++) {
        HL_TRY(hl_map_adjust(s, how, NULL));
        int64_t changed = hl_map_merge_tracks(s);
        changed += hl_map_complete_tracks(s);
        changed += hl_map_filter(s, s->o.max_error_px);
        if ((double)changed <= still * (double)s->sight_count)
            break;
    }
    return HL_OK;
}

static int32_t sights_of(const hl_map_scene *s, int32_t image)
{
    int32_t n = 0;
    for (int32_t f = s->graph.base[image]; f < s->graph.base[image + 1]; f++)
        n += s->point_of[f] != HL_MAP_NONE;
    return n;
}

/* Photos that lost nearly all of their points were registered wrongly. */
static void drop_loose_photos(hl_map_scene *s)
{
    for (int32_t i = s->registered_count - 1; i >= 0; i--) {
        const int32_t image = s->order[i];
        if (i == 0 || sights_of(s, image) >= SIGHTS_LEAST)
            continue;
        hl_map_unregister(s, image);
        s->tries[image]++;
        s->tried_at[image] = s->registered_count;
    }
}

/* A focal length beyond all sense pulls everything with it: back to the start value. */
static void hold_cameras(hl_map_scene *s)
{
    for (int32_t c = 0; c < s->in->camera_count; c++) {
        const hl_camera *camera = &s->cameras[c];
        const double side = camera->width > camera->height ? camera->width : camera->height;
        double f[2];
        hl_camera_focal(camera->model, camera->params, f);
        bool sane = f[0] > 0.1 * side && f[0] < 10 * side && f[1] > 0.1 * side && f[1] < 10 * side;
        const int n = hl_camera_param_count(camera->model);
        for (int k = hl_camera_single_focal(camera->model) ? 3 : 4; k < n; k++)
            sane = sane && fabs(camera->params[k]) <= 1;
        if (!sane)
            s->cameras[c] = s->in->cameras[c];
    }
}

static hl_status adjust_around(hl_map_scene *s, int32_t image)
{
    const hl_map_adjustment local = {
        .around = image, .cameras_fixed = true, .iterations = LOCAL_ITERATIONS, .tolerance = 1e-4};
    if (hl_map_triangulate_image(s, image) < 0)
        return HL_E_MEMORY;
    HL_TRY(hl_map_adjust(s, &local, NULL));
    for (int32_t f = s->graph.base[image]; f < s->graph.base[image + 1]; f++) {
        if (s->point_of[f] == HL_MAP_NONE)
            continue;
        const double e = hl_map_error2(s, f, s->points[s->point_of[f]].x);
        if (!(e <= s->o.max_error_px * s->o.max_error_px))
            hl_map_remove_sight(s, f);
    }
    if (hl_map_triangulate_image(s, image) < 0)
        return HL_E_MEMORY;
    return HL_OK;
}

static void report_progress(const hl_map_scene *s)
{
    hl_log_progress(&(hl_progress){.stage = "map",
                                   .done = s->registered_count,
                                   .total = s->in->image_count,
                                   .loss = (double)NAN,
                                   .splats = -1,
                                   .next_save = -1});
}

hl_status hl_map_grow(hl_map_scene *s)
{
    int32_t photos_then = 2, points_then = s->live_points;
    for (;;) {
        const int32_t image = hl_map_next_image(s);
        bool joined;
        if (image == HL_MAP_NONE)
            return HL_OK;
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "mapper: interrupted with %d photos",
                           s->registered_count);
        HL_TRY(hl_map_try_register(s, image, &joined));
        if (!joined)
            continue;
        HL_TRY(adjust_around(s, image));
        report_progress(s);
        if (s->registered_count < GROWTH * photos_then && s->live_points < GROWTH * points_then)
            continue;
        const hl_map_adjustment all = {.around = -1,
                                       .cameras_fixed = s->registered_count < CAMERAS_FROM,
                                       .iterations = GROW_ITERATIONS,
                                       .tolerance = 1e-4};
        HL_TRY(refine_all(s, GROW_ROUNDS, 0.01, &all));
        hold_cameras(s);
        drop_loose_photos(s);
        photos_then = s->registered_count;
        points_then = s->live_points;
    }
}

/* Poses, points and cameras, to go back to. */
typedef struct kept {
    hl_pose *poses;
    hl_camera *cameras;
    hl_map_point *points;
} kept;

static void forget(kept *k)
{
    hl_free(k->poses);
    hl_free(k->cameras);
    hl_free(k->points);
}

static hl_status keep(const hl_map_scene *s, kept *k)
{
    k->poses = hl_alloc((size_t)s->in->image_count, sizeof *k->poses);
    k->cameras = hl_alloc((size_t)s->in->camera_count, sizeof *k->cameras);
    k->points = hl_alloc((size_t)s->point_count, sizeof *k->points);
    if (!k->poses || !k->cameras || !k->points)
        return HL_E_MEMORY;
    memcpy(k->poses, s->poses, (size_t)s->in->image_count * sizeof *k->poses);
    memcpy(k->cameras, s->cameras, (size_t)s->in->camera_count * sizeof *k->cameras);
    memcpy(k->points, s->points, (size_t)s->point_count * sizeof *k->points);
    return HL_OK;
}

static void go_back(hl_map_scene *s, const kept *k)
{
    memcpy(s->poses, k->poses, (size_t)s->in->image_count * sizeof *k->poses);
    memcpy(s->cameras, k->cameras, (size_t)s->in->camera_count * sizeof *k->cameras);
    for (int32_t p = 0; p < s->point_count; p++)
        memcpy(s->points[p].x, k->points[p].x, sizeof s->points[p].x);
}

/* Enough photos share a camera, and their points held the new principal point well. */
static bool centers_held(const hl_map_scene *s, const double *sigma, bool *freed)
{
    bool held = false;
    for (int32_t c = 0; c < s->in->camera_count; c++) {
        const hl_camera *camera = &s->cameras[c];
        const double side = camera->width > camera->height ? camera->width : camera->height;
        const int at = hl_camera_single_focal(camera->model) ? 1 : 2;
        const double *own = sigma + (size_t)c * HL_CAMERA_PARAMS_MAX;
        if (own[at] < 0)
            continue; /* not in this model */
        freed[c] = own[at] <= CENTER_HELD * side && own[at + 1] <= CENTER_HELD * side;
        if (!freed[c])
            return false;
        held = true;
    }
    return held;
}

static hl_status free_centers(hl_map_scene *s, bool *freed)
{
    kept before = {0};
    double *sigma = hl_alloc((size_t)s->in->camera_count, HL_CAMERA_PARAMS_MAX * sizeof *sigma);
    hl_status status = sigma ? keep(s, &before) : HL_E_MEMORY;
    const hl_map_adjustment how = {
        .around = -1, .free_center = true, .tolerance = 1e-8, .camera_sigma = sigma};
    if (status == HL_OK)
        status = hl_map_adjust(s, &how, NULL);
    if (status == HL_OK && !centers_held(s, sigma, freed)) {
        go_back(s, &before);
        memset(freed, 0, (size_t)s->in->camera_count * sizeof *freed);
    }
    hl_free(sigma);
    forget(&before);
    return status;
}

static bool center_wanted(const hl_map_scene *s)
{
    if (s->o.keep_principal_point || s->registered_count < CENTER_FROM || !s->in->camera_free)
        return false;
    bool wanted = false;
    for (int32_t c = 0; c < s->in->camera_count; c++) {
        int32_t photos = 0;
        for (int32_t i = 0; i < s->registered_count; i++)
            photos += s->in->images[s->order[i]].camera == c;
        if (photos > 0 && photos < CENTER_FROM)
            return false;
        wanted = wanted || (photos > 0 && s->in->camera_free[c] != 0);
    }
    return wanted;
}

hl_status hl_map_finish(hl_map_scene *s, bool *center_freed)
{
    const hl_map_adjustment all = {.around = -1,
                                   .cameras_fixed = s->registered_count < CAMERAS_FROM};
    memset(center_freed, 0, (size_t)s->in->camera_count * sizeof *center_freed);
    for (int32_t i = 0; i < s->registered_count; i++)
        if (hl_map_triangulate_image(s, s->order[i]) < 0)
            return HL_E_MEMORY;
    HL_TRY(refine_all(s, LAST_ROUNDS, STILL, &all));
    drop_loose_photos(s);
    if (!center_wanted(s))
        return HL_OK;
    HL_TRY(free_centers(s, center_freed));
    hl_map_merge_tracks(s);
    hl_map_complete_tracks(s);
    hl_map_filter(s, s->o.max_error_px);
    bool freed = false;
    for (int32_t c = 0; c < s->in->camera_count; c++)
        freed = freed || center_freed[c];
    const hl_map_adjustment last = {.around = -1, .free_center = freed, .tolerance = 1e-8};
    HL_TRY(hl_map_adjust(s, &last, NULL));
    hl_map_filter(s, s->o.max_error_px);
    return HL_OK;
}
