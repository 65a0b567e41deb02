/* SPDX-License-Identifier: MIT */
/* relight/irradiance.h against closed forms: open and closed spherical cavities bounce by bounce,
 * a sphere over a plane; rotation of light against scene; linearity; thread counts. */
#include "core/memory.h"
#include "core/parallel.h"
#include "relight/irradiance.h"
#include "tests/check.h"

#include <string.h>

static const float white[3] = {1, 1, 1};

/* Unit sphere seen from inside, from the polar angle of `open` (fraction of the area that is cut
 * off at the top) down; outside = inward.  Albedo rho. */
static void make_cavity(hl_mesh *mesh, int rings, double open, float rho)
{
    const int columns = 2 * rings;
    const double start = acos(1 - 2 * open), end = 3.14159265358979;
    check_ok(hl_mesh_create(mesh, columns * (rings + 1), 2 * columns * rings,
                            HL_MESH_NORMALS | HL_MESH_ALBEDO));
    uint32_t *t = mesh->triangles;
    for (int i = 0; i <= rings; i++)
        for (int j = 0; j < columns; j++) {
            const int v = i * columns + j;
            const double theta = start + (end - start) * i / rings;
            const double phi = 2 * end * j / columns;
            const double p[3] = {sin(theta) * cos(phi), sin(theta) * sin(phi), cos(theta)};
            for (int k = 0; k < 3; k++) {
                mesh->positions[3 * v + k] = (float)p[k];
                mesh->normals[3 * v + k] = (float)-p[k];
                mesh->albedo[3 * v + k] = rho;
            }
            if (i == rings)
                continue;
            const uint32_t a = (uint32_t)v, b = (uint32_t)(i * columns + (j + 1) % columns);
            const uint32_t c = a + (uint32_t)columns, d = b + (uint32_t)columns;
            const uint32_t quad[6] = {a, d, c, a, b, d};
            memcpy(t, quad, sizeof quad);
            t += 6;
        }
}

/* Mean irradiance over pi, area-weighted by the sine of the polar angle, and the largest
 * difference between ring means. */
static double cavity_mean(const hl_mesh *mesh, const float *values, int rings, double *spread)
{
    const int columns = 2 * rings;
    double sum = 0, weight = 0, least = 1e30, most = 0;
    for (int i = 1; i < rings; i++) {
        double ring = 0;
        for (int j = 0; j < columns; j++)
            ring += (double)values[3 * (i * columns + j)] / 3.14159265358979 / columns;
        const double z = (double)mesh->positions[3 * i * columns + 2], w = sqrt(1 - z * z);
        sum += w * ring;
        weight += w;
        least = fmin(least, ring);
        most = fmax(most, ring);
    }
    *spread = most - least;
    return sum / weight;
}

/* rho f / (1 - rho (1 - f)) and its bounces: E / pi = f sum_k (rho (1 - f))^k, uniform. */
static void open_cavity_matches_bounce_by_bounce(void **state)
{
    (void)state;
    static const struct {
        double rho, open;
        int bounces;
    } cases[] = {{0.5, 0.25, 0}, {0.5, 0.25, 1}, {0.8, 0.25, 64}, {0.8, 0.1, 64}};
    enum { RINGS = 22 };
    hl_environment env;
    check_ok(hl_environment_create_constant(&env, white));
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        hl_mesh mesh;
        hl_bvh bvh;
        hl_vertex_light *light = NULL;
        make_cavity(&mesh, RINGS, cases[k].open, (float)cases[k].rho);
        check_ok(hl_bvh_create(&bvh, &mesh));
        const hl_light_scene scene = {&mesh, &bvh, &env, NULL, 0, 1e-4f};
        const hl_vertex_light_options options = {128, cases[k].bounces, 1};
        check_ok(hl_vertex_light_create(&light, &scene, &options));
        double want = 0, term = cases[k].open, spread;
        for (int b = 0; b <= cases[k].bounces; b++, term *= cases[k].rho * (1 - cases[k].open))
            want += term;
        const double got = cavity_mean(&mesh, hl_vertex_light_values(light), RINGS, &spread);
        print_message("rho %.1f f %.2f bounces %d: %.5f, closed form %.5f, rings within %.5f\n",
                      cases[k].rho, cases[k].open, cases[k].bounces, got * cases[k].rho,
                      want * cases[k].rho, spread);
        assert_true(fabs(got / want - 1) < 0.01);
        assert_true(spread < 0.06 * want);
        hl_vertex_light_destroy(&light);
        hl_bvh_release(&bvh);
        hl_mesh_release(&mesh);
    }
    hl_environment_release(&env);
}

