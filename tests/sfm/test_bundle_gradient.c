/* SPDX-License-Identifier: MIT */
/* The gradient of the whole cost, priors and losses included, against differences of the cost, for
 * each camera model with shared and own intrinsics; the reduced system against elimination of the
 * points from the full one. */
#define HL_REAL double
#include "core/camera_model.h"
#include "core/memory.h"
#include "core/se3.h"
#include "sfm/ba/ba_blocks.h"
#include "tests/check.h"
#include "tests/sfm/ring_scene.h"

#include <math.h>
#include <string.h>

enum { IMAGES = 4, POINTS = 10 };

typedef struct setup {
    ring_scene truth, scene;
    hl_bundle_problem p;
    hl_bundle_options o;
    uint32_t free_bits[IMAGES];
    hl_camera_prior camera_prior[IMAGES];
    hl_pose_prior pose_prior[IMAGES];
    uint8_t fixed[IMAGES];
    hl_ba ba;
} setup;

static void make(setup *s, hl_camera_model model, int32_t cameras, hl_bundle_loss loss)
{
    memset(s, 0, sizeof *s);
    const ring_options o = {.images = IMAGES,
                            .points = POINTS,
                            .model = model,
                            .cameras = cameras,
                            .noise_px = 1,
                            .arc = 1.5,
                            .seed = 5};
    ring_create(&s->truth, &o);
    ring_copy(&s->scene, &s->truth);
    ring_disturb(&s->scene, 0.01, 0.03, 0.03);
    s->p = ring_problem(&s->scene);
    for (int32_t c = 0; c < cameras; c++) {
        const int n = hl_camera_param_count(model);
        s->free_bits[c] = (1u << n) - 1;
        for (int k = 0; k < n; k++) {
            s->camera_prior[c].mean[k] = s->scene.cameras[c].params[k] * 1.01 + 0.001;
            s->camera_prior[c].sigma[k] = k < 4 ? 5 : 0.01;
        }
        s->camera_prior[c].sigma[1] = 0; /* one without */
    }
    for (int32_t i = 0; i < IMAGES; i++)
        s->pose_prior[i] = (hl_pose_prior){s->truth.poses[i], 0.02, 0.01};
    s->pose_prior[2].rotation_sigma = 0;
    s->fixed[1] = HL_POSE_FIXED_TURN;
    s->p.camera_free = s->free_bits;
    s->p.camera_prior = s->camera_prior;
    s->p.pose_prior = s->pose_prior;
    s->p.pose_fixed = s->fixed;
    s->o = (hl_bundle_options){.loss = loss, .loss_scale = 2, .solver = HL_SOLVER_DENSE};
    check_ok(hl_ba_init(&s->ba, &s->p, &s->o));
    hl_ba_linearize(&s->ba);
}

static void release(setup *s)
{
    hl_ba_release(&s->ba);
    ring_release(&s->truth);
    ring_release(&s->scene);
}

/* The cost with one unknown moved: component `k` of image, camera or point `at`. */
typedef enum part { POSE, CAMERA, POINT } part;

static double moved(setup *s, part which, int32_t at, int k, double h)
{
    hl_pose poses[IMAGES];
    hl_camera cameras[IMAGES];
    double points[3 * POINTS];
    memcpy(poses, s->scene.poses, sizeof poses);
    memcpy(cameras, s->scene.cameras, (size_t)s->p.camera_count * sizeof *cameras);
    memcpy(points, s->scene.points, sizeof points);
    if (which == CAMERA)
        cameras[at].params[k] += h;
    else if (which == POINT)
        points[3 * at + k] += h;
    else if (k >= 3)
        poses[at].t[k - 3] += h;
    else {
        double w[3] = {0}, turn[9], r[9], out[9];
        w[k] = h;
        hl_so3_exp(w, turn);
        hl_rotation(poses[at].q, r);
        hl_matmul3(turn, r, out);
        hl_quat_from_rotation(out, poses[at].q);
        hl_mul3(turn, s->scene.poses[at].t, poses[at].t);
    }
    const hl_ba_state state = {poses, cameras, points};
    return hl_ba_cost(&s->ba, &state);
}

static void check_component(setup *s, part which, int32_t at, int k, double got, double h)
{
    const double numeric = (moved(s, which, at, k, h) - moved(s, which, at, k, -h)) / (2 * h);
    check_close(&got, &numeric, 1, 1e-3, 2e-5);
}

static void check_gradient(hl_camera_model model, int32_t cameras, hl_bundle_loss loss)
{
    setup s;
    make(&s, model, cameras, loss);
    for (int32_t i = 0; i < IMAGES; i++)
        for (int k = s.fixed[i] ? 3 : 0; k < 6; k++)
            check_component(&s, POSE, i, k, s.ba.g[s.ba.image_at[i] + k], 1e-6);
    for (int32_t c = 0; c < cameras; c++)
        for (int k = 0; k < hl_camera_param_count(model); k++)
            check_component(&s, CAMERA, c, k, s.ba.g[s.ba.camera_at[c] + k], k < 4 ? 1e-4 : 1e-6);
    for (int32_t p = 0; p < POINTS; p++)
        for (int k = 0; k < 3; k++)
            check_component(&s, POINT, p, k, s.ba.point_g[3 * p + k], 1e-6);
    release(&s);
}

