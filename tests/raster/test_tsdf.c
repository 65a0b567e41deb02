/* SPDX-License-Identifier: MIT */
/* raster/tsdf.h from exact depth maps of shapes with closed forms: every vertex lies on the shape,
 * the surface is closed, its area and its outside are right. */
#include "core/memory.h"
#include "core/mesh_edit.h"
#include "core/parallel.h"
#include "raster/mesh/field.h"
#include "raster/tsdf.h"
#include "tests/check.h"
#include "tests/faults.h"

#include <math.h>
#include <string.h>

enum { SIDE = 96, VIEWS = 26 };

/* Depth along z of the nearest hit from eye o along d (camera z = 1), 0: none; normal, world. */
typedef float (*shape)(const float o[3], const float d[3], float n[3]);

static float ball(const float o[3], const float d[3], float n[3])
{
    const float a = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
    const float b = o[0] * d[0] + o[1] * d[1] + o[2] * d[2];
    const float c = o[0] * o[0] + o[1] * o[1] + o[2] * o[2] - 1;
    const float q = b * b - a * c;
    if (q <= 0)
        return 0;
    const float t = (-b - sqrtf(q)) / a;
    for (int k = 0; k < 3; k++)
        n[k] = o[k] + t * d[k];
    return t;
}

static const float HALF[3] = {0.9f, 0.7f, 0.5f};

static float box(const float o[3], const float d[3], float n[3])
{
    float near = 0, far = INFINITY;
    int axis = -1;
    for (int k = 0; k < 3; k++) {
        const float a = (-HALF[k] - o[k]) / d[k], b = (HALF[k] - o[k]) / d[k];
        if (fminf(a, b) > near) {
            near = fminf(a, b);
            axis = k;
        }
        far = fminf(far, fmaxf(a, b));
    }
    if (axis < 0 || near >= far)
        return 0;
    memset(n, 0, 3 * sizeof *n);
    n[axis] = d[axis] > 0 ? -1.0f : 1.0f;
    return near;
}

