/* SPDX-License-Identifier: MIT */
/* Five taps a side per level, holes doubling.  A neighbour counts by how well its normal agrees,
 * how close it lies to the pixel's plane, and how far its luminance is off in units of the
 * standard deviation, which is filtered along. */
#include "core/color.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "relight/shade.h"

#include <math.h>
#include <string.h>

enum { ROWS = 4, LEVELS_MAX = 8 };

typedef struct pass {
    const hl_shade_input *in;
    const float *color, *variance;   /* in  */
    float *new_color, *new_variance; /* out */
    int32_t step;
    float unit;
} pass;

static const float kernel[3] = {0.375f, 0.25f, 0.0625f}; /* B3 spline */

/* n.n' to the power 64, by squaring; 0 where they face apart. */
static float normal_weight(const float a[3], const float b[3])
{
    float x = hl_max(hl_dot3(a, b), 0);
    for (int k = 0; k < 6; k++)
        x *= x;
    return x;
}

/* 3 x 3 Gaussian of the variance: a single one is noisy itself. */
static float smooth_variance(const pass *p, int32_t x, int32_t y)
{
    float sum = 0, weight = 0;
    for (int32_t j = -1; j <= 1; j++)
        for (int32_t i = -1; i <= 1; i++) {
            const int32_t u = x + i, v = y + j;
            if (u < 0 || v < 0 || u >= p->in->width || v >= p->in->height)
                continue;
            const float w = (i ? 1.0f : 2.0f) * (j ? 1.0f : 2.0f);
            sum += w * p->variance[(int64_t)v * p->in->width + u];
            weight += w;
        }
    return sum / weight;
}

static void filter_pixel(const pass *p, int32_t x, int32_t y)
{
    const hl_shade_input *in = p->in;
    const int64_t at = (int64_t)y * in->width + x;
    const float *n = in->normal + 3 * at, *center = in->position + 3 * at;
    const float luminance = hl_luminance(p->color + 3 * at);
    const float tolerance = 3 * sqrtf(smooth_variance(p, x, y)) + 1e-4f;
    double sum[3] = {0, 0, 0}, variance = 0, total = 0;
    for (int32_t j = -2; j <= 2; j++)
        for (int32_t i = -2; i <= 2; i++) {
            const int32_t u = x + i * p->step, v = y + j * p->step;
            if (u < 0 || v < 0 || u >= in->width || v >= in->height)
                continue;
            const int64_t k = (int64_t)v * in->width + u;
            if (!(in->alpha[k] > 0))
                continue;
            float away = 0;
            for (int c = 0; c < 3; c++)
                away += (in->position[3 * k + c] - center[c]) * n[c];
            const float off = fabsf(hl_luminance(p->color + 3 * k) - luminance) / tolerance;
            const float rough = (in->roughness[k] - in->roughness[at]) * 20;
            const float w = kernel[i < 0 ? -i : i] * kernel[j < 0 ? -j : j] *
                            normal_weight(n, in->normal + 3 * k) *
                            expf(-off - fabsf(away) / p->unit - rough * rough);
            for (int c = 0; c < 3; c++)
                sum[c] += (double)(w * p->color[3 * k + c]);
            variance += (double)(w * w * p->variance[k]);
            total += (double)w;
        }
    for (int c = 0; c < 3; c++)
        p->new_color[3 * at + c] = total > 0 ? (float)(sum[c] / total) : p->color[3 * at + c];
    p->new_variance[at] = total > 0 ? (float)(variance / (total * total)) : p->variance[at];
}

static void filter_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const pass *p = ctx;
    const int32_t begin = block * ROWS;
    for (int32_t y = begin; y < begin + ROWS && y < p->in->height; y++)
        for (int32_t x = 0; x < p->in->width; x++)
            if (p->in->alpha[(int64_t)y * p->in->width + x] > 0)
                filter_pixel(p, x, y);
}

hl_status hl_shade_denoise(hl_shade_result *result, const hl_shade_input *input, int32_t levels,
                           float scene_unit)
{
    if (levels < 1 || levels > LEVELS_MAX || !(scene_unit > 0))
        return hl_fail(HL_E_ARG, "denoising: %d levels are not in 1..%d, or no unit of length",
                       (int)levels, (int)LEVELS_MAX);
    const size_t n = (size_t)result->width * (size_t)result->height;
    float *color = hl_alloc(n, 3 * sizeof *color), *variance = hl_alloc(n, sizeof *variance);
    hl_status s = color && variance ? HL_OK : HL_E_MEMORY;
    for (int part = 0; part < HL_SHADE_PARTS && s == HL_OK; part++)
        for (int32_t level = 0; level < levels; level++) {
            pass p = {input,      result->part[part], result->variance[part], color, variance,
                      1 << level, scene_unit};
            hl_parallel_for(hl_block_count(result->height, ROWS), filter_block, &p);
            memcpy(result->part[part], color, n * 3 * sizeof *color);
            memcpy(result->variance[part], variance, n * sizeof *variance);
        }
    hl_free(color);
    hl_free(variance);
    return s;
}
