/* SPDX-License-Identifier: MIT */
/* core/exif.h -- what a photo says about its lens: focal length from the Exif block of a JPEG.
 *
 * Nothing here is believed blindly: values that no camera has (a focal length of 0 or "1 mm as on
 * 35 mm film", densities of zero, offsets out of the block) count as not there.
 */
#ifndef HL_CORE_EXIF_H
#define HL_CORE_EXIF_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct hl_exif {
    double focal_mm;       /* 0: not there                                                  */
    double focal_35mm;     /* as on 35 mm film, by the diagonal (CIPA DCG-001); 0: not there */
    double density_per_mm; /* pixels of the stored picture per mm on the sensor; 0           */
    int32_t longer_px;     /* longer side of the picture that the density is of; 0           */
    char make[48];         /* printable ASCII, cut; "" where not there                       */
    char model[48];
} hl_exif;

/* All zero where the file is no JPEG or has no Exif block: that is no error.  HL_E_IO. */
hl_status hl_exif_load(hl_exif *exif, const char *path);

/* The same from the bytes of the file. */
void hl_exif_parse(hl_exif *exif, const unsigned char *bytes, size_t size);

/* Focal length in pixels of a picture of that size, 0 where the block does not tell or tells what
 * is beyond 0.3 .. 20 times the longer side.  The 35 mm equivalent is preferred. */
double hl_exif_focal_px(const hl_exif *exif, int32_t width, int32_t height);

#endif /* HL_CORE_EXIF_H */
