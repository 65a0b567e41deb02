/* SPDX-License-Identifier: MIT */
/* core/mesh_io.h: round trips of every format, axes, textures, meshes of other tools, an
 * independent reader (assimp), and refusals. */
#include "core/color.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/mesh_io.h"
#include "tests/check.h"
#include "tests/faults.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Three arms of different lengths along +x, +y, +z: an axis that is flipped or swapped shows. */
static void make_arms(hl_mesh *mesh, unsigned attributes)
{
    check_ok(hl_mesh_create(mesh, 9, 3, attributes));
    for (uint32_t arm = 0; arm < 3; arm++)
        for (uint32_t k = 0; k < 3; k++) {
            const uint32_t v = 3 * arm + k;
            mesh->triangles[v] = v;
            float *p = mesh->positions + 3 * (size_t)v;
            p[arm] = k == 2 ? 1.0f + (float)arm : 0.0f;
            p[(arm + 1) % 3] = k == 1 ? 0.25f : 0.0f;
            for (uint32_t c = 0; mesh->albedo && c < 3; c++)
                mesh->albedo[3 * v + c] = c == arm ? 0.8f : 0.1f;
            if (mesh->roughness)
                mesh->roughness[v] = 0.25f * (float)(arm + 1);
            if (mesh->metal)
                mesh->metal[v] = 0.5f * (float)arm;
            if (mesh->uv) {
                mesh->uv[2 * v] = 0.125f + 0.25f * (float)arm;
                mesh->uv[2 * v + 1] = k == 1 ? 0.75f : 0.25f;
            }
        }
    if (mesh->normals)
        check_ok(hl_mesh_fill_normals(mesh));
}

enum { ALL = HL_MESH_NORMALS | HL_MESH_ALBEDO | HL_MESH_ROUGHNESS | HL_MESH_METAL | HL_MESH_UV };

static void compare(const hl_mesh *got, const hl_mesh *want, double color_tolerance)
{
    assert_int_equal(got->vertex_count, want->vertex_count);
    assert_int_equal(got->triangle_count, want->triangle_count);
    const size_t n = (size_t)want->vertex_count;
    assert_memory_equal(got->positions, want->positions, 3 * n * sizeof(float));
    assert_memory_equal(got->triangles, want->triangles,
                        3 * (size_t)want->triangle_count * sizeof(uint32_t));
    assert_int_equal(got->normals != NULL, want->normals != NULL);
    if (want->normals)
        check_close(got->normals, want->normals, 3 * n, 1e-6, 0);
    if (want->uv)
        check_close(got->uv, want->uv, 2 * n, 1e-6, 0);
    if (want->albedo)
        check_close(got->albedo, want->albedo, 3 * n, color_tolerance, 0);
}

static void round_trip(const char *name, unsigned attributes, double color_tolerance)
{
    hl_mesh mesh, back;
    make_arms(&mesh, attributes);
    const char *path = hl_test_file(name);
    check_ok(hl_mesh_save(&mesh, NULL, NULL, path));
    check_ok(hl_mesh_load(&back, NULL, path));
    compare(&back, &mesh, color_tolerance);
    if (mesh.roughness && back.roughness) {
        check_close(back.roughness, mesh.roughness, 9, 1e-12, 0);
        check_close(back.metal, mesh.metal, 9, 1e-12, 0);
    }
    hl_mesh_release(&mesh);
    hl_mesh_release(&back);
}

static void every_format_gives_back_what_it_got(void **state)
{
    (void)state;
    round_trip("all.glb", ALL, 1e-12);
    round_trip("bare.glb", 0, 1e-12);
    round_trip("all.ply", ALL, 0.005); /* 8-bit sRGB */
    round_trip("bare.ply", 0, 1e-12);
    round_trip("normals.ply", HL_MESH_NORMALS, 1e-12);
    round_trip("all.obj", HL_MESH_NORMALS | HL_MESH_ALBEDO | HL_MESH_UV, 2e-4);
    round_trip("uv.obj", HL_MESH_UV, 1e-12);
    round_trip("bare.obj", 0, 1e-12);
}

static void the_same_mesh_gives_the_same_bytes(void **state)
{
    (void)state;
    hl_mesh mesh;
    make_arms(&mesh, ALL);
    const char *const names[] = {"a.glb", "a.ply", "a.obj"};
    for (int i = 0; i < 3; i++) {
        hl_file_map first, second;
        const char *path = hl_test_file(names[i]);
        check_ok(hl_mesh_save(&mesh, NULL, NULL, path));
        check_ok(hl_file_map_open(&first, path)); /* maps the old file while it is replaced */
        check_ok(hl_mesh_save(&mesh, NULL, NULL, path));
        check_ok(hl_file_map_open(&second, path));
        assert_int_equal(first.size, second.size);
        assert_memory_equal(first.bytes, second.bytes, first.size);
        hl_file_map_close(&first);
        hl_file_map_close(&second);
    }
    hl_mesh_release(&mesh);
}

