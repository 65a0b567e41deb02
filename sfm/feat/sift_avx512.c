/* SPDX-License-Identifier: MIT */
/* The kernels of SIFT for AVX-512. */
#include "sfm/feat/sift_kernels.h"

#if defined(__AVX512F__)

static const hl_sift_kernels table = HL_SIFT_TABLE("avx512");

const hl_sift_kernels *hl_sift_kernels_avx512(void)
{
    const bool there = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return there ? &table : NULL;
}

#else

const hl_sift_kernels *hl_sift_kernels_avx512(void)
{
    return NULL;
}

#endif
