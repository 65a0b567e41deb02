/* SPDX-License-Identifier: MIT */
/* relight/brdf.h, relight/sampling.h in double against closed forms and a table of directional
 * albedos that was integrated elsewhere (3000^2 quadrature): densities integrate to 1, reciprocity,
 * no energy is made, the estimators agree with each other. */
#define HL_REAL double
#include "core/rng.h"
#include "relight/sampling.h"
#include "tests/check.h"

static const double up[3] = {0, 0, 1};

/* Unit direction at cosine c to z. */
static void tilted(double c, double phi, double out[3])
{
    const double s = sqrt(1 - c * c);
    out[0] = s * cos(phi);
    out[1] = s * sin(phi);
    out[2] = c;
}

static hl_surface mirror_like(double roughness)
{
    /* metal 1, albedo 1: F is 1 in every direction */
    const hl_surface s = {{0, 0, 1}, {1, 1, 1}, roughness, 1};
    return s;
}

/* Mean of f cos / pdf over n x n VNDF samples. */
static double albedo_by_vndf(const hl_surface *s, double cosine, uint32_t n)
{
    double wo[3], wi[3], diffuse[3], specular[3], sum = 0;
    tilted(cosine, 0.3, wo);
    const double alpha2 = hl_brdf_alpha2(s->roughness);
    for (uint32_t i = 0; i < n * n; i++) {
        const double u1 = (i % n + 0.5) / n, u2 = ((double)(i / n) + 0.5) / n;
        hl_sample_vndf(s->normal, wo, alpha2, u1, u2, wi);
        hl_brdf_angles a;
        if (!hl_brdf_angles_of(s->normal, wo, wi, &a))
            continue;
        hl_brdf(s, HL_BRDF_SMITH, wo, wi, diffuse, specular);
        sum += specular[1] / hl_ggx_vndf_pdf(a.no, a.nh, alpha2);
    }
    return sum / ((double)n * n);
}

static void directional_albedo_matches_the_table(void **state)
{
    (void)state;
    static const double cosines[5] = {0.1, 0.25, 0.5, 0.75, 1.0};
    static const double table[8][6] = {
        {0.1, 0.9942, 0.9991, 0.9998, 0.9999, 1.0000},
        {0.2, 0.9290, 0.9836, 0.9955, 0.9976, 0.9983},
        {0.3, 0.8843, 0.9317, 0.9751, 0.9865, 0.9907},
        {0.4, 0.8883, 0.8761, 0.9264, 0.9546, 0.9677},
        {0.5, 0.8916, 0.8401, 0.8573, 0.8915, 0.9158},
        {0.6, 0.8824, 0.8084, 0.7821, 0.7995, 0.8245},
        {0.8, 0.8331, 0.7181, 0.6212, 0.5755, 0.5552},
        {1.0, 0.7602, 0.5976, 0.4507, 0.3645, 0.3069},
    };
    for (int r = 0; r < 8; r++)
        for (int c = 0; c < 5; c++) {
            const hl_surface s = mirror_like(table[r][0]);
            const double got = albedo_by_vndf(&s, cosines[c], 200);
            if (fabs(got - table[r][c + 1]) > 0.003 * table[r][c + 1])
                print_message("r %g c %g: %g, not %g\n", table[r][0], cosines[c], got,
                              table[r][c + 1]);
            assert_true(fabs(got - table[r][c + 1]) <= 0.003 * table[r][c + 1]);
        }
    const hl_surface rough = mirror_like(1);
    assert_true(fabs(albedo_by_vndf(&rough, 1, 400) - (1 - log(2))) < 0.002 * (1 - log(2)));
}

static void dielectric_albedo_matches_the_table(void **state)
{
    (void)state;
    static const double table[5][2] = {
        {0.2, 0.0399}, {0.4, 0.0387}, {0.6, 0.0330}, {0.8, 0.0223}, {1.0, 0.0123}};
    for (int i = 0; i < 5; i++) {
        const hl_surface s = {{0, 0, 1}, {0.5, 0.5, 0.5}, table[i][0], 0};
        assert_true(fabs(albedo_by_vndf(&s, 1, 300) - table[i][1]) < 1e-4);
    }
}

/* Densities over the sphere of i by a fine grid in (cos, phi). */
static void densities_integrate_to_one(void **state)
{
    (void)state;
    enum { N = 700 };
    for (int k = 0; k < 6; k++) {
        const double roughness = k < 3 ? 0.3 : 0.8, cosine = 0.25 + 0.3 * (k % 3);
        const double alpha2 = hl_brdf_alpha2(roughness);
        double wo[3], wi[3], vndf = 0, cos_sum = 0;
        tilted(cosine, 1.1, wo);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                const double z = -1 + 2 * (i + 0.5) / N, angle = 4 * HL_PI / ((double)N * N);
                double h[3];
                tilted(z, 2 * HL_PI * (j + 0.5) / N, wi);
                for (int c = 0; c < 3; c++)
                    h[c] = wo[c] + wi[c];
                hl_normalize3(h, h);
                if (h[2] > 0 && hl_dot3(wo, h) > 0)
                    vndf += angle * hl_ggx_vndf_pdf(wo[2], h[2], alpha2);
                cos_sum += angle * fmax(z, 0) / HL_PI;
            }
        assert_true(fabs(vndf - 1) < 1e-3);
        assert_true(fabs(cos_sum - 1) < 1e-3);
    }
}

