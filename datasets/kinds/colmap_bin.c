/* SPDX-License-Identifier: MIT */
/* The binary form: little-endian, packed, counts u64, reals f64. */
#include "core/camera_model.h"
#include "datasets/kinds/colmap_parts.h"

#include <stdio.h>
#include <string.h>

/* Least bytes of one record; what a count is checked against before memory is taken. */
enum {
    CAMERA_BYTES = 4 + 4 + 8 + 8 + 3 * 8,
    IMAGE_BYTES = 4 + 7 * 8 + 4 + 1 + 8,
    OBSERVATION_BYTES = 8 + 8 + 8,
    POINT_BYTES = 8 + 3 * 8 + 3 + 8 + 8,
    SIGHTING_BYTES = 4 + 4
};

typedef struct cursor {
    const hl_colmap_source *source;
    size_t at;
    bool short_file; /* a take went past the end; its target is zeroed */
} cursor;

static void take(cursor *c, void *out, size_t bytes)
{
    if (bytes > c->source->size - c->at) {
        c->short_file = true;
        c->at = c->source->size;
        memset(out, 0, bytes);
        return;
    }
    memcpy(out, c->source->bytes + c->at, bytes);
    c->at += bytes;
}

static uint32_t take_u32(cursor *c)
{
    uint32_t v;
    take(c, &v, sizeof v);
    return v;
}

static uint64_t take_u64(cursor *c)
{
    uint64_t v;
    take(c, &v, sizeof v);
    return v;
}

static hl_status short_file(const cursor *c, const char *what, uint64_t index)
{
    return hl_fail(HL_E_FORMAT, "%s: ends at byte %zu, inside %s %llu", c->source->name,
                   c->source->size, what, (unsigned long long)index);
}

/* A count of records of at least `bytes` each that must follow; at most `limit`. */
static hl_status take_count(cursor *c, const char *what, size_t bytes, uint64_t limit,
                            uint64_t *count)
{
    const size_t at = c->at;
    *count = take_u64(c);
    if (c->short_file)
        return hl_fail(HL_E_FORMAT, "%s: %zu bytes, too short for the number of %s",
                       c->source->name, c->source->size, what);
    const uint64_t room = (c->source->size - c->at) / bytes;
    if (*count > room || *count > limit)
        return hl_fail(HL_E_FORMAT,
                       "%s: byte %zu: %llu %s, but the %zu bytes that follow hold %llu",
                       c->source->name, at, (unsigned long long)*count, what,
                       c->source->size - c->at, (unsigned long long)(room < limit ? room : limit));
    return HL_OK;
}

static void place_of(const cursor *c, char place[32], size_t at)
{
    snprintf(place, 32, "byte %zu", at < c->source->size ? at : c->source->size);
}

static hl_status take_camera(cursor *c, hl_camera *camera, uint64_t index)
{
    char place[32];
    place_of(c, place, c->at);
    camera->id = take_u32(c);
    const int32_t model = (int32_t)take_u32(c);
    const uint64_t width = take_u64(c), height = take_u64(c);
    if (c->short_file)
        return short_file(c, "camera", index);
    const int count =
        model < 0 || model >= HL_CAMERA_MODELS ? 0 : hl_camera_param_count((hl_camera_model)model);
    if (!count)
        return hl_fail(HL_E_FORMAT,
                       "%s: %s: camera %u: model %d%s is not supported, expected 0..%d",
                       c->source->name, place, camera->id, model,
                       model == 11 ? " (RAD_TAN_THIN_PRISM_FISHEYE)" : "", HL_CAMERA_MODELS - 1);
    camera->model = (hl_camera_model)model;
    take(c, camera->params, (size_t)count * sizeof(double));
    if (c->short_file)
        return short_file(c, "camera", index);
    HL_TRY(hl_colmap_check_camera(camera, width, height, c->source->name, place));
    camera->width = (int32_t)width;
    camera->height = (int32_t)height;
    return HL_OK;
}

hl_status hl_colmap_parse_cameras_bin(hl_colmap_model *model, const hl_colmap_source *source)
{
    cursor c = {.source = source};
    uint64_t count;
    HL_TRY(take_count(&c, "cameras", CAMERA_BYTES, INT32_MAX, &count));
    hl_camera *cameras = hl_arena_alloc(&model->arena, (size_t)count, sizeof *cameras);
    if (!cameras)
        return HL_E_MEMORY;
    for (uint64_t i = 0; i < count; i++)
        HL_TRY(take_camera(&c, &cameras[i], i));
    model->cameras = cameras;
    model->camera_count = (int32_t)count;
    return HL_OK;
}

static hl_status take_observations(cursor *c, hl_colmap_model *model, hl_colmap_image *image)
{
    uint64_t count;
    const hl_status s = take_count(c, "observations", OBSERVATION_BYTES, INT64_MAX, &count);
    if (s != HL_OK)
        return hl_fail_context(s, "image %s", image->name);
    if (!c->source->with_tracks) {
        c->at += (size_t)count * OBSERVATION_BYTES;
        return HL_OK;
    }
    image->observations = hl_arena_alloc(&model->arena, (size_t)count, sizeof *image->observations);
    if (!image->observations)
        return HL_E_MEMORY;
    image->observation_count = (int64_t)count;
    for (uint64_t i = 0; i < count; i++) {
        hl_colmap_observation *o = &image->observations[i];
        take(c, &o->x, 8);
        take(c, &o->y, 8);
        o->point = take_u64(c);
    }
    return HL_OK;
}

