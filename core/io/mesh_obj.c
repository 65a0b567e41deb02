/* SPDX-License-Identifier: MIT */
/* Meshes in Wavefront OBJ files.  A vertex here is one combination v/vt/vn of the file; colours
 * follow the coordinates of `v` (sRGB, 0..1), as MeshLab and Blender write them. */
#include "core/color.h"
#include "core/io/mesh_formats.h"
#include "core/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS_MAX = 8, WORD_BYTES = 64 };

typedef struct floats {
    float *data;
    size_t count, capacity; /* numbers */
} floats;

typedef struct corner {
    int32_t v, vt, vn; /* -1: absent */
} corner;

typedef struct obj {
    const char *name;
    const unsigned char *at, *end;
    int64_t line;
    floats v, color, vt, vn;
    corner *corners; /* three a triangle */
    size_t corner_count, corner_capacity;
    bool colored;
} obj;

static hl_status append(floats *f, const double *values, size_t n)
{
    if (f->count + n > f->capacity) {
        const size_t capacity = f->capacity ? 2 * f->capacity : 3072;
        float *data = hl_grow(f->data, f->capacity, capacity, sizeof *data);
        if (!data)
            return HL_E_MEMORY;
        f->data = data;
        f->capacity = capacity;
    }
    for (size_t i = 0; i < n; i++)
        f->data[f->count++] = (float)values[i];
    return HL_OK;
}

static bool next_word(const unsigned char **at, const unsigned char *end, char word[WORD_BYTES])
{
    const unsigned char *p = *at;
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    size_t n = 0;
    for (; p<end && * p> ' '; p++)
        if (n + 1 < WORD_BYTES)
            word[n++] = (char)*p;
    word[n] = 0;
    *at = p;
    return n > 0;
}

static hl_status read_numbers(obj *o, const unsigned char *at, const unsigned char *end, int least,
                              double *values, int *count)
{
    char word[WORD_BYTES], *rest;
    int n = 0;
    while (n < NUMBERS_MAX && next_word(&at, end, word)) {
        values[n] = strtod(word, &rest);
        if (rest == word || *rest)
            return hl_fail(HL_E_FORMAT, "%s: line %" PRId64 ": expected a number, found \"%s\"",
                           o->name, o->line, word);
        n++;
    }
    if (n < least)
        return hl_fail(HL_E_FORMAT, "%s: line %" PRId64 ": %d numbers, expected %d", o->name,
                       o->line, n, least);
    *count = n;
    return HL_OK;
}

/* One index of `count` existing rows: from 1, or from the end where negative; 0 where empty. */
static bool resolve(const char **p, size_t count, int32_t *index)
{
    char *end;
    const long long k = strtoll(*p, &end, 10);
    *index = -1;
    if (end == *p)
        return true;
    *p = end;
    const long long i = k > 0 ? k - 1 : (long long)count + k;
    if (!k || i < 0 || i >= (long long)count)
        return false;
    *index = (int32_t)i;
    return true;
}

static bool parse_corner(const obj *o, const char *word, corner *c)
{
    *c = (corner){-1, -1, -1};
    const char *p = word;
    if (!resolve(&p, o->v.count / 3, &c->v) || c->v < 0)
        return false;
    if (*p == '/') {
        p++;
        if (!resolve(&p, o->vt.count / 2, &c->vt))
            return false;
    }
    if (*p == '/') {
        p++;
        if (!resolve(&p, o->vn.count / 3, &c->vn))
            return false;
    }
    return !*p;
}

static hl_status push_triangle(obj *o, corner a, corner b, corner c)
{
    if (o->corner_count + 3 > o->corner_capacity) {
        const size_t capacity = o->corner_capacity ? 2 * o->corner_capacity : 3072;
        corner *grown = hl_grow(o->corners, o->corner_capacity, capacity, sizeof *grown);
        if (!grown)
            return HL_E_MEMORY;
        o->corners = grown;
        o->corner_capacity = capacity;
    }
    o->corners[o->corner_count++] = a;
    o->corners[o->corner_count++] = b;
    o->corners[o->corner_count++] = c;
    return HL_OK;
}

