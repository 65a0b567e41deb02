/* SPDX-License-Identifier: MIT */
/* Reading and comparing; tables and JSON are in cli/eval_maps_report.c. */
#include "cli/eval_maps.h"

#include "cli/command.h"
#include "core/color.h"
#include "core/file.h"
#include "core/log.h"
#include "core/sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PATH_MAX_BYTES = 4096,
    SHEET_VIEWS = 3,
    SHEET_COLUMNS = HL_MAPS_LIGHTS_MAX + 3,
    SHEET_ROWS = 3 * SHEET_VIEWS,
    SHEET_SIDE = 220
};

#define DIFFERENCE_GAIN 4

typedef struct run {
    const hl_maps_options *o;
    hl_maps_report report;
    hl_file_list views; /* test folders of the truth */
    hl_albedo_ratio ratio;
    hl_image8 cell[SHEET_ROWS * SHEET_COLUMNS];
    char caption[SHEET_ROWS * SHEET_COLUMNS][64];
    int32_t sheet_views;
} run;

/* ---- files -------------------------------------------------------------------------------- */

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static hl_status file_of(char *path, const char *folder, const char *view, const char *name)
{
    char inner[PATH_MAX_BYTES];
    HL_TRY(hl_path_join(inner, sizeof inner, folder, view));
    return hl_path_join(path, PATH_MAX_BYTES, inner, name);
}

/* Channels `channels` of stem.exr, else of stem.png, converted between sRGB and linear where the
 * file is not what is wanted; a missing alpha is 1.  *found false where there is neither. */
static hl_status load(hl_image *out, const char *folder, const char *view, const char *stem,
                      int32_t channels, bool linear, bool *found)
{
    char path[PATH_MAX_BYTES], name[HL_MAPS_NAME_MAX + 8];
    hl_image in;
    bool exr = true;
    for (int i = 0; i < 2; i++) {
        exr = i == 0;
        snprintf(name, sizeof name, "%s.%s", stem, exr ? "exr" : "png");
        HL_TRY(file_of(path, folder, view, name));
        *found = hl_file_exists(path);
        if (*found)
            break;
    }
    if (!*found)
        return HL_OK;
    HL_TRY(hl_image_load(&in, path));
    hl_status s = hl_image_create(out, in.width, in.height, channels);
    const size_t pixels = (size_t)in.width * (size_t)in.height, ci = (size_t)in.channels;
    for (size_t i = 0; i < pixels && s == HL_OK; i++)
        for (size_t k = 0; k < (size_t)channels; k++) {
            float x = k == 3 ? 1 : in.data[i * ci + (ci >= 3 || k < ci ? k % ci : 0)];
            if (k == 3 && ci == 4)
                x = in.data[i * ci + 3];
            else if (k < 3 && linear && !exr)
                x = hl_linear_from_srgb(x);
            else if (k < 3 && !linear && exr)
                x = hl_srgb_from_linear(x > 0 ? x : 0);
            out->data[i * (size_t)channels + k] = x;
        }
    hl_image_release(&in);
    return s;
}

/* The same at another size. */
static hl_status load_sized(hl_image *out, const char *folder, const char *view, const char *stem,
                            int32_t channels, bool linear, const hl_image *like, bool *found)
{
    hl_image full = {0};
    HL_TRY(load(&full, folder, view, stem, channels, linear, found));
    if (!*found)
        return HL_OK;
    if (full.width == like->width && full.height == like->height) {
        *out = full;
        return HL_OK;
    }
    const hl_status s = hl_image_resize(out, &full, like->width, like->height);
    hl_image_release(&full);
    return s;
}

/* Prediction and truth of one map at the prediction's size. */
typedef struct map_pair {
    bool found;
    hl_image ours, truth;
} map_pair;

static void release(map_pair *p)
{
    hl_image_release(&p->ours);
    hl_image_release(&p->truth);
}

