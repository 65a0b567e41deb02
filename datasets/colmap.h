/* SPDX-License-Identifier: MIT */
/* datasets/colmap.h -- COLMAP models (cameras, images, points3D) in and out, binary and text.
 *
 * The whole model, observations and tracks included: what structure from motion writes and what a
 * check of reprojection errors needs.  Training reads captures through datasets/dataset.h.
 *
 * Poses are camera_from_world, quaternion w x y z; axes x right, y down, z forward; the centre of
 * the first pixel is (0.5, 0.5).  Files of COLMAP 3.8 to 4.x: rigs and frames, where present, are
 * left aside, because every image still carries its own pose.
 * Source: COLMAP documentation, "Output Format"; docs/formats.md.
 *
 * Not thread-safe for one model.
 */
#ifndef HL_DATASETS_COLMAP_H
#define HL_DATASETS_COLMAP_H

#include "core/arena.h"
#include "core/camera.h"
#include "core/views.h"

#include <stdbool.h>
#include <stdint.h>

#define HL_COLMAP_NO_POINT UINT64_MAX /* an observation without a 3D point */

typedef struct hl_colmap_observation {
    double x, y;    /* pixels */
    uint64_t point; /* id of a point or HL_COLMAP_NO_POINT */
} hl_colmap_observation;

typedef struct hl_colmap_image {
    uint32_t id;
    uint32_t camera_id;
    const char *name; /* relative to the folder of images, may hold folders */
    hl_pose camera_from_world;
    int64_t observation_count;
    hl_colmap_observation *observations; /* (observation_count); NULL where not kept */
} hl_colmap_image;

typedef struct hl_colmap_sighting {
    uint32_t image_id;
    uint32_t observation; /* index into the observations of that image */
} hl_colmap_sighting;

typedef struct hl_colmap_point {
    uint64_t id;
    double xyz[3];
    uint8_t rgb[3];
    double error; /* mean reprojection error, pixels; -1: not known */
    int64_t track_count;
    hl_colmap_sighting *track; /* (track_count); NULL where not kept */
} hl_colmap_point;

typedef struct hl_colmap_model {
    int32_t camera_count;
    hl_camera *cameras; /* (camera_count), ids unique */
    int32_t image_count;
    hl_colmap_image *images; /* (image_count), ids and names unique */
    int64_t point_count;
    hl_colmap_point *points; /* (point_count), ids unique */
    bool text;               /* the form that was read */
    bool has_rigs;           /* rigs and frames lay beside it */
    hl_arena arena;          /* owns everything above */
} hl_colmap_model;

typedef enum hl_colmap_form { HL_COLMAP_BINARY, HL_COLMAP_TEXT } hl_colmap_form;

/* True where `folder` holds cameras and images, both .bin or both .txt. */
bool hl_colmap_is_model(const char *folder);

/* Reads the model in `folder`; binary wins where both forms are there.  A missing points3D file
 * means no points.  with_tracks: keep observations and tracks (8 to 24 bytes each).
 *
 * Errors: HL_E_IO, HL_E_MEMORY, HL_E_FORMAT with file, byte or line, found and expected: short
 * files, counts that the file cannot hold, numbers that are not finite, unknown camera models and
 * camera ids, repeated ids and names.  On error *model is untouched. */
hl_status hl_colmap_load(hl_colmap_model *model, const char *folder, bool with_tracks);

/* Writes cameras, images and points3D into `folder`, which is made; each file appears whole.
 * Images and points without kept lists are written with none. */
hl_status hl_colmap_save(const hl_colmap_model *model, const char *folder, hl_colmap_form form);

/* The same for posed views and their points: image ids 1, 2, ... in order of views, no tracks.
 * HL_E_ARG where a view has no pose. */
hl_status hl_colmap_save_views(const hl_views *views, const char *folder, hl_colmap_form form);

/* Frees the arena; safe on a zeroed struct. */
void hl_colmap_release(hl_colmap_model *model);

#endif /* HL_DATASETS_COLMAP_H */
