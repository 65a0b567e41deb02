/* SPDX-License-Identifier: MIT */
/* Conversion, sampling and resizing against closed forms. */
#include "core/image.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static hl_image image_of(int32_t width, int32_t height, int32_t channels, const float *values)
{
    hl_image image;
    check_ok(hl_image_create(&image, width, height, channels));
    memcpy(image.data, values, (size_t)(width * height * channels) * sizeof *values);
    return image;
}

static hl_image noise(int32_t width, int32_t height, int32_t channels)
{
    hl_image image;
    check_ok(hl_image_create(&image, width, height, channels));
    hl_rng rng = hl_rng_at(1, 0, (uint64_t)width, HL_RNG_TEST);
    for (int32_t i = 0; i < width * height * channels; i++)
        image.data[i] = hl_rng_uniform(&rng);
    return image;
}

static void shapes_out_of_range_are_refused(void **state)
{
    (void)state;
    hl_image image;
    hl_image8 bytes;
    check_fails(hl_image_create(&image, 0, 5, 3), "out of range");
    check_fails(hl_image_create(&image, 5, 5, 5), "5 channels");
    check_fails(hl_image_create(&image, 65501, 1, 1), "65501");
    check_fails(hl_image8_create(&bytes, 65500, 65500, 1), "out of range");
    check_fails(hl_image8_create(&bytes, -1, 1, 1), "out of range");
}

static void rounding_is_to_the_nearest_code(void **state)
{
    (void)state;
    const float values[8] = {-1, 0, 0.4999f / 255, 0.5001f / 255, 254.51f / 255, 1, 7, 0};
    const uint8_t want[8] = {0, 0, 0, 1, 255, 255, 255, 0};
    hl_image in = image_of(4, 2, 1, values), back;
    in.data[7] = nanf("");
    hl_image8 out;
    check_ok(hl_image8_from_float(&out, &in));
    assert_memory_equal(out.data, want, 8);
    check_ok(hl_image_from_8(&back, &out));
    check_close(back.data, ((float[8]){0, 0, 0, 1.0f / 255, 1, 1, 1, 0}), 8, 1e-7, 0);
    hl_image_release(&in);
    hl_image_release(&back);
    hl_image8_release(&out);
    assert_null(out.data);
}

static void every_code_survives_the_round_trip(void **state)
{
    (void)state;
    hl_image8 in, out;
    hl_image middle;
    check_ok(hl_image8_create(&in, 256, 1, 1));
    for (int i = 0; i < 256; i++)
        in.data[i] = (uint8_t)i;
    check_ok(hl_image_from_8(&middle, &in));
    check_ok(hl_image8_from_float(&out, &middle));
    assert_memory_equal(in.data, out.data, 256);
    hl_image8_release(&in);
    hl_image8_release(&out);
    hl_image_release(&middle);
}

static void samples_are_bilinear_about_pixel_centres(void **state)
{
    (void)state;
    const float values[4] = {1, 2, 4, 8};
    hl_image image = image_of(2, 2, 1, values);
    const float at[7][3] = {{0.5f, 0.5f, 1},      {1.5f, 0.5f, 2}, {0.5f, 1.5f, 4}, {1, 1, 3.75f},
                            {0.75f, 0.5f, 1.25f}, {-9, -9, 1},     {9, 9, 8}};
    for (int i = 0; i < 7; i++) {
        float got;
        hl_image_sample(&image, at[i][0], at[i][1], &got);
        check_close(&got, &at[i][2], 1, 1e-6, 0);
    }
    float got;
    hl_image_sample(&image, nanf(""), 0.5f, &got);
    assert_true(isfinite(got));
    hl_image_release(&image);
}

static void shrinking_averages_areas(void **state)
{
    (void)state;
    const float values[6] = {0, 3, 6, 12, 15, 18};
    hl_image in = image_of(3, 2, 1, values), out;
    check_ok(hl_image_resize(&out, &in, 2, 1));
    /* Columns: (a + b / 2) / 1.5 and (b / 2 + c) / 1.5; rows: the mean. */
    const float want[2] = {((0 + 12) / 2.0f + (3 + 15) / 4.0f) / 1.5f,
                           ((3 + 15) / 4.0f + (6 + 18) / 2.0f) / 1.5f};
    check_close(out.data, want, 2, 1e-5, 0);
    hl_image_release(&out);
    check_ok(hl_image_resize(&out, &in, 1, 1));
    check_close(out.data, ((float[1]){9}), 1, 1e-5, 0);
    hl_image_release(&out);
    hl_image_release(&in);
}

