/* SPDX-License-Identifier: MIT */
/* raster/cpu/project_kernel.h -- splats to records and tiles, one block at a time.  Included once
 * per instruction set: the compiler's flags are the only difference. */
#ifndef HL_RASTER_CPU_PROJECT_KERNEL_H
#define HL_RASTER_CPU_PROJECT_KERNEL_H

#include "raster/cpu/raster_cpu.h"
#include "raster/sh_color.h"
#include "raster/tile.h"

#include <math.h>
#include <string.h>

#define LN_2 0.6931471806f

static void geometry_of(const hl_splats *s, int32_t i, const float *filter_3d, hl_geometry *g)
{
    memcpy(g->mean, s->mean + 3 * (size_t)i, sizeof g->mean);
    memcpy(g->log_scale, s->log_scale + 3 * (size_t)i, sizeof g->log_scale);
    memcpy(g->quat, s->quat + 4 * (size_t)i, sizeof g->quat);
    g->logit_opa = s->logit_opa[i];
    g->filter = filter_3d ? filter_3d[i] : 0;
}

static int finite_sum(const float *values, int32_t count)
{
    float sum = 0;
    for (int32_t i = 0; i < count; i++)
        sum += values[i] * 0;
    return sum == 0; /* NaN and infinity give NaN */
}

static void fill_extra(hl_cpu *r, int32_t i, const hl_geometry *g, hl_cpu_record *rec)
{
    float *value = r->extra_value + (size_t)i * (size_t)r->extra;
    int32_t k = 0;
    if (r->frame.depth_plane >= 0)
        value[k++] = rec->depth;
    float normal[3];
    if (r->frame.normal_plane >= 0 || r->frame.distance_plane >= 0) {
        float q[4];
        hl_quat_unit(g->quat, q);
        rec->clamped |= hl_splat_normal(g->log_scale, q, g->mean, r->projector.eye, normal) << 4;
    }
    if (r->frame.normal_plane >= 0) {
        memcpy(value + k, normal, sizeof normal);
        k += 3;
    }
    const int32_t n = r->options.feature_count;
    if (n)
        memcpy(value + k, r->options.features + (size_t)i * (size_t)n, (size_t)n * sizeof(float));
    k += n;
    if (r->frame.depth_2_plane >= 0)
        value[k++] = rec->depth * rec->depth;
    if (r->frame.distance_plane >= 0)
        value[k] = hl_plane_distance(normal, g->mean, r->projector.eye);
}

/* Pixel columns that the ellipse's box meets; 0 when none. */
static int columns_of(const hl_cpu *r, const hl_ellipse *e, int *first, int *last)
{
    const float x[2] = {e->mu[0] - e->half[0] - (float)HL_SPAN_MARGIN,
                        e->mu[0] + e->half[0] + (float)HL_SPAN_MARGIN};
    return hl_span_pixels(x, r->view.width, first, last);
}

/* Tiles of its box: never fewer than those of the ellipse; 0 when it misses the picture. */
static int32_t box_tiles(const hl_cpu *r, const hl_ellipse *e)
{
    int left, right, top, bottom;
    const float margin = 2 * (float)HL_SPAN_MARGIN;
    const float y[2] = {e->mu[1] - e->half[1] - margin, e->mu[1] + e->half[1] + margin};
    if (!columns_of(r, e, &left, &right) || !hl_span_pixels(y, r->view.height, &top, &bottom))
        return 0;
    return (right / HL_TILE - left / HL_TILE + 1) * (bottom / HL_TILE - top / HL_TILE + 1);
}

