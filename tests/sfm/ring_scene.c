/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "tests/sfm/ring_scene.h"

#include "core/camera_model.h"
#include "core/memory.h"
#include "core/rng.h"
#include "core/se3.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static const double lenses[HL_CAMERA_MODELS][HL_CAMERA_PARAMS_MAX] = {
    {800, 500, 375},
    {800, 810, 500, 375},
    {800, 500, 375, -0.05},
    {800, 500, 375, -0.05, 0.02},
    {800, 810, 500, 375, -0.05, 0.02, 0.001, -0.002},
    {800, 810, 500, 375, 0.02, -0.01, 0.003, -0.001},
    {800, 810, 500, 375, -0.05, 0.02, 0.001, -0.002, 0.01, 0.02, -0.01, 0.005},
    {800, 810, 500, 375, 0.3},
    {800, 500, 375, 0.03},
    {800, 500, 375, 0.03, -0.01},
    {800, 810, 500, 375, 0.02, -0.01, 0.001, -0.002, 0.003, -0.001, 0.002, -0.001},
};

int ring_project(const hl_camera *camera, const hl_pose *pose, const double x[3], double px[2])
{
    double r[9], c[3];
    hl_rotation(pose->q, r);
    hl_se3_apply(r, pose->t, x, c);
    if (c[2] <= 0)
        return 0;
    const double uv[2] = {c[0] / c[2], c[1] / c[2]};
    hl_camera_distort(camera->model, camera->params, uv, px);
    return 1;
}

/* Camera at angle `a` on a ring of radius 6, a little up and down, looking at the middle. */
static void place(hl_pose *pose, double a, int32_t i)
{
    const double eye[3] = {6 * sin(a), 0.4 * sin(3.0 * i), -6 * cos(a)};
    double r[9], z[3] = {-eye[0], -eye[1], -eye[2]}, x[3], y[3], down[3] = {0, 1, 0};
    hl_normalize3(z, z);
    hl_cross3(down, z, x);
    hl_normalize3(x, x);
    hl_cross3(z, x, y);
    for (int k = 0; k < 3; k++) {
        r[k] = x[k];
        r[3 + k] = y[k];
        r[6 + k] = z[k];
    }
    hl_quat_from_rotation(r, pose->q);
    for (int k = 0; k < 3; k++)
        pose->t[k] = -hl_dot3(r + 3 * k, eye);
}

static void take(ring_scene *s, int32_t images, int32_t cameras, int32_t points, int64_t sights)
{
    s->cameras = hl_alloc((size_t)cameras, sizeof *s->cameras);
    s->poses = hl_alloc((size_t)images, sizeof *s->poses);
    s->image_camera = hl_alloc((size_t)images, sizeof *s->image_camera);
    s->points = hl_alloc((size_t)points, 3 * sizeof *s->points);
    s->track_start = hl_alloc((size_t)points + 1, sizeof *s->track_start);
    s->sights = hl_alloc((size_t)sights, sizeof *s->sights);
    assert_non_null(s->cameras);
    assert_non_null(s->poses);
    assert_non_null(s->image_camera);
    assert_non_null(s->points);
    assert_non_null(s->track_start);
    assert_non_null(s->sights);
}

void ring_create(ring_scene *s, const ring_options *o)
{
    *s = (ring_scene){.o = *o};
    take(s, o->images, o->cameras, o->points, (int64_t)o->images * o->points);
    for (int32_t c = 0; c < o->cameras; c++) {
        s->cameras[c] =
            (hl_camera){.id = (uint32_t)c + 1, .model = o->model, .width = 1000, .height = 750};
        memcpy(s->cameras[c].params, lenses[o->model], sizeof lenses[0]);
        s->cameras[c].params[0] += c;
    }
    for (int32_t i = 0; i < o->images; i++) {
        place(&s->poses[i], o->arc * i / o->images, i);
        s->image_camera[i] = i % o->cameras;
    }
    int64_t n = 0;
    for (int32_t p = 0; p < o->points; p++) {
        hl_rng rng = hl_rng_at(o->seed, 1, (uint64_t)p, HL_RNG_TEST);
        double *x = s->points + 3 * (size_t)p;
        for (int k = 0; k < 3; k++)
            x[k] = (2 * hl_rng_uniform(&rng) - 1) * (k == 1 ? 1 : 1.5);
        const int32_t first = (int32_t)hl_rng_below(&rng, (uint32_t)o->images);
        const int32_t views = o->views > 0 ? o->views : o->images;
        for (int32_t k = 0; k < views; k++) {
            const int32_t i = (first + k) % o->images;
            double px[2];
            if (!ring_project(&s->cameras[s->image_camera[i]], &s->poses[i], x, px))
                continue;
            if (px[0] < 0 || px[1] < 0 || px[0] > 1000 || px[1] > 750)
                continue;
            s->sights[n++] = (hl_sight){i, px[0] + o->noise_px * hl_rng_normal(&rng),
                                        px[1] + o->noise_px * hl_rng_normal(&rng), 1};
        }
        s->track_start[p + 1] = n;
    }
}

