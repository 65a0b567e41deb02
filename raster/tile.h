/* SPDX-License-Identifier: MIT */
/* raster/tile.h -- which tiles an ellipse touches, exactly.
 *
 * The set {q <= qmax}, qmax = 2 ln(255 o^), is where alpha reaches HL_ALPHA_MIN.  Within a band of
 * rows it is convex, so its shadow on x is one interval; a tile of the band is touched if and only
 * if that interval meets the interval of its pixel centres.  Two square roots per band.
 * Rounding is met by a margin on the outside: a pair is never lost, because alpha decides later.
 */
#ifndef HL_RASTER_TILE_H
#define HL_RASTER_TILE_H

#include "core/hd.h"
#include "raster/constants.h"

#define HL_ELLIPSE_MARGIN 1e-4 /* relative, on qmax            */
#define HL_SPAN_MARGIN    1e-3 /* pixels, on the interval in x */

typedef struct hl_ellipse {
    hl_real mu[2];
    hl_real conic[3];
    hl_real q_max;    /* margin included                                       */
    hl_real half[2];  /* half extents in x and y, px                           */
    hl_real dy_right; /* dy of the rightmost point; that of the leftmost is -  */
} hl_ellipse;

/* Returns 0 for an ellipse that is empty or not finite. */
HL_HD int hl_ellipse_init(hl_ellipse *e, const hl_real mu[2], const hl_real cov[3],
                          const hl_real conic[3], hl_real opacity)
{
    const hl_real q = 2 * hl_ln(opacity / (hl_real)HL_ALPHA_MIN);
    e->q_max = q + (q + 1) * (hl_real)HL_ELLIPSE_MARGIN;
    if (!(e->q_max > 0))
        return 0;
    e->mu[0] = mu[0];
    e->mu[1] = mu[1];
    for (int i = 0; i < 3; i++)
        e->conic[i] = conic[i];
    e->half[0] = hl_sqrt(e->q_max * cov[0]);
    e->half[1] = hl_sqrt(e->q_max * cov[2]);
    e->dy_right = cov[1] * hl_sqrt(e->q_max / cov[0]);
    return e->half[0] > 0 && e->half[1] > 0;
}

/* Half width at dy: x = (-b dy +- this) / a.  As half[1]^2 = q_max a / det K, the root of
 * a q_max - dy^2 det K needs no det K, which would lose all its digits for a needle. */
HL_HD hl_real hl_ellipse_root(const hl_ellipse *e, hl_real dy)
{
    const hl_real r = dy / e->half[1];
    return hl_sqrt(e->conic[0] * e->q_max * hl_max((1 - r) * (1 + r), 0));
}

/* Interval of x, in pixels, that the ellipse covers within rows whose centres are y0 .. y1.
 * Returns 0 when it misses the band. */
HL_HD int hl_ellipse_span(const hl_ellipse *e, hl_real y0, hl_real y1, hl_real x[2])
{
    const hl_real margin = (hl_real)HL_SPAN_MARGIN;
    hl_real lo = y0 - e->mu[1], hi = y1 - e->mu[1];
    if (hi < -e->half[1] - margin || lo > e->half[1] + margin)
        return 0;
    lo = hl_clamp(lo, -e->half[1], e->half[1]);
    hi = hl_clamp(hi, -e->half[1], e->half[1]);
    const hl_real right = hl_clamp(e->dy_right, lo, hi), left = hl_clamp(-e->dy_right, lo, hi);
    const hl_real a = e->conic[0], b = e->conic[1];
    x[1] = e->mu[0] + (-b * right + hl_ellipse_root(e, right)) / a + margin;
    x[0] = e->mu[0] + (-b * left - hl_ellipse_root(e, left)) / a - margin;
    return 1;
}

/* Tile columns (first, last) whose pixel centres meet [x0, x1], cut to 0 .. columns - 1.
 * Returns 0 when there are none. */
HL_HD int hl_span_tiles(const hl_real x[2], int columns, int *first, int *last)
{
    const hl_real top = (hl_real)(columns * HL_TILE);
    const hl_real lo = hl_clamp(x[0], 0, top), hi = hl_clamp(x[1], -1, top);
    /* tile c holds the centres HL_TILE c + 0.5 .. HL_TILE (c + 1) - 0.5 */
    int f = (int)((lo + (hl_real)0.5) / HL_TILE);
    int l = hi < (hl_real)0.5 ? -1 : (int)((hi - (hl_real)0.5) / HL_TILE);
    if (l > columns - 1)
        l = columns - 1;
    *first = f;
    *last = l;
    return f <= l;
}

#endif /* HL_RASTER_TILE_H */
