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

hl_status hl_pass_quads_lit_create(hl_gpu_frame *frame)
{
    const VkFormat f = frame->target_format;
    hl_vk_draw_params p = {.vertex = HL_SHADER_quads_lit_vert,
                           .fragment = HL_SHADER_quads_lit_frag,
                           .bindings = "bbub",
                           .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP,
                           .targets = {f, f, f, f, f},
                           .target_count = 3,
                           .depth_test = true,
                           .blend = HL_VK_UNDER};
    HL_TRY(hl_vk_draw_pipeline(frame->vk, &frame->quads_lit, &p));
    p.vertex = HL_SHADER_quads_baked_vert;
    p.fragment = HL_SHADER_quads_baked_frag;
    p.bindings = "bbubb";
    p.target_count = 5;
    return hl_vk_draw_pipeline(frame->vk, &frame->quads_baked, &p);
}

enum { TARGETS_MAX = 5 };

/* Splats front to back into the targets, which are cleared first; behind them the mesh, whose depth
 * is there already. */
static hl_status draw(hl_gpu_frame *frame, const hl_vk_pipeline *pipeline,
                      hl_vk_image *const *targets, uint32_t count, bool with_mesh)
{
    hl_vk *vk = frame->vk;
    hl_gpu_splats *s = &frame->splats;
    const bool baked = count == TARGETS_MAX;
    const VkRect2D area = {.extent = {frame->width, frame->height}};
    const VkViewport viewport = {
        .width = (float)frame->width, .height = (float)frame->height, .maxDepth = 1};
    VkRenderingAttachmentInfo attachments[TARGETS_MAX];
    hl_vk_touch touches[8 + TARGETS_MAX] = {{.buffer = &s->order[0], .how = HL_VK_DRAW_READ},
                                            {.buffer = &s->footprints, .how = HL_VK_DRAW_READ},
                                            {.buffer = &frame->view, .how = HL_VK_DRAW_READ},
                                            {.buffer = &s->materials, .how = HL_VK_DRAW_READ},
                                            {.buffer = &s->draw, .how = HL_VK_DRAW_INPUT},
                                            {.buffer = &s->baked, .how = HL_VK_DRAW_READ}};
    for (uint32_t i = 0; i < count; i++) {
        touches[6 + i] = (hl_vk_touch){.image = targets[i], .how = HL_VK_TARGET, .discard = true};
        attachments[i] =
            (VkRenderingAttachmentInfo){.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                        .imageView = targets[i]->view,
                                        .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                                        .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                        .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    }
    const VkRenderingAttachmentInfo depth = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                             .imageView = frame->depth.view,
                                             .imageLayout =
                                                 VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL,
                                             .loadOp = VK_ATTACHMENT_LOAD_OP_LOAD,
                                             .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    touches[6 + count] = (hl_vk_touch){.image = &frame->depth, .how = HL_VK_DEPTH};
    touches[7 + count] = (hl_vk_touch){.buffer = &frame->baked_vertices, .how = HL_VK_DRAW_READ};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea = area,
                                  .layerCount = 1,
                                  .colorAttachmentCount = count,
                                  .pColorAttachments = attachments,
                                  .pDepthAttachment = with_mesh ? &depth : NULL};
    const int32_t inputs = s->count ? 0 : 6; /* none to declare without splats */
    hl_vk_pass_begin(vk, "quads", touches + inputs,
                     6 - inputs + (int32_t)count + with_mesh + baked);
    vkCmdBeginRendering(vk->cmd, &info);
    vkCmdSetViewport(vk->cmd, 0, 1, &viewport);
    vkCmdSetScissor(vk->cmd, 0, 1, &area);
    hl_status status = HL_OK;
    if (s->count) {
        status = hl_vk_bind(vk, pipeline,
                            (const hl_vk_binding[]){{.buffer = &s->order[0]},
                                                    {.buffer = &s->footprints},
                                                    {.buffer = &frame->view},
                                                    {.buffer = &s->materials},
                                                    {.buffer = &s->baked}},
                            NULL);
        vkCmdDrawIndirect(vk->cmd, s->draw.buffer, 0, 1, sizeof(VkDrawIndirectCommand));
    }
    if (status == HL_OK && with_mesh && frame->mesh.index_count)
        status = hl_pass_mesh_draw(frame, baked ? &frame->mesh_baked : &frame->mesh_material);
    vkCmdEndRendering(vk->cmd);
    hl_vk_pass_end(vk);
    return status;
}

hl_status hl_pass_quads_record(hl_gpu_frame *frame)
{
    hl_vk_image *const targets[] = {&frame->radiance};
    return draw(frame, &frame->quads, targets, 1, false);
}

hl_status hl_pass_quads_lit_record(hl_gpu_frame *frame)
{
    hl_vk_image *const targets[] = {&frame->albedo, &frame->normal, &frame->finish};
    return draw(frame, &frame->quads_lit, targets, 3, true);
}

hl_status hl_pass_quads_baked_record(hl_gpu_frame *frame)
{
    hl_vk_image *const targets[] = {&frame->albedo, &frame->normal, &frame->finish, &frame->sky,
                                    &frame->bounce};
    return draw(frame, &frame->quads_baked, targets, TARGETS_MAX, true);
}
