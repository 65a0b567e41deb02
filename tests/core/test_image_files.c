/* SPDX-License-Identifier: MIT */
/* Pictures on disk: what is written comes back; damaged files end in one sentence. */
#include "core/file.h"
#include "core/image.h"
#include "core/memory.h"
#include "core/rng.h"
#include "tests/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { W = 37, H = 21 };

/* Smooth in x and y with some noise: compresses like a photograph. */
static hl_image8 picture8(int32_t channels)
{
    hl_image8 image;
    check_ok(hl_image8_create(&image, W, H, channels));
    hl_rng rng = hl_rng_at(2, 0, (uint64_t)channels, HL_RNG_TEST);
    for (int32_t i = 0; i < W * H; i++)
        for (int32_t c = 0; c < channels; c++)
            image.data[i * channels + c] =
                (uint8_t)(i % W * 5 + i / W * 2 + 10 * c + (int)hl_rng_below(&rng, 4));
    return image;
}

static hl_image picture(int32_t width, int32_t channels)
{
    hl_image image;
    check_ok(hl_image_create(&image, width, H, channels));
    hl_rng rng = hl_rng_at(3, 0, (uint64_t)channels, HL_RNG_TEST);
    for (int32_t i = 0; i < width * H * channels; i++)
        image.data[i] = i % 50 < 20 ? 0.25f : expf(10 * hl_rng_uniform(&rng) - 5);
    return image;
}

/* False, with a line, in a build without libjpeg. */
static bool has_jpeg(void)
{
    hl_image8 image = picture8(1);
    const hl_status s = hl_image8_save(&image, hl_test_file("has.jpg"));
    hl_image8_release(&image);
    if (s == HL_E_BACKEND)
        print_message("without JPEG: this build has no libjpeg\n");
    return s != HL_E_BACKEND;
}

static void png_comes_back_bit_for_bit(void **state)
{
    (void)state;
    for (int32_t channels = 1; channels <= 4; channels++) {
        const char *path = hl_test_file("a.png");
        hl_image8 in = picture8(channels), out;
        int32_t w, h, c;
        check_ok(hl_image8_save(&in, path));
        check_ok(hl_image_probe(path, &w, &h, &c));
        check_ok(hl_image8_load(&out, path, 0));
        assert_true(w == W && h == H && c == (channels == 2 ? 4 : channels));
        assert_true(out.width == W && out.height == H && out.channels == c);
        if (channels != 2)
            assert_memory_equal(in.data, out.data, (size_t)(W * H * channels));
        else
            for (int i = 0; i < W * H; i++) {
                const uint8_t g = in.data[2 * i], want[4] = {g, g, g, in.data[2 * i + 1]};
                assert_memory_equal(out.data + 4 * i, want, 4);
            }
        hl_image8_release(&in);
        hl_image8_release(&out);
    }
}

static void png_of_more_than_one_chunk(void **state)
{
    (void)state;
    hl_image8 in, out;
    check_ok(hl_image8_create(&in, 300, 300, 3));
    hl_rng rng = hl_rng_at(4, 0, 0, HL_RNG_TEST);
    for (int i = 0; i < 300 * 300 * 3; i++)
        in.data[i] = (uint8_t)hl_rng_u32(&rng);
    check_ok(hl_image8_save(&in, hl_test_file("noise.png")));
    check_ok(hl_image8_load(&out, hl_test_file("noise.png"), 0));
    assert_memory_equal(in.data, out.data, 300 * 300 * 3);
    hl_image8_release(&in);
    hl_image8_release(&out);
}

static void jpeg_comes_back_close(void **state)
{
    (void)state;
    if (!has_jpeg())
        skip();
    for (int32_t channels = 1; channels <= 3; channels += 2) {
        const char *path = hl_test_file("a.jpg");
        hl_image8 in = picture8(channels), out;
        int32_t w, h, c;
        for (int i = 0; i < W * H * channels; i++) /* no wrap-around edges */
            in.data[i] = (uint8_t)(i / channels % W * 5 + 20 * (i % channels));
        check_ok(hl_image8_save(&in, path));
        check_ok(hl_image_probe(path, &w, &h, &c));
        check_ok(hl_image8_load(&out, path, 0));
        assert_true(w == W && h == H && c == channels && out.channels == channels);
        double sum = 0;
        for (int i = 0; i < W * H * channels; i++)
            sum += (in.data[i] - out.data[i]) * (in.data[i] - out.data[i]);
        assert_true(sum / (W * H * channels) < 2); /* above 45 dB */
        hl_image8_release(&in);
        hl_image8_release(&out);
    }
}

