/* SPDX-License-Identifier: MIT */
/* sfm/map/map_triangulate.h -- points from features: new ones, longer tracks, merged tracks. */
#ifndef HL_SFM_MAP_TRIANGULATE_H
#define HL_SFM_MAP_TRIANGULATE_H

#include "sfm/map/map_scene.h"

/* Least squares point of features in registered photos; false where the rays do not fix it. */
bool hl_map_intersect(const hl_map_scene *s, const int32_t *features, int32_t count, double x[3]);

/* Every feature of a registered photo without a point: joins the point of a neighbour, or makes a
 * new one with the neighbours that have none.  Returns sights added; < 0: out of memory. */
int32_t hl_map_triangulate_image(hl_map_scene *s, int32_t image);

/* Tracks take up the features that their own ones are matched with.  Returns sights added. */
int32_t hl_map_complete_tracks(hl_map_scene *s);

/* Points that matched features hold become one where the joint point fits all.  Returns merges. */
int32_t hl_map_merge_tracks(hl_map_scene *s);

/* Removes sights with too large an error and points with too small an angle, of all points.
 * Returns sights removed. */
int32_t hl_map_filter(hl_map_scene *s, double max_error_px);

#endif /* HL_SFM_MAP_TRIANGULATE_H */
