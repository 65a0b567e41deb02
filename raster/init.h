/* SPDX-License-Identifier: MIT */
/* raster/init.h -- the splats that training starts from.
 *
 * One splat per point: isotropic, its size the root mean squared distance to the three nearest
 * points, half-transparent, coloured like the point.  More points than `limit` are first averaged
 * within voxels.  The result is in Z-order.  Same bytes for any thread count.
 *
 * Source: Kerbl et al. 2023, section 5.1.
 */
#ifndef HL_RASTER_INIT_H
#define HL_RASTER_INIT_H

#include "core/splats.h"
#include "raster/raster.h"

typedef struct hl_init_options {
    int32_t limit;      /* splats at most, 1 .. capacity                                      */
    float extent;       /* of the scene (hl_init_extent): sizes are clamped to 1e-4 .. 0.1 of it */
    float opacity;      /* (0, 1)                                                             */
    float scale_factor; /* on the size: 1; 0.1 in the MCMC recipe                             */
} hl_init_options;

/* 1.1 x the largest distance of a camera centre from their mean (center (3), may be NULL);
 * 1 where all centres agree. */
float hl_init_extent(const hl_raster_view *views, int32_t count, float *center);

/* Fills *splats (degree 0) from points (count, 3) and colours (count, 3; sRGB; NULL: grey).
 * Non-finite points are left out.  Errors: HL_E_ARG (no usable point, limit), HL_E_MEMORY. */
hl_status hl_init_from_points(hl_splats *splats, const float *points, const uint8_t *colors,
                              int32_t count, const hl_init_options *options);

/* Random points and colours for a capture without any: uniform in a cube of half side
 * 1.5 `extent` around `center`.  points (count, 3) and colors (count, 3): out. */
void hl_init_random_points(float *points, uint8_t *colors, int32_t count, const float center[3],
                           float extent, uint64_t seed);

#endif /* HL_RASTER_INIT_H */
