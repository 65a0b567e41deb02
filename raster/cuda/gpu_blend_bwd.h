/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_blend_bwd.h -- backward blending: the tile is replayed front to back, no
 * checkpoints; a splat's sums over all 128 pixels meet in the warp and leave it as one set of
 * atomics, or as one row of its own where order must not depend on the device.
 *
 * A set is at most 16 sums, two lanes to a sum after hl_warp_fold16: moments 0..5, colour 6..8,
 * |dL/dmu| 9..10, statistics 11..14, median depth 15.  Planes beyond colour follow in sets of 16.
 */
#ifndef HL_RASTER_CUDA_GPU_BLEND_BWD_H
#define HL_RASTER_CUDA_GPU_BLEND_BWD_H

#include "raster/cuda/gpu_blend.h"

enum { HL_GPU_SET_ABS = 9, HL_GPU_SET_STATS = 11, HL_GPU_SET_MEDIAN = 15 };

/* What backward keeps of a tile beside the transmittance. */
typedef struct hl_gpu_replay {
    hl_gpu_pixels px;
    hl_lane_f rest[HL_GPU_LANE_PX];   /* sum of w v over what is still to come */
    hl_lane_f g[HL_GPU_LANE_PX][3];   /* dL/dcolour                            */
    hl_lane_f weight[HL_GPU_LANE_PX]; /* of the splat at hand, 0 for no pair   */
} hl_gpu_replay;

HL_GPU_FN float hl_gpu_or_zero(const float *plane, size_t at)
{
    return plane ? plane[at] : 0;
}

/* rest = sum over all planes of dL/dplane plane - T_end dL/dalpha: what all pairs and the
 * background together give.  Leaves the sums of T_end dL/dcolour in background_partial. */
HL_GPU_FN void hl_gpu_replay_init(const hl_gpu_work *w, int tile, hl_gpu_replay *r, int general)
{
    hl_lane_f v[HL_FOLD_VALUES];
    hl_gpu_pixels_init(w, tile, &r->px);
    HL_EACH_LANE(l)
    {
        HL_UNROLL
        for (int q = 0; q < HL_FOLD_VALUES; q++)
            v[q][HL_SLOT(l)] = 0;
        HL_UNROLL
        for (int k = 0; k < HL_GPU_LANE_PX; k++) {
            const size_t at = hl_gpu_px_at(w, tile, l, k);
            const int inside = r->px.t[k][HL_SLOT(l)] > 0;
            const float t = w->transmittance[at];
            float rest = inside ? -t * hl_gpu_or_zero(w->d_alpha, at) : 0;
            HL_UNROLL
            for (int c = 0; c < 3; c++) {
                const float g = inside ? hl_gpu_or_zero(w->d_plane[c], at) : 0;
                r->g[k][c][HL_SLOT(l)] = g;
                rest += g * w->planes[(size_t)c * w->plane + at];
                v[c][HL_SLOT(l)] += t * g;
            }
            for (int p = 3; general && inside && p < w->plane_count; p++)
                rest += hl_gpu_or_zero(w->d_plane[p], at) * w->planes[(size_t)p * w->plane + at];
            r->rest[k][HL_SLOT(l)] = rest;
        }
    }
    hl_warp_fold16(v);
    HL_EACH_LANE(l)
    {
        if (l % 2 == 0 && l < 6)
            w->background_partial[3 * (int64_t)tile + l / 2] = v[0][HL_SLOT(l)];
    }
}

/* dL/dw of a pair beyond colour. */
HL_GPU_FN float hl_gpu_extra_value_at(const hl_gpu_work *w, uint32_t id, int x, int y)
{
    const size_t at = (size_t)y * (size_t)w->stride + (size_t)x;
    float v = 0;
    for (int p = 3; p < w->plane_count; p++)
        if (w->d_plane[p])
            v += w->extra_value[(int64_t)id * w->extra + (p - 3)] * w->d_plane[p][at];
    if (w->d_max_weight &&
        (uint32_t)w->max_weight[id] == 0xffffffffu - (uint32_t)(y * w->width + x))
        v += w->d_max_weight[id];
    return v;
}

