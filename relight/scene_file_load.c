/* SPDX-License-Identifier: MIT */
/* Reads what relight/scene_file.c writes.  Every count is that of a chunk, whose bytes exist. */
#include "core/memory.h"
#include "core/splat_io.h"
#include "relight/scene_file.h"
#include "relight/scene_file_parts.h"

#include <math.h>
#include <string.h>

#define LOG_MOST   20.0  /* of the light's logarithm: beyond a sun of one texel           */
#define WINDOW     3.0   /* mean edges, where no solve says how many                      */
#define SIDE_MOST  65500 /* pixels                                                        */
#define LIGHT_MOST 16384 /* texels a side                                                 */
#define FAR        1e30  /* lengths                                                       */

typedef struct loading {
    hl_helio_reader *reader;
    const hl_json *root;
    const char *path;
    hl_scene_file s;
} loading;

/* rows < 0: any.  *out NULL where the file has no such chunk. */
static hl_status floats(loading *l, const char *fourcc, int64_t rows, int64_t columns,
                        const float **out)
{
    const void *data = NULL;
    const hl_helio_chunk *c = hl_helio_reader_find(l->reader, fourcc);
    *out = NULL;
    if (!c)
        return HL_OK;
    HL_TRY(hl_helio_reader_data(l->reader, fourcc, HL_HELIO_F32, rows, columns, &data));
    const float *v = data;
    for (int64_t i = 0; i < c->rows * columns; i++)
        if (!isfinite(v[i]))
            return hl_fail(HL_E_FORMAT, "%s: %s: row %lld is no finite number", l->path, fourcc,
                           (long long)(i / columns));
    *out = v;
    return HL_OK;
}

static hl_status in_unit(const loading *l, const char *fourcc, const float *v, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (v[i] < 0 || v[i] > 1)
            return hl_fail(HL_E_FORMAT, "%s: %s: value %lld is %g, expected 0..1", l->path, fourcc,
                           (long long)i, (double)v[i]);
    return HL_OK;
}

static hl_status load_materials(loading *l)
{
    static const char *const fourcc[3] = {"ALBE", "ROUG", "METL"};
    static const int columns[3] = {3, 1, 1}, first[3] = {0, 3, 4};
    const int64_t n = l->s.splats.count;
    const float *part[3];
    int present = 0;
    for (int p = 0; p < 3; p++) {
        HL_TRY(floats(l, fourcc[p], n, columns[p], &part[p]));
        if (part[p])
            HL_TRY(in_unit(l, fourcc[p], part[p], n * columns[p]));
        present += part[p] != NULL;
    }
    if (!present)
        return HL_OK;
    for (int p = 0; p < 3; p++)
        if (!part[p])
            return hl_fail(HL_E_FORMAT, "%s: chunk %s is missing: the materials are not whole",
                           l->path, fourcc[p]);
    float *m =
        hl_arena_alloc(&l->s.arena, (size_t)(n > 0 ? n : 1) * HL_SCENE_FILE_MATERIALS, sizeof *m);
    if (!m)
        return HL_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        for (int p = 0; p < 3; p++)
            memcpy(m + i * HL_SCENE_FILE_MATERIALS + first[p], part[p] + i * columns[p],
                   (size_t)columns[p] * sizeof *m);
    l->s.materials = m;
    return HL_OK;
}

/* One attribute of the vertices into an array that hl_mesh_create made. */
static hl_status attribute(loading *l, const char *fourcc, int columns, float *to)
{
    const float *from;
    HL_TRY(floats(l, fourcc, l->s.mesh.vertex_count, columns, &from));
    memcpy(to, from, (size_t)l->s.mesh.vertex_count * (size_t)columns * sizeof *to);
    return HL_OK;
}

