/* SPDX-License-Identifier: MIT */
/* relight/scene_file.h: what is saved comes back, parts may be absent, broken parts are refused. */
#include "core/memory.h"
#include "core/splat_io.h"
#include "relight/scene_file.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { SPLATS = 3, VIEWS = 2 };

/* Two triangles, three splats, a light of four texels, a lamp of each kind, two cameras. */
static void make_scene(hl_scene_file *s)
{
    memset(s, 0, sizeof *s);
    hl_arena_init(&s->arena, 0, 0);
    hl_arena_init(&s->views.arena, 0, 0);
    check_ok(hl_splats_init(&s->splats, &s->arena, SPLATS));
    s->splats.count = SPLATS;
    s->materials = hl_arena_alloc(&s->arena, SPLATS, 5 * sizeof(float));
    for (int i = 0; i < 3 * SPLATS; i++)
        s->splats.mean[i] = 0.25f * (float)i;
    for (int i = 0; i < 5 * SPLATS; i++)
        s->materials[i] = (float)i / 15;
    check_ok(hl_mesh_create(&s->mesh, 4, 2, HL_MESH_NORMALS | HL_MESH_ALBEDO | HL_MESH_ROUGHNESS));
    const uint32_t triangles[6] = {0, 1, 2, 0, 2, 3};
    memcpy(s->mesh.triangles, triangles, sizeof triangles);
    for (int v = 0; v < 4; v++) {
        s->mesh.positions[3 * v] = (float)(v == 1 || v == 2);
        s->mesh.positions[3 * v + 1] = (float)(v > 1);
        s->mesh.normals[3 * v + 2] = 1;
        s->mesh.albedo[3 * v] = 0.5f;
        s->mesh.roughness[v] = 0.25f;
    }
    check_ok(hl_image_create(&s->light, 2, 2, 3));
    for (int i = 0; i < 12; i++)
        s->light.data[i] = 0.5f + (float)i;
    s->up[1] = -1;
    s->light_count = 4;
    s->lights = hl_arena_alloc(&s->arena, 4, sizeof *s->lights);
    for (int i = 0; i < 4; i++)
        s->lights[i] = (hl_light){.kind = (hl_light_kind)i,
                                  .at = {0, 0, 1},
                                  .edge_u = {1, 0, 0},
                                  .edge_v = {0, 2, 0},
                                  .radius = 0.125f,
                                  .color = {1, 2, (hl_real)i}};
    s->views.view_count = s->views.camera_count = VIEWS;
    s->views.views = hl_arena_alloc(&s->views.arena, VIEWS, sizeof *s->views.views);
    s->views.cameras = hl_arena_alloc(&s->views.arena, VIEWS, sizeof *s->views.cameras);
    for (int i = 0; i < VIEWS; i++) {
        s->views.views[i] = (hl_view){.name = i ? "b/2.png" : "a/1.png",
                                      .camera = i,
                                      .has_pose = true,
                                      .split = i ? HL_SPLIT_TEST : HL_SPLIT_TRAIN,
                                      .camera_from_world = {{0.6, 0, 0.8, 0}, {1, 2, 3 + i}}};
        s->views.cameras[i] = (hl_camera){.model = i ? HL_CAMERA_SIMPLE_PINHOLE : HL_CAMERA_PINHOLE,
                                          .width = 40,
                                          .height = 30,
                                          .params = {50, 20, 15, 15}};
    }
    s->views.cameras[0].params[1] = 51;
    s->views.cameras[0].params[2] = 20;
}

static void everything_comes_back(void **state)
{
    (void)state;
    hl_scene_file a, b;
    const char *path = hl_test_file("all.helio");
    make_scene(&a);
    check_ok(hl_scene_file_save(&a, path));
    check_ok(hl_scene_file_load(&b, path));
    assert_int_equal(b.splats.count, SPLATS);
    assert_memory_equal(a.splats.mean, b.splats.mean, 3 * SPLATS * sizeof(float));
    assert_memory_equal(a.materials, b.materials, 5 * SPLATS * sizeof(float));
    assert_memory_equal(a.mesh.positions, b.mesh.positions, 12 * sizeof(float));
    assert_memory_equal(a.mesh.triangles, b.mesh.triangles, 6 * sizeof(uint32_t));
    assert_memory_equal(a.mesh.albedo, b.mesh.albedo, 12 * sizeof(float));
    assert_true(!b.mesh.metal && b.mesh.roughness[3] == 0.25f);
    for (int i = 0; i < 12; i++)
        assert_true(fabsf(a.light.data[i] / b.light.data[i] - 1) < 1e-6f);
    assert_int_equal(b.light_count, 4);
    assert_memory_equal(a.lights, b.lights, 4 * sizeof *a.lights);
    assert_true(b.up[1] == -1);
    assert_int_equal(b.views.view_count, VIEWS);
    assert_string_equal(b.views.views[1].name, "b/2.png");
    assert_int_equal(b.views.views[1].split, HL_SPLIT_TEST);
    assert_memory_equal(&a.views.views[1].camera_from_world, &b.views.views[1].camera_from_world,
                        sizeof(hl_pose));
    const double k[4] = {50, 50, 20, 15};
    assert_memory_equal(b.views.cameras[1].params, k, sizeof k);
    /* splats for tools that know nothing of light */
    hl_arena arena;
    hl_splats splats;
    hl_arena_init(&arena, 0, 0);
    check_ok(hl_splats_load(&splats, &arena, path, NULL));
    assert_int_equal(splats.count, SPLATS);
    hl_arena_release(&arena);
    hl_scene_file_release(&a);
    hl_scene_file_release(&b);
}