static hl_status read_face(obj *o, const unsigned char *at, const unsigned char *end)
{
    char word[WORD_BYTES];
    corner first = {-1, -1, -1}, last = first, now;
    for (int n = 0; next_word(&at, end, word); n++) {
        if (!parse_corner(o, word, &now))
            return hl_fail(HL_E_FORMAT, "%s: line %" PRId64 ": corner \"%s\" names no row above it",
                           o->name, o->line, word);
        if (n == 0)
            first = now;
        if (n >= 2)
            HL_TRY(push_triangle(o, first, last, now));
        last = now;
    }
    return HL_OK;
}

static hl_status read_vertex(obj *o, const unsigned char *at, const unsigned char *end)
{
    double values[NUMBERS_MAX];
    int n;
    HL_TRY(read_numbers(o, at, end, 3, values, &n));
    HL_TRY(append(&o->v, values, 3));
    double rgb[3] = {1, 1, 1};
    for (int k = 0; n >= 6 && k < 3; k++)
        rgb[k] = (double)hl_linear_from_srgb((float)fmin(fmax(values[3 + k], 0.0), 1.0));
    o->colored |= n >= 6;
    return append(&o->color, rgb, 3);
}

static hl_status read_line(obj *o, const unsigned char *at, const unsigned char *end)
{
    char word[WORD_BYTES];
    double values[NUMBERS_MAX];
    int n;
    if (!next_word(&at, end, word))
        return HL_OK;
    if (!strcmp(word, "v"))
        return read_vertex(o, at, end);
    if (!strcmp(word, "vt")) {
        HL_TRY(read_numbers(o, at, end, 2, values, &n));
        values[1] = 1 - values[1]; /* OBJ: v upwards */
        return append(&o->vt, values, 2);
    }
    if (!strcmp(word, "vn")) {
        HL_TRY(read_numbers(o, at, end, 3, values, &n));
        const double l =
            sqrt(values[0] * values[0] + values[1] * values[1] + values[2] * values[2]);
        for (int k = 0; l > 0 && k < 3; k++)
            values[k] /= l;
        return append(&o->vn, values, 3);
    }
    return !strcmp(word, "f") ? read_face(o, at, end) : HL_OK;
}

static hl_status read_lines(obj *o)
{
    while (o->at < o->end) {
        const unsigned char *stop = memchr(o->at, '\n', (size_t)(o->end - o->at));
        if (!stop)
            stop = o->end;
        o->line++;
        HL_TRY(read_line(o, o->at, stop));
        o->at = stop < o->end ? stop + 1 : stop;
    }
    if (o->v.count / 3 > HL_MESH_COUNT_MAX || o->corner_count / 3 > HL_MESH_COUNT_MAX)
        return hl_fail(HL_E_FORMAT, "%s: more than %d vertices or triangles", o->name,
                       HL_MESH_COUNT_MAX);
    return HL_OK;
}

static size_t hash_corner(corner c)
{
    uint64_t h = (uint32_t)c.v * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 29 ^ (uint32_t)c.vt) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 32 ^ (uint32_t)c.vn) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(h ^ h >> 31);
}

/* Numbers the combinations v/vt/vn in order of first use, by a table of open addresses. */
static hl_status number_corners(const obj *o, uint32_t *ids, corner *unique, int32_t *count)
{
    size_t slots = 16;
    while (slots < 2 * o->corner_count)
        slots *= 2;
    int32_t *table = hl_alloc(slots, sizeof *table); /* number + 1; 0: free */
    if (!table)
        return HL_E_MEMORY;
    int32_t n = 0;
    for (size_t i = 0; i < o->corner_count; i++) {
        const corner c = o->corners[i];
        size_t at = hash_corner(c) & (slots - 1);
        while (table[at] && memcmp(&unique[table[at] - 1], &c, sizeof c) != 0)
            at = (at + 1) & (slots - 1);
        if (!table[at]) {
            unique[n] = c;
            table[at] = ++n;
        }
        ids[i] = (uint32_t)table[at] - 1;
    }
    hl_free(table);
    *count = n;
    return HL_OK;
}

