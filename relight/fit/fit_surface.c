/* SPDX-License-Identifier: MIT */
/* The first stage: materials at the vertices of the mesh.  A step takes pixels of all photos at
 * once and draws no splats, so that it costs its rays alone; the splats start from what it finds.
 */
#include "core/color.h"
#include "core/memory.h"
#include "core/mesh_edges.h"
#include "core/parallel.h"
#include "relight/fit/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SOFT         0.05f /* differences below that are pulled at less                         */
#define DETAIL_FLOOR 0.01f /* of a splat's colour, linear                                       */
#define DETAIL_MOST  3.0f  /* times brighter or darker than the vertices say, at most           */
#define DETAIL_LEAST 0.005f

enum {
    EDGE_SHARES = 4, /* a step smooths over one in so many edges */
    DETAIL_SUMS = 6  /* colours, albedos                         */
};

int32_t hl_fit_surface_steps(const hl_fit *fit)
{
    const int32_t n =
        fit->rules->on_mesh ? (int32_t)(fit->c.surface * (float)fit->c.iterations) : 0;
    return n < fit->c.iterations ? n : fit->c.iterations - 1;
}

/* ---- set-up --------------------------------------------------------------------------------- */

/* Colour as the photos show it, of the splat nearest to each vertex: where it changes, materials
 * may. */
static float difference(const hl_fit *fit, int32_t a, int32_t b)
{
    const hl_splats *s = fit->scene.splats;
    const float *x = s->sh + (size_t)fit->vertex_splat[a] * 3 * HL_SH_COEFFS_MAX;
    const float *y = s->sh + (size_t)fit->vertex_splat[b] * 3 * HL_SH_COEFFS_MAX;
    float sum = 0;
    for (int c = 0; c < 3; c++)
        sum += HL_SH_C0 * fabsf(x[c * HL_SH_COEFFS_MAX] - y[c * HL_SH_COEFFS_MAX]);
    return sum / 3;
}

static hl_status make_edges(hl_fit *fit)
{
    hl_mesh_edge *edges = NULL;
    const int32_t room = 3 * fit->scene.mesh->triangle_count;
    HL_TRY(hl_mesh_edges_sorted(fit->scene.mesh, &edges));
    fit->pair = hl_alloc((size_t)room, sizeof *fit->pair);
    for (int32_t i = 0; i < room && fit->pair; i++) {
        const int32_t lo = (int32_t)edges[i].lo, hi = (int32_t)edges[i].hi;
        if (i > 0 && edges[i - 1].lo == edges[i].lo && edges[i - 1].hi == edges[i].hi)
            continue;
        const float weight = expf(-HL_FIT_EDGE_GAIN * difference(fit, lo, hi));
        fit->pair[fit->pair_count++] = (hl_fit_pair){lo, hi, weight};
    }
    hl_free(edges);
    return fit->pair ? HL_OK : HL_E_MEMORY;
}

/* Hue at one luminance, as for the splats (fit_run.c), whose values are the start. */
static void start(hl_fit *fit)
{
    hl_fit_set *v = &fit->of_vertices;
    for (int32_t i = 0; i < v->roughness.count; i++) {
        const int32_t s = fit->vertex_splat[i];
        memcpy(v->albedo.p + 3 * (size_t)i, fit->of_splats.albedo.p + 3 * (size_t)s,
               3 * sizeof(float));
        v->roughness.p[i] = fit->of_splats.roughness.p[s];
        v->metal.p[i] = fit->of_splats.metal.p[s];
    }
}

hl_status hl_fit_surface_create(hl_fit *fit)
{
    if (hl_fit_surface_steps(fit) < 1)
        return HL_OK;
    const int32_t n = fit->scene.mesh->vertex_count;
    HL_TRY(hl_fit_set_create(&fit->of_vertices, n));
    fit->vertex_features = hl_alloc((size_t)n, HL_FIT_CHANNELS * sizeof *fit->vertex_features);
    fit->pixel_vertex = hl_alloc((size_t)fit->c.pixels, sizeof *fit->pixel_vertex);
    if (!fit->vertex_features || !fit->pixel_vertex)
        return HL_E_MEMORY;
    HL_TRY(make_edges(fit));
    start(fit);
    return HL_OK;
}

void hl_fit_surface_release(hl_fit *fit)
{
    hl_fit_set_release(&fit->of_vertices);
    hl_free(fit->vertex_features);
    hl_free(fit->pixel_vertex);
    hl_free(fit->pair);
}

/* ---- one step ------------------------------------------------------------------------------- */

typedef struct job {
    hl_fit *fit;
    hl_estimate_scene scene;
    int32_t count;
} job;

