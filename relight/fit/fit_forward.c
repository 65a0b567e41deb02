/* SPDX-License-Identifier: MIT */
/* Splats lit one by one: the radiance of every splat that a photo shows is estimated at its centre
 * and blended; the loss's gradient goes back through the blending to the radiance of each splat,
 * and from there to its materials and the light.  As many rays a step as the other ways take, but
 * not below LEAST_SAMPLES for a splat. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/se3.h"
#include "raster/covariance.h"
#include "relight/fit/state.h"
#include "relight/forward.h"

#include <math.h>
#include <string.h>

enum {
    LEAST_SAMPLES = 8,
    CHANNELS = HL_FIT_CHANNELS + 3, /* materials, radiance */
    BLOCK = 64                      /* splats              */
};

#define LEAST_ALPHA 0.5f /* as in fit_shade.c */

struct hl_fit_forward {
    float *features, *grad;      /* (splats, CHANNELS) */
    hl_estimate_sample *samples; /* of the splats of one view */
    int32_t *count;              /* (splats of one view) samples filled */
    hl_estimate_point *point;    /* the same */
};

/* Rays of a splat in a view. */
static int32_t samples_of(const hl_fit *fit, int32_t view)
{
    const int64_t shown = fit->view[view].splat_count;
    const int64_t fair = shown ? (int64_t)fit->c.pixels * fit->c.samples / shown / 4 * 4 : 0;
    const int64_t most = fit->c.samples > LEAST_SAMPLES ? fit->c.samples : LEAST_SAMPLES;
    return (int32_t)(fair < LEAST_SAMPLES ? LEAST_SAMPLES : (fair > most ? most : fair));
}

static hl_status find_shown(hl_fit *fit, int32_t k)
{
    hl_fit_view *v = &fit->view[k];
    const hl_raster_options o = {.antialiased = fit->splats.antialiased,
                                 .outputs = HL_RASTER_MAX_WEIGHT};
    hl_raster_frame frame;
    HL_TRY(hl_raster_forward(fit->raster, &fit->splats, &fit->scene.views[k], &o, &frame));
    for (int32_t i = 0; i < fit->splats.count; i++)
        v->splat_count += frame.max_weight[i] > HL_FORWARD_WEIGHT;
    v->splat = hl_alloc((size_t)v->splat_count + 1, sizeof *v->splat);
    if (!v->splat)
        return HL_E_MEMORY;
    int32_t n = 0;
    for (int32_t i = 0; i < fit->splats.count; i++)
        if (frame.max_weight[i] > HL_FORWARD_WEIGHT)
            v->splat[n++] = i;
    return HL_OK;
}

hl_status hl_fit_forward_create(hl_fit *fit)
{
    const size_t n = (size_t)fit->splats.count;
    size_t most = 1, shown = 1;
    struct hl_fit_forward *f = fit->forward = hl_alloc(1, sizeof *f);
    if (!f)
        return HL_E_MEMORY;
    for (int32_t k = 0; k < fit->scene.view_count; k++) {
        HL_TRY(find_shown(fit, k));
        const size_t splats = (size_t)fit->view[k].splat_count;
        const size_t samples = splats * (size_t)samples_of(fit, k);
        most = samples > most ? samples : most;
        shown = splats > shown ? splats : shown;
    }
    f->features = hl_alloc(n, CHANNELS * sizeof *f->features);
    f->grad = hl_alloc(n, CHANNELS * sizeof *f->grad);
    f->samples = hl_alloc(most, sizeof *f->samples);
    f->count = hl_alloc(shown, sizeof *f->count);
    f->point = hl_alloc(shown, sizeof *f->point);
    hl_free(fit->plane_grad); /* made for the materials alone */
    fit->plane_grad = hl_alloc(CHANNELS * fit->plane_floats, sizeof *fit->plane_grad);
    return f->features && f->grad && f->samples && f->count && f->point && fit->plane_grad
               ? HL_OK
               : HL_E_MEMORY;
}

