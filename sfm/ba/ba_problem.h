/* SPDX-License-Identifier: MIT */
/* sfm/ba/ba_problem.h -- the working state of one bundle adjustment, shared by its parts.
 *
 * Unknowns of the reduced system: 6 per image that is not wholly fixed (rotation w, translation
 * t: R' = exp(w) R, t' = exp(w) t + dt, so x' = exp(w) x + dt), then the free parameters of each
 * camera.  A fixed component of a free image keeps its row, with a zero Jacobian and a one on the
 * diagonal.
 *
 * Sights are kept point by point and, inside a point, camera by camera: a "run" is the stretch of
 * one point's sights in one camera.
 */
#ifndef HL_SFM_BA_PROBLEM_H
#define HL_SFM_BA_PROBLEM_H

#include "sfm/bundle.h"

#include <stddef.h>

#define HL_BA_POINT_BLOCK 256 /* points of one block of work */
#define HL_BA_DAMP_MIN    1e-9
#define HL_BA_DAMP_MAX    1e16
#define HL_BA_DEPTH_MIN   1e-9 /* scene units: nearer is "behind" */
#define HL_BA_BEHIND_COST 1e4  /* squared sigmas of a sight from behind */

/* Jacobian of one sight, whitened and weighted: r (2), jp (2,3), jc (2,6), jk (2,slots). */
enum { HL_BA_R = 0, HL_BA_JP = 2, HL_BA_JC = 8, HL_BA_JK = 20 };

typedef struct hl_ba_sight {
    int32_t image, point;
    double x, y;      /* pixels     */
    double sigma_inv; /* 1 / pixels */
} hl_ba_sight;

typedef struct hl_ba_run {
    int64_t first, last; /* sights */
    int32_t camera;
} hl_ba_run;

typedef struct hl_ba_below {
    int32_t row;
    int64_t block;
} hl_ba_below;

/* See ba_blocks.h. */
typedef struct hl_ba_blocks {
    int32_t nodes;
    int32_t *at;           /* (nodes) first unknown                            */
    int32_t *size;         /* (nodes) unknowns, 0: none                        */
    int64_t *row_start;    /* (nodes + 1) into column, value_at                */
    int32_t *column;       /* (blocks)                                         */
    int64_t *value_at;     /* (blocks) into values                             */
    double *values;        /* the blocks                                       */
    int64_t *below_start;  /* (nodes + 1) into below                           */
    hl_ba_below *below;    /* blocks of the node's column, without the diagonal */
    int64_t *camera_start; /* (camera_count + 1) into of_camera                */
    int32_t *of_camera;    /* points with a run of the camera                  */
} hl_ba_blocks;

typedef struct hl_ba {
    const hl_bundle_problem *p;
    const hl_bundle_options *o;
    double loss_scale;
    bool dense;

    int64_t sight_count;
    hl_ba_sight *sights;  /* (sight_count), grouped by point, then camera */
    int64_t *image_start; /* (image_count + 1) into of_image              */
    int64_t *of_image;    /* (sight_count) sights of an image             */
    int64_t *run_start;   /* (point_count + 1) into runs                  */
    hl_ba_run *runs;      /* (run_start[point_count])                     */

    int32_t unknowns;      /* of the reduced system                        */
    int32_t slots;         /* most free parameters of a camera             */
    int32_t stride;        /* doubles of one sight's Jacobian              */
    int32_t *image_at;     /* (image_count) first unknown, -1: fixed       */
    int32_t *camera_at;    /* (camera_count) first unknown, -1: fixed      */
    int32_t *camera_slots; /* (camera_count) free parameters               */
    uint8_t *slot_param;   /* (camera_count, HL_CAMERA_PARAMS_MAX)         */

    /* Linearisation */
    double *jac;      /* (sight_count, stride)                             */
    double *point_v;  /* (point_count, 6) upper triangle of Jp^T Jp        */
    double *point_g;  /* (point_count, 3) Jp^T r                           */
    double *point_vi; /* (point_count, 6) inverse of the damped V          */
    double *image_u;  /* (image_count, 36)                                 */
    double *run_w;    /* (runs, slots, 3) sum Jk^T Jp                      */
    double *camera_u; /* (camera_count, slots, slots)                      */
    double *g;        /* (unknowns) gradient of poses and intrinsics       */
    double *diag;     /* (unknowns) diagonal of the undamped J^T J         */
    double *partial;  /* (blocks) sums                                     */

    double *step;        /* (unknowns) of poses and intrinsics               */
    double *step_p;      /* (point_count, 3)                                 */
    hl_pose *poses;      /* (image_count) trial                              */
    hl_camera *cameras;  /* (camera_count) trial                            */
    double *points;      /* (point_count, 3) trial                           */
    double *reduced;     /* dense: (unknowns, unknowns)                      */
    hl_ba_blocks blocks; /* the reduced system                               */
    double *pcg;         /* PCG: 4 vectors (unknowns)                        */
    double *precond;     /* PCG: diagonal blocks, factored, in order of nodes */
} hl_ba;

