/* SPDX-License-Identifier: MIT */
/* The panel's sections of light: environments and lamps. */
#include "viewer/ui.h"
#include "viewer/viewer_state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 4 };

#define DEGREE      0.017453292519943295
#define THUMB_SCALE 2.0f /* pixels a texel */

static void environments(hl_viewer *v)
{
    for (int32_t i = 0; i < v->sky_count; i++) {
        const hl_viewer_sky *s = &v->skies[i];
        hl_ui_row(i);
        if (hl_ui_picture("sky", s->thumb, HL_THUMB_WIDTH, HL_THUMB_HEIGHT, THUMB_SCALE,
                          i == v->sky))
            hl_viewer_act(v, "environment %s", s->path);
        hl_ui_tip(s->path);
        hl_ui_row_end();
        if (i % COLUMNS != COLUMNS - 1 && i + 1 < v->sky_count)
            hl_ui_same_line();
    }
    hl_ui_hint("drop a .hdr or .exr for more");
}

static void air(hl_viewer *v)
{
    const hl_look *look = &v->look;
    float turn = look->turn, intensity = look->intensity, exposure = look->exposure;
    float material[2] = {look->roughness, look->metal};
    int32_t tone = (int32_t)look->tone;
    bool behind = look->sky, baked = look->baked;
    bool on_mesh = hl_hybrid_rules_of((int32_t)look->hybrid)->on_mesh;
    static const char *const tones[] = {"none", "reinhard", "aces", "neutral"};
    if (hl_ui_slider("turn", &turn, -180, 180, false))
        hl_viewer_act(v, "turn %.9g", (double)turn);
    if (hl_ui_slider("intensity", &intensity, 0, 10, false))
        hl_viewer_act(v, "intensity %.9g", (double)intensity);
    if (hl_ui_slider("exposure", &exposure, -8, 8, false))
        hl_viewer_act(v, "exposure %.9g", (double)exposure);
    if (hl_ui_choice("tone curve", &tone, "none|reinhard|aces|neutral"))
        hl_viewer_act(v, "tone %s", tones[tone]);
    if (hl_ui_check("environment behind the scene", &behind))
        hl_viewer_act(v, "sky %d", behind);
    if (hl_ui_check("sky shadows, bounces", &baked))
        hl_viewer_act(v, "baked %d", baked);
    hl_ui_tip("of meshes, and of splats that a mesh stands in for");
    if (v->scene.stand_in) {
        const int32_t other = on_mesh ? HL_HYBRID_DEFERRED : HL_HYBRID_WINDOW;
        if (hl_ui_check("splats lit on their mesh", &on_mesh))
            hl_viewer_act(v, "hybrid %s", hl_hybrid_rules_of(other)->name);
        hl_ui_tip("place and normal of the mesh, as helio relight shows them");
    }
    bool changed = hl_ui_slider("roughness", &material[0], 0, 1, false);
    hl_ui_tip("of splats without materials of their own");
    changed |= hl_ui_slider("metal", &material[1], 0, 1, false);
    if (changed)
        hl_viewer_act(v, "material %.9g %.9g", (double)material[0], (double)material[1]);
}

static void set_light(hl_viewer *v, int32_t i, const float at[3], const float rgb[3])
{
    hl_viewer_act(v, "light-set %d %.9g %.9g %.9g %.9g %.9g %.9g", i, (double)at[0], (double)at[1],
                  (double)at[2], (double)rgb[0], (double)rgb[1], (double)rgb[2]);
}

/* Colour as a tint (largest channel 1) and a strength. */
static void power_of(hl_viewer *v, int32_t i, const hl_light *l)
{
    float power = fmaxf(l->color[0], fmaxf(l->color[1], l->color[2])), tint[3], rgb[3];
    for (int c = 0; c < 3; c++)
        tint[c] = power > 0 ? l->color[c] / power : 1;
    bool changed = hl_ui_color("colour", tint);
    hl_ui_same_line();
    changed |= hl_ui_slider("power", &power, 0, l->kind == HL_LIGHT_SUN ? 20.0f : 1000.0f, true);
    for (int c = 0; c < 3; c++)
        rgb[c] = tint[c] * power;
    if (changed)
        set_light(v, i, l->at, rgb);
}