/* Replaces `from` by `to`, of equal length, in a file: tells the reader that the node is foreign.
 */
static void edit(const char *path, const char *from, const char *to)
{
    hl_file_map map;
    check_ok(hl_file_map_open(&map, path));
    char *copy = malloc(map.size);
    assert_non_null(copy);
    memcpy(copy, map.bytes, map.size);
    bool found = false;
    for (size_t i = 0; i + strlen(from) <= map.size && !found; i++)
        if (!memcmp(copy + i, from, strlen(from))) {
            memcpy(copy + i, to, strlen(to));
            found = true;
        }
    assert_true(found);
    const size_t size = map.size;
    hl_file_map_close(&map);
    check_ok(hl_file_save(path, copy, size));
    free(copy);
}

static void up_becomes_y_for_other_readers_only(void **state)
{
    (void)state;
    const float ups[4][3] = {{0, 0, 1}, {0, -1, 0}, {-2, 0, 0}, {1, 2, 3}};
    hl_mesh mesh, back;
    make_arms(&mesh, 0);
    for (int i = 0; i < 4; i++) {
        const char *path = hl_test_file("up.glb");
        check_ok(hl_mesh_save(&mesh, NULL, ups[i], path));
        check_ok(hl_mesh_load(&back, NULL, path));
        compare(&back, &mesh, 1e-12);
        hl_mesh_release(&back);
        edit(path, "helio_world", "other_world");
        check_ok(hl_mesh_load(&back, NULL, path));
        const float *u = ups[i];
        const double length = sqrt((double)(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]));
        for (size_t v = 0; v < 9; v++) {
            const float *p = mesh.positions + 3 * v, *q = back.positions + 3 * v;
            const double height = (double)(u[0] * p[0] + u[1] * p[1] + u[2] * p[2]) / length;
            assert_true(fabs(height - (double)q[1]) < 1e-5);
        }
        /* A rotation: areas stay, and it does not mirror. */
        assert_true(fabs(hl_mesh_area(&mesh) - hl_mesh_area(&back)) < 1e-5);
        const float *a = back.positions + 6, *b = back.positions + 15, *c = back.positions + 24;
        const float det = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
                          a[2] * (b[0] * c[1] - b[1] * c[0]);
        assert_true(fabsf(det - 6.0f) < 1e-4f);
        hl_mesh_release(&back);
    }
    hl_mesh_release(&mesh);
}

static void make_pictures(hl_mesh_textures *t)
{
    *t = (hl_mesh_textures){0};
    check_ok(hl_image8_create(&t->base_color, 8, 4, 3));
    check_ok(hl_image8_create(&t->metal_roughness, 8, 4, 3));
    for (int i = 0; i < 8 * 4; i++)
        for (int c = 0; c < 3; c++) {
            t->base_color.data[3 * i + c] = (uint8_t)(i % 8 / 2 == c ? 200 : 40);
            t->metal_roughness.data[3 * i + c] = (uint8_t)(i % 8 / 2 * 60 + 10 * c);
        }
}

static void textures_travel_and_show_at_the_vertices(void **state)
{
    (void)state;
    hl_mesh mesh, back;
    hl_mesh_textures pictures, found;
    make_arms(&mesh, HL_MESH_UV | HL_MESH_ALBEDO);
    make_pictures(&pictures);
    const char *path = hl_test_file("textured.glb");
    check_ok(hl_mesh_save(&mesh, &pictures, NULL, path));
    check_ok(hl_mesh_load(&back, &found, path));
    assert_int_equal(found.base_color.width, 8);
    assert_memory_equal(found.base_color.data, pictures.base_color.data, 8 * 4 * 3);
    assert_memory_equal(found.metal_roughness.data, pictures.metal_roughness.data, 8 * 4 * 3);
    for (size_t v = 0; v < 9; v++) /* arm k lies in the middle of the k-th pair of columns */
        for (size_t c = 0; c < 3; c++) {
            const float want = hl_linear_from_srgb(v / 3 == c ? 200 / 255.0f : 40 / 255.0f);
            assert_true(fabsf(back.albedo[3 * v + c] - want) < 1e-6f);
        }
    assert_true(fabsf(back.roughness[3] - 70 / 255.0f) < 1e-6f);
    assert_true(fabsf(back.metal[6] - 140 / 255.0f) < 1e-6f);
    hl_mesh_release(&back);
    hl_mesh_textures_release(&found);

    path = hl_test_file("textured.obj");
    check_ok(hl_mesh_save(&mesh, &pictures, NULL, path));
    hl_image8 color;
    check_ok(hl_image8_load(&color, hl_test_file("textured_color.png"), 0));
    assert_memory_equal(color.data, pictures.base_color.data, 8 * 4 * 3);
    hl_image8_release(&color);
    assert_true(hl_file_exists(hl_test_file("textured.mtl")));

    hl_free(mesh.uv);
    mesh.uv = NULL;
    check_fails(hl_mesh_save(&mesh, &pictures, NULL, path), "without texture coordinates");
    hl_mesh_release(&mesh);
    hl_mesh_textures_release(&pictures);
}

