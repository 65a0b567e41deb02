/* SPDX-License-Identifier: MIT */
#include "viewer/vk_memory.h"

#include "core/memory.h"
#include "viewer/vk_graph.h"

#include <string.h>

#define BLOCK_BYTES   ((uint64_t)64 << 20)
#define OWN_BYTES     ((uint64_t)32 << 20)
#define STAGING_BYTES ((uint64_t)32 << 20)

struct hl_vk_block {
    hl_vk_block *next;
    VkDeviceMemory memory;
    uint64_t size, used;
    int32_t users;
    uint32_t type;
    bool for_images; /* apart from buffers: no bufferImageGranularity to mind */
    void *mapped;
};

static int32_t find_type(const hl_vk *vk, uint32_t allowed, hl_vk_place place)
{
    const VkMemoryPropertyFlags host =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    const VkMemoryPropertyFlags wish[3] = {VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, host,
                                           host | VK_MEMORY_PROPERTY_HOST_CACHED_BIT};
    const VkMemoryPropertyFlags must[3] = {0, host, host};
    for (int pass = 0; pass < 2; pass++) {
        const VkMemoryPropertyFlags flags = pass == 0 ? wish[place] : must[place];
        for (uint32_t i = 0; i < vk->memory.memoryTypeCount; i++)
            if ((allowed >> i & 1) && (vk->memory.memoryTypes[i].propertyFlags & flags) == flags)
                return (int32_t)i;
    }
    return -1;
}

static hl_status new_block(hl_vk *vk, uint32_t type, uint64_t size, bool mapped, hl_vk_block **out)
{
    const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                       .allocationSize = size,
                                       .memoryTypeIndex = type};
    hl_vk_block *block = hl_alloc(1, sizeof *block);
    if (!block)
        return HL_E_MEMORY;
    block->size = size;
    block->type = type;
    hl_status s = hl_vk_check(vk, vkAllocateMemory(vk->device, &info, NULL, &block->memory),
                              "vkAllocateMemory");
    if (s == HL_OK && mapped)
        s = hl_vk_check(vk,
                        vkMapMemory(vk->device, block->memory, 0, VK_WHOLE_SIZE, 0, &block->mapped),
                        "vkMapMemory");
    if (s != HL_OK) {
        vkFreeMemory(vk->device, block->memory, NULL);
        hl_free(block);
        return s;
    }
    block->next = vk->blocks;
    vk->blocks = block;
    vk->bytes_held += size;
    *out = block;
    return HL_OK;
}

/* A place for `need` bytes: block and offset. */
static hl_status take(hl_vk *vk, const VkMemoryRequirements *need, hl_vk_place place, bool image,
                      hl_vk_block **block, uint64_t *offset)
{
    const int32_t type = find_type(vk, need->memoryTypeBits, place);
    const bool mapped = place != HL_VK_DEVICE;
    if (type < 0)
        return hl_fail(HL_E_BACKEND, "Vulkan: %s has no memory of the kind that is needed",
                       vk->properties.deviceName);
    if (need->size <= OWN_BYTES)
        for (hl_vk_block *b = vk->blocks; b; b = b->next) {
            const uint64_t at = (b->used + need->alignment - 1) & ~(need->alignment - 1);
            if (b->type != (uint32_t)type || b->for_images != image || !b->mapped == mapped ||
                b->size != BLOCK_BYTES || at + need->size > b->size)
                continue;
            b->used = at + need->size;
            b->users++;
            *block = b;
            *offset = at;
            return HL_OK;
        }
    HL_TRY(new_block(vk, (uint32_t)type, need->size > OWN_BYTES ? need->size : BLOCK_BYTES, mapped,
                     block));
    (*block)->for_images = image;
    (*block)->used = need->size;
    (*block)->users = 1;
    *offset = 0;
    return HL_OK;
}

static void free_block(hl_vk *vk, hl_vk_block *block)
{
    hl_vk_block **link = &vk->blocks;
    while (*link != block)
        link = &(*link)->next;
    *link = block->next;
    vk->bytes_held -= block->size;
    vkFreeMemory(vk->device, block->memory, NULL);
    hl_free(block);
}

static void give(hl_vk *vk, hl_vk_block *block)
{
    if (!block || --block->users > 0)
        return;
    block->used = 0;
    if (block->size != BLOCK_BYTES)
        free_block(vk, block);
}

