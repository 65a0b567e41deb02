/* SPDX-License-Identifier: MIT */
/* COLMAP models survive binary -> text -> binary byte for byte; files that COLMAP 3.8 wrote come
 * back as the same bytes. */
#include "core/camera_model.h"
#include "core/file.h"
#include "core/status.h"
#include "datasets/colmap.h"
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

static const char *const stems[3] = {"cameras", "images", "points3D"};

static void same_bytes(const char *folder_a, const char *folder_b)
{
    for (int i = 0; i < 3; i++) {
        char a[1024], b[1024];
        snprintf(a, sizeof a, "%s/%s.bin", folder_a, stems[i]);
        snprintf(b, sizeof b, "%s/%s.bin", folder_b, stems[i]);
        hl_file_map x, y;
        check_ok(hl_file_map_open(&x, a));
        check_ok(hl_file_map_open(&y, b));
        assert_int_equal(x.size, y.size);
        assert_memory_equal(x.bytes, y.bytes, x.size);
        hl_file_map_close(&x);
        hl_file_map_close(&y);
    }
}

static void copy_of(const char *from, const char *to, hl_colmap_form form)
{
    hl_colmap_model model;
    check_ok(hl_colmap_load(&model, from, true));
    check_ok(hl_colmap_save(&model, to, form));
    hl_colmap_release(&model);
}

static void there_and_back(const char *from, const char *name)
{
    char text[1024], binary[1100], direct[1100];
    snprintf(text, sizeof text, "%s", hl_test_file(name));
    snprintf(binary, sizeof binary, "%s-bin", text);
    snprintf(direct, sizeof direct, "%s-direct", text);
    copy_of(from, direct, HL_COLMAP_BINARY);
    same_bytes(from, direct);
    copy_of(from, text, HL_COLMAP_TEXT);
    copy_of(text, binary, HL_COLMAP_BINARY);
    same_bytes(from, binary);
}

static void colmap_files_come_back_bit_for_bit(void **state)
{
    (void)state;
    there_and_back(hl_test_data("photos/fox_colmap/sparse/0"), "fox");
    there_and_back(hl_test_data("photos/kitchen25/sparse/0"), "kitchen");
}

/* One camera of each model, names with folders and blanks, points with and without tracks. */
static void every_model_and_odd_names(void **state)
{
    (void)state;
    hl_camera cameras[HL_CAMERA_MODELS] = {0};
    hl_colmap_image images[HL_CAMERA_MODELS] = {0};
    hl_colmap_observation seen[2] = {{1.25, 7e-300, 9}, {0.1, 1e20, HL_COLMAP_NO_POINT}};
    hl_colmap_sighting track[2] = {{100, 1}, {4000000000u, 0}};
    char names[HL_CAMERA_MODELS][32];
    for (int i = 0; i < HL_CAMERA_MODELS; i++) {
        cameras[i].id = 4294967295u - (uint32_t)i;
        cameras[i].model = (hl_camera_model)i;
        cameras[i].width = 640 + i;
        cameras[i].height = 480;
        for (int k = 0; k < hl_camera_param_count((hl_camera_model)i); k++)
            cameras[i].params[k] = 1.0 / (3 + k);
        snprintf(names[i], sizeof names[i], "left eye/a b %d.jpg", i);
        images[i] = (hl_colmap_image){.id = 100 + (uint32_t)i,
                                      .camera_id = cameras[i].id,
                                      .name = names[i],
                                      .camera_from_world = {{.5, -.5, .5, .5}, {.1, -2, 3e9}}};
    }
    images[3].observations = seen;
    images[3].observation_count = 2;
    hl_colmap_point points[2] = {
        {.id = 9, .xyz = {.1, -.2, 7}, .rgb = {1, 2, 255}, .error = -1},
        {.id = 1ull << 40, .error = .25, .track_count = 2, .track = track}};
    hl_colmap_model model = {.camera_count = HL_CAMERA_MODELS,
                             .cameras = cameras,
                             .image_count = HL_CAMERA_MODELS,
                             .images = images,
                             .point_count = 2,
                             .points = points};
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", hl_test_file("hand/made"));
    check_ok(hl_colmap_save(&model, folder, HL_COLMAP_BINARY));
    there_and_back(folder, "again");

    hl_colmap_model got;
    check_ok(hl_colmap_load(&got, hl_test_file("again"), true));
    assert_true(got.text);
    assert_string_equal(got.images[10].name, "left eye/a b 10.jpg");
    assert_memory_equal(got.images[3].observations, seen, sizeof seen);
    assert_memory_equal(got.points[1].track, track, sizeof track);
    hl_colmap_release(&got);
    check_ok(hl_colmap_load(&got, folder, false)); /* without tracks: same poses, no lists */
    assert_int_equal(got.images[3].observation_count, 0);
    assert_int_equal(got.point_count, 2);
    hl_colmap_release(&got);
}

static void views_need_poses(void **state)
{
    (void)state;
    hl_view view = {.name = "a.jpg", .camera_from_world.q[0] = 1};
    hl_camera camera = {
        .model = HL_CAMERA_PINHOLE, .width = 4, .height = 3, .params = {1, 1, 2, 1}};
    float xyz[3] = {1, 2, 3};
    hl_views views = {.view_count = 1,
                      .views = &view,
                      .camera_count = 1,
                      .cameras = &camera,
                      .point_count = 1,
                      .points = xyz};
    check_fails(hl_colmap_save_views(&views, hl_test_file("views"), HL_COLMAP_TEXT), "a.jpg");
    view.has_pose = true;
    check_ok(hl_colmap_save_views(&views, hl_test_file("views"), HL_COLMAP_TEXT));
    hl_colmap_model got;
    check_ok(hl_colmap_load(&got, hl_test_file("views"), false));
    assert_int_equal(got.image_count, 1);
    check_close(got.points[0].xyz, ((double[]){1, 2, 3}), 3, 1e-12, 0);
    hl_colmap_release(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colmap_files_come_back_bit_for_bit),
        cmocka_unit_test(every_model_and_odd_names),
        cmocka_unit_test(views_need_poses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
