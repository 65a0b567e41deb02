/* SPDX-License-Identifier: MIT */
#include "cli/relight_run.h"

#include "core/color.h"
#include "core/file.h"
#include "core/log.h"
#include "core/timer.h"
#include "relight/forward.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const hl_relight_output_names[HL_RELIGHT_OUTPUTS] = {"color", "direct", "indirect",
                                                                 "shadow"};

/* ---- one picture -------------------------------------------------------------------------- */

static hl_status save_both(const char *folder, const char *stem, const hl_image *linear)
{
    char path[HL_RELIGHT_PATH_MAX];
    HL_TRY(hl_file_make_folder(folder));
    for (int png = 0; png < 2; png++) {
        char name[4 * HL_RELIGHT_NAME_MAX];
        snprintf(name, sizeof name, "%.400s.%s", stem, png ? "png" : "exr");
        HL_TRY(hl_path_join(path, sizeof path, folder, name));
        if (!png) {
            HL_TRY(hl_image_save(linear, path));
            continue;
        }
        hl_image coded;
        HL_TRY(hl_image_create(&coded, linear->width, linear->height, linear->channels));
        const int64_t n = (int64_t)linear->width * linear->height * linear->channels;
        for (int64_t i = 0; i < n; i++) {
            const bool light = linear->channels == 4 && i % 4 < 3;
            coded.data[i] =
                light ? hl_srgb_from_linear(hl_max(linear->data[i], 0)) : linear->data[i];
        }
        const hl_status s = hl_image_save(&coded, path);
        hl_image_release(&coded);
        HL_TRY(s);
    }
    return HL_OK;
}

/* "rgba" for the light that the capture's own pictures were taken in, else "rgba_LIGHT". */
static void stem_of(const hl_relight_view *v, const char *light, char *stem, size_t capacity)
{
    char path[HL_RELIGHT_PATH_MAX], name[3 * HL_RELIGHT_NAME_MAX];
    snprintf(stem, capacity, "rgba_%s", light);
    snprintf(name, sizeof name, "%s.png", stem);
    if (v->folder[0] && hl_path_join(path, sizeof path, v->folder, name) == HL_OK &&
        !hl_file_exists(path))
        snprintf(stem, capacity, "rgba");
}

hl_status hl_relight_shade(hl_relighting *r, hl_relight_view *v, hl_shade_result *result)
{
    const hl_hybrid_rules *rules = r->views.rules;
    hl_irradiance door = {0};
    HL_TRY(hl_relight_view_fill(&r->views, &r->scene, v));
    if (r->indirect)
        door = hl_vertex_light_irradiance(r->indirect);
    const hl_shade_options options = {.samples = r->samples,
                                      .model = (hl_brdf_model)r->model,
                                      .indirect = r->indirect ? &door : NULL,
                                      .snap = rules->on_mesh ? 10 * r->scene.offset : 0,
                                      .seed = r->seed};
    const double start = hl_wall_seconds();
    hl_light_scene scene = r->scene;
    scene.offset *= rules->lift;
    if (rules->per_splat) {
        const hl_splat_surfaces from = hl_relight_splats(&r->views, &scene);
        HL_TRY(hl_forward_shade(result, &scene, &from, &v->view, &v->input, &options));
    } else {
        HL_TRY(hl_shade(result, &scene, &v->input, &options));
    }
    hl_status s = HL_OK;
    if (r->denoise && !rules->per_splat)
        s = hl_shade_denoise(result, &v->input, r->denoise, 20 * r->scene.offset);
    if (s != HL_OK)
        hl_shade_release(result);
    r->shade_s += hl_wall_seconds() - start;
    r->pictures++;
    return s;
}

