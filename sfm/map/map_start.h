/* SPDX-License-Identifier: MIT */
/* sfm/map/map_start.h -- the two photos that a model starts from. */
#ifndef HL_SFM_MAP_START_H
#define HL_SFM_MAP_START_H

#include "sfm/map/map_scene.h"

/* Tries pairs of free photos, those with many matches and wide angles first, until one gives
 * points that hold.  used (pair_count): pairs that were tried, in and out.  *started: found; the
 * scene then holds two poses and their points. */
hl_status hl_map_start(hl_map_scene *s, bool *used, bool *started);

#endif /* HL_SFM_MAP_START_H */
