/* SPDX-License-Identifier: MIT */
#include "cli/relight_views.h"

#include "core/camera_path.h"
#include "core/color.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/mesh_io.h"
#include "core/parallel.h"
#include "datasets/dataset.h"
#include "relight/depth_mesh.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CIRCLE_VIEWS = 8, ROWS = 4 };

static void use_images(hl_relight_view *v)
{
    hl_shade_input *in = &v->input;
    in->width = v->view.width;
    in->height = v->view.height;
    in->position = v->position.data;
    in->normal = v->normal.data;
    in->albedo = v->albedo.data;
    in->roughness = v->rough.data;
    in->metal = v->metal.data;
    in->alpha = v->alpha.data;
    hl_depth_point(&v->view, 0, 0, 0, in->eye);
}

static hl_status create_images(hl_relight_view *v)
{
    const int32_t w = v->view.width, h = v->view.height;
    HL_TRY(hl_image_create(&v->position, w, h, 3));
    HL_TRY(hl_image_create(&v->normal, w, h, 3));
    HL_TRY(hl_image_create(&v->albedo, w, h, 3));
    HL_TRY(hl_image_create(&v->rough, w, h, 1));
    HL_TRY(hl_image_create(&v->metal, w, h, 1));
    HL_TRY(hl_image_create(&v->alpha, w, h, 1));
    use_images(v);
    return HL_OK;
}

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
        take_channel(&v->albedo, c, &map, c, true);
    hl_image_release(&map);
    HL_TRY(load_map(v, "normal.exr", &map));
    for (int32_t c = 0; c < 3; c++)
        take_channel(&v->normal, c, &map, c, false);
    hl_image_release(&map);
    HL_TRY(load_map(v, "rough.exr", &map));
    take_channel(&v->rough, 0, &map, 0, false);
    if (map.channels >= 2)
        take_channel(&v->metal, 0, &map, 1, false);
    hl_image_release(&map);
    HL_TRY(load_map(v, "rgba.png", &map));
    if (map.channels == 4)
        take_channel(&v->alpha, 0, &map, 3, false);
    else
        for (int64_t i = 0; i < (int64_t)map.width * map.height; i++)
            v->alpha.data[i] = 1;
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
            const float d = v->alpha.data[i] > 0 ? depth_near(depth, x, y) : 0;
            if (d > 0 && hl_length3(v->normal.data + 3 * i) > 0.01f)
                hl_depth_point(&v->view, x, y, d, v->position.data + 3 * i);
            else
                v->alpha.data[i] = 0;
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
        s = create_images(v);
        if (s == HL_OK)
            s = read_maps(v, &depths[i]);
        if (s == HL_OK)
            s = hl_image_create(&flat[i], depths[i].width, depths[i].height, 1);
        if (s != HL_OK)
            break;
        take_channel(&flat[i], 0, &depths[i], 0, false);
        place_pixels(v, &flat[i]);
        const hl_depth_view d = {v->view,        flat[i].data,  v->normal.data,
                                 v->albedo.data, v->rough.data, v->metal.data};
        depth_views[i] = d;
    }
    if (s == HL_OK)
        s = hl_depth_mesh(&views->mesh, depth_views, views->count);
    for (int32_t i = 0; i < views->count && depths && flat; i++) {
        hl_image_release(&depths[i]);
        hl_image_release(&flat[i]);
    }
    hl_free(depths);
    hl_free(flat);
    hl_free(depth_views);
    return s;
}

/* ---- cameras ------------------------------------------------------------------------------ */

/* The folder that holds a file, and the name of that folder. */
static void split_folder(hl_relight_view *v, const char *file, int32_t index, bool truth)
{
    snprintf(v->folder, sizeof v->folder, "%s", file);
    char *slash = strrchr(v->folder, '/');
    if (slash)
        *slash = '\0';
    if (truth && slash)
        snprintf(v->name, sizeof v->name, "%.127s", hl_path_name(v->folder));
    else
        snprintf(v->name, sizeof v->name, "%05d", (int)index);
}

static hl_status cameras_of_capture(hl_relight_views *out, const hl_relight_source *o)
{
    hl_views views = {0};
    const char *path = o->truth ? o->scene : o->data;
    HL_TRY(hl_dataset_load(&views, path, NULL));
    hl_status s = hl_dataset_need_poses(&views);
    int32_t count = hl_views_in_split(&views, HL_SPLIT_TEST, NULL);
    if (s == HL_OK && count == 0)
        s = hl_fail(HL_E_FORMAT, "%s: no test views", path);
    out->lit = o->max_views && count > o->max_views ? o->max_views : count;
    if (!o->truth) /* every view with true depth adds to the mesh */
        count = out->lit;
    if (s == HL_OK) {
        out->view = hl_alloc((size_t)count, sizeof *out->view);
        s = out->view ? HL_OK : HL_E_MEMORY;
    }
    for (int32_t i = 0; i < views.view_count && s == HL_OK && out->count < count; i++) {
        const hl_view *view = &views.views[i];
        if (view->split != HL_SPLIT_TEST)
            continue;
        hl_relight_view *v = &out->view[out->count];
        split_folder(v, view->image_path, out->count, o->truth);
        if (!o->truth)
            v->folder[0] = '\0';
        s = hl_raster_view_from_camera(&v->view, &views.cameras[view->camera],
                                       &view->camera_from_world);
        out->count++;
    }
    hl_views_release(&views);
    return s;
}

