/* SPDX-License-Identifier: MIT */
/* The picture and the panels, on the window. */
#include "core/log.h"
#include "viewer/viewer_state.h"
#include "viewer/vk_graph.h"

#include <string.h>

/* A picture of the CPU becomes that of the device. */
static hl_status put_picture(hl_viewer *v, const hl_image8 *picture)
{
    hl_gpu_frame *frame = &v->renderer->frame;
    hl_vk *vk = v->renderer->vk;
    const VkBufferImageCopy copy = {
        .imageSubresource = {.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT, .layerCount = 1},
        .imageExtent = {(uint32_t)picture->width, (uint32_t)picture->height, 1}};
    HL_TRY(hl_gpu_frame_resize(frame, (uint32_t)picture->width, (uint32_t)picture->height));
    const size_t pixels = (size_t)picture->width * (size_t)picture->height;
    if (v->staging.size < 4 * pixels) {
        hl_vk_buffer_release(vk, &v->staging);
        HL_TRY(hl_vk_buffer_create(vk, &v->staging, 4 * pixels, HL_VK_UPLOAD));
    }
    uint8_t *rgba = v->staging.mapped;
    for (size_t i = 0; i < pixels; i++) {
        memcpy(rgba + 4 * i, picture->data + 3 * i, 3);
        rgba[4 * i + 3] = 255;
    }
    const hl_vk_touch to = {.image = &frame->picture, .how = HL_VK_COPY_TO, .discard = true};
    hl_vk_barriers(vk, &to, 1);
    vkCmdCopyBufferToImage(vk->cmd, v->staging.buffer, frame->picture.image,
                           VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &copy);
    return HL_OK;
}

static void blit(hl_vk *vk, hl_vk_image *from, hl_vk_image *to)
{
    const VkImageSubresourceLayers layer = {.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT,
                                            .layerCount = 1};
    const VkImageBlit region = {
        .srcSubresource = layer,
        .srcOffsets = {{0, 0, 0}, {(int32_t)from->width, (int32_t)from->height, 1}},
        .dstSubresource = layer,
        .dstOffsets = {{0, 0, 0}, {(int32_t)to->width, (int32_t)to->height, 1}}};
    const hl_vk_touch touches[] = {{.image = from, .how = HL_VK_COPY_FROM},
                                   {.image = to, .how = HL_VK_COPY_TO, .discard = true}};
    const bool same = from->width == to->width && from->height == to->height;
    hl_vk_pass_begin(vk, "show", touches, 2);
    vkCmdBlitImage(vk->cmd, from->image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, to->image,
                   VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region,
                   same ? VK_FILTER_NEAREST : VK_FILTER_LINEAR);
    hl_vk_pass_end(vk);
}

/* What the window will show, into mapped memory. */
static void copy_out(hl_vk *vk, hl_vk_image *image, hl_vk_buffer *out)
{
    const VkBufferImageCopy copy = {
        .imageSubresource = {.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT, .layerCount = 1},
        .imageExtent = {image->width, image->height, 1}};
    const hl_vk_touch touches[] = {{.image = image, .how = HL_VK_COPY_FROM},
                                   {.buffer = out, .how = HL_VK_COPY_TO}};
    hl_vk_barriers(vk, touches, 2);
    vkCmdCopyImageToBuffer(vk->cmd, image->image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, out->buffer,
                           1, &copy);
    const hl_vk_touch host = {.buffer = out, .how = HL_VK_HOST_READ};
    hl_vk_barriers(vk, &host, 1);
}

/* Releases the picture. */
static hl_status save_grab(hl_viewer *v, hl_image8 *picture)
{
    const hl_status s = hl_image8_save(picture, v->grab);
    hl_image8_release(picture);
    v->grab[0] = '\0';
    return s;
}

static hl_status save_bytes(hl_viewer *v, const hl_vk_image *image, const uint8_t *bytes)
{
    hl_image8 out;
    const bool bgr = image->format == VK_FORMAT_B8G8R8A8_UNORM;
    HL_TRY(hl_image8_create(&out, (int32_t)image->width, (int32_t)image->height, 3));
    for (size_t i = 0; i < (size_t)image->width * image->height; i++)
        for (size_t c = 0; c < 3; c++)
            out.data[3 * i + c] = bytes[4 * i + (bgr ? 2 - c : c)];
    return save_grab(v, &out);
}

/* picture: of the host; data NULL: that of the device is shown as it is. */
static hl_status record(hl_viewer *v, const hl_ui_lists *lists, const hl_image8 *picture,
                        hl_vk_image *image, hl_vk_buffer *grab)
{
    hl_vk *vk = v->renderer->vk;
    HL_TRY(hl_vk_begin(vk));
    if (picture->data)
        HL_TRY(put_picture(v, picture));
    blit(vk, &v->renderer->frame.picture, image);
    HL_TRY(hl_pass_ui_record(vk, &v->ui, image, lists));
    if (grab->buffer)
        copy_out(vk, image, grab);
    const hl_vk_touch present = {.image = image, .how = HL_VK_PRESENT};
    hl_vk_barriers(vk, &present, 1);
    return HL_OK;
}

hl_status hl_viewer_present(hl_viewer *viewer, const hl_ui_lists *lists)
{
    hl_viewer *v = viewer;
    hl_vk *vk = v->renderer->vk;
    hl_vk_swapchain *chain = &v->swapchain;
    hl_vk_image *image;
    hl_vk_buffer grab = {.size = 0};
    hl_image8 picture = {.data = NULL};
    bool usable;
    HL_TRY(hl_vk_swapchain_fit(vk, chain, (uint32_t)v->width, (uint32_t)v->height, &usable));
    if (!usable)
        return HL_OK;
    HL_TRY(hl_vk_swapchain_acquire(vk, chain, &image));
    if (!image)
        return HL_OK;
    hl_status s = HL_OK;
    if (v->grab[0])
        s = hl_vk_buffer_create(vk, &grab, (uint64_t)image->width * image->height * 4,
                                HL_VK_READBACK);
    if (s == HL_OK && (!v->renderer->drawn_on_device || v->compare.wipe > 0))
        s = hl_viewer_picture(v, &picture);
    s = s == HL_OK ? record(v, lists, &picture, image, &grab) : s;
    s = s == HL_OK ? hl_vk_submit(vk, chain->acquired, chain->drawn[chain->current]) : s;
    s = s == HL_OK ? hl_vk_swapchain_present(vk, chain) : s;
    if (s == HL_OK && grab.buffer)
        s = save_bytes(v, image, grab.mapped);
    hl_vk_buffer_release(vk, &grab);
    hl_image8_release(&picture);
    return s;
}

hl_status hl_viewer_present_gl(hl_viewer *viewer, const hl_ui_lists *lists)
{
    hl_viewer *v = viewer;
    hl_image8 grab;
    const bool fresh = !v->gl_picture.data || v->gl_frame != v->report.frames;
    if (fresh) {
        hl_image8_release(&v->gl_picture);
        HL_TRY(hl_viewer_picture(v, &v->gl_picture));
        v->gl_frame = v->report.frames;
    }
    HL_TRY(hl_gl_present(v->gl, v->window, &v->gl_picture, fresh, lists, v->width, v->height,
                         v->grab[0] ? &grab : NULL));
    return v->grab[0] ? save_grab(v, &grab) : HL_OK;
}
