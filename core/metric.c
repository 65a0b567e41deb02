/* SPDX-License-Identifier: MIT */

#include "core/metric.h"

#include "core/memory.h"
#include "core/parallel.h"

#include <math.h>
#include <string.h>

static hl_status check_pair(const hl_image *a, const hl_image *b)
{
    if (a->width != b->width || a->height != b->height || a->channels != b->channels)
        return hl_fail(HL_E_ARG, "pictures of %d x %d x %d and %d x %d x %d cannot be compared",
                       a->width, a->height, a->channels, b->width, b->height, b->channels);
    return HL_OK;
}

/* ---- mean squared error ------------------------------------------------------------------- */

typedef struct mse_job {
    const hl_image *a, *b;
    const uint8_t *mask;
    double *sums;    /* (height) */
    int64_t *counts; /* (height) pixels used */
} mse_job;

static void mse_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const mse_job *j = ctx;
    const int32_t width = j->a->width, channels = j->a->channels;
    const size_t at = (size_t)y * (size_t)width;
    double sum = 0;
    int64_t used = 0;
    for (int32_t x = 0; x < width; x++) {
        if (j->mask && !j->mask[at + (size_t)x])
            continue;
        for (int32_t c = 0; c < channels; c++) {
            const size_t i = (at + (size_t)x) * (size_t)channels + (size_t)c;
            const double d = (double)j->a->data[i] - (double)j->b->data[i];
            sum += d * d;
        }
        used++;
    }
    j->sums[y] = sum;
    j->counts[y] = used;
}

hl_status hl_metric_mse(double *out, const hl_image *a, const hl_image *b, const uint8_t *mask)
{
    HL_TRY(check_pair(a, b));
    double *sums = hl_alloc((size_t)a->height, sizeof *sums);
    int64_t *counts = hl_alloc((size_t)a->height, sizeof *counts);
    if (!sums || !counts) {
        hl_free(sums);
        hl_free(counts);
        return HL_E_MEMORY;
    }
    mse_job j = {a, b, mask, sums, counts};
    hl_parallel_for(a->height, mse_row, &j);
    int64_t used = 0;
    for (int32_t y = 0; y < a->height; y++)
        used += counts[y];
    const double sum = hl_ordered_sum(sums, a->height);
    hl_free(sums);
    hl_free(counts);
    if (!used)
        return hl_fail(HL_E_ARG, "the mask leaves no pixel to compare");
    *out = sum / ((double)used * a->channels);
    return HL_OK;
}

double hl_metric_psnr(double mse)
{
    const double most = 100; /* dB, what equal pictures get */
    if (mse <= 1e-10)
        return most;
    return -10 * log10(mse);
}

/* ---- structural similarity ---------------------------------------------------------------- */

enum { TAPS = HL_SSIM_TAPS, HALF = TAPS / 2, SSIM_ROWS = 32, PLANES = 5 };

typedef struct ssim_job {
    const hl_image *a, *b;
    float taps[TAPS];
    int32_t blocks; /* per channel */
    int32_t margin; /* pixels at the border whose windows do not count */
    size_t line;    /* floats of a padded row */
    float *scratch; /* (threads, 2 + PLANES * (SSIM_ROWS + 2 * HALF), line) */
    double *rows;   /* (channels, height) sums of S over a row */
} ssim_job;

static size_t ssim_scratch_lines(void)
{
    return 2 + PLANES * (SSIM_ROWS + 2 * HALF);
}

/* Horizontal filters of x, y, x^2, y^2, xy for one row: planes (PLANES, line) at `step` floats. */
static void filter_across(const ssim_job *j, int32_t channel, int32_t y, float *padded,
                          float *planes, size_t step)
{
    const int32_t width = j->a->width, channels = j->a->channels;
    if (y < 0 || y >= j->a->height) {
        for (int k = 0; k < PLANES; k++)
            memset(planes + (size_t)k * step, 0, (size_t)width * sizeof *planes);
        return;
    }
    float *pa = padded, *pb = padded + j->line;
    const size_t at = (size_t)y * (size_t)width * (size_t)channels + (size_t)channel;
    for (int32_t x = 0; x < width; x++) { /* the margins stay zero */
        pa[x + HALF] = j->a->data[at + (size_t)x * (size_t)channels];
        pb[x + HALF] = j->b->data[at + (size_t)x * (size_t)channels];
    }
    for (int32_t x = 0; x < width; x++) {
        float sum[PLANES] = {0};
        for (int t = 0; t < TAPS; t++) {
            const float w = j->taps[t], u = pa[x + t], v = pb[x + t];
            sum[0] += w * u;
            sum[1] += w * v;
            sum[2] += w * (u * u);
            sum[3] += w * (v * v);
            sum[4] += w * (u * v);
        }
        for (int k = 0; k < PLANES; k++)
            planes[(size_t)k * step + (size_t)x] = sum[k];
    }
}

