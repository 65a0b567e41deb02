/* SPDX-License-Identifier: MIT */
/* sfm/feat/sift_kernels.h -- the inner loops of SIFT, compiled once per instruction set.
 *
 * Blur: each output row filters its input rows vertically into a scratch row, then that row
 * horizontally: no halo, nothing is computed twice.
 *
 * Direction (Lowe 2004, section 5): 36 bins of gradient angle over a radius of 4.5 sigma, weight
 * gradient length times Gaussian of 1.5 sigma; smoothed six times by [1 1 1] / 3; every peak of
 * at least 0.8 of the highest, at most two, refined by a parabola.
 *
 * Descriptor (section 6): 4 x 4 cells of side 3 sigma, 8 bins of angle, trilinear shares, Gaussian
 * window of two cells.  The patch is read on a grid of 20 x 20 samples that is turned with the
 * keypoint, a quarter cell apart (0.75 sigma: what is blurred by sigma holds no more), so the
 * geometry of the sum is the same for every keypoint and lives in tables.
 */
#ifndef HL_SFM_FEAT_SIFT_KERNELS_H
#define HL_SFM_FEAT_SIFT_KERNELS_H

#include "sfm/feat/sift.h"

#include <math.h>
#include <string.h>

#if defined(__AVX512F__)
#define HL_SIFT_LANES 16
#elif defined(__AVX2__)
#define HL_SIFT_LANES 8
#else
#define HL_SIFT_LANES 4
#endif

/* clang-format off */
typedef float sift_lanes __attribute__((vector_size(HL_SIFT_LANES * sizeof(float)),
                                        aligned(sizeof(float)), may_alias));
typedef float sift_eight __attribute__((vector_size(8 * sizeof(float)), may_alias));
typedef int32_t sift_eight_int __attribute__((vector_size(8 * sizeof(int32_t)), may_alias));
/* clang-format on */

static inline sift_lanes lanes_at(const float *p)
{
    return *(const sift_lanes *)p;
}

static inline int32_t clamp_index(int32_t i, int32_t count)
{
    return i < 0 ? 0 : i < count ? i : count - 1;
}

/* sum over k of tap[k] (up[k] + down[k]), four registers at a time. */
static inline void filter_row(const float *tap, int32_t radius, const float *const *up,
                              const float *const *down, int32_t stride, float *out)
{
    for (int32_t x = 0; x < stride; x += 4 * HL_SIFT_LANES) {
        sift_lanes sum[4];
        for (int i = 0; i < 4; i++)
            sum[i] = tap[0] * lanes_at(up[0] + x + i * HL_SIFT_LANES);
        for (int32_t k = 1; k <= radius; k++)
            for (int i = 0; i < 4; i++)
                sum[i] += tap[k] * (lanes_at(up[k] + x + i * HL_SIFT_LANES) +
                                    lanes_at(down[k] + x + i * HL_SIFT_LANES));
        for (int i = 0; i < 4; i++)
            *(sift_lanes *)(out + x + i * HL_SIFT_LANES) = sum[i];
    }
}

static void sift_blur(const hl_sift_blur *job, int32_t first, int32_t last, float *scratch)
{
    float *row = scratch + HL_SIFT_MARGIN;
    const float *up[HL_SIFT_TAPS], *down[HL_SIFT_TAPS];
    for (int32_t y = first; y < last; y++) {
        for (int32_t k = 0; k <= job->radius; k++) {
            up[k] = job->in + (int64_t)clamp_index(y - k, job->height) * job->stride;
            down[k] = job->in + (int64_t)clamp_index(y + k, job->height) * job->stride;
        }
        filter_row(job->tap, job->radius, up, down, job->stride, row);
        for (int32_t k = 1; k <= job->radius; k++)
            row[-k] = row[0];
        for (int32_t x = job->width; x < job->stride + HL_SIFT_TAPS; x++)
            row[x] = row[job->width - 1];
        for (int32_t k = 0; k <= job->radius; k++) {
            up[k] = row - k;
            down[k] = row + k;
        }
        filter_row(job->tap, job->radius, up, down, job->stride,
                   job->out + (int64_t)y * job->stride);
    }
}

static void sift_differ(const hl_sift_octave *octave, int32_t y, float *out)
{
    const int32_t stride = octave->stride;
    for (int l = 0; l < HL_SIFT_DIFFS; l++) {
        const float *a = octave->level[l] + (int64_t)y * stride;
        const float *b = octave->level[l + 1] + (int64_t)y * stride;
        float *restrict d = out + (int64_t)l * stride;
        for (int32_t x = 0; x < stride; x++)
            d[x] = b[x] - a[x];
    }
}