/* Returns 1 when the splat reaches the picture; rec->list is then the number of its box's tiles. */
static int project_one(hl_cpu *r, int32_t i)
{
    hl_cpu_record *rec = &r->record[i];
    rec->row_count = 0;
    const float *ls = r->splats->log_scale + 3 * (size_t)i;
    const float filter = r->options.filter_3d ? r->options.filter_3d[i] : 0;
    const float largest = hl_max(ls[0], hl_max(ls[1], ls[2]));
    const float reach = (float)HL_REACH * (hl_exp(largest) + filter);
    const float size[2] = {(float)r->view.width, (float)r->view.height};
    if (hl_project_outside(&r->projector, size, r->splats->mean + 3 * (size_t)i, reach))
        return 0;
    hl_geometry g;
    hl_footprint f;
    hl_ellipse e;
    geometry_of(r->splats, i, r->options.filter_3d, &g);
    if (!hl_project(&r->projector, &g, &f))
        return 0;
    rec->log2_opacity = log2f(f.opacity);
    rec->det = 1 / f.det;
    if (!hl_ellipse_init(&e, f.mu, f.conic, rec->det, LN_2 * rec->log2_opacity))
        return 0;
    rec->list = box_tiles(r, &e);
    if (!rec->list)
        return 0;
    const float *sh = r->splats->sh + (size_t)i * HL_SPLAT_DIM_sh;
    rec->clamped = hl_sh_color(r->options.sh_degree, g.mean, r->projector.eye, sh, rec->rgb);
    if (rec->clamped & HL_COLOR_BAD || !finite_sum(g.quat, 4) || !finite_sum(ls, 3) ||
        !finite_sum(&g.logit_opa, 1))
        return 0;
    memcpy(rec->mu, f.mu, sizeof rec->mu);
    memcpy(rec->conic, f.conic, sizeof rec->conic);
    rec->opacity = f.opacity;
    rec->depth = f.depth;
    if (r->extra) {
        fill_extra(r, i, &g, rec);
        if (!finite_sum(r->extra_value + (size_t)i * (size_t)r->extra, r->extra))
            return 0;
    }
    return 1;
}

static void project_block(hl_cpu *r, int32_t block)
{
    const int32_t first = block * PROJECT_BLOCK;
    const int32_t end =
        r->splats->count - first < PROJECT_BLOCK ? r->splats->count : first + PROJECT_BLOCK;
    int32_t n = 0;
    int64_t bound = 0;
    for (int32_t i = first; i < end; i++)
        if (project_one(r, i)) {
            uint32_t bits;
            memcpy(&bits, &r->record[i].depth, sizeof bits); /* positive: bits order as floats */
            r->key[1][first + n] = bits;
            r->order[1][first + n] = i;
            bound += r->record[i].list;
            n++;
        }
    r->block[block].visible = n;
    r->block[block].bound = bound;
}

/* Tiles of a splat, appended to tile_list at `at`, strip by strip; returns how many. */
static int32_t list_tiles(hl_cpu *r, const hl_cpu_record *rec, int64_t at)
{
    hl_ellipse e;
    int left, right;
    if (!hl_ellipse_init(&e, rec->mu, rec->conic, rec->det, LN_2 * rec->log2_opacity) ||
        !columns_of(r, &e, &left, &right))
        return 0;
    uint32_t *out = r->tile_list + at;
    for (int c = left / HL_TILE; c <= right / HL_TILE; c++) {
        float y[2];
        int top, bottom;
        const float x0 = (float)(c * HL_TILE) + 0.5f;
        if (!hl_ellipse_span(&e, x0, x0 + HL_TILE - 1, y) ||
            !hl_span_pixels(y, r->view.height, &top, &bottom))
            continue;
        const int first = top / HL_TILE, last = bottom / HL_TILE;
        for (int row = first; row <= last; row++)
            *out++ = hl_cpu_pack_tile((uint32_t)(row * r->columns + c),
                                      row == first ? (uint32_t)top % HL_TILE : 0,
                                      row == last ? (uint32_t)bottom % HL_TILE : HL_TILE - 1);
    }
    return (int32_t)(out - (r->tile_list + at));
}

static void tiles_block(hl_cpu *r, int32_t block)
{
    const int32_t visible = r->block[block + 1].visible - r->block[block].visible;
    const int32_t *ids = r->order[1] + (size_t)block * PROJECT_BLOCK;
    int64_t at = r->block[block].bound, rows = 0;
    for (int32_t k = 0; k < visible; k++) {
        hl_cpu_record *rec = &r->record[ids[k]];
        const int32_t box = rec->list;
        rec->list = (int32_t)at;
        rec->row_count = list_tiles(r, rec, at);
        rec->first_row = (int32_t)rows; /* within the block, until the blocks are summed */
        rows += rec->row_count;
        at += box;
    }
    r->block[block].rows = rows;
}

#endif /* HL_RASTER_CPU_PROJECT_KERNEL_H */
