/* SPDX-License-Identifier: MIT */
/* COLMAP's database in.  The file is not trusted: only plain tables are read, the virtual machine
 * has a budget that follows from the size of the file, and blobs that add up to more than the file
 * holds are refused (pages used twice). */
#include "core/camera_model.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "sfm/database.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

enum {
    PATH_BYTES = 4096,
    PAIR_BASE = 2147483647, /* pair_id = PAIR_BASE * least id + largest id */
    BUDGET_STEP = 1000,     /* instructions of SQLite between two looks at the budget */
    BUDGET_LEAST = 100000,
    BUDGET_PER_BYTE = 4,
    PIXEL_MOST = 1000000
};

typedef struct id_index {
    int64_t id;
    int32_t index;
} id_index;

typedef struct source {
    sqlite3 *db;
    sqlite3_stmt *s;
    const char *path, *table;
    int64_t size, blobs, budget;
    hl_arena scratch;
    id_index *camera_ids, *image_ids; /* sorted by id */
    int32_t camera_count, image_count;
    hl_database *d;
} source;

static int over_budget(void *ctx)
{
    source *k = ctx;
    k->budget -= BUDGET_STEP;
    return k->budget < 0;
}

static hl_status failed(const source *k)
{
    const int code = sqlite3_errcode(k->db) & 0xff;
    if (code == SQLITE_INTERRUPT)
        return hl_fail(HL_E_FORMAT, "%s: takes more work than a sound file of %lld bytes", k->path,
                       (long long)k->size);
    return hl_fail(code == SQLITE_NOMEM ? HL_E_MEMORY : HL_E_FORMAT, "%s: %s%s%s", k->path,
                   k->table ? k->table : "", k->table ? ": " : "", sqlite3_errmsg(k->db));
}

static hl_status wrong(const source *k, int64_t row, const char *what)
{
    return hl_fail(HL_E_FORMAT, "%s: %s: row %lld: %s", k->path, k->table, (long long)row, what);
}

/* Rows of a query; the first column is the key that messages name. */
static hl_status each_row(source *k, const char *table, const char *sql,
                          hl_status (*take)(source *k, int64_t key))
{
    k->table = table;
    if (sqlite3_prepare_v2(k->db, sql, -1, &k->s, NULL) != SQLITE_OK)
        return failed(k);
    hl_status status = HL_OK;
    int code = SQLITE_DONE;
    while (status == HL_OK && (code = sqlite3_step(k->s)) == SQLITE_ROW)
        status = take(k, sqlite3_column_int64(k->s, 0));
    if (status == HL_OK && code != SQLITE_DONE)
        status = failed(k);
    sqlite3_finalize(k->s);
    k->s = NULL;
    return status;
}

/* Column `at` must be a blob of exactly rows * bytes; NULL for none. */
static hl_status blob(source *k, int64_t key, int at, int64_t rows, int64_t bytes, const void **out)
{
    const int64_t found = sqlite3_column_bytes(k->s, at);
    *out = sqlite3_column_blob(k->s, at);
    if (found != rows * bytes)
        return hl_fail(HL_E_FORMAT,
                       "%s: %s: row %lld: %lld bytes of data, expected %lld rows of "
                       "%lld bytes",
                       k->path, k->table, (long long)key, (long long)found, (long long)rows,
                       (long long)bytes);
    k->blobs += found;
    if (k->blobs > k->size)
        return wrong(k, key, "the tables hold more bytes than the file");
    return found > 0 && !*out ? hl_fail(HL_E_MEMORY, "%s: no memory for a row", k->path) : HL_OK;
}

static int by_id(const void *a, const void *b)
{
    const int64_t x = ((const id_index *)a)->id, y = ((const id_index *)b)->id;
    return (x > y) - (x < y);
}

static int32_t index_of(const id_index *ids, int32_t count, int64_t id)
{
    const id_index key = {id, 0};
    const id_index *row = count ? bsearch(&key, ids, (size_t)count, sizeof key, by_id) : NULL;
    return row ? row->index : -1;
}

