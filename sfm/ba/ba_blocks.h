/* SPDX-License-Identifier: MIT */
/* sfm/ba/ba_blocks.h -- the reduced system by blocks: one for each two images, or image and camera,
 * or two cameras, that share a point.
 *
 * Nodes: cameras, then images; those without unknowns have none of the blocks.  Blocks of row a lie
 * in columns b <= a, rising, the diagonal one last; each is (size of a, size of b), row-major.  The
 * diagonal one is whole, the others stand for their transposes too. */
#ifndef HL_SFM_BA_BLOCKS_H
#define HL_SFM_BA_BLOCKS_H

#include "sfm/ba/ba_problem.h"

/* Nodes, columns and memory; after the sights are laid out.  HL_E_MEMORY. */
hl_status hl_ba_lay_out_blocks(hl_ba *ba);
void hl_ba_release_blocks(hl_ba *ba);

/* Fills the blocks: S = U + lambda D - sum_p W_p V_p^-1 W_p^T. */
void hl_ba_fill_blocks(hl_ba *ba, double lambda);

/* y = S x (unknowns). */
void hl_ba_multiply_blocks(hl_ba *ba, const double *x, double *y);

/* The lower triangle of S into ba->reduced. */
void hl_ba_scatter_blocks(hl_ba *ba);

static inline const double *hl_ba_diagonal_block(const hl_ba *ba, int32_t node)
{
    return ba->blocks.values + ba->blocks.value_at[ba->blocks.row_start[node + 1] - 1];
}

#endif /* HL_SFM_BA_BLOCKS_H */
