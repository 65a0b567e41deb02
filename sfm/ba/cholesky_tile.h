/* SPDX-License-Identifier: MIT */
/* sfm/ba/cholesky_tile.h -- the product of cholesky_kernels.h in registers, for an instruction set:
 * the including file defines vd, VD_LANES, VD_COLUMNS (registers side by side) and vd_load,
 * vd_store, vd_spread, vd_zero, vd_add_product(sum, a, b), vd_subtract(a, b).
 *
 * 4 rows by VD_COLUMNS registers of sums stay where they are for the whole depth. */
#ifndef HL_SFM_BA_CHOLESKY_TILE_H
#define HL_SFM_BA_CHOLESKY_TILE_H

#include "sfm/ba/cholesky_kernels.h"

#if defined(VD_LANES)

enum { TILE = HL_CHOLESKY_TILE, WIDE = VD_LANES * VD_COLUMNS };

/* `rows` is a constant where this is inlined. */
static inline void multiply_rows(double *c, size_t c_stride, const double *a, size_t a_stride,
                                 const double *bt, int32_t depth, int rows)
{
    vd sum[4][VD_COLUMNS];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < VD_COLUMNS; j++)
            sum[i][j] = vd_zero();
    for (int32_t k = 0; k < depth; k++) {
        vd b[VD_COLUMNS];
        for (int j = 0; j < VD_COLUMNS; j++)
            b[j] = vd_load(bt + (size_t)k * TILE + j * VD_LANES);
        for (int i = 0; i < rows; i++) {
            const vd value = vd_spread(a[(size_t)i * a_stride + (size_t)k]);
            for (int j = 0; j < VD_COLUMNS; j++)
                sum[i][j] = vd_add_product(sum[i][j], value, b[j]);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < VD_COLUMNS; j++) {
            double *out = c + (size_t)i * c_stride + j * VD_LANES;
            vd_store(out, vd_subtract(vd_load(out), sum[i][j]));
        }
}

static void multiply(double *c, size_t c_stride, const double *a, size_t a_stride, const double *bt,
                     int32_t depth, int32_t rows)
{
    for (int left = 0; left < TILE; left += WIDE) {
        int32_t i = 0;
        for (; i + 4 <= rows; i += 4)
            multiply_rows(c + (size_t)i * c_stride + left, c_stride, a + (size_t)i * a_stride,
                          a_stride, bt + left, depth, 4);
        for (; i < rows; i++)
            multiply_rows(c + (size_t)i * c_stride + left, c_stride, a + (size_t)i * a_stride,
                          a_stride, bt + left, depth, 1);
    }
}

#endif

#endif /* HL_SFM_BA_CHOLESKY_TILE_H */
