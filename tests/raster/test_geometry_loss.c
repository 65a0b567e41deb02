/* SPDX-License-Identifier: MIT */
/* The geometry terms over a picture: gradients of every plane against differences of the loss,
 * zero where a plane is one, and the same bytes for any number of threads. */
#include "core/parallel.h"
#include "core/rng.h"
#include "raster/geometry_loss.h"
#include "raster/surface_depth.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { W = 37, H = 21, STRIDE = 48, ROWS = 32, PLANE = STRIDE * ROWS };
enum { AT_DEPTH = 3, AT_NORMAL = 4, AT_DEPTH_2 = 7, AT_DISTANCE = 8, COUNT = 9 };

typedef struct picture {
    float plane[COUNT + 1][PLANE]; /* then transmittance */
    uint8_t pixels[W * H * 4], mask[W * H];
    hl_raster_frame frame;
    hl_raster_view view;
    hl_loss_target target;
} picture;

/* A tilted plane behind some fog, rough by `noise`. */
static void draw(picture *p, float noise)
{
    memset(p, 0, sizeof *p);
    p->view = (hl_raster_view){.width = W,
                               .height = H,
                               .fx = 40,
                               .fy = 40,
                               .cx = 18,
                               .cy = 10,
                               .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    p->frame = (hl_raster_frame){.width = W,
                                 .height = H,
                                 .stride = STRIDE,
                                 .rows = ROWS,
                                 .plane_count = COUNT,
                                 .depth_plane = AT_DEPTH,
                                 .normal_plane = AT_NORMAL,
                                 .feature_plane = -1,
                                 .depth_2_plane = AT_DEPTH_2,
                                 .distance_plane = AT_DISTANCE,
                                 .transmittance = p->plane[COUNT]};
    for (int i = 0; i < COUNT; i++)
        p->frame.plane[i] = p->plane[i];
    const float normal[3] = {0.4f, 0.2f, -0.8944272f}, k[4] = {40, 40, 18, 10};
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            hl_rng rng = hl_rng_at(3, 0, (uint64_t)(y * W + x), HL_RNG_TEST);
            const int at = y * STRIDE + x;
            const float alpha = 0.7f + 0.25f * hl_rng_uniform(&rng);
            float ray[3], n[3];
            hl_surface_ray(p->view.r, k, x, y, ray);
            for (int c = 0; c < 3; c++)
                n[c] = alpha * (normal[c] + noise * hl_rng_normal(&rng));
            const float distance = alpha * 2.7f * (1 + 0.1f * noise * hl_rng_normal(&rng));
            const float z = 2.7f / -hl_dot3(normal, ray);
            for (int c = 0; c < 3; c++)
                p->plane[AT_NORMAL + c][at] = n[c];
            p->plane[AT_DISTANCE][at] = distance;
            p->plane[AT_DEPTH][at] = alpha * z;
            p->plane[AT_DEPTH_2][at] = alpha * z * z * (1 + noise * hl_rng_uniform(&rng));
            p->plane[COUNT][at] = 1 - alpha;
            p->pixels[4 * (y * W + x) + 3] = (uint8_t)(hl_rng_uniform(&rng) * 255);
            p->mask[y * W + x] = hl_rng_uniform(&rng) > 0.1f;
        }
    p->target = (hl_loss_target){W, H, 4, p->pixels, p->mask, NULL, NULL};
}

static double loss_of(hl_geometry_loss *loss, picture *p, const hl_geometry_loss_options *o)
{
    hl_loss_result r = {.loss = 0};
    check_ok(hl_geometry_loss_run(loss, &p->frame, &p->view, &p->target, o, &r));
    return r.loss;
}

static void check_plane(hl_geometry_loss *loss, picture *p, const hl_geometry_loss_options *o,
                        float *value, const float *grad, float sign)
{
    double error = 0, norm = 0;
    for (int i = 0; i < 60; i++) { /* some pixels */
        const int x = (7 * i + 3) % W, y = (5 * i + 1) % H, at = y * STRIDE + x;
        const float keep = value[at], h = 5e-4f;
        value[at] = keep + h;
        const double up = loss_of(loss, p, o), top = (double)value[at];
        value[at] = keep - h;
        const double down = loss_of(loss, p, o), bottom = (double)value[at];
        value[at] = keep;
        const double want = (double)sign * (up - down) / (top - bottom);
        error += ((double)grad[at] - want) * ((double)grad[at] - want);
        norm += want * want;
    }
    print_message("relative error %.2g, norm %.2g\n", sqrt(error / norm), sqrt(norm));
    assert_true(norm > 0 && sqrt(error / norm) < 2e-2);
}

static void gradients(const hl_geometry_loss_options *o, bool normals, bool depths)
{
    static picture p;
    hl_geometry_loss *loss, *other;
    hl_loss_result r = {.loss = 0};
    draw(&p, 0.003f);
    check_ok(hl_geometry_loss_create(&loss));
    check_ok(hl_geometry_loss_create(&other));
    check_ok(hl_geometry_loss_run(loss, &p.frame, &p.view, &p.target, o, &r));
    check_plane(other, &p, o, p.plane[COUNT], r.grad.alpha, -1);
    for (int c = 0; normals && c < 3; c++)
        check_plane(other, &p, o, p.plane[AT_NORMAL + c], r.grad.plane[AT_NORMAL + c], 1);
    if (normals)
        check_plane(other, &p, o, p.plane[AT_DISTANCE], r.grad.plane[AT_DISTANCE], 1);
    if (depths) {
        check_plane(other, &p, o, p.plane[AT_DEPTH], r.grad.plane[AT_DEPTH], 1);
        check_plane(other, &p, o, p.plane[AT_DEPTH_2], r.grad.plane[AT_DEPTH_2], 1);
    }
    hl_geometry_loss_destroy(&loss);
    hl_geometry_loss_destroy(&other);
}

