/* SPDX-License-Identifier: MIT */
/* relight/protocol.h -- how published work scores materials and relit pictures, rule by rule.
 *
 * Figures of two papers differ by more than a decibel through background, mask, albedo scale and
 * colour space alone (docs/results.md, "Protocols").  So each set of rules has a name, and no
 * figure is printed without it.  "helio" is ours; the others follow the published evaluation code
 * of TensoIR (Jin et al. 2023), GS-IR (Liang et al. 2024), R3DG (Gao et al. 2024), IRGS (Gu et al.
 * 2025) and Stanford-ORB (Kuang et al. 2023), as far as pictures of known size allow.
 *
 * Pictures: truth and prediction of equal size, owned by the caller.  Everything here is a pure
 * function of its arguments and safe in any thread.
 */
#ifndef HL_RELIGHT_PROTOCOL_H
#define HL_RELIGHT_PROTOCOL_H

#include "core/image.h"

#include <stdbool.h>

typedef enum hl_albedo_space { HL_ALBEDO_SRGB, HL_ALBEDO_GAMMA, HL_ALBEDO_LINEAR } hl_albedo_space;

typedef enum hl_scale_views { /* views that the albedo scale is taken from */
                              HL_SCALE_ALL,
                              HL_SCALE_SPREAD, /* HL_SCALE_SPREAD_VIEWS of them, evenly spaced */
                              HL_SCALE_FIRST,
                              HL_SCALE_IMAGE /* each picture its own, by least squares */
} hl_scale_views;

#define HL_SCALE_SPREAD_VIEWS 20

typedef struct hl_protocol {
    const char *name;
    const char *rules;       /* one sentence for tables */
    float background;        /* grey behind pictures and albedo: 0 or 1                     */
    bool hard_alpha;         /* prediction: opaque above alpha 1/2, background below        */
    bool cut;                /* prediction is multiplied by the truth's alpha               */
    bool raw_truth;          /* truth: colours as stored, not multiplied by its alpha       */
    bool eight_bit;          /* both are rounded to 8 bits                                  */
    bool ssim_valid;         /* SSIM over windows inside the picture, else zeros around it  */
    bool eroded;             /* only pixels whose 5 x 5 neighbours are all object           */
    bool floor_grey;         /* a picture scores no less than one of grey 1/2               */
    bool relight_scaled;     /* albedo is scaled before pictures are relit                  */
    bool albedo_pooled;      /* one PSNR of the mean squared error of all views             */
    hl_scale_views scale;    /* by the median of truth / prediction per channel             */
    hl_albedo_space albedo;  /* space of the albedo's PSNR                                  */
    bool normal_whole_image; /* the headline angle counts the background, as (0, 0, 1)      */
} hl_protocol;

/* All of them, ended by a NULL name, "helio" first. */
const hl_protocol *hl_protocols(void);
/* NULL where there is none of that name. */
const hl_protocol *hl_protocol_find(const char *name);

typedef struct hl_picture_score {
    double psnr;        /* by the protocol; 100 for equal pictures          */
    double psnr_object; /* over pixels of truth alpha > 1/2; NAN: no pixel  */
    double psnr_linear; /* "orb": on linear values; else NAN                */
    double mse;         /* what psnr was made of                            */
    double ssim;
} hl_picture_score;

/* prediction, truth: 4 channels, sRGB coded, straight alpha; the prediction may exceed 1.
 * Errors: HL_E_ARG (shapes), HL_E_MEMORY. */
hl_status hl_protocol_score_picture(const hl_protocol *protocol, const hl_image *prediction,
                                    const hl_image *truth, hl_picture_score *score);

/* albedo: 3 channels, linear; alpha: 1 channel, of the truth; scale (3) multiplies the prediction
 * (ignored for HL_SCALE_IMAGE). */
hl_status hl_protocol_score_albedo(const hl_protocol *protocol, const hl_image *prediction,
                                   const hl_image *truth, const hl_image *alpha,
                                   const float scale[3], hl_picture_score *score);

typedef struct hl_normal_score {
    double object_deg; /* mean angle over truth alpha > 1/2; NAN: no pixel          */
    double image_deg;  /* over all pixels, (0, 0, 1) where the truth's alpha <= 1/2 */
    double cosine;     /* mean 1 - cos over the object                              */
} hl_normal_score;

/* 3 channels, world frame, any length (zero: 90 degrees off). */
hl_status hl_score_normal(const hl_image *prediction, const hl_image *truth, const hl_image *alpha,
                          hl_normal_score *score);

/* One channel of each, over truth alpha > 1/2.  *mse NAN: no pixel. */
hl_status hl_score_channel(const hl_image *prediction, const hl_image *truth, int32_t channel,
                           const hl_image *alpha, double *mse);

/* Truth over prediction of the albedo, per channel: medians to 1 part in 4000 (the mean of the bin
 * that holds the median), without keeping the values.  Pixels count where alpha is 1 and both
 * values are above 1e-4. */
typedef struct hl_albedo_ratio {
    uint32_t *bins[3]; /* by the upper bits of the ratio's float */
    double *sums[3];   /* of the ratios in a bin */
    uint64_t count[3];
} hl_albedo_ratio;

hl_status hl_albedo_ratio_create(hl_albedo_ratio *ratio);
void hl_albedo_ratio_release(hl_albedo_ratio *ratio);
hl_status hl_albedo_ratio_add(hl_albedo_ratio *ratio, const hl_image *prediction,
                              const hl_image *truth, const hl_image *alpha);
/* 1 for a channel without any value. */
void hl_albedo_ratio_median(const hl_albedo_ratio *ratio, float scale[3]);

/* Whether view `index` of `count` gives ratios under the protocol. */
bool hl_protocol_scales_by(const hl_protocol *protocol, int32_t index, int32_t count);

#endif /* HL_RELIGHT_PROTOCOL_H */
