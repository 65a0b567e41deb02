/* SPDX-License-Identifier: MIT */
/* Camera paths against the geometry that they are defined by. */
#define HL_REAL double

#include "core/camera_path.h"
#include "core/se3.h"
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

enum { RING = 12 };

static const double two_pi = 6.283185307179586;
static const double centre[3] = {1, 2, 3}, up[3] = {0, 0.6, -0.8};

/* eye (3) and axes (9): right, down, forward in the world. */
static void eye_of(const hl_pose *pose, double eye[3], double r[9])
{
    double inverse[9];
    hl_rotation(pose->q, r);
    hl_se3_inverse(r, pose->t, inverse, eye);
}

/* Cameras on an ellipse of half axes a, b about `centre`, `height` above it, looking at it. */
static void ring(hl_pose *views, double a, double b, double height)
{
    const double across[3] = {1, 0, 0};
    double along[3];
    hl_cross3(up, across, along);
    for (int i = 0; i < RING; i++) {
        double eye[3];
        for (int k = 0; k < 3; k++)
            eye[k] = centre[k] + height * up[k] + a * cos(two_pi * i / RING) * across[k] +
                     b * sin(two_pi * i / RING) * along[k];
        hl_pose_look_at(eye, centre, up, &views[i]);
    }
}

static void a_camera_that_looks_has_these_axes(void **state)
{
    (void)state;
    const double eye[3] = {0, 0, -5}, target[3] = {0, 0, 1}, minus_y[3] = {0, -1, 0};
    hl_pose pose;
    double back[3], r[9];
    hl_pose_look_at(eye, target, minus_y, &pose); /* y down in the world: the identity */
    check_close(pose.q, ((double[4]){1, 0, 0, 0}), 4, 1e-12, 0);
    check_close(pose.t, ((double[3]){0, 0, 5}), 3, 1e-12, 0);

    const double east[3] = {4, 2, -5}, plus_z[3] = {0, 0, 1}, origin[3] = {0, 2, -5};
    hl_pose_look_at(east, origin, plus_z, &pose);
    eye_of(&pose, back, r);
    check_close(back, east, 3, 1e-12, 0);
    check_close(r, ((double[9]){0, 1, 0, 0, 0, -1, -1, 0, 0}), 9, 1e-12, 0);

    hl_pose_look_at(east, origin, (double[3]){2, 0, 0}, &pose); /* up along the view: any roll */
    eye_of(&pose, back, r);
    check_close(r + 6, ((double[3]){-1, 0, 0}), 3, 1e-12, 0);
    assert_true(fabs(hl_det3(r) - 1) < 1e-12);
}

static void the_focus_is_where_the_axes_meet(void **state)
{
    (void)state;
    hl_pose views[RING];
    double focus[3], rise[3];
    ring(views, 2, 3, 1);
    hl_camera_path_focus(views, RING, focus, rise);
    check_close(focus, centre, 3, 1e-9, 0);
    check_close(rise, up, 3, 1e-9, 0);
    hl_camera_path_focus(views, 1, focus, rise); /* one axis: a point ahead on it */
    double eye[3], r[9];
    eye_of(&views[0], eye, r);
    for (int k = 0; k < 3; k++)
        eye[k] += r[6 + k];
    check_close(focus, eye, 3, 1e-9, 0);
}

/* Every frame stands on the ellipse (a, b, height) and looks at the centre; neighbours are evenly
 * spaced along the curve, hence nearly so in a straight line. */
