/* SPDX-License-Identifier: MIT */
/* cli/bench_rays.h -- helio bench rays: our tree and Embree 3 side by side. */
#ifndef HL_CLI_BENCH_RAYS_H
#define HL_CLI_BENCH_RAYS_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct hl_bench_rays_options {
    int32_t triangles; /* of the bumpy sphere, about */
    int32_t rays;
    int32_t repeat; /* the fastest of so many runs counts */
    uint64_t seed;
    bool json;
} hl_bench_rays_options;

/* Compares, then times, then prints.  Correctness gates timing: HL_E_BACKEND on the first ray on
 * which the tree disagrees with a loop over all triangles or with Embree, ties apart. */
hl_status hl_bench_rays(const hl_bench_rays_options *options);

#endif /* HL_CLI_BENCH_RAYS_H */
