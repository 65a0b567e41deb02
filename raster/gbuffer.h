/* SPDX-License-Identifier: MIT */
/* raster/gbuffer.h -- what a deferred renderer shades: maps of one view in one pass of the
 * rasterizer.
 *
 *   hl_gbuffer_forward -> hl_gbuffer_read for each map wanted
 *
 * Materials are blended with the weights of the colour, then divided by the coverage, so that a
 * half covered pixel shows the material of what covers it.
 */
#ifndef HL_RASTER_GBUFFER_H
#define HL_RASTER_GBUFFER_H

#include "core/image.h"
#include "raster/raster.h"

#define HL_GBUFFER_CHANNELS 5 /* of a splat's materials: linear albedo r g b, roughness, metal */

typedef enum hl_gbuffer_map {
    HL_GBUFFER_ALPHA,         /* 1 channel                                                     */
    HL_GBUFFER_DEPTH,         /* 1: expected, along z; 0 where alpha is below 1/2              */
    HL_GBUFFER_MEDIAN_DEPTH,  /* 1: of the splat that leaves half the light or less, 0 likewise  */
    HL_GBUFFER_SURFACE_DEPTH, /* 1: of the splats' planes (raster/surface_depth.h), 0 likewise */
    HL_GBUFFER_NORMAL,        /* 3: unit, world frame, 0 0 0 where there is none               */
    HL_GBUFFER_ALBEDO,        /* 3: linear, in [0, 1], 0 where nothing is                      */
    HL_GBUFFER_ROUGHNESS,     /* 1: in [0, 1]                                                  */
    HL_GBUFFER_METAL,         /* 1: in [0, 1]                                                  */
    HL_GBUFFER_MAPS
} hl_gbuffer_map;

typedef struct hl_gbuffer_options {
    int32_t sh_degree;         /* of the colour                                                */
    float background[3];       /* behind the colour                                            */
    const float *materials;    /* (count, HL_GBUFFER_CHANNELS), or NULL: the last three maps
                                  cannot be read                                               */
    const float *depth_window; /* as in hl_raster_options, or NULL                             */
    bool median;               /* HL_GBUFFER_MEDIAN_DEPTH is wanted                            */
} hl_gbuffer_options;

/* Draws everything above and the colour.  Errors: those of hl_raster_forward. */
hl_status hl_gbuffer_forward(hl_raster *raster, const hl_splats *splats, const hl_raster_view *view,
                             const hl_gbuffer_options *options, hl_raster_frame *frame);

/* One map of a frame of hl_gbuffer_forward; `view` is that of the frame.  The caller releases
 * *image.  HL_E_ARG (the frame holds no such planes), HL_E_MEMORY. */
hl_status hl_gbuffer_read(const hl_raster_frame *frame, const hl_raster_view *view,
                          hl_gbuffer_map map, hl_image *image);

#endif /* HL_RASTER_GBUFFER_H */
