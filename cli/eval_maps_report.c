/* SPDX-License-Identifier: MIT */
#include "cli/eval_maps.h"
#include "cli/require.h"
#include "core/build_info.h"
#include "core/memory.h"
#include "core/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Mean over views; the pooled PSNR where the protocol says so. */
static double psnr_of(const hl_maps_mean *m, bool pooled)
{
    return m->count ? (pooled ? hl_metric_psnr(m->mse / m->count) : m->psnr / m->count) : nan("");
}

static double over(double sum, int32_t count)
{
    return count ? sum / count : nan("");
}

/* Means over the lights that were predicted; new_only leaves the training light out. */
static hl_maps_mean mean_light(const hl_maps_report *r, bool new_only)
{
    hl_maps_mean m = {0};
    for (int32_t k = 0; k < r->light_count; k++) {
        const hl_maps_mean *one = &r->light[k].mean;
        if (!one->count || (new_only && strcmp(r->light[k].name, "training") == 0))
            continue;
        m.count++;
        m.psnr += one->psnr / one->count;
        m.linear += one->linear / one->count;
        m.ssim += one->ssim / one->count;
        m.object_count += one->object_count > 0;
        m.object += one->object_count ? one->object / one->object_count : 0;
    }
    return m;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void add_mean(hl_json *node, const hl_maps_report *r, const hl_maps_mean *m, bool pooled,
                     const char *reason)
{
    hl_json_add_number(node, "psnr", psnr_of(m, pooled));
    hl_json_add_number(node, "psnr_object", over(m->object, m->object_count));
    hl_json_add_number(node, "ssim", over(m->ssim, m->count));
    if (r->options->protocol->scale == HL_SCALE_IMAGE)
        hl_json_add_number(node, "psnr_linear", over(m->linear, m->count));
    if (!m->count)
        hl_json_add_text(node, "reason", reason);
}

static void add_metrics(hl_json *root, const hl_maps_report *r)
{
    char reason[HL_MAPS_NAME_MAX + 64];
    hl_json *metrics = hl_json_add_object(root, "metrics");
    hl_json *nvs = hl_json_add_object(metrics, "nvs");
    hl_json_add_null(nvs, "psnr");
    hl_json_add_text(nvs, "reason", "maps have no unlit branch: see relight.training");
    hl_json *relight = hl_json_add_object(metrics, "relight");
    const hl_maps_mean all = mean_light(r, false), fresh = mean_light(r, true);
    add_mean(hl_json_add_object(relight, "mean"), r, &all, false, "no relit picture");
    add_mean(hl_json_add_object(relight, "mean_new_lights"), r, &fresh, false,
             "no picture under a light that training did not see");
    for (int32_t k = 0; k < r->light_count; k++) {
        snprintf(reason, sizeof reason, "no %s.png or .exr among the maps", r->light[k].stem);
        add_mean(hl_json_add_object(relight, r->light[k].name), r, &r->light[k].mean, false,
                 reason);
    }
    hl_json *albedo = hl_json_add_object(metrics, "albedo");
    const bool pooled = r->options->protocol->albedo_pooled;
    add_mean(albedo, r, &r->albedo, pooled, "no albedo.png or .exr among the maps");
    hl_json_add_number(albedo, "psnr_unscaled", psnr_of(&r->albedo_raw, pooled));
    hl_json *scale = hl_json_add_array(albedo, "scale_rgb");
    for (int k = 0; k < 3; k++)
        hl_json_add_number(scale, NULL, (double)r->scale[k]);
    hl_json *normal = hl_json_add_object(metrics, "normal");
    const double object = over(r->normal_object, r->normal_count);
    const double image = over(r->normal_image, r->normal_count);
    hl_json_add_number(normal, "mae_deg",
                       r->options->protocol->normal_whole_image ? image : object);
    hl_json_add_number(normal, "mae_object_deg", object);
    hl_json_add_number(normal, "mae_image_deg", image);
    hl_json_add_number(normal, "cosine_distance", over(r->normal_cosine, r->normal_count));
    if (!r->normal_count)
        hl_json_add_text(normal, "reason", "no normal.exr among the maps");
    hl_json *rough = hl_json_add_object(metrics, "roughness");
    hl_json_add_number(rough, "mse", over(r->roughness, r->material_count));
    hl_json_add_number(rough, "metal_mse", over(r->metal, r->material_count));
    if (!r->material_count)
        hl_json_add_text(rough, "reason", "no rough.exr among the maps");
    hl_json *mesh = hl_json_add_object(metrics, "mesh");
    hl_json_add_null(mesh, "chamfer");
    hl_json_add_text(mesh, "reason", "maps hold no mesh");
}

hl_json *hl_maps_report_json(const hl_maps_report *r)
{
    const hl_maps_options *o = r->options;
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.eval/1");
    hl_json *tool = hl_json_add_object(root, "tool");
    hl_json_add_text(tool, "version", HL_BUILD_VERSION);
    hl_json_add_text(tool, "commit", HL_BUILD_COMMIT);
    hl_json *data = hl_json_add_object(root, "data");
    hl_json_add_text(data, "path", o->truth);
    hl_json_add_text(data, "kind", "TensoIR layout");
    hl_json_add_text(data, "subset", "test");
    hl_json_add_number(data, "n_views", r->view_count);
    hl_json *size = hl_json_add_array(data, "resolution");
    hl_json_add_number(size, NULL, r->width);
    hl_json_add_number(size, NULL, r->height);
    hl_json *lights = hl_json_add_array(data, "lights");
    for (int32_t k = 0; k < r->light_count; k++)
        hl_json_add_text(lights, NULL, r->light[k].name);
    hl_json_add_text(hl_json_add_object(root, "model"), "path", o->maps);
    add_metrics(root, r);
    hl_json *settings = hl_json_add_object(root, "settings");
    hl_json_add_text(settings, "protocol", o->protocol->name);
    hl_json_add_text(settings, "rules", o->protocol->rules);
    hl_json_add_number(settings, "ssim_window", HL_SSIM_TAPS);
    hl_json_add_number(settings, "ssim_sigma", HL_SSIM_SIGMA);
    hl_json_add_text(settings, "ssim_padding", o->protocol->ssim_valid ? "none" : "zero");
    hl_json_add_number(settings, "data_range", 1);
    return root;
}

/* ---- text --------------------------------------------------------------------------------- */

static void print_mean(const hl_maps_report *r, const char *name, const hl_maps_mean *m)
{
    if (!m->count) {
        printf("%-20s not predicted\n", name);
        return;
    }
    printf("%-20s %7.2f %12.2f %8.4f", name, m->psnr / m->count, over(m->object, m->object_count),
           m->ssim / m->count);
    if (r->options->protocol->scale == HL_SCALE_IMAGE)
        printf("   PSNR-H %.2f", m->linear / m->count);
    printf("\n");
}

void hl_maps_report_print(const hl_maps_report *r)
{
    const hl_protocol *p = r->options->protocol;
    printf("protocol %s: %s\n", p->name, p->rules);
    printf("%s against %s: %d test views at %d x %d\n", r->options->maps, r->options->truth,
           r->view_count, r->width, r->height);
    printf("%-20s %7s %12s %8s\n", "relit", "PSNR", "object only", "SSIM");
    for (int32_t k = 0; k < r->light_count; k++)
        print_mean(r, r->light[k].name, &r->light[k].mean);
    const hl_maps_mean all = mean_light(r, false), fresh = mean_light(r, true);
    print_mean(r, "mean", &all);
    print_mean(r, "mean, new lights", &fresh);
    if (r->albedo.count)
        printf("albedo PSNR %.2f (unscaled %.2f), SSIM %.4f, scale %.4f %.4f %.4f\n",
               psnr_of(&r->albedo, p->albedo_pooled), psnr_of(&r->albedo_raw, p->albedo_pooled),
               r->albedo.ssim / r->albedo.count, (double)r->scale[0], (double)r->scale[1],
               (double)r->scale[2]);
    if (r->normal_count)
        printf("normal error %.3f deg on the object, %.3f deg over the image\n",
               r->normal_object / r->normal_count, r->normal_image / r->normal_count);
    if (r->material_count)
        printf("roughness MSE %.5f, metal MSE %.5f\n", r->roughness / r->material_count,
               r->metal / r->material_count);
    printf("%s/eval.json\n", r->options->out);
    if (r->options->sheet)
        printf("%s/sheets/relight.png\n", r->options->out);
}

/* ---- conditions --------------------------------------------------------------------------- */

hl_status hl_maps_report_require(const hl_maps_report *r, const char *text)
{
    static const char why[] = "the maps lack it";
    hl_require_metric metrics[] = {{"relight.psnr", 0, why},   {"relight.new.psnr", 0, why},
                                   {"relight.ssim", 0, why},   {"albedo.psnr", 0, why},
                                   {"normal.mae_deg", 0, why}, {"roughness.mse", 0, why}};
    if (r) {
        const hl_maps_mean all = mean_light(r, false), fresh = mean_light(r, true);
        metrics[0].value = over(all.psnr, all.count);
        metrics[1].value = over(fresh.psnr, fresh.count);
        metrics[2].value = over(all.ssim, all.count);
        metrics[3].value = psnr_of(&r->albedo, r->options->protocol->albedo_pooled);
        metrics[4].value = over(r->normal_object, r->normal_count);
        metrics[5].value = over(r->roughness, r->material_count);
    }
    return hl_require(text, metrics, 6, !r);
}
