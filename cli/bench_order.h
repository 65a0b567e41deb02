/* SPDX-License-Identifier: MIT */
/* cli/bench_order.h -- one view blended in several orders: by the depth of the splats' centres, as
 * all paths do; by those depths in another view; and, for each pixel by itself, by where along its
 * ray each splat is densest.
 *
 * Source of the last: Radl et al. 2024 (StopThePop), the depth of the maximum of a Gaussian along a
 * ray.  Slow: lists every pair of splat and pixel.
 */
#ifndef HL_CLI_BENCH_ORDER_H
#define HL_CLI_BENCH_ORDER_H

#include "raster/raster.h"

typedef enum hl_order {
    HL_ORDER_CENTRE, /* of this view            */
    HL_ORDER_BEFORE, /* of another one          */
    HL_ORDER_PIXEL,  /* of each pixel by itself */
    HL_ORDER_COUNT
} hl_order;

/* view: what is drawn; before: whose depths HL_ORDER_BEFORE takes.  out[order]: (height, width, 3),
 * the caller's: sRGB over black, 0..1 where the colours are.  HL_E_MEMORY. */
hl_status hl_order_draw(const hl_splats *splats, const hl_raster_view *view,
                        const hl_raster_view *before, float *const out[HL_ORDER_COUNT]);

#endif /* HL_CLI_BENCH_ORDER_H */
