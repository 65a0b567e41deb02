/* SPDX-License-Identifier: MIT */
#include "sfm/ransac.h"

#include "core/memory.h"
#include "core/rng.h"

#include <math.h>
#include <string.h>

enum { REFINE_ROUNDS = 4 };

int32_t hl_ransac_trials(int32_t inliers, int32_t count, int32_t size, double confidence,
                         int32_t limit)
{
    double clean = 1;
    for (int32_t i = 0; i < size; i++)
        clean *= inliers > i ? (double)(inliers - i) / (count - i) : 0;
    if (clean >= 1)
        return 1;
    const double needed = log(1 - confidence) / log1p(-clean);
    if (!(clean > 0) || !(needed < limit))
        return limit;
    return needed < 1 ? 1 : (int32_t)ceil(needed);
}

/* Distinct indices: each is drawn again while it was there before. */
static void draw(int32_t *sample, int32_t size, int32_t count, const hl_ransac_options *o,
                 int32_t trial)
{
    hl_rng rng = hl_rng_at(o->seed, o->stream, (uint64_t)trial, HL_RNG_RANSAC);
    for (int32_t i = 0; i < size; i++) {
        bool again = true;
        while (again) {
            sample[i] = (int32_t)hl_rng_below(&rng, (uint32_t)count);
            again = false;
            for (int32_t j = 0; j < i; j++)
                again |= sample[j] == sample[i];
        }
    }
}

static double score_of(const double *squared, int32_t count, double threshold2, int32_t *inliers)
{
    double score = 0;
    *inliers = 0;
    for (int32_t i = 0; i < count; i++) {
        const bool in = squared[i] <= threshold2;
        score += in ? squared[i] : threshold2;
        *inliers += in;
    }
    return score;
}

typedef struct run {
    const hl_ransac_model *model;
    int32_t count;
    double threshold2;
    double *squared, *best_squared; /* (count) */
    hl_ransac_result *best;
} run;

/* Keeps `candidate` where it scores better; returns whether it did. */
static bool offer(run *r, const double *candidate)
{
    int32_t inliers;
    r->model->residuals(r->model->ctx, candidate, r->squared);
    const double score = score_of(r->squared, r->count, r->threshold2, &inliers);
    if (!(score < r->best->score))
        return false;
    r->best->score = score;
    r->best->inliers = inliers;
    memcpy(r->best->model, candidate, (size_t)r->model->size * sizeof *candidate);
    double *t = r->squared;
    r->squared = r->best_squared;
    r->best_squared = t;
    return true;
}

static void refine_best(run *r, int rounds)
{
    double candidate[HL_RANSAC_MODEL_MAX];
    for (int k = 0; r->model->refine && k < rounds; k++) {
        memcpy(candidate, r->best->model, sizeof candidate);
        r->model->refine(r->model->ctx, r->best_squared, r->threshold2, candidate);
        if (!offer(r, candidate))
            return;
    }
}

static void search(run *r, const hl_ransac_options *o)
{
    const int32_t least = o->min_trials ? o->min_trials : 50;
    const int32_t most = o->max_trials ? o->max_trials : 10000;
    const double confidence = o->confidence > 0 ? o->confidence : 0.9999;
    int32_t limit = most;
    for (int32_t trial = 0; trial < limit; trial++) {
        int32_t sample[HL_RANSAC_SAMPLE_MAX];
        double models[HL_RANSAC_MODELS_MAX * HL_RANSAC_MODEL_MAX];
        draw(sample, r->model->sample_size, r->count, o, trial);
        const int n = r->model->solve(r->model->ctx, sample, models);
        bool better = false;
        for (int k = 0; k < n; k++)
            better |= offer(r, models + k * r->model->size);
        r->best->trials = trial + 1;
        if (!better)
            continue;
        refine_best(r, 1);
        limit =
            hl_ransac_trials(r->best->inliers, r->count, r->model->sample_size, confidence, most);
        limit = limit < least ? least : limit;
    }
}

hl_status hl_ransac(hl_ransac_result *out, uint8_t *inlier, int32_t count,
                    const hl_ransac_model *model, const hl_ransac_options *options)
{
    if (model->sample_size < 1 || model->sample_size > HL_RANSAC_SAMPLE_MAX || model->size < 1 ||
        model->size > HL_RANSAC_MODEL_MAX || !(options->threshold > 0))
        return hl_fail(HL_E_ARG, "ransac: samples of %d, models of %d numbers, threshold %g",
                       model->sample_size, model->size, options->threshold);
    hl_ransac_result best = {.score = HUGE_VAL};
    double *squared = hl_alloc(2 * (size_t)(count > 0 ? count : 1), sizeof *squared);
    if (!squared)
        return HL_E_MEMORY;
    run r = {model,   count,           options->threshold * options->threshold,
             squared, squared + count, &best};
    if (count >= model->sample_size) {
        search(&r, options);
        if (best.inliers)
            refine_best(&r, REFINE_ROUNDS);
    }
    for (int32_t i = 0; inlier && i < count; i++)
        inlier[i] = best.inliers && r.best_squared[i] <= r.threshold2;
    hl_free(squared);
    *out = best;
    return HL_OK;
}
