/* SPDX-License-Identifier: MIT */
/* Kernels of refinement. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cuda_runtime.h>

extern "C" {
#include "raster/cuda/gpu_recipes.h"
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
HL_CUDA_THREAD_KERNEL(mcmc_mark)
HL_CUDA_THREAD_KERNEL(mcmc_draw)
HL_CUDA_THREAD_KERNEL(mcmc_share)
HL_CUDA_THREAD_KERNEL(mcmc_copy)
HL_CUDA_THREAD_KERNEL(adc_score)
HL_CUDA_THREAD_KERNEL(adc_birth)
HL_CUDA_THREAD_KERNEL(adc_prune)
HL_CUDA_THREAD_KERNEL(adc_reset)
HL_CUDA_THREAD_KERNEL(filter)

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
        HL_CUDA_THREAD_CASE(mcmc_mark)
        HL_CUDA_THREAD_CASE(mcmc_draw)
        HL_CUDA_THREAD_CASE(mcmc_share)
        HL_CUDA_THREAD_CASE(mcmc_copy)
        HL_CUDA_THREAD_CASE(adc_score)
        HL_CUDA_THREAD_CASE(adc_birth)
        HL_CUDA_THREAD_CASE(adc_prune)
        HL_CUDA_THREAD_CASE(adc_reset)
        HL_CUDA_THREAD_CASE(filter)
    default:
        return 0;
    }
}
