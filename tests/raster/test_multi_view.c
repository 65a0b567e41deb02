/* SPDX-License-Identifier: MIT */
/* Two views of a plane: the homography of the textbook, closed forms where they agree, and every
 * gradient against central differences in double. */
#define HL_REAL double
#include "core/rng.h"
#include "raster/multi_view.h"
#include "tests/check.h"

#include <math.h>

enum { W = 64, H = 48, X = 30, Y = 22 };

/* The plane n . x = -d of the reference, and how the two cameras stand. */
typedef struct two_views {
    hl_view_pair pair;
    double n[3], d;           /* in the reference */
    double n_near[3], d_near; /* the same plane in the neighbour */
    float near[W * H];
    double patch[HL_PATCH_SIZE];
} two_views;

/* Grey of the plane at a point of the reference's frame. */
static double grey(const double x[3])
{
    return 0.5 + 0.2 * sin(9 * x[0] + 1) + 0.2 * cos(7 * x[1] - 3 * x[0]);
}

static double plane_depth(const double n[3], double d, const double k[4], double px, double py,
                          double x[3])
{
    const double ray[3] = {(px - k[2]) / k[0], (py - k[3]) / k[1], 1};
    const double z = -d / (n[0] * ray[0] + n[1] * ray[1] + n[2] * ray[2]);
    for (int i = 0; i < 3; i++)
        x[i] = z * ray[i];
    return z;
}

static void make(two_views *v)
{
    const hl_view_pair pair = {
        .b = {-0.45, 0.08, 0.1}, .k_reference = {60, 62, 31, 23}, .k_near = {64, 63, 33, 22}};
    const double phi[3] = {0.03, 0.14, -0.05}, n[3] = {0.3, -0.2, -0.93};
    double x[3], y[3];
    v->pair = pair;
    v->pair.grey = v->near;
    v->pair.width = W;
    v->pair.height = H;
    hl_so3_exp(phi, v->pair.r);
    for (int i = 0; i < 3; i++)
        v->n[i] = n[i] / hl_length3(n);
    v->d = 2.5;
    hl_mul3(v->pair.r, v->n, v->n_near);
    v->d_near = v->d - hl_dot3(v->n_near, v->pair.b); /* n' . x' = n . x + n' . b */
    for (int py = 0; py < H; py++)
        for (int px = 0; px < W; px++) {
            plane_depth(v->n_near, v->d_near, v->pair.k_near, px + 0.5, py + 0.5, y);
            for (int i = 0; i < 3; i++)
                y[i] -= v->pair.b[i];
            hl_mul3_t(v->pair.r, y, x);
            v->near[W * py + px] = (float)grey(x);
        }
    for (int i = 0; i < HL_PATCH_SIZE; i++) {
        plane_depth(v->n, v->d, v->pair.k_reference, X + i % 7 - 3 + 0.5, Y + i / 7 - 3 + 0.5, x);
        v->patch[i] = grey(x);
    }
}

/* H = K' (R - b n^T / d) K^-1 (Hartley and Zisserman 2004, section 13.1). */
static void the_plane_is_a_homography(void **state)
{
    (void)state;
    static two_views v;
    make(&v);
    const double *k = v.pair.k_reference, *kn = v.pair.k_near;
    for (int i = 0; i < 100; i++) {
        const double px = 0.5 + 7 * i % W, py = 0.5 + 5 * i % H;
        const double c[3] = {(px - k[2]) / k[0], (py - k[3]) / k[1], 1};
        double h[3], q[2] = {0, 0}, d_q[2];
        for (int a = 0; a < 3; a++) {
            h[a] = 0;
            for (int b = 0; b < 3; b++)
                h[a] += (v.pair.r[3 * a + b] - v.pair.b[a] * v.n[b] / v.d) * c[b];
        }
        assert_true(hl_pair_project(&v.pair, c, hl_surface_depth(v.d, v.n, c), q, d_q));
        assert_true(fabs(q[0] - (kn[0] * h[0] / h[2] + kn[2])) < 1e-9);
        assert_true(fabs(q[1] - (kn[1] * h[1] / h[2] + kn[3])) < 1e-9);
    }
}

/* exp(-e) e of pixel (X, Y) whose depth is z; 0 < *e. */
static double reprojected(const two_views *v, double z, double *e, double *d_z)
{
    const double at[2] = {X + 0.5, Y + 0.5};
    double ray[3], q[2] = {0, 0}, d_q[2] = {0, 0}, p[2] = {0, 0}, d_p[2] = {0, 0};
    hl_pixel_ray(v->pair.k_reference, at[0], at[1], ray);
    assert_true(hl_pair_project(&v->pair, ray, z, q, d_q));
    assert_true(hl_pair_return(&v->pair, q, d_q, v->n_near, v->d_near, p, d_p));
    return hl_pair_error(at, p, d_p, e, d_z);
}

static void agreeing_depth_comes_back(void **state)
{
    (void)state;
    static two_views v;
    double x[3], e, d, unused;
    make(&v);
    const double z = plane_depth(v.n, v.d, v.pair.k_reference, X + 0.5, Y + 0.5, x);
    reprojected(&v, z, &e, &d);
    assert_true(e < 1e-9 && d == 0);
    for (int i = -5; i <= 5; i++) { /* off by up to 8 %: too near is pushed away, too far back */
        const double off = z * (1 + 0.016 * i + 1e-4);
        const double up = reprojected(&v, off + 1e-6, &unused, &d);
        const double down = reprojected(&v, off - 1e-6, &unused, &d);
        reprojected(&v, off, &e, &d);
        assert_true(fabs(d - (up - down) / 2e-6) < 1e-6);
        assert_true(e > 0 && (e > 1 || d * (off - z) > 0));
    }
}

