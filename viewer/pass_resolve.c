/* SPDX-License-Identifier: MIT */
#include "viewer/gpu_frame.h"
#include "viewer/vk_graph.h"

hl_status hl_pass_resolve_create(hl_gpu_frame *frame)
{
    return hl_vk_compute_pipeline(frame->vk, &frame->resolve, HL_SHADER_resolve_comp, "siu", 0);
}

hl_status hl_pass_resolve_record(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    const hl_vk_touch touches[] = {{.image = &frame->radiance, .how = HL_VK_READ},
                                   {.image = &frame->picture, .how = HL_VK_WRITE, .discard = true},
                                   {.buffer = &frame->view, .how = HL_VK_READ}};
    hl_vk_pass_begin(vk, "resolve", touches, 3);
    HL_TRY(
        hl_vk_bind(vk, &frame->resolve,
                   (const hl_vk_binding[]){{.view = frame->radiance.view, .sampler = vk->nearest},
                                           {.view = frame->picture.view},
                                           {.buffer = &frame->view}},
                   NULL));
    vkCmdDispatch(vk->cmd, (frame->width + HL_GROUP_SIDE - 1) / HL_GROUP_SIDE,
                  (frame->height + HL_GROUP_SIDE - 1) / HL_GROUP_SIDE, 1);
    hl_vk_pass_end(vk);
    return HL_OK;
}
