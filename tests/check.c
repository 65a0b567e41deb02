/* SPDX-License-Identifier: MIT */
#include "tests/check.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATHS = 8, PATH_BYTES = 1024 };

static char dir[PATH_BYTES];

static double excess_of(double got, double want, double atol, double rtol)
{
    if (!isfinite(got) || !isfinite(want))
        return HUGE_VAL;
    return fabs(got - want) / (atol + rtol * fabs(want));
}

ptrdiff_t check_worst_f64(const double *got, const double *want, size_t n, double atol, double rtol,
                          double *excess)
{
    ptrdiff_t worst = -1;
    *excess = 1;
    for (size_t i = 0; i < n; i++) {
        const double e = excess_of(got[i], want[i], atol, rtol);
        if (e > *excess) {
            worst = (ptrdiff_t)i;
            *excess = e;
        }
    }
    return worst;
}

/* One line about element `i`, then the test fails at the caller's place. */
static void fail_close(size_t i, size_t n, double got, double want, double excess, const char *file,
                       int line)
{
    print_error("worst of %zu is [%zu]: got %.9g, want %.9g, %.3g x the tolerance\n", n, i, got,
                want, excess);
    _fail(file, line);
}

static void require_tolerance(double atol, double rtol, const char *file, int line)
{
    if (!(atol > 0) || !(rtol >= 0)) {
        print_error("check_close: atol %g must be > 0 and rtol %g >= 0\n", atol, rtol);
        _fail(file, line);
    }
}

void check_close_f64(const double *got, const double *want, size_t n, double atol, double rtol,
                     const char *file, int line)
{
    require_tolerance(atol, rtol, file, line);
    double excess;
    const ptrdiff_t i = check_worst_f64(got, want, n, atol, rtol, &excess);
    if (i >= 0)
        fail_close((size_t)i, n, got[i], want[i], excess, file, line);
}

void check_close_f32(const float *got, const float *want, size_t n, double atol, double rtol,
                     const char *file, int line)
{
    require_tolerance(atol, rtol, file, line);
    ptrdiff_t worst = -1;
    double excess = 1;
    for (size_t i = 0; i < n; i++) {
        const double e = excess_of((double)got[i], (double)want[i], atol, rtol);
        if (e > excess) {
            worst = (ptrdiff_t)i;
            excess = e;
        }
    }
    if (worst >= 0)
        fail_close((size_t)worst, n, (double)got[worst], (double)want[worst], excess, file, line);
}

void check_fails_at(int status, const char *sentence, const char *part, const char *expr,
                    const char *file, int line)
{
    if (status == 0)
        print_error("%s succeeded, but should fail with \"%s\"\n", expr, part);
    else if (!strstr(sentence, part))
        print_error("%s failed with \"%s\", which lacks \"%s\"\n", expr, sentence, part);
    else if (strchr(sentence, '\n'))
        print_error("%s failed with more than one line: \"%s\"\n", expr, sentence);
    else
        return;
    _fail(file, line);
}

void check_ok_at(int status, const char *sentence, const char *expr, const char *file, int line)
{
    if (status == 0)
        return;
    print_error("%s failed with %d: %s\n", expr, status, sentence);
    _fail(file, line);
}

/* The next of a ring of path buffers, holding "a/b". */
static const char *join(const char *a, const char *b)
{
    static char ring[PATHS][PATH_BYTES];
    static int next = 0;
    char *path = ring[next++ % PATHS];
    if (snprintf(path, PATH_BYTES, "%s/%s", a, b) >= PATH_BYTES)
        fail_msg("path too long: %s/%s", a, b);
    return path;
}

const char *hl_test_data(const char *name)
{
    const char *path = join(HL_SHARED_DATA, name);
    struct stat info;
    if (stat(path, &info) != 0) {
        print_message("skipped: test data ../shared/data/%s is absent\n", name);
        skip();
    }
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_dir(void)
{
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *hl_test_dir(void)
{
    if (!dir[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(dir, sizeof dir, "%s/helio-test-XXXXXX", base && base[0] ? base : "/tmp");
        if (!mkdtemp(dir)) {
            dir[0] = '\0';
            fail_msg("cannot make a folder in %s", base ? base : "/tmp");
        }
        atexit(remove_dir);
    }
    return dir;
}

const char *hl_test_file(const char *name)
{
    return join(hl_test_dir(), name);
}

const char *hl_test_write(const char *name, const void *bytes, size_t n)
{
    const char *path = hl_test_file(name);
    FILE *f = fopen(path, "wb");
    if (!f)
        fail_msg("cannot create %s", path);
    const size_t written = fwrite(bytes, 1, n, f);
    if (fclose(f) != 0 || written != n)
        fail_msg("cannot write %zu bytes to %s", n, path);
    return path;
}
