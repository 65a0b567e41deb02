/* SPDX-License-Identifier: MIT */
/* Meshes in PLY files: vertices with optional normal, texture coordinate and colour; faces as
 * lists of corners, longer ones cut into fans. */
#include "core/color.h"
#include "core/io/bytes.h"
#include "core/io/mesh_formats.h"
#include "core/io/ply.h"
#include "core/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { CORNERS_MAX = 256 };

/* ---- reading ---- */

typedef struct columns {
    int32_t position[3], normal[3], uv[2], color[3];
} columns;

static bool find_all(const hl_ply *ply, const hl_ply_element *e, const char *const *names, int n,
                     int32_t *at)
{
    bool all = true;
    for (int i = 0; i < n; i++) {
        at[i] = hl_ply_property_find(ply, e, names[i]);
        all &= at[i] >= 0;
    }
    return all;
}

static unsigned find_columns(const hl_ply *ply, const hl_ply_element *e, columns *c)
{
    static const char *const normal[] = {"nx", "ny", "nz"}, *const st[] = {"s", "t"},
                             *const uv[] = {"u", "v"},
                             *const texture[] = {"texture_u", "texture_v"},
                             *const color[] = {"red", "green", "blue"};
    unsigned flags = 0;
    if (find_all(ply, e, normal, 3, c->normal))
        flags |= HL_MESH_NORMALS;
    if (find_all(ply, e, st, 2, c->uv) || find_all(ply, e, uv, 2, c->uv) ||
        find_all(ply, e, texture, 2, c->uv))
        flags |= HL_MESH_UV;
    if (find_all(ply, e, color, 3, c->color))
        flags |= HL_MESH_ALBEDO;
    return flags;
}

/* sRGB code in 0..255, or in 0..1 for float columns, to linear. */
static float linear_of(const hl_ply *ply, const hl_ply_element *e, int32_t column, float value)
{
    const hl_ply_type type = ply->properties[e->first + column].type;
    const float scale = type == HL_PLY_F32 || type == HL_PLY_F64 ? 1.0f
                        : type == HL_PLY_U16                     ? 65535.0f
                                                                 : 255.0f;
    return hl_linear_from_srgb(fminf(fmaxf(value / scale, 0.0f), 1.0f));
}

static hl_status read_vertices(const hl_ply *ply, const hl_ply_element *e, const columns *c,
                               hl_mesh *mesh)
{
    float *values = hl_alloc((size_t)e->properties, sizeof *values);
    if (!values)
        return HL_E_MEMORY;
    hl_ply_rows rows;
    hl_status s = hl_ply_rows_open(&rows, ply, e);
    for (size_t i = 0; s == HL_OK && i < (size_t)mesh->vertex_count; i++) {
        s = hl_ply_rows_next(&rows, values);
        for (size_t k = 0; s == HL_OK && k < 3; k++) {
            mesh->positions[3 * i + k] = values[c->position[k]];
            if (mesh->normals)
                mesh->normals[3 * i + k] = values[c->normal[k]];
            if (mesh->albedo)
                mesh->albedo[3 * i + k] = linear_of(ply, e, c->color[k], values[c->color[k]]);
        }
        if (s == HL_OK && mesh->uv) {
            mesh->uv[2 * i] = values[c->uv[0]];
            mesh->uv[2 * i + 1] = 1.0f - values[c->uv[1]]; /* PLY: v upwards */
        }
    }
    hl_free(values);
    return s;
}

/* Calls for every face; with mesh NULL only counts triangles. */
static hl_status read_faces(const hl_ply *ply, const hl_ply_element *e, int32_t property,
                            hl_mesh *mesh, int64_t *triangles)
{
    uint32_t corners[CORNERS_MAX];
    hl_ply_rows rows;
    HL_TRY(hl_ply_lists_open(&rows, ply, e));
    int64_t t = 0;
    for (uint64_t row = 0; row < e->count; row++) {
        int32_t n = 0;
        HL_TRY(hl_ply_lists_next(&rows, property, corners, CORNERS_MAX, &n));
        for (int32_t k = 2; k < n; k++, t++) {
            if (!mesh)
                continue;
            mesh->triangles[3 * t] = corners[0];
            mesh->triangles[3 * t + 1] = corners[k - 1];
            mesh->triangles[3 * t + 2] = corners[k];
        }
    }
    *triangles = t;
    return HL_OK;
}

