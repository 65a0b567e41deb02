/* SPDX-License-Identifier: MIT */
/* cli/video.h -- frames to a video file through the program ffmpeg.
 *
 * Frames go through a pipe as raw RGB; the file appears by rename when the program ends well.
 */
#ifndef HL_CLI_VIDEO_H
#define HL_CLI_VIDEO_H

#include "core/image.h"

#include <stdio.h>
#include <sys/types.h>

typedef struct hl_video {
    FILE *pipe;
    pid_t program;
    char *path, *temporary;
    int32_t width, height;
} hl_video;

/* True where ffmpeg is on the PATH. */
bool hl_video_available(void);

/* HL_E_BACKEND where ffmpeg cannot be started, HL_E_IO, HL_E_MEMORY. */
hl_status hl_video_open(hl_video *video, const char *path, int32_t width, int32_t height,
                        double fps);
/* 3 channels, of the size given.  HL_E_IO where the program has gone. */
hl_status hl_video_write(hl_video *video, const hl_image8 *frame);
/* Waits for the program.  HL_E_IO, without a file, where it failed. */
hl_status hl_video_close(hl_video *video);
/* Stops without a file.  Safe on a zeroed or closed video. */
void hl_video_abort(hl_video *video);

#endif /* HL_CLI_VIDEO_H */
