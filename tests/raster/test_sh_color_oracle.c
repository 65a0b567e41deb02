/* SPDX-License-Identifier: MIT */
/* raster/sh_color.h against spherical harmonics from associated Legendre polynomials, and its
 * gradient against differences, every degree. */
#define HL_REAL double
#include "core/rng.h"
#include "raster/sh_color.h"
#include "tests/check.h"
#include "tests/raster/oracle.h"

enum { TRIALS = 30 };

/* P_l^m(x) with the Condon-Shortley phase, by the standard upward recurrence. */
static double legendre(int l, int m, double x)
{
    double pmm = 1;
    for (int k = 1; k <= m; k++)
        pmm *= -(2 * k - 1) * sqrt(1 - x * x);
    if (l == m)
        return pmm;
    double below = pmm, p = x * (2 * m + 1) * pmm;
    for (int k = m + 2; k <= l; k++) {
        const double next = ((2 * k - 1) * x * p - (k + m - 1) * below) / (k - m);
        below = p;
        p = next;
    }
    return p;
}

/* Real basis function k = l^2 + l + m. */
static double basis(int k, const double d[3])
{
    const int l = k < 1 ? 0 : (k < 4 ? 1 : (k < 9 ? 2 : 3)), m = k - l * l - l;
    const int n = m < 0 ? -m : m;
    const double phi = atan2(d[1], d[0]);
    double ratio = 1; /* (l - n)! / (l + n)! */
    for (int i = l - n + 1; i <= l + n; i++)
        ratio /= i;
    const double scale = sqrt((2 * l + 1) / (4 * acos(-1.0)) * ratio) * legendre(l, n, d[2]);
    if (m == 0)
        return scale;
    return sqrt(2.0) * scale * (m > 0 ? cos(n * phi) : sin(n * phi));
}

typedef struct colored {
    double mean[3], eye[3], sh[48], weight[3];
    int degree;
} colored;

static colored random_colored(uint64_t i, int degree)
{
    hl_rng rng = hl_rng_at(3, (uint64_t)degree, i, HL_RNG_TEST);
    colored c = {.degree = degree};
    for (int k = 0; k < 3; k++) {
        c.mean[k] = 2 * hl_rng_normal(&rng);
        c.eye[k] = hl_rng_normal(&rng);
        c.weight[k] = hl_rng_normal(&rng);
    }
    for (int k = 0; k < 48; k++)
        c.sh[k] = 0.6 * hl_rng_normal(&rng);
    return c;
}

static void color_from_legendre_polynomials(void **state)
{
    (void)state;
    int clamped_seen = 0;
    for (int degree = 0; degree <= 3; degree++)
        for (uint64_t i = 0; i < TRIALS; i++) {
            const colored c = random_colored(i, degree);
            double d[3], length = 0, want[3], got[3];
            int bits = 0;
            for (int k = 0; k < 3; k++)
                length += (c.mean[k] - c.eye[k]) * (c.mean[k] - c.eye[k]);
            for (int k = 0; k < 3; k++)
                d[k] = (c.mean[k] - c.eye[k]) / sqrt(length);
            for (int ch = 0; ch < 3; ch++) {
                want[ch] = 0.5;
                for (int k = 0; k < (degree + 1) * (degree + 1); k++)
                    want[ch] += c.sh[16 * ch + k] * basis(k, d);
                bits |= want[ch] < 0 ? 1 << ch : 0;
                want[ch] = fmax(want[ch], 0);
            }
            assert_int_equal(hl_sh_color(degree, c.mean, c.eye, c.sh, got), bits);
            check_close(got, want, 3, 1e-12, 1e-12);
            clamped_seen += bits != 0;
        }
    assert_true(clamped_seen > 3);
}

static double color_loss(void *ctx)
{
    const colored *c = ctx;
    double rgb[3];
    hl_sh_color(c->degree, c->mean, c->eye, c->sh, rgb);
    return c->weight[0] * rgb[0] + c->weight[1] * rgb[1] + c->weight[2] * rgb[2];
}

static void gradient_against_differences(void **state)
{
    (void)state;
    for (int degree = 0; degree <= 3; degree++)
        for (uint64_t i = 0; i < TRIALS; i++) {
            colored c = random_colored(i, degree);
            double rgb[3], d_sh[48], want_sh[48], d_mean[3] = {1, 2, 3}, want[3], eye[3];
            const int bits = hl_sh_color(degree, c.mean, c.eye, c.sh, rgb);
            memset(d_sh, 0x7f, sizeof d_sh); /* all 48 must be written */
            hl_sh_color_bwd(degree, c.mean, c.eye, c.sh, bits, c.weight, d_sh, d_mean);
            for (int k = 0; k < 48; k++)
                want_sh[k] = oracle_slope(color_loss, &c, &c.sh[k], 1e-4);
            check_close(d_sh, want_sh, 48, 1e-9, 1e-8);
            for (int k = 0; k < 3; k++) {
                d_mean[k] -= k + 1; /* it is accumulated */
                want[k] = oracle_slope(color_loss, &c, &c.mean[k], 1e-4);
                eye[k] = -oracle_slope(color_loss, &c, &c.eye[k], 1e-4);
            }
            check_close(d_mean, want, 3, 1e-8, 1e-7);
            check_close(d_mean, eye, 3, 1e-8, 1e-7);
        }
}

/* A splat at the eye has no direction: colour of degree 0, no gradient of the direction. */
static void splat_at_the_eye(void **state)
{
    (void)state;
    colored c = random_colored(1, 3);
    double rgb[3], d_sh[48], d_mean[3] = {0, 0, 0};
    const double zero[3] = {0, 0, 0};
    memcpy(c.eye, c.mean, sizeof c.eye);
    const int bits = hl_sh_color(3, c.mean, c.eye, c.sh, rgb);
    hl_sh_color_bwd(3, c.mean, c.eye, c.sh, bits, c.weight, d_sh, d_mean);
    for (int k = 0; k < 3; k++)
        assert_true(isfinite(rgb[k]));
    for (int k = 0; k < 48; k++)
        assert_true(isfinite(d_sh[k]));
    check_close(d_mean, zero, 3, 1e-300, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(color_from_legendre_polynomials),
        cmocka_unit_test(gradient_against_differences),
        cmocka_unit_test(splat_at_the_eye),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
