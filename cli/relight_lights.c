/* SPDX-License-Identifier: MIT */
/* The lights of helio relight: which ones are meant, how they stand. */
#include "cli/relight_cameras.h"
#include "cli/relight_run.h"
#include "core/file.h"
#include "relight/depth_mesh.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SUN_LEFT_DEG 55.0 /* of the viewer: shadows fall to the right and back */

static hl_status keep(hl_relighting *r, const char *name, const char *path, hl_sky sky)
{
    if (r->light_count == HL_RELIGHT_LIGHTS_MAX)
        return hl_fail(HL_E_FORMAT, "--env: more than %d lights", (int)HL_RELIGHT_LIGHTS_MAX);
    hl_relight_light *l = &r->light[r->light_count++];
    snprintf(l->name, sizeof l->name, "%.120s", name);
    snprintf(l->path, sizeof l->path, "%s", path);
    l->sky = sky;
    char *dot = path[0] ? strrchr(l->name, '.') : NULL;
    if (dot)
        *dot = '\0';
    return HL_OK;
}

static hl_status add_folder(hl_relighting *r, const char *folder)
{
    hl_file_list list;
    const int32_t before = r->light_count;
    HL_TRY(hl_file_list_folder(&list, folder));
    hl_status s = HL_OK;
    for (int32_t i = 0; i < list.count && s == HL_OK; i++) {
        char path[HL_RELIGHT_PATH_MAX];
        if (!hl_path_has_extension(list.names[i], "hdr") &&
            !hl_path_has_extension(list.names[i], "exr"))
            continue;
        s = hl_path_join(path, sizeof path, folder, list.names[i]);
        if (s == HL_OK)
            s = keep(r, hl_path_name(path), path, HL_SKY_COUNT);
    }
    hl_file_list_release(&list);
    if (s == HL_OK && r->light_count == before)
        s = hl_fail(HL_E_FORMAT, "%s: no .hdr or .exr file", folder);
    return s;
}

hl_status hl_relight_add_light(hl_relighting *r, const char *word)
{
    if (hl_file_is_folder(word))
        return add_folder(r, word);
    if (hl_file_exists(word) || strcmp(word, "own") != 0) {
        const hl_sky sky = hl_file_exists(word) ? HL_SKY_COUNT : hl_sky_find(word);
        return keep(r, hl_path_name(word), sky < HL_SKY_COUNT ? "" : word, sky);
    }
    if (!r->views.has_file || !r->views.file.light.width)
        return hl_fail(HL_E_ARG, "--env own: the scene holds no light of its own");
    return keep(r, word, "", HL_SKY_COUNT);
}

/* Degrees from the map's middle to where the first camera stands, around the middle of what it
 * sees. */
static double azimuth_of_viewer(const hl_relighting *r)
{
    const hl_environment *env = &r->environment;
    float eye[3], lo[3], hi[3], e[3];
    hl_depth_point(&r->views.view[0].view, 0, 0, 0, eye);
    if (r->views.pose_count > 1) {
        double focus[3], up[3];
        hl_camera_path_focus(r->views.pose, r->views.pose_count, focus, up);
        for (int k = 0; k < 3; k++)
            eye[k] -= (float)focus[k];
    } else {
        hl_mesh_bounds(r->scene.mesh, lo, hi);
        for (int k = 0; k < 3; k++)
            eye[k] -= 0.5f * (lo[k] + hi[k]);
    }
    hl_mul3(env->env_from_world, eye, e);
    return atan2((double)e[1], (double)e[0]) * 57.29577951308232;
}

void hl_relight_orient(hl_relighting *r, int32_t light, double degrees)
{
    double from = 0;
    if (r->light[light].sky < HL_SKY_COUNT) {
        hl_environment_orient(&r->environment, r->views.up, 0);
        from = azimuth_of_viewer(r) - SUN_LEFT_DEG;
    }
    if (r->light[light].sky == HL_SKY_COUNT && !r->light[light].path[0]) {
        const float own[3] = {0, 0, 1}; /* that of the scene stands in world axes */
        hl_environment_orient(&r->environment, own, 0);
        if (r->rotate_deg + degrees == 0)
            return;
    }
    hl_environment_orient(&r->environment, r->views.up, from + r->rotate_deg + degrees);
}

hl_status hl_relight_load_light(hl_relighting *r, int32_t light)
{
    const hl_relight_light *l = &r->light[light];
    hl_environment_release(&r->environment);
    if (l->path[0]) {
        HL_TRY(hl_environment_load(&r->environment, l->path));
    } else if (l->sky < HL_SKY_COUNT) {
        HL_TRY(hl_sky_make(&r->environment, l->sky));
    } else {
        HL_TRY(hl_environment_create(&r->environment, &r->views.file.light));
    }
    hl_relight_orient(r, light, 0);
    r->scene.environment = &r->environment;
    return HL_OK;
}
