/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/sfm.h"

#include "core/camera_model.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/timer.h"
#include "core/vec.h"
#include "sfm/run/run_state.h"

#include <math.h>
#include <string.h>

#define DEGREES (180 / 3.14159265358979323846)

enum { LOOKS = 3 };

/* Standard deviation of a keypoint: a fraction of its scale, not below half a pixel (sfm.md 3.7).
 */
#define SIGMA_OF_SCALE 0.3f
#define SIGMA_LEAST    0.5f
#define RADIAL_SIGMA   0.1  /* prior on radial distortion, around 0     */
#define DECENTER_SIGMA 0.01 /* on tangential and thin prism distortion */

const char *hl_map_reason_name(hl_map_reason reason)
{
    switch (reason) {
    case HL_MAP_REGISTERED:
        return "registered";
    case HL_MAP_OTHER_MODEL:
        return "in another model";
    case HL_MAP_NO_KEYPOINTS:
        return "too few features";
    case HL_MAP_NO_PAIR:
        return "no verified pair";
    case HL_MAP_NO_POINTS:
        return "its matches meet no point of a model";
    case HL_MAP_FLAT:
        return "its pairs show no depth: one plane, a turn on the spot, or the same photo";
    case HL_MAP_FEW_INLIERS:
        return "too few points agree with its best pose";
    default:
        return "no pair of its group can start a model";
    }
}

const char *hl_map_method_name(hl_map_method method)
{
    return method == HL_MAPPER_GLOBAL ? "global"
                                      : (method == HL_MAPPER_INCREMENTAL ? "incremental" : "auto");
}

/* The camera to estimate: the wanted model with the focal length and centre of the guess. */
static hl_camera start_camera(const hl_camera *guess, hl_camera_model model)
{
    hl_camera camera = {
        .id = guess->id, .model = model, .width = guess->width, .height = guess->height};
    double f[2], c[2];
    hl_camera_focal(guess->model, guess->params, f);
    hl_camera_center(guess->model, guess->params, c);
    const int single = hl_camera_single_focal(model);
    camera.params[0] = single ? (f[0] + f[1]) / 2 : f[0];
    if (!single)
        camera.params[1] = f[1];
    camera.params[single ? 1 : 2] = c[0];
    camera.params[single ? 2 : 3] = c[1];
    return camera;
}

static hl_status start_cameras(hl_run *run)
{
    const hl_views *views = run->views;
    const size_t n = (size_t)views->camera_count;
    run->cameras = hl_alloc(n, sizeof *run->cameras);
    run->camera_free = hl_alloc(n, sizeof *run->camera_free);
    run->prior = hl_alloc(n, sizeof *run->prior);
    run->focal_guessed = hl_alloc(n, sizeof *run->focal_guessed);
    if (!run->cameras || !run->camera_free || !run->prior || !run->focal_guessed)
        return HL_E_MEMORY;
    for (int32_t c = 0; c < views->camera_count; c++) {
        run->cameras[c] = views->cameras[c];
        run->focal_guessed[c] = !run->o->intrinsics_known && !run->o->focal_known;
        if (run->o->intrinsics_known)
            continue;
        const hl_camera_model model = run->o->set_model ? run->o->model : HL_CAMERA_SIMPLE_RADIAL;
        if (model != views->cameras[c].model)
            run->cameras[c] = start_camera(&views->cameras[c], model);
        const int single = hl_camera_single_focal(model), head = single ? 3 : 4;
        run->camera_free[c] = single ? 1u : 3u;
        for (int k = head; k < hl_camera_param_count(model); k++) {
            const bool tangential =
                k >= 6 && (model == HL_CAMERA_OPENCV || model == HL_CAMERA_FULL_OPENCV ||
                           model == HL_CAMERA_THIN_PRISM_FISHEYE);
            run->camera_free[c] |= 1u << k;
            run->prior[c].sigma[k] = tangential ? DECENTER_SIGMA : RADIAL_SIGMA;
        }
    }
    return HL_OK;
}

static hl_status extract(hl_run *run)
{
    const int32_t n = run->views->view_count;
    run->features = hl_alloc((size_t)n, sizeof *run->features);
    if (!run->features)
        return HL_E_MEMORY;
    if (run->o->cache)
        HL_TRY(hl_file_make_folder(run->o->cache));
    if (run->o->database)
        return hl_run_import(run);
    for (int32_t i = 0; i < n; i++) {
        const hl_view *view = &run->views->views[i];
        hl_feature_options o = run->o->features;
        o.invert_mask = run->views->mask_inverted;
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "sfm: interrupted after %d photos", i);
        HL_TRY(hl_features_from_file(&run->features[i], view->image_path, view->mask_path, &o,
                                     run->o->cache));
        hl_log_progress(&(hl_progress){.stage = "features",
                                       .done = i + 1,
                                       .total = n,
                                       .loss = (double)NAN,
                                       .splats = -1,
                                       .next_save = -1});
    }
    return HL_OK;
}

