/* SPDX-License-Identifier: MIT */
/* Two-view solvers against exact random scenes: the truth must be among the solutions, every
 * solution must satisfy the constraints that define it, and degenerate data must not be solved. */
#include "sfm/geom/epipolar.h"
#include "tests/check.h"
#include "tests/sfm/views2.h"

enum { SCENES = 200 };

static double epipolar_residual(const double m[9], const double *x1, const double *x2, int count)
{
    double worst = 0;
    for (int i = 0; i < count; i++) {
        const double u[3] = {x1[2 * i], x1[2 * i + 1], 1}, v[3] = {x2[2 * i], x2[2 * i + 1], 1};
        double sum = 0;
        for (int k = 0; k < 9; k++)
            sum += v[k / 3] * m[k] * u[k % 3];
        worst = fmax(worst, fabs(sum));
    }
    return worst;
}

/* Largest entry of 2 E E^T E - tr(E E^T) E. */
static double essential_residual(const double e[9])
{
    double eet[9] = {0}, worst = 0;
    for (int i = 0; i < 9; i++)
        for (int k = 0; k < 3; k++)
            eet[i] += e[i / 3 * 3 + k] * e[i % 3 * 3 + k];
    const double trace = eet[0] + eet[4] + eet[8];
    for (int i = 0; i < 9; i++) {
        double v = -trace * e[i];
        for (int k = 0; k < 3; k++)
            v += 2 * eet[i / 3 * 3 + k] * e[3 * k + i % 3];
        worst = fmax(worst, fabs(v));
    }
    return worst;
}

static void five_points(void **state)
{
    (void)state;
    int missed = 0, loose = 0;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        double e[HL_ESSENTIAL_MAX][9], truth[9], nearest = 1;
        views2_create(&s, 5, (uint64_t)k, 0);
        hl_essential_from_motion(s.r, s.t, truth);
        const int n = hl_essential_5pt(s.x1, s.x2, e);
        assert_true(n <= 10);
        for (int i = 0; i < n; i++) {
            nearest = fmin(nearest, views2_apart(e[i], truth, 9));
            loose +=
                epipolar_residual(e[i], s.x1, s.x2, 5) > 1e-8 || essential_residual(e[i]) > 1e-6;
        }
        missed += nearest > 1e-5;
    }
    print_message("five points: %d of %d missed, %d loose solutions\n", missed, SCENES, loose);
    assert_true(missed <= SCENES / 100 && loose <= SCENES / 50);
}

static void seven_points(void **state)
{
    (void)state;
    int missed = 0;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        double f[HL_FUNDAMENTAL_MAX][9], truth[9], nearest = 1;
        views2_create(&s, 7, (uint64_t)k, 0);
        hl_essential_from_motion(s.r, s.t, truth);
        const int n = hl_fundamental_7pt(s.x1, s.x2, f);
        for (int i = 0; i < n; i++) {
            nearest = fmin(nearest, views2_apart(f[i], truth, 9));
            assert_true(epipolar_residual(f[i], s.x1, s.x2, 7) < 1e-10);
        }
        missed += nearest > 1e-6;
    }
    assert_true(missed <= SCENES / 100);
}

static void eight_points(void **state)
{
    (void)state;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        double f[9], truth[9];
        views2_create(&s, 30, (uint64_t)k, 0);
        hl_essential_from_motion(s.r, s.t, truth);
        assert_true(hl_fundamental_8pt(s.x1, s.x2, NULL, 30, f));
        assert_true(views2_apart(f, truth, 9) < 1e-7);
        views2_create(&s, 30, (uint64_t)k, 1);
        assert_false(hl_fundamental_8pt(s.x1, s.x2, NULL, 30, f)); /* a plane has many */
    }
    double same[16] = {0}, f[9];
    assert_false(hl_fundamental_8pt(same, same, NULL, 8, f));
}

