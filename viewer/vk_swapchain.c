/* SPDX-License-Identifier: MIT */
#include "viewer/vk_swapchain.h"

enum { FORMATS_MAX = 64 };

static hl_status choose_format(hl_vk *vk, hl_vk_swapchain *s)
{
    VkSurfaceFormatKHR formats[FORMATS_MAX];
    uint32_t count = FORMATS_MAX;
    const VkResult r =
        vkGetPhysicalDeviceSurfaceFormatsKHR(vk->physical, s->surface, &count, formats);
    if (r != VK_INCOMPLETE)
        HL_TRY(hl_vk_check(vk, r, "vkGetPhysicalDeviceSurfaceFormatsKHR"));
    for (uint32_t i = 0; i < count; i++)
        if (formats[i].format == VK_FORMAT_B8G8R8A8_UNORM ||
            formats[i].format == VK_FORMAT_R8G8B8A8_UNORM) {
            s->format = formats[i].format;
            return HL_OK;
        }
    return hl_fail(HL_E_BACKEND, "Vulkan: the window offers no 8-bit linear format");
}

hl_status hl_vk_swapchain_create(hl_vk *vk, hl_vk_swapchain *out, VkSurfaceKHR surface)
{
    VkBool32 supported = VK_FALSE;
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    *out = (hl_vk_swapchain){.surface = surface};
    hl_status s = hl_vk_check(
        vk, vkGetPhysicalDeviceSurfaceSupportKHR(vk->physical, vk->family, surface, &supported),
        "vkGetPhysicalDeviceSurfaceSupportKHR");
    if (s == HL_OK && !supported)
        s = hl_fail(HL_E_BACKEND, "Vulkan: %s cannot show pictures in this window",
                    vk->properties.deviceName);
    s = s == HL_OK ? choose_format(vk, out) : s;
    if (s == HL_OK)
        s = hl_vk_check(vk, vkCreateSemaphore(vk->device, &info, NULL, &out->acquired),
                        "vkCreateSemaphore");
    for (int i = 0; s == HL_OK && i < HL_VK_SWAPCHAIN_MAX; i++)
        s = hl_vk_check(vk, vkCreateSemaphore(vk->device, &info, NULL, &out->drawn[i]),
                        "vkCreateSemaphore");
    if (s != HL_OK)
        hl_vk_swapchain_release(vk, out);
    return s;
}

static void release_images(hl_vk *vk, hl_vk_swapchain *s)
{
    for (uint32_t i = 0; i < s->image_count; i++)
        if (s->images[i].view)
            vkDestroyImageView(vk->device, s->images[i].view, NULL);
    s->image_count = 0;
}

void hl_vk_swapchain_release(hl_vk *vk, hl_vk_swapchain *swapchain)
{
    hl_vk_swapchain *s = swapchain;
    vkDeviceWaitIdle(vk->device);
    release_images(vk, s);
    if (s->chain)
        vkDestroySwapchainKHR(vk->device, s->chain, NULL);
    if (s->acquired)
        vkDestroySemaphore(vk->device, s->acquired, NULL);
    for (int i = 0; i < HL_VK_SWAPCHAIN_MAX; i++)
        if (s->drawn[i])
            vkDestroySemaphore(vk->device, s->drawn[i], NULL);
    if (s->surface)
        vkDestroySurfaceKHR(vk->instance, s->surface, NULL);
    *s = (hl_vk_swapchain){.surface = VK_NULL_HANDLE};
}

static hl_status take_images(hl_vk *vk, hl_vk_swapchain *s, VkExtent2D extent)
{
    VkImage images[HL_VK_SWAPCHAIN_MAX];
    uint32_t count = 0;
    HL_TRY(hl_vk_check(vk, vkGetSwapchainImagesKHR(vk->device, s->chain, &count, NULL),
                       "vkGetSwapchainImagesKHR"));
    if (count > HL_VK_SWAPCHAIN_MAX)
        return hl_fail(HL_E_BACKEND, "Vulkan: a window of %u images, limit %d", (unsigned)count,
                       HL_VK_SWAPCHAIN_MAX);
    HL_TRY(hl_vk_check(vk, vkGetSwapchainImagesKHR(vk->device, s->chain, &count, images),
                       "vkGetSwapchainImagesKHR"));
    for (uint32_t i = 0; i < count; i++) {
        const VkImageViewCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
            .image = images[i],
            .viewType = VK_IMAGE_VIEW_TYPE_2D,
            .format = s->format,
            .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
        s->images[i] = (hl_vk_image){.image = images[i],
                                     .format = s->format,
                                     .aspect = VK_IMAGE_ASPECT_COLOR_BIT,
                                     .width = extent.width,
                                     .height = extent.height,
                                     .layers = 1,
                                     .mip_count = 1};
        s->image_count = i + 1;
        HL_TRY(hl_vk_check(vk, vkCreateImageView(vk->device, &info, NULL, &s->images[i].view),
                           "vkCreateImageView"));
    }
    return HL_OK;
}

