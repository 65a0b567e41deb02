/* SPDX-License-Identifier: MIT */
/* The loss passes in plain C; the compiler's vector types become its baseline registers. */
#include "raster/cpu/loss_table.h"

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

const hl_loss_rows *hl_loss_rows_plain(void)
{
    return &table;
}
