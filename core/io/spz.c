/* SPDX-License-Identifier: MIT */
/* Reads SPZ, versions 1 to 4 (core/io/spz.h). */
#include "core/io/spz.h"

#include "core/io/bytes.h"
#include "core/io/codec.h"
#include "core/io/splat_formats.h"
#include "core/memory.h"

#include <inttypes.h>
#include <math.h>

/* Room for extension records behind the streams of a legacy file. */
enum { EXTENSION_ROOM = 1 << 16 };

/* Bits of a position beyond this leave nothing of it. */
enum { FRACTION_BITS_MAX = 24 };

typedef struct spz {
    const hl_splat_source *source;
    uint32_t version, count;
    int degree, fraction_bits;
    unsigned flags;
    int streams;  /* version 4 */
    uint32_t toc; /* version 4: offset of the table of contents */
    const unsigned char *stream[HL_SPZ_STREAMS];
    unsigned char *owned; /* unpacked bytes; NULL where the streams lie in the file */
    int axes;             /* code of the extension, 0 without */
} spz;

static size_t splat_bytes(const spz *z)
{
    size_t bytes = 0;
    for (int i = 0; i < HL_SPZ_STREAMS; i++)
        bytes += hl_spz_bytes(i, (int)z->version, z->degree);
    return bytes;
}

static hl_status parse_header(spz *z, const unsigned char *p)
{
    const char *name = z->source->name;
    if (hl_le32(p) != HL_SPZ_MAGIC)
        return hl_fail(HL_E_FORMAT, "%s: SPZ: expected the magic number %08x, found %08x", name,
                       HL_SPZ_MAGIC, hl_le32(p));
    z->version = hl_le32(p + 4);
    z->count = hl_le32(p + 8);
    z->degree = p[12];
    z->fraction_bits = p[13];
    z->flags = p[14];
    z->streams = p[15];
    if (z->version < 1 || z->version > 4)
        return hl_fail(HL_E_FORMAT, "%s: SPZ version %u, expected 1 to 4", name, z->version);
    if (z->degree > HL_SPZ_DEGREE_MAX)
        return hl_fail(HL_E_FORMAT, "%s: SPZ: SH degree %d, expected 0 to %d", name, z->degree,
                       HL_SPZ_DEGREE_MAX);
    if (z->fraction_bits > FRACTION_BITS_MAX)
        return hl_fail(HL_E_FORMAT, "%s: SPZ: %d fractional bits, expected 0 to %d", name,
                       z->fraction_bits, FRACTION_BITS_MAX);
    /* The bound of the reference loader: no file of this size holds more. */
    if ((uint64_t)z->count * 9 > (uint64_t)z->source->size * 1024)
        return hl_fail(HL_E_FORMAT, "%s: SPZ: %u splats claimed, the file has only %zu bytes", name,
                       z->count, z->source->size);
    return HL_OK;
}

/* ---- extensions ---- */

static void read_extensions(spz *z, const unsigned char *p, size_t size, hl_splat_info *info)
{
    while (size >= 8) {
        const uint32_t type = hl_le32(p), length = hl_le32(p + 4);
        if (length > size - 8) {
            hl_splat_warn(info, "SPZ extension %08x is cut off", type);
            return;
        }
        if (type == HL_SPZ_EXTENSION_AXES && length >= 4)
            z->axes = hl_le32(p + 8) <= 16 ? (int)hl_le32(p + 8) : 17;
        else
            hl_splat_warn(info, "SPZ extension %08x of %u bytes was skipped", type, length);
        p += 8 + (size_t)length;
        size -= 8 + (size_t)length;
    }
}

/* ---- containers ---- */

/* Streams one after the other; returns the bytes they take. */
static size_t place_streams(spz *z, const unsigned char *p)
{
    size_t at = 0;
    for (int i = 0; i < HL_SPZ_STREAMS; i++) {
        z->stream[i] = p + at;
        at += z->count * hl_spz_bytes(i, (int)z->version, z->degree);
    }
    return at;
}

