/* SPDX-License-Identifier: MIT */
/* viewer/gpu_frame.h -- the passes of a frame on a Vulkan device and the images they share. */
#ifndef HL_VIEWER_GPU_FRAME_H
#define HL_VIEWER_GPU_FRAME_H

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

/* Copies the picture to the host; RGB. */
hl_status hl_gpu_frame_read(hl_gpu_frame *frame, hl_image8 *out);

/* The passes, one file each. */
hl_status hl_pass_project_create(hl_gpu_frame *frame);
hl_status hl_pass_project_record(hl_gpu_frame *frame);
hl_status hl_pass_quads_create(hl_gpu_frame *frame);
hl_status hl_pass_quads_record(hl_gpu_frame *frame);
hl_status hl_pass_resolve_create(hl_gpu_frame *frame);
hl_status hl_pass_resolve_record(hl_gpu_frame *frame);

#endif /* HL_VIEWER_GPU_FRAME_H */
