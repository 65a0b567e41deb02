/* SPDX-License-Identifier: MIT */
/* Saved captures come back through the readers of real ones: poses, cameras, points, split, truth.
 * The light maps carry the light that lights.json states. */
#define HL_REAL double

#include "core/file.h"
#include "core/log.h"
#include "core/vec.h"
#include "datasets/colmap.h"
#include "datasets/dataset.h"
#include "datasets/synth/synth_files.h"
#include "datasets/synthetic.h"
#include "tests/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { W = 48, H = 32, VIEWS = 10, POINTS = 60 };

static hl_synthetic *scene;

static int make_scene(void **state)
{
    (void)state;
    const hl_synthetic_options o = {.scene = HL_SYNTHETIC_TURNTABLE,
                                    .views = VIEWS,
                                    .width = W,
                                    .height = H,
                                    .samples = 4,
                                    .points = POINTS,
                                    .bounces = -1,
                                    .seed = 3};
    return hl_synthetic_create(&scene, &o) == HL_OK ? 0 : -1;
}

static int drop_scene(void **state)
{
    (void)state;
    hl_synthetic_destroy(&scene);
    return 0;
}

static const char *save(const char *name, hl_synthetic_layout layout)
{
    const hl_synthetic_output output = {.layout = layout};
    hl_synthetic_summary summary;
    const char *folder = hl_test_file(name);
    check_ok(hl_synthetic_save(scene, folder, &output, &summary));
    assert_int_equal(summary.views, VIEWS);
    return folder;
}

static void check_view(const hl_views *views, int32_t at, int32_t want)
{
    hl_camera c;
    hl_pose p;
    hl_synthetic_view(scene, want, &c, &p);
    const hl_view *v = &views->views[at];
    const hl_camera *got = &views->cameras[v->camera];
    assert_true(v->has_pose);
    check_close(v->camera_from_world.q, p.q, 4, 1e-7, 0);
    check_close(v->camera_from_world.t, p.t, 3, 1e-6, 0);
    assert_int_equal(got->width, W);
    assert_int_equal(got->height, H);
    assert_true(fabs(got->params[0] - c.params[0]) < 1e-4);
}

static void colmap_layout_reads_back(void **state)
{
    (void)state;
    const char *folder = save("colmap", HL_SYNTHETIC_COLMAP);
    hl_views views;
    check_ok(hl_dataset_load(&views, folder, NULL));
    assert_int_equal(views.view_count, VIEWS);
    assert_true(views.point_count >= POINTS * 9 / 10);
    assert_true(views.has_alpha);
    for (int32_t v = 0; v < VIEWS; v++)
        check_view(&views, v, v);
    hl_views_release(&views);

    char path[512];
    hl_colmap_model model;
    check_ok(hl_path_join(path, sizeof path, folder, "sparse/0"));
    check_ok(hl_colmap_load(&model, path, true));
    for (int64_t i = 0; i < model.point_count; i++) {
        const hl_colmap_point *p = &model.points[i];
        assert_true(p->track_count >= 2);
        for (int64_t k = 0; k < p->track_count; k++) {
            const hl_colmap_image *image = &model.images[p->track[k].image_id - 1];
            const hl_colmap_observation *o = &image->observations[p->track[k].observation];
            double r[9], q[3];
            hl_rotation(image->camera_from_world.q, r);
            hl_mul3(r, p->xyz, q);
            for (int a = 0; a < 3; a++)
                q[a] += image->camera_from_world.t[a];
            const double *f = model.cameras[0].params;
            assert_int_equal(o->point, p->id);
            assert_true(fabs(f[0] * q[0] / q[2] + f[2] - o->x) < 1e-6);
            assert_true(fabs(f[1] * q[1] / q[2] + f[3] - o->y) < 1e-6);
        }
    }
    hl_colmap_release(&model);

    check_ok(hl_path_join(path, sizeof path, folder, "transforms.json"));
    check_ok(hl_dataset_load(&views, path, NULL));
    assert_int_equal(views.view_count, VIEWS);
    for (int32_t v = 0; v < VIEWS; v++)
        check_view(&views, v, v);
    hl_views_release(&views);
}

