/* SPDX-License-Identifier: MIT */
/* Depth of blended planes and the geometry terms: closed forms, and every gradient against
 * central differences in double. */
#define HL_REAL double
#include "core/rng.h"
#include "core/se3.h"
#include "raster/covariance.h"
#include "raster/surface_depth.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static const double k[4] = {40, 42, 17, 15};
#define STEP 1e-5

static void random_turn(hl_rng *rng, double r[9])
{
    double phi[3];
    for (int i = 0; i < 3; i++)
        phi[i] = 2 * (double)hl_rng_uniform(rng) - 1;
    hl_so3_exp(phi, r);
}

/* A splat anywhere in a plane gives, through any pixel, the depth at which the ray meets it. */
static void flat_splats_give_the_plane_exactly(void **state)
{
    (void)state;
    int seen = 0;
    for (int trial = 0; trial < 50; trial++) {
        hl_rng rng = hl_rng_at(1, 0, (uint64_t)trial, HL_RNG_TEST);
        double r[9], turn[9], q[4], t[3] = {0.3, -0.2, 0.1}, eye[3], blended[3] = {0, 0, 0},
                                    sum = 0;
        random_turn(&rng, r);
        random_turn(&rng, turn);
        hl_quat_from_rotation(turn, q);
        hl_mul3_t(r, t, eye);
        for (int i = 0; i < 3; i++)
            eye[i] = -eye[i];
        const double log_scale[3] = {-1, -9, -2};
        const double origin[3] = {eye[0] + 3 * r[6], eye[1] + 3 * r[7], eye[2] + 3 * r[8]};
        for (int s = 0; s < 3; s++) { /* three splats in the plane through `origin` */
            const double u = (double)hl_rng_normal(&rng), v = (double)hl_rng_normal(&rng);
            double mean[3], n[3];
            for (int i = 0; i < 3; i++)
                mean[i] = origin[i] + 0.2 * u * turn[3 * i] + 0.2 * v * turn[3 * i + 2];
            hl_splat_normal(log_scale, q, mean, eye, n);
            const double w = 0.2 + 0.1 * s;
            for (int i = 0; i < 3; i++)
                blended[i] += w * n[i];
            sum += w * hl_plane_distance(n, mean, eye);
        }
        double ray[3], off[3], normal[3];
        hl_surface_ray(r, k, 5 + trial % 20, 9, ray);
        for (int i = 0; i < 3; i++)
            normal[i] = turn[3 * i + 1];
        if (fabs(hl_dot3(normal, ray)) < 0.3)
            continue; /* the plane is seen edge on: splats may face either way */
        const double z = hl_surface_depth(sum, blended, ray);
        for (int i = 0; i < 3; i++)
            off[i] = eye[i] + z * ray[i] - origin[i];
        assert_true(z > 0);
        assert_true(fabs(hl_dot3(normal, off)) < 1e-12);
        seen++;
    }
    assert_true(seen > 20);
}

static void no_depth_at_grazing_rays_or_behind(void **state)
{
    (void)state;
    const double ray[3] = {0, 0, 1}, along[3] = {1, 0, -0.01}, away[3] = {0, 0, 1},
                 facing[3] = {0, 0, -0.5};
    assert_true(hl_surface_depth(1, along, ray) == 0);
    assert_true(hl_surface_depth(1, away, ray) == 0);
    assert_true(hl_surface_depth(-1, facing, ray) == 0);
    assert_true(hl_surface_depth(1, facing, ray) == 2);
}

static void gradient_of_depth(void **state)
{
    (void)state;
    const double ray[3] = {0.2, -0.3, 1};
    double n[3] = {0.1, 0.2, -0.8}, d_n[3] = {0, 0, 0};
    const double d_d = hl_surface_depth_bwd(1.7, 2.5, n, ray, d_n);
    const double up = hl_surface_depth(2.5 + STEP, n, ray),
                 down = hl_surface_depth(2.5 - STEP, n, ray);
    assert_true(fabs(d_d - 1.7 * (up - down) / (2 * STEP)) < 1e-8);
    for (int i = 0; i < 3; i++) {
        n[i] += STEP;
        const double a = hl_surface_depth(2.5, n, ray);
        n[i] -= 2 * STEP;
        const double b = hl_surface_depth(2.5, n, ray);
        n[i] += STEP;
        assert_true(fabs(d_n[i] - 1.7 * (a - b) / (2 * STEP)) < 1e-7);
    }
}