static inline float max2(float a, float b)
{
    return a > b ? a : b;
}

static inline float min2(float a, float b)
{
    return a < b ? a : b;
}

/* Largest and smallest of 3 x 3 around each pixel but the first and last of the row. */
static void extremes(const float *above, const float *middle, const float *below, int32_t width,
                     float *restrict column, float *restrict high, float *restrict low)
{
    for (int32_t x = 0; x < width; x++)
        column[x] = max2(max2(above[x], middle[x]), below[x]);
    for (int32_t x = 1; x < width - 1; x++)
        high[x] = max2(max2(column[x - 1], column[x]), column[x + 1]);
    for (int32_t x = 0; x < width; x++)
        column[x] = min2(min2(above[x], middle[x]), below[x]);
    for (int32_t x = 1; x < width - 1; x++)
        low[x] = min2(min2(column[x - 1], column[x]), column[x + 1]);
}

static void sift_flag(const float *const rows[3], int32_t width, int32_t stride, float least,
                      float *scratch, int32_t *flags)
{
    float *highs = scratch, *lows = scratch + (int64_t)HL_SIFT_DIFFS * stride;
    float *column = lows + (int64_t)HL_SIFT_DIFFS * stride;
    for (int l = 0; l < HL_SIFT_DIFFS; l++) {
        const int64_t at = (int64_t)l * stride;
        extremes(rows[0] + at, rows[1] + at, rows[2] + at, width, column, highs + at, lows + at);
    }
    for (int s = 1; s <= HL_SIFT_SCALES; s++) {
        const int64_t at = (int64_t)s * stride;
        const float *d = rows[1] + at;
        const float *h0 = highs + at - stride, *h1 = highs + at, *h2 = highs + at + stride;
        const float *l0 = lows + at - stride, *l1 = lows + at, *l2 = lows + at + stride;
        int32_t *restrict f = flags + (int64_t)(s - 1) * stride;
        f[0] = f[width - 1] = 0;
        for (int32_t x = 1; x < width - 1; x++) {
            const int up = (d[x] >= least) & (d[x] >= max2(h1[x], max2(h0[x], h2[x])));
            const int down = (d[x] <= -least) & (d[x] <= min2(l1[x], min2(l0[x], l2[x])));
            f[x] = up | down;
        }
    }
}

/* Angle of (dx, dy) as a share of a turn, 0..1: polynomial of the arc tangent on 0..1, 1e-6. */
static inline float turn_of(float dx, float dy)
{
    const float ax = dx < 0 ? -dx : dx, ay = dy < 0 ? -dy : dy;
    const float small = min2(ax, ay), large = max2(ax, ay);
    const float a = small / (large + 1e-30f), s = a * a;
    float r =
        a * (0.159151f +
             s * (-0.0529387f +
                  s * (0.0308034f + s * (-0.0185309f + s * (0.00838003f - s * 0.00186549f)))));
    r = ay > ax ? 0.25f - r : r;
    r = dx < 0 ? 0.5f - r : r;
    return dy < 0 ? 1.0f - r : r;
}

enum { SIFT_BINS = 36, SIFT_ORIENT_SIDE = 96 };

/* One row of the window: gradient lengths times `weight` and angles in bins. */
static void gradient_row(const float *g, int32_t stride, int32_t count, const float *window,
                         float weight, float *restrict length, float *restrict bin)
{
    for (int32_t i = 0; i < count; i++) {
        const float dx = g[i + 1] - g[i - 1], dy = g[i + stride] - g[i - stride];
        length[i] = sqrtf(dx * dx + dy * dy) * (window[i] * weight);
        bin[i] = turn_of(dx, dy) * (float)SIFT_BINS;
    }
}

static void smooth_bins(float bins[SIFT_BINS])
{
    for (int pass = 0; pass < 6; pass++) {
        const float first = bins[0];
        float before = bins[SIFT_BINS - 1];
        for (int i = 0; i < SIFT_BINS; i++) {
            const float here = bins[i];
            const float after = i + 1 < SIFT_BINS ? bins[i + 1] : first;
            bins[i] = (before + here + after) * (1.0f / 3.0f);
            before = here;
        }
    }
}