void hl_fit_forward_release(hl_fit *fit)
{
    struct hl_fit_forward *f = fit->forward;
    if (!f)
        return;
    hl_free(f->features);
    hl_free(f->grad);
    hl_free(f->samples);
    hl_free(f->count);
    hl_free(f->point);
    hl_free(f);
    fit->forward = NULL;
}

/* ---- light of the splats -------------------------------------------------------------------- */

typedef struct job {
    hl_fit *fit;
    hl_estimate_scene scene;
    float eye[3];
    const int32_t *splat;
    int32_t count, samples;
} job;

static void place(const job *j, int32_t i, hl_estimate_point *p)
{
    const hl_splats *s = &j->fit->splats;
    const float *m = j->fit->features + (size_t)i * HL_FIT_CHANNELS;
    float q[4];
    memcpy(p->x, s->mean + 3 * (size_t)i, sizeof p->x);
    for (int k = 0; k < 3; k++)
        p->eye[k] = j->eye[k] - p->x[k];
    hl_normalize3(p->eye, p->eye);
    hl_quat_unit(s->quat + 4 * (size_t)i, q);
    hl_splat_normal(s->log_scale + 3 * (size_t)i, q, p->x, j->eye, p->surface.normal);
    memcpy(p->geometric, p->surface.normal, sizeof p->geometric);
    memcpy(p->surface.albedo, m, sizeof p->surface.albedo);
    p->surface.roughness = m[HL_FIT_ROUGHNESS];
    p->surface.metal = m[HL_FIT_METAL];
}

static void light_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const job *j = ctx;
    struct hl_fit_forward *f = j->fit->forward;
    for (int32_t q = block * BLOCK; q < (block + 1) * BLOCK && q < j->count; q++) {
        const int32_t i = j->splat[q];
        hl_rng rng =
            hl_rng_at((uint64_t)j->fit->c.seed, (uint64_t)j->fit->step, (uint64_t)q, HL_RNG_FIT);
        place(j, i, &f->point[q]);
        f->count[q] =
            hl_estimate(&j->scene, &f->point[q], &rng, f->samples + (size_t)q * (size_t)j->samples,
                        f->features + (size_t)i * CHANNELS + HL_FIT_CHANNELS);
    }
}

static void light_splats(job *j)
{
    const hl_fit *fit = j->fit;
    float *features = fit->forward->features;
    for (size_t i = 0; i < (size_t)fit->splats.count; i++) {
        memcpy(features + i * CHANNELS, fit->features + i * HL_FIT_CHANNELS,
               HL_FIT_CHANNELS * sizeof *features);
        memset(features + i * CHANNELS + HL_FIT_CHANNELS, 0, 3 * sizeof *features);
    }
    hl_parallel_for(hl_block_count(j->count, BLOCK), light_block, j);
}

/* ---- loss and gradient ---------------------------------------------------------------------- */

/* Mean loss over all usable pixels; slopes into the planes of the radiance. */
static double compare(hl_fit *fit, int32_t k, const hl_raster_frame *frame)
{
    const hl_fit_view *v = &fit->view[k];
    const hl_image8 *photo = &fit->scene.photos[k];
    const float gain = hl_fit_target_of(fit, 0, k, 0, v->pixel_count).gain;
    double sum = 0, to_gain = 0;
    for (int32_t q = 0; q < v->pixel_count; q++) {
        const size_t i = (size_t)v->pixel[q], w = (size_t)photo->width;
        const size_t at = i / w * (size_t)frame->stride + i % w;
        const float alpha = 1 - frame->transmittance[at];
        for (size_t c = 0; c < 3 && alpha >= LEAST_ALPHA; c++) {
            const float *plane = frame->plane[(size_t)frame->feature_plane + HL_FIT_CHANNELS + c];
            const float shown = (float)photo->data[i * (size_t)photo->channels + c] / 255;
            float d;
            sum += (double)hl_fit_channel_loss(gain * plane[at] / alpha, shown, &d);
            d *= gain / (3 * (float)v->pixel_count * alpha);
            to_gain += (double)(d * plane[at]);
            fit->plane_grad[(HL_FIT_CHANNELS + c) * fit->plane_floats + at] = d;
        }
    }
    hl_fit_exposure_keep(fit, 0, (float)to_gain); /* the photo's, all in one */
    return sum / (3 * v->pixel_count);
}

