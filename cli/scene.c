/* SPDX-License-Identifier: MIT */
#include "cli/scene.h"

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "datasets/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was trained --------------------------------------------------------------------- */

/* N of "iteration_N"; -1 for other names. */
static int32_t iteration_of(const char *name)
{
    const char prefix[] = "iteration_";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return -1;
    char *end;
    const long n = strtol(name + sizeof prefix - 1, &end, 10);
    return *end || n < 0 || n > INT32_MAX ? -1 : (int32_t)n;
}

/* The newest iteration of OUT/point_cloud that has its file. */
static hl_status newest_iteration(hl_scene *scene)
{
    char folder[HL_SCENE_PATH_MAX], path[HL_SCENE_PATH_MAX];
    hl_file_list list;
    HL_TRY(hl_path_join(folder, sizeof folder, scene->folder, "point_cloud"));
    if (!hl_file_is_folder(folder))
        return hl_fail(HL_E_IO, "%s: no point_cloud folder: not the output of helio train",
                       scene->folder);
    HL_TRY(hl_file_list_folder(&list, folder));
    scene->iteration = -1;
    for (int32_t i = 0; i < list.count; i++) {
        const int32_t n = iteration_of(list.names[i]);
        const int length =
            snprintf(path, sizeof path, "%s/iteration_%d/point_cloud.ply", folder, n);
        if (n > scene->iteration && length < (int)sizeof path && hl_file_exists(path))
            scene->iteration = n;
    }
    hl_file_list_release(&list);
    if (scene->iteration < 0)
        return hl_fail(HL_E_IO, "%s: holds no iteration_N/point_cloud.ply", folder);
    return HL_OK;
}

static hl_status find_splats(hl_scene *scene, const hl_scene_options *o)
{
    char name[128];
    if (!hl_file_is_folder(o->path)) {
        const char *last = hl_path_name(o->path);
        snprintf(scene->file, sizeof scene->file, "%s", o->path);
        snprintf(scene->folder, sizeof scene->folder, "%.*s", (int)(last - o->path), o->path);
        if (!scene->folder[0])
            snprintf(scene->folder, sizeof scene->folder, ".");
        return HL_OK;
    }
    snprintf(scene->folder, sizeof scene->folder, "%s", o->path);
    scene->iteration = o->iteration;
    if (!o->iteration)
        HL_TRY(newest_iteration(scene));
    snprintf(name, sizeof name, "point_cloud/iteration_%d/point_cloud.ply", scene->iteration);
    return hl_path_join(scene->file, sizeof scene->file, scene->folder, name);
}

/* OUT/config.json; NULL where there is none. */
static hl_status read_config(const hl_scene *scene, hl_json **config)
{
    char path[HL_SCENE_PATH_MAX];
    *config = NULL;
    HL_TRY(hl_path_join(path, sizeof path, scene->folder, "config.json"));
    return hl_file_exists(path) ? hl_json_load(config, path) : HL_OK;
}

/* ---- capture ------------------------------------------------------------------------------ */

/* The path in config.json is as the user gave it: relative to where helio train ran, which may be
 * here or, after OUT was moved with its surroundings, relative to OUT. */
static hl_status find_data(hl_scene *scene, const hl_scene_options *o, const hl_json *config)
{
    const char *data = o->data ? o->data : hl_json_text(config, "data", NULL);
    if (!data) {
        if (o->need_data)
            return hl_fail(HL_E_ARG, "%s: no config.json names the photos; give --data",
                           scene->folder);
        return HL_OK;
    }
    if (snprintf(scene->data, sizeof scene->data, "%s", data) >= (int)sizeof scene->data)
        return hl_fail(HL_E_ARG, "--data: the path is longer than %d bytes", HL_SCENE_PATH_MAX - 1);
    if (!hl_file_exists(data) && !o->data)
        HL_TRY(hl_path_join(scene->data, sizeof scene->data, scene->folder, data));
    if (hl_file_exists(scene->data))
        return HL_OK;
    if (o->need_data || o->data)
        return hl_fail(HL_E_IO, "%s: the capture is not there%s", data,
                       o->data ? "" : "; give --data");
    scene->data[0] = '\0';
    return HL_OK;
}

