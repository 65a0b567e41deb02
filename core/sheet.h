/* SPDX-License-Identifier: MIT */
/* core/sheet.h -- pictures made to be looked at: contact sheets, differences, depth, normals.
 *
 * All results are 8-bit sRGB with 3 channels, owned by the caller (hl_image8_release).  Stateless;
 * any thread.  Errors: HL_E_ARG, HL_E_MEMORY.
 */
#ifndef HL_CORE_SHEET_H
#define HL_CORE_SHEET_H

#include "core/image.h"

typedef struct hl_sheet_cell {
    const hl_image8 *image; /* 1, 3 or 4 channels (alpha over grey); NULL: empty */
    const char *caption;    /* ASCII, drawn in capitals below, cut to fit; NULL: none */
} hl_sheet_cell;

#define HL_SHEET_CELLS_MAX 4096

/* A grid of pictures, each fitted into cell_width x cell_height pixels without enlarging the
 * captions.  cells (rows, columns); cell sides 8..4096. */
hl_status hl_sheet_build(hl_image8 *out, const hl_sheet_cell *cells, int32_t rows, int32_t columns,
                         int32_t cell_width, int32_t cell_height);

/* |a - b| * gain per channel, from pictures of equal size with 3 channels. */
hl_status hl_sheet_difference(hl_image8 *out, const hl_image8 *a, const hl_image8 *b, float gain);

/* depth: 1 channel.  Near is light, far is dark, by the cubehelix scale (Green 2011), whose
 * lightness grows evenly.  Values that are not finite and > 0 are black.
 *
 *   near, far   scene units; near >= far: taken from the 2nd and 98th percentile of the picture */
hl_status hl_sheet_depth(hl_image8 *out, const hl_image *depth, float near, float far);

/* 2nd and 98th percentile of the valid depths; (1, 2) where there is none. */
hl_status hl_sheet_depth_range(const hl_image *depth, float *near, float *far);

/* normals: 3 channels, any length; 0.5 n / |n| + 0.5.  Zero vectors are mid-grey.
 *
 *   r   (9) rotation applied first (camera_from_world, say), NULL for none */
hl_status hl_sheet_normal(hl_image8 *out, const hl_image *normals, const float *r);

/* One channel of weights, 0..1, as grey. */
hl_status hl_sheet_grey(hl_image8 *out, const hl_image *values);

/* Colour of t in 0..1 on the cubehelix scale: 0 black, 1 white. */
void hl_sheet_color(float t, uint8_t rgb[3]);

/* Text in capitals; (x, y) is the top left corner, scale pixels per font pixel (5 x 7, 6 apart).
 * Clipped at the border.  image: 3 channels. */
void hl_sheet_text(hl_image8 *image, int32_t x, int32_t y, int32_t scale, const uint8_t rgb[3],
                   const char *text);

#endif /* HL_CORE_SHEET_H */
