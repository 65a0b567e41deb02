/* SPDX-License-Identifier: MIT */
/* Films of helio relight: the light turns, or the camera does. */
#include "cli/relight_cameras.h"
#include "cli/relight_run.h"
#include "cli/video.h"
#include "core/color.h"
#include "core/file.h"
#include "core/log.h"

#include <stdio.h>

enum { FRAMES_PER_S = 30 };

/* One view as bytes, on black. */
static hl_status draw_frame(hl_relighting *r, hl_relight_view *v, hl_image8 *frame)
{
    hl_shade_result result;
    hl_image image = {0}, flat = {0};
    HL_TRY(hl_relight_shade(r, v, &result));
    hl_status s = hl_shade_compose(&image, &result, &v->input, HL_SHADE_DIRECT | HL_SHADE_INDIRECT);
    hl_shade_release(&result);
    if (s == HL_OK)
        s = hl_image_create(&flat, image.width, image.height, 3);
    for (int64_t k = 0; s == HL_OK && k < 3 * (int64_t)flat.width * flat.height; k++) {
        const float a = image.data[k / 3 * 4 + 3], x = image.data[k / 3 * 4 + k % 3];
        flat.data[k] = a * hl_srgb_from_linear(hl_max(x, 0));
    }
    if (s == HL_OK)
        s = hl_image8_from_float(frame, &flat);
    hl_image_release(&image);
    hl_image_release(&flat);
    return s;
}

typedef struct film {
    const char *name;
    int32_t frames;
    hl_status (*draw)(hl_relighting *r, int32_t light, int32_t index, hl_image8 *frame);
} film;

static hl_status turn_light(hl_relighting *r, int32_t light, int32_t i, hl_image8 *frame)
{
    hl_relight_orient(r, light, 360.0 * i / r->light_turn);
    HL_TRY(hl_relight_solve_indirect(r));
    return draw_frame(r, &r->views.view[0], frame);
}

static hl_status turn_camera(hl_relighting *r, int32_t light, int32_t i, hl_image8 *frame)
{
    (void)light;
    hl_relight_view v = {.name = "turntable"};
    HL_TRY(hl_relight_path_view(&r->views, (hl_path_kind)r->path, i, r->turntable, &v.view));
    const hl_status s = draw_frame(r, &v, frame);
    hl_surfaces_release(&v.surfaces);
    return s;
}

/* `video` NULL: a PNG file. */
static hl_status keep_frame(const hl_relighting *r, const film *f, hl_video *video, int32_t index,
                            const hl_image8 *frame)
{
    char path[HL_RELIGHT_PATH_MAX], name[64];
    if (video)
        return hl_video_write(video, frame);
    snprintf(name, sizeof name, "%s_%05d.png", f->name, (int)index);
    HL_TRY(hl_path_join(path, sizeof path, r->out, name));
    return hl_image8_save(frame, path);
}

static hl_status make_film(hl_relighting *r, int32_t light, const film *f)
{
    const hl_raster_view *view = &r->views.view[0].view;
    char path[HL_RELIGHT_PATH_MAX], name[64];
    hl_video video = {0};
    const bool moving = hl_video_available();
    snprintf(name, sizeof name, "%s.mp4", f->name);
    HL_TRY(hl_path_join(path, sizeof path, r->out, name));
    if (!moving)
        hl_log(HL_LOG_WARN,
               "no ffmpeg on the PATH: %s/%s_NNNNN.png instead; ffmpeg -framerate %d -i "
               "%s_%%05d.png %s makes the film",
               r->out, f->name, (int)FRAMES_PER_S, f->name, name);
    if (moving)
        HL_TRY(hl_video_open(&video, path, view->width, view->height, FRAMES_PER_S));
    hl_status s = HL_OK;
    for (int32_t i = 0; i < f->frames && s == HL_OK; i++) {
        hl_image8 frame = {0};
        s = f->draw(r, light, i, &frame);
        if (s == HL_OK)
            s = keep_frame(r, f, moving ? &video : NULL, i, &frame);
        hl_image8_release(&frame);
    }
    if (moving && s == HL_OK)
        return hl_video_close(&video);
    hl_video_abort(&video);
    return s;
}

hl_status hl_relight_films(hl_relighting *r, int32_t light)
{
    const film films[] = {{"turntable", r->turntable, turn_camera},
                          {"light_turn", r->light_count ? r->light_turn : 0, turn_light}};
    for (int k = 0; k < 2; k++)
        if (films[k].frames > 0)
            HL_TRY(make_film(r, light, &films[k]));
    return HL_OK;
}
