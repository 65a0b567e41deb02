/* SPDX-License-Identifier: MIT */
#include "raster/loss.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "raster/cpu/loss_table.h"

#include <math.h>
#include <string.h>

/* Planes of one block, (rows, stride) floats each. */
enum {
    PLANE_X = 0,
    PLANE_Y = PLANE_X + 3,
    PLANE_P = PLANE_Y + 3,
    PLANE_GRAD = PLANE_P + 9,
    PLANE_ALPHA = PLANE_GRAD + 3,
    PLANES_COLOR,
    PLANE_PIXEL = PLANES_COLOR, /* with a mask */
    PLANE_WINDOW,
    PLANE_DEPTH, /* with depth or normals */
    PLANE_NORMAL,
    PLANES_ALL = PLANE_NORMAL + 3
};

/* Pixels more transparent than this have no depth worth comparing. */
#define DEPTH_ALPHA_MIN 0.5f

/* What a band adds up; summed in band order. */
enum { SUM_ALPHA = HL_LOSS_SUMS, SUM_DEPTH, SUM_NORMAL, SUM_EXPOSURE, SUMS = SUM_EXPOSURE + 12 };

/* What a band counts before any sum: the means need them. */
enum { COUNT_PIXELS, COUNT_WINDOWS, COUNT_DEPTH, COUNT_NORMAL, COUNTS };

struct hl_loss {
    const hl_loss_rows *rows;
    float window[HL_SSIM_TAPS];
    float *planes; /* PLANES_COLOR or PLANES_ALL of them */
    size_t plane_floats;
    float *scratch; /* 5 rows per thread, then one row that keeps every pixel */
    size_t scratch_floats;
    int32_t stride;  /* that the zeros in scratch are laid out for */
    double *sums;    /* (bands, SUMS) */
    int64_t *counts; /* (bands, COUNTS) */
    size_t bands;
};

typedef struct loss_run {
    hl_loss *loss;
    const hl_raster_frame *frame;
    const hl_loss_target *target;
    const hl_loss_options *options;
    hl_loss_job job;
    size_t plane;                                  /* floats of one plane */
    double alpha_scale, depth_scale, normal_scale; /* dL/d(term) per pixel */
} loss_run;

static const hl_loss_rows *rows_of(hl_isa isa)
{
    if (isa == HL_ISA_AUTO)
        isa = hl_raster_best_isa();
    if (isa > hl_raster_best_isa())
        return NULL;
    switch (isa) {
    case HL_ISA_AVX512:
        return hl_loss_rows_avx512();
    case HL_ISA_AVX2:
        return hl_loss_rows_avx2();
    default:
        return hl_loss_rows_plain();
    }
}

hl_status hl_loss_create(hl_loss **out, hl_isa isa)
{
    const hl_loss_rows *rows = rows_of(isa);
    if (!rows)
        return hl_fail(HL_E_BACKEND, "loss: this processor or build lacks instruction set %d",
                       (int)isa);
    hl_loss *loss = hl_alloc(1, sizeof *loss);
    if (!loss)
        return HL_E_MEMORY;
    loss->rows = rows;
    double sum = 0, tap[HL_SSIM_TAPS];
    for (int k = 0; k < HL_SSIM_TAPS; k++) {
        const double d = k - HL_LOSS_HALF;
        tap[k] = exp(-d * d / (2 * HL_SSIM_SIGMA * HL_SSIM_SIGMA));
        sum += tap[k];
    }
    for (int k = 0; k < HL_SSIM_TAPS; k++)
        loss->window[k] = (float)(tap[k] / sum);
    *out = loss;
    return HL_OK;
}

void hl_loss_destroy(hl_loss **loss)
{
    if (!*loss)
        return;
    hl_free((*loss)->planes);
    hl_free((*loss)->scratch);
    hl_free((*loss)->sums);
    hl_free((*loss)->counts);
    hl_free(*loss);
    *loss = NULL;
}

size_t hl_loss_bytes(int32_t width, int32_t height)
{
    const size_t stride = ((size_t)width + HL_TILE - 1) / HL_TILE * HL_TILE;
    const size_t rows = ((size_t)height + HL_TILE - 1) / HL_TILE * HL_TILE;
    return stride * rows * PLANES_COLOR * sizeof(float);
}

/* Makes *block hold at least `count` elements; contents are lost, zeroed. */
static hl_status reserve(void **block, size_t *held, size_t count, size_t size)
{
    if (*held >= count)
        return HL_OK;
    hl_free(*block);
    *block = hl_alloc(count, size);
    *held = *block ? count : 0;
    return *block ? HL_OK : hl_fail_context(HL_E_MEMORY, "buffers of the loss");
}

