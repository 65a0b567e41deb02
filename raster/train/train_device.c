/* SPDX-License-Identifier: MIT */
/* raster/train/train_device.c -- a step of training whose state lives on the device. */
#include "raster/train/trainer_device.h"

/* The photo of the next step on its way while the device works on this one. */
static hl_status stage_next(hl_trainer *t)
{
    const hl_trainer_device *d = t->device;
    hl_train_photo photo;
    if (!d->streams(t->device_state) || t->step + 1 >= t->config.iterations)
        return HL_OK;
    hl_device_step next = {.photo = hl_train_photo_of_step(t, t->step + 1)};
    hl_raster_view view = t->view[next.photo];
    next.factor = hl_train_shrink_view(&view, hl_train_factor_at(t, t->step + 1));
    if (d->has_photo(t->device_state, next.photo, next.factor))
        return HL_OK;
    HL_TRY(hl_train_acquire(t, next.photo, &photo));
    next.target = &photo.target;
    const hl_status s = d->stage(t->device_state, t, &next);
    t->scene.photos.release(t->scene.photos.ctx, &photo);
    return s;
}

hl_status hl_train_device_step(hl_trainer *t, int32_t k, float at)
{
    hl_train_photo photo;
    hl_raster_view view = t->view[k];
    hl_device_step step = {.photo = k, .factor = hl_train_shrink_view(&view, hl_train_factor(t))};
    if (!t->on_device) {
        HL_TRY(t->device->push(t->device_state, t));
        t->on_device = true;
    }
    const bool have = t->device->has_photo(t->device_state, k, step.factor) != 0;
    if (!have) {
        HL_TRY(hl_train_acquire(t, k, &photo));
        step.target = &photo.target;
    }
    step.collect = t->stats_block && hl_density_collects(&t->density, t->step);
    hl_train_set_rates(t, at);
    hl_train_set_options(t, t->config.depth_weight > 0, t->config.normal_weight > 0, at, k,
                         &step.options, &step.loss);
    step.geometry = hl_train_geometry(t, at);
    step.lr_exposure = hl_train_exposure_rate(t, at);
    step.flatten = hl_train_flatten_step(&t->config);
    step.noise = t->density.kind == HL_DENSITY_MCMC ? t->density.noise * t->adam.lr_mean : 0;
    const hl_status s = t->device->learn(t->device_state, t, &step);
    if (!have)
        t->scene.photos.release(t->scene.photos.ctx, &photo);
    HL_TRY(s);
    return stage_next(t);
}
