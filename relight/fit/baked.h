/* SPDX-License-Identifier: MIT */
/* relight/fit/baked.h -- what one point shows its eye, integrated once for every material.
 *
 *   L_o = (1 - m) a L_d + F0 S_0(r) + S_1(r),   F0 = 0.04 (1 - m) + m a
 *   L_d = int L(i) n.i / pi di
 *   S_0 = int L(i) (1 - w) D G2 / (4 n.o) di,   S_1 the same with w,   w = (1 - o.h)^5
 *
 * which is relight/brdf.h with F = F0 + (1 - F0) w taken apart.  S_0 and S_1 are kept at
 * HL_BAKED_LEVELS roughnesses that are evenly spaced in log r; between them log S is a Catmull-Rom
 * spline of log r: a small light makes S a power of r on both sides of its peak, so that its
 * logarithm is nearly straight.
 *
 * One set of directions serves all levels, drawn by cosine, by visible normals at each of the
 * levels, and by the environment, under the balance heuristic (Veach 1997).
 */
#ifndef HL_RELIGHT_FIT_BAKED_H
#define HL_RELIGHT_FIT_BAKED_H

#include "relight/brdf.h"

enum { HL_BAKED_LEVELS = 8, HL_BAKED_TERMS = 6 };

typedef struct hl_baked {
    hl_real diffuse[3];                                /* L_d                                */
    hl_real specular[HL_BAKED_LEVELS][HL_BAKED_TERMS]; /* log S_0, log S_1 by channel; while
                                                          samples are added: S_0, S_1        */
} hl_baked;

/* Step of log r between two levels. */
HL_HD hl_real hl_baked_step(void)
{
    return -hl_ln(HL_ROUGHNESS_MIN) / (HL_BAKED_LEVELS - 1);
}

HL_HD hl_real hl_baked_roughness(int level)
{
    return HL_ROUGHNESS_MIN * hl_exp((hl_real)level * hl_baked_step());
}

/* Everything about the levels that does not depend on the direction of light. */
typedef struct hl_baked_lobes {
    hl_real alpha2[HL_BAKED_LEVELS];
    hl_real slope[HL_BAKED_LEVELS]; /* hl_ggx_slope of n.o */
} hl_baked_lobes;

HL_HD void hl_baked_lobes_of(hl_real no, hl_baked_lobes *lobes)
{
    for (int l = 0; l < HL_BAKED_LEVELS; l++) {
        lobes->alpha2[l] = hl_brdf_alpha2(hl_baked_roughness(l));
        lobes->slope[l] = hl_ggx_slope(no, lobes->alpha2[l]);
    }
}

/* lobe: D G2 / (4 n.o) of every level, out.  Returns the sum of the densities of reflecting at a
 * visible normal of each level. */
HL_HD hl_real hl_baked_weights(const hl_baked_lobes *lobes, const hl_brdf_angles *a,
                               hl_real lobe[HL_BAKED_LEVELS])
{
    hl_real density = 0;
    for (int l = 0; l < HL_BAKED_LEVELS; l++) {
        const hl_real d = hl_ggx_d(a->nh, lobes->alpha2[l]);
        const hl_real si = hl_ggx_slope(a->ni, lobes->alpha2[l]);
        density += d / (2 * (a->no + lobes->slope[l]));
        lobe[l] = d * a->ni / (2 * (a->ni * lobes->slope[l] + a->no * si));
    }
    return density;
}

/* Adds a sample: light (3) is radiance over the density of its direction. */
HL_HD void hl_baked_add(hl_baked *b, const hl_brdf_angles *a, const hl_real lobe[HL_BAKED_LEVELS],
                        const hl_real light[3])
{
    const hl_real w = hl_fresnel_weight(a->oh);
    for (int c = 0; c < 3; c++)
        b->diffuse[c] += light[c] * a->ni / HL_PI;
    for (int l = 0; l < HL_BAKED_LEVELS; l++)
        for (int c = 0; c < 3; c++) {
            b->specular[l][c] += lobe[l] * (1 - w) * light[c];
            b->specular[l][3 + c] += lobe[l] * w * light[c];
        }
}

/* After the last sample. */
HL_HD void hl_baked_finish(hl_baked *b)
{
    const hl_real least = (hl_real)1e-20;
    for (int l = 0; l < HL_BAKED_LEVELS; l++)
        for (int k = 0; k < HL_BAKED_TERMS; k++)
            b->specular[l][k] = hl_ln(hl_max(b->specular[l][k], least));
}

/* value, slope (HL_BAKED_TERMS): S_0 and S_1 at roughness r and their derivatives; below
 * HL_ROUGHNESS_MIN those at it. */
HL_HD void hl_baked_specular(const hl_baked *b, hl_real r, hl_real *value, hl_real *slope)
{
    const hl_real step = hl_baked_step(), at = hl_clamp(r, HL_ROUGHNESS_MIN, 1);
    const hl_real x = hl_ln(at / HL_ROUGHNESS_MIN) / step;
    const int last = HL_BAKED_LEVELS - 2, down = (int)x, i = down < last ? down : last;
    const hl_real t = x - (hl_real)i;
    for (int k = 0; k < HL_BAKED_TERMS; k++) {
        const hl_real p1 = b->specular[i][k], p2 = b->specular[i + 1][k];
        const hl_real p0 = i > 0 ? b->specular[i - 1][k] : 2 * p1 - p2;
        const hl_real p3 = i < last ? b->specular[i + 2][k] : 2 * p2 - p1;
        const hl_real c1 = (p2 - p0) / 2, c2 = p0 - (5 * p1 + p3) / 2 + 2 * p2;
        const hl_real c3 = (p3 - p0 + 3 * (p1 - p2)) / 2;
        value[k] = hl_exp(p1 + t * (c1 + t * (c2 + t * c3)));
        slope[k] = value[k] * (c1 + t * (2 * c2 + 3 * t * c3)) / (step * at);
    }
}

/* Radiance (3) of a surface, whose normal is not looked at. */
HL_HD void hl_baked_radiance(const hl_baked *b, const hl_surface *s, hl_real radiance[3])
{
    hl_real value[HL_BAKED_TERMS], slope[HL_BAKED_TERMS];
    hl_baked_specular(b, s->roughness, value, slope);
    for (int c = 0; c < 3; c++) {
        const hl_real f0 = HL_F0_DIELECTRIC * (1 - s->metal) + s->metal * s->albedo[c];
        radiance[c] = (1 - s->metal) * s->albedo[c] * b->diffuse[c] + f0 * value[c] + value[3 + c];
    }
}

/* Gradient of sum_c d_radiance[c] radiance[c], ADDED to *grad. */
HL_HD void hl_baked_bwd(const hl_baked *b, const hl_surface *s, const hl_real d_radiance[3],
                        hl_surface *grad)
{
    hl_real value[HL_BAKED_TERMS], slope[HL_BAKED_TERMS];
    hl_baked_specular(b, s->roughness, value, slope);
    for (int c = 0; c < 3; c++) {
        const hl_real d = d_radiance[c], a = s->albedo[c], m = s->metal;
        const hl_real f0 = HL_F0_DIELECTRIC * (1 - m) + m * a;
        grad->albedo[c] += d * ((1 - m) * b->diffuse[c] + m * value[c]);
        grad->metal += d * ((a - HL_F0_DIELECTRIC) * value[c] - a * b->diffuse[c]);
        grad->roughness += d * (f0 * slope[c] + slope[3 + c]);
    }
}

#endif /* HL_RELIGHT_FIT_BAKED_H */
