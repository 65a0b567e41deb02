/* SPDX-License-Identifier: MIT */
#include "viewer/vk_device.h"

#include "core/log.h"
#include "core/memory.h"
#include "viewer/vk_memory.h"

#include <stdio.h>
#include <string.h>

enum { DEVICES_MAX = 16, LAYERS_MAX = 64, FAMILIES_MAX = 16, EXTENSIONS_MAX = 8 };

static const char *const validation_layer = "VK_LAYER_KHRONOS_validation";

static const char *result_name(VkResult result)
{
    switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return "out of host memory";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return "out of device memory";
    case VK_ERROR_INITIALIZATION_FAILED:
        return "initialization failed";
    case VK_ERROR_DEVICE_LOST:
        return "device lost";
    case VK_ERROR_LAYER_NOT_PRESENT:
        return "layer not present";
    case VK_ERROR_EXTENSION_NOT_PRESENT:
        return "extension not present";
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        return "no driver";
    default:
        return "unexpected result";
    }
}

hl_status hl_vk_check(hl_vk *vk, VkResult result, const char *call)
{
    if (result == VK_SUCCESS)
        return HL_OK;
    if (result == VK_ERROR_DEVICE_LOST)
        vk->lost = true;
    return hl_fail(HL_E_BACKEND, "Vulkan: %s: %s (%d)", call, result_name(result), (int)result);
}

static VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                 VkDebugUtilsMessageTypeFlagsEXT types,
                                                 const VkDebugUtilsMessengerCallbackDataEXT *data,
                                                 void *user)
{
    hl_vk *vk = user;
    (void)severity;
    (void)types;
    if (vk->messages++ == 0)
        snprintf(vk->message, sizeof vk->message, "%s", data->pMessage);
    hl_log(HL_LOG_WARN, "Vulkan: %s", data->pMessage);
    return VK_FALSE;
}

static bool has_validation(void)
{
    VkLayerProperties layers[LAYERS_MAX];
    uint32_t count = LAYERS_MAX;
    if (vkEnumerateInstanceLayerProperties(&count, layers) < 0)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(layers[i].layerName, validation_layer) == 0)
            return true;
    return false;
}

static hl_status make_instance(hl_vk *vk, const hl_vk_params *params)
{
    const char *extensions[EXTENSIONS_MAX + 1];
    uint32_t count = 0;
    for (; count < params->extension_count && count < EXTENSIONS_MAX; count++)
        extensions[count] = params->extensions[count];
    if (params->validate && !has_validation())
        return hl_fail(HL_E_BACKEND, "Vulkan: the layer %s is absent (vulkan-validationlayers)",
                       validation_layer);
    if (params->validate)
        extensions[count++] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    const VkDebugUtilsMessengerCreateInfoEXT messenger = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
        .pfnUserCallback = on_message,
        .pUserData = vk};
    const VkValidationFeatureEnableEXT enable[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    const VkValidationFeaturesEXT features = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                                              .pNext = &messenger,
                                              .enabledValidationFeatureCount = 1,
                                              .pEnabledValidationFeatures = enable};
    const VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                   .pApplicationName = "helio",
                                   .apiVersion = VK_API_VERSION_1_3};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pNext = params->validate ? &features : NULL,
                                       .pApplicationInfo = &app,
                                       .enabledLayerCount = params->validate ? 1 : 0,
                                       .ppEnabledLayerNames = &validation_layer,
                                       .enabledExtensionCount = count,
                                       .ppEnabledExtensionNames = extensions};
    HL_TRY(hl_vk_check(vk, vkCreateInstance(&info, NULL, &vk->instance), "vkCreateInstance"));
    /* Device functions stay those of the loader, which serve every device of the process. */
    volkLoadInstance(vk->instance);
    if (!params->validate)
        return HL_OK;
    vk->destroy_messenger = vkDestroyDebugUtilsMessengerEXT;
    vk->begin_label = vkCmdBeginDebugUtilsLabelEXT;
    vk->end_label = vkCmdEndDebugUtilsLabelEXT;
    return hl_vk_check(
        vk, vkCreateDebugUtilsMessengerEXT(vk->instance, &messenger, NULL, &vk->messenger),
        "vkCreateDebugUtilsMessengerEXT");
}

