/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "datasets/transforms_json.h"

#include "core/camera_model.h"
#include "core/file.h"
#include "core/json.h"
#include "core/se3.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 4096 };

/* Camera-to-world rotation (9), our axes, and eye (3). */
static void world_from_camera(const hl_view *view, double r[9], double eye[3])
{
    double camera_from_world[9];
    hl_rotation(view->camera_from_world.q, camera_from_world);
    hl_se3_inverse(camera_from_world, view->camera_from_world.t, r, eye);
}

static hl_status need_pose(const hl_view *view, const char *path)
{
    return view->has_pose ? HL_OK
                          : hl_fail(HL_E_ARG, "%s: %s has no pose to write", path, view->name);
}

static void add_matrix(hl_json *frame, const hl_view *view)
{
    double r[9], eye[3];
    world_from_camera(view, r, eye);
    hl_json *rows = hl_json_add_array(frame, "transform_matrix");
    for (int i = 0; i < 4; i++) {
        hl_json *row = hl_json_add_array(rows, NULL);
        for (int j = 0; j < 4; j++) {
            if (i == 3)
                hl_json_add_number(row, NULL, j == 3);
            else if (j == 3)
                hl_json_add_number(row, NULL, eye[i]);
            else
                hl_json_add_number(row, NULL, j == 0 ? r[3 * i] : -r[3 * i + j]);
        }
    }
}

/* The format's distortion of a lens; false where it has none for it. */
static bool lens_of(const hl_camera *camera, const char **model, double k[6])
{
    const hl_lens lens = hl_camera_lens(camera->model, camera->params);
    *model = lens.fisheye ? "OPENCV_FISHEYE" : "OPENCV";
    if (camera->model == HL_CAMERA_PINHOLE || camera->model == HL_CAMERA_SIMPLE_PINHOLE)
        *model = "PINHOLE";
    const double values[6] = {lens.num[0], lens.num[1], lens.p[0],
                              lens.p[1],   lens.num[2], lens.num[3]};
    memcpy(k, values, sizeof values);
    const bool denominator = lens.den[0] != 0 || lens.den[1] != 0 || lens.den[2] != 0;
    const bool tangential = lens.p[0] != 0 || lens.p[1] != 0;
    return !lens.fov && !denominator && lens.s[0] == 0 && lens.s[1] == 0 &&
           !(lens.fisheye && tangential);
}

static hl_status add_intrinsics(hl_json *node, const hl_camera *camera, const char *path)
{
    static const char *const keys[6] = {"k1", "k2", "p1", "p2", "k3", "k4"};
    const char *model;
    double k[6], f[2], c[2];
    if (!lens_of(camera, &model, k))
        return hl_fail(HL_E_ARG, "%s: transforms.json has no camera model %s", path,
                       hl_camera_model_name(camera->model));
    hl_camera_focal(camera->model, camera->params, f);
    hl_camera_center(camera->model, camera->params, c);
    hl_json_add_text(node, "camera_model", model);
    hl_json_add_number(node, "w", camera->width);
    hl_json_add_number(node, "h", camera->height);
    hl_json_add_number(node, "fl_x", f[0]);
    hl_json_add_number(node, "fl_y", f[1]);
    hl_json_add_number(node, "cx", c[0]);
    hl_json_add_number(node, "cy", c[1]);
    for (int i = 0; i < 6 && strcmp(model, "PINHOLE") != 0; i++)
        hl_json_add_number(node, keys[i], k[i]);
    return HL_OK;
}

static bool wanted(const hl_view *view, int split)
{
    return split < 0 || (int)view->split == split;
}

/* The camera that all wanted views share, or -1. */
static int32_t shared_camera(const hl_views *views, int split)
{
    int32_t shared = -1;
    for (int32_t i = 0; i < views->view_count; i++) {
        if (!wanted(&views->views[i], split))
            continue;
        if (shared >= 0 && views->views[i].camera != shared)
            return -1;
        shared = views->views[i].camera;
    }
    return shared;
}

static hl_status fill_transforms(hl_json *root, const hl_views *views, int split,
                                 const char *image_prefix, const char *path)
{
    const int32_t shared = shared_camera(views, split);
    if (shared >= 0)
        HL_TRY(add_intrinsics(root, &views->cameras[shared], path));
    hl_json *frames = hl_json_add_array(root, "frames");
    for (int32_t i = 0; i < views->view_count; i++) {
        const hl_view *view = &views->views[i];
        if (!wanted(view, split))
            continue;
        HL_TRY(need_pose(view, path));
        char name[NAME_BYTES];
        const int written = snprintf(name, sizeof name, "%s%s", image_prefix, view->name);
        if (written < 0 || (size_t)written >= sizeof name)
            return hl_fail(HL_E_ARG, "%s: the name %s is too long", path, view->name);
        hl_json *frame = hl_json_add_object(frames, NULL);
        hl_json_add_text(frame, "file_path", name);
        if (shared < 0)
            HL_TRY(add_intrinsics(frame, &views->cameras[view->camera], path));
        add_matrix(frame, view);
    }
    return HL_OK;
}

hl_status hl_transforms_save(const hl_views *views, int split, const char *image_prefix,
                             const char *path)
{
    hl_json *root = hl_json_object();
    hl_status s = fill_transforms(root, views, split, image_prefix, path);
    if (s == HL_OK)
        s = hl_json_save(root, path);
    hl_json_destroy(&root);
    return s;
}

static hl_status add_inria_camera(hl_json *root, const hl_views *views, int32_t index,
                                  const char *path)
{
    const hl_view *view = &views->views[index];
    const hl_camera *camera = &views->cameras[view->camera];
    HL_TRY(need_pose(view, path));
    double r[9], eye[3], f[2];
    world_from_camera(view, r, eye);
    hl_camera_focal(camera->model, camera->params, f);
    const char *base = hl_path_name(view->name);
    const char *dot = strrchr(base, '.');
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%.*s", dot ? (int)(dot - view->name) : NAME_BYTES - 1, view->name);
    hl_json *node = hl_json_add_object(root, NULL);
    hl_json_add_number(node, "id", index);
    hl_json_add_text(node, "img_name", name);
    hl_json_add_number(node, "width", camera->width);
    hl_json_add_number(node, "height", camera->height);
    hl_json *position = hl_json_add_array(node, "position");
    hl_json *rotation = hl_json_add_array(node, "rotation");
    for (int i = 0; i < 3; i++) {
        hl_json_add_number(position, NULL, eye[i]);
        hl_json *row = hl_json_add_array(rotation, NULL);
        for (int j = 0; j < 3; j++)
            hl_json_add_number(row, NULL, r[3 * i + j]);
    }
    hl_json_add_number(node, "fy", f[1]);
    hl_json_add_number(node, "fx", f[0]);
    return HL_OK;
}

hl_status hl_cameras_json_save(const hl_views *views, const char *path)
{
    hl_json *root = hl_json_array();
    hl_status s = HL_OK;
    for (int32_t i = 0; i < views->view_count && s == HL_OK; i++)
        s = add_inria_camera(root, views, i, path);
    if (s == HL_OK)
        s = hl_json_save(root, path);
    hl_json_destroy(&root);
    return s;
}
