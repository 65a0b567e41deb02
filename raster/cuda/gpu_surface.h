/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_surface.h -- raster/geometry_loss.h on the device: one block of threads per
 * square of 16 x 16 pixels, behind the gradients of gpu_loss.h, to which it adds.
 *
 * Three steps in shared memory: depth and point of the square and two pixels around it, gradients
 * to the cross of neighbours of each pixel and one around it, then each pixel gathers what its
 * neighbours' crosses say of its depth.  No pixel writes to another.
 */
#ifndef HL_RASTER_CUDA_GPU_SURFACE_H
#define HL_RASTER_CUDA_GPU_SURFACE_H

#include "raster/cuda/gpu_loss.h"
#include "raster/surface_depth.h"

enum {
    HL_GPU_CROSSES = HL_GPU_SQUARE + 2, /* a side of the square with its neighbours */
    HL_GPU_POINTS = HL_GPU_SQUARE + 4   /* and with theirs                           */
};

typedef struct hl_gpu_surface_shared {
    float z[HL_GPU_POINTS][HL_GPU_POINTS]; /* 0: no surface */
    float point[HL_GPU_POINTS][HL_GPU_POINTS][3];
    float across[HL_GPU_CROSSES][HL_GPU_CROSSES][3]; /* dL/d(right - left)  */
    float down[HL_GPU_CROSSES][HL_GPU_CROSSES][3];   /* dL/d(lower - upper) */
    float sum[1][HL_BLOCK_LANES];
} hl_gpu_surface_shared;

/* Pixel e of the square grown to `side`; 0 when outside of the picture. */
HL_GPU_FN int hl_gpu_grown_pixel(const hl_gpu_work *w, int64_t square, int e, int side, int *x,
                                 int *y)
{
    const int border = (side - HL_GPU_SQUARE) / 2;
    *x = (int)(square % w->squares_x) * HL_GPU_SQUARE + e % side - border;
    *y = (int)(square / w->squares_x) * HL_GPU_SQUARE + e / side - border;
    return *x >= 0 && *y >= 0 && *x < w->width && *y < w->height;
}

HL_GPU_FN size_t hl_gpu_at(const hl_gpu_work *w, int x, int y)
{
    return (size_t)y * (size_t)w->stride + (size_t)x;
}

HL_GPU_FN void hl_gpu_blended_normal(const hl_gpu_work *w, size_t at, float n[3])
{
    for (int c = 0; c < 3; c++)
        n[c] = w->planes[(size_t)(w->normal_plane + c) * w->plane + at];
}

HL_GPU_FN void hl_gpu_pixel_ray(const hl_gpu_work *w, int x, int y, float ray[3])
{
    const hl_projector *p = &w->step->projector;
    const float k[4] = {p->fx, p->fy, p->cx, p->cy};
    hl_surface_ray(p->r, k, x, y, ray);
}

HL_GPU_FN void hl_gpu_surface_point(const hl_gpu_work *w, int64_t square, int e,
                                    hl_gpu_surface_shared *s)
{
    const int row = e / HL_GPU_POINTS, column = e % HL_GPU_POINTS;
    float n[3], ray[3] = {0, 0, 0}, z = 0;
    int x, y;
    if (hl_gpu_grown_pixel(w, square, e, HL_GPU_POINTS, &x, &y)) {
        const size_t at = hl_gpu_at(w, x, y);
        hl_gpu_blended_normal(w, at, n);
        hl_gpu_pixel_ray(w, x, y, ray);
        if (1 - w->transmittance[at] >= (float)HL_SURFACE_ALPHA_MIN)
            z = hl_surface_depth(w->planes[(size_t)w->distance_plane * w->plane + at], n, ray);
    }
    s->z[row][column] = z;
    for (int c = 0; c < 3; c++)
        s->point[row][column][c] = z * ray[c];
}

/* Left, right, upper, lower point around pixel (x, y) at (row, column) of s->z; 0 at borders,
 * holes and edges. */
