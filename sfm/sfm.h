/* SPDX-License-Identifier: MIT */
/* sfm/sfm.h -- structure from motion in one call: photos in, cameras and points out.
 *
 *   features of each photo -> pairs -> matches -> two-view geometry -> focal length by vote
 *   (where it is not known) -> mapper, incremental or global -> colours
 *
 * Same bytes for any thread count.  Progress goes through core/log.h (stages "features", "match",
 * "map"); hl_interrupt_request stops it.  With a cache nothing that was found is lost then: the
 * next call goes on from there and gives the bytes of a run that was never stopped.
 */
#ifndef HL_SFM_SFM_H
#define HL_SFM_SFM_H

#include "core/views.h"
#include "sfm/feature.h"
#include "sfm/mapper.h"
#include "sfm/match.h"
#include "sfm/pairs.h"
#include "sfm/two_view.h"

/* Lists of sfm/pairs.h. */
typedef enum hl_sfm_pairing {
    HL_SFM_PAIRS_AUTO = 0, /* hl_pairs_choose */
    HL_SFM_PAIRS_EXHAUSTIVE,
    HL_SFM_PAIRS_SEQUENTIAL, /* quadratic */
    HL_SFM_PAIRS_RETRIEVAL
} hl_sfm_pairing;

/* Zero is the default. */
typedef struct hl_sfm_options {
    uint64_t seed;
    const char *cache;        /* folder for features and matches, made; NULL: none */
    const char *database;     /* COLMAP database whose features and matches are taken; NULL: none */
    bool database_features;   /* its features alone: pairs are chosen and matched here            */
    const char *database_out; /* file for features and matches, in that form; NULL: none          */
    hl_feature_options features;
    hl_match_options match;
    hl_two_view_options two_view;
    hl_map_options map;
    hl_sfm_pairing pairing;
    int32_t overlap;       /* of sequential pairs; 0: HL_PAIRS_OVERLAP                     */
    int32_t nearest;       /* of retrieval; 0: HL_PAIRS_NEAREST                            */
    bool intrinsics_known; /* the cameras of the views are right: nothing of them is free  */
    bool focal_known;      /* their focal lengths are near: no vote, but refined           */
    bool set_model;        /* estimate `model` instead of SIMPLE_RADIAL                    */
    hl_camera_model model;
    bool known_poses; /* the poses of the views are right: points alone are made; read the way
                         (inverted or not, axes) in which they fit the matches, with a line   */
} hl_sfm_options;

typedef struct hl_sfm_pair {
    int32_t image_a, image_b;
    int32_t matches; /* before the check of geometry */
    int32_t inliers;
    hl_two_view_config config;
    double angle_deg; /* median between rays; 0: no motion */
} hl_sfm_pair;

typedef enum hl_sfm_stage { HL_SFM_FEATURES, HL_SFM_MATCH, HL_SFM_MAP, HL_SFM_STAGES } hl_sfm_stage;

typedef struct hl_sfm_result {
    int32_t image_count;
    hl_features *features; /* (image_count) keypoints alone; descriptors are NULL            */
    int32_t pair_count;
    hl_sfm_pair *pairs; /* (pair_count) all that were matched, by image_a, then image_b      */
    int32_t camera_count;
    double focal_px; /* focal length of the first camera as pairs tell; 0: none */
    hl_mapping mapping;
    uint8_t **colors;                  /* (model_count) of (point_count, 3) sRGB             */
    double cpu_seconds[HL_SFM_STAGES]; /* user and system, all threads                       */
    hl_arena arena;
} hl_sfm_result;

/* views: photos with names, paths, masks and start cameras; poses where options say so.
 *
 * A set without any model is a result (mapping.model_count 0), not an error: the fates say why.
 * Errors: HL_E_ARG (fewer than two photos), HL_E_IO and HL_E_FORMAT of a photo, HL_E_MEMORY,
 * HL_E_INTERRUPT.  On error *result is untouched. */
hl_status hl_sfm_run(hl_sfm_result *result, const hl_views *views, const hl_sfm_options *options);
/* About the most memory that it will take, bytes; from sizes and options alone. */
uint64_t hl_sfm_bytes(const hl_views *views, const hl_sfm_options *options);
void hl_sfm_result_release(hl_sfm_result *result);

/* "registered", "no verified pair", ... */
const char *hl_map_reason_name(hl_map_reason reason);

/* "incremental", "global", "auto" */
const char *hl_map_method_name(hl_map_method method);

#endif /* HL_SFM_SFM_H */
