/* SPDX-License-Identifier: MIT */
/* The incremental mapper on scenes with exact truth: exact tracks, noise and wrong matches, wrong
 * focal lengths, scenes that fall apart, photos that cannot join, known poses, bad input. */
#include "core/memory.h"
#include "core/parallel.h"
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

/* Keypoints are floats: their last digit is 2e-5 pixels here. */
static void exact_tracks_give_exact_poses(void **state)
{
    (void)state;
    ring_scene scene;
    ring_matches m;
    hl_mapping mapping;
    ring_create(&scene, &ring);
    ring_match(&m, &scene, 0, 4);
    check_ok(hl_mapper_run(&mapping, &m.input, NULL));
    assert_int_equal(mapping.model_count, 1);
    assert_int_equal(mapping.models[0].registered, ring.images);
    assert_true(mapping.models[0].error_px < 1e-3);
    double rotation, center;
    ring_compare(&scene, mapping.models[0].poses, &rotation, &center);
    assert_true(rotation < 1e-6 && center < 1e-5);
    for (int32_t i = 0; i < ring.images; i++)
        assert_int_equal(mapping.fates[i].reason, HL_MAP_REGISTERED);
    hl_mapping_release(&mapping);
    ring_matches_release(&m);
    ring_release(&scene);
}

static void noise_and_wrong_matches_register_everything(void **state)
{
    (void)state;
    ring_options o = ring;
    o.noise_px = 1;
    ring_scene scene;
    ring_matches m;
    hl_mapping mapping;
    ring_create(&scene, &o);
    ring_match(&m, &scene, 0.3, 4);
    check_ok(hl_mapper_run(&mapping, &m.input, NULL));
    assert_int_equal(mapping.model_count, 1);
    assert_int_equal(mapping.models[0].registered, o.images);
    hl_pose_comparison c;
    const hl_map_model *model = &mapping.models[0];
    check_ok(hl_pose_compare(&c, model->poses, model->has_pose, scene.poses, o.images));
    /* Of some 250 points a photo: a third of a degree; 0.5 % of the distance to the middle. */
    assert_true(c.rotation_mean < 0.33 && c.center_mean < 0.03);
    assert_true(model->point_count > o.points / 2);
    hl_mapping_release(&mapping);
    ring_matches_release(&m);
    ring_release(&scene);
}

static void wrong_intrinsics_are_refined(void **state)
{
    (void)state;
    ring_options o = ring;
    o.noise_px = 0.3;
    o.points = 900;
    ring_scene scene;
    ring_matches m;
    hl_mapping mapping;
    ring_create(&scene, &o);
    ring_match(&m, &scene, 0.1, 4);
    hl_camera guess = scene.cameras[0];
    guess.params[0] *= 1.05;
    guess.params[1] += 6;
    guess.params[2] -= 5;
    guess.params[3] = 0;
    const uint32_t free_bits = 0x9;
    m.input.cameras = &guess;
    m.input.camera_free = &free_bits;
    check_ok(hl_mapper_run(&mapping, &m.input, NULL));
    assert_int_equal(mapping.models[0].registered, o.images);
    assert_true(mapping.models[0].center_freed[0]);
    const double *k = mapping.models[0].cameras[0].params, *want = scene.cameras[0].params;
    assert_true(fabs(k[0] - want[0]) < 4);
    /* The ring is level: the prior holds the height of the principal point, few sights do. */
    assert_true(fabs(k[1] - want[1]) < 2 && fabs(k[2] - want[2]) < 5);
    assert_true(fabs(k[3] - want[3]) < 0.005);
    hl_mapping_release(&mapping);

    const hl_map_options keep = {.keep_principal_point = true};
    check_ok(hl_mapper_run(&mapping, &m.input, &keep));
    assert_false(mapping.models[0].center_freed[0]);
    assert_true(mapping.models[0].cameras[0].params[1] == guess.params[1]);
    hl_mapping_release(&mapping);
    ring_matches_release(&m);
    ring_release(&scene);
}

