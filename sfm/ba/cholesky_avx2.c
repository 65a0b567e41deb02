/* SPDX-License-Identifier: MIT */
#include "sfm/ba/cholesky_kernels.h"

#if defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>

typedef __m256d vd;
#define VD_LANES   4
#define VD_COLUMNS 3

static inline vd vd_load(const double *p)
{
    return _mm256_loadu_pd(p);
}

static inline void vd_store(double *p, vd v)
{
    _mm256_storeu_pd(p, v);
}

static inline vd vd_spread(double x)
{
    return _mm256_set1_pd(x);
}

static inline vd vd_zero(void)
{
    return _mm256_setzero_pd();
}

static inline vd vd_add_product(vd sum, vd a, vd b)
{
    return _mm256_fmadd_pd(a, b, sum);
}

static inline vd vd_subtract(vd a, vd b)
{
    return _mm256_sub_pd(a, b);
}

#include "sfm/ba/cholesky_tile.h"

hl_cholesky_multiply hl_cholesky_multiply_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? multiply : NULL;
}

#else

hl_cholesky_multiply hl_cholesky_multiply_avx2(void)
{
    return NULL;
}

#endif
