/* SPDX-License-Identifier: MIT */
#include "viewer/viewer.h"

#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/timer.h"
#include "viewer/viewer_state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define REST_SECONDS       0.05    /* a still window looks for events this often */
#define CALM_FRAMES        4       /* drawn after the last thing that happened   */
#define STILL_SECONDS      0.15    /* after a move: then in full size            */
#define SLOW_MS            40      /* a full picture takes longer: half the size */
#define VERY_SLOW_MS       130     /*                         : a quarter       */
#define FOLLOW_NANOSECONDS 5000000 /* and a script for a scene that changes     */

/* Read where it is there (package fonts-dejavu-core); the built-in letters do as well. */
#define FONT "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

hl_status hl_viewer_show(hl_viewer *viewer, const hl_viewer_scene *scene)
{
    const bool same = viewer->edits.now && viewer->scene.splats == scene->splats;
    HL_TRY(hl_renderer_set_mesh(viewer->renderer, scene->mesh));
    HL_TRY(hl_renderer_set_stand_in(viewer->renderer, scene->stand_in));
    hl_renderer_set_materials(viewer->renderer, scene->materials, scene->splats->count);
    if (!same)
        HL_TRY(hl_edits_reset(&viewer->edits, scene->splats->count));
    const bool light = scene->mesh || (scene->environment && viewer->renderer->vk);
    if (light && viewer->look.show == HL_SHOW_COLOR)
        viewer->look.show = HL_SHOW_LIT;
    viewer->scene_light = scene->environment != NULL;
    viewer->scene = *scene;
    viewer->playing = false;
    hl_compare_release(&viewer->compare);
    HL_TRY(hl_viewer_edited(viewer));
    viewer->camera = -1;
    viewer->dirty = true;
    memcpy(viewer->look.background, scene->background, sizeof scene->background);
    viewer->look.antialiased = scene->splats->antialiased;
    if (scene->stand_in)
        viewer->look.hybrid = scene->hybrid;
    memcpy(viewer->crop, scene->low, sizeof scene->low);
    memcpy(viewer->crop + 3, scene->high, sizeof scene->high);
    viewer->crop_shown = false;
    hl_orbit_frame(&viewer->orbit, scene->low, scene->high, scene->up);
    for (int k = 0; k < 3; k++)
        viewer->look.up[k] = (float)viewer->orbit.up[k];
    return scene->camera_count ? hl_viewer_do(viewer, "camera 0") : HL_OK;
}

/* Lamps and keys outlive the splats that they were made beside. */
static hl_status keep_lamps_and_keys(hl_viewer *v, int32_t splat_count)
{
    hl_edits fresh = {.now = NULL};
    HL_TRY(hl_edits_reset(&fresh, splat_count));
    const hl_edit_state *old = v->edits.now;
    fresh.now->light_count = old->light_count;
    fresh.now->key_count = old->key_count;
    memcpy(fresh.now->lights, old->lights, sizeof old->lights);
    memcpy(fresh.now->keys, old->keys, sizeof old->keys);
    hl_edits_release(&v->edits);
    v->edits = fresh;
    return HL_OK;
}

hl_status hl_viewer_refresh(hl_viewer *viewer, bool *ended)
{
    hl_viewer *v = viewer;
    hl_viewer_scene scene = v->scene;
    *ended = !v->params->refresh;
    if (*ended)
        return HL_OK;
    const hl_viewer_news news = v->params->refresh(v->params->ctx, &scene);
    *ended = news == HL_VIEWER_NO_MORE;
    if (news != HL_VIEWER_NEW_SPLATS)
        return HL_OK;
    HL_TRY(keep_lamps_and_keys(v, scene.splats->count));
    v->scene = scene;
    v->following = v->hovered = false;
    v->compare.camera = -1; /* measured anew */
    HL_TRY(hl_viewer_edited(v));
    return v->compare.wipe > 0 ? hl_compare_wipe(v, v->compare.wipe) : HL_OK;
}

void hl_viewer_prepare(hl_viewer *viewer)
{
    viewer->look.depth_half = (float)viewer->orbit.distance;
    viewer->look.light_count = viewer->edits.now->light_count;
    memcpy(viewer->look.lights, viewer->edits.now->lights, sizeof viewer->look.lights);
}