static void read_vertices(const hl_fit *fit, hl_fit_corner *at, hl_surface *s)
{
    float value[HL_FIT_CHANNELS] = {0};
    for (int q = 0; q < 3; q++) {
        const float *f = fit->vertex_features + (size_t)at->vertex[q] * HL_FIT_CHANNELS;
        for (int c = 0; c < HL_FIT_CHANNELS; c++)
            value[c] += at->weight[q] * f[c];
    }
    memcpy(s->albedo, value, sizeof s->albedo);
    s->roughness = value[HL_FIT_ROUGHNESS];
    s->metal = value[HL_FIT_METAL];
}

static double shade_pixel(const void *ctx, int32_t k, float *env_grad)
{
    const job *j = ctx;
    hl_fit *fit = j->fit;
    hl_rng rng = hl_rng_at((uint64_t)fit->c.seed, (uint64_t)fit->step, (uint64_t)k, HL_RNG_FIT);
    int32_t view = (int32_t)hl_rng_below(&rng, (uint32_t)fit->scene.view_count);
    while (!fit->view[view].pixel_count)
        view = (view + 1) % fit->scene.view_count;
    const hl_fit_view *v = &fit->view[view];
    const int32_t i = v->pixel[hl_rng_below(&rng, (uint32_t)v->pixel_count)];
    const hl_hit *hit = &v->hit[i];
    const uint32_t *t = fit->scene.mesh->triangles + 3 * (size_t)hit->triangle;
    hl_fit_corner *at = &fit->pixel_vertex[k];
    *at = (hl_fit_corner){{(int32_t)t[0], (int32_t)t[1], (int32_t)t[2]},
                          {1 - hit->u - hit->v, hit->u, hit->v}};
    hl_estimate_point p;
    hl_fit_point_at(fit->scene.mesh, &fit->scene.views[view], i, hit, &p);
    read_vertices(fit, at, &p.surface);
    const hl_fit_target target = hl_fit_target_of(fit, k, view, i, j->count);
    float log_gain;
    const double loss =
        hl_fit_shade_point(&j->scene, &p, &rng, &target,
                           fit->pixel_grad + (size_t)k * HL_FIT_CHANNELS, &log_gain, env_grad);
    hl_fit_exposure_keep(fit, k, log_gain);
    return loss;
}

static void add(hl_fit_set *set, int32_t i, const float *g, float weight)
{
    for (int c = 0; c < 3; c++)
        set->albedo.g[3 * i + c] += weight * g[c];
    set->roughness.g[i] += weight * g[HL_FIT_ROUGHNESS];
    set->metal.g[i] += weight * g[HL_FIT_METAL];
}

void hl_fit_surface_smooth(hl_fit *fit)
{
    const float share = (float)EDGE_SHARES / (float)(fit->pair_count + 1);
    for (int32_t e = fit->step % EDGE_SHARES; e < fit->pair_count; e += EDGE_SHARES) {
        const hl_fit_pair *p = &fit->pair[e];
        const float *a = fit->vertex_features + (size_t)p->a * HL_FIT_CHANNELS;
        const float *b = fit->vertex_features + (size_t)p->b * HL_FIT_CHANNELS;
        float g[HL_FIT_CHANNELS];
        for (int c = 0; c < HL_FIT_CHANNELS; c++) {
            const float d = a[c] - b[c];
            const float strength = c < HL_FIT_ROUGHNESS    ? fit->c.smooth_albedo / 3
                                   : c == HL_FIT_ROUGHNESS ? fit->c.smooth_roughness
                                                           : fit->c.smooth_metal;
            g[c] = strength * share * p->weight * hl_clamp(d / SOFT, -1, 1);
        }
        add(&fit->of_vertices, p->a, g, 1);
        add(&fit->of_vertices, p->b, g, -1);
    }
}

void hl_fit_surface_step(hl_fit *fit)
{
    hl_fit_set *set = &fit->of_vertices;
    const int32_t count = fit->c.pixels;
    const job j = {.fit = fit, .scene = hl_fit_estimate_scene(fit, fit->c.samples), .count = count};
    hl_fit_set_clear(set);
    hl_fit_shade_pixels(fit, count, shade_pixel, &j);
    for (int32_t k = 0; k < count; k++)
        for (int q = 0; q < 3; q++)
            add(set, fit->pixel_vertex[k].vertex[q], fit->pixel_grad + (size_t)k * HL_FIT_CHANNELS,
                fit->pixel_vertex[k].weight[q]);
    hl_fit_surface_smooth(fit);
}

/* ---- from the vertices to the splats -------------------------------------------------------- */

