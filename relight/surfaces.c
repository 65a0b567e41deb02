/* SPDX-License-Identifier: MIT */
#include "relight/surfaces.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "raster/gbuffer.h"
#include "relight/depth_mesh.h"
#include "relight/fit/state.h"

#include <math.h>
#include <string.h>

enum { ROWS = 4 };

#define ALPHA_LEAST (1 / 255.0f) /* less covered pixels show nothing */

hl_status hl_surfaces_create(hl_surfaces *s, int32_t w, int32_t h)
{
    memset(s, 0, sizeof *s);
    hl_image *const three[] = {&s->position, &s->normal, &s->albedo};
    hl_image *const one[] = {&s->roughness, &s->metal, &s->alpha};
    hl_status status = HL_OK;
    for (int k = 0; k < 3 && status == HL_OK; k++) {
        status = hl_image_create(three[k], w, h, 3);
        if (status == HL_OK)
            status = hl_image_create(one[k], w, h, 1);
    }
    if (status != HL_OK)
        hl_surfaces_release(s);
    return status;
}

void hl_surfaces_release(hl_surfaces *s)
{
    hl_image *const images[] = {&s->position,  &s->normal, &s->albedo,
                                &s->roughness, &s->metal,  &s->alpha};
    for (size_t k = 0; k < sizeof images / sizeof images[0]; k++)
        hl_image_release(images[k]);
}

hl_shade_input hl_surfaces_input(const hl_surfaces *s, const hl_raster_view *view)
{
    hl_shade_input in = {.width = s->alpha.width,
                         .height = s->alpha.height,
                         .position = s->position.data,
                         .normal = s->normal.data,
                         .albedo = s->albedo.data,
                         .roughness = s->roughness.data,
                         .metal = s->metal.data,
                         .alpha = s->alpha.data};
    hl_depth_point(view, 0, 0, 0, in.eye);
    return in;
}

/* ---- a mesh ------------------------------------------------------------------------------- */

typedef struct tracing {
    hl_surfaces *out;
    const hl_light_scene *scene;
    const hl_raster_view *view;
} tracing;

static void trace_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const tracing *t = ctx;
    hl_surfaces *o = t->out;
    const hl_raster_view *view = t->view;
    for (int32_t y = block * ROWS; y < (block + 1) * ROWS && y < view->height; y++)
        for (int32_t x = 0; x < view->width; x++) {
            const int64_t i = (int64_t)y * view->width + x;
            float through[3], position[3];
            hl_ray ray = {.t_max = 1e30f};
            hl_depth_point(view, x, y, 0, ray.origin);
            hl_depth_point(view, x, y, 1, through);
            for (int k = 0; k < 3; k++)
                ray.direction[k] = through[k] - ray.origin[k];
            hl_hit hit;
            hl_surface s;
            if (!hl_bvh_closest(t->scene->bvh, &ray, &hit))
                continue;
            hl_scene_surface(t->scene, &ray, &hit, &s, position);
            memcpy(o->position.data + 3 * i, position, sizeof position);
            memcpy(o->normal.data + 3 * i, s.normal, sizeof s.normal);
            memcpy(o->albedo.data + 3 * i, s.albedo, sizeof s.albedo);
            o->roughness.data[i] = s.roughness;
            o->metal.data[i] = s.metal;
            o->alpha.data[i] = 1;
        }
}

hl_status hl_surfaces_of_mesh(hl_surfaces *surfaces, const hl_light_scene *scene,
                              const hl_raster_view *view)
{
    HL_TRY(hl_surfaces_create(surfaces, view->width, view->height));
    tracing t = {surfaces, scene, view};
    hl_parallel_for(hl_block_count(view->height, ROWS), trace_block, &t);
    return HL_OK;
}

/* ---- splats over a mesh ------------------------------------------------------------------- */

typedef struct placing {
    hl_surfaces *out;
    const hl_splat_surfaces *from;
    const hl_raster_view *view;
    const hl_hit *hit;
    const float *depth; /* of the splats, 0: none */
} placing;

/* A normal is turned to the eye where it looks away, as the back of a surface is seen. */
static void face_eye(const float eye[3], const float x[3], float n[3])
{
    float to[3];
    for (int k = 0; k < 3; k++)
        to[k] = eye[k] - x[k];
    for (int k = 0; k < 3 && hl_dot3(n, to) < 0; k++)
        n[k] = -n[k];
}

