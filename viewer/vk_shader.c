/* SPDX-License-Identifier: MIT */
#include "viewer/vk_shader.h"

#include "shaders/all_spirv.h"

#include <assert.h>
#include <string.h>

static const struct {
    const uint32_t *words;
    size_t bytes;
    const char *name;
} shaders[HL_SHADER_COUNT] = {
#define X(name, stage) {hl_spv_##name##_##stage, sizeof hl_spv_##name##_##stage, #name "." #stage},
    HL_SHADERS(X)
#undef X
};

const uint32_t *hl_vk_spirv(hl_shader shader, size_t *bytes)
{
    *bytes = shaders[shader].bytes;
    return shaders[shader].words;
}

static VkDescriptorType descriptor_type(char letter)
{
    switch (letter) {
    case 'b':
        return VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    case 'u':
        return VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER;
    case 'i':
        return VK_DESCRIPTOR_TYPE_STORAGE_IMAGE;
    default:
        return VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
    }
}

static hl_status make_layout(hl_vk *vk, hl_vk_pipeline *p, VkShaderStageFlags stages)
{
    VkDescriptorSetLayoutBinding rows[HL_VK_BINDINGS_MAX];
    const uint32_t count = (uint32_t)strlen(p->bindings);
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (VkDescriptorSetLayoutBinding){.binding = i,
                                                 .descriptorType = descriptor_type(p->bindings[i]),
                                                 .descriptorCount = 1,
                                                 .stageFlags = stages};
    const VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = count,
        .pBindings = rows};
    HL_TRY(hl_vk_check(vk, vkCreateDescriptorSetLayout(vk->device, &set, NULL, &p->set_layout),
                       "vkCreateDescriptorSetLayout"));
    const VkPushConstantRange push = {.stageFlags = stages, .size = p->push_bytes};
    const VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                             .setLayoutCount = 1,
                                             .pSetLayouts = &p->set_layout,
                                             .pushConstantRangeCount = p->push_bytes ? 1 : 0,
                                             .pPushConstantRanges = &push};
    return hl_vk_check(vk, vkCreatePipelineLayout(vk->device, &info, NULL, &p->layout),
                       "vkCreatePipelineLayout");
}

static hl_status make_module(hl_vk *vk, hl_shader shader, VkShaderModule *out)
{
    const VkShaderModuleCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                           .codeSize = shaders[shader].bytes,
                                           .pCode = shaders[shader].words};
    return hl_vk_check(vk, vkCreateShaderModule(vk->device, &info, NULL, out),
                       shaders[shader].name);
}

static void start(hl_vk_pipeline *p, VkPipelineBindPoint point, const char *bindings,
                  uint32_t push_bytes)
{
    assert(strlen(bindings) <= HL_VK_BINDINGS_MAX && push_bytes <= HL_VK_PUSH_BYTES);
    *p = (hl_vk_pipeline){.point = point, .push_bytes = push_bytes};
    memcpy(p->bindings, bindings, strlen(bindings));
}

hl_status hl_vk_compute_pipeline(hl_vk *vk, hl_vk_pipeline *out, hl_shader shader,
                                 const char *bindings, uint32_t push_bytes)
{
    hl_vk_pipeline p;
    VkShaderModule module = VK_NULL_HANDLE;
    start(&p, VK_PIPELINE_BIND_POINT_COMPUTE, bindings, push_bytes);
    hl_status s = make_layout(vk, &p, VK_SHADER_STAGE_COMPUTE_BIT);
    s = s == HL_OK ? make_module(vk, shader, &module) : s;
    if (s == HL_OK) {
        const VkComputePipelineCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
            .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                      .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                      .module = module,
                      .pName = "main"},
            .layout = p.layout};
        s = hl_vk_check(
            vk, vkCreateComputePipelines(vk->device, VK_NULL_HANDLE, 1, &info, NULL, &p.pipeline),
            shaders[shader].name);
    }
    vkDestroyShaderModule(vk->device, module, NULL);
    if (s != HL_OK) {
        hl_vk_pipeline_release(vk, &p);
        return s;
    }
    *out = p;
    return HL_OK;
}

