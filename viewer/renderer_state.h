/* SPDX-License-Identifier: MIT */
/* viewer/renderer_state.h -- the inside of a renderer, for the window that presents its pictures.
 */
#ifndef HL_VIEWER_RENDERER_STATE_H
#define HL_VIEWER_RENDERER_STATE_H

#include "core/timer.h"
#include "viewer/gpu_frame.h"
#include "viewer/tier_cpu.h"

struct hl_renderer {
    hl_renderer_params params;
    hl_raster_path path;
    bool tiles_win;     /* over quads, by the probe */
    hl_vk *vk;          /* NULL: no device, or lost */
    hl_gpu_frame frame; /* where there is a device  */
    hl_tier_cpu cpu;
    const hl_splats *splats;
    bool on_device;             /* the splats were placed on the device */
    bool drawn_on_device;       /* the last picture */
    bool numbers;               /* of the picture being drawn are wanted too */
    hl_environment environment; /* owned; radiance NULL: even white */

    /* What light meets: borrowed, or NULL. */
    const hl_mesh *mesh, *stand_in;
    const float *materials; /* (material_count, HL_GBUFFER_CHANNELS) */
    int32_t material_count;
    const float *splat_mean; /* of the splats, by which others are told apart */
    int32_t splat_count;
    bool stand_in_old; /* on the device                            */
    bool surfaces_old; /* in the bake                              */
    hl_bake *bake;     /* NULL: nothing to bake so far             */
    hl_bake_result baked;
    bool baked_old; /* on the device */
    double draw_ms;
    char reason[256];
    hl_spans spans; /* of the processor, in the last picture */
    int32_t pass_count;
    hl_pass_time passes[HL_VK_TIMERS_MAX];
};

/* The processor draws everything: asked for by name, or there is no device. */
bool hl_renderer_alone(const hl_renderer *r);

/* What the CPU does not draw opens the device when it is first asked for. */
hl_status hl_renderer_need_device(hl_renderer *r);

/* Everything of the light that a frame reads, and of the view what is baked. */
hl_status hl_renderer_fill_light(hl_renderer *r, const hl_look *look);

/* What the processor needs of it. */
hl_status hl_renderer_bake_on_cpu(hl_renderer *r, const hl_look *look);

/* The device, made with these extensions, for a renderer that is yet to be created; what
 * hl_renderer_create does without a window. */
hl_status hl_renderer_create_on(hl_renderer **out, const hl_renderer_params *params,
                                const hl_vk_params *vk_params);

#endif /* HL_VIEWER_RENDERER_STATE_H */