static hl_status build(hl_vk *vk, hl_vk_swapchain *s, const VkSurfaceCapabilitiesKHR *caps,
                       VkExtent2D extent)
{
    const VkSwapchainKHR old = s->chain;
    uint32_t count = caps->minImageCount;
    if (caps->maxImageCount && count > caps->maxImageCount)
        count = caps->maxImageCount;
    const VkSwapchainCreateInfoKHR info = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
                                           .surface = s->surface,
                                           .minImageCount = count,
                                           .imageFormat = s->format,
                                           .imageColorSpace = VK_COLOR_SPACE_SRGB_NONLINEAR_KHR,
                                           .imageExtent = extent,
                                           .imageArrayLayers = 1,
                                           .imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT |
                                                         VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                                                         VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
                                           .preTransform = caps->currentTransform,
                                           .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
                                           .presentMode = VK_PRESENT_MODE_FIFO_KHR,
                                           .clipped = VK_TRUE,
                                           .oldSwapchain = old};
    vkDeviceWaitIdle(vk->device);
    release_images(vk, s);
    s->chain = VK_NULL_HANDLE;
    const VkResult r = vkCreateSwapchainKHR(vk->device, &info, NULL, &s->chain);
    if (old)
        vkDestroySwapchainKHR(vk->device, old, NULL);
    HL_TRY(hl_vk_check(vk, r, "vkCreateSwapchainKHR"));
    HL_TRY(take_images(vk, s, extent));
    s->stale = false;
    return HL_OK;
}

static uint32_t within(uint32_t x, uint32_t low, uint32_t high)
{
    return x < low ? low : (x > high ? high : x);
}

hl_status hl_vk_swapchain_fit(hl_vk *vk, hl_vk_swapchain *swapchain, uint32_t width,
                              uint32_t height, bool *usable)
{
    hl_vk_swapchain *s = swapchain;
    VkSurfaceCapabilitiesKHR caps;
    HL_TRY(hl_vk_check(vk,
                       vkGetPhysicalDeviceSurfaceCapabilitiesKHR(vk->physical, s->surface, &caps),
                       "vkGetPhysicalDeviceSurfaceCapabilitiesKHR"));
    VkExtent2D extent = caps.currentExtent;
    if (extent.width == UINT32_MAX)
        extent =
            (VkExtent2D){within(width, caps.minImageExtent.width, caps.maxImageExtent.width),
                         within(height, caps.minImageExtent.height, caps.maxImageExtent.height)};
    *usable = extent.width > 0 && extent.height > 0;
    const bool fits = s->chain && !s->stale && s->images[0].width == extent.width &&
                      s->images[0].height == extent.height;
    return !*usable || fits ? HL_OK : build(vk, s, &caps, extent);
}

hl_status hl_vk_swapchain_acquire(hl_vk *vk, hl_vk_swapchain *swapchain, hl_vk_image **image)
{
    const VkResult r =
        vkAcquireNextImageKHR(vk->device, swapchain->chain, UINT64_MAX, swapchain->acquired,
                              VK_NULL_HANDLE, &swapchain->current);
    *image = NULL;
    if (r == VK_ERROR_OUT_OF_DATE_KHR) {
        swapchain->stale = true;
        return HL_OK;
    }
    if (r == VK_SUBOPTIMAL_KHR)
        swapchain->stale = true; /* after this one */
    else
        HL_TRY(hl_vk_check(vk, r, "vkAcquireNextImageKHR"));
    *image = &swapchain->images[swapchain->current];
    /* The semaphore is waited for by all commands: what was before does not count. */
    (*image)->use = (hl_vk_use){.stage = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                .layout = VK_IMAGE_LAYOUT_UNDEFINED};
    return HL_OK;
}

hl_status hl_vk_swapchain_present(hl_vk *vk, hl_vk_swapchain *swapchain)
{
    const VkPresentInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
                                   .waitSemaphoreCount = 1,
                                   .pWaitSemaphores = &swapchain->drawn[swapchain->current],
                                   .swapchainCount = 1,
                                   .pSwapchains = &swapchain->chain,
                                   .pImageIndices = &swapchain->current};
    const VkResult r = vkQueuePresentKHR(vk->queue, &info);
    if (r == VK_ERROR_OUT_OF_DATE_KHR || r == VK_SUBOPTIMAL_KHR) {
        swapchain->stale = true;
        return HL_OK;
    }
    return hl_vk_check(vk, r, "vkQueuePresentKHR");
}
