/* SPDX-License-Identifier: MIT */
/* Host forward and backward of the GPU rasterizer: host memory in, host memory out. */
#include "raster/cuda/raster_gpu.h"

#include "core/memory.h"
#include "raster/cuda/train_gpu.h"

#include <stdio.h>
#include <string.h>

static hl_status reserve(hl_gpu_raster *r, hl_gpu_block block, size_t floats, const char *what)
{
    return hl_gpu_reserve(&r->gpu, &r->buffer[block], floats, sizeof(float), what);
}

/* The host array to its block; NULL stays NULL. */
static hl_status send(hl_gpu_raster *r, hl_gpu_block block, const float *from, size_t floats,
                      const float **device, const char *what)
{
    *device = NULL;
    if (!from)
        return HL_OK;
    HL_TRY(reserve(r, block, floats, what));
    *device = r->buffer[block].at;
    return hl_gpu_upload(&r->gpu, r->buffer[block].at, from, floats * sizeof(float));
}

static hl_status send_fields(hl_gpu_raster *r, hl_gpu_block block, const hl_splats *from,
                             int32_t count, hl_gpu_fields *device)
{
    const size_t n = (size_t)count;
    HL_TRY(reserve(r, block, hl_gpu_fields_floats(count), "splats"));
    hl_gpu_fields_at(device, r->buffer[block].at, count);
#define X(name, components) \
    HL_TRY(hl_gpu_upload(&r->gpu, device->name, from->name, n *(components) * sizeof(float)));
    HL_SPLAT_FIELDS(X)
#undef X
    return HL_OK;
}

static hl_status fetch_fields(hl_gpu_raster *r, const hl_gpu_fields *device, int32_t count,
                              hl_splats *to)
{
    const size_t n = (size_t)count;
#define X(name, components) \
    HL_TRY(hl_gpu_download(&r->gpu, to->name, device->name, n *(components) * sizeof(float)));
    HL_SPLAT_FIELDS(X)
#undef X
    return HL_OK;
}

static void lay_out_frame(hl_gpu_raster *r)
{
    const hl_gpu_work *w = &r->work;
    hl_raster_frame *f = &r->frame;
    memset(f, 0, sizeof *f);
    f->width = w->width;
    f->height = w->height;
    f->stride = w->stride;
    f->rows = w->px_rows;
    f->plane_count = w->plane_count;
    f->depth_plane = w->depth_plane;
    f->normal_plane = w->normal_plane;
    f->feature_plane = w->feature_plane;
    f->depth_2_plane = w->depth_2_plane;
    f->distance_plane = w->distance_plane;
    for (int32_t p = 0; p < w->plane_count; p++)
        f->plane[p] = r->host_pixels + (size_t)p * w->plane;
    f->transmittance = r->host_pixels + (size_t)w->plane_count * w->plane;
    f->median_depth = w->median ? f->transmittance + w->plane : NULL;
    f->max_weight = w->max_weight ? r->host_weights : NULL;
    f->visible = (int32_t)r->state->visible;
    f->instances = r->state->instances;
}

static hl_status reserve_host(hl_gpu_raster *r, size_t bytes)
{
    if (bytes > r->host_pixel_bytes) {
        void *fresh = NULL;
        hl_gpu_unpin(&r->gpu, r->host_pixels);
        r->host_pixels = NULL;
        r->host_pixel_bytes = 0;
        HL_TRY(hl_gpu_pin(&r->gpu, &fresh, bytes));
        r->host_pixels = fresh;
        r->host_pixel_bytes = bytes;
    }
    const size_t n = (size_t)r->work.count + 1;
    if (!r->work.max_weight || n <= r->host_weight_count)
        return HL_OK;
    hl_free(r->host_weights);
    hl_free(r->host_best);
    r->host_weights = hl_alloc(n, sizeof *r->host_weights);
    r->host_best = hl_alloc(n, sizeof *r->host_best);
    r->host_weight_count = r->host_weights && r->host_best ? n : 0;
    return r->host_weight_count ? HL_OK : HL_E_MEMORY;
}