void hl_vk_free_blocks(hl_vk *vk)
{
    while (vk->blocks)
        free_block(vk, vk->blocks);
}

hl_status hl_vk_buffer_create(hl_vk *vk, hl_vk_buffer *out, uint64_t size, hl_vk_place place)
{
    hl_vk_buffer b = {.size = size ? size : 16};
    const uint64_t limit = vk->properties.limits.maxStorageBufferRange;
    if (place == HL_VK_DEVICE && b.size > limit)
        return hl_fail(HL_E_BACKEND, "Vulkan: a buffer of %llu bytes exceeds the %llu of %s",
                       (unsigned long long)b.size, (unsigned long long)limit,
                       vk->properties.deviceName);
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = b.size,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT |
                 VK_BUFFER_USAGE_VERTEX_BUFFER_BIT | VK_BUFFER_USAGE_INDEX_BUFFER_BIT |
                 VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT};
    VkMemoryRequirements need;
    uint64_t offset = 0;
    HL_TRY(hl_vk_check(vk, vkCreateBuffer(vk->device, &info, NULL, &b.buffer), "vkCreateBuffer"));
    vkGetBufferMemoryRequirements(vk->device, b.buffer, &need);
    hl_status s = take(vk, &need, place, false, &b.block, &offset);
    if (s == HL_OK)
        s = hl_vk_check(vk, vkBindBufferMemory(vk->device, b.buffer, b.block->memory, offset),
                        "vkBindBufferMemory");
    if (s != HL_OK) {
        hl_vk_buffer_release(vk, &b);
        return s;
    }
    if (b.block->mapped)
        b.mapped = (char *)b.block->mapped + offset;
    *out = b;
    return HL_OK;
}

void hl_vk_buffer_release(hl_vk *vk, hl_vk_buffer *buffer)
{
    if (buffer->buffer)
        vkDestroyBuffer(vk->device, buffer->buffer, NULL);
    give(vk, buffer->block);
    *buffer = (hl_vk_buffer){0};
}

static hl_status make_view(hl_vk *vk, const hl_vk_image *image, bool cube, uint32_t mip,
                           uint32_t mip_count, VkImageView *out)
{
    VkImageViewType type = VK_IMAGE_VIEW_TYPE_2D;
    if (cube)
        type = VK_IMAGE_VIEW_TYPE_CUBE;
    else if (image->layers > 1)
        type = VK_IMAGE_VIEW_TYPE_2D_ARRAY;
    const VkImageViewCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                        .image = image->image,
                                        .viewType = type,
                                        .format = image->format,
                                        .subresourceRange = {.aspectMask = image->aspect,
                                                             .baseMipLevel = mip,
                                                             .levelCount = mip_count,
                                                             .layerCount = image->layers}};
    return hl_vk_check(vk, vkCreateImageView(vk->device, &info, NULL, out), "vkCreateImageView");
}

static hl_status make_views(hl_vk *vk, hl_vk_image *image, const hl_vk_image_params *params)
{
    HL_TRY(make_view(vk, image, params->cube, 0, image->mip_count, &image->view));
    if (!params->mip_views)
        return HL_OK;
    image->mips = hl_alloc(image->mip_count, sizeof(VkImageView));
    if (!image->mips)
        return HL_E_MEMORY;
    for (uint32_t i = 0; i < image->mip_count; i++)
        HL_TRY(make_view(vk, image, false, i, 1, &image->mips[i]));
    return HL_OK;
}

