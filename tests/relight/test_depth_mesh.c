/* SPDX-License-Identifier: MIT */
/* relight/depth_mesh.h: a sphere seen from six sides becomes one closed skin of its radius. */
#include "core/bvh.h"
#include "core/memory.h"
#include "core/rng.h"
#include "core/vec.h"
#include "relight/depth_mesh.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { SIDE = 60, VIEWS = 6 };

typedef struct pictures {
    float depth[SIDE * SIDE], normal[3 * SIDE * SIDE], albedo[3 * SIDE * SIDE];
    float rough[SIDE * SIDE], metal[SIDE * SIDE];
} pictures;

/* From 5 units away along +-axis `k / 2`, looking at the unit sphere around the origin. */
static void make_view(hl_depth_view *v, pictures *p, int k)
{
    memset(v, 0, sizeof *v);
    memset(p, 0, sizeof *p);
    const int axis = k / 2;
    const float sign = k % 2 ? -1.0f : 1.0f;
    float *r = v->view.r; /* rows: right, down, forward */
    r[6 + axis] = -sign;
    r[(axis + 1) % 3] = 1;
    hl_cross3(r + 6, r, r + 3);
    v->view.t[2] = 5;
    v->view.width = v->view.height = SIDE;
    v->view.fx = v->view.fy = 1.9f * SIDE;
    v->view.cx = v->view.cy = SIDE / 2.0f;
    float eye[3], through[3];
    hl_depth_point(&v->view, 0, 0, 0, eye);
    assert_true(fabsf(eye[axis] - 5 * sign) < 1e-5f);
    for (int i = 0; i < SIDE * SIDE; i++) {
        hl_depth_point(&v->view, i % SIDE, i / SIDE, 1, through);
        float d[3];
        for (int c = 0; c < 3; c++)
            d[c] = through[c] - eye[c];
        const float a = hl_dot3(d, d), b = hl_dot3(eye, d), q = b * b - a * (25 - 1);
        if (q <= 0)
            continue;
        p->depth[i] = (-b - sqrtf(q)) / a;
        for (int c = 0; c < 3; c++) {
            p->normal[3 * i + c] = eye[c] + p->depth[i] * d[c];
            p->albedo[3 * i + c] = 0.25f * (float)(c + 1);
        }
        p->rough[i] = 0.5f;
    }
    v->depth = p->depth;
    v->normal = p->normal;
    v->albedo = p->albedo;
    v->roughness = p->rough;
    v->metal = p->metal;
}

static void six_views_close_a_sphere(void **state)
{
    (void)state;
    hl_depth_view views[VIEWS];
    pictures *p = hl_alloc(VIEWS, sizeof *p);
    hl_mesh mesh;
    hl_bvh bvh;
    assert_non_null(p);
    for (int k = 0; k < VIEWS; k++)
        make_view(&views[k], &p[k], k);
    check_ok(hl_depth_mesh(&mesh, views, VIEWS));
    check_ok(hl_mesh_validate(&mesh));
    /* Each point once, but for seams: the area is that of the sphere, not six half ones. */
    const double area = hl_mesh_area(&mesh) / (4 * 3.14159265358979);
    assert_true(area > 0.97 && area < 1.25);
    check_ok(hl_bvh_create(&bvh, &mesh));
    int holes = 0;
    for (uint64_t i = 0; i < 3000; i++) {
        hl_rng rng = hl_rng_at(2, 0, i, HL_RNG_TEST);
        hl_ray ray = {.t_max = 100};
        for (int c = 0; c < 3; c++)
            ray.direction[c] = hl_rng_normal(&rng);
        hl_normalize3(ray.direction, ray.direction);
        hl_hit hit;
        if (!hl_bvh_closest(&bvh, &ray, &hit)) {
            holes++;
            continue;
        }
        assert_true(fabsf(hit.t - 1) < 0.01f);
        const uint32_t v = mesh.triangles[3 * hit.triangle];
        assert_true(hl_dot3(mesh.normals + 3 * v, ray.direction) > 0.95f);
        assert_true(mesh.albedo[3 * v + 2] == 0.75f);
    }
    assert_true(holes < 30);
    hl_bvh_release(&bvh);
    hl_mesh_release(&mesh);
    memset(p[0].depth, 0, sizeof p[0].depth);
    check_fails(hl_depth_mesh(&mesh, views, 1), "no two neighbouring pixels");
    hl_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(six_views_close_a_sphere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
