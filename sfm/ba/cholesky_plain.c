/* SPDX-License-Identifier: MIT */
#include "sfm/ba/cholesky_kernels.h"

enum { TILE = HL_CHOLESKY_TILE };

static void multiply(double *c, size_t c_stride, const double *a, size_t a_stride, const double *bt,
                     int32_t depth, int32_t rows)
{
    for (int32_t i = 0; i < rows; i++) {
        double sum[TILE] = {0};
        for (int32_t k = 0; k < depth; k++) {
            const double value = a[(size_t)i * a_stride + (size_t)k];
            for (int j = 0; j < TILE; j++)
                sum[j] += value * bt[(size_t)k * TILE + (size_t)j];
        }
        for (int j = 0; j < TILE; j++)
            c[(size_t)i * c_stride + (size_t)j] -= sum[j];
    }
}

hl_cholesky_multiply hl_cholesky_multiply_plain(void)
{
    return multiply;
}