/* Room for one more in an array of *capacity; NULL where there is no memory. */
static void *room(void *array, int32_t count, int32_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    const int32_t wanted = *capacity ? *capacity * 2 : 64;
    void *grown =
        *capacity > INT32_MAX / 2 ? NULL : hl_grow(array, (size_t)*capacity, (size_t)wanted, size);
    if (grown)
        *capacity = wanted;
    return grown;
}

/* Lists of rows grow on the heap, then move to the arena of the result. */
typedef struct grown {
    hl_camera *cameras;
    bool *known;
    hl_database_image *images;
    int64_t *image_camera; /* id */
    id_index *image_ids;
    hl_database_pair *pairs;
    int32_t camera_room, known_room, image_room, link_room, id_room, pair_room, orphans;
} grown;

typedef struct reader {
    source k; /* first: callbacks get it */
    grown g;
} reader;

/* ---- cameras and images ---------------------------------------------------------------------- */

static hl_status take_camera(source *k, int64_t id)
{
    grown *g = &((reader *)k)->g;
    hl_camera c = {.id = (uint32_t)id};
    const int64_t model = sqlite3_column_int64(k->s, 1), width = sqlite3_column_int64(k->s, 2);
    const int64_t height = sqlite3_column_int64(k->s, 3);
    const void *params;
    if (model < 0 || model >= HL_CAMERA_MODELS)
        return hl_fail(HL_E_FORMAT, "%s: cameras: row %lld: camera model %lld, expected 0..%d",
                       k->path, (long long)id, (long long)model, HL_CAMERA_MODELS - 1);
    if (id < 1 || id >= PAIR_BASE || width < 1 || height < 1 || width > HL_IMAGE_SIDE_MAX ||
        height > HL_IMAGE_SIDE_MAX)
        return wrong(k, id, "id or size out of range");
    c.model = (hl_camera_model)model;
    c.width = (int32_t)width;
    c.height = (int32_t)height;
    const int n = hl_camera_param_count(c.model);
    HL_TRY(blob(k, id, 4, n, sizeof(double), &params));
    memcpy(c.params, params, (size_t)n * sizeof(double));
    for (int i = 0; i < n; i++)
        if (!isfinite(c.params[i]))
            return wrong(k, id, "a parameter is not finite");
    const int32_t at = k->camera_count;
    hl_camera *cameras = room(g->cameras, at, &g->camera_room, sizeof *cameras);
    if (cameras)
        g->cameras = cameras;
    bool *known = cameras ? room(g->known, at, &g->known_room, sizeof *known) : NULL;
    if (!known)
        return HL_E_MEMORY;
    g->known = known;
    cameras[at] = c;
    known[at] = sqlite3_column_int(k->s, 5) != 0;
    k->camera_count++;
    return HL_OK;
}

static hl_status take_image(source *k, int64_t id)
{
    grown *g = &((reader *)k)->g;
    const char *name = (const char *)sqlite3_column_text(k->s, 1);
    const int bytes = sqlite3_column_bytes(k->s, 1);
    if (!name || bytes < 1 || bytes >= PATH_BYTES || strlen(name) != (size_t)bytes)
        return wrong(k, id, "no name of a photo");
    k->blobs += bytes;
    if (k->blobs > k->size)
        return wrong(k, id, "the tables hold more bytes than the file");
    if (id < 0 || id >= PAIR_BASE)
        return wrong(k, id, "id out of range");
    const int32_t at = k->image_count;
    hl_database_image *images = room(g->images, at, &g->image_room, sizeof *images);
    if (images)
        g->images = images;
    id_index *ids = images ? room(g->image_ids, at, &g->id_room, sizeof *ids) : NULL;
    if (ids)
        g->image_ids = ids;
    int64_t *links = ids ? room(g->image_camera, at, &g->link_room, sizeof *links) : NULL;
    if (!links)
        return HL_E_MEMORY;
    g->image_camera = links;
    images[at] = (hl_database_image){.name = hl_arena_text(&k->d->arena, name, (size_t)bytes)};
    ids[at] = (id_index){id, at};
    links[at] = sqlite3_column_int64(k->s, 2);
    k->image_count++;
    return images[at].name ? HL_OK : HL_E_MEMORY;
}

