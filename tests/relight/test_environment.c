/* SPDX-License-Identifier: MIT */
/* relight/environment.h: axes, exact densities, sampling against integration, refusals. */
#include "core/rng.h"
#include "core/sh.h"
#include "core/vec.h"
#include "relight/environment.h"
#include "relight/sampling.h"
#include "tests/check.h"

#include <math.h>

static const float pi = 3.14159265f;

static void make_map(hl_image *image, int32_t width, int32_t height, float value)
{
    check_ok(hl_image_create(image, width, height, 3));
    for (int32_t i = 0; i < 3 * width * height; i++)
        image->data[i] = value;
}

static void directions_read_their_texels(void **state)
{
    (void)state;
    hl_image image;
    hl_environment env;
    make_map(&image, 8, 4, 0);
    for (int i = 0; i < 32; i++)
        image.data[3 * i] = (float)(i + 1);
    check_ok(hl_environment_create(&env, &image));
    /* u = 0.5 - atan2(y, x) / 2 pi: just left of +x is column 4 from +y side */
    const struct {
        float d[3];
        int row, column;
    } cases[] = {
        {{0.99f, -0.1f, 0.1f}, 1, 4},  {{0.99f, 0.1f, -0.1f}, 2, 3},
        {{0.1f, 0.99f, 0.1f}, 1, 2},   {{-0.1f, -0.99f, 0.1f}, 1, 6},
        {{-0.99f, 0.1f, 0.1f}, 1, 0},  {{-0.99f, -0.1f, 0.1f}, 1, 7},
        {{0.1f, -0.05f, 0.99f}, 0, 4}, {{-0.1f, 0.05f, -0.99f}, 3, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float d[3], rgb[3];
        hl_normalize3(cases[i].d, d);
        hl_environment_radiance(&env, d, rgb);
        assert_int_equal((int)rgb[0] - 1, cases[i].row * 8 + cases[i].column);
    }
    /* A quarter turn counter-clockwise: what stood at +x stands at +y. */
    const float z[3] = {0, 0, 1}, at_y[3] = {0.1f, 0.99f, -0.1f}, up_x[3] = {3, 0, 0};
    float rgb[3], turned[3];
    hl_environment_orient(&env, z, 90);
    hl_environment_radiance(&env, at_y, rgb);
    const float was[3] = {0.99f, -0.1f, -0.1f};
    hl_environment_orient(&env, z, 0);
    hl_environment_radiance(&env, was, turned);
    assert_true(rgb[0] == turned[0]);
    /* Up along x: the top row is read there. */
    const float x[3] = {0.999f, 0.01f, 0.02f};
    hl_environment_orient(&env, up_x, 37);
    hl_environment_radiance(&env, x, rgb);
    assert_true(rgb[0] <= 8);
    hl_environment_release(&env);
    hl_image_release(&image);
}

static void random_map(hl_image *image, int32_t width, int32_t height)
{
    make_map(image, width, height, 0);
    for (int32_t i = 0; i < width * height; i++) {
        hl_rng rng = hl_rng_at(3, 0, (uint64_t)i, HL_RNG_TEST);
        const float bright = hl_rng_uniform(&rng) < 0.05f ? 50.0f : 0.5f;
        for (int c = 0; c < 3; c++)
            image->data[3 * i + c] = i % 7 ? bright * hl_rng_uniform(&rng) : 0;
    }
}

/* The integral of the density, by its exact steps; and of the cosine by drawing. */
static void densities_and_draws_agree(void **state)
{
    (void)state;
    hl_image image;
    hl_environment env;
    const float up[3] = {0.3f, -0.5f, 0.4f};
    random_map(&image, 31, 17);
    check_ok(hl_environment_create(&env, &image));
    hl_environment_orient(&env, up, 77);
    double mass = 0, flux = 0, drawn = 0;
    for (int32_t row = 0; row < 17; row++)
        for (int32_t column = 0; column < 31; column++) {
            const double angle =
                2 * 3.14159265358979 / 31 *
                (cos(3.14159265358979 * row / 17) - cos(3.14159265358979 * (row + 1) / 17));
            mass += angle * (double)env.pdf[row * 31 + column];
            flux += angle * (double)env.radiance[3 * (row * 31 + column) + 1];
        }
    assert_true(fabs(mass - 1) < 1e-6);
    enum { N = 200000 };
    int at_edge = 0;
    for (uint64_t i = 0; i < N; i++) {
        hl_rng rng = hl_rng_at(4, 0, i, HL_RNG_TEST);
        const float u[2] = {hl_rng_uniform(&rng), hl_rng_uniform(&rng)};
        float d[3], pdf, rgb[3];
        hl_environment_sample(&env, u, d, &pdf);
        hl_environment_radiance(&env, d, rgb);
        assert_true(pdf > 0);
        assert_true(fabsf(hl_length3(d) - 1) < 1e-5f);
        at_edge += pdf != hl_environment_pdf(&env, d); /* rounding takes it to the next texel */
        drawn += (double)rgb[1] / (double)pdf / N;
    }
    assert_true(at_edge < N / 10000);
    assert_true(fabs(drawn / flux - 1) < 0.005);
    hl_environment_release(&env);
    hl_image_release(&image);
}

/* One bright texel alone is always drawn; its density is 1 over its solid angle. */
static void a_single_bright_texel_is_drawn_exactly(void **state)
{
    (void)state;
    hl_image image;
    hl_environment env;
    make_map(&image, 16, 8, 0);
    image.data[3 * (2 * 16 + 5)] = 1000;
    check_ok(hl_environment_create(&env, &image));
    for (uint64_t i = 0; i < 1000; i++) {
        hl_rng rng = hl_rng_at(5, 0, i, HL_RNG_TEST);
        const float u[2] = {hl_rng_uniform(&rng), hl_rng_uniform(&rng)};
        float d[3], pdf;
        hl_environment_sample(&env, u, d, &pdf);
        const double angle = 2 * 3.14159265358979 / 16 *
                             (cos(0.25 * 3.14159265358979) - cos(0.375 * 3.14159265358979));
        assert_true(fabs((double)pdf * angle - 1) < 1e-5);
    }
    hl_environment_release(&env);
    hl_image_release(&image);
}

/* Half of an even set of draws falls on a sun with half of the light, but for a few; were they
 * independent, the deviation would be 8. */
static void even_draws_stay_even(void **state)
{
    (void)state;
    enum { N = 256, SUN = 9 * 64 + 43 };
    hl_image image;
    hl_environment env;
    random_map(&image, 64, 32);
    check_ok(hl_environment_create(&env, &image));
    const double half = 3.14159265358979;
    double others = 0;
    for (int64_t i = 0; i < 64 * 32; i++) {
        const double angle =
            2 * half / 64 *
            (cos(half * (double)(i / 64) / 32) - cos(half * (double)(i / 64 + 1) / 32));
        others += i == SUN ? 0 : angle * (double)env.pdf[i];
    }
    const float most =
        fmaxf(env.radiance[3 * SUN], fmaxf(env.radiance[3 * SUN + 1], env.radiance[3 * SUN + 2]));
    for (int c = 0; c < 3; c++)
        env.radiance[3 * SUN + c] = most * (float)(others / (1 - others));
    hl_environment_refresh(&env);
    double square = 0;
    for (uint64_t k = 0; k < 64; k++) {
        hl_rng rng = hl_rng_at(6, 0, k, HL_RNG_TEST);
        const float shift[2] = {hl_rng_uniform(&rng), hl_rng_uniform(&rng)};
        int hits = 0;
        for (uint32_t i = 0; i < N; i++) {
            float u[2], d[3], pdf;
            hl_sample_square(i, N, shift, u);
            hl_environment_sample(&env, u, d, &pdf);
            hits += hl_environment_texel(&env, d) == SUN;
        }
        square += (hits - N / 2) * (hits - N / 2) / 64.0;
    }
    assert_true(sqrt(square) < 2.5);
    hl_environment_release(&env);
    hl_image_release(&image);
}

/* Irradiance of a constant map is the constant; of a sine along z it is known: L = 1 + z gives
 * E / pi = 1 + 2 n.z / 3. */
static void irradiance_harmonics_match_closed_forms(void **state)
{
    (void)state;
    hl_image image;
    hl_environment env;
    const float up[3] = {0, 1, 0}, n[3] = {0.6f, 0.64f, 0.48f};
    make_map(&image, 64, 128, 0);
    for (int32_t row = 0; row < 128; row++)
        for (int32_t i = 0; i < 64 * 3; i++)
            image.data[row * 64 * 3 + i] = 1 + cosf(pi * ((float)row + 0.5f) / 128);
    check_ok(hl_environment_create(&env, &image));
    hl_environment_orient(&env, up, 20);
    float sh[3][9], basis[9], sum = 0;
    hl_environment_irradiance_sh(&env, sh);
    hl_sh_basis(2, n, basis);
    for (int k = 0; k < 9; k++)
        sum += sh[2][k] * basis[k];
    assert_true(fabsf(sum - (1 + 2 * n[1] / 3)) < 1e-3f);
    hl_environment_release(&env);
    hl_image_release(&image);
}

/* Texels are flat patches, however few there are: constant maps of any shape give the constant, and
 * a map of two rows its hemisphere, E / pi = (1 + n.z) / 2 without bands above the first. */
static void irradiance_of_tiny_maps_is_exact(void **state)
{
    (void)state;
    static const int32_t sizes[][2] = {{1, 1}, {2, 1}, {1, 2}, {4, 2}, {3, 5}};
    const float up[3] = {0.3f, -1, 0.5f}, x[3] = {1, 0, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        hl_image image;
        hl_environment env;
        float sh[3][9];
        make_map(&image, sizes[i][0], sizes[i][1], 0.75f);
        check_ok(hl_environment_create(&env, &image));
        hl_environment_orient(&env, up, 33);
        hl_environment_irradiance_sh(&env, sh);
        assert_true(fabsf(sh[1][0] * HL_SH_C0 - 0.75f) < 1e-6f);
        for (int k = 1; k < 9; k++)
            assert_true(fabsf(sh[1][k]) < 1e-6f);
        hl_environment_release(&env);
        hl_image_release(&image);
    }
    hl_image image;
    hl_environment env;
    float sh[3][9], basis[9], sum = 0;
    make_map(&image, 1, 2, 0);
    image.data[0] = 1;
    check_ok(hl_environment_create(&env, &image));
    hl_environment_orient(&env, x, 0);
    hl_environment_irradiance_sh(&env, sh);
    hl_sh_basis(2, x, basis);
    for (int k = 0; k < 9; k++)
        sum += sh[0][k] * basis[k];
    assert_true(fabsf(sum - 1) < 1e-6f);
    hl_environment_release(&env);
    hl_image_release(&image);
}

static void odd_maps_are_taken_or_refused(void **state)
{
    (void)state;
    hl_image image;
    hl_environment env;
    make_map(&image, 3, 2, 1);
    image.data[3 * 4 + 1] = NAN;
    check_fails(hl_environment_create(&env, &image), "column 1, row 1");
    image.data[3 * 4 + 1] = INFINITY;
    check_fails(hl_environment_create(&env, &image), "column 1, row 1");
    image.data[3 * 4 + 1] = -2;
    check_ok(hl_environment_create(&env, &image));
    assert_true(env.radiance[3 * 4 + 1] == 0);
    hl_environment_release(&env);
    hl_image_release(&image);

    const float black[3] = {0, 0, 0}, u[2] = {0.5f, 0.25f};
    float d[3], pdf;
    check_ok(hl_environment_create_constant(&env, black)); /* 1 x 1 and dark: even draws */
    hl_environment_sample(&env, u, d, &pdf);
    assert_true(fabsf(pdf * 4 * pi - 1) < 1e-6f);
    assert_true(fabsf(d[2] - 0.5f) < 1e-6f);
    hl_environment_release(&env);

    check_fails(hl_environment_load(&env, "photo.png"), "photo.png: an environment is");
    check_fails(hl_environment_load(&env, hl_test_file("absent.hdr")), "absent.hdr");
    check_fails(hl_environment_load(&env, hl_test_write("broken.exr", "not an exr", 10)),
                "broken.exr");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directions_read_their_texels),
        cmocka_unit_test(densities_and_draws_agree),
        cmocka_unit_test(a_single_bright_texel_is_drawn_exactly),
        cmocka_unit_test(even_draws_stay_even),
        cmocka_unit_test(irradiance_harmonics_match_closed_forms),
        cmocka_unit_test(irradiance_of_tiny_maps_is_exact),
        cmocka_unit_test(odd_maps_are_taken_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
