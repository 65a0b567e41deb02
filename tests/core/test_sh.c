/* SPDX-License-Identifier: MIT */
/* Spherical harmonics against Legendre's recurrence and orthonormality; the colour curves. */
#define HL_REAL double
#include "core/color.h"
#include "core/rng.h"
#include "core/sh.h"
#include "tests/check.h"

#include <string.h>

static const double PI = 3.14159265358979323846;

/* Associated Legendre function without the Condon-Shortley phase, by upward recurrence. */
static double legendre(int l, int m, double x)
{
    double pmm = 1, s = sqrt(1 - x * x);
    for (int i = 1; i <= m; i++)
        pmm *= (2 * i - 1) * s;
    if (l == m)
        return pmm;
    double p1 = x * (2 * m + 1) * pmm, p0 = pmm;
    for (int n = m + 2; n <= l; n++) {
        const double p = (x * (2 * n - 1) * p1 - (n + m - 1) * p0) / (n - m);
        p0 = p1;
        p1 = p;
    }
    return p1;
}

static double factorial(int n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}

/* Real harmonic from its definition in angles, with (-1)^m for every m. */
static double definition(int l, int m, const double d[3])
{
    const int k = m < 0 ? -m : m;
    const double phi = atan2(d[1], d[0]), sign = k % 2 ? -1 : 1;
    const double norm = sqrt((2 * l + 1) / (4 * PI) * factorial(l - k) / factorial(l + k));
    const double p = norm * legendre(l, k, d[2]);
    if (m == 0)
        return p;
    return sign * sqrt(2.0) * p * (m > 0 ? cos(k * phi) : sin(k * phi));
}

static void random_direction(hl_rng *rng, double d[3])
{
    double n = 0;
    for (int i = 0; i < 3; i++) {
        d[i] = hl_rng_normal(rng);
        n += d[i] * d[i];
    }
    for (int i = 0; i < 3; i++)
        d[i] /= sqrt(n);
}

static void basis_matches_the_definition(void **state)
{
    (void)state;
    hl_rng rng = hl_rng_at(1, 0, 0, HL_RNG_TEST);
    for (int i = 0; i < 200; i++) {
        double d[3], got[HL_SH_COEFFS_MAX], want[HL_SH_COEFFS_MAX];
        random_direction(&rng, d);
        hl_sh_basis(3, d, got);
        for (int l = 0; l <= 3; l++)
            for (int m = -l; m <= l; m++)
                want[l * l + l + m] = definition(l, m, d);
        check_close(got, want, HL_SH_COEFFS_MAX, 1e-13, 0);
    }
}

/* Gauss-Legendre in z (4 nodes: exact to degree 7) by the trapezium rule in angle (16: exact). */
static void basis_is_orthonormal(void **state)
{
    (void)state;
    const double node[4] = {-0.8611363115940526, -0.3399810435848563, 0.3399810435848563,
                            0.8611363115940526};
    const double weight[4] = {0.3478548451374538, 0.6521451548625461, 0.6521451548625461,
                              0.3478548451374538};
    double gram[HL_SH_COEFFS_MAX][HL_SH_COEFFS_MAX] = {{0}};
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 16; b++) {
            const double s = sqrt(1 - node[a] * node[a]), phi = 2 * PI * b / 16;
            const double d[3] = {s * cos(phi), s * sin(phi), node[a]};
            double y[HL_SH_COEFFS_MAX];
            hl_sh_basis(3, d, y);
            for (int i = 0; i < HL_SH_COEFFS_MAX; i++)
                for (int j = 0; j < HL_SH_COEFFS_MAX; j++)
                    gram[i][j] += weight[a] * (2 * PI / 16) * y[i] * y[j];
        }
    for (int i = 0; i < HL_SH_COEFFS_MAX; i++) {
        double want[HL_SH_COEFFS_MAX] = {0};
        want[i] = 1;
        check_close(gram[i], want, HL_SH_COEFFS_MAX, 1e-13, 0);
    }
}

