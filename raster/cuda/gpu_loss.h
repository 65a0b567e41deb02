/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_loss.h -- raster/loss.h on the device: SSIM, L1 and the terms of alpha, depth and
 * normals in two passes over squares of 16 x 16 pixels, one block of threads each.
 *
 *   target    photo (8 bits, at its full size) -> what the picture should be
 *   moments   five filtered planes -> S, p1 p2 p3; |x - y|, (x - y)^2
 *   gradient  three filtered planes -> dL/dcolour; the other terms pixel by pixel
 *   surface   (gpu_surface.h) the terms of geometry mode, on top
 *
 * A block filters a square with a border of 5 pixels in shared memory, across and then down.
 * Formulas: raster/cpu/loss_rows.h, docs/math.md.
 */
#ifndef HL_RASTER_CUDA_GPU_LOSS_H
#define HL_RASTER_CUDA_GPU_LOSS_H

#include "core/metric.h"
#include "raster/cuda/gpu_work.h"
#include "raster/train/shrink.h"

enum {
    HL_GPU_SQUARE = 16,
    HL_GPU_BORDER = HL_SSIM_TAPS / 2,
    HL_GPU_WIDE = HL_GPU_SQUARE + 2 * HL_GPU_BORDER, /* 26 */
    HL_GPU_IGNORED = 5,                              /* index of the mask's plane */
    HL_GPU_PIXEL_SUMS = 15                           /* alpha depth normal exposure 12 */
};

/* Pixels more transparent than this have no depth worth comparing: that of raster/loss.c. */
#define HL_GPU_DEPTH_ALPHA_MIN 0.5f

typedef struct hl_gpu_moments_shared {
    float x[3][HL_GPU_WIDE][HL_GPU_WIDE], y[3][HL_GPU_WIDE][HL_GPU_WIDE]; /* by channel */
    float ignored[HL_GPU_WIDE][HL_GPU_WIDE];
    float across[6][HL_GPU_WIDE][HL_GPU_SQUARE];
    float sum[3][HL_BLOCK_LANES];
    float keep[HL_BLOCK_LANES];
} hl_gpu_moments_shared;

typedef struct hl_gpu_gradient_shared {
    union {
        float in[9][HL_GPU_WIDE][HL_GPU_WIDE]; /* p1, p2, p3 by channel */
        float sum[HL_GPU_PIXEL_SUMS][HL_BLOCK_LANES];
    };
    float across[3][HL_GPU_WIDE][HL_GPU_SQUARE];
    float grad[3][HL_BLOCK_LANES];
} hl_gpu_gradient_shared;

/* Index of the first photo pixel behind pixel (x, y) of the picture. */
HL_GPU_FN size_t hl_gpu_photo_at(const hl_gpu_photo *p, int x, int y)
{
    return (size_t)y * (size_t)p->factor * (size_t)p->width + (size_t)x * (size_t)p->factor;
}

HL_GPU_FN size_t hl_gpu_photo_middle(const hl_gpu_photo *p, int x, int y)
{
    const size_t half = (size_t)p->factor / 2;
    return hl_gpu_photo_at(p, x, y) + half * (size_t)p->width + half;
}

HL_GPU_FN int hl_gpu_kept(const hl_gpu_photo *p, int x, int y)
{
    return !p->mask ||
           hl_shrink_mask(p->mask, (size_t)p->width, p->factor, hl_gpu_photo_at(p, x, y));
}

HL_GPU_FN void hl_gpu_photo_pixel(const hl_gpu_photo *p, int x, int y, uint8_t out[4])
{
    hl_shrink_pixel(p->pixels, (size_t)p->width, p->channels, p->factor, hl_gpu_photo_at(p, x, y),
                    out);
}

