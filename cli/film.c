/* SPDX-License-Identifier: MIT */
#include "cli/film.h"

#include "core/file.h"

#include <stdio.h>
#include <string.h>

static hl_status film_open(void *ctx, const char *path, int32_t width, int32_t height, double fps)
{
    hl_film *f = ctx;
    *f = (hl_film){.frames = 0};
    if (hl_path_has_extension(path, "mp4")) {
        if (!hl_video_available())
            return hl_fail(HL_E_BACKEND, "%s: ffmpeg is not on the PATH; give a folder", path);
        return hl_video_open(&f->video, path, width, height, fps);
    }
    if (strlen(path) >= sizeof f->folder)
        return hl_fail(HL_E_ARG, "%.80s...: the name is too long", path);
    snprintf(f->folder, sizeof f->folder, "%s", path);
    return hl_file_make_folder(path);
}

static hl_status film_write(void *ctx, const hl_image8 *frame)
{
    hl_film *f = ctx;
    char path[4096], name[32];
    if (!f->folder[0])
        return hl_video_write(&f->video, frame);
    snprintf(name, sizeof name, "%05d.png", f->frames++);
    HL_TRY(hl_path_join(path, sizeof path, f->folder, name));
    return hl_image8_save(frame, path);
}

static hl_status film_close(void *ctx, bool keep)
{
    hl_film *f = ctx;
    if (f->folder[0])
        return HL_OK; /* pictures stay */
    if (keep)
        return hl_video_close(&f->video);
    hl_video_abort(&f->video);
    return HL_OK;
}

hl_viewer_film hl_film_to(hl_film *film)
{
    return (hl_viewer_film){film_open, film_write, film_close, film};
}
