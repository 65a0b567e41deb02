/* SPDX-License-Identifier: MIT */
#include "cli/live_view.h"

#include "cli/film.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/splat_stats.h"
#include "core/timer.h"
#include "viewer/viewer.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SNAPSHOT_SECONDS 0.25 /* between two snapshots at least */

typedef struct snapshot {
    hl_arena arena;
    hl_splats splats;
    char status[160];
    bool full;
} snapshot;

struct hl_live_view {
    const hl_trainer *trainer;
    const train_data *data;
    pthread_mutex_t lock; /* of the next three lines; never held while copying  */
    snapshot waiting;     /* made, not taken yet                                */
    bool ended;
    double last;       /* wall seconds of the last snapshot, training's own  */
    snapshot shown[2]; /* the viewer's: the present one and the one before   */
    int current;
    hl_viewer_camera *cameras;

    hl_status (*job)(void *ctx);
    void *ctx;
    hl_status result;
    char error[512];
};

static void release(snapshot *s)
{
    if (s->full)
        hl_arena_release(&s->arena);
    *s = (snapshot){.full = false};
}

/* ---- training's side ----------------------------------------------------------------------- */

static hl_status copy_splats(const hl_trainer *trainer, snapshot *out)
{
    const int32_t step = hl_trainer_steps(trainer);
    hl_arena_init(&out->arena, 0, 0);
    const hl_status s = hl_trainer_export(trainer, &out->splats, &out->arena);
    if (s != HL_OK) {
        hl_arena_release(&out->arena);
        return s;
    }
    snprintf(out->status, sizeof out->status, "training: step %d of %d", step,
             hl_trainer_config(trainer)->iterations);
    out->full = true;
    return HL_OK;
}

static bool wants_splats(void *watcher, int32_t step)
{
    hl_live_view *live = watcher;
    bool wanted = false;
    (void)step;
    if (hl_wall_seconds() - live->last < SNAPSHOT_SECONDS ||
        pthread_mutex_trylock(&live->lock) != 0)
        return false;
    wanted = !live->waiting.full;
    pthread_mutex_unlock(&live->lock);
    return wanted;
}

static void take_splats(void *watcher, const hl_trainer *trainer)
{
    hl_live_view *live = watcher;
    snapshot made = {.full = false};
    if (copy_splats(trainer, &made) == HL_OK) { /* without memory for a copy there is none */
        pthread_mutex_lock(&live->lock);
        snapshot old = live->waiting;
        live->waiting = made;
        pthread_mutex_unlock(&live->lock);
        release(&old);
    }
    live->last = hl_wall_seconds();
}

static void *run_job(void *argument)
{
    hl_live_view *live = argument;
    live->result = live->job(live->ctx);
    if (live->result != HL_OK)
        snprintf(live->error, sizeof live->error, "%s", hl_last_error());
    take_splats(live, live->trainer); /* the last one is always seen */
    pthread_mutex_lock(&live->lock);
    live->ended = true;
    pthread_mutex_unlock(&live->lock);
    return NULL;
}

/* ---- the viewer's side --------------------------------------------------------------------- */

static hl_viewer_news refresh(void *ctx, hl_viewer_scene *scene)
{
    hl_live_view *live = ctx;
    snapshot *next = &live->shown[1 - live->current];
    pthread_mutex_lock(&live->lock);
    snapshot taken = live->waiting;
    live->waiting = (snapshot){.full = false};
    const bool ended = live->ended;
    pthread_mutex_unlock(&live->lock);
    if (!taken.full)
        return ended ? HL_VIEWER_NO_MORE : HL_VIEWER_NOTHING_NEW;
    release(next);
    *next = taken;
    if (ended)
        snprintf(next->status, sizeof next->status, "training has ended");
    live->current = 1 - live->current;
    scene->splats = &next->splats;
    scene->status = next->status;
    return HL_VIEWER_NEW_SPLATS;
}