static void splats_alone_are_a_scene(void **state)
{
    (void)state;
    hl_scene_file a, b;
    const char *path = hl_test_file("bare.helio");
    make_scene(&a);
    check_ok(hl_splats_save(&a.splats, path, NULL));
    check_ok(hl_scene_file_load(&b, path));
    assert_true(!b.materials && !b.mesh.vertex_count && !b.light.width && !b.light_count);
    assert_int_equal(b.views.view_count, 0);
    hl_scene_file_release(&b);
    hl_scene_file_release(&a);
}

/* One part of a good scene is made wrong, saved, and must be refused with `words`. */
static void refuse(void (*harm)(hl_scene_file *s), const char *words)
{
    hl_scene_file a, b;
    const char *path = hl_test_file("harmed.helio");
    make_scene(&a);
    harm(&a);
    check_ok(hl_scene_file_save(&a, path));
    check_fails(hl_scene_file_load(&b, path), words);
    a.mesh.triangle_count = 2;
    hl_scene_file_release(&a);
}

static void bright_albedo(hl_scene_file *s)
{
    s->materials[5] = 1.5f;
}
static void no_number(hl_scene_file *s)
{
    s->mesh.normals[4] = NAN;
}
static void far_corner(hl_scene_file *s)
{
    s->mesh.triangles[4] = 9;
}
static void no_triangles(hl_scene_file *s)
{
    s->mesh.triangle_count = 0;
}
static void dark_lamp(hl_scene_file *s)
{
    s->lights[1].color[2] = -1;
}
static void short_sun(hl_scene_file *s)
{
    s->lights[0].at[2] = 0.5f;
}
static void bent_pose(hl_scene_file *s)
{
    s->views.views[0].camera_from_world.q[0] = 2;
}
static void wide_camera(hl_scene_file *s)
{
    s->views.cameras[1].width = 1 << 30;
}
static void sharp_lens(hl_scene_file *s)
{
    s->views.cameras[1].params[0] = (double)INFINITY;
}
static void too_bright(hl_scene_file *s)
{
    s->light.data[3] = 1e12f;
}

static void wrong_parts_are_named(void **state)
{
    (void)state;
    refuse(bright_albedo, "ALBE: value 3 is 1.5, expected 0..1");
    refuse(no_number, "VNRM: row 1 is no finite number");
    refuse(far_corner, "harmed.helio: ");
    refuse(no_triangles, "4 vertices and 0 triangles");
    refuse(dark_lamp, "LAMP: row 1 is no light");
    refuse(short_sun, "LAMP: row 0 is no light");
    refuse(bent_pose, "VIEW: row 0 is no camera");
    refuse(wide_camera, "VIEW: row 1 is no camera");
    refuse(sharp_lens, "VIEW: row 1 is no camera");
    refuse(too_bright, "LOGL: row 1 is 27.6");
}

static void parts_that_are_not_whole_are_named(void **state)
{
    (void)state;
    static const float zero[64];
    hl_scene_file a, b;
    hl_helio_writer *w;
    const char *path = hl_test_file("half.helio");
    const struct {
        const char *fourcc, *words;
        int64_t rows, columns;
    } cases[] = {{"ALBE", "chunk ROUG is missing", SPLATS, 3},
                 {"ALBE", "expected (3, 3)", SPLATS + 1, 3},
                 {"VPOS", "chunk TRIS is missing", 4, 3},
                 {"LOGL", "light of 0 x 0 texels, but LOGL has 4 rows", 4, 3},
                 {"VIEW", "VIEW: 1 cameras with 0 names", 1, 14},
                 {"LAMP", "LAMP: shape", 1, 13}};
    make_scene(&a);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_ok(hl_helio_writer_create(&w, path));
        check_ok(hl_helio_add_splats(w, &a.splats, false));
        check_ok(hl_helio_writer_add(w, cases[i].fourcc, HL_HELIO_F32, cases[i].rows,
                                     cases[i].columns, zero, false));
        check_ok(hl_helio_writer_commit(&w));
        check_fails(hl_scene_file_load(&b, path), cases[i].words);
    }
    check_fails(hl_scene_file_load(&b, hl_test_file("absent.helio")), "absent.helio");
    check_fails(hl_scene_file_load(&b, hl_test_write("text.helio", "HLIO but short", 14)),
                "text.helio");
    hl_scene_file_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(splats_alone_are_a_scene),
        cmocka_unit_test(wrong_parts_are_named),
        cmocka_unit_test(parts_that_are_not_whole_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
