/* SPDX-License-Identifier: MIT */
/* raster/mesh_view.h and raster/mesh_tie.h on a sphere, where depth, normal and distance are known;
 * and training with a mesh: splats come to it, hidden ones go, also after a stop. */
#include "core/arena.h"
#include "core/parallel.h"
#include "core/se3.h"
#include "raster/checkpoint.h"
#include "raster/mesh_tie.h"
#include "tests/check.h"
#include "tests/core/ray_scene.h"
#include "train_scene.h"

#include <string.h>

enum { RINGS = 60, SIDE = 48, MANY = 3000 };

/* Radius 1 around the origin. */
static void make_sphere(hl_mesh *mesh)
{
    ray_scene_sphere(mesh, RINGS, 0);
    check_ok(hl_mesh_fill_normals(mesh));
}

static hl_raster_view look_at_it(void)
{
    return (hl_raster_view){.width = SIDE,
                            .height = SIDE,
                            .fx = 60,
                            .fy = 60,
                            .cx = SIDE / 2.0f,
                            .cy = SIDE / 2.0f,
                            .r = {1, 0, 0, 0, 1, 0, 0, 0, 1},
                            .t = {0.1f, -0.2f, 4}};
}

/* Depth of the unit sphere along the axis of the view, 0 beside it; the normal there. */
static double sphere_depth(const hl_raster_view *v, int i, double n[3])
{
    const double d[3] = {(i % SIDE + 0.5 - (double)v->cx) / (double)v->fx,
                         (i / SIDE + 0.5 - (double)v->cy) / (double)v->fy, 1};
    double dd = 0, dt = 0, tt = 0;
    for (int k = 0; k < 3; k++) {
        dd += d[k] * d[k];
        dt += d[k] * (double)v->t[k];
        tt += (double)v->t[k] * (double)v->t[k];
    }
    const double root = dt * dt - dd * (tt - 1);
    if (root <= 0)
        return 0;
    const double z = (dt - sqrt(root)) / dd;
    for (int k = 0; k < 3; k++)
        n[k] = z * d[k] - (double)v->t[k];
    return z;
}

static void a_view_shows_depth_normal_and_window(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_mesh_tie *tie;
    hl_mesh_tie_maps maps;
    const hl_raster_view v = look_at_it();
    int seen = 0;
    make_sphere(&mesh);
    check_ok(hl_mesh_tie_create(&tie, &mesh));
    check_ok(hl_mesh_tie_view(tie, &v, 3, &maps));
    const float reach = 3 * hl_mesh_tie_edge(tie);
    double sum = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        double n[3];
        const double z = sphere_depth(&v, i, n);
        const float got = maps.depth[i], *w = maps.window;
        if (got == 0) {
            assert_true(z == 0 || n[2] > -0.3); /* flat triangles end before the sphere */
            assert_true(w[i] == 0 && w[SIDE * SIDE + i] > 1e29f);
            assert_true(maps.normal[3 * i] == 0 && maps.normal[3 * i + 2] == 0);
            continue;
        }
        seen++;
        sum += (double)got;
        if (n[2] > -0.3)
            continue;
        assert_true(fabs((double)got - z) < 0.01);
        for (int k = 0; k < 3; k++)
            assert_true(fabs((double)maps.normal[3 * i + k] - n[k]) < 0.03);
        assert_true(fabsf(got - w[i] - reach) < 1e-5f);
        assert_true(fabsf(w[SIDE * SIDE + i] - got - reach) < 1e-5f);
    }
    assert_true(seen > 500);
    assert_true(fabs(sum / seen - (double)maps.mean_depth) < 1e-5);
    hl_mesh_tie_destroy(&tie);
    hl_mesh_release(&mesh);
}

/* Random flat splats between radius 0.4 and 1.3. */
static void scatter(hl_splats *s, hl_arena *arena)
{
    hl_arena_init(arena, 0, 0);
    check_ok(hl_splats_init(s, arena, 6 * MANY));
    for (int i = 0; i < MANY; i++) {
        hl_rng rng = hl_rng_at(3, 0, (uint64_t)i, HL_RNG_TEST);
        float x[3], length = 0;
        for (int k = 0; k < 3; k++) {
            x[k] = hl_rng_normal(&rng);
            length += x[k] * x[k];
        }
        const float r = (i % 2 ? 1 + 0.3f * (hl_rng_uniform(&rng) - 0.5f)
                               : 0.4f + 0.9f * hl_rng_uniform(&rng)) /
                        sqrtf(length);
        for (int k = 0; k < 3; k++) {
            s->mean[3 * i + k] = r * x[k];
            s->log_scale[3 * i + k] = k == i % 3 ? -7 : -5;
        }
        for (int k = 0; k < 4; k++)
            s->quat[4 * i + k] = hl_rng_normal(&rng);
    }
    s->count = MANY;
}

