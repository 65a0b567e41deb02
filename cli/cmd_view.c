/* SPDX-License-Identifier: MIT */
/* helio view -- looks at splats in a window, or replays a script without one. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/film.h"
#include "cli/scene.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/mesh_io.h"
#include "core/splat_stats.h"
#include "core/vec.h"
#include "relight/scene_file.h"
#include "viewer/viewer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE_MAX = 16384, OPENED_MAX = 64 };

typedef struct view_options {
    hl_common common;
    const char *scene, *data, *script, *device, *background;
    int32_t raster, width, height, iteration, up;
    bool headless, validate, actions;
} view_options;

static const hl_option rows[] = {
    HL_ARG_OPTIONAL(view_options, "SCENE", scene,
                    "output folder of helio train, a file of splats, or a mesh: .glb, .gltf, .obj"),
    HL_OPT_TEXT(view_options, "--data", data, "PATH",
                "the capture whose cameras to step through; found in config.json if left out"),
    HL_OPT_INT(view_options, "--iteration", iteration, 0, INT32_MAX,
               "iteration to show, 0 for the newest"),
    HL_OPT_CHOICE(
        view_options, "--raster", raster, "auto|quads|tiles|cpu",
        "how splats become pixels: the fastest here, by Vulkan in two ways, by the processor"),
    HL_OPT_INT(view_options, "--width", width, 1, SIDE_MAX, "pixels of the picture"),
    HL_OPT_INT(view_options, "--height", height, 1, SIDE_MAX, "pixels of the picture"),
    HL_OPT_CHOICE(view_options, "--up", up, "auto|-y|y|-z|z|-x|x",
                  "the scene's upward axis; auto: -y for splats, y for a mesh alone"),
    HL_OPT_TEXT(view_options, "--background", background, "COLOR",
                "black, white or r,g,b behind the splats"),
    HL_OPT_TEXT(view_options, "--script", script, "FILE",
                "replay these actions first; --actions lists them"),
    HL_OPT_FLAG(view_options, "--headless", headless, "no window: the script alone"),
    HL_OPT_FLAG(view_options, "--actions", actions, "list the actions of a script and end"),
    HL_OPT_TEXT(view_options, "--device", device, "NAME",
                "part of the name of the Vulkan device to use"),
    HL_OPT_FLAG(view_options, "--validate", validate,
                "with Vulkan's validation layer; its messages fail the command"),
    HL_COMMON_OPTIONS_ON(view_options, "auto|cpu|vulkan"),
};
static const hl_command_spec spec = {
    "view", "looks at splats in a window", rows, HL_ROWS(rows), NULL, NULL};

/* Scenes stay open until the end: the viewer borrows from them. */
typedef struct opened {
    hl_scene scene;
    hl_viewer_camera *cameras;
    hl_mesh mesh; /* seen, or standing in for the splats */
    hl_scene_file fit;
    hl_environment environment;
} opened;

typedef struct viewing {
    const view_options *o;
    opened *list[OPENED_MAX];
    int32_t count;
} viewing;

static hl_status load_photo(const void *handle, int32_t camera, hl_image8 *out)
{
    const opened *p = handle;
    hl_photo photo;
    hl_image8 copy;
    HL_TRY(hl_photos_acquire(p->scene.photos, camera, &photo));
    const hl_image8 *in = photo.image;
    const hl_status s = hl_image8_create(&copy, in->width, in->height, in->channels);
    if (s == HL_OK) {
        memcpy(copy.data, in->data, (size_t)in->width * (size_t)in->height * (size_t)in->channels);
        *out = copy;
    }
    hl_photos_release(p->scene.photos, camera);
    return s;
}

static hl_status list_cameras(opened *p, hl_viewer_scene *out)
{
    const hl_views *views = &p->scene.views;
    const int32_t n = p->scene.photos ? views->view_count : 0;
    p->cameras = hl_alloc((size_t)n, sizeof *p->cameras);
    if (!p->cameras)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < n; i++) {
        hl_raster_view view;
        HL_TRY(hl_scene_view(&p->scene, i, &view));
        p->cameras[i] = (hl_viewer_camera){.pose = views->views[i].camera_from_world,
                                           .fov_y = 2 * atan(0.5 * view.height / (double)view.fy),
                                           .name = views->views[i].name,
                                           .view = view};
    }
    out->photo = load_photo;
    out->handle = p;
    out->cameras = p->cameras;
    out->camera_count = n;
    return HL_OK;
}

/* --up, or `fallback` (an index of its words) for auto. */
static void set_up(const view_options *o, int32_t fallback, double up[3])
{
    const int32_t word = (o->up ? o->up : fallback) - 1, axis[3] = {1, 2, 0};
    up[0] = up[1] = up[2] = 0;
    up[axis[word / 2]] = word % 2 ? 1 : -1;
}

