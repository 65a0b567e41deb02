/* SPDX-License-Identifier: MIT */
/* A synthetic capture on disk.  docs/formats.md, "Synthetic captures", lists the files. */
#define HL_REAL double

#include "core/color.h"
#include "core/file.h"
#include "core/log.h"
#include "core/timer.h"
#include "datasets/synth/synth_files.h"
#include "datasets/synthetic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 4096
#define TENSOIR_FAR    1e10f /* depth of nothing in the relighting layout */

static hl_status make_parents(const char *folder, const hl_synthetic_output *o)
{
    static const char *const colmap[] = {"images", "sparse/0", NULL};
    static const char *const nerf[] = {"train", "test", NULL};
    static const char *const tensoir[] = {"envmaps", NULL};
    static const char *const truth[] = {"gt/depth",    "gt/normal", "gt/albedo",
                                        "gt/material", "gt/alpha",  NULL};
    const char *const *lists[2] = {o->layout == HL_SYNTHETIC_COLMAP ? colmap
                                   : o->layout == HL_SYNTHETIC_NERF ? nerf
                                                                    : tensoir,
                                   truth};
    const int count = o->no_ground_truth || o->layout == HL_SYNTHETIC_TENSOIR ? 1 : 2;
    char path[PATH_MAX_BYTES];
    for (int k = 0; k < count; k++)
        for (const char *const *name = lists[k]; *name; name++) {
            if (o->bare && strcmp(*name, "images") != 0)
                continue;
            HL_TRY(hl_path_join(path, sizeof path, folder, *name));
            HL_TRY(hl_file_make_folder(path));
        }
    return HL_OK;
}

static hl_status save_float(const hl_image *image, const char *folder, const char *name)
{
    char path[PATH_MAX_BYTES];
    HL_TRY(hl_path_join(path, sizeof path, folder, name));
    return hl_image_save(image, path);
}

/* Linear colour as 8-bit sRGB. */
static hl_status save_coded(const hl_image *linear, const char *folder, const char *name)
{
    hl_image8 coded = {0};
    char path[PATH_MAX_BYTES];
    HL_TRY(hl_path_join(path, sizeof path, folder, name));
    HL_TRY(hl_image8_create(&coded, linear->width, linear->height, linear->channels));
    const size_t n = (size_t)linear->width * (size_t)linear->height * (size_t)linear->channels;
    for (size_t i = 0; i < n; i++)
        coded.data[i] = hl_synth_byte(hl_srgb_from_linear((double)linear->data[i]));
    const hl_status status = hl_image8_save(&coded, path);
    hl_image8_release(&coded);
    return status;
}

static hl_status save_truth(const hl_synthetic_frame *f, const hl_synth_place *place,
                            const char *folder)
{
    char name[128];
    snprintf(name, sizeof name, "gt/depth/%s.exr", place->stem);
    HL_TRY(save_float(&f->depth, folder, name));
    snprintf(name, sizeof name, "gt/normal/%s.exr", place->stem);
    HL_TRY(save_float(&f->normal, folder, name));
    snprintf(name, sizeof name, "gt/material/%s.exr", place->stem);
    HL_TRY(save_float(&f->material, folder, name));
    snprintf(name, sizeof name, "gt/alpha/%s.png", place->stem);
    HL_TRY(save_float(&f->alpha, folder, name));
    snprintf(name, sizeof name, "gt/albedo/%s.png", place->stem);
    return save_coded(&f->albedo, folder, name);
}

/* The relighting layout keeps the truth of test views beside their pictures. */
static hl_status save_tensoir(hl_synthetic_frame *f, const hl_synth_place *place,
                              const char *folder)
{
    char name[128];
    const size_t n = (size_t)f->depth.width * (size_t)f->depth.height;
    for (size_t i = 0; i < n; i++)
        f->depth.data[i] = f->depth.data[i] > 0 ? f->depth.data[i] : TENSOIR_FAR;
    snprintf(name, sizeof name, "%s/depth.exr", place->stem);
    HL_TRY(save_float(&f->depth, folder, name));
    snprintf(name, sizeof name, "%s/normal.exr", place->stem);
    HL_TRY(save_float(&f->normal, folder, name));
    snprintf(name, sizeof name, "%s/rough.exr", place->stem);
    HL_TRY(save_float(&f->material, folder, name));
    snprintf(name, sizeof name, "%s/albedo.png", place->stem);
    return save_coded(&f->albedo, folder, name);
}

