/* SPDX-License-Identifier: MIT */
/* raster/cuda/launch_cuda.cuh -- __global__ wrappers around kernel bodies, and what the .cu files
 * give each other.  C linkage. */
#ifndef HL_RASTER_CUDA_LAUNCH_CUDA_CUH
#define HL_RASTER_CUDA_LAUNCH_CUDA_CUH

#include "raster/cuda/gpu.h"
#include "raster/cuda/gpu_plan.h"

/* A kernel whose items are threads, warps with shared memory of their own, or blocks. */
#define HL_CUDA_THREAD_KERNEL(name)                                           \
    static __global__ void __launch_bounds__(HL_GPU_THREADS)                  \
        name##_kernel(const __grid_constant__ hl_gpu_work w, int64_t items)   \
    {                                                                         \
        const int64_t i = (int64_t)blockIdx.x * HL_GPU_THREADS + threadIdx.x; \
        if (i < items)                                                        \
            hl_gpu_k_##name(&w, i);                                           \
    }
#define HL_CUDA_WARPS_KERNEL(name, shared_type, warps)                      \
    static __global__ void __launch_bounds__(HL_LANES *(warps))             \
        name##_kernel(const __grid_constant__ hl_gpu_work w, int64_t items) \
    {                                                                       \
        __shared__ shared_type shared[warps];                               \
        const int warp = (int)(threadIdx.x / HL_LANES);                     \
        const int64_t i = (int64_t)blockIdx.x * (warps) + warp;             \
        if (i < items)                                                      \
            hl_gpu_k_##name(&w, i, &shared[warp]);                          \
    }
#define HL_CUDA_WARP_KERNEL(name, shared_type) \
    HL_CUDA_WARPS_KERNEL(name, shared_type, HL_GPU_WARPS_PER_BLOCK)
#define HL_CUDA_TILE_KERNEL(name, shared_type) \
    HL_CUDA_WARPS_KERNEL(name, shared_type, HL_GPU_TILES_PER_BLOCK)
#define HL_CUDA_BLOCK_KERNEL(name, shared_type)                             \
    static __global__ void __launch_bounds__(HL_BLOCK_LANES)                \
        name##_kernel(const __grid_constant__ hl_gpu_work w, int64_t items) \
    {                                                                       \
        __shared__ shared_type shared;                                      \
        (void)items;                                                        \
        hl_gpu_k_##name(&w, (int64_t)blockIdx.x, &shared);                  \
    }

/* Cases of a switch over hl_gpu_kernel; `work`, `items`, `stream` are in scope. */
#define HL_CUDA_THREAD_CASE(name)                                                               \
    case HL_GPU_K_##name:                                                                       \
        name##_kernel<<<(unsigned)hl_gpu_plan_blocks(items, HL_GPU_THREADS), HL_GPU_THREADS, 0, \
                        stream>>>(*work, items);                                                \
        return 1;
#define HL_CUDA_WARPS_CASE(name, warps)                                                   \
    case HL_GPU_K_##name:                                                                 \
        name##_kernel<<<(unsigned)hl_gpu_plan_blocks(items, warps), HL_LANES *(warps), 0, \
                        stream>>>(*work, items);                                          \
        return 1;
#define HL_CUDA_WARP_CASE(name, shared_type) HL_CUDA_WARPS_CASE(name, HL_GPU_WARPS_PER_BLOCK)
#define HL_CUDA_TILE_CASE(name, shared_type) HL_CUDA_WARPS_CASE(name, HL_GPU_TILES_PER_BLOCK)
#define HL_CUDA_BLOCK_CASE(name, shared_type)                                        \
    case HL_GPU_K_##name:                                                            \
        name##_kernel<<<(unsigned)items, HL_BLOCK_LANES, 0, stream>>>(*work, items); \
        return 1;

/* Launches the kernel if it is one of this file; 0 where it is not. */
int hl_cuda_launch_splats(hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items,
                          cudaStream_t stream);
int hl_cuda_launch_blend(hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items,
                         cudaStream_t stream);

int hl_cuda_launch_loss(hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items,
                        cudaStream_t stream);

int hl_cuda_launch_refine(hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items,
                          cudaStream_t stream);

cudaError_t hl_cuda_scan(void *scratch, size_t *bytes, const uint32_t *values, uint32_t *sums,
                         int64_t count, cudaStream_t stream);
cudaError_t hl_cuda_scan_wide(void *scratch, size_t *bytes, const uint64_t *values, uint64_t *sums,
                              int64_t count, cudaStream_t stream);
cudaError_t hl_cuda_sort(void *scratch, size_t *bytes, uint32_t *const keys[2],
                         uint32_t *const values[2], int64_t count, int bits, cudaStream_t stream);
cudaError_t hl_cuda_sort_wide(void *scratch, size_t *bytes, uint64_t *const keys[2],
                              uint32_t *const values[2], int64_t count, int bits,
                              cudaStream_t stream);

#endif /* HL_RASTER_CUDA_LAUNCH_CUDA_CUH */
