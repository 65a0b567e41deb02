/* SPDX-License-Identifier: MIT */
/* raster/project.h -- one splat to its footprint in a picture (EWA), and the way back.
 *
 *   t  = R x + p                                  mu = (fx tx/tz + cx, fy ty/tz + cy)
 *   J  = d(mu)/dt with the ray clamped to the picture grown by HL_CLAMP_MARGIN per side
 *   B  = J R R_q diag(s'),  s'^2 = s^2 + sf^2     S2 = B B^T + d I,   K = S2^-1
 *   o^ = o rho2 rho3,  rho3 = prod s/s',  rho2 = sqrt(det(B B^T) / det S2) if antialiased
 *
 * Zwicker et al. 2001 (EWA splatting); Kerbl et al. 2023; Yu et al. 2024 for rho2, rho3 and sf.
 * Only hl_ray_project knows the camera model.  2x2 symmetric matrices are (xx, xy, yy).
 * Gradients: docs/math.md, checked there and in tests against differences in double.
 */
#ifndef HL_RASTER_PROJECT_H
#define HL_RASTER_PROJECT_H

#include "core/vec.h"
#include "raster/constants.h"
#include "raster/covariance.h"

typedef struct hl_projector {
    hl_real r[9], t[3];     /* camera_from_world                  */
    hl_real eye[3];         /* camera centre, world frame         */
    hl_real fx, fy, cx, cy; /* pixels                             */
    hl_real u_min, u_max;   /* clamp of tx/tz in the Jacobian     */
    hl_real v_min, v_max;   /* clamp of ty/tz                     */
    hl_real dilation;       /* px^2                               */
    int antialiased;        /* 0 or 1                             */
} hl_projector;

typedef struct hl_footprint {
    hl_real mu[2];    /* px                                           */
    hl_real depth;    /* tz                                           */
    hl_real cov[3];   /* S2, px^2                                     */
    hl_real conic[3]; /* K = (a, b, c), px^-2                         */
    hl_real det;      /* of S2, px^4                                  */
    hl_real opacity;  /* o^, in [HL_ALPHA_MIN, 1)                     */
    hl_real rho2;     /* antialiasing compensation, 1 when off        */
} hl_footprint;

/* dL/d(footprint).  conic holds the entries of the symmetric matrix dL/dK (xx, xy, yy). */
typedef struct hl_footprint_grad {
    hl_real mu[2];
    hl_real depth;
    hl_real conic[3];
    hl_real opacity;
} hl_footprint_grad;

typedef struct hl_geometry {
    hl_real mean[3];
    hl_real log_scale[3];
    hl_real quat[4]; /* any length */
    hl_real logit_opa;
    hl_real filter; /* sf: std. deviation of the 3D filter, 0: off */
} hl_geometry;

typedef struct hl_geometry_grad {
    hl_real mean[3];
    hl_real log_scale[3];
    hl_real quat[4];
    hl_real logit_opa;
} hl_geometry_grad;

/* r (9), t (3): camera_from_world; width, height, k = (fx, fy, cx, cy) in pixels. */
HL_HD void hl_projector_init(hl_projector *p, const hl_real size[2], const hl_real k[4],
                             const hl_real r[9], const hl_real t[3], int antialiased)
{
    const hl_real margin = (hl_real)HL_CLAMP_MARGIN;
    for (int i = 0; i < 9; i++)
        p->r[i] = r[i];
    for (int i = 0; i < 3; i++)
        p->t[i] = t[i];
    hl_mul3_t(r, t, p->eye);
    for (int i = 0; i < 3; i++)
        p->eye[i] = -p->eye[i];
    p->fx = k[0];
    p->fy = k[1];
    p->cx = k[2];
    p->cy = k[3];
    p->u_min = (-margin * size[0] - k[2]) / k[0];
    p->u_max = ((1 + margin) * size[0] - k[2]) / k[0];
    p->v_min = (-margin * size[1] - k[3]) / k[1];
    p->v_max = ((1 + margin) * size[1] - k[3]) / k[1];
    p->dilation = antialiased ? (hl_real)HL_DILATION_AA : (hl_real)HL_DILATION;
    p->antialiased = antialiased;
}

