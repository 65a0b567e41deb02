/* SPDX-License-Identifier: MIT */
/* helio render -- pictures of a trained scene: its views, a camera path, a video, a sheet. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/scene.h"
#include "cli/video.h"
#include "core/camera_path.h"
#include "core/color.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/sheet.h"
#include "core/splat_stats.h"
#include "raster/gbuffer.h"
#include "viewer/renderer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_VIEWS, SIDE_MAX = 16384, OUTPUTS = 8, SHEET_FRAMES_MAX = 256, LOOKERS = 8 };
enum {
    OUT_COLOR,
    OUT_DEPTH,
    OUT_NORMAL,
    OUT_ALPHA,
    OUT_SURFACE, /* from here on of the G-buffer */
    OUT_ALBEDO,
    OUT_ROUGHNESS,
    OUT_METAL
};

static const char *const output_names[OUTPUTS] = {"color",   "depth",  "normal",    "alpha",
                                                  "surface", "albedo", "roughness", "metal"};

#define FOV_DEFAULT_DEG 50.0

typedef struct render_options {
    hl_common common;
    const char *scene, *out, *data, *camera_path, *size, *outputs, *background;
    int32_t path, frames, iteration, max_side_px, split_every, subset;
    double fps, fov_deg;
    bool exr;
} render_options;

static const hl_option rows[] = {
    HL_ARG(render_options, "SCENE", scene, "output folder of helio train, or a file of splats"),
    HL_OPT_OUT(render_options, out, "PATH",
               "a folder for PNG files, FILE.mp4 for a video, FILE.png for one sheet"),
    HL_OPT_CHOICE(render_options, "--path", path, "views|orbit|spiral|ellipse|interp",
                  "the capture's views, or a path around or through them"),
    HL_OPT_TEXT(render_options, "--camera-path", camera_path, "FILE",
                "follow a camera_path.json of nerfstudio instead"),
    HL_OPT_INT(render_options, "--frames", frames, 1, HL_PATH_FRAMES_MAX, "pictures of a path"),
    HL_OPT_DOUBLE(render_options, "--fps", fps, 0, 1000,
                  "pictures a second of a video, 0 for those of the camera path, else 30"),
    HL_OPT_TEXT(render_options, "--size", size, "WxH",
                "pixels of a picture; that of the first view if left out"),
    HL_OPT_DOUBLE(render_options, "--fov-deg", fov_deg, 0, 170,
                  "vertical field of view of a path, 0 for that of the first view"),
    HL_OPT_TEXT(
        render_options, "--outputs", outputs, "LIST",
        "of color, depth, normal, alpha, surface (depth of flat splats), albedo, roughness and "
        "metal, with commas between"),
    HL_OPT_FLAG(render_options, "--exr", exr,
                "depth, normal and alpha as numbers in EXR files instead of pictures"),
    HL_OPT_TEXT(render_options, "--data", data, "PATH",
                "the capture that the views come from; found in config.json if left out"),
    HL_OPT_CHOICE(render_options, "--split", subset, "all|test|train", "views to render"),
    HL_OPT_INT(render_options, "--split-every", split_every, 0, 1000000,
               "every Nth view is a test view, 0 for what training did"),
    HL_OPT_INT(render_options, "--max-side-px", max_side_px, 0, SIDE_MAX,
               "longer side of the views, 0 for what training did"),
    HL_OPT_INT(render_options, "--iteration", iteration, 0, INT32_MAX,
               "iteration to render, 0 for the newest"),
    HL_OPT_TEXT(render_options, "--background", background, "COLOR",
                "black, white or r,g,b behind the splats"),
    HL_COMMON_OPTIONS_ON(render_options, "auto|cpu|cuda|vulkan"),
};
static const hl_command_spec spec = {
    "render", "pictures and videos of a trained scene", rows, HL_ROWS(rows), NULL, NULL};

