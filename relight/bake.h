/* SPDX-License-Identifier: MIT */
/* relight/bake.h -- light and materials made part of a scene, for programs that know neither.
 *
 *   hl_bake_light      the pictures of views that were lit become the colours of the splats: the
 *                      colours whose blending comes nearest to the pictures (SIRT: Gilbert 1972)
 *   hl_bake_materials  the materials that views see become textures of a mesh: the mean of those
 *                      views that see a texel, weighted by the cosine they see it under
 *
 * The same bytes for any thread count.
 */
#ifndef HL_RELIGHT_BAKE_H
#define HL_RELIGHT_BAKE_H

#include "core/mesh_io.h"
#include "relight/surfaces.h"

/* A view with its picture of 4 channels: linear, straight alpha (hl_shade_compose). */
typedef struct hl_bake_picture {
    hl_raster_view view;
    hl_image image;
} hl_bake_picture;

/* splats: their SH become those of degree 0; splats that no view sees become grey.
 *   rounds  1: the mean of the pixels a splat is blended into; each more sharpens; 1..100
 * Errors: HL_E_ARG, HL_E_MEMORY, those of hl_raster_forward. */
hl_status hl_bake_light(hl_raster *raster, hl_splats *splats, const hl_bake_picture *pictures,
                        int32_t count, int32_t rounds);

typedef struct hl_bake_surface {
    hl_raster_view view;
    hl_surfaces surfaces;
} hl_bake_surface;

/* mesh: with uv.  reach: length within which a pixel and a texel are the same place.  Texels that
 * no view sees keep the materials of the vertices.  Errors: those of hl_mesh_bake. */
hl_status hl_bake_materials(const hl_mesh *mesh, const hl_bake_surface *views, int32_t count,
                            float reach, int32_t side, hl_mesh_textures *textures);

#endif /* HL_RELIGHT_BAKE_H */
