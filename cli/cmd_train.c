/* SPDX-License-Identifier: MIT */
/* helio train -- posed photos to splats. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/live_view.h"
#include "cli/train_data.h"
#include "cli/train_output.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/timer.h"
#include "raster/checkpoint.h"

#include <stdio.h>
#include <string.h>

enum { SCENE_OBJECT, SCENE_ROOM, SCENE_OUTDOOR };
enum { BACKGROUND_AUTO, BACKGROUND_BLACK, BACKGROUND_WHITE, BACKGROUND_RANDOM };
enum { DENSIFY_DEFAULT, DENSIFY_ADC, DENSIFY_MCMC, DENSIFY_NONE };

/* Bytes of code, libraries, thread stacks and small buffers: measured. */
#define PROCESS_BYTES ((size_t)12 << 20)
/* Share of the free memory that training may take. */
#define MEMORY_SHARE 0.9
/* Weights of --geometry for photos without alpha; the second where they do not show one object:
 * their masks keep more than that. */
#define OPEN_CONSISTENCY 0.05f
#define OPEN_DISTORTION  1.0f
#define OBJECT_KEPT      (2.0 / 3)

typedef struct train_options {
    hl_common common;
    const char *data, *out;
    int32_t preset, scene, densify;
    int32_t iterations, max_gaussians, sh_degree, init_random, coarse;
    bool eval, resume;
    int32_t eval_every, save_every;
    int32_t max_side_px, cache_mb;
    const char *images, *masks, *init_ply, *mesh, *knobs;
    bool no_masks, invert_masks;
    int32_t background, isa;
    bool antialias, filter_3d, exposure, refine_poses;
    float depth_weight, normal_weight;
    bool geometry, multi_view, deterministic, view;
    const char *view_script;
} train_options;

