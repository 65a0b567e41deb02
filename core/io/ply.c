/* SPDX-License-Identifier: MIT */
#include "core/io/ply.h"

#include "core/io/bytes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *alias;
    uint32_t bytes;
} types[HL_PLY_TYPES] = {
    [HL_PLY_I8] = {"char", "int8", 1},      [HL_PLY_U8] = {"uchar", "uint8", 1},
    [HL_PLY_I16] = {"short", "int16", 2},   [HL_PLY_U16] = {"ushort", "uint16", 2},
    [HL_PLY_I32] = {"int", "int32", 4},     [HL_PLY_U32] = {"uint", "uint32", 4},
    [HL_PLY_F32] = {"float", "float32", 4}, [HL_PLY_F64] = {"double", "float64", 8},
};

static const char *const encodings[] = {"ascii", "binary_little_endian", "binary_big_endian"};

const char *hl_ply_encoding_name(hl_ply_encoding encoding)
{
    return encodings[encoding];
}

size_t hl_ply_type_bytes(hl_ply_type type)
{
    return types[type].bytes;
}

/* ---- words ---- */

enum { WORD_BYTES = HL_PLY_NAME_BYTES };

typedef struct text {
    const unsigned char *at, *end;
    int line; /* 1 = first */
} text;

static bool is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Takes the next word off the text, cut to fit and made printable; false at the end. */
static bool next_word(text *t, char word[WORD_BYTES])
{
    while (t->at < t->end && is_blank(*t->at))
        t->at++;
    size_t n = 0;
    for (; t->at < t->end && !is_blank(*t->at); t->at++)
        if (n + 1 < WORD_BYTES)
            word[n++] = *t->at > 0x20 && *t->at < 0x7f ? (char)*t->at : '?';
    word[n] = 0;
    return n > 0;
}

/* Takes the next line off the header; false where no line break follows. */
static bool next_line(text *t, text *line)
{
    const unsigned char *end = memchr(t->at, '\n', (size_t)(t->end - t->at));
    if (!end)
        return false;
    t->line++;
    *line = (text){t->at, end, t->line};
    t->at = end + 1;
    return true;
}

/* ---- header ---- */

static hl_status bad_line(const hl_ply *ply, const text *line, const char *expected,
                          const char *found)
{
    return hl_fail(HL_E_FORMAT, "%s: header line %d: expected %s, found \"%s\"", ply->name,
                   line->line, expected, found);
}

static bool parse_type(const char *word, hl_ply_type *type)
{
    for (int t = 0; t < HL_PLY_TYPES; t++)
        if (!strcmp(word, types[t].name) || !strcmp(word, types[t].alias)) {
            *type = (hl_ply_type)t;
            return true;
        }
    return false;
}

static hl_status parse_format(hl_ply *ply, text *line, bool *seen)
{
    char word[WORD_BYTES];
    next_word(line, word);
    for (int e = 0; e < 3; e++)
        if (!strcmp(word, encodings[e])) {
            ply->encoding = (hl_ply_encoding)e;
            *seen = true;
            return HL_OK;
        }
    return bad_line(ply, line, "ascii, binary_little_endian or binary_big_endian", word);
}

static hl_status parse_element(hl_ply *ply, text *line)
{
    char name[WORD_BYTES], count[WORD_BYTES];
    next_word(line, name);
    next_word(line, count);
    if (ply->element_count == HL_PLY_ELEMENTS_MAX)
        return hl_fail(HL_E_FORMAT, "%s: header line %d: more than %d elements", ply->name,
                       line->line, HL_PLY_ELEMENTS_MAX);
    const size_t digits = strspn(count, "0123456789");
    if (!name[0] || !digits || count[digits] || digits > 18)
        return bad_line(ply, line, "an element's name and count", count);
    hl_ply_element *e = &ply->elements[ply->element_count++];
    memcpy(e->name, name, sizeof e->name);
    e->count = strtoull(count, NULL, 10);
    e->first = ply->property_count;
    return HL_OK;
}

