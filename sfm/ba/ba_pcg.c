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
#include "sfm/ba/cg.h"
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
static void precondition(void *ctx, const double *r, double *z)
{
    const hl_ba *ba = ctx;
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

static void multiply(void *ctx, const double *x, double *y)
{
    hl_ba_multiply_blocks(ctx, x, y);
}

bool hl_ba_solve_pcg(hl_ba *ba, double lambda, int32_t *iterations)
{
    const hl_cg cg = {.ctx = ba,
                      .multiply = multiply,
                      .precondition = precondition,
                      .n = ba->unknowns,
                      .most = PCG_MOST,
                      .eta = PCG_ETA};
    hl_ba_fill_blocks(ba, lambda);
    factor_diagonal(ba);
    hl_ba_reduced_rhs(ba, ba->pcg);
    return hl_cg_solve(&cg, ba->step, ba->pcg, iterations);
}
