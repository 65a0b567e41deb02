/* SPDX-License-Identifier: MIT */
/* relight/depth_mesh.h -- a mesh that answers rays, straight from depth pictures.
 *
 * Pixels become vertices, four neighbours two triangles, unless they lie on different surfaces.
 * View after view adds only what the mesh so far does not cover: a ray through each pixel tells.
 * For exact depth (ground truth, a mesh seen by a rasterizer); noisy depth wants fusing first.
 */
#ifndef HL_RELIGHT_DEPTH_MESH_H
#define HL_RELIGHT_DEPTH_MESH_H

#include "core/mesh.h"
#include "raster/raster.h"

/* Pictures of one view, row by row; borrowed. */
typedef struct hl_depth_view {
    hl_raster_view view;
    const float *depth;  /* (n) along z; not in 0 < d < 1e6: nothing there */
    const float *normal; /* (n, 3) unit, world                             */
    const float *albedo; /* (n, 3) linear                                  */
    const float *roughness;
    const float *metal;
} hl_depth_view;

/* World position of pixel (x, y)'s centre at `depth`. */
void hl_depth_point(const hl_raster_view *view, int32_t x, int32_t y, float depth, float out[3]);

/* All attributes but uv; normals are those of the pictures.  HL_E_FORMAT where no pixel of any
 * view has depth, HL_E_MEMORY.  Released by hl_mesh_release. */
hl_status hl_depth_mesh(hl_mesh *mesh, const hl_depth_view *views, int32_t count);

#endif /* HL_RELIGHT_DEPTH_MESH_H */
