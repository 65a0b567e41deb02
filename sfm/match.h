/* SPDX-License-Identifier: MIT */
/* sfm/match.h -- which features of two photos look alike.
 *
 * For each row of A the nearest and second nearest row of B by exact search (no index, nothing is
 * missed); kept where the nearest is close, clearly closer than the second (Lowe 2004, section
 * 7.1), and where the same search from B leads back (cross-check).  Distances are angles between
 * descriptors.  All instruction sets give the same matches.
 */
#ifndef HL_SFM_MATCH_H
#define HL_SFM_MATCH_H

#include "sfm/feature.h"
#include "sfm/pairs.h"

typedef struct hl_match {
    int32_t a, b; /* rows of the features of image_a and image_b */
} hl_match;

typedef struct hl_pair_matches {
    int32_t image_a, image_b;
    int32_t count;
    hl_match *matches; /* (count), by growing a; each a and, with cross-check, each b once */
} hl_pair_matches;

typedef struct hl_match_options {
    float ratio;         /* nearest / second nearest at most, 0..1; 0: HL_MATCH_RATIO    */
    float max_angle_rad; /* of the nearest at most; 0: HL_MATCH_ANGLE                    */
    bool one_way;        /* no cross-check                                               */
} hl_match_options;

#define HL_MATCH_RATIO 0.8f
#define HL_MATCH_ANGLE 0.7f

/* Matches of two photos.  options may be NULL.  image_a and image_b of *out are set to -1.
 * Errors: HL_E_ARG, HL_E_MEMORY.  Parallel inside.  Released by hl_pair_matches_release. */
hl_status hl_match_features(hl_pair_matches *out, const hl_features *a, const hl_features *b,
                            const hl_match_options *options);
void hl_pair_matches_release(hl_pair_matches *matches);

/* The same where the motion is roughly known: for each row of A only the rows of B within band_px
 * of its epipolar line count, the second nearest among them (f: pixel of B^T f pixel of A = 0; 9,
 * row-major).  Finds what looks like other places in the picture, and so do chance matches: to be
 * checked by more than f.  Errors: HL_E_MEMORY.  Thread-safe. */
hl_status hl_match_guided(hl_pair_matches *out, const hl_features *a, const hl_features *b,
                          const double f[9], double band_px, const hl_match_options *options);

/* Matches of many pairs: out (count), in the order of `pairs` (count), whose a and b are rows of
 * `features` (images).  Parallel over pairs.  On error all of `out` is released and zeroed.
 * Errors: HL_E_ARG (a pair of images that are not there, or of an image with itself), HL_E_MEMORY.
 */
hl_status hl_match_pairs(hl_pair_matches *out, const hl_features *features, int32_t images,
                         const hl_pair *pairs, int32_t count, const hl_match_options *options);

/* Most memory that matching two photos of so many features takes, bytes, for each thread. */
uint64_t hl_match_bytes(int32_t features_a, int32_t features_b);

#endif /* HL_SFM_MATCH_H */
