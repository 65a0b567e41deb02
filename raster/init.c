/* SPDX-License-Identifier: MIT */
#include "raster/init.h"

#include "core/memory.h"
#include "core/rng.h"
#include "core/se3.h"
#include "raster/spatial.h"

#include <math.h>
#include <string.h>

typedef struct cloud {
    float *points;  /* (count, 3) */
    float *colors;  /* (count, 3) 0..1 */
    uint64_t *keys; /* (count) Z-order, upwards */
    int32_t *order; /* (count) */
    float *rms;     /* (count) */
    int32_t count;
} cloud;

float hl_init_extent(const hl_raster_view *views, int32_t count, float *center)
{
    double mean[3] = {0, 0, 0};
    for (int32_t i = 0; i < count; i++) {
        float r[9], eye[3];
        hl_se3_inverse(views[i].r, views[i].t, r, eye);
        for (int a = 0; a < 3; a++)
            mean[a] += (double)eye[a] / count;
    }
    double most = 0;
    for (int32_t i = 0; i < count; i++) {
        float r[9], eye[3];
        hl_se3_inverse(views[i].r, views[i].t, r, eye);
        double squared = 0;
        for (int a = 0; a < 3; a++)
            squared += ((double)eye[a] - mean[a]) * ((double)eye[a] - mean[a]);
        most = fmax(most, sqrt(squared));
    }
    for (int a = 0; center && a < 3; a++)
        center[a] = (float)mean[a];
    return most > 0 ? (float)(1.1 * most) : 1;
}

void hl_init_random_points(float *points, uint8_t *colors, int32_t count, const float center[3],
                           float extent, uint64_t seed)
{
    for (int32_t i = 0; i < count; i++) {
        hl_rng rng = hl_rng_at(seed, 0, (uint64_t)i, HL_RNG_INIT);
        for (int a = 0; a < 3; a++) {
            points[3 * (size_t)i + (size_t)a] =
                center[a] + 3 * extent * (hl_rng_uniform(&rng) - 0.5f);
            colors[3 * (size_t)i + (size_t)a] = (uint8_t)hl_rng_below(&rng, 256);
        }
    }
}

static void cloud_release(cloud *c)
{
    hl_free(c->points);
    hl_free(c->colors);
    hl_free(c->keys);
    hl_free(c->order);
    hl_free(c->rms);
}

static hl_status cloud_create(cloud *c, int32_t count)
{
    const size_t n = (size_t)count;
    c->points = hl_alloc(3 * n, sizeof(float));
    c->colors = hl_alloc(3 * n, sizeof(float));
    c->keys = hl_alloc(n, sizeof(uint64_t));
    c->order = hl_alloc(n, sizeof(int32_t));
    c->rms = hl_alloc(n, sizeof(float));
    c->count = 0;
    return c->points && c->colors && c->keys && c->order && c->rms ? HL_OK : HL_E_MEMORY;
}

/* Finite points, in Z-order. */
static hl_status take_points(cloud *out, cloud *raw, const float *points, const uint8_t *colors,
                             int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float *p = points + 3 * (size_t)i;
        if (!isfinite(p[0]) || !isfinite(p[1]) || !isfinite(p[2]))
            continue;
        const size_t to = 3 * (size_t)raw->count++;
        for (size_t a = 0; a < 3; a++) {
            raw->points[to + a] = p[a];
            raw->colors[to + a] = colors ? (float)colors[3 * (size_t)i + a] / 255 : 0.5f;
        }
    }
    out->count = raw->count;
    hl_morton_keys(raw->keys, raw->points, raw->count);
    HL_TRY(hl_morton_sort(raw->order, raw->keys, raw->count));
    memcpy(out->keys, raw->keys, (size_t)raw->count * sizeof *out->keys);
    for (int32_t i = 0; i < raw->count; i++) {
        const size_t from = 3 * (size_t)raw->order[i], to = 3 * (size_t)i;
        memcpy(out->points + to, raw->points + from, 3 * sizeof(float));
        memcpy(out->colors + to, raw->colors + from, 3 * sizeof(float));
    }
    return HL_OK;
}

static int32_t count_voxels(const cloud *c, int shift)
{
    int32_t n = c->count > 0;
    for (int32_t i = 1; i < c->count; i++)
        n += c->keys[i] >> shift != c->keys[i - 1] >> shift;
    return n;
}

/* Averages the points of each voxel, with the finest voxels that leave at most `limit`. */
static void thin(cloud *c, int32_t limit)
{
    int shift = 0;
    while (shift < 3 * HL_MORTON_BITS && count_voxels(c, shift) > limit)
        shift++; /* one axis at a time: halves the number or less */
    if (shift == 0 && c->count <= limit)
        return;
    int32_t out = 0;
    for (int32_t i = 0; i < c->count; out++) {
        double sum[6] = {0};
        const uint64_t voxel = c->keys[i] >> shift;
        int32_t n = 0;
        for (; i < c->count && c->keys[i] >> shift == voxel; i++, n++)
            for (size_t a = 0; a < 3; a++) {
                sum[a] += (double)c->points[3 * (size_t)i + a];
                sum[3 + a] += (double)c->colors[3 * (size_t)i + a];
            }
        for (size_t a = 0; a < 3; a++) {
            c->points[3 * (size_t)out + a] = (float)(sum[a] / n);
            c->colors[3 * (size_t)out + a] = (float)(sum[3 + a] / n);
        }
    }
    c->count = out;
}

static void fill(hl_splats *s, const cloud *c, const hl_init_options *o)
{
    memset(s->sh, 0, (size_t)c->count * HL_SPLAT_DIM_sh * sizeof *s->sh);
    for (int32_t i = 0; i < c->count; i++) {
        const size_t k = (size_t)i;
        const float size =
            hl_clamp(c->rms[i] * o->scale_factor, 1e-4f * o->extent, 0.1f * o->extent);
        for (size_t a = 0; a < 3; a++) {
            s->mean[3 * k + a] = c->points[3 * k + a];
            s->log_scale[3 * k + a] = logf(size);
            s->quat[4 * k + 1 + a] = 0;
            s->sh[HL_SPLAT_DIM_sh * k + a * HL_SH_COEFFS_MAX] =
                (c->colors[3 * k + a] - 0.5f) / HL_SH_C0;
        }
        s->quat[4 * k] = 1;
        s->logit_opa[k] = hl_logit(o->opacity);
    }
    s->count = c->count;
    s->sh_degree = 0;
}

hl_status hl_init_from_points(hl_splats *splats, const float *points, const uint8_t *colors,
                              int32_t count, const hl_init_options *options)
{
    if (options->limit < 1 || options->limit > splats->capacity)
        return hl_fail(HL_E_ARG, "initial splats: limit %d is not in 1..%d", options->limit,
                       splats->capacity);
    cloud raw = {.count = 0}, c = {.count = 0};
    hl_status s = cloud_create(&raw, count);
    if (s == HL_OK)
        s = cloud_create(&c, count);
    if (s == HL_OK)
        s = take_points(&c, &raw, points, colors, count);
    if (s == HL_OK && c.count == 0)
        s = hl_fail(HL_E_ARG, "initial splats: none of %d points is finite", count);
    if (s == HL_OK) {
        thin(&c, options->limit);
        s = hl_spatial_rms3(c.rms, c.points, c.count);
    }
    if (s == HL_OK)
        fill(splats, &c, options);
    cloud_release(&raw);
    cloud_release(&c);
    return s;
}