typedef struct named {
    const char *name;
    int32_t index;
} named;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

/* Images by name, in the arena; ids of images and cameras sorted for look-ups. */
static hl_status settle_images(source *k)
{
    grown *g = &((reader *)k)->g;
    const size_t n = (size_t)k->image_count, c = (size_t)k->camera_count;
    hl_database *d = k->d;
    named *order = hl_arena_alloc(&k->scratch, n, sizeof *order);
    k->camera_ids = hl_arena_alloc(&k->scratch, c, sizeof *k->camera_ids);
    k->image_ids = hl_arena_alloc(&k->scratch, n, sizeof *k->image_ids);
    d->images = hl_arena_alloc(&d->arena, n, sizeof *d->images);
    d->cameras = hl_arena_alloc(&d->arena, c, sizeof *d->cameras);
    d->focal_known = hl_arena_alloc(&d->arena, c, sizeof *d->focal_known);
    if (!order || !k->camera_ids || !k->image_ids || !d->images || !d->cameras || !d->focal_known)
        return HL_E_MEMORY;
    if (n == 0 || c == 0)
        return hl_fail(HL_E_FORMAT, "%s: lists no %s", k->path, c == 0 ? "cameras" : "images");
    for (size_t i = 0; i < c; i++)
        k->camera_ids[i] = (id_index){g->cameras[i].id, (int32_t)i};
    memcpy(d->cameras, g->cameras, c * sizeof *d->cameras);
    memcpy(d->focal_known, g->known, c * sizeof *d->focal_known);
    qsort(k->camera_ids, c, sizeof *k->camera_ids, by_id);
    for (size_t i = 0; i < n; i++)
        order[i] = (named){g->images[i].name, (int32_t)i};
    qsort(order, n, sizeof *order, by_name);
    for (size_t i = 0; i < n; i++) {
        const int32_t from = order[i].index;
        const int32_t camera = index_of(k->camera_ids, k->camera_count, g->image_camera[from]);
        if (i > 0 && strcmp(order[i].name, order[i - 1].name) == 0)
            return hl_fail(HL_E_FORMAT, "%s: images: two are named \"%s\"", k->path, order[i].name);
        if (camera < 0)
            return wrong(k, g->image_ids[from].id, "its camera is not in the file");
        const hl_camera *size = &d->cameras[camera];
        d->images[i] = g->images[from];
        d->images[i].camera = camera;
        d->images[i].features.width = size->width;
        d->images[i].features.height = size->height;
        k->image_ids[i] = (id_index){g->image_ids[from].id, (int32_t)i};
    }
    qsort(k->image_ids, n, sizeof *k->image_ids, by_id);
    d->camera_count = k->camera_count;
    d->image_count = k->image_count;
    return HL_OK;
}

/* ---- features -------------------------------------------------------------------------------- */

/* x y; x y scale angle; x y and the affine shape a11 a12 a21 a22, of which scale and angle are what
 * is left without shear. */
static hl_keypoint keypoint(const float *row, int64_t columns)
{
    hl_keypoint p = {row[0], row[1], 1, 0};
    if (columns == 4) {
        p.scale = row[2];
        p.angle = row[3];
    } else if (columns == 6) {
        p.scale = (hypotf(row[2], row[4]) + hypotf(row[3], row[5])) / 2;
        p.angle = atan2f(row[4], row[2]);
    }
    if (!(p.scale > 0 && p.scale < PIXEL_MOST))
        p.scale = 1;
    if (!(fabsf(p.angle) <= 3.15f))
        p.angle = 0;
    return p;
}