/* The environment that came with the scene, when light is first looked at.  Its axes are the
 * world's. */
static hl_status light_of_scene(hl_viewer *v)
{
    static const float z[3] = {0, 0, 1};
    if (!v->scene_light || !hl_show_is_lit(v->look.show))
        return HL_OK;
    v->scene_light = false;
    memcpy(v->look.up, z, sizeof z);
    return hl_renderer_set_environment(v->renderer, v->scene.environment);
}

hl_status hl_viewer_draw(hl_viewer *viewer)
{
    hl_raster_view view;
    const int32_t part = viewer->part > 1 ? viewer->part : 1;
    if (!viewer->dirty && viewer->part_drawn <= part)
        return HL_OK;
    const int32_t width = (viewer->width + part - 1) / part;
    HL_TRY(hl_orbit_view(&viewer->orbit, width, (viewer->height + part - 1) / part, &view));
    HL_TRY(light_of_scene(viewer));
    hl_viewer_prepare(viewer);
    HL_TRY(hl_renderer_draw(viewer->renderer, &view, &viewer->look));
    viewer->dirty = false;
    viewer->part_drawn = part;
    viewer->report.small += part > 1;
    if (part == 1)
        viewer->full_ms = viewer->renderer->draw_ms;
    if (viewer->report.frames++ == 0)
        viewer->report.first_ms = 1000 * (hl_wall_seconds() - viewer->start);
    return HL_OK;
}

hl_status hl_viewer_picture(hl_viewer *viewer, hl_image8 *out)
{
    HL_TRY(hl_renderer_read(viewer->renderer, out));
    const hl_status s = hl_compare_cover(viewer, out);
    if (s != HL_OK)
        hl_image8_release(out);
    return s;
}

/* ---- script -------------------------------------------------------------------------------- */

typedef struct script {
    hl_file_map map;
    size_t at;
    int32_t line;
} script;

/* Does actions until one lets the window run, or the end; *done at the end. */
static hl_status run_script(hl_viewer *v, script *s, bool *done)
{
    while (s->at < s->map.size && v->wait == 0 && !v->following && !v->quit) {
        char line[4096 + 64];
        const char *from = (const char *)s->map.bytes + s->at;
        const char *end = memchr(from, '\n', s->map.size - s->at);
        const size_t length = end ? (size_t)(end - from) : s->map.size - s->at;
        s->at += length + 1;
        s->line++;
        if (length >= sizeof line)
            return hl_fail(HL_E_FORMAT, "%s: line %d: longer than %zu bytes", v->params->script,
                           s->line, sizeof line - 1);
        memcpy(line, from, length);
        line[length] = '\0';
        line[strcspn(line, "\r#")] = '\0';
        const size_t blank = strspn(line, " ");
        size_t last = strlen(line);
        while (last > blank && line[last - 1] == ' ')
            line[--last] = '\0';
        if (last <= blank)
            continue;
        v->report.actions++;
        const hl_status status = hl_viewer_do(v, line + blank);
        if (status != HL_OK)
            return hl_fail_context(status == HL_E_ARG ? HL_E_FORMAT : status, "%s: line %d",
                                   v->params->script, s->line);
    }
    *done = s->at >= s->map.size;
    return HL_OK;
}

/* ---- loops --------------------------------------------------------------------------------- */

static hl_status run_headless(hl_viewer *v, script *s)
{
    bool done = !v->params->script;
    while (!done && !v->quit) {
        bool ended;
        HL_TRY(hl_viewer_refresh(v, &ended));
        v->following = v->following && !ended;
        HL_TRY(run_script(v, s, &done));
        v->wait = 0;
        if (v->following)
            nanosleep(&(struct timespec){.tv_nsec = FOLLOW_NANOSECONDS}, NULL);
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "the viewer was stopped");
    }
    return hl_viewer_draw(v);
}

static hl_status open_vulkan(hl_viewer *v)
{
    const hl_renderer_params *p = &v->params->renderer;
    hl_vk_params vk = {.validate = p->validate, .device = p->device};
    VkSurfaceKHR surface;
    HL_TRY(hl_window_create(&v->window, "Heliograph", v->width, v->height, false));
    vk.extensions = hl_window_extensions(&vk.extension_count);
    HL_TRY(hl_renderer_create_on(&v->renderer, p, &vk));
    if (!v->renderer->vk)
        return hl_fail(HL_E_BACKEND, "%s", v->renderer->reason);
    HL_TRY(hl_window_surface(v->window, v->renderer->vk, &surface));
    return hl_vk_swapchain_create(v->renderer->vk, &v->swapchain, surface);
}

