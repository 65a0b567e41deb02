/* SPDX-License-Identifier: MIT */
/* What the primary rays of every view meet, and what follows from it. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/se3.h"
#include "relight/fit/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OPAQUE = 250, CELLS = 64 };

void hl_fit_pixel_ray(const hl_raster_view *view, int32_t i, float eye[3], float d[3])
{
    const float x = (float)(i % view->width) + 0.5f, y = (float)(i / view->width) + 0.5f;
    const float in_camera[3] = {(x - view->cx) / view->fx, (y - view->cy) / view->fy, 1};
    float inverse[9];
    hl_se3_inverse(view->r, view->t, inverse, eye);
    hl_mul3(inverse, in_camera, d);
    hl_normalize3(d, d);
}

typedef struct trace_job {
    const hl_bvh *bvh;
    const hl_raster_view *view;
    hl_hit *hit;
} trace_job;

static void trace_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const trace_job *j = ctx;
    for (int32_t x = 0; x < j->view->width; x++) {
        const int32_t i = y * j->view->width + x;
        hl_ray ray = {.t_min = 0, .t_max = 1e30f};
        hl_fit_pixel_ray(j->view, i, ray.origin, ray.direction);
        hl_bvh_closest(j->bvh, &ray, &j->hit[i]);
    }
}

void hl_fit_trace(const hl_bvh *bvh, const hl_raster_view *view, hl_hit *hit)
{
    trace_job j = {bvh, view, hit};
    hl_parallel_for(view->height, trace_row, &j);
}

static void interpolate(const float *values, const uint32_t *t, const hl_hit *hit, float out[3])
{
    const float w[3] = {1 - hit->u - hit->v, hit->u, hit->v};
    for (int c = 0; c < 3; c++) {
        out[c] = 0;
        for (int k = 0; k < 3; k++)
            out[c] += w[k] * values[3 * (size_t)t[k] + (size_t)c];
    }
}

void hl_fit_point_at(const hl_mesh *mesh, const hl_raster_view *view, int32_t i, const hl_hit *hit,
                     hl_estimate_point *p)
{
    const float least = 0.02f; /* cosine towards the eye: shading normals may lean away */
    const uint32_t *t = mesh->triangles + 3 * (size_t)hit->triangle;
    float eye[3], d[3], *n = p->surface.normal;
    hl_fit_pixel_ray(view, i, eye, d);
    interpolate(mesh->positions, t, hit, p->x);
    interpolate(mesh->normals, t, hit, n);
    hl_estimate_face(mesh, hit->triangle, p->geometric);
    for (int k = 0; k < 3; k++)
        p->eye[k] = -d[k];
    if (hl_dot3(p->geometric, p->eye) < 0)
        for (int k = 0; k < 3; k++)
            p->geometric[k] = -p->geometric[k];
    hl_normalize3(n, n);
    if (hl_dot3(n, n) < 0.5f)
        memcpy(n, p->geometric, 3 * sizeof *n);
    const float facing = hl_dot3(n, p->eye);
    for (int k = 0; k < 3 && facing < least; k++)
        n[k] += (least - facing) * p->eye[k];
    hl_normalize3(n, n);
}

void hl_fit_window(const hl_mesh *mesh, const hl_raster_view *view, const hl_hit *hit, float reach,
                   float *window)
{
    const size_t pixels = (size_t)view->width * (size_t)view->height;
    for (size_t i = 0; i < pixels; i++) {
        float x[3], z;
        window[i] = 0;
        window[pixels + i] = 1e30f;
        if (hit[i].triangle == HL_HIT_NONE)
            continue;
        interpolate(mesh->positions, mesh->triangles + 3 * (size_t)hit[i].triangle, &hit[i], x);
        z = hl_dot3(view->r + 6, x) + view->t[2];
        window[i] = z - reach;
        window[pixels + i] = z + reach;
    }
}

float hl_fit_mean_edge(const hl_mesh *mesh)
{
    double sum = 0;
    for (int32_t i = 0; i < mesh->triangle_count; i++)
        for (int k = 0; k < 3; k++) {
            const uint32_t *t = mesh->triangles + 3 * (size_t)i;
            const float *a = mesh->positions + 3 * (size_t)t[k];
            const float *b = mesh->positions + 3 * (size_t)t[(k + 1) % 3];
            const float d[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]};
            sum += (double)hl_length3(d);
        }
    return (float)(sum / (3.0 * mesh->triangle_count));
}

static hl_status choose_pixels(hl_fit *fit, int32_t k)
{
    hl_fit_view *v = &fit->view[k];
    const hl_image8 *photo = &fit->scene.photos[k];
    const int32_t pixels = photo->width * photo->height, c = photo->channels;
    v->pixel = hl_alloc((size_t)pixels, sizeof *v->pixel);
    if (!v->pixel)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < pixels; i++)
        if (v->hit[i].triangle != HL_HIT_NONE && (c < 4 || photo->data[4 * i + 3] >= OPAQUE))
            v->pixel[v->pixel_count++] = i;
    return HL_OK;
}

