/* SPDX-License-Identifier: MIT */
/* Contact sheets and pictures of numbers: places, colours, clipping. */
#include "core/sheet.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static const uint8_t *pixel(const hl_image8 *image, int32_t x, int32_t y)
{
    return image->data + (size_t)(y * image->width + x) * (size_t)image->channels;
}

static hl_image8 filled(int32_t width, int32_t height, int32_t channels, const uint8_t *value)
{
    hl_image8 image;
    check_ok(hl_image8_create(&image, width, height, channels));
    for (int32_t i = 0; i < width * height; i++)
        memcpy(image.data + i * channels, value, (size_t)channels);
    return image;
}

static void pictures_stand_in_their_cells(void **state)
{
    (void)state;
    hl_image8 red = filled(20, 10, 3, (uint8_t[3]){255, 0, 0});
    hl_image8 grey = filled(10, 20, 1, (uint8_t[1]){200});
    hl_image8 clear = filled(8, 8, 4, (uint8_t[4]){255, 255, 255, 0}), sheet;
    const hl_sheet_cell cells[4] = {
        {&red, "red"}, {&grey, NULL}, {&clear, "a very long caption"}, {NULL, "none"}};
    check_ok(hl_sheet_build(&sheet, cells, 2, 2, 40, 40));
    assert_int_equal(sheet.width, 4 + 2 * 44);
    assert_int_equal(sheet.height, 4 + 2 * 57);
    assert_memory_equal(pixel(&sheet, 4, 24), ((uint8_t[3]){255, 0, 0}), 3); /* 40 x 20 */
    assert_memory_equal(pixel(&sheet, 43, 24), ((uint8_t[3]){255, 0, 0}), 3);
    assert_memory_equal(pixel(&sheet, 24, 12), ((uint8_t[3]){24, 24, 24}), 3); /* above it */
    assert_memory_equal(pixel(&sheet, 68, 4), ((uint8_t[3]){200, 200, 200}), 3);
    assert_memory_equal(pixel(&sheet, 49, 24), ((uint8_t[3]){24, 24, 24}), 3);
    assert_memory_equal(pixel(&sheet, 24, 81), ((uint8_t[3]){128, 128, 128}), 3);
    assert_memory_equal(pixel(&sheet, 68, 81), ((uint8_t[3]){24, 24, 24}), 3);
    /* "RED": the stem of R at the caption's left edge. */
    for (int y = 48; y < 55; y++)
        assert_memory_equal(pixel(&sheet, 4, y), ((uint8_t[3]){230, 230, 230}), 3);
    /* The long caption ends inside its cell: the gap to the next one is paper. */
    for (int y = 105; y < 112; y++)
        assert_memory_equal(pixel(&sheet, 45, y), ((uint8_t[3]){24, 24, 24}), 3);
    hl_image8_release(&sheet);
    check_fails(hl_sheet_build(&sheet, cells, 0, 2, 40, 40), "out of range");
    check_fails(hl_sheet_build(&sheet, cells, 2, 2, 4, 40), "out of range");
    check_fails(hl_sheet_build(&sheet, cells, 5000, 5000, 40, 40), "out of range");
    hl_image8_release(&red);
    hl_image8_release(&grey);
    hl_image8_release(&clear);
}

static void text_is_clipped_and_case_does_not_matter(void **state)
{
    (void)state;
    hl_image8 a = filled(30, 9, 3, (uint8_t[3]){0, 0, 0}), b = filled(30, 9, 3, (uint8_t[3]){0});
    const uint8_t white[3] = {255, 255, 255};
    hl_sheet_text(&a, 1, 1, 1, white, "Ab\x01z");
    hl_sheet_text(&b, 1, 1, 1, white, "aB?Z");
    assert_memory_equal(a.data, b.data, 30 * 9 * 3);
    int lit = 0;
    for (int i = 0; i < 30 * 9; i++)
        lit += a.data[3 * i] == 255;
    assert_int_equal(lit, 18 + 20 + 10 + 15); /* pixels of A, B, ?, Z */
    hl_sheet_text(&a, -3, -2, 3, white, "clipped on every side of the picture");
    hl_sheet_text(&a, 25, 5, 2, white, "W");
    hl_image8_release(&a);
    hl_image8_release(&b);
}

