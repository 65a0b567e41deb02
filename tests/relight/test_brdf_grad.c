/* SPDX-License-Identifier: MIT */
/* hl_brdf_bwd against central differences in double, for every parameter. */
#define HL_REAL double
#include "core/rng.h"
#include "relight/brdf.h"
#include "tests/check.h"

static double loss(const hl_surface *s, const double wo[3], const double wi[3], const double d[3])
{
    double diffuse[3], specular[3], sum = 0;
    hl_brdf(s, HL_BRDF_SMITH, wo, wi, diffuse, specular);
    for (int c = 0; c < 3; c++)
        sum += d[c] * (diffuse[c] + specular[c]);
    return sum;
}

/* The i-th of the eight parameters. */
static double *parameter(hl_surface *s, int i)
{
    if (i < 3)
        return &s->albedo[i];
    return i < 6 ? &s->normal[i - 3] : (i == 6 ? &s->roughness : &s->metal);
}

static void gradient_matches_central_differences(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        hl_rng rng = hl_rng_at(7, 0, i, HL_RNG_TEST);
        hl_surface s = {{0.1, -0.2, 0}, {0, 0, 0}, 0, 0}, grad = {{0}, {0}, 0, 0};
        s.normal[2] = sqrt(1 - 0.05);
        for (int c = 0; c < 3; c++)
            s.albedo[c] = hl_rng_uniform(&rng);
        s.roughness = 0.15 + 0.85 * hl_rng_uniform(&rng);
        s.metal = hl_rng_uniform(&rng);
        double w[2][3], d[3];
        for (int k = 0; k < 2; k++) {
            for (int c = 0; c < 3; c++)
                w[k][c] = hl_rng_normal(&rng) + (c == 2 ? 2 : 0);
            hl_normalize3(w[k], w[k]);
            if (hl_dot3(w[k], s.normal) < 0.05)
                w[k][0] = w[k][1] = 0, w[k][2] = 1;
        }
        for (int c = 0; c < 3; c++)
            d[c] = hl_rng_normal(&rng);
        hl_brdf_bwd(&s, w[0], w[1], d, &grad);
        for (int p = 0; p < 8; p++) {
            const double h = 1e-6, keep = *parameter(&s, p);
            *parameter(&s, p) = keep + h;
            const double above = loss(&s, w[0], w[1], d);
            *parameter(&s, p) = keep - h;
            const double below = loss(&s, w[0], w[1], d);
            *parameter(&s, p) = keep;
            const double numeric = (above - below) / (2 * h), got = *parameter(&grad, p);
            assert_true(fabs(got - numeric) <= 1e-7 + 1e-6 * fabs(numeric));
        }
    }
}

static void gradient_is_added_and_stops_at_the_clamp(void **state)
{
    (void)state;
    const double wo[3] = {0.6, 0, 0.8}, wi[3] = {-0.6, 0, 0.8}, d[3] = {1, 1, 1};
    const hl_surface s = {{0, 0, 1}, {0.5, 0.5, 0.5}, 0.05, 0.5};
    hl_surface once = {{0}, {0}, 0, 0}, twice = {{0}, {0}, 0, 0};
    hl_brdf_bwd(&s, wo, wi, d, &once);
    hl_brdf_bwd(&s, wo, wi, d, &twice);
    hl_brdf_bwd(&s, wo, wi, d, &twice);
    assert_true(once.roughness == 0);
    assert_true(once.albedo[0] != 0);
    assert_true(twice.albedo[0] == 2 * once.albedo[0]);
    const double under[3] = {0, 0, -1};
    hl_surface none = {{0}, {0}, 0, 0};
    hl_brdf_bwd(&s, under, wi, d, &none);
    assert_true(none.albedo[0] == 0 && none.normal[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_matches_central_differences),
        cmocka_unit_test(gradient_is_added_and_stops_at_the_clamp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