static void lower_degrees_are_prefixes_and_touch_nothing_else(void **state)
{
    (void)state;
    const double d[3] = {0.6, -0.48, 0.64};
    double full[HL_SH_COEFFS_MAX], part[HL_SH_COEFFS_MAX];
    hl_sh_basis(3, d, full);
    for (int degree = 0; degree <= 3; degree++) {
        const int n = hl_sh_coeffs(degree);
        assert_int_equal(n, (degree + 1) * (degree + 1));
        for (int i = 0; i < HL_SH_COEFFS_MAX; i++)
            part[i] = 99;
        hl_sh_basis(degree, d, part);
        check_close(part, full, n, 1e-15, 0);
        for (int i = n; i < HL_SH_COEFFS_MAX; i++)
            assert_true(part[i] == 99);
    }
}

static void gradient_matches_differences(void **state)
{
    (void)state;
    hl_rng rng = hl_rng_at(2, 0, 0, HL_RNG_TEST);
    const double h = 1e-5;
    for (int i = 0; i < 100; i++) {
        double d[3], g[HL_SH_COEFFS_MAX], got[3], numeric[3];
        random_direction(&rng, d);
        for (int k = 0; k < HL_SH_COEFFS_MAX; k++)
            g[k] = hl_rng_normal(&rng);
        const int degree = i % 4;
        hl_sh_basis_bwd(degree, d, g, got);
        for (int c = 0; c < 3; c++) {
            double up[3], down[3], yu[HL_SH_COEFFS_MAX], yd[HL_SH_COEFFS_MAX];
            memcpy(up, d, sizeof up);
            memcpy(down, d, sizeof down);
            up[c] += h;
            down[c] -= h;
            hl_sh_basis(degree, up, yu);
            hl_sh_basis(degree, down, yd);
            numeric[c] = 0;
            for (int k = 0; k < hl_sh_coeffs(degree); k++)
                numeric[c] += g[k] * (yu[k] - yd[k]) / (2 * h);
        }
        check_close(got, numeric, 3, 1e-8, 1e-8);
    }
}

static void the_half_turn_only_changes_signs(void **state)
{
    (void)state;
    hl_rng rng = hl_rng_at(3, 0, 0, HL_RNG_TEST);
    double d[3], y[HL_SH_COEFFS_MAX], turned[HL_SH_COEFFS_MAX];
    random_direction(&rng, d);
    const double rub[3] = {d[0], -d[1], -d[2]};
    hl_sh_basis(3, d, y);
    hl_sh_basis(3, rub, turned);
    for (int k = 0; k < HL_SH_COEFFS_MAX; k++)
        turned[k] *= hl_sh_rub_sign(k);
    check_close(turned, y, HL_SH_COEFFS_MAX, 1e-14, 0);
}

static void srgb_curve_matches_published_values(void **state)
{
    (void)state;
    /* 8-bit values 0, 10, 128, 188, 255 as linear light (IEC 61966-2-1). */
    const double code[5] = {0, 10 / 255.0, 128 / 255.0, 188 / 255.0, 1};
    const double linear[5] = {0, 0.0030352698, 0.2158605, 0.5028865, 1};
    double got[5], back[5];
    for (int i = 0; i < 5; i++) {
        got[i] = hl_linear_from_srgb(code[i]);
        back[i] = hl_srgb_from_linear(got[i]);
    }
    check_close(got, linear, 5, 1e-7, 1e-7);
    check_close(back, code, 5, 1e-12, 0);
    for (int i = 0; i <= 1000; i++) { /* inverse, and rising */
        const double s = i / 1000.0, x = hl_linear_from_srgb(s), again = hl_srgb_from_linear(x);
        check_close(&again, &s, 1, 1e-7, 0);
        assert_true(hl_linear_from_srgb(s + 1e-3) > x);
    }
    const double white[3] = {1, 1, 1}, one = 1, y = hl_luminance(white);
    check_close(&y, &one, 1, 1e-12, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basis_matches_the_definition),
        cmocka_unit_test(basis_is_orthonormal),
        cmocka_unit_test(lower_degrees_are_prefixes_and_touch_nothing_else),
        cmocka_unit_test(gradient_matches_differences),
        cmocka_unit_test(the_half_turn_only_changes_signs),
        cmocka_unit_test(srgb_curve_matches_published_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
