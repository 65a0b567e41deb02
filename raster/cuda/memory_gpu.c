/* SPDX-License-Identifier: MIT */
/* What training takes of a device's memory, block by block: raster/cuda/gpu_calls.c, train_gpu.c,
 * refine_gpu.c. */
#include "raster/cuda/gpu_plan.h"
#include "raster/cuda/gpu_refine.h"
#include "raster/cuda/training_gpu.h"

enum { STATS = 8, LOSS_PLANES = 3 + 9 };

/* Floats of a gradient row. */
static size_t row_floats(const hl_train_config *c, size_t planes)
{
    return 6 + planes + (c->densify == HL_DENSITY_BUDGET ? 4 : 0) +
           (c->densify == HL_DENSITY_ADC && c->grad_absolute ? 2 : 0);
}

static size_t splat_bytes(const hl_train_config *c, size_t planes, bool ordered)
{
    const size_t n = sizeof(uint32_t);
    size_t bytes = 3 * HL_SPLAT_FLOATS * sizeof(float) + sizeof(hl_gpu_record);
    bytes += (planes - 3) * sizeof(float) + 2 * n + 6 * n; /* extra, flag place, lists */
    if (c->densify == HL_DENSITY_BUDGET || c->densify == HL_DENSITY_ADC)
        bytes += STATS * sizeof(float);
    if (c->filter_3d)
        bytes += sizeof(float);
    if (c->densify != HL_DENSITY_NONE || c->filter_3d) /* refinement: hl_gpu_refine_job */
        bytes += 5 * n + 2 * sizeof(uint64_t) + HL_SPLAT_DIM_sh * sizeof(float);
    return bytes + (ordered ? 0 : row_floats(c, planes) * sizeof(float));
}

size_t hl_gpu_train_bytes(const hl_train_config *c, int32_t width, int32_t height, int64_t pairs,
                          bool ordered)
{
    const size_t cap = (size_t)c->cap;
    size_t planes = 3u + (c->depth_weight > 0 ? 1u : 0u) + (c->normal_weight > 0 ? 3u : 0u);
    planes = c->geometry ? 9 : planes;
    const size_t across = ((size_t)width + HL_TILE - 1) / HL_TILE;
    const size_t down = ((size_t)height + HL_TILE - 1) / HL_TILE;
    const size_t pixels = across * down * HL_TILE * HL_TILE;
    if (pairs <= 0)
        pairs = (int64_t)cap * HL_GPU_TILES_PER_SPLAT * 2;
    const size_t room = (size_t)hl_gpu_plan_capacity(pairs, 1, HL_GPU_INSTANCES_MOST);
    size_t per_pair = 6 * sizeof(uint32_t); /* tile and value twice, and the sort's own */
    if (ordered)
        per_pair += sizeof(uint32_t) + row_floats(c, planes) * sizeof(float);
    const size_t loss =
        LOSS_PLANES + (size_t)(c->geometry ? HL_GPU_G_COUNT_SURFACE : HL_GPU_G_COUNT);
    const size_t squares = across * down * (HL_GPU_SUMS * sizeof(double) + 2 * 5 * sizeof(float));
    return cap * splat_bytes(c, planes, ordered) + room * per_pair +
           pixels * sizeof(float) * (planes + 1 + loss) + squares;
}
