/* SPDX-License-Identifier: MIT */
/* Kernels of refinement. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cuda_runtime.h>

extern "C" {
#include "raster/cuda/gpu_refine.h"
#include "raster/cuda/launch_cuda.cuh"
}

HL_CUDA_THREAD_KERNEL(refine_mark)
HL_CUDA_THREAD_KERNEL(refine_list)
HL_CUDA_THREAD_KERNEL(refine_birth)
HL_CUDA_THREAD_KERNEL(refine_bounds)
HL_CUDA_THREAD_KERNEL(refine_keys)
HL_CUDA_THREAD_KERNEL(refine_gather)
HL_CUDA_THREAD_KERNEL(refine_most)
HL_CUDA_THREAD_KERNEL(refine_steps)

int hl_cuda_launch_refine(hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items,
                          cudaStream_t stream)
{
    switch (kernel) {
        HL_CUDA_THREAD_CASE(refine_mark)
        HL_CUDA_THREAD_CASE(refine_list)
        HL_CUDA_THREAD_CASE(refine_birth)
        HL_CUDA_THREAD_CASE(refine_bounds)
        HL_CUDA_THREAD_CASE(refine_keys)
        HL_CUDA_THREAD_CASE(refine_gather)
        HL_CUDA_THREAD_CASE(refine_most)
        HL_CUDA_THREAD_CASE(refine_steps)
    default:
        return 0;
    }
}
