/* SPDX-License-Identifier: MIT */
/* The tiles of each splat, in depth order, to the splats of each tile, front to back: a stable
 * counting sort.  Chunks of the sorted order count into histograms of their own. */
#include "raster/cpu/raster_cpu.h"

#include <string.h>

static int32_t chunk_begin(const hl_cpu *r, int32_t chunk)
{
    return (int32_t)((int64_t)r->visible * chunk / r->chunks);
}

static void count_chunk(void *ctx, int32_t chunk, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    uint32_t *count = r->chunk_count + (size_t)chunk * (size_t)r->tiles;
    memset(count, 0, (size_t)r->tiles * sizeof *count);
    for (int32_t i = chunk_begin(r, chunk); i < chunk_begin(r, chunk + 1); i++) {
        const hl_cpu_record *rec = &r->record[r->order[0][i]];
        const uint32_t *list = r->tile_list + rec->list;
        for (int32_t k = 0; k < rec->row_count; k++)
            count[list[k] >> 8]++;
    }
}

static void scatter_chunk(void *ctx, int32_t chunk, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    uint32_t *next = r->chunk_count + (size_t)chunk * (size_t)r->tiles;
    for (int32_t i = chunk_begin(r, chunk); i < chunk_begin(r, chunk + 1); i++) {
        const int32_t id = r->order[0][i];
        const hl_cpu_record *rec = &r->record[id];
        const uint32_t *list = r->tile_list + rec->list;
        for (int32_t k = 0; k < rec->row_count; k++) {
            hl_cpu_instance *inst = &r->instance[next[list[k] >> 8]++];
            inst->splat = id;
            inst->row = rec->first_row + k;
            inst->first = (uint8_t)(list[k] >> 4 & 15u);
            inst->last = (uint8_t)(list[k] & 15u);
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
    HL_TRY(hl_cpu_reserve(r, (void **)&r->chunk_count, &r->chunk_capacity,
                          (int64_t)r->chunks * r->tiles, sizeof *r->chunk_count));
    return hl_cpu_reserve(r, (void **)&r->instance, &r->instance_capacity, r->instances,
                          sizeof *r->instance);
}

hl_status hl_cpu_bin(hl_cpu *r)
{
    r->chunks = hl_block_count(r->visible, 2048);
    if (r->chunks > BIN_CHUNKS_MAX)
        r->chunks = BIN_CHUNKS_MAX;
    HL_TRY(reserve_tiles(r));
    hl_parallel_for(r->chunks, count_chunk, r);
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
    hl_parallel_for(r->chunks, scatter_chunk, r);
    return HL_OK;
}
