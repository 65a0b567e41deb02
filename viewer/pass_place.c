/* SPDX-License-Identifier: MIT */
/* The mesh under the splats: its normal and depth, where nothing that is seen hides it.  The light
 * pass puts the splats there (relight/surfaces.h). */
#include "viewer/gpu_frame.h"
#include "viewer/vk_graph.h"

static const VkVertexInputAttributeDescription attributes[] = {
    {0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0}, {1, 0, VK_FORMAT_R32G32B32_SFLOAT, 12}};

enum { TARGETS_MAX = 3, TOUCHES = 4 };

hl_status hl_pass_place_create(hl_gpu_frame *frame)
{
    const VkFormat f = frame->target_format;
    hl_vk_draw_params p = {.vertex = HL_SHADER_place_vert,
                           .fragment = HL_SHADER_place_frag,
                           .bindings = "u",
                           .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
                           .targets = {f, f, f},
                           .target_count = 1,
                           .depth_test = true,
                           .depth_write = true,
                           .attributes = attributes,
                           .attribute_count = 2,
                           .vertex_bytes = HL_GPU_VERTEX_BYTES};
    if (frame->place_baked.pipeline)
        return HL_OK;
    hl_vk_pipeline_release(frame->vk, &frame->place_mesh);
    HL_TRY(hl_vk_draw_pipeline(frame->vk, &frame->place_mesh, &p));
    p.vertex = HL_SHADER_place_baked_vert;
    p.fragment = HL_SHADER_place_baked_frag;
    p.bindings = "ub";
    p.target_count = TARGETS_MAX;
    return hl_vk_draw_pipeline(frame->vk, &frame->place_baked, &p);
}

static hl_status draw(hl_gpu_frame *frame, const hl_vk_pipeline *pipeline)
{
    hl_vk *vk = frame->vk;
    const VkDeviceSize zero = 0;
    const VkRect2D area = {.extent = {frame->width, frame->height}};
    const VkViewport viewport = {
        .width = (float)frame->width, .height = (float)frame->height, .maxDepth = 1};
    vkCmdSetViewport(vk->cmd, 0, 1, &viewport);
    vkCmdSetScissor(vk->cmd, 0, 1, &area);
    HL_TRY(hl_vk_bind(
        vk, pipeline,
        (const hl_vk_binding[]){{.buffer = &frame->view}, {.buffer = &frame->baked_places}}, NULL));
    vkCmdBindVertexBuffers(vk->cmd, 0, 1, &frame->stand_in.vertices.buffer, &zero);
    vkCmdBindIndexBuffer(vk->cmd, frame->stand_in.triangles.buffer, 0, VK_INDEX_TYPE_UINT32);
    vkCmdDrawIndexed(vk->cmd, frame->stand_in.index_count, 1, 0, 0, 0);
    return HL_OK;
}

/* The depth of the mesh that is seen must be there; that of the other is there afterwards. */
hl_status hl_pass_place_record(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    hl_vk_image *const targets[TARGETS_MAX] = {&frame->place, &frame->place_sky,
                                               &frame->place_bounce};
    const bool baked = (frame->baked & HL_BAKED_PLACES) != 0;
    const uint32_t count = baked ? TARGETS_MAX : 1;
    VkRenderingAttachmentInfo colors[TARGETS_MAX];
    hl_vk_touch touches[TOUCHES + 1 + TARGETS_MAX] = {
        {.image = &frame->depth, .how = HL_VK_DEPTH},
        {.buffer = &frame->view, .how = HL_VK_DRAW_READ},
        {.buffer = &frame->stand_in.vertices, .how = HL_VK_DRAW_INPUT},
        {.buffer = &frame->stand_in.triangles, .how = HL_VK_DRAW_INPUT}};
    for (uint32_t i = 0; i < count; i++) {
        touches[TOUCHES + i] =
            (hl_vk_touch){.image = targets[i], .how = HL_VK_TARGET, .discard = true};
        colors[i] =
            (VkRenderingAttachmentInfo){.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                        .imageView = targets[i]->view,
                                        .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                                        .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                        .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    }
    touches[TOUCHES + count] =
        (hl_vk_touch){.buffer = &frame->baked_places, .how = HL_VK_DRAW_READ};
    const VkRenderingAttachmentInfo depth = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                             .imageView = frame->depth.view,
                                             .imageLayout =
                                                 VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL,
                                             .loadOp = VK_ATTACHMENT_LOAD_OP_LOAD,
                                             .storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea.extent = {frame->width, frame->height},
                                  .layerCount = 1,
                                  .colorAttachmentCount = count,
                                  .pColorAttachments = colors,
                                  .pDepthAttachment = &depth};
    hl_vk_pass_begin(vk, "place", touches, TOUCHES + (int32_t)count + baked);
    vkCmdBeginRendering(vk->cmd, &info);
    const hl_status s = draw(frame, baked ? &frame->place_baked : &frame->place_mesh);
    vkCmdEndRendering(vk->cmd);
    hl_vk_pass_end(vk);
    return s;
}