/* The camera model: t (3) in the camera frame to pixel mu (2) and Jacobian j (6), 2x3 row-major. */
HL_HD void hl_ray_project(const hl_projector *p, const hl_real t[3], hl_real mu[2], hl_real j[6])
{
    const hl_real iz = 1 / t[2], u = t[0] * iz, v = t[1] * iz;
    const hl_real uc = hl_clamp(u, p->u_min, p->u_max), vc = hl_clamp(v, p->v_min, p->v_max);
    mu[0] = p->fx * u + p->cx;
    mu[1] = p->fy * v + p->cy;
    j[0] = p->fx * iz;
    j[1] = 0;
    j[2] = -p->fx * uc * iz;
    j[3] = 0;
    j[4] = p->fy * iz;
    j[5] = -p->fy * vc * iz;
}

/* d_mu (2), d_j (6) to d_t (3): out. */
HL_HD void hl_ray_project_bwd(const hl_projector *p, const hl_real t[3], const hl_real d_mu[2],
                              const hl_real d_j[6], hl_real d_t[3])
{
    const hl_real iz = 1 / t[2], iz2 = iz * iz, u = t[0] * iz, v = t[1] * iz;
    const hl_real uc = hl_clamp(u, p->u_min, p->u_max), vc = hl_clamp(v, p->v_min, p->v_max);
    const int u_free = uc == u, v_free = vc == v;
    d_t[0] = p->fx * d_mu[0] * iz - (u_free ? p->fx * d_j[2] * iz2 : 0);
    d_t[1] = p->fy * d_mu[1] * iz - (v_free ? p->fy * d_j[5] * iz2 : 0);
    d_t[2] =
        -(p->fx * u * d_mu[0] + p->fy * v * d_mu[1]) * iz -
        (p->fx * d_j[0] + p->fy * d_j[4]) * iz2 +
        ((u_free ? 2 : 1) * p->fx * uc * d_j[2] + (v_free ? 2 : 1) * p->fy * vc * d_j[5]) * iz2;
}

/* Standard deviations that no visible part of a splat exceeds: sqrt(2 ln 255) = 3.33 and a margin.
 */
#define HL_REACH 3.4

/* Cheap and safe: 1 only for splats that cannot reach a picture of `size` pixels.  reach: HL_REACH
 * times the largest standard deviation; the root covers the clamped Jacobian. */
HL_HD int hl_project_outside(const hl_projector *p, const hl_real size[2], const hl_real mean[3],
                             hl_real reach)
{
    hl_real t[3];
    hl_mul3(p->r, mean, t);
    for (int i = 0; i < 3; i++)
        t[i] += p->t[i];
    if (!(t[2] >= (hl_real)HL_NEAR))
        return 1;
    /* footprint radius <= reach (f / tz) sqrt(1 + u_c^2 + ...) + dilation */
    const hl_real iz = 1 / t[2], u = t[0] * iz, v = t[1] * iz;
    const hl_real bound_u = hl_max(-p->u_min, p->u_max), bound_v = hl_max(-p->v_min, p->v_max);
    const hl_real rx = reach * p->fx * iz * hl_sqrt(1 + bound_u * bound_u) + 4;
    const hl_real ry = reach * p->fy * iz * hl_sqrt(1 + bound_v * bound_v) + 4;
    const hl_real x = p->fx * u + p->cx, y = p->fy * v + p->cy;
    return x + rx < 0 || y + ry < 0 || x - rx > size[0] || y - ry > size[1];
}

/* What forward and backward both need of one splat. */
typedef struct hl_projection_work {
    hl_real t[3];       /* in the camera frame                        */
    hl_real q[4], norm; /* unit quaternion, |quat|                    */
    hl_real rq[9];      /* R(q)                                       */
    hl_real s[3];       /* exp(log_scale)                             */
    hl_real sf[3];      /* s' with the 3D filter                      */
    hl_real j[6];       /* Jacobian                                   */
    hl_real a[6];       /* J R                                        */
    hl_real b[6];       /* A R_q; B = b diag(s')                      */
    hl_real rho3;
    hl_real o; /* sigmoid(logit_opa)                         */
} hl_projection_work;

