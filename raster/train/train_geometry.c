/* SPDX-License-Identifier: MIT */
/* raster/train/train_geometry.c -- geometry mode: when its terms count, and what flattens splats.
 *
 * A splat's smallest axis is its normal.  Gradients alone leave it about as thick as the others
 * where photos do not tell; so each step takes the same share off its thickness, until it is
 * a hundredth of the next axis.  From there on the rasterizer's dilation hides it (a flat splat is
 * what 2DGS draws, Huang et al. 2024). */
#include "core/parallel.h"
#include "raster/train/flatten.h"
#include "raster/train/trainer.h"

enum { FLATTEN_BLOCK = 4096 };

typedef struct flatten_job {
    hl_splats *splats;
    float step; /* taken off the log of the smallest scale */
} flatten_job;

hl_geometry_loss_options hl_train_geometry(const hl_trainer *t, float at)
{
    const hl_train_config *c = &t->config;
    hl_geometry_loss_options o = {.consistency = 0};
    if (!c->geometry)
        return o;
    o.mask = c->mask_weight;
    if (at < c->geometry_from)
        return o;
    o.consistency = c->consistency_weight;
    o.distortion = c->distortion_weight;
    return o;
}

static void flatten_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const flatten_job *job = ctx;
    const int32_t end = (block + 1) * FLATTEN_BLOCK;
    const int32_t last = end < job->splats->count ? end : job->splats->count;
    for (int32_t i = block * FLATTEN_BLOCK; i < last; i++)
        hl_flatten(job->splats->log_scale + 3 * (size_t)i, job->step);
}

float hl_train_flatten_step(const hl_train_config *c)
{
    return c->geometry && c->flatten > 0 ? 2 * c->flatten / (float)c->iterations : 0;
}

void hl_train_flatten(hl_trainer *t)
{
    flatten_job job = {&t->splats, hl_train_flatten_step(&t->config)};
    if (!(job.step > 0))
        return;
    hl_parallel_for(hl_block_count(t->splats.count, FLATTEN_BLOCK), flatten_block, &job);
}
