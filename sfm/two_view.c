/* SPDX-License-Identifier: MIT */
#include "sfm/two_view.h"

#include "core/camera_model.h"
#include "core/memory.h"
#include "sfm/geom/absolute.h"
#include "sfm/geom/epipolar.h"
#include "sfm/geom/two_view_models.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Shares of COLMAP's decision. */
#define CALIBRATED_SHARE 0.95   /* E inliers / F inliers: as good as uncalibrated            */
#define PLANAR_SHARE     0.8    /* H inliers / the others': a plane or a turn                */
#define WATERMARK_SHARE  0.7    /* inliers that are one shift and lie in the border          */
#define WATERMARK_BORDER 0.1    /* of the picture's sides                                    */
#define TURN_ANGLE       0.0035 /* rad: a median ray angle below this is no baseline (0.2 deg) */

enum { TRIALS_LEAST = 50, TRIALS_MOST = 10000 };
#define CONFIDENCE 0.9999 /* of having drawn one sample without a wrong match */

typedef struct work {
    const hl_two_view_input *in;
    double threshold_px;
    int32_t min_inliers;
    hl_ransac_options ransac;
    double *ua, *ub; /* (count, 2) rays on z = 1             */
    double *pa, *pb; /* (count, 2) pixels, centred and scaled */
    double *scratch; /* (5 count)                             */
    double scale;    /* pixels per unit of pa, pb             */
    double center[2][2];
    double focal;     /* mean of the two, pixels               */
    uint8_t *mask[3]; /* of E, F, H                           */
    double *block;
} work;

static void work_release(work *w)
{
    hl_free(w->block);
    hl_free(w->mask[0]);
}

/* A ray that the lens cannot have made stays out: far off, so that no model takes it. */
static void ray_of(const hl_camera *camera, const double *pixel, double uv[2])
{
    if (!hl_camera_undistort(camera->model, camera->params, pixel, uv))
        uv[0] = uv[1] = 1e6;
}

static hl_status work_create(work *w, const hl_two_view_input *in, const hl_two_view_options *o)
{
    memset(w, 0, sizeof *w);
    const size_t n = in->count > 0 ? (size_t)in->count : 1;
    w->in = in;
    w->threshold_px = o && o->threshold_px > 0 ? o->threshold_px : 4;
    w->min_inliers = o && o->min_inliers > 0 ? o->min_inliers : 15;
    w->ransac = (hl_ransac_options){
        .max_trials = o ? o->max_trials : 0, .seed = o ? o->seed : 0, .stream = in->pair};
    w->block = hl_alloc(13 * n, sizeof(double));
    w->mask[0] = hl_alloc(3 * n, 1);
    if (!w->block || !w->mask[0]) {
        work_release(w);
        return HL_E_MEMORY;
    }
    w->mask[1] = w->mask[0] + n;
    w->mask[2] = w->mask[1] + n;
    w->ua = w->block;
    w->ub = w->ua + 2 * n;
    w->pa = w->ub + 2 * n;
    w->pb = w->pa + 2 * n;
    w->scratch = w->pb + 2 * n;
    const hl_camera *camera[2] = {in->camera_a, in->camera_b};
    double f[2][2];
    for (int k = 0; k < 2; k++) {
        hl_camera_focal(camera[k]->model, camera[k]->params, f[k]);
        w->center[k][0] = camera[k]->width / 2.0;
        w->center[k][1] = camera[k]->height / 2.0;
        w->scale = fmax(w->scale, fmax(camera[k]->width, camera[k]->height));
    }
    w->focal = (f[0][0] + f[0][1] + f[1][0] + f[1][1]) / 4;
    for (int32_t i = 0; i < in->count; i++) {
        ray_of(camera[0], in->a + 2 * i, w->ua + 2 * i);
        ray_of(camera[1], in->b + 2 * i, w->ub + 2 * i);
        for (int k = 0; k < 2; k++) {
            w->pa[2 * i + k] = (in->a[2 * i + k] - w->center[0][k]) / w->scale;
            w->pb[2 * i + k] = (in->b[2 * i + k] - w->center[1][k]) / w->scale;
        }
    }
    return HL_OK;
}

/* From the scaled frame back to pixels: b^T M a with p = (pixel - c) / s. */
static void to_pixels(const work *w, const double m[9], bool homography, double out[9])
{
    const double s = w->scale;
    const double ta[9] = {1 / s, 0, -w->center[0][0] / s, 0, 1 / s, -w->center[0][1] / s, 0, 0, 1};
    double left[9], half[9];
    const double back[9] = {s, 0, w->center[1][0], 0, s, w->center[1][1], 0, 0, 1};
    const double tb_t[9] = {1 / s, 0, 0, 0, 1 / s, 0, -w->center[1][0] / s, -w->center[1][1] / s,
                            1};
    memcpy(left, homography ? back : tb_t, sizeof left);
    double norm = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                double sum = 0;
                for (int k = 0; k < 3; k++)
                    sum += pass ? half[3 * i + k] * ta[3 * k + j] : left[3 * i + k] * m[3 * k + j];
                (pass ? out : half)[3 * i + j] = sum;
            }
    for (int i = 0; i < 9; i++)
        norm += out[i] * out[i];
    for (int i = 0; i < 9 && norm > 0; i++)
        out[i] /= sqrt(norm);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Motion from E, and the median angle between the rays of the inliers. */
