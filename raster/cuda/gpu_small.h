/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_small.h -- what belongs to the photo of a step: exposure and pose, read before it
 * and stepped behind it.  One thread each: 18 numbers. */
#ifndef HL_RASTER_CUDA_GPU_SMALL_H
#define HL_RASTER_CUDA_GPU_SMALL_H

#include "raster/cuda/gpu_work.h"
#include "raster/train/small.h"

/* The step's exposure and projector from the tables. */
HL_GPU_FN void hl_gpu_k_aim(const hl_gpu_work *w, int64_t item)
{
    hl_gpu_step *s = w->step;
    const int64_t k = s->photo_index;
    (void)item;
    if (w->exposure.value)
        for (int i = 0; i < 12; i++)
            s->exposure[i] = w->exposure.value[12 * k + i];
    if (w->pose.value) {
        const float *r = w->pose.value + 12 * k;
        const int antialiased = s->projector.antialiased;
        hl_projector_init(&s->projector, s->view_size, s->view_k, r, r + 9, antialiased);
    }
}

HL_GPU_FN void hl_gpu_k_small(const hl_gpu_work *w, int64_t item)
{
    const hl_gpu_step *s = w->step;
    const int64_t k = s->photo_index;
    (void)item;
    if (w->state->halted)
        return;
    if (w->exposure.value) {
        float g[12];
        for (int i = 0; i < 12; i++)
            g[i] = (float)w->state->sum[HL_GPU_SUM_EXPOSURE + i];
        const int32_t n = ++w->exposure.steps[k];
        hl_small_adam(w->exposure.value + 12 * k, w->exposure.m + 12 * k, w->exposure.v + 12 * k, g,
                      12, s->lr_exposure, n);
    }
    if (w->pose.value) {
        float *r = w->pose.value + 12 * k;
        const int32_t n = ++w->pose.steps[k];
        hl_small_pose(r, r + 9, w->pose.m + 6 * k, w->pose.v + 6 * k, w->state->pose, s->lr_turn,
                      s->lr_shift, n);
    }
}

#endif /* HL_RASTER_CUDA_GPU_SMALL_H */
