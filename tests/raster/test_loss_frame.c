/* SPDX-License-Identifier: MIT */
/* tests/raster/test_loss_frame.c -- hl_loss_run on whole frames: value against the
 * definition and closed forms, masks, alpha, exposure, geometry, threads, instruction sets,
 * allocations. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "raster/loss.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { W = 45, H = 70, STRIDE = 48, ROWS = 80, PLANE = ROWS * STRIDE };

static float planes[7][PLANE], transmittance[PLANE];
static uint8_t photo[4 * W * H], mask[W * H];
static float depth_gt[W * H], normal_gt[3 * W * H];
static hl_raster_frame frame;
static hl_loss_target target;
static hl_loss *loss;

static void fill_frame(void)
{
    frame = (hl_raster_frame){.width = W, .height = H, .stride = STRIDE, .rows = ROWS};
    frame.plane_count = 7;
    frame.depth_plane = 3;
    frame.normal_plane = 4;
    frame.feature_plane = -1;
    frame.transmittance = transmittance;
    for (int k = 0; k < 7; k++)
        frame.plane[k] = planes[k];
    for (int i = 0; i < PLANE; i++) {
        hl_rng rng = hl_rng_at(7, 0, (uint64_t)i, HL_RNG_TEST);
        const bool inside = i % STRIDE < W && i / STRIDE < H;
        for (int k = 0; k < 7; k++) /* padding holds rubbish: it must not matter */
            planes[k][i] = inside ? hl_rng_uniform(&rng) : NAN;
        planes[3][i] += 1;
        transmittance[i] = inside ? 0.4f * hl_rng_uniform(&rng) : NAN;
    }
}

static int set_up(void **state)
{
    (void)state;
    fill_frame();
    for (int i = 0; i < W * H; i++) {
        hl_rng rng = hl_rng_at(8, 0, (uint64_t)i, HL_RNG_TEST);
        for (int c = 0; c < 4; c++)
            photo[4 * i + c] = (uint8_t)hl_rng_below(&rng, 256);
        mask[i] = 1;
        depth_gt[i] = i % 7 ? 1 + hl_rng_uniform(&rng) : 0;
        for (int c = 0; c < 3; c++)
            normal_gt[3 * i + c] = i % 5 ? (c == 2) : 0;
    }
    target = (hl_loss_target){.width = W, .height = H, .channels = 3, .pixels = photo};
    return hl_loss_create(&loss, HL_ISA_AUTO);
}

static int tear_down(void **state)
{
    (void)state;
    hl_loss_destroy(&loss);
    hl_parallel_shutdown();
    return 0;
}

static hl_loss_result run(const hl_loss_options *options)
{
    hl_loss_result r;
    check_ok(hl_loss_run(loss, &frame, &target, options, &r));
    return r;
}

static double at_pixel(int which, int c, int row, int column)
{
    return which ? photo[3 * (row * W + column) + c] / 255.0
                 : (double)planes[c][row * STRIDE + column];
}

/* Mean SSIM straight from its definition: an 11 x 11 window with zeros outside the picture. */
static double direct_ssim(void)
{
    double g[11], sum = 0, total = 0;
    for (int k = 0; k < 11; k++)
        sum += g[k] = exp(-(k - 5.0) * (k - 5.0) / 4.5);
    for (int c = 0; c < 3; c++)
        for (int at = 0; at < W * H; at++) {
            double m[5] = {0};
            for (int k = 0; k < 121; k++) {
                const int row = at / W + k / 11 - 5, column = at % W + k % 11 - 5;
                if (row < 0 || row >= H || column < 0 || column >= W)
                    continue;
                const double weight = g[k / 11] * g[k % 11] / (sum * sum);
                const double x = at_pixel(0, c, row, column), y = at_pixel(1, c, row, column);
                const double q[5] = {x, y, x * x, y * y, x * y};
                for (int j = 0; j < 5; j++)
                    m[j] += weight * q[j];
            }
            total += (2 * m[0] * m[1] + 1e-4) * (2 * (m[4] - m[0] * m[1]) + 9e-4) /
                     ((m[0] * m[0] + m[1] * m[1] + 1e-4) *
                      (m[2] - m[0] * m[0] + m[3] - m[1] * m[1] + 9e-4));
        }
    return total / (3 * W * H);
}

