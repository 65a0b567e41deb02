/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_recipes.h -- the refinements of raster/density/density_mcmc.c and density_adc.c
 * on the device, and the 3D filter.  They end in the Z-order sort of gpu_refine.h.
 *
 *   mcmc  mark -> list of the dead -> draw -> share -> copy, then the same for the growth
 *   adc   score -> sort -> births -> prune -> reset of opacity
 */
#ifndef HL_RASTER_CUDA_GPU_RECIPES_H
#define HL_RASTER_CUDA_GPU_RECIPES_H

#include "raster/cuda/gpu_refine.h"
#include "raster/density/adc.h"
#include "raster/density/mcmc.h"
#include "raster/train/filter.h"

/* Who is dead (none where the splats grow), and what the living weigh in the draw. */
HL_GPU_FN void hl_gpu_k_mcmc_mark(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    int bad = 0, dead = 0;
    if (i == r->count) {
        r->dead[i] = 0;
        r->weight[i] = 0;
        return;
    }
    if (!r->grows) {
        bad = !hl_gpu_splat_finite(w, i);
        dead = bad || hl_mcmc_is_dead(w->p.logit_opa[i]);
    }
    if (bad)
        hl_gpu_add_u32(&r->counters[HL_GPU_N_BAD], 1);
    r->dead[i] = (uint32_t)dead;
    r->weight[i] = dead ? 0 : hl_mcmc_weight(w->p.logit_opa[i]);
    r->times[i] = 0;
}

HL_GPU_FN void hl_gpu_k_mcmc_draw(const hl_gpu_work *w, int64_t k)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    const int64_t i = hl_mcmc_draw(r->weight_sum, r->count, r->seed,
                                   2 * r->step + (uint64_t)r->grows, (uint64_t)k);
    r->source[k] = (uint32_t)i;
    hl_gpu_add_u32(&r->times[i], 1);
}

/* Sources take the shared opacity and size. */
HL_GPU_FN void hl_gpu_k_mcmc_share(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    if (r->times[i])
        hl_mcmc_share(w->p.log_scale + 3 * i, &w->p.logit_opa[i], (int)r->times[i]);
}

/* Copies k: in the place of the k-th dead, or at the end. */
HL_GPU_FN void hl_gpu_k_mcmc_copy(const hl_gpu_work *w, int64_t k)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    const int64_t to = r->grows ? r->count + k : (int64_t)r->dead_list[k];
    hl_gpu_copy_splat(w, to, (int64_t)r->source[k]);
    r->dead[to] = 0;
}

HL_GPU_FN void hl_gpu_k_adc_score(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    const float grad = w->stats.grad_2d ? w->stats.grad_2d[i] : w->stats.grad_2d_abs[i];
    const float score = hl_adc_score(grad, w->stats.seen[i], r->grad_threshold);
    r->key[i] = hl_adc_key(score);
    r->value[i] = (uint32_t)i;
    if (score > 0)
        hl_gpu_add_u32(&r->counters[HL_GPU_N_CANDIDATES], 1);
}

/* A clone leaves its parent as it is, moments too; a split makes both anew. */
HL_GPU_FN void hl_gpu_k_adc_birth(const hl_gpu_work *w, int64_t k)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    const int64_t parent = r->order[k], child = r->count + k;
    float *log_scale = w->p.log_scale + 3 * parent;
    if (hl_adc_largest(log_scale) <= r->clone_scale * r->extent) {
        hl_gpu_copy_row(w, child, parent);
        hl_gpu_clear_moments(w, child);
        return;
    }
    float move[2][3];
    hl_adc_split(log_scale, w->p.quat + 4 * parent, r->seed, r->step, (uint64_t)parent, move);
    hl_gpu_copy_splat(w, child, parent);
    for (int a = 0; a < 3; a++) {
        w->p.mean[3 * parent + a] += move[0][a];
        w->p.mean[3 * child + a] += move[1][a];
    }
}

HL_GPU_FN void hl_gpu_k_adc_prune(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    const int bad = !hl_gpu_splat_finite(w, i);
    const int dead =
        bad || hl_adc_is_dead(w->p.log_scale + 3 * i, w->p.logit_opa[i], r->big, r->extent);
    r->dead[i] = (uint32_t)dead;
    if (bad)
        hl_gpu_add_u32(&r->counters[HL_GPU_N_BAD], 1);
    if (dead)
        hl_gpu_add_u32(&r->counters[HL_GPU_N_DEAD], 1);
}

HL_GPU_FN void hl_gpu_k_adc_reset(const hl_gpu_work *w, int64_t i)
{
    w->p.logit_opa[i] = hl_adc_reset(w->p.logit_opa[i]);
    w->m.logit_opa[i] = w->v.logit_opa[i] = 0;
}

HL_GPU_FN void hl_gpu_k_filter(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    r->filter[i] = hl_filter_of(r->views, r->view_count, w->p.mean + 3 * i, r->filter_factor);
}

#endif /* HL_RASTER_CUDA_GPU_RECIPES_H */