static void place_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const placing *p = ctx;
    float eye[3];
    hl_depth_point(p->view, 0, 0, 0, eye);
    for (int32_t x = 0; x < p->view->width; x++) {
        const int32_t i = y * p->view->width + x;
        float *alpha = p->out->alpha.data + i, *n = p->out->normal.data + 3 * (size_t)i;
        float *position = p->out->position.data + 3 * (size_t)i;
        const bool missed = p->hit[i].triangle == HL_HIT_NONE;
        const bool loose = missed || p->from->loose;
        /* beside the mesh, splats have a surface where depth and normal are known */
        const bool own = p->depth[i] > 0 && hl_length3(n) > 0.5f;
        if (*alpha < ALPHA_LEAST || (missed && p->from->on_mesh) || (loose && !own)) {
            *alpha = 0;
        } else if (!loose) {
            hl_estimate_point point;
            hl_fit_point_at(p->from->mesh, p->view, i, &p->hit[i], &point);
            memcpy(position, point.x, sizeof point.x);
            memcpy(n, point.surface.normal, sizeof point.surface.normal);
        } else {
            hl_depth_point(p->view, x, y, p->depth[i], position);
            float turned[3] = {n[0], n[1], n[2]};
            face_eye(eye, position, turned);
            memcpy(n, turned, sizeof turned);
        }
    }
}

/* Pixels where the window admits little of what covers them, beside an imperfect mesh, show all
 * splats instead: `all` is the picture without a window.  Coverage is that of all. */
static void fill_gaps(hl_surfaces *out, hl_image *depth, const hl_surfaces *all,
                      const hl_image *all_depth)
{
    const size_t n = (size_t)out->alpha.width * (size_t)out->alpha.height;
    for (size_t i = 0; i < n; i++) {
        const float least = HL_ADMITTED_LEAST * all->alpha.data[i];
        const bool gap = out->alpha.data[i] < least;
        out->alpha.data[i] = all->alpha.data[i];
        if (!gap)
            continue;
        memcpy(out->normal.data + 3 * i, all->normal.data + 3 * i, 3 * sizeof(float));
        memcpy(out->albedo.data + 3 * i, all->albedo.data + 3 * i, 3 * sizeof(float));
        out->roughness.data[i] = all->roughness.data[i];
        out->metal.data[i] = all->metal.data[i];
        depth->data[i] = all_depth->data[i];
    }
}

static hl_status read_maps(hl_surfaces *out, const hl_raster_frame *frame,
                           const hl_raster_view *view, hl_image *depth)
{
    memset(out, 0, sizeof *out);
    HL_TRY(hl_gbuffer_read(frame, view, HL_GBUFFER_ALPHA, &out->alpha));
    HL_TRY(hl_gbuffer_read(frame, view, HL_GBUFFER_NORMAL, &out->normal));
    HL_TRY(hl_gbuffer_read(frame, view, HL_GBUFFER_ALBEDO, &out->albedo));
    HL_TRY(hl_gbuffer_read(frame, view, HL_GBUFFER_ROUGHNESS, &out->roughness));
    HL_TRY(hl_gbuffer_read(frame, view, HL_GBUFFER_METAL, &out->metal));
    HL_TRY(hl_image_create(&out->position, view->width, view->height, 3));
    return hl_gbuffer_read(frame, view, HL_GBUFFER_DEPTH, depth);
}

/* All maps but the places; window NULL: all splats. */
static hl_status draw_splats(hl_surfaces *out, hl_image *depth, const hl_splat_surfaces *from,
                             const hl_raster_view *view, const float *window)
{
    const hl_gbuffer_options o = {.materials = from->materials, .depth_window = window};
    hl_raster_frame frame;
    HL_TRY(hl_gbuffer_forward(from->raster, from->splats, view, &o, &frame));
    return read_maps(out, &frame, view, depth);
}

static hl_status draw(hl_surfaces *out, const hl_splat_surfaces *from, const hl_raster_view *view,
                      hl_hit *hit, float *window)
{
    hl_surfaces all = {0};
    hl_image depth = {0}, all_depth = {0};
    const bool windowed = from->window > 0;
    hl_fit_trace(from->bvh, view, hit);
    if (windowed)
        hl_fit_window(from->mesh, view, hit, from->window, window);
    hl_status s = draw_splats(out, &depth, from, view, windowed ? window : NULL);
    if (s == HL_OK && windowed)
        s = draw_splats(&all, &all_depth, from, view, NULL);
    if (s == HL_OK) {
        if (windowed)
            fill_gaps(out, &depth, &all, &all_depth);
        placing p = {out, from, view, hit, depth.data};
        hl_parallel_for(view->height, place_row, &p);
    } else {
        hl_surfaces_release(out);
    }
    hl_surfaces_release(&all);
    hl_image_release(&depth);
    hl_image_release(&all_depth);
    return s;
}

hl_status hl_surfaces_of_splats(hl_surfaces *surfaces, const hl_splat_surfaces *from,
                                const hl_raster_view *view)
{
    const size_t pixels = (size_t)view->width * (size_t)view->height;
    hl_hit *hit = hl_alloc(pixels, sizeof *hit);
    float *window = hl_alloc(2 * pixels, sizeof *window);
    const hl_status s = hit && window ? draw(surfaces, from, view, hit, window) : HL_E_MEMORY;
    hl_free(hit);
    hl_free(window);
    return s;
}
