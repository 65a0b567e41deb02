/* SPDX-License-Identifier: MIT */
/* The one Exif tag that decides which way is up (Exif 2.3, section 4.6.4.A: Orientation). */

#include "core/io/exif_ifd.h"
#include "core/io/image_codec.h"

#include <string.h>

enum { TAG_ORIENTATION = 0x0112 };

int hl_exif_orientation(const unsigned char *block, size_t size)
{
    exif_block b;
    if (!exif_open(&b, block, size))
        return 1;
    const size_t at = exif_find(&b, b.folder, TAG_ORIENTATION);
    const uint32_t value = at ? exif_field(&b, at + 8, 2) : 0;
    const bool valid = at && exif_field(&b, at + 2, 2) == EXIF_SHORT && value >= 1 && value <= 8;
    return valid ? (int)value : 1;
}

/* Orientation o: row 0 of the stored picture is the visual side, column 0 the visual side:
 * 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top,
 * 7 right bottom, 8 left bottom. */
hl_status hl_exif_apply(hl_image8 *image, int orientation)
{
    if (orientation <= 1 || orientation > 8)
        return HL_OK;
    const bool swap = orientation >= 5;
    const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 ||
                        orientation == 6; /* of the upright picture */
    const bool flip_y =
        orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    const int32_t width = swap ? image->height : image->width;
    const int32_t height = swap ? image->width : image->height;
    hl_image8 up;
    const hl_status s = hl_image8_create(&up, width, height, image->channels);
    if (s != HL_OK) {
        hl_image8_release(image);
        return s;
    }
    const size_t c = (size_t)image->channels;
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++) {
            const int32_t ux = flip_x ? width - 1 - x : x, uy = flip_y ? height - 1 - y : y;
            const int32_t column = swap ? uy : ux, row = swap ? ux : uy;
            memcpy(up.data + ((size_t)y * (size_t)width + (size_t)x) * c,
                   image->data + ((size_t)row * (size_t)image->width + (size_t)column) * c, c);
        }
    hl_image8_release(image);
    *image = up;
    return HL_OK;
}
