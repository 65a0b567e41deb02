/* SPDX-License-Identifier: MIT */
/* raster/project.h backward against central differences in double: each function alone, with the
 * ray free and clamped, with and without the 3D filter and the anti-aliasing filter. */
#define HL_REAL double
#include "core/rng.h"
#include "core/se3.h"
#include "raster/project.h"
#include "tests/check.h"
#include "tests/raster/oracle.h"

enum { TRIALS = 80 };

/* L = sum of weights x footprint, plus what reaches hl_project_bwd from elsewhere: a weight on
 * every entry of R(q) and on mean - eye. */
typedef struct probe {
    hl_projector p;
    hl_geometry g;
    hl_footprint_grad weight;
    double d_rq[9], d_x[3];
    double phi[3], rho[3]; /* moves the camera: exp(phi) (R x + t) + rho */
    int extras;
} probe;

static void moved_camera(const probe *b, hl_projector *p)
{
    double turn[9], unused[9];
    *p = b->p;
    hl_so3_exp(b->phi, turn);
    hl_matmul3(turn, b->p.r, p->r);
    hl_mul3(turn, b->p.t, p->t);
    for (int k = 0; k < 3; k++)
        p->t[k] += b->rho[k];
    hl_se3_inverse(p->r, p->t, unused, p->eye);
}

static double probe_loss(void *ctx)
{
    const probe *b = ctx;
    hl_projector p;
    hl_footprint f = {.depth = 0};
    moved_camera(b, &p);
    hl_project(&p, &b->g, &f); /* weak ones are filled in all the same */
    const hl_footprint_grad *w = &b->weight;
    double sum = w->mu[0] * f.mu[0] + w->mu[1] * f.mu[1] + w->depth * f.depth +
                 w->conic[0] * f.conic[0] + 2 * w->conic[1] * f.conic[1] +
                 w->conic[2] * f.conic[2] + w->opacity * f.opacity;
    if (!b->extras)
        return sum;
    double q[4], r[9];
    hl_quat_unit(b->g.quat, q);
    hl_rotation(q, r);
    for (int k = 0; k < 9; k++)
        sum += b->d_rq[k] * r[k];
    for (int k = 0; k < 3; k++)
        sum += b->d_x[k] * (b->g.mean[k] - p.eye[k]);
    return sum;
}

/* i chooses: filter, anti-aliasing, extras, and whether the ray lies inside the grown picture. */
static probe random_probe(uint64_t seed, uint64_t i)
{
    hl_rng rng = hl_rng_at(seed, 0, i, HL_RNG_TEST);
    probe b = {.extras = (int)(i >> 2 & 1)};
    const double size[2] = {100, 80}, k[4] = {90, 95, 52, 37};
    double axis[3], t[3], q[4], r[9];
    for (int c = 0; c < 3; c++) {
        axis[c] = hl_rng_normal(&rng);
        t[c] = hl_rng_normal(&rng);
        b.d_x[c] = hl_rng_normal(&rng);
        b.g.log_scale[c] = -1 - 2.5 * hl_rng_uniform(&rng);
    }
    oracle_turn(axis, 3 * hl_rng_uniform(&rng), q, r);
    hl_projector_init(&b.p, size, k, r, t, (int)(i & 1));
    const double z = 1 + 2 * hl_rng_uniform(&rng);
    const double far = i >> 3 & 1 ? 2 : 0.9; /* times the half field of view */
    double x[3] = {z * far * 0.56 * (i & 16 ? -1 : 1), z * far * 0.42 * (i & 32 ? 1 : -1), z};
    if (i % 5 == 0)
        x[0] *= 0.2; /* one clamped, one free */
    for (int c = 0; c < 3; c++)
        x[c] -= t[c];
    hl_mul3_t(r, x, b.g.mean);
    for (int c = 0; c < 4; c++)
        b.g.quat[c] = hl_rng_normal(&rng);
    for (int c = 0; c < 9; c++)
        b.d_rq[c] = hl_rng_normal(&rng);
    b.g.logit_opa = hl_rng_normal(&rng);
    b.g.filter = i >> 1 & 1 ? 0.03 + 0.1 * hl_rng_uniform(&rng) : 0;
    double *weight[7] = {&b.weight.mu[0],    &b.weight.mu[1],    &b.weight.depth,
                         &b.weight.conic[0], &b.weight.conic[1], &b.weight.conic[2],
                         &b.weight.opacity};
    for (int c = 0; c < 7; c++)
        *weight[c] = hl_rng_normal(&rng);
    b.weight.opacity *= 50;
    return b;
}

