/* SPDX-License-Identifier: MIT */
/* GLB (glTF 2.0): one node, one primitive, one material; pictures as PNG in the binary chunk. */
#include "core/io/bytes.h"
#include "core/io/image_codec.h"
#include "core/io/mesh_formats.h"
#include "core/json.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VIEWS_MAX = 9, FLOAT_TYPE = 5126, UINT_TYPE = 5125, ARRAY_BUFFER = 34962, ELEMENTS = 34963 };

/* A run of the binary chunk: 32-bit words of the mesh, or the bytes of a picture. */
typedef struct view {
    const void *data;
    size_t bytes, offset;
    int target;  /* 0: picture */
    bool floats; /* else uint32_t or bytes */
} view;

typedef struct glb {
    const hl_mesh *mesh;
    view views[VIEWS_MAX];
    int view_count;
    size_t bin_bytes; /* a multiple of 4 */
    hl_json *root, *accessors, *attributes, *images, *textures;
    int accessor_count, texture_count;
} glb;

static int add_view(glb *g, const void *data, size_t bytes, int target, bool floats)
{
    g->views[g->view_count] = (view){data, bytes, g->bin_bytes, target, floats};
    g->bin_bytes += (bytes + 3) & ~(size_t)3;
    return g->view_count++;
}

static int add_accessor(glb *g, int of_view, int type, int32_t count, const char *kind)
{
    hl_json *a = hl_json_add_object(g->accessors, NULL);
    hl_json_add_number(a, "bufferView", of_view);
    hl_json_add_number(a, "componentType", type);
    hl_json_add_number(a, "count", count);
    hl_json_add_text(a, "type", kind);
    if (of_view == 0) { /* positions: bounds are required */
        float lo[3], hi[3];
        hl_mesh_bounds(g->mesh, lo, hi);
        hl_json *min = hl_json_add_array(a, "min"), *max = hl_json_add_array(a, "max");
        for (int k = 0; k < 3; k++) {
            hl_json_add_number(min, NULL, (double)lo[k]);
            hl_json_add_number(max, NULL, (double)hi[k]);
        }
    }
    return g->accessor_count++;
}

static void add_attribute(glb *g, const char *name, const float *values, int components)
{
    static const char *const kinds[] = {"", "SCALAR", "VEC2", "VEC3"};
    if (!values)
        return;
    const size_t bytes = (size_t)g->mesh->vertex_count * (size_t)components * sizeof(float);
    const int v = add_view(g, values, bytes, ARRAY_BUFFER, true);
    hl_json_add_number(g->attributes, name,
                       add_accessor(g, v, FLOAT_TYPE, g->mesh->vertex_count, kinds[components]));
}

static double mean_or(const float *values, int32_t n, double fallback)
{
    double sum = 0;
    for (int32_t i = 0; values && i < n; i++)
        sum += (double)values[i];
    return values && n ? sum / n : fallback;
}

/* Encodes a picture into *bytes (free) and adds image and texture; -1 without a picture. */
static hl_status add_picture(glb *g, const hl_image8 *picture, char **bytes, int *texture)
{
    *texture = -1;
    if (!picture->width)
        return HL_OK;
    size_t size = 0;
    hl_file_writer memory = {.path = (char[]){"picture"}};
    memory.stream = open_memstream(bytes, &size);
    if (!memory.stream)
        return hl_fail(HL_E_MEMORY, "out of memory while packing a texture");
    const hl_status s = hl_png_encode(picture, &memory);
    if (fclose(memory.stream) != 0 || memory.failed)
        return hl_fail(HL_E_MEMORY, "out of memory while packing a texture");
    HL_TRY(s);
    if (!g->images) {
        g->images = hl_json_add_array(g->root, "images");
        g->textures = hl_json_add_array(g->root, "textures");
    }
    *texture = g->texture_count++;
    hl_json *image = hl_json_add_object(g->images, NULL);
    hl_json_add_number(image, "bufferView", add_view(g, *bytes, size, 0, false));
    hl_json_add_text(image, "mimeType", "image/png");
    hl_json_add_number(hl_json_add_object(g->textures, NULL), "source", *texture);
    return HL_OK;
}

