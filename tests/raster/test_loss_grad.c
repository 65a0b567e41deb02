/* SPDX-License-Identifier: MIT */
/* tests/raster/test_loss_grad.c -- the loss passes, compiled in double: value against a direct
 * evaluation of the definition, gradient against central differences. */
#define HL_REAL double
#include "core/rng.h"
#include "raster/cpu/loss_rows.h"
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

enum { W = 21, H = 18, STRIDE = 32, N = H * STRIDE };

static double x[3][N], y[3][N], p[9][N], grad[3][N], pixel_keep[N], window_keep[N];
static double scratch[5 * (STRIDE + 2 * HL_LOSS_MARGIN)];

static void fill(uint64_t seed)
{
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    for (int c = 0; c < 3; c++)
        for (int r = 0; r < H; r++)
            for (int i = 0; i < W; i++) {
                hl_rng rng = hl_rng_at(seed, (uint64_t)c, (uint64_t)(r * W + i), HL_RNG_TEST);
                y[c][r * STRIDE + i] = hl_rng_uniform(&rng);
                const double d = 0.02 + 0.3 * hl_rng_uniform(&rng); /* away from the kink of L1 */
                x[c][r * STRIDE + i] = y[c][r * STRIDE + i] + (hl_rng_uniform(&rng) < 0.5 ? -d : d);
            }
}

/* A window counts where no ignored pixel lies inside it: the rule, spelled out. */
static void keep_all_but(int r0, int i0)
{
    memset(pixel_keep, 0, sizeof pixel_keep);
    memset(window_keep, 0, sizeof window_keep);
    for (int r = 0; r < H; r++)
        for (int i = 0; i < W; i++) {
            pixel_keep[r * STRIDE + i] = r != r0 || i != i0;
            window_keep[r * STRIDE + i] = abs(r - r0) > 5 || abs(i - i0) > 5;
        }
}

static hl_loss_job job_of(void)
{
    hl_loss_job job = {.height = H, .stride = STRIDE, .keep_stride = STRIDE};
    double sum = 0;
    for (int k = 0; k < HL_SSIM_TAPS; k++) {
        job.window[k] = exp(-(k - 5.0) * (k - 5.0) / 4.5);
        sum += job.window[k];
    }
    for (int k = 0; k < HL_SSIM_TAPS; k++)
        job.window[k] /= sum;
    for (int c = 0; c < 3; c++) {
        job.x[c] = x[c];
        job.y[c] = y[c];
        job.grad[c] = grad[c];
    }
    for (int k = 0; k < 9; k++)
        job.p[k] = p[k];
    job.pixel_keep = pixel_keep;
    job.window_keep = window_keep;
    job.l1_scale = 0.8 / (3 * W * H);
    job.ssim_scale = 0.2 / (3 * W * H);
    return job;
}

/* sum over windows of SSIM, straight from its definition. */
static double direct_ssim(const hl_loss_job *job)
{
    double total = 0;
    for (int c = 0; c < 3; c++)
        for (int r = 0; r < H; r++)
            for (int i = 0; i < W; i++) {
                double m[5] = {0};
                for (int dr = -5; dr <= 5; dr++)
                    for (int di = -5; di <= 5; di++) {
                        if (r + dr < 0 || r + dr >= H || i + di < 0 || i + di >= W)
                            continue;
                        const double g = job->window[dr + 5] * job->window[di + 5];
                        const double a = x[c][(r + dr) * STRIDE + i + di];
                        const double b = y[c][(r + dr) * STRIDE + i + di];
                        const double q[5] = {a, b, a * a, b * b, a * b};
                        for (int k = 0; k < 5; k++)
                            m[k] += g * q[k];
                    }
                const double num = (2 * m[0] * m[1] + 1e-4) * (2 * (m[4] - m[0] * m[1]) + 9e-4);
                const double den = (m[0] * m[0] + m[1] * m[1] + 1e-4) *
                                   (m[2] - m[0] * m[0] + m[3] - m[1] * m[1] + 9e-4);
                total += window_keep[r * STRIDE + i] * num / den;
            }
    return total;
}

