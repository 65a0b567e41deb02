/* SPDX-License-Identifier: MIT */
#include "raster/checkpoint.h"

#include "core/build_info.h"
#include "core/file.h"
#include "core/helio_file.h"
#include "core/log.h"
#include "core/memory.h"
#include "raster/train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "helio.checkpoint/1"

enum { STATS = 8, SUMS = sizeof(hl_train_sums) / sizeof(double), VIEW_FLOATS = 12 };

/* Chunk names of parameters and moments: P, M, V and the field's place in HL_SPLAT_FIELDS. */
static void field_name(char out[5], char kind, int field)
{
    snprintf(out, 5, "%c%03d", kind, field);
}

/* One array of the state: where it is in memory, how it is called in the file. */
typedef struct part {
    char fourcc[5];
    hl_helio_type type;
    int64_t rows, columns;
    void *data;
} part;

enum { PARTS_MAX = 40 };

typedef struct part_list {
    part parts[PARTS_MAX];
    int32_t count;
} part_list;

static void add(part_list *l, const char *fourcc, hl_helio_type type, int64_t rows, int64_t columns,
                void *data)
{
    part *p = &l->parts[l->count++];
    snprintf(p->fourcc, sizeof p->fourcc, "%s", fourcc);
    p->type = type;
    p->rows = rows;
    p->columns = columns;
    p->data = data;
}

static void add_fields(part_list *l, char kind, const hl_splats *s, int32_t count)
{
    char name[5];
    int field = 0;
#define X(member, components)        \
    field_name(name, kind, field++); \
    add(l, name, HL_HELIO_F32, count, (components), s->member);
    HL_SPLAT_FIELDS(X)
#undef X
}

static void add_extra(part_list *l, char kind, const hl_train_extra *e, int32_t photos)
{
    if (!e->size)
        return;
    char name[5];
    float *const data[3] = {e->value, e->m, e->v};
    for (int k = 0; k < 3; k++) {
        field_name(name, kind, k);
        add(l, name, HL_HELIO_F32, photos, e->size, data[k]);
    }
    field_name(name, kind, 3);
    add(l, name, HL_HELIO_I32, photos, 1, e->steps);
}

/* Everything, for `count` splats.  poses (train_count, 12) and numbers: buffers of the caller. */
static void list_parts(part_list *l, const hl_trainer *t, int32_t count, float *poses,
                       double *numbers)
{
    l->count = 0;
    add_fields(l, 'P', &t->splats, count);
    add_fields(l, 'M', &t->adam.m, count);
    add_fields(l, 'V', &t->adam.v, count);
    add(l, "STEP", HL_HELIO_I32, t->adam.cluster_count, 1, t->adam.steps);
    float *const stats[STATS] = {t->stats.seen,       t->stats.grad_2d,     t->stats.grad_2d_abs,
                                 t->stats.radius,     t->stats.weight,      t->stats.fragments,
                                 t->stats.grad_alpha, t->stats.grad_alpha_2};
    for (int k = 0; k < STATS; k++) {
        char name[5];
        field_name(name, 'S', k);
        if (stats[k])
            add(l, name, HL_HELIO_F32, count, 1, stats[k]);
    }
    if (t->filter_3d)
        add(l, "FILT", HL_HELIO_F32, count, 1, t->filter_3d);
    add_extra(l, 'E', &t->exposure, t->scene.train_count);
    add_extra(l, 'Q', &t->pose, t->scene.train_count);
    if (t->pose.size)
        add(l, "POSE", HL_HELIO_F32, t->scene.train_count, VIEW_FLOATS, poses);
    add(l, "SUMS", HL_HELIO_F64, SUMS, 1, numbers);
}

static void poses_out(const hl_trainer *t, float *poses)
{
    for (int32_t k = 0; k < t->scene.train_count; k++) {
        memcpy(poses + VIEW_FLOATS * (size_t)k, t->view[k].r, 9 * sizeof(float));
        memcpy(poses + VIEW_FLOATS * (size_t)k + 9, t->view[k].t, 3 * sizeof(float));
    }
}

