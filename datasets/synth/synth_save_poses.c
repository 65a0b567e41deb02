/* SPDX-License-Identifier: MIT */
/* Poses, intrinsics and points of a synthetic capture in the forms that other tools read. */
#define HL_REAL double

#include "core/arena.h"
#include "core/file.h"
#include "core/json.h"
#include "core/views.h"
#include "datasets/colmap.h"
#include "datasets/synth/synth_files.h"
#include "datasets/transforms_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void hl_synth_place_of(hl_synthetic_layout layout, int32_t view, hl_synth_place *place)
{
    const int32_t tests = (view + HL_SYNTH_TEST_EVERY - 1) / HL_SYNTH_TEST_EVERY;
    place->test = view % HL_SYNTH_TEST_EVERY == 0;
    const char *split = place->test ? "test" : "train";
    switch (layout) {
    case HL_SYNTHETIC_COLMAP:
        snprintf(place->stem, sizeof place->stem, "view_%04d", view);
        snprintf(place->picture, sizeof place->picture, "images/view_%04d.png", view);
        break;
    case HL_SYNTHETIC_NERF:
        snprintf(place->stem, sizeof place->stem, "r_%04d", view);
        snprintf(place->picture, sizeof place->picture, "%s/r_%04d.png", split, view);
        break;
    case HL_SYNTHETIC_TENSOIR:
        snprintf(place->stem, sizeof place->stem, "%s_%03d", split,
                 place->test ? view / HL_SYNTH_TEST_EVERY : view - tests);
        snprintf(place->picture, sizeof place->picture, "%.40s/rgba.png", place->stem);
        break;
    }
}

static hl_status fill_images(const hl_synthetic *s, const hl_synthetic_points *points,
                             hl_colmap_model *m)
{
    for (int64_t i = 0; i < points->sighting_count; i++)
        m->images[points->sightings[i].view].observation_count++;
    for (int32_t v = 0; v < m->image_count; v++) {
        hl_colmap_image *image = &m->images[v];
        hl_camera camera;
        hl_synth_place place;
        hl_synthetic_view(s, v, &camera, &image->camera_from_world);
        hl_synth_place_of(HL_SYNTHETIC_COLMAP, v, &place);
        const char *name = hl_path_name(place.picture);
        m->cameras[0] = camera;
        image->id = (uint32_t)v + 1;
        image->camera_id = camera.id;
        image->name = hl_arena_text(&m->arena, name, strlen(name));
        image->observations = hl_arena_alloc(&m->arena, (size_t)image->observation_count,
                                             sizeof *image->observations);
        if (!image->name || !image->observations)
            return HL_E_MEMORY;
        image->observation_count = 0; /* counted again while they are filled */
    }
    return HL_OK;
}

static hl_status fill_points(const hl_synthetic_points *points, hl_colmap_model *m)
{
    for (int32_t i = 0; i < points->count; i++) {
        const hl_synthetic_point *from = &points->points[i];
        hl_colmap_point *p = &m->points[i];
        p->id = (uint64_t)i + 1;
        memcpy(p->xyz, from->xyz, sizeof p->xyz);
        memcpy(p->rgb, from->rgb, sizeof p->rgb);
        p->track_count = from->sighting_count;
        p->track = hl_arena_alloc(&m->arena, (size_t)p->track_count, sizeof *p->track);
        if (!p->track)
            return HL_E_MEMORY;
        for (int32_t k = 0; k < from->sighting_count; k++) {
            const hl_synthetic_sighting *t = &points->sightings[from->sighting_first + k];
            hl_colmap_image *image = &m->images[t->view];
            const hl_colmap_observation seen = {t->x, t->y, p->id};
            p->track[k].image_id = image->id;
            p->track[k].observation = (uint32_t)image->observation_count;
            image->observations[image->observation_count++] = seen;
        }
    }
    return HL_OK;
}

static hl_status save_model(const hl_synthetic *s, const hl_synthetic_points *points,
                            const char *folder)
{
    hl_colmap_model m = {
        .camera_count = 1, .image_count = s->options.views, .point_count = points->count};
    hl_status status = HL_E_MEMORY;
    hl_arena_init(&m.arena, 0, 0);
    m.cameras = hl_arena_alloc(&m.arena, 1, sizeof *m.cameras);
    m.images = hl_arena_alloc(&m.arena, (size_t)m.image_count, sizeof *m.images);
    m.points = hl_arena_alloc(&m.arena, (size_t)m.point_count, sizeof *m.points);
    if (m.cameras && m.images && m.points)
        status = fill_images(s, points, &m);
    if (status == HL_OK)
        status = fill_points(points, &m);
    if (status == HL_OK)
        status = hl_colmap_save(&m, folder, HL_COLMAP_BINARY);
    hl_colmap_release(&m);
    return status;
}

