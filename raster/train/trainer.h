/* SPDX-License-Identifier: MIT */
/* raster/train/trainer.h -- inside of the trainer: its state and the parts of a step. */
#ifndef HL_RASTER_TRAIN_TRAINER_H
#define HL_RASTER_TRAIN_TRAINER_H

#include "core/arena.h"
#include "core/timer.h"
#include "raster/geometry_loss.h"
#include "raster/mesh_tie.h"
#include "raster/multi_view_loss.h"
#include "raster/train.h"

enum { HL_TRAIN_NEIGHBOURS = 8 };

/* Parameters of one small Adam problem per training photo: exposure (12) or pose (6). */
typedef struct hl_train_extra {
    int32_t size;   /* values per photo; 0: off    */
    float *value;   /* (train_count, size)         */
    float *m, *v;   /* (train_count, size)         */
    int32_t *steps; /* (train_count)               */
} hl_train_extra;

/* Sums since the last record. */
typedef struct hl_train_sums {
    double loss, l1, ssim, mse;
    double count;
    double born, removed;
} hl_train_sums;

/* A photo made smaller. */
typedef struct hl_train_shrunk {
    uint8_t *pixels, *mask;
    float *depth, *normal;
    size_t pixel_capacity; /* pixels that the buffers hold */
    bool has_mask, has_depth, has_normal;
} hl_train_shrunk;

struct hl_trainer {
    hl_train_config config;
    hl_train_scene scene;
    hl_density_config density;
    hl_arena arena;
    hl_splats splats;
    hl_adam adam;
    hl_raster_stats stats;
    float *stats_block;  /* behind stats; NULL where the recipe wants none  */
    int32_t stats_views; /* pictures in stats                               */
    float *filter_3d;    /* (capacity), NULL when off                       */
    hl_raster *raster;
    hl_loss *loss;
    hl_geometry_loss *geometry;     /* NULL when off */
    hl_mesh_tie *tie;               /* NULL without a mesh */
    hl_multi_view_loss *multi_view; /* NULL when off */
    int32_t *neighbours; /* (train_count, HL_TRAIN_NEIGHBOURS) training photos, -1: no more */
    hl_spans *spans;

    int32_t step; /* taken */
    int32_t first_count;
    float center[3], extent;
    int32_t *order;       /* (train_count) permutation of epoch `epoch`  */
    int64_t epoch;        /* -1: none yet                                */
    int32_t *plan;        /* (train_count) what the photo source was told      */
    int64_t planned;      /* epoch of the plan, -1: none yet             */
    hl_raster_view *view; /* (train_count) with refined poses      */
    hl_train_extra exposure, pose;
    hl_train_sums sums;
    hl_train_shrunk shrunk, shrunk_near;
    int32_t born, removed;

    const struct hl_trainer_device *device; /* NULL: trains through host memory            */
    void *device_state;
    bool on_device; /* the device's copy is the current one */
};

/* Learning rates of step t->step; options of a picture of training photo k with or without depth
 * and normals; rate of Adam on exposures. */
void hl_train_set_rates(hl_trainer *t, float at);
void hl_train_set_options(hl_trainer *t, bool depth, bool normal, float at, int32_t k,
                          hl_raster_options *raster, hl_loss_options *loss);
float hl_train_exposure_rate(const hl_trainer *t, float at);

/* The photo of training photo k, checked against its camera. */
hl_status hl_train_acquire(hl_trainer *t, int32_t k, hl_train_photo *photo);

/* Splits the one block behind the statistics into its arrays. */
hl_status hl_train_stats_create(hl_trainer *t);
void hl_train_stats_clear(hl_trainer *t);

/* 2, 4, ... while pictures are small, else 1: of the next step, of step `step`. */
int32_t hl_train_factor(const hl_trainer *t);
int32_t hl_train_factor_at(const hl_trainer *t, int32_t step);

/* The training photo of step `step`. */
int32_t hl_train_photo_of_step(hl_trainer *t, int32_t step);

/* *target and *view, `factor` times smaller, in buffers of *shrunk.  Pixels are averaged (colour
 * weighted by alpha); a pixel is ignored where any of its parts is; depth and normals are those of
 * the middle.  Columns and rows that do not fill a block are cut off. */
hl_status hl_train_shrink(hl_train_shrunk *shrunk, hl_loss_target *target, hl_raster_view *view,
                          int32_t factor);
/* The same for a view alone; returns the factor that was possible. */
int32_t hl_train_shrink_view(hl_raster_view *view, int32_t factor);
void hl_train_shrunk_release(hl_train_shrunk *shrunk);

/* filter (count): sqrt(0.1) x the smallest depth / focal length over the views that see the splat
 * (Yu et al. 2024, Mip-Splatting, section 4.1); views that see none of it: the nearest. */
void hl_train_filter_3d(float *filter, const hl_splats *splats, const hl_raster_view *views,
                        int32_t view_count, int32_t factor);

/* Folds the filter into scales and opacity. */
void hl_train_bake_filter(hl_splats *splats, const float *filter);

/* Geometry mode: weights at t = at, all 0 when off or not yet; and the press that makes splats
 * flat, a little each step: by hl_train_flatten_step off the log of the smallest scale, 0 when
 * off. */
hl_geometry_loss_options hl_train_geometry(const hl_trainer *t, float at);
float hl_train_flatten_step(const hl_train_config *config);
void hl_train_flatten(hl_trainer *t);

/* With a mesh: the splats made fit for it; its depth, normals and window for one picture; the pull
 * after a step.  Nothing without one. */
hl_status hl_train_tie_start(hl_trainer *t);
hl_status hl_train_tie_picture(hl_trainer *t, float at, const hl_raster_view *view,
                               hl_loss_target *target, hl_raster_options *raster,
                               hl_loss_options *loss);
void hl_train_tie_pull(hl_trainer *t);

/* Multi-view terms: neighbours of every photo, chosen once; whether the terms count at t = at; one
 * neighbour of photo k drawn and held, before forward (*held: false where it has none); the terms.
 */
hl_status hl_train_views_start(hl_trainer *t);
bool hl_train_views_on(const hl_trainer *t, float at);
hl_status hl_train_views_hold(hl_trainer *t, int32_t k, float at, bool *held);
hl_status hl_train_views_run(hl_trainer *t, const hl_raster_frame *frame,
                             const hl_raster_view *view, const hl_loss_target *target,
                             hl_loss_result *result);

#endif /* HL_RASTER_TRAIN_TRAINER_H */
