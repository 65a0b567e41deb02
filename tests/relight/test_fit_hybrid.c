/* SPDX-License-Identifier: MIT */
/* The four ways to share the work between splats and mesh: what a hidden splat does to a pixel in
 * each, that each solves, and that a step's gradients are those of its loss in each. */
#include "core/file.h"
#include "relight/fit/state.h"
#include "relight/hybrid.h"
#include "relight/scene_file.h"
#include "tests/relight/fit_scene.h"

static double floor_color(fit_scene *f, int32_t hybrid, double rgb[3], double *albedo_ratio)
{
    const float one[3] = {1, 1, 1};
    hl_fit_config c = fit_scene_config();
    hl_image light = fit_scene_light();
    hl_environment env;
    hl_fit *fit;
    hl_fit_relight *relight;
    hl_fit_maps maps;
    c.hybrid = hybrid;
    check_ok(hl_environment_create(&env, &light));
    check_ok(hl_fit_create(&fit, &c, &f->scene, "cpu", HL_ISA_AUTO));
    check_ok(hl_fit_relight_create(&relight, fit, &env, one, 64));
    check_ok(hl_fit_relight_view(relight, &f->view[1], &maps));
    double sum = 0, red = 0, green = 0;
    memset(rgb, 0, 3 * sizeof *rgb);
    for (int y = 26; y < 34; y++) /* the floor, in front of the middle */
        for (int x = 16; x < 24; x++) {
            const int i = y * PIXELS + x;
            for (int k = 0; k < 3; k++)
                rgb[k] += (double)maps.shaded.data[4 * i + k] / 64;
            red += (double)maps.albedo.data[3 * i];
            green += (double)maps.albedo.data[3 * i + 1];
        }
    for (int k = 0; k < 3; k++)
        sum += rgb[k] / 3;
    *albedo_ratio = red / green;
    hl_fit_maps_release(&maps);
    hl_fit_relight_destroy(&relight);
    hl_fit_destroy(&fit);
    hl_environment_release(&env);
    hl_image_release(&light);
    return sum;
}

/* Every other splat of the grey floor is red and lies under it; the ones on it are thin. */
static void make_hidden(fit_scene *f)
{
    fit_scene_make(f);
    for (int k = 0; k < SPLATS / 2; k++) {
        float *m = f->material + HL_FIT_CHANNELS * k;
        const bool sunk = k % 2;
        m[0] = sunk ? 0.8f : 0.5f;
        m[1] = m[2] = sunk ? 0.05f : 0.5f;
        f->splats.mean[3 * k + 2] = sunk ? -0.5f : 0;
        f->splats.logit_opa[k] = sunk ? 4 : -0.3f;
    }
    f->scene.materials = f->material;
}

static void a_hidden_splat_counts_by_the_rules(void **state)
{
    (void)state;
    fit_scene f;
    double rgb[HL_HYBRID_COUNT][3], ratio[HL_HYBRID_COUNT], lit[HL_HYBRID_COUNT];
    make_hidden(&f);
    for (int32_t m = 0; m < HL_HYBRID_COUNT; m++) {
        lit[m] = floor_color(&f, m, rgb[m], &ratio[m]);
        print_message("%s: light %.3f, red over green %.2f, albedo %.2f\n",
                      hl_hybrid_rules_of(m)->name, lit[m], rgb[m][0] / rgb[m][1], ratio[m]);
    }
    /* the window alone keeps red out of the materials */
    assert_true(fabs(ratio[HL_HYBRID_WINDOW] - 1) < 0.02);
    for (int32_t m = 0; m < HL_HYBRID_WINDOW; m++)
        assert_true(ratio[m] > 1.3);
    double shown[HL_HYBRID_COUNT]; /* red over green */
    for (int32_t m = 0; m < HL_HYBRID_COUNT; m++)
        shown[m] = rgb[m][0] / rgb[m][1];
    /* on the mesh hidden splats are lit as the mesh is: red; the wall's bounce alone is less */
    assert_true(shown[HL_HYBRID_MESH] > 1.3 && shown[HL_HYBRID_WINDOW] < 1.15);
    /* where the mean of their places is shaded, shadow falls on it */
    assert_true(lit[HL_HYBRID_DEFERRED] < 0.9 * lit[HL_HYBRID_MESH]);
    /* each by itself: the hidden ones get no light at all, so the pixel is dark but hardly red */
    assert_true(lit[HL_HYBRID_FORWARD] < 0.9 * lit[HL_HYBRID_WINDOW]);
    assert_true(shown[HL_HYBRID_FORWARD] < shown[HL_HYBRID_MESH] - 0.2);
    fit_scene_release(&f);
}

/* With the light known, photos of flat splats on the mesh say what they are made of in any way;
 * the file names the way and is refused by another. */