static hl_status parse_property(hl_ply *ply, text *line)
{
    char word[WORD_BYTES];
    if (!ply->element_count)
        return hl_fail(HL_E_FORMAT, "%s: header line %d: a property before any element", ply->name,
                       line->line);
    if (ply->property_count == HL_PLY_PROPERTIES_MAX)
        return hl_fail(HL_E_FORMAT, "%s: header line %d: more than %d properties", ply->name,
                       line->line, HL_PLY_PROPERTIES_MAX);
    hl_ply_element *e = &ply->elements[ply->element_count - 1];
    hl_ply_property *p = &ply->properties[ply->property_count];
    next_word(line, word);
    p->is_list = !strcmp(word, "list");
    if (p->is_list) {
        next_word(line, word);
        if (!parse_type(word, &p->list_type) || p->list_type >= HL_PLY_F32)
            return bad_line(ply, line, "an integer type", word);
        next_word(line, word);
    }
    if (!parse_type(word, &p->type))
        return bad_line(ply, line, "a property type such as float", word);
    if (!next_word(line, p->name))
        return bad_line(ply, line, "a property's name", "");
    if (hl_ply_property_find(ply, e, p->name) >= 0)
        return hl_fail(HL_E_FORMAT, "%s: header line %d: property %s is there twice", ply->name,
                       line->line, p->name);
    e->has_list |= p->is_list;
    if (!e->has_list) {
        p->offset = e->row_bytes;
        e->row_bytes += types[p->type].bytes;
    }
    e->properties++;
    ply->property_count++;
    return HL_OK;
}

/* The few comments that say how the splats were made. */
static void parse_comment(hl_ply *ply, text *line)
{
    char a[WORD_BYTES], b[WORD_BYTES], c[WORD_BYTES];
    if (!next_word(line, a) || !next_word(line, b))
        return;
    if (!strcmp(a, "SplatRenderMode:"))
        ply->antialiased = !strcmp(b, "mip");
    else if (!strcmp(a, "antialiased"))
        ply->antialiased = !strcmp(b, "1");
    else if (!strcmp(a, "Vertical") && !strcmp(b, "Axis:") && next_word(line, c))
        ply->vertical_axis = c[0] >= 'x' && c[0] <= 'z' && !c[1] ? c[0] : '\0';
}

static hl_status parse_line(hl_ply *ply, text *line, bool *has_format, bool *ended)
{
    char word[WORD_BYTES];
    if (!next_word(line, word) || !strcmp(word, "obj_info"))
        return HL_OK;
    if (!strcmp(word, "comment")) {
        parse_comment(ply, line);
        return HL_OK;
    }
    if (!strcmp(word, "format"))
        return parse_format(ply, line, has_format);
    if (!strcmp(word, "element"))
        return parse_element(ply, line);
    if (!strcmp(word, "property"))
        return parse_property(ply, line);
    if (strcmp(word, "end_header"))
        return bad_line(ply, line, "a PLY header line", word);
    *ended = true;
    if (!*has_format)
        return hl_fail(HL_E_FORMAT, "%s: the header has no format line", ply->name);
    return HL_OK;
}

hl_status hl_ply_parse(hl_ply *ply, const char *name, const unsigned char *bytes, size_t size)
{
    memset(ply, 0, sizeof *ply);
    ply->name = name;
    ply->bytes = bytes;
    ply->size = size;
    const size_t limit = size < HL_PLY_HEADER_MAX ? size : HL_PLY_HEADER_MAX;
    text header = {bytes, bytes + limit, 0}, line;
    char word[WORD_BYTES];
    if (!next_line(&header, &line) || !next_word(&line, word) || strcmp(word, "ply"))
        return hl_fail(HL_E_FORMAT, "%s: byte 0: expected a PLY header", name);
    bool has_format = false, ended = false;
    while (!ended) {
        if (!next_line(&header, &line))
            return hl_fail(HL_E_FORMAT, "%s: no end_header in the first %zu bytes", name, limit);
        HL_TRY(parse_line(ply, &line, &has_format, &ended));
    }
    ply->body = (size_t)(header.at - bytes);
    return HL_OK;
}

