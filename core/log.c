/* SPDX-License-Identifier: MIT */
#include "core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static const hl_log_sink *_Atomic current_sink;
static atomic_int interrupted; /* lock-free: set from a signal handler */

void hl_log_set_sink(const hl_log_sink *sink)
{
    atomic_store(&current_sink, sink);
}

void hl_log(hl_log_level level, const char *format, ...)
{
    const hl_log_sink *sink = atomic_load(&current_sink);
    if (!sink || !sink->message)
        return;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sink->message(sink->ctx, level, text);
}

void hl_log_progress(const hl_progress *progress)
{
    const hl_log_sink *sink = atomic_load(&current_sink);
    if (sink && sink->progress)
        sink->progress(sink->ctx, progress);
}

void hl_interrupt_request(void)
{
    atomic_store(&interrupted, 1);
}

bool hl_interrupt_requested(void)
{
    return atomic_load(&interrupted) != 0;
}

void hl_interrupt_clear(void)
{
    atomic_store(&interrupted, 0);
}
