/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "raster/cuda/training_gpu.h"

#include <string.h>

enum { PARTS = 4 };

static int32_t copied(int32_t slot)
{
    return 2 * slot;
}

static int32_t used(int32_t slot)
{
    return 2 * slot + 1;
}

static int has_size(const hl_gpu_photo_slot *slot, int32_t factor)
{
    for (int32_t k = 0; k < slot->sizes; k++)
        if (slot->size[k].factor == factor)
            return 1;
    return 0;
}

static int32_t ring_of(const hl_gpu_training *g, int32_t photo, int32_t factor)
{
    for (int32_t k = 0; k < HL_GPU_RING; k++)
        if (g->ring[k].photo == photo && has_size(&g->ring[k].slot, factor))
            return k;
    return -1;
}

int hl_gpu_photos_have(void *state, int32_t photo, int32_t factor)
{
    const hl_gpu_training *g = ((hl_gpu_raster *)state)->training;
    if (!g->decided)
        return 0;
    return g->resident ? has_size(&g->photo[photo], factor) : ring_of(g, photo, factor) >= 0;
}

int hl_gpu_photos_stream(void *state)
{
    const hl_gpu_training *g = ((hl_gpu_raster *)state)->training;
    return g->decided && !g->resident;
}

static size_t bytes_per_pixel(const hl_loss_target *t)
{
    return (size_t)t->channels + (t->mask ? 1 : 0) + (t->depth ? sizeof(float) : 0) +
           (t->normal ? 3 * sizeof(float) : 0);
}

/* All photos stay where they take at most half of the memory that is free. */
static hl_status decide(hl_gpu_raster *r, const hl_trainer *t, const hl_loss_target *first)
{
    hl_gpu_training *g = r->training;
    hl_gpu_info info;
    size_t all = 0, most = 0;
    HL_TRY(hl_gpu_describe(&r->gpu, &info));
    for (int32_t k = 0; k < g->count; k++) {
        const size_t pixels = (size_t)t->view[k].width * (size_t)t->view[k].height;
        all += pixels * bytes_per_pixel(first);
        most = pixels > most ? pixels : most;
    }
    /* photos may differ in what they carry: room for all of it */
    g->ring_bytes = most * (4 + 1 + 4 * sizeof(float));
    if (!g->decided)
        g->resident = all <= info.memory_free / 2;
    g->decided = true;
    g->ring_taken = -1;
    for (int32_t k = 0; k < HL_GPU_RING; k++)
        g->ring[k].photo = -1;
    return HL_OK;
}

/* Where the parts of a photo lie behind `base`: depth and normals first, which want alignment.
 * part, bytes (PARTS): what goes there, NULL for none. */
static void lay_out(const hl_loss_target *t, uint8_t *base, hl_gpu_photo *p,
                    const void *part[PARTS], uint8_t *to[PARTS], size_t bytes[PARTS])
{
    const size_t pixels = (size_t)t->width * (size_t)t->height;
    const void *const from[PARTS] = {t->depth, t->normal, t->pixels, t->mask};
    const size_t size[PARTS] = {sizeof(float), 3 * sizeof(float), (size_t)t->channels, 1};
    for (int k = 0; k < PARTS; k++) {
        part[k] = from[k];
        bytes[k] = from[k] ? pixels * size[k] : 0;
        to[k] = from[k] ? base : NULL;
        base += bytes[k];
    }
    p->depth = (const float *)(const void *)to[0];
    p->normal = (const float *)(const void *)to[1];
    p->pixels = to[2];
    p->mask = to[3];
    p->width = t->width;
    p->channels = t->channels;
}

static hl_status send_photo(hl_gpu_raster *r, hl_gpu_photo_slot *slot, const hl_loss_target *t,
                            hl_gpu_photo *p)
{
    const size_t pixels = (size_t)t->width * (size_t)t->height;
    const void *part[PARTS];
    uint8_t *to[PARTS];
    size_t bytes[PARTS];
    HL_TRY(hl_gpu_reserve(&r->gpu, &slot->block, pixels * bytes_per_pixel(t), 1, "photos"));
    lay_out(t, slot->block.at, p, part, to, bytes);
    for (int k = 0; k < PARTS; k++)
        HL_TRY(hl_gpu_upload(&r->gpu, to[k], part[k], bytes[k]));
    return HL_OK;
}

/* A photo that is there already gets its counts at another size. */
static hl_status add_size(hl_gpu_photo_slot *slot, const hl_loss_target *t, int32_t factor,
                          const hl_gpu_photo *photo)
{
    hl_gpu_photo p = *photo;
    HL_TRY(hl_gpu_count_photo(t, factor, &p));
    slot->sizes = slot->sizes < HL_GPU_PHOTO_SIZES ? slot->sizes + 1 : HL_GPU_PHOTO_SIZES;
    slot->size[slot->sizes - 1] = p;
    return HL_OK;
}

