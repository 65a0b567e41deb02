/* SPDX-License-Identifier: MIT */
/* raster/cpu/loss_rows.h -- the two passes of the photometric loss over bands of rows.
 *
 *   pass 1 (moments)    G*x G*y G*xx G*yy G*xy  ->  S and p1 p2 p3 per pixel; |x-y| and (x-y)^2
 *   pass 2 (gradient)   G*p1 G*p2 G*p3          ->  dL/dx
 *
 * G is the separable 11-tap window of core/metric.h with zero padding.  Each output row filters
 * its 11 input rows vertically into a scratch row, then that row horizontally: no halo, no ring.
 * With mu = G*x, A1 = 2 mux muy + C1, A2 = 2 sxy + C2, B1 = mux^2 + muy^2 + C1, B2 = sxx + syy +
 * C2:
 *
 *   S = A1 A2 / (B1 B2)   p2 = -S / B2   p3 = 2 A1 / (B1 B2)
 *   p1 = 2 muy (A2 - A1) / (B1 B2) + 2 mux S (1/B2 - 1/B1)
 *   d(sum S)/dx = G*p1 + 2 x (G*p2) + y (G*p3)                              (docs/math.md)
 *
 * The text is compiled once per instruction set (one register at a time through the compiler's
 * vector types) and once in double by the tests.  A row is `stride` values, a multiple of 16.
 */
#ifndef HL_RASTER_CPU_LOSS_ROWS_H
#define HL_RASTER_CPU_LOSS_ROWS_H

#include "core/hd.h"
#include "core/metric.h"

#include <stdint.h>

#if defined(__AVX512F__)
#define HL_LOSS_LANES 16 /* one register: wider vector types would live in memory */
#elif defined(__AVX2__)
#define HL_LOSS_LANES 8
#else
#define HL_LOSS_LANES 4
#endif
#define HL_LOSS_HALF   (HL_SSIM_TAPS / 2)
#define HL_LOSS_MARGIN 16 /* zeros left and right of a scratch row                      */
#define HL_LOSS_BAND   16 /* rows of a band; fixed, so that sums do not depend on threads */

/* Sums of a band, added in band order. */
enum { HL_LOSS_SUM_L1, HL_LOSS_SUM_L2, HL_LOSS_SUM_SSIM, HL_LOSS_SUMS };

/* clang-format off */
typedef hl_real hl_lanes __attribute__((vector_size(HL_LOSS_LANES * sizeof(hl_real))));
typedef hl_real hl_lanes_loose __attribute__((vector_size(HL_LOSS_LANES * sizeof(hl_real)),
                                              aligned(sizeof(hl_real)), may_alias));
/* clang-format on */

typedef struct hl_loss_job {
    int32_t height, stride;
    const hl_real *x[3], *y[3];   /* (height, stride) picture and target, 0 in padding columns   */
    hl_real *p[9];                /* (height, stride) p1 p2 p3 of red, of green, of blue         */
    hl_real *grad[3];             /* (height, stride) out: dL/dx                                 */
    const hl_real *pixel_keep;    /* (height, keep_stride) 1 where the pixel counts, else 0      */
    const hl_real *window_keep;   /* (height, keep_stride) 1 where the window counts, else 0     */
    int32_t keep_stride;          /* stride, or 0: one row serves all                            */
    hl_real window[HL_SSIM_TAPS]; /* G, sums to 1                                                */
    hl_real l1_scale, ssim_scale; /* dL/d|x-y| per pixel, -dL/dS per window                      */
} hl_loss_job;

/* Values of a scratch row, margins included; a thread needs 5 such rows, zeroed once. */
HL_HD size_t hl_loss_scratch_row(int32_t stride)
{
    return (size_t)stride + 2 * HL_LOSS_MARGIN;
}

#define HL_LOSS_LOAD(p)     (*(const hl_lanes_loose *)(p))
#define HL_LOSS_STORE(p, v) (*(hl_lanes_loose *)(p) = (v))

/* -1, 0 or 1 per lane: a true comparison of vectors is -1. */
#define HL_LOSS_SIGN(x, y) \
    (__builtin_convertvector((x) < (y), hl_lanes) - __builtin_convertvector((x) > (y), hl_lanes))

/* G over 11 neighbours of a scratch row around column i. */
#define HL_LOSS_ACROSS(out, row, i)                                       \
    do {                                                                  \
        const hl_real *at_ = (row) + HL_LOSS_MARGIN - HL_LOSS_HALF + (i); \
        (out) = job->window[0] * HL_LOSS_LOAD(at_);                       \
        for (int k_ = 1; k_ < HL_SSIM_TAPS; k_++)                         \
            (out) += job->window[k_] * HL_LOSS_LOAD(at_ + k_);            \
    } while (0)

static inline double hl_loss_lane_sum(const hl_real *lanes)
{
    double sum = 0;
    for (int l = 0; l < HL_LOSS_LANES; l++)
        sum += (double)lanes[l];
    return sum;
}

