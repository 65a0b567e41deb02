/* SPDX-License-Identifier: MIT */
/* sfm/global/global_start.h -- a model of all photos at once, to go on from where the incremental
 * mapper would have grown one. */
#ifndef HL_SFM_GLOBAL_START_H
#define HL_SFM_GLOBAL_START_H

#include "sfm/map/map_scene.h"

/* Rotations of the largest connected part of the free photos, then centres and points, then
 * adjustments with ever tighter filters.  *started: the scene holds poses and points; false where
 * pairs, tracks or what the filters leave are too few, and the scene is then empty. */
hl_status hl_global_start(hl_map_scene *s, bool *started);

#endif /* HL_SFM_GLOBAL_START_H */
