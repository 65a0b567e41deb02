/* SPDX-License-Identifier: MIT */
/* Saving what was loaded gives the same bytes; the PLY header is Inria's, letter for letter. */
#include "core/io/codec.h"
#include "core/splat_io.h"
#include "tests/core/splat_scene.h"

#include <math.h>
#include <stdio.h>

enum { COUNT = 300 };

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

static void scenes_equal(const hl_splats *a, const hl_splats *b)
{
    const size_t n = (size_t)a->count * sizeof(float);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->sh_degree, b->sh_degree);
    assert_int_equal(a->antialiased, b->antialiased);
#define X(name, components) assert_memory_equal(a->name, b->name, n *(components));
    HL_SPLAT_FIELDS(X)
#undef X
}

static void ply_and_helio_lose_nothing(void **state)
{
    (void)state;
    for (int degree = 0; degree <= 3; degree++) {
        hl_splats s;
        hl_splat_info info;
        scene_fill(&s, &arena, COUNT, degree);
        s.antialiased = degree == 2;
        check_ok(hl_splats_save(&s, hl_test_file("a.ply"), NULL));
        check_ok(hl_splats_save(&s, hl_test_file("a.helio"), NULL));
        const hl_splats p = load(hl_test_file("a.ply"), &info);
        const hl_splats h = load(hl_test_file("a.helio"), NULL);
        scenes_equal(&p, &s);
        scenes_equal(&h, &s);
        assert_string_equal(info.kind, "ply");
        assert_string_equal(info.warnings, "");
        assert_int_equal(info.columns_skipped, 0);
        check_ok(hl_splats_save(&h, hl_test_file("b.ply"), NULL));
        check_ok(hl_splats_save(&p, hl_test_file("b.helio"), NULL));
        files_equal(hl_test_file("a.ply"), hl_test_file("b.ply"));
        files_equal(hl_test_file("a.helio"), hl_test_file("b.helio"));
    }
}

static void spz_is_stable_once_quantised(void **state)
{
    (void)state;
    for (int version = 2; version <= 4; version++)
        for (int axes = 0; axes < 2; axes++) {
            hl_splats s;
            hl_splat_info info;
            const hl_splat_load_options in = {(hl_spz_axes)axes};
            const hl_splat_save_options out = {.spz_version = version,
                                               .spz_axes = (hl_spz_axes)axes};
            scene_fill(&s, &arena, COUNT, version - 1);
            s.antialiased = axes;
            check_ok(hl_splats_save(&s, hl_test_file("a.spz"), &out));
            hl_splats t;
            check_ok(hl_splats_load_with(&t, &arena, hl_test_file("a.spz"), &in, &info));
            assert_int_equal(info.version, version);
            assert_int_equal(t.count, COUNT);
            assert_int_equal(t.sh_degree, version - 1);
            assert_int_equal(t.antialiased, axes);
            check_ok(hl_splats_save(&t, hl_test_file("b.spz"), &out));
            files_equal(hl_test_file("a.spz"), hl_test_file("b.spz"));
        }
}

static void splat_keeps_what_it_can_and_sorts(void **state)
{
    (void)state;
    hl_splats s;
    scene_fill(&s, &arena, COUNT, 1);
    check_ok(hl_splats_save(&s, hl_test_file("a.splat"), NULL));
    hl_splat_info info;
    const hl_splats t = load(hl_test_file("a.splat"), &info);
    assert_string_equal(info.kind, "splat");
    assert_int_equal(info.bytes, 32 * COUNT);
    assert_int_equal(t.count, COUNT);
    assert_int_equal(t.sh_degree, 0);
    double last = HUGE_VAL;
    for (int32_t i = 0; i < COUNT; i++) {
        int32_t from = 0; /* the same position, bit for bit */
        while (from < COUNT && memcmp(s.mean + 3 * from, t.mean + 3 * i, 12) != 0)
            from++;
        assert_true(from < COUNT);
        check_close(t.log_scale + 3 * i, s.log_scale + 3 * from, 3, 1e-6, 0);
        const double opacity = 1 / (1 + exp(-(double)s.logit_opa[from]));
        assert_true(fabs(1 / (1 + exp(-(double)t.logit_opa[i])) - opacity) <= 0.51 / 255);
        for (int ch = 0; ch < 3; ch++) /* what one byte can say of 0.5 + C0 f_dc */
            check_close(t.sh + 48 * i + 16 * ch, s.sh + 48 * from + 16 * ch, 1,
                        0.51 / 255 / 0.2820948, 0);
        double dot = 0, pp = 0, qq = 0, volume = 1;
        for (int k = 0; k < 4; k++) {
            const double p = (double)s.quat[4 * from + k], q = (double)t.quat[4 * i + k];
            dot += p * q;
            pp += p * p;
            qq += q * q;
        }
        assert_true(fabs(dot) / sqrt(pp * qq) > 0.9999);
        for (int k = 0; k < 3; k++)
            volume *= exp((double)s.log_scale[3 * from + k]);
        assert_true(volume * opacity <= last * (1 + 1e-12));
        last = volume * opacity;
    }
}

