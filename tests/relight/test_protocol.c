/* SPDX-License-Identifier: MIT */
/* Each rule of a protocol on pictures whose figures can be worked out by hand. */
#include "core/metric.h"
#include "relight/protocol.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { SIDE = 16, PIXELS = SIDE * SIDE };

static hl_image filled(int32_t channels, const float *value)
{
    hl_image image;
    check_ok(hl_image_create(&image, SIDE, SIDE, channels));
    for (int i = 0; i < PIXELS; i++)
        memcpy(image.data + i * channels, value, (size_t)channels * sizeof *value);
    return image;
}

/* Left half: colour, alpha 1.  Right half: black, alpha 0. */
static hl_image half(float grey)
{
    hl_image image = filled(4, (float[4]){grey, grey, grey, 1});
    for (int i = 0; i < PIXELS; i++)
        if (i % SIDE >= SIDE / 2)
            memset(image.data + 4 * i, 0, 4 * sizeof *image.data);
    return image;
}

static double db(double mse)
{
    return -10 * log10(mse);
}

static hl_picture_score score(const char *name, const hl_image *a, const hl_image *b)
{
    hl_picture_score s;
    check_ok(hl_protocol_score_picture(hl_protocol_find(name), a, b, &s));
    return s;
}

static void equal_pictures_are_equal_under_every_protocol(void **state)
{
    (void)state;
    hl_image a = half(0.3f);
    for (const hl_protocol *p = hl_protocols(); p->name; p++) {
        hl_picture_score s;
        check_ok(hl_protocol_score_picture(p, &a, &a, &s));
        assert_true(s.psnr == 100 && s.psnr_object == 100 && fabs(s.ssim - 1) < 1e-6);
        assert_ptr_equal(hl_protocol_find(p->name), p);
        assert_true(strlen(p->rules) > 20);
    }
    assert_null(hl_protocol_find("none"));
    hl_image_release(&a);
}

/* Object off by 0.2 (51 of 255), background the same. */
static void background_halves_the_error_of_half_a_picture(void **state)
{
    (void)state;
    hl_image a = half(0.6f), b = half(0.4f);
    const hl_picture_score s = score("helio", &a, &b);
    assert_true(fabs(s.psnr - db(0.02)) < 1e-4);
    assert_true(fabs(s.psnr_object - db(0.04)) < 1e-4);
    assert_true(isnan(s.psnr_linear));
    hl_image_release(&a);
    hl_image_release(&b);
}

/* A prediction that covers the background too: helio sees it, protocols that cut do not. */
static void cutting_by_the_true_mask_hides_a_wrong_silhouette(void **state)
{
    (void)state;
    hl_image a = filled(4, (float[4]){0.4f, 0.4f, 0.4f, 1}), b = half(0.4f);
    assert_true(fabs(score("helio", &a, &b).psnr - db(0.5 * 0.36)) < 1e-4); /* against white */
    assert_true(score("irgs", &a, &b).psnr == 100);
    assert_true(score("r3dg", &a, &b).psnr == 100);
    assert_true(score("helio", &a, &b).psnr_object == 100);
    hl_image_release(&a);
    hl_image_release(&b);
}

static void hard_alpha_rounds_coverage(void **state)
{
    (void)state;
    const float thin[4] = {0.2f, 0.2f, 0.2f, 0.6f}, solid[4] = {0.2f, 0.2f, 0.2f, 1};
    hl_image a = filled(4, thin), b = filled(4, solid);
    assert_true(score("tensoir", &a, &b).psnr == 100);
    /* 0.6 * 0.2 + 0.4 = 0.52 -> 133/255, 0.2 -> 51/255 */
    assert_true(fabs(score("helio", &a, &b).psnr - db(82. * 82 / 255 / 255)) < 1e-4);
    hl_image_release(&a);
    hl_image_release(&b);
}

/* GS-IR does not multiply the truth by its alpha. */
static void raw_truth_is_taken_as_stored(void **state)
{
    (void)state;
    const float veil[4] = {0.5f, 0.5f, 0.5f, 0.5f};
    hl_image a = filled(4, veil), b = filled(4, veil);
    /* prediction 0.5 * 0.5 (composited) * 0.5 (cut), truth 0.5 */
    assert_true(fabs(score("gsir", &a, &b).psnr - db(0.375 * 0.375)) < 1e-4);
    hl_image_release(&a);
    hl_image_release(&b);
}

