/* SPDX-License-Identifier: MIT */
/* tests/raster/twin.h -- one random scene twice: for the reference in double and, rounded to the
 * same values, for a backend in float.
 *
 * Define HL_REAL as double before including.
 */
#ifndef HL_TESTS_RASTER_TWIN_H
#define HL_TESTS_RASTER_TWIN_H

#include "raster/raster.h"
#include "tests/check.h"
#include "tests/raster/scene.h"

#include <math.h>
#include <string.h>

/* The reference in double and the same scene in float. */
typedef struct twin {
    hl_arena arena;
    hl_reference ref;
    hl_splats splats, grad;
    float *features, *filter, *window, *feature_grad;
    float *d_plane[HL_PLANES_MAX], *d_alpha, *d_median, *d_max_weight;
    hl_raster_view view;
    hl_raster_options options;
    double tolerance;         /* relative L2 of gradients; 1e-4 unless a test says why not */
    double tolerance_forward; /* of outputs; 1e-5 */
} twin;

static inline float *twin_floats(hl_arena *arena, size_t n)
{
    return hl_arena_alloc(arena, n ? n : 1, sizeof(float));
}

/* Rounds the double array to float in place and copies it. */
static inline void twin_share(const double *from, float *to, size_t n)
{
    double *d = (double *)(uintptr_t)from;
    for (size_t i = 0; i < n; i++)
        d[i] = (double)(to[i] = (float)d[i]);
}

static inline void twin_camera(twin *t, const scene_size *size)
{
    hl_projector *p = &t->ref.projector;
    t->view.width = size->width;
    t->view.height = size->height;
    t->view.fx = (float)p->fx;
    t->view.fy = (float)p->fy;
    t->view.cx = (float)p->cx;
    t->view.cy = (float)p->cy;
    for (int i = 0; i < 9; i++)
        t->view.r[i] = (float)p->r[i];
    for (int i = 0; i < 3; i++)
        t->view.t[i] = (float)p->t[i];
    double r[9], tr[3];
    const double wh[2] = {size->width, size->height};
    const double k[4] = {(double)t->view.fx, (double)t->view.fy, (double)t->view.cx,
                         (double)t->view.cy};
    for (int i = 0; i < 9; i++)
        r[i] = (double)t->view.r[i];
    for (int i = 0; i < 3; i++)
        tr[i] = (double)t->view.t[i];
    hl_projector_init(p, wh, k, r, tr, size->antialiased);
}

/* Dense (H, W) double to the (rows, stride) layout of a frame. */
static inline float *twin_plane(twin *t, const double *from)
{
    const int32_t w = t->view.width, h = t->view.height;
    const size_t stride = ((size_t)w + 15) / 16 * 16, rows = ((size_t)h + 15) / 16 * 16;
    float *plane = twin_floats(&t->arena, stride * rows);
    for (size_t y = 0; y < (size_t)h; y++)
        twin_share(from + y * (size_t)w, plane + y * stride, (size_t)w);
    return plane;
}

static inline void twin_create(twin *t, scene_size size, uint64_t seed, int extras)
{
    memset(t, 0, sizeof *t);
    t->tolerance = 1e-4;
    t->tolerance_forward = 1e-5;
    hl_arena_init(&t->arena, 0, 0);
    hl_reference *s = &t->ref;
    scene_create(s, &t->arena, size, seed);
    twin_camera(t, &size);
    const size_t n = (size_t)size.splats;
    check_ok(hl_splats_init(&t->splats, &t->arena, size.splats + 3));
    check_ok(hl_splats_init(&t->grad, &t->arena, size.splats + 3));
    t->splats.count = size.splats;
    t->splats.sh_degree = 3;
    twin_share(s->mean, t->splats.mean, 3 * n);
    twin_share(s->log_scale, t->splats.log_scale, 3 * n);
    twin_share(s->quat, t->splats.quat, 4 * n);
    twin_share(s->logit_opa, t->splats.logit_opa, n);
    twin_share(s->sh, t->splats.sh, 48 * n);
    t->features = twin_floats(&t->arena, n * (size_t)size.features);
    t->feature_grad = twin_floats(&t->arena, n * (size_t)size.features);
    t->filter = twin_floats(&t->arena, n);
    twin_share(s->features, t->features, n * (size_t)size.features);
    twin_share(s->filter_3d, t->filter, n);
    scene_output_grads(s, &t->arena, seed + 7);
    if (!extras)
        s->d_median = s->d_max_weight = NULL;
    const size_t px = (size_t)size.width * (size_t)size.height;
    for (int32_t p = 0; p < hl_reference_planes(s); p++)
        t->d_plane[p] = twin_plane(t, s->d_planes + (size_t)p * px);
    t->d_alpha = twin_plane(t, s->d_alpha);
    if (extras) {
        t->d_median = twin_plane(t, s->d_median);
        t->d_max_weight = twin_floats(&t->arena, n);
        twin_share(s->d_max_weight, t->d_max_weight, n);
    }
    t->options.sh_degree = size.degree;
    t->options.antialiased = size.antialiased;
    for (int c = 0; c < 3; c++)
        s->background[c] = (double)(t->options.background[c] = (float)s->background[c]);
    t->options.outputs =
        HL_RASTER_DEPTH | HL_RASTER_NORMAL | HL_RASTER_DEPTH_2 | HL_RASTER_DISTANCE;
    if (extras)
        t->options.outputs |= HL_RASTER_MEDIAN | HL_RASTER_MAX_WEIGHT;
    t->options.feature_count = size.features;
    t->options.features = t->features;
    t->options.filter_3d = t->filter;
}

