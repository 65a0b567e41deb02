/* SPDX-License-Identifier: MIT */
/* raster/adam.h against Adam written out in double, and the fused step of backward against the
 * separate one, for each instruction set. */
#include "core/rng.h"
#include "raster/raster.h"
#include "raster/train/small.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { SPLATS = 300, CLUSTERS = 3, STEPS = 6 };

/* One parameter, as Kingma and Ba write it. */
typedef struct plain_adam {
    double p, m, v;
} plain_adam;

static void plain_step(plain_adam *a, double g, double lr, int t)
{
    a->m = 0.9 * a->m + 0.1 * g;
    a->v = 0.999 * a->v + 0.001 * g * g;
    const double m_hat = a->m / (1 - pow(0.9, t)), v_hat = a->v / (1 - pow(0.999, t));
    a->p -= lr * m_hat / (sqrt(v_hat) + 1e-15);
}

typedef struct world {
    hl_arena arena;
    hl_splats splats, grad;
    hl_adam adam;
} world;

/* All floats of the splats, field by field; as many as HL_SPLAT_FLOATS each. */
static float *value(const hl_splats *s, int32_t splat, int k)
{
    int at = 0;
#define X(name, components)                                               \
    if (k < at + (components))                                            \
        return s->name + (size_t)splat * (components) + (size_t)(k - at); \
    at += (components);
    HL_SPLAT_FIELDS(X)
#undef X
    return NULL;
}

static double rate(const hl_adam *a, int k)
{
    if (k < 3)
        return (double)a->lr_mean;
    if (k < 6)
        return (double)a->lr_log_scale;
    if (k < 10)
        return (double)a->lr_quat;
    if (k < 11)
        return (double)a->lr_logit_opa;
    return (double)((k - 11) % 16 ? a->lr_sh_rest : a->lr_sh_dc);
}

static void world_create(world *w, hl_adam_mode mode)
{
    memset(w, 0, sizeof *w);
    hl_arena_init(&w->arena, 0, 0);
    check_ok(hl_splats_init(&w->splats, &w->arena, SPLATS + 5));
    check_ok(hl_splats_init(&w->grad, &w->arena, SPLATS + 5));
    check_ok(hl_adam_init(&w->adam, &w->arena, SPLATS + 5, mode));
    w->splats.count = w->grad.count = SPLATS;
    const hl_adam rates = {.lr_mean = 0.0016f,
                           .lr_log_scale = 0.005f,
                           .lr_quat = 0.001f,
                           .lr_logit_opa = 0.025f,
                           .lr_sh_dc = 0.0025f,
                           .lr_sh_rest = 0.000125f};
    memcpy(&w->adam.lr_mean, &rates.lr_mean, 6 * sizeof(float));
    for (int32_t i = 0; i < SPLATS; i++) {
        hl_rng rng = hl_rng_at(1, 0, (uint64_t)i, HL_RNG_TEST);
        for (int k = 0; k < HL_SPLAT_FLOATS; k++)
            *value(&w->splats, i, k) = hl_rng_normal(&rng);
    }
}

/* Gradients of many sizes, some of them zero. */
static void random_grads(world *w, uint64_t step)
{
    for (int32_t i = 0; i < SPLATS; i++) {
        hl_rng rng = hl_rng_at(2, step, (uint64_t)i, HL_RNG_TEST);
        for (int k = 0; k < HL_SPLAT_FLOATS; k++) {
            const float size = powf(10, 6 * hl_rng_uniform(&rng) - 5);
            *value(&w->grad, i, k) = hl_rng_below(&rng, 10) ? size * hl_rng_normal(&rng) : 0;
        }
    }
}

