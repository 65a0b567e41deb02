/* SPDX-License-Identifier: MIT */
/* sfm/map/map_grow.h -- from two photos to all that can join, and the last adjustment. */
#ifndef HL_SFM_MAP_GROW_H
#define HL_SFM_MAP_GROW_H

#include "sfm/map/map_scene.h"

/* Adds photos until none can join. */
hl_status hl_map_grow(hl_map_scene *s);

/* Retriangulation, adjustment, completion, merging and filtering until little changes; then the
 * principal points.  center_freed (camera_count): out. */
hl_status hl_map_finish(hl_map_scene *s, bool *center_freed);

#endif /* HL_SFM_MAP_GROW_H */
