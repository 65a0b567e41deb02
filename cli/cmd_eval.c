/* SPDX-License-Identifier: MIT */
/* helio eval -- renders the held-out views of a trained scene and scores them against the photos;
 * with --protocol, scores a folder of predicted materials and relit pictures against ground truth.
 */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/eval_maps.h"
#include "cli/eval_report.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/metric.h"
#include "core/sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SUBSET_TEST, SUBSET_TRAIN, SUBSET_ALL, SHEET_ROWS = 8, SHEET_COLUMNS = 5, SHEET_SIDE = 320 };

#define DIFFERENCE_GAIN 4

typedef struct eval_options {
    hl_common common;
    const char *path, *data, *out, *background, *lpips, *require;
    int32_t iteration, max_side_px, split_every, subset, protocol;
    bool sheet, no_images;
} eval_options;

static const hl_option rows[] = {
    HL_ARG(eval_options, "SCENE", path,
           "output folder of helio train, a file of splats, or a folder of predicted maps"),
    HL_OPT_CHOICE(eval_options, "--protocol", protocol, "none|helio|tensoir|gsir|r3dg|irgs|orb",
                  "score SCENE as maps of materials and relit pictures, by these rules"),
    HL_OPT_TEXT(eval_options, "--data", data, "PATH",
                "the capture to compare with; found in config.json if left out"),
    HL_OPT_OUT_OPTIONAL(eval_options, out, "FOLDER", "where results go; SCENE if left out"),
    HL_OPT_INT(eval_options, "--iteration", iteration, 0, INT32_MAX,
               "iteration to score, 0 for the newest"),
    HL_OPT_CHOICE(eval_options, "--split", subset, "test|train|all", "views to score"),
    HL_OPT_INT(eval_options, "--split-every", split_every, 0, 1000000,
               "every Nth view is a test view, 0 for what training did"),
    HL_OPT_INT(eval_options, "--max-side-px", max_side_px, 0, 16384,
               "longer side of the pictures, 0 for what training did"),
    HL_OPT_TEXT(eval_options, "--background", background, "COLOR",
                "black, white or r,g,b behind the splats and photos with alpha"),
    HL_OPT_TEXT(eval_options, "--lpips", lpips, "FILE",
                "SqueezeNet weights (safetensors) for LPIPS; without them it is null"),
    HL_OPT_TEXT(eval_options, "--require", require, "CONDITION",
                "fail unless met, such as nvs.psnr>=30,nvs.ssim>=0.9; relight.psnr with maps"),
    HL_OPT_FLAG(eval_options, "--sheet", sheet,
                "write sheets/eval.png: photo, render, difference, "
                "depth, normal"),
    HL_OPT_FLAG(eval_options, "--no-images", no_images,
                "leave out the folders test/ours_N/renders and gt"),
    HL_COMMON_OPTIONS(eval_options),
};
static const hl_command_spec spec = {
    "eval", "scores held-out views against the photos", rows, HL_ROWS(rows), NULL, NULL};

typedef struct evaluation {
    const eval_options *o;
    hl_scene scene;
    hl_lpips *lpips;
    const char *folder; /* results */
    int32_t count;
    int32_t *index;       /* (count) into scene.views */
    hl_eval_view *scores; /* (count) */
    bool masked;
    hl_image8 sheet[SHEET_ROWS * SHEET_COLUMNS];
    char captions[SHEET_ROWS * SHEET_COLUMNS][64];
    int32_t sheet_rows;
    double printed; /* wall time of the last progress */
} evaluation;

/* ---- one view ----------------------------------------------------------------------------- */

typedef struct picture_pair {
    hl_image8 photo, render; /* 3 channels */
    uint8_t *mask;           /* (height, width) or NULL */
} picture_pair;

static void release_pair(picture_pair *p)
{
    hl_image8_release(&p->photo);
    hl_image8_release(&p->render);
    hl_free(p->mask);
    p->mask = NULL;
}

/* The photo over the background, rounded to 8 bits. */
static hl_status flatten_photo(const hl_image8 *in, const float background[3], hl_image8 *out)
{
    HL_TRY(hl_image8_create(out, in->width, in->height, 3));
    const size_t pixels = (size_t)in->width * (size_t)in->height, c = (size_t)in->channels;
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < 3; k++) {
            const uint8_t *p = in->data + i * c;
            const float alpha = c == 4 ? (float)p[3] / 255 : 1;
            const float value = (float)p[c >= 3 ? k : 0];
            out->data[3 * i + k] =
                (uint8_t)(alpha * value + (1 - alpha) * 255 * background[k] + 0.5f);
        }
    return HL_OK;
}

