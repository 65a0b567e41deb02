/* SPDX-License-Identifier: MIT */
/* Kernels over splats: projection, lists, projection backward with Adam.  Compiled with division
 * and square root to within 2 units in the last place. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cuda_runtime.h>

extern "C" {
#include "raster/cuda/gpu_adjust.h"
#include "raster/cuda/gpu_finish.h"
#include "raster/cuda/gpu_small.h"
#include "raster/cuda/gpu_splat_bwd.h"
#include "raster/cuda/launch_cuda.cuh"
}

HL_CUDA_THREAD_KERNEL(gather)
HL_CUDA_THREAD_KERNEL(reach)
HL_CUDA_THREAD_KERNEL(ranges)
HL_CUDA_THREAD_KERNEL(adjust)
HL_CUDA_THREAD_KERNEL(aim)
HL_CUDA_THREAD_KERNEL(small)
HL_CUDA_WARP_KERNEL(project, hl_gpu_project_shared)
HL_CUDA_WARP_KERNEL(project_general, hl_gpu_project_shared)
HL_CUDA_WARP_KERNEL(emit, hl_gpu_emit_shared)
HL_CUDA_WARP_KERNEL(splat_bwd, hl_gpu_splat_shared)
HL_CUDA_WARP_KERNEL(splat_bwd_general, hl_gpu_splat_shared)
HL_CUDA_BLOCK_KERNEL(finish, hl_gpu_finish_shared)

int hl_cuda_launch_splats(hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items,
                          cudaStream_t stream)
{
    switch (kernel) {
        HL_CUDA_THREAD_CASE(gather)
        HL_CUDA_THREAD_CASE(reach)
        HL_CUDA_THREAD_CASE(ranges)
        HL_CUDA_THREAD_CASE(adjust)
        HL_CUDA_THREAD_CASE(aim)
        HL_CUDA_THREAD_CASE(small)
        HL_CUDA_WARP_CASE(project, hl_gpu_project_shared)
        HL_CUDA_WARP_CASE(project_general, hl_gpu_project_shared)
        HL_CUDA_WARP_CASE(emit, hl_gpu_emit_shared)
        HL_CUDA_WARP_CASE(splat_bwd, hl_gpu_splat_shared)
        HL_CUDA_WARP_CASE(splat_bwd_general, hl_gpu_splat_shared)
        HL_CUDA_BLOCK_CASE(finish, hl_gpu_finish_shared)
    default:
        return 0;
    }
}
