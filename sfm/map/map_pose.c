/* SPDX-License-Identifier: MIT */
/* Poses of a photo from points: hypotheses and their count.  Trials draw from counter-based random
 * numbers keyed by (seed, photo, trial): the result does not depend on what ran before. */
#define HL_REAL double
#include "core/rng.h"
#include "core/se3.h"
#include "sfm/geom/absolute.h"
#include "sfm/map/map_register.h"

#include <math.h>
#include <string.h>

enum { THREE_LEAST = 100, THREE_MOST = 10000, TURNED_TRIALS = 60, TURNED_PAIRS = 6 };
#define CONFIDENCE 0.9999

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

/* Trials after which a better pose of `inliers` of `count` would have been drawn with certainty
 * CONFIDENCE; three times that many are made, since noise spoils some good draws. */
static int32_t trials_needed(int32_t inliers, int32_t count)
{
    const double n = count, i = inliers;
    const double good = i * (i - 1) * (i - 2) / (n * (n - 1) * (n - 2));
    if (!(good > 0))
        return THREE_MOST;
    const double k = good < 1 ? 3 * log(1 - CONFIDENCE) / log1p(-good) : 0;
    return k > THREE_MOST ? THREE_MOST : (k < THREE_LEAST ? THREE_LEAST : (int32_t)ceil(k));
}

/* Poses of three hits; how many. */
static int poses_of_three(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                          hl_rng *rng, hl_pose poses[HL_P3P_MAX])
{
    double x[6], point[9], r[HL_P3P_MAX][9], t[HL_P3P_MAX][3];
    int32_t pick[3];
    for (int k = 0; k < 3; k++) {
        double ray[3];
        pick[k] = (int32_t)hl_rng_below(rng, (uint32_t)hits->count);
        for (int j = 0; j < k; j++)
            if (hits->features[pick[k]] == hits->features[pick[j]] ||
                hits->points[pick[k]] == hits->points[pick[j]])
                return 0;
        if (!camera_ray(s, image, hits->features[pick[k]], ray))
            return 0;
        memcpy(x + 2 * k, ray, 2 * sizeof *x);
        memcpy(point + 3 * k, s->points[hits->points[pick[k]]].x, 3 * sizeof *point);
    }
    const int n = hl_p3p(x, point, r, t);
    for (int k = 0; k < n; k++) {
        hl_quat_from_rotation(r[k], poses[k].q);
        memcpy(poses[k].t, t[k], sizeof t[k]);
    }
    return n;
}

int32_t hl_map_pose_three(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                          hl_pose *pose)
{
    double best_cost = HUGE_VAL;
    int32_t best = 0, needed = THREE_MOST;
    for (int32_t trial = 0; trial < needed; trial++) {
        hl_rng rng =
            hl_rng_at(s->o.seed, (uint64_t)image << 20 | 0xfffff, (uint64_t)trial, HL_RNG_SFM);
        hl_pose poses[HL_P3P_MAX];
        const int n = poses_of_three(s, image, hits, &rng, poses);
        for (int k = 0; k < n; k++) {
            double cost = best_cost;
            const int32_t inliers =
                hl_map_count_inside(s, image, hits, &poses[k], s->o.resect_error_px, NULL, &cost);
            if (!(cost < best_cost))
                continue;
            best_cost = cost;
            best = inliers;
            *pose = poses[k];
            needed = trials_needed(inliers, hits->distinct);
        }
    }
    return best;
}
