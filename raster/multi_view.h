/* SPDX-License-Identifier: MIT */
/* raster/multi_view.h -- what a second view says about the plane blended at a pixel.
 *
 * Everything lives in the frames of two cameras: the reference, whose pixel is judged, and a
 * neighbour, whose own planes are held.  A ray has z = 1 in its camera; a plane is its normal n,
 * towards the camera, and its distance d from the camera, both times any positive factor:
 *   z = d / -(n . ray)                                            (raster/surface_depth.h)
 *   q = K_n (z R ray + b)      where the neighbour sees that point, x_n = R x_r + b
 * Over the pixels of a patch the two lines are the homography of its plane.
 *
 *   reprojection  q meets the neighbour's plane there, and comes back to p'; e = |p' - p|,
 *                 term exp(-e) e while e < 1: its slope falls to 0 there
 *   photometric   1 - NCC of the patch and what the neighbour shows through the plane,
 *                 NCC = cov / sqrt((var_a + v) (var_b + v))
 *
 * Source: Chen et al. 2024 (PGSR), section 3.3; v, which silences patches without texture, is ours.
 */
#ifndef HL_RASTER_MULTI_VIEW_H
#define HL_RASTER_MULTI_VIEW_H

#include "core/se3.h"
#include "raster/surface_depth.h"

#define HL_PATCH_REACH 3                        /* pixels to each side of the middle           */
#define HL_PATCH_SIDE  (2 * HL_PATCH_REACH + 1) /* Chen et al. 2024: 7                         */
#define HL_PATCH_SIZE  (HL_PATCH_SIDE * HL_PATCH_SIDE)
#define HL_PATCH_QUIET \
    2e-5                /* v, grey 0..1: some fifteen times the variance of rounding to 8 bits */
#define HL_NEAREST 1e-6 /* z: less is behind the camera                                     */

/* Two cameras. */
typedef struct hl_view_pair {
    hl_real r[9], b[3];                /* neighbour from reference                */
    hl_real k_reference[4], k_near[4]; /* fx fy cx cy, pixels                     */
    const float *grey;                 /* (height, width) what the neighbour shows */
    int width, height;
} hl_view_pair;

/* Camera frame; x, y count pixels from the corner of the picture. */
HL_HD void hl_pixel_ray(const hl_real k[4], hl_real x, hl_real y, hl_real ray[3])
{
    ray[0] = (x - k[2]) / k[0];
    ray[1] = (y - k[3]) / k[1];
    ray[2] = 1;
}

/* Of pixel i of the patch around pixel (x, y). */
HL_HD void hl_patch_ray(const hl_real k[4], int x, int y, int i, hl_real ray[3])
{
    hl_pixel_ray(k, (hl_real)(x + i % HL_PATCH_SIDE - HL_PATCH_REACH) + (hl_real)0.5,
                 (hl_real)(y + i / HL_PATCH_SIDE - HL_PATCH_REACH) + (hl_real)0.5, ray);
}

/* Where the neighbour sees the point at depth z of a reference ray: q (2), and dq/dz (2).  0: not
 * in front of it. */
HL_HD int hl_pair_project(const hl_view_pair *pair, const hl_real ray[3], hl_real z, hl_real q[2],
                          hl_real d_q[2])
{
    hl_real u[3], p[3];
    hl_mul3(pair->r, ray, u);
    for (int i = 0; i < 3; i++)
        p[i] = z * u[i] + pair->b[i];
    if (!(p[2] > (hl_real)HL_NEAREST))
        return 0;
    for (int i = 0; i < 2; i++) {
        const hl_real slope = p[i] / p[2];
        q[i] = pair->k_near[i] * slope + pair->k_near[2 + i];
        d_q[i] = pair->k_near[i] * (u[i] - slope * u[2]) / p[2];
    }
    return 1;
}

/* From a place q of the neighbour's picture over the plane (n, d) of its frame back to the
 * reference: p (2), and dp/ds (2) where q moves by d_q ds.  0: no plane there, or not in front. */
HL_HD int hl_pair_return(const hl_view_pair *pair, const hl_real q[2], const hl_real d_q[2],
                         const hl_real n[3], hl_real d, hl_real p[2], hl_real d_p[2])
{
    hl_real ray[3], x[3], d_x[3], y[3], d_y[3], along = 0;
    hl_pixel_ray(pair->k_near, q[0], q[1], ray);
    const hl_real z = hl_surface_depth(d, n, ray);
    const hl_real d_ray[3] = {d_q[0] / pair->k_near[0], d_q[1] / pair->k_near[1], 0};
    if (!(z > 0))
        return 0;
    along = z * hl_dot3(n, d_ray) / -hl_dot3(n, ray); /* dz/ds */
    for (int i = 0; i < 3; i++) {
        x[i] = z * ray[i] - pair->b[i];
        d_x[i] = along * ray[i] + z * d_ray[i];
    }
    hl_mul3_t(pair->r, x, y);
    hl_mul3_t(pair->r, d_x, d_y);
    if (!(y[2] > (hl_real)HL_NEAREST))
        return 0;
    for (int i = 0; i < 2; i++) {
        const hl_real slope = y[i] / y[2];
        p[i] = pair->k_reference[i] * slope + pair->k_reference[2 + i];
        d_p[i] = pair->k_reference[i] * (d_y[i] - slope * d_y[2]) / y[2];
    }
    return 1;
}

