/* SPDX-License-Identifier: MIT */
/* All triangles of a glTF document as one mesh: walk the nodes, count, allocate, fill. */
#include "core/color.h"
#include "core/io/gltf.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

enum { INSTANCES_MAX = 1 << 16, DEPTH_MAX = 64, TRIANGLES = 4, GROWTH_MAX = 64 };

/* One primitive under one node. */
typedef struct instance {
    const hl_json *primitive;
    double material; /* index, -1: the default material */
    double m[12];    /* world from primitive, row-major (3, 4) */
    hl_gltf_accessor position, normal, uv, color, roughness, metal, indices; /* count 0: absent */
    int32_t vertices, triangles;
} instance;

typedef struct material {
    double index;
    float color[3], roughness, metal;
    hl_image8 color_map, metal_roughness_map; /* width 0: none */
    double color_texture, metal_roughness_texture;
} material;

typedef struct reader {
    hl_gltf g;
    instance *instances;
    int32_t count, capacity;
    int64_t vertices, triangles, bytes; /* bytes: of the file and its buffers */
} reader;

/* ---- nodes ---- */

static void multiply(const double a[12], const double b[12], double out[12])
{
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 4; c++) {
            double sum = c == 3 ? a[4 * r + 3] : 0;
            for (int k = 0; k < 3; k++)
                sum += a[4 * r + k] * b[4 * k + c];
            out[4 * r + c] = sum;
        }
}

static hl_status read_vector(const reader *r, const hl_json *node, const char *key, int n,
                             double *values)
{
    return hl_json_find(node, key) ? hl_json_need_numbers(node, key, values, n, r->g.name) : HL_OK;
}

static void compose(const double t[3], const double q[4], const double s[3], double m[12])
{
    const double x = q[0], y = q[1], z = q[2], w = q[3];
    const double rotation[9] = {
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
        2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y),
    };
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            m[4 * i + k] = rotation[3 * i + k] * s[k];
        m[4 * i + 3] = t[i];
    }
}

static hl_status local_matrix(const reader *r, const hl_json *node, double m[12])
{
    double t[3] = {0, 0, 0}, q[4] = {0, 0, 0, 1}, s[3] = {1, 1, 1}, columns[16];
    if (!strcmp(hl_json_text(node, "name", ""), "helio_world")) {
        compose(t, q, s, m); /* ours: stay in the frame of the scene */
        return HL_OK;
    }
    if (hl_json_find(node, "matrix")) {
        HL_TRY(hl_json_need_numbers(node, "matrix", columns, 16, r->g.name));
        for (int i = 0; i < 12; i++)
            m[i] = columns[4 * (i % 4) + i / 4];
        return HL_OK;
    }
    HL_TRY(read_vector(r, node, "translation", 3, t));
    HL_TRY(read_vector(r, node, "rotation", 4, q));
    HL_TRY(read_vector(r, node, "scale", 3, s));
    compose(t, q, s, m);
    return HL_OK;
}

static hl_status optional(const reader *r, const hl_json *attributes, const char *key,
                          int32_t vertices, int least, hl_gltf_accessor *a)
{
    if (!hl_json_find(attributes, key))
        return HL_OK;
    HL_TRY(hl_gltf_accessor_open(&r->g, hl_gltf_index(attributes, key), a));
    if (a->count != vertices || a->components < least)
        return hl_fail(HL_E_FORMAT,
                       "%s: attribute %s: %d elements of %d numbers, expected %d of %d", r->g.name,
                       key, (int)a->count, (int)a->components, (int)vertices, least);
    return HL_OK;
}

