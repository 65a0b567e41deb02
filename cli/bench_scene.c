/* SPDX-License-Identifier: MIT */
#include "cli/bench_scene.h"

#include "core/file.h"
#include "core/json.h"
#include "core/rng.h"
#include "core/splat_io.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 16384, PATH_BYTES = 4096 };

static hl_status parse_size(const char *text, hl_raster_view *view)
{
    char *end;
    const long width = strtol(text, &end, 10);
    const long height = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
    if (*end || width < 1 || height < 1 || width > SIDE_MAX || height > SIDE_MAX)
        return hl_fail(HL_E_ARG, "--size: expected WxH with sides of 1..%d, found \"%s\"",
                       (int)SIDE_MAX, text);
    view->width = (int32_t)width;
    view->height = (int32_t)height;
    return HL_OK;
}

/* Splats spread evenly over the first view, z in 2..6, log-normal sizes around the median. */
static void random_splats(hl_bench_scene *b, const hl_bench_scene_options *o)
{
    const hl_raster_view *v = &b->view[0];
    for (int32_t i = 0; i < b->splats.count; i++) {
        hl_rng rng = hl_rng_at(o->seed, 0, (uint64_t)i, HL_RNG_BENCH);
        float *mean = b->splats.mean + 3 * (size_t)i;
        mean[2] = 2 + 4 * hl_rng_uniform(&rng);
        mean[0] = mean[2] * ((float)v->width * hl_rng_uniform(&rng) - v->cx) / v->fx;
        mean[1] = mean[2] * ((float)v->height * hl_rng_uniform(&rng) - v->cy) / v->fy;
        const float size = logf(o->sigma_px * mean[2] / v->fx) + 0.6f * hl_rng_normal(&rng);
        for (int k = 0; k < 3; k++)
            b->splats.log_scale[3 * (size_t)i + (size_t)k] = size + 0.4f * hl_rng_normal(&rng);
        for (int k = 0; k < 4; k++)
            b->splats.quat[4 * (size_t)i + (size_t)k] = hl_rng_normal(&rng);
        b->splats.logit_opa[i] = -1.0f + 1.5f * hl_rng_normal(&rng);
        for (size_t k = 0; k < HL_SPLAT_DIM_sh; k++)
            b->splats.sh[(size_t)i * HL_SPLAT_DIM_sh + k] =
                (k % HL_SH_COEFFS_MAX ? 0.1f : 1.0f) * hl_rng_normal(&rng);
    }
}

/* The first view looks along z; the others stand a little beside it. */
static hl_status make_random(hl_bench_scene *b, const hl_bench_scene_options *o)
{
    hl_raster_view *v = &b->view[0];
    HL_TRY(parse_size(o->size, v));
    v->fx = v->fy = 0.8f * (float)(v->width > v->height ? v->width : v->height);
    v->cx = 0.5f * (float)v->width;
    v->cy = 0.5f * (float)v->height;
    v->r[0] = v->r[4] = v->r[8] = 1;
    b->view_count = HL_BENCH_VIEWS;
    for (int k = 1; k < HL_BENCH_VIEWS; k++) {
        b->view[k] = *v;
        b->view[k].t[0] = 0.05f * (float)(k % 3 - 1);
        b->view[k].t[1] = 0.05f * (float)(k / 3 - 1);
    }
    HL_TRY(hl_splats_init(&b->splats, &b->arena, o->splats > 0 ? o->splats : 1));
    b->splats.count = o->splats;
    b->splats.sh_degree = HL_SH_DEGREE_MAX;
    random_splats(b, o);
    return HL_OK;
}

/* {width, height, position (3), rotation (3, 3) camera to world, fx, fy} */
static hl_status read_camera(const hl_json *node, hl_raster_view *v, const char *path)
{
    double eye[3], to_world[9], size[2], focal[2];
    HL_TRY(hl_json_need_number(node, "width", &size[0], path));
    HL_TRY(hl_json_need_number(node, "height", &size[1], path));
    HL_TRY(hl_json_need_number(node, "fx", &focal[0], path));
    HL_TRY(hl_json_need_number(node, "fy", &focal[1], path));
    HL_TRY(hl_json_need_numbers(node, "position", eye, 3, path));
    HL_TRY(hl_json_need_numbers(node, "rotation", to_world, 9, path));
    if (!(size[0] >= 1 && size[0] <= SIDE_MAX && size[1] >= 1 && size[1] <= SIDE_MAX))
        return hl_fail(HL_E_FORMAT, "%s: a picture of %gx%g pixels, expected 1..%d a side", path,
                       size[0], size[1], (int)SIDE_MAX);
    v->width = (int32_t)size[0];
    v->height = (int32_t)size[1];
    v->fx = (float)focal[0];
    v->fy = (float)focal[1];
    v->cx = 0.5f * (float)v->width;
    v->cy = 0.5f * (float)v->height;
    for (int i = 0; i < 3; i++) {
        double t = 0;
        for (int k = 0; k < 3; k++) {
            v->r[3 * i + k] = (float)to_world[3 * k + i];
            t -= to_world[3 * k + i] * eye[k];
        }
        v->t[i] = (float)t;
    }
    return HL_OK;
}

