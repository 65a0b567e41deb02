/* SPDX-License-Identifier: MIT */
/* Any bytes as a Radiance HDR file. */
#include "tests/fuzz/fuzz_pictures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const hl_picture_bytes in = {"fuzz", data, size};
    hl_picture_size head;
    hl_image image;
    if (!fuzz_probe(hl_hdr_probe, &in, &head))
        return 0;
    const hl_status s = hl_hdr_decode(&in, &image);
    fuzz_status(s);
    if (s == HL_OK) {
        fuzz_shape(&head, image.width, image.height, image.channels);
        fuzz_floats(&image);
    }
    return 0;
}
