/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_blend.h -- forward blending: one warp per tile of 8 x 16 pixels.
 *
 * The warp stages 32 splats at a time in shared memory and walks them together; a lane blends
 * each onto its 4 pixels.  Colour alone takes one pass; other planes come in groups of
 * HL_GPU_GROUP, each of which replays the tile: registers stay few.
 */
#ifndef HL_RASTER_CUDA_GPU_BLEND_H
#define HL_RASTER_CUDA_GPU_BLEND_H

#include "raster/blend.h"
#include "raster/cuda/gpu_work.h"

enum {
    HL_GPU_GROUP = 9,     /* planes of a pass: those of geometry mode           */
    HL_GPU_STAGED = 11,   /* floats of a staged splat; odd: lanes hit other banks */
    HL_GPU_VOTE_EVERY = 8 /* splats between looks whether a pixel is left         */
};

/* Splats of a batch: mu 0..1, conic 2..4, opacity 5, rgb 6..8, depth 9. */
typedef struct hl_gpu_blend_shared {
    float splat[HL_LANES][HL_GPU_STAGED];
    uint32_t id[HL_LANES];
    uint32_t row[HL_LANES]; /* of its gradients */
} hl_gpu_blend_shared;

/* The pixels of a tile as lanes hold them. */
typedef struct hl_gpu_pixels {
    hl_lane_f t[HL_GPU_LANE_PX];    /* transmittance       */
    hl_lane_i live[HL_GPU_LANE_PX]; /* not stopped, inside */
} hl_gpu_pixels;

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
        for (int k = 0; k < HL_GPU_LANE_PX; k++) {
            px->t[k][HL_SLOT(l)] = 1;
            px->live[k][HL_SLOT(l)] =
                hl_gpu_px_x(w, tile, l) < w->width && hl_gpu_px_y(w, tile, l, k) < w->height;
        }
    }
}

HL_GPU_FN int hl_gpu_any_live(const hl_gpu_pixels *px)
{
    hl_lane_i any;
    HL_EACH_LANE(l)
    {
        any[HL_SLOT(l)] = px->live[0][HL_SLOT(l)] | px->live[1][HL_SLOT(l)] |
                          px->live[2][HL_SLOT(l)] | px->live[3][HL_SLOT(l)];
    }
    return hl_warp_ballot(any) != 0;
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
            const hl_gpu_record *rec = &w->record[id];
            float *to = shared->splat[l];
            to[0] = rec->mu[0];
            to[1] = rec->mu[1];
            for (int k = 0; k < 3; k++) {
                to[2 + k] = rec->conic[k];
                to[6 + k] = rec->rgb[k];
            }
            to[5] = rec->opacity;
            to[9] = rec->depth;
            shared->id[l] = id;
            shared->row[l] = value;
        }
    }
    hl_warp_sync();
}

/* alpha as hl_pair_alpha; on the device with every rounding pinned, so that forward and backward
 * agree on membership to the last bit whatever the compiler fuses. */
HL_GPU_FN float hl_gpu_pair_alpha(const float *s, float dx, float dy, int *clamped)
{
#ifdef __CUDA_ARCH__
    const float cross = __fmul_rn(__fmul_rn(2, s[3]), dy);
    const float q = __fmaf_rn(__fmaf_rn(s[2], dx, cross), dx, __fmul_rn(__fmul_rn(s[4], dy), dy));
    const float alpha = __fmul_rn(s[5], __expf(__fmul_rn(-0.5f, q)));
    *clamped = alpha > (float)HL_ALPHA_MAX;
    if (!(alpha >= (float)HL_ALPHA_MIN))
        return 0;
    return *clamped ? (float)HL_ALPHA_MAX : alpha;
#else
    return hl_pair_alpha(dx, dy, s + 2, s[5], clamped);
#endif
}

/* alpha of a staged splat at pixel (x, y), depth window included; *d: pixel - mu. */
HL_GPU_FN float hl_gpu_alpha_at(const hl_gpu_work *w, const float *s, int x, int y, int general,
                                float d[2], int *clamped)
{
    d[0] = (float)x + 0.5f - s[0];
    d[1] = (float)y + 0.5f - s[1];
    const float alpha = hl_gpu_pair_alpha(s, d[0], d[1], clamped);
    if (!general || !w->window || !(alpha > 0))
        return alpha;
    const size_t at = (size_t)y * (size_t)w->width + (size_t)x;
    const size_t plane = (size_t)w->width * (size_t)w->height;
    return s[9] >= w->window[at] && s[9] <= w->window[plane + at] ? alpha : 0;
}

/* Value of plane p of a staged splat. */
HL_GPU_FN float hl_gpu_value(const hl_gpu_work *w, const float *s, uint32_t id, int p)
{
    return p < 3 ? s[6 + p] : w->extra_value[(int64_t)id * w->extra + (p - 3)];
}

/* What a lane found out about one splat in the general kernel. */
HL_GPU_FN void hl_gpu_note_pair(const hl_gpu_work *w, uint32_t id, float depth, int x, int y,
                                float t, float alpha)
{
    const float weight = alpha * t, next = t * (1 - alpha);
    if (w->median && t > (float)HL_MEDIAN_T && next <= (float)HL_MEDIAN_T)
        w->median[(size_t)y * (size_t)w->stride + (size_t)x] = depth;
    if (!w->max_weight)
        return;
    const uint32_t pixel = (uint32_t)(y * w->width + x); /* the first of equals wins */
    const uint64_t best = (uint64_t)hl_gpu_bits(weight) << 32 | (0xffffffffu - pixel);
    if (best > w->max_weight[id])
        hl_gpu_max_u64(&w->max_weight[id], best);
}

/* One splat onto the lane's pixels: `planes` of them from `first` on. */
HL_GPU_FN void hl_gpu_blend_splat(const hl_gpu_work *w, const hl_gpu_blend_shared *shared, int j,
                                  int tile, int lane, hl_gpu_pixels *px,
                                  hl_lane_f sum[HL_GPU_LANE_PX][HL_GPU_GROUP], int first,
                                  int planes, int general)
{
    const float *s = shared->splat[j];
    const int x = hl_gpu_px_x(w, tile, lane);
    HL_UNROLL
    for (int k = 0; k < HL_GPU_LANE_PX; k++) {
        const int y = hl_gpu_px_y(w, tile, lane, k);
        float *t = &px->t[k][HL_SLOT(lane)];
        float d[2];
        int clamped;
        const float alpha =
            px->live[k][HL_SLOT(lane)] ? hl_gpu_alpha_at(w, s, x, y, general, d, &clamped) : 0;
        if (!(alpha > 0))
            continue;
        if (hl_pair_stops(*t, alpha)) {
            px->live[k][HL_SLOT(lane)] = 0;
            continue;
        }
        HL_UNROLL
        for (int p = 0; p < (general ? HL_GPU_GROUP : 3); p++)
            if (p < planes)
                sum[k][p][HL_SLOT(lane)] +=
                    alpha * *t * hl_gpu_value(w, s, shared->id[j], first + p);
        if (general && first == 0)
            hl_gpu_note_pair(w, shared->id[j], s[9], x, y, *t, alpha);
        *t *= 1 - alpha;
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
            const float t = px->t[k][HL_SLOT(l)];
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
