/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_refine.h -- the refinement of raster/density/density_budget.c on the device.
 *
 *   mark -> sort by key -> list of the dead -> births -> bounds -> Z-order keys -> sort -> gather
 *
 * Winners are distinct and alive, places for children are distinct, so births are independent.
 * The dead sort last: one gather removes them and re-sorts the rest.
 */
#ifndef HL_RASTER_CUDA_GPU_REFINE_H
#define HL_RASTER_CUDA_GPU_REFINE_H

#include "raster/cuda/gpu_work.h"
#include "raster/density/budget.h"
#include "raster/morton.h"

/* In device memory for the length of a refinement. */
typedef struct hl_gpu_refine {
    int32_t count, total; /* splats before, and with the children                    */
    int32_t births;
    int32_t dead_count; /* before the births                                      */
    int32_t all_seen;   /* every training picture is in the statistics            */
    int32_t kept;       /* splats afterwards                                      */
    int32_t most_steps; /* Adam's largest counter, for dense mode                 */
    float off;          /* opacity taken off                                      */
    float center[3], extent, clone_scale;
    uint64_t seed, step;
    uint32_t *dead;      /* (total + 1) 1 where dead                               */
    uint32_t *place;     /* (total + 1) exclusive sum of dead                      */
    uint32_t *dead_list; /* (dead_count)                                           */
    uint64_t *key;       /* (total)                                                */
    uint32_t *value;     /* (total)                                                */
    uint32_t *order;     /* (total) sorted                                         */
    uint32_t *counters;  /* candidates, not finite, largest steps, bounds 3 + 3    */
    int32_t *old_steps;  /* (clusters)                                             */
    const float *from;   /* a field of `components` floats a row, gathered         */
    float *to;
    int32_t components;
    /* mcmc: raster/density/mcmc.h */
    int32_t grows;                 /* 0: the dead are moved; 1: splats are added           */
    uint64_t *weight, *weight_sum; /* (count + 1)                                          */
    uint32_t *times, *source;      /* (count) times drawn; (births) what was drawn         */
    /* adc: raster/density/adc.h */
    float grad_threshold;
    int32_t big; /* large splats go as well                              */
    /* the 3D filter: raster/train/filter.h */
    const hl_raster_view *views; /* (view_count)                                         */
    int32_t view_count;
    float filter_factor;
    float *filter; /* (kept)                                               */
} hl_gpu_refine;

enum {
    HL_GPU_N_CANDIDATES,
    HL_GPU_N_BAD,
    HL_GPU_N_STEPS,
    HL_GPU_N_DEAD,
    HL_GPU_N_BOUNDS,
    HL_GPU_N_COUNTERS = HL_GPU_N_BOUNDS + 6
};

HL_GPU_FN int hl_gpu_splat_finite(const hl_gpu_work *w, int64_t i)
{
    float sum = 0;
#define X(name, components)                    \
    for (int64_t k = 0; k < (components); k++) \
        sum += w->p.name[i * (components) + k] * 0;
    HL_SPLAT_FIELDS(X)
#undef X
    return sum == 0;
}

/* Decay, death, and the key by which parents are drawn. */
HL_GPU_FN void hl_gpu_k_refine_mark(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    if (i == r->count) {
        r->dead[i] = 0;
        return;
    }
    if (r->off > 0)
        w->p.logit_opa[i] = hl_budget_decayed(w->p.logit_opa[i], r->off);
    const int bad = !hl_gpu_splat_finite(w, i);
    float squared = 0;
    for (int a = 0; a < 3; a++) {
        const float d = w->p.mean[3 * i + a] - r->center[a];
        squared += d * d;
    }
    const int dead = bad || hl_budget_is_dead(w->p.logit_opa[i], r->all_seen, w->stats.weight[i],
                                              squared, r->extent);
    const float score = hl_budget_score(w->stats.fragments[i], w->stats.grad_alpha[i],
                                        w->stats.grad_alpha_2[i], w->p.logit_opa[i]);
    const uint64_t key =
        dead ? HL_MORTON_LAST : hl_budget_key(score, r->seed, r->step, (uint64_t)i);
    r->dead[i] = (uint32_t)dead;
    r->key[i] = key;
    r->value[i] = (uint32_t)i;
    if (bad)
        hl_gpu_add_u32(&r->counters[HL_GPU_N_BAD], 1);
    if (key != HL_MORTON_LAST)
        hl_gpu_add_u32(&r->counters[HL_GPU_N_CANDIDATES], 1);
}

HL_GPU_FN void hl_gpu_k_refine_list(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    if (r->dead[i])
        r->dead_list[r->place[i]] = (uint32_t)i;
}

HL_GPU_FN void hl_gpu_copy_row(const hl_gpu_work *w, int64_t to, int64_t from)
{
#define X(name, components)                    \
    for (int64_t k = 0; k < (components); k++) \
        w->p.name[to * (components) + k] = w->p.name[from * (components) + k];
    HL_SPLAT_FIELDS(X)
#undef X
}

