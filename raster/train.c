/* SPDX-License-Identifier: MIT */
#include "raster/train.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/rng.h"
#include "core/vec.h"
#include "raster/backend.h"
#include "raster/init.h"
#include "raster/init_photos.h"
#include "raster/train/small.h"
#include "raster/train/trainer_device.h"

#include <math.h>
#include <string.h>

enum { STATS = 8, POINTS_MIN = 500 };

hl_status hl_train_stats_create(hl_trainer *t)
{
    const uint32_t needs = hl_density_needs(&t->density);
    if (!needs)
        return HL_OK;
    const size_t n = (size_t)t->splats.capacity;
    t->stats_block = hl_arena_alloc(&t->arena, STATS * n, sizeof(float));
    if (!t->stats_block)
        return HL_E_MEMORY;
    float **const member[STATS] = {
        &t->stats.seen,   &t->stats.grad_2d,   &t->stats.grad_2d_abs, &t->stats.radius,
        &t->stats.weight, &t->stats.fragments, &t->stats.grad_alpha,  &t->stats.grad_alpha_2};
    for (size_t k = 0; k < STATS; k++)
        *member[k] = needs >> k & 1 ? t->stats_block + k * n : NULL;
    return HL_OK;
}

void hl_train_stats_clear(hl_trainer *t)
{
    if (t->stats_block)
        memset(t->stats_block, 0, STATS * (size_t)t->splats.capacity * sizeof(float));
    t->stats_views = 0;
}

static void set_density(hl_trainer *t)
{
    const hl_train_config *c = &t->config;
    t->density = (hl_density_config){
        .kind = (hl_density_kind)c->densify,
        .cap = c->cap,
        .start = c->refine_start,
        .stop = c->refine_stop,
        .every = c->refine_every,
        .seed = (uint64_t)c->seed,
        .decay = c->decay,
        .total = c->iterations,
        .clone_scale = c->clone_scale,
        .grad_threshold = c->grad_threshold,
        .grad_absolute = c->grad_absolute,
        .reset_every = c->reset_every,
        .white_background = c->background_r >= 1 && c->background_g >= 1 && c->background_b >= 1,
        .noise = c->noise,
    };
}

/* Without points: those that the photos give, or else random ones. */
static hl_status start_from_photos(hl_trainer *t, const hl_init_options *o)
{
    const int32_t cap = t->config.cap;
    const int32_t n = t->config.init_random < cap ? t->config.init_random : cap;
    const uint64_t seed = (uint64_t)t->config.seed;
    hl_arena arena;
    hl_init_cloud cloud;
    hl_arena_init(&arena, 0, 0);
    hl_status s = hl_init_points_from_photos(&cloud, &arena, &t->scene, n, seed);
    if (s == HL_OK && cloud.count < POINTS_MIN) {
        hl_log(HL_LOG_WARN, "no points come with the capture and %d in its photos: %d random ones",
               cloud.count, n);
        cloud.points = hl_arena_alloc(&arena, (size_t)n, 3 * sizeof *cloud.points);
        cloud.colors = hl_arena_alloc(&arena, (size_t)n, 3);
        cloud.count = n;
        s = cloud.points && cloud.colors ? HL_OK : HL_E_MEMORY;
        if (s == HL_OK)
            hl_init_random_points(cloud.points, cloud.colors, n, t->center, t->extent, seed);
    } else if (s == HL_OK) {
        hl_log(HL_LOG_INFO, "no points come with the capture: %d found in its photos", cloud.count);
    }
    if (s == HL_OK)
        s = hl_init_from_points(&t->splats, cloud.points, cloud.colors, cloud.count, o);
    hl_arena_release(&arena);
    return s;
}

static hl_status start_from_points(hl_trainer *t)
{
    const hl_train_config *c = &t->config;
    const hl_init_options o = {.limit = c->cap,
                               .extent = t->extent,
                               .opacity = c->init_opacity,
                               .scale_factor = c->init_scale};
    if (t->scene.point_count > 0)
        return hl_init_from_points(&t->splats, t->scene.points, t->scene.colors,
                                   t->scene.point_count, &o);
    return start_from_photos(t, &o);
}

