/* SPDX-License-Identifier: MIT */
/* sfm/map/map_adjust.h -- bundle adjustment of the whole model or of one photo's neighbourhood. */
#ifndef HL_SFM_MAP_ADJUST_H
#define HL_SFM_MAP_ADJUST_H

#include "sfm/map/map_scene.h"

typedef struct hl_map_adjustment {
    int32_t around;       /* photo whose neighbourhood is adjusted; < 0: everything    */
    bool poses_fixed;     /* intrinsics and points alone                               */
    bool rotations_fixed; /* centres, intrinsics and points alone                      */
    bool cameras_fixed;   /* poses and points alone                                    */
    bool free_center;     /* the principal point too, under a prior of 1 % of the size */
    int32_t iterations;   /* 0: the default of hl_bundle_adjust                        */
    double tolerance;     /* 0: likewise                                               */
    double *camera_sigma; /* (camera_count, HL_CAMERA_PARAMS_MAX) out; NULL           */
} hl_map_adjustment;

/* Poses, points and cameras of the scene move to the minimum.  Frame: the first photo stays. */
hl_status hl_map_adjust(hl_map_scene *s, const hl_map_adjustment *how, hl_bundle_report *report);

/* The pose of one photo from features and their points, by a robust adjustment of that pose alone.
 * pose: in and out. */
hl_status hl_map_refine_pose(const hl_map_scene *s, int32_t image, const int32_t *features,
                             const int32_t *points, int32_t count, double loss_px, hl_pose *pose);

/* Sigma of the prior on the principal point, pixels. */
double hl_map_center_sigma(const hl_camera *camera);

#endif /* HL_SFM_MAP_ADJUST_H */