/* A lamp in the middle of a closed sphere: E / (1 - rho), and E sum rho^k. */
static void closed_cavity_matches(void **state)
{
    (void)state;
    enum { RINGS = 16 };
    hl_mesh mesh;
    hl_bvh bvh;
    hl_vertex_light *light = NULL;
    const hl_light lamp = {HL_LIGHT_POINT, {0, 0, 0}, {0}, {0}, 0, {2, 2, 2}};
    make_cavity(&mesh, RINGS, 0, 0.7f);
    check_ok(hl_bvh_create(&bvh, &mesh));
    const hl_light_scene scene = {&mesh, &bvh, NULL, &lamp, 1, 1e-4f};
    for (int bounces = 0; bounces <= 80; bounces += bounces ? 77 : 3) {
        const hl_vertex_light_options options = {64, bounces, 2};
        double want = 0, spread;
        for (int b = 0; b <= bounces; b++)
            want += 2 / 3.14159265358979 * pow(0.7, b);
        check_ok(hl_vertex_light_create(&light, &scene, &options));
        const double got = cavity_mean(&mesh, hl_vertex_light_values(light), RINGS, &spread);
        assert_true(fabs(got / want - 1) < 0.005);
        hl_vertex_light_destroy(&light);
    }
    hl_bvh_release(&bvh);
    hl_mesh_release(&mesh);
}

/* Over a sphere of radius R at distance D, seen at angle theta from the normal, the sky left is
 * 1 - (R / D)^2 cos(theta).  The sphere is a cavity; one vertex of its pole is the point. */
static void sphere_over_a_plane_shades_as_it_must(void **state)
{
    (void)state;
    enum { RINGS = 30 };
    hl_mesh mesh;
    hl_bvh bvh;
    hl_environment env;
    make_cavity(&mesh, RINGS, 0, 0);
    const uint32_t last = (uint32_t)mesh.vertex_count - 1;
    for (int t = 0; t < 3 * mesh.triangle_count; t++) /* the pole does without it */
        if (mesh.triangles[t] == last)
            mesh.triangles[t] = last - 1;
    memset(mesh.normals, 0, (size_t)last * 3 * sizeof(float)); /* nothing starts elsewhere */
    check_ok(hl_environment_create_constant(&env, white));
    for (int k = 0; k < 2; k++) {
        const float x = k ? 1.5f : 0.0f, d2 = 4 + x * x;
        const float point[3] = {x, 0, -2}, up[3] = {0, 0, 1};
        memcpy(mesh.positions + 3 * last, point, sizeof point);
        memcpy(mesh.normals + 3 * last, up, sizeof up);
        check_ok(hl_bvh_create(&bvh, &mesh));
        const hl_light_scene scene = {&mesh, &bvh, &env, NULL, 0, 1e-5f};
        const hl_vertex_light_options options = {2048, 0, 3};
        hl_vertex_light *light = NULL;
        check_ok(hl_vertex_light_create(&light, &scene, &options));
        const float got = hl_vertex_light_values(light)[3 * last] / 3.14159265f;
        const float want = 1 - 2 / (d2 * sqrtf(d2));
        assert_true(fabsf(got / want - 1) < 0.005f);
        hl_vertex_light_destroy(&light);
        hl_bvh_release(&bvh);
    }
    hl_environment_release(&env);
    hl_mesh_release(&mesh);
}

/* A bowl under a patchy sky of three unequal colours. */
typedef struct bowl {
    hl_mesh mesh;
    hl_bvh bvh;
    hl_environment env;
    hl_vertex_light *light;
} bowl;

/* The sky: factor * its pattern, turned by `degrees`, and the bowl with it. */
static void make_bowl(bowl *b, float factor, float offset, double degrees)
{
    hl_image sky;
    const float up[3] = {0, 0, 1};
    const double turn = degrees * 3.14159265358979 / 180;
    make_cavity(&b->mesh, 10, 0.4, 0.6f);
    for (int i = 0; i < b->mesh.vertex_count; i++) {
        float *v[2] = {b->mesh.positions + 3 * i, b->mesh.normals + 3 * i};
        for (int k = 0; k < 2; k++) {
            const double x = (double)v[k][0], y = (double)v[k][1];
            v[k][0] = (float)(cos(turn) * x - sin(turn) * y);
            v[k][1] = (float)(sin(turn) * x + cos(turn) * y);
        }
    }
    check_ok(hl_image_create(&sky, 24, 12, 3));
    for (int i = 0; i < 3 * 24 * 12; i++)
        sky.data[i] = offset + factor * (i % 72 < 9 ? 4.0f : 0.2f);
    check_ok(hl_environment_create(&b->env, &sky));
    hl_environment_orient(&b->env, up, degrees);
    hl_image_release(&sky);
    check_ok(hl_bvh_create(&b->bvh, &b->mesh));
    const hl_light_scene scene = {&b->mesh, &b->bvh, &b->env, NULL, 0, 1e-4f};
    const hl_vertex_light_options options = {256, 4, 9};
    b->light = NULL;
    check_ok(hl_vertex_light_create(&b->light, &scene, &options));
}

