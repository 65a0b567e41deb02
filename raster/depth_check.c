/* SPDX-License-Identifier: MIT */
#include "raster/depth_check.h"

#include <math.h>

/* Place in the world of picture position (px, py) at depth z. */
static void lift(const hl_raster_view *v, float px, float py, float z, float out[3])
{
    const float c[3] = {(px - v->cx) / v->fx * z - v->t[0], (py - v->cy) / v->fy * z - v->t[1],
                        z - v->t[2]};
    for (int k = 0; k < 3; k++)
        out[k] = v->r[k] * c[0] + v->r[3 + k] * c[1] + v->r[6 + k] * c[2];
}

/* Picture position of a place in the world; false behind the eye. */
static bool drop(const hl_raster_view *v, const float p[3], float at[2])
{
    float c[3];
    for (int k = 0; k < 3; k++)
        c[k] = v->r[3 * k] * p[0] + v->r[3 * k + 1] * p[1] + v->r[3 * k + 2] * p[2] + v->t[k];
    if (!(c[2] > 0))
        return false;
    at[0] = v->fx * c[0] / c[2] + v->cx;
    at[1] = v->fy * c[1] / c[2] + v->cy;
    return true;
}

float hl_depth_check_pixel(const hl_raster_view *a, int32_t x, int32_t y, float z,
                           const hl_raster_view *b, const hl_image *depth)
{
    const float px = (float)x + 0.5f, py = (float)y + 0.5f;
    float world[3], at[2], back[2];
    lift(a, px, py, z, world);
    if (!drop(b, world, at) || !(at[0] >= 0 && at[0] < (float)depth->width) ||
        !(at[1] >= 0 && at[1] < (float)depth->height))
        return -1;
    const size_t i = (size_t)at[1] * (size_t)depth->width + (size_t)at[0];
    const float seen = depth->data[i];
    if (!(seen > 0 && isfinite(seen)))
        return -1;
    lift(b, at[0], at[1], seen, world);
    if (!drop(a, world, back))
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
