/* SPDX-License-Identifier: MIT */
#include "raster/cpu/raster_cpu.h"

#if defined(__AVX2__)

#include "raster/cpu/blend_simd.h"
#include "raster/cpu/project_kernel.h"
#include "raster/cpu/splat_bwd_kernel.h"

const hl_cpu_kernels *hl_cpu_kernels_avx2(void)
{
    static const hl_cpu_kernels kernels = {HL_ISA_AVX2, "avx2",       project_block,
                                           tiles_block, blend_simd,   blend_bwd_simd,
                                           cluster_bwd, adam_row_simd};
    return &kernels;
}

#else

const hl_cpu_kernels *hl_cpu_kernels_avx2(void)
{
    return NULL;
}

#endif
