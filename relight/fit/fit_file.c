/* SPDX-License-Identifier: MIT */
/* A fit in a .helio container (docs/formats.md): the scene with materials and light, and what a
 * resumed run needs to give the bytes of the straight one. */
#include "core/helio_file.h"
#include "core/memory.h"
#include "core/splat_io.h"
#include "relight/fit/state.h"
#include "relight/scene_file.h"

#include <math.h>
#include <string.h>

/* Arrays that a resumed run reads back. */
typedef struct part {
    const char *fourcc;
    int64_t rows, columns;
    float *data;
} part;

enum { PARTS_OF_SET = 9, PARTS = 2 * PARTS_OF_SET + 5 };

/* Values, moments and squares of a set; the names' first letter tells the sets apart. */
static int list_set(const hl_fit_set *s, bool vertices, part *out)
{
    static const char *const names[2][PARTS_OF_SET] = {
        {"ALBE", "ROUG", "METL", "ALBM", "ALBV", "ROUM", "ROUV", "METM", "METV"},
        {"SALB", "SROU", "SMET", "SALM", "SALV", "SROM", "SROV", "SMEM", "SMEV"}};
    const hl_fit_adam *const adam[3] = {&s->albedo, &s->roughness, &s->metal};
    const int64_t n = s->roughness.count;
    for (int k = 0; k < 3; k++) {
        const int64_t columns = k == 0 ? 3 : 1;
        out[k] = (part){names[vertices][k], n, columns, adam[k]->p};
        out[3 + 2 * k] = (part){names[vertices][3 + 2 * k], n, columns, adam[k]->m};
        out[4 + 2 * k] = (part){names[vertices][4 + 2 * k], n, columns, adam[k]->v};
    }
    return PARTS_OF_SET;
}

static int list_parts(const hl_fit *f, part parts[PARTS])
{
    const int64_t texels = f->light.count / 3;
    int count = list_set(&f->of_splats, false, parts);
    if (f->vertex_features)
        count += list_set(&f->of_vertices, true, parts + count);
    parts[count++] = (part){"LOGL", texels, 3, f->light.p};
    parts[count++] = (part){"LOGM", texels, 3, f->light.m};
    if (f->exposure.gain) {
        parts[count++] = (part){"EXPO", f->exposure.log.count, 1, f->exposure.log.p};
        parts[count++] = (part){"EXPM", f->exposure.log.count, 1, f->exposure.log.m};
        parts[count++] = (part){"EXPV", f->exposure.log.count, 1, f->exposure.log.v};
    }
    return count;
}

static void add_config(hl_json *root, const hl_fit *fit)
{
    hl_json *about = hl_json_add_object(root, "fit");
    hl_json_add_number(about, "step", fit->step);
    hl_json_add_number(about, "splats", fit->scene.splats->count);
    hl_json_add_number(about, "light_width", fit->env.width);
    hl_json_add_number(about, "light_height", fit->env.height);
    hl_json *config = hl_json_add_object(about, "config");
    hl_json_add_number(config, "seed", (double)fit->c.seed);
#define X(type, name, value, least, most) hl_json_add_number(config, #name, (double)fit->c.name);
    HL_FIT_FIELDS(X)
#undef X
}

/* The mesh with the materials of the splat nearest to each vertex: what light bounces from. */
static hl_status add_mesh(hl_helio_writer *w, const hl_fit *fit)
{
    const size_t n = (size_t)fit->scene.mesh->vertex_count;
    hl_mesh m = *fit->scene.mesh;
    m.albedo = hl_alloc(n, 3 * sizeof *m.albedo);
    m.roughness = hl_alloc(n, sizeof *m.roughness);
    m.metal = hl_alloc(n, sizeof *m.metal);
    hl_status s = m.albedo && m.roughness && m.metal ? HL_OK : HL_E_MEMORY;
    for (size_t v = 0; v < n && s == HL_OK; v++) {
        const size_t from = (size_t)fit->vertex_splat[v];
        memcpy(m.albedo + 3 * v, fit->of_splats.albedo.p + 3 * from, 3 * sizeof *m.albedo);
        m.roughness[v] = fit->of_splats.roughness.p[from];
        m.metal[v] = fit->of_splats.metal.p[from];
    }
    if (s == HL_OK)
        s = hl_scene_file_add_mesh(w, &m);
    hl_free(m.albedo);
    hl_free(m.roughness);
    hl_free(m.metal);
    return s;
}

