/* SPDX-License-Identifier: MIT */
/* core/memory.h -- the one place where heap memory comes from.
 *
 * Everything outside core/ takes memory here or from an arena (core/arena.h), so that counts are
 * checked for overflow once, failures carry a sentence, and tests can make the n-th allocation
 * fail or count the allocations of a loop that must not allocate.
 */
#ifndef HL_CORE_MEMORY_H
#define HL_CORE_MEMORY_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

#define HL_ALIGN 64 /* bytes: one cache line, one AVX-512 register */

/* count * size zeroed bytes, aligned to HL_ALIGN; at least one byte.  NULL with the sentence
 * recorded when the product overflows or memory is exhausted.  Release with hl_free. */
void *hl_alloc(size_t count, size_t size);

/* Grows an hl_alloc block from `old_count` to `count` elements, zeroing the new ones.
 * NULL on failure: the old block is then still valid. */
void *hl_grow(void *block, size_t old_count, size_t count, size_t size);

/* Copy of a C string.  NULL on failure. */
char *hl_strdup(const char *text);

void hl_free(void *block);

/* Allocations made by this process so far, by any thread. */
uint64_t hl_alloc_count(void);

/* Test seam: the n-th allocation from now on fails (1 = the next); 0 switches it off. */
void hl_alloc_fail_at(uint64_t n);

/* Highest resident set of this process so far, bytes; 0 where the system does not say. */
uint64_t hl_memory_peak(void);

/* Memory that a new job may take without swapping, bytes; 0 where the system does not say. */
uint64_t hl_memory_available(void);

#endif /* HL_CORE_MEMORY_H */