HL_HD void hl_projection_prepare(const hl_projector *p, const hl_geometry *g, hl_real mu[2],
                                 hl_projection_work *w)
{
    hl_ray_project(p, w->t, mu, w->j);
    hl_quat_unit(g->quat, w->q);
    w->norm = hl_sqrt(g->quat[0] * g->quat[0] + g->quat[1] * g->quat[1] + g->quat[2] * g->quat[2] +
                      g->quat[3] * g->quat[3]);
    hl_rotation(w->q, w->rq);
    w->rho3 = 1;
    for (int i = 0; i < 3; i++) {
        w->s[i] = hl_exp(g->log_scale[i]);
        w->sf[i] = w->s[i];
        if (g->filter > 0) {
            w->sf[i] = hl_sqrt(w->s[i] * w->s[i] + g->filter * g->filter);
            w->rho3 *= w->s[i] / w->sf[i];
        }
    }
    w->o = hl_sigmoid(g->logit_opa);
    for (int i = 0; i < 2; i++)
        for (int c = 0; c < 3; c++)
            w->a[3 * i + c] = w->j[3 * i] * p->r[c] + w->j[3 * i + 1] * p->r[3 + c] +
                              w->j[3 * i + 2] * p->r[6 + c];
    for (int i = 0; i < 2; i++)
        for (int c = 0; c < 3; c++)
            w->b[3 * i + c] = w->a[3 * i] * w->rq[c] + w->a[3 * i + 1] * w->rq[3 + c] +
                              w->a[3 * i + 2] * w->rq[6 + c];
}

/* Returns 1 and fills *f, or 0 when the splat leaves no trace: outside HL_NEAR .. HL_FAR, weaker
 * than HL_ALPHA_MIN, or not finite. */
HL_HD int hl_project(const hl_projector *p, const hl_geometry *g, hl_footprint *f)
{
    hl_projection_work w;
    hl_mul3(p->r, g->mean, w.t);
    for (int i = 0; i < 3; i++)
        w.t[i] += p->t[i];
    if (!(w.t[2] >= (hl_real)HL_NEAR && w.t[2] <= (hl_real)HL_FAR))
        return 0;
    hl_projection_prepare(p, g, f->mu, &w);

    hl_real m[6]; /* B = A R_q diag(s') */
    for (int i = 0; i < 6; i++)
        m[i] = w.b[i] * w.sf[i % 3];
    const hl_real xx = m[0] * m[0] + m[1] * m[1] + m[2] * m[2];
    const hl_real xy = m[0] * m[3] + m[1] * m[4] + m[2] * m[5];
    const hl_real yy = m[3] * m[3] + m[4] * m[4] + m[5] * m[5];
    /* det(B B^T) by its minors (Cauchy-Binet): no cancellation for needles. */
    const hl_real m0 = m[0] * m[4] - m[1] * m[3], m1 = m[0] * m[5] - m[2] * m[3],
                  m2 = m[1] * m[5] - m[2] * m[4];
    const hl_real det_raw = m0 * m0 + m1 * m1 + m2 * m2, d = p->dilation;
    const hl_real det = det_raw + d * (xx + yy) + d * d;
    const hl_real limit = (hl_real)1e30;
    if (!(det > 0 && det < limit && hl_abs(f->mu[0]) < limit && hl_abs(f->mu[1]) < limit))
        return 0;
    f->depth = w.t[2];
    f->cov[0] = xx + d;
    f->cov[1] = xy;
    f->cov[2] = yy + d;
    f->det = det;
    f->conic[0] = f->cov[2] / det;
    f->conic[1] = -xy / det;
    f->conic[2] = f->cov[0] / det;
    f->rho2 = 1;
    if (p->antialiased)
        f->rho2 = hl_sqrt(hl_max(det_raw / det, (hl_real)HL_DET_RATIO_MIN));
    f->opacity = w.o * f->rho2 * w.rho3;
    return f->opacity >= (hl_real)HL_ALPHA_MIN;
}

/* Gradient through the dilation's compensation rho2 = sqrt(det(m m^T) / det S2): adds to d_m.
 * m = B diag(s') (2, 3); y = K m as of hl_conic_times. */
HL_HD void hl_compensation_bwd(const hl_projector *p, const hl_footprint *f, hl_real d_rho2,
                               const hl_real m[6], const hl_real y[6], hl_real d_m[6])
{
    const hl_real floor2 = (hl_real)HL_DET_RATIO_MIN, rho2_2 = f->rho2 * f->rho2;
    if (!p->antialiased || rho2_2 <= floor2)
        return;
    const hl_real k = d_rho2 / f->rho2, shrink = 1 - rho2_2, spread = p->dilation / f->det;
    for (int i = 0; i < 6; i++)
        d_m[i] += k * (shrink * y[i] - spread * m[i]);
}

