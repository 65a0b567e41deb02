/* SPDX-License-Identifier: MIT */
/* core/mesh_io.h -- triangle meshes in files: GLB and glTF, PLY, OBJ.
 *
 *   .glb   geometry, vertex colours and PBR textures in one file (glTF 2.0)
 *   .gltf  read only: the same with buffers and pictures in files beside it
 *   .ply   geometry and vertex colours (8-bit sRGB)
 *   .obj   geometry and vertex colours; with textures also NAME.mtl and pictures beside it
 *
 * Coordinates are those of the scene.  GLB says which way is up by a rotation of its node
 * "helio_world"; that rotation is not applied when such a file is read here again, so that a mesh
 * comes back where its splats are.  Rotations of other nodes are applied.
 *
 * Source: Khronos glTF 2.0 specification; G. Turk, "The PLY Polygon File Format"; Wavefront OBJ.
 */
#ifndef HL_CORE_MESH_IO_H
#define HL_CORE_MESH_IO_H

#include "core/image.h"
#include "core/mesh.h"

/* Pictures over mesh->uv; width 0: there is none. */
typedef struct hl_mesh_textures {
    hl_image8 base_color;      /* 3 channels, sRGB coded: albedo, for metal the specular colour */
    hl_image8 metal_roughness; /* 3 channels, linear: G perceptual roughness, B metal           */
} hl_mesh_textures;

void hl_mesh_textures_release(hl_mesh_textures *textures);

/* Writes by extension: glb, ply, obj.  Atomic.
 *   textures  NULL or with width 0: vertex attributes alone; need mesh->uv
 *   up        (3) direction of the scene that GLB viewers shall show upwards, or NULL: +y
 * Errors: HL_E_ARG (extension; textures without uv), HL_E_FORMAT (hl_mesh_validate), HL_E_IO,
 * HL_E_MEMORY. */
hl_status hl_mesh_save(const hl_mesh *mesh, const hl_mesh_textures *textures, const float up[3],
                       const char *path);

/* Reads by content.  All triangles of all nodes become one mesh; polygons become fans.  Vertex
 * materials are filled where the file says anything about them: factor x vertex colour x texture
 * at the vertex.  *textures (may be NULL) additionally gets the pictures where the whole file has
 * one material; what they hold then replaces the vertex values.
 * On success the caller releases both.  A mesh without triangles is an error.
 * Errors: HL_E_IO, HL_E_FORMAT, HL_E_MEMORY; the outputs are then as they were. */
hl_status hl_mesh_load(hl_mesh *mesh, hl_mesh_textures *textures, const char *path);

#endif /* HL_CORE_MESH_IO_H */
