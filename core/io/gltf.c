/* SPDX-License-Identifier: MIT */
#include "core/io/gltf.h"

#include "core/io/bytes.h"
#include "core/io/image_codec.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK_JSON = 0x4e4f534a, CHUNK_BIN = 0x004e4942 };

/* ---- lookup ---- */

double hl_gltf_index(const hl_json *node, const char *key)
{
    return hl_json_number(node, key, -1);
}

hl_status hl_gltf_item(const hl_gltf *g, const char *list, double index, const hl_json **item)
{
    const hl_json *array = hl_json_find(g->root, list);
    const int32_t count = hl_json_is_array(array) ? hl_json_count(array) : 0;
    if (!(index >= 0 && index < count) || index != floor(index))
        return hl_fail(HL_E_FORMAT, "%s: no %s[%g]: the list holds %d", g->name, list, index,
                       (int)count);
    *item = hl_json_at(array, (int32_t)index);
    return HL_OK;
}

/* A whole number of bytes or elements in 0..2^53, `fallback` where the key is absent. */
static hl_status size_of(const hl_gltf *g, const hl_json *node, const char *key, double fallback,
                         size_t *value)
{
    const double v = hl_json_number(node, key, fallback);
    if (!(v >= 0 && v <= 9007199254740992.0) || v != floor(v))
        return hl_fail(HL_E_FORMAT, "%s: %s is %g, expected a whole number, 0 or above", g->name,
                       key, v);
    *value = (size_t)v;
    return HL_OK;
}

/* ---- container ---- */

/* Parses the JSON chunk; the BIN chunk becomes buffer 0. */
static hl_status open_glb(hl_gltf *g, const hl_mesh_source *source)
{
    const unsigned char *p = source->bytes;
    if (source->size < 20)
        return hl_fail(HL_E_FORMAT, "%s: truncated: %zu bytes, a GLB header alone has 20",
                       source->name, source->size);
    if (hl_le32(p + 4) != 2)
        return hl_fail(HL_E_FORMAT, "%s: GLB version %u, expected 2", source->name,
                       (unsigned)hl_le32(p + 4));
    const size_t json = hl_le32(p + 12);
    if (hl_le32(p + 16) != CHUNK_JSON || json > source->size - 20)
        return hl_fail(HL_E_FORMAT, "%s: byte 12: expected a JSON chunk within the %zu bytes",
                       source->name, source->size);
    HL_TRY(hl_json_parse(&g->root, (const char *)p + 20, json, source->name));
    const size_t at = 20 + json;
    if (source->size - at < 8 || hl_le32(p + at + 4) != CHUNK_BIN)
        return HL_OK;
    const size_t bin = hl_le32(p + at);
    if (bin > source->size - at - 8)
        return hl_fail(HL_E_FORMAT, "%s: truncated: binary chunk of %zu bytes at byte %zu of %zu",
                       source->name, bin, at, source->size);
    g->buffers[0] = p + at + 8;
    g->buffer_bytes[0] = bin;
    return HL_OK;
}

/* PATH of a file beside the document; %20 and such stay as they are. */
static hl_status path_beside(const hl_gltf *g, const char *uri, char *path, size_t capacity)
{
    if (!strncmp(uri, "data:", 5))
        return hl_fail(HL_E_FORMAT, "%s: data inside a uri is not supported; store it as GLB",
                       g->name);
    if (!*uri || *uri == '/' || strchr(uri, ':') || strstr(uri, "..") || strchr(uri, '\\'))
        return hl_fail(HL_E_FORMAT, "%s: uri \"%.80s\" does not name a file in the same folder",
                       g->name, uri);
    const size_t folder = (size_t)(hl_path_name(g->name) - g->name);
    if (folder + strlen(uri) + 1 > capacity)
        return hl_fail(HL_E_FORMAT, "%s: uri \"%.80s\" is too long", g->name, uri);
    snprintf(path, capacity, "%.*s%s", (int)folder, g->name, uri);
    return HL_OK;
}

static hl_status open_buffer(hl_gltf *g, const hl_json *buffer, int32_t i)
{
    const char *uri = hl_json_text(buffer, "uri", NULL);
    size_t bytes;
    HL_TRY(size_of(g, buffer, "byteLength", 0, &bytes));
    if (uri) {
        char path[4096];
        HL_TRY(path_beside(g, uri, path, sizeof path));
        HL_TRY(hl_file_map_open(&g->maps[i], path));
        g->buffers[i] = g->maps[i].bytes;
        g->buffer_bytes[i] = g->maps[i].size;
    }
    if (g->buffer_bytes[i] < bytes || !g->buffers[i])
        return hl_fail(HL_E_FORMAT, "%s: buffer %d: expected %zu bytes, found %zu", g->name, (int)i,
                       bytes, g->buffer_bytes[i]);
    return HL_OK;
}

