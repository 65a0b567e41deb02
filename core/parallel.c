/* SPDX-License-Identifier: MIT */

#include "core/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

/* Workers sleep on `wake` between jobs.  A job is published under the lock with a new generation
 * number; blocks are then picked with one atomic counter and no lock.  The caller returns when
 * every worker has left the job, so that ctx may live on its stack. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    pthread_t workers[HL_THREADS_MAX];
    int32_t threads; /* wanted, 0 = not decided yet           */
    int32_t running; /* workers started (threads - 1 or 0)    */
    int32_t busy;    /* workers that have not left the job    */
    uint64_t generation;
    bool stop;
    hl_block_fn fn;
    void *ctx;
    int32_t blocks;
    _Atomic int32_t next;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .idle = PTHREAD_COND_INITIALIZER};

/* Inside a block: the number of the thread that runs it; a nested call goes on under the same. */
static _Thread_local bool inside;
static _Thread_local int32_t inside_thread;
static _Thread_local bool serial;

static void work(int32_t thread)
{
    inside = true;
    inside_thread = thread;
    const int32_t blocks = pool.blocks;
    for (;;) {
        const int32_t block = atomic_fetch_add_explicit(&pool.next, 1, memory_order_relaxed);
        if (block >= blocks)
            break;
        pool.fn(pool.ctx, block, thread);
    }
    inside = false;
}

static void *worker_main(void *argument)
{
    const int32_t thread = (int32_t)(intptr_t)argument;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (!pool.stop && pool.generation == seen)
            pthread_cond_wait(&pool.wake, &pool.lock);
        if (pool.stop)
            break;
        seen = pool.generation;
        pthread_mutex_unlock(&pool.lock);
        work(thread);
        pthread_mutex_lock(&pool.lock);
        if (--pool.busy == 0)
            pthread_cond_signal(&pool.idle);
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

static int32_t processors(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (n > HL_THREADS_MAX ? HL_THREADS_MAX : (int32_t)n);
}

void hl_parallel_shutdown(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.stop = true;
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    for (int32_t i = 0; i < pool.running; i++)
        pthread_join(pool.workers[i], NULL);
    pool.running = 0;
    pool.stop = false;
    pool.generation = 0;
}

void hl_parallel_set_threads(int32_t threads)
{
    hl_parallel_shutdown();
    pool.threads =
        threads < 1 ? processors() : (threads > HL_THREADS_MAX ? HL_THREADS_MAX : threads);
}

void hl_parallel_keep_serial(void)
{
    serial = true;
}

int32_t hl_parallel_threads(void)
{
    if (serial)
        return 1;
    if (!pool.threads)
        pool.threads = processors();
    return pool.threads;
}

/* Fewer workers than wanted (a system limit) only makes the work slower. */
static void start_workers(void)
{
    const int32_t wanted = hl_parallel_threads() - 1;
    while (pool.running < wanted && pthread_create(&pool.workers[pool.running], NULL, worker_main,
                                                   (void *)(intptr_t)(pool.running + 1)) == 0)
        pool.running++;
}

void hl_parallel_for(int32_t blocks, hl_block_fn fn, void *ctx)
{
    if (blocks <= 0)
        return;
    if (inside || serial || blocks == 1 || hl_parallel_threads() == 1) {
        const int32_t thread = inside ? inside_thread : 0;
        for (int32_t b = 0; b < blocks; b++)
            fn(ctx, b, thread);
        return;
    }
    if (!pool.running)
        start_workers();
    pthread_mutex_lock(&pool.lock);
    pool.fn = fn;
    pool.ctx = ctx;
    pool.blocks = blocks;
    atomic_store_explicit(&pool.next, 0, memory_order_relaxed);
    pool.busy = pool.running;
    pool.generation++;
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);

    work(0);

    pthread_mutex_lock(&pool.lock);
    while (pool.busy)
        pthread_cond_wait(&pool.idle, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

double hl_ordered_sum(const double *terms, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += terms[i];
    return sum;
}