/* The first family with graphics and compute, or -1. */
static int32_t find_family(VkPhysicalDevice device)
{
    VkQueueFamilyProperties families[FAMILIES_MAX];
    uint32_t count = FAMILIES_MAX;
    vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families);
    for (uint32_t i = 0; i < count; i++)
        if ((families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT) &&
            (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT))
            return (int32_t)i;
    return -1;
}

/* How well a device serves; 0: not at all. */
static int score(VkPhysicalDevice device, const hl_vk_params *params)
{
    VkPhysicalDeviceProperties p;
    vkGetPhysicalDeviceProperties(device, &p);
    if (p.apiVersion < VK_API_VERSION_1_3 || find_family(device) < 0)
        return 0;
    if (params->device && !strstr(p.deviceName, params->device))
        return 0;
    switch (p.deviceType) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return 4;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return 3;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return 2;
    default:
        return 1;
    }
}

static hl_status choose_device(hl_vk *vk, const hl_vk_params *params)
{
    VkPhysicalDevice devices[DEVICES_MAX];
    uint32_t count = DEVICES_MAX;
    int best = 0;
    const VkResult result = vkEnumeratePhysicalDevices(vk->instance, &count, devices);
    if (result != VK_INCOMPLETE)
        HL_TRY(hl_vk_check(vk, result, "vkEnumeratePhysicalDevices"));
    for (uint32_t i = 0; i < count; i++) {
        const int s = score(devices[i], params);
        if (s > best) {
            best = s;
            vk->physical = devices[i];
        }
    }
    if (!best)
        return hl_fail(HL_E_BACKEND,
                       "Vulkan: none of %u devices%s%s offers version 1.3 with graphics and "
                       "compute; mesa-vulkan-drivers brings a software one",
                       (unsigned)count, params->device ? " named " : "",
                       params->device ? params->device : "");
    VkPhysicalDeviceSubgroupProperties subgroup = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &subgroup};
    vkGetPhysicalDeviceProperties2(vk->physical, &properties);
    vkGetPhysicalDeviceMemoryProperties(vk->physical, &vk->memory);
    vk->properties = properties.properties;
    vk->subgroup = subgroup.subgroupSize;
    vk->software = vk->properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    vk->family = (uint32_t)find_family(vk->physical);
    VkFormatProperties format;
    vkGetPhysicalDeviceFormatProperties(vk->physical, VK_FORMAT_R32G32B32A32_SFLOAT, &format);
    vk->blends_float =
        (format.optimalTilingFeatures & VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BLEND_BIT) != 0;
    return HL_OK;
}

static hl_status make_device(hl_vk *vk, const hl_vk_params *params)
{
    const float priority = 1;
    const char *const swapchain = VK_KHR_SWAPCHAIN_EXTENSION_NAME;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                           .queueFamilyIndex = vk->family,
                                           .queueCount = 1,
                                           .pQueuePriorities = &priority};
    VkPhysicalDeviceVulkan12Features v12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceVulkan13Features v13 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, .pNext = &v12};
    VkPhysicalDeviceFeatures2 offered = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                         .pNext = &v13};
    vkGetPhysicalDeviceFeatures2(vk->physical, &offered);
    if (!v13.dynamicRendering || !v13.synchronization2 || !v12.scalarBlockLayout)
        return hl_fail(HL_E_BACKEND,
                       "Vulkan: %s lacks dynamic rendering, synchronization2 or scalar layout",
                       vk->properties.deviceName);
    const VkPhysicalDeviceVulkan12Features want12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .scalarBlockLayout = true};
    VkPhysicalDeviceVulkan12Features chain12 = want12;
    const VkPhysicalDeviceVulkan13Features want13 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
        .pNext = &chain12,
        .synchronization2 = true,
        .dynamicRendering = true};
    vk->writes_any_format = offered.features.shaderStorageImageWriteWithoutFormat;
    const VkPhysicalDeviceFeatures features = {.shaderStorageImageWriteWithoutFormat =
                                                   vk->writes_any_format};
    vk->can_present = params->extension_count > 0;
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .pNext = &want13,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = vk->can_present ? 1 : 0,
                                     .ppEnabledExtensionNames = &swapchain,
                                     .pEnabledFeatures = &features};
    HL_TRY(
        hl_vk_check(vk, vkCreateDevice(vk->physical, &info, NULL, &vk->device), "vkCreateDevice"));
    vkGetDeviceQueue(vk->device, vk->family, 0, &vk->queue);
    return HL_OK;
}

