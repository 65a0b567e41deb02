/* SPDX-License-Identifier: MIT */
#include "cli/relight_fit.h"

#include "cli/command.h"
#include "cli/scene.h"
#include "core/camera_path.h"
#include "core/color.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/mesh_io.h"
#include "relight/protocol.h"
#include "relight/scene_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct work {
    const hl_relight_fit_options *o;
    hl_scene scene;
    hl_mesh mesh;
    hl_image light;
    int32_t count, *index; /* training views */
    hl_raster_view *view;
    hl_image8 *photo;
    hl_fit *fit;
    double hidden, admitted, seconds; /* weight of hidden splats without and with the window */
    float scale[3];
    char state[HL_SCENE_PATH_MAX]; /* OUT/scene.helio */
} work;

/* ---- input ---------------------------------------------------------------------------------- */

static hl_status load_mesh(work *w)
{
    char path[HL_SCENE_PATH_MAX];
    if (w->o->mesh)
        snprintf(path, sizeof path, "%s", w->o->mesh);
    else
        HL_TRY(hl_path_join(path, sizeof path, w->scene.folder, "mesh/scene.glb"));
    if (!hl_file_exists(path))
        return hl_fail(HL_E_IO, "%s: no mesh: run helio mesh %s -o %s first, or give --mesh FILE",
                       path, w->o->scene, path);
    HL_TRY(hl_mesh_load(&w->mesh, NULL, path));
    return w->mesh.normals ? HL_OK : hl_mesh_fill_normals(&w->mesh);
}

static hl_status take_photo(work *w, int32_t k)
{
    hl_photo photo;
    HL_TRY(hl_scene_view(&w->scene, w->index[k], &w->view[k]));
    HL_TRY(hl_photos_acquire(w->scene.photos, w->index[k], &photo));
    const hl_image8 *in = photo.image;
    hl_status s = hl_image8_create(&w->photo[k], in->width, in->height, 4);
    const size_t pixels = (size_t)in->width * (size_t)in->height, c = (size_t)in->channels;
    for (size_t i = 0; i < pixels && s == HL_OK; i++) {
        uint8_t *out = w->photo[k].data + 4 * i;
        memcpy(out, in->data + c * i, 3);
        out[3] = c == 4 ? in->data[c * i + 3] : 255;
        if (photo.mask && !photo.mask->data[i])
            out[3] = 0;
    }
    hl_photos_release(w->scene.photos, w->index[k]);
    return s;
}

static hl_status load_photos(work *w)
{
    const hl_views *views = &w->scene.views;
    const size_t room = (size_t)views->view_count;
    w->index = hl_alloc(room, sizeof *w->index);
    w->view = hl_alloc(room, sizeof *w->view);
    w->photo = hl_alloc(room, sizeof *w->photo);
    if (!w->index || !w->view || !w->photo)
        return HL_E_MEMORY;
    w->count = hl_views_in_split(views, HL_SPLIT_TRAIN, w->index);
    HL_TRY(hl_photos_prefetch(w->scene.photos, w->index, w->count));
    for (int32_t k = 0; k < w->count; k++)
        HL_TRY(take_photo(w, k));
    return HL_OK;
}

/* ---- maps ----------------------------------------------------------------------------------- */

/* "test_003" of "test_003/rgba.png"; other layouts: the name without extension. */
static void view_folder(const char *name, char *out, size_t capacity)
{
    const char *slash = strchr(name, '/'), *dot = strrchr(name, '.');
    const size_t length =
        slash ? (size_t)(slash - name) : (dot ? (size_t)(dot - name) : strlen(name));
    snprintf(out, capacity, "%.*s", (int)(length < 200 ? length : 200), name);
}

static hl_status map_path(const work *w, int32_t view, const char *file, char *path)
{
    char name[256], folder[HL_SCENE_PATH_MAX];
    view_folder(w->scene.views.views[view].name, name, sizeof name);
    HL_TRY(hl_path_join(folder, sizeof folder, w->o->maps, name));
    HL_TRY(hl_file_make_folder(folder));
    return hl_path_join(path, HL_SCENE_PATH_MAX, folder, file);
}

