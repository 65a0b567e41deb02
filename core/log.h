/* SPDX-License-Identifier: MIT */
/* core/log.h -- warnings and progress leave the libraries through here, and only here.
 *
 * A library never prints.  The command line installs one sink; without a sink, nothing happens.
 * Calls may come from any thread; the sink must be thread-safe.
 */
#ifndef HL_CORE_LOG_H
#define HL_CORE_LOG_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum hl_log_level { HL_LOG_DEBUG, HL_LOG_INFO, HL_LOG_WARN } hl_log_level;

typedef struct hl_progress {
    const char *stage; /* "train", "synth", ... */
    int64_t done;      /* units finished        */
    int64_t total;     /* units in all          */
    double loss;       /* NAN where there is none             */
    int64_t splats;    /* < 0 where there is none             */
    int64_t next_save; /* unit of the next save, < 0 if none  */
} hl_progress;

typedef struct hl_log_sink {
    void *ctx;
    void (*message)(void *ctx, hl_log_level level, const char *text);
    void (*progress)(void *ctx, const hl_progress *progress);
} hl_log_sink;

/* Installs the sink for the process (NULL: none).  *sink must outlive its use. */
void hl_log_set_sink(const hl_log_sink *sink);

void hl_log(hl_log_level level, const char *format, ...) HL_PRINTF(2, 3);

/* Cheap enough for every iteration: the sink decides what to show. */
void hl_log_progress(const hl_progress *progress);

/* Asks running work to finish its step, save and return HL_E_INTERRUPT.  Async-signal-safe. */
void hl_interrupt_request(void);
bool hl_interrupt_requested(void);
void hl_interrupt_clear(void);

#endif /* HL_CORE_LOG_H */
