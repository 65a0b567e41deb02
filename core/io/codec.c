/* SPDX-License-Identifier: MIT */
#include "core/io/codec.h"

#include "core/memory.h"

#include <limits.h>

#include <zlib.h>
#if HL_WITH_ZSTD
#include <zstd.h>
#endif

/* Level 3 is the default of the zstd program; 6 that of gzip. */
enum { ZSTD_LEVEL = 3, GZIP_LEVEL = 6 };

enum { GZIP_WINDOW = 15 + 16 }; /* 32 KiB window, gzip wrapping: deflateInit2, inflateInit2 */

uint32_t hl_crc32(const void *bytes, size_t count)
{
    const uint32_t start = (uint32_t)crc32_z(0, NULL, 0);
    return count ? (uint32_t)crc32_z(start, bytes, count) : start;
}

#if HL_WITH_ZSTD

bool hl_zstd_available(void)
{
    return true;
}

hl_status hl_zstd_pack(hl_bytes *packed, const void *bytes, size_t count)
{
    const size_t room = ZSTD_compressBound(count);
    if (ZSTD_isError(room))
        return hl_fail(HL_E_ARG, "zstd: %zu bytes are too many for one frame", count);
    unsigned char *out = hl_alloc(room, 1);
    if (!out)
        return HL_E_MEMORY;
    const size_t n = ZSTD_compress(out, room, bytes, count, ZSTD_LEVEL);
    if (ZSTD_isError(n)) {
        hl_free(out);
        return hl_fail(HL_E_MEMORY, "zstd: compressing %zu bytes: %s", count, ZSTD_getErrorName(n));
    }
    *packed = (hl_bytes){out, n};
    return HL_OK;
}

hl_status hl_zstd_unpack(void *out, size_t count, const void *packed, size_t packed_count,
                         const char *name)
{
    const size_t n = ZSTD_decompress(out, count, packed, packed_count);
    if (ZSTD_isError(n))
        return hl_fail(HL_E_FORMAT, "%s: zstd data of %zu bytes, expected to hold %zu: %s", name,
                       packed_count, count, ZSTD_getErrorName(n));
    if (n != count)
        return hl_fail(HL_E_FORMAT, "%s: zstd data holds %zu bytes, expected %zu", name, n, count);
    return HL_OK;
}

#else

bool hl_zstd_available(void)
{
    return false;
}

hl_status hl_zstd_pack(hl_bytes *packed, const void *bytes, size_t count)
{
    (void)packed;
    (void)bytes;
    return hl_fail(HL_E_BACKEND, "zstd: %zu bytes to compress, but built without zstd", count);
}

hl_status hl_zstd_unpack(void *out, size_t count, const void *packed, size_t packed_count,
                         const char *name)
{
    (void)out;
    (void)count;
    (void)packed;
    return hl_fail(HL_E_BACKEND, "%s: %zu bytes of zstd data, but built without zstd", name,
                   packed_count);
}

#endif

/* zlib counts in uInt: feeds the next piece of what is left. */
static uInt piece(size_t left)
{
    return left < UINT_MAX ? (uInt)left : UINT_MAX;
}

hl_status hl_gzip_pack(hl_bytes *packed, const void *bytes, size_t count)
{
    z_stream z = {0};
    if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return hl_fail(HL_E_MEMORY, "gzip: cannot start: out of memory");
    /* compressBound of zlib, written in size_t, plus the gzip wrapper of 18 bytes. */
    const size_t room = count + (count >> 12) + (count >> 14) + (count >> 25) + 13 + 32;
    unsigned char *out = hl_alloc(room, 1);
    if (!out) {
        deflateEnd(&z);
        return HL_E_MEMORY;
    }
    size_t taken = 0, made = 0;
    int code = Z_OK;
    while (code == Z_OK) {
        z.next_in = (Bytef *)(uintptr_t)bytes + taken;
        z.avail_in = piece(count - taken);
        z.next_out = out + made;
        z.avail_out = piece(room - made);
        const uInt in = z.avail_in, fit = z.avail_out;
        code = deflate(&z, taken + in == count ? Z_FINISH : Z_NO_FLUSH);
        taken += in - z.avail_in;
        made += fit - z.avail_out;
    }
    deflateEnd(&z);
    if (code != Z_STREAM_END) {
        hl_free(out);
        return hl_fail(HL_E_MEMORY, "gzip: compressing %zu bytes failed", count);
    }
    *packed = (hl_bytes){out, made};
    return HL_OK;
}

hl_status hl_gzip_unpack(void *out, size_t room, size_t *count, int *more, const void *packed,
                         size_t packed_count, const char *name)
{
    z_stream z = {0};
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return hl_fail(HL_E_MEMORY, "%s: gzip: cannot start: out of memory", name);
    unsigned char spare;
    size_t taken = 0, made = 0;
    int code = Z_OK, overflow = 0;
    while (code == Z_OK && !overflow) {
        const int full = made == room;
        z.next_in = (Bytef *)(uintptr_t)packed + taken;
        z.avail_in = piece(packed_count - taken);
        z.next_out = full ? &spare : (Bytef *)out + made;
        z.avail_out = full ? 1 : piece(room - made);
        const uInt in = z.avail_in, fit = z.avail_out;
        code = inflate(&z, Z_NO_FLUSH);
        taken += in - z.avail_in;
        overflow = full && z.avail_out == 0;
        made += full ? 0 : fit - z.avail_out;
    }
    inflateEnd(&z);
    if (code != Z_STREAM_END && !overflow)
        return hl_fail(HL_E_FORMAT, "%s: gzip data is %s after %zu of %zu bytes", name,
                       taken == packed_count ? "truncated" : "damaged", taken, packed_count);
    *count = made;
    *more = overflow;
    return HL_OK;
}
