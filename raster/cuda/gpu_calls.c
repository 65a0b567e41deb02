/* SPDX-License-Identifier: MIT */
/* Buffers of the GPU rasterizer and the order in which its kernels are enqueued. */
#include "core/memory.h"
#include "core/parallel.h"
#include "raster/cuda/gpu_finish.h"
#include "raster/cuda/gpu_plan.h"
#include "raster/cuda/raster_gpu.h"

#include <string.h>

hl_status hl_gpu_raster_create(hl_gpu_raster **out, const hl_gpu_table *table)
{
    hl_gpu_raster *r = hl_alloc(1, sizeof *r);
    if (!r)
        return HL_E_MEMORY;
    void *state = NULL;
    hl_status s = hl_gpu_open(&r->gpu, table);
    if (s == HL_OK)
        s = hl_gpu_pin(&r->gpu, &state, sizeof *r->state);
    r->state = state;
    if (s == HL_OK)
        s = hl_gpu_reserve(&r->gpu, &r->buffer[HL_GPU_B_STEP], 1, sizeof(hl_gpu_step), "a step");
    if (s == HL_OK)
        s = hl_gpu_reserve(&r->gpu, &r->buffer[HL_GPU_B_STATE], 1, sizeof(hl_gpu_state), "a state");
    if (s != HL_OK) {
        hl_gpu_raster_destroy(r);
        return s;
    }
    r->work.step = r->buffer[HL_GPU_B_STEP].at;
    r->work.state = r->buffer[HL_GPU_B_STATE].at;
    *out = r;
    return HL_OK;
}

void hl_gpu_raster_destroy(hl_gpu_raster *r)
{
    if (r->gpu.table) {
        for (int b = 0; b < HL_GPU_B_COUNT; b++)
            hl_gpu_free(&r->gpu, &r->buffer[b]);
        hl_gpu_unpin(&r->gpu, r->state);
        hl_gpu_unpin(&r->gpu, r->host_pixels);
        hl_gpu_close(&r->gpu);
    }
    hl_free(r->host_weights);
    hl_free(r->host_best);
    hl_free(r);
}

static size_t in_quads(int32_t capacity)
{
    return ((size_t)capacity + 3) / 4 * 4;
}

size_t hl_gpu_fields_floats(int32_t capacity)
{
    return in_quads(capacity) * HL_SPLAT_FLOATS;
}

void hl_gpu_fields_at(hl_gpu_fields *fields, void *at, int32_t capacity)
{
    float *next = at;
#define X(name, components) \
    fields->name = next;    \
    next += in_quads(capacity) * (components);
    HL_SPLAT_FIELDS(X)
#undef X
}

static void shape_picture(hl_gpu_work *w, const hl_raster_view *view,
                          const hl_raster_options *options)
{
    const uint32_t outputs = options->outputs;
    w->width = view->width;
    w->height = view->height;
    w->stride = (view->width + HL_TILE - 1) / HL_TILE * HL_TILE;
    w->px_rows = (view->height + HL_TILE - 1) / HL_TILE * HL_TILE;
    w->plane = (size_t)w->stride * (size_t)w->px_rows;
    w->columns = w->stride / HL_GPU_TILE_W;
    w->tile_rows = w->px_rows / HL_GPU_TILE_H;
    w->tiles = w->columns * w->tile_rows;
    w->squares_x = w->stride / HL_TILE;
    w->squares = w->squares_x * (w->px_rows / HL_TILE);
    w->sh_degree = options->sh_degree;
    w->plane_count = 3;
    w->depth_plane = w->normal_plane = w->feature_plane = -1;
    w->depth_2_plane = w->distance_plane = -1;
    w->feature_count = options->feature_count;
    if (outputs & HL_RASTER_DEPTH)
        w->depth_plane = w->plane_count++;
    if (outputs & HL_RASTER_NORMAL) {
        w->normal_plane = w->plane_count;
        w->plane_count += 3;
    }
    if (w->feature_count) {
        w->feature_plane = w->plane_count;
        w->plane_count += w->feature_count;
    }
    if (outputs & HL_RASTER_DEPTH_2)
        w->depth_2_plane = w->plane_count++;
    if (outputs & HL_RASTER_DISTANCE)
        w->distance_plane = w->plane_count++;
    w->extra = w->plane_count - 3;
}