#define T train_options
static const hl_option rows[] = {
    HL_ARG(T, "DATA", data, "COLMAP model, transforms.json or TensoIR capture with its photos"),
    HL_OPT_OUT(T, out, "FOLDER", "where everything goes; made if it is not there"),
    HL_OPT_CHOICE(T, "--preset", preset, "fast|quality", "how much work to put in (see below)"),
    HL_OPT_CHOICE(T, "--scene", scene, "object|room|outdoor",
                  "what is seen: suggests how many splats at most"),
    HL_OPT_INT(T, "--iterations", iterations, 0, 100000000,
               "steps, 0 for the preset's; schedules stretch with them"),
    HL_OPT_CHOICE(T, "--densify", densify, "default|adc|mcmc|none",
                  "how splats are added: our recipe, or one of two published ones"),
    HL_OPT_INT(T, "--max-gaussians", max_gaussians, 0, 33554431,
               "splats at most, 0 for what preset, scene and picture size suggest"),
    HL_OPT_INT(T, "--sh-degree", sh_degree, 0, 3, "degree of view-dependent colour"),
    HL_OPT_FLAG(T, "--eval", eval, "hold out the capture's test views, else every 8th photo"),
    HL_OPT_INT(T, "--eval-every", eval_every, 0, 100000000,
               "steps between scores of the held-out photos, 0 for the end only"),
    HL_OPT_INT(T, "--save-every", save_every, 0, 100000000,
               "steps between saves, 0 for the end only"),
    HL_OPT_FLAG(T, "--resume", resume, "go on from the newest whole checkpoint in FOLDER/ckpt"),
    HL_OPT_FLAG(T, "--dry-run", common.dry_run, "say how much memory it will take, and stop"),
    HL_OPT_INT(T, "--max-side-px", max_side_px, 0, 65500,
               "longer side of the pictures, 0 for their own; never enlarged"),
    HL_OPT_INT(T, "--cache-mb", cache_mb, 16, 1048576, "memory for decoded photos"),
    HL_OPT_TEXT(T, "--images", images, "FOLDER", "folder of the photos, if not DATA/images"),
    HL_OPT_TEXT(T, "--masks", masks, "FOLDER", "folder of the masks, if not DATA/masks"),
    HL_OPT_FLAG(T, "--no-masks", no_masks, "leave masks aside"),
    HL_OPT_FLAG(T, "--invert-masks", invert_masks, "white is ignored instead of black"),
    HL_OPT_TEXT(T, "--init-ply", init_ply, "FILE", "splats to start from instead of the points"),
    HL_OPT_TEXT(T, "--mesh", mesh, "FILE",
                "surface that holds the splats: with --init-ply a second, gentle step"),
    HL_OPT_INT(T, "--init-random", init_random, 0, 33554431,
               "random splats to start from where there are no points, 0 for a number that suits"),
    HL_OPT_INT(T, "--coarse", coarse, 1, 8, "pictures start 1/N of their size; 1 for full size"),
    HL_OPT_CHOICE(T, "--background", background, "auto|black|white|random",
                  "behind transparent photos; auto: random, scored on white; else black"),
    HL_OPT_FLAG(T, "--antialias", antialias, "2D mip filter: right sizes from further away"),
    HL_OPT_FLAG(T, "--filter-3d", filter_3d, "3D filter: nothing finer than the photos show"),
    HL_OPT_FLAG(T, "--exposure", exposure, "fit a colour transform per photo"),
    HL_OPT_FLAG(T, "--refine-poses", refine_poses, "move the cameras too"),
    HL_OPT_FLOAT(T, "--depth-weight", depth_weight, 0, 1e6,
                 "weight of the depth maps of the capture in the loss"),
    HL_OPT_FLOAT(T, "--normal-weight", normal_weight, 0, 1e6,
                 "weight of the normal maps of the capture in the loss"),
    HL_OPT_FLAG(T, "--geometry", geometry,
                "flat splats that agree on a surface, with --antialias: for meshes and relighting"),
    HL_OPT_FLAG(T, "--multi-view", multi_view,
                "with --geometry: depth and texture agree with other photos; not for alpha"),
    HL_OPT_FLAG(T, "--deterministic", deterministic,
                "the same bytes in every run on a GPU too, where that is slower"),
    HL_OPT_TEXT(T, "--knobs", knobs, "FILE", "JSON object of training knobs (docs/training.md)"),
    HL_OPT_CHOICE(T, "--isa", isa, "auto|plain|avx2|avx512", "instruction set of the cpu backend"),
    HL_OPT_FLAG(T, "--view", view, "a window that shows the splats while they are trained"),
    HL_OPT_TEXT(T, "--view-script", view_script, "FILE",
                "actions of helio view, replayed without a window while training runs"),
    HL_COMMON_OPTIONS(T),
};

static const hl_command_spec spec = {
    "train",
    "posed photos to splats",
    rows,
    HL_ROWS(rows),
    NULL,
    "fast: 10,000 steps, at most 1 M splats, learning rates that end early; quality: 30,000\n"
    "steps, at most 3 M.  --scene object takes a third of that; outdoor all; room two thirds.\n"
    "FOLDER gets config.json, log.jsonl, cameras.json, ckpt/step_N.helio and\n"
    "point_cloud/iteration_N/point_cloud.ply.",
};

static void set_background(const train_options *o, const hl_train_scene *scene, hl_train_config *c)
{
    const bool automatic = o->background == BACKGROUND_AUTO;
    const bool white = o->background == BACKGROUND_WHITE || (automatic && scene->has_alpha);
    c->background_r = c->background_g = c->background_b = white ? 1 : 0;
    c->random_background = o->background == BACKGROUND_RANDOM || (automatic && scene->has_alpha);
}

/* Where no alpha holds silhouettes, a strong pull on normals smooths details away, and of a fox's
 * head before a wall it left a sheet.  The pull on depths knows the centres of splats alone: large
 * ones, as those of floors seen aslant and of what is far, it holds down although they lie right,
 * and a hundred times as much as here costs them five to thirteen decibels (docs/results.md). */