/* Tier T0: the processor draws, OpenGL shows. */
static hl_status open_gl(hl_viewer *v)
{
    hl_renderer_params p = v->params->renderer;
    p.path = HL_RASTER_CPU;
    HL_TRY(hl_window_create(&v->window, "Heliograph", v->width, v->height, true));
    return hl_renderer_create(&v->renderer, &p);
}

static void close_window(hl_viewer *v)
{
    if (v->renderer && v->renderer->vk && v->window && !v->gl) {
        hl_pass_ui_release(v->renderer->vk, &v->ui);
        hl_vk_buffer_release(v->renderer->vk, &v->staging);
        hl_vk_swapchain_release(v->renderer->vk, &v->swapchain);
    }
    hl_gl_destroy(&v->gl);
    if (v->ui_made)
        hl_ui_destroy();
    v->ui_made = false;
    hl_renderer_destroy(&v->renderer);
    hl_window_destroy(&v->window);
}

static hl_status open_window(hl_viewer *v)
{
    const hl_renderer_params *p = &v->params->renderer;
    char why[256];
    bool gl = false;
    hl_status s = open_vulkan(v);
    const bool named = p->path == HL_RASTER_QUADS || p->path == HL_RASTER_TILES;
    if (s == HL_E_BACKEND && !named && !p->validate && !p->device) {
        snprintf(why, sizeof why, "%s", hl_last_error());
        close_window(v);
        s = open_gl(v);
        gl = s == HL_OK;
        if (gl)
            hl_log(HL_LOG_INFO, "%s: the processor draws, OpenGL shows", why);
    }
    HL_TRY(s);
    v->scale = hl_window_scale(v->window);
    v->ui_made = hl_ui_create(v->scale, FONT);
    if (!v->ui_made)
        return hl_fail(HL_E_MEMORY, "no memory for the panels");
    hl_ui_clipboard(hl_window_paste, hl_window_copy, v->window);
    return gl ? hl_gl_create(&v->gl, v->window)
              : hl_pass_ui_create(v->renderer->vk, &v->ui, v->swapchain.format);
}

static void play(hl_viewer *v, double seconds)
{
    const hl_edit_state *s = v->edits.now;
    const double end = hl_camera_keys_seconds(s->keys, s->key_count);
    hl_viewer_stand_at(v, v->path_at + fmin(seconds, 0.25));
    v->playing = s->key_count > 0 && v->path_at < end;
}

/* A hand that does anything. */
static bool is_busy(const hl_window_input *in)
{
    bool busy = in->key_count || in->typed_count || in->drop_count || in->wheel != 0 ||
                in->move_x != 0 || in->move_y != 0 || in->button[0] || in->button[1] ||
                in->button[2] || in->exposed;
    for (size_t i = 0; i < sizeof in->held / sizeof in->held[0]; i++)
        busy = busy || in->held[i];
    return busy;
}

/* While the view is moved, pictures that take long are drawn small; at rest in full. */
static int32_t part_of_size(hl_viewer *v, const hl_window_input *in)
{
    const double now = hl_wall_seconds();
    if (v->dirty && (v->playing || is_busy(in)))
        v->moved = now;
    if (v->compare.wipe > 0 || v->grab[0] || v->wait > 0 || now - v->moved > STILL_SECONDS)
        return 1;
    return v->full_ms > VERY_SLOW_MS ? 4 : (v->full_ms > SLOW_MS ? 2 : 1);
}

