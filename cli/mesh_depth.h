/* SPDX-License-Identifier: MIT */
/* cli/mesh_depth.h -- what one view of a trained scene says about the surface: depth and normals.
 *
 * Depth of a pixel is the mean over its splats (expected), that of the splat at which half the
 * light is stopped (median), or where the mean plane of flat splats meets its ray (planes,
 * raster/surface_depth.h).  Planes are smooth where colours change and the other two are not: a
 * splat is as large as the texture lets it be, and its centre lies anywhere in it.
 *
 * But splats are drawn in the order of their centres: of two that overlap the near one covers the
 * far one, so that what they show seems to lie before their planes, and training puts the planes
 * that much behind the surface, half a pixel or so whichever way it faces.  The mean of the
 * centres, over weights that the same order made, lacks that error.  So planes are shifted along
 * the normal by the median difference of the two over the picture, in pixels.
 */
#ifndef HL_CLI_MESH_DEPTH_H
#define HL_CLI_MESH_DEPTH_H

#include "cli/scene.h"

typedef enum mesh_depth_kind {
    MESH_DEPTH_AUTO, /* planes where most splats are flat, else expected */
    MESH_DEPTH_EXPECTED,
    MESH_DEPTH_MEDIAN,
    MESH_DEPTH_PLANES
} mesh_depth_kind;

/* Whether most splats are flat: the thinnest axis of others is no normal. */
bool hl_mesh_depth_flat(const hl_splats *splats);

const char *hl_mesh_depth_name(mesh_depth_kind kind);

/* Draws view `index` (*view, *frame: as hl_scene_view and hl_scene_render give them) and finds its
 * depth: (height, width), 0 where less than half the light is stopped or the photo's mask ignores
 * it; the caller releases it.
 *   kind   not MESH_DEPTH_AUTO
 *   sunk   out: how far planes lay behind, scene units, in the mean; 0 for other kinds */
hl_status hl_mesh_depth_of_view(hl_scene *scene, int32_t index, mesh_depth_kind kind,
                                hl_raster_view *view, hl_raster_frame *frame, hl_image *depth,
                                float *sunk);

#endif /* HL_CLI_MESH_DEPTH_H */
