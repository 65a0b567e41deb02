/* SPDX-License-Identifier: MIT */
/* datasets/photos.h -- the pictures of a capture on demand: decoded, undistorted, resized, kept
 * within a bound of memory.
 *
 *   file -> decode (JPEG at 1/1 .. 1/8) -> undistort (bilinear) -> resize (exact area average)
 *
 * JPEGs are decoded at the smallest scale whose longer side is still at least twice the target's:
 * the area average does the last factor of two and more, so that at exactly half size the result
 * is the mean of 2 x 2 decoded pixels.  Masks go the same way with the nearest pixel.
 *
 * Loader threads decode the views that the caller's plan names next.  What is evicted is the
 * picture whose next use in the plan is farthest (Belady 1966).  A picture depends on its file and
 * on the options alone, never on threads or timing; where all pictures fit the cache each is
 * decoded once.
 *
 * Thread-safe: prefetch, acquire, release and stats may be called from any thread.
 */
#ifndef HL_DATASETS_PHOTOS_H
#define HL_DATASETS_PHOTOS_H

#include "core/image.h"
#include "core/views.h"

typedef struct hl_photos hl_photos;

typedef struct hl_photos_options {
    int32_t max_side_px;            /* longer side of the target, never enlarged; 0: as it is */
    uint64_t cache_bytes;           /* of pictures and masks; 0: HL_PHOTOS_CACHE_DEFAULT       */
    int32_t ahead;                  /* views decoded in advance at most; 0: HL_PHOTOS_AHEAD    */
    int32_t loaders;                /* threads, 1..16; 0: half the processors, at most 4       */
    const char *undistorted_folder; /* undistorted pictures are kept there as PNG, named by a hash
                                       of file, camera and size; NULL: not kept on disk */
    uint64_t undistorted_bytes;     /* nothing more is written there above this; 0:
                                       HL_PHOTOS_DISK_DEFAULT */
} hl_photos_options;

#define HL_PHOTOS_CACHE_DEFAULT ((uint64_t)1 << 30) /* 1 GiB */
#define HL_PHOTOS_DISK_DEFAULT  ((uint64_t)8 << 30) /* 8 GiB */
#define HL_PHOTOS_AHEAD         16

/* `views` must stay as it is while *photos lives.  options may be NULL.  Decodes nothing yet.
 * Errors: HL_E_ARG, HL_E_MEMORY, HL_E_IO (the folder), HL_E_FORMAT (a lens that leaves nothing). */
hl_status hl_photos_create(hl_photos **photos, const hl_views *views,
                           const hl_photos_options *options);
/* Waits for the loaders.  No picture may be in use.  *photos becomes NULL; NULL is fine. */
void hl_photos_destroy(hl_photos **photos);

/* The camera of a view's target picture: PINHOLE, its width and height the picture's. */
const hl_camera *hl_photos_camera(const hl_photos *photos, int32_t view);

/* Tells the order (count) of the coming acquires; replaces the plan before it.  An acquire of the
 * next planned view moves on in the plan, any other leaves it.  HL_E_ARG for no such view. */
hl_status hl_photos_prefetch(hl_photos *photos, const int32_t *order, int32_t count);

typedef struct hl_photo {
    const hl_image8 *image; /* 3 channels, or 4 (straight alpha) where views->has_alpha */
    const hl_image8 *mask;  /* 1 channel, 255: counts, 0: ignored; NULL: everything counts.
                               Inversion of the capture is undone. */
} hl_photo;

/* The picture, valid until released as often as acquired; waits for the loader.  The failure of a
 * load, with its sentence, surfaces here, now and in every later call for that view. */
hl_status hl_photos_acquire(hl_photos *photos, int32_t view, hl_photo *photo);
void hl_photos_release(hl_photos *photos, int32_t view);

typedef struct hl_photos_stats {
    int64_t loads;         /* pictures loaded so far, from file or from disk cache */
    int64_t from_disk;     /* of these, from the undistorted folder                */
    uint64_t cached_bytes; /* now                                                  */
    uint64_t peak_bytes;   /* highest so far; above cache_bytes only for pictures in use */
} hl_photos_stats;

void hl_photos_statistics(hl_photos *photos, hl_photos_stats *stats);

/* Bytes of all target pictures and masks: what a cache must hold to decode each once. */
uint64_t hl_photos_total_bytes(const hl_photos *photos);

#endif /* HL_DATASETS_PHOTOS_H */
