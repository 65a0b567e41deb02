/* SPDX-License-Identifier: MIT */
/* MSE, PSNR and SSIM against closed forms and a brute-force window in double; LPIPS against the
 * values of an independent NumPy implementation. */
#include "core/metric.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static hl_image noise(int32_t width, int32_t height, int32_t channels, uint64_t seed)
{
    hl_image image;
    check_ok(hl_image_create(&image, width, height, channels));
    hl_rng rng = hl_rng_at(seed, 0, 0, HL_RNG_TEST);
    for (int32_t i = 0; i < width * height * channels; i++)
        image.data[i] = hl_rng_uniform(&rng);
    return image;
}

static hl_image constant(int32_t width, int32_t height, float value)
{
    hl_image image;
    check_ok(hl_image_create(&image, width, height, 3));
    for (int32_t i = 0; i < width * height * 3; i++)
        image.data[i] = value;
    return image;
}

static void mse_and_psnr_of_known_differences(void **state)
{
    (void)state;
    hl_image a = constant(20, 10, 0.5f), b = constant(20, 10, 0.75f);
    double mse;
    check_ok(hl_metric_mse(&mse, &a, &b, NULL));
    assert_true(fabs(mse - 0.0625) < 1e-12);
    assert_true(fabs(hl_metric_psnr(mse) - 12.041199826559248) < 1e-9); /* 20 log10 4 */
    check_ok(hl_metric_mse(&mse, &a, &a, NULL));
    assert_true(mse <= 0 && hl_metric_psnr(mse) >= 100 && hl_metric_psnr(mse) <= 100);

    /* One pixel in a hundred off by 1/10 in one of three channels. */
    memcpy(b.data, a.data, 600 * sizeof(float));
    b.data[300] += 0.1f;
    uint8_t mask[200] = {0};
    check_ok(hl_metric_mse(&mse, &a, &b, NULL));
    assert_true(fabs(mse - 0.01 / 600) < 1e-8);
    memset(mask + 100, 1, 4);
    check_ok(hl_metric_mse(&mse, &a, &b, mask));
    assert_true(fabs(mse - 0.01 / 12) < 1e-7);
    mask[100] = 0;
    check_ok(hl_metric_mse(&mse, &a, &b, mask));
    assert_true(mse <= 0);
    memset(mask, 0, sizeof mask);
    check_fails(hl_metric_mse(&mse, &a, &b, mask), "no pixel");
    hl_image_release(&a);
    hl_image_release(&b);
}

static void a_nan_in_a_picture_is_not_hidden(void **state)
{
    (void)state;
    hl_image a = constant(20, 10, 0.5f), b = constant(20, 10, 0.5f);
    double mse, ssim;
    b.data[77] = nanf("");
    check_ok(hl_metric_mse(&mse, &a, &b, NULL));
    check_ok(hl_metric_ssim(&ssim, &a, &b));
    assert_true(isnan(mse) && isnan(hl_metric_psnr(mse)) && isnan(ssim));
    hl_image_release(&a);
    hl_image_release(&b);
}

/* Straight from the definition: an 11 x 11 window around every pixel, zeros outside. */
static double brute_force_ssim(const hl_image *a, const hl_image *b)
{
    double window[11][11], norm = 0, total = 0;
    for (int v = 0; v < 11; v++)
        for (int u = 0; u < 11; u++)
            norm += window[v][u] = exp(-((u - 5) * (u - 5) + (v - 5) * (v - 5)) / 4.5);
    for (int c = 0; c < a->channels; c++)
        for (int y = 0; y < a->height; y++)
            for (int x = 0; x < a->width; x++) {
                double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
                for (int v = 0; v < 11; v++)
                    for (int u = 0; u < 11; u++) {
                        const int py = y + v - 5, px = x + u - 5;
                        if (py < 0 || py >= a->height || px < 0 || px >= a->width)
                            continue;
                        const int at = (py * a->width + px) * a->channels + c;
                        const double w = window[v][u] / norm, p = (double)a->data[at],
                                     q = (double)b->data[at];
                        ma += w * p;
                        mb += w * q;
                        aa += w * p * p;
                        bb += w * q * q;
                        ab += w * p * q;
                    }
                total += (2 * ma * mb + 1e-4) * (2 * (ab - ma * mb) + 9e-4) /
                         ((ma * ma + mb * mb + 1e-4) * (aa - ma * ma + bb - mb * mb + 9e-4));
            }
    return total / ((double)a->width * a->height * a->channels);
}

static void ssim_is_that_of_the_definition(void **state)
{
    (void)state;
    const int32_t sizes[4][3] = {{40, 70, 3}, {7, 5, 1}, {1, 1, 3}, {33, 32, 4}};
    for (int s = 0; s < 4; s++) {
        hl_image a = noise(sizes[s][0], sizes[s][1], sizes[s][2], 1);
        hl_image b = noise(sizes[s][0], sizes[s][1], sizes[s][2], 2);
        const int32_t count = sizes[s][0] * sizes[s][1] * sizes[s][2];
        for (int32_t i = 0; i < count; i++)
            b.data[i] = 0.7f * a.data[i] + 0.3f * b.data[i];
        double got, same;
        check_ok(hl_metric_ssim(&got, &a, &b));
        check_ok(hl_metric_ssim(&same, &a, &a));
        assert_true(fabs(got - brute_force_ssim(&a, &b)) < 2e-6);
        assert_true(got < 0.999 && fabs(same - 1) < 1e-6);
        hl_image_release(&a);
        hl_image_release(&b);
    }
}

