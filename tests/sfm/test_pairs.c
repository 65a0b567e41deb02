/* SPDX-License-Identifier: MIT */
/* Lists of pairs: counted by formula, sorted, without doubles; photos of the same thing found. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/status.h"
#include "sfm/pairs.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static void check_sorted(const hl_pair_list *l, int32_t images)
{
    for (int32_t i = 0; i < l->count; i++) {
        const hl_pair p = l->pairs[i];
        assert_true(p.a >= 0 && p.a < p.b && p.b < images);
        if (i > 0) {
            const hl_pair q = l->pairs[i - 1];
            assert_true(q.a < p.a || (q.a == p.a && q.b < p.b));
        }
    }
}

static bool holds(const hl_pair_list *l, int32_t a, int32_t b)
{
    for (int32_t i = 0; i < l->count; i++)
        if (l->pairs[i].a == a && l->pairs[i].b == b)
            return true;
    return false;
}

static void exhaustive_has_all(void **state)
{
    (void)state;
    for (int32_t n = 0; n < 30; n++) {
        hl_pair_list l;
        check_ok(hl_pairs_exhaustive(&l, n));
        assert_int_equal(l.count, n > 1 ? n * (n - 1) / 2 : 0);
        check_sorted(&l, n);
        hl_pair_list_release(&l);
    }
    hl_pair_list l;
    check_fails(hl_pairs_exhaustive(&l, -1), "-1 photos");
    check_fails(hl_pairs_exhaustive(&l, 1 << 20), "expected 0..");
}

static void sequential_has_neighbours_and_powers(void **state)
{
    (void)state;
    hl_pair_list l;
    check_ok(hl_pairs_sequential(&l, 20, 3, false));
    check_sorted(&l, 20);
    for (int32_t a = 0; a < 20; a++)
        for (int32_t b = a + 1; b < 20; b++)
            assert_int_equal(holds(&l, a, b), b - a <= 3);
    hl_pair_list_release(&l);
    check_ok(hl_pairs_sequential(&l, 40, 5, true));
    check_sorted(&l, 40);
    for (int32_t a = 0; a < 40; a++)
        for (int32_t b = a + 1; b < 40; b++)
            assert_int_equal(holds(&l, a, b), b - a <= 5 || b - a == 8 || b - a == 16);
    hl_pair_list_release(&l);
    check_ok(hl_pairs_sequential(&l, 1, 0, true));
    assert_int_equal(l.count, 0);
    hl_pair_list_release(&l);
    check_fails(hl_pairs_sequential(&l, 5, -2, true), "overlap of -2");
}

static void merge_has_both(void **state)
{
    (void)state;
    hl_pair_list a, b;
    check_ok(hl_pairs_sequential(&a, 12, 2, false));
    check_ok(hl_pairs_sequential(&b, 12, 4, true));
    const int32_t count = b.count;
    check_ok(hl_pairs_merge(&a, &b));
    check_sorted(&a, 12);
    assert_int_equal(a.count, count); /* a was a part of b */
    hl_pair_list_release(&a);
    hl_pair_list_release(&b);
}

/* GROUPS places, each photographed SHOTS times: descriptors are those of the place, disturbed, and
 * some that are found everywhere. */
enum { GROUPS = 5, SHOTS = 4, ROWS = 60, COMMON = 30, DIM = HL_DESCRIPTOR_BYTES };

static hl_features photo_of(int group, int shot)
{
    hl_features f = {.count = ROWS, .width = 100, .height = 100};
    f.keypoints = hl_alloc(ROWS, sizeof *f.keypoints);
    f.descriptors = hl_alloc(ROWS, DIM);
    for (int i = 0; i < ROWS; i++) {
        const int place = i < COMMON ? 99 : group;
        hl_rng rng = hl_rng_at(77, (uint64_t)place, (uint64_t)i, HL_RNG_TEST);
        hl_rng own = hl_rng_at(78, (uint64_t)(group * SHOTS + shot), (uint64_t)i, HL_RNG_TEST);
        for (int k = 0; k < DIM; k++) {
            const double v = 120 * pow((double)hl_rng_uniform(&rng), 4);
            f.descriptors[i * DIM + k] = (uint8_t)(v + 25 * (double)hl_rng_uniform(&own));
        }
    }
    return f;
}

static void retrieval_finds_the_same_place(void **state)
{
    (void)state;
    enum { PHOTOS = GROUPS * SHOTS + 1 };
    hl_features f[PHOTOS];
    for (int i = 0; i < PHOTOS - 1; i++)
        f[i] = photo_of(i % GROUPS, i / GROUPS);
    memset(&f[PHOTOS - 1], 0, sizeof f[0]); /* nothing to see */
    hl_pair_list first = {NULL, 0};
    for (int32_t threads = 1; threads <= 3; threads++) {
        hl_pair_list l;
        hl_parallel_set_threads(threads);
        check_ok(hl_pairs_retrieval(&l, f, PHOTOS, SHOTS - 1, 4));
        check_sorted(&l, PHOTOS - 1); /* the empty photo is in no pair */
        assert_int_equal(l.count, GROUPS * SHOTS * (SHOTS - 1) / 2);
        for (int32_t i = 0; i < l.count; i++)
            assert_int_equal(l.pairs[i].a % GROUPS, l.pairs[i].b % GROUPS);
        if (threads == 1) {
            first = l;
            continue;
        }
        assert_memory_equal(l.pairs, first.pairs, (size_t)l.count * sizeof *l.pairs);
        hl_pair_list_release(&l);
    }
    hl_parallel_set_threads(0);
    hl_pair_list_release(&first);
    check_ok(hl_pairs_retrieval(&first, f, PHOTOS, 0, 4)); /* more than there are: all */
    assert_int_equal(first.count, (PHOTOS - 1) * (PHOTOS - 2) / 2);
    hl_pair_list_release(&first);
    check_ok(hl_pairs_retrieval(&first, f + PHOTOS - 1, 1, 0, 4));
    assert_int_equal(first.count, 0);
    hl_pair_list_release(&first);
    check_ok(hl_pairs_choose(&first, f, PHOTOS, 4));
    assert_int_equal(first.count, PHOTOS * (PHOTOS - 1) / 2);
    hl_pair_list_release(&first);
    check_fails(hl_pairs_retrieval(&first, f, PHOTOS, -3, 4), "-3 of 21");
    for (int i = 0; i < PHOTOS; i++)
        hl_features_release(&f[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exhaustive_has_all),
        cmocka_unit_test(sequential_has_neighbours_and_powers),
        cmocka_unit_test(merge_has_both),
        cmocka_unit_test(retrieval_finds_the_same_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
