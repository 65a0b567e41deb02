/* SPDX-License-Identifier: MIT */
/* sfm/global.h -- the two solvers of the global mapper: all rotations at once, then all positions.
 *
 *   relative rotations of pairs -> rotations of photos         hl_rotations_average
 *   rays of tracks in the world -> camera centres and points   hl_positions_solve
 *
 * hl_mapper_run with HL_MAPPER_GLOBAL joins them (sfm/global/), and adjusts the outcome.
 *
 * Sources: Chatterjee and Govindu 2013, "Efficient and Robust Large-Scale Rotation Averaging" (L1,
 * then reweighted squares); Pan et al. 2024, "Global Structure-from-Motion Revisited" (points and
 * centres together from a random start); Zhuang et al. 2018, "Baseline Desensitizing in
 * Translation Averaging" (a residual that is bounded and bilinear).
 *
 * All double.  Same bytes for any thread count.  Not to be called from inside hl_parallel_for.
 */
#ifndef HL_SFM_GLOBAL_H
#define HL_SFM_GLOBAL_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

/* One pair of photos. */
typedef struct hl_turn_edge {
    int32_t a, b;       /* different */
    double b_from_a[9]; /* rotation  */
    double weight;      /* > 0, such as matches: edges of the first tree are those with most */
} hl_turn_edge;

#define HL_ROTATIONS_LOOSE_DEG 10 /* edges further off are dropped */

/* rotations (count, 9): out, camera_from_world, of the photos of the largest connected part; one
 * of them is the identity.  has (count): out, in that part.  kept (edge_count): out, the edge is
 * in that part and agrees within HL_ROTATIONS_LOOSE_DEG; NULL: not wanted.
 * Without edges no photo has a rotation.  Errors: HL_E_ARG (indices), HL_E_MEMORY. */
hl_status hl_rotations_average(double *rotations, bool *has, bool *kept, int32_t count,
                               const hl_turn_edge *edges, int32_t edge_count);

/* A photo that sees a point. */
typedef struct hl_ray_sight {
    int32_t image;
    double ray[3]; /* in the world, of unit length */
    double weight; /* > 0                          */
} hl_ray_sight;

typedef struct hl_position_problem {
    int32_t image_count, point_count;
    double *centers;            /* (image_count, 3) out                     */
    double *points;             /* (point_count, 3) out                     */
    const int64_t *track_start; /* (point_count + 1), rising from 0         */
    const hl_ray_sight *sights; /* (track_start[point_count])               */
    uint64_t seed;              /* of the random start                      */
    int32_t iterations;         /* at most; 0: 100                          */
} hl_position_problem;

typedef struct hl_position_report {
    int32_t iterations;
    double initial_cost, final_cost; /* sum of weight * huber(|ray - d (X - c)|) */
} hl_position_report;

/* Centres and points that their rays agree with, up to a similarity without turn; centres about
 * the origin, at a mean square distance of 1.  A photo without sights stays at the origin.
 * report may be NULL.  Errors: HL_E_ARG (indices, values that are not finite, nothing to place),
 * HL_E_MEMORY, HL_E_INTERRUPT. */
hl_status hl_positions_solve(const hl_position_problem *problem, hl_position_report *report);

/* Two photos with a fundamental matrix, pixels: x_b^T f x_a = 0. */
typedef struct hl_focal_pair {
    int32_t camera_a, camera_b;
    double f[9];
    double weight; /* > 0, such as matches */
} hl_focal_pair;

typedef struct hl_focal_camera {
    double center[2]; /* principal point, pixels                            */
    double focal;     /* pixels; in: the truth where fixed; out: estimate   */
    double low, high; /* range of the search, pixels                        */
    bool fixed;
    bool found; /* out: pairs say something about it (true where fixed)  */
} hl_focal_camera;

/* Focal lengths of all cameras from the fundamental matrices of pairs ("view-graph calibration",
 * Sweeney et al. 2015): E = K_b^T F K_a has two equal singular values.  Cameras are searched in
 * turn, each over its whole range with a bounded penalty, until none moves.
 * Errors: HL_E_ARG (indices, ranges), HL_E_MEMORY. */
hl_status hl_view_graph_focals(hl_focal_camera *cameras, int32_t camera_count,
                               const hl_focal_pair *pairs, int32_t pair_count);

#endif /* HL_SFM_GLOBAL_H */