static hl_status make_sampler(hl_vk *vk, VkFilter filter, VkSamplerAddressMode u, VkSampler *out)
{
    const VkSamplerCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                                      .magFilter = filter,
                                      .minFilter = filter,
                                      .mipmapMode = filter == VK_FILTER_LINEAR
                                                        ? VK_SAMPLER_MIPMAP_MODE_LINEAR
                                                        : VK_SAMPLER_MIPMAP_MODE_NEAREST,
                                      .addressModeU = u,
                                      .addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                      .addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                      .maxLod = VK_LOD_CLAMP_NONE};
    return hl_vk_check(vk, vkCreateSampler(vk->device, &info, NULL, out), "vkCreateSampler");
}

static hl_status make_pools(hl_vk *vk)
{
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = vk->family};
    HL_TRY(hl_vk_check(vk, vkCreateCommandPool(vk->device, &pool, NULL, &vk->pool),
                       "vkCreateCommandPool"));
    const VkCommandBufferAllocateInfo buffer = {.sType =
                                                    VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                                .commandPool = vk->pool,
                                                .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                                .commandBufferCount = 1};
    HL_TRY(hl_vk_check(vk, vkAllocateCommandBuffers(vk->device, &buffer, &vk->cmd),
                       "vkAllocateCommandBuffers"));
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    HL_TRY(hl_vk_check(vk, vkCreateFence(vk->device, &fence, NULL, &vk->fence), "vkCreateFence"));
    const VkDescriptorPoolSize sizes[] = {{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 4096},
                                          {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 256},
                                          {VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, 512},
                                          {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 512}};
    const VkDescriptorPoolCreateInfo sets = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                             .maxSets = 1024,
                                             .poolSizeCount = 4,
                                             .pPoolSizes = sizes};
    HL_TRY(hl_vk_check(vk, vkCreateDescriptorPool(vk->device, &sets, NULL, &vk->descriptors),
                       "vkCreateDescriptorPool"));
    HL_TRY(make_sampler(vk, VK_FILTER_LINEAR, VK_SAMPLER_ADDRESS_MODE_REPEAT, &vk->around));
    HL_TRY(make_sampler(vk, VK_FILTER_LINEAR, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE, &vk->linear));
    HL_TRY(
        make_sampler(vk, VK_FILTER_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE, &vk->nearest));
    const VkQueryPoolCreateInfo queries = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                           .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                           .queryCount = 2 * HL_VK_TIMERS_MAX};
    return hl_vk_check(vk, vkCreateQueryPool(vk->device, &queries, NULL, &vk->queries),
                       "vkCreateQueryPool");
}

hl_status hl_vk_create(hl_vk **out, const hl_vk_params *params)
{
    if (volkInitialize() != VK_SUCCESS)
        return hl_fail(HL_E_BACKEND, "Vulkan: no loader (libvulkan.so.1; apt install libvulkan1)");
    if (volkGetInstanceVersion() < VK_API_VERSION_1_3)
        return hl_fail(HL_E_BACKEND, "Vulkan: the loader is older than version 1.3");
    hl_vk *vk = hl_alloc(1, sizeof *vk);
    if (!vk)
        return HL_E_MEMORY;
    hl_status s = make_instance(vk, params);
    s = s == HL_OK ? choose_device(vk, params) : s;
    s = s == HL_OK ? make_device(vk, params) : s;
    s = s == HL_OK ? make_pools(vk) : s;
    if (s != HL_OK) {
        hl_vk_destroy(&vk);
        return s;
    }
    *out = vk;
    return HL_OK;
}

void hl_vk_destroy(hl_vk **out)
{
    hl_vk *vk = *out;
    *out = NULL;
    if (!vk)
        return;
    if (vk->device) {
        vkDeviceWaitIdle(vk->device);
        hl_vk_free_blocks(vk);
        vkDestroyQueryPool(vk->device, vk->queries, NULL);
        vkDestroySampler(vk->device, vk->linear, NULL);
        vkDestroySampler(vk->device, vk->around, NULL);
        vkDestroySampler(vk->device, vk->nearest, NULL);
        vkDestroyDescriptorPool(vk->device, vk->descriptors, NULL);
        vkDestroyFence(vk->device, vk->fence, NULL);
        vkDestroyCommandPool(vk->device, vk->pool, NULL);
        vkDestroyDevice(vk->device, NULL);
    }
    if (vk->messenger)
        vk->destroy_messenger(vk->instance, vk->messenger, NULL);
    if (vk->instance)
        vkDestroyInstance(vk->instance, NULL);
    hl_free(vk);
}

