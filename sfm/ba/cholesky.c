/* SPDX-License-Identifier: MIT */
#include "sfm/ba/cholesky.h"

#include "core/parallel.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { TILE = 48 };

typedef struct panel_job {
    double *a;
    int32_t n;
    int32_t at;    /* first row of the diagonal tile */
    int32_t width; /* of the diagonal tile           */
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

/* Rows below the diagonal tile: X L^T = A, one row at a time. */
static void solve_panel(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const panel_job *job = ctx;
    const size_t n = (size_t)job->n;
    const int32_t first = job->at + job->width + block * TILE;
    const int32_t last = first + TILE < job->n ? first + TILE : job->n;
    const double *diagonal = job->a + (size_t)job->at * n + (size_t)job->at;
    for (int32_t i = first; i < last; i++) {
        double *row = job->a + (size_t)i * n + (size_t)job->at;
        for (int32_t j = 0; j < job->width; j++) {
            const double *l = diagonal + (size_t)j * n;
            double value = row[j];
            for (int32_t k = 0; k < j; k++)
                value -= row[k] * l[k];
            row[j] = value / l[j];
        }
    }
}

/* C (rows, columns) -= A B^T, where bt (width, TILE) is B transposed. */
static void update_tile(double *c, const double *a, const double *bt, size_t n, int32_t rows,
                        int32_t width)
{
    for (int32_t i = 0; i < rows; i++) {
        double sum[TILE] = {0};
        const double *row = a + (size_t)i * n;
        for (int32_t k = 0; k < width; k++) {
            const double value = row[k];
            for (int32_t j = 0; j < TILE; j++)
                sum[j] += value * bt[k * TILE + j];
        }
        double *out = c + (size_t)i * n;
        for (int32_t j = 0; j < TILE; j++)
            out[j] -= sum[j];
    }
}

/* One column of tiles to the right of the panel, from its diagonal down. */
static void update_column(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const panel_job *job = ctx;
    const size_t n = (size_t)job->n;
    const int32_t left = job->at + job->width + block * TILE;
    const int32_t columns = left + TILE < job->n ? TILE : job->n - left;
    double bt[TILE][TILE];
    memset(bt, 0, sizeof bt);
    for (int32_t j = 0; j < columns; j++)
        for (int32_t k = 0; k < job->width; k++)
            bt[k][j] = job->a[(size_t)(left + j) * n + (size_t)(job->at + k)];
    for (int32_t top = left; top < job->n; top += TILE) {
        const int32_t rows = top + TILE < job->n ? TILE : job->n - top;
        double *c = job->a + (size_t)top * n + (size_t)left;
        const double *a = job->a + (size_t)top * n + (size_t)job->at;
        if (columns == TILE) {
            update_tile(c, a, &bt[0][0], n, rows, job->width);
            continue;
        }
        for (int32_t i = 0; i < rows; i++)
            for (int32_t j = 0; j < columns; j++) {
                double sum = 0;
                for (int32_t k = 0; k < job->width; k++)
                    sum += a[(size_t)i * n + (size_t)k] * bt[k][j];
                c[(size_t)i * n + (size_t)j] -= sum;
            }
    }
}

bool hl_cholesky_factor(double *a, int32_t n)
{
    for (int32_t at = 0; at < n; at += TILE) {
        panel_job job = {a, n, at, at + TILE < n ? TILE : n - at};
        if (!factor_tile(a + (size_t)at * (size_t)n + (size_t)at, n, job.width))
            return false;
        const int32_t blocks = hl_block_count(n - at - job.width, TILE);
        if (blocks > 0) {
            hl_parallel_for(blocks, solve_panel, &job);
            hl_parallel_for(blocks, update_column, &job);
        }
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
