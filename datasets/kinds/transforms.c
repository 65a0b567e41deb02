/* SPDX-License-Identifier: MIT */
/* transforms.json in three dialects.  A key of a frame wins over the same key of the file.
 *
 *   NeRF-synthetic   camera_angle_x, file_path without extension, size from the picture
 *   instant-ngp      fl_x fl_y cx cy w h k1 k2 p1 p2, or x_fov in degrees; is_fisheye
 *   nerfstudio       camera_model, intrinsics per frame, mask_path, depth_file_path (mm),
 *                    train_filenames, val_filenames, test_filenames
 */
#include "core/camera_model.h"
#include "core/image.h"
#include "core/log.h"
#include "datasets/kinds/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double depth_millimetres = 1e-3; /* nerfstudio's depth unit, scene units */

/* One frame with what it inherits. */
typedef struct frame_source {
    const hl_json *root, *frame;
    char name[HL_CAPTURE_PATH_BYTES]; /* "FILE: frames[3] (images/0003.jpg)", for messages */
    char photo[HL_CAPTURE_PATH_BYTES];
    int32_t probed_width, probed_height; /* of an earlier frame without w and h, 0: none */
} frame_source;

static const hl_json *value_of(const frame_source *f, const char *key, const hl_json **owner)
{
    *owner = f->frame;
    const hl_json *node = hl_json_find(f->frame, key);
    if (!node) {
        *owner = f->root;
        node = hl_json_find(f->root, key);
    }
    return node && !hl_json_is_null(node) ? node : NULL;
}

/* *value is left alone where the key is absent. */
static hl_status number_of(const frame_source *f, const char *key, double *value)
{
    const hl_json *owner;
    if (!value_of(f, key, &owner))
        return HL_OK;
    return hl_json_need_number(owner, key, value, f->name);
}

static hl_status side_of(const frame_source *f, const char *key, int32_t *side)
{
    double value = 0;
    HL_TRY(number_of(f, key, &value));
    if (value < 0 || value > HL_IMAGE_SIDE_MAX || value > floor(value))
        return hl_fail(HL_E_FORMAT, "%s: %s: found %g, expected whole pixels in 1..%d", f->name,
                       key, value, HL_IMAGE_SIDE_MAX);
    *side = (int32_t)value;
    return HL_OK;
}

/* The size that the file states, or else that of the picture. */
static hl_status size_of(frame_source *f, hl_camera *camera)
{
    HL_TRY(side_of(f, "w", &camera->width));
    HL_TRY(side_of(f, "h", &camera->height));
    if (camera->width && camera->height)
        return HL_OK;
    int32_t channels;
    HL_TRY(hl_image_probe(f->photo, &camera->width, &camera->height, &channels));
    if (!f->probed_width) {
        f->probed_width = camera->width;
        f->probed_height = camera->height;
    }
    if (camera->width != f->probed_width || camera->height != f->probed_height)
        return hl_fail(HL_E_FORMAT,
                       "%s: the picture has %d x %d pixels, those before it %d x %d, and no w and "
                       "h are given: expected one size",
                       f->name, camera->width, camera->height, f->probed_width, f->probed_height);
    return HL_OK;
}

/* Focal length from fl_*, *_fov (degrees) or camera_angle_* (rad); 0 where none is given. */
static hl_status focal_of(const frame_source *f, char axis, int32_t side, double *focal)
{
    const double degree = 3.14159265358979323846 / 180;
    char key[24];
    double length = 0, angle = 0;
    snprintf(key, sizeof key, "fl_%c", axis);
    HL_TRY(number_of(f, key, &length));
    if (length < 0)
        return hl_fail(HL_E_FORMAT, "%s: %s: %g pixels, expected above 0", f->name, key, length);
    if (length > 0) {
        *focal = length;
        return HL_OK;
    }
    snprintf(key, sizeof key, "%c_fov", axis);
    HL_TRY(number_of(f, key, &angle));
    angle *= degree;
    if (!(angle > 0)) {
        snprintf(key, sizeof key, "camera_angle_%c", axis);
        HL_TRY(number_of(f, key, &angle));
    }
    *focal = angle > 0 && angle < 180 * degree ? side / (2 * tan(angle / 2)) : 0;
    if ((angle > 0 && !(*focal > 0)) || angle < 0)
        return hl_fail(HL_E_FORMAT, "%s: %s: field of view %g degrees, expected between 0 and 180",
                       f->name, key, angle / degree);
    return HL_OK;
}