hl_status hl_vk_begin(hl_vk *vk)
{
    const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                           .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    if (vk->lost)
        return hl_fail(HL_E_BACKEND, "Vulkan: the device is lost");
    HL_TRY(hl_vk_check(vk, vkResetCommandPool(vk->device, vk->pool, 0), "vkResetCommandPool"));
    HL_TRY(hl_vk_check(vk, vkResetDescriptorPool(vk->device, vk->descriptors, 0),
                       "vkResetDescriptorPool"));
    HL_TRY(hl_vk_check(vk, vkBeginCommandBuffer(vk->cmd, &info), "vkBeginCommandBuffer"));
    vkCmdResetQueryPool(vk->cmd, vk->queries, 0, 2 * HL_VK_TIMERS_MAX);
    vk->timer_count = 0;
    return HL_OK;
}

static void read_timers(hl_vk *vk)
{
    uint64_t ticks[2 * HL_VK_TIMERS_MAX];
    const uint32_t count = 2 * (uint32_t)vk->timer_count;
    if (!count || vkGetQueryPoolResults(vk->device, vk->queries, 0, count, sizeof ticks, ticks,
                                        sizeof ticks[0], VK_QUERY_RESULT_64_BIT) != VK_SUCCESS)
        return;
    const double ms = (double)vk->properties.limits.timestampPeriod * 1e-6;
    for (int32_t i = 0; i < vk->timer_count; i++)
        vk->timer_ms[i] = (double)(ticks[2 * i + 1] - ticks[2 * i]) * ms;
}

hl_status hl_vk_submit(hl_vk *vk, VkSemaphore wait, VkSemaphore signal)
{
    HL_TRY(hl_vk_check(vk, vkEndCommandBuffer(vk->cmd), "vkEndCommandBuffer"));
    if (vk->lost)
        return hl_vk_check(vk, VK_ERROR_DEVICE_LOST, "vkQueueSubmit2");
    const VkSemaphoreSubmitInfo before = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
                                          .semaphore = wait,
                                          .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
    const VkSemaphoreSubmitInfo after = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
                                         .semaphore = signal,
                                         .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
    const VkCommandBufferSubmitInfo buffer = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                              .commandBuffer = vk->cmd};
    const VkSubmitInfo2 info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                                .waitSemaphoreInfoCount = wait ? 1 : 0,
                                .pWaitSemaphoreInfos = &before,
                                .commandBufferInfoCount = 1,
                                .pCommandBufferInfos = &buffer,
                                .signalSemaphoreInfoCount = signal ? 1 : 0,
                                .pSignalSemaphoreInfos = &after};
    HL_TRY(hl_vk_check(vk, vkQueueSubmit2(vk->queue, 1, &info, vk->fence), "vkQueueSubmit2"));
    HL_TRY(hl_vk_check(vk, vkWaitForFences(vk->device, 1, &vk->fence, VK_TRUE, UINT64_MAX),
                       "vkWaitForFences"));
    HL_TRY(hl_vk_check(vk, vkResetFences(vk->device, 1, &vk->fence), "vkResetFences"));
    read_timers(vk);
    return HL_OK;
}

void hl_vk_timer_begin(hl_vk *vk, const char *name)
{
    if (vk->timer_count == HL_VK_TIMERS_MAX)
        return;
    vk->timer_name[vk->timer_count] = name;
    vkCmdWriteTimestamp2(vk->cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, vk->queries,
                         2 * (uint32_t)vk->timer_count);
}

void hl_vk_timer_end(hl_vk *vk)
{
    if (vk->timer_count == HL_VK_TIMERS_MAX)
        return;
    vkCmdWriteTimestamp2(vk->cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, vk->queries,
                         2 * (uint32_t)vk->timer_count + 1);
    vk->timer_count++;
}

void hl_vk_lose(hl_vk *vk)
{
    vk->lost = true;
}