static void value_matches_definition(void **state)
{
    (void)state;
    const hl_loss_options options = HL_LOSS_DEFAULTS;
    const hl_loss_result r = run(&options);
    double l1 = 0, l2 = 0;
    for (int at = 0; at < 3 * W * H; at++) {
        const int pixel = at / 3;
        const double d =
            at_pixel(0, at % 3, pixel / W, pixel % W) - at_pixel(1, at % 3, pixel / W, pixel % W);
        l1 += fabs(d) / (3 * W * H);
        l2 += d * d / (3 * W * H);
    }
    const double ssim = direct_ssim();
    const double got[4] = {r.l1, r.mse, r.ssim, r.loss};
    const double want[4] = {l1, l2, ssim, 0.8 * l1 + 0.2 * (1 - ssim)};
    check_close(got, want, 4, 1e-6, 1e-5);
    assert_int_equal(r.pixels, W * H);
}

static void equal_pictures_have_no_loss_and_no_gradient(void **state)
{
    (void)state;
    for (int i = 0; i < W * H; i++)
        for (int c = 0; c < 3; c++)
            planes[c][i / W * STRIDE + i % W] = (float)photo[3 * i + c] / 255;
    const hl_loss_options options = HL_LOSS_DEFAULTS;
    const hl_loss_result r = run(&options);
    assert_true(fabs(r.loss) < 1e-6 && r.l1 == 0);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < H * STRIDE; i++)
            assert_true(fabsf(r.grad.plane[c][i]) < 1e-8f);
}

static void ignored_pixels_do_not_matter(void **state)
{
    (void)state;
    for (int i = 0; i < W * H; i++)
        mask[i] = i % W > 8 || i / W > 20;
    target.mask = mask;
    const hl_loss_options options = HL_LOSS_DEFAULTS;
    const hl_loss_result before = run(&options);
    for (int i = 0; i < W * H; i++)
        if (!mask[i])
            for (int c = 0; c < 3; c++)
                planes[c][i / W * STRIDE + i % W] = 9;
    const hl_loss_result after = run(&options);
    assert_true(before.loss == after.loss && before.ssim == after.ssim);
    assert_int_equal(after.pixels, W * H - 9 * 21);
    for (int i = 0; i < W * H; i++)
        if (!mask[i])
            for (int c = 0; c < 3; c++)
                assert_true(after.grad.plane[c][i / W * STRIDE + i % W] == 0);
    memset(mask, 0, sizeof mask);
    assert_true(run(&options).loss == 0);
}

static void transparent_photo_is_laid_over_background(void **state)
{
    (void)state;
    target.channels = 4;
    for (int i = 0; i < W * H; i++) {
        photo[4 * i + 3] = 51; /* 0.2 */
        for (int c = 0; c < 3; c++)
            photo[4 * i + c] = 255;
    }
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < PLANE; i++)
            planes[c][i] = 0.2f + 0.8f * 0.5f; /* what it should be on grey */
    for (int i = 0; i < PLANE; i++)
        transmittance[i] = 0.7f; /* alpha 0.3: 0.1 too much */
    hl_loss_options options = HL_LOSS_DEFAULTS;
    for (int c = 0; c < 3; c++)
        options.background[c] = 0.5f;
    const hl_loss_result r = run(&options);
    assert_true(fabs(r.l1) < 1e-6 && fabs(r.alpha - 0.1) < 1e-6 && fabs(r.loss - 0.01) < 1e-5);
    for (int i = 0; i < W * H; i++)
        assert_true(fabsf(r.grad.alpha[i / W * STRIDE + i % W] - 0.1f / (W * H)) < 1e-9f);
}

/* Central differences through the float code: coarse, but through everything. */
static void check_numeric(float *parameter, float got, const hl_loss_options *options, double h)
{
    const float old = *parameter;
    *parameter = old + (float)h;
    const double up = run(options).loss, high = (double)*parameter;
    *parameter = old - (float)h;
    const double down = run(options).loss, low = (double)*parameter;
    *parameter = old;
    const double numeric = (up - down) / (high - low);
    if (!(fabs((double)got - numeric) <= 0.02 * fabs(numeric) + 2e-6))
        print_error("got %g, numeric %g\n", (double)got, numeric);
    assert_true(fabs((double)got - numeric) <= 0.02 * fabs(numeric) + 2e-6);
}

static void exposure_gradient(void **state)
{
    (void)state;
    float e[12] = {0.9f, 0.1f, 0, 0.02f, 0, 1.1f, 0.05f, 0, 0, -0.1f, 1, 0.01f};
    hl_loss_options options = HL_LOSS_DEFAULTS;
    options.exposure = e;
    options.ssim_weight = 1; /* |x - y| has kinks, and so many pixels cross one */
    const hl_loss_result r = run(&options);
    for (int k = 0; k < 12; k++)
        check_numeric(&e[k], (float)r.d_exposure[k], &options, 1e-3);
}

