/* SPDX-License-Identifier: MIT */
/* Every gradient of the rasterizer against central differences in double: all parameters, the
 * pose and the background, through all output channels at once, each with a random weight. */
#define HL_REAL double
#include "core/se3.h"
#include "tests/check.h"
#include "tests/raster/scene.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Five-point central difference (error of order h^4) that notices a jump (a pair entering or
 * leaving, another median) and a kink (alpha reaching its maximum): there the curvature over 2 h is
 * not that over 4 h, and there is no derivative. */
static int stencil(const double f[5], double h, double *slope)
{
    *slope = (f[0] - 8 * f[1] + 8 * f[3] - f[4]) / (12 * h);
    const double inner = f[3] - 2 * f[2] + f[1], outer = (f[4] - 2 * f[2] + f[0]) / 4;
    return fabs(inner - outer) / h <= 1e-6 * (1 + fabs(*slope));
}

enum { STEPS = 5 };
#define STEP 1e-4

static int difference(hl_reference *s, double *x, double *slope)
{
    const double x0 = *x;
    double f[STEPS];
    for (int k = 0; k < STEPS; k++) {
        *x = x0 + (k - 2) * STEP;
        f[k] = scene_loss(s);
    }
    *x = x0;
    return stencil(f, STEP, slope);
}

typedef struct tally {
    int checked, jumps;
    double worst;
    char where[64];
} tally;

static void compare(tally *t, double got, double want, double scale, const char *what, size_t i)
{
    const double error = fabs(got - want) / (fabs(want) + 1e-3 * scale + 1e-9);
    t->checked++;
    if (error > t->worst) {
        t->worst = error;
        snprintf(t->where, sizeof t->where, "%s[%zu] %.9g %.9g", what, i, got, want);
    }
}

static double largest(const double *x, size_t n)
{
    double m = 0;
    for (size_t i = 0; i < n; i++)
        m = fabs(x[i]) > m ? fabs(x[i]) : m;
    return m;
}

static void check_field(hl_reference *s, tally *t, const double *field, const double *grad,
                        size_t n, const char *what)
{
    const double scale = largest(grad, n);
    for (size_t i = 0; i < n; i++) {
        double slope;
        if (!difference(s, (double *)(uintptr_t)&field[i], &slope)) {
            t->jumps++;
            continue;
        }
        compare(t, grad[i], slope, scale, what, i);
    }
}

/* x_in_camera = exp(phi) (R x + t) + rho around (phi, rho) = 0. */
static double pose_loss(hl_reference *s, const hl_projector *at, int k, double h)
{
    double phi[3] = {0, 0, 0}, turn[9];
    if (k < 3)
        phi[k] = h;
    hl_so3_exp(phi, turn);
    hl_matmul3(turn, at->r, s->projector.r);
    hl_mul3(turn, at->t, s->projector.t);
    if (k >= 3)
        s->projector.t[k - 3] += h;
    double unused[9];
    hl_se3_inverse(s->projector.r, s->projector.t, unused, s->projector.eye);
    return scene_loss(s);
}

static void check_pose(hl_reference *s, tally *t)
{
    const hl_projector at = s->projector;
    double grad[6];
    memcpy(grad, s->d_pose, sizeof grad);
    for (int k = 0; k < 6; k++) {
        double f[STEPS], slope;
        for (int j = 0; j < STEPS; j++)
            f[j] = pose_loss(s, &at, k, (j - 2) * STEP);
        if (stencil(f, STEP, &slope))
            compare(t, grad[k], slope, largest(grad, 6), "pose", (size_t)k);
        else
            t->jumps++;
        s->projector = at;
    }
}

/* Each pixel admits another range of depth. */
static void narrow_window(hl_reference *s, hl_arena *arena)
{
    const size_t px = (size_t)s->width * (size_t)s->height;
    hl_real *window = scene_reals(arena, 2 * px);
    for (size_t i = 0; i < px; i++) {
        window[i] = 2.4 + (double)(i % 5) * 0.3;
        window[px + i] = window[i] + 1.7;
    }
    s->depth_window = window;
}

/* Some splats reach the largest alpha, and pixels stop behind them. */
static void some_opaque(hl_reference *s)
{
    for (int32_t i = 0; i < s->count; i++)
        if (i % 3 != 1)
            ((double *)(uintptr_t)s->logit_opa)[i] += 6;
}

enum { AS_DRAWN, WINDOW, OPAQUE };

static void run(scene_size size, uint64_t seed, int kind)
{
    hl_arena arena;
    hl_reference s;
    hl_arena_init(&arena, 0, 0);
    scene_create(&s, &arena, size, seed);
    scene_output_grads(&s, &arena, seed + 100);
    if (kind == WINDOW)
        narrow_window(&s, &arena);
    if (kind == OPAQUE)
        some_opaque(&s);
    hl_reference_forward(&s);
    hl_reference_backward(&s);
    tally t = {0};
    const size_t n = (size_t)s.count;
    check_field(&s, &t, s.mean, s.d_mean, 3 * n, "mean");
    check_field(&s, &t, s.log_scale, s.d_log_scale, 3 * n, "log_scale");
    check_field(&s, &t, s.quat, s.d_quat, 4 * n, "quat");
    check_field(&s, &t, s.logit_opa, s.d_logit_opa, n, "logit_opa");
    check_field(&s, &t, s.sh, s.d_sh, 48 * n, "sh");
    check_field(&s, &t, s.features, s.d_features, n * (size_t)s.feature_count, "features");
    check_field(&s, &t, s.background, s.d_background, 3, "background");
    check_pose(&s, &t);
    print_message("seed %d: %d compared, %d jumps left out, worst %.2g at %s\n", (int)seed,
                  t.checked, t.jumps, t.worst, t.where);
    assert_true(t.worst <= 1e-6);
    assert_true(t.jumps * 10 <= t.checked);
    hl_arena_release(&arena);
}

static void plain_filter(void **state)
{
    (void)state;
    run((scene_size){7, 21, 18, 3, 3, 0}, 1, AS_DRAWN);
    run((scene_size){12, 17, 19, 2, 2, 0}, 2, AS_DRAWN);
}

static void antialiased(void **state)
{
    (void)state;
    run((scene_size){7, 18, 20, 1, 3, 1}, 3, AS_DRAWN);
    run((scene_size){9, 16, 16, 0, 1, 1}, 4, AS_DRAWN);
}

static void degree_0(void **state)
{
    (void)state;
    run((scene_size){8, 20, 16, 0, 0, 0}, 5, AS_DRAWN);
}

static void depth_window(void **state)
{
    (void)state;
    run((scene_size){9, 19, 17, 2, 2, 0}, 6, WINDOW);
    run((scene_size){9, 17, 19, 1, 3, 1}, 7, WINDOW);
}

static void opaque_splats(void **state)
{
    (void)state;
    run((scene_size){9, 19, 17, 1, 2, 0}, 9, OPAQUE);
    run((scene_size){12, 16, 18, 0, 1, 1}, 10, OPAQUE);
}

static void most_channels(void **state)
{
    (void)state;
    run((scene_size){5, 17, 16, 16, 3, 1}, 8, AS_DRAWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_filter),  cmocka_unit_test(antialiased),
        cmocka_unit_test(degree_0),      cmocka_unit_test(depth_window),
        cmocka_unit_test(opaque_splats), cmocka_unit_test(most_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
