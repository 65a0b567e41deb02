/* SPDX-License-Identifier: MIT */
#include "core/helio_file.h"

#include "core/file.h"
#include "core/io/bytes.h"
#include "core/io/codec.h"
#include "core/memory.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error ".helio payloads are written as they lie in memory: a little-endian machine is needed"
#endif

enum { HEADER_BYTES = 64, PAD = 64, FLAG_ZSTD = 1 };

/* Offset of the checksum in a chunk header; it covers the bytes before it. */
enum { HEADER_CRC = 28 };

/* A frame that unpacks to more than this many times its size is stored raw by the writer and
 * refused by the reader: a small file cannot ask for much memory. */
enum { RATIO_MAX = 1024 };

/* One row stands for at most this many bytes of memory, so that products fit in 64 bits. */
#define ELEMENTS_MAX ((int64_t)1 << 40)

static const struct {
    const char *name;
    size_t bytes;
} types[HL_HELIO_TYPES] = {
    [HL_HELIO_U8] = {"u8", 1},   [HL_HELIO_I32] = {"i32", 4}, [HL_HELIO_U32] = {"u32", 4},
    [HL_HELIO_U64] = {"u64", 8}, [HL_HELIO_F32] = {"f32", 4}, [HL_HELIO_F64] = {"f64", 8},
};

size_t hl_helio_type_bytes(hl_helio_type type)
{
    return type < HL_HELIO_TYPES ? types[type].bytes : 0;
}

const char *hl_helio_type_name(hl_helio_type type)
{
    return type < HL_HELIO_TYPES ? types[type].name : "unknown";
}

static size_t padding(uint64_t bytes)
{
    return (size_t)((PAD - bytes % PAD) % PAD);
}

static bool is_fourcc(const char *fourcc)
{
    for (int i = 0; i < 4; i++)
        if (fourcc[i] < 0x20 || fourcc[i] > 0x7e)
            return false;
    return !fourcc[4];
}

/* ---- writer ---- */

typedef struct entry {
    hl_helio_chunk chunk;
    const void *data;      /* borrowed, or packed.bytes */
    unsigned char *packed; /* owned, NULL where raw     */
} entry;

struct hl_helio_writer {
    hl_file_writer file;
    hl_json *root;
    entry *entries; /* (capacity), the first `count` in use */
    int32_t count, capacity;
};

hl_status hl_helio_writer_create(hl_helio_writer **writer, const char *path)
{
    hl_helio_writer *w = hl_alloc(1, sizeof *w);
    if (!w)
        return HL_E_MEMORY;
    const hl_status s = hl_file_writer_open(&w->file, path);
    if (s != HL_OK) {
        hl_free(w);
        return s;
    }
    w->root = hl_json_object();
    hl_json_add_text(w->root, "format", "helio");
    hl_json_add_number(w->root, "version", HL_HELIO_VERSION);
    *writer = w;
    return HL_OK;
}

hl_json *hl_helio_writer_json(hl_helio_writer *writer)
{
    return writer->root;
}

static hl_status check_new_chunk(const hl_helio_writer *w, const char *fourcc, hl_helio_type type,
                                 int64_t rows, int64_t columns)
{
    if (strlen(fourcc) != 4 || !is_fourcc(fourcc) || !strcmp(fourcc, "JSON"))
        return hl_fail(HL_E_ARG, "helio: \"%s\" is not a name for a chunk", fourcc);
    if (type >= HL_HELIO_TYPES || rows < 0 || columns < 0 || rows > ELEMENTS_MAX ||
        (rows && columns > ELEMENTS_MAX / rows))
        return hl_fail(HL_E_ARG, "helio: chunk %s: bad type or shape", fourcc);
    if (w->count == HL_HELIO_CHUNKS_MAX)
        return hl_fail(HL_E_ARG, "helio: chunk %s: more than %d chunks", fourcc,
                       HL_HELIO_CHUNKS_MAX);
    for (int32_t i = 0; i < w->count; i++)
        if (!strcmp(w->entries[i].chunk.fourcc, fourcc))
            return hl_fail(HL_E_ARG, "helio: chunk %s is there already", fourcc);
    return HL_OK;
}

