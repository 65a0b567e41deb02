/* SPDX-License-Identifier: MIT */
#include "relight/scene_file.h"

#include "core/memory.h"
#include "core/splat_io.h"
#include "relight/scene_file_parts.h"

#include <math.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------------------ */

hl_status hl_scene_file_add_mesh(hl_helio_writer *w, const hl_mesh *m)
{
    const int64_t n = m->vertex_count;
    const struct {
        const char *fourcc;
        int64_t columns;
        const float *data;
    } parts[] = {{"VPOS", 3, m->positions},
                 {"VNRM", 3, m->normals},
                 {"VALB", 3, m->albedo},
                 {"VROU", 1, m->roughness},
                 {"VMET", 1, m->metal}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].data)
            HL_TRY(hl_helio_writer_add(w, parts[i].fourcc, HL_HELIO_F32, n, parts[i].columns,
                                       parts[i].data, true));
    return hl_helio_writer_add(w, "TRIS", HL_HELIO_U32, m->triangle_count, 3, m->triangles, true);
}

/* Splits the rows of materials into the three chunks of a fit. */
static hl_status add_materials(hl_helio_writer *w, const hl_scene_file *s)
{
    static const struct {
        const char *fourcc;
        int first, columns;
    } parts[] = {{"ALBE", 0, 3}, {"ROUG", 3, 1}, {"METL", 4, 1}};
    const size_t n = (size_t)s->splats.count;
    float *column = hl_alloc(n ? n : 1, 3 * sizeof *column);
    hl_status status = column ? HL_OK : HL_E_MEMORY;
    for (int p = 0; p < 3 && status == HL_OK; p++) {
        const size_t c = (size_t)parts[p].columns;
        for (size_t i = 0; i < n; i++)
            memcpy(column + i * c, s->materials + i * HL_SCENE_FILE_MATERIALS + parts[p].first,
                   c * sizeof *column);
        /* compressed data are copied, so the column can be used again */
        status = hl_helio_writer_add(w, parts[p].fourcc, HL_HELIO_F32, (int64_t)n, (int64_t)c,
                                     column, true);
    }
    hl_free(column);
    return status;
}

static hl_status add_light(hl_helio_writer *w, const hl_image *light)
{
    const size_t n = 3 * (size_t)light->width * (size_t)light->height;
    float *log_light = hl_alloc(n, sizeof *log_light);
    if (!log_light)
        return HL_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        log_light[i] = logf(fmaxf(light->data[i], HL_SCENE_FILE_DARK));
    hl_json *about = hl_json_add_object(hl_helio_writer_json(w), "light");
    hl_json_add_number(about, "width", light->width);
    hl_json_add_number(about, "height", light->height);
    const hl_status s =
        hl_helio_writer_add(w, "LOGL", HL_HELIO_F32, (int64_t)n / 3, 3, log_light, true);
    hl_free(log_light);
    return s;
}

static hl_status add_lights(hl_helio_writer *w, const hl_light *lights, int32_t count)
{
    float *rows = hl_alloc((size_t)count, HL_SCENE_FILE_LIGHT * sizeof *rows);
    if (!rows)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < count; i++) {
        float *row = rows + (size_t)i * HL_SCENE_FILE_LIGHT;
        row[0] = (float)lights[i].kind;
        memcpy(row + 1, lights[i].at, 3 * sizeof *row);
        memcpy(row + 4, lights[i].edge_u, 3 * sizeof *row);
        memcpy(row + 7, lights[i].edge_v, 3 * sizeof *row);
        row[10] = lights[i].radius;
        memcpy(row + 11, lights[i].color, 3 * sizeof *row);
    }
    const hl_status s =
        hl_helio_writer_add(w, "LAMP", HL_HELIO_F32, count, HL_SCENE_FILE_LIGHT, rows, true);
    hl_free(rows);
    return s;
}

static void view_row(const hl_view *view, const hl_camera *camera, double *row)
{
    const double *p = camera->params;
    const bool simple = camera->model == HL_CAMERA_SIMPLE_PINHOLE;
    const double k[4] = {p[0], simple ? p[0] : p[1], simple ? p[1] : p[2], simple ? p[2] : p[3]};
    row[0] = camera->width;
    row[1] = camera->height;
    memcpy(row + 2, k, sizeof k);
    memcpy(row + 6, view->camera_from_world.q, 4 * sizeof *row);
    memcpy(row + 10, view->camera_from_world.t, 3 * sizeof *row);
    row[13] = view->split;
}

hl_status hl_scene_file_add_views(hl_helio_writer *w, const hl_views *views, const float up[3])
{
    const int32_t n = views->view_count;
    hl_json *root = hl_helio_writer_json(w);
    if (up) {
        hl_json *axis = hl_json_add_array(root, "up");
        for (int k = 0; k < 3; k++)
            hl_json_add_number(axis, NULL, (double)up[k]);
    }
    if (!n)
        return HL_OK;
    double *rows = hl_alloc((size_t)n, HL_SCENE_FILE_VIEW * sizeof *rows);
    if (!rows)
        return HL_E_MEMORY;
    hl_json *names = hl_json_add_array(root, "views");
    hl_status s = HL_OK;
    for (int32_t i = 0; i < n && s == HL_OK; i++) {
        const hl_view *v = &views->views[i];
        const hl_camera *c = &views->cameras[v->camera];
        if (!v->has_pose || (c->model != HL_CAMERA_PINHOLE && c->model != HL_CAMERA_SIMPLE_PINHOLE))
            s = hl_fail(HL_E_ARG, "view %s has no pose or is no pinhole camera", v->name);
        view_row(v, c, rows + (size_t)i * HL_SCENE_FILE_VIEW);
        hl_json_add_text(names, NULL, v->name);
    }
    if (s == HL_OK)
        s = hl_helio_writer_add(w, "VIEW", HL_HELIO_F64, n, HL_SCENE_FILE_VIEW, rows, true);
    hl_free(rows);
    return s;
}

hl_status hl_scene_file_add(hl_helio_writer *w, const hl_scene_file *s)
{
    HL_TRY(hl_helio_add_splats(w, &s->splats, false));
    if (s->materials)
        HL_TRY(add_materials(w, s));
    if (s->mesh.vertex_count)
        HL_TRY(hl_scene_file_add_mesh(w, &s->mesh));
    if (s->light.width)
        HL_TRY(add_light(w, &s->light));
    if (s->light_count)
        HL_TRY(add_lights(w, s->lights, s->light_count));
    const bool upright = hl_length3(s->up) > 0;
    return hl_scene_file_add_views(w, &s->views, upright ? s->up : NULL);
}

hl_status hl_scene_file_save(const hl_scene_file *scene, const char *path)
{
    hl_helio_writer *w = NULL;
    HL_TRY(hl_helio_writer_create(&w, path));
    const hl_status s = hl_scene_file_add(w, scene);
    if (s == HL_OK)
        return hl_helio_writer_commit(&w);
    hl_helio_writer_abort(&w);
    return s;
}
