/* SPDX-License-Identifier: MIT */
/* The global mapper on scenes with exact truth: exact tracks, noise and wrong matches, wrong turns
 * of pairs, wrong focal lengths, what it cannot place, and the choice between the two mappers. */
#define HL_REAL double
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/se3.h"
#include "sfm/compare.h"
#include "sfm/mapper.h"
#include "tests/check.h"
#include "tests/sfm/ring_matches.h"

#include <math.h>
#include <string.h>

static const ring_options ring = {.images = 12,
                                  .points = 600,
                                  .model = HL_CAMERA_SIMPLE_RADIAL,
                                  .cameras = 1,
                                  .arc = 4,
                                  .views = 5,
                                  .seed = 3};
static const hl_map_options global = {.method = HL_MAPPER_GLOBAL};

typedef struct set {
    ring_scene scene;
    ring_matches m;
    hl_map_pair *pairs; /* own copy, to be spoilt */
} set;

static void make(set *s, const ring_options *o, double outliers, int32_t reach)
{
    ring_create(&s->scene, o);
    ring_match(&s->m, &s->scene, outliers, reach);
    const size_t n = (size_t)s->m.input.pair_count;
    s->pairs = hl_alloc(n, sizeof *s->pairs);
    assert_non_null(s->pairs);
    memcpy(s->pairs, s->m.input.pairs, n * sizeof *s->pairs);
    s->m.input.pairs = s->pairs;
}

static void release(set *s)
{
    hl_free(s->pairs);
    ring_matches_release(&s->m);
    ring_release(&s->scene);
}

/* Turns every n-th pair by half a radian. */
static void spoil(set *s, int32_t every)
{
    const double w[3] = {0.3, 0.4, 0};
    double turn[9], r[9], out[9];
    hl_so3_exp(w, turn);
    for (int32_t p = 0; p < s->m.input.pair_count; p += every) {
        hl_rotation(s->pairs[p].b_from_a.q, r);
        hl_matmul3(turn, r, out);
        hl_quat_from_rotation(out, s->pairs[p].b_from_a.q);
    }
}

static void exact_tracks_give_exact_poses(void **state)
{
    (void)state;
    set s;
    hl_mapping mapping;
    make(&s, &ring, 0, 4);
    check_ok(hl_mapper_run(&mapping, &s.m.input, &global));
    assert_int_equal(mapping.model_count, 1);
    assert_int_equal(mapping.method, HL_MAPPER_GLOBAL);
    assert_null(mapping.note);
    assert_int_equal(mapping.models[0].registered, ring.images);
    assert_true(mapping.models[0].error_px < 1e-3);
    double rotation, center;
    ring_compare(&s.scene, mapping.models[0].poses, &rotation, &center);
    assert_true(rotation < 1e-6 && center < 1e-5);
    for (int32_t i = 0; i < ring.images; i++)
        assert_int_equal(mapping.fates[i].reason, HL_MAP_REGISTERED);
    hl_mapping_release(&mapping);
    release(&s);
}

static void noise_wrong_matches_and_wrong_turns_register_everything(void **state)
{
    (void)state;
    set s;
    hl_mapping mapping;
    ring_options o = ring;
    o.noise_px = 1;
    make(&s, &o, 0.3, 4);
    spoil(&s, 5);
    check_ok(hl_mapper_run(&mapping, &s.m.input, &global));
    assert_int_equal(mapping.method, HL_MAPPER_GLOBAL);
    assert_int_equal(mapping.model_count, 1);
    assert_int_equal(mapping.models[0].registered, o.images);
    hl_pose_comparison c;
    const hl_map_model *model = &mapping.models[0];
    check_ok(hl_pose_compare(&c, model->poses, model->has_pose, s.scene.poses, o.images));
    assert_true(c.rotation_mean < 0.33 && c.center_mean < 0.03);
    assert_true(model->point_count > o.points / 2);
    hl_mapping_release(&mapping);
    release(&s);
}

