/* SPDX-License-Identifier: MIT */
/* core/bvh.h: the tree, binary and eight children wide, gives what a loop over all triangles gives,
 * bit by bit; the triangle test itself against Moeller and Trumbore's formula in double; no ray
 * slips between triangles. */
#include "core/bvh.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "tests/check.h"
#include "tests/core/ray_scene.h"

#include <string.h>

static hl_hit loop_over_all(const hl_bvh *bvh, const hl_ray *ray)
{
    hl_hit hit = {.t = ray->t_max, .triangle = HL_HIT_NONE};
    hl_ray_shear shear;
    hl_ray_shear_init(ray, &shear);
    for (int32_t i = 0; i < bvh->triangle_count; i++)
        hl_ray_triangle(ray, &shear, bvh->triangles + i, &hit);
    return hit;
}

static void expect_same_as_loop(const hl_bvh *bvh, const hl_ray *ray)
{
    hl_hit got;
    const bool found = hl_bvh_closest(bvh, ray, &got);
    const hl_hit want = loop_over_all(bvh, ray);
    assert_memory_equal(&got, &want, sizeof got);
    assert_true(found == (want.triangle != HL_HIT_NONE));
    assert_true(hl_bvh_any(bvh, ray) == found);
    /* The binary tree, which devices and old processors walk. */
    const int binary = hl_bvh_walk(bvh->nodes, bvh->node_count, bvh->triangles, ray, 0, &got);
    assert_memory_equal(&got, &want, sizeof got);
    assert_true((binary != 0) == found);
    assert_true((hl_bvh_walk(bvh->nodes, bvh->node_count, bvh->triangles, ray, 1, &got) != 0) ==
                found);
}

static void tree_equals_loop(void **state)
{
    (void)state;
    for (int scene = 0; scene < 3; scene++) {
        hl_mesh mesh;
        hl_bvh bvh;
        if (scene == 0)
            ray_scene_sphere(&mesh, 20, 0.1f);
        else
            ray_scene_soup(&mesh, 700, scene == 1 ? 0.2f : 1.5f, 3);
        check_ok(hl_bvh_create(&bvh, &mesh));
        for (uint64_t i = 0; i < 2500; i++) {
            hl_ray ray = ray_scene_ray(5, i, 1.5f);
            if (i % 5 == 0) /* along an axis: reciprocals of 0 */
                ray.direction[i / 5 % 3] = ray.direction[(i / 5 + 1) % 3] = 0;
            if (i % 7 == 0)
                ray.t_max = 0.5f;
            expect_same_as_loop(&bvh, &ray);
        }
        hl_bvh_release(&bvh);
        hl_mesh_release(&mesh);
    }
}

/* Moeller, Trumbore 1997, in double.  false: outside; *margin: least barycentric weight. */
static bool textbook(const hl_bvh_triangle *tri, const hl_ray *ray, double *t, double *margin)
{
    double e[3], f[3], s[3], p[3], q[3], d[3];
    for (int k = 0; k < 3; k++) {
        e[k] = (double)tri->b[k] - (double)tri->a[k];
        f[k] = (double)tri->c[k] - (double)tri->a[k];
        s[k] = (double)ray->origin[k] - (double)tri->a[k];
        d[k] = (double)ray->direction[k];
    }
    for (int k = 0; k < 3; k++) {
        const int i = (k + 1) % 3, j = (k + 2) % 3;
        p[k] = d[i] * f[j] - d[j] * f[i];
        q[k] = s[i] * e[j] - s[j] * e[i];
    }
    const double det = p[0] * e[0] + p[1] * e[1] + p[2] * e[2];
    const double u = (p[0] * s[0] + p[1] * s[1] + p[2] * s[2]) / det;
    const double v = (q[0] * d[0] + q[1] * d[1] + q[2] * d[2]) / det;
    *t = (q[0] * f[0] + q[1] * f[1] + q[2] * f[2]) / det;
    *margin = fmin(fmin(u, v), 1 - u - v);
    return *margin >= 0 && *t > 0;
}

