/* SPDX-License-Identifier: MIT */
/* viewer/vk_memory.h -- buffers and images of a Vulkan device, and copies from and to the host.
 *
 * Memory comes in blocks of 64 MiB that are handed out from the front and reused once all their
 * users are gone; requests above 32 MiB get a block of their own.  Every resource remembers how it
 * was last used: the passes of vk_graph.h derive their barriers from that.
 */
#ifndef HL_VIEWER_VK_MEMORY_H
#define HL_VIEWER_VK_MEMORY_H

#include "viewer/vk_device.h"

/* The last use of a resource. */
typedef struct hl_vk_use {
    VkPipelineStageFlags2 stage;
    VkAccessFlags2 access;
    VkImageLayout layout;
} hl_vk_use;

typedef struct hl_vk_buffer {
    VkBuffer buffer;
    hl_vk_block *block;
    void *mapped; /* host address, NULL for device memory */
    uint64_t size;
    hl_vk_use use;
} hl_vk_buffer;

typedef struct hl_vk_image {
    VkImage image;
    VkImageView view;
    VkImageView *mips; /* (mip_count) 2D array views of single levels, NULL unless asked for */
    hl_vk_block *block;
    VkFormat format;
    VkImageAspectFlags aspect;
    uint32_t width, height, layers, mip_count;
    hl_vk_use use;
} hl_vk_image;

typedef enum hl_vk_place { HL_VK_DEVICE, HL_VK_UPLOAD, HL_VK_READBACK } hl_vk_place;

/* Storage, uniform, vertex, index, indirect and copy use.  A size of 0 gives 16 bytes.
 * HL_E_BACKEND names the limit (allocation, and the storage range for device memory). */
hl_status hl_vk_buffer_create(hl_vk *vk, hl_vk_buffer *out, uint64_t size, hl_vk_place place);
void hl_vk_buffer_release(hl_vk *vk, hl_vk_buffer *buffer);

typedef struct hl_vk_image_params {
    VkFormat format;
    uint32_t width, height;
    uint32_t layers;    /* 0: 1; 6 with `cube` */
    uint32_t mip_count; /* 0: 1                */
    bool cube, mip_views;
    VkImageUsageFlags usage;
} hl_vk_image_params;

hl_status hl_vk_image_create(hl_vk *vk, hl_vk_image *out, const hl_vk_image_params *params);
void hl_vk_image_release(hl_vk *vk, hl_vk_image *image);

/* Copies `size` bytes to the start of a device buffer, through staging; waits. */
hl_status hl_vk_upload(hl_vk *vk, hl_vk_buffer *to, uint64_t offset, const void *bytes,
                       uint64_t size);

/* Copies from a device buffer; waits. */
hl_status hl_vk_download(hl_vk *vk, hl_vk_buffer *from, void *bytes, uint64_t size);

/* All blocks, used or not; for the end of the device. */
void hl_vk_free_blocks(hl_vk *vk);

#endif /* HL_VIEWER_VK_MEMORY_H */
