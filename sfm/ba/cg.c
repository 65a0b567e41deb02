/* SPDX-License-Identifier: MIT */
#include "sfm/ba/cg.h"

#include <math.h>
#include <string.h>

static double dot(const double *a, const double *b, int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

bool hl_cg_solve(const hl_cg *cg, double *x, double *work, int32_t *iterations)
{
    const int32_t n = cg->n;
    double *r = work, *z = r + n, *d = z + n, *q = d + n;
    memset(x, 0, (size_t)n * sizeof *x);
    cg->precondition(cg->ctx, r, z);
    memcpy(d, z, (size_t)n * sizeof *d);
    double rz = dot(r, z, n);
    const double stop = cg->eta * cg->eta * rz;
    for (int32_t k = 0; k < cg->most && rz > stop; k++) {
        cg->multiply(cg->ctx, d, q);
        const double curve = dot(d, q, n);
        if (!(curve > 0) || !isfinite(curve))
            return k > 0;
        const double alpha = rz / curve;
        for (int32_t i = 0; i < n; i++) {
            x[i] += alpha * d[i];
            r[i] -= alpha * q[i];
        }
        cg->precondition(cg->ctx, r, z);
        const double next = dot(r, z, n), beta = next / rz;
        for (int32_t i = 0; i < n; i++)
            d[i] = z[i] + beta * d[i];
        rz = next;
        ++*iterations;
    }
    return true;
}