static hl_status save_view(const hl_relighting *r, const hl_relight_view *v,
                           const hl_shade_result *result, const char *light)
{
    char folder[HL_RELIGHT_PATH_MAX], stem[2 * HL_RELIGHT_NAME_MAX], name[3 * HL_RELIGHT_NAME_MAX];
    HL_TRY(hl_path_join(folder, sizeof folder, r->out, v->name));
    stem_of(v, light, stem, sizeof stem);
    for (int k = 0; k < HL_RELIGHT_OUTPUTS; k++) {
        hl_image image;
        if (!r->wanted[k])
            continue;
        snprintf(name, sizeof name, "%s%s%s", k ? hl_relight_output_names[k] : stem, k ? "_" : "",
                 k ? light : "");
        if (k == HL_RELIGHT_SHADOW) {
            HL_TRY(hl_image_create(&image, result->width, result->height, 1));
            memcpy(image.data, result->shadow,
                   (size_t)result->width * (size_t)result->height * sizeof(float));
        } else {
            const int both = HL_SHADE_DIRECT | HL_SHADE_INDIRECT;
            const int parts[] = {both, HL_SHADE_DIRECT, HL_SHADE_INDIRECT};
            HL_TRY(hl_shade_compose(&image, result, &v->input, parts[k]));
        }
        const hl_status s = save_both(folder, name, &image);
        hl_image_release(&image);
        HL_TRY(s);
    }
    return HL_OK;
}

/* ---- lights ------------------------------------------------------------------------------- */

hl_status hl_relight_solve_indirect(hl_relighting *r)
{
    if (!r->indirect_wanted)
        return HL_OK;
    const double start = hl_wall_seconds();
    const hl_vertex_light_options options = {r->vertex_samples, r->bounces, r->seed};
    hl_status s;
    if (r->indirect)
        s = hl_vertex_light_relight(r->indirect, r->scene.environment, r->scene.lights,
                                    r->scene.light_count);
    else
        s = hl_vertex_light_create(&r->indirect, &r->scene, &options);
    r->indirect_s += hl_wall_seconds() - start;
    return s;
}

static hl_status light_all_views(hl_relighting *r, int32_t light)
{
    const char *name = r->light_count ? r->light[light].name : "lamps";
    HL_TRY(hl_relight_solve_indirect(r));
    for (int32_t i = 0; i < r->views.lit; i++) {
        hl_shade_result result;
        HL_TRY(hl_relight_shade(r, &r->views.view[i], &result));
        const hl_status s = save_view(r, &r->views.view[i], &result, name);
        hl_shade_release(&result);
        hl_relight_view_empty(&r->views.view[i]);
        HL_TRY(s);
        const hl_progress progress = {.stage = "relight",
                                      .loss = (double)NAN,
                                      .splats = -1,
                                      .next_save = -1,
                                      .done = (int64_t)light * r->views.lit + i + 1,
                                      .total = (int64_t)(r->light_count ? r->light_count : 1) *
                                               r->views.lit};
        hl_log_progress(&progress);
    }
    return HL_OK;
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Meshes of true depths lie in sheets that differ by a share of a pixel: rays that start nearer
 * meet the next sheet (0.27 dB on one view of still against 2e-4). */
#define TRUTH_OFFSET 6e-4f

/* Length that rays start off the surface: a share of the scene's size, and half an edge of a mesh
 * that was fused (relighting design 3.3). */
static float offset_of(const hl_relight_views *views)
{
    float lo[3], hi[3], diagonal[3];
    hl_mesh_bounds(hl_relight_views_mesh(views), lo, hi);
    for (int k = 0; k < 3; k++)
        diagonal[k] = hi[k] - lo[k];
    const float size = hl_length3(diagonal);
    if (views->has_file)
        return hl_max(hl_max(5e-5f * size, 0.5f * views->edge), 1e-12f);
    return hl_max(TRUTH_OFFSET * size, 1e-12f);
}

hl_status hl_relight_prepare(hl_relighting *r)
{
    const hl_mesh *mesh = hl_relight_views_mesh(&r->views);
    HL_TRY(hl_bvh_create(&r->bvh, mesh));
    r->scene.mesh = mesh;
    r->scene.bvh = &r->bvh;
    r->scene.offset = offset_of(&r->views);
    return HL_OK;
}

hl_status hl_relight_run(hl_relighting *r)
{
    HL_TRY(hl_relight_prepare(r));
    HL_TRY(hl_file_make_folder(r->out));
    for (int32_t k = 0; k < (r->light_count ? r->light_count : 1); k++) {
        if (r->light_count)
            HL_TRY(hl_relight_load_light(r, k));
        HL_TRY(light_all_views(r, k));
        if (k == 0)
            HL_TRY(hl_relight_films(r, k));
    }
    return HL_OK;
}

void hl_relight_release(hl_relighting *r)
{
    hl_vertex_light_destroy(&r->indirect);
    hl_environment_release(&r->environment);
    hl_bvh_release(&r->bvh);
    hl_relight_views_release(&r->views);
}
