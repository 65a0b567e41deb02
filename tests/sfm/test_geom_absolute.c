/* SPDX-License-Identifier: MIT */
/* Absolute pose, similarity and triangulation against exact random scenes and degenerate ones. */
#include "sfm/geom/absolute.h"
#include "tests/check.h"
#include "tests/sfm/views2.h"

enum { SCENES = 300 };

static double pose_error(const double r[9], const double t[3], const views2 *s)
{
    double sum = 0;
    for (int i = 0; i < 9; i++)
        sum += (r[i] - s->r[i]) * (r[i] - s->r[i]);
    for (int i = 0; i < 3; i++)
        sum += (t[i] - s->t[i]) * (t[i] - s->t[i]);
    return sqrt(sum);
}

static void three_points(void **state)
{
    (void)state;
    int missed = 0;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        double r[HL_P3P_MAX][9], t[HL_P3P_MAX][3], nearest = 1;
        views2_create(&s, 3, (uint64_t)k, 0);
        const int n = hl_p3p(s.x2, s.point, r, t);
        for (int i = 0; i < n; i++) {
            nearest = fmin(nearest, pose_error(r[i], t[i], &s));
            for (int j = 0; j < 3; j++)
                assert_true(hl_reprojection(r[i], t[i], s.point + 3 * j, s.x2 + 2 * j) < 1e-14);
        }
        missed += nearest > 1e-6;
    }
    print_message("three points: %d of %d missed\n", missed, SCENES);
    assert_true(missed <= SCENES / 100);
    const double same[9] = {1, 2, 5, 1, 2, 5, 0, 1, 4}, x[6] = {0.2, 0.4, 0.2, 0.4, 0, 0.25};
    double r[HL_P3P_MAX][9], t[HL_P3P_MAX][3];
    assert_int_equal(hl_p3p(x, same, r, t), 0);
}

static void four_points_and_focal(void **state)
{
    (void)state;
    static const double range[2] = {200, 5000};
    int missed = 0;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        double r[HL_P4PF_MAX][9], t[HL_P4PF_MAX][3], focal[HL_P4PF_MAX], nearest = 1;
        views2_create(&s, 4, (uint64_t)k, 0);
        const double truth = 400 + 5 * k;
        for (int i = 0; i < 8; i++)
            s.x2[i] *= truth;
        const int n = hl_p4pf(s.x2, s.point, range, r, t, focal);
        for (int i = 0; i < n; i++)
            nearest = fmin(nearest, fabs(focal[i] / truth - 1) + pose_error(r[i], t[i], &s));
        missed += nearest > 1e-3;
    }
    print_message("four points: %d of %d missed\n", missed, SCENES);
    assert_true(missed <= SCENES / 20);
}

static void similarity(void **state)
{
    (void)state;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        double b[3 * 10];
        const double scale = 0.1 + 0.02 * k;
        views2_create(&s, 10, (uint64_t)k, k % 2);
        for (int i = 0; i < 10; i++)
            for (int e = 0; e < 3; e++)
                b[3 * i + e] = s.t[e] + scale * (s.r[3 * e] * s.point[3 * i] +
                                                 s.r[3 * e + 1] * s.point[3 * i + 1] +
                                                 s.r[3 * e + 2] * s.point[3 * i + 2]);
        hl_similarity fit;
        assert_true(hl_similarity_fit(s.point, b, k % 3 ? 10 : 3, true, &fit));
        assert_true(fabs(fit.s - scale) < 1e-9);
        check_close(fit.r, s.r, 9, 1e-6, 0);
        check_close(fit.t, s.t, 3, 1e-6, 0);
    }
    const double line[9] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
    hl_similarity fit;
    assert_false(hl_similarity_fit(line, line, 3, true, &fit));
    /* a mirrored set has no rotation that maps it: the best one is still a rotation */
    views2 s;
    double mirrored[30];
    views2_create(&s, 10, 3, 0);
    for (int i = 0; i < 30; i++)
        mirrored[i] = i % 3 ? s.point[i] : -s.point[i];
    assert_true(hl_similarity_fit(s.point, mirrored, 10, false, &fit));
    const double *m = fit.r;
    const double det = m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
                       m[2] * (m[3] * m[7] - m[4] * m[6]);
    assert_true(fabs(det - 1) < 1e-9);
}

static void triangulation(void **state)
{
    (void)state;
    for (int k = 0; k < SCENES; k++) {
        views2 s;
        views2_create(&s, 1, (uint64_t)k, 0);
        double r[18] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, t[6] = {0}, x[4], p[3];
        memcpy(r + 9, s.r, sizeof s.r);
        memcpy(t + 3, s.t, sizeof s.t);
        memcpy(x, s.x1, 2 * sizeof *x);
        memcpy(x + 2, s.x2, 2 * sizeof *x);
        if (!hl_triangulate(r, t, x, 2, p))
            continue; /* behind the second camera */
        check_close(p, s.point, 3, 1e-6, 1e-6);
        const double origin[3] = {0, 0, 0};
        double eye[3], u[3], v[3];
        for (int i = 0; i < 3; i++)
            eye[i] = -(s.r[i] * s.t[0] + s.r[3 + i] * s.t[1] + s.r[6 + i] * s.t[2]);
        for (int i = 0; i < 3; i++) {
            u[i] = origin[i] - p[i];
            v[i] = eye[i] - p[i];
        }
        const double c = (u[0] * v[0] + u[1] * v[1] + u[2] * v[2]) /
                         sqrt((u[0] * u[0] + u[1] * u[1] + u[2] * u[2]) *
                              (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]));
        assert_true(fabs(cos(hl_ray_angle(origin, eye, p)) - c) < 1e-9);
    }
    const double r[18] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1};
    const double t[6] = {0, 0, 0, 1, 0, 0}, x[4] = {0, 0, -0.5, 0};
    double p[3];
    assert_false(hl_triangulate(r, t, x, 2, p)); /* the rays meet behind the cameras */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_points),
        cmocka_unit_test(four_points_and_focal),
        cmocka_unit_test(similarity),
        cmocka_unit_test(triangulation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
