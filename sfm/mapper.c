/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/mapper.h"

#include "core/memory.h"
#include "sfm/global/global_start.h"
#include "sfm/map/map_adjust.h"
#include "sfm/map/map_choose.h"
#include "sfm/map/map_grow.h"
#include "sfm/map/map_register.h"
#include "sfm/map/map_scene.h"
#include "sfm/map/map_start.h"
#include "sfm/map/map_triangulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MODELS_MOST = 50 };

static hl_status copy_points(const hl_map_scene *s, hl_arena *arena, hl_map_model *m)
{
    const size_t n = (size_t)s->live_points;
    m->points = hl_arena_alloc(arena, n, 3 * sizeof *m->points);
    m->errors = hl_arena_alloc(arena, n, sizeof *m->errors);
    m->track_start = hl_arena_alloc(arena, n + 1, sizeof *m->track_start);
    m->tracks = hl_arena_alloc(arena, (size_t)s->sight_count, sizeof *m->tracks);
    if (!m->points || !m->errors || !m->track_start || !m->tracks)
        return HL_E_MEMORY;
    int64_t sights = 0;
    double total = 0;
    for (int32_t p = 0; p < s->point_count; p++) {
        if (s->points[p].head == HL_MAP_NONE)
            continue;
        const int32_t k = m->point_count++;
        double sum = 0;
        for (int32_t f = s->points[p].head; f != HL_MAP_NONE; f = s->next[f]) {
            const int32_t image = s->graph.image_of[f];
            const double e = sqrt(hl_map_error2(s, f, s->points[p].x));
            m->tracks[sights++] = (hl_map_sight){image, hl_track_keypoint(&s->graph, f)};
            s->fates[image].sights++;
            s->fates[image].error_px += e;
            sum += e;
        }
        memcpy(m->points + 3 * (size_t)k, s->points[p].x, sizeof s->points[p].x);
        m->errors[k] = sum / s->points[p].length;
        m->track_start[k + 1] = sights;
        total += sum;
    }
    m->error_px = sights > 0 ? total / (double)sights : 0;
    return HL_OK;
}

/* The scene as a further model of the mapping; its photos are done. */
static hl_status take_model(hl_map_scene *s, hl_mapping *mapping, const bool *freed)
{
    const size_t n = (size_t)s->in->image_count, c = (size_t)s->in->camera_count;
    hl_map_model *m = &mapping->models[mapping->model_count];
    *m = (hl_map_model){.registered = s->registered_count};
    m->has_pose = hl_arena_alloc(&mapping->arena, n, sizeof *m->has_pose);
    m->poses = hl_arena_alloc(&mapping->arena, n, sizeof *m->poses);
    m->cameras = hl_arena_alloc(&mapping->arena, c, sizeof *m->cameras);
    m->center_freed = hl_arena_alloc(&mapping->arena, c, sizeof *m->center_freed);
    if (!m->has_pose || !m->poses || !m->cameras || !m->center_freed)
        return HL_E_MEMORY;
    memcpy(m->cameras, s->cameras, c * sizeof *m->cameras);
    memcpy(m->center_freed, freed, c * sizeof *m->center_freed);
    for (int32_t k = 0; k < s->registered_count; k++) {
        const int32_t image = s->order[k];
        m->has_pose[image] = true;
        m->poses[image] = s->poses[image];
        s->done[image] = true;
        s->fates[image].model = mapping->model_count;
        s->fates[image].sights = 0;
        s->fates[image].error_px = 0;
    }
    HL_TRY(copy_points(s, &mapping->arena, m));
    for (int32_t k = 0; k < s->registered_count; k++) {
        hl_map_fate *fate = &s->fates[s->order[k]];
        if (fate->sights > 0)
            fate->error_px /= fate->sights;
    }
    mapping->model_count++;
    return HL_OK;
}

/* The first model of the global mapper, or one of two photos. */
static hl_status start_model(hl_map_scene *s, hl_mapping *mapping, bool first, bool *used,
                             bool *started)
{
    if (first && s->o.method == HL_MAPPER_GLOBAL) {
        HL_TRY(hl_global_start(s, started));
        if (*started)
            return HL_OK;
        mapping->method = HL_MAPPER_INCREMENTAL;
        mapping->note = "the global mapper found no model to start from: photos were added one by "
                        "one";
    }
    return hl_map_start(s, used, started);
}

static hl_status run_models(hl_map_scene *s, hl_mapping *mapping, bool *used, bool *freed)
{
    for (int attempt = 0; attempt < MODELS_MOST; attempt++) {
        bool started;
        HL_TRY(start_model(s, mapping, attempt == 0, used, &started));
        if (!started)
            return HL_OK;
        HL_TRY(hl_map_grow(s));
        /* A pair alone is a model only where nothing better was found. */
        if (s->registered_count < s->o.min_model && s->in->image_count > 2)
            continue;
        HL_TRY(hl_map_finish(s, freed));
        if (s->registered_count < 2 || s->live_points == 0)
            continue;
        HL_TRY(take_model(s, mapping, freed));
        bool left = false;
        for (int32_t i = 0; i < s->in->image_count; i++)
            left = left || (!s->done[i] && s->fates[i].pairs > 0);
        if (!left)
            return HL_OK;
    }
    return HL_OK;
}