static hl_status start_from_splats(hl_trainer *t)
{
    const hl_splats *from = t->scene.init_splats;
    if (from->count > t->config.cap)
        return hl_fail(HL_E_ARG, "%d splats to start from, but the cap is %d", from->count,
                       t->config.cap);
    for (int32_t i = 0; i < from->count; i++)
        hl_splats_copy_row(&t->splats, i, from, i);
    t->splats.count = from->count;
    return HL_OK;
}

static hl_status extra_create(hl_trainer *t, hl_train_extra *e, int32_t size)
{
    const size_t n = (size_t)t->scene.train_count;
    e->value = hl_arena_alloc(&t->arena, n * (size_t)size, sizeof(float));
    e->m = hl_arena_alloc(&t->arena, n * (size_t)size, sizeof(float));
    e->v = hl_arena_alloc(&t->arena, n * (size_t)size, sizeof(float));
    e->steps = hl_arena_alloc(&t->arena, n, sizeof(int32_t));
    e->size = size;
    return e->value && e->m && e->v && e->steps ? HL_OK : HL_E_MEMORY;
}

static hl_status create_per_photo(hl_trainer *t)
{
    const int32_t n = t->scene.train_count;
    t->order = hl_arena_alloc(&t->arena, (size_t)n, sizeof *t->order);
    t->plan = hl_arena_alloc(&t->arena, (size_t)n, sizeof *t->plan);
    t->view = hl_arena_alloc(&t->arena, (size_t)n, sizeof *t->view);
    if (!t->order || !t->plan || !t->view)
        return HL_E_MEMORY;
    t->epoch = t->planned = -1;
    for (int32_t k = 0; k < n; k++)
        t->view[k] = t->scene.views[t->scene.train[k]];
    t->extent = hl_init_extent(t->view, n, t->center);
    if (t->config.exposure) {
        HL_TRY(extra_create(t, &t->exposure, 12));
        for (int32_t k = 0; k < n; k++)
            for (int32_t d = 0; d < 3; d++)
                t->exposure.value[12 * k + 5 * d] = 1;
    }
    return t->config.pose ? extra_create(t, &t->pose, 6) : HL_OK;
}

static hl_status create_all(hl_trainer *t, hl_isa isa)
{
    HL_TRY(hl_loss_create(&t->loss, isa));
    if (t->config.geometry)
        HL_TRY(hl_geometry_loss_create(&t->geometry));
    HL_TRY(create_per_photo(t));
    HL_TRY(hl_splats_init(&t->splats, &t->arena, t->config.cap));
    HL_TRY(hl_adam_init(&t->adam, &t->arena, t->config.cap, (hl_adam_mode)t->config.adam_mode));
    set_density(t);
    HL_TRY(hl_train_stats_create(t));
    if (t->config.filter_3d) {
        t->filter_3d = hl_arena_alloc(&t->arena, (size_t)t->config.cap, sizeof(float));
        if (!t->filter_3d)
            return HL_E_MEMORY;
    }
    HL_TRY(t->scene.init_splats ? start_from_splats(t) : start_from_points(t));
    HL_TRY(hl_train_tie_start(t));
    HL_TRY(hl_train_views_start(t));
    t->splats.antialiased = t->config.antialiased;
    t->first_count = t->splats.count;
    if (t->filter_3d)
        hl_train_filter_3d(t->filter_3d, &t->splats, t->view, t->scene.train_count,
                           hl_train_factor(t));
    t->device = hl_raster_trainer_device(t->raster, &t->device_state);
    if (t->device && (t->tie || t->multi_view)) {
        hl_log(HL_LOG_WARN, "with %s, training on %s goes through host memory: slower",
               t->tie ? "a mesh" : "multi-view terms", hl_raster_backend_name(t->raster));
        t->device = NULL;
    }
    return HL_OK;
}

