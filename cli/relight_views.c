/* SPDX-License-Identifier: MIT */
#include "cli/relight_views.h"

#include "cli/relight_cameras.h"
#include "core/color.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/mesh_io.h"
#include "relight/depth_mesh.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- ground truth ------------------------------------------------------------------------- */

static hl_status load_map(const hl_relight_view *v, const char *name, hl_image *image)
{
    char path[HL_RELIGHT_PATH_MAX];
    HL_TRY(hl_path_join(path, sizeof path, v->folder, name));
    HL_TRY(hl_image_load(image, path));
    if (image->width == v->view.width && image->height == v->view.height)
        return HL_OK;
    const hl_status s =
        hl_fail(HL_E_FORMAT, "%s: %d x %d pixels, but its camera has %d x %d", path,
                (int)image->width, (int)image->height, (int)v->view.width, (int)v->view.height);
    hl_image_release(image);
    return s;
}

/* Channel `from` of `in`, by pixel, into channel c of `out`; missing channels read the first. */
static void take_channel(hl_image *out, int32_t c, const hl_image *in, int32_t from, bool srgb)
{
    const int64_t n = (int64_t)in->width * in->height;
    const int32_t k = from < in->channels ? from : 0;
    for (int64_t i = 0; i < n; i++) {
        const float x = in->data[i * in->channels + k];
        out->data[i * out->channels + c] = srgb ? hl_linear_from_srgb(x) : x;
    }
}

static hl_status read_maps(hl_relight_view *v, hl_image *depth)
{
    hl_image map;
    HL_TRY(load_map(v, "albedo.png", &map));
    for (int32_t c = 0; c < 3; c++)
        take_channel(&v->surfaces.albedo, c, &map, c, true);
    hl_image_release(&map);
    HL_TRY(load_map(v, "normal.exr", &map));
    for (int32_t c = 0; c < 3; c++)
        take_channel(&v->surfaces.normal, c, &map, c, false);
    hl_image_release(&map);
    HL_TRY(load_map(v, "rough.exr", &map));
    take_channel(&v->surfaces.roughness, 0, &map, 0, false);
    if (map.channels >= 2)
        take_channel(&v->surfaces.metal, 0, &map, 1, false);
    hl_image_release(&map);
    HL_TRY(load_map(v, "rgba.png", &map));
    if (map.channels == 4)
        take_channel(&v->surfaces.alpha, 0, &map, 3, false);
    else
        for (int64_t i = 0; i < (int64_t)map.width * map.height; i++)
            v->surfaces.alpha.data[i] = 1;
    hl_image_release(&map);
    return load_map(v, "depth.exr", depth);
}

/* Depth of a pixel; on the rim of a surface, where the sample missed it, that of a neighbour. */
static float depth_near(const hl_image *depth, int32_t x, int32_t y)
{
    static const int32_t order[9][2] = {{0, 0},   {-1, 0}, {1, 0},  {0, -1}, {0, 1},
                                        {-1, -1}, {1, -1}, {-1, 1}, {1, 1}};
    for (int k = 0; k < 9; k++) {
        const int32_t u = x + order[k][0], v = y + order[k][1];
        if (u < 0 || v < 0 || u >= depth->width || v >= depth->height)
            continue;
        const float d = depth->data[(int64_t)v * depth->width + u];
        if (d > 0 && d < 1e6f)
            return d;
    }
    return 0;
}

/* Covered pixels stand where depth says; those without any are left out. */
static void place_pixels(hl_relight_view *v, const hl_image *depth)
{
    for (int32_t y = 0; y < v->view.height; y++)
        for (int32_t x = 0; x < v->view.width; x++) {
            const int64_t i = (int64_t)y * v->view.width + x;
            const float d = v->surfaces.alpha.data[i] > 0 ? depth_near(depth, x, y) : 0;
            if (d > 0 && hl_length3(v->surfaces.normal.data + 3 * i) > 0.01f)
                hl_depth_point(&v->view, x, y, d, v->surfaces.position.data + 3 * i);
            else
                v->surfaces.alpha.data[i] = 0;
        }
}

static hl_status load_truth(hl_relight_views *views)
{
    hl_depth_view *depth_views = hl_alloc((size_t)views->count, sizeof *depth_views);
    hl_image *depths = hl_alloc((size_t)views->count, sizeof *depths);
    hl_image *flat = hl_alloc((size_t)views->count, sizeof *flat);
    hl_status s = depth_views && depths && flat ? HL_OK : HL_E_MEMORY;
    for (int32_t i = 0; i < views->count && s == HL_OK; i++) {
        hl_relight_view *v = &views->view[i];
        s = hl_surfaces_create(&v->surfaces, v->view.width, v->view.height);
        v->input = hl_surfaces_input(&v->surfaces, &v->view);
        if (s == HL_OK)
            s = read_maps(v, &depths[i]);
        if (s == HL_OK)
            s = hl_image_create(&flat[i], depths[i].width, depths[i].height, 1);
        if (s != HL_OK)
            break;
        take_channel(&flat[i], 0, &depths[i], 0, false);
        place_pixels(v, &flat[i]);
        const hl_depth_view d = {v->view,
                                 flat[i].data,
                                 v->surfaces.normal.data,
                                 v->surfaces.albedo.data,
                                 v->surfaces.roughness.data,
                                 v->surfaces.metal.data};
        depth_views[i] = d;
    }
    if (s == HL_OK)
        s = hl_depth_mesh(&views->own_mesh, depth_views, views->count);
    for (int32_t i = 0; i < views->count && depths && flat; i++) {
        hl_image_release(&depths[i]);
        hl_image_release(&flat[i]);
    }
    hl_free(depths);
    hl_free(flat);
    hl_free(depth_views);
    return s;
}

