/* SPDX-License-Identifier: MIT */
/* The generators against published vectors, the distributions against their moments. */
#include "core/rng.h"
#include "tests/check.h"

enum { DRAWS = 200000 };

/* First outputs of pcg32 for seed 42, sequence 54: the demo of the reference implementation. */
static void pcg32_matches_the_published_vector(void **state)
{
    (void)state;
    const uint32_t want[6] = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
                              0x83d2f293, 0xbfa4784b, 0xcbed606e};
    hl_rng rng = {0, (54u << 1) | 1u};
    hl_rng_u32(&rng);
    rng.state += 42;
    hl_rng_u32(&rng);
    for (int i = 0; i < 6; i++)
        assert_int_equal(hl_rng_u32(&rng), want[i]);
}

/* SplitMix64 from seed 1234567: widely published test vector. */
static void splitmix64_matches_the_published_vector(void **state)
{
    (void)state;
    const uint64_t gamma = 0x9e3779b97f4a7c15u;
    assert_true(hl_rng_mix(1234567) == 6457827717110365317u);
    assert_true(hl_rng_mix(1234567 + gamma) == 3203168211198807973u);
    assert_true(hl_rng_mix(1234567 + 2 * gamma) == 9817491932198370423u);
}

static void a_stream_is_a_pure_function_of_its_key(void **state)
{
    (void)state;
    hl_rng a = hl_rng_at(1, 2, 3, HL_RNG_TEST), b = hl_rng_at(1, 2, 3, HL_RNG_TEST);
    for (int i = 0; i < 10; i++)
        assert_int_equal(hl_rng_u32(&a), hl_rng_u32(&b));
}

static void every_part_of_the_key_matters(void **state)
{
    (void)state;
    hl_rng base = hl_rng_at(1, 2, 3, HL_RNG_TEST);
    hl_rng other[] = {hl_rng_at(2, 2, 3, HL_RNG_TEST), hl_rng_at(1, 3, 3, HL_RNG_TEST),
                      hl_rng_at(1, 2, 4, HL_RNG_TEST), hl_rng_at(1, 2, 3, HL_RNG_NOISE),
                      hl_rng_at(2, 1, 3, HL_RNG_TEST), hl_rng_at(1, 3, 2, HL_RNG_TEST)};
    const uint32_t first = hl_rng_u32(&base), second = hl_rng_u32(&base);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        const uint32_t a = hl_rng_u32(&other[i]), b = hl_rng_u32(&other[i]);
        assert_false(a == first && b == second);
    }
}

/* Over neighbouring elements, first draw of each: the use that matters. */
static void uniform_moments_and_range(void **state)
{
    (void)state;
    double sum = 0, sum2 = 0, lag = 0, last = 0.5;
    for (int i = 0; i < DRAWS; i++) {
        hl_rng rng = hl_rng_at(7, 11, (uint64_t)i, HL_RNG_TEST);
        const double x = (double)hl_rng_uniform(&rng);
        assert_true(x >= 0 && x < 1);
        sum += x;
        sum2 += x * x;
        lag += (x - 0.5) * (last - 0.5);
        last = x;
    }
    /* Standard errors: mean sqrt(1/12/n), second moment sqrt(4/45/n), lag 1/12/sqrt(n); five of. */
    const double n = DRAWS, root = sqrt(n);
    assert_true(fabs(sum / n - 0.5) < 5 * 0.28868 / root);
    assert_true(fabs(sum2 / n - 1.0 / 3) < 5 * 0.29814 / root);
    assert_true(fabs(lag / n) < 5 * 0.08333 / root);
}

static void normal_moments(void **state)
{
    (void)state;
    hl_rng rng = hl_rng_at(3, 0, 0, HL_RNG_TEST);
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
    for (int i = 0; i < DRAWS; i++) {
        const double x = (double)hl_rng_normal(&rng);
        assert_true(isfinite(x));
        m1 += x;
        m2 += x * x;
        m3 += x * x * x;
        m4 += x * x * x * x;
    }
    const double n = DRAWS, root = sqrt(n); /* variances 1, 2, 15, 96 */
    assert_true(fabs(m1 / n) < 5 * 1 / root);
    assert_true(fabs(m2 / n - 1) < 5 * 1.41421 / root);
    assert_true(fabs(m3 / n) < 5 * 3.87298 / root);
    assert_true(fabs(m4 / n - 3) < 5 * 9.79796 / root);
}

static void below_is_even_and_in_range(void **state)
{
    (void)state;
    hl_rng rng = hl_rng_at(5, 0, 0, HL_RNG_TEST);
    int counts[7] = {0};
    for (int i = 0; i < 70000; i++) {
        const uint32_t k = hl_rng_below(&rng, 7);
        assert_true(k < 7);
        counts[k]++;
    }
    double chi2 = 0;
    for (int i = 0; i < 7; i++)
        chi2 += (counts[i] - 10000.0) * (counts[i] - 10000.0) / 10000.0;
    assert_true(chi2 < 22.46); /* 6 degrees of freedom, p = 0.001 */
    assert_int_equal(hl_rng_below(&rng, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcg32_matches_the_published_vector),
        cmocka_unit_test(splitmix64_matches_the_published_vector),
        cmocka_unit_test(a_stream_is_a_pure_function_of_its_key),
        cmocka_unit_test(every_part_of_the_key_matters),
        cmocka_unit_test(uniform_moments_and_range),
        cmocka_unit_test(normal_moments),
        cmocka_unit_test(below_is_even_and_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