hl_status hl_trainer_create_on(hl_trainer **out, const hl_train_config *config,
                               const hl_train_scene *scene, hl_raster *raster, hl_isa isa)
{
    hl_trainer *t = hl_alloc(1, sizeof *t);
    if (!t) {
        hl_raster_destroy(&raster);
        return HL_E_MEMORY;
    }
    t->raster = raster;
    t->config = *config;
    t->scene = *scene;
    hl_arena_init(&t->arena, 0, 0);
    const hl_status s = create_all(t, isa);
    if (s != HL_OK) {
        hl_trainer_destroy(&t);
        return hl_fail_context(s, "preparing to train");
    }
    *out = t;
    return HL_OK;
}

hl_status hl_trainer_create(hl_trainer **out, const hl_train_config *config,
                            const hl_train_scene *scene, const char *backend, hl_isa isa)
{
    hl_raster *raster = NULL;
    HL_TRY(hl_train_config_check(config));
    if (scene->train_count < 1)
        return hl_fail(HL_E_ARG, "no photo to train on");
    const hl_status s = hl_raster_create(&raster, backend, isa);
    if (s != HL_OK)
        return hl_fail_context(s, "preparing to train");
    return hl_trainer_create_on(out, config, scene, raster, isa);
}

void hl_trainer_destroy(hl_trainer **trainer)
{
    hl_trainer *t = *trainer;
    if (!t)
        return;
    if (t->device)
        t->device->release(t->device_state);
    hl_raster_destroy(&t->raster);
    hl_loss_destroy(&t->loss);
    hl_geometry_loss_destroy(&t->geometry);
    hl_mesh_tie_destroy(&t->tie);
    hl_multi_view_destroy(&t->multi_view);
    hl_train_shrunk_release(&t->shrunk);
    hl_train_shrunk_release(&t->shrunk_near);
    hl_arena_release(&t->arena);
    hl_free(t);
    *trainer = NULL;
}

int32_t hl_train_factor_at(const hl_trainer *t, int32_t step)
{
    return step < t->config.full_from ? t->config.coarse_factor : 1;
}

int32_t hl_train_factor(const hl_trainer *t)
{
    return hl_train_factor_at(t, t->step);
}

/* Its position in the permutations (Fisher and Yates 1938). */
int32_t hl_train_photo_of_step(hl_trainer *t, int32_t step)
{
    const int32_t n = t->scene.train_count;
    const int64_t epoch = step / n;
    if (epoch != t->epoch) {
        for (int32_t k = 0; k < n; k++)
            t->order[k] = k;
        hl_rng rng = hl_rng_at((uint64_t)t->config.seed, (uint64_t)epoch, 0, HL_RNG_VIEW_ORDER);
        for (int32_t k = n - 1; k > 0; k--) {
            const int32_t other = (int32_t)hl_rng_below(&rng, (uint32_t)k + 1);
            const int32_t kept = t->order[k];
            t->order[k] = t->order[other];
            t->order[other] = kept;
        }
        t->epoch = epoch;
    }
    return t->order[step % n];
}

/* Once per epoch, the photos that it still takes, in order: the source keeps by that what is used
 * soonest. */
static void prefetch(hl_trainer *t)
{
    const hl_train_photos *p = &t->scene.photos;
    const int32_t n = t->scene.train_count, at = t->step % n;
    if (!p->prefetch || t->planned == t->epoch)
        return;
    for (int32_t k = at; k < n; k++)
        t->plan[k - at] = t->scene.train[t->order[k]];
    p->prefetch(p->ctx, t->plan, n - at);
    t->planned = t->epoch;
}

/* Exponential way from `from` to `to`. */
static float along(float from, float to, float t)
{
    if (!(from > 0) || !(to > 0))
        return from + (to - from) * t;
    return from * powf(to / from, t);
}

