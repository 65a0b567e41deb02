/* SPDX-License-Identifier: MIT */
/* Scans and stable sorts by cub, alone in a file because they take long to compile.
 * scratch NULL: only *bytes is set. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <ostream>
/* cub includes <iostream> for an operator nobody calls; that header's static object would be all
 * that ties the program to libstdc++. */
#define _GLIBCXX_IOSTREAM 1

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <cuda_runtime.h>

extern "C" {
#include "raster/cuda/launch_cuda.cuh"
}

/* A count that has overflowed stays at the top. */
struct saturating_sum {
    __host__ __device__ uint32_t operator()(uint32_t a, uint32_t b) const
    {
        return a + b < a ? UINT32_MAX : a + b;
    }
};

cudaError_t hl_cuda_scan(void *scratch, size_t *bytes, const uint32_t *values, uint32_t *sums,
                         int64_t count, cudaStream_t stream)
{
    return cub::DeviceScan::ExclusiveScan(scratch, *bytes, values, sums, saturating_sum(),
                                          (uint32_t)0, count, stream);
}

cudaError_t hl_cuda_scan_wide(void *scratch, size_t *bytes, const uint64_t *values, uint64_t *sums,
                              int64_t count, cudaStream_t stream)
{
    return cub::DeviceScan::ExclusiveSum(scratch, *bytes, values, sums, count, stream);
}

cudaError_t hl_cuda_sort(void *scratch, size_t *bytes, uint32_t *const keys[2],
                         uint32_t *const values[2], int64_t count, int bits, cudaStream_t stream)
{
    return cub::DeviceRadixSort::SortPairs(scratch, *bytes, (const uint32_t *)keys[0], keys[1],
                                           (const uint32_t *)values[0], values[1], count, 0, bits,
                                           stream);
}

cudaError_t hl_cuda_sort_wide(void *scratch, size_t *bytes, uint64_t *const keys[2],
                              uint32_t *const values[2], int64_t count, int bits,
                              cudaStream_t stream)
{
    return cub::DeviceRadixSort::SortPairs(scratch, *bytes, (const uint64_t *)keys[0], keys[1],
                                           (const uint32_t *)values[0], values[1], count, 0, bits,
                                           stream);
}
