/* SPDX-License-Identifier: MIT */
/* Rendered views of the three scenes: depth and normals against geometry recomputed here, points
 * against pictures, the ring of cameras, the same bytes for any number of threads, bad options. */
#define HL_REAL double

#include "core/camera_model.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/vec.h"
#include "datasets/synth/synth_capture.h"
#include "datasets/synthetic.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { W = 80, H = 60, VIEWS = 12, POINTS = 300 };

static hl_synthetic *made[3]; /* gathering light is the slow part: once per scene */

static hl_synthetic *make(hl_synthetic_scene scene)
{
    const hl_synthetic_options o = {.scene = scene,
                                    .views = VIEWS,
                                    .width = W,
                                    .height = H,
                                    .samples = 16,
                                    .points = POINTS,
                                    .bounces = 1,
                                    .seed = 7};
    hl_synthetic *s = NULL;
    check_ok(hl_synthetic_create(&s, &o));
    return s;
}

static hl_synthetic *shared(hl_synthetic_scene scene)
{
    if (!made[scene])
        made[scene] = make(scene);
    return made[scene];
}

static int release_shared(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++)
        hl_synthetic_destroy(&made[k]);
    return 0;
}

/* World point of a pixel from depth alone, by the pose's own matrix. */
static void unproject(const hl_camera *c, const hl_pose *pose, double x, double y, double depth,
                      double world[3])
{
    double r[9];
    const double p[3] = {(x - c->params[2]) / c->params[0] * depth - pose->t[0],
                         (y - c->params[3]) / c->params[1] * depth - pose->t[1],
                         depth - pose->t[2]};
    hl_rotation(pose->q, r);
    hl_mul3_t(r, p, world);
}

/* How far a world point is from the surface of an object, by formulas of this test alone. */
static double residual(const hl_synth_shape *s, const double world[3])
{
    double p[3] = {0, 0, 0};
    const double *a = s->size;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            p[i] += s->axes[3 * j + i] * (world[j] - s->center[j]);
    switch (s->form) {
    case HL_SYNTH_ELLIPSOID:
        return fabs(sqrt(pow(p[0] / a[0], 2) + pow(p[1] / a[1], 2) + pow(p[2] / a[2], 2)) - 1);
    case HL_SYNTH_BOX: {
        double out = 0, in = -1e9;
        for (int i = 0; i < 3; i++) {
            const double q = fabs(p[i]) - a[i] + s->rounding;
            out += q > 0 ? q * q : 0;
            in = q > in ? q : in;
        }
        return fabs((out > 0 ? sqrt(out) : in) - s->rounding);
    }
    case HL_SYNTH_FRUSTUM: {
        const double side = hypot(p[0], p[1]) - (a[0] + (a[1] - a[0]) * (p[2] / a[2] + 1) / 2);
        return fabs(fmax(side, fabs(p[2]) - a[2]));
    }
    case HL_SYNTH_TORUS:
        return fabs(hypot(hypot(p[0], p[1]) - a[0], p[2]) - a[1]);
    }
    return 1;
}

static void depth_lies_on_the_solids(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        hl_synthetic *s = shared((hl_synthetic_scene)k);
        hl_synthetic_frame f;
        hl_camera c;
        hl_pose pose;
        check_ok(hl_synthetic_render(s, 3, true, &f));
        hl_synthetic_view(s, 3, &c, &pose);
        int seen = 0;
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                const size_t at = (size_t)(y * W + x);
                const double depth = (double)f.depth.data[at];
                double world[3], least = 1;
                if (depth <= 0) {
                    assert_true(f.alpha.data[at] < 1 || k == 1);
                    continue;
                }
                seen++;
                unproject(&c, &pose, x + 0.5, y + 0.5, depth, world);
                for (int32_t i = 0; i < s->scene.count; i++)
                    least = fmin(least, residual(&s->scene.objects[i].shape, world));
                assert_true(least < 2e-6 * depth); /* float depth */
                const float *n = f.normal.data + 3 * at;
                const double length = (double)(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
                assert_true(fabs(length - 1) < 1e-5);
            }
        assert_true(seen > W * H / 8);
        hl_synthetic_frame_release(&f);
    }
}

/* Where a pixel and its neighbours see one smooth surface, the plane through their unprojected
 * points has the reported normal. */
