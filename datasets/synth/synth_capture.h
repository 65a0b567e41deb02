/* SPDX-License-Identifier: MIT */
/* datasets/synth/synth_capture.h -- what stands behind the opaque hl_synthetic. */
#ifndef HL_DATASETS_SYNTH_CAPTURE_H
#define HL_DATASETS_SYNTH_CAPTURE_H

#include "datasets/synth/synth_scene.h"
#include "datasets/synthetic.h"

struct hl_synthetic {
    hl_synthetic_options options; /* defaults filled in */
    hl_synth_scene scene;
    double light_s; /* seconds that hl_synthetic_create took */
};

/* A camera ready for rays: world rays of pixels. */
typedef struct hl_synth_eye {
    double origin[3];
    double world_from_camera[9];
    double fx, fy, cx, cy;
    double spread; /* side of a pixel at distance 1 in the middle */
} hl_synth_eye;

void hl_synth_eye_make(const hl_camera *camera, const hl_pose *pose, hl_synth_eye *eye);

/* Ray through pixel position (x, y); *per_depth: its length per unit of depth. */
void hl_synth_eye_ray(const hl_synth_eye *eye, double x, double y, hl_synth_ray *ray,
                      double *per_depth);

/* Pixel position and depth of a world point; false behind the camera. */
bool hl_synth_eye_project(const hl_synth_eye *eye, const double point[3], double xy[2],
                          double *depth);

/* Camera on a sphere about `target`, looking at it, upright. */
void hl_synth_look(const double target[3], double azimuth, double elevation, double radius,
                   hl_pose *pose);

uint8_t hl_synth_byte(double srgb);

#endif /* HL_DATASETS_SYNTH_CAPTURE_H */
