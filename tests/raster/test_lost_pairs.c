/* SPDX-License-Identifier: MIT */
/* One splat at a time through the whole backend, each instruction set, against every pixel of the
 * picture in double: where alpha clearly counts there is colour, where it clearly does not there is
 * none, whatever culling, tiles and rows think. */
#define HL_REAL double
#include "core/rng.h"
#include "raster/blend.h"
#include "raster/project.h"
#include "raster/raster.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

typedef struct single {
    hl_arena arena;
    hl_splats splats;
    hl_raster_view view;
    hl_raster_options options;
    hl_geometry g;
    int32_t shown, lost, stray;
    double worst; /* |alpha - its value in double| */
} single;

static void single_create(single *s, int32_t width, int32_t height)
{
    memset(s, 0, sizeof *s);
    hl_arena_init(&s->arena, 0, 0);
    check_ok(hl_splats_init(&s->splats, &s->arena, 1));
    s->splats.count = 1;
    s->view = (hl_raster_view){
        .width = width, .height = height, .fx = 512, .fy = 512, .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
}

/* Footprint of about s by t px, turned, at pixel x y. */
static void single_place(single *s, double x, double y, double axes[3], double opacity)
{
    float *mean = s->splats.mean, *ls = s->splats.log_scale, *q = s->splats.quat;
    const double z = 4;
    mean[0] = (float)(x / 512 * z);
    mean[1] = (float)(y / 512 * z);
    mean[2] = (float)z;
    ls[0] = (float)log(axes[0] * z / 512);
    ls[1] = (float)log(axes[1] * z / 512);
    ls[2] = (float)log(axes[1] * z / 512);
    q[0] = (float)cos(axes[2] / 2);
    q[1] = q[2] = 0;
    q[3] = (float)sin(axes[2] / 2);
    s->splats.logit_opa[0] = (float)log(opacity / (1 - opacity));
    for (int k = 0; k < 3; k++) {
        s->g.mean[k] = (double)mean[k];
        s->g.log_scale[k] = (double)ls[k];
    }
    for (int k = 0; k < 4; k++)
        s->g.quat[k] = (double)q[k];
    s->g.logit_opa = (double)s->splats.logit_opa[0];
}

static void single_check(single *s, hl_raster *r)
{
    const double size[2] = {s->view.width, s->view.height}, zero[3] = {0, 0, 0};
    const double k[4] = {512, 512, 0, 0}, identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    hl_projector p;
    hl_footprint f = {.depth = 0};
    hl_raster_frame frame;
    hl_projector_init(&p, size, k, identity, zero, s->options.antialiased);
    const int drawn = hl_project(&p, &s->g, &f);
    check_ok(hl_raster_forward(r, &s->splats, &s->view, &s->options, &frame));
    for (int32_t y = 0; y < frame.height; y++)
        for (int32_t x = 0; x < frame.width; x++) {
            int clamped;
            double want = 0;
            if (drawn)
                want = hl_pair_alpha(x + 0.5 - f.mu[0], y + 0.5 - f.mu[1], f.conic, f.opacity,
                                     &clamped);
            const double got =
                1 - (double)frame.transmittance[(size_t)y * (size_t)frame.stride + (size_t)x];
            s->shown += got > 0;
            s->lost += got == 0 && want > 1.002 / 255;
            s->stray += got > 0 && want == 0 && got > 1.002 / 255;
            if (got > 0 && want > 0)
                s->worst = fmax(s->worst, fabs(got - want));
        }
}

/* Just outside the narrow end of a wide picture, where rays are so oblique that the footprint is
 * many times the splat: culling must not be hasty. */
static void oblique_one(single *s, uint64_t i)
{
    hl_rng rng = hl_rng_at(2, 0, i, HL_RNG_TEST);
    double axes[3] = {15 + 10 * hl_rng_uniform(&rng), 15, 3.2 * hl_rng_uniform(&rng)};
    const int wide = s->view.width > s->view.height;
    const double along = (wide ? s->view.width : s->view.height) + 1500 * hl_rng_uniform(&rng);
    s->options.antialiased = 0;
    single_place(s, wide ? along : 1.5, wide ? 1.5 : along, axes, 0.9);
}

static void random_one(single *s, uint64_t i)
{
    hl_rng rng = hl_rng_at(1, 0, i, HL_RNG_TEST);
    double axes[3] = {exp(6 * hl_rng_uniform(&rng) - 3), exp(4 * hl_rng_uniform(&rng) - 3),
                      3.2 * hl_rng_uniform(&rng)};
    double x = s->view.width * (1.6 * hl_rng_uniform(&rng) - 0.3);
    double y = s->view.height * (1.6 * hl_rng_uniform(&rng) - 0.3);
    if (i % 4 == 0) { /* on the grid of half pixels, where tiles meet */
        x = 8 * floor(x / 8) + (i % 8 ? 0.5 : 0);
        y = 8 * floor(y / 8) + (i % 16 ? 0.5 : 0);
    }
    s->options.antialiased = i % 3 == 0;
    single_place(s, x, y, axes, 0.999 * exp(-5 * hl_rng_uniform(&rng)) + 1e-4);
}

typedef void (*place_fn)(single *s, uint64_t i);

static void run(int32_t width, int32_t height, uint64_t count, place_fn place)
{
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
        hl_raster *r = NULL;
        if (hl_raster_create(&r, "cpu", (hl_isa)isa) != HL_OK) {
            print_message("skipped: %s\n", hl_last_error());
            continue;
        }
        single s;
        single_create(&s, width, height);
        for (uint64_t i = 0; i < count; i++) {
            place(&s, i);
            single_check(&s, r);
        }
        print_message("%s: %d pixels shown, %d lost, %d stray, alpha differs by %.2g\n",
                      hl_raster_isa_name(r), s.shown, s.lost, s.stray, s.worst);
        assert_true(s.shown > 1000);
        assert_int_equal(s.lost, 0);
        assert_int_equal(s.stray, 0);
        assert_true(s.worst <= 1e-4);
        hl_raster_destroy(&r);
        hl_arena_release(&s.arena);
    }
}

static void small_pictures(void **state)
{
    (void)state;
    run(50, 37, 1500, random_one);
    run(16, 16, 1000, random_one);
}

/* Far from the origin floats are coarse: 2^-10 px at the end of the widest picture. */
static void at_the_far_end_of_a_wide_picture(void **state)
{
    (void)state;
    run(16384, 3, 60, random_one);
    run(3, 16384, 60, random_one);
    run(16384, 3, 30, oblique_one);
    run(3, 16384, 30, oblique_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_pictures),
        cmocka_unit_test(at_the_far_end_of_a_wide_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
