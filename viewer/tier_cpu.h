/* SPDX-License-Identifier: MIT */
/* viewer/tier_cpu.h -- the same pictures by the rasterizer of raster/, without any device: the
 * colour and every channel but light. */
#ifndef HL_VIEWER_TIER_CPU_H
#define HL_VIEWER_TIER_CPU_H

#include "viewer/renderer.h"

typedef struct hl_tier_cpu {
    hl_raster *raster;
    const hl_splats *splats; /* borrowed; NULL: none          */
    float *log_scale;        /* (count, 3) with splat_scale   */
    int32_t log_scale_count;
    const float *own;  /* (own_count, HL_GBUFFER_CHANNELS) of the scene, borrowed; NULL: none */
    int32_t own_count; /* where it is that of the splats they are used                        */
    float *materials;  /* (count, HL_GBUFFER_CHANNELS) as project.comp makes them up          */
    int32_t material_count;
    hl_raster_frame frame; /* of the last draw              */
    hl_raster_view view;   /* likewise                      */
    hl_look look;
    bool drawn;
} hl_tier_cpu;

hl_status hl_tier_cpu_create(hl_tier_cpu *tier);
void hl_tier_cpu_release(hl_tier_cpu *tier);
void hl_tier_cpu_set_splats(hl_tier_cpu *tier, const hl_splats *splats);
void hl_tier_cpu_set_materials(hl_tier_cpu *tier, const float *materials, int32_t count);
hl_status hl_tier_cpu_draw(hl_tier_cpu *tier, const hl_raster_view *view, const hl_look *look);
hl_status hl_tier_cpu_read(const hl_tier_cpu *tier, hl_image8 *out);

/* The last draw as hl_renderer_numbers gives it, always with 4 channels. */
hl_status hl_tier_cpu_numbers(const hl_tier_cpu *tier, hl_image *out);

#endif /* HL_VIEWER_TIER_CPU_H */