static void poses_in(hl_trainer *t, const float *poses)
{
    for (int32_t k = 0; k < t->scene.train_count; k++) {
        memcpy(t->view[k].r, poses + VIEW_FLOATS * (size_t)k, 9 * sizeof(float));
        memcpy(t->view[k].t, poses + VIEW_FLOATS * (size_t)k + 9, 3 * sizeof(float));
    }
}

static void fill_json(hl_json *json, const hl_trainer *t)
{
    hl_json_add_text(json, "schema", SCHEMA);
    hl_json_add_text(json, "tool", "helio " HL_BUILD_VERSION);
    hl_json_add_text(json, "commit", HL_BUILD_COMMIT);
    hl_json_add_number(json, "step", t->step);
    hl_json_add_number(json, "splats", t->splats.count);
    hl_json_add_number(json, "sh_degree", t->splats.sh_degree);
    hl_json_add_number(json, "first_count", t->first_count);
    hl_json_add_number(json, "stats_views", t->stats_views);
    hl_json_add_number(json, "photos", t->scene.train_count);
    hl_train_config_to_json(&t->config, json, "config");
}

hl_status hl_checkpoint_save(const hl_trainer *t, const char *path)
{
    float *poses = hl_alloc((size_t)t->scene.train_count * VIEW_FLOATS, sizeof *poses);
    if (!poses)
        return HL_E_MEMORY;
    poses_out(t, poses);
    double numbers[SUMS];
    memcpy(numbers, &t->sums, sizeof numbers);
    part_list list;
    list_parts(&list, t, t->splats.count, poses, numbers);

    hl_helio_writer *writer = NULL;
    hl_status s = hl_helio_writer_create(&writer, path);
    if (s == HL_OK)
        fill_json(hl_helio_writer_json(writer), t);
    for (int32_t k = 0; s == HL_OK && k < list.count; k++) {
        const part *p = &list.parts[k];
        s = hl_helio_writer_add(writer, p->fourcc, p->type, p->rows, p->columns, p->data, false);
    }
    if (s == HL_OK)
        s = hl_helio_writer_commit(&writer);
    hl_helio_writer_abort(&writer);
    hl_free(poses);
    return s;
}

static hl_status open_checkpoint(hl_helio_reader **reader, const hl_json **json, const char *path)
{
    HL_TRY(hl_helio_reader_create(reader, path));
    *json = hl_helio_reader_json(*reader);
    const char *schema = hl_json_text(*json, "schema", "");
    if (strcmp(schema, SCHEMA) == 0)
        return HL_OK;
    hl_helio_reader_destroy(reader);
    return hl_fail(HL_E_FORMAT, "%s: schema \"%s\", expected \"%s\"", path, schema, SCHEMA);
}

/* A whole number in range. */
static hl_status need_count(const hl_json *json, const char *key, int32_t most, int32_t *out,
                            const char *path)
{
    double v;
    HL_TRY(hl_json_need_number(json, key, &v, path));
    if (!(v >= 0 && v <= (double)most))
        return hl_fail(HL_E_FORMAT, "%s: %s: %g is not in 0..%d", path, key, v, most);
    *out = (int32_t)v;
    return HL_OK;
}

hl_status hl_checkpoint_config(hl_train_config *config, int32_t *step, const char *path)
{
    hl_helio_reader *reader = NULL;
    const hl_json *json = NULL;
    HL_TRY(open_checkpoint(&reader, &json, path));
    hl_train_config c;
    hl_train_config_init(&c);
    hl_status s = hl_train_config_from_json(&c, hl_json_find(json, "config"), path);
    int32_t at = 0;
    if (s == HL_OK)
        s = need_count(json, "step", INT32_MAX, &at, path);
    hl_helio_reader_destroy(&reader);
    if (s != HL_OK)
        return s;
    *config = c;
    *step = at;
    return HL_OK;
}

typedef struct counts {
    int32_t step, splats, degree, first, views;
} counts;

