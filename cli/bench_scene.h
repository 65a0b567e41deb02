/* SPDX-License-Identifier: MIT */
/* cli/bench_scene.h -- what helio bench raster and train draw: random splats, or those of a file
 * seen by its cameras; and the same as files, for other programs to be timed on. */
#ifndef HL_CLI_BENCH_SCENE_H
#define HL_CLI_BENCH_SCENE_H

#include "core/splats.h"
#include "raster/raster.h"

enum { HL_BENCH_VIEWS = 8 };

typedef struct hl_bench_scene_options {
    int32_t splats;   /* random ones                                                       */
    const char *size; /* "WxH", of the picture of random splats                            */
    float sigma_px;   /* their median standard deviation in the picture                    */
    uint64_t seed;
    const char *input;   /* file of splats instead; NULL: random                              */
    const char *cameras; /* its cameras.json                                                  */
} hl_bench_scene_options;

typedef struct hl_bench_scene {
    hl_arena arena;
    hl_splats splats;
    int32_t view_count;
    hl_raster_view view[HL_BENCH_VIEWS];
} hl_bench_scene;

/* Release in any case.  Errors: HL_E_ARG (size; a file without cameras), those of the files. */
hl_status hl_bench_scene_make(hl_bench_scene *scene, const hl_bench_scene_options *options);
void hl_bench_scene_release(hl_bench_scene *scene);

/* splats.ply, and cameras.json with {width, height, fx, fy, cx, cy, r (9), t (3)} of each view, as
 * camera_from_world, in a folder that is made where it is not there. */
hl_status hl_bench_scene_save(const hl_bench_scene *scene, const char *folder);

/* Reads and writes that a stage cannot do without, bytes: a lower bound; 0 where blending, not
 * memory, sets the time.  name: of a span of the rasterizer; adam: backward steps parameters. */
double hl_bench_stage_bytes(const char *name, int32_t splats, int64_t visible, int64_t instances,
                            int64_t pixels, bool adam);

#endif /* HL_CLI_BENCH_SCENE_H */
