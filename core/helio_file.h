/* SPDX-License-Identifier: MIT */
/* core/helio_file.h -- `.helio`: one container for scenes and checkpoints.
 *
 *   file header   64 B   "HLIO", u32 version 1, u64 bytes of the whole file, zeros
 *   chunk header  64 B   fourcc, u32 flags (bit 0 zstd), u64 stored bytes, u64 raw bytes,
 *                        u32 CRC-32 of the stored payload, u32 CRC-32 of the 28 bytes before it,
 *                        zeros
 *   payload              stored bytes, then zeros up to a multiple of 64
 *
 * All numbers are little-endian, every payload starts at a multiple of 64.  The first chunk is
 * "JSON": what the caller put there plus "chunks", a table of fourcc, dtype and shape of the
 * others in their order.  Readers skip chunks that they do not know.  The same content gives the
 * same bytes.
 *
 * A writer or reader belongs to one thread at a time.
 */
#ifndef HL_CORE_HELIO_FILE_H
#define HL_CORE_HELIO_FILE_H

#include "core/json.h"

#define HL_HELIO_VERSION    1
#define HL_HELIO_CHUNKS_MAX 1024

typedef enum hl_helio_type {
    HL_HELIO_U8,
    HL_HELIO_I32,
    HL_HELIO_U32,
    HL_HELIO_U64,
    HL_HELIO_F32,
    HL_HELIO_F64,
    HL_HELIO_TYPES
} hl_helio_type;

/* Bytes of one element, and its name in the chunk table, such as "f32". */
size_t hl_helio_type_bytes(hl_helio_type type);
const char *hl_helio_type_name(hl_helio_type type);

typedef struct hl_helio_chunk {
    char fourcc[5];      /* four printable ASCII characters, blanks at the end, NUL */
    hl_helio_type type;  /* HL_HELIO_TYPES: a type this version does not know       */
    int64_t rows;        /* shape (rows, columns); an element count of 0 is allowed */
    int64_t columns;     /*                                                         */
    uint64_t bytes;      /* rows * columns * bytes of the type                      */
    uint64_t bytes_file; /* stored, compressed or not, without header and padding   */
} hl_helio_chunk;

typedef struct hl_helio_writer hl_helio_writer;

/* Starts a file that appears at PATH when committed.  HL_E_IO, HL_E_MEMORY. */
hl_status hl_helio_writer_create(hl_helio_writer **writer, const char *path);

/* The root object of the JSON chunk, owned by the writer, to be filled before commit.  The keys
 * "format", "version" and "chunks" are the writer's own. */
hl_json *hl_helio_writer_json(hl_helio_writer *writer);

/* Adds rows * columns elements of `type`.
 *
 *   fourcc   four printable ASCII characters, unique in the file, not "JSON"
 *   data     borrowed until commit; with `compress` it may change once this call has returned
 *   compress by zstd, at once; kept raw where that does not save an eighth
 *
 * Errors: HL_E_ARG, HL_E_MEMORY.  The writer stays usable. */
hl_status hl_helio_writer_add(hl_helio_writer *writer, const char *fourcc, hl_helio_type type,
                              int64_t rows, int64_t columns, const void *data, bool compress);

/* Writes and renames; destroys the writer and sets NULL in any case.  HL_E_IO: the old file at
 * PATH is as it was and no temporary is left. */
hl_status hl_helio_writer_commit(hl_helio_writer **writer);

/* Drops everything.  Safe on NULL. */
void hl_helio_writer_abort(hl_helio_writer **writer);

typedef struct hl_helio_reader hl_helio_reader;

/* Whether PATH can be opened and starts with "HLIO". */
bool hl_helio_is_file(const char *path);

/* Maps PATH and checks all of it: header, sizes, checksums, JSON, chunk table.
 * Errors: HL_E_IO, HL_E_FORMAT (with the byte where it goes wrong), HL_E_MEMORY. */
hl_status hl_helio_reader_create(hl_helio_reader **reader, const char *path);
void hl_helio_reader_destroy(hl_helio_reader **reader);

/* The JSON chunk; lives as long as the reader. */
const hl_json *hl_helio_reader_json(const hl_helio_reader *reader);

/* Chunks after JSON, in file order. */
int32_t hl_helio_reader_count(const hl_helio_reader *reader);
const hl_helio_chunk *hl_helio_reader_chunk(const hl_helio_reader *reader, int32_t index);

/* NULL where the file has no such chunk. */
const hl_helio_chunk *hl_helio_reader_find(const hl_helio_reader *reader, const char *fourcc);

/* The payload of a chunk, aligned to 64, unpacked on first use; lives as long as the reader.
 * HL_E_FORMAT where the chunk is absent, of another type or of another number of columns, or
 * where rows >= 0 and it has another number of rows. */
hl_status hl_helio_reader_data(hl_helio_reader *reader, const char *fourcc, hl_helio_type type,
                               int64_t rows, int64_t columns, const void **data);

#endif /* HL_CORE_HELIO_FILE_H */
