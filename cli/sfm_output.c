/* SPDX-License-Identifier: MIT */
#include "cli/sfm_output.h"

#include "core/camera_model.h"
#include "core/file.h"
#include "core/memory.h"
#include "datasets/colmap.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* Image ids are 1, 2, ... in order of views, of all models alike. */
static hl_status fill_images(hl_colmap_model *c, const sfm_output *o, const hl_map_model *m)
{
    const int32_t n = o->result->image_count;
    c->images = hl_arena_alloc(&c->arena, (size_t)m->registered, sizeof *c->images);
    if (!c->images)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < n; i++) {
        if (!m->has_pose[i])
            continue;
        const hl_features *f = &o->result->features[i];
        hl_colmap_image *image = &c->images[c->image_count++];
        *image = (hl_colmap_image){.id = (uint32_t)i + 1,
                                   .camera_id = (uint32_t)o->views->views[i].camera + 1,
                                   .name = o->views->views[i].name,
                                   .camera_from_world = m->poses[i],
                                   .observation_count = f->count};
        image->observations =
            hl_arena_alloc(&c->arena, (size_t)f->count, sizeof *image->observations);
        if (!image->observations)
            return HL_E_MEMORY;
        for (int32_t k = 0; k < f->count; k++)
            image->observations[k] = (hl_colmap_observation){
                (double)f->keypoints[k].x, (double)f->keypoints[k].y, HL_COLMAP_NO_POINT};
    }
    return HL_OK;
}

static hl_status fill_points(hl_colmap_model *c, const sfm_output *o, int32_t model)
{
    const hl_map_model *m = &o->result->mapping.models[model];
    const uint8_t *rgb = o->result->colors[model];
    hl_colmap_image **image_of =
        hl_arena_alloc(&c->arena, (size_t)o->result->image_count, sizeof(void *));
    hl_colmap_sighting *tracks =
        hl_arena_alloc(&c->arena, (size_t)m->track_start[m->point_count], sizeof *tracks);
    c->points = hl_arena_alloc(&c->arena, (size_t)m->point_count, sizeof *c->points);
    if (!image_of || !tracks || !c->points)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < c->image_count; i++)
        image_of[c->images[i].id - 1] = &c->images[i];
    for (int32_t p = 0; p < m->point_count; p++) {
        hl_colmap_point *point = &c->points[c->point_count++];
        *point = (hl_colmap_point){.id = (uint64_t)p + 1,
                                   .error = m->errors[p],
                                   .track_count = m->track_start[p + 1] - m->track_start[p],
                                   .track = tracks + m->track_start[p]};
        memcpy(point->xyz, m->points + 3 * (size_t)p, sizeof point->xyz);
        memcpy(point->rgb, rgb + 3 * (size_t)p, sizeof point->rgb);
        for (int64_t k = m->track_start[p]; k < m->track_start[p + 1]; k++) {
            const hl_map_sight *s = &m->tracks[k];
            tracks[k] = (hl_colmap_sighting){(uint32_t)s->image + 1, (uint32_t)s->keypoint};
            image_of[s->image]->observations[s->keypoint].point = point->id;
        }
    }
    return HL_OK;
}

static hl_status save_model(const sfm_output *o, int32_t model, const char *folder)
{
    const hl_map_model *m = &o->result->mapping.models[model];
    hl_colmap_model c = {0};
    hl_arena_init(&c.arena, 0, 0);
    c.cameras = hl_arena_alloc(&c.arena, (size_t)o->result->camera_count, sizeof *c.cameras);
    hl_status status = c.cameras ? HL_OK : HL_E_MEMORY;
    for (int32_t i = 0; status == HL_OK && i < o->result->camera_count; i++) {
        c.cameras[i] = m->cameras[i];
        c.cameras[i].id = (uint32_t)i + 1;
        c.camera_count++;
    }
    if (status == HL_OK)
        status = fill_images(&c, o, m);
    if (status == HL_OK)
        status = fill_points(&c, o, model);
    if (status == HL_OK)
        status = hl_colmap_save(&c, folder, o->text ? HL_COLMAP_TEXT : HL_COLMAP_BINARY);
    hl_colmap_release(&c);
    return status;
}

