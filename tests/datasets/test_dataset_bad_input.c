/* SPDX-License-Identifier: MIT */
/* Captures that cannot be used: one sentence each, with the place, what was found and what was
 * expected; and nothing written to the caller's views. */
#include "core/status.h"
#include "datasets/dataset.h"
#include "tests/check.h"
#include "tests/datasets/capture_fixture.h"

#include <stdio.h>
#include <string.h>

static void fails(const char *name, const char *part)
{
    hl_views v = {.view_count = -7};
    check_fails(hl_dataset_load(&v, hl_test_file(name), NULL), part);
    assert_non_null(strstr(hl_last_error(), hl_test_dir())); /* names the place */
    assert_int_equal(v.view_count, -7);
}

static void pictures(void **state)
{
    (void)state;
    fails("nowhere", "no such file or folder");
    fixture_text("empty/readme.txt", "");
    fails("empty", "no capture: expected a COLMAP model (sparse/0), transforms.json");
    fails("empty/readme.txt", "not a capture");
    fixture_picture("one/a.png", 8, 6, 3, 1);
    fails("one", "with 1 photo, expected at least 2");
    fixture_text("broken/a.png", "no picture");
    fixture_picture("broken/b.png", 8, 6, 3, 1);
    fails("broken", "a.png");
    fixture_text("zero/a.png", "");
    fixture_picture("zero/b.png", 8, 6, 3, 1);
    fails("zero", "a.png");
}

static void colmap(void **state)
{
    (void)state;
    fixture_colmap("gone", 3);
    fixture_text("gone/sparse/0/images.txt",
                 "1 1 0 0 0 0 0 0 1 0.png\n\n9 1 0 0 0 0 0 0 1 x.png\n");
    fails("gone", "image 9: no photo");
    const hl_dataset_options skip = {.skip_missing = true};
    hl_views v;
    check_fails(hl_dataset_load(&v, hl_test_file("gone"), &skip), "with 1 photo");
    fixture_colmap("sizes", 3);
    fixture_picture("sizes/images/1.png", 4, 3, 3, 1);
    fails("sizes", "4 x 3 pixels, but 0.png with the same camera has 8 x 6");
    fixture_colmap("shape", 2);
    fixture_picture("shape/images/0.png", 8, 8, 3, 1);
    fixture_picture("shape/images/1.png", 8, 8, 3, 1);
    fails("shape", "8 x 8 pixels, but the camera");
    fixture_picture("shape/images/0.png", 6, 8, 3, 1);
    fixture_picture("shape/images/1.png", 6, 8, 3, 1);
    fails("shape", "turned by its EXIF orientation");
    fixture_colmap("none", 2);
    fixture_text("none/sparse/0/images.txt", "# no images\n");
    fails("none", "with 0 photos, expected at least 2");
    fixture_colmap("nan", 2);
    fixture_text("nan/sparse/0/images.txt", "1 nan 0 0 0 0 0 0 1 0.png\n\n");
    fails("nan", "its pose is not finite");
    fixture_colmap("void", 2);
    fixture_text("void/sparse/0/cameras.txt", "");
    fails("void", "cameras.txt: empty file");
}

#define FRAME(body) "{\"fl_x\":9,\"frames\":[{" body "},{" body "}]}"
#define POSE        "\"transform_matrix\":[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"
#define A           "\"file_path\":\"a.png\","

