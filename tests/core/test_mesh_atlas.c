/* SPDX-License-Identifier: MIT */
/* core/mesh_atlas.h on shapes with known answers: every triangle has its own texels, of the right
 * size; what is baked at a point of the surface is found there again. */
#include "core/color.h"
#include "core/memory.h"
#include "core/mesh_atlas.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "tests/check.h"
#include "tests/faults.h"

#include <math.h>
#include <string.h>

/* The k-th of two random numbers in [0, 1) of element i. */
static double uniform(uint64_t seed, size_t i, int k)
{
    hl_rng rng = hl_rng_at(seed, (uint64_t)k, i, HL_RNG_TEST);
    return (double)hl_rng_uniform(&rng);
}

static const double PI = 3.14159265358979324;

typedef void (*surface)(double u, double v, double p[3]);

static void ball(double u, double v, double p[3])
{
    p[0] = cos(2 * PI * u) * sin(PI * v);
    p[1] = sin(2 * PI * u) * sin(PI * v);
    p[2] = cos(PI * v);
}

static void ring(double u, double v, double p[3])
{
    const double r = 1 + 0.4 * cos(2 * PI * v);
    p[0] = r * cos(2 * PI * u);
    p[1] = r * sin(2 * PI * u);
    p[2] = 0.4 * sin(2 * PI * v);
}

/* Three turns of a stair: seen from above it lies over itself. */
static void stair(double u, double v, double p[3])
{
    p[0] = (0.5 + v) * cos(6 * PI * u);
    p[1] = (0.5 + v) * sin(6 * PI * u);
    p[2] = 0.9 * u;
}

/* (nu + 1) x (nv + 1) vertices; triangles without area are left out. */
static void make_surface(surface f, int nu, int nv, hl_mesh *mesh)
{
    hl_mesh full;
    check_ok(hl_mesh_create(&full, (nu + 1) * (nv + 1), 2 * nu * nv, HL_MESH_NORMALS));
    for (int j = 0; j <= nv; j++)
        for (int i = 0; i <= nu; i++) {
            double p[3];
            f((double)i / nu, (double)j / nv, p);
            for (int k = 0; k < 3; k++)
                full.positions[3 * (j * (nu + 1) + i) + k] = (float)p[k];
        }
    for (int j = 0; j < nv; j++)
        for (int i = 0; i < nu; i++) {
            const uint32_t a = (uint32_t)(j * (nu + 1) + i), b = a + (uint32_t)nu + 1;
            const uint32_t two[6] = {a, b, a + 1, a + 1, b, b + 1};
            memcpy(full.triangles + 6 * (j * nu + i), two, sizeof two);
        }
    check_ok(hl_mesh_fill_normals(&full));
    *mesh = full;
}

static double area_of(const float *a, const float *b, const float *c, int n)
{
    double e[3] = {0}, f[3] = {0};
    for (int k = 0; k < n; k++) {
        e[k] = (double)b[k] - (double)a[k];
        f[k] = (double)c[k] - (double)a[k];
    }
    const double x = e[1] * f[2] - e[2] * f[1], y = e[2] * f[0] - e[0] * f[2],
                 z = e[0] * f[1] - e[1] * f[0];
    return n == 2 ? 0.5 * z : 0.5 * sqrt(x * x + y * y + z * z);
}

/* Corners keep their places; uv areas are those of the surface, within the cone of a chart. */
static void check_layout(const hl_mesh *in, const hl_mesh *out, int side,
                         const hl_atlas_report *report)
{
    check_ok(hl_mesh_validate(out));
    assert_int_equal(out->triangle_count, in->triangle_count);
    const double scale = report->texels_per_unit / side;
    for (size_t t = 0; t < (size_t)in->triangle_count; t++) {
        const float *p[3], *uv[3];
        for (size_t k = 0; k < 3; k++) {
            const size_t a = in->triangles[3 * t + k], b = out->triangles[3 * t + k];
            p[k] = in->positions + 3 * a;
            uv[k] = out->uv + 2 * b;
            assert_memory_equal(p[k], out->positions + 3 * b, 3 * sizeof(float));
            assert_memory_equal(in->normals + 3 * a, out->normals + 3 * b, 3 * sizeof(float));
            for (int c = 0; c < 2; c++)
                assert_true(uv[k][c] > 0 && uv[k][c] < 1);
        }
        const double solid = area_of(p[0], p[1], p[2], 3) * scale * scale;
        const double flat = area_of(uv[0], uv[1], uv[2], 2); /* positive: not mirrored */
        assert_true(flat <= 1.001 * solid + 1e-9);
        assert_true(flat >= 0.25 * solid - 1e-9);
    }
}

