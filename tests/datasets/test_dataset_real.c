/* SPDX-License-Identifier: MIT */
/* The captures of the shared data: kinds, counts, sizes; and axes, by two descriptions of one
 * capture that must agree. */
#define HL_REAL double
#include "core/se3.h"
#include "core/status.h"
#include "datasets/dataset.h"
#include "tests/check.h"
#include "tests/datasets/capture_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static hl_views load(const char *data, const hl_dataset_options *options)
{
    hl_views v;
    fixture_log_clear();
    check_ok(hl_dataset_load(&v, hl_test_data(data), options));
    check_ok(hl_dataset_need_poses(&v));
    return v;
}

static const hl_camera *camera_of(const hl_views *v, int32_t i)
{
    return &v->cameras[v->views[i].camera];
}

static void eye_of(const hl_view *view, double eye[3], double r_world[9])
{
    double r[9];
    hl_rotation(view->camera_from_world.q, r);
    hl_se3_inverse(r, view->camera_from_world.t, r_world, eye);
}

static void fox_colmap(void **state)
{
    (void)state;
    hl_views v = load("photos/fox_colmap", NULL);
    assert_string_equal(v.kind, "COLMAP model (binary)");
    assert_int_equal(v.view_count, 50);
    assert_int_equal(v.point_count, 15052);
    assert_int_equal(v.camera_count, 1);
    assert_int_equal(v.cameras[0].model, HL_CAMERA_PINHOLE);
    assert_int_equal(v.cameras[0].width, 538);
    assert_int_equal(v.cameras[0].height, 960);
    assert_int_equal(hl_views_in_split(&v, HL_SPLIT_TEST, NULL), 7);
    assert_int_equal(v.views[0].split, HL_SPLIT_TEST);
    assert_int_equal(v.views[8].split, HL_SPLIT_TEST);
    assert_string_equal(v.views[0].name, "0001.jpg");
    assert_false(v.has_alpha);
    assert_non_null(fixture_log_find("50 views (43 train, 7 test)"));
    hl_views_release(&v);
}

static void fox_transforms(void **state)
{
    (void)state;
    hl_views v = load("photos/fox", NULL);
    assert_string_equal(v.kind, "transforms.json");
    assert_int_equal(v.view_count, 50);
    assert_int_equal(v.camera_count, 1);
    assert_int_equal(v.cameras[0].model, HL_CAMERA_OPENCV);
    check_close(v.cameras[0].params,
                ((double[]){733.6106666666667, 733.0613333333333, 295.7642666666667, 514.8096,
                            0.0578421, -0.0805099, -0.000980296, 0.00015575}),
                8, 1e-9, 0);
    assert_string_equal(v.views[0].name, "images/0001.jpg");
    hl_views_release(&v);
}

/* Least-squares similarity is not needed: rotations between two cameras do not depend on the
 * world, and distances between eyes only on its scale. */
static void two_descriptions_of_the_fox_agree(void **state)
{
    (void)state;
    hl_views a = load("photos/fox_colmap", NULL), b = load("photos/fox", NULL);
    double worst_angle = 0, scale = 0, worst_scale = 0;
    for (int32_t i = 1; i < 50; i++) {
        double ea[2][3], eb[2][3], ra[2][9], rb[2][9];
        eye_of(&a.views[0], ea[0], ra[0]);
        eye_of(&a.views[i], ea[1], ra[1]);
        eye_of(&b.views[0], eb[0], rb[0]);
        eye_of(&b.views[i], eb[1], rb[1]);
        double t[9], turn_a[9], turn_b[9], back[9], diff[9], phi[3];
        hl_se3_inverse(ra[0], ea[0], t, phi);
        hl_matmul3(t, ra[1], turn_a);
        hl_se3_inverse(rb[0], eb[0], t, phi);
        hl_matmul3(t, rb[1], turn_b);
        hl_se3_inverse(turn_b, eb[0], back, phi);
        hl_matmul3(turn_a, back, diff);
        hl_so3_log(diff, phi);
        worst_angle = hl_max(worst_angle, hl_length3(phi));
        double da[3], db[3];
        for (int c = 0; c < 3; c++) {
            da[c] = ea[1][c] - ea[0][c];
            db[c] = eb[1][c] - eb[0][c];
        }
        if (hl_length3(da) < 0.5)
            continue;
        const double ratio = hl_length3(db) / hl_length3(da);
        if (scale <= 0)
            scale = ratio;
        worst_scale = hl_max(worst_scale, hl_abs(ratio / scale - 1));
    }
    print_message("fox twice: worst turn %.3f degrees, worst scale %.2f %%\n",
                  worst_angle * 57.29578, 100 * worst_scale);
    assert_true(worst_angle < 0.02);
    assert_true(worst_scale < 0.05);
    hl_views_release(&a);
    hl_views_release(&b);
}

