/* SPDX-License-Identifier: MIT */
/* raster/cpu/simd.h -- the widest vectors that this file is compiled for: vf, sixteen floats, and
 * vm, a mask over them.  HL_SIMD is 1 where there are any. */
#ifndef HL_RASTER_CPU_SIMD_H
#define HL_RASTER_CPU_SIMD_H

#if defined(__AVX512F__)
#define HL_SIMD 1
#include "raster/cpu/simd_avx512.h"
#elif defined(__AVX2__)
#define HL_SIMD 1
#include "raster/cpu/simd_avx2.h"
#else
#define HL_SIMD 0
#endif

#endif /* HL_RASTER_CPU_SIMD_H */