static hl_status rows_of(source *k, int64_t id, int64_t *rows, int64_t *columns, int32_t *image)
{
    *rows = sqlite3_column_int64(k->s, 1);
    *columns = sqlite3_column_int64(k->s, 2);
    *image = index_of(k->image_ids, k->image_count, id);
    if (*image < 0)
        return wrong(k, id, "of an image that is not in the file");
    if (*rows < 0 || *rows > HL_FEATURES_MAX || *columns < 0 || *columns > 4096)
        return hl_fail(HL_E_FORMAT,
                       "%s: %s: row %lld: %lld x %lld numbers, expected at most %d "
                       "features",
                       k->path, k->table, (long long)id, (long long)*rows, (long long)*columns,
                       HL_FEATURES_MAX);
    return HL_OK;
}

static hl_status take_keypoints(source *k, int64_t id)
{
    int64_t rows, columns;
    int32_t image;
    const void *data;
    HL_TRY(rows_of(k, id, &rows, &columns, &image));
    if (rows > 0 && columns != 2 && columns != 4 && columns != 6)
        return wrong(k, id, "expected 2, 4 or 6 columns");
    HL_TRY(blob(k, id, 3, rows, columns * (int64_t)sizeof(float), &data));
    hl_features *f = &k->d->images[image].features;
    f->keypoints = hl_arena_alloc(&k->d->arena, (size_t)rows, sizeof *f->keypoints);
    if (!f->keypoints)
        return HL_E_MEMORY;
    for (int64_t i = 0; i < rows; i++) {
        float row[6];
        memcpy(row, (const char *)data + (size_t)(i * columns) * sizeof(float),
               (size_t)columns * sizeof(float));
        if (!(fabsf(row[0]) <= PIXEL_MOST && fabsf(row[1]) <= PIXEL_MOST))
            return wrong(k, id, "a keypoint lies nowhere near a photo");
        f->keypoints[i] = keypoint(row, columns);
    }
    f->count = (int32_t)rows;
    return HL_OK;
}

