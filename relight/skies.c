/* SPDX-License-Identifier: MIT */
#include "relight/skies.h"

#include "core/parallel.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 512, WIDTH_SUN = 2048, PARTS = 8 }; /* a sun is eleven texels wide, of smooth rim */

#define PI       3.14159265358979323846
#define DEGREE   (PI / 180)
#define SUN_EDGE (1.0 * DEGREE) /* radius */

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

/* Brightness of the clear sky as a function of the angle from the sun, rad, and its cosine. */
static double around_sun(double away, double cosine)
{
    const double c = 10, d = -3, e = 0.45;
    return 1 + c * (exp(d * away) - exp(d * PI / 2)) + e * cosine * cosine;
}

/* Of the height, rad: above it. */
static double above_horizon(double height)
{
    const double a = -1, b = -0.32;
    return 1 + a * exp(b / fmax(sin(height), 1e-3));
}

static double away_from(double sun, double height, double turn)
{
    const double cosine = sin(height) * sin(sun) + cos(height) * cos(sun) * cos(turn);
    return acos(fmin(fmax(cosine, -1), 1));
}

/* Part of a texel that the disc of the sun covers, by points within it. */
static double disc_part(double sun, double height, double turn, double texel)
{
    const double away = away_from(sun, height, turn);
    int inside = 0;
    if (fabs(away - SUN_EDGE) > texel)
        return away < SUN_EDGE;
    for (int j = 0; j < PARTS; j++)
        for (int i = 0; i < PARTS; i++)
            inside += away_from(sun, height + texel * ((j + 0.5) / PARTS - 0.5),
                                turn + texel * ((i + 0.5) / PARTS - 0.5)) < SUN_EDGE;
    return (double)inside / (PARTS * PARTS);
}

/* Texels of one height. */
static void clear_row(const look_of_sky *s, double height, int32_t width, float *rgb)
{
    const double texel = 2 * PI / width, low = pow(1 - sin(height), 3);
    const double up = sin(height) * sin(s->sun_height), side = cos(height) * cos(s->sun_height);
    const double scale =
        above_horizon(height) /
        (above_horizon(PI / 2) * around_sun(PI / 2 - s->sun_height, sin(s->sun_height)));
    for (int32_t x = 0; x < width; x++, rgb += 3) {
        const double turn = 2 * PI * (0.5 - (x + 0.5) / width);
        const double cosine = fmin(fmax(up + side * cos(turn), -1), 1), away = acos(cosine);
        const double bright = scale * around_sun(away, cosine), near = exp(-away * away / 0.25);
        const double disc = s->sun * disc_part(s->sun_height, height, turn, texel);
        for (int c = 0; c < 3; c++) {
            const double sky = s->zenith[c] + low * (s->horizon[c] - s->zenith[c]);
            rgb[c] =
                height > 0
                    ? (float)(bright * (sky + near * (s->around[c] - sky)) + disc * s->around[c])
                    : (float)s->ground[c];
        }
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
}

static bool has_sun(hl_sky sky)
{
    return sky == HL_SKY_CLEAR || sky == HL_SKY_SUNSET;
}

typedef struct sky_rows {
    hl_image *map;
    hl_sky sky;
} sky_rows;

static void fill_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const sky_rows *job = ctx;
    const hl_image *map = job->map;
    const double height = PI * (0.5 - (y + 0.5) / map->height);
    float *row = map->data + 3 * (size_t)y * (size_t)map->width;
    if (has_sun(job->sky)) {
        clear_row(job->sky == HL_SKY_CLEAR ? &clear_sky : &sunset_sky, height, map->width, row);
        return;
    }
    for (int32_t x = 0; x < map->width; x++)
        radiance_at(job->sky, height, 2 * PI * (0.5 - (x + 0.5) / map->width), row + 3 * x);
}

hl_status hl_sky_map(hl_image *out, hl_sky sky, int32_t width)
{
    hl_image map;
    HL_TRY(hl_image_create(&map, width, width / 2, 3));
    hl_parallel_for(map.height, fill_row, &(sky_rows){&map, sky});
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
    HL_TRY(hl_sky_map(&map, sky, has_sun(sky) ? WIDTH_SUN : WIDTH));
    const hl_status s = hl_environment_create(out, &map);
    hl_image_release(&map);
    return s;
}
