/* SPDX-License-Identifier: MIT */
/* A camera path of keys: goes through them, smoothly, and comes back from its file as it was; what
 * another program reads from that file are the same cameras. */
#define HL_REAL double
#include "core/camera_keys.h"
#include "core/camera_path.h"
#include "core/file.h"
#include "core/rng.h"
#include "core/se3.h"
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 5 };

static char folder[] = "/tmp/hl_camera_keys_XXXXXX";
static char file[sizeof folder + 32];

static void eye_of(const hl_pose *pose, double eye[3])
{
    double q[4], r[9], back[9];
    hl_quat_unit(pose->q, q);
    hl_rotation(q, r);
    hl_se3_inverse(r, pose->t, back, eye);
}

static void make(hl_camera_key keys[KEYS])
{
    for (int i = 0; i < KEYS; i++) {
        const double eye[3] = {i, 0.3 * i * i, -4 + 0.5 * i}, target[3] = {0.2 * i, 0, 0};
        const double up[3] = {0, -1, 0};
        keys[i] = (hl_camera_key){.fov_y = 0.8 + 0.05 * i, .seconds = 0.5 + 0.25 * i};
        hl_pose_look_at(eye, target, up, &keys[i].pose);
        for (int k = 0; k < 4 && i % 2; k++) /* the other of the two quaternions of a rotation */
            keys[i].pose.q[k] = -keys[i].pose.q[k];
    }
}

static void goes_through_its_keys(void **state)
{
    (void)state;
    hl_camera_key keys[KEYS];
    double at = 0, fov;
    hl_pose pose;
    make(keys);
    for (int i = 0; i < KEYS; i++) {
        at += i ? keys[i].seconds : 0;
        hl_camera_keys_at(keys, KEYS, at, &pose, &fov);
        assert_memory_equal(&pose, &keys[i].pose, sizeof pose);
        assert_true(fov == keys[i].fov_y);
    }
    assert_true(hl_camera_keys_seconds(keys, KEYS) == at);
    hl_camera_keys_at(keys, KEYS, 99, &pose, &fov); /* stays at the end */
    assert_memory_equal(&pose, &keys[KEYS - 1].pose, sizeof pose);
    hl_camera_keys_at(keys, 1, 3, &pose, &fov);
    assert_memory_equal(&pose, &keys[0].pose, sizeof pose);
}

/* Keys on a line at even times are passed at even speed (a spline reproduces lines), and a camera
 * that turns evenly about an axis turns evenly in between. */
static void lines_and_turns_are_even(void **state)
{
    (void)state;
    hl_camera_key keys[KEYS];
    const double axis_eye[3] = {0, 0, 0}, up[3] = {0, -1, 0};
    for (int i = 0; i < KEYS; i++) {
        const double a = 0.2 * i, target[3] = {sin(a), 0, cos(a)};
        keys[i] = (hl_camera_key){.fov_y = 1, .seconds = 1};
        hl_pose_look_at(axis_eye, target, up, &keys[i].pose);
        for (int k = 0; k < 3; k++) /* eye = (i, 2 i, 0) */
            keys[i].pose.t[k] = 0;
        double r[9];
        const double eye[3] = {i, 2 * i, 0};
        hl_rotation(keys[i].pose.q, r);
        hl_mul3(r, eye, keys[i].pose.t);
        for (int k = 0; k < 3; k++)
            keys[i].pose.t[k] = -keys[i].pose.t[k];
    }
    for (double t = 1; t <= 3; t += 0.125) {
        hl_pose pose;
        double fov, eye[3], r[9];
        hl_camera_keys_at(keys, KEYS, t, &pose, &fov);
        eye_of(&pose, eye);
        const double want[3] = {t, 2 * t, 0}, ahead[3] = {sin(0.2 * t), 0, cos(0.2 * t)};
        hl_rotation(pose.q, r);
        for (int k = 0; k < 3; k++) {
            assert_true(fabs(eye[k] - want[k]) < 1e-12);
            assert_true(fabs(r[6 + k] - ahead[k]) <
                        1e-4); /* the spline of the sphere bends so little */
        }
    }
}

