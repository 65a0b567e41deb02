/* SPDX-License-Identifier: MIT */
/* core/mesh_edit.h on grids and balls whose answers can be counted. */
#include "core/memory.h"
#include "core/mesh_edges.h"
#include "core/mesh_edit.h"
#include "tests/check.h"
#include "tests/faults.h"

#include <math.h>
#include <string.h>

enum { SIDE = 8 };

/* A sheet of SIDE x SIDE squares at height z, albedo = position; unused vertex at the end. */
static void make_sheets(hl_mesh *m, int sheets)
{
    const int n = (SIDE + 1) * (SIDE + 1), t = 2 * SIDE * SIDE;
    check_ok(hl_mesh_create(m, sheets * n + 1, sheets * t, HL_MESH_NORMALS | HL_MESH_ALBEDO));
    for (int s = 0; s < sheets; s++)
        for (int j = 0; j <= SIDE; j++)
            for (int i = 0; i <= SIDE; i++) {
                const float p[3] = {(float)i / SIDE, (float)j / SIDE, (float)s};
                const size_t v = (size_t)(s * n + j * (SIDE + 1) + i);
                memcpy(m->positions + 3 * v, p, sizeof p);
                m->albedo[3 * v] = p[0];
                m->albedo[3 * v + 1] = p[1];
            }
    for (int s = 0; s < sheets; s++)
        for (int j = 0; j < SIDE; j++)
            for (int i = 0; i < SIDE; i++) {
                const uint32_t a = (uint32_t)(s * n + j * (SIDE + 1) + i), b = a + SIDE + 1;
                const uint32_t two[6] = {a, a + 1, b, b, a + 1, b + 1};
                memcpy(m->triangles + 6 * ((size_t)s * SIDE * SIDE + (size_t)(j * SIDE + i)), two,
                       sizeof two);
            }
    check_ok(hl_mesh_fill_normals(m));
}

static void drop_triangles(hl_mesh *m, int32_t first, int32_t count)
{
    memmove(m->triangles + 3 * (size_t)first, m->triangles + 3 * (size_t)(first + count),
            3 * sizeof(uint32_t) * (size_t)(m->triangle_count - first - count));
    m->triangle_count -= count;
}

static void small_pieces_go(void **state)
{
    (void)state;
    hl_mesh m;
    int32_t pieces = 0;
    make_sheets(&m, 3);
    drop_triangles(&m, 2 * 2 * SIDE * SIDE + 10, 2 * SIDE * SIDE - 10); /* third sheet: 10 left */
    check_ok(hl_mesh_keep_large(&m, 5, 0, &pieces));
    assert_int_equal(pieces, 3);
    assert_int_equal(m.vertex_count, 2 * (SIDE + 1) * (SIDE + 1) + 12); /* the unused one went */
    check_ok(hl_mesh_keep_large(&m, 5, 0.1, &pieces));
    assert_int_equal(pieces, 2);
    assert_int_equal(m.triangle_count, 2 * 2 * SIDE * SIDE);
    assert_true(fabs(hl_mesh_area(&m) - 2) < 1e-6);
    check_ok(hl_mesh_validate(&m));
    for (size_t v = 0; v < (size_t)m.vertex_count; v++) /* attributes moved along */
        assert_true(m.albedo[3 * v] == m.positions[3 * v]);
    hl_mesh_release(&m);
}

static void holes_close_and_borders_stay(void **state)
{
    (void)state;
    hl_mesh m;
    int32_t filled = 0;
    make_sheets(&m, 1);
    check_ok(hl_mesh_compact(&m));
    assert_int_equal(hl_mesh_border_edges(&m), 4 * SIDE);
    drop_triangles(&m, 2 * (3 * SIDE + 3), 4); /* two squares side by side */
    assert_int_equal(hl_mesh_border_edges(&m), 4 * SIDE + 6);
    check_ok(hl_mesh_fill_holes(&m, 5, &filled));
    assert_int_equal(filled, 0); /* its border has 6 edges */
    check_ok(hl_mesh_fill_holes(&m, 6, &filled));
    assert_int_equal(filled, 1);
    assert_int_equal(hl_mesh_border_edges(&m), 4 * SIDE);
    assert_true(fabs(hl_mesh_area(&m) - 1) < 1e-6);
    hl_free(m.normals);
    m.normals = NULL;
    check_ok(hl_mesh_fill_normals(&m));
    for (size_t v = 0; v < (size_t)m.vertex_count; v++) /* the fan faces the same way */
        assert_true(m.normals[3 * v + 2] > 0.999f);
    const float *middle = m.albedo + 3 * (size_t)(m.vertex_count - 1);
    assert_true(fabsf(middle[0] - 4.0f / SIDE) < 1e-6f && fabsf(middle[1] - 3.5f / SIDE) < 1e-6f);
    hl_mesh_release(&m);
}