static void triangle_test_agrees_with_the_textbook(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_bvh bvh;
    int hits = 0;
    ray_scene_soup(&mesh, 400, 1.0f, 9);
    check_ok(hl_bvh_create(&bvh, &mesh));
    for (uint64_t i = 0; i < 40000; i++) {
        hl_ray ray = ray_scene_ray(6, i, 1.5f);
        const hl_bvh_triangle *tri = bvh.triangles + i % 400;
        for (int k = 0; k < 3; k++) /* towards it, give or take half its size */
            ray.direction[k] = 0.5f * ray.direction[k] + tri->a[k] - ray.origin[k];
        hl_hit hit = {.t = ray.t_max, .triangle = HL_HIT_NONE};
        hl_ray_shear shear;
        hl_ray_shear_init(&ray, &shear);
        const int got = hl_ray_triangle(&ray, &shear, tri, &hit);
        double t, margin;
        const bool want = textbook(tri, &ray, &t, &margin);
        if (fabs(margin) < 1e-4 || fabs(t) < 1e-4)
            continue;
        assert_int_equal(got, want);
        if (!got)
            continue;
        hits++;
        const hl_bvh_triangle *c = tri;
        for (int k = 0; k < 3; k++) {
            const float w = 1 - hit.u - hit.v;
            const float at = w * c->a[k] + hit.u * c->b[k] + hit.v * c->c[k];
            const float on = ray.origin[k] + hit.t * ray.direction[k];
            assert_true(fabsf(at - on) < 2e-4f);
        }
        assert_true(fabs((double)hit.t - t) < 1e-4 * (1 + t));
    }
    assert_true(hits > 500);
    hl_bvh_release(&bvh);
    hl_mesh_release(&mesh);
}

/* Least distance over a fine grid of points of a triangle, in double: never below the true one. */
static double grid_distance(const hl_bvh_triangle *t, const float p[3])
{
    enum { STEPS = 24 };
    double best = 1e30;
    for (int i = 0; i <= STEPS; i++)
        for (int j = 0; i + j <= STEPS; j++) {
            const double v = (double)i / STEPS, w = (double)j / STEPS, u = 1 - v - w;
            double sum = 0;
            for (int k = 0; k < 3; k++) {
                const double at = u * (double)t->a[k] + v * (double)t->b[k] + w * (double)t->c[k];
                sum += (at - (double)p[k]) * (at - (double)p[k]);
            }
            best = fmin(best, sqrt(sum));
        }
    return best;
}

/* The nearest point lies on its triangle, is no farther than any grid point of any triangle, and
 * no nearer than the grid allows. */
static void nearest_points_are_the_nearest(void **state)
{
    (void)state;
    for (int scene = 0; scene < 2; scene++) {
        hl_mesh mesh;
        hl_bvh bvh;
        ray_scene_soup(&mesh, 60, scene ? 0.3f : 1.5f, 11);
        check_ok(hl_bvh_create(&bvh, &mesh));
        for (uint64_t i = 0; i < 60; i++) {
            const hl_ray ray = ray_scene_ray(12, i, 1.5f);
            hl_nearest got;
            double want = 1e30, edge = 0;
            assert_true(hl_bvh_nearest(&bvh, ray.origin, 1e15f, &got));
            for (int32_t t = 0; t < bvh.triangle_count; t++) {
                const hl_bvh_triangle *tri = &bvh.triangles[t];
                want = fmin(want, grid_distance(tri, ray.origin));
                if (tri->index != got.triangle)
                    continue;
                double apart = 0, off = 0;
                for (int k = 0; k < 3; k++) {
                    const float w = 1 - got.u - got.v;
                    const float at = w * tri->a[k] + got.u * tri->b[k] + got.v * tri->c[k];
                    edge = fmax(edge, fabs((double)tri->b[k] - (double)tri->a[k]) +
                                          fabs((double)tri->c[k] - (double)tri->a[k]));
                    off = fmax(off, fabs((double)at - (double)got.at[k]));
                    apart +=
                        ((double)at - (double)ray.origin[k]) * ((double)at - (double)ray.origin[k]);
                }
                assert_true(got.u >= 0 && got.v >= 0 && got.u + got.v <= 1.00001f && off < 1e-5);
                assert_true(fabs(sqrt(apart) - (double)got.distance) < 1e-5);
            }
            assert_true((double)got.distance <= want + 1e-5);
            assert_true((double)got.distance >= want - 3 * edge / 24);
            hl_nearest none;
            assert_false(hl_bvh_nearest(&bvh, ray.origin, got.distance * 0.999f, &none));
            assert_true(none.triangle == HL_HIT_NONE);
        }
        hl_bvh_release(&bvh);
        hl_mesh_release(&mesh);
    }
}

/* From inside a closed surface every ray must hit, aimed at corners and edges above all. */
static void no_ray_slips_between_triangles(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_bvh bvh;
    ray_scene_sphere(&mesh, 24, 0.02f);
    check_ok(hl_bvh_create(&bvh, &mesh));
    for (int64_t e = 0; e < 3 * (int64_t)mesh.triangle_count; e++) {
        const float *p = mesh.positions + 3 * (int64_t)mesh.triangles[e];
        const float *q = mesh.positions + 3 * (int64_t)mesh.triangles[e - e % 3 + (e + 1) % 3];
        for (int step = 0; step < 4; step++) {
            hl_ray ray = ray_scene_ray(8, (uint64_t)(4 * e + step), 0.2f);
            for (int k = 0; k < 3; k++)
                ray.direction[k] = p[k] + 0.25f * (float)step * (q[k] - p[k]) - ray.origin[k];
            hl_hit hit;
            assert_true(hl_bvh_closest(&bvh, &ray, &hit));
            assert_true(hit.t <= 1.0001f);
        }
    }
    hl_bvh_release(&bvh);
    hl_mesh_release(&mesh);
}

