/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/resection.h"

#include "core/camera_model.h"
#include "core/memory.h"
#include "sfm/geom/absolute.h"
#include "sfm/geom/linalg.h"
#include "sfm/geom/turn.h"
#include "sfm/ransac.h"

#include <math.h>
#include <string.h>

/* A model is R (9), t (3), focal (1): pixels are focal (x / z, y / z) in the frame of `x`. */
enum { MODEL = 13, UNKNOWNS = 7, REFINE_STEPS = 4 };

typedef struct job {
    int32_t count;
    const double *x; /* (count, 2): rays times the focal length, pixels from the centre */
    const double *points;
    double range[2]; /* of the focal length */
    bool free_focal;
    double focal;
} job;

static int solve(void *ctx, const int32_t *sample, double *models)
{
    const job *k = ctx;
    double x[8], p[12], r[HL_P4PF_MAX][9], t[HL_P4PF_MAX][3], focal[HL_P4PF_MAX];
    const int size = k->free_focal ? 4 : 3;
    for (int i = 0; i < size; i++) {
        memcpy(x + 2 * i, k->x + 2 * sample[i], 2 * sizeof *x);
        memcpy(p + 3 * i, k->points + 3 * sample[i], 3 * sizeof *p);
    }
    for (int i = 0; i < 2 * size && !k->free_focal; i++)
        x[i] /= k->focal;
    const int n = k->free_focal ? hl_p4pf(x, p, k->range, r, t, focal) : hl_p3p(x, p, r, t);
    for (int i = 0; i < n; i++) {
        memcpy(models + MODEL * i, r[i], sizeof r[i]);
        memcpy(models + MODEL * i + 9, t[i], sizeof t[i]);
        models[MODEL * i + 12] = k->free_focal ? focal[i] : k->focal;
    }
    return n;
}

static void residuals(void *ctx, const double *model, double *squared)
{
    const job *k = ctx;
    for (int32_t i = 0; i < k->count; i++) {
        const double *p = k->points + 3 * i, *r = model, *t = model + 9, f = model[12];
        const double z = r[6] * p[0] + r[7] * p[1] + r[8] * p[2] + t[2];
        const double dx = f * (r[0] * p[0] + r[1] * p[1] + r[2] * p[2] + t[0]) / z - k->x[2 * i];
        const double dy =
            f * (r[3] * p[0] + r[4] * p[1] + r[5] * p[2] + t[1]) / z - k->x[2 * i + 1];
        squared[i] = z > 1e-12 ? dx * dx + dy * dy : HUGE_VAL;
    }
}

/* Residual (2) and its derivatives by (turn, t, log focal). */
static void point_rows(const job *k, const double *model, int32_t i, double e[2],
                       double row[2][UNKNOWNS])
{
    const double *p = k->points + 3 * i;
    double c[3], q[3];
    for (int j = 0; j < 3; j++) {
        c[j] = model[3 * j] * p[0] + model[3 * j + 1] * p[1] + model[3 * j + 2] * p[2];
        q[j] = c[j] + model[9 + j];
    }
    for (int a = 0; a < 2; a++) {
        const double iz = model[12] / q[2], value = q[a] * iz;
        double d[3] = {0, 0, -value / q[2]};
        d[a] = iz;
        e[a] = value - k->x[2 * i + a];
        row[a][0] = d[2] * c[1] - d[1] * c[2];
        row[a][1] = d[0] * c[2] - d[2] * c[0];
        row[a][2] = d[1] * c[0] - d[0] * c[1];
        memcpy(row[a] + 3, d, sizeof d);
        row[a][6] = value;
    }
}

