/* SPDX-License-Identifier: MIT */
/* Channels as numbers: the device and the processor see the same materials, depths and normals; lit
 * numbers are the picture before its curve, and lit pictures of both are alike. */
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

/* A ball over a floor: the floor is the first four corners. */
static void ball_over_floor(hl_mesh *m)
{
    enum { STACKS = 16, SLICES = 32, CORNERS = 4 + (STACKS + 1) * (SLICES + 1) };
    const uint32_t floor[6] = {0, 1, 2, 2, 1, 3};
    check_ok(hl_mesh_create(m, CORNERS, 2 + 2 * STACKS * SLICES,
                            HL_MESH_NORMALS | HL_MESH_ALBEDO | HL_MESH_ROUGHNESS | HL_MESH_METAL));
    memcpy(m->triangles, floor, sizeof floor);
    for (int i = 0; i < CORNERS; i++) {
        const int j = (i - 4) / (SLICES + 1), k = (i - 4) % (SLICES + 1);
        const float theta = 3.14159265f * (float)j / STACKS;
        const float phi = 6.2831853f * (float)k / SLICES;
        const float n[3] = {sinf(theta) * cosf(phi), cosf(theta), sinf(theta) * sinf(phi)};
        const float flat[3] = {i % 2 ? 2 : -2, 1, i / 2 ? 6 : 2}, up[3] = {0, -1, 0};
        for (int c = 0; c < 3; c++) {
            m->normals[3 * i + c] = i < 4 ? up[c] : n[c];
            m->positions[3 * i + c] = i < 4 ? flat[c] : 0.6f * n[c] + (c == 2 ? 4.0f : 0.2f);
            m->albedo[3 * i + c] = 0.3f + 0.2f * (float)c;
        }
        m->roughness[i] = i < 4 ? 0.8f : 0.35f;
        m->metal[i] = i < 4 ? 0 : 0.6f;
    }
    for (uint32_t j = 0, t = 6; j < STACKS; j++)
        for (uint32_t k = 0; k < SLICES; k++, t += 6) {
            const uint32_t a = 4 + j * (SLICES + 1) + k, b = a + SLICES + 1;
            const uint32_t two[6] = {a, a + 1, b, b, a + 1, b + 1};
            memcpy(m->triangles + t, two, sizeof two);
        }
}

static void gradient(hl_environment *env)
{
    hl_image map;
    check_ok(hl_image_create(&map, 64, 32, 3));
    for (int i = 0; i < 64 * 32; i++)
        for (int c = 0; c < 3; c++)
            map.data[3 * i + c] = 0.4f + 0.3f * cosf(0.0981748f * (float)(i % 64 - 11 * c)) *
                                             sinf(0.0981748f * ((float)(i / 64) + 0.5f));
    check_ok(hl_environment_create(env, &map));
    hl_image_release(&map);
}

static double picture_psnr(hl_renderer *a, hl_renderer *b, const hl_look *look)
{
    const hl_raster_view view = gpu_view(WIDTH, HEIGHT);
    hl_image8 p, q;
    double sum = 0;
    check_ok(hl_renderer_draw(a, &view, look));
    check_ok(hl_renderer_read(a, &p));
    check_ok(hl_renderer_draw(b, &view, look));
    check_ok(hl_renderer_read(b, &q));
    for (size_t k = 0; k < (size_t)3 * WIDTH * HEIGHT; k++)
        sum += pow((p.data[k] - q.data[k]) / 255.0, 2);
    hl_image8_release(&p);
    hl_image8_release(&q);
    return -10 * log10(sum / (3 * WIDTH * HEIGHT) + 1e-12);
}

/* A mesh under a map, a sun and a lamp with their shadows; then among splats, under each curve. */
static void device_and_processor_light_the_same(void **state)
{
    (void)state;
    hl_arena arena;
    hl_splats s, none = {.count = 0};
    hl_mesh mesh;
    hl_environment env;
    hl_look look = HL_LOOK_DEFAULTS;
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&s, &arena, COUNT, 1, 3);
    hl_renderer *both[2] = {gpu_renderer(HL_RASTER_QUADS), gpu_renderer(HL_RASTER_CPU)};
    ball_over_floor(&mesh);
    gradient(&env);
    look.show = HL_SHOW_LIT;
    look.baked = false;
    look.sky = true;
    look.turn = 40;
    for (int i = 0; i < 2; i++) {
        check_ok(hl_renderer_set_splats(both[i], &none));
        check_ok(hl_renderer_set_mesh(both[i], &mesh));
        check_ok(hl_renderer_set_environment(both[i], &env));
    }
    const double dark = picture_psnr(both[0], both[1], &look);
    look.light_count = 2;
    look.lights[0] =
        (hl_light){.kind = HL_LIGHT_SUN, .at = {0.48f, -0.8f, -0.36f}, .color = {2, 1.5f, 1}};
    look.lights[1] =
        (hl_light){.kind = HL_LIGHT_POINT, .at = {-1.5f, -1, 3}, .color = {0.5f, 1, 2}};
    const double bright = picture_psnr(both[0], both[1], &look);
    look.light_count = 0;
    fprintf(stderr, "a mesh: %.1f dB under the map, %.1f dB with lamps\n", dark, bright);
    assert_true(dark > 45 && bright > 45);
    for (int i = 0; i < 2; i++)
        check_ok(hl_renderer_set_splats(both[i], &s));
    for (int tone = HL_TONE_NONE; tone <= HL_TONE_NEUTRAL; tone++) {
        look.tone = (hl_tone)tone;
        look.exposure = 0.7f;
        const double db = picture_psnr(both[0], both[1], &look);
        fprintf(stderr, "splats and a mesh, curve %d: %.1f dB\n", tone, db);
        assert_true(db > 44);
    }
    gpu_renderer_close(&both[0]);
    gpu_renderer_close(&both[1]);
    hl_environment_release(&env);
    hl_mesh_release(&mesh);
    hl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(quads_and_processor_see_the_same),
                                       cmocka_unit_test(tiles_and_processor_see_the_same),
                                       cmocka_unit_test(lit_numbers_are_light),
                                       cmocka_unit_test(device_and_processor_light_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
