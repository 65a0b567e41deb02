/* SPDX-License-Identifier: MIT */
/* sfm/feat/sift.h -- the parts of SIFT (Lowe 2004) and the seam between them and the processor.
 *
 *   grey picture -> octaves of 6 levels -> extrema of differences -> refined blobs   sift_detect.c
 *   blobs -> the best spread over the picture                                        sift_select.c
 *   blob and level -> directions -> 4 x 4 x 8 histogram -> bytes                     sift_kernels.h
 *
 * Octave o has pixels of 2^(o + first) photo pixels; level l of an octave is blurred to
 * 1.6 * 2^(l/3) of its own pixels.  Differences of neighbouring levels approximate the
 * scale-normalised Laplacian; blobs are extrema over 3 x 3 pixels x 3 differences.
 *
 * The kernels are one text compiled per instruction set.  No fused multiply-add and no reordered
 * sum: all of them give the same bytes.
 */
#ifndef HL_SFM_FEAT_SIFT_H
#define HL_SFM_FEAT_SIFT_H

#include "sfm/feature.h"

#define HL_SIFT_SCALES  3 /* scales an octave (Lowe 2004, figure 3)            */
#define HL_SIFT_LEVELS  (HL_SIFT_SCALES + 3)
#define HL_SIFT_DIFFS   (HL_SIFT_LEVELS - 1)
#define HL_SIFT_SIGMA   1.6 /* of level 0, own pixels (section 3.3)              */
#define HL_SIFT_NOMINAL 0.5 /* blur that a photo has of itself, photo pixels     */
#define HL_SIFT_TAPS    16  /* half a Gaussian, at most, centre included         */
#define HL_SIFT_GRAIN   64  /* floats that rows are padded to                    */
#define HL_SIFT_MARGIN  64  /* floats left and right of a scratch row            */
#define HL_SIFT_GRID    20  /* samples of a descriptor a side                    */
#define HL_SIFT_OCTAVES 12
#define HL_SIFT_ROWS    32 /* rows of a block of work                           */
#define HL_SIFT_BLOBS   64 /* blobs of a block of work                          */

typedef struct hl_sift_octave {
    int32_t width, height, stride; /* stride: a multiple of HL_SIFT_GRAIN  */
    float pixel;                   /* its pixels in pixels of the picture  */
    float *level[HL_SIFT_LEVELS];  /* (height, stride)                     */
} hl_sift_octave;

typedef struct hl_sift_blob {
    float x, y;     /* pixels of the octave, first centre (0, 0) */
    float sigma;    /* pixels of the octave                      */
    float contrast; /* |difference| at the extremum              */
    int32_t octave, level;
} hl_sift_blob;

typedef struct hl_sift_blobs {
    hl_sift_blob *list; /* (count), owned */
    int32_t count, capacity;
} hl_sift_blobs;

typedef struct hl_sift_blur {
    const float *in;
    float *out;
    int32_t width, height, stride;
    int32_t radius;          /* < HL_SIFT_TAPS       */
    float tap[HL_SIFT_TAPS]; /* tap[0] is the centre */
} hl_sift_blur;

/* What does not depend on the blob. */
typedef struct hl_sift_grid {
    float window[HL_SIFT_GRID]; /* Gaussian over the patch, one axis               */
    float low[HL_SIFT_GRID];    /* share of the lower of the two cells of a sample */
    int32_t cell[HL_SIFT_GRID]; /* the lower cell, 0..4 of 6, cells 1..4 count     */
} hl_sift_grid;

typedef struct hl_sift_kernels {
    const char *name;

    /* Rows first..last-1 of `out`.  scratch: stride + 2 HL_SIFT_MARGIN floats. */
    void (*blur)(const hl_sift_blur *job, int32_t first, int32_t last, float *scratch);

    /* Differences of the six levels in row y.  out (HL_SIFT_DIFFS, stride). */
    void (*differ)(const hl_sift_octave *octave, int32_t y, float *out);

    /* flags (HL_SIFT_SCALES, stride): not 0 where the middle row is no smaller, or no larger, than
     * its 26 neighbours and at least `least` in size.  rows: above, middle, below, each as from
     * differ.  scratch (2 HL_SIFT_DIFFS + 1, stride).  Columns 0 and width - 1 are 0. */
    void (*flag)(const float *const rows[3], int32_t width, int32_t stride, float least,
                 float *scratch, int32_t *flags);

    /* At most two directions, radians in -pi..pi; returns how many. */
    int32_t (*orient)(const hl_sift_octave *octave, const hl_sift_blob *blob, float angle[2]);

    void (*describe)(const hl_sift_octave *octave, const hl_sift_blob *blob, float angle,
                     const hl_sift_grid *grid, uint8_t out[HL_DESCRIPTOR_BYTES]);
} hl_sift_kernels;

/* NULL where the build or this processor has no such instructions. */
const hl_sift_kernels *hl_sift_kernels_plain(void);
const hl_sift_kernels *hl_sift_kernels_avx2(void);
const hl_sift_kernels *hl_sift_kernels_avx512(void);
const hl_sift_kernels *hl_sift_kernels_best(void);

/* What is left of the options once defaults are filled in. */
typedef struct hl_sift_settings {
    int32_t max_features, min_features, octaves;
    float peak, floor, edge;
    bool upright, upsample;
} hl_sift_settings;

/* Builds octave after octave of `grey` (height, width), 0..1, and finds blobs.  Levels 1..4 of
 * all octaves stay in `octaves` (HL_SIFT_OCTAVES), *count of them; release with
 * hl_sift_octaves_release, on error too.  HL_E_MEMORY. */
hl_status hl_sift_detect(hl_sift_octave *octaves, int32_t *count, hl_sift_blobs *blobs,
                         const float *grey, int32_t width, int32_t height,
                         const hl_sift_settings *settings, const hl_sift_kernels *kernels);
void hl_sift_octaves_release(hl_sift_octave *octaves);

/* Differences of one octave to blobs in row order, appended.  (sift_detect.c) */
hl_status hl_sift_find(hl_sift_blobs *blobs, const hl_sift_octave *octave, int32_t index,
                       const hl_sift_settings *settings, const hl_sift_kernels *kernels);

/* Keeps at most max_features and leaves them largest first: for half of the number the largest of
 * each cell of a grid, evenly; for the rest the strongest that remain, which are mostly small.  (Of
 * the 16 photos of banana16, fine carpet, 8 register by size alone, 15 so.)  Blobs below `peak`
 * only up to min_features.  octaves: for their .pixel; width, height: of the picture.  HL_E_MEMORY.
 */
hl_status hl_sift_select(hl_sift_blobs *blobs, const hl_sift_octave *octaves, int32_t width,
                         int32_t height, const hl_sift_settings *settings);

/* All of it.  mask: 1 channel or NULL.  Coordinates are scaled to full_width x full_height. */
hl_status hl_sift_extract(hl_features *features, const hl_image *grey, const hl_image8 *mask,
                          bool invert_mask, const hl_sift_settings *settings,
                          const hl_sift_kernels *kernels);

#endif /* HL_SFM_FEAT_SIFT_H */
