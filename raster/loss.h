/* SPDX-License-Identifier: MIT */
/* raster/loss.h -- how far a rendered frame is from its photo, and the gradient of that.
 *
 *   L = (1 - ws) mean|x - y| + ws (1 - mean S)  [+ wa mean|A - A_gt|]
 *     [+ wd mean|1/z - 1/z_gt|] [+ wn mean(1 - n . n_gt)]
 *
 * x is the frame's colour (through the exposure, if any), y the photo; S is SSIM per channel.
 * Means run over the pixels that the mask keeps; an SSIM window that touches an ignored pixel is
 * dropped.  Two fused passes; buffers grow to a high-water mark, no allocation in steady state.
 * The same inputs give the same bytes for any thread count.
 *
 * Source: Kerbl et al. 2023, eq. 7; Wang et al. 2004; gradients in docs/math.md.
 */
#ifndef HL_RASTER_LOSS_H
#define HL_RASTER_LOSS_H

#include "raster/raster.h"

/* What the picture should be.  Everything is borrowed. */
typedef struct hl_loss_target {
    int32_t width, height; /* those of the frame                                              */
    int32_t channels;      /* 3, or 4 with straight (not premultiplied) alpha                 */
    const uint8_t *pixels; /* (height, width, channels), sRGB                                 */
    const uint8_t *mask;   /* (height, width) 0: ignored; NULL: all pixels count              */
    const float *depth;    /* (height, width) along z, scene units, 0: unknown; NULL: none    */
    const float *normal;   /* (height, width, 3) world frame, 0 0 0: unknown; NULL: none      */
} hl_loss_target;

typedef struct hl_loss_options {
    float ssim_weight;     /* ws, 0..1                                                        */
    float alpha_weight;    /* wa; used with 4 channels                                        */
    float depth_weight;    /* wd; used with target->depth and HL_RASTER_DEPTH                 */
    float normal_weight;   /* wn; used with target->normal and HL_RASTER_NORMAL               */
    float background[3];   /* what the frame has behind it: the photo is laid over it         */
    const float *exposure; /* (3, 4): x = e[:, :3] colour + e[:, 3]; NULL: identity           */
} hl_loss_options;

#define HL_LOSS_DEFAULTS                          \
    {                                             \
        .ssim_weight = 0.2f, .alpha_weight = 0.1f \
    }

typedef struct hl_loss_result {
    double loss;               /* L                                                              */
    double l1, mse;            /* means over kept pixels and channels                            */
    double ssim;               /* mean S; 1 where no window is kept                              */
    double alpha;              /* mean |A - A_gt|                                                */
    double depth, normal;      /* their means                                                    */
    int64_t pixels;            /* kept                                                           */
    double d_exposure[12];     /* dL/d exposure, 0 without one                                   */
    hl_raster_frame_grad grad; /* for hl_raster_backward; planes belong to the loss           */
} hl_loss_result;

typedef struct hl_loss hl_loss;

/* Errors: HL_E_BACKEND where the processor or build lacks `isa`; HL_E_MEMORY. */
hl_status hl_loss_create(hl_loss **out, hl_isa isa);
void hl_loss_destroy(hl_loss **loss);

/* result->grad is valid until the next call.
 * Errors: HL_E_ARG where target and frame differ in size, HL_E_MEMORY. */
hl_status hl_loss_run(hl_loss *loss, const hl_raster_frame *frame, const hl_loss_target *target,
                      const hl_loss_options *options, hl_loss_result *result);

/* Bytes of the buffers for such a frame. */
size_t hl_loss_bytes(int32_t width, int32_t height);

#endif /* HL_RASTER_LOSS_H */