/* WaterBottle: bounds and counts as its file and its accessors state them. */
static void a_bottle_of_another_tool_reads(void **state)
{
    (void)state;
    const char *path = hl_test_data("models/WaterBottle/WaterBottle.gltf");
    if (!hl_file_exists(path)) {
        print_message("SKIPPED: %s is absent\n", path);
        skip();
    }
    hl_mesh mesh;
    hl_mesh_textures textures;
    check_ok(hl_mesh_load(&mesh, &textures, path));
    assert_int_equal(mesh.vertex_count, 2549);
    assert_int_equal(mesh.triangle_count, 4510);
    assert_non_null(mesh.normals);
    assert_true(textures.base_color.width > 0 && textures.metal_roughness.width > 0);
    float lo[3], hi[3];
    hl_mesh_bounds(&mesh, lo, hi);
    assert_true(fabsf(lo[1] + 0.130220f) < 1e-5f && fabsf(hi[1] - 0.130220f) < 1e-5f);
    /* Its normals agree with its corners: outside is outside. */
    hl_mesh faces = mesh;
    faces.normals = NULL;
    check_ok(hl_mesh_fill_normals(&faces));
    int agree = 0;
    for (size_t v = 0; v < (size_t)mesh.vertex_count; v++) {
        const float *a = mesh.normals + 3 * v, *b = faces.normals + 3 * v;
        agree += a[0] * b[0] + a[1] * b[1] + a[2] * b[2] > 0.5f;
    }
    assert_true(agree > mesh.vertex_count * 9 / 10);
    hl_free(faces.normals);
    hl_mesh_release(&mesh);
    hl_mesh_textures_release(&textures);
}

/* assimp reads what we wrote and counts the same. */
static void an_independent_reader_agrees(void **state)
{
    (void)state;
    if (system("command -v assimp >/dev/null 2>&1") != 0) {
        print_message("SKIPPED: assimp (package assimp-utils) is not installed\n");
        skip();
    }
    hl_mesh mesh;
    hl_mesh_textures pictures;
    make_arms(&mesh, ALL);
    make_pictures(&pictures);
    const char *const names[] = {"reader.glb", "reader.ply", "reader.obj"};
    for (int i = 0; i < 3; i++) {
        char command[1024];
        const char *path = hl_test_file(names[i]);
        check_ok(hl_mesh_save(&mesh, i == 1 ? NULL : &pictures, NULL, path));
        snprintf(command, sizeof command,
                 "assimp info '%s' > '%s.txt' 2>&1 && grep -q '^Faces: *3$' '%s.txt' && "
                 "grep -q '^Vertices: *9$' '%s.txt'",
                 path, path, path, path);
        assert_int_equal(system(command), 0);
    }
    hl_mesh_release(&mesh);
    hl_mesh_textures_release(&pictures);
}

static void refuse(const char *name, const char *text, const char *part)
{
    hl_mesh mesh;
    hl_mesh_textures textures;
    check_fails(hl_mesh_load(&mesh, &textures, hl_test_write(name, text, strlen(text))), part);
}