/* Written down from gaussian_model.py of the Inria code, construct_list_of_attributes. */
static void the_header_is_inrias(void **state)
{
    (void)state;
    hl_splats s;
    scene_fill(&s, &arena, 2, 3);
    s.antialiased = true;
    const hl_splat_save_options plain = {.plain = true};
    check_ok(hl_splats_save(&s, hl_test_file("h.ply"), &plain));
    char want[4096];
    int n = snprintf(want, sizeof want, "ply\nformat binary_little_endian 1.0\nelement vertex 2\n");
    static const char *const front[] = {"x",  "y",      "z",      "nx",    "ny",
                                        "nz", "f_dc_0", "f_dc_1", "f_dc_2"};
    static const char *const back[] = {"opacity", "scale_0", "scale_1", "scale_2",
                                       "rot_0",   "rot_1",   "rot_2",   "rot_3"};
    for (int i = 0; i < 9; i++)
        n += snprintf(want + n, sizeof want - (size_t)n, "property float %s\n", front[i]);
    for (int i = 0; i < 45; i++)
        n += snprintf(want + n, sizeof want - (size_t)n, "property float f_rest_%d\n", i);
    for (int i = 0; i < 8; i++)
        n += snprintf(want + n, sizeof want - (size_t)n, "property float %s\n", back[i]);
    n += snprintf(want + n, sizeof want - (size_t)n, "end_header\n");

    size_t size;
    unsigned char *bytes = file_bytes(hl_test_file("h.ply"), &size);
    assert_int_equal(size, (size_t)n + 2 * 248);
    assert_memory_equal(bytes, want, (size_t)n);
    float row[62];
    memcpy(row, bytes + n + 248, sizeof row);
    free(bytes);
    check_close(row, s.mean + 3, 3, 1e-9, 0);
    assert_true(row[3] == 0 && row[4] == 0 && row[5] == 0);
    for (int ch = 0; ch < 3; ch++) { /* channel-major: 15 red, 15 green, 15 blue */
        check_close(row + 6 + ch, s.sh + 48 + 16 * ch, 1, 1e-9, 0);
        check_close(row + 9 + 15 * ch, s.sh + 48 + 16 * ch + 1, 15, 1e-9, 0);
    }
    check_close(row + 54, s.logit_opa + 1, 1, 1e-9, 0);
    check_close(row + 55, s.log_scale + 3, 3, 1e-9, 0);
    check_close(row + 58, s.quat + 4, 4, 1e-9, 0);
}

static void inria_files_come_back_byte_for_byte(void **state)
{
    (void)state;
    static const char *const files[] = {"splats/torus/torus.ply", "splats/torus/torus_sh0.ply",
                                        "splats/torus/torus_sh1.ply"};
    for (int i = 0; i < 3; i++) {
        const char *path = hl_test_data(files[i]);
        const hl_splats s = load(path, NULL);
        check_ok(hl_splats_save(&s, hl_test_file("i.ply"), NULL));
        files_equal(path, hl_test_file("i.ply"));
    }
}

