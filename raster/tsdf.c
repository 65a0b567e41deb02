/* SPDX-License-Identifier: MIT */
#include "raster/tsdf.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "raster/mesh/field.h"

#include <math.h>
#include <string.h>

enum { SIDE_MAX = 1 << 20, BLOCKS_LIMIT = 1 << 24 };

static const float TRUNCATION_VOXELS = 4.0f;
static const float WEIGHT_MAX = 4.0f; /* of one view: a close one counts so much at most */

/* ---- blocks ---- */

static uint32_t hash_of(const int32_t at[3])
{
    const uint32_t h = (uint32_t)at[0] * 73856093u ^ (uint32_t)at[1] * 19349663u ^
                       (uint32_t)at[2] * 83492791u; /* Teschner et al. 2003 */
    return h ^ h >> 15;
}

static bool same(const int32_t a[3], const int32_t b[3])
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/* Slot of the block, or the free one where it would go. */
static uint32_t slot_of(const hl_tsdf *t, const int32_t at[3])
{
    const uint32_t mask = (uint32_t)t->slot_count - 1;
    uint32_t i = hash_of(at) & mask;
    while (t->slots[i] && !same(t->at[t->slots[i] - 1], at))
        i = (i + 1) & mask;
    return i;
}

int32_t hl_tsdf_find(const hl_tsdf *t, const int32_t at[3])
{
    return t->slots[slot_of(t, at)] - 1;
}

static hl_status grow_table(hl_tsdf *t)
{
    const int32_t capacity = 2 * t->capacity, slot_count = 2 * t->slot_count;
    int32_t(*at)[3] = hl_grow(t->at, (size_t)t->capacity, (size_t)capacity, sizeof *at);
    if (!at)
        return HL_E_MEMORY;
    t->at = at;
    int32_t *slots = hl_alloc((size_t)slot_count, sizeof *slots);
    if (!slots)
        return HL_E_MEMORY;
    hl_free(t->slots);
    t->slots = slots;
    t->slot_count = slot_count;
    t->capacity = capacity;
    for (int32_t i = 0; i < t->count; i++)
        t->slots[slot_of(t, t->at[i])] = i + 1;
    return HL_OK;
}

static hl_status add_chunk(hl_tsdf *t)
{
    const size_t n = (size_t)t->chunk_count;
    hl_tsdf_block **chunks = (hl_tsdf_block **)hl_grow((void *)t->chunks, n, n + 1, sizeof(void *));
    if (!chunks)
        return HL_E_MEMORY;
    t->chunks = chunks;
    chunks[n] = hl_alloc(HL_CHUNK_BLOCKS, sizeof(hl_tsdf_block));
    if (!chunks[n])
        return HL_E_MEMORY;
    t->chunk_count++;
    return HL_OK;
}

hl_status hl_tsdf_touch(hl_tsdf *t, const int32_t at[3])
{
    uint32_t slot = slot_of(t, at);
    if (t->slots[slot])
        return HL_OK;
    if (t->count == t->options.blocks_max)
        return hl_fail(HL_E_MEMORY,
                       "the surface needs more than %d blocks (%.0f MB) at voxels of %g; about %g "
                       "would fit",
                       (int)t->count, (double)t->count * HL_TSDF_BLOCK_BYTES * 1e-6,
                       (double)t->options.voxel, 1.5 * (double)t->options.voxel);
    if (t->count == t->capacity) {
        HL_TRY(grow_table(t));
        slot = slot_of(t, at);
    }
    if (t->count == t->chunk_count * HL_CHUNK_BLOCKS)
        HL_TRY(add_chunk(t));
    memcpy(t->at[t->count], at, sizeof t->at[0]);
    t->slots[slot] = ++t->count;
    return HL_OK;
}

