/* SPDX-License-Identifier: MIT */
#include "raster/cuda/gpu.h"

#include <string.h>

hl_status hl_gpu_open(hl_gpu *gpu, const hl_gpu_table *table)
{
    memset(gpu, 0, sizeof *gpu);
    HL_TRY(table->open(&gpu->ctx));
    gpu->table = table;
    return HL_OK;
}

void hl_gpu_close(hl_gpu *gpu)
{
    if (gpu->table)
        gpu->table->close(gpu->ctx);
    memset(gpu, 0, sizeof *gpu);
}

hl_status hl_gpu_describe(hl_gpu *gpu, hl_gpu_info *info)
{
    return gpu->table->info(gpu->ctx, info);
}

hl_status hl_gpu_reserve(hl_gpu *gpu, hl_gpu_buffer *buffer, size_t count, size_t size,
                         const char *what)
{
    const size_t least = 256;
    if (count > SIZE_MAX / 2 / size)
        return hl_fail(HL_E_MEMORY, "%s: %zu values of %zu bytes are beyond any device", what,
                       count, size);
    const size_t bytes = count * size > least ? count * size : least;
    if (bytes <= buffer->bytes)
        return HL_OK;
    hl_gpu_free(gpu, buffer);
    gpu->counts.allocations++;
    const hl_status s = gpu->table->alloc(gpu->ctx, &buffer->at, bytes, false);
    if (s != HL_OK) {
        const double mib = 1024 * 1024;
        hl_gpu_info info;
        buffer->at = NULL;
        if (s != HL_E_MEMORY || gpu->table->info(gpu->ctx, &info) != HL_OK)
            return s;
        return hl_fail(
            HL_E_MEMORY,
            "%s need %.1f MiB of device memory, %.1f MiB are free (%.1f MiB in use here)", what,
            (double)bytes / mib, (double)info.memory_free / mib, (double)gpu->bytes / mib);
    }
    buffer->bytes = bytes;
    gpu->bytes += bytes;
    return hl_gpu_fill(gpu, buffer->at, 0, bytes);
}

void hl_gpu_free(hl_gpu *gpu, hl_gpu_buffer *buffer)
{
    if (buffer->at)
        gpu->table->release(gpu->ctx, buffer->at, false);
    gpu->bytes -= buffer->bytes;
    buffer->at = NULL;
    buffer->bytes = 0;
}

hl_status hl_gpu_pin(hl_gpu *gpu, void **at, size_t bytes)
{
    gpu->counts.allocations++;
    HL_TRY(gpu->table->alloc(gpu->ctx, at, bytes, true));
    memset(*at, 0, bytes);
    return HL_OK;
}

void hl_gpu_unpin(hl_gpu *gpu, void *at)
{
    if (at)
        gpu->table->release(gpu->ctx, at, true);
}

hl_status hl_gpu_upload(hl_gpu *gpu, void *device, const void *host, size_t bytes)
{
    gpu->counts.copies++;
    return bytes ? gpu->table->upload(gpu->ctx, device, host, bytes) : HL_OK;
}

hl_status hl_gpu_stage_upload(hl_gpu *gpu, void *device, const void *pinned, size_t bytes)
{
    gpu->counts.copies++;
    return bytes ? gpu->table->stage(gpu->ctx, device, pinned, bytes) : HL_OK;
}

hl_status hl_gpu_download(hl_gpu *gpu, void *host, const void *device, size_t bytes)
{
    gpu->counts.copies++;
    return bytes ? gpu->table->download(gpu->ctx, host, device, bytes) : HL_OK;
}

hl_status hl_gpu_fill(hl_gpu *gpu, void *device, int byte, size_t bytes)
{
    gpu->counts.copies++;
    return bytes ? gpu->table->fill(gpu->ctx, device, byte, bytes) : HL_OK;
}

hl_status hl_gpu_copy(hl_gpu *gpu, void *to, const void *from, size_t bytes)
{
    gpu->counts.copies++;
    return bytes ? gpu->table->copy(gpu->ctx, to, from, bytes) : HL_OK;
}