static void each_way_solves_and_is_kept(void **state)
{
    (void)state;
    fit_scene truth, f;
    hl_image light = fit_scene_light();
    fit_scene_make(&truth);
    fit_scene_make(&f);
    fit_scene_paint(&truth, &f, &light);
    f.scene.light = &light;
    for (int32_t m = 0; m < HL_HYBRID_WINDOW; m++) {
        const char *path = hl_test_file("hybrid.helio");
        hl_fit_config c = fit_scene_config();
        hl_scene_file file;
        hl_fit *fit;
        c.hybrid = m;
        c.fixed_light = true;
        c.iterations = 60;
        c.lr_albedo = 0.05f;
        check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_AUTO));
        check_ok(hl_fit_step(fit));
        const double before = hl_fit_loss(fit);
        check_ok(hl_fit_run(fit, NULL));
        print_message("%s: loss %.4f -> %.4f\n", hl_hybrid_rules_of(m)->name, before,
                      hl_fit_loss(fit));
        assert_true(hl_fit_loss(fit) < 0.5 * before);
        check_ok(hl_fit_save(fit, path));
        hl_fit_destroy(&fit);
        check_ok(hl_scene_file_load(&file, path));
        assert_int_equal(file.hybrid, m);
        assert_true(file.window == 0);
        hl_scene_file_release(&file);
        c.hybrid = HL_HYBRID_WINDOW;
        check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_AUTO));
        check_fails(hl_fit_load(fit, path), hl_hybrid_rules_of(m)->name);
        hl_fit_destroy(&fit);
    }
    hl_image_release(&light);
    fit_scene_release(&truth);
    fit_scene_release(&f);
}

/* ---- gradients ------------------------------------------------------------------------------ */

/* A fit whose steps move nothing: every step draws the same samples.  Photos black on the left and
 * bright on the right, so that the loss has slopes of both signs and no kink near. */
static hl_fit *still(fit_scene *f, int32_t hybrid, bool surface, const hl_image *light)
{
    hl_fit_config c = fit_scene_config();
    hl_fit *fit;
    fit_scene_make(f);
    for (int k = 0; k < VIEWS; k++)
        for (int i = 0; i < PIXELS * PIXELS; i++)
            memset(f->photo[k].data + 4 * i, i % PIXELS < PIXELS / 2 ? 0 : 250, 3);
    for (int k = 0; k < SPLATS; k++)
        f->material[HL_FIT_CHANNELS * k + HL_FIT_METAL] = 0.3f;
    f->scene.materials = f->material;
    f->scene.light = light;
    c.hybrid = hybrid;
    c.surface = surface ? 0.5f : 0;
    c.pixels = 64;
    c.fixed_light = c.exposure = true;
    c.indirect = false;
    c.lr_exposure = c.lr_albedo = c.lr_roughness = c.smooth_metal = 0;
    check_ok(hl_fit_create(&fit, &c, &f->scene, "cpu", HL_ISA_AUTO));
    return fit;
}

static double loss_of(hl_fit *fit)
{
    fit->step = 0;
    check_ok(hl_fit_step(fit));
    return fit->loss;
}

/* The `count` steepest of g (n): central differences of the loss by p. */
static void check_steepest(hl_fit *fit, const char *name, const hl_fit_adam *a, float *p, int count)
{
    double got[8], want[8];
    float *g = hl_alloc((size_t)a->count, sizeof *g);
    assert_non_null(g);
    loss_of(fit);
    memcpy(g, a->g, (size_t)a->count * sizeof *g);
    for (int k = 0; k < count; k++) {
        int at = 0;
        for (int i = 1; i < a->count; i++)
            at = fabsf(g[i]) > fabsf(g[at]) ? i : at;
        const float keep = p[at], h = 0.02f * fmaxf(keep, 0.1f);
        const float above = keep + h, below = keep - h;
        p[at] = above;
        want[k] = loss_of(fit);
        p[at] = below; /* a step may have put it back */
        want[k] = (want[k] - loss_of(fit)) / (double)(above - below);
        p[at] = keep;
        got[k] = (double)g[at];
        g[at] = 0;
    }
    print_message("%s: %s %.3e, differences %.3e\n", fit->rules->name, name, got[0], want[0]);
    assert_true(fabs(got[0]) > 1e-6);
    check_close(got, want, (size_t)count, 1e-8, 0.01);
    hl_free(g);
}

static void a_step_has_the_gradients_of_its_loss(void **state)
{
    (void)state;
    hl_image light = fit_scene_light();
    for (int i = 0; i < 32 * 16 * 3; i++)
        light.data[i] *= 0.3f;                       /* nothing clips */
    for (int32_t m = 0; m <= HL_HYBRID_COUNT; m++) { /* the last: unknowns at the vertices */
        const bool surface = m == HL_HYBRID_COUNT;
        fit_scene f;
        hl_fit *fit = still(&f, surface ? HL_HYBRID_MESH : m, surface, &light);
        const hl_fit_set *set = surface ? &fit->of_vertices : &fit->of_splats;
        check_steepest(fit, "albedo", &set->albedo, set->albedo.p, 4);
        check_steepest(fit, "metal", &set->metal, set->metal.p, 4);
        check_steepest(fit, "light", &fit->light, fit->env.radiance, 4);
        check_steepest(fit, "gain", &fit->exposure.log, fit->exposure.gain, 1); /* of 1 */
        hl_fit_destroy(&fit);
        fit_scene_release(&f);
    }
    hl_image_release(&light);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hidden_splat_counts_by_the_rules),
        cmocka_unit_test(each_way_solves_and_is_kept),
        cmocka_unit_test(a_step_has_the_gradients_of_its_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
