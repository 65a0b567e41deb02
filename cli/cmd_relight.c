/* SPDX-License-Identifier: MIT */
/* helio relight -- a scene under new light: pictures per view and light, parts apart, videos. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/relight_views.h"
#include "cli/video.h"
#include "core/color.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/timer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIGHTS_MAX = 64, LAMPS_MAX = 2, SPHERE_NUMBERS = 5, SUN_NUMBERS = 4, OUTPUTS = 4 };
enum { OUT_COLOR, OUT_DIRECT, OUT_INDIRECT, OUT_SHADOW };

static const char *const output_names[OUTPUTS] = {"color", "direct", "indirect", "shadow"};

typedef struct relight_options {
    hl_common common;
    const char *scene, *env, *out, *data, *outputs, *up, *sun, *lamp, *size;
    int32_t spp, bounces, vertex_samples, views, brdf, turn, denoise;
    double rotate_deg;
    bool gt_materials, no_indirect;
} relight_options;

static const hl_option rows[] = {
    HL_ARG(relight_options, "SCENE", scene,
           "a mesh with materials (GLB, PLY, OBJ), or a capture with --gt-materials"),
    HL_OPT_TEXT(relight_options, "--env", env, "PATH",
                "an environment map, .hdr or .exr, or a folder of them"),
    HL_OPT_OUT(relight_options, out, "DIR", "folder for VIEW/rgba_LIGHT.exr and .png"),
    HL_OPT_FLAG(relight_options, "--gt-materials", gt_materials,
                "SCENE is a capture with true depth, normals and materials: light its test views"),
    HL_OPT_TEXT(relight_options, "--data", data, "PATH",
                "capture whose test views see the mesh; a circle of cameras if left out"),
    HL_OPT_INT(relight_options, "--views", views, 0, 100000, "views to light, 0 for all"),
    HL_OPT_TEXT(relight_options, "--size", size, "WxH", "pixels of a circle's pictures"),
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
    HL_OPT_TEXT(relight_options, "--up", up, "X,Y,Z", "upward axis of the scene"),
    HL_OPT_TEXT(relight_options, "--sun", sun, "X,Y,Z,E",
                "a sun in that direction, with irradiance E"),
    HL_OPT_TEXT(relight_options, "--lamp", lamp, "X,Y,Z,R,L",
                "a glowing sphere at that place, of radius R and radiance L; a point for R = 0, "
                "with intensity L"),
    HL_OPT_TEXT(relight_options, "--outputs", outputs, "LIST",
                "of color, direct, indirect and shadow, with commas between"),
    HL_OPT_INT(relight_options, "--light-turn", turn, 0, 100000,
               "pictures of a video of the first view while the light turns once"),
    HL_COMMON_OPTIONS(relight_options)};
static const char *const fit_notes =
    "helio relight SCENE --fit solves for materials and light instead; with it: --mesh --preset\n"
    "--iterations --hybrid --no-metal --light --fixed-light --max-side-px --resume --maps --envs\n"
    "--scale-by-truth (helio relight --fit --help explains them).";
static const hl_command_spec spec = {
    "relight", "a scene under new light", rows, HL_ROWS(rows), NULL, fit_notes};

typedef struct relighting {
    const relight_options *o;
    hl_relight_views views;
    hl_bvh bvh;
    hl_light_scene scene;
    hl_light lamps[LAMPS_MAX];
    hl_environment environment;
    hl_vertex_light *indirect;
    float up[3];
    bool wanted[OUTPUTS];
    char env_path[LIGHTS_MAX][HL_RELIGHT_PATH_MAX];
    char env_name[LIGHTS_MAX][HL_RELIGHT_NAME_MAX];
    int32_t env_count; /* 0: lamps alone, named "lamps" */
    double shade_s, indirect_s;
    int64_t pictures;
} relighting;

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

