/* SPDX-License-Identifier: MIT */
/* raster/cuda/refine_gpu.h -- what the recipes of refinement share on the host's side. */
#ifndef HL_RASTER_CUDA_REFINE_GPU_H
#define HL_RASTER_CUDA_REFINE_GPU_H

#include "raster/cuda/gpu_recipes.h"
#include "raster/cuda/training_gpu.h"

typedef struct hl_gpu_refine_job {
    hl_gpu_raster *r;
    hl_gpu_refine refine; /* the host's copy */
    hl_gpu_refine *device;
    uint64_t *key[2];
    uint32_t *value[2];
    uint32_t counters[HL_GPU_N_COUNTERS]; /* as last downloaded */
    float *scratch;
    int32_t clusters;
} hl_gpu_refine_job;

/* The host's copy to the device; waits, so that it may change again. */
hl_status hl_gpu_refine_send(hl_gpu_refine_job *j);
hl_status hl_gpu_refine_run(hl_gpu_refine_job *j, hl_gpu_kernel kernel, int64_t items);
/* By refine.key into refine.order. */
hl_status hl_gpu_refine_sort(hl_gpu_refine_job *j, int64_t count);

/* The recipes up to, but not with, the re-sort: set total, kept, dead flags and the report. */
hl_status hl_gpu_refine_mcmc(hl_gpu_refine_job *j, hl_trainer *t, hl_density_report *report);
hl_status hl_gpu_refine_adc(hl_gpu_refine_job *j, hl_trainer *t, hl_density_report *report);

#endif /* HL_RASTER_CUDA_REFINE_GPU_H */
