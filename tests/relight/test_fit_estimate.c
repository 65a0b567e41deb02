/* SPDX-License-Identifier: MIT */
/* The estimate of one point: furnace, and gradients against what the samples themselves say. */
#include "core/memory.h"
#include "relight/fit/estimate.h"
#include "relight/fit/state.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

/* One triangle far below: a scene in which nothing is in the way. */
typedef struct fixture {
    hl_mesh mesh;
    hl_bvh bvh;
    hl_environment env;
    hl_estimate_scene scene;
    hl_estimate_point point;
} fixture;

static void make(fixture *f, const hl_image *light)
{
    memset(f, 0, sizeof *f);
    check_ok(hl_mesh_create(&f->mesh, 3, 1, HL_MESH_NORMALS));
    const float x[9] = {-1, -1, -9, 1, -1, -9, 0, 1, -9};
    memcpy(f->mesh.positions, x, sizeof x);
    for (uint32_t k = 0; k < 3; k++) {
        f->mesh.triangles[k] = k;
        f->mesh.normals[3 * k + 2] = 1;
    }
    check_ok(hl_bvh_create(&f->bvh, &f->mesh));
    check_ok(hl_environment_create(&f->env, light));
    f->scene = (hl_estimate_scene){.bvh = &f->bvh,
                                   .mesh = &f->mesh,
                                   .env = &f->env,
                                   .offset = 1e-3f,
                                   .visibility = true,
                                   .cosine = 64,
                                   .vndf = 64,
                                   .light = 128};
    f->point.geometric[2] = f->point.surface.normal[2] = 1;
    f->point.eye[0] = 0.6f;
    f->point.eye[2] = 0.8f;
    f->point.surface.roughness = 0.4f;
    for (int c = 0; c < 3; c++)
        f->point.surface.albedo[c] = 0.2f + 0.25f * (float)c;
}

static void release(fixture *f)
{
    hl_environment_release(&f->env);
    hl_bvh_release(&f->bvh);
    hl_mesh_release(&f->mesh);
}

static hl_image sky(float even)
{
    hl_image light;
    check_ok(hl_image_create(&light, 16, 8, 3));
    for (int i = 0; i < 16 * 8 * 3; i++)
        light.data[i] = even > 0 ? even : 0.2f + 0.05f * (float)(i % 11);
    if (!(even > 0))
        for (int c = 0; c < 3; c++)
            light.data[3 * (2 * 16 + 5) + c] = 30;
    return light;
}

/* White furnace: a Lambertian shows its albedo, plus what the coat of index 1.5 reflects: 0.0123
 * for roughness 1 seen from above (docs/math.md; table of directional albedo). */
static void furnace_shows_the_albedo(void **state)
{
    (void)state;
    hl_image light = sky(1);
    hl_estimate_sample samples[HL_ESTIMATE_MAX];
    double mean[3] = {0, 0, 0};
    fixture f;
    make(&f, &light);
    f.point.eye[0] = 0;
    f.point.eye[2] = 1;
    f.point.surface.roughness = 1;
    enum { ROUNDS = 64 };
    for (uint64_t k = 0; k < ROUNDS; k++) {
        hl_rng rng = hl_rng_at(1, k, 0, HL_RNG_TEST);
        float rgb[3];
        hl_estimate(&f.scene, &f.point, &rng, samples, rgb);
        for (int c = 0; c < 3; c++)
            mean[c] += (double)rgb[c] / ROUNDS;
    }
    for (int c = 0; c < 3; c++) {
        const double want = (double)f.point.surface.albedo[c] + 0.0123;
        assert_true(fabs(mean[c] - want) < 0.003 * want);
    }
    release(&f);
    hl_image_release(&light);
}

static double radiance_of(const hl_estimate_point *p, const hl_estimate_sample *samples,
                          int32_t count, const float weight[3])
{
    double sum = 0;
    for (int32_t i = 0; i < count; i++) {
        float diffuse[3], specular[3];
        hl_brdf(&p->surface, HL_BRDF_SMITH, p->eye, samples[i].direction, diffuse, specular);
        for (int c = 0; c < 3; c++)
            sum += (double)weight[c] * (double)(diffuse[c] + specular[c]) *
                   (double)samples[i].light[c];
    }
    return sum;
}

static void gradients_match_differences_over_the_same_samples(void **state)
{
    (void)state;
    const float weight[3] = {1, -0.5f, 2}, h = 2e-3f;
    hl_image light = sky(0);
    hl_estimate_sample samples[HL_ESTIMATE_MAX];
    hl_surface grad;
    float rgb[3];
    fixture f;
    make(&f, &light);
    f.point.surface.metal = 0.3f;
    hl_rng rng = hl_rng_at(2, 0, 0, HL_RNG_TEST);
    const int32_t count = hl_estimate(&f.scene, &f.point, &rng, samples, rgb);
    const double total = (double)weight[0] * (double)rgb[0] + (double)weight[1] * (double)rgb[1] +
                         (double)weight[2] * (double)rgb[2];
    assert_true(fabs(radiance_of(&f.point, samples, count, weight) - total) < 1e-4 * fabs(total));
    memset(&grad, 0, sizeof grad);
    hl_estimate_bwd(&f.point, samples, count, weight, &grad, NULL);
    float *const value[5] = {&f.point.surface.albedo[0], &f.point.surface.albedo[1],
                             &f.point.surface.albedo[2], &f.point.surface.roughness,
                             &f.point.surface.metal};
    const float got[5] = {grad.albedo[0], grad.albedo[1], grad.albedo[2], grad.roughness,
                          grad.metal};
    for (int k = 0; k < 5; k++) {
        const float keep = *value[k];
        *value[k] = keep + h;
        const double above = radiance_of(&f.point, samples, count, weight);
        *value[k] = keep - h;
        const double below = radiance_of(&f.point, samples, count, weight);
        *value[k] = keep;
        const double want = (above - below) / (2 * (double)h);
        assert_true(fabs((double)got[k] - want) < 5e-3 * fabs(want) + 1e-3);
    }
    release(&f);
    hl_image_release(&light);
}