static void plane(void **state)
{
    (void)state;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        double h[9];
        views2_create(&s, 20, (uint64_t)k, 1);
        const int n = k % 2 ? 20 : 4;
        if (!hl_homography(s.x1, s.x2, n, h))
            continue; /* four points nearly on a line */
        for (int i = 0; i < 20; i++)
            assert_true(hl_transfer(h, s.x1 + 2 * i, s.x2 + 2 * i) < 1e-12);
    }
    const double line[8] = {0, 0, 1, 1, 2, 2, 5, 1}, quad[8] = {0, 0, 1, 0, 1, 1, 0, 1};
    const double turned[8] = {0, 0, 1, 0, 0.2, 0.2, 0, 1};
    double h[9];
    assert_false(hl_homography(line, quad, 4, h));
    assert_false(hl_homography(quad, turned, 4, h)); /* one corner folded over */
}

static void six_points_one_focal(void **state)
{
    (void)state;
    int missed = 0;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        double f[HL_FOCAL_MAX][9], focal[HL_FOCAL_MAX], nearest = 1;
        views2_create(&s, 6, (uint64_t)k + 1000, 0);
        const double truth = 0.7 + 0.01 * k;
        for (int i = 0; i < 12; i++) {
            s.x1[i] *= truth;
            s.x2[i] *= truth;
        }
        const int n = hl_essential_6pt_focal(s.x1, s.x2, 0.3, 10, f, focal);
        for (int i = 0; i < n; i++) {
            nearest = fmin(nearest, fabs(focal[i] / truth - 1));
            assert_true(epipolar_residual(f[i], s.x1, s.x2, 6) < 1e-6);
        }
        missed += nearest > 1e-4;
    }
    print_message("shared focal: %d of %d missed\n", missed, SCENES);
    assert_true(missed <= SCENES / 20); /* roots that touch without crossing */
}

static void motions(void **state)
{
    (void)state;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        double e[9], r[9], t[3];
        views2_create(&s, 20, (uint64_t)k, 0);
        hl_essential_from_motion(s.r, s.t, e);
        int32_t front = 0; /* of the truth */
        for (int i = 0; i < 20; i++) {
            double depth[2];
            if (hl_two_view_depths(s.r, s.t, s.x1 + 2 * i, s.x2 + 2 * i, depth)) {
                front += depth[0] > 0 && depth[1] > 0;
                assert_true(fabs(depth[0] - s.point[3 * i + 2]) < 1e-6);
            }
        }
        assert_int_equal(hl_essential_motion(e, s.x1, s.x2, NULL, 20, r, t), front);
        check_close(r, s.r, 9, 1e-9, 0);
        check_close(t, s.t, 3, 1e-9, 0);
    }
    const double id[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, side[3] = {1, 0, 0}, x[2] = {0.1, 0.2};
    double depth[2];
    assert_false(hl_two_view_depths(id, side, x, x, depth)); /* parallel rays */
}

/* Sampson's distance is the first-order distance to the variety: compare with moving the points
 * there by the same first-order step. */
static void sampson(void **state)
{
    (void)state;
    views2 s;
    double e[9];
    views2_create(&s, 50, 5, 0);
    hl_essential_from_motion(s.r, s.t, e);
    for (int i = 0; i < 50; i++) {
        double *p = s.x1 + 2 * i, *q = s.x2 + 2 * i;
        assert_true(hl_sampson(e, p, q) < 1e-20);
        p[0] += 1e-5;
        q[1] -= 2e-5;
        const double d2 = hl_sampson(e, p, q);
        assert_true(d2 > 0 && d2 < 5e-10); /* no more than the move itself: 1e-10 + 4e-10 */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_points),
        cmocka_unit_test(seven_points),
        cmocka_unit_test(eight_points),
        cmocka_unit_test(plane),
        cmocka_unit_test(six_points_one_focal),
        cmocka_unit_test(motions),
        cmocka_unit_test(sampson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
