/* SPDX-License-Identifier: MIT */
/* Kernels over the pixels of the loss. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cuda_runtime.h>

extern "C" {
#include "raster/cuda/gpu_surface.h"
#include "raster/cuda/launch_cuda.cuh"
}

HL_CUDA_THREAD_KERNEL(target)
HL_CUDA_BLOCK_KERNEL(moments, hl_gpu_moments_shared)
HL_CUDA_BLOCK_KERNEL(gradient, hl_gpu_gradient_shared)
HL_CUDA_BLOCK_KERNEL(surface, hl_gpu_surface_shared)

int hl_cuda_launch_loss(hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items,
                        cudaStream_t stream)
{
    switch (kernel) {
        HL_CUDA_THREAD_CASE(target)
        HL_CUDA_BLOCK_CASE(moments, hl_gpu_moments_shared)
        HL_CUDA_BLOCK_CASE(gradient, hl_gpu_gradient_shared)
        HL_CUDA_BLOCK_CASE(surface, hl_gpu_surface_shared)
    default:
        return 0;
    }
}
