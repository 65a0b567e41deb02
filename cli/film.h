/* SPDX-License-Identifier: MIT */
/* cli/film.h -- the films of the viewer: FILE.mp4 through ffmpeg, anything else a folder of PNG. */
#ifndef HL_CLI_FILM_H
#define HL_CLI_FILM_H

#include "cli/video.h"
#include "viewer/viewer.h"

typedef struct hl_film {
    hl_video video;
    char folder[4096]; /* "": a video */
    int32_t frames;    /* written     */
} hl_film;

/* Functions that write to *film, which outlives them. */
hl_viewer_film hl_film_to(hl_film *film);

#endif /* HL_CLI_FILM_H */
