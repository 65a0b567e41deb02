/* SPDX-License-Identifier: MIT */
/* core/camera_model.h -- from the normalised point (u, v) = (x/z, y/z) to pixels and back, for all
 * eleven camera models of core/camera.h.
 *
 * Every model but FOV is one formula on a plane w: w = (u, v) for perspective lenses and
 * w = theta (u, v) / r, theta = atan r, for fisheye lenses; with s = |w|^2
 *
 *   d = w (1 + n1 s + n2 s^2 + n3 s^3 + n4 s^4) / (1 + m1 s + m2 s^2 + m3 s^3)
 *       + (2 p1 w0 w1 + p2 (s + 2 w0^2) + s1 s,  2 p2 w0 w1 + p1 (s + 2 w1^2) + s2 s)
 *   pixel = (fx d0 + cx, fy d1 + cy)
 *
 * FOV (Devernay and Faugeras 2001): d = w atan(2 r tan(omega / 2)) / (r omega).
 *
 * Always double, whatever HL_REAL is: calibration and resampling maps need the digits.  Pure; any
 * thread.  Source: COLMAP documentation "Camera Models"; OpenCV calib3d and fisheye pages.
 */
#ifndef HL_CORE_CAMERA_MODEL_H
#define HL_CORE_CAMERA_MODEL_H

#include "core/camera.h"

/* |omega| below which FOV is a pinhole to full precision, rad. */
#define HL_LENS_OMEGA_MIN 1e-8

/* Coefficients of the formula above. */
typedef struct hl_lens {
    double fx, fy, cx, cy; /* pixels */
    double num[4];         /* n1..n4 */
    double den[3];         /* m1..m3 */
    double p[2];
    double s[2];
    double omega; /* FOV only, rad */
    int fisheye;
    int fov; /* and |omega| > HL_LENS_OMEGA_MIN */
} hl_lens;

/* Number of parameters of a model; 0 for a number that is no model. */
HL_HD int hl_camera_param_count(hl_camera_model model)
{
    switch (model) {
    case HL_CAMERA_SIMPLE_PINHOLE:
        return 3;
    case HL_CAMERA_PINHOLE:
    case HL_CAMERA_SIMPLE_RADIAL:
    case HL_CAMERA_SIMPLE_RADIAL_FISHEYE:
        return 4;
    case HL_CAMERA_RADIAL:
    case HL_CAMERA_FOV:
    case HL_CAMERA_RADIAL_FISHEYE:
        return 5;
    case HL_CAMERA_OPENCV:
    case HL_CAMERA_OPENCV_FISHEYE:
        return 8;
    case HL_CAMERA_FULL_OPENCV:
    case HL_CAMERA_THIN_PRISM_FISHEYE:
        return 12;
    default:
        return 0;
    }
}

/* 1 where the model has one focal length for both axes: params[0]; the centre follows. */
HL_HD int hl_camera_single_focal(hl_camera_model model)
{
    return model == HL_CAMERA_SIMPLE_PINHOLE || model == HL_CAMERA_SIMPLE_RADIAL ||
           model == HL_CAMERA_RADIAL || model == HL_CAMERA_SIMPLE_RADIAL_FISHEYE ||
           model == HL_CAMERA_RADIAL_FISHEYE;
}

/* f (2): out, focal lengths fx, fy, pixels. */
HL_HD void hl_camera_focal(hl_camera_model model, const double *params, double f[2])
{
    f[0] = params[0];
    f[1] = params[hl_camera_single_focal(model) ? 0 : 1];
}

/* c (2): out, principal point, pixels. */
HL_HD void hl_camera_center(hl_camera_model model, const double *params, double c[2])
{
    const int at = hl_camera_single_focal(model) ? 1 : 2;
    c[0] = params[at];
    c[1] = params[at + 1];
}

/* COLMAP's name of a model, as in cameras.txt; NULL for a number that is no model. */
HL_HD const char *hl_camera_model_name(hl_camera_model model)
{
    switch (model) {
    case HL_CAMERA_SIMPLE_PINHOLE:
        return "SIMPLE_PINHOLE";
    case HL_CAMERA_PINHOLE:
        return "PINHOLE";
    case HL_CAMERA_SIMPLE_RADIAL:
        return "SIMPLE_RADIAL";
    case HL_CAMERA_RADIAL:
        return "RADIAL";
    case HL_CAMERA_OPENCV:
        return "OPENCV";
    case HL_CAMERA_OPENCV_FISHEYE:
        return "OPENCV_FISHEYE";
    case HL_CAMERA_FULL_OPENCV:
        return "FULL_OPENCV";
    case HL_CAMERA_FOV:
        return "FOV";
    case HL_CAMERA_SIMPLE_RADIAL_FISHEYE:
        return "SIMPLE_RADIAL_FISHEYE";
    case HL_CAMERA_RADIAL_FISHEYE:
        return "RADIAL_FISHEYE";
    case HL_CAMERA_THIN_PRISM_FISHEYE:
        return "THIN_PRISM_FISHEYE";
    default:
        return 0;
    }
}

