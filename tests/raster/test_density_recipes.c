/* SPDX-License-Identifier: MIT */
/* tests/raster/test_density_recipes.c -- the refinement recipes on small states with closed forms.
 */
#include "core/parallel.h"
#include "core/rng.h"
#include "raster/density/density_ops.h"
#include "raster/density/mcmc.h"
#include "tests/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CAP = 64 };

static hl_arena arena;
static hl_splats splats;
static hl_adam adam;
static hl_raster_stats stats;
static float values[8][CAP];
static hl_density_state scene;

static int set_up(void **state)
{
    (void)state;
    hl_arena_init(&arena, 0, 0);
    if (hl_splats_init(&splats, &arena, CAP) != HL_OK ||
        hl_adam_init(&adam, &arena, CAP, HL_ADAM_DENSE) != HL_OK)
        return 1;
    memset(values, 0, sizeof values);
    stats = (hl_raster_stats){values[0], values[1], values[2], values[3],
                              values[4], values[5], values[6], values[7]};
    scene = (hl_density_state){.splats = &splats,
                               .adam = &adam,
                               .stats = &stats,
                               .extent = 10,
                               .first_count = 8,
                               .views = 5,
                               .view_count = 5};
    splats.count = 8;
    for (int i = 0; i < 8; i++) {
        splats.mean[3 * i] = (float)i;
        splats.quat[4 * i] = 1;
        splats.logit_opa[i] = hl_logit(0.5f);
        for (int a = 0; a < 3; a++)
            splats.log_scale[3 * i + a] = logf(0.01f);
        splats.sh[HL_SPLAT_DIM_sh * i] = (float)i;
        stats.weight[i] = 1;
        stats.seen[i] = 1;
    }
    for (int k = 0; k < CAP; k++)
        adam.m.mean[3 * k] = adam.v.sh[HL_SPLAT_DIM_sh * k] = 7;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hl_arena_release(&arena);
    return 0;
}

static float opacity(int i)
{
    return hl_sigmoid(splats.logit_opa[i]);
}

static hl_density_config budget(int32_t cap)
{
    return (hl_density_config){.kind = HL_DENSITY_BUDGET,
                               .cap = cap,
                               .start = 0,
                               .stop = 100,
                               .every = 50,
                               .seed = 1,
                               .total = 200,
                               .clone_scale = 0.01f};
}

/* Variance over the pixels of splat i alone: it is the only candidate. */
static void let_only_one_want_more(int i)
{
    stats.fragments[i] = 10;
    stats.grad_alpha_2[i] = 5;
}

static hl_density_report refine(const hl_density_config *config, int32_t step)
{
    hl_density_report report;
    check_ok(hl_density_refine(config, &scene, step, &report));
    return report;
}

/* Rows are sorted after a refinement: finds the ones whose colour says that they came from i. */
static int family(int i, int rows[2])
{
    int n = 0;
    for (int k = 0; k < splats.count; k++)
        if (splats.sh[HL_SPLAT_DIM_sh * k] == (float)i && n < 2)
            rows[n++] = k;
    return n;
}

static void clone_keeps_transmittance(void **state)
{
    (void)state;
    let_only_one_want_more(3);
    const hl_density_config c = budget(CAP);
    const hl_density_report report = refine(&c, 50);
    assert_int_equal(report.cloned, 1);
    assert_int_equal(splats.count, 9);
    int rows[2];
    assert_int_equal(family(3, rows), 2);
    const float through = (1 - opacity(rows[0])) * (1 - opacity(rows[1]));
    assert_true(fabsf(through - 0.5f) < 1e-5f);
    for (int k = 0; k < 2; k++) {
        assert_true(splats.mean[3 * rows[k]] == 3);
        assert_true(adam.m.mean[3 * rows[k]] == 0 && adam.v.sh[HL_SPLAT_DIM_sh * rows[k]] == 0);
    }
    assert_int_equal(family(4, rows), 1);
    assert_true(adam.m.mean[3 * rows[0]] == 7);
}

