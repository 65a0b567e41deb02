/* SPDX-License-Identifier: MIT */
/* relight/sampling.h, draw by draw: where each number of the unit square goes, against the mappings
 * of the papers written out anew, and moments that tell every axis apart. */
#define HL_REAL double
#include "core/rng.h"
#include "relight/sampling.h"
#include "tests/check.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

static void random_unit(hl_rng *rng, double out[3])
{
    for (int k = 0; k < 3; k++)
        out[k] = (double)hl_rng_normal(rng);
    hl_normalize3(out, out);
}

static void close_to(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        print_message("got %.12g, want %.12g\n", got, want);
    assert_true(fabs(got - want) <= tolerance);
}

/* Angle of v around the axis n, from t towards b. */
static double azimuth(const double v[3], const double t[3], const double b[3])
{
    const double a = atan2(hl_dot3(v, b), hl_dot3(v, t));
    return a < 0 ? a + 2 * pi : a;
}

static void local_directions_keep_their_coordinates(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        hl_rng rng = hl_rng_at(1, 0, i, HL_RNG_TEST);
        double n[3], t[3], b[3], local[3], out[3];
        random_unit(&rng, n);
        hl_sample_frame(n, t, b);
        for (int k = 0; k < 3; k++)
            local[k] = (double)hl_rng_normal(&rng);
        hl_sample_to_world(n, local, out);
        close_to(hl_dot3(out, t), local[0], 1e-12);
        close_to(hl_dot3(out, b), local[1], 1e-12);
        close_to(hl_dot3(out, n), local[2], 1e-12);
    }
}

/* Malley: u1 is the squared radius on the disc, u2 the share of a turn. */
static void cosine_draws_lie_where_the_disc_says(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        hl_rng rng = hl_rng_at(2, 0, i, HL_RNG_TEST);
        const double u1 = (double)hl_rng_uniform(&rng), u2 = (double)hl_rng_uniform(&rng);
        double n[3], t[3], b[3], wi[3];
        random_unit(&rng, n);
        hl_sample_frame(n, t, b);
        hl_sample_cosine(n, u1, u2, wi);
        close_to(hl_dot3(wi, wi), 1, 1e-12);
        close_to(1 - pow(hl_dot3(wi, n), 2), u1, 1e-12);
        if (u1 > 1e-6)
            close_to(azimuth(wi, t, b), 2 * pi * u2, 1e-6);
    }
    double n[3] = {0, 0, 1}, wi[3];
    hl_sample_cosine(n, 1, 0.25, wi); /* rounding above 1 must not make a root of less than 0 */
    assert_true(isfinite(wi[2]) && fabs(wi[2]) < 1e-6);
}

/* A cone: uniform in 1 - cos, up to its height. */
static void cone_draws_fill_the_cone(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        hl_rng rng = hl_rng_at(3, 0, i, HL_RNG_TEST);
        const double u1 = (double)hl_rng_uniform(&rng), u2 = (double)hl_rng_uniform(&rng);
        const double half = 0.01 + 1.5 * (double)hl_rng_uniform(&rng);
        double axis[3], t[3], b[3], wi[3];
        random_unit(&rng, axis);
        hl_sample_frame(axis, t, b);
        const double height = hl_cone_height(sin(half));
        close_to(height, 1 - cos(half), 1e-12);
        hl_sample_cone(axis, height, u1, u2, wi);
        close_to(hl_dot3(wi, wi), 1, 1e-12);
        close_to(1 - hl_dot3(wi, axis), u1 * (1 - cos(half)), 1e-12);
        if (u1 > 1e-6)
            close_to(azimuth(wi, t, b), 2 * pi * u2, 1e-6);
    }
}

/* Means of odd and even functions of the direction under the density, by quadrature over the
 * sphere, against those of draws: tells every axis and sign of the mapping. */
