/* SPDX-License-Identifier: MIT */
/* The actions of the viewer, as lines of text. */
#include "core/file.h"
#include "viewer/viewer_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS_MAX = 6 };

typedef struct words {
    double number[NUMBERS_MAX];
    const char *text; /* the rest of the line after the action */
} words;

typedef hl_status (*action_fn)(hl_viewer *v, const words *w);

#define DEGREE 0.017453292519943295

static hl_status do_orbit(hl_viewer *v, const words *w)
{
    hl_orbit_turn(&v->orbit, w->number[0] * DEGREE, w->number[1] * DEGREE);
    v->camera = -1;
    return HL_OK;
}

static hl_status do_move(hl_viewer *v, const words *w)
{
    hl_orbit_move(&v->orbit, w->number[0], w->number[1], w->number[2]);
    v->camera = -1;
    return HL_OK;
}

static hl_status do_dolly(hl_viewer *v, const words *w)
{
    if (!(w->number[0] > 0))
        return hl_fail(HL_E_ARG, "dolly: the factor must be above 0");
    hl_orbit_dolly(&v->orbit, w->number[0]);
    v->camera = -1;
    return HL_OK;
}

static hl_status do_frame(hl_viewer *v, const words *w)
{
    (void)w;
    hl_orbit_frame(&v->orbit, v->scene.low, v->scene.high, v->scene.up);
    v->camera = -1;
    return HL_OK;
}

static hl_status do_camera(hl_viewer *v, const words *w)
{
    const double n = w->number[0];
    if (!(n >= 0 && n < v->scene.camera_count))
        return hl_fail(HL_E_ARG, "camera: expected one of %d cameras, counted from 0, found %g",
                       v->scene.camera_count, n);
    const hl_viewer_camera *c = &v->scene.cameras[(int32_t)n];
    hl_orbit_stand(&v->orbit, &c->pose, c->fov_y, v->orbit.distance);
    v->camera = (int32_t)n;
    return HL_OK;
}

static hl_status do_fov(hl_viewer *v, const words *w)
{
    if (!(w->number[0] >= 1 && w->number[0] <= 170))
        return hl_fail(HL_E_ARG, "fov: expected 1 to 170 degrees");
    v->orbit.fov_y = w->number[0] * DEGREE;
    return HL_OK;
}

static hl_status do_size(hl_viewer *v, const words *w)
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

static hl_status do_background(hl_viewer *v, const words *w)
{
    for (int k = 0; k < 3; k++)
        v->look.background[k] = (float)fmin(fmax(w->number[k], 0), 1);
    return HL_OK;
}

static hl_status do_degree(hl_viewer *v, const words *w)
{
    if (!(w->number[0] >= 0 && w->number[0] <= HL_SH_DEGREE_MAX))
        return hl_fail(HL_E_ARG, "degree: expected 0 to 3");
    v->look.sh_degree = (int32_t)w->number[0];
    return HL_OK;
}

static hl_status do_scale(hl_viewer *v, const words *w)
{
    if (!(w->number[0] >= 0.01 && w->number[0] <= 10))
        return hl_fail(HL_E_ARG, "scale: expected 0.01 to 10");
    v->look.splat_scale = (float)w->number[0];
    return HL_OK;
}

static hl_status do_antialias(hl_viewer *v, const words *w)
{
    v->look.antialiased = w->number[0] != 0;
    return HL_OK;
}

/* Index of a word among the names of an enumeration. */
static hl_status find_word(const char *action, const char *word, const char *const *names,
                           int count, int *out)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0) {
            *out = i;
            return HL_OK;
        }
    return hl_fail(HL_E_ARG, "%s: \"%.40s\" is none of %s, %s, ...", action, word, names[0],
                   names[1]);
}

static hl_status do_show(hl_viewer *v, const words *w)
{
    const char *names[HL_SHOW_COUNT];
    int found = 0;
    for (int i = 0; i < HL_SHOW_COUNT; i++)
        names[i] = hl_show_name((hl_show)i);
    HL_TRY(find_word("show", w->text, names, HL_SHOW_COUNT, &found));
    v->look.show = (hl_show)found;
    return HL_OK;
}

