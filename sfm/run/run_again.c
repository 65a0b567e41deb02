/* SPDX-License-Identifier: MIT */
/* A closer look at photos that found no place.
 *
 * Their pairs with photos of the first model are matched again with a laxer ratio; a fundamental
 * matrix from that guides a second matching along its epipolar lines.  Chance gives such guided
 * matches too, all of them on the lines -- but only true ones also agree with a motion of the
 * calibrated cameras of the model, which leaves two degrees of freedom less: a pair is believed if
 * half of the guided matches do.  (Chance: below 0.38, with up to 40 of them; photos of one place
 * under a steep change of view: above 0.5.) */
#define HL_REAL double
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "sfm/run/run_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS_OF_PHOTO = 8, LOOKS_MOST = 200, AGREE_LEAST = 40, START_LEAST = 8 };
#define LAX_RATIO    0.9f
#define GUIDED_RATIO 0.85f
#define BAND_PX      4.0
#define AGREE_SHARE  0.5

/* Matches of a pair with their pixels. */
typedef struct sample {
    int32_t count;
    int32_t *match; /* (count, 2) */
    double *px;     /* (count, 2) of a, then of b */
    uint8_t *inlier;
} sample;

static void release(sample *s)
{
    hl_free(s->match);
    hl_free(s->px);
    hl_free(s->inlier);
    *s = (sample){0};
}

static hl_status fill(sample *s, const hl_run *run, const hl_run_pair *pair,
                      const hl_pair_matches *found)
{
    const size_t n = (size_t)found->count;
    s->count = found->count;
    s->match = hl_alloc(n, 2 * sizeof *s->match);
    s->px = hl_alloc(n, 4 * sizeof *s->px);
    s->inlier = hl_alloc(n, 1);
    if (!s->match || !s->px || !s->inlier)
        return HL_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        s->match[2 * i] = found->matches[i].a;
        s->match[2 * i + 1] = found->matches[i].b;
    }
    hl_run_pixels(run, pair, s->match, s->count, s->px, s->px + 2 * n);
    return HL_OK;
}

static hl_two_view_input input_of(const hl_run *run, const hl_run_pair *pair, const sample *s,
                                  bool focal_known)
{
    const hl_view *views = run->views->views;
    return (hl_two_view_input){.camera_a = &run->look_cameras[views[pair->image_a].camera],
                               .camera_b = &run->look_cameras[views[pair->image_b].camera],
                               .focal_known = focal_known,
                               .pair = (uint64_t)pair->image_a << 32 | (uint64_t)pair->image_b,
                               .count = s->count,
                               .a = s->px,
                               .b = s->px + 2 * (size_t)s->count};
}

/* The pair takes over what agrees, if it is more than it has and not chance. */
static void adopt(hl_run_pair *pair, sample *s, const hl_two_view *guide, const hl_two_view *motion)
{
    const int32_t n = motion->inlier_count;
    if (n < AGREE_LEAST || n < AGREE_SHARE * s->count || n <= pair->count)
        return;
    int32_t kept = 0;
    for (int32_t i = 0; i < s->count; i++)
        if (s->inlier[i]) {
            s->match[2 * kept] = s->match[2 * i];
            s->match[2 * kept++ + 1] = s->match[2 * i + 1];
        }
    hl_free(pair->match);
    pair->match = s->match;
    s->match = NULL;
    pair->count = kept;
    pair->view = *motion;
    pair->view.config = HL_TWO_VIEW_CALIBRATED;
    pair->view.fundamental_inliers = guide->fundamental_inliers;
    memcpy(pair->view.f, guide->f, sizeof guide->f);
}

static hl_status guided(hl_run *run, hl_run_pair *pair, const hl_two_view *guide)
{
    const hl_match_options o = {.ratio = GUIDED_RATIO,
                                .max_angle_rad = run->o->match.max_angle_rad};
    const hl_two_view_options geometry = hl_run_geometry_options(run);
    hl_pair_matches found = {0};
    hl_two_view motion;
    sample s = {0};
    hl_status status = hl_match_guided(&found, &run->features[pair->image_a],
                                       &run->features[pair->image_b], guide->f, BAND_PX, &o);
    if (status == HL_OK && found.count > pair->matched)
        pair->matched = found.count;
    if (status == HL_OK)
        status = fill(&s, run, pair, &found);
    if (status == HL_OK && s.count >= AGREE_LEAST) {
        const hl_two_view_input input = input_of(run, pair, &s, true);
        status = hl_two_view_motion(&motion, s.inlier, &input, &geometry);
        if (status == HL_OK)
            adopt(pair, &s, guide, &motion);
    }
    release(&s);
    hl_pair_matches_release(&found);
    return status;
}