/* A split pair, weighted equally, has the parent's variance along every axis. */
static void split_keeps_variance(void **state)
{
    (void)state;
    const float size[3] = {2, 1, 0.5f};
    for (int a = 0; a < 3; a++)
        splats.log_scale[3 * 3 + a] = logf(size[a]);
    let_only_one_want_more(3);
    const hl_density_config c = budget(CAP);
    const hl_density_report report = refine(&c, 50);
    assert_int_equal(report.split, 1);
    int rows[2];
    assert_int_equal(family(3, rows), 2);
    const float center[3] = {3, 0, 0};
    for (int a = 0; a < 3; a++) {
        double variance = 0;
        for (int k = 0; k < 2; k++) {
            const float d = splats.mean[3 * rows[k] + a] - center[a];
            const float s = expf(splats.log_scale[3 * rows[k] + a]);
            variance += 0.5 * (double)(s * s + d * d);
        }
        assert_true(fabs(variance - (double)(size[a] * size[a])) < 1e-4);
    }
    const double longest = exp((double)splats.log_scale[3 * rows[0]]);
    assert_true(fabs(longest - 2 * sqrt(0.5)) < 1e-4);
}

static void count_follows_the_line(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        let_only_one_want_more(i);
    hl_density_config c = budget(20);
    refine(&c, 50); /* half way from 8 to 20 */
    assert_int_equal(splats.count, 14);
    memset(values[5], 0, sizeof values[5]);
    for (int i = 0; i < 14; i++) {
        let_only_one_want_more(i);
        stats.weight[i] = 1;
    }
    refine(&c, 100);
    assert_int_equal(splats.count, 20);
    c.cap = 4; /* a cap below the start does not remove anything by itself */
    refine(&c, 100);
    assert_true(splats.count <= 20);
}

static void dead_are_removed(void **state)
{
    (void)state;
    splats.logit_opa[1] = hl_logit(0.003f);
    splats.mean[3 * 2] = NAN;
    splats.mean[3 * 4] = 2000; /* more than 100 extents away */
    stats.weight[5] = 0;
    const hl_density_config c = budget(8);
    const hl_density_report report = refine(&c, 50);
    assert_int_equal(report.removed, 4);
    assert_int_equal(report.bad, 1);
    assert_int_equal(splats.count, 4);
    int rows[2];
    const int gone[4] = {1, 2, 4, 5}, kept[4] = {0, 3, 6, 7};
    for (int k = 0; k < 4; k++) {
        assert_int_equal(family(gone[k], rows), 0);
        assert_int_equal(family(kept[k], rows), 1);
    }
}

static void unseen_splats_wait_for_a_whole_epoch(void **state)
{
    (void)state;
    stats.weight[5] = 0;
    scene.views = 4;
    const hl_density_config c = budget(8);
    assert_int_equal(refine(&c, 50).removed, 0);
}

static void opacity_decays(void **state)
{
    (void)state;
    hl_density_config c = budget(8);
    c.decay = 0.04f;
    refine(&c, 50); /* 0.04 (1 - 50 / 200) 50 / 200 */
    assert_true(fabsf(opacity(0) - (0.5f - 0.04f * 0.75f * 0.25f)) < 1e-6f);
}

/* First place of the Gumbel race is taken in proportion to the score. */
static void pick_follows_the_scores(void **state)
{
    (void)state;
    const float score[4] = {1, 2, 0, 5};
    const uint8_t dead[4] = {0};
    enum { DRAWS = 8000 };
    double first[4] = {0}, want[4] = {0.125, 0.25, 0, 0.625};
    for (int step = 0; step < DRAWS; step++) {
        uint64_t keys[4];
        int32_t order[4], candidates;
        check_ok(hl_density_pick(score, dead, 4, 5, (uint64_t)step, keys, order, &candidates));
        assert_int_equal(candidates, 3);
        assert_true(order[0] != order[1] && order[0] != 2 && order[1] != 2);
        first[order[0]] += 1.0 / DRAWS;
    }
    check_close(first, want, 4, 0.02, 0);
}

static double binomial(int n, int k)
{
    double b = 1;
    for (int i = 1; i <= k; i++)
        b = b * (n - k + i) / i;
    return b;
}

