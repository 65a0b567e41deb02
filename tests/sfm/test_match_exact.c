/* SPDX-License-Identifier: MIT */
/* Matching against brute force: the two nearest on every instruction set, ties, the largest
 * numbers, odd sizes; ratio, distance and cross-check by their definitions. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/status.h"
#include "sfm/match.h"
#include "sfm/match/nn.h"
#include "tests/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = HL_DESCRIPTOR_BYTES };

typedef enum rows_kind { ROWS_RANDOM, ROWS_FULL, ROWS_FEW_VALUES, ROWS_EQUAL } rows_kind;

static uint8_t *make_rows(int32_t count, uint64_t seed, rows_kind kind)
{
    uint8_t *rows = hl_alloc((size_t)count, DIM);
    assert_non_null(rows);
    for (int64_t i = 0; i < (int64_t)count * DIM; i++) {
        const uint64_t r = hl_rng_mix(seed * 1000003 + (uint64_t)i);
        rows[i] = kind == ROWS_RANDOM       ? (uint8_t)r
                  : kind == ROWS_FULL       ? (uint8_t)(r % 16 ? 255 : 0)
                  : kind == ROWS_FEW_VALUES ? (uint8_t)(i % DIM == 0 ? r % 4 : 7)
                                            : 200;
    }
    return rows;
}

static int64_t product(const uint8_t *a, const uint8_t *b)
{
    int64_t sum = 0;
    for (int k = 0; k < DIM; k++)
        sum += (int64_t)a[k] * b[k];
    return sum;
}

static int descending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* By sorting all products: nothing in common with the search. */
static void check_against_sorting(const hl_nn *got, const uint8_t *query, const uint8_t *base,
                                  int32_t count)
{
    int64_t *all = calloc((size_t)count + 2, sizeof *all);
    for (int32_t i = 0; i < count; i++)
        all[i] = product(query, base + (size_t)i * DIM);
    const int64_t at_best = got->best >= 0 ? all[got->best] : -1;
    for (int32_t i = 0; i < got->best; i++)
        assert_true(all[i] < at_best); /* ties: the lowest index */
    qsort(all, (size_t)count, sizeof *all, descending);
    assert_int_equal(at_best, all[0]);
    assert_int_equal(got->dot, all[0]);
    assert_int_equal(got->second, count > 1 ? all[1] : 0);
    free(all);
}

static void search_is_exact_on(const hl_nn_kernels *kernels)
{
    const int32_t sizes[][2] = {{1, 1}, {3, 2}, {7, 63}, {97, 64}, {100, 65}, {200, 301}};
    for (int kind = ROWS_RANDOM; kind <= ROWS_EQUAL; kind++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            const int32_t queries = sizes[s][0], count = sizes[s][1];
            uint8_t *q = make_rows(queries, 1 + s, (rows_kind)kind);
            uint8_t *b = make_rows(count, 100 + s, (rows_kind)kind);
            hl_nn_base base;
            hl_nn *nn = hl_alloc((size_t)queries, sizeof *nn);
            check_ok(hl_nn_base_init(&base, b, count, kernels));
            check_ok(hl_nn_search(&base, q, queries, kernels, nn));
            for (int32_t i = 0; i < queries; i++)
                check_against_sorting(&nn[i], q + (size_t)i * DIM, b, count);
            hl_nn_base_release(&base);
            hl_free(nn);
            hl_free(q);
            hl_free(b);
        }
}

static void plain_search_is_exact(void **state)
{
    (void)state;
    search_is_exact_on(hl_nn_kernels_plain());
}

static void avx2_search_is_exact(void **state)
{
    (void)state;
    if (!hl_nn_kernels_avx2())
        skip();
    search_is_exact_on(hl_nn_kernels_avx2());
}

static void vnni_search_is_exact(void **state)
{
    (void)state;
    if (!hl_nn_kernels_vnni())
        skip();
    search_is_exact_on(hl_nn_kernels_vnni());
}

/* Rows as extraction makes them: 512 times the root of shares that sum to 1. */
static hl_features make_features(int32_t count, uint64_t seed)
{
    hl_features f = {.count = count, .width = 100, .height = 100};
    f.keypoints = hl_alloc((size_t)count, sizeof *f.keypoints);
    f.descriptors = hl_alloc((size_t)count, DIM);
    for (int32_t i = 0; i < count; i++) {
        double v[DIM], sum = 0;
        hl_rng rng = hl_rng_at(seed, 0, (uint64_t)i, HL_RNG_TEST);
        for (int k = 0; k < DIM; k++)
            sum += v[k] = pow((double)hl_rng_uniform(&rng), 6);
        for (int k = 0; k < DIM; k++)
            f.descriptors[i * DIM + k] = (uint8_t)fmin(255, 512 * sqrt(v[k] / sum));
    }
    return f;
}

