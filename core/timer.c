/* SPDX-License-Identifier: MIT */
#include "core/timer.h"

#include <string.h>
#include <time.h>

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double hl_wall_seconds(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double hl_cpu_seconds(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

void hl_span_add(hl_spans *spans, const char *name, double seconds)
{
    if (!spans)
        return;
    int32_t i = 0;
    while (i < spans->count && spans->name[i] != name && strcmp(spans->name[i], name) != 0)
        i++;
    if (i == spans->count) {
        if (i == HL_SPANS_MAX)
            return;
        spans->name[i] = name;
        spans->count++;
    }
    spans->seconds[i] += seconds;
    spans->calls[i]++;
}
