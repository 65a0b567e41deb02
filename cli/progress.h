/* SPDX-License-Identifier: MIT */
/* cli/progress.h -- the process's one log sink: messages and progress on stderr.
 *
 *   terminal         one line, rewritten: done, loss, splats, rate, time left, next save
 *   no terminal      one line every 10 s
 *   --json-progress  JSON lines, at most one a second and stage, and the last of each stage
 */
#ifndef HL_CLI_PROGRESS_H
#define HL_CLI_PROGRESS_H

#include "core/log.h"

#include <stddef.h>

typedef struct hl_progress_style {
    bool quiet;   /* show nothing          */
    bool verbose; /* debug messages too    */
    bool json;    /* JSON lines            */
} hl_progress_style;

/* Once per process, from the main thread.  The sink may then be called from any thread. */
void hl_progress_install(const hl_progress_style *style);

/* Ends a line that is still being rewritten. */
void hl_progress_finish(void);

/* One progress line as text and as JSON without line end, for the sink and its tests.
 * t: seconds since the start; rate: units a second, <= 0 where unknown. */
void hl_progress_format_text(const hl_progress *p, double rate, char *out, size_t capacity);
void hl_progress_format_json(const hl_progress *p, double t, double rate, char *out,
                             size_t capacity);

#endif /* HL_CLI_PROGRESS_H */