static hl_status reserve_all(loss_run *run, bool extra)
{
    hl_loss *loss = run->loss;
    const hl_raster_frame *frame = run->frame;
    run->plane = (size_t)frame->rows * (size_t)frame->stride;
    const size_t scratch = 5 * hl_loss_scratch_row(frame->stride) * (size_t)hl_parallel_threads() +
                           (size_t)frame->stride;
    const size_t bands = (size_t)hl_block_count(frame->height, HL_LOSS_BAND);
    void *planes = loss->planes, *rows = loss->scratch;
    hl_status s = reserve(&planes, &loss->plane_floats,
                          run->plane * (extra ? PLANES_ALL : PLANES_COLOR), sizeof(float));
    if (s == HL_OK)
        s = reserve(&rows, &loss->scratch_floats, scratch, sizeof(float));
    loss->planes = planes;
    loss->scratch = rows;
    HL_TRY(s);
    if (loss->stride != frame->stride)
        memset(loss->scratch, 0, loss->scratch_floats * sizeof(float));
    loss->stride = frame->stride;
    if (loss->bands < bands) {
        hl_free(loss->sums);
        hl_free(loss->counts);
        loss->sums = hl_alloc(bands * SUMS, sizeof(double));
        loss->counts = hl_alloc(bands * COUNTS, sizeof(int64_t));
        loss->bands = loss->sums && loss->counts ? bands : 0;
        if (!loss->bands)
            return hl_fail_context(HL_E_MEMORY, "sums of the loss");
    }
    return HL_OK;
}

static float *plane_at(const loss_run *run, int plane)
{
    return run->loss->planes + (size_t)plane * run->plane;
}

/* First and one-past-last row of a band. */
static int32_t band_rows(const loss_run *run, int32_t band, int32_t *first)
{
    const int32_t last = (band + 1) * HL_LOSS_BAND;
    *first = band * HL_LOSS_BAND;
    return last < run->frame->height ? last : run->frame->height;
}

/* Photo, laid over the background, as three planar rows. */
static void target_row(const loss_run *run, int32_t row)
{
    const hl_loss_target *t = run->target;
    const size_t stride = (size_t)run->frame->stride, at = (size_t)row * stride;
    const uint8_t *pixel = t->pixels + (size_t)row * (size_t)t->width * (size_t)t->channels;
    for (int c = 0; c < 3; c++) {
        float *y = plane_at(run, PLANE_Y + c) + at;
        const float bg = run->options->background[c];
        if (t->channels == 4)
            for (int32_t i = 0; i < t->width; i++) {
                const float a = (float)pixel[4 * i + 3] / 255;
                y[i] = (float)pixel[4 * i + c] / 255 * a + bg * (1 - a);
            }
        else
            for (int32_t i = 0; i < t->width; i++)
                y[i] = (float)pixel[3 * i + c] / 255;
        memset(y + t->width, 0, (stride - (size_t)t->width) * sizeof *y);
    }
}

static void picture_row(const loss_run *run, int32_t row)
{
    const hl_raster_frame *f = run->frame;
    const size_t stride = (size_t)f->stride, at = (size_t)row * stride;
    float *out[3];
    const float *in[3];
    for (int c = 0; c < 3; c++) {
        out[c] = plane_at(run, PLANE_X + c) + at;
        in[c] = f->plane[c] + at;
        memset(out[c] + f->width, 0, (stride - (size_t)f->width) * sizeof(float));
    }
    if (run->options->exposure)
        hl_loss_expose(run->options->exposure, f->width, in, out);
    else
        for (int c = 0; c < 3; c++)
            memcpy(out[c], in[c], (size_t)f->width * sizeof(float));
}

/* 1 where no ignored pixel lies within the window around the pixel, else 0; returns how many. */
static int64_t window_row(const loss_run *run, int32_t row, float *keep)
{
    const hl_loss_target *t = run->target;
    const int32_t w = t->width;
    int lo, hi;
    hl_loss_taps(row, t->height, &lo, &hi);
    int64_t count = 0;
    int32_t gap = 0; /* columns still to go since the last ignored one */
    memset(keep, 0, (size_t)run->frame->stride * sizeof *keep);
    for (int32_t i = 0; i < w + HL_LOSS_HALF; i++) {
        bool ignored = false;
        for (int k = lo; k < hi && i < w; k++)
            ignored |= !t->mask[(size_t)(row + k - HL_LOSS_HALF) * (size_t)w + (size_t)i];
        gap = ignored ? HL_SSIM_TAPS : (gap > 0 ? gap - 1 : 0);
        const int32_t center = i - HL_LOSS_HALF;
        if (center >= 0 && gap == 0) {
            keep[center] = 1;
            count++;
        }
    }
    return count;
}

