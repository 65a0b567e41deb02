/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "datasets/synth/synth_scenes.h"

#include "core/rng.h"
#include "core/vec.h"

#include <math.h>
#include <string.h>

static const double degree = 0.017453292519943295;

/* One line per object: shape, then surface. */
typedef struct item {
    const char *name;
    hl_synth_form form;
    double center[3], size[3], rounding;
    double yaw, tilt; /* degrees */
    hl_synth_pattern pattern;
    double scale, grain, grain_scale;
    uint32_t hex[4]; /* sRGB */
    double roughness, metallic, specular;
    double texel; /* spacing of the light map; 0: the default */
} item;

/* Lengths in metres, roughly; the table top is the plane z = 0.  The room stands last: rays that
 * met something nearer leave its walls after one slab. */
/* clang-format off */
static const item still_items[] = {
    {"table foot", HL_SYNTH_FRUSTUM, {0, 0, -0.72}, {0.46, 0.40, 0.03}, 0, 0, 0,
     HL_SYNTH_MARBLE, 3.0, 0.25, 18, {0x3d4a45, 0xd8d2c4, 0x7f9186, 0}, 1, 0, 0, 0.1},
    {"table leg", HL_SYNTH_FRUSTUM, {0, 0, -0.385}, {0.17, 0.11, 0.305}, 0, 0, 0,
     HL_SYNTH_MARBLE, 3.0, 0.25, 18, {0x3d4a45, 0xd8d2c4, 0x7f9186, 0}, 1, 0, 0, 0.1},
    {"table top", HL_SYNTH_FRUSTUM, {0, 0, -0.04}, {1.08, 1.08, 0.04}, 0, 25, 0,
     HL_SYNTH_WOOD, 6.0, 0.22, 24, {0x7a4a28, 0xa66f3f, 0xcf9c63, 0x2e1c10}, 1, 0, 0, 0.04},
    {"vase", HL_SYNTH_ELLIPSOID, {-0.36, 0.34, 0.28}, {0.25, 0.25, 0.285}, 0, 0, 0,
     HL_SYNTH_MOSAIC, 9.0, 0.20, 40, {0x1f6f78, 0x3fb0ac, 0xe9f1e4, 0x12343b}, 0.25, 0, 0.04, 0},
    {"vase neck", HL_SYNTH_FRUSTUM, {-0.36, 0.34, 0.62}, {0.10, 0.15, 0.085}, 0, 0, 0,
     HL_SYNTH_STRIPES, 16.0, 0.20, 40, {0xe9f1e4, 0x1f6f78, 0xd9a441, 0x12343b}, 0.25, 0, 0.04, 0},
    {"gold ball", HL_SYNTH_ELLIPSOID, {0.10, -0.56, 0.165}, {0.165, 0.165, 0.165}, 0, 0, 0,
     HL_SYNTH_CLOUDS, 9.0, 0.15, 40, {0xf2c14e, 0xffd98a, 0xe0a93b, 0}, 0.30, 1, 0, 0.05},
    {"painted cube", HL_SYNTH_BOX, {0.55, -0.22, 0.18}, {0.18, 0.18, 0.18}, 0.035, 28, 0,
     HL_SYNTH_CHECKER, 16.7, 0.25, 30, {0xf3e9d2, 0xd1495b, 0xedae49, 0}, 0.55, 0, 0.04, 0},
    {"doughnut", HL_SYNTH_TORUS, {0.52, 0.40, 0.085}, {0.185, 0.085, 0}, 0, 0, 0,
     HL_SYNTH_DOTS, 24.0, 0.18, 50, {0xf4a6b7, 0xfff4d6, 0x3f7cac, 0xd9788f}, 0.35, 0, 0.04, 0},
    {"lemon", HL_SYNTH_ELLIPSOID, {-0.13, -0.16, 0.105}, {0.105, 0.105, 0.15}, 0, 35, 90,
     HL_SYNTH_CLOUDS, 11.0, 0.45, 60, {0xe8b923, 0xf7d94c, 0xcfc04a, 0}, 0.50, 0, 0.04, 0},
    {"orange", HL_SYNTH_ELLIPSOID, {0.13, 0.05, 0.125}, {0.125, 0.125, 0.125}, 0, 0, 0,
     HL_SYNTH_CLOUDS, 9.0, 0.55, 70, {0xe36414, 0xf48c2a, 0xd9540c, 0}, 0.50, 0, 0.04, 0},
    {"cone", HL_SYNTH_FRUSTUM, {-0.60, -0.36, 0.24}, {0.18, 0.0, 0.24}, 0, 0, 0,
     HL_SYNTH_MARBLE, 5.5, 0.30, 30, {0xdfe6da, 0x5b7f6b, 0x8c5a4f, 0}, 0.40, 0, 0.04, 0},
    {"tin", HL_SYNTH_FRUSTUM, {0.06, 0.60, 0.17}, {0.14, 0.14, 0.17}, 0, 60, 0,
     HL_SYNTH_STRIPES, 14.0, 0.25, 34, {0x274060, 0xf2e3bc, 0xc8553d, 0x1b2a40}, 0.45, 0, 0.04, 0},
    {"floor", HL_SYNTH_BOX, {0, 0, -0.80}, {4.6, 4.6, 0.05}, 0, 0, 0,
     HL_SYNTH_TILES, 2.2, 0.30, 14, {0xb9a48c, 0xa58468, 0xc9bba5, 0x6f665c}, 1, 0, 0, 0.12},
    {"wall north", HL_SYNTH_BOX, {0, 4.5, 0.25}, {4.6, 0.1, 1.0}, 0, 0, 0,
     HL_SYNTH_BRICK, 5.5, 0.35, 16, {0xb5583c, 0x8f3f2e, 0xc98a5e, 0xcfc4b4}, 1, 0, 0, 0.25},
    {"wall south", HL_SYNTH_BOX, {0, -4.5, 0.25}, {4.6, 0.1, 1.0}, 0, 0, 0,
     HL_SYNTH_BRICK, 5.5, 0.35, 16, {0xb5583c, 0x8f3f2e, 0xc98a5e, 0xcfc4b4}, 1, 0, 0, 0.25},
    {"wall east", HL_SYNTH_BOX, {4.5, 0, 0.25}, {0.1, 4.4, 1.0}, 0, 0, 0,
     HL_SYNTH_BRICK, 5.5, 0.35, 16, {0xc7b299, 0xa88f73, 0xd9ccb8, 0x8c7f70}, 1, 0, 0, 0.25},
    {"wall west", HL_SYNTH_BOX, {-4.5, 0, 0.25}, {0.1, 4.4, 1.0}, 0, 0, 0,
     HL_SYNTH_BRICK, 5.5, 0.35, 16, {0xc7b299, 0xa88f73, 0xd9ccb8, 0x8c7f70}, 1, 0, 0, 0.25},
};