/* Extensions that change how geometry is stored are refused; those of materials only add. */
static hl_status check_extensions(const hl_gltf *g)
{
    const hl_json *list = hl_json_find(g->root, "extensionsRequired");
    for (const hl_json *e = hl_json_first(list); e; e = hl_json_next(e)) {
        const char *name = hl_json_value_text(e);
        if (!name || strncmp(name, "KHR_materials_", 14) != 0)
            return hl_fail(HL_E_FORMAT, "%s: needs the extension %.60s, which is not supported",
                           g->name, name ? name : "?");
    }
    return HL_OK;
}

hl_status hl_gltf_open(hl_gltf *g, const hl_mesh_source *source)
{
    *g = (hl_gltf){.name = source->name};
    if (source->size >= 4 && !memcmp(source->bytes, "glTF", 4))
        HL_TRY(open_glb(g, source));
    else
        HL_TRY(hl_json_parse(&g->root, (const char *)source->bytes, source->size, source->name));
    const char *version = hl_json_text(hl_json_find(g->root, "asset"), "version", "");
    if (strncmp(version, "2.", 2) != 0)
        return hl_fail(HL_E_FORMAT, "%s: asset.version is \"%.20s\", expected glTF 2.x", g->name,
                       version);
    HL_TRY(check_extensions(g));
    const hl_json *buffers = hl_json_find(g->root, "buffers");
    const int32_t count = hl_json_is_array(buffers) ? hl_json_count(buffers) : 0;
    if (count > HL_GLTF_BUFFERS_MAX)
        return hl_fail(HL_E_FORMAT, "%s: %d buffers, at most %d", g->name, (int)count,
                       HL_GLTF_BUFFERS_MAX);
    for (; g->buffer_count < count; g->buffer_count++)
        HL_TRY(open_buffer(g, hl_json_at(buffers, g->buffer_count), g->buffer_count));
    return HL_OK;
}

void hl_gltf_close(hl_gltf *g)
{
    for (int i = 0; i < HL_GLTF_BUFFERS_MAX; i++)
        if (g->maps[i].bytes)
            hl_file_map_close(&g->maps[i]);
    hl_json_destroy(&g->root);
}

/* ---- accessors ---- */

static hl_status view_bytes(const hl_gltf *g, double index, const unsigned char **data,
                            size_t *bytes, size_t *stride)
{
    const hl_json *view;
    size_t offset, buffer;
    HL_TRY(hl_gltf_item(g, "bufferViews", index, &view));
    HL_TRY(size_of(g, view, "buffer", -1, &buffer));
    HL_TRY(size_of(g, view, "byteOffset", 0, &offset));
    HL_TRY(size_of(g, view, "byteLength", -1, bytes));
    HL_TRY(size_of(g, view, "byteStride", 0, stride));
    if (buffer >= (size_t)g->buffer_count || offset > g->buffer_bytes[buffer] ||
        *bytes > g->buffer_bytes[buffer] - offset)
        return hl_fail(HL_E_FORMAT, "%s: bufferViews[%g]: bytes %zu + %zu do not lie in buffer %zu",
                       g->name, index, offset, *bytes, buffer);
    *data = g->buffers[buffer] + offset;
    return HL_OK;
}

static size_t type_bytes(int type)
{
    switch (type) {
    case 5120:
    case 5121:
        return 1;
    case 5122:
    case 5123:
        return 2;
    case 5125:
    case 5126:
        return 4;
    default:
        return 0;
    }
}

static int32_t components_of(const char *kind)
{
    if (!strcmp(kind, "SCALAR"))
        return 1;
    return !strncmp(kind, "VEC", 3) && kind[3] >= '2' && kind[3] <= '4' && !kind[4] ? kind[3] - '0'
                                                                                    : 0;
}

