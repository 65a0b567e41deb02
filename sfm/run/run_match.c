/* SPDX-License-Identifier: MIT */
/* Pairs, their matches and their geometry.  A pair is one block of work: what it gives depends on
 * its two photos and its number alone. */
#define HL_REAL double
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "sfm/pairs.h"
#include "sfm/run/run_state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 32 };

static hl_status choose_pairs(const hl_run *run, hl_pair_list *list)
{
    const int32_t n = run->views->view_count;
    switch (run->o->pairing) {
    case HL_SFM_PAIRS_EXHAUSTIVE:
        return hl_pairs_exhaustive(list, n);
    case HL_SFM_PAIRS_SEQUENTIAL:
        return hl_pairs_sequential(list, n, run->o->overlap, true);
    case HL_SFM_PAIRS_RETRIEVAL:
        return hl_pairs_retrieval(list, run->features, n, run->o->nearest, run->o->seed);
    default:
        return hl_pairs_choose(list, run->features, n, run->o->seed);
    }
}

static hl_status list_pairs(hl_run *run)
{
    hl_pair_list list = {0};
    HL_TRY(choose_pairs(run, &list));
    run->pairs = hl_alloc((size_t)list.count, sizeof *run->pairs);
    if (run->pairs) {
        for (int32_t p = 0; p < list.count; p++)
            run->pairs[p] = (hl_run_pair){.image_a = list.pairs[p].a, .image_b = list.pairs[p].b};
        run->pair_count = list.count;
    }
    hl_pair_list_release(&list);
    return run->pairs ? HL_OK : HL_E_MEMORY;
}

void hl_run_pixels(const hl_run *run, const hl_run_pair *pair, const int32_t *match, int32_t count,
                   double *a, double *b)
{
    const hl_keypoint *ka = run->features[pair->image_a].keypoints;
    const hl_keypoint *kb = run->features[pair->image_b].keypoints;
    for (int32_t i = 0; i < count; i++) {
        a[2 * i] = (double)ka[match[2 * i]].x;
        a[2 * i + 1] = (double)ka[match[2 * i]].y;
        b[2 * i] = (double)kb[match[2 * i + 1]].x;
        b[2 * i + 1] = (double)kb[match[2 * i + 1]].y;
    }
}

static hl_two_view_input input_of(const hl_run *run, const hl_run_pair *pair, int32_t count,
                                  const double *a, const double *b)
{
    const hl_view *views = run->views->views;
    return (hl_two_view_input){.camera_a = &run->cameras[views[pair->image_a].camera],
                               .camera_b = &run->cameras[views[pair->image_b].camera],
                               .focal_known = run->o->intrinsics_known || run->o->focal_known,
                               .pair = (uint64_t)pair->image_a << 32 | (uint64_t)pair->image_b,
                               .count = count,
                               .a = a,
                               .b = b};
}

hl_two_view_options hl_run_geometry_options(const hl_run *run)
{
    hl_two_view_options o = run->o->two_view;
    o.seed = run->o->seed;
    return o;
}

static bool useful(hl_two_view_config config)
{
    return config == HL_TWO_VIEW_CALIBRATED || config == HL_TWO_VIEW_UNCALIBRATED ||
           config == HL_TWO_VIEW_PLANAR || config == HL_TWO_VIEW_PANORAMIC;
}

hl_status hl_run_keep_inliers(hl_run_pair *pair)
{
    pair->match = hl_alloc((size_t)pair->view.inlier_count, 2 * sizeof *pair->match);
    if (!pair->match)
        return HL_E_MEMORY;
    pair->count = 0;
    for (int32_t i = 0; useful(pair->view.config) && i < pair->matched; i++)
        if (pair->inlier[i] && pair->count < pair->view.inlier_count) {
            pair->match[2 * pair->count] = pair->all[2 * i];
            pair->match[2 * pair->count++ + 1] = pair->all[2 * i + 1];
        }
    return HL_OK;
}

static hl_status verify(hl_run *run, hl_run_pair *pair)
{
    const int32_t n = pair->matched;
    double *px = hl_alloc((size_t)n, 4 * sizeof *px);
    pair->inlier = hl_alloc((size_t)n, 1);
    hl_status status = px && pair->inlier ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK) {
        hl_run_pixels(run, pair, pair->all, n, px, px + 2 * (size_t)n);
        const hl_two_view_input input = input_of(run, pair, n, px, px + 2 * (size_t)n);
        const hl_two_view_options o = hl_run_geometry_options(run);
        status = hl_two_view_estimate(&pair->view, pair->inlier, &input, &o);
    }
    if (status == HL_OK)
        status = hl_run_keep_inliers(pair);
    hl_free(px);
    return status;
}

typedef struct chunk {
    hl_run *run;
    int32_t first;
    hl_status (*work)(hl_run *run, hl_run_pair *pair);
} chunk;

static void pair_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const chunk *c = ctx;
    hl_run_pair *pair = &c->run->pairs[c->first + block];
    pair->status = c->work(c->run, pair);
    if (pair->status != HL_OK)
        snprintf(pair->sentence, sizeof pair->sentence, "%.255s", hl_last_error());
}

