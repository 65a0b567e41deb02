/* SPDX-License-Identifier: MIT */
/* core/io/spz.h -- what the reader and the writer of SPZ share: header, streams, axes.
 *
 *   version 1-3   gzip over: 16-byte header, then the six streams one after the other
 *   version 4     32-byte header, extension records, table of contents, one zstd frame a stream
 *
 * Streams in order: positions, alphas, colours, scales, rotations, SH.  Source: the format notes
 * of nianticlabs/spz.
 */
#ifndef HL_CORE_IO_SPZ_H
#define HL_CORE_IO_SPZ_H

#include <stddef.h>
#include <stdint.h>

#define HL_SPZ_MAGIC 0x5053474eu /* "NGSP" */

enum {
    HL_SPZ_HEADER_BYTES = 16,
    HL_SPZ_HEADER4_BYTES = 32,
    HL_SPZ_TOC_BYTES = 16, /* per stream: u64 compressed, u64 uncompressed */
    HL_SPZ_STREAMS = 6,
    HL_SPZ_FLAG_ANTIALIASED = 1,
    HL_SPZ_FLAG_EXTENSIONS = 2,
    HL_SPZ_FRACTION_BITS = 12, /* of positions, unless the scene is too large */
    HL_SPZ_DEGREE_MAX = 4
};

/* Extension record of Adobe: u32, 0 = not said, else 1 + (right) + 2 (up) + 4 (front). */
#define HL_SPZ_EXTENSION_AXES 0xadbe0003u
enum { HL_SPZ_AXES_CODE_RDF = 6 };

enum { HL_SPZ_POSITION, HL_SPZ_ALPHA, HL_SPZ_COLOR, HL_SPZ_SCALE, HL_SPZ_ROTATION, HL_SPZ_SH };

/* Bytes of one splat in one stream.  degree 0..4. */
static inline size_t hl_spz_bytes(int stream, int version, int degree)
{
    switch (stream) {
    case HL_SPZ_POSITION:
        return version == 1 ? 6 : 9;
    case HL_SPZ_ALPHA:
        return 1;
    case HL_SPZ_ROTATION:
        return version < 3 ? 3 : 4;
    case HL_SPZ_SH:
        return 3 * (size_t)((degree + 1) * (degree + 1) - 1);
    default:
        return 3;
    }
}

/* The quaternion w x y z that the bytes of a rotation stand for, in the axes of the file. */
void hl_spz_load_rotation(const unsigned char *p, int version, float q[4]);

#endif /* HL_CORE_IO_SPZ_H */
