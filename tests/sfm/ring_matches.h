/* SPDX-License-Identifier: MIT */
/* tests/sfm/ring_matches.h -- keypoints and verified pairs of a ring scene, with wrong matches as
 * wanted: what the mapper is given. */
#ifndef HL_TESTS_RING_MATCHES_H
#define HL_TESTS_RING_MATCHES_H

#include "sfm/mapper.h"
#include "tests/sfm/ring_scene.h"

typedef struct ring_matches {
    hl_map_input input;
    hl_arena arena; /* owns all */
} ring_matches;

/* outliers: share of matches whose second keypoint is another one.  reach: images joined with the
 * next ones so far along the ring.  Relative poses are the true ones. */
void ring_match(ring_matches *m, const ring_scene *scene, double outliers, int32_t reach);
void ring_matches_release(ring_matches *m);

#endif /* HL_TESTS_RING_MATCHES_H */
