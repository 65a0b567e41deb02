/* SPDX-License-Identifier: MIT */
#include "cli/video.h"

#include "core/file.h"
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool hl_video_available(void)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        char full[4096];
        const int length = (int)strcspn(path, ":");
        snprintf(full, sizeof full, "%.*s/ffmpeg", length, path);
        if (access(full, X_OK) == 0)
            return true;
        path += length + (path[length] == ':');
    }
    return false;
}

/* PATH.tmp-PID with the extension behind, by which ffmpeg knows the format. */
static hl_status make_names(hl_video *video, const char *path)
{
    const char *dot = strrchr(hl_path_name(path), '.');
    const size_t capacity = strlen(path) + 64;
    video->path = hl_strdup(path);
    video->temporary = hl_alloc(capacity, 1);
    if (!video->path || !video->temporary)
        return HL_E_MEMORY;
    snprintf(video->temporary, capacity, "%s.tmp-%ld%.16s", path, (long)getpid(), dot ? dot : "");
    return HL_OK;
}

/* In the child: nothing but async-signal-safe calls. */
static void run_program(int read_end, char *const argv[])
{
    const int nothing = open("/dev/null", O_WRONLY);
    dup2(read_end, STDIN_FILENO);
    if (nothing >= 0)
        dup2(nothing, STDOUT_FILENO);
    execvp(argv[0], argv);
    _exit(127);
}

static hl_status start(hl_video *video, double fps)
{
    char size[32], rate[32], file[4200];
    int ends[2];
    snprintf(size, sizeof size, "%dx%d", video->width, video->height);
    snprintf(rate, sizeof rate, "%g", fps);
    snprintf(file, sizeof file, "file:%s", video->temporary);
    char *const argv[] = {"ffmpeg",
                          "-v",
                          "error",
                          "-y",
                          "-f",
                          "rawvideo",
                          "-pix_fmt",
                          "rgb24",
                          "-s",
                          size,
                          "-r",
                          rate,
                          "-i",
                          "-",
                          "-an",
                          "-vf",
                          "pad=ceil(iw/2)*2:ceil(ih/2)*2",
                          "-pix_fmt",
                          "yuv420p",
                          file,
                          NULL};
    if (pipe(ends) != 0)
        return hl_fail(HL_E_IO, "%s: no pipe to ffmpeg: %s", video->path, strerror(errno));
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    const pid_t child = fork();
    if (child == 0)
        run_program(ends[0], argv);
    close(ends[0]);
    if (child < 0) {
        close(ends[1]);
        return hl_fail(HL_E_BACKEND, "%s: ffmpeg cannot be started: %s", video->path,
                       strerror(errno));
    }
    video->program = child;
    video->pipe = fdopen(ends[1], "wb");
    if (!video->pipe) {
        close(ends[1]);
        return hl_fail(HL_E_IO, "%s: no pipe to ffmpeg: %s", video->path, strerror(errno));
    }
    return HL_OK;
}

hl_status hl_video_open(hl_video *video, const char *path, int32_t width, int32_t height,
                        double fps)
{
    memset(video, 0, sizeof *video);
    video->width = width;
    video->height = height;
    signal(SIGPIPE, SIG_IGN); /* a program that ended is an error of write */
    hl_status s = make_names(video, path);
    if (s == HL_OK)
        s = start(video, fps);
    if (s != HL_OK)
        hl_video_abort(video);
    return s;
}

hl_status hl_video_write(hl_video *video, const hl_image8 *frame)
{
    const size_t bytes = (size_t)video->width * (size_t)video->height * 3;
    if (frame->width != video->width || frame->height != video->height || frame->channels != 3)
        return hl_fail(HL_E_ARG, "%s: a frame of another size", video->path);
    if (fwrite(frame->data, 1, bytes, video->pipe) != bytes)
        return hl_fail(HL_E_IO, "%s: ffmpeg takes no more frames: %s", video->path,
                       strerror(errno));
    return HL_OK;
}

static void forget(hl_video *video)
{
    hl_free(video->path);
    hl_free(video->temporary);
    memset(video, 0, sizeof *video);
}

/* Closes the pipe and waits; true where the program ended well. */
static bool stop(hl_video *video)
{
    bool fine = true;
    if (video->pipe)
        fine = fclose(video->pipe) == 0;
    int code = 1;
    while (video->program > 0 && waitpid(video->program, &code, 0) < 0)
        if (errno != EINTR)
            return false;
    return fine && WIFEXITED(code) && WEXITSTATUS(code) == 0;
}

hl_status hl_video_close(hl_video *video)
{
    hl_status s = HL_OK;
    if (!stop(video))
        s = hl_fail(HL_E_IO, "%s: not saved: ffmpeg failed", video->path);
    else if (rename(video->temporary, video->path) != 0)
        s = hl_fail(HL_E_IO, "%s: not saved: %s", video->path, strerror(errno));
    if (s != HL_OK)
        unlink(video->temporary);
    forget(video);
    return s;
}

void hl_video_abort(hl_video *video)
{
    if (video->program > 0)
        kill(video->program, SIGTERM);
    if (video->pipe || video->program > 0)
        stop(video);
    if (video->temporary)
        unlink(video->temporary);
    forget(video);
}
