/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include "core/timer.h"

#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 512 };
static const double TTY_PERIOD_S = 0.1, JSON_PERIOD_S = 1, LOG_PERIOD_S = 10;

static struct {
    pthread_mutex_t lock;
    hl_progress_style style;
    bool tty;
    double start_s;     /* of the process                       */
    double stage_s;     /* of the current stage                 */
    int64_t stage_done; /* units done when the stage was seen   */
    double shown_s;     /* time of the last line                */
    int shown_columns;  /* of the line being rewritten, 0: none */
    char stage[32];     /* name of the current stage            */
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Appends printf-style; stays within capacity. */
#define APPEND(out, capacity, used, ...)                                               \
    do {                                                                               \
        if ((used) < (capacity)) {                                                     \
            const int n_ = snprintf((out) + (used), (capacity) - (used), __VA_ARGS__); \
            (used) += n_ > 0 ? (size_t)n_ : 0;                                         \
        }                                                                              \
    } while (0)

static double seconds_left(const hl_progress *p, double rate)
{
    return rate > 0 && p->total > p->done ? (double)(p->total - p->done) / rate : 0;
}

void hl_progress_format_text(const hl_progress *p, double rate, char *out, size_t capacity)
{
    size_t used = 0;
    APPEND(out, capacity, used, "%s %lld/%lld", p->stage, (long long)p->done, (long long)p->total);
    if (isfinite(p->loss))
        APPEND(out, capacity, used, "  loss %.4f", p->loss);
    if (p->splats >= 0)
        APPEND(out, capacity, used, "  %lld splats", (long long)p->splats);
    if (rate > 0) {
        const long long left = (long long)ceil(seconds_left(p, rate));
        APPEND(out, capacity, used, "  %.3g it/s  ETA %lld:%02lld", rate, left / 60, left % 60);
    }
    if (p->next_save >= 0)
        APPEND(out, capacity, used, "  next save %lld", (long long)p->next_save);
}

void hl_progress_format_json(const hl_progress *p, double t, double rate, char *out,
                             size_t capacity)
{
    size_t used = 0;
    APPEND(out, capacity, used, "{\"t\":%.2f,\"stage\":\"%s\",\"iter\":%lld,\"of\":%lld", t,
           p->stage, (long long)p->done, (long long)p->total);
    if (isfinite(p->loss))
        APPEND(out, capacity, used, ",\"loss\":%.6g", p->loss);
    if (p->splats >= 0)
        APPEND(out, capacity, used, ",\"splats\":%lld", (long long)p->splats);
    if (rate > 0)
        APPEND(out, capacity, used, ",\"it_s\":%.4g,\"eta_s\":%.0f", rate, seconds_left(p, rate));
    APPEND(out, capacity, used, "}");
}

/* Blanks the line that is being rewritten. */
static void clear_line(void)
{
    if (sink.shown_columns > 0)
        fprintf(stderr, "\r%*s\r", sink.shown_columns, "");
    sink.shown_columns = 0;
}

static void print_json_text(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(stderr, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            fprintf(stderr, "\\u%04x", (unsigned)(unsigned char)*c);
        else
            fputc(*c, stderr);
    }
}

static void on_message(void *ctx, hl_log_level level, const char *text)
{
    (void)ctx;
    if (sink.style.quiet || (level == HL_LOG_DEBUG && !sink.style.verbose))
        return;
    pthread_mutex_lock(&sink.lock);
    clear_line();
    if (sink.style.json) {
        static const char *const names[] = {"debug", "info", "warning"};
        fprintf(stderr, "{\"t\":%.2f,\"level\":\"%s\",\"message\":\"",
                hl_wall_seconds() - sink.start_s, names[level]);
        print_json_text(text);
        fprintf(stderr, "\"}\n");
    } else {
        fprintf(stderr, "%s%s\n", level == HL_LOG_WARN ? "warning: " : "", text);
    }
    pthread_mutex_unlock(&sink.lock);
}

static void show(const hl_progress *p, double now)
{
    char line[LINE];
    const double elapsed = now - sink.stage_s;
    const double rate = elapsed > 0 ? (double)(p->done - sink.stage_done) / elapsed : 0;
    if (sink.style.json) {
        hl_progress_format_json(p, now - sink.start_s, rate, line, sizeof line);
        fprintf(stderr, "%s\n", line);
        return;
    }
    hl_progress_format_text(p, rate, line, sizeof line);
    if (!sink.tty) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    const int columns = (int)strlen(line);
    fprintf(stderr, "\r%s%*s", line,
            sink.shown_columns > columns ? sink.shown_columns - columns : 0, "");
    sink.shown_columns = columns;
    fflush(stderr);
}

static void on_progress(void *ctx, const hl_progress *p)
{
    (void)ctx;
    if (sink.style.quiet)
        return;
    pthread_mutex_lock(&sink.lock);
    const double now = hl_wall_seconds();
    const bool last = p->done >= p->total;
    const double period = sink.style.json ? JSON_PERIOD_S : sink.tty ? TTY_PERIOD_S : LOG_PERIOD_S;
    if (strncmp(sink.stage, p->stage, sizeof sink.stage - 1) != 0) {
        clear_line();
        snprintf(sink.stage, sizeof sink.stage, "%s", p->stage);
        sink.stage_s = now;
        sink.stage_done = p->done;
        sink.shown_s = sink.tty || sink.style.json ? 0 : now;
    }
    if (now - sink.shown_s >= period || (last && (sink.style.json || sink.tty))) {
        show(p, now);
        sink.shown_s = now;
    }
    pthread_mutex_unlock(&sink.lock);
}

void hl_progress_install(const hl_progress_style *style)
{
    static const hl_log_sink log_sink = {NULL, on_message, on_progress};
    sink.style = *style;
    sink.tty = isatty(STDERR_FILENO) != 0;
    sink.start_s = hl_wall_seconds();
    hl_log_set_sink(&log_sink);
}

void hl_progress_finish(void)
{
    pthread_mutex_lock(&sink.lock);
    if (sink.shown_columns > 0)
        fprintf(stderr, "\n");
    sink.shown_columns = 0;
    pthread_mutex_unlock(&sink.lock);
}