static void relocation_matches_direct_sums(void **state)
{
    (void)state;
    for (int n = 1; n <= 12; n++)
        for (double o = 0.01; o < 1; o += 0.2) {
            double got[2], sum = 0;
            hl_mcmc_relocation(o, n, &got[0], &got[1]);
            const double child = 1 - pow(1 - o, 1.0 / n);
            for (int i = 1; i <= n; i++)
                for (int k = 0; k < i; k++)
                    sum += binomial(i - 1, k) * (k % 2 ? -1 : 1) * pow(child, k + 1) / sqrt(k + 1);
            const double want[2] = {child, o / sum};
            check_close(got, want, 2, 1e-12, 1e-9);
        }
}

/* n copies with the new opacity and size cover, along a line, what the one did: the integral of
 * 1 - prod (1 - o' g) equals that of o g (the paper's condition, here by direct summation). */
static void relocation_keeps_the_picture(void **state)
{
    (void)state;
    for (int n = 2; n <= 6; n++) {
        double o, factor, one = 0, many = 0;
        hl_mcmc_relocation(0.6, n, &o, &factor);
        for (double x = -12; x < 12; x += 1e-3) {
            one += 0.6 * exp(-x * x / 2) * 1e-3;
            const double g = exp(-x * x / (2 * factor * factor));
            many += (1 - pow(1 - o * g, n)) * 1e-3;
        }
        assert_true(fabs(one - many) < 1e-6 * one);
    }
}

static void mcmc_moves_the_dead_and_grows(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++)
        splats.logit_opa[i] = hl_logit(0.004f);
    splats.logit_opa[7] = hl_logit(0.9f);
    const hl_density_config c = {
        .kind = HL_DENSITY_MCMC, .cap = CAP, .start = 0, .stop = 100, .every = 50, .seed = 3};
    const hl_density_report report = refine(&c, 50);
    assert_int_equal(report.removed, 7);
    assert_int_equal(splats.count, 8); /* 5 % of 8 is less than one */
    double want, factor;
    hl_mcmc_relocation(0.9, 8, &want, &factor);
    for (int i = 0; i < 8; i++) {
        assert_true(splats.mean[3 * i] == 7 && splats.sh[HL_SPLAT_DIM_sh * i] == 7);
        assert_true(fabs((double)opacity(i) - want) < 1e-5);
        assert_true(fabs((double)splats.log_scale[3 * i] - log(0.01 * factor)) < 1e-5);
        assert_true(adam.m.mean[3 * i] == 0);
    }
}

static void noise_has_the_covariance_asked_for(void **state)
{
    (void)state;
    const hl_density_config c = {.kind = HL_DENSITY_MCMC, .noise = 100, .seed = 3};
    enum { DRAWS = 4000 };
    splats.count = 1;
    splats.logit_opa[0] = hl_logit(0.001f);
    const float size[3] = {1, 0.5f, 0.25f};
    for (int a = 0; a < 3; a++)
        splats.log_scale[a] = logf(size[a]);
    splats.quat[0] = splats.quat[3] = sqrtf(0.5f); /* a quarter turn about z */
    double got[3] = {0}, want[3];
    const double weight = 100 * 0.01 / (1 + exp(100 * (0.001 - 0.005)));
    for (int a = 0; a < 3; a++) {
        const double s = (double)size[a == 0 ? 1 : a == 1 ? 0 : 2]; /* x and y change places */
        want[a] = weight * weight * s * s * s * s;
    }
    for (int step = 0; step < DRAWS; step++) {
        splats.mean[0] = splats.mean[1] = splats.mean[2] = 0;
        hl_density_perturb(&c, &splats, 0.01f, step);
        for (int a = 0; a < 3; a++)
            got[a] += (double)(splats.mean[a] * splats.mean[a]) / DRAWS;
    }
    check_close(got, want, 3, 1e-6, 0.1);
}