void ring_copy(ring_scene *out, const ring_scene *s)
{
    const ring_options *o = &s->o;
    const int64_t sights = s->track_start[o->points];
    *out = (ring_scene){.o = *o};
    take(out, o->images, o->cameras, o->points, sights);
    memcpy(out->cameras, s->cameras, (size_t)o->cameras * sizeof *s->cameras);
    memcpy(out->poses, s->poses, (size_t)o->images * sizeof *s->poses);
    memcpy(out->image_camera, s->image_camera, (size_t)o->images * sizeof *s->image_camera);
    memcpy(out->points, s->points, (size_t)o->points * 3 * sizeof *s->points);
    memcpy(out->track_start, s->track_start, ((size_t)o->points + 1) * sizeof *s->track_start);
    memcpy(out->sights, s->sights, (size_t)sights * sizeof *s->sights);
}

void ring_release(ring_scene *s)
{
    hl_free(s->cameras);
    hl_free(s->poses);
    hl_free(s->image_camera);
    hl_free(s->points);
    hl_free(s->track_start);
    hl_free(s->sights);
}

void ring_disturb(ring_scene *s, double rotation, double translation, double point)
{
    hl_rng rng = hl_rng_at(s->o.seed, 2, 0, HL_RNG_TEST);
    for (int32_t i = 0; i < s->o.images; i++) {
        double w[3], turn[9], r[9], out[9];
        for (int k = 0; k < 3; k++) {
            w[k] = rotation * hl_rng_normal(&rng);
            s->poses[i].t[k] += translation * hl_rng_normal(&rng);
        }
        hl_so3_exp(w, turn);
        hl_rotation(s->poses[i].q, r);
        hl_matmul3(turn, r, out);
        hl_quat_from_rotation(out, s->poses[i].q);
    }
    for (size_t i = 0; i < 3 * (size_t)s->o.points; i++)
        s->points[i] += point * hl_rng_normal(&rng);
}

hl_bundle_problem ring_problem(ring_scene *s)
{
    return (hl_bundle_problem){.image_count = s->o.images,
                               .poses = s->poses,
                               .image_camera = s->image_camera,
                               .camera_count = s->o.cameras,
                               .cameras = s->cameras,
                               .point_count = s->o.points,
                               .points = s->points,
                               .track_start = s->track_start,
                               .sights = s->sights};
}

/* center of pose `i` in the frame of pose 0, and its rotation from there */
static void relative(const hl_pose *poses, int32_t i, double r[9], double c[3])
{
    double r0[9], ri[9], r0_inv[9], eye0[3], ri_inv[9], eye[3];
    hl_rotation(poses[0].q, r0);
    hl_rotation(poses[i].q, ri);
    hl_se3_inverse(r0, poses[0].t, r0_inv, eye0);
    hl_se3_inverse(ri, poses[i].t, ri_inv, eye);
    hl_matmul3(ri, r0_inv, r);
    hl_se3_apply(r0, poses[0].t, eye, c);
}

void ring_compare(const ring_scene *truth, const hl_pose *poses, double *rotation, double *center)
{
    double r[9], want[9], c[3], c_want[3], inv[9], none[3] = {0}, delta[9], w[3];
    relative(poses, 1, r, c);
    relative(truth->poses, 1, want, c_want);
    const double scale = hl_length3(c_want) / hl_length3(c);
    *rotation = *center = 0;
    for (int32_t i = 1; i < truth->o.images; i++) {
        relative(poses, i, r, c);
        relative(truth->poses, i, want, c_want);
        hl_se3_inverse(want, none, inv, w);
        hl_matmul3(r, inv, delta);
        hl_so3_log(delta, w);
        *rotation = fmax(*rotation, hl_length3(w));
        const double d[3] = {scale * c[0] - c_want[0], scale * c[1] - c_want[1],
                             scale * c[2] - c_want[2]};
        *center = fmax(*center, hl_length3(d));
    }
}