const hl_ply_element *hl_ply_element_find(const hl_ply *ply, const char *name)
{
    for (int32_t i = 0; i < ply->element_count; i++)
        if (!strcmp(ply->elements[i].name, name))
            return &ply->elements[i];
    return NULL;
}

int32_t hl_ply_property_find(const hl_ply *ply, const hl_ply_element *element, const char *name)
{
    for (int32_t i = 0; i < element->properties; i++)
        if (!strcmp(ply->properties[element->first + i].name, name))
            return i;
    return -1;
}

/* ---- body ---- */

static uint64_t load_bits(const unsigned char *p, size_t bytes, bool big)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes; i++)
        bits |= (uint64_t)p[big ? bytes - 1 - i : i] << 8 * i;
    return bits;
}

double hl_ply_number(const unsigned char *p, hl_ply_type type, bool big)
{
    const uint64_t bits = load_bits(p, types[type].bytes, big);
    const uint32_t low = (uint32_t)bits;
    float f;
    double d;
    switch (type) {
    case HL_PLY_I8:
        return (int8_t)low;
    case HL_PLY_I16:
        return (int16_t)low;
    case HL_PLY_I32:
        return (int32_t)low;
    case HL_PLY_F32:
        memcpy(&f, &low, sizeof f);
        return (double)f;
    case HL_PLY_F64:
        memcpy(&d, &bits, sizeof d);
        return d;
    default:
        return low;
    }
}

static hl_status past_end(const hl_ply *ply, const hl_ply_element *e, uint64_t row)
{
    return hl_fail(HL_E_FORMAT,
                   "%s: truncated: the file of %zu bytes ends in element %s at row %" PRIu64
                   " of %" PRIu64,
                   ply->name, ply->size, e->name, row, e->count);
}

static bool ascii_number(text *t, float *value, char word[WORD_BYTES])
{
    if (!next_word(t, word))
        return false;
    if (strlen(word) == WORD_BYTES - 1)
        return false; /* cut: its exponent may be missing */
    char *end;
    *value = strtof(word, &end);
    return end != word && !*end;
}

/* Passes over one row that may hold lists; false at the end of the file or at a bad length. */
static bool skip_row(const hl_ply *ply, const hl_ply_element *e, size_t *at)
{
    for (int32_t i = 0; i < e->properties; i++) {
        const hl_ply_property *p = &ply->properties[e->first + i];
        size_t left = ply->size - *at;
        uint64_t items = 1;
        if (p->is_list) {
            const size_t bytes = types[p->list_type].bytes;
            if (left < bytes)
                return false;
            items = load_bits(ply->bytes + *at, bytes, ply->encoding == HL_PLY_BIG);
            *at += bytes;
            left -= bytes;
        }
        if (items > left / types[p->type].bytes)
            return false;
        *at += (size_t)items * types[p->type].bytes;
    }
    return true;
}

/* As skip_row; a length that counts nothing (negative, NaN, beyond any file) is an error. */
static hl_status skip_ascii_row(const hl_ply *ply, const hl_ply_element *e, uint64_t row,
                                size_t *at)
{
    text t = {ply->bytes + *at, ply->bytes + ply->size, 0};
    char word[WORD_BYTES];
    for (int32_t i = 0; i < e->properties; i++) {
        const hl_ply_property *p = &ply->properties[e->first + i];
        float items = 1;
        if (p->is_list && !(ascii_number(&t, &items, word) && items >= 0 && items < 1e15f)) {
            if (!word[0])
                return past_end(ply, e, row);
            return hl_fail(HL_E_FORMAT,
                           "%s: element %s, row %" PRIu64
                           ", property %s: expected a list's length, found \"%s\"",
                           ply->name, e->name, row, p->name, word);
        }
        for (int64_t n = (int64_t)items; n > 0; n--)
            if (!next_word(&t, word))
                return past_end(ply, e, row);
    }
    *at = (size_t)(t.at - ply->bytes);
    return HL_OK;
}

