/* SPDX-License-Identifier: MIT */
#include "core/mesh_io.h"

#include "core/io/mesh_formats.h"
#include "core/memory.h"

#include <stdio.h>
#include <string.h>

void hl_mesh_textures_release(hl_mesh_textures *textures)
{
    hl_image8_release(&textures->base_color);
    hl_image8_release(&textures->metal_roughness);
}

/* ---- writing ---- */

static bool has_textures(const hl_mesh_textures *textures)
{
    return textures && (textures->base_color.width || textures->metal_roughness.width);
}

/* PATH without its extension, then `suffix`; the caller frees it. */
static char *name_beside(const char *path, const char *suffix)
{
    const size_t stem = strlen(path) - 4, bytes = stem + strlen(suffix) + 1;
    char *name = hl_alloc(bytes, 1);
    if (name)
        snprintf(name, bytes, "%.*s%s", (int)stem, path, suffix);
    return name;
}

static hl_status save_picture(const hl_image8 *picture, const char *path, const char *suffix)
{
    if (!picture->width)
        return HL_OK;
    char *name = name_beside(path, suffix);
    const hl_status s = name ? hl_image8_save(picture, name) : HL_E_MEMORY;
    hl_free(name);
    return s;
}

/* Pictures and NAME.mtl first, so that the .obj never names what is not there. */
static hl_status save_obj_material(const hl_mesh_textures *textures, const char *path)
{
    HL_TRY(save_picture(&textures->base_color, path, "_color.png"));
    HL_TRY(save_picture(&textures->metal_roughness, path, "_metal_roughness.png"));
    char *name = name_beside(path, ".mtl");
    if (!name)
        return HL_E_MEMORY;
    hl_file_writer writer;
    hl_status s = hl_file_writer_open(&writer, name);
    hl_free(name);
    HL_TRY(s);
    const char *stem = hl_path_name(path);
    const int length = (int)strlen(stem) - 4;
    fprintf(writer.stream, "newmtl scene\nKd 1 1 1\n");
    if (textures->base_color.width)
        fprintf(writer.stream, "map_Kd %.*s_color.png\n", length, stem);
    if (textures->metal_roughness.width)
        fprintf(writer.stream, "# green: roughness, blue: metal\nmap_Pr %.*s_metal_roughness.png\n",
                length, stem);
    s = hl_file_writer_commit(&writer);
    return s;
}

static hl_status save_obj(const hl_mesh *mesh, const hl_mesh_textures *textures, const char *path,
                          hl_file_writer *writer)
{
    if (!has_textures(textures)) {
        hl_obj_write_mesh(mesh, NULL, writer);
        return HL_OK;
    }
    HL_TRY(save_obj_material(textures, path));
    char *material = name_beside(path, ".mtl");
    if (!material)
        return HL_E_MEMORY;
    hl_obj_write_mesh(mesh, hl_path_name(material), writer);
    hl_free(material);
    return HL_OK;
}

hl_status hl_mesh_save(const hl_mesh *mesh, const hl_mesh_textures *textures, const float up[3],
                       const char *path)
{
    const bool glb = hl_path_has_extension(path, "glb"), ply = hl_path_has_extension(path, "ply");
    if (!glb && !ply && !hl_path_has_extension(path, "obj"))
        return hl_fail(HL_E_ARG, "%s: a mesh is written as .glb, .ply or .obj", path);
    if (has_textures(textures) && !mesh->uv)
        return hl_fail(HL_E_ARG, "%s: textures on a mesh without texture coordinates", path);
    hl_status s = hl_mesh_validate(mesh);
    if (s != HL_OK)
        return hl_fail_context(s, "%s", path);
    hl_file_writer writer;
    HL_TRY(hl_file_writer_open(&writer, path));
    if (glb)
        s = hl_glb_write_mesh(mesh, has_textures(textures) ? textures : NULL, up, &writer);
    else if (ply)
        hl_ply_write_mesh(mesh, &writer);
    else
        s = save_obj(mesh, textures, path, &writer);
    if (s == HL_OK)
        s = hl_file_writer_commit(&writer);
    else
        hl_file_writer_abort(&writer);
    return s;
}

/* ---- reading ---- */

static bool starts_with(const hl_mesh_source *source, const char *text)
{
    const size_t n = strlen(text);
    return source->size >= n && !memcmp(source->bytes, text, n);
}

/* First byte that is not white space, 0 without one. */
static unsigned char first_byte(const hl_mesh_source *source)
{
    for (size_t i = 0; i < source->size; i++)
        if (!strchr(" \t\r\n", source->bytes[i]) || !source->bytes[i])
            return source->bytes[i];
    return 0;
}

static hl_status read_by_content(const hl_mesh_source *source, hl_mesh *mesh,
                                 hl_mesh_textures *textures)
{
    if (starts_with(source, "glTF") || first_byte(source) == '{')
        return hl_gltf_read_mesh(source, mesh, textures);
    if (starts_with(source, "ply"))
        return hl_ply_read_mesh(source, mesh);
    if (hl_path_has_extension(source->name, "obj"))
        return hl_obj_read_mesh(source, mesh);
    return hl_fail(HL_E_FORMAT, "%s: not a mesh: expected GLB, glTF, PLY or a file named .obj",
                   source->name);
}

hl_status hl_mesh_load(hl_mesh *mesh, hl_mesh_textures *textures, const char *path)
{
    hl_file_map map;
    HL_TRY(hl_file_map_open(&map, path));
    const hl_mesh_source source = {path, map.bytes, map.size};
    hl_mesh made = {0};
    hl_mesh_textures pictures = {0};
    hl_status s = read_by_content(&source, &made, textures ? &pictures : NULL);
    hl_file_map_close(&map);
    if (s == HL_OK && !made.triangle_count)
        s = hl_fail(HL_E_FORMAT, "%s: holds no triangles", path);
    if (s == HL_OK) {
        s = hl_mesh_validate(&made);
        if (s != HL_OK)
            s = hl_fail_context(s, "%s", path);
    }
    if (s != HL_OK) {
        hl_mesh_release(&made);
        hl_mesh_textures_release(&pictures);
        return s;
    }
    *mesh = made;
    if (textures)
        *textures = pictures;
    return HL_OK;
}
