/* SPDX-License-Identifier: MIT */
/* raster/mesh_view.h -- a mesh as a view of the rasterizer sees it: depth, normal, depth window.
 *
 * One ray per pixel through its centre (core/bvh.h).  The same bytes for any thread count.
 */
#ifndef HL_RASTER_MESH_VIEW_H
#define HL_RASTER_MESH_VIEW_H

#include "core/bvh.h"
#include "raster/raster.h"

/* Through the centre of pixel i = y width + x, world frame.  Its direction advances 1 along the
 * viewing axis, so that t is the depth of a hit. */
void hl_mesh_view_ray(const hl_raster_view *view, int32_t i, hl_ray *ray);

/* The vertex normals at a hit, unit; 0 where they cancel each other. */
void hl_mesh_view_normal(const hl_mesh *mesh, const hl_hit *hit, float n[3]);

/* A unit normal that leans away from o (unit, towards the eye), as shading normals may, is turned
 * until its cosine with o is a little above 0. */
void hl_mesh_view_face(float n[3], const float o[3]);

/* Where to write; any may be NULL. */
typedef struct hl_mesh_view_maps {
    float *depth;  /* (height, width) along z, 0: no mesh                                  */
    float *normal; /* (height, width, 3) unit, world, on the side of the eye; 0: no mesh   */
    float *window; /* (2, height, width) depth -+ reach; all depths where there is no mesh */
    float reach;
} hl_mesh_view_maps;

/* bvh: of `mesh`, which has normals where maps->normal is asked for. */
void hl_mesh_view_draw(const hl_mesh *mesh, const hl_bvh *bvh, const hl_raster_view *view,
                       const hl_mesh_view_maps *maps);

#endif /* HL_RASTER_MESH_VIEW_H */
