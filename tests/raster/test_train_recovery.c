/* SPDX-License-Identifier: MIT */
/* tests/raster/test_train_recovery.c -- splats rendered to photos and learnt again from a perturbed
 * start; exposure and poses that were put in by hand and must be found. */
#include "core/parallel.h"
#include "core/rng.h"
#include "core/se3.h"
#include "raster/train/trainer.h"
#include "tests/check.h"
#include "train_scene.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static train_scene scene;

/* The truth, shaken. */
static hl_splats perturbed(hl_arena *arena)
{
    hl_splats s;
    check_ok(hl_splats_init(&s, arena, scene.truth.count));
    s.count = scene.truth.count;
    for (int32_t i = 0; i < s.count; i++) {
        hl_rng rng = hl_rng_at(21, 0, (uint64_t)i, HL_RNG_TEST);
        hl_splats_copy_row(&s, i, &scene.truth, i);
        for (int a = 0; a < 3; a++) {
            s.mean[3 * i + a] += 0.05f * hl_rng_normal(&rng);
            s.log_scale[3 * i + a] += 0.3f * hl_rng_normal(&rng);
            s.sh[48 * i + 16 * a] += 0.5f * hl_rng_normal(&rng);
        }
        for (int a = 0; a < 4; a++)
            s.quat[4 * i + a] += 0.2f * hl_rng_normal(&rng);
        s.logit_opa[i] += 0.5f * hl_rng_normal(&rng);
    }
    return s;
}

static hl_train_config config_of(int32_t steps)
{
    hl_train_config c;
    hl_train_config_init(&c);
    hl_train_config_preset(&c, HL_TRAIN_FAST, steps, SCENE_TRAIN);
    hl_train_config_recipe(&c, HL_DENSITY_NONE);
    c.cap = SCENE_SPLATS_MAX;
    c.coarse_factor = 1;
    c.sh_degree = 0;
    c.lr_mean = 2e-3f;
    c.lr_mean_end = 2e-5f;
    c.lr_opacity = 0.05f;
    c.lr_end = 0.02f;
    c.lr_sh_dc = 0.01f;
    c.lr_scale = 0.01f;
    c.lr_quat = 0.01f;
    return c;
}

static void splats_are_recovered(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 64, 64, 3);
    hl_arena arena;
    hl_arena_init(&arena, 0, 0);
    const hl_splats start = perturbed(&arena);
    scene.scene.init_splats = &start;
    const hl_train_config c = config_of(1500);
    hl_trainer *t;
    check_ok(hl_trainer_create(&t, &c, &scene.scene, "cpu", HL_ISA_AUTO));
    hl_train_score before, after;
    check_ok(hl_trainer_eval(t, &before, NULL));
    const hl_train_events events = {.record_every = 10000};
    check_ok(hl_trainer_run(t, 0, &events));
    check_ok(hl_trainer_eval(t, &after, NULL));
    print_message("held-out views: %.2f dB -> %.2f dB\n", before.psnr, after.psnr);
    assert_true(before.psnr < 27);
    assert_true(after.psnr >= 40);

    hl_splats out;
    check_ok(hl_trainer_export(t, &out, &arena));
    assert_int_equal(out.count, hl_trainer_splats(t));
    hl_trainer_destroy(&t);
    hl_arena_release(&arena);
    train_scene_release(&scene);
}

/* Photos darkened and tinted by hand: exposure takes it up, the splats stay. */
static void exposure_is_found(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 48, 48, 3);
    const int32_t dark = scene.train[4];
    for (int i = 0; i < 3 * 48 * 48; i++)
        scene.pixels[dark][i] = (uint8_t)(scene.pixels[dark][i] * (i % 3 == 0 ? 0.5 : 0.8));
    scene.scene.init_splats = &scene.truth;
    hl_train_config c = config_of(1200);
    c.exposure = true;
    c.lr_mean = c.lr_mean_end = c.lr_scale = c.lr_quat = c.lr_opacity = c.lr_sh_dc = 0;
    hl_trainer *t;
    check_ok(hl_trainer_create(&t, &c, &scene.scene, "cpu", HL_ISA_AUTO));
    const hl_train_events events = {.record_every = 10000};
    check_ok(hl_trainer_run(t, 0, &events));
    const float *e = hl_trainer_exposure(t, 4), *other = hl_trainer_exposure(t, 5);
    for (int d = 0; d < 3; d++) {
        float sum = e[4 * d + 3]; /* what grey 0.5 becomes */
        float kept = other[4 * d + 3];
        for (int k = 0; k < 3; k++) {
            sum += 0.5f * e[4 * d + k];
            kept += 0.5f * other[4 * d + k];
        }
        assert_true(fabsf(sum - (d == 0 ? 0.25f : 0.4f)) < 0.02f);
        assert_true(fabsf(kept - 0.5f) < 0.02f);
    }
    hl_trainer_destroy(&t);
    train_scene_release(&scene);
}

