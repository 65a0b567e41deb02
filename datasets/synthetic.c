/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "datasets/synthetic.h"

#include "core/memory.h"
#include "core/rng.h"
#include "core/timer.h"
#include "core/vec.h"
#include "datasets/synth/synth_capture.h"
#include "datasets/synth/synth_scenes.h"

#include <math.h>

static hl_status check_range(const char *name, int64_t value, int64_t low, int64_t high)
{
    if (value < low || value > high)
        return hl_fail(HL_E_ARG, "synthetic capture: %s is %lld, expected %lld to %lld", name,
                       (long long)value, (long long)low, (long long)high);
    return HL_OK;
}

static hl_status check_options(hl_synthetic_options *o)
{
    o->views = o->views ? o->views : 40;
    o->width = o->width ? o->width : 640;
    o->height = o->height ? o->height : 480;
    o->samples = o->samples ? o->samples : 16;
    o->bounces = o->bounces ? o->bounces : 2;
    HL_TRY(check_range("scene", (int64_t)o->scene, 0, HL_SYNTHETIC_TURNTABLE));
    HL_TRY(check_range("views", o->views, 1, HL_SYNTHETIC_VIEWS_MAX));
    HL_TRY(check_range("width", o->width, HL_SYNTHETIC_SIDE_MIN, HL_SYNTHETIC_SIDE_MAX));
    HL_TRY(check_range("height", o->height, HL_SYNTHETIC_SIDE_MIN, HL_SYNTHETIC_SIDE_MAX));
    HL_TRY(check_range("points", o->points, 0, HL_SYNTHETIC_POINTS_MAX));
    HL_TRY(check_range("bounces", o->bounces, -1, 8));
    if (o->samples != 1 && o->samples != 4 && o->samples != 16 && o->samples != 64)
        return hl_fail(HL_E_ARG, "synthetic capture: samples is %d, expected 1, 4, 16 or 64",
                       o->samples);
    return HL_OK;
}

hl_status hl_synthetic_create(hl_synthetic **out, const hl_synthetic_options *options)
{
    hl_synthetic_options checked = *options;
    HL_TRY(check_options(&checked));
    hl_synthetic *s = hl_alloc(1, sizeof *s);
    if (!s)
        return HL_E_MEMORY;
    s->options = checked;
    switch (checked.scene) {
    case HL_SYNTHETIC_STILL:
        hl_synth_scene_still(&s->scene, checked.seed);
        break;
    case HL_SYNTHETIC_CORNER:
        hl_synth_scene_corner(&s->scene, checked.seed);
        break;
    case HL_SYNTHETIC_TURNTABLE:
        hl_synth_scene_turntable(&s->scene, checked.seed);
        break;
    }
    s->scene.alpha |= checked.alpha;
    const double start = hl_wall_seconds();
    hl_status status = HL_OK;
    if (!checked.sun_only)
        status = hl_synth_scene_light(&s->scene, checked.bounces < 0 ? 0 : checked.bounces);
    if (status != HL_OK) {
        hl_free(s);
        return status;
    }
    s->light_s = hl_wall_seconds() - start;
    *out = s;
    return HL_OK;
}

void hl_synthetic_destroy(hl_synthetic **synthetic)
{
    if (*synthetic)
        hl_synth_scene_release(&(*synthetic)->scene);
    hl_free(*synthetic);
    *synthetic = NULL;
}

const hl_synthetic_options *hl_synthetic_settings(const hl_synthetic *synthetic)
{
    return &synthetic->options;
}

bool hl_synthetic_has_alpha(const hl_synthetic *synthetic)
{
    return synthetic->scene.alpha;
}

static void set_camera(const hl_synthetic *s, hl_camera *camera)
{
    const double w = s->options.width, h = s->options.height;
    const double focal = fmax(w, h) / (2 * tan(s->scene.rig.fov / 2));
    const hl_camera c = {.id = 1,
                         .model = HL_CAMERA_PINHOLE,
                         .width = s->options.width,
                         .height = s->options.height,
                         .params = {focal, focal, w / 2, h / 2}};
    *camera = c;
}