static hl_status is_fisheye(const frame_source *f, bool *fisheye)
{
    const hl_json *owner, *node = value_of(f, "camera_model", &owner);
    *fisheye = hl_json_bool(f->root, "is_fisheye", false);
    if (!node)
        return HL_OK;
    const char *model;
    HL_TRY(hl_json_need_text(owner, "camera_model", &model, f->name));
    static const char *const plain[] = {"OPENCV",        "PINHOLE", "SIMPLE_PINHOLE",
                                        "SIMPLE_RADIAL", "RADIAL",  "FULL_OPENCV"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(model, plain[i]) == 0)
            return HL_OK;
    *fisheye = strcmp(model, "OPENCV_FISHEYE") == 0;
    if (!*fisheye)
        return hl_fail(HL_E_FORMAT,
                       "%s: camera_model %s is not supported, expected PINHOLE, OPENCV or "
                       "OPENCV_FISHEYE",
                       f->name, model);
    return HL_OK;
}

/* Model and distortion; params[0..3] are set already. */
static hl_status lens_of(const frame_source *f, hl_camera *camera)
{
    static const char *const keys[6] = {"k1", "k2", "p1", "p2", "k3", "k4"};
    double k[6] = {0};
    bool fisheye;
    HL_TRY(is_fisheye(f, &fisheye));
    for (int i = 0; i < 6; i++)
        HL_TRY(number_of(f, keys[i], &k[i]));
    const bool first = k[0] != 0 || k[1] != 0 || k[2] != 0 || k[3] != 0;
    const bool higher = k[4] != 0 || k[5] != 0;
    double *params = camera->params + 4;
    camera->model = HL_CAMERA_PINHOLE;
    if (fisheye) {
        camera->model = HL_CAMERA_OPENCV_FISHEYE;
        params[0] = k[0];
        params[1] = k[1];
        params[2] = k[4];
        params[3] = k[5];
        return HL_OK;
    }
    if (k[5] != 0)
        return hl_fail(HL_E_FORMAT, "%s: k4 = %g is supported for OPENCV_FISHEYE only", f->name,
                       k[5]);
    if (first || higher)
        camera->model = higher ? HL_CAMERA_FULL_OPENCV : HL_CAMERA_OPENCV;
    if (first || higher)
        memcpy(params, k, sizeof k); /* k1 k2 p1 p2 k3 k4: FULL_OPENCV's order, k4 = 0 */
    return HL_OK;
}

static hl_status camera_of(frame_source *f, hl_camera *camera)
{
    HL_TRY(size_of(f, camera));
    double fx, fy, cx = camera->width / 2.0, cy = camera->height / 2.0;
    HL_TRY(focal_of(f, 'x', camera->width, &fx));
    HL_TRY(focal_of(f, 'y', camera->height, &fy));
    if (fx <= 0)
        fx = fy;
    if (fy <= 0)
        fy = fx;
    if (fx <= 0)
        return hl_fail(HL_E_FORMAT, "%s: no focal length: expected fl_x or camera_angle_x",
                       f->name);
    HL_TRY(number_of(f, "cx", &cx));
    HL_TRY(number_of(f, "cy", &cy));
    camera->params[0] = fx;
    camera->params[1] = fy;
    camera->params[2] = cx;
    camera->params[3] = cy;
    return lens_of(f, camera);
}

static hl_status pose_of(const frame_source *f, hl_pose *pose)
{
    double m[16] = {[15] = 1};
    char name[HL_CAPTURE_PATH_BYTES + 32];
    const bool three_rows = hl_json_count(hl_json_find(f->frame, "transform_matrix")) == 3;
    HL_TRY(hl_json_need_numbers(f->frame, "transform_matrix", m, three_rows ? 12 : 16, f->name));
    snprintf(name, sizeof name, "%s: transform_matrix", f->name);
    if (m[12] != 0 || m[13] != 0 || m[14] != 0 || fabs(m[15] - 1) > 1e-9)
        return hl_fail(HL_E_FORMAT, "%s: last row %g %g %g %g, expected 0 0 0 1", name, m[12],
                       m[13], m[14], m[15]);
    return hl_capture_pose_from_opengl(pose, m, name);
}

/* Looks for `stated`, with extension or without, below the folder of the file and the one above
 * it; an images folder given by the user takes the place of the stated one.  `path` and `ending`
 * (the extension that was added) are set where it is found. */
static bool find_photo(const hl_capture *capture, const char *folder, const char *stated,
                       char path[HL_CAPTURE_PATH_BYTES], const char **ending)
{
    static const char *const endings[] = {"", ".png", ".jpg", ".jpeg", ".JPG", ".PNG"};
    char above[HL_CAPTURE_PATH_BYTES], plain[HL_CAPTURE_PATH_BYTES - 16];
    const char *places[2] = {folder, above};
    if (capture->options->images && capture->images[0]) {
        places[0] = places[1] = capture->images;
        stated = hl_path_name(stated);
    } else if (hl_path_join(above, sizeof above, folder, "..") != HL_OK) {
        places[1] = folder;
    }
    for (int p = 0; p < 2; p++)
        for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++) {
            if (hl_path_join(plain, sizeof plain, places[p], stated) != HL_OK)
                return false;
            snprintf(path, HL_CAPTURE_PATH_BYTES, "%s%s", plain, endings[e]);
            if (hl_file_exists(path) && !hl_file_is_folder(path)) {
                *ending = endings[e];
                return true;
            }
        }
    return false;
}

