/* SPDX-License-Identifier: MIT */
/* Pictures of a fitted scene: its maps, and any light on it. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/se3.h"
#include "relight/fit/state.h"
#include "relight/forward.h"
#include "relight/surfaces.h"

#include <math.h>
#include <string.h>

#define DENOISE_REACH 20 /* offsets off a pixel's plane at which neighbours stop to count */
#define HIDDEN_EDGES  3  /* depth under the mesh from which a splat counts as hidden */

struct hl_fit_relight {
    hl_fit *fit;
    const hl_environment *env;
    hl_fit_bounces bounces;
    float *features; /* (splats, HL_FIT_CHANNELS) scaled */
    int32_t samples, denoise;
};

void hl_fit_maps_release(hl_fit_maps *maps)
{
    hl_image_release(&maps->albedo);
    hl_image_release(&maps->normal);
    hl_image_release(&maps->rough);
    hl_image_release(&maps->shaded);
    hl_image_release(&maps->admitted);
}

void hl_fit_relight_denoise(hl_fit_relight *relight, int32_t levels)
{
    relight->denoise = levels;
}

void hl_fit_relight_destroy(hl_fit_relight **out)
{
    hl_fit_relight *r = *out;
    if (!r)
        return;
    hl_fit_bounces_release(&r->bounces);
    hl_free(r->features);
    hl_free(r);
    *out = NULL;
}

static hl_status scale_materials(hl_fit_relight *r, const float scale[3])
{
    const size_t floats = (size_t)r->fit->scene.splats->count * HL_FIT_CHANNELS;
    r->features = hl_alloc(floats, sizeof *r->features);
    if (!r->features)
        return HL_E_MEMORY;
    HL_TRY(hl_fit_gather_features(r->fit));
    for (size_t i = 0; i < floats; i++) {
        const size_t c = i % HL_FIT_CHANNELS;
        r->features[i] = r->fit->features[i];
        if (c < HL_FIT_ROUGHNESS)
            r->features[i] = hl_clamp(r->features[i] * scale[c], 0, 1);
    }
    return HL_OK;
}

hl_status hl_fit_relight_create(hl_fit_relight **out, hl_fit *fit, const hl_environment *env,
                                const float scale[3], int32_t samples)
{
    hl_fit_relight *r = hl_alloc(1, sizeof *r);
    if (!r)
        return HL_E_MEMORY;
    r->fit = fit;
    r->env = env;
    r->samples = samples;
    hl_status s = scale_materials(r, scale);
    if (s == HL_OK && samples > 0 && fit->c.indirect)
        s = hl_fit_bounces_solve(fit, &r->bounces, env, r->features, fit->vertex_splat);
    if (s != HL_OK) {
        hl_fit_relight_destroy(&r);
        return s;
    }
    *out = r;
    return HL_OK;
}

typedef struct view_job {
    const hl_fit_relight *r;
    const hl_raster_view *view;
    const hl_raster_frame *frame;
    const hl_hit *hit;
    hl_fit_maps *maps;
    float *position; /* (n, 3) */
    bool windowed;   /* the frame holds the splats of the window: better materials */
} view_job;

/* Coverage of pixel i; its materials, where there are any. */
static float read_materials(const view_job *j, int32_t i, float value[HL_FIT_CHANNELS])
{
    const hl_raster_frame *f = j->frame;
    const size_t at =
        (size_t)(i / j->view->width) * (size_t)f->stride + (size_t)(i % j->view->width);
    const float alpha = 1 - f->transmittance[at];
    for (int k = 0; k < HL_FIT_CHANNELS && alpha > 0; k++)
        value[k] = hl_clamp(f->plane[f->feature_plane + k][at] / alpha, 0, 1);
    return alpha;
}

/* Where the window holds enough of what covers the pixel, its splats say what that is made of. */
static void windowed_pixel(const view_job *j, int32_t i)
{
    float value[HL_FIT_CHANNELS];
    const float alpha = read_materials(j, i, value);
    j->maps->admitted.data[i] = alpha;
    if (j->hit[i].triangle == HL_HIT_NONE || alpha < 1 / 255.0f ||
        alpha < HL_ADMITTED_LEAST * j->maps->shaded.data[4 * i + 3])
        return;
    memcpy(j->maps->albedo.data + 3 * i, value, 3 * sizeof *value);
    memcpy(j->maps->rough.data + 3 * i, value + HL_FIT_ROUGHNESS, 2 * sizeof *value);
}