static hl_status add_arrays(hl_helio_writer *w, const hl_fit *fit)
{
    const int64_t vertices = fit->scene.mesh->vertex_count;
    part parts[PARTS];
    const int count = list_parts(fit, parts);
    HL_TRY(hl_helio_add_splats(w, fit->scene.splats, false));
    for (int i = 0; i < count; i++)
        HL_TRY(hl_helio_writer_add(w, parts[i].fourcc, HL_HELIO_F32, parts[i].rows,
                                   parts[i].columns, parts[i].data, false));
    HL_TRY(
        hl_helio_writer_add(w, "LOGV", HL_HELIO_F32, fit->light.count / 3, 3, fit->light.v, false));
    HL_TRY(
        hl_helio_writer_add(w, "LTAB", HL_HELIO_F32, fit->light.count / 3, 3, fit->table, false));
    HL_TRY(add_mesh(w, fit));
    if (fit->bounces.radiance)
        HL_TRY(hl_helio_writer_add(w, "BOUN", HL_HELIO_F32, vertices, 3, fit->bounces.radiance,
                                   false));
    return HL_OK;
}

hl_status hl_fit_write(const hl_fit *fit, hl_helio_writer *w)
{
    add_config(hl_helio_writer_json(w), fit);
    return add_arrays(w, fit);
}

hl_status hl_fit_save(const hl_fit *fit, const char *path)
{
    hl_helio_writer *w = NULL;
    HL_TRY(hl_helio_writer_create(&w, path));
    const hl_status s = hl_fit_write(fit, w);
    if (s != HL_OK) {
        hl_helio_writer_abort(&w);
        return s;
    }
    return hl_helio_writer_commit(&w);
}

/* Value of a file that was written before there was this field: the field's default. */
#define X(type, name, value, least, most) static const float before_##name = (float)(value);
HL_FIT_FIELDS(X)
#undef X

/* Fields that may change: lengths, and those of the refinement before it has begun. */
static bool is_free(const char *field, bool refined)
{
    static const char *const later[] = {"bake_samples", "bake_pixels", "lr_refine"};
    bool free = strcmp(field, "iterations") == 0 || strcmp(field, "refine") == 0;
    for (int i = 0; i < 3 && !refined; i++)
        free = free || strcmp(field, later[i]) == 0;
    return free;
}