static VkPipelineColorBlendAttachmentState blend_state(hl_vk_blend blend)
{
    const bool under = blend == HL_VK_UNDER;
    return (VkPipelineColorBlendAttachmentState){
        .blendEnable = blend != HL_VK_OPAQUE,
        .srcColorBlendFactor =
            under ? VK_BLEND_FACTOR_ONE_MINUS_DST_ALPHA : VK_BLEND_FACTOR_SRC_ALPHA,
        .dstColorBlendFactor = under ? VK_BLEND_FACTOR_ONE : VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA,
        .srcAlphaBlendFactor = under ? VK_BLEND_FACTOR_ONE_MINUS_DST_ALPHA : VK_BLEND_FACTOR_ONE,
        .dstAlphaBlendFactor = under ? VK_BLEND_FACTOR_ONE : VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA,
        .colorWriteMask = VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT |
                          VK_COLOR_COMPONENT_B_BIT | VK_COLOR_COMPONENT_A_BIT};
}

static hl_status create_draw(hl_vk *vk, hl_vk_pipeline *p, const hl_vk_draw_params *d,
                             const VkPipelineShaderStageCreateInfo stages[2])
{
    VkPipelineColorBlendAttachmentState attachments[HL_VK_TARGETS_MAX];
    for (uint32_t i = 0; i < d->target_count; i++)
        attachments[i] = blend_state(d->blend);
    const VkDynamicState dynamic[] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
    const VkVertexInputBindingDescription vertex = {.stride = d->vertex_bytes};
    const VkPipelineVertexInputStateCreateInfo input = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
        .vertexBindingDescriptionCount = d->attribute_count ? 1 : 0,
        .pVertexBindingDescriptions = &vertex,
        .vertexAttributeDescriptionCount = d->attribute_count,
        .pVertexAttributeDescriptions = d->attributes};
    const VkPipelineInputAssemblyStateCreateInfo assembly = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = d->topology};
    const VkPipelineViewportStateCreateInfo viewport = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
        .viewportCount = 1,
        .scissorCount = 1};
    const VkPipelineRasterizationStateCreateInfo raster = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .cullMode = d->cull,
        .frontFace = VK_FRONT_FACE_COUNTER_CLOCKWISE,
        .lineWidth = 1};
    const VkPipelineMultisampleStateCreateInfo samples = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
        .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT};
    const VkPipelineDepthStencilStateCreateInfo depth = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO,
        .depthTestEnable = d->depth_test,
        .depthWriteEnable = d->depth_write,
        .depthCompareOp = VK_COMPARE_OP_GREATER_OR_EQUAL};
    const VkPipelineColorBlendStateCreateInfo blend = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
        .attachmentCount = d->target_count,
        .pAttachments = attachments};
    const VkPipelineDynamicStateCreateInfo dynamics = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO,
        .dynamicStateCount = 2,
        .pDynamicStates = dynamic};
    const VkPipelineRenderingCreateInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
        .colorAttachmentCount = d->target_count,
        .pColorAttachmentFormats = d->targets,
        .depthAttachmentFormat =
            d->depth_test || d->depth_write ? VK_FORMAT_D32_SFLOAT : VK_FORMAT_UNDEFINED};
    const VkGraphicsPipelineCreateInfo info = {.sType =
                                                   VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
                                               .pNext = &rendering,
                                               .stageCount = 2,
                                               .pStages = stages,
                                               .pVertexInputState = &input,
                                               .pInputAssemblyState = &assembly,
                                               .pViewportState = &viewport,
                                               .pRasterizationState = &raster,
                                               .pMultisampleState = &samples,
                                               .pDepthStencilState = &depth,
                                               .pColorBlendState = &blend,
                                               .pDynamicState = &dynamics,
                                               .layout = p->layout};
    return hl_vk_check(
        vk, vkCreateGraphicsPipelines(vk->device, VK_NULL_HANDLE, 1, &info, NULL, &p->pipeline),
        shaders[d->fragment].name);
}