static hl_status open_primitive(const reader *r, instance *i)
{
    const hl_json *attributes = hl_json_find(i->primitive, "attributes");
    HL_TRY(hl_gltf_accessor_open(&r->g, hl_gltf_index(attributes, "POSITION"), &i->position));
    if (i->position.components != 3)
        return hl_fail(HL_E_FORMAT, "%s: attribute POSITION has %d numbers, expected 3", r->g.name,
                       (int)i->position.components);
    i->vertices = i->position.count;
    HL_TRY(optional(r, attributes, "NORMAL", i->vertices, 3, &i->normal));
    HL_TRY(optional(r, attributes, "TEXCOORD_0", i->vertices, 2, &i->uv));
    HL_TRY(optional(r, attributes, "COLOR_0", i->vertices, 3, &i->color));
    HL_TRY(optional(r, attributes, "_ROUGHNESS", i->vertices, 1, &i->roughness));
    HL_TRY(optional(r, attributes, "_METALLIC", i->vertices, 1, &i->metal));
    int32_t corners = i->vertices;
    if (hl_json_find(i->primitive, "indices")) {
        HL_TRY(hl_gltf_accessor_open(&r->g, hl_gltf_index(i->primitive, "indices"), &i->indices));
        corners = i->indices.count;
        if (i->indices.components != 1 || i->indices.type == 5126)
            return hl_fail(HL_E_FORMAT, "%s: indices must be whole numbers", r->g.name);
    }
    i->triangles = corners / 3;
    return HL_OK;
}

static hl_status add_instance(reader *r, const hl_json *primitive, const double m[12])
{
    if (hl_json_number(primitive, "mode", TRIANGLES) != TRIANGLES)
        return HL_OK; /* points and lines cast no shadow */
    if (r->count == r->capacity) {
        const int32_t capacity = r->capacity ? 2 * r->capacity : 64;
        instance *grown =
            hl_grow(r->instances, (size_t)r->capacity, (size_t)capacity, sizeof *grown);
        if (!grown)
            return HL_E_MEMORY;
        r->instances = grown;
        r->capacity = capacity;
    }
    instance *i = &r->instances[r->count];
    *i = (instance){.primitive = primitive, .material = hl_gltf_index(primitive, "material")};
    memcpy(i->m, m, sizeof i->m);
    HL_TRY(open_primitive(r, i));
    r->vertices += i->vertices;
    r->triangles += i->triangles;
    r->count++;
    if (r->count > INSTANCES_MAX || r->vertices > HL_MESH_COUNT_MAX ||
        r->triangles > HL_MESH_COUNT_MAX || r->vertices > GROWTH_MAX * r->bytes ||
        r->triangles > GROWTH_MAX * r->bytes)
        return hl_fail(HL_E_FORMAT,
                       "%s: its nodes repeat its meshes to %lld vertices and %lld triangles in %d "
                       "parts; that is refused for a file of %lld bytes",
                       r->g.name, (long long)r->vertices, (long long)r->triangles, (int)r->count,
                       (long long)r->bytes);
    return HL_OK;
}

