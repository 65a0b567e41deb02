/* SPDX-License-Identifier: MIT */
/* Materials and light come back from pictures that were made of known ones. */
#include "tests/relight/fit_scene.h"

/* PSNR of the albedo of splats that the cameras see well (not the outermost). */
static double albedo_psnr(const hl_fit *fit, const float scale[3])
{
    const float *m = hl_fit_materials(fit);
    double sum = 0;
    int count = 0;
    for (int k = 0; k < SPLATS; k++) {
        const int side = k / (SIDE * SIDE), i = k % SIDE, j = k / SIDE % SIDE;
        float rgb[3];
        if (i < 3 || j < 3 || i >= SIDE - 3 || j >= SIDE - 3)
            continue;
        fit_scene_albedo(side, i, j, rgb);
        for (int c = 0; c < 3; c++, count++) {
            const double d = (double)(m[HL_FIT_CHANNELS * k + c] * scale[c] - rgb[c]);
            sum += d * d;
        }
    }
    return -10 * log10(sum / count);
}

static void run(hl_fit **fit, const hl_fit_config *c, const fit_scene *f)
{
    check_ok(hl_fit_create(fit, c, &f->scene, "cpu", HL_ISA_AUTO));
    check_ok(hl_fit_run(*fit, NULL));
    assert_int_equal(hl_fit_steps(*fit), c->iterations);
}

static void known_light_gives_the_albedo(void **state)
{
    (void)state;
    const float one[3] = {1, 1, 1};
    fit_scene truth, f;
    hl_fit *fit;
    hl_image light = fit_scene_light();
    hl_fit_config c = fit_scene_config();
    fit_scene_make(&truth);
    fit_scene_make(&f);
    fit_scene_paint(&truth, &f, &light);
    f.scene.light = &light;
    c.fixed_light = true;
    c.lr_albedo = 0.03f;
    check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_AUTO));
    check_ok(hl_fit_step(fit));
    const double before = albedo_psnr(fit, one), loss = hl_fit_loss(fit);
    check_ok(hl_fit_run(fit, NULL));
    const double after = albedo_psnr(fit, one);
    print_message("albedo %.2f -> %.2f dB, loss %.4f -> %.4f\n", before, after, loss,
                  hl_fit_loss(fit));
    assert_true(before < 16 && after > 24);
    assert_true(hl_fit_loss(fit) < 0.25 * loss);
    double hidden;
    check_ok(hl_fit_hidden_ratio(fit, false, &hidden));
    assert_true(hidden < 0.01); /* the splats lie on the mesh */
    hl_fit_destroy(&fit);
    hl_image_release(&light);
    fit_scene_release(&truth);
    fit_scene_release(&f);
}

/* A second, opaque copy of the floor's splats under it, where no window admits it. */
static void hidden_splats_are_counted_and_shut_out(void **state)
{
    (void)state;
    fit_scene f;
    hl_fit *fit;
    hl_fit_config c = fit_scene_config();
    double open, shut;
    fit_scene_make(&f);
    for (int k = 0; k < SPLATS / 2; k++) /* half of the floor sinks, the other half is thin */
        if (k % 2)
            f.splats.mean[3 * k + 2] = -0.4f;
        else
            f.splats.logit_opa[k] = -1;
    check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_AUTO));
    check_ok(hl_fit_hidden_ratio(fit, false, &open));
    check_ok(hl_fit_hidden_ratio(fit, true, &shut));
    assert_true(open > 0.05 && open < 0.2);
    assert_true(shut < 0.1 * open); /* what is left shows beside the mesh */
    hl_fit_destroy(&fit);
    fit_scene_release(&f);
}

/* Without the light, up to a factor per channel.  (Two diffuse planes do not tell from where the
 * light comes, only how much each gets.) */