/* The samplers draw what their densities say: means of z and x over samples and over the grid. */
static void samples_follow_their_density(void **state)
{
    (void)state;
    enum { N = 500, GRID = 900 };
    const double normal[3] = {0.48, -0.6, 0.64}, alpha2 = hl_brdf_alpha2(0.55);
    double wo[3], wi[3], t[3], b[3], h[3];
    hl_sample_frame(normal, t, b);
    for (int k = 0; k < 3; k++)
        wo[k] = 0.6 * t[k] + 0.8 * normal[k];
    double drawn[3] = {0}, wanted[3] = {0};
    for (int i = 0; i < N * N; i++) {
        hl_sample_vndf(normal, wo, alpha2, (i % N + 0.5) / N, ((double)(i / N) + 0.5) / N, wi);
        for (int k = 0; k < 3; k++)
            drawn[k] += wi[k] / (N * N);
    }
    for (int i = 0; i < GRID * GRID; i++) {
        tilted(-1 + 2 * (i % GRID + 0.5) / GRID, 2 * HL_PI * ((double)(i / GRID) + 0.5) / GRID, wi);
        for (int c = 0; c < 3; c++)
            h[c] = wo[c] + wi[c];
        hl_normalize3(h, h);
        if (hl_dot3(normal, h) <= 0)
            continue;
        const double p = hl_ggx_vndf_pdf(0.8, hl_dot3(normal, h), alpha2);
        for (int k = 0; k < 3; k++)
            wanted[k] += p * wi[k] * 4 * HL_PI / ((double)GRID * GRID);
    }
    check_close(drawn, wanted, 3, 2e-3, 0);

    double axis_mean = 0, below = 0;
    for (int i = 0; i < N * N; i++) {
        hl_sample_cosine(normal, (i % N + 0.5) / N, ((double)(i / N) + 0.5) / N, wi);
        axis_mean += hl_dot3(wi, normal) / (N * N);
        hl_sample_cone(normal, 0.3, (i % N + 0.5) / N, ((double)(i / N) + 0.5) / N, wi);
        below = fmax(below, 1 - hl_dot3(wi, normal));
    }
    assert_true(fabs(axis_mean - 2.0 / 3) < 1e-4);
    assert_true(below < 0.3 && below > 0.299);
}

static void frames_are_right_handed(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        hl_rng rng = hl_rng_at(1, 0, i, HL_RNG_TEST);
        double n[3] = {hl_rng_normal(&rng), hl_rng_normal(&rng), hl_rng_normal(&rng)};
        double t[3], b[3], cross[3];
        if (i < 2) {
            n[0] = n[1] = 0;
            n[2] = i ? -1 : 1;
        }
        hl_normalize3(n, n);
        hl_sample_frame(n, t, b);
        hl_cross3(t, b, cross);
        check_close(cross, n, 3, 1e-12, 0);
        assert_true(fabs(hl_dot3(t, n)) < 1e-12);
        assert_true(fabs(hl_dot3(t, t) - 1) < 1e-12);
    }
}

/* f(o, i) = f(i, o) for both models; the cosine is divided out. */
static void light_paths_can_be_walked_backwards(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 400; i++) {
        hl_rng rng = hl_rng_at(2, 0, i, HL_RNG_TEST);
        double o[3], w[3], a[2][3], b[2][3];
        tilted(0.05 + 0.95 * hl_rng_uniform(&rng), 6 * hl_rng_uniform(&rng), o);
        tilted(0.05 + 0.95 * hl_rng_uniform(&rng), 6 * hl_rng_uniform(&rng), w);
        const hl_surface s = {
            {0, 0, 1}, {0.2, 0.5, 0.9}, hl_rng_uniform(&rng), hl_rng_uniform(&rng)};
        for (int m = 0; m < 2; m++) {
            hl_brdf(&s, (hl_brdf_model)m, o, w, a[0], a[1]);
            hl_brdf(&s, (hl_brdf_model)m, w, o, b[0], b[1]);
            for (int lobe = 0; lobe < 2; lobe++)
                for (int c = 0; c < 3; c++)
                    assert_true(fabs(a[lobe][c] / w[2] - b[lobe][c] / o[2]) <
                                1e-9 * (1 + a[lobe][c] / w[2]));
        }
    }
}

