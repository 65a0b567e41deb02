/* SPDX-License-Identifier: MIT */
/* The rasterizer's memory: none is taken in steady state, every allocation may fail, and what is
 * held agrees with what was promised. */
#include "tests/raster/float_scene.h"

enum { WARM_UP = 3, ITERATIONS = 20 };

static hl_status iterate(float_scene *s, hl_raster *r, int k)
{
    hl_raster_frame f;
    hl_raster_sink sink = {
        .grad = &s->grad, .feature_grad = s->feature_grad, .stats = &s->stats, .adam = &s->adam};
    s->view.t[0] = k % 2 ? 0.2f : -0.2f; /* two views in turn */
    HL_TRY(hl_raster_forward(r, &s->splats, &s->view, &s->options, &f));
    return hl_raster_backward(r, &s->splats, &s->frame_grad, &sink);
}

static void no_allocation_in_steady_state(void **state)
{
    (void)state;
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++)
        for (int extras = 0; extras < 2; extras++) {
            float_scene s;
            hl_raster *r = float_scene_raster((hl_isa)isa);
            if (!r)
                break;
            float_scene_create(&s, 2000, 70, 50, extras);
            for (int k = 0; k < WARM_UP; k++)
                check_ok(iterate(&s, r, k));
            const uint64_t before = hl_alloc_count();
            for (int k = 0; k < ITERATIONS; k++)
                check_ok(iterate(&s, r, k));
            assert_int_equal(hl_alloc_count() - before, 0);
            hl_raster_destroy(&r);
            hl_arena_release(&s.arena);
        }
}

/* The n-th allocation fails, for all n until none is left to fail; afterwards the same rasterizer
 * gives the same picture as a fresh one. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    float_scene s;
    float_scene_create(&s, 300, 40, 30, 1);
    int failures = 0;
    for (uint64_t n = 1;; n++) {
        hl_raster *r = NULL;
        hl_alloc_fail_at(n);
        hl_status status = hl_raster_create(&r, "cpu", HL_ISA_AUTO);
        if (status == HL_OK)
            status = iterate(&s, r, 0);
        hl_alloc_fail_at(0);
        if (r)
            check_ok(iterate(&s, r, 1));
        hl_raster_destroy(&r);
        if (status == HL_OK)
            break;
        assert_int_equal(status, HL_E_MEMORY);
        assert_true(strlen(hl_last_error()) > 0);
        failures++;
        assert_true(n < 200);
    }
    assert_true(failures > 10);
    hl_arena_release(&s.arena);
}

/* A second, larger picture grows what is held; the promise of hl_raster_bytes is an upper bound
 * within a factor of two, once buffers have their slack. */
static void held_bytes_follow_the_promise(void **state)
{
    (void)state;
    float_scene s;
    hl_raster *r = float_scene_raster(HL_ISA_AUTO);
    hl_raster_frame f;
    float_scene_create(&s, 8000, 200, 150, 0);
    hl_raster_sink sink = {.grad = &s.grad, .feature_grad = s.feature_grad, .stats = &s.stats};
    check_ok(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f));
    check_ok(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink));
    const double held = (double)hl_raster_bytes_held(r);
    const double promised =
        (double)hl_raster_bytes(s.splats.count, 200, 150, f.instances, f.plane_count);
    print_message("held %.0f, promised %.0f bytes\n", held, promised);
    assert_true(held <= promised * 1.15 && promised <= held * 1.6);
    s.view.width = 100;
    check_ok(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f));
    assert_true((double)hl_raster_bytes_held(r) == held); /* smaller: nothing given or taken */
    hl_raster_destroy(&r);
    hl_arena_release(&s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_in_steady_state),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(held_bytes_follow_the_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
