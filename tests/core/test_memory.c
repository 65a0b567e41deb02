/* SPDX-License-Identifier: MIT */
/* Heap and arenas: alignment, zeroing, limits, failures, and no allocation in steady state. */
#include "core/arena.h"
#include "core/splats.h"
#include "tests/check.h"
#include "tests/faults.h"

#include <string.h>

static bool all_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

static void blocks_are_aligned_zeroed_and_counted(void **state)
{
    (void)state;
    const uint64_t before = hl_alloc_count();
    for (size_t n = 0; n < 300; n += 37) {
        unsigned char *p = hl_alloc(n, 1);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % HL_ALIGN, 0);
        assert_true(all_zero(p, n));
        memset(p, 0xff, n);
        hl_free(p);
    }
    assert_int_equal(hl_alloc_count() - before, 9);
    hl_free(NULL);
}

static void impossible_sizes_are_refused_with_a_sentence(void **state)
{
    (void)state;
    assert_null(hl_alloc(SIZE_MAX / 2, 3));
    assert_non_null(strstr(hl_last_error(), "overflow"));
    assert_null(hl_alloc(SIZE_MAX - 1, 1));
    hl_arena arena;
    hl_arena_init(&arena, 0, 0);
    assert_null(hl_arena_alloc(&arena, SIZE_MAX / 4, 8));
    assert_non_null(strstr(hl_last_error(), "overflow"));
    assert_null(hl_arena_text(&arena, "x", SIZE_MAX));
    hl_arena_release(&arena);
}

static void growing_keeps_the_old_and_zeroes_the_new(void **state)
{
    (void)state;
    int32_t *p = hl_alloc(3, sizeof *p);
    for (int i = 0; i < 3; i++)
        p[i] = i + 1;
    int32_t *q = hl_grow(p, 3, 100, sizeof *q);
    assert_int_equal(q[0] + q[1] + q[2], 6);
    assert_true(all_zero((unsigned char *)(q + 3), 97 * sizeof *q));
    hl_alloc_fail_at(1);
    assert_null(hl_grow(q, 100, 200, sizeof *q));
    assert_int_equal(q[2], 3);
    hl_free(q);
    char *s = hl_strdup("text");
    assert_string_equal(s, "text");
    hl_free(s);
}

static void exactly_the_nth_allocation_fails(void **state)
{
    (void)state;
    void *p[4];
    hl_alloc_fail_at(3);
    for (int i = 0; i < 4; i++)
        p[i] = hl_alloc(1, 1);
    hl_alloc_fail_at(0);
    assert_true(p[0] && p[1] && !p[2] && p[3]);
    for (int i = 0; i < 4; i++)
        hl_free(p[i]);
}

static void arenas_align_zero_and_rewind(void **state)
{
    (void)state;
    hl_arena arena;
    hl_arena_init(&arena, 256, 0);
    unsigned char *first = hl_arena_alloc(&arena, 10, 1);
    memset(first, 1, 10);
    const hl_arena_mark mark = hl_arena_save(&arena);
    unsigned char *a = NULL;
    for (int i = 0; i < 20; i++) {
        a = hl_arena_alloc(&arena, 100, 1);
        assert_int_equal((uintptr_t)a % HL_ALIGN, 0);
        assert_true(all_zero(a, 100));
        memset(a, 0xee, 100);
    }
    assert_int_equal(arena.used, 64 + 20 * 128);
    hl_arena_rewind(&arena, mark);
    assert_int_equal(arena.used, 64);
    const uint64_t before = hl_alloc_count();
    for (int i = 0; i < 20; i++) /* blocks are kept: no allocation, and zeroed again */
        assert_true(all_zero(hl_arena_alloc(&arena, 100, 1), 100));
    assert_int_equal(hl_alloc_count(), before);
    assert_int_equal(first[9], 1);
    assert_string_equal(hl_arena_text(&arena, "hello", 4), "hell");
    hl_arena_release(&arena);
    assert_int_equal(arena.used, 0);
    assert_non_null(hl_arena_alloc(&arena, 1000, 1));
    hl_arena_release(&arena);
}