/* One pixel of the photo, laid over the background. */
HL_GPU_FN void hl_gpu_k_target(const hl_gpu_work *w, int64_t i)
{
    const int x = (int)(i % w->width), y = (int)(i / w->width);
    const hl_gpu_photo *p = &w->step->photo;
    uint8_t pixel[4];
    if (w->state->halted)
        return;
    pixel[3] = 255;
    hl_gpu_photo_pixel(p, x, y, pixel);
    const float a = (float)pixel[3] / 255;
    for (int c = 0; c < 3; c++) {
        const float value = (float)pixel[c] / 255;
        w->target[(size_t)c * w->plane + (size_t)y * (size_t)w->stride + (size_t)x] =
            p->channels == 4 ? value * a + w->step->background[c] * (1 - a) : value;
    }
}

/* Colour c of the picture through the exposure. */
HL_GPU_FN float hl_gpu_shown(const hl_gpu_work *w, int c, size_t at)
{
    const float *e = w->step->exposure + 4 * c;
    if (!w->step->has_exposure)
        return w->planes[(size_t)c * w->plane + at];
    return e[0] * w->planes[at] + e[1] * w->planes[w->plane + at] +
           e[2] * w->planes[2 * w->plane + at] + e[3];
}

/* Position of a square's wide pixel e in the picture; 0 when outside. */
HL_GPU_FN int hl_gpu_wide_pixel(const hl_gpu_work *w, int64_t square, int e, int *x, int *y)
{
    *x = (int)(square % w->squares_x) * HL_GPU_SQUARE + e % HL_GPU_WIDE - HL_GPU_BORDER;
    *y = (int)(square / w->squares_x) * HL_GPU_SQUARE + e / HL_GPU_WIDE - HL_GPU_BORDER;
    return *x >= 0 && *y >= 0 && *x < w->width && *y < w->height;
}

/* The same for thread t's pixel. */
HL_GPU_FN int hl_gpu_square_pixel(const hl_gpu_work *w, int64_t square, int t, int *x, int *y)
{
    *x = (int)(square % w->squares_x) * HL_GPU_SQUARE + t % HL_GPU_SQUARE;
    *y = (int)(square / w->squares_x) * HL_GPU_SQUARE + t / HL_GPU_SQUARE;
    return *x < w->width && *y < w->height;
}

/* sum[q][0] = sum over threads, for q < count: a tree, the same on every device. */
HL_GPU_FN void hl_gpu_block_sums(float sum[][HL_BLOCK_LANES], int count)
{
    for (int half = HL_BLOCK_LANES / 2; half >= 1; half /= 2) {
        hl_block_sync();
        HL_EACH_THREAD(t)
        {
            for (int q = 0; q < count && t < half; q++)
                sum[q][t] += sum[q][t + half];
        }
    }
    hl_block_sync();
}

/* Whether the plane of ignored pixels is filtered along with channel c. */
HL_GPU_FN int hl_gpu_masked(const hl_gpu_work *w, int c)
{
    return c == 0 && w->step->photo.mask != 0;
}

HL_GPU_FN void hl_gpu_moments_load(const hl_gpu_work *w, int64_t square, hl_gpu_moments_shared *s)
{
    const int masked = hl_gpu_masked(w, 0);
    HL_EACH_THREAD(t)
    {
        for (int e = t; e < HL_GPU_WIDE * HL_GPU_WIDE; e += HL_BLOCK_LANES) {
            int x, y;
            const int inside = hl_gpu_wide_pixel(w, square, e, &x, &y);
            const size_t at = inside ? (size_t)y * (size_t)w->stride + (size_t)x : 0;
            const int row = e / HL_GPU_WIDE, column = e % HL_GPU_WIDE;
            HL_UNROLL
            for (int c = 0; c < 3; c++) {
                s->x[c][row][column] = inside ? hl_gpu_shown(w, c, at) : 0;
                s->y[c][row][column] = inside ? w->target[(size_t)c * w->plane + at] : 0;
            }
            if (masked)
                s->ignored[row][column] = inside && !hl_gpu_kept(&w->step->photo, x, y);
        }
    }
}

