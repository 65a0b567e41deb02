/* SPDX-License-Identifier: MIT */
/* viewer/vk_device.h -- one Vulkan device: instance, queue, limits, submission, timestamps.
 *
 * Needs Vulkan 1.3 with dynamic rendering and synchronization2, which its core promises, and
 * nothing optional.  The loader is opened at run time: a program without one still runs.  A device
 * belongs to one thread at a time.
 */
#ifndef HL_VIEWER_VK_DEVICE_H
#define HL_VIEWER_VK_DEVICE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <volk.h>

#define HL_VK_TIMERS_MAX 32 /* passes of a frame that can be timed */

typedef struct hl_vk_params {
    bool validate; /* validation with synchronization checks; HL_E_BACKEND without the layer */
    /* For a window: instance extensions to enable, and the device must present. */
    const char *const *extensions; /* (extension_count) */
    uint32_t extension_count;
    const char *device; /* part of the name of the device to take; NULL: the best */
} hl_vk_params;

typedef struct hl_vk_block hl_vk_block; /* of vk_memory */

typedef struct hl_vk {
    VkInstance instance;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    uint32_t family;
    VkPhysicalDeviceProperties properties;
    VkPhysicalDeviceMemoryProperties memory;
    uint32_t subgroup;      /* invocations; for reports only, no shader relies on it */
    bool software;          /* the device is a processor: lavapipe and the like      */
    bool blends_float;      /* 32-bit float colour targets can be blended            */
    bool writes_any_format; /* shaders store to images without naming the format */
    bool can_present;       /* made with extensions for a window                     */
    VkDebugUtilsMessengerEXT messenger;
    /* Of this instance: others in the process may lack the extension. */
    PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger;
    PFN_vkCmdBeginDebugUtilsLabelEXT begin_label;
    PFN_vkCmdEndDebugUtilsLabelEXT end_label;
    int32_t messages;  /* warnings and errors of the validation layer so far     */
    char message[512]; /* the first of them */

    VkCommandPool pool;
    VkCommandBuffer cmd; /* of the frame under construction */
    VkFence fence;
    VkDescriptorPool descriptors;      /* reset at each hl_vk_begin */
    VkSampler linear, nearest, around; /* clamped to the edge; `around` repeats along u */

    VkQueryPool queries;
    int32_t timer_count;
    const char *timer_name[HL_VK_TIMERS_MAX];
    double timer_ms[HL_VK_TIMERS_MAX]; /* of the last finished frame */

    hl_vk_block *blocks; /* list of memory blocks */
    uint64_t bytes_held; /* of device memory      */
    bool lost;           /* the device is gone: every call fails from now on */
} hl_vk;

/* Opens the best device, or says which requirement none meets.  HL_E_BACKEND. */
hl_status hl_vk_create(hl_vk **out, const hl_vk_params *params);
void hl_vk_destroy(hl_vk **out);

/* HL_OK, or HL_E_BACKEND with the call and the name of the result. */
hl_status hl_vk_check(hl_vk *vk, VkResult result, const char *call);

/* Starts the frame's commands: vk->cmd.  The previous frame has finished. */
hl_status hl_vk_begin(hl_vk *vk);

/* Submits and waits; reads the timers.  `wait`, `signal`: semaphores or VK_NULL_HANDLE. */
hl_status hl_vk_submit(hl_vk *vk, VkSemaphore wait, VkSemaphore signal);

/* A pair of timestamps around a pass; nothing when there are no more timers. */
void hl_vk_timer_begin(hl_vk *vk, const char *name);
void hl_vk_timer_end(hl_vk *vk);

/* Test seam: the next submission fails as if the device were lost. */
void hl_vk_lose(hl_vk *vk);

#endif /* HL_VIEWER_VK_DEVICE_H */
