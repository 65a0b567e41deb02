/* SPDX-License-Identifier: MIT */
/* The reference shading of synthetic captures against closed forms. */
#define HL_REAL double

#include "core/vec.h"
#include "datasets/synth/synth_scene.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static const double pi = 3.141592653589793;

static hl_synth_object *add(hl_synth_scene *s, hl_synth_form form, double x, double z, double a,
                            double b, double c)
{
    const double center[3] = {x, 0, z}, size[3] = {a, b, c};
    hl_synth_object *o = &s->objects[s->count++];
    o->shape = hl_synth_shape_make(form, center, size, 0);
    o->texture.pattern = HL_SYNTH_FLAT;
    for (int i = 0; i < 3; i++)
        o->texture.color[0][i] = 1;
    o->roughness = 1;
    return o;
}

static void constant_sky(hl_synth_light *l, double radiance)
{
    memset(l, 0, sizeof *l);
    l->sun_dir[2] = 1;
    for (int i = 0; i < 3; i++)
        l->zenith[i] = l->horizon[i] = l->ground[i] = radiance;
}

static void radiance_at(const hl_synth_scene *s, double x, double y, double z, double rgb[3],
                        hl_synth_surface *surface)
{
    /* Straight down onto the scene, slightly off axis so that nothing is degenerate. */
    const hl_synth_ray ray = {{x, y, z}, {0, 0, -1}};
    hl_synth_radiance(s, &ray, 1e-3, 0, rgb, surface);
}

/* A white convex Lambert body under a sky of constant radiance L shows exactly L: every direction
 * of the hemisphere brings L, and the furnace is closed by the cosine quadrature. */
static void white_furnace(void **state)
{
    (void)state;
    static const hl_synth_form forms[] = {HL_SYNTH_ELLIPSOID, HL_SYNTH_BOX, HL_SYNTH_FRUSTUM};
    for (int k = 0; k < 3; k++) {
        hl_synth_scene s;
        memset(&s, 0, sizeof s);
        add(&s, forms[k], 0, 0, 1, 1, 1);
        constant_sky(&s.light, 0.7);
        check_ok(hl_synth_scene_light(&s, 2));
        for (int i = 0; i < 40; i++) {
            double rgb[3];
            const double want[3] = {0.7, 0.7, 0.7};
            hl_synth_surface surface;
            radiance_at(&s, 0.9 * cos(i) * i / 40, 0.9 * sin(i) * i / 40, 5, rgb, &surface);
            assert_int_equal(surface.object, 0);
            check_close(rgb, want, 3, 1e-6, 0);
        }
        hl_synth_scene_release(&s);
    }
}

/* Light enters solids nowhere: what is shut in a box stays black, however bright the outside. */
static void closed_box_is_dark(void **state)
{
    (void)state;
    hl_synth_scene s;
    memset(&s, 0, sizeof s);
    add(&s, HL_SYNTH_BOX, 0, 0, 2, 2, 2);
    add(&s, HL_SYNTH_ELLIPSOID, 0, 0, 0.5, 0.5, 0.5);
    constant_sky(&s.light, 1);
    s.light.sun[0] = s.light.sun[1] = s.light.sun[2] = 3;
    check_ok(hl_synth_scene_light(&s, 2));
    double rgb[3];
    const double black[3] = {0, 0, 0};
    hl_synth_surface surface;
    const hl_synth_ray ray = {{0.1, 0.1, 1.5}, {0, 0, -1}};
    hl_synth_radiance(&s, &ray, 1e-3, 0, rgb, &surface);
    assert_int_equal(surface.object, 1);
    check_close(rgb, black, 3, 1e-12, 0);
    hl_synth_scene_release(&s);
}

/* A point of a plane below a sphere of radius R whose centre is at distance D, theta off the
 * normal, loses (R / D)^2 cos(theta) of its irradiance where the sphere is wholly above it. */
static void sphere_hides_its_share_of_the_sky(void **state)
{
    (void)state;
    const double radius = 0.5, height = 1.2;
    hl_synth_scene s;
    memset(&s, 0, sizeof s);
    add(&s, HL_SYNTH_BOX, 0, -0.1, 3, 3, 0.1)->texel = 0.05;
    hl_synth_object *ball = add(&s, HL_SYNTH_ELLIPSOID, 0, height, radius, radius, radius);
    memset(ball->texture.color, 0, sizeof ball->texture.color);
    constant_sky(&s.light, 1);
    check_ok(hl_synth_scene_light(&s, 0));
    double got[9], want[9];
    for (int i = 0; i < 9; i++) {
        const double x = 0.25 * i, d = hypot(x, height);
        hl_synth_surface at = {.position = {x, 0, 0}, .normal = {0, 0, 1}};
        double rgb[3];
        hl_synth_scene_irradiance(&s, &at, rgb);
        got[i] = rgb[0] / pi;
        want[i] = 1 - pow(radius / d, 2) * height / d;
    }
    check_close(got, want, 9, 0.025, 0); /* 144 directions: single points are coarse ... */
    double bias = 0;
    for (int i = 0; i < 9; i++)
        bias += (got[i] - want[i]) / 9;
    assert_true(fabs(bias) < 0.01); /* ... but not one-sided */
    hl_synth_scene_release(&s);
}