static const item corner_items[] = {
    {"plaster ball", HL_SYNTH_ELLIPSOID, {-0.78, -0.10, 0.40}, {0.40, 0.40, 0.40}, 0, 0, 0,
     HL_SYNTH_MARBLE, 3.2, 0.20, 26, {0xe8e4da, 0xbfb6a6, 0xa39782, 0}, 1, 0, 0, 0.05},
    {"crate", HL_SYNTH_BOX, {0.10, -0.80, 0.34}, {0.34, 0.34, 0.34}, 0.02, 24, 0,
     HL_SYNTH_WOOD, 7.0, 0.25, 28, {0x8a5a33, 0xb98350, 0xd9ab74, 0x3a2414}, 1, 0, 0, 0.05},
    {"cone", HL_SYNTH_FRUSTUM, {0.24, 0.06, 0.30}, {0.22, 0.03, 0.30}, 0, 0, 0,
     HL_SYNTH_STRIPES, 8.0, 0.25, 30, {0xf1ede2, 0x2f5d8a, 0xf1ede2, 0xd98e04}, 0.5, 0, 0.04, 0},
    {"ring", HL_SYNTH_TORUS, {-0.14, 0.66, 0.085}, {0.22, 0.085, 0}, 0, 0, 0,
     HL_SYNTH_MOSAIC, 11.0, 0.20, 40, {0xe9c46a, 0xf4a261, 0xfff1d0, 0x6b4226}, 0.35, 0, 0.04, 0},
    {"small cube", HL_SYNTH_BOX, {-0.86, 0.90, 0.15}, {0.15, 0.15, 0.15}, 0.02, 40, 0,
     HL_SYNTH_CHECKER, 13.4, 0.25, 36, {0xf3efe6, 0x4a4e69, 0x9a8c98, 0}, 0.6, 0, 0.04, 0},
    {"floor", HL_SYNTH_BOX, {0.4, 0.4, -0.05}, {2.0, 2.0, 0.05}, 0, 0, 0,
     HL_SYNTH_TILES, 3.1, 0.30, 20, {0xd9d4c8, 0xcfc7b8, 0xe4e0d6, 0x9d968a}, 1, 0, 0, 0.05},
    {"red wall", HL_SYNTH_BOX, {-1.55, 0.4, 0.85}, {0.05, 2.0, 0.85}, 0, 0, 0,
     HL_SYNTH_CLOUDS, 3.5, 0.40, 22, {0xb3261e, 0xc0392b, 0xa31f18, 0}, 1, 0, 0, 0.06},
    {"green wall", HL_SYNTH_BOX, {0.45, -1.55, 0.85}, {1.95, 0.05, 0.85}, 0, 0, 0,
     HL_SYNTH_CLOUDS, 3.5, 0.40, 22, {0x2e7d32, 0x388e3c, 0x27682a, 0}, 1, 0, 0, 0.06},
};

