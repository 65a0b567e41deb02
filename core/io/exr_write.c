/* SPDX-License-Identifier: MIT */
/* EXR writer: float channels A B G R (or Y), scan lines in blocks of 16, ZIP. */

#include "core/io/exr.h"
#include "core/memory.h"

#include <string.h>

#include <zlib.h>

enum { HEADER_MAX = 512, BLOCK_HEAD = 8 };

typedef struct header_writer {
    unsigned char bytes[HEADER_MAX];
    size_t count;
} header_writer;

static void put_uint(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static void add_bytes(header_writer *w, const void *bytes, size_t count)
{
    memcpy(w->bytes + w->count, bytes, count);
    w->count += count;
}

static void add_u32(header_writer *w, uint32_t value)
{
    put_uint(w->bytes + w->count, value, 4);
    w->count += 4;
}

static void add_attribute(header_writer *w, const char *name, const char *type, uint32_t size)
{
    add_bytes(w, name, strlen(name) + 1);
    add_bytes(w, type, strlen(type) + 1);
    add_u32(w, size);
}

static void add_float(header_writer *w, const char *name, uint32_t bits)
{
    add_attribute(w, name, "float", 4);
    add_u32(w, bits);
}

/* Alphabetical, as the format wants them; the picture's channel of each. */
static const char *channel_name(int channels, int i, int *source)
{
    static const char *const names[4] = {"A", "B", "G", "R"};
    if (channels == 1) {
        *source = 0;
        return "Y";
    }
    *source = channels - 1 - i;
    return names[i + 4 - channels];
}

static void make_header(header_writer *w, const hl_image *image)
{
    const uint32_t one = 0x3f800000; /* 1.0f */
    const uint32_t channels = (uint32_t)image->channels;
    int source;
    w->count = 0;
    add_bytes(w, "\x76\x2f\x31\x01", 4);
    add_u32(w, EXR_VERSION);
    add_attribute(w, "channels", "chlist", 18 * channels + 1);
    for (int i = 0; i < image->channels; i++) {
        add_bytes(w, channel_name(image->channels, i, &source), 2);
        add_u32(w, EXR_FLOAT);
        add_u32(w, 0);
        add_u32(w, 1);
        add_u32(w, 1);
    }
    add_bytes(w, "", 1);
    add_attribute(w, "compression", "compression", 1);
    add_bytes(w, "\3", 1); /* EXR_ZIP */
    for (int i = 0; i < 2; i++) {
        add_attribute(w, i ? "displayWindow" : "dataWindow", "box2i", 16);
        add_u32(w, 0);
        add_u32(w, 0);
        add_u32(w, (uint32_t)image->width - 1);
        add_u32(w, (uint32_t)image->height - 1);
    }
    add_attribute(w, "lineOrder", "lineOrder", 1);
    add_bytes(w, "", 1); /* increasing y */
    add_float(w, "pixelAspectRatio", one);
    add_attribute(w, "screenWindowCenter", "v2f", 8);
    add_u32(w, 0);
    add_u32(w, 0);
    add_float(w, "screenWindowWidth", one);
    add_bytes(w, "", 1);
}

/* Rows y .. y + lines - 1 as the file holds them before compression. */
static void gather(const hl_image *image, int32_t y, int32_t lines, unsigned char *raw)
{
    for (int32_t row = y; row < y + lines; row++)
        for (int i = 0; i < image->channels; i++) {
            int source;
            channel_name(image->channels, i, &source);
            const float *from =
                image->data + (size_t)row * (size_t)image->width * (size_t)image->channels + source;
            for (int32_t x = 0; x < image->width; x++, raw += 4) {
                uint32_t bits;
                memcpy(&bits, from + (size_t)x * (size_t)image->channels, sizeof bits);
                put_uint(raw, bits, 4);
            }
        }
}

/* Even bytes, then odd bytes, then differences plus 128. */
static void predict(const unsigned char *raw, size_t count, unsigned char *coded)
{
    const size_t half = (count + 1) / 2;
    for (size_t i = 0; i < count; i++)
        coded[i % 2 ? half + i / 2 : i / 2] = raw[i];
    for (size_t i = count; i-- > 1;)
        coded[i] = (unsigned char)(coded[i] - coded[i - 1] + 128);
}

/* Packs every block behind the one before; table (blocks): where each starts.  Blocks that do not
 * shrink are stored.  packed grows to `*size` bytes. */
static hl_status pack_blocks(const hl_image *image, size_t start, unsigned char *table,
                             unsigned char *packed, size_t *size)
{
    const size_t row_bytes = (size_t)image->width * (size_t)image->channels * 4;
    const size_t most = row_bytes * EXR_ZIP_LINES;
    unsigned char *raw = hl_alloc(2, most);
    if (!raw)
        return HL_E_MEMORY;
    hl_status s = HL_OK;
    for (int32_t y = 0; y < image->height && s == HL_OK; y += EXR_ZIP_LINES) {
        const int32_t lines = image->height - y < EXR_ZIP_LINES ? image->height - y : EXR_ZIP_LINES;
        const size_t count = row_bytes * (size_t)lines;
        unsigned char *head = packed + *size, *data = head + BLOCK_HEAD;
        uLongf made = compressBound((uLong)count);
        gather(image, y, lines, raw);
        predict(raw, count, raw + most);
        if (compress2(data, &made, raw + most, (uLong)count, 6) != Z_OK)
            s = hl_fail(HL_E_MEMORY, "out of memory while packing an EXR picture");
        if (made >= count) {
            memcpy(data, raw, count);
            made = (uLongf)count;
        }
        put_uint(table + 8 * (size_t)(y / EXR_ZIP_LINES), start + *size, 8);
        put_uint(head, (uint64_t)y, 4);
        put_uint(head + 4, made, 4);
        *size += BLOCK_HEAD + made;
    }
    hl_free(raw);
    return s;
}

hl_status hl_exr_encode(const hl_image *image, hl_file_writer *writer)
{
    header_writer header;
    make_header(&header, image);
    const size_t blocks = (size_t)((image->height + EXR_ZIP_LINES - 1) / EXR_ZIP_LINES);
    const size_t row_bytes = (size_t)image->width * (size_t)image->channels * 4;
    const size_t bound = BLOCK_HEAD + compressBound((uLong)(row_bytes * EXR_ZIP_LINES));
    unsigned char *table = hl_alloc(blocks, 8), *packed = hl_alloc(blocks, bound);
    size_t size = 0;
    hl_status s = HL_E_MEMORY;
    if (table && packed)
        s = pack_blocks(image, header.count + 8 * blocks, table, packed, &size);
    if (s == HL_OK) {
        hl_file_write(writer, header.bytes, header.count);
        hl_file_write(writer, table, 8 * blocks);
        hl_file_write(writer, packed, size);
    }
    hl_free(table);
    hl_free(packed);
    return s;
}