static hl_status work_on(hl_run *run, int32_t first, int32_t end,
                         hl_status (*work)(hl_run *run, hl_run_pair *pair))
{
    chunk c = {run, first, work};
    hl_parallel_for(end - first, pair_block, &c);
    for (int32_t i = first; i < end; i++)
        if (run->pairs[i].status != HL_OK)
            return hl_fail(run->pairs[i].status, "%s", run->pairs[i].sentence);
    return HL_OK;
}

static hl_status find_matches(const hl_run *run, hl_run_pair *pair)
{
    hl_pair_matches found = {0};
    HL_TRY(hl_match_features(&found, &run->features[pair->image_a], &run->features[pair->image_b],
                             &run->o->match));
    pair->all = hl_alloc((size_t)found.count, 2 * sizeof *pair->all);
    for (int32_t i = 0; pair->all && i < found.count; i++) {
        pair->all[2 * i] = found.matches[i].a;
        pair->all[2 * i + 1] = found.matches[i].b;
    }
    pair->matched = found.count;
    hl_pair_matches_release(&found);
    return pair->all ? HL_OK : HL_E_MEMORY;
}

static hl_status match_pair(hl_run *run, hl_run_pair *pair)
{
    if (pair->done)
        return HL_OK;
    pair->fresh = true;
    if (!pair->has_matches)
        HL_TRY(find_matches(run, pair));
    pair->has_matches = true;
    if (pair->matched > 0)
        HL_TRY(verify(run, pair));
    pair->done = true;
    return HL_OK;
}

static int32_t row_end(const hl_run *run, int32_t first)
{
    int32_t end = first;
    while (end < run->pair_count && run->pairs[end].image_a == run->pairs[first].image_a)
        end++;
    return end;
}

/* Saves the rows whose pairs are all below `ready`, or all of them where it is over, and lets go
 * of what the mapper does not need. */
static hl_status finish_rows(hl_run *run, int32_t *first, int32_t ready, bool over)
{
    while (*first < ready) {
        const int32_t end = row_end(run, *first);
        if (end > ready && !over)
            return HL_OK;
        if (run->keys)
            HL_TRY(hl_run_cache_save(run, *first, end));
        for (int32_t p = *first; p < end && p < ready && !over && !run->o->database_out; p++) {
            hl_free(run->pairs[p].all);
            hl_free(run->pairs[p].inlier);
            run->pairs[p].all = NULL;
            run->pairs[p].inlier = NULL;
        }
        *first = end;
    }
    return HL_OK;
}

static hl_status match_all(hl_run *run, int32_t *ready, int32_t *first)
{
    int32_t loaded = 0;
    while (*ready < run->pair_count) {
        const int32_t left = run->pair_count - *ready, end = *ready + (left < CHUNK ? left : CHUNK);
        for (; run->keys && loaded < end; loaded = row_end(run, loaded))
            HL_TRY(hl_run_cache_load(run, loaded, row_end(run, loaded)));
        HL_TRY(work_on(run, *ready, end, match_pair));
        *ready = end;
        HL_TRY(finish_rows(run, first, end, false));
        hl_log_progress(&(hl_progress){.stage = "match",
                                       .done = end,
                                       .total = run->pair_count,
                                       .loss = (double)NAN,
                                       .splats = -1,
                                       .next_save = -1});
        if (end < run->pair_count && hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "sfm: interrupted after %d of %d pairs%s", end,
                           run->pair_count, run->keys ? ", which are kept" : "");
    }
    return HL_OK;
}

hl_status hl_run_match(hl_run *run)
{
    int32_t ready = 0, first = 0;
    if (!run->given_pairs)
        HL_TRY(list_pairs(run));
    if (run->o->cache && !run->given_pairs)
        HL_TRY(hl_run_cache_start(run));
    const hl_status status = match_all(run, &ready, &first);
    /* What was found before a failure is kept; the sentence about it stays the first one. */
    if (status == HL_E_INTERRUPT)
        HL_TRY(finish_rows(run, &first, ready, true));
    return status;
}

static hl_status move_pair(hl_run *run, hl_run_pair *pair)
{
    const size_t n = (size_t)pair->count;
    if (n == 0 || pair->view.config == HL_TWO_VIEW_PANORAMIC)
        return HL_OK;
    double *px = hl_alloc(n, 4 * sizeof *px);
    uint8_t *inlier = hl_alloc(n, 1);
    hl_status status = px && inlier ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK) {
        hl_two_view motion = {0};
        hl_run_pixels(run, pair, pair->match, pair->count, px, px + 2 * n);
        hl_two_view_input input = input_of(run, pair, pair->count, px, px + 2 * n);
        input.focal_known = true;
        const hl_two_view_options o = hl_run_geometry_options(run);
        status = hl_two_view_motion(&motion, inlier, &input, &o);
        memcpy(pair->view.r, motion.r, sizeof motion.r);
        memcpy(pair->view.t, motion.t, sizeof motion.t);
        pair->view.median_angle = motion.median_angle;
    }
    hl_free(px);
    hl_free(inlier);
    return status;
}

hl_status hl_run_motions(hl_run *run)
{
    for (int32_t first = 0; first < run->pair_count; first += CHUNK) {
        const int32_t left = run->pair_count - first;
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "sfm: interrupted before the mapper");
        HL_TRY(work_on(run, first, first + (left < CHUNK ? left : CHUNK), move_pair));
    }
    return HL_OK;
}
