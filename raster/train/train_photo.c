/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "core/parallel.h"
#include "raster/train/shrink.h"
#include "raster/train/trainer.h"

#include <string.h>

enum { SHRINK_BAND = 16 };

typedef struct shrink_job {
    const hl_loss_target *in;
    hl_train_shrunk *out;
    int32_t width, height, factor;
} shrink_job;

void hl_train_shrunk_release(hl_train_shrunk *s)
{
    hl_free(s->pixels);
    hl_free(s->mask);
    hl_free(s->depth);
    hl_free(s->normal);
    *s = (hl_train_shrunk){.pixels = NULL};
}

static hl_status reserve(hl_train_shrunk *s, size_t pixels, const hl_loss_target *t)
{
    if (s->pixel_capacity >= pixels && (s->mask || !t->mask) && (s->depth || !t->depth) &&
        (s->normal || !t->normal))
        return HL_OK;
    hl_train_shrunk_release(s);
    s->pixels = hl_alloc(pixels, 4);
    s->mask = t->mask ? hl_alloc(pixels, 1) : NULL;
    s->depth = t->depth ? hl_alloc(pixels, sizeof(float)) : NULL;
    s->normal = t->normal ? hl_alloc(pixels, 3 * sizeof(float)) : NULL;
    if (!s->pixels || (t->mask && !s->mask) || (t->depth && !s->depth) ||
        (t->normal && !s->normal)) {
        hl_train_shrunk_release(s);
        return HL_E_MEMORY;
    }
    s->pixel_capacity = pixels;
    return HL_OK;
}

static void shrink_band(void *ctx, int32_t band, int32_t thread)
{
    (void)thread;
    const shrink_job *job = ctx;
    const hl_loss_target *t = job->in;
    const int32_t end = (band + 1) * SHRINK_BAND, last = end < job->height ? end : job->height;
    for (int32_t y = band * SHRINK_BAND; y < last; y++)
        for (int32_t x = 0; x < job->width; x++) {
            const size_t to = (size_t)y * (size_t)job->width + (size_t)x;
            const size_t f = (size_t)job->factor;
            const size_t at = (size_t)y * f * (size_t)t->width + (size_t)x * f;
            const size_t middle = at + f / 2 * (size_t)t->width + f / 2;
            hl_shrink_pixel(t->pixels, (size_t)t->width, t->channels, job->factor, at,
                            job->out->pixels + to * (size_t)t->channels);
            if (t->mask)
                job->out->mask[to] =
                    (uint8_t)hl_shrink_mask(t->mask, (size_t)t->width, job->factor, at);
            if (t->depth)
                job->out->depth[to] = t->depth[middle];
            if (t->normal)
                memcpy(job->out->normal + 3 * to, t->normal + 3 * middle, 3 * sizeof(float));
        }
}

int32_t hl_train_shrink_view(hl_raster_view *view, int32_t factor)
{
    while (factor > 1 && (view->width < factor || view->height < factor))
        factor /= 2;
    if (factor <= 1)
        return 1;
    const float scale = 1 / (float)factor;
    view->width /= factor;
    view->height /= factor;
    view->fx *= scale;
    view->fy *= scale;
    view->cx *= scale;
    view->cy *= scale;
    return factor;
}

hl_status hl_train_shrink(hl_train_shrunk *shrunk, hl_loss_target *target, hl_raster_view *view,
                          int32_t factor)
{
    factor = hl_train_shrink_view(view, factor);
    if (factor <= 1)
        return HL_OK;
    const shrink_job job = {target, shrunk, view->width, view->height, factor};
    HL_TRY(reserve(shrunk, (size_t)job.width * (size_t)job.height, target));
    hl_parallel_for(hl_block_count(job.height, SHRINK_BAND), shrink_band, (void *)(uintptr_t)&job);
    target->width = job.width;
    target->height = job.height;
    target->pixels = shrunk->pixels;
    target->mask = target->mask ? shrunk->mask : NULL;
    target->depth = target->depth ? shrunk->depth : NULL;
    target->normal = target->normal ? shrunk->normal : NULL;
    return HL_OK;
}
