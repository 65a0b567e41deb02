/* SPDX-License-Identifier: MIT */
/* The multi-view terms over pictures: gradients against differences of the loss, nothing to say
 * where two views agree, and the same bytes for any number of threads. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/se3.h"
#include "raster/multi_view_loss.h"
#include "raster/surface_depth.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { W = 61, H = 43, STRIDE = 64, ROWS = 48, PLANE = STRIDE * ROWS };
enum { AT_NORMAL = 3, AT_DISTANCE = 6, COUNT = 7 };

/* Of length 1 and 2.6 from the world's origin, where the first camera's eye is. */
static const float normal[3] = {0.36f, 0.2f, -0.91126285f};
static const float k[4] = {60, 60, 30, 21};

typedef struct picture {
    float plane[COUNT + 1][PLANE]; /* then transmittance */
    uint8_t pixels[W * H * 3], mask[W * H];
    hl_raster_frame frame;
    hl_raster_view view;
    hl_loss_target target;
} picture;

static void place(picture *p, const float phi[3], const float eye[3])
{
    hl_raster_view v = {.width = W, .height = H, .fx = k[0], .fy = k[1], .cx = k[2], .cy = k[3]};
    float t[3];
    memset(p, 0, sizeof *p);
    hl_so3_exp(phi, v.r);
    hl_mul3(v.r, eye, t);
    for (int i = 0; i < 3; i++)
        v.t[i] = -t[i];
    p->view = v;
    p->frame = (hl_raster_frame){.width = W,
                                 .height = H,
                                 .stride = STRIDE,
                                 .rows = ROWS,
                                 .plane_count = COUNT,
                                 .depth_plane = -1,
                                 .normal_plane = AT_NORMAL,
                                 .feature_plane = -1,
                                 .depth_2_plane = -1,
                                 .distance_plane = AT_DISTANCE,
                                 .transmittance = p->plane[COUNT]};
    for (int i = 0; i < COUNT; i++)
        p->frame.plane[i] = p->plane[i];
    p->target = (hl_loss_target){W, H, 3, p->pixels, p->mask, NULL, NULL};
}

/* The textured plane behind some fog; what the frame says of it stands off by `off` and `noise`. */
static void draw(picture *p, const float phi[3], const float eye[3], float off, float noise)
{
    place(p, phi, eye);
    const float away = 2.6f + hl_dot3(normal, eye); /* of the eye from the plane */
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            hl_rng rng = hl_rng_at(4, 0, (uint64_t)(y * W + x), HL_RNG_TEST);
            const int at = y * STRIDE + x;
            const float alpha = 0.7f + 0.25f * hl_rng_uniform(&rng);
            float ray[3], point[3];
            hl_surface_ray(p->view.r, k, x, y, ray);
            const float z = away / -hl_dot3(normal, ray);
            for (int c = 0; c < 3; c++) {
                point[c] = eye[c] + z * ray[c];
                p->plane[AT_NORMAL + c][at] =
                    alpha * (normal[c] + 0.3f * noise * hl_rng_normal(&rng));
            }
            p->plane[AT_DISTANCE][at] =
                alpha * away * (1 + off + 0.1f * noise * hl_rng_normal(&rng));
            p->plane[COUNT][at] = 1 - alpha;
            const float grey = 0.5f + 0.2f * sinf(9 * point[0]) + 0.2f * cosf(8 * point[1]);
            memset(p->pixels + 3 * (y * W + x), (int)(255 * grey + 0.5f), 3);
            p->mask[y * W + x] = x < W - 12 || y > 6;
        }
}

static void draw_two(picture p[2], float off, float noise)
{
    const float none[3] = {0, 0, 0}, turn[3] = {0.02f, 0.12f, -0.04f}, eye[3] = {0.4f, -0.1f, 0};
    draw(&p[0], none, none, off, noise);
    draw(&p[1], turn, eye, 0, 0);
}

static hl_multi_view_loss *holding(const picture *p)
{
    hl_multi_view_loss *loss;
    check_ok(hl_multi_view_create(&loss));
    check_ok(hl_multi_view_hold(loss, &p->frame, &p->view, &p->target));
    return loss;
}

