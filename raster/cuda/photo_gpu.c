/* SPDX-License-Identifier: MIT */
/* What the means of the loss are over, counted once per photo and size on the host. */
#include "core/memory.h"
#include "raster/cpu/loss_rows.h"
#include "raster/cuda/train_gpu.h"
#include "raster/train/shrink.h"

#include <math.h>

typedef struct counting {
    const hl_loss_target *target;
    int32_t width, height, factor; /* of the picture */
} counting;

static size_t photo_at(const counting *c, int32_t x, int32_t y)
{
    return (size_t)y * (size_t)c->factor * (size_t)c->target->width + (size_t)x * (size_t)c->factor;
}

static int ignored(const counting *c, int32_t x, int32_t y)
{
    return c->target->mask &&
           !hl_shrink_mask(c->target->mask, (size_t)c->target->width, c->factor, photo_at(c, x, y));
}

/* Windows without an ignored pixel.  row (width): scratch. */
static int64_t count_windows(const counting *c, int32_t *column)
{
    int64_t windows = 0;
    for (int32_t y = 0; y < c->height; y++) {
        int lo, hi;
        int32_t sum = 0;
        hl_loss_taps(y, c->height, &lo, &hi);
        for (int32_t x = 0; x < c->width; x++) {
            column[x] = 0;
            for (int k = lo; k < hi; k++)
                column[x] += ignored(c, x, y + k - HL_LOSS_HALF);
        }
        for (int32_t x = 0; x < c->width + HL_LOSS_HALF; x++) {
            sum += x < c->width ? column[x] : 0;
            sum -= x >= HL_SSIM_TAPS ? column[x - HL_SSIM_TAPS] : 0;
            windows += x >= HL_LOSS_HALF && sum == 0;
        }
    }
    return windows;
}

hl_status hl_gpu_count_photo(const hl_loss_target *target, int32_t factor, hl_gpu_photo *photo)
{
    const counting c = {target, target->width / factor, target->height / factor, factor};
    const int64_t all = (int64_t)c.width * c.height;
    int64_t kept = all, windows = all, depth = 0, normal = 0;
    if (target->mask) {
        int32_t *column = hl_alloc((size_t)c.width, sizeof *column);
        if (!column)
            return HL_E_MEMORY;
        windows = count_windows(&c, column);
        hl_free(column);
        kept = 0;
    }
    const size_t middle = (size_t)factor / 2 * ((size_t)target->width + 1);
    for (int32_t y = 0; y < c.height && (target->mask || target->depth || target->normal); y++)
        for (int32_t x = 0; x < c.width; x++) {
            const size_t at = photo_at(&c, x, y) + middle;
            const int keep = !ignored(&c, x, y);
            const float *n = target->normal ? target->normal + 3 * at : NULL;
            kept += target->mask && keep;
            depth += keep && target->depth && target->depth[at] > 0;
            normal += keep && n && (n[0] != 0 || n[1] != 0 || n[2] != 0);
        }
    photo->factor = factor;
    photo->pixels_kept = (float)kept;
    photo->windows_kept = (float)windows;
    photo->depth_known = (float)depth;
    photo->normal_known = (float)normal;
    return HL_OK;
}
