/* SPDX-License-Identifier: MIT */
/* What another tool wrote and decoded: our decoding agrees, and so does our encoding. */
#include "core/io/codec.h"
#include "core/splat_io.h"
#include "tests/check.h"

#include <math.h>
#include <stdio.h>

static hl_arena arena;

static int start(void **state)
{
    (void)state;
    hl_arena_init(&arena, 0, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    hl_arena_release(&arena);
    return 0;
}

static hl_splats load(const char *path, hl_splat_info *info)
{
    hl_splats s;
    check_ok(hl_splats_load(&s, &arena, path, info));
    return s;
}

/* Largest angle between the rotations of two scenes, radians. */
static double worst_angle(const hl_splats *a, const hl_splats *b)
{
    double worst = 0;
    for (int32_t i = 0; i < a->count; i++) {
        const float *p = a->quat + 4 * i, *q = b->quat + 4 * i;
        double dot = 0, pp = 0, qq = 0;
        for (int k = 0; k < 4; k++) {
            dot += (double)p[k] * (double)q[k];
            pp += (double)p[k] * (double)p[k];
            qq += (double)q[k] * (double)q[k];
        }
        worst = fmax(worst, 2 * acos(fmin(1, fabs(dot) / sqrt(pp * qq))));
    }
    return worst;
}

/* Largest difference of opacity in 0..1. */
static double worst_opacity(const hl_splats *a, const hl_splats *b)
{
    double worst = 0;
    for (int32_t i = 0; i < a->count; i++)
        worst = fmax(worst, fabs(1 / (1 + exp(-(double)a->logit_opa[i])) -
                                 1 / (1 + exp(-(double)b->logit_opa[i]))));
    return worst;
}

typedef struct steps {
    double mean, log_scale, opacity, dc, rest, angle;
} steps;

static void check_scenes(const hl_splats *got, const hl_splats *want, steps step)
{
    const size_t n = (size_t)want->count;
    assert_int_equal(got->count, want->count);
    assert_int_equal(got->sh_degree, want->sh_degree);
    check_close(got->mean, want->mean, 3 * n, step.mean, 0);
    check_close(got->log_scale, want->log_scale, 3 * n, step.log_scale, 0);
    assert_true(worst_opacity(got, want) <= step.opacity);
    for (size_t i = 0; i < 3 * n; i++) {
        const size_t at = i * HL_SH_COEFFS_MAX;
        check_close(got->sh + at, want->sh + at, 1, step.dc, 0);
        check_close(got->sh + at + 1, want->sh + at + 1, HL_SH_COEFFS_MAX - 1, step.rest, 0);
    }
    assert_true(worst_angle(got, want) <= step.angle);
}

/* The decoder of the other tool works in single precision too: only rounding may differ. */
static const steps rounding = {1e-6, 1e-6, 1e-6, 1e-5, 1e-6, 1e-3};

static void decoding_equals_the_other_tools(void **state)
{
    (void)state;
    static const struct {
        const char *file, *decoded, *kind;
        int version;
    } cases[] = {
        {"splats/torus/torus_v3.spz", "splats/torus/torus_v3.spz.decoded.ply", "spz", 3},
        {"splats/torus/torus_v4.spz", "splats/torus/torus_v4.spz.decoded.ply", "spz", 4},
        {"splats/torus/torus.compressed.ply", "splats/torus/torus.compressed.decoded.ply",
         "compressed ply", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hl_splat_info info;
        const hl_splats got = load(hl_test_data(cases[i].file), &info);
        const hl_splats want = load(hl_test_data(cases[i].decoded), NULL);
        assert_string_equal(info.kind, cases[i].kind);
        assert_int_equal(info.version, cases[i].version);
        assert_int_equal(info.count, 2000);
        assert_int_equal(info.sh_degree, 3);
        assert_string_equal(info.axes, i < 2 ? "RUB" : "RDF");
        assert_string_equal(info.warnings, "");
        check_scenes(&got, &want, rounding);
    }
}

/* Encoding the original ourselves gives what the other tool's file decodes to, within one step
 * of the quantiser where rounding may go either way. */
static void encoding_agrees_with_the_other_tool(void **state)
{
    (void)state;
    const hl_splats original = load(hl_test_data("splats/torus/torus.ply"), NULL);
    for (int version = 3; version <= 4; version++) {
        const hl_splats theirs = load(
            hl_test_data(version == 3 ? "splats/torus/torus_v3.spz" : "splats/torus/torus_v4.spz"),
            NULL);
        const hl_splat_save_options options = {.spz_version = version};
        check_ok(hl_splats_save(&original, hl_test_file("ours.spz"), &options));
        const hl_splats ours = load(hl_test_file("ours.spz"), NULL);
        const steps one = {1.01 / 4096, 1.01 / 16, 1.01 / 255, 1.01 / (255 * 0.15), 0.126, 0.004};
        check_scenes(&ours, &theirs, one);
    }
}

/* formats.md: what PLY -> SPZ -> PLY loses at most. */
static void loss_stays_within_the_quantiser(void **state)
{
    (void)state;
    const hl_splats original = load(hl_test_data("splats/torus/torus.ply"), NULL);
    for (int version = 2; version <= 4; version++) {
        const hl_splat_save_options options = {.spz_version = version};
        check_ok(hl_splats_save(&original, hl_test_file("loss.spz"), &options));
        hl_splats back;
        hl_splat_info info;
        check_ok(hl_splats_load(&back, &arena, hl_test_file("loss.spz"), &info));
        assert_int_equal(info.version, version);
        assert_string_equal(info.axes, "RUB");
        /* Half steps; a rotation byte of version 2 is 1/255 wide and w follows from the rest. */
        const steps half = {0.51 / 4096,         0.51 / 16, 0.23,
                            0.51 / (255 * 0.15), 0.0665,    version == 2 ? 0.2 : 0.0045};
        check_scenes(&back, &original, half);
    }
}

static void other_degrees_load(void **state)
{
    (void)state;
    hl_splat_info info;
    hl_splats s = load(hl_test_data("splats/torus/torus_sh0.ply"), &info);
    assert_int_equal(s.sh_degree, 0);
    assert_int_equal(s.count, 2000);
    s = load(hl_test_data("splats/torus/torus_sh1.ply"), &info);
    assert_int_equal(s.sh_degree, 1);
    assert_int_equal(info.columns_skipped, 0);
}

/* The four splats of the fixtures stand at x = -1, 0 and z = -1, 0 with scale 0.1 and opacity
 * 0.9; the files of version 2 are in RDF without saying so. */
static void tiny_fixtures_agree_with_each_other(void **state)
{
    (void)state;
    static const char *const files[] = {"minimal.splat", "minimal-v3.spz", "minimal-v4.spz",
                                        "minimal-raw.spz", "minimal-v2.spz"};
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        char name[64];
        snprintf(name, sizeof name, "splats/minimal/%s", files[f]);
        const hl_splat_load_options options = {f < 3 ? HL_SPZ_AXES_RUB : HL_SPZ_AXES_RAW};
        hl_splat_info info;
        hl_splats s;
        check_ok(hl_splats_load_with(&s, &arena, hl_test_data(name), &options, &info));
        assert_int_equal(s.count, 4);
        assert_int_equal(info.sh_degree, 0);
        for (int i = 0; i < 4; i++) {
            const float want[3] = {i % 2 ? 0 : -1, 0, i / 2 ? 0 : -1};
            const float scale[3] = {logf(0.1f), logf(0.1f), logf(0.1f)}, logit = logf(9);
            check_close(s.mean + 3 * i, want, 3, 1e-6, 0);
            check_close(s.log_scale + 3 * i, scale, 3, 0.5 / 16, 0);
            check_close(s.logit_opa + i, &logit, 1, 0.03, 0);
        }
    }
}

static void a_trained_scene_agrees_in_two_encodings(void **state)
{
    (void)state;
    hl_splat_info a, b;
    const hl_splats x = load(hl_test_data("splats/biker/biker.spz"), &a);
    const hl_splats y = load(hl_test_data("splats/biker/biker.compressed.ply"), &b);
    assert_int_equal(x.count, y.count);
    double mean[2][3] = {{0}};
    for (int32_t i = 0; i < x.count; i++)
        for (int k = 0; k < 3; k++) {
            mean[0][k] += (double)x.mean[3 * i + k] / x.count;
            mean[1][k] += (double)y.mean[3 * i + k] / y.count;
        }
    for (int k = 0; k < 3; k++)
        assert_true(fabs(mean[0][k] - mean[1][k]) < 0.01);
}

int main(void)
{
    if (!hl_zstd_available())
        return 77; /* SPZ 4 runs through all of them */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decoding_equals_the_other_tools, start, stop),
        cmocka_unit_test_setup_teardown(encoding_agrees_with_the_other_tool, start, stop),
        cmocka_unit_test_setup_teardown(loss_stays_within_the_quantiser, start, stop),
        cmocka_unit_test_setup_teardown(other_degrees_load, start, stop),
        cmocka_unit_test_setup_teardown(tiny_fixtures_agree_with_each_other, start, stop),
        cmocka_unit_test_setup_teardown(a_trained_scene_agrees_in_two_encodings, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