hl_status hl_tsdf_create(hl_tsdf **out, const hl_tsdf_options *options)
{
    const float *lo = options->low, *hi = options->high, h = options->voxel;
    if (!(h > 0) || options->blocks_max < 1 || options->blocks_max > BLOCKS_LIMIT)
        return hl_fail(HL_E_ARG,
                       "voxels of %g in at most %d blocks: expected a positive size and "
                       "1 .. %d blocks",
                       (double)h, (int)options->blocks_max, (int)BLOCKS_LIMIT);
    for (int k = 0; k < 3; k++)
        if (!(hi[k] > lo[k]) || !((hi[k] - lo[k]) / h < (float)SIDE_MAX))
            return hl_fail(HL_E_ARG, "box from %g to %g with voxels of %g: expected 1 .. %d voxels",
                           (double)lo[k], (double)hi[k], (double)h, (int)SIDE_MAX);
    hl_tsdf *t = hl_alloc(1, sizeof *t);
    if (!t)
        return HL_E_MEMORY;
    t->options = *options;
    if (!(t->options.truncation > 0))
        t->options.truncation = TRUNCATION_VOXELS * h;
    for (int k = 0; k < 3; k++)
        t->size[k] = (int32_t)ceilf((hi[k] - lo[k]) / h / HL_BLOCK_SIDE) + 1;
    t->capacity = 1024;
    t->slot_count = 4096;
    t->at = hl_alloc((size_t)t->capacity, sizeof *t->at);
    t->slots = hl_alloc((size_t)t->slot_count, sizeof *t->slots);
    if (!t->at || !t->slots) {
        hl_tsdf_destroy(&t);
        return HL_E_MEMORY;
    }
    *out = t;
    return HL_OK;
}

void hl_tsdf_destroy(hl_tsdf **tsdf)
{
    hl_tsdf *t = *tsdf;
    if (!t)
        return;
    for (int32_t i = 0; i < t->chunk_count; i++)
        hl_free(t->chunks[i]);
    hl_free((void *)t->chunks);
    hl_free(t->at);
    hl_free(t->slots);
    hl_free(t->usable);
    hl_free(t->facing);
    hl_free(t);
    *tsdf = NULL;
}

int32_t hl_tsdf_block_count(const hl_tsdf *tsdf)
{
    return tsdf->count;
}

/* ---- which blocks a view touches ---- */

/* World point of pixel (x, y) at depth z. */
static void point_at(const hl_raster_view *v, int32_t x, int32_t y, float z, float out[3])
{
    const float p[3] = {((float)x + 0.5f - v->cx) / v->fx * z - v->t[0],
                        ((float)y + 0.5f - v->cy) / v->fy * z - v->t[1], z - v->t[2]};
    for (int k = 0; k < 3; k++)
        out[k] = v->r[k] * p[0] + v->r[3 + k] * p[1] + v->r[6 + k] * p[2];
}

/* Blocks along the ray of a pixel from a truncation before the surface to one behind it. */
static hl_status touch_pixel(hl_tsdf *t, const hl_raster_view *v, int32_t x, int32_t y, float depth,
                             int32_t last[3])
{
    const hl_tsdf_options *o = &t->options;
    const float ray =
        hypotf(hypotf(((float)x + 0.5f - v->cx) / v->fx, ((float)y + 0.5f - v->cy) / v->fy), 1.0f);
    const float reach = (o->truncation + o->voxel) / ray, step = 4 * o->voxel / ray;
    const int steps = (int)ceilf(2 * reach / step);
    for (int i = 0; i <= steps; i++) {
        float p[3];
        int32_t at[3];
        bool inside = true;
        point_at(v, x, y, depth - reach + 2 * reach * (float)i / (float)steps, p);
        for (int k = 0; k < 3; k++) {
            const float b = floorf((p[k] - o->low[k]) / (o->voxel * HL_BLOCK_SIDE));
            inside = inside && b >= 0 && b < (float)t->size[k];
            at[k] = inside ? (int32_t)b : 0;
        }
        if (!inside || same(at, last))
            continue;
        memcpy(last, at, 3 * sizeof *last);
        HL_TRY(hl_tsdf_touch(t, at));
    }
    return HL_OK;
}

static hl_status touch_blocks(hl_tsdf *t, const hl_raster_view *v)
{
    int32_t last[3] = {-1, -1, -1};
    for (int32_t y = 0; y < v->height; y++)
        for (int32_t x = 0; x < v->width; x++) {
            const float depth = t->usable[(size_t)y * (size_t)v->width + (size_t)x];
            if (depth > 0)
                HL_TRY(touch_pixel(t, v, x, y, depth, last));
        }
    return HL_OK;
}

