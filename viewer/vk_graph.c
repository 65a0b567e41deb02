/* SPDX-License-Identifier: MIT */
#include "viewer/vk_graph.h"

#include <assert.h>

#define COMPUTE VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT
#define SHADERS (VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT | VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT)
#define TESTS \
    (VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT | VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT)
#define WRITES                                                                       \
    (VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT | VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT | \
     VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT | VK_ACCESS_2_TRANSFER_WRITE_BIT)

/* By hl_vk_how; `layout` is that of images. */
static const hl_vk_use uses[HL_VK_HOWS] = {
    [HL_VK_READ] = {COMPUTE,
                    VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_SHADER_SAMPLED_READ_BIT |
                        VK_ACCESS_2_UNIFORM_READ_BIT,
                    VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL},
    [HL_VK_WRITE] = {COMPUTE, VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT, VK_IMAGE_LAYOUT_GENERAL},
    [HL_VK_UPDATE] = {COMPUTE,
                      VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT,
                      VK_IMAGE_LAYOUT_GENERAL},
    [HL_VK_DRAW_READ] = {SHADERS,
                         VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_SHADER_SAMPLED_READ_BIT |
                             VK_ACCESS_2_UNIFORM_READ_BIT,
                         VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL},
    [HL_VK_DRAW_INPUT] = {VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT |
                              VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT,
                          VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT | VK_ACCESS_2_INDEX_READ_BIT |
                              VK_ACCESS_2_VERTEX_ATTRIBUTE_READ_BIT,
                          VK_IMAGE_LAYOUT_UNDEFINED},
    [HL_VK_TARGET] = {VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
                      VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT |
                          VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
                      VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL},
    [HL_VK_DEPTH] = {TESTS,
                     VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT |
                         VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT,
                     VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL},
    [HL_VK_COPY_FROM] = {VK_PIPELINE_STAGE_2_TRANSFER_BIT, VK_ACCESS_2_TRANSFER_READ_BIT,
                         VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL},
    [HL_VK_COPY_TO] = {VK_PIPELINE_STAGE_2_TRANSFER_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT,
                       VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL},
    [HL_VK_HOST_READ] = {VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_HOST_READ_BIT,
                         VK_IMAGE_LAYOUT_GENERAL},
    [HL_VK_PRESENT] = {VK_PIPELINE_STAGE_2_NONE, VK_ACCESS_2_NONE,
                       VK_IMAGE_LAYOUT_PRESENT_SRC_KHR}};

/* What a use must wait for: writes, other layouts, and, as a link in the chain that makes an
 * earlier write visible, reads by other stages. */
static bool needs_barrier(const hl_vk_use *before, const hl_vk_use *now, bool image)
{
    return (before->access & WRITES) || (now->access & WRITES) ||
           (image && before->layout != now->layout) || (now->stage & ~before->stage) ||
           (now->access & ~before->access);
}

/* Reads are remembered together: a later write waits for all of them. */
static void remember(hl_vk_use *use, const hl_vk_use *now, bool image)
{
    const bool both_read = !(use->access & WRITES) && !(now->access & WRITES);
    if (both_read && (!image || use->layout == now->layout)) {
        use->stage |= now->stage;
        use->access |= now->access;
        return;
    }
    *use = *now;
}

static VkBufferMemoryBarrier2 buffer_barrier(const hl_vk_buffer *b, const hl_vk_use *now)
{
    return (VkBufferMemoryBarrier2){.sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2,
                                    .srcStageMask = b->use.stage,
                                    .srcAccessMask = b->use.access & WRITES,
                                    .dstStageMask = now->stage,
                                    .dstAccessMask = now->access,
                                    .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                    .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                    .buffer = b->buffer,
                                    .size = VK_WHOLE_SIZE};
}

static VkImageMemoryBarrier2 image_barrier(const hl_vk_image *m, const hl_vk_use *now, bool discard)
{
    return (VkImageMemoryBarrier2){
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = m->use.stage,
        .srcAccessMask = m->use.access & WRITES,
        .dstStageMask = now->stage,
        .dstAccessMask = now->access,
        .oldLayout = discard ? VK_IMAGE_LAYOUT_UNDEFINED : m->use.layout,
        .newLayout = now->layout,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = m->image,
        .subresourceRange = {m->aspect, 0, VK_REMAINING_MIP_LEVELS, 0, VK_REMAINING_ARRAY_LAYERS}};
}

void hl_vk_barriers(hl_vk *vk, const hl_vk_touch *touches, int32_t count)
{
    VkBufferMemoryBarrier2 buffers[HL_VK_TOUCHES_MAX];
    VkImageMemoryBarrier2 images[HL_VK_TOUCHES_MAX];
    VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                             .pBufferMemoryBarriers = buffers,
                             .pImageMemoryBarriers = images};
    assert(count <= HL_VK_TOUCHES_MAX);
    for (int32_t i = 0; i < count; i++) {
        const hl_vk_touch *t = &touches[i];
        const hl_vk_use now = uses[t->how];
        if (!t->buffer && !t->image)
            continue;
        hl_vk_use *before = t->image ? &t->image->use : &t->buffer->use;
        const bool barrier = needs_barrier(before, &now, t->image != NULL);
        if (barrier && t->buffer && before->stage)
            buffers[info.bufferMemoryBarrierCount++] = buffer_barrier(t->buffer, &now);
        if (barrier && t->image)
            images[info.imageMemoryBarrierCount++] = image_barrier(t->image, &now, t->discard);
        remember(before, &now, t->image != NULL);
    }
    if (info.bufferMemoryBarrierCount || info.imageMemoryBarrierCount)
        vkCmdPipelineBarrier2(vk->cmd, &info);
}

void hl_vk_pass_begin(hl_vk *vk, const char *name, const hl_vk_touch *touches, int32_t count)
{
    hl_vk_barriers(vk, touches, count);
    if (vk->messenger) {
        const VkDebugUtilsLabelEXT label = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT,
                                            .pLabelName = name};
        vk->begin_label(vk->cmd, &label);
    }
    hl_vk_timer_begin(vk, name);
}

void hl_vk_pass_end(hl_vk *vk)
{
    hl_vk_timer_end(vk);
    if (vk->messenger)
        vk->end_label(vk->cmd);
}
