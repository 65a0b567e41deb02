/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_blend.h -- forward blending: one warp per tile of 8 x 16 pixels.
 *
 * The warp stages 32 splats at a time in shared memory and walks them together; a lane blends
 * each onto its 4 pixels.  Colour alone takes one pass without a branch; other planes come in
 * groups of HL_GPU_GROUP, each of which replays the tile: registers stay few.
 *
 * alpha = 2^e, e = log2(o^) + A dx^2 + B dx dy + C dy^2 with A = -log2(e) a / 2, B = -log2(e) b,
 * C = -log2(e) c / 2: scaled once for a staged splat, then two multiply-adds a pixel.
 */
#ifndef HL_RASTER_CUDA_GPU_BLEND_H
#define HL_RASTER_CUDA_GPU_BLEND_H

#include "raster/blend.h"
#include "raster/cuda/gpu_work.h"

#define HL_LOG2_E 1.4426950408889634

enum {
    HL_GPU_GROUP = 9,     /* planes of a pass: those of geometry mode       */
    HL_GPU_VOTE_EVERY = 8 /* splats between looks whether a pixel is left   */
};

/* A splat that the tile works on: mu, A, B | C, log2(o^), red, green | blue, depth. */
typedef struct hl_gpu_staged {
    hl_quad q[3];
} hl_gpu_staged;

typedef struct hl_gpu_blend_shared {
    hl_gpu_staged splat[HL_LANES];
    uint32_t id[HL_LANES];
    uint32_t row[HL_LANES]; /* of its gradients */
} hl_gpu_blend_shared;

/* The pixels of a tile as lanes hold them: transmittance, with a minus once it has stopped, or
 * outside the picture. */
typedef struct hl_gpu_pixels {
    hl_lane_f t[HL_GPU_LANE_PX];
} hl_gpu_pixels;

/* What a splat is along a lane's column: e = (C dy + ux) dy + u0. */
typedef struct hl_gpu_column {
    float dx, dy, ux, u0, a, c; /* dy: of the first pixel; a, c: A, C */
} hl_gpu_column;

/* What one pixel takes from a splat. */
typedef struct hl_gpu_pair {
    float alpha, weight; /* 0: nothing                                     */
    float t, next;       /* transmittance before and after it, with a sign */
    int clamped;
} hl_gpu_pair;

HL_GPU_FN int hl_gpu_px_x(const hl_gpu_work *w, int tile, int lane)
{
    return tile % w->columns * HL_GPU_TILE_W + lane % HL_GPU_TILE_W;
}

HL_GPU_FN int hl_gpu_px_y(const hl_gpu_work *w, int tile, int lane, int k)
{
    return tile / w->columns * HL_GPU_TILE_H + lane / HL_GPU_TILE_W * HL_GPU_LANE_PX + k;
}

/* Offset of a pixel in a plane; planes have room for whole tiles. */
HL_GPU_FN size_t hl_gpu_px_at(const hl_gpu_work *w, int tile, int lane, int k)
{
    return (size_t)hl_gpu_px_y(w, tile, lane, k) * (size_t)w->stride +
           (size_t)hl_gpu_px_x(w, tile, lane);
}

HL_GPU_FN void hl_gpu_pixels_init(const hl_gpu_work *w, int tile, hl_gpu_pixels *px)
{
    HL_EACH_LANE(l)
    {
        HL_UNROLL
        for (int k = 0; k < HL_GPU_LANE_PX; k++)
            px->t[k][HL_SLOT(l)] =
                hl_gpu_px_x(w, tile, l) < w->width && hl_gpu_px_y(w, tile, l, k) < w->height ? 1
                                                                                             : -1;
    }
}

HL_GPU_FN int hl_gpu_any_live(const hl_gpu_pixels *px)
{
    hl_lane_i any;
    HL_EACH_LANE(l)
    {
        const int s = HL_SLOT(l);
        any[s] = hl_max(hl_max(px->t[0][s], px->t[1][s]), hl_max(px->t[2][s], px->t[3][s])) > 0;
    }
    return hl_warp_ballot(any) != 0;
}

HL_GPU_FN void hl_gpu_stage_splat(const hl_gpu_record *rec, hl_gpu_staged *to)
{
    const float half = (float)(-0.5 * HL_LOG2_E);
    const hl_quad q[3] = {
        {rec->mu[0], rec->mu[1], half * rec->conic[0], 2 * half * rec->conic[1]},
        {half * rec->conic[2], (float)HL_LOG2_E * rec->ln_opacity, rec->rgb[0], rec->rgb[1]},
        {rec->rgb[2], rec->depth, 0, 0}};
    for (int k = 0; k < 3; k++)
        to->q[k] = q[k];
}

