/* SPDX-License-Identifier: MIT */
/* tests/sfm/ring_scene.h -- cameras on a ring around random points, with exact truth: the scene of
 * the adjustment and mapper tests. */
#ifndef HL_TESTS_RING_SCENE_H
#define HL_TESTS_RING_SCENE_H

#include "core/camera.h"
#include "sfm/bundle.h"

typedef struct ring_options {
    int32_t images, points;
    hl_camera_model model;
    int32_t cameras; /* 1: shared; images: one each   */
    double noise_px; /* standard deviation per axis   */
    double arc;      /* rad covered by the ring       */
    int32_t views;   /* consecutive images that see a point; 0: all */
    uint64_t seed;
} ring_options;

typedef struct ring_scene {
    ring_options o;
    hl_camera *cameras;
    hl_pose *poses;
    int32_t *image_camera;
    double *points;
    int64_t *track_start;
    hl_sight *sights;
} ring_scene;

/* Asserts on failure. */
void ring_create(ring_scene *scene, const ring_options *options);
void ring_release(ring_scene *scene);

/* A copy to disturb; released like the original. */
void ring_copy(ring_scene *out, const ring_scene *scene);

/* Adds Gaussian noise to rotations (rad), translations and points (scene units). */
void ring_disturb(ring_scene *scene, double rotation, double translation, double point);

hl_bundle_problem ring_problem(ring_scene *scene);

/* Pixel of a world point, by the definition of core/camera_model.h; false: behind. */
int ring_project(const hl_camera *camera, const hl_pose *pose, const double x[3], double px[2]);

/* Largest differences of poses after the similarity that brings camera centres together (Umeyama
 * 1991, here by fixing the frame of image 0 and the distance 0-1): rotation rad, centre units. */
void ring_compare(const ring_scene *truth, const hl_pose *poses, double *rotation, double *center);

#endif /* HL_TESTS_RING_SCENE_H */
