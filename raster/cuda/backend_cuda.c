/* SPDX-License-Identifier: MIT */
#include "raster/cuda/backend_cuda.h"

#include "raster/cuda/raster_gpu.h"
#include "raster/cuda/train_gpu.h"

static hl_status create(void **state, hl_isa isa)
{
    (void)isa;
    hl_gpu_raster *r;
    HL_TRY(hl_gpu_raster_create(&r, hl_gpu_table_cuda()));
    *state = r;
    return HL_OK;
}

static hl_status describe(char *text, size_t room)
{
    return hl_gpu_backend_describe(hl_gpu_table_cuda(), text, room);
}

static hl_status memory(size_t *all, size_t *available)
{
    return hl_gpu_backend_memory(hl_gpu_table_cuda(), all, available);
}

static const hl_raster_backend cuda = {.name = "cuda",
                                       .score = 100,
                                       .create = create,
                                       .destroy = hl_gpu_backend_destroy,
                                       .isa_name = hl_gpu_backend_isa_name,
                                       .profile = hl_gpu_backend_profile,
                                       .forward = hl_gpu_backend_forward,
                                       .backward = hl_gpu_backend_backward,
                                       .bytes_held = hl_gpu_backend_bytes_held,
                                       .count_pairs = hl_gpu_backend_count_pairs,
                                       .copy_rate = hl_gpu_backend_copy_rate,
                                       .memory = memory,
                                       .deterministic = hl_gpu_backend_deterministic,
                                       .describe = describe,
                                       .trainer = &hl_gpu_trainer_device};

const hl_raster_backend *hl_raster_backend_cuda(void)
{
    return &cuda;
}