static bool inside(const hl_mesh *m, size_t t, const double q[2])
{
    double w[3];
    const float *p[3];
    for (size_t k = 0; k < 3; k++)
        p[k] = m->uv + 2 * (size_t)m->triangles[3 * t + k];
    for (int k = 0; k < 3; k++) {
        const float *a = p[(k + 1) % 3], *b = p[(k + 2) % 3];
        w[k] = ((double)b[0] - (double)a[0]) * (q[1] - (double)a[1]) -
               ((double)b[1] - (double)a[1]) * (q[0] - (double)a[0]);
    }
    return w[0] > 1e-7 && w[1] > 1e-7 && w[2] > 1e-7;
}

/* Random points of the square lie in one triangle at most. */
static void check_disjoint(const hl_mesh *m, int points)
{
    for (int i = 0; i < points; i++) {
        const double q[2] = {uniform(7, (size_t)i, 0), uniform(7, (size_t)i, 1)};
        int hits = 0;
        for (size_t t = 0; t < (size_t)m->triangle_count; t++)
            hits += inside(m, t, q);
        assert_true(hits <= 1);
    }
}

static void every_triangle_has_its_own_place(void **state)
{
    (void)state;
    const struct {
        surface f;
        int nu, nv;
        double least_filled;
    } cases[] = {{ball, 32, 16, 0.4}, {ring, 40, 20, 0.4}, {stair, 90, 4, 0.3}};
    for (size_t i = 0; i < 3; i++) {
        hl_mesh mesh, out;
        hl_atlas_report report;
        make_surface(cases[i].f, cases[i].nu, cases[i].nv, &mesh);
        check_ok(hl_mesh_unwrap(&mesh, 512, &out, &report));
        check_layout(&mesh, &out, 512, &report);
        check_disjoint(&out, 4000);
        assert_true(report.charts > 1 && report.charts < mesh.triangle_count / 4);
        assert_true(report.filled > cases[i].least_filled);
        hl_mesh_release(&mesh);
        hl_mesh_release(&out);
    }
}

/* The position as a colour, x as roughness, y as metal. */
static void paint(void *context, hl_texel *t)
{
    const float scale = *(const float *)context;
    for (int k = 0; k < 3; k++)
        t->albedo[k] = 0.5f + scale * t->position[k];
    t->roughness = t->albedo[0];
    t->metal = t->albedo[1];
}

static void sample(const hl_image8 *picture, const double q[2], bool srgb, double out[3])
{
    const double x = q[0] * picture->width - 0.5, y = q[1] * picture->height - 0.5;
    const int x0 = (int)floor(x), y0 = (int)floor(y);
    memset(out, 0, 3 * sizeof *out);
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++) {
            const double w = (i ? x - x0 : 1 - x + x0) * (j ? y - y0 : 1 - y + y0);
            const uint8_t *p = picture->data + 3 * ((y0 + j) * picture->width + x0 + i);
            for (int c = 0; c < 3; c++)
                out[c] +=
                    w * (srgb ? (double)hl_linear_from_srgb((float)p[c] / 255.0f) : p[c] / 255.0);
        }
}

