/* SPDX-License-Identifier: MIT */
/* A COLMAP model and its folder of photos. */
#include "core/log.h"
#include "datasets/colmap.h"
#include "datasets/kinds/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const depth_folders[2] = {"depth", "gt/depth"};
static const char *const normal_folders[2] = {"normal", "gt/normal"};

typedef struct camera_row {
    uint32_t id;
    int32_t index;
} camera_row;

static int by_id(const void *a, const void *b)
{
    const uint32_t x = ((const camera_row *)a)->id, y = ((const camera_row *)b)->id;
    return x < y ? -1 : x > y;
}

/* Sorted table from camera id to index, in the capture's arena. */
static camera_row *camera_table(hl_capture *capture, const hl_colmap_model *model)
{
    camera_row *rows =
        hl_arena_alloc(&capture->views.arena, (size_t)model->camera_count, sizeof *rows);
    for (int32_t i = 0; rows && i < model->camera_count; i++)
        rows[i] = (camera_row){model->cameras[i].id, i};
    if (rows)
        qsort(rows, (size_t)model->camera_count, sizeof *rows, by_id);
    return rows;
}

/* Path of the first of two folders' files with the photo's name and .exr; NULL: none. */
static const char *companion(hl_capture *capture, const char *photo, const char *const folders[2])
{
    const char *dot = strrchr(hl_path_name(photo), '.');
    const int stem = dot ? (int)(dot - photo) : (int)strlen(photo);
    for (int i = 0; i < 2; i++) {
        char name[HL_CAPTURE_PATH_BYTES], path[HL_CAPTURE_PATH_BYTES];
        const int written = snprintf(name, sizeof name, "%s/%.*s.exr", folders[i], stem, photo);
        if (written > 0 && (size_t)written < sizeof name &&
            hl_path_join(path, sizeof path, capture->root, name) == HL_OK && hl_file_exists(path))
            return hl_capture_text(capture, path);
    }
    return NULL;
}

static hl_status add_images(hl_capture *capture, const hl_colmap_model *model, const char *place)
{
    hl_views *v = &capture->views;
    const int64_t rows =
        model->image_count > model->camera_count ? model->image_count : model->camera_count;
    HL_TRY(hl_capture_reserve(capture, rows));
    const camera_row *table = camera_table(capture, model);
    if (!table)
        return HL_E_MEMORY;
    memcpy(v->cameras, model->cameras, (size_t)model->camera_count * sizeof *v->cameras);
    v->camera_count = model->camera_count;
    for (int32_t i = 0; i < model->image_count; i++) {
        const hl_colmap_image *image = &model->images[i];
        char path[HL_CAPTURE_PATH_BYTES];
        HL_TRY(hl_path_join(path, sizeof path, capture->images, image->name));
        if (!hl_file_exists(path)) {
            capture->missing++;
            if (capture->options->skip_missing)
                continue;
            return hl_fail(HL_E_IO, "%s: image %u: no photo %s", place, image->id, path);
        }
        const camera_row key = {.id = image->camera_id};
        const camera_row *row =
            bsearch(&key, table, (size_t)model->camera_count, sizeof key, by_id);
        hl_view view = {.camera_from_world = image->camera_from_world,
                        .has_pose = true,
                        .depth_scale = 1,
                        .camera = row->index};
        view.name = hl_capture_text(capture, image->name);
        view.image_path = hl_capture_text(capture, path);
        view.depth_path = companion(capture, image->name, depth_folders);
        view.normal_path = companion(capture, image->name, normal_folders);
        if (!view.name || !view.image_path)
            return HL_E_MEMORY;
        v->views[v->view_count++] = view;
    }
    return HL_OK;
}

static hl_status add_points(hl_capture *capture, const hl_colmap_model *model)
{
    hl_views *v = &capture->views;
    const size_t count = (size_t)model->point_count;
    if (!count)
        return HL_OK;
    v->points = hl_arena_alloc(&v->arena, 3 * count, sizeof *v->points);
    v->point_colors = hl_arena_alloc(&v->arena, 3 * count, sizeof *v->point_colors);
    if (!v->points || !v->point_colors)
        return HL_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < 3; c++) {
            v->points[3 * i + c] = (float)model->points[i].xyz[c];
            v->point_colors[3 * i + c] = model->points[i].rgb[c];
        }
    v->point_count = (int32_t)count;
    return HL_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Tells of photos that the model could not place. */
static hl_status report_left_over(hl_capture *capture, const hl_colmap_model *model)
{
    hl_arena arena;
    char **names = NULL;
    int32_t count = 0, left = 0;
    const char *first = NULL;
    hl_arena_init(&arena, 0, 0);
    hl_status s = hl_capture_list(&arena, capture->images, true, &names, &count);
    const char **known = hl_arena_alloc(&arena, (size_t)model->image_count, sizeof *known);
    if (s == HL_OK && !known)
        s = HL_E_MEMORY;
    if (s == HL_OK) {
        for (int32_t i = 0; i < model->image_count; i++)
            known[i] = model->images[i].name;
        qsort(known, (size_t)model->image_count, sizeof *known, by_text);
        for (int32_t i = 0; i < count; i++)
            if (!bsearch(&names[i], known, (size_t)model->image_count, sizeof *known, by_text)) {
                first = first ? first : names[i];
                left++;
            }
        if (left)
            hl_log(HL_LOG_WARN, "%s: %d of %d photos are not in the model (first: %s): left out",
                   capture->images, left, count, first);
    }
    hl_arena_release(&arena);
    return s;
}

hl_status hl_capture_read_colmap(hl_capture *capture, const char *place)
{
    hl_colmap_model model;
    HL_TRY(hl_colmap_load(&model, place, false));
    capture->views.kind = model.text ? "COLMAP model (text)" : "COLMAP model (binary)";
    if (model.has_rigs)
        hl_log(HL_LOG_INFO, "%s: rigs and frames are there; poses are those of images", place);
    hl_status s = add_images(capture, &model, place);
    if (s == HL_OK)
        s = add_points(capture, &model);
    if (s == HL_OK)
        s = report_left_over(capture, &model);
    hl_colmap_release(&model);
    return s;
}
