/* SPDX-License-Identifier: MIT */
/* raster/project.h forward, against a second implementation: Rodrigues' rotation, a Jacobian by
 * differences of the pinhole formula, plain matrix products; and against cubature of small
 * splats and the integral that the anti-aliasing filter must keep. */
#define HL_REAL double
#include "core/rng.h"
#include "raster/project.h"
#include "tests/check.h"
#include "tests/raster/oracle.h"

enum { TRIALS = 60 };

typedef struct setup {
    double size[2], k[4], r[9], t[3];
    double mean[3], scale[3], q[4], rq[9], opacity, filter;
    int antialiased;
} setup;

/* spread: how far from the axis in units of the picture's half width. */
static setup random_setup(uint64_t seed, uint64_t i, double spread, int antialiased)
{
    hl_rng rng = hl_rng_at(seed, 0, i, HL_RNG_TEST);
    setup s = {.size = {200, 120}, .k = {150, 170, 90, 70}, .antialiased = antialiased};
    double axis[3], q[4];
    for (int c = 0; c < 3; c++) {
        axis[c] = hl_rng_normal(&rng);
        s.t[c] = hl_rng_normal(&rng);
    }
    oracle_turn(axis, 3 * hl_rng_uniform(&rng), q, s.r);
    const double z = 2 + 3 * hl_rng_uniform(&rng);
    const double x[3] = {z * spread * (2 * hl_rng_uniform(&rng) - 1) * 100 / 150,
                         z * spread * (2 * hl_rng_uniform(&rng) - 1) * 60 / 170, z};
    for (int c = 0; c < 3; c++) { /* world = R^T (x - t) */
        s.mean[c] = 0;
        for (int j = 0; j < 3; j++)
            s.mean[c] += s.r[3 * j + c] * (x[j] - s.t[j]);
        s.scale[c] = exp(-1 - 3 * hl_rng_uniform(&rng));
        axis[c] = hl_rng_normal(&rng);
    }
    oracle_turn(axis, 3 * hl_rng_uniform(&rng), s.q, s.rq);
    s.opacity = 0.1 + 0.8 * hl_rng_uniform(&rng);
    s.filter = i % 2 ? 0.1 * hl_rng_uniform(&rng) : 0;
    return s;
}

static void ask(const setup *s, hl_projector *p, hl_geometry *g)
{
    hl_projector_init(p, s->size, s->k, s->r, s->t, s->antialiased);
    memcpy(g->mean, s->mean, sizeof g->mean);
    for (int c = 0; c < 3; c++)
        g->log_scale[c] = log(s->scale[c]);
    for (int c = 0; c < 4; c++)
        g->quat[c] = -2.5 * s->q[c]; /* any length, either sign */
    g->logit_opa = log(s->opacity / (1 - s->opacity));
    g->filter = s->filter;
}

static void to_camera(const setup *s, const double x[3], double t[3])
{
    oracle_matmul(s->r, x, 3, 3, 1, t);
    for (int c = 0; c < 3; c++)
        t[c] += s->t[c];
}

static void pinhole(const setup *s, const double t[3], double mu[2])
{
    for (int c = 0; c < 2; c++)
        mu[c] = s->k[c] * t[c] / t[2] + s->k[2 + c];
}

/* The ray of t moved to where its pixel lies in the picture grown by 15 % a side. */
static void clamp_ray(const setup *s, const double t[3], double clamped[3])
{
    double mu[2];
    pinhole(s, t, mu);
    for (int c = 0; c < 2; c++) {
        const double lo = -0.15 * s->size[c], hi = 1.15 * s->size[c];
        mu[c] = fmin(fmax(mu[c], lo), hi);
        clamped[c] = (mu[c] - s->k[2 + c]) / s->k[c] * t[2];
    }
    clamped[2] = t[2];
}

/* 2x3 by differences of the pinhole at the clamped ray. */
static void jacobian(const setup *s, const double t[3], double j[6])
{
    double at[3];
    clamp_ray(s, t, at);
    for (int c = 0; c < 3; c++) {
        double mu[4][2];
        const double h = 1e-3, x0 = at[c];
        for (int k = 0; k < 4; k++) {
            at[c] = x0 + (k < 2 ? k - 2 : k - 1) * h;
            pinhole(s, at, mu[k]);
        }
        at[c] = x0;
        for (int row = 0; row < 2; row++)
            j[3 * row + c] = (mu[0][row] - 8 * mu[1][row] + 8 * mu[2][row] - mu[3][row]) / (12 * h);
    }
}

typedef struct textbook {
    double mu[2], raw[4], cov[4], opacity, rho2;
} textbook;

