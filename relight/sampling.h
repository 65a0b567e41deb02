/* SPDX-License-Identifier: MIT */
/* relight/sampling.h -- directions drawn where light matters, with their densities.
 *
 * Every density is over solid angle.  u1, u2 in [0, 1).  Sources: Duff et al. 2017 (frame), Malley
 * (cosine), Heitz 2018 "Sampling the GGX Distribution of Visible Normals", Veach 1997 (balance
 * heuristic), Shirley, Wang, Zimmerman 1996 (spheres, rectangles), Cranley, Patterson 1976.
 */
#ifndef HL_RELIGHT_SAMPLING_H
#define HL_RELIGHT_SAMPLING_H

#include "relight/brdf.h"

#include <stdint.h>

/* Two directions that complete the unit vector n to a right-handed frame t, b, n. */
HL_HD void hl_sample_frame(const hl_real n[3], hl_real t[3], hl_real b[3])
{
    const hl_real sign = n[2] < 0 ? (hl_real)-1 : (hl_real)1;
    const hl_real p = -1 / (sign + n[2]), q = n[0] * n[1] * p;
    t[0] = 1 + sign * n[0] * n[0] * p;
    t[1] = sign * q;
    t[2] = -sign * n[0];
    b[0] = q;
    b[1] = sign + n[1] * n[1] * p;
    b[2] = -n[1];
}

HL_HD void hl_sample_to_world(const hl_real n[3], const hl_real local[3], hl_real out[3])
{
    hl_real t[3], b[3];
    hl_sample_frame(n, t, b);
    for (int k = 0; k < 3; k++)
        out[k] = local[0] * t[k] + local[1] * b[k] + local[2] * n[k];
}

/* Density n.i / pi. */
HL_HD void hl_sample_cosine(const hl_real n[3], hl_real u1, hl_real u2, hl_real wi[3])
{
    const hl_real r = hl_sqrt(u1), phi = 2 * HL_PI * u2;
    const hl_real local[3] = {r * hl_cos(phi), r * hl_sin(phi), hl_sqrt(hl_max(0, 1 - u1))};
    hl_sample_to_world(n, local, wi);
}

/* Reflects wo at a visible GGX normal; density hl_ggx_vndf_pdf.  wi may lie below the surface. */
HL_HD void hl_sample_vndf(const hl_real n[3], const hl_real wo[3], hl_real alpha2, hl_real u1,
                          hl_real u2, hl_real wi[3])
{
    const hl_real alpha = hl_sqrt(alpha2);
    hl_real t[3], b[3], v[3], t1[3], t2[3], h[3], world[3];
    hl_sample_frame(n, t, b);
    v[0] = alpha * hl_dot3(wo, t);
    v[1] = alpha * hl_dot3(wo, b);
    v[2] = hl_dot3(wo, n);
    hl_normalize3(v, v);
    const hl_real flat2 = v[0] * v[0] + v[1] * v[1];
    const hl_real inv = flat2 > (hl_real)1e-12 ? 1 / hl_sqrt(flat2) : 0;
    t1[0] = inv > 0 ? -v[1] * inv : 1;
    t1[1] = inv > 0 ? v[0] * inv : 0;
    t1[2] = 0;
    hl_cross3(v, t1, t2);
    const hl_real r = hl_sqrt(u1), phi = 2 * HL_PI * u2, s = (1 + v[2]) / 2;
    const hl_real p1 = r * hl_cos(phi);
    const hl_real p2 = (1 - s) * hl_sqrt(hl_max(0, 1 - p1 * p1)) + s * r * hl_sin(phi);
    const hl_real p3 = hl_sqrt(hl_max(0, 1 - p1 * p1 - p2 * p2));
    for (int k = 0; k < 3; k++)
        h[k] = p1 * t1[k] + p2 * t2[k] + p3 * v[k];
    h[0] *= alpha;
    h[1] *= alpha;
    h[2] = hl_max(0, h[2]);
    hl_normalize3(h, h);
    for (int k = 0; k < 3; k++)
        world[k] = h[0] * t[k] + h[1] * b[k] + h[2] * n[k];
    const hl_real twice = 2 * hl_dot3(wo, world);
    for (int k = 0; k < 3; k++)
        wi[k] = twice * world[k] - wo[k];
    hl_normalize3(wi, wi);
}

/* 1 - cos of the half angle of a cone with the given sine; exact for thin cones. */
HL_HD hl_real hl_cone_height(hl_real sine)
{
    const hl_real s2 = hl_clamp(sine * sine, 0, 1);
    return s2 / (1 + hl_sqrt(1 - s2));
}

/* Uniform in the cone around the unit vector `axis` of the given height; density
 * 1 / (2 pi height). */
HL_HD void hl_sample_cone(const hl_real axis[3], hl_real height, hl_real u1, hl_real u2,
                          hl_real wi[3])
{
    const hl_real below = u1 * height; /* 1 - cos */
    const hl_real r = hl_sqrt(hl_max(0, below * (2 - below))), phi = 2 * HL_PI * u2;
    const hl_real local[3] = {r * hl_cos(phi), r * hl_sin(phi), 1 - below};
    hl_sample_to_world(axis, local, wi);
}

/* Point i of n in the unit square, (i / n, bit-reversed i), moved by `shift` (2) and wrapped
 * around: even for one pixel, unrelated between pixels. */
HL_HD void hl_sample_square(uint32_t i, uint32_t n, const hl_real shift[2], hl_real u[2])
{
    uint32_t b = i;
    b = (b << 16) | (b >> 16);
    b = ((b & 0x00ff00ffu) << 8) | ((b & 0xff00ff00u) >> 8);
    b = ((b & 0x0f0f0f0fu) << 4) | ((b & 0xf0f0f0f0u) >> 4);
    b = ((b & 0x33333333u) << 2) | ((b & 0xccccccccu) >> 2);
    b = ((b & 0x55555555u) << 1) | ((b & 0xaaaaaaaau) >> 1);
    u[0] = (hl_real)i / (hl_real)n + shift[0];
    u[1] = (hl_real)(b >> 8) * (hl_real)(1.0 / 16777216.0) + shift[1];
    for (int k = 0; k < 2; k++) {
        u[k] -= u[k] >= 1 ? (hl_real)1 : (hl_real)0;
        u[k] = hl_min(u[k], (hl_real)0.99999994); /* rounding must not reach 1 */
    }
}

#endif /* HL_RELIGHT_SAMPLING_H */