static void gradient_of_consistency(void **state)
{
    (void)state;
    gradients(&(hl_geometry_loss_options){.consistency = 100}, true, false);
}

static void gradient_of_distortion(void **state)
{
    (void)state;
    gradients(&(hl_geometry_loss_options){.distortion = 100}, false, true);
}

static void gradient_of_mask(void **state)
{
    (void)state;
    gradients(&(hl_geometry_loss_options){.mask = 100}, false, false);
}

static void a_plane_is_consistent(void **state)
{
    (void)state;
    static picture p;
    hl_geometry_loss *loss;
    draw(&p, 0);
    check_ok(hl_geometry_loss_create(&loss));
    const hl_geometry_loss_options o = {.consistency = 1};
    assert_true(fabs(loss_of(loss, &p, &o)) < 1e-6);
    for (int i = 0; i < PLANE; i++) /* and one that claims another normal is not */
        p.plane[AT_NORMAL][i] *= 0.5f;
    assert_true(loss_of(loss, &p, &o) > 1e-3);
    hl_geometry_loss_destroy(&loss);
}

/* What the photometric loss left is kept. */
static void adds_to_what_was_there(void **state)
{
    (void)state;
    static picture p;
    static float before[PLANE];
    hl_geometry_loss *loss;
    draw(&p, 0.02f);
    for (int i = 0; i < PLANE; i++)
        before[i] = 0.25f;
    check_ok(hl_geometry_loss_create(&loss));
    const hl_geometry_loss_options o = {.consistency = 1, .distortion = 1, .mask = 1};
    hl_loss_result a = {.loss = 0}, b = {.loss = 2};
    float alone[3];
    const int at = 9 * STRIDE + 11;
    check_ok(hl_geometry_loss_run(loss, &p.frame, &p.view, &p.target, &o, &a));
    alone[0] = a.grad.alpha[at];
    alone[1] = a.grad.plane[AT_NORMAL][at];
    alone[2] = a.grad.plane[AT_DEPTH][at];
    b.grad.alpha = b.grad.plane[AT_NORMAL] = b.grad.plane[AT_DEPTH] = before;
    check_ok(hl_geometry_loss_run(loss, &p.frame, &p.view, &p.target, &o, &b));
    assert_true(fabs(b.loss - a.loss - 2) < 1e-9);
    assert_true(fabsf(b.grad.alpha[at] - alone[0] - 0.25f) < 1e-6f);
    assert_true(fabsf(b.grad.plane[AT_NORMAL][at] - alone[1] - 0.25f) < 1e-6f);
    assert_true(fabsf(b.grad.plane[AT_DEPTH][at] - alone[2] - 0.25f) < 1e-6f);
    hl_geometry_loss_destroy(&loss);
}

static void same_bytes_for_any_threads(void **state)
{
    (void)state;
    static picture p;
    static float first[PLANE];
    hl_geometry_loss *loss;
    double value = 0;
    draw(&p, 0.05f);
    check_ok(hl_geometry_loss_create(&loss));
    const hl_geometry_loss_options o = {.consistency = 1, .distortion = 1, .mask = 1};
    for (int threads = 1; threads <= 3; threads++) {
        hl_loss_result r = {.loss = 0};
        hl_parallel_set_threads(threads);
        check_ok(hl_geometry_loss_run(loss, &p.frame, &p.view, &p.target, &o, &r));
        if (threads == 1) {
            memcpy(first, r.grad.plane[AT_DISTANCE], sizeof first);
            value = r.loss;
        }
        assert_true(value == r.loss);
        assert_memory_equal(first, r.grad.plane[AT_DISTANCE], sizeof first);
    }
    hl_parallel_set_threads(0);
    hl_geometry_loss_destroy(&loss);
}

static void missing_outputs_are_named(void **state)
{
    (void)state;
    static picture p;
    hl_geometry_loss *loss;
    hl_loss_result r = {.loss = 0};
    draw(&p, 0);
    check_ok(hl_geometry_loss_create(&loss));
    p.frame.distance_plane = -1;
    const hl_geometry_loss_options o = {.consistency = 1};
    assert_int_equal(hl_geometry_loss_run(loss, &p.frame, &p.view, &p.target, &o, &r), HL_E_ARG);
    assert_non_null(strstr(hl_last_error(), "distances"));
    hl_geometry_loss_destroy(&loss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_of_consistency),   cmocka_unit_test(gradient_of_distortion),
        cmocka_unit_test(gradient_of_mask),          cmocka_unit_test(a_plane_is_consistent),
        cmocka_unit_test(adds_to_what_was_there),    cmocka_unit_test(same_bytes_for_any_threads),
        cmocka_unit_test(missing_outputs_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
