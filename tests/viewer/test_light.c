/* SPDX-License-Identifier: MIT */
/* The lit path on a wall of splats, against relight/brdf.h summed over the hemisphere: the furnace,
 * the sun, a mirror under a smooth environment; and the channels. */
#include "core/arena.h"
#include "core/color.h"
#include "relight/brdf.h"
#include "relight/environment.h"
#include "relight/skies.h"
#include "tests/viewer/gpu.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE = 33, PER_ROW = 21, LAYERS = 3 };

/* Opaque, facing a camera at the origin that looks along +z. */
static void wall(hl_splats *s, hl_arena *arena, const float srgb[3])
{
    check_ok(hl_splats_init(s, arena, PER_ROW * PER_ROW * LAYERS));
    s->count = s->capacity;
    for (int32_t i = 0; i < s->count; i++) {
        const size_t k = (size_t)i;
        s->mean[3 * k] = 0.1f * (float)(i % PER_ROW - PER_ROW / 2);
        s->mean[3 * k + 1] = 0.1f * (float)(i / PER_ROW % PER_ROW - PER_ROW / 2);
        s->mean[3 * k + 2] = 3 + 0.01f * (float)(i / (PER_ROW * PER_ROW));
        s->log_scale[3 * k] = s->log_scale[3 * k + 1] = logf(0.15f);
        s->log_scale[3 * k + 2] = logf(0.005f);
        s->quat[4 * k] = 1;
        s->logit_opa[k] = 6;
        for (size_t c = 0; c < 3; c++)
            s->sh[(3 * k + c) * HL_SH_COEFFS_MAX] = (srgb[c] - 0.5f) / HL_SH_C0;
    }
}

static const hl_raster_view view = {.width = SIDE,
                                    .height = SIDE,
                                    .fx = 2 * SIDE,
                                    .fy = 2 * SIDE,
                                    .cx = 0.5f * SIDE,
                                    .cy = 0.5f * SIDE,
                                    .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};

static void pixel_bytes(hl_renderer *r, const hl_look *look, int x, int y, float out[3])
{
    hl_image8 p;
    check_ok(hl_renderer_draw(r, &view, look));
    check_ok(hl_renderer_read(r, &p));
    for (int c = 0; c < 3; c++)
        out[c] = (float)p.data[3 * (y * SIDE + x) + c] / 255;
    hl_image8_release(&p);
}

static void pixel_linear(hl_renderer *r, const hl_look *look, int x, int y, float out[3])
{
    pixel_bytes(r, look, x, y, out);
    for (int c = 0; c < 3; c++)
        out[c] = hl_linear_from_srgb(out[c]);
}

/* The direction from the wall to the eye through the middle of a pixel. */
static void to_eye(int x, int y, float o[3])
{
    o[0] = -((float)x + 0.5f - view.cx) / view.fx;
    o[1] = -((float)y + 0.5f - view.cy) / view.fy;
    o[2] = -1;
    hl_normalize3(o, o);
}

/* Sum over the hemisphere around -z of f n.i L. */
static void hemisphere(const hl_surface *s, const float o[3], const hl_environment *env,
                       float out[3])
{
    enum { RINGS = 160, SPOKES = 320 };
    double sum[3] = {0};
    for (int i = 0; i < RINGS; i++)
        for (int j = 0; j < SPOKES; j++) {
            const float z = ((float)i + 0.5f) / RINGS, r = sqrtf(1 - z * z);
            const float phi = ((float)j + 0.5f) / SPOKES * 6.2831853f;
            const float d[3] = {r * cosf(phi), r * sinf(phi), -z};
            float diffuse[3], specular[3], light[3] = {1, 1, 1};
            if (env)
                hl_environment_radiance(env, d, light);
            hl_brdf(s, HL_BRDF_SMITH, o, d, diffuse, specular);
            for (int c = 0; c < 3; c++)
                sum[c] += (double)((diffuse[c] + specular[c]) * light[c]);
        }
    for (int c = 0; c < 3; c++)
        out[c] = (float)(sum[c] * 6.283185307179586 / (RINGS * SPOKES));
}

static hl_surface surface_of(const float srgb[3], float roughness, float metal)
{
    hl_surface s = {.normal = {0, 0, -1}, .roughness = roughness, .metal = metal};
    for (int c = 0; c < 3; c++)
        s.albedo[c] = hl_linear_from_srgb(srgb[c]);
    return s;
}

static const float paint[3] = {0.8f, 0.6f, 0.4f};

