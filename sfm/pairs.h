/* SPDX-License-Identifier: MIT */
/* sfm/pairs.h -- which photos are compared with which.
 *
 *   exhaustive   every photo with every other: n (n - 1) / 2 pairs, for up to some 250 photos
 *   sequential   each photo with the next few and, further on, at distances 2, 4, 8, ...: video
 *   retrieval    each photo with those that look alike: descriptors are summed up in one vector a
 *                photo (VLAD, Jegou et al. 2010) over words learned from the set itself
 *
 * All lists are sorted by (a, b), a < b, without duplicates, and depend on nothing but arguments.
 */
#ifndef HL_SFM_PAIRS_H
#define HL_SFM_PAIRS_H

#include "sfm/feature.h"

typedef struct hl_pair {
    int32_t a, b; /* indices of photos, a < b */
} hl_pair;

typedef struct hl_pair_list {
    hl_pair *pairs; /* (count), owned */
    int32_t count;
} hl_pair_list;

#define HL_PAIRS_EXHAUSTIVE_MAX 250 /* photos; above, retrieval is chosen by hl_pairs_choose */
#define HL_PAIRS_OVERLAP        10  /* photos that follow, as COLMAP                         */
#define HL_PAIRS_NEAREST        50  /* photos that look alike                                */
#define HL_PAIRS_IMAGES_MAX     32768

/* Errors of all: HL_E_ARG (a count out of range), HL_E_MEMORY.  On error *list is untouched. */
hl_status hl_pairs_exhaustive(hl_pair_list *list, int32_t images);

/* overlap: photos that follow, 1..; 0: HL_PAIRS_OVERLAP.  quadratic: also 2^k further on, for
 * k below `overlap`. */
hl_status hl_pairs_sequential(hl_pair_list *list, int32_t images, int32_t overlap, bool quadratic);

/* features (images).  nearest: photos for each photo, 1..; 0: HL_PAIRS_NEAREST.  A photo without
 * features is in no pair.  Parallel inside. */
hl_status hl_pairs_retrieval(hl_pair_list *list, const hl_features *features, int32_t images,
                             int32_t nearest, uint64_t seed);

/* Exhaustive or retrieval by the number of photos. */
hl_status hl_pairs_choose(hl_pair_list *list, const hl_features *features, int32_t images,
                          uint64_t seed);

/* Both lists in one; *into is replaced. */
hl_status hl_pairs_merge(hl_pair_list *into, const hl_pair_list *other);

void hl_pair_list_release(hl_pair_list *list);

#endif /* HL_SFM_PAIRS_H */