typedef struct rendering {
    const render_options *o;
    hl_scene scene;
    int32_t count;
    hl_raster_view *views; /* (count) */
    bool wanted[OUTPUTS];
    bool deferred;               /* some of the G-buffer                       */
    const float *materials;      /* NULL: none wanted                          */
    const hl_raster_view *drawn; /* of the frame at hand                       */
    int32_t wanted_count;
    uint32_t outputs; /* HL_RASTER_* */
    double fps;
    float near, far; /* of the depth picture, from the first frame */
    char folder[HL_SCENE_PATH_MAX];
    bool to_video, to_sheet;
    hl_video video;
    hl_image8 *cells;    /* (count) of a sheet */
    double seconds;      /* in the rasterizer */
    hl_renderer *device; /* of --backend vulkan, else NULL */
} rendering;

/* ---- which views -------------------------------------------------------------------------- */

static hl_status parse_size(const char *text, int32_t *width, int32_t *height)
{
    char *end;
    const long w = strtol(text, &end, 10);
    const long h = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
    if (*end || w < 1 || h < 1 || w > SIDE_MAX || h > SIDE_MAX)
        return hl_fail(HL_E_ARG, "--size: expected WxH with sides of 1..%d, found \"%s\"",
                       (int)SIDE_MAX, text);
    *width = (int32_t)w;
    *height = (int32_t)h;
    return HL_OK;
}

static hl_status reserve_views(rendering *r, int32_t count)
{
    r->count = count;
    r->views = hl_alloc((size_t)count, sizeof *r->views);
    return r->views ? HL_OK : HL_E_MEMORY;
}

/* The photos' own views, at --size if given (the same field of view, per axis). */
static hl_status take_views(rendering *r)
{
    const hl_views *v = &r->scene.views;
    const hl_split split = r->o->subset == 1 ? HL_SPLIT_TEST : HL_SPLIT_TRAIN;
    HL_TRY(reserve_views(r, v->view_count));
    r->count = 0;
    for (int32_t i = 0; i < v->view_count; i++) {
        if (r->o->subset != 0 && v->views[i].split != split)
            continue;
        hl_raster_view *view = &r->views[r->count++];
        HL_TRY(hl_scene_view(&r->scene, i, view));
        if (!r->o->size)
            continue;
        const int32_t w = view->width, h = view->height;
        HL_TRY(parse_size(r->o->size, &view->width, &view->height));
        view->fx *= (float)view->width / (float)w;
        view->cx *= (float)view->width / (float)w;
        view->fy *= (float)view->height / (float)h;
        view->cy *= (float)view->height / (float)h;
    }
    if (!r->count)
        return hl_fail(HL_E_FORMAT, "%s: no views of that split", r->scene.data);
    return HL_OK;
}

static hl_status aim(hl_raster_view *view, int32_t width, int32_t height, double fov_y,
                     const hl_pose *pose)
{
    const double f = 0.5 * height / tan(0.5 * fov_y);
    const hl_camera camera = {.model = HL_CAMERA_SIMPLE_PINHOLE,
                              .width = width,
                              .height = height,
                              .params = {f, 0.5 * width, 0.5 * height}};
    return hl_raster_view_from_camera(view, &camera, pose);
}

/* Size and field of view of a path, where options leave them open: of the first photo. */
static hl_status choose_lens(const rendering *r, int32_t *width, int32_t *height, double *fov_y)
{
    const double degree = 3.141592653589793 / 180;
    *width = 1280;
    *height = 720;
    *fov_y = FOV_DEFAULT_DEG * degree;
    if (r->scene.photos) {
        hl_raster_view first;
        HL_TRY(hl_scene_view(&r->scene, 0, &first));
        *width = first.width;
        *height = first.height;
        *fov_y = 2 * atan(0.5 * first.height / (double)first.fy);
    }
    if (r->o->fov_deg > 0)
        *fov_y = r->o->fov_deg * degree;
    return r->o->size ? parse_size(r->o->size, width, height) : HL_OK;
}