static hl_status skip_element(const hl_ply *ply, const hl_ply_element *e, size_t *at)
{
    if (!e->properties)
        return HL_OK;
    if (ply->encoding != HL_PLY_ASCII && !e->has_list) {
        if (e->count > (ply->size - *at) / e->row_bytes)
            return past_end(ply, e, (ply->size - *at) / e->row_bytes);
        *at += (size_t)e->count * e->row_bytes;
        return HL_OK;
    }
    for (uint64_t row = 0; row < e->count; row++) {
        if (ply->encoding == HL_PLY_ASCII)
            HL_TRY(skip_ascii_row(ply, e, row, at));
        else if (!skip_row(ply, e, at))
            return past_end(ply, e, row);
    }
    return HL_OK;
}

hl_status hl_ply_locate(const hl_ply *ply, const hl_ply_element *element, size_t *offset)
{
    size_t at = ply->body;
    for (const hl_ply_element *e = ply->elements; e < element; e++)
        HL_TRY(skip_element(ply, e, &at));
    *offset = at;
    if (ply->encoding != HL_PLY_ASCII && !element->has_list)
        HL_TRY(skip_element(ply, element, &at));
    return HL_OK;
}

hl_status hl_ply_rows_open(hl_ply_rows *rows, const hl_ply *ply, const hl_ply_element *element)
{
    for (int32_t i = 0; i < element->properties; i++) {
        const hl_ply_property *p = &ply->properties[element->first + i];
        if (p->is_list)
            return hl_fail(HL_E_FORMAT, "%s: element %s: property %s is a list, expected a number",
                           ply->name, element->name, p->name);
    }
    size_t at;
    HL_TRY(hl_ply_locate(ply, element, &at));
    /* An ascii value takes two bytes at least, but for the last of the file. */
    const uint64_t values = (ply->size - at + 1) / 2;
    if (ply->encoding == HL_PLY_ASCII && element->properties &&
        element->count > values / (uint64_t)element->properties)
        return past_end(ply, element, values / (uint64_t)element->properties);
    *rows = (hl_ply_rows){ply, element, at, 0};
    return HL_OK;
}

static hl_status next_ascii_row(hl_ply_rows *rows, float *values)
{
    const hl_ply *ply = rows->ply;
    const hl_ply_element *e = rows->element;
    text t = {ply->bytes + rows->at, ply->bytes + ply->size, 0};
    char word[WORD_BYTES];
    for (int32_t i = 0; i < e->properties; i++)
        if (!ascii_number(&t, &values[i], word)) {
            if (!word[0])
                return past_end(ply, e, rows->row);
            return hl_fail(HL_E_FORMAT,
                           "%s: element %s, row %" PRIu64 ", property %s: expected a number, "
                           "found \"%s\"",
                           ply->name, e->name, rows->row, ply->properties[e->first + i].name, word);
        }
    rows->at = (size_t)(t.at - ply->bytes);
    rows->row++;
    return HL_OK;
}

hl_status hl_ply_rows_next(hl_ply_rows *rows, float *values)
{
    const hl_ply *ply = rows->ply;
    if (ply->encoding == HL_PLY_ASCII)
        return next_ascii_row(rows, values);
    const hl_ply_element *e = rows->element;
    const hl_ply_property *p = ply->properties + e->first;
    const unsigned char *row = ply->bytes + rows->at;
    for (int32_t i = 0; i < e->properties; i++)
        values[i] =
            ply->encoding == HL_PLY_LITTLE && p[i].type == HL_PLY_F32
                ? hl_le_f32(row + p[i].offset)
                : (float)hl_ply_number(row + p[i].offset, p[i].type, ply->encoding == HL_PLY_BIG);
    rows->at += e->row_bytes;
    rows->row++;
    return HL_OK;
}
