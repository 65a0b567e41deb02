/* SPDX-License-Identifier: MIT */
/* cli/bench_pops.h -- helio bench pops: what of the change from picture to picture is no motion. */
#ifndef HL_CLI_BENCH_POPS_H
#define HL_CLI_BENCH_POPS_H

#include "cli/bench_scene.h"

typedef struct hl_bench_pops_options {
    hl_bench_scene_options scene; /* an input needs its cameras: the first one turns         */
    int32_t path;                 /* hl_raster_path; HL_RASTER_AUTO: each that can be had    */
    int32_t frames;               /* 4 and more                                              */
    const char *save;             /* folder for the worst picture; NULL: none                */
    bool json;
} hl_bench_pops_options;

/* Turns the camera around what it looks at in steps of a tenth of a degree and prints, in percent
 * of all change of values (0..255, sRGB) from picture to picture:
 *
 *   jumps      |d - middle of (d before, d, d after)|, d: change of a value in a step.  What the
 *              step before and the step after do as well is motion; a jump is alone.
 *   reordered  the change of a view by its own order against the order of the view before: pops
 *              and nothing else.
 *
 * for each path, whose pictures have 8 bits, for its order drawn here in floats and rounded to the
 * same 8 bits (where most jumps are those of the rounding), and for an order that each pixel has
 * for itself, where two splats change places pixel after pixel instead of all at once. *absent: the
 * path that was asked for by name is not there. */
hl_status hl_bench_pops(const hl_bench_pops_options *options, bool *absent);

#endif /* HL_CLI_BENCH_POPS_H */