/* stem NULL: albedo, normal and roughness; else the shaded picture as stem.exr. */
static hl_status save_maps(const work *w, int32_t view, const hl_fit_maps *m, const char *stem)
{
    static const char *const names[] = {"albedo.exr", "normal.exr", "rough.exr"};
    const hl_image *const images[] = {&m->albedo, &m->normal, &m->rough};
    char path[HL_SCENE_PATH_MAX], file[256];
    for (int i = 0; i < 3 && !stem; i++) {
        HL_TRY(map_path(w, view, names[i], path));
        HL_TRY(hl_image_save(images[i], path));
    }
    if (!stem)
        return HL_OK;
    snprintf(file, sizeof file, "%.200s.exr", stem);
    HL_TRY(map_path(w, view, file, path));
    return hl_image_save(&m->shaded, path);
}

/* Adds the ratio of the capture's albedo.png to ours, where there is one. */
static hl_status compare_albedo(const work *w, int32_t view, const hl_fit_maps *m,
                                hl_albedo_ratio *ratio)
{
    char name[256], file[512], path[HL_SCENE_PATH_MAX];
    hl_image truth = {0}, sized = {0}, alpha = {0};
    view_folder(w->scene.views.views[view].name, name, sizeof name);
    snprintf(file, sizeof file, "%s/albedo.png", name);
    HL_TRY(hl_path_join(path, sizeof path, w->scene.data, file));
    HL_TRY(hl_image_load(&truth, path));
    const int32_t c = truth.channels, width = m->albedo.width, height = m->albedo.height;
    for (size_t i = 0; i < (size_t)truth.width * (size_t)truth.height * (size_t)c; i++)
        if (c != 4 || i % 4 != 3)
            truth.data[i] = hl_linear_from_srgb(truth.data[i]);
    hl_status s = hl_image_resize(&sized, &truth, width, height);
    if (s == HL_OK)
        s = hl_image_create(&alpha, width, height, 1);
    for (size_t i = 0; s == HL_OK && i < (size_t)width * (size_t)height; i++)
        alpha.data[i] = m->shaded.data[4 * i + 3] > 0.995f && (c != 4 || sized.data[4 * i + 3] >= 1)
                            ? 1.0f
                            : 0.0f;
    if (s == HL_OK)
        s = hl_albedo_ratio_add(ratio, &m->albedo, &sized, &alpha);
    hl_image_release(&truth);
    hl_image_release(&sized);
    hl_image_release(&alpha);
    return s;
}

/* All test views under one light.  stem NULL: maps, and ratios into `ratio` unless NULL. */
static hl_status draw_light(work *w, const hl_environment *env, const float scale[3],
                            const char *stem, hl_albedo_ratio *ratio)
{
    hl_fit_relight *relight = NULL;
    HL_TRY(hl_fit_relight_create(&relight, w->fit, env, scale, stem ? w->o->samples : 0));
    hl_status s = HL_OK;
    hl_fit_relight_denoise(relight, w->o->denoise);
    for (int32_t i = 0; i < w->scene.views.view_count && s == HL_OK; i++) {
        hl_raster_view view;
        hl_fit_maps maps;
        if (w->scene.views.views[i].split != HL_SPLIT_TEST)
            continue;
        s = hl_interrupt_requested() ? hl_fail(HL_E_INTERRUPT, "stopped while drawing maps")
                                     : hl_scene_view(&w->scene, i, &view);
        if (s == HL_OK)
            s = hl_fit_relight_view(relight, &view, &maps);
        if (s != HL_OK)
            break;
        s = save_maps(w, i, &maps, stem);
        if (s == HL_OK && ratio)
            s = compare_albedo(w, i, &maps, ratio);
        hl_fit_maps_release(&maps);
    }
    hl_fit_relight_destroy(&relight);
    return s;
}

