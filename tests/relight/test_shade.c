/* SPDX-License-Identifier: MIT */
/* relight/shade.h: white furnace, what adds up, shadows in closed form, thread counts, noise. */
#include "core/memory.h"
#include "core/parallel.h"
#include "relight/shade.h"
#include "tests/check.h"
#include "tests/core/ray_scene.h"

#include <string.h>

enum { W = 12, H = 10, N = W * H };

/* A picture of N points with normal z on the plane z = 0, seen from above, over a triangle far
 * below or close above. */
typedef struct stage {
    hl_mesh mesh;
    hl_bvh bvh;
    hl_environment env;
    hl_light_scene scene;
    float position[3 * N], normal[3 * N], albedo[3 * N], roughness[N], metal[N], alpha[N];
    hl_shade_input input;
} stage;

static void make_stage(stage *s, float light, float roof, float metal)
{
    const float rgb[3] = {light, light, light};
    check_ok(hl_mesh_create(&s->mesh, 3, 1, HL_MESH_NORMALS));
    const float corners[9] = {-100, -100, roof, 100, -100, roof, 0, 200, roof};
    memcpy(s->mesh.positions, corners, sizeof corners);
    s->mesh.triangles[1] = 2; /* faces down */
    s->mesh.triangles[2] = 1;
    check_ok(hl_mesh_fill_normals(&s->mesh));
    check_ok(hl_bvh_create(&s->bvh, &s->mesh));
    check_ok(hl_environment_create_constant(&s->env, rgb));
    const hl_light_scene scene = {&s->mesh, &s->bvh, &s->env, NULL, 0, 1e-4f};
    s->scene = scene;
    for (int i = 0; i < N; i++) {
        const float p[3] = {0.1f * (float)(i % W), 0.1f * (float)(i / W), 0}, up[3] = {0, 0, 1};
        memcpy(s->position + 3 * i, p, sizeof p);
        memcpy(s->normal + 3 * i, up, sizeof up);
        for (int c = 0; c < 3; c++)
            s->albedo[3 * i + c] = metal > 0 ? 1 : 0.2f + 0.3f * (float)c;
        s->roughness[i] = 0.3f + 0.05f * (float)(i % W);
        s->metal[i] = metal;
        s->alpha[i] = 1;
    }
    const hl_shade_input input = {
        W, H, s->position, s->normal, s->albedo, s->roughness, s->metal, s->alpha, {0.5f, 0.5f, 8}};
    s->input = input;
}

static void release_stage(stage *s)
{
    hl_environment_release(&s->env);
    hl_bvh_release(&s->bvh);
    hl_mesh_release(&s->mesh);
}

/* Under even light a Lambertian shows its albedo; all of it, with the GGX albedo of a white
 * metal, known from the table of test_brdf. */
static void white_furnace(void **state)
{
    (void)state;
    stage s;
    hl_shade_result r;
    const hl_shade_options o = {.samples = 512, .seed = 1};
    make_stage(&s, 1, -50, 0);
    check_ok(hl_shade(&r, &s.scene, &s.input, &o));
    double mean = 0;
    for (int i = 0; i < N; i++) {
        mean += (double)r.part[HL_SHADE_DIFFUSE_DIRECT][3 * i] / N;
        assert_true(r.shadow[i] > 0.999f);
        assert_true(r.part[HL_SHADE_DIFFUSE_INDIRECT][3 * i] == 0);
    }
    assert_true(fabs(mean - 1) < 0.002);
    hl_shade_release(&r);
    release_stage(&s);

    make_stage(&s, 1, -50, 1);
    for (int i = 0; i < N; i++)
        s.roughness[i] = 0.6f;
    check_ok(hl_shade(&r, &s.scene, &s.input, &o));
    mean = 0;
    for (int i = 0; i < N; i++)
        mean += (double)r.part[HL_SHADE_SPECULAR_DIRECT][3 * i + 1] / N;
    assert_true(fabs(mean - 0.8245) < 0.004 * 0.8245); /* n.v is about 1 */
    hl_shade_release(&r);
    release_stage(&s);
}

/* The picture is the sum of its parts, and twice the light is twice the picture. */
static void light_adds_up(void **state)
{
    (void)state;
    stage s, brighter;
    hl_shade_result r, r2;
    hl_image all, direct, indirect;
    make_stage(&s, 1, 1e4f, 0);
    make_stage(&brighter, 2, 1e4f, 0);
    hl_vertex_light *light = NULL;
    const hl_vertex_light_options lo = {32, 1, 4};
    check_ok(hl_vertex_light_create(&light, &s.scene, &lo));
    const hl_irradiance door = hl_vertex_light_irradiance(light);
    const hl_shade_options o = {.samples = 32, .seed = 3, .indirect = &door};
    check_ok(hl_shade(&r, &s.scene, &s.input, &o));
    check_ok(hl_shade(&r2, &brighter.scene, &brighter.input, &o));
    check_ok(hl_shade_compose(&all, &r, &s.input, HL_SHADE_DIRECT | HL_SHADE_INDIRECT));
    check_ok(hl_shade_compose(&direct, &r, &s.input, HL_SHADE_DIRECT));
    check_ok(hl_shade_compose(&indirect, &r, &s.input, HL_SHADE_INDIRECT));
    for (int i = 0; i < 4 * N; i++)
        if (i % 4 < 3)
            assert_true(fabsf(all.data[i] - direct.data[i] - indirect.data[i]) < 1e-6f);
    for (int i = 0; i < 3 * N; i++) {
        const float a = r.part[HL_SHADE_DIFFUSE_DIRECT][i], b = r2.part[HL_SHADE_DIFFUSE_DIRECT][i];
        assert_true(fabsf(2 * a - b) < 1e-5f);
    }
    hl_image_release(&all);
    hl_image_release(&direct);
    hl_image_release(&indirect);
    hl_vertex_light_destroy(&light);
    hl_shade_release(&r);
    hl_shade_release(&r2);
    release_stage(&s);
    release_stage(&brighter);
}

