/* SPDX-License-Identifier: MIT */
/* Any bytes as a .splat file: loaded or refused. */
#include "tests/fuzz/fuzz_splats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_splats(hl_splat_read, data, size);
    return 0;
}