static void furnace(hl_raster_path path)
{
    hl_arena arena;
    hl_splats s;
    float got[3], want[3], o[3];
    hl_arena_init(&arena, 0, 0);
    wall(&s, &arena, paint);
    hl_renderer *r = gpu_renderer(path);
    check_ok(hl_renderer_set_splats(r, &s));
    for (int i = 0; i < 6; i++) {
        hl_look look = HL_LOOK_DEFAULTS;
        const int x = i % 2 ? 4 : 16, y = i % 3 ? 16 : 29;
        look.show = HL_SHOW_LIT;
        look.tone = HL_TONE_NONE;
        look.roughness = 0.3f + 0.2f * (float)(i % 4);
        look.metal = i < 3 ? 0 : 1;
        const hl_surface surface = surface_of(paint, look.roughness, look.metal);
        to_eye(x, y, o);
        hemisphere(&surface, o, NULL, want);
        pixel_linear(r, &look, x, y, got);
        check_close(got, want, 3, 2e-3, 0.01);
    }
    gpu_renderer_close(&r);
    hl_arena_release(&arena);
}

static void the_furnace_gives_the_reflectance(void **state)
{
    (void)state;
    furnace(HL_RASTER_QUADS);
}

static void the_furnace_gives_the_reflectance_on_the_processor(void **state)
{
    (void)state;
    furnace(HL_RASTER_CPU);
}

static void sun(hl_raster_path path)
{
    hl_arena arena;
    hl_splats s;
    hl_environment dark;
    const float black[3] = {0, 0, 0};
    hl_arena_init(&arena, 0, 0);
    wall(&s, &arena, paint);
    check_ok(hl_environment_create_constant(&dark, black));
    hl_renderer *r = gpu_renderer(path);
    check_ok(hl_renderer_set_splats(r, &s));
    check_ok(hl_renderer_set_environment(r, &dark));
    for (int i = 0; i < 4; i++) {
        float got[3], want[3], diffuse[3], specular[3], o[3];
        hl_look look = HL_LOOK_DEFAULTS;
        look.show = HL_SHOW_LIT;
        look.tone = HL_TONE_NONE;
        look.roughness = 0.35f + 0.2f * (float)i;
        look.metal = (float)(i % 2);
        look.exposure = -1;
        const float sun[3] = {0.48f, -0.36f, i < 3 ? -0.8f : 0.8f}; /* the last from behind */
        look.light_count = 1;
        look.lights[0] =
            (hl_light){.kind = HL_LIGHT_SUN, .at = {sun[0], sun[1], sun[2]}, .color = {3, 3, 3}};
        const hl_surface surface = surface_of(paint, look.roughness, look.metal);
        to_eye(16, 16, o);
        hl_brdf(&surface, HL_BRDF_SMITH, o, sun, diffuse, specular);
        for (int c = 0; c < 3; c++)
            want[c] = 0.5f * 3 * (diffuse[c] + specular[c]);
        pixel_linear(r, &look, 16, 16, got);
        check_close(got, want, 3, 3e-3, 0.01);
    }
    hl_environment_release(&dark);
    gpu_renderer_close(&r);
    hl_arena_release(&arena);
}

static void the_sun_is_the_brdf(void **state)
{
    (void)state;
    sun(HL_RASTER_QUADS);
}

static void the_sun_is_the_brdf_on_the_processor(void **state)
{
    (void)state;
    sun(HL_RASTER_CPU);
}

/* Each channel bright around a direction of its own. */
static void smooth_map(hl_environment *env)
{
    hl_image map;
    check_ok(hl_image_create(&map, 64, 32, 3));
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 64; x++)
            for (int c = 0; c < 3; c++)
                map.data[3 * (y * 64 + x) + c] = 0.3f + 0.25f *
                                                            cosf(0.0981748f * (float)(x - 9 * c)) *
                                                            sinf(0.0981748f * ((float)y + 0.5f));
    check_ok(hl_environment_create(env, &map));
    hl_image_release(&map);
}

