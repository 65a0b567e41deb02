/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "core/metric.h"
#include "raster/cuda/gpu_plan.h"
#include "raster/cuda/gpu_splat_bwd.h"
#include "raster/cuda/training_gpu.h"

#include <math.h>
#include <string.h>

enum { STATS = 8, LOSS_PLANES = 3 + 9 };

static hl_status reserve(hl_gpu_raster *r, hl_gpu_block block, size_t count, size_t size,
                         const char *what)
{
    return hl_gpu_reserve(&r->gpu, &r->buffer[block], count, size, what);
}

static hl_status training_create(hl_gpu_raster *r, int32_t photos)
{
    hl_gpu_training *g = hl_alloc(1, sizeof *g);
    if (!g)
        return HL_E_MEMORY;
    r->training = g;
    g->photo = hl_alloc((size_t)photos, sizeof *g->photo);
    g->count = photos;
    return g->photo ? HL_OK : HL_E_MEMORY;
}

static void release(void *state)
{
    hl_gpu_raster *r = state;
    hl_gpu_training *g = r->training;
    if (!g)
        return;
    hl_gpu_graph_destroy(&r->gpu, &g->graph);
    hl_gpu_photos_release(r);
    hl_free(g);
    r->training = NULL;
    r->resident = NULL;
}

/* ---- state of training, up and down ---- */

static void stats_members(hl_raster_stats *st, float **member[STATS])
{
    float **const all[STATS] = {&st->seen,   &st->grad_2d,   &st->grad_2d_abs, &st->radius,
                                &st->weight, &st->fragments, &st->grad_alpha,  &st->grad_alpha_2};
    memcpy(member, all, sizeof all);
}

static hl_status move(hl_gpu_raster *r, void *device, void *host, size_t bytes, bool up)
{
    return up ? hl_gpu_upload(&r->gpu, device, host, bytes)
              : hl_gpu_download(&r->gpu, host, device, bytes);
}

static hl_status move_fields(hl_gpu_raster *r, const hl_gpu_fields *device, hl_splats *host,
                             int32_t count, bool up)
{
#define X(name, components) \
    HL_TRY(move(r, device->name, host->name, (size_t)count *(components) * sizeof(float), up));
    HL_SPLAT_FIELDS(X)
#undef X
    return HL_OK;
}

static hl_status move_all(hl_gpu_raster *r, hl_trainer *t, bool up)
{
    hl_gpu_training *g = r->training;
    const int32_t n = t->splats.count;
    float **host[STATS], **device[STATS];
    HL_TRY(move_fields(r, &g->p, &t->splats, n, up));
    HL_TRY(move_fields(r, &g->m, &t->adam.m, n, up));
    HL_TRY(move_fields(r, &g->v, &t->adam.v, n, up));
    HL_TRY(move(r, r->buffer[HL_GPU_B_ADAM_STEPS].at, t->adam.steps,
                (size_t)t->adam.cluster_count * sizeof(int32_t), up));
    if (t->filter_3d)
        HL_TRY(move(r, g->filter, t->filter_3d, (size_t)n * sizeof(float), up));
    stats_members(&t->stats, host);
    stats_members(&g->stats, device);
    for (int k = 0; k < STATS; k++)
        if (*host[k])
            HL_TRY(move(r, *device[k], *host[k], (size_t)n * sizeof(float), up));
    return HL_OK;
}

static hl_status reserve_training(hl_gpu_raster *r, hl_trainer *t)
{
    hl_gpu_training *g = r->training;
    const size_t cap = (size_t)t->splats.capacity;
    const size_t fields = hl_gpu_fields_floats(t->splats.capacity);
    float **host[STATS], **device[STATS];
    HL_TRY(reserve(r, HL_GPU_B_SPLATS, fields, sizeof(float), "splats"));
    HL_TRY(reserve(r, HL_GPU_B_MOMENT_M, fields, sizeof(float), "moments of Adam"));
    HL_TRY(reserve(r, HL_GPU_B_MOMENT_V, fields, sizeof(float), "moments of Adam"));
    HL_TRY(reserve(r, HL_GPU_B_ADAM_STEPS, (size_t)t->adam.cluster_count, sizeof(int32_t),
                   "counters of Adam"));
    HL_TRY(reserve(r, HL_GPU_B_FILTER, t->filter_3d ? cap : 0, sizeof(float), "the 3D filter"));
    HL_TRY(
        reserve(r, HL_GPU_B_STATS, t->stats_block ? STATS * cap : 0, sizeof(float), "statistics"));
    hl_gpu_fields_at(&g->p, r->buffer[HL_GPU_B_SPLATS].at, t->splats.capacity);
    hl_gpu_fields_at(&g->m, r->buffer[HL_GPU_B_MOMENT_M].at, t->splats.capacity);
    hl_gpu_fields_at(&g->v, r->buffer[HL_GPU_B_MOMENT_V].at, t->splats.capacity);
    g->filter = t->filter_3d ? r->buffer[HL_GPU_B_FILTER].at : NULL;
    stats_members(&t->stats, host);
    stats_members(&g->stats, device);
    for (size_t k = 0; k < STATS; k++)
        *device[k] = *host[k] ? (float *)r->buffer[HL_GPU_B_STATS].at + k * cap : NULL;
    g->capacity = t->splats.capacity;
    return hl_gpu_small_reserve(r, t);
}

