/* SPDX-License-Identifier: MIT */
#include "viewer/pick.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "raster/blend.h"
#include "raster/project.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096 };

/* One splat over the pixel. */
typedef struct hit {
    float depth, alpha;
    int32_t splat;
} hit;

typedef struct search {
    const hl_splats *splats;
    hl_projector projector;
    float size[2], x, y;
    hit *hits;       /* (splats): those of block b begin at b * BLOCK */
    int32_t *counts; /* (blocks)                                      */
} search;

static void search_block(void *ctx, int32_t block, int32_t thread)
{
    const search *s = ctx;
    const hl_splats *p = s->splats;
    const int32_t first = block * BLOCK, most = p->count - first;
    int32_t found = 0;
    (void)thread;
    for (int32_t i = first; i < first + (most < BLOCK ? most : BLOCK); i++) {
        const size_t row = (size_t)i;
        hl_geometry g = {.logit_opa = p->logit_opa[row]};
        hl_footprint f;
        int clamped;
        memcpy(g.mean, p->mean + 3 * row, sizeof g.mean);
        memcpy(g.log_scale, p->log_scale + 3 * row, sizeof g.log_scale);
        memcpy(g.quat, p->quat + 4 * row, sizeof g.quat);
        const float widest = hl_max(g.log_scale[0], hl_max(g.log_scale[1], g.log_scale[2]));
        if (hl_project_outside(&s->projector, s->size, g.mean, (float)HL_REACH * hl_exp(widest)) ||
            !hl_project(&s->projector, &g, &f))
            continue;
        const float alpha =
            hl_pair_alpha(s->x - f.mu[0], s->y - f.mu[1], f.conic, f.opacity, &clamped);
        if (alpha > 0)
            s->hits[first + found++] = (hit){f.depth, alpha, i};
    }
    s->counts[block] = found;
}

/* Near before far; equal depths in the order of the splats. */
static int nearer(const void *a, const void *b)
{
    const hit *x = a, *y = b;
    if (x->depth != y->depth)
        return x->depth < y->depth ? -1 : 1;
    return (x->splat > y->splat) - (x->splat < y->splat);
}

static void blend(const hit *hits, int32_t count, hl_pick *out)
{
    float left = 1, depth = 0;
    for (int32_t i = 0; i < count && !hl_pair_stops(left, hits[i].alpha); i++) {
        const float weight = hits[i].alpha * left;
        if (weight > out->weight) {
            out->weight = weight;
            out->splat = hits[i].splat;
        }
        depth += weight * hits[i].depth;
        left *= 1 - hits[i].alpha;
        if (!(out->median > 0) && left <= (float)HL_MEDIAN_T)
            out->median = hits[i].depth;
    }
    out->alpha = 1 - left;
    out->depth = out->alpha > 0 ? depth / out->alpha : 0;
}

static void place(const hl_raster_view *view, double x, double y, hl_pick *out)
{
    const double z = (double)(out->median > 0 ? out->median : out->depth);
    const double at[3] = {(x - (double)view->cx) / (double)view->fx * z - (double)view->t[0],
                          (y - (double)view->cy) / (double)view->fy * z - (double)view->t[1],
                          z - (double)view->t[2]};
    for (int k = 0; k < 3; k++)
        out->position[k] = (double)view->r[k] * at[0] + (double)view->r[3 + k] * at[1] +
                           (double)view->r[6 + k] * at[2];
}

hl_status hl_pick_at(const hl_splats *splats, const hl_raster_view *view, bool antialiased,
                     double x, double y, hl_pick *out)
{
    const int32_t blocks = hl_block_count(splats->count, BLOCK);
    const float k[4] = {view->fx, view->fy, view->cx, view->cy};
    search s = {.splats = splats,
                .size = {(float)view->width, (float)view->height},
                .x = (float)x,
                .y = (float)y,
                .hits = hl_alloc((size_t)splats->count, sizeof *s.hits),
                .counts = hl_alloc((size_t)blocks, sizeof *s.counts)};
    hl_pick picked = {.splat = -1};
    if (!s.hits || !s.counts) {
        hl_free(s.hits);
        hl_free(s.counts);
        return HL_E_MEMORY;
    }
    hl_projector_init(&s.projector, s.size, k, view->r, view->t, antialiased);
    hl_parallel_for(blocks, search_block, &s);
    int32_t count = 0;
    for (int32_t b = 0; b < blocks; b++) {
        memmove(s.hits + count, s.hits + (size_t)b * BLOCK, (size_t)s.counts[b] * sizeof *s.hits);
        count += s.counts[b];
    }
    qsort(s.hits, (size_t)count, sizeof *s.hits, nearer);
    blend(s.hits, count, &picked);
    if (picked.splat >= 0)
        place(view, x, y, &picked);
    hl_free(s.hits);
    hl_free(s.counts);
    *out = picked;
    return HL_OK;
}
