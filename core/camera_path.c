/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "core/camera_path.h"

#include "core/se3.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CURVE_STEPS = 32 }; /* per segment, to measure length */

static const double two_pi = 6.283185307179586;

/* ---- geometry of the capture -------------------------------------------------------------- */

/* eye (3), and the camera's axes in the world: rows of r (9): right, down, forward. */
static void eye_of(const hl_pose *pose, double eye[3], double r[9])
{
    double unit[4], inverse[9];
    hl_quat_unit(pose->q, unit);
    hl_rotation(unit, r);
    hl_se3_inverse(r, pose->t, inverse, eye);
}

static void combine(const double a[3], double k, const double b[3], double out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = a[i] + k * b[i];
}

/* A unit vector across `axis` (unit). */
static void any_across(const double axis[3], double out[3])
{
    const double e[3] = {fabs(axis[0]) < 0.6, fabs(axis[0]) >= 0.6, 0};
    hl_cross3(axis, e, out);
    hl_normalize3(out, out);
}

/* Solves the symmetric 3x3 system by Cramer's rule; false where it is nearly singular. */
static bool solve3(const double a[9], const double b[3], double x[3])
{
    const double det = hl_det3(a), size = a[0] + a[4] + a[8];
    if (!(fabs(det) > 1e-9 * size * size * size))
        return false;
    for (int k = 0; k < 3; k++) {
        double m[9];
        memcpy(m, a, sizeof m);
        for (int i = 0; i < 3; i++)
            m[3 * i + k] = b[i];
        x[k] = hl_det3(m) / det;
    }
    return true;
}

void hl_camera_path_focus(const hl_pose *views, int32_t view_count, double focus[3], double up[3])
{
    double a[9] = {0}, b[3] = {0}, middle[3] = {0}, ahead[3] = {0}, rise[3] = {0};
    for (int32_t v = 0; v < view_count; v++) {
        double eye[3], r[9];
        eye_of(&views[v], eye, r);
        const double *d = r + 6;
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                const double across = (i == j) - d[i] * d[j];
                a[3 * i + j] += across;
                b[i] += across * eye[j];
            }
            middle[i] += eye[i] / view_count;
            ahead[i] += d[i] / view_count;
            rise[i] -= r[3 + i];
        }
    }
    if (!solve3(a, b, focus)) /* parallel axes: one unit ahead */
        combine(middle, 1, ahead, focus);
    hl_normalize3(rise, up);
    if (hl_dot3(up, up) < 0.5) {
        up[0] = up[2] = 0;
        up[1] = -1;
    }
}

void hl_pose_look_at(const double eye[3], const double target[3], const double up[3],
                     hl_pose *camera_from_world)
{
    double r[9], *right = r, *down = r + 3, *forward = r + 6;
    combine(target, -1, eye, forward);
    hl_normalize3(forward, forward);
    if (hl_dot3(forward, forward) < 0.5) {
        forward[0] = forward[1] = 0;
        forward[2] = 1;
    }
    hl_cross3(forward, up, right);
    if (hl_length3(right) < 1e-9 * hl_length3(up))
        any_across(forward, right);
    hl_normalize3(right, right);
    hl_cross3(forward, right, down);
    hl_quat_from_rotation(r, camera_from_world->q);
    hl_mul3(r, eye, camera_from_world->t);
    for (int i = 0; i < 3; i++)
        camera_from_world->t[i] = -camera_from_world->t[i];
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts; the value at fraction p. */
static double quantile(double *values, int32_t count, double p)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[(int32_t)floor(p * (count - 1) + 0.5)];
}

/* Median and spread of the cameras along the unit vector `axis` from `origin`: the value at
 * fraction p of (dot - shift), absolute if wanted. */
static double spread(const hl_pose *views, int32_t count, const double origin[3],
                     const double axis[3], bool absolute, double p, double *scratch)
{
    for (int32_t v = 0; v < count; v++) {
        double eye[3], r[9], offset[3];
        eye_of(&views[v], eye, r);
        combine(eye, -1, origin, offset);
        scratch[v] = hl_dot3(offset, axis);
        if (absolute)
            scratch[v] = fabs(scratch[v]);
    }
    return quantile(scratch, count, p);
}

/* ---- paths -------------------------------------------------------------------------------- */

typedef struct plane {
    double centre[3], up[3], across[3], along[3]; /* unit axes: up x across = along */
} plane;