/* Stanford-ORB: a factor on linear values is free; and nothing is worse than grey 1/2. */
static void orb_frees_the_scale_and_has_a_floor(void **state)
{
    (void)state;
    hl_image a = half(0), b = half(0);
    for (int i = 0; i < PIXELS; i++)
        for (int k = 0; k < 3; k++) {
            const float x = 0.1f + 0.5f * (float)i / PIXELS;
            a.data[4 * i + k] = powf(x, 2.4f) < 1 ? x : 1;
            b.data[4 * i + k] = x;
        }
    hl_picture_score s = score("orb", &a, &b);
    assert_true(s.psnr == 100 && s.psnr_linear == 100);
    for (int i = 0; i < PIXELS; i++)
        for (int k = 0; k < 3; k++) { /* truth almost white, prediction black */
            b.data[4 * i + k] = 1;
            a.data[4 * i + k] = 0;
        }
    s = score("orb", &a, &b);
    assert_true(fabs(s.psnr - db(0.25)) < 1e-4);
    hl_image_release(&a);
    hl_image_release(&b);
    b = filled(4, (float[4]){1, 1, 1, 0});
    check_fails(hl_protocol_score_picture(hl_protocol_find("orb"), &b, &b, &s), "no pixel");
    hl_image_release(&b);
}

static void albedo_is_scaled_and_coded_by_the_protocol(void **state)
{
    (void)state;
    const float dark[3] = {0.25f, 0.1f, 0.4f}, light[3] = {0.5f, 0.1f, 0.2f}, one = 1;
    const float scale[3] = {2, 1, 0.5f}, none[3] = {1, 1, 1};
    hl_image a = filled(3, dark), b = filled(3, light), alpha = filled(1, &one);
    for (const hl_protocol *p = hl_protocols(); p->name; p++) {
        hl_picture_score s;
        check_ok(hl_protocol_score_albedo(p, &a, &b, &alpha, scale, &s));
        assert_true(s.psnr == 100);
    }
    hl_picture_score s;
    check_ok(
        hl_protocol_score_albedo(hl_protocol_find("irgs"), &a, &b, &alpha, none, &s)); /* linear */
    assert_true(fabs(s.psnr - db((0.0625 + 0.04) / 3)) < 1e-4);
    check_ok(hl_protocol_score_albedo(hl_protocol_find("tensoir"), &a, &b, &alpha, none, &s));
    const double g = pow(0.5, 1 / 2.2) - pow(0.25, 1 / 2.2);
    const double h = pow(0.4, 1 / 2.2) - pow(0.2, 1 / 2.2);
    assert_true(fabs(s.psnr - db((g * g + h * h) / 3)) < 1e-3);
    hl_image_release(&a);
    hl_image_release(&b);
    hl_image_release(&alpha);
}

static void median_ratio_ignores_outliers_and_the_background(void **state)
{
    (void)state;
    hl_albedo_ratio ratio;
    float scale[3];
    hl_image truth = filled(3, (float[3]){0.3f, 0.6f, 0}), alpha = filled(1, (float[1]){1});
    hl_image ours = filled(3, (float[3]){0.2f, 0.8f, 0.5f});
    for (int i = 0; i < PIXELS / 4; i++)
        ours.data[3 * i] = 0.9f; /* a quarter is wrong */
    for (int i = PIXELS / 2; i < PIXELS; i++) {
        alpha.data[i] = 0.9f; /* edge pixels do not count */
        ours.data[3 * i + 1] = 0.1f;
    }
    check_ok(hl_albedo_ratio_create(&ratio));
    hl_albedo_ratio_median(&ratio, scale);
    assert_true(scale[0] == 1 && scale[1] == 1 && scale[2] == 1);
    for (int i = PIXELS / 4; i < PIXELS / 2 + PIXELS / 4; i++)
        alpha.data[i] = 1; /* now two thirds of the counted red values are 0.3 / 0.2 */
    check_ok(hl_albedo_ratio_add(&ratio, &ours, &truth, &alpha));
    hl_albedo_ratio_median(&ratio, scale);
    assert_true(fabsf(scale[0] - 1.5f) < 1.5f / 4000);
    assert_true(fabsf(scale[1] - 0.75f) < 0.75f / 4000);
    assert_true(scale[2] == 1); /* truth 0: no ratio */
    hl_albedo_ratio_release(&ratio);
    hl_image_release(&ours);
    hl_image_release(&truth);
    hl_image_release(&alpha);
}