static hl_status take_descriptors(source *k, int64_t id)
{
    int64_t rows, columns;
    int32_t image;
    const void *data;
    HL_TRY(rows_of(k, id, &rows, &columns, &image));
    HL_TRY(blob(k, id, 3, rows, columns, &data));
    hl_features *f = &k->d->images[image].features;
    if (columns != HL_DESCRIPTOR_BYTES)
        return HL_OK;
    if (rows != f->count)
        return wrong(k, id, "another number than keypoints");
    f->descriptors = hl_arena_alloc(&k->d->arena, (size_t)rows, HL_DESCRIPTOR_BYTES);
    if (!f->descriptors)
        return HL_E_MEMORY;
    if (rows > 0)
        memcpy(f->descriptors, data, (size_t)rows * HL_DESCRIPTOR_BYTES);
    return HL_OK;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* The pair of a row, its matches with the lower index of an image first; *count -1 where one of its
 * images is not in the file. */
static hl_status read_pair(source *k, int64_t id, hl_database_pair *pair, int32_t *count,
                           const int32_t **matches)
{
    grown *g = &((reader *)k)->g;
    const int64_t rows = sqlite3_column_int64(k->s, 1), columns = sqlite3_column_int64(k->s, 2);
    const void *data;
    const int32_t first = index_of(k->image_ids, k->image_count, id / PAIR_BASE);
    const int32_t second = index_of(k->image_ids, k->image_count, id % PAIR_BASE);
    *count = -1;
    if (id < 0 || rows < 0 || rows > HL_FEATURES_MAX || (rows > 0 && columns != 2))
        return wrong(k, id, "expected two columns of matches");
    if (first < 0 || second < 0 || first == second) {
        g->orphans++;
        return HL_OK;
    }
    const bool swapped = first > second;
    *pair = (hl_database_pair){.image_a = swapped ? second : first,
                               .image_b = swapped ? first : second,
                               .match_count = -1,
                               .inlier_count = -1};
    HL_TRY(blob(k, id, 3, rows, 2 * (int64_t)sizeof(uint32_t), &data));
    int32_t *out = hl_arena_alloc(&k->d->arena, (size_t)rows, 2 * sizeof *out);
    if (!out)
        return HL_E_MEMORY;
    const uint32_t limit[2] = {(uint32_t)k->d->images[first].features.count,
                               (uint32_t)k->d->images[second].features.count};
    for (int64_t i = 0; i < 2 * rows; i++) {
        uint32_t value;
        memcpy(&value, (const char *)data + (size_t)i * sizeof value, sizeof value);
        if (value >= limit[i & 1])
            return wrong(k, id, "a match of a keypoint that its image does not have");
        out[swapped ? i ^ 1 : i] = (int32_t)value;
    }
    *count = (int32_t)rows;
    *matches = out;
    return HL_OK;
}

static hl_status append_pair(source *k, const hl_database_pair *pair)
{
    grown *g = &((reader *)k)->g;
    hl_database_pair *pairs = room(g->pairs, k->d->pair_count, &g->pair_room, sizeof *pairs);
    if (!pairs)
        return HL_E_MEMORY;
    g->pairs = pairs;
    pairs[k->d->pair_count++] = *pair;
    return HL_OK;
}

static hl_status take_matches(source *k, int64_t id)
{
    hl_database_pair pair;
    const int32_t *matches = NULL;
    int32_t count;
    HL_TRY(read_pair(k, id, &pair, &count, &matches));
    if (count < 0)
        return HL_OK;
    pair.match_count = count;
    pair.matches = matches;
    return append_pair(k, &pair);
}

static hl_status take_geometry(source *k, int64_t id)
{
    hl_database_pair pair;
    const int32_t *matches = NULL;
    int32_t count;
    HL_TRY(read_pair(k, id, &pair, &count, &matches));
    if (count < 0)
        return HL_OK;
    const int64_t config = sqlite3_column_int64(k->s, 4);
    pair.inlier_count = count;
    pair.inliers = matches;
    if (config >= HL_TWO_VIEW_UNDEFINED && config <= HL_TWO_VIEW_WATERMARK)
        pair.view.config = (hl_two_view_config)config;
    pair.view.inlier_count = count;
    return append_pair(k, &pair);
}

static int by_images(const void *a, const void *b)
{
    const hl_database_pair *x = a, *y = b;
    if (x->image_a != y->image_a)
        return x->image_a < y->image_a ? -1 : 1;
    if (x->image_b != y->image_b)
        return x->image_b < y->image_b ? -1 : 1;
    return (x->match_count < 0) - (y->match_count < 0);
}

/* Rows of the two tables become one for each pair. */
static hl_status settle_pairs(source *k)
{
    const grown *g = &((reader *)k)->g;
    hl_database *d = k->d;
    const int32_t n = d->pair_count;
    int32_t kept = 0;
    d->pairs = hl_arena_alloc(&d->arena, (size_t)n, sizeof *d->pairs);
    if (!d->pairs)
        return HL_E_MEMORY;
    if (n > 0)
        qsort(g->pairs, (size_t)n, sizeof *g->pairs, by_images);
    for (int32_t i = 0; i < n; i++) {
        const hl_database_pair *p = &g->pairs[i];
        hl_database_pair *last = kept > 0 ? &d->pairs[kept - 1] : NULL;
        if (last && last->image_a == p->image_a && last->image_b == p->image_b) {
            last->inlier_count = p->inlier_count;
            last->inliers = p->inliers;
            last->view = p->view;
        } else {
            d->pairs[kept++] = *p;
        }
    }
    d->pair_count = kept;
    if (g->orphans > 0)
        hl_log(HL_LOG_WARN, "%s: %d rows of pairs left out: an image of theirs is not in the file",
               k->path, g->orphans);
    return HL_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Views and virtual tables run code of the file's choice: refused. */
static hl_status check_table(source *k, const char *table)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(
        k->db,
        "SELECT sql NOT LIKE 'CREATE VIRTUAL%' FROM sqlite_master WHERE type = 'table' AND "
        "name = ?1",
        -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    const bool plain = code == SQLITE_ROW && sqlite3_column_int(s, 0) != 0;
    const hl_status status =
        plain ? HL_OK
              : (code == SQLITE_DONE || code == SQLITE_ROW
                     ? hl_fail(HL_E_FORMAT, "%s: no table \"%s\": not a database of COLMAP",
                               k->path, table)
                     : failed(k));
    sqlite3_finalize(s);
    return status;
}

static hl_status read_all(source *k)
{
    static const char *const tables[] = {"cameras",     "images",  "keypoints",
                                         "descriptors", "matches", "two_view_geometries"};
    sqlite3_db_config(k->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(k->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(k->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(k->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_progress_handler(k->db, BUDGET_STEP, over_budget, k);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        HL_TRY(check_table(k, tables[i]));
    HL_TRY(each_row(k, "cameras",
                    "SELECT camera_id, model, width, height, params, "
                    "prior_focal_length FROM cameras",
                    take_camera));
    HL_TRY(each_row(k, "images", "SELECT image_id, name, camera_id FROM images", take_image));
    HL_TRY(settle_images(k));
    HL_TRY(each_row(k, "keypoints", "SELECT image_id, rows, cols, data FROM keypoints",
                    take_keypoints));
    HL_TRY(each_row(k, "descriptors", "SELECT image_id, rows, cols, data FROM descriptors",
                    take_descriptors));
    HL_TRY(each_row(k, "matches", "SELECT pair_id, rows, cols, data FROM matches", take_matches));
    HL_TRY(each_row(k, "two_view_geometries",
                    "SELECT pair_id, rows, cols, data, config FROM two_view_geometries",
                    take_geometry));
    return settle_pairs(k);
}

/* An address that SQLite opens without locks or side files, unless a log of changes lies beside. */
static hl_status address(const char *path, char *out, size_t capacity)
{
    char log[PATH_BYTES + 8];
    size_t at = (size_t)snprintf(out, capacity, "file:");
    for (const char *c = path; *c && at + 32 < capacity; c++)
        if (strchr("?#%", *c))
            at += (size_t)snprintf(out + at, capacity - at, "%%%02x", (unsigned)*c);
        else
            out[at++] = *c;
    if (strlen(path) >= PATH_BYTES || at + 32 >= capacity)
        return hl_fail(HL_E_ARG, "%s: the path is too long", path);
    snprintf(log, sizeof log, "%s-wal", path);
    snprintf(out + at, capacity - at, "%s", hl_file_exists(log) ? "?mode=ro" : "?immutable=1");
    return HL_OK;
}

static hl_status file_size(const char *path, int64_t *size)
{
    hl_file_map map;
    HL_TRY(hl_file_map_open(&map, path));
    *size = (int64_t)map.size;
    const bool right = map.size >= 16 && memcmp(map.bytes, "SQLite format 3", 16) == 0;
    hl_file_map_close(&map);
    return right ? HL_OK : hl_fail(HL_E_FORMAT, "%s: not an SQLite database", path);
}

static void release_grown(grown *g)
{
    hl_free(g->cameras);
    hl_free(g->known);
    hl_free(g->images);
    hl_free(g->image_camera);
    hl_free(g->image_ids);
    hl_free(g->pairs);
}

hl_status hl_database_load(hl_database *database, const char *path)
{
    char uri[3 * PATH_BYTES];
    hl_database d = {0};
    reader r = {.k = {.path = path, .d = &d}};
    source *k = &r.k;
    HL_TRY(file_size(path, &k->size));
    HL_TRY(address(path, uri, sizeof uri));
    k->budget = BUDGET_LEAST + BUDGET_PER_BYTE * k->size;
    hl_arena_init(&d.arena, 0, 0);
    hl_arena_init(&k->scratch, 0, 0);
    hl_status status = HL_OK;
    if (sqlite3_open_v2(uri, &k->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
        status = hl_fail(HL_E_IO, "%s: %s", path,
                         k->db ? sqlite3_errmsg(k->db) : "SQLite has no memory");
    if (status == HL_OK)
        status = read_all(k);
    sqlite3_close(k->db);
    release_grown(&r.g);
    hl_arena_release(&k->scratch);
    if (status != HL_OK) {
        hl_arena_release(&d.arena);
        return status;
    }
    *database = d;
    return HL_OK;
}