static void mirror(hl_raster_path path)
{
    hl_arena arena;
    hl_splats s;
    hl_environment env;
    const float white[3] = {1, 1, 1}, up[3] = {0, -1, 0};
    hl_arena_init(&arena, 0, 0);
    wall(&s, &arena, white);
    smooth_map(&env);
    hl_renderer *r = gpu_renderer(path);
    check_ok(hl_renderer_set_splats(r, &s));
    check_ok(hl_renderer_set_environment(r, &env));
    for (int i = 0; i < 6; i++) {
        float got[3], want[3], o[3];
        hl_look look = HL_LOOK_DEFAULTS;
        look.show = HL_SHOW_LIT;
        look.tone = HL_TONE_NONE;
        look.turn = 60 * (float)i;
        look.roughness = i % 2 ? 0.4f : 0.3f;
        look.metal = i < 4 ? 1 : 0;
        const hl_surface surface = surface_of(white, look.roughness, look.metal);
        hl_environment_orient(&env, up, (double)look.turn);
        to_eye(16, 16, o);
        hemisphere(&surface, o, &env, want);
        pixel_linear(r, &look, 16, 16, got);
        check_close(got, want, 3, 8e-3, 0.03);
    }
    hl_environment_release(&env);
    gpu_renderer_close(&r);
    hl_arena_release(&arena);
}

static void a_mirror_sees_the_environment(void **state)
{
    (void)state;
    mirror(HL_RASTER_QUADS);
}

static void a_mirror_sees_the_environment_on_the_processor(void **state)
{
    (void)state;
    mirror(HL_RASTER_CPU);
}

/* A small bright spot and a pole of its own colour over a dim ground. */
static void sharp_map(hl_environment *env)
{
    hl_image map;
    check_ok(hl_image_create(&map, 256, 128, 3));
    for (int y = 0; y < 128; y++)
        for (int x = 0; x < 256; x++)
            for (int c = 0; c < 3; c++)
                map.data[3 * (y * 256 + x) + c] =
                    (abs(x - 70) < 8 && abs(y - 60) < 8 ? 2.0f : 0.2f) + (y < 5 ? 0.4f : 0) +
                    0.05f * (float)(c * (x / 32 % 2));
    check_ok(hl_environment_create(env, &map));
    hl_image_release(&map);
}

/* Both blur a map for each roughness by the same samples. */
static void device_and_processor_blur_the_same(void **state)
{
    (void)state;
    hl_arena arena;
    hl_splats s;
    hl_environment env;
    const float white[3] = {1, 1, 1};
    double most = 0, sum = 0;
    hl_arena_init(&arena, 0, 0);
    wall(&s, &arena, white);
    sharp_map(&env);
    hl_renderer *both[2] = {gpu_renderer(HL_RASTER_QUADS), gpu_renderer(HL_RASTER_CPU)};
    for (int i = 0; i < 2; i++) {
        check_ok(hl_renderer_set_splats(both[i], &s));
        check_ok(hl_renderer_set_environment(both[i], &env));
    }
    for (int i = 0; i < 10; i++) {
        hl_look look = HL_LOOK_DEFAULTS;
        hl_image got[2];
        look.show = HL_SHOW_LIT;
        look.turn = 36 * (float)i;
        look.roughness = 0.2f + 0.2f * (float)(i % 5);
        look.metal = 1;
        for (int k = 0; k < 2; k++)
            check_ok(hl_renderer_numbers(both[k], &view, &look, &got[k]));
        for (int k = 0; k < 4 * SIDE * SIDE; k++) {
            const double apart = fabs((double)(got[0].data[k] / got[1].data[k] - 1));
            most = fmax(most, apart);
            sum += apart;
        }
        hl_image_release(&got[0]);
        hl_image_release(&got[1]);
    }
    sum /= 40.0 * SIDE * SIDE;
    fprintf(stderr, "mirrors differ by %.3f %% in the mean, %.2f %% at most\n", 100 * sum,
            100 * most);
    assert_true(sum < 0.002 && most < 0.03); /* normals have 12 bits, layers halves */
    gpu_renderer_close(&both[0]);
    gpu_renderer_close(&both[1]);
    hl_environment_release(&env);
    hl_arena_release(&arena);
}

/* Pixels that are brighter than `least`: how many, and their second moments. */
static double moments(const hl_image *light, float least, double m[3])
{
    double n = 0, sx = 0, sy = 0;
    m[0] = m[1] = m[2] = 0;
    for (int i = 0; i < light->width * light->height; i++) {
        const double x = i % light->width, y = i / light->width;
        if (!(light->data[4 * i] > least))
            continue;
        n++;
        sx += x;
        sy += y;
        m[0] += x * x;
        m[1] += y * y;
        m[2] += x * y;
    }
    m[0] = m[0] / n - sx * sx / (n * n);
    m[1] = m[1] / n - sy * sy / (n * n);
    m[2] = m[2] / n - sx * sy / (n * n);
    return n;
}

