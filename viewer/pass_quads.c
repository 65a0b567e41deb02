/* SPDX-License-Identifier: MIT */
#include "viewer/gpu_frame.h"
#include "viewer/vk_graph.h"

hl_status hl_pass_quads_create(hl_gpu_frame *frame)
{
    return hl_vk_draw_pipeline(
        frame->vk, &frame->quads,
        &(hl_vk_draw_params){.vertex = HL_SHADER_quads_vert,
                             .fragment = HL_SHADER_quads_frag,
                             .bindings = "bbu",
                             .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP,
                             .targets = {frame->target_format},
                             .target_count = 1,
                             .blend = HL_VK_UNDER});
}

hl_status hl_pass_quads_record(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    hl_gpu_splats *s = &frame->splats;
    const hl_vk_touch touches[] = {
        {.buffer = &s->order[0], .how = HL_VK_DRAW_READ},
        {.buffer = &s->footprints, .how = HL_VK_DRAW_READ},
        {.buffer = &frame->view, .how = HL_VK_DRAW_READ},
        {.buffer = &s->draw, .how = HL_VK_DRAW_INPUT},
        {.image = &frame->radiance, .how = HL_VK_TARGET, .discard = true}};
    const VkRect2D area = {.extent = {frame->width, frame->height}};
    const VkViewport viewport = {
        .width = (float)frame->width, .height = (float)frame->height, .maxDepth = 1};
    const VkRenderingAttachmentInfo target = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                              .imageView = frame->radiance.view,
                                              .imageLayout =
                                                  VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                                              .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                              .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea = area,
                                  .layerCount = 1,
                                  .colorAttachmentCount = 1,
                                  .pColorAttachments = &target};
    hl_vk_pass_begin(vk, "quads", touches, 5);
    vkCmdBeginRendering(vk->cmd, &info);
    vkCmdSetViewport(vk->cmd, 0, 1, &viewport);
    vkCmdSetScissor(vk->cmd, 0, 1, &area);
    hl_status status = HL_OK;
    if (s->count) {
        status = hl_vk_bind(vk, &frame->quads,
                            (const hl_vk_binding[]){{.buffer = &s->order[0]},
                                                    {.buffer = &s->footprints},
                                                    {.buffer = &frame->view}},
                            NULL);
        vkCmdDrawIndirect(vk->cmd, s->draw.buffer, 0, 1, sizeof(VkDrawIndirectCommand));
    }
    vkCmdEndRendering(vk->cmd);
    hl_vk_pass_end(vk);
    return status;
}