static hl_status draw_environments(work *w)
{
    hl_file_list files = {0};
    HL_TRY(hl_file_list_folder(&files, w->o->envs));
    hl_status s = HL_OK;
    for (int32_t i = 0; i < files.count && s == HL_OK; i++) {
        char path[HL_SCENE_PATH_MAX], stem[256];
        hl_environment env;
        const char *name = files.names[i], *dot = strrchr(name, '.');
        if (!hl_path_has_extension(name, "hdr") && !hl_path_has_extension(name, "exr"))
            continue;
        snprintf(stem, sizeof stem, "rgba_%.*s", (int)(dot - name < 200 ? dot - name : 200), name);
        s = hl_path_join(path, sizeof path, w->o->envs, name);
        if (s == HL_OK)
            s = hl_environment_load(&env, path);
        if (s != HL_OK)
            break;
        s = draw_light(w, &env, w->scale, stem, NULL);
        hl_environment_release(&env);
    }
    hl_file_list_release(&files);
    return s;
}

static hl_status draw_maps(work *w)
{
    static const float one[3] = {1, 1, 1};
    hl_albedo_ratio ratio = {0};
    const hl_environment *own = hl_fit_environment(w->fit);
    if (w->o->scale_by_truth)
        HL_TRY(hl_albedo_ratio_create(&ratio));
    hl_status s = draw_light(w, own, one, NULL, w->o->scale_by_truth ? &ratio : NULL);
    if (s == HL_OK && w->o->scale_by_truth)
        hl_albedo_ratio_median(&ratio, w->scale);
    hl_albedo_ratio_release(&ratio);
    if (s == HL_OK)
        s = draw_light(w, own, one, "rgba", NULL);
    return s == HL_OK && w->o->envs ? draw_environments(w) : s;
}

/* ---- the command ---------------------------------------------------------------------------- */

/* The cameras of all views at the size of their pictures, and which way is up. */
static hl_status add_views(const work *w, hl_helio_writer *writer)
{
    const hl_views *from = &w->scene.views;
    const size_t n = (size_t)from->view_count;
    hl_view *views = hl_alloc(n, sizeof *views);
    hl_camera *cameras = hl_alloc(n, sizeof *cameras);
    hl_pose *poses = hl_alloc(n, sizeof *poses);
    hl_status s = views && cameras && poses ? HL_OK : HL_E_MEMORY;
    double focus[3], axis[3] = {0};
    for (int32_t i = 0; s == HL_OK && i < from->view_count; i++) {
        views[i] = from->views[i];
        views[i].camera = i;
        cameras[i] = *hl_photos_camera(w->scene.photos, i);
        poses[i] = views[i].camera_from_world;
    }
    if (s == HL_OK) {
        hl_camera_path_focus(poses, from->view_count, focus, axis);
        const hl_views made = {.view_count = from->view_count, .views = views, .cameras = cameras};
        const float up[3] = {(float)axis[0], (float)axis[1], (float)axis[2]};
        s = hl_scene_file_add_views(writer, &made, up);
    }
    hl_free(views);
    hl_free(cameras);
    hl_free(poses);
    return s;
}

static hl_status save_state(void *ctx, const hl_fit *fit)
{
    const work *w = ctx;
    hl_helio_writer *writer = NULL;
    HL_TRY(hl_helio_writer_create(&writer, w->state));
    hl_status s = hl_fit_write(fit, writer);
    if (s == HL_OK)
        s = add_views(w, writer);
    if (s == HL_OK)
        return hl_helio_writer_commit(&writer);
    hl_helio_writer_abort(&writer);
    return s;
}

static hl_status save_light(const work *w)
{
    char path[HL_SCENE_PATH_MAX];
    const hl_environment *e = hl_fit_environment(w->fit);
    const hl_image image = {e->width, e->height, 3, e->radiance};
    HL_TRY(hl_path_join(path, sizeof path, w->scene.folder, "relight"));
    HL_TRY(hl_file_make_folder(path));
    HL_TRY(hl_path_join(path, sizeof path, w->scene.folder, "relight/light.hdr"));
    return hl_image_save(&image, path);
}

