/* SPDX-License-Identifier: MIT */
#include "raster/depth_check.h"

#include "raster/view_point.h"

#include <math.h>

float hl_depth_check_pixel(const hl_raster_view *a, int32_t x, int32_t y, float z,
                           const hl_raster_view *b, const hl_image *depth)
{
    const float px = (float)x + 0.5f, py = (float)y + 0.5f;
    float world[3], at[2], back[2];
    hl_view_unproject(a, px, py, z, world);
    if (!hl_view_project(b, world, 0, at) || !(at[0] >= 0 && at[0] < (float)depth->width) ||
        !(at[1] >= 0 && at[1] < (float)depth->height))
        return -1;
    const size_t i = (size_t)at[1] * (size_t)depth->width + (size_t)at[0];
    const float seen = depth->data[i];
    if (!(seen > 0 && isfinite(seen)))
        return -1;
    hl_view_unproject(b, at[0], at[1], seen, world);
    if (!hl_view_project(a, world, 0, back))
        return INFINITY;
    return hypotf(back[0] - px, back[1] - py);
}

int32_t hl_depth_check(const hl_raster_view *a, hl_image *depth_a, const hl_raster_view *b,
                       const hl_image *depth_b, float most)
{
    int32_t dropped = 0;
    for (int32_t y = 0; y < depth_a->height; y++)
        for (int32_t x = 0; x < depth_a->width; x++) {
            float *z = depth_a->data + (size_t)y * (size_t)depth_a->width + (size_t)x;
            if (*z > 0 && hl_depth_check_pixel(a, x, y, *z, b, depth_b) > most) {
                *z = 0;
                dropped++;
            }
        }
    return dropped;
}
