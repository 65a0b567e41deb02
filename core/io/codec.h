/* SPDX-License-Identifier: MIT */
/* core/io/codec.h -- zlib and zstd behind a door: checksums and bounded (de)compression.
 *
 * Decoders never write more than the caller's room and never trust a size from the stream.
 * All functions are thread-safe.
 */
#ifndef HL_CORE_IO_CODEC_H
#define HL_CORE_IO_CODEC_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CRC-32 of zlib, PNG and gzip (ITU-T V.42). */
uint32_t hl_crc32(const void *bytes, size_t count);

typedef struct hl_bytes {
    unsigned char *bytes; /* (count), hl_free */
    size_t count;
} hl_bytes;

/* False in a build without zstd; the other two then fail with HL_E_BACKEND. */
bool hl_zstd_available(void);

/* One zstd frame with its content size and no checksum.  Same bytes each time for one library. */
hl_status hl_zstd_pack(hl_bytes *packed, const void *bytes, size_t count);

/* Unpacks frames that must hold exactly `count` bytes into `out`.  HL_E_FORMAT otherwise, with a
 * sentence that starts with `name`. */
hl_status hl_zstd_unpack(void *out, size_t count, const void *packed, size_t packed_count,
                         const char *name);

/* One gzip member without name and time stamp. */
hl_status hl_gzip_pack(hl_bytes *packed, const void *bytes, size_t count);

/* Unpacks at most `room` bytes of one gzip member into `out`; *count is what it held, capped at
 * room.  *more: it holds at least one byte more.  HL_E_FORMAT for a damaged or truncated
 * member. */
hl_status hl_gzip_unpack(void *out, size_t room, size_t *count, int *more, const void *packed,
                         size_t packed_count, const char *name);

#endif /* HL_CORE_IO_CODEC_H */