static void add_texture_info(hl_json *pbr, const char *key, int texture)
{
    if (texture >= 0)
        hl_json_add_number(hl_json_add_object(pbr, key), "index", texture);
}

static void add_material(glb *g, const int texture[2])
{
    const hl_mesh *m = g->mesh;
    hl_json *material = hl_json_add_object(hl_json_add_array(g->root, "materials"), NULL);
    hl_json_add_text(material, "name", "scene");
    hl_json_add_bool(material, "doubleSided", true);
    hl_json *pbr = hl_json_add_object(material, "pbrMetallicRoughness");
    add_texture_info(pbr, "baseColorTexture", texture[0]);
    add_texture_info(pbr, "metallicRoughnessTexture", texture[1]);
    const bool pictured = texture[1] >= 0;
    hl_json_add_number(pbr, "metallicFactor", pictured ? 1 : mean_or(m->metal, m->vertex_count, 0));
    hl_json_add_number(pbr, "roughnessFactor",
                       pictured ? 1 : mean_or(m->roughness, m->vertex_count, 1));
}

/* The rotation that takes `up` to +y, as x y z w. */
static void add_rotation(hl_json *node, const float up[3])
{
    const double l = sqrt((double)up[0] * (double)up[0] + (double)up[1] * (double)up[1] +
                          (double)up[2] * (double)up[2]);
    if (!(l > 0))
        return;
    const double x = (double)up[0] / l, y = (double)up[1] / l, z = (double)up[2] / l;
    double q[4] = {-z, 0, x, 1 + y}; /* up x (0, 1, 0), 1 + up . (0, 1, 0) */
    if (q[3] < 1e-9) {
        q[0] = 1; /* upside down: half a turn about x */
        q[2] = q[3] = 0;
    }
    const double norm = sqrt(q[0] * q[0] + q[2] * q[2] + q[3] * q[3]);
    hl_json *rotation = hl_json_add_array(node, "rotation");
    for (int k = 0; k < 4; k++)
        hl_json_add_number(rotation, NULL, q[k] / norm);
}

static void add_scene(glb *g, const float up[3])
{
    hl_json *asset = hl_json_add_object(g->root, "asset");
    hl_json_add_text(asset, "version", "2.0");
    hl_json_add_text(asset, "generator", "helio");
    hl_json_add_number(g->root, "scene", 0);
    hl_json *scene = hl_json_add_object(hl_json_add_array(g->root, "scenes"), NULL);
    hl_json_add_number(hl_json_add_array(scene, "nodes"), NULL, 0);
    hl_json *node = hl_json_add_object(hl_json_add_array(g->root, "nodes"), NULL);
    hl_json_add_text(node, "name", "helio_world");
    hl_json_add_number(node, "mesh", 0);
    if (up)
        add_rotation(node, up);
}

static void add_primitive(glb *g, bool pictured)
{
    const hl_mesh *m = g->mesh;
    hl_json *mesh = hl_json_add_object(hl_json_add_array(g->root, "meshes"), NULL);
    hl_json *primitive = hl_json_add_object(hl_json_add_array(mesh, "primitives"), NULL);
    g->accessors = hl_json_add_array(g->root, "accessors");
    g->attributes = hl_json_add_object(primitive, "attributes");
    add_attribute(g, "POSITION", m->positions, 3);
    add_attribute(g, "NORMAL", m->normals, 3);
    add_attribute(g, "TEXCOORD_0", m->uv, 2);
    if (!pictured) /* they would tint the picture */
        add_attribute(g, "COLOR_0", m->albedo, 3);
    add_attribute(g, "_ROUGHNESS", m->roughness, 1);
    add_attribute(g, "_METALLIC", m->metal, 1);
    const size_t bytes = (size_t)m->triangle_count * 3 * sizeof(uint32_t);
    const int v = add_view(g, m->triangles, bytes, ELEMENTS, false);
    hl_json_add_number(primitive, "indices",
                       add_accessor(g, v, UINT_TYPE, 3 * m->triangle_count, "SCALAR"));
    hl_json_add_number(primitive, "material", 0);
}