/* Without a capture: cameras around the middle of the splats, up being -y. */
static hl_status stand_around(const rendering *r, hl_pose poses[LOOKERS])
{
    hl_splat_stats st;
    double middle[3], reach = 0;
    const double up[3] = {0, -1, 0};
    HL_TRY(hl_splats_measure(&st, &r->scene.splats));
    for (int k = 0; k < 3; k++) {
        middle[k] = 0.5 * (st.core_low[k] + st.core_high[k]);
        reach = fmax(reach, st.core_high[k] - st.core_low[k]);
    }
    for (int i = 0; i < LOOKERS; i++) {
        const double a = 6.283185307179586 * i / LOOKERS, d = 1.5 * (reach > 0 ? reach : 1);
        const double eye[3] = {middle[0] + d * sin(a), middle[1] - 0.25 * d,
                               middle[2] - d * cos(a)};
        hl_pose_look_at(eye, middle, up, &poses[i]);
    }
    return HL_OK;
}

static hl_status follow_path(rendering *r, const hl_pose *poses, int32_t pose_count)
{
    static const hl_path_kind kinds[] = {HL_PATH_ORBIT, HL_PATH_ORBIT, HL_PATH_SPIRAL,
                                         HL_PATH_ELLIPSE, HL_PATH_INTERP};
    int32_t width, height;
    double fov_y;
    HL_TRY(choose_lens(r, &width, &height, &fov_y));
    HL_TRY(reserve_views(r, r->o->frames));
    hl_pose *frames = hl_arena_alloc(&r->scene.arena, (size_t)r->count, sizeof *frames);
    if (!frames)
        return HL_E_MEMORY;
    HL_TRY(hl_camera_path_make(frames, r->count, kinds[r->o->path], poses, pose_count));
    for (int32_t i = 0; i < r->count; i++)
        HL_TRY(aim(&r->views[i], width, height, fov_y, &frames[i]));
    return HL_OK;
}

static hl_status make_path(rendering *r)
{
    const int32_t count = r->scene.views.view_count;
    hl_pose around[LOOKERS];
    if (count == 0) {
        HL_TRY(stand_around(r, around));
        return follow_path(r, around, LOOKERS);
    }
    hl_pose *poses = hl_arena_alloc(&r->scene.arena, (size_t)count, sizeof *poses);
    if (!poses)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < count; i++)
        poses[i] = r->scene.views.views[i].camera_from_world;
    return follow_path(r, poses, count);
}

static hl_status load_path(rendering *r)
{
    hl_camera_path path;
    int32_t width, height;
    double fov_y;
    HL_TRY(hl_camera_path_load(&path, &r->scene.arena, r->o->camera_path));
    HL_TRY(choose_lens(r, &width, &height, &fov_y));
    if (path.width > 0 && path.height > 0 && !r->o->size) {
        width = path.width;
        height = path.height;
    }
    r->fps = path.fps > 0 ? path.fps : r->fps;
    HL_TRY(reserve_views(r, path.count));
    for (int32_t i = 0; i < r->count; i++)
        HL_TRY(aim(&r->views[i], width, height, path.fov_y[i], &path.frames[i]));
    return HL_OK;
}

/* ---- what of them ------------------------------------------------------------------------- */

static hl_status parse_outputs(rendering *r)
{
    const char *at = r->o->outputs;
    while (*at) {
        const size_t length = strcspn(at, ",");
        int k = 0;
        while (k < OUTPUTS &&
               (strlen(output_names[k]) != length || strncmp(at, output_names[k], length) != 0))
            k++;
        if (k == OUTPUTS)
            return hl_fail(HL_E_ARG,
                           "--outputs: expected some of color,depth,normal,alpha,surface,albedo,"
                           "roughness,metal, found \"%s\"",
                           r->o->outputs);
        r->wanted_count += !r->wanted[k];
        r->wanted[k] = true;
        at += length + (at[length] == ',');
    }
    if (!r->wanted_count)
        return hl_fail(HL_E_ARG, "--outputs: the list is empty");
    r->outputs = (r->wanted[OUT_DEPTH] ? (uint32_t)HL_RASTER_DEPTH : 0u) |
                 (r->wanted[OUT_NORMAL] ? (uint32_t)HL_RASTER_NORMAL : 0u);
    return HL_OK;
}

