/* SPDX-License-Identifier: MIT */
/* raster/cpu/simd_avx512.h -- sixteen floats in one register: one row of a tile.
 * The same names as simd_avx2.h; kernels are written once on top (blend_simd.h). */
#ifndef HL_RASTER_CPU_SIMD_AVX512_H
#define HL_RASTER_CPU_SIMD_AVX512_H

#if defined(__AVX512F__)

#include <immintrin.h>
#include <stdint.h>

typedef __m512 vf;
typedef __mmask16 vm;

static inline vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}

static inline vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void vf_store(float *p, vf x)
{
    _mm512_storeu_ps(p, x);
}

static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

static inline vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}

/* a b + c */
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* c - a b */
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

static inline vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

static inline vf vf_abs(vf a)
{
    return _mm512_abs_ps(a);
}

static inline vm vf_ge(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
}

static inline vm vf_le(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}

static inline vm vf_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

static inline vm vm_and(vm a, vm b)
{
    return (vm)(a & b);
}

/* a and not b */
static inline vm vm_andnot(vm a, vm b)
{
    return (vm)(a & ~b);
}

static inline uint32_t vm_bits(vm m)
{
    return (uint32_t)m;
}

static inline vm vm_from_bits(uint32_t bits)
{
    return (vm)bits;
}

/* x where m, 0 elsewhere */
static inline vf vf_keep(vm m, vf x)
{
    return _mm512_maskz_mov_ps(m, x);
}

/* 1 / x to about 1e-7: 14 bits and one Newton step. */
static inline vf vf_rcp(vf x)
{
    const vf r = _mm512_rcp14_ps(x);
    return _mm512_mul_ps(r, _mm512_fnmadd_ps(x, r, _mm512_set1_ps(2)));
}

/* 2^n p, underflow to 0 */
static inline vf vf_scale2(vf p, vf n)
{
    return _mm512_scalef_ps(p, n);
}

static inline vf vf_round(vf x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* Folds sixteen lanes to eight. */
static inline __m256 vf_fold(vf x)
{
    return _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
}

#endif /* __AVX512F__ */

#endif /* HL_RASTER_CPU_SIMD_AVX512_H */
