/* SPDX-License-Identifier: MIT */
/* A factor per photo between radiance and what the photo shows: cameras that choose their exposure
 * by the picture make one wall bright here and dark there.  Only ratios are told by photos, so the
 * mean of the logarithms stays 0. */
#include "core/memory.h"
#include "relight/fit/state.h"

#include <math.h>

#define LOG_BOUND 3.0f /* 4.3 stops either way */

hl_status hl_fit_exposure_create(hl_fit *fit)
{
    hl_fit_exposure *e = &fit->exposure;
    const size_t views = (size_t)fit->scene.view_count, pixels = (size_t)fit->c.pixels;
    if (!fit->c.exposure)
        return HL_OK;
    HL_TRY(hl_fit_adam_create(&e->log, fit->scene.view_count));
    e->gain = hl_alloc(views, sizeof *e->gain);
    e->pixel_view = hl_alloc(pixels, sizeof *e->pixel_view);
    e->pixel_grad = hl_alloc(pixels, sizeof *e->pixel_grad);
    if (!e->gain || !e->pixel_view || !e->pixel_grad)
        return HL_E_MEMORY;
    hl_fit_exposure_apply(fit);
    return HL_OK;
}

void hl_fit_exposure_release(hl_fit *fit)
{
    hl_fit_adam_release(&fit->exposure.log);
    hl_free(fit->exposure.gain);
    hl_free(fit->exposure.pixel_view);
    hl_free(fit->exposure.pixel_grad);
}

void hl_fit_exposure_apply(hl_fit *fit)
{
    for (int32_t v = 0; v < fit->exposure.log.count; v++)
        fit->exposure.gain[v] = expf(fit->exposure.log.p[v]);
}

hl_fit_target hl_fit_target_of(const hl_fit *fit, int32_t k, int32_t view, int32_t pixel,
                               int32_t count)
{
    const hl_fit_exposure *e = &fit->exposure;
    if (e->gain)
        e->pixel_view[k] = view;
    return (hl_fit_target){.photo = &fit->scene.photos[view],
                           .pixel = pixel,
                           .share = 1 / (float)count,
                           .gain = e->gain ? e->gain[view] : 1};
}

void hl_fit_exposure_keep(const hl_fit *fit, int32_t k, float log_gain)
{
    if (fit->exposure.gain)
        fit->exposure.pixel_grad[k] = log_gain;
}

void hl_fit_exposure_step(hl_fit *fit, float lr, int32_t n)
{
    hl_fit_exposure *e = &fit->exposure;
    const int32_t views = e->log.count;
    double mean = 0;
    if (!e->gain)
        return;
    for (int32_t v = 0; v < views; v++)
        e->log.g[v] = 0;
    for (int32_t k = 0; k < fit->c.pixels; k++) {
        e->log.g[e->pixel_view[k]] += e->pixel_grad[k];
        e->pixel_grad[k] = 0; /* the next step may have fewer pixels */
    }
    hl_adam_step_array(e->log.p, e->log.m, e->log.v, e->log.g, views, lr, n);
    for (int32_t v = 0; v < views; v++)
        mean += (double)e->log.p[v] / views;
    for (int32_t v = 0; v < views; v++)
        e->log.p[v] = hl_clamp(e->log.p[v] - (float)mean, -LOG_BOUND, LOG_BOUND);
    hl_fit_exposure_apply(fit);
}
