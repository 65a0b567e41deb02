/* SPDX-License-Identifier: MIT */
/* Which mask belongs to which photo: the conventions of datasets/dataset.h. */
#include "core/log.h"
#include "datasets/kinds/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A mask file under the name that photos are looked up by. */
typedef struct mask_key {
    char *key;        /* path below the folder without the last extension */
    const char *path; /* path below the folder */
} mask_key;

typedef struct mask_index {
    const char *folder;
    mask_key *by_path; /* (count), sorted by key */
    mask_key *by_name; /* (count), sorted by the key's last part, which is its key */
    int32_t count;
} mask_index;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const mask_key *)a)->key, ((const mask_key *)b)->key);
}

static hl_status build_index(mask_index *index, hl_arena *arena, const char *folder)
{
    char **names = NULL;
    index->folder = folder;
    HL_TRY(hl_capture_list(arena, folder, false, &names, &index->count));
    const size_t count = (size_t)index->count;
    index->by_path = hl_arena_alloc(arena, count, sizeof *index->by_path);
    index->by_name = hl_arena_alloc(arena, count, sizeof *index->by_name);
    if (!index->by_path || !index->by_name)
        return HL_E_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const char *dot = strrchr(names[i], '.'); /* pictures have an extension */
        char *key = hl_arena_text(arena, names[i], (size_t)(dot - names[i]));
        if (!key)
            return HL_E_MEMORY;
        char *slash = strrchr(key, '/');
        index->by_path[i] = (mask_key){key, names[i]};
        index->by_name[i] = (mask_key){slash ? slash + 1 : key, names[i]};
    }
    if (count) {
        qsort(index->by_path, count, sizeof *index->by_path, by_key);
        qsort(index->by_name, count, sizeof *index->by_name, by_key);
    }
    return HL_OK;
}

/* The row with that key, if it is the only one. */
static const mask_key *only(const mask_key *rows, int32_t count, char *key)
{
    const mask_key wanted = {.key = key};
    const mask_key *row =
        count ? bsearch(&wanted, rows, (size_t)count, sizeof wanted, by_key) : NULL;
    if (!row || (row > rows && by_key(row - 1, row) == 0) ||
        (row + 1 < rows + count && by_key(row + 1, row) == 0))
        return NULL;
    return row;
}

/* Looks up a photo as a/b.jpg, a/b and a/b.mask, then the same without folders. */
static const mask_key *look_up(const mask_index *index, const char *photo)
{
    for (int pass = 0; pass < 2; pass++) {
        const mask_key *rows = pass ? index->by_name : index->by_path;
        const char *name = pass ? hl_path_name(photo) : photo;
        const char *dot = strrchr(hl_path_name(name), '.');
        const int whole = (int)strlen(name), stem = dot ? (int)(dot - name) : whole;
        const struct {
            int bytes;
            const char *tail;
        } forms[3] = {{whole, ""}, {stem, ""}, {stem, ".mask"}};
        for (int f = 0; f < 3; f++) {
            char key[HL_CAPTURE_PATH_BYTES];
            const int written =
                snprintf(key, sizeof key, "%.*s%s", forms[f].bytes, name, forms[f].tail);
            const mask_key *row =
                written > 0 && (size_t)written < sizeof key ? only(rows, index->count, key) : NULL;
            if (row)
                return row;
        }
    }
    return NULL;
}

/* "a/b.mask.png" beside the photo "a/b.jpg"; NULL where there is none. */
static const char *beside(hl_capture *capture, const char *photo)
{
    static const char *const endings[] = {"png", "jpg", "jpeg", "bmp", "tga"};
    const char *dot = strrchr(photo, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof endings[0]; i++) {
        char path[HL_CAPTURE_PATH_BYTES];
        const int written =
            snprintf(path, sizeof path, "%.*s.mask.%s", (int)(dot - photo), photo, endings[i]);
        if (written > 0 && (size_t)written < sizeof path && hl_file_exists(path))
            return hl_capture_text(capture, path);
    }
    return NULL;
}

/* The folder to search: the one that the user names, or `masks` in or beside the usual places. */
static hl_status choose_folder(const hl_capture *capture, char folder[HL_CAPTURE_PATH_BYTES],
                               bool *found)
{
    const char *asked = capture->options->masks;
    const struct {
        const char *base, *name;
    } places[4] = {{capture->root, asked ? asked : "masks"},
                   {capture->images, asked ? asked : "../masks"},
                   {capture->images, asked ? asked : "masks"},
                   {asked ? "." : "", asked ? asked : "masks"}};
    *found = false;
    for (int i = 0; i < 4 && !*found; i++) {
        if (!places[i].base[0])
            continue;
        HL_TRY(hl_path_join(folder, HL_CAPTURE_PATH_BYTES, places[i].base, places[i].name));
        *found = hl_file_is_folder(folder);
    }
    if (asked && !*found)
        return hl_fail(HL_E_IO, "%s: no folder of masks %s", capture->root, asked);
    return HL_OK;
}

static hl_status assign(hl_capture *capture, const mask_index *index)
{
    hl_views *v = &capture->views;
    for (int32_t i = 0; i < v->view_count; i++) {
        hl_view *view = &v->views[i];
        const mask_key *row = view->mask_path || !index->count ? NULL : look_up(index, view->name);
        char path[HL_CAPTURE_PATH_BYTES];
        if (row) {
            HL_TRY(hl_path_join(path, sizeof path, index->folder, row->path));
            view->mask_path = hl_capture_text(capture, path);
            if (!view->mask_path)
                return HL_E_MEMORY;
        } else if (!view->mask_path) {
            view->mask_path = beside(capture, view->image_path);
        }
    }
    return HL_OK;
}

static hl_status report(const hl_capture *capture, const char *folder, const mask_index *index)
{
    const hl_views *v = &capture->views;
    int32_t with = 0;
    for (int32_t i = 0; i < v->view_count; i++)
        with += v->views[i].mask_path != NULL;
    if (!with && capture->options->masks)
        return hl_fail(HL_E_FORMAT,
                       "%s: none of its %d pictures belongs to a photo: expected names such as "
                       "%s.png",
                       folder, index->count, v->view_count ? v->views[0].name : "photo.jpg");
    if (with && with < v->view_count)
        hl_log(HL_LOG_WARN, "%s: masks for %d of %d views", v->path, with, v->view_count);
    else if (with)
        hl_log(HL_LOG_INFO, "%s: masks for all %d views", v->path, with);
    else if (index->count)
        hl_log(HL_LOG_WARN, "%s: none of its %d pictures belongs to a photo", folder, index->count);
    return HL_OK;
}

hl_status hl_capture_find_masks(hl_capture *capture)
{
    char folder[HL_CAPTURE_PATH_BYTES];
    bool found;
    capture->views.mask_inverted = capture->options->invert_masks;
    if (capture->options->no_masks) {
        for (int32_t i = 0; i < capture->views.view_count; i++)
            capture->views.views[i].mask_path = NULL;
        return HL_OK;
    }
    HL_TRY(choose_folder(capture, folder, &found));
    hl_arena arena;
    hl_arena_init(&arena, 0, 0);
    mask_index index = {0};
    hl_status s = found ? build_index(&index, &arena, folder) : HL_OK;
    if (s == HL_OK)
        s = assign(capture, &index);
    if (s == HL_OK)
        s = report(capture, folder, &index);
    hl_arena_release(&arena);
    return s;
}