static void degree_can_be_chosen(void **state)
{
    (void)state;
    hl_splats s;
    hl_splat_info info;
    scene_fill(&s, &arena, 5, 1);
    const hl_splat_save_options more = {.sh_coeffs = 16}, none = {.sh_coeffs = 1},
                                odd = {.sh_coeffs = 5}, four = {.sh_coeffs = 25};
    check_ok(hl_splats_save(&s, hl_test_file("d.ply"), &more));
    hl_splats t = load(hl_test_file("d.ply"), &info);
    assert_int_equal(info.sh_degree, 3);
    assert_memory_equal(t.sh, s.sh, 5 * 48 * sizeof(float));
    s.sh_degree = 0; /* what lies above the active degree is not written */
    check_ok(hl_splats_save(&s, hl_test_file("d.ply"), &more));
    t = load(hl_test_file("d.ply"), &info);
    assert_int_equal(info.sh_degree, 3);
    for (int k = 1; k < 16; k++)
        assert_true(t.sh[k] == 0 && t.sh[16 + k] == 0);
    assert_true(s.sh[1] != 0 && t.sh[0] == s.sh[0]);
    check_ok(hl_splats_save(&s, hl_test_file("d.spz"), &more));
    t = load(hl_test_file("d.spz"), &info);
    assert_int_equal(info.sh_degree, 3);
    for (int k = 1; k < 16; k++)
        assert_true(t.sh[k] == 0);
    check_ok(hl_splats_save(&s, hl_test_file("d.ply"), &none));
    load(hl_test_file("d.ply"), &info);
    assert_int_equal(info.sh_degree, 0);
    check_fails(hl_splats_save(&s, hl_test_file("d.ply"), &odd), "5 SH coefficients");
    check_fails(hl_splats_save(&s, hl_test_file("d.ply"), &four), "25 SH coefficients");
}

static void empty_scenes_survive(void **state)
{
    (void)state;
    static const char *const names[] = {"e.ply", "e.spz", "e.helio"};
    for (int i = 0; i < 3; i++) {
        hl_splats s;
        hl_splat_info info;
        scene_fill(&s, &arena, 1, 2);
        s.count = 0;
        check_ok(hl_splats_save(&s, hl_test_file(names[i]), NULL));
        const hl_splats t = load(hl_test_file(names[i]), &info);
        assert_int_equal(t.count, 0);
        assert_true(t.capacity >= 1);
        assert_string_equal(info.warnings, "the file holds no splats");
    }
}

/* Five bits in band 1, four above: what lies between the levels is rounded. */
static void spz_sh_has_its_levels(void **state)
{
    (void)state;
    hl_splats s;
    int between = 0;
    scene_fill(&s, &arena, COUNT, 3);
    check_ok(hl_splats_save(&s, hl_test_file("l.spz"), NULL));
    const hl_splats t = load(hl_test_file("l.spz"), NULL);
    for (int32_t i = 0; i < 3 * COUNT; i++)
        for (int k = 1; k < 16; k++) {
            const float level = t.sh[16 * i + k] * (k < 4 ? 16.0f : 8.0f);
            assert_true(fabsf(level - roundf(level)) < 1e-6f);
            between += k < 4 && fmodf(fabsf(level), 2) > 0.5f;
        }
    assert_true(between > COUNT);
}

static void large_scenes_get_fewer_fractional_bits(void **state)
{
    (void)state;
    hl_splats s;
    scene_fill(&s, &arena, 3, 0);
    s.mean[4] = -40000; /* 2^23 / 40000 = 209: 7 fractional bits */
    check_ok(hl_splats_save(&s, hl_test_file("far.spz"), NULL));
    const hl_splats t = load(hl_test_file("far.spz"), NULL);
    check_close(t.mean, s.mean, 9, 0.51 / 128, 0);
    s.mean[4] = 1e7f;
    check_fails(hl_splats_save(&s, hl_test_file("far.spz"), NULL), "the format ends at");
    s.mean[4] = nanf("");
    check_fails(hl_splats_save(&s, hl_test_file("far.spz"), NULL), "splat 1: its position");
}

int main(void)
{
    if (!hl_zstd_available())
        return 77; /* SPZ 4 runs through all of them */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ply_and_helio_lose_nothing, start, stop),
        cmocka_unit_test_setup_teardown(spz_is_stable_once_quantised, start, stop),
        cmocka_unit_test_setup_teardown(splat_keeps_what_it_can_and_sorts, start, stop),
        cmocka_unit_test_setup_teardown(the_header_is_inrias, start, stop),
        cmocka_unit_test_setup_teardown(inria_files_come_back_byte_for_byte, start, stop),
        cmocka_unit_test_setup_teardown(degree_can_be_chosen, start, stop),
        cmocka_unit_test_setup_teardown(empty_scenes_survive, start, stop),
        cmocka_unit_test_setup_teardown(spz_sh_has_its_levels, start, stop),
        cmocka_unit_test_setup_teardown(large_scenes_get_fewer_fractional_bits, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
