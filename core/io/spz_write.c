/* SPDX-License-Identifier: MIT */
/* Writes SPZ, versions 2 to 4 (core/io/spz.h). */
#include "core/io/bytes.h"
#include "core/io/codec.h"
#include "core/io/splat_formats.h"
#include "core/io/spz.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

/* Positions are signed 24-bit integers. */
static const double FIXED_MAX = 8388607;

/* SH bytes are rounded to multiples of this: 5 bits in band 1, 4 bits above. */
enum { BUCKET_BAND1 = 8, BUCKET = 16 };

enum { SETTLE_PASSES = 8 };

typedef struct job {
    const hl_splats *splats;
    int version, degree, fraction_bits;
    int flip[3];          /* memory to file */
    unsigned char *block; /* header of version 1-3, then the streams */
    unsigned char *stream[HL_SPZ_STREAMS];
    size_t bytes[HL_SPZ_STREAMS];
} job;

/* As many fractional bits as the farthest splat allows, 12 at most. */
static hl_status choose_fraction(job *j)
{
    double farthest = 0;
    for (size_t i = 0; i < 3 * (size_t)j->splats->count; i++) {
        const double v = fabs((double)j->splats->mean[i]);
        if (!isfinite(v))
            return hl_fail(HL_E_ARG, "splat %zu: its position is not finite", i / 3);
        farthest = fmax(farthest, v);
    }
    j->fraction_bits = HL_SPZ_FRACTION_BITS;
    while (j->fraction_bits > 0 && round(ldexp(farthest, j->fraction_bits)) > FIXED_MAX)
        j->fraction_bits--;
    if (round(farthest) > FIXED_MAX)
        return hl_fail(HL_E_ARG, "SPZ: a position at %g, the format ends at %g", farthest,
                       FIXED_MAX);
    return HL_OK;
}

static void store_fixed24(unsigned char *p, float value, int fraction_bits)
{
    const int32_t fixed = (int32_t)lround(ldexp((double)value, fraction_bits));
    for (int b = 0; b < 3; b++)
        p[b] = (unsigned char)((uint32_t)fixed >> 8 * b & 0xff);
}

static void unit(const float *stored, const int flip[3], double q[4])
{
    double norm = 0;
    for (int k = 0; k < 4; k++)
        norm += (double)stored[k] * (double)stored[k];
    norm = sqrt(norm);
    const bool usable = norm > 0 && isfinite(norm);
    q[0] = usable ? (double)stored[0] / norm : 1;
    for (int k = 0; k < 3; k++)
        q[1 + k] =
            usable ? (double)stored[1 + k] / norm * flip[(k + 1) % 3] * flip[(k + 2) % 3] : 0;
}

static void store_rotation3(unsigned char *p, const double q[4])
{
    const double sign = q[0] < 0 ? -1 : 1;
    for (int k = 0; k < 3; k++)
        p[k] = hl_splat_byte((float)(127.5 * sign * q[1 + k] + 127.5));
}

static uint32_t smallest_three(const double xyzw[4], int largest)
{
    uint32_t bits = (uint32_t)largest;
    for (int k = 0; k < 4; k++) {
        if (k == largest)
            continue;
        const double v = xyzw[largest] < 0 ? -xyzw[k] : xyzw[k];
        const double magnitude = fmin(511, round(fabs(v) * sqrt(2) * 511));
        bits = bits << 10 | (uint32_t)(v < 0) << 9 | (uint32_t)magnitude;
    }
    return bits;
}

static void store_rotation4(unsigned char *p, const double q[4])
{
    const double xyzw[4] = {q[1], q[2], q[3], q[0]};
    int largest = 0;
    for (int k = 1; k < 4; k++)
        if (fabs(xyzw[k]) > fabs(xyzw[largest]))
            largest = k;
    hl_put_le32(p, smallest_three(xyzw, largest));
}

/* What is read back from rounded bytes may round to others once more: bytes that do not are
 * stored, so that a file that was loaded is saved as it was. */
static void store_rotation(const job *j, size_t i, const double q[4])
{
    static const int keep[3] = {1, 1, 1};
    const size_t bytes = hl_spz_bytes(HL_SPZ_ROTATION, j->version, 0);
    unsigned char *out = j->stream[HL_SPZ_ROTATION] + bytes * i, before[4];
    double next[4] = {q[0], q[1], q[2], q[3]};
    for (int pass = 0; pass < SETTLE_PASSES; pass++) {
        float back[4];
        memcpy(before, out, bytes);
        if (j->version < 3)
            store_rotation3(out, next);
        else
            store_rotation4(out, next);
        if (pass && memcmp(before, out, bytes) == 0)
            break;
        hl_spz_load_rotation(out, j->version, back);
        unit(back, keep, next);
    }
}

static unsigned char sh_byte(float value, int bucket)
{
    const int byte = hl_splat_byte(128 * value + 128);
    const int rounded = (byte + bucket / 2) / bucket * bucket;
    return (unsigned char)(rounded < 255 ? rounded : 255);
}

