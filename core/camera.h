/* SPDX-License-Identifier: MIT */
/* core/camera.h -- cameras: intrinsics with COLMAP's distortion models, and poses.
 *
 * Axes: x right, y down, z forward.  Pixels: the first pixel's corner is (0, 0), its centre
 * (0.5, 0.5).  A model maps the normalised point (u, v) = (x/z, y/z) to pixels.  Model numbers
 * and parameter order are COLMAP's (docs/formats.md), so that files need no table of their own.
 * Source of the models: COLMAP documentation, "Camera Models"; OpenCV calib3d and fisheye pages.
 */
#ifndef HL_CORE_CAMERA_H
#define HL_CORE_CAMERA_H

#include "core/hd.h"

#include <stdint.h>

typedef enum hl_camera_model {
    HL_CAMERA_SIMPLE_PINHOLE = 0,        /* f cx cy                                  */
    HL_CAMERA_PINHOLE = 1,               /* fx fy cx cy                              */
    HL_CAMERA_SIMPLE_RADIAL = 2,         /* f cx cy k                                */
    HL_CAMERA_RADIAL = 3,                /* f cx cy k1 k2                            */
    HL_CAMERA_OPENCV = 4,                /* fx fy cx cy k1 k2 p1 p2                  */
    HL_CAMERA_OPENCV_FISHEYE = 5,        /* fx fy cx cy k1 k2 k3 k4                  */
    HL_CAMERA_FULL_OPENCV = 6,           /* fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6      */
    HL_CAMERA_FOV = 7,                   /* fx fy cx cy omega                        */
    HL_CAMERA_SIMPLE_RADIAL_FISHEYE = 8, /* f cx cy k                                */
    HL_CAMERA_RADIAL_FISHEYE = 9,        /* f cx cy k1 k2                            */
    HL_CAMERA_THIN_PRISM_FISHEYE = 10    /* fx fy cx cy k1 k2 p1 p2 k3 k4 sx1 sy1    */
} hl_camera_model;

#define HL_CAMERA_MODELS     11
#define HL_CAMERA_PARAMS_MAX 12

typedef struct hl_camera {
    uint32_t id; /* of the file it came from */
    hl_camera_model model;
    int32_t width, height; /* pixels, > 0 */
    double params[HL_CAMERA_PARAMS_MAX];
} hl_camera;

/* camera_from_world: x_in_camera = R(q) x_in_world + t */
typedef struct hl_pose {
    double q[4]; /* w, x, y, z, unit */
    double t[3]; /* unit of the scene */
} hl_pose;

#endif /* HL_CORE_CAMERA_H */