/* Statistics of a pair, and what needs every pixel's own gradient, into the lane's 16 sums. */
HL_GPU_FN void hl_gpu_add_stats_of(const hl_gpu_work *w, const hl_gpu_column *c, float b, float dy,
                                   const hl_gpu_pair *p, float g, float d_alpha,
                                   hl_lane_f v[HL_FOLD_VALUES], int slot)
{
    (void)slot;
    if (w->row.stats >= 0 && p->weight > 0) {
        v[HL_GPU_SET_STATS][slot] += 1;
        v[HL_GPU_SET_STATS + 1][slot] += d_alpha;
        v[HL_GPU_SET_STATS + 2][slot] += d_alpha * d_alpha;
        v[HL_GPU_SET_STATS + 3][slot] += p->weight;
    }
    if (w->row.abs2d >= 0) { /* the conic times (dx, dy): out of A, B and C */
        const float scale = (float)(-2 / HL_LOG2_E) * g;
        v[HL_GPU_SET_ABS][slot] += fabsf(scale * (2 * c->a * c->dx + b * dy));
        v[HL_GPU_SET_ABS + 1][slot] += fabsf(scale * (b * c->dx + 2 * c->c * dy));
    }
}

/* Colour only collects 9 sums, with statistics 13 of 16; any planes; or only what the largest
 * weights add to the rests. */
enum { HL_GPU_BWD_COLOR, HL_GPU_BWD_STATS, HL_GPU_BWD_GENERAL, HL_GPU_BWD_WEIGHTS };

/* What pixel k adds to the lane's sums; moments: of 1, dy, dy^2 along the column. */
HL_GPU_FN void hl_gpu_replay_pair(const hl_gpu_work *w, const hl_gpu_staged *s, uint32_t id,
                                  const hl_gpu_column *c, const hl_gpu_pair *p, int x, int y, int k,
                                  hl_gpu_replay *r, hl_lane_f v[HL_FOLD_VALUES], float moment[3],
                                  int slot, int mode)
{
    const float rgb[3] = {s->q[1].z, s->q[1].w, s->q[2].x}, dy = c->dy + (float)k;
    float value = mode == HL_GPU_BWD_GENERAL ? hl_gpu_extra_value_at(w, id, x, y) : 0;
    (void)slot;
    HL_UNROLL
    for (int q = 0; q < 3; q++) {
        value += rgb[q] * r->g[k][q][slot];
        v[6 + q][slot] += p->weight * r->g[k][q][slot];
    }
    r->weight[k][slot] = p->weight;
    const float d_alpha = hl_pair_alpha_bwd(p->t, p->alpha, value, &r->rest[k][slot]);
    const float g = p->clamped ? 0 : -0.5f * p->alpha * d_alpha;
    moment[0] += g;
    moment[1] += g * dy;
    moment[2] += g * dy * dy;
    if (mode == HL_GPU_BWD_COLOR)
        return;
    hl_gpu_add_stats_of(w, c, s->q[0].w, dy, p, g, d_alpha, v, slot);
    if (mode == HL_GPU_BWD_GENERAL && w->d_median && p->t > (float)HL_MEDIAN_T &&
        p->next <= (float)HL_MEDIAN_T)
        v[HL_GPU_SET_MEDIAN][slot] += w->d_median[(size_t)y * (size_t)w->stride + (size_t)x];
}

/* A staged splat over the lane's pixels.  Returns 1 where there was a pair. */
HL_GPU_FN int hl_gpu_replay_splat(const hl_gpu_work *w, const hl_gpu_blend_shared *shared, int j,
                                  int tile, int lane, hl_gpu_replay *r, hl_lane_f v[HL_FOLD_VALUES],
                                  int mode)
{
    const hl_gpu_staged s = shared->splat[j];
    const uint32_t id = shared->id[j];
    const int x = hl_gpu_px_x(w, tile, lane), y = hl_gpu_px_y(w, tile, lane, 0);
    const int slot = HL_SLOT(lane), general = mode >= HL_GPU_BWD_GENERAL;
    const hl_gpu_column c = hl_gpu_column_of(&s, x, y);
    float moment[3] = {0, 0, 0};
    int any = 0;
    (void)slot;
    HL_UNROLL
    for (int k = 0; k < HL_GPU_LANE_PX; k++) {
        const int inside = !general || hl_gpu_in_window(w, &s, x, y + k);
        const hl_gpu_pair p = hl_gpu_pair_at(&c, k, r->px.t[k][slot], inside);
        r->px.t[k][slot] = p.next;
        any |= p.weight > 0;
        if (mode == HL_GPU_BWD_WEIGHTS) { /* the sums over later pairs need to know it first */
            if (p.weight > 0 &&
                (uint32_t)w->max_weight[id] == 0xffffffffu - (uint32_t)((y + k) * w->width + x))
                r->rest[k][slot] += p.weight * w->d_max_weight[id];
            continue;
        }
        r->weight[k][slot] = 0;
        if (!general || p.weight > 0)
            hl_gpu_replay_pair(w, &s, id, &c, &p, x, y + k, k, r, v, moment, slot, mode);
    }
    if (mode != HL_GPU_BWD_WEIGHTS) {
        v[0][slot] = moment[0];
        v[1][slot] = moment[0] * c.dx;
        v[2][slot] = moment[1];
        v[3][slot] = moment[0] * c.dx * c.dx;
        v[4][slot] = moment[1] * c.dx;
        v[5][slot] = moment[2];
    }
    return any;
}