static hl_status load_mesh(loading *l)
{
    const hl_helio_chunk *p = hl_helio_reader_find(l->reader, "VPOS");
    const hl_helio_chunk *t = hl_helio_reader_find(l->reader, "TRIS");
    const void *triangles;
    if (!p && !t)
        return HL_OK;
    if (!p || !t)
        return hl_fail(HL_E_FORMAT, "%s: chunk %s is missing: the mesh is not whole", l->path,
                       p ? "TRIS" : "VPOS");
    if (p->rows < 1 || t->rows < 1 || p->rows > HL_MESH_COUNT_MAX || t->rows > HL_MESH_COUNT_MAX)
        return hl_fail(HL_E_FORMAT, "%s: a mesh of %lld vertices and %lld triangles", l->path,
                       (long long)p->rows, (long long)t->rows);
    const struct {
        const char *fourcc;
        unsigned bit;
    } optional[] = {{"VNRM", HL_MESH_NORMALS},
                    {"VALB", HL_MESH_ALBEDO},
                    {"VROU", HL_MESH_ROUGHNESS},
                    {"VMET", HL_MESH_METAL}};
    unsigned bits = 0;
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        if (hl_helio_reader_find(l->reader, optional[i].fourcc))
            bits |= optional[i].bit;
    HL_TRY(hl_helio_reader_data(l->reader, "TRIS", HL_HELIO_U32, t->rows, 3, &triangles));
    HL_TRY(hl_mesh_create(&l->s.mesh, (int32_t)p->rows, (int32_t)t->rows, bits));
    hl_mesh *m = &l->s.mesh;
    memcpy(m->triangles, triangles, 3 * (size_t)t->rows * sizeof *m->triangles);
    HL_TRY(attribute(l, "VPOS", 3, m->positions));
    float *const arrays[] = {m->normals, m->albedo, m->roughness, m->metal};
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        if (arrays[i])
            HL_TRY(attribute(l, optional[i].fourcc, i < 2 ? 3 : 1, arrays[i]));
    const hl_status s = hl_mesh_validate(m);
    if (s != HL_OK)
        return hl_fail_context(s, "%s", l->path);
    return m->normals ? HL_OK : hl_mesh_fill_normals(m);
}

static hl_status load_light(loading *l)
{
    const hl_helio_chunk *c = hl_helio_reader_find(l->reader, "LOGL");
    if (!c)
        return HL_OK;
    /* A fit keeps the sizes with its own state. */
    const hl_json *own = hl_json_find(l->root, "light"), *fit = hl_json_find(l->root, "fit");
    const double w = own ? hl_json_number(own, "width", 0) : hl_json_number(fit, "light_width", 0);
    const double h =
        own ? hl_json_number(own, "height", 0) : hl_json_number(fit, "light_height", 0);
    const float *v;
    if (!(w >= 1 && h >= 1 && w <= LIGHT_MOST && h <= LIGHT_MOST) || w != floor(w) ||
        h != floor(h) || w * h != (double)c->rows)
        return hl_fail(HL_E_FORMAT, "%s: light of %g x %g texels, but LOGL has %lld rows", l->path,
                       w, h, (long long)c->rows);
    HL_TRY(floats(l, "LOGL", c->rows, 3, &v));
    HL_TRY(hl_image_create(&l->s.light, (int32_t)w, (int32_t)h, 3));
    for (int64_t i = 0; i < 3 * c->rows; i++) {
        if (v[i] > (float)LOG_MOST)
            return hl_fail(HL_E_FORMAT, "%s: LOGL: row %lld is %g, expected at most %g", l->path,
                           (long long)(i / 3), (double)v[i], LOG_MOST);
        l->s.light.data[i] = expf(v[i]);
    }
    return HL_OK;
}

static hl_status check_lamp(const loading *l, const hl_light *light, int64_t row)
{
    const float least =
        fminf(light->radius, hl_min(light->color[0], hl_min(light->color[1], light->color[2])));
    bool good = least >= 0;
    for (int k = 0; k < 3; k++)
        good = good && fabsf(light->at[k]) < (float)FAR && fabsf(light->edge_u[k]) < (float)FAR &&
               fabsf(light->edge_v[k]) < (float)FAR && light->color[k] < (float)FAR;
    if (light->kind == HL_LIGHT_SUN)
        good = good && fabsf(hl_length3(light->at) - 1) < 1e-3f && light->radius <= 1;
    if (!good)
        return hl_fail(HL_E_FORMAT, "%s: LAMP: row %lld is no light", l->path, (long long)row);
    return HL_OK;
}

