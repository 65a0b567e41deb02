/* SPDX-License-Identifier: MIT */
#include "viewer/tier_place.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "raster/gbuffer.h"
#include "raster/mesh_view.h"
#include "relight/surfaces.h"

#include <string.h>

void hl_tier_place_release(hl_tier_place *place)
{
    hl_free(place->hits);
    hl_free(place->near);
    hl_free(place->window);
    *place = (hl_tier_place){.count = 0};
}

typedef struct tracing {
    hl_tier_place *place;
    const hl_bvh *bvh;
    const hl_raster_view *view;
    const hl_hit *solid;
    float reach;
} tracing;

static void trace_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const tracing *t = ctx;
    const size_t pixels = (size_t)t->view->width * (size_t)t->view->height;
    for (int32_t x = 0; x < t->view->width; x++) {
        const int32_t i = y * t->view->width + x;
        hl_hit *hit = &t->place->hits[i];
        float *window = t->place->window + i, far = 1e30f;
        hl_ray ray;
        hl_mesh_view_ray(t->view, i, &ray);
        if (t->solid && t->solid[i].triangle != HL_HIT_NONE)
            far = t->solid[i].t;
        if (!hl_bvh_closest(t->bvh, &ray, hit) || hit->t > far)
            hit->triangle = HL_HIT_NONE;
        const bool found = hit->triangle != HL_HIT_NONE;
        window[0] = found ? hit->t - t->reach : 0;
        window[pixels] = found ? hl_min(hit->t + t->reach, far) : far;
    }
}

hl_status hl_tier_place_trace(hl_tier_place *place, const hl_bvh *bvh, const hl_raster_view *view,
                              float reach, const hl_hit *solid)
{
    const size_t pixels = (size_t)view->width * (size_t)view->height;
    tracing t = {place, bvh, view, solid, reach};
    if (place->count < pixels) {
        hl_tier_place_release(place);
        place->hits = hl_alloc(pixels, sizeof *place->hits);
        place->near = hl_alloc(pixels, sizeof *place->near);
        place->window = hl_alloc(2 * pixels, sizeof *place->window);
        if (!place->hits || !place->near || !place->window)
            return HL_E_MEMORY;
        place->count = pixels;
    }
    hl_parallel_for(view->height, trace_row, &t);
    return HL_OK;
}

void hl_tier_place_keep(hl_tier_place *place, const hl_raster_frame *f)
{
    float *const *plane = f->plane + f->feature_plane;
    for (int32_t y = 0; y < f->height; y++)
        for (int32_t x = 0; x < f->width; x++) {
            hl_tier_near *n = &place->near[(size_t)y * (size_t)f->width + (size_t)x];
            const size_t at = (size_t)y * (size_t)f->stride + (size_t)x;
            *n = (hl_tier_near){{plane[0][at], plane[1][at], plane[2][at]},
                                plane[3][at],
                                plane[4][at],
                                1 - f->transmittance[at]};
        }
}

bool hl_tier_place_settle(const hl_tier_place *place, const hl_mesh *mesh, size_t i,
                          const hl_ray *ray, float coverage, bool solid, hl_lit_point *point)
{
    const hl_hit *hit = &place->hits[i];
    const hl_tier_near *near = &place->near[i];
    const bool gap = near->alpha < HL_ADMITTED_LEAST * coverage;
    if (hit->triangle == HL_HIT_NONE || (gap && solid))
        return false;
    for (int k = 0; k < 3; k++)
        point->x[k] = ray->origin[k] + hit->t * ray->direction[k];
    float *n = point->surface.normal;
    hl_mesh_view_normal(mesh, hit, n);
    if (hl_dot3(n, n) < 0.5f)
        memcpy(n, point->o, 3 * sizeof *n);
    hl_mesh_view_face(n, point->o);
    if (gap)
        return true;
    for (int c = 0; c < 3; c++)
        point->surface.albedo[c] = near->albedo[c] / near->alpha;
    point->surface.roughness = near->roughness / near->alpha;
    point->surface.metal = near->metal / near->alpha;
    return true;
}