static hl_status set_geometry(const train_options *o, const train_data *d, hl_train_config *c)
{
    c->geometry = o->geometry;
    c->multi_view = o->multi_view;
    if (!o->geometry || d->scene.has_alpha)
        return HL_OK;
    double kept;
    HL_TRY(hl_train_data_kept(d, &kept));
    c->consistency_weight = OPEN_CONSISTENCY;
    if (kept > OBJECT_KEPT)
        c->distortion_weight = OPEN_DISTORTION;
    return HL_OK;
}

/* More splats than that per pixel of a photo are not worth their time on a processor. */
static int32_t suggested_cap(const train_options *o, const train_data *d, int32_t preset_cap)
{
    static const double share[3] = {1.0 / 3, 2.0 / 3, 1};
    const double pixels = (double)d->max_width * d->max_height;
    const double most = preset_cap * share[o->scene], by_size = 0.5 * pixels + 10000;
    return (int32_t)(most < by_size ? most : by_size);
}

static hl_status read_knobs(const char *path, hl_train_config *c)
{
    hl_json *root;
    HL_TRY(hl_json_load(&root, path));
    const hl_status s = hl_train_config_from_json(c, root, path);
    hl_json_destroy(&root);
    return s;
}

static hl_status make_config(const train_options *o, const train_data *d, hl_train_config *c)
{
    static const hl_density_kind kinds[] = {HL_DENSITY_BUDGET, HL_DENSITY_ADC, HL_DENSITY_MCMC,
                                            HL_DENSITY_NONE};
    hl_train_config_init(c);
    hl_train_config_preset(c, (hl_train_preset)o->preset, o->iterations, d->scene.train_count);
    hl_train_config_recipe(c, kinds[o->densify]);
    c->seed = o->common.seed;
    c->cap = o->max_gaussians > 0 ? o->max_gaussians : suggested_cap(o, d, c->cap);
    if (o->coarse > 0)
        c->coarse_factor = o->coarse;
    c->sh_degree = o->sh_degree;
    if (o->init_random > 0)
        c->init_random = o->init_random;
    c->antialiased = o->antialias || o->geometry; /* the plain filter sinks surfaces a pixel */
    c->filter_3d = o->filter_3d;
    c->exposure = o->exposure;
    c->pose = o->refine_poses;
    c->depth_weight = c->depth_weight_end = o->depth_weight;
    c->normal_weight = o->normal_weight;
    HL_TRY(set_geometry(o, d, c));
    if (o->mesh && o->init_ply)
        hl_train_config_settle(c);
    set_background(o, &d->scene, c);
    return o->knobs ? read_knobs(o->knobs, c) : HL_OK;
}

/* What training needs of the host, and of a GPU where one takes part. */
typedef struct train_needs {
    hl_train_memory host;
    bool on_device;                 /* --backend cuda, or auto and there is one            */
    bool found;                     /* the device is there: the next two are its own       */
    size_t device_all, device_free; /* bytes                                               */
    size_t device, device_photos;   /* bytes needed, photos apart                          */
} train_needs;

static void find_device(const train_options *o, train_needs *n)
{
    n->found = o->common.backend != HL_BACKEND_CPU &&
               hl_raster_device_memory("cuda", &n->device_all, &n->device_free) == HL_OK;
    n->on_device = n->found || o->common.backend == HL_BACKEND_CUDA;
}

/* 8-bit photos, all of them where half of what is free takes them, else three of the largest. */
static size_t device_photo_bytes(const train_data *d, const train_needs *n,
                                 const hl_train_config *c)
{
    const size_t per_pixel = (d->scene.has_alpha ? 4u : 3u) + (c->depth_weight > 0 ? 4u : 0u) +
                             (c->normal_weight > 0 ? 12u : 0u);
    size_t all = 0;
    for (int32_t k = 0; k < d->scene.train_count; k++) {
        const hl_raster_view *v = &d->scene.views[d->scene.train[k]];
        all += (size_t)v->width * (size_t)v->height * per_pixel;
    }
    const size_t ring = 3 * (size_t)d->max_width * (size_t)d->max_height * per_pixel;
    return n->found && all > n->device_free / 2 ? ring : all;
}

