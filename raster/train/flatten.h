/* SPDX-License-Identifier: MIT */
/* raster/train/flatten.h -- geometry mode's press on one splat.
 *
 * HD: the CPU trains by this text, the GPU's kernels too.
 */
#ifndef HL_RASTER_TRAIN_FLATTEN_H
#define HL_RASTER_TRAIN_FLATTEN_H

#include "core/vec.h"

#define HL_FLAT_RATIO_LOG (-4.605) /* 1/100 */

/* Takes `step` off the log of the smallest scale until that is HL_FLAT_RATIO_LOG below the next;
 * a thinner one stays as it is. */
HL_HD void hl_flatten(hl_real log_scale[3], hl_real step)
{
    hl_real *s = log_scale;
    const int least = hl_least3(s);
    const hl_real other = hl_min(s[(least + 1) % 3], s[(least + 2) % 3]);
    s[least] = hl_max(s[least] - step, hl_min(s[least], other + (hl_real)HL_FLAT_RATIO_LOG));
}

#endif /* HL_RASTER_TRAIN_FLATTEN_H */