hl_status hl_sfm_output_models(const sfm_output *o)
{
    for (int32_t k = 0; k < o->result->mapping.model_count; k++) {
        char name[64], folder[PATH_BYTES];
        snprintf(name, sizeof name, "sparse/%d", k);
        HL_TRY(hl_path_join(folder, sizeof folder, o->folder, name));
        HL_TRY(hl_file_make_folder(folder));
        HL_TRY(save_model(o, k, folder));
    }
    return HL_OK;
}

static double mean_track(const hl_map_model *m)
{
    return m->point_count > 0 ? (double)m->track_start[m->point_count] / m->point_count : 0;
}

static void add_truth(hl_json *root, const hl_pose_comparison *t)
{
    hl_json *node = hl_json_add_object(root, "truth");
    hl_json_add_number(node, "photos", t->count);
    hl_json_add_number(node, "compared", t->compared);
    hl_json_add_number(node, "center_mean", t->center_mean);
    hl_json_add_number(node, "center_max", t->center_max);
    hl_json_add_number(node, "rotation_mean_deg", t->rotation_mean);
    hl_json_add_number(node, "rotation_max_deg", t->rotation_max);
    hl_json *auc = hl_json_add_object(node, "auc");
    for (int k = 0; k < HL_COMPARE_LIMITS; k++) {
        char key[16];
        snprintf(key, sizeof key, "%g", hl_compare_limits[k]);
        hl_json_add_number(auc, key, t->auc[k]);
    }
}

static void add_models(hl_json *root, const sfm_output *o)
{
    hl_json *models = hl_json_add_array(root, "models");
    for (int32_t k = 0; k < o->result->mapping.model_count; k++) {
        const hl_map_model *m = &o->result->mapping.models[k];
        hl_json *node = hl_json_add_object(models, NULL);
        hl_json_add_number(node, "registered", m->registered);
        hl_json_add_number(node, "points", m->point_count);
        hl_json_add_number(node, "mean_track", mean_track(m));
        hl_json_add_number(node, "error_px", m->error_px);
        hl_json *cameras = hl_json_add_array(node, "cameras");
        for (int32_t c = 0; c < o->result->camera_count; c++) {
            hl_json *camera = hl_json_add_object(cameras, NULL);
            hl_json_add_text(camera, "model", hl_camera_model_name(m->cameras[c].model));
            hl_json_add_number(camera, "width", m->cameras[c].width);
            hl_json_add_number(camera, "height", m->cameras[c].height);
            hl_json_add_bool(camera, "principal_point_freed", m->center_freed[c]);
            hl_json *params = hl_json_add_array(camera, "params");
            for (int i = 0; i < hl_camera_param_count(m->cameras[c].model); i++)
                hl_json_add_number(params, NULL, m->cameras[c].params[i]);
        }
    }
}

static void add_photos(hl_json *root, const sfm_output *o)
{
    hl_json *photos = hl_json_add_array(root, "photos");
    for (int32_t i = 0; i < o->result->image_count; i++) {
        const hl_map_fate *fate = &o->result->mapping.fates[i];
        hl_json *node = hl_json_add_object(photos, NULL);
        hl_json_add_text(node, "name", o->views->views[i].name);
        hl_json_add_bool(node, "registered", fate->reason == HL_MAP_REGISTERED);
        hl_json_add_text(node, "reason", hl_map_reason_name(fate->reason));
        hl_json_add_number(node, "model", fate->model);
        hl_json_add_number(node, "features", o->result->features[i].count);
        hl_json_add_number(node, "verified_pairs", fate->pairs);
        hl_json_add_number(node, "best_pair_matches", fate->best_pair);
        hl_json_add_number(node, "visible_points", fate->visible);
        hl_json_add_number(node, "agreeing_points", fate->inliers);
        hl_json_add_number(node, "sights", fate->sights);
        hl_json_add_number(node, "error_px", fate->error_px);
    }
}

