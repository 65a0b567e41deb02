/* SPDX-License-Identifier: MIT */
/* The refinement from baked light: a white furnace, the ray-traced estimate of the same point, and
 * a planted roughness that comes back. */
#include "relight/fit/state.h"
#include "tests/relight/fit_scene.h"

/* A point of the wall of the scene, 0.2 over the floor, under a light. */
typedef struct fixture {
    fit_scene f;
    hl_bvh bvh;
    hl_environment env;
    hl_estimate_scene scene;
    hl_estimate_point point;
} fixture;

static void make(fixture *x, const hl_image *light, float eye_z)
{
    fit_scene_make(&x->f);
    check_ok(hl_bvh_create(&x->bvh, &x->f.mesh));
    check_ok(hl_environment_create(&x->env, light));
    x->scene = (hl_estimate_scene){.bvh = &x->bvh,
                                   .mesh = &x->f.mesh,
                                   .env = &x->env,
                                   .offset = 1e-3f,
                                   .visibility = true,
                                   .cosine = 64,
                                   .vndf = 64,
                                   .light = 128};
    x->point = (hl_estimate_point){.x = {0.4f, 1, 0.2f},
                                   .geometric = {0, -1, 0},
                                   .eye = {0, -sqrtf(1 - eye_z * eye_z), eye_z},
                                   .surface = {.normal = {0, -1, 0}, .roughness = 1}};
}

static void release(fixture *x)
{
    hl_environment_release(&x->env);
    hl_bvh_release(&x->bvh);
    fit_scene_release(&x->f);
}

static void bake_mean(const fixture *x, const hl_surface *s, int rounds, double rgb[3])
{
    memset(rgb, 0, 3 * sizeof *rgb);
    for (int k = 0; k < rounds; k++) {
        hl_rng rng = hl_rng_at(1, (uint64_t)k, 0, HL_RNG_TEST);
        hl_baked baked;
        float one[3];
        hl_fit_bake_point(&x->scene, &x->point, 256, &rng, &baked);
        hl_baked_radiance(&baked, s, one);
        for (int c = 0; c < 3; c++)
            rgb[c] += (double)one[c] / rounds;
    }
}

/* Even light 1 and nothing in the way: L_o is the directional albedo.  Of a white metal seen from
 * above, the first column of the table of tests/relight/test_brdf.c; of a black dielectric its
 * second table; of a white Lambertian 1 more than the latter. */
static void even_light_shows_the_directional_albedo(void **state)
{
    (void)state;
    static const float rough[4] = {0.2f, 0.4f, 0.6f, 1.0f};
    static const double metal[4] = {0.9983, 0.9677, 0.8245, 0.3069};
    static const double coat[4] = {0.0399, 0.0387, 0.0330, 0.0123};
    hl_image light;
    fixture x;
    check_ok(hl_image_create(&light, 16, 8, 3));
    for (int i = 0; i < 16 * 8 * 3; i++)
        light.data[i] = 1;
    make(&x, &light, 0);
    x.scene.visibility = false;
    for (int k = 0; k < 4; k++) {
        hl_surface s = {.albedo = {1, 1, 1}, .roughness = rough[k], .metal = 1};
        double rgb[3];
        bake_mean(&x, &s, 100, rgb);
        print_message("roughness %.1f: metal %.4f (%.4f)", (double)rough[k], rgb[0], metal[k]);
        assert_true(fabs(rgb[0] - metal[k]) < 0.004 * metal[k]);
        s.metal = 0;
        bake_mean(&x, &s, 100, rgb);
        print_message(", white %.4f (%.4f)\n", rgb[1], 1 + coat[k]);
        assert_true(fabs(rgb[1] - 1 - coat[k]) < 0.004);
    }
    hl_image_release(&light);
    release(&x);
}

/* The floor in half of the directions, a small light in the sky: the same as rays for the same
 * material, at roughnesses between the levels. */
