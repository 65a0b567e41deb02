/* SPDX-License-Identifier: MIT */
/* What the photos do not say: neighbours look alike, light is smooth and nearly white. */
#include "relight/fit/state.h"

#include <math.h>

#define METAL_LEAST 0.25f /* mean albedo below which metal is unlikely */
#define DARK_METAL  20.0f

/* Difference of the photo between two pixels, mean over channels, 0..1. */
static float step_of(const hl_image8 *photo, int32_t i, int32_t j)
{
    const int32_t c = photo->channels;
    float sum = 0;
    for (int k = 0; k < 3; k++)
        sum += fabsf((float)photo->data[c * i + k] - (float)photo->data[c * j + k]);
    return sum / (3 * 255);
}

typedef struct pairing {
    float weight; /* of the loss, over the number of pixels */
    size_t a, b;  /* places in the frame */
    float alpha_a, alpha_b;
} pairing;

/* weight |S_a / alpha_a - S_b / alpha_b| per channel. */
static void pull(hl_fit *fit, const hl_raster_frame *f, const pairing *p)
{
    const float strength[HL_FIT_CHANNELS] = {fit->c.smooth_albedo / 3, fit->c.smooth_albedo / 3,
                                             fit->c.smooth_albedo / 3, fit->c.smooth_roughness,
                                             fit->c.smooth_metal};
    for (int k = 0; k < HL_FIT_CHANNELS; k++) {
        const float *plane = f->plane[f->feature_plane + k];
        const float d = plane[p->a] / p->alpha_a - plane[p->b] / p->alpha_b;
        const float g = (d > 0 ? 1.0f : (d < 0 ? -1.0f : 0.0f)) * p->weight * strength[k];
        float *grad = fit->plane_grad + (size_t)k * fit->plane_floats;
        grad[p->a] += g / p->alpha_a;
        grad[p->b] -= g / p->alpha_b;
    }
}

void hl_fit_smooth(hl_fit *fit, int32_t view, const hl_raster_frame *f)
{
    const hl_image8 *photo = &fit->scene.photos[view];
    const hl_hit *hit = fit->view[view].hit;
    const int32_t w = photo->width, h = photo->height;
    const float share = 1 / (float)(fit->view[view].pixel_count + 1);
    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++)
            for (int k = 0; k < 2; k++) {
                const int32_t i = y * w + x, j = k ? i + w : i + 1;
                if ((k ? y + 1 >= h : x + 1 >= w) || hit[i].triangle == HL_HIT_NONE ||
                    hit[j].triangle == HL_HIT_NONE)
                    continue;
                pairing p = {.a = (size_t)y * (size_t)f->stride + (size_t)x};
                p.b = k ? p.a + (size_t)f->stride : p.a + 1;
                p.alpha_a = 1 - f->transmittance[p.a];
                p.alpha_b = 1 - f->transmittance[p.b];
                if (p.alpha_a < 0.5f || p.alpha_b < 0.5f)
                    continue;
                p.weight = share * expf(-HL_FIT_EDGE_GAIN * step_of(photo, i, j));
                pull(fit, f, &p);
            }
}

static void light_variation(hl_fit *fit)
{
    const int32_t w = fit->env.width, h = fit->env.height;
    const float *p = fit->light.p;
    float *g = fit->light.g;
    const float each = fit->c.light_tv / (float)(w * h);
    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++)
            for (int k = 0; k < 6; k++) {
                const int32_t c = k % 3, right = y * w + (x + 1) % w;
                const int32_t i = 3 * (y * w + x) + c;
                const int32_t j = 3 * (k < 3 ? right : (y + 1) * w + x) + c;
                if (k >= 3 && y + 1 >= h)
                    continue;
                const float d = p[i] - p[j];
                const float s = each * (d > 0 ? 1.0f : (d < 0 ? -1.0f : 0.0f));
                g[i] += s;
                g[j] -= s;
            }
}

/* light_white * sum_c |M_c / M - 1|, M_c the mean radiance over the sphere, M their mean. */
static void light_whiteness(hl_fit *fit)
{
    const hl_environment *e = &fit->env;
    double mean[3] = {0, 0, 0};
    const double pi = 3.14159265358979323846;
    for (int32_t y = 0; y < e->height; y++) {
        const double share = sin(pi * (y + 0.5) / e->height);
        for (int32_t x = 0; x < e->width; x++)
            for (int c = 0; c < 3; c++)
                mean[c] += share * (double)e->radiance[3 * (y * e->width + x) + c];
    }
    const double all = (mean[0] + mean[1] + mean[2]) / 3;
    if (!(all > 0))
        return;
    double d_mean[3] = {0, 0, 0};
    for (int c = 0; c < 3; c++) {
        const double s = mean[c] > all ? 1 : (mean[c] < all ? -1 : 0);
        d_mean[c] += s / all;
        for (int k = 0; k < 3; k++)
            d_mean[k] -= s * mean[c] / (3 * all * all);
    }
    for (int32_t y = 0; y < e->height; y++) {
        const double share = sin(pi * (y + 0.5) / e->height) * (double)fit->c.light_white;
        for (int32_t x = 0; x < e->width; x++)
            for (int c = 0; c < 3; c++) {
                const int32_t i = 3 * (y * e->width + x) + c;
                fit->light.g[i] += (float)(share * d_mean[c] * (double)e->radiance[i]);
            }
    }
}

void hl_fit_light_prior(hl_fit *fit)
{
    light_variation(fit);
    light_whiteness(fit);
}

/* prior_metal m (1 + DARK_METAL relu(METAL_LEAST - mean albedo)): metals are bright; a dark one
 * looks like a black dielectric. */
void hl_fit_metal_prior(const hl_fit *fit, hl_fit_set *set)
{
    const float each = fit->c.prior_metal / (float)set->metal.count;
    for (int32_t i = 0; i < set->metal.count; i++) {
        const float *a = set->albedo.p + 3 * (size_t)i;
        const float dark = fmaxf(METAL_LEAST - (a[0] + a[1] + a[2]) / 3, 0);
        set->metal.g[i] += each * (1 + DARK_METAL * dark);
        for (int c = 0; c < 3 && dark > 0; c++)
            set->albedo.g[3 * i + c] -= each * DARK_METAL * set->metal.p[i] / 3;
    }
}