static const item turntable_items[] = {
    {"plinth", HL_SYNTH_FRUSTUM, {0, 0, -0.70}, {0.52, 0.48, 0.06}, 0, 0, 0,
     HL_SYNTH_MARBLE, 3.4, 0.25, 30, {0xe6e1d6, 0x6e7f80, 0xa1785c, 0}, 0.6, 0, 0.04, 0},
    {"foot", HL_SYNTH_FRUSTUM, {0, 0, -0.49}, {0.36, 0.17, 0.15}, 0, 0, 0,
     HL_SYNTH_STRIPES, 11.0, 0.25, 34, {0x264653, 0xe9c46a, 0x2a9d8f, 0xf3efe6}, 0.45, 0, 0.04, 0},
    {"ring", HL_SYNTH_TORUS, {0, 0, -0.30}, {0.25, 0.07, 0}, 0, 0, 0,
     HL_SYNTH_CLOUDS, 9.0, 0.20, 40, {0xf2c14e, 0xffd98a, 0xe0a93b, 0}, 0.35, 1, 0, 0.05},
    {"block", HL_SYNTH_BOX, {0, 0, 0.03}, {0.27, 0.27, 0.25}, 0.05, 30, 0,
     HL_SYNTH_MOSAIC, 9.0, 0.25, 34, {0xd1495b, 0xedae49, 0xf7ede2, 0x3a2e39}, 0.40, 0, 0.04, 0},
    {"arm", HL_SYNTH_ELLIPSOID, {0, 0, 0.05}, {0.12, 0.62, 0.12}, 0, -60, 0,
     HL_SYNTH_CHECKER, 12.0, 0.25, 34, {0xf3e9d2, 0x457b9d, 0xa8dadc, 0}, 0.50, 0, 0.04, 0},
    {"head", HL_SYNTH_ELLIPSOID, {0, 0, 0.47}, {0.23, 0.23, 0.23}, 0, 0, 0,
     HL_SYNTH_DOTS, 11.0, 0.25, 34, {0x2a6f97, 0xf4f1de, 0xe07a5f, 0x123a52}, 0.30, 0, 0.04, 0},
    {"hat", HL_SYNTH_FRUSTUM, {0, 0, 0.80}, {0.16, 0.0, 0.18}, 0, 0, 0,
     HL_SYNTH_WOOD, 9.0, 0.25, 40, {0x7a4a28, 0xa66f3f, 0xcf9c63, 0x2e1c10}, 0.8, 0, 0.04, 0},
};
/* clang-format on */

