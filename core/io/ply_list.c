/* SPDX-License-Identifier: MIT */
/* Rows of PLY elements that hold lists: the corners of faces. */
#include "core/io/ply.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One number of the file, whatever its type; false past the end or where it is none. */
static bool next_ascii(const hl_ply *ply, size_t *at, double *value)
{
    char word[32];
    size_t n = 0, i = *at;
    while (i < ply->size && is_blank(ply->bytes[i]))
        i++;
    for (; i < ply->size && ply->bytes[i] > ' '; i++)
        if (n + 1 < sizeof word)
            word[n++] = (char)ply->bytes[i];
    word[n] = 0;
    *at = i;
    char *end;
    *value = strtod(word, &end);
    return n > 0 && n + 1 < sizeof word && !*end;
}

static bool next_number(const hl_ply *ply, size_t *at, hl_ply_type type, double *value)
{
    if (ply->encoding == HL_PLY_ASCII)
        return next_ascii(ply, at, value);
    const size_t bytes = hl_ply_type_bytes(type);
    if (ply->size - *at < bytes)
        return false;
    *value = hl_ply_number(ply->bytes + *at, type, ply->encoding == HL_PLY_BIG);
    *at += bytes;
    return true;
}

hl_status hl_ply_lists_open(hl_ply_rows *rows, const hl_ply *ply, const hl_ply_element *element)
{
    size_t at;
    HL_TRY(hl_ply_locate(ply, element, &at));
    if (element->count > ply->size - at)
        return hl_fail(HL_E_FORMAT,
                       "%s: truncated: %" PRIu64 " rows of element %s in %zu bytes that are left",
                       ply->name, element->count, element->name, ply->size - at);
    *rows = (hl_ply_rows){ply, element, at, 0};
    return HL_OK;
}

static hl_status bad_row(const hl_ply_rows *rows, const hl_ply_property *p, const char *what)
{
    return hl_fail(HL_E_FORMAT, "%s: element %s, row %" PRIu64 ", property %s: %s", rows->ply->name,
                   rows->element->name, rows->row, p->name, what);
}

/* Length of the list at *at, or 1 for a single number. */
static hl_status next_length(hl_ply_rows *rows, const hl_ply_property *p, int64_t *length)
{
    double value = 1;
    if (p->is_list && !next_number(rows->ply, &rows->at, p->list_type, &value))
        return bad_row(rows, p, "truncated: expected the length of a list");
    if (!(value >= 0 && value < 1e9))
        return bad_row(rows, p, "the length of its list is out of range");
    *length = (int64_t)value;
    return HL_OK;
}

hl_status hl_ply_lists_next(hl_ply_rows *rows, int32_t property, uint32_t *items, int32_t capacity,
                            int32_t *count)
{
    const hl_ply_element *e = rows->element;
    for (int32_t i = 0; i < e->properties; i++) {
        const hl_ply_property *p = &rows->ply->properties[e->first + i];
        int64_t length = 0;
        HL_TRY(next_length(rows, p, &length));
        if (i == property && length > capacity)
            return bad_row(rows, p, "a list longer than this reader takes");
        for (int64_t k = 0; k < length; k++) {
            double value;
            if (!next_number(rows->ply, &rows->at, p->type, &value))
                return bad_row(rows, p, "truncated or not a number");
            if (i != property)
                continue;
            if (!(value >= 0 && value <= 4294967295.0))
                return bad_row(rows, p, "expected a number of a vertex, 0 or above");
            items[k] = (uint32_t)value;
        }
        if (i == property)
            *count = (int32_t)length;
    }
    rows->row++;
    return HL_OK;
}