static hl_status reserve(hl_gpu_raster *r, hl_gpu_block block, size_t count, size_t size,
                         const char *what)
{
    return hl_gpu_reserve(&r->gpu, &r->buffer[block], count, size, what);
}

static hl_status reserve_splats(hl_gpu_raster *r)
{
    hl_gpu_work *w = &r->work;
    const size_t n = (size_t)w->count + 1;
    HL_TRY(reserve(r, HL_GPU_B_RECORD, n, sizeof(hl_gpu_record), "projected splats"));
    HL_TRY(reserve(r, HL_GPU_B_FLAG, n, sizeof(uint32_t), "visible splats"));
    HL_TRY(reserve(r, HL_GPU_B_PLACE, n, sizeof(uint32_t), "visible splats"));
    HL_TRY(reserve(r, HL_GPU_B_SEEN, n / HL_CLUSTER + 1, sizeof(uint32_t), "clusters"));
    HL_TRY(reserve(r, HL_GPU_B_EXTRA, n * (size_t)w->extra, sizeof(float), "feature values"));
    HL_TRY(reserve(r, HL_GPU_B_POSE, (n / HL_LANES + 1) * 6, sizeof(float), "sums of the pose"));
    w->record = r->buffer[HL_GPU_B_RECORD].at;
    w->flag = r->buffer[HL_GPU_B_FLAG].at;
    w->place = r->buffer[HL_GPU_B_PLACE].at;
    w->cluster_seen = r->buffer[HL_GPU_B_SEEN].at;
    w->extra_value = r->buffer[HL_GPU_B_EXTRA].at;
    w->pose_partial = r->buffer[HL_GPU_B_POSE].at;
    return HL_OK;
}

static hl_status reserve_picture(hl_gpu_raster *r, uint32_t outputs)
{
    hl_gpu_work *w = &r->work;
    const size_t planes = (size_t)w->plane_count + 1 + (outputs & HL_RASTER_MEDIAN ? 1 : 0);
    const size_t tiles = (size_t)w->tiles + 1;
    HL_TRY(reserve(r, HL_GPU_B_PIXELS, planes * w->plane, sizeof(float), "planes of the picture"));
    HL_TRY(reserve(r, HL_GPU_B_TILE_FIRST, tiles, sizeof(uint32_t), "tiles"));
    HL_TRY(reserve(r, HL_GPU_B_TILE_END, tiles, sizeof(uint32_t), "tiles"));
    HL_TRY(reserve(r, HL_GPU_B_BACKGROUND, 3 * tiles, sizeof(float), "tiles"));
    w->planes = r->buffer[HL_GPU_B_PIXELS].at;
    w->transmittance = w->planes + (size_t)w->plane_count * w->plane;
    w->median = outputs & HL_RASTER_MEDIAN ? w->transmittance + w->plane : NULL;
    w->tile_first = r->buffer[HL_GPU_B_TILE_FIRST].at;
    w->tile_end = r->buffer[HL_GPU_B_TILE_END].at;
    w->background_partial = r->buffer[HL_GPU_B_BACKGROUND].at;
    w->max_weight = NULL;
    if (outputs & HL_RASTER_MAX_WEIGHT) {
        HL_TRY(
            reserve(r, HL_GPU_B_MAX_WEIGHT, (size_t)w->count, sizeof(uint64_t), "largest weights"));
        w->max_weight = r->buffer[HL_GPU_B_MAX_WEIGHT].at;
    }
    return HL_OK;
}

hl_status hl_gpu_raster_shape(hl_gpu_raster *r, const hl_raster_view *view,
                              const hl_raster_options *options, int32_t count)
{
    shape_picture(&r->work, view, options);
    r->work.count = count;
    HL_TRY(reserve_splats(r));
    return reserve_picture(r, options->outputs);
}

static hl_status reserve_visible(hl_gpu_raster *r, int64_t n)
{
    hl_gpu_work *w = &r->work;
    HL_TRY(reserve(r, HL_GPU_B_VISIBLE, 6 * ((size_t)n + 1), sizeof(uint32_t), "visible splats"));
    uint32_t *at = r->buffer[HL_GPU_B_VISIBLE].at;
    uint32_t **const list[6] = {&w->key_in, &w->key, &w->id_in, &w->id, &w->reach, &w->offset};
    for (size_t k = 0; k < 6; k++)
        *list[k] = at + k * ((size_t)n + 1);
    w->visible_capacity = (uint32_t)n;
    return HL_OK;
}

