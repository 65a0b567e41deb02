/* SPDX-License-Identifier: MIT */
/* Gradients against central differences in double, for every parameter: of hl_brdf, and of what it
 * gives over many directions at once (relight/fit/baked.h), which is held against their sum too. */
#define HL_REAL double
#include "core/rng.h"
#include "relight/brdf.h"
#include "relight/fit/baked.h"
#include "relight/sampling.h"
#include "tests/check.h"

#include <string.h>

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

/* ---- many directions at once ---------------------------------------------------------------- */

enum { LIGHTS = 24 };

typedef struct gather {
    double eye[3], direction[LIGHTS][3], light[LIGHTS][3];
    hl_baked baked;
} gather;

/* A sky, and one light as strong as all of it. */
static void make_gather(gather *g, uint64_t i)
{
    hl_rng rng = hl_rng_at(8, 0, i, HL_RNG_TEST);
    hl_baked_lobes lobes;
    const double angle = 1.2 * (double)hl_rng_uniform(&rng);
    memset(g, 0, sizeof *g);
    g->eye[0] = sin(angle);
    g->eye[2] = cos(angle);
    hl_baked_lobes_of(g->eye[2], &lobes);
    for (int k = 0; k < LIGHTS; k++) {
        const double n[3] = {0, 0, 1};
        double lobe[HL_BAKED_LEVELS];
        hl_brdf_angles a = {0, 0, 0, 0, {0}};
        hl_sample_cosine(n, (double)hl_rng_uniform(&rng), (double)hl_rng_uniform(&rng),
                         g->direction[k]);
        for (int c = 0; c < 3; c++)
            g->light[k][c] = (k ? 1 : LIGHTS) * (0.2 + (double)hl_rng_uniform(&rng));
        assert_true(hl_brdf_angles_of(n, g->eye, g->direction[k], &a));
        hl_baked_weights(&lobes, &a, lobe);
        hl_baked_add(&g->baked, &a, lobe, g->light[k]);
    }
    hl_baked_finish(&g->baked);
}

static void draw_surface(hl_surface *s, uint64_t i)
{
    hl_rng rng = hl_rng_at(9, 0, i, HL_RNG_TEST);
    const hl_surface up = {{0, 0, 1}, {0, 0, 0}, 0, 0};
    *s = up;
    for (int c = 0; c < 3; c++)
        s->albedo[c] = (double)hl_rng_uniform(&rng);
    s->roughness = 0.1 + 0.85 * (double)hl_rng_uniform(&rng);
    s->metal = (double)hl_rng_uniform(&rng);
}

static void sum_of(const gather *g, const hl_surface *s, double rgb[3])
{
    double diffuse[3], specular[3];
    rgb[0] = rgb[1] = rgb[2] = 0;
    for (int k = 0; k < LIGHTS; k++) {
        hl_brdf(s, HL_BRDF_SMITH, g->eye, g->direction[k], diffuse, specular);
        for (int c = 0; c < 3; c++)
            rgb[c] += g->light[k][c] * (diffuse[c] + specular[c]);
    }
}

/* Exact at the levels, within a few percent of a lobe between them. */
static void baked_light_is_the_sum_over_its_directions(void **state)
{
    (void)state;
    double most = 0;
    for (uint64_t i = 0; i < 200; i++) {
        gather g;
        hl_surface s;
        double want[3], got[3];
        make_gather(&g, i);
        draw_surface(&s, i);
        for (int l = 0; l < HL_BAKED_LEVELS; l++) {
            s.roughness = hl_baked_roughness(l);
            sum_of(&g, &s, want);
            hl_baked_radiance(&g.baked, &s, got);
            check_close(got, want, 3, 1e-14, 1e-10);
        }
        draw_surface(&s, i);
        s.metal = 1;
        sum_of(&g, &s, want);
        hl_baked_radiance(&g.baked, &s, got);
        for (int c = 0; c < 3; c++)
            most = fmax(most, fabs(got[c] / want[c] - 1));
    }
    print_message("between levels off by %.4f at most\n", most);
    assert_true(most < 0.085);
}

static double baked_loss(const gather *g, const hl_surface *s, const double d[3])
{
    double rgb[3];
    hl_baked_radiance(&g->baked, s, rgb);
    return hl_dot3(rgb, d);
}

static void baked_gradient_matches_central_differences(void **state)
{
    (void)state;
    const double d[3] = {1, -0.5, 2};
    for (uint64_t i = 0; i < 200; i++) {
        gather g;
        hl_surface s, grad = {{0}, {0}, 0, 0};
        make_gather(&g, i);
        draw_surface(&s, i);
        hl_baked_bwd(&g.baked, &s, d, &grad);
        for (int p = 0; p < 8; p++) {
            const double h = 1e-6, keep = *parameter(&s, p);
            *parameter(&s, p) = keep + h;
            const double above = baked_loss(&g, &s, d);
            *parameter(&s, p) = keep - h;
            const double below = baked_loss(&g, &s, d);
            *parameter(&s, p) = keep;
            const double numeric = (above - below) / (2 * h), got = *parameter(&grad, p);
            assert_true(fabs(got - numeric) <= 1e-6 + 1e-5 * fabs(numeric));
        }
    }
}

static void baked_gradient_has_no_kink_at_a_level(void **state)
{
    (void)state;
    const double d[3] = {1, 1, 1};
    gather g;
    hl_surface s;
    make_gather(&g, 0);
    draw_surface(&s, 0);
    for (int l = 1; l < HL_BAKED_LEVELS - 1; l++) {
        hl_surface below = {{0}, {0}, 0, 0}, above = {{0}, {0}, 0, 0};
        s.roughness = hl_baked_roughness(l) - 1e-9;
        hl_baked_bwd(&g.baked, &s, d, &below);
        s.roughness += 2e-9;
        hl_baked_bwd(&g.baked, &s, d, &above);
        assert_true(fabs(below.roughness) > 1e-3);
        assert_true(fabs(above.roughness - below.roughness) < 1e-5 * fabs(below.roughness));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(baked_light_is_the_sum_over_its_directions),
        cmocka_unit_test(baked_gradient_matches_central_differences),
        cmocka_unit_test(baked_gradient_has_no_kink_at_a_level),
        cmocka_unit_test(gradient_matches_central_differences),
        cmocka_unit_test(gradient_is_added_and_stops_at_the_clamp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
