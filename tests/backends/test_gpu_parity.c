/* SPDX-License-Identifier: MIT */
/* The GPU's kernels, run lane by lane on the processor, and its host code against the double
 * reference: all outputs, all gradients, sums by atomics and in order. */
#define HL_REAL double
#include "raster/backend.h"
#include "raster/cuda/raster_gpu.h"
#include "tests/raster/twin.h"

static void run(scene_size size, uint64_t seed, int extras, int window)
{
    for (int ordered = 0; ordered < 2; ordered++) {
        twin t;
        hl_raster *r = NULL;
        twin_create(&t, size, seed, extras);
        if (window)
            twin_window(&t);
        check_ok(hl_raster_create_on(&r, hl_raster_backend_emulated(), HL_ISA_AUTO));
        hl_raster_deterministic(r, ordered);
        twin_compare_on(&t, r);
        hl_raster_destroy(&r);
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
