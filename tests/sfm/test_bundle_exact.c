/* SPDX-License-Identifier: MIT */
/* Bundle adjustment on scenes whose truth is known: exact tracks, noise, outliers, priors, both
 * solvers, any thread count, bad input. */
#include "core/memory.h"
#include "core/parallel.h"
#include "sfm/bundle.h"
#include "tests/check.h"
#include "tests/sfm/ring_scene.h"

#include <math.h>
#include <string.h>

static const ring_options small = {.images = 8,
                                   .points = 150,
                                   .model = HL_CAMERA_SIMPLE_RADIAL,
                                   .cameras = 1,
                                   .arc = 2,
                                   .seed = 7};

static void recovers(const ring_options *o, hl_bundle_solver solver)
{
    ring_scene truth, scene;
    ring_create(&truth, o);
    ring_copy(&scene, &truth);
    ring_disturb(&scene, 0.01, 0.03, 0.03);
    uint8_t fixed[64] = {HL_POSE_FIXED, HL_POSE_FIXED_X};
    uint32_t free_bits[64];
    for (int32_t c = 0; c < o->cameras; c++) {
        free_bits[c] = o->model == HL_CAMERA_SIMPLE_RADIAL ? 0x9 : 0x3;
        scene.cameras[c].params[0] *= 1.02;
    }
    hl_bundle_problem p = ring_problem(&scene);
    p.pose_fixed = fixed;
    p.camera_free = free_bits;
    const hl_bundle_options options = {.solver = solver, .iterations = 200, .tolerance = 1e-14};
    hl_bundle_report report;
    assert_int_equal(hl_bundle_adjust(&p, &options, &report), HL_OK);
    double rotation, center;
    ring_compare(&truth, scene.poses, &rotation, &center);
    assert_true(report.rms_px < 1e-6);
    assert_true(rotation < 1e-8 && center < 1e-7);
    assert_true(fabs(scene.cameras[0].params[0] - truth.cameras[0].params[0]) < 1e-4);
    assert_true((report.pcg_iterations > 0) == (solver == HL_SOLVER_PCG));
    ring_release(&truth);
    ring_release(&scene);
}

static void exact_tracks_give_exact_poses(void **state)
{
    (void)state;
    recovers(&small, HL_SOLVER_DENSE);
    recovers(&small, HL_SOLVER_PCG);
    ring_options o = small;
    o.cameras = o.images; /* one camera each, coupled through points */
    recovers(&o, HL_SOLVER_DENSE);
    recovers(&o, HL_SOLVER_PCG);
    o.model = HL_CAMERA_OPENCV;
    o.cameras = 3;
    recovers(&o, HL_SOLVER_DENSE);
    o.model = HL_CAMERA_OPENCV_FISHEYE;
    recovers(&o, HL_SOLVER_DENSE);
}

/* With noise of s pixels per axis the minimum has cost about s^2 / 2 per degree of freedom. */
static void residual_is_that_of_the_noise(void **state)
{
    (void)state;
    ring_scene truth, scene;
    ring_options o = small;
    o.noise_px = 0.8;
    ring_create(&truth, &o);
    ring_copy(&scene, &truth);
    ring_disturb(&scene, 0.01, 0.03, 0.03);
    hl_bundle_problem p = ring_problem(&scene);
    const uint32_t free_bits = 0x9;
    p.camera_free = &free_bits;
    double sigma[HL_CAMERA_PARAMS_MAX];
    const hl_bundle_options options = {.camera_sigma = sigma, .tolerance = 1e-9};
    hl_bundle_report report;
    assert_int_equal(hl_bundle_adjust(&p, &options, &report), HL_OK);
    const double freedom =
        2.0 * (double)scene.track_start[o.points] - 3.0 * o.points - 6.0 * o.images - 2 + 7;
    const double s = sqrt(2 * report.final_cost / freedom);
    assert_true(fabs(s / o.noise_px - 1) < 0.08);
    assert_true(report.converged && report.behind == 0);
    /* The focal length lies within four of its own standard deviations, which are small. */
    assert_true(sigma[0] > 0 && sigma[0] < 10 && sigma[1] == -1 && sigma[3] > 0);
    assert_true(fabs(scene.cameras[0].params[0] - truth.cameras[0].params[0]) < 4 * sigma[0]);
    ring_release(&truth);
    ring_release(&scene);
}

