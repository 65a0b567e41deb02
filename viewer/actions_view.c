/* SPDX-License-Identifier: MIT */
/* Actions of the camera and of the look. */
#include "core/file.h"
#include "viewer/actions.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEGREE 0.017453292519943295

static hl_status do_orbit(hl_viewer *v, const hl_action_words *w)
{
    hl_orbit_turn(&v->orbit, w->number[0] * DEGREE, w->number[1] * DEGREE);
    v->camera = -1;
    return HL_OK;
}

static hl_status do_move(hl_viewer *v, const hl_action_words *w)
{
    hl_orbit_move(&v->orbit, w->number[0], w->number[1], w->number[2]);
    v->camera = -1;
    return HL_OK;
}

static hl_status do_dolly(hl_viewer *v, const hl_action_words *w)
{
    if (!(w->number[0] > 0))
        return hl_fail(HL_E_ARG, "dolly: the factor must be above 0");
    hl_orbit_dolly(&v->orbit, w->number[0]);
    v->camera = -1;
    return HL_OK;
}

static hl_status do_frame(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    hl_orbit_frame(&v->orbit, v->scene.low, v->scene.high, v->scene.up);
    v->camera = -1;
    return HL_OK;
}

static hl_status do_camera(hl_viewer *v, const hl_action_words *w)
{
    const double n = w->number[0];
    if (!(n >= 0 && n < v->scene.camera_count))
        return hl_fail(HL_E_ARG, "camera: expected one of %d cameras, counted from 0, found %g",
                       v->scene.camera_count, n);
    const hl_viewer_camera *c = &v->scene.cameras[(int32_t)n];
    hl_orbit_stand(&v->orbit, &c->pose, c->fov_y, v->orbit.distance);
    v->camera = (int32_t)n;
    return v->compare.wipe > 0 ? hl_compare_wipe(v, v->compare.wipe) : HL_OK;
}

static hl_status do_wipe(hl_viewer *v, const hl_action_words *w)
{
    if (!(w->number[0] >= 0 && w->number[0] <= 1))
        return hl_fail(HL_E_ARG, "wipe: expected a part of the width, 0 to 1");
    return hl_compare_wipe(v, w->number[0]);
}

static hl_status do_fov(hl_viewer *v, const hl_action_words *w)
{
    if (!(w->number[0] >= 1 && w->number[0] <= 170))
        return hl_fail(HL_E_ARG, "fov: expected 1 to 170 degrees");
    v->orbit.fov_y = w->number[0] * DEGREE;
    return HL_OK;
}

static hl_status do_size(hl_viewer *v, const hl_action_words *w)
{
    const double x = w->number[0], y = w->number[1];
    if (!(x >= 1 && x <= 16384 && y >= 1 && y <= 16384))
        return hl_fail(HL_E_ARG, "size: expected sides of 1 to 16384 pixels");
    v->width = (int32_t)x;
    v->height = (int32_t)y;
    if (v->window)
        hl_window_resize(v->window, v->width, v->height);
    return HL_OK;
}

static hl_status do_background(hl_viewer *v, const hl_action_words *w)
{
    for (int k = 0; k < 3; k++)
        v->look.background[k] = (float)fmin(fmax(w->number[k], 0), 1);
    return HL_OK;
}

static hl_status do_degree(hl_viewer *v, const hl_action_words *w)
{
    if (!(w->number[0] >= 0 && w->number[0] <= HL_SH_DEGREE_MAX))
        return hl_fail(HL_E_ARG, "degree: expected 0 to 3");
    v->look.sh_degree = (int32_t)w->number[0];
    return HL_OK;
}

static hl_status do_scale(hl_viewer *v, const hl_action_words *w)
{
    if (!(w->number[0] >= 0.01 && w->number[0] <= 10))
        return hl_fail(HL_E_ARG, "scale: expected 0.01 to 10");
    v->look.splat_scale = (float)w->number[0];
    return HL_OK;
}

static hl_status do_antialias(hl_viewer *v, const hl_action_words *w)
{
    v->look.antialiased = w->number[0] != 0;
    return HL_OK;
}

static hl_status do_show(hl_viewer *v, const hl_action_words *w)
{
    const char *names[HL_SHOW_COUNT];
    int found = 0;
    for (int i = 0; i < HL_SHOW_COUNT; i++)
        names[i] = hl_show_name((hl_show)i);
    HL_TRY(hl_action_word("show", w->text, names, HL_SHOW_COUNT, &found));
    v->look.show = (hl_show)found;
    return HL_OK;
}

static hl_status do_settle(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    HL_TRY(hl_viewer_draw(v)); /* asks for it */
    hl_renderer_settle(v->renderer);
    v->dirty = true;
    return HL_OK;
}

static hl_status do_panels(hl_viewer *v, const hl_action_words *w)
{
    v->panels = w->number[0] != 0;
    return HL_OK;
}

static hl_status do_help(hl_viewer *v, const hl_action_words *w)
{
    v->help = w->number[0] != 0;
    return HL_OK;
}

static hl_status do_grid(hl_viewer *v, const hl_action_words *w)
{
    v->grid = w->number[0] != 0;
    return HL_OK;
}

static hl_status do_tool(hl_viewer *v, const hl_action_words *w)
{
    static const char *const names[] = {"camera", "click", "box", "brush"};
    int found = 0;
    HL_TRY(hl_action_word("tool", w->text, names, 4, &found));
    v->tool = (hl_tool)found;
    return HL_OK;
}

static hl_status do_folder(hl_viewer *v, const hl_action_words *w)
{
    char place[HL_PLACE_BYTES], whole[PATH_MAX];
    HL_TRY(hl_name_place(place, v->folder, w->text));
    HL_TRY(hl_name_check_folder(place));
    if (!realpath(place, whole) || strlen(whole) >= sizeof v->folder)
        return hl_fail(HL_E_IO, "%s: cannot be entered", place);
    snprintf(v->folder, sizeof v->folder, "%s", whole);
    return HL_OK;
}

