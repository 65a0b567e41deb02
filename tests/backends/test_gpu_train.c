/* SPDX-License-Identifier: MIT */
/* Training on the emulated device: the CPU's curve, nothing allocated and nothing waited for in
 * steady state, steps that were redone after an overflow, masks, alpha, exposure and pose.  The
 * same on the GPU, where there is one, but for what only the emulation can show.
 *
 *   test_gpu_train        all of it
 *   test_gpu_train long   1,000 steps on the emulated device against the CPU, a minute or so
 *   test_gpu_train cuda   the GPU alone: for compute-sanitizer
 */
#include "raster/backend.h"
#include "raster/cuda/training_gpu.h"
#include "raster/train/trainer_device.h"
#include "tests/check.h"
#include "tests/raster/train_scene.h"

#include <math.h>
#include <string.h>

static train_scene scene;
static bool long_run;
static bool on_gpu; /* else on the emulated device */

static hl_train_config config_of(int32_t steps)
{
    hl_train_config c;
    hl_train_config_init(&c);
    c.seed = 7;
    c.iterations = steps;
    c.cap = 400;
    c.full_from = steps / 4;
    c.sh_every = steps / 4;
    c.refine_start = steps / 3;
    c.refine_stop = steps - steps / 6;
    c.refine_every = steps / 6;
    return c;
}

static hl_trainer *on_device(const hl_train_config *c)
{
    hl_raster *raster = NULL;
    hl_trainer *t = NULL;
    if (on_gpu)
        check_ok(hl_raster_create(&raster, "cuda", HL_ISA_AUTO));
    else
        check_ok(hl_raster_create_on(&raster, hl_raster_backend_emulated(), HL_ISA_AUTO));
    check_ok(hl_trainer_create_on(&t, c, &scene.scene, raster, HL_ISA_AUTO));
    assert_true(c->multi_view ? !t->device : t->device != NULL);
    return t;
}

typedef struct curve {
    double loss[64], psnr[64];
    int32_t splats[64];
    int32_t count;
} curve;

static hl_status keep(void *ctx, const hl_train_record *record)
{
    curve *c = ctx;
    c->loss[c->count] = record->loss;
    c->psnr[c->count] = record->psnr;
    c->splats[c->count++] = record->splats;
    return HL_OK;
}

/* One curve: what is 0 in the mathematics is 0 on both, so that Adam makes no steps of rounding. */
static void compare_curves(const hl_train_config *c)
{
    curve curves[2] = {{.count = 0}, {.count = 0}};
    hl_train_score score[2];
    const bool loose = long_run || on_gpu; /* approximate exponentials, sums in any order */
    for (int b = 0; b < 2; b++) {
        hl_trainer *t = NULL;
        const hl_train_events events = {
            .ctx = &curves[b], .record = keep, .record_every = long_run ? 50 : 10};
        if (b)
            t = on_device(c);
        else
            check_ok(hl_trainer_create(&t, c, &scene.scene, "cpu", HL_ISA_PLAIN));
        check_ok(hl_trainer_run(t, 0, &events));
        check_ok(hl_trainer_eval(t, &score[b], NULL));
        hl_trainer_destroy(&t);
    }
    assert_int_equal(curves[0].count, curves[1].count);
    for (int32_t k = 0; k < curves[0].count; k++) {
        const double want = curves[0].loss[k];
        const double difference = fabs(curves[1].loss[k] - want) / want;
        if (long_run)
            print_message("step %d: loss %.6f, differs by %.1e\n", 50 * (k + 1), want, difference);
        if (!(difference <= (loose ? 1e-2 : 1e-4)))
            fail_msg("record %d: loss %.6f on the device, %.6f on the CPU", k, curves[1].loss[k],
                     want);
        assert_true(fabs(curves[1].psnr[k] - curves[0].psnr[k]) < (loose ? 0.1 : 0.01));
        assert_int_equal(curves[1].splats[k], curves[0].splats[k]);
    }
    assert_true(fabs(score[0].psnr - score[1].psnr) < (loose ? 0.1 : 0.01));
}

static void the_curve_of_the_cpu(void **state)
{
    (void)state;
    train_scene_make(&scene, 100, 40, 24, 3);
    hl_train_config c = config_of(48);
    compare_curves(&c);
    c.adam_mode = HL_ADAM_CLUSTER;
    c.filter_3d = c.antialiased = true;
    compare_curves(&c);
    c.densify = HL_DENSITY_ADC;
    c.random_background = true;
    compare_curves(&c);
    c.densify = HL_DENSITY_MCMC;
    c.filter_3d = false;
    c.noise = 5e4f;
    compare_curves(&c);
    train_scene_release(&scene);
}

