/* SPDX-License-Identifier: MIT */
/* Stands for image_jpeg.c in a build that found no libjpeg. */

#include "core/io/image_codec.h"

static hl_status absent(const char *name)
{
    return hl_fail(HL_E_BACKEND,
                   "%s: this build has no JPEG; install libjpeg-dev and configure "
                   "again",
                   name);
}

hl_status hl_jpeg_probe(const hl_picture_bytes *in, hl_picture_size *size)
{
    (void)size;
    return absent(in->name);
}

hl_status hl_jpeg_decode(const hl_picture_bytes *in, int32_t reduce, hl_image8 *image)
{
    (void)reduce;
    (void)image;
    return absent(in->name);
}

hl_status hl_jpeg_encode(const hl_image8 *image, hl_file_writer *writer)
{
    (void)image;
    return absent(writer->path);
}
