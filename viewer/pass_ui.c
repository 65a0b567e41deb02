/* SPDX-License-Identifier: MIT */
#include "viewer/pass_ui.h"

#include "viewer/vk_graph.h"

#include <string.h>

static hl_status upload_letters(hl_vk *vk, hl_pass_ui *pass)
{
    int32_t width, height;
    const uint8_t *pixels = hl_ui_font(&width, &height);
    const uint64_t bytes = (uint64_t)width * (uint64_t)height;
    hl_vk_buffer staging;
    HL_TRY(hl_vk_image_create(vk, &pass->letters,
                              &(hl_vk_image_params){.format = VK_FORMAT_R8_UNORM,
                                                    .width = (uint32_t)width,
                                                    .height = (uint32_t)height,
                                                    .usage = VK_IMAGE_USAGE_SAMPLED_BIT |
                                                             VK_IMAGE_USAGE_TRANSFER_DST_BIT}));
    HL_TRY(hl_vk_buffer_create(vk, &staging, bytes, HL_VK_UPLOAD));
    memcpy(staging.mapped, pixels, bytes);
    hl_status s = hl_vk_begin(vk);
    if (s == HL_OK) {
        const VkBufferImageCopy copy = {
            .imageSubresource = {.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT, .layerCount = 1},
            .imageExtent = {(uint32_t)width, (uint32_t)height, 1}};
        const hl_vk_touch to = {.image = &pass->letters, .how = HL_VK_COPY_TO};
        hl_vk_barriers(vk, &to, 1);
        vkCmdCopyBufferToImage(vk->cmd, staging.buffer, pass->letters.image,
                               VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &copy);
        s = hl_vk_submit(vk, VK_NULL_HANDLE, VK_NULL_HANDLE);
    }
    hl_vk_buffer_release(vk, &staging);
    return s;
}

hl_status hl_pass_ui_create(hl_vk *vk, hl_pass_ui *out, VkFormat target)
{
    static const VkVertexInputAttributeDescription attributes[] = {
        {0, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(hl_ui_vertex, x)},
        {1, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(hl_ui_vertex, u)},
        {2, 0, VK_FORMAT_R8G8B8A8_UNORM, offsetof(hl_ui_vertex, rgba)}};
    *out = (hl_pass_ui){.pipeline = {.pipeline = VK_NULL_HANDLE}};
    hl_status s =
        hl_vk_draw_pipeline(vk, &out->pipeline,
                            &(hl_vk_draw_params){.vertex = HL_SHADER_ui_vert,
                                                 .fragment = HL_SHADER_ui_frag,
                                                 .bindings = "s",
                                                 .push_bytes = 8,
                                                 .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
                                                 .targets = {target},
                                                 .target_count = 1,
                                                 .blend = HL_VK_OVER,
                                                 .attributes = attributes,
                                                 .attribute_count = 3,
                                                 .vertex_bytes = sizeof(hl_ui_vertex)});
    if (s == HL_OK)
        s = upload_letters(vk, out);
    if (s != HL_OK)
        hl_pass_ui_release(vk, out);
    return s;
}

void hl_pass_ui_release(hl_vk *vk, hl_pass_ui *pass)
{
    hl_vk_pipeline_release(vk, &pass->pipeline);
    hl_vk_image_release(vk, &pass->letters);
    hl_vk_buffer_release(vk, &pass->vertices);
    hl_vk_buffer_release(vk, &pass->indices);
}

static hl_status fill(hl_vk *vk, hl_vk_buffer *buffer, const void *bytes, uint64_t size)
{
    if (buffer->size < size) {
        hl_vk_buffer_release(vk, buffer);
        HL_TRY(hl_vk_buffer_create(vk, buffer, 2 * size, HL_VK_UPLOAD));
    }
    memcpy(buffer->mapped, bytes, size);
    return HL_OK;
}

/* The part of a clip rectangle inside of the image; false where none is left. */
static bool clip_to(const hl_ui_command *c, const hl_vk_image *target, VkRect2D *out)
{
    const float right = c->clip[2] < (float)target->width ? c->clip[2] : (float)target->width;
    const float bottom = c->clip[3] < (float)target->height ? c->clip[3] : (float)target->height;
    const float left = c->clip[0] > 0 ? c->clip[0] : 0, top = c->clip[1] > 0 ? c->clip[1] : 0;
    if (!(right > left && bottom > top))
        return false;
    *out = (VkRect2D){{(int32_t)left, (int32_t)top},
                      {(uint32_t)(right - left), (uint32_t)(bottom - top)}};
    return true;
}

static void draw(hl_vk *vk, const hl_pass_ui *pass, const hl_vk_image *target,
                 const hl_ui_lists *lists)
{
    const VkDeviceSize zero = 0;
    vkCmdBindVertexBuffers(vk->cmd, 0, 1, &pass->vertices.buffer, &zero);
    vkCmdBindIndexBuffer(vk->cmd, pass->indices.buffer, 0, VK_INDEX_TYPE_UINT32);
    for (uint32_t i = 0; i < lists->command_count; i++) {
        const hl_ui_command *c = &lists->commands[i];
        VkRect2D area;
        if (!clip_to(c, target, &area))
            continue;
        vkCmdSetScissor(vk->cmd, 0, 1, &area);
        vkCmdDrawIndexed(vk->cmd, c->index_count, 1, c->first_index, 0, 0);
    }
}

hl_status hl_pass_ui_record(hl_vk *vk, hl_pass_ui *pass, hl_vk_image *target,
                            const hl_ui_lists *lists)
{
    const float size[2] = {(float)target->width, (float)target->height};
    if (!lists->index_count)
        return HL_OK;
    HL_TRY(fill(vk, &pass->vertices, lists->vertices,
                (uint64_t)lists->vertex_count * sizeof(hl_ui_vertex)));
    HL_TRY(fill(vk, &pass->indices, lists->indices, (uint64_t)lists->index_count * 4));
    const hl_vk_touch touches[] = {{.image = &pass->letters, .how = HL_VK_DRAW_READ},
                                   {.image = target, .how = HL_VK_TARGET}};
    const VkViewport viewport = {.width = size[0], .height = size[1], .maxDepth = 1};
    const VkRenderingAttachmentInfo attachment = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
        .imageView = target->view,
        .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .loadOp = VK_ATTACHMENT_LOAD_OP_LOAD,
        .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea = {.extent = {target->width, target->height}},
                                  .layerCount = 1,
                                  .colorAttachmentCount = 1,
                                  .pColorAttachments = &attachment};
    hl_vk_pass_begin(vk, "ui", touches, 2);
    vkCmdBeginRendering(vk->cmd, &info);
    vkCmdSetViewport(vk->cmd, 0, 1, &viewport);
    const hl_status s = hl_vk_bind(
        vk, &pass->pipeline,
        (const hl_vk_binding[]){{.view = pass->letters.view, .sampler = vk->linear}}, size);
    if (s == HL_OK)
        draw(vk, pass, target, lists);
    vkCmdEndRendering(vk->cmd);
    hl_vk_pass_end(vk);
    return s;
}
