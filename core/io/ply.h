/* SPDX-License-Identifier: MIT */
/* core/io/ply.h -- the PLY container: header, any property order, any scalar type, ascii and
 * binary of either byte order.
 *
 * Works on bytes in memory and allocates nothing.  Counts are believed only after they were
 * held against the bytes that are there.  Source: Greg Turk, "The PLY Polygon File Format", 1994.
 */
#ifndef HL_CORE_IO_PLY_H
#define HL_CORE_IO_PLY_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HL_PLY_ELEMENTS_MAX = 16,
    HL_PLY_PROPERTIES_MAX = 512, /* over all elements */
    HL_PLY_NAME_BYTES = 48,      /* longer names are cut */
    HL_PLY_HEADER_MAX = 1 << 18  /* bytes */
};

typedef enum hl_ply_encoding { HL_PLY_ASCII, HL_PLY_LITTLE, HL_PLY_BIG } hl_ply_encoding;

typedef enum hl_ply_type {
    HL_PLY_I8,
    HL_PLY_U8,
    HL_PLY_I16,
    HL_PLY_U16,
    HL_PLY_I32,
    HL_PLY_U32,
    HL_PLY_F32,
    HL_PLY_F64,
    HL_PLY_TYPES
} hl_ply_type;

typedef struct hl_ply_property {
    char name[HL_PLY_NAME_BYTES]; /* printable ASCII */
    hl_ply_type type;             /* of the value, or of a list's items */
    bool is_list;
    hl_ply_type list_type; /* of a list's length */
    uint32_t offset;       /* bytes from the start of a binary row; 0 after a list */
} hl_ply_property;

typedef struct hl_ply_element {
    char name[HL_PLY_NAME_BYTES];
    uint64_t count;
    int32_t first; /* index of its first property */
    int32_t properties;
    uint32_t row_bytes; /* binary, where has_list is false */
    bool has_list;
} hl_ply_element;

typedef struct hl_ply {
    const char *name; /* of the file, for messages */
    const unsigned char *bytes;
    size_t size;
    hl_ply_encoding encoding;
    size_t body; /* offset of the first byte after the header */
    int32_t element_count;
    hl_ply_element elements[HL_PLY_ELEMENTS_MAX];
    int32_t property_count;
    hl_ply_property properties[HL_PLY_PROPERTIES_MAX];
    bool antialiased;   /* "comment SplatRenderMode: mip" or "comment antialiased 1" */
    char vertical_axis; /* 'x', 'y', 'z' of "comment Vertical Axis: z", 0 without */
} hl_ply;

const char *hl_ply_encoding_name(hl_ply_encoding encoding);
size_t hl_ply_type_bytes(hl_ply_type type);

/* One binary number at p, hl_ply_type_bytes long; every type is exact in double.  As float a value
 * that is too large becomes infinity (IEC 60559). */
double hl_ply_number(const unsigned char *p, hl_ply_type type, bool big);

/* Parses the header.  `bytes` and `name` are borrowed.  Errors: HL_E_FORMAT. */
hl_status hl_ply_parse(hl_ply *ply, const char *name, const unsigned char *bytes, size_t size);

/* NULL / -1 where there is none.  The index counts from the element's first property. */
const hl_ply_element *hl_ply_element_find(const hl_ply *ply, const char *name);
int32_t hl_ply_property_find(const hl_ply *ply, const hl_ply_element *element, const char *name);

/* Offset of the element's first byte.  Errors: HL_E_FORMAT where the elements before it reach
 * past the end, or where a binary element without lists does itself. */
hl_status hl_ply_locate(const hl_ply *ply, const hl_ply_element *element, size_t *offset);

typedef struct hl_ply_rows {
    const hl_ply *ply;
    const hl_ply_element *element;
    size_t at;
    uint64_t row;
} hl_ply_rows;

/* Starts at the first row.  Errors: HL_E_FORMAT; a list property is refused by name. */
hl_status hl_ply_rows_open(hl_ply_rows *rows, const hl_ply *ply, const hl_ply_element *element);

/* The next row as floats: values (element->properties).  Call at most element->count times.
 * Errors: HL_E_FORMAT (ascii only). */
hl_status hl_ply_rows_next(hl_ply_rows *rows, float *values);

/* Starts at the first row of an element that may hold lists.  Errors: HL_E_FORMAT. */
hl_status hl_ply_lists_open(hl_ply_rows *rows, const hl_ply *ply, const hl_ply_element *element);

/* The items of one list of the next row, as integers: items (*count, at most `capacity`).
 * `property` counts from the element's first; it is a list of an integer type.
 * Errors: HL_E_FORMAT: past the end, a longer list, a negative item. */
hl_status hl_ply_lists_next(hl_ply_rows *rows, int32_t property, uint32_t *items, int32_t capacity,
                            int32_t *count);

#endif /* HL_CORE_IO_PLY_H */