/* B holds rows of A, disturbed by up to `noise`, in another order, and rows of its own. */
static hl_features disturbed(const hl_features *a, int32_t step, int noise, uint64_t seed)
{
    hl_features b = make_features(a->count, seed);
    for (int32_t i = 0; i < a->count; i += step) {
        uint8_t *row = b.descriptors + (size_t)((i * 7 + 3) % b.count) * DIM;
        for (int k = 0; k < DIM; k++) {
            const int r =
                (int)(hl_rng_mix(seed + (uint64_t)(i * DIM + k)) % (unsigned)(2 * noise + 1));
            const int value = a->descriptors[i * DIM + k] + r - noise;
            row[k] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
    return b;
}

static double angle(const hl_features *a, int32_t i, const hl_features *b, int32_t j)
{
    const double p = (double)product(a->descriptors + i * DIM, b->descriptors + j * DIM);
    return acos(fmin(1, p / (512.0 * 512.0)));
}

/* The row of b that row i of a would take by the rules, or -1. */
static int32_t choice(const hl_features *a, int32_t i, const hl_features *b, double ratio,
                      double most)
{
    int32_t best = -1;
    double first = 9, second = 1.5707963267948966;
    for (int32_t j = 0; j < b->count; j++) {
        const double d = angle(a, i, b, j);
        if (best < 0 || d < first) {
            second = best < 0 ? second : first;
            first = d;
            best = j;
        } else if (d < second) {
            second = d;
        }
    }
    return first <= most && first < ratio * second ? best : -1;
}

static void matches_follow_the_definition(void **state)
{
    (void)state;
    hl_features a = make_features(211, 5), b = disturbed(&a, 2, 22, 9);
    const hl_match_options cases[] = {
        {0}, {.one_way = true}, {.ratio = 0.95f, .max_angle_rad = 0.9f}};
    for (size_t c = 0; c < 3; c++) {
        hl_pair_matches m;
        check_ok(hl_match_features(&m, &a, &b, &cases[c]));
        const double ratio = (double)(cases[c].ratio > 0 ? cases[c].ratio : 0.8f);
        const double most = (double)(cases[c].max_angle_rad > 0 ? cases[c].max_angle_rad : 0.7f);
        int32_t at = 0;
        for (int32_t i = 0; i < a.count; i++) {
            const int32_t j = choice(&a, i, &b, ratio, most);
            if (j < 0 || (!cases[c].one_way && choice(&b, j, &a, ratio, most) != i))
                continue;
            assert_true(at < m.count);
            assert_int_equal(m.matches[at].a, i);
            assert_int_equal(m.matches[at++].b, j);
        }
        assert_int_equal(at, m.count);
        assert_true(m.count > 60 && m.count < 150);
        hl_pair_matches_release(&m);
    }
    hl_features_release(&a);
    hl_features_release(&b);
}

static void disturbed_rows_are_found(void **state)
{
    (void)state;
    hl_features a = make_features(900, 21), b = disturbed(&a, 3, 8, 22);
    hl_pair_matches m, back;
    check_ok(hl_match_features(&m, &a, &b, NULL));
    check_ok(hl_match_features(&back, &b, &a, NULL));
    assert_int_equal(m.count, 300);
    assert_int_equal(back.count, 300);
    for (int32_t i = 0; i < m.count; i++) {
        assert_int_equal(m.matches[i].a % 3, 0);
        assert_int_equal(m.matches[i].b, (m.matches[i].a * 7 + 3) % 900);
    }
    hl_pair_matches_release(&m);
    hl_pair_matches_release(&back);
    hl_features_release(&a);
    hl_features_release(&b);
}

static void many_pairs_equal_one_by_one(void **state)
{
    (void)state;
    hl_features f[4] = {make_features(150, 1), {0}, {0}, {0}};
    f[1] = disturbed(&f[0], 1, 6, 2);
    f[2] = disturbed(&f[0], 2, 9, 3); /* f[3] has no features */
    const hl_pair pairs[] = {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}};
    for (int32_t threads = 1; threads <= 3; threads++) {
        hl_parallel_set_threads(threads);
        hl_pair_matches all[5];
        check_ok(hl_match_pairs(all, f, 4, pairs, 5, NULL));
        for (int p = 0; p < 5; p++) {
            hl_pair_matches one;
            check_ok(hl_match_features(&one, &f[pairs[p].a], &f[pairs[p].b], NULL));
            assert_int_equal(all[p].image_a, pairs[p].a);
            assert_int_equal(all[p].image_b, pairs[p].b);
            assert_int_equal(all[p].count, one.count);
            assert_true((one.count > 0) == (pairs[p].b != 3));
            if (one.count > 0)
                assert_memory_equal(all[p].matches, one.matches,
                                    (size_t)one.count * sizeof *one.matches);
            hl_pair_matches_release(&one);
            hl_pair_matches_release(&all[p]);
        }
    }
    hl_parallel_set_threads(0);
    for (int i = 0; i < 4; i++)
        hl_features_release(&f[i]);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    hl_features f[2] = {make_features(5, 1), make_features(5, 2)};
    hl_pair_matches m;
    const hl_match_options wild = {.ratio = 2};
    check_fails(hl_match_features(&m, &f[0], &f[1], &wild), "ratio 2");
    check_fails(hl_match_features(&m, &f[0], NULL, NULL), "no features");
    check_fails(hl_match_pairs(&m, f, 2, &(hl_pair){0, 2}, 1, NULL), "images 0 and 2, of 2");
    check_fails(hl_match_pairs(&m, f, 2, &(hl_pair){1, 1}, 1, NULL), "images 1 and 1");
    hl_parallel_set_threads(1);
    for (uint64_t n = 1; n < 8; n++) {
        hl_alloc_fail_at(n);
        const hl_status status = hl_match_pairs(&m, f, 2, &(hl_pair){0, 1}, 1, NULL);
        hl_alloc_fail_at(0);
        if (status == HL_OK)
            hl_pair_matches_release(&m);
        else
            assert_int_equal(status, HL_E_MEMORY);
    }
    hl_features_release(&f[0]);
    hl_features_release(&f[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_search_is_exact),
        cmocka_unit_test(avx2_search_is_exact),
        cmocka_unit_test(vnni_search_is_exact),
        cmocka_unit_test(matches_follow_the_definition),
        cmocka_unit_test(disturbed_rows_are_found),
        cmocka_unit_test(many_pairs_equal_one_by_one),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
