/* SPDX-License-Identifier: MIT */
/* Splats at the edge of what is drawn, each instruction set against the double reference: near
 * plane, needles, flat and huge splats, weakest opacity, tile edges, crowded pixels, equal depth.
 */
#define HL_REAL double
#include "tests/raster/twin.h"

/* Writes one parameter of the reference and of its twin. */
static void put(const double *ref, float *own, size_t i, double value)
{
    own[i] = (float)value;
    ((double *)(uintptr_t)ref)[i] = (double)own[i];
}

/* Splat i to x in the camera frame. */
static void place(twin *t, size_t i, const double x_in_camera[3])
{
    double x[3], world[3];
    for (int k = 0; k < 3; k++)
        x[k] = x_in_camera[k] - t->ref.projector.t[k];
    hl_mul3_t(t->ref.projector.r, x, world);
    for (size_t k = 0; k < 3; k++)
        put(t->ref.mean, t->splats.mean, 3 * i + k, world[k]);
}

static void shape(twin *t, size_t i, double a, double b, double c)
{
    const double log_scale[3] = {a, b, c};
    for (size_t k = 0; k < 3; k++)
        put(t->ref.log_scale, t->splats.log_scale, 3 * i + k, log_scale[k]);
}

/* An unturned camera whose numbers are exact in float: x y of a splat at z = 4 are pixels / 16. */
static void exact_camera(twin *t)
{
    const hl_raster_view v = {.width = t->view.width,
                              .height = t->view.height,
                              .fx = 64,
                              .fy = 64,
                              .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    const double size[2] = {v.width, v.height}, k[4] = {64, 64, 0, 0}, zero[3] = {0, 0, 0};
    const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    t->view = v;
    hl_projector_init(&t->ref.projector, size, k, identity, zero, t->options.antialiased);
}

typedef void (*alter)(twin *t);

static void run(scene_size size, uint64_t seed, alter change)
{
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
        twin t;
        twin_create(&t, size, seed, 0);
        change(&t);
        twin_compare(&t, (hl_isa)isa);
        hl_arena_release(&t.arena);
    }
}

static void near_plane(twin *t)
{
    for (size_t i = 0; i < 10; i++) {
        const double z = i % 2 ? 0.0101 : 0.0099;
        const double x[3] = {0.002 * (double)i - 0.01, 0.001 * (double)i, z};
        place(t, i, x);
        shape(t, i, -6.5, -7, -6);
    }
    const double behind[3] = {0.1, 0.1, -3}, at[3] = {0.1, 0, 0};
    place(t, 10, behind);
    place(t, 11, at);
}

static void splats_at_the_near_plane_and_behind(void **state)
{
    (void)state;
    run((scene_size){30, 40, 30, 2, 3, 0}, 41, near_plane);
    run((scene_size){30, 40, 30, 0, 3, 1}, 41, near_plane);
}

static void thin_ones(twin *t)
{
    t->tolerance = 5e-3; /* q is a small difference of large floats along a needle */
    t->tolerance_forward = 1e-4;
    for (size_t i = 0; i < 24; i++) {
        put(t->ref.logit_opa, t->splats.logit_opa, i, 2);
        if (i % 3 == 0)
            shape(t, i, 0.5, -6, -6.5);
        else if (i % 3 == 1)
            shape(t, i, -0.5, -0.7, -9);
        else
            shape(t, i, -8, -1, -8);
    }
}

static void needles_and_flat_splats(void **state)
{
    (void)state;
    run((scene_size){24, 70, 50, 1, 3, 0}, 42, thin_ones);
    run((scene_size){24, 70, 50, 1, 3, 1}, 43, thin_ones);
}

/* One needle across the picture, ever longer: each gradient by itself.  A formula that forms
 * dL/dS2 in float gets even the sign of the long axis wrong from 100 px on. */
static void long_needle(twin *t, double log_length)
{
    const double x[3] = {0.02, 0.05, 3};
    t->options.filter_3d = NULL;
    t->ref.filter_3d = NULL;
    place(t, 0, x);
    shape(t, 0, log_length, -5.5, -5);
    put(t->ref.logit_opa, t->splats.logit_opa, 0, 1);
}

static void gradient_of_long_needles(void **state)
{
    (void)state;
    for (int antialiased = 0; antialiased < 2; antialiased++)
        for (int k = 0; k < 4; k++) {
            twin t;
            hl_raster *r = NULL;
            hl_raster_frame frame;
            twin_create(&t, (scene_size){1, 160, 160, 0, 0, antialiased}, 7, 0);
            long_needle(&t, -1.5 + k); /* 10, 27, 75, 203 px in 160 px */
            check_ok(hl_raster_create(&r, "cpu", HL_ISA_AUTO));
            hl_raster_frame_grad g = {.alpha = t.d_alpha};
            memcpy(g.plane, t.d_plane, sizeof g.plane);
            hl_raster_sink sink = {.grad = &t.grad};
            check_ok(hl_raster_forward(r, &t.splats, &t.view, &t.options, &frame));
            check_ok(hl_raster_backward(r, &t.splats, &g, &sink));
            hl_reference_forward(&t.ref);
            hl_reference_backward(&t.ref);
            for (size_t c = 0; c < 3; c++) {
                const double got = (double)t.grad.log_scale[c], want = t.ref.d_log_scale[c];
                check_close(&got, &want, 1, 0.02, 1e-3);
            }
            /* a small difference of large floats: z^2 among the planes makes them larger */
            twin_check(t.grad.quat, t.ref.d_quat, 4, 3e-3, "quat");
            twin_check(t.grad.mean, t.ref.d_mean, 3, 1e-3, "mean");
            hl_raster_destroy(&r);
            hl_arena_release(&t.arena);
        }
}

