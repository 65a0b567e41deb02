/* SPDX-License-Identifier: MIT */
#include "viewer/gpu_frame.h"

#include "raster/project.h"
#include "viewer/vk_graph.h"

#include <math.h>
#include <string.h>

hl_status hl_gpu_frame_create(hl_gpu_frame *frame, hl_vk *vk)
{
    *frame = (hl_gpu_frame){.vk = vk};
    hl_gpu_casters_reset(&frame->splat_casters);
    hl_gpu_casters_reset(&frame->mesh.casters);
    hl_gpu_casters_reset(&frame->stand_in.casters);
    frame->target_format =
        vk->blends_float ? VK_FORMAT_R32G32B32A32_SFLOAT : VK_FORMAT_R16G16B16A16_SFLOAT;
    hl_status s = hl_vk_buffer_create(vk, &frame->view, sizeof(struct hl_gpu_view), HL_VK_UPLOAD);
    s = s == HL_OK ? hl_pass_sort_create(vk, &frame->sort) : s;
    s = s == HL_OK ? hl_pass_project_create(frame) : s;
    s = s == HL_OK ? hl_pass_quads_create(frame) : s;
    s = s == HL_OK ? hl_pass_resolve_create(frame) : s;
    if (s != HL_OK)
        hl_gpu_frame_release(frame);
    return s;
}

static void release_images(hl_gpu_frame *frame)
{
    hl_vk_image_release(frame->vk, &frame->radiance);
    hl_vk_image_release(frame->vk, &frame->picture);
    hl_vk_image_release(frame->vk, &frame->albedo);
    hl_vk_image_release(frame->vk, &frame->normal);
    hl_vk_image_release(frame->vk, &frame->finish);
    hl_vk_image_release(frame->vk, &frame->depth);
    hl_vk_image_release(frame->vk, &frame->numbers);
    hl_vk_image_release(frame->vk, &frame->sky);
    hl_vk_image_release(frame->vk, &frame->bounce);
    hl_vk_image_release(frame->vk, &frame->place);
    hl_vk_image_release(frame->vk, &frame->near_albedo);
    hl_vk_image_release(frame->vk, &frame->near_finish);
    hl_vk_image_release(frame->vk, &frame->place_sky);
    hl_vk_image_release(frame->vk, &frame->place_bounce);
    hl_vk_buffer_release(frame->vk, &frame->readback);
    frame->width = frame->height = 0;
}

void hl_gpu_frame_release(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    if (!vk)
        return;
    release_images(frame);
    hl_gpu_splats_release(vk, &frame->splats);
    hl_vk_buffer_release(vk, &frame->view);
    hl_pass_sort_release(vk, &frame->sort);
    hl_vk_pipeline_release(vk, &frame->project);
    hl_vk_pipeline_release(vk, &frame->quads);
    hl_vk_pipeline_release(vk, &frame->resolve);
    hl_vk_pipeline_release(vk, &frame->quads_lit);
    hl_vk_pipeline_release(vk, &frame->shade);
    hl_vk_buffer_release(vk, &frame->light);
    hl_vk_pipeline_release(vk, &frame->mesh_depth);
    hl_vk_pipeline_release(vk, &frame->mesh_material);
    hl_vk_pipeline_release(vk, &frame->mesh_baked);
    hl_vk_pipeline_release(vk, &frame->quads_baked);
    hl_vk_pipeline_release(vk, &frame->quads_near);
    hl_vk_pipeline_release(vk, &frame->quads_near_baked);
    hl_vk_pipeline_release(vk, &frame->place_mesh);
    hl_vk_pipeline_release(vk, &frame->place_baked);
    hl_vk_buffer_release(vk, &frame->baked_places);
    hl_gpu_mesh_release(vk, &frame->mesh);
    hl_gpu_mesh_release(vk, &frame->stand_in);
    hl_vk_buffer_release(vk, &frame->baked_vertices);
    hl_pass_tiles_release(frame);
    hl_pass_env_release(frame);
    hl_pass_shadow_release(frame);
    *frame = (hl_gpu_frame){.vk = NULL};
}

hl_status hl_gpu_frame_set_splats(hl_gpu_frame *frame, const hl_splats *splats,
                                  const float *materials)
{
    hl_gpu_splats_release(frame->vk, &frame->splats);
    HL_TRY(hl_gpu_casters_of_splats(&frame->splat_casters, splats));
    frame->shadows.dirty = true;
    frame->baked &= ~HL_BAKED_SPLATS;
    return hl_gpu_splats_create(frame->vk, &frame->splats, splats, materials);
}