/* Sum of S over a row, from the horizontal filters of the TAPS rows around it. */
static double similarity_row(const ssim_job *j, const float *first, size_t step)
{
    const float c1 = (float)HL_SSIM_C1, c2 = (float)HL_SSIM_C2;
    double total = 0;
    for (int32_t x = j->margin; x < j->a->width - j->margin; x++) {
        float m[PLANES] = {0};
        for (int t = 0; t < TAPS; t++)
            for (int k = 0; k < PLANES; k++)
                m[k] += j->taps[t] * first[(size_t)k * step + (size_t)t * j->line + (size_t)x];
        const float xx = m[0] * m[0], yy = m[1] * m[1], xy = m[0] * m[1];
        const float top = (2 * xy + c1) * (2 * (m[4] - xy) + c2);
        const float bottom = (xx + yy + c1) * ((m[2] - xx) + (m[3] - yy) + c2);
        total += (double)(top / bottom);
    }
    return total;
}

static void ssim_block(void *ctx, int32_t block, int32_t thread)
{
    const ssim_job *j = ctx;
    const int32_t channel = block / j->blocks, begin = block % j->blocks * SSIM_ROWS;
    const int32_t height = j->a->height;
    const int32_t end = begin + SSIM_ROWS < height ? begin + SSIM_ROWS : height;
    float *padded = j->scratch + (size_t)thread * ssim_scratch_lines() * j->line;
    float *planes = padded + 2 * j->line;
    const size_t step = (SSIM_ROWS + 2 * HALF) * j->line;
    for (int32_t y = begin - HALF; y < end + HALF; y++)
        filter_across(j, channel, y, padded, planes + (size_t)(y - begin + HALF) * j->line, step);
    for (int32_t y = begin; y < end; y++)
        j->rows[(size_t)channel * (size_t)height + (size_t)y] =
            similarity_row(j, planes + (size_t)(y - begin) * j->line, step);
}

static hl_status mean_ssim(double *out, const hl_image *a, const hl_image *b, int32_t margin)
{
    HL_TRY(check_pair(a, b));
    const int32_t width = a->width - 2 * margin, height = a->height - 2 * margin;
    if (width < 1 || height < 1)
        return hl_fail(HL_E_ARG, "SSIM: no window of %d fits a picture of %d x %d", TAPS, a->width,
                       a->height);
    ssim_job j = {.a = a, .b = b, .margin = margin, .blocks = hl_block_count(a->height, SSIM_ROWS)};
    double sum = 0;
    for (int t = 0; t < TAPS; t++)
        sum += exp(-(t - HALF) * (t - HALF) / (2 * HL_SSIM_SIGMA * HL_SSIM_SIGMA));
    for (int t = 0; t < TAPS; t++)
        j.taps[t] =
            (float)(exp(-(t - HALF) * (t - HALF) / (2 * HL_SSIM_SIGMA * HL_SSIM_SIGMA)) / sum);
    j.line = (size_t)a->width + 2 * HALF;
    const int64_t rows = (int64_t)a->height * a->channels;
    j.scratch =
        hl_alloc((size_t)hl_parallel_threads() * ssim_scratch_lines() * j.line, sizeof *j.scratch);
    j.rows = hl_alloc((size_t)rows, sizeof *j.rows);
    hl_status s = HL_E_MEMORY;
    if (j.scratch && j.rows) {
        hl_parallel_for(j.blocks * a->channels, ssim_block, &j);
        double total = 0;
        for (int32_t c = 0; c < a->channels; c++)
            total += hl_ordered_sum(j.rows + (size_t)c * (size_t)a->height + margin, height);
        *out = total / ((double)height * a->channels * width);
        s = HL_OK;
    }
    hl_free(j.scratch);
    hl_free(j.rows);
    return s;
}

hl_status hl_metric_ssim(double *out, const hl_image *a, const hl_image *b)
{
    return mean_ssim(out, a, b, 0);
}

hl_status hl_metric_ssim_valid(double *out, const hl_image *a, const hl_image *b)
{
    return mean_ssim(out, a, b, HALF);
}