/* As training read the capture; views are split also where training held none out. */
static hl_dataset_options dataset_options(hl_scene *scene, const hl_scene_options *o,
                                          const hl_json *config)
{
    const hl_dataset_options d = {.images = hl_json_text(config, "images", NULL),
                                  .masks = hl_json_text(config, "masks", NULL),
                                  .no_masks = hl_json_bool(config, "no_masks", false),
                                  .invert_masks = hl_json_bool(config, "invert_masks", false),
                                  .split = o->split_every ? HL_DATASET_SPLIT_EVERY
                                                          : HL_DATASET_SPLIT_AUTO,
                                  .split_every = o->split_every};
    snprintf(scene->split, sizeof scene->split, o->split_every ? "every%d" : "auto",
             o->split_every);
    scene->held_out = config ? hl_json_bool(config, "eval", false) ? HL_HELD_OUT : HL_TRAINED_ON
                             : HL_HELD_OUT_UNKNOWN;
    if (o->split_every && o->split_every != HL_DATASET_SPLIT_EVERY_DEFAULT)
        scene->held_out = HL_HELD_OUT_UNKNOWN;
    return d;
}

static hl_status open_data(hl_scene *scene, const hl_scene_options *o, const hl_json *config)
{
    HL_TRY(find_data(scene, o, config));
    if (!scene->data[0])
        return HL_OK;
    const hl_dataset_options d = dataset_options(scene, o, config);
    HL_TRY(hl_dataset_load(&scene->views, scene->data, &d));
    HL_TRY(hl_dataset_need_poses(&scene->views));
    const int32_t trained = (int32_t)hl_json_number(config, "max_side_px", 0);
    const hl_photos_options p = {.max_side_px = o->max_side_px ? o->max_side_px : trained,
                                 .cache_bytes = (uint64_t)256 << 20};
    return hl_photos_create(&scene->photos, &scene->views, &p);
}

/* ---- door --------------------------------------------------------------------------------- */

hl_status hl_scene_parse_color(const char *text, float rgb[3])
{
    float v[3];
    const bool white = strcmp(text, "white") == 0;
    if (white || strcmp(text, "black") == 0) {
        rgb[0] = rgb[1] = rgb[2] = white ? 1 : 0;
        return HL_OK;
    }
    const char *at = text;
    for (int k = 0; k < 3; k++) {
        char *end;
        v[k] = strtof(at, &end);
        if (end == at || !(v[k] >= 0 && v[k] <= 1) || *end != (k < 2 ? ',' : '\0'))
            return hl_fail(HL_E_ARG,
                           "--background: expected black, white or r,g,b in 0..1, found \"%s\"",
                           text);
        at = end + 1;
    }
    memcpy(rgb, v, sizeof v);
    return HL_OK;
}

static hl_status choose_background(hl_scene *scene, const hl_scene_options *o,
                                   const hl_json *config)
{
    const char *text = o->background ? o->background : hl_json_text(config, "background", NULL);
    if (!o->background && text && (strcmp(text, "random") == 0 || strcmp(text, "auto") == 0))
        text = NULL;
    if (!text)
        text = scene->views.has_alpha ? "white" : "black";
    return hl_scene_parse_color(text, scene->background);
}

hl_status hl_scene_open(hl_scene *scene, const hl_scene_options *options)
{
    hl_json *config = NULL;
    memset(scene, 0, sizeof *scene);
    hl_arena_init(&scene->arena, 0, 0);
    HL_TRY(find_splats(scene, options));
    HL_TRY(hl_splats_load(&scene->splats, &scene->arena, scene->file, &scene->info));
    if (scene->info.warnings[0])
        hl_log(HL_LOG_WARN, "%s: %s", scene->file, scene->info.warnings);
    HL_TRY(read_config(scene, &config));
    hl_status s = open_data(scene, options, config);
    if (s == HL_OK)
        s = choose_background(scene, options, config);
    if (s == HL_OK)
        s = hl_raster_create(&scene->raster, options->backend ? options->backend : "auto",
                             HL_ISA_AUTO);
    if (config)
        hl_json_destroy(&config);
    return s;
}

