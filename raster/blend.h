/* SPDX-License-Identifier: MIT */
/* raster/blend.h -- front-to-back compositing of one splat at one pixel, and its gradient.
 *
 *   q = a dx^2 + 2 b dx dy + c dy^2     alpha = min(HL_ALPHA_MAX, o^ exp(-q / 2))
 *   w = alpha T     C += w c     T *= 1 - alpha
 *
 * Backward replays forward.  With v = dL/dw of each pair (colour . dL/dC and so on) and
 * rest = sum over the later pairs of w v, plus T_end dL/dT_end:
 *
 *   dL/dalpha = T v - rest / (1 - alpha)
 *
 * Forward and backward take alpha from the same function: one ulp decides membership.
 */
#ifndef HL_RASTER_BLEND_H
#define HL_RASTER_BLEND_H

#include "core/hd.h"
#include "raster/constants.h"

/* dx, dy: pixel centre - mu.  Returns alpha, 0 when the pair is skipped; *clamped: at the
 * maximum, where no gradient flows. */
HL_HD hl_real hl_pair_alpha(hl_real dx, hl_real dy, const hl_real conic[3], hl_real opacity,
                            int *clamped)
{
    const hl_real q = conic[0] * dx * dx + 2 * conic[1] * dx * dy + conic[2] * dy * dy;
    const hl_real alpha = opacity * hl_exp(-q / 2);
    *clamped = alpha > (hl_real)HL_ALPHA_MAX;
    if (!(alpha >= (hl_real)HL_ALPHA_MIN))
        return 0;
    return *clamped ? (hl_real)HL_ALPHA_MAX : alpha;
}

/* The pixel is finished before a pair that would take the transmittance below HL_T_STOP. */
HL_HD int hl_pair_stops(hl_real transmittance, hl_real alpha)
{
    return transmittance * (1 - alpha) < (hl_real)HL_T_STOP;
}

/* *rest: sum of w v over this and all later pairs plus T_end dL/dT_end; on return over the later
 * ones only.  Returns dL/dalpha. */
HL_HD hl_real hl_pair_alpha_bwd(hl_real transmittance, hl_real alpha, hl_real v, hl_real *rest)
{
    *rest -= alpha * transmittance * v;
    return transmittance * v - *rest / (1 - alpha);
}

/* Sums over the pixels of a splat, g = dL/dq = -alpha dL/dalpha / 2 where not clamped:
 * m = (sum g, sum g dx, sum g dy, sum g dx^2, sum g dx dy, sum g dy^2).
 * Out: dL/d(mu) (2), dL/dK as a symmetric matrix (3), dL/d(o^). */
HL_HD void hl_moments_bwd(const hl_real m[6], const hl_real conic[3], hl_real opacity,
                          hl_real d_mu[2], hl_real d_conic[3], hl_real *d_opacity)
{
    d_mu[0] = -2 * (conic[0] * m[1] + conic[1] * m[2]);
    d_mu[1] = -2 * (conic[1] * m[1] + conic[2] * m[2]);
    *d_opacity = -2 * m[0] / opacity;
    for (int i = 0; i < 3; i++)
        d_conic[i] = m[3 + i];
}

#endif /* HL_RASTER_BLEND_H */
