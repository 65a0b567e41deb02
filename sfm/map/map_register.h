/* SPDX-License-Identifier: MIT */
/* sfm/map/map_register.h -- which photo is next, and its pose from the points that it sees. */
#ifndef HL_SFM_MAP_REGISTER_H
#define HL_SFM_MAP_REGISTER_H

#include "sfm/map/map_scene.h"

/* Photos that failed are tried again once the model has grown, this many times at most. */
#define HL_MAP_TRIES 4

/* The photo outside the model whose visible points are most and best spread (visibility pyramid of
 * Schoenberger and Frahm 2016); HL_MAP_NONE when no photo may be tried. */
int32_t hl_map_next_image(const hl_map_scene *s);

/* Pairs of a feature of the photo and a point that one of its neighbours holds. */
typedef struct hl_map_hits {
    int32_t count;
    int32_t *features, *points; /* (count) */
    int32_t distinct;           /* features among them */
} hl_map_hits;

hl_status hl_map_find_hits(const hl_map_scene *s, int32_t image, hl_map_hits *hits);
void hl_map_hits_release(hl_map_hits *hits);

/* Finds a pose for the photo and takes it into the model with its agreeing points; *joined says
 * whether.  The photo's fate gets the numbers. */
hl_status hl_map_try_register(hl_map_scene *s, int32_t image, bool *joined);

/* The pose that most hits agree with (hl_resection_estimate), and the number of agreeing features;
 * 0: none, *pose is as it was. */
hl_status hl_map_pose_points(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                             hl_pose *pose, int32_t *agreeing);

/* The same from the rotation of a registered neighbour and of the pair with it; two points give the
 * translation: works where few points are seen.  Returns the number of agreeing features. */
int32_t hl_map_pose_turned(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                           hl_pose *pose);

/* Distinct features whose best point lies within limit_px.
 *
 *   inside   (hits->count) out; NULL
 *   cost     in: give up beyond this; out: truncated sum of squared errors; NULL */
int32_t hl_map_count_inside(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                            const hl_pose *pose, double limit_px, uint8_t *inside, double *cost);

#endif /* HL_SFM_MAP_REGISTER_H */
