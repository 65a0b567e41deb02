/* SPDX-License-Identifier: MIT */
/* A survey: photos at height HEIGHT look down, turned a little, so far apart that each point of the
 * ground, which rises and falls by RELIEF, lies in some five of them. */
#define HL_REAL double
#include "cli/bench_sfm.h"

#include "cli/command.h"
#include "core/build_info.h"
#include "core/camera_model.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/se3.h"
#include "core/timer.h"
#include "sfm/bundle.h"
#include "sfm/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 1000, HEIGHT_PX = 750, SIGHTS_MOST = 16, ITERATIONS = 60 };
#define FOCAL     1000.0
#define RADIAL    (-0.05)
#define HEIGHT    10.0 /* over the mean ground; a photo covers 10 by 7.5 of it */
#define RELIEF    1.0
#define STEP_X    4.6 /* between photos */
#define STEP_Y    3.4
#define TILT      0.08  /* rad, standard deviation of a photo's turn              */
#define OFF_TURN  0.005 /* rad; of the start, as are the next ones                */
#define OFF_PLACE 0.1
#define OFF_POINT 0.1
#define OFF_FOCAL 1.01

typedef struct survey {
    const hl_bench_sfm_options *o;
    int32_t columns, rows;
    hl_camera camera;
    hl_pose *truth, *poses;
    bool *has_pose;
    int32_t *image_camera;
    double *points;
    int64_t *track_start;
    hl_sight *sights;
    hl_bundle_report report;
    hl_pose_comparison compared;
    double cpu, wall;
} survey;

enum { SALT_PHOTO = 1, SALT_POINT, SALT_START };

static void place_photo(survey *s, int32_t i)
{
    hl_rng rng = hl_rng_at(s->o->seed, SALT_PHOTO, (uint64_t)i, HL_RNG_BENCH);
    double w[3], r[9], eye[3];
    for (int k = 0; k < 3; k++)
        w[k] = TILT * hl_rng_normal(&rng);
    hl_so3_exp(w, r); /* z of the world points down, as that of a level camera */
    eye[0] = STEP_X * (i % s->columns + 0.1 * hl_rng_normal(&rng));
    eye[1] = STEP_Y * (i / s->columns + 0.1 * hl_rng_normal(&rng));
    eye[2] = -HEIGHT + 0.2 * hl_rng_normal(&rng);
    hl_quat_from_rotation(r, s->truth[i].q);
    hl_mul3(r, eye, s->truth[i].t);
    for (int k = 0; k < 3; k++)
        s->truth[i].t[k] = -s->truth[i].t[k];
    s->has_pose[i] = true;
}

/* Sights of point p in the photos about it. */
static int64_t see_point(survey *s, int32_t p, int64_t at)
{
    hl_rng rng = hl_rng_at(s->o->seed, SALT_POINT, (uint64_t)p, HL_RNG_BENCH);
    double *x = s->points + 3 * (size_t)p;
    x[0] = STEP_X * (s->columns - 1) * hl_rng_uniform(&rng);
    x[1] = STEP_Y * (s->rows - 1) * hl_rng_uniform(&rng);
    x[2] = RELIEF * (2 * hl_rng_uniform(&rng) - 1);
    const int32_t column = (int32_t)lround(x[0] / STEP_X), row = (int32_t)lround(x[1] / STEP_Y);
    const hl_lens lens = hl_camera_lens(s->camera.model, s->camera.params);
    const int64_t first = at;
    for (int32_t j = row - 2; j <= row + 2; j++)
        for (int32_t i = column - 2; i <= column + 2; i++) {
            const int32_t photo = j * s->columns + i;
            double r[9], c[3], px[2];
            if (i < 0 || j < 0 || i >= s->columns || j >= s->rows || photo >= s->o->photos ||
                at - first == SIGHTS_MOST)
                continue;
            hl_rotation(s->truth[photo].q, r);
            hl_se3_apply(r, s->truth[photo].t, x, c);
            const double uv[2] = {c[0] / c[2], c[1] / c[2]};
            hl_lens_distort(&lens, uv, px);
            if (px[0] < 0 || px[1] < 0 || px[0] > WIDTH || px[1] > HEIGHT_PX)
                continue;
            s->sights[at++] = (hl_sight){photo, px[0] + s->o->noise_px * hl_rng_normal(&rng),
                                         px[1] + s->o->noise_px * hl_rng_normal(&rng), 1};
        }
    return at;
}

static void disturb(survey *s)
{
    for (int32_t i = 0; i < s->o->photos; i++) {
        hl_rng rng = hl_rng_at(s->o->seed, SALT_START, (uint64_t)i, HL_RNG_BENCH);
        double w[3], turn[9], r[9], off[9];
        s->poses[i] = s->truth[i];
        for (int k = 0; k < 3; k++) {
            w[k] = OFF_TURN * hl_rng_normal(&rng);
            s->poses[i].t[k] += OFF_PLACE * hl_rng_normal(&rng);
        }
        hl_so3_exp(w, turn);
        hl_rotation(s->truth[i].q, r);
        hl_matmul3(turn, r, off);
        hl_quat_from_rotation(off, s->poses[i].q);
    }
    hl_rng rng = hl_rng_at(s->o->seed, SALT_START, UINT64_MAX, HL_RNG_BENCH);
    for (size_t i = 0; i < 3 * (size_t)s->o->points; i++)
        s->points[i] += OFF_POINT * hl_rng_normal(&rng);
    s->camera.params[0] *= OFF_FOCAL;
    s->camera.params[3] = 0;
}

