/* SPDX-License-Identifier: MIT */
/* What the primary rays of every view meet, and what follows from it. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/se3.h"
#include "raster/mesh_view.h"
#include "relight/fit/state.h"

#include <math.h>
#include <string.h>

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
    const uint32_t *t = mesh->triangles + 3 * (size_t)hit->triangle;
    float eye[3], d[3], *n = p->surface.normal;
    hl_fit_pixel_ray(view, i, eye, d);
    interpolate(mesh->positions, t, hit, p->x);
    hl_mesh_view_normal(mesh, hit, n);
    hl_estimate_face(mesh, hit->triangle, p->geometric);
    for (int k = 0; k < 3; k++)
        p->eye[k] = -d[k];
    if (hl_dot3(p->geometric, p->eye) < 0)
        for (int k = 0; k < 3; k++)
            p->geometric[k] = -p->geometric[k];
    if (hl_dot3(n, n) < 0.5f)
        memcpy(n, p->geometric, 3 * sizeof *n);
    hl_mesh_view_face(n, p->eye);
}

void hl_fit_point_blended(const hl_raster_frame *f, const hl_raster_view *view, int32_t i,
                          size_t at, float alpha, hl_estimate_point *p)
{
    float eye[3], d[3], n[3];
    hl_fit_pixel_ray(view, i, eye, d);
    const float z = f->plane[f->depth_plane][at] / alpha;
    const float along = hl_dot3(view->r + 6, d);
    for (int k = 0; k < 3; k++) {
        p->x[k] = eye[k] + d[k] * (along > 0 ? z / along : 0);
        p->eye[k] = -d[k];
        n[k] = f->plane[f->normal_plane + k][at];
    }
    hl_normalize3(n, n);
    if (!(hl_dot3(n, p->eye) > 0))
        memcpy(n, p->eye, sizeof n);
    memcpy(p->geometric, n, sizeof n);
    memcpy(p->surface.normal, n, sizeof n);
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

static hl_status choose_pixels(hl_fit *fit, int32_t k)
{
    hl_fit_view *v = &fit->view[k];
    const hl_image8 *photo = &fit->scene.photos[k];
    const int32_t pixels = photo->width * photo->height, c = photo->channels;
    v->pixel = hl_alloc((size_t)pixels, sizeof *v->pixel);
    if (!v->pixel)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < pixels; i++)
        if (v->hit[i].triangle != HL_HIT_NONE && (c < 4 || photo->data[4 * i + 3] >= HL_FIT_OPAQUE))
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
