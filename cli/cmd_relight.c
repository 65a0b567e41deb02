/* SPDX-License-Identifier: MIT */
/* helio relight -- a scene under new light: pictures per view and light, parts apart, videos. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/relight_run.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/vec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPHERE_NUMBERS = 5, SUN_NUMBERS = 4, PANEL_NUMBERS = 10 };

typedef struct relight_options {
    hl_common common;
    const char *scene, *env, *out, *data, *outputs, *up, *sun, *lamp, *panel, *size;
    int32_t spp, bounces, vertex_samples, views, brdf, turn, turntable, path, denoise;
    double rotate_deg;
    bool gt_materials, no_indirect, on_mesh;
} relight_options;

static const hl_option rows[] = {
    HL_ARG(relight_options, "SCENE", scene,
           "output folder of helio train after --fit, its scene.helio, a mesh with materials "
           "(GLB, PLY, OBJ), or a capture with --gt-materials"),
    HL_OPT_TEXT(relight_options, "--env", env, "LIST",
                "environments with commas between: a .hdr or .exr map, a folder of them, even, "
                "clear, sunset, overcast, studio or neon, or own: the light of the photos"),
    HL_OPT_OUT(relight_options, out, "DIR", "folder for VIEW/rgba_LIGHT.exr and .png"),
    HL_OPT_FLAG(relight_options, "--gt-materials", gt_materials,
                "SCENE is a capture with true depth, normals and materials: light its test views"),
    HL_OPT_TEXT(relight_options, "--data", data, "PATH",
                "capture whose test views see the scene; if left out, those of a scene file, or a "
                "circle of cameras"),
    HL_OPT_INT(relight_options, "--views", views, 0, 100000, "views to light, 0 for all"),
    HL_OPT_TEXT(relight_options, "--size", size, "WxH", "pixels of a circle's pictures"),
    HL_OPT_FLAG(relight_options, "--on-mesh", on_mesh,
                "of a scene file, show what lies on its mesh alone"),
    HL_OPT_INT(relight_options, "--spp", spp, 4, 65536,
               "samples per pixel, rounded up to a multiple of 4"),
    HL_OPT_INT(relight_options, "--bounces", bounces, 0, 1000,
               "bounces of indirect light after the first"),
    HL_OPT_INT(relight_options, "--vertex-samples", vertex_samples, 1, 65536,
               "rays per mesh vertex for indirect light"),
    HL_OPT_FLAG(relight_options, "--no-indirect", no_indirect, "direct light and shadows alone"),
    HL_OPT_INT(relight_options, "--denoise", denoise, 0, 8,
               "levels of the edge-stopping filter, 0 for none"),
    HL_OPT_CHOICE(relight_options, "--brdf", brdf, "smith|principled",
                  "Lambert and GGX, or as Blender's Principled BSDF"),
    HL_OPT_DOUBLE(relight_options, "--rotate-deg", rotate_deg, -36000, 36000,
                  "turns the environment about the upward axis, counter-clockwise from above"),
    HL_OPT_TEXT(relight_options, "--up", up, "X,Y,Z",
                "upward axis, instead of that of the scene or 0,0,1"),
    HL_OPT_TEXT(relight_options, "--sun", sun, "X,Y,Z,E",
                "a sun in that direction, with irradiance E"),
    HL_OPT_TEXT(relight_options, "--lamp", lamp, "X,Y,Z,R,L",
                "a glowing sphere at that place, of radius R and radiance L; a point for R = 0, "
                "with intensity L"),
    HL_OPT_TEXT(relight_options, "--panel", panel, "X,Y,Z,UX,UY,UZ,VX,VY,VZ,L",
                "a glowing parallelogram around that place, half edges U and V, radiance L to the "
                "side of U x V"),
    HL_OPT_TEXT(relight_options, "--outputs", outputs, "LIST",
                "of color, direct, indirect and shadow, with commas between"),
    HL_OPT_INT(relight_options, "--light-turn", turn, 0, 100000,
               "pictures of a video of the first view while the first light turns once"),
    HL_OPT_INT(relight_options, "--turntable", turntable, 0, 100000,
               "pictures of a video along a path of cameras under the first light"),
    HL_OPT_CHOICE(relight_options, "--path", path, "orbit|spiral|ellipse|interp",
                  "path of --turntable, made from the cameras of the scene"),
    HL_COMMON_OPTIONS(relight_options)};
static const char *const fit_notes =
    "helio relight SCENE --fit solves for materials and light instead; with it: --mesh --preset\n"
    "--iterations --hybrid --no-metal --light --fixed-light --max-side-px --resume --maps --envs\n"
    "--scale-by-truth --denoise --knobs (helio relight --fit --help explains them).";
static const hl_command_spec spec = {
    "relight", "a scene under new light", rows, HL_ROWS(rows), NULL, fit_notes};

/* ---- options ------------------------------------------------------------------------------ */