static void adc_clones_small_and_splits_large(void **state)
{
    (void)state;
    const hl_density_config c = {.kind = HL_DENSITY_ADC,
                                 .cap = CAP,
                                 .start = 0,
                                 .stop = 10000,
                                 .every = 100,
                                 .clone_scale = 0.01f,
                                 .grad_threshold = 2e-4f,
                                 .reset_every = 3000};
    stats.grad_2d[1] = 3e-4f;
    stats.grad_2d[2] = 3e-4f;
    stats.grad_2d[3] = 3e-4f; /* in two views: half of it on average */
    stats.seen[3] = 2;
    splats.logit_opa[4] = hl_logit(0.004f);
    for (int a = 0; a < 3; a++)
        splats.log_scale[3 * 2 + a] = logf(0.2f); /* larger than 0.01 extent */
    const hl_density_report report = refine(&c, 100);
    assert_int_equal(report.cloned, 1);
    assert_int_equal(report.split, 1);
    assert_int_equal(report.removed, 1);
    assert_int_equal(splats.count, 9);
    int rows[2];
    assert_int_equal(family(1, rows), 2);
    assert_true(opacity(rows[0]) == opacity(rows[1]) && splats.mean[3 * rows[0]] == 1);
    assert_int_equal(family(2, rows), 2);
    for (int k = 0; k < 2; k++) {
        assert_true(fabsf(expf(splats.log_scale[3 * rows[k]]) - 0.2f / 1.6f) < 1e-5f);
        assert_true(splats.mean[3 * rows[k]] != 2 && fabsf(splats.mean[3 * rows[k]] - 2) < 1);
    }
    assert_int_equal(family(3, rows), 1);
    assert_int_equal(family(4, rows), 0);
}

static void adc_resets_opacity(void **state)
{
    (void)state;
    const hl_density_config c = {.kind = HL_DENSITY_ADC,
                                 .cap = CAP,
                                 .stop = 10000,
                                 .every = 100,
                                 .clone_scale = 0.01f,
                                 .grad_threshold = 2e-4f,
                                 .reset_every = 300};
    for (int k = 0; k < CAP; k++)
        adam.m.logit_opa[k] = 7;
    splats.logit_opa[0] = hl_logit(0.007f);
    refine(&c, 300);
    for (int i = 0; i < splats.count; i++) {
        assert_true(opacity(i) < 0.010001f);
        assert_true(adam.m.logit_opa[i] == 0);
    }
    assert_true(fabsf(opacity(0) - 0.007f) < 1e-6f);
}

static void noise_does_not_depend_on_threads(void **state)
{
    (void)state;
    hl_splats big;
    check_ok(hl_splats_init(&big, &arena, 5000));
    const hl_density_config c = {.kind = HL_DENSITY_MCMC, .noise = 1e5f, .seed = 3};
    float *first = malloc(15000 * sizeof *first);
    assert_non_null(first);
    for (int threads = 1; threads <= 7; threads += 2) {
        hl_parallel_set_threads(threads);
        big.count = 5000;
        memset(big.mean, 0, 15000 * sizeof *big.mean);
        for (int i = 0; i < 5000; i++) {
            big.mean[3 * i] = (float)i;
            big.quat[4 * i + 1] = 1;
            big.logit_opa[i] = -6;
        }
        hl_density_perturb(&c, &big, 1e-4f, 12);
        if (threads == 1)
            memcpy(first, big.mean, 15000 * sizeof *first);
        assert_memory_equal(first, big.mean, 15000 * sizeof *first);
    }
    free(first);
    hl_parallel_shutdown();
}

#define RECIPE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECIPE_TEST(clone_keeps_transmittance),
        RECIPE_TEST(split_keeps_variance),
        RECIPE_TEST(count_follows_the_line),
        RECIPE_TEST(dead_are_removed),
        RECIPE_TEST(unseen_splats_wait_for_a_whole_epoch),
        RECIPE_TEST(opacity_decays),
        RECIPE_TEST(pick_follows_the_scores),
        RECIPE_TEST(relocation_matches_direct_sums),
        RECIPE_TEST(relocation_keeps_the_picture),
        RECIPE_TEST(mcmc_moves_the_dead_and_grows),
        RECIPE_TEST(noise_has_the_covariance_asked_for),
        RECIPE_TEST(adc_clones_small_and_splits_large),
        RECIPE_TEST(adc_resets_opacity),
        RECIPE_TEST(noise_does_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