/* Keeps a copy of the data, compressed where that is worth it. */
static hl_status pack(entry *e)
{
    const uint64_t raw = e->chunk.bytes;
    hl_bytes packed = {0};
    if (hl_zstd_available())
        HL_TRY(hl_zstd_pack(&packed, e->data, (size_t)raw));
    if (!packed.bytes || packed.count >= raw - raw / 8 || raw / RATIO_MAX > packed.count) {
        hl_free(packed.bytes);
        packed.bytes = hl_alloc((size_t)raw, 1);
        packed.count = (size_t)raw;
        if (!packed.bytes)
            return HL_E_MEMORY;
        memcpy(packed.bytes, e->data, packed.count);
    }
    e->chunk.bytes_file = packed.count;
    e->packed = packed.bytes;
    e->data = packed.bytes;
    return HL_OK;
}

hl_status hl_helio_writer_add(hl_helio_writer *w, const char *fourcc, hl_helio_type type,
                              int64_t rows, int64_t columns, const void *data, bool compress)
{
    HL_TRY(check_new_chunk(w, fourcc, type, rows, columns));
    if (w->count == w->capacity) {
        const int32_t capacity = w->capacity ? 2 * w->capacity : 16;
        entry *entries =
            hl_grow(w->entries, (size_t)w->capacity, (size_t)capacity, sizeof *entries);
        if (!entries)
            return HL_E_MEMORY;
        w->entries = entries;
        w->capacity = capacity;
    }
    entry e = {.chunk = {.type = type, .rows = rows, .columns = columns}, .data = data};
    memcpy(e.chunk.fourcc, fourcc, sizeof e.chunk.fourcc);
    e.chunk.bytes = (uint64_t)rows * (uint64_t)columns * types[type].bytes;
    e.chunk.bytes_file = e.chunk.bytes;
    if (compress && e.chunk.bytes)
        HL_TRY(pack(&e));
    w->entries[w->count++] = e;
    return HL_OK;
}

static uint64_t span(uint64_t stored)
{
    return HEADER_BYTES + stored + padding(stored);
}

static void write_chunk(hl_file_writer *file, const hl_helio_chunk *c, const void *data)
{
    static const unsigned char zeros[PAD];
    unsigned char header[HEADER_BYTES] = {0};
    const size_t stored = (size_t)c->bytes_file;
    memcpy(header, c->fourcc, 4);
    hl_put_le32(header + 4, c->bytes_file != c->bytes ? FLAG_ZSTD : 0);
    hl_put_le64(header + 8, c->bytes_file);
    hl_put_le64(header + 16, c->bytes);
    hl_put_le32(header + 24, hl_crc32(data, stored));
    hl_put_le32(header + HEADER_CRC, hl_crc32(header, HEADER_CRC));
    hl_file_write(file, header, sizeof header);
    hl_file_write(file, data, stored);
    hl_file_write(file, zeros, (size_t)(span(c->bytes_file) - HEADER_BYTES - c->bytes_file));
}

static hl_status print_root(hl_helio_writer *w, char **text)
{
    hl_json *table = hl_json_add_array(w->root, "chunks");
    for (int32_t i = 0; i < w->count; i++) {
        const hl_helio_chunk *c = &w->entries[i].chunk;
        hl_json *row = hl_json_add_object(table, NULL);
        hl_json_add_text(row, "fourcc", c->fourcc);
        hl_json_add_text(row, "dtype", types[c->type].name);
        hl_json *shape = hl_json_add_array(row, "shape");
        hl_json_add_number(shape, NULL, (double)c->rows);
        hl_json_add_number(shape, NULL, (double)c->columns);
        if (hl_json_count(shape) != 2)
            return hl_fail(HL_E_MEMORY, "out of memory while building the chunk table");
    }
    return hl_json_print(w->root, false, text);
}

static void write_all(hl_helio_writer *w, const char *json)
{
    hl_helio_chunk first = {.fourcc = "JSON"};
    first.bytes = first.bytes_file = strlen(json);
    uint64_t total = HEADER_BYTES + span(first.bytes_file);
    for (int32_t i = 0; i < w->count; i++)
        total += span(w->entries[i].chunk.bytes_file);

    unsigned char header[HEADER_BYTES] = {'H', 'L', 'I', 'O', HL_HELIO_VERSION};
    hl_put_le64(header + 8, total);
    hl_file_write(&w->file, header, sizeof header);
    write_chunk(&w->file, &first, json);
    for (int32_t i = 0; i < w->count; i++)
        write_chunk(&w->file, &w->entries[i].chunk, w->entries[i].data);
}

