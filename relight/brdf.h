/* SPDX-License-Identifier: MIT */
/* relight/brdf.h -- how a surface scatters light, and the gradient of that.
 *
 *   f = (1 - m) a / pi + D G2 F / (4 n.o n.i)                       HL_BRDF_SMITH
 *   alpha = r^2 (r >= 0.08)     D = alpha^2 / (pi ((n.h)^2 (alpha^2 - 1) + 1)^2)
 *   Lambda(c) = (-1 + sqrt(1 + alpha^2 (1 - c^2) / c^2)) / 2
 *   G2 = 1 / (1 + Lambda(n.o) + Lambda(n.i))                        height-correlated Smith
 *   F = F0 + (1 - F0) (1 - o.h)^5,  F0 = 0.04 (1 - m) + m a         Schlick
 *
 * a: albedo (linear), r: perceptual roughness, m: metal, o: towards the eye, i: towards the
 * light, h: their half vector.  Sources: Walter et al. 2007 (GGX), Heitz 2014 (height-correlated
 * masking), Schlick 1994, Burley 2012 (roughness squared, metal).
 *
 * HL_BRDF_PRINCIPLED follows Blender's Principled BSDF (3.4, specular 0.5) instead: Burley's
 * diffuse lobe with retro-reflection, the Fresnel equation of a dielectric of index 1.5 between
 * F0 and 1, and masking of both directions apart.  It is what ground truth and exports from that
 * program look like; it has no gradient here.
 *
 * All directions unit and away from the surface.  Results carry the cosine n.i; they are 0 where a
 * direction lies below the surface.  Pure functions.
 */
#ifndef HL_RELIGHT_BRDF_H
#define HL_RELIGHT_BRDF_H

#include "core/vec.h"

#define HL_PI            ((hl_real)3.14159265358979323846)
#define HL_ROUGHNESS_MIN ((hl_real)0.08) /* smaller ones count as this: the peak stays finite */
#define HL_F0_DIELECTRIC ((hl_real)0.04) /* of index 1.5 */

typedef enum hl_brdf_model { HL_BRDF_SMITH = 0, HL_BRDF_PRINCIPLED = 1 } hl_brdf_model;

typedef struct hl_surface {
    hl_real normal[3]; /* unit, on the side of the eye */
    hl_real albedo[3]; /* linear Rec.709 in [0, 1]; of a metal: its colour */
    hl_real roughness; /* [0, 1] */
    hl_real metal;     /* [0, 1] */
} hl_surface;

HL_HD hl_real hl_brdf_alpha2(hl_real roughness)
{
    const hl_real r = hl_max(roughness, HL_ROUGHNESS_MIN), r2 = r * r;
    return r2 * r2;
}

HL_HD hl_real hl_ggx_d(hl_real nh, hl_real alpha2)
{
    const hl_real t = nh * nh * (alpha2 - 1) + 1;
    return alpha2 / (HL_PI * t * t);
}

/* c sqrt(1 + alpha^2 tan^2): 1 + Lambda(c) is (c + this) / 2c. */
HL_HD hl_real hl_ggx_slope(hl_real c, hl_real alpha2)
{
    return hl_sqrt(alpha2 + (1 - alpha2) * c * c);
}

/* Density, over solid angle of i, of reflecting o at a visible normal (Heitz 2018). */
HL_HD hl_real hl_ggx_vndf_pdf(hl_real no, hl_real nh, hl_real alpha2)
{
    return hl_ggx_d(nh, alpha2) / (2 * (no + hl_ggx_slope(no, alpha2)));
}

HL_HD hl_real hl_fresnel_weight(hl_real oh)
{
    const hl_real c = 1 - oh, c2 = c * c;
    return c2 * c2 * c;
}

/* Unpolarised reflectance of a dielectric of index 1.5 at cosine c, scaled so that c = 1 is 0 and
 * c = 0 is 1. */
HL_HD hl_real hl_fresnel_dielectric_weight(hl_real c)
{
    const hl_real g = hl_sqrt((hl_real)1.25 + c * c); /* 1.5^2 - 1 + c^2 */
    const hl_real a = (g - c) / (g + c), b = (c * (g + c) - 1) / (c * (g - c) + 1);
    const hl_real f = a * a * (1 + b * b) / 2;
    return (f - HL_F0_DIELECTRIC) / (1 - HL_F0_DIELECTRIC);
}

/* F0 + (1 - F0) w, per channel. */
HL_HD void hl_fresnel(const hl_surface *s, hl_real weight, hl_real f[3])
{
    for (int c = 0; c < 3; c++) {
        const hl_real f0 = HL_F0_DIELECTRIC * (1 - s->metal) + s->metal * s->albedo[c];
        f[c] = f0 + (1 - f0) * weight;
    }
}

/* Cosines that every term needs; 0 where a direction is below the surface. */
typedef struct hl_brdf_angles {
    hl_real no, ni, nh, oh;
    hl_real h[3];
} hl_brdf_angles;

