/* SPDX-License-Identifier: MIT */
#include "viewer/gpu_frame.h"
#include "viewer/vk_graph.h"

typedef struct push {
    uint32_t first, count, words, stride;
    float roughness, metal;
    uint32_t owned;
} push;

hl_status hl_pass_project_create(hl_gpu_frame *frame)
{
    return hl_vk_compute_pipeline(frame->vk, &frame->project, HL_SHADER_project_comp, "bbubbbbbb",
                                  sizeof(push));
}

hl_status hl_pass_project_record(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    hl_gpu_splats *s = &frame->splats;
    const VkDrawIndirectCommand none = {.vertexCount = 4};
    const hl_vk_touch clear = {.buffer = &s->draw, .how = HL_VK_COPY_TO};
    hl_vk_barriers(vk, &clear, 1);
    vkCmdUpdateBuffer(vk->cmd, s->draw.buffer, 0, sizeof none, &none);

    const hl_vk_touch touches[] = {{.buffer = &frame->view, .how = HL_VK_READ},
                                   {.buffer = &s->keys[0], .how = HL_VK_WRITE},
                                   {.buffer = &s->order[0], .how = HL_VK_WRITE},
                                   {.buffer = &s->footprints, .how = HL_VK_WRITE},
                                   {.buffer = &s->materials, .how = HL_VK_WRITE},
                                   {.buffer = &s->draw, .how = HL_VK_UPDATE}};
    hl_vk_pass_begin(vk, "project", touches, 6);
    for (uint32_t i = 0; i < s->chunk_count; i++) {
        hl_gpu_chunk *chunk = &s->chunks[i];
        const push p = {chunk->first,     chunk->count, s->color_words, s->stride,
                        frame->roughness, frame->metal, s->owned};
        const hl_vk_touch inputs[] = {{.buffer = &chunk->splats, .how = HL_VK_READ},
                                      {.buffer = &chunk->colors, .how = HL_VK_READ},
                                      {.buffer = &chunk->own, .how = HL_VK_READ}};
        hl_vk_barriers(vk, inputs, 3);
        HL_TRY(hl_vk_bind(vk, &frame->project,
                          (const hl_vk_binding[]){{.buffer = &chunk->splats},
                                                  {.buffer = &chunk->colors},
                                                  {.buffer = &frame->view},
                                                  {.buffer = &s->keys[0]},
                                                  {.buffer = &s->order[0]},
                                                  {.buffer = &s->footprints},
                                                  {.buffer = &s->draw},
                                                  {.buffer = &s->materials},
                                                  {.buffer = &chunk->own}},
                          &p));
        hl_vk_dispatch(vk, (chunk->count + HL_GROUP - 1) / HL_GROUP);
        /* The chunks' counts of the visible come one after the other. */
        const hl_vk_touch next = {.buffer = &s->draw, .how = HL_VK_UPDATE};
        hl_vk_barriers(vk, &next, 1);
    }
    hl_vk_pass_end(vk);
    return HL_OK;
}