static void differences_are_absolute_times_gain(void **state)
{
    (void)state;
    hl_image8 a = filled(2, 1, 3, (uint8_t[3]){10, 20, 200}), out;
    hl_image8 b = filled(2, 1, 3, (uint8_t[3]){13, 15, 100});
    check_ok(hl_sheet_difference(&out, &a, &b, 4));
    assert_memory_equal(out.data, ((uint8_t[3]){12, 20, 255}), 3);
    hl_image8_release(&out);
    b.channels = 1;
    check_fails(hl_sheet_difference(&out, &a, &b, 4), "no difference");
    hl_image8_release(&a);
    hl_image8_release(&b);
}

static void lightness_of_the_colour_scale_grows(void **state)
{
    (void)state;
    double before = -1;
    for (int i = 0; i <= 20; i++) {
        uint8_t rgb[3];
        hl_sheet_color((float)i / 20, rgb);
        /* Green 2011 weighs by perceived brightness 0.30, 0.59, 0.11: it equals t. */
        const double light = (0.30 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2]) / 255;
        assert_true(fabs(light - i / 20.0) < 0.006);
        assert_true(light > before);
        before = light;
    }
}

static void depth_goes_from_light_to_dark(void **state)
{
    (void)state;
    hl_image depth;
    hl_image8 out;
    check_ok(hl_image_create(&depth, 5, 1, 1));
    memcpy(depth.data, ((float[5]){1, 2, 3, 0, 4}), 5 * sizeof(float));
    depth.data[4] = nanf("");
    check_ok(hl_sheet_depth(&out, &depth, 1, 3));
    const int near = out.data[0] + out.data[1] + out.data[2];
    const int middle = out.data[3] + out.data[4] + out.data[5];
    const int far = out.data[6] + out.data[7] + out.data[8];
    assert_true(near > middle && middle > far && far > 0);
    assert_memory_equal(out.data + 9, ((uint8_t[6]){0}), 6);
    hl_image8_release(&out);
    check_ok(hl_sheet_depth(&out, &depth, 0, 0));
    assert_memory_equal(out.data + 9, ((uint8_t[6]){0}), 6);
    assert_true(out.data[0] > out.data[6]);
    hl_image8_release(&out);
    hl_image_release(&depth);
}

static void normals_become_colours(void **state)
{
    (void)state;
    const float turn[9] = {0, -1, 0, 1, 0, 0, 0, 0, 1}; /* x -> y */
    hl_image n;
    hl_image8 out;
    check_ok(hl_image_create(&n, 3, 1, 3));
    memcpy(n.data, ((float[9]){2, 0, 0, 0, 0, -1, 0, 0, 0}), 9 * sizeof(float));
    check_ok(hl_sheet_normal(&out, &n, NULL));
    assert_memory_equal(out.data, ((uint8_t[9]){255, 128, 128, 128, 128, 0, 128, 128, 128}), 9);
    hl_image8_release(&out);
    check_ok(hl_sheet_normal(&out, &n, turn));
    assert_memory_equal(out.data, ((uint8_t[3]){128, 255, 128}), 3);
    hl_image8_release(&out);
    check_fails(hl_sheet_depth(&out, &n, 0, 1), "1 channel");
    check_fails(hl_sheet_grey(&out, &n), "1 channel");
    n.channels = 1;
    check_ok(hl_sheet_grey(&out, &n));
    assert_memory_equal(out.data, ((uint8_t[6]){255, 255, 255, 0, 0, 0}), 6);
    check_fails(hl_sheet_normal(&out, &n, NULL), "3 channels");
    hl_image8_release(&out);
    hl_image_release(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_stand_in_their_cells),
        cmocka_unit_test(text_is_clipped_and_case_does_not_matter),
        cmocka_unit_test(differences_are_absolute_times_gain),
        cmocka_unit_test(lightness_of_the_colour_scale_grows),
        cmocka_unit_test(depth_goes_from_light_to_dark),
        cmocka_unit_test(normals_become_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