static void jpeg_is_reduced_in_the_decoder(void **state)
{
    (void)state;
    if (!has_jpeg())
        skip();
    const int32_t asked[5] = {0, 160, 80, 41, 1}, got[5] = {160, 160, 80, 80, 20};
    hl_image8 in, out;
    check_ok(hl_image8_create(&in, 160, 96, 3));
    memset(in.data, 77, 160 * 96 * 3);
    check_ok(hl_image8_save(&in, hl_test_file("b.jpg")));
    for (int i = 0; i < 5; i++) {
        check_ok(hl_image8_load(&out, hl_test_file("b.jpg"), asked[i]));
        assert_int_equal(out.width, got[i]);
        assert_int_equal(out.height, got[i] * 96 / 160);
        assert_true(out.data[0] >= 76 && out.data[0] <= 78);
        hl_image8_release(&out);
    }
    hl_image8_release(&in);
}

static void exr_comes_back_bit_for_bit(void **state)
{
    (void)state;
    for (int32_t channels = 1; channels <= 4; channels++) {
        hl_image in = picture(W, channels), out;
        int32_t w, h, c;
        in.data[0] = -1.5e30f;
        in.data[1] = INFINITY;
        if (channels == 2) {
            check_fails(hl_image_save(&in, hl_test_file("two.exr")), "2 channels");
        } else {
            const char *path = hl_test_file("a.exr");
            check_ok(hl_image_save(&in, path));
            check_ok(hl_image_probe(path, &w, &h, &c));
            check_ok(hl_image_load(&out, path));
            assert_true(w == W && h == H && c == channels && out.channels == channels);
            assert_memory_equal(in.data, out.data, (size_t)(W * H * channels) * sizeof(float));
            hl_image_release(&out);
        }
        hl_image_release(&in);
    }
}

static void hdr_comes_back_within_its_step(void **state)
{
    (void)state;
    const int32_t widths[3] = {W, 3, 300};
    for (int i = 0; i < 3; i++) {
        hl_image in = picture(widths[i], 3), out;
        const char *path = hl_test_file("a.hdr");
        in.data[0] = 0;
        in.data[3] = nanf("");
        check_ok(hl_image_save(&in, path));
        check_ok(hl_image_load(&out, path));
        assert_true(out.width == widths[i] && out.height == H && out.channels == 3);
        in.data[3] = 0;
        for (int32_t p = 0; p < widths[i] * H; p++) {
            const float *a = in.data + 3 * p, *b = out.data + 3 * p;
            const float most = fmaxf(a[0], fmaxf(a[1], a[2]));
            for (int k = 0; k < 3; k++) /* one step of 1/256 of the exponent's range, cut down */
                assert_true(b[k] <= a[k] * 1.0001f && b[k] >= a[k] - most / 127);
        }
        hl_image_release(&in);
        hl_image_release(&out);
    }
    hl_image one = picture(W, 1), back;
    check_ok(hl_image_save(&one, hl_test_file("grey.hdr")));
    check_ok(hl_image_load(&back, hl_test_file("grey.hdr")));
    assert_true(back.channels == 3 && back.data[30] == back.data[31]);
    hl_image_release(&one);
    hl_image_release(&back);
}

static void floats_are_saved_as_png_rounded(void **state)
{
    (void)state;
    hl_image in, out;
    check_ok(hl_image_create(&in, 2, 1, 1));
    in.data[0] = 0.2f;
    in.data[1] = 3;
    check_ok(hl_image_save(&in, hl_test_file("f.png")));
    check_ok(hl_image_load(&out, hl_test_file("f.png")));
    check_close(out.data, ((float[2]){51.0f / 255, 1}), 2, 1e-7, 0);
    hl_image_release(&in);
    hl_image_release(&out);
}

static void wrong_names_and_shapes_are_refused(void **state)
{
    (void)state;
    hl_image8 four = picture8(4), out = {0};
    hl_image hdr = picture(W, 4), loaded = {0};
    check_fails(hl_image8_save(&four, hl_test_file("a.webp")), ".png or .jpg");
    check_fails(hl_image8_save(&four, hl_test_file("a.jpg2")), ".png or .jpg");
    check_fails(hl_image8_save(&four, hl_test_file("x.jpg")), "not 4");
    check_fails(hl_image_save(&hdr, hl_test_file("x.hdr")), "4 channels");
    check_fails(hl_image8_save(&four, hl_test_file("no/folder/a.png")), "cannot write");
    check_fails(hl_image8_load(&out, hl_test_file("absent.png"), 0), "cannot open");
    check_fails(hl_image8_load(&out, hl_test_dir(), 0), "not a regular file");
    check_fails(hl_image8_load(&out, hl_test_write("e.png", "", 0), 0), "empty");
    check_fails(hl_image_load(&loaded, hl_test_write("e.png", "", 0)), "empty");
    check_fails(hl_image8_load(&out, hl_test_write("t.png", "just text", 9), 0), "not a picture");
    check_ok(hl_image_save(&hdr, hl_test_file("x.exr")));
    check_fails(hl_image8_load(&out, hl_test_file("x.exr"), 0), "high-dynamic-range");
    assert_null(out.data);
    assert_null(loaded.data);
    assert_false(hl_file_exists(hl_test_file("x.jpg")));
    hl_image8_release(&four);
    hl_image_release(&hdr);
}

