/* SPDX-License-Identifier: MIT */
/* cli/eval_report.h -- the files of helio eval: eval.json (schema helio.eval/1, docs/formats.md),
 * and results.json and per_view.json in the shape of Kerbl et al.'s scripts.
 *
 * A metric that was not computed is null and has a reason beside it.
 */
#ifndef HL_CLI_EVAL_REPORT_H
#define HL_CLI_EVAL_REPORT_H

#include "cli/scene.h"
#include "core/json.h"
#include "core/sha256.h"

typedef struct hl_eval_view {
    const char *image; /* name of the photo, borrowed */
    double psnr, ssim;
    double lpips;    /* NAN: not computed */
    double render_s; /* wall */
} hl_eval_view;

typedef struct hl_eval_report {
    const hl_scene *scene;
    const char *subset;    /* "test", "train", "all" */
    int32_t width, height; /* of the first view */
    int32_t count;
    const hl_eval_view *views;   /* (count) */
    bool masked;                 /* some views had masks */
    double psnr, ssim, lpips;    /* means; lpips NAN: not computed */
    const char *lpips_reason;    /* why not */
    char sha256[HL_SHA256_TEXT]; /* of the photos' files, one after the other */
    double train_s;              /* wall, by OUT/log.jsonl; NAN: it does not say */
} hl_eval_report;

/* Means of the views. */
void hl_eval_report_average(hl_eval_report *report);

/* train_s from the last record of training. */
void hl_eval_report_read_log(hl_eval_report *report);

hl_json *hl_eval_report_json(const hl_eval_report *report);

/* folder/{eval,results,per_view}.json */
hl_status hl_eval_report_save(const hl_eval_report *report, const char *folder);

/* "nvs.psnr>=30,nvs.ssim>=0.9": HL_E_ARG for text that cannot be read or a metric that was not
 * computed; HL_E_FORMAT, naming the first, where one is not met.  report NULL: reads only. */
hl_status hl_eval_report_require(const hl_eval_report *report, const char *text);

#endif /* HL_CLI_EVAL_REPORT_H */
