/* SPDX-License-Identifier: MIT */
/* helio poses -- how far the poses of a model are from true ones. */
#include "cli/command.h"
#include "cli/commands.h"
#include "core/file.h"
#include "core/memory.h"
#include "datasets/colmap.h"
#include "sfm/compare.h"

#include <stdio.h>
#include <string.h>

typedef struct poses_options {
    hl_common common;
    const char *model, *truth;
} poses_options;

static const hl_option rows[] = {
    HL_ARG(poses_options, "MODEL", model, "folder of a COLMAP model"),
    HL_ARG(poses_options, "TRUTH", truth, "folder of a COLMAP model with true poses"),
    HL_BASIC_OPTIONS(poses_options),
};
static const hl_command_spec spec = {
    "poses", "how far the poses of a model are from true ones", rows, HL_ROWS(rows), NULL, NULL};

/* Photos are those of the truth: what the model lacks counts as lost. */
static hl_status compare_models(const hl_colmap_model *model, const hl_colmap_model *truth,
                                hl_pose_comparison *out)
{
    const size_t n = (size_t)truth->image_count;
    hl_pose *got = hl_alloc(n, sizeof *got), *want = hl_alloc(n, sizeof *want);
    bool *has = hl_alloc(n, sizeof *has);
    hl_status status = got && want && has ? HL_OK : HL_E_MEMORY;
    for (int32_t i = 0; status == HL_OK && i < truth->image_count; i++) {
        const char *name = hl_path_name(truth->images[i].name);
        want[i] = truth->images[i].camera_from_world;
        for (int32_t k = 0; k < model->image_count && !has[i]; k++)
            if (strcmp(hl_path_name(model->images[k].name), name) == 0) {
                got[i] = model->images[k].camera_from_world;
                has[i] = true;
            }
    }
    if (status == HL_OK)
        status = hl_pose_compare(out, got, has, want, truth->image_count);
    hl_free(got);
    hl_free(want);
    hl_free(has);
    return status;
}

static hl_status report(const poses_options *o, const hl_colmap_model *m,
                        const hl_pose_comparison *c)
{
    double sights = 0, error = 0;
    for (int64_t p = 0; p < m->point_count; p++) {
        sights += (double)m->points[p].track_count;
        error += m->points[p].error * (double)m->points[p].track_count;
    }
    const double points = (double)m->point_count;
    if (!o->common.json) {
        printf("%s: %d of %d photos, %.0f points, mean track %.2f, error %.3f px, centre %.4g, "
               "rotation %.4f deg, AUC %.1f %.1f %.1f %.1f %.1f %%\n",
               o->model, c->compared, c->count, points, points > 0 ? sights / points : 0,
               sights > 0 ? error / sights : 0, c->center_mean, c->rotation_mean, c->auc[0],
               c->auc[1], c->auc[2], c->auc[3], c->auc[4]);
        return HL_OK;
    }
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.poses/1");
    hl_json_add_number(root, "photos", c->count);
    hl_json_add_number(root, "registered", c->compared);
    hl_json_add_number(root, "points", points);
    hl_json_add_number(root, "mean_track", points > 0 ? sights / points : 0);
    hl_json_add_number(root, "error_px", sights > 0 ? error / sights : 0);
    hl_json_add_number(root, "center_mean", c->center_mean);
    hl_json_add_number(root, "center_max", c->center_max);
    hl_json_add_number(root, "rotation_mean_deg", c->rotation_mean);
    hl_json_add_number(root, "rotation_max_deg", c->rotation_max);
    hl_json *auc = hl_json_add_array(root, "auc");
    for (int k = 0; k < HL_COMPARE_LIMITS; k++)
        hl_json_add_number(auc, NULL, c->auc[k]);
    return hl_command_print_json(&root);
}

static hl_status run(const poses_options *o)
{
    hl_colmap_model model, truth;
    hl_pose_comparison c;
    HL_TRY(hl_colmap_load(&model, o->model, true));
    hl_status status = hl_colmap_load(&truth, o->truth, false);
    if (status == HL_OK) {
        status = compare_models(&model, &truth, &c);
        hl_colmap_release(&truth);
    }
    if (status == HL_OK)
        status = report(o, &model, &c);
    hl_colmap_release(&model);
    return status;
}

int hl_cmd_poses(int argc, char **argv)
{
    poses_options o = {.common = HL_COMMON_DEFAULTS};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    return hl_command_end(&spec, run(&o));
}