static void expect_moments(const double wo[3])
{
    enum { GRID = 240, DRAWS = 40000, MOMENTS = 7 };
    const double n[3] = {0, 0, 1}, rough = 0.55, alpha2 = hl_brdf_alpha2(rough);
    double want[MOMENTS] = {0}, got[MOMENTS] = {0};
    for (int i = 0; i < GRID; i++)
        for (int j = 0; j < 2 * GRID; j++) {
            const double c = 2 * (i + 0.5) / GRID - 1, phi = pi * (j + 0.5) / GRID;
            const double s = sqrt(1 - c * c), wi[3] = {s * cos(phi), s * sin(phi), c};
            double h[3];
            for (int k = 0; k < 3; k++)
                h[k] = wo[k] + wi[k];
            hl_normalize3(h, h);
            const double nh = hl_dot3(n, h);
            if (nh <= 0 || hl_dot3(wo, h) <= 0)
                continue;
            const double weight = hl_ggx_vndf_pdf(wo[2], nh, alpha2) * 2 * pi / (GRID * GRID);
            const double m[MOMENTS] = {
                1, wi[0], wi[1], wi[2], wi[0] * wi[1], wi[0] * wi[2], wi[1] * wi[2]};
            for (int k = 0; k < MOMENTS; k++)
                want[k] += weight * m[k];
        }
    for (uint64_t i = 0; i < DRAWS; i++) {
        const double shift[2] = {0.25, 0.625};
        double u[2], wi[3];
        hl_sample_square((uint32_t)i, DRAWS, shift, u);
        hl_sample_vndf(n, wo, alpha2, u[0], u[1], wi);
        close_to(hl_dot3(wi, wi), 1, 1e-9);
        const double m[MOMENTS] = {
            1, wi[0], wi[1], wi[2], wi[0] * wi[1], wi[0] * wi[2], wi[1] * wi[2]};
        for (int k = 0; k < MOMENTS; k++)
            got[k] += m[k] / DRAWS;
    }
    for (int k = 0; k < MOMENTS; k++)
        close_to(got[k], want[k], 2e-3);
}

static void visible_normals_have_the_moments_of_their_density(void **state)
{
    (void)state;
    const double n[3] = {0, 0, 1}, alpha2 = hl_brdf_alpha2(0.55);
    const double steep[3] = {0.48, -0.36, 0.8}, grazing[3] = {0.784, -0.588, 0.2};
    double wi[3];
    expect_moments(steep);
    expect_moments(grazing);
    const double up[3] = {0, 0, 1}; /* seen from above: any frame will do, but it must be one */
    hl_sample_vndf(n, up, alpha2, 1, 0.3, wi);
    close_to(hl_dot3(wi, wi), 1, 1e-9);
}

/* i / n and the mirrored bits of i, both moved and wrapped. */
static void the_square_is_hammersley_moved(void **state)
{
    (void)state;
    enum { N = 48 };
    for (uint64_t trial = 0; trial < 20; trial++) {
        hl_rng rng = hl_rng_at(4, 0, trial, HL_RNG_TEST);
        const double shift[2] = {(double)hl_rng_uniform(&rng), (double)hl_rng_uniform(&rng)};
        for (uint32_t i = 0; i < N; i++) {
            double mirrored = 0, digit = 0.5, u[2];
            for (uint32_t rest = i; rest; rest >>= 1, digit /= 2)
                mirrored += digit * (rest & 1);
            hl_sample_square(i, N, shift, u);
            close_to(u[0], fmod((double)i / N + shift[0], 1), 1e-7);
            close_to(u[1], fmod(mirrored + shift[1], 1), 1e-7);
        }
    }
    const double edge[2] = {0.5, 0.5}; /* exactly 1 wraps to 0 */
    double u[2];
    hl_sample_square(N / 2, N, edge, u);
    assert_true(u[0] == 0);
    hl_sample_square(1, N, edge, u);
    assert_true(u[1] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_directions_keep_their_coordinates),
        cmocka_unit_test(cosine_draws_lie_where_the_disc_says),
        cmocka_unit_test(cone_draws_fill_the_cone),
        cmocka_unit_test(visible_normals_have_the_moments_of_their_density),
        cmocka_unit_test(the_square_is_hammersley_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
