/* SPDX-License-Identifier: MIT */
/* Tiny captures of every layout: where files are looked for, what wins over what. */
#include "core/camera_model.h"
#include "core/json.h"
#include "core/status.h"
#include "datasets/dataset.h"
#include "datasets/transforms_json.h"
#include "tests/check.h"
#include "tests/datasets/capture_fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EYE "[[1,0,0,%d],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"

#define EYE_ZERO "[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"

static hl_views load(const char *name, const hl_dataset_options *options)
{
    hl_views v;
    fixture_log_clear();
    check_ok(hl_dataset_load(&v, hl_test_file(name), options));
    return v;
}

static void colmap_places(void **state)
{
    (void)state;
    fixture_colmap("c", 9);
    static const char *const places[] = {"c", "c/sparse", "c/sparse/0", "c/sparse/0/cameras.txt"};
    for (int i = 0; i < 4; i++) {
        hl_views v = load(places[i], NULL);
        assert_int_equal(v.view_count, 9);
        assert_int_equal(v.point_count, 2);
        assert_int_equal(v.point_colors[5], 9);
        check_close(v.views[8].camera_from_world.t, ((double[]){8, 0, 0}), 3, 1e-12, 0);
        hl_views_release(&v);
    }
    fixture_picture("c/images/extra.png", 8, 6, 3, 0);
    fixture_text("c/gt/depth/3.exr", "not opened");
    fixture_text("c/normal/4.exr", "not opened");
    hl_views v = load("c", NULL);
    assert_non_null(strstr(v.views[3].depth_path, "c/gt/depth/3.exr"));
    assert_non_null(strstr(v.views[4].normal_path, "c/normal/4.exr"));
    assert_null(v.views[4].depth_path);
    assert_non_null(fixture_log_find("1 of 10 photos are not in the model (first: extra.png)"));
    hl_views_release(&v);
}

static void smaller_pictures_scale_the_camera(void **state)
{
    (void)state;
    fixture_colmap("s", 3);
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "s/images_2/%d.png", i);
        fixture_picture(name, 4, 3, 3, 1);
    }
    const hl_dataset_options half = {.images = "images_2"};
    hl_views v = load("s", &half);
    assert_int_equal(v.cameras[0].width, 4);
    check_close(v.cameras[0].params, ((double[]){3.5, 3.75, 2, 1.5}), 4, 1e-12, 0);
    hl_views_release(&v);
    const hl_dataset_options none = {.images = "images_4"};
    check_fails(hl_dataset_load(&v, hl_test_file("s"), &none), "no folder of images images_4");
}

static void splits(void **state)
{
    (void)state;
    fixture_colmap("p", 9);
    hl_dataset_options o = {.split_every = 4};
    hl_views v = load("p", &o);
    for (int i = 0; i < 9; i++)
        assert_int_equal(v.views[i].split, i % 4 == 0 ? HL_SPLIT_TEST : HL_SPLIT_TRAIN);
    hl_views_release(&v);
    o.split = HL_DATASET_SPLIT_OWN;
    check_fails(hl_dataset_load(&v, hl_test_file("p"), &o), "names no test views");
    o = (hl_dataset_options){.max_views = 4};
    v = load("p", &o);
    assert_string_equal(v.views[1].name, "2.png");
    assert_int_equal(v.view_count, 4);
    hl_views_release(&v);
    o = (hl_dataset_options){.split_every = 1};
    check_fails(hl_dataset_load(&v, hl_test_file("p"), &o), "split_every: found 1");
    o = (hl_dataset_options){.max_views = -3};
    check_fails(hl_dataset_load(&v, hl_test_file("p"), &o), "max_views: found -3");
}