static void views_of_the_scale_are_chosen_by_the_protocol(void **state)
{
    (void)state;
    int spread = 0, all = 0, first = 0;
    for (int i = 0; i < 200; i++) {
        spread += hl_protocol_scales_by(hl_protocol_find("tensoir"), i, 200);
        all += hl_protocol_scales_by(hl_protocol_find("helio"), i, 200);
        first += hl_protocol_scales_by(hl_protocol_find("r3dg"), i, 200);
        assert_false(hl_protocol_scales_by(hl_protocol_find("orb"), i, 200));
    }
    assert_int_equal(spread, HL_SCALE_SPREAD_VIEWS);
    assert_int_equal(all, 200);
    assert_int_equal(first, 1);
    assert_true(hl_protocol_scales_by(hl_protocol_find("r3dg"), 0, 200));
    assert_true(hl_protocol_scales_by(hl_protocol_find("tensoir"), 11, 12));
}

/* Normals 30 degrees off on the object, nothing predicted on the background half. */
static void normal_error_of_object_and_of_image(void **state)
{
    (void)state;
    hl_normal_score s;
    hl_image truth = filled(3, (float[3]){0, 0, 2}), alpha = filled(1, (float[1]){1});
    hl_image ours = filled(3, (float[3]){0.5f, 0, 0.8660254f});
    check_ok(hl_score_normal(&ours, &truth, &alpha, &s));
    assert_true(fabs(s.object_deg - 30) < 1e-4 && fabs(s.image_deg - 30) < 1e-4);
    assert_true(fabs(s.cosine - (1 - cos(3.14159265358979 / 6))) < 1e-6);
    for (int i = 0; i < PIXELS; i++)
        if (i % SIDE >= SIDE / 2) {
            alpha.data[i] = 0;
            memset(ours.data + 3 * i, 0, 3 * sizeof *ours.data);
        }
    check_ok(hl_score_normal(&ours, &truth, &alpha, &s));
    assert_true(fabs(s.object_deg - 30) < 1e-4 && fabs(s.image_deg - 15) < 1e-4);
    ours.data[0] = NAN;
    check_ok(hl_score_normal(&ours, &truth, &alpha, &s));
    assert_true(fabs(s.object_deg - (30 + 60 / (PIXELS / 2.))) < 1e-4); /* 90 degrees off */
    memset(alpha.data, 0, PIXELS * sizeof *alpha.data);
    check_ok(hl_score_normal(&ours, &truth, &alpha, &s));
    assert_true(isnan(s.object_deg));
    hl_image_release(&ours);
    hl_image_release(&truth);
    hl_image_release(&alpha);
}

static void single_channels_and_bad_shapes(void **state)
{
    (void)state;
    double mse;
    hl_picture_score s;
    hl_image a = filled(3, (float[3]){0.5f, 0.25f, 0}), b = filled(3, (float[3]){0.25f, 0.25f, 9});
    hl_image alpha = filled(1, (float[1]){1}), small;
    check_ok(hl_image_create(&small, SIDE, SIDE - 1, 4));
    check_ok(hl_score_channel(&a, &b, 0, &alpha, &mse));
    assert_true(fabs(mse - 0.0625) < 1e-7);
    check_ok(hl_score_channel(&a, &b, 1, &alpha, &mse));
    assert_true(mse == 0);
    check_fails(hl_score_channel(&a, &b, 3, &alpha, &mse), "cannot be scored");
    check_fails(hl_protocol_score_picture(hl_protocols(), &a, &small, &s), "cannot be scored");
    check_fails(hl_protocol_score_albedo(hl_protocols(), &a, &b, &small, (float[3]){1, 1, 1}, &s),
                "cannot be scored");
    hl_image_release(&a);
    hl_image_release(&b);
    hl_image_release(&alpha);
    hl_image_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_pictures_are_equal_under_every_protocol),
        cmocka_unit_test(background_halves_the_error_of_half_a_picture),
        cmocka_unit_test(cutting_by_the_true_mask_hides_a_wrong_silhouette),
        cmocka_unit_test(hard_alpha_rounds_coverage),
        cmocka_unit_test(raw_truth_is_taken_as_stored),
        cmocka_unit_test(orb_frees_the_scale_and_has_a_floor),
        cmocka_unit_test(albedo_is_scaled_and_coded_by_the_protocol),
        cmocka_unit_test(median_ratio_ignores_outliers_and_the_background),
        cmocka_unit_test(views_of_the_scale_are_chosen_by_the_protocol),
        cmocka_unit_test(normal_error_of_object_and_of_image),
        cmocka_unit_test(single_channels_and_bad_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