static void transforms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "empty file"},
        {"{", "not valid JSON"},
        {"[1, 2]", "no list of frames"},
        {"\xff\xfe\x00", "not valid JSON"},
        {"{\"frames\":7}", "no list of frames"},
        {"{\"frames\":[]}", "with 0 photos"},
        {"{\"frames\":[5]}", "frames[0]: found no object"},
        {FRAME(POSE), "frames[0]: file_path: expected text, found nothing"},
        {FRAME("\"file_path\":3," POSE), "file_path: expected text, found a number"},
        {FRAME("\"file_path\":\"\"," POSE), "file_path: found 0 bytes"},
        {FRAME("\"file_path\":\"z.png\"," POSE), "file_path: z.png: no such picture"},
        {FRAME("\"file_path\":\"a.png\""), "transform_matrix: expected 16 numbers, found nothing"},
        {FRAME(A "\"transform_matrix\":[[1,2],3]"), "expected 16 numbers, found 3"},
        {FRAME(A "\"transform_matrix\":[[2,0,0,0],[0,2,0,0],[0,0,2,0],[0,0,0,1]]"),
         "not a rotation (axes of length 2, 2, 2"},
        {FRAME(A "\"transform_matrix\":[[1,0.5,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"),
         "remove scale and skew"},
        {FRAME(A "\"transform_matrix\":[[-1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"), "mirrors"},
        {FRAME(A "\"transform_matrix\":[[1,0,0,NaN],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"),
         "not valid JSON"},
        {FRAME(A "\"transform_matrix\":[[1,0,0,1e999],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"),
         "another kind of value"},
        {FRAME(A "\"transform_matrix\":[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,2]]"),
         "last row 0 0 0 2"},
        {FRAME(A POSE), "the photo a.png stands there twice"},
        {FRAME(A "\"fl_x\":\"long\"," POSE), "fl_x: expected a number, found text"},
        {FRAME(A "\"fl_x\":-4," POSE), "fl_x"},
        {FRAME(A "\"fl_x\":0,\"camera_angle_x\":7," POSE), "field of view 401"},
        {FRAME(A "\"fl_x\":0," POSE), "no focal length"},
        {FRAME(A "\"w\":8.5," POSE), "w: found 8.5, expected whole pixels"},
        {FRAME(A "\"w\":1e9,\"h\":3," POSE), "w: found 1e+09"},
        {FRAME(A "\"camera_model\":\"EQUIRECTANGULAR\"," POSE), "camera_model EQUIRECTANGULAR"},
        {FRAME(A "\"camera_model\":5," POSE), "camera_model: expected text"},
        {FRAME(A "\"k4\":0.1," POSE), "k4 = 0.1 is supported for OPENCV_FISHEYE only"},
        {FRAME(A "\"mask_path\":\"m.png\"," POSE), "mask_path"},
        {FRAME(A "\"w\":80,\"h\":60,\"cx\":40,\"cy\":30," POSE), "stands there twice"},
    };
    fixture_picture("t/a.png", 8, 6, 3, 1);
    fixture_picture("t/b.png", 9, 6, 3, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_text("t/transforms.json", cases[i].text);
        fails("t", cases[i].part);
    }
    fixture_text("t/transforms.json",
                 "{\"fl_x\":9,\"frames\":[{" A POSE "},{\"file_path\":\"b\"," POSE "}]}");
    fails("t", "the picture has 9 x 6 pixels, those before it 8 x 6");
    fixture_text("t/transforms.json",
                 "{\"fl_x\":9,\"train_filenames\":[3],\"frames\":[{" A POSE "}]}");
    fails("t", "train_filenames: expected a list of file names");
}

static void tensoir(void **state)
{
    (void)state;
#define META(matrix) "{\"cam_angle_x\":1,\"imw\":8,\"imh\":6,\"cam_transform_mat\":" matrix "}"
    static const char *const cases[][2] = {
        {"{}", "cam_angle_x: expected a number, found nothing"},
        {META("5"), "cam_transform_mat: expected text"},
        {META("\"1,2,3\""), "number 3 is bad"},
        {META("\"2,0,0,0,0,2,0,0,0,0,2,0,0,0,0,1\""), "not a rotation"},
        {META("\"nan,0,0,0,0,2,0,0,0,0,2,0,0,0,0,1\""), "number 1 is bad"},
        {"{\"cam_angle_x\":4,\"imw\":8,\"imh\":6,"
         "\"cam_transform_mat\":\"1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1\"}",
         "cam_angle_x: 4 rad"},
        {"{\"cam_angle_x\":1,\"imw\":0,\"imh\":6,"
         "\"cam_transform_mat\":\"1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1\"}",
         "imw x imh: 0 x 6"},
        {META("\"1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1\""), "with 1 photo"},
    };
    fixture_text("r/train_000/metadata.json", "{}");
    fails("r", "no rgba.png and no rgba_<light>.png");
    fixture_picture("r/train_000/rgba.png", 8, 6, 4, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_text("r/train_000/metadata.json", cases[i][0]);
        fails("r", cases[i][1]);
    }
#undef META
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures),
        cmocka_unit_test(colmap),
        cmocka_unit_test(transforms),
        cmocka_unit_test(tensoir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