/* All terms of geometry mode, masks among them, and splats pressed flat. */
static void geometry_mode(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 40, 32, 4);
    hl_train_config c = config_of(48);
    c.geometry = c.antialiased = true;
    c.densify = HL_DENSITY_NONE;
    compare_curves(&c);
    c.multi_view = true; /* through host memory */
    c.multi_view_angle = 45;
    compare_curves(&c);
    train_scene_release(&scene);
}

static void alpha_exposure_and_pose(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 40, 32, 4);
    hl_train_config c = config_of(48);
    compare_curves(&c);
    c.exposure = c.pose = true;
    compare_curves(&c);
    train_scene_release(&scene);
}

static void steady_state_neither_allocates_nor_waits(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 40, 32, 3);
    hl_train_config c = config_of(1000);
    c.densify = HL_DENSITY_BUDGET;
    c.full_from = 0;
    c.exposure = c.pose = true;
    hl_trainer *t = on_device(&c);
    for (int k = 0; k < 2 * SCENE_TRAIN; k++) /* every photo was there */
        check_ok(hl_trainer_step(t));
    const hl_gpu_raster *r = t->device_state;
    const hl_gpu_counts before = r->gpu.counts;
    const int steps = 40;
    for (int k = 0; k < steps; k++)
        check_ok(hl_trainer_step(t));
    const hl_gpu_counts *after = &r->gpu.counts;
    assert_int_equal(after->allocations, before.allocations);
    assert_int_equal(after->waits, before.waits);
    assert_int_equal(after->captures, before.captures);
    assert_int_equal(after->launches - before.launches, 2 * steps); /* the numbers, the graph */
    assert_int_equal(after->copies - before.copies, steps);         /* the state, unwaited    */
    hl_trainer_destroy(&t);
    train_scene_release(&scene);
}

/* A device that is told to start with lists that are far too short gives the same training. */
static void an_overflow_is_redone(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 40, 32, 3);
    hl_train_config c = config_of(1000);
    float *mean[2];
    for (int b = 0; b < 2; b++) {
        hl_trainer *t = on_device(&c);
        hl_gpu_raster *r = t->device_state;
        hl_gpu_backend_deterministic(r, true);
        for (int k = 0; k < 30; k++) {
            if (b && k % 7 == 3) { /* now the lists are too short, for a step or two */
                check_ok(hl_train_device_settle(t, false));
                r->work.instance_capacity = 100;
                r->work.visible_capacity = 20 + (uint32_t)k;
            }
            check_ok(hl_trainer_step(t));
        }
        check_ok(hl_train_device_settle(t, true));
        assert_int_equal(hl_trainer_steps(t), 30);
        assert_int_equal(r->state->done_step, 29);
        const size_t n = 3 * (size_t)t->splats.count;
        mean[b] = hl_alloc(n, sizeof(float));
        memcpy(mean[b], t->splats.mean, n * sizeof(float));
        if (b)
            assert_memory_equal(mean[0], mean[1], n * sizeof(float));
        hl_trainer_destroy(&t);
    }
    hl_free(mean[0]);
    hl_free(mean[1]);
    train_scene_release(&scene);
}

/* From the same state, the device's refinement and the host's give the same splats, moments and
 * counters, in the same order. */