static hl_status load_pair(const run *r, const char *view, const char *stem, int32_t channels,
                           bool linear, map_pair *p)
{
    bool truth = false;
    memset(p, 0, sizeof *p);
    HL_TRY(load(&p->ours, r->o->maps, view, stem, channels, linear, &p->found));
    if (!p->found)
        return HL_OK;
    HL_TRY(load_sized(&p->truth, r->o->truth, view, stem, channels, linear, &p->ours, &truth));
    p->found = truth;
    return HL_OK;
}

/* Coverage of the truth at the size of `like`, from its first picture. */
static hl_status load_alpha(const run *r, const char *view, const hl_image *like, hl_image *alpha)
{
    hl_image picture = {0};
    bool found = false;
    HL_TRY(
        load_sized(&picture, r->o->truth, view, r->report.light[0].stem, 4, false, like, &found));
    if (!found)
        return hl_fail(HL_E_IO, "%s/%s: no %s.png", r->o->truth, view, r->report.light[0].stem);
    const hl_status s = hl_image_create(alpha, picture.width, picture.height, 1);
    const size_t pixels = (size_t)picture.width * (size_t)picture.height;
    for (size_t i = 0; i < pixels && s == HL_OK; i++)
        alpha->data[i] = picture.data[4 * i + 3];
    hl_image_release(&picture);
    return s;
}

/* ---- the sheet ---------------------------------------------------------------------------- */

typedef struct column {
    int32_t at;    /* column */
    int32_t first; /* row of the truth */
} column;

static hl_image8 *cell_at(run *r, column c, int32_t row, const char *what)
{
    const int32_t i = (c.first + row) * SHEET_COLUMNS + c.at;
    static const char *const rows[] = {"truth", "ours", "difference x 4"};
    snprintf(r->caption[i], sizeof r->caption[i], "%.36s, %s", what, rows[row]);
    return &r->cell[i];
}

static hl_status over_grey(hl_image8 *out, const hl_image *in, const hl_image *alpha)
{
    hl_image flat;
    HL_TRY(hl_image_create(&flat, in->width, in->height, 3));
    const size_t pixels = (size_t)in->width * (size_t)in->height, c = (size_t)in->channels;
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < 3; k++) {
            const float a = alpha ? alpha->data[i] : (c == 4 ? in->data[4 * i + 3] : 1);
            flat.data[3 * i + k] = a * in->data[c * i + k] + (1 - a) * 0.5f;
        }
    const hl_status s = hl_image8_from_float(out, &flat);
    hl_image_release(&flat);
    return s;
}

static hl_status show_difference(run *r, column c, const char *what)
{
    const hl_image8 *truth = cell_at(r, c, 0, what), *ours = cell_at(r, c, 1, what);
    return hl_sheet_difference(cell_at(r, c, 2, what), truth, ours, DIFFERENCE_GAIN);
}

static hl_status show_color(run *r, column c, const char *what, const map_pair *p,
                            const hl_image *alpha)
{
    HL_TRY(over_grey(cell_at(r, c, 0, what), &p->truth, alpha));
    HL_TRY(over_grey(cell_at(r, c, 1, what), &p->ours, alpha));
    return show_difference(r, c, what);
}

static hl_status show_normal(run *r, column c, const map_pair *p)
{
    HL_TRY(hl_sheet_normal(cell_at(r, c, 0, "normal"), &p->truth, NULL));
    HL_TRY(hl_sheet_normal(cell_at(r, c, 1, "normal"), &p->ours, NULL));
    return show_difference(r, c, "normal");
}