/* K m for m = B diag(s') (2, 3), row-major, without the cancellation of K times m: by the minors
 * of m, S2^-1 m_c = (d m_c + sum_k (m_c x m_k) (m_1k, -m_0k)) / det S2.  y (2, 3): out. */
HL_HD void hl_conic_times(const hl_real m[6], hl_real d, hl_real y[6])
{
    const hl_real n01 = m[0] * m[4] - m[1] * m[3], n02 = m[0] * m[5] - m[2] * m[3],
                  n12 = m[1] * m[5] - m[2] * m[4];
    hl_real trace = 0;
    for (int i = 0; i < 6; i++)
        trace += m[i] * m[i];
    const hl_real inv = 1 / (n01 * n01 + n02 * n02 + n12 * n12 + d * trace + d * d);
    y[0] = (d * m[0] + m[4] * n01 + m[5] * n02) * inv;
    y[1] = (d * m[1] - m[3] * n01 + m[5] * n12) * inv;
    y[2] = (d * m[2] - m[3] * n02 - m[4] * n12) * inv;
    y[3] = (d * m[3] - m[1] * n01 - m[2] * n02) * inv;
    y[4] = (d * m[4] + m[0] * n01 - m[2] * n12) * inv;
    y[5] = (d * m[5] + m[0] * n02 + m[1] * n12) * inv;
}

/* From dL/d(footprint) to dL/dm (2, 3), out, for m = B diag(s'):  -2 K dL/dK (K m).
 * A needle's K m is far smaller than K and m, and dL/dS2 = -K dL/dK K written out would lose all
 * its digits.  d_rho2: dL/d(rho2). */
HL_HD void hl_shape_bwd(const hl_projector *p, const hl_footprint *f, const hl_footprint_grad *d_f,
                        hl_real d_rho2, const hl_real m[6], hl_real d_m[6])
{
    const hl_real *k = f->conic, *d_k = d_f->conic;
    hl_real y[6];
    hl_conic_times(m, p->dilation, y);
    for (int c = 0; c < 3; c++) {
        const hl_real y0 = d_k[0] * y[c] + d_k[1] * y[3 + c];
        const hl_real y1 = d_k[1] * y[c] + d_k[2] * y[3 + c];
        d_m[c] = -2 * (k[0] * y0 + k[1] * y1);
        d_m[3 + c] = -2 * (k[1] * y0 + k[2] * y1);
    }
    hl_compensation_bwd(p, f, d_rho2, m, y, d_m);
}

/* From dL/dm to dL/dq (4), out, along the sphere of unit quaternions.
 *
 * A turn by theta about the splat's own axes, R_q exp(theta), moves m_j by the sum of b_k s'_j over
 * the axes k that theta turns into j.  As dL/dm = D m with D symmetric, what it gives for axes j
 * and k is b_k D b_j (s'_j^2 - s'_k^2): written so, it is 0 and not rounding where both are the
 * same, as they all are at the start; Adam would make full steps of rounding. */
HL_HD void hl_turn_bwd(const hl_projection_work *w, const hl_real d_m[6], hl_real d_q[4])
{
    const hl_real *q = w->q;
    hl_real turn[3];
    for (int a = 0; a < 3; a++) { /* axis a turns k into j; the larger of both has more digits */
        const int k = (a + 1) % 3, j = (a + 2) % 3, far = w->sf[j] < w->sf[k];
        const hl_real to_j = w->b[k] * d_m[j] + w->b[3 + k] * d_m[3 + j];
        const hl_real to_k = w->b[j] * d_m[k] + w->b[3 + j] * d_m[3 + k];
        const hl_real s = far ? w->sf[k] : w->sf[j], t = far ? w->sf[j] : w->sf[k];
        const hl_real share = s > 0 ? (s - t) * (s + t) / s : 0;
        turn[a] = far ? to_k * share : -to_j * share;
    }
    d_q[0] = -2 * (q[1] * turn[0] + q[2] * turn[1] + q[3] * turn[2]);
    d_q[1] = 2 * (q[0] * turn[0] - q[3] * turn[1] + q[2] * turn[2]);
    d_q[2] = 2 * (q[3] * turn[0] + q[0] * turn[1] - q[1] * turn[2]);
    d_q[3] = 2 * (-q[2] * turn[0] + q[1] * turn[1] + q[0] * turn[2]);
}

