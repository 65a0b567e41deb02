/* SPDX-License-Identifier: MIT */
/* sfm/ransac.h -- a model from data of which a part is wrong.
 *
 * LO-RANSAC after PoseLib's recipe: minimal samples are scored by the truncated squared residual
 * (MSAC, Torr and Zisserman 2000); a new best model is at once refined by least squares on the
 * truncated residuals of all data (no inlier set is re-selected), and once more at the end.
 * Trials end when a sample of inliers has been drawn with the wanted confidence, where the chance
 * of one is the product of (I - i) / (N - i) -- not (I / N)^s, which promises too much for few
 * data (Schoenberger's and others' note of 2025).
 *
 * Deterministic: sample k of a run is a pure function of (seed, stream, k).
 */
#ifndef HL_SFM_RANSAC_H
#define HL_SFM_RANSAC_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#define HL_RANSAC_SAMPLE_MAX 8
#define HL_RANSAC_MODEL_MAX  16 /* doubles of one model            */
#define HL_RANSAC_MODELS_MAX 16 /* models from one sample          */

typedef struct hl_ransac_options {
    double threshold;               /* largest residual of an inlier                       */
    double confidence;              /* of having drawn a clean sample; 0: 0.9999           */
    int32_t min_trials, max_trials; /* 0: 50 and 10000                        */
    uint64_t seed, stream;          /* stream: of the pair or image           */
} hl_ransac_options;

/* What is to be estimated. */
typedef struct hl_ransac_model {
    int32_t sample_size, size; /* data per sample, doubles per model                           */
    void *ctx;
    /* Models from a sample of data indices; returns how many, at most HL_RANSAC_MODELS_MAX. */
    int (*solve)(void *ctx, const int32_t *sample, double *models);
    /* Squared residuals (count) of all data; HUGE_VAL where there is none. */
    void (*residuals)(void *ctx, const double *model, double *squared);
    /* Least squares from `model` over data with squared residual below threshold2; NULL: none.
     * May make it worse: the caller compares scores. */
    void (*refine)(void *ctx, const double *squared, double threshold2, double *model);
} hl_ransac_model;

typedef struct hl_ransac_result {
    double model[HL_RANSAC_MODEL_MAX];
    double score; /* sum of min(r^2, threshold^2)        */
    int32_t inliers;
    int32_t trials;
} hl_ransac_result;

/* inlier (count): out, 1 where the residual is within the threshold; may be NULL.
 * inliers = 0 where no model was found.  Errors: HL_E_MEMORY, HL_E_ARG. */
hl_status hl_ransac(hl_ransac_result *out, uint8_t *inlier, int32_t count,
                    const hl_ransac_model *model, const hl_ransac_options *options);

/* Trials needed for one clean sample of `size` with `confidence`, at least 1, at most `limit`. */
int32_t hl_ransac_trials(int32_t inliers, int32_t count, int32_t size, double confidence,
                         int32_t limit);

#endif /* HL_SFM_RANSAC_H */