static hl_status save_transforms(const hl_synthetic *s, const char *path)
{
    hl_views views = {.view_count = s->options.views, .camera_count = 1};
    hl_status status = HL_OK;
    hl_arena_init(&views.arena, 0, 0);
    views.views = hl_arena_alloc(&views.arena, (size_t)views.view_count, sizeof *views.views);
    views.cameras = hl_arena_alloc(&views.arena, 1, sizeof *views.cameras);
    if (!views.views || !views.cameras)
        status = HL_E_MEMORY;
    for (int32_t v = 0; v < views.view_count && status == HL_OK; v++) {
        hl_synth_place place;
        hl_synthetic_view(s, v, views.cameras, &views.views[v].camera_from_world);
        hl_synth_place_of(HL_SYNTHETIC_COLMAP, v, &place);
        const char *name = hl_path_name(place.picture);
        views.views[v].name = hl_arena_text(&views.arena, name, strlen(name));
        views.views[v].has_pose = true;
        status = views.views[v].name ? HL_OK : HL_E_MEMORY;
    }
    if (status == HL_OK)
        status = hl_transforms_save(&views, -1, "images/", path);
    hl_views_release(&views);
    return status;
}

hl_status hl_synth_save_colmap(const hl_synthetic *synthetic, const hl_synthetic_points *points,
                               const char *folder)
{
    char path[4096];
    HL_TRY(hl_path_join(path, sizeof path, folder, "sparse/0"));
    HL_TRY(save_model(synthetic, points, path));
    HL_TRY(hl_path_join(path, sizeof path, folder, "transforms.json"));
    return save_transforms(synthetic, path);
}

/* Row-major camera-to-world with OpenGL camera axes: y and z of ours turned round. */
static void opengl_pose(const hl_synthetic *s, int32_t view, double m[16])
{
    hl_camera camera;
    hl_pose pose;
    hl_synth_eye eye;
    hl_synthetic_view(s, view, &camera, &pose);
    hl_synth_eye_make(&camera, &pose, &eye);
    for (int i = 0; i < 3; i++) {
        m[4 * i] = eye.world_from_camera[3 * i];
        m[4 * i + 1] = -eye.world_from_camera[3 * i + 1];
        m[4 * i + 2] = -eye.world_from_camera[3 * i + 2];
        m[4 * i + 3] = eye.origin[i];
    }
    m[12] = m[13] = m[14] = 0;
    m[15] = 1;
}

static double angle_x(const hl_synthetic *s)
{
    hl_camera camera;
    hl_pose pose;
    hl_synthetic_view(s, 0, &camera, &pose);
    return 2 * atan(camera.width / (2 * camera.params[0]));
}

static hl_status save_split(const hl_synthetic *s, hl_synthetic_layout layout, bool test,
                            const char *path)
{
    hl_json *root = hl_json_object();
    hl_json_add_number(root, "camera_angle_x", angle_x(s));
    hl_json *frames = hl_json_add_array(root, "frames");
    for (int32_t v = 0; v < s->options.views; v++) {
        hl_synth_place place;
        double m[16];
        char file[80];
        hl_synth_place_of(layout, v, &place);
        if (place.test != test)
            continue;
        opengl_pose(s, v, m);
        snprintf(file, sizeof file, "./%.*s", (int)(strlen(place.picture) - strlen(".png")),
                 place.picture);
        hl_json *frame = hl_json_add_object(frames, NULL);
        hl_json_add_text(frame, "file_path", file);
        hl_json *rows = hl_json_add_array(frame, "transform_matrix");
        for (int i = 0; i < 4; i++) {
            hl_json *row = hl_json_add_array(rows, NULL);
            for (int j = 0; j < 4; j++)
                hl_json_add_number(row, NULL, m[4 * i + j]);
        }
    }
    const hl_status status = hl_json_save(root, path);
    hl_json_destroy(&root);
    return status;
}

hl_status hl_synth_save_nerf(const hl_synthetic *synthetic, hl_synthetic_layout layout,
                             const char *folder)
{
    char path[4096];
    HL_TRY(hl_path_join(path, sizeof path, folder, "transforms_train.json"));
    HL_TRY(save_split(synthetic, layout, false, path));
    HL_TRY(hl_path_join(path, sizeof path, folder, "transforms_test.json"));
    return save_split(synthetic, layout, true, path);
}

hl_status hl_synth_save_metadata(const hl_synthetic *synthetic, int32_t view, const char *path)
{
    double m[16];
    char text[16 * 32];
    size_t used = 0;
    opengl_pose(synthetic, view, m);
    for (int i = 0; i < 16; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.12g", i ? "," : "", m[i]);
    hl_json *root = hl_json_object();
    hl_json_add_number(root, "cam_angle_x", angle_x(synthetic));
    hl_json_add_number(root, "imh", synthetic->options.height);
    hl_json_add_number(root, "imw", synthetic->options.width);
    hl_json_add_text(root, "cam_transform_mat", text);
    const hl_status status = hl_json_save(root, path);
    hl_json_destroy(&root);
    return status;
}
