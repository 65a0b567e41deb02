/* SPDX-License-Identifier: MIT */
/* cli/bench_sfm.h -- helio bench sfm: bundle adjustment of a made-up survey with exact truth. */
#ifndef HL_CLI_BENCH_SFM_H
#define HL_CLI_BENCH_SFM_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct hl_bench_sfm_options {
    int32_t photos, points;
    int32_t solver; /* hl_bundle_solver         */
    double noise_px;
    uint64_t seed;
    bool json;
} hl_bench_sfm_options;

/* Photos in a grid over rough ground, some five of them for each point; all poses, points and the
 * shared focal length and distortion start off their true values.  Adjusts, compares with the
 * truth, prints. */
hl_status hl_bench_sfm(const hl_bench_sfm_options *options);

#endif /* HL_CLI_BENCH_SFM_H */