/* One camera turned and shifted: pose refinement brings it back. */
static void pose_is_found(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 64, 64, 3);
    const hl_raster_view good = scene.views[scene.train[2]];
    hl_raster_view *bad = &scene.views[scene.train[2]];
    const float phi[3] = {0.01f, -0.015f, 0.02f};
    float turn[9];
    hl_so3_exp(phi, turn);
    hl_matmul3(turn, good.r, bad->r);
    bad->t[0] += 0.03f;
    bad->t[1] -= 0.02f;
    scene.scene.init_splats = &scene.truth;
    hl_train_config c = config_of(2400);
    c.pose = true;
    c.lr_pose_rotation = 5e-4f;
    c.lr_pose_shift = 1e-3f;
    c.lr_mean = c.lr_mean_end = c.lr_scale = c.lr_quat = c.lr_opacity = c.lr_sh_dc = 0;
    hl_trainer *t;
    check_ok(hl_trainer_create(&t, &c, &scene.scene, "cpu", HL_ISA_AUTO));
    const hl_train_events events = {.record_every = 10000};
    check_ok(hl_trainer_run(t, 0, &events));
    const hl_raster_view *found = hl_trainer_view(t, 2);
    check_close(found->r, good.r, 9, 2e-3, 0);
    check_close(found->t, good.t, 3, 6e-3, 0);
    hl_trainer_destroy(&t);
    train_scene_release(&scene);
}

static void shrinking_averages(void **state)
{
    (void)state;
    uint8_t pixels[5 * 4 * 4], mask[5 * 4];
    memset(mask, 1, sizeof mask);
    mask[2 * 5 + 3] = 0;
    for (int i = 0; i < 20; i++)
        for (int c = 0; c < 4; c++)
            pixels[4 * i + c] = (uint8_t)(c == 3 ? (i == 0 ? 255 : 0) : 10 * i + c);
    hl_loss_target target = {
        .width = 5, .height = 4, .channels = 4, .pixels = pixels, .mask = mask};
    hl_raster_view view = {.width = 5, .height = 4, .fx = 8, .fy = 6, .cx = 2.5f, .cy = 2};
    hl_train_shrunk shrunk = {.pixels = NULL};
    check_ok(hl_train_shrink(&shrunk, &target, &view, 2));
    assert_int_equal(target.width, 2);
    assert_int_equal(target.height, 2);
    assert_true(view.fx == 4 && view.cx == 1.25f && view.fy == 3 && view.cy == 1);
    const uint8_t want[4] = {0, 1, 2, 64}; /* only pixel 0 has weight; alpha 255 / 4 */
    assert_memory_equal(target.pixels, want, 4);
    assert_int_equal(target.mask[0], 1);
    assert_int_equal(target.mask[3], 0);
    hl_train_shrunk_release(&shrunk);
}

static void filter_is_the_finest_sampling(void **state)
{
    (void)state;
    hl_arena arena;
    hl_arena_init(&arena, 0, 0);
    hl_splats s;
    check_ok(hl_splats_init(&s, &arena, 2));
    s.count = 2;
    s.mean[2] = 10;
    s.mean[3] = 1000; /* in nobody's picture, z = 10 for the nearer focal length */
    s.mean[5] = 10;
    s.quat[0] = s.quat[4] = 1;
    const hl_raster_view views[2] = {{.width = 100,
                                      .height = 80,
                                      .fx = 100,
                                      .fy = 90,
                                      .cx = 50,
                                      .cy = 40,
                                      .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}},
                                     {.width = 100,
                                      .height = 80,
                                      .fx = 200,
                                      .fy = 90,
                                      .cx = 50,
                                      .cy = 40,
                                      .r = {1, 0, 0, 0, 1, 0, 0, 0, 1},
                                      .t = {0, 0, 30}}};
    float filter[2];
    hl_train_filter_3d(filter, &s, views, 2, 1);
    const float want[2] = {sqrtf(0.1f) * 0.1f, sqrtf(0.1f) * 0.1f};
    check_close(filter, want, 2, 1e-6, 1e-6);

    /* baked: variance adds up, mass o s1 s2 s3 stays */
    for (int a = 0; a < 3; a++)
        s.log_scale[a] = logf(0.02f);
    const double mass = 0.5 * 0.02 * 0.02 * 0.02;
    hl_train_bake_filter(&s, filter);
    const double size = exp((double)s.log_scale[0]);
    const double got[2] = {size * size, (double)hl_sigmoid(s.logit_opa[0]) * size * size * size};
    const double wanted[2] = {0.02 * 0.02 + 0.1 * 0.01, mass};
    check_close(got, wanted, 2, 1e-9, 1e-4);
    hl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splats_are_recovered),
        cmocka_unit_test(exposure_is_found),
        cmocka_unit_test(pose_is_found),
        cmocka_unit_test(shrinking_averages),
        cmocka_unit_test(filter_is_the_finest_sampling),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hl_parallel_shutdown();
    return failed;
}
