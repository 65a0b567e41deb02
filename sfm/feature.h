/* SPDX-License-Identifier: MIT */
/* sfm/feature.h -- what is recognised again from photo to photo: keypoints and descriptors.
 *
 * A keypoint is a blob of the photo with a scale and a direction; its descriptor is 128 bytes that
 * change little when the camera moves.  The detector is SIFT (Lowe 2004), descriptors are RootSIFT
 * (Arandjelovic and Zisserman 2012): 512 times a unit vector, rounded, at most 255.  So the dot
 * product of two rows is 512^2 times the cosine between them.
 *
 * Results depend on pixels, mask and options alone: not on threads, not on the instruction set.
 */
#ifndef HL_SFM_FEATURE_H
#define HL_SFM_FEATURE_H

#include "core/image.h"

#define HL_DESCRIPTOR_BYTES 128
#define HL_FEATURES_MAX     65536 /* rows of one photo, for any options */

typedef struct hl_keypoint {
    float x, y;  /* pixels of the full-size photo; the centre of the first pixel is (0.5, 0.5)  */
    float scale; /* standard deviation of the blob in the same pixels                           */
    float angle; /* direction in radians, -pi..pi, from +x towards +y; 0 for upright features   */
} hl_keypoint;

typedef struct hl_features {
    int32_t count;
    int32_t width, height;  /* of the full-size photo, pixels                                   */
    hl_keypoint *keypoints; /* (count), largest scale first                                     */
    uint8_t *descriptors;   /* (count, HL_DESCRIPTOR_BYTES), aligned to HL_ALIGN                */
} hl_features;

/* Zero is the default everywhere. */
typedef struct hl_feature_options {
    const char *detector; /* "sift"; NULL: the default                                          */
    int32_t max_features; /* rows kept, 1..HL_FEATURES_MAX; 0: HL_FEATURES_DEFAULT              */
    int32_t min_features; /* weaker blobs fill up to this many; 0: HL_FEATURES_FILL, -1: never  */
    int32_t max_side_px;  /* larger photos are reduced first; 0: HL_FEATURE_SIDE_DEFAULT        */
    int32_t octaves;      /* scales double so many times at most; 0: HL_FEATURE_OCTAVES         */
    float peak;           /* least contrast of a blob, picture in 0..1; 0: HL_FEATURE_PEAK      */
    float edge;           /* most elongation, ratio of curvatures, > 1; 0: HL_FEATURE_EDGE      */
    bool upright;         /* no direction: for photos that are all level, fewer and more alike  */
    bool no_upsample;     /* start at the size of the photo instead of twice that               */
    bool invert_mask;     /* white is ignored instead of black                                  */
} hl_feature_options;

#define HL_FEATURES_DEFAULT     8192
#define HL_FEATURES_FILL        4096
#define HL_FEATURE_SIDE_DEFAULT 3200 /* as COLMAP                                      */
#define HL_FEATURE_OCTAVES      6
#define HL_FEATURE_PEAK         (0.02f / 3.0f) /* as COLMAP: .02 over three scales an octave     */
#define HL_FEATURE_EDGE         10.0f          /* Lowe 2004, section 4.1                         */

/* Keypoints and descriptors of a picture (8 bits, 1..4 channels; alpha is not looked at).
 *
 *   mask     1 channel of any size, stretched over the picture: keypoints where it is below 128
 *            are dropped; NULL: everything counts
 *   options  may be NULL
 * A picture without texture gives count 0, which is no error.
 * Errors: HL_E_ARG, HL_E_MEMORY.  On error *features is untouched.  Runs in parallel inside. */
hl_status hl_features_extract(hl_features *features, const hl_image8 *image, const hl_image8 *mask,
                              const hl_feature_options *options);
void hl_features_release(hl_features *features);

/* The same from files: decodes photo and mask (NULL: none), and keeps the result in
 * CACHE/<hash>.helio, the hash over the bytes of both files and the options; where that file is
 * there and sound it is read instead.  cache NULL: not kept.
 * Errors: also HL_E_IO, HL_E_FORMAT of the photo or the mask; a damaged cache file is made anew. */
hl_status hl_features_from_file(hl_features *features, const char *photo, const char *mask,
                                const hl_feature_options *options, const char *cache);

/* One file of features (core/helio_file.h).  HL_E_IO; HL_E_FORMAT where the file holds none, or
 * numbers that no photo can have. */
hl_status hl_features_save(const hl_features *features, const char *path);
hl_status hl_features_load(hl_features *features, const char *path);

/* Most memory that extraction takes for a picture of that size, bytes. */
uint64_t hl_features_bytes(int32_t width, int32_t height, const hl_feature_options *options);

#endif /* HL_SFM_FEATURE_H */
