/* SPDX-License-Identifier: MIT */
/* Matching along epipolar lines against its definition, and the second look at photos without a
 * place: what repeats in the picture is told apart by the lines, chance is not believed. */
#define HL_REAL double
#include "core/memory.h"
#include "core/rng.h"
#include "core/se3.h"
#include "sfm/match.h"
#include "sfm/run/run_state.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { SIDE = 800, FOCAL = 700, POINTS = 300, ALONE = 60 };

static double uniform(uint64_t seed, uint64_t k)
{
    return (double)(hl_rng_mix(seed * 7919 + k) >> 11) * 0x1p-53;
}

static void features_create(hl_features *f, int32_t count)
{
    *f = (hl_features){.count = count, .width = SIDE, .height = SIDE};
    f->keypoints = hl_alloc((size_t)count, sizeof *f->keypoints);
    f->descriptors = hl_alloc((size_t)count, HL_DESCRIPTOR_BYTES);
    assert_true(f->keypoints && f->descriptors);
}

/* 512 times a unit vector: a direction of its own for each (seed, row), moved a little by noise. */
static void set_descriptor(hl_features *f, int32_t row, uint64_t seed, double noise, uint64_t shake)
{
    double v[HL_DESCRIPTOR_BYTES], sum = 0;
    for (uint64_t k = 0; k < HL_DESCRIPTOR_BYTES; k++) {
        const double own = uniform(seed, k), other = uniform(shake, k);
        v[k] = own * own * own + noise * other * other * other;
        sum += v[k] * v[k];
    }
    for (int k = 0; k < HL_DESCRIPTOR_BYTES; k++)
        f->descriptors[(size_t)row * HL_DESCRIPTOR_BYTES + (size_t)k] =
            (uint8_t)fmin(255, round(512 * v[k] / sqrt(sum)));
}

static double angle_of(const hl_features *a, int32_t i, const hl_features *b, int32_t j)
{
    double dot = 0;
    for (size_t k = 0; k < HL_DESCRIPTOR_BYTES; k++)
        dot += (double)a->descriptors[(size_t)i * HL_DESCRIPTOR_BYTES + k] *
               b->descriptors[(size_t)j * HL_DESCRIPTOR_BYTES + k];
    return acos(fmin(dot / (512.0 * 512.0), 1));
}

/* |b^T F a| over the length of the line's normal, pixels. */
static double distance(const double f[9], const hl_keypoint *a, const hl_keypoint *b)
{
    double line[3];
    for (int r = 0; r < 3; r++)
        line[r] = f[3 * r] * (double)a->x + f[3 * r + 1] * (double)a->y + f[3 * r + 2];
    return fabs(line[0] * (double)b->x + line[1] * (double)b->y + line[2]) /
           sqrt(line[0] * line[0] + line[1] * line[1]);
}

/* Row j is the only one near the line of row i that is so close, by the ratio. */
static bool stands_out(const double f[9], double band, const hl_features *a, int32_t i,
                       const hl_features *b, int32_t j, bool turned)
{
    const double own = angle_of(a, i, b, j), limit = own / (double)HL_MATCH_RATIO;
    if (own > (double)HL_MATCH_ANGLE)
        return false;
    for (int32_t k = 0; k < (turned ? a : b)->count; k++) {
        const int32_t ia = turned ? k : i, jb = turned ? j : k;
        if ((turned ? k == i : k == j) ||
            !(distance(f, &a->keypoints[ia], &b->keypoints[jb]) <= band))
            continue;
        if (!(limit < angle_of(a, ia, b, jb)))
            return false;
    }
    return true;
}

static void guided_matches_are_those_of_the_definition(void **state)
{
    (void)state;
    enum { N = 120 };
    const double f[9] = {0, 1e-6, -4e-4, 2e-6, 0, 1e-3, -1e-4, -2e-3, 0.3}, band = 60;
    hl_features a, b;
    features_create(&a, N);
    features_create(&b, N);
    for (int32_t i = 0; i < N; i++) {
        const uint64_t u = (uint64_t)i;
        a.keypoints[i] =
            (hl_keypoint){.x = (float)(SIDE * uniform(1, u)), .y = (float)(SIDE * uniform(2, u))};
        b.keypoints[i] =
            (hl_keypoint){.x = (float)(SIDE * uniform(3, u)), .y = (float)(SIDE * uniform(4, u))};
        set_descriptor(&a, i, 100 + u % 40, 0.3, 500 + u);
        set_descriptor(&b, i, 100 + u % 40, 0.3, 900 + u);
    }
    hl_pair_matches m;
    check_ok(hl_match_guided(&m, &a, &b, f, band, NULL));
    int32_t at = 0, wanted = 0;
    for (int32_t i = 0; i < N; i++)
        for (int32_t j = 0; j < N; j++) {
            if (!(distance(f, &a.keypoints[i], &b.keypoints[j]) <= band) ||
                !stands_out(f, band, &a, i, &b, j, false) ||
                !stands_out(f, band, &a, i, &b, j, true))
                continue;
            wanted++;
            assert_true(at < m.count && m.matches[at].a == i && m.matches[at].b == j);
            at++;
        }
    assert_int_equal(m.count, wanted);
    assert_true(wanted > 20);
    hl_pair_matches_release(&m);
    hl_features_release(&a);
    hl_features_release(&b);
}

