/* SPDX-License-Identifier: MIT */
#include "datasets/photos.h"

#include "core/camera_model.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "datasets/kinds/photo_load.h"

#include <string.h>
#include <unistd.h>

enum { LOADERS_MAX = 16, NEVER = INT32_MAX };

typedef enum photo_state { PHOTO_EMPTY, PHOTO_LOADING, PHOTO_READY, PHOTO_FAILED } photo_state;

typedef struct slot {
    photo_state state;
    int32_t users;    /* acquired and not released, or waiting */
    bool wanted;      /* somebody waits for it                 */
    int32_t next_use; /* position in the plan, NEVER           */
    uint64_t last_use;
    uint64_t bytes;
    hl_image8 image, mask;
    hl_status error;
    char *sentence; /* of the error */
    hl_camera straight, target;
    bool distorted;
} slot;

struct hl_photos {
    const hl_views *views;
    hl_photos_options options;
    slot *slots; /* (view_count) */
    hl_photo_disk disk;

    pthread_mutex_t lock; /* of all below and of the photos' states */
    pthread_cond_t work;  /* a loader may find something to do */
    pthread_cond_t done;  /* a photo became ready or failed    */
    bool stop;
    int32_t wanted; /* photos with `wanted` set            */
    int32_t *plan;  /* (plan_room) views */
    int32_t *after; /* (plan_room) next position of the same view, NEVER */
    int32_t plan_count, plan_room;
    int32_t plan_at; /* next position */
    uint64_t clock;
    hl_photos_stats stats;

    int32_t loader_count;
    pthread_t loaders[LOADERS_MAX];
};

/* Frees the picture least needed: not in use and used later than position `before` in the plan;
 * false where there is none. */
static bool evict_one(hl_photos *p, int64_t before)
{
    slot *victim = NULL;
    for (int32_t i = 0; i < p->views->view_count; i++) {
        slot *f = &p->slots[i];
        if (f->state != PHOTO_READY || f->users || f->next_use <= before)
            continue;
        if (!victim || f->next_use > victim->next_use ||
            (f->next_use == victim->next_use && f->last_use < victim->last_use))
            victim = f;
    }
    if (!victim)
        return false;
    hl_image8_release(&victim->image);
    hl_image8_release(&victim->mask);
    victim->state = PHOTO_EMPTY;
    p->stats.cached_bytes -= victim->bytes;
    return true;
}

static bool make_room(hl_photos *p, uint64_t bytes, int64_t before)
{
    while (p->stats.cached_bytes + bytes > p->options.cache_bytes)
        if (!evict_one(p, before))
            return false;
    return true;
}

/* What to load now: what somebody waits for, else the next of the plan that fits; -1: nothing. */
static int32_t choose(hl_photos *p)
{
    for (int32_t i = 0; p->wanted && i < p->views->view_count; i++)
        if (p->slots[i].wanted && p->slots[i].state == PHOTO_EMPTY) {
            make_room(p, p->slots[i].bytes, -1); /* what is waited for is loaded in any case */
            return i;
        }
    const int64_t end = (int64_t)p->plan_at + p->options.ahead;
    for (int32_t k = p->plan_at; k < p->plan_count && k < end; k++) {
        const int32_t i = p->plan[k];
        if (p->slots[i].state == PHOTO_EMPTY)
            return make_room(p, p->slots[i].bytes, k) ? i : -1;
    }
    return -1;
}

static void finish(hl_photos *p, slot *f, hl_status s, bool from_disk)
{
    if (f->wanted) {
        f->wanted = false;
        p->wanted--;
    }
    if (s == HL_OK) {
        f->state = PHOTO_READY;
        p->stats.loads++;
        p->stats.from_disk += from_disk;
    } else {
        f->state = PHOTO_FAILED;
        f->error = s;
        f->sentence = hl_strdup(hl_last_error());
        p->stats.cached_bytes -= f->bytes;
    }
    f->last_use = ++p->clock;
    pthread_cond_broadcast(&p->done);
    pthread_cond_signal(&p->work);
}

static void *loader_main(void *argument)
{
    hl_photos *p = argument;
    hl_photo_loader loader = {0};
    hl_parallel_keep_serial(); /* the pool belongs to the thread that trains */
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        const int32_t i = choose(p);
        if (i < 0) {
            pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        slot *f = &p->slots[i];
        const hl_view *view = &p->views->views[i];
        const hl_photo_job job = {.view = view,
                                  .camera = &p->views->cameras[view->camera],
                                  .straight = &f->straight,
                                  .target = &f->target,
                                  .distorted = f->distorted,
                                  .with_alpha = p->views->has_alpha,
                                  .mask_inverted = p->views->mask_inverted,
                                  .disk = &p->disk};
        f->state = PHOTO_LOADING;
        p->stats.cached_bytes += f->bytes;
        if (p->stats.cached_bytes > p->stats.peak_bytes)
            p->stats.peak_bytes = p->stats.cached_bytes;
        pthread_mutex_unlock(&p->lock);
        bool from_disk = false;
        const hl_status s = hl_photo_load(&f->image, &f->mask, &job, &loader, &from_disk);
        pthread_mutex_lock(&p->lock);
        finish(p, f, s, from_disk);
    }
    pthread_mutex_unlock(&p->lock);
    hl_photo_loader_release(&loader);
    return NULL;
}