/* First and one-past-last tap whose row lies inside the picture. */
static inline void hl_loss_taps(int32_t row, int32_t height, int *lo, int *hi)
{
    *lo = row < HL_LOSS_HALF ? HL_LOSS_HALF - row : 0;
    *hi = height - row + HL_LOSS_HALF < HL_SSIM_TAPS ? height - row + HL_LOSS_HALF : HL_SSIM_TAPS;
}

/* G down the column of x, y, xx, yy, xy for every column of `row`, into 5 scratch rows. */
static inline void hl_loss_down_5(const hl_loss_job *job, int c, int32_t row, hl_real *scratch)
{
    const size_t stride = (size_t)job->stride, pitch = hl_loss_scratch_row(job->stride);
    int lo, hi;
    hl_loss_taps(row, job->height, &lo, &hi);
    for (size_t i = 0; i < stride; i += HL_LOSS_LANES) {
        hl_lanes sx = {0}, sy = {0}, sxx = {0}, syy = {0}, sxy = {0};
        for (int k = lo; k < hi; k++) {
            const size_t at = (size_t)(row + k - HL_LOSS_HALF) * stride + i;
            const hl_lanes x = HL_LOSS_LOAD(job->x[c] + at), y = HL_LOSS_LOAD(job->y[c] + at);
            const hl_lanes wx = job->window[k] * x, wy = job->window[k] * y;
            sx += wx;
            sy += wy;
            sxx += wx * x;
            syy += wy * y;
            sxy += wx * y;
        }
        hl_real *out = scratch + HL_LOSS_MARGIN + i;
        HL_LOSS_STORE(out, sx);
        HL_LOSS_STORE(out + pitch, sy);
        HL_LOSS_STORE(out + 2 * pitch, sxx);
        HL_LOSS_STORE(out + 3 * pitch, syy);
        HL_LOSS_STORE(out + 4 * pitch, sxy);
    }
}

/* One row of pass 1 from its scratch rows; adds to sums. */
static inline void hl_loss_points(const hl_loss_job *job, int c, int32_t row,
                                  const hl_real *scratch, double *sums)
{
    const size_t stride = (size_t)job->stride, pitch = hl_loss_scratch_row(job->stride);
    const hl_real *pixel = job->pixel_keep + (size_t)row * (size_t)job->keep_stride;
    const hl_real *window = job->window_keep + (size_t)row * (size_t)job->keep_stride;
    const hl_real c1 = (hl_real)HL_SSIM_C1, c2 = (hl_real)HL_SSIM_C2;
    hl_lanes sum_s = {0}, sum_1 = {0}, sum_2 = {0};
    for (size_t i = 0; i < stride; i += HL_LOSS_LANES) {
        hl_lanes mx, my, xx, yy, xy;
        HL_LOSS_ACROSS(mx, scratch, i);
        HL_LOSS_ACROSS(my, scratch + pitch, i);
        HL_LOSS_ACROSS(xx, scratch + 2 * pitch, i);
        HL_LOSS_ACROSS(yy, scratch + 3 * pitch, i);
        HL_LOSS_ACROSS(xy, scratch + 4 * pitch, i);
        const hl_lanes a1 = 2 * mx * my + c1, a2 = 2 * (xy - mx * my) + c2;
        const hl_lanes b1 = mx * mx + my * my + c1;
        const hl_lanes b2 = (xx - mx * mx) + (yy - my * my) + c2;
        const hl_lanes inv = HL_LOSS_LOAD(window + i) / (b1 * b2), s = a1 * a2 * inv;
        const size_t at = (size_t)row * stride + i;
        HL_LOSS_STORE(job->p[3 * c] + at, 2 * my * (a2 - a1) * inv + 2 * mx * s * (b1 - b2) * inv);
        HL_LOSS_STORE(job->p[3 * c + 1] + at, -s * b1 * inv);
        HL_LOSS_STORE(job->p[3 * c + 2] + at, 2 * a1 * inv);
        sum_s += s;
        const hl_lanes d =
            (HL_LOSS_LOAD(job->x[c] + at) - HL_LOSS_LOAD(job->y[c] + at)) * HL_LOSS_LOAD(pixel + i);
        sum_1 += d * HL_LOSS_SIGN(d, 0);
        sum_2 += d * d;
    }
    hl_real lanes[HL_LOSS_LANES];
    HL_LOSS_STORE(lanes, sum_1);
    sums[HL_LOSS_SUM_L1] += hl_loss_lane_sum(lanes);
    HL_LOSS_STORE(lanes, sum_2);
    sums[HL_LOSS_SUM_L2] += hl_loss_lane_sum(lanes);
    HL_LOSS_STORE(lanes, sum_s);
    sums[HL_LOSS_SUM_SSIM] += hl_loss_lane_sum(lanes);
}

