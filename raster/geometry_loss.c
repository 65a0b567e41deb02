/* SPDX-License-Identifier: MIT */
/* Two passes over rows: the first finds depth per pixel, the second gradients to the edges of each
 * pixel's cross of neighbours; a third gathers them, so that no pixel writes to another. */
#include "raster/geometry_loss.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "raster/surface_depth.h"

#include <math.h>
#include <string.h>

enum {
    PLANE_Z,
    PLANE_ACROSS,                  /* dL/d(right - left) of the pixel's cross, 3 planes */
    PLANE_DOWN = PLANE_ACROSS + 3, /* dL/d(lower - upper)                               */
    PLANE_NORMAL = PLANE_DOWN + 3, /* what goes to backward                             */
    PLANE_ALPHA = PLANE_NORMAL + 3,
    PLANE_DISTANCE,
    PLANE_DEPTH,
    PLANE_DEPTH_2,
    PLANES
};

enum { BAND = 16 };

struct hl_geometry_loss {
    float *planes; /* (PLANES, rows, stride) */
    size_t floats;
    double *sums; /* (bands) */
    size_t bands;
};

typedef struct geometry_run {
    hl_geometry_loss *loss;
    const hl_raster_frame *frame;
    const hl_raster_view *view;
    const hl_loss_target *target;
    const hl_raster_frame_grad *before;  /* what the photometric loss left */
    float consistency, distortion, mask; /* per pixel */
    size_t plane;
    float k[4];
} geometry_run;

hl_status hl_geometry_loss_create(hl_geometry_loss **out)
{
    hl_geometry_loss *loss = hl_alloc(1, sizeof *loss);
    if (!loss)
        return HL_E_MEMORY;
    *out = loss;
    return HL_OK;
}

void hl_geometry_loss_destroy(hl_geometry_loss **loss)
{
    if (!*loss)
        return;
    hl_free((*loss)->planes);
    hl_free((*loss)->sums);
    hl_free(*loss);
    *loss = NULL;
}

uint32_t hl_geometry_loss_outputs(const hl_geometry_loss_options *o)
{
    return (o->consistency > 0 ? (uint32_t)HL_RASTER_NORMAL | (uint32_t)HL_RASTER_DISTANCE : 0u) |
           (o->distortion > 0 ? (uint32_t)HL_RASTER_DEPTH | (uint32_t)HL_RASTER_DEPTH_2 : 0u);
}

size_t hl_geometry_loss_bytes(int32_t width, int32_t height)
{
    const size_t stride = ((size_t)width + HL_TILE - 1) / HL_TILE * HL_TILE;
    const size_t rows = ((size_t)height + HL_TILE - 1) / HL_TILE * HL_TILE;
    return stride * rows * PLANES * sizeof(float);
}

static float *row_of(const geometry_run *g, int plane, int32_t y)
{
    return g->loss->planes + (size_t)plane * g->plane + (size_t)y * (size_t)g->frame->stride;
}

static const float *frame_row(const geometry_run *g, int32_t plane, int32_t y)
{
    return g->frame->plane[plane] + (size_t)y * (size_t)g->frame->stride;
}

static void blended_normal(const geometry_run *g, int32_t x, int32_t y, float n[3])
{
    for (int c = 0; c < 3; c++)
        n[c] = frame_row(g, g->frame->normal_plane + c, y)[x];
}

static float alpha_at(const geometry_run *g, int32_t x, int32_t y)
{
    return 1 - g->frame->transmittance[(size_t)y * (size_t)g->frame->stride + (size_t)x];
}

static bool kept(const geometry_run *g, int32_t x, int32_t y)
{
    return !g->target->mask || g->target->mask[(size_t)y * (size_t)g->frame->width + (size_t)x];
}

static int32_t band_rows(const geometry_run *g, int32_t band, int32_t *first)
{
    const int32_t end = (band + 1) * BAND;
    *first = band * BAND;
    return end < g->frame->height ? end : g->frame->height;
}

static void depth_band(void *ctx, int32_t band, int32_t thread)
{
    (void)thread;
    const geometry_run *g = ctx;
    int32_t y;
    for (const int32_t end = band_rows(g, band, &y); y < end; y++)
        for (int32_t x = 0; x < g->frame->width; x++) {
            float n[3], ray[3];
            blended_normal(g, x, y, n);
            hl_surface_ray(g->view->r, g->k, x, y, ray);
            const float d = frame_row(g, g->frame->distance_plane, y)[x];
            row_of(g, PLANE_Z, y)[x] =
                alpha_at(g, x, y) >= (float)HL_SURFACE_ALPHA_MIN ? hl_surface_depth(d, n, ray) : 0;
        }
}