static void pixel(const view_job *j, int32_t i)
{
    const hl_raster_frame *f = j->frame;
    const size_t at =
        (size_t)(i / j->view->width) * (size_t)f->stride + (size_t)(i % j->view->width);
    hl_estimate_point p;
    float value[HL_FIT_CHANNELS] = {0};
    const float alpha = read_materials(j, i, value);
    if (alpha < 1 / 255.0f)
        return;
    if (j->hit[i].triangle != HL_HIT_NONE && j->r->fit->rules->on_mesh)
        hl_fit_point_at(j->r->fit->scene.mesh, j->view, i, &j->hit[i], &p);
    else
        hl_fit_point_blended(f, j->view, i, at, alpha, &p);
    memcpy(p.surface.albedo, value, 3 * sizeof *value);
    p.surface.roughness = value[HL_FIT_ROUGHNESS];
    p.surface.metal = value[HL_FIT_METAL];
    memcpy(j->maps->albedo.data + 3 * i, value, 3 * sizeof *value);
    memcpy(j->maps->rough.data + 3 * i, value + HL_FIT_ROUGHNESS, 2 * sizeof *value);
    memcpy(j->maps->normal.data + 3 * i, p.surface.normal, sizeof p.surface.normal);
    memcpy(j->position + 3 * i, p.x, sizeof p.x);
    j->maps->shaded.data[4 * i + 3] = j->maps->admitted.data[i] = alpha;
}

static void row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const view_job *j = ctx;
    void (*const fill)(const view_job *, int32_t) = j->windowed ? windowed_pixel : pixel;
    for (int32_t x = 0; x < j->view->width; x++)
        fill(j, y * j->view->width + x);
}

static hl_status make_maps(hl_fit_maps *m, int32_t w, int32_t h)
{
    memset(m, 0, sizeof *m);
    HL_TRY(hl_image_create(&m->albedo, w, h, 3));
    HL_TRY(hl_image_create(&m->normal, w, h, 3));
    HL_TRY(hl_image_create(&m->rough, w, h, 3));
    HL_TRY(hl_image_create(&m->admitted, w, h, 1));
    return hl_image_create(&m->shaded, w, h, 4);
}

/* Room of one picture. */
typedef struct view_room {
    hl_hit *hit;
    float *window;   /* (2, n) */
    float *position; /* (n, 3) */
    float *rough, *metal, *alpha;
} view_room;

/* Coverage is that of all splats: those that the window shuts out still hide what is behind. */
static hl_status draw_materials(hl_fit_relight *r, const hl_raster_view *view,
                                const view_room *room, hl_fit_maps *maps)
{
    hl_raster_frame frame;
    hl_raster_options o = {.sh_degree = 0,
                           .antialiased = r->fit->scene.splats->antialiased,
                           .outputs = HL_RASTER_DEPTH | HL_RASTER_NORMAL,
                           .feature_count = HL_FIT_CHANNELS,
                           .features = r->features};
    hl_fit_trace(&r->fit->bvh, view, room->hit);
    HL_TRY(hl_raster_forward(r->fit->raster, &r->fit->splats, view, &o, &frame));
    view_job j = {r, view, &frame, room->hit, maps, room->position, false};
    hl_parallel_for(view->height, row, &j);
    if (!(r->fit->reach > 0))
        return HL_OK;
    hl_fit_window(r->fit->scene.mesh, view, room->hit, r->fit->reach, room->window);
    o.depth_window = room->window;
    o.outputs = 0;
    HL_TRY(hl_raster_forward(r->fit->raster, &r->fit->splats, view, &o, &frame));
    j.windowed = true;
    hl_parallel_for(view->height, row, &j);
    return HL_OK;
}

static hl_status light(hl_fit_relight *r, const hl_raster_view *view, const view_room *room,
                       hl_fit_maps *maps)
{
    const hl_fit *fit = r->fit;
    const size_t n = (size_t)view->width * (size_t)view->height;
    const hl_light_scene scene = {.mesh = r->bounces.light ? &r->bounces.mesh : fit->scene.mesh,
                                  .bvh = &fit->bvh,
                                  .environment = r->env,
                                  .offset = fit->offset * fit->rules->lift};
    hl_shade_input in = {.width = view->width,
                         .height = view->height,
                         .position = room->position,
                         .normal = maps->normal.data,
                         .albedo = maps->albedo.data,
                         .roughness = room->rough,
                         .metal = room->metal,
                         .alpha = room->alpha};
    hl_irradiance indirect = {0};
    hl_shade_options o = {.samples = r->samples / 4 * 4, .seed = (uint64_t)fit->c.seed};
    hl_shade_result lit;
    float away[3];
    for (size_t i = 0; i < n; i++) {
        room->rough[i] = maps->rough.data[3 * i];
        room->metal[i] = maps->rough.data[3 * i + 1];
        room->alpha[i] = maps->shaded.data[4 * i + 3];
    }
    hl_fit_pixel_ray(view, 0, in.eye, away);
    if (r->bounces.light) {
        indirect = hl_vertex_light_irradiance(r->bounces.light);
        o.indirect = &indirect;
    }
    if (fit->rules->per_splat) {
        const hl_splat_surfaces from = {
            .raster = fit->raster, .splats = &fit->splats, .materials = r->features};
        HL_TRY(hl_forward_shade(&lit, &scene, &from, view, &in, &o));
    } else {
        HL_TRY(hl_shade(&lit, &scene, &in, &o));
    }
    hl_image_release(&maps->shaded);
    hl_status s = HL_OK;
    if (r->denoise > 0 && !fit->rules->per_splat)
        s = hl_shade_denoise(&lit, &in, r->denoise, DENOISE_REACH * fit->offset);
    if (s == HL_OK)
        s = hl_shade_compose(&maps->shaded, &lit, &in, HL_SHADE_DIRECT | HL_SHADE_INDIRECT);
    hl_shade_release(&lit);
    return s;
}

