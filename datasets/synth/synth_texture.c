/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "datasets/synth/synth_texture.h"

#include "core/color.h"
#include "core/vec.h"
#include "datasets/synth/synth_noise.h"

#include <math.h>

#define ALBEDO_MIN 0.01 /* nothing in nature is blacker or whiter */
#define ALBEDO_MAX 0.95
#define WIDTH_MAX  1e3 /* length: stands for "everything", keeps products finite */

typedef struct point {
    const double *local; /* (3)                                                    */
    double width;        /* pixel on the surface, scene units                      */
    double grid[2];      /* position across the surface, in cells                  */
    int32_t period[2];   /* cells after which the grid closes on itself; 0: never  */
    int32_t chart;
} point;

void hl_synth_color(uint32_t hex, double rgb[3])
{
    for (int i = 0; i < 3; i++)
        rgb[i] = hl_linear_from_srgb((double)(hex >> (16 - 8 * i) & 255) / 255);
}

static double mix(double a, double b, double t)
{
    return a + t * (b - a);
}

static void blend(double rgb[3], const double other[3], double t)
{
    for (int i = 0; i < 3; i++)
        rgb[i] = mix(rgb[i], other[i], t);
}

static double clamp01(double t)
{
    return t < 0 ? 0 : t > 1 ? 1 : t;
}

/* 0 below x = 0, 1 above, ramp as wide as a pixel (the box filter of a step). */
static double step_over(double x, double width)
{
    return width > 0 ? clamp01(0.5 + x / width) : x > 0;
}

/* t in [0, 1] through three colours. */
static void ramp3(const double color[4][3], double t, double rgb[3])
{
    const double s = 2 * clamp01(t);
    const int k = s < 1 ? 0 : 1;
    for (int i = 0; i < 3; i++)
        rgb[i] = mix(color[k][i], color[k + 1][i], s - k);
}

/* A tint for one brick, tile or cell: one of the three colours' mixtures, lighter or darker. */
static void tint(const double color[4][3], uint32_t id, double spread, double rgb[3])
{
    ramp3(color, (id & 1023) / 1023.0, rgb);
    const double light = 1 + spread * ((id >> 10 & 1023) / 511.5 - 1);
    for (int i = 0; i < 3; i++)
        rgb[i] *= light;
}

/* Position across the surface in cells of side 1 / scale; closed surfaces take a whole number. */
static void place_on_grid(const hl_synth_texture *t, const hl_synth_shape *s, point *at)
{
    const hl_synth_chart c = hl_synth_chart_of(s, at->local);
    double length[2];
    hl_synth_chart_extent(s, c.index, length);
    const bool wraps[2] = {hl_synth_chart_wraps_u(s, c.index), hl_synth_chart_wraps_v(s, c.index)};
    const double uv[2] = {c.u, c.v};
    for (int k = 0; k < 2; k++) {
        double cells = length[k] * t->scale;
        if (wraps[k])
            cells = hl_max(2, 2 * round(cells / 2)); /* even: a checker must close too */
        at->grid[k] = uv[k] * cells;
        at->period[k] = wraps[k] ? (int32_t)cells : 0;
    }
    at->chart = c.index;
}

static int32_t wrap(double cell, int32_t period)
{
    const int32_t i = (int32_t)floor(cell);
    return period > 0 ? ((i % period) + period) % period : i;
}

static void clouds(const hl_synth_texture *t, const point *at, double rgb[3])
{
    double q[3];
    for (int i = 0; i < 3; i++)
        q[i] = at->local[i] * t->scale;
    const double f = hl_synth_fractal(q, 5, at->width * t->scale, t->seed);
    ramp3(t->color, 0.5 + 0.75 * f, rgb);
}

static void marble(const hl_synth_texture *t, const point *at, double rgb[3])
{
    const double w = at->width * t->scale;
    double q[3];
    for (int i = 0; i < 3; i++)
        q[i] = at->local[i] * t->scale;
    const double bend = hl_synth_fractal(q, 4, w, t->seed);
    const double along = q[0] * 0.8 + q[1] * 0.5 + q[2] * 0.9;
    const double big = 1 - hl_abs(sin(3.0 * along + 4.5 * bend));
    for (int i = 0; i < 3; i++)
        q[i] = 2.3 * q[i] + bend;
    const double small = 1 - hl_abs(2 * hl_synth_fractal(q, 3, 2.3 * w, t->seed + 17));
    /* Far away veins melt into their mean; the two means were measured. */
    const double seen = clamp01(1.5 - 6 * w);
    for (int i = 0; i < 3; i++)
        rgb[i] = t->color[0][i];
    blend(rgb, t->color[1], mix(0.108, pow(big, 5), seen));
    blend(rgb, t->color[2], 0.75 * mix(0.121, pow(hl_max(0, small), 9), seen));
}

