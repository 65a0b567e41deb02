/* SPDX-License-Identifier: MIT */
#include "raster/cpu/raster_cpu.h"

#if defined(__AVX2__)

#include "raster/cpu/blend_simd.h"

const hl_cpu_kernels *hl_cpu_kernels_avx2(void)
{
    static const hl_cpu_kernels kernels = {HL_ISA_AVX2, "avx2", blend_simd, blend_bwd_simd,
                                           adam_row_simd};
    return &kernels;
}

#else

const hl_cpu_kernels *hl_cpu_kernels_avx2(void)
{
    return NULL;
}

#endif
