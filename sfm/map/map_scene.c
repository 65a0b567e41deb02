/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/map/map_scene.h"

#include "core/memory.h"
#include "core/se3.h"
#include "sfm/ba/ba_project.h"

#include <math.h>
#include <string.h>

static double or_default(double value, double fallback)
{
    return value > 0 ? value : fallback;
}

static hl_map_options filled(const hl_map_options *options)
{
    hl_map_options o = {0};
    if (options)
        o = *options;
    o.max_error_px = or_default(o.max_error_px, 4);
    o.resect_error_px = or_default(o.resect_error_px, 12);
    o.min_angle_deg = or_default(o.min_angle_deg, 1.5);
    o.min_inliers = o.min_inliers > 0 ? o.min_inliers : 30;
    o.min_model = o.min_model > 0 ? o.min_model : 3;
    return o;
}

hl_status hl_map_scene_create(hl_map_scene *s, const hl_map_input *in,
                              const hl_map_options *options)
{
    *s = (hl_map_scene){.in = in, .o = filled(options)};
    for (int32_t i = 0; i < in->image_count; i++)
        if (in->images[i].camera < 0 || in->images[i].camera >= in->camera_count ||
            in->images[i].keypoint_count < 0)
            return hl_fail(HL_E_ARG, "mapper: image %d has camera %d of %d and %d keypoints", i,
                           in->images[i].camera, in->camera_count, in->images[i].keypoint_count);
    HL_TRY(hl_track_graph_create(&s->graph, in));
    const size_t n = (size_t)in->image_count, f = (size_t)s->graph.feature_count;
    s->cameras = hl_alloc((size_t)in->camera_count, sizeof *s->cameras);
    s->poses = hl_alloc(n, sizeof *s->poses);
    s->registered = hl_alloc(n, sizeof *s->registered);
    s->done = hl_alloc(n, sizeof *s->done);
    s->order = hl_alloc(n, sizeof *s->order);
    s->fates = hl_alloc(n, sizeof *s->fates);
    s->tries = hl_alloc(n, sizeof *s->tries);
    s->tried_at = hl_alloc(n, sizeof *s->tried_at);
    s->point_of = hl_alloc(f, sizeof *s->point_of);
    s->next = hl_alloc(f, sizeof *s->next);
    s->seen = hl_alloc(f, sizeof *s->seen);
    if (!s->cameras || !s->poses || !s->registered || !s->done || !s->order || !s->fates ||
        !s->tries || !s->tried_at || !s->point_of || !s->next || !s->seen) {
        hl_map_scene_release(s);
        return HL_E_MEMORY;
    }
    hl_map_scene_clear(s);
    return HL_OK;
}

void hl_map_scene_release(hl_map_scene *s)
{
    hl_track_graph_release(&s->graph);
    void *const blocks[] = {s->cameras, s->poses,    s->registered, s->done, s->order, s->fates,
                            s->tries,   s->tried_at, s->point_of,   s->next, s->seen,  s->points};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        hl_free(blocks[i]);
    *s = (hl_map_scene){0};
}

void hl_map_scene_clear(hl_map_scene *s)
{
    const size_t n = (size_t)s->in->image_count, f = (size_t)s->graph.feature_count;
    memcpy(s->cameras, s->in->cameras, (size_t)s->in->camera_count * sizeof *s->cameras);
    memset(s->registered, 0, n * sizeof *s->registered);
    memset(s->tries, 0, n * sizeof *s->tries);
    memset(s->tried_at, 0, n * sizeof *s->tried_at);
    memset(s->seen, 0, f * sizeof *s->seen);
    for (size_t i = 0; i < f; i++)
        s->point_of[i] = s->next[i] = HL_MAP_NONE;
    s->point_count = s->live_points = s->registered_count = 0;
    s->sight_count = 0;
}

void hl_map_register(hl_map_scene *s, int32_t image, const hl_pose *pose)
{
    s->poses[image] = *pose;
    s->registered[image] = true;
    s->order[s->registered_count++] = image;
}

void hl_map_unregister(hl_map_scene *s, int32_t image)
{
    for (int32_t f = s->graph.base[image]; f < s->graph.base[image + 1]; f++)
        if (s->point_of[f] != HL_MAP_NONE)
            hl_map_remove_sight(s, f);
    int32_t k = 0;
    for (int32_t i = 0; i < s->registered_count; i++)
        if (s->order[i] != image)
            s->order[k++] = s->order[i];
    s->registered_count = k;
    s->registered[image] = false;
}

int32_t hl_map_add_point(hl_map_scene *s, const double x[3])
{
    if (s->point_count == s->point_capacity) {
        const int32_t more = s->point_capacity < 4096 ? 8192 : 2 * s->point_capacity;
        hl_map_point *grown =
            hl_grow(s->points, (size_t)s->point_capacity, (size_t)more, sizeof *grown);
        if (!grown)
            return HL_MAP_NONE;
        s->points = grown;
        s->point_capacity = more;
    }
    hl_map_point *p = &s->points[s->point_count];
    memcpy(p->x, x, sizeof p->x);
    p->head = HL_MAP_NONE;
    p->length = 0;
    s->live_points++;
    return s->point_count++;
}