/* One plane, across: two neighbours at a time, which share all but one of what they read. */
HL_GPU_FN void hl_gpu_ignored_across(hl_gpu_moments_shared *s, int row, int column)
{
    float sum[2] = {0, 0};
    for (int k = 0; k < HL_SSIM_TAPS; k++)
        for (int o = 0; o < 2; o++)
            sum[o] += s->ignored[row][column + k + o];
    for (int o = 0; o < 2; o++)
        s->across[HL_GPU_IGNORED][row][column + o] = sum[o];
}

HL_GPU_FN void hl_gpu_moments_across(const hl_gpu_work *w, int c, hl_gpu_moments_shared *s)
{
    HL_EACH_THREAD(t)
    {
        if (t < HL_GPU_WIDE * HL_GPU_SQUARE / 2) {
            const int row = t / (HL_GPU_SQUARE / 2), column = t % (HL_GPU_SQUARE / 2) * 2;
            float sum[2][5] = {{0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}};
            HL_UNROLL
            for (int k = 0; k < HL_SSIM_TAPS + 1; k++) {
                const float x = s->x[c][row][column + k], y = s->y[c][row][column + k];
                const float value[5] = {x, y, x * x, y * y, x * y};
                HL_UNROLL
                for (int o = 0; o < 2; o++)
                    if (k - o >= 0 && k - o < HL_SSIM_TAPS)
                        for (int q = 0; q < 5; q++)
                            sum[o][q] += w->window_taps[k - o] * value[q];
            }
            for (int q = 0; q < 5; q++)
                for (int o = 0; o < 2; o++)
                    s->across[q][row][column + o] = sum[o][q];
            if (hl_gpu_masked(w, c))
                hl_gpu_ignored_across(s, row, column);
        }
    }
}

/* Whether all pixels of the window around (row, column) count. */
HL_GPU_FN float hl_gpu_window_kept(const hl_gpu_moments_shared *s, int row, int column)
{
    float ignored = 0;
    for (int k = 0; k < HL_SSIM_TAPS; k++)
        ignored += s->across[HL_GPU_IGNORED][row + k][column];
    return ignored > 0 ? 0 : 1;
}

/* S and p1 p2 p3 of channel c at the square's pixel (row, column), m: its filtered moments; sums
 * go to thread t's. */
HL_GPU_FN void hl_gpu_moments_point(const hl_gpu_work *w, int64_t square, int c, int t, int row,
                                    int column, const float m[5], hl_gpu_moments_shared *s)
{
    const int pixel = row * HL_GPU_SQUARE + column;
    int x, y;
    if (!hl_gpu_square_pixel(w, square, pixel, &x, &y))
        return;
    if (c == 0)
        s->keep[pixel] = hl_gpu_masked(w, c) ? hl_gpu_window_kept(s, row, column) : 1;
    const float c1 = (float)HL_SSIM_C1, c2 = (float)HL_SSIM_C2, mx = m[0], my = m[1];
    const float a1 = 2 * mx * my + c1, a2 = 2 * (m[4] - mx * my) + c2;
    const float b1 = mx * mx + my * my + c1, b2 = (m[2] - mx * mx) + (m[3] - my * my) + c2;
    const float inv = s->keep[pixel] / (b1 * b2), ssim = a1 * a2 * inv;
    const size_t at = (size_t)y * (size_t)w->stride + (size_t)x;
    float *p = w->p123 + (size_t)(3 * c) * w->plane + at;
    p[0] = 2 * my * (a2 - a1) * inv + 2 * mx * ssim * (b1 - b2) * inv;
    p[w->plane] = -ssim * b1 * inv;
    p[2 * w->plane] = 2 * a1 * inv;
    s->sum[HL_GPU_SUM_SSIM][t] += ssim;
    if (hl_gpu_kept(&w->step->photo, x, y)) {
        const float d = s->x[c][row + HL_GPU_BORDER][column + HL_GPU_BORDER] -
                        s->y[c][row + HL_GPU_BORDER][column + HL_GPU_BORDER];
        s->sum[HL_GPU_SUM_L1][t] += hl_abs(d);
        s->sum[HL_GPU_SUM_L2][t] += d * d;
    }
}

