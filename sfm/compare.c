/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/compare.h"

#include "core/memory.h"
#include "core/se3.h"
#include "sfm/geom/absolute.h"

#include <math.h>
#include <stdlib.h>

#define DEGREES (180 / 3.14159265358979323846)

const double hl_compare_limits[HL_COMPARE_LIMITS] = {0.25, 0.5, 1, 3, 5};

static void center_of(const hl_pose *pose, double center[3])
{
    double r[9], inv[9];
    hl_rotation(pose->q, r);
    hl_se3_inverse(r, pose->t, inv, center);
}

/* Angle of the rotation a b^T, degrees. */
static double turn_between(const double a[9], const double b[9])
{
    double delta[9], w[3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            delta[3 * i + j] = hl_dot3(a + 3 * i, b + 3 * j);
    hl_so3_log(delta, w);
    return hl_length3(w) * DEGREES;
}

static hl_status align(hl_pose_comparison *out, const hl_pose *poses, const bool *has_pose,
                       const hl_pose *truth, int32_t count)
{
    double *from = hl_alloc((size_t)count, 3 * sizeof *from);
    double *to = hl_alloc((size_t)count, 3 * sizeof *to);
    hl_status status = from && to ? HL_OK : HL_E_MEMORY;
    hl_similarity s;
    int32_t n = 0;
    for (int32_t i = 0; status == HL_OK && i < count; i++)
        if (has_pose[i]) {
            center_of(&poses[i], from + 3 * (size_t)n);
            center_of(&truth[i], to + 3 * (size_t)n++);
        }
    if (status == HL_OK && (n < 3 || !hl_similarity_fit(from, to, n, true, &s)))
        status = hl_fail(HL_E_ARG,
                         "poses: %d photos have both poses, or their centres coincide: "
                         "three apart are needed",
                         n);
    n = 0;
    for (int32_t i = 0; status == HL_OK && i < count; i++) {
        double c[3], r[9], want[9], turned[9];
        if (!has_pose[i])
            continue;
        hl_mul3(s.r, from + 3 * (size_t)n, c);
        for (int k = 0; k < 3; k++)
            c[k] = s.s * c[k] + s.t[k] - to[3 * (size_t)n + (size_t)k];
        n++;
        const double distance = hl_length3(c);
        /* camera_from_truth = camera_from_world world_from_truth */
        hl_rotation(poses[i].q, r);
        hl_rotation(truth[i].q, want);
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++)
                turned[3 * a + b] = hl_dot3(r + 3 * a, s.r + 3 * b);
        const double turn = turn_between(turned, want);
        out->center_mean += distance;
        out->center_max = fmax(out->center_max, distance);
        out->rotation_mean += turn;
        out->rotation_max = fmax(out->rotation_max, turn);
    }
    out->compared = n;
    if (n > 0) {
        out->center_mean /= n;
        out->rotation_mean /= n;
    }
    hl_free(from);
    hl_free(to);
    return status;
}

/* Larger of the two relative errors of one pair, degrees. */
static double pair_error(const hl_pose *a, const hl_pose *b, const hl_pose *ta, const hl_pose *tb)
{
    const hl_pose *const side[2][2] = {{a, b}, {ta, tb}};
    double relative[2][9], along[2][3];
    for (int k = 0; k < 2; k++) {
        double ra[9], rb[9], ca[3], cb[3], d[3];
        hl_rotation(side[k][0]->q, ra);
        hl_rotation(side[k][1]->q, rb);
        center_of(side[k][0], ca);
        center_of(side[k][1], cb);
        for (int i = 0; i < 3; i++) {
            d[i] = cb[i] - ca[i];
            for (int j = 0; j < 3; j++)
                relative[k][3 * i + j] = hl_dot3(rb + 3 * i, ra + 3 * j);
        }
        hl_mul3(ra, d, along[k]);
        hl_normalize3(along[k], along[k]);
    }
    const double cosine = fmax(-1, fmin(1, hl_dot3(along[0], along[1])));
    return fmax(turn_between(relative[0], relative[1]), acos(cosine) * DEGREES);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Trapezoids under the cumulative share of sorted errors. */
static double area(const double *errors, int64_t count, double limit)
{
    double sum = 0, last_error = 0, last_share = 0;
    for (int64_t i = 0; i < count && errors[i] < limit; i++) {
        const double share = (double)(i + 1) / (double)count;
        sum += (errors[i] - last_error) * (share + last_share) / 2;
        last_error = errors[i];
        last_share = share;
    }
    return 100 * (sum + (limit - last_error) * last_share) / limit;
}

hl_status hl_pose_compare(hl_pose_comparison *out, const hl_pose *poses, const bool *has_pose,
                          const hl_pose *truth, int32_t count)
{
    hl_pose_comparison c = {.count = count};
    HL_TRY(align(&c, poses, has_pose, truth, count));
    const size_t pairs = (size_t)count * (size_t)(count - 1) / 2;
    double *errors = hl_alloc(pairs, sizeof *errors);
    if (!errors)
        return HL_E_MEMORY;
    int64_t n = 0;
    for (int32_t a = 0; a < count; a++)
        for (int32_t b = a + 1; b < count; b++)
            errors[n++] = has_pose[a] && has_pose[b]
                              ? pair_error(&poses[a], &poses[b], &truth[a], &truth[b])
                              : 180;
    qsort(errors, (size_t)n, sizeof *errors, compare);
    for (int k = 0; k < HL_COMPARE_LIMITS; k++)
        c.auc[k] = area(errors, n, hl_compare_limits[k]);
    hl_free(errors);
    *out = c;
    return HL_OK;
}
