/* SPDX-License-Identifier: MIT */
#include "cli/bench_order.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "raster/blend.h"
#include "raster/project.h"
#include "raster/sh_color.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COEFFS = 3 * HL_SH_COEFFS_MAX };

/* A splat over a pixel. */
typedef struct hit {
    float key[HL_ORDER_COUNT], alpha;
    int32_t splat;
} hit;

typedef struct drawing {
    const hl_splats *splats;
    const hl_raster_view *view, *before;
    hl_projector projector;
    hl_footprint *footprint; /* (N), opacity 0: not drawn */
    float *rgb;              /* (N, 3)                    */
    int64_t *first;          /* (pixels + 1) of hits      */
    hit *hits;
    float *const *out;
} drawing;

static void project(drawing *d)
{
    const hl_splats *p = d->splats;
    for (int32_t i = 0; i < p->count; i++) {
        const size_t row = (size_t)i;
        hl_geometry g = {.logit_opa = p->logit_opa[row]};
        hl_footprint *f = &d->footprint[row];
        memcpy(g.mean, p->mean + 3 * row, sizeof g.mean);
        memcpy(g.log_scale, p->log_scale + 3 * row, sizeof g.log_scale);
        memcpy(g.quat, p->quat + 4 * row, sizeof g.quat);
        if (!hl_project(&d->projector, &g, f) ||
            hl_sh_color(p->sh_degree, g.mean, d->projector.eye, p->sh + COEFFS * row,
                        d->rgb + 3 * row) &
                HL_COLOR_BAD)
            f->opacity = 0;
    }
}

/* Where along the ray through a pixel, by its depth, the splat is densest: with the ray e + t v in
 * the splat's own axes, each divided by its deviation, t = -(e . v) / (v . v). */
static float densest(const drawing *d, int32_t splat, float x, float y)
{
    const hl_raster_view *view = d->view;
    const size_t row = (size_t)splat;
    const float ray[3] = {(x - view->cx) / view->fx, (y - view->cy) / view->fy, 1};
    float q[4], r[9], along = 0, length = 0;
    hl_quat_unit(d->splats->quat + 4 * row, q);
    hl_rotation(q, r);
    for (int axis = 0; axis < 3; axis++) {
        const float scale = expf(-d->splats->log_scale[3 * row + (size_t)axis]);
        float e = 0, v = 0;
        for (int k = 0; k < 3; k++) {
            const float to_world = view->r[k] * ray[0] + view->r[3 + k] * ray[1] + view->r[6 + k];
            e += r[3 * k + axis] * (d->projector.eye[k] - d->splats->mean[3 * row + (size_t)k]);
            v += r[3 * k + axis] * to_world;
        }
        along -= e * scale * v * scale;
        length += v * scale * v * scale;
    }
    const float t = along / length;
    return isfinite(t) ? t : d->footprint[row].depth;
}

static float depth_before(const drawing *d, int32_t splat)
{
    const float *r = d->before->r + 6, *x = d->splats->mean + 3 * (size_t)splat;
    return r[0] * x[0] + r[1] * x[1] + r[2] * x[2] + d->before->t[2];
}

/* Each pair of a drawn splat and a pixel: counted where there is no room yet. */
static void visit(drawing *d, int32_t splat, int64_t *at)
{
    const hl_footprint *f = &d->footprint[splat];
    const int32_t width = d->view->width, height = d->view->height;
    const float rx = (float)HL_REACH * sqrtf(f->cov[0]), ry = (float)HL_REACH * sqrtf(f->cov[2]);
    const int32_t x0 = (int32_t)fmaxf(f->mu[0] - rx, 0), y0 = (int32_t)fmaxf(f->mu[1] - ry, 0);
    const float x1 = fminf(f->mu[0] + rx, (float)width - 1);
    const float y1 = fminf(f->mu[1] + ry, (float)height - 1);
    for (int32_t y = y0; (float)y <= y1; y++)
        for (int32_t x = x0; (float)x <= x1; x++) {
            int clamped;
            const float px = (float)x + 0.5f, py = (float)y + 0.5f;
            const float alpha =
                hl_pair_alpha(px - f->mu[0], py - f->mu[1], f->conic, f->opacity, &clamped);
            const size_t pixel = (size_t)y * (size_t)width + (size_t)x;
            if (!(alpha > 0))
                continue;
            if (d->hits)
                d->hits[at[pixel]] = (hit){
                    {f->depth, depth_before(d, splat), densest(d, splat, px, py)}, alpha, splat};
            at[pixel]++;
        }
}