static hl_status fetch_frame(hl_gpu_raster *r)
{
    const hl_gpu_work *w = &r->work;
    const size_t planes = (size_t)w->plane_count + 1 + (w->median ? 1 : 0);
    const size_t bytes = planes * w->plane * sizeof(float), n = (size_t)w->count;
    HL_TRY(reserve_host(r, bytes));
    HL_TRY(hl_gpu_download(&r->gpu, r->host_pixels, w->planes, bytes));
    if (w->max_weight)
        HL_TRY(hl_gpu_download(&r->gpu, r->host_best, w->max_weight, n * sizeof(uint64_t)));
    HL_TRY(hl_gpu_wait(&r->gpu));
    for (size_t i = 0; w->max_weight && i < n; i++) {
        const uint32_t bits = (uint32_t)(r->host_best[i] >> 32);
        memcpy(&r->host_weights[i], &bits, sizeof bits);
    }
    lay_out_frame(r);
    return HL_OK;
}

/* What the kernels read of splats and options. */
static hl_status send_inputs(hl_gpu_raster *r, const hl_splats *splats)
{
    const hl_raster_options *o = &r->options;
    hl_gpu_work *w = &r->work;
    const size_t n = (size_t)splats->count, pixels = (size_t)w->width * (size_t)w->height;
    if (!r->resident || r->resident != splats) {
        r->resident = NULL;
        HL_TRY(send_fields(r, HL_GPU_B_SPLATS, splats, splats->count, &w->p));
    }
    HL_TRY(send(r, HL_GPU_B_FEATURES, o->feature_count ? o->features : NULL,
                n * (size_t)o->feature_count, &w->features, "features"));
    HL_TRY(send(r, HL_GPU_B_FILTER, o->filter_3d, n, &w->filter_3d, "the 3D filter"));
    return send(r, HL_GPU_B_WINDOW, o->depth_window, 2 * pixels, &w->window, "the depth window");
}

static void report_stages(hl_gpu_raster *r, const char *const *name, int32_t count)
{
    for (int32_t k = 0; k < count && r->spans; k++)
        hl_span_add(r->spans, name[k], hl_gpu_seconds(&r->gpu, k, k + 1));
}

/* Runs until the lists were large enough: at most a few times. */
static hl_status run_until_fits(hl_gpu_raster *r)
{
    bool halted = true;
    while (halted) {
        HL_TRY(hl_gpu_raster_reserve_lists(r, NULL));
        HL_TRY(hl_gpu_raster_run_forward(r));
        HL_TRY(hl_gpu_raster_read_state(r, &halted));
    }
    return HL_OK;
}

hl_status hl_gpu_backend_forward(void *state, const hl_splats *splats, const hl_raster_view *view,
                                 const hl_raster_options *options, hl_raster_frame *frame)
{
    static const char *const stages[] = {"project", "sort", "bin", "blend"};
    hl_gpu_raster *r = state;
    const float size[2] = {(float)view->width, (float)view->height};
    const float k[4] = {view->fx, view->fy, view->cx, view->cy};
    r->view = *view;
    r->options = *options;
    hl_projector_init(&r->step.projector, size, k, view->r, view->t, options->antialiased);
    memcpy(r->step.background, options->background, sizeof r->step.background);
    r->step.stamp++;
    r->step.collect = 0;
    r->work.partial = NULL;
    HL_TRY(hl_gpu_raster_shape(r, view, options, splats->count));
    HL_TRY(send_inputs(r, splats));
    HL_TRY(hl_gpu_set_step(&r->gpu, r->work.step, &r->step));
    HL_TRY(run_until_fits(r));
    report_stages(r, stages, 4);
    HL_TRY(fetch_frame(r));
    *frame = r->frame;
    return HL_OK;
}

