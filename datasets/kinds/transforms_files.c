/* SPDX-License-Identifier: MIT */
/* Which transforms files make up a capture, and their lists of train and test names. */
#include "core/log.h"
#include "core/splat_io.h"
#include "datasets/kinds/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *plain(const char *text)
{
    while (text[0] == '.' && text[1] == '/')
        text += 2;
    return text;
}

/* Sorted texts of root[key] into `list`; *count stays where the key is absent. */
static hl_status read_names(const hl_json *root, const char *key, const char *name,
                            const char **list, int32_t *count)
{
    const hl_json *node = hl_json_find(root, key);
    if (!node || hl_json_is_null(node))
        return HL_OK;
    for (const hl_json *item = hl_json_first(node); item; item = hl_json_next(item)) {
        if (!hl_json_is_text(item))
            return hl_fail(HL_E_FORMAT, "%s: %s: expected a list of file names", name, key);
        list[(*count)++] = plain(hl_json_value_text(item));
    }
    qsort(list, (size_t)*count, sizeof *list, by_text);
    return HL_OK;
}

static bool listed(const char *name, const char **list, int32_t count)
{
    return count && bsearch(&name, list, (size_t)count, sizeof *list, by_text);
}

/* Gives views the splits of the lists; views in no list are dropped, as nerfstudio does. */
static void split_by_names(hl_capture *capture, const char **train, int32_t trains,
                           const char **test, int32_t tests)
{
    hl_views *v = &capture->views;
    int32_t kept = 0;
    for (int32_t i = 0; i < v->view_count; i++) {
        const bool in_test = listed(v->views[i].name, test, tests);
        if (!in_test && !listed(v->views[i].name, train, trains))
            continue;
        v->views[kept] = v->views[i];
        v->views[kept++].split = in_test ? HL_SPLIT_TEST : HL_SPLIT_TRAIN;
    }
    if (kept < v->view_count)
        hl_log(HL_LOG_WARN,
               "%s: %d of %d frames are in no list of train, val or test names: left out",
               capture->root, v->view_count - kept, v->view_count);
    v->view_count = kept;
    capture->own_split = true;
}

static hl_status apply_lists(hl_capture *capture, const hl_json *root, const char *name)
{
    const int64_t room = (int64_t)hl_json_count(hl_json_find(root, "train_filenames")) +
                         hl_json_count(hl_json_find(root, "val_filenames")) +
                         hl_json_count(hl_json_find(root, "test_filenames"));
    if (!room)
        return HL_OK;
    const char **train = hl_alloc((size_t)room, sizeof *train);
    const char **test = hl_alloc((size_t)room, sizeof *test);
    int32_t trains = 0, tests = 0;
    hl_status s = train && test ? HL_OK : HL_E_MEMORY;
    if (s == HL_OK)
        s = read_names(root, "train_filenames", name, train, &trains);
    if (s == HL_OK)
        s = read_names(root, "val_filenames", name, test, &tests);
    if (s == HL_OK)
        s = read_names(root, "test_filenames", name, test, &tests);
    if (s == HL_OK)
        split_by_names(capture, train, trains, test, tests);
    hl_free(train);
    hl_free(test);
    return s;
}

/* nerfstudio's sparse points, a PLY in the frame of the poses. */
static hl_status read_points(hl_capture *capture, const hl_json *root, const char *name)
{
    hl_views *v = &capture->views;
    const char *stated;
    const hl_json *node = hl_json_find(root, "ply_file_path");
    if (!node || hl_json_is_null(node) || v->point_count)
        return HL_OK;
    HL_TRY(hl_json_need_text(root, "ply_file_path", &stated, name));
    char path[HL_CAPTURE_PATH_BYTES];
    HL_TRY(hl_path_join(path, sizeof path, capture->root, stated));
    if (!hl_file_exists(path)) {
        hl_log(HL_LOG_WARN, "%s: ply_file_path: %s: no such file: no points", name, path);
        return HL_OK;
    }
    hl_points points;
    HL_TRY(hl_points_load(&points, &v->arena, path));
    if (!points.color && points.count) {
        points.color = hl_arena_alloc(&v->arena, (size_t)points.count, 3);
        if (!points.color)
            return HL_E_MEMORY;
        memset(points.color, 128, 3 * (size_t)points.count);
    }
    v->points = points.position;
    v->point_colors = points.color;
    v->point_count = points.count;
    return HL_OK;
}

static hl_status read_file(hl_capture *capture, const char *path, hl_split split)
{
    hl_json *root = NULL;
    HL_TRY(hl_json_load(&root, path));
    hl_status s = hl_capture_add_frames(capture, root, path, capture->root, split);
    if (s == HL_OK)
        s = apply_lists(capture, root, path);
    if (s == HL_OK)
        s = read_points(capture, root, path);
    hl_json_destroy(&root);
    return s;
}

/* .../transforms_train.json -> .../transforms_<part>.json; false where it is not of that name. */
static bool sibling(const char *place, const char *part, char path[HL_CAPTURE_PATH_BYTES])
{
    static const char tail[] = "_train.json";
    const size_t n = strlen(place), t = sizeof tail - 1;
    if (n < t || strcmp(place + n - t, tail) != 0)
        return false;
    const int written =
        snprintf(path, HL_CAPTURE_PATH_BYTES, "%.*s_%s.json", (int)(n - t), place, part);
    return written > 0 && written < HL_CAPTURE_PATH_BYTES && hl_file_exists(path);
}

hl_status hl_capture_read_transforms(hl_capture *capture, const char *place)
{
    char path[HL_CAPTURE_PATH_BYTES];
    capture->views.kind = "transforms.json";
    HL_TRY(read_file(capture, place, HL_SPLIT_TRAIN));
    if (sibling(place, "test", path)) {
        capture->views.kind = "transforms_train.json and transforms_test.json";
        HL_TRY(read_file(capture, path, HL_SPLIT_TEST));
        capture->own_split = true;
    }
    if (sibling(place, "val", path))
        hl_log(HL_LOG_INFO, "%s: left aside", path);
    return HL_OK;
}