static hl_status copy_mask(const hl_image8 *mask, picture_pair *pair)
{
    if (!mask)
        return HL_OK;
    const size_t pixels = (size_t)mask->width * (size_t)mask->height;
    pair->mask = hl_alloc(pixels, 1);
    if (!pair->mask)
        return HL_E_MEMORY;
    memcpy(pair->mask, mask->data, pixels);
    return HL_OK;
}

static void blacken(hl_image *image, const uint8_t *mask)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < pixels; i++)
        if (!mask[i])
            memset(image->data + 3 * i, 0, 3 * sizeof(float));
}

static hl_status score_pair(const evaluation *e, const picture_pair *pair, hl_eval_view *score)
{
    hl_image a = {0}, b = {0};
    double mse = 0;
    hl_status s = hl_image_from_8(&a, &pair->render);
    if (s == HL_OK)
        s = hl_image_from_8(&b, &pair->photo);
    if (s == HL_OK)
        s = hl_metric_mse(&mse, &a, &b, pair->mask);
    if (s == HL_OK && pair->mask) {
        blacken(&a, pair->mask);
        blacken(&b, pair->mask);
    }
    if (s == HL_OK)
        s = hl_metric_ssim(&score->ssim, &a, &b);
    score->psnr = hl_metric_psnr(mse);
    score->lpips = nan("");
    if (s == HL_OK && e->lpips)
        s = hl_lpips_distance(&score->lpips, e->lpips, &a, &b);
    hl_image_release(&a);
    hl_image_release(&b);
    return s;
}

static hl_status save_pair(const evaluation *e, int32_t k, const picture_pair *pair)
{
    char path[HL_SCENE_PATH_MAX], name[64];
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "test/ours_%d/%s/%05d.png", e->scene.iteration,
                 i ? "gt" : "renders", k);
        HL_TRY(hl_path_join(path, sizeof path, e->folder, name));
        HL_TRY(hl_image8_save(i ? &pair->photo : &pair->render, path));
    }
    return HL_OK;
}

static hl_status keep_for_sheet(evaluation *e, const hl_eval_view *score, picture_pair *pair,
                                const hl_raster_frame *frame)
{
    hl_image depth = {0}, normal = {0};
    hl_image8 *cell = &e->sheet[e->sheet_rows * SHEET_COLUMNS];
    char(*caption)[64] = &e->captions[e->sheet_rows * SHEET_COLUMNS];
    snprintf(caption[0], sizeof *caption, "%.60s", score->image);
    snprintf(caption[1], sizeof *caption, "render %.2f dB, SSIM %.3f", score->psnr, score->ssim);
    snprintf(caption[2], sizeof *caption, "difference x %d", DIFFERENCE_GAIN);
    snprintf(caption[3], sizeof *caption, "depth");
    snprintf(caption[4], sizeof *caption, "normal");
    hl_status s = hl_scene_depth(frame, &depth);
    if (s == HL_OK)
        s = hl_scene_normal(frame, &normal);
    if (s == HL_OK)
        s = hl_sheet_difference(&cell[2], &pair->photo, &pair->render, DIFFERENCE_GAIN);
    if (s == HL_OK)
        s = hl_sheet_depth(&cell[3], &depth, 0, 0);
    if (s == HL_OK)
        s = hl_sheet_normal(&cell[4], &normal, NULL);
    cell[0] = pair->photo; /* taken over */
    cell[1] = pair->render;
    memset(&pair->photo, 0, sizeof pair->photo);
    memset(&pair->render, 0, sizeof pair->render);
    e->sheet_rows++;
    hl_image_release(&depth);
    hl_image_release(&normal);
    return s;
}

static bool on_sheet(const evaluation *e, int32_t k)
{
    const int64_t wanted = e->count < SHEET_ROWS ? e->count : SHEET_ROWS;
    return e->o->sheet && e->sheet_rows < SHEET_ROWS &&
           k == (int32_t)((int64_t)e->sheet_rows * e->count / wanted);
}

static hl_status render_pair(evaluation *e, int32_t k, picture_pair *pair, hl_raster_frame *frame)
{
    hl_raster_view view;
    hl_photo photo;
    const uint32_t outputs = on_sheet(e, k) ? HL_RASTER_DEPTH | HL_RASTER_NORMAL : 0;
    const int32_t index = e->index[k];
    HL_TRY(hl_scene_view(&e->scene, index, &view));
    const double start = hl_wall_seconds();
    HL_TRY(hl_scene_render(&e->scene, &view, outputs, frame));
    e->scores[k].render_s = hl_wall_seconds() - start;
    HL_TRY(hl_photos_acquire(e->scene.photos, index, &photo));
    hl_status s = flatten_photo(photo.image, e->scene.background, &pair->photo);
    if (s == HL_OK)
        s = copy_mask(photo.mask, pair);
    hl_photos_release(e->scene.photos, index);
    return s == HL_OK ? hl_scene_color(frame, &pair->render) : s;
}