static hl_status add_mesh(reader *r, const hl_json *node, const double m[12])
{
    const hl_json *mesh;
    HL_TRY(hl_gltf_item(&r->g, "meshes", hl_gltf_index(node, "mesh"), &mesh));
    for (const hl_json *p = hl_json_first(hl_json_find(mesh, "primitives")); p; p = hl_json_next(p))
        HL_TRY(add_instance(r, p, m));
    return HL_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX */
static hl_status walk(reader *r, double index, const double parent[12], int depth, int *visits)
{
    const hl_json *node;
    HL_TRY(hl_gltf_item(&r->g, "nodes", index, &node));
    if (depth > DEPTH_MAX || ++*visits > INSTANCES_MAX)
        return hl_fail(HL_E_FORMAT, "%s: nodes[%g]: nodes nest deeper than %d or are more than %d",
                       r->g.name, index, DEPTH_MAX, INSTANCES_MAX);
    double local[12], world[12];
    HL_TRY(local_matrix(r, node, local));
    multiply(parent, local, world);
    if (hl_json_find(node, "mesh"))
        HL_TRY(add_mesh(r, node, world));
    for (const hl_json *c = hl_json_first(hl_json_find(node, "children")); c; c = hl_json_next(c))
        HL_TRY(walk(r, hl_json_value(c), world, depth + 1, visits));
    return HL_OK;
}

static hl_status collect(reader *r)
{
    static const double identity[12] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
    int visits = 0;
    const hl_json *scene;
    if (!hl_json_find(r->g.root, "scenes")) { /* a library of meshes */
        for (const hl_json *m = hl_json_first(hl_json_find(r->g.root, "meshes")); m;
             m = hl_json_next(m))
            for (const hl_json *p = hl_json_first(hl_json_find(m, "primitives")); p;
                 p = hl_json_next(p))
                HL_TRY(add_instance(r, p, identity));
        return HL_OK;
    }
    HL_TRY(hl_gltf_item(&r->g, "scenes", hl_json_number(r->g.root, "scene", 0), &scene));
    for (const hl_json *n = hl_json_first(hl_json_find(scene, "nodes")); n; n = hl_json_next(n))
        HL_TRY(walk(r, hl_json_value(n), identity, 0, &visits));
    return HL_OK;
}

/* ---- materials ---- */

static void material_release(material *m)
{
    hl_image8_release(&m->color_map);
    hl_image8_release(&m->metal_roughness_map);
}

static float factor(const hl_json *node, const char *key)
{
    return (float)fmin(fmax(hl_json_number(node, key, 1), 0.0), 1.0);
}

static hl_status read_picture(const reader *r, const hl_json *pbr, const char *key, double *texture,
                              hl_image8 *picture)
{
    const hl_json *info = hl_json_find(pbr, key);
    *texture = -1;
    if (!info)
        return HL_OK;
    *texture = hl_gltf_index(info, "index");
    return hl_gltf_picture(&r->g, *texture, picture);
}

static hl_status material_open(const reader *r, double index, material *m)
{
    *m = (material){.index = index, .color = {1, 1, 1}, .roughness = 1, .metal = 1};
    const hl_json *item = NULL;
    if (index >= 0)
        HL_TRY(hl_gltf_item(&r->g, "materials", index, &item));
    const hl_json *pbr = hl_json_find(item, "pbrMetallicRoughness");
    double rgba[4] = {1, 1, 1, 1};
    HL_TRY(read_vector(r, pbr, "baseColorFactor", 4, rgba));
    for (int k = 0; k < 3; k++)
        m->color[k] = (float)fmin(fmax(rgba[k], 0.0), 1.0);
    m->roughness = factor(pbr, "roughnessFactor");
    m->metal = factor(pbr, "metallicFactor");
    hl_status s = read_picture(r, pbr, "baseColorTexture", &m->color_texture, &m->color_map);
    if (s == HL_OK)
        s = read_picture(r, pbr, "metallicRoughnessTexture", &m->metal_roughness_texture,
                         &m->metal_roughness_map);
    if (s != HL_OK)
        material_release(m);
    return s;
}

/* Bilinear, repeating, codes 0..255 of three channels. */
static void sample(const hl_image8 *map, const float uv[2], float out[3])
{
    const int32_t size[2] = {map->width, map->height};
    int32_t at[2], next[2];
    float t[2];
    for (int k = 0; k < 2; k++) {
        float x = uv[k] - floorf(uv[k]);
        x = (isfinite(x) ? x : 0.0f) * (float)size[k] - 0.5f;
        const float low = floorf(x);
        t[k] = x - low;
        at[k] = ((int32_t)low + size[k]) % size[k];
        next[k] = (at[k] + 1) % size[k];
    }
    for (int c = 0; c < 3; c++) {
        float row[2];
        for (int j = 0; j < 2; j++) {
            const size_t y = (size_t)(j ? next[1] : at[1]) * (size_t)map->width;
            const uint8_t *data = map->data + c;
            const float a = data[(size_t)map->channels * (y + (size_t)at[0])];
            const float b = data[(size_t)map->channels * (y + (size_t)next[0])];
            row[j] = a + t[0] * (b - a);
        }
        out[c] = row[0] + t[1] * (row[1] - row[0]);
    }
}

/* ---- filling ---- */

static void place(const instance *i, const float p[3], bool point, double out[3])
{
    for (int k = 0; k < 3; k++) {
        const double *m = i->m + 4 * k;
        out[k] =
            m[0] * (double)p[0] + m[1] * (double)p[1] + m[2] * (double)p[2] + (point ? m[3] : 0);
    }
}

/* Normals turn with the cofactors of the matrix. */
static void place_normal(const instance *i, const float n[3], float out[3])
{
    const double *m = i->m;
    instance cofactor = {0};
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++) {
            const int r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;
            cofactor.m[4 * r + c] =
                m[4 * r1 + c1] * m[4 * r2 + c2] - m[4 * r1 + c2] * m[4 * r2 + c1];
        }
    double v[3];
    place(&cofactor, n, false, v);
    const double l = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    for (int k = 0; k < 3; k++)
        out[k] = l > 0 ? (float)(v[k] / l) : 0.0f;
}