/* Known poses: points alone, then at most the poses' last digits. */
static hl_status run_known(hl_map_scene *s, hl_mapping *mapping, bool *freed)
{
    for (int32_t i = 0; i < s->in->image_count; i++)
        hl_map_register(s, i, &s->in->known_poses[i]);
    for (int32_t i = 0; i < s->in->image_count; i++)
        if (hl_map_triangulate_image(s, i) < 0)
            return HL_E_MEMORY;
    for (int round = 0; round < 3 && s->live_points > 0; round++) {
        const hl_map_adjustment how = {.around = -1, .poses_fixed = !s->o.refine_poses};
        HL_TRY(hl_map_adjust(s, &how, NULL));
        hl_map_merge_tracks(s);
        hl_map_complete_tracks(s);
        hl_map_filter(s, s->o.max_error_px);
    }
    return take_model(s, mapping, freed);
}

static void count_pairs(hl_map_scene *s)
{
    for (int32_t i = 0; i < s->in->image_count; i++)
        s->fates[i].model = -1;
    for (int32_t p = 0; p < s->in->pair_count; p++) {
        const hl_map_pair *pair = &s->in->pairs[p];
        hl_map_fate *const both[2] = {&s->fates[pair->image_a], &s->fates[pair->image_b]};
        for (int k = 0; k < 2; k++) {
            both[k]->pairs++;
            both[k]->flat += pair->flat;
            if (pair->count > both[k]->best_pair)
                both[k]->best_pair = pair->count;
        }
    }
}

/* Largest model first; equal ones in the order of making. */
static void sort_models(hl_mapping *mapping, hl_map_fate *fates, int32_t image_count)
{
    for (int32_t i = 1; i < mapping->model_count; i++)
        for (int32_t k = i;
             k > 0 && mapping->models[k].registered > mapping->models[k - 1].registered; k--) {
            const hl_map_model swap = mapping->models[k];
            mapping->models[k] = mapping->models[k - 1];
            mapping->models[k - 1] = swap;
        }
    for (int32_t m = 0; m < mapping->model_count; m++)
        for (int32_t i = 0; i < image_count; i++)
            if (mapping->models[m].has_pose[i])
                fates[i].model = m;
}

static hl_map_reason reason_of(const hl_map_scene *s, const hl_mapping *mapping, int32_t image)
{
    const hl_map_fate *fate = &s->fates[image];
    if (fate->model >= 0)
        return fate->model == 0 ? HL_MAP_REGISTERED : HL_MAP_OTHER_MODEL;
    if (s->in->images[image].keypoint_count < HL_MAP_FEW_KEYPOINTS)
        return HL_MAP_NO_KEYPOINTS;
    if (fate->pairs == 0)
        return HL_MAP_NO_PAIR;
    if (mapping->model_count == 0) /* what it saw was of models that came to nothing */
        return fate->flat == fate->pairs ? HL_MAP_FLAT : HL_MAP_NO_START;
    return fate->visible > 0 ? HL_MAP_FEW_INLIERS : HL_MAP_NO_POINTS;
}

static hl_status run(hl_map_scene *s, hl_mapping *mapping)
{
    bool *used = hl_alloc((size_t)s->in->pair_count, sizeof *used);
    bool *freed = hl_alloc((size_t)s->in->camera_count, sizeof *freed);
    mapping->models = hl_arena_alloc(&mapping->arena, MODELS_MOST, sizeof *mapping->models);
    mapping->fates =
        hl_arena_alloc(&mapping->arena, (size_t)s->in->image_count, sizeof *mapping->fates);
    hl_status status = used && freed && mapping->models && mapping->fates ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK) {
        count_pairs(s);
        status =
            s->in->known_poses ? run_known(s, mapping, freed) : run_models(s, mapping, used, freed);
    }
    hl_free(used);
    hl_free(freed);
    HL_TRY(status);
    sort_models(mapping, s->fates, s->in->image_count);
    for (int32_t i = 0; i < s->in->image_count; i++) {
        s->fates[i].reason = reason_of(s, mapping, i);
        mapping->fates[i] = s->fates[i];
    }
    return HL_OK;
}

static hl_status run_method(hl_mapping *mapping, const hl_map_input *input,
                            const hl_map_options *options, hl_map_method method)
{
    hl_mapping m = {.method = method};
    hl_map_scene s;
    HL_TRY(hl_map_scene_create(&s, input, options));
    s.o.method = method;
    hl_arena_init(&m.arena, 0, 0);
    const hl_status status = run(&s, &m);
    hl_map_scene_release(&s);
    if (status != HL_OK) {
        hl_arena_release(&m.arena);
        return status;
    }
    if (m.method == HL_MAPPER_GLOBAL && hl_map_mostly_guessed(input))
        m.note =
            "the global mapper went on from focal lengths that are guesses: look at the outcome "
            "with care";
    *mapping = m;
    return HL_OK;
}

hl_status hl_mapper_run(hl_mapping *mapping, const hl_map_input *input,
                        const hl_map_options *options)
{
    const hl_map_method method = options ? options->method : HL_MAPPER_AUTO;
    if (input->image_count < 1 || input->camera_count < 1)
        return hl_fail(HL_E_ARG, "mapper: %d images and %d cameras: none may be 0",
                       input->image_count, input->camera_count);
    if (input->known_poses)
        return run_method(mapping, input, options, HL_MAPPER_INCREMENTAL);
    return method == HL_MAPPER_AUTO ? hl_map_choose(mapping, input, options)
                                    : run_method(mapping, input, options, method);
}

void hl_mapping_release(hl_mapping *mapping)
{
    hl_arena_release(&mapping->arena);
    *mapping = (hl_mapping){0};
}
