/* SPDX-License-Identifier: MIT */
/* Forms of picture files that our writers do not make: bytes put together by hand or by a script
 * from the format descriptions, pixel values known. */
#include "core/image.h"
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

static const char *corpus(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", HL_SOURCE_DIR, name);
    return path;
}

static void exr_of_halves_without_compression(void **state)
{
    (void)state;
    /* Each row holds codes 0x3c00 + 0..8: channels B, G, R of three pixels: 1 + code / 1024. */
    hl_image image;
    check_ok(hl_image_load(&image, corpus("exr/half_none.exr")));
    assert_true(image.width == 3 && image.height == 2 && image.channels == 3);
    for (int i = 0; i < 6; i++) {
        const float x = (float)(i % 3),
                    want[3] = {1 + (6 + x) / 1024, 1 + (3 + x) / 1024, 1 + x / 1024};
        check_close(image.data + 3 * i, want, 3, 1e-9, 0);
    }
    hl_image_release(&image);
}

static void exr_in_tiles_with_run_lengths(void **state)
{
    (void)state;
    hl_image image;
    check_ok(hl_image_load(&image, corpus("exr/tiled_rle.exr")));
    assert_true(image.width == 5 && image.height == 3 && image.channels == 1);
    for (int i = 0; i < 15; i++)
        assert_true(image.data[i] > 0.4999f && image.data[i] < 0.5001f);
    hl_image_release(&image);
}

static void png_of_16_bits(void **state)
{
    (void)state;
    static const unsigned char file[] = {
        /* 2 x 1 grey: 0x1234, 0xffff */
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
        0x44, 0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x10, 0x00, 0x00, 0x00,
        0x00, 0x81, 0xd9, 0xfc, 0x15, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78,
        0x9c, 0x63, 0x10, 0x32, 0xf9, 0xff, 0x1f, 0x00, 0x03, 0xe6, 0x02, 0x45, 0x2e, 0x42,
        0x96, 0x75, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
    const char *path = hl_test_write("deep.png", file, sizeof file);
    hl_image image;
    hl_image8 bytes;
    check_ok(hl_image_load(&image, path));
    check_close(image.data, ((float[2]){0x1234 / 65535.0f, 1}), 2, 1e-7, 0);
    check_ok(hl_image8_load(&bytes, path, 0));
    assert_true(bytes.channels == 1 && bytes.data[0] == 0x12 && bytes.data[1] == 0xff);
    hl_image_release(&image);
    hl_image8_release(&bytes);
}

static void png_with_a_palette_and_transparency(void **state)
{
    (void)state;
    static const unsigned char file[] = {
        /* 3 x 1, two bits: entries 0, 1, 2 */
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
        0x52, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x00, 0x00, 0x00, 0x66,
        0x8e, 0xfc, 0x27, 0x00, 0x00, 0x00, 0x09, 0x50, 0x4c, 0x54, 0x45, 0x0a, 0x14, 0x1e, 0x28,
        0x32, 0x3c, 0x46, 0x50, 0x5a, 0x16, 0xac, 0x84, 0x74, 0x00, 0x00, 0x00, 0x02, 0x74, 0x52,
        0x4e, 0x53, 0xff, 0x07, 0x7b, 0xd3, 0xa5, 0xe9, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41,
        0x54, 0x78, 0x9c, 0x63, 0x90, 0x00, 0x00, 0x00, 0x1a, 0x00, 0x19, 0x2d, 0x88, 0xf4, 0x36,
        0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
    const uint8_t want[12] = {10, 20, 30, 255, 40, 50, 60, 7, 70, 80, 90, 255};
    hl_image8 image;
    check_ok(hl_image8_load(&image, hl_test_write("palette.png", file, sizeof file), 0));
    assert_true(image.width == 3 && image.channels == 4);
    assert_memory_equal(image.data, want, sizeof want);
    hl_image8_release(&image);
}

static void hdr_of_plain_pixels_with_an_old_repeat(void **state)
{
    (void)state;
    /* Width 4 is below the limit of run lengths: a pixel, then "1 1 1 3": three more of it. */
    static const char file[] = "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 4\n"
                               "\x80\x40\x20\x81\1\1\1\3"
                               "\x80\x80\x80\x80\xff\0\0\x88\0\0\0\0\1\2\3\x88";
    const float want[24] = {1,    0.5f, 0.25f, 1,   0.5f, 0.25f, 1, 0.5f, 0.25f, 1, 0.5f, 0.25f,
                            0.5f, 0.5f, 0.5f,  255, 0,    0,     0, 0,    0,     1, 2,    3};
    hl_image image;
    check_ok(hl_image_load(&image, hl_test_write("old.hdr", file, sizeof file - 1)));
    assert_true(image.width == 4 && image.height == 2 && image.channels == 3);
    check_close(image.data, want, 24, 1e-6, 0);
    hl_image_release(&image);
    image.data = NULL;
    static const char bad[] = "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 4\n"
                              "\x80\x40\x20\x81\1\1\1\4";
    check_fails(hl_image_load(&image, hl_test_write("bad.hdr", bad, sizeof bad - 1)), "row 0 of 1");
    assert_null(image.data);
}

static void tga_with_run_lengths(void **state)
{
    (void)state;
    /* 4 x 2, bottom row first: a run of four (1, 2, 3), then twelve bytes as they are; BGR. */
    hl_image8 image;
    const uint8_t want[24] = {2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9,
                              3, 2, 1, 3, 2, 1, 3, 2, 1, 3,  2,  1};
    check_ok(hl_image8_load(&image, corpus("png/rle.tga"), 0));
    assert_true(image.width == 4 && image.height == 2 && image.channels == 3);
    assert_memory_equal(image.data, want, sizeof want);
    hl_image8_release(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exr_of_halves_without_compression),
        cmocka_unit_test(exr_in_tiles_with_run_lengths),
        cmocka_unit_test(png_of_16_bits),
        cmocka_unit_test(png_with_a_palette_and_transparency),
        cmocka_unit_test(hdr_of_plain_pixels_with_an_old_repeat),
        cmocka_unit_test(tga_with_run_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
