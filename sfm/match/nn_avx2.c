/* SPDX-License-Identifier: MIT */
/* Nearest neighbours on AVX2: products of 16 bits, as those of bytes would saturate. */
#include "sfm/match/nn.h"

#if defined(__AVX2__)

#include <immintrin.h>

typedef __m256i vi;
#define NN_LANES   8
#define NN_ROWS    4
#define NN_COLUMNS 2
#define NN_STEPS   64

static inline vi vi_load(const int32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline void vi_store(int32_t *p, vi v)
{
    _mm256_storeu_si256((__m256i *)(void *)p, v);
}

static inline vi vi_spread(int32_t word)
{
    return _mm256_set1_epi32(word);
}

static inline vi vi_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}

static inline vi vi_add_products(vi sum, vi base, vi query)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(base, query));
}

static inline vi vi_max(vi a, vi b)
{
    return _mm256_max_epi32(a, b);
}

static inline vi vi_min(vi a, vi b)
{
    return _mm256_min_epi32(a, b);
}

static inline vi vi_pick_greater(vi a, vi b, vi x, vi y)
{
    return _mm256_blendv_epi8(y, x, _mm256_cmpgt_epi32(a, b));
}

static inline uint32_t base_word(const uint8_t *row, int32_t step)
{
    return (uint32_t)row[2 * step] | (uint32_t)row[2 * step + 1] << 16;
}

static inline uint32_t query_word(const uint8_t *row, int32_t step)
{
    return base_word(row, step);
}

static inline int32_t base_start(const uint8_t *row)
{
    (void)row;
    return 0;
}

#include "sfm/match/nn_kernel.h"

static const hl_nn_kernels table = {"avx2", NN_PANEL, NN_STEPS, NN_LANES, nn_pack, nn_search};
_Static_assert(HL_NN_QUERIES % NN_ROWS == 0, "a block is whole groups of queries");

const hl_nn_kernels *hl_nn_kernels_avx2(void)
{
    return __builtin_cpu_supports("avx2") ? &table : NULL;
}

#else

const hl_nn_kernels *hl_nn_kernels_avx2(void)
{
    return NULL;
}

#endif
