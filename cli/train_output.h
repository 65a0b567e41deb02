/* SPDX-License-Identifier: MIT */
/* cli/train_output.h -- the output tree of helio train: log.jsonl, ckpt/, point_cloud/,
 * cameras.json. */
#ifndef HL_CLI_TRAIN_OUTPUT_H
#define HL_CLI_TRAIN_OUTPUT_H

#include "raster/train.h"

#include <stdio.h>

typedef struct train_output {
    const char *folder;
    hl_trainer *trainer;         /* set once it exists */
    const hl_train_scene *scene; /* set once it exists */
    FILE *log;
    double cpu_start;
    char ply[1100]; /* the last point cloud written, "" if none */
    bool scored;
    hl_train_score score; /* the last evaluation */
} train_output;

/* Makes the folders. */
hl_status hl_train_output_open(train_output *out, const char *folder);

/* Starts log.jsonl anew; with keep_step >= 0 its records up to that step stay. */
hl_status hl_train_output_log(train_output *out, int32_t keep_step);
void hl_train_output_close(train_output *out);

/* Events of hl_trainer_run; ctx is the train_output. */
hl_status hl_train_output_record(void *ctx, const hl_train_record *record);
hl_status hl_train_output_eval(void *ctx, int32_t step, const hl_train_score *mean,
                               const hl_train_score *per_view, int32_t count);
hl_status hl_train_output_save(void *ctx, int32_t step);

/* point_cloud's cameras in the layout of Kerbl et al. 2023: camera-to-world, x right, y down. */
hl_status hl_train_output_cameras(const train_output *out);

/* FOLDER/ckpt */
hl_status hl_train_output_checkpoints(const train_output *out, char *path, size_t capacity);

#endif /* HL_CLI_TRAIN_OUTPUT_H */