/* Left, right, upper, lower point around a pixel; false at borders, holes and edges. */
static bool cross_points(const geometry_run *g, int32_t x, int32_t y, float p[4][3])
{
    static const int8_t at[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    const float z0 = row_of(g, PLANE_Z, y)[x];
    float z[4];
    if (x < 1 || y < 1 || x + 1 >= g->frame->width || y + 1 >= g->frame->height || !(z0 > 0))
        return false;
    for (int i = 0; i < 4; i++) {
        float ray[3];
        z[i] = row_of(g, PLANE_Z, y + at[i][1])[x + at[i][0]];
        if (!(z[i] > 0))
            return false;
        hl_surface_ray(g->view->r, g->k, x + at[i][0], y + at[i][1], ray);
        for (int c = 0; c < 3; c++)
            p[i][c] = z[i] * ray[c];
    }
    const float limit = (float)HL_SURFACE_STEP_MAX * z0;
    return fabsf(z[1] - z[0]) <= limit && fabsf(z[3] - z[2]) <= limit;
}

/* Starts the gradients of a row from what was there. */
static void start_row(const geometry_run *g, int32_t y)
{
    const hl_raster_frame *f = g->frame;
    const struct {
        int ours;
        const float *before;
    } all[] = {
        {PLANE_ALPHA, g->before->alpha},
        {PLANE_NORMAL, f->normal_plane < 0 ? NULL : g->before->plane[f->normal_plane]},
        {PLANE_NORMAL + 1, f->normal_plane < 0 ? NULL : g->before->plane[f->normal_plane + 1]},
        {PLANE_NORMAL + 2, f->normal_plane < 0 ? NULL : g->before->plane[f->normal_plane + 2]},
        {PLANE_DEPTH, f->depth_plane < 0 ? NULL : g->before->plane[f->depth_plane]}};
    const size_t bytes = (size_t)f->stride * sizeof(float);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        float *row = row_of(g, all[i].ours, y);
        if (all[i].before)
            memcpy(row, all[i].before + (size_t)y * (size_t)f->stride, bytes);
        else
            memset(row, 0, bytes);
    }
    for (int p = PLANE_ACROSS; p < PLANE_NORMAL; p++)
        memset(row_of(g, p, y), 0, bytes);
    memset(row_of(g, PLANE_DISTANCE, y), 0, bytes);
    memset(row_of(g, PLANE_DEPTH_2, y), 0, bytes);
}

static double consistency_at(const geometry_run *g, int32_t x, int32_t y)
{
    float p[4][3], n[3], cross[3], n_z[3], d_n_z[3], d_across[3], d_down[3];
    if (!cross_points(g, x, y, p))
        return 0;
    const float length = hl_surface_normal(p, cross, n_z), w = g->consistency;
    if (!(length > 0))
        return 0;
    blended_normal(g, x, y, n);
    for (int c = 0; c < 3; c++) {
        row_of(g, PLANE_NORMAL + c, y)[x] -= w * n_z[c];
        d_n_z[c] = -w * n[c];
    }
    row_of(g, PLANE_ALPHA, y)[x] += w;
    hl_surface_normal_bwd(p, length, n_z, d_n_z, d_across, d_down);
    for (int c = 0; c < 3; c++) {
        row_of(g, PLANE_ACROSS + c, y)[x] = d_across[c];
        row_of(g, PLANE_DOWN + c, y)[x] = d_down[c];
    }
    return (double)(w * (alpha_at(g, x, y) - hl_dot3(n, n_z)));
}

static double distortion_at(const geometry_run *g, int32_t x, int32_t y)
{
    const float alpha = alpha_at(g, x, y), m1 = frame_row(g, g->frame->depth_plane, y)[x];
    const float m2 = frame_row(g, g->frame->depth_2_plane, y)[x];
    float d[3];
    if (!(alpha >= (float)HL_SURFACE_ALPHA_MIN) || !(m1 > 0))
        return 0;
    const float spread = hl_surface_distortion(alpha, m1, m2, d);
    row_of(g, PLANE_ALPHA, y)[x] += g->distortion * d[0];
    row_of(g, PLANE_DEPTH, y)[x] += g->distortion * d[1];
    row_of(g, PLANE_DEPTH_2, y)[x] += g->distortion * d[2];
    return (double)(g->distortion * spread);
}

static double mask_at(const geometry_run *g, int32_t x, int32_t y)
{
    const size_t at = (size_t)y * (size_t)g->frame->width + (size_t)x;
    float d;
    const float bce =
        hl_surface_mask(alpha_at(g, x, y), (float)g->target->pixels[4 * at + 3] / 255, &d);
    row_of(g, PLANE_ALPHA, y)[x] += g->mask * d;
    return (double)(g->mask * bce);
}

static void terms_band(void *ctx, int32_t band, int32_t thread)
{
    (void)thread;
    const geometry_run *g = ctx;
    int32_t y;
    double sum = 0;
    for (const int32_t end = band_rows(g, band, &y); y < end; y++) {
        start_row(g, y);
        for (int32_t x = 0; x < g->frame->width; x++) {
            if (!kept(g, x, y))
                continue;
            if (g->consistency > 0)
                sum += consistency_at(g, x, y);
            if (g->distortion > 0)
                sum += distortion_at(g, x, y);
            if (g->mask > 0)
                sum += mask_at(g, x, y);
        }
    }
    g->loss->sums[band] = sum;
}

