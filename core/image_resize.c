/* SPDX-License-Identifier: MIT */
/* Resizing: per axis a list of source taps and weights for every target element, area average
 * when it shrinks, linear when it grows; rows first, then columns, in blocks of target rows. */

#include "core/image.h"
#include "core/memory.h"
#include "core/parallel.h"

#include <math.h>
#include <string.h>

enum { BLOCK_ROWS = 16 };

typedef struct axis {
    int32_t per;    /* taps reserved per target element       */
    int32_t *first; /* (count) first source element           */
    int32_t *taps;  /* (count) number of taps                 */
    float *weight;  /* (count, per), each row sums to one     */
} axis;

typedef struct job {
    const uint8_t *in8; /* one of the two inputs, the other NULL */
    const float *in;
    uint8_t *out8;
    float *out;
    int32_t in_width, width, height, channels;
    axis x, y;
    float *lines; /* (threads, 2, in_width * channels): sum of source rows, a row as float */
} job;

static void axis_release(axis *a)
{
    hl_free(a->first);
    hl_free(a->taps);
    hl_free(a->weight);
}

/* Weights of the source elements under target element i. */
static void axis_fill(axis *a, int32_t i, int32_t from, int32_t to)
{
    float *weight = a->weight + (size_t)i * (size_t)a->per;
    if (to > from) {
        const double at = (i + 0.5) * from / to - 0.5;
        const double low = at < 0 ? 0 : (at > from - 1 ? from - 1 : at);
        const int32_t k = low >= from - 1 ? (from > 1 ? from - 2 : 0) : (int32_t)low;
        a->first[i] = k;
        a->taps[i] = from > 1 ? 2 : 1;
        weight[0] = (float)(from > 1 ? 1 - (low - k) : 1);
        if (from > 1)
            weight[1] = (float)(low - k);
        return;
    }
    /* Target element i covers source [i from / to, (i + 1) from / to): exact in integers. */
    const int64_t begin = (int64_t)i * from, end = begin + from;
    const int32_t k0 = (int32_t)(begin / to), k1 = (int32_t)((end + to - 1) / to);
    a->first[i] = k0;
    a->taps[i] = k1 - k0;
    for (int32_t k = k0; k < k1; k++) {
        const int64_t lo = (int64_t)k * to > begin ? (int64_t)k * to : begin;
        const int64_t hi = (int64_t)(k + 1) * to < end ? (int64_t)(k + 1) * to : end;
        weight[k - k0] = (float)((double)(hi - lo) / from);
    }
}

static hl_status axis_make(axis *a, int32_t from, int32_t to)
{
    memset(a, 0, sizeof *a);
    a->per = to > from ? 2 : from / to + 2;
    a->first = hl_alloc((size_t)to, sizeof *a->first);
    a->taps = hl_alloc((size_t)to, sizeof *a->taps);
    a->weight = hl_alloc((size_t)to * (size_t)a->per, sizeof *a->weight);
    if (!a->first || !a->taps || !a->weight) {
        axis_release(a);
        return HL_E_MEMORY;
    }
    for (int32_t i = 0; i < to; i++)
        axis_fill(a, i, from, to);
    return HL_OK;
}

/* Source row y as floats; with alpha the colour is multiplied by it. */
static void read_row(const job *j, int32_t y, float *row)
{
    const size_t count = (size_t)j->in_width * (size_t)j->channels;
    if (j->in8)
        for (size_t i = 0; i < count; i++)
            row[i] = (float)j->in8[(size_t)y * count + i];
    else
        memcpy(row, j->in + (size_t)y * count, count * sizeof *row);
    if (j->channels == 4)
        for (size_t i = 0; i < count; i += 4)
            for (size_t k = 0; k < 3; k++)
                row[i + k] *= row[i + 3];
}

static void write_pixel(const job *j, size_t at, float *pixel)
{
    const int32_t c = j->channels;
    if (c == 4)
        for (int k = 0; k < 3; k++)
            pixel[k] = pixel[3] > 0 ? pixel[k] / pixel[3] : 0;
    for (int32_t k = 0; k < c; k++) {
        if (j->out8)
            j->out8[at + (size_t)k] = (uint8_t)fminf(fmaxf(pixel[k] + 0.5f, 0), 255);
        else
            j->out[at + (size_t)k] = pixel[k];
    }
}

static void resize_row(const job *j, int32_t y, float *sum, float *row)
{
    const size_t c = (size_t)j->channels, count = (size_t)j->in_width * c;
    memset(sum, 0, count * sizeof *sum);
    for (int32_t t = 0; t < j->y.taps[y]; t++) {
        const float w = j->y.weight[(size_t)y * (size_t)j->y.per + (size_t)t];
        read_row(j, j->y.first[y] + t, row);
        for (size_t i = 0; i < count; i++)
            sum[i] += w * row[i];
    }
    for (int32_t x = 0; x < j->width; x++) {
        const float *weight = j->x.weight + (size_t)x * (size_t)j->x.per;
        const float *source = sum + (size_t)j->x.first[x] * c;
        float pixel[4] = {0};
        for (int32_t t = 0; t < j->x.taps[x]; t++)
            for (size_t k = 0; k < c; k++)
                pixel[k] += weight[t] * source[(size_t)t * c + k];
        write_pixel(j, ((size_t)y * (size_t)j->width + (size_t)x) * c, pixel);
    }
}

static void resize_block(void *ctx, int32_t block, int32_t thread)
{
    const job *j = ctx;
    const size_t count = (size_t)j->in_width * (size_t)j->channels;
    float *sum = j->lines + (size_t)thread * 2 * count;
    const int32_t begin = block * BLOCK_ROWS;
    const int32_t end = begin + BLOCK_ROWS < j->height ? begin + BLOCK_ROWS : j->height;
    for (int32_t y = begin; y < end; y++)
        resize_row(j, y, sum, sum + count);
}

static hl_status run(job *j, int32_t in_height)
{
    HL_TRY(axis_make(&j->x, j->in_width, j->width));
    hl_status s = axis_make(&j->y, in_height, j->height);
    if (s == HL_OK) {
        const size_t count = (size_t)j->in_width * (size_t)j->channels;
        j->lines = hl_alloc((size_t)hl_parallel_threads() * 2 * count, sizeof *j->lines);
        if (j->lines)
            hl_parallel_for(hl_block_count(j->height, BLOCK_ROWS), resize_block, j);
        else
            s = HL_E_MEMORY;
        hl_free(j->lines);
        axis_release(&j->y);
    }
    axis_release(&j->x);
    return s;
}

hl_status hl_image8_resize(hl_image8 *out, const hl_image8 *in, int32_t width, int32_t height)
{
    hl_image8 made;
    HL_TRY(hl_image8_create(&made, width, height, in->channels));
    job j = {.in8 = in->data,
             .out8 = made.data,
             .in_width = in->width,
             .width = width,
             .height = height,
             .channels = in->channels};
    const hl_status s = run(&j, in->height);
    if (s == HL_OK)
        *out = made;
    else
        hl_image8_release(&made);
    return s;
}

hl_status hl_image_resize(hl_image *out, const hl_image *in, int32_t width, int32_t height)
{
    hl_image made;
    HL_TRY(hl_image_create(&made, width, height, in->channels));
    job j = {.in = in->data,
             .out = made.data,
             .in_width = in->width,
             .width = width,
             .height = height,
             .channels = in->channels};
    const hl_status s = run(&j, in->height);
    if (s == HL_OK)
        *out = made;
    else
        hl_image_release(&made);
    return s;
}
