/* SPDX-License-Identifier: MIT */
#include "viewer/orbit.h"

#include "core/camera_path.h"

#include <math.h>

#define DEGREE    0.017453292519943295
#define PITCH_MAX (89 * DEGREE)

static double clamp(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

static void normalize(double x[3])
{
    const double n = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    for (int k = 0; k < 3; k++)
        x[k] = n > 0 ? x[k] / n : (k == 1 ? -1.0 : 0.0);
}

static void cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* Two unit vectors across `up`: straight ahead at yaw 0, and at a quarter turn. */
static void level(const double up[3], double ahead[3], double side[3])
{
    const double z[3] = {0, 0, 1}, x[3] = {1, 0, 0};
    const double *seed = fabs(up[2]) < 0.9 ? z : x;
    const double along = seed[0] * up[0] + seed[1] * up[1] + seed[2] * up[2];
    for (int k = 0; k < 3; k++)
        ahead[k] = seed[k] - along * up[k];
    normalize(ahead);
    cross(ahead, up, side);
}

static void look_along(const hl_orbit *o, double out[3])
{
    double ahead[3], side[3];
    level(o->up, ahead, side);
    for (int k = 0; k < 3; k++)
        out[k] = cos(o->pitch) * (cos(o->yaw) * ahead[k] + sin(o->yaw) * side[k]) -
                 sin(o->pitch) * o->up[k];
}

void hl_orbit_frame(hl_orbit *orbit, const double low[3], const double high[3], const double up[3])
{
    double radius = 0;
    *orbit = (hl_orbit){.yaw = 0, .pitch = 15 * DEGREE, .fov_y = 50 * DEGREE};
    for (int k = 0; k < 3; k++) {
        orbit->target[k] = 0.5 * (low[k] + high[k]);
        orbit->up[k] = up[k];
        radius += 0.25 * (high[k] - low[k]) * (high[k] - low[k]);
    }
    normalize(orbit->up);
    radius = radius > 0 ? sqrt(radius) : 1;
    orbit->distance = clamp(radius / sin(0.5 * orbit->fov_y), 1e-6, 1e9);
}

void hl_orbit_stand(hl_orbit *orbit, const hl_pose *camera_from_world, double fov_y,
                    double distance)
{
    const hl_pose *p = camera_from_world;
    const double w = p->q[0], x = p->q[1], y = p->q[2], z = p->q[3];
    /* Rows of the rotation: right, down and forward in the world. */
    const double r[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
                         2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                         2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
    double ahead[3], side[3], height = 0, along = 0, across = 0;
    level(orbit->up, ahead, side);
    for (int k = 0; k < 3; k++) {
        const double eye = -(r[k] * p->t[0] + r[3 + k] * p->t[1] + r[6 + k] * p->t[2]);
        orbit->target[k] = eye + distance * r[6 + k];
        height += r[6 + k] * orbit->up[k];
        along += r[6 + k] * ahead[k];
        across += r[6 + k] * side[k];
    }
    orbit->yaw = atan2(across, along);
    orbit->pitch = clamp(asin(clamp(-height, -1, 1)), -PITCH_MAX, PITCH_MAX);
    orbit->distance = clamp(distance, 1e-6, 1e9);
    orbit->fov_y = fov_y;
    orbit->exact = true;
    orbit->pose = *p;
}

void hl_orbit_turn(hl_orbit *orbit, double yaw, double pitch)
{
    orbit->exact = false;
    orbit->yaw = remainder(orbit->yaw + yaw, 360 * DEGREE);
    orbit->pitch = clamp(orbit->pitch + pitch, -PITCH_MAX, PITCH_MAX);
}

void hl_orbit_move(hl_orbit *orbit, double right, double down, double forward)
{
    double f[3], r[3], d[3];
    look_along(orbit, f);
    cross(f, orbit->up, r);
    normalize(r);
    cross(f, r, d);
    orbit->exact = false;
    for (int k = 0; k < 3; k++)
        orbit->target[k] += orbit->distance * (right * r[k] + down * d[k] + forward * f[k]);
}

void hl_orbit_dolly(hl_orbit *orbit, double factor)
{
    orbit->exact = false;
    orbit->distance = clamp(orbit->distance * factor, 1e-6, 1e9);
}

void hl_orbit_pose(const hl_orbit *orbit, hl_pose *out)
{
    double f[3], eye[3];
    if (orbit->exact) {
        *out = orbit->pose;
        return;
    }
    look_along(orbit, f);
    for (int k = 0; k < 3; k++)
        eye[k] = orbit->target[k] - orbit->distance * f[k];
    hl_pose_look_at(eye, orbit->target, orbit->up, out);
}

hl_status hl_orbit_view(const hl_orbit *orbit, int32_t width, int32_t height, hl_raster_view *out)
{
    hl_pose pose;
    const double f = 0.5 * height / tan(0.5 * orbit->fov_y);
    const hl_camera camera = {.model = HL_CAMERA_SIMPLE_PINHOLE,
                              .width = width,
                              .height = height,
                              .params = {f, 0.5 * width, 0.5 * height}};
    hl_orbit_pose(orbit, &pose);
    return hl_raster_view_from_camera(out, &camera, &pose);
}
