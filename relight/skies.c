/* SPDX-License-Identifier: MIT */
#include "relight/skies.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 512 }; /* the sun covers several texels */

#define PI       3.14159265358979323846
#define DEGREE   (PI / 180)
#define SUN_EDGE (1.0 * DEGREE) /* radius: more than a texel, so that turning does not flicker */

typedef struct look_of_sky {
    double sun_height;            /* rad                                                */
    double sun;                   /* radiance of its disc over that of the zenith       */
    double zenith[3], horizon[3]; /* colour                                             */
    double around[3];             /* colour near the sun                                */
    double ground[3];             /* radiance over that of the zenith                   */
} look_of_sky;

static const look_of_sky clear_sky = {
    45 * DEGREE, 6000, {0.22, 0.42, 1}, {0.70, 0.84, 1}, {1, 0.97, 0.90}, {0.35, 0.32, 0.28}};
static const look_of_sky sunset_sky = {
    6 * DEGREE, 900, {0.25, 0.33, 0.62}, {0.95, 0.62, 0.42}, {1, 0.52, 0.20}, {0.30, 0.24, 0.20}};

const char *hl_sky_name(hl_sky sky)
{
    static const char *const names[HL_SKY_COUNT] = {"even",     "clear",  "sunset",
                                                    "overcast", "studio", "neon"};
    return sky < HL_SKY_COUNT ? names[sky] : "?";
}

hl_sky hl_sky_find(const char *name)
{
    int k = 0;
    while (k < HL_SKY_COUNT && strcmp(hl_sky_name((hl_sky)k), name) != 0)
        k++;
    return (hl_sky)k;
}

/* Brightness of the clear sky over that of its zenith.  height: of the direction; away: from the
 * sun; low: of the sun; all rad. */
static double clear_brightness(double height, double away, double low)
{
    const double a = -1, b = -0.32, c = 10, d = -3, e = 0.45;
    const double above = 1 + a * exp(b / fmax(sin(height), 1e-3)), zenith = 1 + a * exp(b);
    const double here = 1 + c * (exp(d * away) - exp(d * PI / 2)) + e * cos(away) * cos(away);
    const double z = PI / 2 - low;
    const double there = 1 + c * (exp(d * z) - exp(d * PI / 2)) + e * cos(z) * cos(z);
    return above * here / (zenith * there);
}

static void clear_at(const look_of_sky *s, double height, double turn, float rgb[3])
{
    const double cosine =
        sin(height) * sin(s->sun_height) + cos(height) * cos(s->sun_height) * cos(turn);
    const double away = acos(fmin(fmax(cosine, -1), 1));
    if (height <= 0) {
        for (int c = 0; c < 3; c++)
            rgb[c] = (float)s->ground[c];
        return;
    }
    const double bright = clear_brightness(height, away, s->sun_height);
    const double low = pow(1 - sin(height), 3), near = exp(-away * away / 0.25);
    const double disc = away < SUN_EDGE ? s->sun : 0;
    for (int c = 0; c < 3; c++) {
        const double sky = s->zenith[c] + low * (s->horizon[c] - s->zenith[c]);
        rgb[c] = (float)(bright * (sky + near * (s->around[c] - sky)) + disc * s->around[c]);
    }
}

static void overcast_at(double height, float rgb[3])
{
    const double v = height > 0 ? (1 + 2 * sin(height)) / 3 : 0.2;
    rgb[0] = (float)(0.96 * v);
    rgb[1] = (float)(0.98 * v);
    rgb[2] = (float)v;
}

/* A round lamp far away, evenly bright, with a soft rim. */
typedef struct lamp {
    double height, turn, radius; /* rad */
    double color[3];
} lamp;

enum { LAMPS = 3 };

typedef struct night {
    double floor; /* what a white one shows              */
    double air[3];
    lamp lamps[LAMPS];
} night;

