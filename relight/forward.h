/* SPDX-License-Identifier: MIT */
/* relight/forward.h -- splats lit one by one, their light blended: what deferred shading is
 * compared with (relight/hybrid.h).
 *
 *   L(pixel) = sum_i w_i L_i / sum_i w_i,   L_i of relight/shade.h at the centre of splat i
 */
#ifndef HL_RELIGHT_FORWARD_H
#define HL_RELIGHT_FORWARD_H

#include "relight/surfaces.h"

#define HL_FORWARD_WEIGHT (1 / 255.0f) /* splats of less weight in all pixels are left dark */

/* As hl_shade, for the splats of `from` that `view` shows, each with options->samples samples;
 * options->snap is not used.  *result has the pixels of the view: hl_shade_compose with `input`,
 * the blended surfaces of that view, gives the picture.  Variances are 0: blending is the filter.
 * Errors: those of hl_shade and hl_raster_forward. */
hl_status hl_forward_shade(hl_shade_result *result, const hl_light_scene *scene,
                           const hl_splat_surfaces *from, const hl_raster_view *view,
                           const hl_shade_input *input, const hl_shade_options *options);

#endif /* HL_RELIGHT_FORWARD_H */