hl_status hl_vk_draw_pipeline(hl_vk *vk, hl_vk_pipeline *out, const hl_vk_draw_params *params)
{
    hl_vk_pipeline p;
    VkShaderModule modules[2] = {VK_NULL_HANDLE, VK_NULL_HANDLE};
    start(&p, VK_PIPELINE_BIND_POINT_GRAPHICS, params->bindings, params->push_bytes);
    hl_status s = make_layout(vk, &p, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT);
    s = s == HL_OK ? make_module(vk, params->vertex, &modules[0]) : s;
    s = s == HL_OK ? make_module(vk, params->fragment, &modules[1]) : s;
    if (s == HL_OK) {
        const VkPipelineShaderStageCreateInfo stages[2] = {
            {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
             .stage = VK_SHADER_STAGE_VERTEX_BIT,
             .module = modules[0],
             .pName = "main"},
            {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
             .stage = VK_SHADER_STAGE_FRAGMENT_BIT,
             .module = modules[1],
             .pName = "main"}};
        s = create_draw(vk, &p, params, stages);
    }
    vkDestroyShaderModule(vk->device, modules[0], NULL);
    vkDestroyShaderModule(vk->device, modules[1], NULL);
    if (s != HL_OK) {
        hl_vk_pipeline_release(vk, &p);
        return s;
    }
    *out = p;
    return HL_OK;
}

void hl_vk_pipeline_release(hl_vk *vk, hl_vk_pipeline *pipeline)
{
    if (pipeline->pipeline)
        vkDestroyPipeline(vk->device, pipeline->pipeline, NULL);
    if (pipeline->layout)
        vkDestroyPipelineLayout(vk->device, pipeline->layout, NULL);
    if (pipeline->set_layout)
        vkDestroyDescriptorSetLayout(vk->device, pipeline->set_layout, NULL);
    *pipeline = (hl_vk_pipeline){.pipeline = VK_NULL_HANDLE};
}

hl_status hl_vk_bind(hl_vk *vk, const hl_vk_pipeline *pipeline, const hl_vk_binding *bindings,
                     const void *push)
{
    VkDescriptorBufferInfo buffers[HL_VK_BINDINGS_MAX];
    VkDescriptorImageInfo images[HL_VK_BINDINGS_MAX];
    VkWriteDescriptorSet writes[HL_VK_BINDINGS_MAX];
    VkDescriptorSet set;
    const uint32_t count = (uint32_t)strlen(pipeline->bindings);
    const VkDescriptorSetAllocateInfo info = {.sType =
                                                  VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                              .descriptorPool = vk->descriptors,
                                              .descriptorSetCount = 1,
                                              .pSetLayouts = &pipeline->set_layout};
    HL_TRY(hl_vk_check(vk, vkAllocateDescriptorSets(vk->device, &info, &set),
                       "vkAllocateDescriptorSets"));
    for (uint32_t i = 0; i < count; i++) {
        const hl_vk_binding *b = &bindings[i];
        const VkDescriptorType type = descriptor_type(pipeline->bindings[i]);
        buffers[i] = (VkDescriptorBufferInfo){.buffer = b->buffer ? b->buffer->buffer : NULL,
                                              .range = VK_WHOLE_SIZE};
        images[i] =
            (VkDescriptorImageInfo){.sampler = b->sampler,
                                    .imageView = b->view,
                                    .imageLayout = type == VK_DESCRIPTOR_TYPE_STORAGE_IMAGE
                                                       ? VK_IMAGE_LAYOUT_GENERAL
                                                       : VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
        writes[i] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                           .dstSet = set,
                                           .dstBinding = i,
                                           .descriptorCount = 1,
                                           .descriptorType = type,
                                           .pBufferInfo = &buffers[i],
                                           .pImageInfo = &images[i]};
    }
    vkUpdateDescriptorSets(vk->device, count, writes, 0, NULL);
    vkCmdBindPipeline(vk->cmd, pipeline->point, pipeline->pipeline);
    vkCmdBindDescriptorSets(vk->cmd, pipeline->point, pipeline->layout, 0, 1, &set, 0, NULL);
    if (pipeline->push_bytes)
        vkCmdPushConstants(
            vk->cmd, pipeline->layout,
            pipeline->point == VK_PIPELINE_BIND_POINT_COMPUTE
                ? (VkShaderStageFlags)VK_SHADER_STAGE_COMPUTE_BIT
                : (VkShaderStageFlags)(VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT),
            0, pipeline->push_bytes, push);
    return HL_OK;
}

void hl_vk_dispatch(hl_vk *vk, uint64_t groups)
{
    const uint64_t most = 32768, x = groups < most ? groups : most;
    if (groups)
        vkCmdDispatch(vk->cmd, (uint32_t)x, (uint32_t)((groups + x - 1) / x), 1);
}
