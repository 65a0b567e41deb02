/* SPDX-License-Identifier: MIT */
/* cli/sfm_output.h -- what `helio sfm` leaves behind and prints. */
#ifndef HL_CLI_SFM_OUTPUT_H
#define HL_CLI_SFM_OUTPUT_H

#include "core/json.h"
#include "sfm/compare.h"
#include "sfm/sfm.h"

typedef struct sfm_output {
    const hl_views *views;
    const hl_sfm_result *result;
    const char *folder;
    bool text;                       /* COLMAP files as text         */
    const hl_pose_comparison *truth; /* NULL: none was given         */
    double wall_seconds, cpu_seconds;
} sfm_output;

/* FOLDER/sparse/N of every model, COLMAP form. */
hl_status hl_sfm_output_models(const sfm_output *o);
/* FOLDER/report.json; the tree of --json, owned by the caller. */
hl_json *hl_sfm_output_json(const sfm_output *o);
hl_status hl_sfm_output_report(const sfm_output *o);
/* FOLDER/matches.png and FOLDER/top.png. */
hl_status hl_sfm_output_pictures(const sfm_output *o);
/* The table on stdout. */
void hl_sfm_output_print(const sfm_output *o);

#endif /* HL_CLI_SFM_OUTPUT_H */
