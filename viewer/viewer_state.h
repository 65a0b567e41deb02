/* SPDX-License-Identifier: MIT */
/* viewer/viewer_state.h -- what the files of the interactive viewer share. */
#ifndef HL_VIEWER_VIEWER_STATE_H
#define HL_VIEWER_VIEWER_STATE_H

#include "viewer/compare.h"
#include "viewer/edit.h"
#include "viewer/orbit.h"
#include "viewer/pass_ui.h"
#include "viewer/renderer_state.h"
#include "viewer/viewer.h"
#include "viewer/vk_swapchain.h"
#include "viewer/window_glfw.h"

struct hl_viewer {
    const hl_viewer_params *params;
    hl_viewer_scene scene;
    hl_splats drawn; /* the scene's with the edits: what the renderer holds */
    hl_edits edits;
    hl_compare compare;
    hl_renderer *renderer;
    hl_orbit orbit;
    hl_look look;
    int32_t width, height; /* of the picture                              */
    int32_t camera;        /* of scene.cameras, -1: free                  */
    bool dirty;            /* the picture must be drawn again             */
    bool picture_old;      /* `dirty` before the action at hand           */
    bool panels, help, quit;
    char environment[256]; /* name of its file, "": even white */
    char message[512];     /* shown at the bottom; of the last failure     */
    double start;          /* wall seconds                                */
    int32_t wait;          /* frames that the script lets pass             */
    hl_viewer_report report;
    double fps, path_at; /* of the camera path: pictures a second, seconds */
    bool playing;
    bool held, gesture; /* a mouse button is down; its first edit was marked */

    /* Of the window; all zero when headless. */
    hl_window *window;
    hl_vk_swapchain swapchain;
    hl_pass_ui ui;
    hl_vk_buffer staging; /* of pictures by the CPU, mapped */
    bool ui_made;
    char grab[4096]; /* file that the next frame of the window is saved to, "": none */
};

/* Does one line of a script.  HL_E_ARG names the action and what it expects. */
hl_status hl_viewer_do(hl_viewer *viewer, const char *line);

/* Puts the scene in front of the camera. */
hl_status hl_viewer_show(hl_viewer *viewer, const hl_viewer_scene *scene);

/* Draws the picture where it is dirty. */
hl_status hl_viewer_draw(hl_viewer *viewer);

/* The last picture with the photo over it, owned by the caller. */
hl_status hl_viewer_picture(hl_viewer *viewer, hl_image8 *out);

/* Before an edit: undo will come back to here.  After it: the renderer gets the splats. */
hl_status hl_viewer_mark(hl_viewer *viewer);
hl_status hl_viewer_edited(hl_viewer *viewer);

/* Stands where the camera path is at that time. */
void hl_viewer_stand_at(hl_viewer *viewer, double seconds);

/* The panels of a frame. */
void hl_viewer_panels(hl_viewer *viewer);

/* Keys, mouse and dropped files of a frame. */
void hl_viewer_input(hl_viewer *viewer, const hl_window_input *input, double seconds);

/* Brings the picture and the panels to the window. */
hl_status hl_viewer_present(hl_viewer *viewer, const hl_ui_lists *lists);

#endif /* HL_VIEWER_VIEWER_STATE_H */