/* Every file cut short by 1/16, 2/16 ... must fail, and leave the output alone. */
static void short_files_are_refused(void **state)
{
    (void)state;
    static const char *const names[4] = {"cut.png", "cut.jpg", "cut.exr", "cut.hdr"};
    hl_image8 small = picture8(3);
    hl_image wide = picture(W, 3);
    check_ok(hl_image8_save(&small, hl_test_file(names[0])));
    const bool jpeg = has_jpeg();
    if (jpeg)
        check_ok(hl_image8_save(&small, hl_test_file(names[1])));
    check_ok(hl_image_save(&wide, hl_test_file(names[2])));
    check_ok(hl_image_save(&wide, hl_test_file(names[3])));
    for (int i = 0; i < 4; i++) {
        hl_file_map map;
        if (i == 1 && !jpeg)
            continue;
        check_ok(hl_file_map_open(&map, hl_test_file(names[i])));
        for (size_t part = 1; part < 16; part++) {
            const char *path = hl_test_write("part", map.bytes, map.size * part / 16);
            hl_image out = {0};
            check_fails(hl_image_load(&out, path), "part: ");
            assert_null(out.data);
        }
        const char *last = hl_test_write("part", map.bytes, map.size - 3);
        hl_image out = {0};
        if (i != 0) /* the end mark of PNG may lose its checksum */
            check_fails(hl_image_load(&out, last), "part: ");
        hl_file_map_close(&map);
    }
    hl_image8_release(&small);
    hl_image_release(&wide);
}

/* A JPEG whose start of frame says 16383 x 16383 pixels. */
static void lie_in_jpeg(const hl_image8 *small)
{
    unsigned char bytes[4096] = {0};
    hl_image8 out = {0};
    hl_file_map map;
    check_ok(hl_image8_save(small, hl_test_file("small.jpg")));
    check_ok(hl_file_map_open(&map, hl_test_file("small.jpg")));
    const size_t jpeg = map.size < sizeof bytes ? map.size : sizeof bytes;
    memcpy(bytes, map.bytes, jpeg);
    for (size_t i = 0; i + 8 < jpeg; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == 0xc0) /* start of frame: height, width */
            memcpy(bytes + i + 5, "\x3f\xff\x3f\xff", 4);
    check_fails(hl_image8_load(&out, hl_test_write("huge.jpg", bytes, jpeg), 0), "can hold");
    hl_file_map_close(&map);
    assert_null(out.data);
}

static void headers_that_lie_are_refused(void **state)
{
    (void)state;
    hl_image8 small = picture8(3), out = {0};
    hl_image loaded = {0};
    unsigned char bytes[4096] = {0};
    hl_file_map map;
    check_ok(hl_image8_save(&small, hl_test_file("small.png")));
    check_ok(hl_file_map_open(&map, hl_test_file("small.png")));
    const size_t size = map.size < sizeof bytes ? map.size : sizeof bytes;
    memcpy(bytes, map.bytes, size);
    bytes[18] = 0x3f; /* 16128 + 37 pixels wide */
    bytes[22] = 0x3f;
    check_fails(hl_image8_load(&out, hl_test_write("huge.png", bytes, size), 0), "can hold");
    bytes[17] = 0xff;
    check_fails(hl_image8_load(&out, hl_test_write("huge.png", bytes, size), 0), "sides of 1");
    hl_file_map_close(&map);

    const char hdr[] = "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 16000 +X 16000\n\2\2";
    check_fails(hl_image_load(&loaded, hl_test_write("h.hdr", hdr, sizeof hdr - 1)), "can hold");

    if (has_jpeg())
        lie_in_jpeg(&small);
    assert_null(out.data);
    hl_image8_release(&small);
}

/* A hand-made bottom-up 24-bit BMP of 2 x 2. */
static void bmp_is_read(void **state)
{
    (void)state;
    const unsigned char file[70] = {'B', 'M', 70, 0, 0, 0, 0, 0, 0, 0,  54, 0,  0,  0, 40,       0,
                                    0,   0,   2,  0, 0, 0, 2, 0, 0, 0,  1,  0,  24, 0, [54] = 1, 2,
                                    3,   4,   5,  6, 0, 0, 7, 8, 9, 10, 11, 12, 0,  0};
    const uint8_t want[12] = {9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4};
    hl_image8 out = {0};
    check_ok(hl_image8_load(&out, hl_test_write("a.bmp", file, sizeof file), 0));
    assert_true(out.width == 2 && out.height == 2 && out.channels == 3);
    assert_memory_equal(out.data, want, 12);
    hl_image8_release(&out);
    check_fails(hl_image8_load(&out, hl_test_write("a.bmp", file, 64), 0), "ends before");
}