static void collect_bins(const hl_sift_octave *octave, const hl_sift_blob *blob,
                         float bins[SIFT_BINS])
{
    const double sigma = 1.5 * (double)blob->sigma;
    const int32_t radius = (int32_t)fmin(3 * sigma, SIFT_ORIENT_SIDE / 2 - 2);
    const int32_t cx = (int32_t)(blob->x + 0.5f), cy = (int32_t)(blob->y + 0.5f);
    const int32_t x0 = cx - radius > 1 ? cx - radius : 1;
    const int32_t x1 = cx + radius < octave->width - 2 ? cx + radius : octave->width - 2;
    const int32_t y0 = cy - radius > 1 ? cy - radius : 1;
    const int32_t y1 = cy + radius < octave->height - 2 ? cy + radius : octave->height - 2;
    const int32_t count = x1 - x0 + 1;
    float window[SIFT_ORIENT_SIDE], length[SIFT_ORIENT_SIDE], bin[SIFT_ORIENT_SIDE];
    const double scale = -0.5 / (sigma * sigma);
    for (int32_t i = 0; i < count; i++) {
        const double d = x0 + i - (double)blob->x;
        window[i] = (float)exp(scale * d * d);
    }
    const float limit = (float)(radius * radius) + 0.6f;
    for (int32_t y = y0; y <= y1; y++) {
        const float dy = (float)y - blob->y;
        const float *g = octave->level[blob->level] + (int64_t)y * octave->stride + x0;
        gradient_row(g, octave->stride, count, window, (float)exp(scale * (double)(dy * dy)),
                     length, bin);
        for (int32_t i = 0; i < count; i++) {
            const float dx = (float)(x0 + i) - blob->x;
            if (dx * dx + dy * dy > limit)
                continue;
            const float at = bin[i] - 0.5f;
            const int32_t low = (int32_t)(at + 1) - 1; /* -1..35 */
            const float share = at - (float)low;
            bins[low < 0 ? SIFT_BINS - 1 : low] += (1 - share) * length[i];
            bins[low + 1 < SIFT_BINS ? low + 1 : 0] += share * length[i];
        }
    }
}

static int32_t sift_orient(const hl_sift_octave *octave, const hl_sift_blob *blob, float angle[2])
{
    float bins[SIFT_BINS] = {0}, best[2] = {0, 0};
    collect_bins(octave, blob, bins);
    smooth_bins(bins);
    float highest = 0;
    for (int i = 0; i < SIFT_BINS; i++)
        highest = max2(highest, bins[i]);
    int32_t count = 0;
    for (int i = 0; i < SIFT_BINS; i++) {
        const float h = bins[i], a = bins[(i + SIFT_BINS - 1) % SIFT_BINS];
        const float b = bins[(i + 1) % SIFT_BINS];
        if (!(h >= 0.8f * highest) || !(h > a) || !(h >= b))
            continue;
        const float shift = 0.5f * (a - b) / (a - 2 * h + b);
        float turn = ((float)i + 0.5f + shift) * (1.0f / (float)SIFT_BINS);
        turn = turn > 0.5f ? turn - 1 : turn;
        const float radians = turn * 6.28318531f;
        const int at = count == 0 ? 0 : h > best[0] ? 0 : 1;
        if (at == 0 && count > 0) {
            best[1] = best[0];
            angle[1] = angle[0];
        } else if (at == 1 && count == 2 && !(h > best[1])) {
            continue;
        }
        best[at] = h;
        angle[at] = radians;
        count = count < 2 ? count + 1 : 2;
    }
    return count;
}

enum {
    SIFT_SIDE = HL_SIFT_GRID + 2, /* with a frame for differences */
    SIFT_PATCH = SIFT_SIDE * SIFT_SIDE,
    SIFT_SAMPLES = HL_SIFT_GRID * HL_SIFT_GRID
};

/* The turned patch by bilinear interpolation, the border of the picture continued. */
static void read_patch(const hl_sift_octave *octave, const hl_sift_blob *blob, float angle,
                       float *restrict patch)
{
    const float step = 3.0f * 5.0f / (float)HL_SIFT_GRID * blob->sigma;
    const float c = (float)cos((double)angle) * step, s = (float)sin((double)angle) * step;
    const float right = (float)(octave->width - 1), bottom = (float)(octave->height - 1);
    const float *level = octave->level[blob->level];
    int32_t at[SIFT_PATCH];
    float fx[SIFT_PATCH], fy[SIFT_PATCH];
    for (int j = 0; j < SIFT_SIDE; j++)
        for (int i = 0; i < SIFT_SIDE; i++) {
            const float u = (float)i - 0.5f * (float)(SIFT_SIDE - 1);
            const float v = (float)j - 0.5f * (float)(SIFT_SIDE - 1);
            const float x = min2(max2(blob->x + (c * u - s * v), 0), right);
            const float y = min2(max2(blob->y + (s * u + c * v), 0), bottom);
            const int32_t ix = (int32_t)min2(x, right - 1), iy = (int32_t)min2(y, bottom - 1);
            fx[j * SIFT_SIDE + i] = x - (float)ix;
            fy[j * SIFT_SIDE + i] = y - (float)iy;
            at[j * SIFT_SIDE + i] = iy * octave->stride + ix;
        }
    const float *below = level + octave->stride;
    for (int k = 0; k < SIFT_PATCH; k++) {
        const float a = level[at[k]], b = level[at[k] + 1];
        const float d = below[at[k]], e = below[at[k] + 1];
        const float top = a + fx[k] * (b - a), low = d + fx[k] * (e - d);
        patch[k] = top + fy[k] * (low - top);
    }
}