/* Pairs across the middle are cut: two groups of six. */
static void a_set_that_falls_apart_gives_two_models(void **state)
{
    (void)state;
    ring_scene scene;
    ring_matches m;
    hl_mapping mapping;
    ring_create(&scene, &ring);
    ring_match(&m, &scene, 0, 4);
    hl_map_pair *pairs = hl_alloc((size_t)m.input.pair_count, sizeof *pairs);
    assert_non_null(pairs);
    int32_t n = 0;
    for (int32_t p = 0; p < m.input.pair_count; p++)
        if ((m.input.pairs[p].image_a < 7) == (m.input.pairs[p].image_b < 7))
            pairs[n++] = m.input.pairs[p];
    m.input.pairs = pairs;
    m.input.pair_count = n;
    check_ok(hl_mapper_run(&mapping, &m.input, NULL));
    assert_int_equal(mapping.model_count, 2);
    assert_int_equal(mapping.models[0].registered, 7);
    assert_int_equal(mapping.models[1].registered, 5);
    assert_int_equal(mapping.fates[3].reason, HL_MAP_REGISTERED);
    assert_int_equal(mapping.fates[8].reason, HL_MAP_OTHER_MODEL);
    assert_int_equal(mapping.fates[8].model, 1);
    hl_mapping_release(&mapping);
    hl_free(pairs);
    ring_matches_release(&m);
    ring_release(&scene);
}

static void photos_that_cannot_join_get_their_reason(void **state)
{
    (void)state;
    ring_scene scene;
    ring_matches m;
    hl_mapping mapping;
    ring_create(&scene, &ring);
    ring_match(&m, &scene, 0, 4);
    hl_map_pair *pairs = hl_alloc((size_t)m.input.pair_count, sizeof *pairs);
    hl_map_image images[12];
    assert_non_null(pairs);
    memcpy(images, m.input.images, sizeof images);
    images[11].keypoint_count = 3;
    int32_t n = 0;
    for (int32_t p = 0; p < m.input.pair_count; p++) {
        hl_map_pair pair = m.input.pairs[p];
        if (pair.image_b == 11 || pair.image_b == 10)
            continue;            /* 10 and 11: no pair */
        if (pair.image_b == 9) { /* all wrong: shift the partners */
            int32_t *match = hl_arena_alloc(&m.arena, (size_t)pair.count, 2 * sizeof *match);
            assert_non_null(match);
            for (int32_t i = 0; i < pair.count; i++) {
                match[2 * i] = pair.match[2 * i];
                match[2 * i + 1] = pair.match[2 * ((i + pair.count / 2) % pair.count) + 1];
            }
            pair.match = match;
        }
        pairs[n++] = pair;
    }
    m.input.pairs = pairs;
    m.input.pair_count = n;
    m.input.images = images;
    check_ok(hl_mapper_run(&mapping, &m.input, NULL));
    assert_int_equal(mapping.models[0].registered, 9);
    assert_int_equal(mapping.fates[9].reason, HL_MAP_FEW_INLIERS);
    assert_true(mapping.fates[9].visible > 30 && mapping.fates[9].inliers < 30);
    assert_int_equal(mapping.fates[10].reason, HL_MAP_NO_PAIR);
    assert_int_equal(mapping.fates[11].reason, HL_MAP_NO_KEYPOINTS);
    hl_mapping_release(&mapping);
    hl_free(pairs);
    ring_matches_release(&m);
    ring_release(&scene);
}