static void baked_light_is_what_rays_find(void **state)
{
    (void)state;
    static const float rough[3] = {0.15f, 0.31f, 0.7f};
    enum { ROUNDS = 400 };
    hl_image light = fit_scene_light();
    hl_estimate_sample samples[HL_ESTIMATE_MAX];
    float glow[2 * 3 * (CELLS + 1) * (CELLS + 1)];
    fixture x;
    make(&x, &light, 0.5f);
    for (size_t i = 0; i < sizeof glow / sizeof *glow; i++)
        glow[i] = 0.1f + 0.1f * (float)(i % 3);
    x.scene.bounce = glow;
    x.scene.bounce_weight = 1;
    for (int k = 0; k < 3; k++) {
        hl_surface s = {.albedo = {0.6f, 0.3f, 0.1f}, .roughness = rough[k], .metal = 0.5f};
        double got[3], want[3] = {0, 0, 0};
        memcpy(s.normal, x.point.surface.normal, sizeof s.normal);
        bake_mean(&x, &s, ROUNDS, got);
        x.point.surface = s;
        for (int q = 0; q < ROUNDS; q++) {
            hl_rng rng = hl_rng_at(2, (uint64_t)q, 0, HL_RNG_TEST);
            float rgb[3];
            hl_estimate(&x.scene, &x.point, &rng, samples, rgb);
            for (int c = 0; c < 3; c++)
                want[c] += (double)rgb[c] / ROUNDS;
        }
        print_message("roughness %.2f: %.4f %.4f %.4f, rays %.4f %.4f %.4f\n", (double)rough[k],
                      got[0], got[1], got[2], want[0], want[1], want[2]);
        check_close(got, want, 3, 1e-6, 0.015);
    }
    hl_image_release(&light);
    release(&x);
}

/* Mean distance from the true roughness of the floor's inner splats. */
static double off_by(const hl_fit *fit, float rough)
{
    const float *m = hl_fit_materials(fit);
    double sum = 0;
    int count = 0;
    for (int k = 0; k < SIDE * SIDE; k++) {
        const int i = k % SIDE, j = k / SIDE % SIDE;
        if (i < 4 || j < 4 || i >= SIDE - 4 || j >= SIDE - 4)
            continue;
        sum += fabs((double)(m[HL_FIT_CHANNELS * k + HL_FIT_ROUGHNESS] - rough));
        count++;
    }
    return sum / count;
}

/* Photos of a shiny metal floor without the wall; the fit starts from the truth but for its
 * roughness, which no iteration moves. */
static void a_planted_roughness_comes_back(void **state)
{
    (void)state;
    const float rough = 0.3f, planted = 0.6f;
    fit_scene truth, f;
    hl_fit *fit;
    hl_fit_config c = fit_scene_config();
    hl_image light = fit_scene_light();
    for (int i = 0; i < 32 * 16 * 3; i++) /* a reflection of it tells roughness everywhere */
        light.data[i] = (i / 6 + i / 192) % 2 ? 1.0f : 0.1f;
    fit_scene_make(&truth);
    fit_scene_make(&f);
    for (int k = 0; k < SIDE * SIDE; k++) {
        float *m = truth.material + HL_FIT_CHANNELS * k;
        m[HL_FIT_ROUGHNESS] = rough;
        m[HL_FIT_METAL] = 1;
        memcpy(f.material + HL_FIT_CHANNELS * k, m, HL_FIT_CHANNELS * sizeof *m);
        f.material[HL_FIT_CHANNELS * k + HL_FIT_ROUGHNESS] = planted;
    }
    truth.mesh.triangle_count = f.mesh.triangle_count = 2 * CELLS * CELLS;
    fit_scene_paint(&truth, &f, &light);
    f.scene.light = &light;
    f.scene.materials = f.material;
    c.iterations = 1;
    c.refine = 200;
    c.bake_pixels = 1500; /* fewer than there are */
    c.bake_samples = 256;
    c.fixed_light = true;
    c.lr_refine = 1;
    c.lr_albedo = 0;
    c.smooth_roughness = 0.1f;
    check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_AUTO));
    assert_int_equal(hl_fit_steps_in_all(fit), 201);
    check_ok(hl_fit_step(fit));
    check_ok(hl_fit_step(fit));
    const double before = off_by(fit, rough), loss = hl_fit_loss(fit);
    check_ok(hl_fit_run(fit, NULL));
    assert_int_equal(hl_fit_steps(fit), 201);
    const double after = off_by(fit, rough);
    print_message("off by %.3f -> %.3f, loss %.4f -> %.4f\n", before, after, loss,
                  hl_fit_loss(fit));
    assert_true(before > 0.25 && after < 0.06);
    assert_true(hl_fit_loss(fit) < 0.5 * loss);
    hl_fit_destroy(&fit);
    hl_image_release(&light);
    fit_scene_release(&truth);
    fit_scene_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_light_shows_the_directional_albedo),
        cmocka_unit_test(baked_light_is_what_rays_find),
        cmocka_unit_test(a_planted_roughness_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
