/* SPDX-License-Identifier: MIT */
/* Rows of samples are shared among threads; a sample writes to its own pixel alone. */
#include "raster/multi_view_loss.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "raster/multi_view.h"

#include <math.h>
#include <string.h>

enum { BAND = 8 };          /* rows of samples                          */
enum { ALPHA_LEAST = 128 }; /* of 255: less covered pixels show no surface */

#define RETURN_MOST 1.0f /* pixels: farther and another surface hides this one */
#define NCC_LEAST   0.1f /* less is no match (Chen et al. 2024)                */

/* What a band adds up; summed in band order. */
enum { SUM_LOSS, SUM_RETURNED, SUM_MATCHED, SUM_ERROR, SUM_NCC, SUMS };

struct hl_multi_view_loss {
    float *held; /* (height, width, 4) normal in the camera, distance; 0: no surface */
    float *grey; /* (height, width) of the neighbour                                 */
    size_t held_pixels;
    float *own; /* (height, width) grey of the reference */
    size_t own_pixels;
    float *planes; /* (4, rows, stride) gradients of normals and distance */
    size_t floats;
    double *sums; /* (bands, SUMS) */
    size_t bands;
    hl_raster_view view; /* of what is held; width 0: nothing */
};

typedef struct view_run {
    hl_multi_view_loss *loss;
    const hl_raster_frame *frame;
    const hl_raster_view *view;
    const hl_loss_target *target;
    const hl_raster_frame_grad *before;
    const hl_multi_view_options *options;
    hl_view_pair pair;
    float *grey;                  /* where greys go */
    float geometric, photometric; /* per pixel */
    size_t plane;
    int32_t sample_rows;
} view_run;

hl_status hl_multi_view_create(hl_multi_view_loss **out)
{
    hl_multi_view_loss *loss = hl_alloc(1, sizeof *loss);
    if (!loss)
        return HL_E_MEMORY;
    *out = loss;
    return HL_OK;
}

void hl_multi_view_destroy(hl_multi_view_loss **loss)
{
    hl_multi_view_loss *l = *loss;
    if (!l)
        return;
    hl_free(l->held);
    hl_free(l->grey);
    hl_free(l->own);
    hl_free(l->planes);
    hl_free(l->sums);
    hl_free(l);
    *loss = NULL;
}

size_t hl_multi_view_bytes(int32_t width, int32_t height)
{
    const size_t stride = ((size_t)width + HL_TILE - 1) / HL_TILE * HL_TILE;
    const size_t rows = ((size_t)height + HL_TILE - 1) / HL_TILE * HL_TILE;
    return (4 * stride * rows + 6 * (size_t)width * (size_t)height) * sizeof(float);
}

static hl_status grow(float **at, size_t *have, size_t want, size_t each)
{
    if (*have >= want)
        return HL_OK;
    hl_free(*at);
    *at = hl_alloc(want * each, sizeof **at);
    *have = *at ? want : 0;
    return *at ? HL_OK : hl_fail_context(HL_E_MEMORY, "multi-view loss");
}

static hl_status check(const hl_raster_frame *f, const hl_raster_view *v, const hl_loss_target *t)
{
    if (f->normal_plane < 0 || f->distance_plane < 0)
        return hl_fail(HL_E_ARG, "multi-view loss: the frame has no normals and distances");
    if (f->width != v->width || f->height != v->height || f->width != t->width ||
        f->height != t->height)
        return hl_fail(HL_E_ARG, "multi-view loss: frame %dx%d, view %dx%d, photo %dx%d", f->width,
                       f->height, v->width, v->height, t->width, t->height);
    return HL_OK;
}

/* Luma of Rec. 709 of the sRGB values; NaN where there is nothing to match, so that no patch does
 * which touches it: a silhouette is at another place of the surface in every view. */
static void grey_row(const view_run *r, int32_t y)
{
    const size_t width = (size_t)r->frame->width, channels = (size_t)r->target->channels;
    const uint8_t *from = r->target->pixels + (size_t)y * width * channels;
    const uint8_t *mask = r->target->mask ? r->target->mask + (size_t)y * width : NULL;
    float *to = r->grey + (size_t)y * width;
    for (size_t x = 0; x < width; x++, from += channels) {
        const float g = 0.2126f * from[0] + 0.7152f * from[1] + 0.0722f * from[2];
        const bool there = (channels < 4 || from[3] >= ALPHA_LEAST) && (!mask || mask[x]);
        to[x] = there ? g / 255 : NAN;
    }
}

