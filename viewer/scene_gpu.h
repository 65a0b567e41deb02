/* SPDX-License-Identifier: MIT */
/* viewer/scene_gpu.h -- splats in device memory, in chunks that respect the binding limit.
 *
 * A splat takes 28 bytes and its colour as halves: 6 to 96 bytes by SH degree.  A frame adds a
 * footprint (32), a material (8), keys and order twice (16); measured materials and baked light
 * are 8 each where there are any.
 */
#ifndef HL_VIEWER_SCENE_GPU_H
#define HL_VIEWER_SCENE_GPU_H

#include "core/splats.h"
#include "shaders/shared.h"
#include "viewer/vk_memory.h"

#define HL_GPU_CHUNK (1 << 20) /* splats */

typedef struct hl_gpu_chunk {
    hl_vk_buffer splats; /* hl_gpu_splat (count)                              */
    hl_vk_buffer own;    /* albedo in sRGB and roughness in 8 bits, metal (count, 2); or empty */
    hl_vk_buffer colors; /* halves (count, [rgb][coefficient]), rows of words */
    uint32_t first, count;
} hl_gpu_chunk;

typedef struct hl_gpu_splats {
    uint32_t count, chunk_count;
    int32_t degree;
    uint32_t color_words; /* 32-bit words of one splat's colour */
    uint32_t stride;      /* stored coefficients of a channel   */
    hl_gpu_chunk *chunks; /* (chunk_count)                      */
    hl_vk_buffer footprints;
    bool owned;                     /* the chunks have `own`            */
    hl_vk_buffer baked;             /* (count, 2) of viewer/bake.h, or empty */
    hl_vk_buffer materials;         /* 8 bytes each: material_of of project.comp */
    hl_vk_buffer keys[2], order[2]; /* result in [0]                    */
    hl_vk_buffer counts, totals;    /* of the sort                      */
    hl_vk_buffer draw;              /* VkDrawIndirectCommand of a frame */
} hl_gpu_splats;

/* Packs and uploads.  Splats that are not finite become invisible.  materials: (count,
 * HL_GBUFFER_CHANNELS), or NULL.
 * Errors: HL_E_BACKEND (more than the device's binding limit or memory holds), HL_E_MEMORY. */
hl_status hl_gpu_splats_create(hl_vk *vk, hl_gpu_splats *out, const hl_splats *splats,
                               const float *materials);
void hl_gpu_splats_release(hl_vk *vk, hl_gpu_splats *splats);

/* Replaces the baked light; (count, 2), NULL: none. */
hl_status hl_gpu_splats_set_baked(hl_vk *vk, hl_gpu_splats *splats, const uint32_t *baked);

/* Device bytes of all buffers above. */
uint64_t hl_gpu_splats_bytes(const hl_gpu_splats *splats);

/* One splat in storage form; for tests. */
void hl_gpu_pack_splat(const hl_splats *splats, size_t i, struct hl_gpu_splat *out);

/* Round to nearest even; out of range becomes the largest finite half. */
uint16_t hl_half_from_float(float x);

#endif /* HL_VIEWER_SCENE_GPU_H */
