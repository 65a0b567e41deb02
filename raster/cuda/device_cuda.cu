/* SPDX-License-Identifier: MIT */
/* The CUDA runtime behind the table of raster/cuda/gpu.h: one device, one stream. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cuda_runtime.h>

extern "C" {
#include "core/memory.h"
#include "raster/cuda/backend_cuda.h"
#include "raster/cuda/cuda_try.h"
#include "raster/cuda/launch_cuda.cuh"
}

typedef struct hl_cuda {
    cudaStream_t stream; /* HL_GPU_MAIN */
    cudaStream_t copies;
    cudaEvent_t mark[HL_GPU_MARKS];
    cudaEvent_t event[HL_GPU_EVENTS];
} hl_cuda;

/* What was made of a context goes; members that were not are 0. */
static void close_device(void *ctx)
{
    hl_cuda *c = (hl_cuda *)ctx;
    for (int k = 0; k < HL_GPU_MARKS; k++)
        if (c->mark[k])
            cudaEventDestroy(c->mark[k]);
    for (int k = 0; k < HL_GPU_EVENTS; k++)
        if (c->event[k])
            cudaEventDestroy(c->event[k]);
    if (c->copies)
        cudaStreamDestroy(c->copies);
    if (c->stream)
        cudaStreamDestroy(c->stream);
    hl_free(c);
}

static hl_status open_device(void **ctx)
{
    int count = 0;
    const cudaError_t e = cudaGetDeviceCount(&count);
    if (e != cudaSuccess || count < 1) {
        cudaGetLastError();
        return hl_fail(HL_E_BACKEND, "backend cuda: no device: %s",
                       e != cudaSuccess ? cudaGetErrorString(e) : "the driver names none");
    }
    hl_cuda *c = (hl_cuda *)hl_alloc(1, sizeof *c);
    if (!c)
        return HL_E_MEMORY;
    cudaError_t made = cudaStreamCreateWithFlags(&c->stream, cudaStreamNonBlocking);
    if (made == cudaSuccess)
        made = cudaStreamCreateWithFlags(&c->copies, cudaStreamNonBlocking);
    for (int k = 0; k < HL_GPU_MARKS && made == cudaSuccess; k++)
        made = cudaEventCreate(&c->mark[k]);
    for (int k = 0; k < HL_GPU_EVENTS && made == cudaSuccess; k++)
        made = cudaEventCreateWithFlags(&c->event[k], cudaEventDisableTiming);
    if (made != cudaSuccess) {
        close_device(c);
        cudaGetLastError();
        return hl_fail(HL_E_BACKEND, "backend cuda: the device does not start: %s",
                       cudaGetErrorString(made));
    }
    *ctx = c;
    return HL_OK;
}

static hl_status info(void *ctx, hl_gpu_info *out)
{
    (void)ctx;
    int device = 0, driver = 0, runtime = 0;
    cudaDeviceProp p;
    size_t available = 0, total = 0;
    memset(out, 0, sizeof *out);
    HL_CUDA_TRY(cudaGetDevice(&device));
    HL_CUDA_TRY(cudaGetDeviceProperties(&p, device));
    HL_CUDA_TRY(cudaDriverGetVersion(&driver));
    HL_CUDA_TRY(cudaRuntimeGetVersion(&runtime));
    HL_CUDA_TRY(cudaMemGetInfo(&available, &total));
    snprintf(out->name, sizeof out->name, "%.100s", p.name);
    out->capability = 10 * p.major + p.minor;
    out->driver = driver;
    out->runtime = runtime;
    out->memory = total;
    out->memory_free = available;
    return HL_OK;
}

static hl_status alloc(void *ctx, void **at, size_t bytes, bool pinned)
{
    (void)ctx;
    const cudaError_t e = pinned ? cudaMallocHost(at, bytes) : cudaMalloc(at, bytes);
    if (e == cudaSuccess)
        return HL_OK;
    cudaGetLastError(); /* an allocation that failed leaves no other trace */
    return hl_fail(e == cudaErrorMemoryAllocation ? HL_E_MEMORY : HL_E_BACKEND,
                   "cuda: %zu bytes of %s memory: %s", bytes, pinned ? "pinned" : "device",
                   cudaGetErrorString(e));
}