/* Splats k, k + count, ...: from their radiance to materials and light. */
static double carry_back(const void *ctx, int32_t k, float *env_grad)
{
    const job *j = ctx;
    const struct hl_fit_forward *f = j->fit->forward;
    const int32_t stride = j->count < j->fit->c.pixels ? j->count : j->fit->c.pixels;
    for (int32_t q = k; q < j->count; q += stride) {
        const float *from = f->grad + (size_t)j->splat[q] * CHANNELS;
        float *to = j->fit->feature_grad + (size_t)j->splat[q] * HL_FIT_CHANNELS;
        hl_surface grad = {{0}, {0}, 0, 0};
        hl_estimate_bwd(&f->point[q], f->samples + (size_t)q * (size_t)j->samples, f->count[q],
                        from + HL_FIT_CHANNELS, &grad, env_grad);
        for (int c = 0; c < 3; c++)
            to[c] += grad.albedo[c];
        to[HL_FIT_ROUGHNESS] += grad.roughness;
        to[HL_FIT_METAL] += grad.metal;
    }
    return 0;
}

static hl_status draw(hl_fit *fit, int32_t k, hl_raster_frame *frame)
{
    const hl_raster_options o = {.antialiased = fit->splats.antialiased,
                                 .feature_count = CHANNELS,
                                 .features = fit->forward->features};
    HL_TRY(hl_raster_forward(fit->raster, &fit->splats, &fit->scene.views[k], &o, frame));
    if ((size_t)frame->rows * (size_t)frame->stride > fit->plane_floats)
        return hl_fail(HL_E_ARG, "fit: view %d: the frame is padded to %d x %d", k, frame->stride,
                       frame->rows);
    return HL_OK;
}

static hl_status go_back(hl_fit *fit, const hl_raster_frame *frame)
{
    struct hl_fit_forward *f = fit->forward;
    hl_raster_frame_grad grad = {0};
    hl_raster_sink sink = {.feature_grad = f->grad};
    for (int c = 0; c < CHANNELS; c++)
        grad.plane[frame->feature_plane + c] = fit->plane_grad + (size_t)c * fit->plane_floats;
    HL_TRY(hl_raster_backward(fit->raster, &fit->splats, &grad, &sink));
    for (size_t i = 0; i < (size_t)fit->splats.count; i++)
        memcpy(fit->feature_grad + i * HL_FIT_CHANNELS, f->grad + i * CHANNELS,
               HL_FIT_CHANNELS * sizeof *f->grad);
    return HL_OK;
}

hl_status hl_fit_forward_step(hl_fit *fit, int32_t view)
{
    const hl_fit_view *v = &fit->view[view];
    const hl_raster_view *camera = &fit->scene.views[view];
    const int32_t samples = samples_of(fit, view);
    job j = {.fit = fit,
             .scene = hl_fit_estimate_scene(fit, samples),
             .splat = v->splat,
             .count = v->splat_count,
             .samples = samples};
    hl_raster_frame frame;
    float inverse[9];
    hl_se3_inverse(camera->r, camera->t, inverse, j.eye);
    light_splats(&j);
    HL_TRY(draw(fit, view, &frame));
    memset(fit->plane_grad, 0, CHANNELS * fit->plane_floats * sizeof *fit->plane_grad);
    const double loss = compare(fit, view, &frame);
    hl_fit_smooth(fit, view, &frame);
    HL_TRY(go_back(fit, &frame));
    if (j.count > 0)
        hl_fit_shade_pixels(fit, j.count < fit->c.pixels ? j.count : fit->c.pixels, carry_back, &j);
    fit->loss = loss;
    return HL_OK;
}