static void known_poses_get_points(void **state)
{
    (void)state;
    ring_scene scene;
    ring_matches m;
    hl_mapping mapping;
    ring_create(&scene, &ring);
    ring_match(&m, &scene, 0.1, 4);
    m.input.known_poses = scene.poses;
    check_ok(hl_mapper_run(&mapping, &m.input, NULL));
    assert_int_equal(mapping.model_count, 1);
    const hl_map_model *model = &mapping.models[0];
    assert_memory_equal(model->poses, scene.poses, 12 * sizeof(hl_pose));
    assert_true(model->point_count > 500 && model->error_px < 0.05);
    int32_t near = 0; /* points lie where a true point is */
    for (int32_t k = 0; k < model->point_count; k++)
        for (int32_t p = 0; p < ring.points; p++) {
            const double *a = model->points + 3 * (size_t)k, *b = scene.points + 3 * (size_t)p;
            if (fabs(a[0] - b[0]) + fabs(a[1] - b[1]) + fabs(a[2] - b[2]) < 1e-3) {
                near++;
                break;
            }
        }
    assert_true(near > 0.95 * model->point_count);
    hl_mapping_release(&mapping);
    ring_matches_release(&m);
    ring_release(&scene);
}

static void same_bytes_for_any_thread_count(void **state)
{
    (void)state;
    ring_options o = ring;
    o.noise_px = 0.5;
    ring_scene scene;
    ring_matches m;
    hl_mapping first, again;
    const uint32_t free_bits = 0x9;
    ring_create(&scene, &o);
    ring_match(&m, &scene, 0.2, 4);
    m.input.camera_free = &free_bits;
    hl_parallel_set_threads(1);
    check_ok(hl_mapper_run(&first, &m.input, NULL));
    hl_parallel_set_threads(3);
    check_ok(hl_mapper_run(&again, &m.input, NULL));
    hl_parallel_set_threads(0);
    const hl_map_model *a = &first.models[0], *b = &again.models[0];
    assert_int_equal(a->point_count, b->point_count);
    assert_memory_equal(a->poses, b->poses, (size_t)o.images * sizeof(hl_pose));
    assert_memory_equal(a->points, b->points, (size_t)a->point_count * 3 * sizeof(double));
    assert_memory_equal(a->cameras, b->cameras, sizeof(hl_camera));
    hl_mapping_release(&first);
    hl_mapping_release(&again);
    ring_matches_release(&m);
    ring_release(&scene);
}

static void bad_input_gets_a_sentence(void **state)
{
    (void)state;
    ring_scene scene;
    ring_matches m;
    hl_mapping mapping;
    ring_create(&scene, &ring);
    ring_match(&m, &scene, 0, 2);
    hl_map_pair pair = m.input.pairs[0];
    hl_map_input input = m.input;
    input.pairs = &pair;
    input.pair_count = 1;
    pair.image_b = 77;
    check_fails(hl_mapper_run(&mapping, &input, NULL), "images 0 and 77 of 12");
    pair.image_b = 1;
    const int32_t match[2] = {0, 100000};
    pair.match = match;
    pair.count = 1;
    check_fails(hl_mapper_run(&mapping, &input, NULL), "keypoints 0 and 100000");
    input.image_count = 0;
    check_fails(hl_mapper_run(&mapping, &input, NULL), "0 images");
    input = m.input;
    input.pair_count = 0;
    check_ok(hl_mapper_run(&mapping, &input, NULL));
    assert_int_equal(mapping.model_count, 0);
    assert_int_equal(mapping.fates[0].reason, HL_MAP_NO_PAIR);
    hl_mapping_release(&mapping);
    ring_matches_release(&m);
    ring_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_tracks_give_exact_poses),
        cmocka_unit_test(noise_and_wrong_matches_register_everything),
        cmocka_unit_test(wrong_intrinsics_are_refined),
        cmocka_unit_test(a_set_that_falls_apart_gives_two_models),
        cmocka_unit_test(photos_that_cannot_join_get_their_reason),
        cmocka_unit_test(known_poses_get_points),
        cmocka_unit_test(same_bytes_for_any_thread_count),
        cmocka_unit_test(bad_input_gets_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
