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

hl_status hl_pass_quads_near_create(hl_gpu_frame *frame)
{
    const VkFormat f = frame->target_format;
    hl_vk_draw_params p = {.vertex = HL_SHADER_quads_lit_vert,
                           .fragment = HL_SHADER_quads_near_frag,
                           .bindings = "bbubbs",
                           .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP,
                           .targets = {f, f, f, f, f, f, f},
                           .target_count = 5,
                           .depth_test = true,
                           .blend = HL_VK_UNDER};
    if (frame->quads_near_baked.pipeline)
        return HL_OK;
    hl_vk_pipeline_release(frame->vk, &frame->quads_near);
    HL_TRY(hl_vk_draw_pipeline(frame->vk, &frame->quads_near, &p));
    p.vertex = HL_SHADER_quads_baked_vert;
    p.fragment = HL_SHADER_quads_near_baked_frag;
    p.target_count = 7;
    return hl_vk_draw_pipeline(frame->vk, &frame->quads_near_baked, &p);
}

enum { TARGETS_MAX = 7, TOUCHES_MAX = 9 + TARGETS_MAX };

typedef struct drawing {
    const hl_vk_pipeline *splats; /* NULL: they are in the targets already     */
    hl_vk_image *const *targets;  /* (count)                                   */
    uint32_t count;
    bool with_depth;            /* the mesh that is seen hides splats ...      */
    const hl_vk_pipeline *mesh; /* and is drawn behind them; NULL: it is not   */
    bool placed;                /* splats look for the mesh under them         */
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
    const hl_status status = hl_vk_bind(
        frame->vk, pipeline,
        (const hl_vk_binding[]){{.buffer = &s->order[0]},
                                {.buffer = &s->footprints},
                                {.buffer = &frame->view},
                                {.buffer = &s->materials},
                                {.buffer = &s->baked},
                                {.view = frame->place.view, .sampler = frame->vk->nearest}},
        NULL);
    if (status == HL_OK)
        vkCmdDrawIndirect(frame->vk->cmd, s->draw.buffer, 0, 1, sizeof(VkDrawIndirectCommand));
    return status;
}

/* What a drawing reads and writes; returns how many. */
static int32_t list_touches(hl_gpu_frame *frame, const drawing *d, hl_vk_touch out[TOUCHES_MAX])
{
    hl_gpu_splats *s = &frame->splats;
    const hl_vk_touch inputs[] = {{.buffer = &s->order[0], .how = HL_VK_DRAW_READ},
                                  {.buffer = &s->footprints, .how = HL_VK_DRAW_READ},
                                  {.buffer = &frame->view, .how = HL_VK_DRAW_READ},
                                  {.buffer = &s->materials, .how = HL_VK_DRAW_READ},
                                  {.buffer = &s->draw, .how = HL_VK_DRAW_INPUT},
                                  {.buffer = &s->baked, .how = HL_VK_DRAW_READ}};
    int32_t n = 0;
    if (d->splats && s->count)
        for (; n < (int32_t)(sizeof inputs / sizeof inputs[0]); n++)
            out[n] = inputs[n];
    for (uint32_t i = 0; i < d->count; i++)
        out[n++] = (hl_vk_touch){.image = d->targets[i], .how = HL_VK_TARGET, .discard = d->splats};
    if (d->with_depth)
        out[n++] = (hl_vk_touch){.image = &frame->depth, .how = HL_VK_DEPTH};
    if (d->mesh == &frame->mesh_baked)
        out[n++] = (hl_vk_touch){.buffer = &frame->baked_vertices, .how = HL_VK_DRAW_READ};
    if (d->placed)
        out[n++] = (hl_vk_touch){.image = &frame->place, .how = HL_VK_DRAW_READ};
    return n;
}

/* Splats front to back into the targets, which are cleared first; behind them the mesh, whose depth
 * is there already. */
static hl_status draw(hl_gpu_frame *frame, const drawing *d)
{
    hl_vk *vk = frame->vk;
    const VkRect2D area = {.extent = {frame->width, frame->height}};
    const VkViewport viewport = {
        .width = (float)frame->width, .height = (float)frame->height, .maxDepth = 1};
    const VkAttachmentLoadOp load =
        d->splats ? VK_ATTACHMENT_LOAD_OP_CLEAR : VK_ATTACHMENT_LOAD_OP_LOAD;
    VkRenderingAttachmentInfo attachments[TARGETS_MAX];
    hl_vk_touch touches[TOUCHES_MAX];
    for (uint32_t i = 0; i < d->count; i++)
        attachments[i] = attachment(d->targets[i], VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, load);
    const VkRenderingAttachmentInfo depth = attachment(
        &frame->depth, VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL, VK_ATTACHMENT_LOAD_OP_LOAD);
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea = area,
                                  .layerCount = 1,
                                  .colorAttachmentCount = d->count,
                                  .pColorAttachments = attachments,
                                  .pDepthAttachment = d->with_depth ? &depth : NULL};
    hl_vk_pass_begin(vk, d->splats ? "quads" : "mesh", touches, list_touches(frame, d, touches));
    vkCmdBeginRendering(vk->cmd, &info);
    vkCmdSetViewport(vk->cmd, 0, 1, &viewport);
    vkCmdSetScissor(vk->cmd, 0, 1, &area);
    hl_status status = d->splats && frame->splats.count ? draw_splats(frame, d->splats) : HL_OK;
    if (status == HL_OK && d->mesh && frame->mesh.index_count)
        status = hl_pass_mesh_draw(frame, d->mesh);
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
    hl_vk_image *const targets[] = {&frame->albedo, &frame->normal, &frame->finish, &frame->sky,
                                    &frame->bounce};
    return draw(frame,
                &(drawing){.splats = frame->baked ? &frame->quads_baked : &frame->quads_lit,
                           .targets = targets,
                           .count = frame->baked ? 5 : 3,
                           .with_depth = true,
                           .mesh = frame->baked ? &frame->mesh_baked : &frame->mesh_material});
}

hl_status hl_pass_quads_near_record(hl_gpu_frame *frame)
{
    hl_vk_image *const plain[] = {&frame->albedo, &frame->normal, &frame->finish,
                                  &frame->near_albedo, &frame->near_finish};
    hl_vk_image *const baked[] = {&frame->albedo,     &frame->normal, &frame->finish,
                                  &frame->sky,        &frame->bounce, &frame->near_albedo,
                                  &frame->near_finish};
    return draw(frame,
                &(drawing){.splats = frame->baked ? &frame->quads_near_baked : &frame->quads_near,
                           .targets = frame->baked ? baked : plain,
                           .count = frame->baked ? 7 : 5,
                           .with_depth = true,
                           .placed = true});
}

hl_status hl_pass_quads_mesh_record(hl_gpu_frame *frame)
{
    hl_vk_image *const targets[] = {&frame->albedo, &frame->normal, &frame->finish, &frame->sky,
                                    &frame->bounce};
    if (!frame->mesh.index_count)
        return HL_OK;
    return draw(frame,
                &(drawing){.targets = targets,
                           .count = frame->baked ? 5 : 3,
                           .with_depth = true,
                           .mesh = frame->baked ? &frame->mesh_baked : &frame->mesh_material});
}