/* The sun of a sky in a picture of the sky alone: as large as its disc where it is half as bright
 * as in its middle, and round, there and at its rim. */
static void the_sun_is_round(hl_raster_path path)
{
    enum { WIDE = 96 };
    const double focal = 600, radius = focal * tan(0.017453292519943295);
    const hl_splats none = {.count = 0};
    const float c = 0.70710678f;
    hl_raster_view v = {.width = WIDE,
                        .height = WIDE,
                        .fx = (float)focal,
                        .fy = (float)focal,
                        .cx = 0.5f * WIDE,
                        .cy = 0.5f * WIDE};
    hl_look look = HL_LOOK_DEFAULTS;
    hl_environment env;
    hl_image got;
    float most = 0;
    look.show = HL_SHOW_LIT;
    look.sky = true;
    check_ok(hl_sky_make(&env, HL_SKY_CLEAR));
    hl_environment_orient(&env, look.up, 0);
    const float at[3] = {c, 0, c}; /* axes of the map */
    hl_mul3_t(env.env_from_world, at, v.r + 6);
    for (int k = 0; k < 3; k++)
        v.r[3 + k] = -look.up[k];
    hl_cross3(v.r + 3, v.r + 6, v.r); /* x = down x forward */
    hl_normalize3(v.r, v.r);
    hl_cross3(v.r + 6, v.r, v.r + 3);
    hl_renderer *r = gpu_renderer(path);
    check_ok(hl_renderer_set_splats(r, &none));
    check_ok(hl_renderer_set_environment(r, &env));
    check_ok(hl_renderer_numbers(r, &v, &look, &got));
    for (int i = 0; i < WIDE * WIDE; i++)
        most = fmaxf(most, got.data[4 * i]);
    for (int k = 0; k < 2; k++) {
        double m[3];
        const double area = moments(&got, (k ? 0.05f : 0.5f) * most, m),
                     reach = sqrt(area / 3.14159265);
        fprintf(stderr, "sun, %s: radius %.2f of %.2f pixels, moments %.2f %.2f %.2f\n",
                k ? "rim" : "half", reach, radius, m[0], m[1], m[2]);
        assert_true(fabs(m[0] / m[1] - 1) < (k ? 0.14 : 0.06) && fabs(m[2]) < 0.03 * m[0]);
        assert_true(reach > 0.97 * radius && reach < (k ? 1.15 : 1.03) * radius);
        assert_true(fabs((m[0] + m[1]) / (0.5 * reach * reach) - 1) < 0.02);
    }
    hl_image_release(&got);
    hl_environment_release(&env);
    gpu_renderer_close(&r);
}

static void the_sun_is_round_on_the_device(void **state)
{
    (void)state;
    the_sun_is_round(HL_RASTER_QUADS);
}

static void the_sun_is_round_on_the_processor(void **state)
{
    (void)state;
    the_sun_is_round(HL_RASTER_CPU);
}

static void channels_show_what_is_stored(void **state)
{
    (void)state;
    hl_arena arena;
    hl_splats s;
    float got[3];
    hl_look look = HL_LOOK_DEFAULTS;
    hl_arena_init(&arena, 0, 0);
    wall(&s, &arena, paint);
    hl_renderer *r = gpu_renderer(HL_RASTER_CPU);
    check_ok(hl_renderer_set_splats(r, &s));
    look.roughness = 0.4f;
    look.metal = 0.2f;
    look.depth_half = 3;
    const float want[][3] = {
        [HL_SHOW_COLOR] = {0.8f, 0.6f, 0.4f}, [HL_SHOW_ALBEDO] = {0.8f, 0.6f, 0.4f},
        [HL_SHOW_NORMAL] = {0.5f, 0.5f, 0},   [HL_SHOW_ROUGHNESS] = {0.4f, 0.4f, 0.4f},
        [HL_SHOW_METAL] = {0.2f, 0.2f, 0.2f}, [HL_SHOW_DEPTH] = {0.5f, 0.5f, 0.5f},
        [HL_SHOW_ALPHA] = {1, 1, 1}};
    for (int show = 0; show <= HL_SHOW_ALPHA; show++) {
        if (show == HL_SHOW_LIT)
            continue;
        look.show = (hl_show)show;
        pixel_bytes(r, &look, 16, 16, got);
        check_close(got, want[show], 3, 0.008, 0);
    }
    gpu_renderer_close(&r);
    hl_arena_release(&arena);
}