static hl_status truncated(const spz *z, size_t found)
{
    return hl_fail(HL_E_FORMAT, "%s: SPZ: truncated: %u splats need %zu bytes, %zu are there",
                   z->source->name, z->count, (size_t)z->count * splat_bytes(z), found);
}

static hl_status open_legacy(spz *z, const unsigned char *p, size_t size, hl_splat_info *info)
{
    const size_t need = (size_t)z->count * splat_bytes(z);
    if (size < need)
        return truncated(z, size);
    place_streams(z, p);
    if (z->flags & HL_SPZ_FLAG_EXTENSIONS)
        read_extensions(z, p + need, size - need, info);
    return HL_OK;
}

static hl_status open_gzip(spz *z, hl_splat_info *info, bool header_only)
{
    const hl_splat_source *f = z->source;
    unsigned char header[HL_SPZ_HEADER_BYTES];
    size_t have;
    int more;
    HL_TRY(hl_gzip_unpack(header, sizeof header, &have, &more, f->bytes, f->size, f->name));
    if (have < sizeof header)
        return hl_fail(HL_E_FORMAT, "%s: SPZ: %zu bytes in the gzip data, a header has %zu",
                       f->name, have, sizeof header);
    HL_TRY(parse_header(z, header));
    info->encoding = "gzip";
    if (z->version > 3)
        return hl_fail(HL_E_FORMAT, "%s: SPZ version %u inside gzip, expected 1 to 3", f->name,
                       z->version);
    if (header_only)
        return HL_OK;
    const size_t need = sizeof header + (size_t)z->count * splat_bytes(z);
    const size_t room = need + (z->flags & HL_SPZ_FLAG_EXTENSIONS ? EXTENSION_ROOM : 0);
    z->owned = hl_alloc(room, 1);
    if (!z->owned)
        return HL_E_MEMORY;
    HL_TRY(hl_gzip_unpack(z->owned, room, &have, &more, f->bytes, f->size, f->name));
    return open_legacy(z, z->owned + sizeof header, have - sizeof header, info);
}

/* Unpacks stream i, which the table of contents puts at *at, to `out`. */
static hl_status unpack_stream(const spz *z, int i, size_t *at, unsigned char *out)
{
    const hl_splat_source *f = z->source;
    const unsigned char *row = f->bytes + z->toc + (size_t)i * HL_SPZ_TOC_BYTES;
    const uint64_t packed = hl_le64(row), raw = hl_le64(row + 8);
    const size_t want = z->count * hl_spz_bytes(i, (int)z->version, z->degree);
    if (raw != want)
        return hl_fail(HL_E_FORMAT,
                       "%s: SPZ: stream %d of %" PRIu64 " bytes, expected %zu for %u splats",
                       f->name, i, raw, want, z->count);
    if (packed > f->size - *at)
        return hl_fail(HL_E_FORMAT,
                       "%s: SPZ: stream %d at byte %zu: %" PRIu64 " bytes, %zu are left", f->name,
                       i, *at, packed, f->size - *at);
    if (raw)
        HL_TRY(hl_zstd_unpack(out, want, f->bytes + *at, (size_t)packed, f->name));
    *at += (size_t)packed;
    return HL_OK;
}

