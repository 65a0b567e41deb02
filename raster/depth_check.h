/* SPDX-License-Identifier: MIT */
/* raster/depth_check.h -- depth that a second view contradicts.
 *
 * A pixel goes to its place in the scene, from there into the second view, to the depth which that
 * view has there, and back; it fails where it does not come back to where it started.
 * The same bytes for any thread count; no allocation.
 *
 * Source: Chen et al. 2024 (PGSR), section 3.3.
 */
#ifndef HL_RASTER_DEPTH_CHECK_H
#define HL_RASTER_DEPTH_CHECK_H

#include "core/image.h"
#include "raster/raster.h"

/* How far pixel (x, y) of `a`, at z along its axis, comes back from its start, in pixels.  Negative
 * where `b` cannot tell: behind it, outside its picture, or no depth there.
 *   depth  of b, (height, width) along z; <= 0 or not finite: nothing seen */
float hl_depth_check_pixel(const hl_raster_view *a, int32_t x, int32_t y, float z,
                           const hl_raster_view *b, const hl_image *depth);

/* Sets to 0 what fails by more than `most` pixels; what `b` cannot tell stays.
 *   depth_a  (height, width) of a, changed; each depth map has the size of its view
 *   returns  pixels that were dropped */
int32_t hl_depth_check(const hl_raster_view *a, hl_image *depth_a, const hl_raster_view *b,
                       const hl_image *depth_b, float most);

#endif /* HL_RASTER_DEPTH_CHECK_H */
