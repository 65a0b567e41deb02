/* SPDX-License-Identifier: MIT */
#include "viewer/scene_gpu.h"

#include "core/color.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/vec.h"
#include "raster/gbuffer.h"

#include <string.h>

enum { PACK_BLOCK = 4096 };

uint16_t hl_half_from_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude >= 0x477FF000) /* rounds beyond 65504 */
        return (uint16_t)(sign | 0x7BFF);
    if (magnitude < 0x38800000) { /* below 2^-14: multiples of 2^-24 */
        float m;
        memcpy(&m, &magnitude, sizeof m);
        const float scaled = m * 16777216.0f;
        uint32_t n = (uint32_t)scaled;
        const float rest = scaled - (float)n;
        n += rest > 0.5f || (rest >= 0.5f && (n & 1));
        return (uint16_t)(sign | n);
    }
    const uint32_t even = magnitude + 0xFFF + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((even - 0x38000000) >> 13));
}

static uint32_t fraction(float x, float range)
{
    return (uint32_t)(hl_clamp(x / range, 0, 1) * 65535 + 0.5f);
}

static uint32_t signed_fraction(float x)
{
    const float v = hl_clamp(x, -1, 1) * 32767;
    return (uint32_t)(int32_t)(v < 0 ? v - 0.5f : v + 0.5f) & 0xFFFF;
}

static bool finite_floats(const float *x, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        ok = ok && hl_abs(x[i]) < 1e30f;
    return ok;
}

void hl_gpu_pack_splat(const hl_splats *splats, size_t i, struct hl_gpu_splat *out)
{
    const float *mean = splats->mean + 3 * i, *log_scale = splats->log_scale + 3 * i;
    const float *quat = splats->quat + 4 * i, *sh = splats->sh + 3 * HL_SH_COEFFS_MAX * i;
    float q[4], opacity = hl_sigmoid(splats->logit_opa[i]);
    uint32_t s[3];
    const bool finite = finite_floats(mean, 3) && finite_floats(log_scale, 3) &&
                        finite_floats(quat, 4) && finite_floats(sh, 3 * HL_SH_COEFFS_MAX);
    if (!finite || !(opacity <= 1))
        opacity = 0;
    hl_quat_unit(quat, q);
    for (int k = 0; k < 3; k++) {
        out->mean[k] = finite ? mean[k] : 0;
        s[k] = finite ? fraction(log_scale[k] - (float)HL_SCALE_LOW, (float)HL_SCALE_RANGE) : 0;
    }
    out->scale[0] = s[0] | s[1] << 16;
    out->scale[1] = s[2] | fraction(opacity, 1) << 16;
    out->quat[0] = signed_fraction(q[0]) | signed_fraction(q[1]) << 16;
    out->quat[1] = signed_fraction(q[2]) | signed_fraction(q[3]) << 16;
}

typedef struct packing {
    const hl_splats *splats;
    const hl_gpu_splats *gpu;
    size_t first, count;
    struct hl_gpu_splat *out;
    uint16_t *colors;       /* (count, 2 color_words) */
    const float *materials; /* of all splats, or NULL */
    uint32_t *own;          /* (count, 2)             */
} packing;

static void pack_own(const float material[HL_GBUFFER_CHANNELS], uint32_t own[2])
{
    own[0] = (uint32_t)(hl_clamp(material[3], 0, 1) * 255 + 0.5f) << 24;
    own[1] = (uint32_t)(hl_clamp(material[4], 0, 1) * 255 + 0.5f);
    for (int c = 0; c < 3; c++)
        own[0] |= (uint32_t)(hl_srgb_from_linear(hl_clamp(material[c], 0, 1)) * 255 + 0.5f)
                  << 8 * c;
}

