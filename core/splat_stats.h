/* SPDX-License-Identifier: MIT */
/* core/splat_stats.h -- what a scene of splats is like: extent, quantiles, coverage. */
#ifndef HL_CORE_SPLAT_STATS_H
#define HL_CORE_SPLAT_STATS_H

#include "core/splats.h"

enum { HL_SPLAT_QUANTILES = 5 };

/* The fractions at which quantiles are taken: 0, 0.05, 0.5, 0.95, 1. */
extern const double hl_splat_quantile_at[HL_SPLAT_QUANTILES];

typedef struct hl_splat_stats {
    double low[3], high[3];             /* box of the means, scene units                      */
    double core_low[3], core_high[3];   /* the same without the outer 2 % at each end         */
    double opacity[HL_SPLAT_QUANTILES]; /* quantiles of sigmoid(logit_opa), 0..1              */
    double largest[HL_SPLAT_QUANTILES]; /* of the largest axis' standard deviation            */
    double smallest[HL_SPLAT_QUANTILES];
    double fill_ratio; /* see below; 0 where the core box has no area        */
} hl_splat_stats;

/* All values must be finite (hl_splats_load sees to it).  With count == 0 everything is 0.
 *
 * The quantile at p of n sorted values is number floor(p (n - 1) + 0.5) from 0: one of them.
 *
 * fill_ratio = sum of opacity * pi * (two largest axes)  /  mean area of the faces of the core
 * box: how many layers of splats a look through the scene meets.  Far below 1 means holes, far
 * above 50 means haze or needles.
 *
 * Errors: HL_E_MEMORY; *stats is then untouched. */
hl_status hl_splats_measure(hl_splat_stats *stats, const hl_splats *splats);

#endif /* HL_CORE_SPLAT_STATS_H */
