/* SPDX-License-Identifier: MIT */
/* Same bytes for any number of threads and for a resumed run; bad scenes and files are refused. */
#include "core/file.h"
#include "core/parallel.h"
#include "tests/relight/fit_scene.h"

static hl_fit_config quick(void)
{
    hl_fit_config c = fit_scene_config();
    c.iterations = 45; /* beyond the first new tables, with bounces */
    c.pixels = 100;
    c.samples = 16;
    c.metal = true;
    c.metal_from = 0.1f;
    c.exposure = true;
    c.surface = 0.9f; /* both stages, and a stop in the first */
    c.refine = 6;
    c.bake_pixels = 900;
    c.bake_samples = 32;
    return c;
}

static void save_after(const fit_scene *f, int32_t threads, const char *path)
{
    hl_fit *fit;
    const hl_fit_config c = quick();
    hl_parallel_set_threads(threads);
    check_ok(hl_fit_create(&fit, &c, &f->scene, "cpu", HL_ISA_PLAIN));
    check_ok(hl_fit_run(fit, NULL));
    check_ok(hl_fit_save(fit, path));
    hl_fit_destroy(&fit);
}

static void same_files(const char *a, const char *b)
{
    hl_file_map x, y;
    check_ok(hl_file_map_open(&x, a));
    check_ok(hl_file_map_open(&y, b));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.bytes, y.bytes, x.size);
    hl_file_map_close(&x);
    hl_file_map_close(&y);
}

static void fill_photos(fit_scene *f)
{
    for (int k = 0; k < VIEWS; k++)
        for (int i = 0; i < PIXELS * PIXELS * 4; i++)
            f->photo[k].data[i] = (uint8_t)(i % 4 == 3 ? 255 : 60 + 40 * (i % 4) + i % 37);
}

static void bytes_do_not_depend_on_threads_or_stops(void **state)
{
    (void)state;
    fit_scene f;
    hl_fit *fit;
    const hl_fit_config c = quick();
    fit_scene_make(&f);
    fill_photos(&f);
    save_after(&f, 1, hl_test_file("one.helio"));
    save_after(&f, 3, hl_test_file("three.helio"));
    same_files(hl_test_file("one.helio"), hl_test_file("three.helio"));

    for (int stop = 37; stop <= 48; stop += 11) { /* between two tables; in the refinement */
        check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_PLAIN));
        for (int i = 0; i < stop; i++)
            check_ok(hl_fit_step(fit));
        check_ok(hl_fit_save(fit, hl_test_file("part.helio")));
        hl_fit_destroy(&fit);
        check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_PLAIN));
        check_ok(hl_fit_load(fit, hl_test_file("part.helio")));
        assert_int_equal(hl_fit_steps(fit), stop);
        check_ok(hl_fit_run(fit, NULL));
        assert_int_equal(hl_fit_steps(fit), 51);
        check_ok(hl_fit_save(fit, hl_test_file("resumed.helio")));
        same_files(hl_test_file("one.helio"), hl_test_file("resumed.helio"));
        hl_fit_destroy(&fit);
    }
    hl_fit_config longer = c;
    longer.iterations = 60; /* not after a refinement */
    check_ok(hl_fit_create(&fit, &longer, &f.scene, "cpu", HL_ISA_PLAIN));
    check_fails(hl_fit_load(fit, hl_test_file("part.helio")), "refined after 45 steps");
    hl_fit_destroy(&fit);
    hl_parallel_set_threads(0);
    fit_scene_release(&f);
}

static void files_of_other_runs_are_refused(void **state)
{
    (void)state;
    fit_scene f;
    hl_fit *fit;
    hl_fit_config c = quick();
    fit_scene_make(&f);
    check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_AUTO));
    check_ok(hl_fit_save(fit, hl_test_file("start.helio")));
    hl_fit_destroy(&fit);
    c.lr_albedo = 0.5f;
    check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_AUTO));
    check_fails(hl_fit_load(fit, hl_test_file("start.helio")), "lr_albedo");
    check_fails(hl_fit_load(fit, hl_test_file("none.helio")), "none.helio");
    hl_fit_destroy(&fit);
    c = quick();
    f.splats.count = SPLATS - 1;
    check_ok(hl_fit_create(&fit, &c, &f.scene, "cpu", HL_ISA_AUTO));
    check_fails(hl_fit_load(fit, hl_test_file("start.helio")), "ALBE");
    hl_fit_destroy(&fit);
    fit_scene_release(&f);
}

static void bad_scenes_are_refused(void **state)
{
    (void)state;
    fit_scene f;
    hl_fit *fit = NULL;
    hl_fit_config c = quick();
    fit_scene_make(&f);
    hl_fit_scene s = f.scene;
    c.samples = 3;
    check_fails(hl_fit_create(&fit, &c, &s, "cpu", HL_ISA_AUTO), "samples");
    c = quick();
    s.view_count = 0;
    check_fails(hl_fit_create(&fit, &c, &s, "cpu", HL_ISA_AUTO), "no photo");
    s = f.scene;
    s.mesh = NULL;
    check_fails(hl_fit_create(&fit, &c, &s, "cpu", HL_ISA_AUTO), "mesh");
    hl_mesh bare = f.mesh;
    bare.normals = NULL;
    s.mesh = &bare;
    check_fails(hl_fit_create(&fit, &c, &s, "cpu", HL_ISA_AUTO), "normals");
    s = f.scene;
    f.view[1].width = 12;
    check_fails(hl_fit_create(&fit, &c, &s, "cpu", HL_ISA_AUTO), "photo 1");
    f.view[1].width = PIXELS;
    for (int k = 0; k < VIEWS; k++)
        memset(f.photo[k].data, 0, (size_t)PIXELS * PIXELS * 4);
    check_fails(hl_fit_create(&fit, &c, &s, "cpu", HL_ISA_AUTO), "no opaque pixel");
    assert_null(fit);
    fit_scene_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_do_not_depend_on_threads_or_stops),
        cmocka_unit_test(files_of_other_runs_are_refused),
        cmocka_unit_test(bad_scenes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
