/* SPDX-License-Identifier: MIT */
#include "datasets/dataset.h"

#include "core/camera_model.h"
#include "core/log.h"
#include "datasets/colmap.h"
#include "datasets/kinds/capture.h"

#include <stdio.h>
#include <string.h>

typedef enum capture_kind { KIND_COLMAP, KIND_TENSOIR, KIND_TRANSFORMS, KIND_PHOTOS } capture_kind;

/* What was found: the kind and the place that its reader starts from. */
typedef struct finding {
    capture_kind kind;
    char place[HL_CAPTURE_PATH_BYTES];
} finding;

static bool is_file(const char *path)
{
    return hl_file_exists(path) && !hl_file_is_folder(path);
}

/* The folder that holds the file: "." where the path has no slash. */
static hl_status folder_of(const char *file, char folder[HL_CAPTURE_PATH_BYTES])
{
    const size_t n = (size_t)(hl_path_name(file) - file);
    if (n >= HL_CAPTURE_PATH_BYTES)
        return hl_fail(HL_E_ARG, "%s: path too long", file);
    memcpy(folder, file, n);
    folder[n] = 0;
    if (n > 1)
        folder[n - 1] = 0;
    if (!n)
        snprintf(folder, HL_CAPTURE_PATH_BYTES, ".");
    return HL_OK;
}