HL_GPU_FN void hl_gpu_clear_moments(const hl_gpu_work *w, int64_t i)
{
#define X(name, components)                    \
    for (int64_t k = 0; k < (components); k++) \
        w->m.name[i * (components) + k] = w->v.name[i * (components) + k] = 0;
    HL_SPLAT_FIELDS(X)
#undef X
}

HL_GPU_FN void hl_gpu_copy_splat(const hl_gpu_work *w, int64_t to, int64_t from)
{
    hl_gpu_copy_row(w, to, from);
    hl_gpu_clear_moments(w, to);
    hl_gpu_clear_moments(w, from);
}

/* The k-th winner has a child: in a dead place first, then at the end. */
HL_GPU_FN void hl_gpu_k_refine_birth(const hl_gpu_work *w, int64_t k)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    const int64_t parent = r->order[k];
    const int64_t child =
        k < r->dead_count ? (int64_t)r->dead_list[k] : r->count + (k - r->dead_count);
    float *log_scale = w->p.log_scale + 3 * parent;
    const float largest = hl_exp(hl_max(log_scale[0], hl_max(log_scale[1], log_scale[2])));
    float move[3] = {0, 0, 0};
    const int clone = largest <= r->clone_scale * r->extent;
    if (!clone)
        hl_budget_split(log_scale, w->p.quat + 4 * parent, w->stats.radius[parent], move);
    w->p.logit_opa[parent] =
        hl_budget_share(w->p.logit_opa[parent], clone ? 0.5f : (float)HL_BUDGET_CHILD_EXPONENT);
    hl_gpu_copy_splat(w, child, parent);
    for (int a = 0; a < 3 && !clone; a++) {
        w->p.mean[3 * parent + a] += move[a];
        w->p.mean[3 * child + a] -= move[a];
    }
    r->dead[child] = 0;
}

/* Bits that order as the floats do. */
HL_GPU_FN uint32_t hl_gpu_ordered_bits(float x)
{
    const uint32_t u = hl_gpu_bits(x);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

HL_GPU_FN float hl_gpu_from_ordered(uint32_t u)
{
    return hl_gpu_from_bits(u & 0x80000000u ? u & 0x7fffffffu : ~u);
}

/* Bounds of the living: largest coordinate, and largest complement for the smallest. */
HL_GPU_FN void hl_gpu_k_refine_bounds(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    if (r->dead[i])
        return;
    for (int a = 0; a < 3; a++) {
        const uint32_t u = hl_gpu_ordered_bits(w->p.mean[3 * i + a]);
        hl_gpu_max_u32(&r->counters[HL_GPU_N_BOUNDS + a], ~u);
        hl_gpu_max_u32(&r->counters[HL_GPU_N_BOUNDS + 3 + a], u);
    }
}

HL_GPU_FN void hl_gpu_k_refine_keys(const hl_gpu_work *w, int64_t i)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    const uint32_t *bounds = r->counters + HL_GPU_N_BOUNDS;
    float lo[3];
    double side = 0;
    for (int a = 0; a < 3; a++) {
        lo[a] = hl_gpu_from_ordered(~bounds[a]);
        const double d = (double)hl_gpu_from_ordered(bounds[3 + a]) - (double)lo[a];
        side = d > side ? d : side;
    }
    const double scale = hl_morton_scale(side);
    uint64_t key = HL_MORTON_LAST;
    if (!r->dead[i]) {
        key = 0;
        for (int a = 0; a < 3; a++)
            key |= hl_morton_spread(hl_morton_cell(w->p.mean[3 * i + a], lo[a], scale)) << a;
    }
    r->key[i] = key;
    r->value[i] = (uint32_t)i;
}

/* One value of one field. */
HL_GPU_FN void hl_gpu_k_refine_gather(const hl_gpu_work *w, int64_t e)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    const int64_t row = e / r->components, k = e % r->components;
    r->to[e] = r->from[(int64_t)r->order[row] * r->components + k];
}

HL_GPU_FN void hl_gpu_k_refine_most(const hl_gpu_work *w, int64_t c)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    hl_gpu_max_u32(&r->counters[HL_GPU_N_STEPS], (uint32_t)r->old_steps[c]);
}

/* Adam's counter of cluster c: the mean of its members', or the largest in dense mode. */
HL_GPU_FN void hl_gpu_k_refine_steps(const hl_gpu_work *w, int64_t c)
{
    const hl_gpu_refine *r = (const hl_gpu_refine *)w->refine;
    const int64_t first = c * HL_CLUSTER;
    const int64_t last = first + HL_CLUSTER < r->kept ? first + HL_CLUSTER : r->kept;
    int64_t sum = 0;
    for (int64_t i = first; i < last; i++)
        sum += r->old_steps[r->order[i] / HL_CLUSTER];
    w->adam_steps[c] = !w->adam_cluster || first >= last ? (int32_t)r->counters[HL_GPU_N_STEPS]
                                                         : (int32_t)(sum / (last - first));
}

#endif /* HL_RASTER_CUDA_GPU_REFINE_H */
