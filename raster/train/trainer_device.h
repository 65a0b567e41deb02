/* SPDX-License-Identifier: MIT */
/* raster/train/trainer_device.h -- training whose splats, moments, statistics and photos stay on a
 * device: what a backend offers for it beside forward and backward.
 *
 * Steps are enqueued and not waited for.  A step that did not find room on the device halts it;
 * the host learns of that later, makes room and goes back to that step, so that the sequence of
 * steps that took place is the one of a straight run.
 */
#ifndef HL_RASTER_TRAIN_TRAINER_DEVICE_H
#define HL_RASTER_TRAIN_TRAINER_DEVICE_H

#include "raster/train/trainer.h"

/* One step as the host sees it. */
typedef struct hl_device_step {
    int32_t photo;                /* which training photo                                     */
    const hl_loss_target *target; /* NULL where has_photo said 1                              */
    int32_t factor;               /* pixels of the photo per pixel of the picture, a side     */
    bool collect;                 /* statistics                                               */
    hl_raster_options options;    /* features, filter and window are the device's own         */
    hl_loss_options loss;
    hl_geometry_loss_options geometry;
    float lr_exposure;
    float flatten, noise; /* of raster/train/flatten.h, raster/density/mcmc.h; 0: none        */
} hl_device_step;

typedef struct hl_trainer_device {
    /* Splats, moments, counters, filter and statistics of the trainer to the device. */
    hl_status (*push)(void *state, hl_trainer *t);
    /* And back; waits. */
    hl_status (*pull)(void *state, hl_trainer *t);
    /* 1 where a step with this photo needs nothing from the host. */
    int (*has_photo)(void *state, int32_t photo, int32_t factor);
    /* 1 where photos do not stay on the device: stage then brings that of a later step (photo,
     * factor, target are set) there while this one runs. */
    int (*streams)(void *state);
    hl_status (*stage)(void *state, const hl_trainer *t, const hl_device_step *step);
    hl_status (*learn)(void *state, hl_trainer *t, const hl_device_step *step);
    /* A refinement, after settle: splats, moments, counters and statistics change on the device,
     * t->splats.count here.  Then, where it is on, the 3D filter. */
    hl_status (*refine)(void *state, hl_trainer *t, hl_density_report *report);
    hl_status (*filter)(void *state, hl_trainer *t, int32_t factor);
    /* Without waiting: *step is the first step that did not take place, -1 where none is known. */
    hl_status (*poll)(void *state, int32_t *step);
    /* Waits; the same, and sums since the last settling are added to t->sums. */
    hl_status (*settle)(void *state, hl_trainer *t, int32_t *step);
    /* As hl_train_device_bytes. */
    size_t (*bytes)(const hl_train_config *config, int32_t width, int32_t height, int64_t pairs,
                    bool ordered);
    void (*release)(void *state); /* the photos; the rasterizer stays */
} hl_trainer_device;

/* One step on the device. */
hl_status hl_train_device_step(hl_trainer *t, int32_t k, float at);

/* Makes sure that all steps took place, and the host's copy current where `all`. */
hl_status hl_train_device_settle(hl_trainer *t, bool all);

/* A trainer on a rasterizer that it owns from now on, also on failure: for tests. */
hl_status hl_trainer_create_on(hl_trainer **out, const hl_train_config *config,
                               const hl_train_scene *scene, hl_raster *raster, hl_isa isa);

#endif /* HL_RASTER_TRAIN_TRAINER_DEVICE_H */