HL_GPU_FN int hl_gpu_cross_points(const hl_gpu_work *w, int x, int y, int row, int column,
                                  const hl_gpu_surface_shared *s, float p[4][3])
{
    const float z0 = s->z[row][column];
    if (x < 1 || y < 1 || x + 1 >= w->width || y + 1 >= w->height || !(z0 > 0))
        return 0;
    const float z[4] = {s->z[row][column - 1], s->z[row][column + 1], s->z[row - 1][column],
                        s->z[row + 1][column]};
    if (!(z[0] > 0) || !(z[1] > 0) || !(z[2] > 0) || !(z[3] > 0))
        return 0;
    for (int c = 0; c < 3; c++) {
        p[0][c] = s->point[row][column - 1][c];
        p[1][c] = s->point[row][column + 1][c];
        p[2][c] = s->point[row - 1][column][c];
        p[3][c] = s->point[row + 1][column][c];
    }
    const float limit = (float)HL_SURFACE_STEP_MAX * z0;
    return fabsf(z[1] - z[0]) <= limit && fabsf(z[3] - z[2]) <= limit;
}

/* Cross e: its gradients; where the pixel is of the square itself, also the loss and what goes to
 * its normal and alpha. */
HL_GPU_FN float hl_gpu_surface_cross(const hl_gpu_work *w, int64_t square, int e, float weight,
                                     hl_gpu_surface_shared *s)
{
    const int row = e / HL_GPU_CROSSES, column = e % HL_GPU_CROSSES;
    float p[4][3], n[3], cross[3], n_z[3], d_n_z[3];
    float *across = s->across[row][column], *down = s->down[row][column];
    int x, y;
    for (int c = 0; c < 3; c++)
        across[c] = down[c] = 0;
    if (!hl_gpu_grown_pixel(w, square, e, HL_GPU_CROSSES, &x, &y) ||
        !hl_gpu_kept(&w->step->photo, x, y) ||
        !hl_gpu_cross_points(w, x, y, row + 1, column + 1, s, p))
        return 0;
    const float length = hl_surface_normal(p, cross, n_z);
    if (!(length > 0))
        return 0;
    const size_t at = hl_gpu_at(w, x, y);
    hl_gpu_blended_normal(w, at, n);
    for (int c = 0; c < 3; c++)
        d_n_z[c] = -weight * n[c];
    hl_surface_normal_bwd(p, length, n_z, d_n_z, across, down);
    if (row < 1 || column < 1 || row > HL_GPU_SQUARE || column > HL_GPU_SQUARE)
        return 0;
    for (int c = 0; c < 3; c++)
        w->loss_grad[(size_t)(HL_GPU_G_NORMAL + c) * w->plane + at] -= weight * n_z[c];
    w->loss_grad[HL_GPU_G_ALPHA * w->plane + at] += weight;
    return weight * (1 - w->transmittance[at] - hl_dot3(n, n_z));
}

/* dL/dz of thread t's pixel to its distance and normal. */
HL_GPU_FN void hl_gpu_surface_gather(const hl_gpu_work *w, int64_t square, int t,
                                     const hl_gpu_surface_shared *s)
{
    const int row = t / HL_GPU_SQUARE + 1, column = t % HL_GPU_SQUARE + 1;
    float ray[3], n[3], d_n[3] = {0, 0, 0}, d_z = 0, d_distance = 0;
    int x, y;
    if (!hl_gpu_square_pixel(w, square, t, &x, &y))
        return;
    const size_t at = hl_gpu_at(w, x, y);
    if (s->z[row + 1][column + 1] > 0) {
        hl_gpu_pixel_ray(w, x, y, ray);
        for (int c = 0; c < 3; c++)
            d_z += (s->across[row][column - 1][c] - s->across[row][column + 1][c] +
                    s->down[row - 1][column][c] - s->down[row + 1][column][c]) *
                   ray[c];
        hl_gpu_blended_normal(w, at, n);
        if (d_z != 0)
            d_distance = hl_surface_depth_bwd(
                d_z, w->planes[(size_t)w->distance_plane * w->plane + at], n, ray, d_n);
    }
    w->loss_grad[HL_GPU_G_DISTANCE * w->plane + at] = d_distance;
    for (int c = 0; c < 3; c++)
        w->loss_grad[(size_t)(HL_GPU_G_NORMAL + c) * w->plane + at] += d_n[c];
}