static hl_status open_version4(spz *z, hl_splat_info *info, bool header_only)
{
    const hl_splat_source *f = z->source;
    const int expected = z->degree ? HL_SPZ_STREAMS : HL_SPZ_STREAMS - 1;
    info->encoding = "zstd";
    if (f->size < HL_SPZ_HEADER4_BYTES)
        return hl_fail(HL_E_FORMAT, "%s: SPZ: %zu bytes, the header of version 4 has %d", f->name,
                       f->size, HL_SPZ_HEADER4_BYTES);
    z->toc = hl_le32(f->bytes + 16);
    if (z->streams < expected || z->streams > HL_SPZ_STREAMS)
        return hl_fail(HL_E_FORMAT, "%s: SPZ: %d streams, expected %d", f->name, z->streams,
                       expected);
    const size_t toc_bytes = (size_t)z->streams * HL_SPZ_TOC_BYTES;
    if (z->toc < HL_SPZ_HEADER4_BYTES || z->toc > f->size || toc_bytes > f->size - z->toc)
        return hl_fail(HL_E_FORMAT,
                       "%s: SPZ: table of contents at byte %u of %d streams, the file has %zu "
                       "bytes",
                       f->name, z->toc, z->streams, f->size);
    if (z->flags & HL_SPZ_FLAG_EXTENSIONS)
        read_extensions(z, f->bytes + HL_SPZ_HEADER4_BYTES, z->toc - HL_SPZ_HEADER4_BYTES, info);
    if (header_only)
        return HL_OK;
    z->owned = hl_alloc((size_t)z->count, splat_bytes(z));
    if (!z->owned)
        return HL_E_MEMORY;
    place_streams(z, z->owned);
    size_t at = z->toc + toc_bytes;
    for (int i = 0; i < z->streams; i++)
        HL_TRY(unpack_stream(z, i, &at, z->owned + (z->stream[i] - z->owned)));
    return HL_OK;
}

static hl_status open_container(spz *z, hl_splat_info *info, bool header_only)
{
    const hl_splat_source *f = z->source;
    if (f->bytes[0] == 0x1f)
        return open_gzip(z, info, header_only);
    if (f->size < HL_SPZ_HEADER_BYTES)
        return hl_fail(HL_E_FORMAT, "%s: SPZ: %zu bytes, a header has %d", f->name, f->size,
                       HL_SPZ_HEADER_BYTES);
    HL_TRY(parse_header(z, f->bytes));
    if (z->version == 4)
        return open_version4(z, info, header_only);
    info->encoding = "raw";
    return open_legacy(z, f->bytes + HL_SPZ_HEADER_BYTES, f->size - HL_SPZ_HEADER_BYTES, info);
}

/* ---- values ---- */

static float half(uint16_t h)
{
    const int exponent = h >> 10 & 31, mantissa = h & 1023;
    const float sign = h & 0x8000 ? -1.0f : 1.0f;
    if (exponent == 31)
        return mantissa ? NAN : sign * HUGE_VALF;
    return sign * (exponent ? ldexpf((float)(1024 + mantissa), exponent - 25)
                            : ldexpf((float)mantissa, -24));
}

static float fixed24(const unsigned char *p, int fraction_bits)
{
    const uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
    const int32_t value = (int32_t)(bits ^ 0x800000u) - 0x800000;
    return ldexpf((float)value, -fraction_bits);
}

static void load_rotation3(const unsigned char *p, float q[4])
{
    float sum = 0;
    for (int k = 0; k < 3; k++) {
        q[1 + k] = (float)p[k] / 127.5f - 1;
        sum += q[1 + k] * q[1 + k];
    }
    q[0] = sqrtf(fmaxf(0, 1 - sum));
}

static void load_rotation4(const unsigned char *p, float q[4])
{
    static const int memory[4] = {1, 2, 3, 0}; /* the file's order is x y z w */
    uint32_t bits = hl_le32(p);
    const int largest = (int)(bits >> 30);
    float sum = 0;
    for (int k = 3; k >= 0; k--) {
        if (k == largest)
            continue;
        const float magnitude = (float)(bits & 511) / 511 * sqrtf(0.5f);
        q[memory[k]] = bits & 512 ? -magnitude : magnitude;
        sum += magnitude * magnitude;
        bits >>= 10;
    }
    q[memory[largest]] = sqrtf(fmaxf(0, 1 - sum));
}

void hl_spz_load_rotation(const unsigned char *p, int version, float q[4])
{
    if (version < 3)
        load_rotation3(p, q);
    else
        load_rotation4(p, q);
}