/* k (count): distortion parameters in COLMAP's order -> the coefficients. */
HL_HD void hl_lens_distortion(hl_camera_model model, const double *k, hl_lens *lens)
{
    switch (model) {
    case HL_CAMERA_SIMPLE_RADIAL:
    case HL_CAMERA_SIMPLE_RADIAL_FISHEYE:
        lens->num[0] = k[0];
        break;
    case HL_CAMERA_RADIAL:
    case HL_CAMERA_RADIAL_FISHEYE:
        lens->num[0] = k[0];
        lens->num[1] = k[1];
        break;
    case HL_CAMERA_OPENCV_FISHEYE:
        for (int i = 0; i < 4; i++)
            lens->num[i] = k[i];
        break;
    case HL_CAMERA_OPENCV:
    case HL_CAMERA_FULL_OPENCV:
    case HL_CAMERA_THIN_PRISM_FISHEYE:
        lens->num[0] = k[0];
        lens->num[1] = k[1];
        lens->p[0] = k[2];
        lens->p[1] = k[3];
        break;
    case HL_CAMERA_FOV:
        lens->fov = fabs(k[0]) > HL_LENS_OMEGA_MIN;
        lens->omega = k[0];
        break;
    default:
        break;
    }
    if (model == HL_CAMERA_FULL_OPENCV) {
        lens->num[2] = k[4];
        for (int i = 0; i < 3; i++)
            lens->den[i] = k[5 + i];
    } else if (model == HL_CAMERA_THIN_PRISM_FISHEYE) {
        lens->num[2] = k[4];
        lens->num[3] = k[5];
        lens->s[0] = k[6];
        lens->s[1] = k[7];
    }
    lens->fisheye = model == HL_CAMERA_OPENCV_FISHEYE || model == HL_CAMERA_SIMPLE_RADIAL_FISHEYE ||
                    model == HL_CAMERA_RADIAL_FISHEYE || model == HL_CAMERA_THIN_PRISM_FISHEYE;
}

/* params (hl_camera_param_count): as in hl_camera.  A number that is no model acts as PINHOLE. */
HL_HD hl_lens hl_camera_lens(hl_camera_model model, const double *params)
{
    hl_lens lens;
    double f[2], c[2];
    hl_camera_focal(model, params, f);
    hl_camera_center(model, params, c);
    lens.fx = f[0];
    lens.fy = f[1];
    lens.cx = c[0];
    lens.cy = c[1];
    for (int i = 0; i < 4; i++)
        lens.num[i] = 0;
    for (int i = 0; i < 3; i++)
        lens.den[i] = 0;
    lens.p[0] = lens.p[1] = lens.s[0] = lens.s[1] = lens.omega = 0;
    lens.fisheye = lens.fov = 0;
    hl_lens_distortion(model, params + (hl_camera_single_focal(model) ? 3 : 4), &lens);
    return lens;
}

/* The formula at w (2), without focal length and centre: d (2) and its Jacobian j (4), row-major
 * dd/dw.  FOV is not part of it. */
HL_HD void hl_lens_plane(const hl_lens *lens, const double w[2], double d[2], double j[4])
{
    const double x = w[0], y = w[1], s = x * x + y * y;
    const double *n = lens->num, *m = lens->den, *p = lens->p, *t = lens->s;
    const double top = 1 + s * (n[0] + s * (n[1] + s * (n[2] + s * n[3])));
    const double d_top = n[0] + s * (2 * n[1] + s * (3 * n[2] + s * 4 * n[3]));
    const double bottom = 1 + s * (m[0] + s * (m[1] + s * m[2]));
    const double d_bottom = m[0] + s * (2 * m[1] + s * 3 * m[2]);
    const double g = top / bottom;
    const double h = 2 * (d_top - g * d_bottom) / bottom; /* 2 dg/ds */
    d[0] = x * g + 2 * p[0] * x * y + p[1] * (s + 2 * x * x) + t[0] * s;
    d[1] = y * g + 2 * p[1] * x * y + p[0] * (s + 2 * y * y) + t[1] * s;
    j[0] = g + h * x * x + 2 * p[0] * y + 6 * p[1] * x + 2 * t[0] * x;
    j[1] = h * x * y + 2 * p[0] * x + 2 * p[1] * y + 2 * t[0] * y;
    j[2] = h * x * y + 2 * p[1] * y + 2 * p[0] * x + 2 * t[1] * x;
    j[3] = g + h * y * y + 2 * p[1] * x + 6 * p[0] * y + 2 * t[1] * y;
}

/* atan(a r) / (b r), finite at r = 0. */
HL_HD double hl_lens_atan_ratio(double r, double a, double b)
{
    const double z = a * r;
    return z < 1e-4 ? a / b * (1 - z * z / 3) : atan(z) / (b * r);
}

/* tan(b r) / (a r), its inverse; b r < pi / 2. */
HL_HD double hl_lens_tan_ratio(double r, double a, double b)
{
    const double z = b * r;
    return z < 1e-4 ? b / a * (1 + z * z / 3) : tan(z) / (a * r);
}

