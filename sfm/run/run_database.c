/* SPDX-License-Identifier: MIT */
/* Features and matches from a COLMAP database, and ours into one. */
#include "core/log.h"
#include "core/memory.h"
#include "sfm/database.h"
#include "sfm/run/run_state.h"

#include <string.h>

static hl_status copy_features(hl_features *to, const hl_features *from, const hl_view *view,
                               const hl_camera *camera, const char *path)
{
    const size_t n = (size_t)from->count;
    if (from->width != camera->width || from->height != camera->height)
        return hl_fail(HL_E_FORMAT, "%s: photo %s: made for %d x %d pixels, but it has %d x %d",
                       path, view->name, from->width, from->height, camera->width, camera->height);
    *to = (hl_features){from->count, from->width, from->height, hl_alloc(n, sizeof *to->keypoints),
                        from->descriptors ? hl_alloc(n, HL_DESCRIPTOR_BYTES) : NULL};
    if (!to->keypoints || (from->descriptors && !to->descriptors))
        return HL_E_MEMORY;
    if (n > 0)
        memcpy(to->keypoints, from->keypoints, n * sizeof *to->keypoints);
    if (n > 0 && from->descriptors)
        memcpy(to->descriptors, from->descriptors, n * HL_DESCRIPTOR_BYTES);
    return HL_OK;
}

static hl_status take_features(hl_run *run, const hl_database *d, int32_t *view_of)
{
    const char *path = run->o->database;
    const hl_views *views = run->views;
    int32_t found = 0;
    for (int32_t i = 0; i < d->image_count; i++)
        view_of[i] = -1;
    for (int32_t i = 0; i < views->view_count; i++) {
        const hl_view *view = &views->views[i];
        const hl_camera *camera = &views->cameras[view->camera];
        const int32_t at = hl_database_find(d, view->name);
        run->features[i].width = camera->width;
        run->features[i].height = camera->height;
        if (at < 0 || view_of[at] >= 0) {
            hl_log(HL_LOG_WARN, "%s: photo %s is not in it: it stays without features", path,
                   view->name);
            continue;
        }
        HL_TRY(copy_features(&run->features[i], &d->images[at].features, view, camera, path));
        view_of[at] = i;
        found++;
    }
    if (found == 0)
        return hl_fail(HL_E_FORMAT,
                       "%s: none of its %d images, such as \"%s\", is a photo (\"%s\")", path,
                       d->image_count, d->images[0].name, views->views[0].name);
    if (found < d->image_count)
        hl_log(HL_LOG_INFO, "%s: %d of its %d images are no photos here", path,
               d->image_count - found, d->image_count);
    return HL_OK;
}

/* The matches of a row of the database, as found or else as verified; the order of the photos may
 * be another one here. */
static hl_status take_pair(hl_run *run, const hl_database_pair *from, const int32_t *view_of)
{
    const bool raw = from->match_count > 0;
    const int32_t count = raw ? from->match_count : from->inlier_count;
    const int32_t *matches = raw ? from->matches : from->inliers;
    const int32_t a = view_of[from->image_a], b = view_of[from->image_b];
    if (a < 0 || b < 0)
        return HL_OK;
    hl_run_pair *pair = &run->pairs[run->pair_count];
    *pair = (hl_run_pair){.image_a = a < b ? a : b,
                          .image_b = a < b ? b : a,
                          .matched = count > 0 ? count : 0,
                          .has_matches = true};
    pair->all = hl_alloc((size_t)pair->matched, 2 * sizeof *pair->all);
    if (!pair->all)
        return HL_E_MEMORY;
    for (int32_t k = 0; k < 2 * pair->matched; k++)
        pair->all[k] = matches[a < b ? k : k ^ 1];
    run->pair_count++;
    return HL_OK;
}

/* Rows of one leading photo must lie together, by growing number: names have one order in the file
 * and here, except where folders differ. */
static void sort_pairs(hl_run *run)
{
    for (int32_t i = 1; i < run->pair_count; i++) {
        const hl_run_pair pair = run->pairs[i];
        int32_t k = i;
        while (k > 0 && (run->pairs[k - 1].image_a > pair.image_a ||
                         (run->pairs[k - 1].image_a == pair.image_a &&
                          run->pairs[k - 1].image_b > pair.image_b))) {
            run->pairs[k] = run->pairs[k - 1];
            k--;
        }
        run->pairs[k] = pair;
    }
}

static hl_status take_pairs(hl_run *run, const hl_database *d, const int32_t *view_of)
{
    if (d->pair_count == 0 || run->o->database_features) {
        for (int32_t i = 0; i < run->views->view_count; i++)
            if (run->features[i].count > 0 && !run->features[i].descriptors)
                return hl_fail(HL_E_FORMAT,
                               "%s: photo %s has no descriptors of %d bytes: they cannot be "
                               "matched here, and %s",
                               run->o->database, run->views->views[i].name, HL_DESCRIPTOR_BYTES,
                               d->pair_count == 0 ? "there are no matches"
                                                  : "matches are unwanted");
        return HL_OK;
    }
    run->pairs = hl_alloc((size_t)d->pair_count, sizeof *run->pairs);
    run->given_pairs = run->pairs != NULL;
    if (!run->pairs)
        return HL_E_MEMORY;
    for (int32_t p = 0; p < d->pair_count; p++)
        HL_TRY(take_pair(run, &d->pairs[p], view_of));
    sort_pairs(run);
    return HL_OK;
}

hl_status hl_run_import(hl_run *run)
{
    hl_database d;
    HL_TRY(hl_database_load(&d, run->o->database));
    int32_t *view_of = hl_alloc((size_t)d.image_count, sizeof *view_of);
    hl_status status = view_of ? take_features(run, &d, view_of) : HL_E_MEMORY;
    if (status == HL_OK)
        status = take_pairs(run, &d, view_of);
    if (status == HL_OK)
        hl_log(HL_LOG_INFO, "%s: %d images, %s", run->o->database, d.image_count,
               run->given_pairs ? "with their matches" : "features alone");
    hl_free(view_of);
    hl_database_release(&d);
    return status;
}

hl_status hl_run_export(const hl_run *run)
{
    const hl_views *views = run->views;
    hl_database d = {.camera_count = views->camera_count,
                     .cameras = run->cameras,
                     .image_count = views->view_count,
                     .pair_count = run->pair_count};
    hl_arena_init(&d.arena, 0, 0);
    d.focal_known = hl_arena_alloc(&d.arena, (size_t)d.camera_count, sizeof *d.focal_known);
    d.images = hl_arena_alloc(&d.arena, (size_t)d.image_count, sizeof *d.images);
    d.pairs = hl_arena_alloc(&d.arena, (size_t)d.pair_count, sizeof *d.pairs);
    hl_status status = d.focal_known && d.images && d.pairs ? HL_OK : HL_E_MEMORY;
    for (int32_t c = 0; status == HL_OK && c < d.camera_count; c++)
        d.focal_known[c] = run->o->intrinsics_known || run->o->focal_known;
    for (int32_t i = 0; status == HL_OK && i < d.image_count; i++)
        d.images[i] =
            (hl_database_image){views->views[i].name, views->views[i].camera, run->features[i]};
    for (int32_t p = 0; status == HL_OK && p < d.pair_count; p++) {
        const hl_run_pair *pair = &run->pairs[p];
        d.pairs[p] = (hl_database_pair){pair->image_a, pair->image_b, pair->matched, pair->all,
                                        pair->count,   pair->match,   pair->view};
    }
    if (status == HL_OK)
        status = hl_database_save(&d, run->o->database_out);
    hl_arena_release(&d.arena);
    return status;
}