/* One output of a frame as numbers. */
static hl_status output_numbers(const rendering *r, int output, const hl_raster_frame *frame,
                                hl_image *out)
{
    static const hl_gbuffer_map maps[] = {HL_GBUFFER_SURFACE_DEPTH, HL_GBUFFER_ALBEDO,
                                          HL_GBUFFER_ROUGHNESS, HL_GBUFFER_METAL};
    if (output >= OUT_SURFACE)
        return hl_gbuffer_read(frame, r->drawn, maps[output - OUT_SURFACE], out);
    if (output == OUT_DEPTH)
        return hl_scene_depth(frame, out);
    return output == OUT_NORMAL ? hl_scene_normal(frame, out) : hl_scene_alpha(frame, out);
}

/* Linear to sRGB, in place, then to 8 bits. */
static hl_status albedo_picture(hl_image *albedo, hl_image8 *out)
{
    const size_t n = 3 * (size_t)albedo->width * (size_t)albedo->height;
    for (size_t i = 0; i < n; i++)
        albedo->data[i] = hl_srgb_from_linear(albedo->data[i]);
    return hl_image8_from_float(out, albedo);
}

static hl_status output_picture(rendering *r, int output, const hl_raster_frame *frame,
                                hl_image8 *out)
{
    if (output == OUT_COLOR)
        return r->device ? hl_renderer_read(r->device, out) : hl_scene_color(frame, out);
    hl_image numbers;
    HL_TRY(output_numbers(r, output, frame, &numbers));
    hl_status s = HL_OK;
    const bool is_depth = output == OUT_DEPTH || output == OUT_SURFACE;
    if (is_depth && !(r->near < r->far)) /* one scale for all frames */
        s = hl_sheet_depth_range(&numbers, &r->near, &r->far);
    if (s == HL_OK && is_depth)
        s = hl_sheet_depth(out, &numbers, r->near, r->far);
    else if (s == HL_OK && output == OUT_ALBEDO)
        s = albedo_picture(&numbers, out);
    else if (s == HL_OK)
        s = output == OUT_NORMAL ? hl_sheet_normal(out, &numbers, NULL)
                                 : hl_sheet_grey(out, &numbers);
    hl_image_release(&numbers);
    return s;
}

static hl_status save_output(rendering *r, int output, int32_t k, const hl_raster_frame *frame)
{
    char path[HL_SCENE_PATH_MAX], name[64];
    const bool numbers = r->o->exr && output != OUT_COLOR;
    snprintf(name, sizeof name, "%s%s%05d.%s", r->wanted_count > 1 ? output_names[output] : "",
             r->wanted_count > 1 ? "/" : "", k, numbers ? "exr" : "png");
    HL_TRY(hl_path_join(path, sizeof path, r->folder, name));
    if (numbers) {
        hl_image image;
        HL_TRY(output_numbers(r, output, frame, &image));
        const hl_status s = hl_image_save(&image, path);
        hl_image_release(&image);
        return s;
    }
    hl_image8 image;
    HL_TRY(output_picture(r, output, frame, &image));
    const hl_status s = hl_image8_save(&image, path);
    hl_image8_release(&image);
    return s;
}

/* ---- where to ----------------------------------------------------------------------------- */

static hl_status open_target(rendering *r)
{
    const char *out = r->o->out;
    r->to_video = hl_path_has_extension(out, "mp4");
    r->to_sheet = hl_path_has_extension(out, "png");
    if ((r->to_video || r->to_sheet) && (r->wanted_count > 1 || r->o->exr))
        return hl_fail(HL_E_ARG, "%s: holds pictures of one output; give a folder for more", out);
    if (r->to_sheet && r->count > SHEET_FRAMES_MAX)
        return hl_fail(HL_E_ARG, "%s: a sheet holds %d pictures, not %d; give --frames", out,
                       (int)SHEET_FRAMES_MAX, r->count);
    if (r->to_sheet) {
        r->cells = hl_alloc((size_t)r->count, sizeof *r->cells);
        return r->cells ? HL_OK : HL_E_MEMORY;
    }
    snprintf(r->folder, sizeof r->folder, "%s", out);
    if (r->to_video && hl_video_available())
        return hl_video_open(&r->video, out, r->views[0].width, r->views[0].height, r->fps);
    if (r->to_video) { /* pictures beside it, and how to make the video of them */
        r->to_video = false;
        r->folder[strlen(out) - 4] = '\0';
        hl_log(HL_LOG_WARN,
               "ffmpeg is not on the PATH; to make the video: ffmpeg -framerate %g -i %s/%%05d.png "
               "-pix_fmt yuv420p %s",
               r->fps, r->folder, out);
    }
    HL_TRY(hl_file_make_folder(r->folder));
    for (int k = 0; k < OUTPUTS && r->wanted_count > 1; k++) {
        char path[HL_SCENE_PATH_MAX];
        HL_TRY(hl_path_join(path, sizeof path, r->folder, output_names[k]));
        if (r->wanted[k])
            HL_TRY(hl_file_make_folder(path));
    }
    return HL_OK;
}

