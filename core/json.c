/* SPDX-License-Identifier: MIT */
#include "core/json.h"

#include "core/file.h"
#include "core/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/* hl_json is cJSON by another name, so that no other file sees the library. */
static const cJSON *in(const hl_json *node)
{
    return (const cJSON *)(const void *)node;
}

static const hl_json *out(const cJSON *node)
{
    return (const hl_json *)(const void *)node;
}

static cJSON *edit(hl_json *node)
{
    return (cJSON *)(void *)node;
}

hl_status hl_json_parse(hl_json **root, const char *text, size_t bytes, const char *name)
{
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(text, bytes, &end, 0);
    if (!tree) {
        size_t line = 1, column = 1;
        for (const char *p = text; end && p < end && p < text + bytes; p++) {
            column = *p == '\n' ? 1 : column + 1;
            line += *p == '\n';
        }
        return hl_fail(HL_E_FORMAT, "%s: line %zu, column %zu: not valid JSON", name, line, column);
    }
    const char *rest = end;
    while (rest && rest < text + bytes && strchr(" \t\r\n", *rest) && *rest)
        rest++;
    if (rest && rest < text + bytes && *rest) {
        cJSON_Delete(tree);
        return hl_fail(HL_E_FORMAT, "%s: byte %zu: text after the end of the JSON value", name,
                       (size_t)(rest - text));
    }
    *root = (hl_json *)(void *)tree;
    return HL_OK;
}

hl_status hl_json_load(hl_json **root, const char *path)
{
    hl_file_map map;
    HL_TRY(hl_file_map_open(&map, path));
    hl_status s;
    if (map.size == 0)
        s = hl_fail(HL_E_FORMAT, "%s: empty file, expected JSON", path);
    else if (map.size > HL_JSON_FILE_MAX)
        s = hl_fail(HL_E_FORMAT, "%s: %zu bytes, limit %zu", path, map.size, HL_JSON_FILE_MAX);
    else
        s = hl_json_parse(root, (const char *)map.bytes, map.size, path);
    hl_file_map_close(&map);
    return s;
}

void hl_json_destroy(hl_json **root)
{
    cJSON_Delete(edit(*root));
    *root = NULL;
}

const hl_json *hl_json_find(const hl_json *node, const char *key)
{
    return node ? out(cJSON_GetObjectItemCaseSensitive(in(node), key)) : NULL;
}

const hl_json *hl_json_at(const hl_json *node, int32_t index)
{
    return node ? out(cJSON_GetArrayItem(in(node), index)) : NULL;
}

const hl_json *hl_json_next(const hl_json *node)
{
    return node ? out(in(node)->next) : NULL;
}

const hl_json *hl_json_first(const hl_json *node)
{
    return node ? out(in(node)->child) : NULL;
}

const char *hl_json_key(const hl_json *node)
{
    return node && in(node)->string ? in(node)->string : "";
}

int32_t hl_json_count(const hl_json *node)
{
    return node ? cJSON_GetArraySize(in(node)) : 0;
}

bool hl_json_is_object(const hl_json *node)
{
    return node && cJSON_IsObject(in(node));
}

bool hl_json_is_array(const hl_json *node)
{
    return node && cJSON_IsArray(in(node));
}

bool hl_json_is_number(const hl_json *node)
{
    return node && cJSON_IsNumber(in(node)) && isfinite(in(node)->valuedouble);
}

bool hl_json_is_text(const hl_json *node)
{
    return node && cJSON_IsString(in(node));
}

bool hl_json_is_null(const hl_json *node)
{
    return node && cJSON_IsNull(in(node));
}

double hl_json_value(const hl_json *node)
{
    return hl_json_is_number(node) ? in(node)->valuedouble : 0;
}

const char *hl_json_value_text(const hl_json *node)
{
    return hl_json_is_text(node) ? in(node)->valuestring : NULL;
}

