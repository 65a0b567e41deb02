/* SPDX-License-Identifier: MIT */
/* raster/adam_update.h -- one value's step of Adam (Kingma and Ba 2015, algorithm 1).
 *
 * HD: the CPU's rows and the GPU's kernels step by this text.
 */
#ifndef HL_RASTER_ADAM_UPDATE_H
#define HL_RASTER_ADAM_UPDATE_H

#include "core/hd.h"

#define HL_ADAM_BETA1 0.9
#define HL_ADAM_BETA2 0.999
#define HL_ADAM_EPS   1e-15

/* step = lr / (1 - beta1^t); inv_sqrt_bias2 = 1 / sqrt(1 - beta2^t). */
HL_HD void hl_adam_update(hl_real *p, hl_real *m, hl_real *v, hl_real g, hl_real step,
                          hl_real inv_sqrt_bias2)
{
    const hl_real b1 = (hl_real)HL_ADAM_BETA1, b2 = (hl_real)HL_ADAM_BETA2;
    *m = b1 * *m + (1 - b1) * g;
    *v = b2 * *v + (1 - b2) * g * g;
    *p -= step * *m / (hl_sqrt(*v) * inv_sqrt_bias2 + (hl_real)HL_ADAM_EPS);
}

#endif /* HL_RASTER_ADAM_UPDATE_H */