/* Stages instances first .. end - 1, at most 32; between two syncs. */
HL_GPU_FN void hl_gpu_stage(const hl_gpu_work *w, uint32_t first, uint32_t end,
                            hl_gpu_blend_shared *shared)
{
    hl_warp_sync();
    HL_EACH_LANE(l)
    {
        const uint32_t j = first + (uint32_t)l;
        if (j < end) {
            const uint32_t value = w->value[j];
            const uint32_t id = w->row_splat ? w->row_splat[value] : value;
            hl_gpu_stage_splat(&w->record[id], &shared->splat[l]);
            shared->id[l] = id;
            shared->row[l] = value;
        }
    }
    hl_warp_sync();
}

/* a b + c in one rounding on the device, whatever the compiler fuses elsewhere: forward and
 * backward must agree on who belongs to a pixel to the last bit. */
HL_GPU_FN float hl_gpu_fma(float a, float b, float c)
{
#ifdef __CUDA_ARCH__
    return __fmaf_rn(a, b, c);
#else
    return a * b + c;
#endif
}

HL_GPU_FN hl_gpu_column hl_gpu_column_of(const hl_gpu_staged *s, int x, int y)
{
    hl_gpu_column c;
    c.dx = (float)x + 0.5f - s->q[0].x;
    c.dy = (float)y + 0.5f - s->q[0].y;
    c.ux = s->q[0].w * c.dx;
    c.u0 = hl_gpu_fma(s->q[0].z * c.dx, c.dx, s->q[1].y);
    c.a = s->q[0].z;
    c.c = s->q[1].x;
    return c;
}

/* The splat at pixel k of the column, where the transmittance is t; inside 0: not there. */
HL_GPU_FN hl_gpu_pair hl_gpu_pair_at(const hl_gpu_column *c, int k, float t, int inside)
{
    hl_gpu_pair p;
    const float dy = c->dy + (float)k;
    const float raw = exp2f(hl_gpu_fma(hl_gpu_fma(c->c, dy, c->ux), dy, c->u0));
    const float alpha = raw >= (float)HL_ALPHA_MIN && inside ? hl_min(raw, (float)HL_ALPHA_MAX) : 0;
    const float next = hl_gpu_fma(-t, alpha, t);
    const int stops = !(next >= (float)HL_T_STOP);
    p.clamped = raw > (float)HL_ALPHA_MAX;
    p.alpha = stops ? 0 : alpha;
    p.weight = p.alpha * t;
    p.t = t;
    p.next = stops ? -fabsf(t) : next;
    return p;
}

/* Whether a staged splat lies in the pixel's depth window. */
HL_GPU_FN int hl_gpu_in_window(const hl_gpu_work *w, const hl_gpu_staged *s, int x, int y)
{
    if (!w->window || x >= w->width || y >= w->height)
        return 1;
    const size_t at = (size_t)y * (size_t)w->width + (size_t)x;
    const size_t plane = (size_t)w->width * (size_t)w->height;
    return s->q[2].y >= w->window[at] && s->q[2].y <= w->window[plane + at];
}

/* Value of plane p of a staged splat. */
HL_GPU_FN float hl_gpu_value(const hl_gpu_work *w, const hl_gpu_staged *s, uint32_t id, int p)
{
    const float rgb[3] = {s->q[1].z, s->q[1].w, s->q[2].x};
    return p < 3 ? rgb[p] : w->extra_value[(int64_t)id * w->extra + (p - 3)];
}

/* What a lane found out about one splat in the general kernel. */
HL_GPU_FN void hl_gpu_note_pair(const hl_gpu_work *w, uint32_t id, float depth, int x, int y,
                                const hl_gpu_pair *p)
{
    if (w->median && p->t > (float)HL_MEDIAN_T && p->next <= (float)HL_MEDIAN_T)
        w->median[(size_t)y * (size_t)w->stride + (size_t)x] = depth;
    if (!w->max_weight)
        return;
    const uint32_t pixel = (uint32_t)(y * w->width + x); /* the first of equals wins */
    const uint64_t best = (uint64_t)hl_gpu_bits(p->weight) << 32 | (0xffffffffu - pixel);
    if (best > w->max_weight[id])
        hl_gpu_max_u64(&w->max_weight[id], best);
}

