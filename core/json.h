/* SPDX-License-Identifier: MIT */
/* core/json.h -- JSON behind a door: cJSON does the parsing, this header does the checking.
 *
 * Reading: every accessor names the file and the key path in its error.  Numbers are finite
 * doubles.  Writing: build a tree, print it, save it atomically.
 */
#ifndef HL_CORE_JSON_H
#define HL_CORE_JSON_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hl_json hl_json; /* a node; children belong to their root */

/* Files above this are refused before parsing, bytes. */
#define HL_JSON_FILE_MAX ((size_t)1 << 30)

/* *root is owned by the caller: hl_json_destroy.  `name` stands in messages.
 * Errors: HL_E_IO, HL_E_FORMAT (with line and column), HL_E_MEMORY. */
hl_status hl_json_load(hl_json **root, const char *path);
hl_status hl_json_parse(hl_json **root, const char *text, size_t bytes, const char *name);
void hl_json_destroy(hl_json **root);

/* NULL where absent or where `node` is NULL or not an object. */
const hl_json *hl_json_find(const hl_json *node, const char *key);
const hl_json *hl_json_at(const hl_json *node, int32_t index); /* O(1) amortised in order */
const hl_json *hl_json_next(const hl_json *node);              /* next sibling, NULL at the end */
const hl_json *hl_json_first(const hl_json *node);             /* first child */
const char *hl_json_key(const hl_json *node);                  /* "" outside objects */
int32_t hl_json_count(const hl_json *node);
bool hl_json_is_object(const hl_json *node);
bool hl_json_is_array(const hl_json *node);
bool hl_json_is_number(const hl_json *node);
bool hl_json_is_text(const hl_json *node);
bool hl_json_is_null(const hl_json *node);

/* Value with a default where the key is absent or of another kind. */
double hl_json_number(const hl_json *node, const char *key, double fallback);
bool hl_json_bool(const hl_json *node, const char *key, bool fallback);
const char *hl_json_text(const hl_json *node, const char *key, const char *fallback);

/* Value of the node itself (0, NULL where of another kind). */
double hl_json_value(const hl_json *node);
const char *hl_json_value_text(const hl_json *node);

/* Must be there: HL_E_FORMAT "<name>: <key>: expected a number, found ..." */
hl_status hl_json_need_number(const hl_json *node, const char *key, double *value,
                              const char *name);
hl_status hl_json_need_text(const hl_json *node, const char *key, const char **value,
                            const char *name);
/* Flattens nested arrays of numbers, row-major, exactly `count` of them. */
hl_status hl_json_need_numbers(const hl_json *node, const char *key, double *values, int32_t count,
                               const char *name);

/* A number, or a truth value as 0 or 1, in range; *found tells whether the key is there.
 * HL_E_FORMAT names key and value. */
hl_status hl_json_take_number(const hl_json *node, const char *key, double least, double most,
                              const char *name, double *value, bool *found);

/* Building.  Every call accepts a NULL node (after an allocation failed) and then does nothing;
 * hl_json_print reports it. */
hl_json *hl_json_object(void);
hl_json *hl_json_array(void);
hl_json *hl_json_add_object(hl_json *node, const char *key); /* key NULL: append to an array */
hl_json *hl_json_add_array(hl_json *node, const char *key);
void hl_json_add_number(hl_json *node, const char *key, double value);    /* non-finite: null */
void hl_json_add_text(hl_json *node, const char *key, const char *value); /* NULL: null */
void hl_json_add_bool(hl_json *node, const char *key, bool value);
void hl_json_add_null(hl_json *node, const char *key);

/* Text owned by the caller (hl_free); indented or on one line. */
hl_status hl_json_print(const hl_json *root, bool indent, char **text);
/* Atomic, indented, final newline. */
hl_status hl_json_save(const hl_json *root, const char *path);

#endif /* HL_CORE_JSON_H */