static hl_status do_tone(hl_viewer *v, const words *w)
{
    static const char *const names[] = {"none", "reinhard", "aces", "neutral"};
    int found = 0;
    HL_TRY(find_word("tone", w->text, names, 4, &found));
    v->look.tone = (hl_tone)found;
    return HL_OK;
}

static hl_status do_environment(hl_viewer *v, const words *w)
{
    hl_environment env;
    HL_TRY(hl_environment_load(&env, w->text));
    const hl_status s = hl_renderer_set_environment(v->renderer, &env);
    hl_environment_release(&env);
    if (s == HL_OK) {
        snprintf(v->environment, sizeof v->environment, "%s", hl_path_name(w->text));
        v->look.show = HL_SHOW_LIT;
    }
    return s;
}

static hl_status do_turn(hl_viewer *v, const words *w)
{
    v->look.turn = (float)remainder(w->number[0], 360);
    return HL_OK;
}

static hl_status do_exposure(hl_viewer *v, const words *w)
{
    if (!(w->number[0] >= -20 && w->number[0] <= 20))
        return hl_fail(HL_E_ARG, "exposure: expected -20 to 20 stops");
    v->look.exposure = (float)w->number[0];
    return HL_OK;
}

static hl_status do_sky(hl_viewer *v, const words *w)
{
    v->look.sky = w->number[0] != 0;
    return HL_OK;
}

static hl_status do_material(hl_viewer *v, const words *w)
{
    v->look.roughness = (float)fmin(fmax(w->number[0], 0), 1);
    v->look.metal = (float)fmin(fmax(w->number[1], 0), 1);
    return HL_OK;
}

static hl_status do_sun(hl_viewer *v, const words *w)
{
    const double *d = w->number, n = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    if (!(n > 0 && n < 1e30))
        return hl_fail(HL_E_ARG, "sun: the direction has no length");
    for (int k = 0; k < 3; k++) {
        v->look.sun[k] = (float)(d[k] / n);
        v->look.sun_color[k] = (float)fmin(fmax(d[3 + k], 0), 1e6);
    }
    return HL_OK;
}

static hl_status do_panels(hl_viewer *v, const words *w)
{
    v->panels = w->number[0] != 0;
    return HL_OK;
}

static hl_status do_help(hl_viewer *v, const words *w)
{
    v->help = w->number[0] != 0;
    return HL_OK;
}

static hl_status do_open(hl_viewer *v, const words *w)
{
    hl_viewer_scene scene = v->scene;
    if (hl_path_has_extension(w->text, "hdr") || hl_path_has_extension(w->text, "exr"))
        return do_environment(v, w);
    if (!v->params->open)
        return hl_fail(HL_E_ARG, "open: this viewer opens nothing else");
    HL_TRY(v->params->open(v->params->ctx, w->text, &scene));
    return hl_viewer_show(v, &scene);
}

static hl_status do_screenshot(hl_viewer *v, const words *w)
{
    hl_image8 picture;
    HL_TRY(hl_viewer_draw(v));
    HL_TRY(hl_renderer_read(v->renderer, &picture));
    const hl_status s = hl_image8_save(&picture, w->text);
    hl_image8_release(&picture);
    return s;
}

static hl_status do_grab(hl_viewer *v, const words *w)
{
    if (!v->window)
        return hl_fail(HL_E_ARG, "grab: there is no window");
    snprintf(v->grab, sizeof v->grab, "%s", w->text);
    v->wait = 2; /* the next frame is saved; a script goes on after it */
    return HL_OK;
}

static hl_status do_wait(hl_viewer *v, const words *w)
{
    v->wait = (int32_t)fmin(fmax(w->number[0], 0), 1e6);
    return HL_OK;
}

static hl_status do_quit(hl_viewer *v, const words *w)
{
    (void)w;
    v->quit = true;
    return HL_OK;
}

