/* SPDX-License-Identifier: MIT */
/* viewer/vk_shader.h -- the shaders of shaders/, compiled in, and the pipelines made of them.
 *
 * A pipeline has one descriptor set.  Its bindings are written as a text of one letter each:
 * b storage buffer, u uniform buffer, s sampled image, i storage image.
 */
#ifndef HL_VIEWER_VK_SHADER_H
#define HL_VIEWER_VK_SHADER_H

#include "viewer/vk_memory.h"

/* Every shader of shaders/: X(name, stage) for the file name.stage. */
#define HL_SHADERS(X)         \
    X(project, comp)          \
    X(radix_count, comp)      \
    X(radix_scan, comp)       \
    X(radix_scatter, comp)    \
    X(tiles_count, comp)      \
    X(tiles_scan, comp)       \
    X(tiles_fill, comp)       \
    X(tiles_ranges, comp)     \
    X(tiles, comp)            \
    X(tiles_lit, comp)        \
    X(tiles_baked, comp)      \
    X(tiles_near, comp)       \
    X(tiles_near_baked, comp) \
    X(quads, vert)            \
    X(quads, frag)            \
    X(resolve, comp)          \
    X(ui, vert)               \
    X(ui, frag)               \
    X(quads_lit, vert)        \
    X(quads_lit, frag)        \
    X(env_filter, comp)       \
    X(brdf_table, comp)       \
    X(light, comp)            \
    X(mesh, vert)             \
    X(mesh, frag)             \
    X(mesh_depth, vert)       \
    X(mesh_depth, frag)       \
    X(quads_baked, vert)      \
    X(quads_baked, frag)      \
    X(quads_near, frag)       \
    X(quads_near_baked, frag) \
    X(place, vert)            \
    X(place, frag)            \
    X(place_baked, vert)      \
    X(place_baked, frag)      \
    X(mesh_baked, vert)       \
    X(mesh_baked, frag)       \
    X(shadow_mesh, vert)      \
    X(shadow_splats, vert)    \
    X(shadow_splats, frag)

typedef enum hl_shader {
#define X(name, stage) HL_SHADER_##name##_##stage,
    HL_SHADERS(X)
#undef X
        HL_SHADER_COUNT
} hl_shader;

enum { HL_VK_BINDINGS_MAX = 20, HL_VK_TARGETS_MAX = 7, HL_VK_PUSH_BYTES = 128 };

typedef struct hl_vk_pipeline {
    VkPipeline pipeline;
    VkPipelineLayout layout;
    VkDescriptorSetLayout set_layout;
    VkPipelineBindPoint point;
    char bindings[HL_VK_BINDINGS_MAX + 1];
    uint32_t push_bytes;
} hl_vk_pipeline;

typedef enum hl_vk_blend {
    HL_VK_OPAQUE,
    HL_VK_UNDER, /* front to back: dst + (1 - dst alpha) src, src premultiplied */
    HL_VK_OVER   /* straight alpha over what is there: the user interface       */
} hl_vk_blend;

typedef struct hl_vk_draw_params {
    hl_shader vertex, fragment;
    const char *bindings;
    uint32_t push_bytes;
    VkPrimitiveTopology topology;
    VkFormat targets[HL_VK_TARGETS_MAX];
    uint32_t target_count;
    bool depth_test, depth_write; /* with a D32 target; nearer is greater */
    VkCullModeFlags cull;
    hl_vk_blend blend;
    const VkVertexInputAttributeDescription *attributes;
    uint32_t attribute_count, vertex_bytes;
} hl_vk_draw_params;

hl_status hl_vk_compute_pipeline(hl_vk *vk, hl_vk_pipeline *out, hl_shader shader,
                                 const char *bindings, uint32_t push_bytes);
hl_status hl_vk_draw_pipeline(hl_vk *vk, hl_vk_pipeline *out, const hl_vk_draw_params *params);
void hl_vk_pipeline_release(hl_vk *vk, hl_vk_pipeline *pipeline);

typedef struct hl_vk_binding {
    const hl_vk_buffer *buffer;
    VkImageView view;
    VkSampler sampler; /* of a sampled image */
} hl_vk_binding;

/* Binds the pipeline, its resources in order of the bindings, and the push constants. */
hl_status hl_vk_bind(hl_vk *vk, const hl_vk_pipeline *pipeline, const hl_vk_binding *bindings,
                     const void *push);

/* Enough groups for `groups`, folded into two dimensions: the shader's group number is
 * x + y * (groups in x) and may exceed `groups`. */
void hl_vk_dispatch(hl_vk *vk, uint64_t groups);

/* SPIR-V of a shader, for tests. */
const uint32_t *hl_vk_spirv(hl_shader shader, size_t *bytes);

#endif /* HL_VIEWER_VK_SHADER_H */
