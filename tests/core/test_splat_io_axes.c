/* SPDX-License-Identifier: MIT */
/* Axes of SPZ: a scene with three arms that can be told apart, seen before and after.
 *
 * What a viewer sees of splat i from direction d is its position, its covariance and its colour
 * sum of SH times basis at d.  After a flip F of the axes all of these, taken at F d, must be
 * the same: none of it is computed with the code under test. */
#include "core/io/codec.h"
#include "core/splat_io.h"
#include "tests/core/splat_scene.h"

#include <math.h>

enum { ARMS = 3, COEFFS = 16 };

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

/* Arms along +x, +y, +z of different length, colour, shape and turn. */
static hl_splats arms(void)
{
    hl_splats s;
    scene_fill(&s, &arena, ARMS, 3);
    for (int i = 0; i < ARMS; i++)
        for (int k = 0; k < 3; k++)
            s.mean[3 * i + k] = k == i ? (float)(i + 1) : 0.0625f;
    return s;
}

/* 3 x 3 covariance of splat i, up to the quaternion's norm, by the textbook formula. */
static void covariance(const hl_splats *s, int i, double c[9])
{
    const float *q = s->quat + 4 * i;
    double n = 0, v[4], r[9];
    for (int k = 0; k < 4; k++)
        n += (double)q[k] * (double)q[k];
    for (int k = 0; k < 4; k++)
        v[k] = (double)q[k] / sqrt(n);
    const double w = v[0], x = v[1], y = v[2], z = v[3];
    const double m[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
                         2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                         2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
    memcpy(r, m, sizeof r);
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            c[3 * a + b] = 0;
            for (int k = 0; k < 3; k++)
                c[3 * a + b] +=
                    r[3 * a + k] * r[3 * b + k] * exp(2 * (double)s->log_scale[3 * i + k]);
        }
}

static void color(const hl_splats *s, int i, const float d[3], double rgb[3])
{
    float basis[COEFFS];
    hl_sh_basis(3, d, basis);
    for (int ch = 0; ch < 3; ch++) {
        rgb[ch] = 0;
        for (int k = 0; k < COEFFS; k++)
            rgb[ch] += (double)s->sh[48 * i + 16 * ch + k] * (double)basis[k];
    }
}

/* b is a with its axes multiplied by `flip`, within `step` of position, etc. */
static void check_flipped(const hl_splats *a, const hl_splats *b, const int flip[3])
{
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        double ca[9], cb[9];
        for (int k = 0; k < 3; k++) {
            const float want = (float)flip[k] * a->mean[3 * i + k];
            check_close(b->mean + 3 * i + k, &want, 1, 1e-6, 0);
        }
        covariance(a, i, ca);
        covariance(b, i, cb);
        for (int k = 0; k < 9; k++)
            ca[k] *= flip[k / 3] * flip[k % 3];
        check_close(cb, ca, 9, 1e-9, 1e-5);
        for (int n = 0; n < 50; n++) {
            hl_rng rng = hl_rng_at(3, 0, (uint64_t)n, HL_RNG_TEST);
            float d[3], e[3], norm = 0;
            for (int k = 0; k < 3; k++) {
                d[k] = hl_rng_normal(&rng);
                norm += d[k] * d[k];
            }
            for (int k = 0; k < 3; k++) {
                d[k] /= sqrtf(norm);
                e[k] = (float)flip[k] * d[k];
            }
            double want[3], got[3];
            color(a, i, d, want);
            color(b, i, e, got);
            check_close(got, want, 3, 1e-5, 0);
        }
    }
}

