/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_project.h -- kernels from splats to lists of splats per tile.
 *
 * The sort by depth takes visible splats only; the sort by tile is stable, so each tile's list is
 * front to back.  Both run over capacities: surplus entries carry a key that sorts last.
 */
#ifndef HL_RASTER_CUDA_GPU_PROJECT_H
#define HL_RASTER_CUDA_GPU_PROJECT_H

#include "raster/cuda/gpu_work.h"
#include "raster/sh_color.h"
#include "raster/tile.h"

HL_GPU_FN void hl_gpu_geometry(const hl_gpu_work *w, int64_t i, hl_geometry *g)
{
    for (int k = 0; k < 3; k++) {
        g->mean[k] = w->p.mean[3 * i + k];
        g->log_scale[k] = w->p.log_scale[3 * i + k];
    }
    for (int k = 0; k < 4; k++)
        g->quat[k] = w->p.quat[4 * i + k];
    g->logit_opa = w->p.logit_opa[i];
    g->filter = w->filter_3d ? w->filter_3d[i] : 0;
}

HL_GPU_FN void hl_gpu_ellipse(const hl_gpu_record *rec, hl_ellipse *e, int *good)
{
    *good = hl_ellipse_init(e, rec->mu, rec->conic, rec->det, rec->ln_opacity);
}

/* Strips of HL_GPU_TILE_W columns that the ellipse's box meets; 0 when none. */
HL_GPU_FN int hl_gpu_strips(const hl_gpu_work *w, const hl_ellipse *e, int *first, int *last)
{
    const float x[2] = {e->mu[0] - e->half[0] - (float)HL_SPAN_MARGIN,
                        e->mu[0] + e->half[0] + (float)HL_SPAN_MARGIN};
    int left, right;
    if (!hl_span_pixels(x, w->width, &left, &right))
        return 0;
    *first = left / HL_GPU_TILE_W;
    *last = right / HL_GPU_TILE_W;
    return 1;
}

/* Tiles of one strip: rows *first .. of tiles; returns how many. */
HL_GPU_FN int hl_gpu_strip_tiles(const hl_gpu_work *w, const hl_ellipse *e, int strip, int *first)
{
    float y[2];
    int top, bottom;
    const float x0 = (float)(strip * HL_GPU_TILE_W) + 0.5f;
    if (!hl_ellipse_span(e, x0, x0 + (float)(HL_GPU_TILE_W - 1), y) ||
        !hl_span_pixels(y, w->height, &top, &bottom))
        return 0;
    *first = top / HL_GPU_TILE_H;
    return bottom / HL_GPU_TILE_H - *first + 1;
}

HL_GPU_FN uint32_t hl_gpu_count_tiles(const hl_gpu_work *w, const hl_ellipse *e)
{
    int first, last, row;
    uint32_t tiles = 0;
    if (!hl_gpu_strips(w, e, &first, &last))
        return 0;
    for (int s = first; s <= last; s++)
        tiles += (uint32_t)hl_gpu_strip_tiles(w, e, s, &row);
    return tiles;
}

/* 0 for NaN and infinity. */
HL_GPU_FN int hl_gpu_finite(const float *values, int count)
{
    float sum = 0;
    for (int i = 0; i < count; i++)
        sum += values[i] * 0;
    return sum == 0;
}

/* Values of the planes beyond colour; 0 when one is not finite. */
HL_GPU_FN int hl_gpu_extra(const hl_gpu_work *w, int64_t i, const hl_geometry *g,
                           hl_gpu_record *rec)
{
    float *value = w->extra_value + i * w->extra;
    int k = 0;
    if (w->depth_plane >= 0)
        value[k++] = rec->depth;
    float normal[3], q[4];
    if (w->normal_plane >= 0 || w->distance_plane >= 0) {
        hl_quat_unit(g->quat, q);
        rec->flags |= hl_splat_normal(g->log_scale, q, g->mean, w->step->projector.eye, normal)
                      << 4;
    }
    for (int c = 0; c < 3 && w->normal_plane >= 0; c++)
        value[k++] = normal[c];
    for (int f = 0; f < w->feature_count; f++)
        value[k++] = w->features[i * w->feature_count + f];
    if (w->depth_2_plane >= 0)
        value[k++] = rec->depth * rec->depth;
    if (w->distance_plane >= 0)
        value[k] = hl_plane_distance(normal, g->mean, w->step->projector.eye);
    return hl_gpu_finite(value, w->extra);
}