/* Place of sum k of the first set in a gradient row, -1 for none. */
HL_GPU_FN int hl_gpu_set_place(const hl_gpu_work *w, int k)
{
    if (k < HL_GPU_SET_ABS)
        return k;
    if (k < HL_GPU_SET_STATS)
        return w->row.abs2d < 0 ? -1 : w->row.abs2d + k - HL_GPU_SET_ABS;
    if (k < HL_GPU_SET_MEDIAN)
        return w->row.stats < 0 ? -1 : w->row.stats + k - HL_GPU_SET_STATS;
    return w->row.median;
}

HL_GPU_FN void hl_gpu_put_sum(const hl_gpu_work *w, float *row, int at, float sum)
{
    if (at < 0)
        return;
    if (w->row_splat)
        row[at] = sum;
    else
        hl_gpu_add(row + at, sum);
}

/* Sums of w dL/dplane for the planes beyond colour, 16 at a time. */
HL_GPU_FN void hl_gpu_extra_sums(const hl_gpu_work *w, int tile, const hl_gpu_replay *r, float *row)
{
    for (int first = 3; first < w->plane_count; first += HL_FOLD_VALUES) {
        hl_lane_f v[HL_FOLD_VALUES];
        HL_EACH_LANE(l)
        {
            HL_UNROLL
            for (int q = 0; q < HL_FOLD_VALUES; q++) {
                const int p = first + q;
                float sum = 0;
                for (int k = 0; k < HL_GPU_LANE_PX && p < w->plane_count; k++)
                    if (r->weight[k][HL_SLOT(l)] > 0)
                        sum += r->weight[k][HL_SLOT(l)] *
                               hl_gpu_or_zero(w->d_plane[p], hl_gpu_px_at(w, tile, l, k));
                v[q][HL_SLOT(l)] = sum;
            }
        }
        hl_warp_fold16(v);
        HL_EACH_LANE(l)
        {
            if (l % 2 == 0 && first + l / 2 < w->plane_count)
                hl_gpu_put_sum(w, row, 6 + first + l / 2, v[0][HL_SLOT(l)]);
        }
    }
}

/* One staged splat over the tile, its sums to its row. */
HL_GPU_FN void hl_gpu_bwd_splat(const hl_gpu_work *w, const hl_gpu_blend_shared *shared, int j,
                                int tile, hl_gpu_replay *r, int mode)
{
    hl_lane_f v[HL_FOLD_VALUES];
    hl_lane_i any;
    HL_EACH_LANE(l)
    {
        HL_UNROLL
        for (int q = 0; q < HL_FOLD_VALUES; q++)
            v[q][HL_SLOT(l)] = 0;
        any[HL_SLOT(l)] = hl_gpu_replay_splat(w, shared, j, tile, l, r, v, mode);
    }
    if (!hl_warp_ballot(any))
        return;
    float *row =
        w->rows + (size_t)(w->row_splat ? shared->row[j] : shared->id[j]) * (size_t)w->row.floats;
    if (mode == HL_GPU_BWD_COLOR) {
        hl_warp_fold9(v);
        HL_EACH_LANE(l)
        {
            const float sum = l == 16 ? v[8][HL_SLOT(l)] : v[0][HL_SLOT(l)];
            if (l % 2 == 0 && l <= 16)
                hl_gpu_put_sum(w, row, l / 2, sum);
        }
        return;
    }
    hl_warp_fold16(v);
    HL_EACH_LANE(l)
    {
        if (l % 2 == 0)
            hl_gpu_put_sum(w, row, hl_gpu_set_place(w, l / 2), v[0][HL_SLOT(l)]);
    }
    if (mode == HL_GPU_BWD_GENERAL)
        hl_gpu_extra_sums(w, tile, r, row);
}

