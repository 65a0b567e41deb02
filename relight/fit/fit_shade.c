/* SPDX-License-Identifier: MIT */
/* One step's pixels: deferred shading, loss and gradients to the blended materials and the light.
 */
#include "core/color.h"
#include "core/parallel.h"
#include "relight/fit/state.h"

#include <math.h>
#include <string.h>

#define CLIP_SLOPE  0.1f           /* of the clamp at 1, where the photo is not clipped          */
#define CLIPPED     (254.5f / 255) /* photo values above this may be anything brighter          */
#define LEAST_LIGHT 1e-4f          /* the sRGB curve's slope below is that of its straight part  */

typedef struct job {
    hl_fit *fit;
    const hl_raster_frame *frame;
    hl_estimate_scene scene;
    int32_t view, count;
} job;

/* d/dx of the sRGB curve. */
static float srgb_slope(float x)
{
    return x <= 0.0031308f ? 12.92f : 1.055f / 2.4f * powf(x, 1 / 2.4f - 1);
}

float hl_fit_channel_loss(float radiance, float target, float *d)
{
    const float x = fmaxf(radiance, LEAST_LIGHT);
    const float shown = x < 1 ? hl_srgb_from_linear(x) : 1, r = shown - target;
    const float slope = x < 1 ? srgb_slope(x) : (target < CLIPPED ? CLIP_SLOPE : 0);
    *d = r > 0 ? slope : (r < 0 ? -slope : 0);
    if (x >= 1 && target < CLIPPED && r <= 0)
        *d = 0;
    return fabsf(r);
}

float hl_fit_read_surface(const hl_raster_frame *f, size_t at, hl_surface *s)
{
    const float alpha = 1 - f->transmittance[at], inv = alpha > 0 ? 1 / alpha : 0;
    float value[HL_FIT_CHANNELS];
    for (int k = 0; k < HL_FIT_CHANNELS; k++)
        value[k] = f->plane[f->feature_plane + k][at] * inv;
    for (int k = 0; k < 3; k++)
        s->albedo[k] = hl_clamp(value[k], 0, 1);
    s->roughness = hl_clamp(value[HL_FIT_ROUGHNESS], HL_ROUGHNESS_MIN, 1);
    s->metal = hl_clamp(value[HL_FIT_METAL], 0, 1);
    return alpha;
}

double hl_fit_shade_point(const hl_estimate_scene *scene, const hl_estimate_point *p, hl_rng *rng,
                          const hl_fit_target *t, float *out, float *log_gain, float *env_grad)
{
    hl_estimate_sample samples[HL_ESTIMATE_MAX];
    hl_surface grad = {{0}, {0}, 0, 0};
    float radiance[3], d[3], to_gain = 0;
    double loss = 0;
    const int32_t count = hl_estimate(scene, p, rng, samples, radiance);
    const uint8_t *shown = t->photo->data + (size_t)t->pixel * (size_t)t->photo->channels;
    for (int c = 0; c < 3; c++) {
        loss += (double)hl_fit_channel_loss(t->gain * radiance[c], (float)shown[c] / 255, &d[c]);
        d[c] *= t->gain * (t->share / 3);
        to_gain += d[c] * radiance[c];
    }
    *log_gain = to_gain;
    hl_estimate_bwd(p, samples, count, d, &grad, env_grad);
    memcpy(out, grad.albedo, sizeof grad.albedo);
    out[HL_FIT_ROUGHNESS] = grad.roughness;
    out[HL_FIT_METAL] = grad.metal;
    return loss / 3;
}

