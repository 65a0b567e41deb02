/* SPDX-License-Identifier: MIT */
/* core/image.h -- images in memory and on disk.
 *
 * hl_image: float, hl_image8: bytes; both (height, width, channels), row-major, top row first,
 * channels 1..4 interleaved.  8-bit images and the float images made from them are sRGB coded
 * (value / 255); .hdr and .exr are linear.  Kind is found by content, not by extension.
 */
#ifndef HL_CORE_IMAGE_H
#define HL_CORE_IMAGE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HL_IMAGE_SIDE_MAX   65500              /* pixels per side                */
#define HL_IMAGE_PIXELS_MAX ((int64_t)1 << 28) /* refused above    */

typedef struct hl_image {
    int32_t width, height, channels;
    float *data; /* (height, width, channels), owned */
} hl_image;

typedef struct hl_image8 {
    int32_t width, height, channels;
    uint8_t *data; /* (height, width, channels), owned */
} hl_image8;

/* Zeroed.  HL_E_ARG for sizes out of range, HL_E_MEMORY. */
hl_status hl_image_create(hl_image *image, int32_t width, int32_t height, int32_t channels);
hl_status hl_image8_create(hl_image8 *image, int32_t width, int32_t height, int32_t channels);
void hl_image_release(hl_image *image);
void hl_image8_release(hl_image8 *image);

/* Size and channels from the header alone, EXIF orientation applied to JPEG. */
hl_status hl_image_probe(const char *path, int32_t *width, int32_t *height, int32_t *channels);

/* JPEG (libjpeg-turbo; EXIF orientation applied), PNG, BMP, TGA (stb).  channels: 1, 3, 4 as
 * stored; 2 becomes 4; 16-bit PNG is reduced to 8.
 *
 *   reduce   JPEG only: the decoder may return a smaller picture, by 1/2, 1/4 or 1/8, as long as
 *            its longer side stays >= `reduce` pixels; 0 asks for the full size
 * Errors name path and reason; a truncated JPEG is HL_E_FORMAT, never a grey half. */
hl_status hl_image8_load(hl_image8 *image, const char *path, int32_t reduce);

/* As above but float; also .hdr (linear RGB) and .exr (linear, 1, 3 or 4 channels).
 * 8-bit files give value / 255. */
hl_status hl_image_load(hl_image *image, const char *path);

/* By extension: png, jpg (quality 95) from 8-bit; hdr, exr (float or half) from float.
 * Saving float as png clamps to [0, 1] and rounds to nearest; NaN becomes 0.  Atomic. */
hl_status hl_image8_save(const hl_image8 *image, const char *path);
hl_status hl_image_save(const hl_image *image, const char *path);

/* Exact area average (box filter over the source rectangle of each target pixel); up-scaling is
 * bilinear at pixel centres.  8-bit: rounded to nearest.  Alpha images are averaged
 * premultiplied and divided again, so that colour under alpha 0 does not bleed. */
hl_status hl_image8_resize(hl_image8 *out, const hl_image8 *in, int32_t width, int32_t height);
hl_status hl_image_resize(hl_image *out, const hl_image *in, int32_t width, int32_t height);

/* float <-> 8-bit, clamped and rounded. */
hl_status hl_image8_from_float(hl_image8 *out, const hl_image *in);
hl_status hl_image_from_8(hl_image *out, const hl_image8 *in);

/* Bilinear sample at pixel position (x, y) with centres at +0.5, border clamped.  out (channels).
 */
void hl_image_sample(const hl_image *image, float x, float y, float *out);

#endif /* HL_CORE_IMAGE_H */
