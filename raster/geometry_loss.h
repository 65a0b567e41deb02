/* SPDX-License-Identifier: MIT */
/* raster/geometry_loss.h -- the terms that make splats a surface, beside the photometric loss.
 *
 *   L = wc mean(A - N . N_z) + wd mean((A M2 - M1^2) / M1^2) + wm mean(BCE(A, mask))
 *
 * Means run over all pixels of the picture that target->mask keeps (formulas: surface_depth.h);
 * pixels without a surface, at depth edges or at the border add 0 to the first two.  All terms
 * live in the picture, so every backend of the rasterizer carries their gradient.
 * The same inputs give the same bytes for any thread count.
 */
#ifndef HL_RASTER_GEOMETRY_LOSS_H
#define HL_RASTER_GEOMETRY_LOSS_H

#include "raster/loss.h"

typedef struct hl_geometry_loss_options {
    float consistency; /* wc; needs HL_RASTER_NORMAL and HL_RASTER_DISTANCE     */
    float distortion;  /* wd; needs HL_RASTER_DEPTH and HL_RASTER_DEPTH_2       */
    float mask;        /* wm; where the target has 4 channels                   */
} hl_geometry_loss_options;

typedef struct hl_geometry_loss hl_geometry_loss;

/* HL_E_MEMORY. */
hl_status hl_geometry_loss_create(hl_geometry_loss **out);
void hl_geometry_loss_destroy(hl_geometry_loss **loss);

/* Outputs that the weights above 0 need: HL_RASTER_* bits. */
uint32_t hl_geometry_loss_outputs(const hl_geometry_loss_options *options);

/* Adds to result->loss and result->grad what hl_loss_run of the same frame and target left there;
 * the planes of the gradient that change then belong to this loss, until its next call.
 * Errors: HL_E_ARG where an output is missing, HL_E_MEMORY. */
hl_status hl_geometry_loss_run(hl_geometry_loss *loss, const hl_raster_frame *frame,
                               const hl_raster_view *view, const hl_loss_target *target,
                               const hl_geometry_loss_options *options, hl_loss_result *result);

/* Bytes of the buffers for such a frame. */
size_t hl_geometry_loss_bytes(int32_t width, int32_t height);

#endif /* HL_RASTER_GEOMETRY_LOSS_H */