static void arena_allocations_never_overlap(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    hl_arena arena;
    unsigned char *p[COUNT];
    hl_arena_init(&arena, 512, 0);
    for (size_t i = 0; i < COUNT; i++) {
        p[i] = hl_arena_alloc(&arena, 1 + i * 7 % 900, 1);
        memset(p[i], (int)i, 1 + i * 7 % 900);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < 1 + i * 7 % 900; k++)
            assert_int_equal(p[i][k], i & 0xff);
    hl_arena_release(&arena);
}

static void the_limit_holds(void **state)
{
    (void)state;
    hl_arena arena;
    hl_arena_init(&arena, 64, 1024);
    assert_non_null(hl_arena_alloc(&arena, 1000, 1));
    assert_null(hl_arena_alloc(&arena, 1, 1));
    assert_non_null(strstr(hl_last_error(), "1024"));
    hl_arena_release(&arena);
    assert_non_null(hl_arena_alloc(&arena, 1024, 1));
    hl_arena_release(&arena);
}

static void splats_take_what_they_announce(void **state)
{
    (void)state;
    hl_arena arena;
    hl_splats s;
    for (int32_t capacity = 1; capacity < 100; capacity += 7) {
        hl_arena_init(&arena, 0, hl_splats_bytes(capacity));
        check_ok(hl_splats_init(&s, &arena, capacity));
        assert_int_equal(arena.used, hl_splats_bytes(capacity));
        hl_arena_release(&arena);
        hl_arena_init(&arena, 0, hl_splats_bytes(capacity) - 1);
        const hl_splats before = s;
        check_fails(hl_splats_init(&s, &arena, capacity), "reserving");
        assert_memory_equal(&before, &s, sizeof s);
        assert_int_equal(arena.used, 0);
        hl_arena_release(&arena);
    }
    hl_arena_init(&arena, 0, 0);
    check_fails(hl_splats_init(&s, &arena, 0), "capacity 0");
    check_fails(hl_splats_init(&s, &arena, INT32_MAX), "capacity");
    hl_arena_release(&arena);
    assert_int_equal(HL_SPLAT_FLOATS, 59);
}

static void rows_move_in_every_field(void **state)
{
    (void)state;
    hl_arena arena;
    hl_splats s;
    hl_arena_init(&arena, 0, 0);
    check_ok(hl_splats_init(&s, &arena, 5));
    s.count = 5;
#define X(name, components)                    \
    for (int i = 0; i < 5 * (components); i++) \
        s.name[i] = (float)(i / (components)*100 + i % (components));
    HL_SPLAT_FIELDS(X)
#undef X
    float scratch[5 * HL_SPLAT_DIM_sh];
    const int32_t order[3] = {4, 1, 1};
    hl_splats_gather(&s, order, 3, scratch);
    assert_int_equal(s.count, 3);
    hl_splats_copy_row(&s, 0, &s, 2);
    const float want[3] = {100, 100, 100};
    for (int row = 0; row < 3; row++) {
#define X(name, components)                \
    for (int c = 0; c < (components); c++) \
        assert_true(s.name[row * (components) + c] == want[row] + (float)c);
        HL_SPLAT_FIELDS(X)
#undef X
    }
    hl_arena_release(&arena);
}

static hl_status make_and_release(void *ctx)
{
    hl_arena arena;
    hl_splats s;
    hl_arena_init(&arena, 64, 0);
    const hl_status status = hl_splats_init(&s, &arena, *(int32_t *)ctx);
    hl_arena_release(&arena);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    int32_t capacity = 10;
    check_every_allocation(make_and_release, &capacity, 50);
}

static void the_system_tells_its_memory(void **state)
{
    (void)state;
    const uint64_t before = hl_memory_peak();
    const size_t bytes = (size_t)64 << 20;
    unsigned char *p = hl_alloc(bytes, 1); /* zeroing touches every page */
    assert_true(hl_memory_peak() >= before + bytes / 2);
    assert_true(hl_memory_available() > 0);
    hl_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_zeroed_and_counted),
        cmocka_unit_test(impossible_sizes_are_refused_with_a_sentence),
        cmocka_unit_test(growing_keeps_the_old_and_zeroes_the_new),
        cmocka_unit_test(exactly_the_nth_allocation_fails),
        cmocka_unit_test(arenas_align_zero_and_rewind),
        cmocka_unit_test(arena_allocations_never_overlap),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(splats_take_what_they_announce),
        cmocka_unit_test(rows_move_in_every_field),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_system_tells_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
