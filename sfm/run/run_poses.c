/* SPDX-License-Identifier: MIT */
/* Known poses against verified matches.
 *
 * Files mix up camera-to-world with world-to-camera, and axes of cameras that look along +z with
 * such that look along -z.  Each reading gives every pair a motion, and a motion gives every match
 * an epipolar residual; the right one is the one whose median is small.  (The other mistakes there
 * are, of the axes of the world, turn the whole scene and no residual sees them.) */
#define HL_REAL double
#include "core/camera_model.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/se3.h"
#include "core/vec.h"
#include "sfm/geom/epipolar.h"
#include "sfm/run/run_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    READINGS = 4,        /* bit 0: inverted, bit 1: axes of OpenGL    */
    MATCHES_OF_PAIR = 50 /* at most, evenly spaced; enough for a median */
};
static const double far_better = 0.5; /* residual of another reading over that of the given one  */
static const double poor_px = 8;      /* a median above is no agreement: twice the matches' bound */

static const char *const reading_names[READINGS] = {
    "as they are", "the other way round (camera-to-world for world-to-camera)",
    "with the axes of OpenGL (y up, looking along -z)",
    "the other way round and with the axes of OpenGL"};

void hl_run_read_pose(const hl_pose *given, int reading, hl_pose *out)
{
    double r[9], t[3];
    hl_rotation(given->q, r);
    memcpy(t, given->t, sizeof t);
    if (reading & 1) {
        double inverse[9], eye[3];
        hl_se3_inverse(r, t, inverse, eye);
        memcpy(r, inverse, sizeof r);
        memcpy(t, eye, sizeof t);
    }
    for (int i = 1; (reading & 2) && i < 3; i++) {
        for (int k = 0; k < 3; k++)
            r[3 * i + k] = -r[3 * i + k];
        t[i] = -t[i];
    }
    hl_quat_from_rotation(r, out->q);
    memcpy(out->t, t, sizeof t);
}

/* E of a pair by two poses; false where the eyes coincide. */
static bool motion_of(const hl_pose *a, const hl_pose *b, double e[9])
{
    double ra[9], rb[9], inverse[9], eye[3], r[9], t[3];
    hl_rotation(a->q, ra);
    hl_rotation(b->q, rb);
    hl_se3_inverse(ra, a->t, inverse, eye);
    hl_se3_compose(rb, b->t, inverse, eye, r, t);
    if (!(hl_length3(t) > 1e-12))
        return false;
    hl_essential_from_motion(r, t, e);
    return true;
}

/* Residuals of a pair, pixels, one column for each reading.  Returns how many rows were filled. */
static int32_t residuals(const hl_run *run, const hl_run_pair *pair, double *out)
{
    const hl_view *va = &run->views->views[pair->image_a], *vb = &run->views->views[pair->image_b];
    const hl_camera *ca = &run->cameras[va->camera], *cb = &run->cameras[vb->camera];
    const int32_t step = pair->count / MATCHES_OF_PAIR + 1;
    double e[READINGS][9], f[2];
    int32_t rows = 0;
    hl_camera_focal(cb->model, cb->params, f);
    for (int k = 0; k < READINGS; k++) {
        hl_pose a, b;
        hl_run_read_pose(&va->camera_from_world, k, &a);
        hl_run_read_pose(&vb->camera_from_world, k, &b);
        if (!motion_of(&a, &b, e[k]))
            return 0;
    }
    for (int32_t i = 0; i < pair->count; i += step) {
        const hl_keypoint *ka = &run->features[pair->image_a].keypoints[pair->match[2 * i]];
        const hl_keypoint *kb = &run->features[pair->image_b].keypoints[pair->match[2 * i + 1]];
        const double pa[2] = {(double)ka->x, (double)ka->y}, pb[2] = {(double)kb->x, (double)kb->y};
        double xa[2], xb[2];
        if (!hl_camera_undistort(ca->model, ca->params, pa, xa) ||
            !hl_camera_undistort(cb->model, cb->params, pb, xb))
            continue;
        for (int k = 0; k < READINGS; k++)
            out[READINGS * rows + k] = sqrt(hl_sampson(e[k], xa, xb)) * f[0];
        rows++;
    }
    return rows;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void medians(const double *table, int32_t rows, double *column, double median[READINGS])
{
    for (int k = 0; k < READINGS; k++) {
        for (int32_t i = 0; i < rows; i++)
            column[i] = table[READINGS * (size_t)i + (size_t)k];
        qsort(column, (size_t)rows, sizeof *column, ascending);
        median[k] = column[rows / 2];
    }
}

static void judge(hl_run *run, const double median[READINGS])
{
    int best = 0;
    for (int k = 1; k < READINGS; k++)
        if (median[k] < far_better * median[best])
            best = k;
    run->pose_reading = best;
    if (median[best] > poor_px)
        hl_log(HL_LOG_WARN,
               "poses: they disagree with the matches however they are read: median epipolar "
               "residual %.1f px, inverted %.1f px",
               median[0], median[1]);
    else if (best > 0)
        hl_log(HL_LOG_WARN,
               "poses: taken %s: median epipolar residual %.2f px, as they are %.1f px",
               reading_names[best], median[best], median[0]);
    else
        hl_log(HL_LOG_INFO,
               "poses: they fit the matches: median epipolar residual %.2f px, "
               "inverted %.1f px",
               median[0], median[1]);
}

hl_status hl_run_judge_poses(hl_run *run)
{
    int32_t pairs = 0, rows = 0;
    for (int32_t p = 0; p < run->pair_count; p++)
        pairs += run->pairs[p].count > 0;
    const size_t most = (size_t)pairs * (MATCHES_OF_PAIR + 1);
    double *table = hl_alloc(most, READINGS * sizeof *table);
    double *column = hl_alloc(most, sizeof *column), median[READINGS];
    const hl_status status = table && column ? HL_OK : HL_E_MEMORY;
    for (int32_t p = 0; status == HL_OK && p < run->pair_count; p++)
        if (run->pairs[p].count > 0 && run->pairs[p].view.config != HL_TWO_VIEW_PANORAMIC)
            rows += residuals(run, &run->pairs[p], table + READINGS * (size_t)rows);
    if (rows > 0) {
        medians(table, rows, column, median);
        judge(run, median);
    }
    hl_free(table);
    hl_free(column);
    return status;
}