static void store_splat(const job *j, size_t i)
{
    const hl_splats *s = j->splats;
    const hl_splat_row row = hl_splat_row_at(s, i);
    const int active = hl_sh_coeffs(s->sh_degree);
    const float *sh = row.sh;
    unsigned char *position = j->stream[HL_SPZ_POSITION] + 9 * i;
    unsigned char *color = j->stream[HL_SPZ_COLOR] + 3 * i;
    unsigned char *scale = j->stream[HL_SPZ_SCALE] + 3 * i;
    double q[4];
    unit(row.quat, j->flip, q);
    for (int k = 0; k < 3; k++) {
        const float where = row.mean[k] * (float)j->flip[k];
        const float dc = sh[HL_SH_COEFFS_MAX * k];
        store_fixed24(position + 3 * k, where, j->fraction_bits);
        color[k] = hl_splat_byte(255 * (0.15f * dc + 0.5f));
        scale[k] = hl_splat_byte((row.log_scale[k] + 10) * 16);
    }
    j->stream[HL_SPZ_ALPHA][i] = hl_splat_byte_of_logit(*row.logit_opa);
    store_rotation(j, i, q);
    unsigned char *out = j->stream[HL_SPZ_SH] + i * hl_spz_bytes(HL_SPZ_SH, 4, j->degree);
    for (int k = 1; k < hl_sh_coeffs(j->degree); k++)
        for (int ch = 0; ch < 3; ch++) {
            const float c = k < active ? sh[HL_SH_COEFFS_MAX * ch + k] : 0;
            *out++ =
                sh_byte((float)hl_splat_sh_sign(k, j->flip) * c, k < 4 ? BUCKET_BAND1 : BUCKET);
        }
}

/* version 4: p has 32 bytes, else 16. */
static void store_header(const job *j, unsigned char *p, unsigned flags, int streams)
{
    hl_put_le32(p, HL_SPZ_MAGIC);
    hl_put_le32(p + 4, (uint32_t)j->version);
    hl_put_le32(p + 8, (uint32_t)j->splats->count);
    p[12] = (unsigned char)j->degree;
    p[13] = (unsigned char)j->fraction_bits;
    p[14] = (unsigned char)(flags | (j->splats->antialiased ? HL_SPZ_FLAG_ANTIALIASED : 0));
    p[15] = (unsigned char)streams;
}

static hl_status write_gzip(hl_file_writer *file, const job *j, size_t total)
{
    hl_bytes packed;
    store_header(j, j->block, 0, 0);
    HL_TRY(hl_gzip_pack(&packed, j->block, total));
    hl_file_write(file, packed.bytes, packed.count);
    hl_free(packed.bytes);
    return HL_OK;
}

static hl_status pack_streams(const job *j, hl_bytes packed[HL_SPZ_STREAMS], int streams)
{
    for (int i = 0; i < streams; i++)
        HL_TRY(hl_zstd_pack(&packed[i], j->stream[i], j->bytes[i]));
    return HL_OK;
}

static hl_status write_version4(hl_file_writer *file, const job *j, bool raw_axes)
{
    const int streams = j->degree ? HL_SPZ_STREAMS : HL_SPZ_STREAMS - 1;
    hl_bytes packed[HL_SPZ_STREAMS] = {0};
    unsigned char header[HL_SPZ_HEADER4_BYTES] = {0}, extension[12] = {0};
    const uint32_t toc = HL_SPZ_HEADER4_BYTES + (raw_axes ? (uint32_t)sizeof extension : 0);
    const hl_status s = pack_streams(j, packed, streams);
    if (s == HL_OK) {
        store_header(j, header, raw_axes ? HL_SPZ_FLAG_EXTENSIONS : 0, streams);
        hl_put_le32(header + 16, toc);
        hl_file_write(file, header, sizeof header);
        hl_put_le32(extension, HL_SPZ_EXTENSION_AXES);
        hl_put_le32(extension + 4, 4);
        hl_put_le32(extension + 8, HL_SPZ_AXES_CODE_RDF);
        hl_file_write(file, extension, raw_axes ? sizeof extension : 0);
        for (int i = 0; i < streams; i++) {
            unsigned char row[HL_SPZ_TOC_BYTES];
            hl_put_le64(row, packed[i].count);
            hl_put_le64(row + 8, j->bytes[i]);
            hl_file_write(file, row, sizeof row);
        }
        for (int i = 0; i < streams; i++)
            hl_file_write(file, packed[i].bytes, packed[i].count);
    }
    for (int i = 0; i < streams; i++)
        hl_free(packed[i].bytes);
    return s;
}

hl_status hl_spz_write(hl_file_writer *file, const hl_splats *splats, int degree,
                       const hl_splat_save_options *options)
{
    const bool raw_axes = options->spz_axes == HL_SPZ_AXES_RAW;
    const int turn = raw_axes ? 1 : -1;
    job j = {.splats = splats, .version = options->spz_version, .degree = degree};
    j.flip[0] = 1;
    j.flip[1] = j.flip[2] = turn;
    if (j.version == 4 && !hl_zstd_available())
        return hl_fail(HL_E_BACKEND, "SPZ version 4 needs zstd, which this build lacks");
    HL_TRY(choose_fraction(&j));
    size_t total = HL_SPZ_HEADER_BYTES;
    for (int i = 0; i < HL_SPZ_STREAMS; i++) {
        j.bytes[i] = (size_t)splats->count * hl_spz_bytes(i, j.version, degree);
        total += j.bytes[i];
    }
    j.block = hl_alloc(total, 1);
    if (!j.block)
        return HL_E_MEMORY;
    unsigned char *p = j.block + HL_SPZ_HEADER_BYTES;
    for (int i = 0; i < HL_SPZ_STREAMS; p += j.bytes[i++])
        j.stream[i] = p;
    for (size_t i = 0; i < (size_t)splats->count; i++)
        store_splat(&j, i);
    const hl_status s =
        j.version == 4 ? write_version4(file, &j, raw_axes) : write_gzip(file, &j, total);
    hl_free(j.block);
    return s;
}
