/* SPDX-License-Identifier: MIT */
/* Which blobs are kept: large ones last over changes of view, spread ones hold the camera. */
#include "core/memory.h"
#include "sfm/feat/sift.h"

#include <stdlib.h>
#include <string.h>

enum { CELLS = 16, CELL_COUNT = CELLS * CELLS }; /* of the picture, a side */

typedef struct ranked {
    float scale; /* pixels of the picture */
    float contrast;
    float x, y;
    int32_t index; /* in the list */
    int32_t cell;
    bool kept;
} ranked;

static int order(float a, float b)
{
    return (a > b) - (a < b);
}

static int strongest_first(const void *pa, const void *pb)
{
    const ranked *a = pa, *b = pb;
    const int by = order(b->contrast, a->contrast);
    return by ? by : (a->index > b->index) - (a->index < b->index);
}

static int largest_first(const void *pa, const void *pb)
{
    const ranked *a = pa, *b = pb;
    const int by_scale = order(b->scale, a->scale);
    if (by_scale)
        return by_scale;
    const int by_y = order(a->y, b->y), by_x = order(a->x, b->x);
    return by_y ? by_y : by_x ? by_x : (a->index > b->index) - (a->index < b->index);
}

static void rank(ranked *r, const hl_sift_blobs *blobs, const hl_sift_octave *octaves,
                 int32_t width, int32_t height)
{
    for (int32_t i = 0; i < blobs->count; i++) {
        const hl_sift_blob *b = &blobs->list[i];
        const float pixel = octaves[b->octave].pixel;
        int32_t cx = (int32_t)(b->x * pixel * CELLS / (float)width);
        int32_t cy = (int32_t)(b->y * pixel * CELLS / (float)height);
        cx = cx < CELLS ? cx : CELLS - 1;
        cy = cy < CELLS ? cy : CELLS - 1;
        r[i] = (ranked){.scale = b->sigma * pixel,
                        .contrast = b->contrast,
                        .x = b->x * pixel,
                        .y = b->y * pixel,
                        .index = i,
                        .cell = cy * CELLS + cx};
    }
}

/* The largest quota for each cell that takes at most `limit` of them in all. */
static int32_t quota_of(const int32_t *held, int32_t limit)
{
    int32_t low = 0, high = limit;
    while (low < high) {
        const int32_t quota = low + (high - low + 1) / 2;
        int64_t total = 0;
        for (int c = 0; c < CELL_COUNT; c++)
            total += held[c] < quota ? held[c] : quota;
        if (total <= limit)
            low = quota;
        else
            high = quota - 1;
    }
    return low;
}

/* r: strongest first; taken from the front where not yet kept, and where the quota of the cell,
 * if any, allows. */
static int32_t take(ranked *r, int32_t count, int32_t limit, const int32_t *quota)
{
    int32_t taken[CELL_COUNT] = {0}, kept = 0;
    for (int32_t i = 0; i < count && kept < limit; i++)
        if (!r[i].kept && (!quota || taken[r[i].cell]++ < *quota)) {
            r[i].kept = true;
            kept++;
        }
    return kept;
}

/* Leaves r largest first. */
static void keep(ranked *r, int32_t count, int32_t limit)
{
    int32_t held[CELL_COUNT] = {0};
    for (int32_t i = 0; i < count; i++)
        held[r[i].cell]++;
    const int32_t quota = quota_of(held, limit / 2);
    qsort(r, (size_t)count, sizeof *r, largest_first);
    const int32_t kept = take(r, count, limit, &quota);
    qsort(r, (size_t)count, sizeof *r, strongest_first);
    take(r, count, limit - kept, NULL);
    qsort(r, (size_t)count, sizeof *r, largest_first);
}

hl_status hl_sift_select(hl_sift_blobs *blobs, const hl_sift_octave *octaves, int32_t width,
                         int32_t height, const hl_sift_settings *settings)
{
    ranked *r = hl_alloc((size_t)blobs->count, sizeof *r);
    hl_sift_blob *chosen = hl_alloc((size_t)blobs->count, sizeof *chosen);
    if (!r || !chosen) {
        hl_free(r);
        hl_free(chosen);
        return HL_E_MEMORY;
    }
    rank(r, blobs, octaves, width, height);
    qsort(r, (size_t)blobs->count, sizeof *r, strongest_first);
    int32_t count = 0;
    while (count < blobs->count &&
           (r[count].contrast >= settings->peak || count < settings->min_features))
        count++;
    keep(r, count, settings->max_features);
    int32_t kept = 0;
    for (int32_t i = 0; i < count; i++)
        if (r[i].kept)
            chosen[kept++] = blobs->list[r[i].index];
    hl_free(r);
    hl_free(blobs->list);
    blobs->list = chosen;
    blobs->capacity = blobs->count;
    blobs->count = kept;
    return HL_OK;
}