static void gradient_equals_differences_for_each_model(void **state)
{
    (void)state;
    for (int model = 0; model < HL_CAMERA_MODELS; model++) {
        if (model == HL_CAMERA_FOV)
            continue;
        check_gradient((hl_camera_model)model, 1, HL_LOSS_SQUARED);
        check_gradient((hl_camera_model)model, IMAGES, HL_LOSS_CAUCHY);
    }
    check_gradient(HL_CAMERA_SIMPLE_RADIAL, 2, HL_LOSS_HUBER);
}

/* J^T J of poses, intrinsics and points (n + 3 POINTS), damped, by plain loops over sights. */
static void full_system(const setup *s, double lambda, double *h, int32_t side)
{
    const hl_ba *ba = &s->ba;
    for (int64_t i = 0; i < ba->sight_count; i++)
        for (int row = 0; row < 2; row++) {
            double j[IMAGES * 6 + IMAGES * HL_CAMERA_PARAMS_MAX + 3 * POINTS] = {0};
            const double *jac = hl_ba_jac(ba, i);
            const int32_t image = ba->sights[i].image, c = s->p.image_camera[image];
            for (int k = 0; k < 6; k++)
                j[ba->image_at[image] + k] = jac[HL_BA_JC + 6 * row + k];
            for (int k = 0; k < ba->camera_slots[c]; k++)
                j[ba->camera_at[c] + k] = jac[HL_BA_JK + ba->slots * row + k];
            for (int k = 0; k < 3; k++)
                j[ba->unknowns + 3 * ba->sights[i].point + k] = jac[HL_BA_JP + 3 * row + k];
            for (int32_t a = 0; a < side; a++)
                for (int32_t b = 0; b < side; b++)
                    h[a * side + b] += j[a] * j[b];
        }
    for (int32_t a = 0; a < ba->unknowns; a++) /* fixed components */
        h[a * side + a] += h[a * side + a] == 0;
    for (int32_t a = 0; a < side; a++)
        h[a * side + a] += hl_ba_damping(h[a * side + a], lambda);
}

static void check_reduced(hl_camera_model model, int32_t cameras)
{
    setup s;
    make(&s, model, cameras, HL_LOSS_SQUARED);
    s.p.camera_prior = NULL; /* the oracle below has sights alone */
    s.p.pose_prior = NULL;
    hl_ba_linearize(&s.ba);
    const double lambda = 0.1;
    const int32_t n = s.ba.unknowns, side = n + 3 * POINTS;
    double *h = hl_alloc((size_t)side * (size_t)side, sizeof *h);
    double *x = hl_alloc((size_t)n, sizeof *x), *y = hl_alloc((size_t)n, sizeof *y);
    double *want = hl_alloc((size_t)n, sizeof *want);
    assert_true(h && x && y && want);
    full_system(&s, lambda, h, side);
    for (int32_t pivot = side - 1; pivot >= n; pivot--) /* points go, the last first */
        for (int32_t a = 0; a < pivot; a++) {
            const double factor = h[a * side + pivot] / h[pivot * side + pivot];
            for (int32_t b = 0; b < pivot; b++)
                h[a * side + b] -= factor * h[pivot * side + b];
        }
    hl_ba_damp_points(&s.ba, lambda);
    hl_ba_reduce_dense(&s.ba, lambda);
    for (int32_t a = 0; a < n; a++) {
        x[a] = (a * 7 % 11 - 5) / (1 + fabs(h[a * side + a]));
        const double size = sqrt(h[a * side + a]);
        for (int32_t b = 0; b <= a; b++) {
            const double scale = size * sqrt(h[b * side + b]);
            const double got = s.ba.reduced[a * n + b] / scale, expected = h[a * side + b] / scale;
            check_close(&got, &expected, 1, 1e-9, 0);
        }
    }
    for (int32_t a = 0; a < n; a++)
        for (int32_t b = 0; b < n; b++)
            want[a] += h[a * side + b] * x[b];
    hl_ba_multiply_blocks(&s.ba, x, y);
    check_close(y, want, n, 1e-6, 1e-9);
    hl_free(h);
    hl_free(x);
    hl_free(y);
    hl_free(want);
    release(&s);
}

static void reduced_system_equals_elimination(void **state)
{
    (void)state;
    check_reduced(HL_CAMERA_SIMPLE_RADIAL, 1);
    check_reduced(HL_CAMERA_OPENCV, 2);
    check_reduced(HL_CAMERA_OPENCV_FISHEYE, IMAGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_equals_differences_for_each_model),
        cmocka_unit_test(reduced_system_equals_elimination),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