static void rub_is_a_half_turn_about_x(void **state)
{
    (void)state;
    const int turn[3] = {1, -1, -1};
    const hl_splats s = arms();
    for (int version = 2; version <= 4; version++) {
        hl_splats a, b, c;
        const hl_splat_save_options rub = {.spz_version = version};
        const hl_splat_load_options raw = {HL_SPZ_AXES_RAW};
        check_ok(hl_splats_save(&s, hl_test_file("rub.spz"), &rub));
        /* Read as it was meant, and once more taking the numbers as they are. */
        check_ok(hl_splats_load(&a, &arena, hl_test_file("rub.spz"), NULL));
        check_ok(hl_splats_load_with(&b, &arena, hl_test_file("rub.spz"), &raw, NULL));
        check_flipped(&a, &b, turn);
        for (int i = 0; i < ARMS; i++) /* 0.0625 and whole numbers are exact in 24 bits */
            check_close(a.mean + 3 * i, s.mean + 3 * i, 3, 1e-9, 0);
        const hl_splat_save_options as_is = {.spz_version = version, .spz_axes = HL_SPZ_AXES_RAW};
        check_ok(hl_splats_save(&s, hl_test_file("raw.spz"), &as_is));
        check_ok(hl_splats_load_with(&c, &arena, hl_test_file("raw.spz"), &raw, NULL));
        for (int i = 0; i < ARMS; i++)
            check_close(c.mean + 3 * i, s.mean + 3 * i, 3, 1e-9, 0);
        check_close(c.sh, s.sh, ARMS * 48, 0.0665, 0);
    }
}

static void raw_files_of_version_4_say_so(void **state)
{
    (void)state;
    const hl_splats s = arms();
    hl_splats t;
    hl_splat_info info;
    const hl_splat_save_options raw = {.spz_axes = HL_SPZ_AXES_RAW};
    check_ok(hl_splats_save(&s, hl_test_file("said.spz"), &raw));
    check_ok(hl_splats_load(&t, &arena, hl_test_file("said.spz"), &info));
    assert_string_equal(info.axes, "RDF");
    check_close(t.mean, s.mean, 9, 1e-9, 0);
}

/* The extension names one of eight corners; the code is 1 + right + 2 up + 4 front. */
static void every_named_corner_is_understood(void **state)
{
    (void)state;
    static const char *const names[8] = {"LDB", "RDB", "LUB", "RUB", "LDF", "RDF", "LUF", "RUF"};
    const hl_splats s = arms();
    const hl_splat_save_options raw = {.spz_axes = HL_SPZ_AXES_RAW};
    check_ok(hl_splats_save(&s, hl_test_file("corner.spz"), &raw));
    hl_splats want;
    check_ok(hl_splats_load(&want, &arena, hl_test_file("corner.spz"), NULL));
    size_t size;
    unsigned char *bytes = file_bytes(hl_test_file("corner.spz"), &size);
    assert_int_equal(bytes[40], 6); /* the payload, behind 32 + 8 bytes */
    for (int code = 1; code <= 8; code++) {
        hl_splats got;
        hl_splat_info info;
        bytes[40] = (unsigned char)code;
        const char *path = hl_test_write("named.spz", bytes, size);
        check_ok(hl_splats_load(&got, &arena, path, &info));
        assert_string_equal(info.axes, names[code - 1]);
        const char *n = names[code - 1];
        const int flip[3] = {n[0] == 'R' ? 1 : -1, n[1] == 'D' ? 1 : -1, n[2] == 'F' ? 1 : -1};
        check_flipped(&want, &got, flip);
    }
    hl_splats got;
    bytes[40] = 0; /* not said: the format's own axes */
    check_ok(hl_splats_load(&got, &arena, hl_test_write("named.spz", bytes, size), NULL));
    const int turn[3] = {1, -1, -1};
    check_flipped(&want, &got, turn);
    for (int code = 9; code < 256; code += 61) {
        bytes[40] = (unsigned char)code;
        check_fails(hl_splats_load(&got, &arena, hl_test_write("named.spz", bytes, size), NULL),
                    "exchange y and z");
    }
    free(bytes);
}

int main(void)
{
    if (!hl_zstd_available())
        return 77; /* SPZ 4 runs through all of them */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rub_is_a_half_turn_about_x, start, stop),
        cmocka_unit_test_setup_teardown(raw_files_of_version_4_say_so, start, stop),
        cmocka_unit_test_setup_teardown(every_named_corner_is_understood, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
