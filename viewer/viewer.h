/* SPDX-License-Identifier: MIT */
/* viewer/viewer.h -- the interactive viewer: a window, or a script that is replayed without one.
 *
 * Every action is a line of text (hl_viewer_help lists them); keys, mouse and panels send the same
 * lines as a script does, so that whatever a hand does can be replayed.
 */
#ifndef HL_VIEWER_VIEWER_H
#define HL_VIEWER_VIEWER_H

#include "core/camera.h"
#include "viewer/pick.h"
#include "viewer/renderer.h"

typedef struct hl_viewer_camera {
    hl_pose pose; /* camera_from_world */
    double fov_y; /* rad               */
    const char *name;
    hl_raster_view view; /* of the photo: its size, its principal point */
} hl_viewer_camera;

/* A scene to look at.  Everything is borrowed and must outlive its use. */
typedef struct hl_viewer_scene {
    const char *name;
    const char *status;      /* a line about it, or NULL */
    const hl_splats *splats; /* may be empty                                              */
    const hl_mesh *mesh;     /* with normals, or NULL                                     */
    const hl_mesh *stand_in; /* hl_renderer_set_stand_in, or NULL                         */
    hl_hybrid hybrid;        /* of hl_look, where there is a stand-in                     */
    const float *materials;  /* of the splats, hl_renderer_set_materials, or NULL         */
    const hl_environment *environment; /* that the scene was seen in, its z up; or NULL   */
    double low[3], high[3];            /* of the part worth looking at */
    double up[3];
    float background[3];             /* sRGB */
    const hl_viewer_camera *cameras; /* (camera_count) of the capture */
    int32_t camera_count;
    /* Photo `camera` at the size of its view, 1, 3 or 4 channels, owned by the caller.  NULL: there
     * are no photos. */
    hl_status (*photo)(const void *handle, int32_t camera, hl_image8 *out);
    const void *handle;
} hl_viewer_scene;

/* Where a film goes: a video or a folder of pictures, as `path` says.  close: keep false throws
 * away what was written where that can be done. */
typedef struct hl_viewer_film {
    hl_status (*open)(void *ctx, const char *path, int32_t width, int32_t height, double fps);
    hl_status (*write)(void *ctx, const hl_image8 *frame);
    hl_status (*close)(void *ctx, bool keep);
    void *ctx;
} hl_viewer_film;

/* What has happened to the scene since the last question. */
typedef enum hl_viewer_news {
    HL_VIEWER_NOTHING_NEW,
    HL_VIEWER_NEW_SPLATS, /* scene->splats and status are other ones; the old may go next time */
    HL_VIEWER_NO_MORE     /* and nothing will                                                  */
} hl_viewer_news;

typedef struct hl_viewer_params {
    hl_renderer_params renderer;
    int32_t width, height; /* pixels of the picture at first */
    bool headless;         /* no window: the script alone    */
    const char *script;    /* file of actions, replayed first; NULL: none */
    hl_viewer_scene scene;
    /* Opens a file dropped on the window; fills *scene or fails with a sentence, which is shown.
     * NULL: nothing can be dropped. */
    hl_status (*open)(void *ctx, const char *path, hl_viewer_scene *scene);
    /* Asked before every frame, for scenes that change by themselves; NULL: this one does not. */
    hl_viewer_news (*refresh)(void *ctx, hl_viewer_scene *scene);
    void *ctx;           /* of open and refresh */
    hl_viewer_film film; /* open NULL: there are no films */
} hl_viewer_params;

typedef struct hl_viewer_report {
    int64_t small;           /* pictures drawn at a part of their size, while the view moved */
    int64_t frames;          /* drawn                                 */
    double first_ms;         /* from the call to the first picture    */
    int32_t actions;         /* of the script                         */
    bool picked;             /* the script picked a pixel:            */
    hl_pick pick;            /*   the last                            */
    double psnr, ssim;       /* of the last photo compared, NaN: none */
    hl_renderer_stats stats; /* at the end                         */
} hl_viewer_report;

/* Runs until the window is closed or the script is at its end (headless) or says quit.
 * Errors: HL_E_BACKEND (no display, no device), HL_E_FORMAT (the script, with its line), HL_E_IO.
 */
hl_status hl_viewer_run(const hl_viewer_params *params, hl_viewer_report *report);

/* All actions of a script, one a line, with what they do. */
const char *hl_viewer_help(void);

#endif /* HL_VIEWER_VIEWER_H */