static void the_mean_survives_any_shrinking(void **state)
{
    (void)state;
    hl_image in = noise(61, 47, 3);
    double want[3] = {0};
    for (int i = 0; i < 61 * 47 * 3; i++)
        want[i % 3] += (double)in.data[i] / (61 * 47);
    const int32_t sizes[4][2] = {{61, 47}, {60, 46}, {7, 5}, {1, 13}};
    for (int s = 0; s < 4; s++) {
        hl_image out;
        double got[3] = {0};
        const int32_t w = sizes[s][0], h = sizes[s][1];
        check_ok(hl_image_resize(&out, &in, w, h));
        for (int i = 0; i < w * h * 3; i++)
            got[i % 3] += (double)out.data[i] / (w * h);
        check_close(got, want, 3, 1e-5, 0);
        hl_image_release(&out);
    }
    hl_image_release(&in);
}

static void growing_is_linear_between_centres(void **state)
{
    (void)state;
    const float values[2] = {0, 4};
    hl_image in = image_of(2, 1, 1, values), out;
    check_ok(hl_image_resize(&out, &in, 4, 3));
    for (int y = 0; y < 3; y++)
        check_close(out.data + 4 * y, ((float[4]){0, 1, 3, 4}), 4, 1e-6, 0);
    hl_image_release(&out);
    hl_image_release(&in);
    const float one[1] = {5};
    in = image_of(1, 1, 1, one);
    check_ok(hl_image_resize(&out, &in, 3, 2));
    check_close(out.data, ((float[6]){5, 5, 5, 5, 5, 5}), 6, 1e-6, 0);
    hl_image_release(&out);
    hl_image_release(&in);
}

static void hidden_colour_does_not_bleed(void **state)
{
    (void)state;
    /* White under alpha 0 beside opaque dark red. */
    hl_image8 in, out;
    check_ok(hl_image8_create(&in, 2, 1, 4));
    memcpy(in.data, ((uint8_t[8]){255, 255, 255, 0, 100, 0, 0, 255}), 8);
    check_ok(hl_image8_resize(&out, &in, 1, 1));
    assert_memory_equal(out.data, ((uint8_t[4]){100, 0, 0, 128}), 4);
    hl_image8_release(&out);
    memset(in.data, 0, 8);
    check_ok(hl_image8_resize(&out, &in, 1, 1));
    assert_memory_equal(out.data, ((uint8_t[4]){0, 0, 0, 0}), 4);
    hl_image8_release(&out);
    hl_image8_release(&in);
}

static void bytes_and_floats_agree_for_any_thread_count(void **state)
{
    (void)state;
    hl_image in = noise(97, 83, 3), out[2];
    hl_image8 in8, out8[2];
    check_ok(hl_image8_from_float(&in8, &in));
    for (int i = 0; i < 2; i++) {
        hl_parallel_set_threads(i ? 3 : 1);
        check_ok(hl_image_resize(&out[i], &in, 31, 43));
        check_ok(hl_image8_resize(&out8[i], &in8, 31, 43));
    }
    hl_parallel_set_threads(0);
    assert_memory_equal(out[0].data, out[1].data, 31 * 43 * 3 * sizeof(float));
    assert_memory_equal(out8[0].data, out8[1].data, 31 * 43 * 3);
    for (int i = 0; i < 31 * 43 * 3; i++)
        assert_true(fabs((double)out8[0].data[i] / 255 - (double)out[0].data[i]) < 1.01 / 255);
    for (int i = 0; i < 2; i++) {
        hl_image_release(&out[i]);
        hl_image8_release(&out8[i]);
    }
    hl_image_release(&in);
    hl_image8_release(&in8);
}

static void resizing_survives_lack_of_memory(void **state)
{
    (void)state;
    hl_image in = noise(9, 9, 2), out = {0};
    hl_status s = HL_E_MEMORY;
    for (uint64_t n = 1; s != HL_OK; n++) {
        assert_true(n < 100);
        hl_alloc_fail_at(n);
        s = hl_image_resize(&out, &in, 4, 4);
        hl_alloc_fail_at(0);
        assert_true(s == HL_OK || (s == HL_E_MEMORY && !out.data));
    }
    hl_image_release(&out);
    hl_image_release(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_out_of_range_are_refused),
        cmocka_unit_test(rounding_is_to_the_nearest_code),
        cmocka_unit_test(every_code_survives_the_round_trip),
        cmocka_unit_test(samples_are_bilinear_about_pixel_centres),
        cmocka_unit_test(shrinking_averages_areas),
        cmocka_unit_test(the_mean_survives_any_shrinking),
        cmocka_unit_test(growing_is_linear_between_centres),
        cmocka_unit_test(hidden_colour_does_not_bleed),
        cmocka_unit_test(bytes_and_floats_agree_for_any_thread_count),
        cmocka_unit_test(resizing_survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
