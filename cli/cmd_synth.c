/* SPDX-License-Identifier: MIT */
/* helio synth -- a procedural capture with exact ground truth. */
#include "cli/command.h"
#include "cli/commands.h"
#include "core/json.h"
#include "datasets/synthetic.h"

#include <stdio.h>

typedef struct synth_options {
    hl_common common;
    const char *out;
    int32_t scene;  /* hl_synthetic_scene  */
    int32_t layout; /* hl_synthetic_layout */
    int32_t views, width, height, points, bounces;
    int32_t samples; /* index into sample_counts */
    bool no_gt, bare, alpha;
} synth_options;

#define SAMPLE_WORDS "1|4|16|64"
static const int32_t sample_counts[] = {1, 4, 16, 64};

static const hl_option rows[] = {
    HL_OPT_OUT(synth_options, out, "FOLDER", "where the capture goes; made if absent"),
    HL_OPT_CHOICE(synth_options, "--scene", scene, "still|corner|turntable",
                  "a still life, an open two-coloured corner, or one object with alpha"),
    HL_OPT_INT(synth_options, "--views", views, 1, HL_SYNTHETIC_VIEWS_MAX, "pictures to take"),
    HL_OPT_INT(synth_options, "--width", width, HL_SYNTHETIC_SIDE_MIN, HL_SYNTHETIC_SIDE_MAX,
               "of a picture, pixels"),
    HL_OPT_INT(synth_options, "--height", height, HL_SYNTHETIC_SIDE_MIN, HL_SYNTHETIC_SIDE_MAX,
               "of a picture, pixels"),
    HL_OPT_CHOICE(synth_options, "--samples", samples, SAMPLE_WORDS,
                  "per pixel; from 16 on, pixels whose first four agree stop there"),
    HL_OPT_INT(synth_options, "--bounces", bounces, 0, 8, "of diffuse light between surfaces"),
    HL_OPT_INT(synth_options, "--points", points, 0, HL_SYNTHETIC_POINTS_MAX,
               "exact surface points, each seen by two views or more"),
    HL_OPT_CHOICE(synth_options, "--layout", layout, "colmap|nerf|tensoir",
                  "how the files are arranged; tensoir implies --alpha"),
    HL_OPT_FLAG(synth_options, "--alpha", alpha, "leave the sky transparent"),
    HL_OPT_FLAG(synth_options, "--no-gt", no_gt, "pictures and poses alone"),
    HL_OPT_FLAG(synth_options, "--bare", bare, "the images/ folder alone, without poses"),
    HL_COMMON_OPTIONS(synth_options),
};
static const hl_command_spec spec = {
    "synth", "procedural capture with ground truth", rows, HL_ROWS(rows), NULL, NULL};

static hl_status report(const synth_options *o, const hl_synthetic_summary *s)
{
    if (o->common.json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "out", o->out);
        hl_json_add_number(root, "views", s->views);
        hl_json_add_number(root, "width", o->width);
        hl_json_add_number(root, "height", o->height);
        hl_json_add_number(root, "points", s->points);
        hl_json_add_number(root, "sightings", (double)s->sightings);
        hl_json_add_number(root, "light_s", s->light_s);
        hl_json_add_number(root, "render_s", s->render_s);
        hl_json_add_number(root, "total_s", s->total_s);
        return hl_command_print_json(&root);
    }
    printf("%s: %d pictures of %dx%d", o->out, s->views, o->width, o->height);
    if (s->points > 0)
        printf(", %d points in %lld sightings", s->points, (long long)s->sightings);
    printf("; %.1f s\n", s->total_s);
    return HL_OK;
}

static hl_status run(const synth_options *o)
{
    const hl_synthetic_options options = {
        .scene = (hl_synthetic_scene)o->scene,
        .views = o->views,
        .width = o->width,
        .height = o->height,
        .samples = sample_counts[o->samples],
        .points = o->points,
        .bounces = o->bounces > 0 ? o->bounces : -1,
        .seed = (uint64_t)o->common.seed,
        .alpha = o->alpha || o->layout == HL_SYNTHETIC_TENSOIR,
    };
    const hl_synthetic_output output = {
        .layout = (hl_synthetic_layout)o->layout, .no_ground_truth = o->no_gt, .bare = o->bare};
    hl_synthetic *synthetic = NULL;
    hl_synthetic_summary summary;
    HL_TRY(hl_synthetic_create(&synthetic, &options));
    const hl_status status = hl_synthetic_save(synthetic, o->out, &output, &summary);
    hl_synthetic_destroy(&synthetic);
    HL_TRY(status);
    return report(o, &summary);
}

int hl_cmd_synth(int argc, char **argv)
{
    synth_options o = {.common = HL_COMMON_DEFAULTS,
                       .views = 40,
                       .width = 640,
                       .height = 480,
                       .samples = 2,
                       .bounces = 2,
                       .points = 6000};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    return hl_command_end(&spec, run(&o));
}
