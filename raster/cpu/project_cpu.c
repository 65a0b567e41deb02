/* SPDX-License-Identifier: MIT */
/* Splats to records: frustum test, projection, colour; visible ids in storage order. */
#include "raster/cpu/raster_cpu.h"
#include "raster/sh_color.h"
#include "raster/tile.h"

#include <math.h>
#include <string.h>

/* Cheap and safe: no splat that could reach the picture is rejected.  3.4 standard deviations
 * exceed sqrt(2 ln 255), the largest extent; the factor on tz covers the clamped Jacobian. */
static int outside(const hl_cpu *r, const float *mean, float reach)
{
    const hl_projector *p = &r->projector;
    float t[3];
    hl_mul3(p->r, mean, t);
    for (int i = 0; i < 3; i++)
        t[i] += p->t[i];
    if (!(t[2] >= (float)HL_NEAR))
        return 1;
    /* footprint radius <= reach (f / tz) sqrt(1 + u_c^2 + ...) + dilation */
    const float iz = 1 / t[2], u = t[0] * iz, v = t[1] * iz;
    const float bound_u = hl_max(-p->u_min, p->u_max), bound_v = hl_max(-p->v_min, p->v_max);
    const float rx = reach * p->fx * iz * hl_sqrt(1 + bound_u * bound_u) + 4;
    const float ry = reach * p->fy * iz * hl_sqrt(1 + bound_v * bound_v) + 4;
    const float x = p->fx * u + p->cx, y = p->fy * v + p->cy;
    return x + rx < 0 || y + ry < 0 || x - rx > (float)r->view.width ||
           y - ry > (float)r->view.height;
}

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
    if (r->frame.normal_plane >= 0) {
        float q[4];
        hl_quat_unit(g->quat, q);
        rec->clamped |= hl_splat_normal(g->log_scale, q, g->mean, r->projector.eye, value + k) << 3;
        k += 3;
    }
    const int32_t n = r->options.feature_count;
    if (n)
        memcpy(value + k, r->options.features + (size_t)i * (size_t)n, (size_t)n * sizeof(float));
}

/* Returns 1 when the splat reaches the picture. */
static int project_one(hl_cpu *r, int32_t i)
{
    hl_cpu_record *rec = &r->record[i];
    rec->row_count = 0;
    const float *ls = r->splats->log_scale + 3 * (size_t)i;
    const float filter = r->options.filter_3d ? r->options.filter_3d[i] : 0;
    const float largest = hl_max(ls[0], hl_max(ls[1], ls[2]));
    const float reach = 3.4f * (hl_exp(largest) + filter);
    if (outside(r, r->splats->mean + 3 * (size_t)i, reach))
        return 0;
    hl_geometry g;
    hl_footprint f;
    hl_ellipse e;
    geometry_of(r->splats, i, r->options.filter_3d, &g);
    if (!hl_project(&r->projector, &g, &f) || !hl_ellipse_init(&e, f.mu, f.cov, f.conic, f.opacity))
        return 0;
    if (f.mu[0] + e.half[0] < 0 || f.mu[1] + e.half[1] < 0 ||
        f.mu[0] - e.half[0] > (float)r->view.width || f.mu[1] - e.half[1] > (float)r->view.height)
        return 0;
    const float *sh = r->splats->sh + (size_t)i * HL_SPLAT_DIM_sh;
    rec->clamped = hl_sh_color(r->options.sh_degree, g.mean, r->projector.eye, sh, rec->rgb);
    if (!finite_sum(sh, HL_SPLAT_DIM_sh) || !finite_sum(g.quat, 4))
        return 0;
    memcpy(rec->mu, f.mu, sizeof rec->mu);
    memcpy(rec->conic, f.conic, sizeof rec->conic);
    memcpy(rec->half, e.half, sizeof rec->half);
    rec->opacity = f.opacity;
    rec->depth = f.depth;
    rec->log2_opacity = log2f(f.opacity);
    if (r->extra) {
        fill_extra(r, i, &g, rec);
        if (!finite_sum(r->extra_value + (size_t)i * (size_t)r->extra, r->extra))
            return 0;
    }
    return 1;
}

static void project_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    const int32_t first = block * PROJECT_BLOCK;
    const int32_t end =
        first + PROJECT_BLOCK < r->splats->count ? first + PROJECT_BLOCK : r->splats->count;
    int32_t n = 0;
    for (int32_t i = first; i < end; i++)
        if (project_one(r, i)) {
            uint32_t bits;
            memcpy(&bits, &r->record[i].depth, sizeof bits); /* positive: bits order as floats */
            r->key[1][first + n] = bits;
            r->order[1][first + n] = i;
            n++;
        }
    r->block_visible[block] = n;
}

/* Closes the gaps between the blocks: key[1], order[1] -> key[0], order[0]. */
static void compact_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    const size_t from = (size_t)block * PROJECT_BLOCK;
    const size_t to = (size_t)r->block_visible[block];
    const size_t n = (size_t)(r->block_visible[block + 1] - r->block_visible[block]);
    memcpy(r->key[0] + to, r->key[1] + from, n * sizeof(uint32_t));
    memcpy(r->order[0] + to, r->order[1] + from, n * sizeof(int32_t));
}

static hl_status reserve_splats(hl_cpu *r, int32_t count)
{
    void **all[] = {(void **)&r->record,     (void **)&r->key[0],   (void **)&r->key[1],
                    (void **)&r->order[0],   (void **)&r->order[1], (void **)&r->block_visible,
                    (void **)&r->max_weight, (void **)&r->max_pixel};
    int64_t capacity = r->splat_capacity;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        capacity = r->splat_capacity;
        const size_t size = k == 0 ? sizeof(hl_cpu_record) : sizeof(int32_t);
        HL_TRY(hl_cpu_reserve(r, all[k], &capacity, (int64_t)count + 2, size));
    }
    r->splat_capacity = capacity;
    const int64_t extra = (int64_t)count * r->extra;
    return hl_cpu_reserve(r, (void **)&r->extra_value, &r->extra_capacity, extra, sizeof(float));
}

hl_status hl_cpu_project(hl_cpu *r)
{
    const int32_t count = r->splats->count, blocks = hl_block_count(count, PROJECT_BLOCK);
    HL_TRY(reserve_splats(r, count));
    hl_parallel_for(blocks, project_block, r);
    int32_t sum = 0;
    for (int32_t b = 0; b < blocks; b++) {
        const int32_t n = r->block_visible[b];
        r->block_visible[b] = sum;
        sum += n;
    }
    if (blocks)
        r->block_visible[blocks] = sum;
    r->visible = sum;
    hl_parallel_for(blocks, compact_block, r);
    return HL_OK;
}
