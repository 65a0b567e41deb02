/* SPDX-License-Identifier: MIT */
/* raster/cuda/train_gpu.h -- training with everything on the device
 * (raster/train/trainer_device.h).
 *
 * A step is one small launch that carries its numbers, one graph, and one download of the state
 * to pinned memory that nobody waits for.  The graph is made anew when a size or an address in
 * hl_gpu_work changes: after refinements, with the picture's size, with the SH degree.
 */
#ifndef HL_RASTER_CUDA_TRAIN_GPU_H
#define HL_RASTER_CUDA_TRAIN_GPU_H

#include "raster/cuda/raster_gpu.h"
#include "raster/train/trainer_device.h"

extern const hl_trainer_device hl_gpu_trainer_device;

/* One refinement on the device, after a step; t->splats.count changes.  Waits. */
hl_status hl_gpu_refine_any(void *state, hl_trainer *t, hl_density_report *report);

/* The 3D filter of the splats as they are, for pictures `factor` times smaller. */
hl_status hl_gpu_refine_filter(void *state, hl_trainer *t, int32_t factor);

/* The number of splats has changed on the device. */
void hl_gpu_training_resized(hl_gpu_raster *r);

/* What a loss's means are over, for a photo that is `factor` times smaller. */
hl_status hl_gpu_count_photo(const hl_loss_target *target, int32_t factor, hl_gpu_photo *photo);

/* As hl_train_device_bytes. */
size_t hl_gpu_train_bytes(const hl_train_config *config, int32_t width, int32_t height,
                          int64_t pairs, bool ordered);

#endif /* HL_RASTER_CUDA_TRAIN_GPU_H */
