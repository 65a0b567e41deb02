/* SPDX-License-Identifier: MIT */
/* Actions of the camera path: keys, times, files, and the film of it. */
#include "core/camera_path.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "viewer/actions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { AROUND = 8, MADE_KEYS = 32 };

#define MADE_SECONDS 10.0
#define SECONDS_MAX  86400.0

static hl_status need_key(const hl_viewer *v, const char *action, double n)
{
    if (!(n >= 0 && n < v->edits.now->key_count))
        return hl_fail(HL_E_ARG, "%s: expected one of %d keys, counted from 0, found %g", action,
                       v->edits.now->key_count, n);
    return HL_OK;
}

static hl_status check_seconds(const char *action, double s)
{
    if (!(s > 0 && s <= SECONDS_MAX))
        return hl_fail(HL_E_ARG, "%s: expected seconds above 0, found %g", action, s);
    return HL_OK;
}

static void stand(hl_viewer *v, const hl_pose *pose, double fov_y)
{
    hl_orbit_stand(&v->orbit, pose, fov_y, v->orbit.distance);
    v->camera = -1;
    v->dirty = true;
}

void hl_viewer_stand_at(hl_viewer *viewer, double seconds)
{
    const hl_edit_state *s = viewer->edits.now;
    hl_pose pose;
    double fov_y;
    if (!s->key_count)
        return;
    viewer->path_at = fmin(fmax(seconds, 0), hl_camera_keys_seconds(s->keys, s->key_count));
    hl_camera_keys_at(s->keys, s->key_count, viewer->path_at, &pose, &fov_y);
    stand(viewer, &pose, fov_y);
}

static hl_status do_add(hl_viewer *v, const hl_action_words *w)
{
    hl_edit_state *s = v->edits.now;
    HL_TRY(check_seconds("path-add", w->number[0]));
    if (s->key_count == HL_EDIT_KEYS)
        return hl_fail(HL_E_ARG, "path-add: the path has %d keys already", (int)HL_EDIT_KEYS);
    HL_TRY(hl_viewer_mark(v));
    hl_camera_key *key = &s->keys[s->key_count++];
    *key = (hl_camera_key){.fov_y = v->orbit.fov_y, .seconds = w->number[0]};
    hl_orbit_pose(&v->orbit, &key->pose);
    return HL_OK;
}

static hl_status do_set(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(need_key(v, "path-set", w->number[0]));
    HL_TRY(hl_viewer_mark(v));
    hl_camera_key *key = &v->edits.now->keys[(int32_t)w->number[0]];
    hl_orbit_pose(&v->orbit, &key->pose);
    key->fov_y = v->orbit.fov_y;
    return HL_OK;
}

static hl_status do_time(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(need_key(v, "path-time", w->number[0]));
    HL_TRY(check_seconds("path-time", w->number[1]));
    HL_TRY(hl_viewer_mark(v));
    v->edits.now->keys[(int32_t)w->number[0]].seconds = w->number[1];
    return HL_OK;
}

static hl_status do_remove(hl_viewer *v, const hl_action_words *w)
{
    hl_edit_state *s = v->edits.now;
    HL_TRY(need_key(v, "path-remove", w->number[0]));
    HL_TRY(hl_viewer_mark(v));
    const int32_t k = (int32_t)w->number[0];
    memmove(&s->keys[k], &s->keys[k + 1], (size_t)(s->key_count - k - 1) * sizeof s->keys[0]);
    s->key_count--;
    return HL_OK;
}

static hl_status do_clear(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    HL_TRY(hl_viewer_mark(v));
    v->edits.now->key_count = 0;
    v->playing = false;
    return HL_OK;
}

static hl_status do_go(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(need_key(v, "path-go", w->number[0]));
    const hl_camera_key *keys = v->edits.now->keys;
    v->path_at = hl_camera_keys_seconds(keys, (int32_t)w->number[0] + 1);
    stand(v, &keys[(int32_t)w->number[0]].pose, keys[(int32_t)w->number[0]].fov_y);
    return HL_OK;
}