#define ITEMS(table) table, (int32_t)(sizeof table / sizeof table[0])

static void place_items(hl_synth_scene *scene, const item *items, int32_t count, uint64_t seed)
{
    memset(scene, 0, sizeof *scene);
    for (int32_t i = 0; i < count; i++) {
        const item *from = &items[i];
        hl_rng rng = hl_rng_at(seed, 0, (uint64_t)i, HL_RNG_SYNTH);
        hl_synth_object *o = &scene->objects[scene->count++];
        o->name = from->name;
        o->shape = hl_synth_shape_make(from->form, from->center, from->size, from->rounding);
        hl_synth_shape_turn(&o->shape, from->yaw * degree, from->tilt * degree);
        o->texture.pattern = from->pattern;
        o->texture.scale = from->scale;
        o->texture.grain = from->grain;
        o->texture.grain_scale = from->grain_scale;
        o->texture.seed = hl_rng_u32(&rng);
        for (int k = 0; k < 4; k++)
            hl_synth_color(from->hex[k], o->texture.color[k]);
        o->roughness = from->roughness;
        o->metallic = from->metallic;
        o->specular = from->specular;
        o->texel = from->texel;
    }
}

static void set_rgb(double out[3], double r, double g, double b)
{
    out[0] = r;
    out[1] = g;
    out[2] = b;
}

/* A clear late morning: warm sun, blue zenith, pale horizon. */
static void daylight(hl_synth_light *l, double azimuth, double elevation)
{
    const double c = cos(elevation * degree);
    set_rgb(l->sun_dir, c * cos(azimuth * degree), c * sin(azimuth * degree),
            sin(elevation * degree));
    l->sun_radius = 1.2 * degree; /* the real 0.27 degrees, through thin haze */
    set_rgb(l->sun, 3.0, 2.62, 2.12);
    set_rgb(l->zenith, 0.30, 0.44, 0.72);
    set_rgb(l->horizon, 0.68, 0.76, 0.86);
    set_rgb(l->ground, 0.26, 0.23, 0.20);
    l->glow = 0.8;
}

static void stand(hl_synth_rig *rig, double height, double near, double far, double low,
                  double high)
{
    set_rgb(rig->target, 0, 0, height);
    rig->radius[0] = near;
    rig->radius[1] = far;
    rig->elevation[0] = low * degree;
    rig->elevation[1] = high * degree;
    rig->azimuth = 0;
    rig->span = 360 * degree;
    rig->fov = 50 * degree;
}

void hl_synth_scene_still(hl_synth_scene *scene, uint64_t seed)
{
    place_items(scene, ITEMS(still_items), seed);
    daylight(&scene->light, 205, 44);
    stand(&scene->rig, 0.12, 2.3, 2.7, 20, 48);
}

void hl_synth_scene_corner(hl_synth_scene *scene, uint64_t seed)
{
    place_items(scene, ITEMS(corner_items), seed);
    daylight(&scene->light, 62, 46);
    stand(&scene->rig, 0.42, 3.4, 3.9, 14, 46);
    scene->rig.target[0] = scene->rig.target[1] = -0.30;
    scene->rig.azimuth = 6 * degree;
    scene->rig.span = 78 * degree;
}

void hl_synth_scene_turntable(hl_synth_scene *scene, uint64_t seed)
{
    place_items(scene, ITEMS(turntable_items), seed);
    daylight(&scene->light, 130, 48);
    stand(&scene->rig, 0.10, 2.85, 2.85, -8, 58);
    scene->alpha = true;
}
