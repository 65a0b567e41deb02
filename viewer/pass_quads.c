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

typedef struct drawing {
    const hl_vk_pipeline *splats; /* NULL: they are in the targets already */
    hl_vk_image *const *targets;  /* (count) */
    uint32_t count;
    bool with_mesh;
} drawing;

static VkRenderingAttachmentInfo attachment(const hl_vk_image *image, VkImageLayout layout,
                                            VkAttachmentLoadOp load)
{
    return (VkRenderingAttachmentInfo){.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                       .imageView = image->view,
                                       .imageLayout = layout,
                                       .loadOp = load,
                                       .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
}

static hl_status draw_splats(hl_gpu_frame *frame, const hl_vk_pipeline *pipeline)
{
    hl_gpu_splats *s = &frame->splats;
    const hl_status status = hl_vk_bind(frame->vk, pipeline,
                                        (const hl_vk_binding[]){{.buffer = &s->order[0]},
                                                                {.buffer = &s->footprints},
                                                                {.buffer = &frame->view},
                                                                {.buffer = &s->materials},
                                                                {.buffer = &s->baked}},
                                        NULL);
    if (status == HL_OK)
        vkCmdDrawIndirect(frame->vk->cmd, s->draw.buffer, 0, 1, sizeof(VkDrawIndirectCommand));
    return status;
}

/* Splats front to back into the targets, which are cleared first; behind them the mesh, whose depth
 * is there already. */
static hl_status draw(hl_gpu_frame *frame, const drawing *d)
{
    hl_vk *vk = frame->vk;
    hl_gpu_splats *s = &frame->splats;
    const bool splats = d->splats && s->count, baked = d->count == TARGETS_MAX;
    const uint32_t count = d->count;
    const VkRect2D area = {.extent = {frame->width, frame->height}};
    const VkViewport viewport = {
        .width = (float)frame->width, .height = (float)frame->height, .maxDepth = 1};
    const VkAttachmentLoadOp load =
        d->splats ? VK_ATTACHMENT_LOAD_OP_CLEAR : VK_ATTACHMENT_LOAD_OP_LOAD;
    VkRenderingAttachmentInfo attachments[TARGETS_MAX];
    hl_vk_touch touches[8 + TARGETS_MAX] = {{.buffer = &s->order[0], .how = HL_VK_DRAW_READ},
                                            {.buffer = &s->footprints, .how = HL_VK_DRAW_READ},
                                            {.buffer = &frame->view, .how = HL_VK_DRAW_READ},
                                            {.buffer = &s->materials, .how = HL_VK_DRAW_READ},
                                            {.buffer = &s->draw, .how = HL_VK_DRAW_INPUT},
                                            {.buffer = &s->baked, .how = HL_VK_DRAW_READ}};
    for (uint32_t i = 0; i < count; i++) {
        touches[6 + i] =
            (hl_vk_touch){.image = d->targets[i], .how = HL_VK_TARGET, .discard = d->splats};
        attachments[i] = attachment(d->targets[i], VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, load);
    }
    const VkRenderingAttachmentInfo depth = attachment(
        &frame->depth, VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL, VK_ATTACHMENT_LOAD_OP_LOAD);
    touches[6 + count] = (hl_vk_touch){.image = &frame->depth, .how = HL_VK_DEPTH};
    touches[7 + count] = (hl_vk_touch){.buffer = &frame->baked_vertices, .how = HL_VK_DRAW_READ};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea = area,
                                  .layerCount = 1,
                                  .colorAttachmentCount = count,
                                  .pColorAttachments = attachments,
                                  .pDepthAttachment = d->with_mesh ? &depth : NULL};
    const int32_t inputs = splats ? 0 : 6; /* none to declare without splats */
    hl_vk_pass_begin(vk, d->splats ? "quads" : "mesh", touches + inputs,
                     6 - inputs + (int32_t)count + d->with_mesh + baked);
    vkCmdBeginRendering(vk->cmd, &info);
    vkCmdSetViewport(vk->cmd, 0, 1, &viewport);
    vkCmdSetScissor(vk->cmd, 0, 1, &area);
    hl_status status = splats ? draw_splats(frame, d->splats) : HL_OK;
    if (status == HL_OK && d->with_mesh && frame->mesh.index_count)
        status = hl_pass_mesh_draw(frame, baked ? &frame->mesh_baked : &frame->mesh_material);
    vkCmdEndRendering(vk->cmd);
    hl_vk_pass_end(vk);
    return status;
}

hl_status hl_pass_quads_record(hl_gpu_frame *frame)
{
    hl_vk_image *const targets[] = {&frame->radiance};
    return draw(frame, &(drawing){.splats = &frame->quads, .targets = targets, .count = 1});
}

hl_status hl_pass_quads_lit_record(hl_gpu_frame *frame)
{
    hl_vk_image *const targets[] = {&frame->albedo, &frame->normal, &frame->finish};
    return draw(
        frame,
        &(drawing){.splats = &frame->quads_lit, .targets = targets, .count = 3, .with_mesh = true});
}

hl_status hl_pass_quads_baked_record(hl_gpu_frame *frame)
{
    hl_vk_image *const targets[] = {&frame->albedo, &frame->normal, &frame->finish, &frame->sky,
                                    &frame->bounce};
    return draw(frame, &(drawing){.splats = &frame->quads_baked,
                                  .targets = targets,
                                  .count = TARGETS_MAX,
                                  .with_mesh = true});
}

hl_status hl_pass_quads_mesh_record(hl_gpu_frame *frame)
{
    hl_vk_image *const targets[] = {&frame->albedo, &frame->normal, &frame->finish, &frame->sky,
                                    &frame->bounce};
    if (!frame->mesh.index_count)
        return HL_OK;
    return draw(
        frame,
        &(drawing){.targets = targets, .count = frame->baked ? TARGETS_MAX : 3, .with_mesh = true});
}
