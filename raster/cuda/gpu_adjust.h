/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_adjust.h -- how splats move behind Adam: the noise of "mcmc", the press of
 * geometry mode. */
#ifndef HL_RASTER_CUDA_GPU_ADJUST_H
#define HL_RASTER_CUDA_GPU_ADJUST_H

#include "raster/cuda/gpu_work.h"
#include "raster/density/mcmc.h"
#include "raster/train/flatten.h"

HL_GPU_FN void hl_gpu_k_adjust(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_step *s = w->step;
    if (w->state->halted)
        return;
    if (s->noise > 0) {
        float move[3];
        hl_mcmc_noise(w->p.log_scale + 3 * i, w->p.quat + 4 * i, w->p.logit_opa[i], s->noise,
                      s->seed, (uint64_t)s->index, (uint64_t)i, move);
        for (int a = 0; a < 3; a++)
            w->p.mean[3 * i + a] += move[a];
    }
    if (s->flatten > 0)
        hl_flatten(w->p.log_scale + 3 * i, s->flatten);
}

#endif /* HL_RASTER_CUDA_GPU_ADJUST_H */
