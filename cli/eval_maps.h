/* SPDX-License-Identifier: MIT */
/* cli/eval_maps.h -- scores a folder of predicted maps against a capture with ground truth for
 * materials and light (TensoIR's layout, docs/formats.md) by a named protocol.
 */
#ifndef HL_CLI_EVAL_MAPS_H
#define HL_CLI_EVAL_MAPS_H

#include "core/json.h"
#include "relight/protocol.h"

enum { HL_MAPS_LIGHTS_MAX = 16, HL_MAPS_NAME_MAX = 64 };

typedef struct hl_maps_options {
    const char *maps;  /* folder of test_NNN with predictions          */
    const char *truth; /* folder of the capture                        */
    const char *out;   /* folder of eval.json and sheets/              */
    const char *require;
    const hl_protocol *protocol;
    bool sheet, json;
} hl_maps_options;

/* Sums over views; count 0: nothing was predicted. */
typedef struct hl_maps_mean {
    int32_t count;
    double psnr, object, linear, ssim, mse;
    int32_t object_count; /* views with an object */
} hl_maps_mean;

typedef struct hl_maps_light {
    char name[HL_MAPS_NAME_MAX]; /* "training" for rgba.png, else the light of rgba_<light>.png */
    char stem[HL_MAPS_NAME_MAX]; /* file name without extension */
    hl_maps_mean mean;
} hl_maps_light;

typedef struct hl_maps_report {
    const hl_maps_options *options;
    int32_t view_count, width, height;
    int32_t light_count;
    hl_maps_light light[HL_MAPS_LIGHTS_MAX];
    hl_maps_mean albedo, albedo_raw;
    float scale[3];
    int32_t normal_count, material_count, metal_count;
    double normal_object, normal_image, normal_cosine, roughness, metal; /* sums over views */
} hl_maps_report;

/* Reads, scores, writes, prints.  Errors: those of the files, with their names. */
hl_status hl_eval_maps(const hl_maps_options *options);

/* eval.json's tree, and the table on stdout. */
hl_json *hl_maps_report_json(const hl_maps_report *report);
void hl_maps_report_print(const hl_maps_report *report);

/* "relight.psnr>=26,albedo.psnr>=20,normal.mae_deg<=10"; report NULL: reads only. */
hl_status hl_maps_report_require(const hl_maps_report *report, const char *text);

#endif /* HL_CLI_EVAL_MAPS_H */
