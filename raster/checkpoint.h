/* SPDX-License-Identifier: MIT */
/* raster/checkpoint.h -- the whole state of a training run in one file.
 *
 * Holds parameters, both moments, step counters, statistics since the last refinement, exposure,
 * poses, the 3D filter, the sums of the running record and the configuration.  Random numbers are
 * counter-based, so there is no generator to save.  Resuming gives the bytes of never stopping.
 * Container: core/helio_file.h; its checksums decide whether a file is whole.
 */
#ifndef HL_RASTER_CHECKPOINT_H
#define HL_RASTER_CHECKPOINT_H

#include "raster/train.h"

/* Writes PATH by rename.  Errors: HL_E_IO, HL_E_MEMORY. */
hl_status hl_checkpoint_save(const hl_trainer *trainer, const char *path);

/* The configuration and the step in a checkpoint, to create the trainer with.
 * Errors: HL_E_IO, HL_E_FORMAT, HL_E_MEMORY. */
hl_status hl_checkpoint_config(hl_train_config *config, int32_t *step, const char *path);

/* Puts the state into a trainer that was created with the configuration of the file (a larger
 * number of iterations is allowed: schedules then stretch, and the run is not that of the file)
 * and the same photos.  Errors: HL_E_IO, HL_E_FORMAT (not a checkpoint, another number of photos,
 * more splats than the trainer holds); the trainer is then as it was. */
hl_status hl_checkpoint_load(hl_trainer *trainer, const char *path);

/* The checkpoint with the most steps in FOLDER that is whole; newer ones that are not are named in
 * a warning.  *found is false where there is none.  path: out, `capacity` bytes. */
hl_status hl_checkpoint_newest(char *path, size_t capacity, bool *found, const char *folder);

/* "FOLDER/step_N.helio" */
hl_status hl_checkpoint_path(char *path, size_t capacity, const char *folder, int32_t step);

#endif /* HL_RASTER_CHECKPOINT_H */
