/* SPDX-License-Identifier: MIT */
/* Pictures of the device against those of the CPU rasterizer: the colour rule of the viewer. */
#include "core/arena.h"
#include "tests/viewer/gpu.h"

#include <stdlib.h>

enum { WIDTH = 200, HEIGHT = 151 };

static hl_image8 picture(hl_renderer *r, const hl_raster_view *view, const hl_look *look)
{
    hl_image8 out = {0};
    check_ok(hl_renderer_draw(r, view, look));
    check_ok(hl_renderer_read(r, &out));
    return out;
}

/* PSNR in dB and the largest difference, both of values in 0..1. */
static double compare(const hl_image8 *a, const hl_image8 *b, double *worst)
{
    const size_t n = (size_t)a->width * (size_t)a->height * 3;
    double sum = 0;
    *worst = 0;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    for (size_t i = 0; i < n; i++) {
        const double d = (double)abs(a->data[i] - b->data[i]) / 255;
        sum += d * d;
        *worst = fmax(*worst, d);
    }
    return sum > 0 ? -10 * log10(sum / (double)n) : 99;
}

static void agree(hl_raster_path path, int32_t count, int32_t degree, const hl_look *look)
{
    hl_arena arena;
    hl_splats splats;
    double worst;
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&splats, &arena, count, degree, 11);
    const hl_raster_view view = gpu_view(WIDTH, HEIGHT);
    hl_renderer *device = gpu_renderer(path), *cpu = NULL;
    check_ok(hl_renderer_create(&cpu, &(hl_renderer_params){.path = HL_RASTER_CPU}));
    check_ok(hl_renderer_set_splats(device, &splats));
    check_ok(hl_renderer_set_splats(cpu, &splats));
    hl_image8 a = picture(device, &view, look), b = picture(cpu, &view, look);
    hl_image8 again = picture(device, &view, look);
    const double psnr = compare(&a, &b, &worst);
    fprintf(stderr, "%s, %d splats, degree %d: %.1f dB, worst %.4f\n", hl_raster_path_name(path),
            count, degree, psnr, worst);
    assert_true(psnr >= 50);
    assert_true(worst <= 0.012);
    assert_memory_equal(a.data, again.data, (size_t)WIDTH * HEIGHT * 3);
    hl_image8_release(&a);
    hl_image8_release(&b);
    hl_image8_release(&again);
    gpu_renderer_close(&device);
    hl_renderer_destroy(&cpu);
    hl_arena_release(&arena);
}

static void device_shows_what_the_cpu_shows(void **state)
{
    (void)state;
    hl_look look = HL_LOOK_DEFAULTS;
    for (int32_t degree = 0; degree <= 3; degree++)
        agree(HL_RASTER_QUADS, 3000, degree, &look);
    agree(HL_RASTER_TILES, 3000, 3, &look);
    look = (hl_look){
        .background = {1, 0.5f, 0.25f}, .sh_degree = 1, .splat_scale = 0.5f, .antialiased = true};
    agree(HL_RASTER_QUADS, 3000, 3, &look);
    agree(HL_RASTER_TILES, 3000, 3, &look);
}

static void nothing_is_background(void **state)
{
    (void)state;
    const hl_look look = {.background = {1, 0.2f, 0}, .splat_scale = 1};
    const hl_raster_view view = gpu_view(1, 1);
    hl_arena arena;
    hl_splats none;
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&none, &arena, 0, 0, 1);
    for (int path = HL_RASTER_QUADS; path <= HL_RASTER_CPU; path++) {
        hl_renderer *r = gpu_renderer((hl_raster_path)path);
        check_ok(hl_renderer_set_splats(r, &none));
        hl_image8 p = picture(r, &view, &look);
        assert_int_equal(p.width, 1);
        assert_int_equal(p.data[0], 255);
        assert_int_equal(p.data[1], 51);
        assert_int_equal(p.data[2], 0);
        hl_image8_release(&p);
        gpu_renderer_close(&r);
    }
    hl_arena_release(&arena);
}

static void not_finite_splats_are_invisible(void **state)
{
    (void)state;
    const hl_look look = HL_LOOK_DEFAULTS;
    const hl_raster_view view = gpu_view(40, 30);
    hl_arena arena;
    hl_splats s;
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&s, &arena, 4, 1, 1);
    s.mean[0] = nanf("");
    s.log_scale[4] = HUGE_VALF;
    s.quat[9] = nanf("");
    s.sh[3 * 48] = -HUGE_VALF;
    hl_renderer *r = gpu_renderer(HL_RASTER_QUADS);
    check_ok(hl_renderer_set_splats(r, &s));
    hl_image8 p = picture(r, &view, &look);
    for (size_t i = 0; i < 40 * 30 * 3; i++)
        assert_int_equal(p.data[i], 0);
    hl_image8_release(&p);
    gpu_renderer_close(&r);
    hl_arena_release(&arena);
}

static void a_lost_device_is_not_the_end(void **state)
{
    (void)state;
    const hl_look look = HL_LOOK_DEFAULTS;
    const hl_raster_view view = gpu_view(40, 30);
    hl_arena arena;
    hl_splats s;
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&s, &arena, 200, 1, 1);
    hl_renderer *named = gpu_renderer(HL_RASTER_TILES), *any = NULL;
    hl_renderer_stats stats;
    check_ok(hl_renderer_create(&any, &(hl_renderer_params){.path = HL_RASTER_AUTO}));
    check_ok(hl_renderer_set_splats(named, &s));
    check_ok(hl_renderer_set_splats(any, &s));
    check_ok(hl_renderer_draw(any, &view, &look));
    hl_renderer_lose_device(named);
    hl_renderer_lose_device(any);
    check_fails(hl_renderer_draw(named, &view, &look), "device is lost");
    check_ok(hl_renderer_draw(any, &view, &look));
    hl_renderer_stats_read(any, &stats);
    assert_int_equal(stats.path, HL_RASTER_CPU);
    hl_renderer_destroy(&any);
    gpu_renderer_close(&named);
    hl_arena_release(&arena);
}

static void wrong_requests_are_refused(void **state)
{
    (void)state;
    hl_look look = HL_LOOK_DEFAULTS;
    hl_raster_view view = gpu_view(8, 8);
    hl_renderer *r = NULL;
    check_ok(hl_renderer_create(&r, &(hl_renderer_params){.path = HL_RASTER_CPU}));
    hl_image8 p;
    check_fails(hl_renderer_read(r, &p), "no picture");
    view.width = 0;
    check_fails(hl_renderer_draw(r, &view, &look), "sides must be");
    view.width = 8;
    look.splat_scale = nanf("");
    check_fails(hl_renderer_draw(r, &view, &look), "splat scale");
    hl_renderer_destroy(&r);
    check_fails(hl_renderer_create(
                    &r, &(hl_renderer_params){.path = HL_RASTER_QUADS, .device = "no such device"}),
                "none of");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(device_shows_what_the_cpu_shows),
                                       cmocka_unit_test(nothing_is_background),
                                       cmocka_unit_test(not_finite_splats_are_invisible),
                                       cmocka_unit_test(a_lost_device_is_not_the_end),
                                       cmocka_unit_test(wrong_requests_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