static hl_status do_at(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(need_key(v, "path-at", 0));
    hl_viewer_stand_at(v, w->number[0]);
    return HL_OK;
}

static hl_status do_play(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(w->number[0] != 0 ? need_key(v, "path-play", 0) : HL_OK);
    const hl_edit_state *s = v->edits.now;
    v->playing = w->number[0] != 0;
    if (v->playing && v->path_at >= hl_camera_keys_seconds(s->keys, s->key_count))
        v->path_at = 0;
    return HL_OK;
}

static hl_status do_seconds(hl_viewer *v, const hl_action_words *w)
{
    hl_edit_state *s = v->edits.now;
    HL_TRY(check_seconds("path-seconds", w->number[0]));
    const double now = hl_camera_keys_seconds(s->keys, s->key_count);
    if (s->key_count < 2)
        return hl_fail(HL_E_ARG, "path-seconds: a path of less than two keys has no length");
    HL_TRY(hl_viewer_mark(v));
    for (int32_t i = 0; i < s->key_count; i++)
        s->keys[i].seconds *= w->number[0] / now;
    return HL_OK;
}

static hl_status do_fps(hl_viewer *v, const hl_action_words *w)
{
    if (!(w->number[0] > 0 && w->number[0] <= 1000))
        return hl_fail(HL_E_ARG, "path-fps: expected 0 to 1000 pictures a second");
    v->fps = w->number[0];
    return HL_OK;
}

/* ---- paths that are made ------------------------------------------------------------------- */

/* Poses of the capture, else of cameras around the target. */
static hl_status known_poses(const hl_viewer *v, hl_pose **out, int32_t *count)
{
    const int32_t n = v->scene.camera_count ? v->scene.camera_count : AROUND;
    hl_pose *poses = hl_alloc((size_t)n, sizeof *poses);
    if (!poses)
        return HL_E_MEMORY;
    hl_orbit o = v->orbit;
    for (int32_t i = 0; i < n; i++) {
        if (v->scene.camera_count) {
            poses[i] = v->scene.cameras[i].pose;
            continue;
        }
        hl_orbit_turn(&o, 6.283185307179586 / AROUND, 0);
        hl_orbit_pose(&o, &poses[i]);
    }
    *out = poses;
    *count = n;
    return HL_OK;
}

static hl_status do_make(hl_viewer *v, const hl_action_words *w)
{
    static const char *const names[] = {"orbit", "spiral", "ellipse", "interp"};
    hl_edit_state *s = v->edits.now;
    hl_pose *known, made[MADE_KEYS + 1];
    int32_t known_count;
    int kind = 0;
    HL_TRY(hl_action_word("path-make", w->text, names, 4, &kind));
    HL_TRY(known_poses(v, &known, &known_count));
    const bool closed = kind != HL_PATH_INTERP;
    const hl_status status =
        hl_camera_path_make(made, MADE_KEYS, (hl_path_kind)kind, known, known_count);
    hl_free(known);
    HL_TRY(status);
    HL_TRY(hl_viewer_mark(v));
    made[MADE_KEYS] = made[0];
    s->key_count = MADE_KEYS + closed;
    for (int32_t i = 0; i < s->key_count; i++)
        s->keys[i] = (hl_camera_key){made[i], v->orbit.fov_y, MADE_SECONDS / (s->key_count - 1)};
    return HL_OK;
}

/* ---- files --------------------------------------------------------------------------------- */

static hl_status do_save(hl_viewer *v, const hl_action_words *w)
{
    const hl_camera_film film = {v->width, v->height, v->fps};
    char path[HL_PLACE_BYTES];
    HL_TRY(hl_action_target(v, w->text, path));
    return hl_camera_keys_save(v->edits.now->keys, v->edits.now->key_count, &film, path);
}

