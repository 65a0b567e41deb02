/* SPDX-License-Identifier: MIT */
/* tests/check.h -- what every test program shares: the comparison rule, data paths, scratch
 * folders.
 *
 * Includes cmocka with the headers that it wants before it.  Test programs are single-threaded
 * where they call these functions.
 */
#ifndef HL_TESTS_CHECK_H
#define HL_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* |got - want| <= atol + rtol * |want| for all n values; atol > 0.  NaN or infinity anywhere
 * fails.  Reports the worst element, not the first.  Both pointers float, or both double. */
/* clang-format off */
#define check_close(got, want, n, atol, rtol)                                     \
    _Generic((got) + 0, float *: check_close_f32, const float *: check_close_f32, \
             double *: check_close_f64, const double *: check_close_f64)          \
    ((got), (want), (size_t)(n), (double)(atol), (double)(rtol), __FILE__, __LINE__)
/* clang-format on */

void check_close_f32(const float *got, const float *want, size_t n, double atol, double rtol,
                     const char *file, int line);
void check_close_f64(const double *got, const double *want, size_t n, double atol, double rtol,
                     const char *file, int line);

/* The rule itself, for tests of sums: index of the worst element, or -1 where all n pass.
 * *excess is |got - want| / (atol + rtol |want|) there, HUGE_VAL for NaN or infinity. */
ptrdiff_t check_worst_f64(const double *got, const double *want, size_t n, double atol, double rtol,
                          double *excess);

/* The hl_status expression must fail, with one sentence (no line break) that holds `part`.
 * The including file must include core/status.h. */
#define check_fails(expr, part) \
    check_fails_at((int)(expr), hl_last_error(), (part), #expr, __FILE__, __LINE__)
void check_fails_at(int status, const char *sentence, const char *part, const char *expr,
                    const char *file, int line);

/* The hl_status expression must succeed; prints the sentence where it does not. */
#define check_ok(expr) check_ok_at((int)(expr), hl_last_error(), #expr, __FILE__, __LINE__)
void check_ok_at(int status, const char *sentence, const char *expr, const char *file, int line);

/* Full path of a file or folder of the shared test data, such as "splats/a.ply".  Where it is
 * absent the running test is skipped with a line that names it.  The string lives for the next
 * seven calls. */
const char *hl_test_data(const char *name);

/* A new empty folder for this process, removed with all it holds at exit.  Same each call. */
const char *hl_test_dir(void);

/* hl_test_dir() + "/" + name.  The string lives for the next seven calls. */
const char *hl_test_file(const char *name);

/* Writes n bytes to a file in hl_test_dir() and returns its path; the test fails if it cannot. */
const char *hl_test_write(const char *name, const void *bytes, size_t n);

#endif /* HL_TESTS_CHECK_H */
