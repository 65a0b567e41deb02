/* SPDX-License-Identifier: MIT */
/* Radiance HDR reader: rows of RGBE pixels, plain, with old repeat marks (1 1 1 n) or as four
 * run-length coded planes (Ward 1991 and the file formats page of Radiance).  Own code: the
 * reader of stb does not end on a run of length zero. */

#include "core/io/image_codec.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A plane of a row may shrink to 2 bytes for 127 pixels; a repeat mark stands for up to 2^24 and
 * more, but no writer of this century makes them: 64 is generous. */
enum { PER_BYTE_MAX = 64, LINE_MAX_BYTES = 256, RLE_SIDE_MIN = 8, RLE_SIDE_MAX = 32767 };

typedef struct hdr {
    const hl_picture_bytes *in;
    size_t at;
    int32_t width, height;
} hdr;

/* The next line of the header without its end; false at the end of the file. */
static bool take_line(hdr *h, char line[LINE_MAX_BYTES])
{
    size_t n = 0;
    while (h->at < h->in->size) {
        const char c = (char)h->in->bytes[h->at++];
        if (c == '\n') {
            line[n] = '\0';
            return true;
        }
        if (n + 1 < LINE_MAX_BYTES)
            line[n++] = c;
    }
    return false;
}

static hl_status read_header(hdr *h)
{
    char line[LINE_MAX_BYTES];
    bool rgbe = false;
    for (;;) {
        if (!take_line(h, line))
            return hl_fail(HL_E_FORMAT, "%s: HDR: the header ends too early", h->in->name);
        if (!line[0])
            break;
        rgbe = rgbe || strcmp(line, "FORMAT=32-bit_rle_rgbe") == 0;
    }
    if (!rgbe)
        return hl_fail(HL_E_FORMAT, "%s: HDR: expected FORMAT=32-bit_rle_rgbe in the header",
                       h->in->name);
    char *end = line;
    long height = 0, width = 0;
    bool fine = take_line(h, line) && strncmp(line, "-Y ", 3) == 0;
    if (fine) {
        height = strtol(line + 3, &end, 10);
        fine = strncmp(end, " +X ", 4) == 0;
    }
    if (fine) {
        width = strtol(end + 4, &end, 10);
        fine = *end == '\0';
    }
    if (!fine)
        return hl_fail(HL_E_FORMAT, "%s: HDR: expected a line \"-Y height +X width\"", h->in->name);
    HL_TRY(hl_picture_check(h->in, width, height, PER_BYTE_MAX));
    h->width = (int32_t)width;
    h->height = (int32_t)height;
    return HL_OK;
}

/* One plane of a packed row: counts above 128 repeat the next byte, others copy. */
static bool read_plane(hdr *h, unsigned char *plane)
{
    int32_t x = 0;
    while (x < h->width) {
        if (h->in->size - h->at < 2)
            return false;
        const unsigned code = h->in->bytes[h->at++];
        const bool run = code > 128;
        const int32_t count = (int32_t)(run ? code - 128 : code);
        if (count == 0 || count > h->width - x || (!run && h->in->size - h->at < (size_t)count))
            return false;
        if (run)
            memset(plane + x, h->in->bytes[h->at++], (size_t)count);
        else
            memcpy(plane + x, h->in->bytes + h->at, (size_t)count);
        h->at += run ? 0 : (size_t)count;
        x += count;
    }
    return true;
}

/* Plain pixels; 1 1 1 n repeats the one before n times, a further mark n * 256 times, and so on.
 * codes (4, width): planes. */
static bool read_plain(hdr *h, unsigned char *codes)
{
    const int32_t width = h->width;
    int32_t x = 0;
    int shift = 0;
    while (x < width) {
        if (h->in->size - h->at < 4)
            return false;
        const unsigned char *p = h->in->bytes + h->at;
        h->at += 4;
        if (p[0] == 1 && p[1] == 1 && p[2] == 1) {
            const int64_t count = shift <= 16 ? (int64_t)p[3] << shift : INT32_MAX;
            if (x == 0 || count > width - x)
                return false;
            for (int k = 0; k < 4; k++)
                memset(codes + k * width + x, codes[k * width + x - 1], (size_t)count);
            x += (int32_t)count;
            shift += 8;
            continue;
        }
        shift = 0;
        for (int k = 0; k < 4; k++)
            codes[k * width + x] = p[k];
        x++;
    }
    return true;
}

static bool read_row(hdr *h, unsigned char *codes)
{
    const unsigned char *p = h->in->bytes + h->at;
    const bool packed = h->width >= RLE_SIDE_MIN && h->width <= RLE_SIDE_MAX &&
                        h->in->size - h->at >= 4 && p[0] == 2 && p[1] == 2 && p[2] < 128;
    if (!packed)
        return read_plain(h, codes);
    if (p[2] * 256 + p[3] != h->width)
        return false;
    h->at += 4;
    for (int k = 0; k < 4; k++)
        if (!read_plane(h, codes + k * h->width))
            return false;
    return true;
}

hl_status hl_hdr_probe(const hl_picture_bytes *in, hl_picture_size *size)
{
    hdr h = {.in = in};
    HL_TRY(read_header(&h));
    *size = (hl_picture_size){h.width, h.height, 3, true};
    return HL_OK;
}

hl_status hl_hdr_decode(const hl_picture_bytes *in, hl_image *image)
{
    hdr h = {.in = in};
    HL_TRY(read_header(&h));
    hl_image made;
    HL_TRY(hl_image_create(&made, h.width, h.height, 3));
    unsigned char *codes = hl_alloc((size_t)h.width, 4);
    hl_status s = codes ? HL_OK : HL_E_MEMORY;
    for (int32_t y = 0; y < h.height && s == HL_OK; y++) {
        if (!read_row(&h, codes)) {
            s = hl_fail(HL_E_FORMAT, "%s: HDR: row %d of %d is damaged or cut off", in->name, y,
                        h.height);
            break;
        }
        float *row = made.data + (size_t)y * (size_t)h.width * 3;
        for (int32_t x = 0; x < h.width; x++) {
            const int exponent = codes[3 * h.width + x];
            const float step = exponent ? ldexpf(1, exponent - 136) : 0;
            for (int k = 0; k < 3; k++)
                row[3 * x + k] = (float)codes[k * h.width + x] * step;
        }
    }
    hl_free(codes);
    if (s == HL_OK)
        *image = made;
    else
        hl_image_release(&made);
    return s;
}