static int visible_cluster(uint64_t step, int32_t cluster)
{
    return cluster == 0 || (step + (uint64_t)cluster) % 3 == 0;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* dL/dp of the regularisers: reg_o mean(o) + reg_s mean over splats and axes of s. */
static double regulariser(const world *w, int k, double p)
{
    if (k == 10)
        return (double)w->adam.opacity_reg / SPLATS * sigmoid(p) * (1 - sigmoid(p));
    return k >= 3 && k < 6 ? (double)w->adam.scale_reg / (3 * SPLATS) * exp(p) : 0;
}

static void run(hl_adam_mode mode, float opacity_reg, float scale_reg)
{
    static plain_adam want[SPLATS][HL_SPLAT_FLOATS];
    world w;
    world_create(&w, mode);
    w.adam.opacity_reg = opacity_reg;
    w.adam.scale_reg = scale_reg;
    memset(want, 0, sizeof want);
    for (int32_t i = 0; i < SPLATS; i++)
        for (int k = 0; k < HL_SPLAT_FLOATS; k++)
            want[i][k].p = (double)*value(&w.splats, i, k);
    int t[CLUSTERS] = {0};
    for (uint64_t step = 0; step < STEPS; step++) {
        uint8_t visible[SPLATS] = {0};
        random_grads(&w, step);
        for (int32_t c = 0; c < CLUSTERS; c++) {
            const int steps = mode == HL_ADAM_DENSE || visible_cluster(step, c);
            t[c] += steps;
            if (visible_cluster(step, c))
                visible[c * HL_CLUSTER + 17] = 1; /* one member is enough */
            for (int32_t i = c * HL_CLUSTER; steps && i < (c + 1) * HL_CLUSTER && i < SPLATS; i++)
                for (int k = 0; k < HL_SPLAT_FLOATS; k++)
                    plain_step(&want[i][k],
                               (double)*value(&w.grad, i, k) + regulariser(&w, k, want[i][k].p),
                               rate(&w.adam, k), t[c]);
        }
        hl_adam_step(&w.adam, &w.splats, &w.grad, visible);
    }
    for (int32_t i = 0; i < SPLATS; i++)
        for (int k = 0; k < HL_SPLAT_FLOATS; k++) {
            const double got[2] = {(double)*value(&w.splats, i, k),
                                   (double)*value(&w.adam.m, i, k)};
            const double expected[2] = {want[i][k].p, want[i][k].m};
            check_close(got, expected, 2, 2e-6, 1e-5);
            const double v = (double)*value(&w.adam.v, i, k);
            check_close(&v, &want[i][k].v, 1, 1e-12, 1e-4);
        }
    for (int32_t c = 0; c < CLUSTERS; c++)
        assert_int_equal(w.adam.steps[c], t[c]);
    hl_arena_release(&w.arena);
}

static void dense_steps_all(void **state)
{
    (void)state;
    run(HL_ADAM_DENSE, 0, 0);
}

static void cluster_steps_what_was_seen(void **state)
{
    (void)state;
    run(HL_ADAM_CLUSTER, 0, 0);
}

static void regularisers(void **state)
{
    (void)state;
    run(HL_ADAM_DENSE, 20, 0);
    run(HL_ADAM_CLUSTER, 0, 30);
}

/* The first step moves every parameter by its rate against the sign of the gradient. */
static void first_step_is_the_rate(void **state)
{
    (void)state;
    world w;
    world_create(&w, HL_ADAM_DENSE);
    for (int k = 0; k < HL_SPLAT_FLOATS; k++) {
        *value(&w.splats, 7, k) = 0;
        *value(&w.grad, 7, k) = k % 2 ? 1e-4f : -300.0f;
    }
    hl_adam_step(&w.adam, &w.splats, &w.grad, NULL);
    for (int k = 0; k < HL_SPLAT_FLOATS; k++) {
        const double got = (double)*value(&w.splats, 7, k);
        const double want = (k % 2 ? -1 : 1) * rate(&w.adam, k);
        check_close(&got, &want, 1, 1e-9, 1e-5);
    }
    hl_arena_release(&w.arena);
}

static void cleared_rows_forget(void **state)
{
    (void)state;
    world w;
    world_create(&w, HL_ADAM_DENSE);
    random_grads(&w, 0);
    hl_adam_step(&w.adam, &w.splats, &w.grad, NULL);
    const float left = *value(&w.adam.m, 8, 20), right = *value(&w.adam.m, 10, 20);
    hl_adam_clear_row(&w.adam, 9);
    for (int k = 0; k < HL_SPLAT_FLOATS; k++)
        assert_true(*value(&w.adam.m, 9, k) == 0 && *value(&w.adam.v, 9, k) == 0);
    assert_true(*value(&w.adam.m, 8, 20) == left && *value(&w.adam.m, 10, 20) == right);
    hl_arena_release(&w.arena);
}

static void any_other_array(void **state)
{
    (void)state;
    enum { N = 37 };
    float p[N], m[N] = {0}, v[N] = {0}, g[N], p_2[N], m_2[N] = {0}, v_2[N] = {0};
    plain_adam want[N];
    for (int i = 0; i < N; i++) {
        p[i] = p_2[i] = (float)i;
        want[i] = (plain_adam){i, 0, 0};
    }
    for (int t = 1; t <= 5; t++) {
        for (int i = 0; i < N; i++) {
            g[i] = (float)(sin(i + t) * (i + 1));
            plain_step(&want[i], (double)g[i], 0.01, t);
        }
        hl_adam_step_array(p, m, v, g, N, 0.01f, t);
        hl_small_adam(p_2, m_2, v_2, g, N, 0.01f, t);
    }
    for (int i = 0; i < N; i++) {
        const double got[2] = {(double)p[i], (double)p_2[i]};
        check_close(&got[0], &want[i].p, 1, 1e-6, 1e-6);
        check_close(&got[1], &want[i].p, 1, 1e-6, 1e-6);
    }
}

static void small_scene(world *w)
{
    for (int32_t i = 0; i < SPLATS; i++) {
        hl_rng rng = hl_rng_at(3, 0, (uint64_t)i, HL_RNG_TEST);
        float *x = w->splats.mean + 3 * (size_t)i;
        for (int k = 0; k < 3; k++)
            x[k] = 2 * hl_rng_uniform(&rng) - 1;
        x[2] += i < 2 * HL_CLUSTER ? 4 : -9; /* the last cluster is behind the camera */
        for (size_t k = 0; k < 3; k++)
            w->splats.log_scale[3 * (size_t)i + k] -= 3;
    }
}

/* Backward with a sink for Adam equals backward with a sink for gradients and hl_adam_step. */
static void fused_equals_separate(void **state)
{
    (void)state;
    const hl_raster_view view = {.width = 40,
                                 .height = 30,
                                 .fx = 40,
                                 .fy = 40,
                                 .cx = 20,
                                 .cy = 15,
                                 .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    static float plane[48 * 32];
    for (size_t i = 0; i < sizeof plane / sizeof *plane; i++)
        plane[i] = sinf((float)i);
    for (int k = 0; k < 6; k++) {
        const hl_isa isa = (hl_isa)(HL_ISA_PLAIN + k / 2);
        world a, b;
        hl_raster *r = NULL;
        if (hl_raster_create(&r, "cpu", isa) != HL_OK) {
            print_message("skipped: %s\n", hl_last_error());
            continue;
        }
        world_create(&a, k % 2 ? HL_ADAM_DENSE : HL_ADAM_CLUSTER);
        world_create(&b, k % 2 ? HL_ADAM_DENSE : HL_ADAM_CLUSTER);
        a.adam.opacity_reg = b.adam.opacity_reg = 0.5f;
        small_scene(&a);
        small_scene(&b);
        const hl_raster_options options = {.sh_degree = 3};
        const hl_raster_frame_grad g = {.plane = {plane, plane, plane}, .alpha = plane};
        for (int step = 0; step < 3; step++) {
            hl_raster_frame f;
            float seen[SPLATS] = {0};
            uint8_t visible[SPLATS];
            hl_raster_stats stats = {.seen = seen};
            hl_raster_sink fused = {.adam = &a.adam}, separate = {.grad = &b.grad, .stats = &stats};
            check_ok(hl_raster_forward(r, &a.splats, &view, &options, &f));
            check_ok(hl_raster_backward(r, &a.splats, &g, &fused));
            check_ok(hl_raster_forward(r, &b.splats, &view, &options, &f));
            check_ok(hl_raster_backward(r, &b.splats, &g, &separate));
            for (int i = 0; i < SPLATS; i++)
                visible[i] = seen[i] > 0;
            assert_true(!visible[SPLATS - 1]);
            hl_adam_step(&b.adam, &b.splats, &b.grad, visible);
        }
        for (int q = 0; q < HL_SPLAT_FLOATS; q++) /* SIMD may fuse multiply and add */
            check_close(value(&a.splats, 0, q), value(&b.splats, 0, q), 1, 1e-5, 1e-5);
        check_close(a.splats.mean, b.splats.mean, 3 * SPLATS, 1e-5, 1e-5);
        check_close(a.splats.log_scale, b.splats.log_scale, 3 * SPLATS, 1e-4, 1e-5);
        check_close(a.splats.quat, b.splats.quat, 4 * SPLATS, 1e-4, 1e-5);
        check_close(a.splats.logit_opa, b.splats.logit_opa, SPLATS, 1e-4, 1e-5);
        check_close(a.splats.sh, b.splats.sh, 48 * SPLATS, 1e-4, 1e-5);
        assert_memory_equal(a.adam.steps, b.adam.steps, CLUSTERS * sizeof(int32_t));
        assert_int_equal(a.adam.steps[2], k % 2 ? 3 : 0);
        hl_raster_destroy(&r);
        hl_arena_release(&a.arena);
        hl_arena_release(&b.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_steps_all),       cmocka_unit_test(cluster_steps_what_was_seen),
        cmocka_unit_test(regularisers),          cmocka_unit_test(first_step_is_the_rate),
        cmocka_unit_test(cleared_rows_forget),   cmocka_unit_test(any_other_array),
        cmocka_unit_test(fused_equals_separate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
