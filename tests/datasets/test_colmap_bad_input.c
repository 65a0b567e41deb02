/* SPDX-License-Identifier: MIT */
/* Broken COLMAP models: one sentence each, no crash, no memory taken for what is not there. */
#include "core/file.h"
#include "core/status.h"
#include "datasets/colmap.h"
#include "tests/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static hl_camera camera = {
    .id = 1, .model = HL_CAMERA_PINHOLE, .width = 64, .height = 48, .params = {50, 50, 32, 24}};
static hl_colmap_observation seen = {1, 2, 7};
static hl_colmap_sighting track = {1, 0};

/* Two images, one camera, one point; the callers below break one thing at a time. */
static hl_colmap_model whole(hl_colmap_image images[2], hl_colmap_point *point)
{
    images[0] = (hl_colmap_image){1, 1, "a.jpg", {{1, 0, 0, 0}, {0, 0, 0}}, 1, &seen};
    images[1] = (hl_colmap_image){2, 1, "b.jpg", {{1, 0, 0, 0}, {1, 0, 0}}, 0, NULL};
    *point = (hl_colmap_point){7, {0, 0, 5}, {9, 9, 9}, .5, 1, &track};
    return (hl_colmap_model){.camera_count = 1,
                             .cameras = &camera,
                             .image_count = 2,
                             .images = images,
                             .point_count = 1,
                             .points = point};
}

static const char *saved(const char *name, hl_colmap_form form)
{
    hl_colmap_image images[2];
    hl_colmap_point point;
    const hl_colmap_model model = whole(images, &point);
    const char *folder = hl_test_file(name);
    check_ok(hl_colmap_save(&model, folder, form));
    return folder;
}

/* The good bytes of one file of a binary model, at most 512. */
static size_t good_bytes(const char *file, unsigned char bytes[512])
{
    static const char *folder;
    char path[1024];
    if (!folder)
        saved("good", HL_COLMAP_BINARY);
    folder = "good";
    snprintf(path, sizeof path, "%s/%s", hl_test_file(folder), file);
    hl_file_map map;
    check_ok(hl_file_map_open(&map, path));
    const size_t n = map.size;
    assert_true(n <= 512);
    memcpy(bytes, map.bytes, n);
    hl_file_map_close(&map);
    return n;
}

/* The folder must not load, with `part` and the name of the file in the sentence. */
static void fails_both_ways(const char *folder, const char *file, const char *part)
{
    hl_colmap_model model = {.camera_count = -5};
    check_fails(hl_colmap_load(&model, folder, true), part);
    check_fails(hl_colmap_load(&model, folder, false), file);
    assert_int_equal(model.camera_count, -5); /* untouched */
}

/* A binary model with `file` replaced by `bytes`; put right again afterwards. */
static void broken(const char *file, const void *bytes, size_t n, const char *part)
{
    unsigned char good[512];
    const size_t good_size = good_bytes(file, good);
    char name[64];
    snprintf(name, sizeof name, "good/%s", file);
    hl_test_write(name, bytes, n);
    fails_both_ways(hl_test_file("good"), file, part);
    hl_test_write(name, good, good_size);
}

static void broken_text(const char *file, const char *text, size_t n, const char *part)
{
    char folder[32], name[64];
    snprintf(folder, sizeof folder, "txt-%s", file);
    snprintf(name, sizeof name, "%s/%s", folder, file);
    if (!hl_file_exists(hl_test_file(folder)))
        saved(folder, HL_COLMAP_TEXT);
    hl_test_write(name, text, n);
    fails_both_ways(hl_test_file(folder), file, part);
}

static void cut_anywhere(void **state)
{
    (void)state;
    static const char *const files[3] = {"cameras.bin", "images.bin", "points3D.bin"};
    for (int f = 0; f < 3; f++) {
        unsigned char good[512];
        const size_t size = good_bytes(files[f], good);
        for (size_t n = 0; n < size; n++)
            broken(files[f], good, n, files[f]);
    }
}

static void huge_counts(void **state)
{
    (void)state;
    unsigned char bytes[300] = {0};
    for (int shift = 8; shift < 64; shift += 11) {
        const uint64_t count = (1ull << shift) + 1;
        memcpy(bytes, &count, 8);
        broken("cameras.bin", bytes, sizeof bytes, "cameras, but the");
        broken("images.bin", bytes, sizeof bytes, "images, but the");
        broken("points3D.bin", bytes, sizeof bytes, "points, but the");
    }
}

/* Overwrites bytes at `at` of a good file. */
static void patched(const char *file, size_t at, const void *patch, size_t n, const char *part)
{
    unsigned char copy[512];
    const size_t size = good_bytes(file, copy);
    assert_true(at + n <= size);
    memcpy(copy + at, patch, n);
    broken(file, copy, size, part);
}