void hl_synth_look(const double target[3], double azimuth, double elevation, double radius,
                   hl_pose *pose)
{
    const double away[3] = {cos(elevation) * cos(azimuth), cos(elevation) * sin(azimuth),
                            sin(elevation)};
    /* Rows of the rotation: right, down, forward, in the world (z up). */
    const double forward[3] = {-away[0], -away[1], -away[2]}, up[3] = {0, 0, 1};
    double r[9];
    hl_cross3(forward, up, r);
    hl_normalize3(r, r);
    hl_cross3(forward, r, r + 3);
    double eye[3], t[3];
    for (int i = 0; i < 3; i++) {
        r[6 + i] = forward[i];
        eye[i] = target[i] + radius * away[i];
    }
    hl_mul3(r, eye, t);
    hl_quat_from_rotation(r, pose->q);
    for (int i = 0; i < 3; i++)
        pose->t[i] = -t[i];
}

/* Van der Corput in a base: spreads heights and distances over neighbouring views. */
static double radical_inverse(int32_t i, int32_t base)
{
    double value = 0, digit = 1.0 / base;
    for (; i > 0; i /= base, digit /= base)
        value += digit * (i % base);
    return value;
}

void hl_synthetic_view(const hl_synthetic *synthetic, int32_t view, hl_camera *camera,
                       hl_pose *camera_from_world)
{
    const hl_synth_rig *rig = &synthetic->scene.rig;
    hl_rng rng = hl_rng_at(synthetic->options.seed, 1, (uint64_t)view, HL_RNG_SYNTH);
    const double n = synthetic->options.views;
    const double a = (view + 0.5 + 0.5 * (hl_rng_uniform(&rng) - 0.5)) / n;
    const double e = radical_inverse(view + 1, 2), r = radical_inverse(view + 1, 3);
    double target[3];
    for (int i = 0; i < 3; i++)
        target[i] = rig->target[i] + 0.04 * rig->radius[0] * (hl_rng_uniform(&rng) - 0.5);
    set_camera(synthetic, camera);
    hl_synth_look(target, rig->azimuth + rig->span * a,
                  rig->elevation[0] + e * (rig->elevation[1] - rig->elevation[0]),
                  rig->radius[0] + r * (rig->radius[1] - rig->radius[0]), camera_from_world);
}

void hl_synthetic_orbit(const hl_synthetic *synthetic, int32_t k, int32_t count, hl_camera *camera,
                        hl_pose *camera_from_world)
{
    const double two_pi = 6.283185307179586;
    const hl_synth_rig *rig = &synthetic->scene.rig;
    const double turn = (double)k / (count > 0 ? count : 1);
    const bool closed = rig->span > 0.99 * two_pi;
    const double a = closed ? turn : 0.5 - 0.5 * cos(two_pi * turn);
    const double middle = (rig->elevation[0] + rig->elevation[1]) / 2;
    const double swing = (rig->elevation[1] - rig->elevation[0]) / 4;
    set_camera(synthetic, camera);
    hl_synth_look(rig->target, rig->azimuth + rig->span * a, middle + swing * sin(two_pi * turn),
                  (rig->radius[0] + rig->radius[1]) / 2, camera_from_world);
}

void hl_synth_eye_make(const hl_camera *camera, const hl_pose *pose, hl_synth_eye *eye)
{
    double r[9];
    hl_rotation(pose->q, r);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            eye->world_from_camera[3 * i + j] = r[3 * j + i];
    hl_mul3(eye->world_from_camera, pose->t, eye->origin);
    for (int i = 0; i < 3; i++)
        eye->origin[i] = -eye->origin[i];
    eye->fx = camera->params[0];
    eye->fy = camera->params[1];
    eye->cx = camera->params[2];
    eye->cy = camera->params[3];
    eye->spread = 1 / eye->fx;
}

void hl_synth_eye_ray(const hl_synth_eye *eye, double x, double y, hl_synth_ray *ray,
                      double *per_depth)
{
    const double d[3] = {(x - eye->cx) / eye->fx, (y - eye->cy) / eye->fy, 1};
    const double length = hl_length3(d);
    hl_mul3(eye->world_from_camera, d, ray->dir);
    for (int i = 0; i < 3; i++) {
        ray->dir[i] /= length;
        ray->origin[i] = eye->origin[i];
    }
    *per_depth = length;
}

bool hl_synth_eye_project(const hl_synth_eye *eye, const double point[3], double xy[2],
                          double *depth)
{
    double away[3], c[3];
    for (int i = 0; i < 3; i++)
        away[i] = point[i] - eye->origin[i];
    hl_mul3_t(eye->world_from_camera, away, c);
    if (c[2] <= 1e-9)
        return false;
    xy[0] = eye->fx * c[0] / c[2] + eye->cx;
    xy[1] = eye->fy * c[1] / c[2] + eye->cy;
    *depth = c[2];
    return true;
}
