/* SPDX-License-Identifier: MIT */
/* Nearest neighbours in plain C; the choice of instruction set; blocks of queries. */
#include "core/memory.h"
#include "core/parallel.h"
#include "sfm/match/nn.h"

static void pack(hl_nn_base *base)
{
    (void)base; /* rows are read as they are */
}

static int32_t dot_of(const uint8_t *restrict a, const uint8_t *restrict b)
{
    int32_t sum = 0;
    for (int k = 0; k < HL_DESCRIPTOR_BYTES; k++)
        sum += (int32_t)a[k] * (int32_t)b[k];
    return sum;
}

static void search(const hl_nn_base *base, const uint8_t *queries, int32_t count, void *scratch,
                   hl_nn *out)
{
    (void)scratch;
    for (int32_t q = 0; q < count; q++) {
        hl_nn nn = {-1, -1, -1};
        for (int32_t b = 0; b < base->count; b++) {
            const int32_t dot = dot_of(queries + (int64_t)q * HL_DESCRIPTOR_BYTES,
                                       base->rows + (int64_t)b * HL_DESCRIPTOR_BYTES);
            if (dot > nn.dot) {
                nn.second = nn.dot;
                nn.dot = dot;
                nn.best = b;
            } else if (dot > nn.second) {
                nn.second = dot;
            }
        }
        nn.dot = nn.dot > 0 ? nn.dot : 0;
        nn.second = nn.second > 0 ? nn.second : 0;
        out[q] = nn;
    }
}

static const hl_nn_kernels table = {"plain", 1, 0, 0, pack, search};

const hl_nn_kernels *hl_nn_kernels_plain(void)
{
    return &table;
}

const hl_nn_kernels *hl_nn_kernels_best(void)
{
    const hl_nn_kernels *vnni = hl_nn_kernels_vnni(), *avx2 = hl_nn_kernels_avx2();
    return vnni ? vnni : avx2 ? avx2 : &table;
}

size_t hl_nn_scratch_bytes(const hl_nn_kernels *kernels)
{
    const size_t words = 3 * (size_t)kernels->lanes + (size_t)kernels->steps;
    return HL_NN_QUERIES * words * sizeof(int32_t);
}

hl_status hl_nn_base_init(hl_nn_base *base, const uint8_t *rows, int32_t count,
                          const hl_nn_kernels *kernels)
{
    hl_nn_base b = {.rows = rows, .count = count};
    b.columns = (count + kernels->panel - 1) / kernels->panel * kernels->panel;
    b.words = hl_alloc((size_t)b.columns * (size_t)kernels->steps, sizeof *b.words);
    b.start = hl_alloc((size_t)b.columns, sizeof *b.start);
    if (!b.words || !b.start) {
        hl_nn_base_release(&b);
        return hl_fail_context(HL_E_MEMORY, "matching against %d features", count);
    }
    kernels->pack(&b);
    *base = b;
    return HL_OK;
}

void hl_nn_base_release(hl_nn_base *base)
{
    hl_free(base->words);
    hl_free(base->start);
    base->words = NULL;
    base->start = NULL;
}

typedef struct search_ctx {
    const hl_nn_base *base;
    const uint8_t *queries;
    int32_t count;
    const hl_nn_kernels *kernels;
    hl_nn *out;
    char *scratch;
    size_t scratch_bytes;
} search_ctx;

static void search_block(void *ctx, int32_t block, int32_t thread)
{
    const search_ctx *c = ctx;
    const int32_t first = block * HL_NN_QUERIES;
    const int32_t left = c->count - first;
    c->kernels->search(c->base, c->queries + (int64_t)first * HL_DESCRIPTOR_BYTES,
                       left < HL_NN_QUERIES ? left : HL_NN_QUERIES,
                       c->scratch + (size_t)thread * c->scratch_bytes, c->out + first);
}

hl_status hl_nn_search(const hl_nn_base *base, const uint8_t *queries, int32_t count,
                       const hl_nn_kernels *kernels, hl_nn *out)
{
    search_ctx c = {base, queries, count, kernels, out, NULL, hl_nn_scratch_bytes(kernels)};
    c.scratch = hl_alloc((size_t)hl_parallel_threads(), c.scratch_bytes);
    if (!c.scratch)
        return HL_E_MEMORY;
    hl_parallel_for(hl_block_count(count, HL_NN_QUERIES), search_block, &c);
    hl_free(c.scratch);
    return HL_OK;
}
