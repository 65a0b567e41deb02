/* SPDX-License-Identifier: MIT */
/* sfm/geom/linalg.h -- small dense algebra for minimal solvers: a dozen unknowns at most, double,
 * no allocation, the same result on every machine.  Matrices are row-major.
 */
#ifndef HL_SFM_GEOM_LINALG_H
#define HL_SFM_GEOM_LINALG_H

#include <stdbool.h>

#define HL_SMALL_MAX 12 /* largest side of a matrix here */

/* Solves a x = b in place: a (n, n) is destroyed, b (n) becomes x.  Gaussian elimination with
 * partial pivoting.  False where a is singular to working precision. */
bool hl_small_solve(int n, double *a, double *b);

/* Determinant of a (n, n), which is destroyed. */
double hl_small_det(int n, double *a);

/* Eigenvalues (n), ascending, and eigenvectors of the symmetric a (n, n): row k of `vectors` (n, n)
 * belongs to value k.  Cyclic Jacobi (Golub and Van Loan, 8.5). */
void hl_small_eigen(int n, const double *a, double *values, double *vectors);

/* Orthonormal basis of {x : a x = 0} for a (m, n), m < n <= HL_SMALL_MAX, of full rank: rows of
 * `basis` (n - m, n).  Householder reflections of the rows. */
void hl_small_nullspace(int m, int n, const double *a, double *basis);

/* a (9) = u diag(s) v^T with s[0] >= s[1] >= s[2] >= 0; u, v (9) orthogonal, of determinant +1 up
 * to the sign that a itself forces on u. */
void hl_svd3(const double a[9], double u[9], double s[3], double v[9]);

/* Real roots of sum_k c[k] x^k, degree <= HL_SMALL_MAX, ascending; returns how many.  Between the
 * roots of the derivative the polynomial is monotone: each sign change is bracketed and closed by
 * safeguarded Newton steps.  Roots where it only touches zero may be missed. */
int hl_poly_roots(const double *c, int degree, double *roots);

#endif /* HL_SFM_GEOM_LINALG_H */