/* State that costs are taken at. */
typedef struct hl_ba_state {
    const hl_pose *poses;
    const hl_camera *cameras;
    const double *points;
} hl_ba_state;

/* Lays out unknowns, sights and memory.  hl_ba_release frees it all. */
hl_status hl_ba_init(hl_ba *ba, const hl_bundle_problem *problem, const hl_bundle_options *options);
void hl_ba_release(hl_ba *ba);

/* Cost at a state, priors included. */
double hl_ba_cost(hl_ba *ba, const hl_ba_state *state);

/* Residuals and Jacobians at the problem's own state; fills jac .. diag.  Returns the cost. */
double hl_ba_linearize(hl_ba *ba);

/* Inverts the damped point blocks: V + lambda diag V. */
void hl_ba_damp_points(hl_ba *ba, double lambda);

/* D of the damping of one unknown. */
static inline double hl_ba_damping(double diagonal, double lambda)
{
    const double low = diagonal > HL_BA_DAMP_MIN ? diagonal : HL_BA_DAMP_MIN;
    return lambda * (low < HL_BA_DAMP_MAX ? low : HL_BA_DAMP_MAX);
}

/* rhs (unknowns): -(g - W V^-1 g_p). */
void hl_ba_reduced_rhs(hl_ba *ba, double *rhs);

/* Fill ba->step by solving the damped reduced system.  False: not positive definite. */
bool hl_ba_solve_dense(hl_ba *ba, double lambda);
bool hl_ba_solve_pcg(hl_ba *ba, double lambda, int32_t *iterations);

/* Lower triangle of the damped reduced matrix into ba->reduced; dense alone. */
void hl_ba_reduce_dense(hl_ba *ba, double lambda);

/* step_p from step.  Returns the decrease of cost, without priors, that the quadratic model
 * predicts. */
double hl_ba_back_substitute(hl_ba *ba);

/* v (6) symmetric upper triangle times x (3). */
static inline void hl_ba_mul_sym3(const double v[6], const double x[3], double out[3])
{
    out[0] = v[0] * x[0] + v[1] * x[1] + v[2] * x[2];
    out[1] = v[1] * x[0] + v[3] * x[1] + v[4] * x[2];
    out[2] = v[2] * x[0] + v[4] * x[1] + v[5] * x[2];
}

static inline const double *hl_ba_jac(const hl_ba *ba, int64_t sight)
{
    return ba->jac + (size_t)sight * (size_t)ba->stride;
}

/* Priors: adds to cost, and with `ba` linearised to g, diag, image_u and camera_u. */
double hl_ba_prior_cost(const hl_ba *ba, const hl_ba_state *state);
void hl_ba_prior_add(hl_ba *ba);

#endif /* HL_SFM_BA_PROBLEM_H */
