/* SPDX-License-Identifier: MIT */
/* Any bytes as an SPZ file of any version: loaded or refused. */
#include "tests/fuzz/fuzz_splats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_splats(hl_spz_read, data, size);
    return 0;
}
