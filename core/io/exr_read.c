/* SPDX-License-Identifier: MIT */
/* Blocks of an EXR file: unpack, undo the predictor, put the samples in their place. */

#include "core/io/exr.h"
#include "core/io/half.h"
#include "core/memory.h"

#include <string.h>

#include <zlib.h>

typedef struct block {
    int32_t x, y, width, height; /* pixels, within the picture */
    const unsigned char *packed; /* (packed_size) */
    size_t packed_size, raw_size;
} block;

static uint64_t uint_at(const unsigned char *p, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

static float sample_at(const unsigned char *p, int type)
{
    if (type == EXR_HALF)
        return hl_float_from_half((uint32_t)uint_at(p, 2));
    const uint32_t bits = (uint32_t)uint_at(p, 4);
    if (type == EXR_UINT)
        return (float)bits;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Run lengths: n >= 0: the next byte n + 1 times; n < 0: -n bytes as they are. */
static bool unpack_rle(const block *b, unsigned char *raw)
{
    size_t from = 0, to = 0;
    while (from < b->packed_size && to < b->raw_size) {
        const int n = (signed char)b->packed[from++];
        const size_t count = n < 0 ? (size_t)-n : (size_t)n + 1;
        const size_t need = n < 0 ? count : 1;
        if (b->packed_size - from < need || b->raw_size - to < count)
            return false;
        if (n < 0)
            memcpy(raw + to, b->packed + from, count);
        else
            memset(raw + to, b->packed[from], count);
        from += need;
        to += count;
    }
    return to == b->raw_size;
}

static bool unpack_zip(const block *b, unsigned char *raw)
{
    uLongf made = (uLongf)b->raw_size;
    return uncompress(raw, &made, b->packed, (uLong)b->packed_size) == Z_OK && made == b->raw_size;
}

/* Differences to sums; then the first half holds the even bytes, the second the odd ones. */
static void undo_predictor(const unsigned char *coded, size_t count, unsigned char *raw)
{
    unsigned char sum = count ? coded[0] : 0;
    const size_t half = (count + 1) / 2;
    for (size_t i = 0; i < count; i++) {
        if (i)
            sum = (unsigned char)(sum + coded[i] - 128);
        raw[i < half ? 2 * i : 2 * (i - half) + 1] = sum;
    }
}

static hl_status find_block(const exr_header *h, const hl_picture_bytes *in, int32_t index,
                            block *b)
{
    const uint64_t offset = uint_at(in->bytes + h->table + 8 * (size_t)index, 8);
    const size_t head = h->tiled ? 20 : 8;
    if (offset > in->size || in->size - offset < head)
        return hl_fail(HL_E_FORMAT, "%s: EXR: block %d starts at byte %llu of %zu", in->name, index,
                       (unsigned long long)offset, in->size);
    const unsigned char *p = in->bytes + offset;
    const uint64_t size = uint_at(p + head - 4, 4);
    if (size > in->size - offset - head)
        return hl_fail(HL_E_FORMAT, "%s: EXR: block %d is cut off", in->name, index);
    int64_t column = 0, row;
    if (h->tiled) {
        column = (int32_t)uint_at(p, 4);
        row = (int32_t)uint_at(p + 4, 4);
    } else {
        const int64_t line = (int64_t)(int32_t)uint_at(p, 4) - h->y_min;
        row = line % h->tile_height ? -1 : line / h->tile_height;
    }
    if (column < 0 || column >= h->columns || row < 0 || row >= h->rows ||
        (h->tiled && uint_at(p + 8, 8) != 0))
        return hl_fail(HL_E_FORMAT, "%s: EXR: block %d is for a place outside the picture",
                       in->name, index);
    b->x = (int32_t)column * h->tile_width;
    b->y = (int32_t)row * h->tile_height;
    b->width = h->width - b->x < h->tile_width ? h->width - b->x : h->tile_width;
    b->height = h->height - b->y < h->tile_height ? h->height - b->y : h->tile_height;
    b->packed = p + head;
    b->packed_size = (size_t)size;
    b->raw_size = (size_t)b->width * (size_t)b->height * (size_t)h->pixel_bytes;
    return HL_OK;
}

/* raw, spare: room for a block each.  The samples, or NULL where the block is damaged. */
static const unsigned char *unpack(const exr_header *h, const block *b, unsigned char *raw,
                                   unsigned char *spare)
{
    if (b->packed_size == b->raw_size) /* what does not shrink is stored */
        return b->packed;
    if (h->compression == EXR_NONE || b->packed_size > b->raw_size)
        return NULL;
    if (!(h->compression == EXR_RLE ? unpack_rle(b, spare) : unpack_zip(b, spare)))
        return NULL;
    undo_predictor(spare, b->raw_size, raw);
    return raw;
}

static void place(const exr_header *h, const block *b, const unsigned char *raw, hl_image *image)
{
    const size_t row_bytes = (size_t)b->width * (size_t)h->pixel_bytes;
    for (int i = 0; i < h->channel_count; i++) {
        const exr_channel *channel = &h->channels[i];
        const size_t step = channel->type == EXR_HALF ? 2 : 4;
        if (channel->target < 0)
            continue;
        for (int32_t y = 0; y < b->height; y++) {
            const unsigned char *from =
                raw + (size_t)y * row_bytes + (size_t)channel->offset * (size_t)b->width;
            float *to = image->data +
                        ((size_t)(b->y + y) * (size_t)image->width + (size_t)b->x) *
                            (size_t)image->channels +
                        channel->target;
            for (int32_t x = 0; x < b->width; x++)
                to[(size_t)x * (size_t)image->channels] =
                    sample_at(from + (size_t)x * step, channel->type);
        }
    }
}

static hl_status read_blocks(const exr_header *h, const hl_picture_bytes *in, unsigned char *work,
                             size_t block_bytes, hl_image *image)
{
    for (int32_t i = 0; i < h->columns * h->rows; i++) {
        block b = {0};
        HL_TRY(find_block(h, in, i, &b));
        const unsigned char *raw = unpack(h, &b, work, work + block_bytes);
        if (!raw)
            return hl_fail(HL_E_FORMAT, "%s: EXR: block %d does not unpack", in->name, i);
        place(h, &b, raw, image);
    }
    return HL_OK;
}

hl_status hl_exr_decode(const hl_picture_bytes *in, hl_image *image)
{
    exr_header h;
    HL_TRY(hl_exr_header(in, &h));
    const int32_t width = h.tile_width < h.width ? h.tile_width : h.width;
    const int32_t height = h.tile_height < h.height ? h.tile_height : h.height;
    const size_t block_bytes = (size_t)width * (size_t)height * (size_t)h.pixel_bytes;
    hl_image made;
    HL_TRY(hl_image_create(&made, h.width, h.height, h.picture_channels));
    unsigned char *work = hl_alloc(2, block_bytes);
    hl_status s = HL_E_MEMORY;
    if (work)
        s = read_blocks(&h, in, work, block_bytes, &made);
    hl_free(work);
    if (s == HL_OK)
        *image = made;
    else
        hl_image_release(&made);
    return s;
}