/* Keypoints and pairs as the mapper wants them, in the arena. */
static hl_status map_input(const hl_run *run, hl_arena *arena, hl_map_input *in)
{
    const int32_t n = run->views->view_count;
    hl_map_image *images = hl_arena_alloc(arena, (size_t)n, sizeof *images);
    hl_map_pair *pairs = hl_arena_alloc(arena, (size_t)run->pair_count, sizeof *pairs);
    hl_pose *poses = hl_arena_alloc(arena, (size_t)n, sizeof *poses);
    if (!images || !pairs || !poses)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < n; i++) {
        const hl_features *f = &run->features[i];
        float *xy = hl_arena_alloc(arena, (size_t)f->count, 2 * sizeof *xy);
        float *sigma = hl_arena_alloc(arena, (size_t)f->count, sizeof *sigma);
        if (!xy || !sigma)
            return HL_E_MEMORY;
        for (int32_t k = 0; k < f->count; k++) {
            xy[2 * k] = f->keypoints[k].x;
            xy[2 * k + 1] = f->keypoints[k].y;
            sigma[k] = fmaxf(SIGMA_LEAST, SIGMA_OF_SCALE * f->keypoints[k].scale);
        }
        images[i] = (hl_map_image){run->views->views[i].camera, f->count, xy, sigma};
        poses[i] = run->views->views[i].camera_from_world;
        if (run->pose_reading)
            hl_run_read_pose(&run->views->views[i].camera_from_world, run->pose_reading, &poses[i]);
    }
    int32_t used = 0;
    for (int32_t p = 0; p < run->pair_count; p++) {
        const hl_run_pair *pair = &run->pairs[p];
        if (pair->count == 0)
            continue;
        hl_map_pair *out = &pairs[used++];
        *out = (hl_map_pair){.image_a = pair->image_a,
                             .image_b = pair->image_b,
                             .count = pair->count,
                             .match = pair->match};
        out->has_pose = hl_length3(pair->view.t) > 0.5;
        hl_quat_from_rotation(pair->view.r, out->b_from_a.q);
        memcpy(out->b_from_a.t, pair->view.t, sizeof pair->view.t);
        out->angle_deg = pair->view.median_angle * DEGREES;
        out->flat =
            pair->view.config == HL_TWO_VIEW_PLANAR || pair->view.config == HL_TWO_VIEW_PANORAMIC;
    }
    *in = (hl_map_input){.image_count = n,
                         .camera_count = run->views->camera_count,
                         .pair_count = used,
                         .images = images,
                         .cameras = run->cameras,
                         .camera_free = run->camera_free,
                         .camera_prior = run->prior,
                         .focal_guessed = run->focal_guessed,
                         .pairs = pairs,
                         .known_poses = run->o->known_poses ? poses : NULL};
    return HL_OK;
}

static hl_status map(const hl_run *run, hl_mapping *mapping)
{
    hl_arena arena;
    hl_map_input in;
    hl_map_options o = run->o->map;
    o.seed = run->o->seed;
    hl_arena_init(&arena, 0, 0);
    hl_status status = map_input(run, &arena, &in);
    if (status == HL_OK)
        status = hl_mapper_run(mapping, &in, &o);
    hl_arena_release(&arena);
    return status;
}

/* Maps; while photos are left over and a closer look at their pairs finds more matches, maps anew.
 */
static hl_status map_all(hl_run *run, hl_mapping *mapping)
{
    HL_TRY(map(run, mapping));
    for (int round = 0; round < LOOKS && !run->o->known_poses && !run->given_pairs; round++) {
        int32_t gained;
        hl_mapping again = {0};
        HL_TRY(hl_run_look_again(run, mapping, &gained));
        if (gained == 0)
            return HL_OK;
        HL_TRY(map(run, &again));
        const bool better =
            again.model_count > 0 && again.models[0].registered > mapping->models[0].registered;
        hl_mapping_release(better ? mapping : &again);
        if (!better)
            return HL_OK;
        *mapping = again;
    }
    return HL_OK;
}

/* Adds the colour of every sight of one photo to the sums (points, 3) of a model. */
static void add_colors(const hl_map_model *m, int32_t view, const hl_features *f,
                       const hl_image8 *image, double *sums)
{
    for (int32_t p = 0; p < m->point_count; p++)
        for (int64_t k = m->track_start[p]; k < m->track_start[p + 1]; k++) {
            if (m->tracks[k].image != view)
                continue;
            const hl_keypoint *kp = &f->keypoints[m->tracks[k].keypoint];
            int32_t x = (int32_t)kp->x, y = (int32_t)kp->y;
            x = x < 0 ? 0 : (x >= image->width ? image->width - 1 : x);
            y = y < 0 ? 0 : (y >= image->height ? image->height - 1 : y);
            const uint8_t *px = image->data + ((size_t)y * (size_t)image->width + (size_t)x) *
                                                  (size_t)image->channels;
            for (int c = 0; c < 3; c++)
                sums[3 * (size_t)p + (size_t)c] += px[image->channels >= 3 ? c : 0];
        }
}