static hl_status load_lamps(loading *l)
{
    const hl_helio_chunk *c = hl_helio_reader_find(l->reader, "LAMP");
    const float *v;
    if (!c || !c->rows)
        return HL_OK;
    if (c->rows > HL_SCENE_FILE_LIGHTS_MAX)
        return hl_fail(HL_E_FORMAT, "%s: LAMP: %lld lamps, expected %d at most", l->path,
                       (long long)c->rows, HL_SCENE_FILE_LIGHTS_MAX);
    HL_TRY(floats(l, "LAMP", -1, HL_SCENE_FILE_LIGHT, &v));
    l->s.lights = hl_arena_alloc(&l->s.arena, (size_t)c->rows, sizeof *l->s.lights);
    if (!l->s.lights)
        return HL_E_MEMORY;
    for (int64_t i = 0; i < c->rows; i++, v += HL_SCENE_FILE_LIGHT) {
        hl_light *light = &l->s.lights[i];
        int kind = 0;
        while (kind < HL_LIGHT_RECTANGLE && v[0] > (float)kind)
            kind++;
        light->kind = (hl_light_kind)kind;
        memcpy(light->at, v + 1, 3 * sizeof *v);
        memcpy(light->edge_u, v + 4, 3 * sizeof *v);
        memcpy(light->edge_v, v + 7, 3 * sizeof *v);
        light->radius = v[10];
        memcpy(light->color, v + 11, 3 * sizeof *v);
        HL_TRY(check_lamp(l, light, i));
    }
    l->s.light_count = (int32_t)c->rows;
    return HL_OK;
}

/* ---- cameras ------------------------------------------------------------------------------ */

static bool good_view(const double *row)
{
    double norm = 0;
    for (int k = 0; k < HL_SCENE_FILE_VIEW; k++)
        if (!isfinite(row[k]) || fabs(row[k]) > FAR)
            return false;
    for (int k = 6; k < 10; k++)
        norm += row[k] * row[k];
    return row[0] >= 1 && row[1] >= 1 && row[0] <= SIDE_MOST && row[1] <= SIDE_MOST && row[2] > 0 &&
           row[3] > 0 && fabs(norm - 1) < 1e-6 && (row[13] == 0 || row[13] == 1);
}

static hl_status take_view(loading *l, int32_t i, const double *row, const hl_json *name)
{
    hl_views *views = &l->s.views;
    hl_view *v = &views->views[i];
    hl_camera *c = &views->cameras[i];
    const char *text = hl_json_value_text(name);
    if (!good_view(row) || !text)
        return hl_fail(HL_E_FORMAT, "%s: VIEW: row %d is no camera%s", l->path, i,
                       text ? "" : " with a name");
    const size_t length = strlen(text) + 1;
    char *copy = hl_arena_alloc(&views->arena, length, 1);
    if (!copy)
        return HL_E_MEMORY;
    memcpy(copy, text, length);
    *c = (hl_camera){.id = (uint32_t)i,
                     .model = HL_CAMERA_PINHOLE,
                     .width = (int32_t)row[0],
                     .height = (int32_t)row[1]};
    memcpy(c->params, row + 2, 4 * sizeof *row);
    *v = (hl_view){.name = copy, .image_path = "", .camera = i, .has_pose = true};
    memcpy(v->camera_from_world.q, row + 6, sizeof v->camera_from_world.q);
    memcpy(v->camera_from_world.t, row + 10, sizeof v->camera_from_world.t);
    v->split = row[13] > 0 ? HL_SPLIT_TEST : HL_SPLIT_TRAIN;
    return HL_OK;
}

