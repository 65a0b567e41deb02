/* SPDX-License-Identifier: MIT */
#include "cli/eval_report.h"

#include "cli/require.h"
#include "core/build_info.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hl_eval_report_average(hl_eval_report *r)
{
    r->psnr = r->ssim = r->lpips = 0;
    for (int32_t i = 0; i < r->count; i++) {
        r->psnr += r->views[i].psnr / r->count;
        r->ssim += r->views[i].ssim / r->count;
        r->lpips += r->views[i].lpips / r->count;
    }
}

void hl_eval_report_read_log(hl_eval_report *r)
{
    char path[HL_SCENE_PATH_MAX];
    hl_file_map map;
    r->train_s = nan("");
    if (hl_path_join(path, sizeof path, r->scene->folder, "log.jsonl") != HL_OK ||
        !hl_file_exists(path) || hl_file_map_open(&map, path) != HL_OK)
        return;
    size_t end = map.size;
    while (end && isnan(r->train_s)) { /* lines from the last on, until one has the seconds */
        size_t start = end;
        while (start && map.bytes[start - 1] != '\n')
            start--;
        hl_json *line = NULL;
        if (end > start &&
            hl_json_parse(&line, (const char *)map.bytes + start, end - start, path) == HL_OK) {
            r->train_s = hl_json_number(line, "seconds", nan(""));
            hl_json_destroy(&line);
        }
        end = start ? start - 1 : 0;
    }
    hl_file_map_close(&map);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Render times at `p` of the sorted list, ms; NAN without memory. */
static double render_ms(const hl_eval_report *r, double p)
{
    double *times = hl_alloc((size_t)r->count, sizeof *times);
    if (!times)
        return nan("");
    for (int32_t i = 0; i < r->count; i++)
        times[i] = 1000 * r->views[i].render_s;
    qsort(times, (size_t)r->count, sizeof *times, ascending);
    const double t = times[(int32_t)floor(p * (r->count - 1) + 0.5)];
    hl_free(times);
    return t;
}

static void add_absent(hl_json *node, const char *key, const char *reason)
{
    hl_json *entry = hl_json_add_object(node, key);
    hl_json_add_null(entry, "value");
    hl_json_add_text(entry, "reason", reason);
}

static void add_metrics(hl_json *root, const hl_eval_report *r)
{
    hl_json *metrics = hl_json_add_object(root, "metrics");
    hl_json *nvs = hl_json_add_object(metrics, "nvs");
    hl_json_add_number(nvs, "psnr", r->psnr);
    hl_json_add_number(nvs, "ssim", r->ssim);
    hl_json_add_number(nvs, "lpips_squeeze", r->lpips); /* null where NAN */
    if (isnan(r->lpips))
        hl_json_add_text(nvs, "lpips_reason", r->lpips_reason);
    hl_json_add_null(nvs, "lpips_vgg");
    hl_json_add_text(nvs, "lpips_vgg_reason", "this version holds the SqueezeNet backbone only");
    const char *later = "not measured: this version makes no materials and no mesh";
    static const char *const names[] = {"relight", "albedo", "normal", "roughness", "mesh"};
    for (int i = 0; i < 5; i++)
        add_absent(metrics, names[i], later);
}

static void add_settings(hl_json *root, const hl_eval_report *r)
{
    const float *b = r->scene->background;
    hl_json *settings = hl_json_add_object(root, "settings");
    hl_json_add_text(settings, "protocol", "helio: renders rounded to 8 bits, mean over views");
    hl_json_add_number(settings, "ssim_window", HL_SSIM_TAPS);
    hl_json_add_number(settings, "ssim_sigma", HL_SSIM_SIGMA);
    hl_json_add_text(settings, "ssim_padding", "zero");
    hl_json_add_number(settings, "data_range", 1);
    hl_json *color = hl_json_add_array(settings, "background");
    for (int k = 0; k < 3; k++)
        hl_json_add_number(color, NULL, (double)b[k]);
    hl_json_add_text(settings, "color", "srgb");
    hl_json_add_text(settings, "mask",
                     r->masked
                         ? "ignored pixels: left out of PSNR, black in both pictures for SSIM "
                           "and LPIPS"
                         : "none");
}

hl_json *hl_eval_report_json(const hl_eval_report *r)
{
    const hl_scene *s = r->scene;
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.eval/1");
    hl_json *tool = hl_json_add_object(root, "tool");
    hl_json_add_text(tool, "version", HL_BUILD_VERSION);
    hl_json_add_text(tool, "commit", HL_BUILD_COMMIT);
    hl_json_add_text(tool, "backend", hl_raster_backend_name(s->raster));
    hl_json_add_text(tool, "device", hl_raster_isa_name(s->raster));
    hl_json *data = hl_json_add_object(root, "data");
    hl_json_add_text(data, "path", s->data);
    hl_json_add_text(data, "sha256", r->sha256);
    hl_json_add_text(data, "kind", s->views.kind);
    hl_json_add_text(data, "split", s->split);
    hl_json_add_text(data, "subset", r->subset);
    if (s->held_out == HL_HELD_OUT_UNKNOWN)
        hl_json_add_null(data, "held_out");
    else
        hl_json_add_bool(data, "held_out", s->held_out == HL_HELD_OUT);
    hl_json_add_number(data, "n_views", r->count);
    hl_json *size = hl_json_add_array(data, "resolution");
    hl_json_add_number(size, NULL, r->width);
    hl_json_add_number(size, NULL, r->height);
    hl_json_add_array(data, "lights");
    hl_json *model = hl_json_add_object(root, "model");
    hl_json_add_text(model, "path", s->file);
    hl_json_add_number(model, "iteration", s->iteration);
    hl_json_add_number(model, "n_gaussians", s->splats.count);
    hl_json_add_number(model, "sh_degree", s->splats.sh_degree);
    hl_json_add_number(model, "bytes", (double)s->info.bytes);
    add_metrics(root, r);
    hl_json *views = hl_json_add_array(root, "per_view");
    for (int32_t i = 0; i < r->count; i++) {
        hl_json *view = hl_json_add_object(views, NULL);
        hl_json_add_text(view, "image", r->views[i].image);
        hl_json_add_number(view, "psnr", r->views[i].psnr);
        hl_json_add_number(view, "ssim", r->views[i].ssim);
        hl_json_add_number(view, "lpips_squeeze", r->views[i].lpips);
    }
    hl_json *timing = hl_json_add_object(root, "timing");
    hl_json_add_number(timing, "train_s", r->train_s);
    if (isnan(r->train_s))
        hl_json_add_text(timing, "train_s_reason", "no log.jsonl of helio train beside the splats");
    hl_json_add_number(timing, "render_ms_p50", render_ms(r, 0.5));
    hl_json_add_number(timing, "render_ms_p95", render_ms(r, 0.95));
    hl_json_add_number(timing, "peak_rss_mb", (double)hl_memory_peak() / (1 << 20));
    hl_json_add_null(timing, "peak_vram_mb");
    add_settings(root, r);
    return root;
}

/* ---- files -------------------------------------------------------------------------------- */

static hl_status save_json(hl_json **root, const char *folder, const char *name)
{
    char path[HL_SCENE_PATH_MAX];
    hl_status s = hl_path_join(path, sizeof path, folder, name);
    if (s == HL_OK)
        s = hl_json_save(*root, path);
    hl_json_destroy(root);
    return s;
}

static void add_inria(hl_json *node, const hl_eval_report *r, const char *key, int metric)
{
    hl_json *values = hl_json_add_object(node, key);
    for (int32_t i = 0; i < r->count; i++) {
        char name[32];
        const hl_eval_view *v = &r->views[i];
        snprintf(name, sizeof name, "%05d.png", i);
        hl_json_add_number(values, name, metric == 0 ? v->ssim : metric == 1 ? v->psnr : v->lpips);
    }
}

hl_status hl_eval_report_save(const hl_eval_report *r, const char *folder)
{
    char method[32];
    snprintf(method, sizeof method, "ours_%d", r->scene->iteration);
    hl_json *root = hl_eval_report_json(r);
    HL_TRY(save_json(&root, folder, "eval.json"));

    root = hl_json_object();
    hl_json *means = hl_json_add_object(root, method);
    hl_json_add_number(means, "SSIM", r->ssim);
    hl_json_add_number(means, "PSNR", r->psnr);
    hl_json_add_number(means, "LPIPS", r->lpips);
    HL_TRY(save_json(&root, folder, "results.json"));

    root = hl_json_object();
    hl_json *node = hl_json_add_object(root, method);
    add_inria(node, r, "SSIM", 0);
    add_inria(node, r, "PSNR", 1);
    add_inria(node, r, "LPIPS", 2);
    return save_json(&root, folder, "per_view.json");
}

/* ---- conditions --------------------------------------------------------------------------- */

hl_status hl_eval_report_require(const hl_eval_report *r, const char *text)
{
    const hl_require_metric metrics[] = {
        {"nvs.psnr", r ? r->psnr : 0, ""},
        {"nvs.ssim", r ? r->ssim : 0, ""},
        {"nvs.lpips_squeeze", r ? r->lpips : 0, r ? r->lpips_reason : ""},
    };
    return hl_require(text, metrics, 3, !r);
}
