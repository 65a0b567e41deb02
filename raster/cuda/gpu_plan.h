/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_plan.h -- sizes: capacities, key bits, launch geometry.  Plain arithmetic, tested
 * without a device. */
#ifndef HL_RASTER_CUDA_GPU_PLAN_H
#define HL_RASTER_CUDA_GPU_PLAN_H

#include <stddef.h>
#include <stdint.h>

enum {
    HL_GPU_THREADS = 256,       /* of a block of a thread kernel          */
    HL_GPU_WARPS_PER_BLOCK = 4, /* of a warp kernel                       */
    HL_GPU_TILES_PER_BLOCK = 1, /* of a warp kernel whose items differ much in length: a block
                                   keeps its place until its last warp is done */
    HL_GPU_TILES_PER_SPLAT = 4, /* first guess of splat-tile pairs        */
    HL_GPU_INSTANCES_LEAST = 4096
};
#define HL_GPU_INSTANCES_MOST ((int64_t)INT32_MAX)

/* Room for `seen` of something that was once `seen` large: a quarter more. */
static inline int64_t hl_gpu_plan_capacity(int64_t seen, int64_t least, int64_t most)
{
    const int64_t wanted = seen + seen / 4 + 1;
    return wanted < least ? (least < most ? least : most) : (wanted < most ? wanted : most);
}

/* Bits that tell `tiles` tiles and one last key of ones apart. */
static inline int hl_gpu_plan_bits(int64_t tiles)
{
    int bits = 1;
    while (bits < 32 && ((int64_t)1 << bits) - 1 < tiles)
        bits++;
    return bits;
}

/* Blocks of `size` that cover `items`. */
static inline int64_t hl_gpu_plan_blocks(int64_t items, int64_t size)
{
    return items <= 0 ? 0 : (items + size - 1) / size;
}

#endif /* HL_RASTER_CUDA_GPU_PLAN_H */
