/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "datasets/synth/synth_shape.h"

#include "core/vec.h"

#include <math.h>
#include <string.h>

#define MARCH_STEPS   160  /* sphere tracing gives up here: a ray that grazes */
#define MARCH_NEAR    1e-6 /* length: close enough to hand over to Newton     */
#define MARCH_STRIDE  1e-5 /* length: shortest step, so that grazing ends     */
#define NEWTON_STEPS  3
#define PARALLEL_TINY 1e-14 /* direction component taken as zero */

/* hypot() guards against overflow that lengths here cannot reach, and is ten times slower. */
static double length2(double x, double y)
{
    return sqrt(x * x + y * y);
}

static const double two_pi = 6.283185307179586;

hl_synth_shape hl_synth_shape_make(hl_synth_form form, const double center[3], const double size[3],
                                   double rounding)
{
    hl_synth_shape s = {.form = form, .rounding = rounding};
    for (int i = 0; i < 3; i++) {
        s.center[i] = center[i];
        s.size[i] = size[i];
        s.axes[4 * i] = 1;
    }
    switch (form) {
    case HL_SYNTH_ELLIPSOID:
        s.bound = hl_max(size[0], hl_max(size[1], size[2]));
        break;
    case HL_SYNTH_BOX:
        s.bound = hl_length3(size);
        break;
    case HL_SYNTH_FRUSTUM:
        s.bound = length2(hl_max(size[0], size[1]), size[2]);
        break;
    case HL_SYNTH_TORUS:
        s.bound = size[0] + size[1];
        break;
    }
    s.bound *= 1 + 1e-9;
    return s;
}

void hl_synth_shape_turn(hl_synth_shape *shape, double yaw, double tilt)
{
    const double cy = cos(yaw), sy = sin(yaw), ct = cos(tilt), st = sin(tilt);
    const double about_z[9] = {cy, -sy, 0, sy, cy, 0, 0, 0, 1};
    const double about_x[9] = {1, 0, 0, 0, ct, -st, 0, st, ct};
    hl_matmul3(about_z, about_x, shape->axes);
    shape->turned = yaw != 0 || tilt != 0;
}

void hl_synth_to_local(const hl_synth_shape *shape, const double world[3], double local[3])
{
    const double p[3] = {world[0] - shape->center[0], world[1] - shape->center[1],
                         world[2] - shape->center[2]};
    if (shape->turned)
        hl_mul3_t(shape->axes, p, local);
    else
        memcpy(local, p, sizeof p);
}

void hl_synth_to_world(const hl_synth_shape *shape, const double local[3], double world[3])
{
    hl_mul3(shape->axes, local, world);
    for (int i = 0; i < 3; i++)
        world[i] += shape->center[i];
}

/* Keeps the smallest crossing inside (t_min, t_max). */
static bool take(double candidate, double t_min, double t_max, double *t)
{
    if (!(candidate > t_min && candidate < t_max))
        return false;
    *t = candidate;
    return true;
}

static bool hit_ellipsoid(const hl_synth_shape *s, const hl_synth_ray *r, double t_min,
                          double t_max, double *t)
{
    double o[3], d[3];
    for (int i = 0; i < 3; i++) {
        o[i] = r->origin[i] / s->size[i];
        d[i] = r->dir[i] / s->size[i];
    }
    const double a = hl_dot3(d, d), b = hl_dot3(o, d), c = hl_dot3(o, o) - 1;
    const double disc = b * b - a * c;
    if (disc < 0)
        return false;
    /* Numerically stable pair of roots (Press et al., section 5.6). */
    const double q = -(b + (b < 0 ? -sqrt(disc) : sqrt(disc)));
    const double t0 = q / a, t1 = q != 0 ? c / q : t0;
    return take(hl_min(t0, t1), t_min, t_max, t) || take(hl_max(t0, t1), t_min, t_max, t);
}

/* Slabs (Kay and Kajiya 1986): the part of (t_min, t_max) inside the box with half sides `half`,
 * widened to the crossings themselves.  Thin walls are the many: their thin axis goes first. */
