/* SPDX-License-Identifier: MIT */
/* TensoIR-Synthetic: one folder per view, train_NNN or test_NNN, with metadata.json, rgba.png or
 * rgba_<light>.png, and ground truth.  Camera-to-world, OpenGL axes.  Source: docs/formats.md. */
#include "core/image.h"
#include "core/log.h"
#include "datasets/kinds/capture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool starts(const char *text, const char *head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

static bool is_view_folder(const char *folder, const char *name, const char *head)
{
    char path[HL_CAPTURE_PATH_BYTES], file[HL_CAPTURE_PATH_BYTES];
    return starts(name, head) && hl_path_join(path, sizeof path, folder, name) == HL_OK &&
           hl_path_join(file, sizeof file, path, "metadata.json") == HL_OK && hl_file_exists(file);
}

hl_status hl_capture_find_tensoir(const char *folder, bool *found)
{
    hl_file_list files = {0};
    *found = false;
    HL_TRY(hl_file_list_folder(&files, folder));
    for (int32_t i = 0; i < files.count && !*found; i++)
        *found = is_view_folder(folder, files.names[i], "train_");
    hl_file_list_release(&files);
    return HL_OK;
}

/* "a,b,c,...": sixteen numbers. */
static hl_status parse_matrix(const char *text, double m[16], const char *name)
{
    for (int i = 0; i < 16; i++) {
        char *end = NULL;
        m[i] = strtod(text, &end);
        const char expected = i < 15 ? ',' : 0;
        while (end != text && *end == ' ')
            end++;
        if (end == text || *end != expected || !isfinite(m[i]))
            return hl_fail(HL_E_FORMAT,
                           "%s: cam_transform_mat: number %d is bad: expected 16 numbers, a comma "
                           "between",
                           name, i + 1);
        text = end + 1;
    }
    return HL_OK;
}

static hl_status parse_metadata(const hl_json *root, const char *name, hl_camera *camera,
                                hl_pose *pose)
{
    double angle, width, height, m[16];
    const char *matrix;
    HL_TRY(hl_json_need_number(root, "cam_angle_x", &angle, name));
    HL_TRY(hl_json_need_number(root, "imw", &width, name));
    HL_TRY(hl_json_need_number(root, "imh", &height, name));
    HL_TRY(hl_json_need_text(root, "cam_transform_mat", &matrix, name));
    HL_TRY(parse_matrix(matrix, m, name));
    if (!(width >= 1 && width <= HL_IMAGE_SIDE_MAX && height >= 1 && height <= HL_IMAGE_SIDE_MAX))
        return hl_fail(HL_E_FORMAT, "%s: imw x imh: %g x %g, expected 1..%d", name, width, height,
                       HL_IMAGE_SIDE_MAX);
    if (!(angle > 0 && angle < 3.14159))
        return hl_fail(HL_E_FORMAT, "%s: cam_angle_x: %g rad, expected between 0 and pi", name,
                       angle);
    const double focal = width / (2 * tan(angle / 2));
    *camera = (hl_camera){.model = HL_CAMERA_PINHOLE,
                          .width = (int32_t)width,
                          .height = (int32_t)height,
                          .params = {focal, focal, width / 2, height / 2}};
    return hl_capture_pose_from_opengl(pose, m, name);
}

/* Arena copy of folder/name where that file exists, else NULL. */
static const char *companion(hl_capture *capture, const char *folder, const char *name)
{
    char path[HL_CAPTURE_PATH_BYTES];
    if (hl_path_join(path, sizeof path, folder, name) != HL_OK || !hl_file_exists(path))
        return NULL;
    return hl_capture_text(capture, path);
}

/* Name of the picture: rgba.png, or the first rgba_<light>.png of the first view. */
static hl_status choose_picture(const char *folder, char picture[256])
{
    hl_file_list files = {0};
    HL_TRY(hl_file_list_folder(&files, folder));
    picture[0] = 0;
    for (int32_t i = 0; i < files.count && !picture[0]; i++)
        if (starts(files.names[i], "rgba") && hl_path_has_extension(files.names[i], "png") &&
            strlen(files.names[i]) < 256)
            snprintf(picture, 256, "%s", files.names[i]);
    hl_file_list_release(&files);
    if (!picture[0])
        return hl_fail(HL_E_IO, "%s: no rgba.png and no rgba_<light>.png", folder);
    return HL_OK;
}

static hl_status add_view(hl_capture *capture, const char *name, char picture[256], hl_split split)
{
    char folder[HL_CAPTURE_PATH_BYTES], path[HL_CAPTURE_PATH_BYTES], own[HL_CAPTURE_PATH_BYTES];
    HL_TRY(hl_path_join(folder, sizeof folder, capture->root, name));
    if (!picture[0])
        HL_TRY(choose_picture(folder, picture));
    hl_view view = {.split = split, .has_pose = true, .depth_scale = 1};
    view.image_path = companion(capture, folder, picture);
    if (!view.image_path) {
        capture->missing++;
        return capture->options->skip_missing
                   ? HL_OK
                   : hl_fail(HL_E_IO, "%s: no picture %s", folder, picture);
    }
    HL_TRY(hl_path_join(path, sizeof path, folder, "metadata.json"));
    hl_json *root = NULL;
    HL_TRY(hl_json_load(&root, path));
    hl_camera camera;
    const hl_status s = parse_metadata(root, path, &camera, &view.camera_from_world);
    hl_json_destroy(&root);
    if (s != HL_OK)
        return s;
    HL_TRY(hl_path_join(own, sizeof own, name, picture));
    view.name = hl_capture_text(capture, own);
    if (!view.name)
        return HL_E_MEMORY;
    view.depth_path = companion(capture, folder, "depth.exr");
    view.normal_path = companion(capture, folder, "normal.exr");
    if (!view.normal_path)
        view.normal_path = companion(capture, folder, "normal.png");
    view.camera = hl_capture_camera(capture, &camera);
    capture->views.views[capture->views.view_count++] = view;
    return HL_OK;
}

hl_status hl_capture_read_tensoir(hl_capture *capture)
{
    char picture[256] = "";
    hl_file_list files = {0};
    capture->views.kind = "TensoIR layout";
    capture->own_split = true;
    HL_TRY(hl_file_list_folder(&files, capture->root));
    hl_status s = hl_capture_reserve(capture, files.count);
    for (int pass = 0; pass < 2; pass++) /* training first: it decides the light */
        for (int32_t i = 0; i < files.count && s == HL_OK; i++)
            if (is_view_folder(capture->root, files.names[i], pass ? "test_" : "train_"))
                s = add_view(capture, files.names[i], picture,
                             pass ? HL_SPLIT_TEST : HL_SPLIT_TRAIN);
    hl_file_list_release(&files);
    if (s == HL_OK && strcmp(picture, "rgba.png") != 0)
        hl_log(HL_LOG_INFO, "%s: pictures are %s", capture->root, picture);
    return s;
}