/* Path of a companion file that must exist; *out stays NULL where the frame has none. */
static hl_status companion(hl_capture *capture, const frame_source *f, const char *folder,
                           const char *key, const char **out)
{
    const char *stated;
    const hl_json *node = hl_json_find(f->frame, key);
    if (!node || hl_json_is_null(node))
        return HL_OK;
    HL_TRY(hl_json_need_text(f->frame, key, &stated, f->name));
    char path[HL_CAPTURE_PATH_BYTES];
    HL_TRY(hl_path_join(path, sizeof path, folder, stated));
    if (!hl_file_exists(path))
        return hl_fail(HL_E_IO, "%s: %s: %s: no such file", f->name, key, path);
    *out = hl_capture_text(capture, path);
    return *out ? HL_OK : HL_E_MEMORY;
}

/* The stated path in its plain form: slashes forward, no "./" before it. */
static hl_status stated_path(const frame_source *f, char stated[HL_CAPTURE_PATH_BYTES])
{
    const char *text;
    HL_TRY(hl_json_need_text(f->frame, "file_path", &text, f->name));
    while (text[0] == '.' && (text[1] == '/' || text[1] == '\\'))
        text += 2;
    if (!text[0] || strlen(text) >= HL_CAPTURE_PATH_BYTES / 2)
        return hl_fail(HL_E_FORMAT, "%s: file_path: found %zu bytes, expected 1..%d", f->name,
                       strlen(text), HL_CAPTURE_PATH_BYTES / 2 - 1);
    snprintf(stated, HL_CAPTURE_PATH_BYTES, "%s", text);
    for (char *p = stated; *p; p++)
        if (*p == '\\')
            *p = '/';
    return HL_OK;
}

static hl_status add_frame(hl_capture *capture, frame_source *f, const char *folder, hl_split split)
{
    char stated[HL_CAPTURE_PATH_BYTES], name[HL_CAPTURE_PATH_BYTES + 8];
    const char *ending = "";
    HL_TRY(stated_path(f, stated));
    if (!find_photo(capture, folder, stated, f->photo, &ending)) {
        capture->missing++;
        if (capture->options->skip_missing)
            return HL_OK;
        return hl_fail(HL_E_IO, "%s: file_path: %s: no such picture in %s", f->name, stated,
                       folder);
    }
    snprintf(name, sizeof name, "%s%s", stated, ending);
    hl_view view = {.split = split, .has_pose = true, .depth_scale = depth_millimetres};
    hl_camera camera = {0};
    HL_TRY(camera_of(f, &camera));
    HL_TRY(pose_of(f, &view.camera_from_world));
    HL_TRY(companion(capture, f, folder, "mask_path", &view.mask_path));
    HL_TRY(companion(capture, f, folder, "depth_file_path", &view.depth_path));
    if (view.depth_path && hl_path_has_extension(view.depth_path, "exr"))
        view.depth_scale = 1; /* floats are in scene units */
    HL_TRY(companion(capture, f, folder, "normal_file_path", &view.normal_path));
    view.name = hl_capture_text(capture, name);
    view.image_path = hl_capture_text(capture, f->photo);
    if (!view.name || !view.image_path)
        return HL_E_MEMORY;
    view.camera = hl_capture_camera(capture, &camera);
    capture->views.views[capture->views.view_count++] = view;
    return HL_OK;
}

hl_status hl_capture_add_frames(hl_capture *capture, const hl_json *root, const char *name,
                                const char *folder, hl_split split)
{
    const hl_json *frames = hl_json_find(root, "frames");
    if (!hl_json_is_array(frames))
        return hl_fail(HL_E_FORMAT, "%s: no list of frames: expected an object with \"frames\"",
                       name);
    HL_TRY(hl_capture_reserve(capture, hl_json_count(frames)));
    frame_source f = {.root = root};
    int32_t index = 0;
    for (const hl_json *node = hl_json_first(frames); node; node = hl_json_next(node), index++) {
        f.frame = node;
        snprintf(f.name, sizeof f.name, "%s: frames[%d]", name, index);
        if (!hl_json_is_object(node))
            return hl_fail(HL_E_FORMAT, "%s: found no object", f.name);
        HL_TRY(add_frame(capture, &f, folder, split));
    }
    return HL_OK;
}
