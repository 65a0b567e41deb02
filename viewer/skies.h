/* SPDX-License-Identifier: MIT */
/* viewer/skies.h -- environments that need no file.
 *
 * Brightness after the CIE: the overcast sky of Moon and Spencer 1942 (three times as bright above
 * as at the horizon) and the clear sky, type 12 of ISO 15469:2004, with the sun 45 or 6 degrees
 * high along +x; the colours are chosen by eye.  The ground is darker and of one colour.  All are
 * scaled so that a white floor that sees the sky and nothing else shows 1.
 */
#ifndef HL_VIEWER_SKIES_H
#define HL_VIEWER_SKIES_H

#include "relight/environment.h"

typedef enum hl_sky {
    HL_SKY_EVEN,
    HL_SKY_CLEAR,
    HL_SKY_SUNSET,
    HL_SKY_OVERCAST,
    HL_SKY_COUNT
} hl_sky;

/* "even", "clear", "sunset", "overcast". */
const char *hl_sky_name(hl_sky sky);

/* The radiance of a sky as a picture, `width` a multiple of 2 that is twice the height.
 * HL_E_MEMORY. */
hl_status hl_sky_map(hl_image *out, hl_sky sky, int32_t width);

/* HL_SKY_EVEN: white from everywhere.  Owned by the caller.  HL_E_MEMORY. */
hl_status hl_sky_make(hl_environment *out, hl_sky sky);

#endif /* HL_VIEWER_SKIES_H */
