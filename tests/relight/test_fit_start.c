/* SPDX-License-Identifier: MIT */
/* The start of the solve: a sun is found where shadows say so, and only there. */
#include "relight/sampling.h"
#include "tests/relight/fit_scene.h"

/* From behind the wall and 57 degrees up: the wall's shadow lies on the farther half of the floor.
 */
static const float sun[3] = {0.3f, 0.45f, 0.84f};

static hl_image sky_with_sun(float strength)
{
    hl_image light;
    hl_environment env;
    float d[3];
    check_ok(hl_image_create(&light, 64, 32, 3));
    for (int i = 0; i < 64 * 32 * 3; i++)
        light.data[i] = 0.4f;
    check_ok(hl_environment_create(&env, &light));
    hl_normalize3(sun, d);
    for (int c = 0; c < 3; c++)
        light.data[3 * hl_environment_texel(&env, d) + c] += strength;
    hl_environment_release(&env);
    return light;
}

/* A fit that has made no step. */
static hl_fit *start(fit_scene *f, float strength, int64_t seed)
{
    fit_scene truth;
    hl_fit *fit;
    hl_fit_config c = fit_scene_config();
    hl_image light = sky_with_sun(strength);
    fit_scene_make(&truth);
    fit_scene_make(f);
    fit_scene_paint(&truth, f, &light);
    c.guess = true;
    c.seed = seed;
    c.surface = 0.5f;
    c.env_height = 32;
    check_ok(hl_fit_create(&fit, &c, &f->scene, "cpu", HL_ISA_AUTO));
    hl_image_release(&light);
    fit_scene_release(&truth);
    return fit;
}

/* Mean albedo of the floor's dark squares with b in [from, to): the wall stands at b = 1. */
static double floor_albedo(const hl_fit *fit, int from, int to)
{
    double sum = 0;
    int count = 0;
    for (int j = from; j < to; j++)
        for (int i = 6; i < SIDE - 6; i++) {
            float rgb[3];
            fit_scene_albedo(0, i, j, rgb);
            if (rgb[0] > 0.3f)
                continue;
            sum += (double)hl_fit_materials(fit)[HL_FIT_CHANNELS * (j * SIDE + i)];
            count++;
        }
    return sum / count;
}

static void find_sun(int64_t seed)
{
    fit_scene f;
    float d[3], brightest = 0;
    double cosine = -1;
    hl_fit *fit = start(&f, 150, seed);
    const hl_environment *env = hl_fit_environment(fit);
    hl_normalize3(sun, d);
    for (int i = 0; i < 64 * 32; i++) {
        const float v = HL_PI * ((float)(i / 64) + 0.5f) / 32;
        const float u = 2 * HL_PI * (0.5f - ((float)(i % 64) + 0.5f) / 64);
        const float at[3] = {sinf(v) * cosf(u), sinf(v) * sinf(u), cosf(v)};
        if (env->radiance[3 * i + 1] <= brightest)
            continue;
        brightest = env->radiance[3 * i + 1];
        cosine = (double)hl_dot3(at, d);
    }
    const double lit = floor_albedo(fit, 2, 6), dark = floor_albedo(fit, 14, 20);
    print_message("%.1f degrees off; dark squares in the sun %.3f, in shadow %.3f\n",
                  acos(cosine) * 57.3, lit, dark);
    assert_true(cosine > 0.98); /* 11 degrees: two texels */
    assert_true(lit < 1.5 * dark && dark < 1.5 * lit);
    hl_fit_destroy(&fit);
    fit_scene_release(&f);
}

static void find_none(int64_t seed)
{
    fit_scene f;
    hl_fit *fit = start(&f, 0, seed);
    const hl_environment *env = hl_fit_environment(fit);
    for (int i = 1; i < 64 * 32 * 3; i++)
        assert_true(env->radiance[i] == env->radiance[0]);
    hl_fit_destroy(&fit);
    fit_scene_release(&f);
}

static void a_sun_is_found_and_its_shadow_is_no_paint(void **state)
{
    (void)state;
    for (int64_t seed = 42; seed < 44; seed++)
        find_sun(seed);
}

static void even_light_stays_even(void **state)
{
    (void)state;
    find_none(42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sun_is_found_and_its_shadow_is_no_paint),
        cmocka_unit_test(even_light_stays_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