/* Normal of the camera's frame and distance at a pixel; false where it has no surface. */
static bool plane_at(const view_run *r, int32_t x, int32_t y, float plane[4])
{
    const hl_raster_frame *f = r->frame;
    const size_t at = (size_t)y * (size_t)f->stride + (size_t)x;
    const float world[3] = {f->plane[f->normal_plane][at], f->plane[f->normal_plane + 1][at],
                            f->plane[f->normal_plane + 2][at]};
    if (r->target->mask && !r->target->mask[(size_t)y * (size_t)f->width + (size_t)x])
        return false;
    hl_mul3(r->view->r, world, plane);
    plane[3] = f->plane[f->distance_plane][at];
    return 1 - f->transmittance[at] >= (float)HL_SURFACE_ALPHA_MIN && plane[3] > 0;
}

static void hold_band(void *ctx, int32_t band, int32_t thread)
{
    (void)thread;
    const view_run *r = ctx;
    const int32_t end = (band + 1) * BAND, width = r->frame->width;
    const int32_t last = end < r->frame->height ? end : r->frame->height;
    for (int32_t y = band * BAND; y < last; y++) {
        grey_row(r, y);
        for (int32_t x = 0; x < width; x++) {
            float *to = r->loss->held + 4 * ((size_t)y * (size_t)width + (size_t)x);
            if (!plane_at(r, x, y, to))
                to[3] = 0;
        }
    }
}

hl_status hl_multi_view_hold(hl_multi_view_loss *loss, const hl_raster_frame *frame,
                             const hl_raster_view *view, const hl_loss_target *target)
{
    view_run r = {.loss = loss, .frame = frame, .view = view, .target = target};
    const size_t pixels = (size_t)view->width * (size_t)view->height;
    loss->view.width = 0;
    HL_TRY(check(frame, view, target));
    size_t grey_pixels = loss->held_pixels;
    HL_TRY(grow(&loss->grey, &grey_pixels, pixels, 1));
    HL_TRY(grow(&loss->held, &loss->held_pixels, pixels, 4));
    r.grey = loss->grey;
    hl_parallel_for(hl_block_count(view->height, BAND), hold_band, &r);
    loss->view = *view;
    return HL_OK;
}

static void start_band(void *ctx, int32_t band, int32_t thread)
{
    (void)thread;
    const view_run *r = ctx;
    const hl_raster_frame *f = r->frame;
    const int32_t end = (band + 1) * BAND, last = end < f->rows ? end : f->rows;
    const size_t from = (size_t)band * BAND * (size_t)f->stride;
    const size_t bytes = (size_t)(last - band * BAND) * (size_t)f->stride * sizeof(float);
    for (int c = 0; c < 4; c++) {
        float *to = r->loss->planes + (size_t)c * r->plane + from;
        const float *had = r->before->plane[c < 3 ? f->normal_plane + c : f->distance_plane];
        if (had)
            memcpy(to, had + from, bytes);
        else
            memset(to, 0, bytes);
    }
    for (int32_t y = band * BAND; y < last && y < f->height; y++)
        grey_row(r, y);
}

/* What both terms know of a sample. */
typedef struct sample {
    int32_t x, y;
    float plane[4], ray[3], z; /* normal and distance, of the reference */
    float d_plane[4];
    double *sums;
} sample;

