/* SPDX-License-Identifier: MIT */
/* relight/skies.h -- environments that need no file.
 *
 * Brightness after the CIE: the overcast sky of Moon and Spencer 1942 (three times as bright above
 * as at the horizon) and the clear sky, type 12 of ISO 15469:2004, with the sun 45 or 6 degrees
 * high along +x; the colours are chosen by eye.  The ground is darker and of one colour.  Of the
 * night, `studio` is a dark room with a key light along +x, a fill and a rim light; `neon` has a
 * red sign on one side and a blue one on the other.  All are scaled so that a white floor that sees
 * the sky and nothing else shows 1, at night less.
 */
#ifndef HL_RELIGHT_SKIES_H
#define HL_RELIGHT_SKIES_H

#include "relight/environment.h"

typedef enum hl_sky {
    HL_SKY_EVEN,
    HL_SKY_CLEAR,
    HL_SKY_SUNSET,
    HL_SKY_OVERCAST,
    HL_SKY_STUDIO,
    HL_SKY_NEON,
    HL_SKY_COUNT
} hl_sky;

/* "even", "clear", "sunset", "overcast", "studio", "neon". */
const char *hl_sky_name(hl_sky sky);

/* The radiance of a sky as a picture, `width` a multiple of 2 that is twice the height.
 * HL_E_MEMORY. */
hl_status hl_sky_map(hl_image *out, hl_sky sky, int32_t width);

/* HL_SKY_COUNT where no sky has that name. */
hl_sky hl_sky_find(const char *name);

/* HL_SKY_EVEN: white from everywhere.  Owned by the caller.  HL_E_MEMORY. */
hl_status hl_sky_make(hl_environment *out, hl_sky sky);

#endif /* HL_RELIGHT_SKIES_H */
