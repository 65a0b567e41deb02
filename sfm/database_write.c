/* SPDX-License-Identifier: MIT */
/* COLMAP's database out.  SQLite writes to a temporary name, which is then renamed. */
#define HL_REAL double
#include "core/camera_model.h"
#include "core/memory.h"
#include "core/vec.h"
#include "sfm/database.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum { PATH_BYTES = 4096, PAIR_BASE = 2147483647 };

/* The tables of COLMAP 3.8; 4.x adds its own when it opens the file. */
static const char schema[] =
    "PRAGMA page_size = 4096; PRAGMA journal_mode = MEMORY; PRAGMA user_version = 3800;"
    "BEGIN;"
    "CREATE TABLE cameras (camera_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
    " model INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, params BLOB,"
    " prior_focal_length INTEGER NOT NULL);"
    "CREATE TABLE images (image_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
    " name TEXT NOT NULL UNIQUE, camera_id INTEGER NOT NULL, prior_qw REAL, prior_qx REAL,"
    " prior_qy REAL, prior_qz REAL, prior_tx REAL, prior_ty REAL, prior_tz REAL,"
    " CONSTRAINT image_id_check CHECK(image_id >= 0 and image_id < 2147483647),"
    " FOREIGN KEY(camera_id) REFERENCES cameras(camera_id));"
    "CREATE UNIQUE INDEX index_name ON images(name);"
    "CREATE TABLE keypoints (image_id INTEGER PRIMARY KEY NOT NULL, rows INTEGER NOT NULL,"
    " cols INTEGER NOT NULL, data BLOB,"
    " FOREIGN KEY(image_id) REFERENCES images(image_id) ON DELETE CASCADE);"
    "CREATE TABLE descriptors (image_id INTEGER PRIMARY KEY NOT NULL, rows INTEGER NOT NULL,"
    " cols INTEGER NOT NULL, data BLOB,"
    " FOREIGN KEY(image_id) REFERENCES images(image_id) ON DELETE CASCADE);"
    "CREATE TABLE matches (pair_id INTEGER PRIMARY KEY NOT NULL, rows INTEGER NOT NULL,"
    " cols INTEGER NOT NULL, data BLOB);"
    "CREATE TABLE two_view_geometries (pair_id INTEGER PRIMARY KEY NOT NULL,"
    " rows INTEGER NOT NULL, cols INTEGER NOT NULL, data BLOB, config INTEGER NOT NULL,"
    " F BLOB, E BLOB, H BLOB, qvec BLOB, tvec BLOB);";

typedef struct sink {
    sqlite3 *db;
    const char *path;
    sqlite3_stmt *s;
} sink;

static hl_status failed(const sink *k)
{
    const int code = sqlite3_errcode(k->db) & 0xff;
    return hl_fail(code == SQLITE_NOMEM ? HL_E_MEMORY : HL_E_IO, "%s: %s", k->path,
                   sqlite3_errmsg(k->db));
}

static hl_status start(sink *k, const char *sql)
{
    return sqlite3_prepare_v2(k->db, sql, -1, &k->s, NULL) == SQLITE_OK ? HL_OK : failed(k);
}

/* A blob of the caller's that lives until the step; NULL where there is nothing. */
static void blob(const sink *k, int at, const void *data, size_t bytes)
{
    if (bytes == 0)
        sqlite3_bind_zeroblob(k->s, at, 0);
    else
        sqlite3_bind_blob64(k->s, at, data, bytes, SQLITE_STATIC);
}

static hl_status put(const sink *k)
{
    const int code = sqlite3_step(k->s);
    sqlite3_reset(k->s);
    sqlite3_clear_bindings(k->s);
    return code == SQLITE_DONE ? HL_OK : failed(k);
}

static hl_status end(sink *k, hl_status status)
{
    sqlite3_finalize(k->s);
    k->s = NULL;
    return status;
}