static void writer_destroy(hl_helio_writer **writer)
{
    hl_helio_writer *w = *writer;
    for (int32_t i = 0; i < w->count; i++)
        hl_free(w->entries[i].packed);
    hl_free(w->entries);
    hl_json_destroy(&w->root);
    hl_free(w);
    *writer = NULL;
}

hl_status hl_helio_writer_commit(hl_helio_writer **writer)
{
    hl_helio_writer *w = *writer;
    char *json = NULL;
    hl_status s = print_root(w, &json);
    if (s == HL_OK) {
        write_all(w, json);
        s = hl_file_writer_commit(&w->file);
    } else {
        hl_file_writer_abort(&w->file);
    }
    hl_free(json);
    writer_destroy(writer);
    return s;
}

void hl_helio_writer_abort(hl_helio_writer **writer)
{
    if (!*writer)
        return;
    hl_file_writer_abort(&(*writer)->file);
    writer_destroy(writer);
}

/* ---- reader ---- */

bool hl_helio_is_file(const char *path)
{
    hl_file_map map;
    if (hl_file_map_open(&map, path) != HL_OK)
        return false;
    const bool is = map.size >= 4 && !memcmp(map.bytes, "HLIO", 4);
    hl_file_map_close(&map);
    return is;
}

typedef struct stored {
    hl_helio_chunk chunk;
    const unsigned char *payload; /* in the map                        */
    unsigned char *unpacked;      /* owned, NULL until wanted          */
    bool packed;                  /* payload is a zstd frame           */
} stored;

struct hl_helio_reader {
    hl_file_map map;
    char *path;
    hl_json *root;
    stored *chunks; /* (capacity), the first `count` in use; JSON is not among them */
    int32_t count, capacity;
};

static hl_status check_file_header(const hl_helio_reader *r)
{
    const unsigned char *p = r->map.bytes;
    if (r->map.size < HEADER_BYTES)
        return hl_fail(HL_E_FORMAT, "%s: %zu bytes, a .helio file has at least %d", r->path,
                       r->map.size, HEADER_BYTES);
    if (memcmp(p, "HLIO", 4))
        return hl_fail(HL_E_FORMAT, "%s: byte 0: expected \"HLIO\", found another kind of file",
                       r->path);
    if (hl_le32(p + 4) != HL_HELIO_VERSION)
        return hl_fail(HL_E_FORMAT, "%s: byte 4: version %u, this program reads version %d",
                       r->path, hl_le32(p + 4), HL_HELIO_VERSION);
    if (hl_le64(p + 8) != r->map.size)
        return hl_fail(HL_E_FORMAT,
                       "%s: byte 8: the header says %" PRIu64 " bytes, the file has %zu", r->path,
                       hl_le64(p + 8), r->map.size);
    return HL_OK;
}

/* Reads the chunk header at *at, checks it and its payload, and moves *at to the next. */
static hl_status read_chunk(const hl_helio_reader *r, size_t *at, stored *out)
{
    const size_t left = r->map.size - *at;
    const unsigned char *p = r->map.bytes + *at;
    if (left < HEADER_BYTES)
        return hl_fail(HL_E_FORMAT, "%s: byte %zu: %zu bytes left, a chunk header has %d", r->path,
                       *at, left, HEADER_BYTES);
    if (hl_crc32(p, HEADER_CRC) != hl_le32(p + HEADER_CRC))
        return hl_fail(HL_E_FORMAT, "%s: byte %zu: the checksum of the chunk header is wrong",
                       r->path, *at);
    stored c = {.payload = p + HEADER_BYTES};
    memcpy(c.chunk.fourcc, p, 4);
    if (!is_fourcc(c.chunk.fourcc))
        return hl_fail(HL_E_FORMAT, "%s: byte %zu: expected the name of a chunk", r->path, *at);
    const uint32_t flags = hl_le32(p + 4);
    c.packed = flags & FLAG_ZSTD;
    c.chunk.bytes_file = hl_le64(p + 8);
    c.chunk.bytes = hl_le64(p + 16);
    if (flags & ~(uint32_t)FLAG_ZSTD)
        return hl_fail(HL_E_FORMAT, "%s: byte %zu: chunk %s: flags 0x%x, expected 0 or 1", r->path,
                       *at + 4, c.chunk.fourcc, flags);
    if (c.chunk.bytes_file > left - HEADER_BYTES || span(c.chunk.bytes_file) > left)
        return hl_fail(HL_E_FORMAT,
                       "%s: byte %zu: chunk %s says %" PRIu64 " bytes, %zu are left in the file",
                       r->path, *at + 8, c.chunk.fourcc, c.chunk.bytes_file, left - HEADER_BYTES);
    const bool plausible = c.packed ? c.chunk.bytes / RATIO_MAX <= c.chunk.bytes_file
                                    : c.chunk.bytes == c.chunk.bytes_file;
    if (!plausible)
        return hl_fail(HL_E_FORMAT,
                       "%s: byte %zu: chunk %s of %" PRIu64 " bytes claims to hold %" PRIu64,
                       r->path, *at + 16, c.chunk.fourcc, c.chunk.bytes_file, c.chunk.bytes);
    if (hl_crc32(c.payload, (size_t)c.chunk.bytes_file) != hl_le32(p + 24))
        return hl_fail(HL_E_FORMAT, "%s: byte %zu: chunk %s: the checksum is wrong", r->path,
                       *at + HEADER_BYTES, c.chunk.fourcc);
    *at += (size_t)span(c.chunk.bytes_file);
    *out = c;
    return HL_OK;
}