static void normals_agree_with_depth(void **state)
{
    (void)state;
    hl_synthetic *s = shared(HL_SYNTHETIC_STILL);
    hl_synthetic_frame f;
    hl_camera c;
    hl_pose pose;
    check_ok(hl_synthetic_render(s, 5, true, &f));
    hl_synthetic_view(s, 5, &c, &pose);
    int agree = 0, all = 0;
    for (int y = 1; y + 1 < H; y++)
        for (int x = 1; x + 1 < W; x++) {
            double p[4][3], u[3], v[3], n[3];
            static const int dx[4] = {1, -1, 0, 0}, dy[4] = {0, 0, 1, -1};
            for (int i = 0; i < 4; i++) {
                const size_t at = (size_t)((y + dy[i]) * W + x + dx[i]);
                unproject(&c, &pose, x + dx[i] + 0.5, y + dy[i] + 0.5, (double)f.depth.data[at],
                          p[i]);
            }
            for (int i = 0; i < 3; i++) {
                u[i] = p[0][i] - p[1][i];
                v[i] = p[2][i] - p[3][i];
            }
            hl_cross3(v, u, n);
            hl_normalize3(n, n);
            const float *want = f.normal.data + 3 * (size_t)(y * W + x);
            agree +=
                n[0] * (double)want[0] + n[1] * (double)want[1] + n[2] * (double)want[2] > 0.98;
            all++;
        }
    assert_true(agree > all * 3 / 4); /* the rest are edges */
    hl_synthetic_frame_release(&f);
}

/* Exact points projected with the pose by hand fall where the sightings say, are not hidden
 * according to the depth map, and have the colour of the picture there. */
static void points_are_seen_where_they_say(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        hl_synthetic *s = shared((hl_synthetic_scene)k);
        hl_synthetic_points points;
        check_ok(hl_synthetic_find_points(s, &points));
        assert_true(points.count >= POINTS * 9 / 10);
        double colour_error = 0;
        int compared = 0;
        for (int32_t v = 0; v < VIEWS; v++) {
            hl_synthetic_frame f;
            hl_camera c;
            hl_pose pose;
            double r[9];
            check_ok(hl_synthetic_render(s, v, true, &f));
            hl_synthetic_view(s, v, &c, &pose);
            hl_rotation(pose.q, r);
            for (int32_t i = 0; i < points.count; i++) {
                const hl_synthetic_point *p = &points.points[i];
                assert_true(p->sighting_count >= 2);
                for (int32_t j = 0; j < p->sighting_count; j++) {
                    const hl_synthetic_sighting *t = &points.sightings[p->sighting_first + j];
                    if (t->view != v)
                        continue;
                    double q[3];
                    hl_mul3(r, p->xyz, q);
                    for (int a = 0; a < 3; a++)
                        q[a] += pose.t[a];
                    assert_true(q[2] > 0);
                    assert_true(fabs(c.params[0] * q[0] / q[2] + c.params[2] - t->x) < 1e-6);
                    assert_true(fabs(c.params[1] * q[1] / q[2] + c.params[3] - t->y) < 1e-6);
                    const size_t at = (size_t)((int)t->y * W + (int)t->x);
                    const double gap = (double)f.depth.data[at] / q[2];
                    if (gap < 0.98 || gap > 1.02)
                        continue; /* an edge runs through the pixel */
                    compared++;
                    const int channels = f.color.channels;
                    for (int a = 0; a < 3; a++)
                        colour_error +=
                            fabs(f.color.data[at * (size_t)channels + (size_t)a] - p->rgb[a] * 1.0);
                }
            }
            hl_synthetic_frame_release(&f);
        }
        assert_true(compared > 2 * POINTS);
        assert_true(colour_error / (3 * compared) < 16); /* of 255: pixels here are coarse */
        hl_synthetic_points_release(&points);
    }
}

static void cameras_surround_the_scene(void **state)
{
    (void)state;
    hl_synthetic *s = shared(HL_SYNTHETIC_STILL);
    double turned = 0, last = 0, low = 10, high = -10;
    for (int32_t v = 0; v <= VIEWS; v++) {
        hl_camera c;
        hl_pose pose;
        hl_synth_eye eye;
        hl_synthetic_view(s, v % VIEWS, &c, &pose);
        hl_synth_eye_make(&c, &pose, &eye);
        const double a = atan2(eye.origin[1], eye.origin[0]);
        double target[3] = {s->scene.rig.target[0], s->scene.rig.target[1], s->scene.rig.target[2]};
        double xy[2], depth, step = a - last;
        assert_true(hl_synth_eye_project(&eye, target, xy, &depth)); /* looks at the scene ... */
        assert_true(fabs(xy[0] - W / 2.0) < W / 8.0 && fabs(xy[1] - H / 2.0) < H / 8.0);
        const double up = -eye.world_from_camera[7]; /* ... upright: -y of the camera has z > 0 */
        assert_true(up > 0);
        step -= 2 * 3.141592653589793 * floor(step / (2 * 3.141592653589793));
        if (v > 0)
            turned += step;
        last = a;
        low = fmin(low, eye.origin[2]);
        high = fmax(high, eye.origin[2]);
    }
    assert_true(fabs(turned - 2 * 3.141592653589793) < 1e-9); /* once round, always forward */
    assert_true(high - low > 0.5);
}

