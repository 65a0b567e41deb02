/* SPDX-License-Identifier: MIT */
/* relight/prefilter.h: furnace, the map itself, blur and table against quadrature, rotation. */
#include "core/parallel.h"
#include "relight/brdf.h"
#include "relight/prefilter.h"
#include "tests/check.h"

#include <math.h>

static const float pi = 3.14159265f;

static void even_light_stays(void **state)
{
    (void)state;
    const float rgb[3] = {0.25f, 1, 3};
    hl_environment env;
    hl_prefilter p;
    check_ok(hl_environment_create_constant(&env, rgb));
    check_ok(hl_prefilter_create(&p, &env));
    for (int i = 0; i < HL_PREFILTER_LAYERS; i++)
        for (int32_t t = 0; t < 3 * p.layer[i].width * p.layer[i].height; t++)
            assert_true(fabsf(p.layer[i].data[t] / rgb[t % 3] - 1) < 1e-4f);
    hl_prefilter_release(&p);
    hl_environment_release(&env);
}

/* Radiance 1.2 + d.x + d.z / 2 (never below 0), times 1, 2 and 3. */
static void make_ramp(hl_environment *env)
{
    hl_image image;
    check_ok(hl_image_create(&image, 128, 64, 3));
    for (int32_t i = 0; i < 128 * 64; i++) {
        const float phi = (0.5f - ((float)(i % 128) + 0.5f) / 128) * 2 * pi;
        const float up = (0.5f - ((float)(i / 128) + 0.5f) / 64) * pi;
        for (int c = 0; c < 3; c++)
            image.data[3 * i + c] =
                fmaxf(1.2f + cosf(up) * cosf(phi) + 0.5f * sinf(up), 0) * (float)(c + 1);
    }
    check_ok(hl_environment_create(env, &image));
    hl_image_release(&image);
}

/* Of a linear map the blur keeps the mean and a share k = int D c (2 c^2 - 1)^2 / int D c
 * (2 c^2 - 1) over half vectors whose reflection is above the surface. */
static double share_kept(double alpha2)
{
    double top = 0, bottom = 0;
    for (int i = 0; i < 20000; i++) {
        const double c = (i + 0.5) / 20000, t = c * c * (alpha2 - 1) + 1;
        const double nl = 2 * c * c - 1, w = nl > 0 ? c * nl / (t * t) : 0;
        top += w * nl;
        bottom += w;
    }
    return top / bottom;
}

static void ramps_are_blurred_as_quadrature_says(void **state)
{
    (void)state;
    hl_environment env;
    hl_prefilter p;
    make_ramp(&env);
    check_ok(hl_prefilter_create(&p, &env));
    assert_memory_equal(p.layer[0].data, env.radiance, sizeof(float) * 3 * 128 * 64);
    for (int i = 1; i < HL_PREFILTER_LAYERS; i++) {
        const double r = (double)i / 5, kept = share_kept(r * r * r * r);
        const float x[3] = {1, 0, 0}, z[3] = {0, 0, 1};
        float at_x[3], at_z[3];
        hl_prefilter_radiance(&p, &env, x, (float)r, at_x);
        hl_prefilter_radiance(&p, &env, z, (float)r, at_z);
        assert_true(fabs((double)at_x[0] - 1.2 - kept) < 0.03);
        assert_true(fabs((double)at_z[0] - 1.2 - 0.5 * kept) < 0.03);
        assert_true(fabsf(at_x[2] - 3 * at_x[0]) < 1e-4f);
    }
    /* A quarter turn counter-clockwise: what stood at +x stands at +y. */
    const float up[3] = {0, 0, 1}, x[3] = {1, 0, 0}, y[3] = {0, 1, 0};
    float was[3], turned[3];
    hl_prefilter_radiance(&p, &env, x, 0.5f, was);
    hl_environment_orient(&env, up, 90);
    hl_prefilter_radiance(&p, &env, y, 0.5f, turned);
    assert_true(fabsf(was[0] - turned[0]) < 1e-4f);
    hl_prefilter_release(&p);
    hl_environment_release(&env);
}

/* Reflectance of a surface under even light by the formula of relight/brdf.h. */
static double albedo_by_quadrature(float f0, float no, float roughness)
{
    hl_surface s = {.normal = {0, 0, 1}, .albedo = {f0, f0, f0}, .roughness = roughness};
    s.metal = 1;
    const float o[3] = {sqrtf(1 - no * no), 0, no};
    const int rows = 400, columns = 400;
    double sum = 0;
    for (int j = 0; j < rows; j++)
        for (int i = 0; i < columns; i++) {
            const float c = ((float)j + 0.5f) / (float)rows, r = sqrtf(1 - c * c);
            const float phi = ((float)i + 0.5f) / (float)columns * pi;
            const float wi[3] = {r * cosf(phi), r * sinf(phi), c};
            float diffuse[3], specular[3];
            hl_brdf(&s, HL_BRDF_SMITH, o, wi, diffuse, specular);
            sum += (double)specular[0];
        }
    return sum * 2 * (double)pi / (rows * columns);
}

static void table_is_the_albedo_of_the_brdf(void **state)
{
    (void)state;
    enum { SIDE = 16 };
    static float table[2 * SIDE * SIDE], again[2 * SIDE * SIDE];
    hl_prefilter_table(table, SIDE);
    for (int i = 0; i < SIDE * SIDE; i++) {
        assert_true(table[2 * i] >= 0 && table[2 * i + 1] >= 0);
        assert_true(table[2 * i] + table[2 * i + 1] <= 1 + 1e-5f);
    }
    const int rows[] = {5, 8, 15}, columns[] = {2, 7, 15};
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++) {
            const float *got = table + (ptrdiff_t)2 * (rows[j] * SIDE + columns[i]);
            const float r = ((float)rows[j] + 0.5f) / SIDE, no = ((float)columns[i] + 0.5f) / SIDE;
            const double black = albedo_by_quadrature(0, no, r);
            const double white = albedo_by_quadrature(1, no, r);
            assert_true(fabs((double)got[1] - black) < 0.01);
            assert_true(fabs((double)(got[0] + got[1]) - white) < 0.01);
        }
    hl_parallel_set_threads(3);
    hl_prefilter_table(again, SIDE);
    hl_parallel_set_threads(0);
    assert_memory_equal(table, again, sizeof table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_light_stays),
        cmocka_unit_test(ramps_are_blurred_as_quadrature_says),
        cmocka_unit_test(table_is_the_albedo_of_the_brdf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