/* Bilinear reads on the surface, up to the very border of a chart, give the painted position. */
static void what_is_painted_is_found_again(void **state)
{
    (void)state;
    hl_mesh mesh, out;
    hl_mesh_textures pictures;
    float scale = 0.3f;
    make_surface(ring, 40, 20, &mesh);
    check_ok(hl_mesh_unwrap(&mesh, 512, &out, NULL));
    check_ok(hl_mesh_bake(&out, 512, paint, &scale, &pictures));
    for (size_t t = 0; t < (size_t)out.triangle_count; t++) {
        double w[3] = {uniform(3, t, 0), uniform(3, t, 1), 0};
        w[1] *= 1 - w[0];
        w[2] = 1 - w[0] - w[1];
        double q[2] = {0, 0}, p[3] = {0, 0, 0}, color[3], packed[3];
        for (size_t k = 0; k < 3; k++) {
            const size_t v = out.triangles[3 * t + k];
            for (size_t c = 0; c < 3; c++)
                p[c] += w[k] * (double)out.positions[3 * v + c];
            for (size_t c = 0; c < 2; c++)
                q[c] += w[k] * (double)out.uv[2 * v + c];
        }
        sample(&pictures.base_color, q, true, color);
        sample(&pictures.metal_roughness, q, false, packed);
        for (int c = 0; c < 3; c++)
            assert_true(fabs(color[c] - (0.5 + 0.3 * p[c])) < 0.012);
        assert_true(fabs(packed[1] - (0.5 + 0.3 * p[0])) < 0.012);
        assert_true(fabs(packed[2] - (0.5 + 0.3 * p[1])) < 0.012);
    }
    hl_mesh_textures_release(&pictures);
    hl_mesh_release(&mesh);
    hl_mesh_release(&out);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    hl_mesh mesh, out[2];
    hl_mesh_textures pictures[2];
    float scale = 0.3f;
    make_surface(ball, 32, 16, &mesh);
    for (int i = 0; i < 2; i++) {
        hl_parallel_set_threads(i ? 3 : 1);
        check_ok(hl_mesh_unwrap(&mesh, 128, &out[i], NULL));
        check_ok(hl_mesh_bake(&out[i], 128, paint, &scale, &pictures[i]));
    }
    hl_parallel_set_threads(0);
    assert_int_equal(out[0].vertex_count, out[1].vertex_count);
    assert_memory_equal(out[0].uv, out[1].uv, 2 * (size_t)out[0].vertex_count * sizeof(float));
    assert_memory_equal(pictures[0].base_color.data, pictures[1].base_color.data, 3 * 128 * 128);
    assert_memory_equal(pictures[0].metal_roughness.data, pictures[1].metal_roughness.data,
                        3 * 128 * 128);
    for (int i = 0; i < 2; i++) {
        hl_mesh_textures_release(&pictures[i]);
        hl_mesh_release(&out[i]);
    }
    hl_mesh_release(&mesh);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    hl_mesh mesh, out;
    hl_mesh_textures pictures;
    make_surface(ball, 100, 60, &mesh);
    check_fails(hl_mesh_unwrap(&mesh, 32, &out, NULL), "expected 64 .. 8192");
    check_fails(hl_mesh_bake(&mesh, 128, NULL, NULL, &pictures), "texture coordinates");
    for (size_t i = 0; i < 3 * (size_t)mesh.triangle_count; i++) /* no two share an edge */
        mesh.triangles[i] = (uint32_t)(i * 7919 % (size_t)mesh.vertex_count);
    check_fails(hl_mesh_unwrap(&mesh, 64, &out, NULL), "too small");
    mesh.triangle_count = 0;
    check_fails(hl_mesh_unwrap(&mesh, 64, &out, NULL), "without triangles");
    hl_mesh_release(&mesh);
}

static hl_status attempt(void *context)
{
    hl_mesh out;
    hl_mesh_textures pictures;
    HL_TRY(hl_mesh_unwrap(context, 64, &out, NULL));
    const hl_status s = hl_mesh_bake(&out, 64, NULL, NULL, &pictures);
    hl_mesh_release(&out);
    if (s == HL_OK)
        hl_mesh_textures_release(&pictures);
    return s;
}

static void failed_allocations_leak_nothing(void **state)
{
    (void)state;
    hl_mesh mesh;
    make_surface(ball, 8, 4, &mesh);
    hl_parallel_set_threads(1);
    check_every_allocation(attempt, &mesh, 400);
    hl_parallel_set_threads(0);
    hl_mesh_release(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_triangle_has_its_own_place),
        cmocka_unit_test(what_is_painted_is_found_again),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(failed_allocations_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