/* Fills *g and *rec, but for the colour; 0 when the splat leaves no trace in the picture. */
HL_GPU_FN int hl_gpu_project_shape(const hl_gpu_work *w, int64_t i, hl_geometry *out,
                                   hl_gpu_record *rec)
{
    const hl_projector *p = &w->step->projector;
    hl_geometry g;
    hl_footprint f;
    hl_ellipse e;
    hl_gpu_geometry(w, i, &g);
    *out = g;
    const float largest = hl_max(g.log_scale[0], hl_max(g.log_scale[1], g.log_scale[2]));
    const float reach = (float)HL_REACH * (hl_exp(largest) + g.filter);
    const float size[2] = {(float)w->width, (float)w->height};
    if (hl_project_outside(p, size, g.mean, reach) || !hl_project(p, &g, &f))
        return 0;
    for (int k = 0; k < 2; k++)
        rec->mu[k] = f.mu[k];
    for (int k = 0; k < 3; k++)
        rec->conic[k] = f.conic[k];
    rec->opacity = f.opacity;
    rec->depth = f.depth;
    rec->det = 1 / f.det;
    rec->ln_opacity = hl_ln(f.opacity);
    int good;
    hl_gpu_ellipse(rec, &e, &good);
    if (!good)
        return 0;
    rec->tiles = hl_gpu_count_tiles(w, &e);
    return rec->tiles && hl_gpu_finite(g.quat, 4) && hl_gpu_finite(g.log_scale, 3) &&
           hl_gpu_finite(&g.logit_opa, 1);
}

/* The rest of *rec; sh (3, 16).  0 where it is not finite. */
HL_GPU_FN int hl_gpu_project_color(const hl_gpu_work *w, int64_t i, const hl_geometry *g,
                                   const float *sh, hl_gpu_record *rec, int general)
{
    rec->flags = hl_sh_color(w->sh_degree, g->mean, w->step->projector.eye, sh, rec->rgb);
    return !(rec->flags & HL_COLOR_BAD) && (!general || hl_gpu_extra(w, i, g, rec));
}

enum {
    HL_GPU_SH_PITCH = HL_SPLAT_DIM_sh + 1, /* odd: lanes read from different banks */
    HL_GPU_SH_QUADS = HL_SPLAT_DIM_sh / 4
};

typedef struct hl_gpu_project_shared {
    float sh[HL_LANES][HL_GPU_SH_PITCH];
} hl_gpu_project_shared;

/* Coefficients of splats first .. first + 31 to shared memory, neighbours by neighbouring lanes:
 * each lane on its own would fetch a sector for every number. */
HL_GPU_FN void hl_gpu_load_sh(const hl_gpu_work *w, int64_t first, float sh[][HL_GPU_SH_PITCH])
{
    const int64_t left = w->count - first;
    const int quads = (int)(left < HL_LANES ? left : HL_LANES) * HL_GPU_SH_QUADS;
    const float *from = w->p.sh + first * HL_SPLAT_DIM_sh;
    HL_EACH_LANE(l)
    {
        HL_UNROLL_4
        for (int q = l; q < quads; q += HL_LANES) {
            float *to = sh[q / HL_GPU_SH_QUADS] + 4 * (q % HL_GPU_SH_QUADS);
            const hl_quad value = hl_quad_load(from + 4 * q);
            to[0] = value.x;
            to[1] = value.y;
            to[2] = value.z;
            to[3] = value.w;
        }
    }
    hl_warp_sync();
}

HL_GPU_FN void hl_gpu_store_record(const hl_gpu_work *w, int64_t i, int visible,
                                   const hl_gpu_record *rec)
{
    w->flag[i] = (uint32_t)visible;
    if (visible) {
        w->record[i] = *rec;
        w->cluster_seen[i / HL_CLUSTER] = w->step->stamp;
    } else {
        w->record[i].tiles = 0;
    }
    if (w->max_weight)
        w->max_weight[i] = 0;
}

