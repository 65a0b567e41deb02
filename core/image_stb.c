/* SPDX-License-Identifier: MIT */
/* Reads PNG, BMP and TGA through stb_image.
 *
 * stb fills what is missing at the end of a short file with zeros; the reader below notices that
 * more was asked for than there is, so that such a file is an error. */

#include "core/io/image_codec.h"
#include "core/memory.h"

#include <string.h>

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function" /* reported at the end of the file */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wimplicit-int-float-conversion"
#pragma GCC diagnostic ignored "-Wshorten-64-to-32"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wdouble-promotion"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wundef"
#endif
#define STBI_MALLOC(size)                     hl_alloc(1, (size))
#define STBI_REALLOC_SIZED(p, old_size, size) hl_grow((p), (old_size), (size), 1)
#define STBI_FREE(p)                          hl_free(p)
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_TGA
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 65500
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

_Static_assert(HL_IMAGE_SIDE_MAX == 65500, "STBI_MAX_DIMENSIONS is the same limit");

typedef struct reader {
    const hl_picture_bytes *in;
    size_t at;
    bool starved; /* more was wanted than the file holds */
} reader;

enum { STB_BUFFER = 128 }; /* bytes: how stb reads ahead; a short read of this size is no fault */

static int read_bytes(void *user, char *data, int size)
{
    reader *r = user;
    const size_t left = r->in->size - r->at, want = (size_t)size, count = want < left ? want : left;
    if (count < want && (count == 0 || size != STB_BUFFER))
        r->starved = true;
    memcpy(data, r->in->bytes + r->at, count);
    r->at += count;
    return (int)count;
}

static void skip_bytes(void *user, int count)
{
    reader *r = user;
    if (count < 0) /* stb gives bytes back */
        r->at -= (size_t)-count <= r->at ? (size_t)-count : r->at;
    else if ((size_t)count > r->in->size - r->at) {
        r->starved = true;
        r->at = r->in->size;
    } else
        r->at += (size_t)count;
}

static int at_end(void *user)
{
    const reader *r = user;
    return r->at >= r->in->size;
}

static const stbi_io_callbacks callbacks = {read_bytes, skip_bytes, at_end};

static hl_status fail_stb(const hl_picture_bytes *in, const reader *r)
{
    if (r->starved)
        return hl_fail(HL_E_FORMAT, "%s: the picture ends before its last row (%zu bytes)",
                       in->name, in->size);
    const char *reason = stbi_failure_reason();
    if (!reason || strcmp(reason, "unknown image type") == 0)
        return hl_fail(HL_E_FORMAT, "%s: not a picture that is read: JPEG, PNG, BMP, TGA, HDR, EXR",
                       in->name);
    return hl_fail(strcmp(reason, "outofmem") == 0 ? HL_E_MEMORY : HL_E_FORMAT, "%s: %s", in->name,
                   reason);
}

/* How tightly a file can pack at most: deflate 1032:1; a run of 128 pixels for TGA. */
enum { DEFLATE_MAX = 1032, TGA_PER_BYTE = 128 };

/* Layout of PNG: signature, then chunks of length, type, data, checksum; the first is IHDR. */
enum { PNG_SIGNATURE = 8, PNG_CHUNK = 12, PNG_IHDR = 13 };

static int64_t u32_at(const unsigned char *p)
{
    return (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | p[3];
}

/* Before stb, which takes memory for a chunk by its length alone: every chunk up to IEND must be
 * there, and the size in IHDR must be one that the file can hold. */
static hl_status check_png(const hl_picture_bytes *in)
{
    static const uint8_t samples[7] = {1, 0, 3, 1, 2, 0, 4}; /* by colour type */
    const unsigned char *ihdr = in->bytes + PNG_SIGNATURE + 8;
    if (in->size < PNG_SIGNATURE + PNG_CHUNK + PNG_IHDR || memcmp(ihdr - 4, "IHDR", 4) != 0)
        return hl_fail(HL_E_FORMAT, "%s: PNG: the header is cut off or missing", in->name);
    const int bits = ihdr[8] * (ihdr[9] < 7 ? samples[ihdr[9]] : 0);
    if (bits < 1 || bits > 64)
        return hl_fail(HL_E_FORMAT, "%s: PNG: no such pixel format: %d bits, colour type %d",
                       in->name, ihdr[8], ihdr[9]);
    HL_TRY(hl_picture_check(in, u32_at(ihdr), u32_at(ihdr + 4), DEFLATE_MAX * 8 / bits));
    for (size_t at = PNG_SIGNATURE; in->size - at >= PNG_CHUNK;) {
        const int64_t length = u32_at(in->bytes + at);
        if (memcmp(in->bytes + at + 4, "IEND", 4) == 0)
            return HL_OK;
        if (length > (int64_t)(in->size - at - PNG_CHUNK))
            break;
        at += PNG_CHUNK + (size_t)length;
    }
    return hl_fail(HL_E_FORMAT, "%s: PNG: the picture ends before its last row (%zu bytes)",
                   in->name, in->size);
}

hl_status hl_stb_probe(const hl_picture_bytes *in, hl_picture_size *size)
{
    reader r = {.in = in}, deep = {.in = in};
    int width, height, channels;
    const bool png =
        in->size >= PNG_SIGNATURE && memcmp(in->bytes, "\x89PNG\r\n\x1a\n", PNG_SIGNATURE) == 0;
    if (png)
        HL_TRY(check_png(in));
    if (!stbi_info_from_callbacks(&callbacks, &r, &width, &height, &channels)) {
        r.starved = false; /* too short to be anything: the plainer sentence */
        return fail_stb(in, &r);
    }
    if (!png)
        HL_TRY(hl_picture_check(in, width, height, TGA_PER_BYTE));
    *size = (hl_picture_size){width, height, channels == 2 ? 4 : channels,
                              stbi_is_16_bit_from_callbacks(&callbacks, &deep) != 0};
    return HL_OK;
}

hl_status hl_stb_decode(const hl_picture_bytes *in, hl_image8 *image)
{
    hl_picture_size size;
    HL_TRY(hl_stb_probe(in, &size));
    reader r = {.in = in};
    int width, height, stored;
    uint8_t *data =
        stbi_load_from_callbacks(&callbacks, &r, &width, &height, &stored, size.channels);
    if (!data || r.starved) {
        hl_free(data);
        return fail_stb(in, &r);
    }
    *image = (hl_image8){width, height, size.channels, data};
    return HL_OK;
}

hl_status hl_stb_decode_deep(const hl_picture_bytes *in, hl_image *image)
{
    hl_picture_size size;
    HL_TRY(hl_stb_probe(in, &size));
    reader r = {.in = in};
    int width, height, stored;
    uint16_t *data =
        stbi_load_16_from_callbacks(&callbacks, &r, &width, &height, &stored, size.channels);
    if (!data || r.starved) {
        hl_free(data);
        return fail_stb(in, &r);
    }
    hl_image made;
    const hl_status s = hl_image_create(&made, width, height, size.channels);
    if (s == HL_OK) {
        const size_t count = (size_t)width * (size_t)height * (size_t)size.channels;
        for (size_t i = 0; i < count; i++)
            made.data[i] = (float)data[i] / 65535;
        *image = made;
    }
    hl_free(data);
    return s;
}