/* Bands of 7 rows: the cut must not matter. */
static double run(hl_loss_job *job, double *total)
{
    double sums[HL_LOSS_SUMS];
    memset(total, 0, HL_LOSS_SUMS * sizeof *total);
    for (int first = 0; first < H; first += 7) {
        const int last = first + 7 < H ? first + 7 : H;
        hl_loss_band_moments(job, first, last, scratch, sums);
        for (int k = 0; k < HL_LOSS_SUMS; k++)
            total[k] += sums[k];
    }
    return job->l1_scale * total[HL_LOSS_SUM_L1] - job->ssim_scale * total[HL_LOSS_SUM_SSIM];
}

static void sums_match_definition(void **state)
{
    (void)state;
    fill(1);
    keep_all_but(7, 9);
    hl_loss_job job = job_of();
    double total[HL_LOSS_SUMS], want[HL_LOSS_SUMS] = {0};
    run(&job, total);
    for (int c = 0; c < 3; c++)
        for (int k = 0; k < N; k++) {
            const double d = (x[c][k] - y[c][k]) * pixel_keep[k];
            want[HL_LOSS_SUM_L1] += fabs(d);
            want[HL_LOSS_SUM_L2] += d * d;
        }
    want[HL_LOSS_SUM_SSIM] = direct_ssim(&job);
    check_close(total, want, HL_LOSS_SUMS, 1e-11, 1e-12);
}

static void gradient_matches_central_differences(void **state)
{
    (void)state;
    fill(2);
    keep_all_but(12, 3);
    hl_loss_job job = job_of();
    double total[HL_LOSS_SUMS];
    run(&job, total);
    hl_loss_band_gradient(&job, 0, H, scratch);
    double analytic[3][N];
    memcpy(analytic, grad, sizeof grad);
    for (int c = 0; c < 3; c++)
        for (int r = 0; r < H; r++)
            for (int i = 0; i < W; i += r % 5 ? 4 : 1) {
                double *at = &x[c][r * STRIDE + i], old = *at;
                const double h = 1e-5;
                *at = old + h;
                const double up = run(&job, total);
                *at = old - h;
                const double down = run(&job, total);
                *at = old;
                const double numeric = (up - down) / (2 * h), got = analytic[c][r * STRIDE + i];
                assert_true(fabs(got - numeric) <= 1e-6 * fabs(numeric) + 1e-10);
            }
}

static void exposure_gradient_matches_central_differences(void **state)
{
    (void)state;
    fill(3);
    const double weight[3] = {1, -2, 0.5};
    double e[12] = {1.1, 0.1, -0.2, 0.03, 0.05, 0.9, 0.1, -0.01, -0.1, 0.2, 1.2, 0.02};
    double out[3][W], d_e[12] = {0};
    double *rows[3] = {out[0], out[1], out[2]};
    const double *in[3] = {x[0], x[1], x[2]};
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < W; i++)
            out[c][i] = weight[c] * (i + 1); /* dL/dcolour' of L = sum of weight (i + 1) colour' */
    hl_loss_expose_bwd(e, W, in, rows, d_e);
    double d_color[3][W];
    memcpy(d_color, out, sizeof out);

    double *parameters[12 + 3];
    double want[15], got[15];
    for (int k = 0; k < 12; k++) {
        parameters[k] = &e[k];
        got[k] = d_e[k];
    }
    for (int c = 0; c < 3; c++) {
        parameters[12 + c] = &x[c][4];
        got[12 + c] = d_color[c][4];
    }
    for (int k = 0; k < 15; k++) {
        double side[2] = {0, 0};
        const double old = *parameters[k];
        for (int s = 0; s < 2; s++) {
            *parameters[k] = old + (s ? -1e-4 : 1e-4);
            hl_loss_expose(e, W, in, rows);
            for (int c = 0; c < 3; c++)
                for (int i = 0; i < W; i++)
                    side[s] += weight[c] * (i + 1) * out[c][i];
        }
        *parameters[k] = old;
        want[k] = (side[0] - side[1]) / 2e-4;
    }
    check_close(got, want, 15, 1e-7, 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_match_definition),
        cmocka_unit_test(gradient_matches_central_differences),
        cmocka_unit_test(exposure_gradient_matches_central_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
