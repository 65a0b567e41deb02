/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu.h -- the runtime of a device, behind a table, counted.
 *
 * The backend's host code never calls CUDA: it calls hl_gpu_*, which count allocations, waits,
 * copies and launches and pass them to a table.  Two tables exist: the CUDA runtime
 * (device_cuda.cu, in builds with HL_CUDA) and an emulation in plain C that runs the same kernels
 * lane by lane on the processor (gpu_emulated.c), with which the tests exercise all of the host
 * code and all of the kernels on machines without a GPU.
 *
 * All work goes to one stream, in order, except hl_gpu_stage_upload, whose copies go to a second
 * one; events order the two.  Nothing here waits for the device except hl_gpu_wait and
 * hl_gpu_await.
 */
#ifndef HL_RASTER_CUDA_GPU_H
#define HL_RASTER_CUDA_GPU_H

#include "core/status.h"
#include "raster/cuda/gpu_work.h"

#include <stdbool.h>

typedef struct hl_gpu_info {
    char name[128];             /* of the device                          */
    int32_t capability;         /* major * 10 + minor                     */
    int32_t driver, runtime;    /* major * 1000 + minor * 10              */
    size_t memory, memory_free; /* bytes                                 */
} hl_gpu_info;

/* What was done so far, by any of the calls below. */
typedef struct hl_gpu_counts {
    int64_t allocations; /* device and pinned memory taken                           */
    int64_t waits;       /* times the host waited for the device                     */
    int64_t launches;    /* kernels, sorts and scans; a graph is one                 */
    int64_t copies;      /* between host and device, and fills                       */
    int64_t captures;    /* graphs made                                              */
    int64_t throttles;   /* times the host was too far ahead and waited for an event */
} hl_gpu_counts;

typedef enum hl_gpu_stream { HL_GPU_MAIN, HL_GPU_COPIES, HL_GPU_STREAMS } hl_gpu_stream;

/* A device.  Functions return HL_E_BACKEND with the device's sentence, or HL_E_MEMORY. */
typedef struct hl_gpu_table {
    const char *name;
    hl_status (*open)(void **ctx);
    void (*close)(void *ctx);
    hl_status (*info)(void *ctx, hl_gpu_info *info);
    hl_status (*alloc)(void *ctx, void **at, size_t bytes, bool pinned);
    void (*release)(void *ctx, void *at, bool pinned);
    hl_status (*upload)(void *ctx, void *device, const void *host, size_t bytes);
    /* The same from pinned memory, in the order of HL_GPU_COPIES; `pinned` must stay as it is. */
    hl_status (*stage)(void *ctx, void *device, const void *pinned, size_t bytes);
    hl_status (*download)(void *ctx, void *host, const void *device, size_t bytes);
    hl_status (*fill)(void *ctx, void *device, int byte, size_t bytes);
    hl_status (*copy)(void *ctx, void *to, const void *from, size_t bytes);
    hl_status (*launch)(void *ctx, hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items);
    hl_status (*set_step)(void *ctx, hl_gpu_step *device, const hl_gpu_step *step);
    /* sums (count): exclusive, saturating. */
    hl_status (*scan)(void *ctx, const uint32_t *values, uint32_t *sums, int64_t count,
                      void *scratch, size_t scratch_bytes);
    /* The same of wide values, which do not overflow. */
    hl_status (*scan_wide)(void *ctx, const uint64_t *values, uint64_t *sums, int64_t count,
                           void *scratch, size_t scratch_bytes);
    /* Stable, by the lowest `bits` bits; the inputs may be destroyed. */
    hl_status (*sort)(void *ctx, uint32_t *const keys[2], uint32_t *const values[2], int64_t count,
                      int bits, void *scratch, size_t scratch_bytes);
    hl_status (*sort_wide)(void *ctx, uint64_t *const keys[2], uint32_t *const values[2],
                           int64_t count, int bits, void *scratch, size_t scratch_bytes);
    size_t (*scratch_bytes)(void *ctx, int64_t count); /* for scan and sorts of count */
    hl_status (*wait)(void *ctx);
    /* Between begin and end, launches, copies, scans and sorts are recorded, not run. */
    hl_status (*capture_begin)(void *ctx);
    hl_status (*capture_end)(void *ctx, void **graph);
    hl_status (*graph_launch)(void *ctx, void *graph);
    void (*graph_destroy)(void *ctx, void *graph);
    /* An event happens when the stream's work before it is done; follow: the stream's later work
     * waits for it.  happened, await: the host's side of it. */
    hl_status (*signal)(void *ctx, int32_t event, hl_gpu_stream stream);
    hl_status (*follow)(void *ctx, int32_t event, hl_gpu_stream stream);
    bool (*happened)(void *ctx, int32_t event);
    hl_status (*await)(void *ctx, int32_t event);
    /* Seconds of the stream between two marks, once waited for. */
    hl_status (*mark)(void *ctx, int32_t slot);
    double (*seconds)(void *ctx, int32_t from, int32_t to);
} hl_gpu_table;