static void mask_row(const loss_run *run, int32_t row, int64_t *counts)
{
    const hl_loss_target *t = run->target;
    if (!t->mask) {
        counts[COUNT_PIXELS] += t->width;
        counts[COUNT_WINDOWS] += t->width;
        return;
    }
    const size_t at = (size_t)row * (size_t)run->frame->stride;
    const uint8_t *mask = t->mask + (size_t)row * (size_t)t->width;
    float *pixel = plane_at(run, PLANE_PIXEL) + at;
    memset(pixel, 0, (size_t)run->frame->stride * sizeof *pixel);
    for (int32_t i = 0; i < t->width; i++) {
        pixel[i] = mask[i] ? 1 : 0;
        counts[COUNT_PIXELS] += mask[i] != 0;
    }
    counts[COUNT_WINDOWS] += window_row(run, row, plane_at(run, PLANE_WINDOW) + at);
}

static bool kept(const hl_loss_target *t, size_t pixel)
{
    return !t->mask || t->mask[pixel];
}

static bool has_depth(const loss_run *run)
{
    return run->target->depth && run->frame->depth_plane >= 0 && run->options->depth_weight > 0;
}

static bool has_normal(const loss_run *run)
{
    return run->target->normal && run->frame->normal_plane >= 0 && run->options->normal_weight > 0;
}

static bool known_normal(const float *n)
{
    return n[0] != 0 || n[1] != 0 || n[2] != 0;
}

static void count_geometry(const loss_run *run, int32_t row, int64_t *counts)
{
    const hl_loss_target *t = run->target;
    const size_t first = (size_t)row * (size_t)t->width;
    for (size_t i = first; i < first + (size_t)t->width; i++) {
        if (has_depth(run))
            counts[COUNT_DEPTH] += kept(t, i) && t->depth[i] > 0;
        if (has_normal(run))
            counts[COUNT_NORMAL] += kept(t, i) && known_normal(t->normal + 3 * i);
    }
}

static void prepare_band(void *ctx, int32_t band, int32_t thread)
{
    (void)thread;
    const loss_run *run = ctx;
    int64_t *counts = run->loss->counts + (size_t)band * COUNTS;
    memset(counts, 0, COUNTS * sizeof *counts);
    int32_t row;
    for (const int32_t last = band_rows(run, band, &row); row < last; row++) {
        target_row(run, row);
        picture_row(run, row);
        mask_row(run, row, counts);
        if (has_depth(run) || has_normal(run))
            count_geometry(run, row, counts);
    }
}

static float *scratch_of(const loss_run *run, int32_t thread)
{
    return run->loss->scratch + 5 * hl_loss_scratch_row(run->frame->stride) * (size_t)thread;
}

static void moments_band(void *ctx, int32_t band, int32_t thread)
{
    const loss_run *run = ctx;
    int32_t first;
    const int32_t last = band_rows(run, band, &first);
    run->loss->rows->moments(&run->job, first, last, scratch_of(run, thread),
                             run->loss->sums + (size_t)band * SUMS);
}

static float sign(float x)
{
    return (float)((x > 0) - (x < 0));
}

/* |A - A_gt|; d_alpha: out, with zeros where there is no such term. */
static void alpha_row(const loss_run *run, int32_t row, float *d_alpha, double *sums)
{
    const hl_loss_target *t = run->target;
    const size_t first = (size_t)row * (size_t)t->width;
    const float *trans = run->frame->transmittance + (size_t)row * (size_t)run->frame->stride;
    memset(d_alpha, 0, (size_t)run->frame->stride * sizeof *d_alpha);
    if (t->channels != 4)
        return;
    for (int32_t i = 0; i < t->width; i++) {
        if (!kept(t, first + (size_t)i))
            continue;
        const float d = 1 - trans[i] - (float)t->pixels[4 * (first + (size_t)i) + 3] / 255;
        sums[SUM_ALPHA] += (double)fabsf(d);
        d_alpha[i] = (float)run->alpha_scale * sign(d);
    }
}