/* dL/dz of a pixel: its point is the right one of its left neighbour's cross, and so on. */
static float gather_pixel(const geometry_run *g, int32_t x, int32_t y, const float ray[3])
{
    const int32_t w = g->frame->width, h = g->frame->height;
    float d_z = 0;
    for (int c = 0; c < 3; c++) {
        float d = x > 0 ? row_of(g, PLANE_ACROSS + c, y)[x - 1] : 0;
        d -= x + 1 < w ? row_of(g, PLANE_ACROSS + c, y)[x + 1] : 0;
        d += y > 0 ? row_of(g, PLANE_DOWN + c, y - 1)[x] : 0;
        d -= y + 1 < h ? row_of(g, PLANE_DOWN + c, y + 1)[x] : 0;
        d_z += d * ray[c];
    }
    return d_z;
}

static void gather_band(void *ctx, int32_t band, int32_t thread)
{
    (void)thread;
    const geometry_run *g = ctx;
    int32_t y;
    for (const int32_t end = band_rows(g, band, &y); y < end; y++)
        for (int32_t x = 0; x < g->frame->width; x++) {
            if (!(row_of(g, PLANE_Z, y)[x] > 0))
                continue;
            float ray[3], n[3], d_n[3] = {0, 0, 0};
            hl_surface_ray(g->view->r, g->k, x, y, ray);
            const float d_z = gather_pixel(g, x, y, ray);
            if (d_z == 0)
                continue;
            blended_normal(g, x, y, n);
            const float d = frame_row(g, g->frame->distance_plane, y)[x];
            row_of(g, PLANE_DISTANCE, y)[x] = hl_surface_depth_bwd(d_z, d, n, ray, d_n);
            for (int c = 0; c < 3; c++)
                row_of(g, PLANE_NORMAL + c, y)[x] += d_n[c];
        }
}

static hl_status reserve(geometry_run *g, int32_t bands)
{
    hl_geometry_loss *loss = g->loss;
    g->plane = (size_t)g->frame->rows * (size_t)g->frame->stride;
    if (loss->floats < g->plane * PLANES) {
        hl_free(loss->planes);
        loss->planes = hl_alloc(g->plane * PLANES, sizeof(float));
        loss->floats = loss->planes ? g->plane * PLANES : 0;
    }
    if (loss->bands < (size_t)bands) {
        hl_free(loss->sums);
        loss->sums = hl_alloc((size_t)bands, sizeof(double));
        loss->bands = loss->sums ? (size_t)bands : 0;
    }
    return loss->planes && loss->sums ? HL_OK : hl_fail_context(HL_E_MEMORY, "geometry loss");
}

static int64_t count_kept(const geometry_run *g)
{
    const int64_t all = (int64_t)g->frame->width * g->frame->height;
    if (!g->target->mask)
        return all;
    int64_t n = 0;
    for (int64_t i = 0; i < all; i++)
        n += g->target->mask[i] != 0;
    return n;
}

static void hand_over(const geometry_run *g, hl_raster_frame_grad *grad)
{
    const hl_raster_frame *f = g->frame;
    grad->alpha = row_of(g, PLANE_ALPHA, 0);
    for (int c = 0; c < 3 && f->normal_plane >= 0; c++)
        grad->plane[f->normal_plane + c] = row_of(g, PLANE_NORMAL + c, 0);
    if (f->distance_plane >= 0)
        grad->plane[f->distance_plane] = row_of(g, PLANE_DISTANCE, 0);
    if (f->depth_plane >= 0)
        grad->plane[f->depth_plane] = row_of(g, PLANE_DEPTH, 0);
    if (f->depth_2_plane >= 0)
        grad->plane[f->depth_2_plane] = row_of(g, PLANE_DEPTH_2, 0);
}

hl_status hl_geometry_loss_run(hl_geometry_loss *loss, const hl_raster_frame *frame,
                               const hl_raster_view *view, const hl_loss_target *target,
                               const hl_geometry_loss_options *options, hl_loss_result *result)
{
    geometry_run g = {.loss = loss,
                      .frame = frame,
                      .view = view,
                      .target = target,
                      .before = &result->grad,
                      .k = {view->fx, view->fy, view->cx, view->cy}};
    if (options->consistency > 0 && (frame->normal_plane < 0 || frame->distance_plane < 0))
        return hl_fail(HL_E_ARG, "geometry loss: the frame has no normals and distances");
    if (options->distortion > 0 && (frame->depth_plane < 0 || frame->depth_2_plane < 0))
        return hl_fail(HL_E_ARG, "geometry loss: the frame has no depth and depth squared");
    const int32_t bands = hl_block_count(frame->height, BAND);
    HL_TRY(reserve(&g, bands));
    const int64_t count = count_kept(&g);
    const float share = count > 0 ? 1 / (float)count : 0;
    g.consistency = options->consistency * share;
    g.distortion = options->distortion * share;
    g.mask = target->channels == 4 ? options->mask * share : 0;
    if (g.consistency > 0)
        hl_parallel_for(bands, depth_band, &g);
    hl_parallel_for(bands, terms_band, &g);
    if (g.consistency > 0)
        hl_parallel_for(bands, gather_band, &g);
    result->loss += hl_ordered_sum(loss->sums, bands);
    hand_over(&g, &result->grad);
    return HL_OK;
}
