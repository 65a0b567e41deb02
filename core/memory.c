/* SPDX-License-Identifier: MIT */

#include "core/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static _Atomic uint64_t allocations;
static _Atomic uint64_t fail_at;

static int must_fail(void)
{
    const uint64_t at = atomic_load(&fail_at);
    return at && atomic_fetch_sub(&fail_at, 1) == 1;
}

void *hl_alloc(size_t count, size_t size)
{
    if (size && count > (SIZE_MAX - HL_ALIGN) / size) {
        hl_fail(HL_E_MEMORY, "out of memory: %zu elements of %zu bytes overflow", count, size);
        return NULL;
    }
    const size_t bytes = count * size;
    const size_t rounded = ((bytes ? bytes : 1) + HL_ALIGN - 1) / HL_ALIGN * HL_ALIGN;
    atomic_fetch_add(&allocations, 1);
    void *block = must_fail() ? NULL : aligned_alloc(HL_ALIGN, rounded);
    if (!block) {
        hl_fail(HL_E_MEMORY, "out of memory: %zu bytes needed", bytes);
        return NULL;
    }
    memset(block, 0, rounded);
    return block;
}

void *hl_grow(void *block, size_t old_count, size_t count, size_t size)
{
    void *bigger = hl_alloc(count, size);
    if (!bigger)
        return NULL;
    if (block && old_count)
        memcpy(bigger, block, (old_count < count ? old_count : count) * size);
    hl_free(block);
    return bigger;
}

char *hl_strdup(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = hl_alloc(bytes, 1);
    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

void hl_free(void *block)
{
    free(block);
}

uint64_t hl_alloc_count(void)
{
    return atomic_load(&allocations);
}

void hl_alloc_fail_at(uint64_t n)
{
    atomic_store(&fail_at, n);
}

uint64_t hl_memory_peak(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return (uint64_t)usage.ru_maxrss * 1024;
}

uint64_t hl_memory_available(void)
{
    FILE *f = fopen("/proc/meminfo", "r");
    if (!f)
        return 0;
    char line[128];
    uint64_t kib = 0;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "MemAvailable:", 13) == 0)
            kib = strtoull(line + 13, NULL, 10);
    fclose(f);
    return kib * 1024;
}