static hl_status push(void *state, hl_trainer *t)
{
    hl_gpu_raster *r = state;
    if (!r->training)
        HL_TRY(training_create(r, t->scene.train_count));
    HL_TRY(reserve_training(r, t));
    HL_TRY(move_all(r, t, true));
    HL_TRY(hl_gpu_small_move(r, t, true));
    r->training->lists_stale = true;
    r->resident = &t->splats;
    r->work.p = r->training->p;
    /* totals stay: only what the host has changed is written */
    const hl_gpu_state *s = r->state;
    r->state->views = t->stats_views;
    HL_TRY(hl_gpu_upload(&r->gpu, &r->work.state->views, &s->views, sizeof s->views));
    return hl_gpu_wait(&r->gpu);
}

static hl_status pull(void *state, hl_trainer *t)
{
    hl_gpu_raster *r = state;
    HL_TRY(move_all(r, t, false));
    HL_TRY(hl_gpu_small_move(r, t, false));
    return hl_gpu_wait(&r->gpu);
}

/* ---- a step ---- */

static void set_window(float taps[HL_SSIM_TAPS])
{
    double sum = 0, tap[HL_SSIM_TAPS];
    for (int k = 0; k < HL_SSIM_TAPS; k++) {
        const double d = k - HL_SSIM_TAPS / 2;
        tap[k] = exp(-d * d / (2 * HL_SSIM_SIGMA * HL_SSIM_SIGMA));
        sum += tap[k];
    }
    for (int k = 0; k < HL_SSIM_TAPS; k++)
        taps[k] = (float)(tap[k] / sum);
}

static hl_status shape_loss(hl_gpu_raster *r)
{
    hl_gpu_work *w = &r->work;
    const size_t planes =
        LOSS_PLANES + (size_t)(w->surface ? HL_GPU_G_COUNT_SURFACE : HL_GPU_G_COUNT);
    HL_TRY(reserve(r, HL_GPU_B_TARGET, planes * w->plane, sizeof(float), "the loss"));
    HL_TRY(reserve(r, HL_GPU_B_PARTIAL, (size_t)w->squares * HL_GPU_SUMS, sizeof(double),
                   "sums of the loss"));
    w->target = r->buffer[HL_GPU_B_TARGET].at;
    w->p123 = w->target + 3 * w->plane;
    w->loss_grad = w->p123 + 9 * w->plane;
    w->partial = r->buffer[HL_GPU_B_PARTIAL].at;
    w->has_depth = w->depth_plane >= 0;
    w->has_normal = w->normal_plane >= 0;
    memset(w->d_plane, 0, sizeof w->d_plane);
    for (int c = 0; c < 3; c++)
        w->d_plane[c] = w->loss_grad + (size_t)c * w->plane;
    w->d_alpha = w->loss_grad + HL_GPU_G_ALPHA * w->plane;
    if (w->has_depth)
        w->d_plane[w->depth_plane] = w->loss_grad + HL_GPU_G_DEPTH * w->plane;
    for (int c = 0; c < 3 && w->has_normal; c++)
        w->d_plane[w->normal_plane + c] = w->loss_grad + (size_t)(HL_GPU_G_NORMAL + c) * w->plane;
    if (w->depth_2_plane >= 0)
        w->d_plane[w->depth_2_plane] = w->loss_grad + HL_GPU_G_DEPTH_2 * w->plane;
    if (w->distance_plane >= 0)
        w->d_plane[w->distance_plane] = w->loss_grad + HL_GPU_G_DISTANCE * w->plane;
    set_window(w->window_taps);
    return HL_OK;
}

