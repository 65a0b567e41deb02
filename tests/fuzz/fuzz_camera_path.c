/* SPDX-License-Identifier: MIT */
/* A camera_path.json of anybody: frames and keys that are finite, or a sentence. */
#include "core/camera_keys.h"
#include "core/camera_path.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 16 };

static char path[64];

static void clean_up(void)
{
    unlink(path);
}

static void write_file(const uint8_t *data, size_t size)
{
    if (!path[0]) {
        snprintf(path, sizeof path, "/tmp/helio-fuzz-path-%ld.json", (long)getpid());
        atexit(clean_up);
    }
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
}

static void check_pose(const hl_pose *pose, double fov_y)
{
    double norm = 0;
    for (int k = 0; k < 4; k++)
        norm += pose->q[k] * pose->q[k];
    if (!(fabs(norm - 1) < 0.01) || !isfinite(pose->t[0] + pose->t[1] + pose->t[2]) ||
        !(fov_y > 0 && fov_y < 3.15))
        abort();
}

static void check_keys(const hl_camera_key *keys, int32_t count)
{
    hl_pose pose;
    double fov_y;
    if (count < 1 || count > KEYS)
        abort();
    for (int32_t i = 0; i < count; i++) {
        check_pose(&keys[i].pose, keys[i].fov_y);
        if (!(keys[i].seconds > 0 && isfinite(keys[i].seconds)))
            abort();
    }
    const double end = hl_camera_keys_seconds(keys, count);
    hl_camera_keys_at(keys, count, 0.37 * end, &pose, &fov_y);
    if (!(fov_y > 0 && fov_y < 3.15) || hl_camera_keys_frames(keys, count, 30) < 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hl_camera_key keys[KEYS];
    hl_camera_film film;
    hl_camera_path frames;
    hl_arena arena;
    int32_t count = 0;
    write_file(data, size);
    if (hl_camera_keys_load(keys, KEYS, &count, &film, path) == HL_OK)
        check_keys(keys, count);
    else if (!hl_last_error()[0])
        abort();
    hl_arena_init(&arena, 0, 0);
    if (hl_camera_path_load(&frames, &arena, path) == HL_OK)
        for (int32_t i = 0; i < frames.count; i++)
            check_pose(&frames.frames[i], frames.fov_y[i]);
    hl_arena_release(&arena);
    return 0;
}
