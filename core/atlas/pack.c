/* SPDX-License-Identifier: MIT */
/* Shelves of rectangles, highest first; the largest scale that fits is found by bisection. */
#include "core/atlas/atlas.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS = 32 };

int32_t hl_atlas_gutter(int32_t side)
{
    return side >= 512 ? 2 : 1;
}

static int32_t texels(double length, double scale, int32_t gutter)
{
    const double n = ceil(length * scale) + 1 + 2 * gutter;
    return n < HL_ATLAS_SIDE_MAX + 1 ? (int32_t)n : HL_ATLAS_SIDE_MAX + 1;
}

/* Sets x and y in the given order; false where they do not fit. */
static bool place(hl_atlas_rect *order, int32_t count, int32_t side, double scale)
{
    const int32_t gutter = hl_atlas_gutter(side);
    int32_t x = 0, y = 0, shelf = 0;
    for (int32_t i = 0; i < count; i++) {
        hl_atlas_rect *r = &order[i];
        const int32_t w = texels(r->width, scale, gutter), h = texels(r->height, scale, gutter);
        if (x + w > side) {
            y += shelf;
            x = shelf = 0;
        }
        if (w > side || h > side - y)
            return false;
        r->x = x;
        r->y = y;
        x += w;
        shelf = h > shelf ? h : shelf;
    }
    return true;
}

static int highest_first(const void *a, const void *b)
{
    const hl_atlas_rect *x = a, *y = b;
    if (x->height != y->height)
        return x->height > y->height ? -1 : 1;
    if (x->width != y->width)
        return x->width > y->width ? -1 : 1;
    return x->chart < y->chart ? -1 : x->chart > y->chart;
}

hl_status hl_atlas_pack(hl_atlas_rect *rects, hl_atlas_rect *order, int32_t count, int32_t side,
                        double *scale)
{
    double area = 0;
    for (int32_t i = 0; i < count; i++) {
        rects[i].chart = i;
        order[i] = rects[i];
        area += rects[i].width * rects[i].height;
    }
    qsort(order, (size_t)count, sizeof *order, highest_first);
    double low = 0, high = area > 0 ? side / sqrt(area) : 1; /* beyond: more area than texels */
    if (!place(order, count, side, low))
        return hl_fail(HL_E_ARG, "texture of %d x %d texels: too small for %d charts", (int)side,
                       (int)side, (int)count);
    for (int step = 0; step < STEPS; step++) {
        const double middle = 0.5 * (low + high);
        if (place(order, count, side, middle))
            low = middle;
        else
            high = middle;
    }
    place(order, count, side, low);
    for (int32_t i = 0; i < count; i++)
        rects[order[i].chart] = order[i];
    *scale = low;
    return HL_OK;
}
