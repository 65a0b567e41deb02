/* SPDX-License-Identifier: MIT */
/* viewer/compare.h -- the picture beside the photo that was taken from there. */
#ifndef HL_VIEWER_COMPARE_H
#define HL_VIEWER_COMPARE_H

#include "core/image.h"
#include "raster/raster.h"

typedef struct hl_viewer hl_viewer;

typedef struct hl_compare {
    double wipe;       /* the photo covers this part of the width from the left; 0: off      */
    int32_t camera;    /* whose photo is loaded; -1: none                                    */
    hl_image8 photo;   /* owned                                                              */
    double psnr, ssim; /* of the picture of that view at the photo's size; NaN: not measured */
} hl_compare;

/* Loads and measures where the camera of the capture is another one.  HL_E_ARG where the scene has
 * no photos; those of the photo. */
hl_status hl_compare_wipe(hl_viewer *viewer, double wipe);

/* Puts the photo over `picture` as the wipe says, where the camera stands where it was taken. */
hl_status hl_compare_cover(const hl_viewer *viewer, hl_image8 *picture);

void hl_compare_release(hl_compare *compare);

#endif /* HL_VIEWER_COMPARE_H */