static hl_status load_photo(const void *handle, int32_t camera, hl_image8 *out)
{
    const train_data *data = handle;
    hl_photo photo;
    hl_image8 copy;
    HL_TRY(hl_photos_acquire(data->photos, camera, &photo));
    const hl_image8 *in = photo.image;
    const hl_status s = hl_image8_create(&copy, in->width, in->height, in->channels);
    if (s == HL_OK) {
        memcpy(copy.data, in->data, (size_t)in->width * (size_t)in->height * (size_t)in->channels);
        *out = copy;
    }
    hl_photos_release(data->photos, camera);
    return s;
}

static hl_status describe(hl_live_view *live, const hl_live_options *o, hl_viewer_scene *scene)
{
    const hl_train_scene *t = &o->data->scene;
    const snapshot *first = &live->shown[live->current];
    hl_splat_stats stats = {.core_low = {0}};
    live->cameras = hl_alloc((size_t)t->view_count, sizeof *live->cameras);
    if (!live->cameras)
        return HL_E_MEMORY;
    if (first->splats.count)
        HL_TRY(hl_splats_measure(&stats, &first->splats));
    for (int32_t i = 0; i < t->view_count; i++)
        live->cameras[i] =
            (hl_viewer_camera){.pose = o->data->views.views[i].camera_from_world,
                               .fov_y = 2 * atan(0.5 * t->views[i].height / (double)t->views[i].fy),
                               .name = t->names[i],
                               .view = t->views[i]};
    *scene = (hl_viewer_scene){.name = o->data->views.path,
                               .status = first->status,
                               .splats = &first->splats,
                               .up = {0, -1, 0},
                               .cameras = live->cameras,
                               .camera_count = t->view_count,
                               .photo = load_photo,
                               .handle = live->data};
    for (int k = 0; k < 3; k++) {
        scene->low[k] = (double)stats.core_low[k];
        scene->high[k] = (double)stats.core_high[k];
        scene->background[k] = o->background[k];
    }
    return HL_OK;
}

static hl_status look(hl_live_view *live, const hl_live_options *o)
{
    hl_film film;
    hl_viewer_report report;
    hl_viewer_params params = {.width = 1280,
                               .height = 720,
                               .headless = o->script != NULL,
                               .script = o->script,
                               .film = hl_film_to(&film),
                               .refresh = refresh,
                               .ctx = live};
    HL_TRY(describe(live, o, &params.scene));
    return hl_viewer_run(&params, &report);
}

hl_status hl_live_train(const hl_live_options *options, const hl_trainer *trainer,
                        hl_train_events *events, hl_status (*job)(void *ctx), void *ctx)
{
    hl_live_view live = {.trainer = trainer,
                         .data = options->data,
                         .lock = PTHREAD_MUTEX_INITIALIZER,
                         .last = hl_wall_seconds(),
                         .job = job,
                         .ctx = ctx};
    pthread_t thread;
    HL_TRY(copy_splats(trainer, &live.shown[0]));
    events->watcher = &live;
    events->wants_splats = wants_splats;
    events->splats = take_splats;
    hl_parallel_keep_serial(); /* the pool is training's from here on */
    if (pthread_create(&thread, NULL, run_job, &live) != 0) {
        release(&live.shown[0]);
        return hl_fail(HL_E_MEMORY, "no thread to train in");
    }
    hl_status s = look(&live, options);
    const bool closed = s == HL_OK && !options->script;
    if (s != HL_OK && !options->script && s != HL_E_INTERRUPT) {
        hl_log(HL_LOG_WARN, "%s: training goes on unseen", hl_last_error());
        s = HL_OK;
    }
    char error[512];
    snprintf(error, sizeof error, "%s", s == HL_OK ? "" : hl_last_error());
    pthread_mutex_lock(&live.lock);
    if (closed && !live.ended)
        hl_log(HL_LOG_INFO, "the window is closed: training goes on");
    pthread_mutex_unlock(&live.lock);
    pthread_join(thread, NULL);
    release(&live.waiting);
    release(&live.shown[0]);
    release(&live.shown[1]);
    hl_free(live.cameras);
    if (live.result != HL_OK)
        return hl_fail(live.result, "%s", live.error);
    return s == HL_OK ? HL_OK : hl_fail(s, "%s", error);
}