#define HL_GPU_MARKS  16
#define HL_GPU_EVENTS 8

typedef struct hl_gpu {
    const hl_gpu_table *table;
    void *ctx;
    hl_gpu_counts counts;
    size_t bytes; /* device memory held */
} hl_gpu;

/* A block of device memory that only grows. */
typedef struct hl_gpu_buffer {
    void *at;
    size_t bytes;
} hl_gpu_buffer;

hl_status hl_gpu_open(hl_gpu *gpu, const hl_gpu_table *table);
void hl_gpu_close(hl_gpu *gpu);
hl_status hl_gpu_describe(hl_gpu *gpu, hl_gpu_info *info);

/* At least count * size bytes; contents are lost where it grows, the new ones are zero.
 * HL_E_MEMORY says what was needed and what is free. */
hl_status hl_gpu_reserve(hl_gpu *gpu, hl_gpu_buffer *buffer, size_t count, size_t size,
                         const char *what);
void hl_gpu_free(hl_gpu *gpu, hl_gpu_buffer *buffer);

/* Pinned host memory, zeroed. */
hl_status hl_gpu_pin(hl_gpu *gpu, void **at, size_t bytes);
void hl_gpu_unpin(hl_gpu *gpu, void *at);

hl_status hl_gpu_upload(hl_gpu *gpu, void *device, const void *host, size_t bytes);
hl_status hl_gpu_stage_upload(hl_gpu *gpu, void *device, const void *pinned, size_t bytes);
hl_status hl_gpu_download(hl_gpu *gpu, void *host, const void *device, size_t bytes);
hl_status hl_gpu_fill(hl_gpu *gpu, void *device, int byte, size_t bytes);
hl_status hl_gpu_copy(hl_gpu *gpu, void *to, const void *from, size_t bytes);
hl_status hl_gpu_launch(hl_gpu *gpu, hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items);
hl_status hl_gpu_set_step(hl_gpu *gpu, hl_gpu_step *device, const hl_gpu_step *step);
hl_status hl_gpu_scan(hl_gpu *gpu, const uint32_t *values, uint32_t *sums, int64_t count,
                      const hl_gpu_buffer *scratch);
hl_status hl_gpu_scan_wide(hl_gpu *gpu, const uint64_t *values, uint64_t *sums, int64_t count,
                           const hl_gpu_buffer *scratch);
/* Results are in keys[1] and values[1]. */
hl_status hl_gpu_sort(hl_gpu *gpu, uint32_t *const keys[2], uint32_t *const values[2],
                      int64_t count, int bits, const hl_gpu_buffer *scratch);
hl_status hl_gpu_sort_wide(hl_gpu *gpu, uint64_t *const keys[2], uint32_t *const values[2],
                           int64_t count, int bits, const hl_gpu_buffer *scratch);
size_t hl_gpu_scratch_bytes(hl_gpu *gpu, int64_t count);
hl_status hl_gpu_wait(hl_gpu *gpu);
hl_status hl_gpu_signal(hl_gpu *gpu, int32_t event, hl_gpu_stream stream);
hl_status hl_gpu_follow(hl_gpu *gpu, int32_t event, hl_gpu_stream stream);
/* At once where the event has happened; else waits, and counts it. */
hl_status hl_gpu_await(hl_gpu *gpu, int32_t event);
hl_status hl_gpu_capture_begin(hl_gpu *gpu);
hl_status hl_gpu_capture_end(hl_gpu *gpu, void **graph);
hl_status hl_gpu_graph_launch(hl_gpu *gpu, void *graph);
void hl_gpu_graph_destroy(hl_gpu *gpu, void **graph);
hl_status hl_gpu_mark(hl_gpu *gpu, int32_t slot);
double hl_gpu_seconds(hl_gpu *gpu, int32_t from, int32_t to);

/* The emulation: kernels run one after the other in the calling thread, captures are lists. */
const hl_gpu_table *hl_gpu_table_emulated(void);
/* Lanes, threads and items of all kernels run in the opposite order from now on: what comes out
 * differently by that depends on an order that a GPU does not keep.  For tests. */
void hl_gpu_emulated_reverse(bool on);
/* Device memory that the emulation pretends to have, bytes; 0: no limit.  For tests. */
void hl_gpu_emulated_limit(size_t bytes);

#endif /* HL_RASTER_CUDA_GPU_H */