static hl_status write_cameras(sink *k, const hl_database *d)
{
    HL_TRY(start(k, "INSERT INTO cameras VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
    hl_status status = HL_OK;
    for (int32_t c = 0; status == HL_OK && c < d->camera_count; c++) {
        const hl_camera *camera = &d->cameras[c];
        sqlite3_bind_int(k->s, 1, c + 1);
        sqlite3_bind_int(k->s, 2, (int)camera->model);
        sqlite3_bind_int(k->s, 3, camera->width);
        sqlite3_bind_int(k->s, 4, camera->height);
        blob(k, 5, camera->params,
             (size_t)hl_camera_param_count(camera->model) * sizeof *camera->params);
        sqlite3_bind_int(k->s, 6, d->focal_known && d->focal_known[c]);
        status = put(k);
    }
    return end(k, status);
}

static hl_status write_images(sink *k, const hl_database *d)
{
    HL_TRY(start(k, "INSERT INTO images (image_id, name, camera_id) VALUES (?1, ?2, ?3)"));
    hl_status status = HL_OK;
    for (int32_t i = 0; status == HL_OK && i < d->image_count; i++) {
        sqlite3_bind_int(k->s, 1, i + 1);
        sqlite3_bind_text(k->s, 2, d->images[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_int(k->s, 3, d->images[i].camera + 1);
        status = put(k);
    }
    return end(k, status);
}

static hl_status write_rows(sink *k, const hl_database *d, bool descriptors)
{
    HL_TRY(start(k, descriptors ? "INSERT INTO descriptors VALUES (?1, ?2, ?3, ?4)"
                                : "INSERT INTO keypoints VALUES (?1, ?2, ?3, ?4)"));
    hl_status status = HL_OK;
    for (int32_t i = 0; status == HL_OK && i < d->image_count; i++) {
        const hl_features *f = &d->images[i].features;
        const size_t n = (size_t)f->count;
        if (descriptors && !f->descriptors)
            continue;
        sqlite3_bind_int(k->s, 1, i + 1);
        sqlite3_bind_int(k->s, 2, f->count);
        sqlite3_bind_int(k->s, 3, descriptors ? HL_DESCRIPTOR_BYTES : 4);
        if (descriptors)
            blob(k, 4, f->descriptors, n * HL_DESCRIPTOR_BYTES);
        else
            blob(k, 4, f->keypoints, n * sizeof *f->keypoints);
        status = put(k);
    }
    return end(k, status);
}

static void bind_pair(const sink *k, const hl_database_pair *p, const int32_t *rows, int32_t count)
{
    sqlite3_bind_int64(k->s, 1, (sqlite3_int64)PAIR_BASE * (p->image_a + 1) + p->image_b + 1);
    sqlite3_bind_int(k->s, 2, count);
    sqlite3_bind_int(k->s, 3, 2);
    blob(k, 4, rows, (size_t)count * 2 * sizeof *rows);
}

static hl_status write_matches(sink *k, const hl_database *d)
{
    HL_TRY(start(k, "INSERT INTO matches VALUES (?1, ?2, ?3, ?4)"));
    hl_status status = HL_OK;
    for (int32_t i = 0; status == HL_OK && i < d->pair_count; i++)
        if (d->pairs[i].match_count >= 0) {
            bind_pair(k, &d->pairs[i], d->pairs[i].matches, d->pairs[i].match_count);
            status = put(k);
        }
    return end(k, status);
}

static hl_status write_geometries(sink *k, const hl_database *d)
{
    HL_TRY(start(k, "INSERT INTO two_view_geometries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                    "?10)"));
    hl_status status = HL_OK;
    for (int32_t i = 0; status == HL_OK && i < d->pair_count; i++) {
        const hl_two_view *v = &d->pairs[i].view;
        double q[4];
        if (d->pairs[i].inlier_count < 0)
            continue;
        bind_pair(k, &d->pairs[i], d->pairs[i].inliers, d->pairs[i].inlier_count);
        sqlite3_bind_int(k->s, 5, (int)v->config);
        blob(k, 6, v->f, sizeof v->f);
        blob(k, 7, v->e, sizeof v->e);
        blob(k, 8, v->h, sizeof v->h);
        const bool turned = fabs(v->r[0]) + fabs(v->r[4]) + fabs(v->r[8]) > 0;
        if (turned)
            hl_quat_from_rotation(v->r, q);
        else
            memcpy(q, (const double[]){1, 0, 0, 0}, sizeof q);
        blob(k, 9, q, sizeof q);
        blob(k, 10, v->t, sizeof v->t);
        status = put(k);
    }
    return end(k, status);
}

static hl_status write_all(sink *k, const hl_database *d)
{
    if (sqlite3_exec(k->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        return failed(k);
    HL_TRY(write_cameras(k, d));
    HL_TRY(write_images(k, d));
    HL_TRY(write_rows(k, d, false));
    HL_TRY(write_rows(k, d, true));
    HL_TRY(write_matches(k, d));
    HL_TRY(write_geometries(k, d));
    return sqlite3_exec(k->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? HL_OK : failed(k);
}

hl_status hl_database_save(const hl_database *database, const char *path)
{
    char temporary[PATH_BYTES];
    sink k = {.path = path};
    const int length = snprintf(temporary, sizeof temporary, "%s.tmp-%ld", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof temporary)
        return hl_fail(HL_E_ARG, "%s: the path is too long", path);
    (void)remove(temporary);
    hl_status status = HL_OK;
    if (sqlite3_open_v2(temporary, &k.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK)
        status =
            hl_fail(HL_E_IO, "%s: %s", path, k.db ? sqlite3_errmsg(k.db) : "SQLite has no memory");
    if (status == HL_OK)
        status = write_all(&k, database);
    sqlite3_close(k.db);
    if (status == HL_OK && rename(temporary, path) != 0)
        status = hl_fail(HL_E_IO, "%s: cannot be replaced", path);
    if (status != HL_OK)
        (void)remove(temporary);
    return status;
}