/* Under a roof that covers everything there is no direct light and no lamp beyond it; what is
 * below the roof lights by E cos / pi. */
static void lamps_and_shadows(void **state)
{
    (void)state;
    stage s;
    hl_shade_result r;
    const hl_light lamps[2] = {{HL_LIGHT_SUN, {0, 0, 1}, {0}, {0}, 0, {9, 9, 9}},
                               {HL_LIGHT_SUN, {0.6f, 0, 0.8f}, {0}, {0}, 0, {3, 3, 3}}};
    const hl_shade_options o = {.samples = 16, .seed = 1};
    make_stage(&s, 0, 1, 0);
    s.scene.lights = lamps;
    s.scene.light_count = 2;
    check_ok(hl_shade(&r, &s.scene, &s.input, &o));
    for (int i = 0; i < N; i++) {
        assert_true(r.part[HL_SHADE_DIFFUSE_DIRECT][3 * i] == 0);
        assert_true(r.shadow[i] == 0);
    }
    hl_shade_release(&r);
    release_stage(&s);

    make_stage(&s, 0, -1, 0);
    s.scene.environment = NULL;
    s.scene.lights = lamps;
    s.scene.light_count = 2;
    check_ok(hl_shade(&r, &s.scene, &s.input, &o));
    const float want = (9 + 3 * 0.8f) / 3.14159265f;
    for (int i = 0; i < N; i++)
        assert_true(fabsf(r.part[HL_SHADE_DIFFUSE_DIRECT][3 * i] - want) < 1e-4f);
    hl_shade_release(&r);
    release_stage(&s);
}

static void threads_do_not_change_a_byte(void **state)
{
    (void)state;
    stage s;
    hl_shade_result one, three;
    const hl_shade_options o = {.samples = 16, .seed = 5};
    make_stage(&s, 1, 3, 0);
    hl_parallel_set_threads(1);
    check_ok(hl_shade(&one, &s.scene, &s.input, &o));
    check_ok(hl_shade_denoise(&one, &s.input, 3, 0.1f));
    hl_parallel_set_threads(3);
    check_ok(hl_shade(&three, &s.scene, &s.input, &o));
    check_ok(hl_shade_denoise(&three, &s.input, 3, 0.1f));
    for (int k = 0; k < HL_SHADE_PARTS; k++)
        assert_memory_equal(one.part[k], three.part[k], 3 * N * sizeof(float));
    assert_memory_equal(one.shadow, three.shadow, N * sizeof(float));
    hl_shade_release(&one);
    hl_shade_release(&three);
    release_stage(&s);
}

/* Noise of known size on an even picture shrinks; a step far above the noise stays. */
static void denoising_keeps_edges(void **state)
{
    (void)state;
    stage s;
    hl_shade_result r;
    const hl_shade_options o = {.samples = 4, .seed = 5};
    make_stage(&s, 1, -50, 0);
    for (int i = 0; i < N; i++)
        s.roughness[i] = 0.5f;
    check_ok(hl_shade(&r, &s.scene, &s.input, &o));
    float *rgb = r.part[HL_SHADE_DIFFUSE_DIRECT];
    for (int i = 0; i < N; i++) {
        hl_rng rng = hl_rng_at(1, 2, (uint64_t)i, HL_RNG_TEST);
        const float noise = 0.1f * hl_rng_normal(&rng), step = i % W < W / 2 ? 1.0f : 5.0f;
        rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = step + noise;
        r.variance[HL_SHADE_DIFFUSE_DIRECT][i] = 0.01f;
    }
    check_ok(hl_shade_denoise(&r, &s.input, 3, 0.1f));
    double left = 0;
    for (int i = 0; i < N; i++) {
        const double off = (double)rgb[3 * i] - (i % W < W / 2 ? 1 : 5);
        left += off * off / N;
        assert_true(fabs(off) < 0.3);
    }
    assert_true(sqrt(left) < 0.06);
    hl_shade_release(&r);
    release_stage(&s);
}

static void bad_requests_are_refused(void **state)
{
    (void)state;
    stage s;
    hl_shade_result r = {0};
    make_stage(&s, 1, 3, 0);
    const hl_shade_options odd = {.samples = 6}, fine = {.samples = 4};
    check_fails(hl_shade(&r, &s.scene, &s.input, &odd), "multiple of 4");
    for (uint64_t n = 1; n <= 9; n++) {
        hl_alloc_fail_at(n);
        assert_int_equal(hl_shade(&r, &s.scene, &s.input, &fine), HL_E_MEMORY);
    }
    hl_alloc_fail_at(0);
    assert_null(r.shadow);
    check_fails(hl_shade_denoise(&r, &s.input, 9, 0.1f), "1..8");
    s.input.width = 0;
    check_fails(hl_shade(&r, &s.scene, &s.input, &fine), "0 x 10");
    release_stage(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_furnace),         cmocka_unit_test(light_adds_up),
        cmocka_unit_test(lamps_and_shadows),     cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(denoising_keeps_edges), cmocka_unit_test(bad_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
