/* SPDX-License-Identifier: MIT */
/* sfm/geom/epipolar.h -- two views: essential, fundamental and homography matrices.
 *
 *   x2^T E x1 = 0,  E = [t]x R,  x_in_2 = R x_in_1 + t       (points on the plane z = 1)
 *   p2^T F p1 = 0,  F = K2^-T E K1^-1                         (pixels)
 *   p2 ~ H p1
 *
 * Points are (n, 2) arrays; matrices row-major, of unit Frobenius norm where only defined up to
 * scale.  Minimal solvers return the number of solutions.  Pure functions, thread-safe.
 */
#ifndef HL_SFM_GEOM_EPIPOLAR_H
#define HL_SFM_GEOM_EPIPOLAR_H

#include <stdbool.h>
#include <stdint.h>

#define HL_ESSENTIAL_MAX   10 /* solutions of five points                      */
#define HL_FUNDAMENTAL_MAX 3  /* solutions of seven points                     */
#define HL_FOCAL_MAX       15 /* solutions of six points with a shared focal   */

/* Five calibrated points (Nister 2004; null space and elimination as in Stewenius et al. 2006). */
int hl_essential_5pt(const double x1[10], const double x2[10], double e[HL_ESSENTIAL_MAX][9]);

/* Seven points (Hartley and Zisserman 2004, 11.1.2). */
int hl_fundamental_7pt(const double x1[14], const double x2[14], double f[HL_FUNDAMENTAL_MAX][9]);

/* Eight points and more, normalised (Hartley 1997), of rank two.  weight: NULL for ones.
 * False where the points do not determine it. */
bool hl_fundamental_8pt(const double *x1, const double *x2, const double *weight, int32_t count,
                        double f[9]);

/* Four points and more, normalised direct linear transform.  False where degenerate, or where four
 * points change orientation. */
bool hl_homography(const double *x1, const double *x2, int32_t count, double h[9]);

/* Six points of two views of one camera whose focal length alone is unknown; pixels relative to
 * the principal point, divided by some length near the focal length.  The focal lengths found are
 * in units of that length, between `lo` and `hi`.
 * Stewenius et al. 2005's constraints; roots of their determinant in 1/f^2. */
int hl_essential_6pt_focal(const double x1[12], const double x2[12], double lo, double hi,
                           double f[HL_FOCAL_MAX][9], double focal[HL_FOCAL_MAX]);

/* E from motion, unit norm. */
void hl_essential_from_motion(const double r[9], const double t[3], double e[9]);

/* The four motions of an essential matrix: r[k / 2], t[k % 2] = +-t, |t| = 1. */
void hl_essential_decompose(const double e[9], double r[2][9], double t[3]);

/* The motion among the four that puts most points in front of both cameras.  Returns how many. */
int32_t hl_essential_motion(const double e[9], const double *x1, const double *x2,
                            const uint8_t *inlier, int32_t count, double r[9], double t[3]);

/* Squared Sampson distance of one correspondence to E or F. */
double hl_sampson(const double f[9], const double x1[2], const double x2[2]);

/* Squared distance of x2 to H x1; HUGE_VAL behind the camera. */
double hl_transfer(const double h[9], const double x1[2], const double x2[2]);

/* Depths of the point in both views by the midpoint of the rays; false for parallel rays. */
bool hl_two_view_depths(const double r[9], const double t[3], const double x1[2],
                        const double x2[2], double depth[2]);

#endif /* HL_SFM_GEOM_EPIPOLAR_H */