/* |1/z - 1/z_gt| with 1/z = A / sum(w z). */
static void depth_row(const loss_run *run, int32_t row, float *d_depth, float *d_alpha,
                      double *sums)
{
    const hl_loss_target *t = run->target;
    const hl_raster_frame *f = run->frame;
    const size_t first = (size_t)row * (size_t)t->width, at = (size_t)row * (size_t)f->stride;
    memset(d_depth, 0, (size_t)f->stride * sizeof *d_depth);
    for (int32_t i = 0; i < t->width; i++) {
        const size_t pixel = first + (size_t)i;
        const float alpha = 1 - f->transmittance[at + (size_t)i];
        const float z = f->plane[f->depth_plane][at + (size_t)i];
        if (!kept(t, pixel) || !(t->depth[pixel] > 0) || alpha < DEPTH_ALPHA_MIN || !(z > 0))
            continue;
        const float d = alpha / z - 1 / t->depth[pixel];
        const float g = (float)run->depth_scale * sign(d);
        sums[SUM_DEPTH] += (double)fabsf(d);
        d_alpha[i] += g / z;
        d_depth[i] = -g * alpha / (z * z);
    }
}

/* sum w (1 - n . n_gt) = A - (sum w n) . n_gt */
static void normal_row(const loss_run *run, int32_t row, float *d_alpha, double *sums)
{
    const hl_loss_target *t = run->target;
    const hl_raster_frame *f = run->frame;
    const size_t at = (size_t)row * (size_t)f->stride;
    float *d_normal[3];
    for (int c = 0; c < 3; c++) {
        d_normal[c] = plane_at(run, PLANE_NORMAL + c) + at;
        memset(d_normal[c], 0, (size_t)f->stride * sizeof(float));
    }
    for (int32_t i = 0; i < t->width; i++) {
        const size_t pixel = (size_t)row * (size_t)t->width + (size_t)i;
        const float *n = t->normal + 3 * pixel;
        if (!kept(t, pixel) || !known_normal(n))
            continue;
        float d = 1 - f->transmittance[at + (size_t)i];
        for (int c = 0; c < 3; c++) {
            d -= f->plane[f->normal_plane + c][at + (size_t)i] * n[c];
            d_normal[c][i] = -(float)run->normal_scale * n[c];
        }
        sums[SUM_NORMAL] += (double)d;
        d_alpha[i] += (float)run->normal_scale;
    }
}

static void exposure_row(const loss_run *run, int32_t row, double *sums)
{
    const size_t at = (size_t)row * (size_t)run->frame->stride;
    const float *color[3];
    float *grad[3];
    for (int c = 0; c < 3; c++) {
        color[c] = run->frame->plane[c] + at;
        grad[c] = plane_at(run, PLANE_GRAD + c) + at;
    }
    hl_loss_expose_bwd(run->options->exposure, run->frame->width, color, grad, sums + SUM_EXPOSURE);
}

static void gradient_band(void *ctx, int32_t band, int32_t thread)
{
    const loss_run *run = ctx;
    double *sums = run->loss->sums + (size_t)band * SUMS;
    int32_t first;
    const int32_t last = band_rows(run, band, &first);
    run->loss->rows->gradient(&run->job, first, last, scratch_of(run, thread));
    memset(sums + HL_LOSS_SUMS, 0, (SUMS - HL_LOSS_SUMS) * sizeof *sums);
    for (int32_t row = first; row < last; row++) {
        const size_t at = (size_t)row * (size_t)run->frame->stride;
        float *d_alpha = plane_at(run, PLANE_ALPHA) + at;
        if (run->options->exposure)
            exposure_row(run, row, sums);
        alpha_row(run, row, d_alpha, sums);
        if (has_depth(run))
            depth_row(run, row, plane_at(run, PLANE_DEPTH) + at, d_alpha, sums);
        if (has_normal(run))
            normal_row(run, row, d_alpha, sums);
    }
}

static double share(double weight, double count)
{
    return count > 0 ? weight / count : 0;
}

static void set_scales(loss_run *run, const int64_t *counts)
{
    const hl_loss_options *o = run->options;
    const double ws = (double)o->ssim_weight;
    run->job.l1_scale = (float)share(1 - ws, 3 * (double)counts[COUNT_PIXELS]);
    run->job.ssim_scale = (float)share(ws, 3 * (double)counts[COUNT_WINDOWS]);
    run->alpha_scale = share((double)o->alpha_weight, (double)counts[COUNT_PIXELS]);
    run->depth_scale = share((double)o->depth_weight, (double)counts[COUNT_DEPTH]);
    run->normal_scale = share((double)o->normal_weight, (double)counts[COUNT_NORMAL]);
}

