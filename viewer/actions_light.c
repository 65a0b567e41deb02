/* SPDX-License-Identifier: MIT */
/* Actions of the light: environments, lamps, exposure. */
#include "core/color.h"
#include "core/memory.h"
#include "viewer/actions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define POWER_MAX      1e6
#define SUN_WIDEST     45.0 /* degrees, radius                        */
#define SPHERE_LEAST   1e-4 /* length: its radiance grows by 1 / r^2  */
#define SPHERE_LARGEST 1e4

/* ---- environments -------------------------------------------------------------------------- */

/* The map at the size of a thumbnail, as a display shows it. */
static void make_thumbnail(const hl_image *map, uint32_t *out)
{
    hl_image small;
    if (hl_image_resize(&small, map, HL_THUMB_WIDTH, HL_THUMB_HEIGHT) != HL_OK)
        return; /* it stays black */
    for (size_t i = 0; i < (size_t)HL_THUMB_WIDTH * HL_THUMB_HEIGHT; i++) {
        out[i] = 0xFF000000u;
        for (size_t c = 0; c < 3; c++) {
            const float v = small.data[3 * i + c], shown = hl_srgb_from_linear(v / (1 + v));
            out[i] |= (uint32_t)(255 * shown + 0.5f) << (8 * c);
        }
    }
    hl_image_release(&small);
}

/* The list holds each name once; the oldest file makes room. */
static void remember(hl_viewer *v, const char *name, const hl_image *map)
{
    int32_t i = 0;
    while (i < v->sky_count && strcmp(v->skies[i].path, name) != 0)
        i++;
    if (i == HL_SKIES_MAX) {
        i--;
        memmove(&v->skies[HL_SKY_COUNT], &v->skies[HL_SKY_COUNT + 1],
                (size_t)(i - HL_SKY_COUNT) * sizeof v->skies[0]);
    }
    if (i == v->sky_count)
        v->sky_count++;
    snprintf(v->skies[i].path, sizeof v->skies[i].path, "%s", name);
    make_thumbnail(map, v->skies[i].thumb);
    v->sky = i;
}

hl_status hl_viewer_skies(hl_viewer *viewer)
{
    for (int i = 0; i < HL_SKY_COUNT; i++) {
        hl_image map;
        HL_TRY(hl_sky_map(&map, (hl_sky)i, 2 * HL_THUMB_WIDTH));
        remember(viewer, hl_sky_name((hl_sky)i), &map);
        hl_image_release(&map);
    }
    viewer->sky = 0;
    return HL_OK;
}

hl_status hl_viewer_environment(hl_viewer *viewer, const char *name)
{
    hl_environment env;
    const hl_sky sky = hl_sky_find(name);
    HL_TRY(sky < HL_SKY_COUNT ? hl_sky_make(&env, sky) : hl_environment_load(&env, name));
    const hl_status s = hl_renderer_set_environment(viewer->renderer, &env);
    if (s == HL_OK) {
        for (int k = 0; k < 3; k++)
            viewer->look.up[k] = (float)viewer->orbit.up[k];
        viewer->scene_light = false;
        remember(viewer, name, &(const hl_image){env.width, env.height, 3, env.radiance});
        viewer->look.show = HL_SHOW_LIT;
        viewer->dirty = true;
    }
    hl_environment_release(&env);
    return s;
}

static hl_status do_environment(hl_viewer *v, const hl_action_words *w)
{
    return hl_viewer_environment(v, w->text);
}

static hl_status do_sky(hl_viewer *v, const hl_action_words *w)
{
    v->look.sky = w->number[0] != 0;
    return HL_OK;
}

static hl_status do_baked(hl_viewer *v, const hl_action_words *w)
{
    v->look.baked = w->number[0] != 0;
    return HL_OK;
}

static hl_status do_hybrid(hl_viewer *v, const hl_action_words *w)
{
    static const char *const names[] = {"deferred", "deferred+mesh", "deferred+mesh+window"};
    int found = 0;
    HL_TRY(hl_action_word("hybrid", w->text, names, 3, &found));
    v->look.hybrid = (hl_hybrid)(HL_HYBRID_DEFERRED + found);
    return HL_OK;
}

