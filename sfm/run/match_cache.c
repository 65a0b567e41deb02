/* SPDX-License-Identifier: MIT */
/* One .helio file a photo:
 *
 *   JSON   "kind": "matches"
 *   KEYS   u64 (records, 4)  features of the other photo, geometry
 *   HEAD   i32 (records, 6)  matches, configuration, inliers: all, of E, of F, of H
 *   VIEW   f64 (records, 40) E, F, H, R row-major, t, median angle
 *   MTCH   i32 (matches, 2)  of all records, one after the other
 *   INLR   u8  (matches, 1)  1: agrees with the geometry
 */
#include "sfm/run/match_cache.h"

#include "core/file.h"
#include "core/helio_file.h"
#include "core/log.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096, KEYS = 4, HEAD = 6, VIEW = 40, RECORDS_MAX = 1 << 20 };

static hl_status row_path(char out[PATH_BYTES], const char *folder, const uint64_t key[2])
{
    char name[48];
    snprintf(name, sizeof name, "%016llx%016llx.helio", (unsigned long long)key[0],
             (unsigned long long)key[1]);
    return hl_path_join(out, PATH_BYTES, folder, name);
}

/* ---- in ------------------------------------------------------------------------------------ */

static void unpack_view(hl_two_view *view, const int32_t *head, const double *numbers)
{
    *view = (hl_two_view){.config = (hl_two_view_config)head[1],
                          .inlier_count = head[2],
                          .essential_inliers = head[3],
                          .fundamental_inliers = head[4],
                          .homography_inliers = head[5],
                          .median_angle = numbers[39]};
    memcpy(view->e, numbers, sizeof view->e);
    memcpy(view->f, numbers + 9, sizeof view->f);
    memcpy(view->h, numbers + 18, sizeof view->h);
    memcpy(view->r, numbers + 27, sizeof view->r);
    memcpy(view->t, numbers + 36, sizeof view->t);
}

static bool plausible(const int32_t *head, const double *numbers)
{
    bool ok = head[0] >= 0 && head[1] >= HL_TWO_VIEW_UNDEFINED && head[1] <= HL_TWO_VIEW_WATERMARK;
    for (int k = 2; k < HEAD; k++)
        ok = ok && head[k] >= 0 && head[k] <= head[0];
    for (int k = 0; k < VIEW; k++)
        ok = ok && isfinite(numbers[k]);
    return ok;
}

static hl_status read_row(hl_match_row *row, hl_helio_reader *reader, const char *path)
{
    const void *keys, *head, *view, *match, *inlier;
    const hl_json *json = hl_helio_reader_json(reader);
    const hl_helio_chunk *table = hl_helio_reader_find(reader, "KEYS");
    if (strcmp(hl_json_text(json, "kind", ""), "matches") != 0 || !table ||
        table->rows > RECORDS_MAX)
        return hl_fail(HL_E_FORMAT, "%s: holds no matches", path);
    const int32_t n = (int32_t)table->rows;
    HL_TRY(hl_helio_reader_data(reader, "KEYS", HL_HELIO_U64, n, KEYS, &keys));
    HL_TRY(hl_helio_reader_data(reader, "HEAD", HL_HELIO_I32, n, HEAD, &head));
    HL_TRY(hl_helio_reader_data(reader, "VIEW", HL_HELIO_F64, n, VIEW, &view));
    int64_t all = 0;
    for (int32_t i = 0; i < n; i++) {
        const int32_t *h = (const int32_t *)head + (ptrdiff_t)HEAD * i;
        if (!plausible(h, (const double *)view + (ptrdiff_t)VIEW * i))
            return hl_fail(HL_E_FORMAT, "%s: record %d makes no sense", path, i);
        all += h[0];
    }
    HL_TRY(hl_helio_reader_data(reader, "MTCH", HL_HELIO_I32, all, 2, &match));
    HL_TRY(hl_helio_reader_data(reader, "INLR", HL_HELIO_U8, all, 1, &inlier));
    row->records = hl_arena_alloc(&row->arena, (size_t)n, sizeof *row->records);
    int32_t *matches = hl_arena_alloc(&row->arena, (size_t)all, 2 * sizeof *matches);
    uint8_t *inliers = hl_arena_alloc(&row->arena, (size_t)all, 1);
    if (!row->records || !matches || !inliers)
        return HL_E_MEMORY;
    memcpy(matches, match, (size_t)all * 2 * sizeof *matches);
    memcpy(inliers, inlier, (size_t)all);
    for (int32_t i = 0; i < n; i++) {
        hl_match_record *r = &row->records[i];
        const uint64_t *k = (const uint64_t *)keys + (ptrdiff_t)KEYS * i;
        const int32_t *h = (const int32_t *)head + (ptrdiff_t)HEAD * i;
        *r = (hl_match_record){{k[0], k[1]}, {k[2], k[3]}, h[0], matches, inliers, {0}};
        unpack_view(&r->view, h, (const double *)view + (ptrdiff_t)VIEW * i);
        matches += 2 * (ptrdiff_t)h[0];
        inliers += h[0];
    }
    row->count = n;
    return HL_OK;
}