static void check_closed(const hl_pose *frames, int count, double a, double b, double height)
{
    double least = 1e9, most = 0, first[3], before[3], eye[3], r[9];
    for (int i = 0; i <= count; i++) {
        eye_of(&frames[i % count], eye, r);
        double offset[3], sight[3], along[3];
        for (int k = 0; k < 3; k++) {
            offset[k] = eye[k] - centre[k];
            sight[k] = -offset[k];
        }
        hl_cross3(up, (double[3]){1, 0, 0}, along);
        const double x = offset[0] / a, y = hl_dot3(offset, along) / b;
        assert_true(fabs(x * x + y * y - 1) < 1e-6);
        assert_true(fabs(hl_dot3(offset, up) - height) < 1e-9);
        hl_normalize3(sight, sight);
        check_close(r + 6, sight, 3, 1e-9, 0);
        assert_true(hl_dot3(r + 3, up) < 0); /* down is down */
        if (i > 0) {
            double move[3];
            for (int k = 0; k < 3; k++)
                move[k] = eye[k] - before[k];
            least = fmin(least, hl_length3(move));
            most = fmax(most, hl_length3(move));
        } else {
            memcpy(first, eye, sizeof first);
        }
        memcpy(before, eye, sizeof before);
    }
    assert_true(most < 1.02 * least);
}

static void an_orbit_runs_on_the_ring_of_the_cameras(void **state)
{
    (void)state;
    hl_pose views[RING], frames[40];
    double eye[3], want[3], r[9];
    ring(views, 2.5, 2.5, 0.75);
    check_ok(hl_camera_path_make(frames, 40, HL_PATH_ORBIT, views, RING));
    check_closed(frames, 40, 2.5, 2.5, 0.75);
    eye_of(&frames[0], eye, r);
    eye_of(&views[0], want, r);
    check_close(eye, want, 3, 1e-9, 0);
}

static void an_ellipse_holds_the_cameras(void **state)
{
    (void)state;
    hl_pose views[RING], frames[60];
    ring(views, 2, 5, -0.5);
    check_ok(hl_camera_path_make(frames, 60, HL_PATH_ELLIPSE, views, RING));
    /* 90 % of 12: the 11th of the sorted distances.  Along b they are 5 sin: 5 twice at the top;
     * along a likewise. */
    check_closed(frames, 60, 2, 5, -0.5);
}

static void a_spiral_stays_within_the_cameras(void **state)
{
    (void)state;
    hl_pose views[9], frames[50];
    for (int i = 0; i < 9; i++) { /* a grid in x and y that looks along z */
        const double eye[3] = {i % 3 - 1, i / 3 - 1, 0}, target[3] = {0, 0, 10};
        hl_pose_look_at(eye, target, (double[3]){0, -1, 0}, &views[i]);
    }
    check_ok(hl_camera_path_make(frames, 50, HL_PATH_SPIRAL, views, 9));
    double widest = 0;
    for (int i = 0; i < 50; i++) {
        double eye[3], r[9];
        eye_of(&frames[i], eye, r);
        widest = fmax(widest, fabs(eye[0]));
        assert_true(fabs(eye[0]) < 1 + 1e-9 && fabs(eye[1]) < 1 + 1e-9 && fabs(eye[2]) < 1e-9);
        for (int k = 0; k < 3; k++) /* looks at the focus (0, 0, 10) */
            eye[k] = (k == 2 ? 10 : 0) - eye[k];
        hl_normalize3(eye, eye);
        check_close(r + 6, eye, 3, 1e-9, 0);
    }
    assert_true(widest > 0.999);
}