/* The orbit closes, keeps its distance, looks at the target and needs no gathered light. */
static void orbits_close(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        const hl_synthetic_options o = {
            .scene = (hl_synthetic_scene)k, .width = W, .height = H, .sun_only = true};
        hl_synthetic *s = NULL;
        double first[3], last[3], longest = 0;
        check_ok(hl_synthetic_create(&s, &o));
        for (int32_t i = 0; i <= 40; i++) {
            hl_camera c;
            hl_pose pose;
            hl_synth_eye eye;
            double xy[2], depth, step = 0;
            const double center[2] = {W / 2.0, H / 2.0};
            hl_synthetic_orbit(s, i, 40, &c, &pose);
            hl_synth_eye_make(&c, &pose, &eye);
            assert_true(hl_synth_eye_project(&eye, s->scene.rig.target, xy, &depth));
            check_close(xy, center, 2, 1e-6, 0);
            assert_true(depth >= s->scene.rig.radius[0] - 1e-9);
            assert_true(depth <= s->scene.rig.radius[1] + 1e-9);
            for (int a = 0; a < 3; a++)
                step += i ? pow(eye.origin[a] - last[a], 2) : 0;
            longest = fmax(longest, sqrt(step));
            memcpy(last, eye.origin, sizeof last);
            if (i == 0)
                memcpy(first, last, sizeof first);
        }
        check_close(last, first, 3, 1e-9, 0);
        assert_true(longest < 0.5 && longest > 0.1); /* even steps, no jump at the end */
        hl_synthetic_destroy(&s);
    }
}

static void threads_do_not_change_a_byte(void **state)
{
    (void)state;
    static const int32_t counts[] = {1, 2, 3, 7};
    uint8_t *first = NULL;
    hl_synthetic_points first_points;
    for (int i = 0; i < 4; i++) {
        hl_parallel_set_threads(counts[i]);
        hl_synthetic *s = make(HL_SYNTHETIC_TURNTABLE);
        hl_synthetic_frame f;
        hl_synthetic_points points;
        check_ok(hl_synthetic_render(s, 2, true, &f));
        check_ok(hl_synthetic_find_points(s, &points));
        if (i == 0) {
            first = f.color.data;
            f.color.data = NULL;
            first_points = points;
            memset(&points, 0, sizeof points);
        } else {
            assert_memory_equal(first, f.color.data, W * H * 4);
            assert_int_equal(points.count, first_points.count);
            assert_memory_equal(points.points, first_points.points,
                                (size_t)points.count * sizeof *points.points);
        }
        hl_synthetic_frame_release(&f);
        hl_synthetic_points_release(&points);
        hl_synthetic_destroy(&s);
    }
    hl_image8 owner = {W, H, 4, first};
    hl_image8_release(&owner);
    hl_synthetic_points_release(&first_points);
    hl_parallel_set_threads(0);
}

static void alpha_is_coverage(void **state)
{
    (void)state;
    hl_synthetic *s = shared(HL_SYNTHETIC_TURNTABLE);
    hl_synthetic_frame f;
    check_ok(hl_synthetic_render(s, 0, true, &f));
    assert_int_equal(f.color.channels, 4);
    int clear = 0, solid = 0, edge = 0;
    for (size_t i = 0; i < W * H; i++) {
        const uint8_t a = f.color.data[4 * i + 3];
        assert_int_equal(a, (int)(255 * (double)f.alpha.data[i] + 0.5));
        clear += a == 0;
        solid += a == 255;
        edge += a > 0 && a < 255;
        if (a == 0) {
            assert_true(f.depth.data[i] == 0);
        }
    }
    assert_true(clear > W * H / 4 && solid > W * H / 20 && edge > 20 && edge < W * H / 8);
    hl_synthetic_frame_release(&f);
}

static void bad_options_are_named(void **state)
{
    (void)state;
    static const struct {
        hl_synthetic_options o;
        const char *part;
    } bad[] = {
        {{.views = -1}, "views is -1, expected 1 to 10000"},
        {{.views = 10001}, "views is 10001"},
        {{.width = 7}, "width is 7, expected 8 to 8192"},
        {{.height = 100000}, "height is 100000"},
        {{.points = -5}, "points is -5"},
        {{.points = INT32_MAX}, "points is 2147483647"},
        {{.bounces = 9}, "bounces is 9"},
        {{.samples = 5}, "samples is 5, expected 1, 4, 16 or 64"},
        {{.scene = (hl_synthetic_scene)3}, "scene is 3"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hl_synthetic *s = NULL;
        check_fails(hl_synthetic_create(&s, &bad[i].o), bad[i].part);
        assert_null(s);
    }
    hl_synthetic *s = shared(HL_SYNTHETIC_TURNTABLE);
    hl_synthetic_frame f;
    check_fails(hl_synthetic_render(s, VIEWS, false, &f), "view 12, expected 0 to 11");
    check_fails(hl_synthetic_render(s, -1, false, &f), "view -1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_lies_on_the_solids),
        cmocka_unit_test(normals_agree_with_depth),
        cmocka_unit_test(points_are_seen_where_they_say),
        cmocka_unit_test(cameras_surround_the_scene),
        cmocka_unit_test(orbits_close),
        cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(alpha_is_coverage),
        cmocka_unit_test(bad_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, release_shared);
}