static void wood(const hl_synth_texture *t, const point *at, double rgb[3])
{
    /* Boards run along grid axis 0; each is four cells long and one wide. */
    const double across = at->grid[1], row = floor(across), w = at->width * t->scale;
    const int32_t r = wrap(across, at->period[1]);
    const double along = at->grid[0] / 4 + hl_synth_hash01(r, 7, at->chart, t->seed);
    const uint32_t id = hl_synth_hash(r, (int32_t)floor(along), at->chart, t->seed);
    const double shift = (id >> 4 & 255) * 3.7;
    const double q[3] = {at->grid[0] * 0.35 + shift, (across - row) * 1.6, shift};
    const double rings = hl_synth_fractal(q, 2, w * 1.6, t->seed + 3);
    const double lines = 0.5 + 0.5 * sin(26 * (across - row + 0.55 * rings) + shift);
    const double f[3] = {at->grid[0] * 2, across * 22, shift};
    const double fibre = hl_synth_fractal(f, 2, w * 22, t->seed + 5);
    const double seen = clamp01(2 - 14 * w);
    ramp3(t->color, 0.5 + 0.5 * (0.75 * (lines - 0.5) + 0.8 * fibre), rgb);
    for (int i = 0; i < 3; i++) {
        const double far = 0.147 * (t->color[0][i] + t->color[2][i]) + 0.706 * t->color[1][i];
        rgb[i] = mix(far, rgb[i], seen); /* mean weights of the ramp: measured */
    }
    const double light = 0.82 + 0.36 * ((id >> 12 & 255) / 255.0);
    for (int i = 0; i < 3; i++)
        rgb[i] *= light;
    const double side = hl_min(across - row, row + 1 - across);
    const double end = 4 * hl_min(along - floor(along), floor(along) + 1 - along);
    blend(rgb, t->color[3], 1 - step_over(hl_min(side, end) - 0.018, w));
}

static void mosaic(const hl_synth_texture *t, const point *at, double rgb[3])
{
    double q[3];
    for (int i = 0; i < 3; i++)
        q[i] = at->local[i] * t->scale;
    const hl_synth_cell cell = hl_synth_cells(q, t->seed);
    tint(t->color, cell.id, 0.25, rgb);
    blend(rgb, t->color[3], 1 - step_over(cell.border - 0.035, at->width * t->scale));
}

static void checker(const hl_synth_texture *t, const point *at, double rgb[3])
{
    const double w = at->width * t->scale;
    double sign = 1;
    for (int k = 0; k < 2; k++) {
        /* Triangle wave whose zeros are the edges: the product of two filtered square waves. */
        const double f = at->grid[k] - 2 * floor(at->grid[k] / 2);
        const double edge = f < 0.5 ? f : f < 1.5 ? 1 - f : f - 2;
        sign *= 2 * step_over(edge, w) - 1;
    }
    const uint32_t id = hl_synth_hash(wrap(at->grid[0], at->period[0]),
                                      wrap(at->grid[1], at->period[1]), at->chart, t->seed);
    for (int i = 0; i < 3; i++)
        rgb[i] = mix(t->color[0][i], t->color[1][i], 0.5 + 0.5 * sign);
    blend(rgb, t->color[2], 0.22 * ((id & 255) / 255.0));
    const double light = 0.85 + 0.3 * ((id >> 8 & 255) / 255.0);
    for (int i = 0; i < 3; i++)
        rgb[i] *= light;
}

static void stripes(const hl_synth_texture *t, const point *at, double rgb[3])
{
    const double q[3] = {at->local[0] * t->scale * 0.6, at->local[1] * t->scale * 0.6,
                         at->local[2] * t->scale * 0.6};
    const double w = at->width * t->scale;
    const double x = at->grid[1] + 0.18 * hl_synth_fractal(q, 2, w, t->seed + 9);
    const int32_t band = (int32_t)floor(x);
    const double f = x - floor(x);
    /* Band k has colour k mod 3 and ends with a thin line of colour 3. */
    const double *here = t->color[((band % 3) + 3) % 3];
    const double *next = t->color[((band + 1) % 3 + 3) % 3];
    const double line = 0.10 + 0.08 * hl_synth_hash01(band, 0, 0, t->seed);
    for (int i = 0; i < 3; i++)
        rgb[i] = here[i];
    blend(rgb, t->color[3], step_over(f - (1 - line), w));
    blend(rgb, next, step_over(f - 1, w));
    blend(rgb, t->color[((band + 2) % 3 + 3) % 3], 0.5 * step_over(-f, w));
}