hl_status hl_vk_image_create(hl_vk *vk, hl_vk_image *out, const hl_vk_image_params *params)
{
    const bool depth = params->format == VK_FORMAT_D32_SFLOAT;
    hl_vk_image m = {.format = params->format,
                     .aspect = depth ? VK_IMAGE_ASPECT_DEPTH_BIT : VK_IMAGE_ASPECT_COLOR_BIT,
                     .width = params->width,
                     .height = params->height,
                     .layers = params->layers ? params->layers : 1,
                     .mip_count = params->mip_count ? params->mip_count : 1,
                     .use = {.layout = VK_IMAGE_LAYOUT_UNDEFINED}};
    const VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                    .flags = params->cube ? VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT : 0,
                                    .imageType = VK_IMAGE_TYPE_2D,
                                    .format = m.format,
                                    .extent = {m.width, m.height, 1},
                                    .mipLevels = m.mip_count,
                                    .arrayLayers = m.layers,
                                    .samples = VK_SAMPLE_COUNT_1_BIT,
                                    .usage = params->usage};
    VkMemoryRequirements need;
    uint64_t offset = 0;
    HL_TRY(hl_vk_check(vk, vkCreateImage(vk->device, &info, NULL, &m.image), "vkCreateImage"));
    vkGetImageMemoryRequirements(vk->device, m.image, &need);
    hl_status s = take(vk, &need, HL_VK_DEVICE, true, &m.block, &offset);
    if (s == HL_OK)
        s = hl_vk_check(vk, vkBindImageMemory(vk->device, m.image, m.block->memory, offset),
                        "vkBindImageMemory");
    if (s == HL_OK)
        s = make_views(vk, &m, params);
    if (s != HL_OK) {
        hl_vk_image_release(vk, &m);
        return s;
    }
    *out = m;
    return HL_OK;
}

void hl_vk_image_release(hl_vk *vk, hl_vk_image *image)
{
    for (uint32_t i = 0; image->mips && i < image->mip_count; i++)
        if (image->mips[i])
            vkDestroyImageView(vk->device, image->mips[i], NULL);
    hl_free(image->mips);
    if (image->view)
        vkDestroyImageView(vk->device, image->view, NULL);
    if (image->image)
        vkDestroyImage(vk->device, image->image, NULL);
    give(vk, image->block);
    *image = (hl_vk_image){0};
}

/* One piece of a copy between host and device. */
static hl_status copy_piece(hl_vk *vk, hl_vk_buffer *from, hl_vk_buffer *to,
                            const VkBufferCopy *piece)
{
    HL_TRY(hl_vk_begin(vk));
    const hl_vk_touch touches[] = {{.buffer = from, .how = HL_VK_COPY_FROM},
                                   {.buffer = to, .how = HL_VK_COPY_TO}};
    hl_vk_pass_begin(vk, "copy", touches, 2);
    vkCmdCopyBuffer(vk->cmd, from->buffer, to->buffer, 1, piece);
    hl_vk_pass_end(vk);
    if (to->mapped) {
        const hl_vk_touch host = {.buffer = to, .how = HL_VK_HOST_READ};
        hl_vk_barriers(vk, &host, 1);
    }
    return hl_vk_submit(vk, VK_NULL_HANDLE, VK_NULL_HANDLE);
}

hl_status hl_vk_upload(hl_vk *vk, hl_vk_buffer *to, uint64_t offset, const void *bytes,
                       uint64_t size)
{
    hl_vk_buffer staging;
    hl_status s = hl_vk_buffer_create(vk, &staging, size < STAGING_BYTES ? size : STAGING_BYTES,
                                      HL_VK_UPLOAD);
    if (s != HL_OK)
        return s;
    for (uint64_t done = 0; done < size && s == HL_OK; done += staging.size) {
        const uint64_t n = size - done < staging.size ? size - done : staging.size;
        const VkBufferCopy piece = {.dstOffset = offset + done, .size = n};
        memcpy(staging.mapped, (const char *)bytes + done, n);
        s = copy_piece(vk, &staging, to, &piece);
    }
    hl_vk_buffer_release(vk, &staging);
    return s;
}

hl_status hl_vk_download(hl_vk *vk, hl_vk_buffer *from, void *bytes, uint64_t size)
{
    hl_vk_buffer staging;
    hl_status s = hl_vk_buffer_create(vk, &staging, size < STAGING_BYTES ? size : STAGING_BYTES,
                                      HL_VK_READBACK);
    if (s != HL_OK)
        return s;
    for (uint64_t done = 0; done < size && s == HL_OK; done += staging.size) {
        const uint64_t n = size - done < staging.size ? size - done : staging.size;
        const VkBufferCopy piece = {.srcOffset = done, .size = n};
        s = copy_piece(vk, from, &staging, &piece);
        if (s == HL_OK)
            memcpy((char *)bytes + done, staging.mapped, n);
    }
    hl_vk_buffer_release(vk, &staging);
    return s;
}