static hl_status describe(const view_options *o, opened *p, hl_viewer_scene *out)
{
    hl_splat_stats stats = {.core_low = {0}};
    if (p->scene.splats.count)
        HL_TRY(hl_splats_measure(&stats, &p->scene.splats));
    *out = (hl_viewer_scene){
        .name = p->scene.file, .splats = &p->scene.splats, .hybrid = HL_HYBRID_WINDOW};
    set_up(o, 1, out->up);
    for (int k = 0; k < 3; k++) {
        out->low[k] = (double)stats.core_low[k];
        out->high[k] = (double)stats.core_high[k];
        out->background[k] = p->scene.background[k];
    }
    return list_cameras(p, out);
}

/* Of helio relight --fit: materials, the mesh that answers rays, the light of the photos. */
static hl_status add_fit(opened *p, const char *path, hl_viewer_scene *out)
{
    HL_TRY(hl_scene_file_load(&p->fit, path));
    if (p->fit.splats.count != p->scene.splats.count) {
        hl_log(HL_LOG_WARN, "%s: of %d splats, the scene has %d: shown without its materials", path,
               p->fit.splats.count, p->scene.splats.count);
        return HL_OK;
    }
    out->materials = p->fit.materials;
    if (p->fit.mesh.vertex_count)
        out->stand_in = &p->fit.mesh;
    out->hybrid = (hl_hybrid)p->fit.hybrid;
    if (!p->fit.light.width)
        return HL_OK;
    HL_TRY(hl_environment_create(&p->environment, &p->fit.light));
    out->environment = &p->environment;
    return HL_OK;
}

/* What lies beside splats: a fit, or the mesh of helio mesh. */
static hl_status add_light(const view_options *o, opened *p, hl_viewer_scene *out)
{
    char path[HL_SCENE_PATH_MAX];
    HL_TRY(hl_path_join(path, sizeof path, "", p->scene.file));
    if (!hl_helio_is_file(path))
        HL_TRY(hl_path_join(path, sizeof path, p->scene.folder, "scene.helio"));
    if (hl_file_exists(path))
        HL_TRY(add_fit(p, path, out));
    const float *up = p->fit.up;
    for (int k = 0; k < 3 && !o->up && hl_dot3(up, up) > 0; k++)
        out->up[k] = (double)up[k];
    HL_TRY(hl_path_join(path, sizeof path, p->scene.folder, "mesh/scene.glb"));
    if (out->stand_in || !hl_file_exists(path))
        return HL_OK;
    HL_TRY(hl_mesh_load(&p->mesh, NULL, path));
    if (!p->mesh.normals)
        HL_TRY(hl_mesh_fill_normals(&p->mesh));
    out->stand_in = &p->mesh;
    return HL_OK;
}

static bool is_mesh(const char *path)
{
    return hl_path_has_extension(path, "glb") || hl_path_has_extension(path, "gltf") ||
           hl_path_has_extension(path, "obj");
}

/* A mesh joins the splats that are open, or stands alone. */
static hl_status open_mesh(const view_options *o, opened *p, const char *path, hl_viewer_scene *out)
{
    float low[3], high[3];
    HL_TRY(hl_mesh_load(&p->mesh, NULL, path));
    if (!p->mesh.normals)
        HL_TRY(hl_mesh_fill_normals(&p->mesh));
    const bool alone = !out->splats || !out->splats->count;
    if (alone)
        *out = (hl_viewer_scene){.name = path, .splats = &p->scene.splats};
    out->mesh = &p->mesh;
    hl_mesh_bounds(&p->mesh, low, high);
    if (alone)
        set_up(o, 2, out->up);
    for (int k = 0; alone && k < 3; k++) {
        out->low[k] = (double)low[k];
        out->high[k] = (double)high[k];
    }
    return HL_OK;
}

static hl_status open_scene(void *ctx, const char *path, hl_viewer_scene *out)
{
    viewing *v = ctx;
    const bool first = v->count == 0;
    const hl_scene_options so = {.path = path,
                                 .data = first ? v->o->data : NULL,
                                 .iteration = first ? v->o->iteration : 0,
                                 .background = v->o->background};
    if (v->count == OPENED_MAX)
        return hl_fail(HL_E_ARG, "%s: %d scenes are open already", path, (int)OPENED_MAX);
    opened *p = hl_alloc(1, sizeof *p);
    if (!p)
        return HL_E_MEMORY;
    v->list[v->count++] = p;
    if (is_mesh(path))
        return open_mesh(v->o, p, path, out);
    HL_TRY(hl_scene_open(&p->scene, &so));
    HL_TRY(describe(v->o, p, out));
    return add_light(v->o, p, out);
}

