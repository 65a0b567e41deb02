/* SPDX-License-Identifier: MIT */
/* viewer/vk_swapchain.h -- the images of a window. */
#ifndef HL_VIEWER_VK_SWAPCHAIN_H
#define HL_VIEWER_VK_SWAPCHAIN_H

#include "viewer/vk_memory.h"

enum { HL_VK_SWAPCHAIN_MAX = 8 };

typedef struct hl_vk_swapchain {
    VkSurfaceKHR surface; /* owned */
    VkSwapchainKHR chain;
    VkFormat format; /* 8-bit, not sRGB: what is written is shown as it is */
    uint32_t image_count, current;
    hl_vk_image images[HL_VK_SWAPCHAIN_MAX]; /* image, view and last use only      */
    VkSemaphore acquired;
    VkSemaphore drawn[HL_VK_SWAPCHAIN_MAX]; /* one per image: reused when it comes again */
    bool stale;                             /* the window has another size or the surface says so */
} hl_vk_swapchain;

/* Takes the surface over, also when it fails.  HL_E_BACKEND where the device cannot present. */
hl_status hl_vk_swapchain_create(hl_vk *vk, hl_vk_swapchain *out, VkSurfaceKHR surface);
void hl_vk_swapchain_release(hl_vk *vk, hl_vk_swapchain *swapchain);

/* Images of this size, made anew where they are stale.  A window without area: *usable false. */
hl_status hl_vk_swapchain_fit(hl_vk *vk, hl_vk_swapchain *swapchain, uint32_t width,
                              uint32_t height, bool *usable);

/* The next image, in swapchain->current; NULL in *image where the chain is stale. */
hl_status hl_vk_swapchain_acquire(hl_vk *vk, hl_vk_swapchain *swapchain, hl_vk_image **image);

/* After the submission that waited for `acquired` and signals drawn[current]. */
hl_status hl_vk_swapchain_present(hl_vk *vk, hl_vk_swapchain *swapchain);

#endif /* HL_VIEWER_VK_SWAPCHAIN_H */