static void threads_do_not_change_a_bit(void **state)
{
    (void)state;
    hl_image a = noise(70, 90, 3, 1), b = noise(70, 90, 3, 2);
    double mse[3], ssim[3];
    const int32_t threads[3] = {1, 2, 7};
    for (int i = 0; i < 3; i++) {
        hl_parallel_set_threads(threads[i]);
        check_ok(hl_metric_mse(&mse[i], &a, &b, NULL));
        check_ok(hl_metric_ssim(&ssim[i], &a, &b));
    }
    hl_parallel_set_threads(0);
    assert_memory_equal(&mse[0], &mse[1], sizeof *mse);
    assert_memory_equal(&mse[0], &mse[2], sizeof *mse);
    assert_memory_equal(&ssim[0], &ssim[1], sizeof *ssim);
    assert_memory_equal(&ssim[0], &ssim[2], sizeof *ssim);
    hl_image_release(&a);
    hl_image_release(&b);
}

static void unequal_pictures_are_refused(void **state)
{
    (void)state;
    hl_image a = constant(4, 5, 0), b = constant(5, 4, 0);
    double out;
    check_fails(hl_metric_mse(&out, &a, &b, NULL), "4 x 5 x 3");
    check_fails(hl_metric_ssim(&out, &a, &b), "cannot be compared");
    hl_image_release(&a);
    hl_image_release(&b);
}

static void lpips_matches_the_stored_values(void **state)
{
    (void)state;
    const char *names[3] = {"ex_p0.png", "ex_p1.png", "ex_ref.png"};
    const double want[3] = {0.7112, 0.1479, 0};
    hl_lpips *net = NULL;
    hl_image ref, other;
    check_ok(hl_lpips_load(&net, hl_test_data("weights/lpips_squeeze/lpips_squeeze.safetensors")));
    check_ok(hl_image_load(&ref, hl_test_data("weights/lpips_squeeze/ex_ref.png")));
    for (int i = 0; i < 3; i++) {
        char path[64] = "weights/lpips_squeeze/";
        double got, back;
        strncat(path, names[i], sizeof path - strlen(path) - 1);
        check_ok(hl_image_load(&other, hl_test_data(path)));
        check_ok(hl_lpips_distance(&got, net, &ref, &other));
        assert_true(fabs(got - want[i]) < 6e-5);
        hl_parallel_set_threads(3);
        check_ok(hl_lpips_distance(&back, net, &other, &ref));
        hl_parallel_set_threads(0);
        assert_true(fabs(back - got) < 1e-12);
        hl_image_release(&other);
    }
    hl_image small = constant(31, 40, 0);
    double out;
    check_fails(hl_lpips_distance(&out, net, &small, &small), "sides of 32");
    hl_image_release(&small);
    hl_image_release(&ref);
    hl_lpips_destroy(&net);
    assert_null(net);
}

/* A safetensors file of one header text and some bytes of data. */
static const char *tensors_file(const char *header, size_t data)
{
    static char bytes[4096];
    const size_t length = strlen(header);
    memset(bytes, 0, sizeof bytes);
    bytes[0] = (char)(length & 0xff);
    bytes[1] = (char)(length >> 8);
    memcpy(bytes + 8, header, length);
    return hl_test_write("w.safetensors", bytes, 8 + length + data);
}

static void damaged_weights_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *part;
    } cases[] = {
        {"{}", 0, "features.0.weight is missing"},
        {"[1]", 0, "is missing"},
        {"{\"features.0.weight\": 3}", 0, "is missing"},
        {"{nonsense", 0, "not valid JSON"},
        {"{\"features.0.weight\":{\"dtype\":\"I8\",\"shape\":[64,3,3,3],\"data_offsets\":[0,1]}}",
         9, "type I8"},
        {"{\"features.0.weight\":{\"dtype\":\"F16\",\"shape\":[64,3,3],\"data_offsets\":[0,1]}}", 9,
         "576 elements, expected 1728"},
        {"{\"features.0.weight\":{\"dtype\":\"F16\",\"shape\":[64,27],\"data_offsets\":[0,3456]}}",
         9, "lies at bytes 0 to 3456 of 9"},
        {"{\"features.0.weight\":{\"dtype\":\"F16\",\"shape\":[64,27],\"data_offsets\":[-9,3447]}}",
         9, "lies at"},
        {"{\"features.0.weight\":{\"dtype\":\"F16\",\"shape\":[64,27],\"data_offsets\":[0]}}", 9,
         "data_offsets"},
    };
    hl_lpips *net = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_fails(hl_lpips_load(&net, tensors_file(cases[i].header, cases[i].data)),
                    cases[i].part);
    check_fails(hl_lpips_load(&net, hl_test_write("w.safetensors", "", 0)), "not a safetensors");
    check_fails(hl_lpips_load(&net, hl_test_write("w.safetensors", "\1\0\0\0\0\0\0\1{", 9)),
                "not a safetensors");
    check_fails(hl_lpips_load(&net, hl_test_file("absent")), "cannot open");
    assert_null(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mse_and_psnr_of_known_differences),
        cmocka_unit_test(a_nan_in_a_picture_is_not_hidden),
        cmocka_unit_test(ssim_is_that_of_the_definition),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(unequal_pictures_are_refused),
        cmocka_unit_test(lpips_matches_the_stored_values),
        cmocka_unit_test(damaged_weights_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
