/* SPDX-License-Identifier: MIT */
/* What a row of pairs shares with the disk (sfm/run/match_cache.h). */
#include "core/build_info.h"
#include "core/camera_model.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/memory.h"
#include "sfm/run/match_cache.h"
#include "sfm/run/run_state.h"

#include <string.h>

/* Changes with every change of what matching gives. */
static const uint64_t format_version = 1;

hl_status hl_run_cache_start(hl_run *run)
{
    const int32_t n = run->views->view_count;
    run->keys = hl_alloc((size_t)n, sizeof *run->keys);
    if (!run->keys)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < n; i++) {
        const hl_features *f = &run->features[i];
        run->keys[i][0] = format_version;
        run->keys[i][1] = ~format_version;
        hl_hash_mix(run->keys[i], f->keypoints, (size_t)f->count * sizeof *f->keypoints);
        if (f->descriptors)
            hl_hash_mix(run->keys[i], f->descriptors, (size_t)f->count * HL_DESCRIPTOR_BYTES);
    }
    return HL_OK;
}

/* The row of a photo: its features, the options, and the build, since two builds may differ in what
 * they find. */
static void row_key(const hl_run *run, int32_t image, uint64_t key[2])
{
    const hl_match_options *m = &run->o->match;
    const float real[] = {m->ratio, m->max_angle_rad};
    const int32_t whole[] = {m->one_way};
    memcpy(key, run->keys[image], 2 * sizeof *key);
    hl_hash_mix(key, real, sizeof real);
    hl_hash_mix(key, whole, sizeof whole);
    hl_hash_mix(key, HL_BUILD_COMMIT, sizeof HL_BUILD_COMMIT);
}

static void mix_camera(uint64_t key[2], const hl_camera *c)
{
    const int32_t whole[] = {(int32_t)c->model, c->width, c->height};
    hl_hash_mix(key, whole, sizeof whole);
    hl_hash_mix(key, c->params, (size_t)hl_camera_param_count(c->model) * sizeof *c->params);
}

static void geometry_key(const hl_run *run, const hl_run_pair *pair, uint64_t key[2])
{
    const hl_two_view_options *o = &run->o->two_view;
    const hl_view *views = run->views->views;
    const int32_t whole[] = {pair->image_a, pair->image_b, o->min_inliers, o->max_trials,
                             run->o->intrinsics_known || run->o->focal_known};
    key[0] = run->o->seed;
    key[1] = ~run->o->seed;
    hl_hash_mix(key, whole, sizeof whole);
    hl_hash_mix(key, &o->threshold_px, sizeof o->threshold_px);
    mix_camera(key, &run->cameras[views[pair->image_a].camera]);
    mix_camera(key, &run->cameras[views[pair->image_b].camera]);
}

/* Whether the features can have these matches: each a once, by growing number. */
static bool fits(const hl_run *run, const hl_run_pair *pair, const hl_match_record *r)
{
    const int32_t a = run->features[pair->image_a].count, b = run->features[pair->image_b].count;
    for (int32_t i = 0; i < r->matched; i++) {
        const int32_t *m = r->match + 2 * (ptrdiff_t)i;
        if (m[0] < 0 || m[0] >= a || m[1] < 0 || m[1] >= b || (i > 0 && m[0] <= m[-2]))
            return false;
    }
    return true;
}

static hl_status take(hl_run *run, hl_run_pair *pair, const hl_match_record *r)
{
    uint64_t geometry[2];
    pair->matched = r->matched;
    pair->all = hl_alloc((size_t)r->matched, 2 * sizeof *pair->all);
    if (!pair->all)
        return HL_E_MEMORY;
    memcpy(pair->all, r->match, (size_t)r->matched * 2 * sizeof *pair->all);
    pair->has_matches = true;
    geometry_key(run, pair, geometry);
    if (memcmp(geometry, r->geometry, sizeof geometry) != 0)
        return HL_OK;
    pair->inlier = hl_alloc((size_t)r->matched, 1);
    if (!pair->inlier)
        return HL_E_MEMORY;
    memcpy(pair->inlier, r->inlier, (size_t)r->matched);
    pair->view = r->view;
    HL_TRY(hl_run_keep_inliers(pair));
    pair->done = true;
    return HL_OK;
}

hl_status hl_run_cache_load(hl_run *run, int32_t first, int32_t end)
{
    uint64_t key[2];
    hl_match_row row;
    row_key(run, run->pairs[first].image_a, key);
    HL_TRY(hl_match_row_load(&row, run->o->cache, key));
    hl_status status = HL_OK;
    for (int32_t p = first; status == HL_OK && p < end; p++) {
        hl_run_pair *pair = &run->pairs[p];
        const hl_match_record *r = hl_match_row_find(&row, run->keys[pair->image_b]);
        if (r && !pair->has_matches && fits(run, pair, r))
            status = take(run, pair, r);
    }
    hl_match_row_release(&row);
    return status;
}

static bool is_listed(const hl_match_record *records, int32_t count, const uint64_t other[2])
{
    for (int32_t i = 0; i < count; i++)
        if (records[i].other[0] == other[0] && records[i].other[1] == other[1])
            return true;
    return false;
}

hl_status hl_run_cache_save(hl_run *run, int32_t first, int32_t end)
{
    uint64_t key[2];
    hl_match_row row;
    int32_t count = 0;
    bool fresh = false;
    for (int32_t p = first; p < end; p++)
        fresh |= run->pairs[p].done && run->pairs[p].fresh;
    if (!fresh)
        return HL_OK;
    row_key(run, run->pairs[first].image_a, key);
    HL_TRY(hl_match_row_load(&row, run->o->cache, key));
    hl_match_record *records =
        hl_arena_alloc(&row.arena, (size_t)(row.count + end - first), sizeof *records);
    hl_status status = records ? HL_OK : HL_E_MEMORY;
    for (int32_t p = first; status == HL_OK && p < end; p++) {
        hl_run_pair *pair = &run->pairs[p];
        hl_match_record *r = &records[count];
        memcpy(r->other, run->keys[pair->image_b], sizeof r->other);
        if (!pair->done || is_listed(records, count, r->other))
            continue;
        geometry_key(run, pair, r->geometry);
        r->matched = pair->matched;
        r->match = pair->all;
        r->inlier = pair->inlier;
        r->view = pair->view;
        pair->fresh = false;
        count++;
    }
    for (int32_t i = 0; status == HL_OK && i < row.count; i++)
        if (!is_listed(records, count, row.records[i].other))
            records[count++] = row.records[i];
    if (status == HL_OK)
        status = hl_match_row_save(records, count, run->o->cache, key);
    hl_match_row_release(&row);
    return status;
}