static void motion_of(work *w, const uint8_t *inlier, hl_two_view *out)
{
    const double origin[3] = {0, 0, 0};
    double eye[3];
    hl_essential_motion(out->e, w->ua, w->ub, inlier, w->in->count, out->r, out->t);
    for (int k = 0; k < 3; k++)
        eye[k] = -(out->r[k] * out->t[0] + out->r[3 + k] * out->t[1] + out->r[6 + k] * out->t[2]);
    int32_t n = 0;
    for (int32_t i = 0; i < w->in->count; i++) {
        double depth[2];
        if (!inlier[i] || !hl_two_view_depths(out->r, out->t, w->ua + 2 * i, w->ub + 2 * i, depth))
            continue;
        const double p[3] = {depth[0] * w->ua[2 * i], depth[0] * w->ua[2 * i + 1], depth[0]};
        const double angle = hl_ray_angle(origin, eye, p);
        w->scratch[n++] = angle > 1.5707963267948966 ? 3.141592653589793 - angle : angle;
    }
    qsort(w->scratch, (size_t)n, sizeof *w->scratch, by_value);
    out->median_angle = n ? w->scratch[n / 2] : 0;
}

/* A model of fewer than min_inliers is thrown away: no more trials than one that has just so many
 * needs, three times over since noise spoils some good draws.  Most pairs of a set have nothing in
 * common and some twenty chance matches; this is where their time would go. */
static int32_t trials_worth(const work *w, int32_t sample_size)
{
    const int32_t most = w->ransac.max_trials > 0 ? w->ransac.max_trials : TRIALS_MOST;
    const int32_t n = w->in->count, least = w->min_inliers < n ? w->min_inliers : n;
    const int64_t worth = 3 * (int64_t)hl_ransac_trials(least, n, sample_size, CONFIDENCE, most);
    return worth < TRIALS_LEAST ? TRIALS_LEAST : worth < most ? (int32_t)worth : most;
}

static hl_status essential(work *w, hl_two_view *out)
{
    hl_point_pairs pairs = {w->in->count, w->ua, w->ub, w->scratch};
    const hl_ransac_model model = hl_model_essential(&pairs);
    hl_ransac_options o = w->ransac;
    hl_ransac_result found;
    o.threshold = w->threshold_px / w->focal;
    o.max_trials = trials_worth(w, model.sample_size);
    HL_TRY(hl_ransac(&found, w->mask[0], w->in->count, &model, &o));
    out->essential_inliers = found.inliers;
    if (found.inliers)
        memcpy(out->e, found.model, sizeof out->e);
    return HL_OK;
}

static hl_status uncalibrated(work *w, hl_two_view *out, bool homography)
{
    hl_point_pairs pairs = {w->in->count, w->pa, w->pb, w->scratch};
    const hl_ransac_model model =
        homography ? hl_model_homography(&pairs) : hl_model_fundamental(&pairs);
    hl_ransac_options o = w->ransac;
    hl_ransac_result found;
    o.threshold = w->threshold_px / w->scale;
    o.max_trials = trials_worth(w, model.sample_size);
    HL_TRY(hl_ransac(&found, w->mask[homography ? 2 : 1], w->in->count, &model, &o));
    *(homography ? &out->homography_inliers : &out->fundamental_inliers) = found.inliers;
    if (found.inliers)
        to_pixels(w, found.model, homography, homography ? out->h : out->f);
    return HL_OK;
}

static bool in_border(const hl_camera *camera, const double *pixel)
{
    const double x = WATERMARK_BORDER * camera->width, y = WATERMARK_BORDER * camera->height;
    return pixel[0] < x || pixel[1] < y || pixel[0] > camera->width - x ||
           pixel[1] > camera->height - y;
}