static float radius(const hl_splats *s, int32_t i)
{
    return hl_length3(s->mean + 3 * i);
}

/* |cos| between the thinnest axis and the direction from the centre. */
static float facing(const hl_splats *s, int32_t i)
{
    float unit[4], r[9], sum = 0;
    const float *l = s->log_scale + 3 * i;
    const int least = l[1] < l[0] ? (l[2] < l[1] ? 2 : 1) : (l[2] < l[0] ? 2 : 0);
    hl_quat_unit(s->quat + 4 * i, unit);
    hl_rotation(unit, r);
    for (int k = 0; k < 3; k++)
        sum += r[3 * k + least] * s->mean[3 * i + k];
    return fabsf(sum) / radius(s, i);
}

static void the_start_drops_hidden_ones_and_fills_gaps(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_mesh_tie *tie;
    hl_splats s;
    hl_arena arena;
    int32_t dropped, added, least = 0, most = 0;
    make_sphere(&mesh);
    check_ok(hl_mesh_tie_create(&tie, &mesh));
    const float h = hl_mesh_tie_edge(tie);
    scatter(&s, &arena);
    for (int32_t i = 0; i < s.count; i++) {
        least += radius(&s, i) < 1 - 2.02f * h - 0.0068f; /* their widest deviation */
        most += radius(&s, i) < 1 - 1.98f * h;
    }
    check_ok(hl_mesh_tie_start(tie, &s, 0.25f, 7, &dropped, &added));
    assert_true(least > 500 && dropped >= least && dropped <= most);
    assert_int_equal(s.count, MANY - dropped + added);
    for (int32_t i = 0; i < s.count; i++)
        assert_true(radius(&s, i) > 1 - 2.02f * h - 0.0068f);
    for (int32_t i = MANY - dropped; i < s.count; i++) {
        assert_true(fabsf(radius(&s, i) - 1) < 0.01f);
        assert_true(facing(&s, i) > 0.99f);
        assert_true(fabsf(1 / (1 + expf(-s.logit_opa[i])) - 0.25f) < 1e-5f);
    }
    /* Around most points of the sphere there is a splat now. */
    int bare = 0;
    for (uint64_t k = 0; k < 300; k++) {
        hl_ray ray = ray_scene_ray(15, k, 1);
        float nearest = 1e9f;
        hl_normalize3(ray.direction, ray.direction);
        for (int32_t i = 0; i < s.count; i++) {
            float d[3];
            for (int a = 0; a < 3; a++)
                d[a] = s.mean[3 * i + a] - ray.direction[a];
            nearest = fminf(nearest, hl_length3(d));
        }
        bare += nearest > 1.5f * h;
    }
    assert_true(added > 100 && bare < 15);
    hl_arena_release(&arena);
    hl_mesh_tie_destroy(&tie);
    hl_mesh_release(&mesh);
}

static void a_pull_takes_its_share_and_leaves_far_ones(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_mesh_tie *tie;
    hl_splats before, after, threads;
    hl_arena arena[3];
    make_sphere(&mesh);
    check_ok(hl_mesh_tie_create(&tie, &mesh));
    const float h = hl_mesh_tie_edge(tie);
    scatter(&before, &arena[0]);
    scatter(&after, &arena[1]);
    scatter(&threads, &arena[2]);
    const hl_mesh_tie_pull_options o = {.offset = 0.3f, .turn = 0.4f, .fade = 0.5f};
    hl_mesh_tie_pull(tie, &after, &o);
    int held = 0, hidden = 0;
    for (int32_t i = 0; i < MANY; i++) {
        const float above = radius(&before, i) - 1;
        if (fabsf(above) > 4.1f * h) {
            assert_memory_equal(before.mean + 3 * i, after.mean + 3 * i, 3 * sizeof(float));
            assert_memory_equal(before.quat + 4 * i, after.quat + 4 * i, 4 * sizeof(float));
            assert_true(after.logit_opa[i] == 0);
            continue;
        }
        if (fabsf(above) > 3.9f * h)
            continue;
        held++;
        assert_true(fabsf(radius(&after, i) - 1 - 0.7f * above) < 0.004f);
        const float angle = acosf(fminf(facing(&before, i), 1));
        assert_true(fabsf(acosf(fminf(facing(&after, i), 1)) - 0.6f * angle) < 0.03f);
        if (above < -1.1f * h)
            hidden += after.logit_opa[i] == -0.5f;
        else if (above > -0.9f * h)
            assert_true(after.logit_opa[i] == 0);
    }
    assert_true(held > 1000 && hidden > 100);
    hl_parallel_set_threads(3);
    hl_mesh_tie_pull(tie, &threads, &o);
    hl_parallel_set_threads(0);
    assert_memory_equal(after.mean, threads.mean, 3 * MANY * sizeof(float));
    assert_memory_equal(after.quat, threads.quat, 4 * MANY * sizeof(float));
    for (int k = 0; k < 3; k++)
        hl_arena_release(&arena[k]);
    hl_mesh_tie_destroy(&tie);
    hl_mesh_release(&mesh);
}

