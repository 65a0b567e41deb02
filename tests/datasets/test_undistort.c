/* SPDX-License-Identifier: MIT */
/* Undistortion against its own definition (every target pixel has a source, and the lens formula
 * sends it there), and on a drawn picture whose straight form is known in closed form. */
#include "core/camera_model.h"
#include "core/parallel.h"
#include "core/status.h"
#include "datasets/undistort.h"
#include "tests/check.h"

#include <string.h>

static const hl_camera cameras[] = {
    {1, HL_CAMERA_PINHOLE, 64, 48, {60, 61, 32, 24}},
    {2, HL_CAMERA_SIMPLE_RADIAL, 640, 480, {500, 320, 240, -.2}},
    {3, HL_CAMERA_RADIAL, 640, 480, {500, 300, 250, .15, -.02}},
    {4, HL_CAMERA_OPENCV, 576, 1024, {733.6, 733, 295.8, 514.8, .0578, -.0805, -.00098, .00016}},
    {5, HL_CAMERA_OPENCV_FISHEYE, 800, 600, {300, 300, 400, 300, -.01, .005, 0, 0}},
    {6, HL_CAMERA_OPENCV_FISHEYE, 800, 600, {220, 220, 400, 300, 0, 0, 0, 0}}, /* beyond 180 deg */
    {7, HL_CAMERA_FULL_OPENCV, 640, 480, {500, 500, 320, 240, -.1, .02, .001, -.002, 0, .05, 0, 0}},
    {8, HL_CAMERA_FOV, 640, 480, {500, 500, 320, 240, .9}},
    {9, HL_CAMERA_SIMPLE_RADIAL_FISHEYE, 640, 480, {300, 320, 240, -.03}},
    {10,
     HL_CAMERA_THIN_PRISM_FISHEYE,
     640,
     480,
     {400, 400, 320, 240, .01, .01, .001, .001, 0, 0, .001, .001}},
};
enum { CAMERAS = sizeof cameras / sizeof cameras[0] };

/* No blank pixels: every target pixel comes from inside the source, and from there only. */
static void every_pixel_has_one_source(void **state)
{
    (void)state;
    for (int c = 0; c < CAMERAS; c++) {
        const hl_camera *from = &cameras[c];
        hl_camera to;
        check_ok(hl_undistort_camera(&to, from));
        assert_int_equal(to.model, HL_CAMERA_PINHOLE);
        assert_true(to.width <= HL_UNDISTORT_GROWTH * from->width);
        assert_true(to.width * to.height > from->width * from->height / 8);
        double f[2];
        hl_camera_focal(from->model, from->params, f);
        check_close(to.params, f, 2, 1e-12, 0); /* the middle keeps its resolution */
        for (int y = 0; y < to.height; y += 11)
            for (int x = 0; x < to.width; x += 11) {
                const double uv[2] = {(x + 0.5 - to.params[2]) / to.params[0],
                                      (y + 0.5 - to.params[3]) / to.params[1]};
                double pixel[2], back[2];
                hl_camera_distort(from->model, from->params, uv, pixel);
                assert_true(pixel[0] >= 0.49 && pixel[0] <= from->width - 0.49);
                assert_true(pixel[1] >= 0.49 && pixel[1] <= from->height - 0.49);
                assert_true(hl_camera_undistort(from->model, from->params, pixel, back));
                check_close(back, uv, 2, 1e-6, 1e-6);
            }
    }
}

static void pinholes_stay_as_they_are(void **state)
{
    (void)state;
    hl_camera to, plain = {1, HL_CAMERA_OPENCV, 64, 48, {60, 61, 30, 25}};
    assert_false(hl_camera_is_distorted(&plain)); /* all coefficients 0 */
    check_ok(hl_undistort_camera(&to, &plain));
    assert_int_equal(to.width, 64);
    check_close(to.params, ((double[]){60, 61, 30, 25}), 4, 1e-15, 0);
    assert_false(hl_camera_is_distorted(&cameras[0]));
    for (int c = 1; c < CAMERAS; c++)
        assert_true(hl_camera_is_distorted(&cameras[c]));
}

/* A grey ramp that is linear on the plane z = 1: value = 128 + 90 u + 60 v. */
static double ramp(const double uv[2])
{
    return 128 + 90 * uv[0] + 60 * uv[1];
}