/* Down: thread t < 128 has two pixels, one below the other. */
HL_GPU_FN void hl_gpu_moments_down(const hl_gpu_work *w, int64_t square, int c, int t,
                                   hl_gpu_moments_shared *s)
{
    const int row = t / HL_GPU_SQUARE * 2, column = t % HL_GPU_SQUARE;
    float m[2][5] = {{0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}};
    HL_UNROLL
    for (int k = 0; k < HL_SSIM_TAPS + 1; k++) {
        HL_UNROLL
        for (int q = 0; q < 5; q++) {
            const float value = s->across[q][row + k][column];
            HL_UNROLL
            for (int o = 0; o < 2; o++)
                if (k - o >= 0 && k - o < HL_SSIM_TAPS)
                    m[o][q] += w->window_taps[k - o] * value;
        }
    }
    for (int o = 0; o < 2; o++)
        hl_gpu_moments_point(w, square, c, t, row + o, column, m[o], s);
}

HL_GPU_FN void hl_gpu_k_moments(const hl_gpu_work *w, int64_t square, hl_gpu_moments_shared *s)
{
    if (w->state->halted)
        return;
    HL_EACH_THREAD(t)
    {
        for (int q = 0; q < 3; q++)
            s->sum[q][t] = 0;
    }
    hl_gpu_moments_load(w, square, s);
    for (int c = 0; c < 3; c++) {
        hl_block_sync();
        hl_gpu_moments_across(w, c, s);
        hl_block_sync();
        HL_EACH_THREAD(t)
        {
            if (t < HL_BLOCK_LANES / 2)
                hl_gpu_moments_down(w, square, c, t, s);
        }
    }
    hl_gpu_block_sums(s->sum, 3);
    HL_EACH_THREAD(t)
    {
        if (t < 3)
            w->partial[square * HL_GPU_SUMS + t] = (double)s->sum[t][0];
    }
}

HL_GPU_FN float hl_gpu_share(float weight, float count)
{
    return count > 0 ? weight / count : 0;
}

HL_GPU_FN float hl_gpu_sign(float x)
{
    return (float)((x > 0) - (x < 0));
}

/* dL/d(shown colour c) at the square's pixel (row, column), g: what is filtered there; into
 * s->grad. */
HL_GPU_FN void hl_gpu_gradient_point(const hl_gpu_work *w, int64_t square, int c, int pixel,
                                     const float g[3], hl_gpu_gradient_shared *s)
{
    const hl_gpu_step *step = w->step;
    const float l1 = hl_gpu_share(1 - step->ssim_weight, 3 * step->photo.pixels_kept);
    const float ws = hl_gpu_share(step->ssim_weight, 3 * step->photo.windows_kept);
    int px, py;
    if (!hl_gpu_square_pixel(w, square, pixel, &px, &py))
        return;
    const size_t at = (size_t)py * (size_t)w->stride + (size_t)px;
    const float x = hl_gpu_shown(w, c, at), y = w->target[(size_t)c * w->plane + at];
    const float kept = hl_gpu_kept(&step->photo, px, py) ? 1 : 0;
    s->grad[c][pixel] = l1 * kept * hl_gpu_sign(x - y) - ws * (g[0] + 2 * x * g[1] + y * g[2]);
}