static hl_status evaluate_view(evaluation *e, int32_t k)
{
    picture_pair pair = {0};
    hl_raster_frame frame;
    hl_eval_view *score = &e->scores[k];
    score->image = e->scene.views.views[e->index[k]].name;
    hl_status s = render_pair(e, k, &pair, &frame);
    if (s == HL_OK)
        s = score_pair(e, &pair, score);
    if (s == HL_OK && !e->o->no_images)
        s = save_pair(e, k, &pair);
    e->masked = e->masked || pair.mask;
    if (s == HL_OK && on_sheet(e, k))
        s = keep_for_sheet(e, score, &pair, &frame);
    release_pair(&pair);
    return s == HL_OK ? HL_OK : hl_fail_context(s, "%s", score->image);
}

/* ---- all views ---------------------------------------------------------------------------- */

static hl_status choose_views(evaluation *e)
{
    const hl_views *v = &e->scene.views;
    e->index = hl_alloc((size_t)v->view_count, sizeof *e->index);
    e->scores = hl_alloc((size_t)v->view_count, sizeof *e->scores);
    if (!e->index || !e->scores)
        return HL_E_MEMORY;
    if (e->o->subset == SUBSET_ALL) {
        for (e->count = 0; e->count < v->view_count; e->count++)
            e->index[e->count] = e->count;
    } else {
        const bool test = e->o->subset == SUBSET_TEST;
        e->count = hl_views_in_split(v, test ? HL_SPLIT_TEST : HL_SPLIT_TRAIN, e->index);
        if (!e->count)
            return hl_fail(HL_E_FORMAT,
                           "%s: no %s views with split \"%s\"; give --split-every 8 or --split %s",
                           e->scene.data, test ? "test" : "training", e->scene.split,
                           test ? "train" : "test");
    }
    if (e->o->subset == SUBSET_TEST && e->scene.held_out == HL_TRAINED_ON)
        hl_log(HL_LOG_WARN, "training saw these views: it ran without --eval");
    return hl_photos_prefetch(e->scene.photos, e->index, e->count);
}

static hl_status make_folders(const evaluation *e)
{
    char path[HL_SCENE_PATH_MAX], name[64];
    HL_TRY(hl_file_make_folder(e->folder));
    for (int i = 0; i < 2 && !e->o->no_images; i++) {
        snprintf(name, sizeof name, "test/ours_%d/%s", e->scene.iteration, i ? "gt" : "renders");
        HL_TRY(hl_path_join(path, sizeof path, e->folder, name));
        HL_TRY(hl_file_make_folder(path));
    }
    return HL_OK;
}

static hl_status save_sheet(evaluation *e)
{
    char path[HL_SCENE_PATH_MAX];
    hl_sheet_cell cells[SHEET_ROWS * SHEET_COLUMNS];
    hl_image8 sheet;
    for (int32_t i = 0; i < e->sheet_rows * SHEET_COLUMNS; i++)
        cells[i] = (hl_sheet_cell){&e->sheet[i], e->captions[i]};
    const hl_image8 *first = &e->sheet[0];
    const double scale =
        (double)SHEET_SIDE / (first->width > first->height ? first->width : first->height);
    const int32_t width = (int32_t)fmax(150, first->width * scale);
    const int32_t height = (int32_t)fmax(60, first->height * scale);
    HL_TRY(hl_path_join(path, sizeof path, e->folder, "sheets"));
    HL_TRY(hl_file_make_folder(path));
    HL_TRY(hl_path_join(path, sizeof path, e->folder, "sheets/eval.png"));
    HL_TRY(hl_sheet_build(&sheet, cells, e->sheet_rows, SHEET_COLUMNS, width, height));
    const hl_status s = hl_image8_save(&sheet, path);
    hl_image8_release(&sheet);
    return s;
}

static hl_status print_report(const evaluation *e, const hl_eval_report *r)
{
    if (e->o->common.json) {
        hl_json *root = hl_eval_report_json(r);
        return hl_command_print_json(&root);
    }
    printf("%s: %d splats, %d %s views of %s at %d x %d\n", e->scene.file, e->scene.splats.count,
           r->count, r->subset, e->scene.data, r->width, r->height);
    printf("PSNR %.3f dB, SSIM %.4f", r->psnr, r->ssim);
    if (!isnan(r->lpips))
        printf(", LPIPS-squeeze %.4f", r->lpips);
    printf("\n%s/eval.json\n", e->folder);
    if (e->sheet_rows)
        printf("%s/sheets/eval.png\n", e->folder);
    return HL_OK;
}

