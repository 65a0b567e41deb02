/* SPDX-License-Identifier: MIT */
/* sfm/match/nn.h -- exact search of the two nearest descriptors, and the seam to the processor.
 *
 * Near means a large dot product; rows are bytes 0..255, so sums stay below 2^23 and integers give
 * the same result in any order.  The base is packed into panels of columns, one 32-bit word of
 * each column side by side; a query's word is spread over a register:
 *
 *   vnni   4 bytes a word.  The instruction multiplies unsigned by signed bytes, so the query is
 *          taken as q - 128 and 128 * sum(base) is where the sum starts: exact, nothing is halved
 *   avx2   2 of 16 bits a word
 *
 * Best and second are kept for each lane and folded at the end: ties go to the lower index.
 */
#ifndef HL_SFM_MATCH_NN_H
#define HL_SFM_MATCH_NN_H

#include "sfm/feature.h"

#define HL_NN_QUERIES \
    96 /* queries of a block of work: state, queries and a panel fit the L1 cache */

typedef struct hl_nn {
    int32_t best;   /* row of the base; -1 where it is empty         */
    int32_t dot;    /* with that row                                 */
    int32_t second; /* dot product with the second; 0 where none is  */
} hl_nn;

typedef struct hl_nn_base {
    const uint8_t *rows; /* (count, HL_DESCRIPTOR_BYTES), borrowed     */
    int32_t count;
    int32_t columns; /* count, padded to whole panels              */
    uint32_t *words; /* (panels, steps, columns of a panel), owned */
    int32_t *start;  /* (columns), owned                           */
} hl_nn_base;

typedef struct hl_nn_kernels {
    const char *name;
    int32_t panel; /* columns of a panel      */
    int32_t steps; /* words of a descriptor   */
    int32_t lanes; /* 32-bit words a register */
    void (*pack)(hl_nn_base *base);
    /* out (count) for count <= HL_NN_QUERIES rows.  scratch: hl_nn_scratch_bytes. */
    void (*search)(const hl_nn_base *base, const uint8_t *queries, int32_t count, void *scratch,
                   hl_nn *out);
} hl_nn_kernels;

/* NULL where the build or this processor has no such instructions. */
const hl_nn_kernels *hl_nn_kernels_plain(void);
const hl_nn_kernels *hl_nn_kernels_avx2(void);
const hl_nn_kernels *hl_nn_kernels_vnni(void);
const hl_nn_kernels *hl_nn_kernels_best(void);

/* HL_E_MEMORY.  Released by hl_nn_base_release. */
hl_status hl_nn_base_init(hl_nn_base *base, const uint8_t *rows, int32_t count,
                          const hl_nn_kernels *kernels);
void hl_nn_base_release(hl_nn_base *base);

size_t hl_nn_scratch_bytes(const hl_nn_kernels *kernels);

/* out (count): the two nearest rows of the base for each of `queries`.  Parallel inside. */
hl_status hl_nn_search(const hl_nn_base *base, const uint8_t *queries, int32_t count,
                       const hl_nn_kernels *kernels, hl_nn *out);

#endif /* HL_SFM_MATCH_NN_H */
