/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_finish.h -- the end of a step: what tiles and squares left is summed, always in
 * the same order; the counters of Adam go on.  One block of threads for each sum.
 */
#ifndef HL_RASTER_CUDA_GPU_FINISH_H
#define HL_RASTER_CUDA_GPU_FINISH_H

#include "raster/cuda/gpu_work.h"

typedef struct hl_gpu_finish_shared {
    double sum[HL_BLOCK_LANES];
} hl_gpu_finish_shared;

enum {
    HL_GPU_FINISH_SUMS = HL_GPU_SUMS + 6 + 3,
    HL_GPU_FINISH_CLUSTERS = HL_BLOCK_LANES /* of an item behind the sums */
};

/* Sum of count values that are `pitch` apart: each thread its own, four at a time, then a tree. */
HL_GPU_FN double hl_gpu_ordered_sum(const double *d, const float *f, int64_t count, int pitch,
                                    hl_gpu_finish_shared *shared)
{
    HL_EACH_THREAD(t)
    {
        double sum[4] = {0, 0, 0, 0};
        for (int64_t i = t; i < count; i += 4 * HL_BLOCK_LANES) {
            HL_UNROLL
            for (int u = 0; u < 4; u++) {
                const int64_t at = (i + u * HL_BLOCK_LANES) * pitch;
                if (i + u * HL_BLOCK_LANES < count)
                    sum[u] += d ? d[at] : (double)f[at];
            }
        }
        shared->sum[t] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
    for (int half = HL_BLOCK_LANES / 2; half >= 1; half /= 2) {
        hl_block_sync();
        HL_EACH_THREAD(t)
        {
            if (t < half)
                shared->sum[t] += shared->sum[t + half];
        }
    }
    hl_block_sync();
    return shared->sum[0];
}

/* What sum q of the loss means: its mean over what counts, and its part in the loss. */
HL_GPU_FN void hl_gpu_close_term(const hl_gpu_work *w, int q, double sum)
{
    const hl_gpu_step *s = w->step;
    const float ws = s->ssim_weight;
    const float counts[HL_GPU_TERMS] = {3 * s->photo.pixels_kept,
                                        3 * s->photo.pixels_kept,
                                        3 * s->photo.windows_kept,
                                        s->photo.pixels_kept,
                                        s->photo.depth_known,
                                        s->photo.normal_known,
                                        1};
    const float weight[HL_GPU_TERMS] = {1 - ws,           0, ws, s->alpha_weight, s->depth_weight,
                                        s->normal_weight, 1};
    double mean = counts[q] > 0 ? sum / (double)counts[q] : 0;
    if (q == HL_GPU_SUM_SSIM && !(counts[q] > 0))
        mean = 1;
    w->state->mean_total[q] += mean;
    w->state->loss_total[q] += (double)weight[q] * (q == HL_GPU_SUM_SSIM ? 1 - mean : mean);
}

/* Counts of Adam for HL_GPU_FINISH_CLUSTERS clusters. */
HL_GPU_FN void hl_gpu_count_steps(const hl_gpu_work *w, int64_t first)
{
    HL_EACH_THREAD(t)
    {
        const int64_t c = first + t;
        if (c * HL_CLUSTER < w->count && (!w->adam_cluster || w->cluster_seen[c] == w->step->stamp))
            w->adam_steps[c]++;
    }
}

/* Items: one for each sum, then one for each HL_GPU_FINISH_CLUSTERS clusters. */
HL_GPU_FN void hl_gpu_k_finish(const hl_gpu_work *w, int64_t item, hl_gpu_finish_shared *shared)
{
    const int q = (int)item;
    if (w->state->halted)
        return;
    if (item >= HL_GPU_FINISH_SUMS) {
        if (w->m.mean)
            hl_gpu_count_steps(w, (item - HL_GPU_FINISH_SUMS) * HL_GPU_FINISH_CLUSTERS);
        return;
    }
    double sum = 0;
    if (q < HL_GPU_SUMS && w->partial && (q != HL_GPU_SUM_SURFACE || w->surface))
        sum = hl_gpu_ordered_sum(w->partial + q, 0, w->squares, HL_GPU_SUMS, shared);
    else if (q >= HL_GPU_SUMS && q < HL_GPU_SUMS + 6 && w->want_pose)
        sum = hl_gpu_ordered_sum(0, w->pose_partial + (q - HL_GPU_SUMS),
                                 (w->count + HL_LANES - 1) / HL_LANES, 6, shared);
    else if (q >= HL_GPU_SUMS + 6)
        sum = hl_gpu_ordered_sum(0, w->background_partial + (q - HL_GPU_SUMS - 6), w->tiles, 3,
                                 shared);
    HL_EACH_THREAD(t)
    {
        if (t == 0) {
            if (q < HL_GPU_SUMS)
                w->state->sum[q] = sum;
            else if (q < HL_GPU_SUMS + 6)
                w->state->pose[q - HL_GPU_SUMS] = (float)sum;
            else
                w->state->background[q - HL_GPU_SUMS - 6] = (float)sum;
            if (q < HL_GPU_TERMS && w->partial)
                hl_gpu_close_term(w, q, sum);
            if (q == 0) {
                w->state->pictures += 1;
                w->state->views += w->step->collect;
                w->state->done_step = w->step->index;
            }
        }
    }
}

#endif /* HL_RASTER_CUDA_GPU_FINISH_H */