static hl_status send_frame_grad(hl_gpu_raster *r, const hl_raster_frame_grad *g)
{
    hl_gpu_work *w = &r->work;
    const size_t bytes = w->plane * sizeof(float);
    HL_TRY(reserve(r, HL_GPU_B_D_PIXELS, ((size_t)w->plane_count + 2) * w->plane,
                   "gradients of the picture"));
    float *at = r->buffer[HL_GPU_B_D_PIXELS].at;
    for (int32_t p = 0; p < w->plane_count; p++, at += w->plane) {
        w->d_plane[p] = g->plane[p] ? at : NULL;
        if (g->plane[p])
            HL_TRY(hl_gpu_upload(&r->gpu, at, g->plane[p], bytes));
    }
    w->d_alpha = g->alpha ? at : NULL;
    if (g->alpha)
        HL_TRY(hl_gpu_upload(&r->gpu, at, g->alpha, bytes));
    at += w->plane;
    w->d_median = g->median_depth ? at : NULL;
    if (g->median_depth)
        HL_TRY(hl_gpu_upload(&r->gpu, at, g->median_depth, bytes));
    return send(r, HL_GPU_B_D_WEIGHT, g->max_weight, (size_t)w->count, &w->d_max_weight,
                "gradients of the largest weights");
}

void hl_gpu_take_rates(hl_gpu_step *s, const hl_adam *a)
{
    s->lr_mean = a->lr_mean;
    s->lr_log_scale = a->lr_log_scale;
    s->lr_quat = a->lr_quat;
    s->lr_logit_opa = a->lr_logit_opa;
    s->lr_sh_dc = a->lr_sh_dc;
    s->lr_sh_rest = a->lr_sh_rest;
    s->opacity_reg = a->opacity_reg;
    s->scale_reg = a->scale_reg;
}

static hl_status send_adam(hl_gpu_raster *r, const hl_adam *a)
{
    hl_gpu_work *w = &r->work;
    const size_t clusters = ((size_t)w->count + HL_CLUSTER - 1) / HL_CLUSTER;
    hl_gpu_step *s = &r->step;
    HL_TRY(send_fields(r, HL_GPU_B_MOMENT_M, &a->m, w->count, &w->m));
    HL_TRY(send_fields(r, HL_GPU_B_MOMENT_V, &a->v, w->count, &w->v));
    HL_TRY(hl_gpu_reserve(&r->gpu, &r->buffer[HL_GPU_B_ADAM_STEPS], clusters, sizeof(int32_t),
                          "counters of Adam"));
    w->adam_steps = r->buffer[HL_GPU_B_ADAM_STEPS].at;
    w->adam_cluster = a->mode == HL_ADAM_CLUSTER;
    hl_gpu_take_rates(s, a);
    return hl_gpu_upload(&r->gpu, w->adam_steps, a->steps, clusters * sizeof(int32_t));
}

enum { STATS = 8 };

static void stats_members(hl_raster_stats *st, float **member[STATS])
{
    float **const all[STATS] = {&st->seen,   &st->grad_2d,   &st->grad_2d_abs, &st->radius,
                                &st->weight, &st->fragments, &st->grad_alpha,  &st->grad_alpha_2};
    memcpy(member, all, sizeof all);
}

static hl_status move_stats(hl_gpu_raster *r, const hl_raster_stats *host, bool up)
{
    hl_gpu_work *w = &r->work;
    hl_raster_stats from = *host;
    float **h[STATS], **d[STATS];
    const size_t n = (size_t)w->count;
    HL_TRY(reserve(r, HL_GPU_B_STATS, STATS * n, "statistics"));
    stats_members(&from, h);
    stats_members(&w->stats, d);
    for (size_t k = 0; k < STATS; k++) {
        float *at = (float *)r->buffer[HL_GPU_B_STATS].at + k * n;
        *d[k] = *h[k] ? at : NULL;
        if (*h[k] && up)
            HL_TRY(hl_gpu_upload(&r->gpu, at, *h[k], n * sizeof(float)));
        else if (*h[k])
            HL_TRY(hl_gpu_download(&r->gpu, *h[k], at, n * sizeof(float)));
    }
    return HL_OK;
}

static hl_status send_sink(hl_gpu_raster *r, const hl_raster_sink *sink)
{
    hl_gpu_work *w = &r->work;
    const size_t n = (size_t)w->count;
    memset(&w->d, 0, sizeof w->d);
    memset(&w->m, 0, sizeof w->m);
    memset(&w->v, 0, sizeof w->v);
    memset(&w->stats, 0, sizeof w->stats);
    w->feature_grad = NULL;
    w->want_pose = 1;
    if (sink->grad) {
        HL_TRY(reserve(r, HL_GPU_B_GRAD, hl_gpu_fields_floats(w->count), "gradients"));
        hl_gpu_fields_at(&w->d, r->buffer[HL_GPU_B_GRAD].at, w->count);
    }
    if (sink->feature_grad && w->feature_count) {
        HL_TRY(reserve(r, HL_GPU_B_FEATURE_GRAD, n * (size_t)w->feature_count,
                       "gradients of features"));
        w->feature_grad = r->buffer[HL_GPU_B_FEATURE_GRAD].at;
    }
    if (sink->adam)
        HL_TRY(send_adam(r, sink->adam));
    if (sink->stats)
        HL_TRY(move_stats(r, sink->stats, true));
    r->step.collect = sink->stats != NULL;
    return HL_OK;
}