static hl_status reserve_instances(hl_gpu_raster *r, int64_t n)
{
    static const hl_gpu_block block[4] = {HL_GPU_B_TILE_IN, HL_GPU_B_TILE, HL_GPU_B_VALUE_IN,
                                          HL_GPU_B_VALUE};
    hl_gpu_work *w = &r->work;
    uint32_t **const list[4] = {&w->tile_in, &w->tile, &w->value_in, &w->value};
    for (int k = 0; k < 4; k++) {
        HL_TRY(reserve(r, block[k], (size_t)n, sizeof(uint32_t), "splat-tile pairs"));
        *list[k] = r->buffer[block[k]].at;
    }
    w->row_splat = NULL;
    if (r->ordered) {
        HL_TRY(reserve(r, HL_GPU_B_ROW_SPLAT, (size_t)n, sizeof(uint32_t), "splat-tile pairs"));
        w->row_splat = r->buffer[HL_GPU_B_ROW_SPLAT].at;
    }
    w->instance_capacity = (uint32_t)n;
    return HL_OK;
}

hl_status hl_gpu_raster_reserve_lists(hl_gpu_raster *r, bool *changed)
{
    hl_gpu_work *w = &r->work;
    const uint32_t visible_before = w->visible_capacity, instances_before = w->instance_capacity;
    const int64_t n = w->count > 0 ? w->count : 1, seen = r->state->max_visible;
    const int64_t visible = seen ? hl_gpu_plan_capacity(seen, 1, n) : n;
    const int64_t found = r->state->max_instances;
    const int64_t guess = n * HL_GPU_TILES_PER_SPLAT + HL_GPU_INSTANCES_LEAST;
    if (found >= HL_GPU_INSTANCES_MOST)
        return hl_fail(HL_E_MEMORY, "raster: more than %lld splat-tile pairs, limit %lld",
                       (long long)found - 1, (long long)HL_GPU_INSTANCES_MOST);
    int64_t instances =
        found ? hl_gpu_plan_capacity(found, HL_GPU_INSTANCES_LEAST, HL_GPU_INSTANCES_MOST)
              : (guess < HL_GPU_INSTANCES_MOST ? guess : HL_GPU_INSTANCES_MOST);
    /* what fits stays, also where a little less would do: graphs live longer */
    const bool fits = visible_before >= visible && (int64_t)visible_before <= n;
    HL_TRY(reserve_visible(r, fits && visible_before <= 2 * visible ? (int64_t)visible_before
                                                                    : visible));
    if (instances_before >= instances && instances_before <= 2 * instances)
        instances = instances_before;
    HL_TRY(reserve_instances(r, instances));
    int64_t most = w->count + 1 > instances ? (int64_t)w->count + 1 : instances;
    most = most > (int64_t)w->visible_capacity + 1 ? most : (int64_t)w->visible_capacity + 1;
    HL_TRY(reserve(r, HL_GPU_B_SCRATCH, hl_gpu_scratch_bytes(&r->gpu, most), 1,
                   "scratch of the sorts"));
    w->scratch = r->buffer[HL_GPU_B_SCRATCH].at;
    if (changed)
        *changed =
            visible_before != w->visible_capacity || instances_before != w->instance_capacity;
    return HL_OK;
}

hl_status hl_gpu_raster_reserve_rows(hl_gpu_raster *r, const hl_raster_stats *st, bool median)
{
    hl_gpu_work *w = &r->work;
    int32_t at = 6 + w->plane_count;
    w->row.abs2d = w->row.stats = w->row.median = -1;
    if (st && st->grad_2d_abs) {
        w->row.abs2d = at;
        at += 2;
    }
    if (st && (st->fragments || st->grad_alpha || st->grad_alpha_2 || st->weight)) {
        w->row.stats = at;
        at += 4;
    }
    if (median)
        w->row.median = at++;
    w->row.floats = at;
    const size_t rows = r->ordered ? (size_t)w->instance_capacity : (size_t)w->count;
    HL_TRY(reserve(r, HL_GPU_B_ROWS, rows * (size_t)at, sizeof(float), "gradient rows"));
    w->rows = r->buffer[HL_GPU_B_ROWS].at;
    return HL_OK;
}

static hl_status stage(hl_gpu_raster *r)
{
    return r->spans ? hl_gpu_mark(&r->gpu, r->marks++) : HL_OK;
}

static bool is_general(const hl_gpu_work *w)
{
    return w->extra || w->window || w->median || w->max_weight;
}