/* A macro: a function would return a register that plain C does not have. */
#define EIGHT_ABS(v) ((sift_eight)((sift_eight_int)(v)&0x7fffffff))

/* cells[j][i][o], 6 x 6 x 8 of which the inner 4 x 4 x 8 count. */
static void pool_patch(const float *patch, const hl_sift_grid *grid, sift_eight cells[6][6])
{
    float length[SIFT_SAMPLES], bin[SIFT_SAMPLES];
    for (int j = 0; j < HL_SIFT_GRID; j++)
        for (int i = 0; i < HL_SIFT_GRID; i++) {
            const float *p = patch + (j + 1) * SIFT_SIDE + i + 1;
            const float du = p[1] - p[-1], dv = p[SIFT_SIDE] - p[-SIFT_SIDE];
            const int k = j * HL_SIFT_GRID + i;
            length[k] = sqrtf(du * du + dv * dv) * (grid->window[i] * grid->window[j]);
            bin[k] = turn_of(du, dv) * 8;
        }
    const sift_eight bins = {0, 1, 2, 3, 4, 5, 6, 7};
    sift_eight rows[6][HL_SIFT_GRID];
    memset(rows, 0, sizeof rows);
    for (int j = 0; j < HL_SIFT_GRID; j++) {
        const int cell = grid->cell[j];
        const float low = grid->low[j], high = 1 - low;
        for (int i = 0; i < HL_SIFT_GRID; i++) {
            const int k = j * HL_SIFT_GRID + i;
            const sift_eight near = EIGHT_ABS(EIGHT_ABS(bins - bin[k]) - 4) - 3; /* 1 - distance */
            const sift_eight d = (near + EIGHT_ABS(near)) * (0.5f * length[k]);
            rows[cell][i] += low * d;
            rows[cell + 1][i] += high * d;
        }
    }
    memset(cells, 0, 36 * sizeof cells[0][0]);
    for (int j = 1; j <= 4; j++)
        for (int i = 0; i < HL_SIFT_GRID; i++) {
            const int cell = grid->cell[i];
            cells[j][cell] += grid->low[i] * rows[j][i];
            cells[j][cell + 1] += (1 - grid->low[i]) * rows[j][i];
        }
}

static float sum_all(const float v[HL_DESCRIPTOR_BYTES], bool squares)
{
    float lane[8] = {0};
    for (int k = 0; k < HL_DESCRIPTOR_BYTES; k += 8)
        for (int i = 0; i < 8; i++)
            lane[i] += squares ? v[k + i] * v[k + i] : v[k + i];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* Lowe 2004, section 6.1, then the square root of the L1 norm's shares. */
static void to_bytes(float v[HL_DESCRIPTOR_BYTES], uint8_t out[HL_DESCRIPTOR_BYTES])
{
    const float norm = sqrtf(sum_all(v, true)), limit = 0.2f * norm;
    for (int k = 0; k < HL_DESCRIPTOR_BYTES; k++)
        v[k] = min2(v[k], limit);
    const float share = 1 / max2(sum_all(v, false), 1e-20f);
    for (int k = 0; k < HL_DESCRIPTOR_BYTES; k++) {
        const float root = sqrtf(v[k] * share) * 512 + 0.5f;
        out[k] = (uint8_t)(int32_t)min2(root, 255);
    }
}

static void sift_describe(const hl_sift_octave *octave, const hl_sift_blob *blob, float angle,
                          const hl_sift_grid *grid, uint8_t out[HL_DESCRIPTOR_BYTES])
{
    float patch[SIFT_PATCH], values[HL_DESCRIPTOR_BYTES];
    sift_eight cells[6][6];
    read_patch(octave, blob, angle, patch);
    pool_patch(patch, grid, cells);
    for (int j = 0; j < 4; j++)
        memcpy(values + 32 * j, &cells[j + 1][1], 32 * sizeof(float));
    to_bytes(values, out);
}

#define HL_SIFT_TABLE(isa)                                                 \
    {                                                                      \
        isa, sift_blur, sift_differ, sift_flag, sift_orient, sift_describe \
    }

#endif /* HL_SFM_FEAT_SIFT_KERNELS_H */
