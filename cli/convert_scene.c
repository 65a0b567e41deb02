/* SPDX-License-Identifier: MIT */
#include "cli/convert_scene.h"

#include "cli/relight_run.h"
#include "core/memory.h"
#include "core/mesh_atlas.h"
#include "relight/bake.h"

#include <stdio.h>
#include <string.h>

enum { VIEWS_MOST = 24, SAMPLES = 32, DENOISE = 4, BOUNCES = 4, VERTEX_SAMPLES = 32, ROUNDS = 8 };

#define SAME_PLACE_EDGES 3.0f /* of the mesh: how far a pixel may lie off a texel */

/* Views evenly picked from all that the file has, without their pictures. */
static hl_status pick_views(hl_relighting *r, const char *path, hl_raster_view view[VIEWS_MOST],
                            int32_t *count)
{
    const hl_relight_source source = {.scene = path, .width = 400, .height = 400, .up = {0, 0, 1}};
    HL_TRY(hl_relight_views_load(&r->views, &source));
    HL_TRY(hl_relight_prepare(r));
    const hl_views *all = &r->views.file.views;
    const int32_t n = all->view_count;
    *count = n < VIEWS_MOST ? n : VIEWS_MOST;
    for (int32_t k = 0; k < *count; k++) {
        const int32_t i = (int32_t)((int64_t)k * n / *count);
        HL_TRY(hl_raster_view_from_camera(&view[k], &all->cameras[i],
                                          &all->views[i].camera_from_world));
    }
    for (; n == 0 && *count < r->views.count; (*count)++) /* the circle */
        view[*count] = r->views.view[*count].view;
    return HL_OK;
}

static hl_status draw_picture(hl_relighting *r, hl_bake_picture *p)
{
    hl_relight_view v = {.view = p->view};
    hl_shade_result result;
    hl_status s = hl_relight_shade(r, &v, &result);
    if (s == HL_OK) {
        s = hl_shade_compose(&p->image, &result, &v.input, HL_SHADE_DIRECT | HL_SHADE_INDIRECT);
        hl_shade_release(&result);
    }
    hl_surfaces_release(&v.surfaces);
    return s;
}

static hl_status bake_light(hl_relighting *r, const hl_convert_scene *o)
{
    hl_raster_view view[VIEWS_MOST];
    hl_bake_picture picture[VIEWS_MOST] = {0};
    int32_t count = 0;
    HL_TRY(pick_views(r, o->input, view, &count));
    HL_TRY(hl_relight_add_light(r, o->light));
    HL_TRY(hl_relight_load_light(r, 0));
    hl_status s = hl_relight_solve_indirect(r);
    for (int32_t k = 0; k < count && s == HL_OK; k++) {
        picture[k].view = view[k];
        s = draw_picture(r, &picture[k]);
    }
    if (s == HL_OK)
        s = hl_bake_light(r->views.raster, &r->views.file.splats, picture, count, ROUNDS);
    for (int32_t k = 0; k < count; k++)
        hl_image_release(&picture[k].image);
    return s;
}

static hl_relighting *create(const hl_convert_scene *o)
{
    hl_relighting *r = hl_alloc(1, sizeof *r);
    if (r) {
        r->samples = SAMPLES;
        r->denoise = DENOISE;
        r->bounces = BOUNCES;
        r->vertex_samples = VERTEX_SAMPLES;
        r->indirect_wanted = true;
        r->seed = o->seed;
    }
    return r;
}

hl_status hl_convert_baked(const hl_convert_scene *o, const hl_splat_save_options *save,
                           int32_t *splat_count)
{
    hl_relighting *r = create(o);
    if (!r)
        return HL_E_MEMORY;
    hl_status s = bake_light(r, o);
    if (s == HL_OK)
        s = hl_splats_save(&r->views.file.splats, o->output, save);
    *splat_count = r->views.file.splats.count;
    hl_relight_release(r);
    hl_free(r);
    return s;
}

static hl_status see_surfaces(hl_relighting *r, const hl_raster_view *view, int32_t count,
                              hl_bake_surface *surface)
{
    for (int32_t k = 0; k < count; k++) {
        hl_relight_view v = {.view = view[k]};
        HL_TRY(hl_relight_view_fill(&r->views, &r->scene, &v));
        surface[k].view = view[k];
        surface[k].surfaces = v.surfaces;
    }
    return HL_OK;
}

static hl_status texture(hl_relighting *r, const hl_convert_scene *o, hl_mesh *flat,
                         hl_mesh_textures *textures)
{
    hl_raster_view view[VIEWS_MOST];
    hl_bake_surface surface[VIEWS_MOST] = {0};
    int32_t count = 0;
    HL_TRY(pick_views(r, o->input, view, &count));
    if (!o->texture_size)
        return HL_OK;
    hl_status s = see_surfaces(r, view, count, surface);
    if (s == HL_OK)
        s = hl_mesh_unwrap(r->scene.mesh, o->texture_size, flat, NULL);
    if (s == HL_OK)
        s = hl_bake_materials(flat, surface, count, SAME_PLACE_EDGES * r->views.edge,
                              o->texture_size, textures);
    for (int32_t k = 0; k < count; k++)
        hl_surfaces_release(&surface[k].surfaces);
    return s;
}

hl_status hl_convert_mesh(const hl_convert_scene *o, int32_t *triangle_count)
{
    hl_mesh flat = {0};
    hl_mesh_textures textures = {0};
    hl_relighting *r = create(o);
    if (!r)
        return HL_E_MEMORY;
    hl_status s = texture(r, o, &flat, &textures);
    if (s == HL_OK) {
        const bool upright = hl_length3(r->views.file.up) > 0;
        s = hl_mesh_save(o->texture_size ? &flat : r->scene.mesh,
                         o->texture_size ? &textures : NULL, upright ? r->views.file.up : NULL,
                         o->output);
        *triangle_count = r->scene.mesh->triangle_count;
    }
    hl_mesh_release(&flat);
    hl_mesh_textures_release(&textures);
    hl_relight_release(r);
    hl_free(r);
    return s;
}