static void nothing_behind_a_camera(void **state)
{
    (void)state;
    static two_views v;
    double ray[3] = {0, 0, 1}, q[2] = {30, 20}, d_q[2] = {1, 0}, p[2], d_p[2];
    make(&v);
    v.pair.b[2] = -5;
    assert_false(hl_pair_project(&v.pair, ray, 2, q, d_q));
    const double away[3] = {0, 0, 1}; /* seen from its back */
    assert_false(hl_pair_return(&v.pair, q, d_q, away, 2, p, d_p));
    assert_false(hl_pair_return(&v.pair, q, d_q, v.n_near, 0, p, d_p));
}

/* Pearson's r by its definition, without v. */
static double pearson(const double *a, const double *b)
{
    double s[5] = {0, 0, 0, 0, 0};
    for (int i = 0; i < HL_PATCH_SIZE; i++) {
        s[0] += a[i];
        s[1] += b[i];
        s[2] += a[i] * a[i];
        s[3] += b[i] * b[i];
        s[4] += a[i] * b[i];
    }
    const double n = HL_PATCH_SIZE;
    return (n * s[4] - s[0] * s[1]) / sqrt((n * s[2] - s[0] * s[0]) * (n * s[3] - s[1] * s[1]));
}

static void ncc_is_pearsons_r(void **state)
{
    (void)state;
    double a[HL_PATCH_SIZE], b[HL_PATCH_SIZE], d[HL_PATCH_SIZE], unused[HL_PATCH_SIZE];
    for (int trial = 0; trial < 20; trial++) {
        hl_rng rng = hl_rng_at(5, 0, (uint64_t)trial, HL_RNG_TEST);
        for (int i = 0; i < HL_PATCH_SIZE; i++) {
            a[i] = (double)hl_rng_uniform(&rng);
            b[i] = 0.3 * a[i] + (double)hl_rng_uniform(&rng) * trial * 0.05;
        }
        assert_true(fabs(hl_patch_ncc(a, b, d) - pearson(a, b)) < 2e-3);
        for (int i = 0; i < HL_PATCH_SIZE; i += 11) {
            const double keep = b[i];
            b[i] = keep + 1e-6;
            const double up = hl_patch_ncc(a, b, unused);
            b[i] = keep - 1e-6;
            const double down = hl_patch_ncc(a, b, unused);
            b[i] = keep;
            assert_true(fabs(d[i] - (up - down) / 2e-6) < 1e-6);
        }
    }
    for (int i = 0; i < HL_PATCH_SIZE; i++) /* light and exposure do not count */
        b[i] = 0.4 * a[i] + 0.2;
    assert_true(hl_patch_ncc(a, b, d) > 0.998);
    for (int i = 0; i < HL_PATCH_SIZE; i++) /* and without texture there is none */
        a[i] = b[i] = 0.3 + 1e-4 * (i & 1);
    assert_true(hl_patch_ncc(a, b, d) < 1e-3);
}

static double matched(const two_views *v, const double plane[4], double d[4])
{
    double ncc = 0;
    assert_true(hl_pair_ncc(&v->pair, X, Y, plane, v->patch, &ncc, d));
    return ncc;
}

static void the_true_plane_matches_best(void **state)
{
    (void)state;
    static two_views v;
    double d[4];
    make(&v);
    double plane[4] = {v.n[0], v.n[1], v.n[2], v.d};
    const double best = matched(&v, plane, d);
    print_message("NCC of the true plane %.5f\n", best);
    assert_true(best > 0.99);
    for (int i = -4; i <= 4; i++) {
        if (i == 0)
            continue;
        plane[3] = v.d * (1 + 0.02 * i);
        assert_true(matched(&v, plane, d) < best);
        assert_true(d[3] * (v.d - plane[3]) > 0); /* up the slope is back to the plane */
    }
}

static void gradients_of_the_match(void **state)
{
    (void)state;
    static two_views v;
    make(&v);
    for (int trial = 0; trial < 20; trial++) {
        hl_rng rng = hl_rng_at(6, 0, (uint64_t)trial, HL_RNG_TEST);
        double plane[4], d[4], unused[4];
        for (int i = 0; i < 4; i++) /* blended: not of length 1 */
            plane[i] = 0.8 * (i < 3 ? v.n[i] : v.d) + 0.03 * (double)hl_rng_normal(&rng);
        matched(&v, plane, d);
        for (int i = 0; i < 4; i++) {
            const double keep = plane[i];
            plane[i] = keep + 1e-8;
            const double up = matched(&v, plane, unused);
            plane[i] = keep - 1e-8;
            const double down = matched(&v, plane, unused);
            plane[i] = keep;
            assert_true(fabs(d[i] - (up - down) / 2e-8) < 1e-5 * (1 + fabs(d[i])));
        }
    }
}

static void a_patch_that_leaves_the_picture(void **state)
{
    (void)state;
    static two_views v;
    double ncc = 7, d[4];
    make(&v);
    const double plane[4] = {v.n[0], v.n[1], v.n[2], v.d};
    v.pair.k_near[2] = 5;
    assert_false(hl_pair_ncc(&v.pair, X, Y, plane, v.patch, &ncc, d));
    v.pair.k_near[2] = (double)NAN;
    assert_false(hl_pair_ncc(&v.pair, X, Y, plane, v.patch, &ncc, d));
    assert_true(ncc == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plane_is_a_homography),
        cmocka_unit_test(agreeing_depth_comes_back),
        cmocka_unit_test(nothing_behind_a_camera),
        cmocka_unit_test(ncc_is_pearsons_r),
        cmocka_unit_test(the_true_plane_matches_best),
        cmocka_unit_test(gradients_of_the_match),
        cmocka_unit_test(a_patch_that_leaves_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