hl_status hl_fit_relight_view(hl_fit_relight *r, const hl_raster_view *view, hl_fit_maps *maps)
{
    const size_t n = (size_t)view->width * (size_t)view->height;
    float *floats = hl_alloc(n, 8 * sizeof *floats);
    view_room room = {.hit = hl_alloc(n, sizeof *room.hit)};
    hl_status s = HL_E_MEMORY;
    if (floats && room.hit) {
        room.window = floats;
        room.position = floats + 2 * n;
        room.rough = floats + 5 * n;
        room.metal = floats + 6 * n;
        room.alpha = floats + 7 * n;
        s = make_maps(maps, view->width, view->height);
        if (s == HL_OK)
            s = draw_materials(r, view, &room, maps);
        if (s == HL_OK && r->samples > 0)
            s = light(r, view, &room, maps);
        if (s != HL_OK)
            hl_fit_maps_release(maps);
    }
    hl_free(room.hit);
    hl_free(floats);
    return s;
}

/* ---- hidden splats -------------------------------------------------------------------------- */

/* hidden[i] 1: in every view that has the splat's centre in its picture, the centre lies more than
 * HIDDEN_EDGES behind the mesh. */
static void mark_hidden(const hl_fit *fit, float *hidden)
{
    const hl_splats *s = fit->scene.splats;
    for (int32_t i = 0; i < s->count; i++) {
        int32_t seen = 0, behind = 0;
        for (int32_t k = 0; k < fit->scene.view_count; k++) {
            const hl_raster_view *v = &fit->scene.views[k];
            float x[3], m[3] = {0, 0, 0};
            hl_se3_apply(v->r, v->t, s->mean + 3 * (size_t)i, x);
            const float px = x[2] > 0 ? v->fx * x[0] / x[2] + v->cx : -1;
            const float py = x[2] > 0 ? v->fy * x[1] / x[2] + v->cy : -1;
            if (!(px >= 0 && py >= 0 && px < (float)v->width && py < (float)v->height))
                continue;
            const hl_hit *hit = &fit->view[k].hit[(int32_t)py * v->width + (int32_t)px];
            if (hit->triangle == HL_HIT_NONE) {
                seen++;
                continue;
            }
            const uint32_t *t = fit->scene.mesh->triangles + 3 * (size_t)hit->triangle;
            const float w[3] = {1 - hit->u - hit->v, hit->u, hit->v};
            for (int c = 0; c < 3; c++)
                for (int q = 0; q < 3; q++)
                    m[c] += w[q] * fit->scene.mesh->positions[3 * (size_t)t[q] + (size_t)c];
            seen++;
            behind += x[2] > hl_dot3(v->r + 6, m) + v->t[2] + HIDDEN_EDGES * fit->edge;
        }
        hidden[i] = seen > 0 && behind == seen ? 1 : 0;
    }
}

/* Weight of hidden splats and of all, in view k. */
static hl_status weigh_view(hl_fit *fit, int32_t k, const float *hidden, bool windowed,
                            double *under, double *all)
{
    hl_raster_frame f;
    const hl_raster_view *v = &fit->scene.views[k];
    hl_raster_options o = {
        .antialiased = fit->scene.splats->antialiased, .feature_count = 1, .features = hidden};
    if (windowed && fit->reach > 0) {
        hl_fit_window(fit->scene.mesh, v, fit->view[k].hit, fit->reach, fit->window);
        o.depth_window = fit->window;
    }
    HL_TRY(hl_raster_forward(fit->raster, &fit->splats, v, &o, &f));
    *under = *all = 0;
    for (int32_t i = 0; i < v->width * v->height; i++) {
        const size_t at = (size_t)(i / v->width) * (size_t)f.stride + (size_t)(i % v->width);
        *under += (double)f.plane[f.feature_plane][at];
        *all += 1 - (double)f.transmittance[at];
    }
    return HL_OK;
}

hl_status hl_fit_hidden_ratio(hl_fit *fit, bool windowed, double *ratio)
{
    double sum = 0;
    int32_t views = 0;
    float *hidden = hl_alloc((size_t)fit->scene.splats->count, sizeof *hidden);
    if (!hidden)
        return HL_E_MEMORY;
    mark_hidden(fit, hidden);
    hl_status s = HL_OK;
    for (int32_t k = 0; k < fit->scene.view_count && s == HL_OK; k++) {
        double under, all;
        s = weigh_view(fit, k, hidden, windowed, &under, &all);
        sum += s == HL_OK && all > 0 ? under / all : 0;
        views += s == HL_OK && all > 0;
    }
    hl_free(hidden);
    if (s == HL_OK)
        *ratio = views ? sum / views : 0;
    return s;
}
