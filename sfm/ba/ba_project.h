/* SPDX-License-Identifier: MIT */
/* sfm/ba/ba_project.h -- a point in the camera frame to its pixel, with derivatives by the point
 * and by the parameters of the camera, for every model of core/camera_model.h but FOV.
 *
 * pixel = (fx d0 + cx, fy d1 + cy), d = plane formula at w, w = (u, v) or theta (u, v) / r.
 * Pure; any thread.
 */
#ifndef HL_SFM_BA_PROJECT_H
#define HL_SFM_BA_PROJECT_H

#include "core/camera_model.h"

/* Which coefficient of the plane formula a distortion parameter is. */
typedef enum hl_lens_term {
    HL_TERM_N1,
    HL_TERM_N2,
    HL_TERM_N3,
    HL_TERM_N4,
    HL_TERM_M1,
    HL_TERM_M2,
    HL_TERM_M3,
    HL_TERM_P1,
    HL_TERM_P2,
    HL_TERM_S1,
    HL_TERM_S2
} hl_lens_term;

/* Terms of the distortion parameters of a model, in order. */
static inline const unsigned char *hl_lens_terms(hl_camera_model model)
{
    static const unsigned char radial[] = {HL_TERM_N1, HL_TERM_N2, HL_TERM_N3, HL_TERM_N4};
    static const unsigned char full[] = {HL_TERM_N1, HL_TERM_N2, HL_TERM_P1, HL_TERM_P2,
                                         HL_TERM_N3, HL_TERM_M1, HL_TERM_M2, HL_TERM_M3};
    static const unsigned char prism[] = {HL_TERM_N1, HL_TERM_N2, HL_TERM_P1, HL_TERM_P2,
                                          HL_TERM_N3, HL_TERM_N4, HL_TERM_S1, HL_TERM_S2};
    if (model == HL_CAMERA_OPENCV || model == HL_CAMERA_FULL_OPENCV)
        return full;
    return model == HL_CAMERA_THIN_PRISM_FISHEYE ? prism : radial;
}

/* Derivative of d (2) by one coefficient, at w (2); g: the radial quotient, inv: 1 / bottom. */
static inline void hl_lens_term_slope(hl_lens_term term, const double w[2], double g, double inv,
                                      double out[2])
{
    const double x = w[0], y = w[1], s = x * x + y * y;
    double k = inv;
    switch (term) {
    case HL_TERM_N4:
        k *= s * s * s * s;
        break;
    case HL_TERM_N3:
        k *= s * s * s;
        break;
    case HL_TERM_N2:
        k *= s * s;
        break;
    case HL_TERM_N1:
        k *= s;
        break;
    case HL_TERM_M3:
        k *= -g * s * s * s;
        break;
    case HL_TERM_M2:
        k *= -g * s * s;
        break;
    case HL_TERM_M1:
        k *= -g * s;
        break;
    case HL_TERM_P1:
        out[0] = 2 * x * y;
        out[1] = s + 2 * y * y;
        return;
    case HL_TERM_P2:
        out[0] = s + 2 * x * x;
        out[1] = 2 * x * y;
        return;
    case HL_TERM_S1:
        out[0] = s;
        out[1] = 0;
        return;
    default:
        out[0] = 0;
        out[1] = s;
        return;
    }
    out[0] = k * x;
    out[1] = k * y;
}

/* uv (2) -> w (2) and slope (4) = dw/duv, row-major. */
static inline void hl_lens_bend(int fisheye, const double uv[2], double w[2], double slope[4])
{
    const double u = uv[0], v = uv[1];
    double g = 1, h = 0; /* w = g uv; h = g' / r */
    if (fisheye) {
        const double r2 = u * u + v * v;
        if (r2 < 1e-6) {
            g = 1 - r2 / 3 + r2 * r2 / 5;
            h = -2.0 / 3 + 4 * r2 / 5;
        } else {
            const double r = sqrt(r2);
            g = atan(r) / r;
            h = (1 / (1 + r2) - g) / r2;
        }
    }
    w[0] = g * u;
    w[1] = g * v;
    slope[0] = g + h * u * u;
    slope[1] = slope[2] = h * u * v;
    slope[3] = g + h * v * v;
}

/* x (3): point in the camera, x[2] > 0.
 *
 *   pixel (2)   out
 *   by_x (6)    out, (2, 3) row-major: dpixel/dx; NULL: not wanted, nor by_k
 *   by_k        out, (2, n) row-major, n = hl_camera_param_count(model) */
static inline void hl_ba_project(hl_camera_model model, const hl_lens *lens, const double x[3],
                                 double pixel[2], double *by_x, double *by_k)
{
    const double inv_z = 1 / x[2], uv[2] = {x[0] * inv_z, x[1] * inv_z};
    double w[2], bend[4], d[2], j[4];
    hl_lens_bend(lens->fisheye, uv, w, bend);
    hl_lens_plane(lens, w, d, j);
    pixel[0] = lens->fx * d[0] + lens->cx;
    pixel[1] = lens->fy * d[1] + lens->cy;
    if (!by_x)
        return;
    for (int i = 0; i < 2; i++) {
        const double f = i == 0 ? lens->fx : lens->fy;
        const double a = f * (j[2 * i] * bend[0] + j[2 * i + 1] * bend[2]);
        const double b = f * (j[2 * i] * bend[1] + j[2 * i + 1] * bend[3]);
        by_x[3 * i] = a * inv_z;
        by_x[3 * i + 1] = b * inv_z;
        by_x[3 * i + 2] = -(a * uv[0] + b * uv[1]) * inv_z;
    }

    const int n = hl_camera_param_count(model), single = hl_camera_single_focal(model);
    const int head = single ? 3 : 4;
    for (int i = 0; i < 2 * n; i++)
        by_k[i] = 0;
    by_k[0] = d[0];
    by_k[n + (single ? 0 : 1)] = d[1];
    by_k[head - 2] = 1;
    by_k[n + head - 1] = 1;
    if (n == head)
        return;
    const double s = w[0] * w[0] + w[1] * w[1], *c = lens->num, *m = lens->den;
    const double inv = 1 / (1 + s * (m[0] + s * (m[1] + s * m[2])));
    const double g = (1 + s * (c[0] + s * (c[1] + s * (c[2] + s * c[3])))) * inv;
    const unsigned char *terms = hl_lens_terms(model);
    for (int i = head; i < n; i++) {
        double slope[2];
        hl_lens_term_slope((hl_lens_term)terms[i - head], w, g, inv, slope);
        by_k[i] = lens->fx * slope[0];
        by_k[n + i] = lens->fy * slope[1];
    }
}

#endif /* HL_SFM_BA_PROJECT_H */