static void refine(void *ctx, const double *squared, double threshold2, double *model)
{
    const job *k = ctx;
    const int n = k->free_focal ? 7 : 6;
    for (int step = 0; step < REFINE_STEPS; step++) {
        double normal[UNKNOWNS * UNKNOWNS] = {0}, right[UNKNOWNS] = {0};
        for (int32_t i = 0; i < k->count; i++) {
            double e[2], row[2][UNKNOWNS];
            if (!(squared[i] <= threshold2))
                continue;
            point_rows(k, model, i, e, row);
            for (int a = 0; a < 2; a++)
                for (int p = 0; p < n; p++) {
                    right[p] -= row[a][p] * e[a];
                    for (int q = 0; q < n; q++)
                        normal[n * p + q] += row[a][p] * row[a][q];
                }
        }
        for (int p = 0; p < n; p++)
            normal[(n + 1) * p] *= 1 + 1e-8;
        if (!hl_small_solve(n, normal, right))
            return;
        hl_turn_by(model, right);
        for (int j = 0; j < 3; j++)
            model[9 + j] += right[3 + j];
        if (n == 7)
            model[12] *= exp(fmax(-0.5, fmin(0.5, right[6])));
    }
}

static void pose_of(const double *model, hl_pose *pose)
{
    hl_quat_from_rotation(model, pose->q);
    memcpy(pose->t, model + 9, sizeof pose->t);
}

/* Rays times the focal length, or pixels from the principal point where the focal is to be found.
 */
static hl_status frame_points(job *k, const hl_camera *camera, const double *pixels, double *x)
{
    double f[2], c[2];
    hl_camera_focal(camera->model, camera->params, f);
    hl_camera_center(camera->model, camera->params, c);
    k->focal = (f[0] + f[1]) / 2;
    if (!(k->focal > 0))
        return hl_fail(HL_E_ARG, "resection: camera %u has focal length %g", camera->id, k->focal);
    k->range[0] = 0.2 * fmax(camera->width, camera->height);
    k->range[1] = 10.0 * fmax(camera->width, camera->height);
    for (int32_t i = 0; i < k->count; i++) {
        double uv[2];
        if (k->free_focal) {
            x[2 * i] = pixels[2 * i] - c[0];
            x[2 * i + 1] = pixels[2 * i + 1] - c[1];
        } else if (hl_camera_undistort(camera->model, camera->params, pixels + 2 * i, uv)) {
            x[2 * i] = uv[0] * k->focal;
            x[2 * i + 1] = uv[1] * k->focal;
        } else {
            x[2 * i] = x[2 * i + 1] = 1e9; /* no lens makes this pixel: never an inlier */
        }
    }
    return HL_OK;
}

hl_status hl_resection_estimate(hl_resection *out, uint8_t *inlier, const hl_camera *camera,
                                const double *pixels, const double *points, int32_t count,
                                const hl_resection_options *options)
{
    if (count < 0)
        return hl_fail(HL_E_ARG, "resection: %d points", count);
    const hl_resection_options o = options ? *options : (hl_resection_options){0};
    double *x = hl_alloc(2 * (size_t)(count ? count : 1), sizeof *x);
    if (!x)
        return HL_E_MEMORY;
    job k = {.count = count, .x = x, .points = points, .free_focal = o.free_focal};
    hl_ransac_result found = {.inliers = 0};
    hl_status s = frame_points(&k, camera, pixels, x);
    if (s == HL_OK) {
        const hl_ransac_model model = {o.free_focal ? 4 : 3, MODEL, &k, solve, residuals, refine};
        const hl_ransac_options r = {.threshold = o.threshold_px > 0 ? o.threshold_px : 12,
                                     .max_trials = o.max_trials,
                                     .seed = o.seed,
                                     .stream = o.image};
        s = hl_ransac(&found, inlier, count, &model, &r);
    }
    hl_free(x);
    if (s != HL_OK)
        return s;
    hl_resection result = {.focal = k.focal, .inlier_count = found.inliers, .trials = found.trials};
    if (found.inliers) {
        pose_of(found.model, &result.camera_from_world);
        result.focal = found.model[12];
    }
    *out = result;
    return HL_OK;
}
