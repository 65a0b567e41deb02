/* SPDX-License-Identifier: MIT */
/* Global positions on scenes whose truth is known: exact rays, noise and wrong rays, the solver of
 * many photos, any thread count, bad input. */
#define HL_REAL double
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/se3.h"
#include "sfm/global.h"
#include "tests/check.h"
#include "tests/sfm/ring_scene.h"

#include <math.h>
#include <string.h>

typedef struct rays {
    ring_scene scene;
    hl_ray_sight *sights;
    double *centers, *points;
    hl_position_problem problem;
} rays;

/* Rays of every sight, turned by Gaussian noise (rad); a share of them anywhere. */
static void make(rays *w, const ring_options *o, double noise, double outliers)
{
    ring_create(&w->scene, o);
    const ring_scene *s = &w->scene;
    const int64_t n = s->track_start[o->points];
    w->sights = hl_alloc((size_t)n, sizeof *w->sights);
    w->centers = hl_alloc((size_t)o->images, 3 * sizeof *w->centers);
    w->points = hl_alloc((size_t)o->points, 3 * sizeof *w->points);
    assert_true(w->sights && w->centers && w->points);
    for (int32_t k = 0; k < o->points; k++)
        for (int64_t i = s->track_start[k]; i < s->track_start[k + 1]; i++) {
            const hl_pose *pose = &s->poses[s->sights[i].image];
            hl_rng rng = hl_rng_at(o->seed, 9, (uint64_t)i, HL_RNG_TEST);
            const bool wrong = hl_rng_uniform(&rng) < outliers;
            double r[9], inv[9], eye[3], v[3];
            hl_rotation(pose->q, r);
            hl_se3_inverse(r, pose->t, inv, eye);
            for (int a = 0; a < 3; a++)
                v[a] = wrong ? 0 : s->points[3 * k + a] - eye[a];
            hl_normalize3(v, v);
            for (int a = 0; a < 3; a++)
                v[a] += (wrong ? 1 : noise) * hl_rng_normal(&rng);
            hl_normalize3(v, v);
            w->sights[i] = (hl_ray_sight){s->sights[i].image, {v[0], v[1], v[2]}, 1};
        }
    w->problem = (hl_position_problem){.image_count = o->images,
                                       .point_count = o->points,
                                       .centers = w->centers,
                                       .points = w->points,
                                       .track_start = s->track_start,
                                       .sights = w->sights,
                                       .seed = 4};
}

static void release(rays *w)
{
    ring_release(&w->scene);
    hl_free(w->sights);
    hl_free(w->centers);
    hl_free(w->points);
}

/* Largest distance of a centre from the truth, both about their mean at mean square 1. */
static double worst(const rays *w)
{
    const int32_t n = w->scene.o.images;
    double mean[3] = {0}, most = 0, square = 0;
    double *eyes = hl_alloc((size_t)n, 3 * sizeof *eyes);
    assert_non_null(eyes);
    for (int32_t i = 0; i < n; i++) {
        double r[9], inv[9];
        hl_rotation(w->scene.poses[i].q, r);
        hl_se3_inverse(r, w->scene.poses[i].t, inv, eyes + 3 * i);
        for (int a = 0; a < 3; a++)
            mean[a] += eyes[3 * i + a] / n;
    }
    for (int32_t i = 0; i < n; i++)
        for (int a = 0; a < 3; a++) {
            eyes[3 * i + a] -= mean[a];
            square += eyes[3 * i + a] * eyes[3 * i + a] / n;
        }
    for (int32_t i = 0; i < n; i++) {
        double d[3];
        for (int a = 0; a < 3; a++)
            d[a] = eyes[3 * i + a] / sqrt(square) - w->centers[3 * i + a];
        most = fmax(most, hl_length3(d));
    }
    hl_free(eyes);
    return most;
}

static const ring_options ring = {.images = 16,
                                  .points = 300,
                                  .model = HL_CAMERA_PINHOLE,
                                  .cameras = 1,
                                  .arc = 6.2,
                                  .views = 5,
                                  .seed = 3};

static void exact_rays_give_exact_positions(void **state)
{
    (void)state;
    const double arcs[] = {6.2, 2, 0.6};
    for (int k = 0; k < 3; k++) {
        rays w;
        ring_options o = ring;
        o.arc = arcs[k];
        make(&w, &o, 0, 0);
        hl_position_report report;
        w.problem.iterations = 300;
        check_ok(hl_positions_solve(&w.problem, &report));
        assert_true(report.final_cost < 1e-8 * report.initial_cost);
        assert_true(worst(&w) < 1e-9);
        release(&w);
    }
}

static void noise_and_wrong_rays_are_borne(void **state)
{
    (void)state;
    rays w;
    ring_options o = ring;
    o.points = 800;
    make(&w, &o, 0.002, 0.1);
    check_ok(hl_positions_solve(&w.problem, NULL));
    assert_true(worst(&w) < 0.08);
    release(&w);
}

/* More than a thousand photos: conjugate gradients. */
static void many_photos(void **state)
{
    (void)state;
    rays w;
    ring_options o = ring;
    o.images = 1010;
    o.points = 4000;
    o.views = 40;
    make(&w, &o, 0, 0);
    w.problem.iterations = 12;
    hl_position_report report;
    check_ok(hl_positions_solve(&w.problem, &report));
    assert_true(report.final_cost < 1e-3 * report.initial_cost);
    assert_true(worst(&w) < 0.1);
    release(&w);
}

static void same_bytes_for_any_thread_count(void **state)
{
    (void)state;
    double first[16 * 3];
    for (int threads = 1; threads <= 3; threads++) {
        rays w;
        make(&w, &ring, 0.002, 0.1);
        hl_parallel_set_threads(threads);
        check_ok(hl_positions_solve(&w.problem, NULL));
        if (threads == 1)
            memcpy(first, w.centers, sizeof first);
        assert_memory_equal(w.centers, first, sizeof first);
        release(&w);
    }
    hl_parallel_set_threads(0);
}

static void bad_input_gets_a_sentence(void **state)
{
    (void)state;
    rays w;
    make(&w, &ring, 0, 0);
    hl_position_problem p = w.problem;
    p.point_count = 0;
    check_fails(hl_positions_solve(&p, NULL), "0 points");
    w.sights[2].image = 16;
    check_fails(hl_positions_solve(&w.problem, NULL), "photo 16 of 16");
    w.sights[2].image = 0;
    w.sights[3].ray[1] = (double)NAN;
    check_fails(hl_positions_solve(&w.problem, NULL), "ray");
    release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_rays_give_exact_positions),
        cmocka_unit_test(noise_and_wrong_rays_are_borne),
        cmocka_unit_test(many_photos),
        cmocka_unit_test(same_bytes_for_any_thread_count),
        cmocka_unit_test(bad_input_gets_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