hl_status hl_gltf_accessor_open(const hl_gltf *g, double index, hl_gltf_accessor *accessor)
{
    const hl_json *a;
    HL_TRY(hl_gltf_item(g, "accessors", index, &a));
    size_t count, offset, bytes, stride;
    HL_TRY(size_of(g, a, "count", -1, &count));
    HL_TRY(size_of(g, a, "byteOffset", 0, &offset));
    const double type = hl_json_number(a, "componentType", 0);
    hl_gltf_accessor made = {
        .components = components_of(hl_json_text(a, "type", "")),
        .type = type >= 5120 && type <= 5126 ? (int)type : 0,
        .normalized = hl_json_bool(a, "normalized", false),
    };
    const size_t item = type_bytes(made.type) * (size_t)made.components;
    if (!item || hl_json_find(a, "sparse") || count > 3 * (size_t)HL_MESH_COUNT_MAX)
        return hl_fail(HL_E_FORMAT,
                       "%s: accessors[%g]: %s of component type %g is not supported here", g->name,
                       index, hl_json_find(a, "sparse") ? "sparse data" : "data", type);
    HL_TRY(view_bytes(g, hl_gltf_index(a, "bufferView"), &made.data, &bytes, &stride));
    made.stride = stride ? stride : item;
    if (made.stride < item || offset > bytes ||
        (count && (bytes - offset < item || (bytes - offset - item) / made.stride < count - 1)))
        return hl_fail(HL_E_FORMAT,
                       "%s: accessors[%g]: %zu elements of %zu bytes do not fit its %zu bytes",
                       g->name, index, count, item, bytes);
    made.data += offset;
    made.count = (int32_t)count;
    *accessor = made;
    return HL_OK;
}

static float component(const hl_gltf_accessor *a, const unsigned char *p)
{
    switch (a->type) {
    case 5120:
        return a->normalized ? fmaxf((float)(int8_t)p[0] / 127.0f, -1.0f) : (float)(int8_t)p[0];
    case 5121:
        return a->normalized ? (float)p[0] / 255.0f : (float)p[0];
    case 5122:
        return a->normalized ? fmaxf((float)(int16_t)hl_le16(p) / 32767.0f, -1.0f)
                             : (float)(int16_t)hl_le16(p);
    case 5123:
        return a->normalized ? (float)hl_le16(p) / 65535.0f : (float)hl_le16(p);
    case 5125:
        return (float)hl_le32(p);
    default:
        return hl_le_f32(p);
    }
}

void hl_gltf_accessor_floats(const hl_gltf_accessor *accessor, int32_t i, float *values)
{
    const unsigned char *p = accessor->data + (size_t)i * accessor->stride;
    const size_t bytes = type_bytes(accessor->type);
    for (size_t k = 0; k < (size_t)accessor->components; k++)
        values[k] = component(accessor, p + k * bytes);
}

uint32_t hl_gltf_accessor_index(const hl_gltf_accessor *accessor, int32_t i)
{
    const unsigned char *p = accessor->data + (size_t)i * accessor->stride;
    return accessor->type == 5121 ? p[0] : accessor->type == 5123 ? hl_le16(p) : hl_le32(p);
}

/* ---- pictures ---- */

static hl_status decode(const hl_picture_bytes *in, hl_image8 *picture)
{
    if (in->size >= 2 && in->bytes[0] == 0xff && in->bytes[1] == 0xd8)
        return hl_jpeg_decode(in, 0, picture);
    return hl_stb_decode(in, picture);
}

/* Grey becomes three equal channels. */
static hl_status widen(hl_image8 *picture)
{
    if (picture->channels >= 3)
        return HL_OK;
    hl_image8 wide = {0};
    hl_status s = hl_image8_create(&wide, picture->width, picture->height, 3);
    const size_t pixels = (size_t)picture->width * (size_t)picture->height;
    const size_t from = (size_t)picture->channels;
    for (size_t i = 0; s == HL_OK && i < pixels; i++)
        memset(wide.data + 3 * i, picture->data[from * i], 3);
    hl_image8_release(picture);
    if (s == HL_OK)
        *picture = wide;
    return s;
}

hl_status hl_gltf_picture(const hl_gltf *g, double index, hl_image8 *picture)
{
    const hl_json *texture, *image;
    HL_TRY(hl_gltf_item(g, "textures", index, &texture));
    HL_TRY(hl_gltf_item(g, "images", hl_gltf_index(texture, "source"), &image));
    const char *uri = hl_json_text(image, "uri", NULL);
    hl_picture_bytes in = {.name = g->name};
    hl_file_map map = {0};
    char path[4096];
    size_t stride;
    if (uri) {
        HL_TRY(path_beside(g, uri, path, sizeof path));
        HL_TRY(hl_file_map_open(&map, path));
        in = (hl_picture_bytes){path, map.bytes, map.size};
    } else {
        HL_TRY(view_bytes(g, hl_gltf_index(image, "bufferView"), &in.bytes, &in.size, &stride));
    }
    hl_image8 made = {0};
    hl_status s = decode(&in, &made);
    if (map.bytes)
        hl_file_map_close(&map);
    if (s == HL_OK)
        s = widen(&made);
    if (s == HL_OK)
        *picture = made;
    return s;
}