static void visit_all(drawing *d, int64_t *at)
{
    for (int32_t i = 0; i < d->splats->count; i++)
        if (d->footprint[i].opacity > 0)
            visit(d, i, at);
}

static int nearer(const hit *a, const hit *b, hl_order order)
{
    if (a->key[order] != b->key[order])
        return a->key[order] < b->key[order] ? -1 : 1;
    return (a->splat > b->splat) - (a->splat < b->splat);
}
static int nearer_centre(const void *a, const void *b)
{
    return nearer(a, b, HL_ORDER_CENTRE);
}
static int nearer_before(const void *a, const void *b)
{
    return nearer(a, b, HL_ORDER_BEFORE);
}
static int nearer_pixel(const void *a, const void *b)
{
    return nearer(a, b, HL_ORDER_PIXEL);
}

static void blend_row(void *ctx, int32_t block, int32_t thread)
{
    static int (*const compare[HL_ORDER_COUNT])(const void *, const void *) = {
        nearer_centre, nearer_before, nearer_pixel};
    const drawing *d = ctx;
    const size_t width = (size_t)d->view->width;
    (void)thread;
    for (size_t at = (size_t)block * width; at < ((size_t)block + 1) * width; at++)
        for (int order = 0; order < HL_ORDER_COUNT; order++) {
            hit *hits = d->hits + d->first[at];
            const int64_t count = d->first[at + 1] - d->first[at];
            float left = 1, *rgb = d->out[order] + 3 * at;
            qsort(hits, (size_t)count, sizeof *hits, compare[order]);
            rgb[0] = rgb[1] = rgb[2] = 0;
            for (int64_t i = 0; i < count && !hl_pair_stops(left, hits[i].alpha); i++) {
                for (int c = 0; c < 3; c++)
                    rgb[c] += left * hits[i].alpha * d->rgb[3 * hits[i].splat + c];
                left *= 1 - hits[i].alpha;
            }
        }
}

static hl_status draw(drawing *d)
{
    const size_t pixels = (size_t)d->view->width * (size_t)d->view->height;
    project(d);
    visit_all(d, d->first + 1);
    for (size_t i = 0; i < pixels; i++)
        d->first[i + 1] += d->first[i];
    int64_t *at = hl_alloc(pixels, sizeof *at);
    d->hits = hl_alloc((size_t)d->first[pixels] + 1, sizeof *d->hits);
    if (at && d->hits) {
        memcpy(at, d->first, pixels * sizeof *at);
        visit_all(d, at);
        hl_parallel_for(d->view->height, blend_row, d);
    }
    const bool ok = at && d->hits;
    hl_free(at);
    return ok ? HL_OK : HL_E_MEMORY;
}

hl_status hl_order_draw(const hl_splats *splats, const hl_raster_view *view,
                        const hl_raster_view *before, float *const out[HL_ORDER_COUNT])
{
    const size_t pixels = (size_t)view->width * (size_t)view->height, n = (size_t)splats->count;
    const float size[2] = {(float)view->width, (float)view->height};
    const float k[4] = {view->fx, view->fy, view->cx, view->cy};
    drawing d = {.splats = splats,
                 .view = view,
                 .before = before,
                 .footprint = hl_alloc(n + 1, sizeof *d.footprint),
                 .rgb = hl_alloc(n + 1, 3 * sizeof *d.rgb),
                 .first = hl_alloc(pixels + 1, sizeof *d.first),
                 .out = out};
    hl_projector_init(&d.projector, size, k, view->r, view->t, splats->antialiased);
    const hl_status s = d.footprint && d.rgb && d.first ? draw(&d) : HL_E_MEMORY;
    hl_free(d.footprint);
    hl_free(d.rgb);
    hl_free(d.first);
    hl_free(d.hits);
    return s;
}