static hl_status keep_chunk(hl_helio_reader *r, const stored *c)
{
    if (hl_helio_reader_find(r, c->chunk.fourcc) || !strcmp(c->chunk.fourcc, "JSON"))
        return hl_fail(HL_E_FORMAT, "%s: chunk %s is there twice", r->path, c->chunk.fourcc);
    if (r->count == HL_HELIO_CHUNKS_MAX)
        return hl_fail(HL_E_FORMAT, "%s: more than %d chunks", r->path, HL_HELIO_CHUNKS_MAX);
    if (r->count == r->capacity) {
        const int32_t capacity = r->capacity ? 2 * r->capacity : 16;
        stored *chunks = hl_grow(r->chunks, (size_t)r->capacity, (size_t)capacity, sizeof *chunks);
        if (!chunks)
            return HL_E_MEMORY;
        r->chunks = chunks;
        r->capacity = capacity;
    }
    r->chunks[r->count++] = *c;
    return HL_OK;
}

static hl_status walk(hl_helio_reader *r)
{
    size_t at = HEADER_BYTES;
    stored first;
    HL_TRY(read_chunk(r, &at, &first));
    if (strcmp(first.chunk.fourcc, "JSON") || first.packed)
        return hl_fail(HL_E_FORMAT, "%s: byte %d: expected a JSON chunk, found %s", r->path,
                       HEADER_BYTES, first.chunk.fourcc);
    while (at < r->map.size) {
        stored c;
        HL_TRY(read_chunk(r, &at, &c));
        HL_TRY(keep_chunk(r, &c));
    }
    HL_TRY(hl_json_parse(&r->root, (const char *)first.payload, (size_t)first.chunk.bytes_file,
                         r->path));
    return HL_OK;
}

static hl_status read_row(const hl_helio_reader *r, const hl_json *row, hl_helio_chunk *c)
{
    const char *fourcc = hl_json_text(row, "fourcc", ""), *dtype = hl_json_text(row, "dtype", "");
    if (strcmp(fourcc, c->fourcc))
        return hl_fail(HL_E_FORMAT, "%s: chunk table: expected %s, found \"%s\"", r->path,
                       c->fourcc, fourcc);
    double shape[2];
    const hl_status s = hl_json_need_numbers(row, "shape", shape, 2, r->path);
    if (s != HL_OK)
        return hl_fail_context(s, "chunk %s", c->fourcc);
    int type = 0;
    while (type < HL_HELIO_TYPES && strcmp(types[type].name, dtype))
        type++;
    c->type = (hl_helio_type)type;
    if (type == HL_HELIO_TYPES)
        return HL_OK; /* of a later version: listed, never handed out */
    const double limit = (double)ELEMENTS_MAX;
    const bool in_range = shape[0] >= 0 && shape[0] <= limit && shape[1] >= 0 &&
                          shape[1] <= limit && shape[0] * shape[1] <= limit;
    if (!in_range || floor(shape[0]) < shape[0] || floor(shape[1]) < shape[1] ||
        shape[0] * shape[1] * (double)types[type].bytes != (double)c->bytes)
        return hl_fail(HL_E_FORMAT,
                       "%s: chunk %s: shape (%g, %g) of %s does not make %" PRIu64 " bytes",
                       r->path, c->fourcc, shape[0], shape[1], dtype, c->bytes);
    c->rows = (int64_t)shape[0];
    c->columns = (int64_t)shape[1];
    return HL_OK;
}

