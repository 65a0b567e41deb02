/* SPDX-License-Identifier: MIT */
/* The camera of a hand: what is in the picture, what stays where it is. */
#include "core/status.h"
#include "tests/check.h"
#include "viewer/orbit.h"

#include <math.h>

static const double low[3] = {-1, 2, 3}, high[3] = {2, 4, 8}, up[3] = {0, -1, 0};

static void pixel(const hl_orbit *o, const double x[3], double out[3])
{
    hl_raster_view v;
    check_ok(hl_orbit_view(o, 400, 300, &v));
    double t[3];
    for (int i = 0; i < 3; i++)
        t[i] = (double)v.r[3 * i] * x[0] + (double)v.r[3 * i + 1] * x[1] +
               (double)v.r[3 * i + 2] * x[2] + (double)v.t[i];
    out[0] = (double)v.fx * t[0] / t[2] + (double)v.cx;
    out[1] = (double)v.fy * t[1] / t[2] + (double)v.cy;
    out[2] = t[2];
}

static void a_framed_box_is_in_the_picture(void **state)
{
    (void)state;
    hl_orbit o;
    hl_orbit_frame(&o, low, high, up);
    for (int turn = 0; turn < 12; turn++) {
        for (int corner = 0; corner < 8; corner++) {
            double x[3], p[3];
            for (int k = 0; k < 3; k++)
                x[k] = corner >> k & 1 ? high[k] : low[k];
            pixel(&o, x, p);
            assert_true(p[2] > 0 && p[0] > 0 && p[0] < 400 && p[1] > 0 && p[1] < 300);
        }
        hl_orbit_turn(&o, 0.7, 0.3);
    }
}

static void turning_keeps_target_distance_and_up(void **state)
{
    (void)state;
    hl_orbit o;
    double middle[3], above[3], centre[3] = {200, 150, 0};
    hl_orbit_frame(&o, low, high, up);
    const double distance = o.distance;
    centre[2] = distance;
    for (int i = 0; i < 20; i++) {
        hl_orbit_turn(&o, 0.5, i % 2 ? 5 : -5); /* the pitch stops before the pole */
        pixel(&o, o.target, middle);
        check_close(middle, centre, 3, 1e-3, 1e-5);
        const double higher[3] = {o.target[0], o.target[1] - 0.1, o.target[2]};
        pixel(&o, higher, above);
        assert_true(above[1] < middle[1]);
        check_close(above, middle, 1, 0.05, 0);
    }
}

static void a_drag_moves_the_target_with_the_mouse(void **state)
{
    (void)state;
    hl_orbit o;
    double p[3];
    hl_orbit_frame(&o, low, high, up);
    hl_orbit_turn(&o, 1, 0.2);
    const double x[3] = {o.target[0], o.target[1], o.target[2]};
    const double part = 2 * tan(0.5 * o.fov_y) / 300;
    hl_orbit_move(&o, -part * 30, -part * -20, 0);
    pixel(&o, x, p);
    const double want[2] = {230, 130};
    check_close(p, want, 2, 1e-2, 0);
}

static void a_pose_is_kept_until_the_camera_moves(void **state)
{
    (void)state;
    hl_orbit o;
    hl_pose out;
    const hl_pose rolled = {{0.8, 0.36, 0.48, 0}, {0.1, 0.2, 3}};
    hl_orbit_frame(&o, low, high, up);
    hl_orbit_stand(&o, &rolled, 1, 2.5);
    hl_orbit_pose(&o, &out);
    check_close(out.q, rolled.q, 4, 1e-15, 0);
    double p[3], q[3];
    pixel(&o, o.target, p);
    const double want[3] = {200, 150, 2.5};
    check_close(p, want, 3, 1e-3, 0);
    /* Let go: the eye and the direction stay, only the roll goes. */
    const double x[3] = {o.target[0], o.target[1], o.target[2]};
    hl_orbit_turn(&o, 0, 0);
    pixel(&o, x, q);
    check_close(q, want, 3, 1e-3, 0);
    hl_orbit_dolly(&o, 0);
    assert_true(o.distance > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_framed_box_is_in_the_picture),
                                       cmocka_unit_test(turning_keeps_target_distance_and_up),
                                       cmocka_unit_test(a_drag_moves_the_target_with_the_mouse),
                                       cmocka_unit_test(a_pose_is_kept_until_the_camera_moves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
