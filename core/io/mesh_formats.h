/* SPDX-License-Identifier: MIT */
/* core/io/mesh_formats.h -- one reader and one writer per mesh format.
 *
 * Readers get bytes of a known kind, compare counts with the size before they allocate, and leave
 * checking of values to core/mesh_io.c.  Writers write to an open file and do not commit.
 */
#ifndef HL_CORE_IO_MESH_FORMATS_H
#define HL_CORE_IO_MESH_FORMATS_H

#include "core/file.h"
#include "core/mesh_io.h"

typedef struct hl_mesh_source {
    const char *name;           /* path: for messages and for files beside it */
    const unsigned char *bytes; /* (size) */
    size_t size;
} hl_mesh_source;

hl_status hl_ply_read_mesh(const hl_mesh_source *source, hl_mesh *mesh);
hl_status hl_obj_read_mesh(const hl_mesh_source *source, hl_mesh *mesh);
/* .glb and .gltf; textures may be NULL. */
hl_status hl_gltf_read_mesh(const hl_mesh_source *source, hl_mesh *mesh,
                            hl_mesh_textures *textures);

void hl_ply_write_mesh(const hl_mesh *mesh, hl_file_writer *writer);
/* `material`: name of the .mtl file beside it, or NULL. */
void hl_obj_write_mesh(const hl_mesh *mesh, const char *material, hl_file_writer *writer);
hl_status hl_glb_write_mesh(const hl_mesh *mesh, const hl_mesh_textures *textures,
                            const float up[3], hl_file_writer *writer);

#endif /* HL_CORE_IO_MESH_FORMATS_H */
