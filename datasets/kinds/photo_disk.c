/* SPDX-License-Identifier: MIT */
/* Undistorted pictures on disk: FOLDER/<hash>.png, the hash over the bytes of the photo, both
 * cameras and the channels, so that a changed photo or option never finds an old picture. */
#include "core/camera_model.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/memory.h"
#include "datasets/kinds/photo_load.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

static const uint64_t format_version = 1; /* of the way from photo to picture */

static uint64_t file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

hl_status hl_photo_disk_open(hl_photo_disk *disk, const char *folder, uint64_t limit)
{
    hl_photo_disk d = {.limit = limit};
    if (folder) {
        hl_file_list files = {0};
        if (hl_file_exists(folder)) /* it is made when the first picture is kept */
            HL_TRY(hl_file_list_folder(&files, folder));
        for (int32_t i = 0; i < files.count; i++) {
            char path[PATH_BYTES];
            if (hl_path_join(path, sizeof path, folder, files.names[i]) == HL_OK)
                d.used += file_bytes(path);
        }
        hl_file_list_release(&files);
        d.folder = hl_strdup(folder);
        if (!d.folder)
            return HL_E_MEMORY;
    }
    pthread_mutex_init(&d.lock, NULL);
    *disk = d;
    return HL_OK;
}

void hl_photo_disk_close(hl_photo_disk *disk)
{
    hl_free(disk->folder);
    pthread_mutex_destroy(&disk->lock);
    memset(disk, 0, sizeof *disk);
}

static void mix_camera(uint64_t hash[2], const hl_camera *camera)
{
    const uint64_t head[3] = {(uint64_t)camera->model, (uint64_t)camera->width,
                              (uint64_t)camera->height};
    hl_hash_mix(hash, head, sizeof head);
    hl_hash_mix(hash, camera->params, sizeof camera->params);
}

static hl_status key_of(const hl_photo_job *job, char key[64])
{
    hl_file_map map;
    uint64_t hash[2] = {format_version, ~format_version};
    HL_TRY(hl_file_map_open(&map, job->view->image_path));
    hl_hash_mix(hash, map.bytes, map.size);
    hl_file_map_close(&map);
    mix_camera(hash, job->camera);
    mix_camera(hash, job->target);
    hl_hash_mix(hash, &job->with_alpha, sizeof job->with_alpha);
    snprintf(key, 64, "%016llx%016llx.png", (unsigned long long)hash[0],
             (unsigned long long)hash[1]);
    return HL_OK;
}

bool hl_photo_disk_find(const hl_photo_job *job, char key[64], hl_image8 *image)
{
    char path[PATH_BYTES];
    if (key_of(job, key) != HL_OK ||
        hl_path_join(path, sizeof path, job->disk->folder, key) != HL_OK) {
        key[0] = 0;
        return false;
    }
    hl_image8 got = {0};
    if (!hl_file_exists(path) || hl_image8_load(&got, path, 0) != HL_OK)
        return false;
    if (got.width == job->target->width && got.height == job->target->height &&
        got.channels == (job->with_alpha ? 4 : 3)) {
        *image = got;
        return true;
    }
    hl_image8_release(&got);
    return false;
}

void hl_photo_disk_keep(const hl_photo_job *job, const char key[64], const hl_image8 *image)
{
    hl_photo_disk *disk = job->disk;
    char path[PATH_BYTES];
    if (hl_path_join(path, sizeof path, disk->folder, key) != HL_OK)
        return;
    pthread_mutex_lock(&disk->lock); /* two views of equal content write one file */
    if (disk->used < disk->limit) {
        if (hl_file_make_folder(disk->folder) == HL_OK && hl_image8_save(image, path) == HL_OK) {
            disk->used += file_bytes(path);
        } else {
            disk->limit = 0;
            hl_log(HL_LOG_WARN, "undistorted photos are no longer kept on disk: %s",
                   hl_last_error());
        }
    }
    pthread_mutex_unlock(&disk->lock);
}