/* ---- a scene file ------------------------------------------------------------------------- */

/* OUT/scene.helio, or the file itself. */
static hl_status scene_path(const char *scene, char *path, size_t capacity)
{
    if (!hl_file_is_folder(scene))
        return hl_path_join(path, capacity, "", scene);
    HL_TRY(hl_path_join(path, capacity, scene, "scene.helio"));
    if (!hl_file_exists(path))
        return hl_fail(HL_E_IO, "%s: not there: helio relight %s --fit makes it", path, scene);
    return HL_OK;
}

static hl_status open_file(hl_relight_views *views, const char *scene)
{
    char path[HL_RELIGHT_PATH_MAX];
    HL_TRY(scene_path(scene, path, sizeof path));
    HL_TRY(hl_scene_file_load(&views->file, path));
    views->has_file = true;
    const hl_scene_file *f = &views->file;
    if (!f->materials || !f->mesh.vertex_count)
        return hl_fail(HL_E_FORMAT, "%s: holds no %s: helio relight OUT --fit makes them", path,
                       f->materials ? "mesh" : "materials");
    views->edge = hl_mesh_mean_edge(&f->mesh);
    views->rules = hl_hybrid_rules_of(f->hybrid);
    return hl_raster_create(&views->raster, "auto", HL_ISA_AUTO);
}

static hl_status open_mesh(hl_relight_views *views, const char *path)
{
    HL_TRY(hl_mesh_load(&views->own_mesh, NULL, path));
    if (!views->own_mesh.normals)
        return hl_mesh_fill_normals(&views->own_mesh);
    return HL_OK;
}

/* ---- door --------------------------------------------------------------------------------- */

const hl_mesh *hl_relight_views_mesh(const hl_relight_views *views)
{
    return views->has_file ? &views->file.mesh : &views->own_mesh;
}

static hl_status load(hl_relight_views *views, const hl_relight_source *source)
{
    const char *scene = source->scene;
    memcpy(views->up, source->up, sizeof views->up);
    views->on_mesh = source->on_mesh;
    if (!source->truth) {
        const bool file = hl_file_is_folder(scene) || hl_helio_is_file(scene);
        HL_TRY(file ? open_file(views, scene) : open_mesh(views, scene));
        if (!source->up_given && hl_length3(views->file.up) > 0)
            memcpy(views->up, views->file.up, sizeof views->up);
    }
    HL_TRY(hl_relight_cameras(views, source));
    return source->truth ? load_truth(views) : HL_OK;
}

hl_status hl_relight_views_load(hl_relight_views *views, const hl_relight_source *source)
{
    memset(views, 0, sizeof *views);
    views->rules = hl_hybrid_rules_of(HL_HYBRID_WINDOW);
    const hl_status s = load(views, source);
    if (s != HL_OK)
        hl_relight_views_release(views);
    return s;
}

void hl_relight_views_release(hl_relight_views *views)
{
    for (int32_t i = 0; i < views->count; i++)
        hl_surfaces_release(&views->view[i].surfaces);
    hl_free(views->view);
    hl_free(views->pose);
    hl_mesh_release(&views->own_mesh);
    hl_raster_destroy(&views->raster);
    if (views->has_file)
        hl_scene_file_release(&views->file);
    memset(views, 0, sizeof *views);
}

hl_splat_surfaces hl_relight_splats(const hl_relight_views *views, const hl_light_scene *scene)
{
    const hl_splat_surfaces from = {.raster = views->raster,
                                    .splats = &views->file.splats,
                                    .materials = views->file.materials,
                                    .mesh = scene->mesh,
                                    .bvh = scene->bvh,
                                    .window = views->file.window * views->edge,
                                    .on_mesh = views->on_mesh,
                                    .loose = !views->rules->on_mesh};
    return from;
}

hl_status hl_relight_view_fill(const hl_relight_views *views, const hl_light_scene *scene,
                               hl_relight_view *view)
{
    if (view->surfaces.alpha.width)
        return HL_OK;
    if (views->has_file) {
        const hl_splat_surfaces from = hl_relight_splats(views, scene);
        HL_TRY(hl_surfaces_of_splats(&view->surfaces, &from, &view->view));
    } else {
        HL_TRY(hl_surfaces_of_mesh(&view->surfaces, scene, &view->view));
    }
    view->input = hl_surfaces_input(&view->surfaces, &view->view);
    return HL_OK;
}

void hl_relight_view_empty(hl_relight_view *view)
{
    if (!view->folder[0]) /* true maps cannot be made again */
        hl_surfaces_release(&view->surfaces);
}