static void wrong_intrinsics_are_refined(void **state)
{
    (void)state;
    set s;
    hl_mapping mapping;
    ring_options o = ring;
    o.noise_px = 0.3;
    o.points = 900;
    make(&s, &o, 0.1, 4);
    hl_camera guess = s.scene.cameras[0];
    guess.params[0] *= 1.05;
    guess.params[3] = 0;
    const uint32_t free_bits = 0x9;
    s.m.input.cameras = &guess;
    s.m.input.camera_free = &free_bits;
    check_ok(hl_mapper_run(&mapping, &s.m.input, &global));
    assert_int_equal(mapping.models[0].registered, o.images);
    const double *k = mapping.models[0].cameras[0].params, *want = s.scene.cameras[0].params;
    assert_true(fabs(k[0] - want[0]) < 4);
    assert_true(fabs(k[3] - want[3]) < 0.005);
    hl_mapping_release(&mapping);
    release(&s);
}

/* A photo whose pairs have no motion joins by its points; one without pairs gets its reason; the
 * smaller of two groups is a further model. */
static void what_is_left_out_joins_or_gets_its_reason(void **state)
{
    (void)state;
    set s;
    hl_mapping mapping;
    make(&s, &ring, 0, 3);
    int32_t n = 0;
    for (int32_t p = 0; p < s.m.input.pair_count; p++) {
        hl_map_pair pair = s.pairs[p];
        const bool across = pair.image_a < 7 && pair.image_b >= 7;
        if (across || pair.image_b == 11)
            continue;
        pair.has_pose = pair.image_a != 2 && pair.image_b != 2;
        s.pairs[n++] = pair;
    }
    s.m.input.pair_count = n;
    check_ok(hl_mapper_run(&mapping, &s.m.input, &global));
    assert_int_equal(mapping.model_count, 2);
    assert_int_equal(mapping.models[0].registered, 7);
    assert_int_equal(mapping.models[1].registered, 4);
    assert_int_equal(mapping.fates[2].reason, HL_MAP_REGISTERED);
    assert_int_equal(mapping.fates[8].reason, HL_MAP_OTHER_MODEL);
    assert_int_equal(mapping.fates[11].reason, HL_MAP_NO_PAIR);
    hl_mapping_release(&mapping);
    release(&s);
}

static void two_photos_are_enough_to_start(void **state)
{
    (void)state;
    set s;
    hl_mapping mapping;
    make(&s, &ring, 0, 4);
    for (int32_t p = 1; p < s.m.input.pair_count; p++) /* one pair alone has a motion */
        s.pairs[p].has_pose = false;
    s.pairs[0].angle_deg = 20;
    s.pairs[0].has_pose = true;
    const hl_map_input input = s.m.input;
    check_ok(hl_mapper_run(&mapping, &input, &global));
    assert_int_equal(mapping.models[0].registered, ring.images);
    hl_mapping_release(&mapping);
    release(&s);
}

/* More photos than HL_MAPPER_FEW, on a long arc. */
static void the_choice_is_by_size_focal_and_outcome(void **state)
{
    (void)state;
    set s;
    hl_mapping mapping;
    ring_options o = ring;
    make(&s, &ring, 0, 4);
    check_ok(hl_mapper_run(&mapping, &s.m.input, NULL));
    assert_int_equal(mapping.method, HL_MAPPER_INCREMENTAL);
    assert_null(mapping.note);
    hl_mapping_release(&mapping);
    release(&s);

    o.images = HL_MAPPER_FEW + 4;
    o.points = 1600;
    o.views = 10;
    make(&s, &o, 0, 6);
    check_ok(hl_mapper_run(&mapping, &s.m.input, NULL));
    assert_int_equal(mapping.method, HL_MAPPER_GLOBAL);
    assert_int_equal(mapping.models[0].registered, o.images);
    double rotation, center;
    ring_compare(&s.scene, mapping.models[0].poses, &rotation, &center);
    assert_true(rotation < 1e-4);
    hl_mapping_release(&mapping);
    release(&s);
}