/* From dL/d(footprint) to dL/d(parameters); *f must come from hl_project with the same inputs.
 *   d_rq  (9): dL/dR(q) that comes from elsewhere (normals), added in; may be NULL
 *   d_x   (3): dL/d(mean) that comes from elsewhere (view direction), added in; moves the eye too
 *   pose  (6): accumulated, dL/d(phi, rho) of exp(phi) (R x + p) + rho; may be NULL */
HL_HD void hl_project_bwd(const hl_projector *p, const hl_geometry *g, const hl_footprint *f,
                          const hl_footprint_grad *d_f, const hl_real *d_rq, const hl_real *d_x,
                          hl_geometry_grad *out, hl_real *pose)
{
    hl_projection_work w;
    hl_real mu[2];
    hl_mul3(p->r, g->mean, w.t);
    for (int i = 0; i < 3; i++)
        w.t[i] += p->t[i];
    hl_projection_prepare(p, g, mu, &w);

    hl_real m[6], d_m[6]; /* m = b diag(s'), b = A R_q, A = J R */
    for (int i = 0; i < 6; i++)
        m[i] = w.b[i] * w.sf[i % 3];
    hl_shape_bwd(p, f, d_f, d_f->opacity * w.o * w.rho3, m, d_m);
    hl_real d_b[6], d_a[6], d_j[6], d_sf[3];
    for (int c = 0; c < 3; c++) {
        d_sf[c] = d_m[c] * w.b[c] + d_m[3 + c] * w.b[3 + c];
        d_b[c] = d_m[c] * w.sf[c];
        d_b[3 + c] = d_m[3 + c] * w.sf[c];
    }
    for (int i = 0; i < 2; i++)
        for (int c = 0; c < 3; c++)
            d_a[3 * i + c] = d_b[3 * i] * w.rq[3 * c] + d_b[3 * i + 1] * w.rq[3 * c + 1] +
                             d_b[3 * i + 2] * w.rq[3 * c + 2];
    for (int i = 0; i < 2; i++)
        for (int c = 0; c < 3; c++)
            d_j[3 * i + c] = d_a[3 * i] * p->r[3 * c] + d_a[3 * i + 1] * p->r[3 * c + 1] +
                             d_a[3 * i + 2] * p->r[3 * c + 2];

    hl_real d_t[3], d_q[4], d_extra[4];
    hl_ray_project_bwd(p, w.t, d_f->mu, d_j, d_t);
    d_t[2] += d_f->depth;
    hl_mul3_t(p->r, d_t, out->mean);
    if (d_x)
        for (int i = 0; i < 3; i++)
            out->mean[i] += d_x[i];

    hl_turn_bwd(&w, d_m, d_q);
    if (d_rq)
        hl_rotation_bwd(w.q, d_rq, d_extra);
    for (int i = 0; i < 4; i++)
        d_q[i] += d_rq ? d_extra[i] : 0;
    hl_quat_unit_bwd(w.q, w.norm, d_q, out->quat);
    const hl_real f2 = g->filter * g->filter;
    for (int i = 0; i < 3; i++) {
        out->log_scale[i] = d_sf[i] * w.s[i];
        if (g->filter > 0) /* and without a filter s may be 0 */
            out->log_scale[i] = out->log_scale[i] * (w.s[i] / w.sf[i]) +
                                d_f->opacity * f->opacity * f2 / (w.sf[i] * w.sf[i]);
    }
    out->logit_opa = d_f->opacity * f->rho2 * w.rho3 * w.o * (1 - w.o);

    if (!pose)
        return;
    hl_real spin[3], ja[9], d_eye[3] = {0, 0, 0};
    hl_cross3(w.t, d_t, spin);
    for (int i = 0; i < 3; i++) /* J^T dA R^T, 3x3: its axial vector turns the camera */
        for (int c = 0; c < 3; c++)
            ja[3 * i + c] = w.j[i] * d_j[c] + w.j[3 + i] * d_j[3 + c];
    if (d_x)
        hl_mul3(p->r, d_x, d_eye);
    pose[0] += spin[0] + ja[7] - ja[5];
    pose[1] += spin[1] + ja[2] - ja[6];
    pose[2] += spin[2] + ja[3] - ja[1];
    for (int i = 0; i < 3; i++)
        pose[3 + i] += d_t[i] + d_eye[i];
}

#endif /* HL_RASTER_PROJECT_H */
