/* SPDX-License-Identifier: MIT */
/* core/se3.h -- rigid transforms b_from_a: x_in_b = R x_in_a + t, with exp and log.
 *
 * A transform is two arrays: r (9) row-major rotation and t (3).  Twists are (rotation phi,
 * translation rho).  exp/log of SO(3): Rodrigues' formula, with series near zero.
 */
#ifndef HL_CORE_SE3_H
#define HL_CORE_SE3_H

#include "core/vec.h"

/* x_in_b = r x_in_a + t */
HL_HD void hl_se3_apply(const hl_real r[9], const hl_real t[3], const hl_real x[3], hl_real out[3])
{
    hl_mul3(r, x, out);
    for (int i = 0; i < 3; i++)
        out[i] += t[i];
}

/* a_from_b of b_from_a: r_inv = r^T, t_inv = -r^T t.  t_inv of camera_from_world is the eye. */
HL_HD void hl_se3_inverse(const hl_real r[9], const hl_real t[3], hl_real r_inv[9],
                          hl_real t_inv[3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            r_inv[3 * i + j] = r[3 * j + i];
    hl_mul3(r_inv, t, t_inv);
    for (int i = 0; i < 3; i++)
        t_inv[i] = -t_inv[i];
}

/* c_from_a = c_from_b * b_from_a */
HL_HD void hl_se3_compose(const hl_real r_cb[9], const hl_real t_cb[3], const hl_real r_ba[9],
                          const hl_real t_ba[3], hl_real r[9], hl_real t[3])
{
    hl_matmul3(r_cb, r_ba, r);
    hl_se3_apply(r_cb, t_cb, t_ba, t);
}

/* r (9) = exp([phi]x) */
HL_HD void hl_so3_exp(const hl_real phi[3], hl_real r[9])
{
    const hl_real t2 = hl_dot3(phi, phi), t = hl_sqrt(t2);
    hl_real a, b; /* sin t / t, (1 - cos t) / t^2 */
    if (t2 < (hl_real)1e-8) {
        a = 1 - t2 / 6;
        b = (hl_real)0.5 - t2 / 24;
    } else {
        const hl_real half = hl_sin(t / 2) / t; /* no cancellation in 1 - cos */
        a = hl_sin(t) / t;
        b = 2 * half * half;
    }
    const hl_real x = phi[0], y = phi[1], z = phi[2];
    r[0] = 1 - b * (y * y + z * z);
    r[1] = b * x * y - a * z;
    r[2] = b * x * z + a * y;
    r[3] = b * x * y + a * z;
    r[4] = 1 - b * (x * x + z * z);
    r[5] = b * y * z - a * x;
    r[6] = b * x * z - a * y;
    r[7] = b * y * z + a * x;
    r[8] = 1 - b * (x * x + y * y);
}

/* phi (3) = log(r), |phi| <= pi. */
HL_HD void hl_so3_log(const hl_real r[9], hl_real phi[3])
{
    hl_real q[4];
    hl_quat_from_rotation(r, q);
    const hl_real n = hl_length3(q + 1);
    const hl_real k = n < (hl_real)1e-6 ? 2 / q[0] : 2 * hl_atan2(n, q[0]) / n;
    for (int i = 0; i < 3; i++)
        phi[i] = k * q[1 + i];
}

#endif /* HL_CORE_SE3_H */
