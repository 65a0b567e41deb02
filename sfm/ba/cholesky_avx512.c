/* SPDX-License-Identifier: MIT */
#include "sfm/ba/cholesky_kernels.h"

#if defined(__AVX512F__)

#include <immintrin.h>

typedef __m512d vd;
#define VD_LANES   8
#define VD_COLUMNS 6

static inline vd vd_load(const double *p)
{
    return _mm512_loadu_pd(p);
}

static inline void vd_store(double *p, vd v)
{
    _mm512_storeu_pd(p, v);
}

static inline vd vd_spread(double x)
{
    return _mm512_set1_pd(x);
}

static inline vd vd_zero(void)
{
    return _mm512_setzero_pd();
}

static inline vd vd_add_product(vd sum, vd a, vd b)
{
    return _mm512_fmadd_pd(a, b, sum);
}

static inline vd vd_subtract(vd a, vd b)
{
    return _mm512_sub_pd(a, b);
}

#include "sfm/ba/cholesky_tile.h"

hl_cholesky_multiply hl_cholesky_multiply_avx512(void)
{
    return __builtin_cpu_supports("avx512f") ? multiply : NULL;
}

#else

hl_cholesky_multiply hl_cholesky_multiply_avx512(void)
{
    return NULL;
}

#endif