static hl_status fetch_sink(hl_gpu_raster *r, hl_splats *splats, hl_raster_sink *sink)
{
    hl_gpu_work *w = &r->work;
    const size_t n = (size_t)w->count, clusters = (n + HL_CLUSTER - 1) / HL_CLUSTER;
    if (sink->grad)
        HL_TRY(fetch_fields(r, &w->d, w->count, sink->grad));
    if (w->feature_grad)
        HL_TRY(hl_gpu_download(&r->gpu, sink->feature_grad, w->feature_grad,
                               n * (size_t)w->feature_count * sizeof(float)));
    if (sink->adam) {
        HL_TRY(fetch_fields(r, &w->p, w->count, splats));
        HL_TRY(fetch_fields(r, &w->m, w->count, &sink->adam->m));
        HL_TRY(fetch_fields(r, &w->v, w->count, &sink->adam->v));
        HL_TRY(
            hl_gpu_download(&r->gpu, sink->adam->steps, w->adam_steps, clusters * sizeof(int32_t)));
    }
    if (sink->stats)
        HL_TRY(move_stats(r, sink->stats, false));
    bool halted;
    HL_TRY(hl_gpu_raster_read_state(r, &halted));
    memcpy(sink->pose, r->state->pose, sizeof sink->pose);
    memcpy(sink->background, r->state->background, sizeof sink->background);
    return HL_OK;
}

hl_status hl_gpu_backend_backward(void *state, hl_splats *splats,
                                  const hl_raster_frame_grad *frame_grad, hl_raster_sink *sink)
{
    static const char *const stages[] = {"blend_bwd", "splat_bwd"};
    hl_gpu_raster *r = state;
    r->marks = 0;
    HL_TRY(send_frame_grad(r, frame_grad));
    HL_TRY(send_sink(r, sink));
    HL_TRY(hl_gpu_raster_reserve_rows(r, sink->stats, frame_grad->median_depth != NULL));
    HL_TRY(hl_gpu_set_step(&r->gpu, r->work.step, &r->step));
    HL_TRY(hl_gpu_raster_run_backward(r));
    HL_TRY(fetch_sink(r, splats, sink));
    report_stages(r, stages, 2);
    return HL_OK;
}

void hl_gpu_backend_destroy(void *state)
{
    hl_gpu_raster_destroy(state);
}

const char *hl_gpu_backend_isa_name(const void *state)
{
    return ((const hl_gpu_raster *)state)->gpu.table->name;
}

void hl_gpu_backend_profile(void *state, hl_spans *spans)
{
    ((hl_gpu_raster *)state)->spans = spans;
}

size_t hl_gpu_backend_bytes_held(const void *state)
{
    return ((const hl_gpu_raster *)state)->gpu.bytes;
}

void hl_gpu_backend_deterministic(void *state, bool on)
{
    ((hl_gpu_raster *)state)->ordered = on;
}

hl_status hl_gpu_backend_describe(const hl_gpu_table *table, char *text, size_t room)
{
    const double gib = 1024.0 * 1024 * 1024;
    hl_gpu gpu;
    hl_gpu_info d;
    HL_TRY(hl_gpu_open(&gpu, table));
    const hl_status s = hl_gpu_describe(&gpu, &d);
    hl_gpu_close(&gpu);
    HL_TRY(s);
    snprintf(text, room,
             "%s, capability %d.%d, driver for CUDA %d.%d, runtime %d.%d, %.1f of %.1f GiB free",
             d.name, d.capability / 10, d.capability % 10, d.driver / 1000, d.driver % 1000 / 10,
             d.runtime / 1000, d.runtime % 1000 / 10, (double)d.memory_free / gib,
             (double)d.memory / gib);
    return HL_OK;
}

