/* SPDX-License-Identifier: MIT */
/* Every block runs once, results do not depend on the thread count, nested calls are safe. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/timer.h"
#include "tests/check.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { BLOCKS = 1000, NESTED = 40 };

static const int32_t thread_counts[] = {1, 2, 3, 7, 16};
enum { THREAD_COUNTS = sizeof thread_counts / sizeof *thread_counts };

typedef struct job {
    atomic_int runs[BLOCKS];
    atomic_int busy[HL_THREADS_MAX]; /* blocks that run under this thread number now */
    atomic_int clashes, bad_thread;
    double terms[BLOCKS];
} job;

/* Notes the run and whether the thread number was in use already; returns a sum of 50 terms. */
static double watch_block(job *j, int32_t block, int32_t thread)
{
    if (thread < 0 || thread >= hl_parallel_threads()) {
        atomic_fetch_add(&j->bad_thread, 1);
        return 0;
    }
    if (atomic_fetch_add(&j->busy[thread], 1) != 0)
        atomic_fetch_add(&j->clashes, 1);
    atomic_fetch_add(&j->runs[block], 1);
    double x = 0;
    for (int i = 1; i <= 50; i++)
        x += sin(block * 0.37 + i) / i;
    atomic_fetch_sub(&j->busy[thread], 1);
    return x;
}

static void run_block(void *ctx, int32_t block, int32_t thread)
{
    job *j = ctx;
    j->terms[block] = watch_block(j, block, thread);
}

static void shared_block(void *ctx, int32_t block, int32_t thread)
{
    if (watch_block(ctx, block, thread) > 1e9) /* keeps the work from being left out */
        atomic_fetch_add(&((job *)ctx)->clashes, 1);
}

static void every_block_runs_once_with_its_own_thread_number(void **state)
{
    (void)state;
    job *j = hl_alloc(1, sizeof *j);
    for (int t = 0; t < THREAD_COUNTS; t++) {
        hl_parallel_set_threads(thread_counts[t]);
        assert_int_equal(hl_parallel_threads(), thread_counts[t]);
        for (int32_t blocks = 0; blocks <= BLOCKS; blocks = blocks * 3 + 1) {
            memset(j, 0, sizeof *j);
            hl_parallel_for(blocks, run_block, j);
            for (int32_t b = 0; b < BLOCKS; b++)
                assert_int_equal(atomic_load(&j->runs[b]), b < blocks);
            assert_int_equal(atomic_load(&j->clashes), 0);
            assert_int_equal(atomic_load(&j->bad_thread), 0);
        }
    }
    hl_free(j);
}

static void sums_are_the_same_bytes_for_any_thread_count(void **state)
{
    (void)state;
    job *j = hl_alloc(1, sizeof *j);
    double first = 0;
    for (int t = 0; t < THREAD_COUNTS; t++) {
        hl_parallel_set_threads(thread_counts[t]);
        memset(j, 0, sizeof *j);
        hl_parallel_for(BLOCKS, run_block, j);
        const double sum = hl_ordered_sum(j->terms, BLOCKS);
        if (t == 0)
            first = sum;
        assert_memory_equal(&sum, &first, sizeof sum);
    }
    hl_free(j);
}

static void ordered_sum_adds_from_the_left(void **state)
{
    (void)state;
    const double terms[4] = {1e16, 1, -1e16, 1}; /* the order decides: 1, not 2 */
    assert_true(hl_ordered_sum(terms, 4) == 1);
    assert_true(hl_ordered_sum(terms, 0) == 0);
}

typedef struct outer {
    job inner[NESTED];
} outer;

static void outer_block(void *ctx, int32_t block, int32_t thread)
{
    outer *o = ctx;
    (void)thread;
    hl_parallel_for(20, run_block, &o->inner[block]);
}

static void nested_calls_run_in_the_same_thread(void **state)
{
    (void)state;
    outer *o = hl_alloc(1, sizeof *o);
    hl_parallel_set_threads(4);
    hl_parallel_for(NESTED, outer_block, o);
    for (int i = 0; i < NESTED; i++)
        for (int b = 0; b < 20; b++)
            assert_int_equal(atomic_load(&o->inner[i].runs[b]), 1);
    hl_free(o);
}

/* All nested calls share one job: a thread number in use twice at once is a clash, for scratch
 * memory is kept by thread number. */
static void shared_outer_block(void *ctx, int32_t block, int32_t thread)
{
    (void)block;
    (void)thread;
    hl_parallel_for(20, shared_block, ctx);
}