static const struct {
    const char *name;
    int numbers; /* -1: the rest of the line is text */
    action_fn run;
} actions[] = {{"orbit", 2, do_orbit},
               {"move", 3, do_move},
               {"dolly", 1, do_dolly},
               {"frame", 0, do_frame},
               {"camera", 1, do_camera},
               {"fov", 1, do_fov},
               {"size", 2, do_size},
               {"background", 3, do_background},
               {"degree", 1, do_degree},
               {"scale", 1, do_scale},
               {"antialias", 1, do_antialias},
               {"show", -1, do_show},
               {"environment", -1, do_environment},
               {"turn", 1, do_turn},
               {"exposure", 1, do_exposure},
               {"tone", -1, do_tone},
               {"sky", 1, do_sky},
               {"material", 2, do_material},
               {"sun", 6, do_sun},
               {"panels", 1, do_panels},
               {"help", 1, do_help},
               {"open", -1, do_open},
               {"screenshot", -1, do_screenshot},
               {"grab", -1, do_grab},
               {"wait", 1, do_wait},
               {"quit", 0, do_quit}};

const char *hl_viewer_help(void)
{
    return "actions of a script, one a line; # starts a comment:\n"
           "  orbit YAW PITCH        turn around the target, degrees\n"
           "  move RIGHT DOWN AHEAD  by parts of the distance\n"
           "  dolly FACTOR           multiply the distance\n"
           "  frame                  all of the scene in the picture\n"
           "  camera N               stand where photo N was taken\n"
           "  fov DEGREES            vertical field of view\n"
           "  size W H               pixels of the picture\n"
           "  background R G B       behind the splats, 0 to 1\n"
           "  degree N               bands of colour shown, 0 to 3\n"
           "  scale S                size of the splats, 0.01 to 10\n"
           "  antialias 0|1          as scenes trained with --antialiased want\n"
           "  show WHAT              color, lit, albedo, normal, roughness, metal, depth, alpha\n"
           "                         or light: lit, all of it grey\n"
           "  environment FILE       a .hdr or .exr that lights the scene; shows it lit\n"
           "  turn DEGREES           the environment around the up axis\n"
           "  exposure STOPS         of the lit picture\n"
           "  tone CURVE             none, reinhard, aces, neutral\n"
           "  sky 0|1                the environment behind the scene\n"
           "  material R M           roughness and metal of splats that have none, 0 to 1\n"
           "  sun X Y Z R G B        a light from direction X Y Z\n"
           "  panels 0|1, help 0|1   what lies over the picture\n"
           "  open FILE              as if dropped on the window\n"
           "  screenshot FILE        the picture, as png or jpg\n"
           "  grab FILE              what the window shows\n"
           "  wait FRAMES            let the window run\n"
           "  quit";
}

/* Reads the numbers of an action; there must be neither more nor fewer. */
static hl_status read_numbers(const char *name, int count, words *w)
{
    const char *at = w->text;
    for (int i = 0; i < count; i++) {
        char *end;
        w->number[i] = strtod(at, &end);
        if (end == at || !isfinite(w->number[i]))
            return hl_fail(HL_E_ARG, "%s: expected %d numbers, found \"%s\"", name, count, w->text);
        at = end;
    }
    if (at[strspn(at, " ")])
        return hl_fail(HL_E_ARG, "%s: expected %d numbers, found \"%s\"", name, count, w->text);
    return HL_OK;
}

hl_status hl_viewer_do(hl_viewer *viewer, const char *line)
{
    const size_t length = strcspn(line, " ");
    words w = {.text = line + length + strspn(line + length, " ")};
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strlen(actions[i].name) != length || strncmp(actions[i].name, line, length) != 0)
            continue;
        if (actions[i].numbers >= 0)
            HL_TRY(read_numbers(actions[i].name, actions[i].numbers, &w));
        else if (!*w.text)
            return hl_fail(HL_E_ARG, "%s: expected the name of a file", actions[i].name);
        viewer->dirty = true;
        return actions[i].run(viewer, &w);
    }
    return hl_fail(HL_E_ARG, "\"%.40s\" is no action of the viewer", line);
}