static hl_status color_model(const hl_run *run, const hl_map_model *m, uint8_t *colors)
{
    const size_t n = (size_t)m->point_count;
    double *sums = hl_alloc(n, 3 * sizeof *sums);
    if (!sums)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < run->views->view_count; i++) {
        hl_image8 image = {0};
        if (!m->has_pose[i])
            continue;
        const hl_status s = hl_image8_load(&image, run->views->views[i].image_path, 0);
        if (s != HL_OK) {
            hl_free(sums);
            return s;
        }
        add_colors(m, i, &run->features[i], &image, sums);
        hl_image8_release(&image);
    }
    for (size_t p = 0; p < n; p++)
        for (size_t c = 0; c < 3; c++)
            colors[3 * p + c] = (uint8_t)lround(
                sums[3 * p + c] / (double)(m->track_start[p + 1] - m->track_start[p]));
    hl_free(sums);
    return HL_OK;
}

static hl_status fill_result(const hl_run *run, hl_sfm_result *r)
{
    r->image_count = run->views->view_count;
    r->camera_count = run->views->camera_count;
    r->pair_count = run->pair_count;
    r->focal_px = run->focal_px;
    r->pairs = hl_arena_alloc(&r->arena, (size_t)run->pair_count, sizeof *r->pairs);
    r->colors = hl_arena_alloc(&r->arena, (size_t)r->mapping.model_count, sizeof *r->colors);
    if (!r->pairs || !r->colors)
        return HL_E_MEMORY;
    for (int32_t p = 0; p < run->pair_count; p++) {
        const hl_run_pair *pair = &run->pairs[p];
        r->pairs[p] =
            (hl_sfm_pair){pair->image_a, pair->image_b,     pair->matched,
                          pair->count,   pair->view.config, pair->view.median_angle * DEGREES};
    }
    for (int32_t k = 0; k < r->mapping.model_count; k++) {
        const hl_map_model *m = &r->mapping.models[k];
        r->colors[k] = hl_arena_alloc(&r->arena, (size_t)m->point_count, 3);
        if (!r->colors[k])
            return HL_E_MEMORY;
        HL_TRY(color_model(run, m, r->colors[k]));
    }
    return HL_OK;
}

static void drop_descriptors(hl_run *run)
{
    for (int32_t i = 0; i < run->views->view_count; i++) {
        hl_free(run->features[i].descriptors);
        run->features[i].descriptors = NULL;
    }
}

static hl_status stages(hl_run *run, hl_sfm_result *r)
{
    double then = hl_cpu_seconds(), now;
    HL_TRY(start_cameras(run));
    HL_TRY(extract(run));
    now = hl_cpu_seconds();
    r->cpu_seconds[HL_SFM_FEATURES] = now - then;
    then = now;
    HL_TRY(hl_run_match(run));
    if (run->o->database_out)
        HL_TRY(hl_run_export(run));
    if (!run->o->intrinsics_known && !run->o->focal_known)
        HL_TRY(hl_run_vote_focal(run));
    if (!run->o->intrinsics_known)
        HL_TRY(hl_run_motions(run));
    if (run->o->known_poses)
        HL_TRY(hl_run_judge_poses(run));
    now = hl_cpu_seconds();
    r->cpu_seconds[HL_SFM_MATCH] = now - then;
    then = now;
    HL_TRY(map_all(run, &r->mapping));
    drop_descriptors(run);
    HL_TRY(fill_result(run, r));
    r->cpu_seconds[HL_SFM_MAP] = hl_cpu_seconds() - then;
    return HL_OK;
}

static void release_features(hl_features *features, int32_t count)
{
    for (int32_t i = 0; features && i < count; i++)
        hl_features_release(&features[i]);
    hl_free(features);
}

hl_status hl_sfm_run(hl_sfm_result *result, const hl_views *views, const hl_sfm_options *options)
{
    const hl_sfm_options defaults = {0};
    hl_run run = {.views = views, .o = options ? options : &defaults};
    hl_sfm_result r = {0};
    if (views->view_count < 2)
        return hl_fail(HL_E_ARG, "%s: photos: %d; structure from motion needs two or more",
                       views->path ? views->path : "views", views->view_count);
    hl_arena_init(&r.arena, 0, 0);
    const hl_status status = stages(&run, &r);
    for (int32_t p = 0; p < run.pair_count; p++) {
        hl_free(run.pairs[p].all);
        hl_free(run.pairs[p].inlier);
        hl_free(run.pairs[p].match);
    }
    hl_free(run.pairs);
    hl_free(run.keys);
    hl_free(run.cameras);
    hl_free(run.camera_free);
    hl_free(run.prior);
    hl_free(run.focal_guessed);
    if (status != HL_OK) {
        release_features(run.features, views->view_count);
        hl_mapping_release(&r.mapping);
        hl_arena_release(&r.arena);
        return status;
    }
    r.features = run.features;
    *result = r;
    return HL_OK;
}

void hl_sfm_result_release(hl_sfm_result *result)
{
    release_features(result->features, result->image_count);
    hl_mapping_release(&result->mapping);
    hl_arena_release(&result->arena);
    *result = (hl_sfm_result){0};
}
