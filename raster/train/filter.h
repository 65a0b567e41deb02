/* SPDX-License-Identifier: MIT */
/* raster/train/filter.h -- the 3D smoothing filter of one splat (Yu et al. 2024, Mip-Splatting,
 * section 4.1): sqrt(0.1) x the smallest depth / focal length over the views that see it.
 *
 * HD: the CPU computes it by this text, the GPU's kernels too.
 */
#ifndef HL_RASTER_TRAIN_FILTER_H
#define HL_RASTER_TRAIN_FILTER_H

#include "core/vec.h"
#include "raster/constants.h"
#include "raster/raster.h"

#define HL_FILTER_VARIANCE 0.1f  /* px^2 */
#define HL_FILTER_NOWHERE  3e38f /* footprint where a view does not see the splat */

/* Depth / focal length where the view sees x, else HL_FILTER_NOWHERE. */
HL_HD float hl_filter_footprint(const hl_raster_view *v, const float x[3], int inside_only)
{
    float c[3];
    for (int i = 0; i < 3; i++)
        c[i] = v->r[3 * i] * x[0] + v->r[3 * i + 1] * x[1] + v->r[3 * i + 2] * x[2];
    const float z = c[2] + v->t[2];
    if (!(z > (float)HL_NEAR))
        return HL_FILTER_NOWHERE;
    const float px = v->fx * (c[0] + v->t[0]) / z + v->cx;
    const float py = v->fy * (c[1] + v->t[1]) / z + v->cy;
    const float w = (float)v->width, h = (float)v->height, m = (float)HL_CLAMP_MARGIN;
    if (inside_only && !(px >= -m * w && px <= (1 + m) * w && py >= -m * h && py <= (1 + m) * h))
        return HL_FILTER_NOWHERE;
    return z / (v->fx > v->fy ? v->fx : v->fy);
}

/* Standard deviation of the filter for pictures `factor` times smaller; 0 where no view has the
 * splat in front of it. */
HL_HD float hl_filter_of(const hl_raster_view *views, int32_t count, const float x[3], float factor)
{
    float least = HL_FILTER_NOWHERE;
    for (int inside = 1; inside >= 0 && !(least < HL_FILTER_NOWHERE); inside--)
        for (int32_t k = 0; k < count; k++) {
            const float one = hl_filter_footprint(&views[k], x, inside);
            least = one < least ? one : least;
        }
    return least < HL_FILTER_NOWHERE ? sqrtf(HL_FILTER_VARIANCE) * least * factor : 0;
}

#endif /* HL_RASTER_TRAIN_FILTER_H */
