/* SPDX-License-Identifier: MIT */
/* The mesh under the splats: its normal and depth, where nothing that is seen hides it.  The light
 * pass puts the splats there (relight/surfaces.h). */
#include "viewer/gpu_frame.h"
#include "viewer/vk_graph.h"

static const VkVertexInputAttributeDescription attributes[] = {
    {0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0}, {1, 0, VK_FORMAT_R32G32B32_SFLOAT, 12}};

hl_status hl_pass_place_create(hl_gpu_frame *frame)
{
    if (frame->place_mesh.pipeline)
        return HL_OK;
    return hl_vk_draw_pipeline(frame->vk, &frame->place_mesh,
                               &(hl_vk_draw_params){.vertex = HL_SHADER_place_vert,
                                                    .fragment = HL_SHADER_place_frag,
                                                    .bindings = "u",
                                                    .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
                                                    .targets = {frame->target_format},
                                                    .target_count = 1,
                                                    .depth_test = true,
                                                    .depth_write = true,
                                                    .attributes = attributes,
                                                    .attribute_count = 2,
                                                    .vertex_bytes = HL_GPU_VERTEX_BYTES});
}

static hl_status draw(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    const VkDeviceSize zero = 0;
    const VkRect2D area = {.extent = {frame->width, frame->height}};
    const VkViewport viewport = {
        .width = (float)frame->width, .height = (float)frame->height, .maxDepth = 1};
    vkCmdSetViewport(vk->cmd, 0, 1, &viewport);
    vkCmdSetScissor(vk->cmd, 0, 1, &area);
    HL_TRY(hl_vk_bind(vk, &frame->place_mesh, (const hl_vk_binding[]){{.buffer = &frame->view}},
                      NULL));
    vkCmdBindVertexBuffers(vk->cmd, 0, 1, &frame->stand_in.vertices.buffer, &zero);
    vkCmdBindIndexBuffer(vk->cmd, frame->stand_in.triangles.buffer, 0, VK_INDEX_TYPE_UINT32);
    vkCmdDrawIndexed(vk->cmd, frame->stand_in.index_count, 1, 0, 0, 0);
    return HL_OK;
}

/* The depth of the mesh that is seen must be there; that of the other is there afterwards. */
hl_status hl_pass_place_record(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    const hl_vk_touch touches[] = {{.image = &frame->place, .how = HL_VK_TARGET, .discard = true},
                                   {.image = &frame->depth, .how = HL_VK_DEPTH},
                                   {.buffer = &frame->view, .how = HL_VK_DRAW_READ},
                                   {.buffer = &frame->stand_in.vertices, .how = HL_VK_DRAW_INPUT},
                                   {.buffer = &frame->stand_in.triangles, .how = HL_VK_DRAW_INPUT}};
    const VkRenderingAttachmentInfo color = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                             .imageView = frame->place.view,
                                             .imageLayout =
                                                 VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                                             .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                             .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    const VkRenderingAttachmentInfo depth = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                             .imageView = frame->depth.view,
                                             .imageLayout =
                                                 VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL,
                                             .loadOp = VK_ATTACHMENT_LOAD_OP_LOAD,
                                             .storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea.extent = {frame->width, frame->height},
                                  .layerCount = 1,
                                  .colorAttachmentCount = 1,
                                  .pColorAttachments = &color,
                                  .pDepthAttachment = &depth};
    hl_vk_pass_begin(vk, "place", touches, 5);
    vkCmdBeginRendering(vk->cmd, &info);
    const hl_status s = draw(frame);
    vkCmdEndRendering(vk->cmd);
    hl_vk_pass_end(vk);
    return s;
}
