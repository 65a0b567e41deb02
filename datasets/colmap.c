/* SPDX-License-Identifier: MIT */
#include "datasets/colmap.h"

#include "core/file.h"
#include "datasets/kinds/colmap_parts.h"

#include <string.h>

enum { PATH_BYTES = 4096 };

typedef struct part {
    const char *stem;
    hl_colmap_parser parse[2]; /* by hl_colmap_form */
    hl_colmap_printer print[2];
    bool optional;
} part;

static const part parts[] = {
    {"cameras",
     {hl_colmap_parse_cameras_bin, hl_colmap_parse_cameras_txt},
     {hl_colmap_print_cameras_bin, hl_colmap_print_cameras_txt},
     false},
    {"images",
     {hl_colmap_parse_images_bin, hl_colmap_parse_images_txt},
     {hl_colmap_print_images_bin, hl_colmap_print_images_txt},
     false},
    {"points3D",
     {hl_colmap_parse_points_bin, hl_colmap_parse_points_txt},
     {hl_colmap_print_points_bin, hl_colmap_print_points_txt},
     true},
};

enum { PARTS = sizeof parts / sizeof parts[0] };

static hl_status part_path(char path[PATH_BYTES], const char *folder, const char *stem,
                           hl_colmap_form form)
{
    char name[32];
    snprintf(name, sizeof name, "%s%s", stem, form == HL_COLMAP_TEXT ? ".txt" : ".bin");
    return hl_path_join(path, PATH_BYTES, folder, name);
}

static bool part_exists(const char *folder, const char *stem, hl_colmap_form form)
{
    char path[PATH_BYTES];
    return part_path(path, folder, stem, form) == HL_OK && hl_file_exists(path) &&
           !hl_file_is_folder(path);
}

static bool has_form(const char *folder, hl_colmap_form form)
{
    return part_exists(folder, "cameras", form) && part_exists(folder, "images", form);
}

bool hl_colmap_is_model(const char *folder)
{
    return has_form(folder, HL_COLMAP_BINARY) || has_form(folder, HL_COLMAP_TEXT);
}

static hl_status load_part(hl_colmap_model *model, const char *folder, const part *p,
                           hl_colmap_form form, bool with_tracks)
{
    char path[PATH_BYTES];
    HL_TRY(part_path(path, folder, p->stem, form));
    if (p->optional && !hl_file_exists(path))
        return HL_OK;
    hl_file_map map;
    HL_TRY(hl_file_map_open(&map, path));
    const hl_colmap_source source = {path, map.bytes, map.size, with_tracks};
    const hl_status s = map.size
                            ? p->parse[form](model, &source)
                            : hl_fail(HL_E_FORMAT, "%s: empty file, expected a COLMAP model", path);
    hl_file_map_close(&map);
    return s;
}

hl_status hl_colmap_load(hl_colmap_model *model, const char *folder, bool with_tracks)
{
    hl_colmap_model m = {.text = !has_form(folder, HL_COLMAP_BINARY)};
    if (m.text && !has_form(folder, HL_COLMAP_TEXT))
        return hl_fail(HL_E_IO, "%s: no COLMAP model: expected cameras and images, .bin or .txt",
                       folder);
    const hl_colmap_form form = m.text ? HL_COLMAP_TEXT : HL_COLMAP_BINARY;
    m.has_rigs = part_exists(folder, "rigs", form) || part_exists(folder, "frames", form);
    hl_arena_init(&m.arena, 0, 0);
    hl_status s = HL_OK;
    for (int i = 0; i < PARTS && s == HL_OK; i++)
        s = load_part(&m, folder, &parts[i], form, with_tracks);
    if (s == HL_OK)
        s = hl_colmap_check_model(&m, folder);
    if (s == HL_OK)
        *model = m;
    else
        hl_arena_release(&m.arena);
    return s;
}

hl_status hl_colmap_save(const hl_colmap_model *model, const char *folder, hl_colmap_form form)
{
    HL_TRY(hl_file_make_folder(folder));
    for (int i = 0; i < PARTS; i++) {
        char path[PATH_BYTES];
        HL_TRY(part_path(path, folder, parts[i].stem, form));
        hl_file_writer w;
        HL_TRY(hl_file_writer_open(&w, path));
        parts[i].print[form](&w, model);
        HL_TRY(hl_file_writer_commit(&w));
    }
    return HL_OK;
}

static hl_status fill_from_views(hl_colmap_model *m, const hl_views *views)
{
    m->image_count = views->view_count;
    m->point_count = views->point_count;
    m->images = hl_arena_alloc(&m->arena, (size_t)m->image_count, sizeof *m->images);
    m->cameras = hl_arena_alloc(&m->arena, (size_t)views->camera_count, sizeof *m->cameras);
    m->points = hl_arena_alloc(&m->arena, (size_t)m->point_count, sizeof *m->points);
    if (!m->images || !m->cameras || !m->points)
        return HL_E_MEMORY;
    m->camera_count = views->camera_count;
    for (int32_t i = 0; i < m->camera_count; i++) {
        m->cameras[i] = views->cameras[i];
        m->cameras[i].id = (uint32_t)i + 1;
    }
    for (int32_t i = 0; i < m->image_count; i++) {
        const hl_view *view = &views->views[i];
        if (!view->has_pose)
            return hl_fail(HL_E_ARG, "a COLMAP model needs a pose for every image; %s has none",
                           view->name);
        m->images[i] = (hl_colmap_image){.id = (uint32_t)i + 1,
                                         .camera_id = (uint32_t)view->camera + 1,
                                         .name = view->name,
                                         .camera_from_world = view->camera_from_world};
    }
    for (int64_t i = 0; i < m->point_count; i++) {
        hl_colmap_point *p = &m->points[i];
        p->id = (uint64_t)i + 1;
        p->error = -1;
        for (int c = 0; c < 3; c++) {
            p->xyz[c] = (double)views->points[3 * i + c];
            p->rgb[c] = views->point_colors ? views->point_colors[3 * i + c] : 128;
        }
    }
    return HL_OK;
}

hl_status hl_colmap_save_views(const hl_views *views, const char *folder, hl_colmap_form form)
{
    hl_colmap_model m = {0};
    hl_arena_init(&m.arena, 0, 0);
    hl_status s = fill_from_views(&m, views);
    if (s == HL_OK)
        s = hl_colmap_save(&m, folder, form);
    hl_arena_release(&m.arena);
    return s;
}

void hl_colmap_release(hl_colmap_model *model)
{
    hl_arena_release(&model->arena);
    model->camera_count = model->image_count = 0;
    model->point_count = 0;
}