static void release(void *ctx, void *at, bool pinned)
{
    (void)ctx;
    if (pinned)
        cudaFreeHost(at);
    else
        cudaFree(at);
}

static hl_status upload(void *ctx, void *to, const void *from, size_t bytes)
{
    HL_CUDA_TRY(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, ((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static hl_status stage(void *ctx, void *to, const void *from, size_t bytes)
{
    HL_CUDA_TRY(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, ((hl_cuda *)ctx)->copies));
    return HL_OK;
}

static hl_status download(void *ctx, void *to, const void *from, size_t bytes)
{
    HL_CUDA_TRY(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, ((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static hl_status fill(void *ctx, void *to, int byte, size_t bytes)
{
    HL_CUDA_TRY(cudaMemsetAsync(to, byte, bytes, ((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static hl_status copy(void *ctx, void *to, const void *from, size_t bytes)
{
    HL_CUDA_TRY(
        cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, ((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static hl_status launch(void *ctx, hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items)
{
    const cudaStream_t stream = ((hl_cuda *)ctx)->stream;
    if (!hl_cuda_launch_splats(kernel, work, items, stream) &&
        !hl_cuda_launch_blend(kernel, work, items, stream) &&
        !hl_cuda_launch_loss(kernel, work, items, stream) &&
        !hl_cuda_launch_refine(kernel, work, items, stream))
        return hl_fail(HL_E_BACKEND, "cuda: no kernel number %d", (int)kernel);
    HL_CUDA_TRY(cudaGetLastError());
    return HL_OK;
}

/* The step travels as a kernel argument: the caller's copy is free at once, nothing waits. */
static __global__ void set_step_kernel(hl_gpu_step *to, const __grid_constant__ hl_gpu_step from)
{
    *to = from;
}

static hl_status set_step(void *ctx, hl_gpu_step *device, const hl_gpu_step *step)
{
    set_step_kernel<<<1, 1, 0, ((hl_cuda *)ctx)->stream>>>(device, *step);
    HL_CUDA_TRY(cudaGetLastError());
    return HL_OK;
}

static hl_status scan(void *ctx, const uint32_t *values, uint32_t *sums, int64_t count,
                      void *scratch, size_t bytes)
{
    HL_CUDA_TRY(hl_cuda_scan(scratch, &bytes, values, sums, count, ((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static hl_status scan_wide(void *ctx, const uint64_t *values, uint64_t *sums, int64_t count,
                           void *scratch, size_t bytes)
{
    HL_CUDA_TRY(hl_cuda_scan_wide(scratch, &bytes, values, sums, count, ((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static hl_status sort(void *ctx, uint32_t *const keys[2], uint32_t *const values[2], int64_t count,
                      int bits, void *scratch, size_t bytes)
{
    HL_CUDA_TRY(hl_cuda_sort(scratch, &bytes, keys, values, count, bits, ((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static hl_status sort_wide(void *ctx, uint64_t *const keys[2], uint32_t *const values[2],
                           int64_t count, int bits, void *scratch, size_t bytes)
{
    HL_CUDA_TRY(
        hl_cuda_sort_wide(scratch, &bytes, keys, values, count, bits, ((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static size_t scratch_bytes(void *ctx, int64_t count)
{
    (void)ctx;
    size_t most = 0;
    uint32_t *const narrow[2] = {NULL, NULL};
    uint64_t *const wide[2] = {NULL, NULL};
    size_t bytes = 0;
    if (hl_cuda_scan(NULL, &bytes, NULL, NULL, count, 0) == cudaSuccess)
        most = bytes > most ? bytes : most;
    if (hl_cuda_scan_wide(NULL, &bytes, NULL, NULL, count, 0) == cudaSuccess)
        most = bytes > most ? bytes : most;
    if (hl_cuda_sort(NULL, &bytes, narrow, narrow, count, 32, 0) == cudaSuccess)
        most = bytes > most ? bytes : most;
    if (hl_cuda_sort_wide(NULL, &bytes, wide, narrow, count, 64, 0) == cudaSuccess)
        most = bytes > most ? bytes : most;
    return most;
}

static hl_status wait_device(void *ctx)
{
    HL_CUDA_TRY(cudaStreamSynchronize(((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static cudaStream_t stream_of(const hl_cuda *c, hl_gpu_stream stream)
{
    return stream == HL_GPU_COPIES ? c->copies : c->stream;
}

static hl_status signal_event(void *ctx, int32_t event, hl_gpu_stream stream)
{
    const hl_cuda *c = (const hl_cuda *)ctx;
    HL_CUDA_TRY(cudaEventRecord(c->event[event], stream_of(c, stream)));
    return HL_OK;
}

static hl_status follow_event(void *ctx, int32_t event, hl_gpu_stream stream)
{
    const hl_cuda *c = (const hl_cuda *)ctx;
    HL_CUDA_TRY(cudaStreamWaitEvent(stream_of(c, stream), c->event[event], 0));
    return HL_OK;
}

static bool happened(void *ctx, int32_t event)
{
    const cudaError_t e = cudaEventQuery(((const hl_cuda *)ctx)->event[event]);
    if (e != cudaSuccess)
        cudaGetLastError(); /* "not ready" is no error to keep */
    return e == cudaSuccess;
}

static hl_status await_event(void *ctx, int32_t event)
{
    HL_CUDA_TRY(cudaEventSynchronize(((const hl_cuda *)ctx)->event[event]));
    return HL_OK;
}

static hl_status capture_begin(void *ctx)
{
    HL_CUDA_TRY(cudaStreamBeginCapture(((hl_cuda *)ctx)->stream, cudaStreamCaptureModeThreadLocal));
    return HL_OK;
}

static hl_status capture_end(void *ctx, void **graph)
{
    cudaGraph_t recorded = NULL;
    cudaGraphExec_t made = NULL;
    HL_CUDA_TRY(cudaStreamEndCapture(((hl_cuda *)ctx)->stream, &recorded));
    const cudaError_t e = cudaGraphInstantiate(&made, recorded, 0);
    cudaGraphDestroy(recorded);
    HL_CUDA_TRY(e);
    *graph = made;
    return HL_OK;
}

static hl_status graph_launch(void *ctx, void *graph)
{
    HL_CUDA_TRY(cudaGraphLaunch((cudaGraphExec_t)graph, ((hl_cuda *)ctx)->stream));
    return HL_OK;
}

static void graph_destroy(void *ctx, void *graph)
{
    (void)ctx;
    cudaGraphExecDestroy((cudaGraphExec_t)graph);
}

static hl_status mark(void *ctx, int32_t slot)
{
    hl_cuda *c = (hl_cuda *)ctx;
    HL_CUDA_TRY(cudaEventRecord(c->mark[slot], c->stream));
    return HL_OK;
}

static double seconds(void *ctx, int32_t from, int32_t to)
{
    const hl_cuda *c = (const hl_cuda *)ctx;
    float ms = 0;
    if (cudaEventElapsedTime(&ms, c->mark[from], c->mark[to]) != cudaSuccess)
        cudaGetLastError();
    return (double)ms / 1000;
}

static const hl_gpu_table cuda_table = {
    "cuda",       open_device,   close_device, info,         alloc,         release,
    upload,       stage,         download,     fill,         copy,          launch,
    set_step,     scan,          scan_wide,    sort,         sort_wide,     scratch_bytes,
    wait_device,  capture_begin, capture_end,  graph_launch, graph_destroy, signal_event,
    follow_event, happened,      await_event,  mark,         seconds};

const hl_gpu_table *hl_gpu_table_cuda(void)
{
    return &cuda_table;
}