void hl_train_set_rates(hl_trainer *t, float at)
{
    const hl_train_config *c = &t->config;
    const float rest = c->lr_end > 0 ? along(1, c->lr_end, at) : 1;
    t->adam.lr_mean = along(c->lr_mean, c->lr_mean_end, at) * t->extent;
    t->adam.lr_log_scale = c->lr_scale * rest;
    t->adam.lr_quat = c->lr_quat * rest;
    t->adam.lr_logit_opa = c->lr_opacity * rest;
    t->adam.lr_sh_dc = c->lr_sh_dc * rest;
    t->adam.lr_sh_rest = c->lr_sh_rest * rest;
    t->adam.opacity_reg = at < c->reg_until ? c->opacity_reg : 0;
    t->adam.scale_reg = at < c->reg_until ? c->scale_reg : 0;
}

void hl_train_set_options(hl_trainer *t, bool depth, bool normal, float at, int32_t k,
                          hl_raster_options *raster, hl_loss_options *loss)
{
    const hl_train_config *c = &t->config;
    const int32_t degree = t->step / c->sh_every;
    t->splats.sh_degree = degree < c->sh_degree ? degree : c->sh_degree;
    *raster = (hl_raster_options){.sh_degree = t->splats.sh_degree,
                                  .antialiased = c->antialiased,
                                  .background = {c->background_r, c->background_g, c->background_b},
                                  .filter_3d = t->filter_3d};
    if (c->random_background) {
        hl_rng rng = hl_rng_at((uint64_t)c->seed, (uint64_t)t->step, 0, HL_RNG_BACKGROUND);
        for (int a = 0; a < 3; a++)
            raster->background[a] = hl_rng_uniform(&rng);
    }
    *loss =
        (hl_loss_options){.ssim_weight = c->ssim_weight,
                          .alpha_weight = c->alpha_weight,
                          .normal_weight = c->normal_weight,
                          .exposure = t->exposure.size ? t->exposure.value + 12 * (size_t)k : NULL};
    memcpy(loss->background, raster->background, sizeof loss->background);
    if (depth && c->depth_weight > 0) {
        raster->outputs |= HL_RASTER_DEPTH;
        loss->depth_weight = along(c->depth_weight, c->depth_weight_end, at);
    }
    if (normal && c->normal_weight > 0)
        raster->outputs |= HL_RASTER_NORMAL;
    const hl_geometry_loss_options geometry = hl_train_geometry(t, at);
    raster->outputs |= hl_geometry_loss_outputs(&geometry);
    if (hl_train_views_on(t, at))
        raster->outputs |= HL_MULTI_VIEW_OUTPUTS;
}

float hl_train_exposure_rate(const hl_trainer *t, float at)
{
    return along(t->config.lr_exposure, t->config.lr_exposure_end, at);
}

static void step_exposure(hl_trainer *t, int32_t k, const double *d_exposure, float at)
{
    hl_train_extra *e = &t->exposure;
    float g[12];
    for (int i = 0; i < 12; i++)
        g[i] = (float)d_exposure[i];
    const size_t first = 12 * (size_t)k;
    const int32_t n = ++e->steps[k];
    hl_small_adam(e->value + first, e->m + first, e->v + first, g, 12,
                  hl_train_exposure_rate(t, at), n);
}

static void step_pose(hl_trainer *t, int32_t k, const float g[6])
{
    hl_train_extra *e = &t->pose;
    hl_raster_view *v = &t->view[k];
    const size_t first = 6 * (size_t)k;
    const int32_t n = ++e->steps[k];
    hl_small_pose(v->r, v->t, e->m + first, e->v + first, g, t->config.lr_pose_rotation,
                  t->config.lr_pose_shift * t->extent, n);
}

static void add_sums(hl_train_sums *s, const hl_loss_result *r)
{
    s->loss += r->loss;
    s->l1 += r->l1;
    s->ssim += r->ssim;
    s->mse += r->mse;
    s->count += 1;
}