static void file_gives_the_keys_back(void **state)
{
    (void)state;
    hl_camera_key keys[KEYS], read[KEYS];
    int32_t count = 0;
    hl_camera_film film = {640, 360, 10}, got;
    hl_camera_path path;
    hl_arena arena;
    make(keys);
    check_ok(hl_camera_keys_save(keys, KEYS, &film, file));
    check_ok(hl_camera_keys_load(read, KEYS, &count, &got, file));
    assert_int_equal(count, KEYS);
    assert_memory_equal(read, keys, sizeof keys);
    assert_true(got.width == 640 && got.height == 360 && got.fps == 10);
    assert_int_equal(hl_camera_keys_load(read, KEYS - 1, &count, &got, file), HL_E_FORMAT);
    /* The reader of nerfstudio's layout sees the same cameras. */
    hl_arena_init(&arena, 0, 0);
    check_ok(hl_camera_path_load(&path, &arena, file));
    assert_int_equal(path.count, hl_camera_keys_frames(keys, KEYS, 10));
    for (int32_t i = 0; i < path.count; i++) {
        hl_pose pose;
        double fov, a[3], b[3], dot = 0;
        hl_camera_keys_at(keys, KEYS, i / 10.0, &pose, &fov);
        eye_of(&pose, a);
        eye_of(&path.frames[i], b);
        for (int k = 0; k < 3; k++)
            assert_true(fabs(a[k] - b[k]) < 1e-12);
        for (int k = 0; k < 4; k++)
            dot += pose.q[k] * path.frames[i].q[k];
        assert_true(fabs(fabs(dot) - 1) < 1e-12 && fabs(fov - path.fov_y[i]) < 1e-12);
    }
    hl_arena_release(&arena);
}

static void write_text(const char *text)
{
    hl_file_writer w;
    check_ok(hl_file_writer_open(&w, file));
    hl_file_write(&w, text, strlen(text));
    check_ok(hl_file_writer_commit(&w));
}

/* Frames of another program are thinned to keys that keep both ends and the length. */
static void foreign_frames_become_keys(void **state)
{
    (void)state;
    static char text[40000];
    size_t used = (size_t)snprintf(text, sizeof text, "{\"fps\": 20, \"camera_path\": [");
    for (int i = 0; i < 101; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%s{\"fov\": 50, \"camera_to_world\": "
                                 "[1,0,0,%d, 0,1,0,0, 0,0,1,0, 0,0,0,1]}",
                                 i ? "," : "", i);
    snprintf(text + used, sizeof text - used, "]}");
    write_text(text);
    hl_camera_key keys[KEYS];
    int32_t count;
    hl_camera_film film;
    check_ok(hl_camera_keys_load(keys, KEYS, &count, &film, file));
    assert_int_equal(count, KEYS);
    for (int i = 0; i < KEYS; i++) {
        double eye[3];
        eye_of(&keys[i].pose, eye);
        assert_true(fabs(eye[0] - 25 * i) < 1e-12);
    }
    assert_true(fabs(hl_camera_keys_seconds(keys, KEYS) - 5) < 1e-12);
}

static void bad_files_are_refused(void **state)
{
    (void)state;
#define KEY(q, fov, seconds)                                               \
    "{\"helio_keys\": [{\"q\": " q ", \"t\": [0,0,0], \"fov_y_rad\": " fov \
    ", \"seconds\": " seconds "}]}"
    static const char *const bad[] = {"{}",
                                      "[1]",
                                      "{\"helio_keys\": [{}]}",
                                      KEY("[1,1,0,0]", "1", "1"),
                                      KEY("[1,0,0,0]", "4", "1"),
                                      KEY("[1,0,0,0]", "1", "0"),
                                      KEY("[1,0,0,0]", "1", "1e9")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hl_camera_key keys[KEYS];
        int32_t count = 7;
        hl_camera_film film;
        write_text(bad[i]);
        assert_int_equal(hl_camera_keys_load(keys, KEYS, &count, &film, file), HL_E_FORMAT);
        assert_int_equal(count, 7);
    }
    hl_camera_key none;
    assert_int_equal(hl_camera_keys_save(&none, 0, &(hl_camera_film){0, 0, 0}, file), HL_E_ARG);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/path.json", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    remove(file);
    return remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_through_its_keys), cmocka_unit_test(lines_and_turns_are_even),
        cmocka_unit_test(file_gives_the_keys_back), cmocka_unit_test(foreign_frames_become_keys),
        cmocka_unit_test(bad_files_are_refused)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
