/* SPDX-License-Identifier: MIT */
/* Kernels over tiles: blending, forward and backward.  Compiled with approximate division and
 * exponential: their errors are far below half a level of 8 bits. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cuda_runtime.h>

extern "C" {
#include "raster/cuda/gpu_blend_bwd.h"
#include "raster/cuda/launch_cuda.cuh"
}

HL_CUDA_TILE_KERNEL(blend, hl_gpu_blend_shared)
HL_CUDA_TILE_KERNEL(blend_general, hl_gpu_blend_shared)
HL_CUDA_TILE_KERNEL(blend_bwd, hl_gpu_blend_shared)
HL_CUDA_TILE_KERNEL(blend_bwd_stats, hl_gpu_blend_shared)
HL_CUDA_TILE_KERNEL(blend_bwd_general, hl_gpu_blend_shared)
HL_CUDA_TILE_KERNEL(count_pairs, hl_gpu_blend_shared)

int hl_cuda_launch_blend(hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items,
                         cudaStream_t stream)
{
    switch (kernel) {
        HL_CUDA_TILE_CASE(blend, hl_gpu_blend_shared)
        HL_CUDA_TILE_CASE(blend_general, hl_gpu_blend_shared)
        HL_CUDA_TILE_CASE(blend_bwd, hl_gpu_blend_shared)
        HL_CUDA_TILE_CASE(blend_bwd_stats, hl_gpu_blend_shared)
        HL_CUDA_TILE_CASE(blend_bwd_general, hl_gpu_blend_shared)
        HL_CUDA_TILE_CASE(count_pairs, hl_gpu_blend_shared)
    default:
        return 0;
    }
}