/* Direction of a sun by turn and height about the up axis. */
static void place_sun(hl_viewer *v, int32_t i, const hl_light *l)
{
    const double *up = v->orbit.up;
    double ahead[3], side[3], at[3], height = 0, x = 0, y = 0, n = 0;
    const double seed[3] = {0, fabs(up[2]) >= 0.9, fabs(up[2]) < 0.9};
    const double along = seed[1] * up[1] + seed[2] * up[2];
    for (int k = 0; k < 3; k++) {
        ahead[k] = seed[k] - along * up[k];
        n += ahead[k] * ahead[k];
    }
    for (int k = 0; k < 3; k++)
        ahead[k] /= sqrt(n);
    for (int k = 0; k < 3; k++) {
        side[k] = ahead[(k + 1) % 3] * up[(k + 2) % 3] - ahead[(k + 2) % 3] * up[(k + 1) % 3];
        height += (double)l->at[k] * up[k];
    }
    for (int k = 0; k < 3; k++) {
        x += (double)l->at[k] * ahead[k];
        y += (double)l->at[k] * side[k];
    }
    float turn = (float)(atan2(y, x) / DEGREE);
    float high = (float)(asin(fmin(fmax(height, -1), 1)) / DEGREE);
    bool changed = hl_ui_slider("from", &turn, -180, 180, false);
    changed |= hl_ui_slider("height", &high, -89, 89, false);
    if (!changed)
        return;
    for (int k = 0; k < 3; k++)
        at[k] = cos((double)high * DEGREE) *
                    (cos((double)turn * DEGREE) * ahead[k] + sin((double)turn * DEGREE) * side[k]) +
                sin((double)high * DEGREE) * up[k];
    set_light(v, i, (const float[]){(float)at[0], (float)at[1], (float)at[2]}, l->color);
}

static void place_lamp(hl_viewer *v, int32_t i, const hl_light *l)
{
    static const char *const names[3] = {"x", "y", "z"};
    float at[3];
    bool changed = false;
    for (int k = 0; k < 3; k++) {
        const float size = (float)(v->scene.high[k] - v->scene.low[k]);
        at[k] = l->at[k];
        changed |= hl_ui_slider(names[k], &at[k], (float)v->scene.low[k] - size,
                                (float)v->scene.high[k] + size, false);
    }
    if (changed)
        set_light(v, i, at, l->color);
}

static void lamps(hl_viewer *v)
{
    const hl_edit_state *s = v->edits.now;
    for (int32_t i = 0; i < v->edits.now->light_count; i++) {
        const hl_light l = v->edits.now->lights[i];
        char name[32];
        hl_ui_row(i);
        snprintf(name, sizeof name, "%s %d", l.kind == HL_LIGHT_SUN ? "sun" : "lamp", i);
        hl_ui_text(name);
        hl_ui_same_line();
        const bool away = hl_ui_button("remove");
        power_of(v, i, &l);
        if (l.kind == HL_LIGHT_SUN)
            place_sun(v, i, &l);
        else
            place_lamp(v, i, &l);
        if (away)
            hl_viewer_act(v, "light-remove %d", i);
        hl_ui_row_end();
    }
    if (s->light_count == HL_EDIT_LIGHTS)
        return;
    const double *up = v->orbit.up, *t = v->orbit.target;
    if (hl_ui_button("add sun"))
        hl_viewer_act(v, "light-sun %.9g %.9g %.9g 3 3 3", up[0] + 0.4, up[1], up[2] + 0.3);
    hl_ui_same_line();
    if (hl_ui_button("add lamp at the target")) {
        const double d = 0.3 * v->orbit.distance, p = 3 * d * d;
        hl_viewer_act(v, "light-point %.9g %.9g %.9g %.9g %.9g %.9g", t[0] + d * up[0],
                      t[1] + d * up[1], t[2] + d * up[2], p, p, p);
    }
}

void hl_viewer_light_section(hl_viewer *viewer)
{
    if (!hl_ui_section("Light", false))
        return;
    if (!hl_show_is_lit(viewer->look.show)) {
        hl_ui_hint("seen where \"lit\" is shown (2)");
    }
    environments(viewer);
    air(viewer);
    lamps(viewer);
}
