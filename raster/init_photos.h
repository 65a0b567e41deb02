/* SPDX-License-Identifier: MIT */
/* raster/init_photos.h -- points for a capture that comes without any, found in its photos.
 *
 *   photos with alpha   random points inside the visual hull (Laurentini 1994): whatever projects
 *                       onto the object in every photo; coloured by the mean over the photos
 *   other photos        a plane sweep (Collins 1996) on small copies: for a grid of pixels, the
 *                       depth whose patch agrees best with the neighbouring photos (normalised
 *                       cross-correlation); what is not textured or not unique is left out
 *
 * The same bytes for any thread count.
 */
#ifndef HL_RASTER_INIT_PHOTOS_H
#define HL_RASTER_INIT_PHOTOS_H

#include "raster/train.h"

typedef struct hl_init_cloud {
    float *points;   /* (count, 3) world frame, in the arena */
    uint8_t *colors; /* (count, 3)                           */
    int32_t count;   /* may be 0                             */
} hl_init_cloud;

/* Looks at the training photos.
 *
 *   wanted   points at most for the hull; the sweep gives what it finds
 *
 * Errors: those of the photos, HL_E_MEMORY. */
hl_status hl_init_points_from_photos(hl_init_cloud *cloud, hl_arena *arena,
                                     const hl_train_scene *scene, int32_t wanted, uint64_t seed);

/* The point nearest to all optical axes, in the least-squares sense; false where the axes are
 * nearly parallel. */
bool hl_init_focus(float focus[3], const hl_raster_view *views, int32_t count);

#endif /* HL_RASTER_INIT_PHOTOS_H */
