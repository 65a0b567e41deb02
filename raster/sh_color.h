/* SPDX-License-Identifier: MIT */
/* raster/sh_color.h -- the colour a splat shows towards the eye, and its gradient.
 *
 *   d = (x - eye) / |x - eye|      colour = max(0, 1/2 + sum_k B_k(d) h_k)
 */
#ifndef HL_RASTER_SH_COLOR_H
#define HL_RASTER_SH_COLOR_H

#include "core/sh.h"
#include "core/vec.h"

/* Bit of hl_sh_color's result for coefficients that are not finite. */
#define HL_COLOR_BAD 8

/* sh (3, 16): [rgb][coeff].  rgb (3): out.  Returns the channels clamped at 0, one bit each, and
 * HL_COLOR_BAD. */
HL_HD int hl_sh_color(int degree, const hl_real mean[3], const hl_real eye[3], const hl_real *sh,
                      hl_real rgb[3])
{
    hl_real d[3], basis[HL_SH_COEFFS_MAX];
    for (int i = 0; i < 3; i++)
        d[i] = mean[i] - eye[i];
    hl_normalize3(d, d);
    hl_sh_basis(degree, d, basis);
    const int n = hl_sh_coeffs(degree);
    int clamped = 0;
    for (int c = 0; c < 3; c++) {
        hl_real sum = (hl_real)0.5;
        HL_HD_UNROLL
        for (int k = 0; k < HL_SH_COEFFS_MAX && k < n; k++)
            sum += basis[k] * sh[c * HL_SH_COEFFS_MAX + k];
        if (!(hl_abs(sum) < (hl_real)1e30))
            clamped |= HL_COLOR_BAD;
        if (!(sum > 0)) {
            clamped |= 1 << c;
            sum = 0;
        }
        rgb[c] = sum;
    }
    return clamped;
}

/* d_rgb (3): dL/dcolour.  d_sh (3, 16): out, all 48 written; may be sh itself.  d_mean (3):
 * accumulated, the part that comes through the viewing direction; the eye gets its negative. */
HL_HD void hl_sh_color_bwd(int degree, const hl_real mean[3], const hl_real eye[3],
                           const hl_real *sh, int clamped, const hl_real d_rgb[3], hl_real *d_sh,
                           hl_real d_mean[3])
{
    hl_real v[3], d[3], basis[HL_SH_COEFFS_MAX], d_basis[HL_SH_COEFFS_MAX];
    for (int i = 0; i < 3; i++)
        v[i] = mean[i] - eye[i];
    const hl_real dist = hl_length3(v);
    hl_normalize3(v, d);
    hl_sh_basis(degree, d, basis);
    const int n = hl_sh_coeffs(degree);
    for (int k = 0; k < HL_SH_COEFFS_MAX; k++)
        d_basis[k] = 0;
    for (int c = 0; c < 3; c++) {
        const hl_real g = (clamped >> c) & 1 ? 0 : d_rgb[c];
        HL_HD_UNROLL
        for (int k = 0; k < HL_SH_COEFFS_MAX && k < n; k++) {
            d_basis[k] += sh[c * HL_SH_COEFFS_MAX + k] * g;
            d_sh[c * HL_SH_COEFFS_MAX + k] = basis[k] * g;
        }
        for (int k = n; k < HL_SH_COEFFS_MAX; k++)
            d_sh[c * HL_SH_COEFFS_MAX + k] = 0;
    }
    if (degree < 1 || !(dist > 0))
        return;
    hl_real d_d[3];
    hl_sh_basis_bwd(degree, d, d_basis, d_d);
    const hl_real along = hl_dot3(d, d_d);
    for (int i = 0; i < 3; i++)
        d_mean[i] += (d_d[i] - d[i] * along) / dist;
}

#endif /* HL_RASTER_SH_COLOR_H */
