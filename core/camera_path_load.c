/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "core/camera_path.h"
#include "core/json.h"
#include "core/se3.h"

#include <stdio.h>

/* Camera to world, row-major 4x4, OpenGL axes (x right, y up, z back). */
static hl_status read_pose(const double m[16], hl_pose *pose, const char *where)
{
    double r[9], rt[9], rrt[9]; /* camera from world, its transpose */
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            r[3 * j + i] = rt[3 * i + j] = m[4 * i + j] * (j == 0 ? 1 : -1);
    hl_matmul3(r, rt, rrt);
    for (int i = 0; i < 9; i++)
        if (!(fabs(rrt[i] - (i % 4 == 0)) < 1e-3))
            return hl_fail(HL_E_FORMAT, "%s: camera_to_world is not a rotation", where);
    if (hl_det3(r) < 0)
        return hl_fail(HL_E_FORMAT, "%s: camera_to_world is a reflection", where);
    const double eye[3] = {m[3], m[7], m[11]};
    hl_quat_from_rotation(r, pose->q);
    hl_mul3(r, eye, pose->t);
    for (int i = 0; i < 3; i++) {
        pose->t[i] = -pose->t[i];
        if (!(fabs(pose->t[i]) < 1e30))
            return hl_fail(HL_E_FORMAT, "%s: camera_to_world is too far away", where);
    }
    return HL_OK;
}

static hl_status read_frames(hl_camera_path *p, const hl_json *list, const char *path)
{
    const double degree = 3.141592653589793 / 180;
    const hl_json *node = hl_json_first(list);
    for (int32_t i = 0; i < p->count; i++, node = hl_json_next(node)) {
        char where[512];
        double m[16], fov;
        snprintf(where, sizeof where, "%.400s: camera_path[%d]", path, i);
        HL_TRY(hl_json_need_numbers(node, "camera_to_world", m, 16, where));
        HL_TRY(hl_json_need_number(node, "fov", &fov, where));
        if (!(fov > 0 && fov < 180))
            return hl_fail(HL_E_FORMAT, "%s: fov is %g degrees, expected 0..180", where, fov);
        HL_TRY(read_pose(m, &p->frames[i], where));
        p->fov_y[i] = fov * degree;
    }
    return HL_OK;
}

static hl_status read_path(hl_camera_path *p, hl_arena *arena, const hl_json *root,
                           const char *path)
{
    const hl_json *list = hl_json_find(root, "camera_path");
    p->count = hl_json_is_array(list) ? hl_json_count(list) : 0;
    if (p->count < 1 || p->count > HL_PATH_FRAMES_MAX)
        return hl_fail(HL_E_FORMAT, "%s: expected a list \"camera_path\" of 1..%d frames", path,
                       HL_PATH_FRAMES_MAX);
    const double w = hl_json_number(root, "render_width", 0);
    const double h = hl_json_number(root, "render_height", 0);
    if (!(w >= 0 && w <= 16384 && h >= 0 && h <= 16384))
        return hl_fail(HL_E_FORMAT, "%s: render_width %g and render_height %g, expected 1..16384",
                       path, w, h);
    p->width = (int32_t)w;
    p->height = (int32_t)h;
    p->fps = hl_json_number(root, "fps", 0);
    p->frames = hl_arena_alloc(arena, (size_t)p->count, sizeof *p->frames);
    p->fov_y = hl_arena_alloc(arena, (size_t)p->count, sizeof *p->fov_y);
    return p->frames && p->fov_y ? read_frames(p, list, path) : HL_E_MEMORY;
}

hl_status hl_camera_path_load(hl_camera_path *out, hl_arena *arena, const char *path)
{
    hl_json *root = NULL;
    hl_camera_path p = {0};
    HL_TRY(hl_json_load(&root, path));
    const hl_status s = read_path(&p, arena, root, path);
    hl_json_destroy(&root);
    if (s == HL_OK)
        *out = p;
    return s;
}
