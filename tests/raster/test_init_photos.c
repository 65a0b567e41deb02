/* SPDX-License-Identifier: MIT */
/* tests/raster/test_init_photos.c -- points found in photos of shapes that are known exactly: a
 * textured plane (sweep) and a sphere with alpha (hull), both cast analytically. */
#include "core/parallel.h"
#include "core/se3.h"
#include "core/vec.h"
#include "raster/init_photos.h"
#include "tests/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VIEWS = 9, W = 96, H = 80 };

static hl_raster_view views[VIEWS];
static const char *names[VIEWS];
static int32_t indices[VIEWS];
static uint8_t pixels[VIEWS][4 * W * H];
static int channels;
static hl_train_scene scene;
static hl_arena arena;

/* A camera at `eye` that looks at the origin, up along -y. */
static hl_raster_view look(const float eye[3])
{
    float z[3], x[3], y[3];
    const float up[3] = {0, -1, 0};
    for (int i = 0; i < 3; i++)
        z[i] = -eye[i];
    hl_normalize3(z, z);
    hl_cross3(z, up, x);
    hl_normalize3(x, x);
    hl_cross3(z, x, y);
    hl_raster_view v = {
        .width = W, .height = H, .fx = 110, .fy = 112, .cx = 0.5f * W, .cy = 0.5f * H};
    for (int i = 0; i < 3; i++) {
        v.r[i] = x[i];
        v.r[3 + i] = y[i];
        v.r[6 + i] = z[i];
    }
    hl_mul3(v.r, eye, v.t);
    for (int i = 0; i < 3; i++)
        v.t[i] = -v.t[i];
    return v;
}

static void ray(const hl_raster_view *v, int px, int py, float eye[3], float d[3])
{
    float inv[9];
    const float c[3] = {((float)px + 0.5f - v->cx) / v->fx, ((float)py + 0.5f - v->cy) / v->fy, 1};
    hl_se3_inverse(v->r, v->t, inv, eye);
    hl_mul3(inv, c, d);
    hl_normalize3(d, d);
}

static hl_status acquire(void *ctx, int32_t index, hl_train_photo *photo)
{
    (void)ctx;
    *photo = (hl_train_photo){
        .target = {.width = W, .height = H, .channels = channels, .pixels = pixels[index]}};
    return HL_OK;
}

static void release(void *ctx, hl_train_photo *photo)
{
    (void)ctx;
    (void)photo;
}

static void set_scene(bool alpha)
{
    channels = alpha ? 4 : 3;
    for (int k = 0; k < VIEWS; k++)
        indices[k] = k;
    scene = (hl_train_scene){.view_count = VIEWS,
                             .views = views,
                             .names = names,
                             .train_count = VIEWS,
                             .train = indices,
                             .has_alpha = alpha,
                             .photos = {.acquire = acquire, .release = release}};
    hl_arena_init(&arena, 0, 0);
}

/* z = 0.2 x: texture of three waves in the plane's own coordinates. */
static void photograph_plane(int k)
{
    for (int py = 0; py < H; py++)
        for (int px = 0; px < W; px++) {
            float eye[3], d[3];
            ray(&views[k], px, py, eye, d);
            const float t = -(eye[2] - 0.2f * eye[0]) / (d[2] - 0.2f * d[0]);
            const float x = eye[0] + t * d[0], y = eye[1] + t * d[1];
            const float g = 0.5f + 0.2f * sinf(9 * x + 4 * y) + 0.15f * sinf(5 * x - 11 * y) +
                            0.1f * sinf(17 * x + 13 * y * x);
            for (int c = 0; c < 3; c++)
                pixels[k][3 * (py * W + px) + c] = (uint8_t)(255 * hl_clamp(g, 0, 1));
        }
}

static void sweep_finds_the_plane(void **state)
{
    (void)state;
    for (int k = 0; k < VIEWS; k++) {
        const float eye[3] = {(float)(k % 3 - 1) * 0.6f, (float)(k / 3 - 1) * 0.6f, -4};
        views[k] = look(eye);
        photograph_plane(k);
    }
    set_scene(false);
    hl_init_cloud cloud;
    check_ok(hl_init_points_from_photos(&cloud, &arena, &scene, 1000, 1));
    print_message("%d points\n", cloud.count);
    assert_true(cloud.count > 1500);
    int far = 0;
    for (int i = 0; i < cloud.count; i++) {
        const float *p = cloud.points + 3 * i;
        far += fabsf(p[2] - 0.2f * p[0]) > 0.15f;
    }
    assert_true(far < cloud.count / 50);

    hl_parallel_set_threads(3);
    hl_init_cloud again;
    check_ok(hl_init_points_from_photos(&again, &arena, &scene, 1000, 1));
    assert_int_equal(again.count, cloud.count);
    assert_memory_equal(again.points, cloud.points, (size_t)cloud.count * 3 * sizeof(float));
    hl_arena_release(&arena);
}

static void hull_holds_the_sphere(void **state)
{
    (void)state;
    for (int k = 0; k < VIEWS; k++) {
        const float a = 6.2831853f * (float)k / VIEWS;
        const float eye[3] = {4 * cosf(a), k % 2 ? 1.5f : -1.0f, 4 * sinf(a)};
        views[k] = look(eye);
        for (int i = 0; i < W * H; i++) {
            float e[3], d[3];
            ray(&views[k], i % W, i / W, e, d);
            const float along = hl_dot3(e, d), off = hl_dot3(e, e) - along * along;
            const uint8_t rgba[4] = {200, 100, 50, off < 1 ? 255 : 0};
            memcpy(pixels[k] + 4 * i, rgba, 4);
        }
    }
    set_scene(true);
    hl_init_cloud cloud;
    check_ok(hl_init_points_from_photos(&cloud, &arena, &scene, 1000, 1));
    assert_int_equal(cloud.count, 1000);
    double radius = 0;
    for (int i = 0; i < cloud.count; i++) {
        const float r = hl_length3(cloud.points + 3 * i);
        assert_true(r < 1.35f); /* nine silhouettes are not a sphere */
        radius += (double)r / cloud.count;
        assert_true(abs(cloud.colors[3 * i] - 200) <= 1 && abs(cloud.colors[3 * i + 2] - 50) <= 1);
    }
    assert_true(fabs(radius - 0.78) < 0.06); /* 3/4 for a full ball, a little more for the hull */
    hl_arena_release(&arena);
}

static void focus_is_where_the_axes_meet(void **state)
{
    (void)state;
    for (int k = 0; k < VIEWS; k++) {
        const float eye[3] = {(float)(k % 3 - 1), (float)(k / 3 - 1), -3};
        views[k] = look(eye);
        const float shift[3] = {1, 2, 3}; /* the world moved by this: t - R shift */
        float moved[3];
        hl_mul3(views[k].r, shift, moved);
        for (int i = 0; i < 3; i++)
            views[k].t[i] -= moved[i];
    }
    float focus[3];
    const float want[3] = {1, 2, 3};
    assert_true(hl_init_focus(focus, views, VIEWS));
    check_close(focus, want, 3, 1e-3, 0);
    for (int k = 1; k < VIEWS; k++)
        memcpy(views[k].r, views[0].r, sizeof views[0].r);
    assert_false(hl_init_focus(focus, views, VIEWS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweep_finds_the_plane),
        cmocka_unit_test(hull_holds_the_sphere),
        cmocka_unit_test(focus_is_where_the_axes_meet),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hl_parallel_shutdown();
    return failed;
}