static hl_status do_open(hl_viewer *v, const hl_action_words *w)
{
    hl_viewer_scene scene = v->scene;
    char path[HL_PLACE_BYTES];
    HL_TRY(hl_name_place(path, v->folder, w->text));
    if (hl_path_has_extension(path, "hdr") || hl_path_has_extension(path, "exr"))
        return hl_viewer_environment(v, path);
    if (!v->params->open)
        return hl_fail(HL_E_ARG, "open: this viewer opens nothing else");
    HL_TRY(v->params->open(v->params->ctx, path, &scene));
    return hl_viewer_show(v, &scene);
}

/* What is shown, as numbers. */
static hl_status save_numbers(hl_viewer *v, const char *path)
{
    hl_raster_view view;
    hl_image numbers;
    HL_TRY(hl_orbit_view(&v->orbit, v->width, v->height, &view));
    hl_viewer_prepare(v);
    HL_TRY(hl_renderer_numbers(v->renderer, &view, &v->look, &numbers));
    const hl_status s = hl_image_save(&numbers, path);
    hl_image_release(&numbers);
    return s;
}

static hl_status save_shown(hl_viewer *v, const char *path)
{
    hl_image8 picture;
    if (hl_path_has_extension(path, "exr"))
        return save_numbers(v, path);
    HL_TRY(hl_viewer_draw(v));
    HL_TRY(hl_viewer_picture(v, &picture));
    const hl_status s = hl_image8_save(&picture, path);
    hl_image8_release(&picture);
    return s;
}

static hl_status do_screenshot(hl_viewer *v, const hl_action_words *w)
{
    char path[HL_PLACE_BYTES];
    HL_TRY(hl_action_target(v, w->text, path));
    return save_shown(v, path);
}

static hl_status do_screenshot_new(hl_viewer *v, const hl_action_words *w)
{
    char path[HL_PLACE_BYTES];
    HL_TRY(hl_action_target(v, w->text, path));
    HL_TRY(hl_name_free(v->written, path));
    return save_shown(v, v->written);
}

static hl_status do_grab(hl_viewer *v, const hl_action_words *w)
{
    if (!v->window)
        return hl_fail(HL_E_ARG, "grab: there is no window");
    HL_TRY(hl_action_target(v, w->text, v->grab));
    v->wait = 2; /* the next frame is saved; a script goes on after it */
    return HL_OK;
}

static hl_status do_wait(hl_viewer *v, const hl_action_words *w)
{
    v->wait = (int32_t)fmin(fmax(w->number[0], 0), 1e6);
    return HL_OK;
}

static hl_status do_follow(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    v->following = v->params->refresh != NULL;
    return HL_OK;
}

static hl_status do_quit(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    v->quit = true;
    return HL_OK;
}

static const hl_action rows[] = {
    {"orbit", 2, do_orbit, "YAW PITCH", "turn around the target, degrees"},
    {"move", 3, do_move, "RIGHT DOWN AHEAD", "by parts of the distance"},
    {"dolly", 1, do_dolly, "FACTOR", "multiply the distance"},
    {"frame", 0, do_frame, "", "all of the scene in the picture"},
    {"camera", 1, do_camera, "N", "stand where photo N was taken"},
    {"wipe", 1, do_wipe, "PART", "the photo over the left part of the picture, 0 to 1"},
    {"fov", 1, do_fov, "DEGREES", "vertical field of view"},
    {"size", 2, do_size, "W H", "pixels of the picture"},
    {"background", 3, do_background, "R G B", "behind the splats, 0 to 1"},
    {"degree", 1, do_degree, "N", "bands of colour shown, 0 to 3"},
    {"scale", 1, do_scale, "S", "size of the splats, 0.01 to 10"},
    {"antialias", 1, do_antialias, "0|1", "as scenes trained with --antialiased want"},
    {"show", HL_ACTION_TEXT, do_show, "WHAT",
     "color, lit, albedo, normal, roughness, metal, depth, alpha,\n"
     "light: lit, all of it grey; direct and indirect: the two parts of lit"},
    {"settle", 0, do_settle, "", "wait for the light that is solved beside the pictures"},
    {"panels", 1, do_panels, "0|1", "the panels over the picture"},
    {"help", 1, do_help, "0|1", "the keys over the picture"},
    {"grid", 1, do_grid, "0|1", "ground, axes and cameras over the picture"},
    {"tool", HL_ACTION_TEXT, do_tool, "NAME",
     "what the left button does: camera, click, box, brush"},
    {"folder", HL_ACTION_TEXT, do_folder, "PATH",
     "where files are from now on that are written, opened or\n"
     "loaded by a name that says no place"},
    {"open", HL_ACTION_TEXT, do_open, "FILE", "as if dropped on the window"},
    {"screenshot", HL_ACTION_TEXT, do_screenshot, "FILE",
     "the picture, as png or jpg; what is shown, linear, as exr"},
    {"screenshot-new", HL_ACTION_TEXT, do_screenshot_new, "FILE",
     "the same; where FILE is there, to FILE-2, FILE-3, ..."},
    {"grab", HL_ACTION_TEXT, do_grab, "FILE", "what the window shows"},
    {"wait", 1, do_wait, "FRAMES", "let the window run"},
    {"follow", 0, do_follow, "", "wait for training to show something new, or to end"},
    {"quit", 0, do_quit, "", "close the viewer"}};

hl_action_table hl_actions_view(void)
{
    return (hl_action_table){rows, sizeof rows / sizeof rows[0]};
}
