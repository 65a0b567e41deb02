/* SPDX-License-Identifier: MIT */
/* The host code of the GPU backend over the emulated device: lists that were too short, steady
 * state without allocations, memory that runs out, the same bytes where sums are ordered. */
#include "raster/cuda/raster_gpu.h"
#include "raster/raster.h"
#include "tests/raster/float_scene.h"

static hl_gpu_raster *create(void)
{
    hl_gpu_raster *r = NULL;
    check_ok(hl_gpu_raster_create(&r, hl_gpu_table_emulated()));
    return r;
}

static hl_raster_frame forward(hl_gpu_raster *r, float_scene *s)
{
    hl_raster_frame f;
    check_ok(hl_gpu_backend_forward(r, &s->splats, &s->view, &s->options, &f));
    return f;
}

static void short_lists_run_again(void **state)
{
    (void)state;
    float_scene s;
    float_scene_create(&s, 300, 150, 90, 0);
    for (size_t i = 0; i < 900; i++) /* every splat over many tiles: far beyond the first guess */
        s.splats.log_scale[i] = -0.5f;
    hl_gpu_raster *r = create();
    const hl_raster_frame f = forward(r, &s);
    assert_true(f.instances > 300 * 4 + 4096);
    assert_true(r->work.instance_capacity >= f.instances);
    hl_raster *cpu = float_scene_raster(HL_ISA_PLAIN);
    hl_raster_frame want;
    check_ok(hl_raster_forward(cpu, &s.splats, &s.view, &s.options, &want));
    for (size_t y = 0; y < 90; y++)
        check_close(f.plane[0] + y * (size_t)f.stride, want.plane[0] + y * (size_t)want.stride, 150,
                    1e-5, 1e-5);
    hl_raster_destroy(&cpu);
    hl_gpu_raster_destroy(r);
    hl_arena_release(&s.arena);
}

static void second_time_allocates_nothing(void **state)
{
    (void)state;
    float_scene s;
    float_scene_create(&s, 300, 100, 70, 1);
    hl_gpu_raster *r = create();
    hl_raster_sink sink = {.grad = &s.grad, .adam = &s.adam, .stats = &s.stats};
    int64_t allocations = 0;
    for (int k = 0; k < 4; k++) {
        if (k == 2)
            allocations = r->gpu.counts.allocations;
        forward(r, &s);
        check_ok(hl_gpu_backend_backward(r, &s.splats, &s.frame_grad, &sink));
    }
    assert_true(allocations > 0);
    assert_int_equal(r->gpu.counts.allocations, allocations);
    hl_gpu_raster_destroy(r);
    hl_arena_release(&s.arena);
}

static void memory_runs_out(void **state)
{
    (void)state;
    float_scene s;
    float_scene_create(&s, 500, 200, 100, 1);
    hl_gpu_raster *all = create();
    forward(all, &s);
    const size_t needed = all->gpu.bytes;
    hl_gpu_raster_destroy(all);
    int failed = 0;
    for (size_t limit = 4096; limit < 2 * needed; limit += limit / 2) {
        hl_raster_frame f;
        hl_gpu_raster *r = NULL;
        hl_gpu_emulated_limit(limit);
        hl_status status = hl_gpu_raster_create(&r, hl_gpu_table_emulated());
        if (status == HL_OK)
            status = hl_gpu_backend_forward(r, &s.splats, &s.view, &s.options, &f);
        if (status != HL_OK) {
            assert_int_equal(status, HL_E_MEMORY);
            assert_non_null(strstr(hl_last_error(), "MiB of device memory"));
            assert_non_null(strstr(hl_last_error(), "are free"));
            failed++;
        }
        hl_gpu_emulated_limit(0);
        if (r) { /* and it works once there is room again */
            forward(r, &s);
            hl_gpu_raster_destroy(r);
        }
    }
    assert_true(failed > 5);
    hl_arena_release(&s.arena);
}

static void ordered_sums_repeat(void **state)
{
    (void)state;
    float_scene s;
    float_scene_create(&s, 300, 100, 70, 1);
    hl_gpu_raster *r = create();
    hl_gpu_backend_deterministic(r, true);
    const size_t n = 48 * 300;
    float *first = hl_alloc(n, sizeof *first);
    for (int k = 0; k < 2; k++) {
        hl_raster_sink sink = {.grad = &s.grad};
        forward(r, &s);
        check_ok(hl_gpu_backend_backward(r, &s.splats, &s.frame_grad, &sink));
        if (k == 0)
            memcpy(first, s.grad.sh, n * sizeof *first);
    }
    assert_memory_equal(first, s.grad.sh, n * sizeof *first);
    hl_free(first);
    hl_gpu_raster_destroy(r);
    hl_arena_release(&s.arena);
}

/* Adam, statistics and pairs as the CPU has them, both modes. */
static void like_the_cpu(void **state)
{
    (void)state;
    for (int mode = HL_ADAM_DENSE; mode <= HL_ADAM_CLUSTER; mode++) {
        float_scene s[2];
        hl_raster *cpu = float_scene_raster(HL_ISA_PLAIN);
        hl_gpu_raster *gpu = create();
        int64_t pairs[2] = {0, 0};
        for (int b = 0; b < 2; b++) {
            float_scene_create(&s[b], 700, 120, 80, 0);
            s[b].adam.mode = (hl_adam_mode)mode;
            s[b].adam.opacity_reg = s[b].adam.scale_reg = 0.01f;
            for (int32_t i = 128; i < 256; i++) /* a cluster out of sight */
                s[b].splats.mean[3 * i + 2] = -5;
            for (int step = 0; step < 3; step++) {
                hl_raster_frame f;
                hl_raster_sink sink = {.adam = &s[b].adam, .stats = &s[b].stats};
                if (b) {
                    f = forward(gpu, &s[b]);
                    pairs[b] = hl_gpu_backend_count_pairs(gpu);
                    check_ok(hl_gpu_backend_backward(gpu, &s[b].splats, &s[b].frame_grad, &sink));
                    continue;
                }
                check_ok(hl_raster_forward(cpu, &s[b].splats, &s[b].view, &s[b].options, &f));
                pairs[b] = hl_raster_count_pairs(cpu);
                check_ok(hl_raster_backward(cpu, &s[b].splats, &s[b].frame_grad, &sink));
            }
        }
        assert_int_equal(pairs[0], pairs[1]);
        assert_memory_equal(s[0].adam.steps, s[1].adam.steps, 6 * sizeof(int32_t));
        /* the first steps of Adam are lr sign(g): where g is rounding, they may differ */
        check_close(s[1].splats.mean, s[0].splats.mean, 3 * 700, 1e-3, 1e-5);
        check_close(s[1].adam.m.sh, s[0].adam.m.sh, 48 * 700, 1e-2, 1e-2);
        check_close(s[1].adam.v.logit_opa, s[0].adam.v.logit_opa, 700, 1e-2, 1e-2);
        for (int k = 0; k < 8; k++)
            check_close(s[1].stat[k], s[0].stat[k], 700, 2e-2, 1e-2);
        hl_raster_destroy(&cpu);
        hl_gpu_raster_destroy(gpu);
        hl_arena_release(&s[0].arena);
        hl_arena_release(&s[1].arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_lists_run_again), cmocka_unit_test(second_time_allocates_nothing),
        cmocka_unit_test(memory_runs_out),       cmocka_unit_test(ordered_sums_repeat),
        cmocka_unit_test(like_the_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