/* Photo `image` of three that look at a cloud of points. */
static void place(const hl_pose *pose, uint64_t k, hl_keypoint *out)
{
    const double x[3] = {4 * uniform(11, k) - 2, 4 * uniform(12, k) - 2, 6 + 3 * uniform(13, k)};
    double r[9], c[3];
    hl_rotation(pose->q, r);
    hl_se3_apply(r, pose->t, x, c);
    *out = (hl_keypoint){.x = (float)(FOCAL * c[0] / c[2] + SIDE / 2),
                         .y = (float)(FOCAL * c[1] / c[2] + SIDE / 2),
                         .scale = 1};
}

/* The first photo holds every point; the second too, where most points have a twin that looks
 * almost the same: the ratio over the whole picture refuses those.  The third shows other things.
 */
static void a_second_look_finds_what_repeats(void **state)
{
    (void)state;
    hl_features f[3];
    const hl_pose pose[3] = {{{1, 0, 0, 0}, {0, 0, 0}},
                             {{0.998, 0.02, -0.06, 0.01}, {1, 0.2, 0.1}},
                             {{0.998, 0.02, 0.06, 0}, {-1, 0.2, 0.1}}};
    for (int i = 0; i < 3; i++) {
        features_create(&f[i], POINTS);
        for (int32_t k = 0; k < POINTS; k++) {
            const uint64_t u = (uint64_t)k;
            const uint64_t look = k < ALONE ? 1000 + u : 2000 + u / 2;
            place(&pose[i], u, &f[i].keypoints[k]);
            if (i < 2)
                set_descriptor(&f[i], k, look, 0.25, 5000 + 1000 * (uint64_t)i + u);
            else
                set_descriptor(&f[i], k, 2000 + (u * 37 % POINTS) / 2, 0.25, 9000 + u);
        }
    }
    hl_camera camera = {.model = HL_CAMERA_SIMPLE_PINHOLE, .width = SIDE, .height = SIDE};
    camera.params[0] = FOCAL;
    camera.params[1] = camera.params[2] = SIDE / 2;
    hl_view view[3] = {{.camera = 0}, {.camera = 0}, {.camera = 0}};
    const hl_views views = {.view_count = 3, .views = view, .camera_count = 1, .cameras = &camera};
    const hl_sfm_options options = {.seed = 5};
    hl_run_pair pairs[2] = {{.image_a = 0, .image_b = 1}, {.image_a = 0, .image_b = 2}};
    hl_run run = {.views = &views,
                  .o = &options,
                  .features = f,
                  .cameras = &camera,
                  .pair_count = 2,
                  .pairs = pairs};
    bool has_pose[3] = {true, false, false};
    hl_map_model model = {.registered = 1, .has_pose = has_pose, .cameras = &camera};
    const hl_mapping mapping = {.model_count = 1, .models = &model};
    int32_t gained;
    check_ok(hl_run_look_again(&run, &mapping, &gained));
    assert_int_equal(gained, 1);
    assert_true(pairs[0].count > POINTS * 3 / 4);
    int32_t right = 0;
    for (int32_t k = 0; k < pairs[0].count; k++)
        right += pairs[0].match[2 * k] == pairs[0].match[2 * k + 1];
    assert_true(right > pairs[0].count * 19 / 20);
    assert_true(pairs[0].view.median_angle > 0.05);
    assert_int_equal(pairs[1].count, 0);
    /* Nothing is looked at twice. */
    check_ok(hl_run_look_again(&run, &mapping, &gained));
    assert_int_equal(gained, 0);
    for (int i = 0; i < 2; i++)
        hl_free(pairs[i].match);
    for (int i = 0; i < 3; i++)
        hl_features_release(&f[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guided_matches_are_those_of_the_definition),
        cmocka_unit_test(a_second_look_finds_what_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
