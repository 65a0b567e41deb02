/* SPDX-License-Identifier: MIT */
/* Channels as numbers: the device and the processor see the same materials, depths and normals; lit
 * numbers are the picture before its curve. */
#include "core/color.h"
#include "tests/viewer/gpu.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT = 2000, WIDTH = 80, HEIGHT = 60 };

/* Mean and largest difference where both see a surface. */
static void compare(const hl_image *a, const hl_image *b, const hl_image *alpha, double *mean,
                    double *most)
{
    double sum = 0;
    int64_t n = 0;
    *most = 0;
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) {
        if (!(alpha->data[i] > 0.5f))
            continue;
        for (size_t c = 0; c < (size_t)a->channels; c++, n++) {
            const double d = fabs((double)a->data[i * (size_t)a->channels + c] -
                                  (double)b->data[i * (size_t)a->channels + c]);
            sum += d;
            *most = fmax(*most, d);
        }
    }
    assert_true(n > 1000);
    *mean = sum / (double)n;
}

static void see_the_same(hl_raster_path path)
{
    static const struct {
        hl_show show;
        int32_t channels;
        double mean, most; /* 8-bit materials, 12-bit normals, halves */
    } rows[] = {{HL_SHOW_ALPHA, 1, 1e-3, 0.01},     {HL_SHOW_ALBEDO, 3, 3e-3, 0.03},
                {HL_SHOW_ROUGHNESS, 1, 3e-3, 0.01}, {HL_SHOW_METAL, 1, 3e-3, 0.01},
                {HL_SHOW_DEPTH, 1, 5e-3, 0.05},     {HL_SHOW_NORMAL, 3, 5e-3, 1.0}};
    const hl_raster_view view = gpu_view(WIDTH, HEIGHT);
    hl_arena arena;
    hl_splats s;
    hl_look look = HL_LOOK_DEFAULTS;
    hl_image alpha = {.data = NULL};
    hl_renderer *cpu = NULL;
    look.roughness = 0.3f;
    look.metal = 0.8f;
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&s, &arena, COUNT, 1, 3);
    hl_renderer *gpu = gpu_renderer(path);
    check_ok(hl_renderer_create(&cpu, &(hl_renderer_params){.path = HL_RASTER_CPU}));
    check_ok(hl_renderer_set_splats(gpu, &s));
    check_ok(hl_renderer_set_splats(cpu, &s));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hl_image a, b;
        double mean, most;
        look.show = rows[i].show;
        check_ok(hl_renderer_numbers(gpu, &view, &look, &a));
        check_ok(hl_renderer_numbers(cpu, &view, &look, &b));
        assert_int_equal(a.channels, rows[i].channels);
        assert_int_equal(b.channels, rows[i].channels);
        if (!alpha.data) {
            check_ok(hl_image_create(&alpha, WIDTH, HEIGHT, 1));
            memcpy(alpha.data, b.data, sizeof(float) * WIDTH * HEIGHT);
        }
        compare(&a, &b, &alpha, &mean, &most);
        if (!(mean < rows[i].mean && most < rows[i].most))
            fail_msg("%s: mean %g, most %g", hl_show_name(rows[i].show), mean, most);
        hl_image_release(&a);
        hl_image_release(&b);
        /* The pictures too. */
        hl_image8 p, q;
        double sum = 0;
        check_ok(hl_renderer_draw(gpu, &view, &look));
        check_ok(hl_renderer_read(gpu, &p));
        check_ok(hl_renderer_draw(cpu, &view, &look));
        check_ok(hl_renderer_read(cpu, &q));
        for (size_t k = 0; k < (size_t)3 * WIDTH * HEIGHT; k++)
            sum += abs(p.data[k] - q.data[k]);
        assert_true(sum / (3 * WIDTH * HEIGHT) < 1.5);
        hl_image8_release(&p);
        hl_image8_release(&q);
    }
    hl_image_release(&alpha);
    hl_renderer_destroy(&cpu);
    gpu_renderer_close(&gpu);
    hl_arena_release(&arena);
}

static void quads_and_processor_see_the_same(void **state)
{
    (void)state;
    see_the_same(HL_RASTER_QUADS);
}

static void tiles_and_processor_see_the_same(void **state)
{
    (void)state;
    see_the_same(HL_RASTER_TILES);
}

/* Lit numbers through no curve are the picture; twice the environment is twice the light. */
static void lit_numbers_are_light(void **state)
{
    (void)state;
    const hl_raster_view view = gpu_view(WIDTH, HEIGHT);
    hl_arena arena;
    hl_splats s;
    hl_look look = HL_LOOK_DEFAULTS;
    hl_image a, b;
    hl_image8 p;
    look.show = HL_SHOW_LIT;
    look.tone = HL_TONE_NONE;
    look.exposure = -1;
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&s, &arena, COUNT, 1, 3);
    hl_renderer *r = gpu_renderer(HL_RASTER_QUADS);
    check_ok(hl_renderer_set_splats(r, &s));
    check_ok(hl_renderer_numbers(r, &view, &look, &a));
    check_ok(hl_renderer_read(r, &p));
    look.intensity = 2;
    check_ok(hl_renderer_numbers(r, &view, &look, &b));
    assert_int_equal(a.channels, 4);
    int solid = 0;
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++)
        for (size_t c = 0; c < 3 && a.data[4 * i + 3] > 0.1f; c++, solid++) {
            const float v = a.data[4 * i + c], twice = 2 * v;
            const float shown = (float)p.data[3 * i + c] / 255;
            const float cover = a.data[4 * i + 3], full = v / cover; /* over black */
            const float want = cover * hl_srgb_from_linear(full < 1 ? full : 1.0f);
            assert_true(fabsf(shown - want) < 0.003f);
            check_close(&b.data[4 * i + c], &twice, 1, 1e-5, 1e-4);
        }
    assert_true(solid > 300);
    hl_image8_release(&p);
    hl_image_release(&a);
    hl_image_release(&b);
    gpu_renderer_close(&r);
    hl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(quads_and_processor_see_the_same),
                                       cmocka_unit_test(tiles_and_processor_see_the_same),
                                       cmocka_unit_test(lit_numbers_are_light)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
