/* SPDX-License-Identifier: MIT */
/* tests/sfm/views2.h -- random two-view scenes with exact truth, by seed. */
#ifndef HL_TESTS_SFM_VIEWS2_H
#define HL_TESTS_SFM_VIEWS2_H

#include "core/rng.h"

#include <math.h>
#include <string.h>

enum { VIEWS2_MAX = 512 };

typedef struct views2 {
    double r[9], t[3];            /* x_in_2 = r x_in_1 + t, |t| = 1 */
    double point[3 * VIEWS2_MAX]; /* in the frame of view 1         */
    double x1[2 * VIEWS2_MAX], x2[2 * VIEWS2_MAX];
} views2;

static inline double views2_between(hl_rng *rng, double lo, double hi)
{
    return lo + (hi - lo) * (double)hl_rng_uniform(rng);
}

static inline void views2_rotation(const double phi[3], double r[9])
{
    const double a = sqrt(phi[0] * phi[0] + phi[1] * phi[1] + phi[2] * phi[2]);
    const double k[3] = {phi[0] / a, phi[1] / a, phi[2] / a}, c = cos(a), s = sin(a);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            r[3 * i + j] = (i == j ? c : 0) + (1 - c) * k[i] * k[j];
    r[1] -= s * k[2];
    r[2] += s * k[1];
    r[3] += s * k[2];
    r[5] -= s * k[0];
    r[6] -= s * k[1];
    r[7] += s * k[0];
}

static inline void views2_project(const double r[9], const double t[3], const double p[3],
                                  double x[2])
{
    double q[3];
    for (int i = 0; i < 3; i++)
        q[i] = r[3 * i] * p[0] + r[3 * i + 1] * p[1] + r[3 * i + 2] * p[2] + t[i];
    x[0] = q[0] / q[2];
    x[1] = q[1] / q[2];
}

/* planar: all points on one plane. */
static inline void views2_create(views2 *s, int count, uint64_t seed, int planar)
{
    static const double id[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, zero[3] = {0, 0, 0};
    hl_rng rng = hl_rng_at(seed, 0, 0, HL_RNG_TEST);
    const double phi[3] = {views2_between(&rng, -0.4, 0.4), views2_between(&rng, -0.4, 0.4),
                           views2_between(&rng, -0.4, 0.4)};
    views2_rotation(phi, s->r);
    double n = 0;
    for (int i = 0; i < 3; i++) {
        s->t[i] = views2_between(&rng, -1, 1);
        n += s->t[i] * s->t[i];
    }
    for (int i = 0; i < 3; i++)
        s->t[i] /= sqrt(n);
    for (int i = 0; i < count; i++) {
        double *p = s->point + 3 * i;
        p[0] = views2_between(&rng, -2, 2);
        p[1] = views2_between(&rng, -2, 2);
        p[2] = planar ? 5 + 0.3 * p[0] - 0.2 * p[1] : views2_between(&rng, 3, 8);
        views2_project(id, zero, p, s->x1 + 2 * i);
        views2_project(s->r, s->t, p, s->x2 + 2 * i);
    }
}

/* |a - +-b| of two arrays that are equal up to sign. */
static inline double views2_apart(const double *a, const double *b, int n)
{
    double plus = 0, minus = 0;
    for (int i = 0; i < n; i++) {
        plus += (a[i] - b[i]) * (a[i] - b[i]);
        minus += (a[i] + b[i]) * (a[i] + b[i]);
    }
    return sqrt(fmin(plus, minus));
}

#endif /* HL_TESTS_SFM_VIEWS2_H */