static hl_status make_target(hl_gpu_frame *frame, hl_vk_image *out, uint32_t width, uint32_t height)
{
    return hl_vk_image_create(frame->vk, out,
                              &(hl_vk_image_params){.format = frame->target_format,
                                                    .width = width,
                                                    .height = height,
                                                    .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT |
                                                             VK_IMAGE_USAGE_STORAGE_BIT |
                                                             VK_IMAGE_USAGE_SAMPLED_BIT});
}

static hl_status make_lit_targets(hl_gpu_frame *frame)
{
    if (frame->finish.image)
        return HL_OK;
    hl_vk_image_release(frame->vk, &frame->depth);
    hl_vk_image_release(frame->vk, &frame->albedo);
    hl_vk_image_release(frame->vk, &frame->normal);
    hl_vk_image_release(frame->vk, &frame->numbers);
    HL_TRY(make_target(frame, &frame->albedo, frame->width, frame->height));
    HL_TRY(make_target(frame, &frame->normal, frame->width, frame->height));
    HL_TRY(hl_vk_image_create(frame->vk, &frame->numbers,
                              &(hl_vk_image_params){.format = VK_FORMAT_R32G32B32A32_SFLOAT,
                                                    .width = frame->width,
                                                    .height = frame->height,
                                                    .usage = VK_IMAGE_USAGE_STORAGE_BIT |
                                                             VK_IMAGE_USAGE_TRANSFER_SRC_BIT}));
    HL_TRY(hl_vk_image_create(
        frame->vk, &frame->depth,
        &(hl_vk_image_params){.format = VK_FORMAT_D32_SFLOAT,
                              .width = frame->width,
                              .height = frame->height,
                              .usage = VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT |
                                       VK_IMAGE_USAGE_SAMPLED_BIT}));
    return make_target(frame, &frame->finish, frame->width, frame->height);
}

static hl_status make_baked_targets(hl_gpu_frame *frame)
{
    if (!frame->baked || frame->bounce.image)
        return HL_OK;
    hl_vk_image_release(frame->vk, &frame->sky);
    HL_TRY(make_target(frame, &frame->sky, frame->width, frame->height));
    return make_target(frame, &frame->bounce, frame->width, frame->height);
}

static hl_status make_placed_baked(hl_gpu_frame *frame)
{
    if (!(frame->baked & HL_BAKED_PLACES) || frame->place_bounce.image)
        return HL_OK;
    hl_vk_image_release(frame->vk, &frame->place_sky);
    HL_TRY(make_target(frame, &frame->place_sky, frame->width, frame->height));
    return make_target(frame, &frame->place_bounce, frame->width, frame->height);
}

static hl_status make_placed(hl_gpu_frame *frame)
{
    if (!frame->placed)
        return HL_OK;
    HL_TRY(hl_pass_place_create(frame));
    HL_TRY(hl_pass_quads_near_create(frame));
    HL_TRY(make_placed_baked(frame));
    if (frame->near_finish.image)
        return HL_OK;
    hl_vk_image_release(frame->vk, &frame->place);
    hl_vk_image_release(frame->vk, &frame->near_albedo);
    HL_TRY(make_target(frame, &frame->place, frame->width, frame->height));
    HL_TRY(make_target(frame, &frame->near_albedo, frame->width, frame->height));
    return make_target(frame, &frame->near_finish, frame->width, frame->height);
}

static hl_status make_images(hl_gpu_frame *frame, uint32_t width, uint32_t height)
{
    HL_TRY(make_target(frame, &frame->radiance, width, height));
    HL_TRY(hl_vk_image_create(frame->vk, &frame->picture,
                              &(hl_vk_image_params){.format = VK_FORMAT_R8G8B8A8_UNORM,
                                                    .width = width,
                                                    .height = height,
                                                    .usage = VK_IMAGE_USAGE_STORAGE_BIT |
                                                             VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                                                             VK_IMAGE_USAGE_TRANSFER_DST_BIT}));
    return hl_vk_buffer_create(frame->vk, &frame->readback, (uint64_t)width * height * 4,
                               HL_VK_READBACK);
}

hl_status hl_gpu_frame_resize(hl_gpu_frame *frame, uint32_t width, uint32_t height)
{
    const uint32_t most = frame->vk->properties.limits.maxImageDimension2D;
    if (width == frame->width && height == frame->height)
        return HL_OK;
    if (width < 1 || height < 1 || width > most || height > most)
        return hl_fail(HL_E_ARG, "picture of %u x %u pixels: sides must be 1..%u", (unsigned)width,
                       (unsigned)height, (unsigned)most);
    release_images(frame);
    const hl_status s = make_images(frame, width, height);
    if (s != HL_OK) {
        release_images(frame);
        return hl_fail_context(s, "making images of %u x %u pixels", (unsigned)width,
                               (unsigned)height);
    }
    frame->width = width;
    frame->height = height;
    return HL_OK;
}