/* One diffuse bounce between a floor and a wall at right angles, both infinite in one axis and
 * wide: on the floor at distance x from the wall of height h, the form factor of the wall is
 * (1 - x / sqrt(x^2 + h^2)) / 2.  The wall is evenly lit by a level sun; the floor sees none. */
static void wall_lights_the_floor(void **state)
{
    (void)state;
    hl_synth_scene s;
    memset(&s, 0, sizeof s);
    const double h = 2, albedo = 0.5, sun = 2;
    hl_synth_object *floor_box = add(&s, HL_SYNTH_BOX, 5, -0.1, 5, 60, 0.1);
    hl_synth_object *wall = add(&s, HL_SYNTH_BOX, -0.1, h / 2, 0.1, 60, h / 2);
    floor_box->texel = wall->texel = 0.5;
    for (int i = 0; i < 3; i++) {
        wall->texture.color[0][i] = albedo;
        floor_box->texture.color[0][i] = 0;
    }
    constant_sky(&s.light, 0);
    s.light.sun_dir[0] = 1;
    s.light.sun_dir[2] = 0;
    for (int i = 0; i < 3; i++)
        s.light.sun[i] = sun;
    check_ok(hl_synth_scene_light(&s, 1));
    double got[5], want[5];
    for (int i = 0; i < 5; i++) {
        const double x = 0.75 + i; /* middle of a texel */
        hl_synth_surface at = {.position = {x, 0.25, 0}, .normal = {0, 0, 1}};
        double rgb[3];
        hl_synth_scene_irradiance(&s, &at, rgb);
        got[i] = rgb[1];
        want[i] = albedo * sun * (1 - x / hypot(x, h)) / 2;
    }
    check_close(got, want, 5, 0.02, 0.03);
    hl_synth_scene_release(&s);
}

/* Sphere of radius R, centre (0, 0, H), parallel sun from direction l: on the plane z = 0 its
 * shadow is the ellipse of points whose line along l passes the centre at less than R. */
static void shadow_is_an_ellipse(void **state)
{
    (void)state;
    const double radius = 0.6, height = 1.1, tilt = 0.7;
    hl_synth_scene s;
    memset(&s, 0, sizeof s);
    add(&s, HL_SYNTH_BOX, 0, -0.1, 9, 9, 0.1);
    add(&s, HL_SYNTH_ELLIPSOID, 0, height, radius, radius, radius);
    constant_sky(&s.light, 0);
    s.light.sun_dir[0] = sin(tilt);
    s.light.sun_dir[2] = cos(tilt);
    for (int i = 0; i < 3; i++)
        s.light.sun[i] = pi;
    /* Axes of the ellipse: R across, R / cos(tilt) along; centre -H tan(tilt) along x. */
    const double cx = -height * tan(tilt), a = radius / cos(tilt), b = radius;
    int dark = 0, bright = 0;
    for (int i = 0; i < 4000; i++) {
        const double x = cx + 3 * a * (i % 63 / 31.0 - 1), y = 2 * b * (i / 63 / 31.0 - 1);
        const double e = pow((x - cx) / a, 2) + pow(y / b, 2);
        hl_synth_surface at = {.position = {x, y, 0}, .normal = {0, 0, 1}, .object = 0};
        if (fabs(e - 1) < 1e-3)
            continue;
        assert_int_equal(hl_synth_sun_visible(&s, &at, 0), e > 1);
        dark += e < 1;
        bright += e > 1;
    }
    assert_true(dark > 300 && bright > 300);
    double rgb[3];
    hl_synth_surface surface;
    radiance_at(&s, 2.5, 0.3, 5, rgb, &surface);
    const double want[3] = {cos(tilt), cos(tilt), cos(tilt)}; /* white: E / pi = cos */
    check_close(rgb, want, 3, 1e-9, 0);
}

/* Penumbra: by symmetry half of the disc is seen where the line to its middle grazes the edge of
 * a half plane; the samples of the disc must count that half. */
static void soft_shadow_is_half_at_the_edge(void **state)
{
    (void)state;
    hl_synth_scene s;
    memset(&s, 0, sizeof s);
    add(&s, HL_SYNTH_BOX, 0, -0.1, 9, 9, 0.1);
    add(&s, HL_SYNTH_BOX, -3, 2.05, 3, 9, 0.05); /* its lower edge ends at x = 0, z = 2 */
    constant_sky(&s.light, 0);
    s.light.sun[0] = 1;
    s.light.sun_radius = 0.02;
    int seen = 0;
    for (int32_t i = 0; i < 64; i++) {
        hl_synth_surface at = {.position = {0, 0.1, 0}, .normal = {0, 0, 1}};
        seen += hl_synth_sun_visible(&s, &at, i);
    }
    assert_true(seen >= 30 && seen <= 34);
}

