/* SPDX-License-Identifier: MIT */
#include "cli/train_output.h"

#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/splat_io.h"
#include "core/timer.h"
#include "raster/checkpoint.h"

#include <errno.h>
#include <string.h>

enum { PATH_BYTES = 1024 };

hl_status hl_train_output_open(train_output *out, const char *folder)
{
    *out = (train_output){.folder = folder, .cpu_start = hl_cpu_seconds()};
    char path[PATH_BYTES];
    HL_TRY(hl_train_output_checkpoints(out, path, sizeof path));
    return hl_file_make_folder(path);
}

hl_status hl_train_output_checkpoints(const train_output *out, char *path, size_t capacity)
{
    return hl_path_join(path, capacity, out->folder, "ckpt");
}

/* Keeps the lines whose "step" is at most `step`; stops at the first that is no record. */
static hl_status trim_log(const char *path, int32_t step)
{
    hl_file_map map;
    if (!hl_file_exists(path))
        return HL_OK;
    HL_TRY(hl_file_map_open(&map, path));
    hl_file_writer writer;
    hl_status s = hl_file_writer_open(&writer, path);
    for (size_t at = 0; s == HL_OK && at < map.size;) {
        const unsigned char *end = memchr(map.bytes + at, '\n', map.size - at);
        if (!end)
            break;
        const size_t length = (size_t)(end - (map.bytes + at)) + 1;
        hl_json *line = NULL;
        const char *text = (const char *)map.bytes + at;
        if (hl_json_parse(&line, text, length - 1, path) != HL_OK)
            break;
        if (hl_json_number(line, "step", 0) <= step)
            hl_file_write(&writer, text, length);
        hl_json_destroy(&line);
        at += length;
    }
    if (s == HL_OK)
        s = hl_file_writer_commit(&writer);
    hl_file_map_close(&map);
    return s;
}

hl_status hl_train_output_log(train_output *out, int32_t keep_step)
{
    char path[PATH_BYTES];
    HL_TRY(hl_path_join(path, sizeof path, out->folder, "log.jsonl"));
    if (keep_step >= 0)
        HL_TRY(trim_log(path, keep_step));
    out->log = fopen(path, keep_step >= 0 ? "a" : "w");
    if (!out->log)
        return hl_fail(HL_E_IO, "%s: %s", path, strerror(errno));
    return HL_OK;
}

void hl_train_output_close(train_output *out)
{
    if (out->log)
        fclose(out->log);
    out->log = NULL;
}

/* One line; destroys the tree. */
static hl_status write_line(train_output *out, hl_json *root)
{
    char *text = NULL;
    hl_status s = hl_json_print(root, false, &text);
    hl_json_destroy(&root);
    if (s != HL_OK)
        return s;
    if (out->log && (fprintf(out->log, "%s\n", text) < 0 || fflush(out->log) != 0))
        s = hl_fail(HL_E_IO, "%s/log.jsonl: %s", out->folder, strerror(errno));
    hl_free(text);
    return s;
}

hl_status hl_train_output_record(void *ctx, const hl_train_record *record)
{
    train_output *out = ctx;
    hl_json *root = hl_json_object();
    hl_json_add_number(root, "step", record->step);
    hl_json_add_number(root, "loss", record->loss);
    hl_json_add_number(root, "l1", record->l1);
    hl_json_add_number(root, "ssim", record->ssim);
    hl_json_add_number(root, "psnr", record->psnr);
    hl_json_add_number(root, "splats", record->splats);
    hl_json_add_number(root, "born", record->born);
    hl_json_add_number(root, "removed", record->removed);
    hl_json_add_number(root, "seconds", record->seconds);
    hl_json_add_number(root, "cpu_seconds", hl_cpu_seconds() - out->cpu_start);
    hl_json_add_number(root, "peak_rss_mb", (double)hl_memory_peak() / 1048576);
    return write_line(out, root);
}

hl_status hl_train_output_eval(void *ctx, int32_t step, const hl_train_score *mean,
                               const hl_train_score *per_view, int32_t count)
{
    train_output *out = ctx;
    out->scored = true;
    out->score = *mean;
    hl_json *root = hl_json_object();
    hl_json_add_number(root, "step", step);
    hl_json *eval = hl_json_add_object(root, "eval");
    hl_json_add_number(eval, "psnr", mean->psnr);
    hl_json_add_number(eval, "ssim", mean->ssim);
    hl_json *views = hl_json_add_array(eval, "per_view");
    for (int32_t k = 0; k < count; k++) {
        hl_json *view = hl_json_add_object(views, NULL);
        hl_json_add_text(view, "image", out->scene->names[out->scene->test[k]]);
        hl_json_add_number(view, "psnr", per_view[k].psnr);
        hl_json_add_number(view, "ssim", per_view[k].ssim);
    }
    return write_line(out, root);
}

static hl_status save_cloud(train_output *out, int32_t step)
{
    char folder[PATH_BYTES], name[64];
    snprintf(name, sizeof name, "point_cloud/iteration_%d", step);
    HL_TRY(hl_path_join(folder, sizeof folder, out->folder, name));
    HL_TRY(hl_file_make_folder(folder));
    HL_TRY(hl_path_join(out->ply, sizeof out->ply, folder, "point_cloud.ply"));
    hl_arena arena;
    hl_splats splats;
    hl_arena_init(&arena, 0, 0);
    hl_status s = hl_trainer_export(out->trainer, &splats, &arena);
    if (s == HL_OK)
        s = hl_splats_save(&splats, out->ply, NULL);
    hl_arena_release(&arena);
    return s;
}

hl_status hl_train_output_save(void *ctx, int32_t step)
{
    train_output *out = ctx;
    char folder[PATH_BYTES], path[PATH_BYTES];
    HL_TRY(hl_train_output_checkpoints(out, folder, sizeof folder));
    HL_TRY(hl_checkpoint_path(path, sizeof path, folder, step));
    HL_TRY(hl_checkpoint_save(out->trainer, path));
    return save_cloud(out, step);
}

static void add_camera(hl_json *list, int32_t id, const char *name, const hl_raster_view *v)
{
    hl_json *c = hl_json_add_object(list, NULL);
    hl_json_add_number(c, "id", id);
    hl_json_add_text(c, "img_name", name);
    hl_json_add_number(c, "width", v->width);
    hl_json_add_number(c, "height", v->height);
    hl_json *position = hl_json_add_array(c, "position");
    for (int i = 0; i < 3; i++) {
        double eye = 0;
        for (int k = 0; k < 3; k++)
            eye -= (double)v->r[3 * k + i] * (double)v->t[k];
        hl_json_add_number(position, NULL, eye);
    }
    hl_json *rotation = hl_json_add_array(c, "rotation");
    for (int i = 0; i < 3; i++) {
        hl_json *row = hl_json_add_array(rotation, NULL);
        for (int k = 0; k < 3; k++)
            hl_json_add_number(row, NULL, (double)v->r[3 * k + i]);
    }
    hl_json_add_number(c, "fy", (double)v->fy);
    hl_json_add_number(c, "fx", (double)v->fx);
}

hl_status hl_train_output_cameras(const train_output *out)
{
    char path[PATH_BYTES];
    HL_TRY(hl_path_join(path, sizeof path, out->folder, "cameras.json"));
    hl_json *list = hl_json_array();
    for (int32_t i = 0; i < out->scene->view_count; i++)
        add_camera(list, i, out->scene->names[i], &out->scene->views[i]);
    const hl_status s = hl_json_save(list, path);
    hl_json_destroy(&list);
    return s;
}
