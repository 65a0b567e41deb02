/* SPDX-License-Identifier: MIT */
/* Plain C tile kernels, one pixel at a time through raster/blend.h. */
#include "raster/blend.h"
#include "raster/cpu/project_kernel.h"
#include "raster/cpu/raster_cpu.h"
#include "raster/cpu/splat_bwd_kernel.h"

#include <math.h>
#include <string.h>

typedef struct tile_area {
    int32_t x0, y0, width, height; /* part of the tile inside the picture */
    size_t first;                  /* offset of its first pixel in a plane */
} tile_area;

static tile_area area_of(const hl_cpu *r, int32_t tile)
{
    tile_area a;
    a.x0 = tile % r->columns * HL_TILE;
    a.y0 = tile / r->columns * HL_TILE;
    a.width = r->view.width - a.x0 < HL_TILE ? r->view.width - a.x0 : HL_TILE;
    a.height = r->view.height - a.y0 < HL_TILE ? r->view.height - a.y0 : HL_TILE;
    a.first = (size_t)a.y0 * (size_t)r->frame.stride + (size_t)a.x0;
    return a;
}

/* Value of plane p of splat i. */
static float plane_value(const hl_cpu *r, int32_t i, int32_t p)
{
    return p < 3 ? r->record[i].rgb[p]
                 : r->extra_value[(size_t)i * (size_t)r->extra + (size_t)(p - 3)];
}

typedef struct tile_state {
    float t[TILE_PIXELS]; /* transmittance                   */
    uint8_t live[TILE_PIXELS];
    int32_t alive;
} tile_state;

static void state_init(tile_state *st, const tile_area *a)
{
    memset(st->live, 0, sizeof st->live);
    for (int32_t y = 0; y < a->height; y++)
        for (int32_t x = 0; x < a->width; x++)
            st->live[y * HL_TILE + x] = 1;
    for (int32_t k = 0; k < TILE_PIXELS; k++)
        st->t[k] = 1;
    st->alive = a->width * a->height;
}

typedef struct best_weight {
    float weight;
    int32_t pixel; /* y * width + x, -1 none */
} best_weight;

/* One splat over the tile. */
static void blend_splat(hl_cpu *r, const tile_area *a, tile_state *st, const hl_cpu_instance *inst,
                        best_weight *best)
{
    const int32_t i = inst->splat;
    const hl_cpu_record *s = &r->record[i];
    for (int32_t y = inst->first; y <= inst->last; y++)
        for (int32_t x = 0; x < a->width; x++) {
            const int32_t k = y * HL_TILE + x;
            if (!st->live[k])
                continue;
            int clamped;
            const float alpha = hl_cpu_pair_alpha(r, s, a->x0 + x, a->y0 + y, &clamped);
            if (!(alpha > 0))
                continue;
            if (hl_pair_stops(st->t[k], alpha)) {
                st->live[k] = 0;
                st->alive--;
                continue;
            }
            const size_t at = a->first + (size_t)y * (size_t)r->frame.stride + (size_t)x;
            const float w = alpha * st->t[k], next = st->t[k] * (1 - alpha);
            for (int32_t p = 0; p < r->frame.plane_count; p++)
                r->frame.plane[p][at] += w * plane_value(r, i, p);
            if (r->frame.median_depth && st->t[k] > (float)HL_MEDIAN_T &&
                next <= (float)HL_MEDIAN_T)
                r->frame.median_depth[at] = s->depth;
            if (w > best->weight) {
                best->weight = w;
                best->pixel = (a->y0 + y) * r->view.width + a->x0 + x;
            }
            st->t[k] = next;
        }
}

static void clear_tile(hl_cpu *r, const tile_area *a)
{
    for (int32_t y = 0; y < HL_TILE; y++) {
        const size_t at = a->first + (size_t)y * (size_t)r->frame.stride;
        for (int32_t p = 0; p < r->frame.plane_count; p++)
            memset(r->frame.plane[p] + at, 0, HL_TILE * sizeof(float));
        if (r->frame.median_depth)
            memset(r->frame.median_depth + at, 0, HL_TILE * sizeof(float));
    }
}