HL_HD int hl_brdf_angles_of(const hl_real n[3], const hl_real wo[3], const hl_real wi[3],
                            hl_brdf_angles *a)
{
    a->no = hl_dot3(n, wo);
    a->ni = hl_dot3(n, wi);
    if (!(a->no > 0 && a->ni > 0))
        return 0;
    for (int k = 0; k < 3; k++)
        a->h[k] = wo[k] + wi[k];
    hl_normalize3(a->h, a->h);
    a->nh = hl_clamp(hl_dot3(n, a->h), 0, 1);
    a->oh = hl_clamp(hl_dot3(wo, a->h), 0, 1);
    return 1;
}

/* Burley 2012, section 5.3: 1 at normal incidence. */
HL_HD hl_real hl_burley_diffuse(const hl_brdf_angles *a, hl_real roughness)
{
    const hl_real grazing = 2 * roughness * a->oh * a->oh - (hl_real)0.5;
    return (1 + grazing * hl_fresnel_weight(a->ni)) * (1 + grazing * hl_fresnel_weight(a->no));
}

/* diffuse (3), specular (3): out, f (n.i) of each lobe.  Returns 0 where both are 0. */
HL_HD int hl_brdf(const hl_surface *s, hl_brdf_model model, const hl_real wo[3],
                  const hl_real wi[3], hl_real diffuse[3], hl_real specular[3])
{
    hl_brdf_angles a;
    hl_real f[3];
    if (!hl_brdf_angles_of(s->normal, wo, wi, &a)) {
        for (int c = 0; c < 3; c++)
            diffuse[c] = specular[c] = 0;
        return 0;
    }
    const hl_real alpha2 = hl_brdf_alpha2(s->roughness);
    const hl_real so = hl_ggx_slope(a.no, alpha2), si = hl_ggx_slope(a.ni, alpha2);
    const int smith = model == HL_BRDF_SMITH;
    const hl_real visibility =
        smith ? 1 / (2 * (a.ni * so + a.no * si)) : 1 / ((a.no + so) * (a.ni + si));
    const hl_real lobe = hl_ggx_d(a.nh, alpha2) * visibility * a.ni;
    const hl_real retro = smith ? 1 : hl_burley_diffuse(&a, s->roughness);
    hl_fresnel(s, smith ? hl_fresnel_weight(a.oh) : hl_fresnel_dielectric_weight(a.oh), f);
    for (int c = 0; c < 3; c++) {
        diffuse[c] = (1 - s->metal) * s->albedo[c] / HL_PI * a.ni * retro;
        specular[c] = lobe * f[c];
    }
    return 1;
}

/* Gradient of sum_c d_out[c] (diffuse + specular)[c] of HL_BRDF_SMITH, ADDED to *grad; the normal
 * is taken as free (the caller projects it if it must stay unit).  Clamped roughness gives 0. */
HL_HD void hl_brdf_bwd(const hl_surface *s, const hl_real wo[3], const hl_real wi[3],
                       const hl_real d_out[3], hl_surface *grad)
{
    hl_brdf_angles a;
    hl_real f[3];
    if (!hl_brdf_angles_of(s->normal, wo, wi, &a))
        return;
    const hl_real alpha2 = hl_brdf_alpha2(s->roughness);
    const hl_real so = hl_ggx_slope(a.no, alpha2), si = hl_ggx_slope(a.ni, alpha2);
    const hl_real t = a.nh * a.nh * (alpha2 - 1) + 1, q = a.ni * so + a.no * si;
    const hl_real lobe = hl_ggx_d(a.nh, alpha2) * a.ni / (2 * q);
    const hl_real w = hl_fresnel_weight(a.oh);
    hl_fresnel(s, w, f);

    hl_real d_lobe = 0, d_ni = 0;
    for (int c = 0; c < 3; c++) {
        const hl_real over_pi = d_out[c] / HL_PI, d_f0 = d_out[c] * lobe * (1 - w);
        grad->albedo[c] += over_pi * (1 - s->metal) * a.ni + d_f0 * s->metal;
        grad->metal += -over_pi * s->albedo[c] * a.ni + d_f0 * (s->albedo[c] - HL_F0_DIELECTRIC);
        d_ni += over_pi * (1 - s->metal) * s->albedo[c];
        d_lobe += d_out[c] * f[c];
    }
    const hl_real g = d_lobe * lobe; /* times d(log lobe) */
    const hl_real dq_ni = so + a.no * (1 - alpha2) * a.ni / si;
    const hl_real dq_no = si + a.ni * (1 - alpha2) * a.no / so;
    const hl_real dq_alpha2 =
        a.ni * (1 - a.no * a.no) / (2 * so) + a.no * (1 - a.ni * a.ni) / (2 * si);
    d_ni += g * (1 / a.ni - dq_ni / q);
    const hl_real d_no = -g * dq_no / q, d_nh = -g * 4 * a.nh * (alpha2 - 1) / t;
    for (int k = 0; k < 3; k++)
        grad->normal[k] += d_ni * wi[k] + d_no * wo[k] + d_nh * a.h[k];
    if (s->roughness > HL_ROUGHNESS_MIN)
        grad->roughness += g * (1 / alpha2 - 2 * a.nh * a.nh / t - dq_alpha2 / q) * 4 *
                           s->roughness * s->roughness * s->roughness;
}

#endif /* HL_RELIGHT_BRDF_H */