static void close_scenes(viewing *v)
{
    for (int32_t i = 0; i < v->count; i++) {
        hl_scene_close(&v->list[i]->scene);
        hl_free(v->list[i]->cameras);
        hl_mesh_release(&v->list[i]->mesh);
        hl_scene_file_release(&v->list[i]->fit);
        hl_environment_release(&v->list[i]->environment);
        hl_free(v->list[i]);
    }
}

static void add_pick(hl_json *root, const hl_pick *pick)
{
    hl_json *node = hl_json_add_object(root, "pick");
    hl_json_add_number(node, "splat", pick->splat);
    hl_json_add_number(node, "weight", (double)pick->weight);
    hl_json_add_number(node, "alpha", (double)pick->alpha);
    hl_json_add_number(node, "depth", (double)pick->depth);
    hl_json_add_number(node, "median_depth", (double)pick->median);
    hl_json *position = hl_json_add_array(node, "position");
    for (int k = 0; k < 3; k++)
        hl_json_add_number(position, NULL, pick->position[k]);
}

static hl_status print_report(const view_options *o, const hl_viewer_report *r)
{
    const hl_renderer_stats *s = &r->stats;
    const double bytes = s->splats ? (double)s->splat_bytes / s->splats : 0;
    if (o->common.json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.view/1");
        hl_json_add_text(root, "raster", hl_raster_path_name(s->path));
        hl_json_add_text(root, "device", s->device);
        hl_json_add_text(root, "reason", s->reason);
        hl_json_add_number(root, "splats", s->splats);
        hl_json_add_number(root, "bytes_per_splat", bytes);
        hl_json_add_number(root, "frames", (double)r->frames);
        hl_json_add_number(root, "small_frames", (double)r->small);
        hl_json_add_number(root, "first_frame_ms", r->first_ms);
        hl_json_add_number(root, "draw_ms", s->draw_ms);
        hl_json_add_number(root, "validation_messages", s->messages);
        hl_json_add_number(root, "photo_psnr", r->psnr);
        hl_json_add_number(root, "photo_ssim", r->ssim);
        if (r->picked)
            add_pick(root, &r->pick);
        hl_json *passes = hl_json_add_object(root, "pass_ms");
        for (int32_t i = 0; i < s->pass_count; i++)
            hl_json_add_number(passes, s->passes[i].name, s->passes[i].ms);
        return hl_command_print_json(&root);
    }
    printf("%s, %s (%s): %lld pictures, the first after %.0f ms\n", s->device,
           hl_raster_path_name(s->path), s->reason, (long long)r->frames, r->first_ms);
    if (s->splat_bytes && s->splats)
        printf("%d splats, %.0f bytes each on the device\n", s->splats, bytes);
    return HL_OK;
}

static hl_status view(viewing *v)
{
    const view_options *o = v->o;
    hl_viewer_report report;
    hl_film film;
    hl_raster_path path = (hl_raster_path)o->raster;
    if (path == HL_RASTER_AUTO && o->common.backend == HL_BACKEND_CPU)
        path = HL_RASTER_CPU;
    else if (path == HL_RASTER_AUTO && o->common.backend != HL_BACKEND_AUTO)
        path = HL_RASTER_QUADS;
    hl_viewer_params params = {
        .renderer = {.path = path, .device = o->device, .validate = o->validate},
        .width = o->width,
        .height = o->height,
        .headless = o->headless,
        .script = o->script,
        .open = open_scene,
        .ctx = v,
        .film = hl_film_to(&film)};
    HL_TRY(open_scene(v, o->scene, &params.scene));
    HL_TRY(hl_viewer_run(&params, &report));
    if (report.stats.messages)
        return hl_fail(HL_E_BACKEND, "%d messages of the validation layer, the first: %.300s",
                       report.stats.messages, report.stats.message);
    return print_report(o, &report);
}

int hl_cmd_view(int argc, char **argv)
{
    view_options o = {.common = HL_COMMON_DEFAULTS, .width = 1280, .height = 720};
    viewing v = {.o = &o};
    float rgb[3];
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    if (o.actions) {
        puts(hl_viewer_help());
        return hl_command_end(&spec, HL_OK);
    }
    hl_status s = o.background ? hl_scene_parse_color(o.background, rgb) : HL_OK;
    if (s == HL_OK && !o.scene)
        s = hl_fail(HL_E_ARG, "SCENE is missing");
    if (s == HL_OK && o.headless && !o.script)
        s = hl_fail(HL_E_ARG, "--headless shows nothing without --script");
    if (s != HL_OK) {
        hl_command_end(&spec, s);
        return HL_EXIT_USAGE;
    }
    s = view(&v);
    close_scenes(&v);
    code = hl_command_end(&spec, s);
    return s == HL_E_BACKEND ? HL_EXIT_ABSENT : code;
}