static void edges_are_counted_by_kind(void **state)
{
    (void)state;
    hl_mesh m;
    hl_mesh_edge_counts c;
    make_sheets(&m, 2);
    check_ok(hl_mesh_compact(&m));
    drop_triangles(&m, 2 * (3 * SIDE + 3), 2);
    check_ok(hl_mesh_count_edges(&m, &c));
    assert_int_equal(c.edges, 2 * (2 * SIDE * (SIDE + 1) + SIDE * SIDE) - 1);
    assert_int_equal(c.open, 8 * SIDE + 4); /* a square less: its diagonal is gone */
    assert_int_equal(c.holes, 3);           /* two rims and the square */
    assert_int_equal(c.crowded + c.flipped, 0);
    const uint32_t kept = m.triangles[0];
    m.triangles[0] = m.triangles[1];
    m.triangles[1] = kept;
    check_ok(hl_mesh_count_edges(&m, &c));
    assert_int_equal(c.flipped, 1); /* its other two edges are those of the rim */
    hl_mesh_release(&m);

    static const uint32_t faces[18] = {0, 2, 1, 0, 1, 3, 1, 2, 3, 2, 0, 3, 0, 1, 4, 4, 1, 0};
    check_ok(hl_mesh_create(&m, 5, 6, 0));
    memcpy(m.triangles, faces, sizeof faces);
    m.triangle_count = 4; /* a tetrahedron */
    check_ok(hl_mesh_count_edges(&m, &c));
    assert_true(c.edges == 6 && c.open == 0 && c.holes == 0 && c.crowded == 0 && c.flipped == 0);
    m.triangle_count = 5; /* with a fin */
    check_ok(hl_mesh_count_edges(&m, &c));
    assert_true(c.edges == 8 && c.open == 2 && c.holes == 1 && c.crowded == 1 && c.flipped == 0);
    int32_t dropped = 0;
    check_ok(hl_mesh_drop_folds(&m, &dropped));
    assert_int_equal(dropped, 0);
    m.triangle_count = 6; /* with the fin folded over */
    check_ok(hl_mesh_drop_folds(&m, &dropped));
    assert_int_equal(dropped, 2);
    check_ok(hl_mesh_count_edges(&m, &c));
    assert_true(c.edges == 6 && c.open == 0 && c.crowded == 0 && c.flipped == 0);
    memcpy(m.triangles + 12, faces, 6 * sizeof *faces); /* two of its faces twice */
    m.triangle_count = 6;
    check_ok(hl_mesh_drop_folds(&m, &dropped));
    assert_true(dropped == 2 && memcmp(m.triangles, faces, 12 * sizeof *faces) == 0);
    hl_mesh_release(&m);
}

static void a_flat_sheet_needs_few_triangles(void **state)
{
    (void)state;
    hl_mesh m;
    float moved = -1;
    make_sheets(&m, 1);
    const hl_status s = hl_mesh_simplify(&m, 2, 1e-3f, &moved);
    if (s == HL_E_BACKEND) {
        print_message("SKIPPED: %s\n", hl_last_error());
        hl_mesh_release(&m);
        skip();
    }
    check_ok(s);
    assert_true(m.triangle_count <= 12);
    assert_true(moved >= 0 && moved < 1e-3f);
    assert_true(fabs(hl_mesh_area(&m) - 1) < 1e-5);
    assert_int_equal(hl_mesh_border_edges(&m) > 0, 1);
    check_ok(hl_mesh_validate(&m));

    /* Bent sheet: the error bound holds it back. */
    hl_mesh_release(&m);
    make_sheets(&m, 1);
    for (size_t v = 0; v < (size_t)m.vertex_count; v++)
        m.positions[3 * v + 2] = 0.5f * m.positions[3 * v] * m.positions[3 * v];
    check_ok(hl_mesh_simplify(&m, 2, 1e-3f, NULL));
    const int32_t fine = m.triangle_count;
    check_ok(hl_mesh_simplify(&m, 2, 0.5f, NULL));
    assert_true(m.triangle_count < fine && fine > 8);
    hl_mesh_release(&m);
}

static hl_status attempt(void *context)
{
    hl_mesh m;
    HL_TRY(hl_mesh_create(&m, 25, 32, HL_MESH_ALBEDO));
    memcpy(&m.triangles[0], context, 3 * sizeof(uint32_t));
    hl_status s = hl_mesh_fill_holes(&m, 8, NULL);
    if (s == HL_OK)
        s = hl_mesh_keep_large(&m, 1, 0, NULL);
    if (s == HL_OK)
        s = hl_mesh_drop_folds(&m, NULL);
    hl_mesh_release(&m);
    return s;
}

static void failed_allocations_leak_nothing(void **state)
{
    (void)state;
    uint32_t corners[3] = {3, 4, 5};
    check_every_allocation(attempt, corners, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_pieces_go),
        cmocka_unit_test(holes_close_and_borders_stay),
        cmocka_unit_test(edges_are_counted_by_kind),
        cmocka_unit_test(a_flat_sheet_needs_few_triangles),
        cmocka_unit_test(failed_allocations_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