static void light_and_albedo_come_apart(void **state)
{
    (void)state;
    fit_scene truth, f;
    hl_fit *fit;
    hl_image light = fit_scene_light();
    hl_fit_config c = fit_scene_config();
    fit_scene_make(&truth);
    fit_scene_make(&f);
    fit_scene_paint(&truth, &f, &light);
    c.lr_albedo = 0.03f;
    c.lr_light = 0.06f;
    run(&fit, &c, &f);
    float scale[3];
    for (int k = 0; k < 3; k++) { /* the factor: least squares over all splats */
        const float *m = hl_fit_materials(fit);
        double ab = 0, aa = 0;
        for (int i = 0; i < SPLATS; i++) {
            float rgb[3];
            fit_scene_albedo(i / (SIDE * SIDE), i % SIDE, i / SIDE % SIDE, rgb);
            ab += (double)(m[HL_FIT_CHANNELS * i + k] * rgb[k]);
            aa += (double)(m[HL_FIT_CHANNELS * i + k] * m[HL_FIT_CHANNELS * i + k]);
        }
        scale[k] = (float)(ab / aa);
    }
    const double after = albedo_psnr(fit, scale);
    print_message("albedo %.2f dB, loss %.4f\n", after, hl_fit_loss(fit));
    assert_true(after > 20);
    assert_true(hl_fit_loss(fit) < 0.02);
    hl_fit_destroy(&fit);
    hl_image_release(&light);
    fit_scene_release(&truth);
    fit_scene_release(&f);
}

/* Every photo by its own factor, in light. */
static void expose(fit_scene *f, const float gain[VIEWS])
{
    for (int k = 0; k < VIEWS; k++)
        for (int i = 0; i < PIXELS * PIXELS * 4; i++) {
            uint8_t *shown = &f->photo[k].data[i];
            if (i % 4 == 3)
                continue;
            const float x = gain[k] * hl_linear_from_srgb((float)*shown / 255);
            *shown = (uint8_t)(255 * hl_srgb_from_linear(hl_clamp(x, 0, 1)) + 0.5f);
        }
}

/* Cameras that chose their exposures: the factors come back (up to their mean), and the albedo is
 * better than without them. */
static void exposures_come_back(void **state)
{
    (void)state;
    static const float gain[VIEWS] = {0.6f, 1.0f, 0.8f, 1.25f};
    const float one[3] = {1, 1, 1};
    double mean = 0, albedo[2];
    fit_scene truth, f;
    hl_image light = fit_scene_light();
    fit_scene_make(&truth);
    fit_scene_make(&f);
    fit_scene_paint(&truth, &f, &light);
    expose(&f, gain);
    f.scene.light = &light;
    for (int k = 0; k < VIEWS; k++)
        mean += log((double)gain[k]) / VIEWS;
    for (int with = 0; with < 2; with++) {
        hl_fit *fit;
        hl_fit_config c = fit_scene_config();
        c.fixed_light = true;
        c.lr_albedo = 0.03f;
        c.exposure = with;
        run(&fit, &c, &f);
        const float scale = (float)exp(-mean); /* the light is known, its gauge is not */
        const float all[3] = {scale, scale, scale};
        albedo[with] = albedo_psnr(fit, with ? all : one);
        const float *found = hl_fit_exposures(fit);
        assert_true((found != NULL) == (with == 1));
        for (int k = 0; found && k < VIEWS; k++) {
            print_message("photo %d: %.4f, found %.4f\n", k, exp(log((double)gain[k]) - mean),
                          (double)found[k]);
            assert_true(fabs(log((double)found[k]) - log((double)gain[k]) + mean) < 0.03);
        }
        hl_fit_destroy(&fit);
    }
    print_message("albedo %.2f dB with, %.2f dB without\n", albedo[1], albedo[0]);
    assert_true(albedo[1] > 24 && albedo[1] > albedo[0] + 2);
    hl_image_release(&light);
    fit_scene_release(&truth);
    fit_scene_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_light_gives_the_albedo),
        cmocka_unit_test(hidden_splats_are_counted_and_shut_out),
        cmocka_unit_test(light_and_albedo_come_apart),
        cmocka_unit_test(exposures_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