/* One shift for most inliers, all of them in the border of both pictures. */
static bool is_watermark(const work *w, const uint8_t *inlier)
{
    int32_t n = 0, border = 0, shifted = 0;
    double mean[2] = {0, 0};
    const hl_two_view_input *in = w->in;
    for (int32_t i = 0; i < in->count; i++) {
        if (!inlier[i])
            continue;
        n++;
        if (in_border(in->camera_a, in->a + 2 * i) && in_border(in->camera_b, in->b + 2 * i)) {
            border++;
            mean[0] += in->b[2 * i] - in->a[2 * i];
            mean[1] += in->b[2 * i + 1] - in->a[2 * i + 1];
        }
    }
    if (!n || border < WATERMARK_SHARE * n)
        return false;
    for (int32_t i = 0; i < in->count; i++)
        shifted += inlier[i] &&
                   hypot(in->b[2 * i] - in->a[2 * i] - mean[0] / border,
                         in->b[2 * i + 1] - in->a[2 * i + 1] - mean[1] / border) < w->threshold_px;
    return shifted >= WATERMARK_SHARE * n;
}

static void decide(work *w, hl_two_view *out, uint8_t *inlier)
{
    const bool calibrated = w->in->focal_known && out->essential_inliers >= w->min_inliers &&
                            out->essential_inliers >= CALIBRATED_SHARE * out->fundamental_inliers;
    int32_t best = calibrated ? out->essential_inliers : out->fundamental_inliers;
    const uint8_t *mask = w->mask[calibrated ? 0 : 1];
    out->config = calibrated ? HL_TWO_VIEW_CALIBRATED : HL_TWO_VIEW_UNCALIBRATED;
    const bool flat =
        out->homography_inliers >= w->min_inliers && out->homography_inliers > PLANAR_SHARE * best;
    if (flat) {
        out->config = HL_TWO_VIEW_PLANAR;
        if (out->homography_inliers > best) {
            best = out->homography_inliers;
            mask = w->mask[2];
        }
    }
    out->inlier_count = best;
    memset(inlier, 0, (size_t)w->in->count);
    if (best < w->min_inliers) {
        out->config = HL_TWO_VIEW_DEGENERATE;
        out->inlier_count = 0;
        return;
    }
    memcpy(inlier, mask, (size_t)w->in->count);
    if (out->essential_inliers >= w->min_inliers)
        motion_of(w, w->mask[0], out);
    if (flat && out->essential_inliers >= w->min_inliers && out->median_angle < TURN_ANGLE) {
        out->config = HL_TWO_VIEW_PANORAMIC;
        memset(out->t, 0, sizeof out->t);
    }
    if (is_watermark(w, inlier))
        out->config = HL_TWO_VIEW_WATERMARK;
}

static hl_status check_input(const hl_two_view_input *in)
{
    if (in->count < 0 || (in->count && (!in->a || !in->b)))
        return hl_fail(HL_E_ARG, "two views: %d matches without positions", in->count);
    return HL_OK;
}

hl_status hl_two_view_estimate(hl_two_view *out, uint8_t *inlier, const hl_two_view_input *input,
                               const hl_two_view_options *options)
{
    HL_TRY(check_input(input));
    work w;
    hl_two_view found;
    memset(&found, 0, sizeof found);
    HL_TRY(work_create(&w, input, options));
    hl_status s = uncalibrated(&w, &found, false);
    if (s == HL_OK)
        s = uncalibrated(&w, &found, true);
    /* Under a guessed focal length E says how the photos moved, not whether they go together. */
    if (s == HL_OK && (input->focal_known || found.fundamental_inliers >= w.min_inliers ||
                       found.homography_inliers >= w.min_inliers))
        s = essential(&w, &found);
    if (s == HL_OK) {
        decide(&w, &found, inlier);
        *out = found;
    }
    work_release(&w);
    return s;
}

hl_status hl_two_view_motion(hl_two_view *out, uint8_t *inlier, const hl_two_view_input *input,
                             const hl_two_view_options *options)
{
    HL_TRY(check_input(input));
    work w;
    hl_two_view found;
    memset(&found, 0, sizeof found);
    HL_TRY(work_create(&w, input, options));
    const hl_status s = essential(&w, &found);
    if (s == HL_OK) {
        found.config = HL_TWO_VIEW_DEGENERATE;
        memcpy(inlier, w.mask[0], (size_t)input->count);
        if (found.essential_inliers >= w.min_inliers) {
            found.config = HL_TWO_VIEW_CALIBRATED;
            found.inlier_count = found.essential_inliers;
            motion_of(&w, w.mask[0], &found);
        }
        *out = found;
    }
    work_release(&w);
    return s;
}

const char *hl_two_view_config_name(hl_two_view_config config)
{
    switch (config) {
    case HL_TWO_VIEW_UNDEFINED:
        return "undefined";
    case HL_TWO_VIEW_DEGENERATE:
        return "degenerate";
    case HL_TWO_VIEW_CALIBRATED:
        return "calibrated";
    case HL_TWO_VIEW_UNCALIBRATED:
        return "uncalibrated";
    case HL_TWO_VIEW_PLANAR:
        return "planar";
    case HL_TWO_VIEW_PANORAMIC:
        return "panoramic";
    case HL_TWO_VIEW_WATERMARK:
        return "watermark";
    }
    return "unknown";
}