void hl_cpu_blend_plain(hl_cpu *r, int32_t tile)
{
    const tile_area a = area_of(r, tile);
    tile_state st;
    state_init(&st, &a);
    clear_tile(r, &a);
    int64_t j = r->tile_first[tile];
    for (; j < r->tile_first[tile + 1] && st.alive > 0; j++) {
        best_weight best = {0, -1};
        blend_splat(r, &a, &st, &r->instance[j], &best);
        if (r->frame.max_weight) {
            float *row = r->rows + (size_t)r->instance[j].row * 2;
            row[0] = best.weight;
            memcpy(row + 1, &best.pixel, sizeof best.pixel);
        }
    }
    if (r->frame.max_weight)
        for (int64_t k = j; k < r->tile_first[tile + 1]; k++)
            r->rows[(size_t)r->instance[k].row * 2] = 0;
    r->tile_end[tile] = (int32_t)(j - r->tile_first[tile]);
    for (int32_t y = 0; y < HL_TILE; y++)
        for (int32_t x = 0; x < HL_TILE; x++) {
            const size_t at = a.first + (size_t)y * (size_t)r->frame.stride + (size_t)x;
            const float t = st.t[y * HL_TILE + x];
            r->frame.transmittance[at] = t;
            for (int32_t p = 0; p < 3; p++)
                r->frame.plane[p][at] += t * r->options.background[p];
        }
}

/* What backward keeps per pixel. */
typedef struct tile_grad {
    float rest[TILE_PIXELS];
} tile_grad;

static float grad_at(const float *plane, size_t at)
{
    return plane ? plane[at] : 0;
}

/* dL/dw of splat i at a pixel: colour and features, and the largest weight if it was here. */
static float pair_value(const hl_cpu *r, int32_t i, size_t at, int32_t pixel)
{
    const hl_raster_frame_grad *g = r->frame_grad;
    float v = 0;
    for (int32_t p = 0; p < r->frame.plane_count; p++)
        if (g->plane[p])
            v += plane_value(r, i, p) * g->plane[p][at];
    if (g->max_weight && r->max_pixel[i] == pixel)
        v += g->max_weight[i];
    return v;
}

/* rest = sum over all pairs of w v + T_end dL/dT_end, per pixel.  The sum over planes comes from
 * the frame; the largest weights are added by replaying (rest_max_weight). */
static void rest_init(const hl_cpu *r, const tile_area *a, tile_grad *tg)
{
    const hl_raster_frame_grad *g = r->frame_grad;
    for (int32_t y = 0; y < a->height; y++)
        for (int32_t x = 0; x < a->width; x++) {
            const size_t at = a->first + (size_t)y * (size_t)r->frame.stride + (size_t)x;
            float rest = -r->frame.transmittance[at] * grad_at(g->alpha, at);
            for (int32_t p = 0; p < r->frame.plane_count; p++)
                if (g->plane[p])
                    rest += g->plane[p][at] * r->frame.plane[p][at];
            tg->rest[y * HL_TILE + x] = rest;
        }
}

typedef struct pair_sink {
    const tile_area *area;
    tile_state *state;
    tile_grad *grad;
    float *row; /* gradient row, or NULL: the pass for the largest weights */
} pair_sink;

