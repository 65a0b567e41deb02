/* SPDX-License-Identifier: MIT */
/* raster/tile.h -- which tiles an ellipse touches, and which of their rows, exactly.
 *
 * The set {q <= qmax}, qmax = 2 ln(255 o^), is where alpha reaches HL_ALPHA_MIN.  Within a strip
 * of columns it is convex, so its shadow on y is one interval: a tile of the strip is touched if
 * and only if that interval meets one of its pixel rows.  Two square roots per strip.
 * Rounding is met by a margin on the outside: a pair is never lost, because alpha decides later.
 */
#ifndef HL_RASTER_TILE_H
#define HL_RASTER_TILE_H

#include "core/hd.h"
#include "raster/constants.h"

#define HL_ELLIPSE_MARGIN 1e-4 /* relative, on qmax  */
#define HL_SPAN_MARGIN    1e-3 /* pixels, on spans   */

typedef struct hl_ellipse {
    hl_real mu[2];
    hl_real conic[3];  /* a, b, c                                                */
    hl_real inv_c;     /* 1 / c                                                  */
    hl_real det;       /* a c - b^2                                              */
    hl_real q_max;     /* margin included                                        */
    hl_real half[2];   /* half extents in x and y, px                            */
    hl_real dx_lowest; /* dx of the point with the largest y; of the smallest: - */
} hl_ellipse;

/* det: of the conic; taken from the covariance, because a c - b^2 cancels for needles.
 * Returns 0 for an ellipse that is empty or not finite. */
HL_HD int hl_ellipse_init(hl_ellipse *e, const hl_real mu[2], const hl_real conic[3], hl_real det,
                          hl_real log_opacity)
{
    const hl_real q = 2 * (log_opacity - hl_ln((hl_real)HL_ALPHA_MIN));
    e->q_max = q + (q + 1) * (hl_real)HL_ELLIPSE_MARGIN;
    e->det = det;
    if (!(e->q_max > 0 && e->det > 0))
        return 0;
    for (int i = 0; i < 2; i++)
        e->mu[i] = mu[i];
    for (int i = 0; i < 3; i++)
        e->conic[i] = conic[i];
    e->inv_c = 1 / conic[2];
    const hl_real reach = hl_sqrt(e->q_max / e->det);
    e->half[0] = reach * hl_sqrt(conic[2]);
    e->half[1] = reach * hl_sqrt(conic[0]);
    e->dx_lowest = -conic[1] / conic[0] * e->half[1];
    return e->half[0] > 0 && e->half[1] > 0;
}

/* Half height at dx: y = (-b dx +- this) / c. */
HL_HD hl_real hl_ellipse_root(const hl_ellipse *e, hl_real dx)
{
    return hl_sqrt(hl_max(e->conic[2] * e->q_max - e->det * dx * dx, 0));
}

/* Interval of y, in pixels, that the ellipse covers within columns whose centres are x0 .. x1.
 * Returns 0 when it misses the strip. */
HL_HD int hl_ellipse_span(const hl_ellipse *e, hl_real x0, hl_real x1, hl_real y[2])
{
    const hl_real margin = (hl_real)HL_SPAN_MARGIN, b = e->conic[1];
    hl_real lo = x0 - e->mu[0], hi = x1 - e->mu[0];
    if (hi < -e->half[0] - margin || lo > e->half[0] + margin)
        return 0;
    lo = hl_clamp(lo, -e->half[0], e->half[0]);
    hi = hl_clamp(hi, -e->half[0], e->half[0]);
    const hl_real at_top = hl_clamp(-e->dx_lowest, lo, hi);
    const hl_real at_bottom = hl_clamp(e->dx_lowest, lo, hi);
    y[0] = e->mu[1] + (-b * at_top - hl_ellipse_root(e, at_top)) * e->inv_c - margin;
    y[1] = e->mu[1] + (-b * at_bottom + hl_ellipse_root(e, at_bottom)) * e->inv_c + margin;
    return 1;
}

/* Pixels (first, last) of 0 .. count - 1 whose centres lie in [x0, x1].  Returns 0 for none. */
HL_HD int hl_span_pixels(const hl_real x[2], int count, int *first, int *last)
{
    const hl_real lo = x[0] - (hl_real)0.5, hi = x[1] - (hl_real)0.5;
    if (!(lo <= (hl_real)(count - 1)) || !(hi >= 0))
        return 0;
    *first = lo <= 0 ? 0 : (int)lo + ((hl_real)(int)lo < lo ? 1 : 0);
    *last = hi >= (hl_real)(count - 1) ? count - 1 : (int)hi;
    return *first <= *last;
}

#endif /* HL_RASTER_TILE_H */
