/* SPDX-License-Identifier: MIT */
/* Shadow maps: one atlas of depth, a square for each sun and six for each other lamp; drawn anew
 * when lamps, splats or mesh have changed. */
#include "core/splat_stats.h"
#include "core/vec.h"
#include "viewer/gpu_frame.h"
#include "viewer/tier_shadow.h"
#include "viewer/vk_graph.h"

#include <string.h>

typedef struct push {
    uint32_t map, first;
    float scale;
} push;

enum { SUN_MAPS = 1, POINT_MAPS = 6 };

#define FACE_MARGIN                                                                              \
    1.03f                /* a face of a cube sees that much more than 45 degrees, for the filter \
                          */
#define BOX_MARGIN 1.05f /* around what casts shadows  */
#define FIRST_PART 1e-3f /* of the scene's radius: what is nearer to a point casts no shadow  */
#define DEEP       4.0f  /* radii before and behind the middle that a sun's map holds            */

hl_status hl_pass_shadow_create(hl_gpu_frame *frame)
{
    static const VkVertexInputAttributeDescription position = {0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0};
    hl_vk *vk = frame->vk;
    hl_gpu_shadows *s = &frame->shadows;
    const hl_vk_draw_params splats = {.vertex = HL_SHADER_shadow_splats_vert,
                                      .fragment = HL_SHADER_shadow_splats_frag,
                                      .bindings = "ub",
                                      .push_bytes = sizeof(push),
                                      .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP,
                                      .depth_test = true,
                                      .depth_write = true};
    const hl_vk_draw_params mesh = {.vertex = HL_SHADER_shadow_mesh_vert,
                                    .fragment = HL_SHADER_mesh_depth_frag,
                                    .bindings = "u",
                                    .push_bytes = sizeof(push),
                                    .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
                                    .depth_test = true,
                                    .depth_write = true,
                                    .attributes = &position,
                                    .attribute_count = 1,
                                    .vertex_bytes = HL_GPU_VERTEX_BYTES};
    HL_TRY(hl_vk_buffer_create(vk, &s->views, HL_SHADOWS * sizeof(struct hl_gpu_shadow),
                               HL_VK_UPLOAD));
    HL_TRY(hl_vk_draw_pipeline(vk, &s->splats, &splats));
    return hl_vk_draw_pipeline(vk, &s->mesh, &mesh);
}

void hl_pass_shadow_release(hl_gpu_frame *frame)
{
    hl_gpu_shadows *s = &frame->shadows;
    hl_vk_image_release(frame->vk, &s->atlas);
    hl_vk_buffer_release(frame->vk, &s->views);
    hl_vk_pipeline_release(frame->vk, &s->splats);
    hl_vk_pipeline_release(frame->vk, &s->mesh);
}

void hl_gpu_casters_reset(hl_gpu_casters *c)
{
    *c = (hl_gpu_casters){.low = {1e30f, 1e30f, 1e30f}, .high = {-1e30f, -1e30f, -1e30f}};
}

void hl_gpu_casters_add(hl_gpu_casters *c, const float low[3], const float high[3])
{
    for (int k = 0; k < 3; k++) {
        c->low[k] = hl_min(c->low[k], low[k]);
        c->high[k] = hl_max(c->high[k], high[k]);
    }
}

hl_status hl_gpu_casters_of_splats(hl_gpu_casters *out, const hl_splats *splats)
{
    hl_splat_stats stats;
    float low[3], high[3];
    hl_gpu_casters_reset(out);
    if (!splats->count)
        return HL_OK;
    HL_TRY(hl_splats_measure(&stats, splats));
    for (int k = 0; k < 3; k++) {
        low[k] = (float)stats.core_low[k];
        high[k] = (float)stats.core_high[k];
    }
    hl_gpu_casters_add(out, low, high);
    out->layer = HL_LAYER_PART * (float)stats.largest[2];
    return HL_OK;
}

/* ---- views -------------------------------------------------------------------------------- */

static void set_rows(struct hl_gpu_shadow *v, const float z[3], const float from[3])
{
    const float helper[3] = {0, hl_abs(z[1]) < 0.9f, hl_abs(z[1]) >= 0.9f};
    hl_cross3(helper, z, v->row0);
    hl_normalize3(v->row0, v->row0);
    hl_cross3(z, v->row0, v->row1);
    memcpy(v->row2, z, sizeof v->row2);
    v->move[0] = -hl_dot3(v->row0, from);
    v->move[1] = -hl_dot3(v->row1, from);
    v->move[2] = -hl_dot3(v->row2, from);
}

/* The box of the casters, seen along the light. */
static void sun_view(struct hl_gpu_shadow *v, const float towards[3], const float middle[3],
                     const float half[3])
{
    const float z[3] = {-towards[0], -towards[1], -towards[2]};
    float wide = 0;
    set_rows(v, z, middle);
    for (int k = 0; k < 2; k++) {
        const float *row = k ? v->row1 : v->row0;
        wide = hl_max(wide, hl_abs(row[0]) * half[0] + hl_abs(row[1]) * half[1] +
                                hl_abs(row[2]) * half[2]);
    }
    const float radius = hl_length3(half);
    v->scale = 0.5f * v->side / (BOX_MARGIN * wide);
    v->first = -DEEP * radius;
    v->range = 2 * DEEP * radius;
}

