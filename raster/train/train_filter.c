/* SPDX-License-Identifier: MIT */
/* raster/train/train_filter.c -- the 3D smoothing filter (Yu et al. 2024, Mip-Splatting): no
 * splat is smaller than the finest sampling of the training views, so that it does not break up
 * when one comes closer. */
#include "core/parallel.h"
#include "core/vec.h"
#include "raster/train/trainer.h"

#include <math.h>

#define FILTER_VARIANCE 0.1f /* px^2 */
enum { FILTER_BLOCK = 1024 };

typedef struct filter_job {
    float *filter;
    const hl_splats *splats;
    const hl_raster_view *views;
    int32_t view_count;
    float factor;
} filter_job;

/* Depth / focal length where the view sees x, else INFINITY. */
static float footprint(const hl_raster_view *v, const float *x, bool inside_only)
{
    float c[3];
    hl_mul3(v->r, x, c);
    const float z = c[2] + v->t[2];
    if (!(z > (float)HL_NEAR))
        return INFINITY;
    const float px = v->fx * (c[0] + v->t[0]) / z + v->cx,
                py = v->fy * (c[1] + v->t[1]) / z + v->cy;
    const float w = (float)v->width, h = (float)v->height, m = (float)HL_CLAMP_MARGIN;
    if (inside_only && !(px >= -m * w && px <= (1 + m) * w && py >= -m * h && py <= (1 + m) * h))
        return INFINITY;
    return z / hl_max(v->fx, v->fy);
}

static void filter_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const filter_job *job = ctx;
    const int32_t end = (block + 1) * FILTER_BLOCK;
    const int32_t last = end < job->splats->count ? end : job->splats->count;
    for (int32_t i = block * FILTER_BLOCK; i < last; i++) {
        const float *x = job->splats->mean + 3 * (size_t)i;
        float least = INFINITY;
        for (int32_t k = 0; k < job->view_count; k++)
            least = hl_min(least, footprint(&job->views[k], x, true));
        for (int32_t k = 0; k < job->view_count && !isfinite(least); k++)
            least = hl_min(least, footprint(&job->views[k], x, false));
        job->filter[i] = isfinite(least) ? sqrtf(FILTER_VARIANCE) * least * job->factor : 0;
    }
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
