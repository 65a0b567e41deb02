/* SPDX-License-Identifier: MIT */
/* core/mesh.h: area and normals against a cube in closed form, every refusal of the validator. */
#include "core/memory.h"
#include "core/mesh.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

/* A cube of side 2 around the origin, outside outward. */
static void make_cube(hl_mesh *mesh)
{
    static const uint32_t faces[36] = {0, 2, 3, 0, 3, 1, 4, 5, 7, 4, 7, 6, 0, 1, 5, 0, 5, 4,
                                       2, 6, 7, 2, 7, 3, 0, 4, 6, 0, 6, 2, 1, 3, 7, 1, 7, 5};
    check_ok(hl_mesh_create(mesh, 8, 12, HL_MESH_NORMALS | HL_MESH_ALBEDO | HL_MESH_UV));
    memcpy(mesh->triangles, faces, sizeof faces);
    for (int i = 0; i < 8; i++)
        for (int c = 0; c < 3; c++)
            mesh->positions[3 * i + c] = (i >> c) & 1 ? 1.0f : -1.0f;
}

static void cube_has_its_area_and_box(void **state)
{
    (void)state;
    hl_mesh mesh;
    make_cube(&mesh);
    float lo[3], hi[3];
    hl_mesh_bounds(&mesh, lo, hi);
    for (int c = 0; c < 3; c++) {
        assert_true(lo[c] == -1.0f);
        assert_true(hi[c] == 1.0f);
    }
    assert_true(fabs(hl_mesh_area(&mesh) - 24.0) < 1e-12);
    hl_mesh_release(&mesh);
    assert_null(mesh.positions);
}

static void corners_of_a_cube_point_outward(void **state)
{
    (void)state;
    hl_mesh mesh;
    make_cube(&mesh);
    check_ok(hl_mesh_fill_normals(&mesh));
    for (int i = 0; i < 8; i++) {
        const float *p = mesh.positions + 3 * i, *n = mesh.normals + 3 * i;
        const float length = n[0] * n[0] + n[1] * n[1] + n[2] * n[2];
        assert_true(fabsf(length - 1.0f) < 1e-6f);
        for (int c = 0; c < 3; c++)
            assert_true(n[c] * p[c] > 0.3f);
    }
    check_ok(hl_mesh_validate(&mesh));
    hl_mesh_release(&mesh);
}

static void normals_are_made_where_absent(void **state)
{
    (void)state;
    hl_mesh mesh;
    check_ok(hl_mesh_create(&mesh, 4, 1, 0));
    assert_null(mesh.normals);
    mesh.triangles[1] = 1;
    mesh.triangles[2] = 2;
    mesh.positions[3] = 1e-12f; /* a sliver keeps its direction */
    mesh.positions[7] = 1e-12f;
    check_ok(hl_mesh_fill_normals(&mesh));
    const float want[12] = {0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0};
    check_close(mesh.normals, want, 12, 1e-6, 0);
    hl_mesh_release(&mesh);
}

static void validator_names_what_is_wrong(void **state)
{
    (void)state;
    hl_mesh mesh;
    make_cube(&mesh);
    mesh.triangles[7] = 8;
    check_fails(hl_mesh_validate(&mesh), "triangle 2 names vertex 8 of 8");
    mesh.triangles[7] = 5;
    mesh.positions[10] = NAN;
    check_fails(hl_mesh_validate(&mesh), "position of vertex 3");
    mesh.positions[10] = 1;
    mesh.albedo[4] = 1.5f;
    check_fails(hl_mesh_validate(&mesh), "albedo of vertex 1 is 1.5");
    mesh.albedo[4] = 1;
    mesh.uv[1] = INFINITY;
    check_fails(hl_mesh_validate(&mesh), "uv of vertex 0");
    hl_mesh_release(&mesh);
    const hl_mesh hollow = {.vertex_count = 3, .triangle_count = 1};
    check_fails(hl_mesh_validate(&hollow), "arrays are absent");
    const hl_mesh negative = {.vertex_count = -1};
    check_fails(hl_mesh_validate(&negative), "are not in 0");
    check_fails(hl_mesh_create(&mesh, 1, HL_MESH_COUNT_MAX + 1, 0), "counts must lie in");
}

static void failed_allocations_leave_nothing(void **state)
{
    (void)state;
    const unsigned all =
        HL_MESH_NORMALS | HL_MESH_ALBEDO | HL_MESH_ROUGHNESS | HL_MESH_METAL | HL_MESH_UV;
    hl_mesh mesh = {0};
    for (uint64_t n = 1; n <= 7; n++) {
        hl_alloc_fail_at(n);
        assert_int_equal(hl_mesh_create(&mesh, 3, 1, all), HL_E_MEMORY);
        assert_null(mesh.positions);
    }
    hl_alloc_fail_at(0);
    check_ok(hl_mesh_create(&mesh, 3, 1, all));
    hl_mesh_release(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cube_has_its_area_and_box),
        cmocka_unit_test(corners_of_a_cube_point_outward),
        cmocka_unit_test(normals_are_made_where_absent),
        cmocka_unit_test(validator_names_what_is_wrong),
        cmocka_unit_test(failed_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
