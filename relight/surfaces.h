/* SPDX-License-Identifier: MIT */
/* relight/surfaces.h -- what a view sees, pixel by pixel, ready to be lit by relight/shade.h.
 *
 *   a mesh with materials        hl_surfaces_of_mesh
 *   splats over a mesh           hl_surfaces_of_splats: places and normals from the mesh, materials
 *                                and coverage blended from the splats within a window around it,
 *                                as helio relight --fit solved for them; from all splats where
 *                                the window holds less than half of the coverage; where the mesh
 *                                is missed, depth and normal of the splats
 *
 * Pixels are those of the view, row by row.  The same bytes for any thread count.
 */
#ifndef HL_RELIGHT_SURFACES_H
#define HL_RELIGHT_SURFACES_H

#include "core/image.h"
#include "raster/raster.h"
#include "relight/shade.h"

#define HL_ADMITTED_LEAST 0.5f /* share of the coverage that a window must admit */

typedef struct hl_surfaces {
    hl_image position; /* 3 channels, world            */
    hl_image normal;   /* 3, unit, world, facing the eye */
    hl_image albedo;   /* 3, linear                    */
    hl_image roughness, metal, alpha;
} hl_surfaces;

/* Zeroed maps of a size.  HL_E_MEMORY; *surfaces is then empty. */
hl_status hl_surfaces_create(hl_surfaces *surfaces, int32_t width, int32_t height);
void hl_surfaces_release(hl_surfaces *surfaces);

/* Points into the maps. */
hl_shade_input hl_surfaces_input(const hl_surfaces *surfaces, const hl_raster_view *view);

/* HL_E_MEMORY. */
hl_status hl_surfaces_of_mesh(hl_surfaces *surfaces, const hl_light_scene *scene,
                              const hl_raster_view *view);

/* Borrowed. */
typedef struct hl_splat_surfaces {
    hl_raster *raster;
    const hl_splats *splats;
    const float *materials; /* (count, HL_GBUFFER_CHANNELS)                              */
    const hl_mesh *mesh;    /* with normals                                              */
    const hl_bvh *bvh;      /* over it                                                   */
    float window;           /* length: splats count this near the mesh; 0: all of them   */
    bool on_mesh;           /* nothing is there where the mesh is missed                 */
    bool loose;             /* places and normals of the splats, though the mesh is hit  */
} hl_splat_surfaces;

/* Errors: those of hl_raster_forward. */
hl_status hl_surfaces_of_splats(hl_surfaces *surfaces, const hl_splat_surfaces *from,
                                const hl_raster_view *view);

#endif /* HL_RELIGHT_SURFACES_H */
