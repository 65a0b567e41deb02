/* SPDX-License-Identifier: MIT */
/* tests/raster/test_train_resume.c -- the same bytes for any thread count, twice, and after
 * stopping at a checkpoint, for every recipe with everything switched on. */
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "raster/checkpoint.h"
#include "tests/check.h"
#include "train_scene.h"

#include <stdio.h>
#include <string.h>

enum { STEPS = 60 };

static train_scene scene;

static int set_up(void **state)
{
    (void)state;
    train_scene_make(&scene, 60, 40, 34, 4);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    train_scene_release(&scene);
    hl_parallel_shutdown();
    return 0;
}

static hl_train_config config_of(hl_density_kind kind)
{
    hl_train_config c;
    hl_train_config_init(&c);
    hl_train_config_preset(&c, HL_TRAIN_FAST, STEPS, SCENE_TRAIN);
    hl_train_config_recipe(&c, kind);
    c.cap = 200;
    c.refine_start = 5;
    c.refine_stop = 50;
    c.refine_every = 10;
    c.reset_every = 30;
    c.sh_every = 15;
    c.coarse_factor = 2;
    c.full_from = 20;
    c.grad_threshold = 1e-5f;
    c.exposure = c.pose = c.filter_3d = c.random_background = true;
    c.geometry = kind == HL_DENSITY_BUDGET || kind == HL_DENSITY_NONE;
    c.multi_view = kind == HL_DENSITY_BUDGET;
    c.multi_view_pixels = 300;
    c.multi_view_angle = 45; /* so that there are any */
    if (kind == HL_DENSITY_BUDGET)
        c.adam_mode = HL_ADAM_CLUSTER;
    return c;
}

static hl_trainer *trainer_of(const hl_train_config *config)
{
    hl_trainer *t;
    check_ok(hl_trainer_create(&t, config, &scene.scene, "cpu", HL_ISA_AUTO));
    return t;
}

static const char *save(const hl_trainer *t, const char *name)
{
    const char *path = hl_test_file(name);
    check_ok(hl_checkpoint_save(t, path));
    return path;
}

static void assert_same_file(const char *a, const char *b)
{
    hl_file_map x, y;
    check_ok(hl_file_map_open(&x, a));
    check_ok(hl_file_map_open(&y, b));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.bytes, y.bytes, x.size);
    hl_file_map_close(&x);
    hl_file_map_close(&y);
}

static void run(hl_trainer *t, int32_t until)
{
    const hl_train_events none = {.record_every = 1000};
    check_ok(hl_trainer_run(t, until, &none));
}

/* Whole state after the last step, in a checkpoint. */
static void check_recipe(hl_density_kind kind)
{
    const hl_train_config c = config_of(kind);
    hl_parallel_set_threads(1);
    hl_trainer *t = trainer_of(&c);
    run(t, STEPS);
    const int32_t splats = hl_trainer_splats(t);
    assert_true(kind == HL_DENSITY_NONE ? splats == 60 : splats != 60);
    const char *straight = save(t, "straight.helio");
    hl_trainer_destroy(&t);

    const int threads[] = {1, 2, 3, 7};
    for (size_t k = 0; k < sizeof threads / sizeof *threads; k++) {
        hl_parallel_set_threads(threads[k]);
        t = trainer_of(&c);
        run(t, STEPS);
        assert_same_file(straight, save(t, "threads.helio"));
        hl_trainer_destroy(&t);
    }
    hl_parallel_set_threads(2);
    for (int32_t stop = 1; stop < STEPS; stop += 13) {
        t = trainer_of(&c);
        run(t, stop);
        const char *path = save(t, "stopped.helio");
        hl_trainer_destroy(&t);

        hl_train_config found;
        int32_t step;
        check_ok(hl_checkpoint_config(&found, &step, path));
        assert_int_equal(step, stop);
        t = trainer_of(&found);
        check_ok(hl_checkpoint_load(t, path));
        run(t, STEPS);
        assert_same_file(straight, save(t, "resumed.helio"));
        hl_trainer_destroy(&t);
    }
}

static void budget(void **state)
{
    (void)state;
    check_recipe(HL_DENSITY_BUDGET);
}

static void adc(void **state)
{
    (void)state;
    check_recipe(HL_DENSITY_ADC);
}

static void mcmc(void **state)
{
    (void)state;
    check_recipe(HL_DENSITY_MCMC);
}

static void none(void **state)
{
    (void)state;
    check_recipe(HL_DENSITY_NONE);
}

static void broken_checkpoints_are_refused(void **state)
{
    (void)state;
    const hl_train_config c = config_of(HL_DENSITY_BUDGET);
    hl_trainer *t = trainer_of(&c);
    run(t, 3);
    const char *whole = save(t, "step_3.helio");
    run(t, 4);
    const char *before = save(t, "before.helio");
    check_ok(hl_checkpoint_load(t, whole));
    assert_int_equal(hl_trainer_steps(t), 3);

    hl_file_map map;
    check_ok(hl_file_map_open(&map, before));
    static unsigned char bytes[1 << 22];
    assert_true(map.size < sizeof bytes);
    memcpy(bytes, map.bytes, map.size);
    const size_t size = map.size;
    hl_file_map_close(&map);
    check_fails(hl_checkpoint_load(t, hl_test_write("step_9.helio", bytes, size / 2)), "step_9");
    bytes[size / 2] ^= 1;
    check_fails(hl_checkpoint_load(t, hl_test_write("step_8.helio", bytes, size)), "step_8");
    check_fails(hl_checkpoint_load(t, hl_test_file("absent.helio")), "absent.helio");
    assert_int_equal(hl_trainer_steps(t), 3);

    char path[1024];
    bool found;
    check_ok(hl_checkpoint_newest(path, sizeof path, &found, hl_test_dir()));
    assert_true(found);
    assert_string_equal(path, whole);
    check_ok(hl_checkpoint_newest(path, sizeof path, &found, hl_test_file("no_such_folder")));
    assert_false(found);

    scene.scene.train_count--;
    hl_trainer *fewer = trainer_of(&c);
    check_fails(hl_checkpoint_load(fewer, whole), "12 training photos, found 11");
    scene.scene.train_count++;
    hl_trainer_destroy(&fewer);
    hl_trainer_destroy(&t);
}

static hl_status save_event(void *ctx, int32_t step)
{
    *(int32_t *)ctx = step;
    return HL_OK;
}

static void interrupt_saves_and_stops(void **state)
{
    (void)state;
    const hl_train_config c = config_of(HL_DENSITY_NONE);
    hl_trainer *t = trainer_of(&c);
    int32_t saved = -1;
    const hl_train_events events = {.ctx = &saved, .save = save_event};
    hl_interrupt_request();
    assert_int_equal(hl_trainer_run(t, 0, &events), HL_E_INTERRUPT);
    hl_interrupt_clear();
    assert_int_equal(saved, 1);
    check_ok(hl_trainer_run(t, 0, &events));
    assert_int_equal(saved, STEPS);
    hl_trainer_destroy(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget),
        cmocka_unit_test(adc),
        cmocka_unit_test(mcmc),
        cmocka_unit_test(none),
        cmocka_unit_test(broken_checkpoints_are_refused),
        cmocka_unit_test(interrupt_saves_and_stops),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