static void a_linear_ramp_becomes_linear_again(void **state)
{
    (void)state;
    for (int c = 1; c < CAMERAS; c += 2) {
        hl_camera small = cameras[c], to;
        hl_camera_rescale(&small, small.width / 2, small.height / 2);
        const hl_camera *from = &small;
        hl_image8 seen, straight, again;
        hl_remap map;
        check_ok(hl_undistort_camera(&to, from));
        check_ok(hl_image8_create(&seen, from->width, from->height, 3));
        for (int y = 0; y < from->height; y++)
            for (int x = 0; x < from->width; x++) {
                double uv[2];
                const double pixel[2] = {x + 0.5, y + 0.5};
                hl_camera_undistort(from->model, from->params, pixel, uv);
                const double v = ramp(uv) + 0.5;
                memset(seen.data + 3 * (y * from->width + x),
                       (int)(v < 0 ? 0 : (v > 255 ? 255 : v)), 3);
            }
        check_ok(hl_remap_create(&map, from, &to));
        check_ok(hl_remap_bilinear(&straight, &map, &seen));
        int tested = 0;
        for (int y = 0; y < to.height; y += 3)
            for (int x = 0; x < to.width; x += 3) {
                const double uv[2] = {(x + 0.5 - to.params[2]) / to.params[0],
                                      (y + 0.5 - to.params[3]) / to.params[1]};
                const double want = ramp(uv);
                if (want < 5 || want > 250)
                    continue; /* cut off at black or white near by */
                tested++;
                assert_true(fabs(straight.data[3 * (y * to.width + x)] - want) < 1.2);
            }
        assert_true(tested > 1000);
        hl_parallel_set_threads(3); /* the same bytes from any number of threads */
        check_ok(hl_remap_bilinear(&again, &map, &seen));
        hl_parallel_set_threads(1);
        assert_memory_equal(again.data, straight.data, (size_t)(to.width * to.height * 3));
        hl_image8_release(&again);
        hl_image8_release(&straight);
        hl_image8_release(&seen);
        hl_remap_release(&map);
    }
}

/* Colour under alpha 0 does not bleed; nearest gives values of the source only. */
static void alpha_and_nearest(void **state)
{
    (void)state;
    const hl_camera from = {1, HL_CAMERA_PINHOLE, 2, 1, {1, 1, 1, .5}};
    const hl_camera to = {1, HL_CAMERA_PINHOLE, 5, 1, {2.5, 1, 2.5, .5}};
    uint8_t pixels[8] = {200, 100, 50, 255, 0, 0, 0, 0};
    const hl_image8 in = {2, 1, 4, pixels};
    hl_image8 out;
    hl_remap map;
    check_ok(hl_remap_create(&map, &from, &to));
    check_ok(hl_remap_bilinear(&out, &map, &in));
    assert_int_equal(out.data[0], 200);
    assert_int_equal(out.data[3], 255);
    assert_int_equal(out.data[8], 200); /* the middle: half alpha, full colour */
    assert_int_equal(out.data[9], 100);
    assert_int_equal(out.data[11], 128);
    assert_int_equal(out.data[19], 0);
    hl_image8_release(&out);
    check_ok(hl_remap_nearest(&out, &map, &in));
    const uint8_t want[5] = {255, 255, 0, 0, 0};
    for (int i = 0; i < 5; i++)
        assert_int_equal(out.data[4 * i + 3], want[i]);
    hl_image8_release(&out);
    const hl_image8 other = {1, 1, 4, pixels};
    check_fails(hl_remap_nearest(&out, &map, &other), "expected 2 x 1");
    hl_remap_release(&map);
    check_fails(hl_remap_create(&map, &to, &cameras[4]), "expected PINHOLE");
}

static void hopeless_lenses_are_refused(void **state)
{
    (void)state;
    hl_camera to = {.width = -1};
    const hl_camera folded = {7, HL_CAMERA_SIMPLE_RADIAL, 640, 480, {500, 5000, 240, -.9}};
    check_fails(hl_undistort_camera(&to, &folded), "camera 7 (SIMPLE_RADIAL, 640 x 480)");
    assert_int_equal(to.width, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pixel_has_one_source),
        cmocka_unit_test(pinholes_stay_as_they_are),
        cmocka_unit_test(a_linear_ramp_becomes_linear_again),
        cmocka_unit_test(alpha_and_nearest),
        cmocka_unit_test(hopeless_lenses_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
