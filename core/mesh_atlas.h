/* SPDX-License-Identifier: MIT */
/* core/mesh_atlas.h -- texture coordinates for a mesh, and pictures over them.
 *
 * Charts grow over neighbouring triangles while their normals stay within a cone; each is laid
 * flat by projection along its mean normal, so a triangle loses at most 1 - cos(cone) of its
 * area; shelves of rectangles fill the square, with a gutter of empty texels around each.
 *
 *   mesh -> charts -> rectangles -> shelves -> uv -> texels -> gutter filled from the border
 *
 * The same mesh gives the same bytes.  Functions may run in several threads on different meshes.
 */
#ifndef HL_CORE_MESH_ATLAS_H
#define HL_CORE_MESH_ATLAS_H

#include "core/mesh_io.h"

#define HL_ATLAS_SIDE_MIN 64
#define HL_ATLAS_SIDE_MAX 8192

typedef struct hl_atlas_report {
    int32_t charts;
    double texels_per_unit; /* side of one scene unit in texels, the same everywhere */
    double filled;          /* share of the picture under triangles, 0..1           */
} hl_atlas_report;

/* *out is a copy of `mesh` with uv: vertices on seams are doubled, triangles keep their order,
 * every attribute is copied.
 *   side    of the square picture, texels, HL_ATLAS_SIDE_MIN .. HL_ATLAS_SIDE_MAX
 *   report  may be NULL
 * Errors: HL_E_ARG (side; more triangles than texels can hold), HL_E_FORMAT (mesh not valid),
 * HL_E_MEMORY. */
hl_status hl_mesh_unwrap(const hl_mesh *mesh, int32_t side, hl_mesh *out, hl_atlas_report *report);

/* What a texel shows.  albedo is linear. */
typedef struct hl_texel {
    float position[3], normal[3];      /* in: on the surface, interpolated; the normal is unit */
    float albedo[3], roughness, metal; /* in: of the vertices (1, 1, 0 where absent); out  */
} hl_texel;

/* Called for each texel under a triangle, from several threads; must depend on *texel alone. */
typedef void (*hl_texel_fn)(void *context, hl_texel *texel);

/* Pictures of side x side over mesh->uv.  shade NULL: vertex attributes interpolated.  Texels that
 * no triangle covers take the colour of the nearest one that is covered, up to `side` / 64 away.
 * Errors: HL_E_ARG (no uv, side), HL_E_MEMORY; *textures is then as it was. */
hl_status hl_mesh_bake(const hl_mesh *mesh, int32_t side, hl_texel_fn shade, void *context,
                       hl_mesh_textures *textures);

#endif /* HL_CORE_MESH_ATLAS_H */