static hl_status parse_lamps(relighting *r)
{
    double v[SPHERE_NUMBERS];
    if (r->o->sun) {
        hl_light *l = &r->lamps[r->scene.light_count++];
        HL_TRY(parse_numbers("--sun", r->o->sun, v, SUN_NUMBERS));
        HL_TRY(parse_direction("--sun", v, l->at));
        l->kind = HL_LIGHT_SUN;
        l->radius = 0.00465f; /* sine of 0.2666 degrees: the sun's disc */
        l->color[0] = l->color[1] = l->color[2] = (float)v[3];
    }
    if (r->o->lamp) {
        hl_light *l = &r->lamps[r->scene.light_count++];
        HL_TRY(parse_numbers("--lamp", r->o->lamp, v, SPHERE_NUMBERS));
        if (v[3] < 0 || v[4] < 0)
            return hl_fail(HL_E_ARG, "--lamp: radius and light must not be negative");
        l->kind = v[3] > 0 ? HL_LIGHT_SPHERE : HL_LIGHT_POINT;
        l->radius = (float)v[3];
        for (int k = 0; k < 3; k++) {
            l->at[k] = (float)v[k];
            l->color[k] = (float)v[4];
        }
    }
    r->scene.lights = r->lamps;
    return HL_OK;
}