/* A white Lambertian shows exactly a; the whole surface never sends out more than it gets. */
static void no_light_is_made(void **state)
{
    (void)state;
    enum { N = 64 };
    double wo[3], wi[3], diffuse[3], specular[3], lambert = 0;
    const hl_surface s = {{0, 0, 1}, {0.8, 0.8, 0.8}, 0.5, 0};
    tilted(0.6, 0, wo);
    for (int i = 0; i < N * N; i++) {
        hl_sample_cosine(up, (i % N + 0.5) / N, ((double)(i / N) + 0.5) / N, wi);
        hl_brdf(&s, HL_BRDF_SMITH, wo, wi, diffuse, specular);
        lambert += diffuse[0] / (wi[2] / HL_PI) / (N * N);
    }
    assert_true(fabs(lambert - 0.8) < 0.002 * 0.8);
    for (int r = 1; r <= 10; r++)
        for (int c = 1; c <= 10; c++) {
            const hl_surface m = mirror_like(0.1 * r);
            assert_true(albedo_by_vndf(&m, 0.1 * c, 60) < 1.002);
        }
}

static void fresnel_has_its_known_values(void **state)
{
    (void)state;
    /* Index 1.5: 0.04 at normal incidence; at Brewster's angle tan = 1.5 only the s part is left,
     * ((n^2 - 1) / (n^2 + 1))^2 / 2 = 0.07396. */
    const double brewster = cos(atan(1.5));
    const double f = 0.04 + 0.96 * hl_fresnel_dielectric_weight(brewster);
    assert_true(fabs(f - 0.5 * pow(1.25 / 3.25, 2)) < 1e-12);
    assert_true(fabs(hl_fresnel_dielectric_weight(1)) < 1e-12);
    assert_true(fabs(hl_fresnel_dielectric_weight(0) - 1) < 1e-12);
    assert_true(fabs(hl_fresnel_weight(0.5) - 1.0 / 32) < 1e-15);
}

/* Principled model: Burley's diffuse lobe as he wrote it (2012, section 5.3), GGX with a Smith term
 * for each direction (Walter et al. 2007, eq. 34), Fresnel of index 1.5. */
static void principled_is_the_published_formula(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        hl_rng rng = hl_rng_at(6, 0, i, HL_RNG_TEST);
        double o[3], w[3], h[3], diffuse[3], specular[3];
        tilted(0.05 + 0.95 * (double)hl_rng_uniform(&rng), 6 * (double)hl_rng_uniform(&rng), o);
        tilted(0.05 + 0.95 * (double)hl_rng_uniform(&rng), 6 * (double)hl_rng_uniform(&rng), w);
        const double rough = 0.1 + 0.9 * (double)hl_rng_uniform(&rng), alpha = rough * rough;
        const hl_surface s = {{0, 0, 1}, {0.2, 0.5, 0.9}, rough, 0};
        for (int k = 0; k < 3; k++)
            h[k] = o[k] + w[k];
        hl_normalize3(h, h);
        const double half = hl_dot3(o, h), f90 = 0.5 + 2 * rough * half * half;
        const double lobe = (1 + (f90 - 1) * pow(1 - w[2], 5)) * (1 + (f90 - 1) * pow(1 - o[2], 5));
        const double tan2 = 1 / (h[2] * h[2]) - 1;
        const double d = alpha * alpha / (HL_PI * pow(h[2], 4) * pow(alpha * alpha + tan2, 2));
        double g = 1;
        const double cosine[2] = {o[2], w[2]};
        for (int k = 0; k < 2; k++)
            g *= 2 / (1 + sqrt(1 + alpha * alpha * (1 / (cosine[k] * cosine[k]) - 1)));
        const double f = 0.04 + 0.96 * hl_fresnel_dielectric_weight(half);
        hl_brdf(&s, HL_BRDF_PRINCIPLED, o, w, diffuse, specular);
        for (int c = 0; c < 3; c++)
            assert_true(fabs(diffuse[c] - s.albedo[c] / HL_PI * w[2] * lobe) < 1e-12);
        const double want = d * g * f / (4 * o[2]);
        assert_true(fabs(specular[1] - want) < 1e-9 * (1 + want));
    }
}

static void below_the_surface_is_black(void **state)
{
    (void)state;
    const hl_surface s = mirror_like(0.5);
    double wo[3] = {0.6, 0, 0.8}, wi[3] = {0.6, 0, -0.8}, d[3] = {1, 1, 1}, f[3] = {1, 1, 1};
    assert_int_equal(hl_brdf(&s, HL_BRDF_SMITH, wo, wi, d, f), 0);
    assert_true(d[0] == 0 && f[2] == 0);
    assert_int_equal(hl_brdf(&s, HL_BRDF_SMITH, wi, wo, d, f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directional_albedo_matches_the_table),
        cmocka_unit_test(dielectric_albedo_matches_the_table),
        cmocka_unit_test(densities_integrate_to_one),
        cmocka_unit_test(samples_follow_their_density),
        cmocka_unit_test(frames_are_right_handed),
        cmocka_unit_test(light_paths_can_be_walked_backwards),
        cmocka_unit_test(no_light_is_made),
        cmocka_unit_test(fresnel_has_its_known_values),
        cmocka_unit_test(principled_is_the_published_formula),
        cmocka_unit_test(below_the_surface_is_black),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
