/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "core/color.h"
#include "core/parallel.h"
#include "datasets/synth/synth_capture.h"
#include "datasets/synthetic.h"

#include <math.h>
#include <string.h>

#define FIRST_SAMPLES 4    /* taken everywhere; the rest only where these differ */
#define CONTRAST      0.08 /* of display value                                   */

typedef struct job {
    const hl_synthetic *synthetic;
    hl_synth_eye eye;
    hl_synthetic_frame *frame;
    bool ground_truth;
} job;

uint8_t hl_synth_byte(double srgb)
{
    return (uint8_t)(255 * fmin(1, fmax(0, srgb)) + 0.5);
}

typedef struct pixel {
    double sum[3]; /* linear radiance */
    int32_t count, hits;
    double low, high; /* display value of the samples, per channel */
    int32_t object;   /* of the first sample */
    bool mixed;       /* samples met different objects */
} pixel;

/* Cheap stand-in for the sRGB curve, for contrast only. */
static double shown(double linear)
{
    return sqrt(fmin(1, fmax(0, linear)));
}

static void take_sample(const job *j, double px, double py, int32_t i, pixel *p)
{
    const hl_synth_scene *scene = &j->synthetic->scene;
    hl_synth_ray ray;
    hl_synth_surface surface;
    double uv[2], rgb[3], per_depth;
    hl_synth_sample(i, 0, uv);
    hl_synth_eye_ray(&j->eye, px + uv[0], py + uv[1], &ray, &per_depth);
    hl_synth_radiance(scene, &ray, j->eye.spread, i, rgb, &surface);
    const double value = shown(rgb[1]);
    if (p->count == 0) {
        p->object = surface.object;
        p->low = p->high = value;
    }
    p->count++;
    p->mixed |= surface.object != p->object;
    p->low = fmin(p->low, value);
    p->high = fmax(p->high, value);
    if (surface.object < 0 && scene->alpha)
        return;
    p->hits += surface.object >= 0;
    for (int k = 0; k < 3; k++)
        p->sum[k] += rgb[k];
}

static void shade_pixel(const job *j, int32_t x, int32_t y)
{
    const int32_t samples = j->synthetic->options.samples;
    const bool alpha = j->synthetic->scene.alpha;
    pixel p = {0};
    for (int32_t i = 0; i < samples; i++) {
        if (i == FIRST_SAMPLES && !p.mixed && p.high - p.low < CONTRAST)
            break;
        take_sample(j, x, y, i, &p);
    }
    hl_image8 *color = &j->frame->color;
    uint8_t *out =
        color->data + ((size_t)y * (size_t)color->width + (size_t)x) * (size_t)color->channels;
    const double n = alpha ? (p.hits > 0 ? p.hits : 1) : p.count;
    for (int k = 0; k < 3; k++)
        out[k] = hl_synth_byte(hl_srgb_from_linear(p.sum[k] / n));
    if (alpha)
        out[3] = hl_synth_byte((double)p.hits / p.count);
    if (j->ground_truth)
        j->frame->alpha.data[(size_t)y * (size_t)color->width + (size_t)x] =
            (float)((double)p.hits / p.count);
}

static void measure_pixel(const job *j, int32_t x, int32_t y)
{
    const hl_synth_scene *scene = &j->synthetic->scene;
    const size_t at = (size_t)y * (size_t)j->frame->color.width + (size_t)x;
    hl_synth_ray ray;
    hl_synth_hit hit;
    hl_synth_surface s;
    double per_depth;
    hl_synth_eye_ray(&j->eye, x + 0.5, y + 0.5, &ray, &per_depth);
    if (!hl_synth_scene_hit(scene, &ray, 1e-7, 1e6, &hit))
        return;
    hl_synth_scene_surface(scene, &ray, &hit, hit.t * j->eye.spread, &s);
    j->frame->depth.data[at] = (float)(hit.t / per_depth);
    for (int k = 0; k < 3; k++) {
        j->frame->normal.data[3 * at + (size_t)k] = (float)s.normal[k];
        j->frame->albedo.data[3 * at + (size_t)k] = (float)s.albedo[k];
    }
    j->frame->material.data[3 * at] = (float)s.roughness;
    j->frame->material.data[3 * at + 1] = (float)s.metallic;
    j->frame->material.data[3 * at + 2] = (float)s.specular;
}

static void row(void *ctx, int32_t y, int32_t thread)
{
    const job *j = ctx;
    (void)thread;
    for (int32_t x = 0; x < j->frame->color.width; x++) {
        shade_pixel(j, x, y);
        if (j->ground_truth)
            measure_pixel(j, x, y);
    }
}

void hl_synthetic_frame_release(hl_synthetic_frame *frame)
{
    hl_image8_release(&frame->color);
    hl_image_release(&frame->depth);
    hl_image_release(&frame->normal);
    hl_image_release(&frame->albedo);
    hl_image_release(&frame->material);
    hl_image_release(&frame->alpha);
}

static hl_status frame_create(hl_synthetic_frame *f, int32_t w, int32_t h, int32_t channels,
                              bool ground_truth)
{
    HL_TRY(hl_image8_create(&f->color, w, h, channels));
    if (!ground_truth)
        return HL_OK;
    HL_TRY(hl_image_create(&f->depth, w, h, 1));
    HL_TRY(hl_image_create(&f->normal, w, h, 3));
    HL_TRY(hl_image_create(&f->albedo, w, h, 3));
    HL_TRY(hl_image_create(&f->material, w, h, 3));
    return hl_image_create(&f->alpha, w, h, 1);
}

hl_status hl_synthetic_render(const hl_synthetic *synthetic, int32_t view, bool ground_truth,
                              hl_synthetic_frame *frame)
{
    if (view < 0 || view >= synthetic->options.views)
        return hl_fail(HL_E_ARG, "synthetic capture: view %d, expected 0 to %d", view,
                       synthetic->options.views - 1);
    hl_synthetic_frame f;
    memset(&f, 0, sizeof f);
    const hl_status status = frame_create(&f, synthetic->options.width, synthetic->options.height,
                                          synthetic->scene.alpha ? 4 : 3, ground_truth);
    if (status != HL_OK) {
        hl_synthetic_frame_release(&f);
        return status;
    }
    hl_camera camera;
    hl_pose pose;
    job j = {.synthetic = synthetic, .frame = &f, .ground_truth = ground_truth};
    hl_synthetic_view(synthetic, view, &camera, &pose);
    hl_synth_eye_make(&camera, &pose, &j.eye);
    hl_parallel_for(synthetic->options.height, row, &j);
    *frame = f;
    return HL_OK;
}
