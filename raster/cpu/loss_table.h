/* SPDX-License-Identifier: MIT */
/* raster/cpu/loss_table.h -- the loss passes of each instruction set; NULL where the build has
 * none.  Whether the processor has it is the caller's question. */
#ifndef HL_RASTER_CPU_LOSS_TABLE_H
#define HL_RASTER_CPU_LOSS_TABLE_H

#include "raster/cpu/loss_rows.h"

#include <stddef.h>

const hl_loss_rows *hl_loss_rows_plain(void);
const hl_loss_rows *hl_loss_rows_avx2(void);
const hl_loss_rows *hl_loss_rows_avx512(void);

#endif /* HL_RASTER_CPU_LOSS_TABLE_H */