static void pack_block(void *ctx, int32_t block, int32_t thread)
{
    const packing *p = ctx;
    const size_t from = (size_t)block * PACK_BLOCK, stride = p->gpu->stride;
    const size_t to = from + PACK_BLOCK < p->count ? from + PACK_BLOCK : p->count;
    (void)thread;
    for (size_t i = from; i < to; i++) {
        const float *sh = p->splats->sh + 3 * HL_SH_COEFFS_MAX * (p->first + i);
        uint16_t *halves = p->colors + 2 * (size_t)p->gpu->color_words * i;
        hl_gpu_pack_splat(p->splats, p->first + i, &p->out[i]);
        if (p->materials)
            pack_own(p->materials + HL_GBUFFER_CHANNELS * (p->first + i), p->own + 2 * i);
        for (size_t c = 0; c < 3; c++)
            for (size_t k = 0; k < stride; k++)
                halves[c * stride + k] = hl_half_from_float(sh[c * HL_SH_COEFFS_MAX + k]);
    }
}

static hl_status upload_chunk(hl_vk *vk, hl_gpu_splats *gpu, hl_gpu_chunk *chunk, packing *p)
{
    const uint64_t splat_bytes = (uint64_t)chunk->count * sizeof(struct hl_gpu_splat);
    const uint64_t color_bytes = (uint64_t)chunk->count * gpu->color_words * 4;
    p->first = chunk->first;
    p->count = chunk->count;
    hl_parallel_for(hl_block_count(chunk->count, PACK_BLOCK), pack_block, p);
    HL_TRY(hl_vk_buffer_create(vk, &chunk->splats, splat_bytes, HL_VK_DEVICE));
    HL_TRY(hl_vk_buffer_create(vk, &chunk->colors, color_bytes, HL_VK_DEVICE));
    const uint64_t own_bytes = p->materials ? (uint64_t)chunk->count * 8 : 0;
    HL_TRY(hl_vk_buffer_create(vk, &chunk->own, own_bytes, HL_VK_DEVICE));
    if (own_bytes)
        HL_TRY(hl_vk_upload(vk, &chunk->own, 0, p->own, own_bytes));
    HL_TRY(hl_vk_upload(vk, &chunk->splats, 0, p->out, splat_bytes));
    return hl_vk_upload(vk, &chunk->colors, 0, p->colors, color_bytes);
}

static hl_status upload_chunks(hl_vk *vk, hl_gpu_splats *gpu, const hl_splats *splats,
                               const float *materials)
{
    const uint32_t most = gpu->count < HL_GPU_CHUNK ? gpu->count : HL_GPU_CHUNK;
    packing p = {.splats = splats, .gpu = gpu, .materials = materials};
    gpu->chunks = hl_alloc(gpu->chunk_count, sizeof *gpu->chunks);
    p.out = hl_alloc(most, sizeof *p.out);
    p.colors = hl_alloc(most, (size_t)gpu->color_words * 4);
    p.own = hl_alloc(most, 8);
    hl_status s = gpu->chunks && p.out && p.colors && p.own ? HL_OK : HL_E_MEMORY;
    for (uint32_t i = 0; s == HL_OK && i < gpu->chunk_count; i++) {
        hl_gpu_chunk *chunk = &gpu->chunks[i];
        chunk->first = i * HL_GPU_CHUNK;
        chunk->count =
            gpu->count - chunk->first < HL_GPU_CHUNK ? gpu->count - chunk->first : HL_GPU_CHUNK;
        s = upload_chunk(vk, gpu, chunk, &p);
    }
    hl_free(p.out);
    hl_free(p.colors);
    hl_free(p.own);
    return s;
}

