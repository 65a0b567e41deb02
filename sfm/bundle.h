/* SPDX-License-Identifier: MIT */
/* sfm/bundle.h -- bundle adjustment: poses, intrinsics and points that make the squared
 * reprojection errors least, by Levenberg and Marquardt on the Schur complement.
 *
 *   cost = 1/2 sum rho(|pi(camera, R X + t) - x|^2 / sigma^2) + 1/2 sum of squared priors
 *
 * Points are eliminated; the reduced system of poses and intrinsics, kept as one block for each two
 * images that share a point, is solved by Cholesky while it is small and by conjugate gradients
 * beyond (block-Jacobi preconditioner).
 * Robust losses act by reweighting with rho' (Triggs' second-order term is left out, so that the
 * system stays positive definite).  Sources: Triggs et al. 2000, "Bundle Adjustment -- A Modern
 * Synthesis"; Agarwal et al. 2010, "Bundle Adjustment in the Large"; Nielsen 1999 (damping).
 *
 * All double.  Same bytes for any thread count.  Stateless; not to be called from inside
 * hl_parallel_for.
 */
#ifndef HL_SFM_BUNDLE_H
#define HL_SFM_BUNDLE_H

#include "core/camera.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

/* One point seen in one image. */
typedef struct hl_sight {
    int32_t image; /* index into poses */
    double x, y;   /* pixels           */
    double sigma;  /* pixels, > 0      */
} hl_sight;

/* Gaussian priors on the parameters of a camera, in the order of hl_camera.params. */
typedef struct hl_camera_prior {
    double mean[HL_CAMERA_PARAMS_MAX];
    double sigma[HL_CAMERA_PARAMS_MAX]; /* <= 0: no prior on that one */
} hl_camera_prior;

typedef struct hl_pose_prior {
    hl_pose pose;          /* camera_from_world                        */
    double center_sigma;   /* scene units, <= 0: none                  */
    double rotation_sigma; /* rad, <= 0: none                          */
} hl_pose_prior;

/* Bits of pose_fixed: rotation about x, y, z of the camera, then translation along them. */
#define HL_POSE_FIXED      0x3fu
#define HL_POSE_FIXED_TURN 0x07u
#define HL_POSE_FIXED_X    0x08u

typedef struct hl_bundle_problem {
    int32_t image_count;
    hl_pose *poses;                  /* (image_count), in and out                           */
    const int32_t *image_camera;     /* (image_count), index into cameras                   */
    const uint8_t *pose_fixed;       /* (image_count) bits; NULL: all free                  */
    const hl_pose_prior *pose_prior; /* (image_count); NULL: none                          */

    int32_t camera_count;
    hl_camera *cameras;                  /* (camera_count), in and out; not FOV           */
    const uint32_t *camera_free;         /* (camera_count) bit i: params[i] is free; NULL: none */
    const hl_camera_prior *camera_prior; /* (camera_count); NULL: none                    */

    int32_t point_count;
    double *points;             /* (point_count, 3), in and out                            */
    const uint8_t *point_fixed; /* (point_count) 1: stays; NULL: all free                  */
    const int64_t *track_start; /* (point_count + 1), rising from 0                        */
    const hl_sight *sights;     /* (track_start[point_count]), those of a point together   */
} hl_bundle_problem;

typedef enum hl_bundle_loss {
    HL_LOSS_SQUARED = 0,
    HL_LOSS_HUBER, /* Huber 1964                 */
    HL_LOSS_CAUCHY /* log(1 + s), Lorentzian     */
} hl_bundle_loss;

typedef enum hl_bundle_solver {
    HL_SOLVER_AUTO = 0, /* dense up to HL_BUNDLE_DENSE_MAX unknowns */
    HL_SOLVER_DENSE,
    HL_SOLVER_PCG
} hl_bundle_solver;

/* Unknowns of the reduced system above which AUTO takes conjugate gradients: 500 photos.  Where an
 * image shares points with some thirty others Cholesky is the faster one to about 200 photos and
 * three times slower at 1000 (docs/results.md); it does not care how well the system is
 * conditioned. */
#define HL_BUNDLE_DENSE_MAX 3000

/* Zero is the default. */
typedef struct hl_bundle_options {
    hl_bundle_loss loss;
    double loss_scale;  /* sigmas where the loss leaves the square; 0: 1    */
    int32_t iterations; /* at most; 0: 50                                   */
    double tolerance;   /* relative decrease of the cost that ends; 0: 1e-6 */
    hl_bundle_solver solver;
    double *camera_sigma; /* (camera_count, HL_CAMERA_PARAMS_MAX) out: posterior standard
                             deviations scaled by the residuals' own; -1 where not free or the
                             solver is PCG.  NULL: not wanted */
} hl_bundle_options;

typedef struct hl_bundle_report {
    int32_t iterations;     /* steps tried                                                */
    int32_t accepted;       /* of these                                                   */
    int32_t pcg_iterations; /* in all, 0 with the dense solver                            */
    double initial_cost;    /* as in the formula above                                    */
    double final_cost;
    double rms_px;  /* of the residual vectors' lengths, unweighted, in front     */
    int64_t behind; /* sights whose point is not in front of the camera at the end */
    bool converged;
} hl_bundle_report;

/* options and report may be NULL.
 *
 * A sight whose point lies behind its camera costs a constant and pulls at nothing, so that no
 * step moves points there.  Free parameters of cameras without sights keep their values.
 *
 * Errors: HL_E_ARG (indices, sigma, models, values that are not finite), HL_E_MEMORY,
 * HL_E_INTERRUPT (poses and points then hold the last accepted step). */
hl_status hl_bundle_adjust(const hl_bundle_problem *problem, const hl_bundle_options *options,
                           hl_bundle_report *report);

/* Bytes that hl_bundle_adjust takes for a problem of this size: a bound where each image shares
 * points with HL_BUNDLE_NEIGHBORS others at most in the mean. */
#define HL_BUNDLE_NEIGHBORS 400
uint64_t hl_bundle_bytes(int32_t images, int32_t camera_unknowns, int64_t points, int64_t sights);

#endif /* HL_SFM_BUNDLE_H */
