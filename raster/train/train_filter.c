/* SPDX-License-Identifier: MIT */
/* raster/train/train_filter.c -- the 3D smoothing filter (Yu et al. 2024, Mip-Splatting): no
 * splat is smaller than the finest sampling of the training views, so that it does not break up
 * when one comes closer. */
#include "core/parallel.h"
#include "raster/train/filter.h"
#include "raster/train/trainer.h"

#include <math.h>

enum { FILTER_BLOCK = 1024 };

typedef struct filter_job {
    float *filter;
    const hl_splats *splats;
    const hl_raster_view *views;
    int32_t view_count;
    float factor;
} filter_job;

static void filter_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const filter_job *job = ctx;
    const int32_t end = (block + 1) * FILTER_BLOCK;
    const int32_t last = end < job->splats->count ? end : job->splats->count;
    for (int32_t i = block * FILTER_BLOCK; i < last; i++)
        job->filter[i] = hl_filter_of(job->views, job->view_count,
                                      job->splats->mean + 3 * (size_t)i, job->factor);
}

void hl_train_filter_3d(float *filter, const hl_splats *splats, const hl_raster_view *views,
                        int32_t view_count, int32_t factor)
{
    filter_job job = {filter, splats, views, view_count, (float)factor};
    hl_parallel_for(hl_block_count(splats->count, FILTER_BLOCK), filter_block, &job);
}

void hl_train_bake_filter(hl_splats *splats, const float *filter)
{
    for (int32_t i = 0; i < splats->count; i++) {
        float rho = 1;
        for (size_t a = 0; a < 3; a++) {
            float *log_scale = &splats->log_scale[3 * (size_t)i + a];
            const float s = expf(*log_scale), wide = sqrtf(s * s + filter[i] * filter[i]);
            rho *= s / wide;
            *log_scale = logf(wide);
        }
        const float o = hl_sigmoid(splats->logit_opa[i]) * rho;
        splats->logit_opa[i] = hl_logit(hl_clamp(o, 1e-6f, 0.999999f));
    }
}