static hl_status deliver(rendering *r, int32_t k, const hl_raster_frame *frame)
{
    for (int output = 0; output < OUTPUTS; output++) {
        if (!r->wanted[output])
            continue;
        if (r->to_sheet) {
            HL_TRY(output_picture(r, output, frame, &r->cells[k]));
        } else if (r->to_video) {
            hl_image8 image;
            HL_TRY(output_picture(r, output, frame, &image));
            const hl_status s = hl_video_write(&r->video, &image);
            hl_image8_release(&image);
            HL_TRY(s);
        } else {
            HL_TRY(save_output(r, output, k, frame));
        }
    }
    return HL_OK;
}

static hl_status save_sheet(rendering *r)
{
    const int32_t columns = r->count < 8 ? r->count : 8, count = (r->count + columns - 1) / columns;
    hl_sheet_cell cells[SHEET_FRAMES_MAX + 8] = {{NULL, NULL}};
    for (int32_t i = 0; i < r->count; i++)
        cells[i].image = &r->cells[i];
    const int32_t w = r->views[0].width, h = r->views[0].height, side = w > h ? w : h;
    const double scale = side > 256 ? 256.0 / side : 1;
    hl_image8 sheet;
    HL_TRY(hl_sheet_build(&sheet, cells, count, columns, (int32_t)fmax(8, w * scale),
                          (int32_t)fmax(8, h * scale)));
    const hl_status s = hl_image8_save(&sheet, r->o->out);
    hl_image8_release(&sheet);
    return s;
}

static hl_status close_target(rendering *r)
{
    if (r->to_sheet)
        return save_sheet(r);
    return r->to_video ? hl_video_close(&r->video) : HL_OK;
}

/* ---- command ------------------------------------------------------------------------------ */

static hl_status report(const rendering *r)
{
    const char *out = r->to_video || r->to_sheet ? r->o->out : r->folder;
    const double ms = 1000 * r->seconds / r->count;
    if (r->o->common.json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.render/1");
        hl_json_add_text(root, "out", out);
        hl_json_add_text(root, "model", r->scene.file);
        hl_json_add_number(root, "frames", r->count);
        hl_json_add_number(root, "width", r->views[0].width);
        hl_json_add_number(root, "height", r->views[0].height);
        hl_json_add_number(root, "render_ms", ms);
        return hl_command_print_json(&root);
    }
    printf("%s: %d pictures of %d x %d, %.1f ms each in the rasterizer\n", out, r->count,
           r->views[0].width, r->views[0].height, ms);
    return HL_OK;
}

/* --backend vulkan: the splats go to the device once. */
static hl_status open_device(rendering *r)
{
    if (r->wanted_count > 1 || !r->wanted[OUT_COLOR])
        return hl_fail(HL_E_ARG, "--backend vulkan draws the output color only");
    HL_TRY(hl_renderer_create(&r->device, &(hl_renderer_params){.path = HL_RASTER_QUADS}));
    return hl_renderer_set_splats(r->device, &r->scene.splats);
}