static void nerfstudio(void **state)
{
    (void)state;
    char text[4096];
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "n/images/f%d.png", i);
        fixture_picture(text, i == 2 ? 16 : 8, i == 2 ? 12 : 6, 3, 1);
    }
    fixture_picture("n/m/f0.png", 8, 6, 1, 255);
    fixture_picture("n/d/f1.png", 8, 6, 1, 255);
    snprintf(text, sizeof text,
             "{\"ply_file_path\":\"sparse.ply\",\"camera_model\":\"OPENCV_FISHEYE\",\"fl_x\":7,"
             "\"fl_y\":8,\"cx\":4,\"cy\":3,"
             "\"w\":8,\"h\":6,\"k1\":0.1,\"k2\":0.2,\"k3\":0.3,\"k4\":0.4,"
             "\"train_filenames\":[\"images/f0.png\",\"./images/f2.png\"],"
             "\"val_filenames\":[\"images/f1.png\"],\"frames\":["
             "{\"file_path\":\"./images/f0.png\",\"mask_path\":\"m/f0.png\","
             "\"transform_matrix\":" EYE "},"
             "{\"file_path\":\"images/f1.png\",\"depth_file_path\":\"d/f1.png\","
             "\"transform_matrix\":" EYE "},"
             "{\"file_path\":\"images\\\\f2.png\",\"camera_model\":\"OPENCV\",\"fl_x\":9,"
             "\"w\":16,\"h\":12,\"k3\":0,\"k4\":0,\"transform_matrix\":" EYE "},"
             "{\"file_path\":\"images/f3.png\",\"transform_matrix\":" EYE "}]}",
             0, 1, 2, 3);
    fixture_text("n/transforms.json", text);
    hl_views v = load("n", NULL);
    assert_int_equal(v.point_count, 0);
    assert_non_null(fixture_log_find("sparse.ply: no such file: no points"));
    hl_views_release(&v);
    fixture_text("n/sparse.ply", "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\n"
                                 "property float y\nproperty float z\nproperty uchar red\n"
                                 "property uchar green\nproperty uchar blue\nend_header\n"
                                 "1 2 3 4 5 6\n7 8 9 10 11 12\n");
    v = load("n", NULL);
    assert_int_equal(v.point_count, 2);
    check_close(v.points, ((float[]){1, 2, 3, 7, 8, 9}), 6, 1e-6, 0);
    assert_int_equal(v.point_colors[5], 12);
    assert_int_equal(v.view_count, 3);
    assert_non_null(fixture_log_find("1 of 4 frames are in no list"));
    assert_non_null(strstr(v.views[0].mask_path, "/m/f0.png"));
    assert_int_equal(v.views[1].split, HL_SPLIT_TEST);
    check_close(&v.views[1].depth_scale, ((double[]){1e-3}), 1, 1e-15, 0);
    const hl_camera *fish = &v.cameras[v.views[0].camera];
    assert_int_equal(fish->model, HL_CAMERA_OPENCV_FISHEYE);
    check_close(fish->params, ((double[]){7, 8, 4, 3, .1, .2, .3, .4}), 8, 1e-12, 0);
    const hl_camera *own = &v.cameras[v.views[2].camera];
    assert_int_equal(own->model, HL_CAMERA_OPENCV);
    assert_int_equal(own->width, 16);
    check_close(own->params, ((double[]){9, 8, 4, 3, .1, .2, 0, 0}), 8, 1e-12, 0);
    hl_views_release(&v);
}

/* A camera at (1, 2, 3) that looks along +x with +z up: in OpenGL axes right = -y, up = z,
 * back = -x.  A point ahead, left and above lands where it must. */
