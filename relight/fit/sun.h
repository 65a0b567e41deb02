/* SPDX-License-Identifier: MIT */
/* relight/fit/sun.h -- is there a sun, and from where?
 *
 * A solve that starts from even light and even albedo finds the middle between a sun and shadows
 * painted on the surface, and leaves it slowly.  So ask first, with the question of Retinex (Land
 * and McCann 1971): of all directions, which makes the logarithms of colours differ least once
 * what the light explains is taken off?  Pairs of pixels close to each other vote; painted edges
 * are the same for all directions and are cut off as outliers.  The same pairs then tell a coarse
 * sky around the sun and the colours of both.
 */
#ifndef HL_RELIGHT_FIT_SUN_H
#define HL_RELIGHT_FIT_SUN_H

#include "relight/fit/state.h"

enum {
    HL_SUN_KEPT = 6,
    HL_SKY_WIDTH = 16,
    HL_SKY_HEIGHT = 8,
    HL_SKY_TEXELS = HL_SKY_WIDTH * HL_SKY_HEIGHT,
    HL_SKY_RAYS = 64,
    HL_SKY_UNKNOWNS = 3 * HL_SKY_TEXELS + 3 /* the sun's last */
};

#define HL_SUN_CUT  0.7f  /* differences of the logarithm above this are paint or edges */
#define HL_SUN_DARK 2e-3f /* linear colours below tell nothing                          */

/* What one pixel sees. */
typedef struct hl_sun_point {
    float x[3], normal[3], color[3]; /* where rays start; shading; linear */
    float even[3];                   /* irradiance under even light of radiance 1 */
} hl_sun_point;

typedef struct hl_sun_pair {
    hl_sun_point a, b;
} hl_sun_pair;

typedef struct hl_sun_candidate {
    float d[3]; /* unit, towards the sun */
    float score, strength;
} hl_sun_candidate;

typedef struct hl_sun_search {
    const hl_fit *fit; /* with the bounces of even light */
    hl_sun_pair *pair;
    int32_t count;
    hl_sun_candidate *list; /* the best first once hl_sun_find is through */
    float without;          /* score of even light */
} hl_sun_search;

/* HL_E_MEMORY.  Release in any case. */
hl_status hl_sun_search_create(hl_sun_search *search, const hl_fit *fit);
void hl_sun_search_release(hl_sun_search *search);
/* Whether a sun explains enough; list[0] is the best in any case. */
bool hl_sun_find(hl_sun_search *search);
/* Irradiance per channel of a sun from d, over even light of radiance 1. */
void hl_sun_color(const hl_sun_search *search, const float d[3], float irradiance[3]);
/* Cosine towards d where nothing is in the way, else 0. */
float hl_sun_cosine(const hl_fit *fit, const hl_sun_point *s, const float d[3]);

/* fit_sky.c: radiance (HL_SKY_HEIGHT, HL_SKY_WIDTH, 3) over that of the even light; irradiance (3)
 * of the sun list[0], in and out.  HL_E_MEMORY. */
hl_status hl_sky_solve(const hl_sun_search *search, float irradiance[3], float *radiance);

/* What the rays of a point see. */
typedef struct hl_sky_gather {
    uint8_t texel[HL_SKY_TEXELS]; /* rays that go to each, of HL_SKY_RAYS */
    float bounce[3]; /* radiance of those that hit, summed, under even light of radiance 1 */
    float sun;       /* cosine, 0 in shadow */
} hl_sky_gather;

/* Gradient of what hl_sky_solve makes least; of the search, the pairs' colours and count are read.
 * at (2 count): of a and b of each pair.  log_radiance: logarithms of the sky's radiance and of the
 * sun's irradiance.  gradient: out. */
void hl_sky_gradient(const hl_sun_search *search, const hl_sky_gather *at,
                     const float log_radiance[HL_SKY_UNKNOWNS], float gradient[HL_SKY_UNKNOWNS]);

#endif /* HL_RELIGHT_FIT_SUN_H */
