/* SPDX-License-Identifier: MIT */
/* datasets/synth/synth_texture.h -- procedural base colours.
 *
 * A texture is evaluated at a point of a shape, with the size of a pixel there, and is band
 * limited: edges are widened to the pixel and detail finer than it fades out.  Every pattern
 * carries fine grain, so that a feature detector finds something everywhere.
 */
#ifndef HL_DATASETS_SYNTH_TEXTURE_H
#define HL_DATASETS_SYNTH_TEXTURE_H

#include "datasets/synth/synth_shape.h"

typedef enum hl_synth_pattern {
    HL_SYNTH_FLAT,    /* color 0, no grain                                        */
    HL_SYNTH_CLOUDS,  /* fractal noise from color 0 through 1 to 2                */
    HL_SYNTH_MARBLE,  /* color 0 with veins of color 1 and 2                      */
    HL_SYNTH_WOOD,    /* boards along the first axis of a face, rings, grain      */
    HL_SYNTH_MOSAIC,  /* cells tinted between colors 0, 1, 2; joints of color 3   */
    HL_SYNTH_CHECKER, /* colors 0 and 1, each square with its own tint            */
    HL_SYNTH_STRIPES, /* bands across v in colors 0, 1, 2 with unequal widths     */
    HL_SYNTH_BRICK,   /* running bond, tints between colors 0, 1, 2, mortar 3     */
    HL_SYNTH_TILES,   /* square tiles, tints between colors 0, 1, 2, joints 3     */
    HL_SYNTH_DOTS     /* discs of colors 1, 2 on color 0                          */
} hl_synth_pattern;

typedef struct hl_synth_texture {
    hl_synth_pattern pattern;
    double scale;       /* features per unit of length                          */
    double grain;       /* strength of the fine detail, 0..1                    */
    double grain_scale; /* detail per unit of length                            */
    uint32_t seed;
    double color[4][3]; /* linear Rec.709, see the pattern                      */
} hl_synth_texture;

/* hex: 0xRRGGBB in sRGB -> linear. */
void hl_synth_color(uint32_t hex, double rgb[3]);

/* local (3): surface point in the shape's frame.  width: side of a pixel on the surface, scene
 * units (HUGE_VAL gives about the mean colour).  rgb (3): out, linear, each in [0.01, 0.95]. */
void hl_synth_texture_at(const hl_synth_texture *texture, const hl_synth_shape *shape,
                         const double local[3], double width, double rgb[3]);

#endif /* HL_DATASETS_SYNTH_TEXTURE_H */