static hl_status parse_numbers(const char *option, const char *text, double *out, int32_t count)
{
    const char *at = text;
    for (int32_t i = 0; i < count; i++) {
        char *end;
        out[i] = strtod(at, &end);
        if (end == at || !isfinite(out[i]) || *end != (i + 1 < count ? ',' : '\0'))
            return hl_fail(HL_E_ARG, "%s: expected %d numbers with commas between, found \"%s\"",
                           option, (int)count, text);
        at = end + 1;
    }
    return HL_OK;
}

static hl_status parse_direction(const char *option, const double *v, float out[3])
{
    const double length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    if (!(length > 1e-12 && length < 1e12))
        return hl_fail(HL_E_ARG, "%s: the direction has no length", option);
    for (int k = 0; k < 3; k++)
        out[k] = (float)(v[k] / length);
    return HL_OK;
}

static void set_color(hl_light *l, double value)
{
    l->color[0] = l->color[1] = l->color[2] = (float)value;
}

static hl_status parse_sun(const char *text, hl_light *l)
{
    double v[SUN_NUMBERS];
    HL_TRY(parse_numbers("--sun", text, v, SUN_NUMBERS));
    HL_TRY(parse_direction("--sun", v, l->at));
    l->kind = HL_LIGHT_SUN;
    l->radius = 0.00465f; /* sine of 0.2666 degrees: the sun's disc */
    set_color(l, v[3]);
    return HL_OK;
}

static hl_status parse_lamp(const char *text, hl_light *l)
{
    double v[SPHERE_NUMBERS];
    HL_TRY(parse_numbers("--lamp", text, v, SPHERE_NUMBERS));
    if (v[3] < 0 || v[4] < 0)
        return hl_fail(HL_E_ARG, "--lamp: radius and light must not be negative");
    l->kind = v[3] > 0 ? HL_LIGHT_SPHERE : HL_LIGHT_POINT;
    l->radius = (float)v[3];
    for (int k = 0; k < 3; k++)
        l->at[k] = (float)v[k];
    set_color(l, v[4]);
    return HL_OK;
}

static hl_status parse_panel(const char *text, hl_light *l)
{
    double v[PANEL_NUMBERS];
    float normal[3];
    HL_TRY(parse_numbers("--panel", text, v, PANEL_NUMBERS));
    if (v[9] < 0)
        return hl_fail(HL_E_ARG, "--panel: light must not be negative");
    l->kind = HL_LIGHT_RECTANGLE;
    for (int k = 0; k < 3; k++) {
        l->at[k] = (float)v[k];
        l->edge_u[k] = (float)v[3 + k];
        l->edge_v[k] = (float)v[6 + k];
    }
    hl_cross3(l->edge_u, l->edge_v, normal);
    const float area = hl_length3(normal);
    if (!(area > 0 && area < 1e12f))
        return hl_fail(HL_E_ARG, "--panel: the edges span no area");
    set_color(l, v[9]);
    return HL_OK;
}

static hl_status parse_lamps(const relight_options *o, hl_relighting *r)
{
    if (o->sun)
        HL_TRY(parse_sun(o->sun, &r->lamps[r->scene.light_count++]));
    if (o->lamp)
        HL_TRY(parse_lamp(o->lamp, &r->lamps[r->scene.light_count++]));
    if (o->panel)
        HL_TRY(parse_panel(o->panel, &r->lamps[r->scene.light_count++]));
    r->scene.lights = r->lamps;
    return HL_OK;
}