static void face_view(struct hl_gpu_shadow *v, const float at[3], int face, float radius)
{
    float z[3] = {0, 0, 0};
    z[face / 2] = face % 2 ? -1.0f : 1.0f;
    set_rows(v, z, at);
    v->scale = 0.5f * v->side / FACE_MARGIN;
    v->first = FIRST_PART * radius;
    v->range = 0;
}

/* Squares for the lamps; as many of these as there is room for get maps. */
static uint32_t count_maps(const hl_look *look)
{
    uint32_t n = 0;
    for (int32_t i = 0; i < look->light_count; i++)
        n += look->lights[i].kind == HL_LIGHT_SUN ? SUN_MAPS : POINT_MAPS;
    return n < HL_SHADOWS ? n : HL_SHADOWS;
}

static void lay_out(hl_gpu_shadows *s, const hl_gpu_casters *casters, const hl_look *look)
{
    struct hl_gpu_shadow *views = s->views.mapped;
    float middle[3], half[3];
    uint32_t n = 0;
    for (int k = 0; k < 3; k++) {
        middle[k] = 0.5f * (casters->low[k] + casters->high[k]);
        half[k] = hl_max(0.5f * (casters->high[k] - casters->low[k]), 1e-6f);
    }
    const float radius = hl_length3(half);
    for (int32_t i = 0; i < look->light_count; i++) {
        const hl_light *l = &look->lights[i];
        const uint32_t maps = l->kind == HL_LIGHT_SUN ? SUN_MAPS : POINT_MAPS;
        s->first_map[i] = HL_NO_SHADOW;
        if (n + maps > s->count)
            continue;
        s->first_map[i] = n;
        for (uint32_t k = 0; k < maps; k++, n++) {
            struct hl_gpu_shadow *v = &views[n];
            v->side = (float)s->side;
            v->corner[0] = (float)(n % s->across * s->side);
            v->corner[1] = (float)(n / s->across * s->side);
            v->thickness = hl_min(casters->layer, HL_LAYER_MOST * radius);
            if (l->kind == HL_LIGHT_SUN)
                sun_view(v, l->at, middle, half);
            else
                face_view(v, l->at, (int)k, radius);
        }
    }
}

static hl_status make_atlas(hl_gpu_frame *frame, uint32_t maps)
{
    hl_gpu_shadows *s = &frame->shadows;
    uint32_t across = 1;
    const uint32_t side = maps > 64 ? 256 : (maps > 16 ? 512 : 1024);
    while (across * across < maps)
        across++;
    s->count = maps;
    s->across = across;
    if (s->atlas.image && s->side == side && s->atlas.width == (maps ? across * side : 1))
        return HL_OK;
    s->side = side;
    hl_vk_image_release(frame->vk, &s->atlas);
    return hl_vk_image_create(
        frame->vk, &s->atlas,
        &(hl_vk_image_params){.format = VK_FORMAT_D32_SFLOAT,
                              .width = maps ? across * side : 1,
                              .height = maps ? across * side : 1,
                              .usage = VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT |
                                       VK_IMAGE_USAGE_SAMPLED_BIT});
}

hl_status hl_pass_shadow_fill(hl_gpu_frame *frame, const hl_look *look)
{
    hl_gpu_shadows *s = &frame->shadows;
    hl_gpu_casters casters = frame->splat_casters;
    const size_t bytes = (size_t)look->light_count * sizeof look->lights[0];
    const bool same = s->atlas.image && !s->dirty && s->splat_scale == look->splat_scale &&
                      s->light_count == look->light_count &&
                      memcmp(s->lights, look->lights, bytes) == 0;
    if (same)
        return HL_OK;
    if (frame->stand_in.index_count) { /* in place of the splats, which lie around it */
        const float layer = hl_max(casters.layer, frame->stand_in.casters.layer);
        casters = frame->stand_in.casters;
        casters.layer = layer;
    }
    if (frame->mesh.index_count)
        hl_gpu_casters_add(&casters, frame->mesh.casters.low, frame->mesh.casters.high);
    HL_TRY(make_atlas(frame, casters.low[0] <= casters.high[0] ? count_maps(look) : 0));
    lay_out(s, &casters, look);
    s->splat_scale = look->splat_scale;
    s->light_count = look->light_count;
    memcpy(s->lights, look->lights, bytes);
    s->dirty = false;
    s->undrawn = s->count > 0;
    return HL_OK;
}