double hl_json_number(const hl_json *node, const char *key, double fallback)
{
    const hl_json *child = hl_json_find(node, key);
    return hl_json_is_number(child) ? in(child)->valuedouble : fallback;
}

bool hl_json_bool(const hl_json *node, const char *key, bool fallback)
{
    const hl_json *child = hl_json_find(node, key);
    return child && cJSON_IsBool(in(child)) ? cJSON_IsTrue(in(child)) : fallback;
}

const char *hl_json_text(const hl_json *node, const char *key, const char *fallback)
{
    const hl_json *child = hl_json_find(node, key);
    return hl_json_is_text(child) ? in(child)->valuestring : fallback;
}

static const char *kind(const hl_json *node)
{
    if (!node)
        return "nothing";
    const cJSON *n = in(node);
    if (cJSON_IsNumber(n))
        return isfinite(n->valuedouble) ? "a number" : "a number out of range";
    return cJSON_IsString(n)   ? "text"
           : cJSON_IsArray(n)  ? "an array"
           : cJSON_IsObject(n) ? "an object"
           : cJSON_IsBool(n)   ? "true or false"
                               : "null";
}

hl_status hl_json_need_number(const hl_json *node, const char *key, double *value, const char *name)
{
    const hl_json *child = hl_json_find(node, key);
    if (!hl_json_is_number(child))
        return hl_fail(HL_E_FORMAT, "%s: %s: expected a number, found %s", name, key, kind(child));
    *value = in(child)->valuedouble;
    return HL_OK;
}

hl_status hl_json_need_text(const hl_json *node, const char *key, const char **value,
                            const char *name)
{
    const hl_json *child = hl_json_find(node, key);
    if (!hl_json_is_text(child))
        return hl_fail(HL_E_FORMAT, "%s: %s: expected text, found %s", name, key, kind(child));
    *value = in(child)->valuestring;
    return HL_OK;
}

/* Numbers of a nested array in reading order; returns how many there are, -1 for another kind.
 * Nesting is bounded by cJSON's own parser limit. */
static int32_t flatten(const cJSON *node, double *values, int32_t have, int32_t room)
{
    for (const cJSON *child = node->child; child; child = child->next) {
        if (cJSON_IsArray(child)) {
            have = flatten(child, values, have, room);
            if (have < 0)
                return -1;
        } else if (!cJSON_IsNumber(child) || !isfinite(child->valuedouble)) {
            return -1;
        } else {
            if (have < room)
                values[have] = child->valuedouble;
            if (have < INT32_MAX)
                have++;
        }
    }
    return have;
}

hl_status hl_json_need_numbers(const hl_json *node, const char *key, double *values, int32_t count,
                               const char *name)
{
    const hl_json *child = hl_json_find(node, key);
    if (!hl_json_is_array(child))
        return hl_fail(HL_E_FORMAT, "%s: %s: expected %d numbers, found %s", name, key, count,
                       kind(child));
    double *scratch = hl_alloc((size_t)count, sizeof *scratch);
    if (!scratch)
        return HL_E_MEMORY;
    const int32_t found = flatten(in(child), scratch, 0, count);
    if (found == count)
        memcpy(values, scratch, (size_t)count * sizeof *values);
    hl_free(scratch);
    if (found < 0)
        return hl_fail(HL_E_FORMAT, "%s: %s: expected %d numbers, found another kind of value",
                       name, key, count);
    if (found != count)
        return hl_fail(HL_E_FORMAT, "%s: %s: expected %d numbers, found %d", name, key, count,
                       found);
    return HL_OK;
}