static double scale_of(const double *x, int n)
{
    double m = 1e-3;
    for (int i = 0; i < n; i++)
        m = fmax(m, fabs(x[i]));
    return m;
}

static void every_parameter_and_the_pose(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TRIALS; i++) {
        probe b = random_probe(1, i);
        hl_footprint f;
        hl_geometry_grad got;
        double pose[6] = {1, 2, 3, 4, 5, 6}, want[17];
        assert_int_equal(hl_project(&b.p, &b.g, &f), 1);
        hl_project_bwd(&b.p, &b.g, &f, &b.weight, b.extras ? b.d_rq : NULL, b.extras ? b.d_x : NULL,
                       &got, pose);
        double *at[17], found[17];
        for (int k = 0; k < 3; k++) {
            at[k] = &b.g.mean[k];
            at[3 + k] = &b.g.log_scale[k];
            at[11 + k] = &b.phi[k];
            at[14 + k] = &b.rho[k];
            found[k] = got.mean[k];
            found[3 + k] = got.log_scale[k];
            found[11 + k] = pose[k] - (k + 1); /* it is accumulated */
            found[14 + k] = pose[3 + k] - (k + 4);
        }
        for (int k = 0; k < 4; k++) {
            at[6 + k] = &b.g.quat[k];
            found[6 + k] = got.quat[k];
        }
        at[10] = &b.g.logit_opa;
        found[10] = got.logit_opa;
        for (int k = 0; k < 17; k++)
            want[k] = oracle_slope(probe_loss, &b, at[k], 2e-4);
        check_close(found, want, 17, 1e-9 * scale_of(want, 17), 1e-7);
        hl_geometry_grad again; /* the pose may be left out */
        hl_project_bwd(&b.p, &b.g, &f, &b.weight, b.extras ? b.d_rq : NULL, b.extras ? b.d_x : NULL,
                       &again, NULL);
        assert_memory_equal(&again, &got, sizeof got);
    }
}

/* A longer quaternion is the same rotation: the gradient shrinks and stays tangent. */
static void length_of_the_quaternion(void **state)
{
    (void)state;
    probe b = random_probe(2, 3);
    hl_footprint f;
    hl_geometry_grad one, three;
    hl_project(&b.p, &b.g, &f);
    hl_project_bwd(&b.p, &b.g, &f, &b.weight, NULL, NULL, &one, NULL);
    double along = 0;
    for (int k = 0; k < 4; k++) {
        along += one.quat[k] * b.g.quat[k];
        b.g.quat[k] *= 3;
    }
    assert_true(fabs(along) < 1e-9 * scale_of(one.quat, 4));
    hl_project_bwd(&b.p, &b.g, &f, &b.weight, NULL, NULL, &three, NULL);
    for (int k = 0; k < 4; k++)
        three.quat[k] *= 3;
    check_close(three.quat, one.quat, 4, 1e-9 * scale_of(one.quat, 4), 1e-9);
}

typedef struct ray_probe {
    hl_projector p;
    double t[3], d_mu[2], d_j[6];
} ray_probe;

static double ray_loss(void *ctx)
{
    const ray_probe *b = ctx;
    double mu[2], j[6];
    hl_ray_project(&b->p, b->t, mu, j);
    double sum = b->d_mu[0] * mu[0] + b->d_mu[1] * mu[1];
    for (int k = 0; k < 6; k++)
        sum += b->d_j[k] * j[k];
    return sum;
}