static void predict(train_needs *n, const train_options *o, const train_data *d,
                    const train_data_options *data_options, const hl_train_config *c)
{
    hl_train_predict(&n->host, c, d->max_width, d->max_height, d->scene.has_alpha, 0,
                     hl_train_data_photo_bytes(d, data_options));
    n->host.total += PROCESS_BYTES;
    if (!n->on_device)
        return;
    n->host.total -= n->host.raster + n->host.loss; /* those are the device's then */
    n->host.raster = n->host.loss = 0;
    n->device = hl_train_device_bytes("cuda", c, d->max_width, d->max_height, 0, o->deterministic);
    n->device_photos = device_photo_bytes(d, n, c);
}

static bool fits_device(const train_needs *n)
{
    return !n->found ||
           (double)(n->device + n->device_photos) <= MEMORY_SHARE * (double)n->device_free;
}

/* Lowers the cap until training fits the free memory, and says so. */
static hl_status fit_memory(const train_options *o, const train_data *d,
                            const train_data_options *data_options, hl_train_config *c,
                            train_needs *n)
{
    const double room = MEMORY_SHARE * (double)hl_memory_available();
    const int32_t wanted = c->cap;
    find_device(o, n);
    predict(n, o, d, data_options, c);
    while (((room > 0 && (double)n->host.total > room) || !fits_device(n)) && c->cap > 1000) {
        c->cap = (int32_t)(c->cap * 0.9);
        predict(n, o, d, data_options, c);
    }
    if (room > 0 && (double)n->host.total > room)
        return hl_fail(HL_E_MEMORY, "training needs %.0f MB, %.0f MB are free",
                       (double)n->host.total / 1e6, room / 1e6);
    if (!fits_device(n))
        return hl_fail(HL_E_MEMORY, "training needs %.0f MB of device memory, %.0f MB are free",
                       (double)(n->device + n->device_photos) / 1e6, (double)n->device_free / 1e6);
    if (c->cap < wanted)
        hl_log(HL_LOG_WARN, "at most %d splats instead of %d: %.0f MB are free", c->cap, wanted,
               (n->found ? (double)n->device_free : room) / 1e6);
    return HL_OK;
}

static void add_device(hl_json *root, const train_needs *n)
{
    if (!n->on_device)
        return;
    hl_json_add_number(root, "device_bytes", (double)n->device);
    hl_json_add_number(root, "device_photos_bytes", (double)n->device_photos);
    if (n->found)
        hl_json_add_number(root, "device_free_bytes", (double)n->device_free);
    else
        hl_json_add_null(root, "device_free_bytes");
}

static hl_status print_memory(const train_options *o, const train_data *d, const hl_train_config *c,
                              const train_needs *n)
{
    const hl_train_memory *m = &n->host;
    if (o->common.json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.train.memory/1");
        hl_json_add_number(root, "splats_max", c->cap);
        hl_json_add_number(root, "splats_bytes", (double)m->splats);
        hl_json_add_number(root, "raster_bytes", (double)m->raster);
        hl_json_add_number(root, "loss_bytes", (double)m->loss);
        hl_json_add_number(root, "photos_bytes", (double)m->photos);
        hl_json_add_number(root, "total_bytes", (double)m->total);
        add_device(root, n);
        return hl_command_print_json(&root);
    }
    printf("%d photos of at most %dx%d pixels, at most %d splats\n", d->scene.train_count,
           d->max_width, d->max_height, c->cap);
    const char *name[] = {"splats", "rasterizer", "loss", "photos", "total"};
    const size_t bytes[] = {m->splats, m->raster, m->loss, m->photos, m->total};
    for (int k = 0; k < 5; k++)
        printf("%-12s %10.1f MB\n", name[k], (double)bytes[k] / 1e6);
    if (n->on_device) {
        printf("%-12s %10.1f MB\n%-12s %10.1f MB\n", "GPU", (double)n->device / 1e6, "GPU photos",
               (double)n->device_photos / 1e6);
        if (n->found)
            printf("%-12s %10.1f MB\n", "GPU free", (double)n->device_free / 1e6);
        else
            printf("%-12s no device here\n", "GPU free");
    }
    return HL_OK;
}