void hl_scene_close(hl_scene *scene)
{
    hl_raster_destroy(&scene->raster);
    hl_photos_destroy(&scene->photos);
    hl_views_release(&scene->views);
    hl_arena_release(&scene->arena);
}

hl_status hl_scene_view(const hl_scene *scene, int32_t index, hl_raster_view *view)
{
    return hl_raster_view_from_camera(view, hl_photos_camera(scene->photos, index),
                                      &scene->views.views[index].camera_from_world);
}

void hl_scene_view_resize(hl_raster_view *view, int32_t width, int32_t height)
{
    const float sx = (float)width / (float)view->width, sy = (float)height / (float)view->height;
    view->width = width;
    view->height = height;
    view->fx *= sx;
    view->cx *= sx;
    view->fy *= sy;
    view->cy *= sy;
}

hl_status hl_scene_render(hl_scene *scene, const hl_raster_view *view, uint32_t outputs,
                          hl_raster_frame *frame)
{
    hl_raster_options o = {.sh_degree = scene->splats.sh_degree,
                           .antialiased = scene->splats.antialiased,
                           .outputs = outputs};
    memcpy(o.background, scene->background, sizeof o.background);
    return hl_raster_forward(scene->raster, &scene->splats, view, &o, frame);
}

/* ---- pictures of a frame ------------------------------------------------------------------ */

hl_status hl_scene_color(const hl_raster_frame *frame, hl_image8 *out)
{
    hl_image8 made;
    HL_TRY(hl_image8_create(&made, frame->width, frame->height, 3));
    for (int32_t y = 0; y < frame->height; y++)
        for (int32_t x = 0; x < frame->width; x++)
            for (size_t k = 0; k < 3; k++) {
                const float v = frame->plane[k][(size_t)y * (size_t)frame->stride + (size_t)x];
                const float code = v > 0 ? (v < 1 ? v * 255 + 0.5f : 255) : 0;
                made.data[((size_t)y * (size_t)frame->width + (size_t)x) * 3 + k] = (uint8_t)code;
            }
    *out = made;
    return HL_OK;
}

hl_status hl_scene_alpha(const hl_raster_frame *frame, hl_image *out)
{
    hl_image made;
    HL_TRY(hl_image_create(&made, frame->width, frame->height, 1));
    for (int32_t y = 0; y < frame->height; y++)
        for (int32_t x = 0; x < frame->width; x++)
            made.data[(size_t)y * (size_t)frame->width + (size_t)x] =
                1 - frame->transmittance[(size_t)y * (size_t)frame->stride + (size_t)x];
    *out = made;
    return HL_OK;
}

hl_status hl_scene_depth(const hl_raster_frame *frame, hl_image *out)
{
    const float alpha_min = 0.5f; /* less than that is not a surface */
    HL_TRY(hl_scene_alpha(frame, out));
    for (int32_t y = 0; y < frame->height; y++)
        for (int32_t x = 0; x < frame->width; x++) {
            float *v = &out->data[(size_t)y * (size_t)frame->width + (size_t)x];
            const float z =
                frame->plane[frame->depth_plane][(size_t)y * (size_t)frame->stride + (size_t)x];
            *v = *v >= alpha_min ? z / *v : 0;
        }
    return HL_OK;
}

hl_status hl_scene_normal(const hl_raster_frame *frame, hl_image *out)
{
    hl_image made;
    HL_TRY(hl_image_create(&made, frame->width, frame->height, 3));
    for (int32_t y = 0; y < frame->height; y++)
        for (int32_t x = 0; x < frame->width; x++)
            for (size_t k = 0; k < 3; k++)
                made.data[((size_t)y * (size_t)frame->width + (size_t)x) * 3 + k] =
                    frame->plane[(size_t)frame->normal_plane + k]
                                [(size_t)y * (size_t)frame->stride + (size_t)x];
    *out = made;
    return HL_OK;
}