static void same_bytes_for_any_thread_count(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_bvh one, many;
    ray_scene_sphere(&mesh, 90, 0.1f); /* large enough for subtrees */
    hl_parallel_set_threads(1);
    check_ok(hl_bvh_create(&one, &mesh));
    hl_parallel_set_threads(3);
    check_ok(hl_bvh_create(&many, &mesh));
    assert_int_equal(one.node_count, many.node_count);
    assert_memory_equal(one.nodes, many.nodes, (size_t)one.node_count * sizeof *one.nodes);
    assert_memory_equal(one.triangles, many.triangles,
                        (size_t)one.triangle_count * sizeof *one.triangles);
    hl_bvh_release(&one);
    hl_bvh_release(&many);
    hl_mesh_release(&mesh);
}

static void odd_meshes_are_answered(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_bvh bvh;
    const hl_ray ray = {.origin = {0.2f, 0.2f, -1}, .direction = {0, 0, 1}, .t_max = 10};

    check_ok(hl_mesh_create(&mesh, 0, 0, 0)); /* nothing */
    check_ok(hl_bvh_create(&bvh, &mesh));
    assert_false(hl_bvh_any(&bvh, &ray));
    hl_bvh_release(&bvh);
    hl_mesh_release(&mesh);

    for (int copies = 1; copies <= 100; copies += 99) { /* one triangle, many times the same */
        check_ok(hl_mesh_create(&mesh, 3, copies, 0));
        mesh.positions[3] = mesh.positions[7] = 1;
        for (int i = 0; i < copies; i++) {
            mesh.triangles[3 * i + 1] = 1;
            mesh.triangles[3 * i + 2] = 2;
        }
        check_ok(hl_bvh_create(&bvh, &mesh));
        hl_hit hit;
        assert_true(hl_bvh_closest(&bvh, &ray, &hit));
        assert_int_equal(hit.triangle, 0); /* the lowest of equals */
        assert_true(hit.t == 1.0f);
        hl_bvh_release(&bvh);
        mesh.positions[4] = NAN;
        check_fails(hl_bvh_create(&bvh, &mesh), "position of vertex 1");
        hl_mesh_release(&mesh);
    }
}

/* Sizes that double from triangle to triangle make the deepest trees. */
static void deep_trees_fit_the_stack(void **state)
{
    (void)state;
    enum { N = 2000 };
    hl_mesh mesh;
    hl_bvh bvh;
    check_ok(hl_mesh_create(&mesh, 3 * N, N, 0));
    for (int i = 0; i < N; i++) {
        const float size = ldexpf(1.0f, -120 + i * 200 / N);
        const float p[9] = {size, 0, 0, size, size, 0, size, 0, size};
        memcpy(mesh.positions + 9 * i, p, sizeof p);
        for (int k = 0; k < 3; k++)
            mesh.triangles[3 * i + k] = (uint32_t)(3 * i + k);
    }
    check_ok(hl_bvh_create(&bvh, &mesh));
    for (uint64_t i = 0; i < 500; i++) {
        hl_ray ray = ray_scene_ray(11, i, 0.0f);
        const float size = ldexpf(1.0f, -100 + (int)(i % 150));
        ray.origin[1] = ray.origin[2] = 0.2f * size;
        ray.direction[1] = ray.direction[2] = i % 2 ? 0.0f : 1e-3f;
        expect_same_as_loop(&bvh, &ray);
    }
    hl_bvh_release(&bvh);
    hl_mesh_release(&mesh);
}

static void failed_allocations_leave_nothing(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_bvh bvh = {0};
    ray_scene_sphere(&mesh, 6, 0);
    for (uint64_t n = 1; n <= 5; n++) {
        hl_alloc_fail_at(n);
        assert_int_equal(hl_bvh_create(&bvh, &mesh), HL_E_MEMORY);
        assert_null(bvh.nodes);
    }
    hl_alloc_fail_at(0);
    hl_mesh_release(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_equals_loop),
        cmocka_unit_test(triangle_test_agrees_with_the_textbook),
        cmocka_unit_test(nearest_points_are_the_nearest),
        cmocka_unit_test(no_ray_slips_between_triangles),
        cmocka_unit_test(same_bytes_for_any_thread_count),
        cmocka_unit_test(odd_meshes_are_answered),
        cmocka_unit_test(deep_trees_fit_the_stack),
        cmocka_unit_test(failed_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