static double loss_of(hl_multi_view_loss *loss, picture *p, const hl_multi_view_options *o,
                      hl_multi_view_result *counts)
{
    hl_loss_result r = {.loss = 0};
    check_ok(hl_multi_view_run(loss, &p->frame, &p->view, &p->target, o, &r, counts));
    return r.loss;
}

static void check_plane(hl_multi_view_loss *loss, picture *p, const hl_multi_view_options *o,
                        float *value, const float *grad, float h)
{
    double error = 0, norm = 0;
    for (int i = 0; i < 50; i++) { /* some samples */
        const int x = 1 + 2 * ((7 * i + 3) % 25 + 2), y = 2 * ((5 * i + 1) % 18 + 2);
        const int at = y * STRIDE + x;
        const float keep = value[at];
        value[at] = keep + h;
        const double up = loss_of(loss, p, o, NULL), top = (double)value[at];
        value[at] = keep - h;
        const double down = loss_of(loss, p, o, NULL), bottom = (double)value[at];
        value[at] = keep;
        const double want = (up - down) / (top - bottom);
        error += ((double)grad[at] - want) * ((double)grad[at] - want);
        norm += want * want;
    }
    print_message("relative error %.2g, norm %.2g\n", sqrt(error / norm), sqrt(norm));
    assert_true(norm > 0 && sqrt(error / norm) < 5e-2); /* kinks between pixels */
}

static void gradients(picture p[2], hl_multi_view_options o, float h)
{
    hl_loss_result r = {.loss = 0};
    hl_multi_view_loss *loss = holding(&p[1]), *other = holding(&p[1]);
    o.stride = 2;
    o.first_x = 1;
    check_ok(hl_multi_view_run(loss, &p[0].frame, &p[0].view, &p[0].target, &o, &r, NULL));
    for (int c = 0; c < 3; c++)
        check_plane(other, &p[0], &o, p[0].plane[AT_NORMAL + c], r.grad.plane[AT_NORMAL + c], h);
    check_plane(other, &p[0], &o, p[0].plane[AT_DISTANCE], r.grad.plane[AT_DISTANCE], h);
    for (int i = 0; i < PLANE; i += 2) /* pixels between the samples are left alone */
        assert_true(r.grad.plane[AT_DISTANCE][i] == 0);
    hl_multi_view_destroy(&loss);
    hl_multi_view_destroy(&other);
}

static void gradient_of_the_way_back(void **state)
{
    (void)state;
    static picture p[2];
    draw_two(p, 0.01f, 0.003f);
    gradients(p, (hl_multi_view_options){.geometric = 100}, 2e-4f);
}

/* Where the way back is exact its weight, which is held, falls alike to both sides. */
static void gradient_of_the_match(void **state)
{
    (void)state;
    static picture p[2];
    draw_two(p, 0, 0);
    for (int i = 0; i < W * H; i++) /* another photo: something to gain */
        p[0].pixels[3 * i + 1] = (uint8_t)(p[0].pixels[3 * i] + 30 * (i % 9 > 4));
    gradients(p, (hl_multi_view_options){.photometric = 100}, 1e-3f);
}

static void views_that_agree_have_nothing_to_say(void **state)
{
    (void)state;
    static picture p[2];
    const hl_multi_view_options o = {.geometric = 1, .photometric = 1, .stride = 1};
    hl_multi_view_result right, wrong;
    draw_two(p, 0, 0);
    hl_multi_view_loss *loss = holding(&p[1]);
    const double least = loss_of(loss, &p[0], &o, &right);
    print_message("loss %.4f, error %.4f px, NCC %.4f of %d of %d pixels\n", least, right.error,
                  right.ncc, (int)right.matched, (int)right.pixels);
    assert_true(right.error < 1e-3 && right.ncc > 0.99);
    assert_true(right.returned > 1300 && right.matched > 1000 && right.pixels < W * H);
    draw_two(p, 0.01f, 0);
    assert_true(loss_of(loss, &p[0], &o, &wrong) > 10 * least);
    assert_true(wrong.error > 0.05 && wrong.ncc < right.ncc);
    hl_multi_view_destroy(&loss);
}

