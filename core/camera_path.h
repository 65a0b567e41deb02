/* SPDX-License-Identifier: MIT */
/* core/camera_path.h -- camera paths: made from the poses of a capture, or read from a file.
 *
 *   orbit     a circle around the point that the cameras look at, at their median distance and
 *             height, from the first camera on
 *   ellipse   the ellipse that holds 90 % of the cameras, seen from above (after Barron et al.
 *             2022, mip-NeRF 360)
 *   spiral    two turns around the mean camera, as wide as 90 % of them (after Mildenhall et al.
 *             2019, LLFF)
 *   interp    through all cameras in the given order: Catmull-Rom positions, slerped rotations
 *
 * The closed paths end where they began, less one step.  Frames of ellipse and interp are evenly
 * spaced in length.  All arithmetic is in double.  Stateless; any thread.
 */
#ifndef HL_CORE_CAMERA_PATH_H
#define HL_CORE_CAMERA_PATH_H

#include "core/arena.h"
#include "core/camera.h"

typedef enum hl_path_kind {
    HL_PATH_ORBIT,
    HL_PATH_SPIRAL,
    HL_PATH_ELLIPSE,
    HL_PATH_INTERP
} hl_path_kind;

#define HL_PATH_FRAMES_MAX 1000000

/* frames (count): out.  views (view_count >= 1): camera_from_world.
 * Errors: HL_E_ARG (counts), HL_E_MEMORY. */
hl_status hl_camera_path_make(hl_pose *frames, int32_t count, hl_path_kind kind,
                              const hl_pose *views, int32_t view_count);

/* The point nearest to all optical axes (least squares), and the mean up direction (unit). */
void hl_camera_path_focus(const hl_pose *views, int32_t view_count, double focus[3], double up[3]);

/* The pose of a camera at `eye` that looks at `target`; `up` shows upwards in the picture. */
void hl_pose_look_at(const double eye[3], const double target[3], const double up[3],
                     hl_pose *camera_from_world);

/* A path from a file of nerfstudio (camera_path.json): one entry per frame. */
typedef struct hl_camera_path {
    int32_t count;
    hl_pose *frames;       /* (count) camera_from_world, x right, y down, z forward */
    double *fov_y;         /* (count) rad                                           */
    int32_t width, height; /* pixels, 0 where the file does not say                 */
    double fps;            /* 0 where the file does not say                         */
} hl_camera_path;

/* Arrays come from `arena`.  Errors: HL_E_IO, HL_E_FORMAT (entry and reason), HL_E_MEMORY. */
hl_status hl_camera_path_load(hl_camera_path *out, hl_arena *arena, const char *path);

#endif /* HL_CORE_CAMERA_PATH_H */