hl_status hl_ply_read_mesh(const hl_mesh_source *source, hl_mesh *mesh)
{
    static const char *const xyz[] = {"x", "y", "z"};
    hl_ply ply;
    HL_TRY(hl_ply_parse(&ply, source->name, source->bytes, source->size));
    const hl_ply_element *vertex = hl_ply_element_find(&ply, "vertex");
    const hl_ply_element *face = hl_ply_element_find(&ply, "face");
    columns c;
    if (!vertex || !find_all(&ply, vertex, xyz, 3, c.position))
        return hl_fail(HL_E_FORMAT, "%s: no element vertex with x, y and z", source->name);
    if (!face)
        return hl_fail(HL_E_FORMAT, "%s: no element face: expected a mesh, found points or splats",
                       source->name);
    int32_t property = hl_ply_property_find(&ply, face, "vertex_indices");
    if (property < 0)
        property = hl_ply_property_find(&ply, face, "vertex_index");
    if (property < 0 || !ply.properties[face->first + property].is_list)
        return hl_fail(HL_E_FORMAT, "%s: element face has no list vertex_indices", source->name);
    hl_ply_rows probe;
    HL_TRY(hl_ply_rows_open(&probe, &ply, vertex)); /* holds the count against the bytes */
    int64_t triangles = 0;
    HL_TRY(read_faces(&ply, face, property, NULL, &triangles));
    if (vertex->count > HL_MESH_COUNT_MAX || triangles > HL_MESH_COUNT_MAX)
        return hl_fail(HL_E_FORMAT,
                       "%s: %" PRIu64 " vertices and %" PRId64 " triangles; at most %d",
                       source->name, vertex->count, triangles, HL_MESH_COUNT_MAX);
    const unsigned flags = find_columns(&ply, vertex, &c);
    hl_mesh made;
    HL_TRY(hl_mesh_create(&made, (int32_t)vertex->count, (int32_t)triangles, flags));
    hl_status s = read_vertices(&ply, vertex, &c, &made);
    if (s == HL_OK)
        s = read_faces(&ply, face, property, &made, &triangles);
    if (s != HL_OK) {
        hl_mesh_release(&made);
        return s;
    }
    *mesh = made;
    return HL_OK;
}

/* ---- writing ---- */

static void write_header(const hl_mesh *mesh, FILE *out)
{
    fprintf(out, "ply\nformat binary_little_endian 1.0\ncomment helio\nelement vertex %d\n",
            (int)mesh->vertex_count);
    fputs("property float x\nproperty float y\nproperty float z\n", out);
    if (mesh->normals)
        fputs("property float nx\nproperty float ny\nproperty float nz\n", out);
    if (mesh->uv)
        fputs("property float s\nproperty float t\n", out);
    if (mesh->albedo)
        fputs("property uchar red\nproperty uchar green\nproperty uchar blue\n", out);
    fprintf(out, "element face %d\nproperty list uchar int vertex_indices\nend_header\n",
            (int)mesh->triangle_count);
}

static size_t put_floats(unsigned char *p, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hl_put_le_f32(p + 4 * i, values[i]);
    return 4 * n;
}

void hl_ply_write_mesh(const hl_mesh *mesh, hl_file_writer *writer)
{
    write_header(mesh, writer->stream);
    unsigned char row[64];
    for (size_t i = 0; i < (size_t)mesh->vertex_count; i++) {
        size_t n = put_floats(row, mesh->positions + 3 * i, 3);
        if (mesh->normals)
            n += put_floats(row + n, mesh->normals + 3 * i, 3);
        if (mesh->uv) {
            const float st[2] = {mesh->uv[2 * i], 1.0f - mesh->uv[2 * i + 1]};
            n += put_floats(row + n, st, 2);
        }
        for (size_t k = 0; mesh->albedo && k < 3; k++)
            row[n++] =
                (unsigned char)(255.0f * hl_srgb_from_linear(mesh->albedo[3 * i + k]) + 0.5f);
        hl_file_write(writer, row, n);
    }
    for (size_t i = 0; i < (size_t)mesh->triangle_count; i++) {
        row[0] = 3;
        for (size_t k = 0; k < 3; k++)
            hl_put_le32(row + 1 + 4 * k, mesh->triangles[3 * i + k]);
        hl_file_write(writer, row, 13);
    }
}