static hl_status parse_outputs(relighting *r)
{
    const char *at = r->o->outputs;
    while (*at) {
        const size_t length = strcspn(at, ",");
        int found = -1;
        for (int k = 0; k < OUTPUTS; k++)
            if (strlen(output_names[k]) == length && strncmp(at, output_names[k], length) == 0)
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

static hl_status add_environment(relighting *r, const char *path)
{
    if (r->env_count == LIGHTS_MAX)
        return hl_fail(HL_E_FORMAT, "%s: more than %d maps", r->o->env, (int)LIGHTS_MAX);
    snprintf(r->env_path[r->env_count], HL_RELIGHT_PATH_MAX, "%s", path);
    char *name = r->env_name[r->env_count++];
    snprintf(name, HL_RELIGHT_NAME_MAX, "%.120s", hl_path_name(path));
    char *dot = strrchr(name, '.');
    if (dot)
        *dot = '\0';
    return HL_OK;
}

static hl_status find_environments(relighting *r)
{
    if (!r->o->env)
        return r->scene.light_count ? HL_OK
                                    : hl_fail(HL_E_ARG, "no light: give --env, --sun or --lamp");
    if (!hl_file_is_folder(r->o->env))
        return add_environment(r, r->o->env);
    hl_file_list list;
    HL_TRY(hl_file_list_folder(&list, r->o->env));
    hl_status s = HL_OK;
    for (int32_t i = 0; i < list.count && s == HL_OK; i++) {
        char path[HL_RELIGHT_PATH_MAX];
        if (!hl_path_has_extension(list.names[i], "hdr") &&
            !hl_path_has_extension(list.names[i], "exr"))
            continue;
        s = hl_path_join(path, sizeof path, r->o->env, list.names[i]);
        if (s == HL_OK)
            s = add_environment(r, path);
    }
    hl_file_list_release(&list);
    if (s == HL_OK && r->env_count == 0)
        s = hl_fail(HL_E_FORMAT, "%s: no .hdr or .exr file", r->o->env);
    return s;
}

/* ---- one picture -------------------------------------------------------------------------- */

static hl_status save_both(const char *folder, const char *stem, const hl_image *linear)
{
    char path[HL_RELIGHT_PATH_MAX];
    HL_TRY(hl_file_make_folder(folder));
    for (int png = 0; png < 2; png++) {
        char name[4 * HL_RELIGHT_NAME_MAX];
        snprintf(name, sizeof name, "%.400s.%s", stem, png ? "png" : "exr");
        HL_TRY(hl_path_join(path, sizeof path, folder, name));
        if (!png) {
            HL_TRY(hl_image_save(linear, path));
            continue;
        }
        hl_image coded;
        HL_TRY(hl_image_create(&coded, linear->width, linear->height, linear->channels));
        const int64_t n = (int64_t)linear->width * linear->height * linear->channels;
        for (int64_t i = 0; i < n; i++) {
            const bool light = linear->channels == 4 && i % 4 < 3;
            coded.data[i] =
                light ? hl_srgb_from_linear(hl_max(linear->data[i], 0)) : linear->data[i];
        }
        const hl_status s = hl_image_save(&coded, path);
        hl_image_release(&coded);
        HL_TRY(s);
    }
    return HL_OK;
}

/* "rgba" for the light that the capture's own pictures were taken in, else "rgba_LIGHT". */
static void stem_of(const hl_relight_view *v, const char *light, char *stem, size_t capacity)
{
    char path[HL_RELIGHT_PATH_MAX], name[3 * HL_RELIGHT_NAME_MAX];
    snprintf(stem, capacity, "rgba_%s", light);
    snprintf(name, sizeof name, "%s.png", stem);
    if (v->folder[0] && hl_path_join(path, sizeof path, v->folder, name) == HL_OK &&
        !hl_file_exists(path))
        snprintf(stem, capacity, "rgba");
}

static hl_status shade_view(relighting *r, const hl_relight_view *v, hl_shade_result *result)
{
    hl_irradiance door = {0};
    if (r->indirect)
        door = hl_vertex_light_irradiance(r->indirect);
    const hl_shade_options options = {.samples = (r->o->spp + 3) / 4 * 4,
                                      .model = (hl_brdf_model)r->o->brdf,
                                      .indirect = r->indirect ? &door : NULL,
                                      .snap = 10 * r->scene.offset,
                                      .seed = (uint64_t)r->o->common.seed};
    const double start = hl_wall_seconds();
    HL_TRY(hl_shade(result, &r->scene, &v->input, &options));
    hl_status s = HL_OK;
    if (r->o->denoise)
        s = hl_shade_denoise(result, &v->input, r->o->denoise, 20 * r->scene.offset);
    if (s != HL_OK)
        hl_shade_release(result);
    r->shade_s += hl_wall_seconds() - start;
    r->pictures++;
    return s;
}

static hl_status save_view(const relighting *r, const hl_relight_view *v,
                           const hl_shade_result *result, const char *light)
{
    char folder[HL_RELIGHT_PATH_MAX], stem[2 * HL_RELIGHT_NAME_MAX], name[3 * HL_RELIGHT_NAME_MAX];
    HL_TRY(hl_path_join(folder, sizeof folder, r->o->out, v->name));
    stem_of(v, light, stem, sizeof stem);
    for (int k = 0; k < OUTPUTS; k++) {
        hl_image image;
        if (!r->wanted[k])
            continue;
        snprintf(name, sizeof name, "%s%s%s", k ? output_names[k] : stem, k ? "_" : "",
                 k ? light : "");
        if (k == OUT_SHADOW) {
            HL_TRY(hl_image_create(&image, result->width, result->height, 1));
            memcpy(image.data, result->shadow,
                   (size_t)result->width * (size_t)result->height * sizeof(float));
        } else {
            const int both = HL_SHADE_DIRECT | HL_SHADE_INDIRECT;
            const int parts[] = {both, HL_SHADE_DIRECT, HL_SHADE_INDIRECT};
            HL_TRY(hl_shade_compose(&image, result, &v->input, parts[k]));
        }
        const hl_status s = save_both(folder, name, &image);
        hl_image_release(&image);
        HL_TRY(s);
    }
    return HL_OK;
}

/* ---- lights ------------------------------------------------------------------------------- */

static hl_status solve_indirect(relighting *r)
{
    if (r->o->no_indirect)
        return HL_OK;
    const double start = hl_wall_seconds();
    const hl_vertex_light_options options = {r->o->vertex_samples, r->o->bounces,
                                             (uint64_t)r->o->common.seed};
    hl_status s;
    if (r->indirect)
        s = hl_vertex_light_relight(r->indirect, r->scene.environment, r->scene.lights,
                                    r->scene.light_count);
    else
        s = hl_vertex_light_create(&r->indirect, &r->scene, &options);
    r->indirect_s += hl_wall_seconds() - start;
    return s;
}

static hl_status light_all_views(relighting *r, int32_t light)
{
    const char *name = r->env_count ? r->env_name[light] : "lamps";
    HL_TRY(solve_indirect(r));
    for (int32_t i = 0; i < r->views.lit; i++) {
        hl_shade_result result;
        HL_TRY(shade_view(r, &r->views.view[i], &result));
        const hl_status s = save_view(r, &r->views.view[i], &result, name);
        hl_shade_release(&result);
        HL_TRY(s);
        const hl_progress progress = {.stage = "relight",
                                      .loss = (double)NAN,
                                      .splats = -1,
                                      .next_save = -1,
                                      .done = (int64_t)light * r->views.lit + i + 1,
                                      .total = (int64_t)(r->env_count ? r->env_count : 1) *
                                               r->views.lit};
        hl_log_progress(&progress);
    }
    return HL_OK;
}

/* The first view with the light turned by `degrees` more, on black, as bytes. */
static hl_status turned_frame(relighting *r, double degrees, hl_image8 *frame)
{
    const hl_relight_view *v = &r->views.view[0];
    hl_shade_result result;
    hl_image image = {0}, flat = {0};
    hl_environment_orient(&r->environment, r->up, r->o->rotate_deg + degrees);
    HL_TRY(solve_indirect(r));
    HL_TRY(shade_view(r, v, &result));
    hl_status s = hl_shade_compose(&image, &result, &v->input, HL_SHADE_DIRECT | HL_SHADE_INDIRECT);
    hl_shade_release(&result);
    if (s == HL_OK)
        s = hl_image_create(&flat, image.width, image.height, 3);
    for (int64_t k = 0; s == HL_OK && k < 3 * (int64_t)flat.width * flat.height; k++) {
        const float a = image.data[k / 3 * 4 + 3], x = image.data[k / 3 * 4 + k % 3];
        flat.data[k] = a * hl_srgb_from_linear(hl_max(x, 0));
    }
    if (s == HL_OK)
        s = hl_image8_from_float(frame, &flat);
    hl_image_release(&image);
    hl_image_release(&flat);
    return s;
}

/* `video` NULL: a PNG file. */
static hl_status keep_frame(const relighting *r, hl_video *video, int32_t index,
                            const hl_image8 *frame)
{
    char path[HL_RELIGHT_PATH_MAX], name[64];
    if (video)
        return hl_video_write(video, frame);
    snprintf(name, sizeof name, "light_turn_%05d.png", (int)index);
    HL_TRY(hl_path_join(path, sizeof path, r->o->out, name));
    return hl_image8_save(frame, path);
}

/* The first view while the environment turns once: a video where ffmpeg is, else PNG files. */
static hl_status light_turn(relighting *r)
{
    const hl_raster_view *view = &r->views.view[0].view;
    char path[HL_RELIGHT_PATH_MAX];
    hl_video video = {0};
    const bool film = hl_video_available();
    HL_TRY(hl_path_join(path, sizeof path, r->o->out, "light_turn.mp4"));
    if (film)
        HL_TRY(hl_video_open(&video, path, view->width, view->height, 30));
    hl_status s = HL_OK;
    for (int32_t i = 0; i < r->o->turn && s == HL_OK; i++) {
        hl_image8 frame = {0};
        s = turned_frame(r, 360.0 * i / r->o->turn, &frame);
        if (s == HL_OK)
            s = keep_frame(r, film ? &video : NULL, i, &frame);
        hl_image8_release(&frame);
    }
    if (film && s == HL_OK)
        return hl_video_close(&video);
    hl_video_abort(&video);
    return s;
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Length that rays start off the surface: a share of the scene's size (relighting design 3.3). */
static float offset_of(const hl_mesh *mesh)
{
    float lo[3], hi[3], diagonal[3];
    hl_mesh_bounds(mesh, lo, hi);
    for (int k = 0; k < 3; k++)
        diagonal[k] = hi[k] - lo[k];
    return hl_max(2e-4f * hl_length3(diagonal), 1e-12f);
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

static hl_status prepare(relighting *r)
{
    hl_relight_source source = {.scene = r->o->scene,
                                .truth = r->o->gt_materials,
                                .data = r->o->data,
                                .max_views = r->o->views};
    double up[3];
    HL_TRY(parse_numbers("--up", r->o->up, up, 3));
    HL_TRY(parse_direction("--up", up, r->up));
    HL_TRY(parse_size(r->o->size, &source));
    HL_TRY(parse_lamps(r));
    HL_TRY(parse_outputs(r));
    HL_TRY(find_environments(r));
    HL_TRY(hl_relight_views_load(&r->views, &source));
    HL_TRY(hl_bvh_create(&r->bvh, &r->views.mesh));
    r->scene.mesh = &r->views.mesh;
    r->scene.bvh = &r->bvh;
    r->scene.offset = offset_of(&r->views.mesh);
    for (int32_t i = 0; i < r->views.count && !source.truth; i++)
        HL_TRY(hl_relight_view_trace(&r->views.view[i], &r->scene));
    return hl_file_make_folder(r->o->out);
}

static hl_status run(relighting *r)
{
    HL_TRY(prepare(r));
    for (int32_t k = 0; k < (r->env_count ? r->env_count : 1); k++) {
        hl_environment_release(&r->environment);
        if (r->env_count) {
            HL_TRY(hl_environment_load(&r->environment, r->env_path[k]));
            hl_environment_orient(&r->environment, r->up, r->o->rotate_deg);
            r->scene.environment = &r->environment;
        }
        HL_TRY(light_all_views(r, k));
        if (k == 0 && r->o->turn && r->env_count)
            HL_TRY(light_turn(r));
    }
    return HL_OK;
}

static hl_status print(const relighting *r)
{
    const double pictures = r->pictures > 0 ? (double)r->pictures : 1;
    if (r->o->common.json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.relight/1");
        hl_json_add_number(root, "views", r->views.lit);
        hl_json_add_number(root, "lights", r->env_count ? r->env_count : 1);
        hl_json_add_number(root, "triangles", r->views.mesh.triangle_count);
        hl_json_add_number(root, "samples", (r->o->spp + 3) / 4 * 4);
        hl_json_add_number(root, "shade_s_per_picture", r->shade_s / pictures);
        hl_json_add_number(root, "indirect_s", r->indirect_s);
        return hl_command_print_json(&root);
    }
    printf("%lld pictures over a mesh of %d triangles: %.2f s each at %d samples, indirect light "
           "%.1f s in all\n%s\n",
           (long long)r->pictures, (int)r->views.mesh.triangle_count, r->shade_s / pictures,
           (int)((r->o->spp + 3) / 4 * 4), r->indirect_s, r->o->out);
    return HL_OK;
}

int hl_cmd_relight(int argc, char **argv)
{
    relight_options o = {.common = HL_COMMON_DEFAULTS,
                         .outputs = "color",
                         .up = "0,0,1",
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
    relighting *r = hl_alloc(1, sizeof *r);
    hl_status s = r ? HL_OK : HL_E_MEMORY;
    if (r) {
        r->o = &o;
        s = run(r);
        if (s == HL_OK)
            s = print(r);
        hl_vertex_light_destroy(&r->indirect);
        hl_environment_release(&r->environment);
        hl_bvh_release(&r->bvh);
        hl_relight_views_release(&r->views);
        hl_free(r);
    }
    return hl_command_end(&spec, s);
}