static double shade_pixel(const void *ctx, int32_t k, float *env_grad)
{
    const job *j = ctx;
    hl_fit *fit = j->fit;
    const hl_raster_view *view = &fit->scene.views[j->view];
    hl_rng rng = hl_rng_at((uint64_t)fit->c.seed, (uint64_t)fit->step, (uint64_t)k, HL_RNG_FIT);
    const hl_fit_view *v = &fit->view[j->view];
    const int32_t i = v->pixel[hl_rng_below(&rng, (uint32_t)v->pixel_count)];
    const size_t at =
        (size_t)(i / view->width) * (size_t)j->frame->stride + (size_t)(i % view->width);
    const hl_fit_target target = hl_fit_target_of(fit, k, j->view, i, j->count);
    float log_gain = 0, *out = fit->pixel_grad + (size_t)k * HL_FIT_CHANNELS;
    hl_estimate_point p;

    fit->pixel_at[k] = (int32_t)at;
    memset(out, 0, HL_FIT_CHANNELS * sizeof *out);
    const float alpha = hl_fit_read_surface(j->frame, at, &p.surface);
    double loss = 0;
    if (alpha >= HL_FIT_LEAST_ALPHA) {
        if (fit->rules->on_mesh)
            hl_fit_point_at(fit->scene.mesh, view, i, &v->hit[i], &p);
        else
            hl_fit_point_blended(j->frame, view, i, at, alpha, &p);
        loss = hl_fit_shade_point(&j->scene, &p, &rng, &target, out, &log_gain, env_grad);
        for (int c = 0; c < HL_FIT_CHANNELS; c++)
            out[c] /= alpha;
    }
    hl_fit_exposure_keep(fit, k, log_gain);
    return loss;
}

typedef struct blocks {
    hl_fit *fit;
    int32_t count;
    double (*shade)(const void *ctx, int32_t k, float *env_grad);
    const void *ctx;
} blocks;

static void shade_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const blocks *b = ctx;
    const size_t lights = (size_t)b->fit->light.count;
    float *env_grad = b->fit->block_light + (size_t)block * lights;
    const int32_t begin = block * HL_FIT_BLOCK;
    const int32_t end = begin + HL_FIT_BLOCK < b->count ? begin + HL_FIT_BLOCK : b->count;
    double loss = 0;
    memset(env_grad, 0, lights * sizeof *env_grad);
    for (int32_t k = begin; k < end; k++)
        loss += b->shade(b->ctx, k, env_grad);
    b->fit->block_loss[block] = loss;
}

void hl_fit_shade_pixels(hl_fit *fit, int32_t count,
                         double (*shade)(const void *ctx, int32_t k, float *env_grad),
                         const void *ctx)
{
    const int32_t n = hl_block_count(count, HL_FIT_BLOCK);
    blocks all = {.fit = fit, .count = count, .shade = shade, .ctx = ctx};
    hl_parallel_for(n, shade_block, &all);
    fit->loss = hl_ordered_sum(fit->block_loss, n) / count;
    for (int32_t b = 0; b < n; b++)
        for (int32_t i = 0; i < fit->light.count; i++)
            fit->light.g[i] += fit->block_light[(size_t)b * (size_t)fit->light.count + (size_t)i];
}

void hl_fit_shade(hl_fit *fit, int32_t view, const hl_raster_frame *frame)
{
    const bool frozen = fit->step >= (int32_t)(fit->c.freeze_light * (float)fit->c.iterations);
    int32_t samples = fit->c.samples, count = fit->c.pixels;
    if (frozen) { /* the same cost: fewer pixels, less noise in each */
        samples = 4 * samples < HL_ESTIMATE_MAX ? 4 * samples : HL_ESTIMATE_MAX;
        count = count > 4 ? count / 2 : count;
    }
    const job j = {.fit = fit,
                   .frame = frame,
                   .scene = hl_fit_estimate_scene(fit, samples),
                   .view = view,
                   .count = count};
    hl_fit_shade_pixels(fit, count, shade_pixel, &j);
    for (int32_t k = 0; k < count; k++)
        for (int c = 0; c < HL_FIT_CHANNELS; c++)
            fit->plane_grad[(size_t)c * fit->plane_floats + (size_t)fit->pixel_at[k]] +=
                fit->pixel_grad[(size_t)k * HL_FIT_CHANNELS + (size_t)c];
}