/* View i of 26: from the corners, edges and faces of a cube, at distance 3.2. */
static void look(int i, hl_raster_view *v)
{
    const int cell = i < 13 ? i : i + 1; /* of 3 x 3 x 3 without the middle */
    float e[3] = {(float)(cell % 3 - 1), (float)(cell / 3 % 3 - 1), (float)(cell / 9 - 1)};
    const float l = sqrtf(e[0] * e[0] + e[1] * e[1] + e[2] * e[2]);
    float z[3], x[3], y[3], up[3] = {0, 0, 0};
    for (int k = 0; k < 3; k++) {
        e[k] *= 3.2f / l;
        z[k] = -e[k] / 3.2f;
    }
    up[fabsf(z[2]) < 0.8f ? 2 : 0] = -1;
    for (int k = 0; k < 3; k++)
        x[k] = up[(k + 1) % 3] * z[(k + 2) % 3] - up[(k + 2) % 3] * z[(k + 1) % 3];
    const float lx = sqrtf(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    for (int k = 0; k < 3; k++)
        x[k] /= lx;
    for (int k = 0; k < 3; k++)
        y[k] = z[(k + 1) % 3] * x[(k + 2) % 3] - z[(k + 2) % 3] * x[(k + 1) % 3];
    *v = (hl_raster_view){.width = SIDE, .height = SIDE, .fx = 110, .fy = 110, .cx = 48, .cy = 48};
    for (int k = 0; k < 3; k++) {
        v->r[k] = x[k];
        v->r[3 + k] = y[k];
        v->r[6 + k] = z[k];
    }
    for (int k = 0; k < 3; k++)
        v->t[k] = -(v->r[3 * k] * e[0] + v->r[3 * k + 1] * e[1] + v->r[3 * k + 2] * e[2]);
}

typedef struct picture {
    float depth[SIDE * SIDE], normal[3][SIDE * SIDE], color[3][SIDE * SIDE];
} picture;

static void draw(shape f, const hl_raster_view *v, picture *p)
{
    float eye[3];
    for (int k = 0; k < 3; k++)
        eye[k] = -(v->r[k] * v->t[0] + v->r[3 + k] * v->t[1] + v->r[6 + k] * v->t[2]);
    for (int i = 0; i < SIDE * SIDE; i++) {
        const float c[2] = {((float)(i % SIDE) + 0.5f - v->cx) / v->fx,
                            ((float)(i / SIDE) + 0.5f - v->cy) / v->fy};
        float d[3], n[3] = {0, 0, 0};
        for (int k = 0; k < 3; k++)
            d[k] = v->r[k] * c[0] + v->r[3 + k] * c[1] + v->r[6 + k];
        p->depth[i] = f(eye, d, n);
        for (int k = 0; k < 3; k++) {
            p->normal[k][i] = 0.5f * n[k]; /* any length */
            p->color[k][i] = 0.5f + 0.4f * (eye[k] + p->depth[i] * d[k]);
        }
    }
}

static const hl_tsdf_options options = {
    .low = {-1.4f, -1.4f, -1.4f}, .high = {1.4f, 1.4f, 1.4f}, .voxel = 0.05f, .blocks_max = 4096};

static hl_status fuse(shape f, int views, bool normals, bool colors, hl_mesh *mesh)
{
    hl_tsdf *t;
    static picture p;
    HL_TRY(hl_tsdf_create(&t, &options));
    hl_status s = HL_OK;
    for (int i = 0; s == HL_OK && i < views; i++) {
        hl_raster_view v;
        look(i, &v);
        draw(f, &v, &p);
        hl_tsdf_view in = {.camera = &v, .depth = p.depth, .stride = SIDE};
        for (int k = 0; k < 3; k++) {
            in.normal[k] = normals ? p.normal[k] : NULL;
            in.color[k] = colors ? p.color[k] : NULL;
        }
        s = hl_tsdf_integrate(t, &in);
    }
    if (s == HL_OK)
        s = hl_tsdf_extract(t, mesh);
    hl_tsdf_destroy(&t);
    return s;
}

static void a_ball_comes_back(void **state)
{
    (void)state;
    for (int normals = 0; normals < 2; normals++) {
        hl_mesh m;
        check_ok(fuse(ball, VIEWS, normals, true, &m));
        assert_int_equal(hl_mesh_border_edges(&m), 0);
        double worst = 0;
        for (size_t v = 0; v < (size_t)m.vertex_count; v++) {
            const float *p = m.positions + 3 * v;
            const double r = sqrt((double)p[0] * (double)p[0] + (double)p[1] * (double)p[1] +
                                  (double)p[2] * (double)p[2]);
            worst = fmax(worst, fabs(r - 1));
            for (int k = 0; k < 3; k++) /* colours tell where they were seen */
                assert_true(fabsf(m.albedo[3 * v + (size_t)k] - 0.5f - 0.4f * p[k]) < 0.03f);
        }
        assert_true(worst < 0.15 * 0.05); /* a seventh of a voxel */
        const double area = hl_mesh_area(&m), sphere = 4 * 3.14159265358979;
        assert_true(fabs(area / sphere - 1) < 0.005);
        check_ok(hl_mesh_fill_normals(&m));
        for (size_t v = 0; v < 3 * (size_t)m.vertex_count; v += 3) /* outside is outside */
            assert_true(m.normals[v] * m.positions[v] + m.normals[v + 1] * m.positions[v + 1] +
                            m.normals[v + 2] * m.positions[v + 2] >
                        0.9f);
        hl_mesh_release(&m);
    }
}

static float box_distance(const float p[3])
{
    float outside = 0, inside = -INFINITY;
    for (int k = 0; k < 3; k++) {
        const float q = fabsf(p[k]) - HALF[k];
        outside += fmaxf(q, 0) * fmaxf(q, 0);
        inside = fmaxf(inside, q);
    }
    return inside > 0 ? sqrtf(outside) : inside;
}

static void a_box_keeps_its_faces(void **state)
{
    (void)state;
    hl_mesh m;
    check_ok(fuse(box, VIEWS, true, false, &m));
    assert_null(m.albedo);
    int32_t pieces = 0;
    check_ok(hl_mesh_keep_large(&m, 50, 0.01, &pieces)); /* crumbs where views disagree at edges */
    assert_int_equal(pieces, 1);
    assert_int_equal(hl_mesh_border_edges(&m), 0);
    double sum = 0, worst = 0;
    for (size_t v = 0; v < (size_t)m.vertex_count; v++) {
        const double d = fabs((double)box_distance(m.positions + 3 * v));
        sum += d;
        worst = fmax(worst, d);
    }
    assert_true(sum / m.vertex_count < 0.2 * 0.05); /* edges are rounded, faces are exact */
    assert_true(worst < 1.5 * 0.05);
    hl_mesh_release(&m);
}

/* Euler: a closed surface of genus 0 has V - E + F = 2; without doubled vertices or loose ends. */
static void the_surface_is_one_sphere(void **state)
{
    (void)state;
    hl_mesh m;
    int32_t pieces = 0;
    check_ok(fuse(box, VIEWS, true, false, &m));
    check_ok(hl_mesh_keep_large(&m, 50, 0.01, &pieces));
    assert_int_equal(m.vertex_count - 3 * m.triangle_count / 2 + m.triangle_count, 2);
    hl_mesh_release(&m);
}

/* Every case of the table closes: the border of a case's triangles, as a set of directed edges,
 * lies on the faces of the cube only, and equals that of the neighbour's view of the face. */
static void the_table_closes_every_face(void **state)
{
    (void)state;
    hl_cube_table table;
    hl_cube_table_fill(&table);
    for (int negative = 0; negative < 256; negative++) {
        int balance[12][12];
        memset(balance, 0, sizeof balance);
        for (int k = 0; k < table.count[negative]; k++) {
            const int a = table.edges[negative][k];
            const int b = table.edges[negative][k % 3 == 2 ? k - 2 : k + 1];
            const int start = hl_cube_edge_start(a), end = start | 1 << a / 4;
            assert_true((negative >> start & 1) != (negative >> end & 1));
            balance[a][b]++;
        }
        for (int a = 0; a < 12; a++)
            for (int b = 0; b < a; b++) {
                const int open = balance[a][b] - balance[b][a];
                if (!open)
                    continue; /* inside the cell: two triangles meet */
                assert_true(open == 1 || open == -1);
                const int pa = hl_cube_edge_start(a), pb = hl_cube_edge_start(b);
                const int qa = pa | 1 << a / 4, qb = pb | 1 << b / 4;
                const int all_set = pa & qa & pb & qb, any_set = pa | qa | pb | qb;
                assert_true(all_set != 0 || any_set != 7); /* on one face */
            }
    }
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    hl_mesh m[2];
    for (int i = 0; i < 2; i++) {
        hl_parallel_set_threads(i ? 3 : 1);
        check_ok(fuse(ball, 6, true, true, &m[i]));
    }
    hl_parallel_set_threads(0);
    assert_int_equal(m[0].vertex_count, m[1].vertex_count);
    assert_int_equal(m[0].triangle_count, m[1].triangle_count);
    assert_memory_equal(m[0].positions, m[1].positions,
                        3 * sizeof(float) * (size_t)m[0].vertex_count);
    assert_memory_equal(m[0].albedo, m[1].albedo, 3 * sizeof(float) * (size_t)m[0].vertex_count);
    assert_memory_equal(m[0].triangles, m[1].triangles,
                        3 * sizeof(uint32_t) * (size_t)m[0].triangle_count);
    assert_true(hl_mesh_border_edges(&m[0]) > 0); /* six views leave gaps open */
    hl_mesh_release(&m[0]);
    hl_mesh_release(&m[1]);
}

static float nothing(const float o[3], const float d[3], float n[3])
{
    (void)o;
    (void)n;
    return d[0] > 0 ? NAN : -1.0f;
}

static void bad_depth_and_bad_boxes(void **state)
{
    (void)state;
    hl_mesh m;
    hl_tsdf *t = NULL;
    check_ok(fuse(nothing, 3, true, false, &m));
    assert_int_equal(m.triangle_count, 0);
    hl_mesh_release(&m);
    hl_tsdf_options o = options;
    o.voxel = 0;
    check_fails(hl_tsdf_create(&t, &o), "expected a positive size");
    o.voxel = 1e-7f;
    check_fails(hl_tsdf_create(&t, &o), "voxels");
    o = options;
    o.high[1] = o.low[1];
    check_fails(hl_tsdf_create(&t, &o), "box");
    o = options;
    o.blocks_max = 5;
    static picture p;
    hl_raster_view v;
    look(0, &v);
    draw(ball, &v, &p);
    check_ok(hl_tsdf_create(&t, &o));
    const hl_tsdf_view in = {.camera = &v, .depth = p.depth, .stride = SIDE};
    check_fails(hl_tsdf_integrate(t, &in), "would fit");
    hl_tsdf_destroy(&t);
}

static hl_status attempt(void *context)
{
    hl_mesh m;
    (void)context;
    HL_TRY(fuse(ball, 1, true, true, &m));
    hl_mesh_release(&m);
    return HL_OK;
}

static void failed_allocations_leak_nothing(void **state)
{
    (void)state;
    hl_parallel_set_threads(1);
    check_every_allocation(attempt, NULL, 100);
    hl_parallel_set_threads(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ball_comes_back),
        cmocka_unit_test(a_box_keeps_its_faces),
        cmocka_unit_test(the_surface_is_one_sphere),
        cmocka_unit_test(the_table_closes_every_face),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(bad_depth_and_bad_boxes),
        cmocka_unit_test(failed_allocations_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