hl_status hl_match_row_load(hl_match_row *row, const char *folder, const uint64_t key[2])
{
    char path[PATH_BYTES];
    hl_helio_reader *reader = NULL;
    *row = (hl_match_row){0};
    HL_TRY(row_path(path, folder, key));
    hl_arena_init(&row->arena, 4096, 0);
    if (!hl_file_exists(path))
        return HL_OK;
    hl_status status = hl_helio_reader_create(&reader, path);
    if (status == HL_OK)
        status = read_row(row, reader, path);
    hl_helio_reader_destroy(&reader);
    if (status == HL_OK)
        return HL_OK;
    hl_match_row_release(row);
    if (status == HL_E_MEMORY)
        return status;
    hl_log(HL_LOG_WARN, "%s; its pairs are matched anew", hl_last_error());
    (void)remove(path); /* a second look need not find the damage again */
    return HL_OK;
}

const hl_match_record *hl_match_row_find(const hl_match_row *row, const uint64_t other[2])
{
    for (int32_t i = 0; i < row->count; i++)
        if (row->records[i].other[0] == other[0] && row->records[i].other[1] == other[1])
            return &row->records[i];
    return NULL;
}

void hl_match_row_release(hl_match_row *row)
{
    hl_arena_release(&row->arena);
    row->count = 0;
    row->records = NULL;
}

/* ---- out ----------------------------------------------------------------------------------- */

typedef struct packed {
    uint64_t *keys;
    int32_t *head, *match;
    double *view;
    uint8_t *inlier;
    int64_t all;
} packed;

static hl_status pack(packed *p, hl_arena *arena, const hl_match_record *records, int32_t count)
{
    const size_t n = (size_t)count;
    for (int32_t i = 0; i < count; i++)
        p->all += records[i].matched;
    p->keys = hl_arena_alloc(arena, n, KEYS * sizeof *p->keys);
    p->head = hl_arena_alloc(arena, n, HEAD * sizeof *p->head);
    p->view = hl_arena_alloc(arena, n, VIEW * sizeof *p->view);
    p->match = hl_arena_alloc(arena, (size_t)p->all, 2 * sizeof *p->match);
    p->inlier = hl_arena_alloc(arena, (size_t)p->all, 1);
    if (!p->keys || !p->head || !p->view || !p->match || !p->inlier)
        return HL_E_MEMORY;
    int64_t at = 0;
    for (int32_t i = 0; i < count; i++) {
        const hl_match_record *r = &records[i];
        const hl_two_view *v = &r->view;
        const int32_t head[HEAD] = {
            r->matched,           (int32_t)v->config,     v->inlier_count,
            v->essential_inliers, v->fundamental_inliers, v->homography_inliers};
        double *numbers = p->view + (ptrdiff_t)VIEW * i;
        memcpy(p->keys + (ptrdiff_t)KEYS * i, r->other, sizeof r->other);
        memcpy(p->keys + (ptrdiff_t)KEYS * i + 2, r->geometry, sizeof r->geometry);
        memcpy(p->head + (ptrdiff_t)HEAD * i, head, sizeof head);
        memcpy(numbers, v->e, sizeof v->e);
        memcpy(numbers + 9, v->f, sizeof v->f);
        memcpy(numbers + 18, v->h, sizeof v->h);
        memcpy(numbers + 27, v->r, sizeof v->r);
        memcpy(numbers + 36, v->t, sizeof v->t);
        numbers[39] = v->median_angle;
        if (r->matched > 0) {
            memcpy(p->match + 2 * at, r->match, (size_t)r->matched * 2 * sizeof *p->match);
            memcpy(p->inlier + at, r->inlier, (size_t)r->matched);
        }
        at += r->matched;
    }
    return HL_OK;
}

static hl_status write_row(const packed *p, int32_t count, const char *path)
{
    hl_helio_writer *writer = NULL;
    HL_TRY(hl_helio_writer_create(&writer, path));
    hl_json_add_text(hl_helio_writer_json(writer), "kind", "matches");
    const struct {
        const char *name;
        hl_helio_type type;
        int64_t rows, columns;
        const void *data;
    } chunks[] = {{"KEYS", HL_HELIO_U64, count, KEYS, p->keys},
                  {"HEAD", HL_HELIO_I32, count, HEAD, p->head},
                  {"VIEW", HL_HELIO_F64, count, VIEW, p->view},
                  {"MTCH", HL_HELIO_I32, p->all, 2, p->match},
                  {"INLR", HL_HELIO_U8, p->all, 1, p->inlier}};
    hl_status status = HL_OK;
    for (size_t i = 0; status == HL_OK && i < sizeof chunks / sizeof *chunks; i++)
        status = hl_helio_writer_add(writer, chunks[i].name, chunks[i].type, chunks[i].rows,
                                     chunks[i].columns, chunks[i].data, true);
    if (status == HL_OK)
        status = hl_helio_writer_commit(&writer);
    hl_helio_writer_abort(&writer);
    return status;
}

hl_status hl_match_row_save(const hl_match_record *records, int32_t count, const char *folder,
                            const uint64_t key[2])
{
    char path[PATH_BYTES];
    hl_arena arena;
    packed p = {0};
    HL_TRY(row_path(path, folder, key));
    hl_arena_init(&arena, 0, 0);
    hl_status status = pack(&p, &arena, records, count);
    if (status == HL_OK)
        status = write_row(&p, count, path);
    hl_arena_release(&arena);
    return status;
}
