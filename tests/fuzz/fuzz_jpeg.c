/* SPDX-License-Identifier: MIT */
/* Any bytes as a JPEG file, full size and reduced; and as an Exif block. */
#include "core/exif.h"
#include "tests/fuzz/fuzz_pictures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const hl_picture_bytes in = {"fuzz", data, size};
    hl_picture_size head;
    const int orientation = hl_exif_orientation(data, size);
    if (orientation < 1 || orientation > 8)
        abort();
    hl_exif exif;
    hl_exif_parse(&exif, data, size);
    const double focal = hl_exif_focal_px(&exif, 640, 480);
    if (focal != 0 && !(focal >= 0.3 * 640 && focal <= 20 * 640))
        abort();
    if (!fuzz_probe(hl_jpeg_probe, &in, &head))
        return 0;
    for (int32_t reduce = 0; reduce < 2; reduce++) {
        hl_image8 image;
        const hl_status s = hl_jpeg_decode(&in, reduce, &image);
        fuzz_status(s);
        if (s != HL_OK)
            continue;
        if (!reduce)
            fuzz_shape(&head, image.width, image.height, image.channels);
        fuzz_bytes(&image);
    }
    return 0;
}
