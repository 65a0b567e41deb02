/* SPDX-License-Identifier: MIT */
/* raster/train/shrink.h -- one pixel of a photo made smaller by a whole factor.
 *
 * HD: the CPU shrinks photos by this text, the GPU reads them through it.
 */
#ifndef HL_RASTER_TRAIN_SHRINK_H
#define HL_RASTER_TRAIN_SHRINK_H

#include "core/hd.h"

#include <stddef.h>
#include <stdint.h>

/* Mean of a block of `factor` x `factor` pixels of which `first` (index of a pixel) is the first;
 * colour is weighted by alpha.  pixels: rows of `width` pixels, 3 or 4 channels; out: one pixel. */
HL_HD void hl_shrink_pixel(const uint8_t *pixels, size_t width, int channels, int factor,
                           size_t first, uint8_t *out)
{
    const size_t f = (size_t)factor;
    uint32_t sum[3] = {0, 0, 0}, weight = 0;
    for (size_t y = 0; y < f; y++)
        for (size_t x = 0; x < f; x++) {
            const uint8_t *p = pixels + (first + y * width + x) * (size_t)channels;
            const uint32_t a = channels == 4 ? p[3] : 1;
            for (int c = 0; c < 3; c++)
                sum[c] += a * p[c];
            weight += a;
        }
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)(weight ? (sum[c] + weight / 2) / weight : 0);
    if (channels == 4)
        out[3] = (uint8_t)((weight + (uint32_t)(f * f) / 2) / (uint32_t)(f * f));
}

/* 0 where any pixel of the block is ignored. */
HL_HD int hl_shrink_mask(const uint8_t *mask, size_t width, int factor, size_t first)
{
    for (size_t y = 0; y < (size_t)factor; y++)
        for (size_t x = 0; x < (size_t)factor; x++)
            if (!mask[first + y * width + x])
                return 0;
    return 1;
}

#endif /* HL_RASTER_TRAIN_SHRINK_H */