/* Surfaces beyond and before the plane go back to it. */
static void the_slope_leads_back(void **state)
{
    (void)state;
    static picture p[2];
    static const hl_multi_view_options o[2] = {{.geometric = 1, .stride = 1},
                                               {.photometric = 1, .stride = 1}};
    for (int term = 0; term < 2; term++)
        for (int side = -1; side <= 1; side += 2) {
            hl_loss_result r = {.loss = 0};
            double slope = 0;
            draw_two(p, 0.01f * (float)side, 0);
            hl_multi_view_loss *loss = holding(&p[1]);
            check_ok(
                hl_multi_view_run(loss, &p[0].frame, &p[0].view, &p[0].target, &o[term], &r, NULL));
            for (int i = 0; i < PLANE; i++)
                slope += (double)r.grad.plane[AT_DISTANCE][i];
            assert_true(slope * side > 0);
            hl_multi_view_destroy(&loss);
        }
}

/* Patches that touch what is masked or transparent, in either photo, match nothing. */
static void nothing_to_match(void **state)
{
    (void)state;
    static picture p[2];
    static uint8_t rgba[W * H * 4];
    const hl_multi_view_options o = {.geometric = 1, .photometric = 1, .stride = 1};
    hl_multi_view_result all, fewer;
    draw_two(p, 0, 0);
    for (int side = 0; side < 2; side++)
        p[side].target.mask = NULL;
    hl_multi_view_loss *loss = holding(&p[1]);
    loss_of(loss, &p[0], &o, &all);
    memset(p[0].mask, 1, sizeof p[0].mask);
    p[0].mask[20 * W + 35] = 0; /* one pixel */
    p[0].target.mask = p[0].mask;
    loss_of(loss, &p[0], &o, &fewer);
    assert_int_equal(all.matched - fewer.matched, 49);
    assert_int_equal(all.returned - fewer.returned, 1);
    p[0].target.mask = NULL;
    for (int i = 0; i < 4 * W * H; i++)
        rgba[i] = i % 4 < 3 ? p[1].pixels[i / 4 * 3 + i % 4] : 255;
    p[1].target.channels = 4;
    p[1].target.pixels = rgba;
    check_ok(hl_multi_view_hold(loss, &p[1].frame, &p[1].view, &p[1].target));
    loss_of(loss, &p[0], &o, &fewer);
    assert_int_equal(all.matched, fewer.matched);
    rgba[4 * (20 * W + 30) + 3] = 100;
    check_ok(hl_multi_view_hold(loss, &p[1].frame, &p[1].view, &p[1].target));
    loss_of(loss, &p[0], &o, &fewer);
    assert_true(all.matched - fewer.matched > 40 && all.matched - fewer.matched < 100);
    assert_int_equal(all.returned, fewer.returned);
    hl_multi_view_destroy(&loss);
}

static void adds_to_what_was_there(void **state)
{
    (void)state;
    static picture p[2];
    static float before[PLANE];
    const hl_multi_view_options o = {.geometric = 1, .photometric = 1, .stride = 1};
    hl_loss_result a = {.loss = 0}, b = {.loss = 2};
    const int at = 20 * STRIDE + 30;
    draw_two(p, 0.01f, 0.01f);
    hl_multi_view_loss *loss = holding(&p[1]);
    for (int i = 0; i < PLANE; i++)
        before[i] = 0.25f;
    check_ok(hl_multi_view_run(loss, &p[0].frame, &p[0].view, &p[0].target, &o, &a, NULL));
    const float alone = a.grad.plane[AT_DISTANCE][at];
    b.grad.plane[AT_DISTANCE] = before;
    check_ok(hl_multi_view_run(loss, &p[0].frame, &p[0].view, &p[0].target, &o, &b, NULL));
    assert_true(fabs(b.loss - a.loss - 2) < 1e-9);
    assert_true(fabsf(b.grad.plane[AT_DISTANCE][at] - alone - 0.25f) < 1e-6f);
    hl_multi_view_destroy(&loss);
}

