/* SPDX-License-Identifier: MIT */
/* sfm/compare.h -- how far poses are from true ones, whatever frame and scale they are in.
 *
 * Centres and rotations: after the similarity that brings the camera centres together (Umeyama
 * 1991, least squares).  AUC: over all pairs of photos, the larger of the errors of relative
 * rotation and of direction of relative motion, in degrees; the area under the curve of its
 * cumulative share up to a limit, in percent (as in IMC and sfm.md 7.1).  Photos without a pose
 * count 180 degrees in each of their pairs.
 */
#ifndef HL_SFM_COMPARE_H
#define HL_SFM_COMPARE_H

#include "core/camera.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#define HL_COMPARE_LIMITS 5

typedef struct hl_pose_comparison {
    int32_t count;                      /* photos with truth         */
    int32_t compared;                   /* of these, with a pose too */
    double center_mean, center_max;     /* units of the truth */
    double rotation_mean, rotation_max; /* degrees            */
    double auc[HL_COMPARE_LIMITS];      /* at hl_compare_limits, percent */
} hl_pose_comparison;

/* Degrees: 0.25, 0.5, 1, 3, 5. */
extern const double hl_compare_limits[HL_COMPARE_LIMITS];

/* poses, truth (count) camera_from_world; has_pose (count).  HL_E_ARG where fewer than three photos
 * have both or their centres lie in one place; HL_E_MEMORY.  Stateless. */
hl_status hl_pose_compare(hl_pose_comparison *out, const hl_pose *poses, const bool *has_pose,
                          const hl_pose *truth, int32_t count);

#endif /* HL_SFM_COMPARE_H */