/* Names the ground truth: the files of the scored photos, in order. */
static hl_status hash_photos(const evaluation *e, char text[HL_SHA256_TEXT])
{
    hl_sha256 hash;
    hl_sha256_init(&hash);
    for (int32_t k = 0; k < e->count; k++)
        HL_TRY(hl_sha256_add_file(&hash, e->scene.views.views[e->index[k]].image_path));
    hl_sha256_end(&hash, text);
    return HL_OK;
}

static hl_status report(evaluation *e)
{
    static const char *const subsets[] = {"test", "train", "all"};
    const hl_camera *first = hl_photos_camera(e->scene.photos, e->index[0]);
    hl_eval_report r = {.scene = &e->scene,
                        .subset = subsets[e->o->subset],
                        .width = first->width,
                        .height = first->height,
                        .count = e->count,
                        .views = e->scores,
                        .masked = e->masked,
                        .lpips_reason = "no weights: give --lpips FILE"};
    hl_eval_report_average(&r);
    hl_eval_report_read_log(&r);
    HL_TRY(hash_photos(e, r.sha256));
    HL_TRY(hl_eval_report_save(&r, e->folder));
    if (e->sheet_rows)
        HL_TRY(save_sheet(e));
    HL_TRY(print_report(e, &r));
    return e->o->require ? hl_eval_report_require(&r, e->o->require) : HL_OK;
}

static hl_status evaluate(evaluation *e)
{
    const eval_options *o = e->o;
    const hl_scene_options so = {.path = o->path,
                                 .backend = hl_command_backend(&o->common),
                                 .data = o->data,
                                 .iteration = o->iteration,
                                 .max_side_px = o->max_side_px,
                                 .split_every = o->split_every,
                                 .background = o->background,
                                 .need_data = true};
    HL_TRY(hl_scene_open(&e->scene, &so));
    e->folder = o->out ? o->out : e->scene.folder;
    if (o->lpips)
        HL_TRY(hl_lpips_load(&e->lpips, o->lpips));
    HL_TRY(choose_views(e));
    HL_TRY(make_folders(e));
    for (int32_t k = 0; k < e->count; k++) {
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "stopped after %d of %d views", k, e->count);
        HL_TRY(evaluate_view(e, k));
        hl_log_progress(&(hl_progress){.stage = "eval",
                                       .done = k + 1,
                                       .total = e->count,
                                       .loss = nan(""),
                                       .splats = -1,
                                       .next_save = -1});
    }
    return report(e);
}

static hl_status evaluate_maps(const eval_options *o)
{
    if (!o->data)
        return hl_fail(HL_E_ARG, "--protocol needs --data, the capture with ground truth");
    const hl_maps_options mo = {.maps = o->path,
                                .truth = o->data,
                                .out = o->out ? o->out : o->path,
                                .require = o->require,
                                .protocol = &hl_protocols()[o->protocol - 1],
                                .sheet = o->sheet,
                                .json = o->common.json};
    return hl_eval_maps(&mo);
}

/* Values that the table of options cannot check. */
static hl_status check_words(const eval_options *o)
{
    float rgb[3];
    if (o->protocol)
        return o->require ? hl_maps_report_require(NULL, o->require) : HL_OK;
    if (o->background)
        HL_TRY(hl_scene_parse_color(o->background, rgb));
    return o->require ? hl_eval_report_require(NULL, o->require) : HL_OK;
}

int hl_cmd_eval(int argc, char **argv)
{
    eval_options o = {.common = HL_COMMON_DEFAULTS};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    const hl_status words = check_words(&o);
    if (words != HL_OK) {
        hl_command_end(&spec, words);
        return HL_EXIT_USAGE;
    }
    if (o.protocol)
        return hl_command_end(&spec, evaluate_maps(&o));
    static evaluation e; /* the sheet's cells are too many for a stack frame to hold gladly */
    memset(&e, 0, sizeof e);
    e.o = &o;
    const hl_status s = evaluate(&e);
    for (int i = 0; i < SHEET_ROWS * SHEET_COLUMNS; i++)
        hl_image8_release(&e.sheet[i]);
    hl_lpips_destroy(&e.lpips);
    hl_scene_close(&e.scene);
    hl_free(e.index);
    hl_free(e.scores);
    return hl_command_end(&spec, s);
}
