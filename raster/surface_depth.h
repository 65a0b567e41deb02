/* SPDX-License-Identifier: MIT */
/* raster/surface_depth.h -- depth per pixel from blended planes, and what keeps a surface one.
 *
 * A flat splat lies in the plane n . X = n . mean.  Blended with the weights of a pixel,
 *   N = sum w n        D = sum w n . (eye - mean)        z = D / -(N . ray)
 * is the depth at which the pixel's ray meets the mean plane; where all splats lie in one plane it
 * is exact at every pixel, not only at the splats' centres (Chen et al. 2024, PGSR, eq. 6-7).
 *
 *   consistency  sum w (1 - n . N_z) = A - N . N_z, N_z from central differences of z ray
 *                (Huang et al. 2024, 2DGS, eq. 14)
 *   distortion   A sum w (z - mean z)^2 / (sum w z)^2 = (A M2 - M1^2) / M1^2: half of
 *                sum_ij w_i w_j (z_i - z_j)^2 over M1^2, free of the unit (after 2DGS, eq. 13)
 *   mask         -(a log A + (1 - a) log(1 - A))
 *
 * Rays are those of z = 1 in the camera, turned to the world frame.
 */
#ifndef HL_RASTER_SURFACE_DEPTH_H
#define HL_RASTER_SURFACE_DEPTH_H

#include "core/vec.h"

#define HL_SURFACE_ALPHA_MIN  0.5  /* less covered pixels have no surface                     */
#define HL_SURFACE_COS_MIN    0.05 /* of ray and normal: flatter planes have no depth         */
#define HL_SURFACE_STEP_MAX   0.05 /* x depth, across two pixels: more is an edge             */
#define HL_SURFACE_MASK_FLOOR 1e-3 /* A is kept so far from 0 and 1 in the logarithms         */

/* Ray through the centre of pixel (x, y), world frame, z = 1 in the camera.
 *   r (9) rotation of camera_from_world;  k (4) fx fy cx cy, pixels */
HL_HD void hl_surface_ray(const hl_real r[9], const hl_real k[4], int x, int y, hl_real ray[3])
{
    const hl_real c[3] = {((hl_real)x + (hl_real)0.5 - k[2]) / k[0],
                          ((hl_real)y + (hl_real)0.5 - k[3]) / k[1], 1};
    hl_mul3_t(r, c, ray);
}

/* Depth along z of the plane (n, distance) blended at a pixel; 0 where it has none. */
HL_HD hl_real hl_surface_depth(hl_real distance, const hl_real n[3], const hl_real ray[3])
{
    const hl_real facing = -hl_dot3(n, ray);
    const hl_real least = (hl_real)HL_SURFACE_COS_MIN * hl_length3(n) * hl_length3(ray);
    return facing > least && distance > 0 ? distance / facing : 0;
}

/* d_z: dL/dz of a depth that is not 0.  Adds to d_n (3); returns dL/d(distance). */
HL_HD hl_real hl_surface_depth_bwd(hl_real d_z, hl_real distance, const hl_real n[3],
                                   const hl_real ray[3], hl_real d_n[3])
{
    const hl_real inv = -1 / hl_dot3(n, ray), along = d_z * distance * inv * inv;
    for (int i = 0; i < 3; i++)
        d_n[i] += along * ray[i];
    return d_z * inv;
}

/* Unit normal of the surface through four neighbours, towards the camera: p = left, right, upper,
 * lower point.  cross (3): out, unnormalised.  Returns its length; 0: no normal. */
HL_HD hl_real hl_surface_normal(hl_real p[4][3], hl_real cross[3], hl_real n[3])
{
    hl_real across[3], down[3];
    for (int i = 0; i < 3; i++) {
        across[i] = p[1][i] - p[0][i];
        down[i] = p[3][i] - p[2][i];
    }
    hl_cross3(down, across, cross);
    hl_normalize3(cross, n);
    return hl_length3(cross);
}

/* From dL/dn to dL/d(right - left) and dL/d(lower - upper), (3) each. */
HL_HD void hl_surface_normal_bwd(hl_real p[4][3], hl_real length, const hl_real n[3],
                                 const hl_real d_n[3], hl_real d_across[3], hl_real d_down[3])
{
    hl_real across[3], down[3], d_cross[3];
    const hl_real along = hl_dot3(n, d_n);
    for (int i = 0; i < 3; i++) {
        across[i] = p[1][i] - p[0][i];
        down[i] = p[3][i] - p[2][i];
        d_cross[i] = (d_n[i] - n[i] * along) / length;
    }
    hl_cross3(across, d_cross, d_down); /* cross = down x across */
    hl_cross3(d_cross, down, d_across);
}

/* Relative spread of depth; d (3): out, its gradient to A, M1, M2. */
HL_HD hl_real hl_surface_distortion(hl_real alpha, hl_real m1, hl_real m2, hl_real d[3])
{
    const hl_real inv = 1 / (m1 * m1);
    d[0] = m2 * inv;
    d[1] = -2 * alpha * m2 * inv / m1;
    d[2] = alpha * inv;
    return alpha * m2 * inv - 1;
}

/* Cross entropy of coverage against a mask in [0, 1]; *d: out, its gradient to A. */
HL_HD hl_real hl_surface_mask(hl_real alpha, hl_real mask, hl_real *d)
{
    const hl_real floor = (hl_real)HL_SURFACE_MASK_FLOOR;
    const hl_real a = hl_clamp(alpha, floor, 1 - floor);
    *d = a == alpha ? (a - mask) / (a * (1 - a)) : 0;
    return -mask * hl_ln(a) - (1 - mask) * hl_ln(1 - a);
}

#endif /* HL_RASTER_SURFACE_DEPTH_H */
