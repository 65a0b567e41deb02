/* SPDX-License-Identifier: MIT */
/* helio run -- photos to trained splats, renders and scores.
 *
 * The steps are the commands a user would type; each is printed before it runs. */
#include "cli/chain.h"
#include "cli/commands.h"
#include "core/file.h"

#include <limits.h>
#include <stdlib.h>

typedef struct run_options {
    hl_common common;
    const char *photos, *out, *masks, *poses, *calibration;
    int32_t iterations, preset, max_side_px;
} run_options;

static const hl_option rows[] = {
    HL_ARG(run_options, "PHOTOS", photos, "a folder of photos, or one that holds them in images/"),
    HL_OPT_OUT(run_options, out, "FOLDER", "where everything goes; made if absent"),
    HL_OPT_INT(run_options, "--iterations", iterations, 0, 100000000,
               "training steps, 0 for the preset's"),
    HL_OPT_CHOICE(run_options, "--preset", preset, "fast|quality", "of training"),
    HL_OPT_INT(run_options, "--max-side-px", max_side_px, 0, 16384,
               "longer side of the pictures that training sees, 0 for its default"),
    HL_OPT_TEXT(run_options, "--masks", masks, "FOLDER", "masks: black is ignored, by both steps"),
    HL_OPT_TEXT(run_options, "--calibration", calibration, "PATH",
                "COLMAP model or transforms.json whose intrinsics are right"),
    HL_OPT_TEXT(run_options, "--poses", poses, "PATH", "the same, with poses that are right"),
    HL_COMMON_OPTIONS(run_options),
};
static const hl_command_spec spec = {
    "run", "photos to trained splats, renders and scores", rows, HL_ROWS(rows), NULL, NULL};

enum { PATH_BYTES = 4096 };

static int run_sfm(const run_options *o, const char *folder)
{
    hl_chain c;
    hl_chain_start(&c, "sfm", &o->common);
    hl_chain_add(&c, o->photos);
    hl_chain_add(&c, "-o");
    hl_chain_add(&c, folder);
    hl_chain_option(&c, "--masks", o->masks);
    hl_chain_option(&c, "--calibration", o->calibration);
    hl_chain_option(&c, "--poses", o->poses);
    return hl_chain_run(&c, hl_cmd_sfm);
}

static int run_train(const run_options *o, const char *folder, const char *images,
                     const char *masks)
{
    static const char *const presets[] = {"fast", "quality"};
    hl_chain c;
    hl_chain_start(&c, "train", &o->common);
    hl_chain_add(&c, folder);
    hl_chain_add(&c, "-o");
    hl_chain_add(&c, o->out);
    hl_chain_add(&c, "--images");
    hl_chain_add(&c, images);
    hl_chain_option(&c, "--masks", masks);
    hl_chain_add(&c, "--eval");
    hl_chain_option(&c, "--preset", presets[o->preset]);
    if (o->iterations > 0)
        hl_chain_number(&c, "--iterations", o->iterations);
    if (o->max_side_px > 0)
        hl_chain_number(&c, "--max-side-px", o->max_side_px);
    return hl_chain_run(&c, hl_cmd_train);
}

static int run_eval(const run_options *o, const char *folder)
{
    hl_chain c;
    hl_chain_start(&c, "eval", &o->common);
    hl_chain_add(&c, o->out);
    hl_chain_add(&c, "--data");
    hl_chain_add(&c, folder);
    hl_chain_add(&c, "--sheet");
    return hl_chain_run(&c, hl_cmd_eval);
}

/* Absolute, since the model lies elsewhere than the photos. */
static hl_status absolute(const char *path, char out[PATH_MAX])
{
    return realpath(path, out) ? HL_OK : hl_fail(HL_E_IO, "%s: no such file or folder", path);
}

static hl_status find_photos(const run_options *o, char *images, char *masks)
{
    char inside[PATH_BYTES];
    HL_TRY(hl_path_join(inside, sizeof inside, o->photos, "images"));
    HL_TRY(absolute(hl_file_is_folder(inside) ? inside : o->photos, images));
    if (o->masks)
        HL_TRY(absolute(o->masks, masks));
    return HL_OK;
}

static hl_status report(const run_options *o, const char *model, double seconds)
{
    char path[PATH_BYTES];
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.run/1");
    hl_json_add_text(root, "model", model);
    HL_TRY(hl_path_join(path, sizeof path, model, "report.json"));
    hl_json_add_text(root, "report", path);
    HL_TRY(hl_path_join(path, sizeof path, o->out, "eval.json"));
    hl_json_add_text(root, "eval", path);
    hl_json_add_number(root, "seconds", seconds);
    hl_json_add_number(root, "cpu_seconds", hl_cpu_seconds());
    return hl_command_print_json(&root);
}

int hl_cmd_run(int argc, char **argv)
{
    run_options o = {.common = HL_COMMON_DEFAULTS};
    char model[PATH_BYTES], images[PATH_MAX], masks[PATH_MAX];
    const double start = hl_wall_seconds();
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    hl_status s = hl_path_join(model, sizeof model, o.out, "sfm");
    if (s == HL_OK)
        s = find_photos(&o, images, masks);
    if (s == HL_OK)
        code = run_sfm(&o, model);
    if (s == HL_OK && code == HL_EXIT_OK)
        code = run_train(&o, model, images, o.masks ? masks : NULL);
    if (s == HL_OK && code == HL_EXIT_OK)
        code = run_eval(&o, model);
    if (s == HL_OK && code != HL_EXIT_OK)
        return code;
    if (s == HL_OK && o.common.json)
        s = report(&o, model, hl_wall_seconds() - start);
    return hl_command_end(&spec, s);
}
