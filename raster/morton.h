/* SPDX-License-Identifier: MIT */
/* raster/morton.h -- the Z-order code of a point (Morton 1966).  HD. */
#ifndef HL_RASTER_MORTON_H
#define HL_RASTER_MORTON_H

#include "core/hd.h"

#include <stdint.h>

#define HL_MORTON_BITS 21                /* per axis                            */
#define HL_MORTON_LAST (UINT64_MAX >> 1) /* of what has no place: sorts last    */

/* Two zero bits after each of the lowest 21. */
HL_HD uint64_t hl_morton_spread(uint64_t x)
{
    x &= 0x1fffff;
    x = (x | x << 32) & 0x001f00000000ffffu;
    x = (x | x << 16) & 0x001f0000ff0000ffu;
    x = (x | x << 8) & 0x100f00f00f00f00fu;
    x = (x | x << 4) & 0x10c30c30c30c30c3u;
    x = (x | x << 2) & 0x1249249249249249u;
    return x;
}

/* Cell of coordinate x >= lo along one axis. */
HL_HD uint32_t hl_morton_cell(float x, float lo, double cells_per_unit)
{
    const double last = (double)((1u << HL_MORTON_BITS) - 1);
    const double c = ((double)x - (double)lo) * cells_per_unit;
    return (uint32_t)(c < last ? c : last);
}

/* Cells per unit of length for a cube of this side. */
HL_HD double hl_morton_scale(double side)
{
    return side > 0 && side < 1e300 ? (double)(1u << HL_MORTON_BITS) / side : 0;
}

#endif /* HL_RASTER_MORTON_H */