/* Share of light that a GGX surface with Fresnel term 1 returns towards a viewer at cosine `nv`:
 * the integral of D G2 / (4 nv) over light directions, on a plain grid, with the textbook form of
 * the height-correlated Smith term (Heitz 2014, eq. 99). */
static double ggx_albedo(double nv, double roughness)
{
    enum { STEPS = 600 };
    const double a = roughness * roughness, a2 = a * a, sv = sqrt(1 - nv * nv);
    double sum = 0;
    for (int i = 0; i < STEPS; i++)
        for (int j = 0; j < STEPS; j++) {
            const double nl = (i + 0.5) / STEPS, sl = sqrt(1 - nl * nl);
            const double phi = 2 * pi * (j + 0.5) / STEPS;
            const double x = sl * cos(phi) + sv, y = sl * sin(phi), z = nl + nv;
            const double nh = z / sqrt(x * x + y * y + z * z);
            const double d = a2 / (pi * pow(nh * nh * (a2 - 1) + 1, 2));
            const double gv = nl * sqrt(nv * nv * (1 - a2) + a2);
            const double gl = nv * sqrt(nl * nl * (1 - a2) + a2);
            sum += d * 2 * nl * nv / (gv + gl) / (4 * nv) * 2 * pi / STEPS / STEPS;
        }
    return sum;
}

/* Under a constant sky of radiance 1 a white metal shows that share, by its visible normals. */
static void metal_reflects_the_sky(void **state)
{
    (void)state;
    static const double roughness[3] = {0.4, 0.6, 0.9};
    for (int k = 0; k < 6; k++) {
        hl_synth_scene s;
        memset(&s, 0, sizeof s);
        hl_synth_object *o = add(&s, HL_SYNTH_ELLIPSOID, 0, 0, 1, 1, 1);
        o->metallic = 1;
        o->roughness = roughness[k % 3];
        constant_sky(&s.light, 1);
        const double x = k < 3 ? 0.3 : 0.9, nv = sqrt(1 - x * x - 0.01);
        double mean = 0;
        for (int32_t i = 0; i < 256; i++) {
            const hl_synth_ray ray = {{x, 0.1, 5}, {0, 0, -1}};
            hl_synth_surface surface;
            double rgb[3];
            hl_synth_radiance(&s, &ray, 1e-3, i, rgb, &surface);
            assert_true(rgb[0] >= 0 && rgb[0] <= 1 + 1e-12);
            mean += rgb[0] / 256;
        }
        const double want = ggx_albedo(nv, o->roughness);
        check_close(&mean, &want, 1, 0.005, 0);
    }
}

/* Closed form at one configuration: head on (v = l = n), D = 1 / (pi alpha^2), G = 1, F = F0:
 * the sun adds E F0 / (4 pi alpha^2). */
static void sun_highlight_head_on(void **state)
{
    (void)state;
    hl_synth_scene s;
    memset(&s, 0, sizeof s);
    hl_synth_object *o = add(&s, HL_SYNTH_BOX, 0, 0, 1, 1, 1);
    o->specular = 0.04;
    o->roughness = 0.5;
    memset(o->texture.color, 0, sizeof o->texture.color);
    constant_sky(&s.light, 0);
    s.light.sun[0] = s.light.sun[1] = s.light.sun[2] = 2.5;
    double rgb[3];
    hl_synth_surface surface;
    radiance_at(&s, 0.1, 0.2, 5, rgb, &surface);
    const double alpha = 0.25, e = 2.5 * 0.04 / (4 * pi * alpha * alpha);
    const double want[3] = {e, e, e};
    check_close(rgb, want, 3, 1e-9, 1e-9);
}

/* Points of the sample sets: every prefix of 4^k falls one into each square of the grid. */
static void samples_are_stratified(void **state)
{
    (void)state;
    for (int32_t set = 0; set < 3; set++)
        for (int32_t side = 1; side <= 8; side *= 2) {
            uint8_t used[64] = {0};
            for (int32_t i = 0; i < side * side; i++) {
                double uv[2];
                hl_synth_sample(i, set, uv);
                assert_true(uv[0] >= 0 && uv[0] < 1 && uv[1] >= 0 && uv[1] < 1);
                /* The grid is shifted by half: the first point is the middle. */
                const double x = uv[0] + 0.5 - floor(uv[0] + 0.5);
                const double y = uv[1] + 0.5 - floor(uv[1] + 0.5);
                uint8_t *u = &used[(int)(y * side) * side + (int)(x * side)];
                assert_int_equal(*u, 0);
                *u = 1;
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_furnace),
        cmocka_unit_test(closed_box_is_dark),
        cmocka_unit_test(sphere_hides_its_share_of_the_sky),
        cmocka_unit_test(wall_lights_the_floor),
        cmocka_unit_test(shadow_is_an_ellipse),
        cmocka_unit_test(soft_shadow_is_half_at_the_edge),
        cmocka_unit_test(metal_reflects_the_sky),
        cmocka_unit_test(sun_highlight_head_on),
        cmocka_unit_test(samples_are_stratified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