static void geometry_terms(void **state)
{
    (void)state;
    target.depth = depth_gt;
    target.normal = normal_gt;
    hl_loss_options options = HL_LOSS_DEFAULTS;
    options.depth_weight = 50;
    options.normal_weight = 50;
    const hl_loss_result r = run(&options);
    double depth = 0, normal = 0;
    int depths = 0, normals = 0;
    for (int i = 0; i < W * H; i++) {
        const int at = i / W * STRIDE + i % W;
        const double alpha = 1 - (double)transmittance[at];
        depths += depth_gt[i] > 0;
        if (depth_gt[i] > 0)
            depth += fabs(alpha / (double)planes[3][at] - 1 / (double)depth_gt[i]);
        normals += i % 5 != 0;
        if (i % 5 != 0)
            normal += alpha - (double)planes[6][at];
    }
    const double got[2] = {r.depth, r.normal}, want[2] = {depth / depths, normal / normals};
    check_close(got, want, 2, 1e-6, 1e-5);
    const int i = 12 * W + 11, at = 12 * STRIDE + 11;
    assert_true(depth_gt[i] > 0 && i % 5 != 0);
    check_numeric(&planes[3][at], r.grad.plane[3][at], &options, 1e-2);
    for (int c = 0; c < 3; c++)
        check_numeric(&planes[4 + c][at], r.grad.plane[4 + c][at], &options, 1e-2);
    check_numeric(&transmittance[at], -r.grad.alpha[at], &options, 1e-2);
}

static void same_bytes_for_any_thread_count(void **state)
{
    (void)state;
    const hl_loss_options options = HL_LOSS_DEFAULTS;
    const int threads[4] = {1, 2, 3, 7};
    static float first[3][H * STRIDE];
    hl_loss_result want = {.loss = 0};
    for (int t = 0; t < 4; t++) {
        hl_parallel_set_threads(threads[t]);
        hl_loss_result r = run(&options);
        for (int c = 0; c < 3 && t == 0; c++)
            memcpy(first[c], r.grad.plane[c], sizeof first[c]);
        for (int c = 0; c < 3; c++)
            assert_memory_equal(first[c], r.grad.plane[c], sizeof first[c]);
        memset(&r.grad, 0, sizeof r.grad);
        if (t == 0)
            want = r;
        assert_memory_equal(&want, &r, sizeof r);
    }
    hl_parallel_set_threads(0);
}

static void instruction_sets_agree(void **state)
{
    (void)state;
    const hl_loss_options options = HL_LOSS_DEFAULTS;
    const hl_loss_result best = run(&options);
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
        hl_loss *other;
        if (hl_loss_create(&other, (hl_isa)isa) != HL_OK)
            continue;
        hl_loss_result r;
        check_ok(hl_loss_run(other, &frame, &target, &options, &r));
        assert_true(fabs(r.loss - best.loss) < 1e-6);
        for (int c = 0; c < 3; c++)
            check_close(r.grad.plane[c], best.grad.plane[c], H * STRIDE, 2e-9, 1e-4);
        hl_loss_destroy(&other);
    }
}

static void steady_state_does_not_allocate(void **state)
{
    (void)state;
    const hl_loss_options options = HL_LOSS_DEFAULTS;
    run(&options);
    const uint64_t before = hl_alloc_count();
    run(&options);
    assert_int_equal(hl_alloc_count(), before);
}

static void wrong_sizes_are_refused(void **state)
{
    (void)state;
    const hl_loss_options options = HL_LOSS_DEFAULTS;
    hl_loss_result r;
    target.width = W - 1;
    check_fails(hl_loss_run(loss, &frame, &target, &options, &r), "the frame 45 x 70");
    target.width = W;
    target.channels = 1;
    check_fails(hl_loss_run(loss, &frame, &target, &options, &r), "expected 3 or 4");
}

#define LOSS_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOSS_TEST(value_matches_definition),
        LOSS_TEST(equal_pictures_have_no_loss_and_no_gradient),
        LOSS_TEST(ignored_pixels_do_not_matter),
        LOSS_TEST(transparent_photo_is_laid_over_background),
        LOSS_TEST(exposure_gradient),
        LOSS_TEST(geometry_terms),
        LOSS_TEST(same_bytes_for_any_thread_count),
        LOSS_TEST(instruction_sets_agree),
        LOSS_TEST(steady_state_does_not_allocate),
        LOSS_TEST(wrong_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
