/* SPDX-License-Identifier: MIT */
/* The CPU backend, each instruction set, against the double reference: all outputs, all
 * gradients, on random scenes and awkward sizes. */
#define HL_REAL double
#include "tests/raster/twin.h"

static void run(scene_size size, uint64_t seed, int extras, int window)
{
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
        twin t;
        twin_create(&t, size, seed, extras);
        if (window)
            twin_window(&t);
        twin_compare(&t, (hl_isa)isa);
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
