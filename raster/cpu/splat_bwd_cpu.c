/* SPDX-License-Identifier: MIT */
/* Runs the backward kernel over clusters and adds up the pose in order. */
#include "raster/cpu/raster_cpu.h"

static void cluster_job(void *ctx, int32_t cluster, int32_t thread)
{
    hl_cpu *r = ctx;
    r->kernels->cluster_bwd(r, cluster, thread);
}

hl_status hl_cpu_splat_bwd(hl_cpu *r)
{
    const int32_t clusters = hl_block_count(r->splats->count, HL_CLUSTER);
    const int64_t scratch = (int64_t)hl_parallel_threads() * (int64_t)(sizeof(hl_cpu_cluster) / 4);
    HL_TRY(hl_cpu_reserve(r, (void **)&r->scratch, &r->scratch_capacity, scratch, sizeof(float)));
    HL_TRY(hl_cpu_reserve(r, (void **)&r->partial, &r->partial_capacity,
                          (int64_t)clusters * CLUSTER_PARTIALS + 1, sizeof(double)));
    hl_parallel_for(clusters, cluster_job, r);
    for (int32_t q = 0; q < CLUSTER_PARTIALS; q++) {
        double sum = 0;
        for (int32_t c = 0; c < clusters; c++)
            sum += r->partial[(size_t)c * CLUSTER_PARTIALS + (size_t)q];
        r->sink->pose[q] = (float)sum;
    }
    return HL_OK;
}
