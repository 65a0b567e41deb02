/* SPDX-License-Identifier: MIT */
/* core/sh.h -- real spherical harmonics, degrees 0..3, in the order and signs of 3DGS files.
 *
 * Basis k = l^2 + l + m with the Condon-Shortley phase (docs/formats.md lists all 16).  They are
 * orthonormal over the sphere: the integral of B_j B_k is 1 for j = k and 0 otherwise, which is
 * the oracle of the tests.  Source: Ramamoorthi and Hanrahan 2001, extended to l = 3.
 */
#ifndef HL_CORE_SH_H
#define HL_CORE_SH_H

#include "core/hd.h"

#define HL_SH_DEGREE_MAX 3
#define HL_SH_COEFFS_MAX 16 /* (degree + 1)^2 with degree <= 3 */

#define HL_SH_C0   ((hl_real)0.28209479177387814)
#define HL_SH_C1   ((hl_real)0.4886025119029199)
#define HL_SH_C2_0 ((hl_real)1.0925484305920792)
#define HL_SH_C2_1 ((hl_real)0.31539156525252005)
#define HL_SH_C2_2 ((hl_real)0.5462742152960396)
#define HL_SH_C3_0 ((hl_real)0.5900435899266435)
#define HL_SH_C3_1 ((hl_real)2.890611442640554)
#define HL_SH_C3_2 ((hl_real)0.4570457994644658)
#define HL_SH_C3_3 ((hl_real)0.3731763325901154)
#define HL_SH_C3_4 ((hl_real)1.445305721320277)

HL_HD int hl_sh_coeffs(int degree)
{
    return (degree + 1) * (degree + 1);
}

/* d (3): unit direction.  basis: out, (degree + 1)^2 values.  degree 0..3. */
HL_HD void hl_sh_basis(int degree, const hl_real d[3], hl_real *basis)
{
    const hl_real x = d[0], y = d[1], z = d[2];
    basis[0] = HL_SH_C0;
    if (degree < 1)
        return;
    basis[1] = -HL_SH_C1 * y;
    basis[2] = HL_SH_C1 * z;
    basis[3] = -HL_SH_C1 * x;
    if (degree < 2)
        return;
    const hl_real xx = x * x, yy = y * y, zz = z * z;
    basis[4] = HL_SH_C2_0 * x * y;
    basis[5] = -HL_SH_C2_0 * y * z;
    basis[6] = HL_SH_C2_1 * (2 * zz - xx - yy);
    basis[7] = -HL_SH_C2_0 * x * z;
    basis[8] = HL_SH_C2_2 * (xx - yy);
    if (degree < 3)
        return;
    basis[9] = -HL_SH_C3_0 * y * (3 * xx - yy);
    basis[10] = HL_SH_C3_1 * x * y * z;
    basis[11] = -HL_SH_C3_2 * y * (4 * zz - xx - yy);
    basis[12] = HL_SH_C3_3 * z * (2 * zz - 3 * xx - 3 * yy);
    basis[13] = -HL_SH_C3_2 * x * (4 * zz - xx - yy);
    basis[14] = HL_SH_C3_4 * z * (xx - yy);
    basis[15] = -HL_SH_C3_0 * x * (xx - 3 * yy);
}

/* d_basis: dL/dB_k, (degree + 1)^2 values.  d_d (3): out, dL/dd with d free (not projected). */
HL_HD void hl_sh_basis_bwd(int degree, const hl_real d[3], const hl_real *d_basis, hl_real d_d[3])
{
    const hl_real x = d[0], y = d[1], z = d[2];
    const hl_real *g = d_basis;
    d_d[0] = d_d[1] = d_d[2] = 0;
    if (degree < 1)
        return;
    d_d[0] = -HL_SH_C1 * g[3];
    d_d[1] = -HL_SH_C1 * g[1];
    d_d[2] = HL_SH_C1 * g[2];
    if (degree < 2)
        return;
    d_d[0] += HL_SH_C2_0 * (y * g[4] - z * g[7]) + 2 * x * (HL_SH_C2_2 * g[8] - HL_SH_C2_1 * g[6]);
    d_d[1] += HL_SH_C2_0 * (x * g[4] - z * g[5]) - 2 * y * (HL_SH_C2_1 * g[6] + HL_SH_C2_2 * g[8]);
    d_d[2] += -HL_SH_C2_0 * (y * g[5] + x * g[7]) + 4 * HL_SH_C2_1 * z * g[6];
    if (degree < 3)
        return;
    const hl_real xx = x * x, yy = y * y, zz = z * z;
    d_d[0] += -6 * HL_SH_C3_0 * x * y * g[9] + HL_SH_C3_1 * y * z * g[10] +
              2 * HL_SH_C3_2 * x * y * g[11] - 6 * HL_SH_C3_3 * x * z * g[12] -
              HL_SH_C3_2 * (4 * zz - 3 * xx - yy) * g[13] + 2 * HL_SH_C3_4 * x * z * g[14] -
              3 * HL_SH_C3_0 * (xx - yy) * g[15];
    d_d[1] += -3 * HL_SH_C3_0 * (xx - yy) * g[9] + HL_SH_C3_1 * x * z * g[10] -
              HL_SH_C3_2 * (4 * zz - xx - 3 * yy) * g[11] - 6 * HL_SH_C3_3 * y * z * g[12] +
              2 * HL_SH_C3_2 * x * y * g[13] - 2 * HL_SH_C3_4 * y * z * g[14] +
              6 * HL_SH_C3_0 * x * y * g[15];
    d_d[2] += HL_SH_C3_1 * x * y * g[10] - 8 * HL_SH_C3_2 * y * z * g[11] +
              HL_SH_C3_3 * (6 * zz - 3 * xx - 3 * yy) * g[12] - 8 * HL_SH_C3_2 * x * z * g[13] +
              HL_SH_C3_4 * (xx - yy) * g[14];
}

/* The sign that coefficient k takes under the half turn about x (RDF <-> RUB): a basis function
 * flips if its total degree in y and z is odd. */
HL_HD int hl_sh_rub_sign(int k)
{
    const unsigned flips = 0x5a96u; /* bits 1 2 4 7 9 11 12 14 */
    return (flips >> k) & 1u ? -1 : 1;
}

#endif /* HL_CORE_SH_H */