/* ---- samples of a block ---- */

typedef struct update {
    hl_tsdf *t;
    const hl_tsdf_view *view;
    float reference; /* distance at which a view has weight 1: half the diagonal of the box */
} update;

/* What a view says about a point: surface depth, facing and colour between four pixel centres. */
typedef struct reading {
    float depth, facing, color[3];
} reading;

static bool read_view(const update *u, float px, float py, reading *out)
{
    const hl_raster_view *v = u->view->camera;
    const float fx = px - 0.5f, fy = py - 0.5f;
    if (!(fx > -0.5f && fy > -0.5f && fx < (float)v->width - 0.5f && fy < (float)v->height - 0.5f))
        return false;
    const int32_t x = (int32_t)floorf(fx), y = (int32_t)floorf(fy);
    const float ax = fx - (float)x, ay = fy - (float)y;
    *out = (reading){0};
    float sum = 0, low = INFINITY, high = 0;
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++) {
            const int32_t u0 = x + i, v0 = y + j;
            if (u0 < 0 || v0 < 0 || u0 >= v->width || v0 >= v->height)
                continue;
            const size_t at = (size_t)v0 * (size_t)v->width + (size_t)u0;
            const float d = u->t->usable[at], w = (i ? ax : 1 - ax) * (j ? ay : 1 - ay);
            if (!(d > 0))
                continue;
            sum += w;
            low = fminf(low, d);
            high = fmaxf(high, d);
            out->depth += w * d;
            out->facing += w * u->t->facing[at];
            const size_t from = (size_t)v0 * (size_t)u->view->stride + (size_t)u0;
            for (int c = 0; u->view->color[0] && c < 3; c++)
                out->color[c] += w * u->view->color[c][from];
        }
    if (!(sum > 0.49f)) /* the nearest pixel saw nothing usable */
        return false;
    out->depth /= sum;
    out->facing /= sum;
    for (int c = 0; c < 3; c++)
        out->color[c] /= sum;
    return high - low < u->t->options.truncation * 2;
}

static void update_sample(const update *u, hl_tsdf_block *block, size_t i, const float p[3])
{
    const hl_raster_view *v = u->view->camera;
    const float truncation = u->t->options.truncation;
    float c[3];
    for (int k = 0; k < 3; k++)
        c[k] = v->r[3 * k] * p[0] + v->r[3 * k + 1] * p[1] + v->r[3 * k + 2] * p[2] + v->t[k];
    if (!(c[2] > 0))
        return;
    const float x = c[0] / c[2], y = c[1] / c[2];
    reading r;
    if (!read_view(u, v->fx * x + v->cx, v->fy * y + v->cy, &r))
        return;
    const float ray = sqrtf(x * x + y * y + 1);
    float distance = (r.depth - c[2]) * ray * r.facing;
    if (distance < -truncation)
        return;
    const float closeness = u->reference / r.depth;
    /* Squared: seen at a grazing angle, a curved surface looks farther than it is. */
    float weight = r.facing * r.facing * fminf(closeness * closeness, WEIGHT_MAX);
    if (distance < 0) /* behind the surface nothing was seen: trust fades */
        weight *= fmaxf(1 + distance / truncation, 0.01f);
    distance = fminf(distance, truncation);
    const float before = block->weight[i], after = before + weight, share = weight / after;
    block->weight[i] = after;
    block->distance[i] += share * (distance - block->distance[i]);
    if (u->view->color[0] && fabsf(distance) < truncation)
        for (size_t k = 0; k < 3; k++)
            block->color[3 * i + k] += share * (r.color[k] - block->color[3 * i + k]);
}