/* Spread of depth and the mask, at thread t's pixel. */
HL_GPU_FN float hl_gpu_surface_pixel(const hl_gpu_work *w, int64_t square, int t, float share)
{
    const hl_gpu_step *step = w->step;
    float loss = 0, d[3];
    int x, y;
    if (!hl_gpu_square_pixel(w, square, t, &x, &y))
        return 0;
    const size_t at = hl_gpu_at(w, x, y);
    const float alpha = 1 - w->transmittance[at];
    const int kept = hl_gpu_kept(&step->photo, x, y);
    float *d_alpha = &w->loss_grad[HL_GPU_G_ALPHA * w->plane + at];
    if (w->depth_2_plane >= 0) {
        const float m1 = w->planes[(size_t)w->depth_plane * w->plane + at];
        const float m2 = w->planes[(size_t)w->depth_2_plane * w->plane + at];
        const float weight = step->distortion * share;
        float d_m2 = 0;
        if (kept && alpha >= (float)HL_SURFACE_ALPHA_MIN && m1 > 0) {
            loss += weight * hl_surface_distortion(alpha, m1, m2, d);
            *d_alpha += weight * d[0];
            w->loss_grad[HL_GPU_G_DEPTH * w->plane + at] += weight * d[1];
            d_m2 = weight * d[2];
        }
        w->loss_grad[HL_GPU_G_DEPTH_2 * w->plane + at] = d_m2;
    }
    if (step->mask_weight > 0 && step->photo.channels == 4 && kept) {
        const float weight = step->mask_weight * share;
        uint8_t pixel[4];
        hl_gpu_photo_pixel(&step->photo, x, y, pixel);
        loss += weight * hl_surface_mask(alpha, (float)pixel[3] / 255, &d[0]);
        *d_alpha += weight * d[0];
    }
    return loss;
}

HL_GPU_FN void hl_gpu_k_surface(const hl_gpu_work *w, int64_t square, hl_gpu_surface_shared *s)
{
    const float kept = w->step->photo.pixels_kept, share = kept > 0 ? 1 / kept : 0;
    const float weight = w->step->consistency * share;
    if (w->state->halted)
        return;
    HL_EACH_THREAD(t)
    {
        s->sum[0][t] = 0;
    }
    if (w->distance_plane >= 0) {
        HL_EACH_THREAD(t)
        {
            for (int e = t; e < HL_GPU_POINTS * HL_GPU_POINTS; e += HL_BLOCK_LANES)
                hl_gpu_surface_point(w, square, e, s);
        }
        hl_block_sync();
        HL_EACH_THREAD(t)
        {
            for (int e = t; e < HL_GPU_CROSSES * HL_GPU_CROSSES; e += HL_BLOCK_LANES)
                s->sum[0][t] += hl_gpu_surface_cross(w, square, e, weight, s);
        }
        hl_block_sync();
        HL_EACH_THREAD(t)
        {
            hl_gpu_surface_gather(w, square, t, s);
        }
    }
    hl_block_sync();
    HL_EACH_THREAD(t)
    {
        s->sum[0][t] += hl_gpu_surface_pixel(w, square, t, share);
    }
    hl_gpu_block_sums(s->sum, 1);
    HL_EACH_THREAD(t)
    {
        if (t == 0)
            w->partial[square * HL_GPU_SUMS + HL_GPU_SUM_SURFACE] = (double)s->sum[0][0];
    }
}

#endif /* HL_RASTER_CUDA_GPU_SURFACE_H */