static hl_status load_views(loading *l)
{
    const hl_helio_chunk *c = hl_helio_reader_find(l->reader, "VIEW");
    const hl_json *names = hl_json_find(l->root, "views");
    hl_views *views = &l->s.views;
    const void *data;
    if (!c || !c->rows)
        return HL_OK;
    if (c->rows > HL_SCENE_FILE_VIEWS_MAX || hl_json_count(names) != c->rows)
        return hl_fail(HL_E_FORMAT, "%s: VIEW: %lld cameras with %d names", l->path,
                       (long long)c->rows, (int)hl_json_count(names));
    HL_TRY(hl_helio_reader_data(l->reader, "VIEW", HL_HELIO_F64, -1, HL_SCENE_FILE_VIEW, &data));
    views->kind = "scene file";
    views->path = "";
    views->views = hl_arena_alloc(&views->arena, (size_t)c->rows, sizeof *views->views);
    views->cameras = hl_arena_alloc(&views->arena, (size_t)c->rows, sizeof *views->cameras);
    if (!views->views || !views->cameras)
        return HL_E_MEMORY;
    const hl_json *name = hl_json_first(names);
    for (int32_t i = 0; i < (int32_t)c->rows; i++, name = hl_json_next(name))
        HL_TRY(take_view(l, i, (const double *)data + (size_t)i * HL_SCENE_FILE_VIEW, name));
    views->view_count = views->camera_count = (int32_t)c->rows;
    return HL_OK;
}

static hl_status load_up(loading *l)
{
    double up[3];
    const hl_json *config = hl_json_find(hl_json_find(l->root, "fit"), "config");
    const double hybrid = hl_json_number(config, "hybrid", HL_HYBRID_WINDOW);
    l->s.hybrid = hybrid >= 0 && hybrid < HL_HYBRID_COUNT ? (int32_t)hybrid : HL_HYBRID_WINDOW;
    if (hl_hybrid_rules_of(l->s.hybrid)->windowed)
        l->s.window = (float)fmin(fmax(hl_json_number(config, "window", WINDOW), 0), FAR);
    if (!hl_json_find(l->root, "up"))
        return HL_OK;
    HL_TRY(hl_json_need_numbers(l->root, "up", up, 3, l->path));
    const double length = sqrt(up[0] * up[0] + up[1] * up[1] + up[2] * up[2]);
    if (!(length > 1e-12 && length < 1e12))
        return hl_fail(HL_E_FORMAT, "%s: up: the direction has no length", l->path);
    for (int k = 0; k < 3; k++)
        l->s.up[k] = (float)(up[k] / length);
    return HL_OK;
}

/* ---- door --------------------------------------------------------------------------------- */

static hl_status load_all(loading *l)
{
    HL_TRY(hl_helio_reader_create(&l->reader, l->path));
    l->root = hl_helio_reader_json(l->reader);
    HL_TRY(hl_helio_read_splats(l->reader, &l->s.splats, &l->s.arena, 0));
    HL_TRY(load_materials(l));
    HL_TRY(load_mesh(l));
    HL_TRY(load_light(l));
    HL_TRY(load_lamps(l));
    HL_TRY(load_views(l));
    return load_up(l);
}

hl_status hl_scene_file_load(hl_scene_file *scene, const char *path)
{
    loading l = {.path = path};
    hl_arena_init(&l.s.arena, 0, 0);
    hl_arena_init(&l.s.views.arena, 0, 0);
    const hl_status s = load_all(&l);
    hl_helio_reader_destroy(&l.reader);
    if (s == HL_OK)
        *scene = l.s;
    else
        hl_scene_file_release(&l.s);
    return s;
}

void hl_scene_file_release(hl_scene_file *scene)
{
    hl_mesh_release(&scene->mesh);
    hl_image_release(&scene->light);
    hl_views_release(&scene->views);
    hl_arena_release(&scene->arena);
    memset(scene, 0, sizeof *scene);
}