static hl_status read_cameras(hl_bench_scene *b, const char *path)
{
    hl_json *root;
    HL_TRY(hl_json_load(&root, path));
    const int32_t count = hl_json_count(root);
    hl_status s = HL_OK;
    if (count < 1)
        s = hl_fail(HL_E_FORMAT, "%s: expected a list of cameras", path);
    b->view_count = count < HL_BENCH_VIEWS ? count : HL_BENCH_VIEWS;
    for (int32_t k = 0; k < b->view_count && s == HL_OK; k++) /* spread over the list */
        s = read_camera(hl_json_at(root, (int32_t)((int64_t)k * count / b->view_count)),
                        &b->view[k], path);
    hl_json_destroy(&root);
    return s;
}

hl_status hl_bench_scene_make(hl_bench_scene *scene, const hl_bench_scene_options *o)
{
    hl_splat_info info;
    memset(scene, 0, sizeof *scene);
    hl_arena_init(&scene->arena, 0, 0);
    if (!o->input)
        return make_random(scene, o);
    if (!o->cameras)
        return hl_fail(HL_E_ARG, "--input %s: needs --cameras FILE as well", o->input);
    HL_TRY(hl_splats_load(&scene->splats, &scene->arena, o->input, &info));
    return read_cameras(scene, o->cameras);
}

void hl_bench_scene_release(hl_bench_scene *scene)
{
    hl_arena_release(&scene->arena);
}

static void add_numbers(hl_json *node, const char *key, const float *values, int32_t count)
{
    hl_json *list = hl_json_add_array(node, key);
    for (int32_t i = 0; i < count; i++)
        hl_json_add_number(list, NULL, (double)values[i]);
}

hl_status hl_bench_scene_save(const hl_bench_scene *scene, const char *folder)
{
    char path[PATH_BYTES];
    HL_TRY(hl_file_make_folder(folder));
    HL_TRY(hl_path_join(path, sizeof path, folder, "splats.ply"));
    HL_TRY(hl_splats_save(&scene->splats, path, NULL));
    HL_TRY(hl_path_join(path, sizeof path, folder, "cameras.json"));
    hl_json *list = hl_json_array();
    for (int32_t k = 0; k < scene->view_count; k++) {
        const hl_raster_view *v = &scene->view[k];
        hl_json *node = hl_json_add_object(list, NULL);
        hl_json_add_number(node, "width", v->width);
        hl_json_add_number(node, "height", v->height);
        hl_json_add_number(node, "fx", (double)v->fx);
        hl_json_add_number(node, "fy", (double)v->fy);
        hl_json_add_number(node, "cx", (double)v->cx);
        hl_json_add_number(node, "cy", (double)v->cy);
        add_numbers(node, "r", v->r, 9);
        add_numbers(node, "t", v->t, 3);
    }
    const hl_status s = hl_json_save(list, path);
    hl_json_destroy(&list);
    return s;
}

double hl_bench_stage_bytes(const char *name, int32_t splats, int64_t visible, int64_t instances,
                            int64_t pixels, bool adam)
{
    const double n = splats, floats = HL_SPLAT_FLOATS, four = sizeof(float), record = 64, row = 36;
    if (strcmp(name, "project") == 0) /* parameters in, records out */
        return n * floats * four + (double)visible * record;
    if (strcmp(name, "sort") == 0) /* 4 passes over key and index */
        return (double)visible * 4 * 16;
    if (strcmp(name, "bin") == 0) /* written once, 2 passes over tile and index */
        return (double)instances * (8 + 2 * 16);
    if (strcmp(name, "loss") == 0) /* docs/training.md: 30 floats a pixel */
        return (double)pixels * 30 * four;
    if (strcmp(name, "splat_bwd") == 0 || strcmp(name, "project_bwd") == 0)
        return (double)visible * (record + row) +
               n * floats * four * (adam ? 6 : 2); /* parameters and moments, in and out */
    return 0;
}