static void release_bowl(bowl *b)
{
    hl_vertex_light_destroy(&b->light);
    hl_environment_release(&b->env);
    hl_bvh_release(&b->bvh);
    hl_mesh_release(&b->mesh);
}

static double bowl_mean(const bowl *b)
{
    double sum = 0;
    for (int i = 0; i < b->mesh.vertex_count; i++)
        sum += (double)hl_vertex_light_values(b->light)[3 * i] / b->mesh.vertex_count;
    return sum;
}

static void light_adds_up_and_turns_with_the_scene(void **state)
{
    (void)state;
    bowl patches, even, both, twice, turned;
    make_bowl(&patches, 1, 0, 0);
    make_bowl(&even, 0, 0.5f, 0);
    make_bowl(&both, 1, 0.5f, 0);
    make_bowl(&twice, 2, 0, 0);
    make_bowl(&turned, 1, 0, 75);
    assert_true(fabs(bowl_mean(&both) / (bowl_mean(&patches) + bowl_mean(&even)) - 1) < 0.005);
    assert_true(fabs(bowl_mean(&twice) / bowl_mean(&patches) / 2 - 1) < 1e-5);
    double worst = 0;
    for (int i = 0; i < patches.mesh.vertex_count; i++)
        worst = fmax(worst, fabs((double)hl_vertex_light_values(turned.light)[3 * i] -
                                 (double)hl_vertex_light_values(patches.light)[3 * i]));
    assert_true(worst < 0.25 * bowl_mean(&patches));
    assert_true(fabs(bowl_mean(&turned) / bowl_mean(&patches) - 1) < 0.005);
    /* Other light through the kept rays is the same as starting over. */
    check_ok(hl_vertex_light_relight(patches.light, &twice.env, NULL, 0));
    assert_memory_equal(hl_vertex_light_values(patches.light), hl_vertex_light_values(twice.light),
                        (size_t)patches.mesh.vertex_count * 3 * sizeof(float));
    release_bowl(&patches);
    release_bowl(&even);
    release_bowl(&both);
    release_bowl(&twice);
    release_bowl(&turned);
}

static void threads_do_not_change_a_byte(void **state)
{
    (void)state;
    bowl one, three;
    hl_parallel_set_threads(1);
    make_bowl(&one, 1, 0.1f, 0);
    hl_parallel_set_threads(3);
    make_bowl(&three, 1, 0.1f, 0);
    assert_memory_equal(hl_vertex_light_values(one.light), hl_vertex_light_values(three.light),
                        (size_t)one.mesh.vertex_count * 3 * sizeof(float));
    /* The door: corners are what the vertices hold; the back is dark. */
    const hl_irradiance door = hl_vertex_light_irradiance(one.light);
    const uint32_t corner = one.mesh.triangles[3 * 100 + 1];
    hl_irradiance_point p = {.triangle = 100, .u = 1, .v = 0};
    float rgb[3];
    memcpy(p.normal, one.mesh.normals + 3 * corner, sizeof p.normal);
    hl_irradiance_at(&door, &p, rgb);
    check_close(rgb, hl_vertex_light_values(one.light) + 3 * corner, 3, 1e-6, 1e-6);
    for (int k = 0; k < 3; k++)
        p.normal[k] = -p.normal[k];
    hl_irradiance_at(&door, &p, rgb);
    assert_true(rgb[0] == 0);
    release_bowl(&one);
    release_bowl(&three);
}

static void bad_requests_are_refused(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_bvh bvh;
    hl_vertex_light *light = NULL;
    make_cavity(&mesh, 3, 0.2, 0.5f);
    check_ok(hl_bvh_create(&bvh, &mesh));
    hl_light_scene scene = {&mesh, &bvh, NULL, NULL, 0, 1e-4f};
    const hl_vertex_light_options many = {1 << 20, 0, 0}, few = {8, -1, 0}, fine = {8, 2, 0};
    check_fails(hl_vertex_light_create(&light, &scene, &many), "samples");
    check_fails(hl_vertex_light_create(&light, &scene, &few), "bounces");
    for (uint64_t n = 1; n <= 5; n++) {
        hl_alloc_fail_at(n);
        assert_int_equal(hl_vertex_light_create(&light, &scene, &fine), HL_E_MEMORY);
    }
    hl_alloc_fail_at(0);
    float *normals = mesh.normals;
    mesh.normals = NULL;
    check_fails(hl_vertex_light_create(&light, &scene, &fine), "no normals");
    mesh.normals = normals;
    assert_null(light);
    hl_bvh_release(&bvh);
    hl_mesh_release(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_cavity_matches_bounce_by_bounce),
        cmocka_unit_test(closed_cavity_matches),
        cmocka_unit_test(sphere_over_a_plane_shades_as_it_must),
        cmocka_unit_test(light_adds_up_and_turns_with_the_scene),
        cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(bad_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
