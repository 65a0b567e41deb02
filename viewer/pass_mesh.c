/* SPDX-License-Identifier: MIT */
/* Meshes: first their depth, which hides splats behind; at last their material, blended under the
 * splats in front. */
#include "core/memory.h"
#include "relight/surfaces.h"
#include "viewer/gpu_frame.h"
#include "viewer/vk_graph.h"

#include <string.h>

#define EDGE_PART 0.75f /* of the mean edge: splats lie that far off the mesh made of them */

typedef struct vertex {
    float position[3], normal[3], albedo[3], finish[2];
} vertex;

_Static_assert(sizeof(vertex) == HL_GPU_VERTEX_BYTES, "vertices as other passes know them");

static const VkVertexInputAttributeDescription attributes[] = {
    {0, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(vertex, position)},
    {1, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(vertex, normal)},
    {2, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(vertex, albedo)},
    {3, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(vertex, finish)}};

hl_status hl_pass_mesh_create(hl_gpu_frame *frame)
{
    const VkFormat f = frame->target_format;
    hl_vk_draw_params p = {.vertex = HL_SHADER_mesh_depth_vert,
                           .fragment = HL_SHADER_mesh_depth_frag,
                           .bindings = "u",
                           .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
                           .depth_test = true,
                           .depth_write = true,
                           .attributes = attributes,
                           .attribute_count = 1,
                           .vertex_bytes = sizeof(vertex)};
    HL_TRY(hl_vk_draw_pipeline(frame->vk, &frame->mesh_depth, &p));
    p.vertex = HL_SHADER_mesh_vert;
    p.fragment = HL_SHADER_mesh_frag;
    p.attribute_count = 4;
    p.depth_write = false;
    p.blend = HL_VK_UNDER;
    p.target_count = 3;
    p.targets[0] = p.targets[1] = p.targets[2] = p.targets[3] = p.targets[4] = f;
    HL_TRY(hl_vk_draw_pipeline(frame->vk, &frame->mesh_material, &p));
    p.vertex = HL_SHADER_mesh_baked_vert;
    p.fragment = HL_SHADER_mesh_baked_frag;
    p.bindings = "ub";
    p.target_count = 5;
    return hl_vk_draw_pipeline(frame->vk, &frame->mesh_baked, &p);
}

static vertex vertex_of(const hl_mesh *mesh, size_t i)
{
    vertex v = {.albedo = {0.5f, 0.5f, 0.5f}, .finish = {0.6f, 0}};
    memcpy(v.position, mesh->positions + 3 * i, sizeof v.position);
    memcpy(v.normal, mesh->normals + 3 * i, sizeof v.normal);
    if (mesh->albedo)
        memcpy(v.albedo, mesh->albedo + 3 * i, sizeof v.albedo);
    if (mesh->roughness)
        v.finish[0] = mesh->roughness[i];
    if (mesh->metal)
        v.finish[1] = mesh->metal[i];
    return v;
}

void hl_gpu_mesh_release(hl_vk *vk, hl_gpu_mesh *mesh)
{
    hl_vk_buffer_release(vk, &mesh->vertices);
    hl_vk_buffer_release(vk, &mesh->triangles);
    mesh->index_count = mesh->vertex_count = 0;
    hl_gpu_casters_reset(&mesh->casters);
}

