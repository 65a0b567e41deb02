/* SPDX-License-Identifier: MIT */
/* raster/cuda/training_gpu.h -- inside of training on a device: its state, and where photos are.
 *
 * Photos stay on the device where all of them take at most half of the free memory.  Else they
 * stream through a ring of slots: the next step's photo goes to pinned memory and from there by
 * the copy stream, while the device works on this step's.  Two events a slot order it:
 *
 *   copied  main stream follows it before the step reads the slot; the host awaits it before it
 *           writes the slot's pinned memory again
 *   used    the copy stream follows it before it overwrites the slot
 *
 * The host waits only where it is HL_GPU_RING photos ahead of the device.
 */
#ifndef HL_RASTER_CUDA_TRAINING_GPU_H
#define HL_RASTER_CUDA_TRAINING_GPU_H

#include "raster/cuda/train_gpu.h"

enum { HL_GPU_RING = 3, HL_GPU_PHOTO_SIZES = 2 };

/* A photo on the device, and its counts at up to two sizes. */
typedef struct hl_gpu_photo_slot {
    hl_gpu_buffer block;
    hl_gpu_photo size[HL_GPU_PHOTO_SIZES];
    int32_t sizes;
} hl_gpu_photo_slot;

typedef struct hl_gpu_ring_slot {
    hl_gpu_photo_slot slot;
    int32_t photo; /* that the slot holds, -1: none */
    void *pinned;
    bool filled, used; /* whether its events were ever recorded */
} hl_gpu_ring_slot;

typedef struct hl_gpu_training {
    hl_gpu_photo_slot *photo; /* (count); empty with streaming */
    int32_t count;
    bool decided, resident; /* whether all photos stay on the device */
    hl_gpu_ring_slot ring[HL_GPU_RING];
    int32_t ring_next, ring_taken; /* slot to fill next; slot of this step, -1: none */
    size_t ring_bytes;             /* of the largest photo */
    int32_t capacity;              /* splats */
    hl_gpu_fields p, m, v;
    hl_raster_stats stats;
    float *filter;
    hl_gpu_small exposure, pose;
    bool lists_stale;
    void *graph;
    hl_gpu_work captured; /* what the graph was made of */
} hl_gpu_training;

/* has_photo, streams and stage of hl_trainer_device. */
int hl_gpu_photos_have(void *state, int32_t photo, int32_t factor);
int hl_gpu_photos_stream(void *state);
hl_status hl_gpu_photos_stage(void *state, const hl_trainer *t, const hl_device_step *step);

/* The photo of a step as the kernels see it; used: behind the step's launches. */
hl_status hl_gpu_photos_take(hl_gpu_raster *r, const hl_trainer *t, const hl_device_step *step,
                             hl_gpu_photo *out);
hl_status hl_gpu_photos_used(hl_gpu_raster *r);
void hl_gpu_photos_release(hl_gpu_raster *r);

/* Exposures and poses: room for them; up or down, unwaited. */
hl_status hl_gpu_small_reserve(hl_gpu_raster *r, const hl_trainer *t);
hl_status hl_gpu_small_move(hl_gpu_raster *r, hl_trainer *t, bool up);

#endif /* HL_RASTER_CUDA_TRAINING_GPU_H */