/* A window that cuts the scene differently at each pixel. */
static inline void twin_window(twin *t)
{
    const size_t px = (size_t)t->view.width * (size_t)t->view.height;
    t->window = twin_floats(&t->arena, 2 * px);
    double *window = scene_reals(&t->arena, 2 * px);
    for (size_t i = 0; i < px; i++) {
        window[i] = 2.6 + (double)(i % 7) * 0.2;
        window[px + i] = window[i] + 1.5;
    }
    twin_share(window, t->window, 2 * px);
    t->ref.depth_window = window;
    t->options.depth_window = t->window;
}

static inline void twin_check(const float *got, const double *want, size_t n, double tolerance,
                              const char *what)
{
    double error = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(got[i]))
            fail_msg("%s[%zu] is not finite", what, i);
        error += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        norm += want[i] * want[i];
    }
    const double relative = sqrt(error / (norm + 1e-20));
    if (relative > tolerance)
        fail_msg("%s: relative L2 error %.3g, limit %.3g (norm %.3g)", what, relative, tolerance,
                 sqrt(norm));
}

static inline void twin_check_plane(const twin *t, const float *plane, int32_t stride,
                                    const double *want, double tolerance, const char *what)
{
    const size_t w = (size_t)t->view.width, h = (size_t)t->view.height;
    float *dense = hl_alloc(w * h, sizeof *dense);
    for (size_t y = 0; y < h; y++)
        memcpy(dense + y * w, plane + y * (size_t)stride, w * sizeof(float));
    twin_check(dense, want, w * h, tolerance, what);
    hl_free(dense);
}

static inline void twin_check_forward(const twin *t, const hl_raster_frame *f)
{
    const hl_reference *s = &t->ref;
    const double tolerance = t->tolerance_forward;
    const size_t px = (size_t)t->view.width * (size_t)t->view.height;
    for (int32_t p = 0; p < hl_reference_planes(s); p++)
        twin_check_plane(t, f->plane[p], f->stride, s->planes + (size_t)p * px, tolerance, "plane");
    twin_check_plane(t, f->transmittance, f->stride, s->transmittance, tolerance, "transmittance");
    if (f->median_depth)
        twin_check_plane(t, f->median_depth, f->stride, s->median, tolerance, "median");
    if (f->max_weight)
        twin_check(f->max_weight, s->max_weight, (size_t)s->count, tolerance, "max weight");
}

static inline void twin_check_backward(const twin *t, const hl_raster_sink *sink)
{
    const hl_reference *s = &t->ref;
    const size_t n = (size_t)s->count;
    const double tolerance = t->tolerance;
    twin_check(t->grad.mean, s->d_mean, 3 * n, tolerance, "mean");
    twin_check(t->grad.log_scale, s->d_log_scale, 3 * n, tolerance, "log_scale");
    twin_check(t->grad.quat, s->d_quat, 4 * n, tolerance, "quat");
    twin_check(t->grad.logit_opa, s->d_logit_opa, n, tolerance, "logit_opa");
    twin_check(t->grad.sh, s->d_sh, 48 * n, tolerance, "sh");
    twin_check(t->feature_grad, s->d_features, n * (size_t)s->feature_count, tolerance, "features");
    twin_check(sink->pose, s->d_pose, 6, tolerance, "pose");
    twin_check(sink->background, s->d_background, 3, tolerance, "background");
}

/* All outputs and gradients of a rasterizer against the reference. */
static inline void twin_compare_on(twin *t, hl_raster *r)
{
    hl_raster_frame frame;
    check_ok(hl_raster_forward(r, &t->splats, &t->view, &t->options, &frame));
    hl_reference_forward(&t->ref);
    twin_check_forward(t, &frame);
    hl_raster_frame_grad g = {
        .alpha = t->d_alpha, .median_depth = t->d_median, .max_weight = t->d_max_weight};
    memcpy(g.plane, t->d_plane, sizeof g.plane);
    hl_raster_sink sink = {.grad = &t->grad, .feature_grad = t->feature_grad};
    check_ok(hl_raster_backward(r, &t->splats, &g, &sink));
    hl_reference_backward(&t->ref);
    twin_check_backward(t, &sink);
}

/* One instruction set of the CPU; absent ones are skipped with a line. */
static inline void twin_compare(twin *t, hl_isa isa)
{
    hl_raster *r = NULL;
    if (hl_raster_create(&r, "cpu", isa) != HL_OK) {
        print_message("skipped: %s\n", hl_last_error());
        return;
    }
    twin_compare_on(t, r);
    hl_raster_destroy(&r);
}

#endif /* HL_TESTS_RASTER_TWIN_H */