static void other_layouts_read_back(void **state)
{
    (void)state;
    static const hl_synthetic_layout layouts[2] = {HL_SYNTHETIC_NERF, HL_SYNTHETIC_TENSOIR};
    for (int k = 0; k < 2; k++) {
        const char *folder = save(k ? "tensoir" : "nerf", layouts[k]);
        hl_views views;
        check_ok(hl_dataset_load(&views, folder, NULL));
        assert_int_equal(views.view_count, VIEWS);
        assert_int_equal(hl_views_in_split(&views, HL_SPLIT_TEST, NULL), 2); /* 0 and 8 */
        for (int32_t v = 0; v < VIEWS; v++) {
            hl_synth_place place;
            int found = 0;
            hl_synth_place_of(layouts[k], v, &place);
            for (int32_t i = 0; i < VIEWS; i++) {
                const char *path = views.views[i].image_path;
                const size_t tail = strlen(place.picture);
                if (strlen(path) < tail || strcmp(path + strlen(path) - tail, place.picture) != 0)
                    continue;
                found++;
                check_view(&views, i, v);
                assert_int_equal(views.views[i].split, place.test ? HL_SPLIT_TEST : HL_SPLIT_TRAIN);
            }
            assert_int_equal(found, 1);
        }
        hl_views_release(&views);
    }
}

static void saved_truth_is_the_rendered_truth(void **state)
{
    (void)state;
    const char *folder = save("truth", HL_SYNTHETIC_COLMAP);
    hl_synthetic_frame f;
    check_ok(hl_synthetic_render(scene, 2, true, &f));
    const hl_image *want[3] = {&f.depth, &f.normal, &f.material};
    static const char *const names[3] = {"depth", "normal", "material"};
    for (int k = 0; k < 3; k++) {
        char path[512];
        hl_image got;
        snprintf(path, sizeof path, "%s/gt/%s/view_0002.exr", folder, names[k]);
        check_ok(hl_image_load(&got, path));
        assert_int_equal(got.width, W);
        assert_int_equal(got.channels, want[k]->channels);
        check_close(got.data, want[k]->data, (size_t)W * H * (size_t)got.channels, 1e-3, 1e-3);
        hl_image_release(&got);
    }
    hl_image8 picture;
    char path[512];
    snprintf(path, sizeof path, "%s/images/view_0002.png", folder);
    check_ok(hl_image8_load(&picture, path, 0));
    assert_memory_equal(picture.data, f.color.data, W * H * 4);
    hl_image8_release(&picture);
    hl_synthetic_frame_release(&f);
}

/* Irradiance of a level plane from the map, by its own quadrature, against the sun's in numbers and
 * the sky's integral in closed form where the sky is constant. */
static void light_map_carries_the_light(void **state)
{
    (void)state;
    const double pi = 3.141592653589793;
    hl_synth_light l;
    memset(&l, 0, sizeof l);
    for (int i = 0; i < 3; i++) {
        l.zenith[i] = l.horizon[i] = 0.5;
        l.sun[i] = 2 + i;
    }
    l.sun_dir[0] = 0.48;
    l.sun_dir[1] = -0.64;
    l.sun_dir[2] = 0.6;
    l.sun_radius = 0.005;
    hl_image map;
    check_ok(hl_synth_sky_map(&l, 256, true, &map));
    double got[3] = {0}, brightest = 0, at[2] = {0, 0};
    for (int32_t y = 0; y < 128; y++)
        for (int32_t x = 0; x < 512; x++) {
            const double lat = pi * (0.5 - (y + 0.5) / 256);
            const float *t = map.data + 3 * (y * 512 + x);
            for (int i = 0; i < 3; i++)
                got[i] += (double)t[i] * sin(lat) * cos(lat) * (pi / 256) * (pi / 256);
            if ((double)t[0] > brightest) {
                brightest = (double)t[0];
                at[0] = x + 0.5;
                at[1] = y + 0.5;
            }
        }
    const double want[3] = {pi * 0.5 + 2 * 0.6, pi * 0.5 + 3 * 0.6, pi * 0.5 + 4 * 0.6};
    check_close(got, want, 3, 0.01, 0.01);
    const double u = 0.5 - atan2(-0.64, 0.48) / (2 * pi), v = 0.5 - asin(0.6) / pi;
    assert_true(fabs(at[0] / 512 - u) < 4 / 512.0 && fabs(at[1] / 256 - v) < 3 / 256.0);
    hl_image_release(&map);
}

static void interrupts_and_wrong_layouts_are_reported(void **state)
{
    (void)state;
    const hl_synthetic_output output = {.layout = HL_SYNTHETIC_COLMAP};
    hl_interrupt_request();
    const char *folder = hl_test_file("stopped");
    check_fails(hl_synthetic_save(scene, folder, &output, NULL), "stopped after 0 of 10 pictures");
    hl_interrupt_clear();
    const char *file = hl_test_write("a_file", "x", 1);
    check_fails(hl_synthetic_save(scene, file, &output, NULL), "a_file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colmap_layout_reads_back),
        cmocka_unit_test(other_layouts_read_back),
        cmocka_unit_test(saved_truth_is_the_rendered_truth),
        cmocka_unit_test(light_map_carries_the_light),
        cmocka_unit_test(interrupts_and_wrong_layouts_are_reported),
    };
    return cmocka_run_group_tests(tests, make_scene, drop_scene);
}