hl_status hl_fit_trace_views(hl_fit *fit)
{
    int64_t usable = 0;
    fit->view = hl_alloc((size_t)fit->scene.view_count, sizeof *fit->view);
    if (!fit->view)
        return HL_E_MEMORY;
    for (int32_t k = 0; k < fit->scene.view_count; k++) {
        const hl_raster_view *view = &fit->scene.views[k];
        fit->view[k].hit = hl_alloc((size_t)view->width * (size_t)view->height, sizeof(hl_hit));
        if (!fit->view[k].hit)
            return HL_E_MEMORY;
        hl_fit_trace(&fit->bvh, view, fit->view[k].hit);
        HL_TRY(choose_pixels(fit, k));
        usable += fit->view[k].pixel_count;
    }
    if (!usable)
        return hl_fail(HL_E_FORMAT,
                       "fit: no opaque pixel of %d photos meets the mesh of %d "
                       "triangles: does the mesh belong to the scene?",
                       fit->scene.view_count, fit->scene.mesh->triangle_count);
    return HL_OK;
}

/* ---- nearest splat of every vertex: a uniform grid over the mesh ---------------------------- */

typedef struct grid {
    float low[3], cell;
    int32_t size[3];
    int32_t *start; /* (cells + 1) */
    int32_t *item;  /* (splats) sorted by cell */
} grid;

static int32_t cell_of(const grid *g, const float *x, int k)
{
    const float f = (x[k] - g->low[k]) / g->cell;
    return f > 0 ? (f < (float)(g->size[k] - 1) ? (int32_t)f : g->size[k] - 1) : 0;
}

static int32_t cell_index(const grid *g, const int32_t c[3])
{
    return (c[2] * g->size[1] + c[1]) * g->size[0] + c[0];
}

static hl_status grid_create(grid *g, const hl_splats *s, const hl_mesh *mesh)
{
    float high[3];
    hl_mesh_bounds(mesh, g->low, high);
    const float span = fmaxf(high[0] - g->low[0], fmaxf(high[1] - g->low[1], high[2] - g->low[2]));
    g->cell = fmaxf(span / CELLS, 1e-12f);
    int32_t cells = 1;
    for (int k = 0; k < 3; k++) {
        g->size[k] = (int32_t)((high[k] - g->low[k]) / g->cell) + 1;
        cells *= g->size[k];
    }
    g->start = hl_alloc((size_t)cells + 1, sizeof *g->start);
    g->item = hl_alloc((size_t)s->count, sizeof *g->item);
    if (!g->start || !g->item)
        return HL_E_MEMORY;
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = s->count; i-- > 0;) {
            const float *x = s->mean + 3 * (size_t)i;
            const int32_t c[3] = {cell_of(g, x, 0), cell_of(g, x, 1), cell_of(g, x, 2)};
            if (pass == 0)
                g->start[cell_index(g, c)]++;
            else
                g->item[--g->start[cell_index(g, c)]] = i;
        }
        for (int32_t c = 1; c <= cells && pass == 0; c++)
            g->start[c] += g->start[c - 1];
    }
    return HL_OK;
}

/* The nearest so far, and the square of its distance. */
typedef struct found {
    int32_t splat;
    float distance2;
} found;

static void search_cell(const grid *g, const hl_splats *s, const float *x, int32_t cell,
                        found *best)
{
    for (int32_t i = g->start[cell]; i < g->start[cell + 1]; i++) {
        const float *y = s->mean + 3 * (size_t)g->item[i];
        const float d[3] = {y[0] - x[0], y[1] - x[1], y[2] - x[2]};
        const float d2 = hl_dot3(d, d);
        if (d2 < best->distance2) {
            best->distance2 = d2;
            best->splat = g->item[i];
        }
    }
}

/* The cells up to `ring` away, those of smaller rings again. */
static void search_ring(const grid *g, const hl_splats *s, const float *x, int32_t ring,
                        found *best)
{
    int32_t lo[3], hi[3], c[3];
    for (int k = 0; k < 3; k++) {
        const int32_t at = cell_of(g, x, k);
        lo[k] = at - ring > 0 ? at - ring : 0;
        hi[k] = at + ring < g->size[k] - 1 ? at + ring : g->size[k] - 1;
    }
    for (c[2] = lo[2]; c[2] <= hi[2]; c[2]++)
        for (c[1] = lo[1]; c[1] <= hi[1]; c[1]++)
            for (c[0] = lo[0]; c[0] <= hi[0]; c[0]++)
                search_cell(g, s, x, cell_index(g, c), best);
}

/* Nearest in rings of cells; stops one ring after the first find. */
static int32_t nearest(const grid *g, const hl_splats *s, const float *x)
{
    found best = {0, INFINITY};
    int32_t last = CELLS + 1;
    for (int32_t ring = 0; ring <= last && ring <= CELLS; ring++) {
        search_ring(g, s, x, ring, &best);
        if (best.distance2 < INFINITY && last > CELLS)
            last = ring + 1;
    }
    return best.splat;
}

hl_status hl_fit_bind_vertices(hl_fit *fit)
{
    grid g = {0};
    const hl_mesh *mesh = fit->scene.mesh;
    hl_status s = grid_create(&g, fit->scene.splats, mesh);
    for (int32_t v = 0; v < mesh->vertex_count && s == HL_OK; v++)
        fit->vertex_splat[v] = nearest(&g, fit->scene.splats, mesh->positions + 3 * (size_t)v);
    hl_free(g.start);
    hl_free(g.item);
    return s;
}