/* The target camera: the straight one, its longer side at most max_side. */
static void fit_side(hl_camera *target, int32_t max_side)
{
    const int32_t longer = target->width > target->height ? target->width : target->height;
    if (!max_side || longer <= max_side)
        return;
    const double scale = (double)max_side / longer;
    const int32_t w = (int32_t)lround(target->width * scale);
    const int32_t h = (int32_t)lround(target->height * scale);
    hl_camera_rescale(target, w < 1 ? 1 : w, h < 1 ? 1 : h);
}

static hl_status plan_cameras(hl_photos *p)
{
    const hl_views *v = p->views;
    for (int32_t i = 0; i < v->view_count; i++) {
        slot *f = &p->slots[i];
        const hl_camera *camera = &v->cameras[v->views[i].camera];
        f->distorted = hl_camera_is_distorted(camera);
        f->next_use = NEVER;
        const slot *same = i && v->views[i].camera == v->views[i - 1].camera ? f - 1 : NULL;
        if (same)
            f->straight = same->straight;
        else
            HL_TRY(hl_undistort_camera(&f->straight, camera));
        f->target = f->straight;
        fit_side(&f->target, p->options.max_side_px);
        const uint64_t pixels = (uint64_t)f->target.width * (uint64_t)f->target.height;
        f->bytes = pixels * (uint64_t)((v->has_alpha ? 4 : 3) + (v->views[i].mask_path != NULL));
    }
    return HL_OK;
}

static hl_status start_loaders(hl_photos *p)
{
    for (int32_t i = 0; i < p->options.loaders; i++) {
        if (pthread_create(&p->loaders[i], NULL, loader_main, p) == 0)
            p->loader_count++;
        else if (i == 0)
            return hl_fail(HL_E_MEMORY, "photos: the system gives no thread to load with");
        else
            break; /* fewer loaders only make it slower */
    }
    return HL_OK;
}

static hl_status resolve(hl_photos_options *o)
{
    if (o->max_side_px < 0 || o->ahead < 0 || o->loaders < 0 || o->loaders > LOADERS_MAX)
        return hl_fail(HL_E_ARG,
                       "photos: max_side_px %d, ahead %d, loaders %d: expected 0 and above, at "
                       "most %d loaders",
                       o->max_side_px, o->ahead, o->loaders, LOADERS_MAX);
    if (!o->cache_bytes)
        o->cache_bytes = HL_PHOTOS_CACHE_DEFAULT;
    if (!o->undistorted_bytes)
        o->undistorted_bytes = HL_PHOTOS_DISK_DEFAULT;
    if (!o->ahead)
        o->ahead = HL_PHOTOS_AHEAD;
    if (!o->loaders) {
        const long half = sysconf(_SC_NPROCESSORS_ONLN) / 2;
        o->loaders = half < 1 ? 1 : (half > 4 ? 4 : (int32_t)half);
    }
    return HL_OK;
}

hl_status hl_photos_create(hl_photos **photos, const hl_views *views,
                           const hl_photos_options *options)
{
    hl_photos_options o = options ? *options : (hl_photos_options){0};
    HL_TRY(resolve(&o));
    hl_photos *p = hl_alloc(1, sizeof *p);
    if (!p)
        return HL_E_MEMORY;
    p->views = views;
    p->options = o;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    hl_status s = hl_photo_disk_open(&p->disk, o.undistorted_folder, o.undistorted_bytes);
    if (s != HL_OK)
        pthread_mutex_init(&p->disk.lock, NULL); /* for destroy */
    p->options.undistorted_folder = p->disk.folder;
    if (s == HL_OK && !(p->slots = hl_alloc((size_t)views->view_count, sizeof *p->slots)))
        s = HL_E_MEMORY;
    if (s == HL_OK)
        s = plan_cameras(p);
    if (s == HL_OK)
        s = start_loaders(p);
    if (s == HL_OK)
        *photos = p;
    else
        hl_photos_destroy(&p);
    return s;
}

