/* SPDX-License-Identifier: MIT */
/* raster/train/small.h -- Adam on what belongs to one photo: its exposure, its pose.
 *
 * HD: the CPU trains by this text, the GPU's kernels too.
 */
#ifndef HL_RASTER_TRAIN_SMALL_H
#define HL_RASTER_TRAIN_SMALL_H

#include "core/se3.h"
#include "raster/adam_update.h"

#include <stdint.h>

/* Step n > 0 of `count` values. */
HL_HD void hl_small_adam(hl_real *p, hl_real *m, hl_real *v, const hl_real *g, int count,
                         hl_real lr, int32_t n)
{
    const hl_real step = (hl_real)((double)lr / (1 - pow(HL_ADAM_BETA1, (double)n)));
    const hl_real inv = (hl_real)(1 / sqrt(1 - pow(HL_ADAM_BETA2, (double)n)));
    for (int i = 0; i < count; i++)
        hl_adam_update(&p[i], &m[i], &v[i], g[i], step, inv);
}

/* Moves camera_from_world (r, t) by Adam on the twist g (6): radians, length.  Each step starts
 * from zero at the pose reached; r stays a rotation. */
HL_HD void hl_small_pose(hl_real r[9], hl_real t[3], hl_real m[6], hl_real v[6], const hl_real g[6],
                         hl_real lr_turn, hl_real lr_shift, int32_t n)
{
    hl_real twist[6] = {0, 0, 0, 0, 0, 0}, turn[9], turned[9], q[4], unit[4], moved[3];
    hl_small_adam(twist, m, v, g, 3, lr_turn, n);
    hl_small_adam(twist + 3, m + 3, v + 3, g + 3, 3, lr_shift, n);
    hl_so3_exp(twist, turn);
    hl_matmul3(turn, r, turned);
    hl_quat_from_rotation(turned, q);
    hl_quat_unit(q, unit);
    hl_rotation(unit, r);
    hl_se3_apply(turn, twist + 3, t, moved);
    for (int i = 0; i < 3; i++)
        t[i] = moved[i];
}

#endif /* HL_RASTER_TRAIN_SMALL_H */
