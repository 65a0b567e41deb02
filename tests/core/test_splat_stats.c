/* SPDX-License-Identifier: MIT */
/* Scenes whose extent, quantiles and coverage are known in closed form. */
#include "core/memory.h"
#include "core/splat_stats.h"
#include "tests/check.h"

#include <math.h>

static hl_arena arena;

static int start(void **state)
{
    (void)state;
    hl_arena_init(&arena, 0, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    hl_arena_release(&arena);
    return 0;
}

/* 101 splats on the diagonal, number i at i (1, -1, 2), axes e^(i/100) times (0.1, 0.2, 0.4),
 * opacity 1/2; stored in a shuffled order. */
static hl_splats diagonal(void)
{
    hl_splats s;
    check_ok(hl_splats_init(&s, &arena, 101));
    s.count = 101;
    for (int32_t row = 0; row < 101; row++) {
        const int32_t i = row * 37 % 101;
        const float axis[3] = {0.2f, 0.4f, 0.1f};
        for (int k = 0; k < 3; k++) {
            s.mean[3 * row + k] = (float)i * (k == 1 ? -1.0f : k == 2 ? 2.0f : 1.0f);
            s.log_scale[3 * row + k] = logf(axis[k]) + (float)i / 100;
        }
    }
    return s;
}

static void boxes_and_quantiles(void **state)
{
    (void)state;
    const hl_splats s = diagonal();
    hl_splat_stats st;
    check_ok(hl_splats_measure(&st, &s));
    const double low[3] = {0, -100, 0}, high[3] = {100, 0, 200};
    const double core_low[3] = {2, -98, 4}, core_high[3] = {98, -2, 196};
    check_close(st.low, low, 3, 1e-9, 0);
    check_close(st.high, high, 3, 1e-9, 0);
    check_close(st.core_low, core_low, 3, 1e-9, 0);
    check_close(st.core_high, core_high, 3, 1e-9, 0);
    const int index[5] = {0, 5, 50, 95, 100};
    for (int q = 0; q < 5; q++) {
        const double largest = 0.4 * exp(index[q] / 100.0), smallest = largest / 4, half = 0.5;
        check_close(st.opacity + q, &half, 1, 1e-7, 0);
        check_close(st.largest + q, &largest, 1, 1e-6, 0);
        check_close(st.smallest + q, &smallest, 1, 1e-6, 0);
    }
}

static void fill_ratio_is_covered_area_over_faces(void **state)
{
    (void)state;
    const hl_splats s = diagonal();
    hl_splat_stats st;
    check_ok(hl_splats_measure(&st, &s));
    double area = 0;
    for (int i = 0; i < 101; i++)
        area += 0.5 * 3.14159265358979 * 0.4 * 0.2 * exp(2 * i / 100.0);
    const double want = area / ((96.0 * 96 + 96 * 192 + 192 * 96) / 3);
    check_close(&st.fill_ratio, &want, 1, 1e-9, 1e-5);
}

static void nothing_and_one(void **state)
{
    (void)state;
    hl_splats s = diagonal();
    hl_splat_stats st;
    s.count = 0;
    check_ok(hl_splats_measure(&st, &s));
    assert_true(st.fill_ratio == 0 && st.high[2] == 0 && st.opacity[4] == 0);
    s.count = 1;
    s.mean[0] = 5;
    check_ok(hl_splats_measure(&st, &s));
    assert_true(st.low[0] == 5 && st.high[0] == 5 && st.core_low[0] == 5);
    assert_true(st.fill_ratio == 0); /* a box without area */
    hl_alloc_fail_at(1);
    check_fails(hl_splats_measure(&st, &s), "out of memory");
    hl_alloc_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(boxes_and_quantiles, start, stop),
        cmocka_unit_test_setup_teardown(fill_ratio_is_covered_area_over_faces, start, stop),
        cmocka_unit_test_setup_teardown(nothing_and_one, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
