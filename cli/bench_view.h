/* SPDX-License-Identifier: MIT */
/* cli/bench_view.h -- helio bench view: frames of an orbit by every path of the viewer. */
#ifndef HL_CLI_BENCH_VIEW_H
#define HL_CLI_BENCH_VIEW_H

#include "cli/bench_scene.h"

typedef struct hl_bench_view_options {
    hl_bench_scene_options scene; /* an input needs no cameras                                  */
    int32_t path;                 /* hl_raster_path; HL_RASTER_AUTO: each that can be had       */
    int32_t frames;               /* for each path, or those of so many seconds                 */
    double seconds;
    const char *save; /* folder for scene.splat and orbit.json; NULL: none          */
    bool json;
    bool lit; /* under even light and a sun with its shadow, not the colour */
} hl_bench_view_options;

/* Times, for each path, the pictures of one orbit: without reading them back.  The first picture
 * of every path must be that of the processor (45 dB) or the path is not timed: HL_E_BACKEND.
 * *absent: the path that was asked for by name is not there. */
hl_status hl_bench_view(const hl_bench_view_options *options, bool *absent);

#endif /* HL_CLI_BENCH_VIEW_H */