static hl_status do_load(hl_viewer *v, const hl_action_words *w)
{
    hl_camera_film film;
    int32_t count = 0;
    char path[HL_PLACE_BYTES];
    HL_TRY(hl_name_place(path, v->folder, w->text));
    hl_camera_key *keys = hl_alloc(HL_EDIT_KEYS, sizeof *keys);
    if (!keys)
        return HL_E_MEMORY;
    hl_status s = hl_camera_keys_load(keys, HL_EDIT_KEYS, &count, &film, path);
    s = s == HL_OK ? hl_viewer_mark(v) : s;
    if (s == HL_OK) {
        memcpy(v->edits.now->keys, keys, (size_t)count * sizeof *keys);
        v->edits.now->key_count = count;
        v->path_at = 0;
        v->fps = film.fps > 0 ? film.fps : v->fps;
    }
    hl_free(keys);
    return s;
}

/* All frames of the path to what is open. */
static hl_status shoot(hl_viewer *v, const hl_viewer_film *film)
{
    const hl_edit_state *s = v->edits.now;
    const int32_t frames = hl_camera_keys_frames(s->keys, s->key_count, v->fps);
    for (int32_t i = 0; i < frames; i++) {
        hl_image8 picture;
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "stopped after %d of %d pictures", i, frames);
        hl_viewer_stand_at(v, i / v->fps);
        HL_TRY(hl_viewer_draw(v));
        HL_TRY(hl_viewer_picture(v, &picture));
        const hl_status status = film->write(film->ctx, &picture);
        hl_image8_release(&picture);
        HL_TRY(status);
        hl_log_progress(&(hl_progress){.stage = "film",
                                       .done = i + 1,
                                       .total = frames,
                                       .loss = nan(""),
                                       .splats = -1,
                                       .next_save = -1});
    }
    return HL_OK;
}

static hl_status do_film(hl_viewer *v, const hl_action_words *w)
{
    const hl_viewer_film *film = &v->params->film;
    const hl_orbit before = v->orbit;
    const double at = v->path_at;
    char path[HL_PLACE_BYTES];
    HL_TRY(need_key(v, "film", 0));
    if (!film->open)
        return hl_fail(HL_E_ARG, "film: this viewer writes no films");
    if (hl_path_has_extension(w->text, "mp4"))
        HL_TRY(hl_action_target(v, w->text, path));
    else
        HL_TRY(hl_name_place(path, v->folder, w->text)); /* a folder is made with those above it */
    snprintf(v->written, sizeof v->written, "%s", path);
    HL_TRY(film->open(film->ctx, path, v->width, v->height, v->fps));
    const hl_status s = shoot(v, film);
    const hl_status closed = film->close(film->ctx, s == HL_OK);
    v->orbit = before;
    v->path_at = at;
    v->dirty = true;
    return s == HL_OK ? closed : s;
}

static const hl_action rows[] = {
    {"path-add", 1, do_add, "SECONDS", "the view becomes a key, so long after the last"},
    {"path-set", 1, do_set, "N", "key N becomes the view"},
    {"path-time", 2, do_time, "N SECONDS", "from the key before to key N"},
    {"path-remove", 1, do_remove, "N", "one key less"},
    {"path-clear", 0, do_clear, "", "no key"},
    {"path-make", HL_ACTION_TEXT, do_make, "KIND",
     "orbit, spiral, ellipse, or interp: through all photos"},
    {"path-seconds", 1, do_seconds, "SECONDS", "length of the whole path"},
    {"path-fps", 1, do_fps, "N", "pictures a second"},
    {"path-go", 1, do_go, "N", "stand at key N"},
    {"path-at", 1, do_at, "SECONDS", "stand where the path is then"},
    {"path-play", 1, do_play, "0|1", "let the camera follow the path"},
    {"path-save", HL_ACTION_TEXT, do_save, "FILE",
     "camera_path.json, for helio render --camera-path too"},
    {"path-load", HL_ACTION_TEXT, do_load, "FILE", "ours or that of nerfstudio"},
    {"film", HL_ACTION_TEXT, do_film, "OUT", "the path as FILE.mp4, or a folder of PNG files"}};

hl_action_table hl_actions_path(void)
{
    return (hl_action_table){rows, sizeof rows / sizeof rows[0]};
}
