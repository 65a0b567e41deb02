/* SPDX-License-Identifier: MIT */
/* SIFT from a grey picture to features: detection, masks, choice, directions, descriptors. */
#include "sfm/feat/sift.h"

#include "core/memory.h"
#include "core/parallel.h"

#include <math.h>
#include <string.h>

typedef struct describe_ctx {
    const hl_sift_octave *octaves;
    const hl_sift_blob *blobs;
    const hl_sift_kernels *kernels;
    int32_t blob_count, row_count;
    float *angle;          /* (blobs, 2) */
    int32_t *angles;       /* (blobs)    */
    const int32_t *source; /* (rows): 2 * blob + which angle */
    hl_sift_grid grid;
    bool upright;
    hl_features *features;
    double scale_x, scale_y; /* picture to full-size photo */
} describe_ctx;

static void orient_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const describe_ctx *c = ctx;
    const int32_t end = (block + 1) * HL_SIFT_BLOBS;
    for (int32_t i = block * HL_SIFT_BLOBS; i < end && i < c->blob_count; i++) {
        const hl_sift_blob *blob = &c->blobs[i];
        c->angles[i] =
            c->upright ? 1 : c->kernels->orient(&c->octaves[blob->octave], blob, c->angle + 2 * i);
    }
}

static void describe_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const describe_ctx *c = ctx;
    const int32_t end = (block + 1) * HL_SIFT_BLOBS;
    for (int32_t i = block * HL_SIFT_BLOBS; i < end && i < c->row_count; i++) {
        const hl_sift_blob *blob = &c->blobs[c->source[i] / 2];
        const hl_sift_octave *octave = &c->octaves[blob->octave];
        const float angle = c->angle[c->source[i]];
        hl_keypoint *k = &c->features->keypoints[i];
        k->x = (float)(((double)(blob->x * octave->pixel) + 0.5) * c->scale_x);
        k->y = (float)(((double)(blob->y * octave->pixel) + 0.5) * c->scale_y);
        k->scale = (float)((double)(blob->sigma * octave->pixel) * sqrt(c->scale_x * c->scale_y));
        k->angle = angle;
        c->kernels->describe(octave, blob, angle, &c->grid,
                             c->features->descriptors + (size_t)i * HL_DESCRIPTOR_BYTES);
    }
}

/* Sample i lies (i - 9.5) quarter cells from the centre; the four cells have their centres at -1.5,
 * -.5, .5 and 1.5 cells. */
static void make_grid(hl_sift_grid *grid)
{
    for (int i = 0; i < HL_SIFT_GRID; i++) {
        const double at = (i - 0.5 * (HL_SIFT_GRID - 1)) * 5 / HL_SIFT_GRID;
        const double cell = floor(at + 2.5);
        grid->window[i] = (float)exp(-at * at / (2 * 2.0 * 2.0));
        grid->cell[i] = (int32_t)cell;
        grid->low[i] = (float)(1 - (at + 2.5 - cell));
    }
}

static void drop_masked(hl_sift_blobs *blobs, const hl_sift_octave *octaves, const hl_image *grey,
                        const hl_image8 *mask, bool invert)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < blobs->count; i++) {
        const hl_sift_blob *b = &blobs->list[i];
        const double pixel = (double)octaves[b->octave].pixel;
        int32_t x = (int32_t)(((double)b->x * pixel + 0.5) * mask->width / grey->width);
        int32_t y = (int32_t)(((double)b->y * pixel + 0.5) * mask->height / grey->height);
        x = x < mask->width ? x : mask->width - 1;
        y = y < mask->height ? y : mask->height - 1;
        const uint8_t value = mask->data[((int64_t)y * mask->width + x) * mask->channels];
        if ((value >= 128) != invert)
            blobs->list[kept++] = *b;
    }
    blobs->count = kept;
}

/* Rows in the order of the blobs, as many as allowed. */
static int32_t list_rows(const describe_ctx *c, int32_t *source, int32_t limit)
{
    int32_t rows = 0;
    for (int32_t i = 0; i < c->blob_count; i++)
        for (int32_t k = 0; k < c->angles[i] && rows < limit; k++)
            source[rows++] = 2 * i + k;
    return rows;
}

static hl_status describe(hl_features *features, describe_ctx *c, int32_t limit)
{
    const size_t n = (size_t)c->blob_count;
    hl_features f = {.width = features->width, .height = features->height};
    int32_t *source = hl_alloc(2 * n, sizeof *source);
    c->angle = hl_alloc(2 * n, sizeof *c->angle);
    c->angles = hl_alloc(n, sizeof *c->angles);
    hl_status status = HL_E_MEMORY;
    if (!source || !c->angle || !c->angles)
        goto done;
    make_grid(&c->grid);
    hl_parallel_for(hl_block_count(c->blob_count, HL_SIFT_BLOBS), orient_block, c);
    f.count = c->row_count = list_rows(c, source, limit);
    f.keypoints = hl_alloc((size_t)f.count, sizeof *f.keypoints);
    f.descriptors = hl_alloc((size_t)f.count, HL_DESCRIPTOR_BYTES);
    if (!f.keypoints || !f.descriptors) {
        hl_features_release(&f);
        goto done;
    }
    c->source = source;
    c->features = &f;
    hl_parallel_for(hl_block_count(c->row_count, HL_SIFT_BLOBS), describe_block, c);
    *features = f;
    status = HL_OK;
done:
    hl_free(source);
    hl_free(c->angle);
    hl_free(c->angles);
    return status;
}

hl_status hl_sift_extract(hl_features *features, const hl_image *grey, const hl_image8 *mask,
                          bool invert_mask, const hl_sift_settings *settings,
                          const hl_sift_kernels *kernels)
{
    hl_sift_octave octaves[HL_SIFT_OCTAVES];
    memset(octaves, 0, sizeof octaves);
    hl_sift_blobs blobs = {0};
    int32_t count;
    hl_status status = hl_sift_detect(octaves, &count, &blobs, grey->data, grey->width,
                                      grey->height, settings, kernels);
    if (status == HL_OK && mask)
        drop_masked(&blobs, octaves, grey, mask, invert_mask);
    if (status == HL_OK)
        status = hl_sift_select(&blobs, octaves, grey->width, grey->height, settings);
    if (status == HL_OK) {
        describe_ctx c = {.octaves = octaves,
                          .blobs = blobs.list,
                          .kernels = kernels,
                          .blob_count = blobs.count,
                          .upright = settings->upright,
                          .scale_x = (double)features->width / grey->width,
                          .scale_y = (double)features->height / grey->height};
        status = describe(features, &c, settings->max_features);
    }
    hl_free(blobs.list);
    hl_sift_octaves_release(octaves);
    return status;
}
