/* SPDX-License-Identifier: MIT */
/* datasets/dataset.h -- one path in, posed views out.
 *
 * The kind is found by content, in this order:
 *
 *   COLMAP model      PATH, PATH/sparse/0, PATH/sparse, PATH/0 or PATH/colmap/sparse/0 holds
 * cameras and images (.bin or .txt); photos in PATH/images TensoIR layout
 * PATH/train_NNN/metadata.json transforms.json   PATH itself, PATH/transforms.json, or
 * PATH/transforms_train.json with transforms_test.json: NeRF-synthetic, instant-ngp, nerfstudio
 *   photos            PATH/images or PATH holds pictures: views without poses
 *
 * Whatever the file says, poses come out as camera_from_world with x right, y down, z forward, in
 * the capture's own world: nothing is recentred or scaled.  Kind, counts and what was dropped are
 * reported through core/log.h.  Pictures are not decoded; only their sizes are read.
 *
 * Masks: a file of `masks` belongs to photo a/b.jpg if its name without its last extension is
 * a/b.jpg (COLMAP, Brush), a/b (Postshot) or a/b.mask (Brush), folders included or, where that
 * name is unique, without them; b.mask.png beside the photo; or `mask_path` of nerfstudio.
 *
 * Source of the layouts: docs/formats.md.
 */
#ifndef HL_DATASETS_DATASET_H
#define HL_DATASETS_DATASET_H

#include "core/views.h"

typedef enum hl_dataset_split {
    HL_DATASET_SPLIT_AUTO = 0, /* the capture's own test views, else every Nth         */
    HL_DATASET_SPLIT_NONE,     /* every view trains                                    */
    HL_DATASET_SPLIT_EVERY,    /* views 0, N, 2 N, ... of the sorted names are tested  */
    HL_DATASET_SPLIT_OWN       /* the capture's own; an error where it has none        */
} hl_dataset_split;

#define HL_DATASET_SPLIT_EVERY_DEFAULT 8 /* as in Kerbl et al. 2023 and mip-NeRF 360 */

typedef struct hl_dataset_options {
    const char
        *images;       /* folder of the photos, absolute or inside PATH ("images_2"); NULL: found */
    const char *masks; /* folder of the masks, likewise; NULL: PATH/masks if there               */
    bool no_masks;     /* leave masks aside                                                      */
    bool invert_masks; /* white is ignored instead of black                                      */
    hl_dataset_split split;
    int32_t split_every; /* 2..; 0: HL_DATASET_SPLIT_EVERY_DEFAULT */
    int32_t max_views;   /* 0: all; else that many, evenly spaced over the sorted names */
    bool skip_missing;   /* drop views whose photo is missing instead of failing */
} hl_dataset_options;

/* Reads a capture.  options may be NULL (all zero).  *views is released by hl_views_release.
 *
 * Views are sorted by name, which is unique.  Every camera has the size of its image files: a
 * model made at another size is scaled where the ratio is the same in x and y (within a pixel).
 * Photos without poses: has_pose is false and the camera is a guess (SIMPLE_PINHOLE with the focal
 * length 1.2 times the longer side); see hl_dataset_need_poses.
 *
 * Errors: HL_E_IO, HL_E_MEMORY, HL_E_FORMAT, HL_E_ARG (options); one sentence with file, place,
 * found, expected.  On error *views is untouched.  Thread-safe. */
hl_status hl_dataset_load(hl_views *views, const char *path, const hl_dataset_options *options);

/* HL_E_FORMAT with a sentence that says what is missing and what to do, where a view has no
 * pose; HL_OK otherwise. */
hl_status hl_dataset_need_poses(const hl_views *views);

#endif /* HL_DATASETS_DATASET_H */
