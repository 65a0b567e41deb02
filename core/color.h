/* SPDX-License-Identifier: MIT */
/* core/color.h -- sRGB transfer curve and Rec.709 luminance (IEC 61966-2-1).
 *
 * Unlit splats blend display-referred sRGB values; materials and light are linear Rec.709.
 */
#ifndef HL_CORE_COLOR_H
#define HL_CORE_COLOR_H

#include "core/hd.h"

/* s in [0, 1] -> linear; negative values pass through the linear part. */
HL_HD hl_real hl_linear_from_srgb(hl_real s)
{
    return s <= (hl_real)0.04045 ? s / (hl_real)12.92
                                 : hl_pow((s + (hl_real)0.055) / (hl_real)1.055, (hl_real)2.4);
}

HL_HD hl_real hl_srgb_from_linear(hl_real x)
{
    return x <= (hl_real)0.0031308
               ? x * (hl_real)12.92
               : (hl_real)1.055 * hl_pow(x, (hl_real)(1.0 / 2.4)) - (hl_real)0.055;
}

/* rgb (3): linear. */
HL_HD hl_real hl_luminance(const hl_real rgb[3])
{
    return (hl_real)0.2126 * rgb[0] + (hl_real)0.7152 * rgb[1] + (hl_real)0.0722 * rgb[2];
}

#endif /* HL_CORE_COLOR_H */
