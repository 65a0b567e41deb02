/* SPDX-License-Identifier: MIT */
/* sfm/ba/cholesky.h -- A = L L^T for dense symmetric positive definite matrices, in tiles.
 *
 * Left-looking: a panel of columns is brought up to date with all that stands to its left, its
 * diagonal tile is factored and inverted, the rows below are multiplied by the inverse; strips of
 * rows run on hl_parallel_for.  The order of additions is that of the tiles: same bytes for any
 * thread count.  Source: Golub and Van Loan, "Matrix Computations", section 4.2.
 */
#ifndef HL_SFM_BA_CHOLESKY_H
#define HL_SFM_BA_CHOLESKY_H

#include <stdbool.h>
#include <stdint.h>

/* a (n, n) row-major; the lower triangle is read and overwritten by L, the rest is of no meaning.
 * False where a pivot is not > 0 (or not finite); a is then spoilt. */
bool hl_cholesky_factor(double *a, int32_t n);

/* Solves L L^T x = b in place: x (n). */
void hl_cholesky_solve(const double *l, int32_t n, double *x);

#endif /* HL_SFM_BA_CHOLESKY_H */