/* One splat onto the lane's pixels: `planes` of them from `first` on. */
HL_GPU_FN void hl_gpu_blend_splat(const hl_gpu_work *w, const hl_gpu_blend_shared *shared, int j,
                                  int tile, int lane, hl_gpu_pixels *px,
                                  hl_lane_f sum[HL_GPU_LANE_PX][HL_GPU_GROUP], int first,
                                  int planes, int general)
{
    const hl_gpu_staged s = shared->splat[j];
    const int x = hl_gpu_px_x(w, tile, lane), y = hl_gpu_px_y(w, tile, lane, 0);
    const hl_gpu_column column = hl_gpu_column_of(&s, x, y);
    HL_UNROLL
    for (int k = 0; k < HL_GPU_LANE_PX; k++) {
        float *t = &px->t[k][HL_SLOT(lane)];
        const int inside = !general || hl_gpu_in_window(w, &s, x, y + k);
        const hl_gpu_pair p = hl_gpu_pair_at(&column, k, *t, inside);
        *t = p.next;
        if (general && !(p.weight > 0))
            continue;
        HL_UNROLL
        for (int c = 0; c < (general ? HL_GPU_GROUP : 3); c++)
            if (c < planes)
                sum[k][c][HL_SLOT(lane)] +=
                    p.weight * hl_gpu_value(w, &s, shared->id[j], first + c);
        if (general && first == 0)
            hl_gpu_note_pair(w, shared->id[j], s.q[2].y, x, y + k, &p);
    }
}

HL_GPU_FN void hl_gpu_blend_store(const hl_gpu_work *w, int tile, const hl_gpu_pixels *px,
                                  hl_lane_f sum[HL_GPU_LANE_PX][HL_GPU_GROUP], int first,
                                  int planes, int general)
{
    HL_EACH_LANE(l)
    {
        HL_UNROLL
        for (int k = 0; k < HL_GPU_LANE_PX; k++) {
            const size_t at = hl_gpu_px_at(w, tile, l, k);
            const float t = fabsf(px->t[k][HL_SLOT(l)]);
            HL_UNROLL
            for (int p = 0; p < (general ? HL_GPU_GROUP : 3); p++)
                if (p < planes)
                    w->planes[(size_t)(first + p) * w->plane + at] =
                        sum[k][p][HL_SLOT(l)] +
                        (first + p < 3 ? t * w->step->background[first + p] : 0);
            if (first == 0)
                w->transmittance[at] = t;
        }
    }
}

/* Planes first .. first + planes - 1 of a tile. */
HL_GPU_FN void hl_gpu_blend_planes(const hl_gpu_work *w, int tile, hl_gpu_blend_shared *shared,
                                   int first, int planes, int general)
{
    const uint32_t begin = w->tile_first[tile], end = w->tile_first[tile + 1];
    hl_gpu_pixels px;
    hl_lane_f sum[HL_GPU_LANE_PX][HL_GPU_GROUP];
    hl_gpu_pixels_init(w, tile, &px);
    HL_EACH_LANE(l)
    {
        HL_UNROLL
        for (int k = 0; k < HL_GPU_LANE_PX; k++) {
            HL_UNROLL
            for (int p = 0; p < HL_GPU_GROUP; p++)
                sum[k][p][HL_SLOT(l)] = 0;
            if (general && first == 0 && w->median)
                w->median[hl_gpu_px_at(w, tile, l, k)] = 0;
        }
    }
    uint32_t j = begin;
    int alive = 1;
    while (j < end && alive) {
        const uint32_t last = end - j < HL_LANES ? end : j + HL_LANES;
        hl_gpu_stage(w, j, last, shared);
        const uint32_t from = j;
        while (j < last && alive) {
            HL_EACH_LANE(l)
            {
                hl_gpu_blend_splat(w, shared, (int)(j - from), tile, l, &px, sum, first, planes,
                                   general);
            }
            j++;
            if ((j - from) % HL_GPU_VOTE_EVERY == 0)
                alive = hl_gpu_any_live(&px);
        }
    }
    hl_gpu_blend_store(w, tile, &px, sum, first, planes, general);
    if (first == 0)
        w->tile_end[tile] = j - begin;
}

/* Colour only. */
HL_GPU_FN void hl_gpu_k_blend(const hl_gpu_work *w, int64_t tile, hl_gpu_blend_shared *shared)
{
    if (w->state->halted)
        return;
    hl_gpu_blend_planes(w, (int)tile, shared, 0, 3, 0);
}

/* Any planes, depth window, median depth, largest weight. */
HL_GPU_FN void hl_gpu_k_blend_general(const hl_gpu_work *w, int64_t tile,
                                      hl_gpu_blend_shared *shared)
{
    if (w->state->halted)
        return;
    for (int first = 0; first < w->plane_count; first += HL_GPU_GROUP) {
        const int left = w->plane_count - first;
        hl_gpu_blend_planes(w, (int)tile, shared, first, left < HL_GPU_GROUP ? left : HL_GPU_GROUP,
                            1);
    }
}

#endif /* HL_RASTER_CUDA_GPU_BLEND_H */