static void same_bytes_for_any_threads(void **state)
{
    (void)state;
    static picture p[2];
    static float first[PLANE];
    const hl_multi_view_options o = {.geometric = 1, .photometric = 1, .stride = 1};
    double value = 0;
    draw_two(p, 0.01f, 0.02f);
    for (int threads = 1; threads <= 3; threads++) {
        hl_loss_result r = {.loss = 0};
        hl_parallel_set_threads(threads);
        hl_multi_view_loss *loss = holding(&p[1]);
        check_ok(hl_multi_view_run(loss, &p[0].frame, &p[0].view, &p[0].target, &o, &r, NULL));
        if (threads == 1) {
            memcpy(first, r.grad.plane[AT_DISTANCE], sizeof first);
            value = r.loss;
        }
        assert_true(value == r.loss && value > 0);
        assert_memory_equal(first, r.grad.plane[AT_DISTANCE], sizeof first);
        hl_multi_view_destroy(&loss);
    }
    hl_parallel_set_threads(0);
}

/* The n-th allocation fails, for all n; afterwards the same loss works and takes no more memory. */
static void memory(void **state)
{
    (void)state;
    static picture p[2];
    const hl_multi_view_options o = {.geometric = 1, .photometric = 1, .stride = 1};
    hl_multi_view_loss *loss;
    int failed = 0;
    draw_two(p, 0, 0);
    check_ok(hl_multi_view_create(&loss));
    for (uint64_t n = 1;; n++) {
        hl_loss_result r = {.loss = 0};
        hl_alloc_fail_at(n);
        hl_status s = hl_multi_view_hold(loss, &p[1].frame, &p[1].view, &p[1].target);
        if (s == HL_OK)
            s = hl_multi_view_run(loss, &p[0].frame, &p[0].view, &p[0].target, &o, &r, NULL);
        hl_alloc_fail_at(0);
        if (s == HL_OK)
            break;
        assert_int_equal(s, HL_E_MEMORY);
        failed++;
        hl_multi_view_destroy(&loss);
        check_ok(hl_multi_view_create(&loss));
    }
    assert_int_equal(failed, 5); /* planes and greys of two pictures, sums */
    const uint64_t before = hl_alloc_count();
    check_ok(hl_multi_view_hold(loss, &p[1].frame, &p[1].view, &p[1].target));
    assert_true(loss_of(loss, &p[0], &o, NULL) > 0);
    assert_true(hl_alloc_count() == before);
    hl_multi_view_destroy(&loss);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static picture p[2];
    hl_multi_view_options o = {.geometric = 1, .stride = 1};
    hl_loss_result r = {.loss = 0};
    hl_multi_view_loss *loss;
    draw_two(p, 0, 0);
    const hl_raster_frame *f = &p[0].frame;
    const hl_loss_target *t = &p[0].target;
    check_ok(hl_multi_view_create(&loss));
    check_fails(hl_multi_view_run(loss, f, &p[0].view, t, &o, &r, NULL), "no neighbour");
    check_ok(hl_multi_view_hold(loss, f, &p[0].view, t));
    o.first_x = 1;
    check_fails(hl_multi_view_run(loss, f, &p[0].view, t, &o, &r, NULL), "squares of 1");
    p[0].target.width--;
    check_fails(hl_multi_view_hold(loss, f, &p[0].view, t), "60x43");
    p[0].frame.distance_plane = -1;
    check_fails(hl_multi_view_run(loss, f, &p[0].view, t, &o, &r, NULL), "distances");
    hl_multi_view_destroy(&loss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_of_the_way_back),
        cmocka_unit_test(gradient_of_the_match),
        cmocka_unit_test(views_that_agree_have_nothing_to_say),
        cmocka_unit_test(the_slope_leads_back),
        cmocka_unit_test(nothing_to_match),
        cmocka_unit_test(adds_to_what_was_there),
        cmocka_unit_test(same_bytes_for_any_threads),
        cmocka_unit_test(memory),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
