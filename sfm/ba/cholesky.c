/* SPDX-License-Identifier: MIT */
#include "sfm/ba/cholesky.h"

#include "core/parallel.h"
#include "sfm/ba/cholesky_kernels.h"

#include <math.h>
#include <string.h>

/* Rows of one task, and columns taken at a time: a strip of them and B stay in the second cache. */
enum { TILE = HL_CHOLESKY_TILE, STRIP = 8 * TILE, DEPTH = 4 * TILE };

typedef struct panel_job {
    double *a;
    int32_t n;
    int32_t at;    /* first row and column of the diagonal tile */
    int32_t width; /* of the diagonal tile                      */
    hl_cholesky_multiply multiply;
    double inverse[TILE * TILE]; /* -L^-T of the diagonal tile       */
} panel_job;

static bool factor_tile(double *a, int32_t n, int32_t width)
{
    for (int32_t j = 0; j < width; j++) {
        double *row_j = a + (size_t)j * (size_t)n;
        double pivot = row_j[j];
        for (int32_t k = 0; k < j; k++)
            pivot -= row_j[k] * row_j[k];
        if (!(pivot > 0) || !isfinite(pivot))
            return false;
        row_j[j] = sqrt(pivot);
        const double inv = 1 / row_j[j];
        for (int32_t i = j + 1; i < width; i++) {
            double *row_i = a + (size_t)i * (size_t)n;
            double value = row_i[j];
            for (int32_t k = 0; k < j; k++)
                value -= row_i[k] * row_j[k];
            row_i[j] = value * inv;
        }
    }
    return true;
}

/* inverse (row j, column i) = -(L^-1)_ij of a whole tile. */
static void invert_tile(const double *l, size_t n, double *inverse)
{
    memset(inverse, 0, TILE * TILE * sizeof *inverse);
    for (int j = 0; j < TILE; j++) {
        double *column = inverse + (size_t)j * TILE; /* of L^-1 */
        column[j] = -1 / l[(size_t)j * n + (size_t)j];
        for (int i = j + 1; i < TILE; i++) {
            double sum = 0;
            for (int k = j; k < i; k++)
                sum += l[(size_t)i * n + (size_t)k] * column[k];
            column[i] = -sum / l[(size_t)i * n + (size_t)i];
        }
    }
}

/* The last columns, fewer than a tile: C -= A B^T over all that is to the left. */
static void update_narrow(const panel_job *job, int32_t first, int32_t last)
{
    const size_t n = (size_t)job->n;
    for (int32_t i = first; i < last; i++)
        for (int32_t j = job->at; j < job->at + job->width && j <= i; j++) {
            const double *a = job->a + (size_t)i * n, *b = job->a + (size_t)j * n;
            double sum = 0;
            for (int32_t k = 0; k < job->at; k++)
                sum += a[k] * b[k];
            job->a[(size_t)i * n + (size_t)j] -= sum;
        }
}

/* Columns of the panel minus what stands to their left, a strip of rows at a time. */
static void update_strip(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const panel_job *job = ctx;
    const size_t n = (size_t)job->n;
    const int32_t first = job->at + block * STRIP;
    const int32_t last = first + STRIP < job->n ? first + STRIP : job->n;
    if (job->width < TILE) {
        update_narrow(job, first, last);
        return;
    }
    for (int32_t left = 0; left < job->at; left += DEPTH) {
        const int32_t depth = left + DEPTH < job->at ? DEPTH : job->at - left;
        double bt[DEPTH * TILE];
        for (int32_t j = 0; j < TILE; j++) {
            const double *b = job->a + (size_t)(job->at + j) * n + (size_t)left;
            for (int32_t k = 0; k < depth; k++)
                bt[k * TILE + j] = b[k];
        }
        job->multiply(job->a + (size_t)first * n + (size_t)job->at, n,
                      job->a + (size_t)first * n + (size_t)left, n, bt, depth, last - first);
    }
}

/* Rows below the diagonal tile: X = A L^-T. */
static void solve_strip(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const panel_job *job = ctx;
    const size_t n = (size_t)job->n;
    const int32_t first = job->at + TILE + block * TILE;
    const int32_t last = first + TILE < job->n ? first + TILE : job->n;
    double a[TILE * TILE];
    for (int32_t i = first; i < last; i++) {
        double *row = job->a + (size_t)i * n + (size_t)job->at;
        memcpy(a + (size_t)(i - first) * TILE, row, TILE * sizeof *a);
        memset(row, 0, TILE * sizeof *row);
    }
    job->multiply(job->a + (size_t)first * n + (size_t)job->at, n, a, TILE, job->inverse, TILE,
                  last - first);
}

static hl_cholesky_multiply best_kernel(void)
{
    hl_cholesky_multiply multiply = hl_cholesky_multiply_avx512();
    if (!multiply)
        multiply = hl_cholesky_multiply_avx2();
    return multiply ? multiply : hl_cholesky_multiply_plain();
}

bool hl_cholesky_factor(double *a, int32_t n)
{
    panel_job job = {.a = a, .n = n, .multiply = best_kernel()};
    for (job.at = 0; job.at < n; job.at += TILE) {
        double *diagonal = a + (size_t)job.at * (size_t)n + (size_t)job.at;
        job.width = job.at + TILE < n ? TILE : n - job.at;
        if (job.at > 0)
            hl_parallel_for(hl_block_count(n - job.at, STRIP), update_strip, &job);
        if (!factor_tile(diagonal, n, job.width))
            return false;
        if (job.at + TILE >= n)
            break;
        invert_tile(diagonal, (size_t)n, job.inverse);
        hl_parallel_for(hl_block_count(n - job.at - TILE, TILE), solve_strip, &job);
    }
    return true;
}

void hl_cholesky_solve(const double *l, int32_t n, double *x)
{
    for (int32_t i = 0; i < n; i++) {
        const double *row = l + (size_t)i * (size_t)n;
        double value = x[i];
        for (int32_t k = 0; k < i; k++)
            value -= row[k] * x[k];
        x[i] = value / row[i];
    }
    for (int32_t i = n - 1; i >= 0; i--) {
        const double *row = l + (size_t)i * (size_t)n;
        x[i] /= row[i];
        for (int32_t k = 0; k < i; k++)
            x[k] -= row[k] * x[i];
    }
}