/* Whether the ball around a block reaches into the picture. */
static bool may_see(const hl_raster_view *v, const float low[3], float side)
{
    const float radius = 0.8661f * side;
    float c[3];
    for (int k = 0; k < 3; k++) {
        c[k] = v->t[k];
        for (int j = 0; j < 3; j++)
            c[k] += v->r[3 * k + j] * (low[j] + 0.5f * side);
    }
    if (c[2] < -radius)
        return false;
    const float near = fmaxf(c[2] - radius, 1e-6f * radius);
    const float x = v->fx * (fabsf(c[0]) + radius) / near,
                y = v->fy * (fabsf(c[1]) + radius) / near;
    if (c[2] < 2 * radius) /* too near for the bounds below */
        return true;
    const float px = v->fx * c[0] / c[2] + v->cx, py = v->fy * c[1] / c[2] + v->cy;
    const float rx = x - v->fx * fabsf(c[0]) / c[2], ry = y - v->fy * fabsf(c[1]) / c[2];
    return px + rx > 0 && px - rx < (float)v->width && py + ry > 0 && py - ry < (float)v->height;
}

static void update_block(void *context, int32_t index, int32_t thread)
{
    const update *u = context;
    const hl_tsdf_options *o = &u->t->options;
    (void)thread;
    const int32_t *at = u->t->at[index];
    float low[3];
    for (int k = 0; k < 3; k++)
        low[k] = o->low[k] + (float)(at[k] * HL_BLOCK_SIDE) * o->voxel;
    if (!may_see(u->view->camera, low, o->voxel * HL_BLOCK_SIDE))
        return;
    hl_tsdf_block *block = hl_tsdf_block_at(u->t, index);
    for (size_t i = 0; i < HL_BLOCK_SAMPLES; i++) {
        const float p[3] = {low[0] + (float)(i % 8) * o->voxel,
                            low[1] + (float)(i / 8 % 8) * o->voxel,
                            low[2] + (float)(i / 64) * o->voxel};
        update_sample(u, block, i, p);
    }
}

hl_status hl_tsdf_integrate(hl_tsdf *tsdf, const hl_tsdf_view *view)
{
    HL_TRY(hl_tsdf_judge_pixels(tsdf, view));
    HL_TRY(touch_blocks(tsdf, view->camera));
    const hl_tsdf_options *o = &tsdf->options;
    const float d[3] = {o->high[0] - o->low[0], o->high[1] - o->low[1], o->high[2] - o->low[2]};
    update u = {tsdf, view, 0.5f * sqrtf(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])};
    tsdf->colored |= view->color[0] != NULL;
    hl_parallel_for(tsdf->count, update_block, &u);
    return HL_OK;
}

/* ---- reading ---- */

bool hl_tsdf_read(const hl_tsdf *tsdf, const float p[3], float *distance, float *color)
{
    int32_t low[3];
    float t[3], sums[4] = {0, 0, 0, 0};
    for (int k = 0; k < 3; k++) {
        const float x = (p[k] - tsdf->options.low[k]) / tsdf->options.voxel;
        if (!(x >= 0 && x < (float)(tsdf->size[k] * HL_BLOCK_SIDE)))
            return false;
        low[k] = (int32_t)x;
        t[k] = x - (float)low[k];
    }
    for (int c = 0; c < 8; c++) {
        const int32_t at[3] = {low[0] + (c & 1), low[1] + (c >> 1 & 1), low[2] + (c >> 2 & 1)};
        const int32_t block =
            hl_tsdf_find(tsdf, (const int32_t[3]){at[0] / 8, at[1] / 8, at[2] / 8});
        const size_t i = (size_t)(at[0] % 8) + 8 * (size_t)(at[1] % 8) + 64 * (size_t)(at[2] % 8);
        const hl_tsdf_block *b = block < 0 ? NULL : hl_tsdf_block_at(tsdf, block);
        if (!b || !(b->weight[i] > 0))
            return false;
        const float w =
            (c & 1 ? t[0] : 1 - t[0]) * (c & 2 ? t[1] : 1 - t[1]) * (c & 4 ? t[2] : 1 - t[2]);
        sums[3] += w * b->distance[i];
        for (size_t k = 0; k < 3; k++)
            sums[k] += w * b->color[3 * i + k];
    }
    *distance = sums[3];
    if (color)
        memcpy(color, sums, 3 * sizeof *color);
    return true;
}