/* Looks at the middle of the mesh from 25 degrees above, z up, from far enough to see it all. */
static hl_status cameras_on_circle(hl_relight_views *out, const hl_relight_source *o)
{
    const double pi = 3.14159265358979, fov = 40 * pi / 180, rise = 25 * pi / 180;
    const int32_t count = o->max_views ? o->max_views : CIRCLE_VIEWS;
    float lo[3], hi[3];
    double target[3], reach = 0;
    const double up[3] = {0, 0, 1};
    hl_mesh_bounds(&out->mesh, lo, hi);
    for (int k = 0; k < 3; k++) {
        target[k] = 0.5 * ((double)lo[k] + (double)hi[k]);
        reach += 0.25 * pow((double)hi[k] - (double)lo[k], 2);
    }
    const double distance = sqrt(reach) / sin(fov / 2);
    const int32_t least = o->width < o->height ? o->width : o->height;
    hl_camera camera = {.model = HL_CAMERA_SIMPLE_PINHOLE, .width = o->width, .height = o->height};
    camera.params[0] = 0.5 * least / tan(fov / 2);
    camera.params[1] = 0.5 * o->width;
    camera.params[2] = 0.5 * o->height;
    out->lit = count;
    out->view = hl_alloc((size_t)count, sizeof *out->view);
    if (!out->view)
        return HL_E_MEMORY;
    for (; out->count < count; out->count++) {
        const double turn = 2 * pi * out->count / count;
        const double eye[3] = {target[0] + distance * cos(rise) * cos(turn),
                               target[1] + distance * cos(rise) * sin(turn),
                               target[2] + distance * sin(rise)};
        hl_pose pose;
        hl_relight_view *v = &out->view[out->count];
        hl_pose_look_at(eye, target, up, &pose);
        HL_TRY(hl_raster_view_from_camera(&v->view, &camera, &pose));
        snprintf(v->name, sizeof v->name, "%05d", (int)out->count);
    }
    return HL_OK;
}

/* ---- a mesh seen by a camera -------------------------------------------------------------- */

typedef struct tracing {
    hl_relight_view *v;
    const hl_light_scene *scene;
} tracing;

static void trace_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const tracing *t = ctx;
    hl_relight_view *v = t->v;
    for (int32_t y = block * ROWS; y < (block + 1) * ROWS && y < v->view.height; y++)
        for (int32_t x = 0; x < v->view.width; x++) {
            const int64_t i = (int64_t)y * v->view.width + x;
            float through[3], position[3];
            hl_depth_point(&v->view, x, y, 1, through);
            hl_ray ray = {.t_max = 1e30f};
            for (int k = 0; k < 3; k++) {
                ray.origin[k] = v->input.eye[k];
                ray.direction[k] = through[k] - v->input.eye[k];
            }
            hl_hit hit;
            hl_surface s;
            if (!hl_bvh_closest(t->scene->bvh, &ray, &hit))
                continue;
            hl_scene_surface(t->scene, &ray, &hit, &s, position);
            memcpy(v->position.data + 3 * i, position, sizeof position);
            memcpy(v->normal.data + 3 * i, s.normal, sizeof s.normal);
            memcpy(v->albedo.data + 3 * i, s.albedo, sizeof s.albedo);
            v->rough.data[i] = s.roughness;
            v->metal.data[i] = s.metal;
            v->alpha.data[i] = 1;
        }
}

hl_status hl_relight_view_trace(hl_relight_view *view, const hl_light_scene *scene)
{
    tracing t = {view, scene};
    HL_TRY(create_images(view));
    hl_parallel_for(hl_block_count(view->view.height, ROWS), trace_block, &t);
    return HL_OK;
}

/* ---- door --------------------------------------------------------------------------------- */

hl_status hl_relight_views_load(hl_relight_views *views, const hl_relight_source *source)
{
    hl_relight_views made = {0};
    hl_status s = HL_OK;
    if (!source->truth) {
        s = hl_mesh_load(&made.mesh, NULL, source->scene);
        if (s == HL_OK && !made.mesh.normals)
            s = hl_mesh_fill_normals(&made.mesh);
    }
    if (s == HL_OK)
        s = source->truth || source->data ? cameras_of_capture(&made, source)
                                          : cameras_on_circle(&made, source);
    if (s == HL_OK && source->truth)
        s = load_truth(&made);
    if (s != HL_OK) {
        hl_relight_views_release(&made);
        return s;
    }
    *views = made;
    return HL_OK;
}

void hl_relight_views_release(hl_relight_views *views)
{
    for (int32_t i = 0; i < views->count; i++) {
        hl_relight_view *v = &views->view[i];
        hl_image *const images[] = {&v->position, &v->normal, &v->albedo,
                                    &v->rough,    &v->metal,  &v->alpha};
        for (size_t k = 0; k < sizeof images / sizeof images[0]; k++)
            hl_image_release(images[k]);
    }
    hl_free(views->view);
    hl_mesh_release(&views->mesh);
    memset(views, 0, sizeof *views);
}
