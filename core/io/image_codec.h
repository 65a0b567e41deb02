/* SPDX-License-Identifier: MIT */
/* core/io/image_codec.h -- what core/image.c asks of each picture format.
 *
 * Decoders read a whole file in memory; `name` stands in messages.  They compare the size in the
 * header with the bytes at hand before they allocate.  On failure *image is as it was.
 */
#ifndef HL_CORE_IO_IMAGE_CODEC_H
#define HL_CORE_IO_IMAGE_CODEC_H

#include "core/file.h"
#include "core/image.h"

typedef struct hl_picture_bytes {
    const char *name;
    const unsigned char *bytes; /* (size) */
    size_t size;
} hl_picture_bytes;

typedef struct hl_picture_size {
    int32_t width, height, channels; /* as the decoder will return them */
    bool deep;                       /* 16 bits per channel             */
} hl_picture_size;

/* HL_E_FORMAT where a side is not in 1..HL_IMAGE_SIDE_MAX, the picture is above
 * HL_IMAGE_PIXELS_MAX or has more than `per_byte` pixels for each byte of the file: the format
 * cannot pack them so tightly, the header lies. */
hl_status hl_picture_check(const hl_picture_bytes *in, int64_t width, int64_t height,
                           int64_t per_byte);

/* image_jpeg.c, or image_jpeg_none.c in a build without libjpeg (HL_E_BACKEND). */
hl_status hl_jpeg_probe(const hl_picture_bytes *in, hl_picture_size *size);
hl_status hl_jpeg_decode(const hl_picture_bytes *in, int32_t reduce, hl_image8 *image);
hl_status hl_jpeg_encode(const hl_image8 *image, hl_file_writer *writer);

/* The orientation tag of an Exif block ("Exif\0\0" first): 1..8, 1 where there is none. */
int hl_exif_orientation(const unsigned char *block, size_t size);
/* Turns a picture upright; takes *image over, also on failure (HL_E_MEMORY). */
hl_status hl_exif_apply(hl_image8 *image, int orientation);

/* image_stb.c: PNG, BMP, TGA to bytes; 16-bit PNG to float. */
hl_status hl_stb_probe(const hl_picture_bytes *in, hl_picture_size *size);
hl_status hl_stb_decode(const hl_picture_bytes *in, hl_image8 *image);
hl_status hl_stb_decode_deep(const hl_picture_bytes *in, hl_image *image);

/* png_write.c: 8 bits, filter per row, zlib level 6. */
hl_status hl_png_encode(const hl_image8 *image, hl_file_writer *writer);

/* hdr_read.c, hdr_write.c: Radiance RGBE. */
hl_status hl_hdr_probe(const hl_picture_bytes *in, hl_picture_size *size);
hl_status hl_hdr_decode(const hl_picture_bytes *in, hl_image *image);
hl_status hl_hdr_encode(const hl_image *image, hl_file_writer *writer);

/* exr.c: single-part scan-line or tiled files, half, float or uint channels. */
hl_status hl_exr_probe(const hl_picture_bytes *in, hl_picture_size *size);
hl_status hl_exr_decode(const hl_picture_bytes *in, hl_image *image);
hl_status hl_exr_encode(const hl_image *image, hl_file_writer *writer);

#endif /* HL_CORE_IO_IMAGE_CODEC_H */