static void refine_both(hl_density_kind kind, hl_adam_mode mode, int32_t at)
{
    hl_train_config c = config_of(1000);
    c.densify = (int32_t)kind;
    c.refine_start = 0;
    c.refine_every = 100;
    c.reset_every = kind == HL_DENSITY_ADC ? 250 : 0;
    c.grad_threshold = 1e-5f;
    c.clone_scale = 0.06f;
    c.cap = 170;
    c.adam_mode = (int32_t)mode;
    hl_trainer *t = on_device(&c);
    for (int k = 0; k < 10; k++)
        check_ok(hl_trainer_step(t));
    check_ok(hl_train_device_settle(t, true));
    for (int32_t i = 0; i < 40; i += 2) /* some die, one is broken */
        t->splats.logit_opa[i] = i == 10 ? (float)NAN : -9;
    check_ok(t->device->push(t->device_state, t));
    const hl_gpu_raster *r = t->device_state;
    const int32_t before = t->splats.count;
    const hl_density_state host = {.splats = &t->splats,
                                   .adam = &t->adam,
                                   .stats = &t->stats,
                                   .extent = t->extent,
                                   .center = {t->center[0], t->center[1], t->center[2]},
                                   .first_count = t->first_count,
                                   .views = t->stats_views,
                                   .view_count = t->scene.train_count};
    hl_density_report got, want;
    t->step = at; /* in the middle of the window: many births */
    check_ok(t->device->refine(t->device_state, t, &got));
    const int32_t kept = t->splats.count;
    t->splats.count = before;
    check_ok(hl_density_refine(&t->density, &host, t->step, &want));
    assert_int_equal(kept, t->splats.count);
    assert_int_equal(got.born, want.born);
    assert_int_equal(got.removed, want.removed);
    assert_int_equal(got.bad, want.bad);
    assert_true(want.bad == 1 && want.born > 20 && want.removed >= 20);
    const size_t n = (size_t)kept * sizeof(float);
    assert_memory_equal(r->work.p.mean, t->splats.mean, 3 * n);
    assert_memory_equal(r->work.p.log_scale, t->splats.log_scale, 3 * n);
    assert_memory_equal(r->work.p.logit_opa, t->splats.logit_opa, n);
    assert_memory_equal(r->work.p.sh, t->splats.sh, 48 * n);
    assert_memory_equal(r->work.m.mean, t->adam.m.mean, 3 * n);
    assert_memory_equal(r->work.v.logit_opa, t->adam.v.logit_opa, n);
    assert_memory_equal(r->work.v.quat, t->adam.v.quat, 4 * n);
    assert_memory_equal(r->work.adam_steps, t->adam.steps,
                        (size_t)t->adam.cluster_count * sizeof(int32_t));
    hl_trainer_destroy(&t);
}

static void refinement_is_that_of_the_host(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 40, 32, 3);
    refine_both(HL_DENSITY_BUDGET, HL_ADAM_DENSE, 500);
    refine_both(HL_DENSITY_BUDGET, HL_ADAM_CLUSTER, 500);
    refine_both(HL_DENSITY_MCMC, HL_ADAM_CLUSTER, 500);
    refine_both(HL_DENSITY_ADC, HL_ADAM_DENSE, 500); /* large ones go, opacity is reset */
    refine_both(HL_DENSITY_ADC, HL_ADAM_DENSE, 200);
    train_scene_release(&scene);
}

/* Splats after 30 steps in order, as the device has them. */
static float *thirty_steps(hl_train_config *c, bool streams, size_t *bytes)
{
    hl_trainer *t = on_device(c);
    hl_gpu_raster *r = t->device_state;
    hl_gpu_counts before = {.waits = 0};
    hl_gpu_backend_deterministic(r, true);
    check_ok(t->device->push(t->device_state, t));
    t->on_device = true;
    r->training->decided = streams; /* that the photos do not fit */
    for (int k = 0; k < 30; k++) {
        if (k == 10)
            before = r->gpu.counts;
        check_ok(hl_trainer_step(t));
    }
    const hl_gpu_counts *after = &r->gpu.counts;
    assert_int_equal(after->waits, before.waits);
    if (!on_gpu) /* a GPU may be slower than the host and its three photos */
        assert_int_equal(after->throttles, 0);
    assert_int_equal(hl_gpu_photos_stream(r), streams);
    if (streams) { /* the state, and a photo that the ring did not have */
        assert_in_range(after->copies - before.copies, 2 * 20 - HL_GPU_RING, 2 * 20);
        assert_int_equal(after->allocations, before.allocations);
        assert_int_equal(after->launches - before.launches, 2 * 20);
    }
    check_ok(hl_train_device_settle(t, true));
    *bytes = 3 * (size_t)t->splats.count * sizeof(float);
    float *mean = hl_alloc(*bytes, 1);
    memcpy(mean, t->splats.mean, *bytes);
    hl_trainer_destroy(&t);
    return mean;
}

/* Photos that come and go give the training of photos that stay, without waiting; and the order in
 * which lanes, threads and tiles run makes no difference. */
static void streams_and_orders(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 40, 32, 4);
    hl_train_config c = config_of(1000);
    size_t n[3];
    c.full_from = 5;
    c.geometry = c.antialiased = true;
    c.geometry_from = 0;
    float *stay = thirty_steps(&c, false, &n[0]), *stream = thirty_steps(&c, true, &n[1]);
    hl_gpu_emulated_reverse(!on_gpu);
    float *reversed = thirty_steps(&c, true, &n[2]);
    hl_gpu_emulated_reverse(false);
    assert_true(n[0] == n[1] && n[0] == n[2]);
    assert_memory_equal(stay, stream, n[0]);
    assert_memory_equal(stay, reversed, n[0]);
    hl_free(stay);
    hl_free(stream);
    hl_free(reversed);
    train_scene_release(&scene);
}

