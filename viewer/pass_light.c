/* SPDX-License-Identifier: MIT */
#include "viewer/gpu_frame.h"
#include "viewer/vk_graph.h"

hl_status hl_pass_light_create(hl_gpu_frame *frame)
{
    return hl_vk_compute_pipeline(frame->vk, &frame->shade, HL_SHADER_light_comp,
                                  "ssssssiuuisusssssss", 0);
}

hl_status hl_pass_light_record(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    hl_vk_image *const sky = frame->baked ? &frame->sky : &frame->albedo; /* or not looked at */
    const bool lit_place = frame->placed && (frame->baked & HL_BAKED_PLACES);
    hl_vk_image *const place_sky = lit_place ? &frame->place_sky : &frame->albedo;
    hl_vk_image *const place_bounce = lit_place ? &frame->place_bounce : &frame->albedo;
    hl_vk_image *const place = frame->placed ? &frame->place : &frame->albedo;
    hl_vk_image *const near_albedo = frame->placed ? &frame->near_albedo : &frame->albedo;
    hl_vk_image *const near_finish = frame->placed ? &frame->near_finish : &frame->albedo;
    hl_vk_image *const bounce = frame->baked ? &frame->bounce : &frame->albedo;
    const hl_vk_touch touches[] = {{.image = &frame->albedo, .how = HL_VK_READ},
                                   {.image = &frame->normal, .how = HL_VK_READ},
                                   {.image = &frame->finish, .how = HL_VK_READ},
                                   {.image = &frame->env, .how = HL_VK_READ},
                                   {.image = &frame->layers, .how = HL_VK_READ},
                                   {.image = &frame->table, .how = HL_VK_READ},
                                   {.image = &frame->picture, .how = HL_VK_WRITE, .discard = true},
                                   {.buffer = &frame->view, .how = HL_VK_READ},
                                   {.buffer = &frame->light, .how = HL_VK_READ},
                                   {.image = &frame->numbers, .how = HL_VK_WRITE, .discard = true},
                                   {.image = &frame->shadows.atlas, .how = HL_VK_READ},
                                   {.buffer = &frame->shadows.views, .how = HL_VK_READ},
                                   {.image = sky, .how = HL_VK_READ},
                                   {.image = bounce, .how = HL_VK_READ},
                                   {.image = place, .how = HL_VK_READ},
                                   {.image = near_albedo, .how = HL_VK_READ},
                                   {.image = near_finish, .how = HL_VK_READ},
                                   {.image = place_sky, .how = HL_VK_READ},
                                   {.image = place_bounce, .how = HL_VK_READ}};
    hl_vk_pass_begin(vk, "light", touches, 19);
    HL_TRY(hl_vk_bind(
        vk, &frame->shade,
        (const hl_vk_binding[]){{.view = frame->albedo.view, .sampler = vk->nearest},
                                {.view = frame->normal.view, .sampler = vk->nearest},
                                {.view = frame->finish.view, .sampler = vk->nearest},
                                {.view = frame->env.view, .sampler = vk->around},
                                {.view = frame->layers.view, .sampler = vk->around},
                                {.view = frame->table.view, .sampler = vk->linear},
                                {.view = frame->picture.view},
                                {.buffer = &frame->view},
                                {.buffer = &frame->light},
                                {.view = frame->numbers.view},
                                {.view = frame->shadows.atlas.view, .sampler = vk->nearest},
                                {.buffer = &frame->shadows.views},
                                {.view = sky->view, .sampler = vk->nearest},
                                {.view = bounce->view, .sampler = vk->nearest},
                                {.view = place->view, .sampler = vk->nearest},
                                {.view = near_albedo->view, .sampler = vk->nearest},
                                {.view = near_finish->view, .sampler = vk->nearest},
                                {.view = place_sky->view, .sampler = vk->nearest},
                                {.view = place_bounce->view, .sampler = vk->nearest}},
        NULL));
    vkCmdDispatch(vk->cmd, (frame->width + HL_GROUP_SIDE - 1) / HL_GROUP_SIDE,
                  (frame->height + HL_GROUP_SIDE - 1) / HL_GROUP_SIDE, 1);
    hl_vk_pass_end(vk);
    return HL_OK;
}
