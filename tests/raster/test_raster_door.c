/* SPDX-License-Identifier: MIT */
/* The door of the rasterizer: what it refuses and with which sentence, what a frame says about
 * itself, and views made from cameras. */
#include "tests/raster/float_scene.h"

static void unknown_backends(void **state)
{
    (void)state;
    hl_raster *r = NULL;
    check_fails(hl_raster_create(&r, "tpu", HL_ISA_AUTO), "backend tpu: not in this build");
    assert_null(r);
    check_ok(hl_raster_create(&r, "auto", HL_ISA_AUTO));
    char text[256];
    const bool device = hl_raster_describe("cuda", text, sizeof text) == HL_OK;
    assert_string_equal(hl_raster_backend_name(r), device ? "cuda" : "cpu");
    hl_raster_destroy(&r);
    check_ok(hl_raster_create(&r, "cpu", HL_ISA_AUTO));
    static const char *const names[] = {"", "plain", "avx2", "avx512"};
    assert_string_equal(hl_raster_isa_name(r), names[hl_raster_best_isa()]);
    hl_raster_destroy(&r);
    hl_raster_destroy(&r);
    assert_null(r);
}

static void refused_views(void **state)
{
    (void)state;
    float_scene s;
    hl_raster_frame f;
    hl_raster *r = float_scene_raster(HL_ISA_AUTO);
    float_scene_create(&s, 10, 20, 20, 0);
    const hl_raster_view good = s.view;
    s.view.width = 0;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "0x20");
    s.view.width = 16385;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "16385x20");
    s.view = good;
    s.view.height = -1;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "20x-1");
    const float bad[] = {0, -1, (float)NAN, (float)HUGE_VAL};
    for (size_t k = 0; k < 4; k++) {
        s.view = good;
        s.view.fy = bad[k];
        check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "focal length");
    }
    s.view = good;
    s.view.cx = (float)NAN;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "centre");
    s.view = good;
    s.view.r[4] = (float)NAN;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "pose is not finite");
    s.view = good;
    s.view.r[0] = 1.01f;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "not orthonormal");
    s.view = good;
    s.view.r[3] = 0.02f;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "not orthonormal");
    s.view = good;
    s.view.t[2] = (float)HUGE_VAL;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "pose is not finite");
    hl_raster_destroy(&r);
    hl_arena_release(&s.arena);
}

static void refused_options(void **state)
{
    (void)state;
    float_scene s;
    hl_raster_frame f;
    hl_raster *r = float_scene_raster(HL_ISA_AUTO);
    float_scene_create(&s, 10, 20, 20, 0);
    const hl_raster_options good = s.options;
    s.options.sh_degree = 4;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "degree 4");
    s.options.sh_degree = -1;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "degree -1");
    s.options = good;
    s.options.feature_count = 17;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "17 feature channels");
    s.options.feature_count = 2;
    s.options.features = NULL;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "without values");
    s.options = good;
    s.splats.count = s.splats.capacity + 1;
    check_fails(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f), "splats in arrays of");
    hl_raster_destroy(&r);
    hl_arena_release(&s.arena);
}

static void backward_out_of_turn(void **state)
{
    (void)state;
    float_scene s;
    hl_raster_frame f;
    hl_raster *r = float_scene_raster(HL_ISA_AUTO);
    float_scene_create(&s, 10, 20, 20, 0);
    hl_raster_sink sink = {.grad = &s.grad}, step = {.adam = &s.adam};
    check_fails(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink), "without a forward");
    assert_int_equal(hl_raster_count_pairs(r), 0);
    check_ok(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f));
    hl_splats other = s.splats;
    check_fails(hl_raster_backward(r, &other, &s.frame_grad, &sink), "without a forward");
    s.splats.count--;
    check_fails(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink), "without a forward");
    s.splats.count++;
    s.grad.capacity = 9;
    check_fails(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink), "room for 9 gradients");
    s.grad.capacity = 11;
    s.adam.m.capacity = 9;
    check_fails(hl_raster_backward(r, &s.splats, &s.frame_grad, &step), "Adam state for 9 splats");
    s.adam.m.capacity = 11;
    float values[10] = {0};
    s.frame_grad.max_weight = values;
    check_fails(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink), "was not asked for");
    s.frame_grad.max_weight = NULL;
    s.frame_grad.median_depth = s.frame_grad.alpha;
    check_fails(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink), "was not asked for");
    s.frame_grad.median_depth = NULL;
    check_ok(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink));
    check_ok(hl_raster_backward(r, &s.splats, &s.frame_grad, &step)); /* twice is fine */
    check_fails(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink), "without a forward");
    hl_raster_destroy(&r);
    hl_arena_release(&s.arena);
}

/* Gradients left out count as zero; an empty sink is allowed. */
static void no_gradients_and_no_sink(void **state)
{
    (void)state;
    float_scene s;
    hl_raster_frame f;
    hl_raster *r = float_scene_raster(HL_ISA_AUTO);
    float_scene_create(&s, 50, 20, 20, 0);
    const hl_raster_frame_grad none = {.alpha = NULL};
    hl_raster_sink sink = {.grad = &s.grad}, empty = {.grad = NULL};
    memset(s.grad.mean, 0x7f, 150 * sizeof(float));
    check_ok(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f));
    check_ok(hl_raster_backward(r, &s.splats, &none, &empty));
    check_ok(hl_raster_backward(r, &s.splats, &none, &sink));
    for (size_t i = 0; i < 150; i++)
        assert_true(s.grad.mean[i] == 0);
    for (int k = 0; k < 6; k++)
        assert_true(sink.pose[k] == 0);
    hl_raster_destroy(&r);
    hl_arena_release(&s.arena);
}

