/* SPDX-License-Identifier: MIT */
#include "raster/gbuffer.h"

#include "raster/surface_depth.h"

#define ALPHA_FLOOR 1e-3f /* less covered pixels show nothing */

hl_status hl_gbuffer_forward(hl_raster *raster, const hl_splats *splats, const hl_raster_view *view,
                             const hl_gbuffer_options *options, hl_raster_frame *frame)
{
    const hl_raster_options o = {
        .sh_degree = options->sh_degree,
        .antialiased = splats->antialiased,
        .background = {options->background[0], options->background[1], options->background[2]},
        .outputs = (uint32_t)HL_RASTER_DEPTH | (uint32_t)HL_RASTER_NORMAL |
                   (uint32_t)HL_RASTER_DISTANCE |
                   (options->median ? (uint32_t)HL_RASTER_MEDIAN : 0u),
        .feature_count = options->materials ? HL_GBUFFER_CHANNELS : 0,
        .features = options->materials,
        .depth_window = options->depth_window};
    return hl_raster_forward(raster, splats, view, &o, frame);
}

/* What a map is made of: its first plane, -1 where the frame lacks it. */
static int32_t plane_of(const hl_raster_frame *f, hl_gbuffer_map map)
{
    switch (map) {
    case HL_GBUFFER_ALPHA:
        return 0;
    case HL_GBUFFER_DEPTH:
        return f->depth_plane;
    case HL_GBUFFER_MEDIAN_DEPTH:
        return f->median_depth ? 0 : -1;
    case HL_GBUFFER_SURFACE_DEPTH:
        return f->normal_plane < 0 ? -1 : f->distance_plane;
    case HL_GBUFFER_NORMAL:
        return f->normal_plane;
    case HL_GBUFFER_ALBEDO:
        return f->feature_plane;
    case HL_GBUFFER_ROUGHNESS:
        return f->feature_plane < 0 ? -1 : f->feature_plane + 3;
    case HL_GBUFFER_METAL:
        return f->feature_plane < 0 ? -1 : f->feature_plane + 4;
    default:
        return -1;
    }
}

static float surface_at(const hl_raster_frame *f, const hl_raster_view *v, int32_t x, int32_t y,
                        size_t at)
{
    const float k[4] = {v->fx, v->fy, v->cx, v->cy};
    float n[3], ray[3];
    for (int c = 0; c < 3; c++)
        n[c] = f->plane[f->normal_plane + c][at];
    hl_surface_ray(v->r, k, x, y, ray);
    return hl_surface_depth(f->plane[f->distance_plane][at], n, ray);
}

static void read_pixel(const hl_raster_frame *f, const hl_raster_view *v, hl_gbuffer_map map,
                       int32_t x, int32_t y, float *out)
{
    const size_t at = (size_t)y * (size_t)f->stride + (size_t)x;
    const float alpha = 1 - f->transmittance[at];
    const int32_t plane = plane_of(f, map);
    const bool solid = alpha >= (float)HL_SURFACE_ALPHA_MIN;
    float n[3];
    switch (map) {
    case HL_GBUFFER_ALPHA:
        out[0] = alpha;
        return;
    case HL_GBUFFER_DEPTH:
        out[0] = solid ? f->plane[plane][at] / alpha : 0;
        return;
    case HL_GBUFFER_MEDIAN_DEPTH:
        out[0] = solid ? f->median_depth[at] : 0;
        return;
    case HL_GBUFFER_SURFACE_DEPTH:
        out[0] = solid ? surface_at(f, v, x, y, at) : 0;
        return;
    case HL_GBUFFER_NORMAL:
        for (int c = 0; c < 3; c++)
            n[c] = f->plane[plane + c][at];
        hl_normalize3(n, out);
        return;
    default:
        for (int c = 0; c < (map == HL_GBUFFER_ALBEDO ? 3 : 1); c++)
            out[c] = alpha > ALPHA_FLOOR ? hl_clamp(f->plane[plane + c][at] / alpha, 0, 1) : 0;
    }
}

hl_status hl_gbuffer_read(const hl_raster_frame *frame, const hl_raster_view *view,
                          hl_gbuffer_map map, hl_image *image)
{
    const int32_t channels = map == HL_GBUFFER_NORMAL || map == HL_GBUFFER_ALBEDO ? 3 : 1;
    hl_image made;
    if (plane_of(frame, map) < 0)
        return hl_fail(HL_E_ARG, "G-buffer: the frame was drawn without what map %d needs",
                       (int)map);
    HL_TRY(hl_image_create(&made, frame->width, frame->height, channels));
    for (int32_t y = 0; y < frame->height; y++)
        for (int32_t x = 0; x < frame->width; x++)
            read_pixel(frame, view, map, x, y,
                       made.data +
                           ((size_t)y * (size_t)frame->width + (size_t)x) * (size_t)channels);
    *image = made;
    return HL_OK;
}
