/* SPDX-License-Identifier: MIT */
/* helio sfm -- photos to cameras and points. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/sfm_input.h"
#include "cli/sfm_output.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"

typedef struct sfm_options {
    hl_common common;
    const char *photos, *out, *masks, *calibration, *poses, *truth, *cache, *database;
    int32_t model, pairs, mapper, overlap, max_features, cameras, max_memory_mb;
    double focal_px;
    bool invert_masks, upright, no_cache, keep_center, text, refine_poses, no_exif;
    bool database_features, write_database;
} sfm_options;

#define T           sfm_options
#define MODEL_WORDS "auto|pinhole|simple-radial|radial|opencv|simple-fisheye|radial-fisheye|fisheye"
static const hl_option rows[] = {
    HL_ARG(T, "PHOTOS", photos, "a folder of photos, or a capture whose photos are in images/"),
    HL_OPT_OUT(T, out, "FOLDER", "where sparse/0, report.json and pictures go; made if absent"),
    HL_OPT_CHOICE(T, "--camera-model", model, MODEL_WORDS,
                  "lens to estimate; auto is simple-radial"),
    HL_OPT_CHOICE(T, "--cameras", cameras, "auto|each",
                  "auto: photos of one size share a camera; each: every photo has its own"),
    HL_OPT_DOUBLE(T, "--focal-px", focal_px, 0, 1e6,
                  "focal length to start from, 0 to estimate it from pairs"),
    HL_OPT_FLAG(T, "--no-exif", no_exif, "do not trust the focal length that photos tell"),
    HL_OPT_TEXT(T, "--calibration", calibration, "PATH",
                "COLMAP model or transforms.json whose intrinsics are right and stay"),
    HL_OPT_TEXT(T, "--poses", poses, "PATH",
                "the same, and its poses are right too: only points are made"),
    HL_OPT_FLAG(T, "--refine-poses", refine_poses, "with --poses: adjust them with the points"),
    HL_OPT_CHOICE(T, "--pairs", pairs, "auto|exhaustive|sequential|retrieval",
                  "photos to match: auto is exhaustive up to 250 photos, then retrieval"),
    HL_OPT_CHOICE(
        T, "--mapper", mapper, "auto|incremental|global",
        "one photo after the other, or all at once; auto is incremental up to 300 photos, "
        "then global if the outcome stands its test"),
    HL_OPT_INT(T, "--overlap", overlap, 1, 1000, "following photos that sequential pairs match"),
    HL_OPT_INT(T, "--max-features", max_features, 100, HL_FEATURES_MAX, "per photo"),
    HL_OPT_FLAG(T, "--upright", upright, "photos are all level: features without direction"),
    HL_OPT_TEXT(T, "--masks", masks, "FOLDER", "masks: black is ignored"),
    HL_OPT_FLAG(T, "--invert-masks", invert_masks, "white is ignored instead"),
    HL_OPT_FLAG(T, "--keep-principal-point", keep_center,
                "never estimate the principal point; it is freed at the end from 8 photos on"),
    HL_OPT_TEXT(T, "--truth", truth, "PATH",
                "COLMAP model or transforms.json with true poses to compare with"),
    HL_OPT_TEXT(T, "--database", database, "FILE",
                "COLMAP database.db whose features and matches are taken instead of our own"),
    HL_OPT_FLAG(T, "--database-features", database_features,
                "with --database: take its features alone and match them here"),
    HL_OPT_FLAG(T, "--write-database", write_database,
                "write features and matches as OUT/database.db in COLMAP's form"),
    HL_OPT_TEXT(T, "--cache", cache, "FOLDER", "of features and matches; OUT/cache if not given"),
    HL_OPT_FLAG(T, "--no-cache", no_cache, "keep no features and matches on disk"),
    HL_OPT_INT(T, "--max-memory-mb", max_memory_mb, 0, 100000000,
               "do not start if it will take more; 0: only warn if it is more than is free"),
    HL_OPT_FLAG(T, "--text", text, "write the model as text"),
    HL_COMMON_OPTIONS(T),
};
#undef T
static const hl_command_spec spec = {
    "sfm", "photos to cameras and points, with reasons", rows, HL_ROWS(rows), NULL, NULL};

static const hl_camera_model models[] = {HL_CAMERA_SIMPLE_RADIAL,  HL_CAMERA_PINHOLE,
                                         HL_CAMERA_SIMPLE_RADIAL,  HL_CAMERA_RADIAL,
                                         HL_CAMERA_OPENCV,         HL_CAMERA_SIMPLE_RADIAL_FISHEYE,
                                         HL_CAMERA_RADIAL_FISHEYE, HL_CAMERA_OPENCV_FISHEYE};

static hl_status load(const sfm_options *o, hl_views *views, bool *focal_known)
{
    *focal_known = o->focal_px > 0;
    HL_TRY(hl_sfm_input_photos(views, o->photos, o->masks, o->invert_masks));
    hl_status status = HL_OK;
    if (o->poses)
        status = hl_sfm_input_poses(views, o->poses);
    else if (o->calibration)
        status = hl_sfm_input_calibration(views, o->calibration);
    else if (o->focal_px <= 0 && !o->no_exif)
        status = hl_sfm_input_exif(views, focal_known);
    if (status == HL_OK)
        status = hl_sfm_input_share(views, (sfm_cameras)o->cameras);
    if (status == HL_OK && o->focal_px > 0 && !o->poses && !o->calibration)
        hl_sfm_input_focal(views, o->focal_px);
    if (status != HL_OK)
        hl_views_release(views);
    return status;
}

/* Compares poses (count, by view) with those of the capture at `path`. */
static hl_status compare(const hl_views *views, const hl_pose *poses, const bool *has_pose,
                         const char *path, hl_pose_comparison *out)
{
    const size_t n = (size_t)views->view_count;
    hl_views other = {0};
    int32_t *found = hl_alloc(n, sizeof *found);
    hl_pose *got = hl_alloc(n, sizeof *got), *want = hl_alloc(n, sizeof *want);
    bool *has = hl_alloc(n, sizeof *has);
    hl_status status = found && got && want && has ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK)
        status = hl_sfm_input_match(views, path, &other, found);
    int32_t count = 0;
    for (int32_t i = 0; status == HL_OK && i < views->view_count; i++) {
        if (found[i] < 0 || !other.views[found[i]].has_pose)
            continue;
        want[count] = other.views[found[i]].camera_from_world;
        got[count] = poses[i];
        has[count++] = has_pose[i];
    }
    if (status == HL_OK)
        status = hl_pose_compare(out, got, has, want, count);
    hl_views_release(&other);
    hl_free(found);
    hl_free(got);
    hl_free(want);
    hl_free(has);
    return status;
}