/* exp(-e) where the pixel comes back within RETURN_MOST, else 0. */
static float reprojection(const view_run *r, sample *s)
{
    const hl_raster_view *near = &r->loss->view;
    const float at[2] = {(float)s->x + 0.5f, (float)s->y + 0.5f};
    float q[2], d_q[2], p[2], d_p[2], e, d;
    if (!hl_pair_project(&r->pair, s->ray, s->z, q, d_q) ||
        !(q[0] >= 0 && q[1] >= 0 && q[0] < (float)near->width && q[1] < (float)near->height))
        return 0;
    const float *plane = r->loss->held + 4 * ((size_t)q[1] * (size_t)near->width + (size_t)q[0]);
    if (!hl_pair_return(&r->pair, q, d_q, plane, plane[3], p, d_p))
        return 0;
    const float term = hl_pair_error(at, p, d_p, &e, &d);
    if (!(e < RETURN_MOST))
        return 0;
    s->sums[SUM_LOSS] += (double)(r->geometric * term);
    s->sums[SUM_RETURNED] += 1;
    s->sums[SUM_ERROR] += (double)e;
    s->d_plane[3] +=
        hl_surface_depth_bwd(r->geometric * d, s->plane[3], s->plane, s->ray, s->d_plane);
    return hl_exp(-e);
}

static void match(const view_run *r, sample *s, float weight)
{
    const int32_t width = r->frame->width;
    float patch[HL_PATCH_SIZE], ncc, d[4];
    if (s->x < HL_PATCH_REACH || s->y < HL_PATCH_REACH || s->x + HL_PATCH_REACH >= width ||
        s->y + HL_PATCH_REACH >= r->frame->height)
        return;
    for (int32_t i = 0; i < HL_PATCH_SIDE; i++)
        memcpy(patch + HL_PATCH_SIDE * i,
               r->grey + (size_t)(s->y + i - HL_PATCH_REACH) * (size_t)width +
                   (size_t)(s->x - HL_PATCH_REACH),
               HL_PATCH_SIDE * sizeof *patch);
    if (!hl_pair_ncc(&r->pair, s->x, s->y, s->plane, patch, &ncc, d) || !(ncc > NCC_LEAST))
        return;
    const float w = r->photometric * weight;
    s->sums[SUM_LOSS] += (double)(w * (1 - ncc));
    s->sums[SUM_MATCHED] += 1;
    s->sums[SUM_NCC] += (double)ncc;
    for (int i = 0; i < 4; i++)
        s->d_plane[i] -= w * d[i];
}

static void judge(const view_run *r, int32_t x, int32_t y, double *sums)
{
    sample s = {.x = x, .y = y, .sums = sums};
    if (!plane_at(r, x, y, s.plane))
        return;
    hl_pixel_ray(r->pair.k_reference, (float)x + 0.5f, (float)y + 0.5f, s.ray);
    s.z = hl_surface_depth(s.plane[3], s.plane, s.ray);
    if (!(s.z > 0))
        return;
    const float weight = reprojection(r, &s);
    if (!(weight > 0))
        return;
    if (r->photometric > 0)
        match(r, &s, weight);
    float world[3];
    hl_mul3_t(r->view->r, s.d_plane, world);
    float *to = r->loss->planes + (size_t)y * (size_t)r->frame->stride + (size_t)x;
    for (int c = 0; c < 3; c++)
        to[(size_t)c * r->plane] += world[c];
    to[3 * r->plane] += s.d_plane[3];
}

static void judge_band(void *ctx, int32_t band, int32_t thread)
{
    (void)thread;
    const view_run *r = ctx;
    const hl_multi_view_options *o = r->options;
    double *sums = r->loss->sums + (size_t)band * SUMS;
    const int32_t end = (band + 1) * BAND, last = end < r->sample_rows ? end : r->sample_rows;
    memset(sums, 0, SUMS * sizeof *sums);
    for (int32_t j = band * BAND; j < last; j++)
        for (int32_t x = o->first_x; x < r->frame->width; x += o->stride)
            judge(r, x, o->first_y + j * o->stride, sums);
}

static int32_t samples_along(int32_t size, int32_t first, int32_t stride)
{
    return first < size ? (size - first - 1) / stride + 1 : 0;
}

static int64_t count_kept(const view_run *r)
{
    const hl_multi_view_options *o = r->options;
    const hl_loss_target *t = r->target;
    if (!t->mask)
        return (int64_t)r->sample_rows * samples_along(t->width, o->first_x, o->stride);
    int64_t n = 0;
    for (int32_t y = o->first_y; y < t->height; y += o->stride)
        for (int32_t x = o->first_x; x < t->width; x += o->stride)
            n += t->mask[(size_t)y * (size_t)t->width + (size_t)x] != 0;
    return n;
}

