/* SPDX-License-Identifier: MIT */
/* core/views.h -- posed photographs, their cameras and the sparse points: what datasets/ reads,
 * what sfm/ will write, what training and evaluation use.  Plain data in one arena; no pixels.
 */
#ifndef HL_CORE_VIEWS_H
#define HL_CORE_VIEWS_H

#include "core/arena.h"
#include "core/camera.h"

#include <stdbool.h>

typedef enum hl_split { HL_SPLIT_TRAIN = 0, HL_SPLIT_TEST = 1 } hl_split;

typedef struct hl_view {
    const char *name;        /* as the capture names it, folders included; unique         */
    const char *image_path;  /* file to open                                              */
    const char *mask_path;   /* NULL: none                                                */
    const char *depth_path;  /* NULL: none; along z                                       */
    const char *normal_path; /* NULL: none                                                */
    double depth_scale;      /* scene units per stored value                              */
    int32_t camera;          /* index into cameras; its size is that of the image file    */
    hl_pose camera_from_world;
    bool has_pose;
    hl_split split;
} hl_view;

typedef struct hl_views {
    const char *kind; /* "COLMAP model", "transforms.json", ... for reports      */
    const char *path; /* what the user gave                                      */
    int32_t view_count;
    hl_view *views; /* (view_count), sorted by name                            */
    int32_t camera_count;
    hl_camera *cameras; /* (camera_count)                                          */
    int32_t point_count;
    float *points;         /* (point_count, 3), world frame; NULL when none           */
    uint8_t *point_colors; /* (point_count, 3), sRGB                                  */
    bool has_alpha;        /* images carry a meaningful alpha channel                 */
    bool mask_inverted;    /* masks: false: black is ignored; true: white is ignored  */
    hl_arena arena;        /* owns everything above                                   */
} hl_views;

/* Frees the arena; safe on a zeroed struct. */
static inline void hl_views_release(hl_views *views)
{
    hl_arena_release(&views->arena);
    views->view_count = views->camera_count = views->point_count = 0;
}

/* Views of one split: indices into `views`, count returned; out may be NULL to count only. */
static inline int32_t hl_views_in_split(const hl_views *views, hl_split split, int32_t *out)
{
    int32_t n = 0;
    for (int32_t i = 0; i < views->view_count; i++)
        if (views->views[i].split == split) {
            if (out)
                out[n] = i;
            n++;
        }
    return n;
}

#endif /* HL_CORE_VIEWS_H */