/* 32 splats; splat `count` closes the list of flags.  general: planes beyond colour. */
HL_GPU_FN void hl_gpu_project_warp(const hl_gpu_work *w, int64_t warp,
                                   hl_gpu_project_shared *shared, int general)
{
    const int64_t first = warp * HL_LANES;
    if (w->state->halted)
        return;
    hl_gpu_record rec[HL_LANE_SLOTS];
    hl_geometry g[HL_LANE_SLOTS];
    hl_lane_i visible;
    HL_EACH_LANE(l)
    {
        rec[HL_SLOT(l)].reserved = rec[HL_SLOT(l)].first = 0;
        visible[HL_SLOT(l)] = first + l < w->count &&
                              hl_gpu_project_shape(w, first + l, &g[HL_SLOT(l)], &rec[HL_SLOT(l)]);
    }
    if (hl_warp_ballot(visible))
        hl_gpu_load_sh(w, first, shared->sh);
    HL_EACH_LANE(l)
    {
        const int64_t i = first + l;
        if (visible[HL_SLOT(l)])
            visible[HL_SLOT(l)] = hl_gpu_project_color(w, i, &g[HL_SLOT(l)], shared->sh[l],
                                                       &rec[HL_SLOT(l)], general);
        if (i < w->count)
            hl_gpu_store_record(w, i, visible[HL_SLOT(l)], &rec[HL_SLOT(l)]);
        else if (i == w->count)
            w->flag[i] = 0;
    }
}

HL_GPU_FN void hl_gpu_k_project(const hl_gpu_work *w, int64_t warp, hl_gpu_project_shared *shared)
{
    hl_gpu_project_warp(w, warp, shared, 0);
}

HL_GPU_FN void hl_gpu_k_project_general(const hl_gpu_work *w, int64_t warp,
                                        hl_gpu_project_shared *shared)
{
    hl_gpu_project_warp(w, warp, shared, 1);
}

/* Visible splats without gaps, in storage order; the rest of the capacity gets a last key. */
HL_GPU_FN void hl_gpu_k_gather(const hl_gpu_work *w, int64_t i)
{
    const uint32_t visible = w->place[w->count];
    if (w->state->halted)
        return;
    if (i < w->count && w->flag[i]) {
        const uint32_t at = w->place[i];
        if (at < w->visible_capacity) {
            w->key_in[at] = hl_gpu_bits(w->record[i].depth); /* positive: bits order as floats */
            w->id_in[at] = (uint32_t)i;
        }
    }
    if (i < (int64_t)w->visible_capacity && i >= (int64_t)visible) {
        w->key_in[i] = HL_GPU_NO_KEY;
        w->id_in[i] = 0;
    }
}

/* Tiles of the i-th splat from the front. */
HL_GPU_FN void hl_gpu_k_reach(const hl_gpu_work *w, int64_t i)
{
    if (w->state->halted)
        return;
    const uint32_t visible = w->place[w->count];
    const int inside = i < (int64_t)visible && i < (int64_t)w->visible_capacity;
    w->reach[i] = inside ? w->record[w->id[i]].tiles : 0;
}

/* Unused: the warp's lanes meet in registers only. */
typedef struct hl_gpu_emit_shared {
    uint32_t unused;
} hl_gpu_emit_shared;

enum { HL_GPU_SERIAL_TILES = 16 }; /* splats with more are emitted by the whole warp */

HL_GPU_FN void hl_gpu_put(const hl_gpu_work *w, uint32_t at, uint32_t tile, uint32_t splat)
{
    if (at >= w->instance_capacity)
        return;
    w->tile_in[at] = tile;
    w->value_in[at] = w->row_splat ? at : splat;
    if (w->row_splat)
        w->row_splat[at] = splat;
}

HL_GPU_FN void hl_gpu_emit_serial(const hl_gpu_work *w, uint32_t splat, uint32_t at)
{
    hl_ellipse e;
    int good, first, last, row;
    hl_gpu_ellipse(&w->record[splat], &e, &good);
    if (!good || !hl_gpu_strips(w, &e, &first, &last))
        return;
    for (int s = first; s <= last; s++) {
        const int n = hl_gpu_strip_tiles(w, &e, s, &row);
        for (int k = 0; k < n; k++)
            hl_gpu_put(w, at++, (uint32_t)((row + k) * w->columns + s), splat);
    }
}

