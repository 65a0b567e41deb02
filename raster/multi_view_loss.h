/* SPDX-License-Identifier: MIT */
/* raster/multi_view_loss.h -- a second photo's word on the surface of a frame.
 *
 *   hl_multi_view_hold (the neighbour) -> forward of the reference -> hl_multi_view_run
 *
 *   L = wg mean(exp(-e) e) + wp mean(exp(-e) (1 - NCC))        (formulas: raster/multi_view.h)
 *
 * Both over one pixel of every `stride` x `stride` that target->mask keeps; pixels without a
 * surface, that the neighbour does not see, or that come back farther than e = 1 add 0, as do, to
 * the second, patches whose NCC is below 0.1 or which touch masked or transparent pixels of either
 * photo.  exp(-e) of the second is a weight: held.  Planes and photo of the neighbour are held too:
 * gradients go to normals and distances of the reference.
 * The same inputs give the same bytes for any thread count; no allocation in steady state.
 *
 * Source: Chen et al. 2024 (PGSR), section 3.3.
 */
#ifndef HL_RASTER_MULTI_VIEW_LOSS_H
#define HL_RASTER_MULTI_VIEW_LOSS_H

#include "raster/loss.h"

/* Outputs that both frames need. */
#define HL_MULTI_VIEW_OUTPUTS ((uint32_t)HL_RASTER_NORMAL | (uint32_t)HL_RASTER_DISTANCE)

typedef struct hl_multi_view_options {
    float geometric;          /* wg                                                    */
    float photometric;        /* wp                                                    */
    int32_t stride;           /* pixels, 1 and above                                   */
    int32_t first_x, first_y; /* 0 .. stride - 1: which pixel of every square          */
} hl_multi_view_options;

typedef struct hl_multi_view_result {
    int64_t pixels;            /* of the means                                      */
    int64_t returned, matched; /* that count in the first and in the second         */
    double error, ncc;         /* means over those, pixels and 0.1..1               */
} hl_multi_view_result;

typedef struct hl_multi_view_loss hl_multi_view_loss;

/* HL_E_MEMORY. */
hl_status hl_multi_view_create(hl_multi_view_loss **out);
void hl_multi_view_destroy(hl_multi_view_loss **loss);

/* Keeps planes and grey of the neighbour.  Errors: HL_E_ARG where an output is missing or the sizes
 * differ, HL_E_MEMORY; nothing is held then. */
hl_status hl_multi_view_hold(hl_multi_view_loss *loss, const hl_raster_frame *frame,
                             const hl_raster_view *view, const hl_loss_target *target);

/* Adds to result->loss and result->grad; the planes of normals and distance then belong to this
 * loss, until its next call.  *counts may be NULL.
 * Errors: HL_E_ARG (an output is missing, sizes differ, nothing is held), HL_E_MEMORY. */
hl_status hl_multi_view_run(hl_multi_view_loss *loss, const hl_raster_frame *frame,
                            const hl_raster_view *view, const hl_loss_target *target,
                            const hl_multi_view_options *options, hl_loss_result *result,
                            hl_multi_view_result *counts);

/* Bytes of the buffers for two such frames. */
size_t hl_multi_view_bytes(int32_t width, int32_t height);

#endif /* HL_RASTER_MULTI_VIEW_LOSS_H */