static hl_status print_result(const train_options *o, const train_output *out, double seconds,
                              int32_t steps)
{
    const int32_t splats = hl_trainer_splats(out->trainer);
    const double cpu = hl_cpu_seconds() - out->cpu_start;
    if (o->common.json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.train/1");
        hl_json_add_text(root, "point_cloud", out->ply);
        hl_json_add_text(root, "isa", hl_trainer_isa_name(out->trainer));
        hl_json_add_number(root, "iterations", hl_trainer_steps(out->trainer));
        hl_json_add_number(root, "splats", splats);
        hl_json_add_number(root, "seconds", seconds);
        hl_json_add_number(root, "cpu_seconds", cpu);
        hl_json_add_number(root, "cpu_ms_per_iteration", steps > 0 ? 1e3 * cpu / steps : 0);
        hl_json_add_number(root, "held_bytes", (double)hl_trainer_bytes_held(out->trainer));
        hl_json_add_number(root, "peak_rss_mb", (double)hl_memory_peak() / 1048576);
        if (out->scored) {
            hl_json_add_number(root, "psnr", out->score.psnr);
            hl_json_add_number(root, "ssim", out->score.ssim);
        } else {
            hl_json_add_null(root, "psnr");
            hl_json_add_null(root, "ssim");
            hl_json_add_text(root, "psnr_reason", "no photo was held out; use --eval");
        }
        return hl_command_print_json(&root);
    }
    printf(
        "%s: %d splats after %d steps, %.1f s wall, %.1f s processor (%.1f ms a step), %.0f MB\n",
        out->ply, splats, hl_trainer_steps(out->trainer), seconds, cpu,
        steps > 0 ? 1e3 * cpu / steps : 0, (double)hl_memory_peak() / 1048576);
    if (out->scored)
        printf("held-out photos: PSNR %.3f dB, SSIM %.4f\n", out->score.psnr, out->score.ssim);
    return HL_OK;
}

/* The newest whole checkpoint, its configuration and step; -1 where there is none. */
static hl_status find_checkpoint(const train_output *out, char *path, size_t capacity,
                                 hl_train_config *config, int32_t *step)
{
    char folder[1024];
    bool found;
    *step = -1;
    HL_TRY(hl_train_output_checkpoints(out, folder, sizeof folder));
    HL_TRY(hl_checkpoint_newest(path, capacity, &found, folder));
    if (!found) {
        hl_log(HL_LOG_WARN, "%s holds no checkpoint: starting anew", folder);
        return HL_OK;
    }
    HL_TRY(hl_checkpoint_config(config, step, path));
    hl_log(HL_LOG_INFO, "going on from %s with its settings", path);
    return HL_OK;
}

static hl_status save_config(const train_options *o)
{
    char path[1024];
    HL_TRY(hl_path_join(path, sizeof path, o->out, "config.json"));
    hl_json *root = hl_options_to_json(&spec, o);
    const hl_status s = hl_json_save(root, path);
    hl_json_destroy(&root);
    return s;
}

typedef struct running {
    hl_trainer *trainer;
    const hl_train_events *events;
} running;

static hl_status run_training(void *ctx)
{
    const running *r = ctx;
    return hl_trainer_run(r->trainer, 0, r->events);
}

