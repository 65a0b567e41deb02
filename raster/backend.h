/* SPDX-License-Identifier: MIT */
/* raster/backend.h -- the one seam between Heliograph and a compute device.
 *
 * A backend is a const table of functions.  Callers never call the table: the hl_raster_*
 * wrappers (raster/raster.c) check every argument once, so that a backend may trust what it is
 * given.  A table entry has the contract of the wrapper of the same name in raster/raster.h.
 */
#ifndef HL_RASTER_BACKEND_H
#define HL_RASTER_BACKEND_H

#include "raster/raster.h"

typedef struct hl_raster_backend {
    const char *name; /* what --backend takes                 */
    int32_t score;    /* the highest present one is "auto"    */

    hl_status (*create)(void **state, hl_isa isa);
    void (*destroy)(void *state);
    const char *(*isa_name)(const void *state);
    void (*profile)(void *state, hl_spans *spans);
    hl_status (*forward)(void *state, const hl_splats *splats, const hl_raster_view *view,
                         const hl_raster_options *options, hl_raster_frame *frame);
    hl_status (*backward)(void *state, hl_splats *splats, const hl_raster_frame_grad *frame_grad,
                          hl_raster_sink *sink);
    size_t (*bytes_held)(const void *state);
    int64_t (*count_pairs)(void *state);
    hl_status (*copy_rate)(void *state, double *bytes_per_second);
    hl_status (*memory)(size_t *all, size_t *available); /* NULL: the host's */
    void (*deterministic)(void *state, bool on);    /* NULL: it always is                     */
    hl_status (*describe)(char *text, size_t room); /* NULL: nothing to say                */
    const struct hl_trainer_device *trainer;        /* NULL: trains through forward, backward */
} hl_raster_backend;

const hl_raster_backend *hl_raster_backend_cpu(void);

/* Backend number i of this build, best score first; NULL behind the last.  Whether its device is
 * there shows when it is created. */
const hl_raster_backend *hl_raster_backend_at(int32_t i);

/* Training on the device of this rasterizer, and its state; NULL where there is none. */
const struct hl_trainer_device *hl_raster_trainer_device(const hl_raster *raster, void **state);

/* A rasterizer on a backend that has no name in this build: for tests. */
hl_status hl_raster_create_on(hl_raster **out, const hl_raster_backend *backend, hl_isa isa);

#endif /* HL_RASTER_BACKEND_H */
