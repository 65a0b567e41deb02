/* SPDX-License-Identifier: MIT */
/* raster/spatial.h -- order and neighbourhood of points in space.
 *
 * Points that are near in space should be near in memory (culling by clusters, sparse Adam);
 * Z-order (Morton 1966) does that.  Neighbours come from a k-d tree (Bentley 1975).
 * All results are the same for any thread count.
 */
#ifndef HL_RASTER_SPATIAL_H
#define HL_RASTER_SPATIAL_H

#include "core/status.h"
#include "raster/morton.h"

#include <stdint.h>

/* Interleaves three 21-bit numbers; x takes the lowest bit. */
uint64_t hl_morton_code(uint32_t x, uint32_t y, uint32_t z);

/* keys (count): Z-order codes of the points within their own bounding cube.
 *   points  (count, 3); non-finite points take the last code */
void hl_morton_keys(uint64_t *keys, const float *points, int32_t count);

/* order (count): the permutation that sorts keys upwards, equal ones by index.  keys is sorted
 * too.  Errors: HL_E_MEMORY. */
hl_status hl_morton_sort(int32_t *order, uint64_t *keys, int32_t count);

/* rms (count): root of the mean squared distance to the three nearest other points (fewer where
 * there are fewer; 0 for a single point).  points (count, 3), finite.  Errors: HL_E_MEMORY. */
hl_status hl_spatial_rms3(float *rms, const float *points, int32_t count);

#endif /* HL_RASTER_SPATIAL_H */
