/* SPDX-License-Identifier: MIT */
/* Procedural skies: finite, of the brightness they promise, the overcast one against its closed
 * form, the sun where it is said to be. */
#include "core/vec.h"
#include "relight/skies.h"
#include "tests/check.h"

#include <math.h>

static void a_white_floor_shows_what_is_said(void **state)
{
    (void)state;
    for (int k = 0; k < HL_SKY_COUNT; k++) {
        hl_environment env;
        double sum = 0; /* midpoints of the texels above the horizon, over pi */
        check_ok(hl_sky_make(&env, (hl_sky)k));
        const double dh = 3.141592653589793 / env.height, turn = 2 * 3.141592653589793 / env.width;
        for (int32_t y = 0; y < env.height; y++) {
            const double h = 1.5707963267948966 - (y + 0.5) * dh;
            double row = 0;
            for (int32_t x = 0; x < env.width; x++) {
                const float *rgb = env.radiance + 3 * (y * env.width + x);
                assert_true(isfinite(rgb[0] + rgb[1] + rgb[2]) && fminf(rgb[0], rgb[2]) >= 0);
                row += (double)(rgb[0] + rgb[1] + rgb[2]) / 3;
            }
            if (h > 0 && env.height > 1)
                sum += row * sin(h) * cos(h) * dh * turn / 3.141592653589793;
        }
        sum = env.height > 1 ? sum : (double)env.radiance[0];
        const double want = k == HL_SKY_STUDIO ? 0.8 : (k == HL_SKY_NEON ? 0.45 : 1);
        assert_true(fabs(sum - want) < 1e-3);
        assert_int_equal(hl_sky_find(hl_sky_name((hl_sky)k)), k);
        hl_environment_release(&env);
    }
}

/* Moon and Spencer: L = Lz (1 + 2 sin h) / 3; a floor shows 7/9 of the zenith. */
static void overcast_is_that_of_moon_and_spencer(void **state)
{
    (void)state;
    hl_environment env;
    check_ok(hl_sky_make(&env, HL_SKY_OVERCAST));
    for (int i = 1; i < 9; i++) {
        const float h = 0.17f * (float)i, d[3] = {0, -cosf(h), sinf(h)};
        float rgb[3];
        hl_environment_radiance(&env, d, rgb);
        const float got = (rgb[0] + rgb[1] + rgb[2]) / 3;
        const float want = 9.0f / 7 * (1 + 2 * sinf(h)) / 3;
        check_close(&got, &want, 1, 0.01, 0);
    }
    hl_environment_release(&env);
}

/* Solid angle of the sun: what shines brighter than the sky beside it, over its brightest. */
static double solid_angle(const hl_environment *env, const float at[3], float most)
{
    const double side = 3.141592653589793 / env->height;
    double sum = 0;
    for (int32_t y = 0; y < env->height; y++) {
        const float h = 1.5707963f - ((float)y + 0.5f) * (float)side, c = cosf(h), up = sinf(h);
        if (fabsf(up - at[2]) > 0.021f)
            continue;
        for (int32_t x = 0; x < env->width; x++) {
            const float turn = 3.1415927f - ((float)x + 0.5f) * (float)side;
            const float d[3] = {c * cosf(turn), c * sinf(turn), up};
            if (hl_dot3(d, at) > 0.99978f) /* 1.2 degrees */
                sum += (double)(env->radiance[3 * (y * env->width + x)] / most) * side * side *
                       (double)c;
        }
    }
    return sum;
}

static void the_sun_stands_along_x(void **state)
{
    (void)state;
    for (int k = HL_SKY_CLEAR; k <= HL_SKY_SUNSET; k++) {
        hl_environment env;
        const float h = (k == HL_SKY_CLEAR ? 45.0f : 6.0f) * 0.0174532925f;
        const float at[3] = {cosf(h), 0, sinf(h)};
        float sun[3], most = 0;
        check_ok(hl_sky_make(&env, (hl_sky)k));
        hl_environment_radiance(&env, at, sun);
        for (int32_t i = 0; i < env.width * env.height * 3; i++)
            most = fmaxf(most, env.radiance[i]);
        assert_true(sun[0] > 0.5f * most && sun[0] > 100);
        const double want = 2 * 3.141592653589793 * (1 - cos(0.017453292519943295));
        const double got = solid_angle(&env, at, most);
        if (!(got > 0.98 * want && got < 1.04 * want)) /* the sky around it, too */
            fail_msg("the sun of %s covers %g sr, not %g", hl_sky_name((hl_sky)k), got, want);
        assert_true(sun[0] > sun[2]); /* warmer than the sky */
        hl_environment_release(&env);
    }
    assert_string_equal(hl_sky_name(HL_SKY_SUNSET), "sunset");
}

/* The key light stands along +x, the red sign to one side of it and the blue one opposite. */
static void lamps_of_the_night_stand_where_they_are_said_to(void **state)
{
    (void)state;
    const float key[3] = {0.743f, 0, 0.669f}, red[3] = {0.800f, -0.373f, 0.469f},
                blue[3] = {-0.778f, 0.449f, 0.438f};
    hl_environment env;
    float a[3], b[3];
    check_ok(hl_sky_make(&env, HL_SKY_STUDIO));
    hl_environment_radiance(&env, key, a);
    hl_environment_radiance(&env, blue, b);
    assert_true(a[1] > 3 && a[1] > 4 * b[1]);
    hl_environment_release(&env);
    check_ok(hl_sky_make(&env, HL_SKY_NEON));
    hl_environment_radiance(&env, red, a);
    hl_environment_radiance(&env, blue, b);
    assert_true(a[0] > 5 * a[1] && b[2] > 5 * b[0]);
    hl_environment_release(&env);
    assert_int_equal(hl_sky_find("dusk"), HL_SKY_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_white_floor_shows_what_is_said),
        cmocka_unit_test(overcast_is_that_of_moon_and_spencer),
        cmocka_unit_test(the_sun_stands_along_x),
        cmocka_unit_test(lamps_of_the_night_stand_where_they_are_said_to)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