static hl_status make_work_buffers(hl_vk *vk, hl_gpu_splats *gpu)
{
    const uint64_t n = gpu->count, groups = (n + HL_RADIX_KEYS - 1) / HL_RADIX_KEYS;
    HL_TRY(hl_vk_buffer_create(vk, &gpu->footprints, n * sizeof(struct hl_gpu_footprint),
                               HL_VK_DEVICE));
    HL_TRY(hl_vk_buffer_create(vk, &gpu->materials, n * 8, HL_VK_DEVICE));
    for (int i = 0; i < 2; i++) {
        HL_TRY(hl_vk_buffer_create(vk, &gpu->keys[i], n * 4, HL_VK_DEVICE));
        HL_TRY(hl_vk_buffer_create(vk, &gpu->order[i], n * 4, HL_VK_DEVICE));
    }
    HL_TRY(hl_vk_buffer_create(vk, &gpu->counts, groups * HL_RADIX_BINS * 4, HL_VK_DEVICE));
    HL_TRY(hl_vk_buffer_create(vk, &gpu->totals, (uint64_t)HL_RADIX_BINS * 4, HL_VK_DEVICE));
    return hl_vk_buffer_create(vk, &gpu->draw, sizeof(VkDrawIndirectCommand), HL_VK_DEVICE);
}

hl_status hl_gpu_splats_create(hl_vk *vk, hl_gpu_splats *out, const hl_splats *splats,
                               const float *materials)
{
    hl_gpu_splats gpu = {
        .count = (uint32_t)splats->count, .degree = splats->sh_degree, .owned = materials != NULL};
    gpu.chunk_count = (gpu.count + HL_GPU_CHUNK - 1) / HL_GPU_CHUNK;
    gpu.stride = (uint32_t)hl_sh_coeffs(splats->sh_degree);
    gpu.color_words = (3 * gpu.stride + 1) / 2;
    hl_status s = make_work_buffers(vk, &gpu); /* first: they meet the limits first */
    if (s == HL_OK)
        s = upload_chunks(vk, &gpu, splats, materials);
    if (s != HL_OK) {
        hl_gpu_splats_release(vk, &gpu);
        return hl_fail_context(s, "placing %u splats on the device", (unsigned)splats->count);
    }
    *out = gpu;
    return HL_OK;
}

void hl_gpu_splats_release(hl_vk *vk, hl_gpu_splats *splats)
{
    for (uint32_t i = 0; splats->chunks && i < splats->chunk_count; i++) {
        hl_vk_buffer_release(vk, &splats->chunks[i].splats);
        hl_vk_buffer_release(vk, &splats->chunks[i].own);
        hl_vk_buffer_release(vk, &splats->chunks[i].colors);
    }
    hl_free(splats->chunks);
    hl_vk_buffer_release(vk, &splats->footprints);
    hl_vk_buffer_release(vk, &splats->materials);
    hl_vk_buffer_release(vk, &splats->baked);
    for (int i = 0; i < 2; i++) {
        hl_vk_buffer_release(vk, &splats->keys[i]);
        hl_vk_buffer_release(vk, &splats->order[i]);
    }
    hl_vk_buffer_release(vk, &splats->counts);
    hl_vk_buffer_release(vk, &splats->totals);
    hl_vk_buffer_release(vk, &splats->draw);
    *splats = (hl_gpu_splats){.count = 0};
}

hl_status hl_gpu_splats_set_baked(hl_vk *vk, hl_gpu_splats *splats, const uint32_t *baked)
{
    const uint64_t bytes = baked ? (uint64_t)splats->count * 8 : 0;
    if (splats->baked.buffer && splats->baked.size >= bytes && bytes)
        return hl_vk_upload(vk, &splats->baked, 0, baked, bytes);
    hl_vk_buffer_release(vk, &splats->baked);
    HL_TRY(hl_vk_buffer_create(vk, &splats->baked, bytes, HL_VK_DEVICE));
    return bytes ? hl_vk_upload(vk, &splats->baked, 0, baked, bytes) : HL_OK;
}

uint64_t hl_gpu_splats_bytes(const hl_gpu_splats *splats)
{
    uint64_t sum = splats->footprints.size + splats->materials.size + splats->counts.size +
                   splats->totals.size + splats->baked.size;
    for (int i = 0; i < 2; i++)
        sum += splats->keys[i].size + splats->order[i].size;
    for (uint32_t i = 0; i < splats->chunk_count; i++)
        sum += splats->chunks[i].splats.size + splats->chunks[i].colors.size +
               splats->chunks[i].own.size;
    return sum;
}
