/* SPDX-License-Identifier: MIT */
/* raster/density/mcmc.h -- what the recipe of density_mcmc.c does to one splat.
 *
 * Sums of opacities are sums of whole numbers, so that draws do not depend on their order.
 * HD: the CPU refines by this text, the GPU's kernels too.
 */
#ifndef HL_RASTER_DENSITY_MCMC_H
#define HL_RASTER_DENSITY_MCMC_H

#include "core/rng.h"
#include "core/vec.h"

#define HL_MCMC_DEAD_OPACITY    0.005
#define HL_MCMC_OPACITY_MAX     0.99999
#define HL_MCMC_COPIES_MAX      51
#define HL_MCMC_GROWTH          1.05
#define HL_MCMC_NOISE_SHARPNESS 100.0 /* k: how fast noise fades above t */
#define HL_MCMC_NOISE_OPACITY   0.005 /* t                               */

HL_HD int hl_mcmc_is_dead(hl_real logit_opa)
{
    return hl_sigmoid(logit_opa) <= (hl_real)HL_MCMC_DEAD_OPACITY;
}

/* Opacity in units of 2^-32: 2^25 of them have a sum below 2^58. */
HL_HD uint64_t hl_mcmc_weight(hl_real logit_opa)
{
    return (uint64_t)((double)hl_sigmoid(logit_opa) * 4294967296.0);
}

/* Draw number k: the i with sum[i] <= u < sum[i + 1] for u uniform in 0 .. sum[count] - 1.
 * sum (count + 1): exclusive sums of weights, sum[count] > 0. */
HL_HD int64_t hl_mcmc_draw(const uint64_t *sum, int64_t count, uint64_t seed, uint64_t step,
                           uint64_t k)
{
    hl_rng rng = hl_rng_at(seed, step, k, HL_RNG_REFINE);
    const uint64_t r = hl_rng_u32(&rng), all = sum[count];
    const uint64_t u = (all >> 32) * r + ((all & 0xffffffffu) * r >> 32); /* all r / 2^32 */
    int64_t lo = 0, hi = count;
    while (hi - lo > 1) {
        const int64_t middle = lo + (hi - lo) / 2;
        if (sum[middle] <= u)
            lo = middle;
        else
            hi = middle;
    }
    return lo;
}

/* n splats in the place of one of opacity o keep its picture (Kheradmand et al. 2024, eq. 9):
 *   o' = 1 - (1 - o)^(1/n)
 *   s' = s o / sum_{i=1..n} sum_{k=0..i-1} C(i-1, k) (-1)^k o'^(k+1) / sqrt(k+1) */
HL_HD void hl_mcmc_relocation(double o, int n, double *opacity, double *scale_factor)
{
    const double child = 1 - pow(1 - o, 1.0 / n);
    double sum = 0;
    for (int i = 1; i <= n; i++) {
        double term = 1; /* C(i-1, k) (-1)^k o'^k */
        for (int k = 0; k < i; k++) {
            sum += term * child / sqrt(k + 1.0);
            term *= -child * (i - 1 - k) / (k + 1.0);
        }
    }
    *opacity = child;
    *scale_factor = o / sum;
}

/* The share that each of a splat and its `times` copies takes, in place. */
HL_HD void hl_mcmc_share(hl_real log_scale[3], hl_real *logit_opa, int times)
{
    const int n = times + 1 < HL_MCMC_COPIES_MAX ? times + 1 : HL_MCMC_COPIES_MAX;
    double opacity, factor;
    hl_mcmc_relocation((double)hl_sigmoid(*logit_opa), n, &opacity, &factor);
    *logit_opa = hl_logit(
        hl_clamp((hl_real)opacity, (hl_real)HL_MCMC_DEAD_OPACITY, (hl_real)HL_MCMC_OPACITY_MAX));
    for (int a = 0; a < 3; a++)
        log_scale[a] += (hl_real)log(factor);
}

/* move (3): S eta scale sigmoid(-k (o - t)) with S = R diag(s^2) R^T and eta normal. */
HL_HD void hl_mcmc_noise(const hl_real log_scale[3], const hl_real quat[4], hl_real logit_opa,
                         hl_real scale, uint64_t seed, uint64_t step, uint64_t i, hl_real move[3])
{
    const hl_real k = (hl_real)HL_MCMC_NOISE_SHARPNESS, t = (hl_real)HL_MCMC_NOISE_OPACITY;
    const hl_real weight = scale * hl_sigmoid(-k * (hl_sigmoid(logit_opa) - t));
    hl_real eta[3], unit[4], r[9], local[3];
    for (int a = 0; a < 3; a++)
        move[a] = 0;
    if (!(weight > 0))
        return;
    hl_rng rng = hl_rng_at(seed, step, i, HL_RNG_NOISE);
    for (int a = 0; a < 3; a++)
        eta[a] = hl_rng_normal(&rng);
    hl_quat_unit(quat, unit);
    hl_rotation(unit, r);
    hl_mul3_t(r, eta, local);
    for (int a = 0; a < 3; a++)
        local[a] *= hl_exp(2 * log_scale[a]);
    hl_mul3(r, local, move);
    for (int a = 0; a < 3; a++)
        move[a] *= weight;
}

#endif /* HL_RASTER_DENSITY_MCMC_H */