/* Pass 1 of rows first .. last-1, all channels.  scratch: 5 rows; sums (HL_LOSS_SUMS): out. */
static inline void hl_loss_band_moments(const hl_loss_job *job, int32_t first, int32_t last,
                                        hl_real *scratch, double *sums)
{
    for (int s = 0; s < HL_LOSS_SUMS; s++)
        sums[s] = 0;
    for (int c = 0; c < 3; c++)
        for (int32_t row = first; row < last; row++) {
            hl_loss_down_5(job, c, row, scratch);
            hl_loss_points(job, c, row, scratch, sums);
        }
}

static inline void hl_loss_down_3(const hl_loss_job *job, int c, int32_t row, hl_real *scratch)
{
    const size_t stride = (size_t)job->stride, pitch = hl_loss_scratch_row(job->stride);
    int lo, hi;
    hl_loss_taps(row, job->height, &lo, &hi);
    for (size_t i = 0; i < stride; i += HL_LOSS_LANES) {
        hl_lanes s1 = {0}, s2 = {0}, s3 = {0};
        for (int k = lo; k < hi; k++) {
            const size_t at = (size_t)(row + k - HL_LOSS_HALF) * stride + i;
            s1 += job->window[k] * HL_LOSS_LOAD(job->p[3 * c] + at);
            s2 += job->window[k] * HL_LOSS_LOAD(job->p[3 * c + 1] + at);
            s3 += job->window[k] * HL_LOSS_LOAD(job->p[3 * c + 2] + at);
        }
        hl_real *out = scratch + HL_LOSS_MARGIN + i;
        HL_LOSS_STORE(out, s1);
        HL_LOSS_STORE(out + pitch, s2);
        HL_LOSS_STORE(out + 2 * pitch, s3);
    }
}

/* Pass 2 of rows first .. last-1, all channels.  scratch: 5 rows. */
static inline void hl_loss_band_gradient(const hl_loss_job *job, int32_t first, int32_t last,
                                         hl_real *scratch)
{
    const size_t stride = (size_t)job->stride, pitch = hl_loss_scratch_row(job->stride);
    for (int c = 0; c < 3; c++)
        for (int32_t row = first; row < last; row++) {
            hl_loss_down_3(job, c, row, scratch);
            const hl_real *pixel = job->pixel_keep + (size_t)row * (size_t)job->keep_stride;
            for (size_t i = 0; i < stride; i += HL_LOSS_LANES) {
                const size_t at = (size_t)row * stride + i;
                const hl_lanes x = HL_LOSS_LOAD(job->x[c] + at), y = HL_LOSS_LOAD(job->y[c] + at);
                hl_lanes g1, g2, g3;
                HL_LOSS_ACROSS(g1, scratch, i);
                HL_LOSS_ACROSS(g2, scratch + pitch, i);
                HL_LOSS_ACROSS(g3, scratch + 2 * pitch, i);
                const hl_lanes l1 = job->l1_scale * HL_LOSS_LOAD(pixel + i) * HL_LOSS_SIGN(x, y);
                HL_LOSS_STORE(job->grad[c] + at, l1 - job->ssim_scale * (g1 + 2 * x * g2 + y * g3));
            }
        }
}

/* colour' = m colour + b with m = e[:, :3], b = e[:, 3]; e (3, 4).  In and out may be the same
 * rows. */
static inline void hl_loss_expose(const hl_real *e, int32_t width, const hl_real *const in[3],
                                  hl_real *const out[3])
{
    for (int32_t i = 0; i < width; i++) {
        const hl_real r = in[0][i], g = in[1][i], b = in[2][i];
        for (int c = 0; c < 3; c++)
            out[c][i] = e[4 * c] * r + e[4 * c + 1] * g + e[4 * c + 2] * b + e[4 * c + 3];
    }
}

/* grad: dL/dcolour' in, dL/dcolour out (rows of `width`); color: what went in; d_e (3, 4): added
 * to. */
static inline void hl_loss_expose_bwd(const hl_real *e, int32_t width,
                                      const hl_real *const color[3], hl_real *const grad[3],
                                      double *d_e)
{
    hl_real sum[12] = {0};
    for (int32_t i = 0; i < width; i++) {
        const hl_real g[3] = {grad[0][i], grad[1][i], grad[2][i]};
        for (int c = 0; c < 3; c++) {
            for (int k = 0; k < 3; k++)
                sum[4 * c + k] += g[c] * color[k][i];
            sum[4 * c + 3] += g[c];
        }
        for (int k = 0; k < 3; k++)
            grad[k][i] = e[k] * g[0] + e[4 + k] * g[1] + e[8 + k] * g[2];
    }
    for (int k = 0; k < 12; k++)
        d_e[k] += (double)sum[k];
}

/* One instruction set's passes. */
typedef struct hl_loss_rows {
    void (*moments)(const hl_loss_job *job, int32_t first, int32_t last, hl_real *scratch,
                    double *sums);
    void (*gradient)(const hl_loss_job *job, int32_t first, int32_t last, hl_real *scratch);
} hl_loss_rows;

#endif /* HL_RASTER_CPU_LOSS_ROWS_H */
