/* SPDX-License-Identifier: MIT */
/* raster/view_point.h -- between places of the world and of a picture.  Positions in the picture
 * count pixels from the top left corner, the first one's centre at 0.5; z runs along the axis. */
#ifndef HL_RASTER_VIEW_POINT_H
#define HL_RASTER_VIEW_POINT_H

#include "core/se3.h"
#include "raster/raster.h"

/* False where x lies no farther than `nearest` along the axis; `at` is then not set. */
static inline bool hl_view_project(const hl_raster_view *v, const float x[3], float nearest,
                                   float at[2])
{
    float c[3];
    hl_se3_apply(v->r, v->t, x, c);
    if (!(c[2] > nearest))
        return false;
    at[0] = v->fx * c[0] / c[2] + v->cx;
    at[1] = v->fy * c[1] / c[2] + v->cy;
    return true;
}

static inline void hl_view_unproject(const hl_raster_view *v, float px, float py, float z,
                                     float x[3])
{
    const float c[3] = {(px - v->cx) / v->fx * z - v->t[0], (py - v->cy) / v->fy * z - v->t[1],
                        z - v->t[2]};
    hl_mul3_t(v->r, c, x);
}

#endif /* HL_RASTER_VIEW_POINT_H */
