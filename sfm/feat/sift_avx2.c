/* SPDX-License-Identifier: MIT */
/* The kernels of SIFT for AVX2. */
#include "sfm/feat/sift_kernels.h"

#if defined(__AVX2__)

static const hl_sift_kernels table = HL_SIFT_TABLE("avx2");

const hl_sift_kernels *hl_sift_kernels_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &table : NULL;
}

#else

const hl_sift_kernels *hl_sift_kernels_avx2(void)
{
    return NULL;
}

#endif