hl_json *hl_sfm_output_json(const sfm_output *o)
{
    const hl_sfm_result *r = o->result;
    int32_t verified = 0;
    for (int32_t p = 0; p < r->pair_count; p++)
        verified += r->pairs[p].inliers > 0;
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.sfm/1");
    hl_json_add_text(root, "input", o->views->path);
    hl_json_add_number(root, "photo_count", r->image_count);
    hl_json_add_number(root, "registered",
                       r->mapping.model_count > 0 ? r->mapping.models[0].registered : 0);
    hl_json_add_number(root, "pairs", r->pair_count);
    hl_json_add_number(root, "verified_pairs", verified);
    hl_json_add_number(root, "voted_focal_px", r->focal_px);
    hl_json_add_text(root, "mapper", hl_map_method_name(r->mapping.method));
    if (r->mapping.note)
        hl_json_add_text(root, "mapper_note", r->mapping.note);
    hl_json *cpu = hl_json_add_object(root, "cpu_seconds");
    hl_json_add_number(cpu, "features", r->cpu_seconds[HL_SFM_FEATURES]);
    hl_json_add_number(cpu, "match", r->cpu_seconds[HL_SFM_MATCH]);
    hl_json_add_number(cpu, "map", r->cpu_seconds[HL_SFM_MAP]);
    hl_json_add_number(cpu, "all", o->cpu_seconds);
    hl_json_add_number(root, "wall_seconds", o->wall_seconds);
    hl_json_add_number(root, "peak_memory_mb", (double)hl_memory_peak() / 1048576);
    if (o->truth)
        add_truth(root, o->truth);
    add_models(root, o);
    add_photos(root, o);
    return root;
}

hl_status hl_sfm_output_report(const sfm_output *o)
{
    char path[PATH_BYTES];
    HL_TRY(hl_path_join(path, sizeof path, o->folder, "report.json"));
    hl_json *root = hl_sfm_output_json(o);
    const hl_status status = hl_json_save(root, path);
    hl_json_destroy(&root);
    return status;
}

static void print_photos(const sfm_output *o)
{
    printf("%-28s %8s %6s %6s %6s %8s  %s\n", "photo", "features", "pairs", "best", "points",
           "error px", "");
    for (int32_t i = 0; i < o->result->image_count; i++) {
        const hl_map_fate *fate = &o->result->mapping.fates[i];
        printf("%-28s %8d %6d %6d ", o->views->views[i].name, o->result->features[i].count,
               fate->pairs, fate->best_pair);
        if (fate->model >= 0)
            printf("%6d %8.3f  %s", fate->sights, fate->error_px, hl_map_reason_name(fate->reason));
        else
            printf("%6s %8s  %s", "-", "-", hl_map_reason_name(fate->reason));
        if (fate->reason == HL_MAP_OTHER_MODEL)
            printf(" (%d)", fate->model);
        else if (fate->reason == HL_MAP_FEW_INLIERS)
            printf(" (%d of %d)", fate->inliers, fate->visible);
        printf("\n");
    }
}

void hl_sfm_output_print(const sfm_output *o)
{
    const hl_sfm_result *r = o->result;
    print_photos(o);
    for (int32_t k = 0; k < r->mapping.model_count; k++) {
        const hl_map_model *m = &r->mapping.models[k];
        printf("model %d: %d of %d photos, %d points, mean track %.2f, error %.3f px\n", k,
               m->registered, r->image_count, m->point_count, mean_track(m), m->error_px);
    }
    if (r->mapping.note)
        printf("mapper: %s\n", r->mapping.note);
    if (r->mapping.model_count == 0)
        printf("no model: no pair of photos holds enough matches with enough parallax\n");
    if (o->truth)
        printf("truth: %d of %d photos, centre %.4g (most %.4g), rotation %.4f (most %.4f) deg, "
               "AUC %.1f %.1f %.1f %.1f %.1f %% at 0.25 0.5 1 3 5 deg\n",
               o->truth->compared, o->truth->count, o->truth->center_mean, o->truth->center_max,
               o->truth->rotation_mean, o->truth->rotation_max, o->truth->auc[0], o->truth->auc[1],
               o->truth->auc[2], o->truth->auc[3], o->truth->auc[4]);
    printf("%s: CPU %.1f s (features %.1f, matches %.1f, map %.1f), %.1f s in all, %.0f MB\n",
           o->folder, o->cpu_seconds, r->cpu_seconds[HL_SFM_FEATURES], r->cpu_seconds[HL_SFM_MATCH],
           r->cpu_seconds[HL_SFM_MAP], o->wall_seconds, (double)hl_memory_peak() / 1048576);
}