static double rotation_error_with(hl_bundle_loss loss)
{
    ring_scene truth, scene;
    ring_options o = small;
    o.noise_px = 0.3;
    ring_create(&truth, &o);
    ring_copy(&scene, &truth);
    for (int64_t i = 0; i < scene.track_start[o.points]; i += 13) {
        scene.sights[i].x += 40;
        scene.sights[i].y -= 25;
    }
    hl_bundle_problem p = ring_problem(&scene);
    const hl_bundle_options options = {.loss = loss, .iterations = 100};
    assert_int_equal(hl_bundle_adjust(&p, &options, NULL), HL_OK);
    double rotation, center;
    ring_compare(&truth, scene.poses, &rotation, &center);
    ring_release(&truth);
    ring_release(&scene);
    return rotation;
}

static void robust_losses_hold_outliers_off(void **state)
{
    (void)state;
    const double squared = rotation_error_with(HL_LOSS_SQUARED);
    const double huber = rotation_error_with(HL_LOSS_HUBER);
    const double cauchy = rotation_error_with(HL_LOSS_CAUCHY);
    assert_true(huber < squared / 3);
    assert_true(cauchy < huber);
}

/* A single camera parameter under a prior with nothing else: the mean wins where sights say
 * nothing, and a strong prior holds against them. */
static void priors_pull_to_their_means(void **state)
{
    (void)state;
    ring_scene truth, scene;
    ring_create(&truth, &small);
    ring_copy(&scene, &truth);
    hl_bundle_problem p = ring_problem(&scene);
    const uint32_t free_bits = 0xf;
    hl_camera_prior prior = {.mean = {900, 505, 370, 0}, .sigma = {1e-6, 1e-6, 1e-6, 0}};
    p.camera_free = &free_bits;
    p.camera_prior = &prior;
    assert_int_equal(hl_bundle_adjust(&p, NULL, NULL), HL_OK);
    check_close(scene.cameras[0].params, prior.mean, 3, 1e-3, 0);
    ring_release(&scene);

    ring_copy(&scene, &truth);
    ring_disturb(&scene, 0.01, 0.03, 0.03);
    p = ring_problem(&scene);
    hl_pose_prior poses[8];
    for (int i = 0; i < small.images; i++)
        poses[i] = (hl_pose_prior){truth.poses[i], 1e-3, 1e-3};
    p.pose_prior = poses;
    const hl_bundle_options tight = {.tolerance = 1e-14, .iterations = 100};
    assert_int_equal(hl_bundle_adjust(&p, &tight, NULL), HL_OK);
    for (int i = 0; i < small.images; i++) { /* no gauge is left: absolute agreement */
        check_close(scene.poses[i].t, truth.poses[i].t, 3, 1e-6, 0);
        check_close(scene.poses[i].q, truth.poses[i].q, 4, 1e-6, 0);
    }
    ring_release(&truth);
    ring_release(&scene);
}

static void fixed_parts_stay(void **state)
{
    (void)state;
    ring_scene truth, scene;
    ring_create(&truth, &small);
    ring_copy(&scene, &truth);
    ring_disturb(&scene, 0.01, 0.03, 0.03);
    ring_scene before;
    ring_copy(&before, &scene);
    uint8_t fixed[8] = {HL_POSE_FIXED, HL_POSE_FIXED, 0, HL_POSE_FIXED_X};
    uint8_t *fixed_points = hl_alloc((size_t)small.points, 1);
    assert_non_null(fixed_points);
    fixed_points[5] = fixed_points[17] = 1;
    hl_bundle_problem p = ring_problem(&scene);
    p.pose_fixed = fixed;
    p.point_fixed = fixed_points;
    assert_int_equal(hl_bundle_adjust(&p, NULL, NULL), HL_OK);
    assert_memory_equal(&scene.poses[0], &before.poses[0], 2 * sizeof(hl_pose));
    assert_memory_equal(scene.points + 15, before.points + 15, 3 * sizeof(double));
    assert_memory_equal(scene.points + 51, before.points + 51, 3 * sizeof(double));
    assert_memory_not_equal(scene.points, before.points, 3 * sizeof(double));
    assert_memory_equal(scene.cameras, before.cameras, sizeof(hl_camera));
    hl_free(fixed_points);
    ring_release(&truth);
    ring_release(&scene);
    ring_release(&before);
}

