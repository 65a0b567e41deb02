/* SPDX-License-Identifier: MIT */
/* core/parallel.h -- fixed blocks, any number of threads, the same result.
 *
 * Work is cut into blocks whose number and size depend on the data only.  Threads pick blocks;
 * what a block computes must not depend on which thread runs it or when.  Sums over blocks are
 * then added in index order (hl_ordered_sum), so results do not depend on the thread count.
 *
 * One process-wide pool, made on first use.  The calling thread works too.  A call from inside a
 * block runs serially in that thread, under the same thread number.
 */
#ifndef HL_CORE_PARALLEL_H
#define HL_CORE_PARALLEL_H

#include <stdint.h>

#define HL_THREADS_MAX 256

/* block: 0 .. blocks-1, each run exactly once.  thread: 0 .. hl_parallel_threads()-1, for scratch
 * memory that is not part of the result. */
typedef void (*hl_block_fn)(void *ctx, int32_t block, int32_t thread);

void hl_parallel_for(int32_t blocks, hl_block_fn fn, void *ctx);

/* Threads to use from the next call on: 1 .. HL_THREADS_MAX, 0 for one per processor.
 * Not to be called from inside a block. */
void hl_parallel_set_threads(int32_t threads);
int32_t hl_parallel_threads(void);

/* From now on hl_parallel_for of this thread runs serially in it and hl_parallel_threads says 1:
 * for threads of their own (loaders) that must not compete for the pool with the main thread. */
void hl_parallel_keep_serial(void);

/* Stops the pool and frees it (also done by set_threads). */
void hl_parallel_shutdown(void);

/* Sum in index order. */
double hl_ordered_sum(const double *terms, int64_t count);

/* Blocks of `size` elements that cover `count`. */
static inline int32_t hl_block_count(int64_t count, int32_t size)
{
    return (int32_t)((count + size - 1) / size);
}

#endif /* HL_CORE_PARALLEL_H */