hl_status hl_gpu_raster_run_forward(hl_gpu_raster *r)
{
    hl_gpu *g = &r->gpu;
    const hl_gpu_work *w = &r->work;
    const hl_gpu_buffer *scratch = &r->buffer[HL_GPU_B_SCRATCH];
    const int64_t n = w->count, visible = w->visible_capacity, pairs = w->instance_capacity;
    uint32_t *const key[2] = {w->key_in, w->key}, *const id[2] = {w->id_in, w->id};
    uint32_t *const tile[2] = {w->tile_in, w->tile}, *const value[2] = {w->value_in, w->value};
    r->marks = 0;
    HL_TRY(stage(r));
    HL_TRY(hl_gpu_launch(g, w->extra ? HL_GPU_K_project_general : HL_GPU_K_project, w,
                         hl_gpu_plan_blocks(n + 1, HL_LANES)));
    HL_TRY(stage(r));
    HL_TRY(hl_gpu_scan(g, w->flag, w->place, n + 1, scratch));
    HL_TRY(hl_gpu_launch(g, HL_GPU_K_gather, w, n > visible ? n : visible));
    HL_TRY(hl_gpu_sort(g, key, id, visible, 32, scratch));
    HL_TRY(stage(r));
    HL_TRY(hl_gpu_launch(g, HL_GPU_K_reach, w, visible + 1));
    HL_TRY(hl_gpu_scan(g, w->reach, w->offset, visible + 1, scratch));
    HL_TRY(hl_gpu_launch(g, HL_GPU_K_emit, w,
                         hl_gpu_plan_blocks(visible > pairs ? visible : pairs, HL_LANES)));
    HL_TRY(hl_gpu_sort(g, tile, value, pairs, hl_gpu_plan_bits(w->tiles), scratch));
    HL_TRY(hl_gpu_launch(g, HL_GPU_K_ranges, w, (int64_t)w->tiles + 1));
    HL_TRY(stage(r));
    HL_TRY(hl_gpu_launch(g, is_general(w) ? HL_GPU_K_blend_general : HL_GPU_K_blend, w, w->tiles));
    return stage(r);
}

static hl_gpu_kernel blend_bwd_of(const hl_gpu_work *w)
{
    if (is_general(w) || w->row.median >= 0)
        return HL_GPU_K_blend_bwd_general;
    return w->row.stats >= 0 || w->row.abs2d >= 0 ? HL_GPU_K_blend_bwd_stats : HL_GPU_K_blend_bwd;
}

static hl_gpu_kernel splat_bwd_of(const hl_gpu_work *w)
{
    return is_general(w) || w->row.median >= 0 || w->want_pose ? HL_GPU_K_splat_bwd_general
                                                               : HL_GPU_K_splat_bwd;
}

hl_status hl_gpu_raster_run_backward(hl_gpu_raster *r)
{
    hl_gpu *g = &r->gpu;
    const hl_gpu_work *w = &r->work;
    const size_t rows = r->ordered ? (size_t)w->instance_capacity : (size_t)w->count;
    const int64_t clusters = hl_gpu_plan_blocks(w->count, HL_CLUSTER);
    HL_TRY(stage(r));
    HL_TRY(hl_gpu_fill(g, w->rows, 0, rows * (size_t)w->row.floats * sizeof(float)));
    HL_TRY(hl_gpu_launch(g, blend_bwd_of(w), w, w->tiles));
    HL_TRY(stage(r));
    HL_TRY(hl_gpu_launch(g, splat_bwd_of(w), w, hl_gpu_plan_blocks(w->count, HL_LANES)));
    HL_TRY(
        hl_gpu_launch(g, HL_GPU_K_finish, w,
                      HL_GPU_FINISH_SUMS + hl_gpu_plan_blocks(clusters, HL_GPU_FINISH_CLUSTERS)));
    return stage(r);
}

hl_status hl_gpu_raster_read_state(hl_gpu_raster *r, bool *halted)
{
    HL_TRY(hl_gpu_download(&r->gpu, r->state, r->work.state, sizeof *r->state));
    HL_TRY(hl_gpu_wait(&r->gpu));
    *halted = r->state->halted != HL_GPU_RUNS;
    if (!*halted)
        return HL_OK;
    return hl_gpu_fill(&r->gpu, &r->work.state->halted, 0, sizeof r->work.state->halted);
}