static hl_status place(hl_vk *vk, hl_gpu_mesh *out, const hl_mesh *mesh)
{
    float low[3], high[3];
    hl_gpu_mesh_release(vk, out);
    if (!mesh || !mesh->triangle_count)
        return HL_OK;
    if (!mesh->normals)
        return hl_fail(HL_E_ARG, "mesh: no normals; hl_mesh_fill_normals makes them");
    const uint64_t vertex_bytes = (uint64_t)mesh->vertex_count * sizeof(vertex);
    const uint64_t index_bytes = (uint64_t)mesh->triangle_count * 12;
    vertex *vertices = hl_alloc((size_t)mesh->vertex_count, sizeof *vertices);
    if (!vertices)
        return HL_E_MEMORY;
    for (size_t i = 0; i < (size_t)mesh->vertex_count; i++)
        vertices[i] = vertex_of(mesh, i);
    hl_status s = hl_vk_buffer_create(vk, &out->vertices, vertex_bytes, HL_VK_DEVICE);
    s = s == HL_OK ? hl_vk_upload(vk, &out->vertices, 0, vertices, vertex_bytes) : s;
    s = s == HL_OK ? hl_vk_buffer_create(vk, &out->triangles, index_bytes, HL_VK_DEVICE) : s;
    s = s == HL_OK ? hl_vk_upload(vk, &out->triangles, 0, mesh->triangles, index_bytes) : s;
    hl_free(vertices);
    if (s != HL_OK)
        return hl_fail_context(s, "placing a mesh on the device");
    out->index_count = 3 * (uint32_t)mesh->triangle_count;
    out->vertex_count = (uint32_t)mesh->vertex_count;
    hl_mesh_bounds(mesh, low, high);
    hl_gpu_casters_add(&out->casters, low, high);
    return HL_OK;
}

hl_status hl_gpu_frame_set_mesh(hl_gpu_frame *frame, const hl_mesh *mesh)
{
    frame->shadows.dirty = true;
    frame->baked = 0;
    return place(frame->vk, &frame->mesh, mesh);
}

hl_status hl_gpu_frame_set_stand_in(hl_gpu_frame *frame, const hl_mesh *mesh)
{
    frame->shadows.dirty = true;
    frame->baked = 0;
    HL_TRY(place(frame->vk, &frame->stand_in, mesh));
    frame->stand_in.edge = mesh ? hl_mesh_mean_edge(mesh) : 0;
    if (mesh)
        frame->stand_in.casters.layer = EDGE_PART * frame->stand_in.edge;
    return HL_OK;
}

hl_status hl_pass_mesh_draw(hl_gpu_frame *frame, const hl_vk_pipeline *pipeline)
{
    hl_vk *vk = frame->vk;
    const VkDeviceSize zero = 0;
    HL_TRY(hl_vk_bind(
        vk, pipeline,
        (const hl_vk_binding[]){{.buffer = &frame->view}, {.buffer = &frame->baked_vertices}},
        NULL));
    vkCmdBindVertexBuffers(vk->cmd, 0, 1, &frame->mesh.vertices.buffer, &zero);
    vkCmdBindIndexBuffer(vk->cmd, frame->mesh.triangles.buffer, 0, VK_INDEX_TYPE_UINT32);
    vkCmdDrawIndexed(vk->cmd, frame->mesh.index_count, 1, 0, 0, 0);
    return HL_OK;
}

hl_status hl_pass_mesh_record(hl_gpu_frame *frame)
{
    hl_vk *vk = frame->vk;
    const hl_vk_touch touches[] = {{.image = &frame->depth, .how = HL_VK_DEPTH, .discard = true},
                                   {.buffer = &frame->view, .how = HL_VK_DRAW_READ},
                                   {.buffer = &frame->mesh.vertices, .how = HL_VK_DRAW_INPUT},
                                   {.buffer = &frame->mesh.triangles, .how = HL_VK_DRAW_INPUT}};
    const VkRect2D area = {.extent = {frame->width, frame->height}};
    const VkViewport viewport = {
        .width = (float)frame->width, .height = (float)frame->height, .maxDepth = 1};
    const VkRenderingAttachmentInfo depth = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                             .imageView = frame->depth.view,
                                             .imageLayout =
                                                 VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL,
                                             .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                             .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea = area,
                                  .layerCount = 1,
                                  .pDepthAttachment = &depth};
    hl_vk_pass_begin(vk, "mesh depth", touches, frame->mesh.index_count ? 4 : 1);
    vkCmdBeginRendering(vk->cmd, &info);
    vkCmdSetViewport(vk->cmd, 0, 1, &viewport);
    vkCmdSetScissor(vk->cmd, 0, 1, &area);
    const hl_status s =
        frame->mesh.index_count ? hl_pass_mesh_draw(frame, &frame->mesh_depth) : HL_OK;
    vkCmdEndRendering(vk->cmd);
    hl_vk_pass_end(vk);
    return s;
}
