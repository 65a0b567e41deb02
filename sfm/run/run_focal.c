/* SPDX-License-Identifier: MIT */
/* One focal length from many fundamental matrices.
 *
 * E = K^T F K has two equal singular values if K is right (Huang and Faugeras 1989): each pair
 * votes for the focal lengths at which its two are close.  A sum of bounded penalties over a
 * logarithmic grid, then golden section around its least cell: pairs that are wrong or degenerate
 * cannot outvote the others.  (Mendonca and Cipolla 1999 minimise the same quotient.) */
#define HL_REAL double
#include "core/camera_model.h"
#include "core/memory.h"
#include "core/vec.h"
#include "sfm/global.h"
#include "sfm/run/run_state.h"

#include <math.h>

enum { CELLS = 160, GOLDEN_STEPS = 40, PAIRS_LEAST = 1, WEIGHT_MOST = 1000 };
#define FOCAL_LOW   0.35 /* of the longer side: 110 degrees */
#define FOCAL_HIGH  4.0  /* 14 degrees                      */
#define VOTE_WIDTH  0.08 /* of the difference of singular values that still counts */
#define VOTE_MARGIN 0.15 /* a winner's penalty is so much below the worst          */

/* (s1 - s2) / (s1 + s2) of K^T F K; s1 >= s2 are its singular values but the least. */
static double imbalance(const double f[9], const double c[2], double focal)
{
    const double k[9] = {focal, 0, c[0], 0, focal, c[1], 0, 0, 1};
    double fk[9], e[9];
    hl_matmul3(f, k, fk);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            e[3 * i + j] = k[i] * fk[j] + k[3 + i] * fk[3 + j] + k[6 + i] * fk[6 + j];
    /* With rank two: s1^2 + s2^2 = |E|^2, s1 s2 = |cofactors of E|. */
    double sum = 0, cofactors = 0;
    for (int i = 0; i < 9; i++)
        sum += e[i] * e[i];
    for (int i = 0; i < 3; i++) {
        const double *a = e + 3 * i, *b = e + 3 * ((i + 1) % 3);
        double cross[3];
        hl_cross3(a, b, cross);
        cofactors += hl_dot3(cross, cross);
    }
    const double product = sqrt(cofactors), minus = sqrt(fmax(sum - 2 * product, 0));
    const double plus = sqrt(sum + 2 * product);
    return plus > 0 ? minus / plus : 1;
}

static double penalty(const double *f, const double *weight, int32_t count, const double c[2],
                      double focal)
{
    double sum = 0;
    for (int32_t i = 0; i < count; i++) {
        const double e = imbalance(f + 9 * (size_t)i, c, focal) / VOTE_WIDTH;
        sum += weight[i] * fmin(e * e, 1);
    }
    return sum;
}

double hl_vote_focal(const double *f, const double *weight, int32_t count, const double c[2],
                     double lo, double hi)
{
    const double ratio = pow(hi / lo, 1.0 / (CELLS - 1));
    double best = HUGE_VAL, worst = 0, at = lo, focal = lo;
    for (int32_t k = 0; k < CELLS; k++, focal *= ratio) {
        const double value = penalty(f, weight, count, c, focal);
        worst = fmax(worst, value);
        if (value < best) {
            best = value;
            at = focal;
        }
    }
    /* A least penalty at the end of the range goes on falling beyond it. */
    if (!(best < (1 - VOTE_MARGIN) * worst) || at < lo * ratio || at * ratio * ratio > hi)
        return 0;
    const double golden = 0.6180339887498949;
    double a = at / ratio, b = at * ratio;
    for (int32_t k = 0; k < GOLDEN_STEPS; k++) {
        const double x = b - golden * (b - a), y = a + golden * (b - a);
        if (penalty(f, weight, count, c, x) < penalty(f, weight, count, c, y))
            b = y;
        else
            a = x;
    }
    return (a + b) / 2;
}

