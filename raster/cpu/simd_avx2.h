/* SPDX-License-Identifier: MIT */
/* raster/cpu/simd_avx2.h -- sixteen floats in two registers: one row of a tile.
 * The same names as simd_avx512.h; kernels are written once on top (blend_simd.h). */
#ifndef HL_RASTER_CPU_SIMD_AVX2_H
#define HL_RASTER_CPU_SIMD_AVX2_H

#if defined(__AVX2__)

#include <immintrin.h>
#include <stdint.h>

typedef struct vf {
    __m256 a, b;
} vf;

typedef struct vm {
    __m256 a, b; /* all ones or zeros per lane */
} vm;

#define VF_PAIR(type, first, second) ((type){(first), (second)})

static inline vf vf_set1(float x)
{
    return VF_PAIR(vf, _mm256_set1_ps(x), _mm256_set1_ps(x));
}

static inline vf vf_load(const float *p)
{
    return VF_PAIR(vf, _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8));
}

static inline void vf_store(float *p, vf x)
{
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}

static inline vf vf_add(vf x, vf y)
{
    return VF_PAIR(vf, _mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b));
}

static inline vf vf_sub(vf x, vf y)
{
    return VF_PAIR(vf, _mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b));
}

static inline vf vf_mul(vf x, vf y)
{
    return VF_PAIR(vf, _mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b));
}

static inline vf vf_div(vf x, vf y)
{
    return VF_PAIR(vf, _mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b));
}

static inline vf vf_sqrt(vf x)
{
    return VF_PAIR(vf, _mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b));
}

/* x y + z */
static inline vf vf_fma(vf x, vf y, vf z)
{
    return VF_PAIR(vf, _mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b));
}

/* z - x y */
static inline vf vf_fnma(vf x, vf y, vf z)
{
    return VF_PAIR(vf, _mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b));
}

static inline vf vf_min(vf x, vf y)
{
    return VF_PAIR(vf, _mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b));
}

static inline vf vf_abs(vf x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return VF_PAIR(vf, _mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b));
}

static inline vm vf_ge(vf x, vf y)
{
    return VF_PAIR(vm, _mm256_cmp_ps(x.a, y.a, _CMP_GE_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_GE_OQ));
}

static inline vm vf_le(vf x, vf y)
{
    return VF_PAIR(vm, _mm256_cmp_ps(x.a, y.a, _CMP_LE_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_LE_OQ));
}

static inline vm vf_lt(vf x, vf y)
{
    return VF_PAIR(vm, _mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ));
}

static inline vm vm_and(vm x, vm y)
{
    return VF_PAIR(vm, _mm256_and_ps(x.a, y.a), _mm256_and_ps(x.b, y.b));
}

/* x and not y */
static inline vm vm_andnot(vm x, vm y)
{
    return VF_PAIR(vm, _mm256_andnot_ps(y.a, x.a), _mm256_andnot_ps(y.b, x.b));
}

static inline uint32_t vm_bits(vm m)
{
    return (uint32_t)_mm256_movemask_ps(m.a) | (uint32_t)_mm256_movemask_ps(m.b) << 8;
}

static inline vm vm_from_bits(uint32_t bits)
{
    const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i lo = _mm256_set1_epi32((int)(bits & 255u));
    const __m256i hi = _mm256_set1_epi32((int)(bits >> 8 & 255u));
    return VF_PAIR(vm, _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(lo, lane), lane)),
                   _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(hi, lane), lane)));
}

/* x where m, 0 elsewhere */
static inline vf vf_keep(vm m, vf x)
{
    return VF_PAIR(vf, _mm256_and_ps(m.a, x.a), _mm256_and_ps(m.b, x.b));
}

static inline __m256 half_rcp(__m256 x)
{
    const __m256 two = _mm256_set1_ps(2);
    __m256 r = _mm256_rcp_ps(x); /* 12 bits: two Newton steps */
    r = _mm256_mul_ps(r, _mm256_fnmadd_ps(x, r, two));
    return _mm256_mul_ps(r, _mm256_fnmadd_ps(x, r, two));
}

static inline vf vf_rcp(vf x)
{
    return VF_PAIR(vf, half_rcp(x.a), half_rcp(x.b));
}

/* 2^n p for integral n; n below -126 gives 0. */
static inline __m256 half_scale2(__m256 p, __m256 n)
{
    const __m256 small = _mm256_cmp_ps(n, _mm256_set1_ps(-126), _CMP_LT_OQ);
    const __m256i shift = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
    const __m256 y = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), shift));
    return _mm256_andnot_ps(small, y);
}

static inline vf vf_scale2(vf p, vf n)
{
    return VF_PAIR(vf, half_scale2(p.a, n.a), half_scale2(p.b, n.b));
}

static inline vf vf_round(vf x)
{
    return VF_PAIR(vf, _mm256_round_ps(x.a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                   _mm256_round_ps(x.b, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* Folds sixteen lanes to eight. */
static inline __m256 vf_fold(vf x)
{
    return _mm256_add_ps(x.a, x.b);
}

#endif /* __AVX2__ */

#endif /* HL_RASTER_CPU_SIMD_AVX2_H */
