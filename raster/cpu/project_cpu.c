/* SPDX-License-Identifier: MIT */
/* Runs the projection kernel over blocks and closes the gaps between them. */
#include "raster/cpu/raster_cpu.h"

#include <string.h>

static void project_job(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    r->kernels->project_block(r, block);
}

static void tiles_job(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    r->kernels->tiles_block(r, block);
}

/* key[1], order[1] -> key[0], order[0] without gaps; rows numbered through. */
static void compact_job(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_cpu *r = ctx;
    const size_t from = (size_t)block * PROJECT_BLOCK;
    const size_t to = (size_t)r->block[block].visible;
    const size_t n = (size_t)(r->block[block + 1].visible - r->block[block].visible);
    memcpy(r->key[0] + to, r->key[1] + from, n * sizeof(uint32_t));
    memcpy(r->order[0] + to, r->order[1] + from, n * sizeof(int32_t));
    for (size_t k = 0; k < n; k++)
        r->record[r->order[1][from + k]].first_row += (int32_t)r->block[block].rows;
}

static hl_status reserve_splats(hl_cpu *r, int32_t count)
{
    void **all[] = {(void **)&r->record,   (void **)&r->key[0],   (void **)&r->key[1],
                    (void **)&r->order[0], (void **)&r->order[1], (void **)&r->max_weight,
                    (void **)&r->max_pixel};
    int64_t capacity = r->splat_capacity;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        capacity = r->splat_capacity;
        const size_t size = k == 0 ? sizeof(hl_cpu_record) : sizeof(int32_t);
        HL_TRY(hl_cpu_reserve(r, all[k], &capacity, (int64_t)count + 1, size));
    }
    r->splat_capacity = capacity;
    HL_TRY(hl_cpu_reserve(r, (void **)&r->block, &r->block_capacity,
                          hl_block_count(count, PROJECT_BLOCK) + 1, sizeof *r->block));
    const int64_t extra = (int64_t)count * r->extra;
    return hl_cpu_reserve(r, (void **)&r->extra_value, &r->extra_capacity, extra, sizeof(float));
}

hl_status hl_cpu_project(hl_cpu *r)
{
    const int32_t count = r->splats->count, blocks = hl_block_count(count, PROJECT_BLOCK);
    HL_TRY(reserve_splats(r, count));
    hl_parallel_for(blocks, project_job, r);
    hl_cpu_block sum = {0, 0, 0};
    for (int32_t b = 0; b <= blocks; b++) {
        const hl_cpu_block found = r->block[b];
        r->block[b] = sum;
        if (b < blocks) {
            sum.visible += found.visible;
            sum.bound += found.bound;
        }
    }
    r->visible = sum.visible;
    if (sum.bound > INT32_MAX)
        return hl_fail(HL_E_MEMORY, "raster: %lld splat-tile pairs, limit %d", (long long)sum.bound,
                       INT32_MAX);
    HL_TRY(hl_cpu_reserve(r, (void **)&r->tile_list, &r->list_capacity, sum.bound,
                          sizeof *r->tile_list));
    hl_parallel_for(blocks, tiles_job, r);
    r->instances = 0;
    for (int32_t b = 0; b < blocks; b++) {
        const int64_t rows = r->block[b].rows;
        r->block[b].rows = r->instances;
        r->instances += rows;
    }
    hl_parallel_for(blocks, compact_job, r);
    return HL_OK;
}