/* Points on the closed ellipse centre + a cos(t) across + b sin(t) along, evenly in length. */
static void walk_ellipse(const plane *p, double a, double b, double height, const double focus[3],
                         hl_pose *frames, int32_t count)
{
    const int32_t steps = 4096;
    double length = 0, total = 0;
    for (int32_t i = 0; i < steps; i++) {
        const double t = two_pi * (i + 0.5) / steps;
        total += sqrt(a * a * sin(t) * sin(t) + b * b * cos(t) * cos(t));
    }
    int32_t at = 0;
    for (int32_t k = 0; k < count; k++) {
        const double want = total * k / count;
        double step = 0;
        for (; at < steps; at++) {
            const double t = two_pi * (at + 0.5) / steps;
            step = sqrt(a * a * sin(t) * sin(t) + b * b * cos(t) * cos(t));
            if (length + step > want)
                break;
            length += step;
        }
        const double t = two_pi * (at + (step > 0 ? (want - length) / step : 0)) / steps;
        double eye[3];
        combine(p->centre, a * cos(t), p->across, eye);
        combine(eye, b * sin(t), p->along, eye);
        combine(eye, height, p->up, eye);
        hl_pose_look_at(eye, focus, p->up, &frames[k]);
    }
}

static void make_orbit(hl_pose *frames, int32_t count, const hl_pose *views, int32_t view_count,
                       double *scratch)
{
    plane p;
    double eye[3], r[9], offset[3], focus[3];
    hl_camera_path_focus(views, view_count, focus, p.up);
    memcpy(p.centre, focus, sizeof focus);
    eye_of(&views[0], eye, r);
    combine(eye, -1, focus, offset);
    combine(offset, -hl_dot3(offset, p.up), p.up, p.across);
    if (hl_length3(p.across) < 1e-9)
        any_across(p.up, p.across);
    hl_normalize3(p.across, p.across);
    hl_cross3(p.up, p.across, p.along);
    for (int32_t v = 0; v < view_count; v++) {
        eye_of(&views[v], eye, r);
        combine(eye, -1, focus, offset);
        combine(offset, -hl_dot3(offset, p.up), p.up, offset);
        scratch[v] = hl_length3(offset);
    }
    const double radius = quantile(scratch, view_count, 0.5);
    const double height = spread(views, view_count, focus, p.up, false, 0.5, scratch);
    walk_ellipse(&p, radius, radius, height, focus, frames, count);
}

/* Direction, across `up`, in which the cameras spread most (2 x 2 principal axes). */
static void main_axis(plane *p, const hl_pose *views, int32_t view_count)
{
    double u[3], v[3], uu = 0, uv = 0, vv = 0;
    any_across(p->up, u);
    hl_cross3(p->up, u, v);
    for (int32_t i = 0; i < view_count; i++) {
        double eye[3], r[9], offset[3];
        eye_of(&views[i], eye, r);
        combine(eye, -1, p->centre, offset);
        const double a = hl_dot3(offset, u), b = hl_dot3(offset, v);
        uu += a * a;
        uv += a * b;
        vv += b * b;
    }
    const double angle = 0.5 * atan2(2 * uv, uu - vv);
    for (int k = 0; k < 3; k++)
        p->across[k] = cos(angle) * u[k] + sin(angle) * v[k];
    hl_cross3(p->up, p->across, p->along);
}

static void make_ellipse(hl_pose *frames, int32_t count, const hl_pose *views, int32_t view_count,
                         double *scratch)
{
    plane p;
    double focus[3];
    hl_camera_path_focus(views, view_count, focus, p.up);
    memcpy(p.centre, focus, sizeof focus);
    main_axis(&p, views, view_count);
    const double a = spread(views, view_count, p.centre, p.across, true, 0.9, scratch);
    const double b = spread(views, view_count, p.centre, p.along, true, 0.9, scratch);
    const double height = spread(views, view_count, p.centre, p.up, false, 0.5, scratch);
    walk_ellipse(&p, a, b, height, focus, frames, count);
}

static void make_spiral(hl_pose *frames, int32_t count, const hl_pose *views, int32_t view_count,
                        double *scratch)
{
    double focus[3], up[3], middle[3] = {0}, ahead[3] = {0}, axes[3][3], reach[3];
    hl_camera_path_focus(views, view_count, focus, up);
    for (int32_t v = 0; v < view_count; v++) {
        double eye[3], r[9];
        eye_of(&views[v], eye, r);
        combine(middle, 1.0 / view_count, eye, middle);
        combine(ahead, 1, r + 6, ahead);
    }
    hl_pose frame;
    double eye[3], r[9], target[3], offset[3];
    combine(middle, 1, ahead, target);
    hl_pose_look_at(middle, target, up, &frame);
    eye_of(&frame, eye, r);
    memcpy(axes, r, sizeof axes);
    for (int k = 0; k < 3; k++)
        reach[k] = spread(views, view_count, middle, axes[k], true, 0.9, scratch);
    combine(focus, -1, middle, offset);
    const double depth = hl_dot3(offset, axes[2]);
    combine(middle, depth > 0 ? depth : 1, axes[2], target);
    for (int32_t k = 0; k < count; k++) {
        const double t = 2 * two_pi * k / count;
        combine(middle, reach[0] * cos(t), axes[0], eye);
        combine(eye, reach[1] * sin(t), axes[1], eye);
        combine(eye, reach[2] * sin(t / 2), axes[2], eye);
        hl_pose_look_at(eye, target, up, &frames[k]);
    }
}

