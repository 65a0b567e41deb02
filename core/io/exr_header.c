/* SPDX-License-Identifier: MIT */

#include "core/io/exr.h"

#include <stdlib.h>
#include <string.h>

typedef struct cursor {
    const unsigned char *bytes;
    size_t size, at;
} cursor;

static uint32_t u32_at(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int32_t i32_at(const unsigned char *p)
{
    return (int32_t)u32_at(p);
}

/* A text that ends with NUL inside the cursor; NULL where there is none. */
static const char *take_text(cursor *c)
{
    const unsigned char *start = c->bytes + c->at;
    const unsigned char *end = memchr(start, 0, c->size - c->at);
    if (!end)
        return NULL;
    c->at += (size_t)(end - start) + 1;
    return (const char *)start;
}

static const unsigned char *take_bytes(cursor *c, size_t count)
{
    if (c->size - c->at < count)
        return NULL;
    c->at += count;
    return c->bytes + c->at - count;
}

static hl_status read_channels(exr_header *h, cursor c, const char *file)
{
    for (;;) {
        const char *name = take_text(&c);
        if (!name)
            return hl_fail(HL_E_FORMAT, "%s: EXR: the list of channels has no end", file);
        if (!name[0])
            return HL_OK;
        const unsigned char *p = take_bytes(&c, 16);
        if (!p)
            return hl_fail(HL_E_FORMAT, "%s: EXR: the list of channels is cut off", file);
        const uint32_t type = u32_at(p);
        if (type > EXR_FLOAT)
            return hl_fail(HL_E_FORMAT, "%s: EXR: channel %.40s has type %u; 0, 1 and 2 exist",
                           file, name, type);
        if (u32_at(p + 8) != 1 || u32_at(p + 12) != 1)
            return hl_fail(HL_E_FORMAT, "%s: EXR: channel %.40s is subsampled, which is not read",
                           file, name);
        if (h->channel_count == EXR_CHANNELS_MAX)
            return hl_fail(HL_E_FORMAT, "%s: EXR: more than %d channels", file, EXR_CHANNELS_MAX);
        exr_channel *channel = &h->channels[h->channel_count++];
        const size_t length = strlen(name), most = sizeof channel->name - 1;
        memcpy(channel->name, name, length < most ? length : most);
        channel->type = (int)type;
        channel->offset = h->pixel_bytes;
        channel->target = -1;
        h->pixel_bytes += type == EXR_HALF ? 2 : 4;
    }
}

/* Attributes that the reader needs; found bits: 1 channels, 2 compression, 4 window, 8 tiles. */
static hl_status read_attribute(exr_header *h, const char *name, const cursor *value,
                                unsigned *found, const char *file)
{
    const unsigned char *p = value->bytes;
    if (strcmp(name, "channels") == 0 && !(*found & 1)) {
        *found |= 1;
        return read_channels(h, *value, file);
    }
    if (strcmp(name, "compression") == 0 && value->size == 1) {
        h->compression = p[0];
        *found |= 2;
    } else if (strcmp(name, "dataWindow") == 0 && value->size == 16) {
        const int64_t width = (int64_t)i32_at(p + 8) - i32_at(p) + 1;
        const int64_t height = (int64_t)i32_at(p + 12) - i32_at(p + 4) + 1;
        if (width < 1 || height < 1 || width > HL_IMAGE_SIDE_MAX || height > HL_IMAGE_SIDE_MAX)
            return hl_fail(HL_E_FORMAT, "%s: EXR: a window of %lld x %lld pixels; 1 to %d are read",
                           file, (long long)width, (long long)height, HL_IMAGE_SIDE_MAX);
        h->x_min = i32_at(p);
        h->y_min = i32_at(p + 4);
        h->width = (int32_t)width;
        h->height = (int32_t)height;
        *found |= 4;
    } else if (strcmp(name, "tiles") == 0 && value->size == 9) {
        const uint32_t w = u32_at(p), t = u32_at(p + 4);
        if (w < 1 || t < 1 || w > HL_IMAGE_SIDE_MAX || t > HL_IMAGE_SIDE_MAX)
            return hl_fail(HL_E_FORMAT, "%s: EXR: tiles of %u x %u pixels; 1 to %d are read", file,
                           w, t, HL_IMAGE_SIDE_MAX);
        h->tile_width = (int32_t)w;
        h->tile_height = (int32_t)t;
        *found |= 8;
    }
    return HL_OK;
}

static hl_status read_attributes(exr_header *h, cursor *c, const char *file)
{
    unsigned found = 0;
    for (;;) {
        const char *name = take_text(c);
        if (!name)
            return hl_fail(HL_E_FORMAT, "%s: EXR: the header ends too early", file);
        if (!name[0])
            break;
        const char *type = take_text(c);
        const unsigned char *size = type ? take_bytes(c, 4) : NULL;
        const unsigned char *value = size ? take_bytes(c, u32_at(size)) : NULL;
        if (!value)
            return hl_fail(HL_E_FORMAT, "%s: EXR: attribute %.40s is cut off", file, name);
        const cursor inner = {value, u32_at(size), 0};
        HL_TRY(read_attribute(h, name, &inner, &found, file));
    }
    h->table = c->at;
    if ((found & 7) != 7 || (h->tiled && !(found & 8)))
        return hl_fail(HL_E_FORMAT, "%s: EXR: the header lacks %s", file,
                       !(found & 1)   ? "channels"
                       : !(found & 2) ? "compression"
                       : !(found & 4) ? "dataWindow"
                                      : "tiles");
    return HL_OK;
}

static int find_channel(const exr_header *h, const char *name)
{
    for (int i = 0; i < h->channel_count; i++)
        if (strcmp(h->channels[i].name, name) == 0)
            return i;
    return -1;
}

/* R G B (A), X Y Z (normals), Y, or the only channel. */
static hl_status choose_channels(exr_header *h, const char *file)
{
    static const char *const sets[2][3] = {{"R", "G", "B"}, {"X", "Y", "Z"}};
    for (int s = 0; s < 2; s++) {
        int at[3];
        for (int k = 0; k < 3; k++)
            at[k] = find_channel(h, sets[s][k]);
        if (at[0] < 0 || at[1] < 0 || at[2] < 0)
            continue;
        for (int k = 0; k < 3; k++)
            h->channels[at[k]].target = k;
        const int alpha = find_channel(h, "A");
        h->picture_channels = alpha >= 0 && s == 0 ? 4 : 3;
        if (h->picture_channels == 4)
            h->channels[alpha].target = 3;
        return HL_OK;
    }
    const int only = h->channel_count == 1 ? 0 : find_channel(h, "Y");
    if (only < 0)
        return hl_fail(HL_E_FORMAT,
                       "%s: EXR: %d channels, but neither R G B, X Y Z, Y nor a single one", file,
                       h->channel_count);
    h->channels[only].target = 0;
    h->picture_channels = 1;
    return HL_OK;
}

static hl_status lay_out_blocks(exr_header *h, const hl_picture_bytes *in)
{
    static const char *const names[EXR_COMPRESSIONS] = {"none",  "RLE", "ZIPS", "ZIP",  "PIZ",
                                                        "PXR24", "B44", "B44A", "DWAA", "DWAB"};
    if (h->compression > EXR_ZIP)
        return hl_fail(
            HL_E_FORMAT,
            "%s: EXR: compression %s (%d) is not read; save it as ZIP, ZIPS, RLE or none", in->name,
            h->compression < EXR_COMPRESSIONS ? names[h->compression] : "?", h->compression);
    if (!h->tiled) {
        h->tile_width = h->width;
        h->tile_height = h->compression == EXR_ZIP ? EXR_ZIP_LINES : 1;
    }
    h->columns = (h->width + h->tile_width - 1) / h->tile_width;
    h->rows = (h->height + h->tile_height - 1) / h->tile_height;
    const size_t blocks = (size_t)h->columns * (size_t)h->rows;
    if (in->size - h->table < blocks * 8)
        return hl_fail(HL_E_FORMAT, "%s: EXR: the table of %zu blocks is cut off", in->name,
                       blocks);
    return HL_OK;
}

/* Deflate packs at most 1032:1 and a run of RLE 64:1; the smallest pixel is 2 bytes. */
enum { PER_BYTE_MAX = 1032 };

hl_status hl_exr_header(const hl_picture_bytes *in, exr_header *header)
{
    memset(header, 0, sizeof *header);
    if (in->size < 8)
        return hl_fail(HL_E_FORMAT, "%s: EXR: the file has only %zu bytes", in->name, in->size);
    const uint32_t version = u32_at(in->bytes + 4);
    if ((version & 0xff) != EXR_VERSION)
        return hl_fail(HL_E_FORMAT, "%s: EXR: version %u, expected %d", in->name, version & 0xff,
                       EXR_VERSION);
    if (version & (EXR_DEEP | EXR_MULTIPART))
        return hl_fail(HL_E_FORMAT, "%s: EXR: deep and multi-part files are not read", in->name);
    header->tiled = (version & EXR_TILED) != 0;
    cursor c = {in->bytes, in->size, 8};
    HL_TRY(read_attributes(header, &c, in->name));
    HL_TRY(choose_channels(header, in->name));
    HL_TRY(hl_picture_check(in, header->width, header->height, PER_BYTE_MAX));
    return lay_out_blocks(header, in);
}

hl_status hl_exr_probe(const hl_picture_bytes *in, hl_picture_size *size)
{
    exr_header h;
    HL_TRY(hl_exr_header(in, &h));
    *size = (hl_picture_size){h.width, h.height, h.picture_channels, true};
    return HL_OK;
}
