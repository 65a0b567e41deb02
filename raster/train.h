/* SPDX-License-Identifier: MIT */
/* raster/train.h -- posed photos in, splats out.
 *
 *   hl_trainer_create -> [hl_checkpoint_load] -> hl_trainer_run -> hl_trainer_export
 *
 * One step: next view of a seeded permutation -> forward -> loss -> backward fused with Adam ->
 * exposure and pose -> every so often a refinement.  On the CPU a run gives the same bytes for any
 * thread count, and stopping at any step and resuming gives the bytes of the straight run.
 *
 * Photos come through an interface of functions, so that this folder knows no file format.
 * A trainer is used by one thread at a time.
 */
#ifndef HL_RASTER_TRAIN_H
#define HL_RASTER_TRAIN_H

#include "core/mesh.h"
#include "raster/loss.h"
#include "raster/train_config.h"

typedef struct hl_train_photo {
    hl_loss_target target; /* at the size of its view */
    void *handle;          /* the provider's own      */
} hl_train_photo;

/* Where pixels come from.  index: into hl_train_scene.views.  acquire is called by one thread at a
 * time; what it returned stays valid until release.  prefetch may be NULL. */
typedef struct hl_train_photos {
    void *ctx;
    hl_status (*acquire)(void *ctx, int32_t index, hl_train_photo *photo);
    void (*release)(void *ctx, hl_train_photo *photo);
    void (*prefetch)(void *ctx, const int32_t *indices, int32_t count);
} hl_train_photos;

/* What to train on.  Borrowed for the life of the trainer. */
typedef struct hl_train_scene {
    int32_t view_count;
    const hl_raster_view *views; /* (view_count) at full size                           */
    const char *const *names;    /* (view_count)                                        */
    int32_t train_count;
    const int32_t *train; /* (train_count) indices of views                             */
    int32_t test_count;
    const int32_t *test; /* (test_count)                                                */
    int32_t point_count;
    const float *points;          /* (point_count, 3)                                   */
    const uint8_t *colors;        /* (point_count, 3) or NULL                           */
    const hl_splats *init_splats; /* start from these instead; NULL: from the points    */
    const hl_mesh *mesh;          /* that holds the splats (raster/mesh_tie.h), or NULL */
    bool has_alpha;               /* photos have a meaningful alpha channel             */
    hl_train_photos photos;
} hl_train_scene;

/* Means since the last record. */
typedef struct hl_train_record {
    int32_t step; /* steps taken */
    double loss, l1, ssim, psnr;
    int32_t splats;
    int32_t born, removed; /* by refinements since the last record */
    double seconds;        /* wall, since the run began            */
} hl_train_record;

typedef struct hl_train_score {
    double psnr, ssim; /* of the picture rounded to 8 bits */
} hl_train_score;

typedef struct hl_trainer hl_trainer;

/* Called by hl_trainer_run; all may be NULL.  A failure ends the run. */
typedef struct hl_train_events {
    void *ctx;
    hl_status (*record)(void *ctx, const hl_train_record *record);
    hl_status (*eval)(void *ctx, int32_t step, const hl_train_score *mean,
                      const hl_train_score *per_view, int32_t count);
    hl_status (*save)(void *ctx, int32_t step);
    int32_t record_every; /* steps; 0: 100                                                */
    int32_t eval_every;   /* steps; 0: never; also after the last step                    */
    int32_t save_every;   /* steps; 0: only after the last step and on interrupt          */
    /* Somebody who looks on: asked after every step whether they want to see the splats; if so the
     * second may call hl_trainer_export.  Neither may change anything. */
    void *watcher;
    bool (*wants_splats)(void *watcher, int32_t step);
    void (*splats)(void *watcher, const hl_trainer *trainer);
} hl_train_events;

/* backend, isa: as hl_raster_create.  Errors: HL_E_ARG (config, no photo to train on),
 * HL_E_MEMORY, HL_E_BACKEND. */
hl_status hl_trainer_create(hl_trainer **out, const hl_train_config *config,
                            const hl_train_scene *scene, const char *backend, hl_isa isa);
void hl_trainer_destroy(hl_trainer **trainer);

/* One step.  Errors: those of the photos, HL_E_MEMORY. */
hl_status hl_trainer_step(hl_trainer *trainer);

/* Returns when the device has done the steps so far, at once on the CPU. */
hl_status hl_trainer_wait(hl_trainer *trainer);

/* Steps up to `until` (0: the configured number).  HL_E_INTERRUPT after saving, where
 * hl_interrupt_request was called. */
hl_status hl_trainer_run(hl_trainer *trainer, int32_t until, const hl_train_events *events);

/* Scores of the test views (count: their number; per_view may be NULL). */
hl_status hl_trainer_eval(hl_trainer *trainer, hl_train_score *mean, hl_train_score *per_view);

/* The splats as a file should hold them: faint and broken ones dropped, 3D filter baked in.
 * Arrays come from `arena`. */
hl_status hl_trainer_export(const hl_trainer *trainer, hl_splats *out, hl_arena *arena);

int32_t hl_trainer_steps(const hl_trainer *trainer);  /* taken so far                */
int32_t hl_trainer_splats(const hl_trainer *trainer); /* now                         */
const hl_train_config *hl_trainer_config(const hl_trainer *trainer);
const char *hl_trainer_isa_name(const hl_trainer *trainer);

/* Per-image state: exposure (3, 4) of training photo k, NULL when off; its pose as refined. */
const float *hl_trainer_exposure(const hl_trainer *trainer, int32_t k);
const hl_raster_view *hl_trainer_view(const hl_trainer *trainer, int32_t k);

/* Sums in an order of their own, so that a run on a GPU repeats to the byte; slower there, and
 * always so on the CPU.  Before the first step. */
void hl_trainer_deterministic(hl_trainer *trainer, bool on);

/* Bytes that the rasterizer holds now, on its device. */
size_t hl_trainer_bytes_held(const hl_trainer *trainer);

/* Wall seconds per stage are added to *spans; NULL switches timing off. */
void hl_trainer_profile(hl_trainer *trainer, hl_spans *spans);

/* Memory that training will take at its largest, bytes. */
typedef struct hl_train_memory {
    size_t splats; /* parameters, moments, statistics, refinement, for `cap` of them     */
    size_t raster; /* projected splats, instances, gradient rows, pictures               */
    size_t loss;
    size_t photos; /* what the caller says its cache takes                               */
    size_t total;
} hl_train_memory;

/* width, height: of the largest photo.  instances: splat-tile pairs, 0 for a guess. */
void hl_train_predict(hl_train_memory *out, const hl_train_config *config, int32_t width,
                      int32_t height, bool has_alpha, int64_t instances, size_t photo_bytes);

/* Memory that training takes at its largest on the device of a backend, photos aside, bytes; 0
 * where the backend trains in host memory or is not in this build.  instances: splat-tile pairs of
 * a picture, 0 for a guess; ordered: as of hl_trainer_deterministic. */
size_t hl_train_device_bytes(const char *backend, const hl_train_config *config, int32_t width,
                             int32_t height, int64_t instances, bool ordered);

#endif /* HL_RASTER_TRAIN_H */