/* Linear colour of a splat from all sides. */
static void color_of(const hl_splats *s, int32_t i, float rgb[3])
{
    for (int c = 0; c < 3; c++) {
        const float shown = 0.5f + HL_SH_C0 * s->sh[((size_t)i * 3 + (size_t)c) * HL_SH_COEFFS_MAX];
        rgb[c] = fmaxf(hl_linear_from_srgb(hl_clamp(shown, 0, 1)), DETAIL_FLOOR);
    }
}

/* Sums over a vertex and those it shares an edge with.  from, to: (vertices, DETAIL_SUMS). */
static void add_neighbors(const hl_fit *fit, const float *from, float *to)
{
    const size_t n = (size_t)fit->of_vertices.roughness.count;
    memcpy(to, from, n * DETAIL_SUMS * sizeof *to);
    for (int32_t e = 0; e < fit->pair_count; e++) {
        const size_t a = (size_t)fit->pair[e].a * DETAIL_SUMS;
        const size_t b = (size_t)fit->pair[e].b * DETAIL_SUMS;
        for (size_t c = 0; c < DETAIL_SUMS; c++) {
            to[a + c] += from[b + c];
            to[b + c] += from[a + c];
        }
    }
}

/* What is finer than the vertices: light changes little between neighbouring splats, so their
 * albedos differ as their colours do.  Each takes its colour times the ratio of mean albedo to mean
 * colour of the splats around it.  own, all: (vertices, DETAIL_SUMS), zeroed. */
static void add_detail(hl_fit *fit, float *own, float *all)
{
    const hl_splats *splats = fit->scene.splats;
    float *albedo = fit->of_splats.albedo.p, rgb[3];
    for (int32_t i = 0; i < splats->count; i++) {
        float *sum = own + (size_t)fit->splat_vertex[i] * DETAIL_SUMS;
        const float w = hl_sigmoid(splats->logit_opa[i]);
        color_of(splats, i, rgb);
        for (size_t c = 0; c < 3; c++) {
            sum[c] += w * rgb[c];
            sum[3 + c] += w * albedo[3 * (size_t)i + c];
        }
    }
    add_neighbors(fit, own, all);
    for (int32_t i = 0; i < splats->count; i++) {
        const float *sum = all + (size_t)fit->splat_vertex[i] * DETAIL_SUMS;
        color_of(splats, i, rgb);
        for (size_t c = 0; c < 3; c++) {
            float *a = &albedo[3 * (size_t)i + c];
            const float ratio = rgb[c] * sum[3 + c] / (fmaxf(sum[c], 1e-20f) * *a);
            *a = hl_clamp(*a * hl_clamp(ratio, 1 / DETAIL_MOST, DETAIL_MOST), DETAIL_LEAST, 1);
        }
    }
}

/* A splat gets the mean of the vertices that are nearest to it, or the vertex nearest to it. */
static void spread(hl_fit *fit)
{
    const int32_t n = fit->scene.splats->count;
    hl_fit_set *s = &fit->of_splats;
    memset(fit->feature_grad, 0, (size_t)n * HL_FIT_CHANNELS * sizeof *fit->feature_grad);
    memset(fit->splat_share, 0, (size_t)n * sizeof *fit->splat_share);
    for (int32_t v = 0; v < fit->of_vertices.roughness.count; v++)
        fit->splat_share[fit->vertex_splat[v]]++;
    for (int32_t v = 0; v < fit->of_vertices.roughness.count; v++) {
        const int32_t i = fit->vertex_splat[v];
        float *f = fit->feature_grad + (size_t)i * HL_FIT_CHANNELS;
        for (int c = 0; c < HL_FIT_CHANNELS; c++)
            f[c] += fit->vertex_features[(size_t)v * HL_FIT_CHANNELS + (size_t)c];
    }
    for (int32_t i = 0; i < n; i++) {
        const float *f = fit->feature_grad + (size_t)i * HL_FIT_CHANNELS;
        float inv = 1;
        if (fit->splat_share[i])
            inv /= (float)fit->splat_share[i];
        else
            f = fit->vertex_features + (size_t)fit->splat_vertex[i] * HL_FIT_CHANNELS;
        for (int c = 0; c < 3; c++)
            s->albedo.p[3 * i + c] = f[c] * inv;
        s->roughness.p[i] = f[HL_FIT_ROUGHNESS] * inv;
        s->metal.p[i] = f[HL_FIT_METAL] * inv;
    }
}

hl_status hl_fit_surface_spread(hl_fit *fit)
{
    const size_t n = (size_t)fit->of_vertices.roughness.count;
    float *sums = hl_alloc(2 * n, DETAIL_SUMS * sizeof *sums);
    if (!sums)
        return HL_E_MEMORY;
    spread(fit);
    add_detail(fit, sums, sums + n * DETAIL_SUMS);
    hl_free(sums);
    return HL_OK;
}
