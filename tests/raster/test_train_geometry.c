/* SPDX-License-Identifier: MIT */
/* Geometry mode makes splats flat and brings normals and depth together; plain training does not.
 */
#include "core/log.h"
#include "core/parallel.h"
#include "raster/geometry_loss.h"
#include "raster/train/trainer.h"
#include "tests/check.h"
#include "train_scene.h"

#include <math.h>

enum { STEPS = 240 };

/* Share of splats thinner than a fifth of their second axis. */
static double flat_share(const hl_splats *s)
{
    int flat = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const float *l = s->log_scale + 3 * (size_t)i;
        const float least = fminf(l[0], fminf(l[1], l[2])), most = fmaxf(l[0], fmaxf(l[1], l[2]));
        flat += expf(2 * least + most - l[0] - l[1] - l[2]) < 0.2f;
    }
    return (double)flat / s->count;
}

/* The consistency term over the training views, weight 1. */
static double disagreement(const train_scene *scene, const hl_splats *splats)
{
    hl_raster *r;
    hl_geometry_loss *loss;
    double sum = 0;
    const hl_geometry_loss_options o = {.consistency = 1};
    check_ok(hl_raster_create(&r, "cpu", HL_ISA_AUTO));
    check_ok(hl_geometry_loss_create(&loss));
    for (int k = 0; k < SCENE_TRAIN; k++) {
        const hl_raster_view *v = &scene->views[scene->train[k]];
        const hl_loss_target target = {.width = v->width, .height = v->height, .channels = 3};
        const hl_raster_options ro = {.outputs = hl_geometry_loss_outputs(&o)};
        hl_raster_frame frame;
        hl_loss_result result = {.loss = 0};
        check_ok(hl_raster_forward(r, splats, v, &ro, &frame));
        check_ok(hl_geometry_loss_run(loss, &frame, v, &target, &o, &result));
        sum += result.loss;
    }
    hl_geometry_loss_destroy(&loss);
    hl_raster_destroy(&r);
    return sum / SCENE_TRAIN;
}

static void train(const train_scene *scene, bool geometry, float consistency, double *flat,
                  double *apart)
{
    hl_train_config c;
    hl_trainer *t;
    hl_arena arena;
    hl_splats out;
    const hl_train_events none = {.record_every = 1000};
    hl_train_config_init(&c);
    hl_train_config_preset(&c, HL_TRAIN_FAST, STEPS, SCENE_TRAIN);
    c.cap = 400;
    c.coarse_factor = 1;
    c.geometry = geometry;
    c.consistency_weight = consistency;
    check_ok(hl_trainer_create(&t, &c, &scene->scene, "cpu", HL_ISA_AUTO));
    check_ok(hl_trainer_run(t, STEPS, &none));
    hl_arena_init(&arena, 0, 0);
    check_ok(hl_trainer_export(t, &out, &arena));
    *flat = flat_share(&out);
    *apart = disagreement(scene, &out);
    hl_arena_release(&arena);
    hl_trainer_destroy(&t);
}

static void splats_become_a_surface(void **state)
{
    (void)state;
    static train_scene scene;
    double flat[3], apart[3];
    train_scene_make(&scene, 200, 48, 40, 4);
    train(&scene, false, 0, &flat[0], &apart[0]);
    train(&scene, true, 0, &flat[1], &apart[1]);
    train(&scene, true, 0.2f, &flat[2], &apart[2]);
    print_message("flat: %.2f plain, %.2f pressed, %.2f consistent; apart: %.4f, %.4f, %.4f\n",
                  flat[0], flat[1], flat[2], apart[0], apart[1], apart[2]);
    assert_true(flat[0] < 0.5 && flat[1] > 0.9 && flat[2] > 0.9);
    assert_true(apart[2] < 0.8 * apart[1]);
    train_scene_release(&scene);
    hl_parallel_shutdown();
}

/* Neighbours look the same way, nearest first, and all such views are among them or farther. */
static void check_neighbours(const hl_trainer *t)
{
    int32_t found = 0;
    for (int32_t k = 0; k < SCENE_TRAIN; k++) {
        const int32_t *all = t->neighbours + HL_TRAIN_NEIGHBOURS * (size_t)k;
        double last = 0, distance[SCENE_TRAIN];
        for (int32_t i = 0; i < SCENE_TRAIN; i++) {
            double sum = 0, cosine = 0;
            for (int c = 0; c < 3; c++) { /* eye = -R^T t */
                double eye[2] = {0, 0};
                for (int a = 0; a < 3; a++) {
                    eye[0] -= (double)(t->view[k].r[3 * a + c] * t->view[k].t[a]);
                    eye[1] -= (double)(t->view[i].r[3 * a + c] * t->view[i].t[a]);
                }
                sum += (eye[0] - eye[1]) * (eye[0] - eye[1]);
                cosine += (double)(t->view[k].r[6 + c] * t->view[i].r[6 + c]);
            }
            distance[i] = i != k && cosine > sqrt(0.5) ? sqrt(sum) : 1e9;
        }
        int32_t count = 0;
        for (; count < HL_TRAIN_NEIGHBOURS && all[count] >= 0; count++) {
            assert_true(distance[all[count]] < 1e9 && distance[all[count]] >= last);
            last = distance[all[count]];
            distance[all[count]] = 1e9;
        }
        for (int32_t i = 0; i < SCENE_TRAIN; i++)
            assert_true(distance[i] == 1e9 ||
                        (count == HL_TRAIN_NEIGHBOURS && distance[i] >= last));
        found += count;
    }
    assert_true(found >= SCENE_TRAIN);
}

static void run_views(const train_scene *scene, float photometric, float *early, float *late)
{
    hl_train_config c;
    hl_trainer *t;
    const hl_train_events none = {.record_every = 1000};
    hl_train_config_init(&c);
    hl_train_config_preset(&c, HL_TRAIN_FAST, 20, SCENE_TRAIN);
    c.cap = 400;
    c.geometry = c.multi_view = true;
    c.geometry_from = 1;
    c.multi_view_angle = 45;
    c.multi_view_from = 0.5f;
    c.multi_view_photometric = photometric;
    c.multi_view_geometric = 0;
    check_ok(hl_trainer_create(&t, &c, &scene->scene, "cpu", HL_ISA_AUTO));
    check_neighbours(t);
    check_ok(hl_trainer_run(t, 10, &none)); /* they do not count yet */
    *early = t->splats.mean[0];
    check_ok(hl_trainer_run(t, 20, &none));
    *late = t->splats.mean[0];
    hl_trainer_destroy(&t);
}

static void neighbours_take_part(void **state)
{
    (void)state;
    static train_scene scene;
    train_scene_make(&scene, 200, 48, 40, 3);
    float early[2], late[2];
    run_views(&scene, 1, &early[0], &late[0]);
    run_views(&scene, 2, &early[1], &late[1]);
    assert_true(early[0] == early[1] && late[0] != late[1]);
    train_scene_release(&scene);
    hl_parallel_shutdown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(splats_become_a_surface),
                                       cmocka_unit_test(neighbours_take_part)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
