/* SPDX-License-Identifier: MIT */
/* viewer/tier_place.h -- splats over the mesh that stands in for them, on the processor: what
 * pass_place.c and the near shaders do on a device, by the rule of relight/surfaces.h.
 */
#ifndef HL_VIEWER_TIER_PLACE_H
#define HL_VIEWER_TIER_PLACE_H

#include "raster/raster.h"
#include "relight/hybrid.h"
#include "viewer/light_cpu.h"

#define HL_PLACE_WINDOW 3.0f /* in mean edges: `window` of relight/fit.h           */
#define HL_PLACE_LIFT   0.1f /* of a mean edge: shadows are looked for so far off  */

/* Splats near a mesh in one pixel, premultiplied. */
typedef struct hl_tier_near {
    float albedo[3], roughness, metal, alpha;
} hl_tier_near;

typedef struct hl_tier_place {
    hl_hit *hits;       /* (height, width) of the stand-in, where nothing that is seen hides it */
    hl_tier_near *near; /* (height, width)                                                      */
    float *window;      /* (2, height, width) depths of the splats that count                   */
    size_t count;       /* of pixels that there is room for                                     */
} hl_tier_place;

void hl_tier_place_release(hl_tier_place *place);

/* Where the view meets `bvh`, and the window of `reach` around that.  solid (height, width): what
 * is seen of another mesh, or NULL.  HL_E_MEMORY. */
hl_status hl_tier_place_trace(hl_tier_place *place, const hl_bvh *bvh, const hl_raster_view *view,
                              float reach, const hl_hit *solid);

/* Keeps what was drawn through the window: materials are the first features. */
void hl_tier_place_keep(hl_tier_place *place, const hl_raster_frame *frame);

/* Moves a point of pixel i, which splats cover so far, to the mesh, with the material of the splats
 * near it; solid: another mesh is seen somewhere.  False, and nothing is moved, where the mesh is
 * missed. */
bool hl_tier_place_settle(const hl_tier_place *place, const hl_mesh *mesh, size_t i,
                          const hl_ray *ray, float coverage, bool solid, hl_lit_point *point);

#endif /* HL_VIEWER_TIER_PLACE_H */
