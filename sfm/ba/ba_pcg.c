/* SPDX-License-Identifier: MIT */
/* Conjugate gradients on the blocks of the reduced system.
 *
 * A product costs 36 multiplications for each two images that share points; without the blocks
 * ("implicit Schur complement", Agarwal et al. 2010) it would cost as many for each sight, of which
 * there are ten to a hundred times more.  Preconditioner: the diagonal blocks, by Cholesky
 * ("Schur-Jacobi").  Ends at a relative residual of PCG_ETA (inexact Newton) or after PCG_MOST
 * products. */
#define HL_REAL double
#include "sfm/ba/ba_blocks.h"
#include "sfm/ba/cholesky.h"

#include <math.h>
#include <string.h>

enum { PCG_MOST = 500 };
#define PCG_ETA 0.01

static void factor_diagonal(hl_ba *ba)
{
    double *m = ba->precond;
    for (int32_t node = 0; node < ba->blocks.nodes; node++) {
        const int32_t n = ba->blocks.size[node];
        const size_t size = (size_t)n * (size_t)n;
        if (n == 0)
            continue;
        memcpy(m, hl_ba_diagonal_block(ba, node), size * sizeof *m);
        if (!hl_cholesky_factor(m, n)) { /* rounding: fall back to the diagonal of U */
            memset(m, 0, size * sizeof *m);
            for (int32_t k = 0; k < n; k++)
                m[(n + 1) * k] = sqrt(fmax(ba->diag[ba->blocks.at[node] + k], HL_BA_DAMP_MIN));
        }
        m += size;
    }
}

/* z = M^-1 r */
static void precondition(const hl_ba *ba, const double *r, double *z)
{
    const double *m = ba->precond;
    memcpy(z, r, (size_t)ba->unknowns * sizeof *z);
    for (int32_t node = 0; node < ba->blocks.nodes; node++) {
        const int32_t n = ba->blocks.size[node];
        if (n == 0)
            continue;
        hl_cholesky_solve(m, n, z + ba->blocks.at[node]);
        m += (size_t)n * (size_t)n;
    }
}

static double dot(const double *a, const double *b, int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

bool hl_ba_solve_pcg(hl_ba *ba, double lambda, int32_t *iterations)
{
    const int32_t n = ba->unknowns;
    double *r = ba->pcg, *z = r + n, *d = z + n, *q = d + n, *x = ba->step;
    hl_ba_fill_blocks(ba, lambda);
    factor_diagonal(ba);
    hl_ba_reduced_rhs(ba, r);
    memset(x, 0, (size_t)n * sizeof *x);
    precondition(ba, r, z);
    memcpy(d, z, (size_t)n * sizeof *d);
    double rz = dot(r, z, n);
    const double stop = PCG_ETA * PCG_ETA * rz; /* in the norm of the preconditioner */
    for (int32_t k = 0; k < PCG_MOST && rz > stop; k++) {
        hl_ba_multiply_blocks(ba, d, q);
        const double curve = dot(d, q, n);
        if (!(curve > 0) || !isfinite(curve))
            return k > 0;
        const double alpha = rz / curve;
        for (int32_t i = 0; i < n; i++) {
            x[i] += alpha * d[i];
            r[i] -= alpha * q[i];
        }
        precondition(ba, r, z);
        const double next = dot(r, z, n), beta = next / rz;
        for (int32_t i = 0; i < n; i++)
            d[i] = z[i] + beta * d[i];
        rz = next;
        ++*iterations;
    }
    return true;
}