static void same_bytes_for_any_thread_count(void **state)
{
    (void)state;
    for (int solver = HL_SOLVER_DENSE; solver <= HL_SOLVER_PCG; solver++) {
        ring_scene truth, first = {0};
        ring_options o = small;
        o.images = 20;
        o.points = 700;
        o.views = 8;
        o.arc = 6;
        o.noise_px = 0.5;
        ring_create(&truth, &o);
        const uint32_t free_bits = 0x9;
        for (int threads = 1; threads <= 3; threads++) {
            ring_scene scene;
            ring_copy(&scene, &truth);
            ring_disturb(&scene, 0.005, 0.01, 0.01);
            hl_bundle_problem p = ring_problem(&scene);
            p.camera_free = &free_bits;
            const hl_bundle_options options = {.solver = (hl_bundle_solver)solver, .iterations = 8};
            hl_parallel_set_threads(threads);
            assert_int_equal(hl_bundle_adjust(&p, &options, NULL), HL_OK);
            if (threads == 1) {
                first = scene;
                continue;
            }
            assert_memory_equal(scene.poses, first.poses, (size_t)o.images * sizeof(hl_pose));
            assert_memory_equal(scene.points, first.points, (size_t)o.points * 24);
            assert_memory_equal(scene.cameras, first.cameras, sizeof(hl_camera));
            ring_release(&scene);
        }
        hl_parallel_set_threads(0);
        ring_release(&first);
        ring_release(&truth);
    }
}

static void refuses(hl_bundle_problem p, const char *word)
{
    assert_int_equal(hl_bundle_adjust(&p, NULL, NULL), HL_E_ARG);
    assert_non_null(strstr(hl_last_error(), word));
}

static void bad_input_gets_a_sentence(void **state)
{
    (void)state;
    ring_scene s;
    ring_create(&s, &small);
    hl_bundle_problem p = ring_problem(&s);
    p.point_count = 0;
    refuses(p, "0 points");
    s.sights[3].image = 99;
    refuses(ring_problem(&s), "image 99 of 8");
    s.sights[3].image = 0;
    s.sights[4].sigma = 0;
    refuses(ring_problem(&s), "sigma");
    s.sights[4].sigma = 1;
    s.points[7] = (double)NAN;
    refuses(ring_problem(&s), "not finite");
    s.points[7] = 0;
    s.image_camera[2] = 5;
    refuses(ring_problem(&s), "camera 5 of 1");
    s.image_camera[2] = 0;
    s.cameras[0].model = HL_CAMERA_FOV;
    refuses(ring_problem(&s), "model 7");
    ring_release(&s);
}

static void points_behind_do_not_move_it(void **state)
{
    (void)state;
    ring_scene truth, scene;
    ring_create(&truth, &small);
    ring_copy(&scene, &truth);
    scene.points[2] = -60; /* behind some of the cameras */
    hl_bundle_problem p = ring_problem(&scene);
    hl_bundle_report report;
    const hl_bundle_options options = {.loss = HL_LOSS_CAUCHY};
    assert_int_equal(hl_bundle_adjust(&p, &options, &report), HL_OK);
    assert_true(isfinite(report.final_cost) && isfinite(report.rms_px));
    double rotation, center;
    ring_compare(&truth, scene.poses, &rotation, &center);
    assert_true(rotation < 1e-2);
    ring_release(&truth);
    ring_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_tracks_give_exact_poses),
        cmocka_unit_test(residual_is_that_of_the_noise),
        cmocka_unit_test(robust_losses_hold_outliers_off),
        cmocka_unit_test(priors_pull_to_their_means),
        cmocka_unit_test(fixed_parts_stay),
        cmocka_unit_test(same_bytes_for_any_thread_count),
        cmocka_unit_test(bad_input_gets_a_sentence),
        cmocka_unit_test(points_behind_do_not_move_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