static void meshes_that_cannot_hold_are_refused(void **state)
{
    (void)state;
    hl_mesh mesh;
    hl_mesh_tie *tie = NULL;
    ray_scene_sphere(&mesh, 8, 0);
    check_fails(hl_mesh_tie_create(&tie, &mesh), "no normals");
    mesh.triangle_count = 0;
    check_fails(hl_mesh_tie_create(&tie, &mesh), "no triangles");
    hl_mesh_release(&mesh);
}

/* ---- training ------------------------------------------------------------------------------- */

static void train_bytes(const train_scene *scene, int32_t stop, hl_splats *out, hl_arena *arena)
{
    hl_train_config c;
    hl_trainer *t;
    const hl_train_events none = {.record_every = 1000};
    hl_train_config_init(&c);
    hl_train_config_preset(&c, HL_TRAIN_FAST, 90, SCENE_TRAIN);
    c.cap = 600;
    c.coarse_factor = 1;
    c.geometry = true;
    c.mesh_offset = 0.01f; /* few steps */
    check_ok(hl_trainer_create(&t, &c, &scene->scene, "cpu", HL_ISA_AUTO));
    if (stop > 0) {
        const char *path = hl_test_write("stop.helio", "", 0);
        check_ok(hl_trainer_run(t, stop, &none));
        check_ok(hl_checkpoint_save(t, path));
        hl_trainer_destroy(&t);
        check_ok(hl_trainer_create(&t, &c, &scene->scene, "cpu", HL_ISA_AUTO));
        check_ok(hl_checkpoint_load(t, path));
    }
    check_ok(hl_trainer_run(t, 90, &none));
    hl_arena_init(arena, 0, 0);
    check_ok(hl_trainer_export(t, out, arena));
    hl_trainer_destroy(&t);
}

static double mean_distance(const hl_splats *s)
{
    double sum = 0;
    int near = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const double off = fabs((double)radius(s, i) - 1);
        sum += off < 0.3 ? off : 0;
        near += off < 0.3;
    }
    return sum / near;
}

static void training_with_a_mesh_keeps_to_it(void **state)
{
    (void)state;
    static train_scene scene;
    hl_mesh mesh;
    hl_splats free_ones, held, resumed;
    hl_arena arena[3];
    make_sphere(&mesh);
    train_scene_make(&scene, 200, 40, 40, 3);
    train_bytes(&scene, 0, &free_ones, &arena[0]);
    scene.scene.mesh = &mesh;
    train_bytes(&scene, 0, &held, &arena[1]);
    hl_parallel_set_threads(3);
    train_bytes(&scene, 47, &resumed, &arena[2]);
    hl_parallel_set_threads(0);
    assert_true(mean_distance(&held) < 0.7 * mean_distance(&free_ones));
    assert_int_equal(held.count, resumed.count);
    assert_memory_equal(held.mean, resumed.mean, 3 * (size_t)held.count * sizeof(float));
    assert_memory_equal(held.sh, resumed.sh, HL_SPLAT_DIM_sh * (size_t)held.count * sizeof(float));
    for (int k = 0; k < 3; k++)
        hl_arena_release(&arena[k]);
    train_scene_release(&scene);
    hl_mesh_release(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_shows_depth_normal_and_window),
        cmocka_unit_test(the_start_drops_hidden_ones_and_fills_gaps),
        cmocka_unit_test(a_pull_takes_its_share_and_leaves_far_ones),
        cmocka_unit_test(meshes_that_cannot_hold_are_refused),
        cmocka_unit_test(training_with_a_mesh_keeps_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
