/* SPDX-License-Identifier: MIT */
/* cli/bench_train.h -- helio bench train: steps of training, whole and by stage. */
#ifndef HL_CLI_BENCH_TRAIN_H
#define HL_CLI_BENCH_TRAIN_H

#include "cli/bench_scene.h"

typedef struct hl_bench_train_options {
    hl_bench_scene_options scene;
    const char *backend; /* as hl_raster_create takes it                                 */
    hl_isa isa;
    int32_t steps; /* timed                                                            */
    bool deterministic, json;
    const char *save; /* folder for the scene and its photos as files; NULL: none      */
} hl_bench_train_options;

/* Photos are pictures of the scene; training starts from it with half of its colour taken away, and
 * neither adds nor removes splats.  On a GPU the first losses must be those of the CPU before
 * anything is timed: HL_E_BACKEND.  *absent: the backend asked for is not there. */
hl_status hl_bench_train(const hl_bench_train_options *options, bool *absent);

#endif /* HL_CLI_BENCH_TRAIN_H */
