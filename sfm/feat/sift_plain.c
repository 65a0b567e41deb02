/* SPDX-License-Identifier: MIT */
/* The kernels of SIFT in plain C, and the choice of instruction set. */
#include "sfm/feat/sift_kernels.h"

static const hl_sift_kernels table = HL_SIFT_TABLE("plain");

const hl_sift_kernels *hl_sift_kernels_plain(void)
{
    return &table;
}

const hl_sift_kernels *hl_sift_kernels_best(void)
{
    const hl_sift_kernels *avx512 = hl_sift_kernels_avx512(), *avx2 = hl_sift_kernels_avx2();
    return avx512 ? avx512 : avx2 ? avx2 : &table;
}
