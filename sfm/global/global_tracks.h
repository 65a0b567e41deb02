/* SPDX-License-Identifier: MIT */
/* sfm/global/global_tracks.h -- features that matches join, one per photo. */
#ifndef HL_SFM_GLOBAL_TRACKS_H
#define HL_SFM_GLOBAL_TRACKS_H

#include "sfm/map/map_scene.h"

typedef struct hl_global_tracks {
    int32_t count;
    int64_t *start;    /* (count + 1) into features                             */
    int32_t *features; /* of a track rising; longest tracks first, then by first */
} hl_global_tracks;

/* Tracks over the matches of pairs with take (pair_count).  Pairs with most matches go first; a
 * match that would bring two features of one photo together is left out.  From the longest on, a
 * track is taken while one of its photos has fewer than `enough`. */
hl_status hl_global_tracks_create(hl_global_tracks *t, const hl_map_scene *s, const bool *take,
                                  int32_t enough);
void hl_global_tracks_release(hl_global_tracks *t);

#endif /* HL_SFM_GLOBAL_TRACKS_H */
