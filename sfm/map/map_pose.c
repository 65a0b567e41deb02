/* SPDX-License-Identifier: MIT */
/* Poses of a photo from points.  Trials draw from counter-based random numbers keyed by (seed,
 * photo, trial): the result does not depend on what ran before. */
#define HL_REAL double
#include "core/memory.h"
#include "core/rng.h"
#include "core/se3.h"
#include "sfm/map/map_register.h"
#include "sfm/resection.h"

#include <math.h>
#include <string.h>

enum { TURNED_TRIALS = 60, TURNED_PAIRS = 6 };

/* Ray in the camera of one feature: (u, v, 1). */
static bool camera_ray(const hl_map_scene *s, int32_t image, int32_t feature, double ray[3])
{
    const hl_camera *camera = hl_map_camera(s, image);
    double px[2];
    hl_map_pixel(s, feature, px);
    ray[2] = 1;
    return hl_camera_undistort(camera->model, camera->params, px, ray);
}

/* t of two points under a known rotation: [x]_x (R X + t) = 0 in the least squares sense. */
static bool translation_of_two(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                               const int32_t pick[2], const double r[9], double t[3])
{
    double a[9] = {0}, b[3] = {0};
    for (int k = 0; k < 2; k++) {
        double d[3], x[3];
        if (!camera_ray(s, image, hits->features[pick[k]], d))
            return false;
        hl_normalize3(d, d);
        hl_mul3(r, s->points[hits->points[pick[k]]].x, x);
        const double along = hl_dot3(d, x);
        for (int i = 0; i < 3; i++) {
            b[i] -= x[i] - along * d[i];
            for (int j = 0; j < 3; j++)
                a[3 * i + j] += (i == j) - d[i] * d[j];
        }
    }
    const double det = hl_det3(a);
    if (!(fabs(det) > 1e-9))
        return false;
    for (int k = 0; k < 3; k++) { /* Cramer */
        double m[9];
        memcpy(m, a, sizeof m);
        for (int i = 0; i < 3; i++)
            m[3 * i + k] = b[i];
        t[k] = hl_det3(m) / det;
    }
    return true;
}

/* Rotation of the photo through a registered neighbour; false if the pair does not join them. */
static bool rotation_through(const hl_map_scene *s, const hl_map_pair *pair, int32_t image,
                             double r[9])
{
    double rel[9], other[9], inv[9], zero[3] = {0}, none[3];
    const bool is_a = pair->image_a == image;
    const int32_t neighbor = is_a ? pair->image_b : pair->image_a;
    if (!pair->has_pose || !(is_a || pair->image_b == image) || !s->registered[neighbor])
        return false;
    hl_rotation(pair->b_from_a.q, rel);
    hl_rotation(s->poses[neighbor].q, other);
    hl_se3_inverse(rel, zero, inv, none);
    hl_matmul3(is_a ? inv : rel, other, r);
    return true;
}

/* The registered neighbour with most matches below `below` (the first pair of equals). */
static int32_t next_pair(const hl_map_scene *s, int32_t image, const bool *used, double r[9])
{
    int32_t best = HL_MAP_NONE;
    double candidate[9];
    for (int32_t p = 0; p < s->in->pair_count; p++)
        if (!used[p % 4096] && (best < 0 || s->in->pairs[p].count > s->in->pairs[best].count) &&
            rotation_through(s, &s->in->pairs[p], image, candidate)) {
            best = p;
            memcpy(r, candidate, 9 * sizeof *r);
        }
    return best;
}

int32_t hl_map_pose_turned(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                           hl_pose *pose)
{
    double best_cost = HUGE_VAL, r[9];
    int32_t best = 0;
    bool used[4096] = {false};
    for (int32_t k = 0; k < TURNED_PAIRS; k++) {
        const int32_t pair = next_pair(s, image, used, r);
        if (pair < 0)
            break;
        used[pair % 4096] = true;
        hl_pose trial_pose;
        hl_quat_from_rotation(r, trial_pose.q);
        for (int32_t trial = 0; trial < TURNED_TRIALS; trial++) {
            hl_rng rng = hl_rng_at(s->o.seed, (uint64_t)image << 20 | (uint64_t)k, (uint64_t)trial,
                                   HL_RNG_SFM);
            const int32_t pick[2] = {(int32_t)hl_rng_below(&rng, (uint32_t)hits->count),
                                     (int32_t)hl_rng_below(&rng, (uint32_t)hits->count)};
            double cost = best_cost;
            if (pick[0] == pick[1] || !translation_of_two(s, image, hits, pick, r, trial_pose.t))
                continue;
            const int32_t n =
                hl_map_count_inside(s, image, hits, &trial_pose, s->o.resect_error_px, NULL, &cost);
            if (cost < best_cost) {
                best_cost = cost;
                best = n;
                *pose = trial_pose;
            }
        }
    }
    return best;
}

hl_status hl_map_pose_points(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                             hl_pose *pose, int32_t *agreeing)
{
    const size_t n = (size_t)hits->count;
    double *pixels = hl_alloc(n, 2 * sizeof *pixels);
    double *points = hl_alloc(n, 3 * sizeof *points);
    uint8_t *inlier = hl_alloc(n, 1);
    hl_status status = pixels && points && inlier ? HL_OK : HL_E_MEMORY;
    *agreeing = 0;
    if (status == HL_OK) {
        const hl_resection_options o = {
            .threshold_px = s->o.resect_error_px, .seed = s->o.seed, .image = (uint64_t)image};
        hl_resection found;
        for (size_t i = 0; i < n; i++) {
            hl_map_pixel(s, hits->features[i], pixels + 2 * i);
            memcpy(points + 3 * i, s->points[hits->points[i]].x, 3 * sizeof *points);
        }
        status = hl_resection_estimate(&found, inlier, hl_map_camera(s, image), pixels, points,
                                       hits->count, &o);
        if (status == HL_OK && found.inlier_count > 0) {
            *pose = found.camera_from_world;
            *agreeing = hl_map_count_inside(s, image, hits, pose, s->o.resect_error_px, NULL, NULL);
        }
    }
    hl_free(pixels);
    hl_free(points);
    hl_free(inlier);
    return status;
}