static void a_frame_says_what_it_holds(void **state)
{
    (void)state;
    float_scene s;
    hl_raster_frame f;
    hl_raster *r = float_scene_raster(HL_ISA_AUTO);
    float_scene_create(&s, 50, 33, 17, 1);
    check_ok(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f));
    assert_int_equal(f.width, 33);
    assert_int_equal(f.height, 17);
    assert_int_equal(f.stride, 48);
    assert_int_equal(f.rows, 32);
    assert_int_equal(f.plane_count, 9);
    assert_int_equal(f.depth_plane, 3);
    assert_int_equal(f.normal_plane, 4);
    assert_int_equal(f.feature_plane, 7);
    assert_true(f.median_depth && f.max_weight && f.visible > 0 && f.visible <= 50);
    assert_true(f.instances >= f.visible);
    assert_true(hl_raster_count_pairs(r) > 0);
    float *window = hl_arena_alloc(&s.arena, (size_t)2 * 33 * 17, sizeof *window);
    s.options.depth_window = window; /* 0 .. 0 admits nothing */
    check_ok(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f));
    assert_int_equal(hl_raster_count_pairs(r), 0);
    s.options.depth_window = NULL;
    s.options.outputs = HL_RASTER_NORMAL;
    s.options.feature_count = 0;
    check_ok(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f));
    assert_int_equal(f.plane_count, 6);
    assert_int_equal(f.depth_plane, -1);
    assert_int_equal(f.normal_plane, 3);
    assert_int_equal(f.feature_plane, -1);
    assert_true(!f.median_depth && !f.max_weight);
    hl_raster_destroy(&r);
    hl_arena_release(&s.arena);
}

/* The widest gradient row there is: all outputs, all channels, all statistics. */
static void everything_at_once(void **state)
{
    (void)state;
    float_scene s;
    hl_raster_frame f;
    float_scene_create(&s, 200, 33, 20, 1);
    float *features = hl_arena_alloc(&s.arena, 200 * HL_FEATURES_MAX, sizeof *features);
    float *feature_grad = hl_arena_alloc(&s.arena, 200 * HL_FEATURES_MAX, sizeof *feature_grad);
    for (size_t i = 0; i < 200 * HL_FEATURES_MAX; i++)
        features[i] = sinf((float)i);
    s.options.features = features;
    s.options.feature_count = HL_FEATURES_MAX;
    s.options.outputs |= HL_RASTER_DEPTH_2 | HL_RASTER_DISTANCE;
    for (int p = 9; p < HL_PLANES_MAX; p++)
        s.frame_grad.plane[p] = s.frame_grad.plane[p - 9];
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
        hl_raster *r = float_scene_raster((hl_isa)isa);
        if (!r)
            continue;
        hl_raster_sink sink = {.grad = &s.grad, .feature_grad = feature_grad, .stats = &s.stats};
        check_ok(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f));
        assert_int_equal(f.plane_count, HL_PLANES_MAX);
        check_ok(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink));
        for (size_t i = 0; i < 200 * HL_FEATURES_MAX; i++)
            assert_true(isfinite(feature_grad[i]));
        hl_raster_destroy(&r);
    }
    hl_arena_release(&s.arena);
}

static void views_from_cameras(void **state)
{
    (void)state;
    hl_raster_view v;
    const double h = sqrt(0.5);
    const hl_pose pose = {{h, 0, 0, h}, {1, 2, 3}}; /* a quarter turn about z: x to y */
    hl_camera c = {
        .model = HL_CAMERA_SIMPLE_PINHOLE, .width = 64, .height = 48, .params = {50, 32, 24}};
    check_ok(hl_raster_view_from_camera(&v, &c, &pose));
    const float want[12] = {0, -1, 0, 1, 0, 0, 0, 0, 1, 1, 2, 3};
    check_close(v.r, want, 9, 1e-7, 0);
    check_close(v.t, want + 9, 3, 1e-7, 0);
    assert_true(v.width == 64 && v.height == 48 && v.fx == 50 && v.fy == 50 && v.cx == 32 &&
                v.cy == 24);
    c.model = HL_CAMERA_PINHOLE;
    const double params[4] = {50, 60, 32, 24};
    memcpy(c.params, params, sizeof params);
    check_ok(hl_raster_view_from_camera(&v, &c, &pose));
    assert_true(v.fx == 50 && v.fy == 60 && v.cx == 32 && v.cy == 24);
    c.model = HL_CAMERA_OPENCV;
    check_fails(hl_raster_view_from_camera(&v, &c, &pose), "undistort it first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_backends),         cmocka_unit_test(refused_views),
        cmocka_unit_test(refused_options),          cmocka_unit_test(backward_out_of_turn),
        cmocka_unit_test(no_gradients_and_no_sink), cmocka_unit_test(a_frame_says_what_it_holds),
        cmocka_unit_test(everything_at_once),       cmocka_unit_test(views_from_cameras),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