static void set_pair(view_run *r)
{
    const hl_raster_view *a = r->view, *b = &r->loss->view;
    const float k[2][4] = {{a->fx, a->fy, a->cx, a->cy}, {b->fx, b->fy, b->cx, b->cy}};
    float back[9], eye[3];
    hl_se3_inverse(a->r, a->t, back, eye);
    hl_se3_compose(b->r, b->t, back, eye, r->pair.r, r->pair.b);
    memcpy(r->pair.k_reference, k[0], sizeof k[0]);
    memcpy(r->pair.k_near, k[1], sizeof k[1]);
    r->pair.grey = r->loss->grey;
    r->pair.width = b->width;
    r->pair.height = b->height;
}

static hl_status reserve(view_run *r, int32_t bands)
{
    hl_multi_view_loss *loss = r->loss;
    r->plane = (size_t)r->frame->rows * (size_t)r->frame->stride;
    HL_TRY(grow(&loss->planes, &loss->floats, r->plane, 4));
    HL_TRY(
        grow(&loss->own, &loss->own_pixels, (size_t)r->frame->width * (size_t)r->frame->height, 1));
    if (loss->bands < (size_t)bands) {
        hl_free(loss->sums);
        loss->sums = hl_alloc((size_t)bands * SUMS, sizeof *loss->sums);
        loss->bands = loss->sums ? (size_t)bands : 0;
    }
    r->grey = loss->own;
    return loss->sums || !bands ? HL_OK : hl_fail_context(HL_E_MEMORY, "multi-view loss");
}

/* Means, and the gradients where backward finds them. */
static void hand_over(const view_run *r, int32_t bands, int64_t pixels, hl_loss_result *result,
                      hl_multi_view_result *counts)
{
    double all[SUMS] = {0};
    for (int32_t band = 0; band < bands; band++)
        for (int k = 0; k < SUMS; k++)
            all[k] += r->loss->sums[(size_t)band * SUMS + (size_t)k];
    result->loss += all[SUM_LOSS];
    for (int c = 0; c < 3; c++)
        result->grad.plane[r->frame->normal_plane + c] = r->loss->planes + (size_t)c * r->plane;
    result->grad.plane[r->frame->distance_plane] = r->loss->planes + 3 * r->plane;
    if (!counts)
        return;
    *counts = (hl_multi_view_result){.pixels = pixels,
                                     .returned = (int64_t)all[SUM_RETURNED],
                                     .matched = (int64_t)all[SUM_MATCHED]};
    counts->error = counts->returned ? all[SUM_ERROR] / all[SUM_RETURNED] : 0;
    counts->ncc = counts->matched ? all[SUM_NCC] / all[SUM_MATCHED] : 0;
}

hl_status hl_multi_view_run(hl_multi_view_loss *loss, const hl_raster_frame *frame,
                            const hl_raster_view *view, const hl_loss_target *target,
                            const hl_multi_view_options *options, hl_loss_result *result,
                            hl_multi_view_result *counts)
{
    view_run r = {.loss = loss,
                  .frame = frame,
                  .view = view,
                  .target = target,
                  .before = &result->grad,
                  .options = options};
    HL_TRY(check(frame, view, target));
    if (options->stride < 1 || options->first_x < 0 || options->first_x >= options->stride ||
        options->first_y < 0 || options->first_y >= options->stride)
        return hl_fail(HL_E_ARG, "multi-view loss: pixel %d, %d of squares of %d", options->first_x,
                       options->first_y, options->stride);
    if (loss->view.width < 1)
        return hl_fail(HL_E_ARG, "multi-view loss: no neighbour is held");
    r.sample_rows = samples_along(frame->height, options->first_y, options->stride);
    const int32_t bands = hl_block_count(r.sample_rows, BAND);
    HL_TRY(reserve(&r, bands));
    const int64_t pixels = count_kept(&r);
    r.geometric = pixels > 0 ? options->geometric / (float)pixels : 0;
    r.photometric = pixels > 0 ? options->photometric / (float)pixels : 0;
    set_pair(&r);
    hl_parallel_for(hl_block_count(frame->rows, BAND), start_band, &r);
    hl_parallel_for(bands, judge_band, &r);
    hand_over(&r, bands, pixels, result, counts);
    return HL_OK;
}