static void bad_values(void **state)
{
    (void)state;
    const double nan_value = (double)NAN, zero = 0, minus = -3, inf = HUGE_VAL;
    const uint32_t eleven = 11, many = 4000000000u;
    const uint64_t nothing = 0, wide = 1u << 20, lots = 1u << 30;
    patched("cameras.bin", 12, &eleven, 4, "model 11 (RAD_TAN_THIN_PRISM_FISHEYE)");
    patched("cameras.bin", 12, &many, 4, "model -294967296 is not supported");
    patched("cameras.bin", 16, &nothing, 8, "size 0 x 48");
    patched("cameras.bin", 16, &wide, 8, "size 1048576 x 48");
    patched("cameras.bin", 32, &minus, 8, "focal length -3");
    patched("cameras.bin", 48, &nan_value, 8, "parameter 3 is not a finite number");
    patched("images.bin", 12, &nan_value, 8, "its pose is not finite");
    patched("images.bin", 44, &inf, 8, "its pose is not finite");
    patched("images.bin", 12, &zero, 8, "zero quaternion");
    patched("images.bin", 72, "", 1, "image 1 has no name");
    patched("images.bin", 78, &lots, 8, "image a.jpg");
    patched("points3D.bin", 16, &nan_value, 8, "point 7: coordinate nan");
    patched("points3D.bin", 51, &lots, 8, "sightings, but the");
}

/* Wrong relations between parts: the sentence names the folder, not one file. */
static void bad_relations(void **state)
{
    (void)state;
    hl_colmap_image images[2];
    hl_colmap_point point, points[2];
    hl_camera twice[2] = {camera, camera};
    hl_colmap_model got, model = whole(images, &point);
    const char *folder = hl_test_file("relations");

    model.images[1].camera_id = 8;
    check_ok(hl_colmap_save(&model, folder, HL_COLMAP_BINARY));
    check_fails(hl_colmap_load(&got, folder, false), "image b.jpg: camera id 8");
    model = whole(images, &point);
    model.images[1].id = 1;
    check_ok(hl_colmap_save(&model, folder, HL_COLMAP_BINARY));
    check_fails(hl_colmap_load(&got, folder, false), "image id 1 stands there twice");
    model = whole(images, &point);
    model.images[1].name = "a.jpg";
    check_ok(hl_colmap_save(&model, folder, HL_COLMAP_BINARY));
    check_fails(hl_colmap_load(&got, folder, false), "the name a.jpg stands there twice");
    model = whole(images, &point);
    model.cameras = twice;
    model.camera_count = 2;
    check_ok(hl_colmap_save(&model, folder, HL_COLMAP_BINARY));
    check_fails(hl_colmap_load(&got, folder, false), "camera id 1 stands there twice");
    model = whole(images, &point);
    points[0] = points[1] = point;
    model.points = points;
    model.point_count = 2;
    check_ok(hl_colmap_save(&model, folder, HL_COLMAP_BINARY));
    check_fails(hl_colmap_load(&got, folder, false), "point id 7 stands there twice");
    check_fails(hl_colmap_load(&got, hl_test_dir(), false), "no COLMAP model");
}

static void bad_text(void **state)
{
    (void)state;
#define TEXT(file, text, part) broken_text(file, text, sizeof(text) - 1, part)
    TEXT("cameras.txt", "# nothing\n", "0 cameras");
    TEXT("cameras.txt", "1 PINHOLE 64 48 50 50 32\n", "line 1: expected a camera parameter");
    TEXT("cameras.txt", "\n1 LENS 64 48 50 50 32 24\n", "line 2: camera 1: model LENS");
    TEXT("cameras.txt", "x PINHOLE 64 48 50 50 32 24\n", "expected a camera id, found 'x'");
    TEXT("cameras.txt", "1 PINHOLE 64 48 50 50 32 24 9\n", "the end of the line");
    TEXT("cameras.txt", "1 PINHOLE -4 48 50 50 32 24\n", "expected a width, found '-4'");
    TEXT("cameras.txt", "1 PINHOLE 64 48 50 nan 32 24\n", "parameter 2");
    TEXT("images.txt", "1 1 0 0 0 0 0 nan 1 a.jpg\n\n", "line 1: image 1: its pose");
    TEXT("images.txt", "1 1 0 0 0 0 0 1\n\n", "expected a camera id, found the end");
    TEXT("images.txt", "1 1 0 0 0 0 0 0 1\n\n", "image 1 has no name");
    TEXT("points3D.txt", "1 0 0 0 256 0 0 1\n", "a colour in 0..255, found '256'");
    TEXT("points3D.txt", "1 0 0 0 \0 0 0 1\n", "a colour in 0..255");
    TEXT("points3D.txt", "1 0 0 inf 0 0 0 1\n", "coordinate inf");
    TEXT("points3D.txt", "18446744073709551616 0 0 1 0 0 0 1\n", "a point id");
#undef TEXT
    hl_colmap_model model;
    const char *folder = saved("txt", HL_COLMAP_TEXT);
    static const char half[] = "1 1 0 0 0 0 0 0 1 a.jpg\n1 2 seven\n";
    hl_test_write("txt/images.txt", half, sizeof half - 1);
    check_fails(hl_colmap_load(&model, folder, true), "line 2: expected a point id or -1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere), cmocka_unit_test(huge_counts),
        cmocka_unit_test(bad_values),   cmocka_unit_test(bad_relations),
        cmocka_unit_test(bad_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
