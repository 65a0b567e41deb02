/* SPDX-License-Identifier: MIT */
/* raster/density/density_ops.h -- what the recipes of raster/density.h share. */
#ifndef HL_RASTER_DENSITY_DENSITY_OPS_H
#define HL_RASTER_DENSITY_DENSITY_OPS_H

#include "raster/density.h"

/* Scratch memory of one refinement, released as a whole. */
typedef struct hl_density_work {
    hl_arena arena;
    uint8_t *dead;  /* (capacity) */
    uint64_t *keys; /* (capacity) */
    int32_t *order; /* (capacity) */
    float *score;   /* (capacity) */
} hl_density_work;

hl_status hl_density_work_init(hl_density_work *work, int32_t capacity);
void hl_density_work_release(hl_density_work *work);

bool hl_density_finite(const hl_splats *splats, int32_t i);
float hl_density_max_scale(const hl_splats *splats, int32_t i); /* largest exp(log_scale) */

/* Marks non-finite splats as dead; returns how many. */
int32_t hl_density_mark_bad(const hl_splats *splats, uint8_t *dead);

/* Removes what is dead, keeps the order; parameters and moments.  Returns how many. */
hl_status hl_density_compact(const hl_density_state *state, const uint8_t *dead, int32_t *removed);

/* Sorts parameters and moments into Z-order.  Adam's counters: in dense mode all become the
 * largest; in cluster mode each becomes the mean of what its members had. */
hl_status hl_density_sort(const hl_density_state *state, hl_density_work *work);

/* Indices by falling key among those with dead[i] == 0 and score > 0, where key = ln(score) +
 * Gumbel noise: the first n are a sample without replacement in proportion to the score (Kool et
 * al. 2019).  order (count): out, best first, *candidates of them; keys (count): scratch. */
hl_status hl_density_pick(const float *score, const uint8_t *dead, int32_t count, uint64_t seed,
                          uint64_t step, uint64_t *keys, int32_t *order, int32_t *candidates);

/* A place for a new splat: the next dead slot from *cursor, else one more at the end; -1 where
 * neither exists.  The slot is marked alive. */
int32_t hl_density_place(const hl_density_state *state, uint8_t *dead, int32_t *cursor,
                         int32_t cap);

/* Budget: opacity taken off at a refinement, and the number of splats wanted after it. */
float hl_budget_off(const hl_density_config *config, int32_t step);
int32_t hl_budget_wanted(const hl_density_config *config, int32_t first_count, int32_t step);

/* The recipes. */
hl_status hl_density_refine_budget(const hl_density_config *config, const hl_density_state *state,
                                   int32_t step, hl_density_work *work, hl_density_report *report);
hl_status hl_density_refine_adc(const hl_density_config *config, const hl_density_state *state,
                                int32_t step, hl_density_work *work, hl_density_report *report);
hl_status hl_density_refine_mcmc(const hl_density_config *config, const hl_density_state *state,
                                 int32_t step, hl_density_work *work, hl_density_report *report);

#endif /* HL_RASTER_DENSITY_DENSITY_OPS_H */
