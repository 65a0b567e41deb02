/* SPDX-License-Identifier: MIT */
/* relight/sky.h -- lights that need no file: environment maps made by formula.
 *
 *   noon      a clear sky and a high sun
 *   evening   a low orange sun under a violet sky
 *   studio    a dark room with a key, a fill and a rim light of cloth
 *   neon      night, with a red sign on one side and a blue one on the other
 *
 * Azimuth 0 (+x of relight/environment.h) is where the viewer stands: the sun and the key light
 * come from the viewer's left, the rim light from behind what is looked at.  Linear Rec.709; a
 * white surface that lies in the open shows about 1 at noon, less under the others.
 */
#ifndef HL_RELIGHT_SKY_H
#define HL_RELIGHT_SKY_H

#include "core/image.h"

typedef enum hl_sky { HL_SKY_NOON, HL_SKY_EVENING, HL_SKY_STUDIO, HL_SKY_NEON, HL_SKIES } hl_sky;

/* "noon" and so on. */
const char *hl_sky_name(hl_sky sky);
/* HL_SKIES where no sky has that name. */
hl_sky hl_sky_find(const char *name);

/* A map of width x height texels, 3 channels, owned by the caller.  Errors: HL_E_ARG, HL_E_MEMORY.
 */
hl_status hl_sky_create(hl_image *out, hl_sky sky, int32_t width, int32_t height);

#endif /* HL_RELIGHT_SKY_H */