static void fill_materials(const instance *i, const material *m, int32_t v, const float uv[2],
                           hl_mesh *mesh, size_t at)
{
    float color[4] = {1, 1, 1, 1}, map[3] = {255, 255, 255}, value[4];
    if (i->color.count)
        hl_gltf_accessor_floats(&i->color, v, color);
    if (i->uv.count && m->color_map.width)
        sample(&m->color_map, uv, map);
    for (size_t k = 0; k < 3; k++) {
        const float albedo = m->color[k] * color[k] * hl_linear_from_srgb(map[k] / 255.0f);
        mesh->albedo[3 * at + k] = fminf(fmaxf(albedo, 0.0f), 1.0f);
    }
    map[1] = map[2] = 255;
    if (i->uv.count && m->metal_roughness_map.width)
        sample(&m->metal_roughness_map, uv, map);
    float roughness = m->roughness * map[1] / 255.0f, metal = m->metal * map[2] / 255.0f;
    if (i->roughness.count) {
        hl_gltf_accessor_floats(&i->roughness, v, value);
        roughness = value[0];
    }
    if (i->metal.count) {
        hl_gltf_accessor_floats(&i->metal, v, value);
        metal = value[0];
    }
    mesh->roughness[at] = roughness;
    mesh->metal[at] = metal;
}

static void fill_vertices(const instance *i, const material *m, hl_mesh *mesh, size_t base)
{
    for (int32_t v = 0; v < i->vertices; v++) {
        const size_t at = base + (size_t)v;
        float p[4], uv[4] = {0, 0, 0, 0};
        double world[3];
        hl_gltf_accessor_floats(&i->position, v, p);
        place(i, p, true, world);
        for (size_t k = 0; k < 3; k++)
            mesh->positions[3 * at + k] = (float)world[k];
        if (mesh->normals) {
            hl_gltf_accessor_floats(&i->normal, v, p);
            place_normal(i, p, mesh->normals + 3 * at);
        }
        if (i->uv.count)
            hl_gltf_accessor_floats(&i->uv, v, uv);
        if (mesh->uv)
            memcpy(mesh->uv + 2 * at, uv, 2 * sizeof(float));
        if (mesh->albedo)
            fill_materials(i, m, v, uv, mesh, at);
    }
}

static hl_status fill_triangles(const reader *r, const instance *i, hl_mesh *mesh, size_t base,
                                size_t first)
{
    const double *m = i->m;
    const double det = m[0] * (m[5] * m[10] - m[6] * m[9]) - m[1] * (m[4] * m[10] - m[6] * m[8]) +
                       m[2] * (m[4] * m[9] - m[5] * m[8]);
    for (int32_t t = 0; t < i->triangles; t++) {
        uint32_t *out = mesh->triangles + 3 * (first + (size_t)t);
        for (int32_t k = 0; k < 3; k++) {
            const int32_t c = 3 * t + (det < 0 && k ? 3 - k : k); /* mirrored: turn the corners */
            const uint32_t v =
                i->indices.count ? hl_gltf_accessor_index(&i->indices, c) : (uint32_t)c;
            if (v >= (uint32_t)i->vertices)
                return hl_fail(HL_E_FORMAT, "%s: triangle %d names vertex %u of %d", r->g.name,
                               (int)t, (unsigned)v, (int)i->vertices);
            out[k] = (uint32_t)base + v;
        }
    }
    return HL_OK;
}