/* The same by all lanes: 32 strips at a time. */
HL_GPU_FN void hl_gpu_emit_wide(const hl_gpu_work *w, uint32_t splat, uint32_t at)
{
    hl_ellipse e;
    int good, first, last;
    hl_gpu_ellipse(&w->record[splat], &e, &good);
    if (!good || !hl_gpu_strips(w, &e, &first, &last))
        return;
    for (int s = first; s <= last; s += HL_LANES) {
        hl_lane_u n, before;
        hl_lane_i row;
        HL_EACH_LANE(l)
        {
            int top = 0;
            n[HL_SLOT(l)] = s + l <= last ? (uint32_t)hl_gpu_strip_tiles(w, &e, s + l, &top) : 0;
            row[HL_SLOT(l)] = top;
        }
        const uint32_t all = hl_warp_scan(n, before);
        HL_EACH_LANE(l)
        {
            for (uint32_t k = 0; k < n[HL_SLOT(l)]; k++)
                hl_gpu_put(w, at + before[HL_SLOT(l)] + k,
                           (uint32_t)((row[HL_SLOT(l)] + (int32_t)k) * w->columns + s + l), splat);
        }
        at += all;
    }
}

/* Splat-tile pairs of 32 splats, front to back, and the surplus of the instance list. */
HL_GPU_FN void hl_gpu_k_emit(const hl_gpu_work *w, int64_t warp, hl_gpu_emit_shared *shared)
{
    (void)shared;
    if (w->state->halted)
        return;
    const uint32_t visible = w->place[w->count], total = w->offset[w->visible_capacity];
    hl_lane_u splat, at;
    hl_lane_i wide;
    HL_EACH_LANE(l)
    {
        const int64_t i = warp * HL_LANES + l;
        wide[HL_SLOT(l)] = 0;
        splat[HL_SLOT(l)] = at[HL_SLOT(l)] = 0;
        if (i >= (int64_t)total && i < (int64_t)w->instance_capacity)
            w->tile_in[i] = HL_GPU_NO_KEY;
        if (i < (int64_t)visible && i < (int64_t)w->visible_capacity) {
            splat[HL_SLOT(l)] = w->id[i];
            at[HL_SLOT(l)] = w->offset[i];
            if (w->row_splat)
                w->record[w->id[i]].first = w->offset[i];
            wide[HL_SLOT(l)] = w->reach[i] > HL_GPU_SERIAL_TILES;
            if (!wide[HL_SLOT(l)])
                hl_gpu_emit_serial(w, w->id[i], w->offset[i]);
        }
    }
    uint32_t left = hl_warp_ballot(wide);
    for (int l = 0; left; l++, left >>= 1)
        if (left & 1u)
            hl_gpu_emit_wide(w, hl_warp_of(splat, l), hl_warp_of(at, l));
}

/* First instance of the sorted list whose tile is not below `tile`. */
HL_GPU_FN uint32_t hl_gpu_lower_bound(const uint32_t *tile_of, uint32_t count, uint32_t tile)
{
    uint32_t lo = 0, hi = count;
    while (lo < hi) {
        const uint32_t middle = lo + (hi - lo) / 2;
        if (tile_of[middle] < tile)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* Where tile i's list begins; item `tiles` is the end, and the place where an overflow shows. */
HL_GPU_FN void hl_gpu_k_ranges(const hl_gpu_work *w, int64_t i)
{
    if (w->state->halted)
        return;
    const uint32_t visible = w->place[w->count], total = w->offset[w->visible_capacity];
    const uint32_t held = total < w->instance_capacity ? total : w->instance_capacity;
    w->tile_first[i] = hl_gpu_lower_bound(w->tile, held, (uint32_t)i);
    if (i != w->tiles)
        return;
    w->state->visible = visible;
    w->state->instances = total;
    hl_gpu_max_u32(&w->state->max_visible, visible);
    hl_gpu_max_u32(&w->state->max_instances, total);
    if (visible > w->visible_capacity || total > w->instance_capacity) {
        w->state->halted = HL_GPU_OVERFLOW;
        w->state->halted_step = w->step->index;
    }
}

#endif /* HL_RASTER_CUDA_GPU_PROJECT_H */