static void no_thickness(twin *t)
{
    for (size_t i = 0; i < 12; i++)
        shape(t, i, -1, -1, i % 2 ? -120 : -1); /* exp() is 0 in float */
    for (size_t k = 0; k < 4; k++)
        put(t->ref.quat, t->splats.quat, 4 + k, 0);
    t->options.filter_3d = NULL;
    t->ref.filter_3d = NULL;
}

static void zero_scale_and_zero_quaternion(void **state)
{
    (void)state;
    run((scene_size){12, 40, 40, 0, 2, 0}, 44, no_thickness);
}

static void huge_ones(twin *t)
{
    for (size_t i = 0; i < 6; i++)
        shape(t, i, 3 + (double)i, 2, 4);
    shape(t, 6, 30, 30, 30);
    shape(t, 7, 80, 1, 1);
}

static void huge_splats(void **state)
{
    (void)state;
    run((scene_size){20, 50, 40, 0, 1, 0}, 45, huge_ones);
}

/* Opacities just above and below what one pixel centre can show. */
static void weak_ones(twin *t)
{
    exact_camera(t);
    t->options.filter_3d = NULL;
    t->ref.filter_3d = NULL;
    for (size_t i = 0; i < 40; i++) {
        const double x[3] = {((double)(i % 8) * 5 + 0.5) / 16, ((double)(i / 8) * 6 + 0.5) / 16, 4};
        const double o = (1 + ((double)i - 19.5) * 1e-4) / 255;
        place(t, i, x);
        shape(t, i, -2.5, -3, -2);
        put(t->ref.logit_opa, t->splats.logit_opa, i, log(o / (1 - o)));
    }
}

static void opacity_around_the_weakest(void **state)
{
    (void)state;
    run((scene_size){40, 40, 30, 1, 0, 0}, 46, weak_ones);
}

static void edge_ones(twin *t)
{
    static const double at[8] = {0, 0.5, 15.5, 16, 16.5, 31.5, 32, 48};
    exact_camera(t);
    for (size_t i = 0; i < 64; i++) {
        const double x[3] = {at[i % 8] / 16, at[i / 8] / 16, 4};
        place(t, i, x);
        shape(t, i, -4 - (double)(i % 3), -4, -5);
    }
}

static void means_on_tile_edges(void **state)
{
    (void)state;
    run((scene_size){64, 48, 48, 2, 2, 0}, 47, edge_ones);
    run((scene_size){64, 47, 33, 0, 2, 1}, 48, edge_ones);
}

/* One depth, one place, alpha just above the weakest: as many as fit before the pixel stops. */
static void crowd(twin *t)
{
    exact_camera(t);
    t->tolerance = 2e-3; /* the pose: thousands of terms that nearly cancel */
    for (size_t i = 0; i < (size_t)t->ref.count; i++) {
        const double x[3] = {1.5 / 16, 2.5 / 16, 4};
        const double o = (1.5 + (double)(i % 7)) / 255;
        place(t, i, x);
        shape(t, i, -4, -4, -4);
        put(t->ref.logit_opa, t->splats.logit_opa, i, log(o / (1 - o)));
    }
    t->ref.filter_3d = NULL;
    t->options.filter_3d = NULL;
}

static void ten_thousand_splats_on_one_pixel(void **state)
{
    (void)state;
    run((scene_size){10000, 4, 5, 0, 1, 0}, 49, crowd);
}

static void one_depth(twin *t)
{
    exact_camera(t);
    for (size_t i = 0; i < (size_t)t->ref.count; i++) {
        hl_rng rng = hl_rng_at(50, 0, i, HL_RNG_TEST);
        const double x[3] = {hl_rng_uniform(&rng), 1.25 * hl_rng_uniform(&rng), 4};
        place(t, i, x);
        shape(t, i, -4, -4, -4);
        put(t->ref.logit_opa, t->splats.logit_opa, i, -4 + hl_rng_uniform(&rng));
    }
    t->ref.filter_3d = NULL;
    t->options.filter_3d = NULL;
}

/* More than one block of every stage: the order of storage must hold throughout. */
static void equal_depth_keeps_storage_order(void **state)
{
    (void)state;
    run((scene_size){17000, 16, 20, 0, 0, 0}, 51, one_depth);
}

static void opaque_wall(twin *t)
{
    for (size_t i = 0; i < (size_t)t->ref.count; i++) {
        put(t->ref.logit_opa, t->splats.logit_opa, i, 4 + (double)(i % 9) * 10);
        shape(t, i, 0, 0, 0);
    }
}

/* Every alpha at its maximum: pixels stop after the second splat, no gradient through alpha. */
static void opaque_splats(void **state)
{
    (void)state;
    run((scene_size){25, 35, 35, 1, 2, 0}, 52, opaque_wall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splats_at_the_near_plane_and_behind),
        cmocka_unit_test(needles_and_flat_splats),
        cmocka_unit_test(gradient_of_long_needles),
        cmocka_unit_test(zero_scale_and_zero_quaternion),
        cmocka_unit_test(huge_splats),
        cmocka_unit_test(opacity_around_the_weakest),
        cmocka_unit_test(means_on_tile_edges),
        cmocka_unit_test(ten_thousand_splats_on_one_pixel),
        cmocka_unit_test(equal_depth_keeps_storage_order),
        cmocka_unit_test(opaque_splats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