static hl_status fill(const reader *r, hl_mesh *mesh)
{
    material m = {.index = -2};
    size_t vertices = 0, triangles = 0;
    hl_status s = HL_OK;
    for (int32_t k = 0; s == HL_OK && k < r->count; k++) {
        const instance *i = &r->instances[k];
        if (mesh->albedo && i->material != m.index) {
            material_release(&m);
            s = material_open(r, i->material, &m);
        }
        if (s == HL_OK) {
            fill_vertices(i, &m, mesh, vertices);
            s = fill_triangles(r, i, mesh, vertices, triangles);
        }
        vertices += (size_t)i->vertices;
        triangles += (size_t)i->triangles;
    }
    material_release(&m);
    return s;
}

/* ---- textures ---- */

/* Takes a picture over as three channels with its factors in it: codes are sRGB for colour. */
static hl_status take_picture(const hl_image8 *map, const float factors[3], bool srgb,
                              hl_image8 *out)
{
    if (!map->width)
        return HL_OK;
    HL_TRY(hl_image8_create(out, map->width, map->height, 3));
    uint8_t code[3][256];
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++) {
            const float x = (float)v / 255.0f;
            const float y =
                srgb ? hl_srgb_from_linear(factors[c] * hl_linear_from_srgb(x)) : factors[c] * x;
            code[c][v] = (uint8_t)(255.0f * y + 0.5f);
        }
    const size_t pixels = (size_t)map->width * (size_t)map->height;
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++)
            out->data[3 * i + c] = code[c][map->data[(size_t)map->channels * i + c]];
    return HL_OK;
}

static hl_status take_textures(const reader *r, hl_mesh_textures *textures)
{
    for (int32_t k = 1; k < r->count; k++)
        if (r->instances[k].material != r->instances[0].material)
            return HL_OK;
    material m;
    HL_TRY(material_open(r, r->instances[0].material, &m));
    const float packed[3] = {1, m.roughness, m.metal};
    hl_status s = take_picture(&m.color_map, m.color, true, &textures->base_color);
    if (s == HL_OK)
        s = take_picture(&m.metal_roughness_map, packed, false, &textures->metal_roughness);
    if (s != HL_OK)
        hl_mesh_textures_release(textures);
    material_release(&m);
    return s;
}

/* ---- the whole ---- */

static unsigned attributes_of(const reader *r)
{
    unsigned normals = HL_MESH_NORMALS, uv = 0, materials = 0;
    for (int32_t k = 0; k < r->count; k++) {
        const instance *i = &r->instances[k];
        if (!i->normal.count)
            normals = 0;
        if (i->uv.count)
            uv = HL_MESH_UV;
        if (i->material >= 0 || i->color.count || i->roughness.count || i->metal.count)
            materials = HL_MESH_ALBEDO | HL_MESH_ROUGHNESS | HL_MESH_METAL;
    }
    return normals | uv | materials;
}

static hl_status read_all(reader *r, hl_mesh *mesh, hl_mesh_textures *textures)
{
    for (int32_t i = 0; i < r->g.buffer_count; i++)
        r->bytes += (int64_t)r->g.buffer_bytes[i];
    HL_TRY(collect(r));
    hl_mesh made;
    HL_TRY(hl_mesh_create(&made, (int32_t)r->vertices, (int32_t)r->triangles, attributes_of(r)));
    hl_status s = fill(r, &made);
    if (s == HL_OK && textures && r->count)
        s = take_textures(r, textures);
    if (s != HL_OK) {
        hl_mesh_release(&made);
        return s;
    }
    *mesh = made;
    return HL_OK;
}

hl_status hl_gltf_read_mesh(const hl_mesh_source *source, hl_mesh *mesh, hl_mesh_textures *textures)
{
    reader r = {.bytes = (int64_t)source->size};
    hl_status s = hl_gltf_open(&r.g, source);
    if (s == HL_OK)
        s = read_all(&r, mesh, textures);
    hl_free(r.instances);
    hl_gltf_close(&r.g);
    return s;
}