static bool box_interval(const double half[3], const hl_synth_ray *r, double t_min, double t_max,
                         double interval[2])
{
    double near = -HUGE_VAL, far = HUGE_VAL;
    const int first = half[1] < half[2] ? 1 : 2;
    for (int k = 0; k < 3; k++) {
        const int i = (first + k) % 3;
        if (hl_abs(r->dir[i]) < PARALLEL_TINY) {
            if (hl_abs(r->origin[i]) > half[i])
                return false;
            continue;
        }
        const double inv = 1 / r->dir[i];
        const double a = (-half[i] - r->origin[i]) * inv, b = (half[i] - r->origin[i]) * inv;
        near = hl_max(near, hl_min(a, b));
        far = hl_min(far, hl_max(a, b));
        if (near > far || near >= t_max || far <= t_min)
            return false;
    }
    interval[0] = near;
    interval[1] = far;
    return true;
}

static bool hit_sharp_box(const hl_synth_shape *s, const hl_synth_ray *r, double t_min,
                          double t_max, double *t)
{
    double at[2];
    return box_interval(s->size, r, t_min, t_max, at) &&
           (take(at[0], t_min, t_max, t) || take(at[1], t_min, t_max, t));
}

/* x^2 + y^2 = (m + k z)^2 between the caps z = +-h. */
static bool hit_frustum(const hl_synth_shape *s, const hl_synth_ray *r, double t_min, double t_max,
                        double *t)
{
    const double *o = r->origin, *d = r->dir, h = s->size[2];
    const double k = (s->size[1] - s->size[0]) / (2 * h), m = (s->size[0] + s->size[1]) / 2;
    const double w = m + k * o[2];
    const double a = d[0] * d[0] + d[1] * d[1] - k * k * d[2] * d[2];
    const double b = o[0] * d[0] + o[1] * d[1] - k * d[2] * w;
    const double c = o[0] * o[0] + o[1] * o[1] - w * w;
    double found[4];
    int n = 0;
    const double disc = b * b - a * c;
    if (hl_abs(a) < PARALLEL_TINY) {
        if (hl_abs(b) > PARALLEL_TINY)
            found[n++] = -c / (2 * b);
    } else if (disc >= 0) {
        const double q = -(b + (b < 0 ? -sqrt(disc) : sqrt(disc)));
        found[n++] = q / a;
        if (q != 0)
            found[n++] = c / q;
    }
    for (int i = 0; i < n; i++) {
        const double z = o[2] + found[i] * d[2];
        if (hl_abs(z) > h || m + k * z < 0)
            found[i] = HUGE_VAL;
    }
    for (int side = 0; side < 2 && hl_abs(d[2]) > PARALLEL_TINY; side++) {
        const double at = ((side ? h : -h) - o[2]) / d[2];
        const double x = o[0] + at * d[0], y = o[1] + at * d[1], cap = s->size[side];
        found[n++] = x * x + y * y <= cap * cap ? at : HUGE_VAL;
    }
    bool any = false;
    for (int i = 0; i < n; i++)
        if (take(found[i], t_min, t_max, t)) {
            t_max = *t;
            any = true;
        }
    return any;
}

/* Signed distances, exact outside. */
static double distance_rounded_box(const hl_synth_shape *s, const double p[3])
{
    double outside = 0, inside = -HUGE_VAL;
    for (int i = 0; i < 3; i++) {
        const double q = hl_abs(p[i]) - (s->size[i] - s->rounding);
        outside += q > 0 ? q * q : 0;
        inside = hl_max(inside, q);
    }
    return sqrt(outside) + hl_min(inside, 0) - s->rounding;
}

static double distance_torus(const hl_synth_shape *s, const double p[3])
{
    return length2(length2(p[0], p[1]) - s->size[0], p[2]) - s->size[1];
}

