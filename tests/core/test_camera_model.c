/* SPDX-License-Identifier: MIT */
/* Camera models against closed forms and against values of an independent implementation (the
 * formulas of COLMAP's documentation in 15 lines of Python, one branch per model). */
#include "core/camera_model.h"
#include "tests/check.h"

#include <string.h>

typedef struct model_case {
    hl_camera_model model;
    double params[HL_CAMERA_PARAMS_MAX];
    double pixel[2]; /* of (u, v) = (0.3, -0.4) */
} model_case;

static const model_case cases[HL_CAMERA_MODELS] = {
    {HL_CAMERA_SIMPLE_PINHOLE, {500, 320, 240}, {470, 40}},
    {HL_CAMERA_PINHOLE, {500, 510, 320, 240}, {470, 36}},
    {HL_CAMERA_SIMPLE_RADIAL, {500, 320, 240, -.1}, {466.25, 45}},
    {HL_CAMERA_RADIAL, {500, 320, 240, -.1, .02}, {466.4375, 44.75}},
    {HL_CAMERA_OPENCV, {500, 510, 320, 240, -.1, .02, .001, -.002}, {465.8875, 41.3805}},
    {HL_CAMERA_OPENCV_FISHEYE,
     {500, 510, 320, 240, -.05, .01, .002, -.001},
     {457.665978391641, 52.774269387368}},
    {HL_CAMERA_FULL_OPENCV,
     {500, 510, 320, 240, -.1, .02, .001, -.002, .003, .05, -.01, .002},
     {464.171441586115, 43.714339442883}},
    {HL_CAMERA_FOV, {500, 510, 320, 240, .9}, {470, 36}}, /* r = 1/2 maps to itself */
    {HL_CAMERA_SIMPLE_RADIAL_FISHEYE, {500, 320, 240, -.05}, {457.599234024797, 56.534354633604}},
    {HL_CAMERA_RADIAL_FISHEYE, {500, 320, 240, -.05, .01}, {457.663511880035, 56.448650826620}},
    {HL_CAMERA_THIN_PRISM_FISHEYE,
     {500, 510, 320, 240, -.05, .01, .001, -.002, .003, -.001, .0015, -.0007},
     {457.355654964213, 53.156110025974}},
};

static void models_match_the_independent_values(void **state)
{
    (void)state;
    const double uv[2] = {0.3, -0.4};
    for (int i = 0; i < HL_CAMERA_MODELS; i++) {
        double pixel[2];
        assert_int_equal(cases[i].model, i);
        hl_camera_distort(cases[i].model, cases[i].params, uv, pixel);
        check_close(pixel, cases[i].pixel, 2, 1e-9, 0);
    }
}

static void undistort_inverts_distort(void **state)
{
    (void)state;
    for (int i = 0; i < HL_CAMERA_MODELS; i++)
        for (int y = -6; y <= 6; y++)
            for (int x = -6; x <= 6; x++) {
                const double uv[2] = {x / 8.0, y / 8.0};
                double pixel[2], back[2];
                hl_camera_distort(cases[i].model, cases[i].params, uv, pixel);
                assert_true(hl_camera_undistort(cases[i].model, cases[i].params, pixel, back));
                check_close(back, uv, 2, 1e-10, 0);
            }
}

static void no_distortion_is_a_pinhole(void **state)
{
    (void)state;
    const double uv[2] = {-0.7, 0.9}, want[2] = {-0.7 * 500 + 320, 0.9 * 500 + 240};
    const hl_camera_model models[] = {HL_CAMERA_SIMPLE_RADIAL, HL_CAMERA_RADIAL, HL_CAMERA_OPENCV,
                                      HL_CAMERA_FULL_OPENCV, HL_CAMERA_FOV};
    for (int i = 0; i < 5; i++) {
        const int single = hl_camera_single_focal(models[i]);
        double params[HL_CAMERA_PARAMS_MAX] = {500, 320, 240}, pixel[2], back[2];
        if (!single) {
            params[1] = 500;
            params[2] = 320;
            params[3] = 240;
        }
        hl_camera_distort(models[i], params, uv, pixel);
        check_close(pixel, want, 2, 1e-10, 0);
        assert_true(hl_camera_undistort(models[i], params, pixel, back));
        check_close(back, uv, 2, 1e-12, 0);
    }
}

static void fisheye_radius_is_the_angle(void **state)
{
    (void)state;
    /* 60 degrees off axis: r = tan 60 = sqrt 3, the picture is at 1.0471975 (1 + k theta^2). */
    const double theta = 1.0471975511965976, uv[2] = {0, sqrt(3.0)};
    const double plain[4] = {100, 0, 0, 0}, bent[4] = {100, 0, 0, 0.1};
    double pixel[2], back[2];
    hl_camera_distort(HL_CAMERA_SIMPLE_RADIAL_FISHEYE, plain, uv, pixel);
    check_close(pixel, ((double[2]){0, 100 * theta}), 2, 1e-10, 0);
    hl_camera_distort(HL_CAMERA_SIMPLE_RADIAL_FISHEYE, bent, uv, pixel);
    check_close(pixel, ((double[2]){0, 100 * theta * (1 + 0.1 * theta * theta)}), 2, 1e-10, 0);
    assert_true(hl_camera_undistort(HL_CAMERA_SIMPLE_RADIAL_FISHEYE, bent, pixel, back));
    check_close(back, uv, 2, 1e-10, 0);
}