/* S2 = J W Sigma W^T J^T + d I, literally. */
static textbook by_the_book(const setup *s)
{
    textbook b;
    double t[3], j[6], d[9] = {0}, sigma[9], camera[9], rho3 = 1;
    to_camera(s, s->mean, t);
    pinhole(s, t, b.mu);
    jacobian(s, t, j);
    for (int c = 0; c < 3; c++) {
        d[4 * c] = s->scale[c] * s->scale[c] + s->filter * s->filter;
        rho3 *= s->scale[c] / sqrt(d[4 * c]);
    }
    oracle_sandwich(s->rq, d, 3, 3, sigma);
    oracle_sandwich(s->r, sigma, 3, 3, camera);
    oracle_sandwich(j, camera, 2, 3, b.raw);
    memcpy(b.cov, b.raw, sizeof b.cov);
    const double dilation = s->antialiased ? 0.1 : 0.3;
    b.cov[0] += dilation;
    b.cov[3] += dilation;
    const double raw = b.raw[0] * b.raw[3] - b.raw[1] * b.raw[2];
    const double det = b.cov[0] * b.cov[3] - b.cov[1] * b.cov[2];
    b.rho2 = s->antialiased ? sqrt(fmax(raw / det, 1e-6)) : 1;
    b.opacity = s->opacity * b.rho2 * rho3;
    return b;
}

static void equals_the_textbook(void **state)
{
    (void)state;
    int dropped = 0;
    for (uint64_t i = 0; i < TRIALS; i++) {
        const setup s = random_setup(1, i, i % 3 ? 1 : 3, i % 4 < 2); /* a third lies far out */
        const textbook b = by_the_book(&s);
        hl_projector p;
        hl_geometry g;
        hl_footprint f;
        ask(&s, &p, &g);
        const int drawn = hl_project(&p, &g, &f);
        assert_int_equal(drawn, b.opacity >= 1.0 / 255);
        dropped += !drawn;
        if (!drawn)
            continue;
        double t[3], product[4];
        to_camera(&s, s.mean, t);
        check_close(f.mu, b.mu, 2, 1e-9, 1e-11);
        check_close(&f.depth, &t[2], 1, 1e-12, 0);
        const double cov[3] = {b.cov[0], b.cov[1], b.cov[3]};
        check_close(f.cov, cov, 3, 1e-8, 1e-8);
        const double k[4] = {f.conic[0], f.conic[1], f.conic[1], f.conic[2]};
        const double one[4] = {1, 0, 0, 1};
        oracle_matmul(k, b.cov, 2, 2, 2, product); /* K S2 = I */
        check_close(product, one, 4, 1e-7, 0);
        check_close(&f.rho2, &b.rho2, 1, 1e-9, 1e-8);
        check_close(&f.opacity, &b.opacity, 1, 1e-9, 1e-8);
    }
    assert_true(dropped < TRIALS / 2);
}

/* S2 (K m) = m for any m, S2 = m m^T + d I. */
static void conic_times_undoes_the_covariance(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TRIALS; i++) {
        hl_rng rng = hl_rng_at(6, 0, i, HL_RNG_TEST);
        double m[6], y[6], cov[4], back[6], mt[6];
        const double d = i % 2 ? 0.3 : 0.1;
        for (int k = 0; k < 6; k++)
            m[k] = (k % 3 ? 1 : 30) * hl_rng_normal(&rng);
        oracle_transpose(m, 2, 3, mt);
        oracle_matmul(m, mt, 2, 3, 2, cov);
        cov[0] += d;
        cov[3] += d;
        hl_conic_times(m, d, y);
        oracle_matmul(cov, y, 2, 2, 3, back);
        check_close(back, m, 6, 1e-10, 0);
    }
}

/* A splat far smaller than its depth: the covariance of its projected sigma points (exact for
 * linear maps) minus nothing but the dilation. */
static void small_splats_by_cubature(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TRIALS; i++) {
        setup s = random_setup(2, i, 0.9, 0);
        s.filter = 0;
        double points[6][2], centre[2] = {0, 0}, cov[3] = {-0.3, 0, -0.3};
        for (int c = 0; c < 3; c++)
            s.scale[c] *= 1e-3;
        for (int k = 0; k < 6; k++) {
            double x[3], t[3];
            for (int c = 0; c < 3; c++)
                x[c] =
                    s.mean[c] + (k % 2 ? -1 : 1) * sqrt(3.0) * s.scale[k / 2] * s.rq[3 * c + k / 2];
            to_camera(&s, x, t);
            pinhole(&s, t, points[k]);
            centre[0] += points[k][0] / 6;
            centre[1] += points[k][1] / 6;
        }
        for (int k = 0; k < 6; k++) {
            const double dx = points[k][0] - centre[0], dy = points[k][1] - centre[1];
            cov[0] += dx * dx / 6;
            cov[1] += dx * dy / 6;
            cov[2] += dy * dy / 6;
        }
        hl_projector p;
        hl_geometry g;
        hl_footprint f;
        ask(&s, &p, &g);
        assert_int_equal(hl_project(&p, &g, &f), 1);
        const double got[3] = {f.cov[0] - 0.6, f.cov[1], f.cov[2] - 0.6};
        check_close(got, cov, 3, 1e-7, 1e-5);
        check_close(f.mu, centre, 2, 1e-4, 0);
    }
}