static hl_status read_counts(const hl_trainer *t, const hl_json *json, counts *c, const char *path)
{
    int32_t photos;
    HL_TRY(need_count(json, "step", t->config.iterations, &c->step, path));
    HL_TRY(need_count(json, "splats", t->splats.capacity, &c->splats, path));
    HL_TRY(need_count(json, "sh_degree", HL_SH_DEGREE_MAX, &c->degree, path));
    HL_TRY(need_count(json, "first_count", INT32_MAX, &c->first, path));
    HL_TRY(need_count(json, "stats_views", INT32_MAX, &c->views, path));
    HL_TRY(need_count(json, "photos", INT32_MAX, &photos, path));
    if (photos != t->scene.train_count)
        return hl_fail(HL_E_FORMAT, "%s: made from %d training photos, found %d", path, photos,
                       t->scene.train_count);
    return HL_OK;
}

hl_status hl_checkpoint_load(hl_trainer *t, const char *path)
{
    hl_helio_reader *reader = NULL;
    const hl_json *json = NULL;
    HL_TRY(open_checkpoint(&reader, &json, path));
    float *poses = hl_alloc((size_t)t->scene.train_count * VIEW_FLOATS, sizeof *poses);
    double numbers[SUMS];
    part_list list = {.count = 0};
    const void *data[PARTS_MAX];
    counts c = {0};
    hl_status s = poses ? read_counts(t, json, &c, path) : HL_E_MEMORY;
    if (s == HL_OK)
        list_parts(&list, t, c.splats, poses, numbers);
    /* look at everything before anything changes */
    for (int32_t k = 0; s == HL_OK && k < list.count; k++) {
        const part *p = &list.parts[k];
        s = hl_helio_reader_data(reader, p->fourcc, p->type, p->rows, p->columns, &data[k]);
    }
    if (s == HL_OK) {
        for (int32_t k = 0; k < list.count; k++) {
            const part *p = &list.parts[k];
            memcpy(p->data, data[k],
                   (size_t)p->rows * (size_t)p->columns * hl_helio_type_bytes(p->type));
        }
        t->step = c.step;
        t->on_device = false;
        t->splats.count = c.splats;
        t->splats.sh_degree = c.degree;
        t->first_count = c.first;
        t->stats_views = c.views;
        memcpy(&t->sums, numbers, sizeof numbers);
        if (t->pose.size)
            poses_in(t, poses);
    }
    hl_free(poses);
    hl_helio_reader_destroy(&reader);
    return s;
}

hl_status hl_checkpoint_path(char *path, size_t capacity, const char *folder, int32_t step)
{
    char name[40];
    snprintf(name, sizeof name, "step_%d.helio", step);
    return hl_path_join(path, capacity, folder, name);
}

/* N of "step_N.helio", -1 for other names. */
static int32_t step_of_name(const char *name)
{
    char expected[40], *end;
    if (strncmp(name, "step_", 5) != 0)
        return -1;
    const long n = strtol(name + 5, &end, 10);
    if (n < 0 || n > INT32_MAX)
        return -1;
    snprintf(expected, sizeof expected, "step_%ld.helio", n);
    return strcmp(name, expected) == 0 ? (int32_t)n : -1;
}

hl_status hl_checkpoint_newest(char *path, size_t capacity, bool *found, const char *folder)
{
    *found = false;
    if (!hl_file_is_folder(folder))
        return HL_OK;
    hl_file_list list;
    HL_TRY(hl_file_list_folder(&list, folder));
    hl_status s = HL_OK;
    for (int32_t below = INT32_MAX; s == HL_OK && !*found;) {
        int32_t newest = -1;
        for (int32_t k = 0; k < list.count; k++) {
            const int32_t n = step_of_name(list.names[k]);
            newest = n < below && n > newest ? n : newest;
        }
        if (newest < 0)
            break;
        below = newest;
        hl_train_config config;
        int32_t step;
        s = hl_checkpoint_path(path, capacity, folder, newest);
        if (s != HL_OK)
            break;
        *found = hl_checkpoint_config(&config, &step, path) == HL_OK;
        if (!*found)
            hl_log(HL_LOG_WARN, "not resuming from %s", hl_last_error());
    }
    hl_file_list_release(&list);
    return s;
}