static hl_status write_all(const sfm_options *o, const hl_views *views, const hl_sfm_result *result,
                           double wall)
{
    hl_pose_comparison truth;
    sfm_output out = {.views = views, .result = result, .folder = o->out, .text = o->text};
    if (o->truth && result->mapping.model_count > 0) {
        const hl_map_model *m = &result->mapping.models[0];
        HL_TRY(compare(views, m->poses, m->has_pose, o->truth, &truth));
        out.truth = &truth;
    }
    HL_TRY(hl_sfm_output_models(&out));
    HL_TRY(hl_sfm_output_pictures(&out));
    out.wall_seconds = hl_wall_seconds() - wall;
    out.cpu_seconds = hl_cpu_seconds();
    HL_TRY(hl_sfm_output_report(&out));
    if (o->common.json) {
        hl_json *root = hl_sfm_output_json(&out);
        return hl_command_print_json(&root);
    }
    hl_sfm_output_print(&out);
    return HL_OK;
}

/* Says what memory it will take, and refuses where that is too much. */
static hl_status check_memory(const sfm_options *o, const hl_views *views,
                              const hl_sfm_options *options)
{
    const double need = (double)hl_sfm_bytes(views, options) / 1048576;
    const double room = (double)hl_memory_available() / 1048576;
    if (o->max_memory_mb > 0 && need > o->max_memory_mb)
        return hl_fail(HL_E_MEMORY,
                       "%s: %d photos need about %.0f MB, --max-memory-mb allows %d: fewer "
                       "--max-features or --pairs sequential need less",
                       o->photos, views->view_count, need, o->max_memory_mb);
    if (room > 0 && need > room)
        hl_log(HL_LOG_WARN, "%d photos need about %.0f MB of memory, but %.0f MB are free",
               views->view_count, need, room);
    else
        hl_log(HL_LOG_INFO, "%d photos need about %.0f MB of memory, %.0f MB are free",
               views->view_count, need, room);
    return HL_OK;
}

static hl_status run(const sfm_options *o)
{
    const double start = hl_wall_seconds();
    char cache[4096], database[4096];
    hl_views views;
    hl_sfm_result result;
    bool focal_known;
    HL_TRY(hl_path_join(cache, sizeof cache, o->out, "cache"));
    HL_TRY(hl_path_join(database, sizeof database, o->out, "database.db"));
    HL_TRY(load(o, &views, &focal_known));
    hl_sfm_options options = {.seed = (uint64_t)o->common.seed,
                              .pairing = (hl_sfm_pairing)o->pairs,
                              .overlap = o->overlap,
                              .intrinsics_known = o->poses || o->calibration,
                              .focal_known = focal_known,
                              .set_model = o->model > 0,
                              .model = models[o->model],
                              .known_poses = o->poses != NULL};
    options.features.max_features = o->max_features;
    options.features.upright = o->upright;
    options.map.keep_principal_point = o->keep_center;
    options.map.refine_poses = o->refine_poses;
    options.map.method = (hl_map_method)o->mapper;
    options.database = o->database;
    options.database_features = o->database_features;
    options.database_out = o->write_database ? database : NULL;
    options.cache = o->no_cache ? NULL : (o->cache ? o->cache : cache);
    hl_status status = check_memory(o, &views, &options);
    if (status == HL_OK)
        status = hl_file_make_folder(o->out);
    if (status == HL_OK)
        status = hl_sfm_run(&result, &views, &options);
    if (status == HL_OK) {
        status = write_all(o, &views, &result, start);
        if (status == HL_OK && result.mapping.model_count == 0)
            status = hl_fail(HL_E_FORMAT,
                             "%s: no model: no two of the %d photos hold enough "
                             "matches with enough parallax; report.json says more",
                             o->photos, views.view_count);
        hl_sfm_result_release(&result);
    }
    hl_views_release(&views);
    return status;
}

int hl_cmd_sfm(int argc, char **argv)
{
    sfm_options o = {.common = HL_COMMON_DEFAULTS,
                     .overlap = HL_PAIRS_OVERLAP,
                     .max_features = HL_FEATURES_DEFAULT};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    return hl_command_end(&spec, run(&o));
}
