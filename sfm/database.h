/* SPDX-License-Identifier: MIT */
/* sfm/database.h -- COLMAP's database.db in and out: features, matches, two-view geometries.
 *
 * Read: files of COLMAP 3.8 to 4.x (tables that only later versions have are left aside).  Written:
 * the tables of 3.8 with its user_version, which later versions bring up to date on opening.
 * Pixels: the centre of the first one is (0.5, 0.5), as everywhere.
 * Source: COLMAP documentation, "Database Format"; docs/formats.md.
 *
 * SQLite is optional at build time; without it both calls say so.  Not thread-safe for one struct.
 */
#ifndef HL_SFM_DATABASE_H
#define HL_SFM_DATABASE_H

#include "core/arena.h"
#include "core/camera.h"
#include "sfm/feature.h"
#include "sfm/two_view.h"

typedef struct hl_database_image {
    const char *name;     /* relative to the folder of photos, unique */
    int32_t camera;       /* index into cameras                       */
    hl_features features; /* count 0: none; descriptors NULL: none, or not 128 bytes a row; of the
                             arena: not to be released by itself      */
} hl_database_image;

typedef struct hl_database_pair {
    int32_t image_a, image_b; /* indices, a < b                                             */
    int32_t match_count;      /* as found, before geometry; -1: the file does not say       */
    const int32_t *matches;   /* (match_count, 2) keypoint of a, of b                       */
    int32_t inlier_count;     /* agreeing with the geometry; -1: the file does not say      */
    const int32_t *inliers;   /* (inlier_count, 2)                                          */
    hl_two_view view;         /* written: config, E, F, H, R, t; read: config alone         */
} hl_database_pair;

typedef struct hl_database {
    int32_t camera_count;
    hl_camera *cameras;
    bool *focal_known; /* (camera_count) told by Exif or by a user, not guessed */
    int32_t image_count;
    hl_database_image *images; /* (image_count), sorted by name            */
    int32_t pair_count;
    hl_database_pair *pairs; /* (pair_count), sorted by image_a, image_b */
    hl_arena arena;          /* owns everything that hl_database_load gives */
} hl_database;

/* Reads all of it.  Pairs of images that the file does not list are left out with a warning.
 * Errors: HL_E_IO, HL_E_MEMORY, HL_E_FORMAT (not a database, a table or column is missing, sizes
 * that contradict each other, indices and numbers out of range), HL_E_BACKEND (built without
 * SQLite).  On error *database is untouched. */
hl_status hl_database_load(hl_database *database, const char *path);

/* Writes a new file that appears at PATH when it is whole; the same content gives the same bytes.
 * Ids are 1, 2, ... in order.  Errors: HL_E_IO, HL_E_MEMORY, HL_E_BACKEND. */
hl_status hl_database_save(const hl_database *database, const char *path);

/* Index of the image of that name, or of the only one of that name without folders; -1: none. */
int32_t hl_database_find(const hl_database *database, const char *name);

void hl_database_release(hl_database *database);

#endif /* HL_SFM_DATABASE_H */