static hl_status save_sheet(run *r)
{
    char path[PATH_MAX_BYTES];
    hl_image8 sheet;
    const int32_t columns = r->report.light_count + 3, rows = 3 * r->sheet_views;
    hl_sheet_cell cells[SHEET_ROWS * SHEET_COLUMNS];
    for (int32_t i = 0; i < rows * columns; i++) {
        const int32_t from = i / columns * SHEET_COLUMNS + i % columns;
        cells[i].image = r->cell[from].data ? &r->cell[from] : NULL;
        cells[i].caption = r->cell[from].data ? r->caption[from] : NULL;
    }
    HL_TRY(hl_path_join(path, sizeof path, r->o->out, "sheets"));
    HL_TRY(hl_file_make_folder(path));
    HL_TRY(hl_path_join(path, sizeof path, r->o->out, "sheets/relight.png"));
    HL_TRY(hl_sheet_build(&sheet, cells, rows, columns, SHEET_SIDE, SHEET_SIDE));
    const hl_status s = hl_image8_save(&sheet, path);
    hl_image8_release(&sheet);
    return s;
}

/* ---- one view ----------------------------------------------------------------------------- */

static void add_score(hl_maps_mean *m, const hl_picture_score *s)
{
    m->count++;
    m->psnr += s->psnr;
    m->ssim += s->ssim;
    m->mse += s->mse;
    m->linear += s->psnr_linear;
    if (!isnan(s->psnr_object)) {
        m->object += s->psnr_object;
        m->object_count++;
    }
}

static hl_status score_light(run *r, const char *view, int32_t k, bool shown, int32_t row)
{
    hl_maps_light *light = &r->report.light[k];
    hl_picture_score score;
    map_pair p;
    hl_status s = load_pair(r, view, light->stem, 4, false, &p);
    if (s == HL_OK && p.found) {
        s = hl_protocol_score_picture(r->o->protocol, &p.ours, &p.truth, &score);
        r->report.width = p.ours.width;
        r->report.height = p.ours.height;
        if (s == HL_OK)
            add_score(&light->mean, &score);
        if (s == HL_OK && shown)
            s = show_color(r, (column){k, row}, light->name, &p, NULL);
    }
    release(&p);
    return s;
}

static void to_srgb(hl_image *image, const float scale[3])
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < 3 * pixels; i++)
        image->data[i] = hl_srgb_from_linear(image->data[i] * (scale ? scale[i % 3] : 1));
}

static hl_status score_albedo(run *r, const char *view, bool shown, int32_t row)
{
    static const float one[3] = {1, 1, 1};
    hl_image alpha = {0};
    hl_picture_score score;
    map_pair p;
    const hl_protocol *rules = r->o->protocol;
    hl_status s = load_pair(r, view, "albedo", 3, true, &p);
    if (s == HL_OK && p.found)
        s = load_alpha(r, view, &p.ours, &alpha);
    if (s == HL_OK && p.found)
        s = hl_protocol_score_albedo(rules, &p.ours, &p.truth, &alpha, one, &score);
    if (s == HL_OK && p.found) {
        add_score(&r->report.albedo_raw, &score);
        s = hl_protocol_score_albedo(rules, &p.ours, &p.truth, &alpha, r->report.scale, &score);
    }
    if (s == HL_OK && p.found)
        add_score(&r->report.albedo, &score);
    if (s == HL_OK && p.found && shown) {
        to_srgb(&p.ours, r->report.scale);
        to_srgb(&p.truth, NULL);
        s = show_color(r, (column){r->report.light_count, row}, "albedo", &p, &alpha);
    }
    hl_image_release(&alpha);
    release(&p);
    return s;
}

static hl_status score_normal(run *r, const char *view, bool shown, int32_t row)
{
    hl_image alpha = {0};
    hl_normal_score score;
    map_pair p;
    hl_status s = load_pair(r, view, "normal", 3, true, &p);
    if (s == HL_OK && p.found)
        s = load_alpha(r, view, &p.ours, &alpha);
    if (s == HL_OK && p.found)
        s = hl_score_normal(&p.ours, &p.truth, &alpha, &score);
    if (s == HL_OK && p.found && !isnan(score.object_deg)) {
        r->report.normal_count++;
        r->report.normal_object += score.object_deg;
        r->report.normal_image += score.image_deg;
        r->report.normal_cosine += score.cosine;
    }
    if (s == HL_OK && p.found && shown)
        s = show_normal(r, (column){r->report.light_count + 1, row}, &p);
    hl_image_release(&alpha);
    release(&p);
    return s;
}