static void nested_thread_numbers_do_not_clash(void **state)
{
    (void)state;
    job *j = hl_alloc(1, sizeof *j);
    hl_parallel_set_threads(4);
    for (int i = 0; i < 20; i++)
        hl_parallel_for(NESTED, shared_outer_block, j);
    assert_int_equal(atomic_load(&j->clashes), 0);
    assert_int_equal(atomic_load(&j->bad_thread), 0);
    hl_free(j);
}

static void count_block(void *ctx, int32_t block, int32_t thread)
{
    (void)block;
    (void)thread;
    atomic_fetch_add((atomic_int *)ctx, 1);
}

static void thousands_of_short_jobs_are_safe(void **state)
{
    (void)state;
    atomic_int count = 0;
    hl_parallel_set_threads(3);
    for (int i = 0; i < 3000; i++)
        hl_parallel_for(5, count_block, &count);
    assert_int_equal(atomic_load(&count), 15000);
    hl_parallel_shutdown();
    hl_parallel_shutdown();
    hl_parallel_for(5, count_block, &count); /* the pool comes back */
    assert_int_equal(atomic_load(&count), 15005);
}

static void thread_counts_are_bounded(void **state)
{
    (void)state;
    hl_parallel_set_threads(1000000);
    assert_int_equal(hl_parallel_threads(), HL_THREADS_MAX);
    hl_parallel_set_threads(0);
    assert_true(hl_parallel_threads() >= 1);
    assert_int_equal(hl_block_count(0, 16), 0);
    assert_int_equal(hl_block_count(16, 16), 1);
    assert_int_equal(hl_block_count(17, 16), 2);
}

static void spans_add_up(void **state)
{
    (void)state;
    hl_spans spans = {0};
    char copy[] = "blend";
    hl_span_add(&spans, "blend", 1);
    hl_span_add(&spans, "sort", 0.5);
    hl_span_add(&spans, copy, 2);
    hl_span_add(NULL, "blend", 2);
    assert_int_equal(spans.count, 2);
    assert_true(spans.seconds[0] == 3 && spans.calls[0] == 2);
    static char names[HL_SPANS_MAX + 2][4];
    for (int i = 0; i < HL_SPANS_MAX + 2; i++) {
        names[i][0] = (char)('A' + i / 26);
        names[i][1] = (char)('a' + i % 26);
        hl_span_add(&spans, names[i], 1);
    }
    assert_int_equal(spans.count, HL_SPANS_MAX);
    const double wall = hl_wall_seconds(), cpu = hl_cpu_seconds();
    assert_true(hl_wall_seconds() >= wall && hl_cpu_seconds() >= cpu && cpu >= 0);
}

static void own_block(void *ctx, int32_t block, int32_t thread)
{
    int *runs = ctx;
    runs[block] += 1 + 1000 * (thread != 0); /* no atomics: the thread sanitizer looks */
}

static void *loader(void *ctx)
{
    hl_parallel_keep_serial();
    for (int i = 0; i < 200; i++)
        hl_parallel_for(NESTED, own_block, ctx);
    return hl_parallel_threads() == 1 ? ctx : NULL;
}

/* A thread of its own loops serially while the main thread has the pool. */
static void serial_threads_leave_the_pool_alone(void **state)
{
    (void)state;
    static int runs[2][NESTED];
    static job j;
    pthread_t threads[2];
    memset(&j, 0, sizeof j);
    hl_parallel_set_threads(3);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, loader, runs[i]), 0);
    for (int i = 0; i < 20; i++)
        hl_parallel_for(BLOCKS, run_block, &j);
    for (int i = 0; i < 2; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, runs[i]);
        for (int b = 0; b < NESTED; b++)
            assert_int_equal(runs[i][b], 200);
    }
    for (int b = 0; b < BLOCKS; b++)
        assert_int_equal(atomic_load(&j.runs[b]), 20);
    assert_int_equal(hl_parallel_threads(), 3);
}

static int stop_pool(void **state)
{
    (void)state;
    hl_parallel_shutdown();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_runs_once_with_its_own_thread_number),
        cmocka_unit_test(sums_are_the_same_bytes_for_any_thread_count),
        cmocka_unit_test(ordered_sum_adds_from_the_left),
        cmocka_unit_test(nested_calls_run_in_the_same_thread),
        cmocka_unit_test(nested_thread_numbers_do_not_clash),
        cmocka_unit_test(thousands_of_short_jobs_are_safe),
        cmocka_unit_test(serial_threads_leave_the_pool_alone),
        cmocka_unit_test(thread_counts_are_bounded),
        cmocka_unit_test(spans_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, stop_pool);
}