/* Their gradients: unit. */
static void gradient_rounded_box(const hl_synth_shape *s, const double p[3], double grad[3])
{
    double q[3], outside = 0;
    int axis = 0;
    for (int i = 0; i < 3; i++) {
        q[i] = hl_abs(p[i]) - (s->size[i] - s->rounding);
        outside += q[i] > 0 ? q[i] * q[i] : 0;
        if (q[i] > q[axis])
            axis = i;
    }
    outside = sqrt(outside);
    for (int i = 0; i < 3; i++) {
        const double sign = p[i] < 0 ? -1 : 1;
        if (outside > 0)
            grad[i] = q[i] > 0 ? sign * q[i] / outside : 0;
        else
            grad[i] = i == axis ? sign : 0;
    }
}

static void gradient_torus(const hl_synth_shape *s, const double p[3], double grad[3])
{
    const double rho = length2(p[0], p[1]), x = rho - s->size[0], len = length2(x, p[2]);
    const double inv = len > 0 ? 1 / len : 0, inv_rho = rho > 0 ? 1 / rho : 0;
    grad[0] = x * inv * p[0] * inv_rho;
    grad[1] = x * inv * p[1] * inv_rho;
    grad[2] = p[2] * inv;
}

static void point_at(const hl_synth_ray *r, double t, double p[3])
{
    for (int i = 0; i < 3; i++)
        p[i] = r->origin[i] + t * r->dir[i];
}

static double distance_at(const hl_synth_shape *s, const hl_synth_ray *r, double t)
{
    double p[3];
    point_at(r, t, p);
    return s->form == HL_SYNTH_TORUS ? distance_torus(s, p) : distance_rounded_box(s, p);
}

/* Derivative of the distance along the ray. */
static double slope_at(const hl_synth_shape *s, const hl_synth_ray *r, double t)
{
    double p[3], grad[3];
    point_at(r, t, p);
    if (s->form == HL_SYNTH_TORUS)
        gradient_torus(s, p, grad);
    else
        gradient_rounded_box(s, p, grad);
    return hl_dot3(grad, r->dir);
}

/* Sphere tracing (Hart 1996) through the bounding box, then Newton along the ray. */
static bool hit_by_distance(const hl_synth_shape *s, const hl_synth_ray *r, double t_min,
                            double t_max, double *t)
{
    const double ring = s->size[0] + s->size[1];
    const double torus_half[3] = {ring, ring, s->size[1]};
    double inside[2];
    if (!box_interval(s->form == HL_SYNTH_TORUS ? torus_half : s->size, r, t_min, t_max, inside))
        return false;
    const double last = hl_min(inside[1] + MARCH_STRIDE, t_max);
    double at = hl_max(inside[0] - MARCH_STRIDE, t_min);
    const double side = distance_at(s, r, at) < 0 ? -1 : 1; /* inside rays see it reversed */
    for (int i = 0; i < MARCH_STEPS && at < last; i++) {
        const double f = side * distance_at(s, r, at);
        if (f < MARCH_NEAR && side * slope_at(s, r, at) < 0) {
            for (int j = 0; j < NEWTON_STEPS; j++) {
                const double slope = slope_at(s, r, at);
                if (hl_abs(slope) > 1e-6)
                    at -= distance_at(s, r, at) / slope;
            }
            return take(at, t_min, t_max, t);
        }
        at += hl_max(hl_abs(f), MARCH_STRIDE);
    }
    return false;
}

bool hl_synth_shape_hit(const hl_synth_shape *shape, const hl_synth_ray *world, double t_min,
                        double t_max, double *t)
{
    hl_synth_ray r;
    hl_synth_to_local(shape, world->origin, r.origin);
    if (shape->turned)
        hl_mul3_t(shape->axes, world->dir, r.dir);
    else
        memcpy(r.dir, world->dir, sizeof r.dir);
    switch (shape->form) {
    case HL_SYNTH_ELLIPSOID:
        return hit_ellipsoid(shape, &r, t_min, t_max, t);
    case HL_SYNTH_FRUSTUM:
        return hit_frustum(shape, &r, t_min, t_max, t);
    case HL_SYNTH_BOX:
        if (shape->rounding <= 0)
            return hit_sharp_box(shape, &r, t_min, t_max, t);
        return hit_by_distance(shape, &r, t_min, t_max, t);
    case HL_SYNTH_TORUS:
        return hit_by_distance(shape, &r, t_min, t_max, t);
    }
    return false;
}

