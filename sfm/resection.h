/* SPDX-License-Identifier: MIT */
/* sfm/resection.h -- the pose of a photo from points that are already placed.
 *
 * LO-RANSAC over P3P (focal length known) or P4Pf (unknown), refined by least squares on the
 * truncated reprojection error of all points.
 */
#ifndef HL_SFM_RESECTION_H
#define HL_SFM_RESECTION_H

#include "core/camera.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct hl_resection_options {
    double threshold_px;  /* largest residual of an inlier; 0: 12            */
    int32_t max_trials;   /* 0: 10000                                        */
    bool free_focal;      /* also find the focal length (lens taken as pinhole) */
    uint64_t seed, image; /* image: the random stream                        */
} hl_resection_options;

typedef struct hl_resection {
    hl_pose camera_from_world;
    double focal; /* mean of the camera's, or as found; pixels */
    int32_t inlier_count;
    int32_t trials;
} hl_resection;

/* pixels (count, 2), points (count, 3); inlier (count): out.  inlier_count = 0: no pose found.
 * Errors: HL_E_ARG, HL_E_MEMORY.  Thread-safe. */
hl_status hl_resection_estimate(hl_resection *out, uint8_t *inlier, const hl_camera *camera,
                                const double *pixels, const double *points, int32_t count,
                                const hl_resection_options *options);

#endif /* HL_SFM_RESECTION_H */
