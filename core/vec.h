/* SPDX-License-Identifier: MIT */
/* core/vec.h -- 3-vectors, 3x3 matrices (row-major), quaternions (w, x, y, z).
 *
 * Everything is plain arrays: x (3), m (9) row-major, q (4).  Outputs may not alias inputs unless
 * said.  Rotation of a unit quaternion: the standard matrix (e.g. Kuipers 1999, eq. 5.11).
 */
#ifndef HL_CORE_VEC_H
#define HL_CORE_VEC_H

#include "core/hd.h"

/* Index of the least component, the first of equals. */
HL_HD int hl_least3(const hl_real a[3])
{
    return a[1] < a[0] ? (a[2] < a[1] ? 2 : 1) : (a[2] < a[0] ? 2 : 0);
}

HL_HD hl_real hl_dot3(const hl_real a[3], const hl_real b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

HL_HD hl_real hl_length3(const hl_real a[3])
{
    return hl_sqrt(hl_dot3(a, a));
}

HL_HD void hl_cross3(const hl_real a[3], const hl_real b[3], hl_real out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* out may alias a.  A zero vector stays zero. */
HL_HD void hl_normalize3(const hl_real a[3], hl_real out[3])
{
    const hl_real n = hl_length3(a), inv = n > 0 ? 1 / n : 0;
    out[0] = a[0] * inv;
    out[1] = a[1] * inv;
    out[2] = a[2] * inv;
}

/* out = m x */
HL_HD void hl_mul3(const hl_real m[9], const hl_real x[3], hl_real out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = m[3 * i] * x[0] + m[3 * i + 1] * x[1] + m[3 * i + 2] * x[2];
}

/* out = m^T x */
HL_HD void hl_mul3_t(const hl_real m[9], const hl_real x[3], hl_real out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = m[i] * x[0] + m[3 + i] * x[1] + m[6 + i] * x[2];
}

/* out = a b */
HL_HD void hl_matmul3(const hl_real a[9], const hl_real b[9], hl_real out[9])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

HL_HD hl_real hl_det3(const hl_real m[9])
{
    return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
           m[2] * (m[3] * m[7] - m[4] * m[6]);
}

/* q (4): any non-zero quaternion; unit (4): out.  A zero or non-finite one becomes identity. */
HL_HD void hl_quat_unit(const hl_real q[4], hl_real unit[4])
{
    const hl_real n2 = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];
    if (n2 > 0 && n2 < (hl_real)1e30) {
        const hl_real inv = 1 / hl_sqrt(n2);
        for (int i = 0; i < 4; i++)
            unit[i] = q[i] * inv;
        return;
    }
    unit[0] = 1;
    unit[1] = unit[2] = unit[3] = 0;
}

/* q (4): unit.  r (9): its rotation matrix. */
HL_HD void hl_rotation(const hl_real q[4], hl_real r[9])
{
    const hl_real w = q[0], x = q[1], y = q[2], z = q[3];
    r[0] = 1 - 2 * (y * y + z * z);
    r[1] = 2 * (x * y - w * z);
    r[2] = 2 * (x * z + w * y);
    r[3] = 2 * (x * y + w * z);
    r[4] = 1 - 2 * (x * x + z * z);
    r[5] = 2 * (y * z - w * x);
    r[6] = 2 * (x * z - w * y);
    r[7] = 2 * (y * z + w * x);
    r[8] = 1 - 2 * (x * x + y * y);
}

/* d_r (9): dL/dr.  d_q (4): out, dL/dq with q taken as unit and free (not projected). */
HL_HD void hl_rotation_bwd(const hl_real q[4], const hl_real d_r[9], hl_real d_q[4])
{
    const hl_real w = q[0], x = q[1], y = q[2], z = q[3];
    const hl_real *g = d_r;
    d_q[0] = 2 * (x * (g[7] - g[5]) + y * (g[2] - g[6]) + z * (g[3] - g[1]));
    d_q[1] =
        2 * (-2 * x * (g[4] + g[8]) + y * (g[1] + g[3]) + z * (g[2] + g[6]) + w * (g[7] - g[5]));
    d_q[2] =
        2 * (x * (g[1] + g[3]) - 2 * y * (g[0] + g[8]) + z * (g[5] + g[7]) + w * (g[2] - g[6]));
    d_q[3] =
        2 * (x * (g[2] + g[6]) + y * (g[5] + g[7]) - 2 * z * (g[0] + g[4]) + w * (g[3] - g[1]));
}

/* Gradient through q -> q / |q|.  unit (4): q / |q|; norm: |q|, 0 gives 0; d_q may alias d_unit. */
HL_HD void hl_quat_unit_bwd(const hl_real unit[4], hl_real norm, const hl_real d_unit[4],
                            hl_real d_q[4])
{
    const hl_real along =
        unit[0] * d_unit[0] + unit[1] * d_unit[1] + unit[2] * d_unit[2] + unit[3] * d_unit[3];
    for (int i = 0; i < 4; i++)
        d_q[i] = norm > 0 ? (d_unit[i] - unit[i] * along) / norm : 0;
}

/* out = a * b: rotation b first, then a. */
HL_HD void hl_quat_mul(const hl_real a[4], const hl_real b[4], hl_real out[4])
{
    out[0] = a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3];
    out[1] = a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2];
    out[2] = a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1];
    out[3] = a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0];
}

/* r (9): a rotation matrix.  q (4): out, unit, w >= 0 (Shepperd 1978: largest pivot). */
HL_HD void hl_quat_from_rotation(const hl_real r[9], hl_real q[4])
{
    const hl_real t[4] = {r[0] + r[4] + r[8], r[0] - r[4] - r[8], r[4] - r[0] - r[8],
                          r[8] - r[0] - r[4]};
    int k = 0;
    for (int i = 1; i < 4; i++)
        if (t[i] > t[k])
            k = i;
    const hl_real s = hl_sqrt(1 + t[k]) * 2; /* 4 |q_k| */
    const hl_real a = (r[7] - r[5]) / s, b = (r[2] - r[6]) / s, c = (r[3] - r[1]) / s;
    const hl_real d = (r[1] + r[3]) / s, e = (r[2] + r[6]) / s, f = (r[5] + r[7]) / s;
    q[k] = s / 4;
    if (k == 0) {
        q[1] = a;
        q[2] = b;
        q[3] = c;
    } else if (k == 1) {
        q[0] = a;
        q[2] = d;
        q[3] = e;
    } else if (k == 2) {
        q[0] = b;
        q[1] = d;
        q[3] = f;
    } else {
        q[0] = c;
        q[1] = e;
        q[2] = f;
    }
    if (q[0] < 0)
        for (int i = 0; i < 4; i++)
            q[i] = -q[i];
}

#endif /* HL_CORE_VEC_H */