/* ---- interpolation ------------------------------------------------------------------------ */

/* Catmull and Rom 1974, through p[1] at t = 0 and p[2] at t = 1. */
static void spline(double p[4][3], double t, double out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] =
            0.5 * (2 * p[1][i] + t * (p[2][i] - p[0][i] +
                                      t * (2 * p[0][i] - 5 * p[1][i] + 4 * p[2][i] - p[3][i] +
                                           t * (3 * (p[1][i] - p[2][i]) + p[3][i] - p[0][i]))));
}

static void eye_at(const hl_pose *views, int32_t count, double s, double out[3])
{
    const int32_t k = s >= count - 1 ? (count > 1 ? count - 2 : 0) : (int32_t)s;
    double p[4][3];
    for (int i = 0; i < 4; i++) {
        const int32_t want = k - 1 + i;
        double r[9];
        eye_of(&views[want < 0 ? 0 : (want > count - 1 ? count - 1 : want)], p[i], r);
    }
    spline(p, s - k, out);
}

/* Shoemake 1985: along the shorter great arc. */
static void slerp(const double a[4], const double b[4], double t, double out[4])
{
    double dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
    const double sign = dot < 0 ? -1 : 1;
    dot = fmin(sign * dot, 1);
    const double angle = acos(dot), sine = sin(angle);
    const double ka = sine > 1e-6 ? sin((1 - t) * angle) / sine : 1 - t;
    const double kb = sign * (sine > 1e-6 ? sin(t * angle) / sine : t);
    double q[4];
    for (int i = 0; i < 4; i++)
        q[i] = ka * a[i] + kb * b[i];
    hl_quat_unit(q, out);
}

static void pose_at(const hl_pose *views, int32_t count, double s, hl_pose *out)
{
    const int32_t k = s >= count - 1 ? (count > 1 ? count - 2 : 0) : (int32_t)s;
    double a[4], b[4], eye[3], r[9];
    hl_quat_unit(views[k].q, a);
    hl_quat_unit(views[k + 1 < count ? k + 1 : k].q, b);
    slerp(a, b, s - k, out->q);
    eye_at(views, count, s, eye);
    hl_rotation(out->q, r);
    hl_mul3(r, eye, out->t);
    for (int i = 0; i < 3; i++)
        out->t[i] = -out->t[i];
}

/* lengths: (segments * CURVE_STEPS + 1) distance from the start at evenly spaced parameters. */
static void make_interp(hl_pose *frames, int32_t count, const hl_pose *views, int32_t view_count,
                        double *lengths)
{
    const int32_t steps = (view_count - 1) * CURVE_STEPS;
    double before[3], eye[3];
    eye_at(views, view_count, 0, before);
    lengths[0] = 0;
    for (int32_t i = 1; i <= steps; i++) {
        double move[3];
        eye_at(views, view_count, (double)i / CURVE_STEPS, eye);
        combine(eye, -1, before, move);
        lengths[i] = lengths[i - 1] + hl_length3(move);
        memcpy(before, eye, sizeof eye);
    }
    const double total = lengths[steps];
    int32_t at = 0;
    for (int32_t k = 0; k < count; k++) {
        const double fraction = count > 1 ? (double)k / (count - 1) : 0;
        double s = fraction * (view_count - 1);
        if (total > 0) {
            while (at + 1 < steps && lengths[at + 1] < fraction * total)
                at++;
            const double step = lengths[at + 1] - lengths[at];
            s = (at + (step > 0 ? (fraction * total - lengths[at]) / step : 0)) / CURVE_STEPS;
        }
        pose_at(views, view_count, fmin(fmax(s, 0), view_count - 1), &frames[k]);
    }
}

hl_status hl_camera_path_make(hl_pose *frames, int32_t count, hl_path_kind kind,
                              const hl_pose *views, int32_t view_count)
{
    if (count < 1 || count > HL_PATH_FRAMES_MAX || view_count < 1)
        return hl_fail(HL_E_ARG, "camera path: %d frames from %d views; 1..%d from 1 or more",
                       count, view_count, HL_PATH_FRAMES_MAX);
    double *scratch = hl_alloc((size_t)view_count * CURVE_STEPS + 2, sizeof *scratch);
    if (!scratch)
        return HL_E_MEMORY;
    switch (kind) {
    case HL_PATH_ORBIT:
        make_orbit(frames, count, views, view_count, scratch);
        break;
    case HL_PATH_SPIRAL:
        make_spiral(frames, count, views, view_count, scratch);
        break;
    case HL_PATH_ELLIPSE:
        make_ellipse(frames, count, views, view_count, scratch);
        break;
    case HL_PATH_INTERP:
        make_interp(frames, count, views, view_count, scratch);
        break;
    }
    hl_free(scratch);
    return HL_OK;
}
