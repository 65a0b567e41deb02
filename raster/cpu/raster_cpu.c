/* SPDX-License-Identifier: MIT */
/* The CPU backend: buffers, stages in order, choice of instruction set. */
#include "raster/cpu/raster_cpu.h"

#include "core/timer.h"
#include "raster/blend.h"

#include <math.h>
#include <string.h>

hl_status hl_cpu_reserve(hl_cpu *r, void **block, int64_t *capacity, int64_t count, size_t size)
{
    if (count <= *capacity && *block)
        return HL_OK;
    const int64_t wanted = count + count / 4 + 64;
    void *fresh = hl_alloc((size_t)wanted, size);
    if (!fresh)
        return hl_fail_context(HL_E_MEMORY, "rasterizer");
    r->bytes += (size_t)wanted * size - (*block ? (size_t)*capacity * size : 0);
    hl_free(*block);
    *block = fresh;
    *capacity = wanted;
    return HL_OK;
}

static bool has_avx2(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

static bool has_avx512(void)
{
#if defined(__x86_64__)
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

hl_isa hl_raster_best_isa(void)
{
    if (hl_cpu_kernels_avx512() && has_avx512())
        return HL_ISA_AVX512;
    return hl_cpu_kernels_avx2() && has_avx2() ? HL_ISA_AVX2 : HL_ISA_PLAIN;
}

static const hl_cpu_kernels *kernels_of(hl_isa isa)
{
    if (isa == HL_ISA_AUTO)
        isa = hl_raster_best_isa();
    if (isa == HL_ISA_AVX512)
        return has_avx512() ? hl_cpu_kernels_avx512() : NULL;
    if (isa == HL_ISA_AVX2)
        return has_avx2() ? hl_cpu_kernels_avx2() : NULL;
    return &hl_cpu_kernels_plain;
}

static hl_status create(void **state, hl_isa isa)
{
    const hl_cpu_kernels *kernels = kernels_of(isa);
    if (!kernels)
        return hl_fail(HL_E_BACKEND, "backend cpu: no %s in this processor or build",
                       isa == HL_ISA_AVX512 ? "AVX-512" : "AVX2");
    hl_cpu *r = hl_alloc(1, sizeof *r);
    if (!r)
        return HL_E_MEMORY;
    r->kernels = kernels;
    *state = r;
    return HL_OK;
}

static void destroy(void *state)
{
    hl_cpu *r = state;
    void *all[] = {r->record,    r->extra_value, r->key[0],    r->key[1],     r->order[0],
                   r->order[1],  r->max_weight,  r->max_pixel, r->tile_first, r->tile_end,
                   r->tile_list, r->chunk_count, r->instance,  r->rows,       r->pixels,
                   r->partial,   r->scratch,     r->block};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        hl_free(all[i]);
    hl_free(r);
}

static const char *isa_name(const void *state)
{
    return ((const hl_cpu *)state)->kernels->name;
}

static void profile(void *state, hl_spans *spans)
{
    ((hl_cpu *)state)->spans = spans;
}

static size_t bytes_held(const void *state)
{
    return ((const hl_cpu *)state)->bytes + sizeof(hl_cpu);
}

/* Lays the planes out in one block: plane_count, then transmittance, then the median. */
static hl_status layout_frame(hl_cpu *r)
{
    hl_raster_frame *f = &r->frame;
    memset(f, 0, sizeof *f);
    f->width = r->view.width;
    f->height = r->view.height;
    r->columns = (f->width + HL_TILE - 1) / HL_TILE;
    r->tile_rows = (f->height + HL_TILE - 1) / HL_TILE;
    r->tiles = r->columns * r->tile_rows;
    f->stride = r->columns * HL_TILE;
    f->rows = r->tile_rows * HL_TILE;
    const uint32_t outputs = r->options.outputs;
    f->plane_count = 3;
    f->depth_plane = f->normal_plane = f->feature_plane = -1;
    f->depth_2_plane = f->distance_plane = -1;
    if (outputs & HL_RASTER_DEPTH)
        f->depth_plane = f->plane_count++;
    if (outputs & HL_RASTER_NORMAL) {
        f->normal_plane = f->plane_count;
        f->plane_count += 3;
    }
    if (r->options.feature_count) {
        f->feature_plane = f->plane_count;
        f->plane_count += r->options.feature_count;
    }
    if (outputs & HL_RASTER_DEPTH_2)
        f->depth_2_plane = f->plane_count++;
    if (outputs & HL_RASTER_DISTANCE)
        f->distance_plane = f->plane_count++;
    r->extra = f->plane_count - 3;
    const int64_t plane = (int64_t)f->stride * f->rows;
    const int64_t planes = f->plane_count + 1 + (outputs & HL_RASTER_MEDIAN ? 1 : 0);
    HL_TRY(
        hl_cpu_reserve(r, (void **)&r->pixels, &r->pixels_capacity, plane * planes, sizeof(float)));
    float *at = r->pixels;
    for (int32_t p = 0; p < f->plane_count; p++, at += plane)
        f->plane[p] = at;
    f->transmittance = at;
    if (outputs & HL_RASTER_MEDIAN)
        f->median_depth = at + plane;
    return HL_OK;
}

static void blend_tile(void *ctx, int32_t tile, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    const bool plain = r->frame.max_weight || r->frame.median_depth;
    (plain ? hl_cpu_blend_plain : r->kernels->blend)(r, tile);
}

static void blend_bwd_tile(void *ctx, int32_t tile, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    const bool plain = r->frame_grad->max_weight || r->frame_grad->median_depth;
    (plain ? hl_cpu_blend_bwd_plain : r->kernels->blend_bwd)(r, tile);
}

/* Ends a stage: adds the time since *since to the span and restarts the clock. */
static void lap(hl_cpu *r, const char *name, double *since)
{
    if (!r->spans)
        return;
    const double now = hl_wall_seconds();
    hl_span_add(r->spans, name, now - *since);
    *since = now;
}

static hl_status forward(void *state, const hl_splats *splats, const hl_raster_view *view,
                         const hl_raster_options *options, hl_raster_frame *frame)
{
    hl_cpu *r = state;
    double clock = r->spans ? hl_wall_seconds() : 0;
    r->splats = splats;
    r->view = *view;
    r->options = *options;
    const float size[2] = {(float)view->width, (float)view->height};
    const float k[4] = {view->fx, view->fy, view->cx, view->cy};
    hl_projector_init(&r->projector, size, k, view->r, view->t, options->antialiased);
    HL_TRY(layout_frame(r));
    HL_TRY(hl_cpu_project(r));
    lap(r, "project", &clock);
    hl_cpu_sort(r);
    lap(r, "sort", &clock);
    HL_TRY(hl_cpu_bin(r));
    lap(r, "bin", &clock);
    if (options->outputs & HL_RASTER_MAX_WEIGHT) {
        r->frame.max_weight = r->max_weight;
        HL_TRY(hl_cpu_reserve(r, (void **)&r->rows, &r->rows_capacity, r->instances * 2,
                              sizeof(float)));
    }
    hl_parallel_for(r->tiles, blend_tile, r);
    if (r->frame.max_weight)
        hl_cpu_max_weight(r);
    lap(r, "blend", &clock);
    r->frame.visible = r->visible;
    r->frame.instances = r->instances;
    *frame = r->frame;
    return HL_OK;
}

static void layout_row(hl_cpu *r)
{
    const hl_raster_stats *st = r->sink->stats;
    int32_t at = 6 + r->frame.plane_count;
    r->row.abs2d = r->row.stats = r->row.median = -1;
    if (st && st->grad_2d_abs) {
        r->row.abs2d = at;
        at += 2;
    }
    if (st && (st->fragments || st->grad_alpha || st->grad_alpha_2 || st->weight)) {
        r->row.stats = at;
        at += 4;
    }
    if (r->frame_grad->median_depth && r->frame.median_depth)
        r->row.median = at++;
    r->row.floats = at;
}

/* dL/d(background) = sum over pixels of T_end dL/dcolour; one row of pixels per block. */
static void background_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    const size_t at = (size_t)y * (size_t)r->frame.stride;
    const float *t = r->frame.transmittance + at;
    for (int32_t c = 0; c < 3; c++) {
        const float *g = r->frame_grad->plane[c];
        double sum = 0;
        for (int32_t x = 0; g && x < r->frame.width; x++)
            sum += (double)(t[x] * g[at + (size_t)x]);
        r->partial[(size_t)y * 3 + (size_t)c] = sum;
    }
}

static hl_status background_bwd(hl_cpu *r)
{
    HL_TRY(hl_cpu_reserve(r, (void **)&r->partial, &r->partial_capacity,
                          (int64_t)r->frame.height * 3, sizeof(double)));
    hl_parallel_for(r->frame.height, background_row, r);
    for (int32_t c = 0; c < 3; c++) {
        double sum = 0;
        for (int32_t y = 0; y < r->frame.height; y++)
            sum += r->partial[(size_t)y * 3 + (size_t)c];
        r->sink->background[c] = (float)sum;
    }
    return HL_OK;
}

static hl_status backward(void *state, hl_splats *splats, const hl_raster_frame_grad *frame_grad,
                          hl_raster_sink *sink)
{
    hl_cpu *r = state;
    double clock = r->spans ? hl_wall_seconds() : 0;
    r->frame_grad = frame_grad;
    r->sink = sink;
    r->target = splats;
    layout_row(r);
    HL_TRY(hl_cpu_reserve(r, (void **)&r->rows, &r->rows_capacity, r->instances * r->row.floats,
                          sizeof(float)));
    hl_parallel_for(r->tiles, blend_bwd_tile, r);
    lap(r, "blend_bwd", &clock);
    HL_TRY(background_bwd(r));
    HL_TRY(hl_cpu_splat_bwd(r));
    lap(r, "splat_bwd", &clock);
    return HL_OK;
}

/* Pairs of one tile, by replaying it without writing anything. */
static int64_t pairs_of_tile(const hl_cpu *r, int32_t tile)
{
    const int32_t x0 = tile % r->columns * HL_TILE, y0 = tile / r->columns * HL_TILE;
    int64_t pairs = 0;
    for (int32_t k = 0; k < TILE_PIXELS; k++) {
        const int32_t x = x0 + k % HL_TILE, y = y0 + k / HL_TILE;
        if (x >= r->view.width || y >= r->view.height)
            continue;
        float t = 1;
        for (int64_t j = r->tile_first[tile]; j < r->tile_first[tile + 1]; j++) {
            const hl_cpu_record *s = &r->record[r->instance[j].splat];
            int clamped;
            const float alpha = hl_cpu_pair_alpha(r, s, x, y, &clamped);
            if (!(alpha > 0))
                continue;
            if (hl_pair_stops(t, alpha))
                break;
            t *= 1 - alpha;
            pairs++;
        }
    }
    return pairs;
}

static int64_t count_pairs(void *state)
{
    const hl_cpu *r = state;
    int64_t pairs = 0;
    for (int32_t t = 0; t < r->tiles; t++)
        pairs += pairs_of_tile(r, t);
    return pairs;
}

enum { COPY_BLOCKS = 64, COPY_RUNS = 3 };
#define COPY_BYTES ((size_t)128 << 20) /* far beyond caches */

typedef struct copy_job {
    char *to;
    const char *from;
} copy_job;

static void copy_block(void *ctx, int32_t block, int32_t thread)
{
    const copy_job *job = ctx;
    const size_t bytes = COPY_BYTES / COPY_BLOCKS, at = (size_t)block * bytes;
    (void)thread;
    memcpy(job->to + at, job->from + at, bytes);
}

/* The fastest of a few; the first also brings the pages in. */
static hl_status copy_rate(void *state, double *bytes_per_second)
{
    (void)state;
    double best = HUGE_VAL;
    char *from = hl_alloc(COPY_BYTES, 1), *to = hl_alloc(COPY_BYTES, 1);
    copy_job job = {to, from};
    for (int k = 0; k < COPY_RUNS && from && to; k++) {
        const double start = hl_wall_seconds();
        hl_parallel_for(COPY_BLOCKS, copy_block, &job);
        best = fmin(best, hl_wall_seconds() - start);
    }
    hl_free(from);
    hl_free(to);
    *bytes_per_second = 2 * (double)COPY_BYTES / best;
    return from && to ? HL_OK : HL_E_MEMORY;
}

static const hl_raster_backend cpu = {.name = "cpu",
                                      .score = 10,
                                      .create = create,
                                      .destroy = destroy,
                                      .isa_name = isa_name,
                                      .profile = profile,
                                      .forward = forward,
                                      .backward = backward,
                                      .bytes_held = bytes_held,
                                      .count_pairs = count_pairs,
                                      .copy_rate = copy_rate};

const hl_raster_backend *hl_raster_backend_cpu(void)
{
    return &cpu;
}

size_t hl_raster_bytes(int32_t splats, int32_t width, int32_t height, int64_t instances,
                       int32_t planes)
{
    const size_t columns = ((size_t)width + HL_TILE - 1) / HL_TILE;
    const size_t tile_rows = ((size_t)height + HL_TILE - 1) / HL_TILE;
    const size_t pixels = columns * tile_rows * TILE_PIXELS;
    const size_t per_splat = sizeof(hl_cpu_record) + 7 * 4 + 4 * ((size_t)planes - 3);
    const size_t per_pair = sizeof(hl_cpu_instance) + 6 + 4 * (6 + (size_t)planes + 4);
    const size_t chunks = (size_t)hl_block_count(splats, 2048);
    const size_t histograms = columns * tile_rows * 4 * (chunks < BIN_CHUNKS_MAX ? chunks : 64);
    return (per_splat * (size_t)splats + per_pair * (size_t)instances + histograms +
            pixels * 4 * ((size_t)planes + 1)) /
           4 * 5; /* the slack of hl_cpu_reserve */
}