/* Rectangles with joints; brick: every second row moved by half. */
static void blocks(const hl_synth_texture *t, const point *at, bool brick, double rgb[3])
{
    const double w = at->width * t->scale, length = brick ? 2.1 : 1;
    const double joint = brick ? 0.055 : 0.03;
    const int32_t row = wrap(at->grid[1], at->period[1]);
    const double x = at->grid[0] / length + (brick && row % 2 != 0 ? 0.5 : 0);
    const int32_t period = brick ? 0 : at->period[0];
    const uint32_t id = hl_synth_hash(wrap(x, period), row, at->chart, t->seed);
    const double fx = x - floor(x), fy = at->grid[1] - floor(at->grid[1]);
    tint(t->color, id, brick ? 0.30 : 0.16, rgb);
    const double edge = hl_min(hl_min(fx, 1 - fx) * length, hl_min(fy, 1 - fy));
    /* Mottled faces: one slow noise per block, so that no two look alike. */
    const double q[3] = {at->grid[0] * 1.7, at->grid[1] * 1.7, (id & 63) * 1.0};
    const double spots = hl_synth_fractal(q, 3, w * 1.7, t->seed + 21);
    for (int i = 0; i < 3; i++)
        rgb[i] *= 1 + 0.35 * spots;
    /* A worn rim just inside the joint. */
    const double rim = clamp01(1 - (edge - joint) / 0.07) * clamp01(1 - w * 4);
    for (int i = 0; i < 3; i++)
        rgb[i] *= 1 - 0.22 * rim;
    blend(rgb, t->color[3], 1 - step_over(edge - joint, w));
}

static void dots(const hl_synth_texture *t, const point *at, double rgb[3])
{
    double q[3];
    for (int i = 0; i < 3; i++)
        q[i] = at->local[i] * t->scale;
    const hl_synth_cell cell = hl_synth_cells(q, t->seed);
    const double radius = 0.22 + 0.22 * ((cell.id >> 5 & 255) / 255.0);
    const double w = at->width * t->scale;
    const double *ink = t->color[cell.id >> 20 & 1 ? 1 : 2];
    for (int i = 0; i < 3; i++)
        rgb[i] = t->color[0][i];
    blend(rgb, t->color[3], step_over(radius + 0.05 - cell.nearest, w));
    blend(rgb, ink, step_over(radius - cell.nearest, w));
}

static void pattern_at(const hl_synth_texture *t, const point *at, double rgb[3])
{
    switch (t->pattern) {
    case HL_SYNTH_FLAT:
        for (int i = 0; i < 3; i++)
            rgb[i] = t->color[0][i];
        break;
    case HL_SYNTH_CLOUDS:
        clouds(t, at, rgb);
        break;
    case HL_SYNTH_MARBLE:
        marble(t, at, rgb);
        break;
    case HL_SYNTH_WOOD:
        wood(t, at, rgb);
        break;
    case HL_SYNTH_MOSAIC:
        mosaic(t, at, rgb);
        break;
    case HL_SYNTH_CHECKER:
        checker(t, at, rgb);
        break;
    case HL_SYNTH_STRIPES:
        stripes(t, at, rgb);
        break;
    case HL_SYNTH_BRICK:
        blocks(t, at, true, rgb);
        break;
    case HL_SYNTH_TILES:
        blocks(t, at, false, rgb);
        break;
    case HL_SYNTH_DOTS:
        dots(t, at, rgb);
        break;
    }
}

void hl_synth_texture_at(const hl_synth_texture *texture, const hl_synth_shape *shape,
                         const double local[3], double width, double rgb[3])
{
    point at = {.local = local, .width = hl_min(width, WIDTH_MAX)};
    if (texture->pattern == HL_SYNTH_FLAT) { /* exact: oracles rely on it */
        pattern_at(texture, &at, rgb);
        return;
    }
    place_on_grid(texture, shape, &at);
    pattern_at(texture, &at, rgb);
    if (texture->grain > 0) {
        double q[3];
        for (int i = 0; i < 3; i++)
            q[i] = local[i] * texture->grain_scale;
        const double g =
            hl_synth_fractal(q, 3, at.width * texture->grain_scale, texture->seed + 101);
        for (int i = 0; i < 3; i++)
            rgb[i] *= 1 + texture->grain * g;
    }
    for (int i = 0; i < 3; i++)
        rgb[i] = hl_min(ALBEDO_MAX, hl_max(ALBEDO_MIN, rgb[i]));
}