/* Two pixels of noise fail the test of the outcome: both mappers run, and the note says so; with
 * guessed focal lengths the global one is not tried. */
static void an_outcome_that_fails_its_test_is_said_so(void **state)
{
    (void)state;
    set s;
    hl_mapping mapping;
    const hl_map_options lax = {.max_error_px = 12};
    ring_options o = ring;
    o.noise_px = 2;
    make(&s, &o, 0, 4);
    check_ok(hl_mapper_run(&mapping, &s.m.input, &lax));
    assert_int_equal(mapping.models[0].registered, o.images);
    assert_non_null(mapping.note);
    assert_non_null(strstr(mapping.note, "the incremental mapper registered 12 of 12"));
    assert_non_null(strstr(mapping.note, mapping.method == HL_MAPPER_GLOBAL
                                             ? "the global model is taken"
                                             : "the incremental model is taken"));
    hl_mapping_release(&mapping);
    const bool guessed = true;
    s.m.input.focal_guessed = &guessed;
    check_ok(hl_mapper_run(&mapping, &s.m.input, &lax));
    assert_int_equal(mapping.method, HL_MAPPER_INCREMENTAL);
    assert_null(mapping.note);
    hl_mapping_release(&mapping);
    check_ok(hl_mapper_run(&mapping, &s.m.input, &global));
    assert_int_equal(mapping.method, HL_MAPPER_GLOBAL);
    assert_non_null(strstr(mapping.note, "guesses"));
    hl_mapping_release(&mapping);
    release(&s);
}

static void same_bytes_for_any_thread_count(void **state)
{
    (void)state;
    set s;
    hl_mapping first = {0};
    ring_options o = ring;
    o.noise_px = 0.5;
    make(&s, &o, 0.1, 4);
    for (int threads = 1; threads <= 3; threads++) {
        hl_mapping mapping;
        hl_parallel_set_threads(threads);
        check_ok(hl_mapper_run(&mapping, &s.m.input, &global));
        if (threads == 1) {
            first = mapping;
            continue;
        }
        const hl_map_model *a = &first.models[0], *b = &mapping.models[0];
        assert_int_equal(a->point_count, b->point_count);
        assert_memory_equal(a->poses, b->poses, (size_t)o.images * sizeof *a->poses);
        assert_memory_equal(a->points, b->points, (size_t)a->point_count * 24);
        hl_mapping_release(&mapping);
    }
    hl_parallel_set_threads(0);
    hl_mapping_release(&first);
    release(&s);
}

/* Every n-th allocation in turn fails, further apart as n grows. */
static void failed_allocations_are_errors(void **state)
{
    (void)state;
    set s;
    ring_options o = ring;
    o.images = 5;
    o.points = 60;
    o.arc = 1.2;
    make(&s, &o, 0, 4);
    hl_parallel_set_threads(1);
    uint64_t n = 1;
    for (;; n += 1 + n / 12) {
        hl_mapping mapping = {0};
        hl_alloc_fail_at(n);
        const hl_status status = hl_mapper_run(&mapping, &s.m.input, &global);
        hl_alloc_fail_at(0);
        assert_true(n < 20000);
        if (status == HL_OK) {
            hl_mapping_release(&mapping);
            break;
        }
        assert_int_equal(status, HL_E_MEMORY);
        assert_null(mapping.models);
    }
    assert_true(n > 100);
    hl_parallel_set_threads(0);
    release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_tracks_give_exact_poses),
        cmocka_unit_test(noise_wrong_matches_and_wrong_turns_register_everything),
        cmocka_unit_test(wrong_intrinsics_are_refined),
        cmocka_unit_test(what_is_left_out_joins_or_gets_its_reason),
        cmocka_unit_test(two_photos_are_enough_to_start),
        cmocka_unit_test(the_choice_is_by_size_focal_and_outcome),
        cmocka_unit_test(an_outcome_that_fails_its_test_is_said_so),
        cmocka_unit_test(failed_allocations_are_errors),
        cmocka_unit_test(same_bytes_for_any_thread_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