/* exp(-e) e of a pixel that came back to p instead of `at`; *d: out, its slope where p moves by
 * d_p ds; *e: out, pixels. */
HL_HD hl_real hl_pair_error(const hl_real at[2], const hl_real p[2], const hl_real d_p[2],
                            hl_real *e, hl_real *d)
{
    const hl_real x = p[0] - at[0], y = p[1] - at[1];
    const hl_real length = hl_sqrt(x * x + y * y), weight = hl_exp(-length);
    *e = length;
    *d = length > (hl_real)1e-6 ? (1 - length) * weight * (x * d_p[0] + y * d_p[1]) / length : 0;
    return weight * length;
}

/* Between the four pixels around q, and its slope (2).  grey (height, width); 0: outside. */
HL_HD int hl_grey_at(const float *grey, int width, int height, const hl_real q[2], hl_real *value,
                     hl_real slope[2])
{
    const hl_real x = q[0] - (hl_real)0.5, y = q[1] - (hl_real)0.5;
    if (!(x >= 0 && y >= 0 && x < (hl_real)(width - 1) && y < (hl_real)(height - 1)))
        return 0;
    const int x0 = (int)x, y0 = (int)y;
    const hl_real u = x - (hl_real)x0, v = y - (hl_real)y0;
    const float *at = grey + (long)y0 * width + x0;
    const hl_real a = (hl_real)at[0], b = (hl_real)at[1];
    const hl_real c = (hl_real)at[width], d = (hl_real)at[width + 1];
    *value = (1 - v) * (a + u * (b - a)) + v * (c + u * (d - c));
    slope[0] = (1 - v) * (b - a) + v * (d - c);
    slope[1] = (1 - u) * (c - a) + u * (d - b);
    return 1;
}

/* NCC of two patches; d_b (HL_PATCH_SIZE): out, its gradient to b. */
HL_HD hl_real hl_patch_ncc(const hl_real a[HL_PATCH_SIZE], const hl_real b[HL_PATCH_SIZE],
                           hl_real d_b[HL_PATCH_SIZE])
{
    const hl_real share = (hl_real)1 / HL_PATCH_SIZE;
    hl_real mean_a = 0, mean_b = 0, var_a = (hl_real)HL_PATCH_QUIET, var_b = var_a, cov = 0;
    for (int i = 0; i < HL_PATCH_SIZE; i++) {
        mean_a += share * a[i];
        mean_b += share * b[i];
    }
    for (int i = 0; i < HL_PATCH_SIZE; i++) {
        const hl_real x = a[i] - mean_a, y = b[i] - mean_b;
        var_a += share * x * x;
        var_b += share * y * y;
        cov += share * x * y;
    }
    const hl_real norm = 1 / hl_sqrt(var_a * var_b), ncc = cov * norm;
    for (int i = 0; i < HL_PATCH_SIZE; i++)
        d_b[i] = share * ((a[i] - mean_a) * norm - ncc * (b[i] - mean_b) / var_b);
    return ncc;
}

/* NCC of the patch around pixel (x, y) of the reference, in whose frame its plane is n (3), d, with
 * what the neighbour shows there.  patch: the reference's grey, row by row; d_plane (4): out,
 * gradients.  0: the patch leaves the neighbour's picture, or its plane is seen edge on; nothing is
 * set then. */
HL_HD int hl_pair_ncc(const hl_view_pair *pair, int x, int y, const hl_real plane[4],
                      const hl_real patch[HL_PATCH_SIZE], hl_real *ncc, hl_real d_plane[4])
{
    hl_real shown[HL_PATCH_SIZE], slope_z[HL_PATCH_SIZE], d_shown[HL_PATCH_SIZE];
    for (int i = 0; i < HL_PATCH_SIZE; i++) {
        hl_real ray[3], q[2], d_q[2], slope[2];
        hl_patch_ray(pair->k_reference, x, y, i, ray);
        const hl_real z = hl_surface_depth(plane[3], plane, ray);
        if (!(z > 0) || !hl_pair_project(pair, ray, z, q, d_q) ||
            !hl_grey_at(pair->grey, pair->width, pair->height, q, &shown[i], slope))
            return 0;
        slope_z[i] = slope[0] * d_q[0] + slope[1] * d_q[1];
    }
    *ncc = hl_patch_ncc(patch, shown, d_shown);
    for (int i = 0; i < 4; i++)
        d_plane[i] = 0;
    for (int i = 0; i < HL_PATCH_SIZE; i++) {
        hl_real ray[3];
        hl_patch_ray(pair->k_reference, x, y, i, ray);
        d_plane[3] += hl_surface_depth_bwd(d_shown[i] * slope_z[i], plane[3], plane, ray, d_plane);
    }
    return 1;
}

#endif /* HL_RASTER_MULTI_VIEW_H */