void hl_gpu_lamps_fill(const hl_gpu_frame *frame, const hl_look *look, struct hl_gpu_light *out)
{
    out->lamp_count = (uint32_t)look->light_count;
    for (int32_t i = 0; i < look->light_count; i++) {
        const hl_light *l = &look->lights[i];
        struct hl_gpu_lamp *to = &out->lamps[i];
        memcpy(to->at, l->at, sizeof to->at);
        memcpy(to->edge_u, l->edge_u, sizeof to->edge_u);
        memcpy(to->edge_v, l->edge_v, sizeof to->edge_v);
        memcpy(to->color, l->color, sizeof to->color);
        to->radius = l->radius;
        to->kind = (uint32_t)l->kind;
        to->shadow = frame->shadows.first_map[i];
    }
}

/* ---- drawing ------------------------------------------------------------------------------ */

static void select_map(const hl_gpu_frame *frame, const hl_vk_pipeline *pipeline, push *p,
                       uint32_t map)
{
    const hl_gpu_shadows *s = &frame->shadows;
    const uint32_t x = map % s->across * s->side, y = map / s->across * s->side;
    const VkRect2D area = {{(int32_t)x, (int32_t)y}, {s->side, s->side}};
    const VkViewport viewport = {(float)x, (float)y, (float)s->side, (float)s->side, 0, 1};
    p->map = map;
    vkCmdSetViewport(frame->vk->cmd, 0, 1, &viewport);
    vkCmdSetScissor(frame->vk->cmd, 0, 1, &area);
    vkCmdPushConstants(
        frame->vk->cmd, pipeline->layout,
        (VkShaderStageFlags)(VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT), 0,
        sizeof *p, p);
}

static hl_status draw_splats(hl_gpu_frame *frame)
{
    hl_gpu_shadows *s = &frame->shadows;
    for (uint32_t i = 0; i < frame->splats.chunk_count; i++) {
        const hl_gpu_chunk *chunk = &frame->splats.chunks[i];
        push p = {.first = chunk->first, .scale = s->splat_scale};
        HL_TRY(hl_vk_bind(
            frame->vk, &s->splats,
            (const hl_vk_binding[]){{.buffer = &s->views}, {.buffer = &chunk->splats}}, &p));
        for (uint32_t map = 0; map < s->count; map++) {
            select_map(frame, &s->splats, &p, map);
            vkCmdDraw(frame->vk->cmd, 4, chunk->count, 0, 0);
        }
    }
    return HL_OK;
}

static hl_status draw_mesh(hl_gpu_frame *frame, const hl_gpu_mesh *mesh)
{
    hl_gpu_shadows *s = &frame->shadows;
    const VkDeviceSize zero = 0;
    push p = {.scale = 1};
    if (!mesh->index_count)
        return HL_OK;
    HL_TRY(hl_vk_bind(frame->vk, &s->mesh, (const hl_vk_binding[]){{.buffer = &s->views}}, &p));
    vkCmdBindVertexBuffers(frame->vk->cmd, 0, 1, &mesh->vertices.buffer, &zero);
    vkCmdBindIndexBuffer(frame->vk->cmd, mesh->triangles.buffer, 0, VK_INDEX_TYPE_UINT32);
    for (uint32_t map = 0; map < s->count; map++) {
        select_map(frame, &s->mesh, &p, map);
        vkCmdDrawIndexed(frame->vk->cmd, mesh->index_count, 1, 0, 0, 0);
    }
    return HL_OK;
}

hl_status hl_pass_shadow_record(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    hl_gpu_shadows *s = &frame->shadows;
    hl_gpu_mesh *const meshes[] = {&frame->mesh, &frame->stand_in};
    hl_vk_touch touches[6] = {{.image = &s->atlas, .how = HL_VK_DEPTH, .discard = true},
                              {.buffer = &s->views, .how = HL_VK_DRAW_READ}};
    int32_t touch_count = 2;
    const VkRenderingAttachmentInfo depth = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                             .imageView = s->atlas.view,
                                             .imageLayout =
                                                 VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL,
                                             .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                             .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea.extent = {s->atlas.width, s->atlas.height},
                                  .layerCount = 1,
                                  .pDepthAttachment = &depth};
    if (!s->undrawn)
        return HL_OK;
    for (uint32_t i = 0; i < frame->splats.chunk_count; i++) {
        const hl_vk_touch input = {.buffer = &frame->splats.chunks[i].splats,
                                   .how = HL_VK_DRAW_READ};
        hl_vk_barriers(vk, &input, 1);
    }
    for (int i = 0; i < 2; i++)
        if (meshes[i]->index_count) {
            touches[touch_count++] =
                (hl_vk_touch){.buffer = &meshes[i]->vertices, .how = HL_VK_DRAW_INPUT};
            touches[touch_count++] =
                (hl_vk_touch){.buffer = &meshes[i]->triangles, .how = HL_VK_DRAW_INPUT};
        }
    hl_vk_pass_begin(vk, "shadow", touches, touch_count);
    vkCmdBeginRendering(vk->cmd, &info);
    hl_status status = frame->stand_in.index_count ? HL_OK : draw_splats(frame);
    for (int i = 0; i < 2 && status == HL_OK; i++)
        status = draw_mesh(frame, meshes[i]);
    vkCmdEndRendering(vk->cmd);
    hl_vk_pass_end(vk);
    s->undrawn = false;
    return status;
}