/* Radiance is linear in the light: the gradient times the light is the radiance itself. */
static void light_gradient_is_exact(void **state)
{
    (void)state;
    const float weight[3] = {1, 2, 3};
    hl_image light = sky(0);
    hl_estimate_sample samples[HL_ESTIMATE_MAX];
    float rgb[3], env_grad[16 * 8 * 3] = {0};
    hl_surface grad = {{0}, {0}, 0, 0};
    fixture f;
    make(&f, &light);
    hl_rng rng = hl_rng_at(3, 0, 0, HL_RNG_TEST);
    const int32_t count = hl_estimate(&f.scene, &f.point, &rng, samples, rgb);
    hl_estimate_bwd(&f.point, samples, count, weight, &grad, env_grad);
    double got[3] = {0, 0, 0};
    for (int i = 0; i < 16 * 8 * 3; i++)
        got[i % 3] += (double)env_grad[i] * (double)f.env.radiance[i];
    for (int c = 0; c < 3; c++)
        assert_true(fabs(got[c] - (double)weight[c] * (double)rgb[c]) < 1e-4 * got[c]);
    release(&f);
    hl_image_release(&light);
}

/* Loss of the point against a photo of one pixel, at a gain; its gradient to the gain's logarithm.
 */
static double loss_at(const fixture *f, const hl_image8 *photo, float gain, float *log_gain)
{
    const hl_fit_target target = {photo, 0, 1, gain};
    float out[HL_FIT_CHANNELS], env_grad[16 * 8 * 3] = {0};
    hl_rng rng = hl_rng_at(4, 0, 0, HL_RNG_TEST);
    return hl_fit_shade_point(&f->scene, &f->point, &rng, &target, out, log_gain, env_grad);
}

static void gradient_to_the_gain_matches_differences(void **state)
{
    (void)state;
    static const uint8_t shown[3][3] = {{10, 20, 250}, {254, 128, 0}, {90, 254, 200}};
    const float h = 1e-2f;
    hl_image light = sky(0);
    hl_image8 photo;
    fixture f;
    make(&f, &light);
    check_ok(hl_image8_create(&photo, 1, 1, 3));
    for (int k = 0; k < 3; k++) {
        float got, other;
        memcpy(photo.data, shown[k], 3);
        for (float gain = 0.05f; gain < 0.5f; gain *= 2) {
            loss_at(&f, &photo, gain, &got);
            const double want = (loss_at(&f, &photo, gain * expf(h), &other) -
                                 loss_at(&f, &photo, gain * expf(-h), &other)) /
                                (2 * (double)h);
            assert_true(fabs((double)got - want) < 1e-3 * fabs(want) + 1e-4);
            assert_true(fabs(want) > 1e-3);
        }
    }
    hl_image8_release(&photo);
    release(&f);
    hl_image_release(&light);
}

/* A lid over the point: black without bounces, its radiance with them, bare sky without rays. */
static void a_lid_takes_the_sky(void **state)
{
    (void)state;
    hl_image light = sky(1);
    hl_estimate_sample samples[HL_ESTIMATE_MAX];
    float rgb[3];
    fixture f;
    make(&f, &light);
    const float lid[9] = {-1e4f, -1e4f, 1, 0, 2e4f, 1, 1e4f, -1e4f, 1}; /* faces down */
    memcpy(f.mesh.positions, lid, sizeof lid);
    hl_bvh_release(&f.bvh);
    check_ok(hl_bvh_create(&f.bvh, &f.mesh));
    hl_rng rng = hl_rng_at(4, 0, 0, HL_RNG_TEST);
    hl_estimate(&f.scene, &f.point, &rng, samples, rgb);
    assert_true(rgb[0] < 1e-2f && rgb[2] < 1e-2f);
    const float glow[9] = {2, 2, 2, 2, 2, 2, 2, 2, 2};
    f.scene.bounce = glow;
    f.scene.bounce_weight = 0.5f; /* as bright as the sky */
    double lit = 0, open = 0;
    for (uint64_t k = 0; k < 32; k++) {
        rng = hl_rng_at(5, k, 0, HL_RNG_TEST);
        hl_estimate(&f.scene, &f.point, &rng, samples, rgb);
        lit += (double)rgb[1] / 32;
    }
    f.scene.visibility = false;
    for (uint64_t k = 0; k < 32; k++) {
        rng = hl_rng_at(5, k, 0, HL_RNG_TEST);
        hl_estimate(&f.scene, &f.point, &rng, samples, rgb);
        open += (double)rgb[1] / 32;
    }
    assert_true(open > 0.4 && fabs(lit - open) < 0.01 * open);
    release(&f);
    hl_image_release(&light);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(furnace_shows_the_albedo),
        cmocka_unit_test(gradients_match_differences_over_the_same_samples),
        cmocka_unit_test(light_gradient_is_exact),
        cmocka_unit_test(gradient_to_the_gain_matches_differences),
        cmocka_unit_test(a_lid_takes_the_sky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