/* Forward to backward for training photo k. */
static hl_status learn(hl_trainer *t, int32_t k, const hl_train_photo *photo)
{
    const float at = (float)t->step / (float)t->config.iterations;
    hl_loss_target target = photo->target;
    hl_raster_view view = t->view[k];
    HL_TRY(hl_train_shrink(&t->shrunk, &target, &view, hl_train_factor(t)));
    hl_raster_options options;
    hl_loss_options loss;
    hl_train_set_options(t, target.depth, target.normal, at, k, &options, &loss);
    hl_train_set_rates(t, at);
    HL_TRY(hl_train_tie_picture(t, at, &view, &target, &options, &loss));

    bool held;
    HL_TRY(hl_train_views_hold(t, k, at, &held));
    hl_raster_frame frame;
    hl_loss_result result;
    HL_TRY(hl_raster_forward(t->raster, &t->splats, &view, &options, &frame));
    const double before = t->spans ? hl_wall_seconds() : 0;
    HL_TRY(hl_loss_run(t->loss, &frame, &target, &loss, &result));
    const hl_geometry_loss_options geometry = hl_train_geometry(t, at);
    if (t->geometry)
        HL_TRY(hl_geometry_loss_run(t->geometry, &frame, &view, &target, &geometry, &result));
    if (held)
        HL_TRY(hl_train_views_run(t, &frame, &view, &target, &result));
    if (t->spans)
        hl_span_add(t->spans, "loss", hl_wall_seconds() - before);
    hl_raster_sink sink = {.adam = &t->adam};
    const bool collect = t->stats_block && hl_density_collects(&t->density, t->step);
    sink.stats = collect ? &t->stats : NULL;
    HL_TRY(hl_raster_backward(t->raster, &t->splats, &result.grad, &sink));
    t->stats_views += collect;
    if (t->exposure.size)
        step_exposure(t, k, result.d_exposure, at);
    if (t->pose.size)
        step_pose(t, k, sink.pose);
    add_sums(&t->sums, &result);
    return HL_OK;
}

/* The 3D filter for pictures `factor` times smaller, where it is on. */
static hl_status set_filter(hl_trainer *t, int32_t factor)
{
    if (!t->filter_3d)
        return HL_OK;
    if (t->device && t->on_device)
        return t->device->filter(t->device_state, t, factor);
    hl_train_filter_3d(t->filter_3d, &t->splats, t->view, t->scene.train_count, factor);
    return HL_OK;
}

static hl_status refine(hl_trainer *t)
{
    const double before = t->spans ? hl_wall_seconds() : 0;
    hl_density_state state = {.splats = &t->splats,
                              .adam = &t->adam,
                              .stats = &t->stats,
                              .extent = t->extent,
                              .first_count = t->first_count,
                              .views = t->stats_views,
                              .view_count = t->scene.train_count};
    memcpy(state.center, t->center, sizeof state.center);
    hl_density_report report;
    if (t->device && t->on_device)
        HL_TRY(t->device->refine(t->device_state, t, &report));
    else
        HL_TRY(hl_density_refine(&t->density, &state, t->step, &report));
    if (report.bad)
        hl_log(HL_LOG_WARN, "step %d: %d splats were not finite and have been removed", t->step,
               report.bad);
    t->sums.born += report.born;
    t->sums.removed += report.removed;
    hl_train_stats_clear(t);
    const hl_status s = set_filter(t, hl_train_factor(t));
    if (t->spans)
        hl_span_add(t->spans, "refine", hl_wall_seconds() - before);
    return s;
}

