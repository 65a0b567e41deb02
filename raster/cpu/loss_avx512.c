/* SPDX-License-Identifier: MIT */
/* The loss passes for AVX-512. */
#include "raster/cpu/loss_table.h"

#if defined(__AVX512F__)

static void moments(const hl_loss_job *job, int32_t first, int32_t last, hl_real *scratch,
                    double *sums)
{
    hl_loss_band_moments(job, first, last, scratch, sums);
}

static void gradient(const hl_loss_job *job, int32_t first, int32_t last, hl_real *scratch)
{
    hl_loss_band_gradient(job, first, last, scratch);
}

static const hl_loss_rows table = {moments, gradient};

const hl_loss_rows *hl_loss_rows_avx512(void)
{
    return &table;
}

#else

const hl_loss_rows *hl_loss_rows_avx512(void)
{
    return NULL;
}

#endif