/* Three planes across, as the moments are. */
HL_GPU_FN void hl_gpu_gradient_across(const hl_gpu_work *w, int c, hl_gpu_gradient_shared *s)
{
    HL_EACH_THREAD(t)
    {
        if (t < HL_GPU_WIDE * HL_GPU_SQUARE / 2) {
            const int row = t / (HL_GPU_SQUARE / 2), column = t % (HL_GPU_SQUARE / 2) * 2;
            HL_UNROLL
            for (int q = 0; q < 3; q++) {
                float sum[2] = {0, 0};
                HL_UNROLL
                for (int k = 0; k < HL_SSIM_TAPS + 1; k++) {
                    const float value = s->in[3 * c + q][row][column + k];
                    sum[0] += k < HL_SSIM_TAPS ? w->window_taps[k] * value : 0;
                    sum[1] += k > 0 ? w->window_taps[k - 1] * value : 0;
                }
                s->across[q][row][column] = sum[0];
                s->across[q][row][column + 1] = sum[1];
            }
        }
    }
}

/* Down, as the moments are: thread t < 128 has two pixels. */
HL_GPU_FN void hl_gpu_gradient_down(const hl_gpu_work *w, int64_t square, int c, int t,
                                    hl_gpu_gradient_shared *s)
{
    const int row = t / HL_GPU_SQUARE * 2, column = t % HL_GPU_SQUARE;
    float g[2][3] = {{0, 0, 0}, {0, 0, 0}};
    HL_UNROLL
    for (int k = 0; k < HL_SSIM_TAPS + 1; k++) {
        HL_UNROLL
        for (int q = 0; q < 3; q++) {
            const float value = s->across[q][row + k][column];
            g[0][q] += k < HL_SSIM_TAPS ? w->window_taps[k] * value : 0;
            g[1][q] += k > 0 ? w->window_taps[k - 1] * value : 0;
        }
    }
    for (int o = 0; o < 2; o++)
        hl_gpu_gradient_point(w, square, c, (row + o) * HL_GPU_SQUARE + column, g[o], s);
}

/* From the shown colour to the picture's: colour' = m colour + b. */
HL_GPU_FN void hl_gpu_exposure_bwd(const hl_gpu_work *w, size_t at, int t,
                                   hl_gpu_gradient_shared *s)
{
    const float *e = w->step->exposure;
    const float g[3] = {s->grad[0][t], s->grad[1][t], s->grad[2][t]};
    if (!w->step->has_exposure)
        return;
    for (int c = 0; c < 3; c++) {
        for (int k = 0; k < 3; k++)
            s->sum[3 + 4 * c + k][t] = g[c] * w->planes[(size_t)k * w->plane + at];
        s->sum[3 + 4 * c + 3][t] = g[c];
    }
    for (int k = 0; k < 3; k++)
        s->grad[k][t] = e[k] * g[0] + e[4 + k] * g[1] + e[8 + k] * g[2];
}

/* |A - A_gt|, |1/z - 1/z_gt| with 1/z = A / sum(w z), 1 - n . n_gt; *d_alpha: added to. */
HL_GPU_FN void hl_gpu_geometry_terms(const hl_gpu_work *w, int x, int y, size_t at, int t,
                                     hl_gpu_gradient_shared *s, float *d_alpha)
{
    const hl_gpu_step *step = w->step;
    const hl_gpu_photo *p = &step->photo;
    const float alpha = 1 - w->transmittance[at];
    const int kept = hl_gpu_kept(p, x, y);
    if (p->channels == 4 && kept) {
        uint8_t pixel[4];
        hl_gpu_photo_pixel(p, x, y, pixel);
        const float d = alpha - (float)pixel[3] / 255;
        s->sum[0][t] = hl_abs(d);
        *d_alpha += hl_gpu_share(step->alpha_weight, p->pixels_kept) * hl_gpu_sign(d);
    }
    if (w->has_depth) {
        const float known = p->depth && kept ? p->depth[hl_gpu_photo_middle(p, x, y)] : 0;
        const float z = w->planes[(size_t)w->depth_plane * w->plane + at];
        float d_depth = 0;
        if (known > 0 && alpha >= HL_GPU_DEPTH_ALPHA_MIN && z > 0) {
            const float d = alpha / z - 1 / known;
            const float g = hl_gpu_share(step->depth_weight, p->depth_known) * hl_gpu_sign(d);
            s->sum[1][t] = hl_abs(d);
            *d_alpha += g / z;
            d_depth = -g * alpha / (z * z);
        }
        w->loss_grad[HL_GPU_G_DEPTH * w->plane + at] = d_depth;
    }
    if (w->has_normal) {
        const float *n = p->normal ? p->normal + 3 * hl_gpu_photo_middle(p, x, y) : 0;
        const int known = n && kept && (n[0] != 0 || n[1] != 0 || n[2] != 0);
        const float scale = hl_gpu_share(step->normal_weight, p->normal_known);
        float d = alpha;
        for (int c = 0; c < 3; c++) {
            if (known)
                d -= w->planes[(size_t)(w->normal_plane + c) * w->plane + at] * n[c];
            w->loss_grad[(size_t)(HL_GPU_G_NORMAL + c) * w->plane + at] = known ? -scale * n[c] : 0;
        }
        s->sum[2][t] = known ? d : 0;
        *d_alpha += known ? scale : 0;
    }
}

