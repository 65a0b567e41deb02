/* SPDX-License-Identifier: MIT */
/* sfm/ba/cholesky_kernels.h -- the product of tiles that hl_cholesky_factor spends its time in, and
 * the seam to the processor. */
#ifndef HL_SFM_BA_CHOLESKY_KERNELS_H
#define HL_SFM_BA_CHOLESKY_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define HL_CHOLESKY_TILE                                                     \
    48 /* a multiple of every register's width, and 4 rows of it fit AVX-512 \
        */

/* c (rows, HL_CHOLESKY_TILE) -= a (rows, depth) bt (depth, HL_CHOLESKY_TILE); bt is dense, rows of
 * c are c_stride doubles apart, those of a a_stride. */
typedef void (*hl_cholesky_multiply)(double *c, size_t c_stride, const double *a, size_t a_stride,
                                     const double *bt, int32_t depth, int32_t rows);

/* NULL where the build or this processor has no such instructions. */
hl_cholesky_multiply hl_cholesky_multiply_plain(void);
hl_cholesky_multiply hl_cholesky_multiply_avx2(void);
hl_cholesky_multiply hl_cholesky_multiply_avx512(void);

#endif /* HL_SFM_BA_CHOLESKY_KERNELS_H */