static hl_status look(hl_run *run, hl_run_pair *pair)
{
    hl_match_options o = run->o->match;
    hl_two_view_options geometry = hl_run_geometry_options(run);
    hl_pair_matches found = {0};
    hl_two_view guide = {0};
    sample s = {0};
    o.ratio = LAX_RATIO;
    geometry.min_inliers = START_LEAST;
    hl_status status =
        hl_match_features(&found, &run->features[pair->image_a], &run->features[pair->image_b], &o);
    if (status == HL_OK)
        status = fill(&s, run, pair, &found);
    if (status == HL_OK) {
        const hl_two_view_input input = input_of(run, pair, &s, false);
        status = hl_two_view_estimate(&guide, s.inlier, &input, &geometry);
    }
    release(&s);
    hl_pair_matches_release(&found);
    if (status == HL_OK && guide.fundamental_inliers >= START_LEAST)
        status = guided(run, pair, &guide);
    return status;
}

static bool in_first(const hl_mapping *m, int32_t image)
{
    return m->model_count > 0 && m->models[0].has_pose[image];
}

static int most_matched(const void *pa, const void *pb)
{
    const hl_run_pair *a = *(hl_run_pair *const *)pa, *b = *(hl_run_pair *const *)pb;
    if (a->matched != b->matched)
        return a->matched > b->matched ? -1 : 1;
    return (a > b) - (a < b);
}

/* For each photo outside, its pairs with the model that have most matches, a few. */
static int32_t choose(hl_run *run, const hl_mapping *mapping, hl_run_pair **chosen)
{
    hl_run_pair **of_photo = chosen + LOOKS_MOST;
    int32_t total = 0;
    for (int32_t i = 0; i < run->views->view_count; i++) {
        int32_t n = 0;
        if (in_first(mapping, i))
            continue;
        for (int32_t p = 0; p < run->pair_count; p++) {
            hl_run_pair *pair = &run->pairs[p];
            const int32_t other = pair->image_a == i ? pair->image_b : pair->image_a;
            if ((pair->image_a == i || pair->image_b == i) && in_first(mapping, other) &&
                !pair->again)
                of_photo[n++] = pair;
        }
        qsort(of_photo, (size_t)n, sizeof(hl_run_pair *), most_matched);
        for (int32_t k = 0; k < n && k < LOOKS_OF_PHOTO && total < LOOKS_MOST; k++) {
            of_photo[k]->again = true;
            chosen[total++] = of_photo[k];
        }
    }
    return total;
}

typedef struct looks {
    hl_run *run;
    hl_run_pair **pairs;
} looks;

static void look_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const looks *l = ctx;
    hl_run_pair *pair = l->pairs[block];
    pair->status = look(l->run, pair);
    if (pair->status != HL_OK)
        snprintf(pair->sentence, sizeof pair->sentence, "%.255s", hl_last_error());
}

static hl_status look_at(hl_run *run, hl_run_pair **pairs, int32_t count)
{
    looks l = {run, pairs};
    hl_parallel_for(count, look_block, &l);
    for (int32_t i = 0; i < count; i++)
        if (pairs[i]->status != HL_OK)
            return hl_fail(pairs[i]->status, "%s", pairs[i]->sentence);
    return hl_interrupt_requested() ? hl_fail(HL_E_INTERRUPT, "sfm: interrupted while mapping")
                                    : HL_OK;
}

hl_status hl_run_look_again(hl_run *run, const hl_mapping *mapping, int32_t *gained)
{
    *gained = 0;
    if (mapping->model_count == 0)
        return HL_OK;
    const size_t most = LOOKS_MOST + (size_t)run->pair_count;
    hl_run_pair **chosen = hl_alloc(most, sizeof(hl_run_pair *));
    int32_t *before = hl_alloc(LOOKS_MOST, sizeof *before);
    hl_status status = chosen && before ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK) {
        const int32_t count = choose(run, mapping, chosen);
        for (int32_t k = 0; k < count; k++)
            before[k] = chosen[k]->count;
        run->look_cameras = mapping->models[0].cameras;
        status = look_at(run, chosen, count);
        for (int32_t k = 0; k < count; k++)
            *gained += chosen[k]->count > before[k];
    }
    hl_free(chosen);
    hl_free(before);
    return status;
}
