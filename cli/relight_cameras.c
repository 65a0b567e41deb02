/* SPDX-License-Identifier: MIT */
#include "cli/relight_cameras.h"

#include "core/file.h"
#include "core/memory.h"
#include "datasets/dataset.h"
#include "relight/environment.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CIRCLE_VIEWS = 8 };

/* ---- of photos ---------------------------------------------------------------------------- */

/* The folder that holds a file, and the name of that folder. */
static void split_folder(hl_relight_view *v, const char *file, int32_t index, bool truth)
{
    snprintf(v->folder, sizeof v->folder, "%s", file);
    char *slash = strrchr(v->folder, '/');
    if (slash)
        *slash = '\0';
    if (truth && slash)
        snprintf(v->name, sizeof v->name, "%.127s", hl_path_name(v->folder));
    else
        snprintf(v->name, sizeof v->name, "%05d", (int)index);
    if (!truth)
        v->folder[0] = '\0';
}

static hl_status keep_poses(hl_relight_views *out, const hl_views *views)
{
    out->pose = hl_alloc((size_t)views->view_count, sizeof *out->pose);
    if (!out->pose)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < views->view_count; i++)
        out->pose[i] = views->views[i].camera_from_world;
    out->pose_count = views->view_count;
    return HL_OK;
}

/* The test views, or all where none is one. */
static hl_status cameras_of_views(hl_relight_views *out, const hl_views *views,
                                  const hl_relight_source *o)
{
    const int32_t tests = hl_views_in_split(views, HL_SPLIT_TEST, NULL);
    int32_t count = tests ? tests : views->view_count;
    out->lit = o->max_views && count > o->max_views ? o->max_views : count;
    if (!o->truth) /* every view with true depth adds to the mesh */
        count = out->lit;
    HL_TRY(keep_poses(out, views));
    out->view = hl_alloc((size_t)count, sizeof *out->view);
    if (!out->view)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < views->view_count && out->count < count; i++) {
        const hl_view *view = &views->views[i];
        if (tests && view->split != HL_SPLIT_TEST)
            continue;
        hl_relight_view *v = &out->view[out->count];
        split_folder(v, view->image_path, out->count, o->truth);
        out->count++;
        HL_TRY(hl_raster_view_from_camera(&v->view, &views->cameras[view->camera],
                                          &view->camera_from_world));
    }
    return HL_OK;
}

static hl_status cameras_of_capture(hl_relight_views *out, const hl_relight_source *o)
{
    hl_views views = {0};
    const char *path = o->truth ? o->scene : o->data;
    HL_TRY(hl_dataset_load(&views, path, NULL));
    hl_status s = hl_dataset_need_poses(&views);
    if (s == HL_OK && hl_views_in_split(&views, HL_SPLIT_TEST, NULL) == 0)
        s = hl_fail(HL_E_FORMAT, "%s: no test views", path);
    if (s == HL_OK)
        s = cameras_of_views(out, &views, o);
    hl_views_release(&views);
    return s;
}

/* ---- made up ------------------------------------------------------------------------------ */

/* Looks at the middle of the mesh from 25 degrees above, from far enough to see it all. */
static hl_status cameras_on_circle(hl_relight_views *out, const hl_relight_source *o)
{
    const double pi = 3.14159265358979, fov = 40 * pi / 180, rise = 25 * pi / 180;
    const int32_t count = o->max_views ? o->max_views : CIRCLE_VIEWS;
    float lo[3], hi[3];
    double target[3], reach = 0, x[3], y[3], up[3];
    hl_mesh_bounds(hl_relight_views_mesh(out), lo, hi);
    for (int k = 0; k < 3; k++)
        up[k] = (double)out->up[k];
    hl_environment_axes(up, x, y);
    for (int k = 0; k < 3; k++) {
        target[k] = 0.5 * ((double)lo[k] + (double)hi[k]);
        reach += 0.25 * pow((double)hi[k] - (double)lo[k], 2);
    }
    const double distance = sqrt(reach) / sin(fov / 2);
    const int32_t least = o->width < o->height ? o->width : o->height;
    hl_camera camera = {.model = HL_CAMERA_SIMPLE_PINHOLE, .width = o->width, .height = o->height};
    camera.params[0] = 0.5 * least / tan(fov / 2);
    camera.params[1] = 0.5 * o->width;
    camera.params[2] = 0.5 * o->height;
    out->lit = out->pose_count = count;
    out->view = hl_alloc((size_t)count, sizeof *out->view);
    out->pose = hl_alloc((size_t)count, sizeof *out->pose);
    if (!out->view || !out->pose)
        return HL_E_MEMORY;
    for (; out->count < count; out->count++) {
        const double turn = 2 * pi * out->count / count;
        double eye[3];
        for (int k = 0; k < 3; k++)
            eye[k] = target[k] + distance * (cos(rise) * (cos(turn) * x[k] + sin(turn) * y[k]) +
                                             sin(rise) * up[k]);
        hl_relight_view *v = &out->view[out->count];
        hl_pose_look_at(eye, target, up, &out->pose[out->count]);
        HL_TRY(hl_raster_view_from_camera(&v->view, &camera, &out->pose[out->count]));
        snprintf(v->name, sizeof v->name, "%05d", (int)out->count);
    }
    return HL_OK;
}

/* ---- door --------------------------------------------------------------------------------- */

hl_status hl_relight_cameras(hl_relight_views *views, const hl_relight_source *source)
{
    if (source->truth || source->data)
        return cameras_of_capture(views, source);
    if (views->has_file && views->file.views.view_count)
        return cameras_of_views(views, &views->file.views, source);
    return cameras_on_circle(views, source);
}

hl_status hl_relight_path_view(const hl_relight_views *views, hl_path_kind kind, int32_t index,
                               int32_t count, hl_raster_view *out)
{
    hl_pose *frames = hl_alloc((size_t)count, sizeof *frames);
    if (!frames)
        return HL_E_MEMORY;
    const hl_raster_view *lens = &views->view[0].view;
    hl_camera camera = {.model = HL_CAMERA_PINHOLE, .width = lens->width, .height = lens->height};
    const double k[4] = {(double)lens->fx, (double)lens->fy, (double)lens->cx, (double)lens->cy};
    memcpy(camera.params, k, sizeof k);
    hl_status s = hl_camera_path_make(frames, count, kind, views->pose, views->pose_count);
    if (s == HL_OK)
        s = hl_raster_view_from_camera(out, &camera, &frames[index]);
    hl_free(frames);
    return s;
}
