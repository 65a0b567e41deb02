/* SPDX-License-Identifier: MIT */
/* raster/density.h -- adding and removing splats while training.
 *
 *   none     the number stays
 *   budget   our own recipe: a count that grows along a line to the cap; where to add is decided
 *            by the variance of dL/d(alpha) over a splat's pixels, which to split or clone by its
 *            size; opacity decays slowly and what falls below 1/255 or is never seen is replaced
 *   adc      adaptive density control of Kerbl et al. 2023 (its authors' current code)
 *   mcmc     Kheradmand et al. 2024, "3D Gaussian Splatting as Markov Chain Monte Carlo"
 *
 * Every choice is a pure function of (state, seed, step): ties go to the lower index, random
 * numbers are counter-based, nothing depends on the thread count.
 */
#ifndef HL_RASTER_DENSITY_H
#define HL_RASTER_DENSITY_H

#include "raster/adam.h"
#include "raster/raster.h"

typedef enum hl_density_kind {
    HL_DENSITY_NONE,
    HL_DENSITY_BUDGET,
    HL_DENSITY_ADC,
    HL_DENSITY_MCMC
} hl_density_kind;

typedef struct hl_density_config {
    hl_density_kind kind;
    int32_t cap;                /* splats at most                                              */
    int32_t start, stop, every; /* steps: refine at start < step <= stop where step % every = 0 */
    uint64_t seed;
    /* budget */
    float decay;       /* opacity taken off per 200 steps at the start, falling to 0 at `total`  */
    int32_t total;     /* steps of the whole training                                           */
    float clone_scale; /* of extent: smaller splats are cloned, larger ones split               */
    /* adc */
    float grad_threshold; /* mean |dL/d(mean in NDC)|                                             */
    bool grad_absolute;  /* use the sum of absolute values per pixel                              */
    int32_t reset_every; /* steps between opacity resets, 0: none                                 */
    bool white_background; /* one more reset at `start` */
    /* mcmc */
    float noise; /* factor of the position noise: 5e5                                             */
} hl_density_config;

/* What a refinement works on.  Everything is borrowed; splats and adam change. */
typedef struct hl_density_state {
    hl_splats *splats;
    hl_adam *adam;
    hl_raster_stats *stats;  /* since the last refinement; see hl_density_needs */
    float center[3], extent; /* of the cameras (raster/init.h)                  */
    int32_t first_count;     /* splats at the start of training                 */
    int32_t views;           /* pictures since the last refinement              */
    int32_t view_count;      /* training pictures in all                        */
} hl_density_state;

typedef struct hl_density_report {
    int32_t born, split, cloned, removed, bad; /* bad: removed as not finite; part of removed */
} hl_density_report;

/* What of hl_raster_stats a recipe reads: bits by order of the struct's members. */
enum {
    HL_DENSITY_SEEN = 1 << 0,
    HL_DENSITY_GRAD_2D = 1 << 1,
    HL_DENSITY_GRAD_2D_ABS = 1 << 2,
    HL_DENSITY_RADIUS = 1 << 3,
    HL_DENSITY_WEIGHT = 1 << 4,
    HL_DENSITY_FRAGMENTS = 1 << 5,
    HL_DENSITY_GRAD_ALPHA = 1 << 6,
    HL_DENSITY_GRAD_ALPHA_2 = 1 << 7
};
uint32_t hl_density_needs(const hl_density_config *config);

/* Whether statistics are to be collected in the step after `step` steps were taken, and whether
 * to refine now that `step` steps were taken. */
bool hl_density_collects(const hl_density_config *config, int32_t step);
bool hl_density_due(const hl_density_config *config, int32_t step);

/* Refines after `step` steps: removes, adds, resets.  Splats end in Z-order (except "none").
 * The caller clears the statistics.  Errors: HL_E_MEMORY. */
hl_status hl_density_refine(const hl_density_config *config, const hl_density_state *state,
                            int32_t step, hl_density_report *report);

/* After each step: the position noise of "mcmc", scaled by lr_mean; nothing otherwise. */
void hl_density_perturb(const hl_density_config *config, hl_splats *splats, float lr_mean,
                        int32_t step);

/* Bytes that refining takes for a while, for --dry-run. */
size_t hl_density_bytes(int32_t capacity);

#endif /* HL_RASTER_DENSITY_H */