static void load_splat(const spz *z, hl_splats *s, size_t i)
{
    const hl_splat_row row = hl_splat_row_at(s, i);
    const unsigned char *position =
        z->stream[HL_SPZ_POSITION] + i * hl_spz_bytes(HL_SPZ_POSITION, (int)z->version, 0);
    const unsigned char *color = z->stream[HL_SPZ_COLOR] + 3 * i;
    const unsigned char *scale = z->stream[HL_SPZ_SCALE] + 3 * i;
    for (int k = 0; k < 3; k++) {
        row.mean[k] = z->version == 1 ? half(hl_le16(position + 2 * k))
                                      : fixed24(position + 3 * k, z->fraction_bits);
        row.log_scale[k] = (float)scale[k] / 16 - 10;
        row.sh[HL_SH_COEFFS_MAX * k] = ((float)color[k] / 255 - 0.5f) / 0.15f;
    }
    *row.logit_opa = hl_splat_logit_of_byte(z->stream[HL_SPZ_ALPHA][i]);
    const size_t rotation_bytes = hl_spz_bytes(HL_SPZ_ROTATION, (int)z->version, 0);
    hl_spz_load_rotation(z->stream[HL_SPZ_ROTATION] + rotation_bytes * i, (int)z->version,
                         row.quat);
    const unsigned char *sh = z->stream[HL_SPZ_SH] + i * hl_spz_bytes(HL_SPZ_SH, 4, z->degree);
    const int coeffs = hl_sh_coeffs(z->degree < HL_SH_DEGREE_MAX ? z->degree : HL_SH_DEGREE_MAX);
    for (int k = 1; k < coeffs; k++)
        for (int ch = 0; ch < 3; ch++)
            row.sh[HL_SH_COEFFS_MAX * ch + k] = ((float)sh[3 * (k - 1) + ch] - 128) / 128;
}

/* Names of the axes and their signs against RDF. */
static hl_status choose_axes(const spz *z, int flip[3], hl_splat_info *info)
{
    static const char *const names[8] = {"LDB", "RDB", "LUB", "RUB", "LDF", "RDF", "LUF", "RUF"};
    const int rub = 4, raw = HL_SPZ_AXES_CODE_RDF;
    int code = z->axes;
    if (code > 8)
        return hl_fail(HL_E_FORMAT,
                       "%s: SPZ: axes %d exchange y and z, expected one of 1 to 8 (LDB to RUF)",
                       z->source->name, code);
    if (!code)
        code = z->source->options.spz_axes == HL_SPZ_AXES_RAW ? raw : rub;
    info->axes = names[code - 1];
    const int bits = code - 1;
    flip[0] = bits & 1 ? 1 : -1;
    flip[1] = bits & 2 ? -1 : 1;
    flip[2] = bits & 4 ? 1 : -1;
    return HL_OK;
}

static hl_status read_all(spz *z, hl_splats *splats, hl_arena *arena, hl_splat_info *info)
{
    int flip[3];
    HL_TRY(open_container(z, info, !splats));
    HL_TRY(choose_axes(z, flip, info));
    HL_TRY(hl_splat_reserve(splats, arena, z->source, z->count));
    info->kind = "spz";
    info->version = (int32_t)z->version;
    info->count = (int32_t)z->count;
    info->sh_degree = z->degree;
    info->antialiased = z->flags & HL_SPZ_FLAG_ANTIALIASED;
    if (!splats)
        return HL_OK;
    for (size_t i = 0; i < z->count; i++)
        load_splat(z, splats, i);
    splats->count = (int32_t)z->count;
    hl_splat_flip(splats, flip);
    return HL_OK;
}

hl_status hl_spz_read(const hl_splat_source *source, hl_splats *splats, hl_arena *arena,
                      hl_splat_info *info)
{
    spz z = {.source = source};
    const hl_status s = read_all(&z, splats, arena, info);
    hl_free(z.owned);
    return s;
}