/* stored[o - 1]: where the stored corners (first row, first column) and (first row, last column)
 * stand in the upright picture: 0 top left, 1 top right, 2 bottom left, 3 bottom right. */
static void exif_orientation_turns_the_picture(void **state)
{
    (void)state;
    if (!has_jpeg())
        skip();
    const int stored[8][2] = {{0, 1}, {1, 0}, {3, 2}, {2, 3}, {0, 2}, {1, 3}, {3, 1}, {2, 0}};
    hl_image8 in, out;
    check_ok(hl_image8_create(&in, 32, 16, 1));
    memset(in.data, 0, 32 * 16);
    for (int y = 0; y < 8; y++) {
        memset(in.data + 32 * y, 200, 8);
        memset(in.data + 32 * y + 24, 100, 8);
    }
    check_ok(hl_image8_save(&in, hl_test_file("up.jpg")));
    hl_file_map map;
    check_ok(hl_file_map_open(&map, hl_test_file("up.jpg")));
    for (int big = 0; big < 2; big++)
        for (int o = 1; o <= 8; o++) {
            unsigned char file[4096] = {0xff, 0xd8, 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0};
            const unsigned char little[26] = {
                'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, (unsigned char)o};
            const unsigned char large[26] = {'M', 'M',  0, 42, 0, 0, 0, 8, 0, 1,
                                             1,   0x12, 0, 3,  0, 0, 0, 1, 0, (unsigned char)o};
            memcpy(file + 12, big ? large : little, 26);
            memcpy(file + 38, map.bytes + 2, map.size - 2);
            const char *path = hl_test_write("o.jpg", file, map.size + 36);
            int32_t w, h, c;
            check_ok(hl_image_probe(path, &w, &h, &c));
            check_ok(hl_image8_load(&out, path, 0));
            assert_true(w == (o < 5 ? 32 : 16) && h == (o < 5 ? 16 : 32));
            assert_true(out.width == w && out.height == h);
            for (int corner = 0; corner < 4; corner++) {
                const int x = corner & 1 ? w - 4 : 4, y = corner & 2 ? h - 4 : 4;
                const int want = corner == stored[o - 1][0]   ? 200
                                 : corner == stored[o - 1][1] ? 100
                                                              : 0;
                assert_true(abs(out.data[y * w + x] - want) < 6);
            }
            hl_image8_release(&out);
        }
    hl_file_map_close(&map);
    hl_image8_release(&in);
}

static void lack_of_memory_is_reported(void **state)
{
    (void)state;
    static const char *const names[4] = {"m.png", "m.jpg", "m.exr", "m.hdr"};
    hl_image in = picture(W, 3);
    for (int i = 0; i < 4; i++) {
        hl_status s = HL_E_MEMORY;
        if (i == 1 && !has_jpeg())
            continue;
        for (uint64_t n = 1; s != HL_OK; n++) {
            assert_true(n < 200);
            hl_alloc_fail_at(n);
            s = hl_image_save(&in, hl_test_file(names[i]));
            hl_alloc_fail_at(0);
            assert_true(s == HL_OK || s == HL_E_MEMORY);
        }
        s = HL_E_MEMORY;
        for (uint64_t n = 1; s != HL_OK; n++) {
            hl_image out = {0};
            assert_true(n < 200);
            hl_alloc_fail_at(n);
            s = hl_image_load(&out, hl_test_file(names[i]));
            hl_alloc_fail_at(0);
            assert_true(s == HL_OK || !out.data);
            hl_image_release(&out);
        }
    }
    hl_image_release(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_comes_back_bit_for_bit),
        cmocka_unit_test(png_of_more_than_one_chunk),
        cmocka_unit_test(jpeg_comes_back_close),
        cmocka_unit_test(jpeg_is_reduced_in_the_decoder),
        cmocka_unit_test(exr_comes_back_bit_for_bit),
        cmocka_unit_test(hdr_comes_back_within_its_step),
        cmocka_unit_test(floats_are_saved_as_png_rounded),
        cmocka_unit_test(wrong_names_and_shapes_are_refused),
        cmocka_unit_test(short_files_are_refused),
        cmocka_unit_test(headers_that_lie_are_refused),
        cmocka_unit_test(bmp_is_read),
        cmocka_unit_test(exif_orientation_turns_the_picture),
        cmocka_unit_test(lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