static void opengl_axes_by_hand(void **state)
{
    (void)state;
    fixture_picture("g/a.png", 8, 6, 3, 1);
    fixture_picture("g/b.png", 8, 6, 3, 1);
    fixture_text("g/transforms.json",
                 "{\"x_fov\":90,\"frames\":[{\"file_path\":\"a\",\"transform_matrix\":"
                 "[[0,0,-1,1],[-1,0,0,2],[0,1,0,3],[0,0,0,1]]},"
                 "{\"file_path\":\"b\",\"transform_matrix\":[1,0,0,0,0,1,0,0,0,0,1,0]}]}");
    hl_views v;
    check_fails(hl_dataset_load(&v, hl_test_file("g"), NULL), "expected 16 numbers, found 12");
    fixture_text("g/transforms.json",
                 "{\"x_fov\":90,\"frames\":[{\"file_path\":\"a\",\"transform_matrix\":"
                 "[[0,0,-1,1],[-1,0,0,2],[0,1,0,3],[0,0,0,1]]},"
                 "{\"file_path\":\"b\",\"transform_matrix\":[[1,0,0,0],[0,1,0,0],[0,0,1,0]]}]}");
    v = load("g", NULL);
    const hl_pose *p = &v.views[0].camera_from_world;
    const double w = p->q[0], x = p->q[1], y = p->q[2], z = p->q[3];
    const double world[3] = {1 + 10, 2 + 4, 3 + 5}; /* 10 ahead, 4 left, 5 up */
    const double r[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
                         2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                         2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
    double in_camera[3];
    for (int i = 0; i < 3; i++)
        in_camera[i] =
            r[3 * i] * world[0] + r[3 * i + 1] * world[1] + r[3 * i + 2] * world[2] + p->t[i];
    check_close(in_camera, ((double[]){-4, -5, 10}), 3, 1e-12, 0);
    check_close(v.cameras[0].params, ((double[]){4, 4, 4, 3}), 4, 1e-12, 0);
    hl_views_release(&v);
}

static void written_transforms_come_back(void **state)
{
    (void)state;
    fixture_colmap("w", 5);
    hl_views v = load("w", NULL), back;
    v.cameras[0].model = HL_CAMERA_OPENCV;
    const double k[4] = {.01, -.02, .003, .004};
    memcpy(v.cameras[0].params + 4, k, sizeof k);
    check_ok(hl_transforms_save(&v, -1, "images/", hl_test_file("w/transforms.json")));
    back = load("w/transforms.json", NULL);
    assert_int_equal(back.view_count, 5);
    assert_int_equal(back.cameras[0].model, HL_CAMERA_OPENCV);
    check_close(back.cameras[0].params, v.cameras[0].params, 8, 1e-15, 0);
    for (int i = 0; i < 5; i++) {
        check_close(back.views[i].camera_from_world.t, v.views[i].camera_from_world.t, 3, 1e-12, 0);
        check_close(back.views[i].camera_from_world.q, v.views[i].camera_from_world.q, 4, 1e-12, 0);
    }
    hl_views_release(&back);
    check_ok(hl_transforms_save(&v, HL_SPLIT_TEST, "images/", hl_test_file("w/t_test.json")));
    v.cameras[0].model = HL_CAMERA_FOV;
    v.cameras[0].params[4] = 0.5;
    check_fails(hl_transforms_save(&v, -1, "", hl_test_file("w/no.json")), "camera model FOV");
    hl_views_release(&v);
}

/* cameras.json of a camera at (1, 2, 3) that looks along +x with +z up. */
static void cameras_json_by_hand(void **state)
{
    (void)state;
    fixture_picture("j/images/a.b.png", 8, 6, 3, 1);
    fixture_picture("j/images/c.png", 8, 6, 3, 1);
    fixture_text("j/transforms.json",
                 "{\"fl_x\":7,\"fl_y\":9,\"frames\":[{\"file_path\":\"images/a.b.png\","
                 "\"transform_matrix\":[[0,0,-1,1],[-1,0,0,2],[0,1,0,3],[0,0,0,1]]},"
                 "{\"file_path\":\"images/c\",\"transform_matrix\":" EYE_ZERO "}]}");
    hl_views v = load("j", NULL);
    check_ok(hl_cameras_json_save(&v, hl_test_file("j/cameras.json")));
    hl_views_release(&v);
    hl_json *root = NULL;
    double values[9];
    const char *name;
    check_ok(hl_json_load(&root, hl_test_file("j/cameras.json")));
    assert_int_equal(hl_json_count(root), 2);
    const hl_json *first = hl_json_at(root, 0);
    check_ok(hl_json_need_text(first, "img_name", &name, "j"));
    assert_string_equal(name, "images/a.b");
    check_ok(hl_json_need_numbers(first, "position", values, 3, "j"));
    check_close(values, ((double[]){1, 2, 3}), 3, 1e-12, 0);
    check_ok(hl_json_need_numbers(first, "rotation", values, 9, "j"));
    /* columns: right = -y, down = -z, forward = +x */
    check_close(values, ((double[]){0, 0, 1, -1, 0, 0, 0, -1, 0}), 9, 1e-12, 0);
    check_ok(hl_json_need_number(first, "fx", values, "j"));
    check_ok(hl_json_need_number(first, "fy", values + 1, "j"));
    check_close(values, ((double[]){7, 9}), 2, 1e-12, 0);
    hl_json_destroy(&root);
}

/* COLMAP 3.12 and later write rigs and frames beside the model. */
static void rigs_and_frames_are_left_aside(void **state)
{
    (void)state;
    fixture_colmap("rig", 2);
    fixture_text("rig/sparse/0/rigs.txt", "# anything\n");
    fixture_text("rig/sparse/0/frames.txt", "# anything\n");
    hl_views v = load("rig", NULL);
    assert_int_equal(v.view_count, 2);
    assert_non_null(fixture_log_find("rigs and frames are there; poses are those of images"));
    hl_views_release(&v);
}

static void a_folder_with_both(void **state)
{
    (void)state;
    fixture_colmap("both", 2);
    fixture_text("both/transforms.json", "this is not read");
    hl_views v = load("both", NULL);
    assert_string_equal(v.kind, "COLMAP model (text)");
    hl_views_release(&v);
}

int main(void)
{
    fixture_log_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colmap_places),
        cmocka_unit_test(smaller_pictures_scale_the_camera),
        cmocka_unit_test(splits),
        cmocka_unit_test(nerfstudio),
        cmocka_unit_test(opengl_axes_by_hand),
        cmocka_unit_test(written_transforms_come_back),
        cmocka_unit_test(cameras_json_by_hand),
        cmocka_unit_test(rigs_and_frames_are_left_aside),
        cmocka_unit_test(a_folder_with_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