static void ray_free_and_clamped(void **state)
{
    (void)state;
    static const double u[9][2] = {{0, 0},  {0.3, -0.2}, {2, 0.1}, {-2, 0.1}, {0.1, 2},
                                   {0, -2}, {3, 3},      {-3, 3},  {-2, -2}};
    for (int i = 0; i < 9; i++) {
        hl_rng rng = hl_rng_at(3, 0, (uint64_t)i, HL_RNG_TEST);
        ray_probe b = {.p = random_probe(3, 0).p, .t = {2 * u[i][0], 2 * u[i][1], 2}};
        for (int k = 0; k < 8; k++)
            *(k < 2 ? &b.d_mu[k] : &b.d_j[k - 2]) = hl_rng_normal(&rng);
        double got[3], want[3];
        hl_ray_project_bwd(&b.p, b.t, b.d_mu, b.d_j, got);
        for (int k = 0; k < 3; k++)
            want[k] = oracle_slope(ray_loss, &b, &b.t[k], 1e-3);
        check_close(got, want, 3, 1e-7, 1e-7);
    }
}

/* rho2 = sqrt(det(m m^T) / det(m m^T + d I)) as a function of m (2, 3). */
static double ratio_loss(void *ctx)
{
    const double *m = ctx;
    double mt[6], cov[4];
    oracle_transpose(m, 2, 3, mt);
    oracle_matmul(m, mt, 2, 3, 2, cov);
    const double raw = cov[0] * cov[3] - cov[1] * cov[2];
    return sqrt(raw / ((cov[0] + 0.1) * (cov[3] + 0.1) - cov[1] * cov[2]));
}

static void compensation_alone(void **state)
{
    (void)state;
    hl_projector p = {.dilation = 0.1, .antialiased = 1};
    double m[6] = {0.9, -0.3, 0.4, 0.2, 0.5, -0.6}, mt[6], cov[4], y[6], want[6];
    double got[6] = {7, 7, 7, 7, 7, 7};
    oracle_transpose(m, 2, 3, mt);
    oracle_matmul(m, mt, 2, 3, 2, cov);
    hl_footprint f = {.rho2 = ratio_loss(m)};
    f.det = (cov[0] + 0.1) * (cov[3] + 0.1) - cov[1] * cov[2];
    const double conic[4] = {(cov[3] + 0.1) / f.det, -cov[1] / f.det, -cov[1] / f.det,
                             (cov[0] + 0.1) / f.det};
    oracle_matmul(conic, m, 2, 2, 3, y);
    hl_compensation_bwd(&p, &f, 1.7, m, y, got);
    for (int k = 0; k < 6; k++)
        want[k] = 7 + 1.7 * oracle_slope(ratio_loss, m, &m[k], 1e-4);
    check_close(got, want, 6, 1e-9, 0);
    /* no gradient at the floor or without the filter */
    const double still[6] = {7, 7, 7, 7, 7, 7};
    double same[6] = {7, 7, 7, 7, 7, 7};
    f.rho2 = sqrt(1e-6) * (1 - 1e-12);
    hl_compensation_bwd(&p, &f, 1.7, m, y, same);
    p.antialiased = 0;
    f.rho2 = 1;
    hl_compensation_bwd(&p, &f, 1.7, m, y, same);
    check_close(same, still, 6, 1e-300, 0);
}

/* No length, no thickness: the gradient is finite (and zero where nothing can move). */
static void degenerate_parameters(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        probe b = random_probe(4, 0);
        hl_footprint f;
        hl_geometry_grad got;
        for (int k = 0; k < 4 && what == 0; k++)
            b.g.quat[k] = 0;
        if (what >= 1)
            b.g.log_scale[what == 1 ? 0 : 2] = -800; /* exp() is 0 */
        assert_int_equal(hl_project(&b.p, &b.g, &f), 1);
        hl_project_bwd(&b.p, &b.g, &f, &b.weight, NULL, NULL, &got, NULL);
        for (size_t k = 0; k < sizeof got / sizeof(double); k++)
            assert_true(isfinite(((const double *)(const void *)&got)[k]));
        for (int k = 0; k < 4 && what == 0; k++)
            assert_true(got.quat[k] == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_and_the_pose), cmocka_unit_test(length_of_the_quaternion),
        cmocka_unit_test(ray_free_and_clamped),         cmocka_unit_test(compensation_alone),
        cmocka_unit_test(degenerate_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
