/* SPDX-License-Identifier: MIT */
/* raster/cuda/raster_gpu.h -- inside of the GPU rasterizer: buffers and the order of calls.
 *
 * The host path (forward and backward of raster/raster.h) takes and returns host memory: it
 * uploads, runs, downloads and waits.  Training keeps everything on the device (train_gpu.h) and
 * shares the calls.
 */
#ifndef HL_RASTER_CUDA_RASTER_GPU_H
#define HL_RASTER_CUDA_RASTER_GPU_H

#include "core/timer.h"
#include "raster/backend.h"
#include "raster/cuda/gpu.h"

typedef enum hl_gpu_block {
    HL_GPU_B_STEP,
    HL_GPU_B_STATE,
    HL_GPU_B_SPLATS, /* the fields one behind the other, capacity rows each */
    HL_GPU_B_RECORD,
    HL_GPU_B_EXTRA,
    HL_GPU_B_FLAG,
    HL_GPU_B_PLACE,
    HL_GPU_B_SEEN,
    HL_GPU_B_VISIBLE, /* key_in key id_in id reach offset */
    HL_GPU_B_TILE_IN,
    HL_GPU_B_TILE,
    HL_GPU_B_VALUE_IN,
    HL_GPU_B_VALUE,
    HL_GPU_B_ROW_SPLAT,
    HL_GPU_B_TILE_FIRST,
    HL_GPU_B_TILE_END,
    HL_GPU_B_PIXELS, /* planes, transmittance, median */
    HL_GPU_B_MAX_WEIGHT,
    HL_GPU_B_FEATURES,
    HL_GPU_B_FILTER,
    HL_GPU_B_WINDOW,
    HL_GPU_B_ROWS,
    HL_GPU_B_BACKGROUND,
    HL_GPU_B_POSE,
    HL_GPU_B_SCRATCH,
    /* host path of backward */
    HL_GPU_B_D_PIXELS,
    HL_GPU_B_D_WEIGHT,
    HL_GPU_B_GRAD,
    HL_GPU_B_FEATURE_GRAD,
    HL_GPU_B_MOMENT_M,
    HL_GPU_B_MOMENT_V,
    HL_GPU_B_ADAM_STEPS,
    HL_GPU_B_STATS,
    /* training */
    HL_GPU_B_TARGET, /* target shown p123 loss_grad */
    HL_GPU_B_PARTIAL,
    HL_GPU_B_REFINE,
    HL_GPU_B_VIEWS,
    HL_GPU_B_SMALL,
    HL_GPU_B_COUNT
} hl_gpu_block;

typedef struct hl_gpu_raster {
    hl_gpu gpu;
    hl_gpu_buffer buffer[HL_GPU_B_COUNT];
    hl_gpu_work work;
    hl_gpu_step step;
    hl_gpu_state *state; /* pinned copy of the device's                          */
    bool ordered;        /* sums in an order of their own: the same bytes always */
    hl_spans *spans;
    int32_t marks;

    /* host path */
    hl_raster_view view;
    hl_raster_options options;
    hl_raster_frame frame;
    float *host_pixels; /* pinned; behind the frame */
    size_t host_pixel_bytes;
    float *host_weights; /* (count) */
    uint64_t *host_best; /* (count) */
    size_t host_weight_count;
    struct hl_gpu_training *training; /* of train_gpu.c; NULL where nobody trains */
    const hl_splats *resident;        /* what HL_GPU_B_SPLATS holds; NULL: whatever came last */
} hl_gpu_raster;

hl_status hl_gpu_raster_create(hl_gpu_raster **out, const hl_gpu_table *table);
void hl_gpu_raster_destroy(hl_gpu_raster *r);

/* Shapes r->work for a picture of `count` splats and reserves what depends on these numbers. */
hl_status hl_gpu_raster_shape(hl_gpu_raster *r, const hl_raster_view *view,
                              const hl_raster_options *options, int32_t count);

/* Fields at `at`, one behind the other with room for `capacity` rows. */
void hl_gpu_fields_at(hl_gpu_fields *fields, void *at, int32_t capacity);
/* Floats of such a block: each field begins at a quad. */
size_t hl_gpu_fields_floats(int32_t capacity);

/* Makes room for the lists, as many as were seen so far and a quarter; *changed: it moved. */
hl_status hl_gpu_raster_reserve_lists(hl_gpu_raster *r, bool *changed);

/* Length and layout of gradient rows; reserves them. */
hl_status hl_gpu_raster_reserve_rows(hl_gpu_raster *r, const hl_raster_stats *stats, bool median);

/* Learning rates and regularisers of a step. */
void hl_gpu_take_rates(hl_gpu_step *s, const hl_adam *a);

/* Enqueues projection to blending, and blending to parameters. */
hl_status hl_gpu_raster_run_forward(hl_gpu_raster *r);
hl_status hl_gpu_raster_run_backward(hl_gpu_raster *r);

/* Reads r->state and waits.  Where the device halted, clears that; *halted says so. */
hl_status hl_gpu_raster_read_state(hl_gpu_raster *r, bool *halted);

/* Host forward and backward over any table, as a backend. */
const hl_raster_backend *hl_raster_backend_emulated(void);

/* The parts of a backend's table that do not depend on the device. */
void hl_gpu_backend_destroy(void *state);
const char *hl_gpu_backend_isa_name(const void *state);
void hl_gpu_backend_profile(void *state, hl_spans *spans);
hl_status hl_gpu_backend_forward(void *state, const hl_splats *splats, const hl_raster_view *view,
                                 const hl_raster_options *options, hl_raster_frame *frame);
hl_status hl_gpu_backend_backward(void *state, hl_splats *splats,
                                  const hl_raster_frame_grad *frame_grad, hl_raster_sink *sink);
size_t hl_gpu_backend_bytes_held(const void *state);
int64_t hl_gpu_backend_count_pairs(void *state);
hl_status hl_gpu_backend_copy_rate(void *state, double *bytes_per_second);
hl_status hl_gpu_backend_memory(const hl_gpu_table *table, size_t *all, size_t *available);
void hl_gpu_backend_deterministic(void *state, bool on);
hl_status hl_gpu_backend_describe(const hl_gpu_table *table, char *text, size_t room);

#endif /* HL_RASTER_CUDA_RASTER_GPU_H */