static void add_pair(hl_cpu *r, const pair_sink *k, int32_t i, int32_t x, int32_t y, float alpha,
                     int clamped)
{
    const hl_cpu_record *s = &r->record[i];
    const tile_area *a = k->area;
    const int32_t at_tile = y * HL_TILE + x, pixel = (a->y0 + y) * r->view.width + a->x0 + x;
    const size_t at = a->first + (size_t)y * (size_t)r->frame.stride + (size_t)x;
    const float t = k->state->t[at_tile], w = alpha * t;
    if (!k->row) {
        if (r->max_pixel[i] == pixel)
            k->grad->rest[at_tile] += w * r->frame_grad->max_weight[i];
        return;
    }
    const float v = pair_value(r, i, at, pixel);
    const float d_alpha = hl_pair_alpha_bwd(t, alpha, v, &k->grad->rest[at_tile]);
    for (int32_t p = 0; p < r->frame.plane_count; p++)
        k->row[6 + p] += w * grad_at(r->frame_grad->plane[p], at);
    const float next = t * (1 - alpha);
    if (r->row.median >= 0 && t > (float)HL_MEDIAN_T && next <= (float)HL_MEDIAN_T)
        k->row[r->row.median] += grad_at(r->frame_grad->median_depth, at);
    if (r->row.stats >= 0) {
        float *stats = k->row + r->row.stats;
        stats[0] += 1;
        stats[1] += d_alpha;
        stats[2] += d_alpha * d_alpha;
        stats[3] += w;
    }
    if (clamped)
        return;
    const float dx = (float)(a->x0 + x) + 0.5f - s->mu[0];
    const float dy = (float)(a->y0 + y) + 0.5f - s->mu[1];
    const float g = -0.5f * alpha * d_alpha;
    const float m[6] = {g, g * dx, g * dy, g * dx * dx, g * dx * dy, g * dy * dy};
    for (int32_t q = 0; q < 6; q++)
        k->row[q] += m[q];
    if (r->row.abs2d >= 0) {
        k->row[r->row.abs2d] += fabsf(2 * (s->conic[0] * m[1] + s->conic[1] * m[2]));
        k->row[r->row.abs2d + 1] += fabsf(2 * (s->conic[1] * m[1] + s->conic[2] * m[2]));
    }
}

/* Replays splat i over the tile. */
static void replay_splat(hl_cpu *r, const pair_sink *k, const hl_cpu_instance *inst)
{
    const int32_t i = inst->splat;
    const hl_cpu_record *s = &r->record[i];
    const tile_area *a = k->area;
    tile_state *st = k->state;
    for (int32_t y = inst->first; y <= inst->last; y++)
        for (int32_t x = 0; x < a->width; x++) {
            const int32_t at = y * HL_TILE + x;
            if (!st->live[at])
                continue;
            int clamped;
            const float alpha = hl_cpu_pair_alpha(r, s, a->x0 + x, a->y0 + y, &clamped);
            if (!(alpha > 0))
                continue;
            if (hl_pair_stops(st->t[at], alpha)) {
                st->live[at] = 0;
                continue;
            }
            add_pair(r, k, i, x, y, alpha, clamped);
            st->t[at] *= 1 - alpha;
        }
}

void hl_cpu_blend_bwd_plain(hl_cpu *r, int32_t tile)
{
    const tile_area a = area_of(r, tile);
    const int64_t first = r->tile_first[tile], end = first + r->tile_end[tile];
    const size_t row = (size_t)r->row.floats;
    tile_state st;
    tile_grad tg;
    pair_sink sink = {&a, &st, &tg, NULL};
    rest_init(r, &a, &tg);
    if (r->frame_grad->max_weight) {
        state_init(&st, &a);
        for (int64_t j = first; j < end; j++)
            replay_splat(r, &sink, &r->instance[j]);
    }
    state_init(&st, &a);
    for (int64_t j = first; j < r->tile_first[tile + 1]; j++) {
        sink.row = r->rows + (size_t)r->instance[j].row * row;
        memset(sink.row, 0, row * sizeof(float));
        if (j < end)
            replay_splat(r, &sink, &r->instance[j]);
    }
}

/* Largest weight per splat: rows in order, the first of equals wins. */
static void max_weight_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    const int32_t first = block * PROJECT_BLOCK;
    for (int32_t i = first; i < first + PROJECT_BLOCK && i < r->splats->count; i++) {
        const hl_cpu_record *s = &r->record[i];
        r->max_weight[i] = 0;
        r->max_pixel[i] = -1;
        for (int32_t k = 0; k < s->row_count; k++) {
            const float *row = r->rows + ((size_t)s->first_row + (size_t)k) * 2;
            if (row[0] > r->max_weight[i]) {
                r->max_weight[i] = row[0];
                memcpy(&r->max_pixel[i], row + 1, sizeof(int32_t));
            }
        }
    }
}

void hl_cpu_max_weight(hl_cpu *r)
{
    hl_parallel_for(hl_block_count(r->splats->count, PROJECT_BLOCK), max_weight_block, r);
}

const hl_cpu_kernels hl_cpu_kernels_plain = {
    HL_ISA_PLAIN,           "plain",     project_block,    tiles_block, hl_cpu_blend_plain,
    hl_cpu_blend_bwd_plain, cluster_bwd, hl_adam_row_plain};
