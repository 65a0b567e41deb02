/* SPDX-License-Identifier: MIT */
/* Any bytes as a file of network weights; a tensor of the corpus is read from it. */
#include "core/io/safetensors.h"
#include "tests/fuzz/fuzz_pictures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hl_safetensors file;
    float values[6];
    const hl_status s = hl_safetensors_parse(&file, "fuzz", data, size);
    fuzz_status(s);
    if (s != HL_OK)
        return 0;
    fuzz_status(hl_safetensors_read(&file, "a", values, 6));
    fuzz_status(hl_safetensors_read(&file, "b", values, 2));
    hl_safetensors_release(&file);
    return 0;
}
