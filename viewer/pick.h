/* SPDX-License-Identifier: MIT */
/* viewer/pick.h -- what lies under one pixel, by the formulas of the rasterizer for that pixel
 * alone: which splat, how deep, where.  Any thread; spreads over the pool of core/parallel.h.
 */
#ifndef HL_VIEWER_PICK_H
#define HL_VIEWER_PICK_H

#include "raster/raster.h"

typedef struct hl_pick {
    int32_t splat;      /* with the largest share of the pixel, -1: none                        */
    float weight;       /* its share, 0..1                                                      */
    float alpha;        /* coverage of the pixel                                                */
    float depth;        /* expected, along z: sum of w z / alpha; 0 where nothing is            */
    float median;       /* z at which half of the light is gone; 0 where that never happens     */
    double position[3]; /* world: on the pixel's ray at the median depth, else the expected one */
} hl_pick;

/* x, y: pixels, centres at +0.5.  HL_E_MEMORY. */
hl_status hl_pick_at(const hl_splats *splats, const hl_raster_view *view, bool antialiased,
                     double x, double y, hl_pick *out);

#endif /* HL_VIEWER_PICK_H */
