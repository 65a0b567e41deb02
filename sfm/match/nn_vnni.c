/* SPDX-License-Identifier: MIT */
/* Nearest neighbours on AVX-512 VNNI: 64 products of bytes an instruction. */
#include "sfm/match/nn.h"

#if defined(__AVX512VNNI__) && defined(__AVX512F__)

#include <immintrin.h>
#include <string.h>

typedef __m512i vi;
#define NN_LANES   16
#define NN_ROWS    6
#define NN_COLUMNS 4
#define NN_STEPS   32

static inline vi vi_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline void vi_store(int32_t *p, vi v)
{
    _mm512_storeu_si512(p, v);
}

static inline vi vi_spread(int32_t word)
{
    return _mm512_set1_epi32(word);
}

static inline vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}

static inline vi vi_add_products(vi sum, vi base, vi query)
{
    return _mm512_dpbusd_epi32(sum, base, query);
}

static inline vi vi_max(vi a, vi b)
{
    return _mm512_max_epi32(a, b);
}

static inline vi vi_min(vi a, vi b)
{
    return _mm512_min_epi32(a, b);
}

static inline vi vi_pick_greater(vi a, vi b, vi x, vi y)
{
    return _mm512_mask_mov_epi32(y, _mm512_cmpgt_epi32_mask(a, b), x);
}

static inline uint32_t base_word(const uint8_t *row, int32_t step)
{
    uint32_t word;
    memcpy(&word, row + 4 * step, 4);
    return word;
}

/* Flipping the top bit of a byte makes q - 128 of it. */
static inline uint32_t query_word(const uint8_t *row, int32_t step)
{
    return base_word(row, step) ^ 0x80808080u;
}

static inline int32_t base_start(const uint8_t *row)
{
    int32_t sum = 0;
    for (int k = 0; k < HL_DESCRIPTOR_BYTES; k++)
        sum += row[k];
    return 128 * sum;
}

#include "sfm/match/nn_kernel.h"

static const hl_nn_kernels table = {"vnni", NN_PANEL, NN_STEPS, NN_LANES, nn_pack, nn_search};
_Static_assert(HL_NN_QUERIES % NN_ROWS == 0, "a block is whole groups of queries");

const hl_nn_kernels *hl_nn_kernels_vnni(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni") ? &table
                                                                                     : NULL;
}

#else

const hl_nn_kernels *hl_nn_kernels_vnni(void)
{
    return NULL;
}

#endif