static void fov_maps_the_half_angle_to_one_half(void **state)
{
    (void)state;
    /* r = tan(omega / 2) / (2 tan(omega / 2)) = 1/2 for all omega, and the limit omega -> 0. */
    const double omegas[] = {1e-12, 1e-7, 1e-3, 0.5, 1.5, -0.5};
    for (int i = 0; i < 6; i++) {
        const double params[5] = {1000, 1000, 0, 0, omegas[i]};
        double pixel[2], back[2];
        const double uv[2] = {0.5, 0}, wide[2] = {3, 4};
        hl_camera_distort(HL_CAMERA_FOV, params, uv, pixel);
        check_close(pixel, ((double[2]){500, 0}), 2, 1e-8, 0);
        hl_camera_distort(HL_CAMERA_FOV, params, wide, pixel);
        assert_true(hl_camera_undistort(HL_CAMERA_FOV, params, pixel, back));
        check_close(back, wide, 2, 1e-9, 0);
    }
}

static void jacobian_is_the_derivative(void **state)
{
    (void)state;
    const double h = 1e-6;
    for (int i = 0; i < HL_CAMERA_MODELS; i++) {
        const hl_lens lens = hl_camera_lens(cases[i].model, cases[i].params);
        const double w[2] = {0.31, -0.57};
        double d[2], j[4], unused[4], numeric[4];
        hl_lens_plane(&lens, w, d, j);
        for (int axis = 0; axis < 2; axis++) {
            double up[2] = {w[0], w[1]}, down[2] = {w[0], w[1]}, a[2], b[2];
            up[axis] += h;
            down[axis] -= h;
            hl_lens_plane(&lens, up, a, unused);
            hl_lens_plane(&lens, down, b, unused);
            for (int row = 0; row < 2; row++)
                numeric[2 * row + axis] = (a[row] - b[row]) / (2 * h);
        }
        check_close(j, numeric, 4, 1e-8, 1e-7);
    }
}

static void what_no_point_reaches_is_refused(void **state)
{
    (void)state;
    /* r (1 - r^2) has its fold at r = 1 / sqrt 3, where it is 0.3849. */
    const double barrel[4] = {100, 0, 0, -1}, inside[2] = {38.4, 0}, outside[2] = {38.6, 0};
    double uv[2] = {9, 9};
    assert_true(hl_camera_undistort(HL_CAMERA_SIMPLE_RADIAL, barrel, inside, uv));
    assert_true(uv[0] > 0.5 && uv[0] < 0.5774);
    assert_false(hl_camera_undistort(HL_CAMERA_SIMPLE_RADIAL, barrel, outside, uv));
    assert_true(uv[0] == 0 && uv[1] == 0);

    /* A fisheye picture of 90 degrees and more has no point (x/z, y/z). */
    const double fisheye[4] = {100, 0, 0, 0}, edge[2] = {157, 0}, behind[2] = {158, 0};
    assert_true(hl_camera_undistort(HL_CAMERA_SIMPLE_RADIAL_FISHEYE, fisheye, edge, uv));
    assert_false(hl_camera_undistort(HL_CAMERA_SIMPLE_RADIAL_FISHEYE, fisheye, behind, uv));

    const double broken[2] = {nan(""), 0}, endless[2] = {HUGE_VAL, 0};
    for (int i = 0; i < HL_CAMERA_MODELS; i++) {
        assert_false(hl_camera_undistort(cases[i].model, cases[i].params, broken, uv));
        assert_false(hl_camera_undistort(cases[i].model, cases[i].params, endless, uv));
    }
}

static void the_table_of_models_is_colmaps(void **state)
{
    (void)state;
    const int counts[HL_CAMERA_MODELS] = {3, 4, 4, 5, 8, 8, 12, 5, 4, 5, 12};
    for (int i = 0; i < HL_CAMERA_MODELS; i++) {
        const hl_camera_model model = cases[i].model;
        double f[2], c[2];
        assert_int_equal(hl_camera_param_count(model), counts[i]);
        assert_non_null(hl_camera_model_name(model));
        hl_camera_focal(model, cases[i].params, f);
        hl_camera_center(model, cases[i].params, c);
        assert_true(f[0] == 500 && f[1] == (hl_camera_single_focal(model) ? 500 : 510));
        assert_true(c[0] == 320 && c[1] == 240);
    }
    assert_string_equal(hl_camera_model_name(HL_CAMERA_FULL_OPENCV), "FULL_OPENCV");
    assert_int_equal(hl_camera_param_count((hl_camera_model)11), 0);
    assert_int_equal(hl_camera_param_count((hl_camera_model)-1), 0);
    assert_null(hl_camera_model_name((hl_camera_model)11));
}

static void rescaling_moves_pixels_with_the_picture(void **state)
{
    (void)state;
    for (int i = 0; i < HL_CAMERA_MODELS; i++) {
        hl_camera camera = {.model = cases[i].model, .width = 640, .height = 480};
        memcpy(camera.params, cases[i].params, sizeof camera.params);
        const double uv[2] = {-0.25, 0.125};
        double before[2], after[2];
        hl_camera_distort(camera.model, camera.params, uv, before);
        hl_camera_rescale(&camera, 320, 240);
        hl_camera_distort(camera.model, camera.params, uv, after);
        assert_true(camera.width == 320 && camera.height == 240);
        check_close(after, ((double[2]){before[0] / 2, before[1] / 2}), 2, 1e-10, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_match_the_independent_values),
        cmocka_unit_test(undistort_inverts_distort),
        cmocka_unit_test(no_distortion_is_a_pinhole),
        cmocka_unit_test(fisheye_radius_is_the_angle),
        cmocka_unit_test(fov_maps_the_half_angle_to_one_half),
        cmocka_unit_test(jacobian_is_the_derivative),
        cmocka_unit_test(what_no_point_reaches_is_refused),
        cmocka_unit_test(the_table_of_models_is_colmaps),
        cmocka_unit_test(rescaling_moves_pixels_with_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