static hl_status take_image(cursor *c, hl_colmap_model *model, hl_colmap_image *image,
                            uint64_t index)
{
    char place[32];
    place_of(c, place, c->at);
    image->id = take_u32(c);
    take(c, image->camera_from_world.q, sizeof image->camera_from_world.q);
    take(c, image->camera_from_world.t, sizeof image->camera_from_world.t);
    image->camera_id = take_u32(c);
    const unsigned char *name = c->source->bytes + c->at;
    const unsigned char *end = memchr(name, 0, c->source->size - c->at);
    if (c->short_file || !end)
        return short_file(c, "image", index);
    image->name = hl_arena_text(&model->arena, (const char *)name, (size_t)(end - name));
    if (!image->name)
        return HL_E_MEMORY;
    c->at += (size_t)(end - name) + 1;
    HL_TRY(hl_colmap_check_image(image, c->source->name, place));
    return take_observations(c, model, image);
}

hl_status hl_colmap_parse_images_bin(hl_colmap_model *model, const hl_colmap_source *source)
{
    cursor c = {.source = source};
    uint64_t count;
    HL_TRY(take_count(&c, "images", IMAGE_BYTES, INT32_MAX, &count));
    hl_colmap_image *images = hl_arena_alloc(&model->arena, (size_t)count, sizeof *images);
    if (!images)
        return HL_E_MEMORY;
    for (uint64_t i = 0; i < count; i++)
        HL_TRY(take_image(&c, model, &images[i], i));
    model->images = images;
    model->image_count = (int32_t)count;
    return HL_OK;
}

static hl_status take_point(cursor *c, hl_colmap_model *model, hl_colmap_point *point,
                            uint64_t index)
{
    char place[32];
    place_of(c, place, c->at);
    point->id = take_u64(c);
    take(c, point->xyz, sizeof point->xyz);
    take(c, point->rgb, sizeof point->rgb);
    take(c, &point->error, sizeof point->error);
    if (c->short_file)
        return short_file(c, "point", index);
    HL_TRY(hl_colmap_check_point(point, c->source->name, place));
    uint64_t count;
    HL_TRY(take_count(c, "sightings", SIGHTING_BYTES, INT64_MAX, &count));
    if (!c->source->with_tracks) {
        c->at += (size_t)count * SIGHTING_BYTES;
        return HL_OK;
    }
    point->track = hl_arena_alloc(&model->arena, (size_t)count, sizeof *point->track);
    if (!point->track)
        return HL_E_MEMORY;
    point->track_count = (int64_t)count;
    for (uint64_t i = 0; i < count; i++) {
        point->track[i].image_id = take_u32(c);
        point->track[i].observation = take_u32(c);
    }
    return HL_OK;
}

hl_status hl_colmap_parse_points_bin(hl_colmap_model *model, const hl_colmap_source *source)
{
    cursor c = {.source = source};
    uint64_t count;
    HL_TRY(take_count(&c, "points", POINT_BYTES, INT32_MAX, &count));
    hl_colmap_point *points = hl_arena_alloc(&model->arena, (size_t)count, sizeof *points);
    if (!points)
        return HL_E_MEMORY;
    for (uint64_t i = 0; i < count; i++)
        HL_TRY(take_point(&c, model, &points[i], i));
    model->points = points;
    model->point_count = (int64_t)count;
    return HL_OK;
}

static void put_u32(hl_file_writer *w, uint32_t v)
{
    hl_file_write(w, &v, sizeof v);
}

static void put_u64(hl_file_writer *w, uint64_t v)
{
    hl_file_write(w, &v, sizeof v);
}

void hl_colmap_print_cameras_bin(hl_file_writer *w, const hl_colmap_model *model)
{
    put_u64(w, (uint64_t)model->camera_count);
    for (int32_t i = 0; i < model->camera_count; i++) {
        const hl_camera *camera = &model->cameras[i];
        put_u32(w, camera->id);
        put_u32(w, (uint32_t)camera->model);
        put_u64(w, (uint64_t)camera->width);
        put_u64(w, (uint64_t)camera->height);
        hl_file_write(w, camera->params,
                      (size_t)hl_camera_param_count(camera->model) * sizeof(double));
    }
}

void hl_colmap_print_images_bin(hl_file_writer *w, const hl_colmap_model *model)
{
    put_u64(w, (uint64_t)model->image_count);
    for (int32_t i = 0; i < model->image_count; i++) {
        const hl_colmap_image *image = &model->images[i];
        put_u32(w, image->id);
        hl_file_write(w, image->camera_from_world.q, sizeof image->camera_from_world.q);
        hl_file_write(w, image->camera_from_world.t, sizeof image->camera_from_world.t);
        put_u32(w, image->camera_id);
        hl_file_write(w, image->name, strlen(image->name) + 1);
        put_u64(w, (uint64_t)image->observation_count);
        for (int64_t k = 0; k < image->observation_count; k++) {
            hl_file_write(w, &image->observations[k].x, 8);
            hl_file_write(w, &image->observations[k].y, 8);
            put_u64(w, image->observations[k].point);
        }
    }
}

void hl_colmap_print_points_bin(hl_file_writer *w, const hl_colmap_model *model)
{
    put_u64(w, (uint64_t)model->point_count);
    for (int64_t i = 0; i < model->point_count; i++) {
        const hl_colmap_point *point = &model->points[i];
        put_u64(w, point->id);
        hl_file_write(w, point->xyz, sizeof point->xyz);
        hl_file_write(w, point->rgb, sizeof point->rgb);
        hl_file_write(w, &point->error, sizeof point->error);
        put_u64(w, (uint64_t)point->track_count);
        for (int64_t k = 0; k < point->track_count; k++) {
            put_u32(w, point->track[k].image_id);
            put_u32(w, point->track[k].observation);
        }
    }
}