static hl_status window_frame(hl_viewer *v, const hl_window_input *in, double seconds)
{
    hl_ui_lists lists;
    if (in->width != v->width || in->height != v->height) {
        v->width = in->width;
        v->height = in->height;
        v->dirty = true;
    }
    if (v->width < 1 || v->height < 1)
        return HL_OK;
    const hl_ui_input ui = {.width = (float)v->width,
                            .height = (float)v->height,
                            .seconds = (float)seconds,
                            .x = (float)in->x,
                            .y = (float)in->y,
                            .wheel = (float)in->wheel,
                            .button = {in->button[0], in->button[1], in->button[2]},
                            .typed = in->typed,
                            .typed_count = in->typed_count};
    v->mouse_down = in->button[0];
    hl_ui_begin(&ui);
    hl_viewer_overlay(v, in);
    hl_viewer_panels(v);
    hl_ui_end(&lists);
    hl_viewer_input(v, in, seconds);
    if (v->playing)
        play(v, seconds);
    v->part = part_of_size(v, in);
    const hl_status s = hl_viewer_draw(v);
    v->part = 1;
    if (s == HL_E_BACKEND && v->look.show != HL_SHOW_COLOR &&
        !(v->renderer->vk && v->renderer->vk->lost)) {
        snprintf(v->message, sizeof v->message, "%s", hl_last_error());
        v->look.show = HL_SHOW_COLOR;
        return hl_viewer_draw(v);
    }
    HL_TRY(s);
    return v->gl ? hl_viewer_present_gl(v, &lists) : hl_viewer_present(v, &lists);
}

/* A window where nothing happens shows what it showed; the pixel under the mouse and the panels
 * take some frames to settle. */
static bool is_calm(hl_viewer *v, const hl_window_input *in, bool scripted)
{
    const bool moves = v->dirty || v->part_drawn > 1 || v->playing || scripted || v->wait > 0 ||
                       v->grab[0] || hl_ui_wants_keys() || in->width != v->width ||
                       in->height != v->height;
    v->calm = moves || is_busy(in) ? 0 : v->calm + 1;
    return v->calm > CALM_FRAMES;
}

static hl_status run_window(hl_viewer *v, script *s)
{
    bool done = !v->params->script;
    double last = hl_wall_seconds();
    hl_window_input in;
    while (!v->quit) {
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "the viewer was stopped");
        bool ended;
        HL_TRY(hl_viewer_refresh(v, &ended));
        v->following = v->following && !ended;
        if (!done && v->wait == 0)
            HL_TRY(run_script(v, s, &done));
        v->dirty |= hl_renderer_has_news(v->renderer);
        hl_window_poll(v->window, v->dirty || v->part_drawn > 1 || !done ? 0 : REST_SECONDS, &in);
        const double now = hl_wall_seconds();
        if (!is_calm(v, &in, !done))
            HL_TRY(window_frame(v, &in, now - last));
        last = now;
        v->quit = v->quit || in.close;
        if (v->wait > 0)
            v->wait--;
    }
    return HL_OK;
}

static void close_viewer(hl_viewer *v)
{
    v->report.psnr = v->compare.psnr;
    v->report.ssim = v->compare.ssim;
    if (v->renderer)
        hl_renderer_stats_read(v->renderer, &v->report.stats);
    close_window(v);
    hl_compare_release(&v->compare);
    hl_edits_release(&v->edits);
    hl_image8_release(&v->shown);
    hl_image8_release(&v->gl_picture);
}

hl_status hl_viewer_run(const hl_viewer_params *params, hl_viewer_report *report)
{
    script s = {.at = 0};
    hl_viewer *v = hl_alloc(1, sizeof *v);
    if (!v)
        return HL_E_MEMORY;
    *v = (hl_viewer){.params = params,
                     .look = HL_LOOK_DEFAULTS,
                     .width = params->width,
                     .height = params->height,
                     .panels = true,
                     .camera = -1,
                     .fps = 30,
                     .scale = 1,
                     .brush = 20,
                     .faint = 0.05f,
                     .start = hl_wall_seconds()};
    hl_viewer_name_files(v);
    hl_renderer_params settled = params->renderer; /* the same pictures each time */
    settled.settle = true;
    hl_status status = params->script ? hl_file_map_open(&s.map, params->script) : HL_OK;
    if (status == HL_OK)
        status = params->headless ? hl_renderer_create(&v->renderer, &settled) : open_window(v);
    if (status == HL_OK && !params->headless)
        status = hl_viewer_skies(v);
    status = status == HL_OK ? hl_viewer_show(v, &params->scene) : status;
    if (status == HL_OK)
        status = params->headless ? run_headless(v, &s) : run_window(v, &s);
    close_viewer(v);
    if (params->script)
        hl_file_map_close(&s.map);
    *report = v->report;
    hl_free(v);
    return status;
}
