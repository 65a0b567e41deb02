/* SPDX-License-Identifier: MIT */
/* Any bytes as a PNG, BMP or TGA file, to bytes and, for 16 bits, to floats. */
#include "tests/fuzz/fuzz_pictures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const hl_picture_bytes in = {"fuzz", data, size};
    hl_picture_size head;
    if (!size || !fuzz_probe(hl_stb_probe, &in, &head))
        return 0;
    hl_image8 image;
    hl_image deep;
    hl_status s = hl_stb_decode(&in, &image);
    fuzz_status(s);
    if (s == HL_OK) {
        fuzz_shape(&head, image.width, image.height, image.channels);
        fuzz_bytes(&image);
    }
    s = head.deep ? hl_stb_decode_deep(&in, &deep) : HL_E_ARG;
    if (s == HL_OK)
        fuzz_floats(&deep);
    return 0;
}