/* uv (2): normalised point; pixel (2): out.  Far outside the picture a polynomial may fold over:
 * project only points that are inside, or check by hl_camera_undistort. */
HL_HD void hl_lens_distort(const hl_lens *lens, const double uv[2], double pixel[2])
{
    const double r = sqrt(uv[0] * uv[0] + uv[1] * uv[1]);
    double scale = 1, d[2], j[4];
    if (lens->fisheye)
        scale = hl_lens_atan_ratio(r, 1, 1);
    else if (lens->fov)
        scale = hl_lens_atan_ratio(r, 2 * tan(fabs(lens->omega) / 2), fabs(lens->omega));
    const double w[2] = {uv[0] * scale, uv[1] * scale};
    hl_lens_plane(lens, w, d, j);
    pixel[0] = lens->fx * d[0] + lens->cx;
    pixel[1] = lens->fy * d[1] + lens->cy;
}

/* Newton's method with halved steps from w = 0, where the Jacobian is the identity, so that it
 * stays on the sheet of the picture.  1: found; 0: no such point before the lens folds over. */
HL_HD int hl_lens_invert_plane(const hl_lens *lens, const double want[2], double w[2])
{
    double d[2] = {0, 0}, j[4] = {1, 0, 0, 1}, size = want[0] * want[0] + want[1] * want[1];
    const double unit = 1 + size; /* errors are squared lengths, relative to this */
    w[0] = w[1] = 0;
    if (!(size < 1e30)) /* NaN and infinity too */
        return 0;
    for (int step = 0; step < 100 && size > 1e-29 * unit; step++) {
        const double det = j[0] * j[3] - j[1] * j[2];
        const double e0 = want[0] - d[0], e1 = want[1] - d[1];
        const double x = (j[3] * e0 - j[1] * e1) / det, y = (j[0] * e1 - j[2] * e0) / det;
        double t = 1, next = size;
        int halvings = 0;
        for (; halvings < 40; halvings++, t /= 2) {
            const double at[2] = {w[0] + t * x, w[1] + t * y};
            double value[2], slope[4];
            hl_lens_plane(lens, at, value, slope);
            next = (want[0] - value[0]) * (want[0] - value[0]) +
                   (want[1] - value[1]) * (want[1] - value[1]);
            /* Beyond a fold an eigenvalue is negative: never step there. */
            if (next < size && slope[0] + slope[3] > 0 &&
                slope[0] * slope[3] - slope[1] * slope[2] > 0)
                break;
        }
        if (halvings == 40)
            break;
        w[0] += t * x;
        w[1] += t * y;
        hl_lens_plane(lens, w, d, j);
        size = next;
    }
    return size <= 1e-18 * unit;
}

/* pixel (2) -> uv (2), the inverse of hl_lens_distort.  Returns 1; or 0, with uv = 0, where no
 * point in front of the camera falls on this pixel (or it is not finite). */
HL_HD int hl_lens_undistort(const hl_lens *lens, const double pixel[2], double uv[2])
{
    const double half_pi = 1.5707963267948966;
    const double want[2] = {(pixel[0] - lens->cx) / lens->fx, (pixel[1] - lens->cy) / lens->fy};
    double w[2];
    uv[0] = uv[1] = 0;
    if (!hl_lens_invert_plane(lens, want, w))
        return 0;
    const double r = sqrt(w[0] * w[0] + w[1] * w[1]);
    double a = 1, b = 1, scale = 1;
    if (lens->fov) {
        b = fabs(lens->omega);
        a = 2 * tan(b / 2);
    }
    if (lens->fisheye || lens->fov) {
        if (!(b * r < half_pi))
            return 0;
        scale = hl_lens_tan_ratio(r, a, b);
    }
    uv[0] = w[0] * scale;
    uv[1] = w[1] * scale;
    return 1;
}

/* The same in one call.  Over many pixels take hl_camera_lens once. */
HL_HD void hl_camera_distort(hl_camera_model model, const double *params, const double uv[2],
                             double pixel[2])
{
    const hl_lens lens = hl_camera_lens(model, params);
    hl_lens_distort(&lens, uv, pixel);
}

HL_HD int hl_camera_undistort(hl_camera_model model, const double *params, const double pixel[2],
                              double uv[2])
{
    const hl_lens lens = hl_camera_lens(model, params);
    return hl_lens_undistort(&lens, pixel, uv);
}

/* Parameters for the same picture at another size: focal lengths and centre scale with it. */
HL_HD void hl_camera_rescale(hl_camera *camera, int width, int height)
{
    const double sx = (double)width / camera->width, sy = (double)height / camera->height;
    const int single = hl_camera_single_focal(camera->model);
    camera->params[0] *= single ? sqrt(sx * sy) : sx;
    if (!single)
        camera->params[1] *= sy;
    camera->params[single ? 1 : 2] *= sx;
    camera->params[single ? 2 : 3] *= sy;
    camera->width = width;
    camera->height = height;
}

#endif /* HL_CORE_CAMERA_MODEL_H */