void hl_photos_destroy(hl_photos **photos)
{
    hl_photos *p = *photos;
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int32_t i = 0; i < p->loader_count; i++)
        pthread_join(p->loaders[i], NULL);
    for (int32_t i = 0; p->slots && i < p->views->view_count; i++) {
        hl_image8_release(&p->slots[i].image);
        hl_image8_release(&p->slots[i].mask);
        hl_free(p->slots[i].sentence);
    }
    hl_photo_disk_close(&p->disk);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    hl_free(p->plan);
    hl_free(p->after);
    hl_free(p->slots);
    hl_free(p);
    *photos = NULL;
}

const hl_camera *hl_photos_camera(const hl_photos *photos, int32_t view)
{
    return &photos->slots[view].target;
}

/* For every position of the plan, where its view comes next. */
static void link_plan(hl_photos *p)
{
    for (int32_t i = 0; i < p->views->view_count; i++)
        p->slots[i].next_use = NEVER;
    for (int32_t k = p->plan_count - 1; k >= 0; k--) {
        slot *f = &p->slots[p->plan[k]];
        p->after[k] = f->next_use;
        f->next_use = k;
    }
}

/* Plans of one length take no new memory. */
static hl_status grow_plan(hl_photos *p, int32_t count)
{
    if (count <= p->plan_room)
        return HL_OK;
    int32_t *plan = hl_alloc((size_t)count, sizeof *plan);
    int32_t *after = hl_alloc((size_t)count, sizeof *after);
    if (!plan || !after) {
        hl_free(plan);
        hl_free(after);
        return HL_E_MEMORY;
    }
    hl_free(p->plan);
    hl_free(p->after);
    p->plan = plan;
    p->after = after;
    p->plan_room = count;
    p->plan_count = 0; /* the old plan is gone; the caller sets the new one */
    return HL_OK;
}

hl_status hl_photos_prefetch(hl_photos *photos, const int32_t *order, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
        if (order[k] < 0 || order[k] >= photos->views->view_count)
            return hl_fail(HL_E_ARG, "photos: view %d in the plan, expected 0..%d", order[k],
                           photos->views->view_count - 1);
    pthread_mutex_lock(&photos->lock);
    const hl_status s = grow_plan(photos, count);
    if (s == HL_OK) {
        photos->plan_count = count < 0 ? 0 : count;
        if (photos->plan_count)
            memcpy(photos->plan, order, (size_t)count * sizeof *photos->plan);
        photos->plan_at = 0;
        link_plan(photos);
        pthread_cond_broadcast(&photos->work);
    }
    pthread_mutex_unlock(&photos->lock);
    return s;
}

hl_status hl_photos_acquire(hl_photos *photos, int32_t view, hl_photo *photo)
{
    if (view < 0 || view >= photos->views->view_count)
        return hl_fail(HL_E_ARG, "photos: view %d, expected 0..%d", view,
                       photos->views->view_count - 1);
    slot *f = &photos->slots[view];
    pthread_mutex_lock(&photos->lock);
    f->users++; /* from now on it is not evicted */
    if (photos->plan_at < photos->plan_count && photos->plan[photos->plan_at] == view) {
        f->next_use = photos->after[photos->plan_at++];
        pthread_cond_signal(&photos->work);
    }
    while (f->state == PHOTO_EMPTY || f->state == PHOTO_LOADING) {
        if (!f->wanted) {
            f->wanted = true;
            photos->wanted++;
            pthread_cond_broadcast(&photos->work);
        }
        pthread_cond_wait(&photos->done, &photos->lock);
    }
    f->last_use = ++photos->clock;
    hl_status s = HL_OK;
    if (f->state == PHOTO_FAILED) {
        f->users--;
        s = hl_fail(f->error, "%s", f->sentence ? f->sentence : "out of memory");
    } else {
        *photo = (hl_photo){&f->image, f->mask.data ? &f->mask : NULL};
    }
    pthread_mutex_unlock(&photos->lock);
    return s;
}

void hl_photos_release(hl_photos *photos, int32_t view)
{
    if (view < 0 || view >= photos->views->view_count)
        return;
    pthread_mutex_lock(&photos->lock);
    if (photos->slots[view].users > 0)
        photos->slots[view].users--;
    pthread_cond_signal(&photos->work); /* there may be room now */
    pthread_mutex_unlock(&photos->lock);
}

void hl_photos_statistics(hl_photos *photos, hl_photos_stats *stats)
{
    pthread_mutex_lock(&photos->lock);
    *stats = photos->stats;
    pthread_mutex_unlock(&photos->lock);
}

uint64_t hl_photos_total_bytes(const hl_photos *photos)
{
    uint64_t sum = 0;
    for (int32_t i = 0; i < photos->views->view_count; i++)
        sum += photos->slots[i].bytes;
    return sum;
}
