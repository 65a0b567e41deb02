/* SPDX-License-Identifier: MIT */
/* Splats in a .helio container: one chunk per row of HL_SPLAT_FIELDS, named by its first four
 * letters in capitals. */
#include "core/splat_io.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static void fourcc_of(char fourcc[5], const char *field)
{
    size_t n = strlen(field);
    n = n < 4 ? n : 4;
    memcpy(fourcc, "    ", 5);
    for (size_t i = 0; i < n; i++)
        fourcc[i] = (char)toupper((unsigned char)field[i]);
}

hl_status hl_helio_add_splats(hl_helio_writer *writer, const hl_splats *splats, bool compress)
{
    hl_json *about = hl_json_add_object(hl_helio_writer_json(writer), "splats");
    hl_json_add_number(about, "count", splats->count);
    hl_json_add_number(about, "sh_degree", splats->sh_degree);
    hl_json_add_bool(about, "antialiased", splats->antialiased);
    hl_json_add_text(about, "frame", "RDF");
    hl_json_add_text(about, "color", "srgb");
    if (hl_json_count(about) != 5)
        return hl_fail(HL_E_MEMORY, "out of memory while describing the splats");
    char fourcc[5];
#define X(name, components)                                                               \
    fourcc_of(fourcc, #name);                                                             \
    HL_TRY(hl_helio_writer_add(writer, fourcc, HL_HELIO_F32, splats->count, (components), \
                               splats->name, compress));
    HL_SPLAT_FIELDS(X)
#undef X
    return HL_OK;
}

hl_status hl_helio_read_splats(hl_helio_reader *reader, hl_splats *splats, hl_arena *arena,
                               int32_t capacity)
{
    const hl_helio_chunk *mean = hl_helio_reader_find(reader, "MEAN");
    const hl_json *about = hl_json_find(hl_helio_reader_json(reader), "splats");
    if (!mean || !about)
        return hl_fail(HL_E_FORMAT, "the .helio file holds no splats");
    if (mean->rows > HL_SPLATS_CAPACITY_MAX)
        return hl_fail(HL_E_FORMAT, "the .helio file holds %" PRId64 " splats, limit %d",
                       mean->rows, HL_SPLATS_CAPACITY_MAX);
    const int32_t count = (int32_t)mean->rows;
    const double degree = hl_json_number(about, "sh_degree", 0);
    if (!(degree >= 0 && degree <= HL_SH_DEGREE_MAX))
        return hl_fail(HL_E_FORMAT, "the .helio file says SH degree %g, expected 0..%d", degree,
                       HL_SH_DEGREE_MAX);
    if (capacity < count)
        capacity = count;
    hl_splats s;
    const hl_arena_mark mark = hl_arena_save(arena);
    HL_TRY(hl_splats_init(&s, arena, capacity ? capacity : 1));
    hl_status status = HL_OK;
    char fourcc[5];
    const void *data = NULL;
#define X(name, components)                                                                      \
    fourcc_of(fourcc, #name);                                                                    \
    if (status == HL_OK)                                                                         \
        status = hl_helio_reader_data(reader, fourcc, HL_HELIO_F32, count, (components), &data); \
    if (status == HL_OK && count)                                                                \
        memcpy(s.name, data, (size_t)count *(components) * sizeof(float));
    HL_SPLAT_FIELDS(X)
#undef X
    if (status != HL_OK) {
        hl_arena_rewind(arena, mark);
        return status;
    }
    s.count = count;
    s.sh_degree = (int32_t)degree;
    s.antialiased = hl_json_bool(about, "antialiased", false);
    *splats = s;
    return HL_OK;
}
