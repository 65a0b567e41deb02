/* SPDX-License-Identifier: MIT */
/* raster/covariance.h -- scale and rotation to 3D covariance, and its gradient.
 *
 *   Sigma = M M^T,  M = R(q) diag(s)                                    (Kerbl et al. 2023)
 *
 * Symmetric matrices travel as their upper triangle: (xx, xy, xz, yy, yz, zz).  Projection works
 * on M directly (raster/project.h); the full matrix serves noise, export and tests.
 */
#ifndef HL_RASTER_COVARIANCE_H
#define HL_RASTER_COVARIANCE_H

#include "core/vec.h"

/* scale (3): standard deviations, > 0.   q (4): unit, w first.   cov (6): out, length^2. */
HL_HD void hl_covariance(const hl_real scale[3], const hl_real q[4], hl_real cov[6])
{
    hl_real r[9];
    hl_rotation(q, r);
    int k = 0;
    for (int i = 0; i < 3; i++)
        for (int j = i; j < 3; j++, k++) {
            cov[k] = 0;
            for (int c = 0; c < 3; c++)
                cov[k] += r[3 * i + c] * r[3 * j + c] * scale[c] * scale[c];
        }
}

/* The axis with the smallest scale is the normal of a flat splat: column `axis` of R(q), turned
 * so that it faces the eye.  n (3): out, unit, world frame.  Returns axis + 3 if it was turned. */
HL_HD int hl_splat_normal(const hl_real log_scale[3], const hl_real q[4], const hl_real mean[3],
                          const hl_real eye[3], hl_real n[3])
{
    int axis = 0;
    for (int i = 1; i < 3; i++)
        if (log_scale[i] < log_scale[axis])
            axis = i;
    hl_real r[9];
    hl_rotation(q, r);
    hl_real facing = 0;
    for (int i = 0; i < 3; i++) {
        n[i] = r[3 * i + axis];
        facing += n[i] * (eye[i] - mean[i]);
    }
    if (facing >= 0)
        return axis;
    for (int i = 0; i < 3; i++)
        n[i] = -n[i];
    return axis + 3;
}

/* Adds dL/dn to dL/dR (9), row-major; `which` as returned above. */
HL_HD void hl_splat_normal_bwd(int which, const hl_real d_n[3], hl_real d_r[9])
{
    const int axis = which % 3;
    for (int i = 0; i < 3; i++)
        d_r[3 * i + axis] += which < 3 ? d_n[i] : -d_n[i];
}

/* Distance of the eye from the plane of a flat splat, n . (eye - mean) >= 0 for n as above. */
HL_HD hl_real hl_plane_distance(const hl_real n[3], const hl_real mean[3], const hl_real eye[3])
{
    return n[0] * (eye[0] - mean[0]) + n[1] * (eye[1] - mean[1]) + n[2] * (eye[2] - mean[2]);
}

/* d: dL/d(distance).  Adds dL/dn to d_n (3), and to d_x (3) dL/d(mean), whose negative is
 * dL/d(eye). */
HL_HD void hl_plane_distance_bwd(hl_real d, const hl_real n[3], const hl_real mean[3],
                                 const hl_real eye[3], hl_real d_n[3], hl_real d_x[3])
{
    for (int i = 0; i < 3; i++) {
        d_n[i] += d * (eye[i] - mean[i]);
        d_x[i] -= d * n[i];
    }
}

#endif /* HL_RASTER_COVARIANCE_H */
