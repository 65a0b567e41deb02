/* SPDX-License-Identifier: MIT */
/* relight/lights.h in double: irradiance of each kind of lamp against its closed form. */
#define HL_REAL double
#include "relight/lights.h"
#include "tests/check.h"

/* Irradiance at x on a surface with normal n, unshadowed, red channel. */
static double irradiance(const hl_light *l, const double x[3], const double n[3])
{
    enum { N = 300 };
    double sum = 0;
    for (int i = 0; i < N * N; i++) {
        const double u[2] = {(i % N + 0.5) / N, ((double)(i / N) + 0.5) / N};
        hl_light_sample s;
        if (!hl_light_sample_at(l, x, u, &s))
            continue;
        sum += s.color[0] * fmax(0, hl_dot3(n, s.direction)) / (N * N);
    }
    return sum;
}

static const double origin[3] = {0, 0, 0}, up[3] = {0, 0, 1};

/* pi L (R / D)^2 cos, sphere wholly above the horizon. */
static void sphere_gives_its_irradiance(void **state)
{
    (void)state;
    const hl_light l = {HL_LIGHT_SPHERE, {1.2, 0, 1.6}, {0}, {0}, 0.5, {3, 3, 3}};
    const double want = HL_PI * 3 * 0.0625 * 0.8;
    assert_true(fabs(irradiance(&l, origin, up) / want - 1) < 1e-3);
    const double inside[3] = {1.2, 0.1, 1.6};
    assert_true(irradiance(&l, inside, up) == 0);
    const double u[2] = {0.999999, 0.3}; /* a ray past the rim still has a distance */
    hl_light_sample s;
    assert_int_equal(hl_light_sample_at(&l, origin, u, &s), 1);
    assert_true(fabs(s.distance - sqrt(4 - 0.25)) < 0.01);
}

/* Draws end on the lamp: on the near half of a sphere, at the named place of a rectangle. */
static void draws_end_on_the_lamp(void **state)
{
    (void)state;
    const hl_light sphere = {HL_LIGHT_SPHERE, {1.2, 0.3, 1.6}, {0}, {0}, 0.5, {3, 3, 3}};
    const hl_light sheet = {HL_LIGHT_RECTANGLE, {0.1, 0.2, 1.5}, {0.1, 0.5, 0}, {1, 0, 0.2}, 0,
                            {2, 2, 2}};
    const double x[3] = {0.3, -0.2, 0.1};
    for (int i = 0; i < 100; i++) {
        const double u[2] = {(i % 10 + 0.5) / 10, ((double)(i / 10) + 0.5) / 10};
        double at[3], from_center[3], to[3];
        hl_light_sample s;
        assert_int_equal(hl_light_sample_at(&sphere, x, u, &s), 1);
        for (int k = 0; k < 3; k++) {
            at[k] = x[k] + s.distance * s.direction[k];
            from_center[k] = at[k] - sphere.at[k];
            to[k] = sphere.at[k] - x[k];
        }
        assert_true(fabs(hl_length3(from_center) - 0.5) < 1e-9);
        assert_true(hl_dot3(from_center, s.direction) < 1e-9); /* it faces x */
        assert_true(s.distance < hl_length3(to));
        assert_int_equal(hl_light_sample_at(&sheet, x, u, &s), 1);
        for (int k = 0; k < 3; k++) {
            const double want =
                sheet.at[k] + (2 * u[0] - 1) * sheet.edge_u[k] + (2 * u[1] - 1) * sheet.edge_v[k];
            assert_true(fabs(x[k] + s.distance * s.direction[k] - want) < 1e-9);
        }
    }
    const double touching[3] = {1.2, 0.3, 1.1}, u[2] = {0.5, 0.5};
    hl_light_sample s;
    assert_int_equal(hl_light_sample_at(&sphere, touching, u, &s), 0);
}

static void point_falls_with_the_square(void **state)
{
    (void)state;
    const hl_light l = {HL_LIGHT_POINT, {0, 0, 2}, {0}, {0}, 0, {8, 8, 8}};
    assert_true(fabs(irradiance(&l, origin, up) - 2) < 1e-9);
    const double aside[3] = {2, 0, 0};
    assert_true(fabs(irradiance(&l, aside, up) - 8.0 / 8 * sqrt(0.5)) < 1e-9);
}

static void sun_gives_its_irradiance_whatever_its_size(void **state)
{
    (void)state;
    hl_light l = {HL_LIGHT_SUN, {0.6, 0, 0.8}, {0}, {0}, 0, {5, 5, 5}};
    for (int k = 0; k < 3; k++) {
        l.radius = k == 0 ? 0 : (k == 1 ? 0.00465 : 0.2);
        assert_true(fabs(irradiance(&l, origin, up) - 4) < 1e-3);
    }
}

/* Parallel rectangle straight above: Lambert's form of the edge integral. */
static void rectangle_gives_its_irradiance(void **state)
{
    (void)state;
    /* half edges 1 x 0.5 at height 1.5, facing down */
    const hl_light l = {HL_LIGHT_RECTANGLE, {0, 0, 1.5}, {0, 0.5, 0}, {1, 0, 0}, 0, {2, 2, 2}};
    const double a = 1 / 1.5, b = 0.5 / 1.5;
    const double quadrant = (a / sqrt(1 + a * a) * atan(b / sqrt(1 + a * a)) +
                             b / sqrt(1 + b * b) * atan(a / sqrt(1 + b * b))) /
                            2;
    const double want = 4 * quadrant * 2;
    assert_true(fabs(irradiance(&l, origin, up) / want - 1) < 1e-3);
    const double behind[3] = {0, 0, 3}, down[3] = {0, 0, -1};
    assert_true(irradiance(&l, behind, down) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sphere_gives_its_irradiance),
        cmocka_unit_test(draws_end_on_the_lamp),
        cmocka_unit_test(point_falls_with_the_square),
        cmocka_unit_test(sun_gives_its_irradiance_whatever_its_size),
        cmocka_unit_test(rectangle_gives_its_irradiance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
