/* SPDX-License-Identifier: MIT */
/* Derivatives of the projection against central differences of core/camera_model.h, whose formulas
 * have their own oracles, for each camera model; and the Cholesky factorisation. */
#include "core/camera_model.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "sfm/ba/ba_project.h"
#include "sfm/ba/cholesky.h"
#include "sfm/ba/cholesky_kernels.h"
#include "tests/check.h"
#include "tests/sfm/ring_scene.h"

#include <string.h>

static void project(hl_camera_model model, const double *params, const double x[3], double px[2])
{
    const double uv[2] = {x[0] / x[2], x[1] / x[2]};
    hl_camera_distort(model, params, uv, px);
}

static void check_model(hl_camera_model model, const double x[3])
{
    ring_scene scene;
    const ring_options o = {.images = 2, .points = 1, .model = model, .cameras = 1, .arc = 1};
    ring_create(&scene, &o);
    double *k = scene.cameras[0].params;
    const int n = hl_camera_param_count(model);
    const hl_lens lens = hl_camera_lens(model, k);
    double px[2], want[2], by_x[6], by_k[2 * HL_CAMERA_PARAMS_MAX], up[2], down[2];
    hl_ba_project(model, &lens, x, px, by_x, by_k);
    project(model, k, x, want);
    check_close(px, want, 2, 1e-9, 0);
    const double h = 1e-6;
    for (int i = 0; i < 3; i++) {
        double a[3] = {x[0], x[1], x[2]};
        a[i] += h;
        project(model, k, a, up);
        a[i] -= 2 * h;
        project(model, k, a, down);
        for (int row = 0; row < 2; row++) {
            const double numeric = (up[row] - down[row]) / (2 * h);
            check_close(&by_x[3 * row + i], &numeric, 1, 2e-6, 1e-7);
        }
    }
    for (int i = 0; i < n; i++) {
        const double kept = k[i];
        k[i] = kept + h;
        project(model, k, x, up);
        k[i] = kept - h;
        project(model, k, x, down);
        k[i] = kept;
        for (int row = 0; row < 2; row++) {
            const double numeric = (up[row] - down[row]) / (2 * h);
            check_close(&by_k[n * row + i], &numeric, 1, 2e-6, 1e-7);
        }
    }
    ring_release(&scene);
}

static void jacobians_equal_differences_for_each_model(void **state)
{
    (void)state;
    const double points[][3] = {{0.4, -0.3, 2}, {-1.1, 0.7, 1.5}, {1e-5, 2e-5, 1}, {0.2, 0.9, 3.1}};
    for (int model = 0; model < HL_CAMERA_MODELS; model++)
        for (int i = 0; i < 4 && model != HL_CAMERA_FOV; i++)
            check_model((hl_camera_model)model, points[i]);
}

/* A = B B^T + I with known x: A x = b. */
static void solve_known(int32_t n)
{
    double *a = hl_alloc((size_t)n * (size_t)n, sizeof *a), *b = hl_alloc((size_t)n, sizeof *b);
    double *m = hl_alloc((size_t)n * (size_t)n, sizeof *m), *x = hl_alloc((size_t)n, sizeof *x);
    assert_true(a && b && m && x);
    for (int32_t i = 0; i < n; i++) {
        x[i] = (double)(i % 7) - 3;
        for (int32_t j = 0; j < n; j++)
            m[i * n + j] = (double)((i * 31 + j * 17) % 23 - 11) / 11;
    }
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++) {
            double sum = i == j;
            for (int32_t k = 0; k < n; k++)
                sum += m[i * n + k] * m[j * n + k];
            a[i * n + j] = sum;
        }
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++)
            b[i] += a[i * n + j] * x[j];
    assert_true(hl_cholesky_factor(a, n));
    hl_cholesky_solve(a, n, b);
    check_close(b, x, n, 1e-8, 1e-8);
    hl_free(a);
    hl_free(b);
    hl_free(m);
    hl_free(x);
}

static void cholesky_solves_known_systems(void **state)
{
    (void)state;
    const int32_t sizes[] = {1, 2, 47, 48, 49, 96, 150, 441};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        solve_known(sizes[i]);
}

/* Every instruction set against plain C, for rows that fill registers and rows left over. */
static void tile_products_agree(void **state)
{
    (void)state;
    enum { ROWS = 7, DEPTH = 96, STRIDE = 101, TILE = HL_CHOLESKY_TILE };
    static double a[ROWS * STRIDE], bt[DEPTH * TILE], start[ROWS * STRIDE], want[ROWS * STRIDE];
    static double got[ROWS * STRIDE];
    for (int i = 0; i < ROWS * STRIDE; i++) {
        a[i] = (i * 37 % 101) / 50.0 - 1;
        start[i] = (i * 53 % 97) / 48.0 - 1;
    }
    for (int i = 0; i < DEPTH * TILE; i++)
        bt[i] = (i * 29 % 89) / 44.0 - 1;
    memcpy(want, start, sizeof want);
    hl_cholesky_multiply_plain()(want, STRIDE, a, STRIDE, bt, DEPTH, ROWS);
    double sum = start[STRIDE + 3]; /* one element by hand */
    for (int k = 0; k < DEPTH; k++)
        sum -= a[STRIDE + k] * bt[k * TILE + 3];
    check_close(&want[STRIDE + 3], &sum, 1, 1e-12, 0);
    const hl_cholesky_multiply others[] = {hl_cholesky_multiply_avx2(),
                                           hl_cholesky_multiply_avx512()};
    for (int k = 0; k < 2; k++) {
        if (!others[k])
            continue;
        memcpy(got, start, sizeof got);
        others[k](got, STRIDE, a, STRIDE, bt, DEPTH, ROWS);
        check_close(got, want, ROWS * STRIDE, 1e-12, 0);
        for (int i = 0; i < ROWS; i++) /* nothing beyond the tile is touched */
            assert_memory_equal(got + i * STRIDE + TILE, start + i * STRIDE + TILE,
                                (STRIDE - TILE) * sizeof *got);
    }
}

static void cholesky_refuses_what_is_not_positive_definite(void **state)
{
    (void)state;
    double indefinite[4] = {1, 2, 2, 1}, zero[1] = {0}, nan[1] = {(double)NAN};
    assert_false(hl_cholesky_factor(indefinite, 2));
    assert_false(hl_cholesky_factor(zero, 1));
    assert_false(hl_cholesky_factor(nan, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jacobians_equal_differences_for_each_model),
        cmocka_unit_test(cholesky_solves_known_systems),
        cmocka_unit_test(tile_products_agree),
        cmocka_unit_test(cholesky_refuses_what_is_not_positive_definite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
