/* SPDX-License-Identifier: MIT */
/* datasets/kinds/capture.h -- a capture under construction: what the readers of the kinds share.
 *
 * A reader fills views (names, image paths, poses, cameras) from the arena of `views`; the steps
 * of datasets/dataset.c then look at the pictures, find masks, sort and split.
 */
#ifndef HL_DATASETS_CAPTURE_H
#define HL_DATASETS_CAPTURE_H

#include "core/file.h"
#include "core/json.h"
#include "datasets/dataset.h"

enum { HL_CAPTURE_PATH_BYTES = 4096 };

typedef struct hl_capture {
    hl_views views; /* under construction; owns the arena */
    const hl_dataset_options *options;
    char root[HL_CAPTURE_PATH_BYTES];   /* folder of the capture */
    char images[HL_CAPTURE_PATH_BYTES]; /* folder of the photos, "" where there is no one folder */
    bool own_split;                     /* splits come from the capture */
    int32_t view_room;                  /* rows of views.views */
    int32_t camera_room;                /* rows of views.cameras */
    bool exhausted;                     /* a text found no memory: the load fails at its end */
    int32_t missing;                    /* views dropped because their photo is missing */
} hl_capture;

/* The readers.  `place`: the model's folder, the .json file, the capture's folder. */
hl_status hl_capture_read_colmap(hl_capture *capture, const char *place);
hl_status hl_capture_read_transforms(hl_capture *capture, const char *place);
hl_status hl_capture_read_tensoir(hl_capture *capture);
hl_status hl_capture_read_photos(hl_capture *capture);

/* *found: the folder holds train_NNN/metadata.json.  Fails where it cannot be listed. */
hl_status hl_capture_find_tensoir(const char *folder, bool *found);

/* Adds one JSON file's frames: the part of hl_capture_read_transforms behind the file system.
 * `name` stands in messages, `folder` is where file paths start. */
hl_status hl_capture_add_frames(hl_capture *capture, const hl_json *root, const char *name,
                                const char *folder, hl_split split);

/* Makes room for `more` views (and as many cameras); the rows used so far are kept. */
hl_status hl_capture_reserve(hl_capture *capture, int64_t more);

/* Index of an equal camera (id aside) or of a new one. */
int32_t hl_capture_camera(hl_capture *capture, const hl_camera *camera);

/* c2w (12): rows of the 3x4 camera-to-world matrix, OpenGL axes.  HL_E_FORMAT where it is not a
 * rotation and a translation; `name` stands in the message. */
hl_status hl_capture_pose_from_opengl(hl_pose *camera_from_world, const double c2w[12],
                                      const char *name);

/* Copy of the text in the arena of the capture; NULL sets `exhausted`. */
char *hl_capture_text(hl_capture *capture, const char *text);

/* True for the extensions that core/image.h decodes. */
bool hl_capture_is_picture(const char *name);

/* Sorted paths of pictures below `folder`, relative to it, at most HL_CAPTURE_DEPTH folders deep;
 * photos: folders named masks and files named a.mask.png are passed over.  Names and array belong
 * to `arena`. */
#define HL_CAPTURE_DEPTH     6
#define HL_CAPTURE_FILES_MAX 1000000
hl_status hl_capture_list(hl_arena *arena, const char *folder, bool photos, char ***names,
                          int32_t *count);

/* The steps after reading, in this order: names sorted and unique, views thinned out; sizes of
 * pictures against those of cameras, alpha; masks; train and test. */
hl_status hl_capture_sort(hl_capture *capture);
hl_status hl_capture_measure(hl_capture *capture);
hl_status hl_capture_find_masks(hl_capture *capture);
hl_status hl_capture_split(hl_capture *capture);

#endif /* HL_DATASETS_CAPTURE_H */
