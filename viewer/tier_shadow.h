/* SPDX-License-Identifier: MIT */
/* viewer/tier_shadow.h -- shadows of splats on the processor: what of the scene each lamp sees, by
 * the rasterizer, as depth and as the light that goes on behind it.  Drawn anew when lamps or
 * splats have changed.
 */
#ifndef HL_VIEWER_TIER_SHADOW_H
#define HL_VIEWER_TIER_SHADOW_H

#include "raster/raster.h"
#include "viewer/renderer.h"

enum { HL_TIER_MAPS = 6 * HL_LOOK_LIGHTS };

#define HL_LAYER_PART 0.5f  /* thickness of splats' surfaces, in sizes of the median splat */
#define HL_LAYER_MOST 0.02f /* of the scene's radius                                       */

typedef struct hl_tier_texel {
    float depth; /* along the map's axis; 1e30: nothing is there  */
    float open;  /* light that is left behind it                  */
} hl_tier_texel;

typedef struct hl_tier_shadow {
    hl_tier_texel *texels; /* (count, side, side), owned                             */
    size_t room;
    int32_t count, side;
    hl_raster_view views[HL_TIER_MAPS];
    int32_t first[HL_LOOK_LIGHTS]; /* map of a light: one for a sun, else six              */
    float thickness;               /* of what casts: surfaces are lifted by it             */
    bool fresh;                    /* drawn for what follows                               */
    float splat_scale;
    int32_t light_count;
    hl_light lights[HL_LOOK_LIGHTS];
} hl_tier_shadow;

void hl_tier_shadow_release(hl_tier_shadow *shadow);

/* splats: as they are drawn.  Uses the frame of the rasterizer.  HL_E_MEMORY, and those of
 * hl_raster_forward. */
hl_status hl_tier_shadow_fill(hl_tier_shadow *shadow, hl_raster *raster, const hl_splats *splats,
                              const hl_look *look);

/* Part of the light number i that reaches x past the splats; n: unit normal of the surface there.
 * Read through 3 x 3 texels with bilinear weights, as shaders/shadow.glsl. */
float hl_tier_shadow_open(const hl_tier_shadow *shadow, int32_t i, const float x[3],
                          const float n[3]);

#endif /* HL_VIEWER_TIER_SHADOW_H */
