/* SPDX-License-Identifier: MIT */
/* A plane seen by two cameras agrees with itself; a layer planted before it does not stay. */
#include "raster/depth_check.h"
#include "tests/check.h"

enum { W = 40, H = 30 };

static const float FOCAL = 50, PLANE = 4, SIDE = 0.5f;

/* Looks along z from (x, 0, 0). */
static hl_raster_view camera(float x)
{
    return (hl_raster_view){.width = W,
                            .height = H,
                            .fx = FOCAL,
                            .fy = FOCAL,
                            .cx = W / 2.0f,
                            .cy = H / 2.0f,
                            .r = {1, 0, 0, 0, 1, 0, 0, 0, 1},
                            .t = {-x, 0, 0}};
}

static void fill(float *depth, float z)
{
    for (int i = 0; i < W * H; i++)
        depth[i] = z;
}

static void planted_layer_is_dropped(void **state)
{
    (void)state;
    static float da[W * H], db[W * H];
    hl_image a = {.data = da, .width = W, .height = H, .channels = 1};
    hl_image b = {.data = db, .width = W, .height = H, .channels = 1};
    const hl_raster_view va = camera(0), vb = camera(SIDE);
    fill(da, PLANE);
    fill(db, PLANE);
    assert_int_equal(hl_depth_check(&va, &a, &vb, &b, 1), 0);
    for (int y = 10; y < 20; y++)
        for (int x = 15; x < 25; x++)
            da[y * W + x] = PLANE / 2;
    assert_int_equal(hl_depth_check(&va, &a, &vb, &b, 1), 100);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const bool planted = y >= 10 && y < 20 && x >= 15 && x < 25;
            const float left = planted ? 0 : PLANE;
            assert_float_equal(da[y * W + x], left, 0);
        }
}

/* Two parallel cameras: the way back is off by f B |1/z - 1/plane|, the difference of disparities.
 */
static void error_is_the_difference_of_disparities(void **state)
{
    (void)state;
    static float db[W * H];
    const hl_image b = {.data = db, .width = W, .height = H, .channels = 1};
    const hl_raster_view va = camera(0), vb = camera(SIDE);
    fill(db, PLANE);
    const float z[] = {3, 3.9f, 4, 4.2f, 6};
    for (size_t i = 0; i < sizeof z / sizeof *z; i++) {
        const float expected = FOCAL * SIDE * fabsf(1 / z[i] - 1 / PLANE);
        assert_float_equal(hl_depth_check_pixel(&va, 25, 12, z[i], &vb, &b), expected, 1e-4f);
    }
}

static void what_the_second_view_misses_stays(void **state)
{
    (void)state;
    static float da[W * H], db[W * H];
    hl_image a = {.data = da, .width = W, .height = H, .channels = 1};
    hl_image b = {.data = db, .width = W, .height = H, .channels = 1};
    const hl_raster_view va = camera(0), vb = camera(SIDE);
    fill(da, PLANE / 2);
    fill(db, NAN);
    assert_int_equal(hl_depth_check(&va, &a, &vb, &b, 1), 0); /* no depth there  */
    fill(db, PLANE);
    assert_true(hl_depth_check_pixel(&va, 0, 12, PLANE / 2, &vb, &b) < 0); /* outside  */
    const hl_raster_view ahead = {.width = W,
                                  .height = H,
                                  .fx = FOCAL,
                                  .fy = FOCAL,
                                  .r = {1, 0, 0, 0, 1, 0, 0, 0, 1},
                                  .t = {0, 0, -PLANE}};
    assert_true(hl_depth_check_pixel(&va, 20, 12, PLANE / 2, &ahead, &b) < 0); /* behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_layer_is_dropped),
        cmocka_unit_test(error_is_the_difference_of_disparities),
        cmocka_unit_test(what_the_second_view_misses_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
