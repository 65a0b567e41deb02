/* SPDX-License-Identifier: MIT */
/* sfm/mapper.h -- from verified matches to cameras and points.
 *
 * Incremental, one photo after the other:
 *
 *   pair with many matches and a wide angle -> two poses, first points
 *   repeat: the photo that sees most of the points, best spread -> pose -> new points ->
 *           adjustment of its neighbourhood; of everything each time the model grew by a tenth
 *   at the end: complete, merge, filter, adjust, free the principal point under its prior
 *
 * Global, all photos at once (sfm/global.h): rotations, then centres and points together, then
 * adjustments with ever tighter filters; what is left out joins as above, and the end is the same.
 * It takes time in proportion to the number of photos, but wants focal lengths that are near.
 *
 * What cannot join becomes a further model of its own, if enough photos hold together; every photo
 * left over gets the reason, with numbers.
 *
 * Sources: Snavely et al. 2006; Schoenberger and Frahm 2016, "Structure-from-Motion Revisited"
 * (next view by the visibility pyramid, retriangulation, filtering); Pan et al. 2024, "Global
 * Structure-from-Motion Revisited".
 *
 * Same bytes for any thread count.  Not to be called from inside hl_parallel_for.
 */
#ifndef HL_SFM_MAPPER_H
#define HL_SFM_MAPPER_H

#include "core/arena.h"
#include "core/camera.h"
#include "sfm/bundle.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct hl_map_image {
    int32_t camera; /* index into cameras                                             */
    int32_t keypoint_count;
    const float *xy;    /* (keypoint_count, 2) pixels, centre of the first one (0.5, 0.5) */
    const float *sigma; /* (keypoint_count) pixels, > 0; NULL: 1                          */
} hl_map_image;

typedef struct hl_map_pair {
    int32_t image_a, image_b; /* different */
    int32_t count;
    const int32_t *match; /* (count, 2) keypoint of a, keypoint of b: verified inliers */
    bool has_pose;        /* b_from_a is known, |t| = 1 */
    hl_pose b_from_a;
    double angle_deg; /* median angle between the rays of its matches; 0: not known */
    bool flat;        /* a homography explains its matches: a plane, or no motion   */
} hl_map_pair;

typedef struct hl_map_input {
    int32_t image_count, camera_count, pair_count;
    const hl_map_image *images;
    const hl_camera *cameras;            /* start values                                     */
    const uint32_t *camera_free;         /* (camera_count) bits: parameters to refine, without
                                            the principal point; NULL: none                  */
    const hl_camera_prior *camera_prior; /* (camera_count); NULL: none                       */
    const bool *focal_guessed; /* (camera_count) nothing is known of its focal length: AUTO counts
                                  them; NULL: none is                                        */
    const hl_map_pair *pairs;
    const hl_pose *known_poses; /* (image_count) camera_from_world: nothing is registered, points
                                   alone are made; NULL: unknown */
} hl_map_input;

typedef enum hl_map_method {
    HL_MAPPER_AUTO = 0, /* incremental up to HL_MAPPER_FEW photos or where half of the focal lengths
                           are guessed, else global; where the outcome fails its test the other one
                           is tried too, but never the global one with guessed focal lengths, and
                           the better of both is taken */
    HL_MAPPER_INCREMENTAL,
    HL_MAPPER_GLOBAL
} hl_map_method;

#define HL_MAPPER_FEW        300
#define HL_MAPPER_REGISTERED 0.95 /* of the photos that pairs join: less fails the test */
#define HL_MAPPER_ERROR_PX   1.5  /* median error of points: more fails it              */

/* Zero is the default. */
typedef struct hl_map_options {
    uint64_t seed;
    hl_map_method method;
    double max_error_px;       /* of a point in a photo; 0: 4                                  */
    double resect_error_px;    /* of a new photo's points; 0: 12                               */
    double min_angle_deg;      /* of a point; 0: 1.5                                           */
    int32_t min_inliers;       /* of a new photo; 0: 30                                        */
    int32_t min_model;         /* photos of a model beside the first; 0: 3                     */
    bool keep_principal_point; /* never free it                                               */
    bool refine_poses;         /* with known poses: adjust them too                            */
} hl_map_options;

/* Why a photo is not in the first model. */
typedef enum hl_map_reason {
    HL_MAP_REGISTERED = 0,
    HL_MAP_OTHER_MODEL,  /* it is in a further model                           */
    HL_MAP_NO_KEYPOINTS, /* nothing to match (fewer than HL_MAP_FEW_KEYPOINTS) */
    HL_MAP_NO_PAIR,      /* no verified pair                                   */
    HL_MAP_NO_POINTS,    /* its matches meet no point of the model             */
    HL_MAP_FEW_INLIERS,  /* a pose was found, but too few points agree         */
    HL_MAP_FLAT,         /* there is no model, and all its pairs are flat      */
    HL_MAP_NO_START      /* no pair of its group can start a model             */
} hl_map_reason;

#define HL_MAP_FEW_KEYPOINTS 50

typedef struct hl_map_fate {
    hl_map_reason reason;
    int32_t model;     /* 0, 1, ...; -1: none                     */
    int32_t pairs;     /* verified ones                           */
    int32_t flat;      /* of these, explained by a homography     */
    int32_t best_pair; /* matches of the best one                 */
    int32_t visible;   /* points met at the last try              */
    int32_t inliers;   /* of these, agreeing with the best pose   */
    int32_t sights;    /* in its model                            */
    double error_px;   /* mean reprojection error, its sights     */
} hl_map_fate;

typedef struct hl_map_sight {
    int32_t image, keypoint;
} hl_map_sight;

typedef struct hl_map_model {
    int32_t registered; /* photos with a pose                                     */
    bool *has_pose;     /* (image_count)                                          */
    hl_pose *poses;     /* (image_count)                                          */
    hl_camera *cameras; /* (camera_count)                                         */
    int32_t point_count;
    double *points;       /* (point_count, 3)                                       */
    double *errors;       /* (point_count) mean reprojection error, pixels          */
    int64_t *track_start; /* (point_count + 1)                                      */
    hl_map_sight *tracks; /* (track_start[point_count])                             */
    double error_px;      /* mean over all sights                                   */
    bool *center_freed;   /* (camera_count) the principal point was freed and kept  */
} hl_map_model;

typedef struct hl_mapping {
    int32_t model_count;
    hl_map_model *models; /* (model_count), most photos first */
    hl_map_fate *fates;   /* (image_count)                    */
    hl_map_method method; /* that made the first model        */
    const char *note;     /* one sentence on the choice of method; NULL: nothing to say */
    hl_arena arena;       /* owns everything above            */
} hl_mapping;

/* options may be NULL.  A set in which no pair can start a model gives model_count 0 and HL_OK.
 * Errors: HL_E_ARG (indices), HL_E_MEMORY, HL_E_INTERRUPT.  On error *mapping is untouched. */
hl_status hl_mapper_run(hl_mapping *mapping, const hl_map_input *input,
                        const hl_map_options *options);
void hl_mapping_release(hl_mapping *mapping);

#endif /* HL_SFM_MAPPER_H */