/* A square across the view at depth z. */
static void screen(hl_mesh *m, float z)
{
    const uint32_t triangles[6] = {0, 1, 2, 2, 1, 3};
    check_ok(hl_mesh_create(m, 4, 2, HL_MESH_NORMALS | HL_MESH_ALBEDO | HL_MESH_ROUGHNESS));
    memcpy(m->triangles, triangles, sizeof triangles);
    for (int i = 0; i < 4; i++) {
        const float corner[3] = {i % 2 ? 2 : -2, i / 2 ? 2 : -2, z};
        memcpy(m->positions + 3 * i, corner, sizeof corner);
        m->normals[3 * i + 2] = 1; /* away from the eye: turned */
        m->albedo[3 * i] = 0.2f;
        m->albedo[3 * i + 1] = 0.7f;
        m->albedo[3 * i + 2] = 0.4f;
        m->roughness[i] = 0.5f;
    }
}

static void hide_each_other(hl_raster_path path)
{
    hl_arena arena;
    hl_splats s, none = {.count = 0};
    hl_look look = HL_LOOK_DEFAULTS;
    hl_mesh m[2];
    float got[3], want[3], o[3];
    hl_arena_init(&arena, 0, 0);
    wall(&s, &arena, paint);
    none.sh_degree = 0;
    hl_renderer *r = gpu_renderer(path);
    check_ok(hl_renderer_set_splats(r, &s));
    const hl_surface green = {
        .normal = {0, 0, -1}, .albedo = {0.2f, 0.7f, 0.4f}, .roughness = 0.5f};
    look.show = HL_SHOW_ALBEDO;
    look.tone = HL_TONE_NONE;
    for (int behind = 0; behind < 2; behind++) {
        screen(&m[behind], behind ? 3.5f : 2.5f);
        check_ok(hl_renderer_set_mesh(r, &m[behind]));
        pixel_bytes(r, &look, 16, 16, got);
        for (int c = 0; c < 3; c++)
            want[c] = behind ? paint[c] : hl_srgb_from_linear(green.albedo[c]);
        check_close(got, want, 3, 0.008, 0);
    }
    /* Alone: the furnace, its depth, and nothing where it is taken away. */
    check_ok(hl_renderer_set_splats(r, &none));
    look.show = HL_SHOW_LIT;
    to_eye(4, 29, o);
    hemisphere(&green, o, NULL, want);
    pixel_linear(r, &look, 4, 29, got);
    check_close(got, want, 3, 2e-3, 0.01);
    look.show = HL_SHOW_DEPTH;
    look.depth_half = 3.5f;
    const float half[3] = {0.5f, 0.5f, 0.5f}, black[3] = {0, 0, 0};
    pixel_bytes(r, &look, 4, 29, got);
    check_close(got, half, 3, 0.003, 0);
    check_ok(hl_renderer_set_mesh(r, NULL));
    pixel_bytes(r, &look, 4, 29, got);
    check_close(got, black, 3, 1e-6, 0);
    gpu_renderer_close(&r);
    hl_mesh_release(&m[0]);
    hl_mesh_release(&m[1]);
    hl_arena_release(&arena);
}

static void meshes_and_quads_hide_each_other(void **state)
{
    (void)state;
    hide_each_other(HL_RASTER_QUADS);
}

static void meshes_and_tiles_hide_each_other(void **state)
{
    (void)state;
    hide_each_other(HL_RASTER_TILES);
}

static void meshes_and_the_processor_hide_each_other(void **state)
{
    (void)state;
    hide_each_other(HL_RASTER_CPU);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_furnace_gives_the_reflectance),
        cmocka_unit_test(the_furnace_gives_the_reflectance_on_the_processor),
        cmocka_unit_test(the_sun_is_the_brdf),
        cmocka_unit_test(the_sun_is_the_brdf_on_the_processor),
        cmocka_unit_test(a_mirror_sees_the_environment),
        cmocka_unit_test(a_mirror_sees_the_environment_on_the_processor),
        cmocka_unit_test(device_and_processor_blur_the_same),
        cmocka_unit_test(the_sun_is_round_on_the_device),
        cmocka_unit_test(the_sun_is_round_on_the_processor),
        cmocka_unit_test(channels_show_what_is_stored),
        cmocka_unit_test(meshes_and_quads_hide_each_other),
        cmocka_unit_test(meshes_and_tiles_hide_each_other),
        cmocka_unit_test(meshes_and_the_processor_hide_each_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
