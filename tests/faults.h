/* SPDX-License-Identifier: MIT */
/* tests/faults.h -- makes the n-th allocation fail, for every n, until the work succeeds.
 *
 * Run under AddressSanitizer this also finds what a failure leaks.
 */
#ifndef HL_TESTS_FAULTS_H
#define HL_TESTS_FAULTS_H

#include "core/memory.h"
#include "tests/check.h"

/* attempt(ctx) must release what it made, whether it succeeds or fails.  Each failure must be
 * HL_E_MEMORY with a sentence; success must come within `limit` attempts, and not at the first
 * one (else nothing was tested).  Returns the number of failures. */
static inline int check_every_allocation(hl_status (*attempt)(void *ctx), void *ctx, int limit)
{
    for (int n = 1; n <= limit; n++) {
        hl_alloc_fail_at((uint64_t)n);
        const hl_status s = attempt(ctx);
        hl_alloc_fail_at(0);
        if (s == HL_OK) {
            assert_true(n > 1);
            return n - 1;
        }
        assert_int_equal(s, HL_E_MEMORY);
        assert_true(hl_last_error()[0] != '\0');
    }
    fail_msg("still failing after %d allocations", limit);
    return limit;
}

#endif /* HL_TESTS_FAULTS_H */