void hl_gpu_view_fill(struct hl_gpu_view *out, const hl_raster_view *view, const hl_look *look)
{
    const float size[2] = {(float)view->width, (float)view->height};
    const float lens[4] = {view->fx, view->fy, view->cx, view->cy};
    hl_projector p;
    hl_projector_init(&p, size, lens, view->r, view->t, look->antialiased);
    memset(out, 0, sizeof *out);
    memcpy(out->row0, view->r, sizeof out->row0);
    memcpy(out->row1, view->r + 3, sizeof out->row1);
    memcpy(out->row2, view->r + 6, sizeof out->row2);
    memcpy(out->move, view->t, sizeof out->move);
    memcpy(out->eye, p.eye, sizeof out->eye);
    memcpy(out->lens, lens, sizeof out->lens);
    out->clamp_uv[0] = p.u_min;
    out->clamp_uv[1] = p.u_max;
    out->clamp_uv[2] = p.v_min;
    out->clamp_uv[3] = p.v_max;
    out->dilation = p.dilation;
    out->splat_scale = look->splat_scale;
    out->antialiased = look->antialiased;
    out->width = (uint32_t)view->width;
    out->height = (uint32_t)view->height;
    out->degree = (uint32_t)look->sh_degree;
    memcpy(out->background, look->background, sizeof look->background);
}

hl_status hl_gpu_frame_record(hl_gpu_frame *frame)
{
    hl_gpu_splats *s = &frame->splats;
    if (s->count) {
        HL_TRY(hl_pass_project_record(frame));
        HL_TRY(hl_pass_sort_record(frame->vk, &frame->sort, s->keys, s->order, &s->counts,
                                   &s->totals, s->count, 32));
    }
    HL_TRY(frame->by_tiles ? hl_pass_tiles_record(frame, false) : hl_pass_quads_record(frame));
    return hl_pass_resolve_record(frame);
}

hl_status hl_gpu_frame_make_lit(hl_gpu_frame *frame)
{
    const float white[3] = {1, 1, 1};
    hl_environment even;
    if (frame->lit_made)
        return HL_OK;
    HL_TRY(
        hl_vk_buffer_create(frame->vk, &frame->light, sizeof(struct hl_gpu_light), HL_VK_UPLOAD));
    HL_TRY(hl_pass_quads_lit_create(frame));
    HL_TRY(hl_pass_env_create(frame));
    HL_TRY(hl_pass_light_create(frame));
    HL_TRY(hl_pass_shadow_create(frame));
    HL_TRY(hl_pass_mesh_create(frame));
    HL_TRY(hl_environment_create_constant(&even, white));
    const hl_status s = hl_pass_env_upload(frame, &even);
    hl_environment_release(&even);
    frame->lit_made = s == HL_OK;
    return s;
}

hl_status hl_gpu_frame_set_environment(hl_gpu_frame *frame, const hl_environment *environment)
{
    HL_TRY(hl_gpu_frame_make_lit(frame));
    return hl_pass_env_upload(frame, environment);
}

static hl_status set_baked_vertices(hl_vk *vk, hl_vk_buffer *to, const uint32_t *baked,
                                    int32_t count)
{
    const uint64_t bytes = (uint64_t)count * 4 * HL_BAKE_WORDS;
    hl_vk_buffer_release(vk, to);
    HL_TRY(hl_vk_buffer_create(vk, to, bytes, HL_VK_DEVICE));
    return bytes ? hl_vk_upload(vk, to, 0, baked, bytes) : HL_OK;
}

hl_status hl_gpu_frame_set_baked(hl_gpu_frame *frame, const hl_bake_result *result)
{
    const hl_bake_result none = {.vertices = NULL}, *r = result ? result : &none;
    const bool splats = r->splat_count && (uint32_t)r->splat_count == frame->splats.count;
    frame->baked = 0;
    const bool places = r->place_count && (uint32_t)r->place_count == frame->stand_in.vertex_count;
    HL_TRY(set_baked_vertices(frame->vk, &frame->baked_vertices, r->vertices, r->vertex_count));
    HL_TRY(set_baked_vertices(frame->vk, &frame->baked_places, r->places,
                              places ? r->place_count : 0));
    HL_TRY(hl_gpu_splats_set_baked(frame->vk, &frame->splats, splats ? r->splats : NULL));
    frame->baked = (r->vertex_count ? HL_BAKED_MESH : 0) | (splats ? HL_BAKED_SPLATS : 0) |
                   (places ? HL_BAKED_PLACES : 0);
    return HL_OK;
}