static void fill_mesh(const obj *o, const corner *unique, hl_mesh *mesh)
{
    for (size_t i = 0; i < (size_t)mesh->vertex_count; i++) {
        const corner c = unique[i];
        memcpy(mesh->positions + 3 * i, o->v.data + 3 * (size_t)c.v, 3 * sizeof(float));
        if (mesh->albedo && o->color.data)
            memcpy(mesh->albedo + 3 * i, o->color.data + 3 * (size_t)c.v, 3 * sizeof(float));
        if (mesh->normals && c.vn >= 0 && o->vn.data)
            memcpy(mesh->normals + 3 * i, o->vn.data + 3 * (size_t)c.vn, 3 * sizeof(float));
        if (mesh->uv && c.vt >= 0 && o->vt.data)
            memcpy(mesh->uv + 2 * i, o->vt.data + 2 * (size_t)c.vt, 2 * sizeof(float));
    }
}

static hl_status build_mesh(const obj *o, hl_mesh *mesh)
{
    if (!o->corner_count)
        return hl_fail(HL_E_FORMAT, "%s: holds no triangles", o->name);
    uint32_t *ids = hl_alloc(o->corner_count, sizeof *ids);
    corner *unique = hl_alloc(o->corner_count, sizeof *unique);
    int32_t vertices = 0;
    hl_status s = ids && unique ? number_corners(o, ids, unique, &vertices) : HL_E_MEMORY;
    const unsigned flags = (o->colored ? HL_MESH_ALBEDO : 0u) | (o->vt.count ? HL_MESH_UV : 0u) |
                           (o->vn.count ? HL_MESH_NORMALS : 0u);
    if (s == HL_OK)
        s = hl_mesh_create(mesh, vertices, (int32_t)(o->corner_count / 3), flags);
    if (s == HL_OK) {
        fill_mesh(o, unique, mesh);
        memcpy(mesh->triangles, ids, o->corner_count * sizeof *ids);
    }
    hl_free(ids);
    hl_free(unique);
    return s;
}

hl_status hl_obj_read_mesh(const hl_mesh_source *source, hl_mesh *mesh)
{
    obj o = {.name = source->name, .at = source->bytes, .end = source->bytes + source->size};
    hl_status s = read_lines(&o);
    if (s == HL_OK)
        s = build_mesh(&o, mesh);
    hl_free(o.v.data);
    hl_free(o.color.data);
    hl_free(o.vt.data);
    hl_free(o.vn.data);
    hl_free(o.corners);
    return s;
}

/* ---- writing ---- */

static void write_corner(const hl_mesh *mesh, unsigned id, FILE *out)
{
    if (mesh->uv && mesh->normals)
        fprintf(out, " %u/%u/%u", id, id, id);
    else if (mesh->normals)
        fprintf(out, " %u//%u", id, id);
    else if (mesh->uv)
        fprintf(out, " %u/%u", id, id);
    else
        fprintf(out, " %u", id);
}

static void write_faces(const hl_mesh *mesh, FILE *out)
{
    for (size_t i = 0; i < (size_t)mesh->triangle_count; i++) {
        fputc('f', out);
        for (size_t k = 0; k < 3; k++)
            write_corner(mesh, mesh->triangles[3 * i + k] + 1, out);
        fputc('\n', out);
    }
}

void hl_obj_write_mesh(const hl_mesh *mesh, const char *material, hl_file_writer *writer)
{
    FILE *out = writer->stream;
    fputs("# helio\n", out);
    if (material)
        fprintf(out, "mtllib %s\n", material);
    for (size_t i = 0; i < (size_t)mesh->vertex_count; i++) {
        const float *p = mesh->positions + 3 * i;
        fprintf(out, "v %.9g %.9g %.9g", (double)p[0], (double)p[1], (double)p[2]);
        for (size_t k = 0; mesh->albedo && k < 3; k++)
            fprintf(out, " %.4f", (double)hl_srgb_from_linear(mesh->albedo[3 * i + k]));
        fputc('\n', out);
    }
    for (size_t i = 0; mesh->uv && i < (size_t)mesh->vertex_count; i++)
        fprintf(out, "vt %.9g %.9g\n", (double)mesh->uv[2 * i], 1 - (double)mesh->uv[2 * i + 1]);
    for (size_t i = 0; mesh->normals && i < (size_t)mesh->vertex_count; i++)
        fprintf(out, "vn %.7g %.7g %.7g\n", (double)mesh->normals[3 * i],
                (double)mesh->normals[3 * i + 1], (double)mesh->normals[3 * i + 2]);
    if (material)
        fputs("usemtl scene\n", out);
    write_faces(mesh, out);
}