/* Tells the neighbours of a feature that it holds a point (+1) or lost it (-1). */
static void tell(hl_map_scene *s, int32_t feature, int32_t change)
{
    for (int64_t i = s->graph.neighbor_start[feature]; i < s->graph.neighbor_start[feature + 1];
         i++)
        s->seen[s->graph.neighbor[i]] += change;
}

void hl_map_add_sight(hl_map_scene *s, int32_t point, int32_t feature)
{
    s->point_of[feature] = point;
    s->next[feature] = s->points[point].head;
    s->points[point].head = feature;
    s->points[point].length++;
    s->sight_count++;
    tell(s, feature, 1);
}

static void unlink_feature(hl_map_scene *s, int32_t feature)
{
    hl_map_point *p = &s->points[s->point_of[feature]];
    int32_t *link = &p->head;
    while (*link != feature)
        link = &s->next[*link];
    *link = s->next[feature];
    s->point_of[feature] = s->next[feature] = HL_MAP_NONE;
    p->length--;
    s->sight_count--;
    tell(s, feature, -1);
}

void hl_map_delete_point(hl_map_scene *s, int32_t point)
{
    while (s->points[point].head != HL_MAP_NONE)
        unlink_feature(s, s->points[point].head);
    s->live_points--;
    s->points[point].length = 0;
}

void hl_map_remove_sight(hl_map_scene *s, int32_t feature)
{
    const int32_t point = s->point_of[feature];
    if (s->points[point].length <= 2)
        hl_map_delete_point(s, point);
    else
        unlink_feature(s, feature);
}

void hl_map_merge_points(hl_map_scene *s, int32_t into, int32_t from)
{
    while (s->points[from].head != HL_MAP_NONE) {
        const int32_t f = s->points[from].head;
        unlink_feature(s, f);
        hl_map_add_sight(s, into, f);
    }
    s->live_points--;
}

bool hl_map_track_has_image(const hl_map_scene *s, int32_t point, int32_t image)
{
    for (int32_t f = s->points[point].head; f != HL_MAP_NONE; f = s->next[f])
        if (s->graph.image_of[f] == image)
            return true;
    return false;
}

double hl_map_error2(const hl_map_scene *s, int32_t feature, const double x[3])
{
    const int32_t image = s->graph.image_of[feature];
    const hl_camera *camera = hl_map_camera(s, image);
    double r[9], c[3], px[2], at[2];
    hl_rotation(s->poses[image].q, r);
    hl_se3_apply(r, s->poses[image].t, x, c);
    if (!(c[2] > 1e-9))
        return HUGE_VAL;
    const hl_lens lens = hl_camera_lens(camera->model, camera->params);
    const double uv[2] = {c[0] / c[2], c[1] / c[2]};
    hl_lens_distort(&lens, uv, px);
    hl_map_pixel(s, feature, at);
    return (px[0] - at[0]) * (px[0] - at[0]) + (px[1] - at[1]) * (px[1] - at[1]);
}

bool hl_map_ray(const hl_map_scene *s, int32_t feature, double ray[3])
{
    const int32_t image = s->graph.image_of[feature];
    const hl_camera *camera = hl_map_camera(s, image);
    double px[2], uv[2], r[9];
    hl_map_pixel(s, feature, px);
    if (!hl_camera_undistort(camera->model, camera->params, px, uv))
        return false;
    const double local[3] = {uv[0], uv[1], 1};
    hl_rotation(s->poses[image].q, r);
    hl_mul3_t(r, local, ray);
    hl_normalize3(ray, ray);
    return true;
}

void hl_map_center(const hl_map_scene *s, int32_t image, double center[3])
{
    double r[9], inv[9];
    hl_rotation(s->poses[image].q, r);
    hl_se3_inverse(r, s->poses[image].t, inv, center);
}

double hl_map_track_angle(const hl_map_scene *s, int32_t point)
{
    double least = 1; /* cosine */
    enum { MOST = 32 };
    double rays[MOST][3];
    int n = 0;
    for (int32_t f = s->points[point].head; f != HL_MAP_NONE && n < MOST; f = s->next[f], n++) {
        hl_map_center(s, s->graph.image_of[f], rays[n]);
        for (int k = 0; k < 3; k++)
            rays[n][k] = s->points[point].x[k] - rays[n][k];
        hl_normalize3(rays[n], rays[n]);
        for (int k = 0; k < n; k++)
            least = fmin(least, hl_dot3(rays[n], rays[k]));
    }
    return acos(fmax(-1, fmin(1, least))) * (180 / 3.14159265358979323846);
}