/* Everything of hl_gpu_work that a step of training decides. */
static hl_status shape_step(hl_gpu_raster *r, const hl_trainer *t, const hl_raster_view *view,
                            const hl_raster_options *options)
{
    hl_gpu_training *g = r->training;
    hl_gpu_work *w = &r->work;
    HL_TRY(hl_gpu_raster_shape(r, view, options, t->splats.count));
    w->p = g->p;
    w->m = g->m;
    w->v = g->v;
    memset(&w->d, 0, sizeof w->d);
    w->adam_steps = r->buffer[HL_GPU_B_ADAM_STEPS].at;
    w->adam_cluster = t->adam.mode == HL_ADAM_CLUSTER;
    w->stats = g->stats;
    w->filter_3d = g->filter;
    w->features = w->window = NULL;
    w->feature_grad = NULL;
    w->d_median = w->d_max_weight = NULL;
    w->want_pose = t->pose.size > 0;
    w->exposure = g->exposure;
    w->pose = g->pose;
    w->surface = t->config.geometry;
    w->adjust = hl_train_flatten_step(&t->config) > 0 ||
                (t->density.kind == HL_DENSITY_MCMC && t->density.noise > 0);
    HL_TRY(shape_loss(r));
    if (g->lists_stale)
        HL_TRY(hl_gpu_raster_reserve_lists(r, NULL));
    g->lists_stale = false;
    return hl_gpu_raster_reserve_rows(r, t->stats_block ? &g->stats : NULL, false);
}

static void number_step(hl_gpu_raster *r, const hl_trainer *t, const hl_raster_view *view,
                        const hl_device_step *step)
{
    hl_gpu_step *s = &r->step;
    const float size[2] = {(float)view->width, (float)view->height};
    const float k[4] = {view->fx, view->fy, view->cx, view->cy};
    hl_projector_init(&s->projector, size, k, view->r, view->t, step->options.antialiased);
    s->index = t->step;
    s->stamp++;
    s->collect = step->collect;
    memcpy(s->background, step->options.background, sizeof s->background);
    s->has_exposure = step->loss.exposure != NULL;
    if (step->loss.exposure)
        memcpy(s->exposure, step->loss.exposure, sizeof s->exposure);
    s->ssim_weight = step->loss.ssim_weight;
    s->alpha_weight = s->photo.channels == 4 ? step->loss.alpha_weight : 0;
    s->depth_weight = step->loss.depth_weight;
    s->normal_weight = step->loss.normal_weight;
    hl_gpu_take_rates(s, &t->adam);
    s->consistency = step->geometry.consistency;
    s->distortion = step->geometry.distortion;
    s->mask_weight = step->geometry.mask;
    s->flatten = step->flatten;
    s->noise = step->noise;
    s->seed = t->density.seed;
    s->photo_index = step->photo;
    memcpy(s->view_size, size, sizeof size);
    memcpy(s->view_k, k, sizeof k);
    s->lr_exposure = step->lr_exposure;
    s->lr_turn = t->config.lr_pose_rotation;
    s->lr_shift = t->config.lr_pose_shift * t->extent;
}

static hl_status run_all(hl_gpu_raster *r)
{
    hl_gpu *g = &r->gpu;
    const hl_gpu_work *w = &r->work;
    const bool small = w->exposure.value || w->pose.value;
    if (small)
        HL_TRY(hl_gpu_launch(g, HL_GPU_K_aim, w, 1));
    HL_TRY(hl_gpu_raster_run_forward(r));
    HL_TRY(hl_gpu_launch(g, HL_GPU_K_target, w, (int64_t)w->width * w->height));
    HL_TRY(hl_gpu_launch(g, HL_GPU_K_moments, w, w->squares));
    HL_TRY(hl_gpu_launch(g, HL_GPU_K_gradient, w, w->squares));
    if (w->surface)
        HL_TRY(hl_gpu_launch(g, HL_GPU_K_surface, w, w->squares));
    HL_TRY(hl_gpu_raster_run_backward(r));
    if (w->adjust)
        HL_TRY(hl_gpu_launch(g, HL_GPU_K_adjust, w, w->count));
    return small ? hl_gpu_launch(g, HL_GPU_K_small, w, 1) : HL_OK;
}

/* The graph of r->work, made anew where that changed. */
static hl_status capture(hl_gpu_raster *r)
{
    hl_gpu_training *g = r->training;
    if (g->graph && memcmp(&g->captured, &r->work, sizeof r->work) == 0)
        return HL_OK;
    hl_gpu_graph_destroy(&r->gpu, &g->graph);
    HL_TRY(hl_gpu_capture_begin(&r->gpu));
    const hl_status s = run_all(r);
    const hl_status ended = hl_gpu_capture_end(&r->gpu, &g->graph);
    HL_TRY(s);
    HL_TRY(ended);
    memcpy(&g->captured, &r->work, sizeof r->work);
    return HL_OK;
}