/* Counted on the device into the list that held what each splat reaches. */
int64_t hl_gpu_backend_count_pairs(void *state)
{
    hl_gpu_raster *r = state;
    const size_t n = (size_t)r->work.tiles;
    uint32_t *pairs = hl_alloc(n, sizeof *pairs);
    int64_t sum = 0;
    if (!pairs || hl_gpu_launch(&r->gpu, HL_GPU_K_count_pairs, &r->work, (int64_t)n) != HL_OK ||
        hl_gpu_download(&r->gpu, pairs, r->work.background_partial, n * sizeof *pairs) != HL_OK ||
        hl_gpu_wait(&r->gpu) != HL_OK)
        sum = -1;
    for (size_t t = 0; t < n && sum >= 0; t++)
        sum += pairs[t];
    hl_free(pairs);
    return sum;
}

enum { COPY_RUNS = 8 };
#define COPY_BYTES ((size_t)256 << 20)

static hl_status time_copies(hl_gpu *g, const hl_gpu_buffer block[2], size_t bytes)
{
    HL_TRY(hl_gpu_copy(g, block[1].at, block[0].at, bytes));
    HL_TRY(hl_gpu_mark(g, 0));
    for (int k = 0; k < COPY_RUNS; k++)
        HL_TRY(hl_gpu_copy(g, block[k % 2].at, block[!(k % 2)].at, bytes));
    HL_TRY(hl_gpu_mark(g, 1));
    return hl_gpu_wait(g);
}

hl_status hl_gpu_backend_copy_rate(void *state, double *bytes_per_second)
{
    hl_gpu *g = &((hl_gpu_raster *)state)->gpu;
    hl_gpu_buffer block[2] = {{NULL, 0}, {NULL, 0}};
    hl_gpu_info info;
    HL_TRY(hl_gpu_describe(g, &info));
    const size_t bytes = info.memory_free / 4 < COPY_BYTES ? info.memory_free / 4 : COPY_BYTES;
    hl_status s = hl_gpu_reserve(g, &block[0], bytes, 1, "copies");
    if (s == HL_OK)
        s = hl_gpu_reserve(g, &block[1], bytes, 1, "copies");
    if (s == HL_OK)
        s = time_copies(g, block, bytes);
    const double seconds = s == HL_OK ? hl_gpu_seconds(g, 0, 1) : 1;
    hl_gpu_free(g, &block[0]);
    hl_gpu_free(g, &block[1]);
    *bytes_per_second = seconds > 0 ? 2.0 * COPY_RUNS * (double)bytes / seconds : 0;
    return s;
}

hl_status hl_gpu_backend_memory(const hl_gpu_table *table, size_t *all, size_t *available)
{
    hl_gpu gpu;
    hl_gpu_info d;
    HL_TRY(hl_gpu_open(&gpu, table));
    const hl_status s = hl_gpu_describe(&gpu, &d);
    hl_gpu_close(&gpu);
    HL_TRY(s);
    *all = d.memory;
    *available = d.memory_free;
    return HL_OK;
}

static hl_status create_emulated(void **state, hl_isa isa)
{
    (void)isa;
    hl_gpu_raster *r;
    HL_TRY(hl_gpu_raster_create(&r, hl_gpu_table_emulated()));
    *state = r;
    return HL_OK;
}

static const hl_raster_backend emulated = {.name = "emulated",
                                           .score = 0,
                                           .create = create_emulated,
                                           .destroy = hl_gpu_backend_destroy,
                                           .isa_name = hl_gpu_backend_isa_name,
                                           .profile = hl_gpu_backend_profile,
                                           .forward = hl_gpu_backend_forward,
                                           .backward = hl_gpu_backend_backward,
                                           .bytes_held = hl_gpu_backend_bytes_held,
                                           .count_pairs = hl_gpu_backend_count_pairs,
                                           .copy_rate = hl_gpu_backend_copy_rate,
                                           .deterministic = hl_gpu_backend_deterministic,
                                           .trainer = &hl_gpu_trainer_device};

const hl_raster_backend *hl_raster_backend_emulated(void)
{
    return &emulated;
}
