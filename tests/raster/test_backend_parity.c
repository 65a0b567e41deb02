/* SPDX-License-Identifier: MIT */
/* The CPU backend, each instruction set, against the double reference: all outputs, all
 * gradients, on random scenes and awkward sizes. */
#define HL_REAL double
#include "core/parallel.h"
#include "tests/raster/twin.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void check_plane(const twin *t, const float *plane, int32_t stride, const double *want,
                        double tolerance, const char *what)
{
    const size_t w = (size_t)t->view.width, h = (size_t)t->view.height;
    float *dense = hl_alloc(w * h, sizeof *dense);
    for (size_t y = 0; y < h; y++)
        memcpy(dense + y * w, plane + y * (size_t)stride, w * sizeof(float));
    twin_check(dense, want, w * h, tolerance, what);
    hl_free(dense);
}

static void check_forward(const twin *t, const hl_raster_frame *f)
{
    const hl_reference *s = &t->ref;
    const size_t px = (size_t)t->view.width * (size_t)t->view.height;
    for (int32_t p = 0; p < hl_reference_planes(s); p++)
        check_plane(t, f->plane[p], f->stride, s->planes + (size_t)p * px, 1e-5, "plane");
    check_plane(t, f->transmittance, f->stride, s->transmittance, 1e-5, "transmittance");
    if (f->median_depth)
        check_plane(t, f->median_depth, f->stride, s->median, 1e-5, "median");
    if (f->max_weight)
        twin_check(f->max_weight, s->max_weight, (size_t)s->count, 1e-5, "max weight");
}

static void check_backward(const twin *t, const hl_raster_sink *sink)
{
    const hl_reference *s = &t->ref;
    const size_t n = (size_t)s->count;
    const double tolerance = 1e-4;
    twin_check(t->grad.mean, s->d_mean, 3 * n, tolerance, "mean");
    twin_check(t->grad.log_scale, s->d_log_scale, 3 * n, tolerance, "log_scale");
    twin_check(t->grad.quat, s->d_quat, 4 * n, tolerance, "quat");
    twin_check(t->grad.logit_opa, s->d_logit_opa, n, tolerance, "logit_opa");
    twin_check(t->grad.sh, s->d_sh, 48 * n, tolerance, "sh");
    twin_check(t->feature_grad, s->d_features, n * (size_t)s->feature_count, tolerance, "features");
    twin_check(sink->pose, s->d_pose, 6, tolerance, "pose");
    twin_check(sink->background, s->d_background, 3, tolerance, "background");
}

static void compare(twin *t, hl_isa isa)
{
    hl_raster *r = NULL;
    if (hl_raster_create(&r, "cpu", isa) != HL_OK) {
        print_message("skipped: %s\n", hl_last_error());
        return;
    }
    hl_raster_frame frame;
    check_ok(hl_raster_forward(r, &t->splats, &t->view, &t->options, &frame));
    hl_reference_forward(&t->ref);
    check_forward(t, &frame);
    hl_raster_frame_grad g = {
        .alpha = t->d_alpha, .median_depth = t->d_median, .max_weight = t->d_max_weight};
    memcpy(g.plane, t->d_plane, sizeof g.plane);
    hl_raster_sink sink = {.grad = &t->grad, .feature_grad = t->feature_grad};
    check_ok(hl_raster_backward(r, &t->splats, &g, &sink));
    hl_reference_backward(&t->ref);
    check_backward(t, &sink);
    hl_raster_destroy(&r);
}

static void run(scene_size size, uint64_t seed, int extras, int window)
{
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
        twin t;
        twin_create(&t, size, seed, extras);
        if (window)
            twin_window(&t);
        compare(&t, (hl_isa)isa);
        hl_arena_release(&t.arena);
    }
}

static void color_depth_normal(void **state)
{
    (void)state;
    run((scene_size){60, 50, 37, 0, 3, 0}, 11, 0, 0);
    run((scene_size){200, 64, 64, 0, 2, 1}, 12, 0, 0);
}

static void features(void **state)
{
    (void)state;
    run((scene_size){50, 33, 40, 16, 1, 0}, 13, 0, 0);
    run((scene_size){50, 33, 40, 5, 0, 1}, 14, 0, 0);
}

static void median_and_largest_weight(void **state)
{
    (void)state;
    run((scene_size){80, 45, 31, 2, 3, 0}, 15, 1, 0);
}

static void depth_window(void **state)
{
    (void)state;
    run((scene_size){80, 45, 31, 2, 3, 0}, 16, 0, 1);
    run((scene_size){80, 45, 31, 2, 3, 0}, 17, 1, 1);
}

static void one_pixel(void **state)
{
    (void)state;
    run((scene_size){40, 1, 1, 1, 3, 0}, 18, 1, 0);
    run((scene_size){40, 1, 17, 1, 3, 0}, 19, 0, 0);
}

static void no_splats(void **state)
{
    (void)state;
    run((scene_size){0, 20, 20, 1, 3, 0}, 20, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(color_depth_normal),
        cmocka_unit_test(features),
        cmocka_unit_test(median_and_largest_weight),
        cmocka_unit_test(depth_window),
        cmocka_unit_test(one_pixel),
        cmocka_unit_test(no_splats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
