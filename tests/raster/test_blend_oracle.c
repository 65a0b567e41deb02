/* SPDX-License-Identifier: MIT */
/* raster/blend.h against closed forms: alpha on known ellipses, compositing of three splats
 * written out, moments against differences. */
#define HL_REAL double
#include "core/rng.h"
#include "raster/blend.h"
#include "tests/check.h"
#include "tests/raster/oracle.h"

enum { TRIALS = 40 };

/* Conic of an ellipse with standard deviations s along the angle, t across it. */
static void conic_of(double s, double t, double angle, double conic[3])
{
    const double c = cos(angle), n = sin(angle), u = 1 / (s * s), v = 1 / (t * t);
    conic[0] = c * c * u + n * n * v;
    conic[1] = c * n * (u - v);
    conic[2] = n * n * u + c * c * v;
}

static void alpha_on_a_known_ellipse(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TRIALS; i++) {
        hl_rng rng = hl_rng_at(1, 0, i, HL_RNG_TEST);
        const double s = 1 + 3 * hl_rng_uniform(&rng), t = 0.5 + hl_rng_uniform(&rng);
        const double angle = 3 * hl_rng_uniform(&rng), c = cos(angle), n = sin(angle);
        const double along = s * hl_rng_uniform(&rng), across = -t * hl_rng_uniform(&rng);
        double conic[3];
        int clamped;
        conic_of(s, t, angle, conic);
        const double got =
            hl_pair_alpha(c * along - n * across, n * along + c * across, conic, 0.7, &clamped);
        const double want =
            0.7 * exp(-0.5 * along * along / (s * s)) * exp(-0.5 * across * across / (t * t));
        check_close(&got, &want, 1, 1e-14, 1e-13);
        assert_int_equal(clamped, 0);
    }
}

static void alpha_is_cut_at_both_ends(void **state)
{
    (void)state;
    const double conic[3] = {0.25, 0, 0.25}; /* sigma = 2 */
    int clamped;
    /* o exp(-r^2 / 8) = 1 / 255 at this r */
    const double o = 0.5, r = sqrt(8 * log(255 * o));
    assert_true(hl_pair_alpha(r * 0.999999, 0, conic, o, &clamped) > 0);
    assert_true(hl_pair_alpha(0, r * 1.000001, conic, o, &clamped) == 0);
    assert_true(hl_pair_alpha(0, 0, conic, 1.0 / 255, &clamped) == 1.0 / 255);
    assert_true(hl_pair_alpha(0, 0, conic, 0.999 / 255, &clamped) == 0);
    assert_true(hl_pair_alpha(0, 0, conic, 0.99, &clamped) == 0.99 && !clamped);
    assert_true(hl_pair_alpha(0, 0, conic, 0.9901, &clamped) == 0.99 && clamped);
    assert_true(hl_pair_alpha(0, 0, conic, 1, &clamped) == 0.99 && clamped);
    assert_true(hl_pair_alpha(2, 0, conic, 1, &clamped) < 0.61 && !clamped);
    assert_true(hl_pair_alpha((double)NAN, 0, conic, 1, &clamped) == 0);
}

static void pixel_stops_before_it_would_be_too_dark(void **state)
{
    (void)state;
    assert_int_equal(hl_pair_stops(1, 0.99), 0);
    assert_int_equal(hl_pair_stops(0.0101, 0.99), 0);
    assert_int_equal(hl_pair_stops(0.0099, 0.99), 1);
    assert_int_equal(hl_pair_stops(1.01e-4, 1.0 / 255), 0);
    assert_int_equal(hl_pair_stops(1.002e-4, 1.0 / 255), 1);
}

/* C = a0 v0 + (1-a0) a1 v1 + (1-a0)(1-a1) a2 v2 + (1-a0)(1-a1)(1-a2) bg, derived by hand. */
static void three_splats_by_hand(void **state)
{
    (void)state;
    const double a[3] = {0.3, 0.8, 0.6}, v[3] = {2, -1, 5}, bg = 0.7;
    const double b0 = 1 - a[0], b1 = 1 - a[1], b2 = 1 - a[2];
    const double want[3] = {v[0] - a[1] * v[1] - b1 * a[2] * v[2] - b1 * b2 * bg,
                            b0 * (v[1] - a[2] * v[2] - b2 * bg), b0 * b1 * (v[2] - bg)};
    double rest = a[0] * v[0] + b0 * a[1] * v[1] + b0 * b1 * a[2] * v[2] + b0 * b1 * b2 * bg;
    double t = 1, got[3];
    for (int k = 0; k < 3; k++) {
        got[k] = hl_pair_alpha_bwd(t, a[k], v[k], &rest);
        t *= 1 - a[k];
    }
    check_close(got, want, 3, 1e-14, 1e-13);
    const double left = t * bg;
    check_close(&rest, &left, 1, 1e-14, 0);
}

/* L = sum over pixels of k_p o exp(-q_p / 2), as a function of mu, K and o. */
typedef struct blob {
    double mu[2], conic[3], opacity;
    double weight[25];
} blob;

static double blob_alpha(const blob *b, int p, double d[2])
{
    d[0] = p % 5 - b->mu[0];
    d[1] = p / 5 - b->mu[1];
    const double q =
        b->conic[0] * d[0] * d[0] + 2 * b->conic[1] * d[0] * d[1] + b->conic[2] * d[1] * d[1];
    return b->opacity * exp(-q / 2);
}

static double blob_loss(void *ctx)
{
    const blob *b = ctx;
    double sum = 0, d[2];
    for (int p = 0; p < 25; p++)
        sum += b->weight[p] * blob_alpha(b, p, d);
    return sum;
}

static void moments_against_differences(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TRIALS; i++) {
        hl_rng rng = hl_rng_at(2, 0, i, HL_RNG_TEST);
        blob b = {.mu = {1 + 2 * hl_rng_uniform(&rng), 1 + 2 * hl_rng_uniform(&rng)},
                  .conic = {1 + hl_rng_uniform(&rng), hl_rng_uniform(&rng) - 0.5,
                            1 + hl_rng_uniform(&rng)},
                  .opacity = 0.2 + 0.5 * hl_rng_uniform(&rng)};
        double m[6] = {0}, d[2];
        for (int p = 0; p < 25; p++) {
            b.weight[p] = hl_rng_normal(&rng);
            const double g = -b.weight[p] * blob_alpha(&b, p, d) / 2;
            const double term[6] = {
                g, g * d[0], g * d[1], g * d[0] * d[0], g * d[0] * d[1], g * d[1] * d[1]};
            for (int k = 0; k < 6; k++)
                m[k] += term[k];
        }
        double got[6], want[6];
        hl_moments_bwd(m, b.conic, b.opacity, got, got + 2, got + 5);
        got[3] *= 2; /* one number stands for both off-diagonal entries */
        for (int k = 0; k < 2; k++)
            want[k] = oracle_slope(blob_loss, &b, &b.mu[k], 1e-3);
        for (int k = 0; k < 3; k++)
            want[2 + k] = oracle_slope(blob_loss, &b, &b.conic[k], 1e-3);
        want[5] = oracle_slope(blob_loss, &b, &b.opacity, 1e-3);
        check_close(got, want, 6, 1e-9, 1e-8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alpha_on_a_known_ellipse),
        cmocka_unit_test(alpha_is_cut_at_both_ends),
        cmocka_unit_test(pixel_stops_before_it_would_be_too_dark),
        cmocka_unit_test(three_splats_by_hand),
        cmocka_unit_test(moments_against_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