/* The two axes across a face, horizontal first. */
static void face_axes(int32_t face, int *i, int *j)
{
    *i = face / 2 == 0 ? 1 : 0;
    *j = face / 2 == 2 ? 1 : 2;
}

/* Which face of a box, 2 * axis + (positive side). */
static int32_t box_face(const hl_synth_shape *s, const double p[3])
{
    double n[3];
    int axis = 0;
    if (s->rounding > 0)
        gradient_rounded_box(s, p, n);
    else
        for (int i = 0; i < 3; i++)
            n[i] = p[i] / s->size[i];
    for (int i = 1; i < 3; i++)
        if (hl_abs(n[i]) > hl_abs(n[axis]))
            axis = i;
    return 2 * axis + (n[axis] > 0);
}

static int32_t frustum_part(const hl_synth_shape *s, const double p[3])
{
    const double h = s->size[2], k = (s->size[1] - s->size[0]) / (2 * h);
    const double r = (s->size[0] + s->size[1]) / 2 + k * p[2];
    const double from_side = hl_abs(length2(p[0], p[1]) - r) / sqrt(1 + k * k);
    if (from_side <= h - hl_abs(p[2]))
        return 0;
    return p[2] < 0 ? 1 : 2;
}

void hl_synth_shape_normal(const hl_synth_shape *shape, const double local[3], double normal[3])
{
    normal[0] = normal[1] = normal[2] = 0;
    switch (shape->form) {
    case HL_SYNTH_ELLIPSOID:
        for (int i = 0; i < 3; i++)
            normal[i] = local[i] / (shape->size[i] * shape->size[i]);
        break;
    case HL_SYNTH_BOX:
        if (shape->rounding > 0) {
            gradient_rounded_box(shape, local, normal);
        } else {
            const int32_t face = box_face(shape, local);
            normal[face / 2] = face % 2 ? 1 : -1;
        }
        break;
    case HL_SYNTH_FRUSTUM: {
        const double k = (shape->size[1] - shape->size[0]) / (2 * shape->size[2]);
        const int32_t part = frustum_part(shape, local);
        if (part == 0) {
            normal[0] = local[0];
            normal[1] = local[1];
            normal[2] = -k * length2(local[0], local[1]);
        } else {
            normal[2] = part == 1 ? -1 : 1;
        }
        break;
    }
    case HL_SYNTH_TORUS:
        gradient_torus(shape, local, normal);
        break;
    }
    hl_normalize3(normal, normal);
}

int32_t hl_synth_chart_count(const hl_synth_shape *shape)
{
    return shape->form == HL_SYNTH_BOX ? 6 : shape->form == HL_SYNTH_FRUSTUM ? 3 : 1;
}

void hl_synth_chart_extent(const hl_synth_shape *shape, int32_t index, double extent[2])
{
    const double *s = shape->size, r = hl_max(s[0], s[1]);
    int i, j;
    switch (shape->form) {
    case HL_SYNTH_ELLIPSOID:
        extent[0] = two_pi * (s[0] + s[1]) / 2;
        extent[1] = two_pi / 2 * s[2];
        break;
    case HL_SYNTH_BOX:
        face_axes(index, &i, &j);
        extent[0] = 2 * s[i];
        extent[1] = 2 * s[j];
        break;
    case HL_SYNTH_FRUSTUM:
        extent[0] = index == 0 ? two_pi * r : 2 * r;
        extent[1] = index == 0 ? 2 * s[2] : 2 * r;
        break;
    case HL_SYNTH_TORUS:
        extent[0] = two_pi * s[0];
        extent[1] = two_pi * s[1];
        break;
    }
}

bool hl_synth_chart_wraps_u(const hl_synth_shape *shape, int32_t index)
{
    return shape->form == HL_SYNTH_ELLIPSOID || shape->form == HL_SYNTH_TORUS ||
           (shape->form == HL_SYNTH_FRUSTUM && index == 0);
}

