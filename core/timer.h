/* SPDX-License-Identifier: MIT */
/* core/timer.h -- wall and processor time, and named spans for --profile. */
#ifndef HL_CORE_TIMER_H
#define HL_CORE_TIMER_H

#include <stdint.h>

/* Seconds since an arbitrary start; monotonic. */
double hl_wall_seconds(void);

/* Processor seconds of the whole process, all threads, user and system. */
double hl_cpu_seconds(void);

/* A table of spans, filled by one thread. */
#define HL_SPANS_MAX 32
typedef struct hl_spans {
    int32_t count;
    const char *name[HL_SPANS_MAX]; /* literals: compared by pointer first, then text */
    double seconds[HL_SPANS_MAX];   /* wall                                           */
    int64_t calls[HL_SPANS_MAX];
} hl_spans;

/* Adds `seconds` to the span `name`; the 33rd name is dropped.  spans may be NULL. */
void hl_span_add(hl_spans *spans, const char *name, double seconds);

#endif /* HL_CORE_TIMER_H */