static bool find_colmap(const char *root, char place[HL_CAPTURE_PATH_BYTES])
{
    static const char *const places[] = {"", "sparse/0", "sparse", "0", "colmap/sparse/0"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (hl_path_join(place, HL_CAPTURE_PATH_BYTES, root, places[i]) == HL_OK &&
            hl_colmap_is_model(place)) {
            const size_t n = strlen(place);
            if (n > 1 && place[n - 1] == '/')
                place[n - 1] = 0;
            return true;
        }
    return false;
}

static bool find_transforms(const char *root, char place[HL_CAPTURE_PATH_BYTES])
{
    static const char *const names[] = {"transforms.json", "transforms_train.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (hl_path_join(place, HL_CAPTURE_PATH_BYTES, root, names[i]) == HL_OK && is_file(place))
            return true;
    return false;
}

/* The folder of photos: the user's choice, or `images` in the capture or up to two folders above
 * a model that was given directly, or the capture itself. */
static hl_status find_images(hl_capture *capture, const finding *found)
{
    static const char *const usual[] = {"images", "../images", "../../images", "input"};
    const char *asked = capture->options->images;
    char path[HL_CAPTURE_PATH_BYTES];
    if (asked) {
        static const char *const above[] = {"", "..", "../.."};
        for (size_t i = 0; i < sizeof above / sizeof above[0]; i++) {
            HL_TRY(hl_path_join(path, sizeof path, capture->root, above[i]));
            HL_TRY(hl_path_join(capture->images, sizeof capture->images, path, asked));
            if (hl_file_is_folder(capture->images))
                return HL_OK;
        }
        snprintf(capture->images, sizeof capture->images, "%s", asked);
        return hl_file_is_folder(asked)
                   ? HL_OK
                   : hl_fail(HL_E_IO, "%s: no folder of images %s", capture->root, asked);
    }
    const size_t count = found->kind == KIND_COLMAP ? sizeof usual / sizeof usual[0] : 1;
    for (size_t i = 0; i < count; i++) {
        HL_TRY(hl_path_join(capture->images, sizeof capture->images, capture->root, usual[i]));
        if (hl_file_is_folder(capture->images))
            return HL_OK;
    }
    snprintf(capture->images, sizeof capture->images, "%s", capture->root);
    return HL_OK;
}

/* Looks at the path; sets capture->root too. */
static hl_status detect(hl_capture *capture, const char *path, finding *found)
{
    if (!hl_file_exists(path))
        return hl_fail(HL_E_IO, "%s: no such file or folder", path);
    if (is_file(path)) {
        HL_TRY(folder_of(path, capture->root));
        const bool json = hl_path_has_extension(path, "json");
        found->kind = json ? KIND_TRANSFORMS : KIND_COLMAP;
        snprintf(found->place, sizeof found->place, "%s", json ? path : capture->root);
        if (json || hl_colmap_is_model(found->place))
            return HL_OK;
        return hl_fail(HL_E_FORMAT,
                       "%s: not a capture: expected a folder, a transforms.json or a file of a "
                       "COLMAP model",
                       path);
    }
    if (strlen(path) >= sizeof capture->root)
        return hl_fail(HL_E_ARG, "%s: path too long", path);
    snprintf(capture->root, sizeof capture->root, "%s", path);
    bool tensoir;
    HL_TRY(hl_capture_find_tensoir(path, &tensoir));
    if (find_colmap(path, found->place))
        found->kind = KIND_COLMAP;
    else if (tensoir)
        found->kind = KIND_TENSOIR;
    else if (find_transforms(path, found->place))
        found->kind = KIND_TRANSFORMS;
    else
        found->kind = KIND_PHOTOS;
    return HL_OK;
}

static hl_status read_kind(hl_capture *capture, const finding *found)
{
    switch (found->kind) {
    case KIND_COLMAP:
        return hl_capture_read_colmap(capture, found->place);
    case KIND_TENSOIR:
        return hl_capture_read_tensoir(capture);
    case KIND_TRANSFORMS:
        return hl_capture_read_transforms(capture, found->place);
    case KIND_PHOTOS:
        break;
    }
    return hl_capture_read_photos(capture);
}

static hl_status check_count(const hl_capture *capture, const finding *found)
{
    const hl_views *v = &capture->views;
    if (v->view_count == 0 && found->kind == KIND_PHOTOS)
        return hl_fail(HL_E_FORMAT,
                       "%s: no capture: expected a COLMAP model (sparse/0), transforms.json, "
                       "train_000/metadata.json or pictures (jpg, png)",
                       v->path);
    if (v->view_count < 2)
        return hl_fail(HL_E_FORMAT, "%s: %s with %d photo%s, expected at least 2", v->path, v->kind,
                       v->view_count, v->view_count == 1 ? "" : "s");
    return HL_OK;
}

static void report(const hl_capture *capture)
{
    const hl_views *v = &capture->views;
    const hl_camera *camera = &v->cameras[v->views[0].camera];
    const int32_t train = hl_views_in_split(v, HL_SPLIT_TRAIN, NULL);
    if (capture->missing)
        hl_log(HL_LOG_WARN, "%s: %d views left out, their photos are missing", v->path,
               capture->missing);
    hl_log(HL_LOG_INFO,
           "%s: %s: %d views (%d train, %d test), %d camera%s (%s %d x %d), %d points%s", v->path,
           v->kind, v->view_count, train, v->view_count - train, v->camera_count,
           v->camera_count == 1 ? "" : "s", hl_camera_model_name(camera->model), camera->width,
           camera->height, v->point_count, v->has_alpha ? ", alpha" : "");
}

static hl_status build(hl_capture *capture, const char *path)
{
    finding found = {0};
    hl_arena_init(&capture->views.arena, 0, 0);
    capture->views.path = hl_capture_text(capture, path);
    if (!capture->views.path)
        return HL_E_MEMORY;
    HL_TRY(detect(capture, path, &found));
    HL_TRY(find_images(capture, &found));
    HL_TRY(read_kind(capture, &found));
    HL_TRY(hl_capture_sort(capture));
    HL_TRY(check_count(capture, &found));
    HL_TRY(hl_capture_measure(capture));
    HL_TRY(hl_capture_find_masks(capture));
    HL_TRY(hl_capture_split(capture));
    if (capture->exhausted)
        return HL_E_MEMORY; /* its sentence stands */
    report(capture);
    return HL_OK;
}

hl_status hl_dataset_load(hl_views *views, const char *path, const hl_dataset_options *options)
{
    static const hl_dataset_options defaults;
    if (!options)
        options = &defaults;
    if (options->split_every < 0 || options->split_every == 1)
        return hl_fail(HL_E_ARG, "split_every: found %d, expected 0 or 2 and more",
                       options->split_every);
    if (options->max_views < 0 || options->max_views == 1)
        return hl_fail(HL_E_ARG, "max_views: found %d, expected 0 or 2 and more",
                       options->max_views);
    hl_capture *capture = hl_alloc(1, sizeof *capture);
    if (!capture)
        return HL_E_MEMORY;
    capture->options = options;
    const hl_status s = build(capture, path);
    if (s == HL_OK)
        *views = capture->views;
    else
        hl_arena_release(&capture->views.arena);
    hl_free(capture);
    return s;
}

hl_status hl_dataset_need_poses(const hl_views *views)
{
    for (int32_t i = 0; i < views->view_count; i++)
        if (!views->views[i].has_pose)
            return hl_fail(HL_E_FORMAT,
                           "%s: %d photos without camera poses: run structure from motion first "
                           "(COLMAP writes sparse/0), or give a folder with sparse/0 or "
                           "transforms.json",
                           views->path, views->view_count);
    return HL_OK;
}