/* With the compensation, the splat's light is that of the undilated one: o 2 pi sqrt(det S2r). */
static void compensation_keeps_the_integral(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 12; i++) {
        const setup s = random_setup(3, 2 * i, 0.9, 1);
        const textbook b = by_the_book(&s);
        hl_projector p;
        hl_geometry g;
        hl_footprint f;
        ask(&s, &p, &g);
        if (!hl_project(&p, &g, &f))
            continue;
        const double want =
            s.opacity * 2 * acos(-1.0) * sqrt(b.raw[0] * b.raw[3] - b.raw[1] * b.raw[2]);
        /* the trapezoid rule converges like a Gaussian; steps of sigma_min / 2, to 7 sigma */
        const double det = f.cov[0] * f.cov[2] - f.cov[1] * f.cov[1];
        const double step = sqrt(det / (f.cov[0] + f.cov[2])) / 2;
        const int nx = (int)(7 * sqrt(f.cov[0]) / step), ny = (int)(7 * sqrt(f.cov[2]) / step);
        double got = 0;
        for (int y = -ny; y <= ny; y++)
            for (int x = -nx; x <= nx; x++) {
                const double dx = x * step, dy = y * step;
                got +=
                    f.opacity * step * step *
                    exp(-(f.conic[0] * dx * dx + 2 * f.conic[1] * dx * dy + f.conic[2] * dy * dy) /
                        2);
            }
        check_close(&got, &want, 1, 1e-9, 1e-6);
    }
}

static void projector_by_its_meaning(void **state)
{
    (void)state;
    const setup s = random_setup(4, 0, 1, 0);
    hl_projector p;
    hl_projector_init(&p, s.size, s.k, s.r, s.t, 1);
    double origin[3];
    const double zero[3] = {0, 0, 0};
    to_camera(&s, p.eye, origin); /* the eye is the camera's origin */
    check_close(origin, zero, 3, 1e-12, 0);
    const double edges[4] = {150 * p.u_min + 90, 150 * p.u_max + 90, 170 * p.v_min + 70,
                             170 * p.v_max + 70};
    const double want[4] = {-30, 230, -18, 138};
    check_close(edges, want, 4, 1e-12, 0);
    assert_true(p.dilation == 0.1 && p.antialiased);
    hl_projector_init(&p, s.size, s.k, s.r, s.t, 0);
    assert_true(p.dilation == 0.3 && !p.antialiased);
}

static void ray_jacobian_by_differences(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TRIALS; i++) {
        const setup s = random_setup(5, i, 3, 0);
        hl_projector p;
        double t[3], mu[2], j[6], want_mu[2], want[6];
        hl_projector_init(&p, s.size, s.k, s.r, s.t, 0);
        to_camera(&s, s.mean, t);
        hl_ray_project(&p, t, mu, j);
        pinhole(&s, t, want_mu);
        jacobian(&s, t, want);
        check_close(mu, want_mu, 2, 1e-9, 0);
        check_close(j, want, 6, 1e-7, 0);
    }
}

/* The limits: near plane, weakest opacity, behind, not finite. */
static void what_is_dropped(void **state)
{
    (void)state;
    const double size[2] = {64, 64}, k[4] = {50, 50, 32, 32}, zero[3] = {0, 0, 0};
    const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    hl_projector p;
    hl_footprint f;
    hl_projector_init(&p, size, k, identity, zero, 0);
    const hl_geometry at = {{0, 0, 1}, {-3, -3, -3}, {1, 0, 0, 0}, 0, 0};
    hl_geometry g = at;
    assert_int_equal(hl_project(&p, &g, &f), 1);
    const double depth[5] = {0.01, 0.0099999, 0, -1, (double)NAN};
    for (int i = 0; i < 5; i++) {
        g.mean[2] = depth[i];
        assert_int_equal(hl_project(&p, &g, &f), i == 0);
    }
    g = at;
    g.logit_opa = log(1.000001 / 254); /* o = 1 / 255 at log(1 / 254) */
    assert_int_equal(hl_project(&p, &g, &f), 1);
    g.logit_opa = log(0.999999 / 254);
    assert_int_equal(hl_project(&p, &g, &f), 0);
    for (int c = 0; c < 2; c++) { /* too far aside for a pixel coordinate */
        g = at;
        g.mean[c] = 1e29;
        assert_int_equal(hl_project(&p, &g, &f), 0);
    }
    g = at;
    g.log_scale[1] = 400;
    assert_int_equal(hl_project(&p, &g, &f), 0);
    g.log_scale[1] = (double)NAN;
    assert_int_equal(hl_project(&p, &g, &f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_textbook),
        cmocka_unit_test(conic_times_undoes_the_covariance),
        cmocka_unit_test(small_splats_by_cubature),
        cmocka_unit_test(compensation_keeps_the_integral),
        cmocka_unit_test(projector_by_its_meaning),
        cmocka_unit_test(ray_jacobian_by_differences),
        cmocka_unit_test(what_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
