/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "core/camera_keys.h"

#include "core/camera_path.h"
#include "core/json.h"
#include "core/se3.h"

#include <stdio.h>
#include <string.h>

#define DEGREE      0.017453292519943295
#define FPS_DEFAULT 30.0
#define FPS_MIN     1e-3
#define FPS_MAX     1e3

double hl_camera_keys_seconds(const hl_camera_key *keys, int32_t count)
{
    double sum = 0;
    for (int32_t i = 1; i < count; i++)
        sum += keys[i].seconds;
    return sum;
}

int32_t hl_camera_keys_frames(const hl_camera_key *keys, int32_t count, double fps)
{
    const double n = round(hl_camera_keys_seconds(keys, count) * fps) + 1;
    return n > HL_PATH_FRAMES_MAX ? HL_PATH_FRAMES_MAX : (n > 1 ? (int32_t)n : 1);
}

/* ---- interpolation ------------------------------------------------------------------------ */

/* Through p[1] at t = 0 and p[2] at t = 1. */
static double spline(const double p[4], double t)
{
    return 0.5 * (2 * p[1] + t * (p[2] - p[0] +
                                  t * (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3] +
                                       t * (3 * (p[1] - p[2]) + p[3] - p[0]))));
}

/* Eye and quaternion of a key; the quaternion on the side of `like`. */
static void read_key(const hl_camera_key *key, const double like[4], double eye[3], double q[4])
{
    double r[9], back[9], dot = 0;
    hl_quat_unit(key->pose.q, q);
    hl_rotation(q, r);
    hl_se3_inverse(r, key->pose.t, back, eye);
    for (int i = 0; like && i < 4; i++)
        dot += q[i] * like[i];
    for (int i = 0; i < 4; i++)
        q[i] = dot < 0 ? -q[i] : q[i];
}

static void between(const hl_camera_key *keys, int32_t count, int32_t k, double t, hl_pose *pose)
{
    double eyes[4][3], quats[4][4], eye[3], q[4], r[9];
    read_key(&keys[k], NULL, eyes[1], quats[1]);
    read_key(&keys[k > 0 ? k - 1 : 0], quats[1], eyes[0], quats[0]);
    read_key(&keys[k + 1], quats[1], eyes[2], quats[2]);
    read_key(&keys[k + 2 < count ? k + 2 : k + 1], quats[2], eyes[3], quats[3]);
    for (int i = 0; i < 3; i++)
        eye[i] = spline((const double[]){eyes[0][i], eyes[1][i], eyes[2][i], eyes[3][i]}, t);
    for (int i = 0; i < 4; i++)
        q[i] = spline((const double[]){quats[0][i], quats[1][i], quats[2][i], quats[3][i]}, t);
    hl_quat_unit(q, pose->q);
    hl_rotation(pose->q, r);
    hl_mul3(r, eye, pose->t);
    for (int i = 0; i < 3; i++)
        pose->t[i] = -pose->t[i];
}

void hl_camera_keys_at(const hl_camera_key *keys, int32_t count, double seconds, hl_pose *pose,
                       double *fov_y)
{
    int32_t k = 0;
    while (k + 1 < count && seconds >= keys[k + 1].seconds)
        seconds -= keys[++k].seconds;
    if (k + 1 >= count || !(seconds > 0)) { /* a key gives exactly itself */
        *pose = keys[k].pose;
        *fov_y = keys[k].fov_y;
        return;
    }
    const double t = seconds / keys[k + 1].seconds;
    between(keys, count, k, t, pose);
    *fov_y = (1 - t) * keys[k].fov_y + t * keys[k + 1].fov_y;
}

/* ---- file --------------------------------------------------------------------------------- */

static void add_frame(hl_json *list, const hl_pose *pose, double fov_y, double aspect)
{
    hl_json *frame = hl_json_add_object(list, NULL);
    hl_json *m = hl_json_add_array(frame, "camera_to_world");
    double q[4], r[9], back[9], eye[3];
    hl_quat_unit(pose->q, q);
    hl_rotation(q, r);
    hl_se3_inverse(r, pose->t, back, eye);
    for (int i = 0; i < 3; i++) { /* OpenGL axes: y up, z back */
        for (int j = 0; j < 3; j++)
            hl_json_add_number(m, NULL, j == 0 ? back[3 * i + j] : -back[3 * i + j]);
        hl_json_add_number(m, NULL, eye[i]);
    }
    for (int j = 0; j < 4; j++)
        hl_json_add_number(m, NULL, j == 3);
    hl_json_add_number(frame, "fov", fov_y / DEGREE);
    hl_json_add_number(frame, "aspect", aspect);
}

static void add_keys(hl_json *root, const hl_camera_key *keys, int32_t count)
{
    hl_json *list = hl_json_add_array(root, "helio_keys");
    for (int32_t i = 0; i < count; i++) {
        hl_json *key = hl_json_add_object(list, NULL);
        hl_json *q = hl_json_add_array(key, "q"), *t = hl_json_add_array(key, "t");
        for (int k = 0; k < 4; k++)
            hl_json_add_number(q, NULL, keys[i].pose.q[k]);
        for (int k = 0; k < 3; k++)
            hl_json_add_number(t, NULL, keys[i].pose.t[k]);
        hl_json_add_number(key, "fov_y_rad", keys[i].fov_y);
        hl_json_add_number(key, "seconds", keys[i].seconds);
    }
}