/* Stage by stage, timed: waits. */
static hl_status run_timed(hl_gpu_raster *r, hl_spans *spans)
{
    static const char *const names[] = {"project", "sort",      "bin",      "blend",
                                        "loss",    "blend_bwd", "splat_bwd"};
    r->spans = spans;
    HL_TRY(run_all(r));
    HL_TRY(hl_gpu_wait(&r->gpu));
    for (int32_t k = 0; k < (int32_t)(sizeof names / sizeof *names); k++)
        hl_span_add(spans, names[k], hl_gpu_seconds(&r->gpu, k, k + 1));
    return HL_OK;
}

static hl_status learn(void *state, hl_trainer *t, const hl_device_step *step)
{
    hl_gpu_raster *r = state;
    hl_raster_view view = t->view[step->photo];
    hl_train_shrink_view(&view, step->factor);
    HL_TRY(hl_gpu_photos_take(r, t, step, &r->step.photo));
    number_step(r, t, &view, step);
    HL_TRY(shape_step(r, t, &view, &step->options));
    hl_spans *const spans = r->spans;
    r->spans = NULL;
    if (!spans)
        HL_TRY(capture(r));
    HL_TRY(hl_gpu_set_step(&r->gpu, r->work.step, &r->step));
    const hl_status s =
        spans ? run_timed(r, spans) : hl_gpu_graph_launch(&r->gpu, r->training->graph);
    r->spans = spans;
    HL_TRY(s);
    HL_TRY(hl_gpu_photos_used(r));
    return hl_gpu_download(&r->gpu, r->state, r->work.state, sizeof *r->state);
}

/* ---- what happened ---- */

static hl_status clear_halt(hl_gpu_raster *r, int32_t *step)
{
    *step = r->state->halted_step;
    r->state->halted = HL_GPU_RUNS;
    r->training->lists_stale = true;
    return hl_gpu_fill(&r->gpu, &r->work.state->halted, 0, sizeof r->work.state->halted);
}

static hl_status poll_state(void *state, int32_t *step)
{
    hl_gpu_raster *r = state;
    const volatile uint32_t *halted = &r->state->halted; /* written by the device */
    *step = -1;
    if (*halted == HL_GPU_RUNS)
        return HL_OK;
    HL_TRY(hl_gpu_wait(&r->gpu));
    return clear_halt(r, step);
}

static hl_status settle(void *state, hl_trainer *t, int32_t *step)
{
    hl_gpu_raster *r = state;
    hl_gpu_state *s = r->state, *d = r->work.state;
    *step = -1;
    HL_TRY(hl_gpu_download(&r->gpu, s, d, sizeof *s));
    HL_TRY(hl_gpu_wait(&r->gpu));
    for (int q = 0; q < HL_GPU_TERMS; q++)
        t->sums.loss += s->loss_total[q];
    t->sums.l1 += s->mean_total[HL_GPU_SUM_L1];
    t->sums.mse += s->mean_total[HL_GPU_SUM_L2];
    t->sums.ssim += s->mean_total[HL_GPU_SUM_SSIM];
    t->sums.count += s->pictures;
    t->stats_views = s->views;
    HL_TRY(hl_gpu_fill(&r->gpu, d->mean_total, 0, sizeof d->mean_total));
    HL_TRY(hl_gpu_fill(&r->gpu, d->loss_total, 0, sizeof d->loss_total));
    HL_TRY(hl_gpu_fill(&r->gpu, &d->pictures, 0, sizeof d->pictures));
    return s->halted == HL_GPU_RUNS ? HL_OK : clear_halt(r, step);
}

void hl_gpu_training_resized(hl_gpu_raster *r)
{
    r->training->lists_stale = true;
}

const hl_trainer_device hl_gpu_trainer_device = {.push = push,
                                                 .pull = pull,
                                                 .has_photo = hl_gpu_photos_have,
                                                 .streams = hl_gpu_photos_stream,
                                                 .stage = hl_gpu_photos_stage,
                                                 .learn = learn,
                                                 .refine = hl_gpu_refine_any,
                                                 .filter = hl_gpu_refine_filter,
                                                 .poll = poll_state,
                                                 .settle = settle,
                                                 .bytes = hl_gpu_train_bytes,
                                                 .release = release};