static hl_status do_intensity(hl_viewer *v, const hl_action_words *w)
{
    if (!(w->number[0] >= 0 && w->number[0] <= POWER_MAX))
        return hl_fail(HL_E_ARG, "intensity: expected a factor of 0 to %g", POWER_MAX);
    v->look.intensity = (float)w->number[0];
    return HL_OK;
}

static hl_status do_tone(hl_viewer *v, const hl_action_words *w)
{
    static const char *const names[] = {"none", "reinhard", "aces", "neutral"};
    int found = 0;
    HL_TRY(hl_action_word("tone", w->text, names, 4, &found));
    v->look.tone = (hl_tone)found;
    return HL_OK;
}

static hl_status do_turn(hl_viewer *v, const hl_action_words *w)
{
    v->look.turn = (float)remainder(w->number[0], 360);
    return HL_OK;
}

static hl_status do_exposure(hl_viewer *v, const hl_action_words *w)
{
    if (!(w->number[0] >= -20 && w->number[0] <= 20))
        return hl_fail(HL_E_ARG, "exposure: expected -20 to 20 stops");
    v->look.exposure = (float)w->number[0];
    return HL_OK;
}

static hl_status do_material(hl_viewer *v, const hl_action_words *w)
{
    v->look.roughness = (float)fmin(fmax(w->number[0], 0), 1);
    v->look.metal = (float)fmin(fmax(w->number[1], 0), 1);
    return HL_OK;
}

/* ---- lamps --------------------------------------------------------------------------------- */

/* X Y Z R G B as a lamp. */
static hl_status read_light(const char *action, hl_light_kind kind, const double *n, hl_light *out)
{
    const double length = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    if (kind == HL_LIGHT_SUN && !(length > 0 && length < 1e30))
        return hl_fail(HL_E_ARG, "%s: the direction has no length", action);
    *out = (hl_light){.kind = kind};
    for (int k = 0; k < 3; k++) {
        out->at[k] = (float)(kind == HL_LIGHT_SUN ? n[k] / length : n[k]);
        out->color[k] = (float)fmin(fmax(n[3 + k], 0), POWER_MAX);
    }
    return HL_OK;
}

static hl_status add_light(hl_viewer *v, const char *action, hl_light_kind kind, const double *n)
{
    hl_edit_state *s = v->edits.now;
    hl_light light;
    HL_TRY(read_light(action, kind, n, &light));
    if (s->light_count == HL_EDIT_LIGHTS)
        return hl_fail(HL_E_ARG, "%s: there are %d lights already", action, (int)HL_EDIT_LIGHTS);
    HL_TRY(hl_viewer_mark(v));
    v->edits.now->lights[v->edits.now->light_count++] = light;
    return HL_OK;
}

static hl_status do_light_sun(hl_viewer *v, const hl_action_words *w)
{
    return add_light(v, "light-sun", HL_LIGHT_SUN, w->number);
}

static hl_status do_light_point(hl_viewer *v, const hl_action_words *w)
{
    return add_light(v, "light-point", HL_LIGHT_POINT, w->number);
}

static hl_status need_light(const hl_viewer *v, const char *action, double n)
{
    if (!(n >= 0 && n < v->edits.now->light_count))
        return hl_fail(HL_E_ARG, "%s: expected one of %d lights, counted from 0, found %g", action,
                       v->edits.now->light_count, n);
    return HL_OK;
}

static hl_status do_light_set(hl_viewer *v, const hl_action_words *w)
{
    hl_light light;
    HL_TRY(need_light(v, "light-set", w->number[0]));
    const int32_t i = (int32_t)w->number[0];
    const hl_light *before = &v->edits.now->lights[i];
    HL_TRY(read_light("light-set", before->kind, w->number + 1, &light));
    light.radius = before->radius;
    memcpy(light.edge_u, before->edge_u, sizeof light.edge_u);
    memcpy(light.edge_v, before->edge_v, sizeof light.edge_v);
    HL_TRY(hl_viewer_mark(v));
    v->edits.now->lights[i] = light;
    return HL_OK;
}

