/* SPDX-License-Identifier: MIT */
/* sfm/geom/absolute.h -- a camera from points whose positions are known, and the reverse.
 *
 *   x_in_camera = R X + t;  image points x are on the plane z = 1 unless said otherwise.
 *
 * Pure functions, thread-safe; matrices row-major.
 */
#ifndef HL_SFM_GEOM_ABSOLUTE_H
#define HL_SFM_GEOM_ABSOLUTE_H

#include <stdbool.h>
#include <stdint.h>

#define HL_P3P_MAX  4
#define HL_P4PF_MAX 8

/* x_in_b = s R x_in_a + t */
typedef struct hl_similarity {
    double s, r[9], t[3];
} hl_similarity;

/* Three points (Grunert 1841 as in Haralick et al. 1994, then Newton on the distances): x (3, 2),
 * point (3, 3).  Returns the number of poses, depths positive. */
int hl_p3p(const double x[6], const double point[9], double r[HL_P3P_MAX][9],
           double t[HL_P3P_MAX][3]);

/* Four points and an unknown focal length: x (4, 2) pixels relative to the principal point.
 * Three points give the pose for each focal length of a logarithmic grid between lo and hi; the
 * fourth picks the minima, which are refined over all four.  Returns the number of solutions. */
int hl_p4pf(const double x[8], const double point[12], const double range[2],
            double r[HL_P4PF_MAX][9], double t[HL_P4PF_MAX][3], double focal[HL_P4PF_MAX]);

/* Least-squares similarity (Umeyama 1991) of count >= 3 pairs a, b (count, 3).  scaled false fixes
 * s = 1.  False where the points do not determine it. */
bool hl_similarity_fit(const double *a, const double *b, int32_t count, bool scaled,
                       hl_similarity *out);

/* A point from n >= 2 views: r (n, 9), t (n, 3), x (n, 2).  Direct linear transform, then
 * Gauss-Newton on the reprojection error.  False for parallel rays or a point behind a camera. */
bool hl_triangulate(const double *r, const double *t, const double *x, int32_t n, double point[3]);

/* Angle at the point between the rays to two centres, radians. */
double hl_ray_angle(const double center_a[3], const double center_b[3], const double point[3]);

/* Squared reprojection error on the plane z = 1; HUGE_VAL behind the camera. */
double hl_reprojection(const double r[9], const double t[3], const double point[3],
                       const double x[2]);

#endif /* HL_SFM_GEOM_ABSOLUTE_H */