/* The run must be the same but for what is_free allows. */
static hl_status check_config(const hl_fit *fit, const hl_json *about, const char *path)
{
    const hl_json *config = hl_json_find(about, "config");
    const double step = hl_json_number(about, "step", -1);
    if (!about || !config)
        return hl_fail(HL_E_FORMAT, "%s: holds no fit of materials and light", path);
    if (!(step >= 0 && step <= 1e7 && step == floor(step)))
        return hl_fail(HL_E_FORMAT, "%s: fit.step is %g, expected 0..10000000", path, step);
    const double before = hl_json_number(config, "iterations", step);
    if (step > before && before != fit->c.iterations)
        return hl_fail(HL_E_FORMAT, "%s: was refined after %g steps, now %d: cannot resume", path,
                       before, fit->c.iterations);
    const double hybrid = hl_json_number(config, "hybrid", HL_HYBRID_WINDOW);
    if (hybrid >= 0 && hybrid < HL_HYBRID_COUNT && hybrid != fit->c.hybrid)
        return hl_fail(HL_E_FORMAT, "%s: was solved with --hybrid %s, now %s: cannot resume", path,
                       hl_hybrid_rules_of((int32_t)hybrid)->name, fit->rules->name);
#define X(type, name, value, least, most)                                                          \
    if (!is_free(#name, step > before) &&                                                          \
        (float)hl_json_number(config, #name, (double)before_##name) != (float)fit->c.name)         \
        return hl_fail(HL_E_FORMAT, "%s: was made with %s %g, now %g: cannot resume", path, #name, \
                       hl_json_number(config, #name, (double)before_##name), (double)fit->c.name);
    HL_FIT_FIELDS(X)
#undef X
    if (hl_json_number(config, "seed", nan("")) != (double)fit->c.seed)
        return hl_fail(HL_E_FORMAT, "%s: was made with another seed: cannot resume", path);
    return HL_OK;
}

static hl_status check_finite(const float *data, int64_t count, const char *fourcc,
                              const char *path)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(data[i]))
            return hl_fail(HL_E_FORMAT, "%s: %s: value %lld is no finite number", path, fourcc,
                           (long long)i);
    return HL_OK;
}

static hl_status read_floats(hl_helio_reader *r, const char *fourcc, int64_t rows, int64_t columns,
                             const char *path, const float **out)
{
    const void *data = NULL;
    HL_TRY(hl_helio_reader_data(r, fourcc, HL_HELIO_F32, rows, columns, &data));
    *out = data;
    return check_finite(*out, rows * columns, fourcc, path);
}

static hl_status read_arrays(hl_fit *fit, hl_helio_reader *r, const char *path)
{
    part parts[PARTS];
    const float *data[PARTS], *second = NULL, *table = NULL, *bounce = NULL;
    const int64_t texels = fit->light.count / 3, vertices = fit->scene.mesh->vertex_count;
    const int count = list_parts(fit, parts);
    for (int i = 0; i < count; i++)
        HL_TRY(read_floats(r, parts[i].fourcc, parts[i].rows, parts[i].columns, path, &data[i]));
    HL_TRY(read_floats(r, "LOGV", texels, 3, path, &second));
    HL_TRY(read_floats(r, "LTAB", texels, 3, path, &table));
    if (hl_helio_reader_find(r, "BOUN")) {
        HL_TRY(read_floats(r, "BOUN", vertices, 3, path, &bounce));
        HL_TRY(hl_fit_bounces_room(fit, &fit->bounces));
        memcpy(fit->bounces.radiance, bounce, 3 * (size_t)vertices * sizeof *bounce);
    }
    for (int i = 0; i < count; i++)
        memcpy(parts[i].data, data[i], (size_t)(parts[i].rows * parts[i].columns) * sizeof(float));
    memcpy(fit->light.v, second, (size_t)fit->light.count * sizeof *second);
    for (int32_t i = 0; i < fit->light.count; i++)
        fit->env.radiance[i] = expf(fminf(table[i], HL_FIT_LOG_MOST));
    hl_environment_refresh(&fit->env);
    memcpy(fit->table, table, (size_t)fit->light.count * sizeof *table);
    hl_fit_exposure_apply(fit);
    hl_fit_refresh_light(fit, false);
    return HL_OK;
}

hl_status hl_fit_load(hl_fit *fit, const char *path)
{
    hl_helio_reader *r = NULL;
    HL_TRY(hl_helio_reader_create(&r, path));
    const hl_json *about = hl_json_find(hl_helio_reader_json(r), "fit");
    const int32_t before = fit->step;
    hl_status s = check_config(fit, about, path);
    if (s == HL_OK) /* tells which arrays there are */
        fit->step = (int32_t)hl_json_number(about, "step", 0);
    if (s == HL_OK)
        s = read_arrays(fit, r, path);
    if (s != HL_OK)
        fit->step = before;
    hl_helio_reader_destroy(&r);
    if (s == HL_OK)
        s = hl_fit_gather_features(fit);
    return s;
}