static const night studio = {0.8,
                             {0.10, 0.10, 0.11},
                             {{42 * DEGREE, 0, 20 * DEGREE, {5.6, 5.3, 4.9}},
                              {25 * DEGREE, 115 * DEGREE, 28 * DEGREE, {0.6, 0.75, 1.0}},
                              {32 * DEGREE, -145 * DEGREE, 10 * DEGREE, {9, 9, 9.5}}}};
static const night neon = {0.45,
                           {0.05, 0.04, 0.10},
                           {{28 * DEGREE, -25 * DEGREE, 20 * DEGREE, {9, 0.8, 2.6}},
                            {26 * DEGREE, 150 * DEGREE, 20 * DEGREE, {0.35, 2.6, 8}},
                            {80 * DEGREE, 60 * DEGREE, 12 * DEGREE, {0.5, 0.4, 0.6}}}};

static void night_at(const night *n, double height, double turn, float rgb[3])
{
    for (int c = 0; c < 3; c++)
        rgb[c] = (float)n->air[c];
    for (int k = 0; k < LAMPS; k++) {
        const lamp *l = &n->lamps[k];
        const double cosine =
            sin(height) * sin(l->height) + cos(height) * cos(l->height) * cos(turn - l->turn);
        const double away = acos(fmin(fmax(cosine, -1), 1)) / l->radius;
        const double share = fmin(fmax((1.05 - away) * 10, 0), 1);
        for (int c = 0; c < 3; c++)
            rgb[c] += (float)(share * l->color[c]);
    }
}

/* What a white floor shows, the mean of its channels. */
static double floor_of(const hl_image *map)
{
    double sum = 0;
    for (int32_t y = 0; y < map->height / 2; y++) {
        const double top = PI * (0.5 - (double)y / map->height), bottom = top - PI / map->height;
        const double part = (sin(top) * sin(top) - sin(bottom) * sin(bottom)) / map->width;
        for (int32_t i = 0; i < 3 * map->width; i++)
            sum += part * (double)map->data[(size_t)y * 3 * (size_t)map->width + (size_t)i] / 3;
    }
    return sum;
}

static void radiance_at(hl_sky sky, double height, double turn, float rgb[3])
{
    rgb[0] = rgb[1] = rgb[2] = 1;
    if (sky == HL_SKY_STUDIO || sky == HL_SKY_NEON)
        night_at(sky == HL_SKY_STUDIO ? &studio : &neon, height, turn, rgb);
    else if (sky == HL_SKY_OVERCAST)
        overcast_at(height, rgb);
    else if (sky != HL_SKY_EVEN)
        clear_at(sky == HL_SKY_CLEAR ? &clear_sky : &sunset_sky, height, turn, rgb);
}

hl_status hl_sky_map(hl_image *out, hl_sky sky, int32_t width)
{
    hl_image map;
    HL_TRY(hl_image_create(&map, width, width / 2, 3));
    for (int32_t y = 0; y < map.height; y++)
        for (int32_t x = 0; x < width; x++)
            radiance_at(sky, PI * (0.5 - (y + 0.5) / map.height),
                        2 * PI * (0.5 - (x + 0.5) / width),
                        map.data + 3 * ((size_t)y * (size_t)width + (size_t)x));
    const double level = sky == HL_SKY_STUDIO ? studio.floor : sky == HL_SKY_NEON ? neon.floor : 1;
    const float scale = (float)(level / floor_of(&map));
    for (size_t i = 0; i < 3 * (size_t)width * (size_t)map.height; i++)
        map.data[i] *= scale;
    *out = map;
    return HL_OK;
}

hl_status hl_sky_make(hl_environment *out, hl_sky sky)
{
    const float white[3] = {1, 1, 1};
    hl_image map;
    if (sky == HL_SKY_EVEN)
        return hl_environment_create_constant(out, white);
    HL_TRY(hl_sky_map(&map, sky, WIDTH));
    const hl_status s = hl_environment_create(out, &map);
    hl_image_release(&map);
    return s;
}
