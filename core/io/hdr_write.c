/* SPDX-License-Identifier: MIT */
/* Radiance HDR writer: RGBE pixels, each row as four run-length coded planes (Ward 1991 and the
 * file formats page of Radiance). */

#include "core/io/image_codec.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RUN_MIN = 4, RUN_MAX = 127, DUMP_MAX = 128, RLE_SIDE_MIN = 8, RLE_SIDE_MAX = 32767 };

/* Negative and non-finite values become 0; values beyond the format's range its largest. */
static void rgbe_of(const float rgb[3], unsigned char out[4])
{
    float v[3], most = 0;
    for (int k = 0; k < 3; k++) {
        v[k] = isfinite(rgb[k]) && rgb[k] > 0 ? fminf(rgb[k], 1.6e38f) : 0;
        most = fmaxf(most, v[k]);
    }
    memset(out, 0, 4);
    if (most < 1e-32f)
        return;
    int exponent;
    const float mantissa = frexpf(most, &exponent); /* most = mantissa 2^exponent, in [1/2, 1) */
    const float scale = mantissa * 256 / most;
    for (int k = 0; k < 3; k++)
        out[k] = (unsigned char)fminf(v[k] * scale, 255);
    out[3] = (unsigned char)(exponent + 128);
}

static int run_length(const unsigned char *plane, int at, int width)
{
    int n = 1;
    while (n < RUN_MAX && at + n < width && plane[at + n] == plane[at])
        n++;
    return n;
}

static void write_plane(const unsigned char *plane, int width, hl_file_writer *writer)
{
    int at = 0;
    while (at < width) {
        const int run = run_length(plane, at, width);
        if (run >= RUN_MIN) {
            const unsigned char code[2] = {(unsigned char)(128 + run), plane[at]};
            hl_file_write(writer, code, 2);
            at += run;
            continue;
        }
        int end = at;
        while (end < width && end - at < DUMP_MAX && run_length(plane, end, width) < RUN_MIN)
            end++;
        const unsigned char count = (unsigned char)(end - at);
        hl_file_write(writer, &count, 1);
        hl_file_write(writer, plane + at, count);
        at = end;
    }
}

hl_status hl_hdr_encode(const hl_image *image, hl_file_writer *writer)
{
    const int width = image->width, channels = image->channels;
    const bool packed = width >= RLE_SIDE_MIN && width <= RLE_SIDE_MAX;
    unsigned char *planes = hl_alloc((size_t)width, 4); /* (4, width), or (width, 4) unpacked */
    if (!planes)
        return HL_E_MEMORY;
    char header[128];
    const int bytes = snprintf(header, sizeof header,
                               "#?RADIANCE\nSOFTWARE=helio\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X "
                               "%d\n",
                               image->height, width);
    hl_file_write(writer, header, (size_t)bytes);
    for (int32_t y = 0; y < image->height; y++) {
        const float *row = image->data + (size_t)y * (size_t)width * (size_t)channels;
        for (int x = 0; x < width; x++) {
            const float *p = row + (size_t)x * (size_t)channels;
            const float rgb[3] = {p[0], p[channels == 3 ? 1 : 0], p[channels == 3 ? 2 : 0]};
            unsigned char code[4];
            rgbe_of(rgb, code);
            for (int k = 0; k < 4; k++)
                planes[packed ? k * width + x : 4 * x + k] = code[k];
        }
        if (!packed) {
            hl_file_write(writer, planes, 4 * (size_t)width);
            continue;
        }
        const unsigned char start[4] = {2, 2, (unsigned char)(width >> 8), (unsigned char)width};
        hl_file_write(writer, start, 4);
        for (int k = 0; k < 4; k++)
            write_plane(planes + k * width, width, writer);
    }
    hl_free(planes);
    return HL_OK;
}