/* New device memory is cleared by the main stream: the first copy comes behind that. */
static hl_status reserve_ring(hl_gpu_raster *r, hl_gpu_ring_slot *s, int32_t k)
{
    if (!s->slot.block.at) {
        HL_TRY(hl_gpu_reserve(&r->gpu, &s->slot.block, r->training->ring_bytes, 1, "photos"));
        HL_TRY(hl_gpu_signal(&r->gpu, used(k), HL_GPU_MAIN));
        s->used = true;
    }
    return s->pinned ? HL_OK : hl_gpu_pin(&r->gpu, &s->pinned, r->training->ring_bytes);
}

hl_status hl_gpu_photos_stage(void *state, const hl_trainer *t, const hl_device_step *step)
{
    hl_gpu_raster *r = state;
    hl_gpu_training *g = r->training;
    (void)t;
    const int32_t k = g->ring_next;
    hl_gpu_ring_slot *s = &g->ring[k];
    hl_gpu_photo p = {.factor = 0};
    const void *part[PARTS];
    uint8_t *to[PARTS], *pinned;
    size_t bytes[PARTS], all = 0;
    HL_TRY(reserve_ring(r, s, k));
    if (s->filled)
        HL_TRY(hl_gpu_await(&r->gpu, copied(k)));
    s->photo = -1;
    s->slot.sizes = 0;
    lay_out(step->target, s->slot.block.at, &p, part, to, bytes);
    pinned = s->pinned;
    for (int q = 0; q < PARTS; q++) {
        if (bytes[q])
            memcpy(pinned + all, part[q], bytes[q]);
        all += bytes[q];
    }
    if (s->used)
        HL_TRY(hl_gpu_follow(&r->gpu, used(k), HL_GPU_COPIES));
    HL_TRY(hl_gpu_stage_upload(&r->gpu, s->slot.block.at, pinned, all));
    HL_TRY(hl_gpu_signal(&r->gpu, copied(k), HL_GPU_COPIES));
    HL_TRY(add_size(&s->slot, step->target, step->factor, &p));
    s->filled = true;
    s->photo = step->photo;
    g->ring_next = (k + 1) % HL_GPU_RING;
    return HL_OK;
}

static hl_status take_from_ring(hl_gpu_raster *r, const hl_trainer *t, const hl_device_step *step,
                                hl_gpu_photo *out)
{
    hl_gpu_training *g = r->training;
    if (ring_of(g, step->photo, step->factor) < 0)
        HL_TRY(hl_gpu_photos_stage(r, t, step));
    const int32_t k = ring_of(g, step->photo, step->factor);
    HL_TRY(hl_gpu_follow(&r->gpu, copied(k), HL_GPU_MAIN));
    g->ring_taken = k;
    *out = g->ring[k].slot.size[0];
    return HL_OK;
}

hl_status hl_gpu_photos_take(hl_gpu_raster *r, const hl_trainer *t, const hl_device_step *step,
                             hl_gpu_photo *out)
{
    hl_gpu_training *g = r->training;
    if (step->target && !g->ring_bytes)
        HL_TRY(decide(r, t, step->target));
    if (!g->resident)
        return take_from_ring(r, t, step, out);
    hl_gpu_photo_slot *slot = &g->photo[step->photo];
    if (step->target) {
        hl_gpu_photo p = {.factor = 0};
        if (slot->sizes > 0)
            p = slot->size[0]; /* there already, at another size */
        else
            HL_TRY(send_photo(r, slot, step->target, &p));
        HL_TRY(add_size(slot, step->target, step->factor, &p));
    }
    for (int32_t k = 0; k < slot->sizes; k++)
        if (slot->size[k].factor == step->factor)
            *out = slot->size[k];
    return HL_OK;
}

hl_status hl_gpu_photos_used(hl_gpu_raster *r)
{
    hl_gpu_training *g = r->training;
    if (g->resident || g->ring_taken < 0)
        return HL_OK;
    g->ring[g->ring_taken].used = true;
    return hl_gpu_signal(&r->gpu, used(g->ring_taken), HL_GPU_MAIN);
}

void hl_gpu_photos_release(hl_gpu_raster *r)
{
    hl_gpu_training *g = r->training;
    for (int32_t k = 0; k < HL_GPU_RING; k++) {
        if (g->ring[k].filled)
            (void)hl_gpu_await(&r->gpu, copied(k)); /* pinned memory goes when nobody reads it */
        hl_gpu_free(&r->gpu, &g->ring[k].slot.block);
        hl_gpu_unpin(&r->gpu, g->ring[k].pinned);
    }
    for (int32_t k = 0; g->photo && k < g->count; k++)
        hl_gpu_free(&r->gpu, &g->photo[k].block);
    hl_free(g->photo);
    g->photo = NULL;
}