hl_status hl_camera_keys_save(const hl_camera_key *keys, int32_t count, const hl_camera_film *film,
                              const char *path)
{
    const double fps = film->fps > 0 ? film->fps : FPS_DEFAULT;
    const double seconds = count > 0 ? hl_camera_keys_seconds(keys, count) : 0;
    if (count < 1)
        return hl_fail(HL_E_ARG, "%s: the camera path has no key", path);
    if (!(seconds * fps < HL_PATH_FRAMES_MAX))
        return hl_fail(HL_E_ARG, "%s: a path of more than %d frames", path, HL_PATH_FRAMES_MAX);
    const double aspect = film->height > 0 ? (double)film->width / film->height : 1;
    const int32_t frames = hl_camera_keys_frames(keys, count, fps);
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "camera_type", "perspective");
    hl_json_add_number(root, "render_width", film->width);
    hl_json_add_number(root, "render_height", film->height);
    hl_json_add_number(root, "fps", fps);
    hl_json_add_number(root, "seconds", seconds);
    hl_json *list = hl_json_add_array(root, "camera_path");
    for (int32_t i = 0; i < frames; i++) {
        hl_pose pose;
        double fov_y;
        hl_camera_keys_at(keys, count, i / fps, &pose, &fov_y);
        add_frame(list, &pose, fov_y, aspect);
    }
    add_keys(root, keys, count);
    const hl_status s = hl_json_save(root, path);
    hl_json_destroy(&root);
    return s;
}

static hl_status read_our_key(hl_camera_key *key, const hl_json *node, const char *where)
{
    HL_TRY(hl_json_need_numbers(node, "q", key->pose.q, 4, where));
    HL_TRY(hl_json_need_numbers(node, "t", key->pose.t, 3, where));
    HL_TRY(hl_json_need_number(node, "fov_y_rad", &key->fov_y, where));
    HL_TRY(hl_json_need_number(node, "seconds", &key->seconds, where));
    const double *q = key->pose.q;
    const double n = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];
    if (!(fabs(n - 1) < 1e-6))
        return hl_fail(HL_E_FORMAT, "%s: q is no rotation", where);
    for (int k = 0; k < 3; k++)
        if (!(fabs(key->pose.t[k]) < 1e30))
            return hl_fail(HL_E_FORMAT, "%s: t is too far away", where);
    if (!(key->fov_y > 0 && key->fov_y < 3.14))
        return hl_fail(HL_E_FORMAT, "%s: fov_y_rad is %g, expected 0..3.14", where, key->fov_y);
    if (!(key->seconds > 0 && key->seconds < 1e6))
        return hl_fail(HL_E_FORMAT, "%s: seconds is %g, expected more than 0", where, key->seconds);
    return HL_OK;
}

static hl_status read_our_keys(hl_camera_key *keys, int32_t count, const hl_json *list,
                               const char *path)
{
    const hl_json *node = hl_json_first(list);
    for (int32_t i = 0; i < count; i++, node = hl_json_next(node)) {
        char where[512];
        snprintf(where, sizeof where, "%.400s: helio_keys[%d]", path, i);
        HL_TRY(read_our_key(&keys[i], node, where));
    }
    return HL_OK;
}

/* Frames of another program as keys. */
static hl_status take_frames(hl_camera_key *keys, int32_t capacity, int32_t *count,
                             hl_camera_film *film, const char *path)
{
    hl_arena arena;
    hl_camera_path frames;
    hl_arena_init(&arena, 0, 0);
    const hl_status s = hl_camera_path_load(&frames, &arena, path);
    if (s == HL_OK) {
        const int32_t n = frames.count < capacity ? frames.count : capacity;
        const bool sane = frames.fps >= FPS_MIN && frames.fps <= FPS_MAX;
        const double fps = sane ? frames.fps : FPS_DEFAULT;
        int64_t before = 0;
        for (int32_t i = 0; i < n; i++) {
            const int64_t at = n > 1 ? (int64_t)i * (frames.count - 1) / (n - 1) : 0;
            keys[i] = (hl_camera_key){.pose = frames.frames[at],
                                      .fov_y = frames.fov_y[at],
                                      .seconds = (double)(i ? at - before : 1) / fps};
            before = at;
        }
        *count = n;
        *film = (hl_camera_film){frames.width, frames.height, sane ? fps : 0};
    }
    hl_arena_release(&arena);
    return s;
}

hl_status hl_camera_keys_load(hl_camera_key *keys, int32_t capacity, int32_t *count,
                              hl_camera_film *film, const char *path)
{
    hl_json *root = NULL;
    HL_TRY(hl_json_load(&root, path));
    const hl_json *list = hl_json_find(root, "helio_keys");
    const int32_t n = hl_json_is_array(list) ? hl_json_count(list) : 0;
    const double w = hl_json_number(root, "render_width", 0);
    const double h = hl_json_number(root, "render_height", 0), fps = hl_json_number(root, "fps", 0);
    hl_status s = HL_OK;
    if (n < 1)
        s = take_frames(keys, capacity, count, film, path);
    else if (n > capacity)
        s = hl_fail(HL_E_FORMAT, "%s: helio_keys: %d keys, at most %d are read", path, n, capacity);
    else if (!(w >= 0 && w <= 16384 && h >= 0 && h <= 16384 && fps >= 0 && fps <= FPS_MAX))
        s = hl_fail(HL_E_FORMAT, "%s: size or fps is out of range", path);
    else {
        s = read_our_keys(keys, n, list, path);
        if (s == HL_OK) {
            *count = n;
            *film = (hl_camera_film){(int32_t)w, (int32_t)h, fps};
        }
    }
    hl_json_destroy(&root);
    return s;
}