static hl_status save_view(const hl_synthetic *s, int32_t view, const char *folder,
                           const hl_synthetic_output *o, double *render_s)
{
    hl_synth_place place;
    hl_synthetic_frame f;
    char path[PATH_MAX_BYTES];
    const double start = hl_wall_seconds();
    hl_synth_place_of(o->layout, view, &place);
    const bool tensoir = o->layout == HL_SYNTHETIC_TENSOIR;
    const bool truth = !o->bare && !o->no_ground_truth && (!tensoir || place.test);
    memset(&f, 0, sizeof f);
    hl_status status = hl_path_join(path, sizeof path, folder, place.stem);
    if (status == HL_OK && tensoir)
        status = hl_file_make_folder(path);
    if (status == HL_OK)
        status = hl_synthetic_render(s, view, truth, &f);
    *render_s += hl_wall_seconds() - start;
    if (status == HL_OK)
        status = hl_path_join(path, sizeof path, folder, place.picture);
    if (status == HL_OK)
        status = hl_image8_save(&f.color, path);
    if (status == HL_OK && truth)
        status = tensoir ? save_tensoir(&f, &place, folder) : save_truth(&f, &place, folder);
    hl_synthetic_frame_release(&f);
    if (status != HL_OK || !tensoir)
        return status;
    char name[128];
    snprintf(name, sizeof name, "%s/metadata.json", place.stem);
    HL_TRY(hl_path_join(path, sizeof path, folder, name));
    return hl_synth_save_metadata(s, view, path);
}

/* Everything but the pictures. */
static hl_status save_rest(const hl_synthetic *s, const char *folder, const hl_synthetic_output *o,
                           hl_synthetic_summary *summary)
{
    char path[PATH_MAX_BYTES];
    if (o->layout == HL_SYNTHETIC_COLMAP) {
        hl_synthetic_points points;
        HL_TRY(hl_synthetic_find_points(s, &points));
        summary->points = points.count;
        summary->sightings = points.sighting_count;
        const hl_status status = hl_synth_save_colmap(s, &points, folder);
        hl_synthetic_points_release(&points);
        HL_TRY(status);
    } else {
        HL_TRY(hl_synth_save_nerf(s, o->layout, folder));
    }
    if (o->no_ground_truth)
        return HL_OK;
    const char *place = o->layout == HL_SYNTHETIC_TENSOIR ? "envmaps" : "gt";
    HL_TRY(hl_path_join(path, sizeof path, folder, place));
    return hl_synth_save_scene(s, path);
}

hl_status hl_synthetic_save(const hl_synthetic *synthetic, const char *folder,
                            const hl_synthetic_output *output, hl_synthetic_summary *summary)
{
    const double start = hl_wall_seconds();
    hl_synthetic_summary sum = {.views = synthetic->options.views, .light_s = synthetic->light_s};
    hl_synthetic_output o = *output;
    if (o.bare)
        o.layout = HL_SYNTHETIC_COLMAP; /* its images/ folder is the bare one */
    if (o.layout == HL_SYNTHETIC_TENSOIR && !synthetic->scene.alpha)
        return hl_fail(HL_E_ARG, "synthetic capture: the tensoir layout needs pictures with alpha");
    HL_TRY(make_parents(folder, &o));
    for (int32_t v = 0; v < sum.views; v++) {
        const hl_progress progress = {"synth", v, sum.views, (double)NAN, -1, -1};
        hl_log_progress(&progress);
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "%s: stopped after %d of %d pictures", folder, v,
                           sum.views);
        HL_TRY(save_view(synthetic, v, folder, &o, &sum.render_s));
    }
    if (!o.bare)
        HL_TRY(save_rest(synthetic, folder, &o, &sum));
    sum.total_s = hl_wall_seconds() - start + sum.light_s;
    if (summary)
        *summary = sum;
    return HL_OK;
}
