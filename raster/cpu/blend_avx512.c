/* SPDX-License-Identifier: MIT */
#include "raster/cpu/raster_cpu.h"

const hl_cpu_kernels *hl_cpu_kernels_avx512(void)
{
    return NULL;
}
