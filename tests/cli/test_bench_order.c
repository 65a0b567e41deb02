/* SPDX-License-Identifier: MIT */
/* Two splats over one pixel, in three orders, against the sum written out. */
#include "cli/bench_order.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { SIDE = 9, PIXELS = SIDE * SIDE, MIDDLE = 4 * SIDE + 4 };

static float drawn[HL_ORDER_COUNT][3 * PIXELS];

/* Looks along +z from the origin; turned: along -z from z = 8. */
static hl_raster_view view_along(bool turned)
{
    hl_raster_view v = {.width = SIDE,
                        .height = SIDE,
                        .fx = 20,
                        .fy = 20,
                        .cx = 0.5f * SIDE,
                        .cy = 0.5f * SIDE,
                        .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    if (turned) {
        v.r[0] = v.r[8] = -1;
        v.t[2] = 8;
    }
    return v;
}

/* A red one and a blue one at those depths; the red one is a disc, turned by that about y. */
static void draw(float red_z, float blue_z, float turn)
{
    hl_arena arena;
    hl_splats s;
    const hl_raster_view view = view_along(false), before = view_along(true);
    float *const out[HL_ORDER_COUNT] = {drawn[0], drawn[1], drawn[2]};
    hl_arena_init(&arena, 0, 0);
    assert_int_equal(hl_splats_init(&s, &arena, 2), HL_OK);
    s.count = 2;
    s.mean[2] = red_z;
    s.mean[5] = blue_z;
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 3; k++) {
            s.log_scale[3 * i + k] = k == 2 ? -7 : 0;
            s.sh[48 * i + 16 * k] = k == 2 * i ? 1.7724539f : -1.7724539f; /* 1 or 0 */
        }
        s.quat[4 * i] = i ? 1 : cosf(0.5f * turn);
        s.quat[4 * i + 2] = i ? 0 : sinf(0.5f * turn);
    }
    assert_int_equal(hl_order_draw(&s, &view, &before, out), HL_OK);
    hl_arena_release(&arena);
}

static void check_pixel(hl_order order, int pixel, float red, float blue)
{
    const float want[3] = {red, 0, blue};
    check_close(drawn[order] + 3 * pixel, want, 3, 2e-3f, 0);
}

/* Opacity 1/2: what is in front has 1/2, what is behind 1/4. */
static void by_centre(void **state)
{
    (void)state;
    draw(4, 4.1f, 0);
    check_pixel(HL_ORDER_CENTRE, MIDDLE, 0.5f, 0.25f);
    check_pixel(HL_ORDER_BEFORE, MIDDLE, 0.25f, 0.5f);
    check_pixel(HL_ORDER_PIXEL, MIDDLE, 0.5f, 0.25f);
    draw(4.1f, 4, 0);
    check_pixel(HL_ORDER_CENTRE, MIDDLE, 0.25f, 0.5f);
    check_pixel(HL_ORDER_BEFORE, MIDDLE, 0.5f, 0.25f);
    check_pixel(HL_ORDER_PIXEL, MIDDLE, 0.25f, 0.5f);
}

/* The disc stands across the other: nearer on one side, farther on the other; for its centre it is
 * nearer everywhere. */
static void by_pixel(void **state)
{
    (void)state;
    int red_first[2] = {0};
    draw(4, 4.02f, 0.8f);
    for (int side = 0; side < 2; side++) {
        const int pixel = MIDDLE + (side ? 2 : -2);
        const float *centre = drawn[HL_ORDER_CENTRE] + 3 * pixel;
        const float *own = drawn[HL_ORDER_PIXEL] + 3 * pixel;
        assert_true(centre[0] > centre[2]);
        red_first[side] = own[0] > own[2];
        const float left = (1 - centre[0] - centre[2]) - (1 - own[0] - own[2]);
        assert_true(fabsf(left) < 1e-5f); /* what gets through is the same in any order */
    }
    assert_int_equal(red_first[0] + red_first[1], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_centre), cmocka_unit_test(by_pixel)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