static void set_job(loss_run *run)
{
    const hl_raster_frame *f = run->frame;
    hl_loss_job *job = &run->job;
    job->height = f->height;
    job->stride = f->stride;
    memcpy(job->window, run->loss->window, sizeof job->window);
    for (int c = 0; c < 3; c++) {
        job->x[c] = plane_at(run, PLANE_X + c);
        job->y[c] = plane_at(run, PLANE_Y + c);
        job->grad[c] = plane_at(run, PLANE_GRAD + c);
    }
    for (int k = 0; k < 9; k++)
        job->p[k] = plane_at(run, PLANE_P + k);
    if (run->target->mask) {
        job->keep_stride = f->stride;
        job->pixel_keep = plane_at(run, PLANE_PIXEL);
        job->window_keep = plane_at(run, PLANE_WINDOW);
        return;
    }
    float *keep = run->loss->scratch + run->loss->scratch_floats - f->stride;
    for (int32_t i = 0; i < f->stride; i++)
        keep[i] = i < f->width ? 1 : 0;
    job->pixel_keep = job->window_keep = keep;
    job->keep_stride = 0;
}

static void collect(const loss_run *run, int32_t bands, const int64_t *counts,
                    hl_loss_result *result)
{
    double total[SUMS] = {0};
    for (int32_t b = 0; b < bands; b++)
        for (int k = 0; k < SUMS; k++)
            total[k] += run->loss->sums[(size_t)b * SUMS + (size_t)k];
    const hl_loss_options *o = run->options;
    const double n = 3 * (double)counts[COUNT_PIXELS], windows = 3 * (double)counts[COUNT_WINDOWS];
    result->pixels = counts[COUNT_PIXELS];
    result->l1 = share(total[HL_LOSS_SUM_L1], n);
    result->mse = share(total[HL_LOSS_SUM_L2], n);
    result->ssim = windows > 0 ? total[HL_LOSS_SUM_SSIM] / windows : 1;
    result->alpha = share(total[SUM_ALPHA], (double)counts[COUNT_PIXELS]);
    result->depth = share(total[SUM_DEPTH], (double)counts[COUNT_DEPTH]);
    result->normal = share(total[SUM_NORMAL], (double)counts[COUNT_NORMAL]);
    result->loss =
        (1 - (double)o->ssim_weight) * result->l1 + (double)o->ssim_weight * (1 - result->ssim) +
        (double)o->alpha_weight * result->alpha + (double)o->depth_weight * result->depth +
        (double)o->normal_weight * result->normal;
    memcpy(result->d_exposure, total + SUM_EXPOSURE, sizeof result->d_exposure);
    for (int c = 0; c < 3; c++)
        result->grad.plane[c] = plane_at(run, PLANE_GRAD + c);
    if (run->target->channels == 4 || has_depth(run) || has_normal(run))
        result->grad.alpha = plane_at(run, PLANE_ALPHA);
    if (has_depth(run))
        result->grad.plane[run->frame->depth_plane] = plane_at(run, PLANE_DEPTH);
    for (int c = 0; c < 3 && has_normal(run); c++)
        result->grad.plane[run->frame->normal_plane + c] = plane_at(run, PLANE_NORMAL + c);
}

hl_status hl_loss_run(hl_loss *loss, const hl_raster_frame *frame, const hl_loss_target *target,
                      const hl_loss_options *options, hl_loss_result *result)
{
    if (target->width != frame->width || target->height != frame->height)
        return hl_fail(HL_E_ARG, "loss: the photo is %d x %d, the frame %d x %d", target->width,
                       target->height, frame->width, frame->height);
    if (target->channels != 3 && target->channels != 4)
        return hl_fail(HL_E_ARG, "loss: the photo has %d channels, expected 3 or 4",
                       target->channels);
    loss_run run = {.loss = loss, .frame = frame, .target = target, .options = options};
    HL_TRY(reserve_all(&run, target->mask || has_depth(&run) || has_normal(&run)));
    set_job(&run);

    const int32_t bands = hl_block_count(frame->height, HL_LOSS_BAND);
    hl_parallel_for(bands, prepare_band, &run);
    int64_t counts[COUNTS] = {0};
    for (int32_t b = 0; b < bands; b++)
        for (int k = 0; k < COUNTS; k++)
            counts[k] += loss->counts[(size_t)b * COUNTS + (size_t)k];
    set_scales(&run, counts);
    hl_parallel_for(bands, moments_band, &run);
    hl_parallel_for(bands, gradient_band, &run);
    *result = (hl_loss_result){.loss = 0};
    collect(&run, bands, counts, result);
    return HL_OK;
}