static void chair(void **state)
{
    (void)state;
    hl_views v = load("synthetic/chair", NULL);
    assert_int_equal(v.view_count, 125);
    assert_int_equal(hl_views_in_split(&v, HL_SPLIT_TRAIN, NULL), 100);
    assert_int_equal(hl_views_in_split(&v, HL_SPLIT_TEST, NULL), 25);
    assert_true(v.has_alpha);
    assert_int_equal(v.camera_count, 1);
    check_close(v.cameras[0].params, ((double[]){1111.1111, 1111.1111, 400, 400}), 4, 1e-3, 0);
    for (int32_t i = 0; i < v.view_count; i++) { /* all look at the origin from 4.031 */
        double eye[3], r[9], centre[3];
        eye_of(&v.views[i], eye, r);
        assert_true(fabs(hl_length3(eye) - 4.031) < 1e-3);
        memcpy(centre, v.views[i].camera_from_world.t, sizeof centre);
        assert_true(centre[2] > 4.03 && fabs(centre[0]) < 1e-3 && fabs(centre[1]) < 1e-3);
        assert_true(r[7] < 0.3); /* y of the camera points down in a world with z up */
    }
    hl_views_release(&v);
    const hl_dataset_options all = {.split = HL_DATASET_SPLIT_NONE, .max_views = 10};
    v = load("synthetic/chair", &all);
    assert_int_equal(v.view_count, 10);
    assert_int_equal(hl_views_in_split(&v, HL_SPLIT_TEST, NULL), 0);
    hl_views_release(&v);
}

static void kitchen(void **state)
{
    (void)state;
    hl_views v = load("photos/kitchen25", NULL);
    assert_int_equal(v.view_count, 23);
    assert_int_equal(v.point_count, 1756);
    assert_int_equal(camera_of(&v, 0)->model, HL_CAMERA_OPENCV);
    assert_non_null(fixture_log_find("2 of 25 photos are not in the model"));
    hl_views_release(&v);
}

static void dtu_masks(void **state)
{
    (void)state;
    hl_views v = load("gtpose/dtu_scan65/gt", NULL);
    assert_string_equal(v.kind, "COLMAP model (text)");
    assert_int_equal(v.view_count, 49);
    for (int32_t i = 0; i < 49; i++) {
        const char *mask = v.views[i].mask_path;
        assert_non_null(mask);
        assert_memory_equal(strrchr(mask, '/') + 1, v.views[i].name, 3);
    }
    hl_views json = load("gtpose/dtu_scan65/gt/transforms.json", NULL);
    assert_int_equal(json.view_count, 49);
    assert_non_null(json.views[48].mask_path);
    for (int32_t i = 0; i < 49; i++) { /* the same poses through other axes */
        double a[9], b[9];
        hl_rotation(v.views[i].camera_from_world.q, a);
        hl_rotation(json.views[i].camera_from_world.q, b);
        check_close(b, a, 9, 1e-6, 0);
        check_close(json.views[i].camera_from_world.t, v.views[i].camera_from_world.t, 3, 1e-3, 0);
    }
    hl_views_release(&v);
    hl_views_release(&json);
}

static void tensoir(void **state)
{
    (void)state;
    hl_views v = load("relight/still", NULL);
    assert_string_equal(v.kind, "TensoIR layout");
    assert_int_equal(hl_views_in_split(&v, HL_SPLIT_TRAIN, NULL), 80);
    assert_int_equal(hl_views_in_split(&v, HL_SPLIT_TEST, NULL), 12);
    assert_true(v.has_alpha);
    assert_string_equal(v.views[0].name, "test_000/rgba.png");
    assert_non_null(v.views[0].depth_path);
    assert_non_null(v.views[0].normal_path);
    assert_null(v.views[50].depth_path);
    /* The same cameras in NeRF's layout. */
    hl_views nerf = load("relight/still/transforms_train.json", NULL);
    assert_int_equal(nerf.view_count, 92);
    for (int32_t i = 0; i < 92; i++) {
        check_close(nerf.views[i].camera_from_world.t, v.views[i].camera_from_world.t, 3, 1e-5, 0);
        check_close(nerf.views[i].camera_from_world.q, v.views[i].camera_from_world.q, 4, 1e-5, 0);
        assert_int_equal(nerf.views[i].split, v.views[i].split);
    }
    hl_views_release(&nerf);
    hl_views_release(&v);
}

static void bare_photos(void **state)
{
    (void)state;
    hl_views v;
    check_ok(hl_dataset_load(&v, hl_test_data("photos/banana16"), NULL));
    assert_int_equal(v.view_count, 16);
    assert_false(v.views[3].has_pose);
    check_fails(hl_dataset_need_poses(&v), "16 photos without camera poses: run");
    hl_views_release(&v);
}

int main(void)
{
    fixture_log_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fox_colmap),
        cmocka_unit_test(fox_transforms),
        cmocka_unit_test(two_descriptions_of_the_fox_agree),
        cmocka_unit_test(chair),
        cmocka_unit_test(kitchen),
        cmocka_unit_test(dtu_masks),
        cmocka_unit_test(tensoir),
        cmocka_unit_test(bare_photos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