static hl_status parse_outputs(const relight_options *o, hl_relighting *r)
{
    const char *at = o->outputs;
    while (*at) {
        const size_t length = strcspn(at, ",");
        int found = -1;
        for (int k = 0; k < HL_RELIGHT_OUTPUTS; k++)
            if (strlen(hl_relight_output_names[k]) == length &&
                strncmp(at, hl_relight_output_names[k], length) == 0)
                found = k;
        if (found < 0)
            return hl_fail(HL_E_ARG,
                           "--outputs: expected color, direct, indirect or shadow, found \"%.*s\"",
                           (int)length, at);
        r->wanted[found] = true;
        at += length + (at[length] == ',');
    }
    return HL_OK;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static hl_status find_lights(const relight_options *o, hl_relighting *r)
{
    if (!o->env)
        return r->scene.light_count
                   ? HL_OK
                   : hl_fail(HL_E_ARG, "no light: give --env, --sun, --lamp or --panel");
    if (hl_file_exists(o->env)) /* its name may hold commas */
        return hl_relight_add_light(r, o->env);
    const char *at = o->env;
    while (*at) {
        char word[HL_RELIGHT_PATH_MAX];
        const size_t length = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : 0), at);
        if (word[0])
            HL_TRY(hl_relight_add_light(r, word));
        at += length + (at[length] == ',');
    }
    return r->light_count ? HL_OK : hl_fail(HL_E_ARG, "--env: names no light");
}

static hl_status parse_size(const char *text, hl_relight_source *source)
{
    char *end;
    const long w = strtol(text, &end, 10);
    const long h = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
    if (*end || w < 1 || h < 1 || w > 16384 || h > 16384)
        return hl_fail(HL_E_ARG, "--size: expected WxH with sides of 1..16384, found \"%s\"", text);
    source->width = (int32_t)w;
    source->height = (int32_t)h;
    return HL_OK;
}

static hl_status prepare(const relight_options *o, hl_relighting *r)
{
    hl_relight_source source = {.scene = o->scene,
                                .truth = o->gt_materials,
                                .data = o->data,
                                .max_views = o->views,
                                .up_given = o->up != NULL,
                                .on_mesh = o->on_mesh};
    double up[3];
    HL_TRY(parse_numbers("--up", o->up ? o->up : "0,0,1", up, 3));
    HL_TRY(parse_direction("--up", up, source.up));
    HL_TRY(parse_size(o->size, &source));
    HL_TRY(parse_lamps(o, r));
    HL_TRY(parse_outputs(o, r));
    HL_TRY(hl_relight_views_load(&r->views, &source));
    return find_lights(o, r);
}

static hl_status print(const relight_options *o, const hl_relighting *r)
{
    const double pictures = r->pictures > 0 ? (double)r->pictures : 1;
    if (o->common.json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.relight/1");
        hl_json_add_number(root, "views", r->views.lit);
        hl_json_add_number(root, "lights", r->light_count ? r->light_count : 1);
        hl_json_add_number(root, "triangles", r->scene.mesh->triangle_count);
        hl_json_add_number(root, "samples", r->samples);
        hl_json_add_number(root, "shade_s_per_picture", r->shade_s / pictures);
        hl_json_add_number(root, "indirect_s", r->indirect_s);
        return hl_command_print_json(&root);
    }
    printf("%lld pictures over a mesh of %d triangles: %.2f s each at %d samples, indirect light "
           "%.1f s in all\n%s\n",
           (long long)r->pictures, (int)r->scene.mesh->triangle_count, r->shade_s / pictures,
           (int)r->samples, r->indirect_s, o->out);
    return HL_OK;
}

int hl_cmd_relight(int argc, char **argv)
{
    relight_options o = {.common = HL_COMMON_DEFAULTS,
                         .outputs = "color",
                         .size = "400x400",
                         .spp = 128,
                         .bounces = 4,
                         .vertex_samples = 64,
                         .denoise = 4};
    int code;
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--fit") == 0)
            return hl_cmd_relight_fit(argc, argv);
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    hl_relighting *r = hl_alloc(1, sizeof *r);
    hl_status s = r ? HL_OK : HL_E_MEMORY;
    if (r) {
        r->out = o.out;
        r->samples = (o.spp + 3) / 4 * 4;
        r->bounces = o.bounces;
        r->vertex_samples = o.vertex_samples;
        r->denoise = o.denoise;
        r->light_turn = o.turn;
        r->turntable = o.turntable;
        r->path = o.path;
        r->model = o.brdf;
        r->seed = (uint64_t)o.common.seed;
        r->indirect_wanted = !o.no_indirect;
        r->rotate_deg = o.rotate_deg;
        s = prepare(&o, r);
        if (s == HL_OK)
            s = hl_relight_run(r);
        if (s == HL_OK)
            s = print(&o, r);
        hl_relight_release(r);
        hl_free(r);
    }
    return hl_command_end(&spec, s);
}