hl_status hl_gpu_launch(hl_gpu *gpu, hl_gpu_kernel kernel, const hl_gpu_work *work, int64_t items)
{
    gpu->counts.launches++;
    return items > 0 ? gpu->table->launch(gpu->ctx, kernel, work, items) : HL_OK;
}

hl_status hl_gpu_set_step(hl_gpu *gpu, hl_gpu_step *device, const hl_gpu_step *step)
{
    gpu->counts.launches++;
    return gpu->table->set_step(gpu->ctx, device, step);
}

hl_status hl_gpu_scan(hl_gpu *gpu, const uint32_t *values, uint32_t *sums, int64_t count,
                      const hl_gpu_buffer *scratch)
{
    gpu->counts.launches++;
    return gpu->table->scan(gpu->ctx, values, sums, count, scratch->at, scratch->bytes);
}

hl_status hl_gpu_scan_wide(hl_gpu *gpu, const uint64_t *values, uint64_t *sums, int64_t count,
                           const hl_gpu_buffer *scratch)
{
    gpu->counts.launches++;
    return gpu->table->scan_wide(gpu->ctx, values, sums, count, scratch->at, scratch->bytes);
}

hl_status hl_gpu_sort(hl_gpu *gpu, uint32_t *const keys[2], uint32_t *const values[2],
                      int64_t count, int bits, const hl_gpu_buffer *scratch)
{
    gpu->counts.launches++;
    return gpu->table->sort(gpu->ctx, keys, values, count, bits, scratch->at, scratch->bytes);
}

hl_status hl_gpu_sort_wide(hl_gpu *gpu, uint64_t *const keys[2], uint32_t *const values[2],
                           int64_t count, int bits, const hl_gpu_buffer *scratch)
{
    gpu->counts.launches++;
    return gpu->table->sort_wide(gpu->ctx, keys, values, count, bits, scratch->at, scratch->bytes);
}

size_t hl_gpu_scratch_bytes(hl_gpu *gpu, int64_t count)
{
    return gpu->table->scratch_bytes(gpu->ctx, count);
}

hl_status hl_gpu_wait(hl_gpu *gpu)
{
    gpu->counts.waits++;
    return gpu->table->wait(gpu->ctx);
}

hl_status hl_gpu_signal(hl_gpu *gpu, int32_t event, hl_gpu_stream stream)
{
    return gpu->table->signal(gpu->ctx, event, stream);
}

hl_status hl_gpu_follow(hl_gpu *gpu, int32_t event, hl_gpu_stream stream)
{
    return gpu->table->follow(gpu->ctx, event, stream);
}

hl_status hl_gpu_await(hl_gpu *gpu, int32_t event)
{
    if (gpu->table->happened(gpu->ctx, event))
        return HL_OK;
    gpu->counts.throttles++;
    return gpu->table->await(gpu->ctx, event);
}

hl_status hl_gpu_capture_begin(hl_gpu *gpu)
{
    gpu->counts.captures++;
    return gpu->table->capture_begin(gpu->ctx);
}

hl_status hl_gpu_capture_end(hl_gpu *gpu, void **graph)
{
    return gpu->table->capture_end(gpu->ctx, graph);
}

hl_status hl_gpu_graph_launch(hl_gpu *gpu, void *graph)
{
    gpu->counts.launches++;
    return gpu->table->graph_launch(gpu->ctx, graph);
}

void hl_gpu_graph_destroy(hl_gpu *gpu, void **graph)
{
    if (*graph)
        gpu->table->graph_destroy(gpu->ctx, *graph);
    *graph = NULL;
}

hl_status hl_gpu_mark(hl_gpu *gpu, int32_t slot)
{
    return gpu->table->mark(gpu->ctx, slot);
}

double hl_gpu_seconds(hl_gpu *gpu, int32_t from, int32_t to)
{
    return gpu->table->seconds(gpu->ctx, from, to);
}
