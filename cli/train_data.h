/* SPDX-License-Identifier: MIT */
/* cli/train_data.h -- a capture joined to the trainer: hl_views and hl_photos on one side,
 * hl_train_scene on the other. */
#ifndef HL_CLI_TRAIN_DATA_H
#define HL_CLI_TRAIN_DATA_H

#include "core/mesh_io.h"
#include "datasets/dataset.h"
#include "datasets/photos.h"
#include "raster/train.h"

typedef struct train_data {
    hl_views views;
    hl_photos *photos;
    hl_train_scene scene; /* borrows the rest                    */
    hl_arena arena;       /* arrays of scene                     */
    hl_splats init;       /* of --init-ply                       */
    hl_mesh mesh;         /* of --mesh                           */
    bool want_depth, want_normal;
    int32_t max_width, max_height; /* of the largest picture, pixels */
} train_data;

typedef struct train_data_options {
    const char *path;
    hl_dataset_options dataset;
    hl_photos_options photos;
    const char *init_path; /* splats to start from, NULL: points */
    const char *mesh_path; /* holds the splats, NULL: none       */
    bool want_depth, want_normal;
} train_data_options;

/* Errors: those of the capture, of the photos and of the splats; views without poses are refused.
 * Release in any case. */
hl_status hl_train_data_open(train_data *data, const train_data_options *options);
void hl_train_data_release(train_data *data);

/* Bytes that pictures take while training: cache, and what is decoded ahead. */
size_t hl_train_data_photo_bytes(const train_data *data, const train_data_options *options);

/* Share of the pixels that masks keep, of four training photos at most; 1 where there are none.
 * Errors: those of the photos. */
hl_status hl_train_data_kept(const train_data *data, double *share);

#endif /* HL_CLI_TRAIN_DATA_H */