HL_GPU_FN void hl_gpu_gradient_load(const hl_gpu_work *w, int64_t square, hl_gpu_gradient_shared *s)
{
    HL_EACH_THREAD(t)
    {
        for (int e = t; e < HL_GPU_WIDE * HL_GPU_WIDE; e += HL_BLOCK_LANES) {
            int x, y;
            const int inside = hl_gpu_wide_pixel(w, square, e, &x, &y);
            const size_t at = inside ? (size_t)y * (size_t)w->stride + (size_t)x : 0;
            HL_UNROLL
            for (int q = 0; q < 9; q++)
                s->in[q][e / HL_GPU_WIDE][e % HL_GPU_WIDE] =
                    inside ? w->p123[(size_t)q * w->plane + at] : 0;
        }
    }
}

HL_GPU_FN void hl_gpu_k_gradient(const hl_gpu_work *w, int64_t square, hl_gpu_gradient_shared *s)
{
    if (w->state->halted)
        return;
    hl_gpu_gradient_load(w, square, s);
    for (int c = 0; c < 3; c++) {
        hl_block_sync();
        hl_gpu_gradient_across(w, c, s);
        hl_block_sync();
        HL_EACH_THREAD(t)
        {
            if (t < HL_BLOCK_LANES / 2)
                hl_gpu_gradient_down(w, square, c, t, s);
        }
    }
    hl_block_sync(); /* a pixel's gradient may be another thread's work, and in is not read now */
    HL_EACH_THREAD(t)
    {
        int x, y;
        for (int q = 0; q < HL_GPU_PIXEL_SUMS; q++)
            s->sum[q][t] = 0;
        if (hl_gpu_square_pixel(w, square, t, &x, &y)) {
            const size_t at = (size_t)y * (size_t)w->stride + (size_t)x;
            float d_alpha = 0;
            hl_gpu_exposure_bwd(w, at, t, s);
            hl_gpu_geometry_terms(w, x, y, at, t, s, &d_alpha);
            for (int c = 0; c < 3; c++)
                w->loss_grad[(size_t)c * w->plane + at] = s->grad[c][t];
            w->loss_grad[HL_GPU_G_ALPHA * w->plane + at] = d_alpha;
        }
    }
    const int terms = w->step->photo.channels == 4 || w->has_depth || w->has_normal;
    const int sums = w->step->has_exposure ? HL_GPU_PIXEL_SUMS : (terms ? 3 : 0);
    hl_gpu_block_sums(s->sum, sums); /* those behind it are 0 already, all 256 of each */
    HL_EACH_THREAD(t)
    {
        if (t < HL_GPU_PIXEL_SUMS) {
            const int q = t < 3 ? HL_GPU_SUM_ALPHA + t : HL_GPU_SUM_EXPOSURE + t - 3;
            w->partial[square * HL_GPU_SUMS + q] = (double)s->sum[t][0];
        }
    }
}

#endif /* HL_RASTER_CUDA_GPU_LOSS_H */
