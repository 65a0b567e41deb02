/* SPDX-License-Identifier: MIT */
/* raster/density/adc.h -- what the recipe of density_adc.c does to one splat.
 *
 * HD: the CPU refines by this text, the GPU's kernels too.
 */
#ifndef HL_RASTER_DENSITY_ADC_H
#define HL_RASTER_DENSITY_ADC_H

#include "core/rng.h"
#include "core/vec.h"

#include <string.h>

#define HL_ADC_OPACITY_MIN   0.005
#define HL_ADC_OPACITY_RESET 0.01
#define HL_ADC_SCALE_MAX     0.1 /* of extent, once opacity was reset */
#define HL_ADC_SPLIT_DIVISOR 1.6

HL_HD hl_real hl_adc_largest(const hl_real log_scale[3])
{
    return hl_exp(hl_max(log_scale[0], hl_max(log_scale[1], log_scale[2])));
}

/* grad: sum over `seen` pictures.  The mean where it reaches the threshold, else 0. */
HL_HD float hl_adc_score(float grad, float seen, float threshold)
{
    const float mean = seen > 0 ? grad / seen : 0;
    return mean >= threshold ? mean : 0;
}

/* Sorts upwards where scores fall: scores are not negative, so their bits sort as they do. */
HL_HD uint64_t hl_adc_key(float score)
{
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return (uint64_t)(0x7fffffffu - bits);
}

/* Shrinks the splat to the size of its two children; move: from the parent to each. */
HL_HD void hl_adc_split(hl_real log_scale[3], const hl_real quat[4], uint64_t seed, uint64_t step,
                        uint64_t i, hl_real move[2][3])
{
    hl_real unit[4], r[9], size[3];
    hl_quat_unit(quat, unit);
    hl_rotation(unit, r);
    for (int a = 0; a < 3; a++) {
        size[a] = hl_exp(log_scale[a]);
        log_scale[a] -= hl_ln((hl_real)HL_ADC_SPLIT_DIVISOR);
    }
    hl_rng rng = hl_rng_at(seed, step, i, HL_RNG_REFINE);
    for (int k = 0; k < 2; k++) {
        hl_real local[3];
        for (int a = 0; a < 3; a++)
            local[a] = size[a] * hl_rng_normal(&rng);
        hl_mul3(r, local, move[k]);
    }
}

/* big: whether large splats go as well. */
HL_HD int hl_adc_is_dead(const hl_real log_scale[3], hl_real logit_opa, int big, hl_real extent)
{
    return hl_sigmoid(logit_opa) < (hl_real)HL_ADC_OPACITY_MIN ||
           (big && hl_adc_largest(log_scale) > (hl_real)HL_ADC_SCALE_MAX * extent);
}

HL_HD hl_real hl_adc_reset(hl_real logit_opa)
{
    return hl_logit(hl_min(hl_sigmoid(logit_opa), (hl_real)HL_ADC_OPACITY_RESET));
}

#endif /* HL_RASTER_DENSITY_ADC_H */
