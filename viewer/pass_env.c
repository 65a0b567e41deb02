/* SPDX-License-Identifier: MIT */
/* The environment on the device: its map with mips, blurred for each roughness, and the table of
 * the split sum. */
#include "viewer/gpu_frame.h"
#include "viewer/vk_graph.h"

enum { MAP_WIDTH = 2048, MAP_HEIGHT = 1024, MIPS_MAX = 12 };

static hl_status make_image(hl_vk *vk, hl_vk_image *out, uint32_t width, uint32_t height,
                            uint32_t layers)
{
    return hl_vk_image_create(
        vk, out,
        &(hl_vk_image_params){.format = VK_FORMAT_R16G16B16A16_SFLOAT,
                              .width = width,
                              .height = height,
                              .layers = layers,
                              .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_STORAGE_BIT});
}

static hl_status fill_table(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    const hl_vk_touch touch = {.image = &frame->table, .how = HL_VK_WRITE, .discard = true};
    HL_TRY(hl_vk_begin(vk));
    hl_vk_pass_begin(vk, "table", &touch, 1);
    HL_TRY(hl_vk_bind(vk, &frame->brdf_table, (const hl_vk_binding[]){{.view = frame->table.view}},
                      NULL));
    vkCmdDispatch(vk->cmd, HL_LUT_SIDE / HL_GROUP_SIDE, HL_LUT_SIDE / HL_GROUP_SIDE, 1);
    hl_vk_pass_end(vk);
    return hl_vk_submit(vk, VK_NULL_HANDLE, VK_NULL_HANDLE);
}

hl_status hl_pass_env_create(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    HL_TRY(hl_vk_compute_pipeline(vk, &frame->env_filter, HL_SHADER_env_filter_comp, "si", 0));
    HL_TRY(hl_vk_compute_pipeline(vk, &frame->brdf_table, HL_SHADER_brdf_table_comp, "i", 0));
    HL_TRY(make_image(vk, &frame->table, HL_LUT_SIDE, HL_LUT_SIDE, 1));
    HL_TRY(make_image(vk, &frame->layers, HL_ENV_WIDTH, HL_ENV_HEIGHT, HL_ENV_LAYERS));
    return fill_table(frame);
}

void hl_pass_env_release(hl_gpu_frame *frame)
{
    hl_vk_pipeline_release(frame->vk, &frame->env_filter);
    hl_vk_pipeline_release(frame->vk, &frame->brdf_table);
    hl_vk_image_release(frame->vk, &frame->env);
    hl_vk_image_release(frame->vk, &frame->layers);
    hl_vk_image_release(frame->vk, &frame->table);
}

typedef struct mips {
    hl_image level[MIPS_MAX];
    uint32_t count;
    uint64_t bytes; /* of all levels as RGBA halves */
} mips;

/* Area averages, each half the size of the one before, down to one texel. */
static hl_status make_mips(mips *m, const hl_environment *environment)
{
    const hl_image map = {environment->width, environment->height, 3, environment->radiance};
    int32_t width = map.width < MAP_WIDTH ? map.width : MAP_WIDTH;
    int32_t height = map.height < MAP_HEIGHT ? map.height : MAP_HEIGHT;
    *m = (mips){.count = 0};
    for (;;) {
        HL_TRY(hl_image_resize(&m->level[m->count], m->count ? &m->level[m->count - 1] : &map,
                               width, height));
        m->count++;
        m->bytes += (uint64_t)width * (uint64_t)height * 8;
        if ((width == 1 && height == 1) || m->count == MIPS_MAX)
            return HL_OK;
        width = width > 1 ? width / 2 : 1;
        height = height > 1 ? height / 2 : 1;
    }
}

static void fill_halves(const mips *m, uint16_t *out)
{
    for (uint32_t i = 0; i < m->count; i++) {
        const hl_image *level = &m->level[i];
        const size_t pixels = (size_t)level->width * (size_t)level->height;
        for (size_t p = 0; p < pixels; p++, out += 4) {
            for (size_t c = 0; c < 3; c++)
                out[c] = hl_half_from_float(level->data[3 * p + c]);
            out[3] = 0x3C00;
        }
    }
}

static hl_status copy_mips(hl_vk *vk, const mips *m, hl_vk_buffer *staging, hl_vk_image *to)
{
    VkBufferImageCopy copies[MIPS_MAX];
    uint64_t offset = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        const uint32_t width = (uint32_t)m->level[i].width, height = (uint32_t)m->level[i].height;
        copies[i] = (VkBufferImageCopy){.bufferOffset = offset,
                                        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, i, 0, 1},
                                        .imageExtent = {width, height, 1}};
        offset += (uint64_t)width * height * 8;
    }
    const hl_vk_touch touch = {.image = to, .how = HL_VK_COPY_TO, .discard = true};
    HL_TRY(hl_vk_begin(vk));
    hl_vk_pass_begin(vk, "environment", &touch, 1);
    vkCmdCopyBufferToImage(vk->cmd, staging->buffer, to->image,
                           VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, m->count, copies);
    hl_vk_pass_end(vk);
    return hl_vk_submit(vk, VK_NULL_HANDLE, VK_NULL_HANDLE);
}

hl_status hl_pass_env_upload(hl_gpu_frame *frame, const hl_environment *environment)
{
    hl_vk *vk = frame->vk;
    hl_vk_buffer staging = {.size = 0};
    mips m;
    hl_status s = make_mips(&m, environment);
    s = s == HL_OK ? hl_vk_buffer_create(vk, &staging, m.bytes, HL_VK_UPLOAD) : s;
    if (s == HL_OK) {
        fill_halves(&m, staging.mapped);
        hl_vk_image_release(vk, &frame->env);
        s = hl_vk_image_create(vk, &frame->env,
                               &(hl_vk_image_params){.format = VK_FORMAT_R16G16B16A16_SFLOAT,
                                                     .width = (uint32_t)m.level[0].width,
                                                     .height = (uint32_t)m.level[0].height,
                                                     .mip_count = m.count,
                                                     .usage = VK_IMAGE_USAGE_SAMPLED_BIT |
                                                              VK_IMAGE_USAGE_TRANSFER_DST_BIT});
    }
    s = s == HL_OK ? copy_mips(vk, &m, &staging, &frame->env) : s;
    hl_vk_buffer_release(vk, &staging);
    for (uint32_t i = 0; i < m.count; i++)
        hl_image_release(&m.level[i]);
    frame->env_dirty = true;
    return s;
}

hl_status hl_pass_env_record(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    const hl_vk_touch touches[] = {{.image = &frame->env, .how = HL_VK_READ},
                                   {.image = &frame->layers, .how = HL_VK_WRITE, .discard = true}};
    if (!frame->env_dirty)
        return HL_OK;
    hl_vk_pass_begin(vk, "prefilter", touches, 2);
    HL_TRY(hl_vk_bind(vk, &frame->env_filter,
                      (const hl_vk_binding[]){{.view = frame->env.view, .sampler = vk->around},
                                              {.view = frame->layers.view}},
                      NULL));
    vkCmdDispatch(vk->cmd, HL_ENV_WIDTH / HL_GROUP_SIDE, HL_ENV_HEIGHT / HL_GROUP_SIDE,
                  HL_ENV_LAYERS - 1);
    hl_vk_pass_end(vk);
    frame->env_dirty = false;
    return HL_OK;
}