static void normal_of_a_plane_faces_the_camera(void **state)
{
    (void)state;
    /* the plane z = 2 + x / 2 through pixels around the axis of a camera at 0 */
    double p[4][3] = {{-0.1, 0, 1.95}, {0.1, 0, 2.05}, {0, -0.1, 2}, {0, 0.1, 2}}, cross[3], n[3];
    const double want[3] = {1 / sqrt(5), 0, -2 / sqrt(5)};
    assert_true(hl_surface_normal(p, cross, n) > 0);
    for (int i = 0; i < 3; i++)
        assert_true(fabs(n[i] - want[i]) < 1e-12);
}

static double normal_loss(double p[4][3], const double w[3])
{
    double cross[3], n[3];
    hl_surface_normal(p, cross, n);
    return hl_dot3(n, w);
}

static void gradient_of_normal(void **state)
{
    (void)state;
    double p[4][3] = {{-0.1, 0.02, 1.9}, {0.12, 0, 2.1}, {0.01, -0.1, 2}, {0, 0.11, 2.04}};
    const double w[3] = {0.7, -1.1, 0.4};
    double cross[3], n[3], across[3], down[3];
    const double length = hl_surface_normal(p, cross, n);
    hl_surface_normal_bwd(p, length, n, w, across, down);
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < 3; i++) {
            const double *want = j < 2 ? across : down, sign = j % 2 ? 1 : -1;
            p[j][i] += STEP;
            const double a = normal_loss(p, w);
            p[j][i] -= 2 * STEP;
            const double b = normal_loss(p, w);
            p[j][i] += STEP;
            assert_true(fabs(sign * want[i] - (a - b) / (2 * STEP)) < 1e-6);
        }
}

/* (A M2 - M1^2) / M1^2 is half the double sum of the header. */
static void distortion_is_the_double_sum(void **state)
{
    (void)state;
    const double w[4] = {0.3, 0.25, 0.2, 0.1}, z[4] = {2, 2.1, 2.4, 3};
    double a = 0, m1 = 0, m2 = 0, pairs = 0, d[3];
    for (int i = 0; i < 4; i++) {
        a += w[i];
        m1 += w[i] * z[i];
        m2 += w[i] * z[i] * z[i];
        for (int j = 0; j < 4; j++)
            pairs += w[i] * w[j] * (z[i] - z[j]) * (z[i] - z[j]);
    }
    const double got = hl_surface_distortion(a, m1, m2, d);
    assert_true(fabs(got - pairs / 2 / (m1 * m1)) < 1e-12);
    const double at[3] = {a, m1, m2};
    for (int i = 0; i < 3; i++) {
        double up[3], down[3], unused[3];
        memcpy(up, at, sizeof up);
        memcpy(down, at, sizeof down);
        up[i] += STEP;
        down[i] -= STEP;
        const double slope = (hl_surface_distortion(up[0], up[1], up[2], unused) -
                              hl_surface_distortion(down[0], down[1], down[2], unused)) /
                             (2 * STEP);
        assert_true(fabs(d[i] - slope) < 1e-8);
    }
}

static void cross_entropy_of_the_mask(void **state)
{
    (void)state;
    double d, unused;
    assert_true(fabs(hl_surface_mask(0.5, 1, &d) - log(2)) < 1e-12);
    assert_true(fabs(d + 2) < 1e-12);
    assert_true(hl_surface_mask(1, 1, &d) < 2e-3 && d == 0);
    const double up = hl_surface_mask(0.3 + STEP, 0.6, &unused);
    const double down = hl_surface_mask(0.3 - STEP, 0.6, &unused);
    hl_surface_mask(0.3, 0.6, &d);
    assert_true(fabs(d - (up - down) / (2 * STEP)) < 1e-8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_splats_give_the_plane_exactly),
        cmocka_unit_test(no_depth_at_grazing_rays_or_behind),
        cmocka_unit_test(gradient_of_depth),
        cmocka_unit_test(normal_of_a_plane_faces_the_camera),
        cmocka_unit_test(gradient_of_normal),
        cmocka_unit_test(distortion_is_the_double_sum),
        cmocka_unit_test(cross_entropy_of_the_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