static hl_status train(const train_options *o, train_data *d, hl_train_config *config)
{
    train_output out;
    char checkpoint[1024];
    int32_t from = -1;
    hl_spans spans = {.count = 0};
    HL_TRY(hl_train_output_open(&out, o->out));
    HL_TRY(save_config(o));
    if (o->resume)
        HL_TRY(find_checkpoint(&out, checkpoint, sizeof checkpoint, config, &from));
    out.scene = &d->scene;
    hl_status s = hl_trainer_create(&out.trainer, config, &d->scene, hl_command_backend(&o->common),
                                    (hl_isa)o->isa);
    if (s == HL_OK && o->deterministic)
        hl_trainer_deterministic(out.trainer, true);
    if (s == HL_OK && from >= 0)
        s = hl_checkpoint_load(out.trainer, checkpoint);
    if (s == HL_OK)
        s = hl_train_output_log(&out, from);
    if (s == HL_OK)
        s = hl_train_output_cameras(&out);
    if (s == HL_OK && o->common.profile)
        hl_trainer_profile(out.trainer, &spans);
    const double start = hl_wall_seconds();
    hl_train_events events = {.ctx = &out,
                              .record = hl_train_output_record,
                              .eval = hl_train_output_eval,
                              .save = hl_train_output_save,
                              .eval_every =
                                  o->eval_every > 0 ? o->eval_every : (o->eval ? INT32_MAX : 0),
                              .save_every = o->save_every};
    running r = {out.trainer, &events};
    const hl_live_options live = {
        .data = d,
        .background = {config->background_r, config->background_g, config->background_b},
        .script = o->view_script};
    if (s == HL_OK && (o->view || o->view_script))
        s = hl_live_train(&live, out.trainer, &events, run_training, &r);
    else if (s == HL_OK)
        s = run_training(&r);
    if (s == HL_OK)
        s = print_result(o, &out, hl_wall_seconds() - start,
                         hl_trainer_steps(out.trainer) - (from > 0 ? from : 0));
    if (o->common.profile)
        hl_command_print_spans(&spans);
    hl_train_output_close(&out);
    hl_trainer_destroy(&out.trainer);
    return s;
}

static hl_status run(const train_options *o)
{
    char undistorted[1024];
    if (o->multi_view && !o->geometry)
        return hl_fail(HL_E_ARG, "--multi-view needs --geometry");
    HL_TRY(hl_path_join(undistorted, sizeof undistorted, o->out, "cache/undistorted"));
    const train_data_options data_options = {
        .path = o->data,
        .dataset = {.images = o->images,
                    .masks = o->masks,
                    .no_masks = o->no_masks,
                    .invert_masks = o->invert_masks,
                    .split = o->eval ? HL_DATASET_SPLIT_AUTO : HL_DATASET_SPLIT_NONE},
        .photos = {.max_side_px = o->max_side_px,
                   .cache_bytes = (uint64_t)o->cache_mb << 20,
                   .undistorted_folder = undistorted},
        .init_path = o->init_ply,
        .mesh_path = o->mesh,
        .want_depth = o->depth_weight > 0,
        .want_normal = o->normal_weight > 0};
    train_data data;
    hl_train_config config;
    train_needs memory = {.on_device = false};
    hl_status s = hl_train_data_open(&data, &data_options);
    if (s == HL_OK)
        s = make_config(o, &data, &config);
    if (s == HL_OK)
        s = hl_train_config_check(&config);
    if (s == HL_OK)
        s = fit_memory(o, &data, &data_options, &config, &memory);
    if (s == HL_OK) {
        hl_log(HL_LOG_INFO, "%d photos to train on, %d held out, at most %d splats, about %.0f MB",
               data.scene.train_count, data.scene.test_count, config.cap,
               (double)memory.host.total / 1e6);
        s = o->common.dry_run ? print_memory(o, &data, &config, &memory) : train(o, &data, &config);
    }
    hl_train_data_release(&data);
    return s;
}

int hl_cmd_train(int argc, char **argv)
{
    train_options o = {.common = HL_COMMON_DEFAULTS,
                       .scene = SCENE_OUTDOOR,
                       .sh_degree = 3,
                       .save_every = 7000,
                       .max_side_px = 1600,
                       .cache_mb = 1024,
                       .coarse = 2};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    return hl_command_end(&spec, run(&o));
}