/* rough.exr: roughness in red, metal in green. */
static hl_status score_material(run *r, const char *view, bool shown, int32_t row)
{
    hl_image alpha = {0};
    double rough = 0, metal = 0;
    map_pair p;
    hl_status s = load_pair(r, view, "rough", 3, true, &p);
    if (s == HL_OK && p.found)
        s = load_alpha(r, view, &p.ours, &alpha);
    if (s == HL_OK && p.found)
        s = hl_score_channel(&p.ours, &p.truth, 0, &alpha, &rough);
    if (s == HL_OK && p.found)
        s = hl_score_channel(&p.ours, &p.truth, 1, &alpha, &metal);
    if (s == HL_OK && p.found && !isnan(rough)) {
        r->report.material_count++;
        r->report.roughness += rough;
        r->report.metal += metal;
    }
    if (s == HL_OK && p.found && shown)
        s = show_color(r, (column){r->report.light_count + 2, row}, "rough, metal", &p, &alpha);
    hl_image_release(&alpha);
    release(&p);
    return s;
}

static hl_status score_view(run *r, const char *view, int32_t index)
{
    const int32_t shown_of =
        r->report.view_count < SHEET_VIEWS ? r->report.view_count : SHEET_VIEWS;
    const bool shown = r->o->sheet && r->sheet_views < shown_of &&
                       index == r->sheet_views * r->report.view_count / shown_of;
    const int32_t row = 3 * r->sheet_views;
    for (int32_t k = 0; k < r->report.light_count; k++)
        HL_TRY(score_light(r, view, k, shown, row));
    HL_TRY(score_albedo(r, view, shown, row));
    HL_TRY(score_normal(r, view, shown, row));
    HL_TRY(score_material(r, view, shown, row));
    r->sheet_views += shown;
    return HL_OK;
}

/* ---- all views ---------------------------------------------------------------------------- */

/* Keeps the names of the test folders, in order. */
static hl_status find_views(run *r)
{
    hl_file_list *list = &r->views;
    HL_TRY(hl_file_list_folder(list, r->o->truth));
    int32_t kept = 0;
    for (int32_t i = 0; i < list->count; i++) {
        char path[PATH_MAX_BYTES];
        if (!has_prefix(list->names[i], "test_") ||
            file_of(path, r->o->truth, list->names[i], "metadata.json") != HL_OK ||
            !hl_file_exists(path))
            continue;
        char *name = list->names[i];
        list->names[i] = list->names[kept];
        list->names[kept++] = name;
    }
    r->report.view_count = kept;
    if (!kept)
        return hl_fail(HL_E_FORMAT,
                       "%s: no test_NNN/metadata.json: materials are scored on captures in "
                       "TensoIR's layout",
                       r->o->truth);
    for (int32_t i = 0; i < kept; i++) {
        char path[PATH_MAX_BYTES];
        HL_TRY(hl_path_join(path, sizeof path, r->o->maps, list->names[i]));
        if (!hl_file_is_folder(path))
            return hl_fail(HL_E_IO, "%s: no folder of predicted maps for test view %s", path,
                           list->names[i]);
    }
    return HL_OK;
}

/* rgba.png first, then rgba_<light>.png by name, of the first test view. */
static hl_status find_lights(run *r)
{
    char folder[PATH_MAX_BYTES];
    hl_file_list files = {0};
    HL_TRY(hl_path_join(folder, sizeof folder, r->o->truth, r->views.names[0]));
    HL_TRY(hl_file_list_folder(&files, folder));
    for (int pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < files.count && r->report.light_count < HL_MAPS_LIGHTS_MAX; i++) {
            const char *name = files.names[i];
            const size_t length = strlen(name);
            const bool training = strcmp(name, "rgba.png") == 0;
            if (!hl_path_has_extension(name, "png") || length - 4 >= HL_MAPS_NAME_MAX ||
                (pass == 0) != training || (pass && !has_prefix(name, "rgba_")))
                continue;
            hl_maps_light *light = &r->report.light[r->report.light_count++];
            snprintf(light->stem, sizeof light->stem, "%.*s", (int)length - 4, name);
            snprintf(light->name, sizeof light->name, "%s", pass ? light->stem + 5 : "training");
        }
    hl_file_list_release(&files);
    if (!r->report.light_count)
        return hl_fail(HL_E_IO, "%s: no rgba.png and no rgba_<light>.png", folder);
    return HL_OK;
}