hl_status hl_train_acquire(hl_trainer *t, int32_t k, hl_train_photo *photo)
{
    const int32_t index = t->scene.train[k];
    const double before = t->spans ? hl_wall_seconds() : 0;
    HL_TRY(t->scene.photos.acquire(t->scene.photos.ctx, index, photo));
    if (t->spans)
        hl_span_add(t->spans, "photo", hl_wall_seconds() - before);
    if (photo->target.width == t->view[k].width && photo->target.height == t->view[k].height)
        return HL_OK;
    const hl_status s =
        hl_fail(HL_E_FORMAT, "%s: %dx%d pixels, its camera says %dx%d", t->scene.names[index],
                photo->target.width, photo->target.height, t->view[k].width, t->view[k].height);
    t->scene.photos.release(t->scene.photos.ctx, photo);
    return s;
}

static hl_status step_on_host(hl_trainer *t, int32_t k)
{
    hl_train_photo photo;
    HL_TRY(hl_train_acquire(t, k, &photo));
    const hl_status s = learn(t, k, &photo);
    t->scene.photos.release(t->scene.photos.ctx, &photo);
    HL_TRY(s);
    hl_density_perturb(&t->density, &t->splats, t->adam.lr_mean, t->step);
    hl_train_flatten(t);
    hl_train_tie_pull(t);
    return HL_OK;
}

/* One step, or fewer where the device turns out to have halted on an earlier one. */
static hl_status try_step(hl_trainer *t)
{
    int32_t halted = -1;
    if (t->device && t->on_device)
        HL_TRY(t->device->poll(t->device_state, &halted));
    if (halted >= 0) {
        t->step = halted;
        return HL_OK;
    }
    const int32_t k = hl_train_photo_of_step(t, t->step);
    prefetch(t);
    if (t->device)
        HL_TRY(hl_train_device_step(t, k, (float)t->step / (float)t->config.iterations));
    else
        HL_TRY(step_on_host(t, k));
    t->step++;
    return HL_OK;
}

hl_status hl_train_device_settle(hl_trainer *t, bool all)
{
    const int32_t goal = t->step;
    int32_t halted = 0;
    if (!t->device || !t->on_device)
        return HL_OK;
    while (halted >= 0) {
        HL_TRY(t->device->settle(t->device_state, t, &halted));
        if (halted >= 0)
            t->step = halted;
        while (t->step < goal)
            HL_TRY(try_step(t));
    }
    return all ? t->device->pull(t->device_state, t) : HL_OK;
}

hl_status hl_trainer_step(hl_trainer *t)
{
    const int32_t goal = t->step + 1;
    while (t->step < goal)
        HL_TRY(try_step(t));
    const bool due = hl_density_due(&t->density, t->step);
    const bool last_size = t->filter_3d && t->step == t->config.full_from;
    if (due || last_size)
        HL_TRY(hl_train_device_settle(t, false));
    if (due)
        return refine(t);
    /* the last size of pictures sets the filter of the rest */
    return last_size ? set_filter(t, 1) : HL_OK;
}

hl_status hl_trainer_wait(hl_trainer *t)
{
    return hl_train_device_settle(t, false);
}

int32_t hl_trainer_steps(const hl_trainer *t)
{
    return t->step;
}

int32_t hl_trainer_splats(const hl_trainer *t)
{
    return t->splats.count;
}

const hl_train_config *hl_trainer_config(const hl_trainer *t)
{
    return &t->config;
}

const char *hl_trainer_isa_name(const hl_trainer *t)
{
    return hl_raster_isa_name(t->raster);
}

const float *hl_trainer_exposure(const hl_trainer *t, int32_t k)
{
    return t->exposure.size ? t->exposure.value + 12 * (size_t)k : NULL;
}

const hl_raster_view *hl_trainer_view(const hl_trainer *t, int32_t k)
{
    return &t->view[k];
}

void hl_trainer_deterministic(hl_trainer *t, bool on)
{
    hl_raster_deterministic(t->raster, on);
}

size_t hl_trainer_bytes_held(const hl_trainer *t)
{
    return hl_raster_bytes_held(t->raster);
}

void hl_trainer_profile(hl_trainer *t, hl_spans *spans)
{
    t->spans = spans;
    hl_raster_profile(t->raster, spans);
}
