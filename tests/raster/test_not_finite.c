/* SPDX-License-Identifier: MIT */
/* Splats that hold NaN, infinities or the largest float: the picture and all gradients stay
 * finite, theirs are zero where they are skipped, and the other splats do not notice. */
#include "tests/raster/float_scene.h"

enum { SPLATS = 60, BAD = 20, WIDTH = 40, HEIGHT = 30, PIXELS = 48 * 32, PLANES = 9 };

typedef struct result {
    float plane[PLANES + 1][PIXELS]; /* and transmittance */
    float grad[SPLATS * HL_SPLAT_FLOATS], feature_grad[2 * SPLATS];
    float pose[6], background[3];
    int32_t visible;
} result;

static void copy_grads(const hl_splats *s, float *out)
{
#define X(name, components)                                     \
    memcpy(out, s->name, SPLATS *(components) * sizeof(float)); \
    out += SPLATS * (components);
    HL_SPLAT_FIELDS(X)
#undef X
}

static void evaluate(float_scene *s, hl_raster *r, result *out)
{
    hl_raster_frame f;
    hl_raster_sink sink = {.grad = &s->grad, .feature_grad = s->feature_grad, .stats = &s->stats};
    check_ok(hl_raster_forward(r, &s->splats, &s->view, &s->options, &f));
    check_ok(hl_raster_backward(r, &s->splats, &s->frame_grad, &sink));
    memset(out, 0, sizeof *out);
    for (int32_t p = 0; p <= PLANES; p++)
        for (size_t y = 0; y < HEIGHT; y++)
            memcpy(out->plane[p] + y * WIDTH,
                   (p < PLANES ? f.plane[p] : f.transmittance) + y * (size_t)f.stride,
                   WIDTH * sizeof(float));
    copy_grads(&s->grad, out->grad);
    memcpy(out->feature_grad, s->feature_grad, sizeof out->feature_grad);
    memcpy(out->pose, sink.pose, sizeof out->pose);
    memcpy(out->background, sink.background, sizeof out->background);
    out->visible = f.visible;
}

static void check_finite(const result *x, const char *what)
{
    const float *all = &x->plane[0][0];
    for (size_t i = 0; i < offsetof(result, visible) / sizeof(float); i++)
        if (!isfinite(all[i]))
            fail_msg("%s: float %zu of the result is not finite", what, i);
}

/* Every float of splat BAD, one at a time, becomes `value`. */
static void poison(hl_isa isa, float value, int skipped, const char *what)
{
    hl_raster *r = float_scene_raster(isa);
    if (!r)
        return;
    float_scene s;
    static result without, with;
    float_scene_create(&s, SPLATS, WIDTH, HEIGHT, 0);
    const float opacity = 1, mean[3] = {0.05f, 0.02f, 2}, log_scale[3] = {-2, -2.5f, -3};
    memcpy(s.splats.mean + 3 * (size_t)BAD, mean, sizeof mean);
    memcpy(s.splats.log_scale + 3 * (size_t)BAD, log_scale, sizeof log_scale);
    s.splats.logit_opa[BAD] = -50;
    evaluate(&s, r, &without);
    s.splats.logit_opa[BAD] = opacity;
    evaluate(&s, r, &with);
    assert_true(memcmp(&with, &without, sizeof with) != 0); /* it shows, when it is sound */
    float *fields[] = {s.splats.mean, s.splats.log_scale, s.splats.quat, s.splats.logit_opa,
                       s.splats.sh};
    const size_t size[] = {3, 3, 4, 1, 48};
    for (int k = 0; k < 5; k++)
        for (size_t c = 0; c < size[k]; c++) {
            float *at = &fields[k][BAD * size[k] + c];
            const float keep = *at;
            *at = value;
            evaluate(&s, r, &with);
            check_finite(&with, what);
            if (skipped && memcmp(&with, &without, sizeof with) != 0)
                fail_msg("%s in field %d [%zu]: the splat was not simply left out", what, k, c);
            *at = keep;
        }
    hl_raster_destroy(&r);
    hl_arena_release(&s.arena);
}

static void every_isa(float value, int skipped, const char *what)
{
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++)
        poison((hl_isa)isa, value, skipped, what);
}

static void nan_anywhere_leaves_the_splat_out(void **state)
{
    (void)state;
    every_isa((float)NAN, 1, "NaN");
}

static void infinity_anywhere_leaves_the_splat_out(void **state)
{
    (void)state;
    every_isa((float)HUGE_VAL, 1, "infinity");
    every_isa(-(float)HUGE_VAL, 1, "minus infinity");
}

static void large_numbers_stay_finite(void **state)
{
    (void)state;
    static const float large[] = {3e38f, -3e38f, 1e20f, -1e20f, 1e9f, -1e9f, 1e4f, -1e4f, 1e-40f};
    for (size_t k = 0; k < sizeof large / sizeof *large; k++)
        every_isa(large[k], 0, "large number");
}

/* All of them at once: the picture is the background, nothing else moves. */
static void nothing_but_nan(void **state)
{
    (void)state;
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
        hl_raster *r = float_scene_raster((hl_isa)isa);
        if (!r)
            continue;
        float_scene s;
        static result x;
        float_scene_create(&s, SPLATS, WIDTH, HEIGHT, 0);
        for (size_t i = 0; i < 3 * SPLATS; i++)
            s.splats.mean[i] = (float)NAN;
        evaluate(&s, r, &x);
        check_finite(&x, "all NaN");
        assert_int_equal(x.visible, 0);
        for (size_t i = 0; i < WIDTH * HEIGHT; i++)
            assert_true(x.plane[0][i] == 0.2f && x.plane[1][i] == 0.4f && x.plane[2][i] == 0.6f);
        for (size_t i = 0; i < sizeof x.grad / sizeof *x.grad; i++)
            assert_true(x.grad[i] == 0);
        hl_raster_destroy(&r);
        hl_arena_release(&s.arena);
    }
}

static void features_and_filters(void **state)
{
    (void)state;
    static const float bad[] = {(float)NAN, (float)HUGE_VAL, -(float)HUGE_VAL, -1, 3e38f};
    float_scene s;
    static result x;
    hl_raster *r = float_scene_raster(HL_ISA_AUTO);
    float_scene_create(&s, SPLATS, WIDTH, HEIGHT, 0);
    float *filter = hl_arena_alloc(&s.arena, SPLATS, sizeof *filter);
    s.options.filter_3d = filter;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        filter[BAD] = bad[k];
        evaluate(&s, r, &x);
        check_finite(&x, "filter");
        filter[BAD] = 0;
        if (k < 3) {
            s.features[2 * BAD] = bad[k];
            evaluate(&s, r, &x);
            check_finite(&x, "feature");
            s.features[2 * BAD] = 0;
        }
    }
    hl_raster_destroy(&r);
    hl_arena_release(&s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nan_anywhere_leaves_the_splat_out),
        cmocka_unit_test(infinity_anywhere_leaves_the_splat_out),
        cmocka_unit_test(large_numbers_stay_finite),
        cmocka_unit_test(nothing_but_nan),
        cmocka_unit_test(features_and_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
