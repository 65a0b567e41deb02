/* SPDX-License-Identifier: MIT */
/* raster/density/budget.h -- what the recipe of density_budget.c does to one splat.
 *
 * HD: the CPU refines by this text, the GPU's kernels too.
 */
#ifndef HL_RASTER_DENSITY_BUDGET_H
#define HL_RASTER_DENSITY_BUDGET_H

#include "core/rng.h"
#include "core/vec.h"
#include "raster/constants.h"
#include "raster/morton.h"

#include <string.h>

#define HL_BUDGET_FAR_EXTENTS    100.0      /* farther from the cameras than that: gone        */
#define HL_BUDGET_CHILD_SCALE    0.70710678 /* k: of the longest axis                          */
#define HL_BUDGET_CHILD_EXPONENT 0.70710678 /* of a split pair; 1/2 for a clone                */
#define HL_BUDGET_SCREEN_SHARE   0.5        /* a child should cover less of the picture        */

HL_HD hl_real hl_budget_decayed(hl_real logit_opa, hl_real off)
{
    return hl_logit(hl_clamp(hl_sigmoid(logit_opa) - off, (hl_real)1e-4, (hl_real)0.9999));
}

/* n fragments with sums of dL/dalpha and of its square. */
HL_HD hl_real hl_budget_score(hl_real n, hl_real sum, hl_real sum_2, hl_real logit_opa)
{
    if (!(n > 0))
        return 0;
    const hl_real mean = sum / n, variance = hl_max(sum_2 / n - mean * mean, 0);
    const hl_real o = hl_sigmoid(logit_opa);
    return n * variance * o * o;
}

/* squared: distance from the cameras' centre; weight: sum over the pictures. */
HL_HD int hl_budget_is_dead(hl_real logit_opa, int all_seen, hl_real weight, hl_real squared,
                            hl_real extent)
{
    const hl_real far_away = (hl_real)HL_BUDGET_FAR_EXTENTS;
    return hl_sigmoid(logit_opa) < (hl_real)HL_ALPHA_MIN || (all_seen && weight <= 0) ||
           squared > far_away * far_away * extent * extent;
}

/* Sorts upwards where ln(score) + Gumbel noise sorts downwards: the first n of splats sorted by it
 * are a sample without replacement in proportion to the score (Kool et al. 2019).  HL_MORTON_LAST
 * for what cannot be drawn. */
HL_HD uint64_t hl_budget_key(float score, uint64_t seed, uint64_t step, uint64_t i)
{
    uint32_t bits;
    if (!(score > 0) || !(score < 3e38f))
        return HL_MORTON_LAST;
    hl_rng rng = hl_rng_at(seed, step, i, HL_RNG_REFINE);
    const hl_real u = hl_rng_uniform(&rng) + (hl_real)(0.5 / 16777216); /* in (0, 1) */
    const float key = (float)(hl_ln((hl_real)score) - hl_ln(-hl_ln(u)));
    memcpy(&bits, &key, sizeof bits);
    bits = bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
    return (uint64_t)bits << 16;
}

/* What a child's logit becomes: 1 - (1 - o)^exponent. */
HL_HD hl_real hl_budget_share(hl_real logit_opa, hl_real exponent)
{
    const hl_real child = 1 - hl_pow(1 - hl_sigmoid(logit_opa), exponent);
    return hl_logit(hl_clamp(child, (hl_real)1e-4, (hl_real)0.9999));
}

/* Sizes of the two children, in place, and how far they lie from the parent: move (3), out.
 * radius: share of the picture that the parent covered. */
HL_HD void hl_budget_split(hl_real log_scale[3], const hl_real quat[4], hl_real radius,
                           hl_real move[3])
{
    const hl_real largest = hl_exp(hl_max(log_scale[0], hl_max(log_scale[1], log_scale[2])));
    const hl_real k = hl_min((hl_real)HL_BUDGET_CHILD_SCALE,
                             (hl_real)HL_BUDGET_SCREEN_SHARE / hl_max(radius, (hl_real)1e-6));
    hl_real offset[3], unit[4], r[9];
    for (int i = 0; i < 3; i++) {
        const hl_real size = hl_exp(log_scale[i]), ratio = size / largest;
        const hl_real shrink = 1 - ratio * ratio * (1 - k);
        offset[i] = hl_sqrt(hl_max(1 - shrink * shrink, 0)) * size;
        log_scale[i] += hl_ln(shrink);
    }
    hl_quat_unit(quat, unit);
    hl_rotation(unit, r);
    hl_mul3(r, offset, move);
}

#endif /* HL_RASTER_DENSITY_BUDGET_H */