/* A point becomes a sphere that lights as much, and the other way. */
static hl_status do_light_size(hl_viewer *v, const hl_action_words *w)
{
    const double size = w->number[1];
    HL_TRY(need_light(v, "light-size", w->number[0]));
    const int32_t i = (int32_t)w->number[0];
    hl_light light = v->edits.now->lights[i];
    const bool sun = light.kind == HL_LIGHT_SUN;
    const double least = sun ? 0 : SPHERE_LEAST, most = sun ? SUN_WIDEST : SPHERE_LARGEST;
    if (light.kind == HL_LIGHT_RECTANGLE)
        return hl_fail(HL_E_ARG, "light-size: light %d is a rectangle", (int)i);
    if (!(size == 0 || (size >= least && size <= most)))
        return hl_fail(HL_E_ARG, "light-size: expected 0 or %g to %g, found %g", least, most, size);
    const float radius = (float)(sun ? sin(size * (double)HL_PI / 180) : size);
    for (int c = 0; c < 3 && !sun; c++) {
        const float disc = (float)HL_PI * light.radius * light.radius;
        light.color[c] *= light.kind == HL_LIGHT_SPHERE ? disc : 1;
        light.color[c] /= radius > 0 ? (float)HL_PI * radius * radius : 1;
    }
    if (!sun)
        light.kind = radius > 0 ? HL_LIGHT_SPHERE : HL_LIGHT_POINT;
    light.radius = radius;
    HL_TRY(hl_viewer_mark(v));
    v->edits.now->lights[i] = light;
    return HL_OK;
}

static hl_status do_light_remove(hl_viewer *v, const hl_action_words *w)
{
    hl_edit_state *s = v->edits.now;
    HL_TRY(need_light(v, "light-remove", w->number[0]));
    HL_TRY(hl_viewer_mark(v));
    const int32_t i = (int32_t)w->number[0];
    memmove(&s->lights[i], &s->lights[i + 1],
            (size_t)(s->light_count - i - 1) * sizeof s->lights[0]);
    s->light_count--;
    return HL_OK;
}

/* The first sun, made where there is none. */
static hl_status do_sun(hl_viewer *v, const hl_action_words *w)
{
    const hl_edit_state *s = v->edits.now;
    hl_light light;
    int32_t i = 0;
    HL_TRY(read_light("sun", HL_LIGHT_SUN, w->number, &light));
    while (i < s->light_count && s->lights[i].kind != HL_LIGHT_SUN)
        i++;
    if (i == s->light_count)
        return add_light(v, "sun", HL_LIGHT_SUN, w->number);
    HL_TRY(hl_viewer_mark(v));
    v->edits.now->lights[i] = light;
    return HL_OK;
}

static const hl_action rows[] = {
    {"environment", HL_ACTION_TEXT, do_environment, "FILE",
     "a .hdr or .exr that lights the scene, or one of even, clear,\nsunset, overcast, studio and "
     "neon; shows it lit"},
    {"turn", 1, do_turn, "DEGREES", "the environment around the up axis"},
    {"baked", 1, do_baked, "0|1", "shadows of the sky and light from other surfaces"},
    {"hybrid", HL_ACTION_TEXT, do_hybrid, "RULE",
     "where splats with a mesh are lit, as helio relight: deferred,\ndeferred+mesh, "
     "deferred+mesh+window"},
    {"intensity", 1, do_intensity, "FACTOR", "of the environment"},
    {"sky", 1, do_sky, "0|1", "the environment behind the scene"},
    {"exposure", 1, do_exposure, "STOPS", "of the lit picture"},
    {"tone", HL_ACTION_TEXT, do_tone, "CURVE", "none, reinhard, aces, neutral"},
    {"material", 2, do_material, "R M", "roughness and metal of splats that have none, 0 to 1"},
    {"sun", 6, do_sun, "X Y Z R G B", "the first sun: direction towards it, irradiance"},
    {"light-sun", 6, do_light_sun, "X Y Z R G B", "one more sun"},
    {"light-point", 6, do_light_point, "X Y Z R G B",
     "one more lamp: place, irradiance at distance 1"},
    {"light-set", 7, do_light_set, "N X Y Z R G B", "move light N, or change its colour"},
    {"light-size", 2, do_light_size, "N SIZE",
     "soft shadows: radius of a sun in degrees, of a lamp as a length"},
    {"light-remove", 1, do_light_remove, "N", "one light less"}};

hl_action_table hl_actions_light(void)
{
    return (hl_action_table){rows, sizeof rows / sizeof rows[0]};
}