static void interpolation_passes_evenly_through_the_ends(void **state)
{
    (void)state;
    /* Three cameras on a line at x = 0, 1, 4: the curve is the line, so even steps are 4 / 8. */
    hl_pose views[3], frames[9];
    const double at[3] = {0, 1, 4};
    for (int i = 0; i < 3; i++) {
        views[i] = (hl_pose){{cos(0.2 * i), 0, sin(0.2 * i), 0}, {0}};
        double r[9], eye[3] = {at[i], 0, 0};
        hl_rotation(views[i].q, r);
        hl_mul3(r, eye, views[i].t);
        for (int k = 0; k < 3; k++)
            views[i].t[k] = -views[i].t[k];
    }
    /* The same rotation with the other sign must not turn the camera round. */
    for (int k = 0; k < 4; k++)
        views[1].q[k] = -views[1].q[k];
    check_ok(hl_camera_path_make(frames, 9, HL_PATH_INTERP, views, 3));
    double turned = -1e-9;
    for (int i = 0; i < 9; i++) {
        double eye[3], r[9];
        eye_of(&frames[i], eye, r);
        check_close(eye, ((double[3]){0.5 * i, 0, 0}), 3, 2e-3, 0);
        const double angle = atan2(-r[6], r[8]); /* about y, grows from 0 to 0.8 */
        assert_true(fabs(angle) >= turned - 1e-9 && fabs(angle) < 0.8 + 1e-6);
        turned = fabs(angle);
    }
    assert_true(fabs(turned - 0.8) < 1e-6);
    check_ok(hl_camera_path_make(frames, 3, HL_PATH_INTERP, views, 1));
    check_close(frames[2].t, views[0].t, 3, 1e-9, 0);
    check_fails(hl_camera_path_make(frames, 0, HL_PATH_ORBIT, views, 3), "0 frames");
    check_fails(hl_camera_path_make(frames, 3, HL_PATH_ORBIT, views, 0), "0 views");
}

static const char *path_file(const char *text)
{
    return hl_test_write("camera_path.json", text, strlen(text));
}

static void a_file_of_nerfstudio_is_read(void **state)
{
    (void)state;
    hl_arena arena;
    hl_camera_path path = {0};
    hl_arena_init(&arena, 0, 0);
    /* At (1, 2, 3), looking along world -z with +y up: OpenGL's identity. */
    check_ok(hl_camera_path_load(
        &path, &arena,
        path_file("{\"render_width\":64,\"render_height\":48,\"fps\":24,\"camera_path\":[{"
                  "\"camera_to_world\":[1,0,0,1, 0,1,0,2, 0,0,1,3, 0,0,0,1],\"fov\":90}]}")));
    assert_true(path.count == 1 && path.width == 64 && path.height == 48);
    assert_true(fabs(path.fps - 24) < 1e-12 && fabs(path.fov_y[0] - two_pi / 4) < 1e-12);
    double eye[3], r[9];
    eye_of(&path.frames[0], eye, r);
    check_close(eye, ((double[3]){1, 2, 3}), 3, 1e-12, 0);
    check_close(r, ((double[9]){1, 0, 0, 0, -1, 0, 0, 0, -1}), 9, 1e-12, 0);
    hl_arena_release(&arena);
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "expected a list"},
        {"{\"camera_path\":[]}", "expected a list"},
        {"{\"camera_path\":[3]}", "camera_path[0]"},
        {"{\"camera_path\":[{\"camera_to_world\":[1,2,3],\"fov\":50}]}", "camera_to_world"},
        {"{\"camera_path\":[{\"camera_to_world\":[2,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1],\"fov\":50}]}",
         "not a rotation"},
        {"{\"camera_path\":[{\"camera_to_world\":[-1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1],\"fov\":50}]}",
         "reflection"},
        {"{\"camera_path\":[{\"camera_to_world\":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1],\"fov\":180}]}",
         "fov is 180"},
        {"{\"render_width\":1e9,\"camera_path\":[{}]}", "render_width"},
        {"nonsense", "not valid JSON"},
    };
    hl_arena arena;
    hl_camera_path path = {0};
    hl_arena_init(&arena, 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_fails(hl_camera_path_load(&path, &arena, path_file(cases[i][0])), cases[i][1]);
    assert_int_equal(path.count, 0);
    hl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_camera_that_looks_has_these_axes),
        cmocka_unit_test(the_focus_is_where_the_axes_meet),
        cmocka_unit_test(an_orbit_runs_on_the_ring_of_the_cameras),
        cmocka_unit_test(an_ellipse_holds_the_cameras),
        cmocka_unit_test(a_spiral_stays_within_the_cameras),
        cmocka_unit_test(interpolation_passes_evenly_through_the_ends),
        cmocka_unit_test(a_file_of_nerfstudio_is_read),
        cmocka_unit_test(broken_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