void hl_gpu_light_fill(struct hl_gpu_light *out, const hl_environment *environment,
                       const hl_look *look, bool numbers)
{
    hl_environment env = *environment; /* turned; arrays borrowed */
    float sh[3][9];
    hl_environment_orient(&env, look->up, (double)look->turn);
    hl_environment_irradiance_sh(&env, sh);
    memset(out, 0, sizeof *out);
    memcpy(out->env0, env.env_from_world, sizeof out->env0);
    memcpy(out->env1, env.env_from_world + 3, sizeof out->env1);
    memcpy(out->env2, env.env_from_world + 6, sizeof out->env2);
    for (int k = 0; k < 9; k++)
        for (int c = 0; c < 3; c++)
            out->sh[k][c] = look->intensity * sh[c][k];
    out->intensity = look->intensity;
    out->numbers = numbers;
    out->exposure = exp2f(look->exposure);
    out->distance = look->depth_half;
    out->tone = (uint32_t)look->tone;
    out->show = (uint32_t)look->show;
    out->sky = look->sky;
}

hl_status hl_gpu_frame_record_lit(hl_gpu_frame *frame)
{
    hl_gpu_splats *s = &frame->splats;
    HL_TRY(make_lit_targets(frame));
    HL_TRY(make_baked_targets(frame));
    HL_TRY(make_placed(frame));
    HL_TRY(hl_pass_env_record(frame));
    if (s->count) {
        HL_TRY(hl_pass_project_record(frame));
        HL_TRY(hl_pass_sort_record(frame->vk, &frame->sort, s->keys, s->order, &s->counts,
                                   &s->totals, s->count, 32));
    }
    HL_TRY(hl_pass_shadow_record(frame));
    if (frame->placed) {
        HL_TRY(hl_pass_mesh_record(frame));
        HL_TRY(hl_pass_place_record(frame));
    }
    HL_TRY(hl_pass_mesh_record(frame));
    if (frame->by_tiles || frame->placed) {
        HL_TRY(frame->by_tiles ? hl_pass_tiles_record(frame, true)
                               : hl_pass_quads_near_record(frame));
        HL_TRY(hl_pass_quads_mesh_record(frame));
    } else {
        HL_TRY(hl_pass_quads_lit_record(frame));
    }
    return hl_pass_light_record(frame);
}

/* An image of the frame to mapped memory of its size. */
static hl_status copy_to_host(hl_gpu_frame *frame, hl_vk_image *image, hl_vk_buffer *to)
{
    hl_vk *vk = frame->vk;
    const VkBufferImageCopy copy = {
        .imageSubresource = {.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT, .layerCount = 1},
        .imageExtent = {frame->width, frame->height, 1}};
    HL_TRY(hl_vk_begin(vk));
    const hl_vk_touch touches[] = {{.image = image, .how = HL_VK_COPY_FROM},
                                   {.buffer = to, .how = HL_VK_COPY_TO}};
    hl_vk_pass_begin(vk, "readback", touches, 2);
    vkCmdCopyImageToBuffer(vk->cmd, image->image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, to->buffer,
                           1, &copy);
    hl_vk_pass_end(vk);
    const hl_vk_touch host = {.buffer = to, .how = HL_VK_HOST_READ};
    hl_vk_barriers(vk, &host, 1);
    return hl_vk_submit(vk, VK_NULL_HANDLE, VK_NULL_HANDLE);
}

hl_status hl_gpu_frame_read_numbers(hl_gpu_frame *frame, hl_image *out)
{
    hl_image made;
    hl_vk_buffer to;
    const uint64_t bytes = (uint64_t)frame->width * frame->height * 16;
    if (!frame->numbers.image)
        return hl_fail(HL_E_ARG, "no channel was drawn yet");
    HL_TRY(hl_image_create(&made, (int32_t)frame->width, (int32_t)frame->height, 4));
    hl_status s = hl_vk_buffer_create(frame->vk, &to, bytes, HL_VK_READBACK);
    if (s == HL_OK) {
        s = copy_to_host(frame, &frame->numbers, &to);
        if (s == HL_OK)
            memcpy(made.data, to.mapped, bytes);
        hl_vk_buffer_release(frame->vk, &to);
    }
    if (s != HL_OK)
        hl_image_release(&made);
    else
        *out = made;
    return s;
}

hl_status hl_gpu_frame_read(hl_gpu_frame *frame, hl_image8 *out)
{
    if (!frame->width)
        return hl_fail(HL_E_ARG, "no picture was drawn yet");
    HL_TRY(copy_to_host(frame, &frame->picture, &frame->readback));
    HL_TRY(hl_image8_create(out, (int32_t)frame->width, (int32_t)frame->height, 3));
    const uint8_t *rgba = frame->readback.mapped;
    const size_t pixels = (size_t)frame->width * frame->height;
    for (size_t i = 0; i < pixels; i++)
        memcpy(out->data + 3 * i, rgba + 4 * i, 3);
    return HL_OK;
}
