/* SPDX-License-Identifier: MIT */
/* sfm/ba/cg.h -- preconditioned conjugate gradients (Hestenes, Stiefel 1952) for A x = b with A
 * symmetric and positive definite, known by its products alone. */
#ifndef HL_SFM_BA_CG_H
#define HL_SFM_BA_CG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct hl_cg {
    void *ctx;
    void (*multiply)(void *ctx, const double *x, double *y);     /* y = A x */
    void (*precondition)(void *ctx, const double *r, double *z); /* z = M^-1 r */
    int32_t n;                                                   /* unknowns */
    int32_t most;                                                /* products at most */
    double eta; /* ends where sqrt(r^T M^-1 r) has fallen to this part of its start */
} hl_cg;

/* x (n) from 0.  work (4, n): b in its first n, all overwritten.  iterations: grows by the products
 * made.  false: no step at all, since A is not positive definite or not finite. */
bool hl_cg_solve(const hl_cg *cg, double *x, double *work, int32_t *iterations);

#endif /* HL_SFM_BA_CG_H */