static void add_views(glb *g)
{
    hl_json *views = hl_json_add_array(g->root, "bufferViews");
    for (int i = 0; i < g->view_count; i++) {
        hl_json *v = hl_json_add_object(views, NULL);
        hl_json_add_number(v, "buffer", 0);
        hl_json_add_number(v, "byteOffset", (double)g->views[i].offset);
        hl_json_add_number(v, "byteLength", (double)g->views[i].bytes);
        if (g->views[i].target)
            hl_json_add_number(v, "target", g->views[i].target);
    }
    hl_json *buffer = hl_json_add_object(hl_json_add_array(g->root, "buffers"), NULL);
    hl_json_add_number(buffer, "byteLength", (double)g->bin_bytes);
}

/* ---- bytes ---- */

static void write_words(const view *v, hl_file_writer *writer)
{
    unsigned char block[4096];
    const size_t words = v->bytes / 4;
    const float *floats = v->floats ? v->data : NULL;
    const uint32_t *ints = v->floats ? NULL : v->data;
    for (size_t i = 0; i < words;) {
        size_t n = 0;
        for (; n < sizeof block && i < words; i++, n += 4) {
            if (floats)
                hl_put_le_f32(block + n, floats[i]);
            else
                hl_put_le32(block + n, ints[i]);
        }
        hl_file_write(writer, block, n);
    }
}

static void write_chunk_head(hl_file_writer *writer, size_t bytes, uint32_t kind)
{
    unsigned char head[8];
    hl_put_le32(head, (uint32_t)bytes);
    hl_put_le32(head + 4, kind);
    hl_file_write(writer, head, sizeof head);
}

static hl_status write_file(const glb *g, const char *json, hl_file_writer *writer)
{
    const size_t text = strlen(json), padded = (text + 3) & ~(size_t)3;
    const size_t total = 12 + 8 + padded + 8 + g->bin_bytes;
    if (total > UINT32_MAX)
        return hl_fail(HL_E_ARG, "%s: %zu bytes, but a GLB file holds 4 GiB at most", writer->path,
                       total);
    unsigned char head[12] = {'g', 'l', 'T', 'F', 2};
    hl_put_le32(head + 8, (uint32_t)total);
    hl_file_write(writer, head, sizeof head);
    write_chunk_head(writer, padded, 0x4e4f534au); /* JSON */
    hl_file_write(writer, json, text);
    hl_file_write(writer, "   ", padded - text);
    write_chunk_head(writer, g->bin_bytes, 0x004e4942u); /* BIN */
    for (int i = 0; i < g->view_count; i++) {
        const view *v = &g->views[i];
        if (v->target)
            write_words(v, writer);
        else
            hl_file_write(writer, v->data, v->bytes);
        hl_file_write(writer, "\0\0\0", ((v->bytes + 3) & ~(size_t)3) - v->bytes);
    }
    return HL_OK;
}

hl_status hl_glb_write_mesh(const hl_mesh *mesh, const hl_mesh_textures *textures,
                            const float up[3], hl_file_writer *writer)
{
    glb g = {.mesh = mesh, .root = hl_json_object()};
    char *pictures[2] = {NULL, NULL}, *json = NULL;
    int texture[2] = {-1, -1};
    add_scene(&g, up);
    add_primitive(&g, textures && textures->base_color.width);
    hl_status s = HL_OK;
    if (textures)
        s = add_picture(&g, &textures->base_color, &pictures[0], &texture[0]);
    if (s == HL_OK && textures)
        s = add_picture(&g, &textures->metal_roughness, &pictures[1], &texture[1]);
    if (s == HL_OK) {
        add_material(&g, texture);
        add_views(&g);
        s = hl_json_print(g.root, false, &json);
    }
    if (s == HL_OK)
        s = write_file(&g, json, writer);
    hl_free(json);
    hl_json_destroy(&g.root);
    free(pictures[0]);
    free(pictures[1]);
    return s;
}
