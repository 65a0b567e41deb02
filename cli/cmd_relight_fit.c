/* SPDX-License-Identifier: MIT */
/* helio relight SCENE --fit -- materials and light of a trained scene from its photos. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/relight_fit.h"

enum { PRESET_FULL = 1 };
enum { BAKED_SHARE = 16, BAKED_MOST = 1 << 20 }; /* pixels, of those that are lit */

typedef struct fit_options {
    hl_common common;
    const char *scene, *mesh, *data, *light, *maps, *envs, *knobs;
    int32_t preset, hybrid, iterations, refine, max_side_px, spp, denoise;
    bool fit, resume, no_metal, no_indirect, exposure, fixed_light, scale_by_truth;
} fit_options;

static const hl_option rows[] = {
    HL_ARG(fit_options, "SCENE", scene, "output folder of helio train"),
    HL_OPT_FLAG(fit_options, "--fit", fit, "solve for materials and light from the photos"),
    HL_OPT_TEXT(fit_options, "--mesh", mesh, "FILE",
                "surface that answers rays; SCENE/mesh/scene.glb if left out"),
    HL_OPT_TEXT(fit_options, "--data", data, "PATH",
                "the capture; found in config.json if left out"),
    HL_OPT_CHOICE(fit_options, "--preset", preset, "small|full",
                  "effort: 4000 steps of 1024 pixels, or 20000 of 4096"),
    HL_OPT_INT(fit_options, "--iterations", iterations, 0, 10000000,
               "steps of the solve, 0 for those of the preset"),
    HL_OPT_INT(fit_options, "--refine", refine, -1, 10000000,
               "steps after these, materials alone under light baked for each pixel; -1 for a "
               "quarter of them"),
    HL_OPT_CHOICE(fit_options, "--hybrid", hybrid, HL_HYBRID_NAMES,
                  "light each splat and blend, or blend and light each pixel; then with places and "
                  "normals of the mesh; then with splats near the mesh alone"),
    HL_OPT_FLAG(fit_options, "--no-metal", no_metal, "nothing is metal"),
    HL_OPT_FLAG(fit_options, "--exposure", exposure,
                "one exposure for each photo: for cameras that chose theirs by the picture"),
    HL_OPT_FLAG(fit_options, "--no-indirect", no_indirect, "no light from other surfaces"),
    HL_OPT_TEXT(fit_options, "--light", light, "FILE",
                "start from this light (.hdr, .exr) instead of even white"),
    HL_OPT_FLAG(fit_options, "--fixed-light", fixed_light, "keep the light of --light"),
    HL_OPT_INT(fit_options, "--max-side-px", max_side_px, 0, 16384,
               "longer side of the photos, 0 for what training did"),
    HL_OPT_FLAG(fit_options, "--resume", resume, "go on from SCENE/scene.helio"),
    HL_OPT_TEXT(fit_options, "--maps", maps, "FOLDER",
                "write materials and relit pictures of the test views, for helio eval --protocol"),
    HL_OPT_TEXT(fit_options, "--envs", envs, "FOLDER",
                "with --maps: relight under every .hdr and .exr in it"),
    HL_OPT_INT(fit_options, "--spp", spp, 4, 65536, "with --maps: samples per pixel"),
    HL_OPT_INT(fit_options, "--denoise", denoise, 0, 8,
               "with --maps: passes of the edge-stopping filter"),
    HL_OPT_FLAG(fit_options, "--scale-by-truth", scale_by_truth,
                "with --maps: scale albedo by the capture's albedo.png before relighting"),
    HL_OPT_TEXT(fit_options, "--knobs", knobs, "FILE",
                "JSON object of the fields of relight/fit.h, over the preset and the options"),
    HL_COMMON_OPTIONS(fit_options),
};
static const hl_command_spec spec = {
    "relight", "materials and light from the photos of a trained scene", rows, HL_ROWS(rows), NULL,
    NULL};

static hl_status read_knobs(const char *path, hl_fit_config *c)
{
    hl_json *root;
    HL_TRY(hl_json_load(&root, path));
    const hl_status s = hl_fit_config_from_json(c, root, path);
    hl_json_destroy(&root);
    return s;
}

/* In proportion to the solve: an eighth of its rays. */
static void refinement(const fit_options *o, hl_fit_config *c)
{
    const int64_t pixels = (int64_t)c->iterations * c->pixels / BAKED_SHARE;
    c->refine = o->refine < 0 ? c->iterations / 4 : o->refine;
    c->bake_pixels = (int32_t)(pixels < BAKED_MOST ? pixels + 1 : BAKED_MOST);
}

static hl_status run(const fit_options *o)
{
    hl_relight_fit_options f = {.scene = o->scene,
                                .mesh = o->mesh,
                                .data = o->data,
                                .light = o->light,
                                .maps = o->maps,
                                .envs = o->envs,
                                .max_side_px = o->max_side_px,
                                .samples = o->spp,
                                .denoise = o->denoise,
                                .scale_by_truth = o->scale_by_truth,
                                .resume = o->resume,
                                .json = o->common.json};
    hl_fit_config_init(&f.config);
    if (o->preset == PRESET_FULL) {
        f.config.iterations = 20000;
        f.config.pixels = 4096;
    }
    if (o->iterations)
        f.config.iterations = o->iterations;
    refinement(o, &f.config);
    f.config.seed = o->common.seed;
    f.config.metal = !o->no_metal;
    f.config.indirect = !o->no_indirect;
    f.config.exposure = o->exposure;
    f.config.fixed_light = o->fixed_light;
    f.config.hybrid = o->hybrid;
    if (o->knobs)
        HL_TRY(read_knobs(o->knobs, &f.config));
    return hl_relight_fit(&f);
}

static hl_status check_words(const fit_options *o)
{
    if (o->fixed_light && !o->light)
        return hl_fail(HL_E_ARG, "--fixed-light needs --light");
    if (!o->maps && (o->envs || o->scale_by_truth))
        return hl_fail(HL_E_ARG, "%s needs --maps", o->envs ? "--envs" : "--scale-by-truth");
    return HL_OK;
}

int hl_cmd_relight_fit(int argc, char **argv)
{
    fit_options o = {
        .common = HL_COMMON_DEFAULTS, .hybrid = HL_HYBRID_WINDOW, .spp = 64, .denoise = 3};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    const hl_status words = check_words(&o);
    if (words != HL_OK) {
        hl_command_end(&spec, words);
        return HL_EXIT_USAGE;
    }
    return hl_command_end(&spec, run(&o));
}
