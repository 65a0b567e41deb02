/* SPDX-License-Identifier: MIT */
/* Depth-sorted splats to per-tile lists: exact spans, then a stable counting sort over tiles.
 * Chunks of the sorted order count into histograms of their own; the scatter fills each tile
 * front to back.  Gradient rows are numbered splat by splat in sorted order. */
#include "raster/cpu/raster_cpu.h"
#include "raster/tile.h"

#include <string.h>

static int32_t chunk_begin(const hl_cpu *r, int32_t chunk)
{
    return (int32_t)((int64_t)r->visible * chunk / r->chunks);
}

static void ellipse_of(const hl_cpu_record *rec, hl_ellipse *e)
{
    memcpy(e->mu, rec->mu, sizeof e->mu);
    memcpy(e->conic, rec->conic, sizeof e->conic);
    memcpy(e->half, rec->half, sizeof e->half);
    e->dy_right = -rec->half[0] * rec->conic[1] / rec->conic[2];
    const float q = 2 * hl_ln(rec->opacity / (float)HL_ALPHA_MIN);
    e->q_max = q + (q + 1) * (float)HL_ELLIPSE_MARGIN;
}

/* Tile rows that the ellipse's box meets. */
static void band_range(const hl_cpu *r, const hl_ellipse *e, int32_t *first, int32_t *last)
{
    const float top = (float)(r->tile_rows * HL_TILE);
    *first = (int32_t)(hl_clamp(e->mu[1] - e->half[1] - 0.5f, 0, top) / HL_TILE);
    *last = (int32_t)(hl_clamp(e->mu[1] + e->half[1] + 0.5f, 0, top) / HL_TILE);
    if (*last > r->tile_rows - 1)
        *last = r->tile_rows - 1;
}

/* First and last tile column of band `row`; 0 when none. */
static int band_tiles(const hl_cpu *r, const hl_ellipse *e, int32_t row, int *first, int *last)
{
    float x[2];
    const float y0 = (float)(row * HL_TILE) + 0.5f;
    const int32_t end = (row + 1) * HL_TILE < r->view.height ? (row + 1) * HL_TILE : r->view.height;
    return hl_ellipse_span(e, y0, (float)end - 0.5f, x) &&
           hl_span_tiles(x, r->columns, first, last);
}

static void count_chunk(void *ctx, int32_t chunk, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    uint32_t *count = r->chunk_count + (size_t)chunk * (size_t)r->tiles;
    memset(count, 0, (size_t)r->tiles * sizeof *count);
    int64_t rows = 0;
    for (int32_t i = chunk_begin(r, chunk); i < chunk_begin(r, chunk + 1); i++) {
        hl_cpu_record *rec = &r->record[r->order[0][i]];
        hl_ellipse e;
        ellipse_of(rec, &e);
        int32_t top, bottom, n = 0;
        band_range(r, &e, &top, &bottom);
        for (int32_t row = top; row <= bottom; row++) {
            int first, last;
            if (!band_tiles(r, &e, row, &first, &last))
                continue;
            n += last - first + 1;
            for (int32_t t = row * r->columns + first; t <= row * r->columns + last; t++)
                count[t]++;
        }
        rec->row_count = n;
        rows += n;
    }
    r->chunk_rows[chunk] = rows;
}

static void scatter_chunk(void *ctx, int32_t chunk, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    uint32_t *next = r->chunk_count + (size_t)chunk * (size_t)r->tiles;
    int64_t at = r->chunk_rows[chunk];
    for (int32_t i = chunk_begin(r, chunk); i < chunk_begin(r, chunk + 1); i++) {
        const int32_t id = r->order[0][i];
        hl_cpu_record *rec = &r->record[id];
        rec->first_row = (int32_t)at;
        if (!rec->row_count)
            continue;
        hl_ellipse e;
        ellipse_of(rec, &e);
        int32_t top, bottom;
        band_range(r, &e, &top, &bottom);
        for (int32_t row = top; row <= bottom; row++) {
            int first, last;
            if (!band_tiles(r, &e, row, &first, &last))
                continue;
            for (int32_t t = row * r->columns + first; t <= row * r->columns + last; t++) {
                hl_cpu_instance *inst = &r->instance[next[t]++];
                inst->splat = id;
                inst->row = (int32_t)at++;
            }
        }
    }
}

static hl_status reserve_tiles(hl_cpu *r)
{
    int64_t first = r->tile_capacity, end = r->tile_capacity;
    HL_TRY(hl_cpu_reserve(r, (void **)&r->tile_first, &first, (int64_t)r->tiles + 1,
                          sizeof *r->tile_first));
    HL_TRY(
        hl_cpu_reserve(r, (void **)&r->tile_end, &end, (int64_t)r->tiles + 1, sizeof *r->tile_end));
    r->tile_capacity = first;
    return hl_cpu_reserve(r, (void **)&r->chunk_count, &r->chunk_capacity,
                          (int64_t)r->chunks * r->tiles, sizeof *r->chunk_count);
}

hl_status hl_cpu_bin(hl_cpu *r)
{
    r->chunks = hl_block_count(r->visible, 2048);
    if (r->chunks > BIN_CHUNKS_MAX)
        r->chunks = BIN_CHUNKS_MAX;
    HL_TRY(reserve_tiles(r));
    hl_parallel_for(r->chunks, count_chunk, r);

    int64_t total = 0, rows = 0;
    for (int32_t c = 0; c < r->chunks; c++)
        total += r->chunk_rows[c];
    if (total > INT32_MAX)
        return hl_fail(HL_E_MEMORY, "raster: %lld splat-tile pairs, limit %d", (long long)total,
                       INT32_MAX);
    for (int32_t c = 0; c < r->chunks; c++) {
        const int64_t n = r->chunk_rows[c];
        r->chunk_rows[c] = rows;
        rows += n;
    }
    int64_t at = 0;
    for (int32_t t = 0; t < r->tiles; t++) {
        r->tile_first[t] = at;
        for (int32_t c = 0; c < r->chunks; c++) {
            uint32_t *count = &r->chunk_count[(size_t)c * (size_t)r->tiles + (size_t)t];
            const uint32_t n = *count;
            *count = (uint32_t)at;
            at += n;
        }
    }
    r->tile_first[r->tiles] = at;
    r->instances = total;
    HL_TRY(hl_cpu_reserve(r, (void **)&r->instance, &r->instance_capacity, total,
                          sizeof *r->instance));
    hl_parallel_for(r->chunks, scatter_chunk, r);
    return HL_OK;
}
