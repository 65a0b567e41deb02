/* SPDX-License-Identifier: MIT */
/* viewer/gpu_frame.h -- the passes of a frame on a Vulkan device and the images they share. */
#ifndef HL_VIEWER_GPU_FRAME_H
#define HL_VIEWER_GPU_FRAME_H

#include "core/mesh.h"
#include "relight/environment.h"
#include "viewer/pass_sort.h"
#include "viewer/renderer.h"
#include "viewer/scene_gpu.h"

typedef struct hl_gpu_frame {
    hl_vk *vk;
    hl_gpu_splats splats;
    uint32_t width, height;
    VkFormat target_format; /* of radiance: 32-bit floats where they can be blended, else halves */
    hl_vk_image radiance;   /* premultiplied colour, alpha                                      */
    hl_vk_image picture;    /* RGBA8, sRGB coded                                                */
    hl_vk_buffer view;      /* hl_gpu_view, mapped                                              */
    hl_vk_buffer readback;  /* of the picture, mapped                                           */
    hl_pass_sort sort;
    hl_vk_pipeline project, quads, resolve;

    /* Of the lit path; made when it is first asked for. */
    hl_vk_image albedo, normal, finish; /* premultiplied, alpha; finish: roughness, metal, depth */
    hl_vk_image numbers;                /* of what is shown, as it is: float RGBA                */
    hl_vk_image env, layers, table;     /* map with mips, prefiltered, split sum                 */
    hl_vk_buffer light;                 /* hl_gpu_light, mapped                                  */
    hl_vk_pipeline quads_lit, env_filter, brdf_table, shade;
    float roughness, metal; /* of splats without materials */
    bool lit_made, env_dirty;
    hl_vk_image depth; /* HL_GPU_NEAR / z of the mesh, 0 where there is none */
    hl_vk_buffer vertices, triangles;
    uint32_t index_count; /* of the mesh, 0: none */
    hl_vk_pipeline mesh_depth, mesh_material;
} hl_gpu_frame;

/* Makes the pipelines.  The device is borrowed. */
hl_status hl_gpu_frame_create(hl_gpu_frame *frame, hl_vk *vk);
void hl_gpu_frame_release(hl_gpu_frame *frame);

/* Replaces the splats. */
hl_status hl_gpu_frame_set_splats(hl_gpu_frame *frame, const hl_splats *splats);

/* Images for pictures of this size; nothing where they are of it already. */
hl_status hl_gpu_frame_resize(hl_gpu_frame *frame, uint32_t width, uint32_t height);

/* Fills the view's uniform buffer. */
void hl_gpu_view_fill(struct hl_gpu_view *out, const hl_raster_view *view, const hl_look *look);

/* Records all passes between hl_vk_begin and hl_vk_submit, up to the picture. */
hl_status hl_gpu_frame_record(hl_gpu_frame *frame);

/* The same for everything but the colour. */
hl_status hl_gpu_frame_record_lit(hl_gpu_frame *frame);

/* Pipelines, table and an environment of white for the lit path; nothing where they are made. */
hl_status hl_gpu_frame_make_lit(hl_gpu_frame *frame);

/* Replaces the environment; a map is reduced to at most 512 x 256. */
hl_status hl_gpu_frame_set_environment(hl_gpu_frame *frame, const hl_environment *environment);

/* Replaces the mesh, which must have normals; NULL: none. */
hl_status hl_gpu_frame_set_mesh(hl_gpu_frame *frame, const hl_mesh *mesh);

/* Fills the light's uniform buffer; the environment stands as look->up and look->turn say. */
void hl_gpu_light_fill(struct hl_gpu_light *out, const hl_environment *environment,
                       const hl_look *look, bool numbers);

/* Copies the picture to the host; RGB. */
hl_status hl_gpu_frame_read(hl_gpu_frame *frame, hl_image8 *out);

/* Copies the numbers of the last lit frame, which was asked for them, to the host; 4 channels. */
hl_status hl_gpu_frame_read_numbers(hl_gpu_frame *frame, hl_image *out);

/* The passes, one file each. */
hl_status hl_pass_project_create(hl_gpu_frame *frame);
hl_status hl_pass_project_record(hl_gpu_frame *frame);
hl_status hl_pass_quads_create(hl_gpu_frame *frame);
hl_status hl_pass_quads_record(hl_gpu_frame *frame);
hl_status hl_pass_quads_lit_create(hl_gpu_frame *frame);
hl_status hl_pass_quads_lit_record(hl_gpu_frame *frame);
hl_status hl_pass_mesh_create(hl_gpu_frame *frame);
hl_status hl_pass_mesh_record(hl_gpu_frame *frame);
hl_status hl_pass_mesh_draw(hl_gpu_frame *frame, const hl_vk_pipeline *pipeline);
hl_status hl_pass_env_create(hl_gpu_frame *frame);
hl_status hl_pass_env_upload(hl_gpu_frame *frame, const hl_environment *environment);
hl_status hl_pass_env_record(hl_gpu_frame *frame);
void hl_pass_env_release(hl_gpu_frame *frame);
hl_status hl_pass_light_create(hl_gpu_frame *frame);
hl_status hl_pass_light_record(hl_gpu_frame *frame);
hl_status hl_pass_resolve_create(hl_gpu_frame *frame);
hl_status hl_pass_resolve_record(hl_gpu_frame *frame);

#endif /* HL_VIEWER_GPU_FRAME_H */
