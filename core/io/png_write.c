/* SPDX-License-Identifier: MIT */
/* PNG writer (PNG specification, second edition): 8 bits, colour type by channel count, the row
 * filter with the smallest sum of absolute differences, IDAT chunks of one buffer each. */

#include "core/io/image_codec.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

enum { FILTERS = 5, CHUNK_BYTES = 1 << 16, LEVEL = 6 };

static void put32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void write_chunk(hl_file_writer *writer, const char *type, const unsigned char *bytes,
                        uint32_t count)
{
    unsigned char head[8], tail[4];
    put32(head, count);
    memcpy(head + 4, type, 4);
    uLong crc = crc32(0, head + 4, 4);
    if (count)
        crc = crc32(crc, bytes, count);
    put32(tail, (uint32_t)crc);
    hl_file_write(writer, head, sizeof head);
    hl_file_write(writer, bytes, count);
    hl_file_write(writer, tail, sizeof tail);
}

static int paeth(int left, int up, int corner)
{
    const int p = left + up - corner;
    const int a = abs(p - left), b = abs(p - up), c = abs(p - corner);
    return a <= b && a <= c ? left : (b <= c ? up : corner);
}

/* out (1 + count): filter number and the filtered row; up: the row above, zeros for the first.
 * Returns the sum of absolute values. */
static int64_t filter_row(int filter, const uint8_t *row, const uint8_t *up, int count, int pixel,
                          unsigned char *out)
{
    int64_t sum = 0;
    out[0] = (unsigned char)filter;
    for (int i = 0; i < count; i++) {
        const int left = i >= pixel ? row[i - pixel] : 0;
        const int corner = i >= pixel ? up[i - pixel] : 0;
        int guess = 0;
        if (filter == 1)
            guess = left;
        else if (filter == 2)
            guess = up[i];
        else if (filter == 3)
            guess = (left + up[i]) / 2;
        else if (filter == 4)
            guess = paeth(left, up[i], corner);
        out[1 + i] = (unsigned char)(row[i] - guess);
        sum += abs((signed char)out[1 + i]);
    }
    return sum;
}

/* Deflates `count` bytes; full buffers leave as IDAT chunks, with `flush` Z_FINISH all of it. */
static void deflate_bytes(z_stream *z, unsigned char *buffer, unsigned char *bytes, uInt count,
                          int flush, hl_file_writer *writer)
{
    z->next_in = bytes;
    z->avail_in = count;
    int more = 1;
    while (more) {
        const int result = deflate(z, flush);
        more = flush == Z_FINISH ? result == Z_OK : z->avail_out == 0;
        if (z->avail_out == 0 || (flush == Z_FINISH && !more)) {
            const uint32_t made = (uint32_t)(CHUNK_BYTES - z->avail_out);
            if (made)
                write_chunk(writer, "IDAT", buffer, made);
            z->next_out = buffer;
            z->avail_out = CHUNK_BYTES;
        }
    }
}

/* scratch: FILTERS filtered rows, then a row of zeros, then CHUNK_BYTES. */
static void write_rows(const hl_image8 *image, z_stream *z, unsigned char *scratch,
                       hl_file_writer *writer)
{
    const int count = image->width * image->channels;
    const size_t row_bytes = (size_t)count + 1;
    const uint8_t *up = scratch + FILTERS * row_bytes;
    unsigned char *buffer = scratch + (FILTERS + 1) * row_bytes;
    z->next_out = buffer;
    z->avail_out = CHUNK_BYTES;
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->data + (size_t)y * (size_t)count;
        int best = 0;
        int64_t least = INT64_MAX;
        for (int f = 0; f < FILTERS; f++) {
            unsigned char *out = scratch + (size_t)f * row_bytes;
            const int64_t sum = filter_row(f, row, up, count, image->channels, out);
            if (sum < least) {
                least = sum;
                best = f;
            }
        }
        deflate_bytes(z, buffer, scratch + (size_t)best * row_bytes, (uInt)row_bytes, Z_NO_FLUSH,
                      writer);
        up = row;
    }
    deflate_bytes(z, buffer, scratch, 0, Z_FINISH, writer);
}

hl_status hl_png_encode(const hl_image8 *image, hl_file_writer *writer)
{
    static const unsigned char signature[8] = {137, 80, 78, 71, 13, 10, 26, 10};
    static const unsigned char color_types[5] = {0, 0, 4, 2, 6};
    const size_t row_bytes = (size_t)image->width * (size_t)image->channels + 1;
    unsigned char *scratch = hl_alloc((FILTERS + 1) * row_bytes + CHUNK_BYTES, 1);
    if (!scratch)
        return HL_E_MEMORY;
    z_stream z;
    memset(&z, 0, sizeof z);
    if (deflateInit(&z, LEVEL) != Z_OK) {
        hl_free(scratch);
        return hl_fail(HL_E_MEMORY, "%s: out of memory while packing the picture", writer->path);
    }
    unsigned char header[13] = {0};
    put32(header, (uint32_t)image->width);
    put32(header + 4, (uint32_t)image->height);
    header[8] = 8; /* bits */
    header[9] = color_types[image->channels];
    hl_file_write(writer, signature, sizeof signature);
    write_chunk(writer, "IHDR", header, sizeof header);
    write_rows(image, &z, scratch, writer);
    write_chunk(writer, "IEND", NULL, 0);
    deflateEnd(&z);
    hl_free(scratch);
    return HL_OK;
}