static hl_status draw_on_device(rendering *r, int32_t k)
{
    const float *b = r->scene.background;
    const hl_look look = {.background = {b[0], b[1], b[2]},
                          .sh_degree = r->scene.splats.sh_degree,
                          .splat_scale = 1,
                          .antialiased = r->scene.splats.antialiased};
    return hl_renderer_draw(r->device, &r->views[k], &look);
}

static hl_status draw(rendering *r, int32_t k, hl_raster_frame *frame)
{
    hl_scene *s = &r->scene;
    r->drawn = &r->views[k];
    if (!r->deferred)
        return hl_scene_render(s, r->drawn, r->outputs, frame);
    const float *b = s->background;
    const hl_gbuffer_options o = {.sh_degree = s->splats.sh_degree,
                                  .background = {b[0], b[1], b[2]},
                                  .materials = r->materials};
    return hl_gbuffer_forward(s->raster, &s->splats, r->drawn, &o, frame);
}

static hl_status render_all(rendering *r)
{
    for (int32_t k = 0; k < r->count; k++) {
        hl_raster_frame frame;
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "stopped after %d of %d pictures", k, r->count);
        const double start = hl_wall_seconds();
        if (r->device)
            HL_TRY(draw_on_device(r, k));
        else
            HL_TRY(draw(r, k, &frame));
        r->seconds += hl_wall_seconds() - start;
        HL_TRY(deliver(r, k, &frame));
        hl_log_progress(&(hl_progress){.stage = "render",
                                       .done = k + 1,
                                       .total = r->count,
                                       .loss = nan(""),
                                       .splats = -1,
                                       .next_save = -1});
    }
    return close_target(r);
}

static hl_status render(rendering *r)
{
    const render_options *o = r->o;
    const bool from_views = !o->camera_path && o->path == PATH_VIEWS;
    const hl_scene_options so = {.path = o->scene,
                                 .backend = hl_command_backend(&o->common),
                                 .data = o->data,
                                 .iteration = o->iteration,
                                 .max_side_px = o->max_side_px,
                                 .split_every = o->split_every,
                                 .background = o->background,
                                 .need_data = from_views};
    HL_TRY(hl_scene_open(&r->scene, &so));
    for (int k = OUT_SURFACE; k < OUTPUTS; k++)
        r->deferred = r->deferred || r->wanted[k];
    if (r->wanted[OUT_ALBEDO] || r->wanted[OUT_ROUGHNESS] || r->wanted[OUT_METAL])
        HL_TRY(hl_scene_materials(&r->scene, &r->materials));
    if (o->common.backend == HL_BACKEND_VULKAN)
        HL_TRY(open_device(r));
    r->fps = 30;
    if (from_views)
        HL_TRY(take_views(r));
    else
        HL_TRY(o->camera_path ? load_path(r) : make_path(r));
    r->fps = o->fps > 0 ? o->fps : r->fps;
    HL_TRY(open_target(r));
    HL_TRY(render_all(r));
    return report(r);
}

/* Values that the table of options cannot check. */
static hl_status check_words(rendering *r)
{
    float rgb[3];
    int32_t width, height;
    HL_TRY(parse_outputs(r));
    if (r->o->size)
        HL_TRY(parse_size(r->o->size, &width, &height));
    return r->o->background ? hl_scene_parse_color(r->o->background, rgb) : HL_OK;
}

int hl_cmd_render(int argc, char **argv)
{
    render_options o = {.common = HL_COMMON_DEFAULTS, .frames = 120, .outputs = "color"};
    rendering r = {.o = &o};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    const hl_status words = check_words(&r);
    if (words != HL_OK) {
        hl_command_end(&spec, words);
        return HL_EXIT_USAGE;
    }
    const hl_status s = render(&r);
    const bool absent = s == HL_E_BACKEND && o.common.backend == HL_BACKEND_VULKAN;
    hl_video_abort(&r.video);
    for (int32_t i = 0; r.cells && i < r.count; i++)
        hl_image8_release(&r.cells[i]);
    hl_free(r.cells);
    hl_free(r.views);
    hl_renderer_destroy(&r.device);
    hl_scene_close(&r.scene);
    code = hl_command_end(&spec, s);
    return absent ? HL_EXIT_ABSENT : code;
}