/* Pairs of one camera with itself: its F and the number of inliers, at most a thousand. */
static int32_t gather(const hl_run *run, int32_t camera, double *f, double *weight)
{
    int32_t n = 0;
    for (int32_t p = 0; p < run->pair_count; p++) {
        const hl_run_pair *pair = &run->pairs[p];
        if (pair->view.config != HL_TWO_VIEW_UNCALIBRATED ||
            run->views->views[pair->image_a].camera != camera ||
            run->views->views[pair->image_b].camera != camera)
            continue;
        for (int k = 0; k < 9; k++)
            f[9 * n + k] = pair->view.f[k];
        weight[n++] = pair->count < WEIGHT_MOST ? pair->count : WEIGHT_MOST;
    }
    return n;
}

static void set_focal(hl_run *run, int32_t c, double focal)
{
    hl_camera *camera = &run->cameras[c];
    camera->params[0] = focal;
    if (!hl_camera_single_focal(camera->model))
        camera->params[1] = focal;
    run->focal_guessed[c] = false;
    if (c == 0)
        run->focal_px = focal;
}

static double longer_side(const hl_camera *camera)
{
    return camera->width > camera->height ? camera->width : camera->height;
}

/* Pairs of a camera with itself. */
static hl_status vote(hl_run *run)
{
    double *f = hl_alloc((size_t)run->pair_count, 9 * sizeof *f);
    double *weight = hl_alloc((size_t)run->pair_count, sizeof *weight);
    const hl_status status = f && weight ? HL_OK : HL_E_MEMORY;
    for (int32_t c = 0; status == HL_OK && c < run->views->camera_count; c++) {
        const hl_camera *camera = &run->cameras[c];
        const double side = longer_side(camera);
        double center[2];
        hl_camera_center(camera->model, camera->params, center);
        const int32_t n = gather(run, c, f, weight);
        const double focal = n >= PAIRS_LEAST ? hl_vote_focal(f, weight, n, center,
                                                              FOCAL_LOW * side, FOCAL_HIGH * side)
                                              : 0;
        if (focal > 0)
            set_focal(run, c, focal);
    }
    hl_free(f);
    hl_free(weight);
    return status;
}

/* Pairs of different cameras, for those that are still guessed. */
static hl_status calibrate_graph(hl_run *run)
{
    const int32_t cameras = run->views->camera_count;
    hl_focal_camera *focal = hl_alloc((size_t)cameras, sizeof *focal);
    hl_focal_pair *pairs = hl_alloc((size_t)run->pair_count, sizeof *pairs);
    hl_status status = focal && pairs ? HL_OK : HL_E_MEMORY;
    int32_t n = 0;
    for (int32_t p = 0; status == HL_OK && p < run->pair_count; p++) {
        const hl_run_pair *pair = &run->pairs[p];
        const int32_t a = run->views->views[pair->image_a].camera;
        const int32_t b = run->views->views[pair->image_b].camera;
        if (pair->view.config != HL_TWO_VIEW_UNCALIBRATED || a == b)
            continue;
        pairs[n] = (hl_focal_pair){.camera_a = a, .camera_b = b};
        pairs[n].weight = pair->count < WEIGHT_MOST ? pair->count : WEIGHT_MOST;
        for (int k = 0; k < 9; k++)
            pairs[n].f[k] = pair->view.f[k];
        n++;
    }
    for (int32_t c = 0; status == HL_OK && c < cameras; c++) {
        const hl_camera *camera = &run->cameras[c];
        const double side = longer_side(camera);
        double f[2];
        hl_camera_focal(camera->model, camera->params, f);
        hl_camera_center(camera->model, camera->params, focal[c].center);
        focal[c].focal = (f[0] + f[1]) / 2;
        focal[c].low = FOCAL_LOW * side;
        focal[c].high = FOCAL_HIGH * side;
        focal[c].fixed = !run->focal_guessed[c];
    }
    if (status == HL_OK && n > 0)
        status = hl_view_graph_focals(focal, cameras, pairs, n);
    for (int32_t c = 0; status == HL_OK && n > 0 && c < cameras; c++)
        if (!focal[c].fixed && focal[c].found)
            set_focal(run, c, focal[c].focal);
    hl_free(focal);
    hl_free(pairs);
    return status;
}

hl_status hl_run_vote_focal(hl_run *run)
{
    bool guessed = false;
    HL_TRY(vote(run));
    for (int32_t c = 0; c < run->views->camera_count; c++)
        guessed = guessed || run->focal_guessed[c];
    return guessed ? calibrate_graph(run) : HL_OK;
}