static hl_status solve(work *w)
{
    const hl_fit_scene scene = {.splats = &w->scene.splats,
                                .mesh = &w->mesh,
                                .view_count = w->count,
                                .views = w->view,
                                .photos = w->photo,
                                .light = w->o->light ? &w->light : NULL};
    const hl_fit_events events = {.ctx = w, .save = save_state, .save_every = 500};
    const double start = hl_wall_seconds();
    HL_TRY(hl_fit_create(&w->fit, &w->o->config, &scene, "cpu", HL_ISA_AUTO));
    HL_TRY(hl_fit_hidden_ratio(w->fit, false, &w->hidden));
    HL_TRY(hl_fit_hidden_ratio(w->fit, true, &w->admitted));
    hl_log(HL_LOG_INFO, "hidden splats carry %.2f %% of the weight, %.2f %% as they are admitted",
           100 * w->hidden, 100 * w->admitted);
    if (w->o->resume && hl_file_exists(w->state))
        HL_TRY(hl_fit_load(w->fit, w->state));
    HL_TRY(hl_fit_run(w->fit, &events));
    w->seconds = hl_wall_seconds() - start;
    return save_light(w);
}

static hl_status report(const work *w)
{
    if (w->o->json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.fit/1");
        hl_json_add_text(root, "out", w->state);
        hl_json_add_number(root, "steps", hl_fit_steps(w->fit));
        hl_json_add_number(root, "loss", hl_fit_loss(w->fit));
        hl_json_add_number(root, "hidden_ratio", w->hidden);
        hl_json_add_number(root, "hidden_ratio_admitted", w->admitted);
        hl_json_add_number(root, "seconds", w->seconds);
        hl_json *scale = hl_json_add_array(root, "albedo_scale");
        for (int k = 0; k < 3; k++)
            hl_json_add_number(scale, NULL, (double)w->scale[k]);
        return hl_command_print_json(&root);
    }
    printf(
        "%d steps over %d photos in %.0f s; hidden splats carry %.2f %% of the weight, %.2f %% as "
        "admitted\n",
        hl_fit_steps(w->fit), w->count, w->seconds, 100 * w->hidden, 100 * w->admitted);
    if (w->o->scale_by_truth)
        printf("albedo scale %.4f %.4f %.4f\n", (double)w->scale[0], (double)w->scale[1],
               (double)w->scale[2]);
    printf("%s\n%s/relight/light.hdr\n", w->state, w->scene.folder);
    if (w->o->maps)
        printf("%s\n", w->o->maps);
    return HL_OK;
}

static hl_status fit_scene(work *w)
{
    const hl_scene_options so = {.path = w->o->scene,
                                 .data = w->o->data,
                                 .max_side_px = w->o->max_side_px,
                                 .need_data = true};
    HL_TRY(hl_scene_open(&w->scene, &so));
    HL_TRY(hl_path_join(w->state, sizeof w->state, w->scene.folder, "scene.helio"));
    HL_TRY(load_mesh(w));
    if (w->o->light)
        HL_TRY(hl_image_load(&w->light, w->o->light));
    HL_TRY(load_photos(w));
    HL_TRY(solve(w));
    if (w->o->maps)
        HL_TRY(draw_maps(w));
    return report(w);
}

hl_status hl_relight_fit(const hl_relight_fit_options *options)
{
    work w = {.o = options, .scale = {1, 1, 1}};
    const hl_status s = fit_scene(&w);
    hl_fit_destroy(&w.fit);
    for (int32_t k = 0; w.photo && k < w.scene.views.view_count; k++)
        hl_image8_release(&w.photo[k]);
    hl_free(w.photo);
    hl_free(w.view);
    hl_free(w.index);
    hl_image_release(&w.light);
    hl_mesh_release(&w.mesh);
    hl_scene_close(&w.scene);
    return s;
}