static hl_status read_table(hl_helio_reader *r)
{
    const hl_json *table = hl_json_find(r->root, "chunks");
    if (!hl_json_is_array(table) || hl_json_count(table) != r->count)
        return hl_fail(HL_E_FORMAT, "%s: chunks: expected a table of %d rows, found %d", r->path,
                       r->count, hl_json_count(table));
    const hl_json *row = hl_json_first(table);
    for (int32_t i = 0; i < r->count; i++, row = hl_json_next(row))
        HL_TRY(read_row(r, row, &r->chunks[i].chunk));
    return HL_OK;
}

hl_status hl_helio_reader_create(hl_helio_reader **reader, const char *path)
{
    hl_helio_reader *r = hl_alloc(1, sizeof *r);
    if (!r)
        return HL_E_MEMORY;
    r->path = hl_strdup(path);
    hl_status s = r->path ? hl_file_map_open(&r->map, path) : HL_E_MEMORY;
    if (s == HL_OK)
        s = check_file_header(r);
    if (s == HL_OK)
        s = walk(r);
    if (s == HL_OK)
        s = read_table(r);
    if (s == HL_OK)
        *reader = r;
    else
        hl_helio_reader_destroy(&r);
    return s;
}

void hl_helio_reader_destroy(hl_helio_reader **reader)
{
    hl_helio_reader *r = *reader;
    if (!r)
        return;
    for (int32_t i = 0; i < r->count; i++)
        hl_free(r->chunks[i].unpacked);
    hl_free(r->chunks);
    hl_json_destroy(&r->root);
    hl_file_map_close(&r->map);
    hl_free(r->path);
    hl_free(r);
    *reader = NULL;
}

const hl_json *hl_helio_reader_json(const hl_helio_reader *reader)
{
    return reader->root;
}

int32_t hl_helio_reader_count(const hl_helio_reader *reader)
{
    return reader->count;
}

const hl_helio_chunk *hl_helio_reader_chunk(const hl_helio_reader *reader, int32_t index)
{
    return &reader->chunks[index].chunk;
}

const hl_helio_chunk *hl_helio_reader_find(const hl_helio_reader *reader, const char *fourcc)
{
    for (int32_t i = 0; i < reader->count; i++)
        if (!strcmp(reader->chunks[i].chunk.fourcc, fourcc))
            return &reader->chunks[i].chunk;
    return NULL;
}

static hl_status unpack(const hl_helio_reader *r, stored *c)
{
    unsigned char *raw = hl_alloc((size_t)c->chunk.bytes, 1);
    if (!raw)
        return HL_E_MEMORY;
    const hl_status s = hl_zstd_unpack(raw, (size_t)c->chunk.bytes, c->payload,
                                       (size_t)c->chunk.bytes_file, r->path);
    if (s != HL_OK) {
        hl_free(raw);
        return s;
    }
    c->unpacked = raw;
    return HL_OK;
}

hl_status hl_helio_reader_data(hl_helio_reader *r, const char *fourcc, hl_helio_type type,
                               int64_t rows, int64_t columns, const void **data)
{
    int32_t i = 0;
    while (i < r->count && strcmp(r->chunks[i].chunk.fourcc, fourcc))
        i++;
    if (i == r->count)
        return hl_fail(HL_E_FORMAT, "%s: chunk %s is missing", r->path, fourcc);
    stored *c = &r->chunks[i];
    const hl_helio_chunk *k = &c->chunk;
    if (k->type != type || type >= HL_HELIO_TYPES)
        return hl_fail(HL_E_FORMAT, "%s: chunk %s: type %s, expected %s", r->path, fourcc,
                       hl_helio_type_name(k->type), hl_helio_type_name(type));
    if (k->columns != columns || (rows >= 0 && k->rows != rows))
        return hl_fail(HL_E_FORMAT,
                       "%s: chunk %s: shape (%" PRId64 ", %" PRId64 "), expected (%" PRId64
                       ", %" PRId64 ")",
                       r->path, fourcc, k->rows, k->columns, rows >= 0 ? rows : k->rows, columns);
    if (c->packed && !c->unpacked)
        HL_TRY(unpack(r, c));
    *data = c->packed ? c->unpacked : c->payload;
    return HL_OK;
}
