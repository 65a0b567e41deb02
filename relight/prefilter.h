/* SPDX-License-Identifier: MIT */
/* relight/prefilter.h -- what mirrors of each roughness see of an environment, and how much of it
 * they send on: the two halves of the split sum (Karis 2013, "Real Shading in Unreal Engine 4").
 *
 * Layer i is the map as a GGX mirror of roughness i / (HL_PREFILTER_LAYERS - 1) sees it head on,
 * weighed by the cosine; layer 0 is the map itself.  Samples read the mip that matches their
 * density (Colbert, Krivanek 2007).  Layers and table are laid out, and the layers filtered, as in
 * shaders/env_filter.comp and shaders/brdf_table.comp.  The same bytes for any number of threads.
 */
#ifndef HL_RELIGHT_PREFILTER_H
#define HL_RELIGHT_PREFILTER_H

#include "relight/environment.h"

enum {
    HL_PREFILTER_LAYERS = 6,
    HL_PREFILTER_WIDTH = 128, /* of layers 1 and up */
    HL_PREFILTER_HEIGHT = 64,
    HL_PREFILTER_MAP_WIDTH = 2048, /* layer 0 is at most this large */
    HL_PREFILTER_MAP_HEIGHT = 1024
};

typedef struct hl_prefilter {
    hl_image layer[HL_PREFILTER_LAYERS]; /* (height, width, 3) linear, axes of the map; owned */
} hl_prefilter;

/* Turning `env` later needs no new layers.  HL_E_MEMORY; `out` is then empty. */
hl_status hl_prefilter_create(hl_prefilter *out, const hl_environment *env);
void hl_prefilter_release(hl_prefilter *p);

/* Between texels and layers.  env: for its rotation; d: unit, world; roughness: [0, 1]; rgb (3):
 * out.  Safe from many threads. */
void hl_prefilter_radiance(const hl_prefilter *p, const hl_environment *env, const float d[3],
                           float roughness, float rgb[3]);

/* table (side, side, 2), rows by roughness, columns by the cosine to the eye, both at the middle
 * of their texel: reflectance under even light is F0 x + y. */
void hl_prefilter_table(float *table, int32_t side);

#endif /* HL_RELIGHT_PREFILTER_H */