hl_status hl_json_take_number(const hl_json *node, const char *key, double least, double most,
                              const char *name, double *value, bool *found)
{
    const hl_json *item = hl_json_find(node, key);
    *found = false;
    if (!item)
        return HL_OK;
    if (hl_json_is_number(item))
        *value = hl_json_value(item);
    else if (hl_json_bool(node, key, true) == hl_json_bool(node, key, false))
        *value = hl_json_bool(node, key, false);
    else
        return hl_fail(HL_E_FORMAT, "%s: %s: expected a number or true or false", name, key);
    if (!(*value >= least && *value <= most))
        return hl_fail(HL_E_FORMAT, "%s: %s: %g is not in %g..%g", name, key, *value, least, most);
    *found = true;
    return HL_OK;
}

hl_json *hl_json_object(void)
{
    return (hl_json *)(void *)cJSON_CreateObject();
}

hl_json *hl_json_array(void)
{
    return (hl_json *)(void *)cJSON_CreateArray();
}

static hl_json *attach(hl_json *node, const char *key, cJSON *child)
{
    if (!node || !child) {
        cJSON_Delete(child);
        return NULL;
    }
    const int added = key ? cJSON_AddItemToObject(edit(node), key, child)
                          : cJSON_AddItemToArray(edit(node), child);
    if (!added) {
        cJSON_Delete(child);
        return NULL;
    }
    return (hl_json *)(void *)child;
}

hl_json *hl_json_add_object(hl_json *node, const char *key)
{
    return attach(node, key, cJSON_CreateObject());
}

hl_json *hl_json_add_array(hl_json *node, const char *key)
{
    return attach(node, key, cJSON_CreateArray());
}

void hl_json_add_number(hl_json *node, const char *key, double value)
{
    attach(node, key, isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void hl_json_add_text(hl_json *node, const char *key, const char *value)
{
    attach(node, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void hl_json_add_bool(hl_json *node, const char *key, bool value)
{
    attach(node, key, cJSON_CreateBool(value));
}

void hl_json_add_null(hl_json *node, const char *key)
{
    attach(node, key, cJSON_CreateNull());
}

/* cJSON prints 15 digits where they differ by no more than an ulp, and so loses bits (the largest
 * double even comes back as infinity).  Numbers that need 16 or 17 digits become raw text. */
static bool keep_digits(cJSON *node)
{
    for (cJSON *child = node->child; child; child = child->next)
        if (!keep_digits(child))
            return false;
    if (!cJSON_IsNumber(node) || !isfinite(node->valuedouble))
        return true;
    char text[32];
    int digits = 15;
    do
        snprintf(text, sizeof text, "%.*g", digits, node->valuedouble);
    while (strtod(text, NULL) != node->valuedouble && ++digits <= 17);
    if (digits == 15)
        return true;
    node->valuestring = cJSON_malloc(sizeof text);
    if (!node->valuestring)
        return false;
    memcpy(node->valuestring, text, sizeof text);
    node->type = cJSON_Raw;
    return true;
}

hl_status hl_json_print(const hl_json *root, bool indent, char **text)
{
    if (!root)
        return hl_fail(HL_E_MEMORY, "out of memory while building JSON");
    cJSON *copied = cJSON_Duplicate(in(root), 1);
    char *raw = NULL;
    if (copied && keep_digits(copied))
        raw = indent ? cJSON_Print(copied) : cJSON_PrintUnformatted(copied);
    cJSON_Delete(copied);
    if (!raw)
        return hl_fail(HL_E_MEMORY, "out of memory while printing JSON");
    char *copy = hl_strdup(raw);
    cJSON_free(raw);
    if (!copy)
        return HL_E_MEMORY;
    *text = copy;
    return HL_OK;
}

hl_status hl_json_save(const hl_json *root, const char *path)
{
    char *text = NULL;
    HL_TRY(hl_json_print(root, true, &text));
    hl_file_writer w;
    hl_status s = hl_file_writer_open(&w, path);
    if (s == HL_OK) {
        hl_file_write(&w, text, strlen(text));
        hl_file_write(&w, "\n", 1);
        s = hl_file_writer_commit(&w);
    }
    hl_free(text);
    return s;
}