/* What a dry run says covers what training then holds, and not by much. */
static void memory_is_foretold(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 40, 32, 4);
    for (int geometry = 0; geometry < 2; geometry++) {
        hl_train_config c = config_of(12);
        c.cap = 3000;
        c.geometry = geometry;
        hl_trainer *t = on_device(&c);
        hl_gpu_raster *r = t->device_state;
        const hl_train_events events = {.ctx = NULL};
        hl_gpu_backend_deterministic(r, geometry);
        check_ok(hl_trainer_run(t, 0, &events));
        const hl_gpu_training *g = r->training;
        size_t photos = 0;
        for (int32_t k = 0; k < g->count; k++)
            photos += g->photo[k].block.bytes;
        const double held = (double)(r->gpu.bytes - photos);
        const double said = (double)t->device->bytes(&c, 40, 32, r->state->max_instances, geometry);
        if (!(said >= 0.97 * held && said <= 1.4 * held))
            fail_msg("%.0f bytes were foretold, %.0f are held", said, held);
        hl_trainer_destroy(&t);
    }
    train_scene_release(&scene);
}

static void memory_that_runs_out(void **state)
{
    (void)state;
    train_scene_make(&scene, 120, 40, 32, 3);
    hl_train_config c = config_of(1000);
    hl_trainer *t = on_device(&c);
    hl_gpu_emulated_limit(100000);
    check_fails(hl_trainer_step(t), "MiB of device memory");
    hl_gpu_emulated_limit(0);
    check_ok(hl_trainer_step(t));
    hl_trainer_destroy(&t);
    train_scene_release(&scene);
}

static void a_thousand_steps(void **state)
{
    (void)state;
    train_scene_make(&scene, 60, 32, 24, 4);
    hl_train_config c = config_of(1000);
    c.cap = 160;
    c.refine_start = c.refine_every = 50;
    c.refine_stop = 800;
    compare_curves(&c);
    train_scene_release(&scene);
}

/* The tests after it run on the GPU. */
static int gpu_setup(void **state)
{
    (void)state;
    hl_raster *raster = NULL;
    on_gpu = hl_raster_create(&raster, "cuda", HL_ISA_AUTO) == HL_OK;
    if (!on_gpu)
        print_message("skipped: %s\n", hl_last_error());
    hl_raster_destroy(&raster);
    return 0;
}

#define ON_GPU(test)                     \
    static void gpu_##test(void **state) \
    {                                    \
        if (!on_gpu)                     \
            skip();                      \
        test(state);                     \
    }

ON_GPU(the_curve_of_the_cpu)
ON_GPU(geometry_mode)
ON_GPU(alpha_exposure_and_pose)
ON_GPU(steady_state_neither_allocates_nor_waits)
ON_GPU(an_overflow_is_redone)
ON_GPU(streams_and_orders)
ON_GPU(memory_is_foretold)

int main(int argc, char **argv)
{
    const struct CMUnitTest long_tests[] = {cmocka_unit_test(a_thousand_steps)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_curve_of_the_cpu),
        cmocka_unit_test(geometry_mode),
        cmocka_unit_test(alpha_exposure_and_pose),
        cmocka_unit_test(steady_state_neither_allocates_nor_waits),
        cmocka_unit_test(an_overflow_is_redone),
        cmocka_unit_test(refinement_is_that_of_the_host),
        cmocka_unit_test(streams_and_orders),
        cmocka_unit_test(memory_is_foretold),
        cmocka_unit_test(memory_that_runs_out),
    };
    const struct CMUnitTest gpu_tests[] = {
        cmocka_unit_test(gpu_the_curve_of_the_cpu),
        cmocka_unit_test(gpu_geometry_mode),
        cmocka_unit_test(gpu_alpha_exposure_and_pose),
        cmocka_unit_test(gpu_steady_state_neither_allocates_nor_waits),
        cmocka_unit_test(gpu_an_overflow_is_redone),
        cmocka_unit_test(gpu_streams_and_orders),
        cmocka_unit_test(gpu_memory_is_foretold),
    };
    const char *mode = argc > 1 ? argv[1] : "";
    long_run = strcmp(mode, "long") == 0;
    if (long_run)
        return cmocka_run_group_tests(long_tests, NULL, NULL);
    const int failed = strcmp(mode, "cuda") ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
    return failed + cmocka_run_group_tests(gpu_tests, gpu_setup, NULL);
}
