/* SPDX-License-Identifier: MIT */
/* core/status.h -- how every fallible function in Heliograph reports failure.
 *
 * Rule: a function that can fail returns hl_status and writes results through out-parameters.
 * On failure the out-parameters are left as they were, and one human sentence about the cause
 * is kept per thread (hl_last_error) for the command line to print.
 */
#ifndef HL_CORE_STATUS_H
#define HL_CORE_STATUS_H

typedef enum hl_status {
    HL_OK = 0,
    HL_E_ARG = -1,      /* the caller broke the documented contract        */
    HL_E_MEMORY = -2,   /* an allocation or an arena was exhausted         */
    HL_E_IO = -3,       /* open, read, write or rename failed              */
    HL_E_FORMAT = -4,   /* the bytes were read but are not a valid file    */
    HL_E_BACKEND = -5,  /* no such device, or the device reported an error */
    HL_E_INTERRUPT = -6 /* stopped by the user after saving what could be  */
} hl_status;

#if defined(__GNUC__) || defined(__clang__)
#define HL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define HL_PRINTF(fmt, args)
#endif

/* Records the sentence (printf format, cut at 1023 bytes) for this thread and returns `status`.
 * Control characters, which only names in files can bring, become '?': it stays one line. */
hl_status hl_fail(hl_status status, const char *format, ...) HL_PRINTF(2, 3);

/* Puts "<context>: " before the sentence already recorded for this thread; returns `status`. */
hl_status hl_fail_context(hl_status status, const char *format, ...) HL_PRINTF(2, 3);

#ifdef __clang_analyzer__ /* the analyzer does not see across files that `status` comes back */
#define hl_fail(status, ...)         (hl_fail((status), __VA_ARGS__), (status))
#define hl_fail_context(status, ...) (hl_fail_context((status), __VA_ARGS__), (status))
#endif

/* The last sentence recorded in this thread, "" if none.  Valid until the next hl_fail here. */
const char *hl_last_error(void);

/* Short name of a status, such as "format". */
const char *hl_status_name(hl_status status);

/* Passes a failure up.  Use where there is nothing to release. */
#define HL_TRY(expr)                        \
    do {                                    \
        const hl_status hl_try_s_ = (expr); \
        if (hl_try_s_ != HL_OK)             \
            return hl_try_s_;               \
    } while (0)

#endif /* HL_CORE_STATUS_H */