static hl_status make(survey *s)
{
    const size_t n = (size_t)s->o->photos, k = (size_t)s->o->points;
    s->rows = (int32_t)lround(sqrt((double)n * STEP_X / STEP_Y));
    s->rows = s->rows < 2 ? 2 : s->rows;
    s->columns = (s->o->photos + s->rows - 1) / s->rows;
    s->camera = (hl_camera){.id = 1,
                            .model = HL_CAMERA_SIMPLE_RADIAL,
                            .width = WIDTH,
                            .height = HEIGHT_PX,
                            .params = {FOCAL, WIDTH / 2.0, HEIGHT_PX / 2.0, RADIAL}};
    s->truth = hl_alloc(n, sizeof *s->truth);
    s->poses = hl_alloc(n, sizeof *s->poses);
    s->has_pose = hl_alloc(n, sizeof *s->has_pose);
    s->image_camera = hl_alloc(n, sizeof *s->image_camera);
    s->points = hl_alloc(k, 3 * sizeof *s->points);
    s->track_start = hl_alloc(k + 1, sizeof *s->track_start);
    s->sights = hl_alloc(k, SIGHTS_MOST * sizeof *s->sights);
    if (!s->truth || !s->poses || !s->has_pose || !s->image_camera || !s->points ||
        !s->track_start || !s->sights)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < s->o->photos; i++)
        place_photo(s, i);
    for (int32_t p = 0; p < s->o->points; p++)
        s->track_start[p + 1] = see_point(s, p, s->track_start[p]);
    disturb(s);
    return HL_OK;
}

static hl_status run(survey *s)
{
    const uint32_t free_bits = 0x9; /* focal length and distortion */
    const hl_bundle_options options = {
        .iterations = ITERATIONS, .tolerance = 1e-6, .solver = (hl_bundle_solver)s->o->solver};
    HL_TRY(make(s));
    const hl_bundle_problem p = {.image_count = s->o->photos,
                                 .poses = s->poses,
                                 .image_camera = s->image_camera,
                                 .camera_count = 1,
                                 .cameras = &s->camera,
                                 .camera_free = &free_bits,
                                 .point_count = s->o->points,
                                 .points = s->points,
                                 .track_start = s->track_start,
                                 .sights = s->sights};
    const double cpu = hl_cpu_seconds(), wall = hl_wall_seconds();
    HL_TRY(hl_bundle_adjust(&p, &options, &s->report));
    s->cpu = hl_cpu_seconds() - cpu;
    s->wall = hl_wall_seconds() - wall;
    return hl_pose_compare(&s->compared, s->poses, s->has_pose, s->truth, s->o->photos);
}

static hl_status print(const survey *s)
{
    const int64_t sights = s->track_start[s->o->points];
    const hl_bundle_report *r = &s->report;
    const double start = sqrt(2 * r->initial_cost / (double)sights);
    const double peak = (double)hl_memory_peak() / 1048576;
    const double focal = s->camera.params[0] - FOCAL;
    if (s->o->json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.bench.sfm/1");
        hl_json_add_text(root, "commit", HL_BUILD_COMMIT);
        hl_json_add_number(root, "photos", s->o->photos);
        hl_json_add_number(root, "points", s->o->points);
        hl_json_add_number(root, "sights", (double)sights);
        hl_json_add_number(root, "threads", hl_parallel_threads());
        hl_json_add_number(root, "cpu_seconds", s->cpu);
        hl_json_add_number(root, "wall_seconds", s->wall);
        hl_json_add_number(root, "peak_memory_mb", peak);
        hl_json_add_number(root, "iterations", r->iterations);
        hl_json_add_number(root, "pcg_iterations", r->pcg_iterations);
        hl_json_add_number(root, "start_px", start);
        hl_json_add_number(root, "end_px", r->rms_px);
        hl_json_add_number(root, "center_error", s->compared.center_mean);
        hl_json_add_number(root, "rotation_error_deg", s->compared.rotation_mean);
        hl_json_add_number(root, "focal_error_px", focal);
        return hl_command_print_json(&root);
    }
    printf("%d photos, %d points, %lld sights, %d threads\n", s->o->photos, s->o->points,
           (long long)sights, hl_parallel_threads());
    printf("adjustment %.1f s of processor, %.1f s, %d steps (%d of them taken), %d products of "
           "conjugate gradients, peak %.0f MB\n",
           s->cpu, s->wall, r->iterations, r->accepted, r->pcg_iterations, peak);
    printf("residual %.3f px, then %.4f px; truth: centres %.2e (most %.2e) of a height of %.0f, "
           "rotation %.5f (most %.5f) deg, focal length %+.4f px of %.0f\n",
           start, r->rms_px, s->compared.center_mean, s->compared.center_max, HEIGHT,
           s->compared.rotation_mean, s->compared.rotation_max, focal, FOCAL);
    return HL_OK;
}

hl_status hl_bench_sfm(const hl_bench_sfm_options *options)
{
    survey s = {.o = options};
    hl_status status = run(&s);
    if (status == HL_OK)
        status = print(&s);
    hl_free(s.truth);
    hl_free(s.poses);
    hl_free(s.has_pose);
    hl_free(s.image_camera);
    hl_free(s.points);
    hl_free(s.track_start);
    hl_free(s.sights);
    return status;
}
