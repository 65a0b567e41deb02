/* SPDX-License-Identifier: MIT */
/* sfm/two_view.h -- what two photos say about each other: motion, plane, turn, or nothing.
 *
 * Essential matrix (when both focal lengths are known), fundamental matrix and homography are each
 * estimated robustly; their numbers of inliers decide (thresholds of COLMAP's two-view geometry,
 * Schoenberger and Frahm 2016).  Pixels are those of the full-size photos.
 */
#ifndef HL_SFM_TWO_VIEW_H
#define HL_SFM_TWO_VIEW_H

#include "core/camera.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Numbers as in COLMAP's database. */
typedef enum hl_two_view_config {
    HL_TWO_VIEW_UNDEFINED = 0,
    HL_TWO_VIEW_DEGENERATE = 1,   /* too few inliers for any model                   */
    HL_TWO_VIEW_CALIBRATED = 2,   /* essential matrix                                */
    HL_TWO_VIEW_UNCALIBRATED = 3, /* fundamental matrix                              */
    HL_TWO_VIEW_PLANAR = 4,       /* homography with a baseline                      */
    HL_TWO_VIEW_PANORAMIC = 5,    /* homography of a pure turn                       */
    HL_TWO_VIEW_WATERMARK = 7     /* a pure shift of the border: printed on both     */
} hl_two_view_config;

typedef struct hl_two_view_options {
    double threshold_px; /* largest residual of an inlier; 0: 4             */
    int32_t min_inliers; /* fewer: degenerate; 0: 15                        */
    int32_t max_trials;  /* per model; 0: 10000                             */
    uint64_t seed;
} hl_two_view_options;

typedef struct hl_two_view_input {
    const hl_camera *camera_a, *camera_b; /* parameters: a guess where the focal is unknown */
    bool focal_known;                     /* both cameras' parameters can be trusted         */
    uint64_t pair;                        /* number of the pair: the random stream           */
    int32_t count;                        /* matches                                         */
    const double *a, *b;                  /* (count, 2) pixels                             */
} hl_two_view_input;

typedef struct hl_two_view {
    hl_two_view_config config;
    int32_t inlier_count;
    int32_t essential_inliers, fundamental_inliers, homography_inliers;
    double e[9], f[9], h[9]; /* E on z = 1; F, H in pixels; zero where not estimated    */
    double r[9], t[3];       /* x_in_b = r x_in_a + t, |t| = 1 (0 for a pure turn)       */
    double median_angle;     /* between the rays of inliers, radians                    */
} hl_two_view;

/* inlier (count): out, 1 for matches that agree with the model chosen.
 * Errors: HL_E_ARG, HL_E_MEMORY; too few matches are a result (degenerate), no error.
 * Thread-safe: pairs may run side by side. */
hl_status hl_two_view_estimate(hl_two_view *out, uint8_t *inlier, const hl_two_view_input *input,
                               const hl_two_view_options *options);

/* Motion of a pair by its cameras as they are now: five points over the matches given, refined.
 * For the start of a reconstruction, whatever the configuration was. */
hl_status hl_two_view_motion(hl_two_view *out, uint8_t *inlier, const hl_two_view_input *input,
                             const hl_two_view_options *options);

const char *hl_two_view_config_name(hl_two_view_config config);

#endif /* HL_SFM_TWO_VIEW_H */