static hl_status find_scale(run *r)
{
    for (int k = 0; k < 3; k++)
        r->report.scale[k] = 1;
    HL_TRY(hl_albedo_ratio_create(&r->ratio));
    for (int32_t i = 0; i < r->report.view_count; i++) {
        map_pair p;
        hl_image alpha = {0};
        if (!hl_protocol_scales_by(r->o->protocol, i, r->report.view_count))
            continue;
        hl_status s = load_pair(r, r->views.names[i], "albedo", 3, true, &p);
        if (s == HL_OK && p.found)
            s = load_alpha(r, r->views.names[i], &p.ours, &alpha);
        if (s == HL_OK && p.found)
            s = hl_albedo_ratio_add(&r->ratio, &p.ours, &p.truth, &alpha);
        hl_image_release(&alpha);
        release(&p);
        HL_TRY(s);
    }
    hl_albedo_ratio_median(&r->ratio, r->report.scale);
    return HL_OK;
}

static bool anything_scored(const hl_maps_report *r)
{
    int32_t count = r->albedo.count + r->normal_count + r->material_count;
    for (int32_t k = 0; k < r->light_count; k++)
        count += r->light[k].mean.count;
    return count > 0;
}

static hl_status save_and_print(run *r)
{
    char path[PATH_MAX_BYTES];
    HL_TRY(hl_file_make_folder(r->o->out));
    HL_TRY(hl_path_join(path, sizeof path, r->o->out, "eval.json"));
    hl_json *root = hl_maps_report_json(&r->report);
    hl_status s = hl_json_save(root, path);
    if (s == HL_OK && r->sheet_views)
        s = save_sheet(r);
    if (s == HL_OK && r->o->json)
        return hl_command_print_json(&root);
    hl_json_destroy(&root);
    HL_TRY(s);
    hl_maps_report_print(&r->report);
    return HL_OK;
}

static hl_status score_all(run *r)
{
    HL_TRY(find_views(r));
    HL_TRY(find_lights(r));
    HL_TRY(find_scale(r));
    for (int32_t i = 0; i < r->report.view_count; i++) {
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "stopped after %d of %d views", i, r->report.view_count);
        const hl_status s = score_view(r, r->views.names[i], i);
        if (s != HL_OK)
            return hl_fail_context(s, "%s", r->views.names[i]);
        hl_log_progress(&(hl_progress){.stage = "eval",
                                       .done = i + 1,
                                       .total = r->report.view_count,
                                       .loss = nan(""),
                                       .splats = -1,
                                       .next_save = -1});
    }
    if (!anything_scored(&r->report))
        return hl_fail(HL_E_IO,
                       "%s: no predicted map: expected %s/rgba_<light>, albedo, normal or rough, "
                       ".png or .exr",
                       r->o->maps, r->views.names[0]);
    HL_TRY(save_and_print(r));
    return r->o->require ? hl_maps_report_require(&r->report, r->o->require) : HL_OK;
}

hl_status hl_eval_maps(const hl_maps_options *options)
{
    static run r; /* the sheet's cells are too many for a stack frame */
    memset(&r, 0, sizeof r);
    r.o = options;
    r.report.options = options;
    const hl_status s = score_all(&r);
    for (int i = 0; i < SHEET_ROWS * SHEET_COLUMNS; i++)
        hl_image8_release(&r.cell[i]);
    hl_albedo_ratio_release(&r.ratio);
    hl_file_list_release(&r.views);
    return s;
}
