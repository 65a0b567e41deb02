/* SPDX-License-Identifier: MIT */
/* Light and geometry of a synthetic capture as numbers: maps and JSON. */
#define HL_REAL double

#include "core/file.h"
#include "core/json.h"
#include "core/vec.h"
#include "datasets/synth/synth_files.h"

#include <math.h>

#define MAP_HEIGHT 256 /* rows of the maps written                             */
#define SUN_TEXELS 1.5 /* the sun's disc in a map has at least this radius     */

static const double pi = 3.141592653589793;

static void map_direction(int32_t x, int32_t y, int32_t height, double dir[3])
{
    const double u = (x + 0.5) / (2 * height), v = (y + 0.5) / height;
    const double azimuth = 2 * pi * (0.5 - u), latitude = pi * (0.5 - v);
    dir[0] = cos(latitude) * cos(azimuth);
    dir[1] = cos(latitude) * sin(azimuth);
    dir[2] = sin(latitude);
}

/* Spreads the sun's irradiance evenly over the texels of its (widened) disc. */
static void add_sun(const hl_synth_light *light, hl_image *map)
{
    const int32_t h = map->height;
    const double edge = cos(hl_max(light->sun_radius, SUN_TEXELS * pi / h));
    double solid = 0; /* of the texels in the disc, weighted by the cosine to its middle */
    for (int pass = 0; pass < 2; pass++)
        for (int32_t y = 0; y < h; y++)
            for (int32_t x = 0; x < 2 * h; x++) {
                double d[3];
                map_direction(x, y, h, d);
                const double c = hl_dot3(d, light->sun_dir);
                if (c < edge)
                    continue;
                float *texel = map->data + 3 * ((size_t)y * (size_t)map->width + (size_t)x);
                if (pass == 0)
                    solid += c * sqrt(d[0] * d[0] + d[1] * d[1]) * (pi / h) * (pi / h);
                for (int i = 0; pass == 1 && i < 3; i++)
                    texel[i] += (float)(light->sun[i] / solid);
            }
}

hl_status hl_synth_sky_map(const hl_synth_light *light, int32_t height, bool sun, hl_image *map)
{
    HL_TRY(hl_image_create(map, 2 * height, height, 3));
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < 2 * height; x++) {
            double d[3], rgb[3];
            map_direction(x, y, height, d);
            hl_synth_sky(light, d, rgb);
            float *texel = map->data + 3 * ((size_t)y * (size_t)map->width + (size_t)x);
            for (int i = 0; i < 3; i++)
                texel[i] = (float)rgb[i];
        }
    if (sun)
        add_sun(light, map);
    return HL_OK;
}

static void add_numbers(hl_json *node, const char *key, const double *values, int count)
{
    hl_json *array = hl_json_add_array(node, key);
    for (int i = 0; i < count; i++)
        hl_json_add_number(array, NULL, values[i]);
}

static hl_status save_lights(const hl_synth_light *l, const char *path)
{
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.lights/1");
    hl_json_add_text(root, "frame", "world, z up; linear Rec.709");
    hl_json *sun = hl_json_add_object(root, "sun");
    add_numbers(sun, "direction", l->sun_dir, 3);
    add_numbers(sun, "irradiance", l->sun, 3);
    hl_json_add_number(sun, "angular_radius_rad", l->sun_radius);
    hl_json *sky = hl_json_add_object(root, "sky");
    add_numbers(sky, "zenith", l->zenith, 3);
    add_numbers(sky, "horizon", l->horizon, 3);
    add_numbers(sky, "ground", l->ground, 3);
    hl_json_add_number(sky, "glow", l->glow);
    hl_json_add_text(root, "map_sky", "sky.hdr");
    hl_json_add_text(root, "map_sky_and_sun", "light.hdr");
    hl_json_add_text(root, "map_layout",
                     "u = 0.5 - atan2(y, x) / (2 pi), v = 0.5 - asin(z) / pi, from the top left");
    const hl_status status = hl_json_save(root, path);
    hl_json_destroy(&root);
    return status;
}

static void add_object(hl_json *list, const hl_synth_object *o)
{
    static const char *const forms[] = {"ellipsoid", "box", "frustum", "torus"};
    static const char *const patterns[] = {"flat",    "clouds",  "marble", "wood",  "mosaic",
                                           "checker", "stripes", "brick",  "tiles", "dots"};
    hl_json *node = hl_json_add_object(list, NULL);
    hl_json_add_text(node, "name", o->name);
    hl_json_add_text(node, "form", forms[o->shape.form]);
    add_numbers(node, "center", o->shape.center, 3);
    add_numbers(node, "world_from_local", o->shape.axes, 9);
    add_numbers(node, "size", o->shape.size, 3);
    hl_json_add_number(node, "rounding", o->shape.rounding);
    hl_json_add_text(node, "pattern", patterns[o->texture.pattern]);
    hl_json_add_number(node, "roughness", o->roughness);
    hl_json_add_number(node, "metallic", o->metallic);
    hl_json_add_number(node, "specular_f0", o->specular);
}

static hl_status save_objects(const hl_synthetic *s, const char *path)
{
    static const char *const names[] = {"still", "corner", "turntable"};
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.synthetic/1");
    hl_json_add_text(root, "scene", names[s->options.scene]);
    hl_json_add_number(root, "seed", (double)s->options.seed);
    hl_json_add_number(root, "samples", s->options.samples);
    hl_json_add_number(root, "bounces", s->options.bounces < 0 ? 0 : s->options.bounces);
    hl_json *list = hl_json_add_array(root, "objects");
    for (int32_t i = 0; i < s->scene.count; i++)
        add_object(list, &s->scene.objects[i]);
    const hl_status status = hl_json_save(root, path);
    hl_json_destroy(&root);
    return status;
}

static hl_status save_map(const hl_synthetic *s, bool sun, const char *path)
{
    hl_image map = {0};
    hl_status status = hl_synth_sky_map(&s->scene.light, MAP_HEIGHT, sun, &map);
    if (status == HL_OK)
        status = hl_image_save(&map, path);
    hl_image_release(&map);
    return status;
}

hl_status hl_synth_save_scene(const hl_synthetic *synthetic, const char *folder)
{
    char path[4096];
    HL_TRY(hl_file_make_folder(folder));
    HL_TRY(hl_path_join(path, sizeof path, folder, "lights.json"));
    HL_TRY(save_lights(&synthetic->scene.light, path));
    HL_TRY(hl_path_join(path, sizeof path, folder, "scene.json"));
    HL_TRY(save_objects(synthetic, path));
    HL_TRY(hl_path_join(path, sizeof path, folder, "sky.hdr"));
    HL_TRY(save_map(synthetic, false, path));
    HL_TRY(hl_path_join(path, sizeof path, folder, "light.hdr"));
    return save_map(synthetic, true, path);
}