bool hl_synth_chart_wraps_v(const hl_synth_shape *shape, int32_t index)
{
    (void)index;
    return shape->form == HL_SYNTH_TORUS;
}

static double turn_fraction(double y, double x)
{
    const double u = atan2(y, x) / two_pi;
    return u < 0 ? u + 1 : u;
}

hl_synth_chart hl_synth_chart_of(const hl_synth_shape *shape, const double local[3])
{
    const double *p = local, *s = shape->size;
    hl_synth_chart c = {0};
    switch (shape->form) {
    case HL_SYNTH_ELLIPSOID:
        c.u = turn_fraction(p[1] / s[1], p[0] / s[0]);
        c.v = 0.5 + asin(hl_max(-1, hl_min(1, p[2] / s[2]))) / (two_pi / 2);
        break;
    case HL_SYNTH_BOX: {
        c.index = box_face(shape, p);
        int i, j;
        face_axes(c.index, &i, &j);
        c.u = 0.5 + 0.5 * p[i] / s[i];
        c.v = 0.5 + 0.5 * p[j] / s[j];
        break;
    }
    case HL_SYNTH_FRUSTUM: {
        c.index = frustum_part(shape, p);
        const double r = hl_max(s[0], s[1]);
        c.u = c.index == 0 ? turn_fraction(p[1], p[0]) : 0.5 + 0.5 * p[0] / r;
        c.v = c.index == 0 ? 0.5 + 0.5 * p[2] / s[2] : 0.5 + 0.5 * p[1] / r;
        break;
    }
    case HL_SYNTH_TORUS:
        c.u = turn_fraction(p[1], p[0]);
        c.v = turn_fraction(p[2], length2(p[0], p[1]) - s[0]);
        break;
    }
    return c;
}

static void box_chart_point(const hl_synth_shape *shape, const hl_synth_chart *chart, double p[3])
{
    const int axis = chart->index / 2;
    int i, j;
    face_axes(chart->index, &i, &j);
    const double sign = chart->index % 2 ? 1 : -1;
    p[i] = (2 * chart->u - 1) * shape->size[i];
    p[j] = (2 * chart->v - 1) * shape->size[j];
    p[axis] = sign * shape->size[axis];
    /* Rounded edge: how far the surface falls away from the face plane, at most the rounding. */
    const double core_i = hl_max(0, hl_abs(p[i]) - (shape->size[i] - shape->rounding));
    const double core_j = hl_max(0, hl_abs(p[j]) - (shape->size[j] - shape->rounding));
    const double left = shape->rounding * shape->rounding - core_i * core_i - core_j * core_j;
    p[axis] -= sign * (shape->rounding - sqrt(hl_max(0, left)));
}

void hl_synth_chart_point(const hl_synth_shape *shape, const hl_synth_chart *chart, double local[3])
{
    const double *s = shape->size, a = two_pi * chart->u;
    switch (shape->form) {
    case HL_SYNTH_ELLIPSOID: {
        const double lat = (chart->v - 0.5) * two_pi / 2;
        local[0] = s[0] * cos(lat) * cos(a);
        local[1] = s[1] * cos(lat) * sin(a);
        local[2] = s[2] * sin(lat);
        break;
    }
    case HL_SYNTH_BOX:
        box_chart_point(shape, chart, local);
        break;
    case HL_SYNTH_FRUSTUM:
        if (chart->index == 0) {
            const double r = s[0] + (s[1] - s[0]) * chart->v;
            local[0] = r * cos(a);
            local[1] = r * sin(a);
            local[2] = (2 * chart->v - 1) * s[2];
        } else {
            const double r = hl_max(s[0], s[1]);
            local[0] = (2 * chart->u - 1) * r;
            local[1] = (2 * chart->v - 1) * r;
            local[2] = chart->index == 1 ? -s[2] : s[2];
        }
        break;
    case HL_SYNTH_TORUS: {
        const double b = two_pi * chart->v, r = s[0] + s[1] * cos(b);
        local[0] = r * cos(a);
        local[1] = r * sin(a);
        local[2] = s[1] * sin(b);
        break;
    }
    }
}