static void broken_files_are_refused_in_a_sentence(void **state)
{
    (void)state;
    refuse("empty.glb", "", "not a mesh");
    refuse("text.glb", "hello", "not a mesh");
    refuse("short.glb", "glTF\2\0", "truncated");
    refuse("old.gltf", "{\"asset\":{\"version\":\"1.0\"}}", "glTF 2.x");
    refuse("none.gltf", "{\"asset\":{\"version\":\"2.0\"}}", "no triangles");
    refuse("up.gltf", "{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"uri\":\"../x\"}]}",
           "same folder");
    refuse("draco.gltf",
           "{\"asset\":{\"version\":\"2.0\"},"
           "\"extensionsRequired\":[\"KHR_draco_mesh_compression\"]}",
           "KHR_draco_mesh_compression");
    refuse("loop.gltf",
           "{\"asset\":{\"version\":\"2.0\"},\"scenes\":[{\"nodes\":[0]}],"
           "\"nodes\":[{\"children\":[0]}]}",
           "nest deeper");
    refuse("accessor.gltf",
           "{\"asset\":{\"version\":\"2.0\"},\"meshes\":[{\"primitives\":[{\"attributes\":"
           "{\"POSITION\":7}}]}]}",
           "no accessors[7]");
    refuse("points.ply",
           "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\n"
           "property float y\nproperty float z\nend_header\n0 0 0\n",
           "no element face");
    refuse("index.ply",
           "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
           "property float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n"
           "0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n",
           "vertex 3 of 3");
    refuse("nan.ply",
           "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
           "property float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n"
           "0 0 nan\n1 0 0\n0 1 0\n3 0 1 2\n",
           "position of vertex 0");
    refuse("cut.ply",
           "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
           "property float z\nelement face 2\nproperty list uchar int vertex_indices\nend_header\n"
           "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",
           "truncated");
    static const char *const lengths[] = {"-1e30", "nan", "1e30", "inf", "7"};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "ply\nformat ascii 1.0\nelement extra 1\nproperty list int int x\n"
                 "element vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
                 "element face 1\nproperty list uchar int vertex_indices\nend_header\n%s 0\n"
                 "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",
                 lengths[i]);
        refuse("length.ply", text, i < 4 ? "expected a list's length" : "row 2 of 3");
    }
    refuse("zero.obj", "v 0 0 0\nf 0 0 0\n", "line 2");
    refuse("far.obj", "v 0 0 0\nv 1 0 0\nf 1 2 3\n", "names no row");
    refuse("word.obj", "v 0 zero 0\n", "expected a number");
    hl_mesh mesh;
    make_arms(&mesh, 0);
    check_fails(hl_mesh_save(&mesh, NULL, NULL, hl_test_file("a.stl")), ".glb, .ply or .obj");
    mesh.positions[0] = NAN;
    check_fails(hl_mesh_save(&mesh, NULL, NULL, hl_test_file("nan.glb")), "nan.glb");
    assert_false(hl_file_exists(hl_test_file("nan.glb")));
    hl_mesh_release(&mesh);
}

/* A quad, negative indices, a mirrored node: corners run as the outside demands. */
static void polygons_and_mirrors_keep_their_outside(void **state)
{
    (void)state;
    const char *quad = "v 0 0 0\nv 2 0 0\nv 2 1 0\nv 0 1 0\nf -4 -3 -2 -1\n";
    hl_mesh mesh;
    check_ok(hl_mesh_load(&mesh, NULL, hl_test_write("quad.obj", quad, strlen(quad))));
    assert_int_equal(mesh.triangle_count, 2);
    assert_true(fabs(hl_mesh_area(&mesh) - 2) < 1e-9);
    check_ok(hl_mesh_fill_normals(&mesh));
    assert_true(mesh.normals[2] == 1.0f);
    const char *path = hl_test_file("mirror.glb");
    check_ok(hl_mesh_save(&mesh, NULL, NULL, path));
    hl_mesh_release(&mesh);
    edit(path, "\"name\":\"helio_world\"", "\"scale\":[1.0,1,-1.0]");
    check_ok(hl_mesh_load(&mesh, NULL, path));
    hl_free(mesh.normals);
    mesh.normals = NULL;
    check_ok(hl_mesh_fill_normals(&mesh));
    assert_true(mesh.normals[2] == -1.0f);
    hl_mesh_release(&mesh);
}

static hl_status save_and_load(void *ctx)
{
    const hl_mesh *mesh = ctx;
    hl_mesh back;
    hl_mesh_textures none;
    const char *path = hl_test_file("fault.glb");
    HL_TRY(hl_mesh_save(mesh, NULL, NULL, path));
    HL_TRY(hl_mesh_load(&back, &none, path));
    hl_mesh_release(&back);
    hl_mesh_textures_release(&none);
    return HL_OK;
}

static void failed_allocations_leak_nothing(void **state)
{
    (void)state;
    hl_mesh mesh;
    make_arms(&mesh, ALL);
    check_every_allocation(save_and_load, &mesh, 2000);
    hl_mesh_release(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_gives_back_what_it_got),
        cmocka_unit_test(the_same_mesh_gives_the_same_bytes),
        cmocka_unit_test(up_becomes_y_for_other_readers_only),
        cmocka_unit_test(textures_travel_and_show_at_the_vertices),
        cmocka_unit_test(a_bottle_of_another_tool_reads),
        cmocka_unit_test(an_independent_reader_agrees),
        cmocka_unit_test(broken_files_are_refused_in_a_sentence),
        cmocka_unit_test(polygons_and_mirrors_keep_their_outside),
        cmocka_unit_test(failed_allocations_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