HL_GPU_FN void hl_gpu_bwd_tile(const hl_gpu_work *w, int tile, hl_gpu_blend_shared *shared,
                               hl_gpu_replay *r, int mode)
{
    const uint32_t begin = w->tile_first[tile], end = begin + w->tile_end[tile];
    for (uint32_t j = begin; j < end; j += HL_LANES) {
        const uint32_t last = end - j < HL_LANES ? end : j + HL_LANES;
        hl_gpu_stage(w, j, last, shared);
        for (int k = 0; k < (int)(last - j); k++) {
            if (mode != HL_GPU_BWD_WEIGHTS) {
                hl_gpu_bwd_splat(w, shared, k, tile, r, mode);
            } else {
                HL_EACH_LANE(l)
                {
                    hl_gpu_replay_splat(w, shared, k, tile, l, r, 0, mode);
                }
            }
        }
    }
}

HL_GPU_FN void hl_gpu_bwd_color(const hl_gpu_work *w, int tile, hl_gpu_blend_shared *shared,
                                int mode)
{
    hl_gpu_replay r;
    if (w->state->halted)
        return;
    hl_gpu_replay_init(w, tile, &r, 0);
    hl_gpu_bwd_tile(w, tile, shared, &r, mode);
}

HL_GPU_FN void hl_gpu_k_blend_bwd(const hl_gpu_work *w, int64_t tile, hl_gpu_blend_shared *shared)
{
    hl_gpu_bwd_color(w, (int)tile, shared, HL_GPU_BWD_COLOR);
}

HL_GPU_FN void hl_gpu_k_blend_bwd_stats(const hl_gpu_work *w, int64_t tile,
                                        hl_gpu_blend_shared *shared)
{
    hl_gpu_bwd_color(w, (int)tile, shared, HL_GPU_BWD_STATS);
}

HL_GPU_FN void hl_gpu_k_blend_bwd_general(const hl_gpu_work *w, int64_t tile,
                                          hl_gpu_blend_shared *shared)
{
    if (w->state->halted)
        return;
    hl_gpu_replay r;
    hl_gpu_replay_init(w, (int)tile, &r, 1);
    if (w->d_max_weight) {
        hl_gpu_bwd_tile(w, (int)tile, shared, &r, HL_GPU_BWD_WEIGHTS);
        hl_gpu_pixels_init(w, (int)tile, &r.px);
    }
    hl_gpu_bwd_tile(w, (int)tile, shared, &r, HL_GPU_BWD_GENERAL);
}

/* Contributing pairs of a tile, as a number in background_partial: for benchmarks. */
HL_GPU_FN void hl_gpu_k_count_pairs(const hl_gpu_work *w, int64_t tile, hl_gpu_blend_shared *shared)
{
    const uint32_t begin = w->tile_first[tile], end = begin + w->tile_end[tile];
    hl_gpu_pixels px;
    hl_lane_u pairs, before;
    hl_gpu_pixels_init(w, (int)tile, &px);
    HL_EACH_LANE(l)
    {
        pairs[HL_SLOT(l)] = 0;
    }
    for (uint32_t j = begin; j < end; j++) {
        hl_gpu_stage(w, j, j + 1, shared);
        HL_EACH_LANE(l)
        {
            const hl_gpu_staged *s = &shared->splat[0];
            const int x = hl_gpu_px_x(w, (int)tile, l), y = hl_gpu_px_y(w, (int)tile, l, 0);
            const hl_gpu_column c = hl_gpu_column_of(s, x, y);
            for (int k = 0; k < HL_GPU_LANE_PX; k++) {
                float *t = &px.t[k][HL_SLOT(l)];
                const hl_gpu_pair p = hl_gpu_pair_at(&c, k, *t, hl_gpu_in_window(w, s, x, y + k));
                *t = p.next;
                pairs[HL_SLOT(l)] += p.weight > 0;
            }
        }
    }
    const uint32_t sum = hl_warp_scan(pairs, before);
    HL_EACH_LANE(l)
    {
        if (l == 0)
            w->background_partial[tile] = hl_gpu_from_bits(sum);
    }
}

#endif /* HL_RASTER_CUDA_GPU_BLEND_BWD_H */
