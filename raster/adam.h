/* SPDX-License-Identifier: MIT */
/* raster/adam.h -- Adam over splat parameters (Kingma and Ba 2015), fused into backward.
 *
 *   m <- b1 m + (1 - b1) g     v <- b2 v + (1 - b2) g^2
 *   p <- p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
 *
 * dense:   every splat steps every time, with g = 0 when it was not seen (what PyTorch does).
 * cluster: only clusters of HL_CLUSTER splats with a visible member step; the bias correction
 *          uses the cluster's own counter t.
 * Regularisers are added to g here: d/dp of (opacity_reg mean(o) + scale_reg mean(s)).
 */
#ifndef HL_RASTER_ADAM_H
#define HL_RASTER_ADAM_H

#include "core/splats.h"
#include "raster/adam_update.h"
#include "raster/constants.h"

typedef enum hl_adam_mode { HL_ADAM_DENSE = 0, HL_ADAM_CLUSTER = 1 } hl_adam_mode;

typedef struct hl_adam {
    hl_adam_mode mode;
    float lr_mean, lr_log_scale, lr_quat, lr_logit_opa, lr_sh_dc, lr_sh_rest;
    float opacity_reg, scale_reg; /* weights of mean(o), mean(s) in the loss; 0: off           */
    hl_splats m, v;               /* moments, the shape of the splats                          */
    int32_t *steps;               /* (ceil(capacity / HL_CLUSTER)) steps taken per cluster;
                                     dense mode counts in every one of them                    */
    int32_t cluster_count;        /* entries of steps                                          */
} hl_adam;

/* Zeroed moments for `capacity` splats in `arena`; learning rates are the caller's to set. */
hl_status hl_adam_init(hl_adam *adam, hl_arena *arena, int32_t capacity, hl_adam_mode mode);

/* Zero moments of splat i (after relocation, cloning, splitting). */
void hl_adam_clear_row(hl_adam *adam, int32_t i);

/* One step from dense gradients: the same code that backward fuses.  visible (count) of 0 / 1, or
 * NULL: all. */
void hl_adam_step(hl_adam *adam, hl_splats *splats, const hl_splats *grad, const uint8_t *visible);

/* A step of any other array of parameters (exposure, pose): t counts from 1. */
void hl_adam_step_array(float *p, float *m, float *v, const float *g, int32_t count, float lr,
                        int32_t t);

/* ---- for backends ---- */

/* Gradients of one cluster, field by field; modified by the regularisers. */
typedef struct hl_adam_fields {
#define X(name, components) float *name;
    HL_SPLAT_FIELDS(X)
#undef X
} hl_adam_fields;

#define HL_ADAM_PATTERN HL_SH_COEFFS_MAX /* step sizes repeat with this period: SH dc and rest */

/* One step over `count` values; step[k] = lr / (1 - b1^t) of value i with i % pattern = k. */
typedef void (*hl_adam_row_fn)(float *p, float *m, float *v, const float *g, int32_t count,
                               const float step[HL_ADAM_PATTERN], float inv_sqrt_bias2);
void hl_adam_row_plain(float *p, float *m, float *v, const float *g, int32_t count,
                       const float step[HL_ADAM_PATTERN], float inv_sqrt_bias2);

/* Steps one cluster.  visible: a member was seen (cluster mode skips the others). */
void hl_adam_cluster(hl_adam *adam, hl_splats *splats, int32_t cluster, const hl_adam_fields *grad,
                     bool visible, hl_adam_row_fn row);

#endif /* HL_RASTER_ADAM_H */
